/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "scans/study-list.h"

G_BEGIN_DECLS

/* Rows of the series strip. */

/* thumbnail NULL: an icon instead. Floating reference. */
GtkWidget *rounds_series_row_new (RoundsScanSeries *series, GdkTexture *thumbnail, gboolean questioned);
RoundsScanSeries *rounds_series_row_get_series (GtkListBoxRow *row);
/* Studies as headings between the rows: for gtk_list_box_set_header_func(). */
void rounds_series_row_header (GtkListBoxRow *row, GtkListBoxRow *before, gpointer data);
/* "today 07:55", "2024-02-11" from DICOM date and time; "" when absent. Caller frees. */
char *rounds_dicom_date_display (const char *date, const char *time);

/* Series UID → GdkTexture of the thumbnails of studies. Blocks: worker thread. */
GHashTable *rounds_thumbnails_load (RoundsStore *store, GPtrArray *studies);

G_END_DECLS
