/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One affine map for drawing, for the mouse and for the letters at the edges, so that the three cannot disagree:
 * a mirrored image with unmirrored letters is how a wrong side gets operated. */
#include "scans/view-transform.h"

#include <math.h>
#include <string.h>

void
rounds_view_transform_init (RoundsViewTransform *self)
{
  *self = (RoundsViewTransform) { .columns = 1, .rows = 1, .aspect = 1 };
}

void
rounds_view_transform_set_image (RoundsViewTransform *self, const RoundsDicomImage *image)
{
  double aspect = 1;

  if (image->spacing_mm[0] > 0 && image->spacing_mm[1] > 0)
    aspect = image->spacing_mm[0] / image->spacing_mm[1];
  else if (image->pixel_aspect[0] > 0 && image->pixel_aspect[1] > 0)
    aspect = image->pixel_aspect[0] / image->pixel_aspect[1];
  self->columns = MAX (image->columns, 1);
  self->rows = MAX (image->rows, 1);
  self->aspect = isfinite (aspect) ? CLAMP (aspect, 0.05, 20) : 1;
}

double
rounds_view_transform_get_zoom (const RoundsViewTransform *self, double width, double height)
{
  double wide = self->columns, tall = self->rows * self->aspect, zoom;

  if (self->zoom > 0)
    return self->zoom;
  zoom = self->turns % 2 == 0 ? MIN (width / wide, height / tall) : MIN (width / tall, height / wide);
  return MAX (zoom, 1e-3);
}

/* Columns of the linear part: where +column and +row go on the screen, before zoom. */
static void
axes (const RoundsViewTransform *self, double a[4])
{
  static const double turn[4][4] = { { 1, 0, 0, 1 }, { 0, 1, -1, 0 }, { -1, 0, 0, -1 }, { 0, -1, 1, 0 } };
  double h = self->flip_h ? -1 : 1, v = self->flip_v ? -1 : 1;

  memcpy (a, turn[((self->turns % 4) + 4) % 4], sizeof turn[0]);
  a[0] *= h;
  a[1] *= v;
  a[2] *= h;
  a[3] *= v;
}

void
rounds_view_transform_matrix (const RoundsViewTransform *self, double width, double height, double m[6])
{
  double zoom = rounds_view_transform_get_zoom (self, width, height), a[4];

  axes (self, a);
  m[0] = a[0] * zoom;
  m[1] = a[1] * zoom;
  m[2] = a[2] * zoom * self->aspect;
  m[3] = a[3] * zoom * self->aspect;
  m[4] = width / 2 + self->pan_x - (m[0] * self->columns + m[2] * self->rows) / 2;
  m[5] = height / 2 + self->pan_y - (m[1] * self->columns + m[3] * self->rows) / 2;
}

void
rounds_view_transform_to_screen (const RoundsViewTransform *self, double width, double height, double column,
                                 double row, double *x, double *y)
{
  double m[6];

  rounds_view_transform_matrix (self, width, height, m);
  *x = m[0] * column + m[2] * row + m[4];
  *y = m[1] * column + m[3] * row + m[5];
}

void
rounds_view_transform_to_image (const RoundsViewTransform *self, double width, double height, double x, double y,
                                double *column, double *row)
{
  double m[6], det;

  rounds_view_transform_matrix (self, width, height, m);
  det = m[0] * m[3] - m[1] * m[2];
  x -= m[4];
  y -= m[5];
  *column = (m[3] * x - m[2] * y) / det;
  *row = (m[0] * y - m[1] * x) / det;
}

void
rounds_view_transform_zoom_at (RoundsViewTransform *self, double width, double height, double x, double y,
                               double factor)
{
  double old = rounds_view_transform_get_zoom (self, width, height);
  double zoom = CLAMP (old * factor, 0.05, 64);
  double k = zoom / old;

  /* The point below the pointer stays: its distance from the middle grows by k. */
  self->pan_x = (x - width / 2) * (1 - k) + self->pan_x * k;
  self->pan_y = (y - height / 2) * (1 - k) + self->pan_y * k;
  self->zoom = zoom;
}

void
rounds_view_transform_rotate (RoundsViewTransform *self, int quarter_turns)
{
  /* A mirror turns the sense of rotation of what lies under it. */
  if (self->flip_h != self->flip_v)
    quarter_turns = -quarter_turns;
  self->turns = (((self->turns + quarter_turns) % 4) + 4) % 4;
}

void
rounds_view_transform_flip (RoundsViewTransform *self, gboolean horizontal)
{
  if (horizontal)
    self->flip_h = !self->flip_h;
  else
    self->flip_v = !self->flip_v;
}

void
rounds_view_transform_reset (RoundsViewTransform *self)
{
  self->zoom = self->pan_x = self->pan_y = 0;
  self->turns = 0;
  self->flip_h = self->flip_v = FALSE;
}

/* The patient's side a direction points to, strongest first (PS3.3 C.7.6.1.1.1). */
static void
name_direction (const double d[3], char out[4])
{
  static const char positive[] = "LPH", negative[] = "RAF";
  double left[3] = { d[0], d[1], d[2] };
  int n = 0;

  for (int k = 0; k < 3; k++)
    {
      int best = 0;

      for (int i = 1; i < 3; i++)
        if (fabs (left[i]) > fabs (left[best]))
          best = i;
      /* Under 0.25 (about 15°) a letter says more than is meant. */
      if (!(fabs (left[best]) > 0.25))
        break;
      out[n++] = left[best] > 0 ? positive[best] : negative[best];
      left[best] = 0;
    }
  out[n] = '\0';
}

void
rounds_view_transform_letters (const RoundsViewTransform *self, gboolean has_geometry, const double orientation[6],
                               char letters[4][4])
{
  double a[4];

  memset (letters, 0, 16);
  if (!has_geometry)
    return;
  axes (self, a);
  for (int edge = 0; edge < 4; edge++)
    {
      double sign = edge == 0 || edge == 2 ? -1 : 1;   /* left, right, top, bottom */
      double along_column = edge < 2 ? a[0] : a[1], along_row = edge < 2 ? a[2] : a[3];
      double d[3];

      for (int i = 0; i < 3; i++)
        d[i] = sign * (along_column * orientation[i] + along_row * orientation[3 + i]);
      name_direction (d, letters[edge]);
    }
}
