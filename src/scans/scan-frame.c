/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A decoded frame with everything that showing and measuring it needs. The file it came from is let go of:
 * a stack of hundreds of frames then costs little more than its pixels. The price is that VOI and modality
 * tables are read once per frame, which is small beside decoding. */
#include "scans/scan-frame.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "dicom/voi-lut.h"
#include "scans/error.h"

#define HALF_FROM_PIXELS (1024 * 1024)   /* larger frames get a half-size copy for display */

static gint64
read_int (const RoundsFrame *f, gsize i)
{
  switch (f->type)
    {
    case ROUNDS_PIXEL_UINT8: return f->data[i];
    case ROUNDS_PIXEL_INT8: return ((const gint8 *) f->data)[i];
    case ROUNDS_PIXEL_UINT16: return ((const guint16 *) (gconstpointer) f->data)[i];
    case ROUNDS_PIXEL_INT16: return ((const gint16 *) (gconstpointer) f->data)[i];
    case ROUNDS_PIXEL_UINT32: return ((const guint32 *) (gconstpointer) f->data)[i];
    case ROUNDS_PIXEL_INT32: return ((const gint32 *) (gconstpointer) f->data)[i];
    case ROUNDS_PIXEL_FLOAT32:
    case ROUNDS_PIXEL_FLOAT64:
    default: return 0;
    }
}

static double
read_value (const RoundsFrame *f, gsize i)
{
  if (f->type == ROUNDS_PIXEL_FLOAT32)
    return ((const float *) (gconstpointer) f->data)[i];
  if (f->type == ROUNDS_PIXEL_FLOAT64)
    return ((const double *) (gconstpointer) f->data)[i];
  return (double) read_int (f, i);
}

gboolean
rounds_scan_frame_is_grey (const RoundsScanFrame *self)
{
  return self->pixels->samples == 1 && !g_str_equal (self->pixels->photometric, "PALETTE COLOR");
}

gboolean
rounds_scan_frame_is_padding (const RoundsScanFrame *self, double stored)
{
  return self->image.has_padding && stored >= self->image.padding_low && stored <= self->image.padding_high;
}

double
rounds_scan_frame_stored_to_modality (const RoundsScanFrame *self, double stored)
{
  if (self->modality_table != NULL)
    {
      double at = CLAMP (stored - self->table_first, 0, (double) self->table_n - 1);
      return self->modality_table[(guint) at];
    }
  return stored * self->image.slope + self->image.intercept;
}

double
rounds_scan_frame_stored_at (const RoundsScanFrame *self, int column, int row)
{
  const RoundsFrame *f = self->pixels;

  if (column < 0 || row < 0 || column >= f->columns || row >= f->rows)
    return 0;
  return read_value (f, ((gsize) row * f->columns + column) * f->samples);
}

double
rounds_scan_frame_value_at (const RoundsScanFrame *self, int column, int row)
{
  const RoundsFrame *f = self->pixels;
  double stored;

  if (column < 0 || row < 0 || column >= f->columns || row >= f->rows || !rounds_scan_frame_is_grey (self))
    return NAN;
  stored = read_value (f, (gsize) row * f->columns + column);
  return rounds_scan_frame_is_padding (self, stored) ? NAN : rounds_scan_frame_stored_to_modality (self, stored);
}

guint32
rounds_scan_frame_colour_at (const RoundsScanFrame *self, int column, int row)
{
  const RoundsFrame *f = self->pixels;
  gsize i;

  if (column < 0 || row < 0 || column >= f->columns || row >= f->rows)
    return 0;
  i = ((gsize) row * f->columns + column) * f->samples;
  if (f->palette != NULL && f->palette_size > 0)
    {
      gint64 at = CLAMP (read_int (f, i) - f->palette_first, 0, (gint64) f->palette_size - 1);
      return f->palette[at] & 0xffffff;
    }
  if (f->samples == 3 && rounds_pixel_type_size (f->type) == 1)
    return (guint32) f->data[i] << 16 | (guint32) f->data[i + 1] << 8 | f->data[i + 2];
  if (f->samples == 3)
    {
      guint32 rgb = 0;
      int shift = MAX (self->image.bits_stored - 8, 0);

      for (int s = 0; s < 3; s++)
        rgb = rgb << 8 | (guint32) CLAMP (read_int (f, i + s) >> shift, 0, 255);
      return rgb;
    }
  return 0;
}

