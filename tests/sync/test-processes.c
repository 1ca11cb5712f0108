/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Programs that die in the middle, run side by side, or believe in another year. The test starts itself as the
 * other program. */

#include "download-case.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED TRUE
#else
#define SANITIZED FALSE
#endif

/* SQLite's sync of a file: every transaction ends with one. In a child that is to die, it is the last thing done
 * after so many of them, so that any two transactions are torn apart at some number. */
static gint kill_after;

static int
sync_file (long call, int fd)
{
  int result = (int) syscall (call, fd);

  if (kill_after > 0 && g_atomic_int_dec_and_test (&kill_after))
    kill (getpid (), SIGKILL);
  return result;
}

int fdatasync (int fd);
int fsync (int fd);

int
fdatasync (int fd)
{
  return sync_file (SYS_fdatasync, fd);
}

int
fsync (int fd)
{
  return sync_file (SYS_fsync, fd);
}

/* --- the other program ------------------------------------------------------------------------------------ */

/* child FOLDER die N | lock | edit ID FAMILY | sync */
static int
run_child (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsVault) vault = rounds_vault_open (argv[2], &error);
  g_autoptr (RoundsSecret) passphrase = secret_of ("correct horse");
  g_autoptr (RoundsSecret) key = vault != NULL ? rounds_vault_unlock (vault, passphrase, &error) : NULL;
  g_autoptr (RoundsStore) store = key != NULL ? rounds_store_open (vault, key, FALSE, &error) : NULL;
  RoundsSyncReport report = { 0 };
  gboolean ok;

  g_assert_no_error (error);
  if (g_str_equal (argv[3], "lock"))
    {
      if (!rounds_store_sync_lock (store, &error))
        return 2;
      printf ("locked\n");
      fflush (stdout);
      while (TRUE)
        pause ();
    }
  if (g_str_equal (argv[3], "edit"))
    {
      g_autofree char *json = patient_json (argv[4], argv[5], "Ann");

      must_put (store, "Patient", argv[4], json);
    }
  if (g_str_equal (argv[3], "die"))
    kill_after = atoi (argv[4]);
  {
    g_autoptr (RoundsSync) sync = rounds_sync_new (store, "ward");

    ok = rounds_sync_run (sync, TRUE, NULL, &report, &error);
  }
  if (!ok)
    g_printerr ("%s\n", error->message);
  rounds_sync_report_clear (&report);
  rounds_store_close (store);
  return ok ? 0 : 1;
}

static char *program;

static GSubprocess *
start (Case *self, const char *clock, ...)
{
  g_autoptr (GPtrArray) args = g_ptr_array_new ();
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr (GError) error = NULL;
  GSubprocess *child;
  va_list more;
  const char *arg;

  if (clock != NULL)
    {
      g_ptr_array_add (args, (gpointer) "faketime");
      g_ptr_array_add (args, (gpointer) "-f");
      g_ptr_array_add (args, (gpointer) clock);
      g_subprocess_launcher_setenv (launcher, "DONT_FAKE_MONOTONIC", "1", TRUE);
    }
  g_ptr_array_add (args, program);
  g_ptr_array_add (args, (gpointer) "child");
  g_ptr_array_add (args, self->fixture.folder);
  va_start (more, clock);
  while ((arg = va_arg (more, const char *)) != NULL)
    g_ptr_array_add (args, (gpointer) arg);
  va_end (more);
  g_ptr_array_add (args, NULL);
  child = g_subprocess_launcher_spawnv (launcher, (const char *const *) args->pdata, &error);
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

/* Closes the store here: the child is alone with it. */
static void
leave (Case *self)
{
  g_clear_object (&self->sync);
  fixture_close (&self->fixture);
  self->store = NULL;
}

static void
come_back (Case *self)
{
  fixture_open (&self->fixture);
  self->store = self->fixture.store;
  self->sync = rounds_sync_new (self->store, "ward");
}

/* --- dying --------------------------------------------------------------------------------------------------- */

/* What the cursor covers is here. Returns whether the first sync was through. */
static gboolean
check_covered (Case *self)
{
  gboolean complete;
  gint64 watermark = case_watermark (self, "search/Patient", &complete);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->server->resources);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      MiniResource *resource = value;

      if (resource->json != NULL && g_str_has_prefix (resource->key, "Patient/") && resource->updated_us < watermark)
        g_assert_true (case_has (self, "Patient", resource->key + strlen ("Patient/"), "Many"));
    }
  if (complete)
    g_assert_cmpuint (case_count (self, "Patient"), ==, mini_count (self->server, "Patient"));
  return complete;
}

