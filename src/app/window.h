/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>
#include "app/session.h"

G_BEGIN_DECLS

/* One window, one patient: unlock page, or patient list on the left and the patient on the right.
 *
 * Actions (menus, keys and the palette name the same ones): win.new-patient, win.edit-patient, win.find-patient,
 * win.page (s), win.show-scan (s: series UID), win.enter-vitals, win.show-section (s), win.add (s: section), win.show-sync, win.sync,
 * win.resolve (s: TYPE/ID), win.import, win.import-folder, win.palette, win.verify-audit, win.lock. */
#define ROUNDS_TYPE_WINDOW (rounds_window_get_type ())
G_DECLARE_FINAL_TYPE (RoundsWindow, rounds_window, ROUNDS, WINDOW, AdwApplicationWindow)

RoundsWindow *rounds_window_new (GtkApplication *application, const char *folder);
/* Opens the demo ward at once. folder NULL = default. */
void rounds_window_open_demo (RoundsWindow *self, const char *folder);
/* NULL = nobody. Late answers of the patient before are dropped by every page. */
void rounds_window_set_patient (RoundsWindow *self, const char *patient_id);
void rounds_window_import (RoundsWindow *self, const char *const *paths);
/* Blanks everything, then closes the store. reason is shown on the unlock page; may be NULL. */
void rounds_window_lock (RoundsWindow *self, const char *reason);

RoundsStore *rounds_window_get_store (RoundsWindow *self);          /* NULL while locked; borrowed */

G_END_DECLS
