/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scans in the store: bytes as they came, the index, patients by identifier, what waits to be sent. */
#include "store-fixture.h"

static RoundsScanInstance *
scan (const char *sop, const char *series, const char *dicom_patient)
{
  RoundsScanInstance *it = rounds_scan_instance_new ();

  it->sop_uid = g_strdup (sop);
  it->series_uid = g_strdup (series);
  it->study_uid = g_strdup ("1.2.3");
  it->dicom_patient_id = g_strdup (dicom_patient);
  it->dicom_patient_name = g_strdup ("Ädams^Ann");
  it->modality = g_strdup ("CT");
  it->instance_number = 7;
  it->rows = 512;
  it->columns = 256;
  it->has_geometry = TRUE;
  it->position_mm[0] = -100.1;
  it->position_mm[2] = 1.0 / 3;
  it->orientation[0] = 1;
  it->orientation[4] = -1;
  it->spacing_mm[0] = 0.7;
  it->spacing_mm[1] = 0.1;
  return it;
}

static void
test_round_trip (void)
{
  Fixture f;
  g_autofree char *patient = patient_json ("p1", "Adams", "Ann");
  g_autoptr (RoundsScanInstance) it = scan ("1.2.3.1.1", "1.2.3.1", "MRN-p1");
  g_autoptr (RoundsScanInstance) back = NULL;
  g_autofree guint8 *noise = g_malloc (300000);
  g_autoptr (GBytes) bytes = NULL, read = NULL, other = NULL;
  RoundsImportOutcome outcome;
  g_autoptr (GError) error = NULL;

  fixture_new (&f);
  must_put (f.store, "Patient", "p1", patient);
  for (guint i = 0; i < 300000; i++)
    noise[i] = g_test_rand_int ();
  bytes = g_bytes_new (noise, 300000);
  g_assert_true (rounds_store_scan_put (f.store, it, bytes, FALSE, &outcome, &error));
  g_assert_no_error (error);
  g_assert_cmpint (outcome, ==, ROUNDS_IMPORT_NEW);
  read = rounds_store_scan_get (f.store, "1.2.3.1.1", NULL);
  g_assert_true (g_bytes_equal (read, bytes));
  back = rounds_store_scan_info (f.store, "1.2.3.1.1", NULL);
  g_assert_cmpstr (back->patient_id, ==, "p1");
  g_assert_cmpstr (back->dicom_patient_name, ==, "Ädams^Ann");
  g_assert_true (back->on_device);
  g_assert_true (back->has_geometry);
  g_assert_cmpmem (back->position_mm, sizeof back->position_mm, it->position_mm, sizeof it->position_mm);
  g_assert_cmpmem (back->orientation, sizeof back->orientation, it->orientation, sizeof it->orientation);
  g_assert_cmpmem (back->spacing_mm, sizeof back->spacing_mm, it->spacing_mm, sizeof it->spacing_mm);
  g_assert_cmpint (back->size_bytes, ==, 300000);
  g_assert_true (rounds_store_scan_put (f.store, it, bytes, FALSE, &outcome, NULL));
  g_assert_cmpint (outcome, ==, ROUNDS_IMPORT_UNCHANGED);
  noise[5] ^= 1;
  other = g_bytes_new (noise, 300000);
  g_assert_true (rounds_store_scan_put (f.store, it, other, FALSE, &outcome, NULL));
  g_assert_cmpint (outcome, ==, ROUNDS_IMPORT_UPDATED);
  g_clear_pointer (&read, g_bytes_unref);
  read = rounds_store_scan_get (f.store, "1.2.3.1.1", NULL);
  g_assert_true (g_bytes_equal (read, other));
  g_assert_null (rounds_store_scan_get (f.store, "9.9", &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NOT_FOUND);
  assert_audit_ok (f.store);
  fixture_clear (&f);
}

/* Known from the cloud's index first, fetched later; the index alone never takes bytes away. */
static void
test_index_only (void)
{
  Fixture f;
  g_autoptr (RoundsScanInstance) it = scan ("1.2.3.1.1", "1.2.3.1", "X");
  g_autoptr (RoundsScanInstance) back = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static ("abc", 3), read = NULL;
  RoundsImportOutcome outcome;

  fixture_new (&f);
  g_assert_true (rounds_store_scan_put (f.store, it, NULL, FALSE, &outcome, NULL));
  g_assert_cmpint (outcome, ==, ROUNDS_IMPORT_NEW);
  back = rounds_store_scan_info (f.store, "1.2.3.1.1", NULL);
  g_assert_false (back->on_device);
  g_assert_null (back->patient_id);
  g_assert_null (rounds_store_scan_get (f.store, "1.2.3.1.1", NULL));
  g_assert_true (rounds_store_scan_put (f.store, it, bytes, FALSE, &outcome, NULL));
  g_assert_cmpint (outcome, ==, ROUNDS_IMPORT_UPDATED);
  g_assert_true (rounds_store_scan_put (f.store, it, NULL, FALSE, &outcome, NULL));
  g_assert_cmpint (outcome, ==, ROUNDS_IMPORT_UNCHANGED);
  read = rounds_store_scan_get (f.store, "1.2.3.1.1", NULL);
  g_assert_true (g_bytes_equal (read, bytes));
  fixture_clear (&f);
}

static void
test_patients (void)
{
  Fixture f;
  g_autofree char *a = patient_json ("p1", "Adams", "Ann");
  g_autofree char *match = NULL;
  g_autoptr (RoundsScanInstance) it = scan ("1.2.3.1.1", "1.2.3.1", "unknown");
  g_autoptr (GBytes) bytes = g_bytes_new_static ("abc", 3);

  fixture_new (&f);
  must_put (f.store, "Patient", "p1", a);
  match = rounds_store_scan_match_patient (f.store, "MRN-p1", NULL);
  g_assert_cmpstr (match, ==, "p1");
  g_assert_null (rounds_store_scan_match_patient (f.store, "MRN-p2", NULL));
  g_assert_null (rounds_store_scan_match_patient (f.store, "", NULL));
  /* Two patients with one number: none of them is taken. */
  must_put (f.store, "Patient", "p2",
            "{\"resourceType\":\"Patient\",\"id\":\"p2\",\"identifier\":[{\"value\":\"MRN-p1\"}]}");
  g_assert_null (rounds_store_scan_match_patient (f.store, "MRN-p1", NULL));
  g_assert_true (delete_one (f.store, "Patient", "p2", -1, NULL));
  g_free (match);
  match = rounds_store_scan_match_patient (f.store, "MRN-p1", NULL);
  g_assert_cmpstr (match, ==, "p1");

  g_assert_true (rounds_store_scan_put (f.store, it, bytes, TRUE, NULL, NULL));
  g_assert_cmpuint (list_length (rounds_store_scan_list (f.store, "p1", NULL, NULL, NULL)), ==, 0);
  g_assert_cmpuint (list_length (rounds_store_scan_list (f.store, NULL, "1.2.3", NULL, NULL)), ==, 1);
  g_assert_true (rounds_store_scan_assign (f.store, "1.2.3", "p1", NULL));
  g_assert_cmpuint (list_length (rounds_store_scan_list (f.store, "p1", NULL, NULL, NULL)), ==, 1);
  g_assert_cmpuint (list_length (rounds_store_scan_list (f.store, NULL, NULL, "1.2.3.1", NULL)), ==, 1);
  fixture_clear (&f);
}

static void
test_outbox (void)
{
  Fixture f;
  g_autoptr (RoundsScanInstance) a = scan ("1.2.3.1.1", "1.2.3.1", "X"), b = scan ("1.2.3.1.2", "1.2.3.1", "X");
  RoundsScanInstance *both[] = { a, b };
  g_autoptr (GBytes) bytes = g_bytes_new_static ("abc", 3);
  GBytes *all[] = { bytes, bytes };
  RoundsImportOutcome outcomes[2];
  g_auto (GStrv) uids = NULL;
  const char *const sent[] = { "1.2.3.1.1", NULL };

  fixture_new (&f);
  g_assert_true (rounds_store_scan_put_many (f.store, both, all, 2, TRUE, outcomes, NULL));
  uids = rounds_store_scan_outbox_list (f.store, 0, NULL);
  g_assert_cmpuint (g_strv_length (uids), ==, 2);
  g_assert_cmpstr (uids[0], ==, "1.2.3.1.1");
  g_assert_true (rounds_store_scan_outbox_fail (f.store, "1.2.3.1.2", 400, "no", NULL));
  g_assert_true (rounds_store_scan_outbox_ack (f.store, sent, NULL));
  g_assert_cmpuint (rounds_store_scan_outbox_count (f.store, NULL), ==, 1);
  g_clear_pointer (&uids, g_strfreev);
  uids = rounds_store_scan_outbox_list (f.store, 1, NULL);
  g_assert_cmpstr (uids[0], ==, "1.2.3.1.2");
  fixture_clear (&f);
}

static void
test_uids (void)
{
  static const char *const bad[] = { "../../etc/passwd", "", "1.2.3; DROP", "1.2.3/4",
                                     "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19.20.21.22.23.24.25" };
  Fixture f;
  g_autoptr (GBytes) bytes = g_bytes_new_static ("abc", 3);

  fixture_new (&f);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (RoundsScanInstance) it = scan (bad[i], "1.2.3.1", "X");
      g_autoptr (GError) error = NULL;

      g_assert_false (rounds_store_scan_put (f.store, it, bytes, FALSE, NULL, &error));
      g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID);
    }
  fixture_clear (&f);
}

