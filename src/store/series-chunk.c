/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Samples as small bytes. Monitors sample evenly and in few steps, so the deltas of time are nearly one number
 * and the low bytes of the values nearly zero: laid out as planes of bytes, plain zlib at its fastest level
 * brings 16 bytes down to one or two, and unpacking a chunk takes a fraction of a millisecond. */
#include "store/series-chunk.h"

#include <string.h>
#include <zlib.h>

#define PACK_VERSION 1
#define MAX_CHUNK (1 << 22)

static void
to_planes (const guint64 *words, gsize n, guint8 *out)
{
  for (gsize i = 0; i < n; i++)
    for (guint b = 0; b < 8; b++)
      out[b * n + i] = words[i] >> (8 * b);
}

static void
from_planes (const guint8 *bytes, gsize n, guint64 *out)
{
  memset (out, 0, n * sizeof *out);
  for (guint b = 0; b < 8; b++)
    for (gsize i = 0; i < n; i++)
      out[i] |= (guint64) bytes[b * n + i] << (8 * b);
}

GBytes *
rounds_chunk_pack (const RoundsSample *samples, gsize n)
{
  g_autofree guint64 *words = g_new (guint64, n);
  g_autofree guint8 *planes = g_malloc (16 * n);
  uLongf size = compressBound (16 * n);
  guint8 *out = g_malloc (size + 1);
  gint64 before = 0;

  for (gsize i = 0; i < n; i++)
    {
      words[i] = (guint64) samples[i].time_us - (guint64) before;
      before = samples[i].time_us;
    }
  to_planes (words, n, planes);
  for (gsize i = 0; i < n; i++)
    memcpy (&words[i], &samples[i].value, 8);
  to_planes (words, n, planes + 8 * n);
  out[0] = PACK_VERSION;
  if (compress2 (out + 1, &size, planes, 16 * n, 1) != Z_OK)
    g_error ("not enough memory to pack %" G_GSIZE_FORMAT " samples", n);
  return g_bytes_new_take (out, size + 1);
}

gboolean
rounds_chunk_unpack (const void *bytes, gsize size, gsize n, GArray *out)
{
  g_autofree guint64 *times = NULL, *values = NULL;
  g_autofree guint8 *planes = NULL;
  uLongf got = 16 * n;
  guint64 time = 0;
  gsize at = out->len;

  if (size < 2 || n == 0 || n > MAX_CHUNK || *(const guint8 *) bytes != PACK_VERSION)
    return FALSE;
  planes = g_malloc (16 * n);
  if (uncompress (planes, &got, (const guint8 *) bytes + 1, size - 1) != Z_OK || got != 16 * n)
    return FALSE;
  times = g_new (guint64, n);
  values = g_new (guint64, n);
  from_planes (planes, n, times);
  from_planes (planes + 8 * n, n, values);
  g_array_set_size (out, at + n);
  for (gsize i = 0; i < n; i++)
    {
      RoundsSample *sample = &g_array_index (out, RoundsSample, at + i);

      time += times[i];
      sample->time_us = (gint64) time;
      memcpy (&sample->value, &values[i], 8);
    }
  return TRUE;
}

static int
compare_int64 (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return x < y ? -1 : x > y;
}

static gint64
median_distance (const RoundsSample *samples, gsize n, gint64 *near)
{
  g_autofree gint64 *distances = NULL;
  gint64 median;

  *near = 0;
  if (n < 3)
    return 0;
  distances = g_new (gint64, n - 1);
  for (gsize i = 0; i + 1 < n; i++)
    distances[i] = samples[i + 1].time_us - samples[i].time_us;
  qsort (distances, n - 1, sizeof *distances, compare_int64);
  median = distances[(n - 1) / 2];
  for (gsize i = 0; i + 1 < n; i++)
    *near += ABS (distances[i] - median) <= median / 10;
  return median;
}

gint64
rounds_chunk_gap_us (const RoundsSample *samples, gsize n)
{
  gint64 near, median = median_distance (samples, n, &near);

  return median > G_MAXINT64 / 10 ? 0 : median * 10;
}

gint64
rounds_chunk_interval_us (const RoundsSample *samples, gsize n)
{
  gint64 near, median = median_distance (samples, n, &near);

  return median > 0 && near * 10 >= (gint64) (n - 1) * 8 ? median : 0;
}

void
rounds_buckets_add (GArray *out, const RoundsSample *samples, gsize n, gsize per_bucket, gint64 gap_us)
{
  RoundsBucket *bucket = NULL;

  for (gsize i = 0; i < n; i++)
    {
      gint64 time_us = samples[i].time_us;
      double value = samples[i].value;

      if (bucket == NULL || bucket->count >= per_bucket || (gap_us > 0 && time_us - bucket->end_us > gap_us))
        {
          RoundsBucket fresh = { time_us, time_us, value, value, value, value, 0, 0 };

          g_array_append_val (out, fresh);
          bucket = &g_array_index (out, RoundsBucket, out->len - 1);
        }
      bucket->end_us = time_us;
      bucket->last = value;
      bucket->min = MIN (bucket->min, value);
      bucket->max = MAX (bucket->max, value);
      bucket->sum += value;
      bucket->count++;
    }
}

GArray *
rounds_buckets_join (GArray *buckets, gint64 width_us)
{
  GArray *out = g_array_new (FALSE, FALSE, sizeof (RoundsBucket));

  for (guint i = 0; i < buckets->len; i++)
    {
      const RoundsBucket *next = &g_array_index (buckets, RoundsBucket, i);
      RoundsBucket *last = out->len > 0 ? &g_array_index (out, RoundsBucket, out->len - 1) : NULL;

      if (last == NULL || next->end_us - last->start_us > width_us)
        {
          g_array_append_val (out, *next);
          continue;
        }
      last->end_us = next->end_us;
      last->last = next->last;
      last->min = MIN (last->min, next->min);
      last->max = MAX (last->max, next->max);
      last->sum += next->sum;
      last->count += next->count;
    }
  return out;
}
