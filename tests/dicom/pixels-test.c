/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pixels against other programs (tables in tests/data/dicom), and against arithmetic for what no file at hand has:
 * unused bits, signs, planes, palettes, 4:2:2, floating point, offset tables. */
#include "builder.h"

#include "dicom/uids.h"

static char *
answer_of (const char *path, gboolean *is_error)
{
  g_autoptr (GBytes) bytes = read_bytes (path);
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsDicomFile) file = NULL;
  g_autoptr (RoundsFrame) frame = NULL;
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  RoundsDicomImage image;

  g_assert_nonnull (bytes);
  file = rounds_dicom_file_new (bytes, &error);
  if (file != NULL && rounds_dicom_file_get_image (file, 0, &image, &error))
    for (int i = 0; i < image.frames && error == NULL; i++)
      {
        g_clear_pointer (&frame, rounds_frame_unref);
        frame = rounds_dicom_file_decode (file, i, &error);
        if (frame != NULL)
          {
            g_assert_cmpuint (frame->size, ==, (gsize) frame->rows * (gsize) frame->columns * (gsize) frame->samples *
                                                 rounds_pixel_type_size (frame->type));
            g_assert_cmpuint ((gsize) frame->data % 16, ==, 0);
            g_checksum_update (sum, frame->data, (gssize) frame->size);
          }
      }
  *is_error = error != NULL;
  if (error != NULL)
    return g_strdup (error->message);
  return g_strdup_printf ("%d\t%s\t%dx%dx%d\t%s\t%s", image.frames, rounds_pixel_type_to_string (frame->type),
                          frame->rows, frame->columns, frame->samples, frame->photometric,
                          g_checksum_get_string (sum));
}

/* Every file of the collections gives what some other program gives; what none of them reads gives an error, or an
 * image where we know why they fail. */
