/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The grey-scale pipeline as pure functions. Pixels of up to 16 bits go through one table from stored value to
 * grey, built for the values that occur: a drag of the window then costs a lookup a pixel, and every pixel gets
 * exactly what the formulas of the standard give. Wider and floating-point pixels pay for the formula each. */
#include "scans/lut.h"

#include <math.h>
#include <string.h>

RoundsVoiFunction
rounds_voi_function_from_string (const char *text)
{
  if (g_strcmp0 (text, "SIGMOID") == 0)
    return ROUNDS_VOI_SIGMOID;
  if (g_strcmp0 (text, "LINEAR_EXACT") == 0)
    return ROUNDS_VOI_LINEAR_EXACT;
  return ROUNDS_VOI_LINEAR;
}

double
rounds_voi_value (const RoundsDisplay *display, double x)
{
  double c = display->center, w = display->width;

  switch (display->function)
    {
    case ROUNDS_VOI_LINEAR:
      w = MAX (w, 1);
      if (x <= c - 0.5 - (w - 1) / 2)
        return 0;
      if (x > c - 0.5 + (w - 1) / 2)
        return 1;
      return (x - (c - 0.5)) / (w - 1) + 0.5;
    case ROUNDS_VOI_LINEAR_EXACT:
      w = MAX (w, G_MINDOUBLE);
      if (x <= c - w / 2)
        return 0;
      if (x > c + w / 2)
        return 1;
      return (x - c) / w + 0.5;
    case ROUNDS_VOI_SIGMOID:
      w = MAX (w, G_MINDOUBLE);
      return 1 / (1 + exp (-4 * (x - c) / w));
    case ROUNDS_VOI_TABLE:
    default:
      return 0;
    }
}

double
rounds_voi_table_value (const RoundsVoiTable *table, double x)
{
  double at;

  if (table->n == 0)
    return 0;
  /* Modality values need not be whole numbers; the table is for whole ones. */
  at = CLAMP (floor (x + 0.5) - table->first, 0, (double) table->n - 1);
  return MIN (1.0, table->entries[(guint) at] / (ldexp (1, table->bits) - 1));
}

static double
apply_voi (const RoundsScanFrame *frame, const RoundsDisplay *display, double x)
{
  if (display->function == ROUNDS_VOI_TABLE)
    return display->table < frame->n_voi_tables ? rounds_voi_table_value (&frame->voi_tables[display->table], x) : 0;
  return rounds_voi_value (display, x);
}

guint8
rounds_lut_value (const RoundsScanFrame *frame, const RoundsDisplay *display, double value)
{
  double y = apply_voi (frame, display, value);

  if (!isfinite (value))
    return 0;
  if (!frame->inverse != !display->invert)
    y = 1 - y;
  return (guint8) floor (CLAMP (y, 0, 1) * 255 + 0.5);
}

/* --- tables -------------------------------------------------------------------------------------- */

static gboolean
fits_table (const RoundsFrame *f)
{
  return f->type <= ROUNDS_PIXEL_INT16;
}

/* Grey by stored value − stored_min. Caller frees. */
static guint8 *
build_table (const RoundsScanFrame *frame, const RoundsDisplay *display)
{
  gint64 n = frame->stored_max - frame->stored_min + 1;
  guint8 *table = g_malloc (n);

  for (gint64 i = 0; i < n; i++)
    {
      double stored = (double) (frame->stored_min + i);

      table[i] = rounds_scan_frame_is_padding (frame, stored)
                   ? 0 : rounds_lut_value (frame, display, rounds_scan_frame_stored_to_modality (frame, stored));
    }
  return table;
}

#define LOOK_UP(type) \
  G_STMT_START { \
    const type *in = (const type *) (gconstpointer) pixels->data; \
    for (gsize i = 0; i < n; i++) \
      EMIT (table[in[i] - low]); \
  } G_STMT_END

#define LOOK_UP_ALL \
  switch (pixels->type) \
    { \
    case ROUNDS_PIXEL_UINT8: LOOK_UP (guint8); break; \
    case ROUNDS_PIXEL_INT8: LOOK_UP (gint8); break; \
    case ROUNDS_PIXEL_UINT16: LOOK_UP (guint16); break; \
    case ROUNDS_PIXEL_INT16: \
    default: LOOK_UP (gint16); break; \
    }

static void
look_up_argb (const RoundsFrame *pixels, const guint8 *table, int low, guint32 *out)
{
  gsize n = (gsize) pixels->rows * pixels->columns;

#define EMIT(v) out[i] = 0xff000000u | (v) * 0x010101u
  LOOK_UP_ALL
#undef EMIT
}

static void
look_up_grey (const RoundsFrame *pixels, const guint8 *table, int low, guint8 *out)
{
  gsize n = (gsize) pixels->rows * pixels->columns;

#define EMIT(v) out[i] = (v)
  LOOK_UP_ALL
#undef EMIT
}

/* Pixels that no table can hold: the formula for each. */
static guint8
slow_value (const RoundsScanFrame *frame, const RoundsDisplay *display, int column, int row)
{
  return rounds_lut_value (frame, display, rounds_scan_frame_value_at (frame, column, row));
}

