/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Points in time as FHIR writes them (R4 datatypes: date, dateTime, instant), and as people read them.
 *
 * Text is read by hand, not by strptime or GDateTime: partial dates must stay partial, the offset must stay
 * as written, and nothing that is merely similar may pass. The civil calendar arithmetic is that of the
 * proleptic Gregorian calendar (days since 1970-03-01 eras), exact for the years 1 to 9999. Local time comes
 * from GTimeZone, so that a whole date starts at the midnight of this place, also when a clock change
 * makes that midnight odd. A time of day without an offset is refused: nobody can know when it was. */

#include "base/instant.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define US_PER_SECOND G_GINT64_CONSTANT (1000000)
#define US_PER_MINUTE (60 * US_PER_SECOND)
#define US_PER_HOUR (60 * US_PER_MINUTE)
#define US_PER_DAY (24 * US_PER_HOUR)

/* 0001-01-01T00:00:00Z and the last microsecond of 9999. */
#define MIN_US G_GINT64_CONSTANT (-62135596800000000)
#define MAX_US G_GINT64_CONSTANT (253402300799999999)

typedef struct {
  int year, month, day, hour, minute, second, us;
} Civil;

static gint64
days_from_civil (int year, int month, int day)
{
  gint64 y = month <= 2 ? year - 1 : year;
  gint64 era = (y >= 0 ? y : y - 399) / 400;
  gint64 year_of_era = y - era * 400;
  gint64 day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  gint64 day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

  return era * 146097 + day_of_era - 719468;
}

static void
civil_from_us (gint64 us, Civil *out)
{
  gint64 days = us / US_PER_DAY;
  gint64 rest = us % US_PER_DAY;

  if (rest < 0)
    {
      rest += US_PER_DAY;
      days--;
    }

  gint64 z = days + 719468;
  gint64 era = (z >= 0 ? z : z - 146096) / 146097;
  gint64 day_of_era = z - era * 146097;
  gint64 year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  gint64 day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  gint64 mp = (5 * day_of_year + 2) / 153;

  out->day = (int) (day_of_year - (153 * mp + 2) / 5 + 1);
  out->month = (int) (mp < 10 ? mp + 3 : mp - 9);
  out->year = (int) (year_of_era + era * 400 + (out->month <= 2 ? 1 : 0));
  out->hour = (int) (rest / US_PER_HOUR);
  out->minute = (int) (rest / US_PER_MINUTE % 60);
  out->second = (int) (rest / US_PER_SECOND % 60);
  out->us = (int) (rest % US_PER_SECOND);
}

/* Seconds east of UTC here at that instant. */
static int
local_offset_s (gint64 us)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  gint64 seconds = us / US_PER_SECOND - (us % US_PER_SECOND < 0 ? 1 : 0);
  int interval = g_time_zone_find_interval (zone, G_TIME_TYPE_UNIVERSAL, seconds);

  return interval < 0 ? 0 : g_time_zone_get_offset (zone, interval);
}

/* The first instant of a local day. */
static gint64
local_midnight_us (int year, int month, int day)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  gint64 wall = days_from_civil (year, month, day) * 24 * 60 * 60;
  int interval = g_time_zone_find_interval (zone, G_TIME_TYPE_STANDARD, wall);

  /* A midnight that a clock change skips: the day starts when the old offset would have had it. */
  if (interval < 0)
    return (wall - local_offset_s ((wall - 24 * 60 * 60) * US_PER_SECOND)) * US_PER_SECOND;
  return (wall - g_time_zone_get_offset (zone, interval)) * US_PER_SECOND;
}

static gboolean
read_digits (const char **cursor, int count, int *out)
{
  int value = 0;

  for (int i = 0; i < count; i++)
    {
      if (!g_ascii_isdigit ((*cursor)[i]))
        return FALSE;
      value = value * 10 + ((*cursor)[i] - '0');
    }
  *cursor += count;
  *out = value;
  return TRUE;
}

static int
days_in_month (int year, int month)
{
  static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

  if (month == 2 && (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)))
    return 29;
  return days[month - 1];
}

