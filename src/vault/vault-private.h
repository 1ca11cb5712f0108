/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vault/vault.h"

G_BEGIN_DECLS

/* Inside of src/vault, and for its tests. */

#define ROUNDS_VAULT_KEY_BYTES 32
#define ROUNDS_VAULT_SALT_BYTES 16
#define ROUNDS_VAULT_NONCE_BYTES 24
#define ROUNDS_VAULT_SEALED_BYTES (ROUNDS_VAULT_KEY_BYTES + 16)
#define ROUNDS_VAULT_VERSION 1
/* Never less. */
#define ROUNDS_VAULT_MIN_OPS 3
#define ROUNDS_VAULT_MIN_MEM_BYTES (64u * 1024 * 1024)
/* A key file that asks for more is refused before memory is taken. */
#define ROUNDS_VAULT_MAX_OPS 64
#define ROUNDS_VAULT_MAX_MEM_BYTES (1024u * 1024 * 1024)

typedef enum {
  ROUNDS_WRAP_PASSPHRASE,
  ROUNDS_WRAP_RECOVERY,
  ROUNDS_WRAP_KEYRING,     /* only when somebody wanted it */
  ROUNDS_N_WRAPS,
} RoundsWrapKind;

/* The database key sealed by one way in. */
typedef struct {
  gboolean is_set;
  guint ops;
  gsize mem_bytes;   /* both 0 for random keys: they need no slow derivation */
  guint8 salt[ROUNDS_VAULT_SALT_BYTES];
  guint8 nonce[ROUNDS_VAULT_NONCE_BYTES];
  guint8 sealed[ROUNDS_VAULT_SEALED_BYTES];
} RoundsWrap;

/* What vault.json says. */
typedef struct {
  char *id;
  char *name;
  RoundsRole role;
  gint64 created_us;
  gint64 made_us;    /* when the cache was made; 0 = never */
  RoundsWrap wraps[ROUNDS_N_WRAPS];
} RoundsVaultFile;

void rounds_vault_file_clear (RoundsVaultFile *self);
gboolean rounds_vault_file_load (const char *path, RoundsVaultFile *out, GError **error);
/* Written beside, synced and renamed; the folder is synced. check_key not NULL: before the rename the new
 * file is read again and each wrap given in secrets must open to this key. */
gboolean rounds_vault_file_save (const RoundsVaultFile *self, const char *path, RoundsSecret *const *secrets,
                                 RoundsSecret *check_key, GError **error);

/* Seals key under secret into self->wraps[kind]. */
gboolean rounds_vault_file_wrap (RoundsVaultFile *self, RoundsWrapKind kind, RoundsSecret *secret,
                                 RoundsSecret *key, GError **error);
/* The key, or NULL with WRONG. */
RoundsSecret *rounds_vault_file_unwrap (const RoundsVaultFile *self, RoundsWrapKind kind,
                                        RoundsSecret *secret, GError **error);

/* 160 random bits as 8 groups of 4 letters and digits without I, L, O, U; what a person types (any case,
 * blanks, O for 0, I or L for 1) back to bytes. */
RoundsSecret *rounds_recovery_new (void);
RoundsSecret *rounds_recovery_read (RoundsSecret *text);

/* File helpers: write all, sync, rename, sync the folder. mode of the new file is 0600. */
gboolean rounds_vault_write_file (const char *path, const void *bytes, gsize size, GError **error);
gboolean rounds_vault_read_file (const char *path, gsize max, char **bytes, gsize *size, GError **error);

/* A subkey of the database key for one purpose. */
RoundsSecret *rounds_vault_derive (RoundsSecret *key, const char *purpose);

/* Failed unlocks: counted in a file beside vault.json under a lock of its own. */
typedef struct _RoundsThrottle RoundsThrottle;
/* Takes the lock; THROTTLED when it is too early. Records the attempt as failed before it is made, so that
 * a kill in the middle does not give a free guess. */
RoundsThrottle *rounds_throttle_begin (const char *folder, GError **error);
/* good: nothing counts any more, and earlier failures are kept for the audit trail until forgotten. */
void rounds_throttle_end (RoundsThrottle *self, gboolean good);
/* Array of gint64 µs: failures before the last good unlock that are not yet in the audit trail. */
GArray *rounds_throttle_list (const char *folder);
void rounds_throttle_forget (const char *folder, gsize n);
/* Seconds to wait before the next try after n failures. */
gint64 rounds_throttle_wait_s (guint n_failures);

/* vault-keyring.c goes through these. The lock keeps other programs from changing the key file meanwhile; it is of the
 * folder, and a disk that knows no locks is no reason to fail. */
const char *rounds_vault_peek_path (RoundsVault *self);
void rounds_vault_take_file (RoundsVault *self, RoundsVaultFile *file);   /* leaves it empty */
int rounds_vault_lock_file (RoundsVault *self);
void rounds_vault_unlock_file (int lock);

/* Called at named points of a rewrap when set: tests die there. */
extern void (*rounds_vault_test_point) (const char *point);
void rounds_vault_reach (const char *point);

G_END_DECLS
