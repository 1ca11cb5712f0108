/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Damage is found before it is needed, told in words, and never makes anybody lose the file: a damaged cache is moved
 * aside whole, and what exists only there is taken along as far as it can be read. */
#include "store-fixture.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/damage.h"
#include "store/store-private.h"

#define N_SYNCED 300
#define N_PENDING 25
#define PAGE 16384   /* of records.db */

static GBytes *
blob_of (guint value)
{
  char *bytes = g_malloc (90000);

  memset (bytes, 'a' + (int) value % 26, 90000);
  return g_bytes_new_take (bytes, 90000);
}

static void
put_scan (RoundsStore *store, guint i, gboolean to_cloud)
{
  g_autoptr (RoundsScanInstance) it = rounds_scan_instance_new ();
  g_autoptr (GBytes) bytes = blob_of (i);

  it->sop_uid = g_strdup_printf ("1.2.%u", i);
  it->series_uid = g_strdup ("1.2");
  it->study_uid = g_strdup ("1");
  g_assert_true (rounds_store_scan_put (store, it, bytes, to_cloud, NULL, NULL));
}

/* What the cloud has, changes to some of it, a new record, a deletion, a draft, vitals, images sent and not sent. */
static void
fill (Fixture *f)
{
  g_autoptr (GPtrArray) keep = g_ptr_array_new_with_free_func (g_free);
  g_autofree RoundsDownload *page = g_new0 (RoundsDownload, N_SYNCED);
  g_autofree RoundsSample *samples = g_new0 (RoundsSample, 5000);
  g_autofree char *created = patient_json ("new1", "Only", "Here");
  const char *acked[] = { "1.2.1", NULL };
  guint n_new, n_conflicts;

  fixture_new (f);
  for (guint i = 0; i < N_SYNCED; i++)
    {
      char *id = g_strdup_printf ("o%u", i), *json = observation_json (id, "p1", "8867-4", "70", "2024-01-01T00:00:00Z");

      g_ptr_array_add (keep, id);
      g_ptr_array_add (keep, json);
      page[i] = (RoundsDownload){ "Observation", id, "3", json, 1000 };
    }
  g_assert_true (rounds_store_download_page (f->store, page, N_SYNCED, "s", "{}", &n_new, &n_conflicts, NULL));
  for (guint i = 0; i < N_PENDING; i++)
    {
      g_autofree char *id = g_strdup_printf ("o%u", i * 10);
      g_autofree char *value = g_strdup_printf ("%u", 100 + i);
      g_autofree char *json = observation_json (id, "p1", "8867-4", value, "2024-01-01T00:00:00Z");

      must_put (f->store, "Observation", id, json);
    }
  must_put (f->store, "Patient", "new1", created);
  g_assert_true (delete_one (f->store, "Observation", "o299", -1, NULL));
  g_assert_true (rounds_store_set_draft (f->store, "note", "half a sentence", NULL));
  for (guint i = 0; i < 5000; i++)
    samples[i] = (RoundsSample){ i * 1000, i % 90 };
  g_assert_true (rounds_store_series_append (f->store, "p1", "hr", "/min", "HR", "f", samples, 5000, NULL, NULL));
  for (guint i = 0; i < 4; i++)
    put_scan (f->store, i, TRUE);
  g_assert_true (rounds_store_scan_outbox_ack (f->store, acked, NULL));
}

static void
flip (const char *path, goffset at)
{
  g_autofree char *bytes = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  g_assert_cmpuint (at, <, size);
  bytes[at] ^= 0x10;
  g_assert_true (g_file_set_contents (path, bytes, size, NULL));
}

static goffset
size_of (const char *path)
{
  struct stat st;

  g_assert_cmpint (g_stat (path, &st), ==, 0);
  return st.st_size;
}

/* --- the check ------------------------------------------------------------------------------------------- */

