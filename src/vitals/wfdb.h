/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vitals/file.h"

G_BEGIN_DECLS

/* Gives the bytes of a signal file that a header names; name is already checked (no separator, no ".."). */
typedef GBytes *(*RoundsWfdbOpenFunc) (const char *name, gpointer data, GError **error);

/* Reads a WFDB record (PhysioNet's header(5) and signal(5)): single-segment headers, signal files of formats
 * 16, 80 and 212, several signals and files, samples a frame, skews, byte offsets, gains, baselines and units.
 * The lowest code of a format (−32768, −128, −2048) is no value and is left out. A header without a base date
 * gives relative times. Checksums that do not agree and files that end early are named in `refused`, with what
 * was read kept. NULL with error (FILE) when nothing can be read. Any thread. */
RoundsVitalsFile *rounds_wfdb_read (const char *header, gsize length, RoundsWfdbOpenFunc open, gpointer data,
                                    GError **error);

/* The same for a header on disk, its signal files beside it (regular files, no link followed). Blocks. */
RoundsVitalsFile *rounds_wfdb_read_path (const char *path, GError **error);

/* The signal files that a header names, each once. NULL with error when it is no header. g_strfreev. */
char **rounds_wfdb_list_files (const char *header, gsize length, GError **error);

/* Whether the text is a WFDB header: a record line and at least one signal line of a known form. */
gboolean rounds_wfdb_sniff (const char *bytes, gsize length);

G_END_DECLS
