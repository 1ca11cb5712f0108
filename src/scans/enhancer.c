/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The main-thread face of enhancement. It has one thread of its own (the network uses every core by itself; two
 * at once would only be slower), serves what is on screen before a series that runs in the background, and drops
 * answers that come after the patient or the model has changed. */
#include "scans/enhancer-private.h"

#include <glib/gi18n-lib.h>
#include <unistd.h>

#include "scans/error.h"
#include "scans/post.h"

struct _RoundsEnhancer
{
  GObject parent_instance;

  RoundsJobQueue *queue;       /* one worker */
  GMainContext *context;
  RoundsEnhancerShared *shared;
  gsize budget;
  guint64 ticket;              /* grows when patient or model change */
  guint64 waiting;             /* handle of the frame that was asked for */
  char *waiting_key;
  GCancellable *visible;
  RoundsSeriesRun *run;
};

G_DEFINE_FINAL_TYPE (RoundsEnhancer, rounds_enhancer, G_TYPE_OBJECT)

enum { READY, FAILED, PROGRESS, FINISHED, N_SIGNALS };
static guint signals[N_SIGNALS];

/* --- shared -------------------------------------------------------------------------------------- */

RoundsEnhancerShared *
rounds_enhancer_shared_new (const char *name, gsize budget_bytes)
{
  RoundsEnhancerShared *self = g_new0 (RoundsEnhancerShared, 1);

  self->ref_count = 1;
  self->name = g_strdup (name);
  self->kept = rounds_byte_cache_new (budget_bytes, (gpointer (*) (gpointer)) rounds_enhanced_frame_ref,
                                      (GDestroyNotify) rounds_enhanced_frame_unref);
  g_mutex_init (&self->lock);
  return self;
}

