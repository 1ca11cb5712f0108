/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The store as an object: its life, its signals, its lock for syncing, and work in a thread. One thread writes
 * (writer.c), so that every edit is one transaction in one order; SQLite's WAL lets the readers (pool.c) go on
 * beside it. */
#include "store/store-object.h"

#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <sys/file.h>
#include <unistd.h>

G_DEFINE_FINAL_TYPE (RoundsStore, rounds_store, G_TYPE_OBJECT)

guint rounds_store_signals[ROUNDS_STORE_N_SIGNALS];

void
rounds_store_close (RoundsStore *self)
{
  GThread *thread;

  g_return_if_fail (ROUNDS_IS_STORE (self));

  g_mutex_lock (&self->mutex);
  self->closed = TRUE;
  thread = g_steal_pointer (&self->thread);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
  if (thread != NULL)
    rounds_writer_stop (self, thread);
  g_mutex_lock (&self->mutex);
  for (int kind = 0; kind < 2; kind++)
    {
      RoundsDatabase *db;

      while ((db = g_queue_pop_head (&self->idle[kind])) != NULL)
        {
          rounds_database_free (db);
          self->n_readers[kind]--;
        }
      while (self->n_readers[kind] > 0)
        g_cond_wait (&self->cond, &self->mutex);
    }
  g_mutex_unlock (&self->mutex);
  g_clear_pointer (&self->writer.db, rounds_database_free);
  g_clear_pointer (&self->writer.pixels, rounds_database_free);
  g_clear_pointer (&self->head, rounds_audit_head_free);
  rounds_store_sync_unlock (self);
  if (self->use_fd >= 0)
    close (self->use_fd);
  self->use_fd = -1;
}

static void
rounds_store_dispose (GObject *object)
{
  RoundsStore *self = ROUNDS_STORE (object);

  rounds_store_close (self);
  G_OBJECT_CLASS (rounds_store_parent_class)->dispose (object);
}

