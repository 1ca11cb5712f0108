/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The store as an object: opening (and never making anew what was there once), the writer thread with its
 * queue, the pool of readers, and the signals. One thread writes, so that every edit is one transaction in
 * one order; SQLite's WAL lets the readers go on beside it. */
#include "store/store-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/instant.h"

#define MAX_READERS 6
#define POLL_US (2 * G_USEC_PER_SEC)
/* More changes than this in one go are told as one. */
#define MAX_CHANGES 16
#define MAX_NAMES 50000

typedef struct {
  char *type, *id, *patient_id;
} RoundsChange;

struct _RoundsWriteJob {
  RoundsWriteFunc func;      /* NULL = end the thread */
  gpointer data;
  gboolean ok;
  GError *error;
  gboolean done;
  GMutex mutex;
  GCond cond;
};

struct _RoundsStore {
  GObject parent_instance;

  RoundsVault *vault;
  RoundsSecret *key;
  char *paths[2];            /* by RoundsDatabaseKind */
  GMainContext *context;
  RoundsAuditHead *head;
  RoundsPatientIndex *patients;

  /* The writer thread; the struct is its alone. */
  GThread *thread;
  GAsyncQueue *queue;
  RoundsWriter writer;
  gint64 data_version;

  GMutex mutex;              /* guards what follows */
  GCond cond;
  gboolean closed;
  GQueue idle[2];            /* RoundsDatabase */
  guint n_readers[2];
  int sync_fd;
  GPtrArray *pending;        /* RoundsChange to be told */
  gboolean pending_many, pending_outbox;
  GHashTable *pending_scans, *pending_series;
  gboolean told;             /* an idle source is on its way */
};

G_DEFINE_FINAL_TYPE (RoundsStore, rounds_store, G_TYPE_OBJECT)

enum { CHANGED, OUTBOX_CHANGED, SCANS_CHANGED, SERIES_CHANGED, N_SIGNALS };
static guint signals[N_SIGNALS];

static void
change_free (RoundsChange *self)
{
  g_free (self->type);
  g_free (self->id);
  g_free (self->patient_id);
  g_free (self);
}

/* --- signals ---------------------------------------------------------------------------------------- */

static gboolean
tell_cb (gpointer data)
{
  g_autoptr (RoundsStore) self = g_weak_ref_get (data);
  g_autoptr (GPtrArray) changes = NULL;
  g_autoptr (GHashTable) scans = NULL, series = NULL;
  gboolean many, outbox;
  GHashTableIter iter;
  gpointer key;

  if (self == NULL)
    return G_SOURCE_REMOVE;
  g_mutex_lock (&self->mutex);
  changes = g_steal_pointer (&self->pending);
  scans = g_steal_pointer (&self->pending_scans);
  series = g_steal_pointer (&self->pending_series);
  many = self->pending_many;
  outbox = self->pending_outbox;
  self->pending = g_ptr_array_new_with_free_func ((GDestroyNotify) change_free);
  self->pending_scans = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->pending_series = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->pending_many = self->pending_outbox = self->told = FALSE;
  g_mutex_unlock (&self->mutex);

  if (many || changes->len > MAX_CHANGES)
    g_signal_emit (self, signals[CHANGED], 0, NULL, NULL, NULL);
  else
    for (guint i = 0; i < changes->len; i++)
      {
        RoundsChange *change = changes->pdata[i];

        g_signal_emit (self, signals[CHANGED], 0, change->type, change->id, change->patient_id);
      }
  if (outbox)
    g_signal_emit (self, signals[OUTBOX_CHANGED], 0);
  g_hash_table_iter_init (&iter, scans);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    g_signal_emit (self, signals[SCANS_CHANGED], 0, *(char *) key != '\0' ? key : NULL);
  g_hash_table_iter_init (&iter, series);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    g_signal_emit (self, signals[SERIES_CHANGED], 0, key);
  return G_SOURCE_REMOVE;
}

static void
weak_free (gpointer data)
{
  g_weak_ref_clear (data);
  g_free (data);
}

