/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the bytes of one frame to stored values: native order, samples together, unused bits away. Every size is
 * worked out and held against the bytes that are there before memory is asked for. Frames are independent, so that
 * workers decode several of one file at once. */
#include "dicom/frame.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "dicom/codec.h"

G_STATIC_ASSERT (G_BYTE_ORDER == G_LITTLE_ENDIAN);

static const struct { const char *name; gsize size; } types[] = {
  [ROUNDS_PIXEL_UINT8] = { "uint8", 1 },     [ROUNDS_PIXEL_INT8] = { "int8", 1 },
  [ROUNDS_PIXEL_UINT16] = { "uint16", 2 },   [ROUNDS_PIXEL_INT16] = { "int16", 2 },
  [ROUNDS_PIXEL_UINT32] = { "uint32", 4 },   [ROUNDS_PIXEL_INT32] = { "int32", 4 },
  [ROUNDS_PIXEL_FLOAT32] = { "float32", 4 }, [ROUNDS_PIXEL_FLOAT64] = { "float64", 8 },
};

const char *
rounds_pixel_type_to_string (RoundsPixelType type)
{
  g_return_val_if_fail (type < G_N_ELEMENTS (types), NULL);
  return types[type].name;
}

gsize
rounds_pixel_type_size (RoundsPixelType type)
{
  g_return_val_if_fail (type < G_N_ELEMENTS (types), 0);
  return types[type].size;
}

