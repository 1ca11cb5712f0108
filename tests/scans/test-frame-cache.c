/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cache decodes what is looked at first, keeps to its budget, and never gives a frame of another series. */
#include "fixture.h"

#include "scans/frame-cache.h"

#define SIDE 32
#define SLICES 90   /* more than are asked for before the size of a frame is known */

typedef struct {
  GHashTable *files;      /* SOP UID → GBytes */
  GMutex lock;
  GPtrArray *asked;       /* SOP UIDs in the order they were read */
  GMutex gate;            /* held: the workers wait */
  gint destroyed;
  gint entered;           /* workers that came to the gate */
} Files;

static void
files_init (Files *self)
{
  memset (self, 0, sizeof *self);
  self->files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
  self->asked = g_ptr_array_new_with_free_func (g_free);
  g_mutex_init (&self->lock);
  g_mutex_init (&self->gate);
}

static void
files_clear (Files *self)
{
  g_hash_table_unref (self->files);
  g_ptr_array_unref (self->asked);
  g_mutex_clear (&self->lock);
  g_mutex_clear (&self->gate);
}

static GBytes *
read_file (const char *sop_uid, gpointer data, GCancellable *cancellable, GError **error)
{
  Files *self = data;
  GBytes *bytes;

  g_atomic_int_inc (&self->entered);
  g_mutex_lock (&self->gate);
  g_mutex_unlock (&self->gate);
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->asked, g_strdup (sop_uid));
  bytes = g_hash_table_lookup (self->files, sop_uid);
  g_mutex_unlock (&self->lock);
  if (bytes == NULL)
    g_set_error_literal (error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "no such object");
  return bytes != NULL ? g_bytes_ref (bytes) : NULL;
}

static void
count_destroyed (gpointer data)
{
  g_atomic_int_inc (&((Files *) data)->destroyed);
}

/* Every pixel of slice i of series s is 1000 · s + i. */
static RoundsScanSeries *
make_series (Files *files, int number, int missing)
{
  GPtrArray *instances = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_scan_instance_free);

  for (int i = 0; i < SLICES; i++)
    {
      g_autofree char *uid = g_strdup_printf ("1.2.%d.%d", number, i + 1);
      guint16 pixels[SIDE * SIDE];
      Spec spec = { .sop_uid = uid, .rows = SIDE, .columns = SIDE, .pixels = pixels, .instance_number = i + 1 };
      RoundsScanInstance *at = rounds_scan_instance_new ();

      for (int k = 0; k < SIDE * SIDE; k++)
        pixels[k] = (guint16) (1000 * number + i);
      at->sop_uid = g_strdup (uid);
      at->series_uid = g_strdup_printf ("1.2.%d", number);
      at->study_uid = g_strdup ("1.2");
      at->rows = at->columns = SIDE;
      at->frames = 1;
      at->instance_number = i + 1;
      g_ptr_array_add (instances, at);
      if (i != missing)
        g_hash_table_insert (files->files, g_steal_pointer (&uid), make_dicom (&spec));
    }
  return rounds_scan_series_new_take (instances);
}

static void
wait_for (gboolean (*done) (gpointer), gpointer data)
{
  gint64 end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  while (!done (data))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (200);
    }
}

static gboolean
all_ready (gpointer data)
{
  return rounds_frame_cache_get_n_ready (data) == SLICES;
}

static void
test_order (void)
{
  Files files;
  g_autoptr (RoundsJobQueue) queue = rounds_job_queue_new (1);
  g_autoptr (RoundsFrameCache) cache = rounds_frame_cache_new (queue, 0);
  g_autoptr (RoundsScanSeries) series = NULL;
  guint position[SLICES];

  files_init (&files);
  series = make_series (&files, 1, -1);
  rounds_frame_cache_set_series (cache, series, read_file, &files, count_destroyed);
  g_mutex_lock (&files.gate);
  rounds_frame_cache_show (cache, 10);
  /* The reader moves on before anything has come: the worker holds one job at most. */
  rounds_frame_cache_show (cache, 40);
  g_mutex_unlock (&files.gate);
  wait_for (all_ready, cache);
  g_assert_cmpuint (files.asked->len, ==, SLICES);   /* each exactly once */
  for (guint i = 0; i < SLICES; i++)
    position[g_ascii_strtoull (strrchr (g_ptr_array_index (files.asked, i), '.') + 1, NULL, 10) - 1] = i;
  g_assert_cmpuint (position[40], <=, 1);
  for (guint i = 41; i <= 52; i++)   /* neighbours ahead before what lies far away */
    g_assert_cmpuint (position[i], <, position[0]);
  g_assert_cmpuint (position[41], <, position[0]);
  for (guint i = 0; i < SLICES; i++)
    {
      g_autoptr (RoundsScanFrame) frame = rounds_frame_cache_peek (cache, i);
      g_assert_nonnull (frame);
      g_assert_cmpfloat (rounds_scan_frame_value_at (frame, 3, 3), ==, 1000 + i);
    }
  rounds_frame_cache_set_series (cache, NULL, NULL, NULL, NULL);
  g_clear_object (&cache);
  rounds_job_queue_shut_down (queue);
  g_assert_cmpint (files.destroyed, ==, 1);
  files_clear (&files);
}

