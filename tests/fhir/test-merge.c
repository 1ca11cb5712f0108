/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What merges, what never does, and that no merged element is a mixture. */

#include <glib.h>
#include <string.h>

#include "fhir/merge.h"

static json_object *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  json_object *value;

  if (text == NULL)
    return NULL;
  value = rounds_json_parse (text, -1, &error);
  g_assert_no_error (error);
  return value;
}

static char *
text_of (json_object *value)
{
  return value != NULL ? rounds_json_print (value) : g_strdup ("deleted");
}

/* Merges both ways round; expected_conflicts "" = all merged. */
static void
assert_merge (const char *base_text, const char *mine_text, const char *theirs_text, const char *expected,
              const char *expected_conflicts)
{
  g_autoptr (json_object) base = parse (base_text);
  g_autoptr (json_object) mine = parse (mine_text);
  g_autoptr (json_object) theirs = parse (theirs_text);
  g_autoptr (json_object) want = parse (expected);
  g_autoptr (GPtrArray) conflicts = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) back_conflicts = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *joined = NULL;
  json_object *merged = NULL, *back = NULL;
  gboolean ok = rounds_merge_three_way (base, mine, theirs, &merged, conflicts);
  g_autofree char *got_text = text_of (merged);

  g_test_message ("%s | %s | %s", base_text, mine_text, theirs_text);
  g_ptr_array_add (conflicts, NULL);
  joined = g_strjoinv (" ", (char **) conflicts->pdata);
  g_assert_cmpstr (joined, ==, expected_conflicts);
  g_assert_cmpint (ok, ==, conflicts->len == 1);
  if (!rounds_json_equal (merged, want))
    g_test_message ("got %s", got_text);
  g_assert_true (rounds_json_equal (merged, want));

  /* Seen from the other side there is a conflict too, and where not, the same comes out. */
  g_assert_cmpint (rounds_merge_three_way (base, theirs, mine, &back, back_conflicts), ==, ok);
  g_assert_cmpuint (back_conflicts->len, ==, conflicts->len - 1);
  json_object_put (merged);
  json_object_put (back);
}

#define OBS(members) "{\"resourceType\":\"Observation\",\"id\":\"o\"" members "}"
#define PAT(members) "{\"resourceType\":\"Patient\",\"id\":\"p\"" members "}"
#define MED(members) "{\"resourceType\":\"MedicationRequest\",\"id\":\"m\"" members "}"
#define QUANTITY(v, u) ",\"valueQuantity\":{\"value\":" v ",\"unit\":\"" u "\"}"

static void
test_disjoint (void)
{
  assert_merge (PAT (",\"gender\":\"male\",\"birthDate\":\"1960\""), PAT (",\"gender\":\"female\",\"birthDate\":\"1960\""),
                PAT (",\"gender\":\"male\",\"birthDate\":\"1961\""), PAT (",\"gender\":\"female\",\"birthDate\":\"1961\""), "");
  assert_merge (PAT (",\"gender\":\"male\""), PAT (""), PAT (",\"gender\":\"male\",\"active\":true"), PAT (",\"active\":true"), "");
  assert_merge (PAT (""), PAT (",\"active\":true"), PAT (",\"active\":true"), PAT (",\"active\":true"), "");
  assert_merge (OBS (QUANTITY ("1.10", "kg")), OBS (QUANTITY ("1.10", "kg") ",\"note\":[{\"text\":\"n\"}]"), OBS (QUANTITY ("1.20", "kg")),
                OBS (QUANTITY ("1.20", "kg") ",\"note\":[{\"text\":\"n\"}]"), "");
  assert_merge (PAT (",\"contact\":[{\"gender\":\"male\",\"name\":{\"text\":\"a\"}}]"),
                PAT (",\"contact\":[{\"gender\":\"female\",\"name\":{\"text\":\"a\"}}]"),
                PAT (",\"contact\":[{\"gender\":\"male\",\"name\":{\"text\":\"b\"}}]"),
                PAT (",\"contact\":[{\"gender\":\"female\",\"name\":{\"text\":\"b\"}}]"), "");
}

