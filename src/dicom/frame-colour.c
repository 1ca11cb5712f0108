/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Colour: palettes as tables of 0xRRGGBB beside the indices, and Y, Cb, Cr to R, G, B. The matrix is computed in
 * single precision and rounded half up, as pydicom does it, so that both give the same bytes. */
#include "dicom/codec.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

static gboolean
bad_palette (GError **error)
{
  g_set_error_literal (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_MALFORMED,
                       _("the colour table is missing or damaged"));
  return FALSE;
}

typedef struct {
  const guint8 *p;
  gsize n;           /* words */
  gboolean big;
} Words;

static guint16
word (const Words *words, gsize at)
{
  return rounds_read_u16 (words->p + 2 * at, words->big);
}

/* Expands segments from at to end into out; FALSE when they lie (PS3.3 C.7.9.2). depth: indirect segments may not
 * hold further ones. */
static gboolean
expand_segments (const Words *words, gsize at, gsize n_segments, guint16 *out, guint size, guint *used,
                 gboolean indirect)
{
  while (at + 2 <= words->n && *used < size && n_segments-- > 0)
    {
      guint16 code = word (words, at);
      guint count = word (words, at + 1);

      at += 2;
      if (code == 0)
        {
          if (at + count > words->n || *used + count > size)
            return FALSE;
          for (guint i = 0; i < count; i++)
            out[(*used)++] = word (words, at + i);
          at += count;
        }
      else if (code == 1)
        {
          int from, to;

          if (at >= words->n || *used == 0 || *used + count > size)
            return FALSE;
          from = out[*used - 1];
          to = word (words, at++);
          for (guint i = 1; i <= count; i++)
            out[(*used)++] = (guint16) floor (from + (double) (to - from) * i / count + 0.5);
        }
      else if (code == 2 && !indirect)
        {
          gsize offset;

          if (at + 2 > words->n)
            return FALSE;
          offset = word (words, at) | (gsize) word (words, at + 1) << 16;
          at += 2;
          if (!expand_segments (words, offset, count, out, size, used, TRUE))
            return FALSE;
        }
      else
        return FALSE;
    }
  return TRUE;
}

/* One of the three tables, 16 bits an entry. */
static guint16 *
read_table (RoundsDicomFile *file, guint32 tag, guint32 segmented_tag, guint size, int bits)
{
  const RoundsElement *data = rounds_dataset_find (file->set, NULL, tag);
  const RoundsElement *segments = rounds_dataset_find (file->set, NULL, segmented_tag);
  g_autofree guint16 *out = g_new0 (guint16, size);
  guint16 largest = 0;

  if (data != NULL && data->length > 0)
    {
      const guint8 *p = rounds_dataset_value (file->set, data);
      gboolean big = (data->flags & ROUNDS_ELEMENT_BIG) != 0;

      if (data->length / 2 >= size)
        for (guint i = 0; i < size; i++)
          out[i] = rounds_read_u16 (p + 2 * i, big);
      else if (data->length >= size && bits <= 8)
        /* Two entries in a word, the first in its low byte. */
        for (guint i = 0; i < size; i++)
          out[i] = p[big && rounds_dataset_vr (file->set, data) != ROUNDS_VR ('O', 'B') &&
                           (i ^ 1) < data->length ? i ^ 1 : i];
      else
        return NULL;
    }
  else if (segments != NULL && segments->length > 0)
    {
      Words words = { rounds_dataset_value (file->set, segments), segments->length / 2,
                      (segments->flags & ROUNDS_ELEMENT_BIG) != 0 };
      guint used = 0;

      if (!expand_segments (&words, 0, G_MAXSIZE, out, size, &used, FALSE) || used != size)
        return NULL;
    }
  else
    return NULL;
  for (guint i = 0; i < size; i++)
    largest = MAX (largest, out[i]);
  /* 16-bit tables that only use the low byte are a common mistake: nothing would be seen. */
  if (bits > 8 && largest > 0xFF)
    for (guint i = 0; i < size; i++)
      out[i] >>= 8;
  else
    for (guint i = 0; i < size; i++)
      out[i] &= 0xFF;
  return g_steal_pointer (&out);
}

gboolean
rounds_frame_read_palette (RoundsFrame *frame, RoundsDicomFile *file, const RoundsDicomImage *image, GError **error)
{
  guint16 *tables[3] = { NULL, NULL, NULL };
  gint64 n = 0, first = 0, bits = 0;
  gboolean ok = TRUE;
  guint size = 0;

  for (guint i = 0; i < 3 && ok; i++)
    {
      const RoundsElement *descriptor = rounds_dataset_find (file->set, NULL, 0x00281101u + i);

      ok = rounds_dataset_get_int (file->set, descriptor, 0, &n) &&
           rounds_dataset_get_int (file->set, descriptor, 1, &first) &&
           rounds_dataset_get_int (file->set, descriptor, 2, &bits);
      n &= 0xFFFF;
      n = n == 0 ? 65536 : n;
      ok = ok && (i == 0 || size == n);
      size = (guint) n;
      if (ok)
        ok = (tables[i] = read_table (file, 0x00281201u + i, 0x00281221u + i, size, (int) bits)) != NULL;
    }
  if (ok)
    {
      frame->palette = g_new (guint32, size);
      frame->palette_size = size;
      frame->palette_first = image->is_signed ? (gint16) first : (guint16) first;
      for (guint i = 0; i < size; i++)
        frame->palette[i] = (guint32) tables[0][i] << 16 | (guint32) tables[1][i] << 8 | tables[2][i];
    }
  for (guint i = 0; i < 3; i++)
    g_free (tables[i]);
  return ok || bad_palette (error);
}

static inline float
limit (float value, float top)
{
  value = floorf (value + 0.5f);
  return value < 0 ? 0 : value > top ? top : value;
}

void
rounds_ybr_to_rgb (RoundsFrame *frame, int bits_stored, gboolean full)
{
  gsize n = (gsize) frame->rows * (gsize) frame->columns;
  gboolean wide = rounds_pixel_type_size (frame->type) == 2;
  float top = (float) ((1 << bits_stored) - 1), middle = (float) (1 << (bits_stored - 1));
  float scale_y = full ? 1 : 255.0f / 219, scale_c = full ? 1 : 255.0f / 224;
  float black = full ? 0 : 16 * (top + 1) / 256;
  const float cb_g = (float) (-0.114 * 1.772 / 0.587), cr_g = (float) (-0.299 * 1.402 / 0.587);

  for (gsize i = 0; i < n; i++)
    {
      guint8 *narrow_pixel = frame->data + 3 * i;
      guint16 *wide_pixel = (guint16 *) (void *) frame->data + 3 * i;
      float y = (wide ? wide_pixel[0] : narrow_pixel[0]) - black;
      float cb = (wide ? wide_pixel[1] : narrow_pixel[1]) - middle;
      float cr = (wide ? wide_pixel[2] : narrow_pixel[2]) - middle;
      float r, g, b;

      y *= scale_y;
      cb *= scale_c;
      cr *= scale_c;
      r = limit (y + 1.402f * cr, top);
      g = limit (y + cb_g * cb + cr_g * cr, top);
      b = limit (y + 1.772f * cb, top);
      if (wide)
        {
          wide_pixel[0] = (guint16) r;
          wide_pixel[1] = (guint16) g;
          wide_pixel[2] = (guint16) b;
        }
      else
        {
          narrow_pixel[0] = (guint8) r;
          narrow_pixel[1] = (guint8) g;
          narrow_pixel[2] = (guint8) b;
        }
    }
}
