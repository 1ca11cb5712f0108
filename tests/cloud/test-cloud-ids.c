/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A server that gives all ids itself: what was made offline gets them, and everything that refers to it follows. */

#include "cloud-proxy.h"
#include "test-cloud.h"

static RoundsRecord *
only_record (RoundsStore *store, const char *type)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) list = rounds_store_list (store, type, NULL, 0, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (list->len, ==, 1);
  return g_ptr_array_steal_index (list, 0);
}

static void
test_given_by_the_server (void)
{
  Cloud own;
  CloudProxy proxy;
  Fixture a, b;
  RoundsSyncReport report;
  g_autofree char *patient = new_id ("mine");
  g_autofree char *pulse = new_id ("mine");
  g_autofree char *json = NULL, *subject = NULL, *changed = NULL;
  g_autoptr (RoundsRecord) theirs = NULL;
  g_autoptr (RoundsRecord) observation = NULL;
  g_autoptr (GError) error = NULL;

  if (!cloud_start_own_ids (&own, the_cloud ()->kind))
    {
      g_test_skip ("no such server runs");
      return;
    }
  cloud_proxy_init (&proxy, &own);
  cloud_fixture_new_at (&a, &own, proxy.url);
  cloud_fixture_new (&b, &own);
  put_patient (a.store, patient, "Lambda", "1", "Aachen");
  json = observation_json (pulse, patient, "8867-4", "70", "2026-03-01T08:00:00Z");
  must_put (a.store, "Observation", pulse, json);

  /* The answer to the first create is lost: it is found by its mark, and not made twice. */
  proxy.drop_method = "POST";
  proxy.n_drop = 1;
  must_sync (a.store, &report);
  g_assert_cmpuint (proxy.n_dropped, ==, 1);
  g_assert_cmpuint (report.pushed, ==, 2);
  g_assert_cmpuint (report.pending + report.conflicts + report.quarantined, ==, 0);
  rounds_sync_report_clear (&report);
  assert_outbox_empty (a.store);
  g_assert_cmpint (cloud_count (&own, "Patient"), ==, 1);
  g_assert_cmpint (cloud_count (&own, "Observation"), ==, 1);

  must_sync (b.store, &report);
  rounds_sync_report_clear (&report);
  theirs = only_record (b.store, "Patient");
  g_assert_cmpstr (theirs->id, !=, patient);
  observation = only_record (b.store, "Observation");
  subject = g_strdup_printf ("\"Patient/%s\"", theirs->id);
  g_assert_nonnull (strstr (observation->json, subject));
  assert_same_content (a.store, b.store);

  /* Under its new id it goes both ways. */
  changed = patient_with (theirs->id, "Lambda", "2", "Aachen");
  must_put (b.store, "Patient", theirs->id, changed);
  sync_once (b.store);
  sync_once (a.store);
  assert_same_content (a.store, b.store);
  delete_one (a.store, "Observation", observation->id, -1, &error);
  g_assert_no_error (error);
  sync_once (a.store);
  sync_once (b.store);
  assert_absent (b.store, "Observation", observation->id);
  g_assert_cmpint (cloud_count (&own, "Observation"), ==, 0);
  assert_audit_ok (a.store);
  fixture_clear (&a);
  fixture_clear (&b);
  cloud_proxy_clear (&proxy);
  cloud_clear (&own);
}

void
add_id_tests (void)
{
  if (the_cloud ()->kind != CLOUD_HAPI || g_getenv ("ROUNDS_TEST_OWN_IDS") != NULL)
    add_case ("/ids/given-by-the-server", test_given_by_the_server);
}
