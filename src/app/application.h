/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* The application: command line, application-wide actions, keys, idle lock. */
#define ROUNDS_TYPE_APPLICATION (rounds_application_get_type ())
G_DECLARE_FINAL_TYPE (RoundsApplication, rounds_application, ROUNDS, APPLICATION, AdwApplication)

RoundsApplication *rounds_application_new (void);

G_END_DECLS
