/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "store/store.h"

G_BEGIN_DECLS

/* The Summary's card of the last studies with thumbnails; each opens its first series ("win.show-scan" with the
 * series UID). Main thread. */
#define ROUNDS_TYPE_SCANS_CARD (rounds_scans_card_get_type ())
G_DECLARE_FINAL_TYPE (RoundsScansCard, rounds_scans_card, ROUNDS, SCANS_CARD, GtkWidget)

GtkWidget *rounds_scans_card_new (void);
/* NULL, NULL clears at once. */
void rounds_scans_card_set_patient (RoundsScansCard *self, RoundsStore *store, const char *patient_id);

G_END_DECLS
