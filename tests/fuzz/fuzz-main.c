/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Drives a fuzz target without libFuzzer, so that every compiler's ordinary build tries it a little.
 *
 * It knows no coverage: it runs the seeds, then mutations of them in a sequence that a seed number fixes. An input
 * that crashes or hangs is written to crash-PROGRAM-N beside the program before it dies, and the number of the
 * run is enough to find it again. Long hunts belong to libFuzzer; this one keeps what it found found. */

#include <fcntl.h>
#include <gio/gio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#define MAX_INPUT_BYTES (256 * 1024)
#define HANG_SECONDS 20

static GPtrArray *seeds; /* GBytes */
static GPtrArray *words; /* GBytes */

/* For the signal handler: what runs now. */
static const uint8_t *volatile current;
static volatile size_t current_size;
static char crash_path[4096];

static void
crashed_cb (int number)
{
  int fd = open (crash_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  if (fd >= 0 && current != NULL && write (fd, current, current_size) < 0)
    _exit (2);
  if (fd >= 0)
    close (fd);
  signal (number, SIG_DFL);
  raise (number == SIGALRM ? SIGABRT : number);
}

static void
run (const uint8_t *data, gsize size)
{
  /* A copy of exactly that size: reading past its end is seen by ASan and Valgrind. */
  uint8_t *exact = malloc (MAX (size, 1));

  if (size > 0)
    memcpy (exact, data, size);
  current = exact;
  current_size = size;
  alarm (HANG_SECONDS);
  LLVMFuzzerTestOneInput (exact, size);
  alarm (0);
  current = NULL;
  free (exact);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* In order of name, so that the sequence is the same everywhere. */
static void
load_seeds (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (folder, names->pdata[i], NULL);
      char *text;
      gsize length;

      if (g_file_get_contents (path, &text, &length, NULL))
        g_ptr_array_add (seeds, g_bytes_new_take (text, length));
    }
}

/* libFuzzer's dictionary: lines of name="text" with \xHH, \\ and \". */
static void
load_words (const char *path)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (path == NULL || !g_file_get_contents (path, &text, NULL, NULL))
    return;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      const char *p = strchr (lines[i], '"');
      const char *end = strrchr (lines[i], '"');
      g_autoptr (GByteArray) word = g_byte_array_new ();

      if (lines[i][0] == '#' || p == NULL || end <= p)
        continue;
      for (p++; p < end; p++)
        {
          guint8 byte = (guint8) *p;

          if (*p == '\\' && p[1] == 'x' && end - p > 3 && g_ascii_isxdigit (p[2]) && g_ascii_isxdigit (p[3]))
            {
              byte = (guint8) (g_ascii_xdigit_value (p[2]) * 16 + g_ascii_xdigit_value (p[3]));
              p += 3;
            }
          else if (*p == '\\' && p + 1 < end)
            byte = (guint8) *++p;
          g_byte_array_append (word, &byte, 1);
        }
      g_ptr_array_add (words, g_byte_array_free_to_bytes (g_steal_pointer (&word)));
    }
}

static void
insert (GByteArray *input, gsize at, const void *data, gsize size)
{
  guint old = input->len;

  if (size == 0 || old + size > MAX_INPUT_BYTES)
    return;
  g_byte_array_set_size (input, old + (guint) size);
  memmove (input->data + at + size, input->data + at, old - at);
  memcpy (input->data + at, data, size);
}

static gsize
below (GRand *rand, gsize n)
{
  return n > 0 ? (gsize) g_rand_int_range (rand, 0, (gint32) n) : 0;
}