static gboolean
is_ok (RoundsStore *store, gboolean thorough)
{
  RoundsCheckReport report = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean ok;

  rounds_store_check (store, thorough, 0, NULL, &report, &error);
  g_assert_no_error (error);
  ok = report.ok;
  g_assert_true (ok == (report.problems->len == 0));
  for (guint i = 0; i < report.problems->len; i++)
    {
      g_assert_null (strchr (report.problems->pdata[i], '\n'));
      g_assert_null (strstr (report.problems->pdata[i], "***"));
      g_assert_cmpuint (strlen (report.problems->pdata[i]), <, 200);
      g_assert_null (strstr (report.problems->pdata[i], "Only"));
    }
  rounds_check_report_clear (&report);
  return ok;
}

/* Every region of every file, one bit: a check from end to end sees it, or the opening does; the file stays. */
static void
test_flips (void)
{
  static const char *const names[] = { "records.db", "pixels.db", "audit.head" };
  guint n_flips = 0, n_at_open = 0;
  Fixture f;

  fill (&f);
  g_assert_true (is_ok (f.store, TRUE));
  fixture_close (&f);
  for (guint k = 0; k < G_N_ELEMENTS (names); k++)
    {
      g_autofree char *path = fixture_path (&f, names[k]), *bytes = NULL;
      goffset size = size_of (path), page = k == 1 ? 65536 : PAGE;
      gsize length;

      g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
      for (goffset at = 0; at < size; at += k == 2 ? 64 : at < page ? page / 4 : 2 * page)
        {
          g_autoptr (RoundsStore) store = NULL;
          g_autoptr (GError) error = NULL;
          g_autofree char *before = NULL, *now = NULL;
          /* The page's end holds its seal, its beginning its cipher text. The two seals of the head are 512 apart. */
          goffset where = MIN (at + g_test_rand_int_range (0, k == 2 ? 8 : 200), size - 1);
          gsize now_length;

          if (k == 2 && where % 512 >= 80)
            continue;
          flip (path, where);
          n_flips++;
          store = rounds_store_open (f.vault, f.key, FALSE, &error);
          if (store == NULL)
            {
              g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DAMAGED);
              n_at_open++;
            }
          else if (k < 2)
            g_assert_false (is_ok (store, TRUE));
          else
            {
              /* One of the two seals is enough, and the newer one tells most. */
              RoundsAuditState state = { 0 };

              g_assert_true (rounds_store_audit_verify (store, &state, NULL));
              rounds_audit_state_clear (&state);
            }
          g_clear_object (&store);
          g_assert_true (g_file_get_contents (path, &now, &now_length, NULL));
          if (k < 2)
            g_assert_cmpuint (now_length, >=, length);
          g_assert_true (g_file_set_contents (path, bytes, length, NULL));
        }
    }
  g_test_message ("%u flipped bits, all seen (%u at the opening)", n_flips, n_at_open);
  fixture_open (&f);
  g_assert_true (is_ok (f.store, TRUE));
  fixture_clear (&f);
}

/* A log that was left by a killed program, flipped: what is behind the flip is gone and the head says so. */
static void
test_flipped_log (void)
{
  guint n_seen = 0;

  for (guint i = 0; i < 8; i++)
    {
      Fixture f;
      g_autofree char *log = NULL;
      g_autoptr (RoundsStore) store = NULL;
      g_autoptr (GError) error = NULL;
      int status;
      pid_t pid;

      fixture_new (&f);
      fixture_close (&f);
      pid = fork ();
      if (pid == 0)
        {
          RoundsStore *child = rounds_store_open (f.vault, f.key, FALSE, NULL);

          for (guint k = 0; k < 5; k++)
            {
              g_autofree char *id = g_strdup_printf ("p%u", k);
              g_autofree char *json = patient_json (id, "A", "B");

              if (!put (child, "Patient", id, json, -1, NULL))
                _exit (1);
            }
          kill (getpid (), SIGKILL);
        }
      g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
      g_assert_true (WIFSIGNALED (status));
      log = fixture_path (&f, "records.db-wal");
      if (i < 6)
        flip (log, size_of (log) * i / 6 + 40);
      else if (i == 6)
        g_assert_cmpint (g_unlink (log), ==, 0);
      else
        g_assert_cmpint (truncate (log, size_of (log) / 2), ==, 0);
      store = rounds_store_open (f.vault, f.key, FALSE, &error);
      if (store == NULL)
        g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DAMAGED);
      else
        {
          guint n = list_length (rounds_store_find_patients (store, NULL, 0, NULL));

          /* Behind the last commit a log may hold what an earlier one left. */
          g_assert_true (n == 5 || rounds_store_get_trouble (store) != NULL);
          g_assert_true (is_ok (store, FALSE) == (n == 5));
          n_seen += n < 5;
        }
      g_clear_object (&store);
      fixture_clear (&f);
    }
  g_test_message ("%u logs with losses, all of them seen", n_seen);
  g_assert_cmpuint (n_seen, >=, 5);
}