static void
test_kept_with_series (void)
{
  Fixture f;
  g_autoptr (GBytes) png = g_bytes_new_static ("png", 3), back = NULL;
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (GError) error = NULL;

  fixture_new (&f);
  g_assert_null (rounds_store_scan_get_thumbnail (f.store, "1.2", &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_true (rounds_store_scan_set_thumbnail (f.store, "1.2", png, NULL));
  back = rounds_store_scan_get_thumbnail (f.store, "1.2", NULL);
  g_assert_true (g_bytes_equal (back, png));
  g_assert_true (rounds_store_scan_set_measurement (f.store, "1.2", "u1", "{\"mm\":1.10}", NULL));
  g_assert_true (rounds_store_scan_set_measurement (f.store, "1.2", "u2", "{\"mm\":2}", NULL));
  g_assert_true (rounds_store_scan_set_measurement (f.store, "1.2", "u1", NULL, NULL));
  list = rounds_store_scan_list_measurements (f.store, "1.2", NULL);
  g_assert_cmpuint (list->len, ==, 1);
  g_assert_cmpstr (list->pdata[0], ==, "{\"mm\":2}");
  g_assert_false (rounds_store_scan_set_measurement (f.store, "1.2", "u3", "{", &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID);
  fixture_clear (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/blobs/round-trip", test_round_trip);
  g_test_add_func ("/store/blobs/index-only", test_index_only);
  g_test_add_func ("/store/blobs/patients", test_patients);
  g_test_add_func ("/store/blobs/outbox", test_outbox);
  g_test_add_func ("/store/blobs/uids", test_uids);
  g_test_add_func ("/store/blobs/kept-with-series", test_kept_with_series);
  return g_test_run ();
}
