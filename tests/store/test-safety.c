/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What must never happen to the cache: made anew over a lost one, opened when changed, written by a role that
 * may not, its trail altered unseen, its text found in any file. */
#include "audit-fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "store/store-private.h"

#define CANARY "zanzibarcanary"
#define PAGE 16384   /* of records.db */

static char *
file_digest (const char *path)
{
  g_autofree char *bytes = NULL;
  gsize size = 0;

  if (!g_file_get_contents (path, &bytes, &size, NULL))
    return g_strdup ("absent");
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, (guchar *) bytes, size);
}

static void
assert_open_fails (Fixture *f, int code)
{
  for (gboolean create = FALSE; create <= TRUE; create++)
    {
      g_autofree char *path = fixture_path (f, "records.db");
      g_autofree char *before = file_digest (path), *after = NULL;
      g_autoptr (GError) error = NULL;
      RoundsStore *store = rounds_store_open (f->vault, f->key, create, &error);

      g_assert_null (store);
      g_assert_error (error, ROUNDS_STORE_ERROR, code);
      after = file_digest (path);
      g_assert_cmpstr (before, ==, after);
    }
}

/* A cache with a few hundred kilobytes in it, closed. */
static void
fill (Fixture *f)
{
  g_autoptr (RoundsEdit) edit = rounds_edit_new ("fill");

  fixture_new (f);
  for (guint i = 0; i < 300; i++)
    {
      g_autofree char *id = g_strdup_printf ("o%u", i);
      g_autofree char *json = observation_json (id, "p1", "8867-4", "70", "2024-01-01T00:00:00Z");

      rounds_edit_put (edit, "Observation", id, json, 0);
    }
  g_assert_true (rounds_store_apply (f->store, edit, NULL));
  fixture_close (f);
}

static void
test_missing (void)
{
  Fixture f;
  g_autofree char *path = NULL, *pixels = NULL, *bytes = NULL;
  gsize size;

  fill (&f);
  path = fixture_path (&f, "records.db");
  pixels = fixture_path (&f, "pixels.db");
  g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  g_unlink (path);
  assert_open_fails (&f, ROUNDS_STORE_ERROR_DAMAGED);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  assert_open_fails (&f, ROUNDS_STORE_ERROR_DAMAGED);
  g_assert_true (g_file_set_contents (path, bytes, size / PAGE / 2 * PAGE, NULL));
  assert_open_fails (&f, ROUNDS_STORE_ERROR_DAMAGED);
  g_assert_true (g_file_set_contents (path, bytes, 1000, NULL));
  assert_open_fails (&f, ROUNDS_STORE_ERROR_DAMAGED);
  g_assert_true (g_file_set_contents (path, "SQLite format 3", -1, NULL));
  assert_open_fails (&f, ROUNDS_STORE_ERROR_DAMAGED);
  g_assert_true (g_file_set_contents (path, bytes, size, NULL));
  g_unlink (pixels);
  assert_open_fails (&f, ROUNDS_STORE_ERROR_DAMAGED);
  g_assert_false (g_file_test (pixels, G_FILE_TEST_EXISTS));
  fixture_clear (&f);
}

