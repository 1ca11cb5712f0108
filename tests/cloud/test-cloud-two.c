/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two at the same time: programs of one profile, and profiles of one server. Everything arrives, once. */

#include "test-cloud.h"

#define N_RECORDS 24

/* A patient and measurements. Returns the prefix of their ids. Caller frees. */
static char *
put_some (RoundsStore *store)
{
  char *prefix = new_id ("two");
  guint i;

  put_patient (store, prefix, "Nu", "1", "Aachen");
  for (i = 0; i < N_RECORDS; i++)
    {
      g_autofree char *id = g_strdup_printf ("%s-%u", prefix, i);
      g_autofree char *json = observation_json (id, prefix, "8867-4", "70", "2026-03-01T08:00:00Z");

      must_put (store, "Observation", id, json);
    }
  return prefix;
}

static void
assert_written_once (const char *prefix)
{
  guint i;

  g_assert_cmpuint (cloud_versions (the_cloud (), "Patient", prefix), ==, 1);
  for (i = 0; i < N_RECORDS; i++)
    {
      g_autofree char *id = g_strdup_printf ("%s-%u", prefix, i);

      g_assert_cmpuint (cloud_versions (the_cloud (), "Observation", id), ==, 1);
    }
}

static GSubprocess *
start_child (const char *folder)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autoptr (GError) error = NULL;
  GSubprocess *child = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, &error, self, "--sync-child", folder, NULL);

  g_assert_no_error (error);
  return child;
}

static void
must_end_well (GSubprocess *child)
{
  g_autoptr (GError) error = NULL;

  g_subprocess_wait_check (child, NULL, &error);
  g_assert_no_error (error);
}

/* Programs that start at once on one profile take turns. */
static void
test_programs_of_one_profile (void)
{
  Fixture a;
  g_autofree char *prefix = NULL;
  GSubprocess *children[3];
  guint i;

  cloud_fixture_new (&a, the_cloud ());
  prefix = put_some (a.store);
  for (i = 0; i < G_N_ELEMENTS (children); i++)
    children[i] = start_child (a.folder);
  for (i = 0; i < G_N_ELEMENTS (children); i++)
    {
      must_end_well (children[i]);
      g_object_unref (children[i]);
    }
  sync_once (a.store);
  assert_outbox_empty (a.store);
  assert_written_once (prefix);
  assert_counts_equal (the_cloud (), a.store);
  assert_audit_ok (a.store);
  fixture_clear (&a);
}

static gpointer
sync_thread (gpointer data)
{
  sync_once (data);
  return NULL;
}

static void
sync_both (Fixture *a, Fixture *b)
{
  GThread *thread = g_thread_new ("other", sync_thread, b->store);

  sync_once (a->store);
  g_thread_join (thread);
}

/* Two workstations send at once, and both change one record, each another element of it. */
static void
test_profiles_at_once (void)
{
  Fixture a, b;
  g_autofree char *shared = new_id ("both");
  g_autofree char *mine = NULL, *theirs = NULL, *text = NULL;

  cloud_fixture_new (&a, the_cloud ());
  cloud_fixture_new (&b, the_cloud ());
  put_patient (a.store, shared, "Xi", "1", "Aachen");
  sync_once (a.store);
  sync_once (b.store);
  mine = put_some (a.store);
  theirs = put_some (b.store);
  put_patient (a.store, shared, "Xi", "2", "Aachen");
  put_patient (b.store, shared, "Xi", "1", "Bonn");
  sync_both (&a, &b);
  sync_both (&a, &b);   /* what the other sent */
  assert_outbox_empty (a.store);
  assert_outbox_empty (b.store);
  assert_written_once (mine);
  assert_written_once (theirs);
  text = record_text (a.store, "Patient", shared);
  g_assert_nonnull (strstr (text, "\"2\""));
  g_assert_nonnull (strstr (text, "Bonn"));
  g_assert_cmpuint (cloud_versions (the_cloud (), "Patient", shared), ==, 3);
  assert_same_content (a.store, b.store);
  assert_counts_equal (the_cloud (), a.store);
  assert_audit_ok (a.store);
  assert_audit_ok (b.store);
  fixture_clear (&a);
  fixture_clear (&b);
}

void
add_two_tests (void)
{
  add_case ("/two/programs-of-one-profile", test_programs_of_one_profile);
  add_case ("/two/profiles-at-once", test_profiles_at_once);
}
