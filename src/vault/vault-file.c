/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vault.json: who the account is, and the database key sealed once by the passphrase (Argon2id), once by the recovery
 * key and, where it is wanted, once by a key that the desktop's keyring keeps. Name, role, id and version are the
 * associated data of every seal, so that nobody turns a nurse into a physician with an editor. A changed file therefore
 * looks like a wrong passphrase; that is the price of having no second secret to compare with. New files are written
 * beside, synced, read again, opened, and only then renamed over the old one. */
#include "vault/vault-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <json.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/instant.h"

#define MAX_FILE_BYTES (64 * 1024)

void (*rounds_vault_test_point) (const char *point) = NULL;

static const char *const wrap_names[ROUNDS_N_WRAPS] = { "passphrase", "recovery", "keyring" };

void
rounds_vault_reach (const char *point)
{
  if (rounds_vault_test_point != NULL)
    rounds_vault_test_point (point);
}

void
rounds_vault_file_clear (RoundsVaultFile *self)
{
  g_clear_pointer (&self->id, g_free);
  g_clear_pointer (&self->name, g_free);
  memset (self, 0, sizeof *self);
}

/* --- files ------------------------------------------------------------------------------------------ */

static gboolean
fail_io (GError **error, const char *what, const char *path)
{
  int code = errno;

  g_autofree char *base = g_path_get_basename (path);
  g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_FAILED, _("%s “%s”: %s"), what, base,
               g_strerror (code));
  return FALSE;
}

static gboolean
write_synced (const char *path, const void *bytes, gsize size, GError **error)
{
  const char *at = bytes;
  int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

  if (fd < 0)
    return fail_io (error, _("Cannot write"), path);
  while (size > 0)
    {
      gssize done = write (fd, at, size);

      if (done < 0 && errno == EINTR)
        continue;
      if (done < 0)
        {
          fail_io (error, _("Cannot write"), path);
          close (fd);
          return FALSE;
        }
      at += done;
      size -= done;
    }
  if (fsync (fd) != 0)
    {
      fail_io (error, _("Cannot write"), path);
      close (fd);
      return FALSE;
    }
  close (fd);
  return TRUE;
}

static void
sync_folder_of (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd >= 0)
    {
      (void) fsync (fd);
      close (fd);
    }
}

static gboolean
rename_synced (const char *from, const char *to, GError **error)
{
  if (g_rename (from, to) != 0)
    return fail_io (error, _("Cannot replace"), to);
  sync_folder_of (to);
  return TRUE;
}

gboolean
rounds_vault_write_file (const char *path, const void *bytes, gsize size, GError **error)
{
  g_autofree char *beside = g_strconcat (path, ".new", NULL);

  if (!write_synced (beside, bytes, size, error) || !rename_synced (beside, path, error))
    {
      g_unlink (beside);
      return FALSE;
    }
  return TRUE;
}

gboolean
rounds_vault_read_file (const char *path, gsize max, char **bytes, gsize *size, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char buffer[8192];
  struct stat st;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

  if (fd < 0)
    {
      if (errno == ENOENT || errno == ENOTDIR)
        {
          g_autofree char *base = g_path_get_basename (path);
          g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_MISSING, _("There is no “%s”"), base);
          return FALSE;
        }
      return fail_io (error, _("Cannot read"), path);
    }
  if (fstat (fd, &st) != 0 || !S_ISREG (st.st_mode))
    {
      close (fd);
      g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_DAMAGED, _("The key file is not a file"));
      return FALSE;
    }
  for (;;)
    {
      gssize n = read (fd, buffer, sizeof buffer);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          fail_io (error, _("Cannot read"), path);
          close (fd);
          return FALSE;
        }
      if (n == 0)
        break;
      if (text->len + n > max)
        {
          close (fd);
          g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_DAMAGED, _("The key file is too large"));
          return FALSE;
        }
      g_string_append_len (text, buffer, n);
    }
  close (fd);
  *size = text->len;
  *bytes = g_string_free (g_steal_pointer (&text), FALSE);
  return TRUE;
}

/* --- JSON ------------------------------------------------------------------------------------------- */

static gboolean
damaged (GError **error, const char *what)
{
  g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_DAMAGED, _("The key file is damaged: %s"), what);
  return FALSE;
}

static const char *
peek_text (json_object *object, const char *name)
{
  json_object *value;

  if (!json_object_object_get_ex (object, name, &value) || !json_object_is_type (value, json_type_string))
    return NULL;
  return json_object_get_string (value);
}

