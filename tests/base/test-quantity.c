/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Units, decimals and rounding, against values worked out by hand. */

#include <glib.h>
#include <math.h>

#include "base/quantity.h"

static void
assert_convert (double value, const char *from, const char *to, double expected)
{
  double out = NAN;

  g_test_message ("%g %s → %s", value, from, to);
  g_assert_true (rounds_quantity_convert (value, from, to, &out));
  g_assert_cmpfloat_with_epsilon (out, expected, fabs (expected) * 1e-12 + 1e-12);
}

static void
test_convert (void)
{
  assert_convert (98.6, "[degF]", "Cel", 37.0);
  assert_convert (37.0, "Cel", "[degF]", 98.6);
  assert_convert (310.15, "K", "Cel", 37.0);
  assert_convert (-40.0, "[degF]", "Cel", -40.0);
  assert_convert (32.0, "[degF]", "K", 273.15);
  assert_convert (120.0, "mm[Hg]", "kPa", 15.99864);
  assert_convert (15.99864, "kPa", "mmHg", 120.0);
  assert_convert (70.0, "kg", "g", 70000.0);
  assert_convert (1.0, "[lb_av]", "kg", 0.45359237);
  assert_convert (180.0, "cm", "m", 1.8);
  assert_convert (1.0, "[in_i]", "cm", 2.54);
  assert_convert (72.0, "{beats}/min", "/min", 72.0);
  assert_convert (72.0, "1/min", "/min", 72.0);
  assert_convert (1.2, "Hz", "/min", 72.0);
  assert_convert (0.21, "1", "%", 21.0);
  assert_convert (97.0, "%{oxygen}", "%", 97.0);
  assert_convert (140.0, "g/L", "g/dL", 14.0);
  assert_convert (88.4, "umol/L", "mmol/L", 0.0884);
  assert_convert (7.0, "10*9/L", "10*3/uL", 7.0);
  assert_convert (5.0, "made up", "made up", 5.0);
}

static void
test_refuse (void)
{
  static const char *const pairs[][2] = {
    { "mmol/L", "mg/dL" }, { "kg", "cm" }, { "", "%" }, { "{score}", "%" }, { "C", "Cel" }, { "%", "mm[Hg]" },
    { "kg{", "g" }, { "made up", "kg" }, { "/min", "min" },
  };
  double out = 5.5;

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    g_assert_false (rounds_quantity_convert (1.0, pairs[i][0], pairs[i][1], &out));
  g_assert_false (rounds_quantity_convert (NAN, "kg", "g", &out));
  g_assert_false (rounds_quantity_convert (1e308, "kg", "g", &out));
  g_assert_false (rounds_quantity_convert (1.0, NULL, "g", &out));
  g_assert_false (rounds_quantity_convert (1.0, "g", NULL, &out));
  g_assert_true (out == 5.5);

  g_autofree char *huge = g_strnfill (100000, 'k');
  g_assert_false (rounds_quantity_convert (1.0, huge, "g", &out));
}

static void
test_by_code (void)
{
  double out = 0;

  g_assert_true (rounds_quantity_convert_for_code ("2345-7", 5.5, "mmol/L", "mg/dL", &out));
  g_assert_cmpfloat_with_epsilon (out, 99.0858, 1e-4);
  g_assert_true (rounds_quantity_convert_for_code ("2345-7", 99.0858, "mg/dL", "mmol/L", &out));
  g_assert_cmpfloat_with_epsilon (out, 5.5, 1e-6);
  g_assert_true (rounds_quantity_convert_for_code ("2160-0", 1.0, "mg/dL", "umol/L", &out));
  g_assert_cmpfloat_with_epsilon (out, 88.4, 0.01);
  g_assert_true (rounds_quantity_convert_for_code (NULL, 1.0, "kg", "g", &out));
  g_assert_false (rounds_quantity_convert_for_code ("8867-4", 1.0, "mg/dL", "mmol/L", &out));
  g_assert_false (rounds_quantity_convert_for_code (NULL, 1.0, "mg/dL", "mmol/L", &out));
}

static void
test_display (void)
{
  g_assert_cmpstr (rounds_unit_display ("mm[Hg]"), ==, "mmHg");
  g_assert_cmpstr (rounds_unit_display ("Cel"), ==, "°C");
  g_assert_cmpstr (rounds_unit_display ("{beats}/min"), ==, "/min");
  g_assert_cmpstr (rounds_unit_display ("kg"), ==, "kg");
  g_assert_cmpstr (rounds_unit_display ("1"), ==, "");
  g_assert_cmpstr (rounds_unit_display (NULL), ==, "");
}

