/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reads a folder of slices as the viewer does, for tests/bench/dicom-stack.py: one slice alone, the headers of all
 * to put them in order, and all decoded by one and by two workers. Prints one JSON object; best of REPEATS.
 *
 *   dicom-stack FOLDER REPEATS
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dicom/frame.h"
#include "dicom/geometry.h"

typedef struct {
  GPtrArray *paths;
  guint8 *stack;         /* frames one after the other, in order of place */
  guint *place;          /* of each path */
  gsize frame_size;
  gint next, failed;
} Stack;

static RoundsDicomFile *
open_path (const char *path)
{
  g_autoptr (GMappedFile) map = g_mapped_file_new (path, FALSE, NULL);
  g_autoptr (GBytes) bytes = map != NULL ? g_mapped_file_get_bytes (map) : NULL;

  return bytes != NULL ? rounds_dicom_file_new (bytes, NULL) : NULL;
}

static double
ms_since (gint64 start)
{
  return (double) (g_get_monotonic_time () - start) / 1000;
}

static void
order (Stack *stack)
{
  g_autofree RoundsSlicePlace *places = g_new0 (RoundsSlicePlace, stack->paths->len);
  g_autoptr (RoundsStackGeometry) geometry = NULL;

  for (guint i = 0; i < stack->paths->len; i++)
    {
      g_autoptr (RoundsDicomFile) file = open_path (stack->paths->pdata[i]);
      RoundsDicomImage image;

      if (file == NULL || !rounds_dicom_file_get_image (file, 0, &image, NULL))
        continue;
      places[i].has_position = image.has_position;
      memcpy (places[i].position_mm, image.position_mm, sizeof image.position_mm);
      memcpy (places[i].orientation, image.orientation, sizeof image.orientation);
    }
  geometry = rounds_stack_geometry_new (places, stack->paths->len);
  for (guint i = 0; i < geometry->n; i++)
    stack->place[geometry->order[i]] = i;
}

static gpointer
decode_thread (gpointer data)
{
  Stack *stack = data;

  for (;;)
    {
      guint i = (guint) g_atomic_int_add (&stack->next, 1);
      g_autoptr (RoundsDicomFile) file = NULL;
      g_autoptr (RoundsFrame) frame = NULL;

      if (i >= stack->paths->len)
        return NULL;
      file = open_path (stack->paths->pdata[i]);
      frame = file != NULL ? rounds_dicom_file_decode (file, 0, NULL) : NULL;
      if (frame == NULL || frame->size != stack->frame_size)
        g_atomic_int_inc (&stack->failed);
      else
        memcpy (stack->stack + stack->place[i] * stack->frame_size, frame->data, frame->size);
    }
}

static double
cpu_ms (void)
{
  struct timespec now;
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double) now.tv_sec * 1e3 + (double) now.tv_nsec / 1e6;
}

static double
decode_all (Stack *stack, guint n_workers)
{
  gint64 start = g_get_monotonic_time ();
  GThread *threads[8];

  stack->next = 0;
  n_workers = MIN (n_workers, G_N_ELEMENTS (threads));
  for (guint i = 0; i < n_workers; i++)
    threads[i] = g_thread_new ("decode", decode_thread, stack);
  for (guint i = 0; i < n_workers; i++)
    g_thread_join (threads[i]);
  return ms_since (start);
}

static int
by_name (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

int
main (int argc, char **argv)
{
  Stack stack = { 0 };
  g_autoptr (GDir) dir = argc == 3 ? g_dir_open (argv[1], 0, NULL) : NULL;
  double first = G_MAXDOUBLE, headers = G_MAXDOUBLE, one = G_MAXDOUBLE, two = G_MAXDOUBLE;
  double cpu_one = G_MAXDOUBLE, cpu_two = G_MAXDOUBLE, cpu;
  g_autofree char *sum = NULL;
  const char *name;

  if (dir == NULL)
    {
      fputs ("usage: dicom-stack FOLDER REPEATS\n", stderr);
      return 2;
    }
  stack.paths = g_ptr_array_new_with_free_func (g_free);
  while ((name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (stack.paths, g_build_filename (argv[1], name, NULL));
  g_ptr_array_sort (stack.paths, by_name);
  stack.place = g_new0 (guint, stack.paths->len + 1);
  for (int r = 0; r < MAX (atoi (argv[2]), 1); r++)
    {
      gint64 start = g_get_monotonic_time ();
      RoundsDicomFile *file = open_path (stack.paths->pdata[0]);
      RoundsFrame *frame = file != NULL ? rounds_dicom_file_decode (file, 0, NULL) : NULL;

      if (frame == NULL)
        return 1;
      first = MIN (first, ms_since (start));
      stack.frame_size = frame->size;
      rounds_frame_unref (frame);
      rounds_dicom_file_unref (file);
      start = g_get_monotonic_time ();
      order (&stack);
      headers = MIN (headers, ms_since (start));
      if (stack.stack == NULL)
        stack.stack = g_malloc0 (stack.frame_size * stack.paths->len);
      cpu = cpu_ms ();
      one = MIN (one, decode_all (&stack, 1));
      cpu_one = MIN (cpu_one, cpu_ms () - cpu);
      cpu = cpu_ms ();
      two = MIN (two, decode_all (&stack, 2));
      cpu_two = MIN (cpu_two, cpu_ms () - cpu);
    }
  if (stack.failed > 0)
    return 1;
  sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, stack.stack, stack.frame_size * stack.paths->len);
  printf ("{\"n\": %u, \"first_ms\": %.3f, \"headers_ms\": %.3f, \"one_ms\": %.3f, \"two_ms\": %.3f, \"cpu_one_ms\": %.3f, "
          "\"cpu_two_ms\": %.3f, \"sha256\": \"%s\"}\n",
          stack.paths->len, first, headers, one, two, cpu_one, cpu_two, sum);
  return 0;
}
