/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dates stay as partial as they were written, and no instant moves. */

#include <glib.h>

#include "base/instant.h"

#define SECOND G_GINT64_CONSTANT (1000000)

static gint64
us_of (const char *text)
{
  RoundsInstant instant;
  g_autoptr (GError) error = NULL;

  rounds_instant_parse (text, &instant, &error);
  g_assert_no_error (error);
  return instant.us;
}

static void
use_zone (const char *zone)
{
  g_setenv ("TZ", zone, TRUE);
}

static void
test_parse (void)
{
  static const struct {
    const char *text;
    RoundsPrecision precision;
    gboolean has_offset;
    int offset_minutes;
    gint64 us;
  } cases[] = {
    { "1970", ROUNDS_PRECISION_YEAR, FALSE, 0, 0 },
    { "1970-02", ROUNDS_PRECISION_MONTH, FALSE, 0, 31 * 86400 * SECOND },
    { "1972-02-29", ROUNDS_PRECISION_DAY, FALSE, 0, 789 * 86400 * SECOND },
    { "2000-02-29T00:00:00Z", ROUNDS_PRECISION_SECOND, TRUE, 0, 951782400 * SECOND },
    { "2015-02-07T13:28:17-05:00", ROUNDS_PRECISION_SECOND, TRUE, -300, 1423333697 * SECOND },
    { "2015-02-07T13:28-05:00", ROUNDS_PRECISION_MINUTE, TRUE, -300, 1423333680 * SECOND },
    { "2015-02-07T13:28:17.239+02:00", ROUNDS_PRECISION_SUBSECOND, TRUE, 120, 1423308497 * SECOND + 239000 },
    { "2015-02-07T13:28:17.1234567+14:00", ROUNDS_PRECISION_SUBSECOND, TRUE, 840, 1423265297 * SECOND + 123456 },
    { "2016-12-31T23:59:60Z", ROUNDS_PRECISION_SECOND, TRUE, 0, 1483228800 * SECOND },
    { "1969-12-31T23:59:59.5Z", ROUNDS_PRECISION_SUBSECOND, TRUE, 0, -SECOND / 2 },
    { "0001-01-01T00:00:00Z", ROUNDS_PRECISION_SECOND, TRUE, 0, G_GINT64_CONSTANT (-62135596800) * SECOND },
    { "9999-12-31T23:59:59Z", ROUNDS_PRECISION_SECOND, TRUE, 0, G_GINT64_CONSTANT (253402300799) * SECOND },
  };

  use_zone ("UTC");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      RoundsInstant instant;
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", cases[i].text);
      g_assert_true (rounds_instant_parse (cases[i].text, &instant, &error));
      g_assert_no_error (error);
      g_assert_cmpint (instant.precision, ==, cases[i].precision);
      g_assert_cmpint (instant.has_offset, ==, cases[i].has_offset);
      g_assert_cmpint (instant.offset_minutes, ==, cases[i].offset_minutes);
      g_assert_cmpint (instant.us, ==, cases[i].us);
    }
}

static void
test_refuse (void)
{
  static const char *const cases[] = {
    "", " ", "19", "201", "20190", "2019-", "2019-1", "2019-13", "2019-00", "2019-02-30", "2019-02-29", "1900-02-29",
    "2019-1-01", "2019-01-32", "2019-01-00", "2019-01-01T", "2019-01-01T08", "2019-01-01T08:00",
    "2019-01-01T08:00:00", "2019-01-01T24:00:00Z", "2019-01-01T08:60:00Z", "2019-01-01T08:00:61Z",
    "2019-01-01T08:00:00+14:01", "2019-01-01T08:00:00+15:00", "2019-01-01T08:00:00+0200", "2019-01-01T08:00:00.Z",
    "2019-01-01 08:00:00Z", "2019-01-01t08:00:00z", "0000-01-01", "-2019", "+2019", "2019-01-01Z", "2019Z",
    " 2019", "2019 ", "2019-01-01T08:00:00Zx", "20x9", "2019-01-01T08:00:00+02:60", "2019–01", NULL,
  };

  for (guint i = 0; cases[i] != NULL; i++)
    {
      RoundsInstant instant = { .us = 42, .precision = ROUNDS_PRECISION_MONTH };
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", cases[i]);
      g_assert_false (rounds_instant_parse (cases[i], &instant, &error));
      g_assert_error (error, ROUNDS_BASE_ERROR, ROUNDS_BASE_ERROR_INVALID);
      g_assert_cmpint (instant.us, ==, 42);
      g_assert_cmpint (instant.precision, ==, ROUNDS_PRECISION_MONTH);
    }
  g_assert_false (rounds_instant_parse (NULL, &(RoundsInstant) { 0 }, NULL));
}

