/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Anything as a DICOM file: parsed, asked, decoded, listed as a directory and written again. What is written must be
 * readable; nothing may crash, leak or grow. */
#include "fuzz.h"

#include "dicom/dicomdir.h"
#include "dicom/frame.h"
#include "dicom/writer.h"

static void
ask (RoundsDicomFile *file)
{
  static const guint32 tags[] = { 0x00080005, 0x00080008, 0x00100010, 0x00080020, 0x00281050, 0x00091001, 0x00280010 };
  RoundsUsRegion regions[2];
  g_autoptr (GPtrArray) list = NULL;
  double real;
  gint64 whole;

  for (guint i = 0; i < G_N_ELEMENTS (tags); i++)
    {
      g_autofree char *text = rounds_dicom_file_dup_string (file, tags[i]);
      g_autofree char *inner = rounds_dicom_file_dup_item_string (file, 0x00081140, 1, tags[i]);

      g_assert (text == NULL || g_utf8_validate (text, -1, NULL));
      g_assert (inner == NULL || g_utf8_validate (inner, -1, NULL));
      rounds_dicom_file_get_double (file, tags[i], 1, &real);
      rounds_dicom_file_get_int (file, tags[i], 0, &whole);
    }
  rounds_dicom_file_get_us_regions (file, regions, G_N_ELEMENTS (regions));
  rounds_dicom_file_check_pixels (file, NULL);
  list = rounds_dicomdir_list (file, NULL, NULL);
}

static void
write_again (RoundsDicomFile *file)
{
  static const RoundsIdentity identity = { "id", "Name", "20000101", "O", "salt", "study", "series", "derived",
                                           "20260101", "120000" };
  g_autoptr (GBytes) written = rounds_dicom_write_with_identity (file, &identity, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsDicomFile) back = written != NULL ? rounds_dicom_file_new (written, &error) : NULL;

  if (written != NULL && back == NULL)
    g_error ("what was written cannot be read: %s", error->message);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (RoundsDicomFile) file = rounds_dicom_file_new (bytes, NULL);
  RoundsDicomImage image;

  rounds_dicom_looks_like (data, size);
  if (file == NULL)
    return 0;
  ask (file);
  write_again (file);
  if (!rounds_dicom_file_get_image (file, 0, &image, NULL))
    return 0;
  /* Larger pictures only cost time here. */
  if ((gint64) image.rows * image.columns > 1 << 20)
    return 0;
  for (int i = 0; i < MIN (image.frames, 2); i++)
    {
      g_autoptr (RoundsFrame) frame = rounds_dicom_file_decode (file, i, NULL);
      g_autofree float *modality = frame != NULL ? rounds_frame_to_modality (frame, file, i, NULL) : NULL;
    }
  return 0;
}
