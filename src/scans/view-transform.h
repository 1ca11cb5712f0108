/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dicom/file.h"

G_BEGIN_DECLS

/* Where image pixels lie in the viewport: zoom, pan, quarter turns, mirrors and pixels that are not square.
 * Pure arithmetic. */
typedef struct {
  int columns, rows;         /* of the image */
  double aspect;             /* height of a pixel over its width, 1 = square */
  double zoom;               /* screen pixels per image column; 0 = fit */
  double pan_x, pan_y;       /* screen pixels from the middle */
  int turns;                 /* quarter turns clockwise, 0 to 3 */
  gboolean flip_h, flip_v;   /* mirrors, as seen on the screen after turning */
} RoundsViewTransform;

void rounds_view_transform_init (RoundsViewTransform *self);
/* Takes size and pixel aspect of an image; the rest stays. */
void rounds_view_transform_set_image (RoundsViewTransform *self, const RoundsDicomImage *image);
/* The zoom in effect in a viewport of this size. */
double rounds_view_transform_get_zoom (const RoundsViewTransform *self, double width, double height);
/* m: x' = m[0]·x + m[2]·y + m[4], y' = m[1]·x + m[3]·y + m[5], from image to viewport. */
void rounds_view_transform_matrix (const RoundsViewTransform *self, double width, double height, double m[6]);
void rounds_view_transform_to_screen (const RoundsViewTransform *self, double width, double height, double column,
                                      double row, double *x, double *y);
void rounds_view_transform_to_image (const RoundsViewTransform *self, double width, double height, double x,
                                     double y, double *column, double *row);
/* Zooms by factor and keeps what is below (x, y) there. Held to 1/20 … 64. */
void rounds_view_transform_zoom_at (RoundsViewTransform *self, double width, double height, double x, double y,
                                    double factor);
void rounds_view_transform_rotate (RoundsViewTransform *self, int quarter_turns);
void rounds_view_transform_flip (RoundsViewTransform *self, gboolean horizontal);
void rounds_view_transform_reset (RoundsViewTransform *self);

/* Orientation letters at the left, right, top and bottom edge of the screen, at most 3 letters ("R", "AL", …);
 * empty without geometry. orientation: direction cosines of a row and of a column (PS3.3 C.7.6.2.1.1). */
void rounds_view_transform_letters (const RoundsViewTransform *self, gboolean has_geometry,
                                    const double orientation[6], char letters[4][4]);

G_END_DECLS
