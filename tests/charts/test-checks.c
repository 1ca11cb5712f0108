/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The allergy and duplicate check, offline. */

#include "charts-test.h"

#include <string.h>

#include "charts/checks.h"
#include "charts/edit.h"
#include "charts/sections.h"

static GPtrArray *
check (const char *drug, const char *rxcui, const char *allergy, const char *medication)
{
  g_autoptr (json_object) request = json_object_new_object ();
  g_autoptr (GPtrArray) allergies = g_ptr_array_new_with_free_func ((GDestroyNotify) json_object_put);
  g_autoptr (GPtrArray) medications = g_ptr_array_new_with_free_func ((GDestroyNotify) json_object_put);
  RoundsCheckContext context = { allergies, medications, NULL, g_get_real_time () };

  json_object_object_add (request, "resourceType", json_object_new_string ("MedicationRequest"));
  json_object_object_add (request, "medicationCodeableConcept",
                          rounds_concept_new (rxcui != NULL ? ROUNDS_SYSTEM_RXNORM : NULL, rxcui, drug, drug));
  if (allergy != NULL)
    g_ptr_array_add (allergies, test_json (allergy));
  if (medication != NULL)
    g_ptr_array_add (medications, test_json (medication));
  return rounds_check_drug (request, &context);
}

static const RoundsCheck *
find (GPtrArray *checks, const char *prefix)
{
  for (guint i = 0; i < checks->len; i++)
    {
      const RoundsCheck *one = g_ptr_array_index (checks, i);

      if (g_str_has_prefix (one->id, prefix))
        return one;
    }
  return NULL;
}

#define ALLERGY(name, more) "{'resourceType':'AllergyIntolerance','id':'a','code':{'text':'" name "'}" more "}"
#define CONFIRMED ",'verificationStatus':{'coding':[{'code':'confirmed'}]}"
#define ANAPHYLAXIS ",'reaction':[{'manifestation':[{'text':'anaphylaxis'}]}]"

static void
test_class (void)
{
  g_autoptr (GPtrArray) grave = check ("amoxicillin 500 MG Oral Tablet", "308191", ALLERGY ("penicillin V", CONFIRMED ANAPHYLAXIS), NULL);
  g_autoptr (GPtrArray) mild = check ("Amoxicillin 500 mg tablet", NULL, ALLERGY ("Penicillin", ",'criticality':'low'"), NULL);
  g_autoptr (GPtrArray) plural = check ("Amoxicillin 500 mg", NULL, ALLERGY ("Allergy to penicillins", CONFIRMED), NULL);
  g_autoptr (GPtrArray) brand = check ("Augmentin", NULL, ALLERGY ("Penicillin G", CONFIRMED), NULL);
  g_autoptr (GPtrArray) sulfa = check ("Bactrim DS", NULL, ALLERGY ("sulfa drugs", CONFIRMED), NULL);
  g_autoptr (GPtrArray) nsaid = check ("ibuprofen 400 mg", NULL, ALLERGY ("aspirin", CONFIRMED), NULL);
  const RoundsCheck *one = find (grave, "allergy:");

  g_assert_nonnull (one);
  g_assert_cmpint (one->level, ==, ROUNDS_CHECK_REASON);
  g_assert_nonnull (strstr (one->title, "penicillin V"));
  g_assert_nonnull (strstr (one->title, "anaphylaxis"));
  g_assert_nonnull (strstr (one->detail, "same class"));
  g_assert_true (g_ptr_array_index (grave, 0) == one);
  g_assert_cmpint (find (mild, "allergy:")->level, ==, ROUNDS_CHECK_INFORM);
  g_assert_nonnull (find (plural, "allergy:"));
  g_assert_nonnull (find (brand, "allergy:"));
  g_assert_nonnull (find (sulfa, "allergy:"));
  g_assert_nonnull (find (nsaid, "allergy:"));
}

