/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Order of a stack, whose scan it is, where pixels lie on the screen, and pictures without a screen. */
#include "fixture.h"

#include <png.h>

#include "scans/render.h"
#include "scans/scan-mismatch.h"
#include "scans/study-list.h"
#include "scans/view-transform.h"

static RoundsScanInstance *
instance (const char *series, int number, double z, gboolean geometry)
{
  RoundsScanInstance *at = rounds_scan_instance_new ();

  at->sop_uid = g_strdup_printf ("%s.%d", series, number);
  at->series_uid = g_strdup (series);
  at->study_uid = g_strdup ("1.9");
  at->modality = g_strdup ("CT");
  at->study_date = g_strdup ("20260301");
  at->rows = at->columns = 8;
  at->frames = 1;
  at->instance_number = number;
  at->has_geometry = geometry;
  at->orientation[0] = at->orientation[4] = 1;
  at->position_mm[2] = z;
  return at;
}

static GPtrArray *
instances_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_scan_instance_free);
}

static void
test_order (void)
{
  /* Numbers and names lie: the third came out of turn. Direction follows the numbers (head first). */
  static const struct { int number; double z; } made[] = { { 4, 10 }, { 1, 40 }, { 3, 30 }, { 2, 20 } };
  static const double wanted[] = { 40, 30, 20, 10 };
  GPtrArray *list = instances_new ();
  g_autoptr (RoundsScanSeries) series = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (made); i++)
    g_ptr_array_add (list, instance ("1.2", made[i].number, made[i].z, TRUE));
  series = rounds_scan_series_new_take (list);
  g_assert_true (rounds_scan_series_has_geometry (series));
  for (guint i = 0; i < 4; i++)
    g_assert_cmpfloat (rounds_scan_series_get_slice (series, i)->instance->position_mm[2], ==, wanted[i]);
  g_assert_cmpfloat_with_epsilon (rounds_scan_series_get_step_mm (series), 10, 1e-9);
}

static void
test_order_without_geometry (void)
{
  GPtrArray *list = instances_new ();
  g_autoptr (RoundsScanSeries) series = NULL;
  RoundsScanInstance *tilted = instance ("1.2", 3, 5, TRUE), *multi = instance ("1.2", 1, 0, TRUE);

  tilted->orientation[4] = 0.8;   /* mixed orientation: no stack by geometry */
  tilted->orientation[5] = 0.6;
  multi->frames = 3;
  g_ptr_array_add (list, tilted);
  g_ptr_array_add (list, instance ("1.2", 2, 50, TRUE));
  g_ptr_array_add (list, multi);
  {
    RoundsScanInstance *report = instance ("1.2", 0, 0, FALSE);
    report->rows = 0;   /* holds no image */
    g_ptr_array_add (list, report);
  }
  series = rounds_scan_series_new_take (list);
  g_assert_false (rounds_scan_series_has_geometry (series));
  g_assert_cmpuint (rounds_scan_series_get_n_slices (series), ==, 5);
  g_assert_cmpint (rounds_scan_series_get_slice (series, 2)->frame, ==, 2);
  g_assert_cmpint (rounds_scan_series_get_slice (series, 3)->instance->instance_number, ==, 2);
  g_assert_cmpint (rounds_scan_series_get_slice (series, 4)->instance->instance_number, ==, 3);
}

static void
test_studies (void)
{
  GPtrArray *list = instances_new ();
  g_autoptr (GPtrArray) studies = NULL;
  RoundsScanInstance *old = instance ("1.5", 1, 0, FALSE), *derived = instance ("1.3", 1, 0, TRUE);
  RoundsScanStudy *study;

  g_free (old->study_uid);
  old->study_uid = g_strdup ("1.8");
  g_free (old->study_date);
  old->study_date = g_strdup ("20240211");
  derived->derived_here = TRUE;
  derived->series_number = 1;
  g_ptr_array_add (list, old);
  g_ptr_array_add (list, derived);
  g_ptr_array_add (list, instance ("1.2", 1, 0, TRUE));
  ((RoundsScanInstance *) g_ptr_array_index (list, 2))->series_number = 7;
  studies = rounds_study_list_from_instances (list);
  g_assert_cmpuint (studies->len, ==, 2);
  study = g_ptr_array_index (studies, 0);   /* newest first */
  g_assert_cmpstr (study->date, ==, "20260301");
  g_assert_cmpuint (study->series->len, ==, 2);
  /* What came from the scanner stands before what was made here. */
  g_assert_cmpstr (rounds_scan_series_get_uid (g_ptr_array_index (study->series, 0)), ==, "1.2");
  g_assert_cmpstr (study->modalities, ==, "CT");
}

