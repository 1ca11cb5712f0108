/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dicom/file.h"

G_BEGIN_DECLS

typedef enum {
  ROUNDS_PIXEL_UINT8,
  ROUNDS_PIXEL_INT8,
  ROUNDS_PIXEL_UINT16,
  ROUNDS_PIXEL_INT16,
  ROUNDS_PIXEL_UINT32,
  ROUNDS_PIXEL_INT32,
  ROUNDS_PIXEL_FLOAT32,
  ROUNDS_PIXEL_FLOAT64,
} RoundsPixelType;

const char *rounds_pixel_type_to_string (RoundsPixelType type);   /* "uint8" … */
gsize rounds_pixel_type_size (RoundsPixelType type);

/* One decoded frame: stored values, rows from top to bottom, samples of a pixel together, native endian.
 * Grey as stored; PALETTE COLOR as indices (palette beside it); every other colour space as RGB. Atomic
 * reference counts; immutable. */
typedef struct {
  int rows, columns, samples;
  RoundsPixelType type;
  char photometric[17];        /* of data: "MONOCHROME1", "MONOCHROME2", "PALETTE COLOR" or "RGB" */
  gboolean lossy;
  gsize size;                  /* bytes of data */
  guint8 *data;                /* 16-byte aligned */
  guint32 *palette;            /* 0xRRGGBB by index from palette_first, or NULL */
  guint palette_size;
  int palette_first;
  gint ref_count;
} RoundsFrame;

RoundsFrame *rounds_frame_ref (RoundsFrame *self);
void rounds_frame_unref (RoundsFrame *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsFrame, rounds_frame_unref)

/* Decodes one frame (from 0), bit for bit. Sizes are checked against the data before anything is allocated.
 * Any worker; several frames at once. */
RoundsFrame *rounds_dicom_file_decode (RoundsDicomFile *self, int frame, GError **error);

/* To modality units (Rescale or Modality LUT): rows·columns floats, grey only. Caller frees. */
float *rounds_frame_to_modality (const RoundsFrame *frame, RoundsDicomFile *file, int frame_index, GError **error);

G_END_DECLS
