/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Measurements against brute force, units, texts, JSON and undo. */
#include "fixture.h"

#include "scans/measurement.h"

static void
test_ellipse (void)
{
  enum { ROWS = 80, COLUMNS = 100 };
  g_autofree gint16 *pixels = make_ct (ROWS, COLUMNS, 7);
  Spec spec = { .rows = ROWS, .columns = COLUMNS, .is_signed = TRUE, .pixels = pixels, .spacing = "0.5\\0.25",
                .slope = "1", .intercept = "-24", .has_padding = TRUE, .padding = 40 };
  g_autoptr (RoundsScanFrame) frame = load_spec (&spec);
  g_autoptr (RoundsMeasurement) m = rounds_measurement_new (ROUNDS_MEASURE_ELLIPSE, "1.2.3", 0);
  double sum = 0, squares = 0, low = INFINITY, high = -INFINITY, cx = 47.15, cy = 38.35, rx = 22.95, ry = 15.15;
  int n = 0;

  m->x[0] = cx - rx;
  m->x[1] = cx + rx;
  m->y[0] = cy + ry;   /* drawn upwards: the same ellipse */
  m->y[1] = cy - ry;
  rounds_measurement_compute (m, frame);
  for (int pass = 0; pass < 2; pass++)
    for (int r = 0; r < ROWS; r++)
      for (int c = 0; c < COLUMNS; c++)
        {
          double dx = (c + 0.5 - cx) / rx, dy = (r + 0.5 - cy) / ry, v = pixels[r * COLUMNS + c] - 24;

          if (dx * dx + dy * dy > 1 || pixels[r * COLUMNS + c] == 40)
            continue;
          if (pass == 1)
            {
              squares += (v - sum / n) * (v - sum / n);
              continue;
            }
          sum += v;
          n++;
          low = MIN (low, v);
          high = MAX (high, v);
        }
  g_assert_cmpint (m->n, ==, n);
  g_assert_cmpint (n, >, 900);
  g_assert_cmpfloat_with_epsilon (m->mean, sum / n, 1e-9);
  g_assert_cmpfloat_with_epsilon (m->sd, sqrt (squares / (n - 1)), 1e-9);
  g_assert_cmpfloat (m->min, ==, low);
  g_assert_cmpfloat (m->max, ==, high);
  g_assert_cmpfloat_with_epsilon (m->area, G_PI * rx * 0.25 * ry * 0.5, 1e-9);
  g_assert_cmpstr (m->unit, ==, "mm");
  g_assert_cmpstr (m->value_unit, ==, "HU");
}

static void
test_length_units (void)
{
  static const struct { const char *spacing, *imager, *unit; double length; } cases[] = {
    { "0.5\\2", NULL, "mm", 10 },                  /* 3 columns of 2 mm, 16 rows of 0.5 mm */
    { NULL, "0.5\\2", "mm (detector)", 10 },
    { NULL, NULL, "px", 16.278820596099706 },
  };
  guint16 pixels[32 * 32] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Spec spec = { .rows = 32, .columns = 32, .pixels = pixels, .spacing = cases[i].spacing,
                    .imager_spacing = cases[i].imager, .modality = "DX" };
      g_autoptr (RoundsScanFrame) frame = load_spec (&spec);
      g_autoptr (RoundsMeasurement) m = rounds_measurement_new (ROUNDS_MEASURE_LENGTH, "1.2.3", 0);
      g_autofree char *text = NULL;

      m->x[0] = 4;
      m->y[0] = 2;
      m->x[1] = 7;
      m->y[1] = 18;
      rounds_measurement_compute (m, frame);
      g_assert_cmpstr (m->unit, ==, cases[i].unit);
      g_assert_cmpfloat_with_epsilon (m->length, cases[i].length, 1e-9);
      g_assert_cmpstr (m->value_unit, ==, "");
      text = rounds_measurement_dup_value (m);
      g_assert_true (g_str_has_suffix (text, cases[i].unit));
    }
}

static void
test_probe (void)
{
  gint16 pixels[4] = { -5, 7, 9, 11 };
  Spec spec = { .rows = 2, .columns = 2, .is_signed = TRUE, .pixels = pixels, .slope = "0.5", .intercept = "1" };
  g_autoptr (RoundsScanFrame) frame = load_spec (&spec);
  g_autoptr (RoundsMeasurement) m = rounds_measurement_new (ROUNDS_MEASURE_PROBE, "1.2.3", 0);
  g_autofree char *text = NULL, *none = NULL;

  m->x[0] = 0.99;
  m->y[0] = 0.01;
  rounds_measurement_compute (m, frame);
  g_assert_cmpfloat (m->mean, ==, -1.5);
  text = rounds_measurement_dup_value (m);
  g_assert_cmpstr (text, ==, "−1.5 HU");
  m->x[0] = -0.01;   /* outside: no value, not that of the border */
  rounds_measurement_compute (m, frame);
  g_assert_true (isnan (m->mean));
  none = rounds_measurement_dup_value (m);
  g_assert_cmpstr (none, ==, "no value");
}

