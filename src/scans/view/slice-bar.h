/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* The slider at the right edge of a viewport: loaded (light), seen (blue) and current. Dragging and clicking
 * emits "selected" (guint index). Main thread. */
#define ROUNDS_TYPE_SLICE_BAR (rounds_slice_bar_get_type ())
G_DECLARE_FINAL_TYPE (RoundsSliceBar, rounds_slice_bar, ROUNDS, SLICE_BAR, GtkWidget)

typedef enum {
  ROUNDS_SLICE_BAR_LOADED = 1 << 0,
  ROUNDS_SLICE_BAR_SEEN = 1 << 1,
  ROUNDS_SLICE_BAR_FAILED = 1 << 2,
} RoundsSliceBarFlags;
typedef RoundsSliceBarFlags (*RoundsSliceBarFunc) (guint index, gpointer data);

/* func is asked while painting. */
void rounds_slice_bar_set_func (RoundsSliceBar *self, RoundsSliceBarFunc func, gpointer data);
void rounds_slice_bar_set_range (RoundsSliceBar *self, guint n, guint current);

G_END_DECLS