/* One flipped byte anywhere: seen at the latest when its page is read, and the file is left as it is. */
static void
test_flipped_byte (void)
{
  Fixture f;
  g_autofree char *path = NULL, *bytes = NULL;
  gsize size;
  guint n_pages;

  fill (&f);
  path = fixture_path (&f, "records.db");
  g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  n_pages = size / PAGE;
  g_assert_cmpuint (n_pages, >, 40);
  for (guint page = 0; page < n_pages; page += page < 2 ? 1 : 17)
    {
      g_autofree char *changed = g_memdup2 (bytes, size);
      g_autofree char *before = NULL, *after = NULL;
      g_autoptr (GError) error = NULL;
      RoundsDatabase *db;
      gint64 n = 0;
      gboolean ok;

      changed[page * PAGE + 1234] ^= 1;
      g_assert_true (g_file_set_contents (path, changed, size, NULL));
      before = file_digest (path);
      db = rounds_database_open (path, ROUNDS_DATABASE_RECORDS, ROUNDS_DATABASE_READER, f.key, &error);
      ok = db != NULL &&
           rounds_database_int (db, 0, &n, &error,
                                "SELECT (SELECT sum(length(local_json) + length(id) + time_us) FROM resource) + "
                                "(SELECT count(*) FROM resource r WHERE r.patient > 0 AND r.time_us > 0) + "
                                "(SELECT sum(length(hash)) FROM audit) + (SELECT count(*) FROM sqlite_master)", "");
      /* Some pages belong to tables that this query does not touch: whole-file check for those. */
      if (ok)
        {
          g_autoptr (RoundsRows) rows = rounds_database_query (db, &error, "PRAGMA cipher_integrity_check", "");
          gboolean row;

          g_assert_true (rounds_database_next (db, rows, &row, &error));
          g_assert_true (row);
        }
      else
        g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DAMAGED);
      rounds_database_free (db);
      after = file_digest (path);
      g_assert_cmpstr (before, ==, after);
    }
  g_assert_true (g_file_set_contents (path, bytes, size, NULL));
  fixture_open (&f);
  assert_audit_ok (f.store);
  fixture_clear (&f);
}

/* Through the store's own door: the open or the reading says DAMAGED. */
static void
test_flipped_reads (void)
{
  Fixture f;
  g_autofree char *path = NULL, *bytes = NULL;
  gsize size;
  guint n_damaged = 0;

  fill (&f);
  path = fixture_path (&f, "records.db");
  g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  for (guint page = 0; page < size / PAGE; page += 2)
    {
      g_autofree char *changed = g_memdup2 (bytes, size);
      g_autoptr (GError) error = NULL;
      g_autoptr (RoundsStore) store = NULL;

      changed[page * PAGE + 77] ^= 0x80;
      g_assert_true (g_file_set_contents (path, changed, size, NULL));
      store = rounds_store_open (f.vault, f.key, TRUE, &error);
      if (store != NULL)
        {
          GPtrArray *list = rounds_store_list (store, NULL, "p1", 0, &error);

          if (list != NULL)
            {
              g_assert_cmpuint (list_length (list), ==, 300);
              continue;
            }
        }
      g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DAMAGED);
      n_damaged++;
    }
  g_assert_cmpuint (n_damaged, >, 5);
  fixture_clear (&f);
}

static void
test_wrong_key (void)
{
  Fixture f;
  RoundsSecret *right;

  fill (&f);
  right = f.key;
  f.key = rounds_secret_new_random (32);
  assert_open_fails (&f, ROUNDS_STORE_ERROR_DAMAGED);
  rounds_secret_unref (f.key);
  f.key = right;
  fixture_open (&f);
  fixture_clear (&f);
}

static void
test_newer_schema (void)
{
  Fixture f;
  g_autofree char *path = NULL;
  RoundsDatabase *db;

  fill (&f);
  path = fixture_path (&f, "records.db");
  db = rounds_database_open (path, ROUNDS_DATABASE_RECORDS, ROUNDS_DATABASE_WRITER, f.key, NULL);
  g_assert_true (rounds_database_exec (db, "PRAGMA user_version = 99", NULL));
  rounds_database_free (db);
  assert_open_fails (&f, ROUNDS_STORE_ERROR_NEWER);
  fixture_clear (&f);
}

