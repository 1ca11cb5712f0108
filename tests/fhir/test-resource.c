/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Types, ids, names, and what is asked of every resource. All people are invented. */

#include <glib.h>

#include "fhir/resource.h"

static json_object *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  json_object *value = rounds_json_parse (text, -1, &error);

  g_assert_no_error (error);
  return value;
}

static void
test_types_and_ids (void)
{
  static const char *const ids[] = { "a", "1", "A-z.9", "0123456789012345678901234567890123456789012345678901234567890123" };
  static const char *const bad_ids[] = {
    "", "a_b", "a b", "a/b", "é", "../x", "a\n", "01234567890123456789012345678901234567890123456789012345678901234",
  };

  g_assert_true (rounds_fhir_is_type ("Patient"));
  g_assert_true (rounds_fhir_is_type ("Account"));
  g_assert_true (rounds_fhir_is_type ("VisionPrescription"));
  g_assert_true (rounds_fhir_is_type ("MedicinalProductUndesirableEffect"));
  g_assert_false (rounds_fhir_is_type ("patient"));
  g_assert_false (rounds_fhir_is_type ("DomainResource"));
  g_assert_false (rounds_fhir_is_type ("Resource"));
  g_assert_false (rounds_fhir_is_type ("Citation")); /* R5 */
  g_assert_false (rounds_fhir_is_type ("ProcedureRequest")); /* STU3 */
  g_assert_false (rounds_fhir_is_type (""));
  g_assert_false (rounds_fhir_is_type (NULL));

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    g_assert_true (rounds_fhir_is_id (ids[i]));
  for (guint i = 0; i < G_N_ELEMENTS (bad_ids); i++)
    g_assert_false (rounds_fhir_is_id (bad_ids[i]));
  g_assert_false (rounds_fhir_is_id (NULL));

  g_autofree char *one = rounds_fhir_new_id ();
  g_autofree char *two = rounds_fhir_new_id ();
  g_assert_true (rounds_fhir_is_id (one));
  g_assert_true (g_uuid_string_is_valid (one));
  g_assert_cmpstr (one, !=, two);
}

