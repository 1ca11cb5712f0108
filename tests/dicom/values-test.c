/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Elements: character sets against pydicom, numbers in every encoding, what odd files say, UIDs. */
#include "builder.h"

#include "dicom/dicomdir.h"
#include "dicom/uids.h"
#include "dicom/writer.h"

static RoundsDicomFile *
open_shared (const char *name)
{
  g_autofree char *path = shared_path (name);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  RoundsDicomFile *file;

  if (path == NULL)
    return NULL;
  bytes = read_bytes (path);
  file = rounds_dicom_file_new (bytes, &error);
  g_assert_no_error (error);
  return file;
}

static gboolean
has_warning (RoundsDicomFile *file, const char *part)
{
  for (const char *const *w = rounds_dicom_file_get_warnings (file); *w != NULL; w++)
    if (strstr (*w, part) != NULL)
      return TRUE;
  return FALSE;
}

static void
test_charsets (void)
{
  g_autofree char *table = g_test_build_filename (G_TEST_DIST, "data", "dicom", "charsets.tsv", NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  guint n = 0;

  g_assert_true (g_file_get_contents (table, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_auto (GStrv) cells = NULL;
      g_autoptr (RoundsDicomFile) file = NULL;
      g_autofree char *found = NULL;
      guint32 tag;

      if (lines[i][0] == '#' || lines[i][0] == '\0')
        continue;
      cells = g_strsplit (lines[i], "\t", -1);
      file = open_shared (cells[0]);
      if (file == NULL)
        return;
      tag = (guint32) g_ascii_strtoull (cells[2], NULL, 16);
      if (strcmp (cells[1], "-") == 0)
        found = rounds_dicom_file_dup_string (file, tag);
      else
        found = rounds_dicom_file_dup_item_string (file, (guint32) g_ascii_strtoull (cells[1], NULL, 16), 0, tag);
      /* pydicom leaves out empty component groups at the end. */
      if (found != NULL && g_str_has_suffix (found, "="))
        found[strlen (found) - 1] = '\0';
      if (g_strcmp0 (found, cells[3]) != 0)
        g_error ("%s %s: %s instead of %s", cells[0], cells[2], found, cells[3]);
      g_assert_false (has_warning (file, "character set"));
      n++;
    }
  g_assert_cmpuint (n, >, 20);
}

static void
test_bad_charset (void)
{
  static const struct { const char *charset, *bytes, *shown; gboolean warned; } cases[] = {
    { "ISO_IR 100", "M\xFCller", "Müller", FALSE },
    { "ISO_IR 192", "M\xFCller", "M\357\277\275ller", TRUE },   /* UTF-8 promised, Latin-1 kept */
    { "ISO_IR 999", "M\xFCller", "M\357\277\275ller", TRUE },
    { NULL, "M\xC3\xBCller", "Müller", TRUE },                  /* UTF-8 not promised */
    { NULL, "M\xFCller", "M\357\277\275ller", TRUE },
    { NULL, "Miller", "Miller", FALSE },
    { "ISO_IR 192", "A\033[2JB\001C", "A\033[2JB\001C", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      GByteArray *out = begin_file (ROUNDS_UID_EXPLICIT_LITTLE);
      g_autoptr (GError) error = NULL;
      g_autoptr (RoundsDicomFile) file = NULL;
      g_autofree char *shown = NULL;

      if (cases[i].charset != NULL)
        put_text (out, 0x00080005, "CS", cases[i].charset);
      put_text (out, 0x00100010, "PN", cases[i].bytes);
      file = open_array (out, &error);
      g_assert_no_error (error);
      shown = rounds_dicom_file_dup_string (file, 0x00100010);
      g_assert_true (g_utf8_validate (shown, -1, NULL));
      /* Control characters never reach the screen or a terminal. */
      for (const char *p = shown; *p != '\0'; p++)
        g_assert_true ((guchar) *p >= 0x20);
      if (i + 1 < G_N_ELEMENTS (cases))
        g_assert_cmpstr (shown, ==, cases[i].shown);
      g_assert_cmpint (has_warning (file, "(0010,0010)"), ==, cases[i].warned);
    }
}

/* The same object in four encodings gives the same answers. */
static void
test_encodings (void)
{
  static const char *const names[] = { "MR_small.dcm", "MR_small_implicit.dcm", "MR_small_bigendian.dcm",
                                       "MR_small_padded.dcm" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *name = g_build_filename ("dicom-codecs-pydicom", names[i], NULL);
      g_autoptr (RoundsDicomFile) file = open_shared (name);
      g_autofree char *patient = NULL, *type = NULL, *rows = NULL;
      g_autoptr (GError) error = NULL;
      RoundsDicomImage image;
      double value;
      gint64 whole;

      if (file == NULL)
        return;
      patient = rounds_dicom_file_dup_string (file, 0x00100020);
      g_assert_cmpstr (patient, ==, "4MR1");
      type = rounds_dicom_file_dup_string (file, 0x00080008);
      g_assert_cmpstr (type, ==, "DERIVED\\SECONDARY\\OTHER");
      rows = rounds_dicom_file_dup_string (file, 0x00280010);
      g_assert_cmpstr (rows, ==, "64");
      g_assert_true (rounds_dicom_file_get_int (file, 0x00280010, 0, &whole));
      g_assert_cmpint (whole, ==, 64);
      g_assert_false (rounds_dicom_file_get_int (file, 0x00280010, 1, &whole));
      g_assert_true (rounds_dicom_file_get_double (file, 0x00280030, 1, &value));
      g_assert_cmpfloat (value, ==, 0.3125);
      g_assert_false (rounds_dicom_file_get_double (file, 0x00080008, 0, &value));
      g_assert_true (rounds_dicom_file_get_image (file, 0, &image, &error));
      g_assert_cmpint (image.columns, ==, 64);
      g_assert_cmpstr (image.spacing_kind, ==, "patient");
      g_assert_true (image.has_position);
      g_assert_cmpint (image.n_windows, ==, 1);
      g_assert_false (rounds_dicom_file_get_image (file, 1, &image, &error));
      g_assert_error (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_NO_PIXELS);
    }
}

static void
test_units (void)
{
  g_autoptr (RoundsDicomFile) file = open_shared ("dicom-codecs-pydicom/CT_small.dcm");
  g_autoptr (GError) error = NULL;
  RoundsDicomImage image;

  if (file == NULL)
    return;
  g_assert_true (rounds_dicom_file_get_image (file, 0, &image, &error));
  g_assert_cmpfloat (image.slope, ==, 1);
  g_assert_cmpfloat (image.intercept, ==, -1024);
  g_assert_cmpstr (image.rescale_type, ==, "HU");
  g_assert_true (image.has_padding);
  g_assert_cmpfloat (image.padding_low, ==, -2000);
  g_assert_false (image.lossy);
  g_assert_cmpstr (image.voi_function, ==, "LINEAR");
}

static void
put_group (GByteArray *out, guint32 macro, guint32 tag, const char *vr, const char *text)
{
  put_header (out, macro, "SQ", 0xFFFFFFFF);
  put_item (out, 0xE000, 0xFFFFFFFF);
  put_text (out, tag, vr, text);
  if (tag == 0x00281052)
    put_text (out, 0x00281053, "DS", "2");
  put_item (out, 0xE00D, 0);
  put_item (out, 0xE0DD, 0);
}

/* What is given for a frame wins over what is given for all, and that over the root. */
static void
test_functional_groups (void)
{
  static const guint8 pixels[8] = { 0 };
  static const Shape shape = { 2, 2, 1, 8, 8, 7, 0, 0, "MONOCHROME2", "2" };
  GByteArray *out = begin_file (ROUNDS_UID_EXPLICIT_LITTLE);
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsDicomFile) file = NULL;
  RoundsDicomImage image;

  put_shape (out, &shape);
  put_text (out, 0x00281052, "DS", "7");
  put_header (out, 0x52009229, "SQ", 0xFFFFFFFF);
  put_item (out, 0xE000, 0xFFFFFFFF);
  put_group (out, 0x00209116, 0x00200037, "DS", "1\\0\\0\\0\\1\\0");
  put_group (out, 0x00289110, 0x00280030, "DS", "0.5\\0.25");
  put_item (out, 0xE00D, 0);
  put_item (out, 0xE0DD, 0);
  put_header (out, 0x52009230, "SQ", 0xFFFFFFFF);
  for (guint i = 0; i < 2; i++)
    {
      put_item (out, 0xE000, 0xFFFFFFFF);
      put_group (out, 0x00209113, 0x00200032, "DS", i == 0 ? "1\\2\\3" : "1\\2\\8.5");
      if (i == 1)
        put_group (out, 0x00289145, 0x00281052, "DS", "-30");
      put_item (out, 0xE00D, 0);
    }
  put_item (out, 0xE0DD, 0);
  put_bytes (out, 0x7FE00010, "OB", pixels, sizeof pixels);
  file = open_array (out, &error);
  g_assert_no_error (error);
  g_assert_true (rounds_dicom_file_get_image (file, 0, &image, &error));
  g_assert_true (image.has_position);
  g_assert_cmpfloat (image.position_mm[2], ==, 3);
  g_assert_cmpfloat (image.intercept, ==, 7);
  g_assert_cmpfloat (image.spacing_mm[0], ==, 0.5);
  g_assert_true (rounds_dicom_file_get_image (file, 1, &image, &error));
  g_assert_cmpfloat (image.position_mm[2], ==, 8.5);
  g_assert_cmpfloat (image.intercept, ==, -30);
  g_assert_cmpfloat (image.slope, ==, 2);
}

static void
check_scale (const char *pixel, const char *imager, const char *factor, gboolean region, const char *kind, double down,
             double across)
{
  static const guint8 pixels[4] = { 0 };
  static const Shape shape = { 2, 2, 1, 8, 8, 7, 0, 0, "MONOCHROME2", NULL };
  GByteArray *out = begin_file (ROUNDS_UID_EXPLICIT_LITTLE);
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsDicomFile) file = NULL;
  RoundsDicomImage image;

  if (factor != NULL)
    put_text (out, 0x00181114, "DS", factor);
  if (imager != NULL)
    put_text (out, 0x00181164, "DS", imager);
  if (region)
    {
      static const double delta_x = -0.02, delta_y = 0.03;
      static const guint32 corners[] = { 0x00186018, 0x0018601A, 0x0018601C, 0x0018601E };

      put_header (out, 0x00186011, "SQ", 0xFFFFFFFF);
      put_item (out, 0xE000, 0xFFFFFFFF);
      for (guint i = 0; i < 4; i++)
        {
          put_header (out, corners[i], "UL", 4);
          put32 (out, i / 2);
        }
      put_word (out, 0x00186024, 3);
      put_word (out, 0x00186026, 3);
      put_bytes (out, 0x0018602C, "FD", &delta_x, 8);
      put_bytes (out, 0x0018602E, "FD", &delta_y, 8);
      put_item (out, 0xE00D, 0);
      put_item (out, 0xE0DD, 0);
    }
  put_shape (out, &shape);
  if (pixel != NULL)
    put_text (out, 0x00280030, "DS", pixel);
  put_bytes (out, 0x7FE00010, "OB", pixels, sizeof pixels);
  file = open_array (out, &error);
  g_assert_no_error (error);
  g_assert_true (rounds_dicom_file_get_image (file, 0, &image, &error));
  g_assert_cmpstr (image.spacing_kind, ==, kind);
  g_assert_cmpfloat_with_epsilon (image.spacing_mm[0], down, 1e-9);
  g_assert_cmpfloat_with_epsilon (image.spacing_mm[1], across, 1e-9);
}

static void
test_scale (void)
{
  check_scale ("0.5\\0.4", NULL, NULL, FALSE, "patient", 0.5, 0.4);
  check_scale (NULL, "0.2\\0.1", NULL, FALSE, "detector", 0.2, 0.1);
  check_scale (NULL, "0.2\\0.1", "2", FALSE, "calibrated", 0.1, 0.05);
  check_scale ("0.5\\0.4", NULL, NULL, TRUE, "us-region", 0.3, 0.2);
  check_scale (NULL, NULL, NULL, FALSE, "none", 0, 0);
  check_scale ("0\\-1", NULL, NULL, FALSE, "none", 0, 0);
  check_scale ("nan\\inf", NULL, NULL, FALSE, "none", 0, 0);
  check_scale ("0.5", NULL, NULL, FALSE, "none", 0, 0);
}

static void
test_odd_files (void)
{
  static const struct { const char *name, *type; guint n; } dirs[] = {
    { "DICOMDIR", "IMAGE", 31 }, { "DICOMDIR-reordered", "IMAGE", 31 }, { "DICOMDIR-implicit", "IMAGE", 31 },
    { "DICOMDIR-nooffset", "IMAGE", 31 }, { "DICOMDIR-empty.dcm", NULL, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (dirs); i++)
    {
      g_autofree char *name = g_build_filename ("dicom-codecs-pydicom", dirs[i].name, NULL);
      g_autoptr (RoundsDicomFile) file = open_shared (name);
      g_autoptr (GPtrArray) list = NULL;
      g_autoptr (GError) error = NULL;
      guint refused;

      if (file == NULL)
        return;
      list = rounds_dicomdir_list (file, &refused, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (refused, ==, 0);
      g_assert_cmpuint (list->len, ==, dirs[i].n);
      for (guint k = 0; k < list->len; k++)
        g_assert_cmpstr (((RoundsDicomdirEntry *) list->pdata[k])->record_type, ==, dirs[i].type);
    }
}

static void
test_looks_like (void)
{
  static const char json[] = "{\"resourceType\":\"Bundle\",\"type\":\"collection\"}";
  static const char csv[] = "time,parameter,value\n2026-01-01,HR,80\n";
  static const guint8 zeros[200] = { 0 };
  g_autoptr (GByteArray) dicom = begin_file (ROUNDS_UID_EXPLICIT_LITTLE);

  g_assert_false (rounds_dicom_looks_like ((const guint8 *) json, sizeof json));
  g_assert_false (rounds_dicom_looks_like ((const guint8 *) csv, sizeof csv));
  g_assert_false (rounds_dicom_looks_like (zeros, sizeof zeros));
  g_assert_false (rounds_dicom_looks_like (NULL, 0));
  g_assert_true (rounds_dicom_looks_like (dicom->data, dicom->len));
  /* A data set without a file header. */
  g_assert_true (rounds_dicom_looks_like (dicom->data + 132, dicom->len - 132));
}

static void
test_uids (void)
{
  g_autofree char *one = rounds_dicom_new_uid (), *two = rounds_dicom_new_uid ();
  static const guint8 largest[16] = { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                      0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF };
  static const guint8 zero[16] = { 0 };
  g_autofree char *big = rounds_dicom_uid_from_bytes (largest), *small = rounds_dicom_uid_from_bytes (zero);

  g_assert_true (rounds_dicom_is_uid (one));
  g_assert_true (g_str_has_prefix (one, "2.25."));
  g_assert_cmpstr (one, !=, two);
  g_assert_cmpstr (big, ==, "2.25.340282366920938463463374607431768211455");
  g_assert_cmpstr (small, ==, "2.25.0");
  g_assert_false (rounds_dicom_is_uid (NULL));
  g_assert_false (rounds_dicom_is_uid (""));
  g_assert_false (rounds_dicom_is_uid ("1..2"));
  g_assert_false (rounds_dicom_is_uid ("1.02"));
  g_assert_false (rounds_dicom_is_uid ("1.2."));
  g_assert_false (rounds_dicom_is_uid ("1.2/../3"));
  g_assert_false (rounds_dicom_is_uid ("1.23456789012345678901234567890123456789012345678901234567890123456"));
  g_assert_true (rounds_dicom_is_uid ("1.2.840.10008.1.2"));
  g_assert_cmpstr (rounds_sop_class_name (ROUNDS_UID_CT_IMAGE), ==, "CT Image");
  g_assert_null (rounds_sop_class_name ("1.2.3"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dicom/values/charsets", test_charsets);
  g_test_add_func ("/dicom/values/bad-charset", test_bad_charset);
  g_test_add_func ("/dicom/values/encodings", test_encodings);
  g_test_add_func ("/dicom/values/units", test_units);
  g_test_add_func ("/dicom/values/functional-groups", test_functional_groups);
  g_test_add_func ("/dicom/values/scale", test_scale);
  g_test_add_func ("/dicom/values/odd-files", test_odd_files);
  g_test_add_func ("/dicom/values/looks-like", test_looks_like);
  g_test_add_func ("/dicom/values/uids", test_uids);
  return g_test_run ();
}
