/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plot's layers, drawn.
 *
 * Few samples are one antialiased stroke; many are the exact extents of the line in every column of pixels, filled
 * as one path: stroking is superlinear in Cairo, and a fill of two thousand columns costs a millisecond and loses
 * no spike. */
#include "vitals/plot-private.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "base/quantity.h"

#define LINE_WIDTH 1.6

void
rounds_plot_set_rgb (cairo_t *cr, guint32 rgb, double alpha)
{
  cairo_set_source_rgba (cr, (rgb >> 16 & 255) / 255.0, (rgb >> 8 & 255) / 255.0, (rgb & 255) / 255.0, alpha);
}

double
rounds_plot_text (cairo_t *cr, double x, double y, int align, double size, gboolean bold, guint32 rgb,
                  double max_width, const char *text)
{
  g_autoptr (PangoLayout) layout = pango_cairo_create_layout (cr);
  PangoFontDescription *font = pango_font_description_new ();
  cairo_font_options_t *options = cairo_font_options_create ();
  int width, height;

  /* The picture may be scaled, printed or laid over anything: no colour fringes on letters. */
  cairo_font_options_set_antialias (options, CAIRO_ANTIALIAS_GRAY);
  cairo_font_options_set_hint_metrics (options, CAIRO_HINT_METRICS_OFF);
  pango_cairo_context_set_font_options (pango_layout_get_context (layout), options);
  cairo_font_options_destroy (options);
  pango_font_description_set_family_static (font, "Adwaita Sans, Cantarell, Sans");
  pango_font_description_set_absolute_size (font, size * PANGO_SCALE);
  pango_font_description_set_weight (font, bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
  pango_layout_set_font_description (layout, font);
  pango_font_description_free (font);
  pango_layout_set_text (layout, text, -1);
  if (max_width > 0)
    {
      pango_layout_set_width (layout, (int) (max_width * PANGO_SCALE));
      pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_END);
      pango_layout_set_single_paragraph_mode (layout, TRUE);
    }
  pango_layout_get_pixel_size (layout, &width, &height);
  rounds_plot_set_rgb (cr, rgb, 1);
  cairo_move_to (cr, align < 0 ? x : align == 0 ? x - width / 2.0 : x - width, y - height / 2.0);
  pango_cairo_show_layout (cr, layout);
  return width;
}

static guint32
lane_rgb (const RoundsPlotLane *lane, const RoundsPlotPalette *palette)
{
  if (lane->vital != NULL)
    return palette->dark ? lane->vital->dark_rgb : lane->vital->light_rgb;
  return palette->dark ? 0x99c1f1 : 0x3d3846;
}

static void
draw_hairline (cairo_t *cr, double x0, double x1, double y, const RoundsPlotPalette *palette)
{
  rounds_plot_set_rgb (cr, palette->line, 1);
  cairo_rectangle (cr, x0, floor (y), x1 - x0, 1);
  cairo_fill (cr);
}

/* --- curves ----------------------------------------------------------------------------------------------------- */

static void
dot (cairo_t *cr, double x, double y, double radius)
{
  cairo_new_sub_path (cr);
  cairo_arc (cr, x, y, radius, 0, 2 * G_PI);
}

/* A stroke through few samples; lonely ones are dots. */
static void
stroke_curve (RoundsPlot *self, const RoundsPlotLane *lane, const RoundsPlotCurve *curve, cairo_t *cr, gsize from,
              gsize to)
{
  const RoundsSample *samples = (const RoundsSample *) curve->series->samples->data;
  gsize n = curve->series->samples->len;
  gint64 gap = curve->series->gap_us;
  gboolean few = to - from <= (gsize) (self->time.width / 9);

  from = from > 0 ? from - 1 : 0;
  to = MIN (to + 1, n);
  for (gsize i = from; i < to; i++)
    {
      double x = rounds_time_scale_x (&self->time, samples[i].time_us);
      double y = rounds_value_scale_y (&lane->scale, samples[i].value);

      if (i == from || samples[i].time_us - samples[i - 1].time_us > gap)
        cairo_move_to (cr, x, y);
      else
        cairo_line_to (cr, x, y);
    }
  cairo_set_line_width (cr, LINE_WIDTH);
  cairo_set_line_join (cr, CAIRO_LINE_JOIN_BEVEL);
  cairo_stroke (cr);
  for (gsize i = from; i < to; i++)
    {
      gboolean left = i > 0 && samples[i].time_us - samples[i - 1].time_us <= gap;
      gboolean right = i + 1 < n && samples[i + 1].time_us - samples[i].time_us <= gap;

      if (few || (!left && !right))
        dot (cr, rounds_time_scale_x (&self->time, samples[i].time_us),
             rounds_value_scale_y (&lane->scale, samples[i].value), 2.2);
    }
  cairo_fill (cr);
}

