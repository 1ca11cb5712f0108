/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scans in the store: import, matching, thumbnails, measurements, and enhanced series that never touch their
 * originals. */
#include "../store/store-fixture.h"
#include "fixture.h"

#include "scans/enhancer.h"
#include "scans/measurement.h"
#include "scans/scan-import.h"

#define SIDE 96
#define SLICES 3

static void
add_patient (Fixture *f)
{
  g_autoptr (RoundsEdit) edit = rounds_edit_new (NULL);
  g_autoptr (GError) error = NULL;

  rounds_edit_put (edit, "Patient", "p1",
                   "{\"resourceType\":\"Patient\",\"id\":\"p1\",\"identifier\":[{\"system\":\"urn:x\",\"value\":\"4471\"}],"
                   "\"name\":[{\"family\":\"Example\",\"given\":[\"Ada\"]}],\"birthDate\":\"1965-03-14\"}", 0);
  g_assert_true (rounds_store_apply (f->store, edit, &error));
  g_assert_no_error (error);
}

static GBytes *
slice (int number, const char *patient_id, gboolean preamble)
{
  g_autofree gint16 *pixels = make_ct (SIDE, SIDE, (guint32) number);
  g_autofree char *uid = g_strdup_printf ("1.2.3.4.%d", number), *position = g_strdup_printf ("0\\0\\%d", number);
  Spec spec = { .sop_uid = uid, .rows = SIDE, .columns = SIDE, .is_signed = TRUE, .pixels = pixels, .slope = "1",
                .intercept = "0", .instance_number = number, .patient_id = patient_id, .patient_name = "Example^Ada",
                .birth_date = "19650314", .position = position, .orientation = "1\\0\\0\\0\\1\\0",
                .spacing = "0.7\\0.7", .window_center = "40", .window_width = "400", .preamble = preamble };
  return make_dicom (&spec);
}

static void
test_import (void)
{
  Fixture f;
  g_autoptr (GBytes) bytes = slice (1, "4471", TRUE), stranger = slice (2, "9999", FALSE), kept = NULL, png = NULL;
  g_autoptr (GBytes) rubbish = g_bytes_new_static ("this is no DICOM", 16);
  g_autoptr (RoundsScanInstance) info = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *detail = NULL;
  RoundsImportOutcome outcome;
  g_autoptr (GPtrArray) studies = NULL;

  fixture_new_role (&f, ROUNDS_ROLE_PHYSICIAN);
  add_patient (&f);
  g_assert_true (rounds_scans_import_bytes (f.store, bytes, FALSE, &outcome, &detail, &error));
  g_assert_no_error (error);
  g_assert_cmpint (outcome, ==, ROUNDS_IMPORT_NEW);
  info = rounds_store_scan_info (f.store, "1.2.3.4.1", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (info->patient_id, ==, "p1");
  g_assert_cmpstr (info->modality, ==, "CT");
  g_assert_cmpint (info->rows, ==, SIDE);
  g_assert_true (info->has_geometry);
  g_assert_cmpfloat (info->position_mm[2], ==, 1);
  g_assert_cmpfloat (info->spacing_mm[0], ==, 0.7);
  /* What could run was emptied, and told; every other byte is the same. */
  g_assert_nonnull (detail);
  g_assert_nonnull (strstr (detail, "preamble"));
  g_assert_nonnull (strstr (info->warnings, "preamble"));
  kept = rounds_store_scan_get (f.store, "1.2.3.4.1", &error);
  g_assert_cmpuint (g_bytes_get_size (kept), ==, g_bytes_get_size (bytes));
  for (gsize i = 0; i < 128; i++)
    g_assert_cmpint (((const guint8 *) g_bytes_get_data (kept, NULL))[i], ==, 0);
  g_assert_cmpmem ((const guint8 *) g_bytes_get_data (kept, NULL) + 128, g_bytes_get_size (kept) - 128,
                   (const guint8 *) g_bytes_get_data (bytes, NULL) + 128, g_bytes_get_size (bytes) - 128);
  png = rounds_store_scan_get_thumbnail (f.store, "1.2.3.4.8", &error);
  g_assert_nonnull (png);
  g_assert_true (rounds_scans_import_bytes (f.store, bytes, FALSE, &outcome, NULL, &error));
  g_assert_cmpint (outcome, ==, ROUNDS_IMPORT_UNCHANGED);
  /* Nobody's scan is kept, says so, and stands in no chart. */
  g_clear_pointer (&detail, g_free);
  g_assert_true (rounds_scans_import_bytes (f.store, stranger, FALSE, &outcome, &detail, &error));
  g_assert_nonnull (detail);
  studies = rounds_study_list_load (f.store, "p1", &error);
  g_assert_cmpuint (studies->len, ==, 1);
  g_assert_cmpuint (rounds_scan_series_get_n_slices (g_ptr_array_index (((RoundsScanStudy *) studies->pdata[0])->series, 0)),
                    ==, 1);
  g_assert_false (rounds_scans_import_bytes (f.store, rubbish, FALSE, &outcome, NULL, &error));
  g_assert_nonnull (error);
  fixture_clear (&f);
}

static void
test_measurements (void)
{
  Fixture f;
  g_autoptr (GBytes) bytes = slice (1, "4471", FALSE);
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsMeasurementSet) set = NULL, again = NULL;
  RoundsMeasurementWrite *write;
  guint n_bad = 9;

  fixture_new_role (&f, ROUNDS_ROLE_PHYSICIAN);
  add_patient (&f);
  g_assert_true (rounds_scans_import_bytes (f.store, bytes, FALSE, NULL, NULL, &error));
  set = rounds_measurement_set_load (f.store, "1.2.3.4.8", &n_bad, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_bad, ==, 0);
  write = rounds_measurement_set_add_take (set, rounds_measurement_new (ROUNDS_MEASURE_PROBE, "1.2.3.4.1", 0));
  g_assert_true (rounds_store_scan_set_measurement (f.store, "1.2.3.4.8", write->uuid, write->json, &error));
  g_assert_no_error (error);
  rounds_measurement_write_free (write);
  again = rounds_measurement_set_load (f.store, "1.2.3.4.8", NULL, &error);
  g_assert_cmpuint (rounds_measurement_set_list (again)->len, ==, 1);
  write = rounds_measurement_set_undo (set);
  g_assert_true (rounds_store_scan_set_measurement (f.store, "1.2.3.4.8", write->uuid, write->json, &error));
  rounds_measurement_write_free (write);
  g_clear_pointer (&again, rounds_measurement_set_free);
  again = rounds_measurement_set_load (f.store, "1.2.3.4.8", NULL, &error);
  g_assert_cmpuint (rounds_measurement_set_list (again)->len, ==, 0);
  fixture_clear (&f);
}

