/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JPEG 2000 and High-Throughput JPEG 2000 by OpenJPEG. The codestream says how many bits a sample has and whether it
 * is signed, and is believed: a stream of fewer bits than declared is decoded by its own depth. Where only one of
 * both is signed, the bits of the sample are taken as the declared representation. */
#include "dicom/codec.h"

#include <glib/gi18n-lib.h>
#include <openjpeg.h>
#include <string.h>

typedef struct {
  const guint8 *data;
  gsize size, pos;
} Source;

static OPJ_SIZE_T
read_cb (void *buffer, OPJ_SIZE_T n, void *user_data)
{
  Source *source = user_data;
  gsize left = source->size - source->pos;

  if (left == 0)
    return (OPJ_SIZE_T) -1;
  n = MIN (n, left);
  memcpy (buffer, source->data + source->pos, n);
  source->pos += n;
  return n;
}

static OPJ_OFF_T
skip_cb (OPJ_OFF_T n, void *user_data)
{
  Source *source = user_data;

  if (n < 0 || (guint64) n > source->size - source->pos)
    return -1;
  source->pos += (gsize) n;
  return n;
}

static OPJ_BOOL
seek_cb (OPJ_OFF_T to, void *user_data)
{
  Source *source = user_data;

  if (to < 0 || (guint64) to > source->size)
    return OPJ_FALSE;
  source->pos = (gsize) to;
  return OPJ_TRUE;
}

