/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A process that edits, imports, takes in pages, vitals and images is killed with SIGKILL at random points, again
 * and again over the same profile. Whatever it was told is on disk must be there, whole, once; what it was not
 * told may be there whole or not at all; the trail must verify. Kills: ROUNDS_KILLS, 100 if unset; the seed is
 * the test's own (--seed). */
#include "work.h"

#include <signal.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_KILLS 100
#define N_PROFILE 250   /* kills of one profile: what there is to check grows with them */

static void
say (const WorkWord *word, gpointer fd)
{
  if (write (GPOINTER_TO_INT (fd), word, sizeof *word) != sizeof *word)
    _exit (3);
}

static void
child (Fixture *f, int fd, gint64 value, guint32 seed)
{
  g_autoptr (RoundsStore) store = rounds_store_open (f->vault, f->key, FALSE, NULL);
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);

  if (store == NULL)
    _exit (2);
  for (;; value++)
    if (!work_any (store, rand, value, say, GINT_TO_POINTER (fd), NULL))
      _exit (4);
}

static void
kill_once (Fixture *f, WorkTruth *truth)
{
  int ends[2], status;
  struct timespec delay = { 0, (glong) g_test_rand_int_range (0, 80000) * 1000 };
  guint32 seed = (guint32) g_test_rand_int ();
  WorkWord word;
  fd_set set;
  pid_t pid;

  g_assert_cmpint (pipe (ends), ==, 0);
  pid = fork ();
  if (pid == 0)
    {
      close (ends[0]);
      child (f, ends[1], truth->next_value, seed);
      _exit (9);
    }
  close (ends[1]);
  /* Killed some while after its first word: the moment is the point of the test, not a wait for anything. */
  FD_ZERO (&set);
  FD_SET (ends[0], &set);
  g_assert_cmpint (select (ends[0] + 1, &set, NULL, NULL, NULL), ==, 1);
  nanosleep (&delay, NULL);
  kill (pid, SIGKILL);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSIGNALED (status));
  while (read (ends[0], &word, sizeof word) == sizeof word)
    work_truth_hear (&word, truth);
  close (ends[0]);
}

static void
test_kill (void)
{
  const char *wanted = g_getenv ("ROUNDS_KILLS");
  guint rounds = wanted != NULL ? (guint) g_ascii_strtoull (wanted, NULL, 10) : N_KILLS;
  guint n_acked[WORK_N_KINDS] = { 0 }, n_all = 0;

  for (guint done = 0; done < rounds; done += N_PROFILE)
    {
      Fixture f;
      WorkTruth truth;

      work_truth_init (&truth);
      fixture_new (&f);
      fixture_close (&f);
      for (guint i = done; i < MIN (rounds, done + N_PROFILE); i++)
        {
          kill_once (&f, &truth);
          fixture_open (&f);
          work_truth_check (&truth, f.store);
          fixture_close (&f);
        }
      n_all += work_truth_count (&truth);
      for (guint i = 0; i < WORK_N_KINDS; i++)
        n_acked[i] += truth.n_acked[i];
      work_truth_clear (&truth);
      fixture_clear (&f);
      if (rounds > N_PROFILE)
        g_printerr ("# %u kills, %u acknowledged changes so far\n", MIN (rounds, done + N_PROFILE), n_all);
    }
  g_test_message ("%u kills, %u acknowledged changes, 0 lost, 0 twice", rounds, n_all);
  for (guint i = 0; i < WORK_N_KINDS; i++)
    g_test_message ("  %s: %u", work_names[i], n_acked[i]);
  g_assert_cmpuint (n_all, >, rounds / 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  signal (SIGPIPE, SIG_IGN);
  g_test_add_func ("/fault/kill", test_kill);
  return g_test_run ();
}
