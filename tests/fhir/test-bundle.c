/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What comes out of bundles: which resources, under which ids, pointing where. */

#include <glib.h>
#include <string.h>

#include "fhir/bundle.h"
#include "fhir/reference.h"
#include "fhir/resource.h"

typedef struct {
  GPtrArray *items;
  GPtrArray *refused;
} Taken;

static void
taken_clear (Taken *taken)
{
  g_clear_pointer (&taken->items, g_ptr_array_unref);
  g_clear_pointer (&taken->refused, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Taken, taken_clear)

static Taken
take (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_object) document = rounds_json_parse (text, -1, &error);
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  Taken taken = { .refused = g_ptr_array_new_with_free_func (g_free) };

  g_assert_no_error (error);
  before = rounds_json_print (document);
  taken.items = rounds_bundle_take (document, taken.refused, &error);
  g_assert_no_error (error);
  after = rounds_json_print (document);
  g_assert_cmpstr (before, ==, after);
  return taken;
}

static RoundsBundleItem *
item (Taken *taken, guint i)
{
  g_assert_cmpuint (i, <, taken->items->len);
  return taken->items->pdata[i];
}

static void
assert_item (Taken *taken, guint i, const char *type, const char *id)
{
  RoundsBundleItem *it = item (taken, i);

  g_assert_cmpstr (it->type, ==, type);
  if (id != NULL)
    g_assert_cmpstr (it->id, ==, id);
  g_assert_true (rounds_fhir_is_id (it->id));
  g_assert_cmpstr (rounds_json_peek_string (it->resource, "id"), ==, it->id);
  g_assert_cmpstr (rounds_json_peek_string (it->resource, "resourceType"), ==, it->type);
}

static void
assert_reference (Taken *taken, guint i, const char *path, guint target)
{
  g_autofree char *expected = g_strdup_printf ("%s/%s", item (taken, target)->type, item (taken, target)->id);

  g_assert_cmpstr (rounds_json_peek_string (item (taken, i)->resource, path), ==, expected);
}

#define BUNDLE(type, entries) "{\"resourceType\":\"Bundle\",\"type\":\"" type "\",\"entry\":[" entries "]}"
#define U1 "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a"
#define U2 "urn:uuid:88f151c0-a954-468a-88bd-5ae15c08e059"

static void
test_single (void)
{
  g_auto (Taken) with = take ("{\"resourceType\":\"Patient\",\"id\":\"p\",\"x\":1.10}");
  g_auto (Taken) without = take ("{\"gender\":\"female\",\"resourceType\":\"Patient\",\"x\":1.10}");
  g_auto (Taken) again = take ("{\"gender\":\"female\",\"resourceType\":\"Patient\",\"x\":1.10}");
  g_auto (Taken) other = take ("{\"gender\":\"male\",\"resourceType\":\"Patient\",\"x\":1.10}");
  g_autofree char *text = rounds_json_print (item (&with, 0)->resource);

  assert_item (&with, 0, "Patient", "p");
  g_assert_cmpstr (text, ==, "{\"resourceType\":\"Patient\",\"id\":\"p\",\"x\":1.10}");
  assert_item (&without, 0, "Patient", NULL);
  g_assert_true (g_uuid_string_is_valid (item (&without, 0)->id));
  g_assert_cmpint (item (&without, 0)->id[14], ==, '5');
  g_assert_cmpstr (item (&without, 0)->id, ==, item (&again, 0)->id);
  g_assert_cmpstr (item (&without, 0)->id, !=, item (&other, 0)->id);
}

static void
test_not_stored (void)
{
  g_auto (Taken) parameters = take ("{\"resourceType\":\"Parameters\",\"parameter\":[{\"resource\":{\"resourceType\":\"Patient\"}}]}");
  g_auto (Taken) outcome = take ("{\"resourceType\":\"OperationOutcome\",\"issue\":[]}");
  g_auto (Taken) empty = take ("{\"resourceType\":\"Bundle\"}");
  g_auto (Taken) mixed = take (BUNDLE ("searchset", "{\"resource\":{\"resourceType\":\"OperationOutcome\"}},"
                                                    "{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"a\"}},"
                                                    "{\"request\":{\"method\":\"DELETE\",\"url\":\"Patient/b\"}}"));

  g_assert_cmpuint (parameters.items->len + parameters.refused->len, ==, 0);
  g_assert_cmpuint (outcome.items->len + outcome.refused->len, ==, 0);
  g_assert_cmpuint (empty.items->len + empty.refused->len, ==, 0);
  g_assert_cmpuint (mixed.items->len, ==, 1);
  g_assert_cmpuint (mixed.refused->len, ==, 0);
}

