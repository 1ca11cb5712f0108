/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The error domain of this folder.
 */

#include "enhance/error.h"

G_DEFINE_QUARK (rounds - enhance - error - quark, rounds_enhance_error)
