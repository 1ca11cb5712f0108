/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two FHIR servers on one database behind a proxy, one of which dies in the middle: nothing lost, nothing twice. */

#include "test-cloud.h"

typedef struct {
  RoundsStore *store;
  RoundsSyncReport report;
  gboolean ok;
  GError *error;
  gint over;
} Run;

static gpointer
run_thread (gpointer data)
{
  Run *self = data;
  g_autoptr (RoundsSync) sync = rounds_sync_new (self->store, "ward");

  self->ok = rounds_sync_run (sync, TRUE, NULL, &self->report, &self->error);
  g_atomic_int_set (&self->over, 1);
  return NULL;
}

/* Waits until so many observations are there as this replica sees it. */
static void
wait_for_count (guint replica, gint64 count)
{
  gint64 deadline = g_get_monotonic_time () + 120 * G_USEC_PER_SEC;

  while (cloud_count_at (the_cloud (), replica, "Observation") < count)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (5000);
    }
}

/* Waits until records of so many types have come. */
static void
wait_for_types (RoundsStore *store, guint n)
{
  gint64 deadline = g_get_monotonic_time () + 120 * G_USEC_PER_SEC;
  guint len = 0;

  while (len < n)
    {
      g_autoptr (GPtrArray) counts = rounds_store_count (store, NULL, NULL);

      len = counts != NULL ? counts->len : 0;
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (5000);
    }
}

/* Passes until one is whole. Returns how many it took. */
static guint
sync_until_whole (RoundsStore *store)
{
  guint n;

  for (n = 1; n < 20; n++)
    {
      Run run = { .store = store };
      gboolean whole;

      run_thread (&run);
      whole = run.ok && run.report.complete && run.report.pending == 0;
      if (run.error != NULL)
        g_test_message ("%s", run.error->message);
      rounds_sync_report_clear (&run.report);
      g_clear_error (&run.error);
      if (whole)
        return n;
      g_usleep (500000);
    }
  g_assert_not_reached ();
}

static void
assert_written_once (RoundsStore *store, const char *prefix, guint expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) counts = rounds_store_count (store, NULL, &error);
  guint i, j, n = 0;

  for (i = 0; i < counts->len; i++)
    {
      const char *type = ((RoundsCount *) counts->pdata[i])->type;
      g_autoptr (GPtrArray) list = rounds_store_list (store, type, NULL, 0, &error);

      g_assert_no_error (error);
      for (j = 0; j < list->len; j++)
        {
          RoundsRecord *record = list->pdata[j];

          if (!g_str_has_prefix (record->id, prefix))
            continue;
          g_assert_cmpstr (record->base_version, ==, "1");
          n++;
        }
    }
  g_assert_cmpuint (n, ==, expected);
}

/* Paths hold identifiers; also where a replica failed the proxy wrote none down. */
static void
assert_no_paths_in_log (void)
{
  g_autofree char *path = g_build_filename (the_cloud ()->folder, "nginx.log", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (text, " GET 200 "));
  g_assert_null (strstr (text, "fhir/"));
  g_assert_null (strstr (text, "dicom-web/"));
}

