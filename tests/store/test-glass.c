/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Break-glass, and what each role may do by every way into the store. */
#include "store-fixture.h"

#include "base/instant.h"
#include "store/database.h"
#include "store/glass.h"
#include "store/search.h"

#define REASON "Unconscious in the emergency room"
#define LABEL "\"meta\":{\"security\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/v3-Confidentiality\",\"code\":\"%s\"}]},"
#define STUDY "1.2.826.0.1.3680043.8.498.1"

static void
put_labelled (RoundsStore *store, const char *id, const char *patient, const char *code)
{
  g_autofree char *json = g_strdup_printf (
    "{\"resourceType\":\"Condition\",\"id\":\"%s\"," LABEL "\"code\":{\"text\":\"secret\"},\"subject\":{\"reference\":"
    "\"Patient/%s\"}}", id, code, patient);

  must_put (store, "Condition", id, json);
}

static void
put_patient (RoundsStore *store, const char *id, gboolean restricted)
{
  g_autofree char *plain = patient_json (id, "Muster", "Eva");
  g_autofree char *label = g_strdup_printf ("{" LABEL, "R");
  g_autofree char *json = restricted ? g_strconcat (label, plain + 1, NULL) : g_strdup (plain);

  must_put (store, "Patient", id, json);
}

/* open: with a restricted condition and an ordinary one; shut: a patient restricted as a whole. */
static void
fill (Fixture *f)
{
  g_autofree char *observation = observation_json ("o1", "shut", "8867-4", "60", "2026-01-01T00:00:00Z");

  fixture_new (f);
  put_patient (f->store, "open", FALSE);
  put_labelled (f->store, "r1", "open", "R");
  put_labelled (f->store, "v1", "open", "V");
  put_labelled (f->store, "n1", "open", "N");
  must_put (f->store, "Observation", "o1", observation);
  put_patient (f->store, "shut", TRUE);
}

static gboolean
sees (Fixture *f, const char *type, const char *id)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsRecord) record = rounds_store_get (f->store, type, id, &error);

  if (record == NULL)
    g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NOT_FOUND);
  return record != NULL;
}

static guint
n_listed (Fixture *f, const char *type, const char *patient)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *list = rounds_store_list (f->store, type, patient, 0, &error);

  g_assert_no_error (error);
  return list_length (list);
}

static guint
n_hidden (Fixture *f, const char *patient)
{
  g_autoptr (GError) error = NULL;
  guint n = 99;

  g_assert_true (rounds_store_count_hidden (f->store, patient, &n, &error));
  g_assert_no_error (error);
  return n;
}

static guint
n_audited (Fixture *f, const char *action, const char *detail)
{
  g_autoptr (GPtrArray) list = rounds_store_audit_list (f->store, 0, 0, NULL);
  guint n = 0;

  for (guint i = 0; i < list->len; i++)
    {
      RoundsAuditRow *row = list->pdata[i];

      n += g_str_equal (row->action, action) && (detail == NULL || (row->detail != NULL && strstr (row->detail, detail)));
    }
  return n;
}