/* With the mutex held. */
static void
tell_soon (RoundsStore *self)
{
  GSource *source;
  GWeakRef *weak;

  if (self->told || self->closed)
    return;
  self->told = TRUE;
  weak = g_new0 (GWeakRef, 1);
  g_weak_ref_init (weak, self);
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, "rounds-store");
  g_source_set_callback (source, tell_cb, weak, weak_free);
  g_source_attach (source, self->context);
  g_source_unref (source);
}

static void
publish (RoundsStore *self, RoundsWriter *writer)
{
  if (writer->changed->len == 0 && !writer->changed_many && !writer->outbox_changed &&
      writer->scans_changed->len == 0 && writer->series_changed->len == 0)
    return;
  g_mutex_lock (&self->mutex);
  if (writer->changed_many || writer->changed->len + self->pending->len > MAX_CHANGES)
    {
      self->pending_many = TRUE;
      g_ptr_array_set_size (self->pending, 0);
    }
  else
    while (writer->changed->len > 0)
      g_ptr_array_add (self->pending, g_ptr_array_steal_index (writer->changed, 0));
  self->pending_outbox |= writer->outbox_changed;
  for (guint i = 0; i < writer->scans_changed->len; i++)
    g_hash_table_add (self->pending_scans, g_strdup (writer->scans_changed->pdata[i]));
  for (guint i = 0; i < writer->series_changed->len; i++)
    g_hash_table_add (self->pending_series, g_strdup (writer->series_changed->pdata[i]));
  tell_soon (self);
  g_mutex_unlock (&self->mutex);
}

void
rounds_writer_changed (RoundsWriter *self, const char *type, const char *id, const char *patient_id)
{
  RoundsChange *change;

  if (self->changed_many)
    return;
  if (self->changed->len >= MAX_CHANGES)
    {
      self->changed_many = TRUE;
      return;
    }
  change = g_new0 (RoundsChange, 1);
  change->type = g_strdup (type);
  change->id = g_strdup (id);
  change->patient_id = g_strdup (patient_id);
  g_ptr_array_add (self->changed, change);
}

/* --- the writer thread ------------------------------------------------------------------------------ */

static void
writer_forget (RoundsWriter *self)
{
  g_ptr_array_set_size (self->changed, 0);
  g_ptr_array_set_size (self->scans_changed, 0);
  g_ptr_array_set_size (self->series_changed, 0);
  self->changed_many = self->outbox_changed = FALSE;
  self->audit_seq = 0;
}

static gboolean
run_transaction (RoundsWriter *self, RoundsWriteFunc func, gpointer data, GError **error)
{
  writer_forget (self);
  self->now_us = rounds_instant_now_us ();
  if (g_hash_table_size (self->names) > MAX_NAMES)
    g_hash_table_remove_all (self->names);
  if (!rounds_database_exec (self->db, "BEGIN IMMEDIATE", error))
    return FALSE;
  if (!func (self, data, error) || !rounds_database_exec (self->db, "COMMIT", error))
    {
      /* A failed COMMIT may have rolled back by itself; then this says so and does no harm. */
      sqlite3_exec (rounds_database_get_handle (self->db), "ROLLBACK", NULL, NULL, NULL);
      /* Names that the transaction added are gone again. */
      g_hash_table_remove_all (self->names);
      writer_forget (self);
      return FALSE;
    }
  if (self->audit_seq > 0)
    rounds_audit_head_set (self->store->head, self->audit_seq, self->audit_hash);
  publish (self->store, self);
  return TRUE;
}

static gboolean
audit_denied (RoundsWriter *self, gpointer data, GError **error)
{
  return rounds_audit_append (self, "denied", self->denied_type, self->denied_id, self->denied_action, error);
}

static void
run_job (RoundsStore *self, RoundsWriteJob *job)
{
  RoundsWriter *writer = &self->writer;

  job->ok = run_transaction (writer, job->func, job->data, &job->error);
  if (!job->ok && writer->denied_action != NULL)
    {
      g_autoptr (GError) local = NULL;

      if (!run_transaction (writer, audit_denied, NULL, &local))
        g_warning ("a refusal could not be put into the audit trail: %s", local->message);
    }
  g_clear_pointer (&writer->denied_action, g_free);
  g_clear_pointer (&writer->denied_type, g_free);
  g_clear_pointer (&writer->denied_id, g_free);
}

