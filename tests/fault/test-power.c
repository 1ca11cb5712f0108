/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The power goes at a random write, sync or truncate; what was not synced is lost, out of order or torn. And each
 * single write and sync of every kind of work fails in turn. What the store acknowledged is there afterwards,
 * whole and once; what it could not do it says. */
#include "power-vfs.h"
#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define N_CUTS 120
#define N_LIES 12

/* The trail's head is written beside SQLite and synced only now and then: any of its states since may be left. */
typedef struct {
  Fixture f;
  WorkTruth truth;
  GRand *rand;
  GPtrArray *heads;   /* GBytes */
} Bench;

static void
keep_head (Bench *self)
{
  g_autofree char *path = fixture_path (&self->f, "audit.head");
  char *bytes;
  gsize size;

  g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  g_ptr_array_add (self->heads, g_bytes_new_take (bytes, size));
}

static void
bench_new (Bench *self)
{
  memset (self, 0, sizeof *self);
  work_truth_init (&self->truth);
  self->rand = g_rand_new_with_seed ((guint32) g_test_rand_int ());
  self->heads = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  fixture_new (&self->f);
  fixture_close (&self->f);
  power_vfs_reset ();
  keep_head (self);
}

static void
bench_clear (Bench *self)
{
  work_truth_clear (&self->truth);
  g_rand_free (self->rand);
  g_ptr_array_unref (self->heads);
  power_vfs_reset ();
  fixture_clear (&self->f);
}

/* Works until the power goes. */
static void
work_until_cut (Bench *self)
{
  g_autoptr (GError) error = NULL;

  while (!power_vfs_is_cut ())
    {
      keep_head (self);
      if (!work_any (self->f.store, self->rand, self->truth.next_value, work_truth_hear, &self->truth, &error))
        break;
    }
}

static void
crash (Bench *self, PowerMode mode, gboolean newest_head)
{
  g_autofree char *path = fixture_path (&self->f, "audit.head");
  GBytes *head;

  keep_head (self);
  head = self->heads->pdata[newest_head ? self->heads->len - 1
                                        : (guint) g_rand_int_range (self->rand, 0, self->heads->len)];
  power_vfs_crash (self->rand, mode);
  g_assert_true (g_file_set_contents (path, g_bytes_get_data (head, NULL), g_bytes_get_size (head), NULL));
  g_ptr_array_set_size (self->heads, 0);
}

static void
test_cut (void)
{
  const char *wanted = g_getenv ("ROUNDS_CUTS");
  guint rounds = wanted != NULL ? (guint) g_ascii_strtoull (wanted, NULL, 10) : N_CUTS, n_cut = 0;
  Bench self;

  bench_new (&self);
  for (guint i = 0; i < rounds; i++)
    {
      fixture_open (&self.f);
      power_vfs_cut_at ((guint) g_rand_int_range (self.rand, 1, 200));
      work_until_cut (&self);
      n_cut += power_vfs_is_cut ();
      fixture_close (&self.f);
      crash (&self, i % POWER_N_MODES, FALSE);
      fixture_open (&self.f);
      work_truth_check (&self.truth, self.f.store);
      fixture_close (&self.f);
      power_vfs_reset ();
      keep_head (&self);
    }
  g_test_message ("%u power cuts, %u acknowledged changes, 0 lost", n_cut, work_truth_count (&self.truth));
  g_assert_cmpuint (n_cut, ==, rounds);
  bench_clear (&self);
}

