/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plot in the window.
 *
 * The curves are drawn once per window and size into a texture; what follows the pointer is drawn over it. So a
 * moving crosshair costs a few lines of text, however many samples there are. */
#include "vitals/view/vitals-plot.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "kit/kit.h"

struct _RoundsVitalsPlot
{
  GtkWidget parent_instance;

  /* owned */
  RoundsPlot *plot;
  GdkTexture *curves;
  int texture_width, texture_height;
  double texture_scale, text_scale;

  gint64 crosshair_us;                      /* G_MININT64 = none */
  gint64 select_from_us, select_to_us;
  gint64 drag_from_us, drag_to_us;          /* window when the drag began */
  double pointer_x;
  gboolean selecting;
  guint describe_id;
};

enum {
  SIGNAL_WINDOW_CHANGED,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RoundsVitalsPlot, rounds_vitals_plot, GTK_TYPE_WIDGET)

static const RoundsPlotPalette *
palette_of (RoundsPlotPalette *out)
{
  *out = adw_style_manager_get_dark (adw_style_manager_get_default ()) ? rounds_plot_dark : rounds_plot_light;
  out->paint_background = FALSE;
  if (adw_style_manager_get_high_contrast (adw_style_manager_get_default ()))
    {
      out->dim = out->text;
      out->line = out->dark ? 0x8a8a90 : 0x6f6f72;
    }
  return out;
}

static gboolean
describe_cb (gpointer data)
{
  RoundsVitalsPlot *self = data;
  g_autofree char *words = self->plot != NULL ? rounds_plot_describe (self->plot, self->crosshair_us)
                                              : g_strdup (_("No vitals recorded"));

  self->describe_id = 0;
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, words, -1);
  return G_SOURCE_REMOVE;
}

/* Words follow when the hand rests: counting gaps at every wheel click would be felt. */
static void
describe_soon (RoundsVitalsPlot *self)
{
  if (self->describe_id == 0)
    self->describe_id = g_timeout_add (150, describe_cb, self);
}

static void
curves_changed (RoundsVitalsPlot *self)
{
  g_clear_object (&self->curves);
  gtk_widget_queue_draw (GTK_WIDGET (self));
  describe_soon (self);
  g_signal_emit (self, signals[SIGNAL_WINDOW_CHANGED], 0);
}

/* The plot is laid out for text of usual size; for larger text all of it is drawn larger. */
static double
text_scale_of (GtkWidget *widget)
{
  int dpi = 0;

  g_object_get (gtk_widget_get_settings (widget), "gtk-xft-dpi", &dpi, NULL);
  return dpi > 0 ? CLAMP (dpi / 1024.0 / 96, 1, 3) : 1;
}

static void
make_curves (RoundsVitalsPlot *self, int width, int height, double scale)
{
  int w = (int) ceil (width * scale), h = (int) ceil (height * scale);
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, w, h);
  cairo_t *cr = cairo_create (surface);
  RoundsPlotPalette palette;
  g_autoptr (GBytes) bytes = NULL;
  int stride;

  cairo_scale (cr, scale, scale);
  cairo_scale (cr, self->text_scale, self->text_scale);
  rounds_plot_set_size (self->plot, width / self->text_scale, height / self->text_scale);
  rounds_plot_draw (self->plot, cr, palette_of (&palette));
  cairo_destroy (cr);
  cairo_surface_flush (surface);
  stride = cairo_image_surface_get_stride (surface);
  bytes = g_bytes_new_with_free_func (cairo_image_surface_get_data (surface), (gsize) stride * (gsize) h,
                                      (GDestroyNotify) cairo_surface_destroy, surface);
  g_set_object (&self->curves, NULL);
  self->curves = gdk_memory_texture_new (w, h, GDK_MEMORY_DEFAULT, bytes, (gsize) stride);
  self->texture_width = width;
  self->texture_height = height;
  self->texture_scale = scale;
}

