/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One connection's worker: what a pass is made of, how often there is one, and what is told of it.
 *
 * A pass sends, fetches, and sends once more what merged while fetching. It holds the store's lock, so that two
 * programs never send at once. Waiting is done on the cancellable, a change in the outbox, or time, never by
 * polling. A server that asks for patience gets it across restarts: until when is kept in the store. */

#include "sync/session.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/instant.h"
#include "store/glass.h"
#include "sync/anchor.h"
#include "sync/connection.h"
#include "sync/listing.h"
#include "sync/pass.h"
#include "sync/schedule.h"

#define LOCK_WAIT_US (60 * G_USEC_PER_SEC)     /* for another program's pass to end */
#define SETTLE_US (2 * G_USEC_PER_SEC)         /* after a change: more may follow */
#define MAX_PATIENCE_US ((gint64) 24 * 3600 * G_USEC_PER_SEC)

struct _RoundsSync {
  GObject parent_instance;
  RoundsStore *store;
  char *connection;
  GMainContext *context;
  GThread *thread;         /* that made it; only compared */
  gint state;              /* RoundsSyncState, atomic */

  GMutex lock;
  GCond wake;              /* a change, a cancellation */
  gboolean changed;
};

enum { PROGRESS, FINISHED, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RoundsSync, rounds_sync, G_TYPE_OBJECT)

void
rounds_sync_report_clear (RoundsSyncReport *self)
{
  g_clear_pointer (&self->notes, g_strfreev);
}

/* --- signals on the main context ------------------------------------------------------------------- */

typedef struct {
  RoundsSync *sync;
  const char *phase;       /* static; NULL = finished */
  guint done, total;
} Emission;

static gboolean
emit_cb (gpointer data)
{
  Emission *emission = data;

  if (emission->phase != NULL)
    g_signal_emit (emission->sync, signals[PROGRESS], 0, emission->phase, emission->done, emission->total);
  else
    g_signal_emit (emission->sync, signals[FINISHED], 0, emission->done != 0);
  g_object_unref (emission->sync);
  g_free (emission);
  return G_SOURCE_REMOVE;
}

static void
emit (RoundsSync *self, const char *phase, guint done, guint total)
{
  Emission *emission = g_new (Emission, 1);
  g_autoptr (GSource) source = g_idle_source_new ();

  *emission = (Emission){ g_object_ref (self), phase, done, total };
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, emit_cb, emission, NULL);
  g_source_attach (source, self->context);
}

static void
progress_cb (const char *phase, guint done, guint total, gpointer data)
{
  emit (data, phase, done, total);
}

/* --- patience that the server asked for ------------------------------------------------------------- */

static gboolean
check_patience (RoundsStore *store, const char *scope, GError **error)
{
  g_autofree char *text = rounds_store_dup_cursor (store, scope, NULL);
  g_autoptr (json_object) json = text != NULL ? rounds_json_parse (text, -1, NULL) : NULL;
  gint64 until = json != NULL ? json_object_get_int64 (rounds_json_peek (json, "until_us")) : 0;
  gint64 wait = until - rounds_instant_now_us ();

  /* A clock that was put back must not turn a minute into years. */
  if (wait <= 0 || wait > MAX_PATIENCE_US)
    return TRUE;
  g_set_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_THROTTLED,
               _("The cloud asked to wait: again in %d s"), (int) (wait / G_USEC_PER_SEC) + 1);
  return FALSE;
}

static void
keep_patience (RoundsStore *store, const char *scope, gint64 wait_us)
{
  g_autofree char *text = NULL;

  if (wait_us >= 0)
    text = g_strdup_printf ("{\"until_us\":%" G_GINT64_FORMAT "}", rounds_instant_now_us () + wait_us);
  rounds_store_set_cursor (store, scope, text, NULL);
}

/* --- one pass ----------------------------------------------------------------------------------------- */

