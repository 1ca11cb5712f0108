/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Multiple linear regression with intervals.
 *
 * Householder QR on the plain design matrix, as R does it, instead of normal equations: the condition number is
 * not squared, and a combination of columns shows in R's diagonal where it can be named. Written out over
 * contiguous columns: GSL's walks row-major matrices by column, which cost six times as much at 20,000 rows. GSL
 * gives the distribution functions. */
#include "vitals/analysis/regression.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

#define COLLINEAR 1e-7

void
rounds_regression_free (RoundsRegression *self)
{
  if (self == NULL)
    return;
  g_free (self->coefficients);
  g_free (self->residuals);
  g_free (self->fitted);
  g_free (self->r_inverse);
  g_free (self);
}

/* GSL's quantile is good to about 1e-10; one Newton step on its own distribution function ends the rest. */
static double
t_quantile (double p, double df)
{
  double t = gsl_cdf_tdist_Pinv (p, df);

  for (guint i = 0; i < 2; i++)
    {
      double density = exp (lgamma ((df + 1) / 2) - lgamma (df / 2) - 0.5 * log (df * G_PI) -
                            (df + 1) / 2 * log1p (t * t / df));
      if (density > 0)
        t -= (gsl_cdf_tdist_P (t, df) - p) / density;
    }
  return t;
}

/* Four sums at once: a compiler may not reorder one. */
static double
dot (const double *a, const double *b, gsize n)
{
  double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  gsize i = 0;

  for (; i + 4 <= n; i += 4)
    {
      s0 += a[i] * b[i];
      s1 += a[i + 1] * b[i + 1];
      s2 += a[i + 2] * b[i + 2];
      s3 += a[i + 3] * b[i + 3];
    }
  for (; i < n; i++)
    s0 += a[i] * b[i];
  return (s0 + s1) + (s2 + s3);
}

/* H·b with H = 1 − 2vvᵀ/vᵀv; norm is vᵀv. */
static void
reflect (const double *v, double norm, double *b, gsize n)
{
  double factor = 2 * dot (v, b, n) / norm;

  for (gsize i = 0; i < n; i++)
    b[i] -= factor * v[i];
}

/* Columns of length n one after the other, the last one y. Leaves the reflection's vector v in and below the
 * diagonal of each column, vᵀv in norms, and R in r (p × (p + 1), rows first, with Qᵀy as its last column).
 * FALSE with *bad when a column follows from those before it. */
static gboolean
decompose (double *columns, gsize n, guint p, double *norms, double *r, guint *bad)
{
  for (guint k = 0; k < p; k++)
    {
      double *v = columns + k * n;
      double length = sqrt (dot (v, v, n)), rest = sqrt (dot (v + k, v + k, n - k));

      /* Reflections keep a column's length, so this is the original one. */
      if (!(rest >= COLLINEAR * length) || length == 0)
        {
          *bad = k;
          return FALSE;
        }
      for (guint row = 0; row < k; row++)
        r[row * (p + 1) + k] = v[row];
      rest = v[k] > 0 ? -rest : rest;
      r[k * (p + 1) + k] = rest;
      v[k] -= rest;
      norms[k] = dot (v + k, v + k, n - k);
      for (guint j = k + 1; j <= p; j++)
        reflect (v + k, norms[k], columns + j * n + k, n - k);
    }
  for (guint row = 0; row < p; row++)
    r[row * (p + 1) + p] = columns[(gsize) p * n + row];
  return TRUE;
}

static void
invert_upper (const double *r, guint p, double *out)
{
  for (guint column = 0; column < p; column++)
    for (guint k = 0; k <= column; k++)
      {
        guint row = column - k;
        double sum = row == column ? 1 : 0;

        for (guint j = row + 1; j <= column; j++)
          sum -= r[row * (p + 1) + j] * out[j * p + column];
        out[row * p + column] = sum / r[row * (p + 1) + row];
      }
}

static void
fill_coefficients (RoundsRegression *self, const double *r)
{
  guint p = self->n_x + 1;
  double quantile = self->df > 0 ? t_quantile (0.975, (double) self->df) : NAN;

  for (guint i = p; i-- > 0;)
    {
      RoundsCoefficient *c = &self->coefficients[i];
      double sum = r[i * (p + 1) + p];

      for (guint j = i + 1; j < p; j++)
        sum -= r[i * (p + 1) + j] * self->coefficients[j].estimate;
      c->estimate = sum / r[i * (p + 1) + i];
      c->se = c->t = c->p = c->lo95 = c->hi95 = NAN;
      if (self->df <= 0)
        continue;
      sum = 0;
      for (guint j = i; j < p; j++)
        sum += self->r_inverse[i * p + j] * self->r_inverse[i * p + j];
      c->se = self->sigma * sqrt (sum);
      if (c->se > 0)
        {
          c->t = c->estimate / c->se;
          c->p = 2 * gsl_cdf_tdist_Q (fabs (c->t), (double) self->df);
        }
      c->lo95 = c->estimate - quantile * c->se;
      c->hi95 = c->estimate + quantile * c->se;
    }
}

