/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>
#include "app/session.h"

G_BEGIN_DECLS

/* One field, one button: unlocks a profile, makes one, or opens the demo ward.
 *
 * Signal "unlocked" (RoundsSession *session): the window takes it from here. */
#define ROUNDS_TYPE_UNLOCK_PAGE (rounds_unlock_page_get_type ())
G_DECLARE_FINAL_TYPE (RoundsUnlockPage, rounds_unlock_page, ROUNDS, UNLOCK_PAGE, AdwBin)

/* Shows the form for the profile in folder (unlock when there is one, create when not). */
void rounds_unlock_page_set_folder (RoundsUnlockPage *self, const char *folder);
/* Opens the demo ward at once; folder NULL = the default one. */
void rounds_unlock_page_open_demo (RoundsUnlockPage *self, const char *folder);
/* Says under the form why it is shown ("Locked after 15 minutes without input"). NULL clears. */
void rounds_unlock_page_set_state (RoundsUnlockPage *self, const char *text);

G_END_DECLS