static void
test_full_urls (void)
{
  const char *text = BUNDLE (
    "transaction",
    "{\"fullUrl\":\"" U1 "\",\"resource\":{\"resourceType\":\"Patient\"},\"request\":{\"method\":\"POST\"}},"
    "{\"fullUrl\":\"https://h/fhir/Encounter/e\",\"resource\":{\"resourceType\":\"Encounter\",\"id\":\"e\",\"subject\":"
    "{\"reference\":\"URN:UUID:61EBE359-BFDC-4613-8BF2-C5E300945F0A\"}}},"
    "{\"fullUrl\":\"" U2 "\",\"resource\":{\"resourceType\":\"Observation\",\"subject\":{\"reference\":\"" U1 "\"},"
    "\"encounter\":{\"reference\":\"https://h/fhir/Encounter/e/_history/3\"},\"contained\":[{\"resourceType\":\"Device\","
    "\"id\":\"c\",\"patient\":{\"reference\":\"" U1 "\"}}],\"device\":{\"reference\":\"#c\"},"
    "\"performer\":[{\"reference\":\"https://other/Practitioner/1\"},{\"reference\":\"Practitioner/2\"}]}},"
    "{\"resource\":{\"resourceType\":\"DocumentReference\",\"content\":[{\"attachment\":{\"url\":\"" U2 "\"}}],"
    "\"extension\":[{\"url\":\"" U2 "\"}]}}");
  g_auto (Taken) taken = take (text);
  g_auto (Taken) again = take (text);

  g_assert_cmpuint (taken.items->len, ==, 4);
  g_assert_cmpuint (taken.refused->len, ==, 0);
  assert_item (&taken, 1, "Encounter", "e");
  g_assert_cmpstr (item (&taken, 1)->server_base, ==, "https://h/fhir/");
  g_assert_null (item (&taken, 0)->server_base);
  assert_reference (&taken, 1, "subject.reference", 0);
  assert_reference (&taken, 2, "subject.reference", 0);
  assert_reference (&taken, 2, "contained.0.patient.reference", 0);
  g_assert_cmpstr (rounds_json_peek_string (item (&taken, 2)->resource, "encounter.reference"), ==, "Encounter/e/_history/3");
  g_assert_cmpstr (rounds_json_peek_string (item (&taken, 2)->resource, "device.reference"), ==, "#c");
  g_assert_cmpstr (rounds_json_peek_string (item (&taken, 2)->resource, "performer.0.reference"), ==,
                   "https://other/Practitioner/1");
  g_assert_cmpstr (rounds_json_peek_string (item (&taken, 2)->resource, "performer.1.reference"), ==, "Practitioner/2");
  assert_reference (&taken, 3, "content.0.attachment.url", 2);
  g_assert_cmpstr (rounds_json_peek_string (item (&taken, 3)->resource, "extension.0.url"), ==, U2);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpstr (item (&taken, i)->id, ==, item (&again, i)->id);
}

