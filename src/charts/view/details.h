/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "charts/edit.h"
#include "charts/row.h"

G_BEGIN_DECLS

/* What stands under the table for the selected row: a note's text, a result's values over time, the history
 * with its differences. */

void rounds_details_clear (GtkBox *box);
/* At once, from the row alone; the history follows. */
void rounds_details_begin (GtkBox *box, RoundsRow *row);

/* RoundsStoreWork: data = RoundsRow; the result is for show() and freed with free(). */
gpointer rounds_details_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error);
void rounds_details_free (gpointer details);
void rounds_details_show (GtkBox *box, gpointer details, const GError *error);

/* "Unfinished note of 09:14". Caller frees. */
char *rounds_details_draft_words (const RoundsDraft *draft);

G_END_DECLS