static void
test_not_made (void)
{
  Fixture f;
  g_autoptr (RoundsSecret) passphrase = secret_of ("x");
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  g_setenv ("ROUNDS_KDF_FLOOR", "1", TRUE);
  memset (&f, 0, sizeof f);
  f.folder = g_dir_make_tmp ("rounds-store-XXXXXX", NULL);
  f.vault = rounds_vault_create (f.folder, "A", ROUNDS_ROLE_PHYSICIAN, passphrase, NULL, NULL);
  f.key = rounds_vault_unlock (f.vault, passphrase, NULL);
  path = fixture_path (&f, "records.db");
  /* Without being told to, nothing is made. */
  g_assert_null (rounds_store_open (f.vault, f.key, FALSE, &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DAMAGED);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  fixture_open (&f);
  fixture_clear (&f);
}

/* A failed unlock does not touch the database, and stands in the trail at the next opening. */
static void
test_failed_unlock (void)
{
  Fixture f;
  g_autoptr (RoundsSecret) wrong = secret_of ("wrong"), right = secret_of ("correct horse");
  g_autofree char *path = NULL, *before = NULL, *after = NULL;
  g_autoptr (GPtrArray) list = NULL;
  guint n = 0;

  fill (&f);
  path = fixture_path (&f, "records.db");
  before = file_digest (path);
  for (guint i = 0; i < 2; i++)
    g_assert_null (rounds_vault_unlock (f.vault, wrong, NULL));
  after = file_digest (path);
  g_assert_cmpstr (before, ==, after);
  rounds_secret_unref (f.key);
  f.key = rounds_vault_unlock (f.vault, right, NULL);
  fixture_open (&f);
  list = rounds_store_audit_list (f.store, 0, 0, NULL);
  for (guint i = 0; i < list->len; i++)
    n += g_str_equal (((RoundsAuditRow *) list->pdata[i])->action, "unlock-failed");
  g_assert_cmpuint (n, ==, 2);
  assert_audit_ok (f.store);
  fixture_clear (&f);
}

/* --- audit ------------------------------------------------------------------------------------------ */

static void
test_tampering (void)
{
  static const struct { const char *sql; guint64 first_bad; } cases[] = {
    { "UPDATE audit SET id = 'p9' WHERE seq = 4", 4 },                                      /* edited */
    { "UPDATE audit SET detail = '' WHERE seq = 4", 4 },
    { "DELETE FROM audit WHERE seq = 5", 5 },                                               /* removed */
    { "UPDATE audit SET seq = seq - 1 WHERE seq > 5", 0 },
    { "UPDATE audit SET seq = 99 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4; "
      "UPDATE audit SET seq = 4 WHERE seq = 99", 3 },                                       /* reordered */
    { "DELETE FROM audit WHERE seq > 6", 7 },                                               /* truncated */
    { "DELETE FROM audit", 1 },
  };
  Fixture f;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      audited (&f);
      if (i == 3)
        tamper (&f, "DELETE FROM audit WHERE seq = 5");
      tamper (&f, cases[i].sql);
      {
        RoundsAuditState state = { 0 };

        fixture_open (&f);
        g_assert_true (rounds_store_audit_verify (f.store, &state, NULL));
        g_assert_false (state.ok);
        if (cases[i].first_bad != 0)
          g_assert_cmpuint (state.first_bad, ==, cases[i].first_bad);
        rounds_audit_state_clear (&state);
        g_assert_true (rounds_store_audit (f.store, "view", "Patient", "p1", NULL, NULL));
        fixture_close (&f);
        fixture_open (&f);
        g_assert_true (rounds_store_audit_verify (f.store, &state, NULL));
        g_assert_false (state.ok);
        rounds_audit_state_clear (&state);
      }
      fixture_clear (&f);
    }
}

/* A chain computed anew from a changed row on, with right hashes: only the sealed head tells. The honest
 * writer itself builds it here, so that the hashes are right for certain. */
