/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "charts/terminology.h"
#include "fhir/json.h"
#include "kit/kit.h"

G_BEGIN_DECLS

/* An entry that offers terms of a pick list while one types; what is typed counts as it stands when no term is
 * chosen. Down and Enter choose, Escape closes the list. Signal "changed" (). */
#define ROUNDS_TYPE_CONCEPT_ENTRY (rounds_concept_entry_get_type ())
G_DECLARE_FINAL_TYPE (RoundsConceptEntry, rounds_concept_entry, ROUNDS, CONCEPT_ENTRY, GtkBox)

GtkWidget *rounds_concept_entry_new (RoundsTermList list, const char *accessible_name, const char *hint);
/* {text, system, code} or {text, reference}, NULL when empty. Caller owns. */
json_object *rounds_concept_entry_get_value (RoundsConceptEntry *self);
/* No signal. */
void rounds_concept_entry_set_value (RoundsConceptEntry *self, json_object *value);
/* Terms (RoundsTerm with reference) that are offered first, and at once when the entry is empty; a reference that
 * stands here without a name takes its name from them. Takes own. No signal. */
void rounds_concept_entry_take_own (RoundsConceptEntry *self, GPtrArray *own);
/* What must be seen while the list covers what stands below the entry; NULL = nothing. */
void rounds_concept_entry_set_warning (RoundsConceptEntry *self, const char *text, RoundsTone tone);

G_END_DECLS
