/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Points that do not fit: Hampel for single spikes, EWMA and CUSUM for a level that creeps away.
 *
 * Hampel keeps its window sorted and moves it by one insertion and one removal, so a long series costs a
 * window's length a point and not a sort. */
#include "vitals/analysis/anomalies.h"

#include <math.h>
#include <string.h>

#include "vitals/analysis/summary.h"

#define LAMBDA 0.2
#define ALLOWANCE 0.5

gboolean
rounds_detector_parse (const char *text, RoundsDetector *out)
{
  static const char *const names[] = { "hampel", "ewma", "cusum" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (strcmp (text, names[i]) == 0)
      {
        *out = (RoundsDetector) i;
        return TRUE;
      }
  return FALSE;
}

double
rounds_detector_default_threshold (RoundsDetector detector)
{
  return detector == ROUNDS_DETECTOR_CUSUM ? 5 : 3;
}

static gsize
place_of (const double *sorted, gsize n, double value)
{
  gsize low = 0, high = n;

  while (low < high)
    {
      gsize middle = (low + high) / 2;

      if (sorted[middle] < value)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

static void
insert_sorted (double *sorted, gsize *n, double value)
{
  gsize at = place_of (sorted, *n, value);

  memmove (sorted + at + 1, sorted + at, (*n - at) * sizeof *sorted);
  sorted[at] = value;
  (*n)++;
}

static void
remove_sorted (double *sorted, gsize *n, double value)
{
  gsize at = place_of (sorted, *n, value);

  memmove (sorted + at, sorted + at + 1, (*n - at - 1) * sizeof *sorted);
  (*n)--;
}

static double
median_sorted (const double *sorted, gsize n)
{
  return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

/* Scale of the window: 1.4826·MAD; where more than half of the window is equal, the mean deviation stands in,
 * so that one spike on a flat line is flagged with a finite score. */
static double
scale_of (const double *sorted, gsize n, double median, double *scratch)
{
  double mad, mean = 0;

  for (gsize i = 0; i < n; i++)
    {
      scratch[i] = fabs (sorted[i] - median);
      mean += scratch[i] / (double) n;
    }
  mad = rounds_analysis_median (scratch, n);
  return mad > 0 ? ROUNDS_MAD_TO_SIGMA * mad : 1.253314137 * mean;
}

static GArray *
hampel (const double *values, gsize n, guint window, double threshold)
{
  GArray *flagged = g_array_new (FALSE, FALSE, sizeof (RoundsAnomaly));
  gsize half = window / 2;
  g_autofree double *sorted = g_new (double, window + 1);
  g_autofree double *scratch = g_new (double, window + 1);
  gsize count = 0;

  for (gsize i = 0; i < MIN (half, n); i++)
    insert_sorted (sorted, &count, values[i]);
  for (gsize i = 0; i < n; i++)
    {
      double median, scale;

      if (i + half < n)
        insert_sorted (sorted, &count, values[i + half]);
      if (i > half)
        remove_sorted (sorted, &count, values[i - half - 1]);
      median = median_sorted (sorted, count);
      scale = scale_of (sorted, count, median, scratch);
      if (scale > 0 && fabs (values[i] - median) / scale > threshold)
        {
          RoundsAnomaly anomaly = { i, fabs (values[i] - median) / scale };
          g_array_append_val (flagged, anomaly);
        }
    }
  return flagged;
}

GArray *
rounds_analysis_control_chart (const double *values, gsize n, RoundsDetector detector, double centre, double scale,
                               double threshold)
{
  GArray *flagged = g_array_new (FALSE, FALSE, sizeof (RoundsAnomaly));
  double mean = 0, decay = 1, up = 0, down = 0;

  for (gsize i = 0; i < n; i++)
    {
      double u = (values[i] - centre) / scale;
      double score;

      if (detector == ROUNDS_DETECTOR_EWMA)
        {
          mean = LAMBDA * u + (1 - LAMBDA) * mean;
          decay *= (1 - LAMBDA) * (1 - LAMBDA);
          score = fabs (mean) / sqrt (LAMBDA / (2 - LAMBDA) * (1 - decay));
        }
      else
        {
          up = MAX (0, up + u - ALLOWANCE);
          down = MAX (0, down - u - ALLOWANCE);
          score = MAX (up, down);
        }
      if (score > threshold)
        {
          RoundsAnomaly anomaly = { i, score };

          g_array_append_val (flagged, anomaly);
          mean = up = down = 0;
          decay = 1;
        }
    }
  return flagged;
}

GArray *
rounds_analysis_anomalies (const double *values, gsize n, RoundsDetector detector, guint window, double threshold)
{
  RoundsSummary summary;
  double scale;

  if (n < 3)
    return NULL;
  rounds_analysis_summary (values, n, &summary);
  if (summary.min == summary.max)
    return NULL;
  if (detector == ROUNDS_DETECTOR_HAMPEL)
    return hampel (values, n, CLAMP (window | 1, 3, 100001), threshold);
  scale = ROUNDS_MAD_TO_SIGMA * summary.mad;
  if (!(scale > 0))
    return NULL;
  return rounds_analysis_control_chart (values, n, detector, summary.median, scale, threshold);
}
