/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/job-queue.h"
#include "scans/scan-frame.h"
#include "scans/study-list.h"

G_BEGIN_DECLS

/* The decoded frames of the stack on screen, under a byte budget. What is visible is decoded first, then its
 * neighbours in the direction of travel, then the rest while nobody waits. A change of series takes a new
 * ticket: results for an older one are dropped. Used from the main thread; decoding happens in the queue. */
#define ROUNDS_TYPE_FRAME_CACHE (rounds_frame_cache_get_type ())
G_DECLARE_FINAL_TYPE (RoundsFrameCache, rounds_frame_cache, ROUNDS, FRAME_CACHE, GObject)

typedef enum {
  ROUNDS_SLICE_NONE,     /* not loaded, or left the cache again */
  ROUNDS_SLICE_WAITING,
  ROUNDS_SLICE_READY,
  ROUNDS_SLICE_FAILED,
} RoundsSliceState;

/* Gives the bytes of an instance; called in workers, several at once. */
typedef GBytes *(*RoundsScanBytesFunc) (const char *sop_uid, gpointer data, GCancellable *cancellable,
                                        GError **error);

/* budget_bytes 0 = a quarter of the memory, at most 2 GiB. */
RoundsFrameCache *rounds_frame_cache_new (RoundsJobQueue *queue, gsize budget_bytes);

/* Signals (main context of the thread that made the cache):
 *   "frame-ready" (guint index), "frame-failed" (guint index, const char *message). */

/* Shows another stack (series NULL = none). data is freed by destroy when no worker needs it any more.
 * Returns the new ticket. */
guint64 rounds_frame_cache_set_series (RoundsFrameCache *self, RoundsScanSeries *series, RoundsScanBytesFunc func,
                                       gpointer data, GDestroyNotify destroy);
/* Says what is looked at: orders the work anew. */
void rounds_frame_cache_show (RoundsFrameCache *self, guint index);
/* The frame if it is there (new reference), else NULL; never waits. */
RoundsScanFrame *rounds_frame_cache_peek (RoundsFrameCache *self, guint index);
RoundsSliceState rounds_frame_cache_get_state (RoundsFrameCache *self, guint index);
guint rounds_frame_cache_get_n_ready (RoundsFrameCache *self);
gsize rounds_frame_cache_get_used_bytes (RoundsFrameCache *self);
/* Answers for older tickets that came late and were dropped (for tests). */
guint rounds_frame_cache_get_n_dropped (RoundsFrameCache *self);

G_END_DECLS