static gboolean
peek_int (json_object *object, const char *name, gint64 low, gint64 high, gint64 *out)
{
  json_object *value;
  gint64 number;

  if (!json_object_object_get_ex (object, name, &value) || !json_object_is_type (value, json_type_int))
    return FALSE;
  number = json_object_get_int64 (value);
  if (number < low || number > high)
    return FALSE;
  *out = number;
  return TRUE;
}

static gboolean
peek_hex (json_object *object, const char *name, guint8 *out, gsize size)
{
  const char *text = peek_text (object, name);
  gsize got = 0;

  return text != NULL && strlen (text) == 2 * size &&
         sodium_hex2bin (out, size, text, 2 * size, NULL, &got, NULL) == 0 && got == size;
}

static void
add_hex (json_object *object, const char *name, const guint8 *bytes, gsize size)
{
  g_autofree char *text = g_malloc (2 * size + 1);

  sodium_bin2hex (text, 2 * size + 1, bytes, size);
  json_object_object_add (object, name, json_object_new_string (text));
}

static gboolean
read_wrap (json_object *entry, RoundsVaultFile *out, GError **error)
{
  const char *kind = peek_text (entry, "kind");
  RoundsWrap *wrap = NULL;
  gint64 ops = 0, mem = 0;

  for (guint i = 0; i < ROUNDS_N_WRAPS; i++)
    if (g_strcmp0 (kind, wrap_names[i]) == 0)
      wrap = &out->wraps[i];
  if (wrap == NULL)
    return TRUE;   /* a way in that this version does not know */
  if (wrap->is_set)
    return damaged (error, _("a key twice"));
  if (wrap == &out->wraps[ROUNDS_WRAP_PASSPHRASE] &&
      (!peek_int (entry, "ops", ROUNDS_VAULT_MIN_OPS, ROUNDS_VAULT_MAX_OPS, &ops) ||
       !peek_int (entry, "mem_bytes", ROUNDS_VAULT_MIN_MEM_BYTES, ROUNDS_VAULT_MAX_MEM_BYTES, &mem)))
    return damaged (error, _("cost out of bounds"));
  if (!peek_hex (entry, "salt", wrap->salt, sizeof wrap->salt) ||
      !peek_hex (entry, "nonce", wrap->nonce, sizeof wrap->nonce) ||
      !peek_hex (entry, "sealed", wrap->sealed, sizeof wrap->sealed))
    return damaged (error, _("a key is incomplete"));
  wrap->ops = ops;
  wrap->mem_bytes = mem;
  wrap->is_set = TRUE;
  return TRUE;
}

static gboolean
read_object (json_object *root, RoundsVaultFile *out, GError **error)
{
  json_object *wraps;
  const char *name, *role, *id;
  gint64 version;

  if (!json_object_is_type (root, json_type_object) ||
      g_strcmp0 (peek_text (root, "format"), "rounds-vault") != 0 ||
      !peek_int (root, "version", 1, G_MAXINT, &version))
    return damaged (error, _("not a key file of Rounds"));
  if (version > ROUNDS_VAULT_VERSION)
    {
      g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_NEWER,
                   _("This profile was made by a newer Rounds"));
      return FALSE;
    }
  id = peek_text (root, "id");
  name = peek_text (root, "name");
  role = peek_text (root, "role");
  if (id == NULL || name == NULL || *name == '\0' || g_utf8_strlen (name, -1) > 200 ||
      !rounds_role_from_string (role, &out->role) ||
      !peek_int (root, "created_us", 0, G_MAXINT64, &out->created_us) ||
      !peek_int (root, "made_us", 0, G_MAXINT64, &out->made_us))
    return damaged (error, _("name or role"));
  if (!json_object_object_get_ex (root, "wraps", &wraps) || !json_object_is_type (wraps, json_type_array) ||
      json_object_array_length (wraps) > 16)
    return damaged (error, _("no keys"));
  out->id = g_strdup (id);
  out->name = g_strdup (name);
  for (gsize i = 0; i < json_object_array_length (wraps); i++)
    if (!read_wrap (json_object_array_get_idx (wraps, i), out, error))
      return FALSE;
  if (!out->wraps[ROUNDS_WRAP_PASSPHRASE].is_set && !out->wraps[ROUNDS_WRAP_RECOVERY].is_set)
    return damaged (error, _("no keys"));
  return TRUE;
}