typedef struct {
  const char *name;
  char *bytes;
  gsize size;
} Kept;

/* Whole files of yesterday put back, one or several: seen at the opening or by the check, wherever anything is lost.
 * All of them together are a whole older profile: only somebody outside can tell that. */
static void
test_rolled_back (void)
{
  Kept kept[] = { { .name = "records.db" }, { .name = "pixels.db" }, { .name = "audit.head" } };
  const guint all = (1 << G_N_ELEMENTS (kept)) - 1;

  for (guint which = 1; which < all; which++)
    {
      g_autofree char *late = patient_json ("late", "Too", "Late");
      g_autoptr (RoundsRecord) record = NULL;
      gboolean records_back = (which & 1) != 0, pixels_back = (which & 2) != 0, head_back = (which & 4) != 0;
      Fixture f;

      fill (&f);
      fixture_close (&f);
      for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
        {
          g_autofree char *path = fixture_path (&f, kept[i].name);
          g_assert_true (g_file_get_contents (path, &kept[i].bytes, &kept[i].size, NULL));
        }
      fixture_open (&f);
      must_put (f.store, "Patient", "late", late);
      put_scan (f.store, 9, TRUE);
      fixture_close (&f);
      for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
        {
          g_autofree char *path = fixture_path (&f, kept[i].name), *log = g_strconcat (path, "-wal", NULL);

          if ((which & (1u << i)) != 0)
            {
              g_assert_true (g_file_set_contents (path, kept[i].bytes, kept[i].size, NULL));
              (void) g_unlink (log);
            }
          g_free (kept[i].bytes);
        }
      fixture_open (&f);
      record = rounds_store_get (f.store, "Patient", "late", NULL);
      g_assert_true ((record == NULL) == records_back);
      if (records_back && head_back)
        ;   /* the anchor at the cloud */
      else if (records_back)
        {
          g_assert_nonnull (rounds_store_get_trouble (f.store));
          g_assert_false (is_ok (f.store, FALSE));
        }
      else
        g_assert_true (is_ok (f.store, FALSE) == !pixels_back);
      fixture_clear (&f);
    }
}

static void
test_once_a_day (void)
{
  RoundsCheckReport report = { 0 };
  g_autofree char *last = NULL;
  Fixture f;

  fill (&f);
  g_assert_true (rounds_store_check_if_due (f.store, NULL, &report, NULL));
  g_assert_true (report.ok && report.complete);
  g_assert_cmpuint (report.n_images, ==, 4);
  g_assert_cmpuint (report.n_bytes, >, 300000);
  rounds_check_report_clear (&report);
  g_assert_true (rounds_store_check_if_due (f.store, NULL, &report, NULL));
  g_assert_cmpuint (report.n_bytes, ==, 0);
  rounds_check_report_clear (&report);
  g_assert_true (rounds_store_set_setting (f.store, "check.last", "1000000", NULL));
  g_assert_true (rounds_store_check_if_due (f.store, NULL, &report, NULL));
  g_assert_cmpuint (report.n_images, ==, 4);
  rounds_check_report_clear (&report);
  /* In pieces: each goes on where the last one ended. */
  for (guint i = 0; i < 5; i++)
    {
      g_assert_true (rounds_store_check (f.store, FALSE, 1, NULL, &report, NULL));
      g_assert_true (report.complete == (i == 4));
      g_assert_cmpuint (report.n_images, ==, i < 4);
      rounds_check_report_clear (&report);
    }
  fixture_clear (&f);
}

