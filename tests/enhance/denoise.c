/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The rules that make enhancement honest, each with an image that would break it.
 */

#include "enhance/tiler.h"
#include "fixture.h"

static RoundsDenoiseReport
run (RoundsEnhanceSession *session,
     const char *modality,
     double strength,
     double sigma,
     const float *in,
     int rows,
     int columns,
     float *out)
{
  g_autoptr (GError) error = NULL;
  RoundsDenoiseParams params = ROUNDS_DENOISE_PARAMS_INIT;
  RoundsDenoiseReport report;
  params.modality = modality;
  params.strength = strength;
  params.sigma = sigma;
  gboolean ok = rounds_denoise_run (session, in, rows, columns, &params, out, &report, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (ok);
  return report;
}

static void
test_strength_zero (void)
{
  g_autoptr (RoundsEnhanceSession) session = fixture_session (1);
  g_autofree float *in = fixture_image ("ct"), *out = g_new0 (float, PIXELS);
  const guint32 odd[]
      = { 0x7fc12345, 0xff800000, 0x00000001, 0x80000000 }; /* NaN with a payload, −inf, denormal, −0 */
  memcpy (in + 1000, odd, sizeof odd);
  RoundsDenoiseReport report = run (session, "CT", 0, NAN, in, SIDE, SIDE, out);
  g_assert_cmpmem (in, PIXELS * sizeof (float), out, PIXELS * sizeof (float));
  g_assert_cmpfloat (report.clamped_fraction, ==, 0);
  /* and what is no number stays at full strength too */
  run (session, "CT", 1, NAN, in, SIDE, SIDE, out);
  g_assert_cmpmem (in + 1000, 8, out + 1000, 8);
  for (gsize i = 0; i < PIXELS; i++)
    g_assert_true (i == 1000 || i == 1001 || isfinite (out[i]));
}

static void
test_gain (void)
{
  struct
  {
    const char *name, *modality;
    double sigma, gain_db;
  } cases[] = {
    { "ct", "CT", 2000 * 25 / 255.0, 8 },  { "ct", "CT", 2000 * 15 / 255.0, 6 },
    { "ct", "CT", 2000 * 50 / 255.0, 10 }, /* in air far below what scanners use for padding, and yet none */
    { "mr", "MR", 548 * 25 / 255.0, 5 },   { "cr", "CR", 226 * 25 / 255.0, 7 },
  };
  g_autoptr (RoundsEnhanceSession) session = fixture_session (2);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree float *clean = fixture_image (cases[i].name);
      g_autofree float *noisy = fixture_noisy (clean, PIXELS, cases[i].sigma, 7),
                       *out = g_new (float, PIXELS);
      RoundsDenoiseReport report = run (session, cases[i].modality, 1, NAN, noisy, SIDE, SIDE, out);
      double gain = 10 * log10 (fixture_mse (noisy, clean, PIXELS) / fixture_mse (out, clean, PIXELS));
      g_test_message ("%s sigma %.1f found %.1f: %.2f dB, %.4f %% clamped, %.0f ms", cases[i].name,
                      cases[i].sigma, report.sigma, gain, 100 * report.clamped_fraction, report.ms);
      g_assert_cmpfloat (gain, >, cases[i].gain_db);
    }
}

static void
assert_within_limit (const float *in, const float *out, const RoundsDenoiseReport *report)
{
  g_assert_cmpfloat (report->limit, <=, 3 * report->sigma_measured);
  g_assert_cmpfloat (report->limit, <=, 3 * report->sigma);
  for (gsize i = 0; i < PIXELS; i++)
    g_assert_true (fabs ((double)out[i] - in[i]) <= report->limit);
}

