/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "enhance/model.h"

G_BEGIN_DECLS

/* A model made ready to run on the CPU with ONNX Runtime. Making one takes tens of milliseconds to
 * seconds and running one blocks: never on the main thread. May be used from several threads at once; each
 * run uses the session's own threads. */
#define ROUNDS_TYPE_ENHANCE_SESSION (rounds_enhance_session_get_type ())
G_DECLARE_FINAL_TYPE (RoundsEnhanceSession, rounds_enhance_session, ROUNDS, ENHANCE_SESSION, GObject)

/* Threads for interactive use: one fewer than the cores this process may use, at least 1. */
int rounds_enhance_default_threads (void);

/* A new session; THREADS <= 0 means rounds_enhance_default_threads(). Transfer full. Errors: RUNTIME. */
RoundsEnhanceSession *rounds_enhance_session_new (RoundsModel *model, int threads, GError **error);

/* The process's one session for this model (by SHA-256) and number of threads, made at the first call and
 * kept: later calls return at once. Transfer full. Errors: RUNTIME. Any thread. */
RoundsEnhanceSession *rounds_enhance_session_shared (RoundsModel *model, int threads, GError **error);

RoundsModel *rounds_enhance_session_get_model (RoundsEnhanceSession *self);
int rounds_enhance_session_get_threads (RoundsEnhanceSession *self);

/* The bare call: PLANES is n_planes x ROWS x COLUMNS float32 in model range, rows from top to bottom, both
 * multiples of the model's alignment; OUT is ROWS x COLUMNS. Cancelling ends a running call. OUT is
 * undefined on failure. Errors: RUNTIME, G_IO_ERROR_CANCELLED. */
gboolean rounds_enhance_session_run (RoundsEnhanceSession *self,
                                     const float *planes,
                                     int n_planes,
                                     int rows,
                                     int columns,
                                     float *out,
                                     GCancellable *cancellable,
                                     GError **error);

G_END_DECLS