float *
rounds_scan_frame_dup_modality (const RoundsScanFrame *self)
{
  const RoundsFrame *f = self->pixels;
  gsize n = (gsize) f->rows * f->columns;
  float *out;

  if (!rounds_scan_frame_is_grey (self))
    return NULL;
  out = g_new (float, n);
  if (f->type == ROUNDS_PIXEL_INT16 && self->modality_table == NULL)
    {
      /* The usual CT: worth a loop that the compiler can vectorise. */
      const gint16 *in = (const gint16 *) (gconstpointer) f->data;
      float slope = (float) self->image.slope, intercept = (float) self->image.intercept;
      for (gsize i = 0; i < n; i++)
        out[i] = in[i] * slope + intercept;
    }
  else
    for (gsize i = 0; i < n; i++)
      out[i] = (float) rounds_scan_frame_stored_to_modality (self, read_value (f, i));
  return out;
}

static void
write_int (guint8 *data, RoundsPixelType type, gsize i, gint64 v)
{
  switch (type)
    {
    case ROUNDS_PIXEL_UINT8: data[i] = (guint8) v; break;
    case ROUNDS_PIXEL_INT8: ((gint8 *) data)[i] = (gint8) v; break;
    case ROUNDS_PIXEL_UINT16: ((guint16 *) (gpointer) data)[i] = (guint16) v; break;
    case ROUNDS_PIXEL_INT16: ((gint16 *) (gpointer) data)[i] = (gint16) v; break;
    case ROUNDS_PIXEL_UINT32: ((guint32 *) (gpointer) data)[i] = (guint32) v; break;
    case ROUNDS_PIXEL_INT32: ((gint32 *) (gpointer) data)[i] = (gint32) v; break;
    case ROUNDS_PIXEL_FLOAT32:
    case ROUNDS_PIXEL_FLOAT64:
    default: break;
    }
}

guint8 *
rounds_scan_frame_to_stored (const RoundsScanFrame *self, const float *modality, gsize *size_bytes, GError **error)
{
  const RoundsFrame *f = self->pixels;
  gsize n = (gsize) f->rows * f->columns;
  g_autofree guint8 *out = NULL;
  int bits = CLAMP (self->image.bits_stored, 1, 32);
  double low, high;

  if (!rounds_scan_frame_is_grey (self) || self->modality_table != NULL || self->image.slope == 0)
    {
      g_set_error_literal (error, ROUNDS_SCANS_ERROR, ROUNDS_SCANS_ERROR_INVALID,
                           _("values of this image cannot be written back: it is in colour or has a modality table"));
      return NULL;
    }
  low = self->image.is_signed ? -ldexp (1, bits - 1) : 0;
  high = self->image.is_signed ? ldexp (1, bits - 1) - 1 : ldexp (1, bits) - 1;
  out = g_memdup2 (f->data, f->size);
  for (gsize i = 0; i < n; i++)
    {
      double before = read_value (f, i), v;

      if (rounds_scan_frame_is_padding (self, before) || !isfinite (modality[i]))
        continue;
      v = (modality[i] - self->image.intercept) / self->image.slope;
      if (f->type == ROUNDS_PIXEL_FLOAT32)
        ((float *) (gpointer) out)[i] = (float) v;
      else if (f->type == ROUNDS_PIXEL_FLOAT64)
        ((double *) (gpointer) out)[i] = v;
      else
        {
          v = CLAMP (rint (v), low, high);
          /* A pixel must not become padding by being written back. */
          if (rounds_scan_frame_is_padding (self, v))
            v = before;
          write_int (out, f->type, i, (gint64) v);
        }
    }
  if (size_bytes != NULL)
    *size_bytes = f->size;
  return g_steal_pointer (&out);
}

/* --- making one ---------------------------------------------------------------------------------- */

/* Means of 2×2 stored values; padding does not mix with image. */
static RoundsFrame *
make_half (const RoundsScanFrame *self)
{
  const RoundsFrame *f = self->pixels;
  RoundsFrame *half;
  int rows = f->rows / 2, columns = f->columns / 2;
  gsize size = rounds_pixel_type_size (f->type);

  if ((gsize) f->rows * f->columns < HALF_FROM_PIXELS || rows < 1 || columns < 1 || f->samples != 1
      || f->palette != NULL || f->type == ROUNDS_PIXEL_FLOAT32 || f->type == ROUNDS_PIXEL_FLOAT64 || size > 2)
    return NULL;
  half = g_new0 (RoundsFrame, 1);
  *half = (RoundsFrame) { .rows = rows, .columns = columns, .samples = 1, .type = f->type, .lossy = f->lossy,
                          .size = (gsize) rows * columns * size, .ref_count = 1 };
  memcpy (half->photometric, f->photometric, sizeof half->photometric);
  half->data = g_malloc (half->size);
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < columns; c++)
      {
        gsize at = (gsize) (2 * r) * f->columns + 2 * c;
        const gsize four[4] = { at, at + 1, at + f->columns, at + f->columns + 1 };
        gint64 sum = 0;
        int n = 0;

        for (int k = 0; k < 4; k++)
          {
            gint64 v = read_int (f, four[k]);
            if (self->image.has_padding && rounds_scan_frame_is_padding (self, (double) v))
              continue;
            sum += v;
            n++;
          }
        write_int (half->data, f->type, (gsize) r * columns + c,
                   n == 0 ? read_int (f, at) : (gint64) floor ((double) sum / n + 0.5));
      }
  return half;
}

