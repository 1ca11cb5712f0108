/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Older versions made records.db of small pages. Such a cache stays as it is and loses nothing: it opens, also with
 * the log of a program that was killed, and damage to it is found and told as in a new one. */
#include "store-fixture.h"

#include <sodium.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/damage.h"
#include "store/store-private.h"

#define N_RECORDS 200
#define OLD_PAGE 4096

static void
run_sql (sqlite3 *handle, const char *sql)
{
  char *message = NULL;
  int code = sqlite3_exec (handle, sql, NULL, NULL, &message);

  if (code != SQLITE_OK)
    g_error ("%s: %s", sql, message);
}

/* The same cache in pages of the old size. */
static void
make_old (Fixture *f)
{
  g_autofree char *path = fixture_path (f, "records.db"), *old = fixture_path (f, "old.db"), *attach = NULL;
  g_autofree char *versions = NULL;
  g_autoptr (RoundsDatabase) db = NULL;
  char hex[65];
  gint64 version, id;

  sodium_bin2hex (hex, sizeof hex, rounds_secret_get (f->key, NULL), 32);
  db = rounds_database_open (path, ROUNDS_DATABASE_RECORDS, ROUNDS_DATABASE_WRITER, f->key, NULL);
  g_assert_true (rounds_database_int (db, 0, &version, NULL, "PRAGMA user_version", ""));
  g_assert_true (rounds_database_int (db, 0, &id, NULL, "PRAGMA application_id", ""));
  attach = g_strdup_printf ("ATTACH '%s' AS old KEY \"x'%s'\"", old, hex);
  versions = g_strdup_printf ("PRAGMA old.user_version = %d; PRAGMA old.application_id = %d; DETACH old", (int) version,
                              (int) id);
  g_assert_true (g_file_set_contents (old, "", 0, NULL));
  run_sql (rounds_database_get_handle (db), attach);
  run_sql (rounds_database_get_handle (db), "PRAGMA old.cipher_page_size = 4096; "
                                            "PRAGMA old.cipher_hmac_algorithm = HMAC_SHA256; SELECT sqlcipher_export('old')");
  run_sql (rounds_database_get_handle (db), versions);
  g_clear_pointer (&db, rounds_database_free);
  g_assert_cmpint (g_rename (old, path), ==, 0);
}

static gint64
page_size_of (Fixture *f)
{
  g_autofree char *path = fixture_path (f, "records.db");
  g_autoptr (RoundsDatabase) db = rounds_database_open (path, ROUNDS_DATABASE_RECORDS, ROUNDS_DATABASE_READER, f->key,
                                                        NULL);
  gint64 size = 0;

  g_assert_nonnull (db);
  g_assert_true (rounds_database_int (db, 0, &size, NULL, "PRAGMA page_size", ""));
  return size;
}

static void
put_number (RoundsStore *store, guint number)
{
  g_autofree char *id = g_strdup_printf ("o%u", number);
  g_autofree char *json = observation_json (id, "p1", "8867-4", "70", "2024-01-01T00:00:00Z");

  must_put (store, "Observation", id, json);
}

static void
fill_old (Fixture *f)
{
  fixture_new (f);
  for (guint i = 0; i < N_RECORDS; i++)
    put_number (f->store, i);
  fixture_close (f);
  make_old (f);
  g_assert_cmpint (page_size_of (f), ==, OLD_PAGE);
}

static void
test_older (void)
{
  RoundsCheckReport report = { 0 };
  Fixture f;

  fill_old (&f);
  fixture_open (&f);
  g_assert_cmpuint (list_length (rounds_store_list (f.store, NULL, "p1", 0, NULL)), ==, N_RECORDS);
  put_number (f.store, N_RECORDS);
  assert_audit_ok (f.store);
  g_assert_true (rounds_store_check (f.store, TRUE, 0, NULL, &report, NULL));
  g_assert_true (report.ok);
  rounds_check_report_clear (&report);
  fixture_close (&f);
  g_assert_cmpint (page_size_of (&f), ==, OLD_PAGE);
  fixture_open (&f);
  g_assert_cmpuint (list_length (rounds_store_list (f.store, NULL, "p1", 0, NULL)), ==, N_RECORDS + 1);
  fixture_clear (&f);
}

/* What is only in the log that a killed program left behind is there, in an old cache and in a new one. */
static void
test_older_log (void)
{
  for (gboolean old = FALSE; old <= TRUE; old++)
    {
      g_autofree char *log = NULL;
      struct stat st;
      int status;
      Fixture f;
      pid_t pid;

      if (old)
        fill_old (&f);
      else
        {
          fixture_new (&f);
          for (guint i = 0; i < N_RECORDS; i++)
            put_number (f.store, i);
          fixture_close (&f);
        }
      log = fixture_path (&f, "records.db-wal");
      pid = fork ();
      if (pid == 0)
        {
          RoundsStore *store = rounds_store_open (f.vault, f.key, FALSE, NULL);

          for (guint i = 0; i < 20; i++)
            put_number (store, N_RECORDS + i);
          _exit (0);
        }
      g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
      g_assert_cmpint (status, ==, 0);
      g_assert_cmpint (g_stat (log, &st), ==, 0);
      g_assert_cmpint (st.st_size, >, 0);
      fixture_open (&f);
      g_assert_cmpuint (list_length (rounds_store_list (f.store, NULL, "p1", 0, NULL)), ==, N_RECORDS + 20);
      assert_audit_ok (f.store);
      fixture_clear (&f);
    }
}

/* Cut within a page, or its first page changed: DAMAGED, told rightly, and the bytes stay. */
static void
test_older_damaged (void)
{
  g_autofree char *path = NULL, *bytes = NULL;
  RoundsSetAside out = { 0 };
  gsize size;
  Fixture f;

  fill_old (&f);
  path = fixture_path (&f, "records.db");
  g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *changed = g_memdup2 (bytes, size), *now = NULL;
      gsize length = i == 0 ? size - 100 : size, now_length;
      g_autoptr (GError) error = NULL;
      g_autoptr (RoundsStore) store = NULL;

      if (i > 0)
        changed[700] ^= 1;
      g_assert_true (g_file_set_contents (path, changed, length, NULL));
      store = rounds_store_open (f.vault, f.key, FALSE, &error);
      g_assert_null (store);
      g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DAMAGED);
      g_assert_cmpint (strstr (error->message, "cut short") != NULL, ==, i == 0);
      g_assert_true (g_file_get_contents (path, &now, &now_length, NULL));
      g_assert_cmpmem (now, now_length, changed, length);
    }
  g_assert_true (g_file_set_contents (path, bytes, size, NULL));
  /* Set aside, the new cache has new pages and everything that waited. */
  g_assert_true (rounds_store_set_aside (f.vault, f.key, &out, NULL));
  g_assert_true (out.complete);
  g_assert_cmpuint (out.n_changes, ==, N_RECORDS);
  rounds_set_aside_clear (&out);
  g_assert_cmpint (page_size_of (&f), ==, 4 * OLD_PAGE);
  fixture_open (&f);
  g_assert_cmpuint (list_length (rounds_store_list (f.store, NULL, "p1", 0, NULL)), ==, N_RECORDS);
  fixture_clear (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/pages/older", test_older);
  g_test_add_func ("/store/pages/older-log", test_older_log);
  g_test_add_func ("/store/pages/older-damaged", test_older_damaged);
  return g_test_run ();
}