/* An image that somebody exchanged with the right key: sealed well, and not what it was. */
static void
test_exchanged_image (void)
{
  g_autofree char *path = NULL;
  RoundsDatabase *db;
  Fixture f;

  fill (&f);
  path = fixture_path (&f, "pixels.db");
  db = rounds_database_open (path, ROUNDS_DATABASE_PIXELS, ROUNDS_DATABASE_WRITER, f.key, NULL);
  g_assert_true (rounds_database_exec (db, "UPDATE pixel SET bytes = 'x' WHERE sop_uid = '1.2.3'", NULL));
  rounds_database_free (db);
  g_assert_false (is_ok (f.store, FALSE));
  fixture_clear (&f);
}

/* --- setting aside ---------------------------------------------------------------------------------------- */

static void
assert_rescued (Fixture *f, gboolean all)
{
  g_autoptr (RoundsRecord) created = rounds_store_get (f->store, "Patient", "new1", NULL);
  g_autofree char *draft = rounds_store_dup_draft (f->store, "note", NULL);
  guint n_changes = 0;

  for (guint i = 0; i < N_PENDING; i++)
    {
      g_autofree char *id = g_strdup_printf ("o%u", i * 10);
      g_autofree char *value = g_strdup_printf ("\"value\":%u,", 100 + i);
      g_autoptr (RoundsRecord) record = rounds_store_get (f->store, "Observation", id, NULL);

      if (record == NULL || strstr (record->json, value) == NULL)
        continue;
      g_assert_true (record->unsynced);
      g_assert_cmpstr (record->base_version, ==, "3");
      n_changes++;
    }
  if (all)
    {
      g_autoptr (RoundsRecord) gone = rounds_store_get (f->store, "Observation", "o299", NULL);
      g_autoptr (GPtrArray) series = rounds_store_series_list (f->store, "p1", NULL);

      g_assert_cmpuint (n_changes, ==, N_PENDING);
      g_assert_nonnull (created);
      g_assert_true (created->unsynced);
      g_assert_true (gone == NULL || gone->deleted);
      g_assert_cmpuint (rounds_store_outbox_count (f->store, NULL), ==, N_PENDING + 2);
      g_assert_cmpuint (list_length (rounds_store_list (f->store, "Observation", "p1", 0, NULL)), ==, N_SYNCED - 1);
      g_assert_cmpstr (draft, ==, "half a sentence");
      g_assert_cmpuint (series->len, ==, 1);
      g_assert_cmpuint (((RoundsSeriesInfo *) series->pdata[0])->n, ==, 5000);
      g_assert_cmpuint (rounds_store_scan_outbox_count (f->store, NULL), ==, 3);
      for (guint i = 0; i < 4; i++)
        {
          g_autofree char *uid = g_strdup_printf ("1.2.%u", i);
          g_autoptr (GBytes) bytes = rounds_store_scan_get (f->store, uid, NULL);
          g_autoptr (GBytes) want = blob_of (i);

          g_assert_true (i == 1 ? bytes == NULL : bytes != NULL && g_bytes_equal (bytes, want));
        }
    }
  else
    g_assert_cmpuint (n_changes, >=, N_PENDING / 2);
  assert_audit_ok (f->store);
  g_assert_true (is_ok (f->store, TRUE));
}

static void
assert_same_file (const char *folder, const char *name, const char *bytes, gsize size)
{
  g_autofree char *path = g_build_filename (folder, name, NULL), *now = NULL;
  gsize now_size;

  g_assert_true (g_file_get_contents (path, &now, &now_size, NULL));
  g_assert_cmpuint (now_size, ==, size);
  g_assert_cmpint (memcmp (now, bytes, size), ==, 0);
}

static void
set_aside (Fixture *f, RoundsSetAside *out)
{
  g_autoptr (GError) error = NULL;

  rounds_store_set_aside (f->vault, f->key, out, &error);
  g_assert_no_error (error);
}

