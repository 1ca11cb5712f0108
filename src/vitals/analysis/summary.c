/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Summary, standardising, differencing and autocorrelation.
 *
 * Sums run twice over the data (the mean first, then deviations from it): a heart rate has a mean a thousand
 * times its variance, and the one-pass formula loses those digits. */
#include "vitals/analysis/summary.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>
#include <math.h>
#include <string.h>

double
rounds_analysis_quantile_sorted (const double *sorted, gsize n, double p)
{
  return gsl_stats_quantile_from_sorted_data (sorted, 1, n, p);
}

double
rounds_analysis_median (double *values, gsize n)
{
  gsl_sort (values, 1, n);
  return gsl_stats_median_from_sorted_data (values, 1, n);
}

static double
mean_of (const double *values, gsize n)
{
  double sum = 0, rest = 0;

  for (gsize i = 0; i < n; i++)
    sum += values[i];
  sum /= (double) n;
  for (gsize i = 0; i < n; i++)
    rest += values[i] - sum;
  return sum + rest / (double) n;
}

void
rounds_analysis_summary (const double *values, gsize n, RoundsSummary *out)
{
  g_autofree double *copy = NULL;
  double squares = 0;

  *out = (RoundsSummary) { n, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN };
  if (n == 0)
    return;
  copy = g_memdup2 (values, n * sizeof *values);
  out->mean = mean_of (values, n);
  for (gsize i = 0; i < n; i++)
    squares += (values[i] - out->mean) * (values[i] - out->mean);
  if (n > 1)
    out->sd = sqrt (squares / (double) (n - 1));
  out->median = rounds_analysis_median (copy, n);
  out->min = copy[0];
  out->max = copy[n - 1];
  out->q1 = rounds_analysis_quantile_sorted (copy, n, 0.25);
  out->q3 = rounds_analysis_quantile_sorted (copy, n, 0.75);
  for (gsize i = 0; i < n; i++)
    copy[i] = fabs (values[i] - out->median);
  out->mad = rounds_analysis_median (copy, n);
}

gboolean
rounds_analysis_standardise (const double *values, gsize n, gboolean robust, double *out)
{
  RoundsSummary summary;
  double centre, scale;

  if (n < 2)
    return FALSE;
  rounds_analysis_summary (values, n, &summary);
  centre = robust ? summary.median : summary.mean;
  scale = robust ? ROUNDS_MAD_TO_SIGMA * summary.mad : summary.sd;
  /* A constant series has a deviation of rounding only. */
  if (!(scale > 1e-14 * fabs (centre)) || scale == 0)
    return FALSE;
  for (gsize i = 0; i < n; i++)
    out[i] = (values[i] - centre) / scale;
  return TRUE;
}

gsize
rounds_analysis_difference (const double *values, gsize n, guint order, guint lag, double *out)
{
  gsize left = n;

  if (lag == 0 || (order > 0 && (n / lag < order || n <= (gsize) order * lag)))
    return 0;
  memmove (out, values, n * sizeof *values);
  for (guint round = 0; round < order; round++)
    {
      for (gsize i = 0; i + lag < left; i++)
        out[i] = out[i + lag] - out[i];
      left -= lag;
    }
  return left;
}

gboolean
rounds_analysis_acf (const double *values, gsize n, guint n_lags, double *acf, double *pacf)
{
  g_autofree double *phi = NULL;
  g_autofree double *previous = NULL;
  double mean, variance = 0;
  double residual = 1;

  if (n < 2 || n_lags == 0 || n_lags >= n)
    return FALSE;
  mean = mean_of (values, n);
  for (gsize i = 0; i < n; i++)
    variance += (values[i] - mean) * (values[i] - mean);
  if (!(variance > 1e-28 * mean * mean * (double) n) || variance == 0)
    return FALSE;
  for (guint lag = 1; lag <= n_lags; lag++)
    {
      double sum = 0;

      for (gsize i = lag; i < n; i++)
        sum += (values[i] - mean) * (values[i - lag] - mean);
      acf[lag - 1] = sum / variance;
    }

  phi = g_new0 (double, n_lags + 1);
  previous = g_new0 (double, n_lags + 1);
  for (guint k = 1; k <= n_lags; k++)
    {
      double top = acf[k - 1];

      for (guint j = 1; j < k; j++)
        top -= previous[j] * acf[k - j - 1];
      if (!(residual > 1e-12))
        {
          pacf[k - 1] = NAN;
          continue;
        }
      phi[k] = top / residual;
      for (guint j = 1; j < k; j++)
        phi[j] = previous[j] - phi[k] * previous[k - j];
      pacf[k - 1] = phi[k];
      residual *= 1 - phi[k] * phi[k];
      memcpy (previous, phi, (n_lags + 1) * sizeof *phi);
    }
  return TRUE;
}
