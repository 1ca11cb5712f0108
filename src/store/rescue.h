/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/damage.h"

G_BEGIN_DECLS

/* Copies what can be read of the cache in folder into another, new one, and counts it. FALSE when the new one cannot
 * be written, or the old one is newer than this program. Inside src/store only. */
gboolean rounds_rescue (const char *folder, RoundsSecret *key, RoundsStore *into, RoundsSetAside *out, GError **error);

G_END_DECLS