static void
test_table (void)
{
  g_autofree char *root = shared_path ("dicom-codecs-pydicom");
  g_autofree char *text = NULL, *wanted_of = NULL;
  g_autofree char *table = g_test_build_filename (G_TEST_DIST, "data", "dicom", "pixels.tsv", NULL);
  g_auto (GStrv) lines = NULL;
  guint n_images = 0, n_others = 0;

  if (root == NULL)
    return;
  g_assert_true (g_file_get_contents (table, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_auto (GStrv) cells = NULL;
      g_autofree char *path = NULL, *answer = NULL;
      gboolean is_error, found = FALSE;

      if (lines[i][0] == '#' || lines[i][0] == '\0' || (i > 0 && wanted_of != NULL && g_str_has_prefix (lines[i], wanted_of)))
        continue;
      cells = g_strsplit (lines[i], "\t", -1);
      g_free (wanted_of);
      wanted_of = g_strconcat (cells[0], "\t", NULL);
      path = g_build_filename (g_getenv ("ROUNDS_SHARED_DATA"), cells[0], NULL);
      answer = answer_of (path, &is_error);
      if (strcmp (cells[1], "-") == 0)
        {
          /* pydicom stumbles over its own log line there; the pixels are those of rtdose_1frame.dcm. */
          if (g_str_has_suffix (cells[0], "/badVR.dcm"))
            g_assert_false (is_error);
          else if (!is_error)
            g_error ("%s: nobody else gives an image (%s)", cells[0], cells[2]);
          n_others++;
          continue;
        }
      /* Rows of one file stand together: each is an answer that some program gave. */
      for (guint j = i; lines[j] != NULL && g_str_has_prefix (lines[j], wanted_of) && !found; j++)
        {
          g_auto (GStrv) row = g_strsplit (lines[j], "\t", -1);
          g_autofree char *wanted = g_strjoin ("\t", row[1], row[2], row[3], row[4], row[5], NULL);
          found = strcmp (wanted, answer) == 0;
        }
      if (!found)
        g_error ("%s: %s", cells[0], answer);
      n_images++;
    }
  g_test_message ("%u images equal, %u files without", n_images, n_others);
  g_assert_cmpuint (n_images, >, 100);
}

static void
test_extra (void)
{
  g_autofree char *table = g_test_build_filename (G_TEST_DIST, "data", "dicom", "extra.tsv", NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  guint n = 0;

  g_assert_true (g_file_get_contents (table, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_auto (GStrv) cells = g_strsplit (lines[i], "\t", 2);
      g_autofree char *path = NULL, *answer = NULL;
      gboolean is_error;

      if (lines[i][0] == '#' || lines[i][0] == '\0')
        continue;
      path = g_test_build_filename (G_TEST_DIST, "data", "dicom", cells[0], NULL);
      answer = answer_of (path, &is_error);
      g_assert_cmpstr (answer, ==, cells[1]);
      n++;
    }
  g_assert_cmpuint (n, ==, 5);
}

static RoundsFrame *
decode_shape (const Shape *shape, const char *vr, const void *data, gsize size, int frame)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsDicomFile) file = NULL;
  GByteArray *out = begin_file (ROUNDS_UID_EXPLICIT_LITTLE);
  RoundsFrame *result;

  put_shape (out, shape);
  put_bytes (out, 0x7FE00010, vr, data, size);
  file = open_array (out, &error);
  g_assert_no_error (error);
  result = rounds_dicom_file_decode (file, frame, &error);
  g_assert_no_error (error);
  return result;
}

static void
test_unused_bits (void)
{
  /* 12 bits stored; an overlay and noise stand in the four above. */
  static const guint16 words[] = { 0xF123, 0x1FFF, 0x8000, 0x0800 };
  const Shape plain = { 2, 2, 1, 16, 12, 11, 0, 0, "MONOCHROME2", NULL };
  const Shape with_sign = { 2, 2, 1, 16, 12, 11, 1, 0, "MONOCHROME2", NULL };
  const Shape high = { 2, 2, 1, 16, 12, 15, 0, 0, "MONOCHROME2", NULL };
  g_autoptr (RoundsFrame) a = decode_shape (&plain, "OW", words, sizeof words, 0);
  g_autoptr (RoundsFrame) b = decode_shape (&with_sign, "OW", words, sizeof words, 0);
  g_autoptr (RoundsFrame) c = decode_shape (&high, "OW", words, sizeof words, 0);
  const guint16 *u = (const guint16 *) (void *) a->data, *h = (const guint16 *) (void *) c->data;
  const gint16 *s = (const gint16 *) (void *) b->data;

  g_assert_cmpint (a->type, ==, ROUNDS_PIXEL_UINT16);
  g_assert_cmpuint (u[0], ==, 0x123);
  g_assert_cmpuint (u[1], ==, 0xFFF);
  g_assert_cmpuint (u[2], ==, 0);
  g_assert_cmpint (b->type, ==, ROUNDS_PIXEL_INT16);
  g_assert_cmpint (s[0], ==, 0x123);
  g_assert_cmpint (s[1], ==, -1);
  g_assert_cmpint (s[3], ==, -2048);
  g_assert_cmpuint (h[0], ==, 0xF12);
  g_assert_cmpuint (h[3], ==, 0x080);
}

static void
test_single_bits (void)
{
  static const guint8 packed[] = { 0x4D, 0x01 };   /* 1 0 1 1 0 0 1 0 · 1 0 */
  const Shape shape = { 1, 5, 1, 1, 1, 0, 0, 0, "MONOCHROME2", "2" };
  static const guint8 first[] = { 1, 0, 1, 1, 0 }, second[] = { 0, 1, 0, 1, 0 };
  g_autoptr (RoundsFrame) a = decode_shape (&shape, "OB", packed, sizeof packed, 0);
  g_autoptr (RoundsFrame) b = decode_shape (&shape, "OB", packed, sizeof packed, 1);

  g_assert_cmpmem (a->data, a->size, first, 5);
  /* The second frame begins inside the first byte. */
  g_assert_cmpmem (b->data, b->size, second, 5);
}

static void
test_planes (void)
{
  static const guint8 planes[] = { 1, 2, 3, 4, 5, 6 };
  static const guint8 together[] = { 1, 3, 5, 2, 4, 6 };
  const Shape shape = { 1, 2, 3, 8, 8, 7, 0, 1, "RGB", NULL };
  g_autoptr (RoundsFrame) frame = decode_shape (&shape, "OB", planes, sizeof planes, 0);

  g_assert_cmpmem (frame->data, frame->size, together, sizeof together);
  g_assert_cmpstr (frame->photometric, ==, "RGB");
}

static void
test_ybr (void)
{
  static const guint8 pixels[] = { 76, 85, 255, 29, 255, 107 };   /* red and blue */
  static const guint8 halves[] = { 76, 76, 85, 255 };
  const Shape full = { 1, 2, 3, 8, 8, 7, 0, 0, "YBR_FULL", NULL };
  const Shape sub = { 1, 2, 3, 8, 8, 7, 0, 0, "YBR_FULL_422", NULL };
  static const guint8 red[] = { 254, 0, 0, 254, 0, 0 };
  g_autoptr (RoundsFrame) a = decode_shape (&full, "OB", pixels, sizeof pixels, 0);
  g_autoptr (RoundsFrame) b = decode_shape (&sub, "OB", halves, sizeof halves, 0);

  g_assert_cmpmem (a->data, 3, red, 3);
  g_assert_cmpuint (a->data[3], ==, 0);
  g_assert_cmpuint (a->data[5], ==, 254);
  g_assert_cmpmem (b->data, b->size, red, 6);
}

static void
put_palette (GByteArray *out, gboolean segmented)
{
  /* 0, 128·257, 255·257 as a table; 0, then a line to 65535 in 4, then twice the last as segments. */
  static const guint16 table[] = { 0, 0x8080, 0xFFFF };
  static const guint16 segments[] = { 0, 1, 0, 1, 4, 0xFFFF, 0, 1, 0x8080 };
  guint n = segmented ? 6 : 3;

  for (guint i = 0; i < 3; i++)
    {
      put_header (out, 0x00281101 + i, "US", 6);
      put16 (out, n);
      put16 (out, 10);
      put16 (out, 16);
    }
  for (guint i = 0; i < 3; i++)
    if (segmented)
      put_bytes (out, 0x00281221 + i, "OW", segments, sizeof segments);
    else
      put_bytes (out, 0x00281201 + i, "OW", table, sizeof table);
}

static void
test_palette (void)
{
  static const guint8 indices[] = { 10, 11, 12, 12 };
  const Shape shape = { 2, 2, 1, 8, 8, 7, 0, 0, "PALETTE COLOR", NULL };

  for (int segmented = 0; segmented < 2; segmented++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RoundsFrame) frame = NULL;
      g_autoptr (RoundsDicomFile) file = NULL;
      GByteArray *out = begin_file (ROUNDS_UID_EXPLICIT_LITTLE);

      put_shape (out, &shape);
      put_palette (out, segmented == 1);
      put_bytes (out, 0x7FE00010, "OB", indices, sizeof indices);
      file = open_array (out, &error);
      g_assert_no_error (error);
      frame = rounds_dicom_file_decode (file, 0, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (frame->photometric, ==, "PALETTE COLOR");
      g_assert_cmpmem (frame->data, frame->size, indices, sizeof indices);
      g_assert_cmpint (frame->palette_first, ==, 10);
      g_assert_cmpuint (frame->palette_size, ==, segmented ? 6 : 3);
      g_assert_cmphex (frame->palette[0], ==, 0);
      g_assert_cmphex (frame->palette[segmented ? 2 : 1], ==, segmented ? 0x7F7F7F + 0x010101 : 0x808080);
      g_assert_cmphex (frame->palette[segmented ? 4 : 2], ==, 0xFFFFFF);
      if (segmented)
        g_assert_cmphex (frame->palette[5], ==, 0x808080);
    }
}

/* Tables that lie about their length, begin with a line, or send in circles. */
static void
test_palette_hostile (void)
{
  static const guint16 bad[][6] = {
    { 1, 4, 0xFFFF, 0, 0, 0 },   /* a line without a beginning */
    { 0, 0xFFFF, 1, 2, 3, 4 },   /* more values than there are */
    { 2, 0xFFFF, 0, 0, 0, 0 },   /* an indirect segment that points to itself */
    { 7, 1, 1, 1, 1, 1 },        /* no such segment */
  };
  static const guint8 indices[] = { 0, 0, 0, 0 };
  const Shape shape = { 2, 2, 1, 8, 8, 7, 0, 0, "PALETTE COLOR", NULL };

  for (guint k = 0; k < G_N_ELEMENTS (bad); k++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RoundsDicomFile) file = NULL;
      GByteArray *out = begin_file (ROUNDS_UID_EXPLICIT_LITTLE);

      put_shape (out, &shape);
      for (guint i = 0; i < 3; i++)
        {
          put_header (out, 0x00281101 + i, "US", 6);
          put16 (out, 256);
          put16 (out, 0);
          put16 (out, 16);
        }
      for (guint i = 0; i < 3; i++)
        put_bytes (out, 0x00281221 + i, "OW", bad[k], sizeof bad[k]);
      put_bytes (out, 0x7FE00010, "OB", indices, sizeof indices);
      file = open_array (out, &error);
      g_assert_no_error (error);
      g_assert_null (rounds_dicom_file_decode (file, 0, &error));
      g_assert_error (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_MALFORMED);
    }
}

