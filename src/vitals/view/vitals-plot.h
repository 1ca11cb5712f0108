/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "vitals/plot.h"

G_BEGIN_DECLS

/* The lanes as a widget: wheel zooms at the pointer, drag pans, Shift and drag selects, double click shows all;
 * arrow keys move the crosshair from value to value, + and − zoom, 0 shows all, Home and End go to the ends.
 * Signal "window-changed" (): the window, the selection or the data is another. */
#define ROUNDS_TYPE_VITALS_PLOT (rounds_vitals_plot_get_type ())
G_DECLARE_FINAL_TYPE (RoundsVitalsPlot, rounds_vitals_plot, ROUNDS, VITALS_PLOT, GtkWidget)

GtkWidget *rounds_vitals_plot_new (void);
/* Takes the plot; NULL clears. */
void rounds_vitals_plot_set_plot (RoundsVitalsPlot *self, RoundsPlot *plot);
/* Borrowed; NULL when there is none. */
RoundsPlot *rounds_vitals_plot_get_plot (RoundsVitalsPlot *self);
/* Shows the last span_us that hold values; 0 = all. */
void rounds_vitals_plot_show_last (RoundsVitalsPlot *self, gint64 span_us);
/* FALSE when nothing is selected. */
gboolean rounds_vitals_plot_get_selection (RoundsVitalsPlot *self, gint64 *from_us, gint64 *to_us);

G_END_DECLS
