/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Order, distances and honesty about stacks that are no volume; and a real chest CT. */
#include "builder.h"

#include <math.h>

#include "dicom/geometry.h"

static RoundsSlicePlace
axial (double z, int number)
{
  return (RoundsSlicePlace) { TRUE, { -100, -100, z }, { 1, 0, 0, 0, 1, 0 }, number };
}

static guint
count_warnings (const RoundsStackGeometry *geometry)
{
  g_auto (GStrv) warnings = rounds_stack_geometry_dup_warnings (geometry);
  return g_strv_length (warnings);
}

static void
test_order (void)
{
  /* Numbers go against the places: places win. */
  const RoundsSlicePlace slices[] = { axial (10, 1), axial (-5, 3), axial (2.5, 2), axial (-12.5, 4), axial (17.5, 0) };
  static const guint wanted[] = { 3, 1, 2, 0, 4 };
  g_autoptr (RoundsStackGeometry) geometry = rounds_stack_geometry_new (slices, 5);

  g_assert_true (geometry->by_geometry);
  g_assert_cmpmem (geometry->order, sizeof wanted, wanted, sizeof wanted);
  g_assert_cmpfloat_with_epsilon (geometry->spacing_mm, 7.5, 1e-9);
  g_assert_cmpfloat_with_epsilon (geometry->normal[2], 1, 1e-9);
  g_assert_true (geometry->uniform);
  g_assert_false (geometry->tilted);
  g_assert_true (rounds_stack_geometry_can_reformat (geometry, NULL));
  g_assert_cmpuint (count_warnings (geometry), ==, 0);
}

static void
test_uneven (void)
{
  const RoundsSlicePlace slices[] = { axial (0, 1), axial (5, 2), axial (10, 3), axial (20, 4) };
  g_autoptr (RoundsStackGeometry) geometry = rounds_stack_geometry_new (slices, 4);

  g_assert_false (geometry->uniform);
  g_assert_cmpfloat (geometry->spacing_mm, ==, 5);
  g_assert_cmpfloat (geometry->largest_mm, ==, 10);
  g_assert_cmpuint (count_warnings (geometry), ==, 1);
  g_assert_true (rounds_stack_geometry_can_reformat (geometry, NULL));
}

static void
test_repeated (void)
{
  const RoundsSlicePlace slices[] = { axial (5, 4), axial (0, 2), axial (5, 3), axial (0, 1) };
  static const guint wanted[] = { 3, 1, 2, 0 };
  g_autoptr (RoundsStackGeometry) geometry = rounds_stack_geometry_new (slices, 4);

  g_assert_cmpmem (geometry->order, sizeof wanted, wanted, sizeof wanted);
  g_assert_true (geometry->repeated_place);
  g_assert_cmpfloat (geometry->spacing_mm, ==, 5);
}

static void
test_mixed (void)
{
  RoundsSlicePlace slices[] = { axial (5, 1), axial (0, 2), axial (0, 3), axial (1, 4) };
  static const double coronal[6] = { 1, 0, 0, 0, 0, -1 };
  g_autofree char *reason = NULL;
  g_autoptr (RoundsStackGeometry) geometry = NULL;

  memcpy (slices[2].orientation, coronal, sizeof coronal);
  geometry = rounds_stack_geometry_new (slices, 4);
  g_assert_true (geometry->mixed_orientation);
  g_assert_false (rounds_stack_geometry_can_reformat (geometry, &reason));
  g_assert_nonnull (strstr (reason, "parallel"));
  /* Parallel ones stay together. */
  g_assert_cmpuint (geometry->order[3], ==, 2);
}

static void
test_without_place (void)
{
  RoundsSlicePlace slices[] = { axial (5, 3), axial (0, 1), axial (1, 2) };
  static const guint wanted[] = { 1, 2, 0 };
  g_autoptr (RoundsStackGeometry) geometry = NULL;
  g_autoptr (RoundsStackGeometry) empty = rounds_stack_geometry_new (NULL, 0);

  slices[1].has_position = FALSE;
  geometry = rounds_stack_geometry_new (slices, 3);
  g_assert_false (geometry->by_geometry);
  g_assert_cmpmem (geometry->order, sizeof wanted, wanted, sizeof wanted);
  g_assert_cmpfloat (geometry->spacing_mm, ==, 0);
  g_assert_false (rounds_stack_geometry_can_reformat (geometry, NULL));
  g_assert_cmpuint (empty->n, ==, 0);
  g_assert_cmpuint (count_warnings (empty), ==, 0);
}

/* Slices that lean by 20° and are stacked straight up. */
static void
test_tilt (void)
{
  RoundsSlicePlace slices[5];
  double angle = 20 * G_PI / 180;
  g_autoptr (RoundsStackGeometry) geometry = NULL;

  for (int i = 0; i < 5; i++)
    {
      slices[i] = axial (4.0 * i, i);
      slices[i].orientation[4] = cos (angle);
      slices[i].orientation[5] = sin (angle);
    }
  geometry = rounds_stack_geometry_new (slices, 5);
  g_assert_true (geometry->tilted);
  g_assert_cmpfloat_with_epsilon (geometry->tilt_deg, 20, 1e-6);
  g_assert_cmpfloat_with_epsilon (geometry->spacing_mm, 4 * cos (angle), 1e-9);
  g_assert_cmpuint (geometry->order[4], ==, 4);
}

static void
test_chest (void)
{
  g_autofree char *root = shared_path ("ct-chest-lidc0314");
  g_autoptr (GDir) dir = NULL;
  g_autoptr (GArray) places = g_array_new (FALSE, TRUE, sizeof (RoundsSlicePlace));
  g_autoptr (RoundsStackGeometry) geometry = NULL;
  const char *name;

  if (root == NULL)
    return;
  dir = g_dir_open (root, 0, NULL);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (root, name, NULL);
      g_autoptr (GBytes) bytes = read_bytes (path);
      g_autoptr (RoundsDicomFile) file = rounds_dicom_file_new (bytes, NULL);
      RoundsSlicePlace place = { 0 };
      RoundsDicomImage image;

      if (file == NULL || !rounds_dicom_file_get_image (file, 0, &image, NULL))
        continue;
      place.has_position = image.has_position;
      memcpy (place.position_mm, image.position_mm, sizeof place.position_mm);
      memcpy (place.orientation, image.orientation, sizeof place.orientation);
      g_array_append_val (places, place);
    }
  geometry = rounds_stack_geometry_new ((const RoundsSlicePlace *) (void *) places->data, places->len);
  g_assert_cmpuint (geometry->n, ==, 275);
  g_assert_true (geometry->by_geometry);
  g_assert_true (geometry->uniform);
  g_assert_cmpfloat_with_epsilon (geometry->spacing_mm, 1, 0.01);
  g_assert_cmpuint (count_warnings (geometry), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dicom/geometry/order", test_order);
  g_test_add_func ("/dicom/geometry/uneven", test_uneven);
  g_test_add_func ("/dicom/geometry/repeated", test_repeated);
  g_test_add_func ("/dicom/geometry/mixed", test_mixed);
  g_test_add_func ("/dicom/geometry/without-place", test_without_place);
  g_test_add_func ("/dicom/geometry/tilt", test_tilt);
  g_test_add_func ("/dicom/geometry/chest", test_chest);
  return g_test_run ();
}
