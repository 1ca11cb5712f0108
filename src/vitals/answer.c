/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Questions of analysis answered as JSON, for the command line and for whoever scripts it.
 *
 * The numbers come from analysis/; here only series are picked and paired and what cannot be said is withheld in
 * a sentence. */
#include "vitals/answer.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "base/quantity.h"
#include "vitals/analysis/anomalies.h"
#include "vitals/analysis/regression.h"
#include "vitals/analysis/summary.h"
#include "vitals/csv.h"

#define MAX_X 64

json_object *
rounds_vitals_number (double value)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];

  if (!isfinite (value))
    return NULL;
  if (value == 0)
    value = 0;
  for (int precision = 15; precision <= 17; precision++)
    {
      char format[8];

      g_snprintf (format, sizeof format, "%%.%dg", precision);
      g_ascii_formatd (digits, sizeof digits, format, value);
      if (g_ascii_strtod (digits, NULL) == value)
        break;
    }
  return rounds_json_new_decimal (digits);
}

static json_object *
json_time (gint64 time_us, gboolean relative)
{
  g_autofree char *text = NULL;

  if (relative)
    return rounds_vitals_number ((double) time_us / 1e6);
  text = rounds_instant_format_us (time_us);
  return json_object_new_string (text);
}

static void
add_number (json_object *object, const char *name, double value)
{
  json_object_object_add (object, name, rounds_vitals_number (value));
}

static void
add_count (json_object *object, const char *name, guint64 value)
{
  json_object_object_add (object, name, json_object_new_int64 ((gint64) value));
}

static json_object *
withheld (const char *sentence)
{
  json_object *result = json_object_new_object ();

  rounds_json_add_string (result, "withheld", sentence);
  return result;
}

RoundsVitalSeries *
rounds_vitals_pick (GPtrArray *series, const char *code)
{
  const RoundsVital *vital;

  for (guint pass = 0; pass < 2; pass++)
    for (guint i = 0; i < series->len; i++)
      {
        RoundsVitalSeries *one = g_ptr_array_index (series, i);
        if (pass == 0 ? strcmp (one->code, code) == 0 : g_ascii_strcasecmp (one->code, code) == 0)
          return one;
      }
  vital = rounds_vital_find_name (code);
  for (guint i = 0; vital != NULL && i < series->len; i++)
    {
      RoundsVitalSeries *one = g_ptr_array_index (series, i);
      if (one->vital == vital)
        return one;
    }
  return NULL;
}

json_object *
rounds_vitals_list (GPtrArray *series, gboolean relative)
{
  json_object *list = json_object_new_array ();

  for (guint i = 0; i < series->len; i++)
    {
      const RoundsVitalSeries *one = g_ptr_array_index (series, i);
      const RoundsSample *samples = (const RoundsSample *) one->samples->data;
      json_object *row = json_object_new_object ();

      rounds_json_add_string (row, "code", one->code);
      rounds_json_add_string (row, "label", one->label);
      rounds_json_add_string (row, "unit", one->unit);
      add_count (row, "n", one->samples->len);
      if (one->samples->len > 0)
        {
          json_object_object_add (row, "first", json_time (samples[0].time_us, relative));
          json_object_object_add (row, "last", json_time (samples[one->samples->len - 1].time_us, relative));
        }
      json_object_array_add (list, row);
    }
  return list;
}

/* --- one series ---------------------------------------------------------------------------------------------- */

typedef struct {
  const RoundsVitalsQuestion *question;
  gboolean relative;
  json_object *parameters;
  RoundsVitalSeries *series;
  double *values;
  gsize n;
} Asking;

static json_object *
point_new (Asking *self, gsize index, double value)
{
  json_object *point = json_object_new_object ();

  json_object_object_add (point, "t", json_time (g_array_index (self->series->samples, RoundsSample, index).time_us,
                                                 self->relative));
  add_number (point, "value", value);
  return point;
}

static json_object *
ask_summary (Asking *self)
{
  RoundsSummary summary;
  json_object *result;

  if (self->n == 0)
    return withheld (_("There are no values."));
  rounds_analysis_summary (self->values, self->n, &summary);
  result = json_object_new_object ();
  add_count (result, "n", self->n);
  rounds_json_add_string (result, "unit", self->series->unit);
  add_number (result, "mean", summary.mean);
  add_number (result, "sd", summary.sd);
  add_number (result, "median", summary.median);
  add_number (result, "mad", summary.mad);
  add_number (result, "min", summary.min);
  add_number (result, "max", summary.max);
  add_number (result, "q1", summary.q1);
  add_number (result, "q3", summary.q3);
  return result;
}