/* Two servers, each with a patient 1 and an observation of its own patient. */
static void
test_two_bases (void)
{
  g_auto (Taken) taken = take (BUNDLE (
    "collection",
    "{\"fullUrl\":\"https://a/fhir/Patient/1\",\"resource\":{\"resourceType\":\"Patient\",\"id\":\"1\",\"gender\":\"male\"}},"
    "{\"fullUrl\":\"https://b/fhir/Observation/9\",\"resource\":{\"resourceType\":\"Observation\",\"id\":\"9\",\"subject\":{\"reference\":\"Patient/1\"}}},"
    "{\"fullUrl\":\"https://b/fhir/Patient/1\",\"resource\":{\"resourceType\":\"Patient\",\"id\":\"1\",\"gender\":\"female\"}},"
    "{\"fullUrl\":\"https://a/fhir/Observation/9\",\"resource\":{\"resourceType\":\"Observation\",\"id\":\"9\",\"subject\":{\"reference\":\"Patient/1\"}}},"
    "{\"fullUrl\":\"https://b/fhir/Observation/8\",\"resource\":{\"resourceType\":\"Observation\",\"id\":\"8\",\"subject\":{\"reference\":\"https://b/fhir/Patient/1\"}}},"
    "{\"fullUrl\":\"https://c/fhir/Patient/1\",\"resource\":{\"resourceType\":\"Patient\",\"id\":\"1\"}}"));

  g_assert_cmpuint (taken.items->len, ==, 6);
  g_assert_cmpuint (taken.refused->len, ==, 0);
  assert_item (&taken, 0, "Patient", "1");
  assert_item (&taken, 1, "Observation", "9");
  assert_item (&taken, 2, "Patient", NULL);
  g_assert_cmpstr (item (&taken, 2)->id, !=, "1");
  g_assert_cmpstr (item (&taken, 5)->id, !=, item (&taken, 2)->id);
  g_assert_cmpstr (item (&taken, 2)->server_base, ==, "https://b/fhir/");
  assert_reference (&taken, 1, "subject.reference", 2);
  assert_reference (&taken, 4, "subject.reference", 2);
  assert_reference (&taken, 3, "subject.reference", 0);
  g_assert_cmpstr (item (&taken, 3)->id, !=, "9");
  g_autofree char *stable = rounds_fhir_name_id ("https://b/fhir/Patient/1");
  g_assert_cmpstr (item (&taken, 2)->id, ==, stable);
}

static void
test_nested (void)
{
  g_auto (Taken) taken = take (BUNDLE (
    "collection",
    "{\"resource\":" BUNDLE ("document", "{\"fullUrl\":\"urn:uuid:1\",\"resource\":{\"resourceType\":\"Patient\",\"gender\":\"male\"}},"
                                         "{\"resource\":{\"resourceType\":\"Flag\",\"subject\":{\"reference\":\"urn:uuid:1\"}}}") "},"
    "{\"resource\":" BUNDLE ("document", "{\"fullUrl\":\"urn:uuid:1\",\"resource\":{\"resourceType\":\"Patient\",\"gender\":\"female\"}},"
                                         "{\"resource\":{\"resourceType\":\"Flag\",\"subject\":{\"reference\":\"urn:uuid:1\"}}},"
                                         "{\"resource\":{\"resourceType\":\"Nonsense\"}}") "},"
    "{\"resource\":{\"resourceType\":\"Flag\",\"subject\":{\"reference\":\"urn:uuid:1\"},\"status\":\"active\"}}"));

  g_assert_cmpuint (taken.items->len, ==, 5);
  assert_reference (&taken, 1, "subject.reference", 0);
  assert_reference (&taken, 3, "subject.reference", 2);
  assert_reference (&taken, 4, "subject.reference", 0);
  g_assert_cmpstr (item (&taken, 0)->id, !=, item (&taken, 2)->id);
  g_assert_cmpuint (taken.refused->len, ==, 1);
  g_assert_true (g_str_has_prefix (taken.refused->pdata[0], "entry 2.3: "));
}

/* "urn:uuid:1" in two files is two patients, and what points to it is not the same either. */
static void
test_placeholders (void)
{
#define FILE_OF(gender)                                                                                       \
  BUNDLE ("transaction", "{\"fullUrl\":\"urn:uuid:1\",\"resource\":{\"resourceType\":\"Patient\",\"gender\":\"" gender "\"}}," \
                         "{\"resource\":{\"resourceType\":\"Flag\",\"subject\":{\"reference\":\"urn:uuid:1\"}}}")
  g_auto (Taken) one = take (FILE_OF ("male"));
  g_auto (Taken) two = take (FILE_OF ("female"));
  g_auto (Taken) again = take (FILE_OF ("male"));

  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpstr (item (&one, i)->id, !=, item (&two, i)->id);
      g_assert_cmpstr (item (&one, i)->id, ==, item (&again, i)->id);
    }
  assert_reference (&one, 1, "subject.reference", 0);
  assert_reference (&two, 1, "subject.reference", 0);
}

