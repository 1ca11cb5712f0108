/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>
#include "store/store.h"

G_BEGIN_DECLS

/* The Summary: cards of all three domains in three columns, most urgent at the top of each. Its child is the
 * page; columns become two and one as the window narrows. */
#define ROUNDS_TYPE_SUMMARY (rounds_summary_get_type ())
G_DECLARE_FINAL_TYPE (RoundsSummary, rounds_summary, ROUNDS, SUMMARY, AdwBin)

/* NULL clears every card at once. */
void rounds_summary_set_patient (RoundsSummary *self, RoundsStore *store, const char *patient_id);

G_END_DECLS