gboolean
rounds_vault_file_load (const char *path, RoundsVaultFile *out, GError **error)
{
  g_autofree char *text = NULL;
  RoundsVaultFile file = { 0 };
  json_tokener *tokener;
  json_object *root = NULL;
  gsize size;
  gboolean ok;

  if (!rounds_vault_read_file (path, MAX_FILE_BYTES, &text, &size, error))
    return FALSE;
  if (size == 0 || memchr (text, 0, size) != NULL)
    return damaged (error, _("empty or not text"));
  tokener = json_tokener_new_ex (8);
  json_tokener_set_flags (tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
  /* The NUL is part of the text: strict mode then also sees what stands after the object. */
  root = json_tokener_parse_ex (tokener, text, size + 1);
  ok = root != NULL && json_tokener_get_error (tokener) == json_tokener_success;
  json_tokener_free (tokener);
  if (!ok)
    damaged (error, _("not JSON"));
  else
    ok = read_object (root, &file, error);
  json_object_put (root);
  if (!ok)
    {
      rounds_vault_file_clear (&file);
      return FALSE;
    }
  *out = file;
  return TRUE;
}

static char *
print_file (const RoundsVaultFile *self)
{
  json_object *root = json_object_new_object ();
  json_object *wraps = json_object_new_array ();
  char *text;

  json_object_object_add (root, "format", json_object_new_string ("rounds-vault"));
  json_object_object_add (root, "version", json_object_new_int (ROUNDS_VAULT_VERSION));
  json_object_object_add (root, "id", json_object_new_string (self->id));
  json_object_object_add (root, "name", json_object_new_string (self->name));
  json_object_object_add (root, "role", json_object_new_string (rounds_role_to_string (self->role)));
  json_object_object_add (root, "created_us", json_object_new_int64 (self->created_us));
  json_object_object_add (root, "made_us", json_object_new_int64 (self->made_us));
  for (guint i = 0; i < ROUNDS_N_WRAPS; i++)
    {
      const RoundsWrap *wrap = &self->wraps[i];
      json_object *entry;

      if (!wrap->is_set)
        continue;
      entry = json_object_new_object ();
      json_object_object_add (entry, "kind", json_object_new_string (wrap_names[i]));
      if (i == ROUNDS_WRAP_PASSPHRASE)
        {
          json_object_object_add (entry, "kdf", json_object_new_string ("argon2id13"));
          json_object_object_add (entry, "ops", json_object_new_int64 (wrap->ops));
          json_object_object_add (entry, "mem_bytes", json_object_new_int64 (wrap->mem_bytes));
        }
      add_hex (entry, "salt", wrap->salt, sizeof wrap->salt);
      add_hex (entry, "nonce", wrap->nonce, sizeof wrap->nonce);
      add_hex (entry, "sealed", wrap->sealed, sizeof wrap->sealed);
      json_object_array_add (wraps, entry);
    }
  json_object_object_add (root, "wraps", wraps);
  text = g_strconcat (json_object_to_json_string_ext (root, JSON_C_TO_STRING_PRETTY |
                                                              JSON_C_TO_STRING_NOSLASHESCAPE), "\n", NULL);
  json_object_put (root);
  return text;
}

/* What no secret is at hand for must at least read back as it was meant. */
static gboolean
same_wraps (const RoundsVaultFile *a, const RoundsVaultFile *b)
{
  for (guint i = 0; i < ROUNDS_N_WRAPS; i++)
    if (a->wraps[i].is_set != b->wraps[i].is_set || a->wraps[i].ops != b->wraps[i].ops ||
        a->wraps[i].mem_bytes != b->wraps[i].mem_bytes ||
        memcmp (a->wraps[i].salt, b->wraps[i].salt, sizeof a->wraps[i].salt) != 0 ||
        memcmp (a->wraps[i].nonce, b->wraps[i].nonce, sizeof a->wraps[i].nonce) != 0 ||
        memcmp (a->wraps[i].sealed, b->wraps[i].sealed, sizeof a->wraps[i].sealed) != 0)
      return FALSE;
  return TRUE;
}

gboolean
rounds_vault_file_save (const RoundsVaultFile *self, const char *path, RoundsSecret *const *secrets,
                        RoundsSecret *check_key, GError **error)
{
  g_autofree char *text = print_file (self);
  g_autofree char *beside = g_strconcat (path, ".new", NULL);
  RoundsVaultFile again = { 0 };
  gboolean ok;

  rounds_vault_reach ("before-write");
  if (!write_synced (beside, text, strlen (text), error))
    {
      g_unlink (beside);
      return FALSE;
    }
  rounds_vault_reach ("written");
  ok = rounds_vault_file_load (beside, &again, error);
  if (ok && !same_wraps (self, &again))
    {
      g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_FAILED,
                   _("The new key file did not read back; the old one is kept"));
      ok = FALSE;
    }
  for (guint i = 0; ok && check_key != NULL && i < ROUNDS_N_WRAPS; i++)
    {
      g_autoptr (RoundsSecret) opened = NULL;

      if (secrets[i] == NULL)
        continue;
      opened = rounds_vault_file_unwrap (&again, i, secrets[i], error);
      ok = opened != NULL &&
           sodium_memcmp (rounds_secret_get (opened, NULL), rounds_secret_get (check_key, NULL),
                          ROUNDS_VAULT_KEY_BYTES) == 0;
      if (!ok && opened != NULL)
        g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_FAILED,
                     _("The new key file did not read back; the old one is kept"));
    }
  rounds_vault_file_clear (&again);
  rounds_vault_reach ("verified");
  if (!ok || !rename_synced (beside, path, error))
    {
      g_unlink (beside);
      return FALSE;
    }
  rounds_vault_reach ("renamed");
  return TRUE;
}

