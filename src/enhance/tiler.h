/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "enhance/session.h"

G_BEGIN_DECLS

/* Runs a model over an image of any size. PIXELS is ROWS x COLUMNS in model range, SIGMA the noise level in
 * model range, given to the network as a second plane. Images up to WHOLE_MAX on both sides run at once
 * (edges repeated up to the alignment); larger ones in tiles of at most WHOLE_MAX that overlap by more than
 * the network's reach and are faded into each other, so that the result is that of the whole within rounding
 * (1e-4). Returns the network's answer, ROWS x COLUMNS floats, which the caller frees with g_free(), or NULL.
 * TILED (nullable) says whether there was more than one tile. Errors as rounds_enhance_session_run(). */
float *rounds_tiler_run (RoundsEnhanceSession *session,
                         const float *pixels,
                         int rows,
                         int columns,
                         float sigma,
                         int whole_max,
                         gboolean *tiled,
                         GCancellable *cancellable,
                         GError **error);

G_END_DECLS
