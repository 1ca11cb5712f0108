/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Telling files apart by what is in them, and finding them: pure functions and a temporary folder, no store. */

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "import/import.h"
#include "import/walk.h"

typedef struct {
  const char *name, *data;
  gsize size;   /* 0 = a string */
  RoundsImportKind kind;
} Sniff;

static const Sniff sniffs[] = {
  { "a.json", "{\"resourceType\":\"Patient\"}", 0, ROUNDS_KIND_FHIR },
  { "a.csv", " \n\t{ \"resourceType\" : \"Bundle\" }", 0, ROUNDS_KIND_FHIR },
  { "a", "\xef\xbb\xbf{\"resourceType\":\"Patient\"}", 0, ROUNDS_KIND_FHIR },
  { "a.dcm", "{\"resourceType\":\"Patient\",\"id\":\"1\"}\n{\"resourceType\":\"Patient\",\"id\":\"2\"}\n", 0,
    ROUNDS_KIND_NDJSON },
  { "a", "{bad\n{\"resourceType\":\"Patient\",\"id\":\"2\"}\n", 0, ROUNDS_KIND_NDJSON },
  { "a", "{\"resourceType\":\"Bundle\",\"entry\":[\n{\"resource\":{}}]}", 0, ROUNDS_KIND_FHIR },
  { "a.json", "{\n \"resourceType\": \"Patient\",\n \"id\": \"1\"\n}\n", 0, ROUNDS_KIND_FHIR },
  { "a.json", "MSH|^~\\&|A|B|C|D|2020||ADT^A01|1|P|2.5\rPID|1||1\r", 0, ROUNDS_KIND_HL7V2 },
  { "a.txt", "time,parameter,value\n00:00,HR,80\n", 0, ROUNDS_KIND_VITALS_CSV },
  { "a.txt", "Time,Parameter,Value\r\n00:00,HR,80\r\n", 0, ROUNDS_KIND_VITALS_CSV },
  { "a.txt", "\xef\xbb\xbftime;HR;SpO2\n0;80;97,5\n", 0, ROUNDS_KIND_VITALS_CSV },
  { "a.hea", "rec 1 0.0166 100\nrec.dat 16 10/bpm 16 0 0 0 0 HR\n", 0, ROUNDS_KIND_WFDB },
  { "a.json", "", 0, ROUNDS_KIND_UNKNOWN },
  { "a.json", "hello", 0, ROUNDS_KIND_UNKNOWN },
  { "a.csv", "name,address\nx,y\n", 0, ROUNDS_KIND_UNKNOWN },
  { "a.dcm", "\0\1\2\3", 4, ROUNDS_KIND_UNKNOWN },
};

static void
test_sniff (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (sniffs); i++)
    {
      gsize size = sniffs[i].size > 0 ? sniffs[i].size : strlen (sniffs[i].data);
      /* A copy of exactly this size, so that reading past the end is seen by the sanitizer. */
      g_autofree guint8 *data = g_memdup2 (sniffs[i].data, MAX (size, 1));
      RoundsImportKind kind = rounds_import_sniff (sniffs[i].name, data, size);

      g_test_message ("%" G_GSIZE_FORMAT ": %s", i, rounds_import_kind_to_string (kind));
      g_assert_cmpstr (rounds_import_kind_to_string (kind), ==, rounds_import_kind_to_string (sniffs[i].kind));
    }
}

static void
test_sniff_dicom (void)
{
  guint8 bytes[1000] = { 0 };

  memcpy (bytes + 128, "DICM", 4);
  g_assert_cmpint (rounds_import_sniff ("a.json", bytes, sizeof bytes), ==, ROUNDS_KIND_DICOM);
  /* Cut inside the magic: nothing to go by. */
  for (gsize size = 0; size < 132; size++)
    {
      g_autofree guint8 *data = g_memdup2 (bytes, MAX (size, 1));

      g_assert_cmpint (rounds_import_sniff ("a.dcm", data, size), ==, ROUNDS_KIND_UNKNOWN);
    }
}

/* Every beginning of every kind: no read past the end, and an answer that is a kind. */
static void
test_sniff_cut (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (sniffs); i++)
    for (gsize size = 0; size <= strlen (sniffs[i].data); size++)
      {
        g_autofree guint8 *data = g_memdup2 (sniffs[i].data, MAX (size, 1));

        g_assert_cmpint (rounds_import_sniff (sniffs[i].name, data, size), <, ROUNDS_N_KINDS);
      }
}

