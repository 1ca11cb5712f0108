/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>
#include "store/store.h"

G_BEGIN_DECLS

/* The Summary: cards of all three domains in three columns, most urgent at the top of each. Its child is the
 * page; columns become two and one as the window narrows. Signal "score"
 * (const char *text, int tone, const char *words): the patient's NEWS2 changed; text NULL = none. */
#define ROUNDS_TYPE_SUMMARY_PAGE (rounds_summary_page_get_type ())
G_DECLARE_FINAL_TYPE (RoundsSummaryPage, rounds_summary_page, ROUNDS, SUMMARY_PAGE, AdwBin)

/* NULL clears every card at once. */
void rounds_summary_page_set_patient (RoundsSummaryPage *self, RoundsStore *store, const char *patient_id);

G_END_DECLS
