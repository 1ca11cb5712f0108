/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the server did and Rounds was not told of, and what the server refuses. */

#include "cloud-proxy.h"
#include "test-cloud.h"

typedef struct {
  Fixture fixture;
  RoundsStore *store;
  CloudProxy proxy;
  RoundsSyncReport report;
} Lost;

static void
lost_new (Lost *self)
{
  memset (self, 0, sizeof *self);
  cloud_proxy_init (&self->proxy, the_cloud ());
  cloud_fixture_new_at (&self->fixture, the_cloud (), self->proxy.url);
  self->store = self->fixture.store;
  sync_once (self->store);   /* the trial of a new server is over */
  self->proxy.n_writes = 0;
}

static void
lost_clear (Lost *self)
{
  assert_audit_ok (self->store);
  fixture_clear (&self->fixture);
  cloud_proxy_clear (&self->proxy);
}

/* Syncs while one answer to method is lost: everything is there, written once, and known to be. */
static void
sync_and_lose (Lost *self, const char *method, guint pushed)
{
  self->proxy.drop_method = method;
  self->proxy.n_drop = 1;
  self->proxy.n_dropped = 0;
  must_sync (self->store, &self->report);
  g_assert_cmpuint (self->proxy.n_dropped, ==, 1);
  g_assert_cmpuint (self->report.pushed, ==, pushed);
  g_assert_cmpuint (self->report.conflicts, ==, 0);
  g_assert_cmpuint (self->report.pending, ==, 0);
  rounds_sync_report_clear (&self->report);
  assert_outbox_empty (self->store);
}

/* One record alone: PUT, PUT, DELETE. */
static void
test_one_by_one (void)
{
  Lost self;
  g_autofree char *id = new_id ("lost");
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  lost_new (&self);
  put_patient (self.store, id, "Eta", "1", "Aachen");
  sync_and_lose (&self, "PUT", 1);
  g_assert_cmpuint (cloud_versions (the_cloud (), "Patient", id), ==, 1);

  put_patient (self.store, id, "Eta", "2", "Aachen");
  sync_and_lose (&self, "PUT", 1);
  g_assert_cmpuint (cloud_versions (the_cloud (), "Patient", id), ==, 2);
  text = record_text (self.store, "Patient", id);
  g_assert_nonnull (strstr (text, "\"2\""));

  g_assert_cmpuint (self.proxy.n_writes, ==, 2);

  /* Sent twice it does no harm. */
  delete_one (self.store, "Patient", id, -1, &error);
  g_assert_no_error (error);
  sync_and_lose (&self, "DELETE", 1);
  g_assert_cmpint (cloud_status (the_cloud (), "Patient", id), ==, the_cloud ()->gone_status);
  assert_absent (self.store, "Patient", id);
  lost_clear (&self);
}

/* Many at once: a transaction of creates, then one of updates. */
static void
test_transaction (void)
{
  Lost self;
  g_autofree char *first = new_id ("lost");
  g_autofree char *second = new_id ("lost");
  g_autofree char *pulse = new_id ("lost");
  g_autofree char *json = NULL;

  lost_new (&self);
  put_patient (self.store, first, "Theta", "1", "Aachen");
  put_patient (self.store, second, "Iota", "1", "Aachen");
  json = observation_json (pulse, first, "8867-4", "70", "2026-03-01T08:00:00Z");
  must_put (self.store, "Observation", pulse, json);
  sync_and_lose (&self, "POST", 3);
  g_assert_cmpuint (cloud_versions (the_cloud (), "Patient", first), ==, 1);
  g_assert_cmpuint (cloud_versions (the_cloud (), "Patient", second), ==, 1);
  g_assert_cmpuint (cloud_versions (the_cloud (), "Observation", pulse), ==, 1);

  put_patient (self.store, first, "Theta", "2", "Aachen");
  put_patient (self.store, second, "Iota", "2", "Aachen");
  sync_and_lose (&self, "POST", 2);
  g_assert_cmpuint (cloud_versions (the_cloud (), "Patient", first), ==, 2);
  g_assert_cmpuint (cloud_versions (the_cloud (), "Patient", second), ==, 2);
  g_assert_cmpuint (self.proxy.n_writes, ==, 2);
  lost_clear (&self);
}

/* Somebody else is a moment faster: the server refuses what is stale, and nothing is overwritten. */
static void
test_overtaken (void)
{
  Lost self;
  RoundsConflict *conflict;
  g_autofree char *id = new_id ("fast");
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  lost_new (&self);
  put_patient (self.store, id, "Mu", "1", "Aachen");
  sync_once (self.store);

  /* Another element: both stand. */
  put_patient (self.store, id, "Mu", "2", "Aachen");
  self.proxy.other_id = id;
  self.proxy.other_json = patient_with (id, "Mu", "1", "Bonn");
  must_sync (self.store, &self.report);
  g_assert_null (self.proxy.other_json);
  g_assert_cmpuint (self.report.conflicts + self.report.quarantined + self.report.pending, ==, 0);
  g_assert_cmpuint (self.report.pushed, ==, 1);
  rounds_sync_report_clear (&self.report);
  text = record_text (self.store, "Patient", id);
  g_assert_nonnull (strstr (text, "\"2\""));
  g_assert_nonnull (strstr (text, "Bonn"));
  g_assert_cmpuint (cloud_versions (the_cloud (), "Patient", id), ==, 3);

  /* The same element: base, mine and theirs are kept for a person. */
  put_patient (self.store, id, "Mu", "3", "Bonn");
  self.proxy.other_json = patient_with (id, "Mu", "4", "Bonn");
  must_sync (self.store, &self.report);
  g_assert_null (self.proxy.other_json);
  g_assert_cmpuint (self.report.conflicts, ==, 1);
  g_assert_cmpuint (self.report.pushed, ==, 0);
  rounds_sync_report_clear (&self.report);
  g_assert_cmpuint (cloud_versions (the_cloud (), "Patient", id), ==, 4);
  conflict = rounds_store_conflict_get (self.store, "Patient", id, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (conflict->base, "\"2\""));
  g_assert_nonnull (strstr (conflict->mine, "\"3\""));
  g_assert_nonnull (strstr (conflict->theirs, "\"4\""));
  rounds_conflict_free (conflict);
  lost_clear (&self);
}