static void
rounds_store_finalize (GObject *object)
{
  RoundsStore *self = ROUNDS_STORE (object);
  RoundsWriter *writer = &self->writer;

  g_clear_object (&self->vault);
  g_clear_pointer (&self->key, rounds_secret_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_pointer (&self->patients, rounds_patient_index_free);
  g_free (self->folder);
  g_free (self->trouble);
  g_free (self->paths[0]);
  g_free (self->paths[1]);
  g_async_queue_unref (self->queue);
  g_hash_table_unref (writer->names);
  g_clear_pointer (&writer->search, g_array_unref);
  g_ptr_array_unref (writer->changed);
  g_ptr_array_unref (writer->scans_changed);
  g_ptr_array_unref (writer->series_changed);
  g_ptr_array_unref (self->pending);
  g_hash_table_unref (self->pending_scans);
  g_hash_table_unref (self->pending_series);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  G_OBJECT_CLASS (rounds_store_parent_class)->finalize (object);
}

static void
rounds_store_class_init (RoundsStoreClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rounds_store_dispose;
  object_class->finalize = rounds_store_finalize;
  rounds_store_signals[ROUNDS_STORE_CHANGED] = g_signal_new ("changed", ROUNDS_TYPE_STORE, G_SIGNAL_RUN_LAST,
                                                             0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING);
  rounds_store_signals[ROUNDS_STORE_OUTBOX] = g_signal_new ("outbox-changed", ROUNDS_TYPE_STORE,
                                                            G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                          NULL, G_TYPE_NONE, 0);
  rounds_store_signals[ROUNDS_STORE_SCANS] = g_signal_new ("scans-changed", ROUNDS_TYPE_STORE,
                                                           G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                         NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  rounds_store_signals[ROUNDS_STORE_SERIES] = g_signal_new ("series-changed", ROUNDS_TYPE_STORE,
                                                            G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                          NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
rounds_store_init (RoundsStore *self)
{
  RoundsWriter *writer = &self->writer;

  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  g_queue_init (&self->idle[0]);
  g_queue_init (&self->idle[1]);
  self->sync_fd = self->use_fd = -1;
  self->queue = g_async_queue_new ();
  self->patients = rounds_patient_index_new ();
  self->pending = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_change_free);
  self->pending_scans = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->pending_series = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  writer->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  writer->changed = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_change_free);
  writer->scans_changed = g_ptr_array_new_with_free_func (g_free);
  writer->series_changed = g_ptr_array_new_with_free_func (g_free);
}

RoundsVault *
rounds_store_get_vault (RoundsStore *self)
{
  g_return_val_if_fail (ROUNDS_IS_STORE (self), NULL);

  return self->vault;
}

RoundsRole
rounds_store_get_role (RoundsStore *self)
{
  g_return_val_if_fail (ROUNDS_IS_STORE (self), ROUNDS_ROLE_READ_ONLY);

  return self->writer.role;
}

const char *
rounds_store_get_profile_id (RoundsStore *self)
{
  g_return_val_if_fail (ROUNDS_IS_STORE (self), NULL);

  return rounds_vault_get_id (self->vault);
}

const char *
rounds_store_get_account_name (RoundsStore *self)
{
  g_return_val_if_fail (ROUNDS_IS_STORE (self), NULL);

  return rounds_vault_get_name (self->vault);
}

RoundsSecret *
rounds_store_dup_key (RoundsStore *self)
{
  g_return_val_if_fail (ROUNDS_IS_STORE (self), NULL);

  return rounds_secret_ref (self->key);
}

const char *
rounds_store_get_trouble (RoundsStore *self)
{
  g_return_val_if_fail (ROUNDS_IS_STORE (self), NULL);

  return self->trouble;
}

RoundsAuditHead *
rounds_store_get_audit_head (RoundsStore *self)
{
  return self->head;
}

RoundsPatientIndex *
rounds_store_get_patient_index (RoundsStore *self)
{
  return self->patients;
}

gboolean
rounds_store_sync_lock (RoundsStore *self, GError **error)
{
  g_autofree char *path = NULL;
  gboolean ok = FALSE;

  g_return_val_if_fail (ROUNDS_IS_STORE (self), FALSE);

  path = g_build_filename (rounds_vault_get_folder (self->vault), "sync.lock", NULL);
  g_mutex_lock (&self->mutex);
  if (self->sync_fd < 0)
    {
      int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

      ok = fd >= 0 && flock (fd, LOCK_EX | LOCK_NB) == 0;
      if (ok)
        self->sync_fd = fd;
      else if (fd >= 0)
        close (fd);
    }
  g_mutex_unlock (&self->mutex);
  if (!ok)
    g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_BUSY,
                 _("Another program is syncing this profile"));
  return ok;
}

void
rounds_store_sync_unlock (RoundsStore *self)
{
  g_return_if_fail (ROUNDS_IS_STORE (self));

  g_mutex_lock (&self->mutex);
  if (self->sync_fd >= 0)
    close (self->sync_fd);
  self->sync_fd = -1;
  g_mutex_unlock (&self->mutex);
}

/* --- work in a thread ------------------------------------------------------------------------------- */

typedef struct {
  RoundsStoreWork work;
  gpointer data;
  GDestroyNotify free_data;
  GDestroyNotify free_result;
} RoundsWork;

static void
work_free (gpointer data)
{
  RoundsWork *work = data;

  if (work->free_data != NULL)
    work->free_data (work->data);
  g_free (work);
}

static void
work_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  RoundsWork *work = data;
  GError *error = NULL;
  gpointer result = work->work (source, work->data, cancellable, &error);

  if (error != NULL)
    {
      if (result != NULL && work->free_result != NULL)
        work->free_result (result);
      g_task_return_error (task, error);
    }
  else
    g_task_return_pointer (task, result, work->free_result);
}

void
rounds_store_run_async (RoundsStore *self, RoundsStoreWork func, gpointer data, GDestroyNotify free_data,
                        GDestroyNotify free_result, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  RoundsWork *work;

  g_return_if_fail (ROUNDS_IS_STORE (self) && func != NULL);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, rounds_store_run_async);
  work = g_new0 (RoundsWork, 1);
  work->work = func;
  work->data = data;
  work->free_data = free_data;
  work->free_result = free_result;
  g_task_set_task_data (task, work, work_free);
  g_task_run_in_thread (task, work_thread);
}

gpointer
rounds_store_run_finish (RoundsStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
