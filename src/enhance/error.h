/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Errors of src/enhance. Messages are one sentence for a person, without patient data. A cancelled
 * run answers G_IO_ERROR_CANCELLED. */
#define ROUNDS_ENHANCE_ERROR (rounds_enhance_error_quark ())
GQuark rounds_enhance_error_quark (void);

typedef enum
{
  ROUNDS_ENHANCE_ERROR_NO_MODEL, /* no such folder or file: install the model */
  ROUNDS_ENHANCE_ERROR_MANIFEST, /* manifest.json cannot be used: mend it */
  ROUNDS_ENHANCE_ERROR_HASH,     /* model.onnx is not the file that the manifest describes: do not use it */
  ROUNDS_ENHANCE_ERROR_REFUSED,  /* the image is outside what the model was made for: show the original */
  ROUNDS_ENHANCE_ERROR_RUNTIME,  /* ONNX Runtime is missing or failed: report it */
} RoundsEnhanceError;

G_END_DECLS
