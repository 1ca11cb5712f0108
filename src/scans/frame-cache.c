/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames of the stack on screen. One job decodes one frame; jobs are pushed once and moved between priorities
 * as the reader scrolls, so that a fast wheel never waits for frames that it has passed. The budget drops frames
 * that are farthest from what is looked at. A multi-frame file stays open (one at a time): parsing it anew for
 * each frame would cost more than it holds. */
#include "scans/frame-cache.h"

#include <glib/gi18n-lib.h>
#include <unistd.h>

#include "scans/error.h"
#include "scans/post.h"

#define NEIGHBOURS_AHEAD 12
#define NEIGHBOURS_BEHIND 4

typedef struct {
  RoundsScanFrame *frame;
  gsize size;
  guint64 handle;        /* job that waits or runs; 0 = none */
  guint8 state;          /* RoundsSliceState */
  guint8 priority;
} Slot;

/* What the workers of one ticket share. */
typedef struct {
  gint ref_count;
  GWeakRef cache;
  RoundsScanSeries *series;
  RoundsScanBytesFunc func;
  gpointer data;
  GDestroyNotify destroy;
  GCancellable *cancellable;
  GMutex lock;
  char *open_uid;            /* lock: the multi-frame file that is open */
  RoundsDicomFile *open_file;
} Source;

struct _RoundsFrameCache
{
  GObject parent_instance;

  RoundsJobQueue *queue;
  GMainContext *context;
  gsize budget;

  guint64 ticket;
  Source *source;
  Slot *slots;
  guint n_slots;
  guint current;
  int heading;               /* +1 or −1: the way the reader goes */
  gsize used;
  guint n_ready, n_dropped;
};

G_DEFINE_FINAL_TYPE (RoundsFrameCache, rounds_frame_cache, G_TYPE_OBJECT)

enum { FRAME_READY, FRAME_FAILED, N_SIGNALS };
static guint signals[N_SIGNALS];

static void
source_unref (Source *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;
  if (self->destroy != NULL)
    self->destroy (self->data);
  g_weak_ref_clear (&self->cache);
  g_clear_object (&self->series);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->open_file, rounds_dicom_file_unref);
  g_free (self->open_uid);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* --- in workers ---------------------------------------------------------------------------------- */

typedef struct {
  GMainContext *context;
  Source *source;
  guint64 ticket;
  guint index;
  RoundsScanFrame *frame;   /* result */
  GError *error;
} Job;

static void
job_free (gpointer data)
{
  Job *job = data;

  g_main_context_unref (job->context);
  source_unref (job->source);
  g_clear_pointer (&job->frame, rounds_scan_frame_unref);
  g_clear_error (&job->error);
  g_free (job);
}

static RoundsDicomFile *
open_file (Source *source, const RoundsScanInstance *instance, GCancellable *cancellable, GError **error)
{
  gboolean keep = instance->frames > 1;
  g_autoptr (GBytes) bytes = NULL;
  RoundsDicomFile *file;

  if (keep)
    {
      g_mutex_lock (&source->lock);
      if (g_strcmp0 (source->open_uid, instance->sop_uid) == 0)
        {
          file = rounds_dicom_file_ref (source->open_file);
          g_mutex_unlock (&source->lock);
          return file;
        }
      g_mutex_unlock (&source->lock);
    }
  bytes = source->func (instance->sop_uid, source->data, cancellable, error);
  file = bytes != NULL ? rounds_dicom_file_new (bytes, error) : NULL;
  if (file != NULL && keep)
    {
      g_mutex_lock (&source->lock);
      g_clear_pointer (&source->open_file, rounds_dicom_file_unref);
      source->open_file = rounds_dicom_file_ref (file);
      g_free (source->open_uid);
      source->open_uid = g_strdup (instance->sop_uid);
      g_mutex_unlock (&source->lock);
    }
  return file;
}

static gboolean deliver_cb (gpointer data);

static void
decode_job (gpointer data, GCancellable *cancellable)
{
  Job *job = data;
  const RoundsScanSlice *slice = rounds_scan_series_get_slice (job->source->series, job->index);
  g_autoptr (RoundsDicomFile) file = NULL;
  Job *answer;

  if (!g_cancellable_set_error_if_cancelled (job->source->cancellable, &job->error))
    {
      file = open_file (job->source, slice->instance, cancellable, &job->error);
      if (file != NULL)
        job->frame = rounds_scan_frame_load (file, slice->frame, &job->error);
      if (job->frame == NULL && job->error == NULL)
        g_set_error_literal (&job->error, ROUNDS_SCANS_ERROR, ROUNDS_SCANS_ERROR_FAILED, _("the image is not there"));
    }
  /* The queue frees the job after this; the answer lives until the main loop has taken it. */
  answer = g_new0 (Job, 1);
  answer->context = g_main_context_ref (job->context);
  g_atomic_int_inc (&job->source->ref_count);
  answer->source = job->source;
  answer->ticket = job->ticket;
  answer->index = job->index;
  answer->frame = g_steal_pointer (&job->frame);
  answer->error = g_steal_pointer (&job->error);
  rounds_scans_post (answer->context, deliver_cb, answer, job_free);
}