static void
test_float (void)
{
  static const float values[] = { 0.5f, -1.25f, 3e8f, 0 };
  static const double wide[] = { 0.1, -1e300, 2, 3 };
  const Shape shape = { 2, 2, 1, 32, 32, 31, 0, 0, "MONOCHROME2", NULL };

  for (int is_double = 0; is_double < 2; is_double++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RoundsFrame) frame = NULL;
      g_autoptr (RoundsDicomFile) file = NULL;
      g_autofree float *modality = NULL;
      GByteArray *out = begin_file (ROUNDS_UID_EXPLICIT_LITTLE);

      put_shape (out, &shape);
      if (is_double)
        put_bytes (out, 0x7FE00009, "OD", wide, sizeof wide);
      else
        put_bytes (out, 0x7FE00008, "OF", values, sizeof values);
      file = open_array (out, &error);
      g_assert_no_error (error);
      frame = rounds_dicom_file_decode (file, 0, &error);
      g_assert_no_error (error);
      g_assert_cmpint (frame->type, ==, is_double ? ROUNDS_PIXEL_FLOAT64 : ROUNDS_PIXEL_FLOAT32);
      g_assert_cmpmem (frame->data, frame->size, is_double ? (const void *) wide : values,
                       is_double ? sizeof wide : sizeof values);
      modality = rounds_frame_to_modality (frame, file, 0, &error);
      g_assert_no_error (error);
      g_assert_cmpfloat (modality[0], ==, is_double ? 0.1f : 0.5f);
    }
}

