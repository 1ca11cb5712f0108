/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Servers that give ids of their own. */

#include "sync-case.h"

#include "fhir/resource.h"

static void
server_ids (Case *self)
{
  self->server->put_creates = FALSE;
  self->server->types = "Patient Observation Condition Basic Provenance Encounter";
}

static void
put_observation (Case *self, const char *id, const char *patient)
{
  g_autofree char *json = observation_json (id, patient, "8867-4", "70", "2024-01-01");

  must_put (self->store, "Observation", id, json);
}

/* What the server holds of this family: its id. */
static char *
server_id_of (Case *self, const char *type, const char *text)
{
  GHashTableIter iter;
  gpointer key, value;
  char *found = NULL;

  g_hash_table_iter_init (&iter, self->server->resources);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      MiniResource *resource = value;
      g_autofree char *json = resource->json != NULL ? rounds_json_print (resource->json) : NULL;

      if (json != NULL && g_str_has_prefix (key, type) && strstr (json, text) != NULL)
        {
          g_assert_null (found);   /* never twice */
          found = g_strdup (strchr (key, '/') + 1);
        }
    }
  return found;
}

/* --- references ----------------------------------------------------------------------------------------- */

/* No request ever holds an id that the server did not give. */
static gboolean
no_local_reference (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  if (g_str_equal (request->method, "POST") || g_str_equal (request->method, "PUT"))
    {
      gboolean bundle = strstr (request->body, "\"transaction\"") != NULL || strstr (request->body, "\"batch\"") != NULL;

      g_assert_true (bundle || strstr (request->body, "\"Patient/local-") == NULL);
    }
  return FALSE;
}

static void
test_references (void)
{
  Case self;
  g_autofree char *patient = NULL, *observation = NULL, *there = NULL;
  g_autoptr (RoundsRecord) record = NULL;
  g_autoptr (GPtrArray) series = NULL;
  const RoundsSample samples[] = { { G_GINT64_CONSTANT (1700000000000000), 70.0 } };

  case_new (&self);
  server_ids (&self);
  self.server->integrity = TRUE;
  self.server->before = no_local_reference;
  put_patient (&self, "local-1", "One");
  put_observation (&self, "local-o", "local-1");
  must_put (self.store, "Observation", "local-panel",
            "{\"resourceType\":\"Observation\",\"id\":\"local-panel\",\"status\":\"final\",\"code\":{\"text\":\"panel\"},"
            "\"hasMember\":[{\"reference\":\"Observation/local-o\"}]}");
  put_observation (&self, "local-gone", "local-1");
  g_assert_true (delete_one (self.store, "Observation", "local-gone", -1, NULL));
  g_assert_true (rounds_store_series_append (self.store, "local-1", "8867-4", "/min", NULL, "test", samples, 1, NULL, NULL));
  g_assert_true (rounds_store_set_draft (self.store, "form/local-1/problems/new", "text", NULL));
  must_run (&self);
  g_assert_cmpuint (self.report.pushed, ==, 3);
  g_assert_cmpuint (self.report.quarantined + self.report.conflicts + self.report.pending, ==, 0);
  patient = server_id_of (&self, "Patient/", "One");
  observation = server_id_of (&self, "Observation/", "8867-4");
  g_assert_nonnull (patient);
  there = rounds_json_print (mini_get (self.server, "Observation", observation)->json);
  g_assert_nonnull (strstr (there, patient));
  {
    g_autofree char *panel = server_id_of (&self, "Observation/", "panel");
    g_autofree char *reference = g_strconcat ("Observation/", observation, NULL);

    g_assert_cmpstr (rounds_json_peek_string (mini_get (self.server, "Observation", panel)->json,
                                              "hasMember.0.reference"), ==, reference);
  }
  /* Here too, and by the old id as well: a window may be open. */
  record = rounds_store_get (self.store, "Observation", observation, NULL);
  g_assert_nonnull (strstr (record->json, patient));
  g_assert_null (strstr (record->json, "local-1"));
  g_clear_pointer (&record, rounds_record_free);
  record = rounds_store_get (self.store, "Patient", "local-1", NULL);
  g_assert_cmpstr (record->id, ==, patient);
  g_assert_cmpuint (list_length (rounds_store_list (self.store, "Observation", "local-1", 0, NULL)), ==, 1);
  g_assert_cmpuint (list_length (rounds_store_list (self.store, "Observation", patient, 0, NULL)), ==, 1);
  series = rounds_store_series_list (self.store, patient, NULL);
  g_assert_cmpuint (series->len, ==, 1);
  g_assert_cmpuint (list_length (rounds_store_series_list (self.store, "local-1", NULL)), ==, 1);
  {
    g_autofree char *key = g_strdup_printf ("form/%s/problems/new", patient);
    g_autofree char *draft = rounds_store_dup_draft (self.store, key, NULL);

    g_assert_cmpstr (draft, ==, "text");
  }
  /* The mark is no number of the patient. */
  {
    g_autoptr (GPtrArray) hits = rounds_store_find_patients (self.store, "One", 0, NULL);

    g_assert_cmpuint (hits->len, ==, 1);
    g_assert_cmpstr (((RoundsPatientHit *) hits->pdata[0])->identifiers, ==, "MRN-local-1");
  }
  must_run (&self);
  g_assert_cmpuint (self.report.pushed + self.report.pulled, ==, 0);
  g_assert_cmpuint (mini_count (self.server, "Patient"), ==, 1);
  case_clear (&self);
}

