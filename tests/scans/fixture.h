/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Small DICOM objects made by hand, so that the tests know every byte of them. */

#include <math.h>
#include <string.h>

#include "dicom/frame.h"
#include "scans/scan-frame.h"

typedef struct {
  const char *sop_uid, *series_uid, *study_uid, *modality;
  const char *patient_id, *patient_name, *birth_date;
  const char *photometric;       /* default MONOCHROME2 */
  const char *window_center, *window_width, *voi_function, *slope, *intercept, *rescale_type, *shape;
  const char *spacing, *imager_spacing, *position, *orientation;
  int instance_number, rows, columns, bits_stored, frames;
  gboolean is_signed, has_padding;
  int padding;
  const guint16 *voi_lut;        /* table with its descriptor (n, first, bits) before it */
  guint voi_lut_n;
  const guint16 *modality_lut;
  guint modality_lut_n;
  gboolean preamble;             /* something in the first 128 bytes */
  const void *pixels;            /* 16 bit allocated */
} Spec;

static inline void
put_u16 (GByteArray *out, guint v)
{
  guint8 b[2] = { v & 0xff, (v >> 8) & 0xff };
  g_byte_array_append (out, b, 2);
}

static inline void
put_u32 (GByteArray *out, guint32 v)
{
  put_u16 (out, v & 0xffff);
  put_u16 (out, v >> 16);
}

static inline void
put_element (GByteArray *out, guint32 tag, const char *vr, const void *value, gsize size)
{
  gsize padded = size + size % 2;

  put_u16 (out, tag >> 16);
  put_u16 (out, tag & 0xffff);
  g_byte_array_append (out, (const guint8 *) vr, 2);
  if (strstr ("OB OW SQ UN UT", vr) != NULL)
    {
      put_u16 (out, 0);
      put_u32 (out, (guint32) padded);
    }
  else
    put_u16 (out, (guint) padded);
  g_byte_array_append (out, value, (guint) size);
  if (size % 2 != 0)
    g_byte_array_append (out, (const guint8 *) (g_str_equal (vr, "UI") || g_str_equal (vr, "OB") ? "\0" : " "), 1);
}

static inline void
put_text (GByteArray *out, guint32 tag, const char *vr, const char *text)
{
  if (text != NULL)
    put_element (out, tag, vr, text, strlen (text));
}

static inline void
put_us (GByteArray *out, guint32 tag, const char *vr, int value)
{
  guint8 b[2] = { value & 0xff, (value >> 8) & 0xff };
  put_element (out, tag, vr, b, 2);
}

static inline void
put_lut (GByteArray *out, guint32 tag, const guint16 *lut, guint n)
{
  g_autoptr (GByteArray) item = g_byte_array_new (), sequence = g_byte_array_new ();
  g_autoptr (GByteArray) words = g_byte_array_new ();

  if (lut == NULL)
    return;
  for (guint i = 0; i < 3; i++)
    put_u16 (words, lut[i]);
  put_element (item, 0x00283002, "US", words->data, words->len);
  g_byte_array_set_size (words, 0);
  for (guint i = 3; i < n + 3; i++)
    put_u16 (words, lut[i]);
  put_element (item, 0x00283006, "OW", words->data, words->len);
  put_u16 (sequence, 0xfffe);
  put_u16 (sequence, 0xe000);
  put_u32 (sequence, item->len);
  g_byte_array_append (sequence, item->data, item->len);
  put_element (out, tag, "SQ", sequence->data, sequence->len);
}

static inline const char *
or_else (const char *text, const char *other)
{
  return text != NULL ? text : other;
}

