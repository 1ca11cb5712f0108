/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A process that edits, imports, takes in vitals and scans is killed with SIGKILL at random points, again and
 * again over the same profile. Whatever it was told is on disk must be there, whole, once; what it was not told
 * may be there whole or not at all; the trail must verify. Rounds of killing: ROUNDS_KILLS, 200 if unset. */
#include "../store/store-fixture.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_RECORDS 20
#define N_IMPORT 40
#define N_SAMPLES 100

/* What the child says before ("try") and after ("ok") each thing it does. */
typedef struct {
  char kind;      /* r record, i import, s series, b blob, d draft */
  char done;
  gint32 number;  /* which record, or 0 */
  gint64 value;
} Word;

static void
say (int fd, char kind, gboolean done, gint32 number, gint64 value)
{
  Word word = { kind, done, number, value };

  if (write (fd, &word, sizeof word) != sizeof word)
    _exit (3);
}

static char *
value_text (gint64 value)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT, value);
}

static void
do_record (RoundsStore *store, int fd, gint32 number, gint64 value)
{
  g_autofree char *id = g_strdup_printf ("r%d", number);
  g_autofree char *text = value_text (value);
  g_autofree char *json = observation_json (id, "p1", "8867-4", text, "2024-01-01T00:00:00Z");

  say (fd, 'r', FALSE, number, value);
  if (!put (store, "Observation", id, json, -1, NULL))
    _exit (4);
  say (fd, 'r', TRUE, number, value);
}

static void
do_import (RoundsStore *store, int fd, gint64 value)
{
  RoundsImportItem items[N_IMPORT] = { 0 };

  for (guint i = 0; i < N_IMPORT; i++)
    {
      g_autofree char *text = value_text (value);

      items[i].type = "Observation";
      items[i].id = g_strdup_printf ("i%" G_GINT64_FORMAT "-%u", value, i);
      items[i].json = observation_json (items[i].id, "p2", "8310-5", text, "2024-01-01T00:00:00Z");
    }
  say (fd, 'i', FALSE, 0, value);
  if (!rounds_store_import (store, items, N_IMPORT, FALSE, "f", NULL, NULL))
    _exit (5);
  say (fd, 'i', TRUE, 0, value);
  for (guint i = 0; i < N_IMPORT; i++)
    {
      g_free ((char *) items[i].id);
      g_free ((char *) items[i].json);
      g_free (items[i].stored_id);
    }
}

static void
do_series (RoundsStore *store, int fd, gint64 value)
{
  RoundsSample samples[N_SAMPLES];

  for (guint i = 0; i < N_SAMPLES; i++)
    samples[i] = (RoundsSample){ value * N_SAMPLES + i, i };
  say (fd, 's', FALSE, 0, value);
  if (!rounds_store_series_append (store, "p1", "hr", "/min", "HR", "f", samples, N_SAMPLES, NULL, NULL))
    _exit (6);
  say (fd, 's', TRUE, 0, value);
}

static GBytes *
blob_of (gint64 value)
{
  char *bytes = g_malloc (100000);

  memset (bytes, 'a' + value % 26, 100000);
  return g_bytes_new_take (bytes, 100000);
}

static void
do_blob (RoundsStore *store, int fd, gint64 value)
{
  g_autoptr (RoundsScanInstance) it = rounds_scan_instance_new ();
  g_autoptr (GBytes) bytes = blob_of (value);

  it->sop_uid = g_strdup_printf ("1.2.%" G_GINT64_FORMAT, value);
  it->series_uid = g_strdup ("1.2");
  it->study_uid = g_strdup ("1");
  say (fd, 'b', FALSE, 0, value);
  if (!rounds_store_scan_put (store, it, bytes, TRUE, NULL, NULL))
    _exit (7);
  say (fd, 'b', TRUE, 0, value);
}

static void
do_draft (RoundsStore *store, int fd, gint64 value)
{
  g_autofree char *text = value_text (value);

  say (fd, 'd', FALSE, 0, value);
  if (!rounds_store_set_draft (store, "note", text, NULL))
    _exit (8);
  say (fd, 'd', TRUE, 0, value);
}

