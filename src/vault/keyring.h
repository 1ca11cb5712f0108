/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>
#include "base/secret.h"

G_BEGIN_DECLS

/* The desktop's keyring, for src/vault and its tests: one wrapping key an item, named by the account's id and by the
 * seal that it belongs to. All of these block for a bounded time and are called in a worker; errors are
 * ROUNDS_VAULT_ERROR_KEYRING. */

/* Reading never lets the desktop ask for a password, so it is short. */
#define ROUNDS_KEYRING_READ_S 5
/* Writing may: somebody sits there who asked for it. */
#define ROUNDS_KEYRING_WRITE_S 60

RoundsSecret *rounds_keyring_read (const char *account, const char *seal, GCancellable *cancellable, GError **error);
/* label: what the desktop's own tools show. */
gboolean rounds_keyring_write (const char *account, const char *seal, const char *label, RoundsSecret *secret,
                               GCancellable *cancellable, GError **error);
/* Removes all keys of the account but that of this seal (NULL: every one). */
gboolean rounds_keyring_remove (const char *account, const char *kept_seal, GCancellable *cancellable, GError **error);

G_END_DECLS