/* The extents of many samples, column by column, one closed path a run. */
static void
fill_curve (RoundsPlot *self, const RoundsPlotLane *lane, const RoundsPlotCurve *curve, cairo_t *cr)
{
  guint n = (guint) MAX (1, ceil (self->time.width));
  double column_width = self->time.width / n;
  g_autofree RoundsPlotColumn *columns = g_new (RoundsPlotColumn, n);

  rounds_pyramid_columns (curve->pyramid, self->time.from_us, self->time.to_us, curve->series->gap_us, columns, n);
  for (guint i = 0; i < n;)
    {
      guint end;

      if (isnan (columns[i].low))
        {
          i++;
          continue;
        }
      for (end = i + 1; end < n && !isnan (columns[end].low) && columns[end].joined;)
        end++;
      /* Without it the next run would begin where the last one closed, and bridge the gap. */
      cairo_new_sub_path (cr);
      for (guint k = i; k < end; k++)
        {
          double y = rounds_value_scale_y (&lane->scale, columns[k].high) - LINE_WIDTH / 2;

          cairo_line_to (cr, self->time.left + k * column_width, y);
          cairo_line_to (cr, self->time.left + (k + 1) * column_width, y);
        }
      for (guint k = end; k > i; k--)
        {
          double y = rounds_value_scale_y (&lane->scale, columns[k - 1].low) + LINE_WIDTH / 2;

          cairo_line_to (cr, self->time.left + k * column_width, y);
          cairo_line_to (cr, self->time.left + (k - 1) * column_width, y);
        }
      cairo_close_path (cr);
      i = end;
    }
  cairo_fill (cr);
}

static void
draw_band (RoundsPlot *self, const RoundsPlotLane *lane, cairo_t *cr, const RoundsPlotPalette *palette)
{
  double top, bottom;

  if (lane->vital == NULL || !isfinite (lane->vital->band_low) || lane->vital->band_low >= lane->vital->band_high ||
      !rounds_vitals_chart_bands_apply (self->chart))
    return;
  top = rounds_value_scale_y (&lane->scale, lane->vital->band_high);
  bottom = rounds_value_scale_y (&lane->scale, lane->vital->band_low);
  rounds_plot_set_rgb (cr, palette->band, 1);
  cairo_rectangle (cr, self->time.left, round (top), self->time.width, round (bottom) - round (top));
  cairo_fill (cr);
}

static void
draw_value_label (RoundsPlot *self, const RoundsPlotLane *lane, cairo_t *cr, const RoundsPlotPalette *palette,
                  double value, double *taken, guint *n_taken)
{
  double y = rounds_value_scale_y (&lane->scale, value);
  g_autofree char *text = NULL;

  if (y < lane->scale.top - 2 || y > lane->scale.top + lane->scale.height + 2)
    return;
  for (guint i = 0; i < *n_taken; i++)
    if (fabs (taken[i] - y) < 13)
      return;
  taken[(*n_taken)++] = y;
  text = rounds_decimal_format (value, 4);
  rounds_plot_text (cr, self->time.left - 7, y, 1, self->narrow ? 10 : 11, FALSE, palette->dim, 0, text);
}