static void
test_limit (void)
{
  g_autoptr (RoundsEnhanceSession) session = fixture_session (2);
  g_autofree float *clean = fixture_image ("ct"), *out = g_new (float, PIXELS);
  /* a clean image with a level that somebody made up: only what was measured may go */
  for (double sigma = 1; sigma < 2000; sigma *= 4)
    {
      RoundsDenoiseReport report = run (session, "CT", 1, sigma, clean, SIDE, SIDE, out);
      assert_within_limit (clean, out, &report);
    }
  /* single hot pixels, a checkerboard and a step, in noise */
  g_autofree float *odd = fixture_noisy (NULL, PIXELS, 10, 8);
  for (gsize i = 0; i < PIXELS; i++)
    odd[i] += (i % 997 == 0 ? 3000 : 0) + ((i / SIDE + i % SIDE) % 2 ? 200 : 0) + (i % SIDE > 96 ? 1000 : 0);
  RoundsDenoiseReport report = run (session, "CT", 1, NAN, odd, SIDE, SIDE, out);
  assert_within_limit (odd, out, &report);
  report = run (session, "MR", 0.5, NAN, odd, SIDE, SIDE, out);
  assert_within_limit (odd, out, &report);
}

static void
test_same_bytes (void)
{
  g_autoptr (RoundsEnhanceSession) one = fixture_session (1), two = fixture_session (2);
  g_autofree float *clean = fixture_image ("mr"), *noisy = fixture_noisy (clean, PIXELS, 40, 9);
  g_autofree float *a = g_new (float, PIXELS), *b = g_new (float, PIXELS);
  run (one, "MR", 1, NAN, noisy, SIDE, SIDE, a);
  for (int i = 0; i < 3; i++)
    {
      run (i == 0 ? one : two, "MR", 1, NAN, noisy, SIDE, SIDE, b);
      g_assert_cmpmem (a, PIXELS * sizeof (float), b, PIXELS * sizeof (float));
    }
}

static void
test_blend (void)
{
  g_autoptr (RoundsEnhanceSession) session = fixture_session (1);
  g_autofree float *clean = fixture_image ("ct"), *noisy = fixture_noisy (clean, PIXELS, 40, 10);
  g_autofree float *full = g_new (float, PIXELS), *half = g_new (float, PIXELS),
                   *blend = g_new (float, PIXELS);
  run (session, "CT", 1, NAN, noisy, SIDE, SIDE, full);
  run (session, "CT", 0.35, NAN, noisy, SIDE, SIDE, half);
  rounds_denoise_blend (noisy, full, PIXELS, 0.35, blend);
  g_assert_cmpmem (half, PIXELS * sizeof (float), blend, PIXELS * sizeof (float));
  g_assert_cmpfloat (fixture_mse (half, clean, PIXELS), <, fixture_mse (noisy, clean, PIXELS));
  g_assert_cmpfloat (fixture_mse (half, clean, PIXELS), >, fixture_mse (full, clean, PIXELS));
  rounds_denoise_blend (noisy, full, PIXELS, 0, blend);
  g_assert_cmpmem (noisy, PIXELS * sizeof (float), blend, PIXELS * sizeof (float));
}

/* A grey square of LEVEL in surroundings of another: the mean of the square must not move. */
static void
assert_flat (RoundsEnhanceSession *session,
             const char *modality,
             double level,
             double around,
             double sigma,
             double tolerance)
{
  g_autofree float *scene = fixture_noisy (NULL, PIXELS, sigma, (guint32)(level + 5000)),
                   *out = g_new (float, PIXELS);
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++)
      scene[y * SIDE + x] += (float)(y >= 64 && y < 128 && x >= 64 && x < 128 ? level : around);
  run (session, modality, 1, NAN, scene, SIDE, SIDE, out);
  double worst = 0;
  for (int y0 = 64; y0 <= 96; y0 += 8)
    for (int x0 = 64; x0 <= 96; x0 += 8)
      {
        double moved = 0;
        for (int y = y0; y < y0 + 32; y++)
          for (int x = x0; x < x0 + 32; x++)
            moved += (double)out[y * SIDE + x] - scene[y * SIDE + x];
        worst = MAX (worst, fabs (moved / 1024));
      }
  g_test_message ("%s level %g in %g, sigma %g: mean of a flat 32 x 32 moved by at most %.3f", modality,
                  level, around, sigma, worst);
  g_assert_cmpfloat (worst, <=, tolerance);
}