static json_object *
points_result (Asking *self, const double *values, gsize n, gsize first)
{
  json_object *result = json_object_new_object ();
  json_object *points = json_object_new_array ();

  for (gsize i = 0; i < n; i++)
    json_object_array_add (points, point_new (self, first + i, values[i]));
  json_object_object_add (result, "points", points);
  return result;
}

static json_object *
ask_standardise (Asking *self)
{
  gboolean robust = self->question->robust;
  g_autofree double *out = g_new (double, self->n + 1);

  json_object_object_add (self->parameters, "robust", json_object_new_boolean (robust));
  if (!rounds_analysis_standardise (self->values, self->n, robust, out))
    return withheld (self->n < 2 ? _("There are too few values.")
                                 : robust ? _("More than half of the values are equal: there is no robust spread.")
                                          : _("All values are equal: there is no spread."));
  return points_result (self, out, self->n, 0);
}

static json_object *
ask_difference (Asking *self)
{
  guint lag = MAX (1, self->question->lag), order = self->question->order;
  g_autofree double *out = g_new (double, self->n + 1);
  gsize n;

  add_count (self->parameters, "order", order);
  add_count (self->parameters, "lag", lag);
  n = rounds_analysis_difference (self->values, self->n, order, lag, out);
  if (n == 0)
    return withheld (_("There are too few values for this order and lag."));
  return points_result (self, out, n, (gsize) order * lag);
}

static json_object *
ask_acf (Asking *self)
{
  guint lags = self->question->lags;
  g_autofree double *acf = NULL, *pacf = NULL;
  json_object *result, *points;

  add_count (self->parameters, "lags", lags);
  if (lags == 0 || lags >= self->n)
    return withheld (_("There are too few values for so many lags."));
  acf = g_new (double, lags);
  pacf = g_new (double, lags);
  if (!rounds_analysis_acf (self->values, self->n, lags, acf, pacf))
    return withheld (_("All values are equal: there is no correlation."));
  result = json_object_new_object ();
  points = json_object_new_array ();
  for (guint i = 0; i < lags; i++)
    {
      json_object *point = json_object_new_object ();

      add_count (point, "lag", i + 1);
      add_number (point, "acf", acf[i]);
      add_number (point, "pacf", pacf[i]);
      json_object_array_add (points, point);
    }
  json_object_object_add (result, "points", points);
  add_number (result, "band95", 1.959963984540054 / sqrt ((double) self->n));
  return result;
}

static json_object *
ask_anomalies (Asking *self, GError **error)
{
  const char *name = self->question->detector != NULL ? self->question->detector : "hampel";
  RoundsDetector detector;
  guint window = self->question->window > 0 ? self->question->window : ROUNDS_HAMPEL_WINDOW;
  double threshold;
  g_autoptr (GArray) found = NULL;
  json_object *result, *points;

  if (!rounds_detector_parse (name, &detector))
    {
      g_set_error (error, ROUNDS_VITALS_ERROR, ROUNDS_VITALS_ERROR_INVALID, _("no detector “%s”"), name);
      return NULL;
    }
  if (detector == ROUNDS_DETECTOR_HAMPEL && (window < 3 || window % 2 == 0))
    {
      g_set_error_literal (error, ROUNDS_VITALS_ERROR, ROUNDS_VITALS_ERROR_INVALID,
                           _("a centred window has an odd width of 3 and more"));
      return NULL;
    }
  threshold = self->question->threshold > 0 ? self->question->threshold : rounds_detector_default_threshold (detector);
  rounds_json_add_string (self->parameters, "detector", name);
  if (detector == ROUNDS_DETECTOR_HAMPEL)
    add_count (self->parameters, "window", window);
  add_number (self->parameters, "threshold", threshold);
  if (self->n < 3 || (detector == ROUNDS_DETECTOR_HAMPEL && self->n < window))
    return withheld (_("There are too few values."));
  found = rounds_analysis_anomalies (self->values, self->n, detector, window, threshold);
  if (found == NULL)
    return withheld (_("The values have no spread to measure against."));
  result = json_object_new_object ();
  points = json_object_new_array ();
  for (guint i = 0; i < found->len; i++)
    {
      const RoundsAnomaly *anomaly = &g_array_index (found, RoundsAnomaly, i);
      json_object *point = point_new (self, anomaly->index, self->values[anomaly->index]);

      add_number (point, "score", anomaly->score);
      json_object_array_add (points, point);
    }
  json_object_object_add (result, "points", points);
  return result;
}

