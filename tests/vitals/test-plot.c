/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plot tells the truth: extents of every column equal those of the full line, no spike is lost at any zoom, and
 * a gap stays open in the numbers and in the pixels. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "vitals/plot.h"
#include "vitals/pyramid.h"

/* The same by brute force: every segment, every column. */
static void
brute_columns (const RoundsSample *samples, gsize n, gint64 from, gint64 to, gint64 gap, RoundsPlotColumn *out, guint n_columns)
{
  double width = (double) (to - from) / n_columns;

  for (guint c = 0; c < n_columns; c++)
    {
      gint64 left = from + (gint64) (((__int128) (to - from) * c) / n_columns);
      gint64 right = from + (gint64) (((__int128) (to - from) * (c + 1)) / n_columns);

      out[c] = (RoundsPlotColumn) { NAN, NAN, NAN, NAN, 0, FALSE };
      for (gsize i = 0; i < n; i++)
        {
          if (samples[i].time_us >= left && samples[i].time_us < right)
            {
              out[c].min = fmin (out[c].min, samples[i].value);
              out[c].max = fmax (out[c].max, samples[i].value);
              out[c].count++;
            }
          if (i > 0 && samples[i].time_us - samples[i - 1].time_us <= gap && samples[i].time_us >= left &&
              samples[i - 1].time_us < right)
            for (guint edge = 0; edge < 2; edge++)
              {
                gint64 at = edge == 0 ? left : right;
                double value;

                if (at <= samples[i - 1].time_us || at > samples[i].time_us)
                  continue;
                value = samples[i - 1].value + (samples[i].value - samples[i - 1].value) *
                        (double) (at - samples[i - 1].time_us) / (double) (samples[i].time_us - samples[i - 1].time_us);
                out[c].low = fmin (out[c].low, value);
                out[c].high = fmax (out[c].high, value);
              }
        }
      out[c].low = fmin (out[c].low, out[c].min);
      out[c].high = fmax (out[c].high, out[c].max);
    }
  g_assert_cmpfloat (width, >, 0);
}

static RoundsSample *
make_samples (guint32 seed, gsize n)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  RoundsSample *samples = g_new (RoundsSample, n);
  gint64 time = 1000000;
  double value = 90;

  for (gsize i = 0; i < n; i++)
    {
      time += g_rand_int_range (rand, 1, 2000000);
      if (g_rand_int_range (rand, 0, 200) == 0)
        time += 90 * G_USEC_PER_SEC;
      value += g_rand_double_range (rand, -2, 2);
      samples[i].time_us = time;
      samples[i].value = g_rand_int_range (rand, 0, 500) == 0 ? value + 400 : value;
    }
  return samples;
}

static void
same (double a, double b)
{
  if (isnan (a) || isnan (b))
    g_assert_true (isnan (a) && isnan (b));
  else
    g_assert_cmpfloat_with_epsilon (a, b, 1e-6);
}

static void
test_columns (void)
{
  static const gsize sizes[] = { 1, 2, 15, 16, 17, 300, 3000 };

  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
    {
      gsize n = sizes[s];
      g_autofree RoundsSample *samples = make_samples (s + 1, n);
      g_autoptr (RoundsPyramid) pyramid = rounds_pyramid_new (samples, n);
      gint64 first = samples[0].time_us, last = samples[n - 1].time_us;
      const gint64 windows[][2] = { { first, last + 1 }, { first - 50000000, last + 50000000 },
                                    { first + (last - first) / 3, first + (last - first) / 2 + 100 },
                                    { last + 100, last + 5000 }, { first + (last - first) / 2, first + (last - first) / 2 + 64 } };

      for (guint w = 0; w < G_N_ELEMENTS (windows); w++)
        for (guint n_columns = 1; n_columns < 200; n_columns = n_columns * 3 + 1)
          {
            RoundsPlotColumn got[200], wanted[200];
            gsize in_window = 0;

            g_assert_cmpuint (rounds_pyramid_columns (pyramid, windows[w][0], windows[w][1], 10 * G_USEC_PER_SEC, got,
                                                      n_columns), <=, n);
            brute_columns (samples, n, windows[w][0], windows[w][1], 10 * G_USEC_PER_SEC, wanted, n_columns);
            for (guint c = 0; c < n_columns; c++)
              {
                g_assert_cmpuint (got[c].count, ==, wanted[c].count);
                same (got[c].min, wanted[c].min);
                same (got[c].max, wanted[c].max);
                same (got[c].low, wanted[c].low);
                same (got[c].high, wanted[c].high);
                in_window += got[c].count;
              }
            (void) in_window;
          }
    }
}

