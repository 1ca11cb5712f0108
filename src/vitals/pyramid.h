/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/series-store.h"

G_BEGIN_DECLS

/* Minimum, maximum and sum over a series at every scale, so that a window of any width costs a few thousand
 * nodes. Samples are borrowed and must be ascending in time and outlive it. Reading: any thread. */
typedef struct _RoundsPyramid RoundsPyramid;

RoundsPyramid *rounds_pyramid_new (const RoundsSample *samples, gsize n);
void rounds_pyramid_free (RoundsPyramid *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsPyramid, rounds_pyramid_free)
gsize rounds_pyramid_get_bytes (const RoundsPyramid *self);   /* without the samples */

/* Over the samples with index from ≤ i < to, from < to. */
void rounds_pyramid_range (const RoundsPyramid *self, gsize from, gsize to, double *min, double *max, double *sum);
/* First index whose time is at or after time_us. */
gsize rounds_pyramid_lower (const RoundsPyramid *self, gint64 time_us);

/* What a line through the samples covers in one column of pixels. */
typedef struct {
  double min, max;     /* of the samples in it; NaN when there are none */
  double low, high;    /* of the line, crossings at the column's edges included; NaN = nothing is drawn here */
  gsize count;         /* samples in it */
  gboolean joined;     /* the line goes on from the column before */
} RoundsPlotColumn;

/* Columns of equal width over from_us ≤ t < to_us. A line is never drawn over a silence longer than gap_us;
 * every sample in the window is inside its column's min and max. Returns the number of samples in the window. */
gsize rounds_pyramid_columns (const RoundsPyramid *self, gint64 from_us, gint64 to_us, gint64 gap_us,
                              RoundsPlotColumn *columns, guint n_columns);

G_END_DECLS
