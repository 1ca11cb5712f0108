/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An account's folder and the way to its database key. The key itself is random and never changes; what
 * changes are the seals around it. Nothing here touches a database: a wrong passphrase ends before any
 * database file is opened. */
#include "vault/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <sodium.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/instant.h"
#include "vault/vault-private.h"

#define MIN_PASSPHRASE_BYTES 1
#define SECRET_MAGIC "rounds-secret-1"
#define MAX_SECRET_BYTES (256 * 1024)

struct _RoundsVault {
  GObject parent_instance;

  char *folder;
  char *path;

  GMutex mutex;            /* guards what follows: unlock and rewrap run in workers */
  RoundsVaultFile file;
  gsize n_taken;           /* failed unlocks handed to the store */
};

G_DEFINE_FINAL_TYPE (RoundsVault, rounds_vault, G_TYPE_OBJECT)
G_DEFINE_QUARK (rounds-vault-error-quark, rounds_vault_error)

static void
rounds_vault_finalize (GObject *object)
{
  RoundsVault *self = ROUNDS_VAULT (object);

  g_free (self->folder);
  g_free (self->path);
  rounds_vault_file_clear (&self->file);
  g_mutex_clear (&self->mutex);
  G_OBJECT_CLASS (rounds_vault_parent_class)->finalize (object);
}

static void
rounds_vault_class_init (RoundsVaultClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rounds_vault_finalize;
}

static void
rounds_vault_init (RoundsVault *self)
{
  g_mutex_init (&self->mutex);
}

static RoundsVault *
vault_new (const char *folder)
{
  RoundsVault *self = g_object_new (ROUNDS_TYPE_VAULT, NULL);

  self->folder = g_strdup (folder);
  self->path = g_build_filename (folder, "vault.json", NULL);
  return self;
}

static gboolean
check_new_profile (const char *name, RoundsRole role, RoundsSecret *passphrase, GError **error)
{
  gsize size;

  if (name == NULL || !g_utf8_validate (name, -1, NULL) || *name == '\0' || g_utf8_strlen (name, -1) > 200)
    {
      g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_FAILED,
                   _("The account's name must have 1 to 200 characters"));
      return FALSE;
    }
  for (const char *at = name; *at != '\0'; at = g_utf8_next_char (at))
    if (g_unichar_iscntrl (g_utf8_get_char (at)))
      {
        g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_FAILED,
                     _("The account's name must not have control characters"));
        return FALSE;
      }
  (void) rounds_secret_get (passphrase, &size);
  if (size < MIN_PASSPHRASE_BYTES)
    {
      g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_FAILED, _("The passphrase is empty"));
      return FALSE;
    }
  return TRUE;
}

/* Nothing may stand there that a new key would make unreadable. */
static gboolean
check_new_folder (const char *folder, GError **error)
{
  static const char *const files[] = { "vault.json", "records.db", "pixels.db" };

  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_FAILED, _("Cannot make the folder “%s”: %s"),
                   folder, g_strerror (errno));
      return FALSE;
    }
  (void) g_chmod (folder, 0700);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = g_build_filename (folder, files[i], NULL);
      GStatBuf st;

      if (g_lstat (path, &st) == 0)
        {
          g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_EXISTS,
                       _("There is a profile in “%s” already (%s)"), folder, files[i]);
          return FALSE;
        }
    }
  return TRUE;
}

RoundsVault *
rounds_vault_create (const char *folder, const char *name, RoundsRole role, RoundsSecret *passphrase,
                     RoundsSecret **recovery_key, GError **error)
{
  g_autoptr (RoundsVault) self = NULL;
  g_autoptr (RoundsSecret) key = NULL;
  g_autoptr (RoundsSecret) text = NULL;
  g_autoptr (RoundsSecret) bytes = NULL;
  RoundsSecret *secrets[ROUNDS_N_WRAPS] = { NULL };

  g_return_val_if_fail (folder != NULL && passphrase != NULL, NULL);
  g_return_val_if_fail (rounds_role_to_string (role) != NULL, NULL);

  if (sodium_init () < 0)
    {
      g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_FAILED, _("No source of random numbers"));
      return NULL;
    }
  if (!check_new_profile (name, role, passphrase, error) || !check_new_folder (folder, error))
    return NULL;

  self = vault_new (folder);
  self->file.id = g_uuid_string_random ();
  self->file.name = g_strdup (name);
  self->file.role = role;
  self->file.created_us = rounds_instant_now_us ();
  key = rounds_secret_new_random (ROUNDS_VAULT_KEY_BYTES);
  text = rounds_recovery_new ();
  bytes = rounds_recovery_read (text);
  secrets[ROUNDS_WRAP_PASSPHRASE] = passphrase;
  secrets[ROUNDS_WRAP_RECOVERY] = bytes;
  for (guint i = 0; i < ROUNDS_N_WRAPS; i++)
    if (secrets[i] != NULL && !rounds_vault_file_wrap (&self->file, i, secrets[i], key, error))
      return NULL;
  if (!rounds_vault_file_save (&self->file, self->path, secrets, key, error))
    return NULL;
  if (recovery_key != NULL)
    *recovery_key = g_steal_pointer (&text);
  return g_steal_pointer (&self);
}

