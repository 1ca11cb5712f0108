/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>
#include "store/store.h"

G_BEGIN_DECLS

/* Fetches the images of a patient that the cloud has and this device has not, study by study, in a worker; says
 * so, and how it ended, in a toast near the widget. Nothing happens when all are here. What came before a
 * cancel or an error stays. Main thread. */
void rounds_fetch_scans (RoundsStore *store, const char *patient_id, GtkWidget *near, GCancellable *cancellable);

G_END_DECLS
