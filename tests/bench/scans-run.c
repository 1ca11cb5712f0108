/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The work of the viewer without a window, for tests/bench/scans.py: opening a stack from the encrypted cache
 * (first image, all images, memory) and the window/level of one frame against copying its bytes. One JSON line. */
#include <glib/gstdio.h>
#include <malloc.h>
#include <math.h>
#include <string.h>

#include "scans/frame-cache.h"
#include "scans/lut.h"
#include "scans/scan-import.h"

static double
now_ms (void)
{
  return g_get_monotonic_time () / 1000.0;
}

/* --- window and level ------------------------------------------------------------------------------ */

static void
run_window (int side)
{
  enum { REPEATS = 40 };
  gsize n = (gsize) side * side;
  RoundsFrame pixels = { .rows = side, .columns = side, .samples = 1, .type = ROUNDS_PIXEL_INT16,
                         .photometric = "MONOCHROME2", .size = n * 2, .data = g_malloc (n * 2), .ref_count = 2 };
  RoundsDicomImage image = { .rows = side, .columns = side, .frames = 1, .samples = 1, .bits_allocated = 16,
                             .bits_stored = 16, .is_signed = TRUE, .slope = 1, .intercept = -1024 };
  RoundsDisplay display = { .function = ROUNDS_VOI_LINEAR, .center = 40, .width = 400 };
  g_autofree guint32 *out = g_new0 (guint32, n), *copy = g_new0 (guint32, n);
  double best = INFINITY, best_half = INFINITY, best_values = INFINITY, best_copy = INFINITY;
  g_autofree float *values = NULL;
  RoundsScanFrame *frame;
  GRand *rand = g_rand_new_with_seed (1);

  for (gsize i = 0; i < n; i++)
    ((gint16 *) (gpointer) pixels.data)[i] = (gint16) g_rand_int_range (rand, 0, 4096);
  g_rand_free (rand);
  frame = rounds_scan_frame_new (&pixels, &image, "CT");
  values = rounds_scan_frame_dup_modality (frame);
  for (int i = 0; i < REPEATS; i++)
    {
      double t = now_ms ();

      display.width = 400 + i;   /* as a drag does: a new table each time */
      rounds_lut_render_argb (frame, &display, out);
      best = MIN (best, now_ms () - t);
      t = now_ms ();
      rounds_lut_render_values_argb (frame, values, &display, out);
      best_values = MIN (best_values, now_ms () - t);
      if (frame->half != NULL)
        {
          t = now_ms ();
          rounds_lut_render_half_argb (frame, &display, out);
          best_half = MIN (best_half, now_ms () - t);
        }
      t = now_ms ();
      memcpy (copy, out, n * 4);
      best_copy = MIN (best_copy, now_ms () - t);
    }
  g_print ("{\"side\":%d,\"window_ms\":%.3f,\"half_ms\":%.3f,\"values_ms\":%.3f,\"memcpy_ms\":%.3f}\n", side, best,
           isfinite (best_half) ? best_half : best, best_values, best_copy);
  rounds_scan_frame_unref (frame);
  g_free (pixels.data);
}

/* --- a stack --------------------------------------------------------------------------------------- */

static GBytes *
read_bytes (const char *sop_uid, gpointer data, GCancellable *cancellable, GError **error)
{
  return rounds_store_scan_get (data, sop_uid, error);
}

static char *
import_all (RoundsStore *store, const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  char *series = NULL;
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL), *data = NULL;
      g_autoptr (GBytes) bytes = NULL;
      gsize size;

      if (!g_file_get_contents (path, &data, &size, NULL))
        continue;
      bytes = g_bytes_new_take (g_steal_pointer (&data), size);
      if (rounds_scans_import_bytes (store, bytes, TRUE, NULL, NULL, NULL) && series == NULL)
        {
          g_autoptr (RoundsDicomFile) file = rounds_dicom_file_new (bytes, NULL);
          series = rounds_dicom_file_dup_string (file, 0x0020000e);
        }
    }
  return series;
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      g_remove (child);
    }
  g_rmdir (path);
}

static void
run_stack (const char *source)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("rounds-bench-XXXXXX", NULL), *uid = NULL;
  g_autoptr (RoundsSecret) passphrase = rounds_secret_new_take_text (g_strdup ("correct horse"));
  g_autoptr (RoundsVault) vault = rounds_vault_create (folder, "Bench", ROUNDS_ROLE_PHYSICIAN, passphrase, NULL, &error);
  RoundsSecret *key = vault != NULL ? rounds_vault_unlock (vault, passphrase, &error) : NULL;
  RoundsStore *store = key != NULL ? rounds_store_open (vault, key, TRUE, &error) : NULL;
  g_autoptr (RoundsJobQueue) queue = rounds_job_queue_new (2);
  g_autoptr (RoundsFrameCache) cache = rounds_frame_cache_new (queue, (gsize) 2 << 30);
  g_autoptr (RoundsScanSeries) series = NULL;
  double began, first = 0, all;
  gsize pixels = 0;
  guint n;

  if (store == NULL)
    g_error ("%s", error->message);
  uid = import_all (store, source);
  rounds_store_close (store);
  g_object_unref (store);
  store = rounds_store_open (vault, key, FALSE, &error);
  if (store == NULL || uid == NULL)
    g_error ("nothing was imported");

  began = now_ms ();   /* the click on the series */
  series = rounds_scan_series_load (store, uid, &error);
  n = rounds_scan_series_get_n_slices (series);
  rounds_frame_cache_set_series (cache, series, read_bytes, g_object_ref (store), g_object_unref);
  rounds_frame_cache_show (cache, 0);
  while (rounds_frame_cache_get_n_ready (cache) < n)
    {
      g_main_context_iteration (NULL, TRUE);
      if (first == 0 && rounds_frame_cache_get_state (cache, 0) == ROUNDS_SLICE_READY)
        {
          /* An image is one when it can be painted. */
          g_autoptr (RoundsScanFrame) frame = rounds_frame_cache_peek (cache, 0);
          g_autofree guint32 *out = g_new (guint32, (gsize) frame->pixels->rows * frame->pixels->columns);
          RoundsDisplay display = { .function = ROUNDS_VOI_LINEAR, .center = 40, .width = 400 };

          rounds_lut_render_argb (frame, &display, out);
          first = now_ms () - began;
        }
    }
  all = now_ms () - began;
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (RoundsScanFrame) frame = rounds_frame_cache_peek (cache, i);
      pixels += frame->pixels->size;
    }
  g_print ("{\"slices\":%u,\"first_ms\":%.2f,\"all_ms\":%.1f,\"pixel_bytes\":%" G_GSIZE_FORMAT
           ",\"cache_bytes\":%" G_GSIZE_FORMAT "}\n", n, first, all, pixels, rounds_frame_cache_get_used_bytes (cache));
  g_clear_object (&cache);
  rounds_job_queue_shut_down (queue);
  rounds_store_close (store);
  g_object_unref (store);
  rounds_secret_unref (key);
  remove_tree (folder);
}

int
main (int argc, char **argv)
{
  if (argc == 3 && g_str_equal (argv[1], "window"))
    run_window (atoi (argv[2]));
  else if (argc == 3 && g_str_equal (argv[1], "stack"))
    run_stack (argv[2]);
  else
    return 2;
  return 0;
}
