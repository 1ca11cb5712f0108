/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The desktop's keyring through libsecret: the Secret Service, or in a sandbox the file that the Secret portal's key
 * opens. A keyring is somebody else's program: it may be absent, locked, slow or never answer, so each call runs in a
 * thread of its own that is left behind when its time is over; the price is one idle thread until the bus gives up.
 * Nothing here knows the database key; what is kept is a random key that opens one seal of one key file. */
#include "vault/keyring.h"

#include <glib/gi18n-lib.h>
#include <libsecret/secret.h>
#include <sodium.h>
#include <string.h>

#include "vault/vault-private.h"

#define HEX_BYTES (2 * ROUNDS_VAULT_KEY_BYTES)

static const SecretSchema schema = {
  "io.github.rounds_project.Rounds.WrappingKey",
  SECRET_SCHEMA_NONE,
  {
    { "account", SECRET_SCHEMA_ATTRIBUTE_STRING },
    { "seal", SECRET_SCHEMA_ATTRIBUTE_STRING },
    { NULL, 0 },
  },
};

typedef struct _Job Job;

struct _Job {
  gatomicrefcount refs;
  gboolean (*work) (Job *self, GError **error);
  char *account, *seal, *label;
  RoundsSecret *secret;      /* in or out */
  GCancellable *cancellable;

  GMutex mutex;              /* guards what follows */
  GCond ended;
  gboolean is_ended, ok;
  GError *error;
};

static void
job_unref (gpointer data)
{
  Job *self = data;

  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_free (self->account);
  g_free (self->seal);
  g_free (self->label);
  g_clear_pointer (&self->secret, rounds_secret_unref);
  g_clear_object (&self->cancellable);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->ended);
  g_clear_error (&self->error);
  g_free (self);
}

static Job *
job_new (gboolean (*work) (Job *self, GError **error), const char *account, const char *seal)
{
  Job *self = g_new0 (Job, 1);

  g_atomic_ref_count_init (&self->refs);
  self->work = work;
  self->account = g_strdup (account);
  self->seal = g_strdup (seal);
  self->cancellable = g_cancellable_new ();
  g_mutex_init (&self->mutex);
  g_cond_init (&self->ended);
  return self;
}

static gpointer
job_thread (gpointer data)
{
  Job *self = data;
  GError *error = NULL;
  gboolean ok = self->work (self, &error);

  g_mutex_lock (&self->mutex);
  self->ok = ok;
  self->error = error;
  self->is_ended = TRUE;
  g_cond_signal (&self->ended);
  g_mutex_unlock (&self->mutex);
  job_unref (self);
  return NULL;
}

static gboolean
fail (GError **error, const char *text)
{
  g_set_error_literal (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_KEYRING, text);
  return FALSE;
}