/* A form that was open while the record was renamed is saved, and what it says of others follows. */
static void
test_open_form (void)
{
  Case self;
  g_autoptr (RoundsRecord) before = NULL, after = NULL;
  g_autofree char *patient = NULL, *changed = NULL, *fresh = NULL, *there = NULL, *id = NULL;
  g_autoptr (GError) error = NULL;

  case_new (&self);
  server_ids (&self);
  put_patient (&self, "local-1", "One");
  put_observation (&self, "local-o", "local-1");
  before = rounds_store_get (self.store, "Observation", "local-o", NULL);
  must_run (&self);
  patient = server_id_of (&self, "Patient/", "One");
  changed = observation_json ("local-o", "local-1", "8867-4", "75", "2024-01-01");
  put (self.store, "Observation", "local-o", changed, before->revision, &error);
  g_assert_no_error (error);
  after = rounds_store_get (self.store, "Observation", "local-o", NULL);
  g_assert_cmpstr (after->id, !=, "local-o");
  g_assert_nonnull (strstr (after->json, patient));
  fresh = observation_json ("local-p", "local-1", "8867-4", "61", "2024-01-02");
  must_put (self.store, "Observation", "local-p", fresh);
  must_run (&self);
  g_assert_cmpuint (self.report.pushed, ==, 2);
  g_assert_cmpuint (mini_count (self.server, "Observation"), ==, 2);
  id = server_id_of (&self, "Observation/", "61");
  there = rounds_json_print (mini_get (self.server, "Observation", id)->json);
  g_assert_nonnull (strstr (there, patient));
  case_clear (&self);
}

/* --- how the answer tells the id ------------------------------------------------------------------------- */

/* A search that has not caught up. */
static gboolean
find_nothing (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  Case *self = data;

  if (self->n_done == 0 || strstr (request->path, "identifier=") == NULL)
    return FALSE;
  g_string_assign (answer->body, "{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"total\":0}");
  return TRUE;
}

static void
test_location (void)
{
  static const MiniLocation forms[] = { MINI_LOCATION_ABSOLUTE, MINI_LOCATION_RELATIVE, MINI_LOCATION_SHORT,
                                        MINI_LOCATION_NONE };
  Case self;
  guint i;

  case_new (&self);
  server_ids (&self);
  /* Each form with and without a body. */
  for (i = 0; i < 2 * G_N_ELEMENTS (forms); i++)
    {
      g_autofree char *local = g_strdup_printf ("local-%u", i), *family = g_strdup_printf ("Form%u", i), *id = NULL;
      g_autoptr (RoundsRecord) record = NULL;

      self.server->location = forms[i / 2];
      self.server->says_nothing = i % 2 == 1;
      self.n_done = i + 1 < 2 * G_N_ELEMENTS (forms);   /* only who says nothing at all needs the search */
      self.server->before = find_nothing;
      put_patient (&self, local, family);
      must_run (&self);
      g_assert_cmpuint (self.report.pushed, ==, 1);
      id = server_id_of (&self, "Patient/", family);
      record = rounds_store_get (self.store, "Patient", local, NULL);
      g_assert_cmpstr (record->id, ==, id);
      g_assert_cmpstr (record->base_version, ==, "1");
    }
  g_assert_cmpuint (mini_count (self.server, "Patient"), ==, 2 * G_N_ELEMENTS (forms));
  case_clear (&self);
}

