/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cloud/token-auth.h"
#include "sync/connection.h"

G_BEGIN_DECLS

/* What a connection keeps in the vault, and how it becomes trust and credentials. Inside this folder only; all
 * block. */

typedef enum {
  ROUNDS_CREDENTIAL_SECRET,   /* password or bearer token */
  ROUNDS_CREDENTIAL_TOKEN,    /* what a sign-in left */
  ROUNDS_CREDENTIAL_KEY,      /* private key of backend services */
  ROUNDS_CREDENTIAL_TLS,      /* private key of the client certificate */
  ROUNDS_N_CREDENTIALS,
} RoundsCredential;

/* NULL without error: there is none. Caller owns. */
RoundsSecret *rounds_credential_load (RoundsStore *store, const char *connection, RoundsCredential kind,
                                      GError **error);
gboolean rounds_credential_save (RoundsStore *store, const char *connection, RoundsCredential kind,
                                 RoundsSecret *value, GError **error);
/* TRUE also when there was none. */
gboolean rounds_credential_remove (RoundsStore *store, const char *connection, RoundsCredential kind, GError **error);

/* The lock of everybody who changes tokens, or the settings that tokens belong to: a descriptor to close, or −1 with
 * BUSY or FAILED (ROUNDS_STORE_ERROR) or G_IO_ERROR_CANCELLED. Not twice in one thread. */
int rounds_credential_lock (RoundsStore *store, GCancellable *cancellable, GError **error);

RoundsTrust *rounds_credential_trust (RoundsStore *store, const RoundsConnection *connection, GError **error);
RoundsAuth *rounds_credential_auth (RoundsStore *store, const RoundsConnection *connection, RoundsTrust *trust,
                                    GError **error);

/* Tokens of a connection as cloud/token-auth.h wants them kept. What comes for settings that were changed meanwhile
 * (another address, another way to sign in, removed) is not kept: SIGN_IN. */
extern const RoundsTokenKeep rounds_credential_keep;
gpointer rounds_credential_keep_new (RoundsStore *store, const RoundsConnection *connection);

G_END_DECLS
