/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Errors of src/scans. Messages are one sentence for a person, without patient data. */
#define ROUNDS_SCANS_ERROR (rounds_scans_error_quark ())
GQuark rounds_scans_error_quark (void);

typedef enum {
  ROUNDS_SCANS_ERROR_INVALID,   /* the object or text cannot be taken: the message says why */
  ROUNDS_SCANS_ERROR_NO_IMAGE,  /* nothing to show in it */
  ROUNDS_SCANS_ERROR_LIMIT,     /* more than memory allows */
  ROUNDS_SCANS_ERROR_FAILED,
} RoundsScansError;

G_END_DECLS