static void
test_refused (void)
{
  g_auto (Taken) taken = take (BUNDLE (
    "collection", "{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"ok\"}},7,{\"resource\":\"x\"},{\"resource\":null},"
                  "{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"not_ok\"}},{\"resource\":{\"resourceType\":\"Citation\"}},"
                  "{\"resource\":{\"id\":\"x\"}},{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"ok2\"},\"fullUrl\":9}"));
  static const char *const prefixes[] = { "entry 2: ", "entry 3: ", "entry 4: ", "entry 5: ", "entry 6: ", "entry 7: " };

  g_assert_cmpuint (taken.items->len, ==, 2);
  g_assert_cmpuint (taken.refused->len, ==, G_N_ELEMENTS (prefixes));
  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++)
    g_assert_true (g_str_has_prefix (taken.refused->pdata[i], prefixes[i]));

  g_auto (Taken) no_list = take ("{\"resourceType\":\"Bundle\",\"entry\":{\"a\":1}}");
  g_assert_cmpuint (no_list.items->len, ==, 0);
  g_assert_cmpuint (no_list.refused->len, ==, 1);

  /* A list of complaints has an end. */
  g_autoptr (GString) many = g_string_new ("{\"resourceType\":\"Bundle\",\"entry\":[0");
  for (int i = 0; i < 5000; i++)
    g_string_append (many, ",0");
  g_string_append (many, "]}");
  g_auto (Taken) flood = take (many->str);
  g_assert_cmpuint (flood.refused->len, ==, 1001);
  g_assert_cmpstr (flood.refused->pdata[1000], ==, "and 4001 more");
}

static void
test_nothing (void)
{
  static const char *const texts[] = { "{}", "[]", "\"x\"", "7", "{\"resourceType\":\"Nonsense\"}",
                                       "{\"resourceType\":\"Patient\",\"id\":\"a_b\"}" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (json_object) document = rounds_json_parse (texts[i], -1, NULL);
      g_autoptr (GError) error = NULL;

      g_assert_null (rounds_bundle_take (document, NULL, &error));
      g_assert_nonnull (error);
      g_assert_true (error->domain == ROUNDS_FHIR_ERROR);
    }
}

static void
test_same_identity (void)
{
  /* A history, newest first; a search with two versions; an update in a collection; the same twice. */
  g_auto (Taken) history = take (BUNDLE ("history", "{\"fullUrl\":\"https://h/Patient/1\",\"resource\":{\"resourceType\":\"Patient\",\"id\":\"1\",\"v\":2}},"
                                                    "{\"fullUrl\":\"https://h/Patient/1\",\"resource\":{\"resourceType\":\"Patient\",\"id\":\"1\",\"v\":1}}"));
  g_auto (Taken) dated = take (BUNDLE ("searchset", "{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"1\",\"v\":2,\"meta\":{\"lastUpdated\":\"2020-01-02T00:00:00Z\"}}},"
                                                    "{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"1\",\"v\":1,\"meta\":{\"lastUpdated\":\"2020-01-01T00:00:00Z\"}}}"));
  g_auto (Taken) later = take (BUNDLE ("collection", "{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"1\",\"v\":1}},"
                                                     "{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"1\",\"v\":2}}"));
  g_auto (Taken) same = take (BUNDLE ("collection", "{\"resource\":{\"resourceType\":\"Patient\",\"v\":2}},{\"resource\":{\"resourceType\":\"Patient\",\"v\":2}}"));

  g_assert_cmpuint (history.items->len, ==, 1);
  g_assert_cmpstr (rounds_json_peek_digits (item (&history, 0)->resource, "v"), ==, "2");
  g_assert_cmpuint (dated.items->len, ==, 1);
  g_assert_cmpstr (rounds_json_peek_digits (item (&dated, 0)->resource, "v"), ==, "2");
  g_assert_cmpuint (later.items->len, ==, 1);
  g_assert_cmpstr (rounds_json_peek_digits (item (&later, 0)->resource, "v"), ==, "2");
  g_assert_cmpuint (same.items->len, ==, 1);

  /* Two names for one id and no date: nobody can say which, so the second is named and not lost silently. */
  g_auto (Taken) unclear = take (BUNDLE ("collection", "{\"fullUrl\":\"" U1 "\",\"resource\":{\"resourceType\":\"Patient\",\"id\":\"1\",\"v\":1}},"
                                                       "{\"fullUrl\":\"" U2 "\",\"resource\":{\"resourceType\":\"Patient\",\"id\":\"1\",\"v\":2}},"
                                                       "{\"resource\":{\"resourceType\":\"Flag\",\"id\":\"f\",\"subject\":{\"reference\":\"" U2 "\"}}}"));
  g_assert_cmpuint (unclear.items->len, ==, 2);
  g_assert_cmpuint (unclear.refused->len, ==, 1);
  g_assert_true (g_str_has_prefix (unclear.refused->pdata[0], "entry 2: "));
  g_assert_cmpstr (rounds_json_peek_string (item (&unclear, 1)->resource, "subject.reference"), ==, U2);

  /* One fullUrl for two types: both are taken, the name means the first. */
  g_auto (Taken) shared = take (BUNDLE ("collection", "{\"fullUrl\":\"" U1 "\",\"resource\":{\"resourceType\":\"Patient\"}},"
                                                      "{\"fullUrl\":\"" U1 "\",\"resource\":{\"resourceType\":\"Flag\",\"subject\":{\"reference\":\"" U1 "\"}}}"));
  g_assert_cmpuint (shared.items->len, ==, 2);
  assert_reference (&shared, 1, "subject.reference", 0);

  /* Alike to the letter, but "urn:uuid:1" is somebody else in the other bundle. */
  g_auto (Taken) alike = take (BUNDLE ("collection",
    "{\"resource\":" BUNDLE ("document", "{\"fullUrl\":\"urn:uuid:1\",\"resource\":{\"resourceType\":\"Patient\",\"id\":\"a\"}},"
                                         "{\"resource\":{\"resourceType\":\"Flag\",\"id\":\"f\",\"subject\":{\"reference\":\"urn:uuid:1\"}}}") "},"
    "{\"resource\":" BUNDLE ("document", "{\"fullUrl\":\"urn:uuid:1\",\"resource\":{\"resourceType\":\"Patient\",\"id\":\"b\"}},"
                                         "{\"resource\":{\"resourceType\":\"Flag\",\"id\":\"f\",\"subject\":{\"reference\":\"urn:uuid:1\"}}}") "}"));
  g_assert_cmpuint (alike.items->len, ==, 3);
  g_assert_cmpuint (alike.refused->len, ==, 1);
  assert_reference (&alike, 1, "subject.reference", 0);

  /* A resource that points to itself. */
  g_auto (Taken) self = take (BUNDLE ("collection", "{\"fullUrl\":\"urn:uuid:x\",\"resource\":{\"resourceType\":\"Observation\",\"hasMember\":[{\"reference\":\"urn:uuid:x\"}]}}"));
  assert_reference (&self, 0, "hasMember.0.reference", 0);
}

