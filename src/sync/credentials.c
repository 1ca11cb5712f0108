/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Secrets of connections in the vault, under names made of a hash (names of connections may have any case, names
 * of secrets may not), and the lock that lets one program at a time renew tokens. The lock is a file of its own
 * beside the cache: the cache's one is held for a whole pass, and a pass needs this one in its middle. */

#include "sync/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "cloud/url.h"

#define LOCK_FILE "sign-in.lock"
#define LOCK_WAIT_US (120 * G_USEC_PER_SEC)
#define LOCK_LOOK_MS 100

static char *
secret_name (const char *connection, RoundsCredential kind)
{
  static const char *const ends[] = { "", ".token", ".key", ".tls" };
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, connection, -1);

  G_STATIC_ASSERT (G_N_ELEMENTS (ends) == ROUNDS_N_CREDENTIALS);
  return g_strdup_printf ("connection.%.32s%s", hash, ends[kind]);
}

RoundsSecret *
rounds_credential_load (RoundsStore *store, const char *connection, RoundsCredential kind, GError **error)
{
  g_autoptr (RoundsSecret) key = rounds_store_dup_key (store);
  g_autofree char *name = secret_name (connection, kind);
  g_autoptr (GError) local = NULL;
  RoundsSecret *value = rounds_vault_load_secret (rounds_store_get_vault (store), key, name, &local);

  if (value == NULL && !g_error_matches (local, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_MISSING))
    g_propagate_error (error, g_steal_pointer (&local));
  return value;
}

gboolean
rounds_credential_save (RoundsStore *store, const char *connection, RoundsCredential kind, RoundsSecret *value,
                        GError **error)
{
  g_autoptr (RoundsSecret) key = rounds_store_dup_key (store);
  g_autofree char *name = secret_name (connection, kind);

  return rounds_vault_store_secret (rounds_store_get_vault (store), key, name, value, error);
}

gboolean
rounds_credential_remove (RoundsStore *store, const char *connection, RoundsCredential kind, GError **error)
{
  g_autofree char *name = secret_name (connection, kind);

  return rounds_vault_remove_secret (rounds_store_get_vault (store), name, error);
}

/* Each holder has a description of its own, so this also keeps two threads of one program apart; the kernel
 * gives the lock back when a holder dies. */
int
rounds_credential_lock (RoundsStore *store, GCancellable *cancellable, GError **error)
{
  g_autofree char *path =
    g_build_filename (rounds_vault_get_folder (rounds_store_get_vault (store)), LOCK_FILE, NULL);
  gint64 deadline = g_get_monotonic_time () + LOCK_WAIT_US;
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  GPollFD cancel;
  gboolean pollable, ok;

  if (fd < 0)
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_FAILED, _("Cannot open “%s”: %s"), path,
                   g_strerror (errno));
      return -1;
    }
  pollable = cancellable != NULL && g_cancellable_make_pollfd (cancellable, &cancel);
  while (!(ok = flock (fd, LOCK_EX | LOCK_NB) == 0) && (errno == EWOULDBLOCK || errno == EINTR) &&
         g_get_monotonic_time () < deadline && !g_cancellable_is_cancelled (cancellable))
    g_poll (&cancel, pollable ? 1 : 0, LOCK_LOOK_MS);
  if (pollable)
    g_cancellable_release_fd (cancellable);
  if (ok)
    return fd;
  close (fd);
  if (!g_cancellable_set_error_if_cancelled (cancellable, error))
    g_set_error_literal (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_BUSY,
                         _("Another program is signing in at this cloud; try again"));
  return -1;
}

/* --- tokens ------------------------------------------------------------------------------------------------ */

typedef struct {
  RoundsStore *store;
  char *connection;
  char *auth, *fhir_url, *client_id;   /* what its tokens belong to */
  int fd;   /* of the lock; −1 = not held */
} Keep;

gpointer
rounds_credential_keep_new (RoundsStore *store, const RoundsConnection *connection)
{
  Keep *self = g_new0 (Keep, 1);

  self->store = g_object_ref (store);
  self->connection = g_strdup (connection->name);
  self->auth = g_strdup (connection->auth);
  self->fhir_url = g_strdup (connection->fhir_url);
  self->client_id = g_strdup (connection->client_id);
  self->fd = -1;
  return self;
}

static void
keep_free (gpointer data)
{
  Keep *self = data;

  if (self->fd >= 0)
    close (self->fd);
  g_object_unref (self->store);
  g_free (self->connection);
  g_free (self->auth);
  g_free (self->fhir_url);
  g_free (self->client_id);
  g_free (self);
}

static gboolean
keep_lock (gpointer data, GCancellable *cancellable, GError **error)
{
  Keep *self = data;

  self->fd = rounds_credential_lock (self->store, cancellable, error);
  return self->fd >= 0;
}

