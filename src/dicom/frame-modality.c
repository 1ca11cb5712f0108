/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stored values to modality units: the Modality LUT where there is one, else slope and intercept of the frame
 * (PS3.3 C.11.1). Computed in double and kept in float, which holds every integer that a scanner stores. */
#include <glib/gi18n-lib.h>

#include "dicom/codec.h"

typedef struct {
  const guint8 *p;
  gboolean big, narrow;
  int first, size;
} ModalityLut;

static gboolean
read_lut (RoundsDicomFile *file, gboolean is_signed, ModalityLut *out)
{
  const RoundsDataset *set = file->set;
  const RoundsElement *item = rounds_dataset_item (set, rounds_dataset_find (set, NULL, 0x00283000u), 0);
  const RoundsElement *descriptor, *data;
  gint64 n, first, bits;

  if (item == NULL)
    return FALSE;
  descriptor = rounds_dataset_find (set, item, 0x00283002u);
  data = rounds_dataset_find (set, item, 0x00283006u);
  if (data == NULL || !rounds_dataset_get_int (set, descriptor, 0, &n) ||
      !rounds_dataset_get_int (set, descriptor, 1, &first) || !rounds_dataset_get_int (set, descriptor, 2, &bits))
    return FALSE;
  n &= 0xFFFF;
  out->size = n == 0 ? 65536 : (int) n;
  out->first = is_signed ? (gint16) first : (guint16) first;
  out->big = (data->flags & ROUNDS_ELEMENT_BIG) != 0;
  out->p = rounds_dataset_value (set, data);
  out->narrow = bits <= 8 && data->length < 2 * (guint) out->size;
  return data->length >= (guint) out->size * (out->narrow ? 1u : 2u);
}

static double
stored_value (const RoundsFrame *frame, gsize i)
{
  const void *p = frame->data;

  switch (frame->type)
    {
    case ROUNDS_PIXEL_UINT8: return ((const guint8 *) p)[i];
    case ROUNDS_PIXEL_INT8: return ((const gint8 *) p)[i];
    case ROUNDS_PIXEL_UINT16: return ((const guint16 *) p)[i];
    case ROUNDS_PIXEL_INT16: return ((const gint16 *) p)[i];
    case ROUNDS_PIXEL_UINT32: return ((const guint32 *) p)[i];
    case ROUNDS_PIXEL_INT32: return ((const gint32 *) p)[i];
    case ROUNDS_PIXEL_FLOAT32: return ((const float *) p)[i];
    default: return ((const double *) p)[i];
    }
}

static void
scale (const RoundsFrame *frame, double slope, double intercept, float *out, gsize n)
{
  const void *data = frame->data;

#define SCALE(Type)                                          \
  do                                                         \
    {                                                        \
      const Type *p = data;                                  \
      for (gsize i = 0; i < n; i++)                          \
        out[i] = (float) (p[i] * slope + intercept);         \
    }                                                        \
  while (0)
  switch (frame->type)
    {
    case ROUNDS_PIXEL_UINT8: SCALE (guint8); break;
    case ROUNDS_PIXEL_INT8: SCALE (gint8); break;
    case ROUNDS_PIXEL_UINT16: SCALE (guint16); break;
    case ROUNDS_PIXEL_INT16: SCALE (gint16); break;
    case ROUNDS_PIXEL_UINT32: SCALE (guint32); break;
    case ROUNDS_PIXEL_INT32: SCALE (gint32); break;
    case ROUNDS_PIXEL_FLOAT32: SCALE (float); break;
    case ROUNDS_PIXEL_FLOAT64: SCALE (double); break;
    }
#undef SCALE
}

float *
rounds_frame_to_modality (const RoundsFrame *frame, RoundsDicomFile *file, int frame_index, GError **error)
{
  RoundsDicomImage image;
  ModalityLut lut = { 0 };
  float *out;
  gsize n;

  g_return_val_if_fail (frame != NULL && file != NULL, NULL);

  if (frame->samples != 1 || frame->palette != NULL)
    {
      g_set_error_literal (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_UNSUPPORTED,
                           _("a colour image has no modality units"));
      return NULL;
    }
  if (!rounds_dicom_file_get_image (file, frame_index, &image, error))
    return NULL;
  if (image.has_modality_lut && !read_lut (file, image.is_signed, &lut))
    {
      g_set_error_literal (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_MALFORMED, _("the Modality LUT is damaged"));
      return NULL;
    }
  n = (gsize) frame->rows * (gsize) frame->columns;
  out = g_new (float, n);
  if (!image.has_modality_lut)
    {
      scale (frame, image.slope, image.intercept, out, n);
      return out;
    }
  for (gsize i = 0; i < n; i++)
    {
      int at = (int) CLAMP (stored_value (frame, i) - lut.first, 0, lut.size - 1);
      out[i] = lut.narrow ? lut.p[at] : rounds_read_u16 (lut.p + 2 * (gsize) at, lut.big);
    }
  return out;
}
