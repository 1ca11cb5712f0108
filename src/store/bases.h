/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/store.h"

G_BEGIN_DECLS

/* Records of a type that the server has as far as this cache knows: id → the server's version. Without their
 * texts, since there may be a hundred thousand. Blocks. Caller unrefs; NULL with error. */
GHashTable *rounds_store_list_bases (RoundsStore *self, const char *type, GError **error);

G_END_DECLS
