/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/store.h"

G_BEGIN_DECLS

/* Dense vitals: samples in compressed chunks with a min/max/sum/count pyramid, inside records.db. A value is
 * kept in the unit it came in. All block. */

typedef struct {
  gint64 time_us;
  double value;
} RoundsSample;

typedef struct {
  gint64 id;
  char *patient_id;
  char *code;          /* LOINC, or the source's own name */
  char *unit;          /* UCUM */
  char *label;         /* as the source called it */
  char *source;        /* file or feed, for people */
  guint64 n;
  gint64 first_us, last_us;
  double last_value;
  gint64 interval_us;  /* typical distance of samples; 0 = irregular */
} RoundsSeriesInfo;
void rounds_series_info_free (RoundsSeriesInfo *self);

/* Adds samples (any order, duplicates of time and value are dropped: importing again changes nothing; two
 * different values at one time are both kept). *n_new = how many were new. One transaction, with audit. */
gboolean rounds_store_series_append (RoundsStore *self, const char *patient_id, const char *code,
                                     const char *unit,
                                     const char *label, const char *source, const RoundsSample *samples,
                                     gsize n, gsize *n_new, GError **error);
/* Array of RoundsSeriesInfo of a patient. */
GPtrArray *rounds_store_series_list (RoundsStore *self, const char *patient_id, GError **error);
/* Samples from_us ≤ t < to_us in time order: array of RoundsSample. G_MININT64/G_MAXINT64 = all. */
GArray *rounds_store_series_read (RoundsStore *self, gint64 series_id, gint64 from_us, gint64 to_us,
                                  GError **error);

typedef struct {
  gint64 start_us, end_us;   /* of the samples in it */
  double min, max, first, last, sum;
  guint64 count;
} RoundsBucket;
/* At most about max_buckets buckets over the window, from the coarsest level of the pyramid that is fine
 * enough; empty stretches have none. Array of RoundsBucket. */
GArray *rounds_store_series_buckets (RoundsStore *self, gint64 series_id, gint64 from_us, gint64 to_us,
                                     guint max_buckets, GError **error);

G_END_DECLS