static gboolean
take_lock (RoundsSync *self, GCancellable *cancellable, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + LOCK_WAIT_US;
  GPollFD fd;
  gboolean pollable = cancellable != NULL && g_cancellable_make_pollfd (cancellable, &fd);
  gboolean ok = FALSE;

  while (TRUE)
    {
      g_autoptr (GError) local = NULL;

      if (rounds_store_sync_lock (self->store, &local))
        ok = TRUE;
      else if (!g_error_matches (local, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_BUSY) ||
               g_get_monotonic_time () > deadline)
        g_propagate_error (error, g_steal_pointer (&local));
      else if (!g_cancellable_set_error_if_cancelled (cancellable, error))
        {
          g_atomic_int_set (&self->state, ROUNDS_SYNC_WAITING);
          g_poll (&fd, pollable ? 1 : 0, 250);
          continue;
        }
      break;
    }
  if (pollable)
    g_cancellable_release_fd (cancellable);
  return ok;
}

static gboolean
sync_records (RoundsPass *pass, GError **error)
{
  gboolean restored;

  if (!rounds_anchor_check (pass, &restored, error))
    return FALSE;
  /* A cache that was put back first hears what the cloud has. */
  if (!restored && !rounds_pass_upload (pass, error))
    return FALSE;
  if (!rounds_pass_download (pass, error))
    return FALSE;
  /* What the download merged goes back at once, so that both sides end the same. */
  pass->incomplete = pass->trouble != NULL;
  return rounds_pass_upload (pass, error) && rounds_anchor_write (pass, error);
}

static gboolean
run_steps (RoundsPass *pass, RoundsSync *self, RoundsConnection *connection, GError **error)
{
  g_autoptr (RoundsServerProfile) profile = NULL;
  gboolean ok;

  if (pass->fhir != NULL)
    {
      profile = rounds_pass_get_profile (self->store, connection, pass->fhir, pass->cancellable, error);
      if (profile == NULL)
        return FALSE;
      pass->profile = profile;
      pass->max_entries = profile->max_entries;
      pass->max_bytes = profile->max_bundle_bytes;
      ok = sync_records (pass, error);
      pass->profile = NULL;
      if (!ok)
        return FALSE;
    }
  if (pass->dicomweb != NULL && !rounds_pass_images (pass, error))
    return FALSE;
  if (pass->trouble == NULL)
    return TRUE;
  g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_STATUS, pass->trouble);
  return FALSE;
}

static gboolean
run_pass (RoundsSync *self, gboolean once, GCancellable *cancellable, RoundsSyncReport *report, GPtrArray *notes,
          GError **error)
{
  g_autoptr (RoundsConnection) connection = rounds_connection_load (self->store, self->connection, error);
  g_autoptr (RoundsFhirClient) fhir = NULL;
  g_autoptr (RoundsDicomwebClient) dicomweb = NULL;
  g_autofree char *patience = NULL;
  RoundsPass pass = { .store = self->store, .cancellable = cancellable, .once = once, .report = report,
                      .notes = notes, .retry_after_us = -1, .progress = progress_cb, .progress_data = self };
  gboolean ok;

  if (connection == NULL)
    return FALSE;
  patience = rounds_connection_scope (connection->fhir_url != NULL ? connection->fhir_url : connection->dicomweb_url,
                                      "patience");
  if (!check_patience (self->store, patience, error))
    return FALSE;
  pass.fhir_url = connection->fhir_url;
  if (connection->fhir_url != NULL &&
      (fhir = rounds_connection_open_fhir (self->store, connection, error)) == NULL)
    return FALSE;
  if (connection->dicomweb_url != NULL &&
      (dicomweb = rounds_connection_open_dicomweb (self->store, connection, error)) == NULL)
    return FALSE;
  pass.fhir = fhir;
  pass.dicomweb = dicomweb;
  pass.takes_images = rounds_connection_takes_images (self->store, connection);
  ok = run_steps (&pass, self, connection, error);
  if (pass.retry_after_us >= 0 && !ok)
    keep_patience (self->store, patience, pass.retry_after_us);
  report->complete = ok && !pass.incomplete && !report->first_sync;
  g_free (pass.trouble);
  return ok;
}

/* --- what stands at the end ----------------------------------------------------------------------------- */