RoundsFrame *
rounds_frame_ref (RoundsFrame *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
rounds_frame_unref (RoundsFrame *self)
{
  g_return_if_fail (self != NULL);
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;
  g_aligned_free (self->data);
  g_free (self->palette);
  g_free (self);
}

static gboolean
fail (GError **error, RoundsDicomError code, const char *what)
{
  g_set_error_literal (error, ROUNDS_DICOM_ERROR, code, what);
  return FALSE;
}

/* --- which bytes are a frame's ----------------------------------------------------- */

/* Frame starts from a table of offsets (32 or 64 bits); FALSE when one does not hit a fragment. */
static gboolean
map_by_offsets (RoundsDicomFile *self, int n_frames, const guint8 *table, guint width, gsize *starts)
{
  const GArray *fragments = self->set->fragments;
  gsize base = g_array_index (fragments, RoundsFragment, 0).offset - 8;
  guint at = 0;

  for (int i = 0; i < n_frames; i++)
    {
      guint64 offset = width == 8 ? rounds_read_u64 (table + 8 * (gsize) i, FALSE)
                                  : rounds_read_u32 (table + 4 * (gsize) i, FALSE);

      while (at < fragments->len && g_array_index (fragments, RoundsFragment, at).offset - 8 - base < offset)
        at++;
      if (at >= fragments->len || g_array_index (fragments, RoundsFragment, at).offset - 8 - base != offset ||
          (i == 0 && at != 0) || (i > 0 && at <= starts[i - 1]))
        return FALSE;
      starts[i] = at;
    }
  starts[n_frames] = fragments->len;
  return TRUE;
}

/* Without a table a frame begins where a codestream does. */
static gboolean
map_by_marker (RoundsDicomFile *self, int n_frames, gsize *starts)
{
  const GArray *fragments = self->set->fragments;
  int found = 0;

  if (self->coding != ROUNDS_CODING_JPEG && self->coding != ROUNDS_CODING_JPEG_LS &&
      self->coding != ROUNDS_CODING_JPEG_2000)
    return FALSE;
  for (guint i = 0; i < fragments->len; i++)
    {
      const RoundsFragment *fragment = &g_array_index (fragments, RoundsFragment, i);
      const guint8 *p = self->set->data + fragment->offset;
      gboolean begins = fragment->length >= 4 && p[0] == 0xFF && (p[1] == 0xD8 || (p[1] == 0x4F && p[2] == 0xFF));

      begins = begins || (fragment->length >= 12 && memcmp (p + 4, "jP  ", 4) == 0);
      if (i == 0 && !begins)
        return FALSE;
      if (begins)
        {
          if (found == n_frames)
            return FALSE;
          starts[found++] = i;
        }
    }
  starts[n_frames] = fragments->len;
  return found == n_frames;
}

void
rounds_dicom_file_map_fragments (RoundsDicomFile *self)
{
  const RoundsDataset *set = self->set;
  const RoundsElement *extended = rounds_dataset_find (set, NULL, 0x7FE00001u);
  RoundsDicomImage image;
  gsize *starts;
  gsize n;

  if (!set->encapsulated || set->fragments->len == 0 || !rounds_dicom_file_read_shape (self, &image, NULL))
    return;
  n = (gsize) image.frames;
  /* A frame has a fragment of its own at least: what claims more is answered when it is asked for. */
  if (n > set->fragments->len)
    n = 0;
  starts = g_new (gsize, n + 1);
  if (n == 1)
    {
      starts[0] = 0;
      starts[1] = set->fragments->len;
    }
  else if (n > 1 && extended != NULL && extended->length / 8 == n &&
           map_by_offsets (self, (int) n, rounds_dataset_value (set, extended), 8, starts))
    ;
  else if (n > 1 && set->offset_table.length / 4 == n &&
           map_by_offsets (self, (int) n, set->data + set->offset_table.offset, 4, starts))
    ;
  else if (n > 1 && n == set->fragments->len)
    for (gsize i = 0; i <= n; i++)
      starts[i] = i;
  else if (n > 1 && map_by_marker (self, (int) n, starts))
    ;
  else if (n == 0)
    {
      /* More frames declared than there are fragments: those that are there can be shown. */
      g_free (starts);
      n = set->fragments->len;
      starts = g_new (gsize, n + 1);
      for (gsize i = 0; i <= n; i++)
        starts[i] = i;
    }
  else
    n = 0;
  if (n == 0)
    {
      g_free (starts);
      return;
    }
  self->frame_fragments = starts;
  self->n_frames = (int) n;
}

const guint8 *
rounds_dicom_file_frame_bytes (RoundsDicomFile *self, int frame, gsize *size, guint8 **joined, GError **error)
{
  const GArray *fragments = self->set->fragments;
  const RoundsFragment *first;
  gsize from, to, total = 0, at = 0;

  *joined = NULL;
  if (self->frame_fragments == NULL)
    {
      fail (error, fragments->len == 0 ? ROUNDS_DICOM_ERROR_TRUNCATED : ROUNDS_DICOM_ERROR_MALFORMED,
            fragments->len == 0 ? _("the pixel data are empty") : _("where its frames begin cannot be found"));
      return NULL;
    }
  if (frame >= self->n_frames)
    {
      g_set_error (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_TRUNCATED,
                   _("the pixel data end before frame %d"), frame + 1);
      return NULL;
    }
  from = self->frame_fragments[frame];
  to = self->frame_fragments[frame + 1];
  first = &g_array_index (fragments, RoundsFragment, from);
  if (to - from == 1)
    {
      *size = first->length;
      return self->set->data + first->offset;
    }
  for (gsize i = from; i < to; i++)
    total += g_array_index (fragments, RoundsFragment, i).length;
  *joined = g_malloc (MAX (total, 1));
  for (gsize i = from; i < to; i++)
    {
      const RoundsFragment *fragment = &g_array_index (fragments, RoundsFragment, i);
      memcpy (*joined + at, self->set->data + fragment->offset, fragment->length);
      at += fragment->length;
    }
  *size = total;
  return *joined;
}

/* --- sizes --------------------------------------------------------------------------- */

static gboolean
is_422 (const RoundsDicomImage *image)
{
  return image->samples == 3 && image->bits_allocated == 8 &&
         (strcmp (image->photometric, "YBR_FULL_422") == 0 || strcmp (image->photometric, "YBR_PARTIAL_422") == 0);
}

/* Bits of one frame as it lies in native pixel data: below 2^41. */
static guint64
native_bits (const RoundsDicomImage *image)
{
  guint64 pixels = (guint64) image->rows * (guint64) image->columns;

  if (is_422 (image))
    return (pixels + pixels % 2) * 16;
  return pixels * (guint64) image->samples * (guint64) image->bits_allocated;
}

static gboolean
choose_type (const RoundsDicomImage *image, RoundsPixelType *out, GError **error)
{
  if (image->is_float)
    *out = image->bits_allocated == 32 ? ROUNDS_PIXEL_FLOAT32 : ROUNDS_PIXEL_FLOAT64;
  else if (image->bits_allocated <= 8)
    *out = image->is_signed ? ROUNDS_PIXEL_INT8 : ROUNDS_PIXEL_UINT8;
  else if (image->bits_allocated == 16)
    *out = image->is_signed ? ROUNDS_PIXEL_INT16 : ROUNDS_PIXEL_UINT16;
  else if (image->bits_allocated == 32)
    *out = image->is_signed ? ROUNDS_PIXEL_INT32 : ROUNDS_PIXEL_UINT32;
  else
    {
      g_set_error (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_UNSUPPORTED,
                   _("%d bits for a sample cannot be shown"), image->bits_allocated);
      return FALSE;
    }
  return TRUE;
}

/* A frame is at most a quarter of the memory; a compressed one must be worth its claim: the best codecs bring an
 * even picture to a few thousandths, and what is small hurts nobody. */
static gboolean
check_limits (guint64 frame_size, gsize compressed_size, gboolean compressed, GError **error)
{
  guint64 memory = (guint64) sysconf (_SC_PHYS_PAGES) * (guint64) sysconf (_SC_PAGE_SIZE);

  if (frame_size > G_MAXINT32 || frame_size > memory / 4 ||
      (compressed && frame_size > ((guint64) 64 << 20) && frame_size / 4096 > compressed_size))
    return fail (error, ROUNDS_DICOM_ERROR_LIMIT, _("the declared image is larger than its data can be"));
  return TRUE;
}

static RoundsFrame *
new_frame (const RoundsDicomImage *image, RoundsPixelType type)
{
  RoundsFrame *frame = g_new0 (RoundsFrame, 1);

  frame->ref_count = 1;
  frame->rows = image->rows;
  frame->columns = image->columns;
  frame->samples = image->samples;
  frame->type = type;
  frame->size = (gsize) image->rows * (gsize) image->columns * (gsize) image->samples * types[type].size;
  /* Vector loops may read whole registers at the end. */
  frame->data = g_aligned_alloc (frame->size + 32, 1, 32);
  memset (frame->data + frame->size, 0, 32);
  return frame;
}

/* --- native pixel data ----------------------------------------------------------------- */

static void
copy_words (guint8 *to, const guint8 *from, gsize n, gsize width, gboolean big)
{
  if (!big || width == 1)
    {
      memcpy (to, from, n * width);
      return;
    }
  for (gsize i = 0; i < n; i++)
    switch (width)
      {
      case 2: ((guint16 *) (void *) to)[i] = rounds_read_u16 (from + 2 * i, TRUE); break;
      case 4: ((guint32 *) (void *) to)[i] = rounds_read_u32 (from + 4 * i, TRUE); break;
      default: ((guint64 *) (void *) to)[i] = rounds_read_u64 (from + 8 * i, TRUE); break;
      }
}

static void
copy_bits (guint8 *to, const guint8 *from, gsize n, guint64 first_bit)
{
  for (gsize i = 0; i < n; i++)
    {
      guint64 bit = first_bit + i;
      to[i] = (from[bit / 8] >> (bit % 8)) & 1;
    }
}

/* Planes to samples together. */
static void
interleave (guint8 *data, gsize pixels, gsize width)
{
  g_autofree guint8 *planes = g_memdup2 (data, pixels * 3 * width);

  for (gsize s = 0; s < 3; s++)
    for (gsize i = 0; i < pixels; i++)
      memcpy (data + (3 * i + s) * width, planes + (s * pixels + i) * width, width);
}

static void
copy_422 (guint8 *to, const guint8 *from, gsize pixels)
{
  for (gsize i = 0; i < pixels; i += 2, from += 4)
    {
      to[3 * i] = from[0];
      to[3 * i + 1] = from[2];
      to[3 * i + 2] = from[3];
      if (i + 1 == pixels)
        break;
      to[3 * i + 3] = from[1];
      to[3 * i + 4] = from[2];
      to[3 * i + 5] = from[3];
    }
}

static gboolean
is_planar (RoundsDicomFile *self, const RoundsDicomImage *image)
{
  gint64 planar = 0;

  return image->samples == 3 &&
         rounds_dataset_get_int (self->set, rounds_dataset_find (self->set, NULL, 0x00280006u), 0, &planar) &&
         planar == 1;
}

/* Uncompressed values of a frame from data, which begins with the frame (bits: first_bit inside it). */
static void
copy_native (RoundsDicomFile *self, const RoundsDicomImage *image, RoundsFrame *frame, const guint8 *data,
             guint64 first_bit, gboolean big)
{
  gsize pixels = (gsize) image->rows * (gsize) image->columns;
  gsize width = types[frame->type].size;

  if (image->bits_allocated == 1)
    copy_bits (frame->data, data, pixels * (gsize) image->samples, first_bit);
  else if (is_422 (image))
    copy_422 (frame->data, data, pixels);
  else
    {
      copy_words (frame->data, data, pixels * (gsize) image->samples, width, big);
      if (is_planar (self, image))
        interleave (frame->data, pixels, width);
    }
}

static RoundsFrame *
decode_native (RoundsDicomFile *self, const RoundsDicomImage *image, RoundsPixelType type, int index, GError **error)
{
  const RoundsElement *pixels = self->set->pixels;
  const guint8 *data = rounds_dataset_value (self->set, pixels);
  gboolean big = (pixels->flags & ROUNDS_ELEMENT_BIG) != 0;
  guint64 bits = native_bits (image), there = (guint64) pixels->length * 8, first;
  RoundsFrame *frame;

  if (there / bits < (guint64) index + 1)
    {
      g_set_error (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_TRUNCATED,
                   _("the pixel data end before the end of frame %d"), index + 1);
      return NULL;
    }
  if (!check_limits ((guint64) image->rows * (guint64) image->columns * (guint64) image->samples * types[type].size,
                     0, FALSE, error))
    return NULL;
  first = bits * (guint64) index;
  frame = new_frame (image, type);
  if (big && image->bits_allocated <= 8 && rounds_dataset_vr (self->set, pixels) == ROUNDS_VR ('O', 'W') &&
      pixels->length % 2 == 0)
    {
      /* Bytes in words: in big endian the first pixel is the second byte. */
      gsize start = (gsize) (first / 16 * 2), end = MIN ((gsize) ((first + bits + 15) / 16 * 2), pixels->length);
      g_autofree guint8 *swapped = g_malloc (end - start);

      for (gsize i = start; i < end; i++)
        swapped[i - start] = data[i ^ 1];
      copy_native (self, image, frame, swapped + (image->bits_allocated == 1 ? 0 : first / 8 - start),
                   first - start * 8, big);
    }
  else if (image->bits_allocated == 1)
    copy_native (self, image, frame, data, first, big);
  else
    copy_native (self, image, frame, data + first / 8, 0, big);
  return frame;
}

/* --- after decoding --------------------------------------------------------------------- */

/* Brings the stored bits down to bit 0, extends the sign and clears what else stood in the word (overlays of old
 * files). */
static void
settle_bits (RoundsFrame *frame, const RoundsDicomImage *image)
{
  gsize n = (gsize) frame->rows * (gsize) frame->columns * (gsize) frame->samples;
  guint width = (guint) types[frame->type].size * 8;
  guint up = width - 1 - (guint) image->high_bit, down = width - (guint) image->bits_stored;

  if (image->is_float || image->bits_allocated == 1 || image->bits_stored == image->bits_allocated)
    return;
#define SETTLE(Type, Unsigned)                                  \
  do                                                            \
    {                                                           \
      Type *p = (Type *) (void *) frame->data;                  \
      for (gsize i = 0; i < n; i++)                             \
        p[i] = (Type) ((Type) ((Unsigned) p[i] << up) >> down); \
    }                                                           \
  while (0)
  switch (frame->type)
    {
    case ROUNDS_PIXEL_UINT8: SETTLE (guint8, guint8); break;
    case ROUNDS_PIXEL_INT8: SETTLE (gint8, guint8); break;
    case ROUNDS_PIXEL_UINT16: SETTLE (guint16, guint16); break;
    case ROUNDS_PIXEL_INT16: SETTLE (gint16, guint16); break;
    case ROUNDS_PIXEL_UINT32: SETTLE (guint32, guint32); break;
    case ROUNDS_PIXEL_INT32: SETTLE (gint32, guint32); break;
    default: break;
    }
#undef SETTLE
}

static gboolean
settle_colour (RoundsDicomFile *self, const RoundsDicomImage *image, const RoundsDecoded *decoded, RoundsFrame *frame,
               GError **error)
{
  const char *is = image->photometric;
  gboolean partial = strcmp (is, "YBR_PARTIAL_422") == 0 || strcmp (is, "YBR_PARTIAL_420") == 0;

  if (image->samples == 1)
    {
      if (strcmp (is, "PALETTE COLOR") == 0)
        {
          g_strlcpy (frame->photometric, is, sizeof frame->photometric);
          return rounds_frame_read_palette (frame, self, image, error);
        }
      if (strcmp (is, "MONOCHROME1") != 0 && strcmp (is, "MONOCHROME2") != 0)
        {
          g_set_error (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_UNSUPPORTED,
                       _("one sample for a pixel of %s cannot be shown"), is);
          return FALSE;
        }
      g_strlcpy (frame->photometric, is, sizeof frame->photometric);
      return TRUE;
    }
  g_strlcpy (frame->photometric, "RGB", sizeof frame->photometric);
  if (decoded->is_rgb || strcmp (is, "RGB") == 0)
    return TRUE;
  if ((strcmp (is, "YBR_FULL") == 0 || strcmp (is, "YBR_FULL_422") == 0 || partial) && !image->is_signed &&
      rounds_pixel_type_size (frame->type) <= 2)
    {
      rounds_ybr_to_rgb (frame, image->bits_stored, !partial);
      return TRUE;
    }
  g_set_error (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_UNSUPPORTED, _("the colour space %s cannot be shown"), is);
  return FALSE;
}

/* From packed bits at the front of the frame to a byte each. */
static void
spread_bits (RoundsFrame *frame)
{
  gsize n = (gsize) frame->rows * (gsize) frame->columns * (gsize) frame->samples;
  g_autofree guint8 *packed = g_memdup2 (frame->data, (n + 7) / 8);

  copy_bits (frame->data, packed, n, 0);
}

/* Deflated Image Frame Compression (PS3.5 A.4.13): native pixels of one frame behind a raw deflate stream. */
static gboolean
decode_deflated (RoundsDicomFile *self, const RoundsDicomImage *image, const guint8 *data, gsize size,
                 RoundsFrame *frame, GError **error)
{
  gsize wanted = (gsize) ((native_bits (image) + 7) / 8);
  g_autofree guint8 *native = g_malloc (wanted);
  z_stream stream = { .next_in = (guint8 *) data, .avail_in = (guint) MIN (size, G_MAXUINT), .next_out = native,
                      .avail_out = (guint) wanted };

  if (inflateInit2 (&stream, -MAX_WBITS) != Z_OK)
    return fail (error, ROUNDS_DICOM_ERROR_LIMIT, _("the declared image is larger than its data can be"));
  inflate (&stream, Z_FINISH);
  inflateEnd (&stream);
  if (stream.avail_out != 0)
    return fail (error, ROUNDS_DICOM_ERROR_TRUNCATED, _("the compressed data end before the image does"));
  copy_native (self, image, frame, native, 0, FALSE);
  return TRUE;
}

static RoundsFrame *
decode_encapsulated (RoundsDicomFile *self, const RoundsDicomImage *image, RoundsPixelType type, int index,
                     RoundsDecoded *decoded, GError **error)
{
  g_autofree guint8 *joined = NULL;
  g_autoptr (RoundsFrame) frame = NULL;
  const guint8 *data;
  gsize size;
  gboolean ok = FALSE;

  if (self->coding == ROUNDS_CODING_UNSUPPORTED)
    {
      const RoundsTransferSyntax *syntax = rounds_transfer_syntax_find (self->set->transfer_syntax);
      g_set_error (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_UNSUPPORTED, _("%s cannot be decoded"),
                   syntax != NULL && syntax->coding == ROUNDS_CODING_UNSUPPORTED ? syntax->name
                                                                                 : _("this way of coding"));
      return NULL;
    }
  data = rounds_dicom_file_frame_bytes (self, index, &size, &joined, error);
  if (data == NULL ||
      !check_limits ((guint64) image->rows * (guint64) image->columns * (guint64) image->samples * types[type].size,
                     size, TRUE, error))
    return NULL;
  if (self->coding == ROUNDS_CODING_FRAGMENTS && size < (native_bits (image) + 7) / 8)
    {
      fail (error, ROUNDS_DICOM_ERROR_TRUNCATED, _("the pixel data end before the image does"));
      return NULL;
    }
  /* PackBits brings at most 128 bytes out of 2, deflate 1032 out of 1. */
  if ((self->coding == ROUNDS_CODING_RLE && native_bits (image) / 8 / 64 > size) ||
      (self->coding == ROUNDS_CODING_DEFLATED && native_bits (image) / 8 / 1032 > size))
    {
      fail (error, ROUNDS_DICOM_ERROR_TRUNCATED, _("the compressed data end before the image does"));
      return NULL;
    }
  frame = new_frame (image, type);
  switch (self->coding)
    {
    case ROUNDS_CODING_FRAGMENTS:
      copy_native (self, image, frame, data, 0, FALSE);
      ok = TRUE;
      break;
    case ROUNDS_CODING_DEFLATED: ok = decode_deflated (self, image, data, size, frame, error); break;
    case ROUNDS_CODING_RLE:
      ok = rounds_codec_rle (image, data, size, frame, error);
      if (ok && image->bits_allocated == 1)
        spread_bits (frame);
      break;
    case ROUNDS_CODING_JPEG: ok = rounds_codec_jpeg (image, data, size, frame, decoded, error); break;
    case ROUNDS_CODING_JPEG_LS: ok = rounds_codec_jpeg_ls (image, data, size, frame, error); break;
    case ROUNDS_CODING_JPEG_2000: ok = rounds_codec_jpeg_2000 (image, data, size, frame, decoded, error); break;
    default: fail (error, ROUNDS_DICOM_ERROR_UNSUPPORTED, _("this way of coding cannot be decoded")); break;
    }
  return ok ? g_steal_pointer (&frame) : NULL;
}

RoundsFrame *
rounds_dicom_file_decode (RoundsDicomFile *self, int index, GError **error)
{
  g_autoptr (RoundsFrame) frame = NULL;
  RoundsDecoded decoded = { 0 };
  RoundsDicomImage image;
  RoundsPixelType type;

  g_return_val_if_fail (self != NULL, NULL);

  if (!rounds_dicom_file_get_image (self, index, &image, error) || !choose_type (&image, &type, error))
    return NULL;
  if (self->set->encapsulated)
    frame = decode_encapsulated (self, &image, type, index, &decoded, error);
  else
    frame = decode_native (self, &image, type, index, error);
  if (frame == NULL)
    return NULL;
  if (!decoded.own_depth)
    settle_bits (frame, &image);
  if (!settle_colour (self, &image, &decoded, frame, error))
    return NULL;
  frame->lossy = image.lossy;
  return g_steal_pointer (&frame);
}

gboolean
rounds_dicom_file_check_pixels (RoundsDicomFile *self, GError **error)
{
  RoundsDicomImage image;
  RoundsPixelType type;

  g_return_val_if_fail (self != NULL, FALSE);

  if (self->set->pixels == NULL)
    return TRUE;
  if (!rounds_dicom_file_read_shape (self, &image, error) || !choose_type (&image, &type, error))
    return FALSE;
  if (!self->set->encapsulated)
    {
      if ((guint64) self->set->pixels->length * 8 / native_bits (&image) < (guint64) image.frames)
        return fail (error, ROUNDS_DICOM_ERROR_TRUNCATED, _("the pixel data end before the image does"));
      return TRUE;
    }
  if (self->set->pixels_cut)
    return fail (error, ROUNDS_DICOM_ERROR_TRUNCATED, _("the file ends inside the compressed image"));
  if (self->frame_fragments == NULL)
    return fail (error, ROUNDS_DICOM_ERROR_MALFORMED, _("where its frames begin cannot be found"));
  if (self->n_frames < image.frames)
    return fail (error, ROUNDS_DICOM_ERROR_TRUNCATED, _("the pixel data hold fewer frames than declared"));
  if (self->coding == ROUNDS_CODING_UNSUPPORTED)
    return fail (error, ROUNDS_DICOM_ERROR_UNSUPPORTED, _("its pixels are coded in a way that cannot be shown"));
  return TRUE;
}
