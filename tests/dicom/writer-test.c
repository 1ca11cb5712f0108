/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is written is read back by Rounds, and by pydicom and DCMTK where they are there; what must not leave the
 * file has left it. */
#include "builder.h"

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "dicom/uids.h"
#include "dicom/writer.h"

static const RoundsDerivation derivation = {
  .description = "Denoised",
  .derivation_code = "113087",
  .derivation_meaning = "Spatial filtering: smoothing",
  .series_uid = "2.25.4711",
  .manufacturer = "Rounds",
  .model_name = "denoise",
  .model_version = "1.0",
  .model_sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
};

static const RoundsIdentity identity = {
  .patient_id = "DEMO-1",
  .patient_name = "Müster^Anna",
  .birth_date = "19700102",
  .sex = "F",
  .salt = "salt",
  .study_description = "CT head",
  .series_description = "Demo",
  .derivation_description = "Identity of a demo patient",
  .study_date = "20260101",
  .study_time = "080000",
};

static RoundsDicomFile *
open_shared (const char *name)
{
  g_autofree char *path = shared_path (name);
  g_autoptr (GBytes) bytes = path != NULL ? read_bytes (path) : NULL;
  g_autoptr (GError) error = NULL;
  RoundsDicomFile *file;

  if (bytes == NULL)
    return NULL;
  file = rounds_dicom_file_new (bytes, &error);
  g_assert_no_error (error);
  return file;
}

static RoundsDicomFile *
open_bytes (GBytes *bytes)
{
  g_autoptr (GError) error = NULL;
  RoundsDicomFile *file = rounds_dicom_file_new (bytes, &error);

  g_assert_no_error (error);
  for (const char *const *w = rounds_dicom_file_get_warnings (file); *w != NULL; w++)
    g_error ("what we wrote is odd: %s", *w);
  return file;
}

static void
assert_string (RoundsDicomFile *file, guint32 tag, const char *wanted)
{
  g_autofree char *found = rounds_dicom_file_dup_string (file, tag);
  if (g_strcmp0 (found, wanted) != 0)
    g_error ("%08X: %s instead of %s", tag, found, wanted);
}

static void
assert_item (RoundsDicomFile *file, guint32 sequence, guint item, guint32 tag, const char *wanted)
{
  g_autofree char *found = rounds_dicom_file_dup_item_string (file, sequence, item, tag);
  g_assert_cmpstr (found, ==, wanted);
}

/* DCMTK and pydicom read it to the end, and pydicom finds the codes; hash of its pixels against ours. */
static void
read_elsewhere (GBytes *bytes, const char *sha256)
{
  static const char script[] =
    "import sys, hashlib, pydicom, numpy as np, warnings\n"
    "warnings.simplefilter('error')\n"
    "ds = pydicom.dcmread(sys.argv[1]); ds.decode(); str(ds)\n"
    "for k in ('SOPClassUID','SOPInstanceUID','StudyInstanceUID','SeriesInstanceUID','PatientName','PatientID','Modality'):\n"
    "  assert k in ds, k\n"
    "assert ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID\n"
    "assert ds.preamble == bytes(128)\n"
    "if len(sys.argv) > 2 and sys.argv[2]: assert hashlib.sha256(np.ascontiguousarray(ds.pixel_array).tobytes()).hexdigest() == sys.argv[2]\n";
  g_autoptr (GError) error = NULL;
  g_autofree char *dir = g_dir_make_tmp ("rounds-dicom-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (dir, "out.dcm", NULL), *dump = g_find_program_in_path ("dcmdump");
  g_autofree char *python = g_find_program_in_path ("python3");
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);

  g_assert_true (g_file_set_contents (path, data, (gssize) size, &error));
  if (dump != NULL)
    {
      const char *argv[] = { dump, "--quiet", path, NULL };
      g_autofree char *out = NULL, *err = NULL;
      int status = 0;

      g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &err, &status, NULL));
      if (status != 0 || err[0] != '\0')
        g_error ("dcmdump: %s", err);
    }
  if (python != NULL)
    {
      static int there = -1;
      const char *check[] = { python, "-c", "import pydicom, numpy", NULL };
      const char *argv[] = { python, "-c", script, path, sha256 != NULL ? sha256 : "", NULL };
      g_autofree char *err = NULL, *none = NULL;
      int status = 0;

      if (there < 0)
        there = g_spawn_sync (NULL, (char **) check, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, &none, &status, NULL) &&
                status == 0;
      if (there)
        {
          g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, &err, &status, NULL));
          if (status != 0)
            {
              g_printerr ("%s\n", err);
              g_error ("pydicom does not read what was written (%d)", status);
            }
        }
      else
        g_test_message ("pydicom is not here");
    }
  g_unlink (path);
  g_rmdir (dir);
}

