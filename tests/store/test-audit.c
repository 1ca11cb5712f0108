/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The audit trail against whoever has the key and an editor: each way of changing it on its own, the place that is
 * named, and that going on writing does not heal it. */
#include "audit-fixture.h"

#include "store/store-private.h"

/* Bad, from there on, now and after more was written; 0 = anywhere. */
static void
assert_bad (Fixture *f, guint64 first_bad)
{
  for (guint i = 0; i < 2; i++)
    {
      RoundsAuditState state = { 0 };

      fixture_open (f);
      g_assert_true (rounds_store_audit_verify (f->store, &state, NULL));
      g_assert_false (state.ok);
      g_assert_cmpuint (state.first_bad, >, 0);
      if (first_bad != 0)
        g_assert_cmpuint (state.first_bad, ==, first_bad);
      rounds_audit_state_clear (&state);
      for (guint k = 0; k < 12; k++)
        g_assert_true (rounds_store_audit (f->store, "view", "Patient", "more", NULL, NULL));
      fixture_close (f);
    }
}

static void
test_edited (void)
{
  static const char *const columns[] = { "when_us = when_us + 1", "who = 'other'", "action = 'sync'", "type = 'Condition'",
                                         "id = 'p9'", "detail = ''", "hash = zeroblob (32)" };
  Fixture f;

  audited (&f);
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    {
      g_autofree char *sql = g_strdup_printf ("UPDATE OR IGNORE audit SET %s WHERE seq = 4", columns[i]);
      RoundsAuditState state = { 0 };

      tamper (&f, "CREATE TABLE keep AS SELECT * FROM audit");
      tamper (&f, sql);
      fixture_open (&f);
      g_assert_true (rounds_store_audit_verify (f.store, &state, NULL));
      g_assert_false (state.ok);
      g_assert_cmpuint (state.first_bad, ==, 4);
      rounds_audit_state_clear (&state);
      fixture_close (&f);
      tamper (&f, "DELETE FROM audit; INSERT INTO audit SELECT * FROM keep; DROP TABLE keep");
    }
  /* Put back it was exactly this: the comparison is sharp both ways. */
  fixture_open (&f);
  assert_audit_ok (f.store);
  fixture_close (&f);
  tamper (&f, "UPDATE audit SET who = 'other' WHERE seq = 4");
  assert_bad (&f, 4);
  fixture_clear (&f);
}

static void
test_removed (void)
{
  Fixture f;

  audited (&f);
  tamper (&f, "DELETE FROM audit WHERE seq = 5");
  assert_bad (&f, 5);
  fixture_clear (&f);

  /* With the gap closed up. */
  audited (&f);
  tamper (&f, "DELETE FROM audit WHERE seq = 5; UPDATE audit SET seq = seq - 1 WHERE seq > 5");
  assert_bad (&f, 5);
  fixture_clear (&f);
}

static void
test_reordered (void)
{
  Fixture f;

  audited (&f);
  tamper (&f, "UPDATE audit SET seq = 99 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4; UPDATE audit SET seq = 4 "
              "WHERE seq = 99");
  assert_bad (&f, 3);
  fixture_clear (&f);
}

static void
test_truncated (void)
{
  Fixture f;

  audited (&f);
  tamper (&f, "DELETE FROM audit WHERE seq > 6");
  assert_bad (&f, 0);
  fixture_clear (&f);

  audited (&f);
  tamper (&f, "DELETE FROM audit");
  assert_bad (&f, 0);
  fixture_clear (&f);
}

/* Cut, and written on by the honest writer until it is longer than before: every hash fits its row. */
static void
test_rebuilt (void)
{
  Fixture f;
  RoundsAuditState state = { 0 };
  g_autofree char *head = NULL;

  audited (&f);
  tamper (&f, "DELETE FROM audit WHERE seq > 3");
  assert_bad (&f, 0);
  fixture_clear (&f);

  /* The head thrown away with it does not help. */
  audited (&f);
  head = fixture_path (&f, "audit.head");
  tamper (&f, "DELETE FROM audit WHERE seq > 3");
  g_assert_cmpint (g_unlink (head), ==, 0);
  fixture_open (&f);
  g_assert_true (rounds_store_audit_verify (f.store, &state, NULL));
  g_assert_false (state.ok);
  rounds_audit_state_clear (&state);
  fixture_clear (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* The store warns of what it finds; that is what is tested here. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_test_add_func ("/store/audit/edited", test_edited);
  g_test_add_func ("/store/audit/removed", test_removed);
  g_test_add_func ("/store/audit/reordered", test_reordered);
  g_test_add_func ("/store/audit/truncated", test_truncated);
  g_test_add_func ("/store/audit/rebuilt", test_rebuilt);
  return g_test_run ();
}