static void
test_silent (void)
{
  g_autoptr (GPtrArray) other = check ("metformin 500 mg", NULL, ALLERGY ("penicillin V", CONFIRMED ANAPHYLAXIS), NULL);
  g_autoptr (GPtrArray) refuted = check ("amoxicillin 500 mg", NULL,
                                         ALLERGY ("penicillin V", ",'verificationStatus':{'coding':[{'code':'refuted'}]}"), NULL);
  g_autoptr (GPtrArray) error = check ("amoxicillin 500 mg", NULL,
                                       ALLERGY ("penicillin V", ",'verificationStatus':{'coding':[{'code':'entered-in-error'}]}"), NULL);
  g_autoptr (GPtrArray) none = check ("amoxicillin 500 mg", NULL, ALLERGY ("No known allergy", ""), NULL);
  g_autoptr (GPtrArray) amine = check ("penicillamine 250 mg", NULL, ALLERGY ("penicillin V", CONFIRMED), NULL);

  g_assert_null (find (other, "allergy:"));
  g_assert_null (find (refuted, "allergy:"));
  g_assert_null (find (error, "allergy:"));
  g_assert_cmpuint (none->len, ==, 0);
  g_assert_null (find (amine, "allergy:"));
}

static void
test_unknown_is_not_safe (void)
{
  g_autoptr (GPtrArray) drug = check ("Wundermittel", NULL, ALLERGY ("penicillin V", CONFIRMED), NULL);
  g_autoptr (GPtrArray) part = check ("amoxicillin with wundermittel", NULL, NULL, NULL);
  g_autoptr (GPtrArray) substance = check ("metformin 500 mg", NULL, ALLERGY ("blue pill", ",'category':['medication']"), NULL);
  g_autoptr (GPtrArray) food = check ("metformin 500 mg", NULL, ALLERGY ("strawberry jam", ",'category':['food']"), NULL);

  g_assert_nonnull (find (drug, "unknown"));
  g_assert_nonnull (find (part, "incomplete"));
  g_assert_nonnull (find (part, "no-allergies"));
  g_assert_nonnull (find (substance, "allergies-unknown"));
  g_assert_null (find (food, "allergies-unknown"));
}

static void
test_cross (void)
{
  g_autoptr (GPtrArray) checks = check ("cephalexin 500 mg", NULL, ALLERGY ("penicillin V", CONFIRMED ANAPHYLAXIS), NULL);
  const RoundsCheck *one = find (checks, "allergy:");

  g_assert_nonnull (one);
  g_assert_cmpint (one->level, ==, ROUNDS_CHECK_INFORM);
}

#define REQUEST(drug, status) "{'resourceType':'MedicationRequest','id':'m','status':'" status "','medicationCodeableConcept':{'text':'" drug "'}}"

static void
test_duplicate (void)
{
  g_autoptr (GPtrArray) same = check ("ibuprofen 400 mg", NULL, NULL, REQUEST ("Advil", "active"));
  g_autoptr (GPtrArray) held = check ("furosemide 40 mg", NULL, NULL, REQUEST ("furosemide 20 MG Oral Tablet", "on-hold"));
  g_autoptr (GPtrArray) past = check ("ibuprofen 400 mg", NULL, NULL, REQUEST ("ibuprofen 200 mg", "stopped"));
  g_autoptr (GPtrArray) kin = check ("naproxen 250 mg", NULL, NULL, REQUEST ("ibuprofen 200 mg", "active"));

  g_assert_cmpint (find (same, "duplicate:")->level, ==, ROUNDS_CHECK_INFORM);
  g_assert_nonnull (find (held, "duplicate:"));
  g_assert_null (find (past, "duplicate:"));
  g_assert_cmpint (find (kin, "duplicate:")->level, ==, ROUNDS_CHECK_NOTE);
}

