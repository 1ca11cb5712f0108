/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NEWS2 of a patient at a time, and as a track over all times.
 *
 * A value counts for twelve hours, the longest that NEWS2 allows between two sets of observations; after that it
 * is missing, and the score incomplete rather than stale. */
#include "vitals/collect-private.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "base/instant.h"

#define WINDOW_US (12 * G_TIME_SPAN_HOUR)
#define MAX_TRACK 200000

/* Newest sample of these codes at or before a time and inside the window. */
static gboolean
newest (const RoundsVitalsChart *self, gint64 time_us, const char *const *codes, double *value, const char **code,
        gint64 *at_us)
{
  gboolean found = FALSE;
  gint64 best = G_MININT64;

  for (guint i = 0; codes[i] != NULL; i++)
    for (guint k = 0; k < self->series->len; k++)
      {
        const RoundsVitalSeries *series = g_ptr_array_index (self->series, k);
        const RoundsSample *sample;

        if (series->vital == NULL || strcmp (series->vital->code, codes[i]) != 0)
          continue;
        sample = rounds_vital_series_at (series, time_us);
        if (sample == NULL || sample->time_us <= best ||
            (time_us != G_MAXINT64 && sample->time_us < time_us - WINDOW_US))
          continue;
        best = sample->time_us;
        *value = sample->value;
        *code = series->vital->code;
        found = TRUE;
      }
  if (found)
    *at_us = MAX (*at_us, best);
  return found;
}

static const char *const rate_codes[] = { ROUNDS_CODE_RESPIRATORY_RATE, NULL };
static const char *const spo2_codes[] = { ROUNDS_CODE_SPO2, NULL };
static const char *const systolic_codes[] = { ROUNDS_CODE_SYSTOLIC, ROUNDS_CODE_ARTERIAL_SYSTOLIC, NULL };
static const char *const pulse_codes[] = { ROUNDS_CODE_HEART_RATE, ROUNDS_CODE_PULSE_OXIMETER_RATE, NULL };
static const char *const temperature_codes[] = { ROUNDS_CODE_TEMPERATURE, "8331-1", NULL };
static const char *const oxygen_codes[] = { ROUNDS_CODE_OXYGEN_FLOW, ROUNDS_CODE_OXYGEN_CONCENTRATION, NULL };
static const char *const *const all_codes[] = { rate_codes, spo2_codes, systolic_codes, pulse_codes,
                                                temperature_codes, oxygen_codes };

/* The time of the newest input of any kind. */
static gint64
newest_input_us (const RoundsVitalsChart *self)
{
  gint64 best = G_MININT64;
  double value;
  const char *code;

  for (guint i = 0; i < G_N_ELEMENTS (all_codes); i++)
    newest (self, G_MAXINT64, all_codes[i], &value, &code, &best);
  if (self->consciousness->len > 0)
    best = MAX (best, g_array_index (self->consciousness, RoundsConsciousness, self->consciousness->len - 1).time_us);
  return best;
}

static const RoundsConsciousness *
consciousness_at (const RoundsVitalsChart *self, gint64 time_us)
{
  for (guint i = self->consciousness->len; i > 0; i--)
    {
      const RoundsConsciousness *level = &g_array_index (self->consciousness, RoundsConsciousness, i - 1);

      if (level->time_us <= time_us)
        return level->time_us >= time_us - WINDOW_US ? level : NULL;
    }
  return NULL;
}