/* --- lost answers ------------------------------------------------------------------------------------------ */

static void
drop_first_post (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  Case *self = data;

  if (g_str_equal (request->method, "POST") && g_str_has_prefix (request->path, "/fhir/Patient") && self->n_done++ == 0)
    answer->drop = TRUE;
}

/* 1: the server knows conditional creates; 0: it takes no notice of them. */
static void
test_lost_answer (gconstpointer data)
{
  Case self;
  g_autofree char *id = NULL;

  case_new (&self);
  server_ids (&self);
  self.server->conditional_create = GPOINTER_TO_INT (data);
  self.server->after = drop_first_post;
  put_patient (&self, "local-1", "One");
  put_observation (&self, "local-o", "local-1");
  must_run (&self);
  g_assert_cmpuint (self.report.pushed, ==, 2);
  g_assert_cmpuint (mini_count (self.server, "Patient"), ==, 1);
  id = server_id_of (&self, "Patient/", "One");
  g_assert_nonnull (id);
  case_clear (&self);
}

/* The program ends between the answer and the acknowledgement, and the record is edited before it starts again. */
static void
test_crash_and_edit (void)
{
  Case self;
  g_autofree char *id = NULL, *text = NULL;

  case_new (&self);
  server_ids (&self);
  self.server->after = drop_first_post;
  self.server->before = NULL;
  put_patient (&self, "local-1", "One");
  /* Nothing can be read back: the pass ends with the create unknown. */
  mini_fault (self.server, (MiniFault){ .method = "GET", .prefix = "Patient", .skip = 1, .times = 3, .status = 500 });
  g_assert_false (run (&self));
  put_patient (&self, "local-1", "Changed");
  fixture_close (&self.fixture);
  g_clear_object (&self.sync);
  fixture_open (&self.fixture);
  self.store = self.fixture.store;
  self.sync = rounds_sync_new (self.store, "ward");
  g_queue_clear_full (&self.server->faults, g_free);
  must_run (&self);
  must_run (&self);
  g_assert_cmpuint (mini_count (self.server, "Patient"), ==, 1);
  id = server_id_of (&self, "Patient/", "Changed");
  g_assert_nonnull (id);
  text = text_of (&self, "Patient", id);
  g_assert_nonnull (strstr (text, "Changed"));
  g_assert_cmpuint (rounds_store_outbox_count (self.store, NULL), ==, 0);
  case_clear (&self);
}

/* --- two of them ------------------------------------------------------------------------------------------- */

/* Another request made the same while this one was under way. */
static void
make_twice (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  Case *self = data;
  g_autoptr (json_object) copy = NULL;

  if (!g_str_equal (request->method, "POST") || !g_str_has_prefix (request->path, "/fhir/Patient") || self->n_done++ > 0)
    return;
  copy = rounds_json_parse (request->body, -1, NULL);
  json_object_object_add (copy, "id", json_object_new_string ("a-earlier"));
  self->saved = rounds_json_print (copy);
  mini_put (server, "Patient", "a-earlier", self->saved);
}

static void
test_made_twice (void)
{
  Case self;
  g_autoptr (RoundsRecord) record = NULL;

  case_new (&self);
  server_ids (&self);
  self.server->after = make_twice;
  put_patient (&self, "local-1", "One");
  must_run (&self);
  record = rounds_store_get (self.store, "Patient", "local-1", NULL);
  g_assert_cmpstr (record->id, ==, "a-earlier");
  g_assert_cmpuint (mini_count (self.server, "Patient"), ==, 2);   /* told, never deleted */
  g_assert_cmpuint (g_strv_length (self.report.notes), ==, 1);
  g_assert_nonnull (strstr (self.report.notes[0], "more than once"));
  case_clear (&self);
}

