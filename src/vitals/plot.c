/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plot as data and layout: which lanes there are, where they lie, which window is shown.
 *
 * Pressures of one kind share a lane, because nobody reads a systolic without its diastolic. The value scale of a
 * lane follows what is in the window and always holds the reference band's nearer edge, so that a line's place
 * means something while zooming. */
#include "vitals/plot-private.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "base/quantity.h"
#include "vitals/analysis/summary.h"

#define MIN_SPAN_US G_TIME_SPAN_SECOND
#define MAX_SPAN_US (G_TIME_SPAN_DAY * 365 * 130)
#define MIN_TIME_US (-G_GINT64_CONSTANT (62135596800000000))
#define MAX_TIME_US (G_GINT64_CONSTANT (253370764800000000))

const RoundsPlotPalette rounds_plot_light = { FALSE, 0xffffff, 0x1e1e1e, 0x6f6f72, 0xdcdcdf, 0xe3ede8, TRUE };
const RoundsPlotPalette rounds_plot_dark = { TRUE, 0x1d1d20, 0xffffff, 0xa3a3a8, 0x3a3a3f, 0x27352f, TRUE };

static void
lane_free (gpointer data)
{
  RoundsPlotLane *lane = data;

  for (guint i = 0; i < lane->n_curves; i++)
    rounds_pyramid_free (lane->curves[i].pyramid);
  g_free (lane->label);
  g_free (lane->unit);
  g_free (lane);
}

static void
lane_add (RoundsPlotLane *lane, RoundsVitalSeries *series)
{
  RoundsPlotCurve *curve = &lane->curves[lane->n_curves++];

  curve->series = series;
  curve->pyramid = rounds_pyramid_new ((const RoundsSample *) series->samples->data, series->samples->len);
}

static RoundsPlotLane *
lane_new (RoundsPlot *self, RoundsVitalSeries *series, const char *label)
{
  RoundsPlotLane *lane = g_new0 (RoundsPlotLane, 1);

  lane->label = g_strdup (label != NULL ? label : series->label);
  lane->unit = g_strdup (series->unit);
  lane->vital = series->vital;
  lane_add (lane, series);
  g_ptr_array_add (self->lanes, lane);
  return lane;
}

static gboolean
wanted (const char *const *codes, const RoundsVitalSeries *series)
{
  static const char *const usual[] = {
    ROUNDS_CODE_HEART_RATE, ROUNDS_CODE_SYSTOLIC, ROUNDS_CODE_DIASTOLIC, ROUNDS_CODE_ARTERIAL_SYSTOLIC,
    ROUNDS_CODE_ARTERIAL_DIASTOLIC, ROUNDS_CODE_SPO2, ROUNDS_CODE_RESPIRATORY_RATE, ROUNDS_CODE_TEMPERATURE,
    "8331-1", NULL,
  };

  if (codes == NULL)
    return series->vital != NULL && g_strv_contains (usual, series->vital->code);
  for (guint i = 0; codes[i] != NULL; i++)
    if (strcmp (codes[i], series->code) == 0 || g_ascii_strcasecmp (codes[i], series->code) == 0 ||
        (series->vital != NULL && rounds_vital_find_name (codes[i]) == series->vital))
      return TRUE;
  return FALSE;
}

/* The other half of a pressure. */
static const char *
partner_of (const char *code)
{
  if (strcmp (code, ROUNDS_CODE_SYSTOLIC) == 0)
    return ROUNDS_CODE_DIASTOLIC;
  if (strcmp (code, ROUNDS_CODE_ARTERIAL_SYSTOLIC) == 0)
    return ROUNDS_CODE_ARTERIAL_DIASTOLIC;
  return NULL;
}

static void
make_lanes (RoundsPlot *self, const char *const *codes)
{
  g_autoptr (GHashTable) done = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < self->chart->series->len; i++)
    {
      RoundsVitalSeries *series = g_ptr_array_index (self->chart->series, i);
      const char *partner = series->vital != NULL ? partner_of (series->vital->code) : NULL;
      RoundsVitalSeries *other = NULL;
      RoundsPlotLane *lane;

      if (!wanted (codes, series) || g_hash_table_contains (done, series))
        continue;
      for (guint k = 0; partner != NULL && k < self->chart->series->len; k++)
        {
          RoundsVitalSeries *candidate = g_ptr_array_index (self->chart->series, k);
          if (candidate->vital != NULL && strcmp (candidate->vital->code, partner) == 0 && wanted (codes, candidate))
            other = candidate;
        }
      lane = lane_new (self, series, other == NULL ? NULL
                                     : strcmp (series->vital->code, ROUNDS_CODE_SYSTOLIC) == 0 ? _("Blood pressure")
                                                                                               : _("Arterial pressure"));
      if (other != NULL)
        {
          lane_add (lane, other);
          lane->pair = TRUE;
          g_hash_table_add (done, other);
        }
    }
}