static void
test_decimal_parse (void)
{
  static const char *const good[] = { "0", "-0", "1.10", "+5", ".5", "5.", "1e3", "1E-3", "0012", "1.7976931348623157e308" };
  static const double values[] = { 0, 0, 1.1, 5, 0.5, 5, 1000, 0.001, 12, 1.7976931348623157e308 };
  static const char *const bad[] = {
    "", " ", "1 ", " 1", "0x10", "nan", "NaN", "inf", "Infinity", "-inf", "1,5", "1.2.3", "--1", "1e", "1e+", ".", "-",
    "e5", "1e999", "1_000", "١٢", "1f", "0b1", "+-1", "1e5.5",
  };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      double out = NAN;

      g_assert_true (rounds_decimal_parse (good[i], &out));
      g_assert_cmpfloat (out, ==, values[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      double out = 4.25;

      g_test_message ("“%s”", bad[i]);
      g_assert_false (rounds_decimal_parse (bad[i], &out));
      g_assert_cmpfloat (out, ==, 4.25);
    }
  g_assert_false (rounds_decimal_parse (NULL, &(double) { 0 }));
}

static void
assert_format (double value, int digits, const char *expected)
{
  g_autofree char *text = rounds_decimal_format (value, digits);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_decimal_format (void)
{
  assert_format (0.0, 0, "0");
  assert_format (-0.0, 0, "0");
  assert_format (0.1, 0, "0.1");
  assert_format (0.1 + 0.2, 0, "0.30000000000000004");
  assert_format (0.1 + 0.2, 6, "0.3");
  assert_format (38.05, 3, "38.1");
  assert_format (120, 0, "120");
  assert_format (1234567, 3, "1230000");
  assert_format (-9.996, 3, "-10");
  assert_format (1e15, 0, "1000000000000000");
  assert_format (1e-6, 0, "0.000001");
  assert_format (1.5e22, 0, "1.5e22");
  assert_format (1e-7, 0, "1e-7");
  assert_format (NAN, 0, "");
  assert_format (INFINITY, 0, "");
}

static void
test_decimal_round_trip (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);

  for (int i = 0; i < 50000; i++)
    {
      union {
        guint64 bits;
        double value;
      } u = { .bits = ((guint64) g_rand_int (rand) << 32) | g_rand_int (rand) };
      double back = NAN;

      if (!isfinite (u.value))
        continue;
      g_autofree char *text = rounds_decimal_format (u.value, 0);
      g_assert_true (rounds_decimal_parse (text, &back));
      g_assert_true (back == u.value);
    }
}

static void
test_round (void)
{
  g_assert_cmpfloat (rounds_round_half_up (2.675, 2), ==, 2.68);
  g_assert_cmpfloat (rounds_round_half_up (38.05, 1), ==, 38.1);
  g_assert_cmpfloat (rounds_round_half_up (1.005, 2), ==, 1.01);
  g_assert_cmpfloat (rounds_round_half_up (-2.5, 0), ==, -3.0);
  g_assert_cmpfloat (rounds_round_half_up (2.4999, 0), ==, 2.0);
  g_assert_cmpfloat (rounds_round_half_up (0.5, 0), ==, 1.0);
  g_assert_cmpfloat (rounds_round_half_up (0.49, 0), ==, 0.0);
  g_assert_cmpfloat (rounds_round_half_up (0.004, 1), ==, 0.0);
  g_assert_cmpfloat (rounds_round_half_up (9.95, 1), ==, 10.0);
  g_assert_cmpfloat (rounds_round_half_up (1250, -2), ==, 1300.0);
  g_assert_cmpfloat (rounds_round_half_up (38.1, 5), ==, 38.1);
  g_assert_true (isnan (rounds_round_half_up (NAN, 1)));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quantity/convert", test_convert);
  g_test_add_func ("/quantity/refuse", test_refuse);
  g_test_add_func ("/quantity/by-code", test_by_code);
  g_test_add_func ("/quantity/display", test_display);
  g_test_add_func ("/decimal/parse", test_decimal_parse);
  g_test_add_func ("/decimal/format", test_decimal_format);
  g_test_add_func ("/decimal/round-trip", test_decimal_round_trip);
  g_test_add_func ("/decimal/round", test_round);
  return g_test_run ();
}