void
rounds_vitals_chart_news2_input (const RoundsVitalsChart *self, gint64 time_us, RoundsNews2Input *out, gint64 *at_us)
{
  gint64 used = G_MININT64;
  const RoundsConsciousness *level;
  const char *code = NULL;
  double oxygen;

  *out = ROUNDS_NEWS2_INPUT_NONE;
  out->scale = self->spo2_scale;
  if (time_us == G_MAXINT64)
    time_us = newest_input_us (self);
  if (time_us != G_MININT64)
    {
      newest (self, time_us, rate_codes, &out->respiratory_rate_per_min, &code, &used);
      newest (self, time_us, spo2_codes, &out->spo2_percent, &code, &used);
      newest (self, time_us, systolic_codes, &out->systolic_mmhg, &code, &used);
      newest (self, time_us, pulse_codes, &out->pulse_per_min, &code, &used);
      newest (self, time_us, temperature_codes, &out->temperature_celsius, &code, &used);
      if (newest (self, time_us, oxygen_codes, &oxygen, &code, &used))
        {
          /* Room air is 21 %. */
          double air = strcmp (code, ROUNDS_CODE_OXYGEN_FLOW) == 0 ? 0 : 21.5;
          out->oxygen = oxygen > air ? ROUNDS_OXYGEN_GIVEN : ROUNDS_OXYGEN_AIR;
        }
      level = consciousness_at (self, time_us);
      if (level != NULL)
        {
          out->consciousness = level->letter;
          used = MAX (used, level->time_us);
        }
    }
  if (at_us != NULL)
    *at_us = used;
}

gboolean
rounds_vitals_chart_news2_applies (const RoundsVitalsChart *self, gint64 time_us, char **why)
{
  int years = self->birth_date != NULL ? rounds_instant_years (self->birth_date, time_us) : -1;

  if (self->pregnant)
    {
      if (why != NULL)
        *why = g_strdup (_("NEWS2 is not for use in pregnancy."));
      return FALSE;
    }
  if (years >= 0 && years < 16)
    {
      if (why != NULL)
        *why = g_strdup (_("No NEWS2 under 16 years."));
      return FALSE;
    }
  return TRUE;
}

gboolean
rounds_vitals_chart_news2 (const RoundsVitalsChart *self, gint64 time_us, RoundsNews2 *out, gint64 *at_us, char **why)
{
  RoundsNews2Input input;
  g_autoptr (GError) error = NULL;
  gint64 used = G_MININT64;

  rounds_vitals_chart_news2_input (self, time_us, &input, &used);
  if (at_us != NULL)
    *at_us = used;
  if (!rounds_vitals_chart_news2_applies (self, used != G_MININT64 ? used : rounds_instant_now_us (), why))
    return FALSE;
  if (!rounds_news2_check (&input, &error))
    {
      if (why != NULL)
        *why = g_strdup (error->message);
      return FALSE;
    }
  rounds_news2_score (&input, out);
  return TRUE;
}

static int
compare_int64 (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return x < y ? -1 : x > y;
}

void
rounds_vitals_chart_track_news2 (RoundsVitalsChart *self)
{
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (gint64));
  gint64 last = G_MININT64;

  g_array_set_size (self->news2, 0);
  /* Without these two no score is complete, and monitors feed neither: nothing to walk through. */
  if (self->consciousness->len == 0)
    return;
  for (guint i = 0; i < self->series->len; i++)
    {
      const RoundsVitalSeries *series = g_ptr_array_index (self->series, i);
      RoundsNews2Part part = rounds_news2_part_of_code (series->vital != NULL ? series->vital->code : series->code);
      guint step = 1 + series->samples->len / (MAX_TRACK / 8);

      if (part == ROUNDS_N_NEWS2_PARTS)
        continue;
      for (guint k = 0; k < series->samples->len; k += step)
        g_array_append_val (times, g_array_index (series->samples, RoundsSample, k).time_us);
    }
  for (guint i = 0; i < self->consciousness->len; i++)
    g_array_append_val (times, g_array_index (self->consciousness, RoundsConsciousness, i).time_us);
  g_array_sort (times, compare_int64);
  for (guint i = 0; i < times->len; i++)
    {
      RoundsNews2Point point = { .time_us = g_array_index (times, gint64, i) };

      if (point.time_us == last)
        continue;
      last = point.time_us;
      if (consciousness_at (self, last) != NULL &&
          rounds_vitals_chart_news2 (self, last, &point.score, NULL, NULL) && point.score.complete)
        g_array_append_val (self->news2, point);
    }
}
