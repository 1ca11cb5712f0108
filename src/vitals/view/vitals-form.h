/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "vitals/collect.h"

G_BEGIN_DECLS

/* The entry form: fields with their unit, air or oxygen, ACVPU, NEWS2 so far, and one Save that writes everything
 * as one edit and offers to take it back. Unusual values are asked once, impossible ones refused with the reason.
 * Signal "saved" (). */
#define ROUNDS_TYPE_VITALS_FORM (rounds_vitals_form_get_type ())
G_DECLARE_FINAL_TYPE (RoundsVitalsForm, rounds_vitals_form, ROUNDS, VITALS_FORM, AdwBin)

GtkWidget *rounds_vitals_form_new (void);
/* NULL clears and empties the fields. */
void rounds_vitals_form_set_patient (RoundsVitalsForm *self, RoundsStore *store, const char *patient_id);
/* For the last values and NEWS2's rules; NULL = not known yet. Refers to it. */
void rounds_vitals_form_set_chart (RoundsVitalsForm *self, RoundsVitalsChart *chart);
void rounds_vitals_form_focus (RoundsVitalsForm *self);

G_END_DECLS