static void
test_same_element (void)
{
  assert_merge (PAT (",\"gender\":\"male\""), PAT (",\"gender\":\"female\""), PAT (",\"gender\":\"other\""), PAT (",\"gender\":\"female\""),
                "gender");
  assert_merge (PAT (",\"gender\":\"male\""), PAT (""), PAT (",\"gender\":\"other\""), PAT (""), "gender");
  assert_merge (PAT (",\"gender\":\"male\""), PAT (",\"gender\":\"other\""), PAT (""), PAT (",\"gender\":\"other\""), "gender");
  assert_merge (PAT (",\"gender\":\"male\",\"active\":true"), PAT (",\"gender\":\"female\",\"active\":true"),
                PAT (",\"gender\":\"other\",\"active\":false"), PAT (",\"gender\":\"female\",\"active\":false"), "gender");
  /* The digits count. */
  assert_merge (OBS (QUANTITY ("1", "kg")), OBS (QUANTITY ("1.0", "kg")), OBS (QUANTITY ("1.00", "kg")), OBS (QUANTITY ("1.0", "kg")),
                "valueQuantity");
}

static void
test_never_mixed (void)
{
  /* The value of one with the unit of the other. */
  assert_merge (OBS (QUANTITY ("70", "kg")), OBS (QUANTITY ("154", "kg")), OBS (QUANTITY ("70", "lb")), OBS (QUANTITY ("154", "kg")),
                "valueQuantity");
  /* A code beside a display of another. */
  assert_merge ("{\"resourceType\":\"Condition\",\"code\":{\"coding\":[{\"code\":\"1\"}],\"text\":\"one\"}}",
                "{\"resourceType\":\"Condition\",\"code\":{\"coding\":[{\"code\":\"2\"}],\"text\":\"one\"}}",
                "{\"resourceType\":\"Condition\",\"code\":{\"coding\":[{\"code\":\"1\"}],\"text\":\"three\"}}",
                "{\"resourceType\":\"Condition\",\"code\":{\"coding\":[{\"code\":\"2\"}],\"text\":\"one\"}}", "code");
  /* Two kinds of value at once. */
  assert_merge (OBS (""), OBS (QUANTITY ("1", "kg")), OBS (",\"valueString\":\"x\""), OBS (QUANTITY ("1", "kg")), "valueString valueQuantity");
  assert_merge (OBS (QUANTITY ("1", "kg")), OBS (QUANTITY ("2", "kg")), OBS (",\"dataAbsentReason\":{\"text\":\"error\"}"),
                OBS (QUANTITY ("2", "kg")), "dataAbsentReason valueQuantity");
  /* A value under another code; a flag for another value. */
  assert_merge (OBS (",\"code\":{\"text\":\"HR\"}" QUANTITY ("80", "/min")), OBS (",\"code\":{\"text\":\"RR\"}" QUANTITY ("80", "/min")),
                OBS (",\"code\":{\"text\":\"HR\"}" QUANTITY ("90", "/min")), OBS (",\"code\":{\"text\":\"RR\"}" QUANTITY ("80", "/min")),
                "code valueQuantity");
  /* Half of a blood pressure. */
  assert_merge (OBS (",\"component\":[{\"valueInteger\":120},{\"valueInteger\":80}]"), OBS (",\"component\":[{\"valueInteger\":150},{\"valueInteger\":80}]"),
                OBS (",\"component\":[{\"valueInteger\":120},{\"valueInteger\":95}]"), OBS (",\"component\":[{\"valueInteger\":150},{\"valueInteger\":80}]"),
                "component");
  /* The dose of one with the drug of the other; the dose of one with the times of the other. */
  assert_merge (MED (",\"medicationCodeableConcept\":{\"text\":\"A\"},\"dosageInstruction\":[{\"text\":\"1\"}]"),
                MED (",\"medicationCodeableConcept\":{\"text\":\"B\"},\"dosageInstruction\":[{\"text\":\"1\"}]"),
                MED (",\"medicationCodeableConcept\":{\"text\":\"A\"},\"dosageInstruction\":[{\"text\":\"10\"}]"),
                MED (",\"medicationCodeableConcept\":{\"text\":\"B\"},\"dosageInstruction\":[{\"text\":\"1\"}]"),
                "medicationCodeableConcept dosageInstruction");
  assert_merge (MED (",\"dosageInstruction\":[{\"timing\":{\"code\":{\"text\":\"QD\"}},\"doseAndRate\":[{\"doseQuantity\":{\"value\":5}}]}]"),
                MED (",\"dosageInstruction\":[{\"timing\":{\"code\":{\"text\":\"BID\"}},\"doseAndRate\":[{\"doseQuantity\":{\"value\":5}}]}]"),
                MED (",\"dosageInstruction\":[{\"timing\":{\"code\":{\"text\":\"QD\"}},\"doseAndRate\":[{\"doseQuantity\":{\"value\":10}}]}]"),
                MED (",\"dosageInstruction\":[{\"timing\":{\"code\":{\"text\":\"BID\"}},\"doseAndRate\":[{\"doseQuantity\":{\"value\":5}}]}]"),
                "dosageInstruction");
  /* A given name under another family name. */
  assert_merge (PAT (",\"name\":[{\"family\":\"A\",\"given\":[\"a\"]}]"), PAT (",\"name\":[{\"family\":\"B\",\"given\":[\"a\"]}]"),
                PAT (",\"name\":[{\"family\":\"A\",\"given\":[\"b\"]}]"), PAT (",\"name\":[{\"family\":\"B\",\"given\":[\"a\"]}]"), "name.0");
  /* A primitive and its extension. */
  assert_merge (PAT (",\"birthDate\":\"1960\""), PAT (",\"birthDate\":\"1961\""), PAT (",\"birthDate\":\"1960\",\"_birthDate\":{\"id\":\"x\"}"),
                PAT (",\"birthDate\":\"1961\""), "birthDate _birthDate");
}