static void
test_set_aside_whole (void)
{
  g_autofree char *path = NULL, *bytes = NULL, *words = NULL;
  g_autoptr (GPtrArray) trail = NULL;
  RoundsSetAside out = { 0 };
  gsize size;
  Fixture f;

  fill (&f);
  fixture_close (&f);
  path = fixture_path (&f, "records.db");
  g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  set_aside (&f, &out);
  g_assert_true (out.complete);
  g_assert_cmpuint (out.n_changes, ==, N_PENDING + 2);
  g_assert_cmpuint (out.n_images, ==, 3);
  assert_same_file (out.folder, "records.db", bytes, size);
  words = rounds_set_aside_describe (&out);
  g_assert_nonnull (strstr (words, out.folder));
  fixture_open (&f);
  g_assert_null (rounds_store_get_trouble (f.store));
  assert_rescued (&f, TRUE);
  trail = rounds_store_audit_list (f.store, 0, 0, NULL);
  g_assert_cmpstr (((RoundsAuditRow *) trail->pdata[0])->action, ==, "create");
  rounds_set_aside_clear (&out);
  fixture_clear (&f);
}

/* Pages of records are gone: what is on the others comes along. */
static void
test_set_aside_damaged (void)
{
  g_autofree char *path = NULL, *bytes = NULL;
  RoundsSetAside out = { 0 };
  gsize size;
  Fixture f;

  fill (&f);
  fixture_close (&f);
  path = fixture_path (&f, "records.db");
  for (goffset page = 30; page < size_of (path) / PAGE; page += 23)
    flip (path, page * PAGE + 99);
  g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  set_aside (&f, &out);
  g_assert_false (out.complete);
  g_assert_cmpuint (out.n_unreadable, >, 0);
  g_assert_cmpuint (out.n_records, >, N_SYNCED / 3);
  assert_same_file (out.folder, "records.db", bytes, size);
  fixture_open (&f);
  assert_rescued (&f, FALSE);
  rounds_set_aside_clear (&out);
  fixture_clear (&f);
}

/* Nothing of it can be read, or it is not there at all: a new cache all the same, and the old file is kept. */
static void
test_set_aside_hopeless (void)
{
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *path = NULL;
      g_autoptr (GError) error = NULL;
      RoundsSetAside out = { 0 };
      Fixture f;

      fill (&f);
      fixture_close (&f);
      path = fixture_path (&f, "records.db");
      if (i == 0)
        flip (path, 7);
      else if (i == 1)
        g_assert_cmpint (g_unlink (path), ==, 0);
      else
        g_assert_cmpint (truncate (path, 0), ==, 0);
      g_assert_null (rounds_store_open (f.vault, f.key, TRUE, &error));
      g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DAMAGED);
      set_aside (&f, &out);
      g_assert_false (out.complete);
      g_assert_cmpuint (out.n_changes, ==, 0);
      fixture_open (&f);
      assert_audit_ok (f.store);
      rounds_set_aside_clear (&out);
      fixture_clear (&f);
    }
}

