/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings of a cloud: JSON text in the store; what is secret goes to the vault (credentials.c).
 *
 * The outbox belongs to the profile and not to a connection, so there is one address for records: with two,
 * what one cloud has acknowledged would never reach the other. Files that settings name are read when they are
 * saved; later they may have moved, or say something else. */

#include "sync/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cloud/jwt.h"
#include "cloud/oauth.h"
#include "cloud/url.h"
#include "sync/credentials.h"

#define MAX_PEM (1024 * 1024)

RoundsConnection *
rounds_connection_new (const char *name)
{
  RoundsConnection *self = g_new0 (RoundsConnection, 1);

  self->name = g_strdup (name);
  self->auth = g_strdup ("none");
  return self;
}

void
rounds_connection_free (RoundsConnection *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->fhir_url);
  g_free (self->dicomweb_url);
  g_free (self->auth);
  g_free (self->user);
  g_free (self->client_id);
  g_free (self->scope);
  g_free (self->ca_file);
  g_free (self->ca_pem);
  g_free (self->pins);
  g_free (self->client_cert);
  g_clear_pointer (&self->client_key, rounds_secret_unref);
  g_free (self);
}

char *
rounds_connection_scope (const char *url, const char *what)
{
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, url, -1);

  return g_strdup_printf ("%.16s/%s", hash, what);
}

static gboolean
is_name (const char *name)
{
  gsize n = name != NULL ? strlen (name) : 0;

  return n > 0 && n <= 64 &&
         strspn (name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

/* --- checks -------------------------------------------------------------------------------------------- */

static gboolean
fail (GError **error, RoundsCloudError code, const char *words)
{
  g_set_error_literal (error, ROUNDS_CLOUD_ERROR, code, words);
  return FALSE;
}

static gboolean
check_addresses (const RoundsConnection *connection, GError **error)
{
  const char *urls[] = { connection->fhir_url, connection->dicomweb_url };
  guint i, n = 0;

  for (i = 0; i < G_N_ELEMENTS (urls); i++)
    {
      g_autofree char *base = NULL;

      if (urls[i] == NULL)
        continue;
      base = rounds_url_normalise_base (urls[i], error);
      if (base == NULL)
        return FALSE;
      n++;
    }
  if (n == 0)
    return fail (error, ROUNDS_CLOUD_ERROR_ADDRESS, _("A connection needs an address for records or for images"));
  return TRUE;
}

static gboolean
same_sign_in (const RoundsConnection *a, const RoundsConnection *b)
{
  return a != NULL && strcmp (a->auth, b->auth) == 0 && g_strcmp0 (a->user, b->user) == 0 &&
         g_strcmp0 (a->client_id, b->client_id) == 0 && g_strcmp0 (a->scope, b->scope) == 0;
}

/* Whether an address lies on an origin that what is in the vault was not given for. */
static gboolean
goes_elsewhere (const RoundsConnection *before, const RoundsConnection *connection)
{
  const char *urls[] = { connection->fhir_url, connection->dicomweb_url };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (urls); i++)
    if (urls[i] != NULL && (before == NULL || !(rounds_url_same_origin (before->fhir_url, urls[i]) ||
                                                rounds_url_same_origin (before->dicomweb_url, urls[i]))))
      return TRUE;
  return FALSE;
}

/* secret NULL: there may be one in the vault, which was checked when it came there. */
static gboolean
check_sign_in (const RoundsConnection *connection, const RoundsConnection *before, RoundsSecret *secret, GError **error)
{
  gboolean basic = g_str_equal (connection->auth, "basic"), bearer = g_str_equal (connection->auth, "bearer");
  g_autoptr (RoundsAuth) auth = NULL;

  if (g_str_equal (connection->auth, "none"))
    return TRUE;
  if (g_str_equal (connection->auth, "smart") || g_str_equal (connection->auth, "backend"))
    {
      if (connection->fhir_url == NULL)
        return fail (error, ROUNDS_CLOUD_ERROR_ADDRESS, _("This way of signing in needs an address for records"));
      if (!rounds_oauth_is_client_id (connection->client_id))
        return fail (error, ROUNDS_CLOUD_ERROR_SIGN_IN,
                     _("A client id is needed: the name under which Rounds is registered at the server"));
      if (connection->scope != NULL && !rounds_oauth_is_scope (connection->scope))
        return fail (error, ROUNDS_CLOUD_ERROR_SIGN_IN,
                     _("A scope is words with one blank between, without quotes and backslashes"));
      return TRUE;
    }
  if (!basic && !bearer)
    return fail (error, ROUNDS_CLOUD_ERROR_SIGN_IN, _("This way of signing in is not known"));
  if (secret == NULL && !same_sign_in (before, connection))
    return fail (error, ROUNDS_CLOUD_ERROR_SIGN_IN, _("The password or token of this connection is missing"));
  if (secret == NULL && goes_elsewhere (before, connection))
    return fail (error, ROUNDS_CLOUD_ERROR_SIGN_IN,
                 _("The address names another server, so the password or token must be given again"));
  if (secret == NULL)
    return TRUE;
  auth = basic ? rounds_auth_new_basic (connection->user, secret, error) : rounds_auth_new_bearer (secret, error);
  return auth != NULL;
}

/* What waits to be sent belongs to one cloud. */
static gboolean
check_alone (RoundsStore *store, const RoundsConnection *connection, GError **error)
{
  g_autoptr (GPtrArray) list = NULL;
  guint i;

  if (connection->fhir_url == NULL)
    return TRUE;
  list = rounds_connection_list (store, error);
  for (i = 0; list != NULL && i < list->len; i++)
    {
      const RoundsConnection *other = list->pdata[i];

      if (other->fhir_url == NULL || g_str_equal (other->name, connection->name))
        continue;
      g_set_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_ADDRESS,
                   _("Records of this profile go to one cloud, and that is “%s”. Change its address or remove it; "
                     "further connections can hold images alone."), other->name);
      return FALSE;
    }
  return list != NULL;
}

