/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dicom/file-private.h"
#include "dicom/frame.h"

G_BEGIN_DECLS

/* Decoders of one codestream each, for frame.c. image says what is declared; out has room for
 * rows · columns · samples values of the type of out->type, and takes them with the samples of a pixel together.
 * Each checks the codestream's own size against the declared one before it decodes. Any thread. */

/* What a decoder found beside the pixels. */
typedef struct {
  gboolean is_rgb;       /* three samples and already R, G, B */
  gboolean own_depth;    /* values are final: no masking by Bits Stored */
} RoundsDecoded;

gboolean rounds_codec_rle (const RoundsDicomImage *image, const guint8 *data, gsize size, RoundsFrame *out,
                           GError **error);
gboolean rounds_codec_jpeg (const RoundsDicomImage *image, const guint8 *data, gsize size, RoundsFrame *out,
                            RoundsDecoded *decoded, GError **error);
gboolean rounds_codec_jpeg_ls (const RoundsDicomImage *image, const guint8 *data, gsize size, RoundsFrame *out,
                               GError **error);
/* One component by our own decoder: 1 byte a sample for precisions to 8, else 2. handled is FALSE (and no error set)
 * when the stream is not of the plain kind; its size has been checked by the caller. */
gboolean rounds_codec_jpeg_ls_grey (const guint8 *data, gsize size, int rows, int columns, guint8 *out,
                                    gboolean *handled, GError **error);
gboolean rounds_codec_jpeg_2000 (const RoundsDicomImage *image, const guint8 *data, gsize size, RoundsFrame *out,
                                 RoundsDecoded *decoded, GError **error);

/* Colours of PALETTE COLOR into frame (PS3.3 C.7.6.3.1.5, C.7.9.2); FALSE when the tables are damaged. */
gboolean rounds_frame_read_palette (RoundsFrame *frame, RoundsDicomFile *file, const RoundsDicomImage *image,
                                    GError **error);

/* In place, n pixels of three samples. full: Y, Cb, Cr over the whole range, else 16…235 and 16…240. */
void rounds_ybr_to_rgb (RoundsFrame *frame, int bits_stored, gboolean full);

G_END_DECLS