RoundsPlot *
rounds_plot_new (RoundsVitalsChart *chart, const char *const *codes)
{
  RoundsPlot *self = g_new0 (RoundsPlot, 1);
  gint64 from, to;

  self->chart = rounds_vitals_chart_ref (chart);
  self->lanes = g_ptr_array_new_with_free_func (lane_free);
  make_lanes (self, codes);
  /* Nothing usual was measured: better something than an empty page. */
  for (guint i = 0; codes == NULL && self->lanes->len == 0 && i < MIN (chart->series->len, 6); i++)
    lane_new (self, g_ptr_array_index (chart->series, i), NULL);
  self->width = 1000;
  self->height = 600;
  self->time = (RoundsTimeScale) { 0, G_TIME_SPAN_DAY, 0, 1 };
  if (rounds_plot_get_extent (self, &from, &to))
    rounds_plot_set_window (self, from, to);
  return self;
}

void
rounds_plot_free (RoundsPlot *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->lanes);
  rounds_vitals_chart_unref (self->chart);
  g_free (self);
}

guint
rounds_plot_get_n_lanes (RoundsPlot *self)
{
  return self->lanes->len;
}

gboolean
rounds_plot_get_extent (RoundsPlot *self, gint64 *from_us, gint64 *to_us)
{
  gint64 from = G_MAXINT64, to = G_MININT64;
  gint64 room;

  for (guint i = 0; i < self->lanes->len; i++)
    {
      const RoundsPlotLane *lane = g_ptr_array_index (self->lanes, i);

      for (guint k = 0; k < lane->n_curves; k++)
        {
          const GArray *samples = lane->curves[k].series->samples;
          from = MIN (from, g_array_index (samples, RoundsSample, 0).time_us);
          to = MAX (to, g_array_index (samples, RoundsSample, samples->len - 1).time_us);
        }
    }
  if (from > to)
    return FALSE;
  room = from == to ? G_TIME_SPAN_HOUR : (to - from) / 100 + 1;
  *from_us = from - room;
  *to_us = to + room;
  return TRUE;
}

void
rounds_plot_set_window (RoundsPlot *self, gint64 from_us, gint64 to_us)
{
  gint64 span;

  from_us = CLAMP (from_us, MIN_TIME_US, MAX_TIME_US);
  to_us = CLAMP (to_us, MIN_TIME_US, MAX_TIME_US);
  span = CLAMP (to_us - from_us, MIN_SPAN_US, MAX_SPAN_US);
  self->time.from_us = to_us - from_us == span ? from_us : MIN (from_us, MAX_TIME_US - span);
  self->time.to_us = self->time.from_us + span;
  rounds_plot_layout (self);
}

void
rounds_plot_get_window (RoundsPlot *self, gint64 *from_us, gint64 *to_us)
{
  *from_us = self->time.from_us;
  *to_us = self->time.to_us;
}

void
rounds_plot_zoom (RoundsPlot *self, double factor, gint64 around_us)
{
  double left = (double) (around_us - self->time.from_us), right = (double) (self->time.to_us - around_us);
  double span = (left + right) * factor;

  if (span < (double) MIN_SPAN_US || span > (double) MAX_SPAN_US)
    return;
  rounds_plot_set_window (self, around_us - llround (left * factor), around_us + llround (right * factor));
}

const RoundsTimeScale *
rounds_plot_get_time_scale (RoundsPlot *self)
{
  return &self->time;
}

double
rounds_plot_get_natural_height (RoundsPlot *self)
{
  return 24 + 84.0 * self->lanes->len + 64 + 30;
}

void
rounds_plot_set_size (RoundsPlot *self, double width, double height)
{
  self->width = MAX (width, 60);
  self->height = MAX (height, 60);
  rounds_plot_layout (self);
}

