/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One coefficient; standard error, t, p and bounds are NaN when no degree of freedom is left. */
typedef struct {
  double estimate, se, t, p, lo95, hi95;
} RoundsCoefficient;

typedef enum {
  ROUNDS_REGRESSION_OK,
  ROUNDS_REGRESSION_TOO_FEW,     /* fewer rows than coefficients */
  ROUNDS_REGRESSION_CONSTANT,    /* y does not vary */
  ROUNDS_REGRESSION_COLLINEAR,   /* an x is a combination of the others (or constant): `column` says which */
} RoundsRegressionState;

typedef struct {
  RoundsRegressionState state;
  gsize n;
  guint n_x;
  guint column;                      /* of COLLINEAR, from 0 */
  RoundsCoefficient *coefficients;   /* n_x + 1, the intercept first */
  double r2, adjusted_r2, sigma;     /* NaN when not defined */
  gint64 df;                         /* n − n_x − 1 */
  double *residuals;                 /* n */
  double *fitted;                    /* n */
  double *r_inverse;                 /* (n_x + 1)², rows first: for predictions */
} RoundsRegression;

/* Least squares of y on x (n rows of n_x values, row after row) with an intercept, by Householder QR. A column
 * is collinear by R's own rule: what is left of it after the columns before is under 1e-7 of its length. Never
 * NULL; look at state. Any thread. Source: Golub & Van Loan, Matrix Computations, 5.3; R's lm(). */
RoundsRegression *rounds_analysis_regress (const double *y, const double *x, gsize n, guint n_x);
void rounds_regression_free (RoundsRegression *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsRegression, rounds_regression_free)

typedef struct {
  double mean, lo95, hi95;   /* of one new observation (prediction interval); bounds NaN without a df */
} RoundsPrediction;
void rounds_regression_predict (const RoundsRegression *self, const double *x, RoundsPrediction *out);

G_END_DECLS
