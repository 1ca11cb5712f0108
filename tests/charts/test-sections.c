/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sections over the synthetic patients and over results made for this; the list model and the summary. */

#include "charts-test.h"

#include <math.h>
#include <string.h>

#include "charts/edit.h"
#include "charts/list-model.h"
#include "charts/results.h"
#include "charts/sections.h"
#include "charts/summary.h"
#include "fhir/resource.h"

static guint64
count_of (GPtrArray *counts, const char *type)
{
  for (guint i = 0; i < counts->len; i++)
    {
      RoundsCount *one = g_ptr_array_index (counts, i);

      if (strcmp (one->type, type) == 0)
        return one->count;
    }
  return 0;
}

static void
check_patient (RoundsStore *store, const char *id)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsSummary) summary = rounds_summary_load (store, id, &error);
  g_autoptr (GPtrArray) counts = NULL;
  g_autoptr (json_object) json = NULL;
  static const struct { const char *section, *type; } whole[] = {
    { "problems", "Condition" }, { "medications", "MedicationRequest" }, { "encounters", "Encounter" },
    { "immunizations", "Immunization" }, { "procedures", "Procedure" }, { "allergies", "AllergyIntolerance" },
  };

  g_assert_no_error (error);
  counts = rounds_store_count (store, id, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (strlen (summary->patient->name), >, 3);
  g_assert_cmpint (summary->patient->age_years, >=, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (whole); i++)
    {
      RoundsSummarySection *section = rounds_summary_get (summary, whole[i].section);

      g_assert_cmpuint (section->n_all, ==, count_of (counts, whole[i].type));
      for (guint r = 0; r < section->rows->len; r++)
        {
          RoundsRow *row = g_ptr_array_index (section->rows, r);

          g_assert_cmpstr (rounds_row_get_name (row), !=, "(without a name)");
          g_assert_nonnull (rounds_row_get_when (row));
          if (r > 0)
            g_assert_false (rounds_row_is_active (row) && !rounds_row_is_active (g_ptr_array_index (section->rows, r - 1)));
        }
    }
  json = rounds_summary_to_json (summary);
  g_assert_cmpuint (json_object_array_length (rounds_json_peek (json, "sections")), ==, 8);
}

static void
test_synthea (void)
{
  g_autofree char *folder = NULL;
  RoundsStore *store = test_store_new (&folder);
  g_autoptr (GPtrArray) hits = NULL;

  if (test_import_shared (store, "fhir-synthea-smart") && test_import_shared (store, "fhir-synthea-vitals"))
    {
      guint n_results = 0;

      hits = rounds_store_find_patients (store, NULL, 0, NULL);
      g_assert_cmpuint (hits->len, >=, 16);
      for (guint i = 0; i < hits->len; i++)
        {
          g_autoptr (GPtrArray) results = rounds_section_load (&rounds_section_results, store,
                                                               ((RoundsPatientHit *) g_ptr_array_index (hits, i))->id, NULL);

          check_patient (store, ((RoundsPatientHit *) g_ptr_array_index (hits, i))->id);
          n_results += results->len;
        }
      g_assert_cmpuint (n_results, >, 50);
    }
  test_store_end (store, g_steal_pointer (&folder));
}

#define OBS(id, value, unit, time, more)                                                                              \
  "{'resourceType':'Observation','id':'" id "','status':'final','category':[{'coding':[{'code':'laboratory'}]}],"    \
  "'code':{'coding':[{'system':'http://loinc.org','code':'2823-3'}],'text':'Potassium'},'subject':{'reference':"     \
  "'Patient/p1'},'effectiveDateTime':'" time "','valueQuantity':{'value':" value ",'unit':'" unit "','code':'" unit "'}" more "}"
#define RANGE ",'referenceRange':[{'low':{'value':3.5,'unit':'mmol/L','code':'mmol/L'},'high':{'value':5.0,'unit':'mmol/L','code':'mmol/L'}}]"