static void
test_rebuilt (void)
{
  Fixture f;
  g_autofree char *head = NULL, *bytes = NULL;
  gsize size;
  RoundsAuditState state = { 0 };

  audited (&f);
  head = fixture_path (&f, "audit.head");
  g_assert_true (g_file_get_contents (head, &bytes, &size, NULL));
  tamper (&f, "DELETE FROM audit WHERE seq > 3");
  fixture_open (&f);
  for (guint i = 0; i < 20; i++)
    g_assert_true (rounds_store_audit (f.store, "view", "Patient", "other", NULL, NULL));
  g_assert_true (rounds_store_audit_verify (f.store, &state, NULL));
  g_assert_cmpuint (state.rows, ==, 23);
  g_assert_false (state.ok);
  rounds_audit_state_clear (&state);
  fixture_clear (&f);

  /* Without the head there is nothing to believe, and a forged one is not believed. */
  audited (&f);
  g_free (head);
  head = fixture_path (&f, "audit.head");
  g_unlink (head);
  fixture_open (&f);
  g_assert_true (rounds_store_audit_verify (f.store, &state, NULL));
  g_assert_false (state.ok);
  rounds_audit_state_clear (&state);
  fixture_close (&f);
  g_assert_true (g_file_set_contents (head, bytes, size, NULL));
  fixture_open (&f);
  g_assert_true (rounds_store_audit_verify (f.store, &state, NULL));
  g_assert_false (state.ok);
  rounds_audit_state_clear (&state);
  fixture_clear (&f);
}

/* Yesterday's whole database put back opens, but does not pass. */
static void
test_rolled_back (void)
{
  Fixture f;
  g_autofree char *path = NULL, *bytes = NULL;
  gsize size;
  RoundsAuditState state = { 0 };

  fill (&f);
  path = fixture_path (&f, "records.db");
  g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  fixture_open (&f);
  must_put (f.store, "Patient", "p1", "{\"resourceType\":\"Patient\",\"id\":\"p1\"}");
  fixture_close (&f);
  g_assert_true (g_file_set_contents (path, bytes, size, NULL));
  fixture_open (&f);
  g_assert_true (rounds_store_audit_verify (f.store, &state, NULL));
  g_assert_false (state.ok);
  rounds_audit_state_clear (&state);
  fixture_clear (&f);
}

/* --- roles ------------------------------------------------------------------------------------------ */

static guint
count_denied (RoundsStore *store)
{
  g_autoptr (GPtrArray) list = rounds_store_audit_list (store, 0, 0, NULL);
  guint n = 0;

  for (guint i = 0; i < list->len; i++)
    n += g_str_equal (((RoundsAuditRow *) list->pdata[i])->action, "denied");
  return n;
}

