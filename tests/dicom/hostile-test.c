/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that are cut, lie or explode: each gives an error or an image, none crashes, hangs or takes memory. */
#include "builder.h"

#include <gio/gio.h>

#include "dicom/dicomdir.h"
#include "dicom/uids.h"

/* Opens, asks everything and decodes the first frames. */
static void
exercise (GBytes *bytes)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsDicomFile) file = rounds_dicom_file_new (bytes, &error);
  RoundsDicomImage image;

  g_assert_true ((file == NULL) == (error != NULL));
  if (file == NULL)
    return;
  for (guint32 tag = 0x00100010; tag < 0x00100050; tag += 0x10)
    g_free (rounds_dicom_file_dup_string (file, tag));
  if (!rounds_dicom_file_get_image (file, 0, &image, &error))
    {
      g_assert_nonnull (error);
      return;
    }
  for (int i = 0; i < MIN (image.frames, 3); i++)
    {
      g_autoptr (GError) why = NULL;
      g_autoptr (RoundsFrame) frame = rounds_dicom_file_decode (file, i, &why);
      g_assert_true ((frame == NULL) == (why != NULL));
    }
}

static void
test_truncation (void)
{
  g_autofree char *root = shared_path ("dicom-codecs-pydicom");
  g_autoptr (GDir) dir = NULL;
  const char *name;
  guint n = 0;

  if (root == NULL)
    return;
  dir = g_dir_open (root, 0, NULL);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (root, name, NULL);
      g_autoptr (GBytes) bytes = read_bytes (path);
      gsize size = g_bytes_get_size (bytes), step = MAX (size / 40, 1);

      if (size > 16000 || size == 740)
        continue;
      for (gsize cut = 0; cut < size; cut += step)
        {
          /* A copy of exactly that length, so that a tool that watches memory sees every byte read beyond. */
          g_autoptr (GBytes) part = g_bytes_new (g_bytes_get_data (bytes, NULL), cut);
          exercise (part);
          n++;
        }
    }
  g_assert_cmpuint (n, >, 1000);
}

/* One byte after the other replaced, in headers and codestreams. */
static void
test_flipped_bytes (void)
{
  static const char *const names[] = {
    "MR_small_RLE.dcm", "MR_small_jpeg_ls_lossless.dcm", "MR_small_jp2klossless.dcm", "JPGExtended.dcm",
    "SC_rgb_jpeg_dcmtk.dcm", "liver_1frame.dcm", "rtdose_rle.dcm", "DICOMDIR", "SC_rgb_jls_lossy_sample.dcm",
  };
  g_autofree char *root = shared_path ("dicom-codecs-pydicom");
  g_autoptr (GRand) random = g_rand_new_with_seed (20);

  if (root == NULL)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (root, names[i], NULL);
      g_autoptr (GBytes) bytes = read_bytes (path);
      gsize size;
      const guint8 *data = g_bytes_get_data (bytes, &size);

      for (guint round = 0; round < 150; round++)
        {
          guint8 *copy = g_memdup2 (data, size);
          g_autoptr (GBytes) changed = NULL;

          for (guint k = 0; k < 1 + round % 4; k++)
            copy[(gsize) g_rand_int_range (random, 132, (gint) size)] = (guint8) g_rand_int (random);
          changed = g_bytes_new_take (copy, size);
          exercise (changed);
        }
    }
}

static void
expect (GByteArray *out, int frame, gint code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsDicomFile) file = open_array (out, &error);
  g_autoptr (RoundsFrame) decoded = NULL;

  if (file != NULL)
    decoded = rounds_dicom_file_decode (file, frame, &error);
  g_assert_null (decoded);
  g_assert_error (error, ROUNDS_DICOM_ERROR, code);
}

static void
test_claims (void)
{
  static const guint8 few[16] = { 0 };
  const Shape huge = { 65535, 65535, 3, 32, 32, 31, 0, 0, "RGB", "2147483647" };
  const Shape frames = { 2, 2, 1, 8, 8, 7, 0, 0, "MONOCHROME2", "2147483647" };
  const Shape below = { 2, 2, 1, 8, 8, 7, 0, 0, "MONOCHROME2", "-5" };
  const Shape beyond = { 2, 2, 1, 8, 8, 7, 0, 0, "MONOCHROME2", "99999999999" };
  const Shape wide = { 2, 2, 1, 128, 128, 127, 0, 0, "MONOCHROME2", NULL };
  const Shape none = { 0, 2, 1, 8, 8, 7, 0, 0, "MONOCHROME2", NULL };
  const struct { const Shape *shape; int frame; gint code; } cases[] = {
    { &huge, 0, ROUNDS_DICOM_ERROR_TRUNCATED },     { &huge, 2147483646, ROUNDS_DICOM_ERROR_TRUNCATED },
    { &frames, 2147483646, ROUNDS_DICOM_ERROR_TRUNCATED }, { &below, 0, ROUNDS_DICOM_ERROR_MALFORMED },
    { &beyond, 0, ROUNDS_DICOM_ERROR_MALFORMED },   { &wide, 0, ROUNDS_DICOM_ERROR_MALFORMED },
    { &none, 0, ROUNDS_DICOM_ERROR_MALFORMED },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      GByteArray *out = begin_file (ROUNDS_UID_EXPLICIT_LITTLE);
      put_shape (out, cases[i].shape);
      put_bytes (out, 0x7FE00010, "OB", few, sizeof few);
      expect (out, cases[i].frame, cases[i].code);
    }
}

