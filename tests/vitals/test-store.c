/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Vitals through a real store: a file and a form become one chart, a correction leaves it, an undo too. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "vitals/answer.h"
#include "vitals/csv.h"
#include "vitals/entry.h"
#include "vitals/export.h"

typedef struct {
  char *folder;
  RoundsStore *store;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsVault) vault = NULL;
  g_autoptr (RoundsSecret) passphrase = rounds_secret_new_copy ("a passphrase", 12);
  g_autoptr (RoundsSecret) recovery = NULL;
  g_autoptr (RoundsSecret) key = NULL;
  g_autoptr (RoundsEdit) edit = rounds_edit_new ("test");

  self->folder = g_dir_make_tmp ("rounds-vitals-XXXXXX", &error);
  g_assert_no_error (error);
  {
    g_autofree char *profile = g_build_filename (self->folder, "p", NULL);

    vault = rounds_vault_create (profile, "Test Nurse", ROUNDS_ROLE_PHYSICIAN, passphrase, &recovery, &error);
    g_assert_no_error (error);
  }
  key = rounds_vault_unlock (vault, passphrase, &error);
  g_assert_no_error (error);
  self->store = rounds_store_open (vault, key, TRUE, &error);
  g_assert_no_error (error);
  rounds_edit_put (edit, "Patient", "p1", "{\"resourceType\":\"Patient\",\"id\":\"p1\",\"birthDate\":\"1960-05-01\"}", 0);
  g_assert_true (rounds_store_apply (self->store, edit, &error));
  g_assert_no_error (error);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      remove_tree (child);
    }
  g_remove (path);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  rounds_store_close (self->store);
  g_clear_object (&self->store);
  remove_tree (self->folder);
  g_free (self->folder);
}

static RoundsVitalsChart *
load (Fixture *self)
{
  g_autoptr (GError) error = NULL;
  RoundsVitalsChart *chart = rounds_vitals_chart_load (self->store, "p1", NULL, &error);

  g_assert_no_error (error);
  return chart;
}

static RoundsVitalsEntry
usual_entry (void)
{
  RoundsVitalsEntry entry;

  rounds_vitals_entry_init (&entry);
  entry.time_us = rounds_instant_now_us () / G_USEC_PER_SEC * G_USEC_PER_SEC;
  entry.respiratory_rate_per_min = 26;
  entry.spo2_percent = 91;
  entry.oxygen = ROUNDS_OXYGEN_GIVEN;
  entry.oxygen_flow_l_min = 4;
  entry.systolic_mmhg = 104;
  entry.diastolic_mmhg = 62;
  entry.pulse_per_min = 112;
  entry.temperature = 101.48;
  entry.temperature_unit = "[degF]";
  entry.consciousness = 'A';
  return entry;
}

static void
test_entry (Fixture *self, gconstpointer data)
{
  RoundsVitalsEntry entry = usual_entry ();
  g_autoptr (GPtrArray) resources = rounds_vitals_entry_make (&entry, "p1", "Test Nurse", 1, TRUE);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) receipts = NULL;
  g_autoptr (RoundsVitalsChart) chart = NULL, after = NULL;
  RoundsVitalLatest latest;
  RoundsNews2 score;
  gint64 at;
  json_object *survey = g_ptr_array_index (resources, resources->len - 1);

  /* Rate, saturation, flow, pressure panel, pulse, temperature, consciousness, score. */
  g_assert_cmpuint (resources->len, ==, 8);
  g_assert_cmpstr (rounds_json_peek_string (survey, "category.0.coding.0.code"), ==, "survey");
  g_assert_cmpuint (json_object_array_length (rounds_json_peek (survey, "derivedFrom")), ==, 7);
  g_assert_cmpuint (json_object_array_length (rounds_json_peek (survey, "component")), ==, 7);
  receipts = rounds_vitals_save (self->store, resources, "test", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (receipts->len, ==, 8);

  chart = load (self);
  g_assert_true (rounds_vitals_chart_latest (chart, ROUNDS_CODE_SYSTOLIC, &latest));
  g_assert_cmpfloat (latest.sample.value, ==, 104);
  g_assert_cmpint (latest.sub_score, ==, 1);
  g_assert_true (rounds_vitals_chart_latest (chart, ROUNDS_CODE_TEMPERATURE, &latest));
  g_assert_cmpfloat_with_epsilon (latest.sample.value, 38.6, 1e-9);
  g_assert_true (rounds_vitals_chart_news2 (chart, G_MAXINT64, &score, &at, NULL));
  g_assert_true (score.complete);
  g_assert_cmpint (score.total, ==, json_object_get_int (rounds_json_peek (survey, "valueInteger")));
  g_assert_cmpint (at, ==, entry.time_us);
  g_assert_cmpuint (chart->news2->len, ==, 1);
  g_assert_true (rounds_vitals_chart_news2 (chart, entry.time_us + 13 * G_TIME_SPAN_HOUR, &score, &at, NULL));
  g_assert_false (score.complete);
  g_assert_cmpint (score.at_least, ==, 0);

  g_assert_true (rounds_vitals_undo (self->store, receipts, &error));
  g_assert_no_error (error);
  after = load (self);
  g_assert_cmpuint (after->series->len, ==, 0);
  g_assert_cmpuint (after->rows->len, ==, 0);
}