static GBytes *
all_frames (RoundsDicomFile *file)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  RoundsDicomImage image;

  g_assert_true (rounds_dicom_file_get_image (file, 0, &image, &error));
  for (int i = 0; i < image.frames; i++)
    {
      g_autoptr (RoundsFrame) frame = rounds_dicom_file_decode (file, i, &error);
      g_assert_no_error (error);
      g_byte_array_append (out, frame->data, (guint) frame->size);
    }
  return g_byte_array_free_to_bytes (g_steal_pointer (&out));
}

static void
test_derived (void)
{
  static const char *const names[] = {
    "dicom-codecs-pydicom/CT_small.dcm", "dicom-codecs-pydicom/MR_small_implicit.dcm",
    "dicom-codecs-pydicom/MR_small_bigendian.dcm", "dicom-codecs-pydicom/MR_small_jpeg_ls_lossless.dcm",
    "dicom-codecs-pydicom/SC_rgb_rle_2frame.dcm", "dicom-codecs-pydicom/SC_rgb_jpeg_dcmtk.dcm",
    "dicom-codecs-pydicom/examples_palette.dcm", "dicom-codecs-pydicom/693_J2KI.dcm",
    "dicom-codecs-dicomparser/CT0012.not_fragmented_bot_rle.dcm", "dicom-codecs-pydicom/SC_rgb_small_odd.dcm",
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (RoundsDicomFile) source = open_shared (names[i]);
      g_autoptr (RoundsDicomFile) back = NULL;
      g_autoptr (GBytes) pixels = NULL, written = NULL, again = NULL;
      g_autoptr (GError) error = NULL;
      g_autofree char *uid = NULL, *old_uid = NULL, *study = NULL, *sha256 = NULL, *type = NULL;
      RoundsDicomImage before, after;
      gsize size;
      const void *data;
      guint last;

      if (source == NULL)
        return;
      g_test_message ("%s", names[i]);
      pixels = all_frames (source);
      data = g_bytes_get_data (pixels, &size);
      written = rounds_dicom_write_derived (source, data, size, &derivation, &uid, &error);
      g_assert_no_error (error);
      back = open_bytes (written);
      again = all_frames (back);
      g_assert_true (g_bytes_equal (pixels, again));
      sha256 = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, pixels);
      read_elsewhere (written, sha256);

      old_uid = rounds_dicom_file_dup_string (source, 0x00080018);
      study = rounds_dicom_file_dup_string (source, 0x0020000D);
      g_assert_cmpstr (uid, !=, old_uid);
      assert_string (back, 0x00080018, uid);
      assert_string (back, 0x0020000D, study);
      assert_string (back, 0x0020000E, "2.25.4711");
      type = rounds_dicom_file_dup_string (back, 0x00080008);
      g_assert_true (g_str_has_prefix (type, "DERIVED\\SECONDARY"));
      assert_string (back, 0x00082111, "Denoised");
      assert_item (back, 0x00089215, 0, 0x00080100, "113087");
      assert_item (back, 0x00082112, 0, 0x00081155, old_uid);
      last = rounds_dicom_file_get_n_items (back, 0x0018A001);
      g_assert_cmpuint (last, >=, 1);
      assert_item (back, 0x0018A001, last - 1, 0x00081090, "denoise");
      g_assert_cmpstr (rounds_dicom_file_get_transfer_syntax (back), ==, ROUNDS_UID_EXPLICIT_LITTLE);
      g_assert_true (rounds_dicom_file_get_image (source, 0, &before, NULL));
      g_assert_true (rounds_dicom_file_get_image (back, 0, &after, NULL));
      g_assert_cmpint (before.lossy, ==, after.lossy);
      g_assert_cmpfloat (before.intercept, ==, after.intercept);
      g_assert_cmpfloat (before.spacing_mm[0], ==, after.spacing_mm[0]);
      g_assert_cmpint (before.has_position, ==, after.has_position);
      {
        g_autofree char *description = rounds_dicom_file_dup_string (back, 0x0008103E);
        g_assert_true (g_str_has_prefix (description, "ENHANCED"));
      }
    }
}