RoundsVault *
rounds_vault_open (const char *folder, GError **error)
{
  g_autoptr (RoundsVault) self = NULL;
  g_autoptr (GError) local = NULL;

  g_return_val_if_fail (folder != NULL, NULL);

  if (sodium_init () < 0)
    {
      g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_FAILED, _("No source of random numbers"));
      return NULL;
    }
  self = vault_new (folder);
  if (!rounds_vault_file_load (self->path, &self->file, &local))
    {
      g_autofree char *records = g_build_filename (folder, "records.db", NULL);

      /* A cache whose key file is gone is no reason to offer a new profile in the same place. */
      if (g_error_matches (local, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_MISSING) &&
          g_file_test (records, G_FILE_TEST_EXISTS))
        g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_DAMAGED,
                     _("The key file of “%s” is gone; its cache cannot be opened without it"), folder);
      else if (g_error_matches (local, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_MISSING))
        g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_MISSING, _("There is no profile in “%s”"),
                     folder);
      else
        g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  return g_steal_pointer (&self);
}

const char *
rounds_vault_peek_path (RoundsVault *self)
{
  return self->path;
}

void
rounds_vault_take_file (RoundsVault *self, RoundsVaultFile *file)
{
  g_mutex_lock (&self->mutex);
  rounds_vault_file_clear (&self->file);
  self->file = *file;
  g_mutex_unlock (&self->mutex);
  memset (file, 0, sizeof *file);
}

int
rounds_vault_lock_file (RoundsVault *self)
{
  int fd = open (self->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd >= 0)
    while (flock (fd, LOCK_EX) != 0 && errno == EINTR)
      ;
  return fd;
}

void
rounds_vault_unlock_file (int lock)
{
  if (lock >= 0)
    close (lock);
}

static RoundsSecret *
unlock (RoundsVault *self, RoundsWrapKind kind, RoundsSecret *secret, GError **error)
{
  RoundsThrottle *throttle = rounds_throttle_begin (self->folder, error);
  RoundsVaultFile file;
  RoundsSecret *key = NULL;
  g_autoptr (GError) local = NULL;

  if (throttle == NULL)
    return NULL;
  /* Another process may have rewrapped it since it was read. */
  if (rounds_vault_file_load (self->path, &file, &local))
    {
      if (secret != NULL)
        key = rounds_vault_file_unwrap (&file, kind, secret, &local);
      else
        g_set_error (&local, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_WRONG, _("Wrong recovery key"));
      rounds_vault_take_file (self, &file);
    }
  rounds_throttle_end (throttle, key != NULL);
  if (key == NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  return key;
}

RoundsSecret *
rounds_vault_unlock (RoundsVault *self, RoundsSecret *passphrase, GError **error)
{
  g_return_val_if_fail (ROUNDS_IS_VAULT (self) && passphrase != NULL, NULL);

  return unlock (self, ROUNDS_WRAP_PASSPHRASE, passphrase, error);
}

RoundsSecret *
rounds_vault_unlock_with_recovery (RoundsVault *self, RoundsSecret *recovery_key, GError **error)
{
  g_autoptr (RoundsSecret) bytes = NULL;

  g_return_val_if_fail (ROUNDS_IS_VAULT (self) && recovery_key != NULL, NULL);

  bytes = rounds_recovery_read (recovery_key);
  return unlock (self, ROUNDS_WRAP_RECOVERY, bytes, error);
}

gboolean
rounds_vault_rewrap (RoundsVault *self, RoundsSecret *key, RoundsSecret *new_passphrase,
                     RoundsSecret **recovery_key, GError **error)
{
  g_autoptr (RoundsSecret) text = NULL;
  g_autoptr (RoundsSecret) bytes = NULL;
  RoundsSecret *secrets[ROUNDS_N_WRAPS] = { NULL };
  RoundsVaultFile file = { 0 };
  gsize size;
  gboolean ok;
  int lock;

  g_return_val_if_fail (ROUNDS_IS_VAULT (self) && key != NULL && new_passphrase != NULL, FALSE);

  (void) rounds_secret_get (new_passphrase, &size);
  if (size < MIN_PASSPHRASE_BYTES)
    {
      g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_FAILED, _("The passphrase is empty"));
      return FALSE;
    }
  lock = rounds_vault_lock_file (self);
  if (!rounds_vault_file_load (self->path, &file, error))
    {
      rounds_vault_unlock_file (lock);
      return FALSE;
    }
  secrets[ROUNDS_WRAP_PASSPHRASE] = new_passphrase;
  if (recovery_key != NULL)
    {
      text = rounds_recovery_new ();
      bytes = rounds_recovery_read (text);
      secrets[ROUNDS_WRAP_RECOVERY] = bytes;
    }
  ok = rounds_vault_file_wrap (&file, ROUNDS_WRAP_PASSPHRASE, new_passphrase, key, error) &&
       (bytes == NULL || rounds_vault_file_wrap (&file, ROUNDS_WRAP_RECOVERY, bytes, key, error)) &&
       rounds_vault_file_save (&file, self->path, secrets, key, error);
  rounds_vault_unlock_file (lock);
  if (ok)
    {
      rounds_vault_take_file (self, &file);
      if (recovery_key != NULL)
        *recovery_key = g_steal_pointer (&text);
    }
  rounds_vault_file_clear (&file);
  return ok;
}

