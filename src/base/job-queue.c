/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Work for a few threads, in the order in which the user waits for it.
 *
 * Three lists under one lock, taken from the front: visible first, then its neighbours, then the rest. A
 * running job is never interrupted, only told through its cancellable; so jobs must be short or look. The
 * workers hold the state, not the object: the last reference to the queue may go in a job, and the queue
 * then ends without waiting for the thread that it is in. GThreadPool would do for the order, but cannot
 * move or drop a job that waits. */

#include "base/job-queue.h"

typedef struct {
  guint64 handle;
  RoundsJobPriority priority;
  RoundsJobFunc func;
  gpointer data;
  GDestroyNotify destroy;
  GCancellable *cancellable; /* owned */
  GList link;
} Job;

typedef struct {
  gatomicrefcount ref_count;
  GMutex lock;
  GCond wake;

  /* guarded by lock */
  GQueue waiting[ROUNDS_N_JOB_PRIORITIES];
  GHashTable *by_handle;  /* handle → Job, those that wait */
  GPtrArray *running;     /* Job */
  guint64 last_handle;
  gboolean stopping;
} State;

struct _RoundsJobQueue {
  GObject parent_instance;

  /* owned */
  State *state;
  GPtrArray *threads; /* GThread; guarded by state->lock */
};

G_DEFINE_FINAL_TYPE (RoundsJobQueue, rounds_job_queue, G_TYPE_OBJECT)

static void
state_unref (State *state)
{
  if (!g_atomic_ref_count_dec (&state->ref_count))
    return;
  g_hash_table_unref (state->by_handle);
  g_ptr_array_unref (state->running);
  g_mutex_clear (&state->lock);
  g_cond_clear (&state->wake);
  g_free (state);
}

static void
job_free (Job *job)
{
  if (job->destroy != NULL)
    job->destroy (job->data);
  g_object_unref (job->cancellable);
  g_free (job);
}

static Job *
pop_next (State *state)
{
  for (int i = 0; i < ROUNDS_N_JOB_PRIORITIES; i++)
    {
      GList *link = g_queue_pop_head_link (&state->waiting[i]);

      if (link != NULL)
        {
          Job *job = link->data;

          g_hash_table_remove (state->by_handle, &job->handle);
          return job;
        }
    }
  return NULL;
}

static gpointer
work (gpointer data)
{
  State *state = data;

  g_mutex_lock (&state->lock);
  while (!state->stopping)
    {
      Job *job = pop_next (state);

      if (job == NULL)
        {
          g_cond_wait (&state->wake, &state->lock);
          continue;
        }
      g_ptr_array_add (state->running, job);
      g_mutex_unlock (&state->lock);

      job->func (job->data, job->cancellable);

      g_mutex_lock (&state->lock);
      g_ptr_array_remove_fast (state->running, job);
      g_mutex_unlock (&state->lock);
      /* Outside the lock: destroy may push the next job, or drop the last reference to the queue. */
      job_free (job);
      g_mutex_lock (&state->lock);
    }
  g_mutex_unlock (&state->lock);
  state_unref (state);
  return NULL;
}

static void
rounds_job_queue_dispose (GObject *object)
{
  rounds_job_queue_shut_down (ROUNDS_JOB_QUEUE (object));
  G_OBJECT_CLASS (rounds_job_queue_parent_class)->dispose (object);
}

static void
rounds_job_queue_finalize (GObject *object)
{
  RoundsJobQueue *self = ROUNDS_JOB_QUEUE (object);

  g_ptr_array_unref (self->threads);
  state_unref (self->state);
  G_OBJECT_CLASS (rounds_job_queue_parent_class)->finalize (object);
}

static void
rounds_job_queue_class_init (RoundsJobQueueClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rounds_job_queue_dispose;
  object_class->finalize = rounds_job_queue_finalize;
}

static void
rounds_job_queue_init (RoundsJobQueue *self)
{
  State *state = g_new0 (State, 1);

  g_atomic_ref_count_init (&state->ref_count);
  g_mutex_init (&state->lock);
  g_cond_init (&state->wake);
  for (int i = 0; i < ROUNDS_N_JOB_PRIORITIES; i++)
    g_queue_init (&state->waiting[i]);
  state->by_handle = g_hash_table_new (g_int64_hash, g_int64_equal);
  state->running = g_ptr_array_new ();
  self->state = state;
  self->threads = g_ptr_array_new ();
}

RoundsJobQueue *
rounds_job_queue_new (guint n_workers)
{
  RoundsJobQueue *self = g_object_new (ROUNDS_TYPE_JOB_QUEUE, NULL);

  if (n_workers == 0)
    n_workers = MAX (2, g_get_num_processors ());
  for (guint i = 0; i < n_workers; i++)
    {
      g_atomic_ref_count_inc (&self->state->ref_count);
      g_ptr_array_add (self->threads, g_thread_new ("rounds-job", work, self->state));
    }
  return self;
}