/* Every door to writing, for a role that may only read: refused, nothing done, and in the trail. */
static void
test_read_only_everywhere (void)
{
  Fixture f;
  g_autofree char *a = patient_json ("p1", "Adams", "Ann");
  g_autofree char *o = observation_json ("o1", "p1", "8867-4", "70", "2024-01-01");
  RoundsImportItem item = { .type = "Patient", .id = "p1", .json = a };
  RoundsDownload page = { "Patient", "p1", "1", a, 0 };
  RoundsSample sample = { 0, 70 };
  g_autoptr (RoundsScanInstance) scan = rounds_scan_instance_new ();
  g_autoptr (GBytes) bytes = g_bytes_new_static ("abc", 3);
  guint n = 0;

  fixture_new_role (&f, ROUNDS_ROLE_READ_ONLY);
  scan->sop_uid = g_strdup ("1.2.3");
  scan->series_uid = g_strdup ("1.2");
  scan->study_uid = g_strdup ("1");
  /* What the cloud says is taken: that is all there is to read. */
  g_assert_true (rounds_store_download_page (f.store, &page, 1, "s", "{}", NULL, NULL, NULL));
#define DENIED(call)                                                            \
  G_STMT_START                                                                  \
  {                                                                             \
    g_autoptr (GError) error = NULL;                                            \
    g_assert_false (call);                                                      \
    g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DENIED);      \
    g_assert_cmpuint (count_denied (f.store), ==, ++n);                         \
  }                                                                             \
  G_STMT_END
  DENIED (put (f.store, "Observation", "o1", o, -1, &error));
  DENIED (delete_one (f.store, "Patient", "p1", -1, &error));
  DENIED (rounds_store_undo (f.store, "Patient", "p1", 1, &error));
  DENIED (rounds_store_import (f.store, &item, 1, FALSE, "f", NULL, &error));
  DENIED (rounds_store_import (f.store, &item, 1, TRUE, "f", NULL, &error));
  DENIED (rounds_store_series_append (f.store, "p1", "8867-4", "/min", "HR", "f", &sample, 1, NULL, &error));
  DENIED (rounds_store_scan_put (f.store, scan, bytes, TRUE, NULL, &error));
  DENIED (rounds_store_scan_put (f.store, scan, bytes, FALSE, NULL, &error));
  DENIED (rounds_store_scan_set_measurement (f.store, "1.2", "u", "{}", &error));
  DENIED (rounds_store_scan_assign (f.store, "1", "p1", &error));
  DENIED (rounds_store_outbox_discard (f.store, "Patient", "p1", &error));
  DENIED (rounds_store_conflict_resolve (f.store, "Patient", "p1", a, &error));
  DENIED (rounds_store_audit (f.store, "export", "Patient", "p1", NULL, &error));
  /* Known from the cloud's index, its bytes may come. */
  g_assert_true (rounds_store_scan_put (f.store, scan, NULL, FALSE, NULL, NULL));
  g_assert_true (rounds_store_scan_put (f.store, scan, bytes, FALSE, NULL, NULL));
  g_assert_cmpuint (rounds_store_outbox_count (f.store, NULL), ==, 0);
  g_assert_cmpuint (list_length (rounds_store_list (f.store, NULL, "p1", 0, NULL)), ==, 1);
  g_assert_cmpuint (list_length (rounds_store_series_list (f.store, "p1", NULL)), ==, 0);
  assert_audit_ok (f.store);
  fixture_clear (&f);
}

static void
test_nurse (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;
  g_autofree char *o = observation_json ("o1", "p1", "8867-4", "70", "2024-01-01");
  g_autoptr (RoundsEdit) edit = rounds_edit_new (NULL);

  fixture_new_role (&f, ROUNDS_ROLE_NURSE);
  g_assert_true (put (f.store, "Observation", "o1", o, -1, NULL));
  /* One refused change takes the whole set with it. */
  rounds_edit_delete (edit, "Observation", "o1", -1);
  rounds_edit_put (edit, "MedicationRequest", "m1", "{\"resourceType\":\"MedicationRequest\",\"id\":\"m1\"}", -1);
  g_assert_false (rounds_store_apply (f.store, edit, &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DENIED);
  g_assert_cmpuint (count_denied (f.store), ==, 1);
  g_assert_cmpuint (list_length (rounds_store_list (f.store, "Observation", "p1", 0, NULL)), ==, 1);
  fixture_clear (&f);
}

/* --- canary ----------------------------------------------------------------------------------------- */

static void
assert_no_canary (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  if (dir == NULL)
    {
      g_autofree char *bytes = NULL;
      gsize size;

      if (g_file_get_contents (path, &bytes, &size, NULL))
        g_assert_null (memmem (bytes, size, CANARY, strlen (CANARY)));
      return;
    }
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      assert_no_canary (child);
    }
}

