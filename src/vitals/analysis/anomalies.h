/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  ROUNDS_DETECTOR_HAMPEL,   /* |x − median| ÷ (1.4826·MAD) in a centred window, cut at the ends */
  ROUNDS_DETECTOR_EWMA,     /* λ 0.2, exact limits */
  ROUNDS_DETECTOR_CUSUM,    /* two-sided, k 0.5 */
} RoundsDetector;

typedef struct {
  gsize index;
  double score;             /* what went over the threshold, in standard deviations */
} RoundsAnomaly;

/* Parses "hampel", "ewma", "cusum". */
gboolean rounds_detector_parse (const char *text, RoundsDetector *out);
/* Hampel 3, EWMA 3, CUSUM 5. */
double rounds_detector_default_threshold (RoundsDetector detector);
#define ROUNDS_HAMPEL_WINDOW 7

/* Flagged points in order, as an array of RoundsAnomaly. window is Hampel's full width, odd, ≥ 3. EWMA and
 * CUSUM take centre and scale (median, 1.4826·MAD) from the whole series and restart after an alarm. NULL when
 * the series has no spread or fewer than 3 points. Caller owns. Any thread.
 * Source: Davies & Gather 1993; Roberts 1959; Page 1954; Montgomery, Statistical Quality Control, ch. 9. */
GArray *rounds_analysis_anomalies (const double *values, gsize n, RoundsDetector detector, guint window,
                                   double threshold);

/* The control charts alone, around a known centre and scale: for alarms in a feed. */
GArray *rounds_analysis_control_chart (const double *values, gsize n, RoundsDetector detector, double centre,
                                       double scale, double threshold);

G_END_DECLS