/* The same claims where the pixels are compressed: nothing says how large they become. */
static void
test_compressed_claims (void)
{
  static const char *const syntaxes[] = { ROUNDS_UID_RLE, ROUNDS_UID_JPEG_BASELINE, ROUNDS_UID_JPEG_LS,
                                          ROUNDS_UID_JPEG_2000, ROUNDS_UID_DEFLATED_FRAMES,
                                          ROUNDS_UID_ENCAPSULATED_UNCOMPRESSED };
  const Shape huge = { 65535, 65535, 1, 16, 16, 15, 0, 0, "MONOCHROME2", "2147483647" };
  static const guint8 few[70] = { 2 };

  for (guint i = 0; i < G_N_ELEMENTS (syntaxes); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RoundsDicomFile) file = NULL;
      GByteArray *out = begin_file (syntaxes[i]);

      put_shape (out, &huge);
      put_header (out, 0x7FE00010, "OB", 0xFFFFFFFF);
      put_item (out, 0xE000, 0);
      put_item (out, 0xE000, sizeof few);
      g_byte_array_append (out, few, sizeof few);
      put_item (out, 0xE0DD, 0);
      file = open_array (out, &error);
      g_assert_no_error (error);
      g_assert_null (rounds_dicom_file_decode (file, 0, &error));
      g_assert_error (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_LIMIT);
      g_clear_error (&error);
      g_assert_null (rounds_dicom_file_decode (file, 7, &error));
      g_assert_nonnull (error);
      g_clear_error (&error);
      g_assert_false (rounds_dicom_file_check_pixels (file, &error));
    }
}

static void
test_nesting (void)
{
  static const guint depths[] = { 20, 10000, 300000 };

  for (guint k = 0; k < G_N_ELEMENTS (depths); k++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RoundsDicomFile) file = NULL;
      GByteArray *out = begin_file (ROUNDS_UID_EXPLICIT_LITTLE);

      for (guint i = 0; i < depths[k]; i++)
        {
          put_header (out, 0x00081140, "SQ", 0xFFFFFFFF);
          put_item (out, 0xE000, 0xFFFFFFFF);
        }
      for (guint i = 0; i < depths[k]; i++)
        {
          put_item (out, 0xE00D, 0);
          put_item (out, 0xE0DD, 0);
        }
      file = open_array (out, &error);
      if (depths[k] == 20)
        g_assert_no_error (error);
      else
        g_assert_error (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_LIMIT);
    }
}

static void
test_lengths (void)
{
  const Shape shape = { 2, 2, 1, 8, 8, 7, 0, 0, "MONOCHROME2", NULL };
  GByteArray *out;

  /* A fragment that is longer than the file. */
  out = begin_file (ROUNDS_UID_RLE);
  put_shape (out, &shape);
  put_header (out, 0x7FE00010, "OB", 0xFFFFFFFF);
  put_item (out, 0xE000, 0);
  put_item (out, 0xE000, 0xFFFFFFF0);
  put32 (out, 1);
  expect (out, 0, ROUNDS_DICOM_ERROR_TRUNCATED);
  /* An element that is. */
  out = begin_file (ROUNDS_UID_EXPLICIT_LITTLE);
  put_header (out, 0x00280010, "UN", 0xFFFFFFF0);
  expect (out, 0, ROUNDS_DICOM_ERROR_TRUNCATED);
  /* An item that is longer than its sequence, which is inside another. */
  out = begin_file (ROUNDS_UID_EXPLICIT_LITTLE);
  put_header (out, 0x00081140, "SQ", 28);
  put_item (out, 0xE000, 20);
  put_header (out, 0x00081140, "SQ", 8);
  put_item (out, 0xE000, 100);
  put_text (out, 0x00100010, "LT", "                                                                              "
                                   "                                                                              ");
  expect (out, 0, ROUNDS_DICOM_ERROR_MALFORMED);
  /* An element that has no length and is no sequence. */
  out = begin_file (ROUNDS_UID_EXPLICIT_LITTLE);
  put_header (out, 0x00100020, "OW", 0xFFFFFFFF);
  put_text (out, 0x00100010, "PN", "A");
  expect (out, 0, ROUNDS_DICOM_ERROR_MALFORMED);
  /* Items where none may be. */
  out = begin_file (ROUNDS_UID_EXPLICIT_LITTLE);
  put_item (out, 0xE000, 0);
  expect (out, 0, ROUNDS_DICOM_ERROR_MALFORMED);
}

