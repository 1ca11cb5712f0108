/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Where one slice lies, as RoundsDicomImage gives it. */
typedef struct {
  gboolean has_position;
  double position_mm[3], orientation[6];
  int instance_number;          /* only to order what has no place, and slices at one place */
} RoundsSlicePlace;

/* A stack of slices in the order of space (PS3.3 C.7.6.2.1.1), never of file names. */
typedef struct {
  guint n;
  guint *order;                 /* order[i] = index of the slice at place i, along normal */
  gboolean by_geometry;         /* FALSE: some slice has no place; order is that of Instance Number */
  gboolean mixed_orientation;   /* slices that are not parallel: ordered in groups of one orientation */
  gboolean repeated_place;      /* slices at the same place (phases, echoes) */
  gboolean uniform;             /* distances differ by less than 1 % and 0.01 mm */
  gboolean tilted;              /* the stack does not go along the normal of its slices (gantry tilt) */
  double normal[3];             /* of the first slice in order; zero when unknown */
  double spacing_mm;            /* median distance of neighbours along the normal; 0 when unknown */
  double smallest_mm, largest_mm;
  double tilt_deg;              /* between the stack's direction and the normal */
} RoundsStackGeometry;

/* Never fails; n may be 0. Pure; any thread. */
RoundsStackGeometry *rounds_stack_geometry_new (const RoundsSlicePlace *slices, guint n);
void rounds_stack_geometry_free (RoundsStackGeometry *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsStackGeometry, rounds_stack_geometry_free)

/* Why this stack is no volume, or none that can be trusted to the millimetre: sentences for people, empty when all
 * is well. Free with g_strfreev(). */
char **rounds_stack_geometry_dup_warnings (const RoundsStackGeometry *self);
/* Whether it can be cut in other planes at all (at least 3 parallel slices at places of their own); reason
 * (nullable, transfer full) says why not. */
gboolean rounds_stack_geometry_can_reformat (const RoundsStackGeometry *self, char **reason);

G_END_DECLS
