/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a time and a value lie on the plot, and which round ones are written there.
 *
 * Ticks are at round local times, found by stepping with GDateTime: a day of 23 hours has its midnight where
 * people look for it. */
#include "vitals/plot-axis.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

double
rounds_time_scale_x (const RoundsTimeScale *self, gint64 time_us)
{
  return self->left + (double) (time_us - self->from_us) / (double) (self->to_us - self->from_us) * self->width;
}

gint64
rounds_time_scale_time (const RoundsTimeScale *self, double x)
{
  return self->from_us + llround ((x - self->left) / self->width * (double) (self->to_us - self->from_us));
}

double
rounds_value_scale_y (const RoundsValueScale *self, double value)
{
  return self->top + (self->high - value) / (self->high - self->low) * self->height;
}

double
rounds_value_scale_step (const RoundsValueScale *self, guint max_ticks)
{
  double rough = (self->high - self->low) / MAX (1, max_ticks);
  double power = pow (10, floor (log10 (rough)));

  return rough <= power ? power : rough <= 2 * power ? 2 * power : rough <= 5 * power ? 5 * power : 10 * power;
}

static const struct {
  gint64 us;          /* about how long a step is */
  int seconds;        /* of the day, or 0 when it goes by days or months */
  int days, months;
} steps[] = {
  { G_TIME_SPAN_SECOND, 1, 0, 0 },
  { 5 * G_TIME_SPAN_SECOND, 5, 0, 0 },
  { 15 * G_TIME_SPAN_SECOND, 15, 0, 0 },
  { G_TIME_SPAN_MINUTE, 60, 0, 0 },
  { 5 * G_TIME_SPAN_MINUTE, 300, 0, 0 },
  { 15 * G_TIME_SPAN_MINUTE, 900, 0, 0 },
  { G_TIME_SPAN_HOUR / 2, 1800, 0, 0 },
  { G_TIME_SPAN_HOUR, 3600, 0, 0 },
  { 3 * G_TIME_SPAN_HOUR, 10800, 0, 0 },
  { 6 * G_TIME_SPAN_HOUR, 21600, 0, 0 },
  { 12 * G_TIME_SPAN_HOUR, 43200, 0, 0 },
  { G_TIME_SPAN_DAY, 0, 1, 0 },
  { 2 * G_TIME_SPAN_DAY, 0, 2, 0 },
  { 7 * G_TIME_SPAN_DAY, 0, 7, 0 },
  { 31 * G_TIME_SPAN_DAY, 0, 0, 1 },
  { 92 * G_TIME_SPAN_DAY, 0, 0, 3 },
  { 184 * G_TIME_SPAN_DAY, 0, 0, 6 },
  { 366 * G_TIME_SPAN_DAY, 0, 0, 12 },
  { 2 * 366 * G_TIME_SPAN_DAY, 0, 0, 24 },
  { 5 * 366 * G_TIME_SPAN_DAY, 0, 0, 60 },
  { 10 * 366 * G_TIME_SPAN_DAY, 0, 0, 120 },
  { 50 * 366 * G_TIME_SPAN_DAY, 0, 0, 600 },
};

static GDateTime *
local_time (gint64 us)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc_usec (us);

  return utc != NULL ? g_date_time_to_local (utc) : NULL;
}

static GDateTime *
round_down (GDateTime *time, guint step)
{
  int year = g_date_time_get_year (time), month = g_date_time_get_month (time), day = g_date_time_get_day_of_month (time);

  if (steps[step].months > 0)
    {
      int months = (year - 1) * 12 + month - 1;

      months -= months % steps[step].months;
      return g_date_time_new_local (months / 12 + 1, months % 12 + 1, 1, 0, 0, 0);
    }
  if (steps[step].days > 0)
    return g_date_time_new_local (year, month, day, 0, 0, 0);
  {
    int seconds = g_date_time_get_hour (time) * 3600 + g_date_time_get_minute (time) * 60 +
                  g_date_time_get_second (time);

    seconds -= seconds % steps[step].seconds;
    return g_date_time_new_local (year, month, day, seconds / 3600, seconds / 60 % 60, seconds % 60);
  }
}

static GDateTime *
step_on (GDateTime *time, guint step)
{
  if (steps[step].months > 0)
    return g_date_time_add_months (time, steps[step].months);
  if (steps[step].days > 0)
    return g_date_time_add_days (time, steps[step].days);
  return g_date_time_add_seconds (time, steps[step].seconds);
}

static void
label_tick (GDateTime *time, guint step, gboolean with_date, RoundsTimeTick *tick)
{
  const char *format;
  g_autofree char *text = NULL;

  if (steps[step].months >= 12)
    format = "%Y";
  else if (steps[step].months > 0)
    /* Translators: a month on a time axis, g_date_time_format(); xgettext:no-c-format */
    format = _("%b %Y");
  else if (steps[step].days > 0 || with_date)
    /* Translators: a day on a time axis, g_date_time_format(); xgettext:no-c-format */
    format = _("%-d %b");
  else
    format = steps[step].seconds < 60 ? "%H:%M:%S" : "%H:%M";
  text = g_date_time_format (time, format);
  g_strlcpy (tick->label, text != NULL ? text : "", sizeof tick->label);
}

GArray *
rounds_time_scale_ticks (const RoundsTimeScale *self, guint max_ticks)
{
  GArray *ticks = g_array_new (FALSE, TRUE, sizeof (RoundsTimeTick));
  gint64 wanted = (self->to_us - self->from_us) / MAX (1, max_ticks);
  g_autoptr (GDateTime) start = local_time (self->from_us);
  g_autoptr (GDateTime) at = NULL;
  guint step = 0;

  while (step + 1 < G_N_ELEMENTS (steps) && steps[step].us < wanted)
    step++;
  if (start == NULL)
    return ticks;
  at = round_down (start, step);
  for (guint i = 0; at != NULL && i < 4 * max_ticks + 64; i++)
    {
      gint64 us = g_date_time_to_unix_usec (at);
      GDateTime *next;

      if (us > self->to_us)
        break;
      if (us >= self->from_us)
        {
          RoundsTimeTick tick = { .time_us = us };

          tick.strong = steps[step].seconds > 0 && g_date_time_get_hour (at) == 0 && g_date_time_get_minute (at) == 0 &&
                        g_date_time_get_second (at) == 0;
          label_tick (at, step, tick.strong, &tick);
          g_array_append_val (ticks, tick);
        }
      next = step_on (at, step);
      g_clear_pointer (&at, g_date_time_unref);
      at = next;
    }
  return ticks;
}

char *
rounds_time_scale_describe (const RoundsTimeScale *self)
{
  g_autoptr (GDateTime) from = local_time (self->from_us), to = local_time (self->to_us);
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  const char *format;
  g_autofree char *first = NULL, *second = NULL;

  if (from == NULL || to == NULL)
    return g_strdup ("");
  if (self->to_us - self->from_us > 60 * G_TIME_SPAN_DAY)
    format = _("%-d %b %Y");
  else if (g_date_time_get_year (from) != g_date_time_get_year (now) ||
           g_date_time_get_year (to) != g_date_time_get_year (now))
    format = _("%-d %b %Y %H:%M");
  else
    format = _("%-d %b %H:%M");
  first = g_date_time_format (from, format);
  second = g_date_time_format (to, format);
  return g_strdup_printf ("%s – %s", first != NULL ? first : "", second != NULL ? second : "");
}