const char *
rounds_vault_get_folder (RoundsVault *self)
{
  g_return_val_if_fail (ROUNDS_IS_VAULT (self), NULL);

  return self->folder;
}

/* Borrowed text must outlive a reload by another thread, so it is interned: an account has one name. */
const char *
rounds_vault_get_name (RoundsVault *self)
{
  const char *name;

  g_return_val_if_fail (ROUNDS_IS_VAULT (self), NULL);

  g_mutex_lock (&self->mutex);
  name = g_intern_string (self->file.name);
  g_mutex_unlock (&self->mutex);
  return name;
}

const char *
rounds_vault_get_id (RoundsVault *self)
{
  const char *id;

  g_return_val_if_fail (ROUNDS_IS_VAULT (self), NULL);

  g_mutex_lock (&self->mutex);
  id = g_intern_string (self->file.id);
  g_mutex_unlock (&self->mutex);
  return id;
}

RoundsRole
rounds_vault_get_role (RoundsVault *self)
{
  RoundsRole role;

  g_return_val_if_fail (ROUNDS_IS_VAULT (self), ROUNDS_ROLE_READ_ONLY);

  g_mutex_lock (&self->mutex);
  role = self->file.role;
  g_mutex_unlock (&self->mutex);
  return role;
}

gint64
rounds_vault_get_created_us (RoundsVault *self)
{
  gint64 created_us;

  g_return_val_if_fail (ROUNDS_IS_VAULT (self), 0);

  g_mutex_lock (&self->mutex);
  created_us = self->file.created_us;
  g_mutex_unlock (&self->mutex);
  return created_us;
}

gboolean
rounds_vault_get_made (RoundsVault *self)
{
  gboolean made;

  g_return_val_if_fail (ROUNDS_IS_VAULT (self), FALSE);

  g_mutex_lock (&self->mutex);
  made = self->file.made_us != 0;
  g_mutex_unlock (&self->mutex);
  return made;
}

gboolean
rounds_vault_set_made (RoundsVault *self, GError **error)
{
  RoundsVaultFile file = { 0 };
  gboolean ok;
  int lock;

  g_return_val_if_fail (ROUNDS_IS_VAULT (self), FALSE);

  lock = rounds_vault_lock_file (self);
  ok = rounds_vault_file_load (self->path, &file, error);
  if (ok)
    {
      file.made_us = rounds_instant_now_us ();
      ok = rounds_vault_file_save (&file, self->path, NULL, NULL, error);
    }
  rounds_vault_unlock_file (lock);
  if (ok)
    rounds_vault_take_file (self, &file);
  rounds_vault_file_clear (&file);
  return ok;
}

GArray *
rounds_vault_take_failed_unlocks (RoundsVault *self)
{
  GArray *list;

  g_return_val_if_fail (ROUNDS_IS_VAULT (self), NULL);

  list = rounds_throttle_list (self->folder);
  g_mutex_lock (&self->mutex);
  self->n_taken = list->len;
  g_mutex_unlock (&self->mutex);
  return list;
}

void
rounds_vault_forget_failed_unlocks (RoundsVault *self)
{
  gsize n;

  g_return_if_fail (ROUNDS_IS_VAULT (self));

  g_mutex_lock (&self->mutex);
  n = self->n_taken;
  self->n_taken = 0;
  g_mutex_unlock (&self->mutex);
  if (n > 0)
    rounds_throttle_forget (self->folder, n);
}

/* --- secrets of connections ------------------------------------------------------------------------- */

