/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Multiple linear regression with intervals.
 *
 * Householder QR on the plain design matrix, as R does it, instead of normal equations: the condition number is
 * not squared, and a combination of columns shows in R's diagonal where it can be named. */
#include "vitals/analysis/regression.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_linalg.h>
#include <math.h>

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

static void
invert_upper (const gsl_matrix *r, guint p, double *out)
{
  for (guint column = 0; column < p; column++)
    for (guint k = 0; k <= column; k++)
      {
        guint row = column - k;
        double sum = row == column ? 1 : 0;

        for (guint j = row + 1; j <= column; j++)
          sum -= gsl_matrix_get (r, row, j) * out[j * p + column];
        out[row * p + column] = sum / gsl_matrix_get (r, row, row);
      }
}

static void
fill_coefficients (RoundsRegression *self, const gsl_vector *estimates)
{
  guint p = self->n_x + 1;
  double quantile = self->df > 0 ? t_quantile (0.975, (double) self->df) : NAN;

  for (guint i = 0; i < p; i++)
    {
      RoundsCoefficient *c = &self->coefficients[i];
      double sum = 0;

      c->estimate = gsl_vector_get (estimates, i);
      c->se = c->t = c->p = c->lo95 = c->hi95 = NAN;
      if (self->df <= 0)
        continue;
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

RoundsRegression *
rounds_analysis_regress (const double *y, const double *x, gsize n, guint n_x)
{
  RoundsRegression *self = g_new0 (RoundsRegression, 1);
  guint p = n_x + 1;
  g_autofree double *lengths = NULL;
  gsl_matrix *design;
  gsl_vector *tau, *right, *estimates, *residuals;
  double mean = 0, total = 0, rest = 0;

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
    mean += y[i] / (double) n;
  for (gsize i = 0; i < n; i++)
    total += (y[i] - mean) * (y[i] - mean);
  if (!(total > 1e-28 * mean * mean * (double) n) || total == 0)
    {
      self->state = ROUNDS_REGRESSION_CONSTANT;
      return self;
    }

  design = gsl_matrix_alloc (n, p);
  tau = gsl_vector_alloc (p);
  right = gsl_vector_alloc (n);
  estimates = gsl_vector_alloc (p);
  residuals = gsl_vector_alloc (n);
  lengths = g_new0 (double, p);
  for (gsize i = 0; i < n; i++)
    {
      gsl_vector_set (right, i, y[i]);
      gsl_matrix_set (design, i, 0, 1);
      for (guint k = 0; k < n_x; k++)
        gsl_matrix_set (design, i, k + 1, x[i * n_x + k]);
    }
  for (guint k = 0; k < p; k++)
    {
      gsl_vector_view column = gsl_matrix_column (design, k);
      lengths[k] = gsl_blas_dnrm2 (&column.vector);
    }
  gsl_linalg_QR_decomp (design, tau);
  for (guint k = 0; k < p && self->state == ROUNDS_REGRESSION_OK; k++)
    if (!(fabs (gsl_matrix_get (design, k, k)) >= COLLINEAR * lengths[k]) || lengths[k] == 0)
      {
        self->state = ROUNDS_REGRESSION_COLLINEAR;
        self->column = k == 0 ? 0 : k - 1;
      }

  if (self->state == ROUNDS_REGRESSION_OK)
    {
      gsl_linalg_QR_lssolve (design, tau, right, estimates, residuals);
      self->coefficients = g_new0 (RoundsCoefficient, p);
      self->residuals = g_new0 (double, n);
      self->fitted = g_new0 (double, n);
      self->r_inverse = g_new0 (double, (gsize) p * p);
      invert_upper (design, p, self->r_inverse);
      for (gsize i = 0; i < n; i++)
        {
          self->residuals[i] = gsl_vector_get (residuals, i);
          self->fitted[i] = y[i] - self->residuals[i];
          rest += self->residuals[i] * self->residuals[i];
        }
      self->r2 = 1 - rest / total;
      if (self->df > 0)
        {
          self->sigma = sqrt (rest / (double) self->df);
          self->adjusted_r2 = 1 - (1 - self->r2) * (double) (n - 1) / (double) self->df;
        }
      fill_coefficients (self, estimates);
    }
  gsl_matrix_free (design);
  gsl_vector_free (tau);
  gsl_vector_free (right);
  gsl_vector_free (estimates);
  gsl_vector_free (residuals);
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
