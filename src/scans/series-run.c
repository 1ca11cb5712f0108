/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Enhances a whole series in the background. Each step is a job of its own in the idle class, so the frame on
 * screen never waits longer than one step. A saved series is written in one transaction at the end: a half
 * enhanced series in the archive would be worse than none. */
#include "scans/enhancer-private.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "dicom/writer.h"
#include "scans/error.h"
#include "scans/post.h"
#include "scans/render.h"
#include "scans/scan-import.h"

#define MAX_SAVED_BYTES ((gsize) 3 << 29)   /* held in memory until the transaction */

struct _RoundsSeriesRun
{
  gint ref_count;
  RoundsJobQueue *queue;       /* borrowed: its owner ends the run before the queue */
  RoundsEnhancerShared *shared;
  RoundsStore *store;
  RoundsScanSeries *series;
  gboolean save;
  double strength;
  GMainContext *context;
  GCancellable *cancellable;
  RoundsSeriesRunTell tell;    /* main thread */
  gpointer data;
  gboolean silent;

  /* One step at a time: no lock is needed between steps. */
  guint next, total;           /* instances */
  char *series_uid;            /* of the new one */
  GPtrArray *made;             /* GBytes */
  GPtrArray *made_instances;   /* RoundsScanInstance */
  GBytes *thumbnail;
  gsize made_bytes;
};

