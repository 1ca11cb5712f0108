/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The error domain of the lowest folder.
 *
 * There is one code only: what base reads is small text, and all that a caller can do with bad text is to
 * show the message to the user. */

#include "base/instant.h"

G_DEFINE_QUARK (rounds-base-error-quark, rounds_base_error)
