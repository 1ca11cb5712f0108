/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A small trend line, drawn with Cairo once per change. It has no axis on purpose: it says "rising" or
 * "as ever", and the number beside it says the rest. */

#include "kit/sparkline.h"

#include <math.h>

#define MAX_POINTS 512

struct _RoundsSparkline
{
  GtkWidget parent_instance;

  double *times;
  double *values;
  guint n;
};

G_DEFINE_FINAL_TYPE (RoundsSparkline, rounds_sparkline, GTK_TYPE_WIDGET)

static void
rounds_sparkline_finalize (GObject *object)
{
  RoundsSparkline *self = ROUNDS_SPARKLINE (object);

  g_free (self->times);
  g_free (self->values);
  G_OBJECT_CLASS (rounds_sparkline_parent_class)->finalize (object);
}

static void
rounds_sparkline_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                          int *minimum_baseline, int *natural_baseline)
{
  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    *minimum = *natural = 56;
  else
    *minimum = *natural = 18;
}

static void
range_of (const double *values, guint n, double *low, double *high)
{
  *low = INFINITY;
  *high = -INFINITY;
  for (guint i = 0; i < n; i++)
    if (isfinite (values[i]))
      {
        *low = MIN (*low, values[i]);
        *high = MAX (*high, values[i]);
      }
}

static void
rounds_sparkline_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  RoundsSparkline *self = ROUNDS_SPARKLINE (widget);
  const double width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget), pad = 3;
  double low, high, first, last;
  double x = 0, y = 0;
  gboolean pen_down = FALSE, any = FALSE;
  GdkRGBA color;

  if (self->n == 0 || width <= 2 * pad || height <= 2 * pad)
    return;
  range_of (self->values, self->n, &low, &high);
  range_of (self->times, self->n, &first, &last);
  if (!isfinite (low) || !isfinite (first))
    return;

  cairo_t *cr = gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT (0, 0, (float) width, (float) height));
  gtk_widget_get_color (widget, &color);
  gdk_cairo_set_source_rgba (cr, &color);
  cairo_set_line_width (cr, 1.5);
  cairo_set_line_join (cr, CAIRO_LINE_JOIN_ROUND);
  cairo_set_line_cap (cr, CAIRO_LINE_CAP_ROUND);
  for (guint i = 0; i < self->n; i++)
    {
      if (!isfinite (self->values[i]) || !isfinite (self->times[i]))
        {
          pen_down = FALSE;
          continue;
        }
      x = last > first ? pad + (self->times[i] - first) / (last - first) * (width - 2 * pad) : width - pad;
      y = high > low ? height - pad - (self->values[i] - low) / (high - low) * (height - 2 * pad) : height / 2;
      if (pen_down)
        cairo_line_to (cr, x, y);
      else
        cairo_move_to (cr, x, y);
      pen_down = any = TRUE;
    }
  cairo_stroke (cr);
  if (any)
    {
      cairo_arc (cr, x, y, 2, 0, 2 * G_PI);
      cairo_fill (cr);
    }
  cairo_destroy (cr);
}

static void
rounds_sparkline_class_init (RoundsSparklineClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = rounds_sparkline_finalize;
  widget_class->measure = rounds_sparkline_measure;
  widget_class->snapshot = rounds_sparkline_snapshot;
  gtk_widget_class_set_css_name (widget_class, "sparkline");
  /* The number stands beside it as text; read aloud, a line of points only disturbs. */
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
rounds_sparkline_init (RoundsSparkline *self)
{
  gtk_widget_set_valign (GTK_WIDGET (self), GTK_ALIGN_CENTER);
}

GtkWidget *
rounds_sparkline_new (void)
{
  return g_object_new (ROUNDS_TYPE_SPARKLINE, NULL);
}

void
rounds_sparkline_set_points (RoundsSparkline *self, const double *times, const double *values, guint n_values)
{
  guint skip = n_values > MAX_POINTS ? n_values - MAX_POINTS : 0;

  g_return_if_fail (ROUNDS_IS_SPARKLINE (self));
  g_return_if_fail (n_values == 0 || values != NULL);

  g_clear_pointer (&self->times, g_free);
  g_clear_pointer (&self->values, g_free);
  self->n = n_values - skip;
  if (self->n > 0)
    {
      self->times = g_new (double, self->n);
      self->values = g_new (double, self->n);
      for (guint i = 0; i < self->n; i++)
        {
          self->times[i] = times != NULL ? times[skip + i] : i;
          self->values[i] = values[skip + i];
        }
    }
  gtk_widget_queue_draw (GTK_WIDGET (self));
}
