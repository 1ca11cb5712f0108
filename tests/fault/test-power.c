/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The power goes at a random write, sync or truncate; what was not synced is lost, out of order or torn. And each
 * single write and sync of every kind of work fails in turn. What the store acknowledged is there afterwards,
 * whole and once; what it could not do it says. */
#include "power-vfs.h"
#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "store/damage.h"
#include "store/database.h"

#define N_CUTS 60
#define N_LIES 8

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

/* --- other bytes of an object that is here --------------------------------------------------------------- */

#define REPLACED "1.2.3.4"

static GBytes *
version_bytes (guint version)
{
  gsize size = 70000 + version * 1000;
  char *bytes = g_malloc (size);

  memset (bytes, 'a' + (int) version % 26, size);
  return g_bytes_new_take (bytes, size);
}

static gboolean
put_version (RoundsStore *store, guint version)
{
  g_autoptr (RoundsScanInstance) it = rounds_scan_instance_new ();
  g_autoptr (GBytes) bytes = version_bytes (version);

  it->sop_uid = g_strdup (REPLACED);
  it->series_uid = g_strdup ("1.2.3");
  it->study_uid = g_strdup ("1.2");
  it->instance_number = (int) version;
  return rounds_store_scan_put (store, it, bytes, TRUE, NULL, NULL);
}

