/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The error domain of src/scans. */
#include "scans/error.h"

G_DEFINE_QUARK (rounds-scans-error-quark, rounds_scans_error)