static void
test_death_between_page_and_cursor (void)
{
  Case self;
  guint n, n_killed = 0;

  case_new (&self);
  case_put_many (&self, 160);
  for (n = 1; n <= 12; n++)
    {
      g_autofree char *text = g_strdup_printf ("%u", n);
      g_autoptr (GSubprocess) child = NULL;

      fixture_clear (&self.fixture);
      g_clear_object (&self.sync);
      fixture_new (&self.fixture);
      self.store = self.fixture.store;
      case_connect (&self);
      leave (&self);
      child = start (&self, NULL, "die", text, NULL);
      g_subprocess_wait (child, NULL, NULL);
      n_killed += g_subprocess_get_if_signaled (child);
      come_back (&self);
      if (check_covered (&self) && !g_subprocess_get_if_signaled (child))
        break;
      /* What died goes on and ends. */
      if (n % 4 == 0)
        {
          must_run (&self);
          g_assert_true (check_covered (&self));
        }
    }
  g_assert_cmpuint (n_killed, >=, 8);
  case_clear (&self);
}

/* --- side by side ---------------------------------------------------------------------------------------------- */

static void
wait_for_line (GSubprocess *child)
{
  g_autoptr (GDataInputStream) lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (child));
  g_autofree char *line = g_data_input_stream_read_line (lines, NULL, NULL, NULL);

  g_assert_cmpstr (line, ==, "locked");
}

static gpointer
run_thread (gpointer data)
{
  return GINT_TO_POINTER (run (data));
}

