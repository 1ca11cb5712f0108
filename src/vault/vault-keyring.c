/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The third way to the database key, off until somebody wants it: a random key that the desktop's keyring keeps opens
 * a third seal in the key file. Each seal has an item of its own in the keyring, named by the seal's salt, so that a
 * renewal that is killed at any point leaves a key file whose seal has its key.
 *
 * It is for the first unlock after somebody has logged in to the desktop. A lock that one click opens is none, so a
 * mark in the runtime folder, which ends with the desktop's session, says that the account was open already. Whoever
 * is logged in could read the keyring without Rounds: the mark keeps the next person in the chair out, no thief. */
#include "vault/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "vault/keyring.h"
#include "vault/vault-private.h"

static char *
seal_name (const RoundsVaultFile *file)
{
  const RoundsWrap *wrap = &file->wraps[ROUNDS_WRAP_KEYRING];
  char *text = g_malloc (2 * sizeof wrap->salt + 1);

  return sodium_bin2hex (text, 2 * sizeof wrap->salt + 1, wrap->salt, sizeof wrap->salt);
}

/* --- the mark --------------------------------------------------------------------------------------- */

/* In a sandbox only the program's own part of the runtime folder outlives the program. */
static char *
mark_path (RoundsVault *self)
{
  g_autofree char *name = g_compute_checksum_for_string (G_CHECKSUM_SHA256, rounds_vault_get_id (self), -1);
  const char *sandbox = g_getenv ("FLATPAK_ID");

  if (sandbox != NULL && g_file_test ("/.flatpak-info", G_FILE_TEST_EXISTS))
    return g_build_filename (g_get_user_runtime_dir (), "app", sandbox, "rounds-opened", name, NULL);
  return g_build_filename (g_get_user_runtime_dir (), "rounds-opened", name, NULL);
}

/* Where there is no runtime folder the mark stands in a place that outlives the computer's start. */
static char *
boot_id (void)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents ("/proc/sys/kernel/random/boot_id", &text, NULL, NULL))
    return g_strdup ("?");
  return g_strdup (g_strstrip (text));
}

static gboolean
is_marked (RoundsVault *self)
{
  g_autofree char *path = mark_path (self), *boot = boot_id (), *text = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  if (!rounds_vault_read_file (path, 256, &text, &size, &error))
    return !g_error_matches (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_MISSING);
  return g_strcmp0 (text, boot) == 0;
}

gboolean
rounds_vault_note_opened (RoundsVault *self, GError **error)
{
  g_autofree char *path = NULL, *folder = NULL, *boot = NULL;

  g_return_val_if_fail (ROUNDS_IS_VAULT (self), FALSE);

  path = mark_path (self);
  folder = g_path_get_dirname (path);
  boot = boot_id ();
  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_FAILED, _("Cannot make the folder “%s”: %s"), folder,
                   g_strerror (errno));
      return FALSE;
    }
  return rounds_vault_write_file (path, boot, strlen (boot), error);
}

/* --- opening ---------------------------------------------------------------------------------------- */

gboolean
rounds_vault_get_keyring (RoundsVault *self)
{
  RoundsVaultFile file = { 0 };
  gboolean is_set;

  g_return_val_if_fail (ROUNDS_IS_VAULT (self), FALSE);

  if (!rounds_vault_file_load (rounds_vault_peek_path (self), &file, NULL))
    return FALSE;
  is_set = file.wraps[ROUNDS_WRAP_KEYRING].is_set;
  rounds_vault_file_clear (&file);
  return is_set;
}

gboolean
rounds_vault_may_unlock_with_keyring (RoundsVault *self)
{
  g_return_val_if_fail (ROUNDS_IS_VAULT (self), FALSE);

  return rounds_vault_get_keyring (self) && !is_marked (self);
}

static RoundsSecret *
open_seal (RoundsVault *self, GCancellable *cancellable, GError **error)
{
  RoundsVaultFile file = { 0 };
  g_autofree char *seal = NULL;
  g_autoptr (RoundsSecret) wrapping = NULL;
  RoundsSecret *key = NULL;

  if (!rounds_vault_file_load (rounds_vault_peek_path (self), &file, error))
    return NULL;
  if (!file.wraps[ROUNDS_WRAP_KEYRING].is_set)
    g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_KEYRING,
                 _("This account is not opened by the desktop’s keyring"));
  else
    {
      seal = seal_name (&file);
      wrapping = rounds_keyring_read (file.id, seal, cancellable, error);
    }
  if (wrapping != NULL)
    key = rounds_vault_file_unwrap (&file, ROUNDS_WRAP_KEYRING, wrapping, error);
  rounds_vault_file_clear (&file);
  return key;
}

