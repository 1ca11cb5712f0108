/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NEWS2 at every boundary of the printed chart, value by value in its own step. */
#include <math.h>
#include <string.h>

#include "vitals/news2.h"

static int
part (RoundsNews2Input input, RoundsNews2Part which)
{
  RoundsNews2 score;

  rounds_news2_score (&input, &score);
  return score.parts[which];
}

/* The chart's rows as it prints them: upper end of each field and its points. */
typedef struct { double up_to; int points; } Field;

static int
look_up (const Field *fields, double value)
{
  while (value > fields->up_to + 1e-9)
    fields++;
  return fields->points;
}

static void
test_rows (void)
{
  static const Field rate[] = { { 8, 3 }, { 11, 1 }, { 20, 0 }, { 24, 2 }, { 1e9, 3 } };
  static const Field scale1[] = { { 91, 3 }, { 93, 2 }, { 95, 1 }, { 1e9, 0 } };
  static const Field scale2_air[] = { { 83, 3 }, { 85, 2 }, { 87, 1 }, { 1e9, 0 } };
  static const Field scale2_oxygen[] = { { 83, 3 }, { 85, 2 }, { 87, 1 }, { 92, 0 }, { 94, 1 }, { 96, 2 }, { 1e9, 3 } };
  static const Field systolic[] = { { 90, 3 }, { 100, 2 }, { 110, 1 }, { 219, 0 }, { 1e9, 3 } };
  static const Field pulse[] = { { 40, 3 }, { 50, 1 }, { 90, 0 }, { 110, 1 }, { 130, 2 }, { 1e9, 3 } };
  static const Field temperature[] = { { 350, 3 }, { 360, 1 }, { 380, 0 }, { 390, 1 }, { 1e9, 2 } };
  RoundsNews2Input input = ROUNDS_NEWS2_INPUT_NONE;

  for (int i = 0; i <= 150; i++)
    {
      input.respiratory_rate_per_min = i;
      g_assert_cmpint (part (input, ROUNDS_NEWS2_RESPIRATORY_RATE), ==, look_up (rate, i));
    }
  for (int i = 0; i <= 100; i++)
    {
      input.spo2_percent = i;
      input.scale = 1;
      for (guint oxygen = 0; oxygen < 3; oxygen++)
        {
          input.oxygen = oxygen;
          g_assert_cmpint (part (input, ROUNDS_NEWS2_SPO2), ==, look_up (scale1, i));
        }
      input.scale = 2;
      input.oxygen = ROUNDS_OXYGEN_AIR;
      g_assert_cmpint (part (input, ROUNDS_NEWS2_SPO2), ==, look_up (scale2_air, i));
      input.oxygen = ROUNDS_OXYGEN_GIVEN;
      g_assert_cmpint (part (input, ROUNDS_NEWS2_SPO2), ==, look_up (scale2_oxygen, i));
      input.oxygen = ROUNDS_OXYGEN_UNKNOWN;
      g_assert_cmpint (part (input, ROUNDS_NEWS2_SPO2), ==, i <= 92 ? look_up (scale2_air, i) : -1);
    }
  for (int i = 0; i <= 400; i++)
    {
      input.systolic_mmhg = i;
      input.pulse_per_min = i;
      g_assert_cmpint (part (input, ROUNDS_NEWS2_SYSTOLIC), ==, look_up (systolic, i));
      g_assert_cmpint (part (input, ROUNDS_NEWS2_PULSE), ==, look_up (pulse, i));
    }
  for (int tenths = 100; tenths <= 470; tenths++)
    {
      input.temperature_celsius = tenths / 10.0;
      g_assert_cmpint (part (input, ROUNDS_NEWS2_TEMPERATURE), ==, look_up (temperature, tenths));
    }
  for (const char *p = "ACVPU"; *p != '\0'; p++)
    {
      input.consciousness = *p;
      g_assert_cmpint (part (input, ROUNDS_NEWS2_CONSCIOUSNESS), ==, *p == 'A' ? 0 : 3);
    }
  input.oxygen = ROUNDS_OXYGEN_AIR;
  g_assert_cmpint (part (input, ROUNDS_NEWS2_OXYGEN), ==, 0);
  input.oxygen = ROUNDS_OXYGEN_GIVEN;
  g_assert_cmpint (part (input, ROUNDS_NEWS2_OXYGEN), ==, 2);
}

/* Half goes up to the table's step. */
static void
test_rounding (void)
{
  RoundsNews2Input input = ROUNDS_NEWS2_INPUT_NONE;

  input.respiratory_rate_per_min = 20.5;
  g_assert_cmpint (part (input, ROUNDS_NEWS2_RESPIRATORY_RATE), ==, 2);
  input.respiratory_rate_per_min = 20.49;
  g_assert_cmpint (part (input, ROUNDS_NEWS2_RESPIRATORY_RATE), ==, 0);
  input.spo2_percent = 95.5;
  g_assert_cmpint (part (input, ROUNDS_NEWS2_SPO2), ==, 0);
  input.spo2_percent = 91.4999;
  g_assert_cmpint (part (input, ROUNDS_NEWS2_SPO2), ==, 3);
  input.temperature_celsius = 38.05;
  g_assert_cmpint (part (input, ROUNDS_NEWS2_TEMPERATURE), ==, 1);
  input.temperature_celsius = 38.04;
  g_assert_cmpint (part (input, ROUNDS_NEWS2_TEMPERATURE), ==, 0);
  input.temperature_celsius = 35.05;
  g_assert_cmpint (part (input, ROUNDS_NEWS2_TEMPERATURE), ==, 1);
  input.temperature_celsius = 39.05;
  g_assert_cmpint (part (input, ROUNDS_NEWS2_TEMPERATURE), ==, 2);
  input.systolic_mmhg = 219.5;
  g_assert_cmpint (part (input, ROUNDS_NEWS2_SYSTOLIC), ==, 3);
  input.pulse_per_min = 130.5;
  g_assert_cmpint (part (input, ROUNDS_NEWS2_PULSE), ==, 3);
}