static RoundsSeriesRun *
run_ref (RoundsSeriesRun *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
rounds_series_run_unref (RoundsSeriesRun *self)
{
  if (self == NULL || !g_atomic_int_dec_and_test (&self->ref_count))
    return;
  rounds_enhancer_shared_unref (self->shared);
  g_object_unref (self->store);
  g_object_unref (self->series);
  g_main_context_unref (self->context);
  g_object_unref (self->cancellable);
  g_free (self->series_uid);
  g_ptr_array_unref (self->made);
  g_ptr_array_unref (self->made_instances);
  g_clear_pointer (&self->thumbnail, g_bytes_unref);
  g_free (self);
}

/* --- steps, in the worker ------------------------------------------------------------------------ */

typedef struct {
  RoundsSeriesRun *run;
  const char *sop_uid;
} Lookup;

static RoundsEnhancedFrame *
look_up (int frame, gpointer data)
{
  const Lookup *at = data;
  g_autofree char *key = rounds_enhancer_key (at->sop_uid, frame);

  return rounds_byte_cache_get (at->run->shared->kept, key);
}

static gboolean
keep_step (RoundsSeriesRun *self, const RoundsScanInstance *instance, RoundsDicomFile *file,
           RoundsEnhanceSession *session, GError **error)
{
  for (int i = 0; i < MAX (instance->frames, 1); i++)
    {
      g_autofree char *key = rounds_enhancer_key (instance->sop_uid, i);
      g_autoptr (RoundsEnhancedFrame) known = rounds_byte_cache_get (self->shared->kept, key);
      g_autoptr (RoundsScanFrame) frame = NULL;

      if (known != NULL)
        continue;
      frame = rounds_scan_frame_load (file, i, error);
      if (frame == NULL)
        return FALSE;
      known = rounds_enhance_frame (session, frame, instance->modality, self->cancellable, error);
      if (known == NULL)
        return FALSE;
      rounds_enhancer_keep (self->shared, key, known);
    }
  return TRUE;
}

static gboolean
save_step (RoundsSeriesRun *self, const RoundsScanInstance *instance, RoundsDicomFile *file,
           RoundsEnhanceSession *session, GError **error)
{
  Lookup lookup = { self, instance->sop_uid };
  g_autofree char *sop_uid = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (RoundsDicomFile) written = NULL;
  g_autoptr (RoundsScanInstance) made = rounds_scan_instance_new ();

  bytes = rounds_enhance_derive_full (session, file, self->strength, NAN, self->series_uid, look_up, &lookup, &sop_uid,
                                      NULL, self->cancellable, error);
  if (bytes == NULL)
    return FALSE;
  self->made_bytes += g_bytes_get_size (bytes);
  if (self->made_bytes > MAX_SAVED_BYTES)
    {
      g_set_error_literal (error, ROUNDS_SCANS_ERROR, ROUNDS_SCANS_ERROR_LIMIT,
                           _("the enhanced series is larger than 1.5 GiB; nothing was saved"));
      return FALSE;
    }
  /* What goes into the archive is read back first, like any other object. */
  written = rounds_dicom_file_new (bytes, error);
  if (written == NULL || !rounds_scan_describe (written, bytes, made, error))
    return FALSE;
  made->patient_id = g_strdup (instance->patient_id);
  made->derived_here = TRUE;
  if (self->next == self->total / 2)
    {
      g_autoptr (RoundsScanFrame) frame = rounds_scan_frame_load (written, made->frames / 2, NULL);
      if (frame != NULL)
        self->thumbnail = rounds_render_thumbnail (frame, NULL, ROUNDS_THUMBNAIL_SIZE, NULL);
    }
  g_ptr_array_add (self->made, g_steal_pointer (&bytes));
  g_ptr_array_add (self->made_instances, g_steal_pointer (&made));
  return TRUE;
}

static gboolean
finish (RoundsSeriesRun *self, GError **error)
{
  g_autofree RoundsImportOutcome *outcomes = NULL;

  if (!self->save)
    return TRUE;
  /* Stopped is stopped, also at the last moment. */
  if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
    return FALSE;
  outcomes = g_new0 (RoundsImportOutcome, self->made->len);
  /* First the picture, then the news that there is a series. */
  if (self->thumbnail != NULL)
    rounds_store_scan_set_thumbnail (self->store, self->series_uid, self->thumbnail, NULL);
  if (!rounds_store_scan_put_many (self->store, (RoundsScanInstance *const *) self->made_instances->pdata,
                                   (GBytes *const *) self->made->pdata, self->made->len, TRUE, outcomes, error))
    {
      rounds_store_scan_set_thumbnail (self->store, self->series_uid, NULL, NULL);
      return FALSE;
    }
  return TRUE;
}

static gboolean
do_step (RoundsSeriesRun *self, GError **error)
{
  const RoundsScanInstance *instance = g_ptr_array_index (rounds_scan_series_get_instances (self->series), self->next);
  g_autoptr (RoundsEnhanceSession) session = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (RoundsDicomFile) file = NULL;

  if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
    return FALSE;
  session = rounds_enhancer_shared_session (self->shared, error);
  bytes = session != NULL ? rounds_store_scan_get (self->store, instance->sop_uid, error) : NULL;
  file = bytes != NULL ? rounds_dicom_file_new (bytes, error) : NULL;
  if (file == NULL)
    return FALSE;
  return self->save ? save_step (self, instance, file, session, error)
                    : keep_step (self, instance, file, session, error);
}

/* --- telling and going on ------------------------------------------------------------------------- */

typedef struct {
  RoundsSeriesRun *run;
  guint done;
  gboolean finished;
  GError *error;
} Told;

static void
told_free (gpointer data)
{
  Told *told = data;

  rounds_series_run_unref (told->run);
  g_clear_error (&told->error);
  g_free (told);
}

static gboolean
tell_cb (gpointer data)
{
  Told *told = data;

  if (!told->run->silent)
    told->run->tell (told->done, told->run->total, told->finished, told->error, told->run->data);
  return G_SOURCE_REMOVE;
}

static void
step_job (gpointer data, GCancellable *cancellable)
{
  RoundsSeriesRun *self = data;
  Told *told = g_new0 (Told, 1);
  gboolean ok = self->next < self->total ? do_step (self, &told->error) : TRUE;

  if (ok)
    self->next = MIN (self->next + 1, self->total);
  if (ok && self->next == self->total)
    {
      ok = finish (self, &told->error);
      told->finished = TRUE;
    }
  told->finished = told->finished || !ok;
  told->done = self->next;
  told->run = run_ref (self);
  if (!told->finished)
    rounds_job_queue_push (self->queue, ROUNDS_JOB_IDLE, step_job, run_ref (self),
                           (GDestroyNotify) rounds_series_run_unref, NULL);
  rounds_scans_post (self->context, tell_cb, told, told_free);
}

RoundsSeriesRun *
rounds_series_run_start (RoundsJobQueue *queue, RoundsEnhancerShared *shared, RoundsStore *store,
                         RoundsScanSeries *series, gboolean save, double strength, RoundsSeriesRunTell tell,
                         gpointer data)
{
  RoundsSeriesRun *self = g_new0 (RoundsSeriesRun, 1);

  self->ref_count = 1;
  self->queue = queue;
  self->shared = rounds_enhancer_shared_ref (shared);
  self->store = g_object_ref (store);
  self->series = g_object_ref (series);
  self->save = save;
  self->strength = strength;
  self->context = g_main_context_ref_thread_default ();
  self->cancellable = g_cancellable_new ();
  self->tell = tell;
  self->data = data;
  self->total = rounds_scan_series_get_instances (series)->len;
  self->series_uid = rounds_dicom_new_uid ();
  self->made = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  self->made_instances = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_scan_instance_free);
  rounds_job_queue_push (queue, ROUNDS_JOB_IDLE, step_job, run_ref (self), (GDestroyNotify) rounds_series_run_unref,
                         NULL);
  return self;
}

void
rounds_series_run_cancel (RoundsSeriesRun *self, gboolean silent)
{
  self->silent = self->silent || silent;
  g_cancellable_cancel (self->cancellable);
}