static void
test_json (void)
{
  static const char *const bad[] = {
    "", "{}", "[]", "null", "{\"uuid\":1}", "{\"kind\":\"length\"", "[[[[[[[[[[]]]]]]]]]]",
    "{\"version\":1,\"uuid\":\"not-a-uuid\",\"kind\":\"length\",\"sop_uid\":\"1.2\",\"frame\":1,\"x\":[0,1],\"y\":[0,1]}",
    "{\"version\":1,\"uuid\":\"3c1f6a52-6a1c-4d0a-9a53-1b0f7e9d8f11\",\"kind\":\"length\",\"sop_uid\":\"1.2\",\"frame\":0,\"x\":[0,1],\"y\":[0,1]}",
    "{\"version\":1,\"uuid\":\"3c1f6a52-6a1c-4d0a-9a53-1b0f7e9d8f11\",\"kind\":\"length\",\"sop_uid\":\"1.2\",\"frame\":1,\"x\":[0],\"y\":[0,1]}",
    "{\"version\":1,\"uuid\":\"3c1f6a52-6a1c-4d0a-9a53-1b0f7e9d8f11\",\"kind\":\"length\",\"sop_uid\":\"1.2\",\"frame\":1,\"x\":[0,1e300],\"y\":[0,1]}",
  };
  g_autoptr (RoundsMeasurement) m = rounds_measurement_new (ROUNDS_MEASURE_ELLIPSE, "1.2.3.4", 6), back = NULL;
  g_autofree char *json = NULL;
  g_autoptr (GError) error = NULL;

  m->x[0] = 0.1;
  m->x[1] = 1.0 / 3;
  m->y[0] = -2.5;
  m->y[1] = 1e-3;
  m->mean = 54.2;
  m->sd = NAN;
  m->n = 6012;
  m->area = 431.25;
  g_strlcpy (m->unit, "mm (detector)", sizeof m->unit);
  json = rounds_measurement_to_json (m);
  back = rounds_measurement_from_json (json, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (back->uuid, ==, m->uuid);
  g_assert_cmpstr (back->sop_uid, ==, "1.2.3.4");
  g_assert_cmpint (back->frame, ==, 6);
  g_assert_cmpint (back->kind, ==, ROUNDS_MEASURE_ELLIPSE);
  for (int i = 0; i < 2; i++)
    {
      g_assert_cmpfloat (back->x[i], ==, m->x[i]);
      g_assert_cmpfloat (back->y[i], ==, m->y[i]);
    }
  g_assert_cmpfloat (back->mean, ==, 54.2);
  g_assert_true (isnan (back->sd));
  g_assert_cmpuint (back->n, ==, 6012);
  g_assert_cmpfloat (back->area, ==, 431.25);
  g_assert_cmpstr (back->unit, ==, "mm (detector)");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) refused = NULL;
      g_assert_null (rounds_measurement_from_json (bad[i], &refused));
      g_assert_nonnull (refused);
    }
}

static RoundsMeasurement *
length_at (double x)
{
  RoundsMeasurement *m = rounds_measurement_new (ROUNDS_MEASURE_LENGTH, "1.2.3", 0);
  m->x[1] = x;
  return m;
}

static void
test_undo (void)
{
  g_autoptr (RoundsMeasurementSet) set = rounds_measurement_set_new ("1.2");
  GPtrArray *list = rounds_measurement_set_list (set);
  RoundsMeasurement *first = length_at (1);
  g_autofree char *uuid = g_strdup (first->uuid);
  RoundsMeasurementWrite *write;

  g_assert_null (rounds_measurement_set_undo (set));
  write = rounds_measurement_set_add_take (set, first);
  g_assert_nonnull (write->json);
  rounds_measurement_write_free (write);
  rounds_measurement_write_free (rounds_measurement_set_add_take (set, length_at (2)));
  g_assert_cmpuint (list->len, ==, 2);
  write = rounds_measurement_set_remove (set, uuid);
  g_assert_null (write->json);
  g_assert_cmpstr (write->uuid, ==, uuid);
  rounds_measurement_write_free (write);
  g_assert_cmpuint (list->len, ==, 1);
  write = rounds_measurement_set_undo (set);   /* the deleted one comes back under its own name */
  g_assert_cmpstr (write->uuid, ==, uuid);
  g_assert_nonnull (write->json);
  rounds_measurement_write_free (write);
  g_assert_cmpuint (list->len, ==, 2);
  write = rounds_measurement_set_redo (set);
  g_assert_null (write->json);
  rounds_measurement_write_free (write);
  rounds_measurement_write_free (rounds_measurement_set_undo (set));
  rounds_measurement_write_free (rounds_measurement_set_undo (set));
  rounds_measurement_write_free (rounds_measurement_set_undo (set));
  g_assert_cmpuint (list->len, ==, 0);
  g_assert_null (rounds_measurement_set_undo (set));
  rounds_measurement_write_free (rounds_measurement_set_redo (set));
  g_assert_cmpuint (list->len, ==, 1);
  rounds_measurement_write_free (rounds_measurement_set_add_take (set, length_at (3)));
  g_assert_null (rounds_measurement_set_redo (set));   /* a new step ends the old future */
  g_assert_null (rounds_measurement_set_remove (set, "nobody"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/scans/measurement/ellipse", test_ellipse);
  g_test_add_func ("/scans/measurement/length-units", test_length_units);
  g_test_add_func ("/scans/measurement/probe", test_probe);
  g_test_add_func ("/scans/measurement/json", test_json);
  g_test_add_func ("/scans/measurement/undo", test_undo);
  return g_test_run ();
}
