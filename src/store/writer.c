/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The thread that writes, and what it tells afterwards. Jobs come through a queue, each is one transaction, and
 * whoever asked waits. What a transaction changed is told on the opener's main context once it is on disk,
 * many changes as one; what other programs wrote is noticed every two seconds by SQLite's own counter. */
#include "store/store-object.h"

#include <glib/gi18n-lib.h>

#include "base/instant.h"

#define POLL_US (2 * G_USEC_PER_SEC)
/* More changes than this in one go are told as one. */
#define MAX_CHANGES 16
#define MAX_NAMES 50000

struct _RoundsWriteJob {
  RoundsWriteFunc func;      /* NULL = end the thread */
  gpointer data;
  gboolean ok;
  GError *error;
  gboolean done;
  gboolean own_business;     /* of who asked: rounds_store_set_own_business() */
  GMutex mutex;
  GCond cond;
};

void
rounds_change_free (RoundsChange *self)
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
  self->pending = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_change_free);
  self->pending_scans = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->pending_series = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->pending_many = self->pending_outbox = self->told = FALSE;
  g_mutex_unlock (&self->mutex);

  if (many || changes->len > MAX_CHANGES)
    g_signal_emit (self, rounds_store_signals[ROUNDS_STORE_CHANGED], 0, NULL, NULL, NULL);
  else
    for (guint i = 0; i < changes->len; i++)
      {
        RoundsChange *change = changes->pdata[i];

        g_signal_emit (self, rounds_store_signals[ROUNDS_STORE_CHANGED], 0, change->type, change->id,
                       change->patient_id);
      }
  if (outbox)
    g_signal_emit (self, rounds_store_signals[ROUNDS_STORE_OUTBOX], 0);
  g_hash_table_iter_init (&iter, scans);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    g_signal_emit (self, rounds_store_signals[ROUNDS_STORE_SCANS], 0, *(char *) key != '\0' ? key : NULL);
  g_hash_table_iter_init (&iter, series);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    g_signal_emit (self, rounds_store_signals[ROUNDS_STORE_SERIES], 0, key);
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
  self->search_known = FALSE;
  self->audit_seq = 0;
}

gboolean
rounds_writer_run (RoundsWriter *self, RoundsWriteFunc func, gpointer data, GError **error)
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

  writer->own_business = job->own_business;
  job->ok = rounds_writer_run (writer, job->func, job->data, &job->error);
  if (!job->ok && writer->denied_action != NULL)
    {
      g_autoptr (GError) local = NULL;

      if (!rounds_writer_run (writer, audit_denied, NULL, &local))
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

gpointer
rounds_writer_thread (gpointer data)
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
  job->own_business = rounds_glass_is_own_business ();
  g_mutex_init (&job->mutex);
  g_cond_init (&job->cond);
  return job;
}

gboolean
rounds_store_set_closed (GError **error)
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
      rounds_store_set_closed (&job->error);
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

void
rounds_writer_stop (RoundsStore *self, GThread *thread)
{
  RoundsWriteJob *job = job_new (NULL, NULL);

  g_async_queue_push (self->queue, job);
  g_thread_join (thread);
  (void) rounds_store_write_wait (job, NULL);
}

/* The audit trail keeps these; sentences for people translate them. */
static const char *const act_names[] = {
  [ROUNDS_ACT_READ] = N_("read"),     [ROUNDS_ACT_WRITE] = N_("write"),   [ROUNDS_ACT_DELETE] = N_("delete"),
  [ROUNDS_ACT_IMPORT] = N_("import"), [ROUNDS_ACT_EXPORT] = N_("export"), [ROUNDS_ACT_SYNC] = N_("sync"),
  [ROUNDS_ACT_CONFIGURE] = N_("configure"), [ROUNDS_ACT_BREAK_GLASS] = N_("break the glass"),
};

static void
note_denied (RoundsWriter *self, RoundsAct act, const char *type, const char *id)
{
  g_free (self->denied_action);
  g_free (self->denied_type);
  g_free (self->denied_id);
  self->denied_action = g_strdup (act_names[act]);
  self->denied_type = g_strdup (type);
  self->denied_id = g_strdup (id);
}

/* What a reader may not see, no edit may change, and no export may hold. */
static gboolean
allow_restricted (RoundsWriter *self, RoundsAct act, const char *type, const char *id, GError **error)
{
  gboolean hides;

  if (self->own_business || type == NULL || id == NULL || act == ROUNDS_ACT_SYNC || act == ROUNDS_ACT_CONFIGURE)
    return TRUE;
  if (!rounds_glass_hides (self->db, type, id, &hides, error))
    return FALSE;
  if (!hides)
    return TRUE;
  note_denied (self, act, type, id);
  g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DENIED,
               _("%s/%s is restricted: break the glass first, with a reason"), type, id);
  return FALSE;
}

gboolean
rounds_writer_allow (RoundsWriter *self, RoundsAct act, const char *type, const char *id, GError **error)
{
  if (rounds_role_may (self->role, act, type))
    return allow_restricted (self, act, type, id, error);
  note_denied (self, act, type, id);
  /* Translators: a role, what it may not do ("read", "write" …), a space and a FHIR type, or nothing. */
  g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DENIED, _("The role %s may not %s%s%s"),
               _(rounds_role_to_string (self->role)), _(act_names[act]), type != NULL ? " " : "",
               type != NULL ? type : "");
  return FALSE;
}

gboolean
rounds_writer_allow_about (RoundsWriter *self, const char *type, const char *id, const char *patient_id, GError **error)
{
  gboolean shuts;

  if (self->own_business || patient_id == NULL || g_str_equal (type, "AllergyIntolerance") || g_str_equal (type, "Patient"))
    return TRUE;
  if (!rounds_glass_shuts (self->db, patient_id, &shuts, error))
    return FALSE;
  if (!shuts)
    return TRUE;
  note_denied (self, ROUNDS_ACT_WRITE, type, id);
  g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DENIED,
               _("%s/%s is restricted: break the glass first, with a reason"), "Patient", patient_id);
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