/* --- on the main thread -------------------------------------------------------------------------- */

static guint
distance (RoundsFrameCache *self, guint index)
{
  return index > self->current ? index - self->current : self->current - index;
}

static void
forget (RoundsFrameCache *self, Slot *slot)
{
  if (slot->frame == NULL)
    return;
  self->used -= slot->size;
  self->n_ready--;
  g_clear_pointer (&slot->frame, rounds_scan_frame_unref);
  slot->state = ROUNDS_SLICE_NONE;
}

/* The frame farthest from what is looked at leaves. FALSE: nothing is farther than index. */
static gboolean
make_room (RoundsFrameCache *self, guint index, gsize size)
{
  while (self->used + size > self->budget)
    {
      guint worst = G_MAXUINT, worst_distance = distance (self, index);

      for (guint i = 0; i < self->n_slots; i++)
        if (self->slots[i].frame != NULL && i != index && distance (self, i) > worst_distance)
          {
            worst = i;
            worst_distance = distance (self, i);
          }
      if (worst == G_MAXUINT)
        return index == self->current;   /* what is on screen is always kept */
      forget (self, &self->slots[worst]);
    }
  return TRUE;
}

static gboolean
deliver_cb (gpointer data)
{
  Job *job = data;
  g_autoptr (RoundsFrameCache) self = g_weak_ref_get (&job->source->cache);
  Slot *slot;

  if (self == NULL)
    return G_SOURCE_REMOVE;
  if (job->ticket != self->ticket || job->index >= self->n_slots)
    {
      self->n_dropped++;   /* of another series or patient: never shown */
      return G_SOURCE_REMOVE;
    }
  slot = &self->slots[job->index];
  slot->handle = 0;
  if (job->frame == NULL)
    {
      slot->state = ROUNDS_SLICE_FAILED;
      g_signal_emit (self, signals[FRAME_FAILED], 0, job->index, job->error->message);
      return G_SOURCE_REMOVE;
    }
  forget (self, slot);
  slot->size = rounds_scan_frame_size_bytes (job->frame);
  if (!make_room (self, job->index, slot->size))
    {
      slot->state = ROUNDS_SLICE_NONE;
      return G_SOURCE_REMOVE;
    }
  slot->frame = g_steal_pointer (&job->frame);
  slot->state = ROUNDS_SLICE_READY;
  self->used += slot->size;
  self->n_ready++;
  /* The first frame tells what one costs: now it is known how far the budget reaches. */
  if (self->n_ready == 1)
    rounds_frame_cache_show (self, self->current);
  g_signal_emit (self, signals[FRAME_READY], 0, job->index);
  return G_SOURCE_REMOVE;
}

static void
want (RoundsFrameCache *self, guint index, RoundsJobPriority priority)
{
  Slot *slot = &self->slots[index];
  Job *job;

  /* What failed once fails again: the bytes are the same. */
  if (slot->state == ROUNDS_SLICE_READY || slot->state == ROUNDS_SLICE_FAILED)
    return;
  if (slot->handle != 0)
    {
      if (slot->priority != priority && rounds_job_queue_move (self->queue, slot->handle, priority))
        slot->priority = (guint8) priority;
      return;
    }
  job = g_new0 (Job, 1);
  job->context = g_main_context_ref (self->context);
  g_atomic_int_inc (&self->source->ref_count);
  job->source = self->source;
  job->ticket = self->ticket;
  job->index = index;
  slot->state = ROUNDS_SLICE_WAITING;
  slot->priority = (guint8) priority;
  slot->handle = rounds_job_queue_push (self->queue, priority, decode_job, job, job_free, self->source->cancellable);
}

void
rounds_frame_cache_show (RoundsFrameCache *self, guint index)
{
  guint old = self->current;
  gsize per_frame;
  guint fits, reach;

  if (self->source == NULL || index >= self->n_slots)
    return;
  if (index != old)
    self->heading = index > old ? 1 : -1;
  self->current = index;
  want (self, index, ROUNDS_JOB_VISIBLE);
  for (guint i = 1; i <= NEIGHBOURS_AHEAD; i++)
    {
      gint64 ahead = (gint64) index + self->heading * (gint64) i;
      gint64 behind = (gint64) index - self->heading * (gint64) i;

      if (ahead >= 0 && ahead < self->n_slots)
        want (self, (guint) ahead, ROUNDS_JOB_NEIGHBOUR);
      if (i <= NEIGHBOURS_BEHIND && behind >= 0 && behind < self->n_slots)
        want (self, (guint) behind, ROUNDS_JOB_NEIGHBOUR);
    }
  /* The rest, outwards, as far as the budget reaches: decoding what would be dropped at once helps nobody. */
  per_frame = self->n_ready > 0 ? self->used / self->n_ready : 0;
  fits = per_frame > 0 ? (guint) MIN (self->budget / per_frame, G_MAXINT) : 64;
  reach = self->n_slots <= fits ? self->n_slots : fits / 2;
  for (guint d = 1; d < reach; d++)
    {
      guint ahead = self->heading > 0 ? NEIGHBOURS_AHEAD : NEIGHBOURS_BEHIND;
      guint behind = self->heading > 0 ? NEIGHBOURS_BEHIND : NEIGHBOURS_AHEAD;

      if (d > ahead && index + d < self->n_slots)
        want (self, index + d, ROUNDS_JOB_IDLE);
      if (d > behind && index >= d)
        want (self, index - d, ROUNDS_JOB_IDLE);
    }
}

