/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Thousands of records up and down, and a workstation that dies on the way. */

#include "test-cloud.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "fhir/bundle.h"
#include "fhir/reference.h"

/* Imports the bundles of a folder of the shared data, ids prefixed so that each use is a ward of its own. */
static char *
prefix_reference (const char *reference, gpointer data)
{
  const char *slash = strchr (reference, '/');

  if (slash == NULL || reference[0] == '#' || strstr (reference, "://") != NULL || strchr (reference, '?') != NULL)
    return NULL;
  return g_strdup_printf ("%.*s/%s%s", (int) (slash - reference), reference, (const char *) data, slash + 1);
}

static guint
import_document (RoundsStore *store, const char *path, const char *prefix)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (json_object) document = NULL;
  g_autoptr (GPtrArray) refused = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) items = NULL;
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autofree RoundsImportItem *imports = NULL;
  gsize size;
  guint i;

  g_file_get_contents (path, &text, &size, &error);
  g_assert_no_error (error);
  document = rounds_json_parse (text, size, &error);
  g_assert_no_error (error);
  items = rounds_bundle_take (document, refused, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (refused->len, ==, 0);
  imports = g_new0 (RoundsImportItem, items->len + 1);
  for (i = 0; i < items->len; i++)
    {
      RoundsBundleItem *item = items->pdata[i];
      g_autofree char *id = g_strconcat (prefix, item->id, NULL);

      json_object_object_add (item->resource, "id", json_object_new_string (id));
      rounds_reference_rewrite (item->resource, prefix_reference, (gpointer) prefix);
      g_ptr_array_add (texts, rounds_json_print (item->resource));
      imports[i].type = item->type;
      imports[i].json = texts->pdata[texts->len - 1];
      g_ptr_array_add (texts, g_steal_pointer (&id));
      imports[i].id = texts->pdata[texts->len - 1];
    }
  rounds_store_import (store, imports, items->len, FALSE, "test", NULL, &error);
  g_assert_no_error (error);
  return items->len;
}

