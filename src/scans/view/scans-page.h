/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "store/store.h"

G_BEGIN_DECLS

/* The page that shows a patient's scans: series left, one viewport edge to edge, enhancement and measurements
 * right; dark whatever the theme. Its actions are "scans.…" and work while the focus is inside it. Main thread. */
#define ROUNDS_TYPE_SCANS_PAGE (rounds_scans_page_get_type ())
G_DECLARE_FINAL_TYPE (RoundsScansPage, rounds_scans_page, ROUNDS, SCANS_PAGE, AdwBin)

GtkWidget *rounds_scans_page_new (void);
/* Shows this patient's scans; NULL, NULL clears at once: nothing of a patient stays visible or in memory. */
void rounds_scans_page_set_patient (RoundsScansPage *self, RoundsStore *store, const char *patient_id);
/* Opens a series of the patient, now or as soon as the list has been read. */
void rounds_scans_page_open_series (RoundsScansPage *self, const char *series_uid);

G_END_DECLS