static void
test_set_aside_refuses (void)
{
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  RoundsSetAside out = { 0 };
  RoundsDatabase *db;
  Fixture f;

  fill (&f);
  g_assert_false (rounds_store_set_aside (f.vault, f.key, &out, &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_BUSY);
  g_clear_error (&error);
  fixture_close (&f);
  path = fixture_path (&f, "records.db");
  db = rounds_database_open (path, ROUNDS_DATABASE_RECORDS, ROUNDS_DATABASE_WRITER, f.key, NULL);
  g_assert_true (rounds_database_exec (db, "PRAGMA user_version = 99", NULL));
  rounds_database_free (db);
  g_assert_false (rounds_store_set_aside (f.vault, f.key, &out, &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NEWER);
  g_clear_error (&error);
  g_assert_null (rounds_store_open (f.vault, f.key, FALSE, &error));
  g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NEWER);
  fixture_clear (&f);
}

/* Killed at any point of it: whatever is there then, doing it again ends with everything. */
static void
test_set_aside_killed (void)
{
  for (guint i = 0; i < 6; i++)
    {
      RoundsSetAside out = { 0 };
      struct timespec delay = { 0, (glong) i * 28 * 1000 * 1000 };
      g_autoptr (GError) error = NULL;
      int status;
      pid_t pid;
      Fixture f;

      fill (&f);
      fixture_close (&f);
      pid = fork ();
      if (pid == 0)
        _exit (rounds_store_set_aside (f.vault, f.key, &out, NULL) ? 0 : 1);
      nanosleep (&delay, NULL);
      kill (pid, SIGKILL);
      g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
      g_assert_true (WIFSIGNALED (status) || WEXITSTATUS (status) == 0);
      f.store = rounds_store_open (f.vault, f.key, FALSE, &error);
      if (f.store != NULL)
        fixture_close (&f);
      else
        g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DAMAGED);
      if (WIFSIGNALED (status))
        set_aside (&f, &out);
      fixture_open (&f);
      assert_rescued (&f, TRUE);
      rounds_set_aside_clear (&out);
      fixture_clear (&f);
    }
}

/* Links in the profile's folder lead nowhere: neither a log nor what setting aside makes is read or written through
 * them, and nothing at their other end is deleted. */
static void
test_links (void)
{
  static const char *const logs[] = { "records.db-wal", "records.db-shm", "pixels.db-wal", "pixels.db-journal" };
  g_autofree char *outside = g_dir_make_tmp ("rounds-outside-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (outside, "thesis", NULL), *fresh = NULL, *head = NULL, *now = NULL;
  RoundsSetAside out = { 0 };
  Fixture f;

  fill (&f);
  fixture_close (&f);
  g_assert_true (g_file_set_contents (file, "years of work", -1, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (logs); i++)
    {
      g_autofree char *link = fixture_path (&f, logs[i]);
      g_autoptr (RoundsStore) store = NULL;
      g_autoptr (GError) error = NULL;
      g_autofree char *left = NULL;

      g_assert_cmpint (symlink (file, link), ==, 0);
      store = rounds_store_open (f.vault, f.key, FALSE, &error);
      g_assert_null (store);
      g_assert_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DAMAGED);
      g_assert_true (g_file_get_contents (file, &left, NULL, NULL));
      g_assert_cmpstr (left, ==, "years of work");
      g_assert_cmpint (g_unlink (link), ==, 0);
    }
  fresh = fixture_path (&f, "fresh");
  g_assert_cmpint (symlink (outside, fresh), ==, 0);
  head = fixture_path (&f, "records.db");
  flip (head, 700);
  set_aside (&f, &out);
  g_assert_true (g_file_get_contents (file, &now, NULL, NULL));
  g_assert_cmpstr (now, ==, "years of work");
  g_assert_false (g_file_test (fresh, G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK));
  rounds_set_aside_clear (&out);
  fixture_open (&f);
  fixture_clear (&f);
  g_assert_cmpint (g_unlink (file), ==, 0);
  g_assert_cmpint (g_rmdir (outside), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* An opening that finds its trail changed warns: that is what these tests provoke. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_test_add_func ("/store/damage/flips", test_flips);
  g_test_add_func ("/store/damage/flipped-log", test_flipped_log);
  g_test_add_func ("/store/damage/rolled-back", test_rolled_back);
  g_test_add_func ("/store/damage/once-a-day", test_once_a_day);
  g_test_add_func ("/store/damage/exchanged-image", test_exchanged_image);
  g_test_add_func ("/store/damage/set-aside/whole", test_set_aside_whole);
  g_test_add_func ("/store/damage/set-aside/damaged", test_set_aside_damaged);
  g_test_add_func ("/store/damage/set-aside/hopeless", test_set_aside_hopeless);
  g_test_add_func ("/store/damage/set-aside/refuses", test_set_aside_refuses);
  g_test_add_func ("/store/damage/links", test_links);
  g_test_add_func ("/store/damage/set-aside/killed", test_set_aside_killed);
  return g_test_run ();
}