static void
drop_all (RoundsFrameCache *self)
{
  if (self->source != NULL)
    g_cancellable_cancel (self->source->cancellable);
  for (guint i = 0; i < self->n_slots; i++)
    {
      if (self->slots[i].handle != 0)
        rounds_job_queue_drop (self->queue, self->slots[i].handle);
      g_clear_pointer (&self->slots[i].frame, rounds_scan_frame_unref);
    }
  g_clear_pointer (&self->slots, g_free);
  self->n_slots = 0;
  self->used = 0;
  self->n_ready = 0;
  g_clear_pointer (&self->source, source_unref);
}

guint64
rounds_frame_cache_set_series (RoundsFrameCache *self, RoundsScanSeries *series, RoundsScanBytesFunc func,
                               gpointer data, GDestroyNotify destroy)
{
  drop_all (self);
  self->ticket++;
  self->current = 0;
  self->heading = 1;
  if (series == NULL)
    {
      if (destroy != NULL)
        destroy (data);
      return self->ticket;
    }
  self->source = g_new0 (Source, 1);
  self->source->ref_count = 1;
  g_weak_ref_init (&self->source->cache, self);
  self->source->series = g_object_ref (series);
  self->source->func = func;
  self->source->data = data;
  self->source->destroy = destroy;
  self->source->cancellable = g_cancellable_new ();
  g_mutex_init (&self->source->lock);
  self->n_slots = rounds_scan_series_get_n_slices (series);
  self->slots = g_new0 (Slot, MAX (self->n_slots, 1));
  return self->ticket;
}

RoundsScanFrame *
rounds_frame_cache_peek (RoundsFrameCache *self, guint index)
{
  if (index >= self->n_slots || self->slots[index].frame == NULL)
    return NULL;
  return rounds_scan_frame_ref (self->slots[index].frame);
}

RoundsSliceState
rounds_frame_cache_get_state (RoundsFrameCache *self, guint index)
{
  return index < self->n_slots ? self->slots[index].state : ROUNDS_SLICE_NONE;
}

guint
rounds_frame_cache_get_n_ready (RoundsFrameCache *self)
{
  return self->n_ready;
}

gsize
rounds_frame_cache_get_used_bytes (RoundsFrameCache *self)
{
  return self->used;
}

guint
rounds_frame_cache_get_n_dropped (RoundsFrameCache *self)
{
  return self->n_dropped;
}

static void
rounds_frame_cache_dispose (GObject *object)
{
  RoundsFrameCache *self = ROUNDS_FRAME_CACHE (object);

  drop_all (self);
  g_clear_object (&self->queue);
  G_OBJECT_CLASS (rounds_frame_cache_parent_class)->dispose (object);
}

static void
rounds_frame_cache_finalize (GObject *object)
{
  g_main_context_unref (ROUNDS_FRAME_CACHE (object)->context);
  G_OBJECT_CLASS (rounds_frame_cache_parent_class)->finalize (object);
}

static void
rounds_frame_cache_class_init (RoundsFrameCacheClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rounds_frame_cache_dispose;
  object_class->finalize = rounds_frame_cache_finalize;
  signals[FRAME_READY] = g_signal_new ("frame-ready", ROUNDS_TYPE_FRAME_CACHE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                       NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
  signals[FRAME_FAILED] = g_signal_new ("frame-failed", ROUNDS_TYPE_FRAME_CACHE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                        NULL, G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_STRING);
}

static void
rounds_frame_cache_init (RoundsFrameCache *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->heading = 1;
}

RoundsFrameCache *
rounds_frame_cache_new (RoundsJobQueue *queue, gsize budget_bytes)
{
  RoundsFrameCache *self = g_object_new (ROUNDS_TYPE_FRAME_CACHE, NULL);

  self->queue = g_object_ref (queue);
  self->budget = budget_bytes;
  if (budget_bytes == 0)
    {
      gint64 memory = (gint64) sysconf (_SC_PHYS_PAGES) * sysconf (_SC_PAGESIZE);
      self->budget = (gsize) CLAMP (memory / 4, (gint64) 128 << 20, (gint64) 2 << 30);
    }
  return self;
}