static void
test_identify (void)
{
  static const struct {
    const char *text;
    int code; /* −1: fine */
    const char *id;
  } cases[] = {
    { "{\"resourceType\":\"Patient\",\"id\":\"1\"}", -1, "1" },
    { "{\"resourceType\":\"Patient\"}", -1, NULL },
    { "{\"resourceType\":\"Patient\",\"id\":\"a_b\"}", ROUNDS_FHIR_ERROR_REFUSED, NULL },
    { "{\"resourceType\":\"Patient\",\"id\":1}", ROUNDS_FHIR_ERROR_REFUSED, NULL },
    { "{\"resourceType\":\"Patient\",\"id\":null}", ROUNDS_FHIR_ERROR_REFUSED, NULL },
    { "{\"resourceType\":\"Nonsense\"}", ROUNDS_FHIR_ERROR_REFUSED, NULL },
    { "{\"resourceType\":[\"Patient\"]}", ROUNDS_FHIR_ERROR_NOT_FHIR, NULL },
    { "{}", ROUNDS_FHIR_ERROR_NOT_FHIR, NULL },
    { "[1]", ROUNDS_FHIR_ERROR_NOT_FHIR, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (json_object) value = parse (cases[i].text);
      g_autoptr (GError) error = NULL;
      const char *type = "untouched", *id = "untouched";
      gboolean ok = rounds_resource_identify (value, &type, &id, &error);

      g_assert_cmpint (ok, ==, cases[i].code < 0);
      if (ok)
        {
          g_assert_cmpstr (type, ==, "Patient");
          g_assert_cmpstr (id, ==, cases[i].id);
        }
      else
        {
          g_assert_true (g_error_matches (error, ROUNDS_FHIR_ERROR, cases[i].code));
          g_assert_cmpstr (type, ==, "untouched");
          g_assert_cmpstr (id, ==, "untouched");
        }
    }
  g_assert_false (rounds_resource_identify (NULL, NULL, NULL, NULL));
}

static void
assert_concept (const char *text, const char *expected)
{
  g_autoptr (json_object) value = parse (text);

  g_assert_cmpstr (rounds_concept_display (value), ==, expected);
}

static void
test_concept (void)
{
  assert_concept ("{\"text\":\"T\",\"coding\":[{\"display\":\"D\",\"code\":\"c\"}]}", "T");
  assert_concept ("{\"coding\":[{\"code\":\"c\"},{\"display\":\"D\"}]}", "D");
  assert_concept ("{\"text\":\"\",\"coding\":[{\"code\":\"c\"}]}", "c");
  assert_concept ("{\"display\":\"D\",\"reference\":\"Patient/1\"}", "D");
  assert_concept ("{\"reference\":\"Patient/1\"}", "Patient/1");
  assert_concept ("{\"system\":\"s\",\"code\":\"c\"}", "c");
  assert_concept ("\"plain\"", "plain");
  assert_concept ("{}", NULL);
  assert_concept ("{\"text\":5,\"coding\":\"x\"}", NULL);
  assert_concept ("[\"x\"]", NULL);
  g_assert_null (rounds_concept_display (NULL));

  g_autoptr (json_object) value =
    parse ("{\"coding\":[{\"system\":\"a\",\"code\":\"1\"},{\"system\":\"b\",\"code\":\"2\"}]}");
  g_assert_cmpstr (rounds_concept_code (value, NULL), ==, "1");
  g_assert_cmpstr (rounds_concept_code (value, "b"), ==, "2");
  g_assert_null (rounds_concept_code (value, "c"));
  g_assert_null (rounds_concept_code (NULL, NULL));
}

static void
assert_name (const char *text, const char *expected)
{
  g_autoptr (json_object) patient = parse (text);
  g_autofree char *name = rounds_patient_display_name (patient);

  g_assert_cmpstr (name, ==, expected);
}

static void
test_names (void)
{
  assert_name ("{\"name\":[{\"family\":\"Hickle134\",\"given\":[\"Alfonzo975\"]}]}", "HICKLE134, Alfonzo975");
  assert_name ("{\"name\":[{\"use\":\"maiden\",\"family\":\"A\"},{\"use\":\"official\",\"family\":\"B\",\"given\":[\"C\",\"D\"]}]}",
               "B, C D");
  assert_name ("{\"name\":[{\"use\":\"old\",\"family\":\"A\"},{\"family\":\"B\"}]}", "B");
  assert_name ("{\"name\":[{\"use\":\"official\"},{\"use\":\"usual\",\"family\":\"B\"}]}", "B");
  assert_name ("{\"name\":[{\"text\":\"王小明\"}]}", "王小明");
  assert_name ("{\"name\":[{\"family\":\"王\",\"given\":[\"小明\"]}]}", "王小明");
  assert_name ("{\"name\":[{\"text\":\"王秀英\",\"family\":\"王\",\"given\":[\"秀英\"]}]}", "王秀英");
  assert_name ("{\"name\":[{\"text\":\"山田 太郎\",\"family\":\"山田\",\"given\":[\"太郎\"]}]}", "山田 太郎");
  assert_name ("{\"name\":[{\"family\":\"김\",\"given\":[\"민수\"]}]}", "김민수");
  assert_name ("{\"name\":[{\"given\":[\"はな\"]}]}", "はな");
  assert_name ("{\"name\":[{\"family\":\"𠮷田\",\"given\":[\"\",\"花\"]}]}", "𠮷田花");
  /* Mixed: joined it could not be read. The text of a Latin name is not what lists sort by. */
  assert_name ("{\"name\":[{\"family\":\"王\",\"given\":[\"David\"]}]}", "王, David");
  assert_name ("{\"name\":[{\"family\":\"Wang\",\"given\":[\"小明\"]}]}", "WANG, 小明");
  assert_name ("{\"name\":[{\"text\":\"Ana Roe\",\"family\":\"Roe\",\"given\":[\"Ana\"]}]}", "ROE, Ana");
  assert_name ("{\"name\":[{\"given\":[\"Only\"]}]}", "Only");
  assert_name ("{\"name\":[{\"family\":\"Müller\"}]}", "MÜLLER");
  assert_name ("{\"name\":{\"family\":\"x\"}}", "(no name)");
  assert_name ("{}", "(no name)");
}

static void
test_mrn (void)
{
  g_autoptr (json_object) with = parse (
    "{\"identifier\":[{\"value\":\"ssn\"},{\"value\":\"old\",\"use\":\"old\",\"type\":{\"coding\":[{\"code\":\"MR\"}]}},"
    "{\"value\":\"mrn\",\"type\":{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/v2-0203\",\"code\":\"MR\"}]}}]}");
  g_autoptr (json_object) without = parse ("{\"identifier\":[{\"system\":\"s\"},{\"value\":\"first\"},{\"value\":\"b\"}]}");
  g_autoptr (json_object) none = parse ("{\"identifier\":[]}");

  g_assert_cmpstr (rounds_patient_mrn (with), ==, "mrn");
  g_assert_cmpstr (rounds_patient_mrn (without), ==, "first");
  g_assert_null (rounds_patient_mrn (none));
}

static void
test_peek (void)
{
  static const struct {
    const char *text, *patient, *time, *concept, *status;
  } cases[] = {
    { "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"HR\"},\"subject\":{\"reference\":\"Patient/p\"},"
      "\"issued\":\"2020\",\"effectiveDateTime\":\"2019\"}", "p", "2019", "HR", "final" },
    { "{\"resourceType\":\"Condition\",\"clinicalStatus\":{\"coding\":[{\"code\":\"active\"}]},\"verificationStatus\":{\"coding\":"
      "[{\"code\":\"entered-in-error\"}]},\"subject\":{\"reference\":\"https://h/fhir/Patient/q\"},\"recordedDate\":\"2018\","
      "\"onsetDateTime\":\"2017\",\"code\":{\"coding\":[{\"display\":\"Flu\"}]}}", "q", "2017", "Flu", "entered-in-error" },
    { "{\"resourceType\":\"AllergyIntolerance\",\"clinicalStatus\":{\"coding\":[{\"code\":\"active\"}]},\"verificationStatus\":"
      "{\"coding\":[{\"code\":\"confirmed\"}]},\"patient\":{\"reference\":\"Patient/p\"},\"code\":{\"text\":\"Nuts\"}}",
      "p", NULL, "Nuts", "active" },
    { "{\"resourceType\":\"Encounter\",\"status\":\"finished\",\"type\":[{\"text\":\"Visit\"}],\"period\":{\"start\":\"2015\"}}",
      NULL, "2015", "Visit", "finished" },
    { "{\"resourceType\":\"Patient\",\"id\":\"p\",\"name\":[{\"family\":\"x\"}],\"birthDate\":\"1960\"}", "p", "1960", NULL, NULL },
    { "{\"resourceType\":\"Immunization\",\"status\":\"completed\",\"vaccineCode\":{\"text\":\"Flu\"},\"occurrenceDateTime\":\"2014\","
      "\"patient\":{\"reference\":\"Patient/x_y\"}}", NULL, "2014", "Flu", "completed" },
    { "{\"resourceType\":\"Goal\",\"lifecycleStatus\":\"active\",\"description\":{\"text\":\"Walk\"},\"subject\":{\"reference\":"
      "\"Group/1\"}}", NULL, NULL, "Walk", "active" },
    { "{\"resourceType\":\"Appointment\",\"status\":\"booked\",\"participant\":[{\"actor\":{\"reference\":\"Location/1\"}},{\"actor\":"
      "{\"reference\":\"Patient/p\"}}],\"start\":\"2026\"}", "p", "2026", NULL, "booked" },
    { "{\"resourceType\":\"Observation\",\"subject\":{\"reference\":5},\"code\":7,\"status\":[]}", NULL, NULL, NULL, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (json_object) resource = parse (cases[i].text);

      g_assert_cmpstr (rounds_resource_peek_patient_id (resource), ==, cases[i].patient);
      g_assert_cmpstr (rounds_resource_peek_time (resource), ==, cases[i].time);
      g_assert_cmpstr (rounds_concept_display (rounds_resource_peek_concept (resource)), ==, cases[i].concept);
      g_assert_cmpstr (rounds_resource_peek_status (resource), ==, cases[i].status);
      g_assert_cmpint (rounds_resource_is_entered_in_error (resource), ==,
                       g_strcmp0 (cases[i].status, "entered-in-error") == 0);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/resource/types-and-ids", test_types_and_ids);
  g_test_add_func ("/resource/identify", test_identify);
  g_test_add_func ("/resource/concept", test_concept);
  g_test_add_func ("/resource/names", test_names);
  g_test_add_func ("/resource/mrn", test_mrn);
  g_test_add_func ("/resource/peek", test_peek);
  return g_test_run ();
}