static void
quiet_cb (const char *message, void *user_data)
{
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (opj_codec_t, opj_destroy_codec)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (opj_stream_t, opj_stream_destroy)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (opj_image_t, opj_image_destroy)

static gboolean
damaged (GError **error)
{
  g_set_error_literal (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_MALFORMED,
                       _("JPEG 2000: the codestream is damaged or incomplete"));
  return FALSE;
}

/* The codestream begins with SOC and SIZ, here or inside a JP2 box. NULL when there is none. */
static const guint8 *
find_codestream (const guint8 *data, gsize size, gsize *left)
{
  static const guint8 start[] = { 0xFF, 0x4F, 0xFF, 0x51 };
  const guint8 *found;

  if (size >= 12 && memcmp (data, start, 4) == 0)
    found = data;
  else if (size >= 12 && memcmp (data + 4, "jP  ", 4) == 0)
    found = memmem (data, MIN (size, 65536), start, sizeof start);
  else
    found = NULL;
  if (found != NULL)
    *left = size - (gsize) (found - data);
  return found;
}

/* Size of the image in SIZ, before OpenJPEG allocates anything for it. */
static gboolean
check_size (const RoundsDicomImage *image, const guint8 *p, gsize size, GError **error)
{
  guint32 width, height;
  guint components;

  if (size < 42)
    return damaged (error);
  width = rounds_read_u32 (p + 8, TRUE) - rounds_read_u32 (p + 16, TRUE);
  height = rounds_read_u32 (p + 12, TRUE) - rounds_read_u32 (p + 20, TRUE);
  components = rounds_read_u16 (p + 40, TRUE);
  if (width == (guint32) image->columns && height == (guint32) image->rows && components == (guint) image->samples &&
      rounds_read_u32 (p + 16, TRUE) < rounds_read_u32 (p + 8, TRUE) &&
      rounds_read_u32 (p + 20, TRUE) < rounds_read_u32 (p + 12, TRUE))
    return TRUE;
  g_set_error (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_MALFORMED,
               _("the compressed image (%u × %u, %u samples) is not the declared one"), width, height, components);
  return FALSE;
}

/* Whether the codestream undoes a colour transformation of its own (COD, SGcod). */
static gboolean
has_colour_transform (const guint8 *p, gsize size)
{
  for (gsize at = 2; at + 10 <= size && p[at] == 0xFF && p[at + 1] != 0x90;)
    {
      if (p[at + 1] == 0x52)
        return p[at + 8] == 1;
      at += 2 + MAX ((gsize) rounds_read_u16 (p + at + 2, TRUE), 2);
    }
  return FALSE;
}

static void
store_component (RoundsFrame *out, const opj_image_comp_t *component, int index, gboolean want_signed)
{
  gsize n = (gsize) out->rows * (gsize) out->columns;
  gsize step = (gsize) out->samples;
  guint shift = 32 - component->prec;
  const OPJ_INT32 *in = component->data;

#define STORE(Type, expression)                             \
  do                                                        \
    {                                                       \
      Type *to = (Type *) (void *) out->data + index;       \
      for (gsize i = 0; i < n; i++)                         \
        {                                                   \
          OPJ_INT32 v = in[i];                              \
          to[i * step] = (Type) (expression);               \
        }                                                   \
    }                                                       \
  while (0)
#define STORE_BY_TYPE(expression)                                                  \
  switch (rounds_pixel_type_size (out->type))                                      \
    {                                                                              \
    case 1: STORE (guint8, expression); break;                                     \
    case 2: STORE (guint16, expression); break;                                    \
    default: STORE (guint32, expression); break;                                   \
    }

  if (want_signed && !component->sgnd)
    { STORE_BY_TYPE ((OPJ_INT32) ((guint32) v << shift) >> shift) }
  else if (!want_signed && component->sgnd)
    { STORE_BY_TYPE ((guint32) v << shift >> shift) }
  else
    { STORE_BY_TYPE (v) }
#undef STORE
#undef STORE_BY_TYPE
}

gboolean
rounds_codec_jpeg_2000 (const RoundsDicomImage *image, const guint8 *data, gsize size, RoundsFrame *out,
                        RoundsDecoded *decoded, GError **error)
{
  Source source = { 0 };
  opj_dparameters_t parameters;
  g_autoptr (opj_codec_t) codec = NULL;
  g_autoptr (opj_stream_t) stream = NULL;
  g_autoptr (opj_image_t) picture = NULL;
  opj_image_t *raw = NULL;

  source.data = find_codestream (data, size, &source.size);
  if (source.data == NULL)
    return damaged (error);
  if (!check_size (image, source.data, source.size, error))
    return FALSE;
  codec = opj_create_decompress (OPJ_CODEC_J2K);
  stream = opj_stream_create (MIN (source.size, 1 << 20), OPJ_TRUE);
  if (codec == NULL || stream == NULL)
    return damaged (error);
  opj_set_info_handler (codec, quiet_cb, NULL);
  opj_set_warning_handler (codec, quiet_cb, NULL);
  opj_set_error_handler (codec, quiet_cb, NULL);
  opj_set_default_decoder_parameters (&parameters);
  opj_stream_set_user_data (stream, &source, NULL);
  opj_stream_set_user_data_length (stream, source.size);
  opj_stream_set_read_function (stream, read_cb);
  opj_stream_set_skip_function (stream, skip_cb);
  opj_stream_set_seek_function (stream, seek_cb);
  if (!opj_setup_decoder (codec, &parameters) || !opj_read_header (stream, codec, &raw))
    return damaged (error);
  picture = raw;
  for (guint i = 0; i < picture->numcomps; i++)
    if (picture->comps[i].prec < 1 || (int) picture->comps[i].prec > image->bits_allocated ||
        picture->comps[i].prec > 31)
      {
        g_set_error (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_MALFORMED,
                     _("JPEG 2000: samples of %u bits are more than declared"), picture->comps[i].prec);
        return FALSE;
      }
  if (!opj_decode (codec, stream, picture) || !opj_end_decompress (codec, stream))
    return damaged (error);
  if (picture->numcomps != (guint) image->samples)
    return damaged (error);
  for (guint i = 0; i < picture->numcomps; i++)
    if (picture->comps[i].data == NULL || picture->comps[i].w != (guint) image->columns ||
        picture->comps[i].h != (guint) image->rows)
      {
        g_set_error_literal (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_UNSUPPORTED,
                             _("JPEG 2000: components of unequal size cannot be shown"));
        return FALSE;
      }
  for (guint i = 0; i < picture->numcomps; i++)
    store_component (out, &picture->comps[i], (int) i, image->is_signed);
  decoded->own_depth = TRUE;
  /* Declared as reversible or irreversible transformation: what comes out is RGB either way. */
  decoded->is_rgb = has_colour_transform (source.data, source.size) ||
                    strcmp (image->photometric, "YBR_RCT") == 0 || strcmp (image->photometric, "YBR_ICT") == 0;
  return TRUE;
}