static void
test_ndjson (void)
{
  const char *text = "\xef\xbb\xbf{\"resourceType\":\"Patient\",\"id\":\"1\",\"v\":1}\r\n\n{bad\n  \n"
                     "{\"resourceType\":\"Nonsense\"}\n{\"resourceType\":\"Flag\",\"subject\":{\"reference\":\"Patient/1\"}}\n"
                     "{\"resourceType\":\"Patient\",\"id\":\"1\",\"v\":2}";
  g_autoptr (GPtrArray) refused = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  Taken taken = { .items = rounds_bundle_take_ndjson (text, strlen (text), refused, &error) };

  g_assert_no_error (error);
  g_assert_cmpuint (taken.items->len, ==, 2);
  g_assert_cmpuint (refused->len, ==, 2);
  g_assert_true (g_str_has_prefix (refused->pdata[0], "line 3: "));
  g_assert_true (g_str_has_prefix (refused->pdata[1], "line 5: "));
  assert_item (&taken, 0, "Flag", NULL);
  assert_item (&taken, 1, "Patient", "1");
  g_assert_cmpstr (rounds_json_peek_digits (item (&taken, 1)->resource, "v"), ==, "2");
  taken_clear (&taken);

  g_assert_null (rounds_bundle_take_ndjson ("{bad\n{worse", 11, NULL, &error));
  g_assert_error (error, ROUNDS_FHIR_ERROR, ROUNDS_FHIR_ERROR_SYNTAX);
  g_clear_error (&error);
  g_assert_null (rounds_bundle_take_ndjson ("\n \n", 3, NULL, &error));
  g_assert_error (error, ROUNDS_FHIR_ERROR, ROUNDS_FHIR_ERROR_NOT_FHIR);
}

/* ---- real documents, counted by another way ---- */