static void
test_lists (void)
{
  const char *base = PAT (",\"telecom\":[{\"system\":\"phone\",\"value\":\"1\"},{\"system\":\"email\",\"value\":\"e\"}]");

  /* Both appended. */
  assert_merge (base, PAT (",\"telecom\":[{\"system\":\"phone\",\"value\":\"1\"},{\"system\":\"email\",\"value\":\"e\"},{\"system\":\"fax\",\"value\":\"m\"}]"),
                PAT (",\"telecom\":[{\"system\":\"phone\",\"value\":\"1\"},{\"system\":\"email\",\"value\":\"e\"},{\"system\":\"url\",\"value\":\"t\"}]"),
                PAT (",\"telecom\":[{\"system\":\"phone\",\"value\":\"1\"},{\"system\":\"email\",\"value\":\"e\"},{\"system\":\"url\",\"value\":\"t\"},{\"system\":\"fax\",\"value\":\"m\"}]"), "");
  /* Both began the list; both appended the same. */
  assert_merge (PAT (""), PAT (",\"telecom\":[{\"value\":\"m\"},{\"value\":\"s\"}]"), PAT (",\"telecom\":[{\"value\":\"t\"},{\"value\":\"s\"}]"),
                PAT (",\"telecom\":[{\"value\":\"t\"},{\"value\":\"s\"},{\"value\":\"m\"}]"), "");
  /* One removed the first, the other edited the second. */
  assert_merge (base, PAT (",\"telecom\":[{\"system\":\"email\",\"value\":\"e\"}]"),
                PAT (",\"telecom\":[{\"system\":\"phone\",\"value\":\"1\"},{\"system\":\"email\",\"value\":\"e\",\"use\":\"work\"}]"),
                PAT (",\"telecom\":[{\"system\":\"email\",\"value\":\"e\",\"use\":\"work\"}]"), "");
  /* Different items changed. */
  assert_merge (base, PAT (",\"telecom\":[{\"system\":\"phone\",\"value\":\"2\"},{\"system\":\"email\",\"value\":\"e\"}]"),
                PAT (",\"telecom\":[{\"system\":\"phone\",\"value\":\"1\"},{\"system\":\"email\",\"value\":\"f\"}]"),
                PAT (",\"telecom\":[{\"system\":\"phone\",\"value\":\"2\"},{\"system\":\"email\",\"value\":\"f\"}]"), "");
  /* The same item changed: the number of one and not both numbers. */
  assert_merge (base, PAT (",\"telecom\":[{\"system\":\"phone\",\"value\":\"2\"},{\"system\":\"email\",\"value\":\"e\"}]"),
                PAT (",\"telecom\":[{\"system\":\"phone\",\"value\":\"3\"},{\"system\":\"email\",\"value\":\"e\"}]"),
                PAT (",\"telecom\":[{\"system\":\"phone\",\"value\":\"2\"},{\"system\":\"email\",\"value\":\"e\"}]"), "telecom.0");
  /* Removed here, edited there. */
  assert_merge (base, PAT (",\"telecom\":[{\"system\":\"email\",\"value\":\"e\"}]"),
                PAT (",\"telecom\":[{\"system\":\"phone\",\"value\":\"1\",\"use\":\"old\"},{\"system\":\"email\",\"value\":\"e\"}]"),
                PAT (",\"telecom\":[{\"system\":\"email\",\"value\":\"e\"}]"), "telecom.0");
  /* Removed in front and appended behind; both removed the same. */
  assert_merge (base, PAT (",\"telecom\":[{\"system\":\"email\",\"value\":\"e\"}]"),
                PAT (",\"telecom\":[{\"system\":\"phone\",\"value\":\"1\"},{\"system\":\"email\",\"value\":\"e\"},{\"system\":\"fax\",\"value\":\"x\"}]"),
                PAT (",\"telecom\":[{\"system\":\"email\",\"value\":\"e\"},{\"system\":\"fax\",\"value\":\"x\"}]"), "");
  /* The last ones went away: no empty list. */
  assert_merge (base, PAT (",\"telecom\":[{\"system\":\"email\",\"value\":\"e\"}]"), PAT (",\"telecom\":[{\"system\":\"phone\",\"value\":\"1\"}]"), PAT (""), "");
  /* The same identifier added with other content. */
  assert_merge (PAT (""), PAT (",\"identifier\":[{\"system\":\"s\",\"value\":\"1\",\"use\":\"usual\"}]"),
                PAT (",\"identifier\":[{\"system\":\"s\",\"value\":\"1\",\"use\":\"old\"}]"),
                PAT (",\"identifier\":[{\"system\":\"s\",\"value\":\"1\",\"use\":\"usual\"}]"), "identifier.0");
  /* Emptied here, appended there. */
  assert_merge (base, PAT (""), PAT (",\"telecom\":[{\"system\":\"phone\",\"value\":\"1\"},{\"system\":\"email\",\"value\":\"e\"},{\"value\":\"n\"}]"), PAT (""), "telecom");
}

