/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <math.h>

#include "enhance/session.h"

G_BEGIN_DECLS

/* What the caller wants. Start from ROUNDS_DENOISE_PARAMS_INIT. */
typedef struct
{
  const char *modality; /* DICOM term: "CT", "MR", "CR", "DX" */
  double strength;      /* 0 (the original, bit for bit) to 1 */
  double sigma;         /* noise level to remove, modality units; NAN = measure it */
  double padding_low;   /* values in [padding_low, padding_high] are padding and stay untouched; */
  double padding_high;  /* NAN = none (Pixel Padding Value and Range Limit, after rescale) */
  int bits_stored;      /* for the manifest's limit; 0 when the values were floating point */
  int samples;          /* Samples per Pixel */
} RoundsDenoiseParams;

#define ROUNDS_DENOISE_PARAMS_INIT                                                                           \
  { .modality = "",                                                                                          \
    .strength = 1.0,                                                                                         \
    .sigma = NAN,                                                                                            \
    .padding_low = NAN,                                                                                      \
    .padding_high = NAN,                                                                                     \
    .bits_stored = 16,                                                                                       \
    .samples = 1 }

/* What was done. */
typedef struct
{
  double sigma;            /* noise level used, modality units: given or measured, capped */
  double sigma_measured;   /* as measured, modality units */
  double strength;         /* as used */
  double limit;            /* no pixel changed by more than this, modality units: 3 x the smaller of both */
  double clamped_fraction; /* part of the pixels that were not padding and met the limit, 0 to 1 */
  double ms;               /* wall time of the call */
  gboolean tiled;
} RoundsDenoiseReport;

/* Takes noise out of one frame. IN and OUT are ROWS x COLUMNS modality values (HU for CT), top to bottom,
 * and must not overlap. The whole effect is computed at strength 1 and scaled, so OUT = IN + strength x
 * change: see rounds_denoise_blend(). No pixel moves by more than 3 x the measured noise; the mean of a flat
 * region stays; padding, NaN and infinite pixels stay; the same input gives the same bytes
 * whatever the thread count of the session. Blocks for 0.1 s and more: never on the main thread. OUT and
 * REPORT are untouched on failure. REPORT may be NULL. Errors: REFUSED (image outside the manifest), RUNTIME,
 * G_IO_ERROR_CANCELLED. */
gboolean rounds_denoise_run (RoundsEnhanceSession *session,
                             const float *in,
                             int rows,
                             int columns,
                             const RoundsDenoiseParams *params,
                             float *out,
                             RoundsDenoiseReport *report,
                             GCancellable *cancellable,
                             GError **error);

/* For the strength slider: OUT = ORIGINAL + strength x (FULL - ORIGINAL), where FULL is what
 * rounds_denoise_run() gave at strength 1; the same bytes as running it at STRENGTH. Under 1 ms for 512 x
 * 512. OUT may be either input. Strength 0 copies ORIGINAL bit for bit. */
void rounds_denoise_blend (const float *original, const float *full, gsize n, double strength, float *out);

G_END_DECLS