static char *
secret_path (RoundsVault *self, const char *name, GError **error)
{
  gboolean ok = name != NULL && *name != '\0' && *name != '.' && strlen (name) <= 100;

  for (const char *at = name; ok && *at != '\0'; at++)
    ok = g_ascii_islower (*at) || g_ascii_isdigit (*at) || *at == '.' || *at == '-';
  if (!ok)
    {
      g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_FAILED, _("Not a name for a secret"));
      return NULL;
    }
  return g_strdup_printf ("%s/secrets/%s", self->folder, name);
}

gboolean
rounds_vault_store_secret (RoundsVault *self, RoundsSecret *key, const char *name, RoundsSecret *value,
                           GError **error)
{
  g_autofree char *path = NULL;
  g_autofree char *folder = NULL;
  g_autofree char *ad = NULL;
  g_autofree guint8 *out = NULL;
  g_autoptr (RoundsSecret) sealing = NULL;
  const gsize head = strlen (SECRET_MAGIC);
  gsize size;
  const guint8 *bytes;
  guint8 *nonce;

  g_return_val_if_fail (ROUNDS_IS_VAULT (self) && key != NULL && value != NULL, FALSE);

  path = secret_path (self, name, error);
  if (path == NULL)
    return FALSE;
  folder = g_path_get_dirname (path);
  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_FAILED, _("Cannot make the folder “%s”: %s"),
                   folder, g_strerror (errno));
      return FALSE;
    }
  bytes = rounds_secret_get (value, &size);
  if (size > MAX_SECRET_BYTES)
    {
      g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_FAILED, _("The secret is too long"));
      return FALSE;
    }
  sealing = rounds_vault_derive (key, "rounds secrets");
  ad = g_strdup_printf ("%s %s", SECRET_MAGIC, name);
  out = g_malloc (head + ROUNDS_VAULT_NONCE_BYTES + size + 16);
  memcpy (out, SECRET_MAGIC, head);
  nonce = out + head;
  randombytes_buf (nonce, ROUNDS_VAULT_NONCE_BYTES);
  crypto_aead_xchacha20poly1305_ietf_encrypt (nonce + ROUNDS_VAULT_NONCE_BYTES, NULL, bytes, size,
                                              (const guint8 *) ad, strlen (ad), NULL, nonce,
                                              rounds_secret_get (sealing, NULL));
  return rounds_vault_write_file (path, out, head + ROUNDS_VAULT_NONCE_BYTES + size + 16, error);
}

RoundsSecret *
rounds_vault_load_secret (RoundsVault *self, RoundsSecret *key, const char *name, GError **error)
{
  g_autofree char *path = NULL;
  g_autofree char *bytes = NULL;
  g_autofree char *ad = NULL;
  g_autoptr (RoundsSecret) sealing = NULL;
  g_autoptr (RoundsSecret) value = NULL;
  const gsize head = strlen (SECRET_MAGIC), around = head + ROUNDS_VAULT_NONCE_BYTES + 16;
  const guint8 *nonce;
  gsize size;

  g_return_val_if_fail (ROUNDS_IS_VAULT (self) && key != NULL, NULL);

  path = secret_path (self, name, error);
  if (path == NULL || !rounds_vault_read_file (path, MAX_SECRET_BYTES + around, &bytes, &size, error))
    return NULL;
  sealing = rounds_vault_derive (key, "rounds secrets");
  ad = g_strdup_printf ("%s %s", SECRET_MAGIC, name);
  if (size >= around && memcmp (bytes, SECRET_MAGIC, head) == 0)
    {
      nonce = (const guint8 *) bytes + head;
      value = rounds_secret_new (size - around);
      if (crypto_aead_xchacha20poly1305_ietf_decrypt (rounds_secret_get (value, NULL), NULL, NULL,
                                                      nonce + ROUNDS_VAULT_NONCE_BYTES,
                                                      size - head - ROUNDS_VAULT_NONCE_BYTES,
                                                      (const guint8 *) ad, strlen (ad), nonce,
                                                      rounds_secret_get (sealing, NULL)) == 0)
        return g_steal_pointer (&value);
    }
  g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_DAMAGED,
               _("A stored password cannot be read; enter it again"));
  return NULL;
}

gboolean
rounds_vault_remove_secret (RoundsVault *self, const char *name, GError **error)
{
  g_autofree char *path = NULL;

  g_return_val_if_fail (ROUNDS_IS_VAULT (self), FALSE);

  path = secret_path (self, name, error);
  if (path == NULL)
    return FALSE;
  if (g_unlink (path) != 0 && errno != ENOENT)
    {
      g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_FAILED, _("Cannot remove a password: %s"),
                   g_strerror (errno));
      return FALSE;
    }
  return TRUE;
}

char *
rounds_vault_default_folder (void)
{
  return g_build_filename (g_get_user_data_dir (), "rounds", "default", NULL);
}
