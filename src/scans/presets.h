/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "scans/lut.h"

G_BEGIN_DECLS

/* A window that a reader asks for by name. */
typedef struct {
  const char *id;      /* "lung", for scripts */
  const char *title;   /* for people, English, marked for translation */
  double width, center;  /* HU */
} RoundsPreset;

/* The presets for a modality (DICOM term), borrowed and static; n = 0 where there are none. */
const RoundsPreset *rounds_presets_for_modality (const char *modality, guint *n);
/* By id, in any case; also "soft tissue" with a blank. NULL = unknown. */
const RoundsPreset *rounds_preset_find (const char *id);

/* The window that the file or, when it has none, the image itself asks for. */
void rounds_window_default (const RoundsScanFrame *frame, RoundsDisplay *out);
/* From the image: the 0.5 and 99.5 percentile of what is not padding; minimum and maximum for up to 8 bits or
 * when the percentiles agree. LINEAR. */
void rounds_window_auto (const RoundsScanFrame *frame, RoundsDisplay *out);
/* The n-th (from 0) window or VOI LUT of the file: FALSE when there is none. Windows first. */
gboolean rounds_window_of_file (const RoundsScanFrame *frame, guint n, RoundsDisplay *out);
/* What a drag by dx, dy pixels (right and down positive) does: right = wider, up = level higher; one pixel is
 * data range / 1024, times boost. */
void rounds_window_drag (const RoundsScanFrame *frame, double dx, double dy, double boost, RoundsDisplay *display);

G_END_DECLS
