/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/series-store.h"
#include "vitals/codes.h"
#include "vitals/file.h"

G_BEGIN_DECLS

/* All values of one code of one patient, whatever they came from, in time order and in one unit. */
typedef struct {
  char *code;              /* LOINC, or the source's own name */
  const RoundsVital *vital;/* NULL for a code that is not in the table */
  char *label;             /* for people, translated */
  char *unit;              /* UCUM: the vital's own when the code is known */
  GArray *samples;         /* RoundsSample, ascending by time; several at one time are kept */
  gint64 gap_us;           /* a longer silence is a gap */
  guint64 n_left_out;      /* values whose unit could not be brought to `unit` */
} RoundsVitalSeries;

RoundsVitalSeries *rounds_vital_series_new (const char *code, const char *label, const char *unit);
void rounds_vital_series_free (RoundsVitalSeries *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsVitalSeries, rounds_vital_series_free)

/* Adds samples given in `unit`; converts them, or counts them as left out. */
void rounds_vital_series_add (RoundsVitalSeries *self, const RoundsSample *samples, gsize n, const char *unit);
/* Sorts (stable: values of one time stay in order of adding) and settles gap_us. Once, after adding. */
void rounds_vital_series_finish (RoundsVitalSeries *self);

/* The last sample at or before this time; NULL when there is none. Borrowed until samples change. */
const RoundsSample *rounds_vital_series_at (const RoundsVitalSeries *self, gint64 time_us);
/* The sample nearest to this time; NULL when the series is empty. */
const RoundsSample *rounds_vital_series_nearest (const RoundsVitalSeries *self, gint64 time_us);
/* Index of the first sample at or after this time (may be the length). */
gsize rounds_vital_series_lower (const RoundsVitalSeries *self, gint64 time_us);
/* The values alone, in order. Caller frees. */
double *rounds_vital_series_dup_values (const RoundsVitalSeries *self, gsize from, gsize to);

/* The series of a file, each parameter brought to one unit: array of RoundsVitalSeries whose code is the
 * file's own name of the parameter. Caller owns. */
GPtrArray *rounds_vital_series_from_file (RoundsVitalsFile *file);

G_END_DECLS
