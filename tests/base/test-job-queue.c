/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Order, moving, dropping and the end of the job queue. Jobs wait on gates, never on clocks. */

#include <gio/gio.h>

#include "base/job-queue.h"

typedef struct {
  GMutex lock;
  GCond changed;
  gboolean open;
  guint entered;
  guint freed;
  GString *order;
} Gate;

typedef struct {
  Gate *gate;
  char name;
} Named;

static Gate *
gate_new (void)
{
  Gate *gate = g_new0 (Gate, 1);

  gate->order = g_string_new (NULL);
  return gate;
}

static void
gate_free (Gate *gate)
{
  g_string_free (gate->order, TRUE);
  g_free (gate);
}

static void
wait_at_gate (gpointer data, GCancellable *cancellable)
{
  Gate *gate = data;

  g_mutex_lock (&gate->lock);
  gate->entered++;
  g_cond_broadcast (&gate->changed);
  while (!gate->open)
    g_cond_wait (&gate->changed, &gate->lock);
  g_mutex_unlock (&gate->lock);
}

static void
gate_open (Gate *gate)
{
  g_mutex_lock (&gate->lock);
  gate->open = TRUE;
  g_cond_broadcast (&gate->changed);
  g_mutex_unlock (&gate->lock);
}

static void
gate_wait_entered (Gate *gate, guint n)
{
  g_mutex_lock (&gate->lock);
  while (gate->entered < n)
    g_cond_wait (&gate->changed, &gate->lock);
  g_mutex_unlock (&gate->lock);
}

static void
gate_wait_freed (Gate *gate, guint n)
{
  g_mutex_lock (&gate->lock);
  while (gate->freed < n)
    g_cond_wait (&gate->changed, &gate->lock);
  g_mutex_unlock (&gate->lock);
}

static void
note_name (gpointer data, GCancellable *cancellable)
{
  Named *named = data;

  g_mutex_lock (&named->gate->lock);
  g_string_append_c (named->gate->order, named->name);
  g_mutex_unlock (&named->gate->lock);
}

static void
named_free (gpointer data)
{
  Named *named = data;
  Gate *gate = named->gate;

  g_free (named);
  g_mutex_lock (&gate->lock);
  gate->freed++;
  g_cond_broadcast (&gate->changed);
  g_mutex_unlock (&gate->lock);
}

static guint64
push_named (RoundsJobQueue *queue, RoundsJobPriority priority, Gate *gate, char name)
{
  Named *named = g_new0 (Named, 1);

  named->gate = gate;
  named->name = name;
  return rounds_job_queue_push (queue, priority, note_name, named, named_free, NULL);
}

static void
test_order (void)
{
  Gate *gate = gate_new ();
  g_autoptr (RoundsJobQueue) queue = rounds_job_queue_new (1);
  guint64 moved, dropped, first;

  first = rounds_job_queue_push (queue, ROUNDS_JOB_IDLE, wait_at_gate, gate, NULL, NULL);
  g_assert_cmpuint (first, >=, 1);
  gate_wait_entered (gate, 1);

  push_named (queue, ROUNDS_JOB_IDLE, gate, 'e');
  push_named (queue, ROUNDS_JOB_NEIGHBOUR, gate, 'd');
  push_named (queue, ROUNDS_JOB_VISIBLE, gate, 'a');
  push_named (queue, ROUNDS_JOB_VISIBLE, gate, 'b');
  moved = push_named (queue, ROUNDS_JOB_IDLE, gate, 'c');
  dropped = push_named (queue, ROUNDS_JOB_VISIBLE, gate, 'x');
  g_assert_cmpuint (rounds_job_queue_get_n_waiting (queue), ==, 6);

  g_assert_true (rounds_job_queue_move (queue, moved, ROUNDS_JOB_VISIBLE));
  g_assert_true (rounds_job_queue_drop (queue, dropped));
  g_assert_false (rounds_job_queue_drop (queue, dropped));
  g_assert_false (rounds_job_queue_move (queue, dropped, ROUNDS_JOB_IDLE));
  g_assert_false (rounds_job_queue_move (queue, first, ROUNDS_JOB_VISIBLE));
  g_assert_false (rounds_job_queue_drop (queue, first));
  g_assert_false (rounds_job_queue_drop (queue, 12345));
  g_assert_cmpuint (rounds_job_queue_get_n_waiting (queue), ==, 5);

  gate_open (gate);
  gate_wait_freed (gate, 6);
  g_assert_cmpstr (gate->order->str, ==, "abcde");
  rounds_job_queue_shut_down (queue);
  gate_free (gate);
}

