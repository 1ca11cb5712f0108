/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The error domain of this folder.
 *
 * The codes tell apart what a caller does next: wait, ask the user, read back, or give the change up. */

#include "cloud/error.h"

G_DEFINE_QUARK (rounds-cloud-error-quark, rounds_cloud_error)