static void
test_deleted (void)
{
  const char *base = PAT (",\"meta\":{\"versionId\":\"1\"},\"active\":true");
  const char *touched = PAT (",\"meta\":{\"versionId\":\"2\"},\"active\":true");

  assert_merge (base, NULL, NULL, NULL, "");
  assert_merge (base, NULL, touched, NULL, "");
  assert_merge (base, touched, NULL, NULL, "");
}

static void
test_delete_against_update (void)
{
  const char *base_text = PAT (",\"active\":true");
  const char *changed_text = PAT (",\"active\":false");
  g_autoptr (json_object) base = parse (base_text);
  g_autoptr (json_object) changed = parse (changed_text);

  for (int way = 0; way < 2; way++)
    {
      g_autoptr (GPtrArray) conflicts = g_ptr_array_new_with_free_func (g_free);
      json_object *mine = way == 0 ? NULL : changed;
      json_object *theirs = way == 0 ? changed : NULL;
      json_object *merged = changed;
      g_autoptr (json_object) keep_mine = NULL;
      g_autoptr (json_object) keep_theirs = NULL;
      g_autoptr (json_object) keep_base = NULL;

      g_assert_false (rounds_merge_three_way (base, mine, theirs, &merged, conflicts));
      g_assert_cmpuint (conflicts->len, ==, 1);
      g_assert_cmpstr (conflicts->pdata[0], ==, "");
      g_assert_true (rounds_json_equal (merged, mine));
      json_object_put (merged);

      keep_mine = rounds_merge_resolve (base, mine, theirs, ROUNDS_MERGE_KEEP_MINE);
      keep_theirs = rounds_merge_resolve (base, mine, theirs, ROUNDS_MERGE_KEEP_THEIRS);
      keep_base = rounds_merge_resolve (base, mine, theirs, ROUNDS_MERGE_KEEP_BASE);
      g_assert_true (rounds_json_equal (keep_mine, mine));
      g_assert_true (rounds_json_equal (keep_theirs, theirs));
      g_assert_true (rounds_json_equal (keep_base, base));
    }
}