static gboolean
count_rest (RoundsStore *store, RoundsSyncReport *report, GError **error)
{
  g_autoptr (GPtrArray) conflicts = NULL;
  RoundsOutboxTally tally;

  report->conflicts = report->quarantined = report->pending = 0;
  if (!rounds_store_outbox_tally (store, &tally, error))
    return FALSE;
  report->quarantined = tally.quarantined;
  report->pending = tally.pending;
  conflicts = rounds_store_conflict_list (store, error);
  if (conflicts == NULL)
    return FALSE;
  report->conflicts = conflicts->len;
  report->pending += rounds_store_scan_outbox_count (store, NULL);
  return TRUE;
}

static gboolean
run_locked (RoundsSync *self, gboolean once, GCancellable *cancellable, RoundsSyncReport *report, GError **error)
{
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  gint64 start = g_get_monotonic_time ();
  gboolean ok;

  report->complete = report->first_sync = FALSE;
  if (!take_lock (self, cancellable, error))
    {
      g_atomic_int_set (&self->state, ROUNDS_SYNC_IDLE);
      return FALSE;
    }
  g_atomic_int_set (&self->state, ROUNDS_SYNC_RUNNING);
  rounds_store_set_own_business (TRUE);
  ok = run_pass (self, once, cancellable, report, notes, error);
  rounds_store_set_own_business (FALSE);
  rounds_store_sync_unlock (self->store);
  if (!count_rest (self->store, report, ok ? error : NULL))
    ok = FALSE;
  report->complete = report->complete && ok && report->pending == 0;
  report->seconds += (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  g_ptr_array_add (notes, NULL);
  g_strfreev (report->notes);
  report->notes = (char **) g_ptr_array_steal (notes, NULL);
  g_atomic_int_set (&self->state, ROUNDS_SYNC_IDLE);
  if (ok)
    {
      g_autofree char *now = g_strdup_printf ("%" G_GINT64_FORMAT, rounds_instant_now_us ());

      rounds_store_set_setting (self->store, "sync.last-success-us", now, NULL);
    }
  emit (self, NULL, ok, 0);
  return ok;
}

/* --- going on -------------------------------------------------------------------------------------------- */

static void
outbox_changed_cb (RoundsStore *store, RoundsSync *self)
{
  g_mutex_lock (&self->lock);
  self->changed = TRUE;
  g_cond_signal (&self->wake);
  g_mutex_unlock (&self->lock);
}

static void
cancelled_cb (GCancellable *cancellable, RoundsSync *self)
{
  g_mutex_lock (&self->lock);
  g_cond_signal (&self->wake);
  g_mutex_unlock (&self->lock);
  g_main_context_wakeup (self->context);
}

static gboolean
end_wait_cb (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Where the caller's thread is the one that the store's signals come to (the command line), it has to let them
 * come; elsewhere somebody else does. */
static gboolean
wait_once (RoundsSync *self, gint64 deadline)
{
  gint64 left_ms = MAX ((deadline - g_get_monotonic_time () + 999) / 1000, 0);
  g_autoptr (GSource) timer = NULL;
  gboolean ended = FALSE;

  if (self->thread != g_thread_self () || !g_main_context_acquire (self->context))
    return g_cond_wait_until (&self->wake, &self->lock, deadline);
  g_mutex_unlock (&self->lock);
  timer = g_timeout_source_new ((guint) MIN (left_ms, G_MAXINT));
  g_source_set_callback (timer, end_wait_cb, &ended, NULL);
  g_source_attach (timer, self->context);
  g_main_context_iteration (self->context, TRUE);
  g_source_destroy (timer);
  g_main_context_release (self->context);
  g_mutex_lock (&self->lock);
  return !ended;
}

/* Until there is a reason for the next pass. eager: a change is one. */
static void
wait_for_reason (RoundsSync *self, gint64 wait_us, gboolean eager, GCancellable *cancellable)
{
  gint64 deadline = g_get_monotonic_time () + wait_us;
  gboolean seen = FALSE;

  g_atomic_int_set (&self->state, ROUNDS_SYNC_WAITING);
  g_mutex_lock (&self->lock);
  while (!g_cancellable_is_cancelled (cancellable))
    {
      if (eager && self->changed && !seen)
        {
          deadline = MIN (deadline, g_get_monotonic_time () + SETTLE_US);
          seen = TRUE;
        }
      if (!wait_once (self, deadline))
        break;
    }
  self->changed = FALSE;
  g_mutex_unlock (&self->lock);
}

static gboolean
is_passing (const GError *error)
{
  return error->domain == ROUNDS_CLOUD_ERROR || g_error_matches (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_BUSY);
}

static gboolean
run_on (RoundsSync *self, GCancellable *cancellable, RoundsSyncReport *report, GError **error)
{
  guint failures = 0;
  gulong changed = g_signal_connect (self->store, "outbox-changed", G_CALLBACK (outbox_changed_cb), self);
  gulong cancelled =
    cancellable != NULL ? g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb), self, NULL) : 0;
  gboolean ok = TRUE;

  while (ok && !g_cancellable_is_cancelled (cancellable))
    {
      g_autoptr (GError) local = NULL;

      if (run_locked (self, FALSE, cancellable, report, &local))
        failures = 0;
      else if (g_cancellable_is_cancelled (cancellable))
        break;
      else if (is_passing (local))
        failures = MIN (failures + 1, 20);
      else
        {
          g_propagate_error (error, g_steal_pointer (&local));
          ok = FALSE;
          break;
        }
      wait_for_reason (self, rounds_sync_wait_us (failures, FALSE), failures == 0, cancellable);
    }
  g_signal_handler_disconnect (self->store, changed);
  if (cancelled != 0)
    g_cancellable_disconnect (cancellable, cancelled);
  g_atomic_int_set (&self->state, ROUNDS_SYNC_IDLE);
  return ok;
}

