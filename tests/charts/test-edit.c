/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Forms: what an edit touches, and that it touches nothing else. */

#include "charts-test.h"

#include <string.h>

#include "charts/edit.h"
#include "charts/history.h"
#include "charts/patient.h"
#include "charts/row.h"
#include "charts/sections.h"
#include "charts/words.h"
#include "fhir/patch.h"
#include "fhir/resource.h"

#define NOW_US (G_GINT64_CONSTANT (1763800000) * G_USEC_PER_SEC)

static const char rich_condition[] =
  "{'resourceType':'Condition','id':'c1','meta':{'versionId':'3','tag':[{'system':'urn:t','code':'x'}]},"
  "'extension':[{'url':'http://example.org/a','valueDecimal':1.10}],'vendorField':{'deep':[1.0E-22,null,'é']},"
  "'clinicalStatus':{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/condition-clinical','code':'active'}]},"
  "'code':{'coding':[{'system':'http://snomed.info/sct','code':'10509002','display':'Acute bronchitis (disorder)'}],"
  "'text':'Acute bronchitis (disorder)'},'subject':{'reference':'Patient/p1'},'_onsetDateTime':{'id':'o'},"
  "'onsetDateTime':'2012-12-29T00:54:07+00:00','stage':[{'summary':{'text':'II'}}],'note':[{'text':'first'},{'text':'second'}]}";

/* The paths that an edit changed. */
static char *
changed_paths (json_object *before, json_object *after)
{
  g_autoptr (GPtrArray) differences = rounds_patch_diff (before, after);
  GString *all = g_string_new (NULL);

  for (guint i = 0; i < differences->len; i++)
    g_string_append_printf (all, "%s ", ((RoundsDifference *) g_ptr_array_index (differences, i))->path);
  return g_string_free (all, FALSE);
}

static void
test_unchanged_form (void)
{
  g_autoptr (json_object) before = test_json (rich_condition);
  g_autoptr (json_object) values = rounds_form_values (&rounds_section_problems, before, NOW_US);
  g_autoptr (GError) error = NULL;
  g_autoptr (json_object) after = rounds_form_apply (&rounds_section_problems, before, "p1", values, "Dr Osei", NOW_US, &error);
  g_autofree char *a = rounds_json_print (before), *b = NULL;

  g_assert_no_error (error);
  b = rounds_json_print (after);
  g_assert_cmpstr (a, ==, b);
}

static void
test_unknown_survives (void)
{
  g_autoptr (json_object) before = test_json (rich_condition);
  g_autoptr (json_object) values = rounds_form_values (&rounds_section_problems, before, NOW_US);
  g_autoptr (GError) error = NULL;
  g_autoptr (json_object) after = NULL;
  g_autofree char *paths = NULL, *text = NULL;

  json_object_object_add (values, "note", json_object_new_string ("first, seen again"));
  json_object_object_add (values, "onset", json_object_new_string ("2012"));
  after = rounds_form_apply (&rounds_section_problems, before, "p1", values, "Dr Osei", NOW_US, &error);
  g_assert_no_error (error);
  paths = changed_paths (before, after);
  g_assert_cmpstr (paths, ==, "onsetDateTime note.0.text ");
  text = rounds_json_print (after);
  g_assert_nonnull (strstr (text, "\"valueDecimal\":1.10"));
  g_assert_nonnull (strstr (text, "1.0E-22"));
  g_assert_nonnull (strstr (text, "\"_onsetDateTime\":{\"id\":\"o\"}"));
  g_assert_cmpstr (rounds_json_peek_string (after, "note.1.text"), ==, "second");
}

static void
test_new_meaning_drops_codes (void)
{
  g_autoptr (json_object) before = test_json (rich_condition);
  g_autoptr (json_object) values = rounds_form_values (&rounds_section_problems, before, NOW_US);
  g_autoptr (json_object) after = NULL;

  json_object_object_add (values, "code", test_json ("{'text':'Pneumonia'}"));
  after = rounds_form_apply (&rounds_section_problems, before, "p1", values, "Dr Osei", NOW_US, NULL);
  g_assert_cmpstr (rounds_json_peek_string (after, "code.text"), ==, "Pneumonia");
  g_assert_null (rounds_json_peek (after, "code.coding"));
}