static void
test_created_twice (void)
{
  assert_merge (NULL, PAT (",\"active\":true"), PAT (",\"meta\":{\"versionId\":\"1\"},\"active\":true"),
                PAT (",\"meta\":{\"versionId\":\"1\"},\"active\":true"), "");
}

static void
test_created_differently (void)
{
  assert_merge (NULL, PAT (",\"active\":true,\"gender\":\"male\""), PAT (",\"active\":false,\"birthDate\":\"1960\""),
                PAT (",\"active\":true,\"gender\":\"male\""), "active birthDate gender");
}

static void
test_meta (void)
{
  g_autoptr (json_object) base = parse (PAT (",\"meta\":{\"versionId\":\"1\",\"tag\":[{\"system\":\"s\",\"code\":\"gone\"}]},\"active\":true"));
  g_autoptr (json_object) mine = parse (PAT (",\"meta\":{\"versionId\":\"1\",\"tag\":[{\"system\":\"s\",\"code\":\"gone\"},{\"system\":\"s\",\"code\":\"mine\"}],"
                                            "\"security\":[{\"system\":\"c\",\"code\":\"R\"}]},\"active\":false"));
  g_autoptr (json_object) theirs = parse (PAT (",\"meta\":{\"versionId\":\"7\",\"lastUpdated\":\"t\",\"tag\":[{\"system\":\"s\",\"code\":\"theirs\"}]},\"active\":true"));
  g_autoptr (json_object) want = parse (PAT (",\"meta\":{\"versionId\":\"7\",\"lastUpdated\":\"t\",\"tag\":[{\"system\":\"s\",\"code\":\"theirs\"},{\"system\":\"s\",\"code\":\"mine\"}],"
                                            "\"security\":[{\"system\":\"c\",\"code\":\"R\"}]},\"active\":false"));
  json_object *merged = NULL;

  g_assert_true (rounds_merge_three_way (base, mine, theirs, &merged, NULL));
  g_assert_true (rounds_json_equal (merged, want));
  json_object_put (merged);
}

static void
test_narrative (void)
{
#define TEXT(status, div) ",\"text\":{\"status\":\"" status "\",\"div\":\"" div "\"}"
  assert_merge (PAT (TEXT ("generated", "b")), PAT (TEXT ("generated", "m") ",\"active\":true"), PAT (TEXT ("generated", "t") ",\"gender\":\"male\""),
                PAT (",\"active\":true,\"gender\":\"male\""), "");
  assert_merge (PAT (TEXT ("additional", "b")), PAT (TEXT ("additional", "m")), PAT (TEXT ("generated", "t")), PAT (TEXT ("additional", "m")), "text");
  assert_merge (PAT (TEXT ("generated", "b")), PAT (TEXT ("generated", "b") ",\"active\":true"), PAT (TEXT ("generated", "b") ",\"gender\":\"male\""),
                PAT (TEXT ("generated", "b") ",\"active\":true,\"gender\":\"male\""), "");
}