/* --- regression ------------------------------------------------------------------------------------------------ */

static const RoundsSample *
sample_near (const RoundsVitalSeries *series, gint64 time_us, gint64 within_us)
{
  const RoundsSample *nearest = rounds_vital_series_nearest (series, time_us);
  gsize first;

  if (nearest == NULL || ABS (nearest->time_us - time_us) > within_us)
    return NULL;
  /* Of several values at that time the first. */
  first = rounds_vital_series_lower (series, nearest->time_us);
  return &g_array_index (series->samples, RoundsSample, first);
}

gsize
rounds_vitals_pair (const RoundsVitalSeries *y, RoundsVitalSeries *const *x, guint n_x, gint64 within_us,
                    double **y_out, double **x_out)
{
  gsize rows = 0;

  *y_out = g_new (double, y->samples->len + 1);
  *x_out = g_new (double, ((gsize) y->samples->len + 1) * MAX (1, n_x));
  for (guint i = 0; i < y->samples->len; i++)
    {
      const RoundsSample *sample = &g_array_index (y->samples, RoundsSample, i);
      gboolean whole = TRUE;

      for (guint k = 0; k < n_x && whole; k++)
        {
          const RoundsSample *other = sample_near (x[k], sample->time_us, within_us);

          whole = other != NULL;
          if (whole)
            (*x_out)[rows * n_x + k] = other->value;
        }
      if (whole)
        (*y_out)[rows++] = sample->value;
    }
  return rows;
}

static json_object *
prediction_json (const RoundsRegression *fit, const char *const *names, guint n_x, const char *const *predict,
                 GError **error)
{
  double at[MAX_X];
  RoundsPrediction prediction;
  json_object *object;

  for (guint k = 0; k < n_x; k++)
    at[k] = NAN;
  for (guint i = 0; predict[i] != NULL; i++)
    {
      const char *equals = strrchr (predict[i], '=');
      double value;

      if (equals == NULL || !rounds_vitals_parse_number (equals + 1, FALSE, &value))
        continue;
      for (guint k = 0; k < n_x; k++)
        if (strncmp (names[k], predict[i], (gsize) (equals - predict[i])) == 0 &&
            strlen (names[k]) == (gsize) (equals - predict[i]))
          at[k] = value;
    }
  for (guint k = 0; k < n_x; k++)
    if (isnan (at[k]))
      {
        g_set_error (error, ROUNDS_VITALS_ERROR, ROUNDS_VITALS_ERROR_INVALID,
                     _("the prediction needs a value of “%s”"), names[k]);
        return NULL;
      }
  rounds_regression_predict (fit, at, &prediction);
  object = json_object_new_object ();
  add_number (object, "mean", prediction.mean);
  add_number (object, "lo95", prediction.lo95);
  add_number (object, "hi95", prediction.hi95);
  return object;
}

static json_object *
regression_json (const RoundsRegression *fit, const char *const *names)
{
  json_object *result = json_object_new_object ();
  json_object *coefficients = json_object_new_array ();

  for (guint i = 0; i <= fit->n_x; i++)
    {
      const RoundsCoefficient *c = &fit->coefficients[i];
      json_object *row = json_object_new_object ();

      rounds_json_add_string (row, "name", i == 0 ? "intercept" : names[i - 1]);
      add_number (row, "estimate", c->estimate);
      add_number (row, "se", c->se);
      add_number (row, "t", c->t);
      add_number (row, "p", c->p);
      add_number (row, "lo95", c->lo95);
      add_number (row, "hi95", c->hi95);
      json_object_array_add (coefficients, row);
    }
  json_object_object_add (result, "coefficients", coefficients);
  add_number (result, "r2", fit->r2);
  add_number (result, "adjusted_r2", fit->adjusted_r2);
  add_number (result, "sigma", fit->sigma);
  json_object_object_add (result, "df", json_object_new_int64 (fit->df));
  add_count (result, "n", fit->n);
  return result;
}

static RoundsVitalSeries *
pick_or_fail (GPtrArray *series, const char *code, GError **error)
{
  RoundsVitalSeries *found = code != NULL ? rounds_vitals_pick (series, code) : NULL;

  if (found == NULL)
    g_set_error (error, ROUNDS_VITALS_ERROR, ROUNDS_VITALS_ERROR_INVALID,
                 code == NULL ? _("no code is given") : _("there are no values of “%s”"), code);
  return found;
}

