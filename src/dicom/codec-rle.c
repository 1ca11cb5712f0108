/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RLE Lossless (PS3.5 annex G). Written here because DCMTK's decoder fills what is missing with zeros and calls it
 * success: a scan whose lower half is black by accident must be an error. */
#include "dicom/codec.h"

#include <glib/gi18n-lib.h>

/* One segment into every stride-th byte of out; FALSE when it does not give n bytes. */
static gboolean
unpack (const guint8 *p, const guint8 *end, guint8 *out, gsize n, gsize stride)
{
  gsize done = 0;

  while (done < n)
    {
      guint code, count;

      if (p >= end)
        return FALSE;
      code = *p++;
      if (code == 128)
        continue;
      if (code < 128)
        {
          count = code + 1;
          if ((gsize) (end - p) < count)
            return FALSE;
          count = (guint) MIN (count, n - done);
          for (guint i = 0; i < count; i++)
            out[(done + i) * stride] = p[i];
          p += code + 1;
        }
      else
        {
          count = (guint) MIN (257 - code, n - done);
          if (p >= end)
            return FALSE;
          for (guint i = 0; i < count; i++)
            out[(done + i) * stride] = *p;
          p++;
        }
      done += count;
    }
  return TRUE;
}

gboolean
rounds_codec_rle (const RoundsDicomImage *image, const guint8 *data, gsize size, RoundsFrame *out, GError **error)
{
  guint bytes = (guint) rounds_pixel_type_size (out->type);
  guint n_segments = bytes * (guint) image->samples;
  gsize n = (gsize) image->rows * (gsize) image->columns;
  gboolean bits = image->bits_allocated == 1;

  /* Single bits are packed first, eight in a byte: they come out at the front and are spread by the caller. */
  if (bits)
    {
      n_segments = 1;
      n = (n * (gsize) image->samples + 7) / 8;
    }
  if (size < 64)
    {
      g_set_error_literal (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_TRUNCATED,
                           _("the RLE header is incomplete"));
      return FALSE;
    }
  if (rounds_read_u32 (data, FALSE) != n_segments)
    {
      g_set_error_literal (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_MALFORMED,
                           _("the RLE header does not fit the image"));
      return FALSE;
    }
  for (guint i = 0; i < n_segments; i++)
    {
      gsize start = rounds_read_u32 (data + 4 + 4 * i, FALSE);
      gsize end = i + 1 < n_segments ? rounds_read_u32 (data + 8 + 4 * i, FALSE) : size;
      /* Segments go from the most significant byte of the first sample to the least of the last. */
      guint sample = i / bytes, byte = bytes - 1 - i % bytes;

      if (start < 64 || start > end || end > size)
        {
          g_set_error_literal (error, ROUNDS_DICOM_ERROR,
                               end > size ? ROUNDS_DICOM_ERROR_TRUNCATED : ROUNDS_DICOM_ERROR_MALFORMED,
                               _("the RLE header does not fit the image"));
          return FALSE;
        }
      if (!unpack (data + start, data + end, out->data + sample * bytes + byte, n, n_segments))
        {
          g_set_error_literal (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_TRUNCATED,
                               _("the RLE data end before the image does"));
          return FALSE;
        }
    }
  return TRUE;
}