static void
test_moved_patient (void)
{
#define SUBJECT(id) ",\"subject\":{\"reference\":\"Patient/" id "\"}"
  assert_merge (OBS (SUBJECT ("a")), OBS (SUBJECT ("a") ",\"note\":[{\"text\":\"n\"}]"), OBS (SUBJECT ("b")), OBS (SUBJECT ("a") ",\"note\":[{\"text\":\"n\"}]"),
                "subject");
  assert_merge (OBS (SUBJECT ("a")), OBS (SUBJECT ("a")), OBS (SUBJECT ("b")), OBS (SUBJECT ("b")), "");
  assert_merge (OBS (SUBJECT ("a")), OBS (SUBJECT ("b") ",\"status\":\"final\""), OBS (SUBJECT ("b")), OBS (SUBJECT ("b") ",\"status\":\"final\""), "");
}

static void
test_other_type (void)
{
  g_autoptr (json_object) patient = parse (PAT (""));
  g_autoptr (json_object) observation = parse (OBS (""));
  json_object *merged = NULL;

  g_assert_false (rounds_merge_three_way (patient, patient, observation, &merged, NULL));
  g_assert_true (rounds_json_equal (merged, patient));
  json_object_put (merged);

  /* No resources at all: still no crash, and a verdict. */
  g_autoptr (json_object) list = parse ("[{\"a\":1}]");
  g_autoptr (json_object) number = parse ("7");
  g_assert_false (rounds_merge_three_way (list, list, number, &merged, NULL));
  json_object_put (merged);
  g_assert_false (rounds_merge_three_way (NULL, list, number, &merged, NULL));
  json_object_put (merged);
  g_assert_false (rounds_merge_three_way (NULL, patient, number, &merged, NULL));
  json_object_put (merged);
}

static void
test_resolve (void)
{
  g_autoptr (json_object) base = parse (MED (",\"status\":\"active\",\"medicationCodeableConcept\":{\"text\":\"A\"},\"priority\":\"routine\""));
  g_autoptr (json_object) mine = parse (MED (",\"status\":\"stopped\",\"medicationCodeableConcept\":{\"text\":\"B\"},\"priority\":\"routine\""));
  g_autoptr (json_object) theirs = parse (MED (",\"status\":\"active\",\"medicationReference\":{\"reference\":\"Medication/1\"},\"priority\":\"stat\""));
  g_autoptr (json_object) keep_mine = rounds_merge_resolve (base, mine, theirs, ROUNDS_MERGE_KEEP_MINE);
  g_autoptr (json_object) keep_theirs = rounds_merge_resolve (base, mine, theirs, ROUNDS_MERGE_KEEP_THEIRS);
  g_autoptr (json_object) keep_base = rounds_merge_resolve (base, mine, theirs, ROUNDS_MERGE_KEEP_BASE);
  g_autoptr (json_object) want_mine = parse (MED (",\"status\":\"stopped\",\"medicationCodeableConcept\":{\"text\":\"B\"},\"priority\":\"stat\""));
  g_autoptr (json_object) want_theirs = parse (MED (",\"status\":\"stopped\",\"medicationReference\":{\"reference\":\"Medication/1\"},\"priority\":\"stat\""));
  g_autoptr (json_object) want_base = parse (MED (",\"status\":\"stopped\",\"medicationCodeableConcept\":{\"text\":\"A\"},\"priority\":\"stat\""));

  g_assert_true (rounds_json_equal (keep_mine, want_mine));
  g_assert_true (rounds_json_equal (keep_theirs, want_theirs));
  g_assert_true (rounds_json_equal (keep_base, want_base));
}

static RoundsMergeKeep
choose_by_path (const char *path, gpointer data)
{
  return strcmp (path, data) == 0 ? ROUNDS_MERGE_KEEP_THEIRS : ROUNDS_MERGE_KEEP_MINE;
}

