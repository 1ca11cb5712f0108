/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The schedule of sync as the window has it: one pass over every connection after the other, at a person's
 * word, after an edit has rested a little, and every few minutes. It is off while there is no network or while
 * the network is metered and nobody asked.
 */

#include "app/sync-runner.h"

#include <glib/gi18n-lib.h>

#include "base/instant.h"
#include "sync/connection.h"
#include "sync/session.h"

#define REST_AFTER_EDIT_SECONDS 20

struct _RoundsSyncRunner {
  GObject parent_instance;

  RoundsStore *store;
  GSettings *settings;
  GCancellable *cancellable;   /* of the passes that run now */
  GPtrArray *queue;            /* char *: connections still to do in this round */
  RoundsSync *sync;            /* runs now */
  char *status;
  double fraction;
  gint64 last_good_us;
  guint timer_id;
  guint rest_id;
  gulong outbox_handler;
  gboolean listing;
};

enum {
  CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RoundsSyncRunner, rounds_sync_runner, G_TYPE_OBJECT)

static void
say (RoundsSyncRunner *self, char *status)
{
  g_free (self->status);
  self->status = status;
  g_signal_emit (self, signals[CHANGED], 0);
}

static void next_connection (RoundsSyncRunner *self);

static void
progressed_cb (RoundsSyncRunner *self, const char *phase, guint done, guint total)
{
  const char *words = g_str_equal (phase, "upload")     ? _("Sending")
                      : g_str_equal (phase, "download") ? _("Receiving")
                                                        : _("Images");

  self->fraction = total > 0 ? (double) done / total : -1;
  say (self, total > 0 ? g_strdup_printf (_("%s: %u of %u"), words, done, total)
                       : g_strdup_printf ("%s: %u", words, done));
}

static void
drop_sync (RoundsSyncRunner *self)
{
  if (self->sync != NULL)
    g_signal_handlers_disconnect_by_data (self->sync, self);
  g_clear_object (&self->sync);
}

static void
passed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsSyncRunner) self = user_data;
  RoundsSyncReport report = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean ok = rounds_sync_run_finish (ROUNDS_SYNC (source), result, &report, &error);
  char *status = NULL;

  if (self->sync != (RoundsSync *) source)
    {
      rounds_sync_report_clear (&report);
      return;
    }
  drop_sync (self);
  if (ok)
    {
      g_autofree char *clock = NULL;
      g_autoptr (GDateTime) now = g_date_time_new_now_local ();

      self->last_good_us = rounds_instant_now_us ();
      clock = g_date_time_format (now, "%H:%M");
      status = g_strdup_printf (_("Last sync %s: %u sent, %u received"), clock, report.pushed, report.pulled);
    }
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    status = g_strdup (_("Sync was cancelled; what was sent and received is kept"));
  else
    status = g_strdup_printf (_("Sync stopped: %s. Nothing is lost; it will be tried again."), error->message);
  rounds_sync_report_clear (&report);
  say (self, status);
  if (ok)
    next_connection (self);
  else
    g_ptr_array_set_size (self->queue, 0);
}

static void
next_connection (RoundsSyncRunner *self)
{
  g_autofree char *name = NULL;

  if (self->queue->len == 0 || self->store == NULL)
    {
      g_signal_emit (self, signals[CHANGED], 0);
      return;
    }
  name = g_ptr_array_steal_index (self->queue, 0);
  self->sync = rounds_sync_new (self->store, name);
  self->fraction = -1;
  g_signal_connect_swapped (self->sync, "progress", G_CALLBACK (progressed_cb), self);
  say (self, g_strdup_printf (_("Syncing with %s…"), name));
  rounds_sync_run_async (self->sync, self->cancellable, passed_cb, g_object_ref (self));
}

static gpointer
list_connections (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  return rounds_connection_list (store, error);
}

static void
connections_listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsSyncRunner) self = user_data;
  g_autoptr (GPtrArray) connections = rounds_store_run_finish (ROUNDS_STORE (source), result, NULL);

  self->listing = FALSE;
  if (connections == NULL || self->store != (RoundsStore *) source)
    return;
  for (guint i = 0; i < connections->len; i++)
    g_ptr_array_add (self->queue, g_strdup (((RoundsConnection *) connections->pdata[i])->name));
  next_connection (self);
}

static void
start (RoundsSyncRunner *self)
{
  if (self->store == NULL || self->listing || rounds_sync_runner_is_running (self))
    return;
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  self->listing = TRUE;
  rounds_store_run_async (self->store, list_connections, NULL, NULL, (GDestroyNotify) g_ptr_array_unref,
                          self->cancellable, connections_listed_cb, g_object_ref (self));
}

