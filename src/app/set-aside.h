/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>
#include "base/secret.h"

G_BEGIN_DECLS

/* secret is borrowed. */
typedef void (*RoundsSetAsideFunc) (RoundsSecret *secret, gboolean is_recovery, gpointer data);

/* Says what happens to the damaged cache in folder, and asks for the passphrase or, when is_recovery, the recovery key.
 * func is called when somebody agrees; data is released with destroy in any case. Main thread. */
void rounds_set_aside_ask (GtkWidget *parent, const char *folder, gboolean is_recovery, RoundsSetAsideFunc func,
                           gpointer data, GDestroyNotify destroy);

G_END_DECLS