static void
find_range (RoundsScanFrame *self)
{
  const RoundsFrame *f = self->pixels;
  gsize n = (gsize) f->rows * f->columns * f->samples;
  gboolean floating = f->type == ROUNDS_PIXEL_FLOAT32 || f->type == ROUNDS_PIXEL_FLOAT64;
  gint64 low = G_MAXINT64, high = G_MININT64;

  self->min = G_MAXDOUBLE;
  self->max = -G_MAXDOUBLE;
  if (f->type == ROUNDS_PIXEL_INT16)
    {
      const gint16 *in = (const gint16 *) (gconstpointer) f->data;
      gint16 a = G_MAXINT16, b = G_MININT16;
      for (gsize i = 0; i < n; i++)
        {
          a = MIN (a, in[i]);
          b = MAX (b, in[i]);
        }
      low = a;
      high = b;
    }
  else if (!floating)
    for (gsize i = 0; i < n; i++)
      {
        gint64 v = read_int (f, i);
        low = MIN (low, v);
        high = MAX (high, v);
      }
  self->stored_min = n > 0 && !floating ? low : 0;
  self->stored_max = n > 0 && !floating ? high : 0;
  if (!rounds_scan_frame_is_grey (self))
    return;
  if (!self->image.has_padding && self->modality_table == NULL && !floating && n > 0)
    {
      double a = rounds_scan_frame_stored_to_modality (self, (double) low);
      double b = rounds_scan_frame_stored_to_modality (self, (double) high);
      self->min = MIN (a, b);
      self->max = MAX (a, b);
      return;
    }
  for (gsize i = 0; i < n; i++)
    {
      double stored = read_value (f, i), v;

      if (!isfinite (stored) || rounds_scan_frame_is_padding (self, stored))
        continue;
      v = rounds_scan_frame_stored_to_modality (self, stored);
      self->min = MIN (self->min, v);
      self->max = MAX (self->max, v);
    }
}

static void
find_units (RoundsScanFrame *self, const char *modality)
{
  const char *type = self->image.rescale_type;

  if (g_str_equal (type, "US") || g_str_equal (type, "UNSPECIFIED"))
    type = "";   /* "US" is "unspecified" here (C.11.1.1.2) */
  if (*type == '\0' && g_strcmp0 (modality, "CT") == 0)
    type = "HU";
  g_strlcpy (self->units, type, sizeof self->units);
}

static RoundsScanFrame *
prepare (RoundsFrame *pixels, const RoundsDicomImage *image, const char *modality)
{
  RoundsScanFrame *self = g_new0 (RoundsScanFrame, 1);

  self->ref_count = 1;
  self->pixels = rounds_frame_ref (pixels);
  self->image = *image;
  if (self->image.slope == 0)
    self->image.slope = 1;   /* a slope of 0 would make every pixel the same: not meant */
  self->inverse = g_str_equal (pixels->photometric, "MONOCHROME1");
  find_units (self, modality);
  return self;
}

RoundsScanFrame *
rounds_scan_frame_new (RoundsFrame *pixels, const RoundsDicomImage *image, const char *modality)
{
  RoundsScanFrame *self;

  g_return_val_if_fail (pixels != NULL && image != NULL, NULL);
  self = prepare (pixels, image, modality);
  find_range (self);
  self->half = make_half (self);
  return self;
}

/* Lets the dicom folder say what its Modality LUT makes of every stored value that occurs, by converting a
 * picture of one row that holds them all: the table is then read from where the rule is written once. */
static gboolean
read_modality_table (RoundsScanFrame *self, RoundsDicomFile *file, int frame, GError **error)
{
  const RoundsFrame *f = self->pixels;
  gint64 n = self->stored_max - self->stored_min + 1;
  RoundsFrame row = *f;

  if (!self->image.has_modality_lut || !rounds_scan_frame_is_grey (self))
    return TRUE;
  if (n < 1 || n > 65536)
    {
      g_set_error_literal (error, ROUNDS_SCANS_ERROR, ROUNDS_SCANS_ERROR_INVALID,
                           _("a Modality LUT on values of more than 16 bits is not supported"));
      return FALSE;
    }
  row.rows = 1;
  row.columns = (int) n;
  row.size = (gsize) n * rounds_pixel_type_size (f->type);
  row.data = g_malloc (row.size);
  row.ref_count = 1;
  for (gint64 i = 0; i < n; i++)
    write_int (row.data, f->type, (gsize) i, self->stored_min + i);
  self->modality_table = rounds_frame_to_modality (&row, file, frame, error);
  g_free (row.data);
  self->table_first = (int) self->stored_min;
  self->table_n = (guint) n;
  return self->modality_table != NULL;
}