/* The index and the bytes are of one version, which is returned, and the check finds nothing. */
static guint
assert_one_version (RoundsStore *store)
{
  g_autoptr (RoundsScanInstance) it = rounds_store_scan_info (store, REPLACED, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = rounds_store_scan_get (store, REPLACED, &error), want = NULL;
  RoundsCheckReport report = { 0 };

  g_assert_no_error (error);
  g_assert_nonnull (it);
  want = version_bytes ((guint) it->instance_number);
  g_assert_true (g_bytes_equal (bytes, want));
  g_assert_cmpint (it->size_bytes, ==, (gint64) g_bytes_get_size (want));
  g_assert_true (rounds_store_check (store, FALSE, 0, NULL, &report, NULL));
  g_assert_true (report.ok);
  rounds_check_report_clear (&report);
  return (guint) it->instance_number;
}

static gint64
count_pixels (Bench *self)
{
  g_autofree char *path = fixture_path (&self->f, "pixels.db");
  g_autoptr (RoundsDatabase) db = rounds_database_open (path, ROUNDS_DATABASE_PIXELS, ROUNDS_DATABASE_READER, self->f.key,
                                                        NULL);
  gint64 n = 0;

  g_assert_nonnull (db);
  g_assert_true (rounds_database_int (db, 0, &n, NULL, "SELECT count(*) FROM pixel", ""));
  return n;
}

/* Each write and sync fails in turn, then the power goes at each of them: what the index says is what is read. */
static void
test_replaced (void)
{
  guint version = 1, n_refused = 0, n_cuts = 0;
  Bench self;

  bench_new (&self);
  fixture_open (&self.f);
  g_assert_true (put_version (self.f.store, version));
  fixture_close (&self.f);
  for (PowerOp op = POWER_WRITE; op <= POWER_SYNC; op++)
    for (guint n = 1, failed = TRUE; failed; n++)
      {
        gboolean ok;

        fixture_open (&self.f);
        power_vfs_fail_at (op, n, ENOSPC);
        ok = put_version (self.f.store, version + 1);
        failed = power_vfs_failed ();
        power_vfs_fail_at (op, 0, 0);
        g_assert_true (ok || failed);
        n_refused += !ok;
        version += ok;
        g_assert_cmpuint (assert_one_version (self.f.store), ==, version);
        fixture_close (&self.f);
        fixture_open (&self.f);
        g_assert_cmpuint (assert_one_version (self.f.store), ==, version);
        fixture_close (&self.f);
        power_vfs_reset ();
        keep_head (&self);
      }
  for (guint n = 1, cut = TRUE; cut; n++)
    {
      gboolean ok;
      guint found;

      fixture_open (&self.f);
      power_vfs_cut_at (n);
      ok = put_version (self.f.store, version + 1);
      fixture_close (&self.f);
      cut = power_vfs_is_cut ();
      if (cut)
        crash (&self, n % POWER_N_MODES, TRUE);
      fixture_open (&self.f);
      found = assert_one_version (self.f.store);
      g_assert_true (found == version + 1 || (!ok && found == version));
      version = found;
      fixture_close (&self.f);
      power_vfs_reset ();
      keep_head (&self);
      n_cuts += cut;
    }
  /* What is not meant any more does not stay. */
  g_assert_cmpint (count_pixels (&self), ==, 1);
  g_test_message ("%u refusals and %u power cuts while an image was replaced", n_refused, n_cuts);
  g_assert_cmpuint (n_refused, >, 4);
  g_assert_cmpuint (n_cuts, >, 4);
  bench_clear (&self);
}

/* --- an older cache --------------------------------------------------------------------------------------- */

static void
run_sql (sqlite3 *handle, const char *sql)
{
  char *message = NULL;
  int code = sqlite3_exec (handle, sql, NULL, NULL, &message);

  if (code != SQLITE_OK)
    g_error ("%s: %s", sql, message);
}

static char *
key_text (RoundsSecret *key)
{
  gsize size;
  const guint8 *bytes = rounds_secret_get (key, &size);
  GString *text = g_string_new ("x'");

  for (gsize i = 0; i < size; i++)
    g_string_append_printf (text, "%02x", bytes[i]);
  g_string_append_c (text, '\'');
  return g_string_free (text, FALSE);
}

static char *
columns_of (sqlite3 *handle, const char *table)
{
  g_autofree char *sql = g_strdup_printf ("SELECT group_concat(name, ', ') FROM pragma_table_info('%s', 'main')", table);
  sqlite3_stmt *statement;
  char *text;

  g_assert_cmpint (sqlite3_prepare_v2 (handle, sql, -1, &statement, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_step (statement), ==, SQLITE_ROW);
  text = g_strdup ((const char *) sqlite3_column_text (statement, 0));
  sqlite3_finalize (statement);
  return text;
}

/* The same records as the first schema held them, in the pages of that time. */
static void
make_old (Fixture *f)
{
  g_autofree char *path = fixture_path (f, "records.db"), *old = fixture_path (f, "old.db"), *schema = NULL;
  g_autofree char *schema_path = g_test_build_filename (G_TEST_DIST, "..", "data", "schema", "001-records.sql", NULL);
  g_autofree char *key = key_text (f->key), *attach = NULL;
  g_autoptr (GPtrArray) tables = g_ptr_array_new_with_free_func (g_free);
  sqlite3_stmt *statement;
  sqlite3 *handle;

  g_assert_true (g_file_get_contents (schema_path, &schema, NULL, NULL));
  g_assert_cmpint (sqlite3_open_v2 (old, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_key_v2 (handle, "main", key, strlen (key)), ==, SQLITE_OK);
  run_sql (handle, "PRAGMA cipher_page_size = 4096; PRAGMA cipher_hmac_algorithm = HMAC_SHA256; "
                   "PRAGMA cipher_default_hmac_algorithm = HMAC_SHA256; PRAGMA journal_mode = WAL");
  run_sql (handle, schema);
  run_sql (handle, "PRAGMA cipher_default_page_size = 16384");
  attach = g_strdup_printf ("ATTACH '%s' AS new KEY \"%s\"", path, key);
  run_sql (handle, attach);
  g_assert_cmpint (sqlite3_prepare_v2 (handle, "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE "
                                       "'sqlite_%'", -1, &statement, NULL), ==, SQLITE_OK);
  while (sqlite3_step (statement) == SQLITE_ROW)
    g_ptr_array_add (tables, g_strdup ((const char *) sqlite3_column_text (statement, 0)));
  sqlite3_finalize (statement);
  for (guint i = 0; i < tables->len; i++)
    {
      g_autofree char *columns = columns_of (handle, tables->pdata[i]);
      g_autofree char *copy = g_strdup_printf ("INSERT INTO main.%s (%s) SELECT %s FROM new.%s", (char *) tables->pdata[i],
                                               columns, columns, (char *) tables->pdata[i]);
      run_sql (handle, copy);
    }
  run_sql (handle, "DETACH new; PRAGMA user_version = 1; PRAGMA application_id = 0x526e6452; "
                   "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA cipher_default_page_size = 4096");
  sqlite3_close (handle);
  g_assert_cmpint (g_rename (old, path), ==, 0);
}

/* The power goes at each write of the step to the newest schema: the cache opens afterwards, with everything. */
static void
test_migrate (void)
{
  g_autofree char *path = NULL, *bytes = NULL;
  guint n_cuts = 0;
  gsize size;
  Bench self;

  bench_new (&self);
  fixture_open (&self.f);
  for (guint i = 0; i < 40; i++)
    g_assert_true (work_any (self.f.store, self.rand, self.truth.next_value, work_truth_hear, &self.truth, NULL));
  fixture_close (&self.f);
  make_old (&self.f);
  path = fixture_path (&self.f, "records.db");
  g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  for (guint n = 1;; n += MAX (n / 10, 1))
    {
      g_autofree char *log = g_strconcat (path, "-wal", NULL), *shm = g_strconcat (path, "-shm", NULL);
      gboolean cut;

      (void) g_unlink (log);
      (void) g_unlink (shm);
      g_assert_true (g_file_set_contents (path, bytes, size, NULL));
      power_vfs_reset ();
      keep_head (&self);
      power_vfs_cut_at (n);
      self.f.store = rounds_store_open (self.f.vault, self.f.key, FALSE, NULL);
      cut = power_vfs_is_cut ();
      g_assert_true (cut || self.f.store != NULL);
      fixture_close (&self.f);
      if (!cut)
        break;
      n_cuts++;
      crash (&self, n % POWER_N_MODES, TRUE);
      fixture_open (&self.f);
      work_truth_check (&self.truth, self.f.store);
      fixture_close (&self.f);
    }
  g_test_message ("%u power cuts while an older cache was brought up to date", n_cuts);
  g_assert_cmpuint (n_cuts, >, 3);
  power_vfs_reset ();
  fixture_open (&self.f);
  work_truth_check (&self.truth, self.f.store);
  fixture_close (&self.f);
  bench_clear (&self);
}

/* --- temporary files ------------------------------------------------------------------------------------ */

/* Sorting, grouping and joining far more than the page cache holds, and a statement that fails half-way in a large
 * transaction: SQLite would put the plain text of all that into files of its own. */
static void
test_temporary (void)
{
  static const char *const queries[] = {
    "SELECT sum(n) FROM (SELECT length(local_json) AS n FROM resource ORDER BY local_json DESC LIMIT 100000 OFFSET 1)",
    "SELECT count(*) FROM (SELECT DISTINCT local_json || id FROM resource)",
    "SELECT max(n) FROM (SELECT count(*) AS n FROM resource GROUP BY substr(local_json, 20) ORDER BY 1)",
    ("WITH big AS MATERIALIZED (SELECT id, local_json FROM resource) "
     "SELECT count(*) FROM big a JOIN big b ON a.local_json = b.local_json"),
    "SELECT count(*) FROM (SELECT local_json FROM resource UNION SELECT id FROM resource)",
  };
  Bench self;
  g_autofree char *path = NULL;
  RoundsDatabase *db;

  bench_new (&self);
  fixture_open (&self.f);
  for (gint64 value = 1; value < 80; value++)
    g_assert_true (work_step (self.f.store, WORK_FILE, 1, value, work_truth_hear, &self.truth, NULL));
  path = fixture_path (&self.f, "records.db");
  for (int mode = ROUNDS_DATABASE_READER; mode <= ROUNDS_DATABASE_WRITER; mode++)
    {
      db = rounds_database_open (path, ROUNDS_DATABASE_RECORDS, mode, self.f.key, NULL);
      /* Less than there is, so that everything wants to spill. */
      g_assert_true (rounds_database_exec (db, "PRAGMA cache_size = 20", NULL));
      for (guint i = 0; i < G_N_ELEMENTS (queries); i++)
        {
          gint64 n = 0;

          g_assert_true (rounds_database_int (db, 0, &n, NULL, queries[i], ""));
          g_assert_cmpint (n, >, 0);
        }
      if (mode == ROUNDS_DATABASE_WRITER)
        {
          g_assert_true (rounds_database_exec (db, "CREATE TEMP TABLE copy AS SELECT * FROM resource", NULL));
          g_assert_true (rounds_database_exec (db, "BEGIN; UPDATE resource SET changed_by = 'x'; SAVEPOINT a; "
                                               "UPDATE resource SET changed_by = local_json", NULL));
          g_assert_false (rounds_database_exec (db, "UPDATE resource SET rid = CASE WHEN rid > 900 THEN 1 ELSE rid + 100000 "
                                                "END", NULL));
          g_assert_true (rounds_database_exec (db, "ROLLBACK TO a; ROLLBACK", NULL));
        }
      rounds_database_free (db);
    }
  g_assert_cmpuint (power_vfs_count_temporary (), ==, 0);
  fixture_close (&self.f);
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
  g_test_add_func ("/fault/power/temporary-files", test_temporary);
  g_test_add_func ("/fault/power/migrate", test_migrate);
  g_test_add_func ("/fault/power/replaced-image", test_replaced);
  g_test_add_data_func ("/fault/power/eio", GINT_TO_POINTER (EIO), test_fail);
  g_test_add_data_func ("/fault/power/enospc", GINT_TO_POINTER (ENOSPC), test_fail);
  return g_test_run ();
}