static void
rounds_vitals_plot_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  RoundsVitalsPlot *self = ROUNDS_VITALS_PLOT (widget);
  int width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  GdkSurface *surface = gtk_native_get_surface (gtk_widget_get_native (widget));
  double scale = surface != NULL ? gdk_surface_get_scale (surface) : 1;
  graphene_rect_t bounds = GRAPHENE_RECT_INIT (0, 0, (float) width, (float) height);
  RoundsPlotPalette palette;
  double text_scale = text_scale_of (widget);
  cairo_t *cr;

  if (self->plot == NULL || width < 2 || height < 2)
    return;
  if (self->curves == NULL || self->texture_width != width || self->texture_height != height ||
      self->texture_scale != scale || self->text_scale != text_scale)
    {
      self->text_scale = text_scale;
      make_curves (self, width, height, scale);
    }
  gtk_snapshot_append_texture (snapshot, self->curves, &bounds);
  cr = gtk_snapshot_append_cairo (snapshot, &bounds);
  cairo_scale (cr, self->text_scale, self->text_scale);
  rounds_plot_draw_overlay (self->plot, cr, palette_of (&palette), self->crosshair_us, self->select_from_us,
                            self->select_to_us);
  cairo_destroy (cr);
  if (gtk_widget_has_visible_focus (widget))
    {
      GskRoundedRect outline;
      GdkRGBA color;
      const float widths[4] = { 1, 1, 1, 1 };

      gtk_widget_get_color (widget, &color);
      color.alpha = 0.5f;
      gsk_rounded_rect_init_from_rect (&outline, &bounds, 6);
      gtk_snapshot_append_border (snapshot, &outline, widths, (const GdkRGBA[4]) { color, color, color, color });
    }
}

static void
rounds_vitals_plot_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                            int *minimum_baseline, int *natural_baseline)
{
  RoundsVitalsPlot *self = ROUNDS_VITALS_PLOT (widget);

  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      *minimum = 240;
      *natural = 800;
      return;
    }
  *minimum = self->plot != NULL ? (int) (110 + 44 * rounds_plot_get_n_lanes (self->plot)) : 120;
  *natural = self->plot != NULL ? (int) rounds_plot_get_natural_height (self->plot) : 300;
  *natural = MAX (*natural, *minimum);
  *minimum = (int) ceil (*minimum * text_scale_of (widget));
  *natural = (int) ceil (*natural * text_scale_of (widget));
}

/* --- pointer ------------------------------------------------------------------------------------------------- */

static gint64
time_at (RoundsVitalsPlot *self, double x)
{
  return rounds_time_scale_time (rounds_plot_get_time_scale (self->plot), x / self->text_scale);
}