static json_object *
ask_regression (GPtrArray *series, const RoundsVitalsQuestion *question, json_object *parameters, gsize *n,
                GError **error)
{
  RoundsVitalSeries *y = pick_or_fail (series, question->y, error);
  RoundsVitalSeries *x[MAX_X];
  guint n_x = 0;
  g_autofree double *ys = NULL, *xs = NULL;
  g_autoptr (RoundsRegression) fit = NULL;
  json_object *names = json_object_new_array ();
  json_object *result;

  rounds_json_add_string (parameters, "y", question->y);
  json_object_object_add (parameters, "x", names);
  add_number (parameters, "within", question->within_s);
  if (y == NULL)
    return NULL;
  for (; question->x != NULL && question->x[n_x] != NULL; n_x++)
    {
      if (n_x == MAX_X)
        {
          g_set_error_literal (error, ROUNDS_VITALS_ERROR, ROUNDS_VITALS_ERROR_INVALID, _("too many variables"));
          return NULL;
        }
      x[n_x] = pick_or_fail (series, question->x[n_x], error);
      if (x[n_x] == NULL)
        return NULL;
      json_object_array_add (names, json_object_new_string (question->x[n_x]));
    }
  if (n_x == 0)
    {
      g_set_error_literal (error, ROUNDS_VITALS_ERROR, ROUNDS_VITALS_ERROR_INVALID, _("no variable x is given"));
      return NULL;
    }
  *n = rounds_vitals_pair (y, x, n_x, llround (MIN (question->within_s, 1e11) * 1e6), &ys, &xs);
  fit = rounds_analysis_regress (ys, xs, *n, n_x);
  switch (fit->state)
    {
    case ROUNDS_REGRESSION_TOO_FEW:
      {
        g_autofree char *sentence =
          g_strdup_printf (_("There are too few common times: %zu for %u coefficients."), *n, n_x + 1);
        return withheld (sentence);
      }
    case ROUNDS_REGRESSION_CONSTANT:
      return withheld (_("All values of y are equal: there is nothing to explain."));
    case ROUNDS_REGRESSION_COLLINEAR:
      {
        g_autofree char *sentence =
          g_strdup_printf (_("“%s” is constant or follows from the other variables (collinear)."),
                           question->x[fit->column]);
        return withheld (sentence);
      }
    default:
      break;
    }
  result = regression_json (fit, question->x);
  if (question->predict != NULL && question->predict[0] != NULL)
    {
      json_object *prediction = prediction_json (fit, question->x, n_x, question->predict, error);

      if (prediction == NULL)
        {
          json_object_put (result);
          return NULL;
        }
      json_object_object_add (result, "prediction", prediction);
    }
  return result;
}

static json_object *
ask_one (GPtrArray *series, gboolean relative, const RoundsVitalsQuestion *question, json_object *parameters,
         gsize *n, GError **error)
{
  static const char *const known[] = { "summary", "standardise", "difference", "acf", "anomalies", NULL };
  Asking self = { question, relative, parameters, NULL, NULL, 0 };
  g_autofree double *values = NULL;

  if (!g_strv_contains (known, question->method))
    {
      g_set_error (error, ROUNDS_VITALS_ERROR, ROUNDS_VITALS_ERROR_INVALID, _("no method “%s”"), question->method);
      return NULL;
    }
  self.series = pick_or_fail (series, question->code, error);
  if (self.series == NULL)
    return NULL;
  rounds_json_add_string (parameters, "code", question->code);
  values = rounds_vital_series_dup_values (self.series, 0, self.series->samples->len);
  self.values = values;
  *n = self.n = self.series->samples->len;
  if (strcmp (question->method, "summary") == 0)
    return ask_summary (&self);
  if (strcmp (question->method, "standardise") == 0)
    return ask_standardise (&self);
  if (strcmp (question->method, "difference") == 0)
    return ask_difference (&self);
  if (strcmp (question->method, "acf") == 0)
    return ask_acf (&self);
  return ask_anomalies (&self, error);
}

json_object *
rounds_vitals_analyse (GPtrArray *series, gboolean relative, const RoundsVitalsQuestion *question, GError **error)
{
  g_autoptr (json_object) answer = json_object_new_object ();
  json_object *parameters = json_object_new_object ();
  json_object *result;
  gsize n = 0;

  rounds_json_add_string (answer, "method", question->method);
  json_object_object_add (answer, "parameters", parameters);
  if (strcmp (question->method, "regress") == 0)
    result = ask_regression (series, question, parameters, &n, error);
  else
    result = ask_one (series, relative, question, parameters, &n, error);
  if (result == NULL)
    return NULL;
  add_count (answer, "n", n);
  json_object_object_add (answer, "result", result);
  return g_steal_pointer (&answer);
}
