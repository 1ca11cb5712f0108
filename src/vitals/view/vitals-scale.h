/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "store/store.h"

G_BEGIN_DECLS

/* Asks whether to change the SpO₂ scale of NEWS2 from `current` (1 or 2) to the other, and records the decision with the
 * performer's name for the patient it was asked about. near: where the toast appears. Floating reference. */
AdwDialog *rounds_vitals_scale_dialog_new (RoundsStore *store, const char *patient_id, const char *performer, int current,
                                           GtkWidget *near);

G_END_DECLS