static void
test_local_midnight (void)
{
  use_zone ("Europe/Berlin");
  g_assert_cmpint (us_of ("2019-07-01"), ==, us_of ("2019-06-30T22:00:00Z"));
  g_assert_cmpint (us_of ("2019-01-01"), ==, us_of ("2018-12-31T23:00:00Z"));
  g_assert_cmpint (us_of ("2019"), ==, us_of ("2019-01-01T00:00:00+01:00"));
  g_assert_cmpint (us_of ("2019-03-31"), ==, us_of ("2019-03-31T00:00:00+01:00"));
  /* São Paulo skipped the midnight of 4 November 2018, Amman that of 1 April 2016. */
  use_zone ("America/Sao_Paulo");
  g_assert_cmpint (us_of ("2018-11-04"), ==, us_of ("2018-11-04T03:00:00Z"));
  use_zone ("Asia/Amman");
  g_assert_cmpint (us_of ("2016-04-01"), ==, us_of ("2016-03-31T22:00:00Z"));
  use_zone ("UTC");
}

static void
test_format (void)
{
  use_zone ("Europe/Berlin");
  g_autofree char *summer = rounds_instant_format_us (us_of ("2019-07-01T08:15:30Z"));
  g_autofree char *winter = rounds_instant_format_us (us_of ("2019-01-01T08:15:30.250Z"));
  g_autofree char *utc = rounds_instant_format_utc (us_of ("2026-11-24T08:15:30.25Z"));
  g_autofree char *whole = rounds_instant_format_utc (0);
  g_autofree char *before = rounds_instant_format_utc (-1);

  g_assert_cmpstr (summer, ==, "2019-07-01T10:15:30+02:00");
  g_assert_cmpstr (winter, ==, "2019-01-01T09:15:30.250+01:00");
  g_assert_cmpstr (utc, ==, "2026-11-24T08:15:30.250Z");
  g_assert_cmpstr (whole, ==, "1970-01-01T00:00:00.000Z");
  g_assert_cmpstr (before, ==, "1969-12-31T23:59:59.999Z");

  use_zone ("America/St_Johns");
  g_autofree char *half = rounds_instant_format_us (us_of ("2019-01-01T12:00:00Z"));
  g_assert_cmpstr (half, ==, "2019-01-01T08:30:00-03:30");

  /* Neither end of the range may crash or wrap. */
  g_autofree char *first = rounds_instant_format_us (G_MININT64);
  g_autofree char *last = rounds_instant_format_us (G_MAXINT64);
  g_autofree char *last_utc = rounds_instant_format_utc (G_MAXINT64);
  g_assert_true (g_str_has_prefix (first, "0001-01-"));
  g_assert_true (g_str_has_prefix (last, "9999-12-"));
  g_assert_cmpstr (last_utc, ==, "9999-12-31T23:59:59.999Z");
  use_zone ("UTC");
}

/* What is written comes back, to the millisecond, in zones near and old. */
static void
test_round_trip (void)
{
  static const char *const zones[] = { "UTC", "Europe/Amsterdam", "Asia/Kolkata", "Pacific/Apia", "America/Lima" };
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);

  for (guint z = 0; z < G_N_ELEMENTS (zones); z++)
    {
      use_zone (zones[z]);
      for (int i = 0; i < 2000; i++)
        {
          gint64 us = ((gint64) g_rand_double_range (rand, -5e9, 2e10)) * SECOND + g_rand_int_range (rand, 0, 1000) * 1000;
          g_autofree char *text = rounds_instant_format_us (us);
          g_autofree char *utc = rounds_instant_format_utc (us);

          g_assert_cmpint (us_of (text), ==, us);
          g_assert_cmpint (us_of (utc), ==, us);
        }
    }
  use_zone ("UTC");
}