static void
test_flat_mean (void)
{
  g_autoptr (RoundsEnhanceSession) session = fixture_session (2);
  assert_flat (session, "CT", 40, 60, 12, 1);
  assert_flat (session, "CT", 40, -100, 20, 1);
  assert_flat (session, "CT", -850, 50, 30, 1);
  assert_flat (session, "CT", 1000, 0, 25, 1);
  assert_flat (session, "CT", 300, 300, 5, 1);
  assert_flat (session, "MR", 600, 800, 20, 0.005 * 600);
  assert_flat (session, "CR", 1800, 2400, 40, 0.005 * 1800);
}

static void
test_padding (void)
{
  g_autoptr (RoundsEnhanceSession) session = fixture_session (1);
  g_autoptr (GError) error = NULL;
  g_autofree float *clean = fixture_image ("ct"), *in = fixture_noisy (clean, PIXELS, 30, 11);
  g_autofree float *out = g_new (float, PIXELS);
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++)
      if (hypot (x - 96, y - 96) > 90)
        in[y * SIDE + x] = -2000; /* far below air, and often: known by the manifest */
      else if (x < 20)
        in[y * SIDE + x] = 77; /* stated by the file */
  RoundsDenoiseParams params = ROUNDS_DENOISE_PARAMS_INIT;
  params.modality = "CT";
  params.padding_low = params.padding_high = 77;
  g_assert_true (rounds_denoise_run (session, in, SIDE, SIDE, &params, out, NULL, NULL, &error));
  g_assert_no_error (error);
  gsize changed = 0;
  for (gsize i = 0; i < PIXELS; i++)
    if (in[i] == -2000 || in[i] == 77)
      g_assert_true (out[i] == in[i]);
    else
      changed += out[i] != in[i];
  g_assert_cmpuint (changed, >, PIXELS / 2);
}

static void
test_tiles (void)
{
  g_autoptr (RoundsEnhanceSession) session = fixture_session (2);
  g_autoptr (GError) error = NULL;
  int rows = 700, columns = 1003;
  gsize n = (gsize)rows * columns;
  g_autofree float *piece = fixture_image ("ct"), *image = g_new (float, n);
  for (int y = 0; y < rows; y++)
    for (int x = 0; x < columns; x++)
      image[(gsize)y * columns + x] = (piece[y % SIDE * SIDE + (x + y / SIDE * 31) % SIDE] + 1024) / 2000;
  g_autofree float *noisy = fixture_noisy (image, n, 0.1, 12);
  gboolean tiled = TRUE;
  g_autofree float *whole
      = rounds_tiler_run (session, noisy, rows, columns, 0.1f, 1024, &tiled, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (tiled);
  for (int side = 400; side <= 656; side += 256)
    {
      g_autofree float *tiles
          = rounds_tiler_run (session, noisy, rows, columns, 0.1f, side, &tiled, NULL, &error);
      g_assert_no_error (error);
      g_assert_true (tiled);
      double worst = 0;
      for (gsize i = 0; i < n; i++)
        worst = MAX (worst, fabs ((double)tiles[i] - whole[i]));
      g_test_message ("tiles of %d differ from the whole by at most %.2g", side, worst);
      g_assert_cmpfloat (worst, <, 1e-4);
    }
}

static void
test_sizes (void)
{
  g_autoptr (RoundsEnhanceSession) session = fixture_session (1);
  static const int sizes[][2] = { { 32, 32 }, { 33, 47 }, { 32, 191 }, { 100, 64 } };
  g_autofree float *in = fixture_noisy (NULL, PIXELS, 25, 13), *out = g_new (float, PIXELS);
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      gsize n = (gsize)sizes[i][0] * sizes[i][1];
      run (session, "CT", 1, NAN, in, sizes[i][0], sizes[i][1], out);
      for (gsize k = 0; k < n; k++)
        g_assert_true (isfinite (out[k]));
    }
  /* one value, and padding only: nothing to do, nothing done */
  for (gsize i = 0; i < PIXELS; i++)
    in[i] = 5;
  RoundsDenoiseReport report = run (session, "MR", 1, NAN, in, SIDE, SIDE, out);
  g_assert_cmpmem (in, PIXELS * sizeof (float), out, PIXELS * sizeof (float));
  g_assert_cmpfloat (report.sigma, ==, 0);
  for (gsize i = 0; i < PIXELS; i++)
    in[i] = i % 2 ? NAN : INFINITY;
  run (session, "MR", 1, NAN, in, SIDE, SIDE, out);
  g_assert_cmpmem (in, PIXELS * sizeof (float), out, PIXELS * sizeof (float));
  /* enormous and tiny units */
  g_autofree float *unit = fixture_noisy (NULL, PIXELS, 25, 14);
  for (int k = -42; k <= 28; k += 10)
    {
      for (gsize i = 0; i < PIXELS; i++)
        in[i] = (float)(unit[i] * pow (10, k));
      run (session, "MR", 1, NAN, in, SIDE, SIDE, out);
      for (gsize i = 0; i < PIXELS; i++)
        g_assert_true (isfinite (out[i]));
    }
}

