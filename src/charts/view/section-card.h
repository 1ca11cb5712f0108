/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "store/store.h"

G_BEGIN_DECLS

/* A card of the Summary for one section, as the section's descriptor says. Signals:
 * "open" (const char *section, const char *resource_id or NULL): show it in the chart;
 * "add" (const char *section): begin a new one. */
#define ROUNDS_TYPE_SECTION_CARD (rounds_section_card_get_type ())
G_DECLARE_FINAL_TYPE (RoundsSectionCard, rounds_section_card, ROUNDS, SECTION_CARD, AdwBin)

/* section_id as in rounds_sections(): "problems", "allergies", "medications", "notes", "results" … */
GtkWidget *rounds_section_card_new (const char *section_id);
/* At most this many rows (default 8; notes 3). */
void rounds_section_card_set_limit (RoundsSectionCard *self, guint limit);
void rounds_section_card_set_patient (RoundsSectionCard *self, RoundsStore *store, const char *patient_id);

/* What of this patient waits to be sent, with conflicts and refusals. Signal "open-sync" (). */
#define ROUNDS_TYPE_TO_SEND_CARD (rounds_to_send_card_get_type ())
G_DECLARE_FINAL_TYPE (RoundsToSendCard, rounds_to_send_card, ROUNDS, TO_SEND_CARD, AdwBin)

GtkWidget *rounds_to_send_card_new (void);
void rounds_to_send_card_set_patient (RoundsToSendCard *self, RoundsStore *store, const char *patient_id);

G_END_DECLS