static void
test_hidden (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) codes = NULL;

  fill (&f);
  /* By reference, list, code, history and count. */
  g_assert_false (sees (&f, "Condition", "r1"));
  g_assert_false (sees (&f, "Condition", "v1"));
  g_assert_true (sees (&f, "Condition", "n1"));
  g_assert_cmpuint (n_listed (&f, "Condition", "open"), ==, 1);
  g_assert_cmpuint (n_listed (&f, "Condition", NULL), ==, 1);
  g_assert_cmpuint (n_listed (&f, NULL, "open"), ==, 2);
  g_assert_null (rounds_store_history (f.store, "Condition", "r1", &error));
  g_clear_error (&error);
  /* A restricted patient can be found, and nothing of them seen. */
  g_assert_true (sees (&f, "Patient", "shut"));
  g_assert_false (sees (&f, "Observation", "o1"));
  g_assert_cmpuint (n_listed (&f, NULL, "shut"), ==, 1);
  codes = rounds_store_list_code (f.store, "Observation", "shut", NULL, "8867-4", 0, NULL);
  g_assert_cmpuint (codes->len, ==, 0);
  /* An allergy is never hidden, whoever's it is and whatever it says. */
  must_put (f.store, "AllergyIntolerance", "a1",
            "{\"resourceType\":\"AllergyIntolerance\",\"id\":\"a1\",\"meta\":{\"security\":[{\"system\":\"http://terminology.hl7.org/"
            "CodeSystem/v3-Confidentiality\",\"code\":\"V\"}]},\"patient\":{\"reference\":\"Patient/shut\"}}");
  g_assert_true (sees (&f, "AllergyIntolerance", "a1"));
  g_assert_cmpuint (n_listed (&f, "AllergyIntolerance", "shut"), ==, 1);
  must_put (f.store, "AllergyIntolerance", "a1",
            "{\"resourceType\":\"AllergyIntolerance\",\"id\":\"a1\",\"patient\":{\"reference\":\"Patient/shut\"}}");
  g_assert_cmpuint (n_hidden (&f, "open"), ==, 2);
  g_assert_cmpuint (n_hidden (&f, "shut"), ==, 1);
  g_assert_cmpuint (n_hidden (&f, NULL), ==, 3);

  /* Who does not see it does not change it either, and the attempt is on record. */
  g_assert_false (put (f.store, "Condition", "r1",
                       "{\"resourceType\":\"Condition\",\"id\":\"r1\",\"subject\":{\"reference\":\"Patient/open\"}}", -1,
                       &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DENIED);
  g_clear_error (&error);
  g_assert_false (delete_one (f.store, "Condition", "v1", -1, &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DENIED);
  g_clear_error (&error);
  {
    RoundsImportItem item = { .type = "Condition", .id = "r1",
                              .json = "{\"resourceType\":\"Condition\",\"id\":\"r1\",\"subject\":{\"reference\":"
                                      "\"Patient/open\"}}" };

    g_assert_false (rounds_store_import (f.store, &item, 1, FALSE, "test", NULL, &error));
    g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DENIED);
    g_clear_error (&error);
  }
  g_assert_cmpuint (n_audited (&f, "denied", NULL), ==, 3);
  /* Sync goes on beneath. */
  rounds_store_set_own_business (TRUE);
  g_assert_true (sees (&f, "Condition", "r1"));
  g_assert_true (sees (&f, "Observation", "o1"));
  rounds_store_set_own_business (FALSE);
  g_assert_false (sees (&f, "Condition", "r1"));
  fixture_clear (&f);
}

static void
test_break (void)
{
  static const char *const thin[] = { "", "because", "x y z", "aaaa bbb", "1234567890 12", "line\nbreak in the text" };
  Fixture f;
  g_autoptr (GError) error = NULL;
  RoundsGlass glass = { 0 };

  fill (&f);
  for (guint i = 0; i < G_N_ELEMENTS (thin); i++)
    {
      g_assert_false (rounds_store_break_glass (f.store, "open", thin[i], &error));
      g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID);
      g_clear_error (&error);
    }
  g_assert_false (rounds_store_get_glass (f.store, "open", NULL));
  g_assert_true (rounds_store_break_glass (f.store, "open", REASON, &error));
  g_assert_no_error (error);
  g_assert_true (rounds_store_get_glass (f.store, "open", &glass));
  g_assert_cmpstr (glass.reason, ==, REASON);
  g_assert_cmpint (glass.until_us - glass.started_us, ==, ROUNDS_GLASS_US);
  rounds_glass_clear (&glass);
  /* This patient's, not the other's. */
  g_assert_true (sees (&f, "Condition", "r1"));
  g_assert_cmpuint (n_listed (&f, "Condition", "open"), ==, 3);
  g_assert_false (sees (&f, "Observation", "o1"));
  g_assert_false (rounds_store_get_glass (f.store, "shut", NULL));
  put_labelled (f.store, "r1", "open", "V");

  /* It lasts over a restart, and ends at once when it is ended. */
  fixture_close (&f);
  fixture_open (&f);
  g_assert_true (sees (&f, "Condition", "v1"));
  g_assert_true (rounds_store_end_glass (f.store, &error));
  g_assert_false (sees (&f, "Condition", "r1"));
  g_assert_false (rounds_store_get_glass (f.store, "open", NULL));

  /* All patients. */
  g_assert_true (rounds_store_break_glass (f.store, NULL, "急诊抢救需要病史", &error));
  g_assert_true (sees (&f, "Observation", "o1"));
  g_assert_true (sees (&f, "Condition", "r1"));
  g_assert_cmpuint (n_hidden (&f, NULL), ==, 0);
  g_assert_true (rounds_store_end_glass (f.store, &error));
  g_assert_cmpuint (n_audited (&f, "break-glass", "110113 110127"), ==, 2);
  g_assert_cmpuint (n_audited (&f, "break-glass", REASON), ==, 1);
  g_assert_cmpuint (n_audited (&f, "break-glass-end", "110113 110138"), ==, 2);
  assert_audit_ok (f.store);
  fixture_clear (&f);
}

