/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>
#include "sync/connection.h"

G_BEGIN_DECLS

/* The settings of one connection. Passwords, tokens and keys are taken, never shown again: an empty field keeps
 * what lies in the vault.
 *
 * Signals: "saved" (const char *name), "cancelled" (). */
#define ROUNDS_TYPE_CONNECTION_FORM (rounds_connection_form_get_type ())
G_DECLARE_FINAL_TYPE (RoundsConnectionForm, rounds_connection_form, ROUNDS, CONNECTION_FORM, AdwBin)

/* connection NULL: a new one. store NULL: emptied, secrets first. Copies what it shows. */
void rounds_connection_form_set_connection (RoundsConnectionForm *self, RoundsStore *store,
                                            const RoundsConnection *connection);

G_END_DECLS
