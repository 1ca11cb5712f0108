/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JPEG and JPEG-LS: reads the codestream's own header, refuses what does not fit the declared image, and lets DCMTK
 * decode. Which colour space the components are in is decided here: the stream's own word (Adobe marker, component
 * names) before the declared photometric interpretation, because many writers correct one and forget the other. */
#include "dicom/codec.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "dicom/dcmtk.h"

typedef struct {
  guint marker, precision, rows, columns, components;
  guint8 ids[4];
  int adobe_transform;   /* −1 = no Adobe marker */
} Header;

static gboolean
read_header (const guint8 *p, gsize size, Header *out)
{
  gsize at = 2;

  memset (out, 0, sizeof *out);
  out->adobe_transform = -1;
  if (size < 4 || p[0] != 0xFF || p[1] != 0xD8)
    return FALSE;
  while (at + 4 <= size)
    {
      guint marker = p[at + 1];
      gsize length;

      if (p[at] != 0xFF)
        return FALSE;
      if (marker == 0xFF)
        {
          at++;
          continue;
        }
      if (marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8))
        {
          at += 2;
          continue;
        }
      length = rounds_read_u16 (p + at + 2, TRUE);
      if (length < 2 || length > size - at - 2 || marker == 0xDA || marker == 0xD9)
        return FALSE;
      if (marker == 0xEE && length >= 14 && memcmp (p + at + 4, "Adobe", 5) == 0)
        out->adobe_transform = p[at + 15];
      if ((marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC) ||
          marker == 0xF7)
        {
          if (length < 8)
            return FALSE;
          out->marker = marker;
          out->precision = p[at + 4];
          out->rows = rounds_read_u16 (p + at + 5, TRUE);
          out->columns = rounds_read_u16 (p + at + 7, TRUE);
          out->components = p[at + 9];
          if (length < 8 + 3 * (gsize) out->components)
            return FALSE;
          for (guint i = 0; i < MIN (out->components, 4); i++)
            out->ids[i] = p[at + 10 + 3 * i];
          return TRUE;
        }
      at += 2 + length;
    }
  return FALSE;
}

static gboolean
check_header (const RoundsDicomImage *image, const Header *header, GError **error)
{
  if ((int) header->rows == image->rows && (int) header->columns == image->columns &&
      (int) header->components == image->samples && header->precision >= 2 && header->precision <= 16 &&
      (int) header->precision <= image->bits_allocated)
    return TRUE;
  g_set_error (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_MALFORMED,
               _("the compressed image (%u × %u, %u samples of %u bits) is not the declared one"), header->columns,
               header->rows, header->components, header->precision);
  return FALSE;
}

static gboolean
wrong_stream (GError **error)
{
  g_set_error_literal (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_MALFORMED,
                       _("the compressed image has no readable header"));
  return FALSE;
}

/* From 1 or 2 bytes a sample to the type of the frame; last sample first, so that it can be done in place. */
static void
widen (RoundsFrame *out, guint from)
{
  guint to = (guint) rounds_pixel_type_size (out->type);
  gsize n = (gsize) out->rows * (gsize) out->columns * (gsize) out->samples;

  if (from >= to)
    return;
  for (gsize i = n; i-- > 0;)
    {
      guint32 value = from == 1 ? out->data[i] : ((const guint16 *) (void *) out->data)[i];
      if (to == 2)
        ((guint16 *) (void *) out->data)[i] = (guint16) value;
      else
        ((guint32 *) (void *) out->data)[i] = value;
    }
}

static gboolean
components_are_ybr (const RoundsDicomImage *image, const Header *header)
{
  if (image->samples != 3)
    return FALSE;
  if (header->adobe_transform == 0)
    return FALSE;
  if (header->adobe_transform == 1)
    return TRUE;
  if (header->ids[0] == 'R' && header->ids[1] == 'G' && header->ids[2] == 'B')
    return FALSE;
  return g_str_has_prefix (image->photometric, "YBR");
}

gboolean
rounds_codec_jpeg (const RoundsDicomImage *image, const guint8 *data, gsize size, RoundsFrame *out,
                   RoundsDecoded *decoded, GError **error)
{
  Header header;
  g_autofree char *problem = NULL;
  gboolean lossless, ybr;
  gsize bytes;

  if (!read_header (data, size, &header) || header.marker == 0xF7)
    return wrong_stream (error);
  if (!check_header (image, &header, error))
    return FALSE;
  lossless = header.marker == 0xC3;
  ybr = components_are_ybr (image, &header);
  bytes = header.precision <= 8 ? 1 : 2;
  problem = rounds_dcmtk_decode_jpeg (data, size, header.precision, lossless, ybr, out->data,
                                      (gsize) image->rows * (gsize) image->columns * (gsize) image->samples * bytes);
  if (problem != NULL)
    {
      g_set_error (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_MALFORMED, _("JPEG: %s"), problem);
      return FALSE;
    }
  widen (out, (guint) bytes);
  decoded->is_rgb = TRUE;
  return TRUE;
}

gboolean
rounds_codec_jpeg_ls (const RoundsDicomImage *image, const guint8 *data, gsize size, RoundsFrame *out,
                      GError **error)
{
  Header header;
  g_autofree char *problem = NULL;
  gsize bytes;

  if (!read_header (data, size, &header) || header.marker != 0xF7)
    return wrong_stream (error);
  if (!check_header (image, &header, error))
    return FALSE;
  bytes = header.precision <= 8 ? 1 : 2;
  problem = rounds_dcmtk_decode_jpeg_ls (data, size, header.rows, header.columns, header.components,
                                         header.precision, out->data,
                                         (gsize) image->rows * (gsize) image->columns * (gsize) image->samples * bytes);
  if (problem != NULL)
    {
      g_set_error (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_MALFORMED, _("JPEG-LS: %s"), problem);
      return FALSE;
    }
  widen (out, (guint) bytes);
  return TRUE;
}
