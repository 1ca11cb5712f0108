/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/session.h"

G_BEGIN_DECLS

/* The application: command line, application-wide actions, keys, when to lock and what is left afterwards. */
#define ROUNDS_TYPE_APPLICATION (rounds_application_get_type ())
G_DECLARE_FINAL_TYPE (RoundsApplication, rounds_application, ROUNDS, APPLICATION, AdwApplication)

RoundsApplication *rounds_application_new (void);

/* Closes the session of a window that is blank already, and starts the program anew in its own place, so that its
 * memory holds neither key nor patient. A window that is being closed only ends. reason: for the unlock page, may be
 * NULL. When it cannot start anew the window stays locked and says so. */
void rounds_application_end_session (GtkApplication *application, GtkWindow *window, RoundsSession *session,
                                     const char *reason);

G_END_DECLS
