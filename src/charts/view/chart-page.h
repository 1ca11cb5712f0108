/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "store/store.h"

G_BEGIN_DECLS

/* The chart: sections left, one table, the selected row's history below, the form as a side panel. Keys: N new,
 * Enter or F2 edit, Delete entered in error, Ctrl+Z take the last edit back, Alt+1…8 section. Property "section" (id). Signal "decide"
 * (const char *type, const char *id): a conflict of this resource is to be decided. */
#define ROUNDS_TYPE_CHART_PAGE (rounds_chart_page_get_type ())
G_DECLARE_FINAL_TYPE (RoundsChartPage, rounds_chart_page, ROUNDS, CHART_PAGE, AdwBin)

GtkWidget *rounds_chart_page_new (void);
/* NULL clears. An open form is put away; its draft waits where it was written. */
void rounds_chart_page_set_patient (RoundsChartPage *self, RoundsStore *store, const char *patient_id);
/* Shows a section and, when resource_id is not NULL, selects it. FALSE when there is no such section. */
gboolean rounds_chart_page_show_section (RoundsChartPage *self, const char *section_id, const char *resource_id);
/* Opens the form for a new one. */
void rounds_chart_page_add (RoundsChartPage *self, const char *section_id);

G_END_DECLS
