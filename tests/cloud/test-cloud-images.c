/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Images to and from a real image server, byte for byte. */

#include "test-cloud.h"

#include "cloud/dicomweb-client.h"
#include "scans/scan-import.h"
#include "sync/images.h"

static GPtrArray *
load_series (const char *name)
{
  const char *root = g_getenv ("ROUNDS_SHARED_DATA");
  g_autofree char *folder = g_build_filename (root != NULL ? root : "", name, NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  GPtrArray *files;
  const char *file;

  if (dir == NULL)
    return NULL;
  files = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  while ((file = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, file, NULL);
      char *data;
      gsize size;

      if (g_file_get_contents (path, &data, &size, NULL))
        {
          GBytes *bytes = g_bytes_new_take (data, size);

          if (rounds_dicom_looks_like ((const guint8 *) data, size))
            g_ptr_array_add (files, bytes);
          else
            g_bytes_unref (bytes);
        }
    }
  return files;
}

static void
test_store_query_fetch (void)
{
  Fixture a, b;
  RoundsSyncReport report;
  g_autoptr (GPtrArray) files = load_series ("mr-t1-studyforrest");
  g_autoptr (GPtrArray) mine = NULL;
  g_autoptr (GPtrArray) known = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *study = NULL;
  guint i, n_fetched = 0;

  if (files == NULL || files->len == 0)
    {
      g_test_skip ("no shared data");
      return;
    }
  cloud_fixture_new (&a, the_cloud ());
  cloud_fixture_new (&b, the_cloud ());
  for (i = 0; i < files->len; i++)
    {
      RoundsImportOutcome outcome;

      rounds_scans_import_bytes (a.store, files->pdata[i], FALSE, &outcome, NULL, &error);
      g_assert_no_error (error);
    }
  g_assert_cmpuint (rounds_store_scan_outbox_count (a.store, NULL), ==, files->len);
  must_sync (a.store, &report);
  g_assert_cmpuint (report.images_pushed, ==, files->len);
  g_assert_cmpuint (report.pending, ==, 0);
  rounds_sync_report_clear (&report);

  must_sync (b.store, &report);
  g_assert_cmpuint (report.images_indexed, ==, files->len);
  rounds_sync_report_clear (&report);
  {
    g_autoptr (RoundsDicomFile) first = rounds_dicom_file_new (files->pdata[0], &error);

    study = rounds_dicom_file_dup_string (first, 0x0020000D);
  }
  known = rounds_store_scan_list (b.store, NULL, study, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (known->len, ==, files->len);
  for (i = 0; i < known->len; i++)
    {
      RoundsScanInstance *instance = known->pdata[i];

      g_assert_false (instance->on_device);
      g_assert_cmpstr (instance->modality, ==, "MR");
    }
  /* One alone, then the rest: nothing comes twice. */
  rounds_sync_fetch_instance (b.store, ((RoundsScanInstance *) known->pdata[0])->sop_uid, rounds_scans_import_bytes,
                              NULL, &error);
  g_assert_no_error (error);
  rounds_sync_fetch_study (b.store, study, rounds_scans_import_bytes, &n_fetched, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_fetched, ==, files->len - 1);

  mine = rounds_store_scan_list (a.store, NULL, study, NULL, &error);
  for (i = 0; i < mine->len; i++)
    {
      const char *uid = ((RoundsScanInstance *) mine->pdata[i])->sop_uid;
      g_autoptr (GBytes) left = rounds_store_scan_get (a.store, uid, &error);
      g_autoptr (GBytes) right = rounds_store_scan_get (b.store, uid, &error);
      g_autoptr (RoundsScanInstance) info = rounds_store_scan_info (b.store, uid, &error);

      g_assert_no_error (error);
      g_assert_true (info->on_device);
      g_assert_true (rounds_dicomweb_same_dataset (left, right));
    }
  g_assert_cmpuint (rounds_store_scan_outbox_count (b.store, NULL), ==, 0);
  fixture_clear (&a);
  fixture_clear (&b);
}

/* The same UID with other content is answered 200 by the server and not stored: it must not pass for sent. */
static void
test_same_uid_other_content (void)
{
  Fixture a;
  RoundsSyncReport report;
  g_autoptr (GPtrArray) files = load_series ("mr-t1-studyforrest");
  g_autoptr (GBytes) changed = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsSync) sync = NULL;
  RoundsImportOutcome outcome;
  guint8 *data;
  gsize size;

  if (files == NULL || files->len == 0)
    {
      g_test_skip ("no shared data");
      return;
    }
  data = g_memdup2 (g_bytes_get_data (files->pdata[0], &size), g_bytes_get_size (files->pdata[0]));
  data[size - 1] ^= 1;   /* one pixel */
  changed = g_bytes_new_take (data, size);
  cloud_fixture_new (&a, the_cloud ());
  rounds_scans_import_bytes (a.store, files->pdata[1], FALSE, &outcome, NULL, &error);
  g_assert_no_error (error);
  rounds_scans_import_bytes (a.store, changed, FALSE, &outcome, NULL, &error);
  g_assert_no_error (error);
  sync = rounds_sync_new (a.store, "ward");
  rounds_sync_run (sync, TRUE, NULL, &report, &error);
  /* The one that the server has already counts as sent, the changed one does not. */
  g_assert_cmpuint (report.images_pushed, ==, 1);
  g_assert_cmpuint (report.pending, ==, 1);
  rounds_sync_report_clear (&report);
  fixture_clear (&a);
}

void
add_image_tests (void)
{
  add_case ("/images/store-query-fetch", test_store_query_fetch);
  add_case ("/images/same-uid-other-content", test_same_uid_other_content);
}