guint64
rounds_job_queue_push (RoundsJobQueue *self, RoundsJobPriority priority, RoundsJobFunc func, gpointer data,
                       GDestroyNotify destroy, GCancellable *cancellable)
{
  State *state;
  Job *job;
  guint64 handle;
  gboolean refused;

  g_return_val_if_fail (ROUNDS_IS_JOB_QUEUE (self), 0);
  g_return_val_if_fail (func != NULL && priority < ROUNDS_N_JOB_PRIORITIES, 0);

  state = self->state;
  job = g_new0 (Job, 1);
  job->priority = priority;
  job->func = func;
  job->data = data;
  job->destroy = destroy;
  job->cancellable = cancellable != NULL ? g_object_ref (cancellable) : g_cancellable_new ();
  job->link.data = job;

  g_mutex_lock (&state->lock);
  handle = job->handle = ++state->last_handle;
  refused = state->stopping;
  if (!refused)
    {
      g_queue_push_tail_link (&state->waiting[priority], &job->link);
      g_hash_table_insert (state->by_handle, &job->handle, job);
      g_cond_signal (&state->wake);
    }
  g_mutex_unlock (&state->lock);

  /* A queue that was shut down drops at once. */
  if (refused)
    job_free (job);
  return handle;
}

gboolean
rounds_job_queue_move (RoundsJobQueue *self, guint64 handle, RoundsJobPriority priority)
{
  State *state;
  Job *job;

  g_return_val_if_fail (ROUNDS_IS_JOB_QUEUE (self), FALSE);
  g_return_val_if_fail (priority < ROUNDS_N_JOB_PRIORITIES, FALSE);

  state = self->state;
  g_mutex_lock (&state->lock);
  job = g_hash_table_lookup (state->by_handle, &handle);
  if (job != NULL && job->priority != priority)
    {
      g_queue_unlink (&state->waiting[job->priority], &job->link);
      job->priority = priority;
      g_queue_push_tail_link (&state->waiting[priority], &job->link);
    }
  g_mutex_unlock (&state->lock);
  return job != NULL;
}

gboolean
rounds_job_queue_drop (RoundsJobQueue *self, guint64 handle)
{
  State *state;
  Job *job;

  g_return_val_if_fail (ROUNDS_IS_JOB_QUEUE (self), FALSE);

  state = self->state;
  g_mutex_lock (&state->lock);
  job = g_hash_table_lookup (state->by_handle, &handle);
  if (job != NULL)
    {
      g_hash_table_remove (state->by_handle, &handle);
      g_queue_unlink (&state->waiting[job->priority], &job->link);
    }
  g_mutex_unlock (&state->lock);

  if (job == NULL)
    return FALSE;
  job_free (job);
  return TRUE;
}

guint
rounds_job_queue_get_n_waiting (RoundsJobQueue *self)
{
  guint n;

  g_return_val_if_fail (ROUNDS_IS_JOB_QUEUE (self), 0);

  g_mutex_lock (&self->state->lock);
  n = g_hash_table_size (self->state->by_handle);
  g_mutex_unlock (&self->state->lock);
  return n;
}

void
rounds_job_queue_shut_down (RoundsJobQueue *self)
{
  State *state;
  g_autoptr (GPtrArray) cancellables = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) threads = NULL;
  g_autoptr (GPtrArray) dropped = g_ptr_array_new ();
  Job *job;

  g_return_if_fail (ROUNDS_IS_JOB_QUEUE (self));

  state = self->state;
  g_mutex_lock (&state->lock);
  state->stopping = TRUE;
  while ((job = pop_next (state)) != NULL)
    g_ptr_array_add (dropped, job);
  for (guint i = 0; i < state->running->len; i++)
    g_ptr_array_add (cancellables, g_object_ref (((Job *) state->running->pdata[i])->cancellable));
  threads = g_steal_pointer (&self->threads);
  self->threads = g_ptr_array_new ();
  g_cond_broadcast (&state->wake);
  g_mutex_unlock (&state->lock);

  for (guint i = 0; i < cancellables->len; i++)
    g_cancellable_cancel (cancellables->pdata[i]);
  for (guint i = 0; i < dropped->len; i++)
    job_free (dropped->pdata[i]);
  for (guint i = 0; i < threads->len; i++)
    {
      if (threads->pdata[i] == g_thread_self ())
        g_thread_unref (threads->pdata[i]);
      else
        g_thread_join (threads->pdata[i]);
    }
}