/* Plain text of a patient is in none of our files: not in the database, its log, a draft or a spilled sort. */
static void
test_canary (void)
{
  Fixture f;
  g_autofree char *temp = g_dir_make_tmp ("rounds-temp-XXXXXX", NULL);
  g_autofree char *path = NULL;
  g_autoptr (RoundsEdit) edit = rounds_edit_new (CANARY);
  RoundsDatabase *db;
  g_autoptr (GError) error = NULL;

  g_setenv ("SQLITE_TMPDIR", temp, TRUE);
  fixture_new (&f);
  for (guint i = 0; i < 200; i++)
    {
      g_autofree char *id = g_strdup_printf ("p%u", i);
      g_autofree char *json = patient_json (id, CANARY, "Ann");

      rounds_edit_put (edit, "Patient", id, json, 0);
    }
  g_assert_true (rounds_store_apply (f.store, edit, NULL));
  g_assert_true (rounds_store_set_draft (f.store, CANARY, CANARY, NULL));
  g_assert_cmpuint (list_length (rounds_store_find_patients (f.store, CANARY, 0, NULL)), ==, 200);
  assert_no_canary (f.folder);
  fixture_close (&f);
  assert_no_canary (f.folder);
  /* A sort and a temporary table far beyond the cache's memory: spilled, they would be files in temp. */
  path = fixture_path (&f, "records.db");
  db = rounds_database_open (path, ROUNDS_DATABASE_RECORDS, ROUNDS_DATABASE_WRITER, f.key, NULL);
  g_assert_true (rounds_database_exec (db, "PRAGMA cache_size = 10; PRAGMA soft_heap_limit = 1000000;"
                                           "CREATE TEMP TABLE big AS SELECT a.name || b.name || c.id AS x FROM patient a, "
                                           "patient b, (SELECT id FROM patient LIMIT 5) c;", &error));
  g_assert_no_error (error);
  {
    gint64 n;
    g_autoptr (RoundsRows) rows = rounds_database_query (db, NULL, "SELECT x FROM temp.big ORDER BY random()", "");
    gboolean row;

    g_assert_true (rounds_database_next (db, rows, &row, NULL));
    g_assert_true (row);
    /* While both are open. */
    for (int fd = 0; fd < 1024; fd++)
      {
        g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
        g_autofree char *target = g_file_read_link (link, NULL);

        if (target != NULL)
          g_assert_false (g_str_has_prefix (target, temp));
      }
    assert_no_canary (temp);
    g_assert_true (rounds_database_int (db, 0, &n, NULL, "SELECT count(*) FROM temp.big", ""));
    g_assert_cmpint (n, ==, 200000);
  }
  rounds_database_free (db);
  remove_tree (temp);
  fixture_clear (&f);
}

/* Both files are what they should be: page size, checksums, journal. */
static void
test_pragmas (void)
{
  static const struct { const char *name; RoundsDatabaseKind kind; const char *pages; } files[] = {
    { "records.db", ROUNDS_DATABASE_RECORDS, "16384" }, { "pixels.db", ROUNDS_DATABASE_PIXELS, "65536" },
  };
  static const struct { const char *sql, *value; } pragmas[] = {
    { "PRAGMA cipher_hmac_algorithm", "HMAC_SHA256" }, { "PRAGMA cipher_use_hmac", "1" },
    { "PRAGMA temp_store", "2" }, { "PRAGMA synchronous", "2" }, { "PRAGMA journal_mode", "wal" },
    { "PRAGMA foreign_keys", "1" },
  };
  Fixture f;

  fill (&f);
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *path = fixture_path (&f, files[i].name);
      g_autofree char *head = NULL;
      g_autoptr (RoundsDatabase) db = rounds_database_open (path, files[i].kind, ROUNDS_DATABASE_WRITER, f.key, NULL);
      struct stat st;

      for (guint k = 0; k <= G_N_ELEMENTS (pragmas); k++)
        {
          gboolean row, is_page = k == G_N_ELEMENTS (pragmas);
          g_autoptr (RoundsRows) rows = rounds_database_query (db, NULL, is_page ? "PRAGMA page_size" : pragmas[k].sql, "");

          g_assert_true (rounds_database_next (db, rows, &row, NULL));
          g_assert_cmpstr (rounds_rows_text (rows, 0), ==, is_page ? files[i].pages : pragmas[k].value);
        }
      g_assert_cmpint (g_stat (path, &st), ==, 0);
      g_assert_cmpint (st.st_mode & 0777, ==, 0600);
      g_assert_true (g_file_get_contents (path, &head, NULL, NULL));
      g_assert_cmpint (memcmp (head, "SQLite format 3", 15), !=, 0);
    }
  fixture_clear (&f);
}

