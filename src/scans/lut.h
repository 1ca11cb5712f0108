/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "scans/scan-frame.h"

G_BEGIN_DECLS

/* From modality values to what is seen (PS3.3 C.11.2, C.11.6). Pure functions, any thread. */
typedef enum {
  ROUNDS_VOI_LINEAR,        /* C.11.2.1.2.1; width ≥ 1 */
  ROUNDS_VOI_LINEAR_EXACT,  /* C.11.2.1.3.2; width > 0 */
  ROUNDS_VOI_SIGMOID,       /* C.11.2.1.3.1; width > 0 */
  ROUNDS_VOI_TABLE,         /* VOI LUT Sequence */
} RoundsVoiFunction;

/* How an image is shown. Modality units. */
typedef struct {
  RoundsVoiFunction function;
  double center, width;     /* not used by TABLE */
  guint table;              /* index into voi_tables of the frame, for TABLE */
  gboolean invert;          /* on top of what the file asks for */
} RoundsDisplay;

RoundsVoiFunction rounds_voi_function_from_string (const char *text);   /* "SIGMOID"…, else LINEAR */
/* The formula itself: 0 to 1 for one modality value; not inverted. TABLE answers 0 here (the table is the
 * frame's). Widths below the allowed ones count as the smallest allowed. */
double rounds_voi_value (const RoundsDisplay *display, double value);
double rounds_voi_table_value (const RoundsVoiTable *table, double value);
/* 0 to 255 for one modality value of frame, inversion included. */
guint8 rounds_lut_value (const RoundsScanFrame *frame, const RoundsDisplay *display, double value);

/* Whole frames. Padding is black. out holds rows × columns elements, top to bottom.
 * grey8: grey only (FALSE for colour). argb: 0xFFRRGGBB in native endian, which is GDK_MEMORY_DEFAULT and
 * Cairo's ARGB32; colour images pass through (invert applies). */
gboolean rounds_lut_render_grey8 (const RoundsScanFrame *frame, const RoundsDisplay *display, guint8 *out);
void rounds_lut_render_argb (const RoundsScanFrame *frame, const RoundsDisplay *display, guint32 *out);
/* The same at half size (2×2 means of stored values), for zooms up to one half: out holds
 * frame->half->rows × columns. Only when frame->half. */
void rounds_lut_render_half_argb (const RoundsScanFrame *frame, const RoundsDisplay *display, guint32 *out);
/* Modality values instead of the frame's own (enhanced ones); the frame gives padding and inversion. */
void rounds_lut_render_values_argb (const RoundsScanFrame *frame, const float *values,
                                    const RoundsDisplay *display, guint32 *out);
/* after − before: grey at 0, towards blue for lower, towards amber for higher; full colour at ±limit. */
void rounds_lut_render_difference_argb (const float *before, const float *after, gsize n, double limit,
                                        guint32 *out);

G_END_DECLS
