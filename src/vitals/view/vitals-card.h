/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "store/store.h"

G_BEGIN_DECLS

/* The Summary's card: latest values with unit, trend, age and sub-score, NEWS2 as a pill, and a way to enter new
 * ones (action "win.enter-vitals"). Signal "score" (const char *text, int tone, const char *words): NEWS2 for
 * elsewhere, text NULL when there is none. */
#define ROUNDS_TYPE_VITALS_CARD (rounds_vitals_card_get_type ())
G_DECLARE_FINAL_TYPE (RoundsVitalsCard, rounds_vitals_card, ROUNDS, VITALS_CARD, AdwBin)

GtkWidget *rounds_vitals_card_new (void);
/* Either NULL clears. Follows changes of the patient by itself. */
void rounds_vitals_card_set_patient (RoundsVitalsCard *self, RoundsStore *store, const char *patient_id);

G_END_DECLS
