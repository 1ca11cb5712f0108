/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "store/store.h"

G_BEGIN_DECLS

/* The sidebar: search on top, patients below. Signals: "patient-selected" (const char *id) when the user, or a
 * new patient, chooses one. Ctrl+F and typing in the list go to the search. */
#define ROUNDS_TYPE_PATIENT_LIST (rounds_patient_list_get_type ())
G_DECLARE_FINAL_TYPE (RoundsPatientList, rounds_patient_list, ROUNDS, PATIENT_LIST, AdwBin)

GtkWidget *rounds_patient_list_new (void);
/* NULL empties it (lock). */
void rounds_patient_list_set_store (RoundsPatientList *self, RoundsStore *store);
/* Marks the patient whose chart is shown, without a signal; NULL = none. */
void rounds_patient_list_set_selected (RoundsPatientList *self, const char *patient_id);
void rounds_patient_list_focus_search (RoundsPatientList *self);
/* One line under the list ("Demo ward · synthetic patients"), dim or, with look, to be noticed; NULL = none. */
void rounds_patient_list_set_footer (RoundsPatientList *self, const char *text, gboolean look);

G_END_DECLS
