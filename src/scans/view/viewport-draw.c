/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Drawing of the viewport. Texts carry a dark shadow instead of a box: they stay readable over bone and over
 * air, and hide nothing. */
#include "scans/view/viewport-draw.h"

#include <math.h>

static const GdkRGBA shadow = { 0, 0, 0, 0.85f };
static const GdkRGBA yellow = { 0.973f, 0.769f, 0.235f, 1 };

void
rounds_draw_picture (GtkSnapshot *snapshot, GdkTexture *texture, const RoundsViewTransform *transform, double width,
                     double height)
{
  double zoom = rounds_view_transform_get_zoom (transform, width, height);
  GskScalingFilter filter = zoom >= 6 ? GSK_SCALING_FILTER_NEAREST
                            : zoom < 0.75 ? GSK_SCALING_FILTER_TRILINEAR : GSK_SCALING_FILTER_LINEAR;

  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT ((float) (width / 2 + transform->pan_x),
                                                          (float) (height / 2 + transform->pan_y)));
  gtk_snapshot_scale (snapshot, transform->flip_h ? -1 : 1, transform->flip_v ? -1 : 1);
  gtk_snapshot_rotate (snapshot, (float) transform->turns * 90);
  gtk_snapshot_scale (snapshot, (float) zoom, (float) (zoom * transform->aspect));
  gtk_snapshot_append_scaled_texture (snapshot, texture, filter,
                                      &GRAPHENE_RECT_INIT (-(float) transform->columns / 2, -(float) transform->rows / 2,
                                                           (float) transform->columns, (float) transform->rows));
  gtk_snapshot_restore (snapshot);
}

void
rounds_draw_text (GtkWidget *widget, GtkSnapshot *snapshot, const char *text, const GdkRGBA *colour, double x, double y,
                  double halign, double valign, gboolean bold)
{
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (widget, text);
  int width, height;

  if (bold)
    {
      PangoAttrList *attributes = pango_attr_list_new ();
      pango_attr_list_insert (attributes, pango_attr_weight_new (PANGO_WEIGHT_BOLD));
      pango_layout_set_attributes (layout, attributes);
      pango_attr_list_unref (attributes);
    }
  pango_layout_set_alignment (layout, halign >= 1 ? PANGO_ALIGN_RIGHT : halign > 0 ? PANGO_ALIGN_CENTER : PANGO_ALIGN_LEFT);
  pango_layout_set_line_spacing (layout, 1.15f);
  pango_layout_get_pixel_size (layout, &width, &height);
  x = floor (x - halign * width);
  y = floor (y - valign * height);
  /* Dark on all sides: with a shadow on one, white words vanish on bone. */
  for (int pass = 0; pass < 5; pass++)
    {
      static const float dx[5] = { -1, 1, -1, 1, 0 }, dy[5] = { -1, -1, 1, 1, 0 };

      gtk_snapshot_save (snapshot);
      gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT ((float) x + dx[pass], (float) y + dy[pass]));
      gtk_snapshot_append_layout (snapshot, layout, pass < 4 ? &shadow : colour);
      gtk_snapshot_restore (snapshot);
    }
}

int
rounds_text_height (GtkWidget *widget, const char *text)
{
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (widget, text);
  int height;

  pango_layout_set_line_spacing (layout, 1.15f);
  pango_layout_get_pixel_size (layout, NULL, &height);
  return height;
}

double
rounds_draw_label (GtkWidget *widget, GtkSnapshot *snapshot, const char *title, const char *lines, double x, double y)
{
  static const GdkRGBA ink = { 0.1f, 0.1f, 0.1f, 1 }, white = { 1, 1, 1, 1 };
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (widget, title);
  PangoAttrList *attributes = pango_attr_list_new ();
  GskRoundedRect box;
  int width, height, lines_height = 0;

  pango_attr_list_insert (attributes, pango_attr_weight_new (PANGO_WEIGHT_HEAVY));
  pango_layout_set_attributes (layout, attributes);
  pango_attr_list_unref (attributes);
  pango_layout_get_pixel_size (layout, &width, &height);
  gsk_rounded_rect_init_from_rect (&box, &GRAPHENE_RECT_INIT ((float) (x - width - 16), (float) y, (float) width + 16,
                                                              (float) height + 4), 6);
  gtk_snapshot_push_rounded_clip (snapshot, &box);
  gtk_snapshot_append_color (snapshot, &yellow, &box.bounds);
  gtk_snapshot_pop (snapshot);
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT ((float) (x - width - 8), (float) y + 2));
  gtk_snapshot_append_layout (snapshot, layout, &ink);
  gtk_snapshot_restore (snapshot);
  y += height + 10;
  if (lines != NULL && *lines != '\0')
    {
      rounds_draw_text (widget, snapshot, lines, &white, x, y, 1, 0, FALSE);
      lines_height = rounds_text_height (widget, lines);
    }
  return y + lines_height + 4;
}