/* Whether another process wrote: it cannot say what, so everything is read again. */
static void
poll_others (RoundsStore *self)
{
  gint64 version;

  if (!rounds_database_int (self->writer.db, 0, &version, NULL, "PRAGMA data_version", ""))
    return;
  if (self->data_version != 0 && version != self->data_version)
    {
      g_mutex_lock (&self->mutex);
      self->pending_many = self->pending_outbox = TRUE;
      g_hash_table_add (self->pending_scans, g_strdup (""));
      tell_soon (self);
      g_mutex_unlock (&self->mutex);
    }
  self->data_version = version;
}

static gpointer
writer_thread (gpointer data)
{
  RoundsStore *self = data;

  for (;;)
    {
      RoundsWriteJob *job = g_async_queue_timeout_pop (self->queue, POLL_US);
      gboolean last;

      if (job == NULL)
        {
          poll_others (self);
          continue;
        }
      last = job->func == NULL;
      if (!last)
        run_job (self, job);
      g_mutex_lock (&job->mutex);
      job->done = TRUE;
      g_cond_signal (&job->cond);
      g_mutex_unlock (&job->mutex);
      if (last)
        return NULL;
    }
}

static RoundsWriteJob *
job_new (RoundsWriteFunc func, gpointer data)
{
  RoundsWriteJob *job = g_new0 (RoundsWriteJob, 1);

  job->func = func;
  job->data = data;
  g_mutex_init (&job->mutex);
  g_cond_init (&job->cond);
  return job;
}

static gboolean
set_closed (GError **error)
{
  g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_FAILED, _("The cache is closed"));
  return FALSE;
}

RoundsWriteJob *
rounds_store_write_begin (RoundsStore *self, RoundsWriteFunc func, gpointer data)
{
  RoundsWriteJob *job = job_new (func, data);

  g_mutex_lock (&self->mutex);
  if (self->closed)
    {
      set_closed (&job->error);
      job->done = TRUE;
    }
  else
    g_async_queue_push (self->queue, job);
  g_mutex_unlock (&self->mutex);
  return job;
}

gboolean
rounds_store_write_wait (RoundsWriteJob *job, GError **error)
{
  gboolean ok;

  g_mutex_lock (&job->mutex);
  while (!job->done)
    g_cond_wait (&job->cond, &job->mutex);
  g_mutex_unlock (&job->mutex);
  ok = job->ok;
  if (job->error != NULL)
    g_propagate_error (error, job->error);
  g_mutex_clear (&job->mutex);
  g_cond_clear (&job->cond);
  g_free (job);
  return ok;
}

gboolean
rounds_store_write (RoundsStore *self, RoundsWriteFunc func, gpointer data, GError **error)
{
  return rounds_store_write_wait (rounds_store_write_begin (self, func, data), error);
}

static const char *const act_names[] = {
  [ROUNDS_ACT_READ] = "read",     [ROUNDS_ACT_WRITE] = "write",   [ROUNDS_ACT_DELETE] = "delete",
  [ROUNDS_ACT_IMPORT] = "import", [ROUNDS_ACT_EXPORT] = "export", [ROUNDS_ACT_SYNC] = "sync",
  [ROUNDS_ACT_CONFIGURE] = "configure",
};

gboolean
rounds_writer_allow (RoundsWriter *self, RoundsAct act, const char *type, const char *id, GError **error)
{
  if (rounds_role_may (self->role, act, type))
    return TRUE;
  g_free (self->denied_action);
  g_free (self->denied_type);
  g_free (self->denied_id);
  self->denied_action = g_strdup (act_names[act]);
  self->denied_type = g_strdup (type);
  self->denied_id = g_strdup (id);
  g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DENIED, _("The role %s may not %s%s%s"),
               rounds_role_to_string (self->role), act_names[act], type != NULL ? " " : "",
               type != NULL ? type : "");
  return FALSE;
}