static void
wait_for_cancel (gpointer data, GCancellable *cancellable)
{
  Gate *gate = data;
  GPollFD fd;

  g_mutex_lock (&gate->lock);
  gate->entered++;
  g_cond_broadcast (&gate->changed);
  g_mutex_unlock (&gate->lock);

  g_assert_true (g_cancellable_make_pollfd (cancellable, &fd));
  g_poll (&fd, 1, -1);
  g_cancellable_release_fd (cancellable);
}

static void
test_shut_down (void)
{
  Gate *gate = gate_new ();
  g_autoptr (RoundsJobQueue) queue = rounds_job_queue_new (2);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  rounds_job_queue_push (queue, ROUNDS_JOB_VISIBLE, wait_for_cancel, gate, NULL, cancellable);
  rounds_job_queue_push (queue, ROUNDS_JOB_VISIBLE, wait_for_cancel, gate, NULL, NULL);
  gate_wait_entered (gate, 2);
  push_named (queue, ROUNDS_JOB_VISIBLE, gate, 'a');
  push_named (queue, ROUNDS_JOB_IDLE, gate, 'b');

  rounds_job_queue_shut_down (queue);
  g_assert_true (g_cancellable_is_cancelled (cancellable));
  g_assert_cmpuint (gate->freed, ==, 2);
  g_assert_cmpstr (gate->order->str, ==, "");

  push_named (queue, ROUNDS_JOB_VISIBLE, gate, 'c');
  g_assert_cmpuint (gate->freed, ==, 3);
  g_assert_cmpstr (gate->order->str, ==, "");
  rounds_job_queue_shut_down (queue);
  gate_free (gate);
}

static void
count_up (gpointer data, GCancellable *cancellable)
{
  g_atomic_int_inc ((int *) data);
}

static gpointer
push_many (gpointer data)
{
  gpointer *args = data;
  GRand *rand = g_rand_new_with_seed (5);

  for (int i = 0; i < 5000; i++)
    {
      RoundsJobPriority priority = (RoundsJobPriority) g_rand_int_range (rand, 0, ROUNDS_N_JOB_PRIORITIES);
      guint64 handle = rounds_job_queue_push (args[0], priority, count_up, args[1], NULL, NULL);

      if (i % 3 == 0)
        rounds_job_queue_move (args[0], handle, ROUNDS_JOB_VISIBLE);
      if (i % 7 == 0 && rounds_job_queue_drop (args[0], handle))
        g_atomic_int_inc ((int *) args[1]);
    }
  g_rand_free (rand);
  return NULL;
}

static void
test_many_threads (void)
{
  int count = 0;
  Gate *gate = gate_new ();
  RoundsJobQueue *queue = rounds_job_queue_new (4);
  gpointer args[] = { queue, &count };
  GThread *threads[4];

  for (int i = 0; i < 4; i++)
    threads[i] = g_thread_new ("push", push_many, args);
  for (int i = 0; i < 4; i++)
    g_thread_join (threads[i]);
  push_named (queue, ROUNDS_JOB_IDLE, gate, 'z');
  gate_wait_freed (gate, 1);
  rounds_job_queue_shut_down (queue);
  g_assert_cmpint (count, ==, 20000);
  g_object_unref (queue);
  gate_free (gate);
}

static void
do_nothing (gpointer data, GCancellable *cancellable)
{
}

static void
unref_queue (gpointer data)
{
  gpointer *args = data;
  Gate *gate = args[1];

  g_object_unref (args[0]);
  g_mutex_lock (&gate->lock);
  gate->freed++;
  g_cond_broadcast (&gate->changed);
  g_mutex_unlock (&gate->lock);
}

/* The last reference goes in a worker: it cannot join itself, and must not hang. */
static void
test_last_reference_in_worker (void)
{
  Gate *gate = gate_new ();
  RoundsJobQueue *queue = rounds_job_queue_new (1);
  gpointer args[] = { queue, gate };

  rounds_job_queue_push (queue, ROUNDS_JOB_VISIBLE, do_nothing, args, unref_queue, NULL);
  gate_wait_freed (gate, 1);
  gate_free (gate);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/job-queue/order", test_order);
  g_test_add_func ("/job-queue/shut-down", test_shut_down);
  g_test_add_func ("/job-queue/many-threads", test_many_threads);
  g_test_add_func ("/job-queue/last-reference-in-worker", test_last_reference_in_worker);
  return g_test_run ();
}