static gboolean
one_dropped (gpointer data)
{
  return rounds_frame_cache_get_n_dropped (data) >= 1;
}

static void
never (RoundsFrameCache *cache, guint index, gpointer data)
{
  g_autoptr (RoundsScanFrame) frame = rounds_frame_cache_peek (cache, index);
  g_assert_cmpfloat (rounds_scan_frame_value_at (frame, 0, 0), >=, 2000);   /* of the second series only */
}

static void
test_late (void)
{
  Files files;
  g_autoptr (RoundsJobQueue) queue = rounds_job_queue_new (2);
  g_autoptr (RoundsFrameCache) cache = rounds_frame_cache_new (queue, 0);
  g_autoptr (RoundsScanSeries) first = NULL, second = NULL;
  guint64 ticket;

  files_init (&files);
  first = make_series (&files, 1, -1);
  second = make_series (&files, 2, -1);
  g_signal_connect (cache, "frame-ready", G_CALLBACK (never), NULL);
  ticket = rounds_frame_cache_set_series (cache, first, read_file, &files, NULL);
  g_mutex_lock (&files.gate);
  rounds_frame_cache_show (cache, 0);
  while (g_atomic_int_get (&files.entered) < 2)
    g_thread_yield ();   /* both workers have a slice of the first in hand */
  g_assert_cmpuint (rounds_frame_cache_set_series (cache, second, read_file, &files, NULL), ==, ticket + 1);
  rounds_frame_cache_show (cache, 0);
  g_mutex_unlock (&files.gate);
  wait_for (one_dropped, cache);
  wait_for (all_ready, cache);
  g_clear_object (&cache);
  rounds_job_queue_shut_down (queue);
  files_clear (&files);
}

static gboolean
is_idle (gpointer data)
{
  gpointer *both = data;

  return rounds_job_queue_get_n_waiting (both[0]) == 0
         && rounds_frame_cache_get_state (both[1], SLICES - 1) == ROUNDS_SLICE_READY;
}

static void
test_budget (void)
{
  Files files;
  g_autoptr (RoundsJobQueue) queue = rounds_job_queue_new (2);
  gsize budget = 12 * (SIDE * SIDE * 2 + sizeof (RoundsScanFrame));
  g_autoptr (RoundsFrameCache) cache = rounds_frame_cache_new (queue, budget);
  g_autoptr (RoundsScanSeries) series = NULL;
  gpointer both[] = { queue, cache };

  files_init (&files);
  series = make_series (&files, 3, -1);
  rounds_frame_cache_set_series (cache, series, read_file, &files, NULL);
  for (guint i = 0; i < SLICES; i++)
    {
      rounds_frame_cache_show (cache, i);
      while (rounds_frame_cache_get_state (cache, i) != ROUNDS_SLICE_READY)
        g_main_context_iteration (NULL, TRUE);
      g_assert_cmpuint (rounds_frame_cache_get_used_bytes (cache), <=, budget);
    }
  wait_for (is_idle, both);
  g_assert_cmpuint (rounds_frame_cache_get_n_ready (cache), <=, 12);
  g_assert_cmpuint (rounds_frame_cache_get_state (cache, 0), ==, ROUNDS_SLICE_NONE);
  g_clear_object (&cache);
  rounds_job_queue_shut_down (queue);
  files_clear (&files);
}

static void
failed_cb (RoundsFrameCache *cache, guint index, const char *message, gpointer data)
{
  g_assert_cmpuint (index, ==, 5);
  g_assert_nonnull (message);
  (*(int *) data)++;
}

static gboolean
rest_ready (gpointer data)
{
  return rounds_frame_cache_get_n_ready (data) == SLICES - 1
         && rounds_frame_cache_get_state (data, 5) == ROUNDS_SLICE_FAILED;
}

static void
test_failure (void)
{
  Files files;
  g_autoptr (RoundsJobQueue) queue = rounds_job_queue_new (2);
  g_autoptr (RoundsFrameCache) cache = rounds_frame_cache_new (queue, 0);
  g_autoptr (RoundsScanSeries) series = NULL;
  int failed = 0;

  files_init (&files);
  series = make_series (&files, 4, 5);
  g_signal_connect (cache, "frame-failed", G_CALLBACK (failed_cb), &failed);
  rounds_frame_cache_set_series (cache, series, read_file, &files, NULL);
  rounds_frame_cache_show (cache, 5);
  wait_for (rest_ready, cache);   /* one bad slice, the rest goes on */
  rounds_frame_cache_show (cache, 4);
  rounds_frame_cache_show (cache, 5);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpint (failed, ==, 1);
  g_assert_null (rounds_frame_cache_peek (cache, 5));
  g_clear_object (&cache);
  rounds_job_queue_shut_down (queue);
  files_clear (&files);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/scans/frame-cache/order", test_order);
  g_test_add_func ("/scans/frame-cache/late", test_late);
  g_test_add_func ("/scans/frame-cache/budget", test_budget);
  g_test_add_func ("/scans/frame-cache/failure", test_failure);
  return g_test_run ();
}
