/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "scans/lut.h"

G_BEGIN_DECLS

/* What the viewport shows, without a screen. */

/* PNG of a frame (grey or RGB, 8 bit), one pixel each. display NULL = the file's own window. */
GBytes *rounds_render_png (const RoundsScanFrame *frame, const RoundsDisplay *display, GError **error);
/* The same, box-filtered to fit into size × size pixels (aspect of the pixels respected); never enlarged. */
GBytes *rounds_render_thumbnail (const RoundsScanFrame *frame, const RoundsDisplay *display, int size,
                                 GError **error);
/* Any picture of 0xFFRRGGBB pixels. */
GBytes *rounds_render_png_argb (const guint32 *argb, int columns, int rows, gboolean grey, GError **error);

#define ROUNDS_THUMBNAIL_SIZE 160

G_END_DECLS