static void
test_mismatch (void)
{
  static const char chart[] =
    "{\"resourceType\":\"Patient\",\"identifier\":[{\"value\":\"4471-0093\"},{\"value\":\" 77 \"}],"
    "\"name\":[{\"family\":\"Hickle-Öst\",\"given\":[\"Alfonzo\",\"José\"]},{\"text\":\"山田 太郎\"}],"
    "\"birthDate\":\"1965-03-14\",\"gender\":\"male\"}";
  static const struct { const char *id, *name, *birth; RoundsMismatch wanted; } cases[] = {
    { "4471-0093", "HICKLE-ÖST^ALFONZO", "19650314", 0 },
    { "77", "hickle ost^Jose^Alfonzo", "1965.03.14", 0 },
    { "4471-0093", "Yamada^Tarou=山田^太郎=やまだ^たろう", "19650314", 0 },
    { "4471-0093", "Hickle-Ost", NULL, 0 },
    { "4471-0093", NULL, NULL, 0 },
    { "4471-0094", "Hickle-Ost^Alfonzo", "19650314", ROUNDS_MISMATCH_ID },
    { "4471-0093", "Hickle-Ost^Maria", "19650314", ROUNDS_MISMATCH_NAME },
    { "4471-0093", "Hickle^Alfonzo", "19650314", ROUNDS_MISMATCH_NAME },
    { "4471-0093", "Hickle-Ost^Alfonzo", "19650315", ROUNDS_MISMATCH_BIRTH_DATE },
    { "1", "A^B", "20000101", ROUNDS_MISMATCH_ID | ROUNDS_MISMATCH_NAME | ROUNDS_MISMATCH_BIRTH_DATE },
    { NULL, NULL, "19650314", ROUNDS_MISMATCH_UNNAMED },
    { "", "^^^", NULL, ROUNDS_MISMATCH_UNNAMED },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsChartIdentity) identity = rounds_chart_identity_new (chart, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (identity->display_name, ==, "HICKLE-ÖST, Alfonzo José");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RoundsScanInstance) scan = rounds_scan_instance_new ();
      g_autofree char *text = NULL;

      scan->dicom_patient_id = g_strdup (cases[i].id);
      scan->dicom_patient_name = g_strdup (cases[i].name);
      scan->dicom_birth_date = g_strdup (cases[i].birth);
      g_test_message ("case %u", i);
      g_assert_cmpint (rounds_scan_mismatch (identity, scan), ==, cases[i].wanted);
      text = rounds_scan_mismatch_text (cases[i].wanted, identity, scan);
      g_assert_true ((text != NULL) == (cases[i].wanted != 0));
    }
  g_assert_null (rounds_chart_identity_new ("[]", NULL));
}

static void
test_transform (void)
{
  RoundsViewTransform t;
  double x, y, c, r;

  rounds_view_transform_init (&t);
  t.columns = 200;
  t.rows = 100;
  t.aspect = 2;   /* tall pixels: 200 × 200 on the screen */
  g_assert_cmpfloat_with_epsilon (rounds_view_transform_get_zoom (&t, 800, 400), 2, 1e-9);
  for (int turns = 0; turns < 4; turns++)
    for (int flips = 0; flips < 4; flips++)
      {
        t.turns = turns;
        t.flip_h = flips & 1;
        t.flip_v = flips & 2;
        t.zoom = 1.5;
        t.pan_x = 13;
        t.pan_y = -7;
        rounds_view_transform_to_screen (&t, 640, 480, 37.25, 91.5, &x, &y);
        rounds_view_transform_to_image (&t, 640, 480, x, y, &c, &r);
        g_assert_cmpfloat_with_epsilon (c, 37.25, 1e-9);
        g_assert_cmpfloat_with_epsilon (r, 91.5, 1e-9);
        /* What lies below the pointer stays there. */
        rounds_view_transform_zoom_at (&t, 640, 480, x, y, 1.7);
        rounds_view_transform_to_screen (&t, 640, 480, 37.25, 91.5, &c, &r);
        g_assert_cmpfloat_with_epsilon (c, x, 1e-6);
        g_assert_cmpfloat_with_epsilon (r, y, 1e-6);
      }
  /* A quarter turn right brings the upper left corner to the upper right. */
  rounds_view_transform_reset (&t);
  rounds_view_transform_rotate (&t, 1);
  rounds_view_transform_to_screen (&t, 400, 400, 0, 0, &x, &y);
  g_assert_cmpfloat_with_epsilon (x, 400, 1e-6);
  g_assert_cmpfloat_with_epsilon (y, 0, 1e-6);
}