static void
pointer_moved_cb (RoundsVitalsPlot *self, double x, double y)
{
  const RoundsTimeScale *scale;

  self->pointer_x = x;
  if (self->plot == NULL)
    return;
  scale = rounds_plot_get_time_scale (self->plot);
  self->crosshair_us = x / self->text_scale >= scale->left && x / self->text_scale <= scale->left + scale->width
                         ? time_at (self, x) : G_MININT64;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
pointer_left_cb (RoundsVitalsPlot *self)
{
  self->crosshair_us = G_MININT64;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static gboolean
scrolled_cb (RoundsVitalsPlot *self, double dx, double dy, GtkEventControllerScroll *controller)
{
  gint64 from, to;

  if (self->plot == NULL)
    return GDK_EVENT_PROPAGATE;
  rounds_plot_get_window (self->plot, &from, &to);
  if (fabs (dx) > fabs (dy))
    {
      gint64 step = llround (dx * 0.08 * (double) (to - from));
      rounds_plot_set_window (self->plot, from + step, to + step);
    }
  else
    rounds_plot_zoom (self->plot, pow (1.2, CLAMP (dy, -5, 5)), time_at (self, self->pointer_x));
  curves_changed (self);
  return GDK_EVENT_STOP;
}

static void
drag_begun_cb (RoundsVitalsPlot *self, double x, double y, GtkGestureDrag *gesture)
{
  GdkModifierType state = gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (gesture));

  gtk_widget_grab_focus (GTK_WIDGET (self));
  if (self->plot == NULL)
    return;
  self->selecting = (state & GDK_SHIFT_MASK) != 0;
  rounds_plot_get_window (self->plot, &self->drag_from_us, &self->drag_to_us);
}

static void
drag_moved_cb (RoundsVitalsPlot *self, double dx, double dy, GtkGestureDrag *gesture)
{
  double x, y;

  if (self->plot == NULL || !gtk_gesture_drag_get_start_point (gesture, &x, &y))
    return;
  if (self->selecting)
    {
      gint64 a = time_at (self, x), b = time_at (self, x + dx);

      self->select_from_us = MIN (a, b);
      self->select_to_us = MAX (a, b);
      gtk_widget_queue_draw (GTK_WIDGET (self));
      g_signal_emit (self, signals[SIGNAL_WINDOW_CHANGED], 0);
      return;
    }
  if (fabs (dx) < 2)
    return;
  {
    double width = rounds_plot_get_time_scale (self->plot)->width * self->text_scale;
    gint64 step = llround (-dx / width * (double) (self->drag_to_us - self->drag_from_us));

    rounds_plot_set_window (self->plot, self->drag_from_us + step, self->drag_to_us + step);
    curves_changed (self);
  }
}

static void
pressed_cb (RoundsVitalsPlot *self, int n_press, double x, double y)
{
  if (n_press == 2)
    {
      self->select_from_us = self->select_to_us = 0;
      rounds_vitals_plot_show_last (self, 0);
    }
}

/* --- keys ------------------------------------------------------------------------------------------------------ */

static void
move_crosshair (RoundsVitalsPlot *self, int direction, gboolean far)
{
  gint64 from, to, at = self->crosshair_us;

  rounds_plot_get_window (self->plot, &from, &to);
  if (at == G_MININT64)
    at = direction > 0 ? from - 1 : to + 1;
  for (int i = 0; i < (far ? 10 : 1); i++)
    {
      gint64 next = rounds_plot_next_time (self->plot, at, direction);
      if (next == G_MININT64)
        break;
      at = next;
    }
  if (at < from || at > to)
    {
      gint64 span = to - from;

      from = at < from ? at - span / 10 : at - span * 9 / 10;
      rounds_plot_set_window (self->plot, from, from + span);
      curves_changed (self);
    }
  self->crosshair_us = at;
  gtk_widget_queue_draw (GTK_WIDGET (self));
  {
    g_autofree char *words = rounds_plot_describe (self->plot, at);
    gtk_accessible_announce (GTK_ACCESSIBLE (self), words, GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_MEDIUM);
  }
  describe_soon (self);
}

static gboolean
key_pressed_cb (RoundsVitalsPlot *self, guint key, guint code, GdkModifierType state)
{
  gint64 from, to, middle;

  if (self->plot == NULL || (state & GDK_ALT_MASK) != 0)
    return GDK_EVENT_PROPAGATE;
  rounds_plot_get_window (self->plot, &from, &to);
  middle = self->crosshair_us != G_MININT64 ? self->crosshair_us : from + (to - from) / 2;
  switch (key)
    {
    case GDK_KEY_Left:
    case GDK_KEY_KP_Left:
      move_crosshair (self, -1, (state & GDK_CONTROL_MASK) != 0);
      return GDK_EVENT_STOP;
    case GDK_KEY_Right:
    case GDK_KEY_KP_Right:
      move_crosshair (self, 1, (state & GDK_CONTROL_MASK) != 0);
      return GDK_EVENT_STOP;
    case GDK_KEY_Home:
    case GDK_KEY_End:
      {
        gint64 first, last;

        if (!rounds_plot_get_extent (self->plot, &first, &last))
          return GDK_EVENT_STOP;
        self->crosshair_us = key == GDK_KEY_Home ? first - 1 : last + 1;
        move_crosshair (self, key == GDK_KEY_Home ? 1 : -1, FALSE);
        return GDK_EVENT_STOP;
      }
    case GDK_KEY_plus:
    case GDK_KEY_equal:
    case GDK_KEY_KP_Add:
      rounds_plot_zoom (self->plot, 1 / 1.5, middle);
      break;
    case GDK_KEY_minus:
    case GDK_KEY_KP_Subtract:
      rounds_plot_zoom (self->plot, 1.5, middle);
      break;
    case GDK_KEY_0:
    case GDK_KEY_KP_0:
      rounds_vitals_plot_show_last (self, 0);
      return GDK_EVENT_STOP;
    case GDK_KEY_Escape:
      if (self->crosshair_us == G_MININT64 && self->select_from_us >= self->select_to_us)
        return GDK_EVENT_PROPAGATE;
      self->crosshair_us = G_MININT64;
      self->select_from_us = self->select_to_us = 0;
      break;
    default:
      return GDK_EVENT_PROPAGATE;
    }
  curves_changed (self);
  return GDK_EVENT_STOP;
}

/* --- type -------------------------------------------------------------------------------------------------------- */

static void
rounds_vitals_plot_dispose (GObject *object)
{
  RoundsVitalsPlot *self = ROUNDS_VITALS_PLOT (object);

  g_clear_handle_id (&self->describe_id, g_source_remove);
  g_clear_object (&self->curves);
  g_clear_pointer (&self->plot, rounds_plot_free);
  G_OBJECT_CLASS (rounds_vitals_plot_parent_class)->dispose (object);
}

static void
rounds_vitals_plot_class_init (RoundsVitalsPlotClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rounds_vitals_plot_dispose;
  widget_class->snapshot = rounds_vitals_plot_snapshot;
  widget_class->measure = rounds_vitals_plot_measure;
  signals[SIGNAL_WINDOW_CHANGED] = g_signal_new ("window-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                                 NULL, NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_css_name (widget_class, "vitalsplot");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
rounds_vitals_plot_init (RoundsVitalsPlot *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  GtkEventController *motion = gtk_event_controller_motion_new ();
  GtkEventController *scroll = gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_BOTH_AXES);
  GtkEventController *keys = gtk_event_controller_key_new ();
  GtkGesture *drag = gtk_gesture_drag_new ();
  GtkGesture *click = gtk_gesture_click_new ();
  AdwStyleManager *style = adw_style_manager_get_default ();

  self->text_scale = 1;
  self->crosshair_us = G_MININT64;
  gtk_widget_set_focusable (widget, TRUE);
  rounds_accessible_name (widget, _("Plot of vital signs"));
  g_signal_connect_swapped (motion, "motion", G_CALLBACK (pointer_moved_cb), self);
  g_signal_connect_swapped (motion, "enter", G_CALLBACK (pointer_moved_cb), self);
  g_signal_connect_swapped (motion, "leave", G_CALLBACK (pointer_left_cb), self);
  g_signal_connect_swapped (scroll, "scroll", G_CALLBACK (scrolled_cb), self);
  g_signal_connect_swapped (keys, "key-pressed", G_CALLBACK (key_pressed_cb), self);
  g_signal_connect_swapped (drag, "drag-begin", G_CALLBACK (drag_begun_cb), self);
  g_signal_connect_swapped (drag, "drag-update", G_CALLBACK (drag_moved_cb), self);
  g_signal_connect_swapped (click, "pressed", G_CALLBACK (pressed_cb), self);
  gtk_widget_add_controller (widget, motion);
  gtk_widget_add_controller (widget, scroll);
  gtk_widget_add_controller (widget, keys);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (drag));
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (click));
  g_signal_connect_object (style, "notify::dark", G_CALLBACK (curves_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (style, "notify::high-contrast", G_CALLBACK (curves_changed), self, G_CONNECT_SWAPPED);
}

GtkWidget *
rounds_vitals_plot_new (void)
{
  return g_object_new (ROUNDS_TYPE_VITALS_PLOT, NULL);
}

void
rounds_vitals_plot_set_plot (RoundsVitalsPlot *self, RoundsPlot *plot)
{
  g_clear_pointer (&self->plot, rounds_plot_free);
  self->plot = plot;
  self->crosshair_us = G_MININT64;
  self->select_from_us = self->select_to_us = 0;
  gtk_widget_queue_resize (GTK_WIDGET (self));
  curves_changed (self);
}

RoundsPlot *
rounds_vitals_plot_get_plot (RoundsVitalsPlot *self)
{
  return self->plot;
}

void
rounds_vitals_plot_show_last (RoundsVitalsPlot *self, gint64 span_us)
{
  gint64 from, to;

  if (self->plot == NULL || !rounds_plot_get_extent (self->plot, &from, &to))
    return;
  if (span_us > 0)
    {
      to = (rounds_plot_next_time (self->plot, G_MAXINT64 - 1, -1) + span_us / 60);
      from = to - span_us - span_us / 60;
    }
  rounds_plot_set_window (self->plot, from, to);
  curves_changed (self);
}

gboolean
rounds_vitals_plot_get_selection (RoundsVitalsPlot *self, gint64 *from_us, gint64 *to_us)
{
  *from_us = self->select_from_us;
  *to_us = self->select_to_us;
  return self->plot != NULL && self->select_from_us < self->select_to_us;
}