/* --- wrapping --------------------------------------------------------------------------------------- */

/* Every field with its length before it, so that no two sets of fields give the same bytes. */
static char *
associated_data (const RoundsVaultFile *self, RoundsWrapKind kind)
{
  const char *role = rounds_role_to_string (self->role);

  return g_strdup_printf ("rounds-vault %d %s %zu:%s %zu:%s %zu:%s %" G_GINT64_FORMAT, ROUNDS_VAULT_VERSION,
                          wrap_names[kind], strlen (self->id), self->id, strlen (self->name), self->name,
                          strlen (role), role, self->created_us);
}

static gboolean
derive (const RoundsWrap *wrap, RoundsWrapKind kind, RoundsSecret *secret, RoundsSecret *out, GError **error)
{
  gsize size;
  const guint8 *bytes = rounds_secret_get (secret, &size);
  guint8 *key = rounds_secret_get (out, NULL);
  int failed;

  if (kind == ROUNDS_WRAP_PASSPHRASE)
    failed = crypto_pwhash (key, ROUNDS_VAULT_KEY_BYTES, (const char *) bytes, size, wrap->salt, wrap->ops,
                            wrap->mem_bytes, crypto_pwhash_ALG_ARGON2ID13);
  else
    failed = crypto_generichash (key, ROUNDS_VAULT_KEY_BYTES, bytes, size, wrap->salt, sizeof wrap->salt);
  if (failed)
    g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_FAILED,
                 _("Not enough memory to check the passphrase"));
  return !failed;
}

/* About one second on this machine: memory first (it is what hurts a guesser), then passes. */
static void
calibrate (RoundsWrap *wrap)
{
  guint8 out[32], salt[16] = { 0 };
  gint64 start, took_us;
  double factor;

  wrap->ops = ROUNDS_VAULT_MIN_OPS;
  wrap->mem_bytes = ROUNDS_VAULT_MIN_MEM_BYTES;
  /* For tests and slow machines: the floor and no more. It never goes below it. */
  if (g_strcmp0 (g_getenv ("ROUNDS_KDF_FLOOR"), "1") == 0)
    return;
  start = g_get_monotonic_time ();
  if (crypto_pwhash (out, sizeof out, "calibrate", 9, salt, wrap->ops, wrap->mem_bytes,
                     crypto_pwhash_ALG_ARGON2ID13) != 0)
    return;
  took_us = MAX (g_get_monotonic_time () - start, 1000);
  factor = (double) G_USEC_PER_SEC / took_us;
  if (factor >= 2)
    {
      wrap->mem_bytes *= factor >= 4 ? 4 : 2;
      factor /= factor >= 4 ? 4 : 2;
    }
  wrap->ops = CLAMP ((guint) (wrap->ops * factor + 0.5), ROUNDS_VAULT_MIN_OPS, ROUNDS_VAULT_MAX_OPS);
}

gboolean
rounds_vault_file_wrap (RoundsVaultFile *self, RoundsWrapKind kind, RoundsSecret *secret, RoundsSecret *key,
                        GError **error)
{
  g_autoptr (RoundsSecret) wrapping = rounds_secret_new (ROUNDS_VAULT_KEY_BYTES);
  g_autofree char *ad = associated_data (self, kind);
  RoundsWrap wrap = { .is_set = TRUE };

  if (kind == ROUNDS_WRAP_PASSPHRASE)
    calibrate (&wrap);
  randombytes_buf (wrap.salt, sizeof wrap.salt);
  randombytes_buf (wrap.nonce, sizeof wrap.nonce);
  if (!derive (&wrap, kind, secret, wrapping, error))
    return FALSE;
  crypto_aead_xchacha20poly1305_ietf_encrypt (wrap.sealed, NULL, rounds_secret_get (key, NULL),
                                              ROUNDS_VAULT_KEY_BYTES, (const guint8 *) ad, strlen (ad), NULL,
                                              wrap.nonce, rounds_secret_get (wrapping, NULL));
  self->wraps[kind] = wrap;
  return TRUE;
}