static void
test_resolve_each (void)
{
  g_autoptr (json_object) base = parse (PAT (",\"gender\":\"male\",\"birthDate\":\"1960\""));
  g_autoptr (json_object) mine = parse (PAT (",\"gender\":\"female\",\"birthDate\":\"1961\""));
  g_autoptr (json_object) theirs = parse (PAT (",\"gender\":\"other\",\"birthDate\":\"1962\""));
  g_autoptr (json_object) want = parse (PAT (",\"gender\":\"other\",\"birthDate\":\"1961\""));
  g_autoptr (json_object) drug = parse (MED (",\"medicationCodeableConcept\":{\"text\":\"A\"},\"dosageInstruction\":[{\"text\":\"1\"}]"));
  g_autoptr (json_object) my_drug = parse (MED (",\"medicationCodeableConcept\":{\"text\":\"B\"},\"dosageInstruction\":[{\"text\":\"2\"}]"));
  g_autoptr (json_object) their_drug = parse (MED (",\"medicationCodeableConcept\":{\"text\":\"C\"},\"dosageInstruction\":[{\"text\":\"3\"}]"));
  g_autoptr (json_object) got = NULL;
  g_autoptr (json_object) got_drug = NULL;
  gboolean mixed = TRUE;

  got = rounds_merge_resolve_each (base, mine, theirs, choose_by_path, (gpointer) "gender", &mixed);
  g_assert_false (mixed);
  g_assert_true (rounds_json_equal (got, want));

  /* Their dose for my drug is said to be a mixture, and never comes out. */
  got_drug = rounds_merge_resolve_each (drug, my_drug, their_drug, choose_by_path, (gpointer) "dosageInstruction", &mixed);
  g_assert_true (mixed);
  g_assert_true (got_drug == NULL || rounds_json_equal (got_drug, my_drug) || rounds_json_equal (got_drug, their_drug));
}

/* ---- random edits ---- */

static void
edit (GRand *rand, json_object *resource)
{
  static const char *const names[] = { "gender", "birthDate", "active", "language" };
  static const char *const texts[] = { "1", "2", "3" };
  const char *text = texts[g_rand_int_range (rand, 0, 3)];

  for (int n = g_rand_int_range (rand, 0, 4); n > 0; n--)
    switch (g_rand_int_range (rand, 0, 4))
      {
      case 0:
        json_object_object_add (resource, names[g_rand_int_range (rand, 0, 4)], json_object_new_string (text));
        break;
      case 1:
        json_object_object_del (resource, names[g_rand_int_range (rand, 0, 4)]);
        break;
      default:
        {
          json_object *list = rounds_json_peek (resource, "telecom");
          gsize length;
          json_object *item = json_object_new_object ();

          if (list == NULL)
            {
              list = json_object_new_array ();
              json_object_object_add (resource, "telecom", list);
            }
          length = json_object_array_length (list);
          json_object_object_add (item, g_rand_boolean (rand) ? "system" : "use", json_object_new_string ("s"));
          json_object_object_add (item, "value", json_object_new_string (text));
          if (length > 0 && g_rand_boolean (rand))
            json_object_array_put_idx (list, (size_t) g_rand_int_range (rand, 0, (int) length), item);
          else if (length > 0 && g_rand_int_range (rand, 0, 3) == 0)
            {
              json_object_put (item);
              json_object_array_del_idx (list, (size_t) g_rand_int_range (rand, 0, (int) length), 1);
            }
          else
            json_object_array_add (list, item);
          if (json_object_array_length (list) == 0)
            json_object_object_del (resource, "telecom");
        }
      }
}

static void
count_items (json_object *resource, GHashTable *seen, int step)
{
  json_object *list = rounds_json_peek (resource, "telecom");

  for (gsize i = 0; list != NULL && i < json_object_array_length (list); i++)
    {
      char *text = rounds_json_print (json_object_array_get_idx (list, i));
      int n = GPOINTER_TO_INT (g_hash_table_lookup (seen, text));

      g_hash_table_insert (seen, text, GINT_TO_POINTER (n + step));
    }
}

