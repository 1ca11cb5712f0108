/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Large images in tiles. A tile's answer is right only farther than the network's reach from an edge that
 * the image does not have, so that border is thrown away; where two tiles then meet, one is faded into the
 * other over a few pixels. Tiles start on multiples of the alignment, because the network's coarse grids must
 * lie where they would lie in the whole. The weights are a product of one function of the row and one of the
 * column, so they are normalised once per axis.
 */

#include "enhance/tiler.h"

#include <string.h>

#define FADE 16

/* Tiles along one axis: where each starts and what each of its pixels counts. */
typedef struct
{
  int length; /* of the axis, padded */
  int tile;   /* of each tile */
  int n;
  int *starts;
  float *weights; /* n x tile */
} Axis;

static int
round_up (int value, int align)
{
  return (value + align - 1) / align * align;
}

static void
axis_clear (Axis *axis)
{
  g_free (axis->starts);
  g_free (axis->weights);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Axis, axis_clear)

static void
axis_init (Axis *axis, int length, int align, int reach, int whole_max)
{
  axis->length = round_up (length, align);
  int margin = round_up (reach, align);
  int overlap = 2 * margin + round_up (FADE, align);
  int tile = MAX (whole_max / align * align, overlap + 4 * align);
  axis->tile = MIN (tile, axis->length);
  int step = axis->tile - overlap;
  axis->n = axis->length <= axis->tile ? 1 : 1 + (axis->length - axis->tile + step - 1) / step;
  axis->starts = g_new (int, axis->n);
  axis->weights = g_new (float, (gsize)axis->n * axis->tile);
  g_autofree float *sum = g_new0 (float, axis->length);

  for (int i = 0; i < axis->n; i++)
    {
      int start = MIN (i * step, axis->length - axis->tile);
      axis->starts[i] = start;
      float *w = axis->weights + (gsize)i * axis->tile;
      for (int p = 0; p < axis->tile; p++)
        {
          float left = i == 0 ? 1.0f : (p - margin + 0.5f) / FADE;
          float right = i == axis->n - 1 ? 1.0f : (axis->tile - margin - p - 0.5f) / FADE;
          w[p] = CLAMP (MIN (left, right), 0.0f, 1.0f);
          sum[start + p] += w[p];
        }
    }
  for (int i = 0; i < axis->n; i++)
    for (int p = 0; p < axis->tile; p++)
      axis->weights[(gsize)i * axis->tile + p] /= sum[axis->starts[i] + p];
}

/* One tile of the image, its edges repeated outwards, and the level as the second plane. */
static void
cut (const float *pixels,
     int rows,
     int columns,
     int y0,
     int x0,
     int height,
     int width,
     float sigma,
     float *planes)
{
  int inside = CLAMP (columns - x0, 0, width);
  for (int y = 0; y < height; y++)
    {
      const float *line = pixels + (gsize)MIN (y0 + y, rows - 1) * columns;
      float *to = planes + (gsize)y * width;
      memcpy (to, line + x0, (gsize)inside * sizeof (float));
      for (int x = inside; x < width; x++)
        to[x] = line[columns - 1];
    }
  float *level = planes + (gsize)height * width;
  for (gsize i = 0; i < (gsize)height * width; i++)
    level[i] = sigma;
}

static void
lay (const float *answer,
     const Axis *down,
     const Axis *across,
     int i,
     int j,
     int rows,
     int columns,
     float *out)
{
  const float *wy = down->weights + (gsize)i * down->tile, *wx = across->weights + (gsize)j * across->tile;
  int y0 = down->starts[i], x0 = across->starts[j];
  int height = MIN (down->tile, rows - y0), width = MIN (across->tile, columns - x0);
  for (int y = 0; y < height; y++)
    {
      const float *from = answer + (gsize)y * across->tile;
      float *to = out + (gsize)(y0 + y) * columns + x0;
      for (int x = 0; x < width; x++)
        to[x] += wy[y] * wx[x] * from[x];
    }
}

float *
rounds_tiler_run (RoundsEnhanceSession *session,
                  const float *pixels,
                  int rows,
                  int columns,
                  float sigma,
                  int whole_max,
                  gboolean *tiled,
                  GCancellable *cancellable,
                  GError **error)
{
  g_return_val_if_fail (ROUNDS_IS_ENHANCE_SESSION (session), NULL);
  g_return_val_if_fail (pixels != NULL && rows > 0 && columns > 0 && whole_max > 0, NULL);

  RoundsModel *model = rounds_enhance_session_get_model (session);
  int align = rounds_model_get_align (model), reach = rounds_model_get_reach (model);
  g_auto (Axis) down = { 0 }, across = { 0 };
  axis_init (&down, rows, align, reach, whole_max);
  axis_init (&across, columns, align, reach, whole_max);

  gsize area = (gsize)down.tile * across.tile;
  g_autofree float *planes = g_new (float, 2 * area);
  g_autofree float *answer = g_new (float, area);
  gboolean one = down.n == 1 && across.n == 1;
  g_autofree float *out = one ? g_new (float, (gsize)rows *columns) : g_new0 (float, (gsize)rows *columns);

  for (int i = 0; i < down.n; i++)
    for (int j = 0; j < across.n; j++)
      {
        cut (pixels, rows, columns, down.starts[i], across.starts[j], down.tile, across.tile, sigma, planes);
        if (!rounds_enhance_session_run (session, planes, 2, down.tile, across.tile, answer, cancellable,
                                         error))
          return NULL;
        if (!one)
          lay (answer, &down, &across, i, j, rows, columns, out);
      }
  if (one)
    for (int y = 0; y < rows; y++)
      memcpy (out + (gsize)y * columns, answer + (gsize)y * across.tile, (gsize)columns * sizeof (float));
  if (tiled != NULL)
    *tiled = !one;
  return g_steal_pointer (&out);
}