/* A disk that says "synced" and is not: what is lost then cannot be helped, but it is seen. */
static void
test_lying_disk (void)
{
  guint n_lost = 0;

  for (guint i = 0; i < N_LIES; i++)
    {
      Bench self;
      g_autoptr (RoundsStore) store = NULL;
      g_autoptr (GError) error = NULL;
      RoundsAuditState state = { 0 };
      gint64 value = 1;

      bench_new (&self);
      fixture_open (&self.f);
      power_vfs_set_lying (TRUE);
      for (; value < 12; value++)
        g_assert_true (work_step (self.f.store, WORK_RECORD, 3, value, work_truth_hear, &self.truth, NULL));
      power_vfs_cut_at (1);
      fixture_close (&self.f);
      crash (&self, i % POWER_N_MODES, TRUE);
      store = rounds_store_open (self.f.vault, self.f.key, FALSE, &error);
      if (store != NULL && rounds_store_audit_verify (store, &state, &error))
        {
          g_autoptr (RoundsRecord) record = rounds_store_get (store, "Observation", "r3", NULL);

          if (state.ok)
            {
              g_assert_nonnull (record);
              g_assert_nonnull (strstr (record->json, "\"value\":11,"));
            }
          n_lost += !state.ok;
          rounds_audit_state_clear (&state);
        }
      else
        {
          g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DAMAGED);
          n_lost++;
        }
      g_clear_object (&store);
      bench_clear (&self);
    }
  g_test_message ("%u caches on a lying disk, %u with losses, all of them seen", N_LIES, n_lost);
  g_assert_cmpuint (n_lost, >, 0);
}

/* --- one operation fails ------------------------------------------------------------------------------ */

static gboolean
is_one_line (const char *text)
{
  return text != NULL && *text != '\0' && strchr (text, '\n') == NULL;
}

/* FALSE when the work has no n-th operation of the kind any more. */
static gboolean
fail_one (Bench *self, WorkKind kind, PowerOp op, guint n, int code)
{
  g_autoptr (GError) error = NULL;
  gboolean ok, failed;

  fixture_open (&self->f);
  power_vfs_fail_at (op, n, code);
  ok = work_step (self->f.store, kind, 1, self->truth.next_value, work_truth_hear, &self->truth, &error);
  failed = power_vfs_failed ();
  g_assert_true (ok || failed);
  if (!ok)
    {
      g_assert_nonnull (error);
      g_assert_true (is_one_line (error->message));
      if (code == ENOSPC)
        g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_FULL);
      else
        g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_FAILED);
    }
  power_vfs_fail_at (op, 0, 0);
  /* What failed is not there for anybody, and the next try is an ordinary one. */
  if (!ok && kind != WORK_ACK)
    {
      self->truth.maybe[kind] = -1;
      self->truth.records[1].tried = self->truth.records[1].acked;
      self->truth.draft.tried = self->truth.draft.acked;
    }
  if (kind != WORK_ACK)
    work_truth_check (&self->truth, self->f.store);
  g_clear_error (&error);
  g_assert_true (work_step (self->f.store, WORK_RECORD, 2, self->truth.next_value, work_truth_hear, &self->truth, &error));
  fixture_close (&self->f);
  /* A sync that failed kept nothing: after a cut only what was acknowledged counts. */
  if (op == POWER_SYNC)
    {
      keep_head (self);
      crash (self, n % POWER_N_MODES, TRUE);
    }
  fixture_open (&self->f);
  work_truth_check (&self->truth, self->f.store);
  fixture_close (&self->f);
  power_vfs_reset ();
  return failed;
}

static void
test_fail (gconstpointer data)
{
  int code = GPOINTER_TO_INT (data);
  guint n_faults[POWER_N_OPS] = { 0 };
  Bench self;

  bench_new (&self);
  for (WorkKind kind = 0; kind < WORK_N_KINDS; kind++)
    for (PowerOp op = POWER_WRITE; op <= POWER_SYNC; op++)
      {
        guint n = 1;

        /* Every sync; of many writes the first eight and some of the others. */
        for (; fail_one (&self, kind, op, n, code); n += op == POWER_WRITE ? MAX (n / 8, 1) : 1)
          n_faults[op]++;
        g_assert_cmpuint (n, >, 1);
      }
  g_test_message ("%s: %u writes and %u syncs failed in turn", code == EIO ? "EIO" : "ENOSPC", n_faults[POWER_WRITE],
                  n_faults[POWER_SYNC]);
  bench_clear (&self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* A cache that is behind its head warns: that is what these tests provoke. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  power_vfs_install ();
  g_test_add_func ("/fault/power/cut", test_cut);
  g_test_add_func ("/fault/power/lying-disk", test_lying_disk);
  g_test_add_data_func ("/fault/power/eio", GINT_TO_POINTER (EIO), test_fail);
  g_test_add_data_func ("/fault/power/enospc", GINT_TO_POINTER (ENOSPC), test_fail);
  return g_test_run ();
}
