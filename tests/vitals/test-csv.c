/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Vitals CSV: every form that is promised, every row that must be refused by its number. */
#include <glib/gstdio.h>
#include <string.h>

#include "vitals/codes.h"
#include "vitals/csv.h"

static RoundsVitalsFile *
read_text (const char *text)
{
  g_autoptr (GError) error = NULL;
  RoundsVitalsFile *file = rounds_vitals_csv_read (text, strlen (text), &error);

  g_assert_no_error (error);
  return file;
}

static RoundsSample
sample_at (RoundsVitalsFile *file, const char *name, guint index)
{
  RoundsVitalsSignal *signal = rounds_vitals_file_find (file, name);

  g_assert_nonnull (signal);
  g_assert_cmpuint (index, <, signal->samples->len);
  return g_array_index (signal->samples, RoundsSample, index);
}

static guint64
refused_line (RoundsVitalsFile *file, guint index)
{
  g_assert_cmpuint (index, <, file->refused->len);
  return ((RoundsVitalsRefusal *) g_ptr_array_index (file->refused, index))->line;
}

static void
test_long (void)
{
  g_autoptr (RoundsVitalsFile) file = read_text ("\xEF\xBB\xBFTime,PARAMETER,Value,unit\r\n"
                                                 "2026-11-24T08:00:00+01:00,HR,80,bpm\r\n"
                                                 "2026-11-24T07:30:00.250Z,\"HR\",\" 81\",bpm\r\n"
                                                 "\r\n"
                                                 "2026-11-24T08:05:00+01:00,Temp,98.6,degF\r\n"
                                                 "2026-11-24T08:05:00+01:00,HR,80,bpm\r\n"
                                                 "2026-11-24T08:05:00+01:00,HR,90,bpm");

  g_assert_false (file->relative);
  g_assert_cmpuint (file->n_values, ==, 4);
  g_assert_cmpuint (file->n_refused, ==, 1);
  g_assert_cmpuint (refused_line (file, 0), ==, 3);
  g_assert_cmpint (sample_at (file, "HR", 0).time_us, ==, G_GINT64_CONSTANT (1795503600000000));
  g_assert_cmpfloat (sample_at (file, "HR", 2).value, ==, 90);
  g_assert_cmpstr (rounds_vitals_file_find (file, "HR")->unit, ==, "/min");
  g_assert_cmpstr (rounds_vitals_file_find (file, "HR")->code, ==, ROUNDS_CODE_HEART_RATE);
  g_assert_cmpstr (rounds_vitals_file_find (file, "Temp")->unit, ==, "[degF]");
}

static void
test_wide (void)
{
  g_autoptr (RoundsVitalsFile) file = read_text ("time;HR;Temp (°C);note\n00:00;80;36,6;\n100:30;;37,25;1\n-30;82;;2\n");

  g_assert_true (file->relative);
  g_assert_cmpuint (file->n_refused, ==, 0);
  g_assert_cmpuint (file->n_values, ==, 6);
  g_assert_cmpint (sample_at (file, "Temp (°C)", 1).time_us, ==, (100 * 60 + 30) * 60 * G_GINT64_CONSTANT (1000000));
  g_assert_cmpfloat (sample_at (file, "Temp (°C)", 1).value, ==, 37.25);
  g_assert_cmpstr (rounds_vitals_file_find (file, "Temp (°C)")->code, ==, ROUNDS_CODE_TEMPERATURE);
  g_assert_cmpint (sample_at (file, "HR", 1).time_us, ==, -30 * G_USEC_PER_SEC);
}

static void
test_times (void)
{
  g_autoptr (RoundsVitalsFile) local = read_text ("time\tparameter\tvalue\n2026-11-24 08:00\tHR\t80\n"
                                                  "2026-11-24 08:00:30\tHR\t80,5\n2026-11-24T08:01:00\tHR\t81\n"
                                                  "2026-02-30 08:00\tHR\t80\n08:00\tHR\t80\n2026-11-24 25:00\tHR\t80\n");
  g_autoptr (RoundsVitalsFile) seconds = read_text ("time,parameter,value\n0,HR,80\n1.5,HR,80\n-7,HR,80\n1e12,HR,80\n"
                                                    "0x10,HR,80\nnan,HR,80\n,HR,80\n12:61,HR,80\n2026-01-01,HR,80\n");

  g_assert_cmpuint (local->n_values, ==, 3);
  g_assert_cmpuint (local->n_refused, ==, 3);
  g_assert_cmpint (sample_at (local, "HR", 1).time_us - sample_at (local, "HR", 0).time_us, ==, 30 * G_USEC_PER_SEC);
  g_assert_cmpfloat (sample_at (local, "HR", 1).value, ==, 80.5);
  g_assert_cmpuint (seconds->n_values, ==, 3);
  g_assert_cmpuint (seconds->n_refused, ==, 6);
  g_assert_cmpint (sample_at (seconds, "HR", 1).time_us, ==, 1500000);
}

