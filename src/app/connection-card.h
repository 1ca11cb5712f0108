/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>
#include "sync/sign-in.h"

G_BEGIN_DECLS

/* What is known of one connection, read in a worker. */
typedef struct {
  RoundsConnection *connection;
  RoundsServerProfile *profile;   /* NULL: never tried */
  RoundsSignInState sign_in;
  char *who;                      /* or NULL */
  char **warnings;                /* or NULL */
} RoundsConnectionFacts;
void rounds_connection_facts_free (RoundsConnectionFacts *self);
RoundsConnectionFacts *rounds_connection_facts_load (RoundsStore *store, RoundsConnection *connection_taken);

typedef enum {
  ROUNDS_CONNECTION_AT_REST,
  ROUNDS_CONNECTION_TRYING,
  ROUNDS_CONNECTION_SIGNING_IN,
} RoundsConnectionBusy;

/* One connection as a group of rows. Its buttons activate the actions "connection.try", "connection.sign-in",
 * "connection.sign-out", "connection.cancel", "connection.copy-address", "connection.copy-key", "connection.new-key",
 * "connection.edit" and "connection.remove" with its name. error may be NULL. Floating reference. */
GtkWidget *rounds_connection_card_new (const RoundsConnectionFacts *facts, RoundsConnectionBusy busy, const char *error,
                                       gboolean may_configure);

G_END_DECLS
