/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>
#include "store/store.h"

G_BEGIN_DECLS

/* What waits to be sent, what was changed in two places, what the server refused, and the connections. */
#define ROUNDS_TYPE_SYNC_PAGE (rounds_sync_page_get_type ())
G_DECLARE_FINAL_TYPE (RoundsSyncPage, rounds_sync_page, ROUNDS, SYNC_PAGE, AdwBin)

/* NULL empties the page and ends a running sync. */
void rounds_sync_page_set_store (RoundsSyncPage *self, RoundsStore *store);
/* One pass over every connection; nothing when one runs already. */
void rounds_sync_page_start (RoundsSyncPage *self);
/* "TYPE/ID" of a conflict. */
void rounds_sync_page_show_conflict (RoundsSyncPage *self, const char *reference);

G_END_DECLS
