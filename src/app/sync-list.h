/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>
#include "app/sync-item.h"

G_BEGIN_DECLS

/* The list of what waits, in sections: to decide, refused, to send. Only the rows that are seen exist as widgets.
 *
 * Signal "verb" (const char *verb, RoundsSyncItem *item): a person asked for "decide", "retry", "discard" or
 * "show" (the chart of the patient); "retry-all" comes with item NULL. */
#define ROUNDS_TYPE_SYNC_LIST (rounds_sync_list_get_type ())
G_DECLARE_FINAL_TYPE (RoundsSyncList, rounds_sync_list, ROUNDS, SYNC_LIST, AdwBin)

/* NULL empties it. */
void rounds_sync_list_set_store (RoundsSyncList *self, RoundsStore *store);
/* Array of RoundsSyncItem of one kind, in order; what is shown already keeps its place, focus and words. */
void rounds_sync_list_set_items (RoundsSyncList *self, RoundsSyncKind kind, GPtrArray *items);
/* Words that depend on the clock. */
void rounds_sync_list_tick (RoundsSyncList *self);

G_END_DECLS
