/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>
#include "sync/status.h"

G_BEGIN_DECLS

/* What waits to be sent, what was changed in two places and what the server refused; how far sync is.
 *
 * Signal "status" (): the state of sync that the header tells changed; see rounds_sync_page_get_status(). */
#define ROUNDS_TYPE_SYNC_PAGE (rounds_sync_page_get_type ())
G_DECLARE_FINAL_TYPE (RoundsSyncPage, rounds_sync_page, ROUNDS, SYNC_PAGE, AdwBin)

/* NULL empties the page and ends a running sync. */
void rounds_sync_page_set_store (RoundsSyncPage *self, RoundsStore *store);
/* One pass over every connection; nothing when one runs already. */
void rounds_sync_page_start (RoundsSyncPage *self);
/* "TYPE/ID" of a conflict. */
void rounds_sync_page_show_conflict (RoundsSyncPage *self, const char *reference);
/* Borrowed; NULL when locked. */
RoundsSyncStatus *rounds_sync_page_get_status (RoundsSyncPage *self);
/* "Last sync 2 min ago", "Offline: …". Caller frees; NULL when locked. */
char *rounds_sync_page_dup_words (RoundsSyncPage *self);

G_END_DECLS