static void
assert_display (const char *text, const char *now, const char *expected)
{
  RoundsInstant instant;
  g_autofree char *shown = NULL;

  g_assert_true (rounds_instant_parse (text, &instant, NULL));
  shown = rounds_instant_display (&instant, us_of (now));
  g_assert_cmpstr (shown, ==, expected);
}

static void
test_display (void)
{
  const char *now = "2026-11-24T09:06:00Z";

  use_zone ("UTC");
  assert_display ("2026-11-24T08:52:10Z", now, "today 08:52");
  assert_display ("2026-11-24T23:30:00+02:00", now, "today 21:30");
  assert_display ("2026-11-23T23:59:59Z", now, "yesterday 23:59");
  assert_display ("2026-11-24", now, "today");
  assert_display ("2026-11-20", now, "20 Nov");
  assert_display ("2026-11-02T07:05:00Z", now, "2 Nov 07:05");
  assert_display ("2019-11-20", now, "20 Nov 2019");
  assert_display ("2021-05", now, "2021-05");
  assert_display ("2016", now, "2016");

  use_zone ("Asia/Tokyo");
  assert_display ("2026-11-24T23:30:00Z", "2026-11-24T23:40:00Z", "today 08:30");
  assert_display ("2016", now, "2016");
  assert_display ("2021-05", now, "2021-05");
  use_zone ("UTC");
}

static void
assert_age (gint64 seconds, const char *expected)
{
  gint64 now = us_of ("2026-11-24T09:06:00Z");
  g_autofree char *shown = rounds_instant_age (now - seconds * SECOND, now);

  g_assert_cmpstr (shown, ==, expected);
}

static void
test_age (void)
{
  assert_age (0, "now");
  assert_age (59, "now");
  assert_age (-59, "now");
  assert_age (60, "1 min");
  assert_age (14 * 60 + 59, "14 min");
  assert_age (3 * 3600 + 100, "3 h");
  assert_age (47 * 3600, "47 h");
  assert_age (48 * 3600, "2 d");
  assert_age (59 * 86400, "59 d");
  assert_age (90 * 86400, "2 mo");
  assert_age (800 * 86400, "2 y");
  assert_age (-300, "in 5 min");

  g_autofree char *widest = rounds_instant_age (G_MININT64, G_MAXINT64);
  g_assert_cmpstr (widest, ==, "9998 y");
}

static void
test_years (void)
{
  gint64 now = us_of ("2026-11-24T09:06:00Z");

  g_assert_cmpint (rounds_instant_years ("1960-11-24", now), ==, 66);
  g_assert_cmpint (rounds_instant_years ("1960-11-25", now), ==, 65);
  g_assert_cmpint (rounds_instant_years ("1960", now), ==, 66);
  g_assert_cmpint (rounds_instant_years ("2026-11-24", now), ==, 0);
  g_assert_cmpint (rounds_instant_years ("2027", now), ==, -1);
  g_assert_cmpint (rounds_instant_years ("soon", now), ==, -1);
  g_assert_cmpint (rounds_instant_years (NULL, now), ==, -1);
  g_assert_cmpint (rounds_instant_years ("2004-02-29", us_of ("2025-02-28T12:00:00Z")), ==, 20);
  g_assert_cmpint (rounds_instant_years ("2004-02-29", us_of ("2025-03-01T12:00:00Z")), ==, 21);
}

int
main (int argc, char *argv[])
{
  g_setenv ("LC_ALL", "C", TRUE);
  g_test_init (&argc, &argv, NULL);
  use_zone ("UTC");
  g_test_add_func ("/instant/parse", test_parse);
  g_test_add_func ("/instant/refuse", test_refuse);
  g_test_add_func ("/instant/local-midnight", test_local_midnight);
  g_test_add_func ("/instant/format", test_format);
  g_test_add_func ("/instant/round-trip", test_round_trip);
  g_test_add_func ("/instant/display", test_display);
  g_test_add_func ("/instant/age", test_age);
  g_test_add_func ("/instant/years", test_years);
  return g_test_run ();
}
