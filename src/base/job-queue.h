/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What the user waits for goes first. */
typedef enum {
  ROUNDS_JOB_VISIBLE,    /* on the screen now */
  ROUNDS_JOB_NEIGHBOUR,  /* next to it */
  ROUNDS_JOB_IDLE,       /* the rest, in the background */
  ROUNDS_N_JOB_PRIORITIES,
} RoundsJobPriority;

#define ROUNDS_TYPE_JOB_QUEUE (rounds_job_queue_get_type ())
G_DECLARE_FINAL_TYPE (RoundsJobQueue, rounds_job_queue, ROUNDS, JOB_QUEUE, GObject)

/* Runs in a worker. Long work looks at cancellable itself. */
typedef void (*RoundsJobFunc) (gpointer data, GCancellable *cancellable);

/* n_workers 0 = one per core, at least 2. */
RoundsJobQueue *rounds_job_queue_new (guint n_workers);

/* Adds a job; of one priority the newest ticket's jobs run in order of adding. data is freed by destroy in
 * the worker after func, or when the job is dropped. Returns a handle ≥ 1. Any thread. */
guint64 rounds_job_queue_push (RoundsJobQueue *self, RoundsJobPriority priority, RoundsJobFunc func,
                               gpointer data, GDestroyNotify destroy, GCancellable *cancellable);

/* Changes the priority of a job that still waits; FALSE when it runs or is done. Any thread. */
gboolean rounds_job_queue_move (RoundsJobQueue *self, guint64 handle, RoundsJobPriority priority);

/* Drops a job that still waits; FALSE when it runs or is done (then cancel it). Any thread. */
gboolean rounds_job_queue_drop (RoundsJobQueue *self, guint64 handle);

guint rounds_job_queue_get_n_waiting (RoundsJobQueue *self);

/* Drops what waits, cancels what runs and waits for the workers. Called by dispose too. */
void rounds_job_queue_shut_down (RoundsJobQueue *self);

G_END_DECLS