guint
import_folder (RoundsStore *store, const char *name, const char *prefix, guint max_files)
{
  const char *root = g_getenv ("ROUNDS_SHARED_DATA");
  g_autofree char *folder = g_build_filename (root != NULL ? root : "", name, NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *file;
  guint i, n = 0;

  while (dir != NULL && (file = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (file, ".json"))
      g_ptr_array_add (names, g_build_filename (folder, file, NULL));
  g_ptr_array_sort_values (names, (GCompareFunc) strcmp);
  for (i = 0; i < names->len && i < max_files; i++)
    n += import_document (store, names->pdata[i], prefix);
  return n;
}

static void
test_ward_up_and_down (void)
{
  Fixture a, b;
  RoundsSyncReport report;
  guint n, waiting;

  cloud_fixture_new (&a, the_cloud ());
  cloud_fixture_new (&b, the_cloud ());
  n = import_folder (a.store, "fhir-synthea-vitals", "", G_MAXUINT);
  n += import_folder (a.store, "fhir-synthea-smart", "", G_MAXUINT);
  if (n == 0)
    {
      g_test_skip ("no shared data");
      fixture_clear (&a);
      fixture_clear (&b);
      return;
    }
  waiting = rounds_store_outbox_count (a.store, NULL);
  g_assert_cmpuint (waiting, <=, n);
  g_assert_cmpuint (waiting, >, 500);
  must_sync (a.store, &report);
  g_test_message ("%u resources up in %.1f s", report.pushed, report.seconds);
  g_assert_cmpuint (report.pushed, ==, waiting);
  g_assert_true (report.complete);
  rounds_sync_report_clear (&report);
  must_sync (b.store, &report);
  g_test_message ("%u versions down in %.1f s", report.pulled, report.seconds);
  g_assert_cmpuint (report.pulled, >=, waiting);
  rounds_sync_report_clear (&report);
  assert_counts_equal (the_cloud (), a.store);
  assert_counts_equal (the_cloud (), b.store);
  assert_outbox_empty (b.store);
  assert_outbox_empty (a.store);
  if (the_cloud ()->keeps_digits)
    g_assert_cmpuint (assert_same_content (a.store, b.store), >=, waiting);
  must_sync (a.store, &report);
  g_test_message ("a pass without news in %.2f s", report.seconds);
  g_assert_cmpuint (report.pulled + report.pushed, ==, 0);
  rounds_sync_report_clear (&report);
  assert_audit_ok (b.store);
  fixture_clear (&a);
  fixture_clear (&b);
}

/* --- killed while syncing ------------------------------------------------------------------------------- */

int
sync_child (const char *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsVault) vault = rounds_vault_open (folder, &error);
  g_autoptr (RoundsSecret) passphrase = secret_of ("correct horse");
  g_autoptr (RoundsSecret) key = NULL;
  g_autoptr (RoundsStore) store = NULL;
  g_autoptr (RoundsSync) sync = NULL;
  RoundsSyncReport report;

  g_assert_no_error (error);
  key = rounds_vault_unlock (vault, passphrase, &error);
  g_assert_no_error (error);
  store = rounds_store_open (vault, key, FALSE, &error);
  g_assert_no_error (error);
  sync = rounds_sync_new (store, "ward");
  if (!rounds_sync_run (sync, TRUE, NULL, &report, &error))
    g_printerr ("child: %s\n", error->message);
  rounds_sync_report_clear (&report);
  return error == NULL ? 0 : 1;
}

#define MAX_KILLS 8

/* Lives for so many milliseconds at most (0: as long as it likes). TRUE when it came to its end by itself. */
static gboolean
run_and_kill (const char *folder, guint ms)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  char *argv[] = { self, (char *) "--sync-child", (char *) folder, NULL };
  gint64 deadline = g_get_monotonic_time () + (gint64) ms * 1000;
  GPid pid;
  int status = 0;

  g_spawn_async (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, &error);
  g_assert_no_error (error);
  while (waitpid (pid, &status, WNOHANG) == 0)
    {
      if (ms > 0 && g_get_monotonic_time () > deadline)
        {
          kill (pid, SIGKILL);
          waitpid (pid, &status, 0);
          return FALSE;
        }
      g_usleep (2000);
    }
  g_assert_true (WIFEXITED (status) && WEXITSTATUS (status) == 0);
  return TRUE;
}

static void
test_killed_while_syncing (void)
{
  Fixture a, b;
  /* The one in this process answers a whole ward in a fraction of a second. */
  gboolean quick = the_cloud ()->kind == CLOUD_FAULT;
  guint n, kills = 0, ms = quick ? 60 : 150;
  g_autofree char *uuid = g_uuid_string_random ();
  g_autofree char *prefix = g_strdup_printf ("k%.6s.", uuid);
  gint64 before;

  cloud_fixture_new (&a, the_cloud ());
  cloud_fixture_new (&b, the_cloud ());
  sync_once (a.store);
  before = cloud_count (the_cloud (), "Observation");
  n = import_folder (a.store, "fhir-synthea-vitals", prefix, 4);
  if (n == 0)
    {
      g_test_skip ("no shared data");
      fixture_clear (&a);
      fixture_clear (&b);
      return;
    }
  fixture_close (&a);
  while (!run_and_kill (a.folder, ms))
    {
      kills++;
      ms = kills < MAX_KILLS ? ms + (quick ? 30 : 60 + ms / 3) : 0;   /* a later place each time */
    }
  g_test_message ("killed %u times before the last run came through", kills);
  g_assert_cmpuint (kills, >, 2);
  fixture_open (&a);
  assert_outbox_empty (a.store);
  assert_audit_ok (a.store);
  assert_counts_equal (the_cloud (), a.store);
  g_assert_cmpint (cloud_count (the_cloud (), "Observation"), >, before);
  sync_once (b.store);
  if (the_cloud ()->keeps_digits)
    assert_same_content (a.store, b.store);
  fixture_clear (&a);
  fixture_clear (&b);
}

void
add_bulk_tests (void)
{
  add_case ("/bulk/ward-up-and-down", test_ward_up_and_down);
  add_case ("/bulk/killed-while-syncing", test_killed_while_syncing);
}
