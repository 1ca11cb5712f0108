/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Noise out of one frame, under the rules that make it honest (scans.md): the level is measured, not
 * believed; what the network wants to change is first freed of its slow part, so that the mean of a flat
 * region stays where it was; then it is limited to three times the measured noise; then scaled by the
 * strength. Scaling the change, rather than the level told to the network, makes the slider linear and lets a
 * view blend two images it already has instead of running the network again.
 */

#include "enhance/denoise.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "enhance/noise-estimate.h"
#include "enhance/tiler.h"

#define LIMIT_SIGMAS 3.0
#define CELL 8        /* grid of the slow part, pixels */
#define FLAT_PASSES 2 /* the second takes what the first let through beside edges */
#define HISTOGRAM_BINS 65536

/* --- padding and range --------------------------------------------------------- */

/* The value with which a scanner fills what lies outside its reconstructed field: the lowest of the image,
 * lower than tissue or air can be, and there many times. Strong noise may be that low too, but never one
 * value often. */
static float
find_fill (const float *in, gsize n, const RoundsModelScale *scale)
{
  float min = INFINITY;
  for (gsize i = 0; i < n; i++)
    if (isfinite (in[i]))
      min = MIN (min, in[i]);
  if (!(min < scale->padding_below))
    return NAN;
  gsize count = 0;
  for (gsize i = 0; i < n; i++)
    count += in[i] == min;
  return count >= MAX (n / 200, 16) ? min : NAN;
}

/* NULL when there is no padding. */
static guint8 *
find_padding (const float *in, gsize n, const RoundsDenoiseParams *params, const RoundsModelScale *scale)
{
  /* An empty interval when none is stated: no value lies in it. */
  gboolean stated = !isnan (params->padding_low) && !isnan (params->padding_high);
  float low = stated ? (float)MIN (params->padding_low, params->padding_high) : INFINITY;
  float high = stated ? (float)MAX (params->padding_low, params->padding_high) : -INFINITY;
  float fill = find_fill (in, n, scale);
  g_autofree guint8 *padding = g_malloc (n);
  guint any = 0;
  for (gsize i = 0; i < n; i++)
    {
      float v = in[i];
      guint8 p = (guint8)(!(fabsf (v) <= 1e30f) | (v == fill) | ((v >= low) & (v <= high)));
      padding[i] = p;
      any |= p;
    }
  return any ? g_steal_pointer (&padding) : NULL;
}

/* The values that 0.5 % and 99.5 % of the pixels do not exceed, to one part in 65,536 of the range. */
static void
find_percentiles (const float *in, const guint8 *padding, gsize n, double *ret_low, double *ret_high)
{
  float min = INFINITY, max = -INFINITY;
  for (gsize i = 0; i < n; i++)
    if (padding == NULL || !padding[i])
      {
        min = MIN (min, in[i]);
        max = MAX (max, in[i]);
      }
  *ret_low = *ret_high = min;
  float factor = (HISTOGRAM_BINS - 1) / (max - min);
  if (!(max > min) || !isfinite (factor))
    return;

  g_autofree guint32 *bins = g_new0 (guint32, HISTOGRAM_BINS);
  gsize count = 0;
  for (gsize i = 0; i < n; i++)
    if (padding == NULL || !padding[i])
      {
        bins[(guint)((in[i] - min) * factor)]++;
        count++;
      }
  gsize seen = 0, low_at = count / 200, high_at = count - 1 - count / 200;
  gboolean low_found = FALSE;
  for (int b = 0; b < HISTOGRAM_BINS; b++)
    {
      seen += bins[b];
      if (!low_found && seen > low_at)
        {
          *ret_low = min + (double)b / factor;
          low_found = TRUE;
        }
      if (seen > high_at)
        {
          *ret_high = min + (double)b / factor;
          return;
        }
    }
}

/* FALSE when the image has one value only (or is all padding): nothing to do. */
static gboolean
fit_scale (const float *in, const guint8 *padding, gsize n, RoundsModelScale *scale)
{
  if (scale->fixed)
    return TRUE;
  double low, high;
  find_percentiles (in, padding, n, &low, &high);
  if (!(high > low))
    return FALSE;
  scale->low = low;
  scale->span = high - low;
  scale->flat_tolerance *= scale->span;
  return TRUE;
}

static double
measure (const float *in, int rows, int columns, const guint8 *padding, const RoundsModelScale *scale)
{
  RoundsNoiseOptions options = { scale->noise_correlated, -INFINITY, INFINITY, (float)scale->noise_min_snr };
  if (scale->fixed)
    options.floor = (float)scale->noise_floor;
  else
    {
      /* what lies against the ends of the range is cut off: collimator, saturation */
      options.floor = (float)(scale->low + 0.02 * scale->span);
      options.ceiling = (float)(scale->low + 0.98 * scale->span);
    }
  return rounds_noise_estimate (in, rows, columns, padding, &options);
}

/* --- the change ---------------------------------------------------------------- */