char *
rounds_connection_read_pem (const char *path, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat st;
  gssize n = -1;

  if (fd >= 0 && fstat (fd, &st) == 0 && S_ISREG (st.st_mode) && st.st_size <= MAX_PEM)
    {
      g_string_set_size (text, MAX_PEM);
      n = read (fd, text->str, MAX_PEM);
    }
  if (fd >= 0)
    close (fd);
  if (n <= 0)
    {
      g_set_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_TLS,
                   _("The certificate file cannot be read: %s"), path);
      return NULL;
    }
  g_string_truncate (text, (gsize) n);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* *ca_pem becomes the certificates that it holds, *chain those of the client certificate. */
static gboolean
check_trust (RoundsStore *store, const RoundsConnection *connection, char **ca_pem, char **chain, GError **error)
{
  g_autofree char *given = g_steal_pointer (ca_pem);
  g_autoptr (RoundsSecret) key = NULL;
  g_autoptr (GError) local = NULL;

  if ((given != NULL && (*ca_pem = rounds_tls_dup_authorities (given, error)) == NULL) ||
      (connection->pins != NULL && !rounds_tls_check_pins (connection->pins, NULL, error)))
    return FALSE;
  if (connection->client_cert == NULL)
    return TRUE;
  key = connection->client_key != NULL
          ? rounds_secret_ref (connection->client_key)
          : rounds_credential_load (store, connection->name, ROUNDS_CREDENTIAL_TLS, &local);
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (key == NULL)
    return fail (error, ROUNDS_CLOUD_ERROR_TLS, _("A client certificate needs its private key"));
  *chain = rounds_tls_dup_client (connection->client_cert, key, error);
  return *chain != NULL;
}

/* --- saving -------------------------------------------------------------------------------------------- */

static char *
print_settings (const RoundsConnection *connection, const char *ca_pem, const char *chain)
{
  g_autoptr (json_object) json = json_object_new_object ();

  rounds_json_add_string (json, "fhir", connection->fhir_url);
  rounds_json_add_string (json, "dicomweb", connection->dicomweb_url);
  rounds_json_add_string (json, "auth", connection->auth);
  rounds_json_add_string (json, "user", connection->user);
  rounds_json_add_string (json, "client_id", connection->client_id);
  rounds_json_add_string (json, "scope", connection->scope);
  rounds_json_add_string (json, "ca", ca_pem);
  rounds_json_add_string (json, "pins", connection->pins);
  rounds_json_add_string (json, "certificate", chain);
  return rounds_json_print (json);
}

static gboolean
sends_secret (const RoundsConnection *connection)
{
  return strcmp (connection->auth, "basic") == 0 || strcmp (connection->auth, "bearer") == 0;
}

/* What was given for other addresses, or for another way to sign in: gone before the new settings are there, so
 * that dying in between sends nothing to the wrong place. */
