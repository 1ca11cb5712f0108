/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* One file that was found, or a place that could not be looked into. */
typedef struct {
  char *path;
  char *problem;   /* why it cannot be read ("a symbolic link is not followed"); NULL for a regular file */
  gint64 size;
} RoundsFoundFile;

void rounds_found_file_free (RoundsFoundFile *self);

/* Every regular file under the paths, in bytewise order of path, each once; folders are entered, symbolic
 * links and devices are not followed and come as problems. Array of RoundsFoundFile; owned by the caller. */
GPtrArray *rounds_import_walk (const char *const *paths, GCancellable *cancellable);

/* Reads a whole regular file; refuses more than max_bytes before it allocates. The file is opened without
 * following a link, so that it is the one that was found. */
GBytes *rounds_import_read (const char *path, gint64 max_bytes, GError **error);

G_END_DECLS