static void
change_glass (Fixture *f, const char *sql)
{
  g_autofree char *path = fixture_path (f, "records.db");
  g_autoptr (RoundsDatabase) db =
    rounds_database_open (path, ROUNDS_DATABASE_RECORDS, ROUNDS_DATABASE_WRITER, f->key, NULL);

  g_assert_true (rounds_database_exec (db, sql, NULL));
}

/* Four hours and no more, whatever the clock does. */
static void
test_time (void)
{
  static const char *const ends[] = {
    "UPDATE glass SET started_us = started_us - 14400000000, until_us = until_us - 14400000000 WHERE ended_us = 0",
    "UPDATE glass SET started_us = started_us + 60000000, until_us = until_us + 60000000 WHERE ended_us = 0",
  };
  Fixture f;

  fill (&f);
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_assert_true (rounds_store_break_glass (f.store, NULL, REASON, NULL));
      g_assert_true (sees (&f, "Condition", "r1"));
      change_glass (&f, ends[i]);
      g_assert_false (sees (&f, "Condition", "r1"));
      g_assert_false (put (f.store, "Condition", "r1",
                           "{\"resourceType\":\"Condition\",\"id\":\"r1\",\"subject\":{\"reference\":\"Patient/open\"}}", -1,
                           NULL));
      g_assert_false (rounds_store_get_glass (f.store, NULL, NULL));
      /* Its end is on record, once. */
      g_assert_cmpuint (n_audited (&f, "break-glass-end", "time"), ==, i + 1);
      g_assert_false (rounds_store_get_glass (f.store, NULL, NULL));
      g_assert_cmpuint (n_audited (&f, "break-glass-end", "time"), ==, i + 1);
    }
  fixture_clear (&f);
}

static gboolean
break_as (RoundsRole role)
{
  Fixture f;
  g_autoptr (GError) error = NULL;
  gboolean ok;

  fixture_new_role (&f, role);
  ok = rounds_store_break_glass (f.store, NULL, REASON, &error);
  if (!ok)
    {
      g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DENIED);
      g_assert_cmpuint (n_audited (&f, "denied", "break the glass"), ==, 1);
    }
  fixture_clear (&f);
  return ok;
}

static void
test_roles (void)
{
  g_assert_true (break_as (ROUNDS_ROLE_PHYSICIAN));
  g_assert_true (break_as (ROUNDS_ROLE_RADIOLOGIST));
  g_assert_true (break_as (ROUNDS_ROLE_NURSE));
  g_assert_false (break_as (ROUNDS_ROLE_READ_ONLY));
  g_assert_false (break_as (ROUNDS_ROLE_ADMINISTRATOR));
}