static void
test_letters (void)
{
  static const double axial[6] = { 1, 0, 0, 0, 1, 0 }, oblique[6] = { 0.8, 0.6, 0, 0, 0, -1 };
  RoundsViewTransform t;
  char letters[4][4];

  rounds_view_transform_init (&t);
  rounds_view_transform_letters (&t, TRUE, axial, letters);
  g_assert_cmpstr (letters[0], ==, "R");
  g_assert_cmpstr (letters[1], ==, "L");
  g_assert_cmpstr (letters[2], ==, "A");
  g_assert_cmpstr (letters[3], ==, "P");
  rounds_view_transform_flip (&t, TRUE);
  rounds_view_transform_letters (&t, TRUE, axial, letters);
  g_assert_cmpstr (letters[0], ==, "L");   /* mirrored with the image */
  rounds_view_transform_reset (&t);
  rounds_view_transform_rotate (&t, 1);
  rounds_view_transform_letters (&t, TRUE, axial, letters);
  g_assert_cmpstr (letters[2], ==, "R");   /* the left edge went up */
  g_assert_cmpstr (letters[1], ==, "A");
  rounds_view_transform_reset (&t);
  rounds_view_transform_letters (&t, TRUE, oblique, letters);
  g_assert_cmpstr (letters[1], ==, "LP");
  g_assert_cmpstr (letters[3], ==, "F");
  rounds_view_transform_letters (&t, FALSE, axial, letters);
  g_assert_cmpstr (letters[0], ==, "");
}

/* Reads a PNG back with libpng's simple API. */
static guint8 *
decode (GBytes *png, int *columns, int *rows, gboolean *grey)
{
  png_image image = { .version = PNG_IMAGE_VERSION };
  gsize size;
  const void *data = g_bytes_get_data (png, &size);
  guint8 *out;

  g_assert_true (png_image_begin_read_from_memory (&image, data, size));
  *grey = (image.format & PNG_FORMAT_FLAG_COLOR) == 0;
  *columns = (int) image.width;
  *rows = (int) image.height;
  image.format = *grey ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  out = g_malloc (PNG_IMAGE_SIZE (image));
  g_assert_true (png_image_finish_read (&image, NULL, out, 0, NULL));
  return out;
}

static void
test_render (void)
{
  enum { ROWS = 60, COLUMNS = 90 };
  g_autofree gint16 *pixels = make_ct (ROWS, COLUMNS, 3);
  Spec spec = { .rows = ROWS, .columns = COLUMNS, .is_signed = TRUE, .pixels = pixels, .window_center = "40",
                .window_width = "400", .spacing = "2\\1" };
  g_autoptr (RoundsScanFrame) frame = load_spec (&spec);
  RoundsDisplay lung = { .function = ROUNDS_VOI_LINEAR, .center = -600, .width = 1500 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) png = rounds_render_png (frame, &lung, &error), own = NULL, thumbnail = NULL;
  g_autofree guint8 *got = NULL, *small = NULL;
  guint8 wanted[ROWS * COLUMNS];
  int columns, rows;
  gboolean grey;

  g_assert_no_error (error);
  got = decode (png, &columns, &rows, &grey);
  g_assert_true (grey);
  g_assert_cmpint (columns, ==, COLUMNS);
  g_assert_cmpint (rows, ==, ROWS);
  rounds_lut_render_grey8 (frame, &lung, wanted);
  g_assert_cmpmem (got, ROWS * COLUMNS, wanted, ROWS * COLUMNS);
  own = rounds_render_png (frame, NULL, &error);   /* the file's window */
  g_assert_false (g_bytes_equal (png, own));
  thumbnail = rounds_render_thumbnail (frame, NULL, 40, &error);
  small = decode (thumbnail, &columns, &rows, &grey);
  g_assert_cmpint (rows, ==, 40);   /* 60 rows of 2 mm: taller than wide */
  g_assert_cmpint (columns, ==, 30);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/scans/stack/order", test_order);
  g_test_add_func ("/scans/stack/order-without-geometry", test_order_without_geometry);
  g_test_add_func ("/scans/stack/studies", test_studies);
  g_test_add_func ("/scans/mismatch", test_mismatch);
  g_test_add_func ("/scans/view/transform", test_transform);
  g_test_add_func ("/scans/view/letters", test_letters);
  g_test_add_func ("/scans/render", test_render);
  return g_test_run ();
}
