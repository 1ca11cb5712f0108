/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of references, and where they are found. */

#include <glib.h>

#include "fhir/reference.h"

static void
test_parse (void)
{
  static const struct {
    const char *text, *base, *type, *id, *version;
  } cases[] = {
    { "Patient/1", NULL, "Patient", "1", NULL },
    { "Patient/1/_history/2", NULL, "Patient", "1", "2" },
    { "https://h/fhir/Patient/1", "https://h/fhir/", "Patient", "1", NULL },
    { "https://h/fhir/Patient/1/_history/2", "https://h/fhir/", "Patient", "1", "2" },
    { "http://h:8080/Patient/a.b-C", "http://h:8080/", "Patient", "a.b-C", NULL },
    { "https://h/Patient/Patient/Observation/x", "https://h/Patient/Patient/", "Observation", "x", NULL },
    { "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a", NULL, NULL, NULL, NULL },
    { "#c", NULL, NULL, NULL, NULL },
    { "#Patient/1", NULL, NULL, NULL, NULL },
    { "Patient?identifier=s|1", NULL, NULL, NULL, NULL },
    { "https://h/fhir?x=/Patient/1", NULL, NULL, NULL, NULL },
    { "Nonsense/1", NULL, NULL, NULL, NULL },
    { "patient/1", NULL, NULL, NULL, NULL },
    { "Patient/", NULL, NULL, NULL, NULL },
    { "/Patient/1", NULL, NULL, NULL, NULL },
    { "//h/Patient/1", NULL, NULL, NULL, NULL },
    { "foo/Patient/1", NULL, NULL, NULL, NULL },
    { "://h/Patient/1", NULL, NULL, NULL, NULL },
    { "https:///Patient/1", NULL, NULL, NULL, NULL },
    { "Patient/a_b", NULL, NULL, NULL, NULL },
    { "Patient/1/_history/", NULL, NULL, NULL, NULL },
    { "Patient/1/_history/x y", NULL, NULL, NULL, NULL },
    { "_history/2", NULL, NULL, NULL, NULL },
    { "Patient", NULL, NULL, NULL, NULL },
    { "/", NULL, NULL, NULL, NULL },
    { "Patient/1#c", NULL, NULL, NULL, NULL },
    { "Patient/../Patient/1", NULL, NULL, NULL, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (RoundsReference) reference = { 0 };

      g_test_message ("%s", cases[i].text);
      g_assert_true (rounds_reference_parse (cases[i].text, &reference));
      g_assert_cmpstr (reference.base, ==, cases[i].base);
      g_assert_cmpstr (reference.type, ==, cases[i].type);
      g_assert_cmpstr (reference.id, ==, cases[i].id);
      g_assert_cmpstr (reference.version, ==, cases[i].version);
    }

  RoundsReference untouched = { .type = (char *) "x" };
  g_assert_false (rounds_reference_parse (NULL, &untouched));
  g_assert_false (rounds_reference_parse ("", &untouched));
  g_assert_cmpstr (untouched.type, ==, "x");
}

static const char *const document =
  "{\"resourceType\":\"Observation\",\"subject\":{\"reference\":\"Patient/1\",\"display\":\"x\"},"
  "\"performer\":[{\"reference\":\"Practitioner/2/_history/3\"},{\"display\":\"none\"},{\"reference\":7}],"
  "\"contained\":[{\"resourceType\":\"Device\",\"id\":\"d\",\"patient\":{\"reference\":\"Patient/1\"}}],"
  "\"device\":{\"reference\":\"#d\"},\"extension\":[{\"url\":\"u\",\"valueReference\":{\"reference\":\"Group/4\"}}],"
  "\"focus\":[{\"reference\":\"https://h/fhir/Encounter/5\"}],\"note\":[{\"text\":\"Patient/9\"}]}";

static char *
rename_patient (const char *reference, gpointer data)
{
  (*(guint *) data)++;
  return g_strcmp0 (reference, "Patient/1") == 0 ? g_strdup ("Patient/new")
         : g_str_has_prefix (reference, "#")     ? g_strdup (reference) /* the same is no change */
                                                 : NULL;
}

static void
test_rewrite (void)
{
  g_autoptr (json_object) value = rounds_json_parse (document, -1, NULL);
  guint calls = 0;

  g_assert_cmpuint (rounds_reference_rewrite (value, rename_patient, &calls), ==, 2);
  g_assert_cmpuint (calls, ==, 6);
  g_assert_cmpstr (rounds_json_peek_string (value, "subject.reference"), ==, "Patient/new");
  g_assert_cmpstr (rounds_json_peek_string (value, "subject.display"), ==, "x");
  g_assert_cmpstr (rounds_json_peek_string (value, "contained.0.patient.reference"), ==, "Patient/new");
  g_assert_cmpstr (rounds_json_peek_string (value, "device.reference"), ==, "#d");
  g_assert_cmpstr (rounds_json_peek_digits (value, "performer.2.reference"), ==, "7");
}

static void
test_list (void)
{
  g_autoptr (json_object) value = rounds_json_parse (document, -1, NULL);
  g_auto (GStrv) list = rounds_reference_list (value);
  g_auto (GStrv) none = rounds_reference_list (NULL);
  g_autofree char *joined = g_strjoinv (" ", list);

  g_assert_cmpstr (joined, ==, "Patient/1 Practitioner/2 Group/4");
  g_assert_cmpuint (g_strv_length (none), ==, 0);

  /* One named again and again, among others. */
  g_autoptr (json_object) often = rounds_json_parse (
    "[{\"reference\":\"Patient/1\"},{\"reference\":\"Patient/1\"},{\"reference\":\"Patient/1\"},"
    "{\"reference\":\"Group/1\"},{\"reference\":\"Patient/1/_history/1\"},{\"reference\":\"Group/1\"}]", -1, NULL);
  g_auto (GStrv) once = rounds_reference_list (often);
  g_autofree char *once_joined = g_strjoinv (" ", once);
  g_assert_cmpstr (once_joined, ==, "Patient/1 Group/1");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/reference/parse", test_parse);
  g_test_add_func ("/reference/rewrite", test_rewrite);
  g_test_add_func ("/reference/list", test_list);
  return g_test_run ();
}
