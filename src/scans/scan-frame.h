/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dicom/frame.h"

G_BEGIN_DECLS

/* A VOI LUT of the file (PS3.3 C.11.2.1.1): inputs are modality values. */
typedef struct {
  int first;           /* first modality value mapped; lower ones take the first entry */
  guint n;
  int bits;            /* of the entries: output range is 0 to 2^bits − 1 */
  guint16 *entries;
  char *explanation;   /* for people, or NULL */
} RoundsVoiTable;

/* One decoded frame with all that is needed to show and measure it, but without the file. Immutable, atomic
 * reference counts, any thread. */
typedef struct {
  RoundsFrame *pixels;
  RoundsDicomImage image;
  float *modality_table;      /* modality value by stored value − table_first, or NULL = slope and intercept */
  int table_first;
  guint table_n;
  gboolean inverse;           /* MONOCHROME1, or Presentation LUT Shape INVERSE */
  RoundsVoiTable *voi_tables; /* of the file, n_voi_tables of them */
  guint n_voi_tables;
  gint64 stored_min, stored_max; /* of integer pixels, padding included */
  double min, max;            /* of modality values without padding; min > max when there is none */
  char units[17];             /* "HU", … of modality values; "" = unknown */
  char technique[96];         /* "120 kV · 184 mAs", for people; "" = not said */
  char institution[65];
  RoundsFrame *half;          /* 2×2 means for display when the frame is large, or NULL */
  gint ref_count;
} RoundsScanFrame;

/* Decodes and prepares one frame (from 0). Worker thread. */
RoundsScanFrame *rounds_scan_frame_load (RoundsDicomFile *file, int frame, GError **error);
/* From parts, for tests and for objects made here. Takes a reference to pixels; modality: DICOM term or NULL. */
RoundsScanFrame *rounds_scan_frame_new (RoundsFrame *pixels, const RoundsDicomImage *image, const char *modality);
RoundsScanFrame *rounds_scan_frame_ref (RoundsScanFrame *self);
void rounds_scan_frame_unref (RoundsScanFrame *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsScanFrame, rounds_scan_frame_unref)

/* What it holds in memory. */
gsize rounds_scan_frame_size_bytes (const RoundsScanFrame *self);
gboolean rounds_scan_frame_is_grey (const RoundsScanFrame *self);
/* Stored value of sample 0; 0 outside. */
double rounds_scan_frame_stored_at (const RoundsScanFrame *self, int column, int row);
gboolean rounds_scan_frame_is_padding (const RoundsScanFrame *self, double stored);
double rounds_scan_frame_stored_to_modality (const RoundsScanFrame *self, double stored);
/* Modality value (HU for CT); NAN outside the image, on padding and in colour images. */
double rounds_scan_frame_value_at (const RoundsScanFrame *self, int column, int row);
/* 0xRRGGBB of a colour or palette image. */
guint32 rounds_scan_frame_colour_at (const RoundsScanFrame *self, int column, int row);
/* rows × columns modality values, grey only (else NULL). Caller frees. */
float *rounds_scan_frame_dup_modality (const RoundsScanFrame *self);
/* Stored values for modality values, rounded and held to the range that Bits Stored gives; padding of the
 * source stays as stored. Grey with slope and intercept only, else NULL with INVALID.
 * Caller frees; size_bytes is set. */
guint8 *rounds_scan_frame_to_stored (const RoundsScanFrame *self, const float *modality, gsize *size_bytes,
                                     GError **error);

G_END_DECLS