gboolean
rounds_sync_run (RoundsSync *self, gboolean once, GCancellable *cancellable, RoundsSyncReport *out, GError **error)
{
  g_return_val_if_fail (ROUNDS_IS_SYNC (self) && out != NULL, FALSE);

  memset (out, 0, sizeof *out);
  return once ? run_locked (self, TRUE, cancellable, out, error) : run_on (self, cancellable, out, error);
}

static void
report_free (gpointer data)
{
  rounds_sync_report_clear (data);
  g_free (data);
}

static void
run_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;

  if (rounds_sync_run (source, TRUE, cancellable, data, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
rounds_sync_run_async (RoundsSync *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, rounds_sync_run_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, g_new0 (RoundsSyncReport, 1), report_free);
  g_task_run_in_thread (task, run_thread);
}

gboolean
rounds_sync_run_finish (RoundsSync *self, GAsyncResult *result, RoundsSyncReport *out, GError **error)
{
  RoundsSyncReport *report;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  report = g_task_get_task_data (G_TASK (result));
  if (out != NULL)
    {
      *out = *report;
      report->notes = NULL;
    }
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- the object --------------------------------------------------------------------------------------------- */

static void
rounds_sync_finalize (GObject *object)
{
  RoundsSync *self = ROUNDS_SYNC (object);

  g_clear_object (&self->store);
  g_free (self->connection);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->wake);
  G_OBJECT_CLASS (rounds_sync_parent_class)->finalize (object);
}

static void
rounds_sync_class_init (RoundsSyncClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rounds_sync_finalize;
  signals[PROGRESS] = g_signal_new ("progress", ROUNDS_TYPE_SYNC, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                    3, G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE, G_TYPE_UINT, G_TYPE_UINT);
  signals[FINISHED] = g_signal_new ("finished", ROUNDS_TYPE_SYNC, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                    1, G_TYPE_BOOLEAN);
}

static void
rounds_sync_init (RoundsSync *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->thread = g_thread_self ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->wake);
}

RoundsSync *
rounds_sync_new (RoundsStore *store, const char *connection)
{
  RoundsSync *self = g_object_new (ROUNDS_TYPE_SYNC, NULL);

  self->store = g_object_ref (store);
  self->connection = g_strdup (connection);
  return self;
}

RoundsSyncState
rounds_sync_get_state (RoundsSync *self)
{
  return g_atomic_int_get (&self->state);
}
