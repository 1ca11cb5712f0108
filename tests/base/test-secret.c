/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Secrets are read whole, compared byte for byte, and gone when they should be. */

#include <fcntl.h>
#include <glib-unix.h>
#include <glib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/instant.h"
#include "base/log.h"
#include "base/secret.h"

static void
test_bytes (void)
{
  gsize size = 0;
  g_autoptr (RoundsSecret) zero = rounds_secret_new (32);
  g_autoptr (RoundsSecret) copy = rounds_secret_new_copy ("a\0b", 3);
  g_autoptr (RoundsSecret) text = rounds_secret_new_take_text (g_strdup ("correct horse"));
  g_autoptr (RoundsSecret) one = rounds_secret_new_random (32);
  g_autoptr (RoundsSecret) two = rounds_secret_new_random (32);
  g_autoptr (RoundsSecret) empty = rounds_secret_new (0);
  guint8 *bytes = rounds_secret_get (zero, &size);

  g_assert_cmpuint (size, ==, 32);
  for (gsize i = 0; i <= size; i++)
    g_assert_cmpuint (bytes[i], ==, 0);

  bytes = rounds_secret_get (copy, &size);
  g_assert_cmpmem (bytes, size, "a\0b", 3);
  g_assert_cmpuint (bytes[3], ==, 0);
  g_assert_cmpstr ((char *) rounds_secret_get (text, NULL), ==, "correct horse");
  g_assert_true (memcmp (rounds_secret_get (one, NULL), rounds_secret_get (two, NULL), 32) != 0);
  g_assert_cmpstr ((char *) rounds_secret_get (empty, &size), ==, "");
  g_assert_cmpuint (size, ==, 0);
}

static void
test_references (void)
{
  RoundsSecret *secret = rounds_secret_new_copy ("x", 1);
  RoundsSecret *same = rounds_secret_ref (secret);

  g_assert_true (same == secret);
  rounds_secret_unref (secret);
  g_assert_cmpstr ((char *) rounds_secret_get (same, NULL), ==, "x");
  rounds_secret_unref (same);
  rounds_secret_unref (NULL);
}

static RoundsSecret *
read_back (const void *bytes, gsize size, GError **error)
{
  g_autofree char *name = NULL;
  int fd = g_file_open_tmp (NULL, &name, NULL);
  RoundsSecret *secret;

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, bytes, size), ==, (gssize) size);
  g_assert_cmpint (lseek (fd, 0, SEEK_SET), ==, 0);
  secret = rounds_secret_new_from_fd (fd, error);
  close (fd);
  unlink (name);
  return secret;
}

static void
assert_read (const char *written, gsize size, const char *expected, gsize expected_size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsSecret) secret = read_back (written, size, &error);
  gsize got_size = 0;
  guint8 *got;

  g_assert_no_error (error);
  got = rounds_secret_get (secret, &got_size);
  g_assert_cmpmem (got, got_size, expected, expected_size);
}

static void
test_from_fd (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *large = g_strnfill (64 * 1024, 'p');
  g_autofree char *larger = g_strnfill (64 * 1024 + 1, 'p');

  assert_read ("pass", 4, "pass", 4);
  assert_read ("pass\n", 5, "pass", 4);
  assert_read ("pass\r\n", 6, "pass", 4);
  assert_read ("pass\n\n", 6, "pass\n", 5);
  assert_read ("pass\r", 5, "pass\r", 5);
  assert_read ("\n", 1, "", 0);
  assert_read ("", 0, "", 0);
  assert_read ("a\0b\n", 4, "a\0b", 3);
  assert_read (large, 64 * 1024, large, 64 * 1024);
  g_assert_null (read_back (larger, 64 * 1024 + 1, &error));
  g_assert_error (error, ROUNDS_BASE_ERROR, ROUNDS_BASE_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_null (rounds_secret_new_from_fd (-1, &error));
  g_assert_error (error, ROUNDS_BASE_ERROR, ROUNDS_BASE_ERROR_INVALID);
}

static gpointer
write_in_pieces (gpointer data)
{
  int fd = GPOINTER_TO_INT (data);

  g_assert_cmpint (write (fd, "pa", 2), ==, 2);
  g_thread_yield ();
  g_assert_cmpint (write (fd, "ss\n", 3), ==, 3);
  close (fd);
  return NULL;
}

static void
test_from_slow_pipe (void)
{
  int fds[2];
  g_autoptr (RoundsSecret) secret = NULL;
  GThread *writer;

  g_assert_true (g_unix_open_pipe (fds, O_CLOEXEC, NULL));
  g_assert_true (g_unix_set_fd_nonblocking (fds[0], TRUE, NULL));
  writer = g_thread_new ("writer", write_in_pieces, GINT_TO_POINTER (fds[1]));
  secret = rounds_secret_new_from_fd (fds[0], NULL);
  g_thread_join (writer);
  close (fds[0]);
  g_assert_cmpstr ((char *) rounds_secret_get (secret, NULL), ==, "pass");
}

static void
test_harden (void)
{
  struct rlimit limit = { 1, 1 };

  rounds_secret_harden_process ();
  g_assert_cmpint (getrlimit (RLIMIT_CORE, &limit), ==, 0);
  g_assert_cmpuint (limit.rlim_cur, ==, 0);
  g_assert_cmpuint (limit.rlim_max, ==, 0);
  g_assert_cmpint (prctl (PR_GET_DUMPABLE), ==, 0);
}

static void
test_log_id (void)
{
  g_autofree char *one = rounds_log_id ("patient-1");
  g_autofree char *again = rounds_log_id ("patient-1");
  g_autofree char *two = rounds_log_id ("patient-2");
  g_autofree char *none = rounds_log_id (NULL);

  g_assert_cmpuint (strlen (one), ==, 8);
  g_assert_cmpstr (one, ==, again);
  g_assert_cmpstr (one, !=, two);
  g_assert_cmpstr (none, ==, "none");
}

static void
test_log_redacts (void)
{
  if (g_test_subprocess ())
    {
      g_log_set_always_fatal (G_LOG_LEVEL_ERROR);
      rounds_log_init ();
      g_log ("Gtk", G_LOG_LEVEL_WARNING, "cannot set text 'Canary <b' from “Canary” isn't \"Canary");
      g_log ("Gtk", G_LOG_LEVEL_DEBUG, "debug-line");
      g_log_structured ("Gtk", G_LOG_LEVEL_MESSAGE, "PATIENT", "Canary", "MESSAGE", "plain-line");
      g_log (NULL, G_LOG_LEVEL_MESSAGE, "own 'line'");
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*cannot set text*");
  g_test_trap_assert_stderr ("*plain-line*");
  g_test_trap_assert_stderr ("*own 'line'*");
  g_test_trap_assert_stderr_unmatched ("*Canary*");
  g_test_trap_assert_stderr_unmatched ("*debug-line*");
  g_test_trap_assert_stdout_unmatched ("*line*");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/secret/bytes", test_bytes);
  g_test_add_func ("/secret/references", test_references);
  g_test_add_func ("/secret/from-fd", test_from_fd);
  g_test_add_func ("/secret/from-slow-pipe", test_from_slow_pipe);
  g_test_add_func ("/log/id", test_log_id);
  g_test_add_func ("/log/redacts", test_log_redacts);
  g_test_add_func ("/secret/harden", test_harden); /* last: /proc of this process closes */
  return g_test_run ();
}
