/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* A line the height of a text that shows where a value came from; its last point is marked. Its colour is the
 * text colour, so tones apply. NaN leaves a gap. */
#define ROUNDS_TYPE_SPARKLINE (rounds_sparkline_get_type ())
G_DECLARE_FINAL_TYPE (RoundsSparkline, rounds_sparkline, ROUNDS, SPARKLINE, GtkWidget)

GtkWidget *rounds_sparkline_new (void);
/* Copies at most the last 512 values, oldest first; times in any unit, or NULL: evenly spaced. */
void rounds_sparkline_set_points (RoundsSparkline *self, const double *times, const double *values, guint n_values);

G_END_DECLS
