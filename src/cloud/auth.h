/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>
#include "base/secret.h"

G_BEGIN_DECLS

/* Who we are towards a cloud. Reference counted; any thread. Sign-in that needs the network (SMART, backend
 * services) is one more kind with its own dup_header and refresh. */
typedef struct _RoundsAuth RoundsAuth;

RoundsAuth *rounds_auth_new_none (void);
/* user must not hold a colon (RFC 7617). Takes a reference to the password. */
RoundsAuth *rounds_auth_new_basic (const char *user, RoundsSecret *password, GError **error);
/* A token of printable ASCII (RFC 6750). Takes a reference. */
RoundsAuth *rounds_auth_new_bearer (RoundsSecret *token, GError **error);

RoundsAuth *rounds_auth_ref (RoundsAuth *self);
void rounds_auth_unref (RoundsAuth *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsAuth, rounds_auth_unref)

/* The whole header line ("Authorization: …"); NULL without error = none is sent. Caller owns. May block. */
RoundsSecret *rounds_auth_dup_header (RoundsAuth *self, GCancellable *cancellable, GError **error);
/* After a 401: TRUE when there is now something new to try. May block. */
gboolean rounds_auth_refresh (RoundsAuth *self, GCancellable *cancellable);

G_END_DECLS