/* A little deflate that becomes more elements than anybody may have. */
static void
test_deflate_bomb (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsDicomFile) file = NULL;
  g_autoptr (GZlibCompressor) compressor = g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_RAW, 9);
  g_autoptr (GBytes) zeros = NULL, small = NULL;
  g_autoptr (GByteArray) inner = g_byte_array_new ();
  GByteArray *out = begin_file (ROUNDS_UID_DEFLATED);
  /* begin_file() puts two elements of the data set behind the file header. */
  guint meta_end = out->len - (8 + 26) - (8 + 6);
  gsize size;
  const guint8 *data;

  /* Elements without value, eight bytes each. */
  for (guint i = 0; i < 6000000; i++)
    put_header (inner, 0x00081140 + (i & 0xFF), "LO", 0);
  g_byte_array_set_size (out, meta_end);
  zeros = g_bytes_new (inner->data, inner->len);
  small = g_converter_convert_bytes (G_CONVERTER (compressor), zeros, &error);
  g_assert_no_error (error);
  data = g_bytes_get_data (small, &size);
  g_byte_array_append (out, data, (guint) size);
  file = open_array (out, &error);
  g_assert_null (file);
  g_assert_error (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_LIMIT);
}

static void
test_preamble (void)
{
  GByteArray *out = begin_file (ROUNDS_UID_EXPLICIT_LITTLE);
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsDicomFile) file = NULL;
  gboolean told = FALSE;

  memcpy (out->data, "MZ\220", 3);
  file = open_array (out, &error);
  g_assert_no_error (error);
  for (const char *const *w = rounds_dicom_file_get_warnings (file); *w != NULL; w++)
    told = told || strstr (*w, "executable") != NULL;
  g_assert_true (told);
}

static void
test_bad_uid (void)
{
  GByteArray *out = begin_file (ROUNDS_UID_EXPLICIT_LITTLE);
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsDicomFile) file = NULL;
  gboolean told = FALSE;

  put_text (out, 0x0020000D, "UI", "../../etc/passwd");
  file = open_array (out, &error);
  g_assert_no_error (error);
  for (const char *const *w = rounds_dicom_file_get_warnings (file); *w != NULL; w++)
    told = told || strstr (*w, "(0020,000D)") != NULL;
  g_assert_true (told);
}

static void
test_dicomdir_paths (void)
{
  static const char *const ids[] = { "DIR\\IM0001", "..\\..\\ETC\\PASSWD", "\\ROOT", "A/B", ".HIDDEN", "IM2" };
  GByteArray *out = begin_file (ROUNDS_UID_EXPLICIT_LITTLE);
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsDicomFile) file = NULL;
  g_autoptr (GPtrArray) list = NULL;
  guint refused = 0;

  put_header (out, 0x00041220, "SQ", 0xFFFFFFFF);
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      put_item (out, 0xE000, 0xFFFFFFFF);
      put_text (out, 0x00041430, "CS", "IMAGE");
      put_text (out, 0x00041500, "CS", ids[i]);
      put_item (out, 0xE00D, 0);
    }
  put_item (out, 0xE0DD, 0);
  file = open_array (out, &error);
  g_assert_no_error (error);
  list = rounds_dicomdir_list (file, &refused, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (refused, ==, 4);
  g_assert_cmpuint (list->len, ==, 2);
  g_assert_cmpstr (((RoundsDicomdirEntry *) list->pdata[0])->path, ==, "DIR/IM0001");
  g_assert_cmpstr (((RoundsDicomdirEntry *) list->pdata[1])->record_type, ==, "IMAGE");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dicom/hostile/truncation", test_truncation);
  g_test_add_func ("/dicom/hostile/flipped-bytes", test_flipped_bytes);
  g_test_add_func ("/dicom/hostile/claims", test_claims);
  g_test_add_func ("/dicom/hostile/compressed-claims", test_compressed_claims);
  g_test_add_func ("/dicom/hostile/nesting", test_nesting);
  g_test_add_func ("/dicom/hostile/lengths", test_lengths);
  g_test_add_func ("/dicom/hostile/deflate-bomb", test_deflate_bomb);
  g_test_add_func ("/dicom/hostile/preamble", test_preamble);
  g_test_add_func ("/dicom/hostile/bad-uid", test_bad_uid);
  g_test_add_func ("/dicom/hostile/dicomdir-paths", test_dicomdir_paths);
  return g_test_run ();
}
