/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "scans/measurement.h"
#include "scans/view-transform.h"

G_BEGIN_DECLS

/* Private to the viewport: its drawing, as functions of what is drawn. */
void rounds_draw_picture (GtkSnapshot *snapshot, GdkTexture *texture, const RoundsViewTransform *transform,
                          double width, double height);
/* halign, valign: 0 = at x, y; 0.5 = centred there; 1 = ending there. */
/* Height of such a text. */
int rounds_text_height (GtkWidget *widget, const char *text);
void rounds_draw_text (GtkWidget *widget, GtkSnapshot *snapshot, const char *text, const GdkRGBA *colour, double x,
                       double y, double halign, double valign, gboolean bold);
/* The yellow label with its right edge at x; answers the y below it. */
double rounds_draw_label (GtkWidget *widget, GtkSnapshot *snapshot, const char *title, const char *lines, double x,
                          double y);
void rounds_draw_measurement (GtkWidget *widget, GtkSnapshot *snapshot, const RoundsMeasurement *m,
                              const RoundsViewTransform *transform, double width, double height, gboolean draft);

G_END_DECLS
