/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prints what Rounds makes of DICOM files: path, frames, type, shape, colour, SHA-256 of all frames, or the error.
 * For a developer who looks for the difference to another program. */
#include "dicom/frame.h"

int
main (int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *data = NULL;
      gsize size;
      g_autoptr (GBytes) bytes = NULL;
      g_autoptr (RoundsDicomFile) file = NULL;
      g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
      g_autoptr (RoundsFrame) frame = NULL;
      RoundsDicomImage image;

      if (!g_file_get_contents (argv[i], &data, &size, &error))
        g_error ("%s", error->message);
      bytes = g_bytes_new_take (g_steal_pointer (&data), size);
      file = rounds_dicom_file_new (bytes, &error);
      if (file != NULL && rounds_dicom_file_get_image (file, 0, &image, &error))
        for (int f = 0; f < image.frames && error == NULL; f++)
          {
            g_clear_pointer (&frame, rounds_frame_unref);
            frame = rounds_dicom_file_decode (file, f, &error);
            if (frame != NULL)
              g_checksum_update (sum, frame->data, (gssize) frame->size);
          }
      if (error != NULL)
        g_print ("%s\t%s", argv[i], error->message);
      else
        g_print ("%s\t%d\t%s\t%dx%dx%d\t%s\t%s", argv[i], image.frames, rounds_pixel_type_to_string (frame->type),
                 frame->rows, frame->columns, frame->samples, frame->photometric, g_checksum_get_string (sum));
      for (const char *const *w = file != NULL ? rounds_dicom_file_get_warnings (file) : NULL; w != NULL && *w != NULL;
           w++)
        g_print ("\t[%s]", *w);
      g_print ("\n");
    }
  return 0;
}
