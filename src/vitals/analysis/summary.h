/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Statistics of plain numbers. Undefined results are NaN here and never reach a reader as such. All functions
 * are pure and may run on any thread; n is the number of values, all finite. */

typedef struct {
  gsize n;
  double mean, sd;            /* sd with n − 1; NaN for n < 2 */
  double median, mad;         /* mad = median of |x − median|, not scaled */
  double min, max, q1, q3;    /* quartiles of R's type 7 */
} RoundsSummary;

void rounds_analysis_summary (const double *values, gsize n, RoundsSummary *out);

/* Quantile of R's type 7 of values in ascending order; n ≥ 1, 0 ≤ p ≤ 1. */
double rounds_analysis_quantile_sorted (const double *sorted, gsize n, double p);
/* Sorts in place and gives the median; n ≥ 1. */
double rounds_analysis_median (double *values, gsize n);

#define ROUNDS_MAD_TO_SIGMA 1.4826

/* z = (x − mean) ÷ sd, or with robust (x − median) ÷ (1.4826 · MAD), into out. FALSE when that scale is 0 or
 * there are too few values: out is untouched. */
gboolean rounds_analysis_standardise (const double *values, gsize n, gboolean robust, double *out);

/* (1 − B^lag)^order: writes n − order·lag values, each belonging to the later point (the first to point
 * order·lag). Returns how many; 0 when there are too few. out may hold n values. */
gsize rounds_analysis_difference (const double *values, gsize n, guint order, guint lag, double *out);

/* Biased autocorrelation and Durbin–Levinson partial autocorrelation at lags 1…n_lags. FALSE when the series
 * is constant or n_lags ≥ n. A partial one that is not defined is NaN. */
gboolean rounds_analysis_acf (const double *values, gsize n, guint n_lags, double *acf, double *pacf);

G_END_DECLS
