/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The measured noise level against noise that was put in.
 */

#include "enhance/noise-estimate.h"

#include "fixture.h"

static const RoundsNoiseOptions white = { FALSE, -INFINITY, INFINITY, 0 };
static const RoundsNoiseOptions correlated = { TRUE, -INFINITY, INFINITY, 0 };

static void
assert_near (double value, double wanted, double part)
{
  g_assert_cmpfloat (value, >=, wanted * (1 - part));
  g_assert_cmpfloat (value, <=, wanted * (1 + part));
}

static void
test_flat (void)
{
  g_autofree float *noisy = fixture_noisy (NULL, PIXELS, 12, 1);
  assert_near (rounds_noise_estimate (noisy, SIDE, SIDE, NULL, &white), 12, 0.05);
  assert_near (rounds_noise_estimate (noisy, SIDE, SIDE, NULL, &correlated), 12, 0.05);
  for (gsize i = 0; i < PIXELS; i++)
    noisy[i] += 30000 + 3.0f * (i % SIDE); /* a tilt and a large offset are no noise */
  assert_near (rounds_noise_estimate (noisy, SIDE, SIDE, NULL, &white), 12, 0.05);
  assert_near (rounds_noise_estimate (noisy, SIDE, SIDE, NULL, &correlated), 12, 0.05);
}

static void
test_correlated (void)
{
  /* a box of 3 x 3: what a soft kernel does; the difference of neighbours would see a third of it */
  g_autofree float *fine = fixture_noisy (NULL, PIXELS, 3 * 20, 2);
  g_autofree float *soft = g_new0 (float, PIXELS);
  for (int y = 1; y < SIDE - 1; y++)
    for (int x = 1; x < SIDE - 1; x++)
      for (int k = 0; k < 9; k++)
        soft[y * SIDE + x] += fine[(y + k / 3 - 1) * SIDE + x + k % 3 - 1] / 9;
  assert_near (rounds_noise_estimate (soft, SIDE, SIDE, NULL, &correlated), 20, 0.3);
  g_assert_cmpfloat (rounds_noise_estimate (soft, SIDE, SIDE, NULL, &white), <, 10);
}

static void
test_anatomy (void)
{
  struct
  {
    const char *name;
    RoundsNoiseOptions options;
    double sigma;
  } cases[] = {
    { "ct", { TRUE, -950, INFINITY, 0 }, 60 },
    { "ct", { TRUE, -950, INFINITY, 0 }, 120 },
    { "mr", { FALSE, -INFINITY, INFINITY, 3 }, 40 },
    { "cr", { FALSE, -INFINITY, INFINITY, 0 }, 20 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree float *clean = fixture_image (cases[i].name);
      g_autofree float *noisy = fixture_noisy (clean, PIXELS, cases[i].sigma, 3);
      double own = rounds_noise_estimate (clean, SIDE, SIDE, NULL, &cases[i].options);
      double found = rounds_noise_estimate (noisy, SIDE, SIDE, NULL, &cases[i].options);
      g_test_message ("%s: own %g, added %g, found %g", cases[i].name, own, cases[i].sigma, found);
      assert_near (found, hypot (own, cases[i].sigma), 0.15);
    }
}

static void
test_padding (void)
{
  g_autofree float *noisy = fixture_noisy (NULL, PIXELS, 10, 4);
  g_autofree guint8 *padding = g_new0 (guint8, PIXELS);
  for (gsize i = 0; i < PIXELS / 2; i++)
    {
      noisy[i] = i % 5 == 0 ? NAN : -2000;
      padding[i] = 1;
    }
  assert_near (rounds_noise_estimate (noisy, SIDE, SIDE, padding, &white), 10, 0.07);
  memset (padding, 1, PIXELS);
  g_assert_cmpfloat (rounds_noise_estimate (noisy, SIDE, SIDE, padding, &white), ==, 0);
}

static void
test_magnitude (void)
{
  /* MR: most of the image is background, where the magnitude of noise has 0.655 of its sigma */
  g_autofree float *real = fixture_noisy (NULL, PIXELS, 10, 5);
  g_autofree float *imaginary = fixture_noisy (NULL, PIXELS, 10, 6);
  for (gsize i = 0; i < PIXELS; i++)
    real[i] = hypotf (real[i] + (i < PIXELS / 4 ? 200 : 0), imaginary[i]);
  const RoundsNoiseOptions magnitude = { FALSE, -INFINITY, INFINITY, 3 };
  assert_near (rounds_noise_estimate (real, SIDE, SIDE, NULL, &magnitude), 10, 0.07);
}

static void
test_nothing_to_measure (void)
{
  g_autofree float *same = g_new (float, PIXELS);
  for (gsize i = 0; i < PIXELS; i++)
    same[i] = 7;
  g_assert_cmpfloat (rounds_noise_estimate (same, SIDE, SIDE, NULL, &white), ==, 0);
  g_assert_cmpfloat (rounds_noise_estimate (same, SIDE, SIDE, NULL, &correlated), ==, 0);
  for (int side = 1; side < 12; side++)
    g_assert_cmpfloat (rounds_noise_estimate (same, side, side, NULL, &white), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/enhance/noise/flat", test_flat);
  g_test_add_func ("/enhance/noise/correlated", test_correlated);
  g_test_add_func ("/enhance/noise/anatomy", test_anatomy);
  g_test_add_func ("/enhance/noise/padding", test_padding);
  g_test_add_func ("/enhance/noise/magnitude", test_magnitude);
  g_test_add_func ("/enhance/noise/nothing-to-measure", test_nothing_to_measure);
  return g_test_run ();
}
