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

/* DCMTK's CharLS computes the default thresholds of samples below 8 bits wrong (ISO 14495-1 C.2.4.1.1.1, MAXVAL
 * below 128): they are put into the stream. NULL when the stream has parameters of its own. */
static guint8 *
with_thresholds (const guint8 *data, gsize size, guint precision, gsize *new_size)
{
  gsize at = 2;

  while (at + 4 <= size && data[at] == 0xFF && data[at + 1] != 0xDA)
    {
      if (data[at + 1] == 0xF8)
        return NULL;
      at += 2 + MAX ((gsize) rounds_read_u16 (data + at + 2, TRUE), 2);
    }
  if (at + 10 > size || data[at] != 0xFF)
    return NULL;
  {
    gsize near_at = at + 5 + 2 * (gsize) data[at + 4];
    int largest = (1 << precision) - 1, factor = 256 / (largest + 1);
    int lossy = near_at < size ? data[near_at] : 0;
    int t1 = CLAMP (MAX (2, 3 / factor + 3 * lossy), lossy + 1, largest);
    int t2 = CLAMP (MAX (3, 7 / factor + 5 * lossy), t1, largest);
    int t3 = CLAMP (MAX (4, 21 / factor + 7 * lossy), t2, largest);
    guint8 segment[15] = { 0xFF, 0xF8, 0, 13, 1, 0, (guint8) largest, 0, (guint8) t1, 0, (guint8) t2,
                           0, (guint8) t3, 0, 64 };
    guint8 *out = g_malloc (size + sizeof segment);

    memcpy (out, data, at);
    memcpy (out + at, segment, sizeof segment);
    memcpy (out + at + sizeof segment, data + at, size - at);
    *new_size = size + sizeof segment;
    return out;
  }
}

gboolean
rounds_codec_jpeg_ls (const RoundsDicomImage *image, const guint8 *data, gsize size, RoundsFrame *out,
                      GError **error)
{
  Header header;
  g_autofree char *problem = NULL;
  g_autofree guint8 *mended = NULL;
  gsize bytes, out_size, mended_size = 0;

  if (!read_header (data, size, &header) || header.marker != 0xF7)
    return wrong_stream (error);
  if (!check_header (image, &header, error))
    return FALSE;
  bytes = header.precision <= 8 ? 1 : 2;
  out_size = (gsize) image->rows * (gsize) image->columns * (gsize) image->samples * bytes;
  if (image->samples == 1)
    {
      g_autoptr (GError) local = NULL;
      gboolean handled, ok = rounds_codec_jpeg_ls_grey (data, size, image->rows, image->columns, out->data, &handled,
                                                        &local);

      if (ok)
        widen (out, (guint) bytes);
      else if (handled && header.precision >= 8)
        g_propagate_error (error, g_steal_pointer (&local));
      if (ok || (handled && header.precision >= 8))
        return ok;
    }
  if (header.precision < 8)
    mended = with_thresholds (data, size, header.precision, &mended_size);
  if (mended != NULL)
    problem = rounds_dcmtk_decode_jpeg_ls (mended, mended_size, header.rows, header.columns, header.components,
                                           header.precision, out->data, out_size);
  /* What DCMTK itself wrote with its own thresholds is no standard, but is there. */
  if (mended == NULL || problem != NULL)
    {
      g_free (problem);
      problem = rounds_dcmtk_decode_jpeg_ls (data, size, header.rows, header.columns, header.components,
                                             header.precision, out->data, out_size);
    }
  if (problem != NULL)
    {
      g_set_error (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_MALFORMED, _("JPEG-LS: %s"), problem);
      return FALSE;
    }
  widen (out, (guint) bytes);
  return TRUE;
}
