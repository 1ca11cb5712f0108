/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What is known of the noise beforehand. */
typedef struct
{
  gboolean correlated; /* TRUE: neighbouring pixels share noise (CT kernels), so only the spread in a block
                          counts; FALSE: white, where the difference of neighbours tells noise from texture */
  float floor;         /* a block with a smaller mean does not count (air, background); -INFINITY for none */
  float ceiling;       /* nor one with a larger mean; INFINITY for none */
  float min_snr;       /* nor one whose mean is less than this many times its own spread: magnitude MR, where
                          noise without signal is not Gaussian; 0 for none */
} RoundsNoiseOptions;

/* The noise of an image, read off its own flat regions: the standard deviation of a pixel there, in the
 * units of the pixels. Every block of 8 x 8 pixels is measured; of those that count the lower end is taken,
 * since edges and texture only ever add, and set right for being the lower end (calibrated on images with
 * known added noise; within 10 % for sigma of 15 of 255 and more, above the truth where nothing is flat, up
 * to a quarter below for noise whose grain is three pixels wide). Blocks with padding or of one value do not
 * count. When fewer than a twentieth count, floor, ceiling and min_snr are given up.
 *
 * PIXELS is ROWS x COLUMNS, top to bottom. PADDING is NULL or ROWS x COLUMNS with nonzero = not part of the
 * image; pixels that are not finite must be marked there. Returns 0 when there is nothing to measure (one
 * value only, smaller than 10 x 10). Pure function, any thread, under 1 ms for 512 x 512. */
float rounds_noise_estimate (
    const float *pixels, int rows, int columns, const guint8 *padding, const RoundsNoiseOptions *options);

G_END_DECLS