static void
test_refused (void)
{
  g_autoptr (RoundsVitalsFile) file = read_text ("time,parameter,value\n"
                                                 "0,HR,80\n"      /* 2 */
                                                 "0,,80\n"        /* 3 */
                                                 "0,HR,\n"        /* 4 */
                                                 "0,HR\n"         /* 5 */
                                                 "0,HR,NaN\n"     /* 6 */
                                                 "0,HR,inf\n"     /* 7 */
                                                 "0,HR,0x50\n"    /* 8 */
                                                 "0,HR,-1\n"      /* 9 */
                                                 "0,Temp,98.6\n"  /* 10: no living person has 98.6 °C */
                                                 "0,HR,80,5\n"    /* 11 */
                                                 "0,HR,1e400\n"   /* 12 */
                                                 "0,Weight,-1\n"  /* 13 */
                                                 "0,HR,8 0\n"     /* 14 */
                                                 "0,\"HR,80\n"    /* 15: a quote that does not close */
                                                 "0,Urine,-5\n"   /* 16: no vital that is known: kept */
                                                 "0,HR,8.1e1\n"); /* 17 */
  g_autofree char *words = rounds_vitals_file_dup_refusals (file);

  g_assert_cmpuint (file->n_values, ==, 3);
  g_assert_cmpuint (file->n_refused, ==, 13);
  for (guint i = 0; i < 13; i++)
    g_assert_cmpuint (refused_line (file, i), ==, i + 3);
  g_assert_nonnull (strstr (words, "9"));
}

static void
test_no_header (void)
{
  static const char *const bad[] = { "", "\n\n", "time\n1\n", "a,b,c\n1,2,3\n", "\"time,parameter,value\n", "{}", "\0\0" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (rounds_vitals_csv_read (bad[i], strlen (bad[i]), &error));
      g_assert_error (error, ROUNDS_VITALS_ERROR, ROUNDS_VITALS_ERROR_FILE);
    }
  g_assert_true (rounds_vitals_csv_sniff ("Time,Parameter,Value\n", 21));
  g_assert_false (rounds_vitals_csv_sniff ("{\"time\": 1, \"a\": 2}", 19));
}

/* A row of a megabyte, a thousand columns, NUL bytes: refused, and the rest goes in. */
static void
test_hostile (void)
{
  g_autoptr (GString) text = g_string_new ("time,parameter,value\n0,HR,80\n");
  g_autoptr (RoundsVitalsFile) file = NULL;

  for (guint i = 0; i < 1000000; i++)
    g_string_append_c (text, 'x');
  g_string_append (text, "\n1,HR,81\n2,HR");
  for (guint i = 0; i < 5000; i++)
    g_string_append (text, ",");
  g_string_append (text, "\n3,H");
  g_string_append_len (text, "\0R", 2);
  g_string_append (text, ",1\n");
  g_string_append_len (text, "4,\xff\xfe,1\n", 7);
  g_string_append (text, "5,HR,82\n");
  file = rounds_vitals_csv_read (text->str, text->len, NULL);
  g_assert_nonnull (file);
  g_assert_cmpuint (rounds_vitals_file_find (file, "HR")->samples->len, ==, 3);
  g_assert_cmpuint (file->n_refused, ==, 3);
}

static void
test_set_a (void)
{
  const char *shared = g_getenv ("ROUNDS_SHARED_DATA");
  g_autofree char *folder = g_build_filename (shared != NULL ? shared : "/none", "vitals-physionet2012-set-a", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  guint files = 0;

  if (dir == NULL)
    {
      g_test_skip ("the shared vitals are not here");
      return;
    }
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *text = NULL;
      g_autoptr (RoundsVitalsFile) file = NULL;
      gsize length;
      guint lines = 0;
      gboolean minus_one_height = FALSE;

      g_assert_true (g_file_get_contents (path, &text, &length, NULL));
      for (gsize i = 0; i < length; i++)
        lines += text[i] == '\n';
      minus_one_height = strstr (text, "Height,-1\n") != NULL;
      file = read_text (text);
      g_assert_true (file->relative);
      g_assert_cmpuint (file->n_values + file->n_refused, ==, lines - 1);
      if (minus_one_height)
        g_assert_cmpuint (file->n_refused, >=, 1);
      g_assert_cmpuint (rounds_vitals_file_find (file, "RecordID")->samples->len, ==, 1);
      files++;
    }
  g_assert_cmpuint (files, ==, 200);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vitals/csv/long", test_long);
  g_test_add_func ("/vitals/csv/wide", test_wide);
  g_test_add_func ("/vitals/csv/times", test_times);
  g_test_add_func ("/vitals/csv/refused", test_refused);
  g_test_add_func ("/vitals/csv/no-header", test_no_header);
  g_test_add_func ("/vitals/csv/hostile", test_hostile);
  g_test_add_func ("/vitals/csv/set-a", test_set_a);
  return g_test_run ();
}
