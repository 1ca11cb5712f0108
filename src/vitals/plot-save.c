/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plot as a file: PNG, SVG or PDF by the same drawing.
 *
 * Cairo's own PNG writer compresses for size, which costs more than the drawing; a plot is flat colour, and zlib's
 * run-length strategy gets most of that in a fifth of the time. */
#include "vitals/plot.h"

#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <png.h>
#include <setjmp.h>
#include <string.h>
#include <zlib.h>

#include "vitals/codes.h"

static void
append_png (png_structp png, png_bytep data, png_size_t length)
{
  g_byte_array_append (png_get_io_ptr (png), data, (guint) length);
}

static void
flush_png (png_structp png)
{
}

GBytes *
rounds_plot_surface_to_png (cairo_surface_t *surface, GError **error)
{
  int width = cairo_image_surface_get_width (surface), height = cairo_image_surface_get_height (surface);
  int stride = cairo_image_surface_get_stride (surface);
  const guint8 *pixels = cairo_image_surface_get_data (surface);
  GByteArray *out = g_byte_array_sized_new (64 * 1024);
  png_structp png = png_create_write_struct (PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png != NULL ? png_create_info_struct (png) : NULL;
  guint8 *row = g_malloc ((gsize) width * 3 + 1);

  if (info == NULL || setjmp (png_jmpbuf (png)))
    {
      g_set_error_literal (error, ROUNDS_VITALS_ERROR, ROUNDS_VITALS_ERROR_FILE, _("the picture could not be coded"));
      png_destroy_write_struct (&png, &info);
      g_byte_array_unref (out);
      g_free (row);
      return NULL;
    }
  png_set_write_fn (png, out, append_png, flush_png);
  png_set_IHDR (png, info, (png_uint_32) width, (png_uint_32) height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_filter (png, 0, PNG_FILTER_UP);
  png_set_compression_level (png, 1);
  png_set_compression_strategy (png, Z_RLE);
  png_set_compression_buffer_size (png, 64 * 1024);
  png_write_info (png, info);
  for (int y = 0; y < height; y++)
    {
      const guint32 *from = (const guint32 *) (pixels + (gsize) y * (gsize) stride);

      for (int x = 0; x < width; x++)
        {
          row[3 * x] = (guint8) (from[x] >> 16);
          row[3 * x + 1] = (guint8) (from[x] >> 8);
          row[3 * x + 2] = (guint8) from[x];
        }
      png_write_row (png, row);
    }
  png_write_end (png, info);
  png_destroy_write_struct (&png, &info);
  g_free (row);
  return g_byte_array_free_to_bytes (out);
}

static cairo_status_t
append_bytes (void *closure, const unsigned char *data, unsigned int length)
{
  g_byte_array_append (closure, data, length);
  return CAIRO_STATUS_SUCCESS;
}

static gboolean
draw_all (RoundsPlot *self, cairo_surface_t *surface, int width, int height, const RoundsPlotPalette *palette,
          GError **error)
{
  RoundsPlotPalette solid = *palette;
  cairo_t *cr = cairo_create (surface);
  cairo_status_t status;

  solid.paint_background = TRUE;
  rounds_plot_set_size (self, width, height);
  rounds_plot_draw (self, cr, &solid);
  rounds_plot_draw_overlay (self, cr, &solid, G_MININT64, 0, 0);
  status = cairo_status (cr);
  cairo_destroy (cr);
  if (status == CAIRO_STATUS_SUCCESS)
    return TRUE;
  g_set_error (error, ROUNDS_VITALS_ERROR, ROUNDS_VITALS_ERROR_FILE, _("drawing failed: %s"),
               cairo_status_to_string (status));
  return FALSE;
}

gboolean
rounds_plot_save (RoundsPlot *self, const char *path, int width, int height, const RoundsPlotPalette *palette,
                  GError **error)
{
  cairo_surface_t *surface;
  g_autoptr (GByteArray) vector = NULL;
  g_autoptr (GBytes) bytes = NULL;
  gboolean ok;

  if (width < 60 || height < 60 || width > 16384 || height > 16384)
    {
      g_set_error_literal (error, ROUNDS_VITALS_ERROR, ROUNDS_VITALS_ERROR_INVALID,
                           _("a picture is 60 to 16384 pixels wide and high"));
      return FALSE;
    }
  if (g_str_has_suffix (path, ".png"))
    {
      surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, width, height);
      ok = draw_all (self, surface, width, height, palette, error);
      cairo_surface_flush (surface);
      if (ok)
        bytes = rounds_plot_surface_to_png (surface, error);
    }
  else if (g_str_has_suffix (path, ".svg") || g_str_has_suffix (path, ".pdf"))
    {
      vector = g_byte_array_new ();
      surface = g_str_has_suffix (path, ".svg")
                  ? cairo_svg_surface_create_for_stream (append_bytes, vector, width, height)
                  : cairo_pdf_surface_create_for_stream (append_bytes, vector, width, height);
      ok = draw_all (self, surface, width, height, palette, error);
      cairo_surface_finish (surface);
      if (ok)
        bytes = g_bytes_new (vector->data, vector->len);
    }
  else
    {
      g_set_error_literal (error, ROUNDS_VITALS_ERROR, ROUNDS_VITALS_ERROR_INVALID,
                           _("the name of a picture ends in .png, .svg or .pdf"));
      return FALSE;
    }
  cairo_surface_destroy (surface);
  if (bytes == NULL)
    return FALSE;
  return g_file_set_contents_full (path, g_bytes_get_data (bytes, NULL), (gssize) g_bytes_get_size (bytes),
                                   G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, error);
}
