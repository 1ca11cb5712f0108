/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "store/store.h"

G_BEGIN_DECLS

/* The Vitals page of one patient: latest values, lanes or table, analysis, export, and the entry form beside them
 * (over them on a narrow window). */
#define ROUNDS_TYPE_VITALS_PAGE (rounds_vitals_page_get_type ())
G_DECLARE_FINAL_TYPE (RoundsVitalsPage, rounds_vitals_page, ROUNDS, VITALS_PAGE, AdwBin)

GtkWidget *rounds_vitals_page_new (void);
/* Either NULL clears. Follows changes of the patient by itself. */
void rounds_vitals_page_set_patient (RoundsVitalsPage *self, RoundsStore *store, const char *patient_id);
/* Shows the form and puts the cursor into it. */
void rounds_vitals_page_focus_entry (RoundsVitalsPage *self);

G_END_DECLS
