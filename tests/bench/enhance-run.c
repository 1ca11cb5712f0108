/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The program's own denoising as a command, for tests/bench/enhance.py: times it beside the bare call of the
 * network on the same slice, turn about, and writes what came out.
 *
 *   enhance-run MODALITY ROWS COLUMNS THREADS REPEATS IN.f32 OUT.f32 [SIGMA]
 */

#include <stdio.h>
#include <stdlib.h>

#include "enhance/denoise.h"

static int
by_value (const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static int
fail (GError *error)
{
  fprintf (stderr, "enhance-run: %s\n", error->message);
  g_error_free (error);
  return 1;
}

int
main (int argc, char **argv)
{
  if (argc < 8)
    {
      fputs ("usage: enhance-run MODALITY ROWS COLUMNS THREADS REPEATS IN.f32 OUT.f32 [SIGMA]\n", stderr);
      return 2;
    }
  int rows = atoi (argv[2]), columns = atoi (argv[3]), threads = atoi (argv[4]),
      repeats = MAX (atoi (argv[5]), 1);
  gsize n = (gsize)rows * (gsize)columns, size = 0;
  GError *error = NULL;
  g_autofree char *in = NULL;
  if (!g_file_get_contents (argv[6], &in, &size, &error))
    return fail (error);
  if (size != n * sizeof (float))
    {
      fputs ("enhance-run: the file does not have that size\n", stderr);
      return 2;
    }
  g_autoptr (RoundsModel) model = rounds_model_load_named ("denoise", &error);
  if (model == NULL)
    return fail (error);
  gint64 began = g_get_monotonic_time ();
  g_autoptr (RoundsEnhanceSession) session = rounds_enhance_session_shared (model, threads, &error);
  if (session == NULL)
    return fail (error);
  double load_ms = (double)(g_get_monotonic_time () - began) / 1000;

  g_autofree float *out = g_new (float, n);
  g_autofree double *whole = g_new (double, repeats), *bare = g_new (double, repeats);
  int align = rounds_model_get_align (model);
  int r = (rows + align - 1) / align * align, c = (columns + align - 1) / align * align;
  g_autofree float *planes = g_new0 (float, 2 * (gsize)r * c), *answer = g_new (float, (gsize)r *c);
  RoundsDenoiseParams params = ROUNDS_DENOISE_PARAMS_INIT;
  RoundsDenoiseReport report = { 0 };
  params.modality = argv[1];
  params.sigma = argc > 8 ? g_ascii_strtod (argv[8], NULL) : NAN;
  gboolean time_bare
      = repeats > 1 && r <= rounds_model_get_whole_max (model) && c <= rounds_model_get_whole_max (model);
  for (int i = 0; i < repeats; i++)
    {
      if (!rounds_denoise_run (session, (const float *)(void *)in, rows, columns, &params, out, &report, NULL,
                               &error))
        return fail (error);
      whole[i] = report.ms;
      began = g_get_monotonic_time ();
      if (time_bare && !rounds_enhance_session_run (session, planes, 2, r, c, answer, NULL, &error))
        return fail (error);
      bare[i] = (double)(g_get_monotonic_time () - began) / 1000;
    }
  qsort (whole, repeats, sizeof *whole, by_value);
  qsort (bare, repeats, sizeof *bare, by_value);
  if (!g_file_set_contents (argv[7], (const char *)out, (gssize)(n * sizeof (float)), &error))
    return fail (error);
  printf (
      "{\"load_ms\": %.1f, \"ms\": %.2f, \"ms_median\": %.2f, \"bare_ms\": %.2f, \"bare_ms_median\": %.2f, "
      "\"sigma\": %.9g, \"sigma_measured\": %.9g, \"limit\": %.17g, \"clamped_fraction\": %g}\n",
      load_ms, whole[0], whole[repeats / 2], bare[0], bare[repeats / 2], report.sigma, report.sigma_measured,
      report.limit, report.clamped_fraction);
  return 0;
}
