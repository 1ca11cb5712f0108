/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <onnxruntime_c_api.h>

#include "enhance/error.h"

G_BEGIN_DECLS

/* Private to src/enhance: ONNX Runtime as this process sees it. */

/* The C API, opened at the first call; NULL with RUNTIME when the library is missing or too old. Any thread.
 */
const OrtApi *rounds_runtime_api (GError **error);

/* A session over the ONNX file in DATA (copied by the runtime), with THREADS threads that sleep when idle.
 * All sessions share the process's one environment. Release with api->ReleaseSession. Errors: RUNTIME. */
OrtSession *rounds_runtime_create_session (const void *data, gsize size, int threads, GError **error);

/* Frees STATUS; FALSE and RUNTIME with its message ("WHAT: ...") unless it is NULL. */
gboolean rounds_runtime_check (OrtStatus *status, const char *what, GError **error);

G_END_DECLS