static void
test_bad_values (void)
{
  g_autoptr (json_object) values = test_json ("{'code':{'text':'Fever'},'clinical':'active','onset':'yesterday-ish'}");
  g_autoptr (json_object) none = test_json ("{'clinical':'active'}");
  g_autoptr (json_object) ended = test_json ("{'code':{'text':'Fever'},'clinical':'active','abatement':'2020'}");
  g_autoptr (GError) error = NULL;
  g_autofree char *digits = NULL, *unit = NULL, *now = NULL;

  g_assert_null (rounds_form_apply (&rounds_section_problems, NULL, "p1", values, "w", NOW_US, &error));
  g_assert_error (error, ROUNDS_CHARTS_ERROR, ROUNDS_CHARTS_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_null (rounds_form_apply (&rounds_section_problems, NULL, "p1", none, "w", NOW_US, &error));
  g_assert_error (error, ROUNDS_CHARTS_ERROR, ROUNDS_CHARTS_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_null (rounds_form_apply (&rounds_section_problems, NULL, "p1", ended, "w", NOW_US, &error));
  g_assert_error (error, ROUNDS_CHARTS_ERROR, ROUNDS_CHARTS_ERROR_INVALID);
  g_clear_error (&error);

  /* 1,500 could be one and a half or fifteen hundred. */
  g_assert_false (rounds_quantity_from_typed ("1,500 mg", &digits, &unit, &error));
  g_assert_error (error, ROUNDS_CHARTS_ERROR, ROUNDS_CHARTS_ERROR_INVALID);
  g_assert_true (rounds_quantity_from_typed (" 2.50 mg ", &digits, &unit, NULL));
  g_assert_cmpstr (digits, ==, "2.50");
  g_assert_cmpstr (unit, ==, "mg");
  now = rounds_date_from_typed ("2026-11-22 12:00", NOW_US, NULL);
  g_assert_true (g_str_has_prefix (now, "2026-11-22T12:00:00"));
}

static void
test_prescription (void)
{
  g_autoptr (json_object) values = test_json (
    "{'drug':{'text':'amoxicillin 500 MG Oral Tablet','system':'http://www.nlm.nih.gov/research/umls/rxnorm','code':'308191'},"
    "'dose':'500 mg','route':{'text':'by mouth'},'often':{'text':'three times a day','code':'3/1d'},'for':'7 days',"
    "'status':'active','from':'2026-11-22'}");
  g_autoptr (GError) error = NULL;
  g_autoptr (json_object) made = rounds_form_apply (&rounds_section_medications, NULL, "p1", values, "Dr Osei", NOW_US, &error);
  g_autoptr (json_object) again = NULL, changed = NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (rounds_json_peek_string (made, "subject.reference"), ==, "Patient/p1");
  g_assert_cmpstr (rounds_json_peek_string (made, "intent"), ==, "order");
  g_assert_cmpstr (rounds_json_peek_string (made, "requester.display"), ==, "Dr Osei");
  g_assert_cmpstr (rounds_json_peek_digits (made, "dosageInstruction.0.doseAndRate.0.doseQuantity.value"), ==, "500");
  g_assert_cmpstr (rounds_json_peek_digits (made, "dosageInstruction.0.timing.repeat.frequency"), ==, "3");
  g_assert_cmpstr (rounds_json_peek_digits (made, "dosageInstruction.0.timing.repeat.boundsDuration.value"), ==, "7");
  g_assert_cmpstr (rounds_json_peek_string (made, "dosageInstruction.0.text"), ==,
                   "500 mg by mouth, three times a day for 7 d");

  /* Another dose: the words follow, and the bounds stay. */
  again = rounds_form_values (&rounds_section_medications, made, NOW_US);
  json_object_object_add (again, "dose", json_object_new_string ("250 mg"));
  changed = rounds_form_apply (&rounds_section_medications, made, "p1", again, "Dr Osei", NOW_US, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (rounds_json_peek_string (changed, "dosageInstruction.0.text"), ==,
                   "250 mg by mouth, three times a day for 7 d");

  /* Words that say more are not dropped in silence. */
  rounds_json_set_string (made, "dosageInstruction.0.text", "500 mg with food, three times a day");
  json_object_put (again);
  again = rounds_form_values (&rounds_section_medications, made, NOW_US);
  g_assert_cmpstr (rounds_json_peek_string (again, "words"), ==, "500 mg with food, three times a day");
  json_object_object_add (again, "dose", json_object_new_string ("250 mg"));
  g_assert_null (rounds_form_apply (&rounds_section_medications, made, "p1", again, "Dr Osei", NOW_US, &error));
  g_assert_error (error, ROUNDS_CHARTS_ERROR, ROUNDS_CHARTS_ERROR_INVALID);
}

/* What comes out of a form of this resource with another reason; NULL = the form untouched, "" = emptied. */
static json_object *
with_reason (const char *resource_text, const char *reason_text)
{
  g_autoptr (json_object) before = test_json (resource_text);
  g_autoptr (json_object) values = rounds_form_values (&rounds_section_medications, before, NOW_US);
  g_autoptr (GError) error = NULL;
  json_object *after;

  if (reason_text != NULL)
    json_object_object_del (values, "reason");
  if (reason_text != NULL && *reason_text != '\0')
    json_object_object_add (values, "reason", test_json (reason_text));
  after = rounds_form_apply (&rounds_section_medications, before, "p1", values, "Dr Osei", NOW_US, &error);
  g_assert_no_error (error);
  return after;
}

#define REQUEST "{'resourceType':'MedicationRequest','id':'m1','status':'active','intent':'order','medicationCodeableConcept':" \
                "{'text':'allopurinol'}"

static void
test_reason (void)
{
  static const char in_words[] = REQUEST ",'reasonCode':[{'coding':[{'system':'urn:x','code':'1'}],'text':'Gout'}]}";
  static const char bare[] = REQUEST ",'reasonReference':[{'reference':'Condition/c1'}]}";
  static const char named[] = REQUEST ",'reasonReference':[{'reference':'Condition/c1','display':'Gout'}]}";
  g_autoptr (json_object) a = with_reason (in_words, "{'text':'Gout, left toe','reference':'Condition/c1'}");
  g_autoptr (json_object) b = with_reason (named, "{'text':'Pain'}");
  g_autoptr (json_object) c = with_reason (named, "");
  g_autoptr (json_object) d = with_reason (bare, NULL);
  g_autoptr (json_object) e = with_reason (bare, "{'text':'Gout','reference':'Condition/c1'}");
  g_autoptr (json_object) f = with_reason (bare, "{'text':'Asthma','reference':'Condition/c2'}");
  g_autoptr (json_object) was = test_json (bare);

  g_assert_cmpstr (rounds_json_peek_string (a, "reasonReference.0.reference"), ==, "Condition/c1");
  g_assert_cmpstr (rounds_json_peek_string (a, "reasonReference.0.display"), ==, "Gout, left toe");
  g_assert_null (rounds_json_peek (a, "reasonCode"));
  g_assert_cmpstr (rounds_json_peek_string (b, "reasonCode.0.text"), ==, "Pain");
  g_assert_null (rounds_json_peek (b, "reasonReference"));
  g_assert_null (rounds_json_peek (c, "reasonReference"));
  g_assert_null (rounds_json_peek (c, "reasonCode"));
  /* Untouched, or with the name that the form found: nothing changes. */
  g_assert_true (rounds_json_equal (d, was));
  g_assert_true (rounds_json_equal (e, was));
  g_assert_cmpstr (rounds_json_peek_string (f, "reasonReference.0.reference"), ==, "Condition/c2");
}

static void
test_patient (void)
{
  g_autoptr (json_object) before = test_json (
    "{'resourceType':'Patient','id':'p9','extension':[{'url':'urn:race'}],'identifier':[{'system':'urn:a','value':'A'},"
    "{'type':{'coding':[{'code':'MR'}]},'system':'urn:mr','value':'77'}],'name':[{'use':'nickname','text':'Ricky'},"
    "{'use':'official','family':'Muster','given':['Erika','Maria'],'prefix':['Dr.']}],'telecom':[{'system':'email',"
    "'value':'e@example.org'},{'system':'phone','value':'1','use':'home'}],'birthDate':'1964-08-12'}");
  g_autoptr (json_object) values = rounds_form_values (&rounds_section_patient, before, NOW_US);
  g_autoptr (json_object) after = NULL, made = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *paths = NULL;

  g_assert_cmpstr (rounds_json_peek_string (values, "family"), ==, "Muster");
  g_assert_cmpstr (rounds_json_peek_string (values, "given"), ==, "Erika Maria");
  g_assert_cmpstr (rounds_json_peek_string (values, "mrn"), ==, "77");
  json_object_object_add (values, "family", json_object_new_string ("Beispiel"));
  json_object_object_add (values, "phone", json_object_new_string ("2"));
  json_object_object_add (values, "mrn", json_object_new_string ("78"));
  after = rounds_form_apply (&rounds_section_patient, before, "p9", values, "w", NOW_US, &error);
  g_assert_no_error (error);
  paths = changed_paths (before, after);
  g_assert_cmpstr (paths, ==, "identifier.1.value name.1.family telecom.1.value ");

  json_object_object_del (values, "mrn");
  json_object_object_add (values, "birth", json_object_new_string ("2999-01-01"));
  g_assert_null (rounds_form_apply (&rounds_section_patient, NULL, NULL, values, "w", NOW_US, &error));
  g_assert_error (error, ROUNDS_CHARTS_ERROR, ROUNDS_CHARTS_ERROR_INVALID);
  json_object_object_add (values, "birth", json_object_new_string ("1999-01-02"));
  made = rounds_form_apply (&rounds_section_patient, NULL, NULL, values, "w", NOW_US, NULL);
  g_assert_cmpstr (rounds_json_peek_string (made, "resourceType"), ==, "Patient");
  g_assert_cmpstr (rounds_json_peek_string (made, "name.0.given.1"), ==, "Maria");
}

static void
test_verbs (void)
{
  g_autofree char *folder = NULL;
  RoundsStore *store = test_store_new (&folder);
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsRecord) seen = NULL, stopped = NULL, stale = NULL, now = NULL;
  g_autoptr (json_object) resource = NULL, values = NULL;
  g_autoptr (RoundsEdited) edited = NULL, again = NULL, removed = NULL;
  g_autoptr (GPtrArray) history = NULL, rows = NULL;
  gboolean told = FALSE;

  test_put_patient (store);
  test_put (store, rich_condition);
  seen = rounds_store_get (store, "Condition", "c1", &error);
  g_assert_no_error (error);
  stale = rounds_record_copy (seen);

  edited = rounds_edit_stop (store, &rounds_section_problems, seen, &error);
  g_assert_no_error (error);
  g_assert_cmpint (edited->revision, >, seen->revision);
  stopped = rounds_store_get (store, "Condition", "c1", NULL);
  resource = rounds_record_parse (stopped);
  g_assert_cmpstr (rounds_resource_peek_status (resource), ==, "resolved");
  g_assert_false (rounds_section_problems.is_active (resource));
  g_assert_true (stopped->unsynced);

  /* Someone else's screen still shows the version before: nothing is overwritten. */
  values = rounds_form_values (&rounds_section_problems, resource, NOW_US);
  json_object_object_add (values, "note", json_object_new_string ("late"));
  again = rounds_form_save (store, &rounds_section_problems, "p1", stale, values, NULL, FALSE, &error);
  g_assert_null (again);
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_STALE);
  g_clear_error (&error);

  history = rounds_history_load (store, &rounds_section_problems, "Condition", "c1", &error);
  g_assert_no_error (error);
  for (guint i = 0; i < history->len; i++)
    {
      RoundsHistoryRow *row = g_ptr_array_index (history, i);

      if (g_strcmp0 (row->field, "Status") == 0)
        {
          told = TRUE;
          g_assert_cmpstr (row->old, ==, "active");
          g_assert_cmpstr (row->new_, ==, "resolved");
          g_assert_cmpstr (row->who, ==, "Dr Osei");
        }
    }
  g_assert_true (told);

  g_assert_true (rounds_edit_undo (store, edited, &error));
  g_assert_no_error (error);
  now = rounds_store_get (store, "Condition", "c1", NULL);
  g_assert_cmpstr (now->json, ==, seen->json);

  removed = rounds_edit_remove (store, &rounds_section_problems, now, &error);
  g_assert_no_error (error);
  rows = rounds_section_load (&rounds_section_problems, store, "p1", &error);
  g_assert_cmpuint (rows->len, ==, 1);
  g_assert_true (rounds_row_is_error (g_ptr_array_index (rows, 0)));
  g_assert_false (rounds_row_is_active (g_ptr_array_index (rows, 0)));
  test_store_end (store, g_steal_pointer (&folder));
}

/* Taking back what was just added leaves nothing behind in the list, and a trace in the history. */
static void
test_undo_new (void)
{
  g_autofree char *folder = NULL;
  RoundsStore *store = test_store_new (&folder);
  g_autoptr (json_object) values = test_json ("{'code':{'text':'Gout'},'clinical':'active'}");
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsEdited) edited = NULL;
  g_autoptr (GPtrArray) rows = NULL, history = NULL;

  test_put_patient (store);
  edited = rounds_form_save (store, &rounds_section_problems, "p1", NULL, values, NULL, FALSE, &error);
  g_assert_no_error (error);
  g_assert_true (rounds_edit_undo (store, edited, &error));
  g_assert_no_error (error);
  rows = rounds_section_load (&rounds_section_problems, store, "p1", &error);
  g_assert_cmpuint (rows->len, ==, 0);
  history = rounds_history_load (store, &rounds_section_problems, edited->type, edited->id, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (history->len, >=, 2);
  g_assert_false (rounds_edit_undo (store, edited, &error));
  test_store_end (store, g_steal_pointer (&folder));
}

static void
test_duplicates (void)
{
  g_autofree char *folder = NULL;
  RoundsStore *store = test_store_new (&folder);
  g_autoptr (json_object) same = test_json ("{'family':'muster','given':'Erika','birth':'1964-08-12'}");
  g_autoptr (json_object) other = test_json ("{'family':'Muster','given':'Erika','birth':'1964-08-13'}");
  g_autoptr (GPtrArray) checks = NULL, none = NULL, self = NULL;

  test_put_patient (store);
  checks = rounds_patient_find_duplicates (store, same, NULL, NULL);
  g_assert_cmpuint (checks->len, ==, 1);
  none = rounds_patient_find_duplicates (store, other, NULL, NULL);
  g_assert_cmpuint (none->len, ==, 0);
  self = rounds_patient_find_duplicates (store, same, "p1", NULL);
  g_assert_cmpuint (self->len, ==, 0);
  test_store_end (store, g_steal_pointer (&folder));
}

static void
test_json_set (void)
{
  g_autoptr (json_object) root = test_json ("{'a':[{'b':1},{'c':2}]}");
  g_autofree char *text = NULL;

  g_assert_true (rounds_json_set_string (root, "x.0.y", "new"));
  g_assert_true (rounds_json_set (root, "a.0.b", NULL));
  g_assert_false (rounds_json_set_string (root, "a.b", "wrong shape"));
  g_assert_false (rounds_json_set_string (root, "a.9.b", "a hole"));
  text = rounds_json_print (root);
  g_assert_cmpstr (text, ==, "{\"a\":[{\"c\":2}],\"x\":[{\"y\":\"new\"}]}");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/charts/edit/json-set", test_json_set);
  g_test_add_func ("/charts/edit/unchanged-form", test_unchanged_form);
  g_test_add_func ("/charts/edit/unknown-survives", test_unknown_survives);
  g_test_add_func ("/charts/edit/new-meaning-drops-codes", test_new_meaning_drops_codes);
  g_test_add_func ("/charts/edit/bad-values", test_bad_values);
  g_test_add_func ("/charts/edit/prescription", test_prescription);
  g_test_add_func ("/charts/edit/reason", test_reason);
  g_test_add_func ("/charts/edit/patient", test_patient);
  g_test_add_func ("/charts/edit/verbs", test_verbs);
  g_test_add_func ("/charts/edit/undo-new", test_undo_new);
  g_test_add_func ("/charts/edit/duplicates", test_duplicates);
  return g_test_run ();
}