/* [1 2 1]/4 along both axes of a grid of sums. */
static void
smooth_grid (float *grid, int down, int across, float *line)
{
  for (int y = 0; y < down; y++)
    {
      float *g = grid + (gsize)y * across;
      memcpy (line, g, (gsize)across * sizeof (float));
      for (int x = 0; x < across; x++)
        g[x] = 0.5f * line[x] + 0.25f * (line[MAX (x - 1, 0)] + line[MIN (x + 1, across - 1)]);
    }
  for (int x = 0; x < across; x++)
    {
      for (int y = 0; y < down; y++)
        line[y] = grid[(gsize)y * across + x];
      for (int y = 0; y < down; y++)
        grid[(gsize)y * across + x]
            = 0.5f * line[y] + 0.25f * (line[MAX (y - 1, 0)] + line[MIN (y + 1, down - 1)]);
    }
}

/* Mean of CHANGE around each point of a grid of 8 pixels, padding left out, and of it only what is beyond
 * the tolerance: noise whose mean is that small may go. */
static float *
slow_part (const float *change,
           int rows,
           int columns,
           const guint8 *padding,
           float tolerance,
           int *ret_down,
           int *ret_across)
{
  int down = (rows + CELL - 1) / CELL, across = (columns + CELL - 1) / CELL;
  g_autofree float *sum = g_new0 (float, (gsize)down *across);
  g_autofree float *count = g_new0 (float, (gsize)down *across);
  g_autofree float *line = g_new (float, MAX (down, across));

  for (int y = 0; y < rows; y++)
    for (int j = 0; j < across; j++)
      {
        gsize at = (gsize)y * columns + (gsize)j * CELL;
        int n = MIN (CELL, columns - j * CELL), kept = n;
        float s = 0;
        for (int x = 0; x < n; x++)
          s += change[at + x]; /* 0 in padding */
        if (padding != NULL)
          for (int x = 0; x < n; x++)
            kept -= padding[at + x];
        sum[(gsize)(y / CELL) * across + j] += s;
        count[(gsize)(y / CELL) * across + j] += kept;
      }
  smooth_grid (sum, down, across, line);
  smooth_grid (count, down, across, line);
  for (gsize i = 0; i < (gsize)down * across; i++)
    {
      float mean = count[i] > 0 ? sum[i] / count[i] : 0;
      sum[i] = mean - CLAMP (mean, -tolerance, tolerance);
    }
  *ret_down = down;
  *ret_across = across;
  return g_steal_pointer (&sum);
}

/* Takes the slow part, drawn bilinearly between the centres of its cells, out of CHANGE. */
static void
keep_flat_means (float *change, int rows, int columns, const guint8 *padding, float tolerance)
{
  int down, across;
  g_autofree float *grid = slow_part (change, rows, columns, padding, tolerance, &down, &across);
  g_autofree float *row = g_new (float, across + 1);

  for (int y = 0; y < rows; y++)
    {
      float fy = CLAMP ((y + 0.5f) / CELL - 0.5f, 0, (float)(down - 1));
      int y0 = MIN ((int)fy, down - 1), y1 = MIN (y0 + 1, down - 1);
      float ty = fy - y0;
      for (int j = 0; j < across; j++)
        row[j] = (1 - ty) * grid[(gsize)y0 * across + j] + ty * grid[(gsize)y1 * across + j];
      row[across] = row[across - 1];

      float *c = change + (gsize)y * columns;
      /* half a cell before the first centre, then from centre to centre */
      for (int j = -1; j < across; j++)
        {
          float left = row[MAX (j, 0)], step = (row[j + 1] - left) / CELL;
          int start = j * CELL + CELL / 2, from = MAX (start, 0), to = MIN (start + CELL, columns);
          for (int x = from; x < to; x++)
            c[x] -= left + step * (x - start + 0.5f);
        }
    }
  if (padding != NULL)
    for (gsize i = 0; i < (gsize)rows * columns; i++)
      if (padding[i])
        change[i] = 0;
}

/* OUT = IN + STRENGTH x change, change limited; rounding never carries it past the limit. */
static void
apply (const float *in,
       const float *change,
       const guint8 *padding,
       gsize n,
       float limit,
       float *out,
       gsize *ret_clamped)
{
  gsize clamped = 0;
  for (gsize i = 0; i < n; i++)
    {
      float d = change[i];
      float kept = MIN (MAX (d, -limit), limit);
      clamped += kept != d;
      float o = in[i] + kept;
      out[i] = fabs ((double)o - in[i]) <= limit ? o : nextafterf (o, in[i]);
    }
  if (padding != NULL)
    for (gsize i = 0; i < n; i++)
      if (padding[i])
        out[i] = in[i];
  *ret_clamped = clamped;
}

static float *
to_model_range (const float *in, const guint8 *padding, gsize n, const RoundsModelScale *scale)
{
  float *image = g_new (float, n);
  float low = (float)scale->low, factor = (float)(1 / scale->span);
  for (gsize i = 0; i < n; i++)
    image[i] = (in[i] - low) * factor;
  if (padding != NULL)
    for (gsize i = 0; i < n; i++)
      if (padding[i])
        image[i] = 0;
  return image;
}