static inline GBytes *
make_dicom (const Spec *s)
{
  g_autoptr (GByteArray) meta = g_byte_array_new ();
  GByteArray *out = g_byte_array_new ();
  guint8 head[128] = { 0 };
  g_autofree char *frames = s->frames > 0 ? g_strdup_printf ("%d", s->frames) : NULL;
  g_autofree char *number = g_strdup_printf ("%d", s->instance_number);

  if (s->preamble)
    memcpy (head, "#!/bin/sh\n", 10);
  g_byte_array_append (out, head, 128);
  g_byte_array_append (out, (const guint8 *) "DICM", 4);
  put_element (meta, 0x00020001, "OB", "\0\1", 2);
  put_text (meta, 0x00020002, "UI", "1.2.840.10008.5.1.4.1.1.2");
  put_text (meta, 0x00020003, "UI", or_else (s->sop_uid, "1.2.3.4.1"));
  put_text (meta, 0x00020010, "UI", "1.2.840.10008.1.2.1");
  put_text (meta, 0x00020012, "UI", "1.2.3.4");
  {
    guint8 b[4] = { meta->len & 0xff, meta->len >> 8, 0, 0 };
    put_element (out, 0x00020000, "UL", b, 4);
  }
  g_byte_array_append (out, meta->data, meta->len);
  put_text (out, 0x00080005, "CS", "ISO_IR 192");
  put_text (out, 0x00080008, "CS", "ORIGINAL\\PRIMARY\\AXIAL");
  put_text (out, 0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2");
  put_text (out, 0x00080018, "UI", or_else (s->sop_uid, "1.2.3.4.1"));
  put_text (out, 0x00080020, "DA", "20260301");
  put_text (out, 0x00080030, "TM", "075500");
  put_text (out, 0x00080060, "CS", or_else (s->modality, "CT"));
  put_text (out, 0x00081030, "LO", "Made by hand");
  put_text (out, 0x0008103e, "LO", "Soft tissue");
  put_text (out, 0x00100010, "PN", s->patient_name);
  put_text (out, 0x00100020, "LO", s->patient_id);
  put_text (out, 0x00100030, "DA", s->birth_date);
  put_text (out, 0x00181164, "DS", s->imager_spacing);
  put_text (out, 0x0020000d, "UI", or_else (s->study_uid, "1.2.3.4.9"));
  put_text (out, 0x0020000e, "UI", or_else (s->series_uid, "1.2.3.4.8"));
  put_text (out, 0x00200011, "IS", "2");
  put_text (out, 0x00200013, "IS", number);
  put_text (out, 0x00200032, "DS", s->position);
  put_text (out, 0x00200037, "DS", s->orientation);
  put_us (out, 0x00280002, "US", 1);
  put_text (out, 0x00280004, "CS", or_else (s->photometric, "MONOCHROME2"));
  put_text (out, 0x00280008, "IS", frames);
  put_us (out, 0x00280010, "US", s->rows);
  put_us (out, 0x00280011, "US", s->columns);
  put_text (out, 0x00280030, "DS", s->spacing);
  put_us (out, 0x00280100, "US", 16);
  put_us (out, 0x00280101, "US", s->bits_stored > 0 ? s->bits_stored : 16);
  put_us (out, 0x00280102, "US", (s->bits_stored > 0 ? s->bits_stored : 16) - 1);
  put_us (out, 0x00280103, "US", s->is_signed);
  if (s->has_padding)
    put_us (out, 0x00280120, s->is_signed ? "SS" : "US", s->padding);
  put_text (out, 0x00281050, "DS", s->window_center);
  put_text (out, 0x00281051, "DS", s->window_width);
  put_text (out, 0x00281052, "DS", s->intercept);
  put_text (out, 0x00281053, "DS", s->slope);
  put_text (out, 0x00281054, "LO", s->rescale_type);
  put_text (out, 0x00281056, "CS", s->voi_function);
  put_lut (out, 0x00283000, s->modality_lut, s->modality_lut_n);
  put_lut (out, 0x00283010, s->voi_lut, s->voi_lut_n);
  put_text (out, 0x20500020, "CS", s->shape);
  put_element (out, 0x7fe00010, "OW", s->pixels, (gsize) s->rows * s->columns * 2 * MAX (s->frames, 1));
  return g_byte_array_free_to_bytes (out);
}

static inline RoundsScanFrame *
load_spec (const Spec *s)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = make_dicom (s);
  g_autoptr (RoundsDicomFile) file = rounds_dicom_file_new (bytes, &error);
  RoundsScanFrame *frame;

  g_assert_no_error (error);
  frame = rounds_scan_frame_load (file, 0, &error);
  g_assert_no_error (error);
  return frame;
}

/* A made-up abdomen: air, a body, a bright disc and noise from a fixed seed; values as CT stores them. */
static inline gint16 *
make_ct (int rows, int columns, guint32 seed)
{
  gint16 *out = g_new (gint16, (gsize) rows * columns);
  GRand *rand = g_rand_new_with_seed (seed);

  for (int r = 0; r < rows; r++)
    for (int c = 0; c < columns; c++)
      {
        double x = (c + 0.5) / columns * 2 - 1, y = (r + 0.5) / rows * 2 - 1;
        double v = x * x + y * y < 0.8 ? 40 : -1000;

        if (hypot (x - 0.3, y) < 0.2)
          v = 90;
        /* Sum of uniforms: near enough to a bell for a test. */
        for (int i = 0; i < 4; i++)
          v += (g_rand_double (rand) - 0.5) * 40;
        out[(gsize) r * columns + c] = (gint16) lrint (CLAMP (v, -1024, 3071));
      }
  g_rand_free (rand);
  return out;
}
