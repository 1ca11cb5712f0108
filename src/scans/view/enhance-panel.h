/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "scans/view/stack.h"

G_BEGIN_DECLS

/* The side panel of enhancement: model, strength, measured noise, comparison, whole series, saving. Its
 * switches are actions of the page ("scans.…"); it only shows the state of the stack. Main thread. */
#define ROUNDS_TYPE_ENHANCE_PANEL (rounds_enhance_panel_get_type ())
G_DECLARE_FINAL_TYPE (RoundsEnhancePanel, rounds_enhance_panel, ROUNDS, ENHANCE_PANEL, AdwBin)

/* Takes a reference. */
void rounds_enhance_panel_set_stack (RoundsEnhancePanel *self, RoundsStack *stack);
/* Reads the state of the stack again. */
void rounds_enhance_panel_refresh (RoundsEnhancePanel *self);
/* Says why there is no enhancement; NULL = there is. */
void rounds_enhance_panel_set_problem (RoundsEnhancePanel *self, const char *text);
/* Progress of a whole series; total 0 = none. saving: it will be stored. */
void rounds_enhance_panel_set_progress (RoundsEnhancePanel *self, guint done, guint total, gboolean saving);
void rounds_enhance_panel_set_result (RoundsEnhancePanel *self, const char *text);

G_END_DECLS