gboolean
rounds_database_find_name (RoundsDatabase *db, const char *text, gint64 *nid, GError **error)
{
  return rounds_database_int (db, 0, nid, error, "SELECT nid FROM name WHERE text = ?", "s", text);
}

gboolean
rounds_writer_name (RoundsWriter *self, const char *text, gint64 *nid, GError **error)
{
  gpointer known;

  if (text == NULL)
    {
      *nid = 0;
      return TRUE;
    }
  known = g_hash_table_lookup (self->names, text);
  if (known != NULL)
    {
      *nid = GPOINTER_TO_SIZE (known);
      return TRUE;
    }
  if (!rounds_database_find_name (self->db, text, nid, error))
    return FALSE;
  if (*nid == 0)
    {
      if (!rounds_database_run (self->db, error, "INSERT INTO name (text) VALUES (?)", "s", text))
        return FALSE;
      *nid = sqlite3_last_insert_rowid (rounds_database_get_handle (self->db));
    }
  g_hash_table_insert (self->names, g_strdup (text), GSIZE_TO_POINTER ((gsize) *nid));
  return TRUE;
}

/* --- readers ---------------------------------------------------------------------------------------- */

RoundsReader *
rounds_reader_new (RoundsStore *store, RoundsDatabaseKind kind, GError **error)
{
  RoundsDatabase *db = NULL;
  RoundsReader *self;

  g_mutex_lock (&store->mutex);
  while (!store->closed && store->idle[kind].length == 0 && store->n_readers[kind] >= MAX_READERS)
    g_cond_wait (&store->cond, &store->mutex);
  if (store->closed)
    {
      g_mutex_unlock (&store->mutex);
      set_closed (error);
      return NULL;
    }
  db = g_queue_pop_head (&store->idle[kind]);
  if (db == NULL)
    store->n_readers[kind]++;
  g_mutex_unlock (&store->mutex);

  if (db == NULL)
    db = rounds_database_open (store->paths[kind], kind, ROUNDS_DATABASE_READER, store->key, error);
  if (db == NULL || !rounds_database_exec (db, "BEGIN", error))
    {
      rounds_database_free (db);
      g_mutex_lock (&store->mutex);
      store->n_readers[kind]--;
      g_cond_broadcast (&store->cond);
      g_mutex_unlock (&store->mutex);
      return NULL;
    }
  self = g_new0 (RoundsReader, 1);
  self->store = store;
  self->db = db;
  self->kind = kind;
  return self;
}

void
rounds_reader_free (RoundsReader *self)
{
  RoundsStore *store = self->store;
  int code = sqlite3_errcode (rounds_database_get_handle (self->db)) & 0xff;
  gboolean good = code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE;

  good = sqlite3_exec (rounds_database_get_handle (self->db), "COMMIT", NULL, NULL, NULL) == SQLITE_OK && good;
  g_mutex_lock (&store->mutex);
  /* One that met an error may be stuck in it: the next reader gets a fresh one. */
  if (good && !store->closed)
    g_queue_push_head (&store->idle[self->kind], g_steal_pointer (&self->db));
  else
    store->n_readers[self->kind]--;
  g_cond_broadcast (&store->cond);
  g_mutex_unlock (&store->mutex);
  rounds_database_free (self->db);
  g_free (self);
}

/* --- opening ---------------------------------------------------------------------------------------- */

static gboolean
make_file (RoundsStore *self, RoundsDatabaseKind kind, GError **error)
{
  static const char *const tails[] = { "", "-wal", "-shm", "-journal" };
  g_autofree char *beside = g_strconcat (self->paths[kind], ".new", NULL);
  RoundsDatabase *db;

  /* What is left of a creation that was cut off holds nothing. */
  for (guint i = 0; i < G_N_ELEMENTS (tails); i++)
    {
      g_autofree char *path = g_strconcat (beside, tails[i], NULL);
      g_unlink (path);
    }
  db = rounds_database_open (beside, kind, ROUNDS_DATABASE_CREATE, self->key, error);
  if (db == NULL)
    {
      g_unlink (beside);
      return FALSE;
    }
  /* Closing writes the log back and removes it, so that the one file is whole. */
  rounds_database_free (db);
  (void) g_chmod (beside, 0600);
  if (g_rename (beside, self->paths[kind]) != 0)
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_FAILED, _("Cannot make the cache: %s"),
                   g_strerror (errno));
      return FALSE;
    }
  return TRUE;
}