/* Another's key does not open mine. */
static void
test_other_user (void)
{
  Fixture a, b;
  g_autoptr (GError) error = NULL;

  fill (&a);
  fill (&b);
  g_assert_null (rounds_store_open (a.vault, b.key, TRUE, &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DAMAGED);
  fixture_clear (&a);
  fixture_clear (&b);
}

/* A second process that holds the writer's lock: the edit waits a while, then says so. */
static void
test_busy (void)
{
  Fixture f;
  g_autofree char *path = NULL;
  RoundsDatabase *db;
  g_autoptr (GError) error = NULL;
  gint64 start_us;

  fixture_new (&f);
  path = fixture_path (&f, "records.db");
  db = rounds_database_open (path, ROUNDS_DATABASE_RECORDS, ROUNDS_DATABASE_WRITER, f.key, NULL);
  g_assert_true (rounds_database_exec (db, "BEGIN IMMEDIATE", NULL));
  start_us = g_get_monotonic_time ();
  g_assert_false (rounds_store_set_draft (f.store, "k", "v", &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_BUSY);
  g_assert_cmpint (g_get_monotonic_time () - start_us, >, 2 * G_USEC_PER_SEC);
  g_assert_true (rounds_database_exec (db, "ROLLBACK", NULL));
  rounds_database_free (db);
  g_assert_true (rounds_store_set_draft (f.store, "k", "v", NULL));
  fixture_clear (&f);
}

/* --- the disk --------------------------------------------------------------------------------------- */

static gboolean
limit_pages (RoundsWriter *writer, gpointer data, GError **error)
{
  gint64 pages;
  g_autofree char *sql = NULL;

  if (!rounds_database_int (writer->db, 0, &pages, error, "PRAGMA page_count", ""))
    return FALSE;
  sql = g_strdup_printf ("PRAGMA max_page_count = %" G_GINT64_FORMAT, data != NULL ? pages + 2 : 1000000);
  return rounds_database_exec (writer->db, sql, error);
}

/* A full disk: FULL, nothing of it is there, and everything before is. */
static void
test_full (void)
{
  Fixture f;
  g_autofree char *o = observation_json ("o1", "p1", "8867-4", "70", "2024-01-01");
  g_autoptr (RoundsEdit) edit = rounds_edit_new (NULL);
  g_autoptr (GError) error = NULL;

  fixture_new (&f);
  must_put (f.store, "Observation", "o1", o);
  g_assert_true (rounds_store_write (f.store, limit_pages, &f, NULL));
  for (guint i = 0; i < 200; i++)
    {
      g_autofree char *id = g_strdup_printf ("n%u", i);
      g_autofree char *json = observation_json (id, "p1", "8867-4", "70", "2024-01-01");

      rounds_edit_put (edit, "Observation", id, json, 0);
    }
  g_assert_false (rounds_store_apply (f.store, edit, &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_FULL);
  g_assert_cmpuint (list_length (rounds_store_list (f.store, NULL, "p1", 0, NULL)), ==, 1);
  g_assert_cmpuint (rounds_store_outbox_count (f.store, NULL), ==, 1);
  assert_audit_ok (f.store);
  g_assert_true (rounds_store_write (f.store, limit_pages, NULL, NULL));
  g_assert_true (rounds_store_apply (f.store, edit, NULL));
  assert_audit_ok (f.store);
  fixture_clear (&f);
}

/* The disk refuses to write: an error that says so, and the store goes on when it is over. */
static void
test_io_error (void)
{
  Fixture f;
  g_autofree char *big = g_strnfill (3000000, 'x');
  g_autofree char *o = observation_json ("o1", "p1", "8867-4", "70", "2024-01-01");
  struct rlimit before, small = { 400000, RLIM_INFINITY };
  g_autoptr (GError) error = NULL;

  fixture_new (&f);
  must_put (f.store, "Observation", "o1", o);
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  small.rlim_max = before.rlim_max;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &small), ==, 0);
  g_assert_false (rounds_store_set_draft (f.store, "big", big, &error));
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);
  g_assert_true (error->domain == ROUNDS_STORE_ERROR &&
                 (error->code == ROUNDS_STORE_ERROR_FAILED || error->code == ROUNDS_STORE_ERROR_FULL));
  g_assert_null (strstr (error->message, "xxx"));
  g_assert_null (rounds_store_dup_draft (f.store, "big", NULL));
  g_assert_true (rounds_store_set_draft (f.store, "big", "y", NULL));
  g_assert_cmpuint (list_length (rounds_store_list (f.store, NULL, "p1", 0, NULL)), ==, 1);
  fixture_close (&f);
  fixture_open (&f);
  assert_audit_ok (f.store);
  fixture_clear (&f);
}