static void
test_flags (void)
{
  static const struct { const char *json, *flag; RoundsMark mark; } cases[] = {
    { OBS ("o", "3.20", "mmol/L", "2026-01-01", RANGE), "L", ROUNDS_MARK_LOOK },
    { OBS ("o", "3.50", "mmol/L", "2026-01-01", RANGE), NULL, ROUNDS_MARK_NONE },
    { OBS ("o", "5.1", "mmol/L", "2026-01-01", RANGE), "H", ROUNDS_MARK_LOOK },
    /* The laboratory's word stands above our arithmetic. */
    { OBS ("o", "2.1", "mmol/L", "2026-01-01", RANGE ",'interpretation':[{'coding':[{'code':'LL'}]}]"), "LL", ROUNDS_MARK_ACT },
    { OBS ("o", "9.9", "mmol/L", "2026-01-01", RANGE ",'interpretation':[{'coding':[{'code':'N'}]}]"), NULL, ROUNDS_MARK_NONE },
    /* Another unit than the range's cannot be compared. */
    { OBS ("o", "99", "mg/dL", "2026-01-01", RANGE), NULL, ROUNDS_MARK_NONE },
    { OBS ("o", "99", "mmol/L", "2026-01-01", ""), NULL, ROUNDS_MARK_NONE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (json_object) observation = test_json (cases[i].json);
      g_autofree char *flag = NULL;
      RoundsMark mark = rounds_result_flag (observation, &flag);

      g_test_message ("case %" G_GSIZE_FORMAT, i);
      g_assert_cmpint (mark, ==, cases[i].mark);
      g_assert_cmpstr (flag, ==, cases[i].flag);
    }
}

static void
test_results (void)
{
  g_autofree char *folder = NULL;
  RoundsStore *store = test_store_new (&folder);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rows = NULL;
  RoundsRow *row = NULL;
  GPtrArray *points;

  test_put_patient (store);
  test_put (store, OBS ("o1", "4.10", "mmol/L", "2026-01-02T08:00:00Z", RANGE));
  test_put (store, OBS ("o2", "3.20", "mmol/L", "2026-01-03T08:00:00Z", RANGE));
  test_put (store, OBS ("o3", "16", "mg/dL", "2026-01-01", ""));
  test_put (store, "{'resourceType':'DiagnosticReport','id':'r1','status':'final','code':{'text':'Electrolytes'},"
                   "'subject':{'reference':'Patient/p1'},'result':[{'reference':'Observation/o2'}]}");
  test_put (store, "{'resourceType':'DiagnosticReport','id':'r2','status':'final','code':{'text':'X-ray'},"
                   "'subject':{'reference':'Patient/p1'},'conclusion':'No fracture.'}");
  rows = rounds_section_load (&rounds_section_results, store, "p1", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rows->len, ==, 3);
  for (guint i = 0; i < rows->len; i++)
    if (rounds_row_is_active (g_ptr_array_index (rows, i)))
      row = g_ptr_array_index (rows, i);
  g_assert_nonnull (row);
  g_assert_cmpstr (rounds_row_get_group (row), ==, "Electrolytes");
  g_assert_cmpstr (rounds_row_get_line (row), ==, "3.20 mmol/L");
  points = rounds_row_get_points (row);
  g_assert_cmpuint (points->len, ==, 2);
  g_assert_cmpfloat_with_epsilon (((RoundsPoint *) g_ptr_array_index (points, 0))->value, 4.1, 1e-9);
  test_store_end (store, g_steal_pointer (&folder));
}

static void
test_model (void)
{
  g_autofree char *folder = NULL;
  RoundsStore *store = test_store_new (&folder);
  g_autoptr (RoundsListModel) model = NULL, again = NULL;
  g_autoptr (json_object) values = test_json ("{'code':{'text':'Gout'},'clinical':'active'}");
  g_autoptr (RoundsEdited) first = NULL, second = NULL;
  g_autoptr (RoundsRow) kept = NULL;

  test_put_patient (store);
  model = rounds_list_model_get_shared (store, &rounds_section_problems, "p1");
  again = rounds_list_model_get_shared (store, &rounds_section_problems, "p1");
  g_assert_true (model == again);
  test_wait (rounds_list_model_is_loaded (model));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (model)), ==, 0);

  first = rounds_form_save (store, &rounds_section_problems, "p1", NULL, values, NULL, FALSE, NULL);
  g_assert_nonnull (first);
  test_wait (g_list_model_get_n_items (G_LIST_MODEL (model)) == 1);
  kept = g_list_model_get_item (G_LIST_MODEL (model), 0);
  g_assert_cmpstr (rounds_row_get_name (kept), ==, "Gout");
  g_assert_cmpuint (rounds_list_model_get_n_active (model), ==, 1);

  /* Another patient's change is not ours; rows that stay are the same objects. */
  test_put (store, "{'resourceType':'Condition','id':'x','code':{'text':'Cough'},'subject':{'reference':'Patient/p2'}}");
  json_object_object_add (values, "code", test_json ("{'text':'Cough'}"));
  second = rounds_form_save (store, &rounds_section_problems, "p1", NULL, values, NULL, FALSE, NULL);
  test_wait (g_list_model_get_n_items (G_LIST_MODEL (model)) == 2);
  {
    guint same = 0;

    for (guint i = 0; i < 2; i++)
      {
        g_autoptr (RoundsRow) row = g_list_model_get_item (G_LIST_MODEL (model), i);

        same += row == kept;
      }
    g_assert_cmpuint (same, ==, 1);
  }
  g_clear_object (&model);
  g_clear_object (&again);
  test_store_end (store, g_steal_pointer (&folder));
}