static void
child (Fixture *f, int fd, gint64 value)
{
  g_autoptr (RoundsStore) store = rounds_store_open (f->vault, f->key, FALSE, NULL);

  if (store == NULL)
    _exit (2);
  for (;; value++)
    switch (g_random_int_range (0, 8))
      {
      case 0: do_import (store, fd, value); break;
      case 1: do_series (store, fd, value); break;
      case 2: do_blob (store, fd, value); break;
      case 3: do_draft (store, fd, value); break;
      default: do_record (store, fd, g_random_int_range (0, N_RECORDS), value); break;
      }
}

/* --- what must be there ----------------------------------------------------------------------------- */

typedef struct {
  gint64 acked, tried;   /* newest value; −1 = none */
} Known;

typedef struct {
  Known records[N_RECORDS];
  Known draft;
  GArray *imports, *series, *blobs;   /* gint64 acknowledged */
  gint64 maybe_import, maybe_series, maybe_blob;
  gint64 next_value;
  guint n_acked;
} Truth;

static void
listen (Truth *truth, int fd)
{
  Word word;

  truth->maybe_import = truth->maybe_series = truth->maybe_blob = -1;
  while (read (fd, &word, sizeof word) == sizeof word)
    {
      Known *known = word.kind == 'r' ? &truth->records[word.number] : word.kind == 'd' ? &truth->draft : NULL;
      GArray *list = word.kind == 'i' ? truth->imports : word.kind == 's' ? truth->series : truth->blobs;
      gint64 *maybe = word.kind == 'i'   ? &truth->maybe_import
                      : word.kind == 's' ? &truth->maybe_series
                                         : &truth->maybe_blob;

      truth->next_value = MAX (truth->next_value, word.value + 1);
      truth->n_acked += word.done != 0;
      if (known != NULL)
        *(word.done ? &known->acked : &known->tried) = word.value;
      else if (word.done)
        {
          g_array_append_val (list, word.value);
          *maybe = -1;
        }
      else
        *maybe = word.value;
    }
}

static gint64
value_in (const char *json)
{
  const char *at = strstr (json, "\"valueQuantity\":{\"value\":");

  return g_ascii_strtoll (at + strlen ("\"valueQuantity\":{\"value\":"), NULL, 10);
}

static void
check_known (Known *known, gint64 found)
{
  if (found == known->acked)
    known->tried = found;
  else
    {
      /* Not acknowledged, but the last thing that was tried: whole. */
      g_assert_cmpint (found, ==, known->tried);
      known->acked = found;
    }
}

static void
check_records (Fixture *f, Truth *truth)
{
  for (guint i = 0; i < N_RECORDS; i++)
    {
      g_autofree char *id = g_strdup_printf ("r%u", i);
      g_autoptr (RoundsRecord) record = rounds_store_get (f->store, "Observation", id, NULL);
      g_autoptr (GPtrArray) history = NULL;

      check_known (&truth->records[i], record != NULL ? value_in (record->json) : -1);
      if (record == NULL)
        continue;
      g_assert_true (record->unsynced);
      history = rounds_store_history (f->store, "Observation", id, NULL);
      /* No version lost and none twice. */
      g_assert_cmpint (history->len, ==, record->revision);
      for (guint k = 1; k < history->len; k++)
        g_assert_cmpint (value_in (((RoundsRecord *) history->pdata[k])->json), <,
                         value_in (((RoundsRecord *) history->pdata[k - 1])->json));
    }
}

static void
check_import (Fixture *f, Truth *truth)
{
  g_autoptr (GPtrArray) list = rounds_store_list (f->store, "Observation", "p2", 0, NULL);

  if (truth->maybe_import >= 0)
    {
      guint n = 0;

      for (guint i = 0; i < list->len; i++)
        n += value_in (((RoundsRecord *) list->pdata[i])->json) == truth->maybe_import;
      g_assert_true (n == 0 || n == N_IMPORT);
      if (n > 0)
        g_array_append_val (truth->imports, truth->maybe_import);
    }
  g_assert_cmpuint (list->len, ==, truth->imports->len * N_IMPORT);
}

