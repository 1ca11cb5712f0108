/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When to sync, decided by what happens: changes, the network, time. One timer is pending at most, and one pass
 * runs at most; whatever asks meanwhile is served by the next. */

#include "sync/schedule.h"

#include "cloud/error.h"
#include "sync/connection.h"
#include "sync/pass.h"

#define AFTER_CHANGE_MS 3000
#define AFTER_NETWORK_MS 500
#define MAX_NOTES 50
#define BETWEEN_MS 10000         /* two passes for a network that comes and goes */
#define INTERVAL_US (300 * G_USEC_PER_SEC)
#define METERED_INTERVAL_US (1800 * G_USEC_PER_SEC)
#define BACKOFF_BASE_US (4 * G_USEC_PER_SEC)
#define BACKOFF_CAP_US (900 * G_USEC_PER_SEC)

struct _RoundsSyncSchedule {
  GObject parent_instance;
  RoundsStore *store;
  RoundsSyncStatus *status;
  GNetworkMonitor *network;
  GCancellable *cancellable;   /* NULL = stopped */

  guint timer;
  gint64 timer_at_us;          /* monotonic */
  GQueue waiting;              /* RoundsSync of this pass, owned */
  RoundsSync *running;
  gboolean listing, again;
  guint n_left;                /* what waited after the last good pass */
  guint n_connections;         /* of this pass */
  guint failures;
  gint64 ended_us;             /* monotonic; of the last pass, 0 = none yet */
  gint64 hold_until_us;        /* monotonic; nothing begins by itself before */
  GPtrArray *notes;            /* char *, of this pass */
  GError *error;               /* the first of this pass */
};

G_DEFINE_FINAL_TYPE (RoundsSyncSchedule, rounds_sync_schedule, G_TYPE_OBJECT)

static void start_pass (RoundsSyncSchedule *self);

gint64
rounds_sync_wait_us (guint failures, gboolean metered)
{
  if (failures == 0)
    return metered ? METERED_INTERVAL_US : INTERVAL_US;
  return BACKOFF_BASE_US + rounds_backoff_us (MIN (failures, 20), BACKOFF_BASE_US, BACKOFF_CAP_US);
}

static gboolean
is_busy (RoundsSyncSchedule *self)
{
  return self->listing || self->running != NULL;
}

static gboolean
timer_cb (gpointer data)
{
  RoundsSyncSchedule *self = data;

  self->timer = 0;
  start_pass (self);
  return G_SOURCE_REMOVE;
}

/* At the latest in so many milliseconds; an earlier time stands. */
static void
plan (RoundsSyncSchedule *self, guint in_ms)
{
  gint64 now_us = g_get_monotonic_time ();
  gint64 at_us = MAX (now_us + (gint64) in_ms * 1000, self->hold_until_us);

  if (self->cancellable == NULL || (self->timer != 0 && self->timer_at_us <= at_us))
    return;
  g_clear_handle_id (&self->timer, g_source_remove);
  self->timer = g_timeout_add ((guint) ((at_us - now_us) / 1000), timer_cb, self);
  self->timer_at_us = at_us;
}

/* --- one pass over all connections ------------------------------------------------------------------ */

static gboolean
is_offline (const GError *error)
{
  return g_error_matches (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_UNREACHABLE) ||
         g_error_matches (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_INTERRUPTED);
}

static void
end_pass (RoundsSyncSchedule *self)
{
  gboolean metered = g_network_monitor_get_network_metered (self->network);

  self->ended_us = g_get_monotonic_time ();
  if (self->error == NULL)
    {
      self->failures = 0;
      rounds_sync_status_set_state (self->status, ROUNDS_SYNC_STATUS_IDLE, NULL);
    }
  else
    {
      self->failures++;
      rounds_sync_status_set_state (self->status,
                                    is_offline (self->error) ? ROUNDS_SYNC_STATUS_OFFLINE
                                                             : ROUNDS_SYNC_STATUS_TROUBLE,
                                    self->error->message);
    }
  g_clear_error (&self->error);
  g_ptr_array_add (self->notes, NULL);
  rounds_sync_status_set_notes (self->status, (const char *const *) self->notes->pdata);
  g_ptr_array_set_size (self->notes, 0);
  rounds_sync_status_refresh (self->status);
  plan (self, self->again && self->failures == 0 ? AFTER_CHANGE_MS
                                                 : (guint) (rounds_sync_wait_us (self->failures, metered) / 1000));
  self->again = FALSE;
}

