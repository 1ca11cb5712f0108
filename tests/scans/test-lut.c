/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The grey-scale pipeline against the formulas of PS3.3 C.11.2, written here a second time. */
#include "fixture.h"

#include "scans/lut.h"
#include "scans/presets.h"

#define N 4096

/* Every stored value from −2048 to 2047, one pixel each. */
static void
ramp (gint16 *out)
{
  for (int i = 0; i < N; i++)
    out[i] = (gint16) (i - 2048);
}

static double
formula (RoundsVoiFunction function, double c, double w, double x)
{
  if (function == ROUNDS_VOI_SIGMOID)
    return 255.0 / (1.0 + exp (-4.0 * (x - c) / w));
  if (function == ROUNDS_VOI_LINEAR_EXACT)
    return x <= c - w / 2 ? 0 : x > c + w / 2 ? 255 : ((x - c) / w + 0.5) * 255;
  return x <= c - 0.5 - (w - 1) / 2 ? 0 : x > c - 0.5 + (w - 1) / 2 ? 255 : ((x - (c - 0.5)) / (w - 1) + 0.5) * 255;
}

static void
test_functions (void)
{
  static const struct {
    const char *name, *center, *width;
    RoundsVoiFunction function;
    double c, w;
  } cases[] = {
    { NULL, "40", "400", ROUNDS_VOI_LINEAR, 40, 400 },
    { "LINEAR", "-600", "1500", ROUNDS_VOI_LINEAR, -600, 1500 },
    { "LINEAR", "128", "1", ROUNDS_VOI_LINEAR, 128, 1 },
    { "LINEAR", "2048", "4096", ROUNDS_VOI_LINEAR, 2048, 4096 },
    { "LINEAR_EXACT", "40.5", "80.25", ROUNDS_VOI_LINEAR_EXACT, 40.5, 80.25 },
    { "LINEAR_EXACT", "0", "0.5", ROUNDS_VOI_LINEAR_EXACT, 0, 0.5 },
    { "SIGMOID", "100", "700", ROUNDS_VOI_SIGMOID, 100, 700 },
  };
  gint16 pixels[N];

  ramp (pixels);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Spec spec = { .rows = 64, .columns = 64, .is_signed = TRUE, .slope = "2", .intercept = "-1000",
                    .window_center = cases[i].center, .window_width = cases[i].width,
                    .voi_function = cases[i].name, .pixels = pixels };
      g_autoptr (RoundsScanFrame) frame = load_spec (&spec);
      RoundsDisplay display;
      guint8 grey[N];
      guint32 argb[N], values_argb[N];
      g_autofree float *values = rounds_scan_frame_dup_modality (frame);

      rounds_window_default (frame, &display);
      g_assert_cmpint (display.function, ==, cases[i].function);
      g_assert_cmpfloat (display.center, ==, cases[i].c);
      g_assert_cmpfloat (display.width, ==, cases[i].w);
      g_assert_true (rounds_lut_render_grey8 (frame, &display, grey));
      rounds_lut_render_argb (frame, &display, argb);
      rounds_lut_render_values_argb (frame, values, &display, values_argb);
      for (int k = 0; k < N; k++)
        {
          double x = pixels[k] * 2.0 - 1000;
          int wanted = (int) floor (formula (cases[i].function, cases[i].c, cases[i].w, x) + 0.5);

          g_assert_cmpfloat (values[k], ==, x);
          g_assert_cmpint (grey[k], ==, wanted);
          g_assert_cmphex (argb[k], ==, 0xff000000u | (guint) wanted * 0x010101u);
          /* Values as floats may fall on the other side of a half. */
          g_assert_cmpint (ABS ((int) (values_argb[k] & 0xff) - wanted), <=, 1);
        }
    }
}

static void
test_inverse (void)
{
  gint16 pixels[N];
  guint8 plain[N], inverted[N];
  RoundsDisplay display = { .function = ROUNDS_VOI_LINEAR, .center = 0, .width = 1000 };
  Spec spec = { .rows = 64, .columns = 64, .is_signed = TRUE, .pixels = pixels };
  g_autoptr (RoundsScanFrame) two = NULL, one = NULL, shape = NULL, both = NULL;

  ramp (pixels);
  two = load_spec (&spec);
  spec.photometric = "MONOCHROME1";
  one = load_spec (&spec);
  spec.shape = "INVERSE";
  both = load_spec (&spec);
  spec.photometric = "MONOCHROME2";
  shape = load_spec (&spec);
  g_assert_false (two->inverse);
  g_assert_true (one->inverse);
  g_assert_true (both->inverse);   /* the two mean the same: not twice */
  g_assert_true (shape->inverse);
  rounds_lut_render_grey8 (two, &display, plain);
  rounds_lut_render_grey8 (one, &display, inverted);
  for (int i = 0; i < N; i++)
    g_assert_cmpint (ABS (255 - plain[i] - inverted[i]), <=, 1);   /* halves round up on both sides */
  display.invert = TRUE;
  rounds_lut_render_grey8 (one, &display, inverted);
  g_assert_cmpmem (plain, N, inverted, N);
}

