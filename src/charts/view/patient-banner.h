/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "store/store.h"

G_BEGIN_DECLS

/* Who this is: always there above the pages. Signal "patient-shown" (const char *name): who stands there from now
 * on, NULL = nobody. */
#define ROUNDS_TYPE_PATIENT_BANNER (rounds_patient_banner_get_type ())
G_DECLARE_FINAL_TYPE (RoundsPatientBanner, rounds_patient_banner, ROUNDS, PATIENT_BANNER, AdwBin)

GtkWidget *rounds_patient_banner_new (void);
/* NULL clears it at once. */
void rounds_patient_banner_set_patient (RoundsPatientBanner *self, RoundsStore *store, const char *patient_id);
/* "sync 2 min ago" at the right; NULL = nothing. */
void rounds_patient_banner_set_sync_words (RoundsPatientBanner *self, const char *text);
/* A widget of another page at the right (the NEWS2 pill). Takes the floating reference; NULL removes it. */
void rounds_patient_banner_set_end_widget (RoundsPatientBanner *self, GtkWidget *widget);

G_END_DECLS