/* The value scale: what is in the window, and the band's edges as far as they are near. */
static void
settle_scale (RoundsPlot *self, RoundsPlotLane *lane)
{
  double low = INFINITY, high = -INFINITY, room;

  for (guint k = 0; k < lane->n_curves; k++)
    {
      const RoundsPyramid *pyramid = lane->curves[k].pyramid;
      gsize from = rounds_pyramid_lower (pyramid, self->time.from_us);
      gsize to = rounds_pyramid_lower (pyramid, self->time.to_us);
      double min, max;

      /* The neighbours outside count too: their line is seen. */
      from = from > 0 ? from - 1 : 0;
      to = MIN (to + 1, lane->curves[k].series->samples->len);
      if (from >= to)
        continue;
      rounds_pyramid_range (pyramid, from, to, &min, &max, NULL);
      low = MIN (low, min);
      high = MAX (high, max);
    }
  if (lane->vital != NULL && isfinite (lane->vital->band_low))
    {
      low = MIN (low, lane->vital->band_low);
      high = MAX (high, lane->vital->band_high);
    }
  if (!isfinite (low) || !isfinite (high))
    {
      low = 0;
      high = 1;
    }
  room = MAX ((high - low) * 0.10, fabs (high) * 1e-6 + 1e-9);
  if (high - low <= 0)
    room = MAX (fabs (high) * 0.05, 0.5);
  lane->scale.low = low - room;
  lane->scale.high = high + room;
}

void
rounds_plot_layout (RoundsPlot *self)
{
  double rest;
  guint n = MAX (1, self->lanes->len);

  self->narrow = self->width < 560;
  self->time.left = self->narrow ? 34 : 56;
  self->right_left = self->narrow ? self->width - 6 : self->width - 132;
  self->time.width = MAX (10, self->right_left - self->time.left - (self->narrow ? 0 : 8));
  self->events_top = 0;
  self->events_height = self->chart->events->len > 0 ? 24 : 4;
  self->axis_top = self->height - 24;
  self->news2_height = self->height > 220 ? 56 : 0;
  self->news2_top = self->axis_top - self->news2_height;
  self->lanes_top = self->events_height;
  rest = self->news2_top - self->lanes_top;
  self->lane_height = MAX (8, rest / n);
  for (guint i = 0; i < self->lanes->len; i++)
    {
      RoundsPlotLane *lane = g_ptr_array_index (self->lanes, i);
      double head = self->narrow ? MIN (17, self->lane_height / 3) : 4;

      settle_scale (self, lane);
      lane->scale.top = self->lanes_top + i * self->lane_height + head;
      lane->scale.height = MAX (4, self->lane_height - head - 4);
    }
}

/* --- words --------------------------------------------------------------------------------------------------- */

char *
rounds_plot_lane_value (const RoundsPlotLane *lane, gint64 time_us, gint64 tolerance_us, gint64 *at_us)
{
  GString *text = NULL;

  for (guint k = 0; k < (lane->pair ? 2u : lane->n_curves); k++)
    {
      const RoundsVitalSeries *series = lane->curves[k].series;
      const RoundsSample *sample = rounds_vital_series_nearest (series, time_us);
      g_autofree char *value = NULL;

      if (sample == NULL || ABS (sample->time_us - time_us) > tolerance_us)
        {
          if (k == 0)
            return NULL;
          continue;
        }
      value = rounds_vital_format (series->vital, sample->value);
      if (text == NULL)
        text = g_string_new (value);
      else
        g_string_append_printf (text, "/%s", value);
      if (k == 0 && at_us != NULL)
        *at_us = sample->time_us;
    }
  if (text == NULL)
    return NULL;
  if (*lane->unit != '\0')
    g_string_append_printf (text, " %s", rounds_unit_display (lane->unit));
  return g_string_free (text, FALSE);
}

gint64
rounds_plot_next_time (RoundsPlot *self, gint64 time_us, int direction)
{
  gint64 best = G_MININT64;

  for (guint i = 0; i < self->lanes->len; i++)
    {
      const RoundsPlotLane *lane = g_ptr_array_index (self->lanes, i);

      for (guint k = 0; k < lane->n_curves; k++)
        {
          const RoundsVitalSeries *series = lane->curves[k].series;
          gint64 candidate;

          if (direction > 0)
            {
              gsize at = rounds_vital_series_lower (series, time_us + 1);
              if (at >= series->samples->len)
                continue;
              candidate = g_array_index (series->samples, RoundsSample, at).time_us;
              if (best == G_MININT64 || candidate < best)
                best = candidate;
            }
          else
            {
              gsize at = rounds_vital_series_lower (series, time_us);
              if (at == 0)
                continue;
              candidate = g_array_index (series->samples, RoundsSample, at - 1).time_us;
              best = MAX (best, candidate);
            }
        }
    }
  return best;
}