/* hh:mm[:ss[.f…]] */
static gboolean
read_time (const char **cursor, Civil *civil, RoundsPrecision *precision)
{
  const char *p = *cursor;

  if (!read_digits (&p, 2, &civil->hour) || *p++ != ':' || !read_digits (&p, 2, &civil->minute) ||
      civil->hour > 23 || civil->minute > 59)
    return FALSE;
  *precision = ROUNDS_PRECISION_MINUTE;

  if (*p == ':')
    {
      p++;
      if (!read_digits (&p, 2, &civil->second) || civil->second > 60)
        return FALSE;
      *precision = ROUNDS_PRECISION_SECOND;
      if (*p == '.')
        {
          int scale = 100000;

          p++;
          if (!g_ascii_isdigit (*p))
            return FALSE;
          for (; g_ascii_isdigit (*p); p++, scale /= 10)
            civil->us += (*p - '0') * scale;
          *precision = ROUNDS_PRECISION_SUBSECOND;
        }
    }

  *cursor = p;
  return TRUE;
}

/* Z or ±hh:mm */
static gboolean
read_offset (const char **cursor, int *minutes)
{
  const char *p = *cursor;
  int hours, rest;
  gboolean negative;

  if (*p == 'Z')
    {
      *minutes = 0;
      *cursor = p + 1;
      return TRUE;
    }
  if (*p != '+' && *p != '-')
    return FALSE;
  negative = *p++ == '-';
  if (!read_digits (&p, 2, &hours) || *p++ != ':' || !read_digits (&p, 2, &rest) || rest > 59 ||
      hours * 60 + rest > 14 * 60)
    return FALSE;

  *minutes = negative ? -(hours * 60 + rest) : hours * 60 + rest;
  *cursor = p;
  return TRUE;
}

static gboolean
read_instant (const char *text, RoundsInstant *out)
{
  const char *p = text;
  Civil civil = { .month = 1, .day = 1 };
  RoundsInstant instant = { .precision = ROUNDS_PRECISION_YEAR };

  if (!read_digits (&p, 4, &civil.year) || civil.year < 1)
    return FALSE;
  if (*p == '-')
    {
      p++;
      if (!read_digits (&p, 2, &civil.month) || civil.month < 1 || civil.month > 12)
        return FALSE;
      instant.precision = ROUNDS_PRECISION_MONTH;
      if (*p == '-')
        {
          p++;
          if (!read_digits (&p, 2, &civil.day) || civil.day < 1 ||
              civil.day > days_in_month (civil.year, civil.month))
            return FALSE;
          instant.precision = ROUNDS_PRECISION_DAY;
          if (*p == 'T')
            {
              p++;
              if (!read_time (&p, &civil, &instant.precision) || !read_offset (&p, &instant.offset_minutes))
                return FALSE;
              instant.has_offset = TRUE;
            }
        }
    }
  if (*p != '\0')
    return FALSE;

  if (instant.has_offset)
    instant.us = days_from_civil (civil.year, civil.month, civil.day) * US_PER_DAY +
                 civil.hour * US_PER_HOUR + civil.minute * US_PER_MINUTE + civil.second * US_PER_SECOND +
                 civil.us - instant.offset_minutes * US_PER_MINUTE;
  else
    instant.us = local_midnight_us (civil.year, civil.month, civil.day);

  *out = instant;
  return TRUE;
}

gboolean
rounds_instant_parse (const char *text, RoundsInstant *out, GError **error)
{
  g_return_val_if_fail (out != NULL, FALSE);

  if (text != NULL && read_instant (text, out))
    return TRUE;

  g_set_error_literal (error, ROUNDS_BASE_ERROR, ROUNDS_BASE_ERROR_INVALID,
                       _ ("Not a date or time such as 2019, 2019-05, 2019-05-20 or 2019-05-20T08:15:00+02:00"));
  return FALSE;
}

static char *
format_with_offset (gint64 us, int offset_minutes, gboolean zulu, gboolean always_ms)
{
  Civil civil;
  char ms[8] = "";
  char offset[16] = "Z";

  civil_from_us (us + offset_minutes * US_PER_MINUTE, &civil);
  if (always_ms || civil.us >= 1000)
    g_snprintf (ms, sizeof ms, ".%03d", civil.us / 1000 % 1000);
  if (!zulu)
    g_snprintf (offset, sizeof offset, "%c%02d:%02d", offset_minutes < 0 ? '-' : '+',
                ABS (offset_minutes) / 60 % 100, ABS (offset_minutes) % 60);

  return g_strdup_printf ("%04d-%02d-%02dT%02d:%02d:%02d%s%s", civil.year, civil.month, civil.day, civil.hour,
                          civil.minute, civil.second, ms, offset);
}