static void
mutate (GByteArray *input, GRand *rand)
{
  static const guint8 extremes[] = { 0x00, 0x01, 0x7f, 0x80, 0xff, '"', '\\', '{', '[', '\n', '0', '-', '9' };
  gsize at = below (rand, input->len);
  gsize wanted = 1 + below (rand, g_rand_boolean (rand) ? 8 : 256);
  gsize length = MIN (input->len - at, wanted);

  switch (g_rand_int_range (rand, 0, 9))
    {
    case 0:
      if (input->len > 0)
        input->data[at] ^= (guint8) (1 << below (rand, 8));
      break;
    case 1:
      if (input->len > 0)
        input->data[at] = extremes[below (rand, sizeof extremes)];
      break;
    case 2:
      if (length > 0)
        g_byte_array_remove_range (input, (guint) at, (guint) length);
      break;
    case 3:
      {
        g_autofree guint8 *copy = g_memdup2 (input->data + at, length);

        insert (input, below (rand, input->len + 1), copy, length);
        break;
      }
    case 4:
      if (words->len > 0)
        {
          gsize size;
          const void *word = g_bytes_get_data (words->pdata[below (rand, words->len)], &size);

          insert (input, at, word, size);
        }
      break;
    case 5:
      {
        /* A piece of another seed. */
        gsize size;
        const guint8 *other = g_bytes_get_data (seeds->pdata[below (rand, seeds->len)], &size);
        gsize from = below (rand, size);
        gsize piece = 1 + below (rand, 512);

        insert (input, at, other + from, MIN (size - from, piece));
        break;
      }
    case 6:
      g_byte_array_set_size (input, (guint) at);
      break;
    case 7:
      for (gsize i = 0; i < length && i < 4; i++)
        input->data[at + i] = (guint8) g_rand_int (rand);
      break;
    default:
      /* The same byte many times: nesting, long numbers, long runs. */
      if (input->len > 0)
        {
          guint8 run_of[300];
          gsize n = 1 + below (rand, sizeof run_of);

          memset (run_of, input->data[at], n);
          insert (input, at, run_of, n);
        }
      break;
    }
}

int
main (int argc, char *argv[])
{
  const char *limit = g_getenv ("ROUNDS_FUZZ_SECONDS");
  double seconds = limit != NULL ? g_ascii_strtod (limit, NULL) : 3.0;
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  g_autoptr (GTimer) timer = NULL;
  g_autoptr (GByteArray) input = g_byte_array_new ();
  guint64 n = 0;

  if (argc < 2)
    {
      fprintf (stderr, "usage: %s CORPUS-FOLDER|INPUT-FILE [DICTIONARY]\n", argv[0]);
      return 2;
    }
  seeds = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  words = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_snprintf (crash_path, sizeof crash_path, "%s.crash", argv[0]);
  signal (SIGSEGV, crashed_cb);
  signal (SIGABRT, crashed_cb);
  signal (SIGFPE, crashed_cb);
  signal (SIGBUS, crashed_cb);
  signal (SIGILL, crashed_cb);
  signal (SIGTRAP, crashed_cb);
  signal (SIGALRM, crashed_cb);

  if (!g_file_test (argv[1], G_FILE_TEST_IS_DIR))
    {
      g_autofree char *text = NULL;
      gsize length;

      if (!g_file_get_contents (argv[1], &text, &length, NULL))
        return 2;
      run ((const uint8_t *) text, length);
      return 0;
    }

  load_seeds (argv[1]);
  load_words (argc > 2 ? argv[2] : NULL);
  printf ("TAP version 14\n1..2\n");
  if (seeds->len == 0)
    {
      printf ("not ok 1 - no seeds\nnot ok 2 - no seeds\n");
      return 1;
    }
  run ((const uint8_t *) "", 0);
  for (guint i = 0; i < seeds->len; i++)
    {
      gsize size;
      const void *data = g_bytes_get_data (seeds->pdata[i], &size);

      run (data, size);
    }
  printf ("ok 1 - %u seeds\n", seeds->len);
  fflush (stdout);

  timer = g_timer_new ();
  while (g_timer_elapsed (timer, NULL) < seconds)
    {
      gsize size;
      const void *data = g_bytes_get_data (seeds->pdata[below (rand, seeds->len)], &size);

      g_byte_array_set_size (input, 0);
      g_byte_array_append (input, data, (guint) MIN (size, MAX_INPUT_BYTES));
      for (int i = g_rand_int_range (rand, 1, 8); i > 0; i--)
        mutate (input, rand);
      run (input->data, input->len);
      n++;
    }
  printf ("ok 2 - %" G_GUINT64_FORMAT " mutations, %.0f a second\n", n, (double) n / MAX (seconds, 0.001));
  g_ptr_array_unref (seeds);
  g_ptr_array_unref (words);
  return 0;
}