static void
stroke_twice (cairo_t *cr, double width)
{
  cairo_set_source_rgba (cr, 0, 0, 0, 0.7);
  cairo_set_line_width (cr, width + 2);
  cairo_stroke_preserve (cr);
  gdk_cairo_set_source_rgba (cr, &yellow);
  cairo_set_line_width (cr, width);
  cairo_stroke (cr);
}

void
rounds_draw_measurement (GtkWidget *widget, GtkSnapshot *snapshot, const RoundsMeasurement *m,
                         const RoundsViewTransform *transform, double width, double height, gboolean draft)
{
  g_autofree char *text = rounds_measurement_dup_text (m);
  double x[2], y[2], m6[6];
  cairo_t *cr;

  for (int i = 0; i < 2; i++)
    rounds_view_transform_to_screen (transform, width, height, m->x[i], m->y[i], &x[i], &y[i]);
  cr = gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT (0, 0, (float) width, (float) height));
  if (draft)
    cairo_set_dash (cr, (double[]) { 5, 3 }, 2, 0);
  switch (m->kind)
    {
    case ROUNDS_MEASURE_LENGTH:
      {
        double dx = x[1] - x[0], dy = y[1] - y[0], l = MAX (hypot (dx, dy), 1e-6);

        cairo_move_to (cr, x[0], y[0]);
        cairo_line_to (cr, x[1], y[1]);
        for (int i = 0; i < 2; i++)
          {
            cairo_move_to (cr, x[i] - dy / l * 5, y[i] + dx / l * 5);
            cairo_line_to (cr, x[i] + dy / l * 5, y[i] - dx / l * 5);
          }
        stroke_twice (cr, 1.5);
        break;
      }
    case ROUNDS_MEASURE_ELLIPSE:
      {
        double rx = fabs (m->x[1] - m->x[0]) / 2, ry = fabs (m->y[1] - m->y[0]) / 2;

        /* The path in image coordinates, the pen in screen pixels. */
        rounds_view_transform_matrix (transform, width, height, m6);
        for (int i = 0; i <= 72; i++)
          {
            double a = i * G_PI / 36, c = (m->x[0] + m->x[1]) / 2 + rx * cos (a), r = (m->y[0] + m->y[1]) / 2 + ry * sin (a);
            cairo_line_to (cr, m6[0] * c + m6[2] * r + m6[4], m6[1] * c + m6[3] * r + m6[5]);
          }
        cairo_close_path (cr);
        stroke_twice (cr, 1.5);
        break;
      }
    case ROUNDS_MEASURE_PROBE:
    default:
      cairo_move_to (cr, x[0] - 8, y[0]);
      cairo_line_to (cr, x[0] - 2, y[0]);
      cairo_move_to (cr, x[0] + 2, y[0]);
      cairo_line_to (cr, x[0] + 8, y[0]);
      cairo_move_to (cr, x[0], y[0] - 8);
      cairo_line_to (cr, x[0], y[0] - 2);
      cairo_move_to (cr, x[0], y[0] + 2);
      cairo_line_to (cr, x[0], y[0] + 8);
      stroke_twice (cr, 1.5);
      x[1] = x[0];
      y[1] = y[0];
      break;
    }
  cairo_destroy (cr);
  {
    double right = MAX (x[0], x[1]) + 10, middle = (y[0] + y[1]) / 2;
    g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (widget, text);
    int text_width;

    /* Beside the shape; where the right edge is near on its left; where neither has room, below it. */
    pango_layout_get_pixel_size (layout, &text_width, NULL);
    if (right + text_width > width - 30)
      right = MIN (x[0], x[1]) - 10 - text_width;
    if (right < 4)
      {
        right = CLAMP ((x[0] + x[1] - text_width) / 2, 4, MAX (4, width - 30 - text_width));
        rounds_draw_text (widget, snapshot, text, &yellow, right, MAX (y[0], y[1]) + 8, 0, 0, FALSE);
        return;
      }
    rounds_draw_text (widget, snapshot, text, &yellow, right, middle, 0, 0.5, FALSE);
  }
}