static void
draw_value_labels (RoundsPlot *self, const RoundsPlotLane *lane, cairo_t *cr, const RoundsPlotPalette *palette)
{
  double taken[16];
  guint n_taken = 0;
  double step = rounds_value_scale_step (&lane->scale, (guint) MAX (1, lane->scale.height / 30));

  if (lane->vital != NULL && isfinite (lane->vital->band_low))
    {
      draw_value_label (self, lane, cr, palette, lane->vital->band_high, taken, &n_taken);
      draw_value_label (self, lane, cr, palette, lane->vital->band_low, taken, &n_taken);
    }
  for (double value = ceil (lane->scale.low / step) * step; value <= lane->scale.high && n_taken < 12; value += step)
    draw_value_label (self, lane, cr, palette, fabs (value) < step / 1e6 ? 0 : value, taken, &n_taken);
}

static void
draw_lane (RoundsPlot *self, RoundsPlotLane *lane, cairo_t *cr, const RoundsPlotPalette *palette)
{
  draw_value_labels (self, lane, cr, palette);
  cairo_save (cr);
  cairo_rectangle (cr, self->time.left, lane->scale.top - 4, self->time.width, lane->scale.height + 8);
  cairo_clip (cr);
  for (guint k = 0; k < lane->n_curves; k++)
    {
      const RoundsPlotCurve *curve = &lane->curves[k];
      gsize from = rounds_pyramid_lower (curve->pyramid, self->time.from_us);
      gsize to = rounds_pyramid_lower (curve->pyramid, self->time.to_us);

      rounds_plot_set_rgb (cr, lane_rgb (lane, palette), k == 0 ? 1 : 0.72);
      cairo_new_path (cr);
      if ((double) (to - from) <= 1.5 * self->time.width)
        stroke_curve (self, lane, curve, cr, from, to);
      else
        fill_curve (self, lane, curve, cr);
    }
  cairo_restore (cr);
}

/* --- events, NEWS2, axis ------------------------------------------------------------------------------------------- */

static guint32
event_rgb (RoundsVitalsEventKind kind, const RoundsPlotPalette *palette)
{
  static const guint32 light[] = { 0x26a269, 0xc01c28, 0x1a5fb4, 0x77767b, 0x813d9c };
  static const guint32 dark[] = { 0x57e389, 0xf66151, 0x78aeed, 0xc0bfbc, 0xdc8add };

  return (palette->dark ? dark : light)[kind];
}

static void
draw_events (RoundsPlot *self, cairo_t *cr, const RoundsPlotPalette *palette)
{
  double y = self->events_top + self->events_height / 2;
  double free_from = self->time.left, last_mark = -100;

  if (self->chart->events->len == 0)
    return;
  if (!self->narrow)
    rounds_plot_text (cr, 0, y, -1, 11, FALSE, palette->dim, self->time.left - 4, _("Events"));
  for (guint i = 0; i < self->chart->events->len; i++)
    {
      const RoundsVitalsEvent *event = g_ptr_array_index (self->chart->events, i);
      double x, next = self->width;

      if (event->time_us < self->time.from_us || event->time_us > self->time.to_us)
        continue;
      x = rounds_time_scale_x (&self->time, event->time_us);
      if (x - last_mark < 3)
        continue;
      last_mark = x;
      rounds_plot_set_rgb (cr, event_rgb (event->kind, palette), 1);
      cairo_move_to (cr, x, y - 4.5);
      cairo_line_to (cr, x + 4.5, y + 3.5);
      cairo_line_to (cr, x - 4.5, y + 3.5);
      cairo_close_path (cr);
      cairo_fill (cr);
      for (guint k = i + 1; k < self->chart->events->len; k++)
        {
          const RoundsVitalsEvent *other = g_ptr_array_index (self->chart->events, k);

          if (rounds_time_scale_x (&self->time, other->time_us) - x < 3)
            continue;
          next = MIN (next, rounds_time_scale_x (&self->time, other->time_us));
          break;
        }
      /* A mark always; its name only where it does not run into another's. */
      if (x + 8 >= free_from && next - 6 - (x + 8) > 34)
        free_from = x + 8 + rounds_plot_text (cr, x + 8, y, -1, 11, FALSE, palette->text,
                                              MIN (next - 6 - (x + 8), 150), event->label);
    }
}

