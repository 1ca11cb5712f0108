/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cli/cli.h"
#include "dicom/file.h"
#include "store/scan-store.h"

G_BEGIN_DECLS

/* The DICOM object that FILE|UID names: a path that exists is a file and needs no profile; else an instance of
 * the profile, fetched from the cloud when it is not on the device. bytes (nullable) gets what it was parsed
 * from. NULL: it was complained about and *code set. */
RoundsDicomFile *rounds_cli_open_image (RoundsCli *cli, const char *argument, GBytes **bytes, RoundsExit *code);

/* The instances (RoundsScanInstance; the caller's) that argument names as a series or a study of the profile.
 * NULL with *code DONE: it names a file or a single instance, which rounds_cli_open_image() opens. NULL with
 * another *code: it was complained about. */
GPtrArray *rounds_cli_list_instances (RoundsCli *cli, const char *argument, RoundsExit *code);

/* Whether a picture may be written to a file: always when it came from one, by the role when it came from the cache
 * (the profile is open then). Audited; a refusal is complained about. */
gboolean rounds_cli_may_take_out (RoundsCli *cli);
/* Writes a whole file: temporary beside it, fsync, rename. FALSE: complained about. */
gboolean rounds_cli_write_file (const char *path, gconstpointer data, gsize size);

G_END_DECLS
