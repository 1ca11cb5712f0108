/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>
#include "base/secret.h"

G_BEGIN_DECLS

/* Who we are towards a cloud. Reference counted; any thread. Sign-in that needs the network (SMART, backend
 * services) is a kind of its own: cloud/token-auth.h. */
typedef struct _RoundsAuth RoundsAuth;

RoundsAuth *rounds_auth_new_none (void);
/* user must not hold a colon (RFC 7617). Takes a reference to the password. */
RoundsAuth *rounds_auth_new_basic (const char *user, RoundsSecret *password, GError **error);
/* A token of printable ASCII (RFC 6750). Takes a reference. */
RoundsAuth *rounds_auth_new_bearer (RoundsSecret *token, GError **error);

RoundsAuth *rounds_auth_ref (RoundsAuth *self);
void rounds_auth_unref (RoundsAuth *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsAuth, rounds_auth_unref)

/* Kinds that ask a sign-in server. All are called in worker threads, possibly several at once. refresh: see
 * rounds_auth_refresh(). Takes data. */
typedef struct {
  RoundsSecret *(*dup_header) (gpointer data, GCancellable *cancellable, GError **error);
  gboolean (*refresh) (gpointer data, GCancellable *cancellable, GError **error);
  void (*free) (gpointer data);
} RoundsAuthKind;
RoundsAuth *rounds_auth_new (const RoundsAuthKind *kind, gpointer data);
/* The header line of a token. NULL with SIGN_IN when it is none (RFC 6750: printable ASCII, 16 KiB). */
RoundsSecret *rounds_auth_bearer_header (RoundsSecret *token, GError **error);

/* The whole header line ("Authorization: …"); NULL without error = none is sent. Caller owns. May block. */
RoundsSecret *rounds_auth_dup_header (RoundsAuth *self, GCancellable *cancellable, GError **error);
/* After a 401: TRUE when there is now something new to try. FALSE without error: nothing, the 401 stands. FALSE
 * with error: whether there is something could not be found out (UNREACHABLE …), or surely not (SIGN_IN). May
 * block. */
gboolean rounds_auth_refresh (RoundsAuth *self, GCancellable *cancellable, GError **error);

G_END_DECLS