/* Three frames of an encapsulated file in several fragments each, found by each kind of table and by none. */
static void
test_offset_tables (void)
{
  const Shape shape = { 2, 2, 1, 8, 8, 7, 0, 0, "MONOCHROME2", "3" };
  enum { BASIC, EXTENDED, WRONG };

  for (int kind = BASIC; kind <= WRONG; kind++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RoundsDicomFile) file = NULL;
      GByteArray *out = begin_file (ROUNDS_UID_ENCAPSULATED_UNCOMPRESSED);

      put_shape (out, &shape);
      if (kind == EXTENDED)
        {
          put_header (out, 0x7FE00001, "OV", 24);
          for (guint i = 0; i < 3; i++)
            {
              put32 (out, i * 20);
              put32 (out, 0);
            }
        }
      put_header (out, 0x7FE00010, "OB", 0xFFFFFFFF);
      put_item (out, 0xE000, kind == EXTENDED ? 0 : 12);
      for (guint i = 0; i < 3 && kind != EXTENDED; i++)
        put32 (out, i * 20 + (kind == WRONG ? 2 : 0));
      for (guint8 i = 0; i < 3; i++)
        for (guint8 half = 0; half < 2; half++)
          {
            guint8 pixels[2] = { (guint8) (10 * i + 2 * half), (guint8) (10 * i + 2 * half + 1) };
            put_item (out, 0xE000, 2);
            g_byte_array_append (out, pixels, 2);
          }
      put_item (out, 0xE0DD, 0);
      file = open_array (out, &error);
      g_assert_no_error (error);
      for (int i = 0; i < 3; i++)
        {
          g_autoptr (RoundsFrame) frame = rounds_dicom_file_decode (file, i, &error);
          guint8 wanted[4] = { (guint8) (10 * i), (guint8) (10 * i + 1), (guint8) (10 * i + 2), (guint8) (10 * i + 3) };

          if (kind == WRONG)
            {
              g_assert_null (frame);
              g_assert_error (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_MALFORMED);
              g_clear_error (&error);
              continue;
            }
          g_assert_no_error (error);
          g_assert_cmpmem (frame->data, frame->size, wanted, 4);
        }
    }
}