static gboolean
forget_stale (RoundsStore *store, const RoundsConnection *connection, const RoundsConnection *before, GError **error)
{
  gboolean kept = same_sign_in (before, connection);

  if ((!kept || g_strcmp0 (before->fhir_url, connection->fhir_url) != 0) &&
      !rounds_credential_remove (store, connection->name, ROUNDS_CREDENTIAL_TOKEN, error))
    return FALSE;
  return (kept && sends_secret (connection) && !goes_elsewhere (before, connection)) ||
         rounds_credential_remove (store, connection->name, ROUNDS_CREDENTIAL_SECRET, error);
}

static gboolean
save_credentials (RoundsStore *store, const RoundsConnection *connection, RoundsSecret *secret, GError **error)
{
  const char *name = connection->name;
  g_autoptr (RoundsSecret) key = NULL;

  if (secret != NULL && sends_secret (connection) &&
      !rounds_credential_save (store, name, ROUNDS_CREDENTIAL_SECRET, secret, error))
    return FALSE;
  if (strcmp (connection->auth, "backend") != 0)
    {
      if (!rounds_credential_remove (store, name, ROUNDS_CREDENTIAL_KEY, error))
        return FALSE;
    }
  else if ((key = rounds_credential_load (store, name, ROUNDS_CREDENTIAL_KEY, NULL)) == NULL &&
           ((key = rounds_jwt_key_new (error)) == NULL ||
            !rounds_credential_save (store, name, ROUNDS_CREDENTIAL_KEY, key, error)))
    return FALSE;
  if (connection->client_cert == NULL)
    return rounds_credential_remove (store, name, ROUNDS_CREDENTIAL_TLS, error);
  return connection->client_key == NULL ||
         rounds_credential_save (store, name, ROUNDS_CREDENTIAL_TLS, connection->client_key, error);
}

/* The store refuses, and writes down, who may not configure; for those nothing is forgotten first. */
static gboolean
may_configure (RoundsStore *store)
{
  return rounds_role_may (rounds_store_get_role (store), ROUNDS_ACT_CONFIGURE, NULL);
}

static gboolean
save_locked (RoundsStore *store, const RoundsConnection *connection, RoundsSecret *secret, GError **error)
{
  g_autoptr (RoundsConnection) before = rounds_connection_load (store, connection->name, NULL);
  g_autofree char *ca_pem = NULL, *chain = NULL, *text = NULL;

  if (connection->ca_file == NULL)
    ca_pem = g_strdup (connection->ca_pem);
  else if ((ca_pem = rounds_connection_read_pem (connection->ca_file, error)) == NULL)
    return FALSE;
  if (!check_addresses (connection, error) || !check_sign_in (connection, before, secret, error) ||
      !check_trust (store, connection, &ca_pem, &chain, error) || !check_alone (store, connection, error))
    return FALSE;
  text = print_settings (connection, ca_pem, chain);
  return (!may_configure (store) || forget_stale (store, connection, before, error)) &&
         rounds_store_connection_set (store, connection->name, text, error) &&
         save_credentials (store, connection, secret, error);
}

gboolean
rounds_connection_save (RoundsStore *store, const RoundsConnection *connection, RoundsSecret *secret, GError **error)
{
  gboolean ok;
  int lock;

  if (!is_name (connection->name))
    return fail (error, ROUNDS_CLOUD_ERROR_ADDRESS,
                 _("A connection’s name has 1 to 64 letters, digits, dots, dashes or underscores"));
  if ((lock = rounds_credential_lock (store, NULL, error)) < 0)
    return FALSE;
  ok = save_locked (store, connection, secret, error);
  close (lock);
  return ok;
}

RoundsConnection *
rounds_connection_load (RoundsStore *store, const char *name, GError **error)
{
  g_autofree char *text = rounds_store_connection_dup (store, name, error);
  g_autoptr (json_object) json = NULL;
  RoundsConnection *self;
  const char *auth;

  if (text == NULL || (json = rounds_json_parse (text, -1, error)) == NULL)
    return NULL;
  self = rounds_connection_new (name);
  self->fhir_url = g_strdup (rounds_json_peek_string (json, "fhir"));
  self->dicomweb_url = g_strdup (rounds_json_peek_string (json, "dicomweb"));
  self->user = g_strdup (rounds_json_peek_string (json, "user"));
  self->client_id = g_strdup (rounds_json_peek_string (json, "client_id"));
  self->scope = g_strdup (rounds_json_peek_string (json, "scope"));
  self->ca_file = g_strdup (rounds_json_peek_string (json, "ca_file"));
  self->ca_pem = g_strdup (rounds_json_peek_string (json, "ca"));
  self->client_cert = g_strdup (rounds_json_peek_string (json, "certificate"));
  self->pins = g_strdup (rounds_json_peek_string (json, "pins"));
  auth = rounds_json_peek_string (json, "auth");
  if (auth != NULL)
    {
      g_free (self->auth);
      self->auth = g_strdup (auth);
    }
  return self;
}