static gint64
bar_span_us (RoundsPlot *self)
{
  static const gint64 hours[] = { 1, 2, 4, 6, 12, 24, 48, 168, 24 * 30, 24 * 91, 24 * 365, 24 * 3652 };
  double wanted = (double) (self->time.to_us - self->time.from_us) / MAX (4, self->time.width / 62);

  for (guint i = 0; i < G_N_ELEMENTS (hours); i++)
    if ((double) (hours[i] * G_TIME_SPAN_HOUR) >= wanted)
      return hours[i] * G_TIME_SPAN_HOUR;
  return 24 * 36520 * G_TIME_SPAN_HOUR;
}

static void
draw_news2_bar (RoundsPlot *self, cairo_t *cr, const RoundsPlotPalette *palette, double left, double right, int total,
                gboolean single)
{
  double room = self->news2_height - 22;
  double height = 5 + (room - 5) * MIN (total, 14) / 14.0;
  double bottom = self->news2_top + self->news2_height - 4;
  guint32 rgb = total >= 7 ? (palette->dark ? 0xe5525a : 0xc93a46)
                : total >= 5 || single ? 0xe8b02e : palette->dark ? 0x4a6fa5 : 0xa9c8f3;
  char text[16];

  left = MAX (left, self->time.left);
  right = MIN (right, self->time.left + self->time.width);
  if (right - left < 1)
    return;
  rounds_plot_set_rgb (cr, rgb, 1);
  cairo_rectangle (cr, left, bottom - height, right - left, height);
  cairo_fill (cr);
  g_snprintf (text, sizeof text, "%d", total);
  if (right - left > 10)
    rounds_plot_text (cr, (left + right) / 2, bottom - height - 8, 0, 11, FALSE, palette->text, 0, text);
}

/* The worst complete score of every span. */
static void
draw_news2 (RoundsPlot *self, cairo_t *cr, const RoundsPlotPalette *palette)
{
  gint64 span = bar_span_us (self);
  GArray *points = self->chart->news2;
  guint i = 0;

  while (i < points->len && g_array_index (points, RoundsNews2Point, i).time_us < self->time.from_us - span)
    i++;
  while (i < points->len && g_array_index (points, RoundsNews2Point, i).time_us < self->time.to_us)
    {
      gint64 time = g_array_index (points, RoundsNews2Point, i).time_us;
      gint64 start = time - ((time % span) + span) % span;
      int worst = 0;
      gboolean single = FALSE;   /* a 3 in one parameter is urgent whatever the sum */

      for (; i < points->len && g_array_index (points, RoundsNews2Point, i).time_us < start + span; i++)
        {
          const RoundsNews2 *score = &g_array_index (points, RoundsNews2Point, i).score;

          worst = MAX (worst, score->total);
          single |= score->response == ROUNDS_NEWS2_SINGLE;
        }
      draw_news2_bar (self, cr, palette, rounds_time_scale_x (&self->time, start) + 2,
                      rounds_time_scale_x (&self->time, start + span) - 2, worst, single);
    }
}

static void
draw_axis (RoundsPlot *self, cairo_t *cr, const RoundsPlotPalette *palette)
{
  g_autoptr (GArray) ticks = rounds_time_scale_ticks (&self->time, (guint) MAX (2, self->time.width / 90));

  for (guint i = 0; i < ticks->len; i++)
    {
      const RoundsTimeTick *tick = &g_array_index (ticks, RoundsTimeTick, i);
      double x = rounds_time_scale_x (&self->time, tick->time_us);

      rounds_plot_set_rgb (cr, palette->line, tick->strong ? 1 : 0.45);
      cairo_rectangle (cr, floor (x), self->lanes_top, 1, self->axis_top - self->lanes_top);
      cairo_fill (cr);
      if (x > self->time.left + 14 && x < self->time.left + self->time.width - 12)
        rounds_plot_text (cr, x, self->axis_top + 12, 0, 11, tick->strong, tick->strong ? palette->text : palette->dim,
                          0, tick->label);
    }
}