RoundsSecret *
rounds_vault_file_unwrap (const RoundsVaultFile *self, RoundsWrapKind kind, RoundsSecret *secret,
                          GError **error)
{
  g_autoptr (RoundsSecret) wrapping = rounds_secret_new (ROUNDS_VAULT_KEY_BYTES);
  g_autoptr (RoundsSecret) key = rounds_secret_new (ROUNDS_VAULT_KEY_BYTES);
  g_autofree char *ad = associated_data (self, kind);
  const RoundsWrap *wrap = &self->wraps[kind];

  if (!wrap->is_set)
    {
      g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_WRONG, _("This profile has no such key"));
      return NULL;
    }
  if (!derive (wrap, kind, secret, wrapping, error))
    return NULL;
  if (crypto_aead_xchacha20poly1305_ietf_decrypt (rounds_secret_get (key, NULL), NULL, NULL, wrap->sealed,
                                                  sizeof wrap->sealed, (const guint8 *) ad, strlen (ad),
                                                  wrap->nonce, rounds_secret_get (wrapping, NULL)) != 0)
    {
      if (kind == ROUNDS_WRAP_KEYRING)
        g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_KEYRING,
                     _("The desktop’s keyring holds another key for this account"));
      else
        g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_WRONG,
                     kind == ROUNDS_WRAP_PASSPHRASE ? _("Wrong passphrase") : _("Wrong recovery key"));
      return NULL;
    }
  return g_steal_pointer (&key);
}

RoundsSecret *
rounds_vault_derive (RoundsSecret *key, const char *purpose)
{
  RoundsSecret *out = rounds_secret_new (ROUNDS_VAULT_KEY_BYTES);

  crypto_generichash (rounds_secret_get (out, NULL), ROUNDS_VAULT_KEY_BYTES, (const guint8 *) purpose,
                      strlen (purpose), rounds_secret_get (key, NULL), ROUNDS_VAULT_KEY_BYTES);
  return out;
}

/* --- recovery key ----------------------------------------------------------------------------------- */

#define RECOVERY_BYTES 20
#define RECOVERY_LETTERS 32

static const char recovery_alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

RoundsSecret *
rounds_recovery_new (void)
{
  g_autoptr (RoundsSecret) random = rounds_secret_new_random (RECOVERY_BYTES);
  RoundsSecret *text = rounds_secret_new (RECOVERY_LETTERS + RECOVERY_LETTERS / 4 - 1);
  const guint8 *bytes = rounds_secret_get (random, NULL);
  char *at = (char *) rounds_secret_get (text, NULL);

  for (guint i = 0; i < RECOVERY_LETTERS; i++)
    {
      guint bit = i * 5;
      guint pair = bytes[bit / 8] << 8 | (bit / 8 + 1 < RECOVERY_BYTES ? bytes[bit / 8 + 1] : 0);

      if (i > 0 && i % 4 == 0)
        *at++ = '-';
      *at++ = recovery_alphabet[pair >> (11 - bit % 8) & 31];
    }
  return text;
}

RoundsSecret *
rounds_recovery_read (RoundsSecret *text)
{
  g_autoptr (RoundsSecret) out = rounds_secret_new (RECOVERY_BYTES);
  gsize size;
  const guint8 *at = rounds_secret_get (text, &size);
  guint8 *bytes = rounds_secret_get (out, NULL);
  guint n = 0;

  for (gsize i = 0; i < size; i++)
    {
      char c = g_ascii_toupper (at[i]);
      const char *found;

      if (c == '-' || g_ascii_isspace (c))
        continue;
      c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
      found = c == '\0' ? NULL : strchr (recovery_alphabet, c);
      if (found == NULL || n == RECOVERY_LETTERS)
        return NULL;
      for (guint b = 0; b < 5; b++)
        if ((found - recovery_alphabet) >> (4 - b) & 1)
          bytes[(n * 5 + b) / 8] |= 0x80 >> (n * 5 + b) % 8;
      n++;
    }
  return n == RECOVERY_LETTERS ? g_steal_pointer (&out) : NULL;
}
