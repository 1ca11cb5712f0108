/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every analysis against R: live where Rscript is there, and always against the numbers that R gave when the
 * data was laid down (tests/data/vitals/regression.tsv, made by reference.R). */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "vitals/analysis/anomalies.h"
#include "vitals/analysis/regression.h"
#include "vitals/analysis/summary.h"
#include "vitals/answer.h"
#include "vitals/csv.h"

typedef struct {
  double *y, *x;     /* x: a, b row after row */
  gsize n;
} Data;

static void
data_clear (Data *self)
{
  g_free (self->y);
  g_free (self->x);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Data, data_clear)

static void
data_read (const char *path, Data *out)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  lines = g_strsplit (g_strstrip (text), "\n", -1);
  out->n = g_strv_length (lines) - 1;
  out->y = g_new (double, out->n);
  out->x = g_new (double, out->n * 2);
  for (gsize i = 0; i < out->n; i++)
    {
      g_auto (GStrv) cells = g_strsplit (lines[i + 1], ",", 3);

      out->y[i] = g_ascii_strtod (cells[0], NULL);
      out->x[2 * i] = g_ascii_strtod (cells[1], NULL);
      out->x[2 * i + 1] = g_ascii_strtod (cells[2], NULL);
    }
}

static GHashTable *
reference_read (const char *path)
{
  GHashTable *table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  lines = g_strsplit (g_strstrip (text), "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_auto (GStrv) cells = g_strsplit (lines[i], "\t", 2);
      double *value = g_new (double, 1);

      *value = g_ascii_strtod (cells[1], NULL);
      g_hash_table_insert (table, g_strdup (cells[0]), value);
    }
  return table;
}

/* Takes the number out of the table, so that what is left at the end was never compared. */
static void
near (GHashTable *table, double value, double tolerance, const char *format, ...) G_GNUC_PRINTF (4, 5);
static void
near (GHashTable *table, double value, double tolerance, const char *format, ...)
{
  va_list args;
  g_autofree char *name = NULL;
  double *wanted;

  va_start (args, format);
  name = g_strdup_vprintf (format, args);
  va_end (args);
  wanted = g_hash_table_lookup (table, name);
  if (wanted == NULL)
    g_error ("R gives no %s", name);
  if (!(fabs (value - *wanted) <= tolerance * MAX (1, fabs (*wanted))))
    g_error ("%s is %.17g, R says %.17g", name, value, *wanted);
  g_hash_table_remove (table, name);
}

static void
compare_anomalies (GHashTable *table, const Data *data, RoundsDetector detector, const char *name)
{
  g_autoptr (GArray) found = rounds_analysis_anomalies (data->y, data->n, detector, 7,
                                                        rounds_detector_default_threshold (detector));

  g_assert_nonnull (found);
  for (guint i = 0; i < found->len; i++)
    {
      const RoundsAnomaly *anomaly = &g_array_index (found, RoundsAnomaly, i);
      near (table, anomaly->score, 1e-9, "%s.%zu", name, anomaly->index + 1);
    }
}