void
rounds_plot_draw (RoundsPlot *self, cairo_t *cr, const RoundsPlotPalette *palette)
{
  double right = self->narrow ? self->time.left + self->time.width : self->width;

  if (palette->paint_background)
    {
      rounds_plot_set_rgb (cr, palette->background, 1);
      cairo_rectangle (cr, 0, 0, self->width, self->height);
      cairo_fill (cr);
    }
  for (guint i = 0; i < self->lanes->len; i++)
    draw_band (self, g_ptr_array_index (self->lanes, i), cr, palette);
  draw_axis (self, cr, palette);
  draw_events (self, cr, palette);
  for (guint i = 0; i < self->lanes->len; i++)
    {
      draw_hairline (cr, 0, right, self->lanes_top + i * self->lane_height, palette);
      draw_lane (self, g_ptr_array_index (self->lanes, i), cr, palette);
    }
  if (self->news2_height > 0)
    {
      draw_hairline (cr, 0, right, self->news2_top, palette);
      draw_news2 (self, cr, palette);
    }
}

/* --- overlay ---------------------------------------------------------------------------------------------------------- */

static void
lane_words (RoundsPlot *self, RoundsPlotLane *lane, guint index, cairo_t *cr, const RoundsPlotPalette *palette,
            gint64 crosshair_us)
{
  const RoundsVitalSeries *series = lane->curves[0].series;
  gint64 pixel = (gint64) ((double) (self->time.to_us - self->time.from_us) / self->time.width);
  gint64 when = crosshair_us, at = 0;
  g_autofree char *value = NULL, *clock = NULL, *words = NULL;
  double top = self->lanes_top + index * self->lane_height;

  if (when == G_MININT64)
    {
      const RoundsSample *last = rounds_vital_series_at (series, self->time.to_us);
      when = last != NULL && last->time_us >= self->time.from_us ? last->time_us : G_MININT64;
    }
  if (when != G_MININT64)
    value = rounds_plot_lane_value (lane, when, MAX (series->gap_us / 2, 4 * pixel), &at);
  if (value != NULL || when != G_MININT64)
    {
      RoundsInstant instant = { value != NULL ? at : when, ROUNDS_PRECISION_MINUTE, TRUE, 0 };
      g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc_usec (instant.us);
      g_autoptr (GDateTime) local = utc != NULL ? g_date_time_to_local (utc) : NULL;

      if (self->time.to_us - self->time.from_us > 8 * G_TIME_SPAN_DAY)
        clock = local != NULL ? g_date_time_format (local, _("%-d %b %Y")) : g_strdup ("");
      else
        clock = local != NULL ? g_date_time_format (local, "%H:%M") : g_strdup ("");
    }
  if (value != NULL)
    /* Translators: a value at a time: "97 /min at 00:56" */
    words = g_strdup_printf (_("%s at %s"), value, clock);
  else if (clock != NULL)
    words = g_strdup_printf (_("no value at %s"), clock);
  else
    words = g_strdup (_("no value here"));

  if (self->narrow)
    {
      double x = self->time.left + 4;

      x += rounds_plot_text (cr, x, top + 10, -1, 11, TRUE, palette->text, self->time.width / 2, lane->label) + 8;
      rounds_plot_text (cr, x, top + 10, -1, 11, FALSE, palette->dim,
                        MAX (20, self->time.left + self->time.width - x), words);
    }
  else
    {
      double middle = top + self->lane_height / 2;
      double room = self->width - self->right_left - 4;

      if (self->lane_height >= 34)
        {
          rounds_plot_text (cr, self->right_left + 4, middle - 9, -1, 12, TRUE, palette->text, room, lane->label);
          rounds_plot_text (cr, self->right_left + 4, middle + 8, -1, 11, FALSE, palette->dim, room, words);
        }
      else
        rounds_plot_text (cr, self->right_left + 4, middle, -1, 11, TRUE, palette->text, room, lane->label);
    }
}