/* What the bus says of a keyring is for programmers. */
static gboolean
fail_in_words (GError **error, const GError *why)
{
  if (why == NULL)
    return fail (error, _("The desktop’s keyring failed"));
  if (g_error_matches (why, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return fail (error, _("The desktop’s keyring did not answer"));
  if (g_error_matches (why, SECRET_ERROR, SECRET_ERROR_IS_LOCKED))
    return fail (error, _("The desktop’s keyring is locked"));
  if (g_error_matches (why, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
      g_error_matches (why, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
      g_error_matches (why, G_DBUS_ERROR, G_DBUS_ERROR_SPAWN_SERVICE_NOT_FOUND) || why->domain == G_SPAWN_EXIT_ERROR ||
      (why->domain == G_IO_ERROR && (why->code == G_IO_ERROR_NOT_FOUND || why->code == G_IO_ERROR_CONNECTION_REFUSED)))
    return fail (error, _("This desktop has no keyring"));
  return fail (error, _("The desktop’s keyring failed"));
}

/* Runs and takes the job; FALSE when it failed or its time was over. out: what it leaves in secret. */
static gboolean
job_run (Job *self, guint seconds, GCancellable *cancellable, RoundsSecret **out, GError **error)
{
  gint64 end_us = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
  g_autoptr (GError) why = NULL;
  gboolean ok = FALSE;

  g_atomic_ref_count_inc (&self->refs);
  g_thread_unref (g_thread_new ("keyring", job_thread, self));
  g_mutex_lock (&self->mutex);
  while (!self->is_ended && g_get_monotonic_time () < end_us && !g_cancellable_is_cancelled (cancellable))
    (void) g_cond_wait_until (&self->ended, &self->mutex, MIN (end_us, g_get_monotonic_time () + G_USEC_PER_SEC / 5));
  if (self->is_ended)
    {
      ok = self->ok;
      why = g_steal_pointer (&self->error);
      if (ok && out != NULL)
        *out = g_steal_pointer (&self->secret);
    }
  else
    why = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  g_mutex_unlock (&self->mutex);
  g_cancellable_cancel (self->cancellable);
  job_unref (self);
  if (ok)
    return TRUE;
  if (why != NULL && why->domain == ROUNDS_VAULT_ERROR)
    {
      g_propagate_error (error, g_steal_pointer (&why));
      return FALSE;
    }
  return fail_in_words (error, why);
}

/* --- in the job's thread ---------------------------------------------------------------------------- */

static RoundsSecret *
decode (SecretValue *value)
{
  g_autoptr (RoundsSecret) secret = rounds_secret_new (ROUNDS_VAULT_KEY_BYTES);
  gsize size = 0, got = 0;
  const char *text = secret_value_get (value, &size);

  if (text == NULL || size != HEX_BYTES ||
      sodium_hex2bin (rounds_secret_get (secret, NULL), ROUNDS_VAULT_KEY_BYTES, text, size, NULL, &got, NULL) != 0 ||
      got != ROUNDS_VAULT_KEY_BYTES)
    return NULL;
  return g_steal_pointer (&secret);
}

static gboolean
is_locked (gpointer item)
{
  return SECRET_IS_ITEM (item) && secret_item_get_locked (item);
}

/* A search does not unlock, where a lookup would let the desktop ask. */
static gboolean
read_work (Job *self, GError **error)
{
  GList *items = NULL;
  g_autoptr (GError) local = NULL;
  g_autoptr (SecretValue) value = NULL;
  gboolean locked = FALSE;

  items = secret_password_search_sync (&schema, SECRET_SEARCH_ALL, self->cancellable, &local, "account", self->account,
                                       "seal", self->seal, NULL);
  for (GList *at = items; at != NULL && value == NULL; at = at->next)
    if (is_locked (at->data))
      locked = TRUE;
    else
      {
        g_clear_error (&local);
        value = secret_retrievable_retrieve_secret_sync (at->data, self->cancellable, &local);
      }
  g_list_free_full (items, g_object_unref);
  if (value == NULL && local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (value == NULL)
    return fail (error, locked ? _("The desktop’s keyring is locked")
                               : _("The desktop’s keyring has no key for this account"));
  self->secret = decode (value);
  return self->secret != NULL || fail (error, _("The desktop’s keyring holds another key for this account"));
}

static gboolean
write_work (Job *self, GError **error)
{
  char *text = sodium_malloc (HEX_BYTES + 1);
  g_autoptr (SecretValue) value = NULL;

  if (text == NULL)
    return fail (error, _("The desktop’s keyring failed"));
  sodium_bin2hex (text, HEX_BYTES + 1, rounds_secret_get (self->secret, NULL), ROUNDS_VAULT_KEY_BYTES);
  value = secret_value_new (text, HEX_BYTES, "text/plain");
  sodium_free (text);
  return secret_password_store_binary_sync (&schema, SECRET_COLLECTION_DEFAULT, self->label, value, self->cancellable,
                                            error, "account", self->account, "seal", self->seal, NULL);
}

static gboolean
remove_work (Job *self, GError **error)
{
  GList *items = NULL;
  g_autoptr (GError) local = NULL;

  items = secret_password_search_sync (&schema, SECRET_SEARCH_ALL, self->cancellable, &local, "account", self->account,
                                       NULL);
  for (GList *at = items; at != NULL && local == NULL; at = at->next)
    {
      g_autoptr (GHashTable) attributes = secret_retrievable_get_attributes (at->data);
      const char *seal = attributes != NULL ? g_hash_table_lookup (attributes, "seal") : NULL;

      if (seal == NULL || g_strcmp0 (seal, self->seal) == 0)
        continue;
      if (is_locked (at->data))
        (void) fail (&local, _("The desktop’s keyring is locked"));
      else
        (void) secret_password_clear_sync (&schema, self->cancellable, &local, "account", self->account, "seal", seal,
                                           NULL);
    }
  g_list_free_full (items, g_object_unref);
  if (local == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* --- for the vault ---------------------------------------------------------------------------------- */

RoundsSecret *
rounds_keyring_read (const char *account, const char *seal, GCancellable *cancellable, GError **error)
{
  RoundsSecret *secret = NULL;

  g_return_val_if_fail (account != NULL && seal != NULL, NULL);

  (void) job_run (job_new (read_work, account, seal), ROUNDS_KEYRING_READ_S, cancellable, &secret, error);
  return secret;
}

gboolean
rounds_keyring_write (const char *account, const char *seal, const char *label, RoundsSecret *secret,
                      GCancellable *cancellable, GError **error)
{
  Job *job = NULL;

  g_return_val_if_fail (account != NULL && seal != NULL && secret != NULL, FALSE);

  job = job_new (write_work, account, seal);
  job->label = g_strdup (label);
  job->secret = rounds_secret_ref (secret);
  return job_run (job, ROUNDS_KEYRING_WRITE_S, cancellable, NULL, error);
}

gboolean
rounds_keyring_remove (const char *account, const char *kept_seal, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (account != NULL, FALSE);

  return job_run (job_new (remove_work, account, kept_seal), ROUNDS_KEYRING_READ_S, cancellable, NULL, error);
}
