/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define ROUNDS_CLOUD_ERROR (rounds_cloud_error_quark ())
GQuark rounds_cloud_error_quark (void);

typedef enum {
  ROUNDS_CLOUD_ERROR_ADDRESS,      /* no usable https address: ask for another */
  ROUNDS_CLOUD_ERROR_UNREACHABLE,  /* the request surely did not arrive: try later */
  ROUNDS_CLOUD_ERROR_INTERRUPTED,  /* the request may have arrived and its answer was lost: read back first */
  ROUNDS_CLOUD_ERROR_TLS,          /* no trust: certificate, host name, version or pin */
  ROUNDS_CLOUD_ERROR_SIGN_IN,      /* 401 after a refresh, or 403 for everything: ask the user */
  ROUNDS_CLOUD_ERROR_THROTTLED,    /* 429 or 503: wait as long as was asked */
  ROUNDS_CLOUD_ERROR_REFUSED,      /* would break a rule of ours: redirect, other origin */
  ROUNDS_CLOUD_ERROR_LIMIT,        /* the answer is larger than allowed */
  ROUNDS_CLOUD_ERROR_PROTOCOL,     /* the answer is not what FHIR or DICOMweb says */
  ROUNDS_CLOUD_ERROR_STATUS,       /* any other HTTP status; the message says which */
} RoundsCloudError;

G_END_DECLS
