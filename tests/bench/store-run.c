/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What tests/bench/store.py measures, with the peer in the same run: one and the same C program over plain
 * sqlite3 (loaded at run time), over SQLCipher without a key, and over SQLCipher as the store opens it; then the
 * store itself, which also parses, indexes and audits.
 *
 * usage: store-run RECORDS ROUNDS     a JSON object on stdout; plain and ours insert ROUNDS times */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "../store/store-fixture.h"
#include "store/database.h"

#define BATCH 10000

static double
now_s (void)
{
  return g_get_monotonic_time () / 1e6;
}

/* Processor time of this process: what remains comparable when the machine is shared. */
static double
cpu_s (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void
drop_log (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
}

/* --- the same program over any SQLite --------------------------------------------------------------- */

typedef struct {
  const char *name;
  int (*open_v2) (const char *, sqlite3 **, int, const char *);
  int (*exec) (sqlite3 *, const char *, int (*) (void *, int, char **, char **), void *, char **);
  int (*prepare) (sqlite3 *, const char *, int, sqlite3_stmt **, const char **);
  int (*bind_text) (sqlite3_stmt *, int, const char *, int, void (*) (void *));
  int (*bind_int64) (sqlite3_stmt *, int, sqlite3_int64);
  int (*step) (sqlite3_stmt *);
  int (*reset) (sqlite3_stmt *);
  int (*finalize) (sqlite3_stmt *);
  int (*close) (sqlite3 *);
  const char *(*errmsg) (sqlite3 *);
  const unsigned char *(*column_text) (sqlite3_stmt *, int);
  const char *pragmas;
  gboolean large_pages;
} Peer;

static gboolean
load_plain (Peer *peer)
{
  void *library = dlmopen (LM_ID_NEWLM, "libsqlite3.so.0", RTLD_NOW | RTLD_LOCAL);

  if (library == NULL)
    return FALSE;
  peer->name = "plain sqlite3";
  *(void **) &peer->open_v2 = dlsym (library, "sqlite3_open_v2");
  *(void **) &peer->exec = dlsym (library, "sqlite3_exec");
  *(void **) &peer->prepare = dlsym (library, "sqlite3_prepare_v2");
  *(void **) &peer->bind_text = dlsym (library, "sqlite3_bind_text");
  *(void **) &peer->bind_int64 = dlsym (library, "sqlite3_bind_int64");
  *(void **) &peer->step = dlsym (library, "sqlite3_step");
  *(void **) &peer->reset = dlsym (library, "sqlite3_reset");
  *(void **) &peer->finalize = dlsym (library, "sqlite3_finalize");
  *(void **) &peer->close = dlsym (library, "sqlite3_close");
  *(void **) &peer->errmsg = dlsym (library, "sqlite3_errmsg");
  *(void **) &peer->column_text = dlsym (library, "sqlite3_column_text");
  return peer->close != NULL;
}

static void
load_cipher (Peer *peer, const char *name, const char *pragmas)
{
  *peer = (Peer){ name, sqlite3_open_v2, sqlite3_exec, sqlite3_prepare_v2, sqlite3_bind_text, sqlite3_bind_int64,
                  sqlite3_step, sqlite3_reset, sqlite3_finalize, sqlite3_close, sqlite3_errmsg, sqlite3_column_text, pragmas };
}

typedef struct {
  guint n;
  char **ids, **patients, **texts;
  gint64 *times;
} Records;

static sqlite3 *
peer_open (Peer *peer, const char *path)
{
  sqlite3 *db;

  g_assert_cmpint (peer->open_v2 (path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL), ==, SQLITE_OK);
  if (peer->pragmas != NULL)
    g_assert_cmpint (peer->exec (db, peer->pragmas, NULL, NULL, NULL), ==, SQLITE_OK);
  peer->exec (db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;"
                  "PRAGMA temp_store = MEMORY", NULL, NULL, NULL);
  /* As many bytes of log for everybody, whatever their pages. */
  peer->exec (db, peer->large_pages ? "PRAGMA wal_autocheckpoint = 2048" : "PRAGMA wal_autocheckpoint = 8192", NULL, NULL,
              NULL);
  return db;
}

static double
peer_insert (Peer *peer, const char *path, const Records *records, double *cpu)
{
  double start, cpu_start;
  sqlite3_stmt *statement;
  sqlite3 *db = peer_open (peer, path);

  peer->exec (db, "CREATE TABLE resource (rid INTEGER PRIMARY KEY, type INTEGER, id TEXT, patient TEXT, time_us INTEGER, "
                  "json TEXT); CREATE UNIQUE INDEX a ON resource (id, type); CREATE INDEX b ON resource (patient, type, "
                  "time_us)", NULL, NULL, NULL);
  start = now_s ();
  cpu_start = cpu_s ();
  peer->prepare (db, "INSERT INTO resource (type, id, patient, time_us, json) VALUES (1, ?, ?, ?, ?)", -1, &statement,
                 NULL);
  for (guint i = 0; i < records->n; i++)
    {
      if (i % BATCH == 0)
        peer->exec (db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
      peer->bind_text (statement, 1, records->ids[i], -1, SQLITE_STATIC);
      peer->bind_text (statement, 2, records->patients[i], -1, SQLITE_STATIC);
      peer->bind_int64 (statement, 3, records->times[i]);
      peer->bind_text (statement, 4, records->texts[i], -1, SQLITE_STATIC);
      if (peer->step (statement) != SQLITE_DONE)
        {
          fprintf (stderr, "%s, record %u: %s\n", peer->name, i, peer->errmsg (db));
          exit (1);
        }
      peer->reset (statement);
      if (i % BATCH == BATCH - 1 || i + 1 == records->n)
        g_assert_cmpint (peer->exec (db, "COMMIT", NULL, NULL, NULL), ==, SQLITE_OK);
    }
  peer->finalize (statement);
  start = now_s () - start;
  *cpu = cpu_s () - cpu_start;
  peer->close (db);
  return start;
}

static double
peer_chart (Peer *peer, const char *path, const Records *records)
{
  sqlite3 *db = peer_open (peer, path);
  sqlite3_stmt *statement;
  double best = 1e9;
  gsize bytes = 0;

  peer->prepare (db, "SELECT id, json FROM resource WHERE patient = ? AND type = 1 ORDER BY time_us DESC", -1, &statement,
                 NULL);
  for (guint round = 0; round < 30; round++)
    {
      double start = now_s (), took;

      for (guint i = 0; i < 20; i++)
        {
          peer->bind_text (statement, 1, records->patients[i], -1, SQLITE_STATIC);
          while (peer->step (statement) == SQLITE_ROW)
            {
              g_autofree char *text = g_strdup ((char *) peer->column_text (statement, 1));
              bytes += strlen (text);
            }
          peer->reset (statement);
        }
      took = now_s () - start;
      best = MIN (best, took);
    }
  g_assert_cmpuint (bytes, >, 0);
  peer->finalize (statement);
  peer->close (db);
  return best / 20;
}

static double
peer_scan (Peer *peer, const char *path, double *cpu)
{
  double best = 1e9;

  *cpu = 1e9;
  for (guint round = 0; round < 3; round++)
    {
      sqlite3 *db = peer_open (peer, path);
      double start = now_s (), cpu_start = cpu_s (), took;

      peer->exec (db, "SELECT sum(length(json)) FROM resource WHERE json LIKE '%no such text%'", NULL, NULL, NULL);
      took = now_s () - start;
      best = MIN (best, took);
      took = cpu_s () - cpu_start;
      *cpu = MIN (*cpu, took);
      peer->close (db);
    }
  return best;
}

/* --- data ------------------------------------------------------------------------------------------- */

static void
make_records (Records *records, guint n)
{
  GRand *random = g_rand_new_with_seed (7);

  *records = (Records){ n, g_new (char *, n), g_new (char *, n), g_new (char *, n), g_new (gint64, n) };
  for (guint i = 0; i < n; i++)
    {
      records->ids[i] = g_strdup_printf ("%08x-%04x-4%03x-8%03x-%08x%04x", g_rand_int (random), g_rand_int (random) & 0xffff,
                                         g_rand_int (random) & 0xfff, g_rand_int (random) & 0xfff, g_rand_int (random),
                                         g_rand_int (random) & 0xffff);
      /* A few hundred a patient, as they come from a server: patient by patient. */
      records->patients[i] = g_strdup_printf ("patient-%u", i / 250);
      records->times[i] = (gint64) i * 60000000;
      records->texts[i] = g_strdup_printf (
        "{\"resourceType\":\"Observation\",\"id\":\"%s\",\"meta\":{\"versionId\":\"1\",\"lastUpdated\":"
        "\"2026-01-01T00:00:00.000Z\"},\"status\":\"final\",\"category\":[{\"coding\":[{\"system\":"
        "\"http://terminology.hl7.org/CodeSystem/observation-category\",\"code\":\"vital-signs\",\"display\":\"Vital "
        "signs\"}]}],\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"%d-%d\",\"display\":\"Some "
        "measured value\"}],\"text\":\"Some measured value\"},\"subject\":{\"reference\":\"Patient/%s\"},\"encounter\":{"
        "\"reference\":\"Encounter/enc-%u\"},\"effectiveDateTime\":\"20%02d-%02d-%02dT%02d:00:00+01:00\",\"issued\":"
        "\"2020-01-01T00:00:00.000+01:00\",\"valueQuantity\":{\"value\":%d.%02d,\"unit\":\"mmHg\",\"system\":"
        "\"http://unitsofmeasure.org\",\"code\":\"mm[Hg]\"},\"note\":[{\"text\":\"%0256u\"}]}",
        records->ids[i], 8000 + i % 40, i % 9, records->patients[i], i / 20, 10 + i % 16, 1 + i % 12, 1 + i % 28, i % 24,
        60 + i % 100, i % 100, i);
    }
  g_rand_free (random);
}

static RoundsImportItem *
make_items (const Records *records)
{
  RoundsImportItem *items = g_new0 (RoundsImportItem, records->n);

  for (guint i = 0; i < records->n; i++)
    {
      items[i].type = "Observation";
      items[i].id = records->ids[i];
      items[i].json = records->texts[i];
    }
  return items;
}

/* --- the store -------------------------------------------------------------------------------------- */

static double
store_insert (const Records *records, gboolean as_known, double *chart_s)
{
  Fixture f;
  g_autofree RoundsImportItem *items = make_items (records);
  double start, took, once;
  GError *error = NULL;

  fixture_new (&f);
  start = now_s ();
  rounds_store_import (f.store, items, records->n, as_known, "bench", NULL, &error);
  g_assert_no_error (error);
  took = now_s () - start;
  if (chart_s != NULL)
    {
      *chart_s = 1e9;
      for (guint round = 0; round < 30; round++)
        {
          start = now_s ();
          for (guint i = 0; i < 20; i++)
            list_length (rounds_store_list (f.store, "Observation", records->patients[i], 0, NULL));
          once = (now_s () - start) / 20;
          *chart_s = MIN (*chart_s, once);
        }
    }
  fixture_clear (&f);
  return took;
}

static double
store_open_s (void)
{
  Fixture f;
  double best = 1e9;
  g_autofree char *patient = patient_json ("p1", "Adams", "Ann");

  fixture_new (&f);
  must_put (f.store, "Patient", "p1", patient);
  for (guint i = 0; i < 20; i++)
    {
      double start, took;

      fixture_close (&f);
      start = now_s ();
      fixture_open (&f);
      took = now_s () - start;
      best = MIN (best, took);
    }
  fixture_clear (&f);
  return best;
}

#define KEY "PRAGMA key = \"x'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'\";"

static void
measure_peer (Peer *peer, const char *folder, guint number, const Records *records, guint rounds)
{
  double insert = G_MAXDOUBLE, insert_cpu = G_MAXDOUBLE, chart, scan, scan_cpu;
  g_autofree char *path = NULL;

  /* The best of the rounds: the disk is shared. */
  for (guint round = 0; round < rounds; round++)
    {
      double cpu, took;

      g_free (path);
      path = g_strdup_printf ("%s/%u-%u.db", folder, number, round);
      took = peer_insert (peer, path, records, &cpu);
      insert = MIN (insert, took);
      insert_cpu = MIN (insert_cpu, cpu);
    }
  chart = peer_chart (peer, path, records);
  scan = peer_scan (peer, path, &scan_cpu);
  printf ("%s{\"name\":\"%s\",\"insert_s\":%.4f,\"insert_cpu_s\":%.4f,\"chart_ms\":%.4f,\"scan_ms\":%.3f,"
          "\"scan_cpu_ms\":%.3f}", number > 0 ? "," : "", peer->name, insert, insert_cpu, chart * 1e3, scan * 1e3,
          scan_cpu * 1e3);
}

static void
measure_peers (const Records *records, guint rounds)
{
  g_autofree char *folder = g_dir_make_tmp ("rounds-bench-XXXXXX", NULL);
  guint n = 0;
  Peer peer = { 0 };

  printf ("\"peers\":[");
  if (load_plain (&peer))
    {
      peer.pragmas = "PRAGMA secure_delete = OFF";
      measure_peer (&peer, folder, n++, records, rounds);
    }
  load_cipher (&peer, "no key", "PRAGMA secure_delete = OFF");
  measure_peer (&peer, folder, n++, records, 1);
  load_cipher (&peer, "SHA-256", KEY "PRAGMA cipher_page_size = 16384; PRAGMA cipher_hmac_algorithm = HMAC_SHA256;"
                                     "PRAGMA secure_delete = OFF");
  peer.large_pages = TRUE;
  measure_peer (&peer, folder, n++, records, rounds);
  load_cipher (&peer, "small pages", KEY "PRAGMA cipher_page_size = 4096; PRAGMA cipher_hmac_algorithm = HMAC_SHA256;"
                                         "PRAGMA secure_delete = OFF");
  measure_peer (&peer, folder, n++, records, 1);
  load_cipher (&peer, "SHA-512", KEY "PRAGMA cipher_page_size = 4096");
  measure_peer (&peer, folder, n++, records, 1);
  printf ("],");
  remove_tree (folder);
}

int
main (int argc, char **argv)
{
  double chart, known, to_send;
  Records records;
  struct rusage usage;

  if (argc != 3 || atoi (argv[1]) <= 0 || atoi (argv[2]) <= 0)
    return 2;
  g_log_set_default_handler (drop_log, NULL);
  make_records (&records, (guint) atoi (argv[1]));
  printf ("{\"records\":%u,\"bytes\":%zu,", records.n, strlen (records.texts[records.n / 2]));
  measure_peers (&records, (guint) atoi (argv[2]));
  known = store_insert (&records, TRUE, &chart);
  to_send = store_insert (&records, FALSE, NULL);
  getrusage (RUSAGE_SELF, &usage);
  printf ("\"import_s\":%.3f,\"import_to_send_s\":%.3f,\"chart_ms\":%.4f,\"open_ms\":%.3f,", known, to_send, chart * 1e3,
          store_open_s () * 1e3);
  printf ("\"memory_mb\":%ld}\n", usage.ru_maxrss / 1024);
  return 0;
}