gboolean
rounds_lut_render_grey8 (const RoundsScanFrame *frame, const RoundsDisplay *display, guint8 *out)
{
  const RoundsFrame *f = frame->pixels;

  if (!rounds_scan_frame_is_grey (frame))
    return FALSE;
  if (fits_table (f))
    {
      g_autofree guint8 *table = build_table (frame, display);
      look_up_grey (f, table, (int) frame->stored_min, out);
      return TRUE;
    }
  for (int r = 0; r < f->rows; r++)
    for (int c = 0; c < f->columns; c++)
      out[(gsize) r * f->columns + c] = slow_value (frame, display, c, r);
  return TRUE;
}

void
rounds_lut_render_argb (const RoundsScanFrame *frame, const RoundsDisplay *display, guint32 *out)
{
  const RoundsFrame *f = frame->pixels;
  guint32 flip = display->invert ? 0xffffffu : 0;

  if (rounds_scan_frame_is_grey (frame) && fits_table (f))
    {
      g_autofree guint8 *table = build_table (frame, display);
      look_up_argb (f, table, (int) frame->stored_min, out);
      return;
    }
  if (f->samples == 3 && f->type == ROUNDS_PIXEL_UINT8)
    {
      gsize n = (gsize) f->rows * f->columns;
      const guint8 *in = f->data;
      for (gsize i = 0; i < n; i++, in += 3)
        out[i] = 0xff000000u | (((guint32) in[0] << 16 | (guint32) in[1] << 8 | in[2]) ^ flip);
      return;
    }
  for (int r = 0; r < f->rows; r++)
    for (int c = 0; c < f->columns; c++)
      {
        guint32 *to = &out[(gsize) r * f->columns + c];

        if (rounds_scan_frame_is_grey (frame))
          *to = 0xff000000u | slow_value (frame, display, c, r) * 0x010101u;
        else
          *to = 0xff000000u | (rounds_scan_frame_colour_at (frame, c, r) ^ flip);
      }
}

void
rounds_lut_render_half_argb (const RoundsScanFrame *frame, const RoundsDisplay *display, guint32 *out)
{
  g_autofree guint8 *table = NULL;

  g_return_if_fail (frame->half != NULL);
  /* A mean lies between its parts: the table of the whole frame holds it. */
  table = build_table (frame, display);
  look_up_argb (frame->half, table, (int) frame->stored_min, out);
}

/* --- values that are not the frame's own --------------------------------------------------------- */

/* A straight line with clamping: what LINEAR and LINEAR_EXACT are, as scale and offset in grey levels. */
static gboolean
as_line (const RoundsScanFrame *frame, const RoundsDisplay *display, float *scale, float *offset)
{
  double w, c, k, b;

  if (display->function == ROUNDS_VOI_LINEAR && display->width > 1)
    {
      w = display->width - 1;
      c = display->center - 0.5;
    }
  else if (display->function == ROUNDS_VOI_LINEAR_EXACT && display->width > 0)
    {
      w = display->width;
      c = display->center;
    }
  else
    return FALSE;
  k = 255 / w;
  b = 127.5 - c * k;
  if (!frame->inverse != !display->invert)
    {
      k = -k;
      b = 255 - b;
    }
  *scale = (float) k;
  *offset = (float) (b + 0.5);
  return TRUE;
}

void
rounds_lut_render_values_argb (const RoundsScanFrame *frame, const float *values, const RoundsDisplay *display,
                               guint32 *out)
{
  const RoundsFrame *f = frame->pixels;
  gsize n = (gsize) f->rows * f->columns;
  float scale, offset;

  if (as_line (frame, display, &scale, &offset))
    for (gsize i = 0; i < n; i++)
      {
        float y = values[i] * scale + offset;

        y = y > 0 ? y : 0;   /* also NaN */
        y = y < 255.5f ? y : 255.5f;
        out[i] = 0xff000000u | (guint32) (int) y * 0x010101u;
      }
  else
    for (gsize i = 0; i < n; i++)
      out[i] = 0xff000000u | rounds_lut_value (frame, display, values[i]) * 0x010101u;
  if (frame->image.has_padding)
    for (gsize i = 0; i < n; i++)
      if (rounds_scan_frame_is_padding (frame, rounds_scan_frame_stored_at (frame, (int) (i % f->columns),
                                                                            (int) (i / f->columns))))
        out[i] = 0xff000000u;
}

void
rounds_lut_render_difference_argb (const float *before, const float *after, gsize n, double limit, guint32 *out)
{
  /* GNOME's blue 3 and yellow 5 on a dark grey: told apart by people who cannot tell red from green. */
  static const float zero[3] = { 32, 32, 36 }, low[3] = { 98, 160, 234 }, high[3] = { 248, 196, 60 };
  float k = limit > 0 ? (float) (1 / limit) : 0;

  for (gsize i = 0; i < n; i++)
    {
      float d = (after[i] - before[i]) * k;
      const float *end = d < 0 ? low : high;
      guint32 rgb = 0;

      d = isfinite (d) ? MIN (fabsf (d), 1) : 0;
      for (int s = 0; s < 3; s++)
        rgb = rgb << 8 | (guint32) (zero[s] + d * (end[s] - zero[s]) + 0.5f);
      out[i] = 0xff000000u | rgb;
    }
}
