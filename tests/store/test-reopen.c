/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A decision about a conflict taken back: the question returns as it was, and nothing of it is sent meanwhile. */
#include "store-fixture.h"

static char *
person (const char *family, int version)
{
  return g_strdup_printf ("{\"resourceType\":\"Patient\",\"id\":\"p1\",\"meta\":{\"versionId\":\"%d\",\"lastUpdated\":"
                          "\"2026-01-0%dT00:00:00Z\"},\"name\":[{\"family\":\"%s\"}]}", version, version, family);
}

static void
download (Fixture *f, const char *json, const char *version)
{
  RoundsDownload item = { "Patient", "p1", version, json, 0 };
  g_autoptr (GError) error = NULL;

  rounds_store_download_page (f->store, &item, 1, "scope", "{}", NULL, NULL, &error);
  g_assert_no_error (error);
}

/* Adams there, Brown here, Clark there since. theirs NULL: deleted there. */
static void
in_conflict (Fixture *f, const char *theirs)
{
  g_autofree char *base = person ("Adams", 1), *mine = person ("Brown", 1);

  fixture_new (f);
  download (f, base, "1");
  must_put (f->store, "Patient", "p1", mine);
  download (f, theirs, "2");
}

static gint64
decide (Fixture *f, const char *json)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) history = NULL;

  g_assert_true (rounds_store_conflict_resolve (f->store, "Patient", "p1", json, &error));
  history = rounds_store_history (f->store, "Patient", "p1", &error);
  g_assert_no_error (error);
  return ((RoundsRecord *) history->pdata[0])->revision;
}

static void
assert_waiting (Fixture *f, const char *state, guint n)
{
  const char *const states[] = { state, NULL };
  g_autoptr (GPtrArray) list = rounds_store_outbox_list (f->store, states, 0, NULL);

  g_assert_cmpuint (list->len, ==, n);
}

static void
test_question_returns (void)
{
  Fixture f;
  g_autofree char *theirs = person ("Clark", 2), *decided = person ("Davis", 2), *later = person ("Evans", 3);
  g_autoptr (RoundsRecord) record = NULL;
  g_autoptr (GError) error = NULL;
  RoundsConflict *conflict;
  gint64 revision;

  in_conflict (&f, theirs);
  revision = decide (&f, decided);
  assert_waiting (&f, "pending", 1);
  g_assert_true (rounds_store_conflict_reopen (f.store, "Patient", "p1", revision, "open", &error));
  conflict = rounds_store_conflict_get (f.store, "Patient", "p1", &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (conflict->base, "Adams"));
  g_assert_nonnull (strstr (conflict->mine, "Brown"));
  g_assert_nonnull (strstr (conflict->theirs, "Clark"));
  g_assert_cmpstr (conflict->status, ==, "open");
  rounds_conflict_free (conflict);
  record = rounds_store_get (f.store, "Patient", "p1", NULL);
  g_assert_nonnull (strstr (record->json, "Brown"));
  /* Mine is not on its way over theirs. */
  assert_waiting (&f, "pending", 0);
  assert_waiting (&f, "conflict", 1);
  /* A further version is compared with what was there before both, not taken for agreed. */
  download (&f, later, "3");
  conflict = rounds_store_conflict_get (f.store, "Patient", "p1", &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (conflict->base, "Adams"));
  g_assert_nonnull (strstr (conflict->theirs, "Evans"));
  rounds_conflict_free (conflict);
  fixture_clear (&f);
}

static void
test_theirs_was_kept (void)
{
  Fixture f;
  g_autofree char *theirs = person ("Clark", 2);
  gint64 revision;

  in_conflict (&f, theirs);
  revision = decide (&f, theirs);
  g_assert_cmpuint (rounds_store_outbox_count (f.store, NULL), ==, 0);
  g_assert_true (rounds_store_conflict_reopen (f.store, "Patient", "p1", revision, "open", NULL));
  assert_waiting (&f, "conflict", 1);
  fixture_clear (&f);
}

static void
test_deletion_returns (void)
{
  Fixture f;
  RoundsConflict *conflict;
  gint64 revision;

  in_conflict (&f, NULL);
  revision = decide (&f, NULL);
  g_assert_true (rounds_store_conflict_reopen (f.store, "Patient", "p1", revision, "open", NULL));
  conflict = rounds_store_conflict_get (f.store, "Patient", "p1", NULL);
  g_assert_nonnull (conflict);
  g_assert_null (conflict->theirs);
  g_assert_nonnull (strstr (conflict->mine, "Brown"));
  rounds_conflict_free (conflict);
  assert_waiting (&f, "pending", 0);
  fixture_clear (&f);
}

static void
test_too_late (void)
{
  Fixture f;
  g_autofree char *theirs = person ("Clark", 2), *decided = person ("Davis", 2), *acked = person ("Davis", 3);
  g_autofree char *other = person ("Fisher", 2);
  const char *const pending[] = { "pending", NULL };
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (GError) error = NULL;
  RoundsOutboxItem *item;
  gint64 revision;

  in_conflict (&f, theirs);
  revision = decide (&f, decided);
  list = rounds_store_outbox_list (f.store, pending, 0, NULL);
  item = list->pdata[0];
  g_assert_true (rounds_store_outbox_begin (f.store, &item, 1, "r1", NULL));
  g_assert_false (rounds_store_conflict_reopen (f.store, "Patient", "p1", revision, "open", &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_BUSY);
  g_clear_error (&error);
  g_assert_true (rounds_store_outbox_ack (f.store, item, "3", acked, 200, NULL));
  g_assert_false (rounds_store_conflict_reopen (f.store, "Patient", "p1", revision, "open", &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_STALE);
  g_clear_error (&error);
  fixture_clear (&f);

  in_conflict (&f, theirs);
  revision = decide (&f, decided);
  must_put (f.store, "Patient", "p1", other);
  g_assert_false (rounds_store_conflict_reopen (f.store, "Patient", "p1", revision, "open", &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_STALE);
  fixture_clear (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/reopen/question-returns", test_question_returns);
  g_test_add_func ("/store/reopen/theirs-was-kept", test_theirs_was_kept);
  g_test_add_func ("/store/reopen/deletion-returns", test_deletion_returns);
  g_test_add_func ("/store/reopen/too-late", test_too_late);
  return g_test_run ();
}
