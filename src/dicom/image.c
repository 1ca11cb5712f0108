/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an image is, by its header: shape, bits, units, windows, place and scale. Enhanced objects keep most of it a
 * frame at a time in functional groups, so every question goes through one lookup that knows the three places. Where
 * the header does not say what a length is, the answer is "none" and not a guess. */
#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "dicom/file-private.h"

enum {
  PER_FRAME_GROUPS = 0x52009230,
  SHARED_GROUPS = 0x52009229,
  PIXEL_MEASURES = 0x00289110,
  FRAME_VOI_LUT = 0x00289132,
  PIXEL_VALUE_TRANSFORMATION = 0x00289145,
  PLANE_POSITION = 0x00209113,
  PLANE_ORIENTATION = 0x00209116,
};

const RoundsElement *
rounds_dicom_file_find (RoundsDicomFile *self, int frame, guint32 macro, guint32 tag)
{
  const RoundsDataset *set = self->set;
  const RoundsElement *groups[2], *item, *inner, *found;

  if (macro != 0)
    {
      groups[0] = rounds_dataset_item (set, rounds_dataset_find (set, NULL, PER_FRAME_GROUPS), (guint) frame);
      groups[1] = rounds_dataset_item (set, rounds_dataset_find (set, NULL, SHARED_GROUPS), 0);
      for (guint i = 0; i < 2; i++)
        {
          if (groups[i] == NULL)
            continue;
          item = rounds_dataset_find (set, groups[i], macro);
          inner = rounds_dataset_item (set, item, 0);
          found = inner != NULL ? rounds_dataset_find (set, inner, tag) : NULL;
          if (found != NULL && found->length > 0)
            return found;
        }
    }
  return rounds_dataset_find (set, NULL, tag);
}

static gboolean
read_double (RoundsDicomFile *self, int frame, guint32 macro, guint32 tag, guint index, double *out)
{
  return rounds_dataset_get_double (self->set, rounds_dicom_file_find (self, frame, macro, tag), index, out);
}

static gboolean
read_int (RoundsDicomFile *self, guint32 tag, gint64 low, gint64 high, int *out)
{
  gint64 value;

  if (!rounds_dataset_get_int (self->set, rounds_dataset_find (self->set, NULL, tag), 0, &value) ||
      value < low || value > high)
    return FALSE;
  *out = (int) value;
  return TRUE;
}

static gboolean
malformed (GError **error, const char *what)
{
  g_set_error_literal (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_MALFORMED, what);
  return FALSE;
}

/* Bits of integer pixels. What is absent or impossible is taken from Bits Allocated, the one that cannot be. */
static gboolean
read_bits (RoundsDicomFile *self, RoundsDicomImage *image, GError **error)
{
  int representation = 0;

  if (!read_int (self, 0x00280100u, 1, 64, &image->bits_allocated))
    return malformed (error, _("Bits Allocated is missing or impossible"));
  if (image->bits_allocated != 1 && image->bits_allocated % 8 != 0)
    {
      g_set_error (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_UNSUPPORTED,
                   _("%d bits for a sample cannot be shown"), image->bits_allocated);
      return FALSE;
    }
  if (!read_int (self, 0x00280101u, 1, image->bits_allocated, &image->bits_stored))
    image->bits_stored = image->bits_allocated;
  if (!read_int (self, 0x00280102u, image->bits_stored - 1, image->bits_allocated - 1, &image->high_bit))
    image->high_bit = image->bits_stored - 1;
  read_int (self, 0x00280103u, 0, 1, &representation);
  image->is_signed = representation == 1 && image->bits_allocated > 1;
  return TRUE;
}