static void
test_range (void)
{
  gsize n = 5000;
  g_autofree RoundsSample *samples = make_samples (99, n);
  g_autoptr (RoundsPyramid) pyramid = rounds_pyramid_new (samples, n);
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);

  for (guint round = 0; round < 400; round++)
    {
      gsize from = (gsize) g_rand_int_range (rand, 0, (gint32) n), to = (gsize) g_rand_int_range (rand, (gint32) from + 1, (gint32) n + 1);
      double min, max, sum, low = INFINITY, high = -INFINITY, total = 0;

      rounds_pyramid_range (pyramid, from, to, &min, &max, &sum);
      for (gsize i = from; i < to; i++)
        {
          low = MIN (low, samples[i].value);
          high = MAX (high, samples[i].value);
          total += samples[i].value;
        }
      g_assert_cmpfloat (min, ==, low);
      g_assert_cmpfloat (max, ==, high);
      g_assert_cmpfloat_with_epsilon (sum, total, 1e-6);
    }
  g_assert_cmpuint (rounds_pyramid_get_bytes (pyramid), <, n * sizeof (RoundsSample) / 5);
}

static RoundsVitalsChart *
chart_of (const RoundsSample *samples, gsize n)
{
  GPtrArray *all = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_vital_series_free);
  RoundsVitalSeries *series = rounds_vital_series_new (ROUNDS_CODE_HEART_RATE, NULL, "/min");
  RoundsVitalsChart *chart;

  rounds_vital_series_add (series, samples, n, "/min");
  g_ptr_array_add (all, series);
  chart = rounds_vitals_chart_new_for_series (all);
  rounds_vitals_chart_finish (chart);
  return chart;
}

/* How far a curve's colour reaches in a column of pixels; FALSE when the column has none of it. */
static gboolean
ink (cairo_surface_t *surface, int x, int *top, int *bottom)
{
  const guint8 *pixels = cairo_image_surface_get_data (surface);
  int stride = cairo_image_surface_get_stride (surface), height = cairo_image_surface_get_height (surface);

  *top = -1;
  for (int y = 0; y < height; y++)
    {
      guint32 pixel = *(const guint32 *) (pixels + (gsize) y * (gsize) stride + 4 * (gsize) x);
      int red = pixel >> 16 & 255, green = pixel >> 8 & 255, blue = pixel & 255;

      if (red - green < 60 || red - blue < 60)
        continue;
      if (*top < 0)
        *top = y;
      *bottom = y;
    }
  return *top >= 0;
}

static cairo_surface_t *
draw (RoundsPlot *plot, int width, int height)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, width, height);
  cairo_t *cr = cairo_create (surface);

  rounds_plot_set_size (plot, width, height);
  rounds_plot_draw (plot, cr, &rounds_plot_light);
  cairo_destroy (cr);
  cairo_surface_flush (surface);
  return surface;
}

/* One spike among 160,000 values, and a hole: both are in the picture. */
static void
test_pixels (void)
{
  gsize n = 160000;
  g_autofree RoundsSample *samples = g_new (RoundsSample, n);
  g_autoptr (RoundsVitalsChart) chart = NULL;
  g_autoptr (RoundsPlot) plot = NULL;
  cairo_surface_t *surface;
  const RoundsTimeScale *scale;
  gint64 from, to;
  int top, bottom, normal_top = 0, spike_x, hole_from, hole_to;

  for (gsize i = 0; i < n; i++)
    {
      samples[i].time_us = (gint64) i * G_USEC_PER_SEC + (i >= 80000 ? 40000 * G_GINT64_CONSTANT (1000000) : 0);
      samples[i].value = 80 + (double) (i % 7);
    }
  samples[33333].value = 190;
  chart = chart_of (samples, n);
  plot = rounds_plot_new (chart, NULL);
  surface = draw (plot, 1000, 300);
  scale = rounds_plot_get_time_scale (plot);
  spike_x = (int) floor (rounds_time_scale_x (scale, samples[33333].time_us));
  hole_from = (int) ceil (rounds_time_scale_x (scale, samples[79999].time_us)) + 2;
  hole_to = (int) floor (rounds_time_scale_x (scale, samples[80000].time_us)) - 2;
  g_assert_cmpint (hole_to - hole_from, >, 100);
  g_assert_true (ink (surface, spike_x - 20, &normal_top, &bottom));
  g_assert_true (ink (surface, spike_x, &top, &bottom));
  g_assert_cmpint (top, <, normal_top - 50);
  for (int x = hole_from; x < hole_to; x++)
    g_assert_false (ink (surface, x, &top, &bottom));
  for (int x = (int) scale->left + 12; x < (int) (scale->left + scale->width) - 12; x++)
    if (x < hole_from - 6 || x > hole_to + 6)
      g_assert_true (ink (surface, x, &top, &bottom));
  cairo_surface_destroy (surface);

  /* Zoomed in until single values are strokes, the spike is still there. */
  rounds_plot_set_window (plot, samples[33300].time_us, samples[33370].time_us);
  surface = draw (plot, 1000, 300);
  spike_x = (int) floor (rounds_time_scale_x (rounds_plot_get_time_scale (plot), samples[33333].time_us));
  g_assert_true (ink (surface, spike_x, &top, &bottom));
  g_assert_cmpint (top, <, 40);
  cairo_surface_destroy (surface);
  rounds_plot_get_extent (plot, &from, &to);
  g_assert_cmpint (from, <, samples[0].time_us);
  g_assert_cmpint (to, >, samples[n - 1].time_us);
}