static gboolean
make_files (RoundsStore *self, GError **error)
{
  if (rounds_vault_get_made (self->vault))
    return TRUE;   /* made once: whatever is missing now is damage */
  for (int kind = 0; kind < 2; kind++)
    if (!g_file_test (self->paths[kind], G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK) &&
        !make_file (self, kind, error))
      return FALSE;
  return TRUE;
}

static gboolean
write_first (RoundsWriter *writer, gpointer data, GError **error)
{
  gint64 rows;

  if (!rounds_database_int (writer->db, 0, &rows, error, "SELECT count(*) FROM audit", ""))
    return FALSE;
  return rows > 0 || rounds_audit_append (writer, "create", NULL, NULL, "cache", error);
}

static gboolean
write_failed_unlocks (RoundsWriter *writer, gpointer data, GError **error)
{
  GArray *times = data;

  for (guint i = 0; i < times->len; i++)
    {
      g_autofree char *when = rounds_instant_format_utc (g_array_index (times, gint64, i));

      if (!rounds_audit_append (writer, "unlock-failed", NULL, NULL, when, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
write_unknown (RoundsWriter *writer, gpointer data, GError **error)
{
  gint64 n;

  if (!rounds_database_int (writer->db, 0, &n, error, "SELECT count(*) FROM outbox WHERE state = 2", ""))
    return FALSE;
  if (n == 0)
    return TRUE;
  return rounds_database_run (writer->db, error,
                              "UPDATE resource SET sync_state = 3 WHERE rid IN "
                              "(SELECT rid FROM outbox WHERE state = 2)", "") &&
         rounds_database_run (writer->db, error, "UPDATE outbox SET state = 3 WHERE state = 2", "");
}

/* The trail as it is now against what was sealed when it was last written. */
static gboolean
check_head (RoundsStore *self, GError **error)
{
  g_autoptr (RoundsRows) rows = NULL;
  guint8 hash[ROUNDS_AUDIT_HASH_BYTES];
  gint64 seq;
  gboolean row = FALSE, same = FALSE;

  if (rounds_audit_head_get (self->head, &seq, hash))
    {
      rows = rounds_database_query (self->writer.db, error, "SELECT hash FROM audit WHERE seq = ?", "i", seq);
      if (rows == NULL || !rounds_database_next (self->writer.db, rows, &row, error))
        return FALSE;
      same = row && sqlite3_column_bytes (rows, 0) == sizeof hash &&
             memcmp (sqlite3_column_blob (rows, 0), hash, sizeof hash) == 0;
    }
  if (!same)
    {
      g_warning ("the audit trail is not the one that was sealed: the cache was changed or put back from outside");
      rounds_audit_head_freeze (self->head);
    }
  return TRUE;
}

static gboolean
take_in_unlocks (RoundsStore *self, GError **error)
{
  g_autoptr (GArray) times = rounds_vault_take_failed_unlocks (self->vault);

  if (times->len == 0)
    return TRUE;
  if (!run_transaction (&self->writer, write_failed_unlocks, times, error))
    return FALSE;
  rounds_vault_forget_failed_unlocks (self->vault);
  return TRUE;
}

static gboolean
open_files (RoundsStore *self, gboolean create, GError **error)
{
  const char *folder = rounds_vault_get_folder (self->vault);
  RoundsWriter *writer = &self->writer;
  gboolean made = rounds_vault_get_made (self->vault);
  gint64 waiting;

  if (create && !make_files (self, error))
    return FALSE;
  writer->db = rounds_database_open (self->paths[0], ROUNDS_DATABASE_RECORDS, ROUNDS_DATABASE_WRITER, self->key,
                                     error);
  if (writer->db == NULL)
    return FALSE;
  writer->pixels = rounds_database_open (self->paths[1], ROUNDS_DATABASE_PIXELS, ROUNDS_DATABASE_WRITER,
                                         self->key, error);
  if (writer->pixels == NULL)
    return FALSE;
  self->head = rounds_audit_head_open (folder, self->key, !made, error);
  if (self->head == NULL)
    return FALSE;
  if (!made)
    {
      if (!run_transaction (writer, write_first, NULL, error))
        return FALSE;
      if (!rounds_vault_set_made (self->vault, error))
        return FALSE;
    }
  if (!check_head (self, error) || !take_in_unlocks (self, error))
    return FALSE;
  /* Only when nobody is sending right now does "inflight" mean that somebody died while sending. */
  if (!rounds_database_int (writer->db, 0, &waiting, error, "SELECT count(*) FROM outbox WHERE state = 2", ""))
    return FALSE;
  if (waiting > 0 && rounds_store_sync_lock (self, NULL))
    {
      gboolean ok = run_transaction (writer, write_unknown, NULL, error);

      rounds_store_sync_unlock (self);
      if (!ok)
        return FALSE;
    }
  return rounds_database_int (writer->db, 0, &self->data_version, error, "PRAGMA data_version", "");
}

RoundsStore *
rounds_store_open (RoundsVault *vault, RoundsSecret *key, gboolean create, GError **error)
{
  g_autoptr (RoundsStore) self = NULL;
  const char *folder;

  g_return_val_if_fail (ROUNDS_IS_VAULT (vault) && key != NULL, NULL);

  folder = rounds_vault_get_folder (vault);
  self = g_object_new (ROUNDS_TYPE_STORE, NULL);
  self->vault = g_object_ref (vault);
  self->key = rounds_secret_ref (key);
  self->context = g_main_context_ref_thread_default ();
  self->paths[ROUNDS_DATABASE_RECORDS] = g_build_filename (folder, "records.db", NULL);
  self->paths[ROUNDS_DATABASE_PIXELS] = g_build_filename (folder, "pixels.db", NULL);
  self->writer.store = self;
  self->writer.role = rounds_vault_get_role (vault);
  self->writer.who = rounds_vault_get_name (vault);
  if (!open_files (self, create, error))
    return NULL;
  self->thread = g_thread_new ("rounds-writer", writer_thread, self);
  return g_steal_pointer (&self);
}

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
    {
      RoundsWriteJob *job = job_new (NULL, NULL);

      g_async_queue_push (self->queue, job);
      g_thread_join (thread);
      (void) rounds_store_write_wait (job, NULL);
    }
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
  g_free (self->paths[0]);
  g_free (self->paths[1]);
  g_async_queue_unref (self->queue);
  g_hash_table_unref (writer->names);
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
  signals[CHANGED] = g_signal_new ("changed", ROUNDS_TYPE_STORE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING);
  signals[OUTBOX_CHANGED] = g_signal_new ("outbox-changed", ROUNDS_TYPE_STORE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                          NULL, G_TYPE_NONE, 0);
  signals[SCANS_CHANGED] = g_signal_new ("scans-changed", ROUNDS_TYPE_STORE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                         NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[SERIES_CHANGED] = g_signal_new ("series-changed", ROUNDS_TYPE_STORE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
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
  self->sync_fd = -1;
  self->queue = g_async_queue_new ();
  self->patients = rounds_patient_index_new ();
  self->pending = g_ptr_array_new_with_free_func ((GDestroyNotify) change_free);
  self->pending_scans = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->pending_series = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  writer->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  writer->changed = g_ptr_array_new_with_free_func ((GDestroyNotify) change_free);
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

RoundsSecret *
rounds_store_dup_key (RoundsStore *self)
{
  g_return_val_if_fail (ROUNDS_IS_STORE (self), NULL);

  return rounds_secret_ref (self->key);
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
