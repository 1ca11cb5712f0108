/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames to PNG without a screen, for the command line and for thumbnails. Grey images become grey PNGs: a
 * reader of the file can then tell that nothing was tinted. */
#include "scans/render.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <png.h>
#include <setjmp.h>
#include <string.h>

#include "scans/error.h"
#include "scans/presets.h"

static void
write_cb (png_structp png, png_bytep data, png_size_t size)
{
  g_byte_array_append (png_get_io_ptr (png), data, (guint) size);
}

static void
flush_cb (png_structp png)
{
}

static void
error_cb (png_structp png, png_const_charp message)
{
  png_longjmp (png, 1);
}

static void
warning_cb (png_structp png, png_const_charp message)
{
}

/* data: channels bytes a pixel. A function of its own: setjmp and automatic cleanup do not mix. */
static gboolean
encode (GByteArray *out, const guint8 *data, int columns, int rows, int channels)
{
  png_structp png = png_create_write_struct (PNG_LIBPNG_VER_STRING, NULL, error_cb, warning_cb);
  png_infop info = png != NULL ? png_create_info_struct (png) : NULL;

  if (info == NULL)
    {
      png_destroy_write_struct (&png, NULL);
      return FALSE;
    }
  if (setjmp (png_jmpbuf (png)))
    {
      png_destroy_write_struct (&png, &info);
      return FALSE;
    }
  png_set_write_fn (png, out, write_cb, flush_cb);
  png_set_user_limits (png, 0x7fffffff, 0x7fffffff);
  png_set_IHDR (png, info, (png_uint_32) columns, (png_uint_32) rows, 8,
                channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_compression_level (png, 3);
  png_write_info (png, info);
  for (int r = 0; r < rows; r++)
    png_write_row (png, data + (gsize) r * columns * channels);
  png_write_end (png, info);
  png_destroy_write_struct (&png, &info);
  return TRUE;
}

static GBytes *
encode_bytes (const guint8 *data, int columns, int rows, int channels, GError **error)
{
  GByteArray *out = g_byte_array_new ();

  if (!encode (out, data, columns, rows, channels))
    {
      g_byte_array_unref (out);
      g_set_error_literal (error, ROUNDS_SCANS_ERROR, ROUNDS_SCANS_ERROR_FAILED, _("the picture could not be encoded"));
      return NULL;
    }
  return g_byte_array_free_to_bytes (out);
}

GBytes *
rounds_render_png_argb (const guint32 *argb, int columns, int rows, gboolean grey, GError **error)
{
  gsize n = (gsize) columns * rows;
  int channels = grey ? 1 : 3;
  g_autofree guint8 *data = g_malloc (n * channels);

  for (gsize i = 0; i < n; i++)
    {
      if (grey)
        data[i] = argb[i] & 0xff;
      else
        {
          data[i * 3] = (argb[i] >> 16) & 0xff;
          data[i * 3 + 1] = (argb[i] >> 8) & 0xff;
          data[i * 3 + 2] = argb[i] & 0xff;
        }
    }
  return encode_bytes (data, columns, rows, channels, error);
}

GBytes *
rounds_render_png (const RoundsScanFrame *frame, const RoundsDisplay *display, GError **error)
{
  const RoundsFrame *f = frame->pixels;
  gsize n = (gsize) f->rows * f->columns;
  RoundsDisplay own;

  if (display == NULL)
    {
      rounds_window_default (frame, &own);
      display = &own;
    }
  if (rounds_scan_frame_is_grey (frame))
    {
      g_autofree guint8 *grey = g_malloc (n);
      rounds_lut_render_grey8 (frame, display, grey);
      return encode_bytes (grey, f->columns, f->rows, 1, error);
    }
  else
    {
      g_autofree guint32 *argb = g_new (guint32, n);
      rounds_lut_render_argb (frame, display, argb);
      return rounds_render_png_argb (argb, f->columns, f->rows, FALSE, error);
    }
}

/* Mean of the source pixels below each target pixel. */
static guint32 *
shrink (const guint32 *in, int columns, int rows, int to_columns, int to_rows)
{
  guint32 *out = g_new (guint32, (gsize) to_columns * to_rows);

  for (int r = 0; r < to_rows; r++)
    {
      int r0 = (int) ((gint64) r * rows / to_rows), r1 = (int) ((gint64) (r + 1) * rows / to_rows);

      r1 = MAX (r1, r0 + 1);
      for (int c = 0; c < to_columns; c++)
        {
          int c0 = (int) ((gint64) c * columns / to_columns), c1 = (int) ((gint64) (c + 1) * columns / to_columns);
          guint64 sum[3] = { 0 };
          guint64 n;

          c1 = MAX (c1, c0 + 1);
          for (int y = r0; y < r1; y++)
            for (int x = c0; x < c1; x++)
              {
                guint32 p = in[(gsize) y * columns + x];
                sum[0] += (p >> 16) & 0xff;
                sum[1] += (p >> 8) & 0xff;
                sum[2] += p & 0xff;
              }
          n = (guint64) (r1 - r0) * (c1 - c0);
          out[(gsize) r * to_columns + c] = 0xff000000u | (guint32) ((sum[0] + n / 2) / n) << 16
                                            | (guint32) ((sum[1] + n / 2) / n) << 8
                                            | (guint32) ((sum[2] + n / 2) / n);
        }
    }
  return out;
}

GBytes *
rounds_render_thumbnail (const RoundsScanFrame *frame, const RoundsDisplay *display, int size, GError **error)
{
  const RoundsFrame *f = frame->pixels;
  g_autofree guint32 *full = g_new (guint32, (gsize) f->rows * f->columns);
  g_autofree guint32 *small = NULL;
  double tall = f->rows, wide = f->columns, scale;
  RoundsDisplay own;
  int columns, rows;

  if (display == NULL)
    {
      rounds_window_default (frame, &own);
      display = &own;
    }
  if (frame->image.spacing_mm[0] > 0 && frame->image.spacing_mm[1] > 0)
    tall *= CLAMP (frame->image.spacing_mm[0] / frame->image.spacing_mm[1], 0.05, 20);
  else if (frame->image.pixel_aspect[0] > 0 && frame->image.pixel_aspect[1] > 0)
    tall *= CLAMP (frame->image.pixel_aspect[0] / frame->image.pixel_aspect[1], 0.05, 20);
  scale = MIN (1.0, MIN (size / wide, size / tall));
  columns = MAX (1, (int) lround (wide * scale));
  rows = MAX (1, (int) lround (tall * scale));
  rounds_lut_render_argb (frame, display, full);
  small = shrink (full, f->columns, f->rows, columns, rows);
  return rounds_render_png_argb (small, columns, rows, rounds_scan_frame_is_grey (frame), error);
}