GPtrArray *
rounds_connection_list (RoundsStore *store, GError **error)
{
  g_auto (GStrv) names = rounds_store_connection_list (store, error);
  g_autoptr (GPtrArray) list = NULL;
  guint i;

  if (names == NULL)
    return NULL;
  list = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_connection_free);
  for (i = 0; names[i] != NULL; i++)
    {
      RoundsConnection *connection = rounds_connection_load (store, names[i], error);

      if (connection == NULL)
        return NULL;
      g_ptr_array_add (list, connection);
    }
  return g_steal_pointer (&list);
}

static gboolean
remove_locked (RoundsStore *store, const char *name, GError **error)
{
  int kind, n = may_configure (store) ? ROUNDS_N_CREDENTIALS : 0;

  for (kind = 0; kind < n; kind++)
    if (!rounds_credential_remove (store, name, kind, error))
      return FALSE;
  return rounds_store_connection_set (store, name, NULL, error);
}

gboolean
rounds_connection_remove (RoundsStore *store, const char *name, GError **error)
{
  g_autofree char *text = rounds_store_connection_dup (store, name, error);
  gboolean ok;
  int lock;

  if (text == NULL || (lock = rounds_credential_lock (store, NULL, error)) < 0)
    return FALSE;
  ok = remove_locked (store, name, error);
  close (lock);
  return ok;
}

/* The store checks the right to configure; the secrets follow only then, and the old name goes last. */
static gboolean
rename_locked (RoundsStore *store, const char *from, const char *to, const char *text, GError **error)
{
  int kind;

  if (!rounds_store_connection_set (store, to, text, error))
    return FALSE;
  for (kind = 0; kind < ROUNDS_N_CREDENTIALS; kind++)
    {
      g_autoptr (GError) local = NULL;
      g_autoptr (RoundsSecret) secret = rounds_credential_load (store, from, kind, &local);

      if (local == NULL && (secret == NULL || rounds_credential_save (store, to, kind, secret, &local)))
        continue;
      remove_locked (store, to, NULL);
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  return remove_locked (store, from, error);
}

gboolean
rounds_connection_rename (RoundsStore *store, const char *from, const char *to, GError **error)
{
  g_autofree char *text = rounds_store_connection_dup (store, from, error);
  g_autofree char *taken = NULL;
  gboolean ok;
  int lock;

  if (text == NULL)
    return FALSE;
  if (!is_name (to))
    return fail (error, ROUNDS_CLOUD_ERROR_ADDRESS,
                 _("A connection’s name has 1 to 64 letters, digits, dots, dashes or underscores"));
  if (g_str_equal (from, to))
    return TRUE;
  taken = rounds_store_connection_dup (store, to, NULL);
  if (taken != NULL)
    return fail (error, ROUNDS_CLOUD_ERROR_ADDRESS, _("There is a connection of that name already"));
  if ((lock = rounds_credential_lock (store, NULL, error)) < 0)
    return FALSE;
  ok = rename_locked (store, from, to, text, error);
  close (lock);
  return ok;
}

/* --- questions ------------------------------------------------------------------------------------------- */

char **
rounds_connection_warnings (const RoundsConnection *connection)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  guint n = 0;

  if (connection->pins == NULL || !rounds_tls_check_pins (connection->pins, &n, NULL) || n > 1)
    return NULL;
  g_strv_builder_add (builder, _("There is one pin and no backup: when the server changes its key, nobody gets "
                                 "through until the pin is changed here."));
  return g_strv_builder_end (builder);
}

gboolean
rounds_connection_takes_images (RoundsStore *store, const RoundsConnection *connection)
{
  g_autoptr (GPtrArray) list = NULL;
  const RoundsConnection *first = NULL;
  guint i;

  if (connection->dicomweb_url == NULL)
    return FALSE;
  list = rounds_connection_list (store, NULL);
  for (i = 0; list != NULL && i < list->len; i++)
    {
      const RoundsConnection *other = list->pdata[i];

      if (other->dicomweb_url == NULL)
        continue;
      if (first == NULL || (first->fhir_url == NULL && other->fhir_url != NULL))
        first = other;
    }
  return first != NULL && g_str_equal (first->name, connection->name);
}