static void run_next (RoundsSyncSchedule *self);

/* Which of several clouds is meant is said with it. */
static void
keep_notes (RoundsSyncSchedule *self, const RoundsSyncReport *report, const char *name)
{
  for (guint i = 0; report->notes != NULL && report->notes[i] != NULL && self->notes->len < MAX_NOTES; i++)
    g_ptr_array_add (self->notes, self->n_connections > 1 ? g_strdup_printf ("%s: %s", name, report->notes[i])
                                                          : g_strdup (report->notes[i]));
}

static void
finished_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsSyncSchedule) self = user_data;
  g_autoptr (GError) error = NULL;
  RoundsSyncReport report = { 0 };

  if (!rounds_sync_run_finish (ROUNDS_SYNC (source), result, &report, &error) && self->error == NULL &&
      !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    self->error = g_steal_pointer (&error);
  keep_notes (self, &report, g_object_get_data (source, "connection"));
  rounds_sync_report_clear (&report);
  g_clear_object (&self->running);
  if (self->cancellable != NULL)
    run_next (self);
}

static void
progress_cb (RoundsSync *sync, const char *phase, guint done, guint total, RoundsSyncSchedule *self)
{
  rounds_sync_status_set_progress (self->status, phase, done, total);
}

static void
run_next (RoundsSyncSchedule *self)
{
  self->running = g_queue_pop_head (&self->waiting);
  if (self->running == NULL)
    {
      end_pass (self);
      return;
    }
  g_signal_connect_object (self->running, "progress", G_CALLBACK (progress_cb), self, G_CONNECT_DEFAULT);
  rounds_sync_run_async (self->running, self->cancellable, finished_cb, g_object_ref (self));
}

static gpointer
list_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  return rounds_store_connection_list (store, error);
}

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsSyncSchedule) self = user_data;
  g_auto (GStrv) names = rounds_store_run_finish (ROUNDS_STORE (source), result, NULL);
  guint i;

  self->listing = FALSE;
  if (self->cancellable == NULL)
    return;
  if (names == NULL)
    {
      end_pass (self);
      return;
    }
  if (names[0] == NULL)
    {
      rounds_sync_status_set_state (self->status, ROUNDS_SYNC_STATUS_NONE, NULL);
      rounds_sync_status_set_notes (self->status, NULL);
      rounds_sync_status_refresh (self->status);
      return;
    }
  for (i = 0; names[i] != NULL; i++)
    {
      RoundsSync *sync = rounds_sync_new (self->store, names[i]);

      g_object_set_data_full (G_OBJECT (sync), "connection", g_strdup (names[i]), g_free);
      g_queue_push_tail (&self->waiting, sync);
    }
  self->n_connections = i;
  rounds_sync_status_set_state (self->status, ROUNDS_SYNC_STATUS_SYNCING, NULL);
  run_next (self);
}

static void
start_pass (RoundsSyncSchedule *self)
{
  if (self->cancellable == NULL || is_busy (self))
    {
      self->again = TRUE;
      return;
    }
  self->listing = TRUE;
  rounds_store_run_async (self->store, list_work, NULL, NULL, (GDestroyNotify) g_strfreev, self->cancellable, listed_cb,
                          g_object_ref (self));
}

/* --- reasons ------------------------------------------------------------------------------------------- */