/* A patient with 3,000 results opens within the time of one worker's read. */
static void
test_many (void)
{
  g_autofree char *folder = NULL;
  RoundsStore *store = test_store_new (&folder);
  g_autofree RoundsImportItem *items = g_new0 (RoundsImportItem, 3000);
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free), ids = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) rows = NULL;
  g_autoptr (GError) error = NULL;
  gint64 begin;

  test_put_patient (store);
  for (guint i = 0; i < 3000; i++)
    {
      char *id = g_strdup_printf ("o%u", i);
      char *json = g_strdup_printf ("{\"resourceType\":\"Observation\",\"id\":\"%s\",\"status\":\"final\",\"category\":[{\"coding\":"
                                    "[{\"code\":\"laboratory\"}]}],\"code\":{\"text\":\"Test %u\"},\"subject\":{\"reference\":"
                                    "\"Patient/p1\"},\"effectiveDateTime\":\"2026-01-01T%02u:%02u:00Z\",\"valueQuantity\":"
                                    "{\"value\":%u.5,\"unit\":\"mmol/L\"}}", id, i % 40, i / 60 % 24, i % 60, i % 7);

      g_ptr_array_add (ids, id);
      g_ptr_array_add (texts, json);
      items[i].type = "Observation";
      items[i].id = id;
      items[i].json = json;
    }
  g_assert_true (rounds_store_import (store, items, 3000, TRUE, "test", NULL, &error));
  g_assert_no_error (error);
  begin = g_get_monotonic_time ();
  rows = rounds_section_load (&rounds_section_results, store, "p1", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rows->len, ==, 40);
  g_test_message ("3,000 observations read and grouped in %d ms", (int) ((g_get_monotonic_time () - begin) / 1000));
  test_store_end (store, g_steal_pointer (&folder));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/charts/sections/flags", test_flags);
  g_test_add_func ("/charts/sections/results", test_results);
  g_test_add_func ("/charts/sections/synthea", test_synthea);
  g_test_add_func ("/charts/sections/model", test_model);
  g_test_add_func ("/charts/sections/many", test_many);
  return g_test_run ();
}
