/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "sync/connection.h"

G_BEGIN_DECLS

/* Signing a person in at a cloud (SMART App Launch 2.2, standalone, public client with PKCE S256): the
 * person's own browser goes to the server's page, and the answer comes back to a listener on 127.0.0.1 that
 * takes one. Rounds never sees the password; the tokens go into the vault. For connections whose auth is
 * "smart". */

/* Called once with the address that the browser is to open (https; http for a server on this computer). url is
 * borrowed; do not log it. */
typedef void (*RoundsSignInOpen) (const char *url, gpointer user_data);

/* Blocks until the person has signed in, cancellable is cancelled, or timeout_s (0 = 300) is over; open is
 * called in this thread. Nothing of an older sign-in changes unless TRUE is returned. Errors of
 * ROUNDS_CLOUD_ERROR: SIGN_IN (refused, timed out, an answer that is not ours: the message says which),
 * REFUSED (the server's sign-in would break a rule), PROTOCOL (no SMART server), UNREACHABLE, TLS, …;
 * G_IO_ERROR_CANCELLED; those of store and vault. */
gboolean rounds_sign_in (RoundsStore *store, const char *name, guint timeout_s, RoundsSignInOpen open,
                         gpointer user_data, GCancellable *cancellable, GError **error);

/* The same for a window: works in a worker; open and callback come on the caller's main context, open never
 * after callback or once cancellable is cancelled. */
void rounds_sign_in_async (RoundsStore *store, const char *name, guint timeout_s, RoundsSignInOpen open,
                           gpointer open_data, GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer user_data);
gboolean rounds_sign_in_finish (RoundsStore *store, GAsyncResult *result, GError **error);

/* Blocks. Tells the server that the tokens are over where it has a place for that, and forgets them in any case;
 * FALSE when they cannot be removed from the disk. *told (may be NULL): whether the server knows. Both are
 * TRUE when nobody was signed in. */
gboolean rounds_sign_out (RoundsStore *store, const char *name, gboolean *told, GCancellable *cancellable,
                          GError **error);

typedef enum {
  ROUNDS_SIGN_IN_NOT_NEEDED,   /* none, basic, bearer, backend */
  ROUNDS_SIGN_IN_NEEDED,       /* nobody has, or the server no longer takes what it gave: sign in again */
  ROUNDS_SIGN_IN_DONE,
} RoundsSignInState;

/* Blocks; contacts nobody. *who (may be NULL): the FHIR resource of the person as the server named it
 * ("Practitioner/12"), or NULL; caller frees. */
RoundsSignInState rounds_sign_in_get_state (RoundsStore *store, const RoundsConnection *connection, char **who);

G_END_DECLS
