/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "store/store.h"

G_BEGIN_DECLS

/* The strip beneath the patient's banner: that records are restricted, or that they are open, until when and why. It
 * hides itself when there is nothing to say. */
#define ROUNDS_TYPE_BREAK_GLASS (rounds_break_glass_get_type ())
G_DECLARE_FINAL_TYPE (RoundsBreakGlass, rounds_break_glass, ROUNDS, BREAK_GLASS, AdwBin)

/* store NULL: locked. patient_id NULL: nobody is shown; then only what is open is told. */
void rounds_break_glass_set_patient (RoundsBreakGlass *self, RoundsStore *store, const char *patient_id);
/* Asks for the reason and opens; or, when it is open, ends it. */
void rounds_break_glass_activate (RoundsBreakGlass *self);

G_END_DECLS