/* Counts "resourceType" of entries without the code under test: every entry.resource, by type and id. */
static void
count_entries (json_object *bundle, GHashTable *identities, GHashTable *types)
{
  json_object *entries = rounds_json_peek (bundle, "entry");

  for (gsize i = 0; i < json_object_array_length (entries); i++)
    {
      json_object *resource = NULL, *value = NULL;
      const char *type;
      g_autofree char *identity = NULL;

      g_assert_true (json_object_object_get_ex (json_object_array_get_idx (entries, i), "resource", &resource));
      g_assert_true (json_object_object_get_ex (resource, "resourceType", &value));
      type = json_object_get_string (value);
      g_assert_true (json_object_object_get_ex (resource, "id", &value));
      identity = g_strdup_printf ("%s/%s", type, json_object_get_string (value));
      if (g_hash_table_add (identities, g_steal_pointer (&identity)))
        g_hash_table_insert (types, g_strdup (type), GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (types, type)) + 1));
    }
}

static char *
note_unresolved (const char *reference, gpointer data)
{
  if (strncmp (reference, "urn:", 4) == 0)
    (*(guint *) data)++;
  return NULL;
}

static void
check_file (const char *path, GHashTable *totals)
{
  g_autofree char *text = NULL;
  gsize length;
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) identities = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) expected = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) got = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) refused = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (json_object) document = NULL;
  g_autoptr (GPtrArray) items = NULL;
  GHashTableIter iter;
  gpointer type, n;
  guint unresolved = 0;

  g_assert_true (g_file_get_contents (path, &text, &length, &error));
  document = rounds_json_parse (text, (gssize) length, &error);
  g_assert_no_error (error);
  count_entries (document, identities, expected);

  items = rounds_bundle_take (document, refused, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (refused->len, ==, 0);
  for (guint i = 0; i < items->len; i++)
    {
      RoundsBundleItem *it = items->pdata[i];
      g_autofree char *identity = g_strdup_printf ("%s/%s", it->type, it->id);

      g_assert_true (g_hash_table_remove (identities, identity));
      g_hash_table_insert (got, g_strdup (it->type), GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (got, it->type)) + 1));
      g_hash_table_insert (totals, g_strdup (it->type), GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (totals, it->type)) + 1));
      rounds_reference_rewrite (it->resource, note_unresolved, &unresolved);
    }
  g_assert_cmpuint (g_hash_table_size (identities), ==, 0);
  g_assert_cmpuint (g_hash_table_size (got), ==, g_hash_table_size (expected));
  g_hash_table_iter_init (&iter, expected);
  while (g_hash_table_iter_next (&iter, &type, &n))
    g_assert_true (g_hash_table_lookup (got, type) == n);
  g_test_message ("%u resources, %u urn: references left", items->len, unresolved);
}

static int
compare_keys (gconstpointer a, gconstpointer b)
{
  return strcmp (a, b);
}

static void
test_real_documents (void)
{
  static const char *const folders[] = { "fhir-synthea-smart", "fhir-synthea-vitals" };
  const char *shared = g_getenv ("ROUNDS_SHARED_DATA");
  g_autoptr (GHashTable) totals = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GList) keys = NULL;
  guint n_files = 0;

  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *folder = g_build_filename (shared != NULL ? shared : "", folders[i], NULL);
      g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
      const char *name;

      while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
        {
          g_autofree char *path = g_build_filename (folder, name, NULL);

          check_file (path, totals);
          n_files++;
        }
    }
  if (n_files == 0)
    {
      g_test_skip ("the shared data is not here");
      return;
    }
  keys = g_list_sort (g_hash_table_get_keys (totals), compare_keys);
  for (GList *l = keys; l != NULL; l = l->next)
    g_test_message ("%s %u", (char *) l->data, GPOINTER_TO_UINT (g_hash_table_lookup (totals, l->data)));
}

int
main (int argc, char *argv[])
{
  g_setenv ("LC_ALL", "C", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bundle/single", test_single);
  g_test_add_func ("/bundle/not-stored", test_not_stored);
  g_test_add_func ("/bundle/full-urls", test_full_urls);
  g_test_add_func ("/bundle/two-bases", test_two_bases);
  g_test_add_func ("/bundle/nested", test_nested);
  g_test_add_func ("/bundle/placeholders", test_placeholders);
  g_test_add_func ("/bundle/refused", test_refused);
  g_test_add_func ("/bundle/nothing", test_nothing);
  g_test_add_func ("/bundle/same-identity", test_same_identity);
  g_test_add_func ("/bundle/ndjson", test_ndjson);
  g_test_add_func ("/bundle/real-documents", test_real_documents);
  return g_test_run ();
}