static void
news2_words (RoundsPlot *self, cairo_t *cr, const RoundsPlotPalette *palette)
{
  g_autofree char *words = NULL;
  gint64 span = bar_span_us (self);

  if (self->chart->news2->len == 0)
    {
      g_autofree char *why = NULL;
      RoundsNews2 score;

      if (!rounds_vitals_chart_news2 (self->chart, G_MAXINT64, &score, NULL, &why))
        words = g_steal_pointer (&why);
      else
        words = g_strdup (_("incomplete"));
    }
  else if (span < G_TIME_SPAN_DAY)
    words = g_strdup_printf (_("worst of %d h"), (int) (span / G_TIME_SPAN_HOUR));
  else
    words = g_strdup_printf (_("worst of %d d"), (int) (span / G_TIME_SPAN_DAY));
  if (self->narrow)
    {
      double x = self->time.left + 4;

      x += rounds_plot_text (cr, x, self->news2_top + 10, -1, 11, TRUE, palette->text, 0, _("NEWS2")) + 8;
      if (self->chart->news2->len == 0)
        rounds_plot_text (cr, x, self->news2_top + 10, -1, 11, FALSE, palette->dim, 0, words);
    }
  else
    {
      rounds_plot_text (cr, self->right_left + 4, self->news2_top + 19, -1, 12, TRUE, palette->text, 0, _("NEWS2"));
      rounds_plot_text (cr, self->right_left + 4, self->news2_top + 36, -1, 11, FALSE, palette->dim,
                        self->width - self->right_left - 4, words);
    }
}

static void
draw_crosshair (RoundsPlot *self, cairo_t *cr, const RoundsPlotPalette *palette, gint64 crosshair_us)
{
  static const double dashes[] = { 2, 3 };
  double x = rounds_time_scale_x (&self->time, crosshair_us);
  gint64 pixel = (gint64) ((double) (self->time.to_us - self->time.from_us) / self->time.width);

  if (x < self->time.left || x > self->time.left + self->time.width)
    return;
  rounds_plot_set_rgb (cr, palette->dim, 1);
  cairo_set_line_width (cr, 1);
  cairo_set_dash (cr, dashes, 2, 0);
  cairo_move_to (cr, floor (x) + 0.5, self->lanes_top);
  cairo_line_to (cr, floor (x) + 0.5, self->axis_top);
  cairo_stroke (cr);
  cairo_set_dash (cr, NULL, 0, 0);
  for (guint i = 0; i < self->lanes->len; i++)
    {
      const RoundsPlotLane *lane = g_ptr_array_index (self->lanes, i);

      for (guint k = 0; k < lane->n_curves; k++)
        {
          const RoundsVitalSeries *series = lane->curves[k].series;
          const RoundsSample *sample = rounds_vital_series_nearest (series, crosshair_us);

          if (sample == NULL || ABS (sample->time_us - crosshair_us) > MAX (series->gap_us / 2, 4 * pixel))
            continue;
          rounds_plot_set_rgb (cr, lane_rgb (lane, palette), 1);
          dot (cr, rounds_time_scale_x (&self->time, sample->time_us),
               rounds_value_scale_y (&lane->scale, sample->value), 3.5);
          cairo_fill (cr);
        }
    }
}

void
rounds_plot_draw_overlay (RoundsPlot *self, cairo_t *cr, const RoundsPlotPalette *palette, gint64 crosshair_us,
                          gint64 select_from_us, gint64 select_to_us)
{
  if (select_from_us < select_to_us)
    {
      double left = MAX (self->time.left, rounds_time_scale_x (&self->time, select_from_us));
      double right = MIN (self->time.left + self->time.width, rounds_time_scale_x (&self->time, select_to_us));

      if (right > left)
        {
          rounds_plot_set_rgb (cr, palette->dark ? 0x78aeed : 0x3584e4, 0.18);
          cairo_rectangle (cr, left, self->lanes_top, right - left, self->axis_top - self->lanes_top);
          cairo_fill (cr);
        }
    }
  if (crosshair_us != G_MININT64)
    draw_crosshair (self, cr, palette, crosshair_us);
  for (guint i = 0; i < self->lanes->len; i++)
    lane_words (self, g_ptr_array_index (self->lanes, i), i, cr, palette, crosshair_us);
  if (self->news2_height > 0)
    news2_words (self, cr, palette);
}