gboolean
rounds_dicom_file_read_shape (RoundsDicomFile *self, RoundsDicomImage *image, GError **error)
{
  const RoundsElement *frames = rounds_dataset_find (self->set, NULL, 0x00280008u);
  const RoundsElement *pixels = self->set->pixels;
  gint64 n = 1;

  memset (image, 0, sizeof *image);
  if (pixels == NULL)
    {
      g_set_error_literal (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_NO_PIXELS, _("it holds no image"));
      return FALSE;
    }
  if (!read_int (self, 0x00280010u, 1, 65535, &image->rows) ||
      !read_int (self, 0x00280011u, 1, 65535, &image->columns))
    return malformed (error, _("Rows or Columns is missing or zero"));
  if (frames != NULL && frames->length > 0 && rounds_dataset_get_int (self->set, frames, 0, &n) &&
      (n < 0 || n > G_MAXINT))
    return malformed (error, _("Number of Frames is impossible"));
  image->frames = (int) MAX (n, 1);
  image->samples = 1;
  if (rounds_dataset_find (self->set, NULL, 0x00280002u) != NULL &&
      !read_int (self, 0x00280002u, 1, 4, &image->samples))
    return malformed (error, _("Samples per Pixel is impossible"));
  rounds_dataset_copy_code (self->set, rounds_dataset_find (self->set, NULL, 0x00280004u), image->photometric,
                            sizeof image->photometric);
  if (image->samples != 1 && image->samples != 3)
    {
      g_set_error (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_UNSUPPORTED,
                   _("%d samples for a pixel cannot be shown"), image->samples);
      return FALSE;
    }
  if (image->photometric[0] == '\0')
    g_strlcpy (image->photometric, image->samples == 3 ? "RGB" : "MONOCHROME2", sizeof image->photometric);
  if (pixels->tag != 0x7FE00010u)
    {
      image->is_float = TRUE;
      image->is_signed = TRUE;
      image->bits_allocated = image->bits_stored = pixels->tag == 0x7FE00008u ? 32 : 64;
      image->high_bit = image->bits_stored - 1;
      if (self->set->encapsulated || image->samples != 1)
        return malformed (error, _("floating-point pixels must be grey and not compressed"));
      return TRUE;
    }
  return read_bits (self, image, error);
}

/* --- lossy ----------------------------------------------------------------------- */

/* NEAR of a JPEG-LS codestream: the byte behind the components of the first SOS. */
static gboolean
jpeg_ls_is_lossy (const guint8 *p, gsize size)
{
  gsize at = 2;

  while (at + 4 <= size && p[at] == 0xFF)
    {
      gsize length = rounds_read_u16 (p + at + 2, TRUE);
      if (p[at + 1] == 0xDA)
        return at + 5 + 2 * (gsize) p[MIN (at + 4, size - 1)] < size && p[at + 5 + 2 * (gsize) p[at + 4]] != 0;
      at += 2 + MAX (length, 2);
    }
  return FALSE;
}

/* The irreversible 9/7 transformation in the COD marker of a JPEG 2000 codestream. */
static gboolean
j2k_is_irreversible (const guint8 *p, gsize size)
{
  for (gsize at = 2; at + 14 <= size && p[at] == 0xFF && p[at + 1] != 0x90;)
    {
      if (p[at + 1] == 0x52)
        return p[at + 13] == 0;
      at += 2 + MAX ((gsize) rounds_read_u16 (p + at + 2, TRUE), 2);
    }
  return FALSE;
}

static gboolean
read_lossy (RoundsDicomFile *self)
{
  const RoundsTransferSyntax *syntax = rounds_transfer_syntax_find (self->set->transfer_syntax);
  const RoundsFragment *first = NULL;
  const guint8 *data;
  char flag[3];

  rounds_dataset_copy_code (self->set, rounds_dataset_find (self->set, NULL, 0x00282110u), flag, sizeof flag);
  if (strcmp (flag, "01") == 0)
    return TRUE;
  if (syntax == NULL || !self->set->encapsulated)
    return FALSE;
  if (syntax->always_lossy)
    return TRUE;
  if (!syntax->may_be_lossy || self->set->fragments->len == 0)
    return FALSE;
  first = &g_array_index (self->set->fragments, RoundsFragment, 0);
  data = self->set->data + first->offset;
  if (syntax->coding == ROUNDS_CODING_JPEG_LS)
    return jpeg_ls_is_lossy (data, first->length);
  if (j2k_is_irreversible (data, first->length))
    return TRUE;
  /* The reversible transformation may still have been cut short; only the writer knows. */
  return strcmp (flag, "00") != 0;
}

/* --- units, windows, place ----------------------------------------------------------- */

