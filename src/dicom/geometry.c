/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Puts slices in order by where they lie in the patient. Everything is computed from position and orientation alone;
 * what cannot be trusted (gaps, shear, mixed planes) is said and not mended, since a wrong millimetre looks right. */
#include "dicom/geometry.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

/* Directions closer than this count as one (about 0.3°), places closer than this as the same. */
#define SAME_DIRECTION 1.5e-5
#define SAME_PLACE_MM 0.001

typedef struct {
  guint index, group;
  double distance;
  int instance_number;
} Slice;

static void
cross (const double orientation[6], double out[3])
{
  const double *r = orientation, *c = orientation + 3;

  out[0] = r[1] * c[2] - r[2] * c[1];
  out[1] = r[2] * c[0] - r[0] * c[2];
  out[2] = r[0] * c[1] - r[1] * c[0];
}

static double
dot (const double a[3], const double b[3])
{
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static double
length (const double a[3])
{
  return sqrt (dot (a, a));
}

static gint
compare_slices (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const Slice *left = a, *right = b;

  if (left->group != right->group)
    return left->group < right->group ? -1 : 1;
  if (fabs (left->distance - right->distance) > 0)
    return left->distance < right->distance ? -1 : 1;
  if (left->instance_number != right->instance_number)
    return left->instance_number < right->instance_number ? -1 : 1;
  return left->index < right->index ? -1 : left->index > right->index;
}

/* Gives each slice the number of the first slice that has its orientation; returns how many there are. */
static guint
group_by_orientation (const RoundsSlicePlace *places, Slice *slices, guint n)
{
  g_autofree guint *firsts = g_new (guint, MAX (n, 1));
  guint n_groups = 0;

  for (guint i = 0; i < n; i++)
    {
      guint g;

      for (g = 0; g < n_groups; g++)
        {
          const double *a = places[firsts[g]].orientation, *b = places[i].orientation;
          if (dot (a, b) > (1 - SAME_DIRECTION) * length (a) * length (b) &&
              dot (a + 3, b + 3) > (1 - SAME_DIRECTION) * length (a + 3) * length (b + 3))
            break;
        }
      if (g == n_groups)
        firsts[n_groups++] = i;
      slices[i].group = g;
    }
  return n_groups;
}

static gint
compare_doubles (gconstpointer a, gconstpointer b)
{
  double left = *(const double *) a, right = *(const double *) b;
  return left < right ? -1 : left > right;
}

/* Distances, direction and tilt of a stack of one orientation that is in order. */
static void
measure (RoundsStackGeometry *self, const RoundsSlicePlace *places, const Slice *slices)
{
  g_autofree double *gaps = g_new (double, MAX (self->n, 1));
  double along[3], distance;
  guint n_gaps = 0;

  for (guint i = 1; i < self->n; i++)
    {
      double gap = slices[i].distance - slices[i - 1].distance;
      if (gap < SAME_PLACE_MM)
        self->repeated_place = TRUE;
      else
        gaps[n_gaps++] = gap;
    }
  if (n_gaps == 0)
    return;
  qsort (gaps, n_gaps, sizeof *gaps, compare_doubles);
  self->spacing_mm = n_gaps % 2 == 1 ? gaps[n_gaps / 2] : (gaps[n_gaps / 2 - 1] + gaps[n_gaps / 2]) / 2;
  self->smallest_mm = gaps[0];
  self->largest_mm = gaps[n_gaps - 1];
  self->uniform = self->largest_mm - self->smallest_mm <= 0.01 + 0.01 * self->spacing_mm;
  for (guint i = 0; i < 3; i++)
    along[i] = places[slices[self->n - 1].index].position_mm[i] - places[slices[0].index].position_mm[i];
  distance = length (along);
  self->tilt_deg = distance > 0 ? acos (CLAMP (dot (along, self->normal) / distance, -1, 1)) * 180 / G_PI : 0;
  self->tilted = self->tilt_deg > 0.5;
}

RoundsStackGeometry *
rounds_stack_geometry_new (const RoundsSlicePlace *places, guint n)
{
  RoundsStackGeometry *self = g_new0 (RoundsStackGeometry, 1);
  g_autofree Slice *slices = g_new0 (Slice, MAX (n, 1));

  g_return_val_if_fail (places != NULL || n == 0, self);

  self->n = n;
  self->order = g_new0 (guint, MAX (n, 1));
  self->by_geometry = n > 0;
  for (guint i = 0; i < n; i++)
    {
      slices[i] = (Slice) { .index = i, .instance_number = places[i].instance_number };
      self->by_geometry = self->by_geometry && places[i].has_position;
    }
  if (self->by_geometry)
    {
      self->mixed_orientation = group_by_orientation (places, slices, n) > 1;
      for (guint i = 0; i < n; i++)
        {
          double normal[3];
          /* Each group along its own normal. */
          cross (places[i].orientation, normal);
          slices[i].distance = dot (normal, places[i].position_mm);
        }
      if (!self->mixed_orientation)
        {
          /* One normal for all, or rounding of the cosines would order them. */
          double size;

          cross (places[0].orientation, self->normal);
          size = MAX (length (self->normal), 1e-9);
          for (guint i = 0; i < 3; i++)
            self->normal[i] /= size;
          for (guint i = 0; i < n; i++)
            slices[i].distance = dot (self->normal, places[i].position_mm);
        }
    }
  g_sort_array (slices, n, sizeof *slices, compare_slices, NULL);
  for (guint i = 0; i < n; i++)
    self->order[i] = slices[i].index;
  if (self->by_geometry && !self->mixed_orientation)
    measure (self, places, slices);
  return self;
}

void
rounds_stack_geometry_free (RoundsStackGeometry *self)
{
  if (self == NULL)
    return;
  g_free (self->order);
  g_free (self);
}

char **
rounds_stack_geometry_dup_warnings (const RoundsStackGeometry *self)
{
  g_autoptr (GStrvBuilder) out = g_strv_builder_new ();

  g_return_val_if_fail (self != NULL, NULL);

  if (self->n > 0 && !self->by_geometry)
    g_strv_builder_add (out, _("Some slices do not say where they lie: the order is that of their numbers."));
  if (self->mixed_orientation)
    g_strv_builder_add (out, _("The slices lie in planes that are not parallel."));
  if (self->repeated_place)
    g_strv_builder_add (out, _("Several slices lie at the same place."));
  if (self->spacing_mm > 0 && !self->uniform)
    g_strv_builder_take (out, g_strdup_printf (_("The distance between slices is uneven: %.2f to %.2f mm."),
                                               self->smallest_mm, self->largest_mm));
  if (self->tilted)
    g_strv_builder_take (out, g_strdup_printf (_("The stack is tilted by %.1f° against its slices."), self->tilt_deg));
  return g_strv_builder_end (out);
}

gboolean
rounds_stack_geometry_can_reformat (const RoundsStackGeometry *self, char **reason)
{
  const char *why = NULL;

  g_return_val_if_fail (self != NULL, FALSE);

  if (self->n < 3)
    why = _("There are too few slices to cut them in other planes.");
  else if (!self->by_geometry)
    why = _("Some slices do not say where they lie.");
  else if (self->mixed_orientation)
    why = _("The slices lie in planes that are not parallel.");
  else if (self->spacing_mm <= 0)
    why = _("All slices lie at the same place.");
  if (why != NULL && reason != NULL)
    *reason = g_strdup (why);
  return why == NULL;
}