/* --- a server that lies -------------------------------------------------------------------------------------- */

static void
answer_of_another (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  if (!g_str_equal (request->method, "POST") || !g_str_has_prefix (request->path, "/fhir/Patient"))
    return;
  g_string_assign (answer->headers, "Content-Type: application/fhir+json\r\nLocation: Patient/victim/_history/1\r\n");
  g_string_truncate (answer->body, 0);
}

static gboolean
no_search (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  if (strstr (request->path, "identifier=") == NULL)
    return FALSE;
  g_string_assign (answer->body, "{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"entry\":[{\"resource\":"
                                 "{\"resourceType\":\"Patient\",\"id\":\"victim\",\"name\":[{\"family\":\"Victim\"}]}}]}");
  return TRUE;
}

static void
test_another_record (void)
{
  Case self;
  g_autofree char *victim = NULL;
  g_autoptr (GPtrArray) items = NULL;

  case_new (&self);
  server_ids (&self);
  server_patient (&self, "victim", "Victim");
  must_run (&self);
  self.server->after = answer_of_another;
  self.server->before = no_search;   /* gives back all, whatever was asked */
  put_patient (&self, "local-1", "One");
  must_run (&self);
  g_assert_cmpuint (self.report.quarantined, ==, 1);
  g_assert_true (has_family (&self, "local-1", "One"));
  g_assert_true (has_family (&self, "victim", "Victim"));
  items = rounds_store_outbox_list (self.store, NULL, 0, NULL);
  g_assert_nonnull (strstr (((RoundsOutboxItem *) items->pdata[0])->reason, "another record"));
  victim = rounds_json_print (mini_get (self.server, "Patient", "victim")->json);
  g_assert_nonnull (strstr (victim, "Victim"));
  case_clear (&self);
}

/* Two new records that refer to each other: neither can be first, and both say so. Others go. */
static void
test_circle (void)
{
  Case self;

  case_new (&self);
  server_ids (&self);
  must_put (self.store, "Condition", "c1", "{\"resourceType\":\"Condition\",\"id\":\"c1\",\"subject\":{\"reference\":"
                                           "\"Patient/local-1\"},\"evidence\":[{\"detail\":[{\"reference\":"
                                           "\"Observation/o1\"}]}]}");
  must_put (self.store, "Observation", "o1", "{\"resourceType\":\"Observation\",\"id\":\"o1\",\"status\":\"final\","
                                             "\"code\":{\"text\":\"x\"},\"focus\":[{\"reference\":\"Condition/c1\"}]}");
  put_patient (&self, "local-1", "One");
  must_run (&self);
  g_assert_cmpuint (self.report.pushed, ==, 1);
  g_assert_cmpuint (self.report.quarantined + self.report.pending, ==, 2);
  g_assert_cmpuint (self.report.quarantined, >=, 1);
  g_assert_cmpuint (mini_count (self.server, "Condition") + mini_count (self.server, "Observation"), ==, 0);
  case_clear (&self);
}

/* A type without identifiers is found by a tag. */
static void
test_tag (void)
{
  Case self;
  g_autofree char *id = NULL;

  case_new (&self);
  server_ids (&self);
  must_put (self.store, "Provenance", "pr", "{\"resourceType\":\"Provenance\",\"id\":\"pr\",\"recorded\":"
                                            "\"2024-01-01T00:00:00Z\",\"target\":[{\"display\":\"Tagged\"}]}");
  must_run (&self);
  g_assert_cmpuint (self.report.pushed, ==, 1);
  id = server_id_of (&self, "Provenance/", "Tagged");
  g_assert_cmpstr (rounds_json_peek_string (mini_get (self.server, "Provenance", id)->json, "meta.tag.0.system"), ==,
                   ROUNDS_FHIR_CHANGE_SYSTEM);
  g_assert_cmpuint (mini_count_requests (self.server, "_tag="), >, 0);
  case_clear (&self);
}

