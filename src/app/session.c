/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A session is the time between unlock and lock. It owns the store, so that locking is one act: drop the
 * session, and with it the key, the connections and every reader. Views never keep a store of their own
 * beyond set_patient (NULL).
 */

#include "app/session.h"

#include "import/demo.h"
#include "store/damage.h"

#include <glib/gi18n-lib.h>

struct _RoundsSession {
  GObject parent_instance;

  RoundsStore *store;
  RoundsSecret *recovery_key;
  char *set_aside;          /* what was saved, in words */
  gboolean demo;
};

G_DEFINE_FINAL_TYPE (RoundsSession, rounds_session, G_TYPE_OBJECT)

typedef struct {
  char *folder;
  char *name;
  RoundsRole role;
  RoundsSecret *secret;
  gboolean recovery;
  gboolean keyring;
  gboolean create;
  gboolean set_aside;
  gboolean demo;
  RoundsSessionProgress progress;
  gpointer progress_data;
} OpenData;

static void
open_data_free (OpenData *data)
{
  g_free (data->folder);
  g_free (data->name);
  g_clear_pointer (&data->secret, rounds_secret_unref);
  g_free (data);
}

typedef struct {
  RoundsSessionProgress func;
  gpointer data;
  double fraction;
} ProgressCall;

static gboolean
progress_in_main (gpointer user_data)
{
  ProgressCall *call = user_data;

  call->func (call->fraction, call->data);
  return G_SOURCE_REMOVE;
}

static void
demo_progressed (double fraction, gpointer user_data)
{
  OpenData *data = user_data;

  if (data->progress == NULL)
    return;
  ProgressCall *call = g_new0 (ProgressCall, 1);
  call->func = data->progress;
  call->data = data->progress_data;
  call->fraction = fraction;
  g_idle_add_full (G_PRIORITY_DEFAULT, progress_in_main, call, g_free);
}

/* Only a cache that does not open is set aside: whoever asked may have looked at an older error. */
static RoundsStore *
open_or_set_aside (RoundsSession *self, RoundsVault *vault, RoundsSecret *key, GError **error)
{
  g_autoptr (GError) local = NULL;
  RoundsStore *store = rounds_store_open (vault, key, FALSE, &local);
  RoundsSetAside done = { 0 };

  if (store != NULL)
    return store;
  if (!g_error_matches (local, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DAMAGED))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  if (!rounds_store_set_aside (vault, key, &done, error))
    return NULL;
  self->set_aside = rounds_set_aside_describe (&done);
  rounds_set_aside_clear (&done);
  return rounds_store_open (vault, key, FALSE, error);
}

static void
open_profile (RoundsSession *self, OpenData *data, GCancellable *cancellable, GError **error)
{
  g_autoptr (RoundsVault) vault = NULL;
  g_autoptr (RoundsSecret) key = NULL;
  g_autoptr (GError) local = NULL;

  if (data->create)
    vault = rounds_vault_create (data->folder, data->name, data->role, data->secret, &self->recovery_key, error);
  else
    vault = rounds_vault_open (data->folder, error);
  if (vault == NULL)
    return;
  key = data->keyring    ? rounds_vault_unlock_with_keyring (vault, cancellable, error)
        : data->recovery ? rounds_vault_unlock_with_recovery (vault, data->secret, error)
                         : rounds_vault_unlock (vault, data->secret, error);
  if (key == NULL)
    return;
  self->store = data->set_aside ? open_or_set_aside (self, vault, key, error)
                                : rounds_store_open (vault, key, data->create, error);
  /* A lock must ask for the passphrase from now on. When it cannot be noted the keyring opens nothing, either. */
  if (self->store != NULL && !data->keyring && !rounds_vault_note_opened (vault, &local))
    g_warning ("cannot note that the account was opened: %s", local->message);
}