static const RoundsNews2Input healthy = { 16, 98, 1, ROUNDS_OXYGEN_AIR, 120, 70, 'A', 37.0 };

static void
test_totals (void)
{
  RoundsNews2Input input = healthy;
  RoundsNews2 score;

  rounds_news2_score (&input, &score);
  g_assert_true (score.complete);
  g_assert_cmpint (score.total, ==, 0);
  g_assert_cmpstr (rounds_news2_response_name (score.response), ==, "routine");
  input.pulse_per_min = 95;
  rounds_news2_score (&input, &score);
  g_assert_cmpstr (rounds_news2_response_name (score.response), ==, "low");
  input = healthy;
  input.consciousness = 'C';
  rounds_news2_score (&input, &score);
  g_assert_cmpint (score.total, ==, 3);
  g_assert_cmpstr (rounds_news2_response_name (score.response), ==, "single");
  input.oxygen = ROUNDS_OXYGEN_GIVEN;
  rounds_news2_score (&input, &score);
  g_assert_cmpint (score.total, ==, 5);
  g_assert_cmpstr (rounds_news2_response_name (score.response), ==, "urgent");
  input.systolic_mmhg = 100;
  rounds_news2_score (&input, &score);
  g_assert_cmpint (score.total, ==, 7);
  g_assert_cmpstr (rounds_news2_response_name (score.response), ==, "emergency");
  input = (RoundsNews2Input) { 30, 80, 1, ROUNDS_OXYGEN_GIVEN, 80, 140, 'U', 34 };
  rounds_news2_score (&input, &score);
  g_assert_cmpint (score.total, ==, 20);
}

static void
test_incomplete (void)
{
  RoundsNews2Input input = healthy;
  RoundsNews2 score;
  g_autoptr (json_object) json = NULL;

  input.temperature_celsius = NAN;
  rounds_news2_score (&input, &score);
  g_assert_false (score.complete);
  g_assert_cmpint (score.total, ==, -1);
  g_assert_cmpint (score.response, ==, ROUNDS_NEWS2_UNKNOWN);
  json = rounds_news2_to_json (&score, G_MININT64);
  g_assert_true (json_object_object_get_ex (json, "total", NULL));
  g_assert_null (rounds_json_peek (json, "total"));
  g_assert_null (rounds_json_peek (json, "response"));
  g_assert_cmpstr (rounds_json_peek_string (json, "missing.0"), ==, "temperature");
  g_assert_null (rounds_json_peek (json, "parts.temperature"));
  g_assert_cmpint (json_object_get_int (rounds_json_peek (json, "parts.pulse")), ==, 0);
  input.consciousness = 'U';
  input.oxygen = ROUNDS_OXYGEN_GIVEN;
  input.pulse_per_min = 120;
  rounds_news2_score (&input, &score);
  g_assert_cmpint (score.at_least, ==, 7);
  g_assert_cmpstr (rounds_news2_response_name (score.response), ==, "emergency");
}

static void
test_csv (void)
{
  static const char text[] =
    "\xEF\xBB\xBFrespiratory_rate,spo2,scale,oxygen,systolic,pulse,consciousness,temperature\r\n"
    "26,91,,oxygen,104,112,A,38.6\r\n"
    "16,,1,air,120,70,A,37.0\r\n"
    "16,101,1,air,120,70,A,37.0\r\n"
    "16,98,3,air,120,70,A,37.0\r\n"
    "16,98,1,air,120,70,X,37.0\r\n"
    "16,98,1,air,120,0x46,A,37.0\r\n"
    "16,98,1,air,120,70,A,nan\r\n"
    "16,88,2,air,120,70,A,37.0\r\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rows = rounds_news2_read_csv (text, strlen (text), &error);
  RoundsNews2 score;

  g_assert_no_error (error);
  g_assert_cmpuint (rows->len, ==, 8);
  for (guint i = 0; i < rows->len; i++)
    {
      RoundsNews2Row *row = g_ptr_array_index (rows, i);

      g_assert_cmpuint (row->line, ==, i + 2);
      g_assert_true ((row->refused != NULL) == (i >= 2 && i <= 6));
    }
  rounds_news2_score (&((RoundsNews2Row *) g_ptr_array_index (rows, 0))->input, &score);
  g_assert_cmpint (score.total, ==, 3 + 3 + 2 + 1 + 2 + 0 + 1);
  rounds_news2_score (&((RoundsNews2Row *) g_ptr_array_index (rows, 1))->input, &score);
  g_assert_false (score.complete);
  rounds_news2_score (&((RoundsNews2Row *) g_ptr_array_index (rows, 7))->input, &score);
  g_assert_cmpint (score.total, ==, 0);
  g_assert_null (rounds_news2_read_csv ("a,b\n1,2\n", 8, &error));
  g_assert_nonnull (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vitals/news2/rows", test_rows);
  g_test_add_func ("/vitals/news2/rounding", test_rounding);
  g_test_add_func ("/vitals/news2/totals", test_totals);
  g_test_add_func ("/vitals/news2/incomplete", test_incomplete);
  g_test_add_func ("/vitals/news2/csv", test_csv);
  return g_test_run ();
}