static void
test_files (void)
{
  g_autofree RoundsSample *samples = make_samples (3, 500);
  g_autoptr (RoundsVitalsChart) chart = NULL;
  g_autoptr (RoundsPlot) plot = NULL;
  g_autofree char *folder = g_dir_make_tmp ("rounds-plot-XXXXXX", NULL);
  static const struct { const char *name; const char *magic; } kinds[] = {
    { "a.png", "\x89PNG" }, { "a.svg", "<?xml" }, { "a.pdf", "%PDF" },
  };
  g_autoptr (GError) error = NULL;
  g_autofree char *words = NULL, *none = NULL;

  chart = chart_of (samples, 500);
  plot = rounds_plot_new (chart, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *path = g_build_filename (folder, kinds[i].name, NULL);
      g_autofree char *bytes = NULL;
      gsize length;

      g_assert_true (rounds_plot_save (plot, path, 640, 400, &rounds_plot_light, &error));
      g_assert_no_error (error);
      g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
      g_assert_cmpmem (bytes, strlen (kinds[i].magic), kinds[i].magic, strlen (kinds[i].magic));
      if (i == 0)
        {
          cairo_surface_t *image = cairo_image_surface_create_from_png (path);

          g_assert_cmpint (cairo_image_surface_get_width (image), ==, 640);
          g_assert_cmpint (cairo_image_surface_get_height (image), ==, 400);
          cairo_surface_destroy (image);
        }
      g_remove (path);
    }
  g_assert_false (rounds_plot_save (plot, "/nowhere/a.gif", 640, 400, &rounds_plot_light, &error));
  g_assert_nonnull (error);
  g_rmdir (folder);
  words = rounds_plot_describe (plot, G_MININT64);
  g_assert_nonnull (strstr (words, "Heart rate"));
  none = rounds_plot_describe (plot, samples[0].time_us);
  g_assert_nonnull (strstr (none, "/min"));
}

static void
test_axis (void)
{
  RoundsTimeScale scale = { 0, 0, 50, 900 };

  for (gint64 span = G_TIME_SPAN_SECOND; span < 200 * 365 * G_TIME_SPAN_DAY; span = span * 3 + 7)
    {
      g_autoptr (GArray) ticks = NULL;

      scale.from_us = G_GINT64_CONSTANT (1795503600000000) - span;
      scale.to_us = G_GINT64_CONSTANT (1795503600000000);
      ticks = rounds_time_scale_ticks (&scale, 10);
      g_assert_cmpuint (ticks->len, <=, 14);
      for (guint i = 0; i < ticks->len; i++)
        {
          const RoundsTimeTick *tick = &g_array_index (ticks, RoundsTimeTick, i);
          double x = rounds_time_scale_x (&scale, tick->time_us);

          g_assert_cmpfloat (x, >=, 50);
          g_assert_cmpfloat (x, <=, 950);
          g_assert_cmpint (ABS (rounds_time_scale_time (&scale, x) - tick->time_us), <=, 2 + span / 1000000);
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vitals/plot/columns", test_columns);
  g_test_add_func ("/vitals/plot/range", test_range);
  g_test_add_func ("/vitals/plot/pixels", test_pixels);
  g_test_add_func ("/vitals/plot/files", test_files);
  g_test_add_func ("/vitals/plot/axis", test_axis);
  return g_test_run ();
}
