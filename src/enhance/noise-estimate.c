/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Noise of an image from its own flat regions. Two measures, because one does not do for both: the spread of
 * a block freed of its tilt sees noise of any correlation but takes texture for noise; the second difference
 * in both directions (Immerkær 1996, doi 10.1006/cviu.1996.0060) hardly sees texture but misses two thirds of
 * a soft CT kernel's noise. CT has flat regions and correlated noise, MR and X-ray the opposite.
 */

#include "enhance/noise-estimate.h"

#include <math.h>
#include <string.h>

#define BLOCK 8
/* Which part of the blocks is taken, and what sets it right: in a purely flat image the lower tenth of the
 * spread lies at 0.88 sigma, the lower fifth of the difference at 0.86; structure lifts the first a little.
 */
#define SPREAD_PART 0.1
#define SPREAD_FACTOR 1.12f
#define DIFFERENCE_PART 0.2
#define DIFFERENCE_FACTOR 1.165f

typedef struct
{
  float mean;
  float sigma;
} Measure;

/* Spread about the best plane. Sums are taken about the first pixel, so that large offsets do not eat digits.
 */
static Measure
measure_spread (const float *at, int stride)
{
  const float zero = at[0];
  float sum = 0, square = 0, tilt_x = 0, tilt_y = 0;
  for (int y = 0; y < BLOCK; y++)
    {
      const float *line = at + (gsize)y * stride;
      float row = 0;
      for (int x = 0; x < BLOCK; x++)
        {
          float v = line[x] - zero;
          row += v;
          square += v * v;
          tilt_x += v * (x - 3.5f);
        }
      sum += row;
      tilt_y += row * (y - 3.5f);
    }
  /* sum of (x - 3.5)^2 over the block is 336; three parameters were fitted */
  float rest = square - sum * sum / 64 - (tilt_x * tilt_x + tilt_y * tilt_y) / 336;
  return (Measure){ zero + sum / 64, sqrtf (MAX (rest, 0) / 61) };
}

/* Needs one pixel around the block. */
static Measure
measure_difference (const float *at, int stride)
{
  const float zero = at[0];
  float sum = 0, square = 0;
  for (int y = 0; y < BLOCK; y++)
    {
      const float *line = at + (gsize)y * stride, *up = line - stride, *down = line + stride;
      for (int x = 0; x < BLOCK; x++)
        {
          float d = (up[x - 1] - up[x]) + (up[x + 1] - up[x]) + (down[x - 1] - down[x])
                    + (down[x + 1] - down[x]) + 2 * ((line[x] - line[x - 1]) + (line[x] - line[x + 1]));
          square += d * d;
          sum += line[x] - zero;
        }
    }
  return (Measure){ zero + sum / 64, sqrtf (square / 64) / 6 };
}

static gboolean
has_padding (const guint8 *at, int stride)
{
  for (int y = -1; y <= BLOCK; y++)
    for (int x = -1; x <= BLOCK; x++)
      if (at[(gssize)y * stride + x] != 0)
        return TRUE;
  return FALSE;
}

/* The value that RANK others are smaller than (Hoare's selection); reorders VALUES. */
static float
select_rank (float *values, gssize n, gssize rank)
{
  gssize low = 0, high = n - 1;
  while (low < high)
    {
      float pivot = values[low + (high - low) / 2];
      gssize i = low, j = high;
      while (i <= j)
        {
          while (values[i] < pivot)
            i++;
          while (values[j] > pivot)
            j--;
          if (i <= j)
            {
              float t = values[i];
              values[i++] = values[j];
              values[j--] = t;
            }
        }
      if (rank <= j)
        high = j;
      else if (rank >= i)
        low = i;
      else
        break;
    }
  return values[rank];
}

float
rounds_noise_estimate (
    const float *pixels, int rows, int columns, const guint8 *padding, const RoundsNoiseOptions *options)
{
  g_return_val_if_fail (pixels != NULL && options != NULL, 0);

  int down = (rows - 2) / BLOCK, across = (columns - 2) / BLOCK;
  if (rows < BLOCK + 2 || columns < BLOCK + 2)
    return 0;

  gsize total = (gsize)down * (gsize)across, n_all = 0, n_good = 0;
  g_autofree float *all = g_new (float, total);
  g_autofree float *good = g_new (float, total);
  for (int i = 0; i < down; i++)
    for (int j = 0; j < across; j++)
      {
        gsize at = (gsize)(1 + i * BLOCK) * (gsize)columns + 1 + (gsize)j * BLOCK;
        if (padding != NULL && has_padding (padding + at, columns))
          continue;
        Measure m = options->correlated ? measure_spread (pixels + at, columns)
                                        : measure_difference (pixels + at, columns);
        if (!(m.sigma > 0) || !isfinite (m.sigma))
          continue;
        all[n_all++] = m.sigma;
        if (m.mean >= options->floor && m.mean <= options->ceiling && m.mean >= options->min_snr * m.sigma)
          good[n_good++] = m.sigma;
      }
  if (n_all == 0)
    return 0;
  if (n_good * 20 < n_all)
    {
      memcpy (good, all, n_all * sizeof (float));
      n_good = n_all;
    }
  double part = options->correlated ? SPREAD_PART : DIFFERENCE_PART;
  float factor = options->correlated ? SPREAD_FACTOR : DIFFERENCE_FACTOR;
  return factor * select_rank (good, (gssize)n_good, (gssize)(part * (double)(n_good - 1)));
}