char *
rounds_connection_dup_jwks (RoundsStore *store, const char *name, gboolean anew, GError **error)
{
  g_autoptr (RoundsConnection) connection = rounds_connection_load (store, name, error);
  g_autoptr (RoundsSecret) key = NULL;
  g_autoptr (GError) local = NULL;

  if (connection == NULL)
    return NULL;
  if (strcmp (connection->auth, "backend") != 0)
    {
      fail (error, ROUNDS_CLOUD_ERROR_SIGN_IN, _("This connection does not sign in with a key of its own"));
      return NULL;
    }
  key = rounds_credential_load (store, name, ROUNDS_CREDENTIAL_KEY, &local);
  if (local != NULL && !anew)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  if (key == NULL || anew)
    {
      /* A new key is a change of settings: the store checks the right and writes the audit row. */
      g_autofree char *text = rounds_store_connection_dup (store, name, error);

      g_clear_pointer (&key, rounds_secret_unref);
      if (text == NULL || (key = rounds_jwt_key_new (error)) == NULL ||
          !rounds_store_connection_set (store, name, text, error) ||
          !rounds_credential_save (store, name, ROUNDS_CREDENTIAL_KEY, key, error) ||
          !rounds_credential_remove (store, name, ROUNDS_CREDENTIAL_TOKEN, error))
        return NULL;
    }
  return rounds_jwt_key_dup_jwks (key, error);
}

/* --- clients --------------------------------------------------------------------------------------------- */

static gboolean
need_url (const char *url, GError **error)
{
  if (url == NULL)
    g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_ADDRESS,
                         _("This connection has no address for that"));
  return url != NULL;
}

RoundsFhirClient *
rounds_connection_open_fhir (RoundsStore *store, const RoundsConnection *connection, GError **error)
{
  g_autoptr (RoundsTrust) trust = NULL;
  g_autoptr (RoundsAuth) auth = NULL;
  RoundsFhirClient *client;

  if (!need_url (connection->fhir_url, error) ||
      (trust = rounds_credential_trust (store, connection, error)) == NULL ||
      (auth = rounds_credential_auth (store, connection, trust, error)) == NULL)
    return NULL;
  client = rounds_fhir_client_new (connection->fhir_url, auth, error);
  if (client != NULL)
    rounds_trust_apply (trust, rounds_fhir_client_get_http (client));
  return client;
}

RoundsDicomwebClient *
rounds_connection_open_dicomweb (RoundsStore *store, const RoundsConnection *connection, GError **error)
{
  g_autoptr (RoundsTrust) trust = NULL;
  g_autoptr (RoundsAuth) auth = NULL;
  RoundsDicomwebClient *client;

  if (!need_url (connection->dicomweb_url, error) ||
      (trust = rounds_credential_trust (store, connection, error)) == NULL ||
      (auth = rounds_credential_auth (store, connection, trust, error)) == NULL)
    return NULL;
  client = rounds_dicomweb_client_new (connection->dicomweb_url, auth, error);
  if (client != NULL)
    rounds_trust_apply (trust, rounds_dicomweb_client_get_http (client));
  return client;
}

RoundsServerProfile *
rounds_connection_dup_profile (RoundsStore *store, const RoundsConnection *connection)
{
  g_autofree char *scope = NULL;
  g_autofree char *text = NULL;
  g_autoptr (json_object) json = NULL;

  if (connection->fhir_url == NULL)
    return NULL;
  scope = rounds_connection_scope (connection->fhir_url, "profile");
  text = rounds_store_dup_cursor (store, scope, NULL);
  json = text != NULL ? rounds_json_parse (text, -1, NULL) : NULL;
  return json != NULL ? rounds_server_profile_from_json (json) : NULL;
}

RoundsServerProfile *
rounds_connection_probe (RoundsStore *store, const char *name, GCancellable *cancellable, GError **error)
{
  g_autoptr (RoundsConnection) connection = rounds_connection_load (store, name, error);
  g_autoptr (RoundsFhirClient) client = NULL;
  g_autoptr (RoundsServerProfile) profile = NULL;
  g_autoptr (json_object) json = NULL;
  g_autofree char *scope = NULL;
  g_autofree char *text = NULL;

  if (connection == NULL || (client = rounds_connection_open_fhir (store, connection, error)) == NULL)
    return NULL;
  profile = rounds_server_profile_probe (client, rounds_role_may (rounds_store_get_role (store), ROUNDS_ACT_SYNC, NULL),
                                         cancellable, error);
  if (profile == NULL)
    return NULL;
  json = rounds_server_profile_to_json (profile);
  text = rounds_json_print (json);
  scope = rounds_connection_scope (connection->fhir_url, "profile");
  if (!rounds_store_set_cursor (store, scope, text, error))
    return NULL;
  return g_steal_pointer (&profile);
}
