/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>
#include "store/outbox.h"

G_BEGIN_DECLS

/* Base, mine and theirs of one resource, field by field. What differs on both sides must be chosen; nothing is
 * chosen beforehand.
 *
 * Signal "done" (): decided or put off; the page goes back to its list. */
#define ROUNDS_TYPE_CONFLICT_VIEW (rounds_conflict_view_get_type ())
G_DECLARE_FINAL_TYPE (RoundsConflictView, rounds_conflict_view, ROUNDS, CONFLICT_VIEW, AdwBin)

/* Takes conflict. title says what it is, patient whose (may be NULL). All NULL empties the view (the store is
 * locked). */
void rounds_conflict_view_set_conflict (RoundsConflictView *self, RoundsStore *store, RoundsConflict *conflict,
                                        const char *title, const char *patient);

G_END_DECLS
