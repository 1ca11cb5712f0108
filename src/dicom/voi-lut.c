/* SPDX-License-Identifier: GPL-3.0-or-later */
/* VOI LUT Sequence: how a file says by table what its window would only say by a line. A damaged table is passed
 * over: the window, or the image itself, then decides how it looks; no value is lost by that. */
#include "dicom/voi-lut.h"

#include "dicom/file-private.h"

#define FRAME_VOI_LUT 0x00289132u

gboolean
rounds_dicom_file_read_voi_lut (RoundsDicomFile *self, int frame, guint n, RoundsDicomVoiLut *out)
{
  const RoundsDataset *set = self->set;
  const RoundsElement *sequence = rounds_dicom_file_find (self, frame, FRAME_VOI_LUT, 0x00283010u);
  const RoundsElement *item = sequence != NULL ? rounds_dataset_item (set, sequence, n) : NULL;
  const RoundsElement *descriptor, *data;
  const guint8 *p;
  gint64 count, first, bits;
  gboolean big, narrow;
  RoundsDicomImage image;

  if (item == NULL || !rounds_dicom_file_get_image (self, frame, &image, NULL))
    return FALSE;
  descriptor = rounds_dataset_find (set, item, 0x00283002u);
  data = rounds_dataset_find (set, item, 0x00283006u);
  if (data == NULL || !rounds_dataset_get_int (set, descriptor, 0, &count)
      || !rounds_dataset_get_int (set, descriptor, 1, &first) || !rounds_dataset_get_int (set, descriptor, 2, &bits))
    return FALSE;
  count &= 0xFFFF;
  count = count == 0 ? 65536 : count;
  if (bits < 8 || bits > 16)
    return FALSE;
  /* Entries of 8 bits come one a byte or one a word. */
  narrow = bits == 8 && data->length < 2 * (guint64) count;
  if (data->length < (guint64) count * (narrow ? 1 : 2))
    return FALSE;
  big = (data->flags & ROUNDS_ELEMENT_BIG) != 0;
  p = rounds_dataset_value (set, data);
  /* Inputs are modality values: negative ones are possible with a sign or a negative intercept. */
  *out = (RoundsDicomVoiLut) { .n = (guint) count, .bits = (int) bits };
  out->first = image.is_signed || image.intercept < 0 ? (gint16) first : (guint16) first;
  out->entries = g_new (guint16, out->n);
  for (guint i = 0; i < out->n; i++)
    out->entries[i] = narrow ? p[i] : rounds_read_u16 (p + 2 * (gsize) i, big);
  out->explanation = rounds_dataset_dup_text (set, item, rounds_dataset_find (set, item, 0x00283003u), NULL);
  return TRUE;
}

void
rounds_dicom_voi_lut_clear (RoundsDicomVoiLut *self)
{
  g_clear_pointer (&self->entries, g_free);
  g_clear_pointer (&self->explanation, g_free);
  self->n = 0;
}