/* The change at strength 1 in modality units, before the limit. */
static float *
find_change (RoundsEnhanceSession *session,
             const float *in,
             int rows,
             int columns,
             const guint8 *padding,
             const RoundsModelScale *scale,
             double sigma,
             gboolean *tiled,
             GCancellable *cancellable,
             GError **error)
{
  gsize n = (gsize)rows * (gsize)columns;
  RoundsModel *model = rounds_enhance_session_get_model (session);
  g_autofree float *image = to_model_range (in, padding, n, scale);
  float *change = rounds_tiler_run (session, image, rows, columns, (float)(sigma / scale->span),
                                    rounds_model_get_whole_max (model), tiled, cancellable, error);
  if (change == NULL)
    return NULL;
  float factor = (float)-scale->span;
  for (gsize i = 0; i < n; i++)
    change[i] *= factor;
  if (padding != NULL)
    for (gsize i = 0; i < n; i++)
      if (padding[i])
        change[i] = 0;
  for (int i = 0; i < FLAT_PASSES; i++)
    keep_flat_means (change, rows, columns, padding, (float)scale->flat_tolerance);
  return change;
}

void
rounds_denoise_blend (const float *original, const float *full, gsize n, double strength, float *out)
{
  g_return_if_fail (original != NULL && full != NULL && out != NULL);

  float s = (float)CLAMP (strength, 0.0, 1.0);
  if (s == 0 || s == 1)
    memmove (out, s == 0 ? original : full, n * sizeof (float));
  else
    for (gsize i = 0; i < n; i++)
      {
        float change = full[i] - original[i];
        /* padding may be infinite; what did not change keeps its bits */
        out[i]
            = full[i] == original[i] || !(fabsf (change) <= 1e30f) ? original[i] : original[i] + s * change;
      }
}

gboolean
rounds_denoise_run (RoundsEnhanceSession *session,
                    const float *in,
                    int rows,
                    int columns,
                    const RoundsDenoiseParams *params,
                    float *out,
                    RoundsDenoiseReport *report,
                    GCancellable *cancellable,
                    GError **error)
{
  g_return_val_if_fail (ROUNDS_IS_ENHANCE_SESSION (session), FALSE);
  g_return_val_if_fail (in != NULL && out != NULL && in != out && params != NULL && params->modality != NULL,
                        FALSE);

  gint64 began = g_get_monotonic_time ();
  RoundsModel *model = rounds_enhance_session_get_model (session);
  RoundsModelScale scale;
  if (!g_str_equal (rounds_model_get_task (model), "denoise"))
    {
      g_set_error (error, ROUNDS_ENHANCE_ERROR, ROUNDS_ENHANCE_ERROR_REFUSED,
                   _("'%s' is not a model for noise reduction"), rounds_model_get_name (model));
      return FALSE;
    }
  if (!rounds_model_accepts (model, params->modality, params->bits_stored, rows, columns, params->samples,
                             error)
      || !rounds_model_get_scale (model, params->modality, &scale))
    return FALSE;
  if (!(params->strength >= 0 && params->strength <= 1) || params->sigma < 0 || isinf (params->sigma))
    {
      g_set_error_literal (error, ROUNDS_ENHANCE_ERROR, ROUNDS_ENHANCE_ERROR_REFUSED,
                           _("the strength must lie between 0 and 1, and a noise level must not be negative"));
      return FALSE;
    }

  gsize n = (gsize)rows * (gsize)columns, clamped = 0, padded = 0;
  g_autofree guint8 *padding = find_padding (in, n, params, &scale);
  RoundsDenoiseReport done = { .strength = params->strength };
  if (fit_scale (in, padding, n, &scale))
    {
      done.sigma_measured = measure (in, rows, columns, padding, &scale);
      done.sigma = isnan (params->sigma) ? done.sigma_measured : params->sigma;
      done.sigma = MIN (done.sigma, rounds_model_get_sigma_max (model) * scale.span);
    }
  float limit = (float)(LIMIT_SIGMAS * MIN (done.sigma, done.sigma_measured));
  if (limit > LIMIT_SIGMAS * MIN (done.sigma, done.sigma_measured))
    limit = nextafterf (limit, 0); /* the float never promises more than the report */
  done.limit = limit;

  if (params->strength == 0 || !(done.limit > 0))
    memcpy (out, in, n * sizeof (float));
  else
    {
      g_autofree float *change = find_change (session, in, rows, columns, padding, &scale, done.sigma,
                                              &done.tiled, cancellable, error);
      if (change == NULL)
        return FALSE;
      apply (in, change, padding, n, limit, out, &clamped);
      if (params->strength < 1)
        rounds_denoise_blend (in, out, n, params->strength, out);
      for (gsize i = 0; padding != NULL && i < n; i++)
        padded += padding[i];
      done.clamped_fraction = n > padded ? (double)clamped / (double)(n - padded) : 0;
    }
  done.ms = (double)(g_get_monotonic_time () - began) / 1000;
  if (report != NULL)
    *report = done;
  return TRUE;
}
