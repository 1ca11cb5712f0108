/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>
#include "store/store.h"

G_BEGIN_DECLS

/* The servers of this account: what they are, what they can do, how one signs in; add, edit, try, remove.
 *
 * Signal "changed" (): a connection was saved, removed or signed in to; it is time to sync. */
#define ROUNDS_TYPE_CONNECTION_PAGE (rounds_connection_page_get_type ())
G_DECLARE_FINAL_TYPE (RoundsConnectionPage, rounds_connection_page, ROUNDS, CONNECTION_PAGE, AdwBin)

/* NULL empties the page, ends what it is waiting for and forgets what was typed. */
void rounds_connection_page_set_store (RoundsConnectionPage *self, RoundsStore *store);
/* Signs in at that connection, as its button does; one that is under way goes on. */
void rounds_connection_page_sign_in (RoundsConnectionPage *self, const char *name);

G_END_DECLS