RoundsEnhancerShared *
rounds_enhancer_shared_ref (RoundsEnhancerShared *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
rounds_enhancer_shared_unref (RoundsEnhancerShared *self)
{
  if (self == NULL || !g_atomic_int_dec_and_test (&self->ref_count))
    return;
  g_clear_object (&self->session);
  g_clear_object (&self->model);
  rounds_byte_cache_free (self->kept);
  g_mutex_clear (&self->lock);
  g_free (self->name);
  g_free (self);
}

RoundsEnhanceSession *
rounds_enhancer_shared_session (RoundsEnhancerShared *self, GError **error)
{
  g_autoptr (RoundsModel) model = NULL;
  RoundsEnhanceSession *session = NULL;

  g_mutex_lock (&self->lock);
  if (self->session != NULL)
    session = g_object_ref (self->session);
  g_mutex_unlock (&self->lock);
  if (session != NULL)
    return session;
  /* Only one worker comes here; the lock is for the main thread's look. */
  model = rounds_model_load_named (self->name, error);
  session = model != NULL ? rounds_enhance_session_shared (model, 0, error) : NULL;
  if (session == NULL)
    return NULL;
  g_mutex_lock (&self->lock);
  self->model = g_steal_pointer (&model);
  self->session = g_object_ref (session);
  g_mutex_unlock (&self->lock);
  return session;
}

char *
rounds_enhancer_key (const char *sop_uid, int frame)
{
  return g_strdup_printf ("%s/%d", sop_uid, frame);
}

void
rounds_enhancer_keep (RoundsEnhancerShared *self, const char *key, RoundsEnhancedFrame *frame)
{
  rounds_byte_cache_put (self->kept, key, frame, sizeof *frame + frame->n * sizeof (float));
}

/* --- one frame ----------------------------------------------------------------------------------- */

typedef struct {
  GWeakRef enhancer;    /* main thread only */
  GMainContext *context;
  RoundsEnhancerShared *shared;
  guint64 ticket;
  RoundsScanFrame *frame;
  char *modality, *sop_uid, *key;
  int frame_index;
  GError *error;
  gint ref_count;
} Request;

static void
request_unref (gpointer data)
{
  Request *self = data;

  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;
  g_weak_ref_clear (&self->enhancer);
  g_main_context_unref (self->context);
  rounds_enhancer_shared_unref (self->shared);
  g_clear_pointer (&self->frame, rounds_scan_frame_unref);
  g_free (self->modality);
  g_free (self->sop_uid);
  g_free (self->key);
  g_clear_error (&self->error);
  g_free (self);
}

static gboolean
answer_cb (gpointer data)
{
  Request *request = data;
  g_autoptr (RoundsEnhancer) self = g_weak_ref_get (&request->enhancer);

  if (self == NULL || request->ticket != self->ticket)
    return G_SOURCE_REMOVE;
  if (g_strcmp0 (self->waiting_key, request->key) == 0)
    {
      self->waiting = 0;
      g_clear_pointer (&self->waiting_key, g_free);
    }
  if (request->error == NULL)
    g_signal_emit (self, signals[READY], 0, request->sop_uid, request->frame_index);
  else if (!g_error_matches (request->error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_signal_emit (self, signals[FAILED], 0, request->sop_uid, request->frame_index, request->error->message);
  return G_SOURCE_REMOVE;
}

static void
enhance_job (gpointer data, GCancellable *cancellable)
{
  Request *request = data;
  g_autoptr (RoundsEnhanceSession) session = NULL;
  g_autoptr (RoundsEnhancedFrame) result = rounds_byte_cache_get (request->shared->kept, request->key);

  if (result == NULL && !g_cancellable_set_error_if_cancelled (cancellable, &request->error))
    {
      session = rounds_enhancer_shared_session (request->shared, &request->error);
      if (session != NULL)
        result = rounds_enhance_frame (session, request->frame, request->modality, cancellable, &request->error);
      /* The cache belongs to this model and patient: a late answer fills one that nobody reads any more. */
      if (result != NULL)
        rounds_enhancer_keep (request->shared, request->key, result);
    }
  g_atomic_int_inc (&request->ref_count);
  rounds_scans_post (request->context, answer_cb, request, request_unref);
}

void
rounds_enhancer_request (RoundsEnhancer *self, RoundsScanFrame *frame, const char *modality, const char *sop_uid,
                         int frame_index)
{
  g_autofree char *key = rounds_enhancer_key (sop_uid, frame_index);
  Request *request;

  if (g_strcmp0 (self->waiting_key, key) == 0)
    return;
  if (self->waiting != 0 && !rounds_job_queue_drop (self->queue, self->waiting))
    g_cancellable_cancel (self->visible);   /* it runs: its picture is no longer on screen */
  g_clear_object (&self->visible);
  self->visible = g_cancellable_new ();
  request = g_new0 (Request, 1);
  request->ref_count = 1;
  g_weak_ref_init (&request->enhancer, self);
  request->context = g_main_context_ref (self->context);
  request->shared = rounds_enhancer_shared_ref (self->shared);
  request->ticket = self->ticket;
  request->frame = rounds_scan_frame_ref (frame);
  request->modality = g_strdup (modality);
  request->sop_uid = g_strdup (sop_uid);
  request->frame_index = frame_index;
  request->key = g_strdup (key);
  g_free (self->waiting_key);
  self->waiting_key = g_steal_pointer (&key);
  self->waiting = rounds_job_queue_push (self->queue, ROUNDS_JOB_VISIBLE, enhance_job, request, request_unref,
                                         self->visible);
}

RoundsEnhancedFrame *
rounds_enhancer_peek (RoundsEnhancer *self, const char *sop_uid, int frame_index)
{
  g_autofree char *key = rounds_enhancer_key (sop_uid, frame_index);

  return rounds_byte_cache_get (self->shared->kept, key);
}

/* --- series -------------------------------------------------------------------------------------- */

static void
told_cb (guint done, guint total, gboolean finished, const GError *error, gpointer data)
{
  RoundsEnhancer *self = data;   /* alive: dispose makes the run silent */

  g_signal_emit (self, signals[PROGRESS], 0, done, total);
  if (!finished)
    return;
  g_clear_pointer (&self->run, rounds_series_run_unref);
  g_signal_emit (self, signals[FINISHED], 0,
                 error == NULL ? NULL
                 : g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ? _("cancelled") : error->message, done);
}

static void
start (RoundsEnhancer *self, RoundsStore *store, RoundsScanSeries *series, gboolean save, double strength)
{
  if (self->run != NULL || rounds_scan_series_get_instances (series)->len == 0)
    return;
  self->run = rounds_series_run_start (self->queue, self->shared, store, series, save, strength, told_cb, self);
}

void
rounds_enhancer_run_series (RoundsEnhancer *self, RoundsStore *store, RoundsScanSeries *series)
{
  start (self, store, series, FALSE, 1);
}

void
rounds_enhancer_save_series (RoundsEnhancer *self, RoundsStore *store, RoundsScanSeries *series, double strength)
{
  start (self, store, series, TRUE, strength);
}

gboolean
rounds_enhancer_is_busy (RoundsEnhancer *self)
{
  return self->run != NULL;
}

void
rounds_enhancer_cancel (RoundsEnhancer *self)
{
  if (self->run != NULL)
    rounds_series_run_cancel (self->run, FALSE);
}

/* --- state --------------------------------------------------------------------------------------- */

static void
stop_all (RoundsEnhancer *self)
{
  self->ticket++;
  if (self->waiting != 0)
    rounds_job_queue_drop (self->queue, self->waiting);
  self->waiting = 0;
  g_clear_pointer (&self->waiting_key, g_free);
  if (self->visible != NULL)
    g_cancellable_cancel (self->visible);
  g_clear_object (&self->visible);
  if (self->run != NULL)
    rounds_series_run_cancel (self->run, TRUE);
  g_clear_pointer (&self->run, rounds_series_run_unref);
}

void
rounds_enhancer_clear (RoundsEnhancer *self)
{
  RoundsEnhancerShared *old = self->shared;

  stop_all (self);
  self->shared = rounds_enhancer_shared_new (old->name, self->budget);
  g_mutex_lock (&old->lock);
  if (old->session != NULL)
    {
      self->shared->session = g_object_ref (old->session);
      self->shared->model = g_object_ref (old->model);
    }
  g_mutex_unlock (&old->lock);
  rounds_enhancer_shared_unref (old);
}

RoundsModel *
rounds_enhancer_get_model (RoundsEnhancer *self)
{
  RoundsModel *model;

  g_mutex_lock (&self->shared->lock);
  model = self->shared->model;   /* once set it stays as long as shared */
  g_mutex_unlock (&self->shared->lock);
  return model;
}

static void
rounds_enhancer_dispose (GObject *object)
{
  RoundsEnhancer *self = ROUNDS_ENHANCER (object);

  if (self->queue != NULL)
    {
      stop_all (self);
      rounds_job_queue_shut_down (self->queue);
    }
  g_clear_object (&self->queue);
  G_OBJECT_CLASS (rounds_enhancer_parent_class)->dispose (object);
}

static void
rounds_enhancer_finalize (GObject *object)
{
  RoundsEnhancer *self = ROUNDS_ENHANCER (object);

  rounds_enhancer_shared_unref (self->shared);
  g_main_context_unref (self->context);
  G_OBJECT_CLASS (rounds_enhancer_parent_class)->finalize (object);
}

static void
rounds_enhancer_class_init (RoundsEnhancerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GType type = ROUNDS_TYPE_ENHANCER;

  object_class->dispose = rounds_enhancer_dispose;
  object_class->finalize = rounds_enhancer_finalize;
  signals[READY] = g_signal_new ("ready", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                 G_TYPE_STRING, G_TYPE_INT);
  signals[FAILED] = g_signal_new ("failed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 3,
                                  G_TYPE_STRING, G_TYPE_INT, G_TYPE_STRING);
  signals[PROGRESS] = g_signal_new ("progress", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                    G_TYPE_UINT, G_TYPE_UINT);
  signals[FINISHED] = g_signal_new ("finished", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                    G_TYPE_STRING, G_TYPE_UINT);
}

static void
rounds_enhancer_init (RoundsEnhancer *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->queue = rounds_job_queue_new (1);
}

RoundsEnhancer *
rounds_enhancer_new (gsize budget_bytes)
{
  RoundsEnhancer *self = g_object_new (ROUNDS_TYPE_ENHANCER, NULL);
  gint64 memory = (gint64) sysconf (_SC_PHYS_PAGES) * sysconf (_SC_PAGESIZE);

  self->budget = budget_bytes != 0 ? budget_bytes : (gsize) CLAMP (memory / 8, (gint64) 128 << 20, (gint64) 1 << 30);
  self->shared = rounds_enhancer_shared_new ("denoise", self->budget);
  return self;
}
