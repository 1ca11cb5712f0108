/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* Shows every key of Rounds, grouped by page. */
void rounds_shortcuts_present (GtkWidget *parent);

G_END_DECLS
