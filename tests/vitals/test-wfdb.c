/* SPDX-License-Identifier: GPL-3.0-or-later */
/* WFDB: three formats, frames, gains, gaps; real ICU trends; headers that lie. */
#include <math.h>
#include <string.h>

#include "vitals/codes.h"
#include "vitals/wfdb.h"

typedef struct {
  const char *name;
  GBytes *bytes;
} Named;

static GBytes *
open_named (const char *name, gpointer data, GError **error)
{
  for (const Named *named = data; named->name != NULL; named++)
    if (strcmp (named->name, name) == 0)
      return g_bytes_ref (named->bytes);
  g_set_error (error, ROUNDS_VITALS_ERROR, ROUNDS_VITALS_ERROR_FILE, "%s is not there", name);
  return NULL;
}

static RoundsVitalsFile *
read_record (const char *header, const void *bytes, gsize size, GError **error)
{
  g_autoptr (GBytes) data = g_bytes_new (bytes, size);
  Named files[] = { { "a.dat", data }, { NULL, NULL } };

  return rounds_wfdb_read (header, strlen (header), open_named, files, error);
}

static RoundsSample
sample_at (RoundsVitalsFile *file, guint signal, guint index)
{
  RoundsVitalsSignal *one = g_ptr_array_index (file->signals, signal);

  g_assert_cmpuint (index, <, one->samples->len);
  return g_array_index (one->samples, RoundsSample, index);
}

static guint
length_of (RoundsVitalsFile *file, guint signal)
{
  return ((RoundsVitalsSignal *) g_ptr_array_index (file->signals, signal))->samples->len;
}

static void
test_format_16 (void)
{
  /* Two signals: 100, −32768 (none), −5 and 1, 2, 3. */
  static const guint8 bytes[] = { 100, 0, 1, 0, 0x00, 0x80, 2, 0, 0xfb, 0xff, 3, 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsVitalsFile) file =
    read_record ("r 2 0.5 3 10:00:00 02/01/2020\n"
                 "a.dat 16 10/bpm 16 0 0 -32673 0 HR\na.dat 16 2(1)/mmHg 16 0 0 6 0 ABP Mean pressure\n", bytes, sizeof bytes,
                 &error);
  g_autoptr (GDateTime) start = g_date_time_new_local (2020, 1, 2, 10, 0, 0);

  g_assert_no_error (error);
  g_assert_cmpuint (file->n_refused, ==, 0);
  g_assert_false (file->relative);
  g_assert_cmpuint (file->n_values, ==, 5);
  g_assert_cmpfloat (sample_at (file, 0, 0).value, ==, 10);
  g_assert_cmpfloat (sample_at (file, 0, 1).value, ==, -0.5);
  g_assert_cmpint (sample_at (file, 0, 1).time_us, ==, g_date_time_to_unix_usec (start) + 4 * G_USEC_PER_SEC);
  g_assert_cmpfloat (sample_at (file, 1, 2).value, ==, 1);
  g_assert_cmpstr (((RoundsVitalsSignal *) g_ptr_array_index (file->signals, 1))->name, ==, "ABP Mean pressure");
  g_assert_cmpstr (((RoundsVitalsSignal *) g_ptr_array_index (file->signals, 0))->unit, ==, "/min");
}

static void
test_format_80_and_212 (void)
{
  static const guint8 eighty[] = { 128, 0, 255, 138 };
  /* 212: pairs of 12 bits; 5, −3, 2047, −2048 (none). */
  static const guint8 packed[] = { 0x05, 0xf0, 0xfd, 0xff, 0x87, 0x00 };
  g_autoptr (RoundsVitalsFile) a = read_record ("r 1 1 4\na.dat 80 1\n", eighty, sizeof eighty, NULL);
  g_autoptr (RoundsVitalsFile) b = read_record ("r 1 1\na.dat 212 1/mV\n", packed, sizeof packed, NULL);
  g_autoptr (RoundsVitalsFile) odd = read_record ("r 1 1\na.dat 212 1/mV\n", packed, 5, NULL);

  g_assert_cmpuint (length_of (a, 0), ==, 3);
  g_assert_cmpfloat (sample_at (a, 0, 0).value, ==, 0);
  g_assert_cmpfloat (sample_at (a, 0, 1).value, ==, 127);
  g_assert_true (a->relative);
  g_assert_cmpuint (length_of (b, 0), ==, 3);
  g_assert_cmpfloat (sample_at (b, 0, 0).value, ==, 5);
  g_assert_cmpfloat (sample_at (b, 0, 1).value, ==, -3);
  g_assert_cmpfloat (sample_at (b, 0, 2).value, ==, 2047);
  g_assert_cmpuint (length_of (odd, 0), ==, 3);
}

/* Two samples a frame of the first signal, a byte offset, a skew. */
static void
test_frames (void)
{
  static const guint8 bytes[] = { 9, 9, 129, 130, 140, 131, 132, 141 };
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsVitalsFile) file =
    read_record ("r 2 1 2\na.dat 80x2+2 1/u 8 0 1 10 0 fast\na.dat 80:1+2 1/u 8 0 12 25 0 slow one\n", bytes, sizeof bytes,
                 &error);

  g_assert_no_error (error);
  g_assert_cmpuint (length_of (file, 0), ==, 4);
  g_assert_cmpint (sample_at (file, 0, 1).time_us, ==, 500000);
  g_assert_cmpfloat (sample_at (file, 0, 3).value, ==, 4);
  g_assert_cmpint (sample_at (file, 1, 0).time_us, ==, -G_USEC_PER_SEC);
  g_assert_cmpfloat (sample_at (file, 1, 1).value, ==, 13);
  g_assert_cmpuint (file->n_refused, ==, 0);
}