/* A label that is taken away, one that comes by a download, and one in a cache from before. */
static void
test_labels (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;

  fill (&f);
  g_assert_true (rounds_store_break_glass (f.store, NULL, REASON, NULL));
  put_labelled (f.store, "r1", "open", "N");
  g_assert_true (rounds_store_end_glass (f.store, NULL));
  g_assert_true (sees (&f, "Condition", "r1"));
  g_assert_false (sees (&f, "Condition", "v1"));
  {
    RoundsImportItem item = { .type = "Condition", .id = "n1",
                              .json = "{\"resourceType\":\"Condition\",\"id\":\"n1\",\"meta\":{\"versionId\":\"2\",\"security\":["
                                      "{\"system\":\"http://terminology.hl7.org/CodeSystem/v3-Confidentiality\",\"code\":\"R\"}]},"
                                      "\"subject\":{\"reference\":\"Patient/open\"}}" };

    g_assert_true (rounds_store_import (f.store, &item, 1, FALSE, "test", NULL, &error));
    g_assert_no_error (error);
  }
  g_assert_false (sees (&f, "Condition", "n1"));
  /* Broken JSON elsewhere in meta does no harm, another system's R is no label. */
  must_put (f.store, "Condition", "x1", "{\"resourceType\":\"Condition\",\"id\":\"x1\",\"meta\":{\"security\":[{\"system\":"
                                        "\"http://example.org\",\"code\":\"R\"}]},\"subject\":{\"reference\":\"Patient/open\"}}");
  g_assert_true (sees (&f, "Condition", "x1"));

  /* As an older program left it. */
  fixture_close (&f);
  change_glass (&f, "DROP TRIGGER restricted_new; DROP TRIGGER restricted_changed; DROP TRIGGER restricted_gone; "
                    "DROP TABLE restricted; DROP TABLE glass; PRAGMA user_version = 3");
  fixture_open (&f);
  g_assert_false (sees (&f, "Condition", "n1"));
  g_assert_false (sees (&f, "Observation", "o1"));
  g_assert_true (sees (&f, "Condition", "r1"));
  fixture_clear (&f);
}

/* --- every way to read ---------------------------------------------------------------------------------- */

typedef gboolean (*Look) (RoundsStore *store);

static gboolean
some (GPtrArray *list)
{
  g_assert_nonnull (list);
  return list_length (list) > 0;
}

static gboolean
look_get (RoundsStore *store)
{
  g_autoptr (RoundsRecord) record = rounds_store_get (store, "Observation", "o1", NULL);

  return record != NULL;
}

static gboolean
look_list (RoundsStore *store)
{
  return some (rounds_store_list (store, "Observation", "shut", 0, NULL));
}

static gboolean
look_list_all (RoundsStore *store)
{
  return some (rounds_store_list (store, "Observation", NULL, 0, NULL));
}

static gboolean
look_code (RoundsStore *store)
{
  return some (rounds_store_list_code (store, "Observation", "shut", NULL, "8867-4", 0, NULL));
}

static gboolean
look_history (RoundsStore *store)
{
  g_autoptr (GPtrArray) list = rounds_store_history (store, "Observation", "o1", NULL);

  return list != NULL;
}

static gboolean
look_count (RoundsStore *store)
{
  g_autoptr (GPtrArray) list = rounds_store_count (store, "shut", NULL);

  for (guint i = 0; i < list->len; i++)
    if (g_str_equal (((RoundsCount *) list->pdata[i])->type, "Observation"))
      return TRUE;
  return FALSE;
}

static gboolean
look_search (RoundsStore *store)
{
  g_autoptr (RoundsQuery) query = rounds_query_parse ("Observation?code=8867-4", NULL);

  return some (rounds_store_search (store, query, NULL, NULL, NULL, NULL));
}

static gboolean
look_search_count (RoundsStore *store)
{
  g_autoptr (RoundsQuery) query = rounds_query_parse ("Observation?status=final", NULL);
  guint64 n = 0;

  g_assert_true (rounds_store_search_count (store, query, NULL, NULL, NULL, &n, NULL));
  return n > 0;
}

static gboolean
look_search_has (RoundsStore *store)
{
  g_autoptr (RoundsQuery) query = rounds_query_parse ("Patient?_has:Observation:subject:code=8867-4", NULL);

  return some (rounds_store_list_patients (store, NULL, query, 0, NULL, NULL));
}

static gboolean
look_outbox (RoundsStore *store)
{
  g_autoptr (GPtrArray) list = rounds_store_outbox_list (store, NULL, 0, NULL);

  for (guint i = 0; i < list->len; i++)
    if (g_str_equal (((RoundsOutboxItem *) list->pdata[i])->id, "o1"))
      return TRUE;
  return FALSE;
}

static gboolean
look_conflicts (RoundsStore *store)
{
  return some (rounds_store_conflict_list (store, NULL));
}

static gboolean
look_conflict (RoundsStore *store)
{
  RoundsConflict *conflict = rounds_store_conflict_get (store, "Observation", "k1", NULL);
  gboolean there = conflict != NULL;

  g_clear_pointer (&conflict, rounds_conflict_free);
  return there;
}