static void
test_modality_lut (void)
{
  static const gint16 stored[] = { -5, -1, 0, 7 };
  static const guint16 lut[] = { 100, 200, 300 };
  const Shape shape = { 2, 2, 1, 16, 16, 15, 1, 0, "MONOCHROME2", NULL };
  static const float wanted[] = { 100, 200, 300, 300 };
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsDicomFile) file = NULL;
  g_autoptr (RoundsFrame) frame = NULL;
  g_autofree float *modality = NULL;
  GByteArray *out = begin_file (ROUNDS_UID_EXPLICIT_LITTLE);

  put_shape (out, &shape);
  put_header (out, 0x00283000, "SQ", 0xFFFFFFFF);
  put_item (out, 0xE000, 0xFFFFFFFF);
  put_header (out, 0x00283002, "US", 6);
  put16 (out, 3);
  put16 (out, (guint) (guint16) -2);
  put16 (out, 16);
  put_bytes (out, 0x00283006, "US", lut, sizeof lut);
  put_item (out, 0xE00D, 0);
  put_item (out, 0xE0DD, 0);
  put_bytes (out, 0x7FE00010, "OW", stored, sizeof stored);
  file = open_array (out, &error);
  g_assert_no_error (error);
  frame = rounds_dicom_file_decode (file, 0, &error);
  g_assert_no_error (error);
  modality = rounds_frame_to_modality (frame, file, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (modality, 16, wanted, 16);
}

/* --- several workers ------------------------------------------------------------------ */

typedef struct {
  GPtrArray *files, *sums;
  gint next, wrong;
} Work;

static gpointer
work_thread (gpointer data)
{
  Work *work = data;

  for (;;)
    {
      gint i = g_atomic_int_add (&work->next, 1);
      g_autoptr (GError) error = NULL;
      g_autoptr (RoundsFrame) frame = NULL;
      g_autofree char *sum = NULL, *name = NULL;
      RoundsDicomFile *file;

      if (i >= 200)
        return NULL;
      file = work->files->pdata[(guint) i % work->files->len];
      frame = rounds_dicom_file_decode (file, 0, &error);
      name = rounds_dicom_file_dup_string (file, 0x00100010);
      sum = frame != NULL ? g_compute_checksum_for_data (G_CHECKSUM_SHA256, frame->data, frame->size) : NULL;
      if (g_strcmp0 (sum, work->sums->pdata[(guint) i % work->files->len]) != 0)
        g_atomic_int_inc (&work->wrong);
    }
}

static void
test_parallel (void)
{
  static const char *const names[] = {
    "JPGExtended.dcm", "MR_small_jpeg_ls_lossless.dcm", "MR_small_jp2klossless.dcm", "SC_rgb_jpeg_dcmtk.dcm",
    "MR_small_RLE.dcm", "SC_rgb_gdcm_KY.dcm", "JPEG2000.dcm", "SC_rgb_jls_lossy_line.dcm",
  };
  g_autofree char *root = shared_path ("dicom-codecs-pydicom");
  Work work = { 0 };
  GThread *threads[4];

  if (root == NULL)
    return;
  work.files = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_dicom_file_unref);
  work.sums = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (root, names[i], NULL);
      g_autoptr (GBytes) bytes = read_bytes (path);
      g_autoptr (GError) error = NULL;
      g_autoptr (RoundsFrame) frame = NULL;
      RoundsDicomFile *file = rounds_dicom_file_new (bytes, &error);

      g_assert_no_error (error);
      frame = rounds_dicom_file_decode (file, 0, &error);
      g_assert_no_error (error);
      g_ptr_array_add (work.files, file);
      g_ptr_array_add (work.sums, g_compute_checksum_for_data (G_CHECKSUM_SHA256, frame->data, frame->size));
    }
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("decode", work_thread, &work);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (work.wrong, ==, 0);
  g_ptr_array_unref (work.files);
  g_ptr_array_unref (work.sums);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dicom/pixels/table", test_table);
  g_test_add_func ("/dicom/pixels/extra", test_extra);
  g_test_add_func ("/dicom/pixels/unused-bits", test_unused_bits);
  g_test_add_func ("/dicom/pixels/single-bits", test_single_bits);
  g_test_add_func ("/dicom/pixels/planes", test_planes);
  g_test_add_func ("/dicom/pixels/ybr", test_ybr);
  g_test_add_func ("/dicom/pixels/palette", test_palette);
  g_test_add_func ("/dicom/pixels/palette-hostile", test_palette_hostile);
  g_test_add_func ("/dicom/pixels/float", test_float);
  g_test_add_func ("/dicom/pixels/offset-tables", test_offset_tables);
  g_test_add_func ("/dicom/pixels/modality-lut", test_modality_lut);
  g_test_add_func ("/dicom/pixels/parallel", test_parallel);
  return g_test_run ();
}
