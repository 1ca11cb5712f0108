/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "charts/edit.h"

G_BEGIN_DECLS

/* The form of a section, made from its descriptor: fields, warnings inside the form, draft at every keystroke,
 * save or sign. Signals: "saved" (char *title, char *type, char *id, gint64 revision) after the store has it;
 * "closed" () when it is done with, also after "saved". */
#define ROUNDS_TYPE_FORM_PANEL (rounds_form_panel_get_type ())
G_DECLARE_FINAL_TYPE (RoundsFormPanel, rounds_form_panel, ROUNDS, FORM_PANEL, AdwBin)

GtkWidget *rounds_form_panel_new (void);

/* Opens it. record NULL = a new one; values NULL = as they are in the record, else these (a draft, an
 * addendum). patient_id NULL only for a new patient. The form stays with this patient whatever the window
 * shows later. */
void rounds_form_panel_open (RoundsFormPanel *self, RoundsStore *store, const RoundsSection *section,
                             const char *patient_id, const RoundsRecord *record, json_object *values);
/* Puts it away; the draft stays in the store. */
void rounds_form_panel_leave (RoundsFormPanel *self);
gboolean rounds_form_panel_is_open (RoundsFormPanel *self);
const RoundsSection *rounds_form_panel_get_section (RoundsFormPanel *self);

G_END_DECLS