static void
changed_cb (RoundsStore *store, const char *type, const char *id, const char *patient_id, gboolean *told)
{
  *told = type == NULL;
}

/* Two programs on one profile: both write, one trail, and each hears of the other. */
static void
test_two_programs (void)
{
  Fixture f;
  g_autoptr (RoundsStore) other = NULL;
  g_autofree char *o = observation_json ("o1", "p1", "8867-4", "70", "2024-01-01");
  g_autofree char *p = patient_json ("p1", "Adams", "Ann");
  gboolean told = FALSE;

  fixture_new (&f);
  g_assert_cmpuint (list_length (rounds_store_find_patients (f.store, "adams", 0, NULL)), ==, 0);
  other = rounds_store_open (f.vault, f.key, FALSE, NULL);
  g_assert_nonnull (other);
  g_signal_connect (f.store, "changed", G_CALLBACK (changed_cb), &told);
  must_put (other, "Observation", "o1", o);
  must_put (other, "Patient", "p1", p);
  while (!told)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (list_length (rounds_store_list (f.store, "Observation", "p1", 0, NULL)), ==, 1);
  g_assert_cmpuint (list_length (rounds_store_find_patients (f.store, "adams", 0, NULL)), ==, 1);
  for (guint i = 0; i < 5; i++)
    {
      g_assert_true (rounds_store_audit (f.store, "view", "Patient", "p1", NULL, NULL));
      g_assert_true (rounds_store_audit (other, "view", "Patient", "p1", NULL, NULL));
    }
  assert_audit_ok (f.store);
  assert_audit_ok (other);
  rounds_store_close (other);
  assert_audit_ok (f.store);
  fixture_clear (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* An opening that finds its trail changed warns: that is what these tests provoke. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_test_add_func ("/store/safety/missing", test_missing);
  g_test_add_func ("/store/safety/flipped-byte", test_flipped_byte);
  g_test_add_func ("/store/safety/flipped-reads", test_flipped_reads);
  g_test_add_func ("/store/safety/wrong-key", test_wrong_key);
  g_test_add_func ("/store/safety/newer-schema", test_newer_schema);
  g_test_add_func ("/store/safety/not-made", test_not_made);
  g_test_add_func ("/store/safety/failed-unlock", test_failed_unlock);
  g_test_add_func ("/store/safety/tampering", test_tampering);
  g_test_add_func ("/store/safety/rebuilt", test_rebuilt);
  g_test_add_func ("/store/safety/rolled-back", test_rolled_back);
  g_test_add_func ("/store/safety/read-only-everywhere", test_read_only_everywhere);
  g_test_add_func ("/store/safety/nurse", test_nurse);
  g_test_add_func ("/store/safety/canary", test_canary);
  g_test_add_func ("/store/safety/pragmas", test_pragmas);
  g_test_add_func ("/store/safety/other-user", test_other_user);
  g_test_add_func ("/store/safety/busy", test_busy);
  g_test_add_func ("/store/safety/full", test_full);
  g_test_add_func ("/store/safety/io-error", test_io_error);
  g_test_add_func ("/store/safety/two-programs", test_two_programs);
  return g_test_run ();
}