/* Residuals as Q·(0, rest of Qᵀy): small ones come without cancellation. */
static double
fill_residuals (RoundsRegression *self, const double *columns, const double *norms, const double *y)
{
  guint p = self->n_x + 1;
  gsize n = self->n;

  memcpy (self->residuals, columns + p * n, n * sizeof *y);
  memset (self->residuals, 0, p * sizeof *y);
  for (guint k = p; k-- > 0;)
    reflect (columns + k * n + k, norms[k], self->residuals + k, n - k);
  for (gsize i = 0; i < n; i++)
    self->fitted[i] = y[i] - self->residuals[i];
  return dot (columns + p * n + p, columns + p * n + p, n - p);
}

RoundsRegression *
rounds_analysis_regress (const double *y, const double *x, gsize n, guint n_x)
{
  RoundsRegression *self = g_new0 (RoundsRegression, 1);
  guint p = n_x + 1, bad = 0;
  g_autofree double *columns = NULL, *norms = NULL, *r = NULL;
  double mean = 0, total = 0, rest;

  self->n = n;
  self->n_x = n_x;
  self->df = (gint64) n - (gint64) p;
  self->r2 = self->adjusted_r2 = self->sigma = NAN;
  if (n < p || n < 2)
    {
      self->state = ROUNDS_REGRESSION_TOO_FEW;
      return self;
    }
  for (gsize i = 0; i < n; i++)
    mean += y[i];
  mean /= (double) n;
  for (gsize i = 0; i < n; i++)
    total += (y[i] - mean) * (y[i] - mean);
  if (!(total > 1e-28 * mean * mean * (double) n) || total == 0)
    {
      self->state = ROUNDS_REGRESSION_CONSTANT;
      return self;
    }

  columns = g_new (double, n * (p + 1));
  norms = g_new0 (double, p);
  r = g_new0 (double, (gsize) p * (p + 1));
  for (gsize i = 0; i < n; i++)
    {
      columns[i] = 1;
      for (guint k = 0; k < n_x; k++)
        columns[(k + 1) * n + i] = x[i * n_x + k];
    }
  memcpy (columns + p * n, y, n * sizeof *y);
  if (!decompose (columns, n, p, norms, r, &bad))
    {
      self->state = ROUNDS_REGRESSION_COLLINEAR;
      self->column = bad == 0 ? 0 : bad - 1;
      return self;
    }
  self->coefficients = g_new0 (RoundsCoefficient, p);
  self->residuals = g_new0 (double, n);
  self->fitted = g_new0 (double, n);
  self->r_inverse = g_new0 (double, (gsize) p * p);
  invert_upper (r, p, self->r_inverse);
  rest = fill_residuals (self, columns, norms, y);
  self->r2 = 1 - rest / total;
  if (self->df > 0)
    {
      self->sigma = sqrt (rest / (double) self->df);
      self->adjusted_r2 = 1 - (1 - self->r2) * (double) (n - 1) / (double) self->df;
    }
  fill_coefficients (self, r);
  return self;
}

void
rounds_regression_predict (const RoundsRegression *self, const double *x, RoundsPrediction *out)
{
  guint p = self->n_x + 1;
  double spread = 0;

  g_return_if_fail (self->state == ROUNDS_REGRESSION_OK);

  *out = (RoundsPrediction) { self->coefficients[0].estimate, NAN, NAN };
  for (guint k = 0; k < self->n_x; k++)
    out->mean += self->coefficients[k + 1].estimate * x[k];
  if (self->df <= 0)
    return;
  /* x (RᵀR)⁻¹ xᵀ = |R⁻ᵀ x|² */
  for (guint column = 0; column < p; column++)
    {
      double sum = 0;

      for (guint row = 0; row <= column; row++)
        sum += (row == 0 ? 1 : x[row - 1]) * self->r_inverse[row * p + column];
      spread += sum * sum;
    }
  {
    double half = t_quantile (0.975, (double) self->df) * self->sigma * sqrt (1 + spread);

    out->lo95 = out->mean - half;
    out->hi95 = out->mean + half;
  }
}
