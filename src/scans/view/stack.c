/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures of the stack on screen. A picture is a texture made in a worker; each change of window, strength or
 * comparison gives a new serial. While one is being made newer wishes only replace each other, so a drag never
 * builds a queue, and what is delivered is shown even when it is one wish behind: the screen keeps moving. */
#include "scans/view/stack.h"

#include "scans/presets.h"

#define AHEAD 4            /* pictures made before they are asked for */
#define KEPT 8             /* slices on either side whose pictures stay */
#define LARGE_PIXELS (4 * 1024 * 1024)

struct _RoundsStack
{
  GObject parent_instance;

  RoundsJobQueue *queue;
  RoundsFrameCache *cache;
  RoundsEnhancer *enhancer;
  RoundsStore *store;
  RoundsScanSeries *series;

  guint index;
  int heading;
  guint64 ticket, serial;
  RoundsDisplay display;
  gboolean has_display;      /* FALSE until the first frame says what the file asks for */
  gboolean half, enhance, hold;
  double strength;
  RoundsCompare compare;

  RoundsPicture *shown;
  GHashTable *pictures;      /* index → RoundsPicture */
  GHashTable *making;        /* index → handle of the job */
};

G_DEFINE_FINAL_TYPE (RoundsStack, rounds_stack, G_TYPE_OBJECT)

enum { PICTURE, LOADED, FAILED, ENHANCE_FAILED, INDEX_CHANGED, N_SIGNALS };
static guint signals[N_SIGNALS];