static gboolean
has_entry (gpointer key, gpointer value, gpointer data)
{
  return value != NULL;
}

static void
test_properties (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (17);
  int n_merged = 0, n_conflicts = 0;

  for (int i = 0; i < 20000; i++)
    {
      g_autoptr (json_object) base = parse (PAT (""));
      g_autoptr (json_object) mine = NULL;
      g_autoptr (json_object) theirs = NULL;
      g_autoptr (json_object) one = NULL;
      g_autoptr (json_object) other = NULL;
      g_autoptr (json_object) same = NULL;
      json_object *out = NULL;
      gboolean ok;

      for (int n = 0; n < 4; n++)
        edit (rand, base);
      mine = rounds_json_copy (base);
      theirs = rounds_json_copy (base);
      edit (rand, mine);
      edit (rand, theirs);

      /* What only one side did is what comes out. */
      g_assert_true (rounds_merge_three_way (base, mine, base, &out, NULL));
      g_assert_true (rounds_json_equal (out, mine));
      json_object_put (out);
      g_assert_true (rounds_merge_three_way (base, base, theirs, &out, NULL));
      g_assert_true (rounds_json_equal (out, theirs));
      json_object_put (out);
      g_assert_true (rounds_merge_three_way (base, mine, mine, &out, NULL));
      g_assert_true (rounds_json_equal (out, mine));
      json_object_put (out);

      /* Both ways round: the same verdict, the same members, the same items in some order. */
      ok = rounds_merge_three_way (base, mine, theirs, &one, NULL);
      g_assert_cmpint (rounds_merge_three_way (base, theirs, mine, &other, NULL), ==, ok);
      if (ok)
        {
          g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
          g_autoptr (json_object) one_rest = rounds_json_copy (one);
          g_autoptr (json_object) other_rest = rounds_json_copy (other);

          n_merged++;
          count_items (one, seen, 1);
          count_items (other, seen, -1);
          g_assert_null (g_hash_table_find (seen, has_entry, NULL));
          json_object_object_del (one_rest, "telecom");
          json_object_object_del (other_rest, "telecom");
          g_assert_true (rounds_json_equal (one_rest, other_rest));
        }
      else
        {
          n_conflicts++;
          /* mine kept on one way is theirs kept on the other, scalars at least */
          same = rounds_merge_resolve (base, theirs, mine, ROUNDS_MERGE_KEEP_THEIRS);
          g_assert_cmpstr (rounds_json_peek_string (one, "gender"), ==, rounds_json_peek_string (same, "gender"));
          g_assert_cmpstr (rounds_json_peek_string (one, "birthDate"), ==, rounds_json_peek_string (same, "birthDate"));
        }
    }
  g_test_message ("%d merged, %d in conflict", n_merged, n_conflicts);
  g_assert_cmpint (n_merged, >, 1000);
  g_assert_cmpint (n_conflicts, >, 1000);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/merge/disjoint", test_disjoint);
  g_test_add_func ("/merge/same-element", test_same_element);
  g_test_add_func ("/merge/never-mixed", test_never_mixed);
  g_test_add_func ("/merge/lists", test_lists);
  g_test_add_func ("/merge/delete-against-update", test_delete_against_update);
  g_test_add_func ("/merge/created-twice", test_created_twice);
  g_test_add_func ("/merge/created-differently", test_created_differently);
  g_test_add_func ("/merge/meta", test_meta);
  g_test_add_func ("/merge/narrative", test_narrative);
  g_test_add_func ("/merge/moved-patient", test_moved_patient);
  g_test_add_func ("/merge/other-type", test_other_type);
  g_test_add_func ("/merge/resolve", test_resolve);
  g_test_add_func ("/merge/resolve-each", test_resolve_each);
  g_test_add_func ("/merge/properties", test_properties);
  g_test_add_func ("/merge/deleted", test_deleted);
  return g_test_run ();
}