static void
keep_unlock (gpointer data)
{
  Keep *self = data;

  close (self->fd);
  self->fd = -1;
}

static RoundsToken *
keep_load (gpointer data, GError **error)
{
  Keep *self = data;
  g_autoptr (RoundsSecret) secret =
    rounds_credential_load (self->store, self->connection, ROUNDS_CREDENTIAL_TOKEN, error);

  /* One that cannot be read is as good as none: the person signs in again. */
  return secret != NULL ? rounds_token_from_secret (secret) : NULL;
}

/* A sign-in may take minutes, and somebody else may change the address in between: tokens of the old one must not
 * be found under the new one. */
static gboolean
is_unchanged (const Keep *self)
{
  g_autoptr (RoundsConnection) now = rounds_connection_load (self->store, self->connection, NULL);

  return now != NULL && strcmp (now->auth, self->auth) == 0 && g_strcmp0 (now->fhir_url, self->fhir_url) == 0 &&
         g_strcmp0 (now->client_id, self->client_id) == 0;
}

static gboolean
keep_save (gpointer data, RoundsToken *token, GError **error)
{
  Keep *self = data;
  g_autoptr (RoundsSecret) secret = NULL;

  if (!is_unchanged (self))
    {
      g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_SIGN_IN,
                           _("The connection was changed meanwhile; the sign-in was not kept"));
      return FALSE;
    }
  secret = rounds_token_to_secret (token);
  return rounds_credential_save (self->store, self->connection, ROUNDS_CREDENTIAL_TOKEN, secret, error);
}

const RoundsTokenKeep rounds_credential_keep = { keep_lock, keep_unlock, keep_load, keep_save, keep_free };

/* --- trust and credentials ----------------------------------------------------------------------------------- */

RoundsTrust *
rounds_credential_trust (RoundsStore *store, const RoundsConnection *connection, GError **error)
{
  const char *homes[3] = { NULL };
  g_autoptr (RoundsSecret) key = NULL;
  g_autoptr (GError) local = NULL;
  guint n = 0;

  if (connection->client_cert != NULL)
    {
      key = rounds_credential_load (store, connection->name, ROUNDS_CREDENTIAL_TLS, &local);
      if (key == NULL)
        {
          if (local != NULL)
            g_propagate_error (error, g_steal_pointer (&local));
          else
            g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_TLS,
                                 _("The key of the client certificate is missing; give it again"));
          return NULL;
        }
    }
  if (connection->fhir_url != NULL)
    homes[n++] = connection->fhir_url;
  if (connection->dicomweb_url != NULL)
    homes[n++] = connection->dicomweb_url;
  return rounds_trust_new (homes, connection->ca_file, connection->ca_pem, connection->pins, connection->client_cert,
                           key);
}

static RoundsAuth *
open_backend (RoundsStore *store, const RoundsConnection *connection, RoundsTrust *trust, GError **error)
{
  g_autofree char *base = rounds_url_normalise_base (connection->fhir_url, error);
  g_autoptr (RoundsSecret) key = NULL;
  g_autoptr (GError) local = NULL;

  if (base == NULL)
    return NULL;
  key = rounds_credential_load (store, connection->name, ROUNDS_CREDENTIAL_KEY, &local);
  if (local != NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  else if (key == NULL)
    g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_SIGN_IN,
                         _("This connection has no key yet; make one and register it at the server"));
  if (key == NULL)
    return NULL;
  return rounds_token_auth_new_backend (&rounds_credential_keep, rounds_credential_keep_new (store, connection),
                                        trust, base, connection->client_id, connection->scope, key);
}

RoundsAuth *
rounds_credential_auth (RoundsStore *store, const RoundsConnection *connection, RoundsTrust *trust, GError **error)
{
  g_autoptr (RoundsSecret) secret = NULL;
  g_autoptr (GError) local = NULL;

  if (strcmp (connection->auth, "none") == 0)
    return rounds_auth_new_none ();
  if (strcmp (connection->auth, "smart") == 0)
    return rounds_token_auth_new (&rounds_credential_keep, rounds_credential_keep_new (store, connection), trust);
  if (strcmp (connection->auth, "backend") == 0)
    return open_backend (store, connection, trust, error);
  secret = rounds_credential_load (store, connection->name, ROUNDS_CREDENTIAL_SECRET, &local);
  if (local != NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  else if (secret != NULL && strcmp (connection->auth, "basic") == 0)
    return rounds_auth_new_basic (connection->user, secret, error);
  else if (secret != NULL && strcmp (connection->auth, "bearer") == 0)
    return rounds_auth_new_bearer (secret, error);
  else
    g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_SIGN_IN,
                         secret == NULL ? _("The password or token of this connection is missing")
                                        : _("This way of signing in is not known"));
  return NULL;
}
