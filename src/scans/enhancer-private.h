/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/byte-cache.h"
#include "scans/enhancer.h"

G_BEGIN_DECLS

/* Private to src/scans: what the enhancer's thread and the main thread share for one model. */
typedef struct {
  gint ref_count;
  char *name;               /* of the model */
  RoundsByteCache *kept;    /* RoundsEnhancedFrame by key */
  GMutex lock;
  RoundsModel *model;             /* lock; NULL until loaded */
  RoundsEnhanceSession *session;  /* lock */
} RoundsEnhancerShared;

RoundsEnhancerShared *rounds_enhancer_shared_new (const char *name, gsize budget_bytes);
RoundsEnhancerShared *rounds_enhancer_shared_ref (RoundsEnhancerShared *self);
void rounds_enhancer_shared_unref (RoundsEnhancerShared *self);
/* Loads the model at the first call. New reference. Worker. */
RoundsEnhanceSession *rounds_enhancer_shared_session (RoundsEnhancerShared *self, GError **error);
/* Caller frees. */
char *rounds_enhancer_key (const char *sop_uid, int frame);
void rounds_enhancer_keep (RoundsEnhancerShared *self, const char *key, RoundsEnhancedFrame *frame);

/* A frame that was enhanced already (new reference) or NULL. */
typedef RoundsEnhancedFrame *(*RoundsEnhancedLookup) (int frame, gpointer data);
GBytes *rounds_enhance_derive_full (RoundsEnhanceSession *session, RoundsDicomFile *source, double strength,
                                    double sigma, const char *series_uid, RoundsEnhancedLookup lookup, gpointer data,
                                    char **sop_uid, RoundsDenoiseReport *report, GCancellable *cancellable,
                                    GError **error);

/* A whole series, one instance a step, so that what is on screen gets in between. Steps run in the queue; tell
 * is called on context after each with the error of the run (NULL = none) and whether it was the last. */
typedef struct _RoundsSeriesRun RoundsSeriesRun;
typedef void (*RoundsSeriesRunTell) (guint done, guint total, gboolean finished, const GError *error, gpointer data);
/* save: write a DERIVED series at strength; else only keep the frames. */
RoundsSeriesRun *rounds_series_run_start (RoundsJobQueue *queue, RoundsEnhancerShared *shared, RoundsStore *store,
                                          RoundsScanSeries *series, gboolean save, double strength,
                                          RoundsSeriesRunTell tell, gpointer data);
/* Ends it as soon as can be; tell is still called with finished, unless silent. */
void rounds_series_run_cancel (RoundsSeriesRun *self, gboolean silent);
void rounds_series_run_unref (RoundsSeriesRun *self);

G_END_DECLS