/* How the picture was made, as readers are used to see it in a corner. */
static void
read_technique (RoundsScanFrame *self, RoundsDicomFile *file)
{
  static const guint32 tags[] = { 0x00180060, 0x00181152, 0x00180080, 0x00180081 };
  g_autofree char *institution = rounds_dicom_file_dup_string (file, 0x00080080);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (tags); i++)
    {
      double value;

      if (!rounds_dicom_file_get_double (file, tags[i], 0, &value) || !isfinite (value) || value <= 0)
        continue;
      if (text->len > 0)
        g_string_append (text, " · ");
      if (i == 0)
        g_string_append_printf (text, "%g kV", value);
      else if (i == 1)
        g_string_append_printf (text, "%g mAs", value);
      else
        g_string_append_printf (text, "%s %g ms", i == 2 ? "TR" : "TE", value);
    }
  if (text->len < sizeof self->technique)
    g_strlcpy (self->technique, text->str, sizeof self->technique);
  if (institution != NULL && strlen (institution) < sizeof self->institution)
    g_strlcpy (self->institution, institution, sizeof self->institution);
}

#define MAX_VOI_TABLES 4

static void
read_voi_tables (RoundsScanFrame *self, RoundsDicomFile *file, int frame)
{
  RoundsDicomVoiLut lut;

  if (!rounds_scan_frame_is_grey (self) || !rounds_dicom_file_read_voi_lut (file, frame, 0, &lut))
    return;
  self->voi_tables = g_new0 (RoundsVoiTable, MAX_VOI_TABLES);
  do
    self->voi_tables[self->n_voi_tables++] = (RoundsVoiTable) { lut.first, lut.n, lut.bits, lut.entries, lut.explanation };
  while (self->n_voi_tables < MAX_VOI_TABLES && rounds_dicom_file_read_voi_lut (file, frame, self->n_voi_tables, &lut));
}

RoundsScanFrame *
rounds_scan_frame_load (RoundsDicomFile *file, int frame, GError **error)
{
  g_autoptr (RoundsFrame) pixels = NULL;
  g_autoptr (RoundsScanFrame) self = NULL;
  g_autofree char *modality = rounds_dicom_file_dup_string (file, 0x00080060);
  g_autofree char *shape = rounds_dicom_file_dup_string (file, 0x20500020);
  RoundsDicomImage image;

  if (!rounds_dicom_file_get_image (file, frame, &image, error))
    return NULL;
  pixels = rounds_dicom_file_decode (file, frame, error);
  if (pixels == NULL)
    return NULL;
  self = prepare (pixels, &image, modality);
  /* Presentation LUT Shape says it in so many words; MONOCHROME1 means the same and must not count twice. */
  if (g_strcmp0 (shape, "INVERSE") == 0 && rounds_scan_frame_is_grey (self))
    self->inverse = TRUE;
  read_technique (self, file);
  read_voi_tables (self, file, frame);
  find_range (self);
  if (self->image.has_modality_lut)
    {
      if (!read_modality_table (self, file, frame, error))
        return NULL;
      find_range (self);
    }
  self->half = make_half (self);
  return g_steal_pointer (&self);
}

RoundsScanFrame *
rounds_scan_frame_ref (RoundsScanFrame *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
rounds_scan_frame_unref (RoundsScanFrame *self)
{
  if (self == NULL || !g_atomic_int_dec_and_test (&self->ref_count))
    return;
  for (guint i = 0; i < self->n_voi_tables; i++)
    {
      g_free (self->voi_tables[i].entries);
      g_free (self->voi_tables[i].explanation);
    }
  g_free (self->voi_tables);
  g_free (self->modality_table);
  if (self->half != NULL)
    {
      /* Made here, never shared: not for rounds_frame_unref(), which frees as the decoder allocates. */
      g_free (self->half->data);
      g_free (self->half);
    }
  g_clear_pointer (&self->pixels, rounds_frame_unref);
  g_free (self);
}

gsize
rounds_scan_frame_size_bytes (const RoundsScanFrame *self)
{
  gsize size = sizeof *self + self->pixels->size + (self->half != NULL ? self->half->size : 0);

  size += (gsize) self->table_n * sizeof (float);
  for (guint i = 0; i < self->n_voi_tables; i++)
    size += (gsize) self->voi_tables[i].n * sizeof (guint16);
  return size;
}