static void
open_in_worker (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  OpenData *data = task_data;
  g_autoptr (RoundsSession) self = g_object_new (ROUNDS_TYPE_SESSION, NULL);
  GError *error = NULL;

  if (data->demo)
    {
      self->demo = TRUE;
      self->store = rounds_demo_open (data->folder, demo_progressed, data, cancellable, &error);
    }
  else
    open_profile (self, data, cancellable, &error);

  if (self->store == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  /* The audit row is not what the unlock depends on: a full disk must not keep a doctor out. */
  (void) rounds_store_audit (self->store, "unlock", NULL, NULL,
                             data->keyring    ? "keyring"
                             : data->recovery ? "recovery key"
                                              : NULL,
                             NULL);
  g_task_return_pointer (task, g_steal_pointer (&self), g_object_unref);
}

static void
start (OpenData *data, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, start);
  g_task_set_task_data (task, data, (GDestroyNotify) open_data_free);
  g_task_run_in_thread (task, open_in_worker);
}

static void
rounds_session_finalize (GObject *object)
{
  RoundsSession *self = ROUNDS_SESSION (object);

  g_clear_object (&self->store);
  g_clear_pointer (&self->recovery_key, rounds_secret_unref);
  g_free (self->set_aside);
  G_OBJECT_CLASS (rounds_session_parent_class)->finalize (object);
}

static void
rounds_session_class_init (RoundsSessionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rounds_session_finalize;
}

static void
rounds_session_init (RoundsSession *self)
{
}

void
rounds_session_open_async (const char *folder, RoundsSecret *secret, gboolean is_recovery,
                           GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  OpenData *data = g_new0 (OpenData, 1);

  data->folder = g_strdup (folder);
  data->secret = rounds_secret_ref (secret);
  data->recovery = is_recovery;
  start (data, cancellable, callback, user_data);
}

void
rounds_session_open_with_keyring_async (const char *folder, GCancellable *cancellable, GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  OpenData *data = g_new0 (OpenData, 1);

  data->folder = g_strdup (folder);
  data->keyring = TRUE;
  start (data, cancellable, callback, user_data);
}

void
rounds_session_set_aside_async (const char *folder, RoundsSecret *secret, gboolean is_recovery,
                                GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  OpenData *data = g_new0 (OpenData, 1);

  data->folder = g_strdup (folder);
  data->secret = rounds_secret_ref (secret);
  data->recovery = is_recovery;
  data->set_aside = TRUE;
  start (data, cancellable, callback, user_data);
}

void
rounds_session_create_async (const char *folder, const char *name, RoundsRole role, RoundsSecret *passphrase,
                             GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  OpenData *data = g_new0 (OpenData, 1);

  data->folder = g_strdup (folder);
  data->name = g_strdup (name);
  data->role = role;
  data->secret = rounds_secret_ref (passphrase);
  data->create = TRUE;
  start (data, cancellable, callback, user_data);
}

void
rounds_session_open_demo_async (const char *folder, RoundsSessionProgress progress, gpointer progress_data,
                                GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  OpenData *data = g_new0 (OpenData, 1);

  data->folder = g_strdup (folder);
  data->demo = TRUE;
  data->progress = progress;
  data->progress_data = progress_data;
  start (data, cancellable, callback, user_data);
}

RoundsSession *
rounds_session_open_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (G_IS_TASK (result), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

RoundsStore *
rounds_session_get_store (RoundsSession *self)
{
  g_return_val_if_fail (ROUNDS_IS_SESSION (self), NULL);

  return self->store;
}

gboolean
rounds_session_is_demo (RoundsSession *self)
{
  g_return_val_if_fail (ROUNDS_IS_SESSION (self), FALSE);

  return self->demo;
}

RoundsSecret *
rounds_session_take_recovery_key (RoundsSession *self)
{
  g_return_val_if_fail (ROUNDS_IS_SESSION (self), NULL);

  return g_steal_pointer (&self->recovery_key);
}

const char *
rounds_session_get_set_aside (RoundsSession *self)
{
  g_return_val_if_fail (ROUNDS_IS_SESSION (self), NULL);

  return self->set_aside;
}

static void
close_in_worker (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  RoundsSession *self = source;

  (void) rounds_store_audit (self->store, "lock", NULL, NULL, NULL, NULL);
  rounds_store_close (self->store);
  g_task_return_boolean (task, TRUE);
}

void
rounds_session_close_async (RoundsSession *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (ROUNDS_IS_SESSION (self));

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, rounds_session_close_async);
  g_task_run_in_thread (task, close_in_worker);
}
