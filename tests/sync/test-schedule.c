/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Syncing in the background: at start, after a change, and what the window is told of it. */

#include "../fault/fhir-server.h"
#include "../store/store-fixture.h"
#include "sync/connection.h"
#include "sync/schedule.h"

typedef struct {
  Fixture fixture;
  MiniFhir *server;
  RoundsSyncStatus *status;
} Case;

typedef gboolean (*Condition) (Case *self);

static gboolean
late_cb (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
wait_for (Case *self, Condition condition)
{
  gboolean late = FALSE;
  guint timer = g_timeout_add_seconds (60, late_cb, &late);

  while (!condition (self))
    {
      g_main_context_iteration (NULL, TRUE);
      g_assert_false (late);
    }
  g_source_remove (timer);
}

static gboolean
is_idle (Case *self)
{
  return rounds_sync_status_get_state (self->status) == ROUNDS_SYNC_STATUS_IDLE &&
         rounds_sync_status_get_last_success_us (self->status) > 0;
}

static gboolean
first_has_arrived (Case *self)
{
  return mini_get (self->server, "Patient", "p1") != NULL && is_idle (self) &&
         rounds_sync_status_get_n_pending (self->status) == 0;
}

static gboolean
second_waits (Case *self)
{
  return rounds_sync_status_get_n_pending (self->status) == 1;
}

static gboolean
is_offline (Case *self)
{
  return rounds_sync_status_get_state (self->status) == ROUNDS_SYNC_STATUS_OFFLINE;
}

static gboolean
has_no_connection (Case *self)
{
  return rounds_sync_status_get_state (self->status) == ROUNDS_SYNC_STATUS_NONE;
}

static gboolean
drop_everything (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  answer->drop = TRUE;
  return TRUE;
}

static void
put_patient (Case *self, const char *id)
{
  g_autofree char *json = patient_json (id, "Any", "Ann");

  must_put (self->fixture.store, "Patient", id, json);
}

static void
test_schedule (void)
{
  Case self = { 0 };
  g_autoptr (RoundsConnection) connection = rounds_connection_new ("ward");
  g_autoptr (RoundsSyncSchedule) schedule = NULL;
  g_autoptr (GError) error = NULL;

  fixture_new (&self.fixture);
  self.server = mini_fhir_new ();
  self.status = rounds_sync_status_new (self.fixture.store);
  schedule = rounds_sync_schedule_new (self.fixture.store, self.status);
  wait_for (&self, has_no_connection);
  connection->fhir_url = g_strdup (self.server->url);
  rounds_connection_save (self.fixture.store, connection, NULL, &error);
  g_assert_no_error (error);
  rounds_sync_schedule_run_now (schedule);
  wait_for (&self, is_idle);
  g_assert_null (rounds_sync_status_get_message (self.status));

  put_patient (&self, "p1");   /* nobody presses a button */
  wait_for (&self, first_has_arrived);

  self.server->before = drop_everything;
  put_patient (&self, "p2");
  wait_for (&self, second_waits);
  wait_for (&self, is_offline);
  g_assert_nonnull (rounds_sync_status_get_message (self.status));
  g_assert_cmpuint (rounds_sync_status_get_n_pending (self.status), ==, 1);

  rounds_sync_schedule_stop (schedule);
  g_clear_object (&schedule);
  g_clear_object (&self.status);
  fixture_clear (&self.fixture);
  mini_fhir_free (self.server);
}

static gboolean
third_has_arrived (Case *self)
{
  return mini_get (self->server, "Patient", "p3") != NULL;
}

static gboolean
clock_is_told (Case *self)
{
  const char *const *notes = rounds_sync_status_get_notes (self->status);

  return notes != NULL && is_idle (self) && strstr (notes[0], "clock") != NULL;
}

static gboolean
clock_is_right (Case *self)
{
  return rounds_sync_status_get_notes (self->status) == NULL && is_idle (self);
}

/* What was just decided can be taken back for a while; what a pass has to say reaches the window, and goes away. */
static void
test_hold_and_notes (void)
{
  Case self = { 0 };
  g_autoptr (RoundsConnection) connection = rounds_connection_new ("ward");
  g_autoptr (RoundsSyncSchedule) schedule = NULL;
  g_autoptr (GError) error = NULL;
  gint64 start_us;

  fixture_new (&self.fixture);
  self.server = mini_fhir_new ();
  connection->fhir_url = g_strdup (self.server->url);
  rounds_connection_save (self.fixture.store, connection, NULL, &error);
  g_assert_no_error (error);
  self.status = rounds_sync_status_new (self.fixture.store);
  schedule = rounds_sync_schedule_new (self.fixture.store, self.status);
  self.server->date_skew_us = (gint64) 20 * 60 * G_USEC_PER_SEC;
  wait_for (&self, clock_is_told);
  self.server->date_skew_us = 0;
  rounds_sync_schedule_run_now (schedule);
  wait_for (&self, clock_is_right);

  rounds_sync_schedule_hold (schedule, 5);
  start_us = g_get_monotonic_time ();
  put_patient (&self, "p3");
  wait_for (&self, third_has_arrived);
  g_assert_cmpint (g_get_monotonic_time () - start_us, >=, (gint64) 4900 * 1000);

  rounds_sync_schedule_stop (schedule);
  g_clear_object (&schedule);
  g_clear_object (&self.status);
  fixture_clear (&self.fixture);
  mini_fhir_free (self.server);
}

/* An hour without a cloud, by a clock of this test's own: a few tries, and never two workstations in step. */
static void
test_offline_for_an_hour (void)
{
  const gint64 hour_us = (gint64) 3600 * G_USEC_PER_SEC;
  guint round, least = G_MAXUINT, most = 0;
  g_autoptr (GHashTable) waits = g_hash_table_new (NULL, NULL);

  for (round = 0; round < 200; round++)
    {
      guint n = 0;
      gint64 now_us;

      for (now_us = 0; now_us < hour_us; n++)
        {
          gint64 wait_us = rounds_sync_wait_us (n + 1, FALSE);

          g_assert_cmpint (wait_us, >=, 4 * G_USEC_PER_SEC);
          g_assert_cmpint (wait_us, <=, 904 * G_USEC_PER_SEC);
          if (n == 5)
            g_hash_table_add (waits, GSIZE_TO_POINTER ((gsize) (wait_us / G_USEC_PER_SEC) + 1));
          now_us += wait_us;
        }
      least = MIN (least, n);
      most = MAX (most, n);
    }
  g_assert_cmpuint (most, <, 40);
  g_assert_cmpuint (least, >=, 5);   /* and it does not give up */
  g_assert_cmpuint (g_hash_table_size (waits), >, 50);
  g_assert_cmpint (rounds_sync_wait_us (0, FALSE), ==, 300 * G_USEC_PER_SEC);
  g_assert_cmpint (rounds_sync_wait_us (0, TRUE), ==, 1800 * G_USEC_PER_SEC);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/schedule/background", test_schedule);
  g_test_add_func ("/schedule/hold-and-notes", test_hold_and_notes);
  g_test_add_func ("/schedule/offline-for-an-hour", test_offline_for_an_hour);
  return g_test_run ();
}