static void
test_short_and_wrong_sum (void)
{
  static const guint8 bytes[] = { 1, 0, 2, 0 };
  g_autoptr (RoundsVitalsFile) cut = read_record ("r 1 1 5\na.dat 16 1 16 0 1 15 0 x\n", bytes, sizeof bytes, NULL);
  g_autoptr (RoundsVitalsFile) sum = read_record ("r 1 1 2\na.dat 16 1 16 0 1 99 0 x\n", bytes, sizeof bytes, NULL);

  g_assert_cmpuint (cut->n_values, ==, 2);
  g_assert_cmpuint (cut->n_refused, ==, 1);
  {
    g_autoptr (RoundsVitalsFile) empty = read_record ("r 1 1\na.dat 16 1 16 0 1 15 0 x\n", NULL, 0, NULL);

    g_assert_cmpuint (empty->n_values, ==, 0);
    g_assert_cmpuint (empty->n_refused, ==, 1);
  }
  g_assert_cmpuint (sum->n_values, ==, 2);
  g_assert_cmpuint (sum->n_refused, ==, 1);
}

static void
test_hostile (void)
{
  static const char *const bad[] = {
    "", "r\n", "r 1\n", "r 0 1\n", "r 1 1\n../a.dat 16 1\n", "r 1 1\n/etc/passwd 16 1\n", "r 1 1\na..dat 16 1\n",
    "r 1 1\n.hidden 16 1\n", "r 1 1\na.dat 24 1\n", "r 1 1\na.dat 16x0 1\n", "r 1 1\na.dat 16x99999999 1\n",
    "r 1 0\na.dat 16 1\n", "r 1 -1\na.dat 16 1\n", "r 1 nan\na.dat 16 1\n", "r 1 inf\na.dat 16 1\n",
    "r 1 0x10\na.dat 16 1\n", "r 99999 1\na.dat 16 1\n", "r 1 1 99999999999999999999\na.dat 16 1\n",
    "r/3 1 1\nr1 5\n", "r 1 1\na.dat 16 1e-310\n", "r 1 1\na.dat 16 nan\n", "r 1 1\na.dat 16 1(\n", "r 2 1\na.dat 16 1\n",
    "r 1 1 5 25:99:99:99\na.dat 16 1\n", "r 1 1 5 10:00:00 99/99/2020\na.dat 16 1\n", "r 1 1\nb.dat 16 1\n",
    "r 2 1\na.dat 16 1\na.dat 80 1\n", "r 1 1\n\xff.dat 16 1\n",
  };
  static const guint8 bytes[] = { 1, 0 };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RoundsVitalsFile) file = read_record (bad[i], bytes, sizeof bytes, &error);

      if (file != NULL)
        g_error ("taken: %s", bad[i]);
      g_assert_error (error, ROUNDS_VITALS_ERROR, ROUNDS_VITALS_ERROR_FILE);
    }
  {
    /* An offset beyond the file and a header that promises a terabyte: nothing is allocated for them. */
    g_autoptr (RoundsVitalsFile) far = read_record ("r 1 1 1000000000000\na.dat 16+500 1\n", bytes, sizeof bytes, NULL);

    g_assert_nonnull (far);
    g_assert_cmpuint (far->n_values, ==, 0);
    g_assert_cmpuint (far->n_refused, ==, 1);
  }
  g_assert_false (rounds_wfdb_sniff ("MSH|^~\\&|", 9));
  g_assert_true (rounds_wfdb_sniff ("r 1 1\na.dat 16 1\n", 17));
}

static void
test_real (void)
{
  const char *shared = g_getenv ("ROUNDS_SHARED_DATA");
  g_autofree char *path = g_build_filename (shared != NULL ? shared : "/none", "vitals-mimic2-numerics",
                                            "s00001-2896-10-10-00-31n.hea", NULL);
  g_autofree char *data_path = g_build_filename (shared != NULL ? shared : "/none", "vitals-mimic2-numerics",
                                                 "3975656n.dat", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsVitalsFile) file = NULL;
  g_autofree char *raw = NULL;
  gsize length;
  guint valid = 0;

  if (!g_file_get_contents (data_path, &raw, &length, NULL))
    {
      g_test_skip ("the shared vitals are not here");
      return;
    }
  file = rounds_wfdb_read_path (path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (file->signals->len, ==, 10);
  /* All ten checksums agree and nothing is cut short. */
  g_assert_cmpuint (file->n_refused, ==, 0);
  for (gsize i = 0; i + 1 < length; i += 2)
    valid += (gint16) ((guint8) raw[i] | (guint8) raw[i + 1] << 8) != -32768;
  g_assert_cmpuint (file->n_values, ==, valid);
  g_assert_cmpstr (((RoundsVitalsSignal *) g_ptr_array_index (file->signals, 6))->code, ==, ROUNDS_CODE_SPO2);
  g_assert_cmpint (sample_at (file, 0, 1).time_us - sample_at (file, 0, 0).time_us, <, 60100000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vitals/wfdb/format-16", test_format_16);
  g_test_add_func ("/vitals/wfdb/format-80-and-212", test_format_80_and_212);
  g_test_add_func ("/vitals/wfdb/frames", test_frames);
  g_test_add_func ("/vitals/wfdb/short", test_short_and_wrong_sum);
  g_test_add_func ("/vitals/wfdb/hostile", test_hostile);
  g_test_add_func ("/vitals/wfdb/real", test_real);
  return g_test_run ();
}