static void
read_units (RoundsDicomFile *self, int frame, RoundsDicomImage *image)
{
  double value, other;
  char modality[17];
  gboolean given;

  image->slope = 1;
  given = read_double (self, frame, PIXEL_VALUE_TRANSFORMATION, 0x00281053u, 0, &value) && value != 0;
  if (given)
    image->slope = value;
  if (read_double (self, frame, PIXEL_VALUE_TRANSFORMATION, 0x00281052u, 0, &value))
    image->intercept = value;
  rounds_dataset_copy_code (self->set,
                            rounds_dicom_file_find (self, frame, PIXEL_VALUE_TRANSFORMATION, 0x00281054u),
                            image->rescale_type, sizeof image->rescale_type);
  rounds_dataset_copy_code (self->set, rounds_dataset_find (self->set, NULL, 0x00080060u), modality,
                            sizeof modality);
  /* PS3.3 C.8.2.1: a CT image without Rescale Type is in Hounsfield units. */
  if (image->rescale_type[0] == '\0' && given && strcmp (modality, "CT") == 0)
    g_strlcpy (image->rescale_type, "HU", sizeof image->rescale_type);
  image->has_modality_lut = rounds_dataset_n_items (self->set, rounds_dataset_find (self->set, NULL, 0x00283000u)) > 0;

  if (!image->is_float && read_double (self, frame, 0, 0x00280120u, 0, &value))
    {
      const RoundsElement *e = rounds_dataset_find (self->set, NULL, 0x00280120u);
      const RoundsElement *range = rounds_dataset_find (self->set, NULL, 0x00280121u);

      /* US or SS: what counts is how the pixels are meant. */
      if (image->is_signed && value > 32767 && e->length == 2)
        value -= 65536;
      else if (!image->is_signed && value < 0)
        value += 65536;
      other = value;
      if (rounds_dataset_get_double (self->set, range, 0, &other))
        {
          if (image->is_signed && other > 32767 && range->length == 2)
            other -= 65536;
          else if (!image->is_signed && other < 0)
            other += 65536;
        }
      image->has_padding = TRUE;
      image->padding_low = MIN (value, other);
      image->padding_high = MAX (value, other);
    }
}

static void
read_windows (RoundsDicomFile *self, int frame, RoundsDicomImage *image)
{
  for (guint i = 0; i < G_N_ELEMENTS (image->window_center); i++)
    {
      double center, width;

      if (!read_double (self, frame, FRAME_VOI_LUT, 0x00281050u, i, &center) ||
          !read_double (self, frame, FRAME_VOI_LUT, 0x00281051u, i, &width))
        break;
      if (width <= 0)
        continue;
      image->window_center[image->n_windows] = center;
      image->window_width[image->n_windows++] = width;
    }
  rounds_dataset_copy_code (self->set, rounds_dicom_file_find (self, frame, FRAME_VOI_LUT, 0x00281056u),
                            image->voi_function, sizeof image->voi_function);
  if (image->voi_function[0] == '\0')
    g_strlcpy (image->voi_function, "LINEAR", sizeof image->voi_function);
}

static gboolean
read_place (RoundsDicomFile *self, int frame, double position[3], double orientation[6])
{
  double row = 0, column = 0, dot = 0;

  for (guint i = 0; i < 3; i++)
    if (!read_double (self, frame, PLANE_POSITION, 0x00200032u, i, &position[i]))
      return FALSE;
  for (guint i = 0; i < 6; i++)
    if (!read_double (self, frame, PLANE_ORIENTATION, 0x00200037u, i, &orientation[i]))
      return FALSE;
  for (guint i = 0; i < 3; i++)
    {
      row += orientation[i] * orientation[i];
      column += orientation[i + 3] * orientation[i + 3];
      dot += orientation[i] * orientation[i + 3];
    }
  /* Directions that are none would order slices by nonsense. */
  return fabs (row - 1) < 0.01 && fabs (column - 1) < 0.01 && fabs (dot) < 0.01;
}

static gboolean
read_pair (RoundsDicomFile *self, int frame, guint32 macro, guint32 tag, double out[2])
{
  double pair[2];

  if (!read_double (self, frame, macro, tag, 0, &pair[0]) || !read_double (self, frame, macro, tag, 1, &pair[1]) ||
      pair[0] <= 0 || pair[1] <= 0)
    return FALSE;
  memcpy (out, pair, sizeof pair);
  return TRUE;
}