static void
check_series (Fixture *f, Truth *truth)
{
  g_autoptr (GPtrArray) list = rounds_store_series_list (f->store, "p1", NULL);
  g_autoptr (GArray) samples = NULL;

  if (list->len == 0)
    {
      g_assert_cmpuint (truth->series->len, ==, 0);
      return;
    }
  samples = rounds_store_series_read (f->store, ((RoundsSeriesInfo *) list->pdata[0])->id, G_MININT64, G_MAXINT64, NULL);
  g_assert_cmpuint (samples->len, ==, ((RoundsSeriesInfo *) list->pdata[0])->n);
  if (truth->maybe_series >= 0 && samples->len == (truth->series->len + 1) * N_SAMPLES)
    g_array_append_val (truth->series, truth->maybe_series);
  g_assert_cmpuint (samples->len, ==, truth->series->len * N_SAMPLES);
}

static void
check_blobs (Fixture *f, Truth *truth)
{
  g_autoptr (GPtrArray) list = rounds_store_scan_list (f->store, NULL, NULL, "1.2", NULL);

  if (truth->maybe_blob >= 0 && list->len == truth->blobs->len + 1)
    g_array_append_val (truth->blobs, truth->maybe_blob);
  g_assert_cmpuint (list->len, ==, truth->blobs->len);
  g_assert_cmpuint (rounds_store_scan_outbox_count (f->store, NULL), ==, list->len);
  for (guint i = truth->blobs->len > 5 ? truth->blobs->len - 5 : 0; i < truth->blobs->len; i++)
    {
      gint64 value = g_array_index (truth->blobs, gint64, i);
      g_autofree char *uid = g_strdup_printf ("1.2.%" G_GINT64_FORMAT, value);
      g_autoptr (GBytes) bytes = rounds_store_scan_get (f->store, uid, NULL);
      g_autoptr (GBytes) want = blob_of (value);

      g_assert_nonnull (bytes);
      g_assert_true (g_bytes_equal (bytes, want));
    }
}

static void
check_all (Fixture *f, Truth *truth)
{
  g_autofree char *draft = rounds_store_dup_draft (f->store, "note", NULL);

  check_known (&truth->draft, draft != NULL ? g_ascii_strtoll (draft, NULL, 10) : -1);
  check_records (f, truth);
  check_import (f, truth);
  check_series (f, truth);
  check_blobs (f, truth);
  assert_audit_ok (f->store);
}

static void
kill_once (Fixture *f, Truth *truth)
{
  int ends[2], status;
  gint64 delay_us = g_test_rand_int_range (0, 80000);
  struct timespec delay = { 0, delay_us * 1000 };
  pid_t pid;

  g_assert_cmpint (pipe (ends), ==, 0);
  pid = fork ();
  if (pid == 0)
    {
      close (ends[0]);
      child (f, ends[1], truth->next_value);
      _exit (9);
    }
  close (ends[1]);
  /* Killed some while after its first word: the moment is the point of the test, not a wait for anything. */
  {
    fd_set set;

    FD_ZERO (&set);
    FD_SET (ends[0], &set);
    g_assert_cmpint (select (ends[0] + 1, &set, NULL, NULL, NULL), ==, 1);
  }
  nanosleep (&delay, NULL);
  kill (pid, SIGKILL);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSIGNALED (status));
  listen (truth, ends[0]);
  close (ends[0]);
}

static void
test_kill (void)
{
  Fixture f;
  Truth truth = { .next_value = 1, .draft = { -1, -1 } };
  const char *wanted = g_getenv ("ROUNDS_KILLS");
  guint rounds = wanted != NULL ? (guint) g_ascii_strtoull (wanted, NULL, 10) : 200;

  for (guint i = 0; i < N_RECORDS; i++)
    truth.records[i] = (Known){ -1, -1 };
  truth.imports = g_array_new (FALSE, FALSE, sizeof (gint64));
  truth.series = g_array_new (FALSE, FALSE, sizeof (gint64));
  truth.blobs = g_array_new (FALSE, FALSE, sizeof (gint64));
  fixture_new (&f);
  fixture_close (&f);
  for (guint i = 0; i < rounds; i++)
    {
      kill_once (&f, &truth);
      fixture_open (&f);
      check_all (&f, &truth);
      fixture_close (&f);
    }
  g_test_message ("%u kills, %u acknowledged changes, all there", rounds, truth.n_acked);
  g_assert_cmpuint (truth.n_acked, >, rounds / 2);
  g_array_unref (truth.imports);
  g_array_unref (truth.series);
  g_array_unref (truth.blobs);
  fixture_clear (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  signal (SIGPIPE, SIG_IGN);
  g_test_add_func ("/fault/kill", test_kill);
  return g_test_run ();
}