static void
compare (const Data *data, GHashTable *table)
{
  RoundsSummary summary;
  gsize n = data->n;
  g_autofree double *out = g_new (double, n);
  double acf[12], pacf[12], at[2] = { 0, 0 };
  guint lags = (guint) MIN (12, n - 1);
  gsize left;
  g_autoptr (RoundsRegression) fit = NULL;
  RoundsPrediction prediction;
  static const char *const names[] = { "intercept", "a", "b" };
  GHashTableIter iter;
  gpointer key;

  rounds_analysis_summary (data->y, n, &summary);
  near (table, (double) summary.n, 0, "summary.n");
  near (table, summary.mean, 1e-13, "summary.mean");
  near (table, summary.sd, 1e-12, "summary.sd");
  near (table, summary.median, 1e-14, "summary.median");
  near (table, summary.mad, 1e-14, "summary.mad");
  near (table, summary.min, 0, "summary.min");
  near (table, summary.max, 0, "summary.max");
  near (table, summary.q1, 1e-13, "summary.q1");
  near (table, summary.q3, 1e-13, "summary.q3");
  g_assert_true (rounds_analysis_standardise (data->y, n, FALSE, out));
  for (gsize i = 0; i < n; i++)
    near (table, out[i], 1e-12, "z.%zu", i + 1);
  g_assert_true (rounds_analysis_standardise (data->y, n, TRUE, out));
  for (gsize i = 0; i < n; i++)
    near (table, out[i], 1e-12, "robust.%zu", i + 1);
  left = rounds_analysis_difference (data->y, n, 1, 1, out);
  g_assert_cmpuint (left, ==, n - 1);
  for (gsize i = 0; i < left; i++)
    near (table, out[i], 1e-12, "diff1.%zu", i + 1);
  left = rounds_analysis_difference (data->y, n, 2, 3, out);
  g_assert_cmpuint (left, ==, n - 6);
  for (gsize i = 0; i < left; i++)
    near (table, out[i], 1e-12, "diff2lag3.%zu", i + 1);
  g_assert_true (rounds_analysis_acf (data->y, n, lags, acf, pacf));
  for (guint i = 0; i < lags; i++)
    {
      near (table, acf[i], 1e-12, "acf.%u", i + 1);
      near (table, pacf[i], 1e-10, "pacf.%u", i + 1);
    }

  fit = rounds_analysis_regress (data->y, data->x, n, 2);
  g_assert_cmpint (fit->state, ==, ROUNDS_REGRESSION_OK);
  for (guint i = 0; i < 3; i++)
    {
      const RoundsCoefficient *c = &fit->coefficients[i];

      near (table, c->estimate, 1e-9, "lm.%s.estimate", names[i]);
      near (table, c->se, 1e-9, "lm.%s.se", names[i]);
      near (table, c->t, 1e-9, "lm.%s.t", names[i]);
      near (table, c->p, 1e-9, "lm.%s.p", names[i]);
      near (table, c->lo95, 1e-9, "lm.%s.lo95", names[i]);
      near (table, c->hi95, 1e-9, "lm.%s.hi95", names[i]);
    }
  near (table, fit->r2, 1e-11, "lm.r2");
  near (table, fit->adjusted_r2, 1e-11, "lm.adjusted_r2");
  near (table, fit->sigma, 1e-10, "lm.sigma");
  near (table, (double) fit->df, 0, "lm.df");
  for (gsize i = 0; i < n; i++)
    for (guint k = 0; k < 2; k++)
      at[k] += data->x[2 * i + k] / (double) n;
  at[0] += 1;
  at[1] += 1;
  rounds_regression_predict (fit, at, &prediction);
  near (table, prediction.mean, 1e-9, "predict.mean");
  near (table, prediction.lo95, 1e-9, "predict.lo95");
  near (table, prediction.hi95, 1e-9, "predict.hi95");

  compare_anomalies (table, data, ROUNDS_DETECTOR_HAMPEL, "hampel");
  compare_anomalies (table, data, ROUNDS_DETECTOR_EWMA, "ewma");
  compare_anomalies (table, data, ROUNDS_DETECTOR_CUSUM, "cusum");
  /* What only R found would be missed above. */
  g_hash_table_iter_init (&iter, table);
  if (g_hash_table_iter_next (&iter, &key, NULL))
    g_error ("only R gives %s", (char *) key);
}

static void
test_stored (void)
{
  g_autofree char *csv = g_test_build_filename (G_TEST_DIST, "data", "vitals", "regression.csv", NULL);
  g_autofree char *tsv = g_test_build_filename (G_TEST_DIST, "data", "vitals", "regression.tsv", NULL);
  g_autoptr (GHashTable) table = reference_read (tsv);
  g_auto (Data) data = { 0 };

  data_read (csv, &data);
  compare (&data, table);
}

static gboolean
run_r (const char *csv, const char *tsv)
{
  g_autofree char *rscript = g_find_program_in_path ("Rscript");
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "vitals", "reference.R", NULL);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;

  if (rscript == NULL)
    {
      g_test_skip ("Rscript is not installed");
      return FALSE;
    }
  process = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, &error, rscript, script, csv, tsv, NULL);
  g_assert_no_error (error);
  g_subprocess_wait_check (process, NULL, &error);
  g_assert_no_error (error);
  return TRUE;
}

