/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>
#include "base/secret.h"
#include "vault/role.h"

G_BEGIN_DECLS

#define ROUNDS_VAULT_ERROR (rounds_vault_error_quark ())
GQuark rounds_vault_error_quark (void);

typedef enum {
  ROUNDS_VAULT_ERROR_WRONG,      /* wrong passphrase or recovery key: ask again */
  ROUNDS_VAULT_ERROR_THROTTLED,  /* too many wrong ones: wait as the message says */
  ROUNDS_VAULT_ERROR_MISSING,    /* no profile there: offer to make one */
  ROUNDS_VAULT_ERROR_EXISTS,     /* there is one already */
  ROUNDS_VAULT_ERROR_DAMAGED,    /* key file cannot be read or was changed */
  ROUNDS_VAULT_ERROR_NEWER,      /* made by a newer Rounds */
  ROUNDS_VAULT_ERROR_FAILED,     /* disk, memory: the message says what */
  ROUNDS_VAULT_ERROR_KEYRING,    /* the desktop's keyring does not help: ask for the passphrase */
} RoundsVaultError;

/* A profile's folder holds: vault.json (this), records.db, pixels.db, audit of failed unlocks. */
#define ROUNDS_TYPE_VAULT (rounds_vault_get_type ())
G_DECLARE_FINAL_TYPE (RoundsVault, rounds_vault, ROUNDS, VAULT, GObject)

/* All of these may take about a second (Argon2id) and are called in a worker. */

/* Makes the folder (0700) and vault.json with a new random 256-bit database key, wrapped by the passphrase
 * and by a recovery key, given back once as text in *recovery_key (caller frees). name: 1…200 characters. */
RoundsVault *rounds_vault_create (const char *folder, const char *name, RoundsRole role,
                                  RoundsSecret *passphrase, RoundsSecret **recovery_key, GError **error);
/* Reads what may be read without the key: name, role, when. */
RoundsVault *rounds_vault_open (const char *folder, GError **error);
/* The database key, or WRONG, THROTTLED. Name and role are authenticated by the key. Caller owns. */
RoundsSecret *rounds_vault_unlock (RoundsVault *self, RoundsSecret *passphrase, GError **error);
RoundsSecret *rounds_vault_unlock_with_recovery (RoundsVault *self, RoundsSecret *recovery_key,
                                                 GError **error);
/* A new passphrase (and, when recovery_key is not NULL, a new recovery key): new beside old, synced,
 * verified, then the old one retired. What the desktop's keyring opens stays. */
gboolean rounds_vault_rewrap (RoundsVault *self, RoundsSecret *key, RoundsSecret *new_passphrase,
                              RoundsSecret **recovery_key, GError **error);

/* --- the desktop's keyring: a third way in, off until it is wanted --- */

/* Whether it is wanted; asks no keyring. */
gboolean rounds_vault_get_keyring (RoundsVault *self);
/* The same, and the account was not open yet since somebody logged in to this desktop. */
gboolean rounds_vault_may_unlock_with_keyring (RoundsVault *self);
/* The database key, or KEYRING within five seconds (absent, locked, slow, another key, not the first time since the
 * desktop's login), THROTTLED. Notes that the account was opened. Changes neither key file nor keyring. Caller owns. */
RoundsSecret *rounds_vault_unlock_with_keyring (RoundsVault *self, GCancellable *cancellable, GError **error);
/* Whether what the keyring has now would open this account, whatever else stands against it. */
gboolean rounds_vault_check_keyring (RoundsVault *self, GCancellable *cancellable, GError **error);
/* From now on until the desktop's session ends the keyring opens this account no more. */
gboolean rounds_vault_note_opened (RoundsVault *self, GError **error);
/* On, or renewed when it is on; the desktop may ask for the keyring's password meanwhile (one minute). On failure all
 * is as before. */
gboolean rounds_vault_enable_keyring (RoundsVault *self, RoundsSecret *key, GCancellable *cancellable, GError **error);
gboolean rounds_vault_disable_keyring (RoundsVault *self, GError **error);

const char *rounds_vault_get_folder (RoundsVault *self);
const char *rounds_vault_get_name (RoundsVault *self);
/* A random UUID from when it was made; the same in every copy of the profile. */
const char *rounds_vault_get_id (RoundsVault *self);
RoundsRole rounds_vault_get_role (RoundsVault *self);
gint64 rounds_vault_get_created_us (RoundsVault *self);
/* Failed unlocks since the last good one, for the store to put into the audit trail: array of gint64 µs. */
GArray *rounds_vault_take_failed_unlocks (RoundsVault *self);

/* Once they stand in the audit trail; until then they are given again after a crash. */
void rounds_vault_forget_failed_unlocks (RoundsVault *self);

/* Whether this profile's cache was ever made. A made cache that is missing is damage, never a reason to make
 * an empty one in its place. Only the store sets it. */
gboolean rounds_vault_get_made (RoundsVault *self);
gboolean rounds_vault_set_made (RoundsVault *self, GError **error);

/* Secrets kept beside the cache (tokens, passwords of connections), sealed with a key derived from the
 * database key. name: [a-z0-9.-]+. */
gboolean rounds_vault_store_secret (RoundsVault *self, RoundsSecret *key, const char *name,
                                    RoundsSecret *value, GError **error);
RoundsSecret *rounds_vault_load_secret (RoundsVault *self, RoundsSecret *key, const char *name,
                                        GError **error);
gboolean rounds_vault_remove_secret (RoundsVault *self, const char *name, GError **error);

/* $XDG_DATA_HOME/rounds/default. Caller frees. */
char *rounds_vault_default_folder (void);

G_END_DECLS
