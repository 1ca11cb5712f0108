/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One code's values in time order and in one unit.
 *
 * The threshold of a gap follows the data: five times the usual distance of samples, because a minute without a
 * value is a gap in a monitor's feed and nothing at all on a chart kept every four hours. */
#include "vitals/series.h"

#include <gsl/gsl_sort.h>
#include <string.h>

#include "base/quantity.h"

RoundsVitalSeries *
rounds_vital_series_new (const char *code, const char *label, const char *unit)
{
  RoundsVitalSeries *self = g_new0 (RoundsVitalSeries, 1);

  self->code = g_strdup (code);
  self->vital = rounds_vital_find (code);
  if (self->vital != NULL)
    {
      label = rounds_vital_get_label (self->vital);
      unit = self->vital->unit;
    }
  self->label = g_strdup (label != NULL && *label != '\0' ? label : code);
  self->unit = g_strdup (unit != NULL ? unit : "");
  self->samples = g_array_new (FALSE, FALSE, sizeof (RoundsSample));
  self->gap_us = 26 * G_TIME_SPAN_HOUR;
  return self;
}

void
rounds_vital_series_free (RoundsVitalSeries *self)
{
  if (self == NULL)
    return;
  g_free (self->code);
  g_free (self->label);
  g_free (self->unit);
  g_array_unref (self->samples);
  g_free (self);
}

void
rounds_vital_series_add (RoundsVitalSeries *self, const RoundsSample *samples, gsize n, const char *unit)
{
  double ignored;
  gsize start = self->samples->len;

  if (n == 0)
    return;
  if (unit == NULL || *unit == '\0' || strcmp (unit, self->unit) == 0)
    {
      g_array_append_vals (self->samples, samples, (guint) n);
      return;
    }
  if (!rounds_quantity_convert (samples[0].value, unit, self->unit, &ignored))
    {
      self->n_left_out += n;
      return;
    }
  g_array_append_vals (self->samples, samples, (guint) n);
  for (gsize i = start; i < self->samples->len; i++)
    {
      RoundsSample *sample = &g_array_index (self->samples, RoundsSample, i);
      rounds_quantity_convert (sample->value, unit, self->unit, &sample->value);
    }
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  const RoundsSample *x = a, *y = b;

  return x->time_us < y->time_us ? -1 : x->time_us > y->time_us;
}

void
rounds_vital_series_finish (RoundsVitalSeries *self)
{
  const RoundsSample *samples = (const RoundsSample *) self->samples->data;
  guint n = self->samples->len;
  gint64 limit = self->vital != NULL ? self->vital->gap_us : 26 * G_TIME_SPAN_HOUR;
  gboolean sorted = TRUE;

  for (guint i = 1; i < n && sorted; i++)
    sorted = samples[i - 1].time_us <= samples[i].time_us;
  if (!sorted)
    g_array_sort (self->samples, compare_times);   /* a merge sort: stable */
  samples = (const RoundsSample *) self->samples->data;

  self->gap_us = limit;
  if (n >= 3)
    {
      /* A few thousand distances tell the usual one as well as all of them. */
      guint step = MAX (1, n / 4096);
      g_autofree double *distances = g_new (double, n);
      gsize count = 0;

      for (guint i = 1; i < n; i += step)
        if (samples[i].time_us > samples[i - 1].time_us)
          distances[count++] = (double) (samples[i].time_us - samples[i - 1].time_us);
      if (count > 0)
        {
          gsl_sort (distances, 1, count);
          self->gap_us = (gint64) MIN ((double) limit, 5 * distances[count / 2]);
        }
    }
}

gsize
rounds_vital_series_lower (const RoundsVitalSeries *self, gint64 time_us)
{
  gsize low = 0, high = self->samples->len;

  while (low < high)
    {
      gsize middle = (low + high) / 2;

      if (g_array_index (self->samples, RoundsSample, middle).time_us < time_us)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

const RoundsSample *
rounds_vital_series_at (const RoundsVitalSeries *self, gint64 time_us)
{
  gsize after = time_us == G_MAXINT64 ? self->samples->len : rounds_vital_series_lower (self, time_us + 1);

  return after == 0 ? NULL : &g_array_index (self->samples, RoundsSample, after - 1);
}

const RoundsSample *
rounds_vital_series_nearest (const RoundsVitalSeries *self, gint64 time_us)
{
  gsize at = rounds_vital_series_lower (self, time_us);
  const RoundsSample *samples = (const RoundsSample *) self->samples->data;

  if (self->samples->len == 0)
    return NULL;
  if (at == self->samples->len)
    return &samples[at - 1];
  if (at > 0 && time_us - samples[at - 1].time_us <= samples[at].time_us - time_us)
    return &samples[at - 1];
  return &samples[at];
}

double *
rounds_vital_series_dup_values (const RoundsVitalSeries *self, gsize from, gsize to)
{
  double *values = g_new (double, MAX (1, to - from));

  for (gsize i = from; i < to; i++)
    values[i - from] = g_array_index (self->samples, RoundsSample, i).value;
  return values;
}

GPtrArray *
rounds_vital_series_from_file (RoundsVitalsFile *file)
{
  GPtrArray *all = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_vital_series_free);

  for (guint i = 0; i < file->signals->len; i++)
    {
      RoundsVitalsSignal *signal = g_ptr_array_index (file->signals, i);
      const RoundsVital *vital = rounds_vital_find (signal->code);
      RoundsVitalSeries *series = NULL;

      for (guint k = 0; k < all->len && series == NULL; k++)
        {
          RoundsVitalSeries *other = g_ptr_array_index (all, k);
          if (strcmp (other->code, signal->name) == 0)
            series = other;
        }
      if (series == NULL)
        {
          series = rounds_vital_series_new (signal->name, signal->name, vital != NULL ? vital->unit : signal->unit);
          series->vital = vital;
          g_ptr_array_add (all, series);
        }
      rounds_vital_series_add (series, (const RoundsSample *) signal->samples->data, signal->samples->len,
                               signal->unit);
    }
  for (guint i = 0; i < all->len; i++)
    rounds_vital_series_finish (g_ptr_array_index (all, i));
  return all;
}