static void
test_two_programs (void)
{
  Case self;
  g_autoptr (GSubprocess) child = NULL;
  g_autoptr (GError) error = NULL;
  GThread *thread;

  case_new (&self);
  case_put_many (&self, 10);
  child = start (&self, NULL, "lock", NULL);
  wait_for_line (child);
  g_assert_false (rounds_store_sync_lock (self.store, &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_BUSY);
  g_assert_cmpstr (error->message, !=, "");
  /* It waits, asks nothing of the server, and goes on when the other is gone, however that went. */
  thread = g_thread_new ("second", run_thread, &self);
  while (rounds_sync_get_state (self.sync) != ROUNDS_SYNC_WAITING)
    g_thread_yield ();
  g_assert_cmpuint (fault_server_get_n_requests (self.server->server), ==, 0);
  g_subprocess_send_signal (child, SIGKILL);
  g_assert_true (GPOINTER_TO_INT (g_thread_join (thread)));
  g_assert_no_error (self.error);
  g_assert_cmpuint (case_count (&self, "Patient"), ==, 10);
  g_subprocess_wait (child, NULL, NULL);
  case_clear (&self);
}

static guint
count_audit (Case *self, const char *text)
{
  g_autoptr (GPtrArray) rows = rounds_store_audit_list (self->store, 0, 100000, NULL);
  guint i, n = 0;

  for (i = 0; i < rows->len; i++)
    {
      const RoundsAuditRow *row = rows->pdata[i];

      n += row->detail != NULL && strstr (row->detail, text) != NULL;
    }
  return n;
}

/* --- another year ------------------------------------------------------------------------------------------- */

static void
test_clock_of_this_computer (void)
{
  static const char *const clocks[] = { "+3650d", "-3650d", NULL };
  Case self;
  g_autofree char *faketime = g_find_program_in_path ("faketime");
  guint i;

  if (faketime == NULL)
    {
      g_test_skip ("faketime is not here");
      return;
    }
  case_new (&self);
  case_put_many (&self, 60);
  must_run (&self);
  for (i = 0; i < G_N_ELEMENTS (clocks); i++)
    {
      g_autofree char *mine = g_strdup_printf ("Mine%u", i);
      g_autofree char *theirs = g_strdup_printf ("Theirs%u", i);
      g_autofree char *there = NULL;
      g_autoptr (GSubprocess) edit = NULL;
      g_autoptr (GSubprocess) sync = NULL;

      leave (&self);
      edit = start (&self, clocks[i], "edit", "p1", mine, NULL);
      must_end_well (edit);
      there = rounds_json_print (mini_get (self.server, "Patient", "p1")->json);
      g_assert_nonnull (strstr (there, mine));   /* the newest edit wins, whatever year it is from */
      case_put (&self, "p2", theirs, 0);
      case_put (&self, i == 0 ? "n0" : i == 1 ? "n1" : "n2", theirs, 60);
      sync = start (&self, clocks[i], "sync", NULL);
      must_end_well (sync);
      come_back (&self);
      g_assert_true (case_has (&self, "Patient", "p1", mine));
      g_assert_true (case_has (&self, "Patient", "p2", theirs));
      g_assert_cmpuint (case_count (&self, "Patient"), ==, 61 + i);
      g_assert_cmpint (case_watermark (&self, "history", NULL), <=, self.server->now_us);
    }
  must_run (&self);
  g_assert_cmpuint (self.report.conflicts + self.report.pending, ==, 0);
  /* Ahead, behind, and right again. */
  g_assert_cmpuint (count_audit (&self, "clock: 3"), ==, 1);
  g_assert_cmpuint (count_audit (&self, "clock: "), ==, 2);
  case_clear (&self);
}

/* --- going on --------------------------------------------------------------------------------------------------- */

static gpointer
edit_and_wait (gpointer data)
{
  Case *self = data;

  /* The first pass is through; the edit comes from another thread, and nobody runs the main context but the run. */
  while (rounds_sync_get_state (self->sync) != ROUNDS_SYNC_WAITING || self->n == 0)
    g_thread_yield ();
  {
    g_autofree char *json = patient_json ("mine", "Mine", "Ann");

    must_put (self->store, "Patient", "mine", json);
  }
  return NULL;
}

static GCancellable *running;

static void
count_and_cancel (MiniFhir *server, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  Case *self = data;

  g_atomic_int_inc ((gint *) &self->n);
  if (mini_get (server, "Patient", "mine") != NULL)
    g_cancellable_cancel (running);
}

/* As roundsctl does it: a run in the main thread, which is also the one that signals come to. */
static void
test_change_during_run (void)
{
  Case self;
  g_autoptr (GError) error = NULL;
  gint64 begin = g_get_monotonic_time ();
  GThread *thread;

  case_new (&self);
  self.server->after = count_and_cancel;
  running = g_cancellable_new ();
  thread = g_thread_new ("edit", edit_and_wait, &self);
  rounds_sync_run (self.sync, FALSE, running, &self.report, &error);
  g_thread_join (thread);
  g_assert_nonnull (mini_get (self.server, "Patient", "mine"));
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 60 * G_USEC_PER_SEC);   /* the next pass is due in 300 s */
  g_clear_object (&running);
  case_clear (&self);
}

int
main (int argc, char **argv)
{
  if (argc > 3 && g_str_equal (argv[1], "child"))
    {
      g_setenv ("ROUNDS_KDF_FLOOR", "1", TRUE);
      return run_child (argc, argv);
    }
  g_test_init (&argc, &argv, NULL);
  program = g_file_read_link ("/proc/self/exe", NULL);
  g_test_add_func ("/processes/death-between-page-and-cursor", test_death_between_page_and_cursor);
  g_test_add_func ("/processes/two-programs", test_two_programs);
  /* faketime is preloaded, and the sanitizer wants to be first. */
  if (!SANITIZED)
    g_test_add_func ("/processes/clock-of-this-computer", test_clock_of_this_computer);
  g_test_add_func ("/processes/change-during-run", test_change_during_run);
  return g_test_run ();
}