static void
test_padding (void)
{
  gint16 pixels[N];
  guint8 grey[N];
  RoundsDisplay display = { .function = ROUNDS_VOI_LINEAR, .center = 0, .width = 1000 };
  Spec spec = { .rows = 64, .columns = 64, .is_signed = TRUE, .pixels = pixels, .photometric = "MONOCHROME1",
                .has_padding = TRUE, .padding = -2000 };
  g_autoptr (RoundsScanFrame) frame = NULL;

  ramp (pixels);
  frame = load_spec (&spec);
  rounds_lut_render_grey8 (frame, &display, grey);
  g_assert_cmpint (grey[48], ==, 0);      /* −2000 */
  g_assert_cmpint (grey[47], ==, 255);    /* −2001 is image */
  g_assert_cmpint (grey[49], ==, 255);
  g_assert_true (isnan (rounds_scan_frame_value_at (frame, 48, 0)));
  g_assert_cmpfloat (rounds_scan_frame_value_at (frame, 49, 0), ==, -1999);
  /* Padding does not count for the range either. */
  for (int i = 0; i < N; i++)
    pixels[i] = i % 2 ? 100 : -2000;
  {
    g_autoptr (RoundsScanFrame) half = load_spec (&spec);
    g_assert_cmpfloat (half->min, ==, 100);
    g_assert_cmpfloat (half->max, ==, 100);
  }
}

static void
test_unsigned (void)
{
  guint16 pixels[16] = { 0, 1, 255, 256, 32767, 32768, 40000, 65535 };
  RoundsDisplay display = { .function = ROUNDS_VOI_LINEAR, .center = 32768, .width = 65536 };
  Spec spec = { .rows = 4, .columns = 4, .pixels = pixels };
  g_autoptr (RoundsScanFrame) frame = load_spec (&spec);
  guint8 grey[16];

  g_assert_true (rounds_lut_render_grey8 (frame, &display, grey));
  for (int i = 0; i < 16; i++)
    g_assert_cmpint (grey[i], ==, (int) floor (formula (ROUNDS_VOI_LINEAR, 32768, 65536, pixels[i]) + 0.5));
}

static void
test_tables (void)
{
  /* Descriptor (entries, first value, bits), then the entries. */
  static const guint16 voi[] = { 4, (guint16) -2, 8, 10, 100, 200, 255 };
  static const guint16 modality[] = { 4, 0, 16, 500, 400, 300, 200 };
  gint16 pixels[9] = { -100, -3, -2, -1, 0, 1, 2, 3, 1000 };
  static const guint8 wanted[9] = { 10, 10, 10, 100, 200, 255, 255, 255, 255 };
  guint16 stored[4] = { 0, 1, 3, 9 };
  Spec spec = { .rows = 3, .columns = 3, .is_signed = TRUE, .pixels = pixels, .voi_lut = voi, .voi_lut_n = 4 };
  Spec other = { .rows = 2, .columns = 2, .pixels = stored, .modality_lut = modality, .modality_lut_n = 4 };
  g_autoptr (RoundsScanFrame) frame = load_spec (&spec), mapped = load_spec (&other);
  RoundsDisplay display;
  guint8 grey[9];

  g_assert_cmpuint (frame->n_voi_tables, ==, 1);
  rounds_window_default (frame, &display);
  g_assert_cmpint (display.function, ==, ROUNDS_VOI_TABLE);
  rounds_lut_render_grey8 (frame, &display, grey);
  g_assert_cmpmem (grey, 9, wanted, 9);
  /* A table has no width to drag: it becomes a window. */
  rounds_window_drag (frame, 10, 0, 1, &display);
  g_assert_cmpint (display.function, ==, ROUNDS_VOI_LINEAR);

  g_assert_cmpfloat (rounds_scan_frame_value_at (mapped, 0, 0), ==, 500);
  g_assert_cmpfloat (rounds_scan_frame_value_at (mapped, 1, 0), ==, 400);
  g_assert_cmpfloat (rounds_scan_frame_value_at (mapped, 0, 1), ==, 200);
  g_assert_cmpfloat (rounds_scan_frame_value_at (mapped, 1, 1), ==, 200);   /* beyond: the last entry */
  g_assert_cmpfloat (mapped->min, ==, 200);
  g_assert_cmpfloat (mapped->max, ==, 500);
}