static void
start_by_itself (RoundsSyncRunner *self)
{
  GNetworkMonitor *monitor = g_network_monitor_get_default ();

  /* Loopback needs no network, so its absence only matters where the monitor sees one at all. */
  if (g_network_monitor_get_network_metered (monitor) || g_settings_get_uint (self->settings, "sync-minutes") == 0)
    return;
  start (self);
}

static gboolean
timer_cb (gpointer user_data)
{
  RoundsSyncRunner *self = user_data;
  guint minutes = g_settings_get_uint (self->settings, "sync-minutes");

  if (minutes > 0 && rounds_instant_now_us () - self->last_good_us >= minutes * 60 * G_USEC_PER_SEC)
    start_by_itself (self);
  return G_SOURCE_CONTINUE;
}

static gboolean
rested_cb (gpointer user_data)
{
  RoundsSyncRunner *self = user_data;

  self->rest_id = 0;
  start_by_itself (self);
  return G_SOURCE_REMOVE;
}

/* Sync itself changes the outbox, so only a resting outbox starts a pass. */
static void
outbox_changed_cb (RoundsSyncRunner *self)
{
  if (rounds_sync_runner_is_running (self))
    return;
  g_clear_handle_id (&self->rest_id, g_source_remove);
  self->rest_id = g_timeout_add_seconds (REST_AFTER_EDIT_SECONDS, rested_cb, self);
}

void
rounds_sync_runner_set_store (RoundsSyncRunner *self, RoundsStore *store)
{
  g_return_if_fail (ROUNDS_IS_SYNC_RUNNER (self));

  rounds_sync_runner_cancel (self);
  drop_sync (self);
  g_clear_handle_id (&self->timer_id, g_source_remove);
  g_clear_handle_id (&self->rest_id, g_source_remove);
  if (self->store != NULL)
    g_clear_signal_handler (&self->outbox_handler, self->store);
  g_set_object (&self->store, store);
  self->listing = FALSE;
  self->last_good_us = 0;
  g_free (self->status);
  self->status = g_strdup (_("Not synced yet"));
  if (store != NULL)
    {
      self->outbox_handler =
          g_signal_connect_swapped (store, "outbox-changed", G_CALLBACK (outbox_changed_cb), self);
      self->timer_id = g_timeout_add_seconds (60, timer_cb, self);
      self->rest_id = g_timeout_add_seconds (3, rested_cb, self);
    }
}

void
rounds_sync_runner_start (RoundsSyncRunner *self)
{
  g_return_if_fail (ROUNDS_IS_SYNC_RUNNER (self));

  g_clear_handle_id (&self->rest_id, g_source_remove);
  start (self);
}

void
rounds_sync_runner_cancel (RoundsSyncRunner *self)
{
  g_return_if_fail (ROUNDS_IS_SYNC_RUNNER (self));

  g_ptr_array_set_size (self->queue, 0);
  g_cancellable_cancel (self->cancellable);
}

gboolean
rounds_sync_runner_is_running (RoundsSyncRunner *self)
{
  g_return_val_if_fail (ROUNDS_IS_SYNC_RUNNER (self), FALSE);

  return self->sync != NULL;
}

double
rounds_sync_runner_get_fraction (RoundsSyncRunner *self)
{
  g_return_val_if_fail (ROUNDS_IS_SYNC_RUNNER (self), -1);

  return self->fraction;
}

const char *
rounds_sync_runner_get_status (RoundsSyncRunner *self)
{
  g_return_val_if_fail (ROUNDS_IS_SYNC_RUNNER (self), "");

  return self->status;
}

static void
rounds_sync_runner_dispose (GObject *object)
{
  RoundsSyncRunner *self = ROUNDS_SYNC_RUNNER (object);

  rounds_sync_runner_set_store (self, NULL);
  G_OBJECT_CLASS (rounds_sync_runner_parent_class)->dispose (object);
}

static void
rounds_sync_runner_finalize (GObject *object)
{
  RoundsSyncRunner *self = ROUNDS_SYNC_RUNNER (object);

  g_ptr_array_unref (self->queue);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->settings);
  g_free (self->status);
  G_OBJECT_CLASS (rounds_sync_runner_parent_class)->finalize (object);
}

static void
rounds_sync_runner_class_init (RoundsSyncRunnerClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = rounds_sync_runner_dispose;
  G_OBJECT_CLASS (klass)->finalize = rounds_sync_runner_finalize;
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
}

static void
rounds_sync_runner_init (RoundsSyncRunner *self)
{
  self->queue = g_ptr_array_new_with_free_func (g_free);
  self->cancellable = g_cancellable_new ();
  self->settings = g_settings_new (ROUNDS_APP_ID);
  self->status = g_strdup (_("Not synced yet"));
  self->fraction = -1;
}

RoundsSyncRunner *
rounds_sync_runner_new (void)
{
  return g_object_new (ROUNDS_TYPE_SYNC_RUNNER, NULL);
}
