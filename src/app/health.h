/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>
#include "store/store.h"

G_BEGIN_DECLS

/* Tells what is wrong with the cache in a dialog over the window: at once what its opening found; a minute later, once
 * a day, what reading it from end to end finds. Ends with the cancellable, which is the session's; keeps no store
 * alive meanwhile. Main thread. */
void rounds_health_watch (GtkWidget *window, RoundsStore *store, GCancellable *cancellable);

G_END_DECLS