static void
test_words (void)
{
  static const char *const kinds[] = { "unknown", "fhir", "ndjson", "dicom", "dicomdir", "hl7v2", "vitals-csv", "wfdb" };
  static const char *const statuses[] = { "imported", "updated", "unchanged", "rejected" };

  g_assert_cmpint (G_N_ELEMENTS (kinds), ==, ROUNDS_N_KINDS);
  for (int i = 0; i < ROUNDS_N_KINDS; i++)
    g_assert_cmpstr (rounds_import_kind_to_string (i), ==, kinds[i]);
  for (int i = 0; i < ROUNDS_N_STATUSES; i++)
    g_assert_cmpstr (rounds_import_status_to_string (i), ==, statuses[i]);
}

typedef struct {
  char *top;
} Fixture;

static char *
put (Fixture *fixture, const char *name, const char *text)
{
  char *path = g_build_filename (fixture->top, name, NULL);
  g_autofree char *folder = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return path;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  static const char *const names[] = { "b", "B", "a/z", "a.x", "\xc3\xa4", "a/deep/er/c" };
  g_autofree char *link = NULL, *loop = NULL, *pipe_path = NULL;

  fixture->top = g_dir_make_tmp ("rounds-import-XXXXXX", NULL);
  g_assert_nonnull (fixture->top);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    g_free (put (fixture, names[i], names[i]));
  link = g_build_filename (fixture->top, "link", NULL);
  loop = g_build_filename (fixture->top, "a", "loop", NULL);
  pipe_path = g_build_filename (fixture->top, "pipe", NULL);
  g_assert_cmpint (symlink ("b", link), ==, 0);
  g_assert_cmpint (symlink ("..", loop), ==, 0);
  g_assert_cmpint (mkfifo (pipe_path, 0600), ==, 0);
}

static void
remove_all (const char *path)
{
  GStatBuf st;

  g_assert_cmpint (g_lstat (path, &st), ==, 0);
  if (S_ISDIR (st.st_mode))
    {
      g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
      const char *name = NULL;

      while ((name = g_dir_read_name (dir)) != NULL)
        {
          g_autofree char *child = g_build_filename (path, name, NULL);

          remove_all (child);
        }
    }
  g_assert_cmpint (g_remove (path), ==, 0);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  remove_all (fixture->top);
  g_free (fixture->top);
}

static void
test_walk (Fixture *fixture, gconstpointer data)
{
  g_autofree char *twice = g_build_filename (fixture->top, "b", NULL);
  g_autoptr (GPtrArray) found =
      rounds_import_walk ((const char *const[]) { fixture->top, twice, NULL }, NULL);
  guint n_files = 0, n_problems = 0;

  for (guint i = 0; i < found->len; i++)
    {
      const RoundsFoundFile *file = found->pdata[i];

      if (i > 0)
        g_assert_cmpint (strcmp (((RoundsFoundFile *) found->pdata[i - 1])->path, file->path), <, 0);
      if (file->problem != NULL)
        n_problems++;
      else
        n_files++;
      /* What lies behind a link is never reached through it. */
      g_assert_null (strstr (file->path, "loop/"));
    }
  g_assert_cmpuint (n_files, ==, 6);
  g_assert_cmpuint (n_problems, ==, 3);
}

static void
test_walk_absent (Fixture *fixture, gconstpointer data)
{
  g_autofree char *absent = g_build_filename (fixture->top, "absent", NULL);
  g_autoptr (GPtrArray) found = rounds_import_walk ((const char *const[]) { absent, NULL }, NULL);

  g_assert_cmpuint (found->len, ==, 1);
  g_assert_nonnull (((RoundsFoundFile *) found->pdata[0])->problem);
}

static void
test_read (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = put (fixture, "ten", "0123456789");
  g_autofree char *link = g_build_filename (fixture->top, "link", NULL);
  g_autofree char *pipe_path = g_build_filename (fixture->top, "pipe", NULL);
  g_autoptr (GBytes) bytes = NULL;
  const char *const refused[] = { link, pipe_path, fixture->top, "/nonexistent" };
  GError *error = NULL;

  bytes = rounds_import_read (path, 10, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "0123456789", 10);
  g_assert_null (rounds_import_read (path, 9, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  /* A pipe must not make it wait either. */
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_assert_null (rounds_import_read (refused[i], 1000, &error));
      g_assert_nonnull (error);
      g_clear_error (&error);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/import/sniff", test_sniff);
  g_test_add_func ("/import/sniff/dicom", test_sniff_dicom);
  g_test_add_func ("/import/sniff/cut", test_sniff_cut);
  g_test_add_func ("/import/words", test_words);
  g_test_add ("/import/walk", Fixture, NULL, set_up, test_walk, tear_down);
  g_test_add ("/import/walk/absent", Fixture, NULL, set_up, test_walk_absent, tear_down);
  g_test_add ("/import/read", Fixture, NULL, set_up, test_read, tear_down);
  return g_test_run ();
}
