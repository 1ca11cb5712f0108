/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vitals/collect.h"

G_BEGIN_DECLS

/* The command line's answers (man page: vitals list, vitals analyse), as JSON without NaN or Infinity. */

/* What is asked; members of other methods are not looked at. Strings are borrowed. */
typedef struct {
  const char *method;           /* "summary", "standardise", "regress", "difference", "acf", "anomalies" */
  const char *code;             /* all but regress */
  gboolean robust;              /* standardise */
  const char *y;                /* regress */
  const char *const *x;         /* regress: NULL-terminated */
  double within_s;              /* regress: how far an x may be from y */
  const char *const *predict;   /* regress: "NAME=VALUE"…, NULL = none */
  guint order, lag;             /* difference; lag 0 = 1 */
  guint lags;                   /* acf */
  const char *detector;         /* anomalies; NULL = hampel */
  guint window;                 /* anomalies; 0 = 7 */
  double threshold;             /* anomalies; 0 = the detector's own */
} RoundsVitalsQuestion;

/* {method, parameters, n, result}. relative: times are seconds as numbers instead of RFC 3339. What cannot be
 * computed is told in result.withheld. NULL with error (INVALID) for a question that makes no sense: unknown
 * method, code or detector. series: RoundsVitalSeries of a chart or of rounds_vital_series_from_file(). Pure. */
json_object *rounds_vitals_analyse (GPtrArray *series, gboolean relative, const RoundsVitalsQuestion *question,
                                    GError **error);

/* Array of {code, label, unit, n, first, last}. */
json_object *rounds_vitals_list (GPtrArray *series, gboolean relative);

/* A JSON number with the shortest digits that give the same double; NULL (null) when not finite. */
json_object *rounds_vitals_number (double value);

/* Series by code, file's name, or any name that files use. Borrowed or NULL. */
RoundsVitalSeries *rounds_vitals_pick (GPtrArray *series, const char *code);

/* Rows for a regression: each time of y with each x at that time, or the nearest within within_us (the earlier
 * on a tie). Returns the number of rows; *y_out (rows) and *x_out (rows × n_x) are the caller's. */
gsize rounds_vitals_pair (const RoundsVitalSeries *y, RoundsVitalSeries *const *x, guint n_x, gint64 within_us,
                          double **y_out, double **x_out);

G_END_DECLS
