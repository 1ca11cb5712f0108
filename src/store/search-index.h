/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/store-private.h"

G_BEGIN_DECLS

/* The index of search parameters as the writer keeps it up, in the transaction of the resource itself. text NULL =
 * deleted; new_row: it was not in the cache before. Does next to nothing until somebody searched by a parameter of
 * this type. */
gboolean rounds_search_index_save (RoundsWriter *writer, const char *type, gint64 type_nid, gint64 rid, const char *text,
                                   gboolean new_row, GError **error);

G_END_DECLS
