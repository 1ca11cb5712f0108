/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "vitals/collect.h"

G_BEGIN_DECLS

/* Single values in a table, newest first: time, what, value; a wrong one is marked as entered in error from its
 * row and stays in the record. Signal "changed" (). */
#define ROUNDS_TYPE_VITALS_TABLE (rounds_vitals_table_get_type ())
G_DECLARE_FINAL_TYPE (RoundsVitalsTable, rounds_vitals_table, ROUNDS, VITALS_TABLE, AdwBin)

GtkWidget *rounds_vitals_table_new (void);
void rounds_vitals_table_set_chart (RoundsVitalsTable *self, RoundsStore *store, RoundsVitalsChart *chart);

G_END_DECLS