guint
rounds_dicom_file_get_us_regions (RoundsDicomFile *self, RoundsUsRegion *out, guint max)
{
  const RoundsElement *sequence = rounds_dataset_find (self->set, NULL, 0x00186011u);
  guint n = 0;

  if (sequence == NULL || (sequence->flags & ROUNDS_ELEMENT_SEQUENCE) == 0)
    return 0;
  for (const RoundsElement *item = rounds_dataset_first (self->set, sequence); item != NULL;
       item = rounds_dataset_next (self->set, sequence, item))
    {
      static const guint32 tags[] = { 0x00186018u, 0x0018601Au, 0x0018601Cu, 0x0018601Eu, 0x00186024u, 0x00186026u };
      gint64 value[6];
      double dx, dy;
      gboolean ok = TRUE;

      for (guint i = 0; i < 6 && ok; i++)
        ok = rounds_dataset_get_int (self->set, rounds_dataset_find (self->set, item, tags[i]), 0, &value[i]) &&
             value[i] >= 0 && value[i] <= G_MAXINT;
      /* 3 = cm in both directions. */
      if (!ok || value[4] != 3 || value[5] != 3 ||
          !rounds_dataset_get_double (self->set, rounds_dataset_find (self->set, item, 0x0018602Cu), 0, &dx) ||
          !rounds_dataset_get_double (self->set, rounds_dataset_find (self->set, item, 0x0018602Eu), 0, &dy) ||
          dx == 0 || dy == 0)
        continue;
      if (n < max)
        out[n] = (RoundsUsRegion) { (int) value[0], (int) value[1], (int) value[2], (int) value[3],
                                    { fabs (dy) * 10, fabs (dx) * 10 } };
      n++;
    }
  return n;
}

static void
read_scale (RoundsDicomFile *self, int frame, RoundsDicomImage *image)
{
  RoundsUsRegion region;
  double factor;

  g_strlcpy (image->spacing_kind, "none", sizeof image->spacing_kind);
  if (rounds_dicom_file_get_us_regions (self, &region, 1) > 0)
    {
      memcpy (image->spacing_mm, region.spacing_mm, sizeof image->spacing_mm);
      g_strlcpy (image->spacing_kind, "us-region", sizeof image->spacing_kind);
    }
  else if (read_pair (self, frame, PIXEL_MEASURES, 0x00280030u, image->spacing_mm))
    g_strlcpy (image->spacing_kind, "patient", sizeof image->spacing_kind);
  else if (read_pair (self, frame, 0, 0x00181164u, image->spacing_mm))
    {
      if (read_double (self, frame, 0, 0x00181114u, 0, &factor) && factor > 0)
        {
          image->spacing_mm[0] /= factor;
          image->spacing_mm[1] /= factor;
          g_strlcpy (image->spacing_kind, "calibrated", sizeof image->spacing_kind);
        }
      else
        g_strlcpy (image->spacing_kind, "detector", sizeof image->spacing_kind);
    }
}

gboolean
rounds_dicom_file_get_image (RoundsDicomFile *self, int frame, RoundsDicomImage *out, GError **error)
{
  RoundsDicomImage image;
  double value;

  g_return_val_if_fail (self != NULL && out != NULL, FALSE);

  if (!rounds_dicom_file_read_shape (self, &image, error))
    return FALSE;
  if (frame < 0 || frame >= image.frames)
    {
      g_set_error (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_NO_PIXELS, _("it has no frame %d"), frame + 1);
      return FALSE;
    }
  image.lossy = read_lossy (self);
  read_units (self, frame, &image);
  read_windows (self, frame, &image);
  read_scale (self, frame, &image);
  image.has_position = read_place (self, frame, image.position_mm, image.orientation);
  if (!image.has_position)
    {
      memset (image.position_mm, 0, sizeof image.position_mm);
      memset (image.orientation, 0, sizeof image.orientation);
    }
  if (read_double (self, frame, PIXEL_MEASURES, 0x00180050u, 0, &value) && value > 0)
    image.slice_thickness_mm = value;
  if (read_double (self, frame, 0, 0x00181120u, 0, &value))
    image.gantry_tilt_deg = value;
  image.pixel_aspect[0] = image.pixel_aspect[1] = 1;
  read_pair (self, frame, 0, 0x00280034u, image.pixel_aspect);
  if (read_double (self, frame, 0, 0x00181063u, 0, &value) && value > 0)
    image.frame_time_ms = value;
  else if ((read_double (self, frame, 0, 0x00180040u, 0, &value) ||
            read_double (self, frame, 0, 0x00082144u, 0, &value)) && value > 0)
    image.frame_time_ms = 1000 / value;
  *out = image;
  return TRUE;
}