static void
test_presets (void)
{
  static const struct { const char *id; double width, center; } wanted[] = {
    { "soft-tissue", 400, 40 }, { "mediastinum", 400, 80 }, { "lung", 1500, -600 }, { "bone", 2000, 500 },
    { "brain", 80, 40 }, { "liver", 150, 90 }, { "angio", 600, 200 }, { "spine", 300, 40 },
  };
  guint n;

  rounds_presets_for_modality ("CT", &n);
  g_assert_cmpuint (n, ==, G_N_ELEMENTS (wanted));
  for (guint i = 0; i < n; i++)
    {
      const RoundsPreset *preset = rounds_preset_find (wanted[i].id);
      g_assert_nonnull (preset);
      g_assert_cmpfloat (preset->width, ==, wanted[i].width);
      g_assert_cmpfloat (preset->center, ==, wanted[i].center);
    }
  g_assert_nonnull (rounds_preset_find ("Soft Tissue"));
  g_assert_null (rounds_preset_find ("x"));
  g_assert_null (rounds_presets_for_modality ("MR", &n));
  g_assert_cmpuint (n, ==, 0);
}

static void
test_auto (void)
{
  gint16 pixels[100 * 100];
  Spec spec = { .rows = 100, .columns = 100, .is_signed = TRUE, .pixels = pixels,
                .window_center = "50\\bad", .window_width = "0\\100" };
  g_autoptr (RoundsScanFrame) frame = NULL;
  RoundsDisplay display = { 0 };

  for (int i = 0; i < 10000; i++)
    pixels[i] = (gint16) (i % 1000);
  pixels[0] = 30000;   /* a piece of metal must not decide */
  frame = load_spec (&spec);
  rounds_window_auto (frame, &display);
  g_assert_cmpfloat (display.center - display.width / 2, <, 30);
  g_assert_cmpfloat (display.center + display.width / 2, <, 1100);
  g_assert_cmpfloat (display.width, >, 900);
  /* A window of width 0 is not allowed: shown as the image asks. */
  rounds_window_default (frame, &display);
  g_assert_cmpfloat (display.width, >, 900);
}

static void
test_drag (void)
{
  gint16 pixels[N];
  Spec spec = { .rows = 64, .columns = 64, .is_signed = TRUE, .pixels = pixels };
  g_autoptr (RoundsScanFrame) frame = NULL;
  RoundsDisplay display = { .function = ROUNDS_VOI_LINEAR, .center = 40, .width = 400 };

  ramp (pixels);
  frame = load_spec (&spec);
  rounds_window_drag (frame, 100, -50, 1, &display);   /* right = wider, up = level higher; gain = 4095 / 1024 */
  g_assert_cmpfloat_with_epsilon (display.width, 400 + 100 * 4095 / 1024.0, 1e-9);
  g_assert_cmpfloat_with_epsilon (display.center, 40 + 50 * 4095 / 1024.0, 1e-9);
  rounds_window_drag (frame, -1e9, 0, 2.5, &display);
  g_assert_cmpfloat (display.width, ==, 1);
}

static void
test_half (void)
{
  enum { SIDE = 1100 };
  g_autofree gint16 *pixels = make_ct (SIDE, SIDE, 1);
  Spec spec = { .rows = SIDE, .columns = SIDE, .is_signed = TRUE, .pixels = pixels };
  g_autoptr (RoundsScanFrame) frame = load_spec (&spec);
  const gint16 *half;

  g_assert_nonnull (frame->half);
  g_assert_cmpint (frame->half->rows, ==, SIDE / 2);
  half = (const gint16 *) (gconstpointer) frame->half->data;
  for (int i = 0; i < SIDE / 2; i++)
    {
      const gint16 *p = pixels + (gsize) 2 * i * SIDE + 2 * i;
      double mean = (p[0] + p[1] + p[SIDE] + p[SIDE + 1]) / 4.0;
      g_assert_cmpfloat_with_epsilon (half[(gsize) i * (SIDE / 2) + i], mean, 0.5001);
    }
}

static void
test_difference (void)
{
  static const float before[4] = { 0, 10, 20, NAN }, after[4] = { 0, 13, 17, 5 };
  guint32 out[4];

  rounds_lut_render_difference_argb (before, after, 4, 3, out);
  g_assert_cmphex (out[0], ==, out[3]);                                /* no change, no colour */
  g_assert_cmpint ((out[1] >> 16) & 0xff, >, out[1] & 0xff);           /* higher: amber */
  g_assert_cmpint ((out[2] >> 16) & 0xff, <, out[2] & 0xff);           /* lower: blue */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/scans/lut/functions", test_functions);
  g_test_add_func ("/scans/lut/inverse", test_inverse);
  g_test_add_func ("/scans/lut/padding", test_padding);
  g_test_add_func ("/scans/lut/unsigned", test_unsigned);
  g_test_add_func ("/scans/lut/tables", test_tables);
  g_test_add_func ("/scans/lut/presets", test_presets);
  g_test_add_func ("/scans/lut/auto", test_auto);
  g_test_add_func ("/scans/lut/drag", test_drag);
  g_test_add_func ("/scans/lut/half", test_half);
  g_test_add_func ("/scans/lut/difference", test_difference);
  return g_test_run ();
}