/* Nobody answers: everything waits, nothing is lost. */
static void
test_offline_and_back (void)
{
  Lost self;
  g_autoptr (RoundsSync) sync = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *patient = new_id ("offline");

  lost_new (&self);
  sync = rounds_sync_new (self.store, "ward");
  cloud_proxy_stop (&self.proxy);
  put_patient (self.store, patient, "Omega", "1", "Aachen");
  g_assert_false (rounds_sync_run (sync, TRUE, NULL, &self.report, &error));
  g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_UNREACHABLE);
  g_assert_cmpuint (self.report.pending, ==, 1);
  g_assert_false (self.report.complete);
  rounds_sync_report_clear (&self.report);
  cloud_proxy_start (&self.proxy);
  must_sync (self.store, &self.report);
  g_assert_cmpuint (self.report.pushed, ==, 1);
  g_assert_cmpuint (self.report.pending, ==, 0);
  rounds_sync_report_clear (&self.report);
  g_assert_cmpuint (cloud_versions (the_cloud (), "Patient", patient), ==, 1);
  lost_clear (&self);
}

#define N_RECORDS 300

/* One of 300 is refused, in the server's own words, and the others land. */
static void
test_one_invalid (void)
{
  Fixture a;
  RoundsSyncReport report;
  g_autofree char *patient = new_id ("many");
  g_autofree char *prefix = new_id ("n");
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autofree RoundsImportItem *items = g_new0 (RoundsImportItem, N_RECORDS);
  g_autoptr (GPtrArray) refused = NULL;
  g_autoptr (GError) error = NULL;
  const char *const states[] = { "quarantined", NULL };
  const char *word = NULL;
  gint64 before = cloud_count (the_cloud (), "Observation");
  guint i;

  cloud_fixture_new (&a, the_cloud ());
  put_patient (a.store, patient, "Kappa", "1", "Aachen");
  for (i = 0; i < N_RECORDS; i++)
    {
      char *id = g_strdup_printf ("%.20s-%u", prefix, i);

      g_ptr_array_add (texts, id);
      g_ptr_array_add (texts, i == 137 ? cloud_bad_record (the_cloud (), id, patient, &word)
                                       : observation_json (id, patient, "8867-4", "70", "2026-03-01T08:00:00Z"));
      items[i].type = "Observation";
      items[i].id = id;
      items[i].json = texts->pdata[texts->len - 1];
    }
  rounds_store_import (a.store, items, N_RECORDS, FALSE, "test", NULL, &error);
  g_assert_no_error (error);
  must_sync (a.store, &report);
  g_test_message ("%u of %u in %.1f s", report.pushed, N_RECORDS + 1, report.seconds);
  g_assert_cmpuint (report.pushed, ==, N_RECORDS);   /* 299 and the patient */
  g_assert_cmpuint (report.quarantined, ==, 1);
  g_assert_cmpuint (report.pending, ==, 0);
  rounds_sync_report_clear (&report);
  g_assert_cmpint (cloud_count (the_cloud (), "Observation"), ==, before + N_RECORDS - 1);
  refused = rounds_store_outbox_list (a.store, states, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (refused->len, ==, 1);
  g_assert_cmpstr (((RoundsOutboxItem *) refused->pdata[0])->id, ==, items[137].id);
  g_assert_nonnull (strstr (((RoundsOutboxItem *) refused->pdata[0])->reason, word));
  g_assert_cmpint (((RoundsOutboxItem *) refused->pdata[0])->last_status / 100, ==, 4);
  /* Those on both sides of it were written once: a transaction that fails half-way is not sent again blindly. */
  g_assert_cmpuint (cloud_versions (the_cloud (), "Observation", items[0].id), ==, 1);
  g_assert_cmpuint (cloud_versions (the_cloud (), "Observation", items[136].id), ==, 1);
  g_assert_cmpuint (cloud_versions (the_cloud (), "Observation", items[138].id), ==, 1);
  fixture_clear (&a);
}

void
add_lost_tests (void)
{
  add_case ("/lost/one-by-one", test_one_by_one);
  add_case ("/lost/transaction", test_transaction);
  add_case ("/lost/overtaken", test_overtaken);
  add_case ("/lost/offline-and-back", test_offline_and_back);
  add_case ("/lost/one-invalid", test_one_invalid);
}