static gboolean
look_scan (RoundsStore *store)
{
  g_autoptr (GBytes) bytes = rounds_store_scan_get (store, "1.2.3.4.7", NULL);

  return bytes != NULL;
}

static gboolean
look_scan_info (RoundsStore *store)
{
  g_autoptr (RoundsScanInstance) info = rounds_store_scan_info (store, "1.2.3.4.7", NULL);

  return info != NULL;
}

static gboolean
look_scans (RoundsStore *store)
{
  return some (rounds_store_scan_list (store, "shut", NULL, NULL, NULL));
}

static gboolean
look_study (RoundsStore *store)
{
  return some (rounds_store_scan_list (store, NULL, "1.2.3.4", NULL, NULL));
}

static gboolean
look_scan_series (RoundsStore *store)
{
  return some (rounds_store_scan_list (store, NULL, NULL, "1.2.3.4.6", NULL));
}

static gboolean
look_thumbnail (RoundsStore *store)
{
  g_autoptr (GBytes) png = rounds_store_scan_get_thumbnail (store, "1.2.3.4.6", NULL);

  return png != NULL;
}

static gboolean
look_measurements (RoundsStore *store)
{
  return some (rounds_store_scan_list_measurements (store, "1.2.3.4.6", NULL));
}

static gboolean
look_series (RoundsStore *store)
{
  return some (rounds_store_series_list (store, "shut", NULL));
}

/* The first series of the cache. */
static gboolean
look_samples (RoundsStore *store)
{
  g_autoptr (GArray) samples = rounds_store_series_read (store, 1, G_MININT64, G_MAXINT64, NULL);

  return samples != NULL && samples->len > 0;
}

static gboolean
look_buckets (RoundsStore *store)
{
  g_autoptr (GArray) buckets = rounds_store_series_buckets (store, 1, G_MININT64, G_MAXINT64, 10, NULL);

  return buckets != NULL && buckets->len > 0;
}

static const struct {
  const char *name;
  Look look;
} looks[] = {
  { "get", look_get }, { "list", look_list }, { "list of all", look_list_all }, { "list by code", look_code },
  { "history", look_history }, { "count", look_count }, { "search", look_search },
  { "search count", look_search_count }, { "reverse chain", look_search_has }, { "outbox", look_outbox },
  { "conflicts", look_conflicts }, { "one conflict", look_conflict }, { "scan", look_scan },
  { "scan info", look_scan_info }, { "scans of a patient", look_scans }, { "scans of a study", look_study },
  { "scans of a series", look_scan_series }, { "thumbnail", look_thumbnail }, { "measurements", look_measurements },
  { "vitals list", look_series }, { "vitals samples", look_samples }, { "vitals plot", look_buckets },
};

/* Everything of a patient who is restricted as a whole. */
static void
fill_looks (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) pixels = g_bytes_new_static ("pixels", 6);
  g_autofree char *observation = observation_json ("o1", "shut", "8867-4", "60", "2026-01-01T00:00:00Z");
  g_autofree char *mine = observation_json ("k1", "shut", "1-8", "61", "2026-01-01T00:00:00Z");
  g_autofree char *theirs = observation_json ("k1", "shut", "1-8", "62", "2026-01-01T00:00:00Z");
  RoundsConflict conflict = { .type = (char *) "Observation", .id = (char *) "k1", .mine = mine, .theirs = theirs,
                              .theirs_version = (char *) "2", .status = (char *) "open" };
  RoundsScanInstance instance = { .sop_uid = (char *) "1.2.3.4.7", .series_uid = (char *) "1.2.3.4.6",
                                  .study_uid = (char *) "1.2.3.4", .patient_id = (char *) "shut",
                                  .sop_class_uid = (char *) "1.2.840.10008.5.1.4.1.1.2",
                                  .transfer_syntax = (char *) "1.2.840.10008.1.2.1", .modality = (char *) "CT" };
  RoundsSample sample = { 1, 60 };
  gsize n_new;

  fixture_new (f);
  put_patient (f->store, "open", FALSE);
  put_patient (f->store, "shut", FALSE);
  must_put (f->store, "Observation", "o1", observation);
  must_put (f->store, "Observation", "k1", mine);
  rounds_store_conflict_record (f->store, &conflict, &error);
  g_assert_no_error (error);
  rounds_store_scan_put (f->store, &instance, pixels, FALSE, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (rounds_store_scan_set_thumbnail (f->store, "1.2.3.4.6", pixels, NULL));
  g_assert_true (rounds_store_scan_set_measurement (f->store, "1.2.3.4.6", "u", "{}", NULL));
  rounds_store_series_append (f->store, "shut", "HR", "/min", NULL, "test", &sample, 1, &n_new, &error);
  g_assert_no_error (error);
}