static void
outbox_changed_cb (RoundsStore *store, RoundsSyncSchedule *self)
{
  /* Its own acknowledgements change the outbox too: what is left is seen at its end. While it fails, its own
   * pace counts. */
  if (!is_busy (self) && self->failures == 0)
    plan (self, AFTER_CHANGE_MS);
}

static void
network_changed_cb (GNetworkMonitor *network, gboolean available, RoundsSyncSchedule *self)
{
  if (!available)
    return;
  /* One that comes and goes is no reason for a pass each time. */
  if (self->ended_us != 0 && g_get_monotonic_time () - self->ended_us < (gint64) BETWEEN_MS * 1000)
    plan (self, BETWEEN_MS);
  else
    plan (self, AFTER_NETWORK_MS);
}

void
rounds_sync_schedule_run_now (RoundsSyncSchedule *self)
{
  g_return_if_fail (ROUNDS_IS_SYNC_SCHEDULE (self));

  self->hold_until_us = 0;
  start_pass (self);
}

void
rounds_sync_schedule_hold (RoundsSyncSchedule *self, guint seconds)
{
  gint64 until_us = g_get_monotonic_time () + (gint64) seconds * G_USEC_PER_SEC;

  g_return_if_fail (ROUNDS_IS_SYNC_SCHEDULE (self));

  if (self->cancellable == NULL)
    return;
  self->hold_until_us = MAX (self->hold_until_us, until_us);
  rounds_sync_schedule_cancel_pass (self);
  if (self->timer != 0 && self->timer_at_us < self->hold_until_us)
    g_clear_handle_id (&self->timer, g_source_remove);
  plan (self, seconds * 1000);
}

void
rounds_sync_schedule_cancel_pass (RoundsSyncSchedule *self)
{
  g_return_if_fail (ROUNDS_IS_SYNC_SCHEDULE (self));

  if (self->cancellable == NULL || !is_busy (self))
    return;
  g_queue_clear_full (&self->waiting, g_object_unref);
  self->again = FALSE;
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
}

void
rounds_sync_schedule_stop (RoundsSyncSchedule *self)
{
  g_return_if_fail (ROUNDS_IS_SYNC_SCHEDULE (self));

  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_queue_clear_full (&self->waiting, g_object_unref);
}

static void
rounds_sync_schedule_dispose (GObject *object)
{
  RoundsSyncSchedule *self = ROUNDS_SYNC_SCHEDULE (object);

  rounds_sync_schedule_stop (self);
  if (self->store != NULL)
    g_signal_handlers_disconnect_by_data (self->store, self);
  if (self->network != NULL)
    g_signal_handlers_disconnect_by_data (self->network, self);
  g_clear_object (&self->running);
  g_clear_object (&self->network);
  g_clear_object (&self->status);
  g_clear_object (&self->store);
  g_clear_error (&self->error);
  g_clear_pointer (&self->notes, g_ptr_array_unref);
  G_OBJECT_CLASS (rounds_sync_schedule_parent_class)->dispose (object);
}

static void
rounds_sync_schedule_class_init (RoundsSyncScheduleClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = rounds_sync_schedule_dispose;
}

static void
rounds_sync_schedule_init (RoundsSyncSchedule *self)
{
  g_queue_init (&self->waiting);
  self->notes = g_ptr_array_new_with_free_func (g_free);
  self->cancellable = g_cancellable_new ();
  self->network = g_object_ref (g_network_monitor_get_default ());
}

RoundsSyncSchedule *
rounds_sync_schedule_new (RoundsStore *store, RoundsSyncStatus *status)
{
  RoundsSyncSchedule *self = g_object_new (ROUNDS_TYPE_SYNC_SCHEDULE, NULL);

  self->store = g_object_ref (store);
  self->status = g_object_ref (status);
  g_signal_connect (store, "outbox-changed", G_CALLBACK (outbox_changed_cb), self);
  g_signal_connect (self->network, "network-changed", G_CALLBACK (network_changed_cb), self);
  plan (self, AFTER_NETWORK_MS);
  return self;
}