static void
test_one_dies (void)
{
  Fixture a, b;
  Run run = { 0 };
  GThread *thread;
  g_autofree char *uuid = g_uuid_string_random ();
  g_autofree char *prefix = g_strdup_printf ("r%.6s.", uuid);
  gint64 before;
  guint n, waiting, passes;

  cloud_fixture_new (&a, the_cloud ());
  cloud_fixture_new (&b, the_cloud ());
  cloud_wait_replica (the_cloud (), 1);
  sync_once (a.store);
  n = import_folder (a.store, "fhir-synthea-vitals", prefix, 4);
  if (n == 0)
    {
      g_test_skip ("no shared data");
      fixture_clear (&a);
      fixture_clear (&b);
      return;
    }
  waiting = rounds_store_outbox_count (a.store, NULL);
  before = cloud_count_at (the_cloud (), 1, "Observation");

  /* Up, and the first dies in the middle. */
  run.store = a.store;
  thread = g_thread_new ("sync", run_thread, &run);
  wait_for_count (1, before + 50);
  cloud_kill_replica (the_cloud (), 0);
  g_assert_cmpint (g_atomic_int_get (&run.over), ==, 0);
  g_thread_join (thread);
  g_test_message ("sent while a replica died: %u of %u, %s", run.report.pushed, waiting,
                  run.ok ? "a whole pass" : run.error->message);
  rounds_sync_report_clear (&run.report);
  g_clear_error (&run.error);
  passes = sync_until_whole (a.store);
  g_test_message ("whole after %u more", passes);
  assert_outbox_empty (a.store);
  assert_audit_ok (a.store);
  assert_counts_equal (the_cloud (), a.store);
  assert_written_once (a.store, prefix, waiting);

  /* Down, and the second dies in the middle; the first has come back. */
  cloud_wait_replica (the_cloud (), 0);
  memset (&run, 0, sizeof run);
  run.store = b.store;
  thread = g_thread_new ("sync", run_thread, &run);
  wait_for_types (b.store, 4);
  cloud_kill_replica (the_cloud (), 1);
  g_assert_cmpint (g_atomic_int_get (&run.over), ==, 0);
  g_thread_join (thread);
  g_test_message ("fetched while a replica died: %u, %s", run.report.pulled,
                  run.ok ? "a whole pass" : run.error->message);
  rounds_sync_report_clear (&run.report);
  g_clear_error (&run.error);
  sync_until_whole (b.store);
  assert_counts_equal (the_cloud (), b.store);
  assert_same_content (a.store, b.store);
  assert_written_once (b.store, prefix, waiting);
  assert_no_paths_in_log ();
  fixture_clear (&a);
  fixture_clear (&b);
}

/* The database crashes in the middle of an upload: what it has acknowledged is on its disk, the rest is sent again. */
static void
test_database_crashes (void)
{
  Fixture a, b;
  Run run = { 0 };
  GThread *thread;
  g_autofree char *uuid = g_uuid_string_random ();
  g_autofree char *prefix = g_strdup_printf ("d%.6s.", uuid);
  gint64 before;
  guint n, waiting;

  cloud_fixture_new (&a, the_cloud ());
  cloud_fixture_new (&b, the_cloud ());
  cloud_wait_replica (the_cloud (), 1);   /* whoever starts meanwhile would not survive it */
  sync_once (a.store);
  n = import_folder (a.store, "fhir-synthea-vitals", prefix, 3);
  if (n == 0)
    {
      g_test_skip ("no shared data");
      fixture_clear (&a);
      fixture_clear (&b);
      return;
    }
  waiting = rounds_store_outbox_count (a.store, NULL);
  before = cloud_count (the_cloud (), "Observation");
  run.store = a.store;
  thread = g_thread_new ("sync", run_thread, &run);
  while (g_atomic_int_get (&run.over) == 0 && cloud_count (the_cloud (), "Observation") < before + 30)
    g_usleep (5000);
  g_assert_cmpint (g_atomic_int_get (&run.over), ==, 0);
  cloud_crash_database (the_cloud ());
  g_thread_join (thread);
  g_test_message ("sent while the database crashed: %u of %u, %s", run.report.pushed, waiting,
                  run.ok ? "a whole pass" : run.error->message);
  rounds_sync_report_clear (&run.report);
  g_clear_error (&run.error);
  cloud_restart_images (the_cloud ());   /* it would find back by itself, in a minute */
  sync_until_whole (a.store);
  assert_outbox_empty (a.store);
  assert_audit_ok (a.store);
  assert_counts_equal (the_cloud (), a.store);
  assert_written_once (a.store, prefix, waiting);
  sync_until_whole (b.store);
  assert_counts_equal (the_cloud (), b.store);
  assert_same_content (a.store, b.store);
  fixture_clear (&a);
  fixture_clear (&b);
}

void
add_database_tests (void)
{
  add_case ("/replicas/database-crashes", test_database_crashes);
}

void
add_replica_tests (void)
{
  add_case ("/replicas/one-dies", test_one_dies);
}
