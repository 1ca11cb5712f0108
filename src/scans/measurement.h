/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "scans/scan-frame.h"
#include "store/scan-store.h"

G_BEGIN_DECLS

typedef enum {
  ROUNDS_MEASURE_LENGTH,   /* two points */
  ROUNDS_MEASURE_ELLIPSE,  /* two opposite corners of its box, axes along rows and columns */
  ROUNDS_MEASURE_PROBE,    /* one point */
} RoundsMeasureKind;

/* A measurement on one frame. Points are in image pixels: (0, 0) is the upper left corner of the upper left
 * pixel, so pixel (c, r) covers [c, c+1) × [r, r+1). What was measured is computed from the original pixels
 * and kept as text values for lists. */
typedef struct {
  char *uuid;
  char *sop_uid;
  int frame;                 /* from 0 */
  RoundsMeasureKind kind;
  double x[2], y[2];         /* column, row; probe uses the first */
  /* results */
  char unit[24];             /* of length: "mm", "mm (detector)", "px" */
  char value_unit[17];       /* of pixel values: "HU", "" */
  double length;             /* LENGTH: in unit */
  double area;               /* ELLIPSE: mm² or px² (unit squared) */
  double mean, sd, min, max; /* ELLIPSE (sd with n − 1); PROBE: mean is the value. NAN = none */
  guint n;                   /* pixels whose centre lies inside and that are no padding */
} RoundsMeasurement;

RoundsMeasurement *rounds_measurement_new (RoundsMeasureKind kind, const char *sop_uid, int frame);
RoundsMeasurement *rounds_measurement_copy (const RoundsMeasurement *self);
void rounds_measurement_free (RoundsMeasurement *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsMeasurement, rounds_measurement_free)

/* Unit and pixel size for distances on this image: "mm" (patient, calibrated, us-region), "mm (detector)",
 * or "px" (then 1 and 1). */
const char *rounds_measure_unit (const RoundsDicomImage *image, double *row_mm, double *column_mm);
/* Computes the results from the frame's original pixels. Any thread. */
void rounds_measurement_compute (RoundsMeasurement *self, const RoundsScanFrame *frame);
/* "23.4 mm", "54.2 ± 21.8 HU · 4.31 cm² · 6,012 px"-like lines for people. Caller frees. */
char *rounds_measurement_dup_value (const RoundsMeasurement *self);   /* one short line */
char *rounds_measurement_dup_text (const RoundsMeasurement *self);    /* for beside the shape, may have lines */
const char *rounds_measure_kind_title (RoundsMeasureKind kind);       /* translated */

char *rounds_measurement_to_json (const RoundsMeasurement *self);
/* Bounded; NULL with INVALID for anything that is not ours. */
RoundsMeasurement *rounds_measurement_from_json (const char *json, GError **error);

/* The measurements of a series, kept in the store, with undo. Pure bookkeeping on one thread; saving returns
 * the (uuid, json or NULL) pairs to write, which the caller gives to rounds_store_scan_set_measurement(). */
typedef struct _RoundsMeasurementSet RoundsMeasurementSet;
RoundsMeasurementSet *rounds_measurement_set_new (const char *series_uid);
void rounds_measurement_set_free (RoundsMeasurementSet *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsMeasurementSet, rounds_measurement_set_free)
const char *rounds_measurement_set_get_series_uid (RoundsMeasurementSet *self);
/* From the store; not undoable. Unreadable texts are passed over and counted. Blocks: worker thread. */
RoundsMeasurementSet *rounds_measurement_set_load (RoundsStore *store, const char *series_uid, guint *n_bad,
                                                   GError **error);
/* RoundsMeasurement, borrowed, oldest first. */
GPtrArray *rounds_measurement_set_list (RoundsMeasurementSet *self);

typedef struct {
  char *uuid;
  char *json;   /* NULL = delete */
} RoundsMeasurementWrite;
void rounds_measurement_write_free (RoundsMeasurementWrite *self);
/* Each changes the set and answers what to write (caller frees; NULL = nothing to do). */
RoundsMeasurementWrite *rounds_measurement_set_add_take (RoundsMeasurementSet *self, RoundsMeasurement *m);
RoundsMeasurementWrite *rounds_measurement_set_remove (RoundsMeasurementSet *self, const char *uuid);
RoundsMeasurementWrite *rounds_measurement_set_undo (RoundsMeasurementSet *self);
RoundsMeasurementWrite *rounds_measurement_set_redo (RoundsMeasurementSet *self);

G_END_DECLS