static void
test_derived_purposes (void)
{
  g_autoptr (RoundsDicomFile) source = open_shared ("dicom-codecs-pydicom/CT_small.dcm");
  g_autoptr (GBytes) pixels = NULL, written = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;
  const guint8 *data;
  static const char *const codes[] = { "121322", "109102", "113087", "0123456789abcdef" };

  if (source == NULL)
    return;
  pixels = all_frames (source);
  data = g_bytes_get_data (pixels, &size);
  g_assert_null (rounds_dicom_write_derived (source, data, size - 2, &derivation, NULL, &error));
  g_assert_error (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_MALFORMED);
  g_clear_error (&error);
  written = rounds_dicom_write_derived (source, data, size, &derivation, NULL, &error);
  g_assert_no_error (error);
  data = g_bytes_get_data (written, &size);
  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    g_assert_nonnull (memmem (data, size, codes[i], strlen (codes[i])));
}

/* Values that need more bits than the source stored are not cut when they are read again. */
static void
test_derived_range (void)
{
  static const guint16 stored[] = { 1, 2, 3, 4095 };
  static const guint16 larger[] = { 1, 2, 3, 5000 };
  static const Shape shape = { 2, 2, 1, 16, 12, 11, 0, 0, "MONOCHROME2", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsDicomFile) source = NULL, back = NULL;
  g_autoptr (RoundsFrame) frame = NULL;
  g_autoptr (GBytes) written = NULL;
  GByteArray *out = begin_file (ROUNDS_UID_EXPLICIT_LITTLE);

  put_shape (out, &shape);
  put_bytes (out, 0x7FE00010, "OW", stored, sizeof stored);
  source = open_array (out, &error);
  written = rounds_dicom_write_derived (source, larger, sizeof larger, &derivation, NULL, &error);
  g_assert_no_error (error);
  back = open_bytes (written);
  frame = rounds_dicom_file_decode (back, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (frame->data, frame->size, larger, sizeof larger);
}

static void
test_identity (void)
{
  static const char *const names[] = {
    "dicom-codecs-pydicom/CT_small.dcm", "dicom-codecs-pydicom/MR_small_bigendian.dcm",
    "dicom-codecs-pydicom/MR_small_implicit.dcm", "dicom-codecs-pydicom/MR_small_RLE.dcm",
    "dicom-codecs-pydicom/SC_rgb_jpeg_gdcm.dcm", "dicom-codecs-pydicom/image_dfl.dcm",
    "dicom-codecs-pydicom/rtdose_expb.dcm", "dicom-codecs-pydicom/ExplVR_BigEnd.dcm",
    "dicom-codecs-pydicom/liver_expb_1frame.dcm", "dicom-codecs-dicomparser/CT0012.fragmented_no_bot_jpeg_ls.80.dcm",
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (RoundsDicomFile) source = open_shared (names[i]);
      g_autoptr (RoundsDicomFile) back = NULL;
      g_autoptr (GBytes) written = NULL, second = NULL, before = NULL, after = NULL;
      g_autoptr (GError) error = NULL;
      g_autofree char *old_study = NULL, *new_study = NULL;
      static const guint32 gone[] = { 0x00080080, 0x00080081, 0x00081010, 0x00081050, 0x00081070, 0x00101010,
                                      0x00181000, 0x00080050, 0x00080090, 0x00200010, 0x00101030, 0x00181030 };
      gsize size;
      const guint8 *data;

      if (source == NULL)
        return;
      g_test_message ("%s", names[i]);
      written = rounds_dicom_write_with_identity (source, &identity, &error);
      g_assert_no_error (error);
      second = rounds_dicom_write_with_identity (source, &identity, &error);
      g_assert_true (g_bytes_equal (written, second));
      back = open_bytes (written);
      before = all_frames (source);
      after = all_frames (back);
      g_assert_true (g_bytes_equal (before, after));
      read_elsewhere (written, NULL);
      assert_string (back, 0x00100010, "Müster^Anna");
      assert_string (back, 0x00100020, "DEMO-1");
      assert_string (back, 0x00100030, "19700102");
      assert_string (back, 0x00080020, "20260101");
      assert_string (back, 0x00120062, "YES");
      for (guint k = 0; k < G_N_ELEMENTS (gone); k++)
        assert_string (back, gone[k], NULL);
      old_study = rounds_dicom_file_dup_string (source, 0x0020000D);
      new_study = rounds_dicom_file_dup_string (back, 0x0020000D);
      g_assert_cmpstr (old_study, !=, new_study);
      g_assert_true (g_str_has_prefix (new_study, "2.25."));
      /* The old UID stands nowhere any more. */
      data = g_bytes_get_data (written, &size);
      g_assert_null (memmem (data, size, old_study, strlen (old_study)));
    }
}

/* Canaries in every kind of place that could name somebody. */
static void
test_identity_canary (void)
{
  static const struct { guint32 tag; char vr[3]; } places[] = {
    { 0x00080050, "SH" }, { 0x00080080, "LO" }, { 0x00080081, "ST" }, { 0x00080090, "PN" }, { 0x00081030, "LO" },
    { 0x0008103E, "LO" }, { 0x00081048, "PN" }, { 0x00081070, "PN" }, { 0x00082111, "ST" }, { 0x00091001, "LO" },
    { 0x00091002, "UN" }, { 0x00100010, "PN" }, { 0x00100020, "LO" }, { 0x00101000, "LO" }, { 0x00101040, "LO" },
    { 0x00104000, "LT" }, { 0x00180015, "LO" }, { 0x00181000, "LO" }, { 0x00181030, "LO" }, { 0x00200010, "SH" },
    { 0x00204000, "LT" }, { 0x00324000, "LT" }, { 0x00400254, "LO" }, { 0x0040A123, "PN" }, { 0x40000010, "LT" },
  };
  static const Shape shape = { 2, 2, 1, 8, 8, 7, 0, 0, "MONOCHROME2", NULL };
  static const guint8 pixels[4] = { 0 };
  GByteArray *out = begin_file (ROUNDS_UID_EXPLICIT_LITTLE);
  g_autoptr (RoundsDicomFile) source = NULL, back = NULL;
  g_autoptr (GBytes) written = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *inner = NULL, *outer = NULL;
  gsize size;
  const guint8 *data;

  memcpy (out->data, "CANARY in the preamble", 22);
  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    put_text (out, places[i].tag, places[i].vr, "CANARY");
  put_text (out, 0x0020000D, "UI", "1.2.3.4");
  put_text (out, 0x0020000E, "UI", "1.2.3.5");
  put_text (out, 0x00080060, "CS", "CT");
  put_text (out, 0x00080021, "DA", "19991231");
  put_text (out, 0x00080012, "DA", "19991231");
  put_text (out, 0x00080018, "UI", "1.2.3.6");
  put_header (out, 0x00081140, "SQ", 0xFFFFFFFF);
  put_item (out, 0xE000, 0xFFFFFFFF);
  put_text (out, 0x00081155, "UI", "1.2.3.5");
  put_text (out, 0x00081150, "UI", ROUNDS_UID_CT_IMAGE);
  put_text (out, 0x00081070, "PN", "CANARY");
  put_text (out, 0x00080023, "DA", "19991231");
  put_item (out, 0xE00D, 0);
  put_item (out, 0xE0DD, 0);
  put_shape (out, &shape);
  put_bytes (out, 0x7FE00010, "OB", pixels, sizeof pixels);
  put_text (out, 0xFFFCFFFC, "OB", "CANARY");
  source = open_array (out, &error);
  g_assert_no_error (error);
  written = rounds_dicom_write_with_identity (source, &identity, &error);
  g_assert_no_error (error);
  data = g_bytes_get_data (written, &size);
  g_assert_null (memmem (data, size, "CANARY", 6));
  g_assert_null (memmem (data, size, "19991231", 8));
  g_assert_null (memmem (data, size, "1.2.3.", 6));
  back = open_bytes (written);
  /* One UID becomes one UID wherever it stands; classes stay. */
  inner = rounds_dicom_file_dup_item_string (back, 0x00081140, 0, 0x00081155);
  outer = rounds_dicom_file_dup_string (back, 0x0020000E);
  g_assert_cmpstr (inner, ==, outer);
  assert_item (back, 0x00081140, 0, 0x00081150, ROUNDS_UID_CT_IMAGE);
  read_elsewhere (written, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dicom/writer/derived", test_derived);
  g_test_add_func ("/dicom/writer/derived-purposes", test_derived_purposes);
  g_test_add_func ("/dicom/writer/derived-range", test_derived_range);
  g_test_add_func ("/dicom/writer/identity", test_identity);
  g_test_add_func ("/dicom/writer/identity-canary", test_identity_canary);
  return g_test_run ();
}
