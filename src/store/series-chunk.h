/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/series-store.h"

G_BEGIN_DECLS

/* Samples of a chunk as bytes and back, and the buckets made of them. Pure; any thread. */

#define ROUNDS_CHUNK_SAMPLES 4096
#define ROUNDS_CHUNK_LEVEL 256       /* samples in a bucket of the stored level */

/* Deltas of time and bits of values, each turned into planes of bytes, then zlib. NULL never. */
GBytes *rounds_chunk_pack (const RoundsSample *samples, gsize n);
/* Appends n samples to out; FALSE when the bytes are not that. */
gboolean rounds_chunk_unpack (const void *bytes, gsize size, gsize n, GArray *out);

/* Buckets of at most per_bucket samples, also ended where a gap is longer than gap_us (0 = never). */
void rounds_buckets_add (GArray *out, const RoundsSample *samples, gsize n, gsize per_bucket, gint64 gap_us);
/* Joins neighbours as long as the joined one spans no more than width_us. */
GArray *rounds_buckets_join (GArray *buckets, gint64 width_us);
/* A gap in these samples: ten times their median distance, 0 when there are too few. */
gint64 rounds_chunk_gap_us (const RoundsSample *samples, gsize n);
/* Median distance when most distances are it, else 0. */
gint64 rounds_chunk_interval_us (const RoundsSample *samples, gsize n);

G_END_DECLS
