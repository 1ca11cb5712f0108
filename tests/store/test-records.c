/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records: what is written is read again as it was, versions are kept, edits are all or nothing. */
#include "store-fixture.h"

static void
test_put_get (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsRecord) record = NULL;
  const char *text = "{ \"resourceType\": \"Observation\", \"id\": \"o1\",\n \"valueQuantity\": { \"value\": "
                     "1.10 }, "
                     "\"x-unknown\": { \"a b\": \" \\\" c\" } }";

  fixture_new (&f);
  g_assert_true (put (f.store, "Observation", "o1", text, 0, &error));
  g_assert_no_error (error);
  record = rounds_store_get (f.store, "Observation", "o1", &error);
  g_assert_no_error (error);
  /* Decimals keep their digits, unknown elements stay, only the blanks between are gone. */
  g_assert_cmpstr (record->json, ==,
                   "{\"resourceType\":\"Observation\",\"id\":\"o1\",\"valueQuantity\":{\"value\":1.10},"
                   "\"x-unknown\":{\"a b\":\" \\\" c\"}}");
  g_assert_cmpint (record->revision, ==, 1);
  g_assert_true (record->unsynced);
  g_assert_cmpstr (record->sync_state, ==, "pending");
  g_assert_cmpstr (record->changed_by, ==, "Dr Example");
  assert_audit_ok (f.store);
  /* And after closing and opening. */
  fixture_close (&f);
  fixture_open (&f);
  g_clear_pointer (&record, rounds_record_free);
  record = rounds_store_get (f.store, "Observation", "o1", &error);
  g_assert_nonnull (record);
  fixture_clear (&f);
}