typedef struct {
  gboolean done;
  char *message;
  guint steps;
} Run;

static void
progress_cb (RoundsEnhancer *enhancer, guint done, guint total, gpointer data)
{
  g_assert_cmpuint (total, ==, SLICES);
  ((Run *) data)->steps++;
}

static void
cancel_cb (RoundsEnhancer *enhancer, guint done, guint total, gpointer data)
{
  rounds_enhancer_cancel (enhancer);
}

static void
finished_cb (RoundsEnhancer *enhancer, const char *message, guint done, gpointer data)
{
  ((Run *) data)->done = TRUE;
  ((Run *) data)->message = g_strdup (message);
}

static void
test_enhance (void)
{
  Fixture f;
  g_autoptr (RoundsEnhancer) enhancer = NULL;
  g_autoptr (RoundsScanSeries) series = NULL;
  g_autoptr (GPtrArray) studies = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) original = slice (2, "4471", FALSE);
  g_autoptr (RoundsModel) model = rounds_model_load_named ("denoise", NULL);
  RoundsScanStudy *study;
  RoundsScanSeries *derived;
  Run run = { 0 };
  gulong handler;

  if (model == NULL)
    {
      g_test_skip ("the model 'denoise' is not in data/models");
      return;
    }
  fixture_new_role (&f, ROUNDS_ROLE_PHYSICIAN);
  add_patient (&f);
  for (int i = 1; i <= SLICES; i++)
    {
      g_autoptr (GBytes) bytes = slice (i, "4471", FALSE);
      g_assert_true (rounds_scans_import_bytes (f.store, bytes, TRUE, NULL, NULL, &error));
    }
  series = rounds_scan_series_load (f.store, "1.2.3.4.8", &error);
  enhancer = rounds_enhancer_new (0);
  g_signal_connect (enhancer, "finished", G_CALLBACK (finished_cb), &run);

  /* Cancelled after the first: nothing of it is kept. */
  handler = g_signal_connect (enhancer, "progress", G_CALLBACK (cancel_cb), NULL);
  rounds_enhancer_save_series (enhancer, f.store, series, 0.6);
  while (!run.done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_nonnull (run.message);
  g_clear_pointer (&run.message, g_free);
  g_signal_handler_disconnect (enhancer, handler);
  studies = rounds_study_list_load (f.store, "p1", &error);
  g_assert_cmpuint (((RoundsScanStudy *) studies->pdata[0])->series->len, ==, 1);
  g_clear_pointer (&studies, g_ptr_array_unref);

  run.done = FALSE;
  g_signal_connect (enhancer, "progress", G_CALLBACK (progress_cb), &run);
  rounds_enhancer_save_series (enhancer, f.store, series, 0.6);
  while (!run.done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (run.message, ==, NULL);
  g_assert_cmpuint (run.steps, ==, SLICES);
  studies = rounds_study_list_load (f.store, "p1", &error);
  study = studies->pdata[0];
  g_assert_cmpuint (studies->len, ==, 1);   /* the same study */
  g_assert_cmpuint (study->series->len, ==, 2);
  derived = study->series->pdata[1];
  g_assert_true (rounds_scan_series_is_derived_here (derived));
  g_assert_cmpuint (rounds_scan_series_get_n_slices (derived), ==, SLICES);
  g_assert_nonnull (strstr (rounds_scan_series_get_description (derived), "ENHANCED"));
  {
    const RoundsScanInstance *at = rounds_scan_series_get_slice (derived, 1)->instance;
    g_autoptr (GBytes) bytes = rounds_store_scan_get (f.store, at->sop_uid, &error);
    g_autoptr (GBytes) still = rounds_store_scan_get (f.store, "1.2.3.4.2", &error);
    g_autoptr (RoundsDicomFile) file = rounds_dicom_file_new (bytes, &error);
    g_autoptr (RoundsDicomFile) before_file = rounds_dicom_file_new (still, &error);
    g_autoptr (RoundsScanFrame) after = rounds_scan_frame_load (file, 0, &error);
    g_autoptr (RoundsScanFrame) before = rounds_scan_frame_load (before_file, 0, &error);
    g_autofree char *type = rounds_dicom_file_dup_string (file, 0x00080008);
    double largest = 0;
    int changed = 0;

    g_assert_no_error (error);
    g_assert_true (g_bytes_equal (still, original));   /* the original is untouched, byte for byte */
    g_assert_true (g_str_has_prefix (type, "DERIVED\\SECONDARY"));
    g_assert_cmpfloat (at->position_mm[2], ==, 2);
    for (int r = 0; r < SIDE; r++)
      for (int c = 0; c < SIDE; c++)
        {
          double d = rounds_scan_frame_value_at (after, c, r) - rounds_scan_frame_value_at (before, c, r);
          changed += d != 0;
          largest = MAX (largest, fabs (d));
        }
    g_assert_cmpint (changed, >, SIDE);
    g_assert_cmpfloat (largest, <, 3 * 60);   /* three times a generous bound of the noise that was put in */
  }
  g_free (run.message);
  g_clear_object (&enhancer);
  fixture_clear (&f);
}

static void
test_derive_strength_zero (void)
{
  g_autoptr (RoundsModel) model = rounds_model_load_named ("denoise", NULL);
  g_autoptr (GBytes) bytes = slice (1, "4471", FALSE), made = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsEnhanceSession) session = NULL;
  g_autoptr (RoundsDicomFile) file = NULL, written = NULL;
  g_autoptr (RoundsFrame) before = NULL, after = NULL;
  g_autofree char *uid = NULL;
  RoundsDenoiseReport report;

  if (model == NULL)
    {
      g_test_skip ("the model 'denoise' is not in data/models");
      return;
    }
  session = rounds_enhance_session_shared (model, 0, &error);
  g_assert_no_error (error);
  file = rounds_dicom_file_new (bytes, &error);
  made = rounds_enhance_derive (session, file, 0, NAN, "1.2.3.99", &uid, &report, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (report.strength, ==, 0);
  written = rounds_dicom_file_new (made, &error);
  before = rounds_dicom_file_decode (file, 0, &error);
  after = rounds_dicom_file_decode (written, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (before->data, before->size, after->data, after->size);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/scans/store/import", test_import);
  g_test_add_func ("/scans/store/measurements", test_measurements);
  g_test_add_func ("/scans/store/enhance", test_enhance);
  g_test_add_func ("/scans/store/derive-strength-zero", test_derive_strength_zero);
  return g_test_run ();
}
