/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What tests/bench/vitals.py measures: a series to a picture, frames of a pan and a zoom over many points, building the
 * pyramid, and a regression. One JSON object on stdout.
 *
 *   vitals-run plot DATA OUT.png     DATA: pairs of float64, seconds and value
 *   vitals-run pan N
 *   vitals-run regress DATA.csv      y,a,b */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vitals/analysis/regression.h"
#include "vitals/plot.h"
#include "vitals/pyramid.h"

static RoundsVitalsChart *
chart_of (const double *pairs, gsize n)
{
  GPtrArray *all = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_vital_series_free);
  RoundsVitalSeries *series = rounds_vital_series_new (ROUNDS_CODE_HEART_RATE, NULL, "/min");
  RoundsVitalsChart *chart;

  g_array_set_size (series->samples, (guint) n);
  for (gsize i = 0; i < n; i++)
    {
      RoundsSample *sample = &g_array_index (series->samples, RoundsSample, i);

      sample->time_us = llround (pairs[2 * i] * 1e6);
      sample->value = pairs[2 * i + 1];
    }
  g_ptr_array_add (all, series);
  chart = rounds_vitals_chart_new_for_series (all);
  rounds_vitals_chart_finish (chart);
  return chart;
}

static int
plot (const char *path, const char *out)
{
  double best = INFINITY;

  for (guint round = 0; round < 7; round++)
    {
      gint64 start = g_get_monotonic_time ();
      g_autofree char *bytes = NULL;
      gsize length;
      g_autoptr (RoundsVitalsChart) chart = NULL;
      g_autoptr (RoundsPlot) self = NULL;
      g_autoptr (GBytes) png = NULL;
      cairo_surface_t *surface;
      cairo_t *cr;

      if (!g_file_get_contents (path, &bytes, &length, NULL))
        return 2;
      chart = chart_of ((const double *) bytes, length / 16);
      self = rounds_plot_new (chart, NULL);
      surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, 1600, 600);
      cr = cairo_create (surface);
      rounds_plot_set_size (self, 1600, 600);
      rounds_plot_draw (self, cr, &rounds_plot_light);
      rounds_plot_draw_overlay (self, cr, &rounds_plot_light, G_MININT64, 0, 0);
      cairo_destroy (cr);
      cairo_surface_flush (surface);
      png = rounds_plot_surface_to_png (surface, NULL);
      cairo_surface_destroy (surface);
      if (png == NULL || !g_file_set_contents (out, g_bytes_get_data (png, NULL), (gssize) g_bytes_get_size (png), NULL))
        return 2;
      best = MIN (best, (double) (g_get_monotonic_time () - start) / 1000);
    }
  g_print ("{\"plot_ms\": %.2f}\n", best);
  return 0;
}

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return x < y ? -1 : x > y;
}

/* A frame costs what it costs: other programs on the machine are not counted. */
static double
cpu_ms (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (double) now.tv_sec * 1e3 + (double) now.tv_nsec / 1e6;
}

static int
pan (gsize n)
{
  g_autofree double *pairs = g_new (double, 2 * n);
  g_autoptr (RoundsVitalsChart) chart = NULL;
  g_autoptr (RoundsPlot) self = NULL;
  g_autofree double *frames = g_new (double, 400);
  gint64 from, to, start;
  double build_ms = INFINITY;
  gsize bytes = 0;
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, 1200, 600);
  RoundsVitalSeries *series;

  for (gsize i = 0; i < n; i++)
    {
      pairs[2 * i] = (double) i / 125;
      pairs[2 * i + 1] = 80 + 20 * sin ((double) i / 3000) + (double) (g_random_int () % 1000) / 100;
    }
  chart = chart_of (pairs, n);
  series = g_ptr_array_index (chart->series, 0);
  for (guint round = 0; round < 3; round++)
    {
      RoundsPyramid *pyramid;

      start = g_get_monotonic_time ();
      pyramid = rounds_pyramid_new ((const RoundsSample *) series->samples->data, n);
      build_ms = MIN (build_ms, (double) (g_get_monotonic_time () - start) / 1000);
      bytes = rounds_pyramid_get_bytes (pyramid);
      rounds_pyramid_free (pyramid);
    }
  self = rounds_plot_new (chart, NULL);
  rounds_plot_set_size (self, 1200, 600);
  rounds_plot_get_extent (self, &from, &to);
  {
    /* Fonts are found once in a program's life, not in a frame. */
    cairo_t *cr = cairo_create (surface);
    rounds_plot_draw (self, cr, &rounds_plot_light);
    cairo_destroy (cr);
  }
  for (guint i = 0; i < 400; i++)
    {
      double began = cpu_ms ();
      cairo_t *cr;

      if (i % 2 == 0)
        rounds_plot_zoom (self, i < 200 ? 0.95 : 1 / 0.95, from + (to - from) / 3);
      else
        {
          gint64 a, b;

          rounds_plot_get_window (self, &a, &b);
          rounds_plot_set_window (self, a + (b - a) / 50, b + (b - a) / 50);
        }
      cr = cairo_create (surface);
      cairo_set_operator (cr, CAIRO_OPERATOR_CLEAR);
      cairo_paint (cr);
      cairo_set_operator (cr, CAIRO_OPERATOR_OVER);
      rounds_plot_draw (self, cr, &rounds_plot_light);
      cairo_destroy (cr);
      frames[i] = cpu_ms () - began;
    }
  qsort (frames, 400, sizeof *frames, compare_doubles);
  g_print ("{\"build_ms\": %.1f, \"memory_ratio\": %.3f, \"frame_p50_ms\": %.2f, \"frame_p99_ms\": %.2f}\n", build_ms,
           1 + (double) bytes / ((double) n * sizeof (RoundsSample)), frames[200], frames[396]);
  cairo_surface_destroy (surface);
  return 0;
}

static int
regress (const char *path)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  g_autofree double *y = NULL, *x = NULL;
  gsize n;
  double best = INFINITY;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 2;
  lines = g_strsplit (g_strstrip (text), "\n", -1);
  n = g_strv_length (lines) - 1;
  y = g_new (double, n);
  x = g_new (double, 2 * n);
  for (gsize i = 0; i < n; i++)
    {
      g_auto (GStrv) cells = g_strsplit (lines[i + 1], ",", 3);

      y[i] = g_ascii_strtod (cells[0], NULL);
      x[2 * i] = g_ascii_strtod (cells[1], NULL);
      x[2 * i + 1] = g_ascii_strtod (cells[2], NULL);
    }
  for (guint round = 0; round < 5; round++)
    {
      gint64 start = g_get_monotonic_time ();
      g_autoptr (RoundsRegression) fit = rounds_analysis_regress (y, x, n, 2);

      best = MIN (best, (double) (g_get_monotonic_time () - start) / 1000);
      if (fit->state != ROUNDS_REGRESSION_OK)
        return 2;
    }
  g_print ("{\"regress_ms\": %.3f}\n", best);
  return 0;
}

int
main (int argc, char **argv)
{
  if (argc == 4 && strcmp (argv[1], "plot") == 0)
    return plot (argv[2], argv[3]);
  if (argc == 3 && strcmp (argv[1], "pan") == 0)
    return pan ((gsize) g_ascii_strtoull (argv[2], NULL, 10));
  if (argc == 3 && strcmp (argv[1], "regress") == 0)
    return regress (argv[2]);
  return 2;
}
