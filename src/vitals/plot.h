/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <cairo.h>

#include "vitals/collect.h"
#include "vitals/plot-axis.h"

G_BEGIN_DECLS

/* Lanes of a patient's vitals over one time axis, for any cairo_t: the window, PNG, SVG and PDF.
 *
 * The curves (rounds_plot_draw) and what follows the pointer (rounds_plot_draw_overlay) are two layers: the first
 * is kept by the widget, the second costs a few lines. One thread at a time. */
typedef struct _RoundsPlot RoundsPlot;

/* Refers to the chart. codes: NULL-terminated list of what is shown, NULL = the vital signs that are there. */
RoundsPlot *rounds_plot_new (RoundsVitalsChart *chart, const char *const *codes);
void rounds_plot_free (RoundsPlot *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsPlot, rounds_plot_free)

guint rounds_plot_get_n_lanes (RoundsPlot *self);

/* All that there is, with a little room. FALSE when there are no values. */
gboolean rounds_plot_get_extent (RoundsPlot *self, gint64 *from_us, gint64 *to_us);
/* The window shown; kept between one second and a hundred years, and inside the years 1 to 9998. */
void rounds_plot_set_window (RoundsPlot *self, gint64 from_us, gint64 to_us);
void rounds_plot_get_window (RoundsPlot *self, gint64 *from_us, gint64 *to_us);
/* Makes the distance between both ends longer (factor > 1) or shorter, with the time at the pointer staying. */
void rounds_plot_zoom (RoundsPlot *self, double factor, gint64 around_us);

/* Size in pixels (points of cairo's user space). */
void rounds_plot_set_size (RoundsPlot *self, double width, double height);
/* Height at which every lane has the room that it wants. */
double rounds_plot_get_natural_height (RoundsPlot *self);
const RoundsTimeScale *rounds_plot_get_time_scale (RoundsPlot *self);

/* Colours as 0xrrggbb. */
typedef struct {
  gboolean dark;
  guint32 background, text, dim, line, band;
  gboolean paint_background;
} RoundsPlotPalette;
extern const RoundsPlotPalette rounds_plot_light, rounds_plot_dark;

void rounds_plot_draw (RoundsPlot *self, cairo_t *cr, const RoundsPlotPalette *palette);
/* Crosshair with values at crosshair_us (G_MININT64 = none: names and last values only), and a selection. */
void rounds_plot_draw_overlay (RoundsPlot *self, cairo_t *cr, const RoundsPlotPalette *palette, gint64 crosshair_us,
                               gint64 select_from_us, gint64 select_to_us);

/* The next or previous time at which anything was measured, for the arrow keys. G_MININT64 when there is none. */
gint64 rounds_plot_next_time (RoundsPlot *self, gint64 time_us, int direction);
/* The picture in words: window, and of each lane range, last value and gaps; or, with a crosshair, the values
 * there. Caller frees. */
char *rounds_plot_describe (RoundsPlot *self, gint64 crosshair_us);
/* "Heart rate: n 61 · median 97 · 86 – 113" per lane over a selection. Caller frees. */
char *rounds_plot_describe_selection (RoundsPlot *self, gint64 from_us, gint64 to_us);

/* Writes a picture with both layers; the kind follows the ending of path: .png, .svg or .pdf. Atomic. Blocks. */
gboolean rounds_plot_save (RoundsPlot *self, const char *path, int width, int height,
                           const RoundsPlotPalette *palette, GError **error);
/* PNG bytes of a surface (RGB24 or ARGB32), coded for speed. */
GBytes *rounds_plot_surface_to_png (cairo_surface_t *surface, GError **error);

G_END_DECLS
