/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Finds what an import is about. Only regular files count: a link could lead out of the folder that somebody
 * gave us, a pipe or a device could never end. The order is by bytes of the path, so that two runs, and two
 * machines, take the same files in the same order.
 */

#include "import/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_DEPTH 64

void
rounds_found_file_free (RoundsFoundFile *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  g_free (self->problem);
  g_free (self);
}

static void
add (GPtrArray *found, const char *path, const char *problem, gint64 size)
{
  RoundsFoundFile *file = g_new0 (RoundsFoundFile, 1);

  file->path = g_strdup (path);
  file->problem = g_strdup (problem);
  file->size = size;
  g_ptr_array_add (found, file);
}

static void
walk (GPtrArray *found, const char *path, guint depth, GCancellable *cancellable)
{
  struct stat status;
  g_autoptr (GDir) dir = NULL;
  g_autoptr (GError) error = NULL;
  const char *name = NULL;

  if (g_cancellable_is_cancelled (cancellable))
    return;
  if (lstat (path, &status) != 0)
    {
      add (found, path, g_strerror (errno), 0);
      return;
    }
  if (S_ISLNK (status.st_mode))
    {
      add (found, path, _("a symbolic link is not followed"), 0);
      return;
    }
  if (S_ISREG (status.st_mode))
    {
      add (found, path, NULL, status.st_size);
      return;
    }
  if (!S_ISDIR (status.st_mode))
    {
      add (found, path, _("not a regular file"), 0);
      return;
    }
  if (depth >= MAX_DEPTH)
    {
      add (found, path, _("folders are nested too deep"), 0);
      return;
    }
  dir = g_dir_open (path, 0, &error);
  if (dir == NULL)
    {
      add (found, path, error->message, 0);
      return;
    }
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      walk (found, child, depth + 1, cancellable);
    }
}

static int
compare_paths (gconstpointer a, gconstpointer b)
{
  const RoundsFoundFile *const *first = a, *const *second = b;

  return strcmp ((*first)->path, (*second)->path);
}

GPtrArray *
rounds_import_walk (const char *const *paths, GCancellable *cancellable)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_found_file_free);

  g_return_val_if_fail (paths != NULL, NULL);

  for (guint i = 0; paths[i] != NULL; i++)
    walk (found, paths[i], 0, cancellable);
  g_ptr_array_sort (found, compare_paths);
  for (guint i = 1; i < found->len;)
    {
      RoundsFoundFile *before = found->pdata[i - 1], *file = found->pdata[i];

      if (strcmp (before->path, file->path) == 0)
        g_ptr_array_remove_index (found, i);
      else
        i++;
    }
  return g_steal_pointer (&found);
}

GBytes *
rounds_import_read (const char *path, gint64 max_bytes, GError **error)
{
  struct stat status;
  g_autofree guint8 *data = NULL;
  gsize size = 0, done = 0;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

  if (fd < 0 || fstat (fd, &status) != 0)
    {
      int saved = errno;

      if (fd >= 0)
        close (fd);
      g_set_error_literal (error, G_FILE_ERROR, g_file_error_from_errno (saved), g_strerror (saved));
      return NULL;
    }
  if (!S_ISREG (status.st_mode) || status.st_size > max_bytes)
    {
      close (fd);
      if (!S_ISREG (status.st_mode))
        g_set_error_literal (error, G_FILE_ERROR, G_FILE_ERROR_INVAL, _("not a regular file"));
      else
        g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL, _("larger than %" PRId64 " MiB"),
                     max_bytes / (1024 * 1024));
      return NULL;
    }
  size = status.st_size;
  data = g_try_malloc (MAX (size, 1));
  while (data != NULL && done < size)
    {
      gssize n = read (fd, data + done, size - done);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        break;
      done += n;
    }
  close (fd);
  if (data == NULL || done < size)
    {
      g_set_error_literal (error, G_FILE_ERROR, data == NULL ? G_FILE_ERROR_NOMEM : G_FILE_ERROR_IO,
                           data == NULL ? _("not enough memory") : _("could not be read to its end"));
      return NULL;
    }
  return g_bytes_new_take (g_steal_pointer (&data), size);
}
