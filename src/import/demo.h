/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/store.h"

G_BEGIN_DECLS

/* Opens the demo ward's store in folder; makes it first when it is not there or was not finished. Blocks for
 * some seconds the first time: call it in a worker; progress (may be NULL) is called there with 0…1.
 *
 * The ward holds synthetic patients, published scans under their names, and vitals that end now. Its
 * passphrase is no secret; nothing of a real patient belongs into it. */
RoundsStore *rounds_demo_open (const char *folder, void (*progress) (double fraction, gpointer data), gpointer data,
                               GCancellable *cancellable, GError **error);

/* $XDG_DATA_HOME/rounds/demo. Caller frees. */
char *rounds_demo_default_folder (void);

/* TRUE when the store is a demo ward (by its own mark, not by its folder). Blocks. */
gboolean rounds_demo_is (RoundsStore *store);

G_END_DECLS
