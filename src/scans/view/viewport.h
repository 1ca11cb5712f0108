/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "scans/measurement.h"
#include "scans/view-transform.h"

G_BEGIN_DECLS

typedef enum {
  ROUNDS_TOOL_WINDOW,
  ROUNDS_TOOL_PAN,
  ROUNDS_TOOL_ZOOM,
  ROUNDS_TOOL_LENGTH,
  ROUNDS_TOOL_ELLIPSE,
  ROUNDS_TOOL_PROBE,
  ROUNDS_N_TOOLS,
} RoundsTool;

/* Where texts stand. */
typedef enum {
  ROUNDS_CORNER_TOP_LEFT,
  ROUNDS_CORNER_TOP_RIGHT,
  ROUNDS_CORNER_BOTTOM_LEFT,
  ROUNDS_CORNER_BOTTOM_RIGHT,
} RoundsCorner;

/* One picture, edge to edge, with texts and measurements over it, and the hands of a reader: left drag = tool,
 * middle = pan, right drag = zoom, wheel = slice, Ctrl+wheel = zoom, double click = fit. It draws and reports;
 * what a drag means for the window of the image is its owner's business. Main thread.
 *
 * Signals: "window-drag" (double dx, double dy, double boost), "scrolled" (int steps), "view-changed" (),
 * "measuring" (RoundsMeasurement *draft: fill in results), "measured" (RoundsMeasurement *m: copy it),
 * "menu" (double x, double y), "painted" (guint index). */
#define ROUNDS_TYPE_VIEWPORT (rounds_viewport_get_type ())
G_DECLARE_FINAL_TYPE (RoundsViewport, rounds_viewport, ROUNDS, VIEWPORT, GtkWidget)

/* The picture of slice index. second is drawn right of the wipe line (nullable). NULL texture = nothing. */
void rounds_viewport_set_picture (RoundsViewport *self, GdkTexture *texture, GdkTexture *second, guint index);
void rounds_viewport_set_tool (RoundsViewport *self, RoundsTool tool);
/* Borrowed; call rounds_viewport_view_changed() after changing it. */
RoundsViewTransform *rounds_viewport_get_transform (RoundsViewport *self);
void rounds_viewport_view_changed (RoundsViewport *self);
double rounds_viewport_get_zoom (RoundsViewport *self);

/* Lines separated by \n; NULL = none. */
void rounds_viewport_set_corner (RoundsViewport *self, RoundsCorner corner, const char *text);
/* The yellow label and the lines below it; title NULL = none. Shown whatever "overlay" says. */
void rounds_viewport_set_label (RoundsViewport *self, const char *title, const char *lines);
void rounds_viewport_set_geometry (RoundsViewport *self, gboolean has_geometry, const double orientation[6]);
/* In the middle instead of a picture ("Loading…"); NULL = none. */
void rounds_viewport_set_message (RoundsViewport *self, const char *text);
void rounds_viewport_set_overlay (RoundsViewport *self, gboolean visible);
/* Whose measurements are drawn (RoundsMeasurement; taken reference; NULL = none) and for which picture. */
void rounds_viewport_set_measurements (RoundsViewport *self, GPtrArray *list, const char *sop_uid, int frame);
/* Room that texts leave free at the right, for a slider over the picture. */
void rounds_viewport_set_right_inset (RoundsViewport *self, int pixels);
void rounds_viewport_move_wipe (RoundsViewport *self, double by);

/* Counters of what was painted since the stack was set: times slice index was painted, and all. */
void rounds_viewport_reset_painted (RoundsViewport *self, guint n_slices);
guint rounds_viewport_get_painted (RoundsViewport *self, guint index);
guint64 rounds_viewport_get_n_painted (RoundsViewport *self);

G_END_DECLS