/* Anaphylaxis asks for a reason, takes it, and keeps it; it never blocks. */
static void
test_reason (void)
{
  g_autofree char *folder = NULL;
  RoundsStore *store = test_store_new (&folder);
  g_autoptr (json_object) values = test_json ("{'drug':{'text':'amoxicillin 500 mg'},'dose':'500 mg','status':'active'}");
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsEdited) refused = NULL, edited = NULL;
  g_autoptr (RoundsRecord) record = NULL;
  g_autoptr (json_object) resource = NULL;

  test_put_patient (store);
  test_put (store, "{'resourceType':'AllergyIntolerance','id':'a','patient':{'reference':'Patient/p1'},"
                   "'code':{'text':'penicillin V'}" CONFIRMED ANAPHYLAXIS "}");
  refused = rounds_form_save (store, &rounds_section_medications, "p1", NULL, values, "  ", FALSE, &error);
  g_assert_null (refused);
  g_assert_error (error, ROUNDS_CHARTS_ERROR, ROUNDS_CHARTS_ERROR_REASON);
  g_clear_error (&error);
  edited = rounds_form_save (store, &rounds_section_medications, "p1", NULL, values, "desensitised", FALSE, &error);
  g_assert_no_error (error);
  record = rounds_store_get (store, edited->type, edited->id, &error);
  g_assert_no_error (error);
  resource = rounds_record_parse (record);
  g_assert_nonnull (strstr (rounds_json_peek_string (resource, "note.0.text"), "desensitised"));
  g_assert_cmpstr (rounds_json_peek_string (resource, "note.0.authorString"), ==, "Dr Osei");
  test_store_end (store, g_steal_pointer (&folder));
}

static void
test_terms (void)
{
  g_autoptr (GPtrArray) problems = rounds_terms_search (ROUNDS_TERMS_PROBLEMS, "pneum unsp org", 10);
  g_autoptr (GPtrArray) code = rounds_terms_search (ROUNDS_TERMS_PROBLEMS, "E11.9", 10);
  g_autoptr (GPtrArray) drugs = rounds_terms_search (ROUNDS_TERMS_DRUGS, "metform 500", 10);
  g_autoptr (GPtrArray) vaccines = rounds_terms_search (ROUNDS_TERMS_VACCINES, "mmr", 10);
  g_autoptr (GPtrArray) nothing = rounds_terms_search (ROUNDS_TERMS_DRUGS, "", 10);
  gint64 begin = g_get_monotonic_time ();
  g_autoptr (GPtrArray) slow = rounds_terms_search (ROUNDS_TERMS_PROBLEMS, "initial encounter left", 30);
  gint64 end = g_get_monotonic_time ();
  g_autoptr (GPtrArray) hostile = rounds_terms_search (ROUNDS_TERMS_DRUGS, "%s\t\n\x01((((", 10);

  g_test_message ("three words over ICD-10-CM: %d ms", (int) ((end - begin) / 1000));
  g_assert_cmpuint (slow->len, ==, 30);
  g_assert_cmpuint (problems->len, >, 0);
  g_assert_cmpstr (((RoundsTerm *) g_ptr_array_index (problems, 0))->code, ==, "J18.9");
  g_assert_cmpstr (((RoundsTerm *) g_ptr_array_index (code, 0))->code, ==, "E11.9");
  g_assert_cmpuint (drugs->len, >, 0);
  g_assert_nonnull (strstr (((RoundsTerm *) g_ptr_array_index (drugs, 0))->display, "metformin"));
  g_assert_cmpuint (vaccines->len, >, 0);
  g_assert_cmpuint (nothing->len, ==, 0);
  g_assert_cmpuint (hostile->len, <=, 10);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/charts/checks/terms", test_terms);
  g_test_add_func ("/charts/checks/class", test_class);
  g_test_add_func ("/charts/checks/silent", test_silent);
  g_test_add_func ("/charts/checks/unknown-is-not-safe", test_unknown_is_not_safe);
  g_test_add_func ("/charts/checks/cross", test_cross);
  g_test_add_func ("/charts/checks/duplicate", test_duplicate);
  g_test_add_func ("/charts/checks/reason", test_reason);
  return g_test_run ();
}