RoundsPicture *
rounds_picture_ref (RoundsPicture *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
rounds_picture_unref (RoundsPicture *self)
{
  if (self == NULL || !g_atomic_int_dec_and_test (&self->ref_count))
    return;
  g_clear_pointer (&self->frame, rounds_scan_frame_unref);
  g_clear_object (&self->texture);
  g_clear_object (&self->second);
  g_free (self);
}

/* --- making a picture, in a worker ---------------------------------------------------------------- */

typedef struct {
  GWeakRef stack;
  guint64 ticket;
  gboolean half;
  RoundsEnhancedFrame *enhanced;
  RoundsPicture *picture;
  gint ref_count;
} Job;

static void
job_unref (gpointer data)
{
  Job *job = data;

  if (!g_atomic_int_dec_and_test (&job->ref_count))
    return;
  g_weak_ref_clear (&job->stack);
  g_clear_pointer (&job->enhanced, rounds_enhanced_frame_unref);
  rounds_picture_unref (job->picture);
  g_free (job);
}

static GdkTexture *
texture_take (guint32 *argb, int columns, int rows)
{
  g_autoptr (GBytes) bytes = g_bytes_new_take (argb, (gsize) columns * rows * 4);

  return gdk_memory_texture_new (columns, rows, GDK_MEMORY_DEFAULT, bytes, (gsize) columns * 4);
}

static void
make_enhanced (RoundsPicture *picture, const RoundsEnhancedFrame *enhanced)
{
  const RoundsFrame *f = picture->frame->pixels;
  gsize n = (gsize) f->rows * f->columns;
  g_autofree float *original = rounds_scan_frame_dup_modality (picture->frame);
  g_autofree float *values = g_new (float, n);
  guint32 *out = g_new (guint32, n);

  rounds_denoise_blend (original, enhanced->full, n, picture->strength, values);
  if (picture->compare == ROUNDS_COMPARE_DIFFERENCE)
    rounds_lut_render_difference_argb (original, values, n, enhanced->report.limit * ROUNDS_DIFFERENCE_PART, out);
  else
    rounds_lut_render_values_argb (picture->frame, values, &picture->display, out);
  if (picture->compare == ROUNDS_COMPARE_WIPE)
    {
      guint32 *left = g_new (guint32, n);

      rounds_lut_render_argb (picture->frame, &picture->display, left);
      picture->texture = texture_take (left, f->columns, f->rows);
      picture->second = texture_take (out, f->columns, f->rows);
    }
  else
    picture->texture = texture_take (out, f->columns, f->rows);
  picture->report = enhanced->report;
}

static gboolean delivered_cb (gpointer data);

static void
make_job (gpointer data, GCancellable *cancellable)
{
  Job *job = data;
  RoundsPicture *picture = job->picture;
  const RoundsFrame *f = picture->frame->pixels;

  if (job->enhanced != NULL)
    make_enhanced (picture, job->enhanced);
  else if (job->half && picture->frame->half != NULL)
    {
      const RoundsFrame *half = picture->frame->half;
      guint32 *out = g_new (guint32, (gsize) half->rows * half->columns);

      rounds_lut_render_half_argb (picture->frame, &picture->display, out);
      picture->texture = texture_take (out, half->columns, half->rows);
    }
  else
    {
      guint32 *out = g_new (guint32, (gsize) f->rows * f->columns);

      rounds_lut_render_argb (picture->frame, &picture->display, out);
      picture->texture = texture_take (out, f->columns, f->rows);
    }
  g_atomic_int_inc (&job->ref_count);
  g_idle_add_full (G_PRIORITY_DEFAULT, delivered_cb, job, job_unref);
}

/* --- wishes -------------------------------------------------------------------------------------- */

static RoundsEnhancedFrame *
find_enhanced (RoundsStack *self, guint index)
{
  const RoundsScanSlice *slice = rounds_scan_series_get_slice (self->series, index);

  return self->enhance && !self->hold ? rounds_enhancer_peek (self->enhancer, slice->instance->sop_uid, slice->frame) : NULL;
}

static RoundsPicture *
find_picture (RoundsStack *self, guint index)
{
  RoundsPicture *picture = g_hash_table_lookup (self->pictures, GUINT_TO_POINTER (index));
  g_autoptr (RoundsEnhancedFrame) better = NULL;

  if (picture == NULL || picture->serial != self->serial)
    return NULL;
  /* Made ahead, before its enhancement was there: it would stay unenhanced. */
  if (!picture->enhanced)
    better = find_enhanced (self, index);
  return better == NULL ? picture : NULL;
}

/* Has the picture of index made, unless it is there, under way, or its frame has not come yet. */
static void
make (RoundsStack *self, guint index, RoundsJobPriority priority)
{
  g_autoptr (RoundsScanFrame) frame = NULL;
  guint64 *making = g_hash_table_lookup (self->making, GUINT_TO_POINTER (index));
  Job *job;

  if (making != NULL)
    {
      /* When it comes as it is no longer wished, it is made again then. */
      if (priority == ROUNDS_JOB_VISIBLE)
        rounds_job_queue_move (self->queue, *making, priority);
      return;
    }
  if (find_picture (self, index) != NULL)
    return;
  frame = rounds_frame_cache_peek (self->cache, index);
  if (frame == NULL)
    return;
  if (!self->has_display)
    {
      rounds_window_default (frame, &self->display);
      self->has_display = TRUE;
    }
  job = g_new0 (Job, 1);
  job->ref_count = 1;
  g_weak_ref_init (&job->stack, self);
  job->ticket = self->ticket;
  job->half = self->half;
  job->enhanced = find_enhanced (self, index);
  job->picture = g_new0 (RoundsPicture, 1);
  job->picture->ref_count = 1;
  job->picture->index = index;
  job->picture->serial = self->serial;
  job->picture->frame = g_steal_pointer (&frame);
  job->picture->display = self->display;
  job->picture->enhanced = job->enhanced != NULL;
  job->picture->compare = self->compare;
  job->picture->strength = self->strength;
  {
    guint64 handle = rounds_job_queue_push (self->queue, priority, make_job, job, job_unref, NULL);
    g_hash_table_insert (self->making, GUINT_TO_POINTER (index), g_memdup2 (&handle, sizeof handle));
  }
}

static gboolean
is_far (gpointer key, gpointer value, gpointer data)
{
  RoundsStack *self = data;
  RoundsPicture *picture = value;
  gint64 d = (gint64) GPOINTER_TO_UINT (key) - self->index;
  gint64 kept = (gint64) picture->frame->pixels->rows * picture->frame->pixels->columns > LARGE_PIXELS ? 2 : KEPT;

  return ABS (d) > kept || picture->serial != self->serial;
}

static void
make_ahead (RoundsStack *self)
{
  guint n = rounds_stack_get_n (self);
  gint64 ahead = AHEAD;

  if (self->shown != NULL && (gint64) self->shown->frame->pixels->rows * self->shown->frame->pixels->columns > LARGE_PIXELS)
    ahead = 1;
  g_hash_table_foreach_remove (self->pictures, is_far, self);
  for (gint64 i = 1; i <= ahead; i++)
    {
      gint64 at = (gint64) self->index + self->heading * i;

      if (at >= 0 && at < n)
        make (self, (guint) at, ROUNDS_JOB_NEIGHBOUR);
    }
  if (self->index >= 1 && self->heading > 0)
    make (self, self->index - 1, ROUNDS_JOB_NEIGHBOUR);
  else if (self->heading < 0 && self->index + 1 < n)
    make (self, self->index + 1, ROUNDS_JOB_NEIGHBOUR);
}

static void
show (RoundsStack *self, RoundsPicture *picture)
{
  if (self->shown != picture)
    {
      rounds_picture_unref (self->shown);
      self->shown = rounds_picture_ref (picture);
    }
  g_signal_emit (self, signals[PICTURE], 0);
}

/* Asks for the enhanced frame of what is looked at. */
static void
want_enhanced (RoundsStack *self)
{
  const RoundsScanSlice *slice;
  g_autoptr (RoundsScanFrame) frame = NULL;
  g_autoptr (RoundsEnhancedFrame) there = NULL;

  if (!self->enhance || self->series == NULL)
    return;
  slice = rounds_scan_series_get_slice (self->series, self->index);
  there = rounds_enhancer_peek (self->enhancer, slice->instance->sop_uid, slice->frame);
  frame = rounds_frame_cache_peek (self->cache, self->index);
  if (there == NULL && frame != NULL)
    rounds_enhancer_request (self->enhancer, frame, slice->instance->modality, slice->instance->sop_uid, slice->frame);
}

static void
refresh (RoundsStack *self)
{
  RoundsPicture *there;

  if (self->series == NULL || rounds_stack_get_n (self) == 0)
    return;
  there = find_picture (self, self->index);
  if (there != NULL)
    {
      show (self, there);
      make_ahead (self);
    }
  else
    make (self, self->index, ROUNDS_JOB_VISIBLE);
  want_enhanced (self);
}

static gboolean
delivered_cb (gpointer data)
{
  Job *job = data;
  g_autoptr (RoundsStack) self = g_weak_ref_get (&job->stack);
  guint index = job->picture->index;

  if (self == NULL || job->ticket != self->ticket)
    return G_SOURCE_REMOVE;   /* another series or patient */
  g_hash_table_remove (self->making, GUINT_TO_POINTER (index));
  g_hash_table_insert (self->pictures, GUINT_TO_POINTER (index), rounds_picture_ref (job->picture));
  if (index != self->index)
    return G_SOURCE_REMOVE;
  show (self, job->picture);
  if (job->picture->serial == self->serial)
    make_ahead (self);
  else
    make (self, index, ROUNDS_JOB_VISIBLE);
  return G_SOURCE_REMOVE;
}

static void
changed (RoundsStack *self)
{
  self->serial++;
  refresh (self);
}

/* --- from cache and enhancer ---------------------------------------------------------------------- */

static void
frame_ready_cb (RoundsFrameCache *cache, guint index, RoundsStack *self)
{
  gint64 ahead = ((gint64) index - self->index) * self->heading;

  g_signal_emit (self, signals[LOADED], 0, index);
  if (index == self->index)
    refresh (self);
  else if (self->shown != NULL && self->shown->index == self->index && ahead > 0 && ahead <= AHEAD)
    make (self, index, ROUNDS_JOB_NEIGHBOUR);
}

static void
frame_failed_cb (RoundsFrameCache *cache, guint index, const char *message, RoundsStack *self)
{
  g_signal_emit (self, signals[FAILED], 0, index, message);
}

static gboolean
is_slice (RoundsStack *self, const char *sop_uid, int frame)
{
  const RoundsScanSlice *slice;

  if (self->series == NULL || self->index >= rounds_stack_get_n (self))
    return FALSE;
  slice = rounds_scan_series_get_slice (self->series, self->index);
  return slice->frame == frame && g_strcmp0 (slice->instance->sop_uid, sop_uid) == 0;
}

static void
enhanced_ready_cb (RoundsEnhancer *enhancer, const char *sop_uid, int frame, RoundsStack *self)
{
  if (self->enhance && is_slice (self, sop_uid, frame))
    changed (self);
}

static void
enhance_failed_cb (RoundsEnhancer *enhancer, const char *sop_uid, int frame, const char *message, RoundsStack *self)
{
  if (is_slice (self, sop_uid, frame))
    g_signal_emit (self, signals[ENHANCE_FAILED], 0, message);
}

/* --- public -------------------------------------------------------------------------------------- */

static GBytes *
read_bytes (const char *sop_uid, gpointer data, GCancellable *cancellable, GError **error)
{
  return rounds_store_scan_get (data, sop_uid, error);
}

void
rounds_stack_set_series (RoundsStack *self, RoundsStore *store, RoundsScanSeries *series, gboolean forget)
{
  self->ticket++;
  self->serial++;
  self->index = 0;
  self->heading = 1;
  self->has_display = FALSE;
  self->hold = FALSE;
  g_clear_pointer (&self->shown, rounds_picture_unref);
  g_hash_table_remove_all (self->pictures);
  g_hash_table_remove_all (self->making);
  if (forget)
    {
      rounds_enhancer_clear (self->enhancer);
      self->enhance = FALSE;
    }
  g_set_object (&self->series, series);
  g_set_object (&self->store, store);
  if (series == NULL || rounds_scan_series_get_n_slices (series) == 0)
    {
      rounds_frame_cache_set_series (self->cache, NULL, NULL, NULL, NULL);
      return;
    }
  rounds_frame_cache_set_series (self->cache, series, read_bytes, g_object_ref (store), g_object_unref);
  rounds_frame_cache_show (self->cache, 0);
}

RoundsScanSeries *
rounds_stack_get_series (RoundsStack *self)
{
  return self->series;
}

guint
rounds_stack_get_n (RoundsStack *self)
{
  return self->series != NULL ? rounds_scan_series_get_n_slices (self->series) : 0;
}

guint
rounds_stack_get_index (RoundsStack *self)
{
  return self->index;
}

void
rounds_stack_set_index (RoundsStack *self, guint index)
{
  if (index >= rounds_stack_get_n (self) || index == self->index)
    return;
  self->heading = index > self->index ? 1 : -1;
  self->index = index;
  rounds_frame_cache_show (self->cache, index);
  g_signal_emit (self, signals[INDEX_CHANGED], 0);
  refresh (self);
}

RoundsPicture *
rounds_stack_get_picture (RoundsStack *self)
{
  return self->shown;
}

gboolean
rounds_stack_is_current (RoundsStack *self)
{
  return self->shown != NULL && self->shown->index == self->index;
}

const RoundsDisplay *
rounds_stack_get_display (RoundsStack *self)
{
  return &self->display;
}

void
rounds_stack_set_display (RoundsStack *self, const RoundsDisplay *display)
{
  self->display = *display;
  self->has_display = TRUE;
  changed (self);
}

void
rounds_stack_set_half (RoundsStack *self, gboolean half)
{
  if (self->half == half)
    return;
  self->half = half;
  /* Only large frames have a half: for the others nothing changes. */
  if (self->shown != NULL && self->shown->frame->half != NULL)
    changed (self);
}

void
rounds_stack_set_enhance (RoundsStack *self, gboolean on)
{
  if (self->enhance == on)
    return;
  self->enhance = on;
  changed (self);
}

void
rounds_stack_set_strength (RoundsStack *self, double strength)
{
  if (self->strength == strength)
    return;
  self->strength = CLAMP (strength, 0, 1);
  if (self->enhance)
    changed (self);
}

double
rounds_stack_get_strength (RoundsStack *self)
{
  return self->strength;
}

void
rounds_stack_set_compare (RoundsStack *self, RoundsCompare compare)
{
  if (self->compare == compare)
    return;
  self->compare = compare;
  if (self->enhance)
    changed (self);
}

void
rounds_stack_set_hold (RoundsStack *self, gboolean hold)
{
  if (self->hold == hold)
    return;
  self->hold = hold;
  if (self->enhance)
    changed (self);
}

RoundsFrameCache *
rounds_stack_get_cache (RoundsStack *self)
{
  return self->cache;
}

RoundsEnhancer *
rounds_stack_get_enhancer (RoundsStack *self)
{
  return self->enhancer;
}

static void
rounds_stack_dispose (GObject *object)
{
  RoundsStack *self = ROUNDS_STACK (object);

  self->ticket++;
  g_clear_pointer (&self->shown, rounds_picture_unref);
  g_hash_table_remove_all (self->pictures);
  g_hash_table_remove_all (self->making);
  g_clear_object (&self->cache);
  g_clear_object (&self->enhancer);
  if (self->queue != NULL)
    rounds_job_queue_shut_down (self->queue);
  g_clear_object (&self->queue);
  g_clear_object (&self->series);
  g_clear_object (&self->store);
  G_OBJECT_CLASS (rounds_stack_parent_class)->dispose (object);
}

static void
rounds_stack_finalize (GObject *object)
{
  RoundsStack *self = ROUNDS_STACK (object);

  g_hash_table_unref (self->pictures);
  g_hash_table_unref (self->making);
  G_OBJECT_CLASS (rounds_stack_parent_class)->finalize (object);
}

static void
rounds_stack_class_init (RoundsStackClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GType type = ROUNDS_TYPE_STACK;

  object_class->dispose = rounds_stack_dispose;
  object_class->finalize = rounds_stack_finalize;
#define SIGNAL(id, name, n, ...) \
  signals[id] = g_signal_new (name, type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, n, ##__VA_ARGS__)
  SIGNAL (PICTURE, "picture", 0);
  SIGNAL (LOADED, "loaded", 1, G_TYPE_UINT);
  SIGNAL (FAILED, "failed", 2, G_TYPE_UINT, G_TYPE_STRING);
  SIGNAL (ENHANCE_FAILED, "enhance-failed", 1, G_TYPE_STRING);
  SIGNAL (INDEX_CHANGED, "index-changed", 0);
#undef SIGNAL
}

static void
rounds_stack_init (RoundsStack *self)
{
  self->queue = rounds_job_queue_new (0);
  self->cache = rounds_frame_cache_new (self->queue, 0);
  self->enhancer = rounds_enhancer_new (0);
  self->heading = 1;
  self->strength = 0.6;
  self->pictures = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) rounds_picture_unref);
  self->making = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  g_signal_connect_object (self->cache, "frame-ready", G_CALLBACK (frame_ready_cb), self, 0);
  g_signal_connect_object (self->cache, "frame-failed", G_CALLBACK (frame_failed_cb), self, 0);
  g_signal_connect_object (self->enhancer, "ready", G_CALLBACK (enhanced_ready_cb), self, 0);
  g_signal_connect_object (self->enhancer, "failed", G_CALLBACK (enhance_failed_cb), self, 0);
}

RoundsStack *
rounds_stack_new (void)
{
  return g_object_new (ROUNDS_TYPE_STACK, NULL);
}
