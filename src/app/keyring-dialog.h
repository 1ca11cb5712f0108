/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>
#include "store/store.h"

G_BEGIN_DECLS

/* Whether the desktop's keyring opens the account of store: says what that means, and turns it on (which wants the
 * passphrase) or off. Main thread; what takes time runs in a worker until cancellable. */
void rounds_keyring_dialog_present (GtkWidget *parent, RoundsStore *store, GCancellable *cancellable);

G_END_DECLS
