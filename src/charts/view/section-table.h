/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "charts/row.h"

G_BEGIN_DECLS

/* Makes the columns of a section, replacing those of the one before. narrow: one column that says everything
 * on two lines. */
void rounds_section_table_build (GtkColumnView *table, const RoundsSection *section, gboolean narrow);
/* The model with its rows under headings, where the section groups. Caller owns. */
GListModel *rounds_section_table_sections (const RoundsSection *section, GListModel *model);

G_END_DECLS
