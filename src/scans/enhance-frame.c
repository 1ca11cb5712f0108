/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One frame, one object: the blocking half of enhancement, for the command line and for the enhancer's thread.
 * Results are kept at full strength, because every strength is a blend of it with the original. */
#include "scans/enhancer-private.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "dicom/writer.h"
#include "scans/error.h"

#define MAX_OBJECT_BYTES ((gsize) 1 << 30)

RoundsEnhancedFrame *
rounds_enhanced_frame_ref (RoundsEnhancedFrame *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
rounds_enhanced_frame_unref (RoundsEnhancedFrame *self)
{
  if (self == NULL || !g_atomic_int_dec_and_test (&self->ref_count))
    return;
  g_free (self->full);
  g_free (self);
}

void
rounds_enhance_params_init (RoundsDenoiseParams *params, const RoundsScanFrame *frame, const char *modality)
{
  gboolean floating = frame->pixels->type >= ROUNDS_PIXEL_FLOAT32;

  *params = (RoundsDenoiseParams) ROUNDS_DENOISE_PARAMS_INIT;
  params->modality = modality != NULL ? modality : "";
  params->bits_stored = floating ? 0 : frame->image.bits_stored;
  params->samples = rounds_scan_frame_is_grey (frame) ? frame->pixels->samples : 3;
  if (frame->image.has_padding)
    {
      double a = rounds_scan_frame_stored_to_modality (frame, frame->image.padding_low);
      double b = rounds_scan_frame_stored_to_modality (frame, frame->image.padding_high);
      params->padding_low = MIN (a, b);
      params->padding_high = MAX (a, b);
    }
}

static RoundsEnhancedFrame *
enhance (RoundsEnhanceSession *session, const RoundsScanFrame *frame, const float *in, const char *modality,
         double sigma, GCancellable *cancellable, GError **error)
{
  const RoundsFrame *f = frame->pixels;
  gsize n = (gsize) f->rows * f->columns;
  g_autofree float *out = g_new (float, n);
  RoundsDenoiseParams params;
  RoundsDenoiseReport report = { 0 };
  RoundsEnhancedFrame *self;

  rounds_enhance_params_init (&params, frame, modality);
  params.sigma = sigma;
  if (!rounds_denoise_run (session, in, f->rows, f->columns, &params, out, &report, cancellable, error))
    return NULL;
  self = g_new0 (RoundsEnhancedFrame, 1);
  self->ref_count = 1;
  self->full = g_steal_pointer (&out);
  self->n = n;
  self->report = report;
  return self;
}

static gboolean
refuse_colour (const RoundsScanFrame *frame, GError **error)
{
  if (rounds_scan_frame_is_grey (frame))
    return FALSE;
  g_set_error_literal (error, ROUNDS_ENHANCE_ERROR, ROUNDS_ENHANCE_ERROR_REFUSED,
                       _("the model is for grey images; this one is in colour"));
  return TRUE;
}

RoundsEnhancedFrame *
rounds_enhance_frame (RoundsEnhanceSession *session, const RoundsScanFrame *frame, const char *modality,
                      GCancellable *cancellable, GError **error)
{
  g_autofree float *in = NULL;

  if (refuse_colour (frame, error))
    return NULL;
  in = rounds_scan_frame_dup_modality (frame);
  return enhance (session, frame, in, modality, NAN, cancellable, error);
}

/* Stored values of one frame at strength. The blend works on modality values; what did not change keeps its
 * stored value exactly, whatever the slope does to rounding. */
static guint8 *
derived_pixels (RoundsEnhanceSession *session, const RoundsScanFrame *frame, const char *modality, double strength,
                double sigma, RoundsEnhancedFrame *known, RoundsDenoiseReport *report, gsize *size,
                GCancellable *cancellable, GError **error)
{
  g_autoptr (RoundsEnhancedFrame) full = known;
  g_autofree float *values = NULL;

  if (refuse_colour (frame, error))
    return NULL;
  values = rounds_scan_frame_dup_modality (frame);
  if (full == NULL)
    full = enhance (session, frame, values, modality, sigma, cancellable, error);
  if (full == NULL)
    return NULL;
  *report = full->report;
  report->strength = strength;
  if (strength <= 0)
    {
      *size = frame->pixels->size;
      return g_memdup2 (frame->pixels->data, frame->pixels->size);
    }
  rounds_denoise_blend (values, full->full, full->n, strength, values);
  return rounds_scan_frame_to_stored (frame, values, size, error);
}

GBytes *
rounds_enhance_derive_full (RoundsEnhanceSession *session, RoundsDicomFile *source, double strength, double sigma,
                            const char *series_uid, RoundsEnhancedLookup lookup, gpointer data, char **sop_uid,
                            RoundsDenoiseReport *report, GCancellable *cancellable, GError **error)
{
  g_autofree char *modality = rounds_dicom_file_dup_string (source, 0x00080060);
  g_autofree char *description = rounds_dicom_file_dup_string (source, 0x0008103e);
  g_autofree guint8 *all = NULL;
  g_auto (RoundsEnhanceProvenance) provenance = { 0 };
  RoundsModel *model = rounds_enhance_session_get_model (session);
  RoundsDenoiseReport middle = { 0 };
  RoundsDerivation derivation = { 0 };
  RoundsDicomImage image;
  gsize per_frame = 0;
  int frames;

  if (!rounds_dicom_file_get_image (source, 0, &image, error))
    return NULL;
  frames = MAX (image.frames, 1);
  for (int i = 0; i < frames; i++)
    {
      g_autoptr (RoundsScanFrame) frame = NULL;
      g_autofree guint8 *pixels = NULL;
      RoundsDenoiseReport one;
      gsize size;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      frame = rounds_scan_frame_load (source, i, error);
      if (frame == NULL)
        return NULL;
      pixels = derived_pixels (session, frame, modality, CLAMP (strength, 0, 1), sigma,
                               lookup != NULL ? lookup (i, data) : NULL, &one, &size, cancellable, error);
      if (pixels == NULL)
        return NULL;
      if (all == NULL)
        {
          if (size > MAX_OBJECT_BYTES / frames)
            {
              g_set_error_literal (error, ROUNDS_SCANS_ERROR, ROUNDS_SCANS_ERROR_LIMIT,
                                   _("the enhanced object would be larger than 1 GiB"));
              return NULL;
            }
          per_frame = size;
          all = g_malloc (size * frames);
        }
      else if (size != per_frame)
        {
          g_set_error_literal (error, ROUNDS_SCANS_ERROR, ROUNDS_SCANS_ERROR_INVALID, _("its frames differ in size"));
          return NULL;
        }
      memcpy (all + (gsize) i * per_frame, pixels, size);
      if (i == frames / 2)
        middle = one;
    }
  rounds_enhance_provenance_init (&provenance, model, modality != NULL ? modality : "", &middle);
  derivation.description = provenance.description;
  derivation.derivation_code = ROUNDS_ENHANCE_DERIVATION_CODE;
  derivation.derivation_meaning = ROUNDS_ENHANCE_DERIVATION_MEANING;
  derivation.series_description = description;
  derivation.series_uid = series_uid;
  derivation.manufacturer = "Rounds";
  derivation.model_name = provenance.model_name;
  derivation.model_version = provenance.model_version;
  derivation.model_sha256 = provenance.model_sha256;
  if (report != NULL)
    *report = middle;
  return rounds_dicom_write_derived (source, all, per_frame * frames, &derivation, sop_uid, error);
}

GBytes *
rounds_enhance_derive (RoundsEnhanceSession *session, RoundsDicomFile *source, double strength, double sigma,
                       const char *series_uid, char **sop_uid, RoundsDenoiseReport *report,
                       GCancellable *cancellable, GError **error)
{
  return rounds_enhance_derive_full (session, source, strength, sigma, series_uid, NULL, NULL, sop_uid, report,
                                     cancellable, error);
}
