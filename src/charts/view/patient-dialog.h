/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "store/store.h"

G_BEGIN_DECLS

/* Called when a patient was saved. */
typedef void (*RoundsPatientSaved) (const char *patient_id, gpointer widget);

/* The form of demographics in a dialog (a sheet on narrow windows), with the warning about patients that are
 * here already. record NULL = a new patient; an unfinished draft is taken up again. saved is called only while
 * `parent` lives, with it as data when data is NULL. */
void rounds_patient_dialog_present (GtkWidget *parent, RoundsStore *store, const RoundsRecord *record,
                                    RoundsPatientSaved saved, gpointer data);
/* The same for a patient that is in the store. */
void rounds_patient_dialog_edit (GtkWidget *parent, RoundsStore *store, const char *patient_id);

G_END_DECLS
