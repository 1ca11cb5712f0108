/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where one is in the stack, what has arrived and what has been looked at. It paints runs, not slices, so that
 * two thousand slices cost as little as twenty. */
#include "scans/view/slice-bar.h"

#include <math.h>

struct _RoundsSliceBar
{
  GtkWidget parent_instance;

  RoundsSliceBarFunc func;
  gpointer data;
  guint n, current;
};

static void rounds_slice_bar_range_init (GtkAccessibleRangeInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RoundsSliceBar, rounds_slice_bar, GTK_TYPE_WIDGET,
                               G_IMPLEMENT_INTERFACE (GTK_TYPE_ACCESSIBLE_RANGE, rounds_slice_bar_range_init))

static guint selected_signal;

static gboolean
set_current_value (GtkAccessibleRange *range, double value)
{
  RoundsSliceBar *self = ROUNDS_SLICE_BAR (range);

  if (self->n == 0)
    return FALSE;
  g_signal_emit (self, selected_signal, 0, (guint) CLAMP (lround (value) - 1, 0, (long) self->n - 1));
  return TRUE;
}

static void
rounds_slice_bar_range_init (GtkAccessibleRangeInterface *iface)
{
  iface->set_current_value = set_current_value;
}

static void
fill (GtkSnapshot *snapshot, const GdkRGBA *colour, double x, double y, double width, double height)
{
  gtk_snapshot_append_color (snapshot, colour, &GRAPHENE_RECT_INIT ((float) x, (float) y, (float) width, (float) height));
}

static void
rounds_slice_bar_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  static const GdkRGBA track = { 0.16f, 0.16f, 0.17f, 1 }, loaded = { 0.42f, 0.42f, 0.45f, 1 };
  static const GdkRGBA seen = { 0.39f, 0.52f, 0.72f, 1 }, failed = { 0.88f, 0.35f, 0.33f, 1 }, thumb = { 1, 1, 1, 1 };
  RoundsSliceBar *self = ROUNDS_SLICE_BAR (widget);
  double width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget) - 12;
  double x = width / 2 - 4, step;
  GskRoundedRect box;

  if (self->n < 2 || height < 20)
    return;
  step = height / self->n;
  gsk_rounded_rect_init_from_rect (&box, &GRAPHENE_RECT_INIT ((float) x, 6, 8, (float) height), 4);
  gtk_snapshot_push_rounded_clip (snapshot, &box);
  fill (snapshot, &track, x, 6, 8, height);
  for (guint i = 0; i < self->n && self->func != NULL;)
    {
      RoundsSliceBarFlags flags = self->func (i, self->data);
      guint j = i + 1;

      while (j < self->n && self->func (j, self->data) == flags)
        j++;
      if (flags != 0)
        fill (snapshot, flags & ROUNDS_SLICE_BAR_FAILED ? &failed : flags & ROUNDS_SLICE_BAR_SEEN ? &seen : &loaded, x,
              6 + i * step, 8, (j - i) * step);
      i = j;
    }
  gtk_snapshot_pop (snapshot);
  gsk_rounded_rect_init_from_rect (&box, &GRAPHENE_RECT_INIT ((float) (width / 2 - 7),
                                                              (float) (6 + (self->current + 0.5) * step - 3), 14, 6), 3);
  gtk_snapshot_push_rounded_clip (snapshot, &box);
  gtk_snapshot_append_color (snapshot, &thumb, &box.bounds);
  gtk_snapshot_pop (snapshot);
}

static void
rounds_slice_bar_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                          int *minimum_baseline, int *natural_baseline)
{
  *minimum = *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? 22 : 60;
}

static void
select_at (RoundsSliceBar *self, double y)
{
  double height = gtk_widget_get_height (GTK_WIDGET (self)) - 12;

  if (self->n == 0 || height <= 0)
    return;
  g_signal_emit (self, selected_signal, 0, (guint) CLAMP (floor ((y - 6) / height * self->n), 0, (double) self->n - 1));
}

static void
drag_began_cb (GtkGestureDrag *gesture, double x, double y, gpointer data)
{
  select_at (data, y);
}

static void
drag_updated_cb (GtkGestureDrag *gesture, double dx, double dy, gpointer data)
{
  double x, y;

  if (gtk_gesture_drag_get_start_point (gesture, &x, &y))
    select_at (data, y + dy);
}

void
rounds_slice_bar_set_func (RoundsSliceBar *self, RoundsSliceBarFunc func, gpointer data)
{
  self->func = func;
  self->data = data;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
rounds_slice_bar_set_range (RoundsSliceBar *self, guint n, guint current)
{
  self->n = n;
  self->current = n > 0 ? MIN (current, n - 1) : 0;
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_VALUE_MIN, 1.0,
                                  GTK_ACCESSIBLE_PROPERTY_VALUE_MAX, (double) MAX (n, 1),
                                  GTK_ACCESSIBLE_PROPERTY_VALUE_NOW, (double) self->current + 1, -1);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
rounds_slice_bar_class_init (RoundsSliceBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  widget_class->snapshot = rounds_slice_bar_snapshot;
  widget_class->measure = rounds_slice_bar_measure;
  gtk_widget_class_set_css_name (widget_class, "slice-bar");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_SLIDER);
  selected_signal = g_signal_new ("selected", ROUNDS_TYPE_SLICE_BAR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                  1, G_TYPE_UINT);
}

static void
rounds_slice_bar_init (RoundsSliceBar *self)
{
  GtkGesture *drag = gtk_gesture_drag_new ();

  g_signal_connect (drag, "drag-begin", G_CALLBACK (drag_began_cb), self);
  g_signal_connect (drag, "drag-update", G_CALLBACK (drag_updated_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drag));
}