static void
test_retract (Fixture *self, gconstpointer data)
{
  RoundsVitalsEntry entry = usual_entry ();
  g_autoptr (GPtrArray) resources = rounds_vitals_entry_make (&entry, "p1", NULL, 1, FALSE);
  g_autoptr (GPtrArray) receipts = rounds_vitals_save (self->store, resources, "test", NULL);
  g_autoptr (GPtrArray) undo = NULL;
  const char *id = rounds_json_peek_string (g_ptr_array_index (resources, 0), "id");
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsVitalsChart) chart = NULL, again = NULL;
  g_autoptr (RoundsRecord) record = NULL;

  undo = rounds_vitals_retract (self->store, id, &error);
  g_assert_no_error (error);
  chart = load (self);
  g_assert_null (rounds_vitals_chart_find (chart, ROUNDS_CODE_RESPIRATORY_RATE));
  record = rounds_store_get (self->store, "Observation", id, NULL);
  g_assert_nonnull (strstr (record->json, "entered-in-error"));
  g_assert_true (rounds_vitals_undo (self->store, undo, &error));
  again = load (self);
  g_assert_nonnull (rounds_vitals_chart_find (again, ROUNDS_CODE_RESPIRATORY_RATE));
  g_assert_nonnull (receipts);
}

static void
test_file_and_form (Fixture *self, gconstpointer data)
{
  static const char text[] = "time,parameter,value,unit\n00:00,HR,80,bpm\n00:01,HR,81,bpm\n00:02,HR,82,bpm\n"
                             "00:00,Temp,98.6,degF\n";
  g_autoptr (RoundsVitalsFile) file = rounds_vitals_csv_read (text, strlen (text), NULL);
  gint64 start = rounds_instant_now_us () - G_TIME_SPAN_HOUR;
  guint64 n_new = 0;
  g_autoptr (GError) error = NULL;
  RoundsVitalsEntry entry = usual_entry ();
  g_autoptr (GPtrArray) resources = rounds_vitals_entry_make (&entry, "p1", NULL, 1, FALSE);
  g_autoptr (GPtrArray) receipts = NULL;
  g_autoptr (RoundsVitalsChart) chart = NULL;
  RoundsVitalSeries *series;
  g_autofree char *csv = NULL;
  g_autoptr (json_object) bundle = NULL, list = NULL;

  g_assert_true (rounds_vitals_file_store (file, self->store, "p1", start, "test.csv", &n_new, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (n_new, ==, 4);
  g_assert_true (rounds_vitals_file_store (file, self->store, "p1", start, "test.csv", &n_new, &error));
  g_assert_cmpuint (n_new, ==, 0);
  receipts = rounds_vitals_save (self->store, resources, "test", &error);
  g_assert_no_error (error);
  chart = load (self);
  series = rounds_vitals_chart_find (chart, ROUNDS_CODE_HEART_RATE);
  g_assert_cmpuint (series->samples->len, ==, 4);
  g_assert_cmpfloat (g_array_index (series->samples, RoundsSample, 3).value, ==, 112);
  series = rounds_vitals_chart_find (chart, "Temp");
  g_assert_cmpfloat_with_epsilon (g_array_index (series->samples, RoundsSample, 0).value, 37.0, 1e-9);
  g_assert_cmpstr (series->unit, ==, "Cel");
  csv = rounds_vitals_export_csv (chart);
  g_assert_nonnull (strstr (csv, ",8867-4,112,/min\n"));
  {
    g_autoptr (RoundsVitalsFile) back = rounds_vitals_csv_read (csv, strlen (csv), NULL);
    guint64 total = 0;

    for (guint i = 0; i < chart->series->len; i++)
      total += ((RoundsVitalSeries *) g_ptr_array_index (chart->series, i))->samples->len;
    g_assert_cmpuint (back->n_values, ==, total);
    g_assert_cmpuint (back->n_refused, ==, 0);
  }
  bundle = rounds_vitals_export_fhir (self->store, "p1", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (json_object_array_length (rounds_json_peek (bundle, "entry")), ==, 4);
  list = rounds_vitals_list (chart->series, FALSE);
  g_assert_cmpstr (rounds_json_peek_string (list, "0.code"), ==, ROUNDS_CODE_HEART_RATE);
}

static void
test_scale_decision (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) one = g_ptr_array_new_with_free_func ((GDestroyNotify) json_object_put);
  g_autoptr (GPtrArray) receipts = NULL;
  g_autoptr (RoundsVitalsChart) before = load (self), after = NULL;

  g_assert_cmpint (before->spo2_scale, ==, 1);
  g_ptr_array_add (one, rounds_vitals_scale_decision ("p1", 2, rounds_instant_now_us (), "Test Nurse"));
  receipts = rounds_vitals_save (self->store, one, "test", NULL);
  g_assert_nonnull (receipts);
  after = load (self);
  g_assert_cmpint (after->spo2_scale, ==, 2);
}

/* A saturation measured in blood does not stand in for the oximeter's; a child and a pregnancy are not scored. */
static void
test_rules (Fixture *self, gconstpointer data)
{
  g_autoptr (RoundsEdit) edit = rounds_edit_new (NULL);
  g_autoptr (RoundsVitalsChart) chart = NULL;
  g_autofree char *why = NULL;
  RoundsNews2Input input;
  RoundsNews2 score;
  g_autoptr (GError) error = NULL;

  rounds_edit_put (edit, "Observation", "o1",
                   "{\"resourceType\":\"Observation\",\"id\":\"o1\",\"status\":\"final\",\"category\":[{\"coding\":[{\"code\":"
                   "\"vital-signs\"}]}],\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"2708-6\"}]},"
                   "\"subject\":{\"reference\":\"Patient/p1\"},\"effectiveDateTime\":\"2026-01-01T10:00:00Z\","
                   "\"valueQuantity\":{\"value\":90,\"unit\":\"%\",\"system\":\"http://unitsofmeasure.org\",\"code\":\"%\"}}", 0);
  rounds_edit_put (edit, "Observation", "o2",
                   "{\"resourceType\":\"Observation\",\"id\":\"o2\",\"status\":\"final\",\"code\":{\"coding\":[{\"system\":"
                   "\"http://loinc.org\",\"code\":\"9279-1\"}]},\"subject\":{\"reference\":\"Patient/p1\"},"
                   "\"effectiveDateTime\":\"2026-01-01T10:00:00Z\",\"valueSampledData\":{\"origin\":{\"value\":10,\"unit\":"
                   "\"/min\"},\"period\":60000,\"factor\":2,\"dimensions\":1,\"data\":\"1 2 E 4 U\"}}", 0);
  g_assert_true (rounds_store_apply (self->store, edit, &error));
  g_assert_no_error (error);
  chart = load (self);
  rounds_vitals_chart_news2_input (chart, G_MAXINT64, &input, NULL);
  g_assert_true (isnan (input.spo2_percent));
  g_assert_cmpfloat (input.respiratory_rate_per_min, ==, 18);
  g_assert_cmpuint (rounds_vitals_chart_find (chart, ROUNDS_CODE_RESPIRATORY_RATE)->samples->len, ==, 3);
  g_set_str (&chart->birth_date, "2015-05-01");
  g_assert_false (rounds_vitals_chart_news2 (chart, G_MAXINT64, &score, NULL, &why));
  g_assert_nonnull (why);
}

static void
test_checks (void)
{
  g_autofree char *refused = NULL, *asked = NULL, *pressure = NULL;

  g_assert_cmpint (rounds_vitals_entry_check (ROUNDS_CODE_HEART_RATE, 80, NULL, 82, NULL), ==, ROUNDS_ENTRY_OK);
  g_assert_cmpint (rounds_vitals_entry_check (ROUNDS_CODE_HEART_RATE, 212, NULL, 108, &asked), ==, ROUNDS_ENTRY_ASK);
  g_assert_nonnull (strstr (asked, "108"));
  g_assert_cmpint (rounds_vitals_entry_check (ROUNDS_CODE_HEART_RATE, 900, NULL, NAN, &refused), ==, ROUNDS_ENTRY_REFUSE);
  g_assert_nonnull (refused);
  g_assert_cmpint (rounds_vitals_entry_check (ROUNDS_CODE_TEMPERATURE, 98.6, "[degF]", NAN, NULL), ==, ROUNDS_ENTRY_OK);
  g_assert_cmpint (rounds_vitals_entry_check (ROUNDS_CODE_TEMPERATURE, 98.6, NULL, NAN, NULL), ==, ROUNDS_ENTRY_REFUSE);
  g_assert_cmpint (rounds_vitals_entry_check_pressure (80, 120, &pressure), ==, ROUNDS_ENTRY_REFUSE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/vitals/store/entry", Fixture, NULL, set_up, test_entry, tear_down);
  g_test_add ("/vitals/store/retract", Fixture, NULL, set_up, test_retract, tear_down);
  g_test_add ("/vitals/store/file-and-form", Fixture, NULL, set_up, test_file_and_form, tear_down);
  g_test_add ("/vitals/store/scale-decision", Fixture, NULL, set_up, test_scale_decision, tear_down);
  g_test_add ("/vitals/store/rules", Fixture, NULL, set_up, test_rules, tear_down);
  g_test_add_func ("/vitals/entry/checks", test_checks);
  return g_test_run ();
}
