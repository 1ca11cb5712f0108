/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A min/max/sum pyramid over samples in memory, ×16 a level.
 *
 * Nodes are implicit (node k of level l covers samples k·16^l …): no pointers, no times, a tenth of the samples'
 * own size. Gaps need no place in it: a gap wide enough to be seen empties a column, and the two samples on its
 * sides tell how long it is. */
#include "vitals/pyramid.h"

#include <math.h>

#define FAN_OUT 16
#define SHIFT 4
#define MAX_LEVELS 12

typedef struct {
  double min, max, sum;
} Node;

struct _RoundsPyramid {
  const RoundsSample *samples;
  gsize n;
  guint n_levels;
  Node *levels[MAX_LEVELS];   /* levels[0] covers 16 samples a node */
  gsize lengths[MAX_LEVELS];
};

RoundsPyramid *
rounds_pyramid_new (const RoundsSample *samples, gsize n)
{
  RoundsPyramid *self = g_new0 (RoundsPyramid, 1);
  gsize length = n / FAN_OUT;

  self->samples = samples;
  self->n = n;
  for (guint level = 0; level < MAX_LEVELS && length > 0; level++, length /= FAN_OUT)
    {
      Node *nodes = g_new (Node, length);

      for (gsize k = 0; k < length; k++)
        {
          Node node = { INFINITY, -INFINITY, 0 };

          if (level == 0)
            {
              const RoundsSample *from = samples + k * FAN_OUT;

              for (guint i = 0; i < FAN_OUT; i++)
                {
                  double value = from[i].value;
                  node.min = value < node.min ? value : node.min;
                  node.max = value > node.max ? value : node.max;
                  node.sum += value;
                }
            }
          else
            {
              const Node *from = self->levels[level - 1] + k * FAN_OUT;

              for (guint i = 0; i < FAN_OUT; i++)
                {
                  node.min = MIN (node.min, from[i].min);
                  node.max = MAX (node.max, from[i].max);
                  node.sum += from[i].sum;
                }
            }
          nodes[k] = node;
        }
      self->levels[level] = nodes;
      self->lengths[level] = length;
      self->n_levels = level + 1;
    }
  return self;
}

void
rounds_pyramid_free (RoundsPyramid *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < self->n_levels; i++)
    g_free (self->levels[i]);
  g_free (self);
}

gsize
rounds_pyramid_get_bytes (const RoundsPyramid *self)
{
  gsize bytes = sizeof *self;

  for (guint i = 0; i < self->n_levels; i++)
    bytes += self->lengths[i] * sizeof (Node);
  return bytes;
}

void
rounds_pyramid_range (const RoundsPyramid *self, gsize from, gsize to, double *min, double *max, double *sum)
{
  Node all = { INFINITY, -INFINITY, 0 };
  gsize i = from;

  while (i < to)
    {
      guint level = 0;

      /* The largest node that begins here and ends inside. */
      while (level < self->n_levels && (i & (((gsize) 1 << SHIFT * (level + 1)) - 1)) == 0 &&
             i + ((gsize) 1 << SHIFT * (level + 1)) <= to)
        level++;
      if (level == 0)
        {
          double value = self->samples[i].value;

          all.min = value < all.min ? value : all.min;
          all.max = value > all.max ? value : all.max;
          all.sum += value;
          i++;
        }
      else
        {
          const Node *node = &self->levels[level - 1][i >> SHIFT * level];

          all.min = MIN (all.min, node->min);
          all.max = MAX (all.max, node->max);
          all.sum += node->sum;
          i += (gsize) 1 << SHIFT * level;
        }
    }
  if (min != NULL)
    *min = all.min;
  if (max != NULL)
    *max = all.max;
  if (sum != NULL)
    *sum = all.sum;
}

/* Between two indexes that are known to hold the answer; most columns lie a near-constant distance on. */
static gsize
lower_between (const RoundsSample *samples, gsize low, gsize high, gint64 time_us)
{
  while (low < high)
    {
      gsize middle = low + (high - low) / 2;

      if (samples[middle].time_us < time_us)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

gsize
rounds_pyramid_lower (const RoundsPyramid *self, gint64 time_us)
{
  return lower_between (self->samples, 0, self->n, time_us);
}

static gint64
edge_us (gint64 from_us, gint64 to_us, guint column, guint n_columns)
{
  return from_us + (gint64) (((__int128) (to_us - from_us) * column) / n_columns);
}

static void
cover (RoundsPlotColumn *column, double value)
{
  if (!(value >= column->low))
    column->low = value;
  if (!(value <= column->high))
    column->high = value;
}

/* Marks what the segment a–b covers in the columns first … last. */
static void
cover_segment (const RoundsSample *a, const RoundsSample *b, gint64 from_us, gint64 to_us, RoundsPlotColumn *columns,
               guint n_columns, int first, int last)
{
  double span = (double) (b->time_us - a->time_us);

  for (int edge = MAX (first, 0); edge <= MIN (last, (int) n_columns); edge++)
    {
      gint64 at = edge_us (from_us, to_us, (guint) edge, n_columns);
      double fraction = span > 0 ? (double) (at - a->time_us) / span : 0;
      double value = a->value + (b->value - a->value) * CLAMP (fraction, 0.0, 1.0);

      if (edge > 0)
        cover (&columns[edge - 1], value);
      if (edge < (int) n_columns)
        {
          cover (&columns[edge], value);
          columns[edge].joined = TRUE;
        }
    }
}

gsize
rounds_pyramid_columns (const RoundsPyramid *self, gint64 from_us, gint64 to_us, gint64 gap_us,
                        RoundsPlotColumn *columns, guint n_columns)
{
  gsize start = rounds_pyramid_lower (self, from_us);
  gsize end = lower_between (self->samples, start, self->n, to_us);
  gsize from = start;
  int last_column = -1;   /* of the sample before; −1 = left of the window */

  for (guint c = 0; c < n_columns; c++)
    columns[c] = (RoundsPlotColumn) { NAN, NAN, NAN, NAN, 0, FALSE };
  for (guint c = 0; c < n_columns; c++)
    {
      gint64 right_us = edge_us (from_us, to_us, c + 1, n_columns);
      gsize guess = MIN (end, from + 2 * ((end - from) / (n_columns - c)) + 8);
      gsize to;

      if (from == end)
        break;
      if (self->samples[from].time_us >= right_us)
        continue;
      if (guess < end && self->samples[guess].time_us < right_us)
        guess = end;
      to = lower_between (self->samples, from, guess, right_us);
      columns[c].count = to - from;
      rounds_pyramid_range (self, from, to, &columns[c].min, &columns[c].max, NULL);
      cover (&columns[c], columns[c].min);
      cover (&columns[c], columns[c].max);
      if (from > 0 && self->samples[from].time_us - self->samples[from - 1].time_us <= gap_us)
        cover_segment (&self->samples[from - 1], &self->samples[from], from_us, to_us, columns, n_columns,
                       last_column + 1, (int) c);
      last_column = (int) c;
      from = to;
    }
  /* The line goes on beyond the right edge. */
  if (end > 0 && end < self->n && self->samples[end].time_us - self->samples[end - 1].time_us <= gap_us)
    cover_segment (&self->samples[end - 1], &self->samples[end], from_us, to_us, columns, n_columns, last_column + 1,
                   (int) n_columns);
  return end - start;
}

G_STATIC_ASSERT (sizeof (Node) == 24);