static void
test_refusals (void)
{
  g_autoptr (RoundsEnhanceSession) session = fixture_session (1);
  g_autofree float *in = fixture_image ("ct"), *out = g_new (float, PIXELS),
                   *before = g_memdup2 (out, PIXELS * 4);
  struct
  {
    const char *modality;
    double strength, sigma;
    int bits, samples;
  } cases[] = {
    { "US", 1, NAN, 8, 1 },       { "CT", 1, NAN, 32, 1 },   { "CT", 1, NAN, 16, 3 },
    { "CT", 1.5, NAN, 16, 1 },    { "CT", NAN, NAN, 16, 1 }, { "CT", 1, -1, 16, 1 },
    { "CT", 1, INFINITY, 16, 1 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      RoundsDenoiseParams params = ROUNDS_DENOISE_PARAMS_INIT;
      params.modality = cases[i].modality;
      params.strength = cases[i].strength;
      params.sigma = cases[i].sigma;
      params.bits_stored = cases[i].bits;
      params.samples = cases[i].samples;
      g_assert_false (rounds_denoise_run (session, in, SIDE, SIDE, &params, out, NULL, NULL, &error));
      g_assert_error (error, ROUNDS_ENHANCE_ERROR, ROUNDS_ENHANCE_ERROR_REFUSED);
      g_assert_cmpmem (out, PIXELS * 4, before, PIXELS * 4);
    }
}

static gpointer
cancel_thread (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
test_cancel (void)
{
  g_autoptr (RoundsEnhanceSession) session = fixture_session (1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  RoundsDenoiseParams params = ROUNDS_DENOISE_PARAMS_INIT;
  params.modality = "CT";
  int rows = 1600, columns = 1600;
  g_autofree float *in = fixture_noisy (NULL, (gsize)rows * columns, 20, 15);
  g_autofree float *out = g_new0 (float, (gsize)rows *columns);

  g_cancellable_cancel (cancellable);
  g_assert_false (rounds_denoise_run (session, in, rows, columns, &params, out, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  /* from another thread, at whatever point it comes: it takes seconds otherwise */
  g_clear_error (&error);
  g_cancellable_reset (cancellable);
  gint64 began = g_get_monotonic_time ();
  GThread *thread = g_thread_new ("cancel", cancel_thread, cancellable);
  g_assert_false (rounds_denoise_run (session, in, rows, columns, &params, out, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
  g_test_message ("ended after %.0f ms", (double)(g_get_monotonic_time () - began) / 1000);
  for (gsize i = 0; i < (gsize)rows * columns; i++)
    g_assert_true (out[i] == 0);
  /* and the session still works */
  run (session, "CT", 1, NAN, in, 64, 64, out);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/enhance/denoise/strength-zero", test_strength_zero);
  g_test_add_func ("/enhance/denoise/gain", test_gain);
  g_test_add_func ("/enhance/denoise/limit", test_limit);
  g_test_add_func ("/enhance/denoise/same-bytes", test_same_bytes);
  g_test_add_func ("/enhance/denoise/blend", test_blend);
  g_test_add_func ("/enhance/denoise/flat-mean", test_flat_mean);
  g_test_add_func ("/enhance/denoise/padding", test_padding);
  g_test_add_func ("/enhance/denoise/tiles", test_tiles);
  g_test_add_func ("/enhance/denoise/sizes", test_sizes);
  g_test_add_func ("/enhance/denoise/refusals", test_refusals);
  g_test_add_func ("/enhance/denoise/cancel", test_cancel);
  return g_test_run ();
}
