/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/window.h"

G_BEGIN_DECLS

/* "Find or do": one field that finds patients and every action of the window. */
void rounds_palette_present (RoundsWindow *window);

G_END_DECLS