gboolean
rounds_vault_check_keyring (RoundsVault *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (RoundsSecret) key = NULL;

  g_return_val_if_fail (ROUNDS_IS_VAULT (self), FALSE);

  key = open_seal (self, cancellable, error);
  return key != NULL;
}

RoundsSecret *
rounds_vault_unlock_with_keyring (RoundsVault *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (RoundsSecret) key = NULL;
  RoundsThrottle *throttle = NULL;

  g_return_val_if_fail (ROUNDS_IS_VAULT (self), NULL);

  if (is_marked (self))
    {
      g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_KEYRING,
                   _("The keyring opens only the first time after you log in to the desktop"));
      return NULL;
    }
  key = open_seal (self, cancellable, error);
  if (key == NULL)
    return NULL;
  /* A keyring that fails is no guess, but who guessed passphrases before waits here, too. */
  throttle = rounds_throttle_begin (rounds_vault_get_folder (self), error);
  if (throttle == NULL)
    return NULL;
  rounds_throttle_end (throttle, TRUE);
  /* Without the mark every lock would be one click. */
  return rounds_vault_note_opened (self, error) ? g_steal_pointer (&key) : NULL;
}

/* --- on and off ------------------------------------------------------------------------------------- */

/* Puts the seal into the key file as it is now: another program may have changed the passphrase meanwhile. */
static gboolean
save_seal (RoundsVault *self, const RoundsWrap *wrap, RoundsSecret *wrapping, RoundsSecret *key, GError **error)
{
  RoundsSecret *secrets[ROUNDS_N_WRAPS] = { [ROUNDS_WRAP_KEYRING] = wrapping };
  RoundsVaultFile file = { 0 };
  int lock = rounds_vault_lock_file (self);
  gboolean ok = rounds_vault_file_load (rounds_vault_peek_path (self), &file, error);

  if (ok)
    {
      if (wrap != NULL)
        file.wraps[ROUNDS_WRAP_KEYRING] = *wrap;
      else
        memset (&file.wraps[ROUNDS_WRAP_KEYRING], 0, sizeof (RoundsWrap));
      ok = rounds_vault_file_save (&file, rounds_vault_peek_path (self), secrets, key, error);
    }
  rounds_vault_unlock_file (lock);
  if (ok)
    rounds_vault_take_file (self, &file);
  rounds_vault_file_clear (&file);
  return ok;
}

gboolean
rounds_vault_enable_keyring (RoundsVault *self, RoundsSecret *key, GCancellable *cancellable, GError **error)
{
  g_autoptr (RoundsSecret) wrapping = NULL, kept = NULL;
  g_autofree char *old = NULL, *seal = NULL, *label = NULL;
  g_autoptr (GError) local = NULL;
  RoundsVaultFile file = { 0 };
  gboolean written = FALSE, ok = FALSE;

  g_return_val_if_fail (ROUNDS_IS_VAULT (self) && key != NULL, FALSE);

  if (!rounds_vault_file_load (rounds_vault_peek_path (self), &file, error))
    return FALSE;
  if (file.wraps[ROUNDS_WRAP_KEYRING].is_set)
    old = seal_name (&file);
  wrapping = rounds_secret_new_random (ROUNDS_VAULT_KEY_BYTES);
  if (rounds_vault_file_wrap (&file, ROUNDS_WRAP_KEYRING, wrapping, key, error))
    {
      seal = seal_name (&file);
      label = g_strdup_printf (_("Rounds: records of %s"), file.name);
      written = rounds_keyring_write (file.id, seal, label, wrapping, cancellable, error);
    }
  rounds_vault_reach ("keyring-written");
  /* The seal is checked with what the keyring gives back, not with what it was given. */
  if (written)
    kept = rounds_keyring_read (file.id, seal, cancellable, error);
  if (kept != NULL)
    ok = save_seal (self, &file.wraps[ROUNDS_WRAP_KEYRING], kept, key, error);
  /* What is left in the keyring after this opens nothing; the next time removes it. */
  if (written && !rounds_keyring_remove (file.id, ok ? seal : old, NULL, &local))
    g_message ("a key that opens nothing is left in the keyring: %s", local->message);
  rounds_vault_file_clear (&file);
  return ok;
}

gboolean
rounds_vault_disable_keyring (RoundsVault *self, GError **error)
{
  g_autoptr (GError) local = NULL;

  g_return_val_if_fail (ROUNDS_IS_VAULT (self), FALSE);

  if (!save_seal (self, NULL, NULL, NULL, error))
    return FALSE;
  if (!rounds_keyring_remove (rounds_vault_get_id (self), NULL, NULL, &local))
    g_message ("a key that opens nothing is left in the keyring: %s", local->message);
  return TRUE;
}