static void
test_stale (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;
  g_autofree char *a = patient_json ("p1", "Adams", "Ann");
  g_autofree char *b = patient_json ("p1", "Brown", "Ann");
  g_autofree char *c = patient_json ("p1", "Clark", "Ann");
  g_autoptr (RoundsRecord) record = NULL;

  fixture_new (&f);
  g_assert_true (put (f.store, "Patient", "p1", a, 0, &error));
  g_assert_false (put (f.store, "Patient", "p1", b, 0, &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_STALE);
  g_clear_error (&error);
  g_assert_true (put (f.store, "Patient", "p1", b, 1, &error));
  g_assert_false (put (f.store, "Patient", "p1", c, 1, &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_STALE);
  record = rounds_store_get (f.store, "Patient", "p1", NULL);
  g_assert_nonnull (strstr (record->json, "Brown"));
  g_assert_cmpint (record->revision, ==, 2);
  fixture_clear (&f);
}

static void
test_all_or_nothing (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;
  g_autofree char *a = patient_json ("p1", "Adams", "Ann");
  g_autofree char *b = patient_json ("p2", "Brown", "Bob");
  g_autoptr (RoundsEdit) edit = rounds_edit_new ("both");

  fixture_new (&f);
  must_put (f.store, "Patient", "p2", b);
  rounds_edit_put (edit, "Patient", "p1", a, 0);
  rounds_edit_delete (edit, "Patient", "p2", 99);
  g_assert_false (rounds_store_apply (f.store, edit, &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_STALE);
  g_assert_null (rounds_store_get (f.store, "Patient", "p1", NULL));
  g_assert_cmpuint (rounds_store_outbox_count (f.store, NULL), ==, 1);
  fixture_clear (&f);
}

static void
test_invalid (void)
{
  static const struct { const char *type, *id, *json; } cases[] = {
    { "Patient", "p1", "{\"resourceType\":\"Patient\",\"id\":\"p2\"}" },
    { "Patient", "p1", "{\"resourceType\":\"Group\",\"id\":\"p1\"}" },
    { "Patient", "p1", "{\"resourceType\":\"Patient\",\"id\":\"p1\"" },
    { "Patient", "p1", "[]" },
    { "Nonsense", "p1", "{\"resourceType\":\"Nonsense\",\"id\":\"p1\"}" },
    { "Patient", "a_b", "{\"resourceType\":\"Patient\",\"id\":\"a_b\"}" },
  };
  Fixture f;

  fixture_new (&f);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (put (f.store, cases[i].type, cases[i].id, cases[i].json, -1, &error));
      g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID);
    }
  g_assert_cmpuint (list_length (rounds_store_count (f.store, NULL, NULL)), ==, 0);
  fixture_clear (&f);
}

static void
test_history_undo (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;
  g_autofree char *a = patient_json ("p1", "Adams", "Ann");
  g_autofree char *b = patient_json ("p1", "Brown", "Ann");
  g_autoptr (GPtrArray) history = NULL;
  g_autoptr (RoundsRecord) record = NULL;

  fixture_new (&f);
  must_put (f.store, "Patient", "p1", a);
  must_put (f.store, "Patient", "p1", b);
  /* The same content again is no version. */
  must_put (f.store, "Patient", "p1", b);
  g_assert_false (rounds_store_undo (f.store, "Patient", "p1", 1, &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_STALE);
  g_clear_error (&error);
  g_assert_true (rounds_store_undo (f.store, "Patient", "p1", 2, &error));
  record = rounds_store_get (f.store, "Patient", "p1", NULL);
  g_assert_cmpint (record->revision, ==, 3);
  g_assert_nonnull (strstr (record->json, "Adams"));
  /* Undoing a creation takes the record away. */
  g_assert_true (delete_one (f.store, "Patient", "p1", 3, &error));
  g_assert_null (rounds_store_get (f.store, "Patient", "p1", &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NOT_FOUND);
  g_clear_error (&error);
  history = rounds_store_history (f.store, "Patient", "p1", &error);
  g_assert_cmpuint (history->len, ==, 4);
  for (guint i = 0; i < history->len; i++)
    g_assert_cmpint (((RoundsRecord *) history->pdata[i])->revision, ==, 4 - i);
  g_assert_null (((RoundsRecord *) history->pdata[0])->json);
  g_assert_true (((RoundsRecord *) history->pdata[0])->deleted);
  g_assert_nonnull (strstr (((RoundsRecord *) history->pdata[2])->json, "Brown"));
  g_assert_true (rounds_store_undo (f.store, "Patient", "p1", 4, &error));
  g_clear_pointer (&record, rounds_record_free);
  record = rounds_store_get (f.store, "Patient", "p1", NULL);
  g_assert_nonnull (record);
  g_assert_null (rounds_store_history (f.store, "Patient", "nobody", &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NOT_FOUND);
  fixture_clear (&f);
}

static char *
note_json (const char *status, const char *doc_status, const char *text, const char *more)
{
  return g_strdup_printf ("{\"resourceType\":\"DocumentReference\",\"id\":\"n1\",\"status\":\"%s\",\"docStatus\":\"%s\","
                          "\"subject\":{\"reference\":\"Patient/p1\"},\"content\":[{\"attachment\":{\"contentType\":"
                          "\"text/plain\",\"data\":\"%s\"}}]%s}", status, doc_status, text, more);
}

static gboolean
put_note (Fixture *f, const char *status, const char *doc_status, const char *text, const char *more,
          gint64 revision)
{
  g_autofree char *note = note_json (status, doc_status, text, more);
  g_autoptr (GError) error = NULL;

  if (put (f->store, "DocumentReference", "n1", note, revision, &error))
    return TRUE;
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "addendum"));
  return FALSE;
}

static void
test_signed (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsRecord) record = NULL;
  g_autofree char *theirs = note_json ("current", "final", "c3Bl", "");
  g_autofree char *newer = note_json ("current", "final", "bmV1", "");
  g_autofree char *other = note_json ("current", "final", "ZGVm", "");
  RoundsImportItem item = { .type = "DocumentReference", .id = "n1", .json = theirs };

  strstr (other, "/p1")[2] = '2';
  fixture_new (&f);
  g_assert_true (put_note (&f, "current", "preliminary", "YWJj", "", 0));
  g_assert_true (put_note (&f, "current", "preliminary", "ZGVm", "", 1));
  g_assert_true (put_note (&f, "current", "final", "ZGVm", "", 2));
  /* Text, author, patient, and the way round by making it a draft again. */
  g_assert_false (put_note (&f, "current", "final", "eHl6", "", 3));
  g_assert_false (put_note (&f, "current", "final", "ZGVm", ",\"author\":[{\"display\":\"Other\"}]", 3));
  g_assert_false (put (f.store, "DocumentReference", "n1", other, 3, &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_false (put_note (&f, "current", "preliminary", "ZGVm", "", 3));
  g_assert_false (put_note (&f, "entered-in-error", "entered-in-error", "eHl6", "", 3));
  g_assert_false (rounds_store_undo (f.store, "DocumentReference", "n1", 3, &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_false (delete_one (f.store, "DocumentReference", "n1", 3, NULL));
  g_assert_true (put_note (&f, "current", "final", "ZGVm", "", 3));   /* the same is no change */
  record = rounds_store_get (f.store, "DocumentReference", "n1", NULL);
  g_assert_cmpint (record->revision, ==, 3);

  /* Entered in error, and taken back; no draft by that way either. */
  g_assert_true (put_note (&f, "entered-in-error", "entered-in-error", "ZGVm", "", 3));
  g_assert_false (put_note (&f, "current", "preliminary", "ZGVm", "", 4));
  g_assert_false (put_note (&f, "entered-in-error", "entered-in-error", "eHl6", "", 4));
  g_assert_true (rounds_store_undo (f.store, "DocumentReference", "n1", 4, &error));
  g_assert_no_error (error);
  g_clear_pointer (&record, rounds_record_free);
  record = rounds_store_get (f.store, "DocumentReference", "n1", NULL);
  g_assert_nonnull (strstr (record->json, "\"final\""));
  g_assert_nonnull (strstr (record->json, "ZGVm"));

  /* What a server or a file says is taken. */
  fixture_clear (&f);
  fixture_new (&f);
  g_assert_true (rounds_store_import (f.store, &item, 1, TRUE, "a.json", NULL, &error));
  item.json = newer;
  g_assert_true (rounds_store_import (f.store, &item, 1, TRUE, "b.json", NULL, &error));
  g_assert_no_error (error);
  g_clear_pointer (&record, rounds_record_free);
  record = rounds_store_get (f.store, "DocumentReference", "n1", NULL);
  g_assert_nonnull (strstr (record->json, "bmV1"));
  fixture_clear (&f);
}

static void
test_lists (void)
{
  Fixture f;
  g_autoptr (GPtrArray) list = NULL;
  g_autofree char *p = patient_json ("p1", "Adams", "Ann");
  static const char *const times[] = { "2024-01-02T10:00:00Z", "2024-03-01T10:00:00Z",
                                       "2024-02-01T10:00:00+02:00" };

  fixture_new (&f);
  must_put (f.store, "Patient", "p1", p);
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *id = g_strdup_printf ("o%u", i);
      g_autofree char *o = observation_json (id, "p1", "8867-4", "70", times[i]);

      must_put (f.store, "Observation", id, o);
    }
  must_put (f.store, "Observation", "bp",
            "{\"resourceType\":\"Observation\",\"id\":\"bp\",\"subject\":{\"reference\":\"Patient/p1\"},"
            "\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"85354-9\"}]},"
            "\"component\":[{\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"8480-6\"}]}}]}");
  list = rounds_store_list (f.store, "Observation", "p1", 0, NULL);
  g_assert_cmpuint (list->len, ==, 4);
  g_assert_cmpstr (((RoundsRecord *) list->pdata[0])->id, ==, "o1");
  g_assert_cmpstr (((RoundsRecord *) list->pdata[1])->id, ==, "o2");
  g_assert_cmpuint (list_length (rounds_store_list (f.store, NULL, "p1", 0, NULL)), ==, 5);
  g_assert_cmpuint (list_length (rounds_store_list (f.store, "Observation", "p1", 2, NULL)), ==, 2);
  g_assert_cmpuint (list_length (rounds_store_list (f.store, "Observation", "p2", 0, NULL)), ==, 0);
  g_assert_cmpuint (list_length (rounds_store_list (f.store, "Patient", NULL, 0, NULL)), ==, 1);
  g_assert_cmpuint (list_length (rounds_store_list_code (f.store, "Observation", "p1", NULL, "8867-4", 0,
                                                         NULL)), ==, 3);
  g_assert_cmpuint (list_length (rounds_store_list_code (f.store, "Observation", "p1", "http://loinc.org",
                                                         "8480-6", 0,
                                                         NULL)), ==, 1);
  g_assert_cmpuint (list_length (rounds_store_list_code (f.store, "Observation", "p1", "http://other",
                                                         "8480-6", 0,
                                                         NULL)), ==, 0);
  /* An edit that changes code and patient moves the record in the indexes. */
  {
    g_autofree char *o = observation_json ("o1", "p9", "8310-5", "37", times[1]);
    must_put (f.store, "Observation", "o1", o);
  }
  g_assert_cmpuint (list_length (rounds_store_list_code (f.store, "Observation", "p1", NULL, "8867-4", 0,
                                                         NULL)), ==, 2);
  g_assert_cmpuint (list_length (rounds_store_list_code (f.store, "Observation", "p9", NULL, "8310-5", 0,
                                                         NULL)), ==, 1);
  g_assert_true (delete_one (f.store, "Observation", "o0", -1, NULL));
  g_assert_cmpuint (list_length (rounds_store_list_code (f.store, "Observation", "p1", NULL, "8867-4", 0,
                                                         NULL)), ==, 1);
  {
    g_autoptr (GPtrArray) counts = rounds_store_count (f.store, NULL, NULL);

    g_assert_cmpuint (counts->len, ==, 2);
    g_assert_cmpstr (((RoundsCount *) counts->pdata[0])->type, ==, "Observation");
    g_assert_cmpuint (((RoundsCount *) counts->pdata[0])->count, ==, 3);
  }
  g_assert_cmpuint (list_length (rounds_store_count (f.store, "nobody", NULL)), ==, 0);
  fixture_clear (&f);
}

static void
test_import (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;
  g_autofree char *a = patient_json ("1", "Adams", "Ann");
  g_autofree char *b = patient_json ("1", "Brown", "Bob");
  RoundsImportItem item = { .type = "Patient", .id = "1", .json = a, .server_base = "https://a/fhir/" };
  RoundsImportItem other = { .type = "Patient", .id = "1", .json = b, .server_base = "https://b/fhir/" };
  g_autofree char *second = NULL;

  fixture_new (&f);
  rounds_store_import (f.store, &item, 1, FALSE, "a.json", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (item.outcome, ==, ROUNDS_IMPORT_NEW);
  g_assert_null (item.stored_id);
  rounds_store_import (f.store, &item, 1, FALSE, "a.json", NULL, &error);
  g_assert_cmpint (item.outcome, ==, ROUNDS_IMPORT_UNCHANGED);
  /* The same id of another server is another patient, the same one every time. */
  rounds_store_import (f.store, &other, 1, FALSE, "b.json", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (other.outcome, ==, ROUNDS_IMPORT_NEW);
  g_assert_nonnull (other.stored_id);
  second = g_steal_pointer (&other.stored_id);
  rounds_store_import (f.store, &other, 1, FALSE, "b.json", NULL, &error);
  g_assert_cmpint (other.outcome, ==, ROUNDS_IMPORT_UNCHANGED);
  g_assert_cmpstr (other.stored_id, ==, second);
  g_free (other.stored_id);
  g_assert_cmpuint (rounds_store_outbox_count (f.store, NULL), ==, 2);
  /* Known to the cloud: nothing waits. */
  {
    g_autofree char *c = patient_json ("9", "Clark", "Cat");
    RoundsImportItem known = { .type = "Patient", .id = "9", .json = c };
    g_autoptr (RoundsRecord) record = NULL;

    rounds_store_import (f.store, &known, 1, TRUE, "c.json", NULL, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (rounds_store_outbox_count (f.store, NULL), ==, 2);
    record = rounds_store_get (f.store, "Patient", "9", NULL);
    g_assert_false (record->unsynced);
    g_assert_cmpstr (record->changed_by, ==, "cloud");
  }
  assert_audit_ok (f.store);
  fixture_clear (&f);
}

static void
test_find (void)
{
  Fixture f;
  static const char *const people[][3] = {
    { "p1", "Müller", "José" }, { "p2", "O'Connell", "Freda" }, { "p3", "王", "小明" }, { "p4", "Martinez",
                                                                                       "Ana" },
    { "p5", "Adams", "Martha" },
  };
  static const struct { const char *query; guint n; const char *id; } cases[] = {
    { "", 5, "p5" }, { "mul", 1, "p1" }, { "MÜLLER jose", 1, "p1" }, { "o'conn", 1, "p2" }, { "oconn", 1,
                                                                                              "p2" },
    { "connell", 1, "p2" }, { "明", 1, "p3" }, { "martinze", 1, "p4" }, { "mar", 2, "p5" }, { "mrn-p4", 1,
                                                                                             "p4" },
    { "1980-02-03 ana", 1, "p4" }, { "03.02.1980", 5, "p5" }, { "nobody", 0, NULL }, { "mar 王", 0, NULL },
    { "王小明", 1, "p3" }, { "wartinez", 1, "p4" }, { "martnez", 1, "p4" },
  };

  fixture_new (&f);
  for (guint i = 0; i < G_N_ELEMENTS (people); i++)
    {
      g_autofree char *json = patient_json (people[i][0], people[i][1], people[i][2]);

      must_put (f.store, "Patient", people[i][0], json);
      /* After the first search the rest is found beside the index. */
      if (i == 2)
        g_assert_cmpuint (list_length (rounds_store_find_patients (f.store, "mul", 10, NULL)), ==, 1);
    }
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GPtrArray) list = rounds_store_find_patients (f.store, cases[i].query, 10, NULL);

      g_test_message ("query %s", cases[i].query);
      g_assert_nonnull (list);
      g_assert_cmpuint (list->len, ==, cases[i].n);
      if (cases[i].id != NULL)
        g_assert_cmpstr (((RoundsPatientHit *) list->pdata[0])->id, ==, cases[i].id);
    }
  {
    g_autofree char *renamed = patient_json ("p1", "Schmidt", "José");
    g_autoptr (GPtrArray) list = NULL;

    must_put (f.store, "Patient", "p1", renamed);
    g_assert_cmpuint (list_length (rounds_store_find_patients (f.store, "mul", 10, NULL)), ==, 0);
    list = rounds_store_find_patients (f.store, "schm", 10, NULL);
    g_assert_cmpuint (list->len, ==, 1);
    g_assert_cmpstr (((RoundsPatientHit *) list->pdata[0])->birth_date, ==, "1980-02-03");
    g_assert_cmpuint (((RoundsPatientHit *) list->pdata[0])->n_unsynced, ==, 1);
  }
  g_assert_true (delete_one (f.store, "Patient", "p2", -1, NULL));
  g_assert_cmpuint (list_length (rounds_store_find_patients (f.store, "connell", 10, NULL)), ==, 0);
  g_assert_cmpuint (list_length (rounds_store_find_patients (f.store, NULL, 0, NULL)), ==, 4);
  g_assert_cmpuint (list_length (rounds_store_find_patients (f.store, NULL, 2, NULL)), ==, 2);
  fixture_clear (&f);
}

static void
test_drafts (void)
{
  Fixture f;
  g_autofree char *text = NULL;
  g_autofree char *setting = NULL;
  g_auto (GStrv) keys = NULL;

  fixture_new (&f);
  g_assert_true (rounds_store_set_draft (f.store, "note/p1", "half a w", NULL));
  g_assert_true (rounds_store_set_draft (f.store, "note/p1", "half a word", NULL));
  g_assert_true (rounds_store_set_draft (f.store, "other", "x", NULL));
  g_assert_true (rounds_store_set_setting (f.store, "k", "v", NULL));
  fixture_close (&f);
  fixture_open (&f);
  text = rounds_store_dup_draft (f.store, "note/p1", NULL);
  g_assert_cmpstr (text, ==, "half a word");
  keys = rounds_store_list_drafts (f.store, "note/", NULL);
  g_assert_cmpuint (g_strv_length (keys), ==, 1);
  g_assert_true (rounds_store_set_draft (f.store, "note/p1", NULL, NULL));
  g_assert_null (rounds_store_dup_draft (f.store, "note/p1", NULL));
  setting = rounds_store_dup_setting (f.store, "k", NULL);
  g_assert_cmpstr (setting, ==, "v");
  fixture_clear (&f);
}

typedef struct {
  guint n_changed, n_many;
} Signals;

static void
changed_cb (RoundsStore *store, const char *type, const char *id, const char *patient_id, Signals *signals)
{
  if (type == NULL)
    signals->n_many++;
  else
    signals->n_changed++;
}

static gpointer
read_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  return rounds_store_get (store, "Patient", data, error);
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  *(gpointer *) data = rounds_store_run_finish (ROUNDS_STORE (source), result, NULL);
}

static void
test_signals (void)
{
  Fixture f;
  Signals signals = { 0 };
  g_autofree char *a = patient_json ("p1", "Adams", "Ann");
  gpointer record = NULL;
  g_autoptr (RoundsEdit) edit = rounds_edit_new (NULL);

  fixture_new (&f);
  g_signal_connect (f.store, "changed", G_CALLBACK (changed_cb), &signals);
  must_put (f.store, "Patient", "p1", a);
  while (signals.n_changed == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (signals.n_changed, ==, 1);
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *id = g_strdup_printf ("q%u", i);
      g_autofree char *json = patient_json (id, "Many", "One");

      rounds_edit_put (edit, "Patient", id, json, 0);
    }
  g_assert_true (rounds_store_apply (f.store, edit, NULL));
  while (signals.n_many == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (signals.n_many, ==, 1);
  g_assert_cmpuint (signals.n_changed, ==, 1);
  rounds_store_run_async (f.store, read_work, g_strdup ("p1"), g_free, (GDestroyNotify) rounds_record_free,
                          NULL, read_cb,
                          &record);
  while (record == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (((RoundsRecord *) record)->id, ==, "p1");
  rounds_record_free (record);
  fixture_clear (&f);
}

static void
test_closed (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;

  fixture_new (&f);
  rounds_store_close (f.store);
  g_assert_false (rounds_store_set_draft (f.store, "a", "b", &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_FAILED);
  g_clear_error (&error);
  g_assert_null (rounds_store_get (f.store, "Patient", "p", &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_FAILED);
  fixture_clear (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/records/put-get", test_put_get);
  g_test_add_func ("/store/records/stale", test_stale);
  g_test_add_func ("/store/records/all-or-nothing", test_all_or_nothing);
  g_test_add_func ("/store/records/invalid", test_invalid);
  g_test_add_func ("/store/records/history-undo", test_history_undo);
  g_test_add_func ("/store/records/signed", test_signed);
  g_test_add_func ("/store/records/lists", test_lists);
  g_test_add_func ("/store/records/import", test_import);
  g_test_add_func ("/store/records/find", test_find);
  g_test_add_func ("/store/records/drafts", test_drafts);
  g_test_add_func ("/store/records/signals", test_signals);
  g_test_add_func ("/store/records/closed", test_closed);
  return g_test_run ();
}
