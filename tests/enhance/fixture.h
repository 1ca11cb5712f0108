/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the tests of enhancement share: the model, real pieces of images, noise from a fixed seed.
 */
#pragma once

#include <math.h>
#include <string.h>

#include "enhance/denoise.h"

#define SIDE 192
#define PIXELS ((gsize)SIDE * SIDE)

static inline RoundsModel *
fixture_model (void)
{
  g_autoptr (GError) error = NULL;
  RoundsModel *model = rounds_model_load_named ("denoise", &error);
  g_assert_no_error (error);
  return model;
}

static inline RoundsEnhanceSession *
fixture_session (int threads)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsModel) model = fixture_model ();
  RoundsEnhanceSession *session = rounds_enhance_session_shared (model, threads, &error);
  g_assert_no_error (error);
  return session;
}

/* NAME is "ct", "mr" or "cr". 192 x 192. */
static inline float *
fixture_image (const char *name)
{
  g_autofree char *file = g_strdup_printf ("%s-192x192.i16", name);
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "enhance", file, NULL);
  g_autofree char *bytes = NULL;
  gsize size = 0;
  g_autoptr (GError) error = NULL;
  g_file_get_contents (path, &bytes, &size, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (size, ==, PIXELS * 2);
  float *image = g_new (float, PIXELS);
  for (gsize i = 0; i < PIXELS; i++)
    {
      guint16 v;
      memcpy (&v, bytes + 2 * i, 2);
      image[i] = (gint16)GUINT16_FROM_LE (v);
    }
  return image;
}

/* IMAGE plus white Gaussian noise. */
static inline float *
fixture_noisy (const float *image, gsize n, double sigma, guint32 seed)
{
  GRand *rand = g_rand_new_with_seed (seed);
  float *noisy = g_new (float, n);
  for (gsize i = 0; i < n; i++)
    {
      double r = sqrt (-2 * log (1 - g_rand_double (rand))), a = 2 * G_PI * g_rand_double (rand);
      noisy[i] = (image != NULL ? image[i] : 0) + (float)(sigma * r * cos (a));
    }
  g_rand_free (rand);
  return noisy;
}

static inline double
fixture_mse (const float *a, const float *b, gsize n)
{
  double sum = 0;
  for (gsize i = 0; i < n; i++)
    sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
  return sum / (double)n;
}
