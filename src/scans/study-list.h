/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/scan-store.h"

G_BEGIN_DECLS

/* One picture of a stack: a frame of an instance. */
typedef struct {
  RoundsScanInstance *instance;  /* borrowed from the series */
  int frame;                     /* from 0 */
  double along_mm;               /* position along the normal of the stack; NAN when not known */
} RoundsScanSlice;

/* A series as a stack. Immutable once loaded, so it may be used from any thread. */
#define ROUNDS_TYPE_SCAN_SERIES (rounds_scan_series_get_type ())
G_DECLARE_FINAL_TYPE (RoundsScanSeries, rounds_scan_series, ROUNDS, SCAN_SERIES, GObject)

const char *rounds_scan_series_get_uid (RoundsScanSeries *self);
const char *rounds_scan_series_get_study_uid (RoundsScanSeries *self);
const char *rounds_scan_series_get_modality (RoundsScanSeries *self);      /* "" when absent */
const char *rounds_scan_series_get_description (RoundsScanSeries *self);   /* never empty: falls back */
const char *rounds_scan_series_get_study_description (RoundsScanSeries *self);
const char *rounds_scan_series_get_study_date (RoundsScanSeries *self);    /* DICOM "20260301" or "" */
const char *rounds_scan_series_get_study_time (RoundsScanSeries *self);
int rounds_scan_series_get_number (RoundsScanSeries *self);
gboolean rounds_scan_series_is_derived_here (RoundsScanSeries *self);
/* Instances (RoundsScanInstance, borrowed) in the order of the stack; those without an image are left out. */
GPtrArray *rounds_scan_series_get_instances (RoundsScanSeries *self);
guint rounds_scan_series_get_n_slices (RoundsScanSeries *self);
const RoundsScanSlice *rounds_scan_series_get_slice (RoundsScanSeries *self, guint index);
/* "Ordered by geometry" is TRUE; else by instance number. */
gboolean rounds_scan_series_has_geometry (RoundsScanSeries *self);
/* Distance of neighbouring slices in mm when it is the same all through (1 % or 0.01 mm), else 0. */
double rounds_scan_series_get_step_mm (RoundsScanSeries *self);

/* From instances of one series (taken; array of RoundsScanInstance with its free function). */
RoundsScanSeries *rounds_scan_series_new_take (GPtrArray *instances);

/* One study: series in order of number. */
typedef struct {
  char *uid, *description, *date, *time, *modalities;
  GPtrArray *series;   /* RoundsScanSeries */
} RoundsScanStudy;
void rounds_scan_study_free (RoundsScanStudy *self);

/* Everything of a patient that holds an image, newest study first. Array of RoundsScanStudy. Blocks. */
GPtrArray *rounds_study_list_load (RoundsStore *store, const char *patient_id, GError **error);
/* The same from instances that were read already (taken). */
GPtrArray *rounds_study_list_from_instances (GPtrArray *instances);
/* One series as a stack. Blocks. */
RoundsScanSeries *rounds_scan_series_load (RoundsStore *store, const char *series_uid, GError **error);

G_END_DECLS
