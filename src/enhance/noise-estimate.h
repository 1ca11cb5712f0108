/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The noise of an image, read off its own flat regions: the standard deviation of a pixel there, in the
 * units of the pixels. Blocks of 8 x 8 pixels are freed of their tilt; blocks that hold padding, lie
 * below FLOOR (air outside the body, empty background: noise is cut off there) or hold one value only do
 * not count, and the lower end of what remains is taken, since edges and texture only ever add.
 *
 * PIXELS is ROWS x COLUMNS, top to bottom. PADDING is NULL or ROWS x COLUMNS with nonzero = not part of the
 * image. FLOOR is the mean value below which a block does not count; -INFINITY for none. Returns 0 when
 * there is nothing to measure (constant image, smaller than 8 x 8). NaN and infinite pixels count as padding.
 * Pure function, any thread, about 1 ms for 512 x 512. */
float rounds_noise_estimate (const float *pixels, int rows, int columns, const guint8 *padding, float floor);

G_END_DECLS