char *
rounds_instant_format_us (gint64 us)
{
  int offset_minutes;

  us = CLAMP (us, MIN_US + US_PER_DAY, MAX_US - US_PER_DAY);
  /* Before standard time, offsets had seconds, which RFC 3339 cannot write: the nearest minute then, with
   * the clock time that belongs to it, so that the instant stays right. */
  offset_minutes = (local_offset_s (us) + (local_offset_s (us) < 0 ? -30 : 30)) / 60;
  return format_with_offset (us, offset_minutes, FALSE, FALSE);
}

char *
rounds_instant_format_utc (gint64 us)
{
  return format_with_offset (CLAMP (us, MIN_US, MAX_US), 0, TRUE, TRUE);
}

static void
local_civil (gint64 us, Civil *out)
{
  us = CLAMP (us, MIN_US + US_PER_DAY, MAX_US - US_PER_DAY);
  civil_from_us (us + (gint64) local_offset_s (us) * US_PER_SECOND, out);
}

/* "20 Nov" in the words of the locale. */
static char *
format_day (const Civil *civil, gboolean with_year)
{
  g_autoptr (GDateTime) date = g_date_time_new_utc (civil->year, civil->month, civil->day, 0, 0, 0.0);

  if (date == NULL)
    return g_strdup_printf ("%04d-%02d-%02d", civil->year, civil->month, civil->day);
  /* Translators: g_date_time_format() formats for "20 Nov 2019" and "20 Nov". */
  return g_date_time_format (date, with_year ? /* xgettext:no-c-format */ _ ("%-d %b %Y")
                                             : /* xgettext:no-c-format */ _ ("%-d %b"));
}

char *
rounds_instant_display (const RoundsInstant *instant, gint64 now_us)
{
  Civil civil, now;
  gint64 days_ago;
  g_autofree char *day = NULL;

  g_return_val_if_fail (instant != NULL, NULL);

  local_civil (instant->us, &civil);
  if (instant->precision == ROUNDS_PRECISION_YEAR)
    return g_strdup_printf ("%04d", civil.year);
  if (instant->precision == ROUNDS_PRECISION_MONTH)
    return g_strdup_printf ("%04d-%02d", civil.year, civil.month);

  local_civil (now_us, &now);
  days_ago = days_from_civil (now.year, now.month, now.day) - days_from_civil (civil.year, civil.month, civil.day);
  if (days_ago == 0)
    day = g_strdup (_ ("today"));
  else if (days_ago == 1)
    day = g_strdup (_ ("yesterday"));
  else
    day = format_day (&civil, civil.year != now.year);

  if (instant->precision == ROUNDS_PRECISION_DAY)
    return g_steal_pointer (&day);
  /* Translators: a day and a time of day, as in "today 08:52" and "20 Nov 08:52". */
  return g_strdup_printf (_ ("%s %02d:%02d"), day, civil.hour, civil.minute);
}

char *
rounds_instant_age (gint64 us, gint64 now_us)
{
  gint64 age, minutes, days;

  us = CLAMP (us, MIN_US, MAX_US);
  now_us = CLAMP (now_us, MIN_US, MAX_US);
  age = now_us - us;
  if (age <= -US_PER_MINUTE)
    {
      g_autofree char *length = rounds_instant_age (now_us, us);

      /* Translators: a time to come, as in "in 14 min". */
      return g_strdup_printf (_ ("in %s"), length);
    }

  minutes = age / US_PER_MINUTE;
  days = minutes / (24 * 60);
  if (minutes < 1)
    return g_strdup (_ ("now"));
  if (minutes < 60)
    return g_strdup_printf (_ ("%d min"), (int) minutes);
  if (minutes < 48 * 60)
    return g_strdup_printf (_ ("%d h"), (int) (minutes / 60));
  if (days < 60)
    return g_strdup_printf (_ ("%d d"), (int) days);
  if (days < 730)
    /* Translators: months, shortened. */
    return g_strdup_printf (_ ("%d mo"), (int) (days / 30.4375));
  /* Translators: years, shortened. */
  return g_strdup_printf (_ ("%d y"), (int) (days / 365.25));
}

int
rounds_instant_years (const char *birth_date, gint64 now_us)
{
  RoundsInstant birth;
  Civil born, now;
  int years;

  if (birth_date == NULL || !rounds_instant_parse (birth_date, &birth, NULL))
    return -1;

  local_civil (birth.us, &born);
  local_civil (now_us, &now);
  years = now.year - born.year;
  if (now.month < born.month || (now.month == born.month && now.day < born.day))
    years--;

  return years < 0 ? -1 : years;
}

gint64
rounds_instant_now_us (void)
{
  return g_get_real_time ();
}