/* --- many ------------------------------------------------------------------------------------------------------ */

/* Renaming looks at what refers to a record, not at all that waits. */
static gint64
time_of_renames (guint n)
{
  Fixture f;
  g_autofree RoundsImportItem *items = g_new0 (RoundsImportItem, n);
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  gint64 start, used;
  guint i;

  fixture_new (&f);
  for (i = 0; i < n; i++)
    {
      char *id = g_strdup_printf ("o%u", i);
      char *json = i == 0 ? patient_json (id, "Many", "Ann") : observation_json (id, "o0", "8867-4", "70", "2024-01-01");

      g_ptr_array_add (texts, id);
      g_ptr_array_add (texts, json);
      items[i] = (RoundsImportItem){ .type = i == 0 ? "Patient" : "Observation", .id = id, .json = json };
    }
  g_assert_true (rounds_store_import (f.store, items, n, FALSE, "test", NULL, NULL));
  start = g_get_monotonic_time ();
  for (i = 1; i <= 100; i++)
    {
      g_autofree char *id = g_strdup_printf ("o%u", n - i), *to = g_strdup_printf ("s%u", i);

      g_assert_true (rounds_store_rename (f.store, "Observation", id, to, NULL));
    }
  used = g_get_monotonic_time () - start;
  fixture_clear (&f);
  return used;
}

static void
test_many (void)
{
  gint64 few = time_of_renames (500), many = time_of_renames (8000);

  g_test_message ("100 renames: %.1f ms of 500, %.1f ms of 8,000", few / 1000.0, many / 1000.0);
  /* A look through all would take sixteen times as long. */
  g_assert_cmpint (many, <, few * 4 + 50000);
}

/* What was sent, under the id of another record that is here. */
static void
answer_with_id_of_another (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  g_autoptr (json_object) body = NULL;
  g_autofree char *key = NULL, *text = NULL;

  if (!g_str_equal (request->method, "POST") || answer->status != 201)
    return;
  body = rounds_json_parse (answer->body->str, -1, NULL);
  key = g_strconcat ("Patient/", rounds_json_peek_string (body, "id"), NULL);
  g_hash_table_remove (server->resources, key);
  json_object_object_add (body, "id", json_object_new_string ("victim"));
  text = rounds_json_print (body);
  g_string_assign (answer->body, text);
}

static void
test_id_of_another (void)
{
  Case self;
  guint versions;

  case_new (&self);
  server_ids (&self);
  self.server->location = MINI_LOCATION_NONE;
  server_patient (&self, "victim", "Victim");
  must_run (&self);
  server_patient (&self, "victim", "Victim2");
  must_run (&self);
  versions = list_length (rounds_store_history (self.store, "Patient", "victim", NULL));
  self.server->after = answer_with_id_of_another;
  put_patient (&self, "local-1", "One");
  must_run (&self);
  g_assert_cmpuint (self.report.quarantined, ==, 1);
  g_assert_true (has_family (&self, "local-1", "One"));
  g_assert_true (has_family (&self, "victim", "Victim2"));
  g_assert_cmpuint (list_length (rounds_store_history (self.store, "Patient", "victim", NULL)), ==, versions);
  case_clear (&self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/creates/references", test_references);
  g_test_add_func ("/creates/open-form", test_open_form);
  g_test_add_func ("/creates/location", test_location);
  g_test_add_data_func ("/creates/lost-answer/conditional", GINT_TO_POINTER (1), test_lost_answer);
  g_test_add_data_func ("/creates/lost-answer/unconditional", GINT_TO_POINTER (0), test_lost_answer);
  g_test_add_func ("/creates/crash-and-edit", test_crash_and_edit);
  g_test_add_func ("/creates/made-twice", test_made_twice);
  g_test_add_func ("/creates/another-record", test_another_record);
  g_test_add_func ("/creates/id-of-another", test_id_of_another);
  g_test_add_func ("/creates/circle", test_circle);
  g_test_add_func ("/creates/tag", test_tag);
  g_test_add_func ("/creates/many", test_many);
  return g_test_run ();
}