static void
test_live (void)
{
  g_autofree char *folder = g_dir_make_tmp ("rounds-analysis-XXXXXX", NULL);
  g_autofree char *csv = g_build_filename (folder, "data.csv", NULL);
  g_autofree char *tsv = g_build_filename (folder, "out.tsv", NULL);
  g_autoptr (GRand) rand = g_rand_new_with_seed (20261124);
  g_autoptr (GString) text = g_string_new ("y,a,b\n");
  g_autoptr (GHashTable) table = NULL;
  g_auto (Data) data = { 0 };

  /* Large means and nearly collinear columns: where a naive solution loses its digits. */
  for (guint i = 0; i < 700; i++)
    {
      double a = 1000 + g_rand_double (rand) * 3;
      double b = 2000 + 2 * (a - 1000) + g_rand_double (rand) * 0.05;
      double y = 5e4 + 3 * a - 1.5 * b + (g_rand_double (rand) - 0.5) * 4 + (i == 300 ? 40 : 0);

      g_string_append_printf (text, "%.6f,%.6f,%.6f\n", y, a, b);
    }
  g_file_set_contents (csv, text->str, -1, NULL);
  if (run_r (csv, tsv))
    {
      table = reference_read (tsv);
      data_read (csv, &data);
      compare (&data, table);
    }
  g_remove (csv);
  g_remove (tsv);
  g_rmdir (folder);
}

/* The design's own example on a real stay: systolic on temperature and heart rate. */
static void
test_real_stay (void)
{
  g_autofree char *path = g_build_filename (g_getenv ("ROUNDS_SHARED_DATA") ? g_getenv ("ROUNDS_SHARED_DATA") : "/none",
                                            "vitals-physionet2012-set-a", "132539.txt", NULL);
  g_autofree char *folder = g_dir_make_tmp ("rounds-analysis-XXXXXX", NULL);
  g_autofree char *csv = g_build_filename (folder, "data.csv", NULL);
  g_autofree char *tsv = g_build_filename (folder, "out.tsv", NULL);
  g_autofree char *bytes = NULL;
  gsize length;

  if (g_file_get_contents (path, &bytes, &length, NULL))
    {
      g_autoptr (RoundsVitalsFile) file = rounds_vitals_csv_read (bytes, length, NULL);
      g_autoptr (GPtrArray) series = rounds_vital_series_from_file (file);
      RoundsVitalSeries *x[2] = { rounds_vitals_pick (series, "Temp"), rounds_vitals_pick (series, "HR") };
      g_autofree double *ys = NULL, *xs = NULL;
      gsize n = rounds_vitals_pair (rounds_vitals_pick (series, "NISysABP"), x, 2, 0, &ys, &xs);
      g_autoptr (GString) text = g_string_new ("y,a,b\n");

      g_assert_cmpuint (n, >, 5);
      for (gsize i = 0; i < n; i++)
        g_string_append_printf (text, "%.17g,%.17g,%.17g\n", ys[i], xs[2 * i], xs[2 * i + 1]);
      g_file_set_contents (csv, text->str, -1, NULL);
      if (run_r (csv, tsv))
        {
          g_autoptr (GHashTable) table = reference_read (tsv);
          g_auto (Data) data = { 0 };

          data_read (csv, &data);
          compare (&data, table);
        }
    }
  else
    g_test_skip ("the shared vitals are not here");
  g_remove (csv);
  g_remove (tsv);
  g_rmdir (folder);
}

static void
test_withheld (void)
{
  const double flat[] = { 5, 5, 5, 5 };
  const double y[] = { 1, 2, 4, 3 }, x[] = { 1, 2, 2, 4, 3, 6, 4, 8 };
  double out[4], acf[2], pacf[2];
  g_autoptr (RoundsRegression) collinear = rounds_analysis_regress (y, x, 4, 2);
  g_autoptr (RoundsRegression) few = rounds_analysis_regress (y, x, 2, 2);
  g_autoptr (RoundsRegression) constant = rounds_analysis_regress (flat, y, 4, 1);
  g_autoptr (RoundsRegression) exact = rounds_analysis_regress (y, (double[]) { 1, 5, 2, 2, 9, 1 }, 3, 2);

  g_assert_cmpint (collinear->state, ==, ROUNDS_REGRESSION_COLLINEAR);
  g_assert_cmpuint (collinear->column, ==, 1);
  g_assert_cmpint (few->state, ==, ROUNDS_REGRESSION_TOO_FEW);
  g_assert_cmpint (constant->state, ==, ROUNDS_REGRESSION_CONSTANT);
  g_assert_cmpint (exact->state, ==, ROUNDS_REGRESSION_OK);
  g_assert_cmpint (exact->df, ==, 0);
  g_assert_true (isfinite (exact->coefficients[1].estimate));
  g_assert_true (isnan (exact->coefficients[1].se));
  g_assert_true (isnan (exact->sigma));
  g_assert_false (rounds_analysis_standardise (flat, 4, FALSE, out));
  g_assert_false (rounds_analysis_standardise (flat, 4, TRUE, out));
  g_assert_false (rounds_analysis_acf (flat, 4, 2, acf, pacf));
  g_assert_false (rounds_analysis_acf (y, 4, 4, acf, pacf));
  g_assert_cmpuint (rounds_analysis_difference (y, 4, 2, 2, out), ==, 0);
  g_assert_cmpuint (rounds_analysis_difference (y, 4, 1, 3, out), ==, 1);
  g_assert_null (rounds_analysis_anomalies (flat, 4, ROUNDS_DETECTOR_HAMPEL, 7, 3));
}