static void
test_readers (void)
{
  static const gboolean expected[] = { TRUE, FALSE, TRUE, FALSE };
  Fixture f;

  fill_looks (&f);
  for (guint round = 0; round < G_N_ELEMENTS (expected); round++)
    {
      if (round == 1)
        put_patient (f.store, "shut", TRUE);
      if (round == 2)
        g_assert_true (rounds_store_break_glass (f.store, "shut", REASON, NULL));
      if (round == 3)
        g_assert_true (rounds_store_end_glass (f.store, NULL));
      for (guint i = 0; i < G_N_ELEMENTS (looks); i++)
        {
          g_test_message ("%s, %s", looks[i].name, expected[round] ? "seen" : "hidden");
          g_assert_cmpint (looks[i].look (f.store), ==, expected[round]);
        }
    }
  fixture_clear (&f);
}

/* Nothing is written that its writer would not see again; and what waits unseen is counted. */
static void
test_writer (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;
  g_autofree char *json = observation_json ("o2", "shut", "8867-4", "70", "2026-01-02T00:00:00Z");
  g_autofree char *moved = observation_json ("o3", "shut", "8867-4", "70", "2026-01-02T00:00:00Z");
  g_autofree char *fine = observation_json ("o3", "open", "8867-4", "70", "2026-01-02T00:00:00Z");
  RoundsSample sample = { 1, 60 };
  gsize n_new = 0;
  guint n = 0;

  fill (&f);
  g_assert_true (rounds_store_is_shut (f.store, "shut"));
  g_assert_false (rounds_store_is_shut (f.store, "open"));
  g_assert_false (put (f.store, "Observation", "o2", json, 0, &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DENIED);
  g_clear_error (&error);
  g_assert_cmpuint (n_audited (&f, "denied", "write"), ==, 1);
  g_assert_false (rounds_store_series_append (f.store, "shut", "HR", "/min", NULL, "test", &sample, 1, &n_new, &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DENIED);
  g_clear_error (&error);
  must_put (f.store, "Observation", "o3", fine);
  g_assert_false (put (f.store, "Observation", "o3", moved, -1, &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DENIED);
  g_clear_error (&error);
  must_put (f.store, "AllergyIntolerance", "a2", "{\"resourceType\":\"AllergyIntolerance\",\"id\":\"a2\",\"patient\":"
                                                 "{\"reference\":\"Patient/shut\"}}");
  /* r1, v1 and o1 of eight. */
  g_assert_cmpuint (rounds_store_outbox_count (f.store, NULL), ==, 8);
  g_assert_true (rounds_store_count_hidden_waiting (f.store, &n, NULL));
  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpuint (list_length (rounds_store_outbox_list (f.store, NULL, 0, NULL)), ==, 5);

  g_assert_true (rounds_store_break_glass (f.store, "shut", REASON, NULL));
  g_assert_false (rounds_store_is_shut (f.store, "shut"));
  must_put (f.store, "Observation", "o2", json);
  g_assert_true (sees (&f, "Observation", "o2"));
  g_assert_true (rounds_store_count_hidden_waiting (f.store, &n, NULL));
  g_assert_cmpuint (n, ==, 2);
  fixture_clear (&f);
}

/* However a sender writes the label, it is one. */
static void
test_spellings (void)
{
  static const char *const labels[] = {
    "\"meta\":{\"secur\\u0069ty\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/v3-Confidentiality\",\"code\":\"R\"}]}",
    "\"m\\u0065ta\":{\"\\u0073ecurity\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/v3-Confidentiality\","
    "\"code\":\"\\u0052\"}]}",
    "\"meta\" : { \"security\" :\n[ { \"c\\u006fde\" : \"V\", \"syst\\u0065m\":\"http:\\/\\/terminology.hl7.org\\/CodeSystem\\/"
    "v3-Confidentiality\" } ] }",
    "\"meta\":{\"security\":[{\"system\":\"http://example.org\",\"code\":\"x\"},{\"system\":"
    "\"urn:oid:2.16.840.1.113883.5.25\",\"code\":\"R\"}]}",
  };
  Fixture f;

  fill (&f);
  for (guint way = 0; way < 2; way++)
    for (guint i = 0; i < G_N_ELEMENTS (labels); i++)
      {
        g_autoptr (GError) error = NULL;
        g_autofree char *id = g_strdup_printf ("s%u-%u", way, i);
        g_autofree char *json = g_strdup_printf ("{\"resourceType\":\"Condition\",\"id\":\"%s\",%s,\"subject\":"
                                                 "{\"reference\":\"Patient/open\"}}", id, labels[i]);
        RoundsImportItem item = { .type = "Condition", .id = id, .json = json };

        if (way == 0)
          must_put (f.store, "Condition", id, json);
        else
          g_assert_true (rounds_store_import (f.store, &item, 1, TRUE, "test", NULL, &error));
        g_assert_no_error (error);
        g_test_message ("%s", id);
        g_assert_false (sees (&f, "Condition", id));
        g_free (item.stored_id);
      }
  /* The word alone hides nothing. */
  must_put (f.store, "Condition", "w1", "{\"resourceType\":\"Condition\",\"id\":\"w1\",\"code\":{\"text\":\"\\u0052 "
                                        "security\"},\"subject\":{\"reference\":\"Patient/open\"}}");
  g_assert_true (sees (&f, "Condition", "w1"));
  fixture_clear (&f);
}

/* Images of a restricted study, and of a restricted patient. */
static void
test_scans (void)
{
  static const char *const patients[] = { "open", "shut", "open" };
  static const char *const studies[] = { STUDY, "1.2.3.4", "1.2.3.5" };
  Fixture f;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) pixels = g_bytes_new_static ("pixels", 6);
  g_autofree char *study = g_strdup_printf (
    "{\"resourceType\":\"ImagingStudy\",\"id\":\"s1\"," LABEL "\"identifier\":[{\"system\":\"urn:example\",\"value\":\"urn:oid:1.2.3\"},"
    "{\"system\":\"urn:dicom:uid\",\"value\":\"urn:oid:" STUDY "\"}],\"status\":\"available\",\"subject\":{\"reference\":\"Patient/open\"}}", "R");

  fill (&f);
  must_put (f.store, "ImagingStudy", "s1", study);
  for (guint i = 0; i < G_N_ELEMENTS (studies); i++)
    {
      g_autofree char *sop = g_strdup_printf ("%s.7", studies[i]), *series = g_strdup_printf ("%s.6", studies[i]);
      RoundsScanInstance instance = { .sop_uid = sop, .series_uid = series, .study_uid = (char *) studies[i],
                                      .patient_id = (char *) patients[i], .sop_class_uid = (char *) "1.2.840.10008.5.1.4.1.1.2",
                                      .transfer_syntax = (char *) "1.2.840.10008.1.2.1", .modality = (char *) "CT" };
      g_autoptr (GBytes) seen = NULL;

      g_assert_true (rounds_store_scan_put (f.store, &instance, pixels, FALSE, NULL, &error));
      g_assert_no_error (error);
      seen = rounds_store_scan_get (f.store, sop, &error);
      if (i == 2)
        g_assert_nonnull (seen);
      else
        g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DENIED);
      g_clear_error (&error);
    }
  g_assert_true (rounds_store_break_glass (f.store, "open", REASON, NULL));
  {
    g_autoptr (GBytes) seen = rounds_store_scan_get (f.store, STUDY ".7", &error);

    g_assert_no_error (error);
    g_assert_nonnull (seen);
  }
  fixture_clear (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/glass/hidden", test_hidden);
  g_test_add_func ("/store/glass/break", test_break);
  g_test_add_func ("/store/glass/time", test_time);
  g_test_add_func ("/store/glass/roles", test_roles);
  g_test_add_func ("/store/glass/labels", test_labels);
  g_test_add_func ("/store/glass/readers", test_readers);
  g_test_add_func ("/store/glass/writer", test_writer);
  g_test_add_func ("/store/glass/spellings", test_spellings);
  g_test_add_func ("/store/glass/scans", test_scans);
  return g_test_run ();
}