static char *
clock_text (gint64 time_us)
{
  RoundsInstant instant = { time_us, ROUNDS_PRECISION_MINUTE, TRUE, 0 };

  return rounds_instant_display (&instant, rounds_instant_now_us ());
}

static guint
count_gaps (const RoundsPlotCurve *curve, gsize from, gsize to)
{
  const RoundsSample *samples = (const RoundsSample *) curve->series->samples->data;
  guint gaps = 0;

  if (to - from > 200000)
    return 0;
  for (gsize i = from + 1; i < to; i++)
    gaps += samples[i].time_us - samples[i - 1].time_us > curve->series->gap_us;
  return gaps;
}

char *
rounds_plot_describe (RoundsPlot *self, gint64 crosshair_us)
{
  GString *text = g_string_new (NULL);
  g_autofree char *window = rounds_time_scale_describe (&self->time);

  if (crosshair_us != G_MININT64)
    {
      g_autofree char *clock = clock_text (crosshair_us);
      gint64 tolerance = (self->time.to_us - self->time.from_us) / 100;

      g_string_append_printf (text, "%s: ", clock);
      for (guint i = 0; i < self->lanes->len; i++)
        {
          const RoundsPlotLane *lane = g_ptr_array_index (self->lanes, i);
          g_autofree char *value =
            rounds_plot_lane_value (lane, crosshair_us, MAX (tolerance, lane->curves[0].series->gap_us / 2), NULL);

          g_string_append_printf (text, "%s%s %s", i > 0 ? ", " : "", lane->label,
                                  value != NULL ? value : _("no value"));
        }
      return g_string_free (text, FALSE);
    }
  g_string_append_printf (text, "%s. ", window);
  for (guint i = 0; i < self->lanes->len; i++)
    {
      const RoundsPlotLane *lane = g_ptr_array_index (self->lanes, i);
      const RoundsPlotCurve *curve = &lane->curves[0];
      gsize from = rounds_pyramid_lower (curve->pyramid, self->time.from_us);
      gsize to = rounds_pyramid_lower (curve->pyramid, self->time.to_us);
      double min, max;
      g_autofree char *low = NULL, *high = NULL, *last = NULL;
      guint gaps;

      if (from >= to)
        {
          g_string_append_printf (text, _("%s: no values here. "), lane->label);
          continue;
        }
      rounds_pyramid_range (curve->pyramid, from, to, &min, &max, NULL);
      low = rounds_vital_format (lane->vital, min);
      high = rounds_vital_format (lane->vital, max);
      last = rounds_plot_lane_value (lane, g_array_index (curve->series->samples, RoundsSample, to - 1).time_us, 0, NULL);
      gaps = count_gaps (curve, from, to);
      /* Translators: name, lowest, highest, last value with its unit */
      g_string_append_printf (text, _("%s: %s to %s, last %s"), lane->label, low, high, last != NULL ? last : "–");
      if (gaps > 0)
        g_string_append_printf (text, g_dngettext (GETTEXT_PACKAGE, ", %u gap", ", %u gaps", gaps), gaps);
      g_string_append (text, ". ");
    }
  return g_string_free (text, FALSE);
}

char *
rounds_plot_describe_selection (RoundsPlot *self, gint64 from_us, gint64 to_us)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < self->lanes->len; i++)
    {
      const RoundsPlotLane *lane = g_ptr_array_index (self->lanes, i);

      for (guint k = 0; k < lane->n_curves; k++)
        {
          const RoundsVitalSeries *series = lane->curves[k].series;
          gsize from = rounds_vital_series_lower (series, from_us), to = rounds_vital_series_lower (series, to_us);
          g_autofree double *values = NULL;
          g_autofree char *median = NULL, *low = NULL, *high = NULL, *mean = NULL;
          RoundsSummary summary;

          if (from >= to)
            continue;
          values = rounds_vital_series_dup_values (series, from, to);
          rounds_analysis_summary (values, to - from, &summary);
          median = rounds_vital_format (series->vital, summary.median);
          mean = rounds_decimal_format (summary.mean, 4);
          low = rounds_vital_format (series->vital, summary.min);
          high = rounds_vital_format (series->vital, summary.max);
          if (text->len > 0)
            g_string_append_c (text, '\n');
          /* Translators: name, count, median, mean, lowest, highest, unit */
          g_string_append_printf (text, _("%s: n %zu · median %s · mean %s · %s – %s %s"), series->label, to - from,
                                  median, mean, low, high, rounds_unit_display (series->unit));
        }
    }
  if (text->len == 0)
    g_string_append (text, _("No values in the selection."));
  return g_string_free (text, FALSE);
}
