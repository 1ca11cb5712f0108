/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/job-queue.h"
#include "enhance/denoise.h"
#include "enhance/provenance.h"
#include "scans/scan-frame.h"
#include "scans/study-list.h"

G_BEGIN_DECLS

/* An enhanced frame at full strength; the strength slider blends (rounds_denoise_blend). Immutable. */
typedef struct {
  float *full;                 /* rows × columns modality values at strength 1 */
  gsize n;
  RoundsDenoiseReport report;  /* at strength 1 */
  gint ref_count;
} RoundsEnhancedFrame;
RoundsEnhancedFrame *rounds_enhanced_frame_ref (RoundsEnhancedFrame *self);
void rounds_enhanced_frame_unref (RoundsEnhancedFrame *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsEnhancedFrame, rounds_enhanced_frame_unref)

/* Runs a model over frame. Blocks about 0.1 s. session: of the model. Errors: those of src/enhance. */
RoundsEnhancedFrame *rounds_enhance_frame (RoundsEnhanceSession *session, const RoundsScanFrame *frame,
                                           const char *modality, GCancellable *cancellable, GError **error);

/* Stored values' padding in modality units and what else the model wants to know, for params of frame. The
 * strings are borrowed from modality. */
void rounds_enhance_params_init (RoundsDenoiseParams *params, const RoundsScanFrame *frame, const char *modality);

/* A DERIVED object from source (all frames of it) at strength 0 to 1. sigma: NAN = measured in each frame, else
 * modality units. series_uid: of the new series. Gives the bytes, the new UID, and the report of the middle frame
 * with the strength in it (nullable). Strength 0 writes the stored values bit for bit. Blocks about 0.1 s a
 * 512 × 512 frame. */
GBytes *rounds_enhance_derive (RoundsEnhanceSession *session, RoundsDicomFile *source, double strength, double sigma,
                               const char *series_uid, char **sop_uid, RoundsDenoiseReport *report,
                               GCancellable *cancellable, GError **error);

/* Enhancement of a stack with a thread of its own: what is visible at once, a whole series in the background.
 * Results are kept under a byte budget. Used from the main thread. */
#define ROUNDS_TYPE_ENHANCER (rounds_enhancer_get_type ())
G_DECLARE_FINAL_TYPE (RoundsEnhancer, rounds_enhancer, ROUNDS, ENHANCER, GObject)

/* budget_bytes 0 = an eighth of the memory, at most 1 GiB. */
RoundsEnhancer *rounds_enhancer_new (gsize budget_bytes);
/* Signals (main context of the maker): "ready" (const char *sop_uid, int frame), "failed" (const char *sop_uid,
 * int frame, const char *message), "progress" (guint done, guint total), "finished" (const char *message or NULL,
 * guint done). */

/* The loaded model, or NULL before the first result. */
RoundsModel *rounds_enhancer_get_model (RoundsEnhancer *self);
/* Forgets the patient: drops what waits and what is kept; late answers are not given. */
void rounds_enhancer_clear (RoundsEnhancer *self);
/* Asks for a frame; an earlier request that still waits is dropped (only the newest is on screen). */
void rounds_enhancer_request (RoundsEnhancer *self, RoundsScanFrame *frame, const char *modality,
                              const char *sop_uid, int frame_index);
/* The result if it is there (new reference), else NULL. */
RoundsEnhancedFrame *rounds_enhancer_peek (RoundsEnhancer *self, const char *sop_uid, int frame_index);

/* Enhances all slices of series in the background and keeps them. */
void rounds_enhancer_run_series (RoundsEnhancer *self, RoundsStore *store, RoundsScanSeries *series);
/* Writes a new DERIVED series at strength into the store (and the scan outbox), all objects in one transaction
 * at the end: cancelled or failed, nothing of it is kept. */
void rounds_enhancer_save_series (RoundsEnhancer *self, RoundsStore *store, RoundsScanSeries *series,
                                  double strength);
gboolean rounds_enhancer_is_busy (RoundsEnhancer *self);   /* a series is being worked on */
void rounds_enhancer_cancel (RoundsEnhancer *self);

G_END_DECLS