static void
test_answers (void)
{
  static const char text[] = "time,parameter,value\n0,HR,80\n60,HR,82\n120,HR,79\n180,HR,190\n240,HR,81\n"
                             "300,HR,80\n360,HR,83\n420,HR,80\n0,C,5\n60,C,5\n120,C,5\n";
  g_autoptr (RoundsVitalsFile) file = rounds_vitals_csv_read (text, strlen (text), NULL);
  g_autoptr (GPtrArray) series = rounds_vital_series_from_file (file);
  static const char *const methods[] = { "summary", "standardise", "difference", "acf", "anomalies" };
  static const char *const x[] = { "C", NULL };
  static const char *const hr[] = { "HR", NULL };
  RoundsVitalsQuestion question = { .order = 1, .lag = 1, .lags = 2 };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    for (guint k = 0; k < 2; k++)
      {
        g_autoptr (json_object) answer = NULL;
        g_autofree char *printed = NULL;

        question.method = methods[i];
        question.code = k == 0 ? "HR" : "C";
        question.robust = TRUE;
        answer = rounds_vitals_analyse (series, TRUE, &question, &error);
        g_assert_no_error (error);
        printed = rounds_json_print (answer);
        g_assert_null (strstr (printed, "nan"));
        g_assert_null (strstr (printed, "inf"));
        if (k == 1 && (i == 1 || i == 3 || i == 4))
          g_assert_nonnull (rounds_json_peek_string (answer, "result.withheld"));
        if (k == 0 && i == 4)
          {
            g_assert_cmpstr (rounds_json_peek_digits (answer, "result.points.0.t"), ==, "180");
            g_assert_cmpstr (rounds_json_peek_digits (answer, "result.points.0.value"), ==, "190");
          }
      }
  question.method = "regress";
  question.y = "HR";
  question.x = x;
  {
    g_autoptr (json_object) answer = rounds_vitals_analyse (series, TRUE, &question, &error);
    g_assert_no_error (error);
    g_assert_nonnull (rounds_json_peek_string (answer, "result.withheld"));
  }
  question.y = "C";
  question.x = hr;
  {
    g_autoptr (json_object) answer = rounds_vitals_analyse (series, TRUE, &question, &error);
    g_assert_no_error (error);
    g_assert_nonnull (rounds_json_peek_string (answer, "result.withheld"));
  }
  question.method = "summary";
  question.code = "nothing";
  g_assert_null (rounds_vitals_analyse (series, TRUE, &question, &error));
  g_assert_error (error, ROUNDS_VITALS_ERROR, ROUNDS_VITALS_ERROR_INVALID);
}

/* Nearest within, the earlier on a tie. */
static void
test_pairing (void)
{
  static const char text[] = "time,parameter,value\n100,Y,1\n200,Y,2\n300,Y,3\n90,X,10\n110,X,11\n205,X,12\n";
  g_autoptr (RoundsVitalsFile) file = rounds_vitals_csv_read (text, strlen (text), NULL);
  g_autoptr (GPtrArray) series = rounds_vital_series_from_file (file);
  RoundsVitalSeries *x[1] = { rounds_vitals_pick (series, "X") };
  g_autofree double *ys = NULL, *xs = NULL;

  g_assert_cmpuint (rounds_vitals_pair (rounds_vitals_pick (series, "Y"), x, 1, 10 * G_USEC_PER_SEC, &ys, &xs), ==, 2);
  g_assert_cmpfloat (xs[0], ==, 10);
  g_assert_cmpfloat (xs[1], ==, 12);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vitals/analysis/stored-reference", test_stored);
  g_test_add_func ("/vitals/analysis/live-r", test_live);
  g_test_add_func ("/vitals/analysis/real-stay", test_real_stay);
  g_test_add_func ("/vitals/analysis/withheld", test_withheld);
  g_test_add_func ("/vitals/analysis/answers", test_answers);
  g_test_add_func ("/vitals/analysis/pairing", test_pairing);
  return g_test_run ();
}
