/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The key file: who may open it, what a wrong or changed one does, and that no kill leaves it shut. */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/instant.h"
#include "vault/vault-private.h"

static RoundsSecret *
secret_of (const char *text)
{
  return rounds_secret_new_take_text (g_strdup (text));
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      remove_tree (child);
    }
  g_remove (path);
}

typedef struct {
  char *folder;
  RoundsVault *vault;
  RoundsSecret *passphrase, *recovery, *key;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->folder = g_dir_make_tmp ("rounds-vault-XXXXXX", NULL);
  f->passphrase = secret_of ("correct horse");
  f->vault = rounds_vault_create (f->folder, "Dr Example", ROUNDS_ROLE_NURSE, f->passphrase, &f->recovery, &error);
  g_assert_no_error (error);
  f->key = rounds_vault_unlock (f->vault, f->passphrase, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->vault);
  rounds_secret_unref (f->passphrase);
  rounds_secret_unref (f->recovery);
  rounds_secret_unref (f->key);
  remove_tree (f->folder);
  g_free (f->folder);
}

static void
assert_same_key (RoundsSecret *a, RoundsSecret *b)
{
  g_assert_nonnull (a);
  g_assert_cmpmem (rounds_secret_get (a, NULL), 32, rounds_secret_get (b, NULL), 32);
}

static char *
read_vault (Fixture *f, gsize *size)
{
  g_autofree char *path = g_build_filename (f->folder, "vault.json", NULL);
  char *text;

  g_assert_true (g_file_get_contents (path, &text, size, NULL));
  return text;
}

static void
write_vault (Fixture *f, const char *text, gssize size)
{
  g_autofree char *path = g_build_filename (f->folder, "vault.json", NULL);

  g_assert_true (g_file_set_contents (path, text, size, NULL));
}

static void
forget_failures (Fixture *f)
{
  g_autofree char *path = g_build_filename (f->folder, "unlocks", NULL);

  g_unlink (path);
}

static void
test_create (Fixture *f, gconstpointer data)
{
  g_autoptr (RoundsVault) again = rounds_vault_open (f->folder, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsVault) second = NULL;
  struct stat st;
  gsize size;

  g_assert_cmpstr (rounds_vault_get_name (again), ==, "Dr Example");
  g_assert_cmpint (rounds_vault_get_role (again), ==, ROUNDS_ROLE_NURSE);
  g_assert_cmpint (rounds_vault_get_created_us (again), ==, rounds_vault_get_created_us (f->vault));
  g_assert_false (rounds_vault_get_made (again));
  g_assert_cmpint (g_stat (f->folder, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 0777, ==, 0700);
  (void) rounds_secret_get (f->key, &size);
  g_assert_cmpuint (size, ==, 32);
  second = rounds_vault_create (f->folder, "Other", ROUNDS_ROLE_NURSE, f->passphrase, NULL, &error);
  g_assert_null (second);
  g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_EXISTS);
}

static void
test_floor (Fixture *f, gconstpointer data)
{
  RoundsVaultFile file;
  g_autofree char *path = g_build_filename (f->folder, "vault.json", NULL);

  /* Whatever the environment says, never under 64 MiB and 3 passes. */
  g_assert_true (rounds_vault_file_load (path, &file, NULL));
  g_assert_cmpuint (file.wraps[ROUNDS_WRAP_PASSPHRASE].ops, >=, 3);
  g_assert_cmpuint (file.wraps[ROUNDS_WRAP_PASSPHRASE].mem_bytes, >=, 64 * 1024 * 1024);
  rounds_vault_file_clear (&file);
}

static void
test_unlock (Fixture *f, gconstpointer data)
{
  g_autoptr (RoundsSecret) wrong = secret_of ("correct horsE");
  g_autoptr (RoundsSecret) key = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (rounds_vault_unlock (f->vault, wrong, &error));
  g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_WRONG);
  key = rounds_vault_unlock (f->vault, f->passphrase, NULL);
  assert_same_key (key, f->key);
}

static void
test_recovery (Fixture *f, gconstpointer data)
{
  g_autoptr (RoundsSecret) key = rounds_vault_unlock_with_recovery (f->vault, f->recovery, NULL);
  g_autofree char *loose = g_ascii_strdown ((char *) rounds_secret_get (f->recovery, NULL), -1);
  g_autoptr (RoundsSecret) typed = NULL, wrong = NULL;
  g_autoptr (RoundsSecret) key2 = NULL;
  g_autoptr (GError) error = NULL;

  assert_same_key (key, f->key);
  /* As a person types it: small letters, blanks, O and l for 0 and 1. */
  g_strdelimit (loose, "-", ' ');
  g_strdelimit (loose, "0", 'O');
  g_strdelimit (loose, "1", 'l');
  typed = secret_of (loose);
  key2 = rounds_vault_unlock_with_recovery (f->vault, typed, NULL);
  assert_same_key (key2, f->key);
  loose[0] = loose[0] == 'a' ? 'b' : 'a';
  wrong = secret_of (loose);
  g_assert_null (rounds_vault_unlock_with_recovery (f->vault, wrong, &error));
  g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_WRONG);
  g_clear_error (&error);
  g_assert_null (rounds_vault_unlock_with_recovery (f->vault, f->passphrase, &error));
  g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_WRONG);
}

/* Name and role are under the seal: a nurse does not become a physician with an editor. */
static void
test_role_sealed (Fixture *f, gconstpointer data)
{
  gsize size;
  g_autofree char *text = read_vault (f, &size);
  g_auto (GStrv) parts = g_strsplit (text, "nurse", 2);
  g_autofree char *changed = g_strjoinv ("physician", parts);
  g_autoptr (RoundsVault) vault = NULL;
  g_autoptr (GError) error = NULL;

  write_vault (f, changed, -1);
  vault = rounds_vault_open (f->folder, NULL);
  g_assert_cmpint (rounds_vault_get_role (vault), ==, ROUNDS_ROLE_PHYSICIAN);
  g_assert_null (rounds_vault_unlock (vault, f->passphrase, &error));
  g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_WRONG);
  g_clear_error (&error);
  g_assert_null (rounds_vault_unlock_with_recovery (vault, f->recovery, &error));
  g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_WRONG);
}

/* No byte of the file can be changed so that it opens to anything but the same key. */
static void
test_every_byte (Fixture *f, gconstpointer data)
{
  gsize size;
  g_autofree char *text = read_vault (f, &size);
  guint refused = 0;

  for (gsize i = 0; i < size; i += 1)
    {
      g_autofree char *changed = g_memdup2 (text, size);
      g_autoptr (RoundsVault) vault = NULL;

      changed[i] ^= 0x04;
      write_vault (f, changed, size);
      vault = rounds_vault_open (f->folder, NULL);
      refused += vault == NULL;
    }
  g_assert_cmpuint (refused, >, size / 3);
  for (gsize cut = 0; cut < size; cut += 7)
    {
      g_autoptr (GError) error = NULL;

      write_vault (f, text, cut);
      g_assert_null (rounds_vault_open (f->folder, &error));
      g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_DAMAGED);
    }
}

static void
test_not_ours (Fixture *f, gconstpointer data)
{
  static const struct { const char *from, *to; int code; } cases[] = {
    { "\"version\":1", "\"version\":2", ROUNDS_VAULT_ERROR_NEWER },
    { "\"ops\":3", "\"ops\":1", ROUNDS_VAULT_ERROR_DAMAGED },
    { "\"mem_bytes\":67108864", "\"mem_bytes\":1024", ROUNDS_VAULT_ERROR_DAMAGED },
    { "\"mem_bytes\":67108864", "\"mem_bytes\":900719925474099", ROUNDS_VAULT_ERROR_DAMAGED },
    { "rounds-vault", "other-vault", ROUNDS_VAULT_ERROR_DAMAGED },
  };
  gsize size;
  g_autofree char *pretty = read_vault (f, &size);
  g_autoptr (GString) text = g_string_new (pretty);

  g_string_replace (text, "\": ", "\":", 0);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GString) changed = g_string_new (text->str);
      g_autoptr (GError) error = NULL;

      g_assert_cmpuint (g_string_replace (changed, cases[i].from, cases[i].to, 1), ==, 1);
      write_vault (f, changed->str, -1);
      g_assert_null (rounds_vault_open (f->folder, &error));
      g_assert_error (error, ROUNDS_VAULT_ERROR, cases[i].code);
    }
}

static void
test_missing (Fixture *f, gconstpointer data)
{
  g_autofree char *key_path = g_build_filename (f->folder, "vault.json", NULL);
  g_autofree char *records = g_build_filename (f->folder, "records.db", NULL);
  g_autoptr (GError) error = NULL;

  g_unlink (key_path);
  g_assert_null (rounds_vault_open (f->folder, &error));
  g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_MISSING);
  g_clear_error (&error);
  /* A cache without its key is no empty place. */
  g_assert_true (g_file_set_contents (records, "x", 1, NULL));
  g_assert_null (rounds_vault_open (f->folder, &error));
  g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_DAMAGED);
  g_clear_error (&error);
  g_assert_null (rounds_vault_create (f->folder, "Other", ROUNDS_ROLE_NURSE, f->passphrase, NULL, &error));
  g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_EXISTS);
}

static void
test_rewrap (Fixture *f, gconstpointer data)
{
  g_autoptr (RoundsSecret) fresh = secret_of ("battery staple");
  g_autoptr (RoundsSecret) recovery = NULL, key = NULL, by_recovery = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (rounds_vault_rewrap (f->vault, f->key, fresh, NULL, &error));
  g_assert_no_error (error);
  key = rounds_vault_unlock (f->vault, fresh, NULL);
  assert_same_key (key, f->key);
  g_assert_null (rounds_vault_unlock (f->vault, f->passphrase, NULL));
  /* The recovery key is kept when no new one was asked for, and retired when one was. */
  by_recovery = rounds_vault_unlock_with_recovery (f->vault, f->recovery, NULL);
  assert_same_key (by_recovery, f->key);
  g_assert_true (rounds_vault_rewrap (f->vault, f->key, fresh, &recovery, NULL));
  g_assert_null (rounds_vault_unlock_with_recovery (f->vault, f->recovery, NULL));
  g_clear_pointer (&by_recovery, rounds_secret_unref);
  by_recovery = rounds_vault_unlock_with_recovery (f->vault, recovery, NULL);
  assert_same_key (by_recovery, f->key);
}

static const char *die_at;

static void
die_cb (const char *point)
{
  if (g_str_equal (point, die_at))
    raise (SIGKILL);
}

/* Killed at every point of a rewrap, one of the two passphrases still opens. */
static void
test_rewrap_killed (Fixture *f, gconstpointer data)
{
  static const char *const points[] = { "before-write", "written", "verified", "renamed" };

  for (guint i = 0; i < G_N_ELEMENTS (points); i++)
    {
      g_autofree char *text = g_strdup_printf ("passphrase %u", i);
      g_autoptr (RoundsSecret) fresh = secret_of (text);
      g_autoptr (RoundsVault) vault = NULL;
      g_autoptr (RoundsSecret) key = NULL;
      gboolean renamed = g_str_equal (points[i], "renamed");
      int status;
      pid_t child = fork ();

      if (child == 0)
        {
          die_at = points[i];
          rounds_vault_test_point = die_cb;
          rounds_vault_rewrap (f->vault, f->key, fresh, NULL, NULL);
          _exit (0);
        }
      g_assert_cmpint (waitpid (child, &status, 0), ==, child);
      g_assert_true (WIFSIGNALED (status));
      vault = rounds_vault_open (f->folder, NULL);
      g_assert_nonnull (vault);
      key = rounds_vault_unlock (vault, renamed ? fresh : f->passphrase, NULL);
      assert_same_key (key, f->key);
      forget_failures (f);
    }
}

static void
test_throttle (Fixture *f, gconstpointer data)
{
  g_autoptr (RoundsSecret) wrong = secret_of ("wrong");
  g_autoptr (RoundsSecret) key = NULL;
  g_autoptr (RoundsVault) again = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (f->folder, "unlocks", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GString) old = g_string_new (NULL);
  g_autoptr (GArray) failed = NULL;
  gint64 start_us;

  g_assert_cmpint (rounds_throttle_wait_s (4), ==, 0);
  g_assert_cmpint (rounds_throttle_wait_s (5), >, 0);
  g_assert_cmpint (rounds_throttle_wait_s (8), >, rounds_throttle_wait_s (6));
  g_assert_cmpint (rounds_throttle_wait_s (1000), ==, 300);

  for (guint i = 0; i < 5; i++)
    {
      g_assert_null (rounds_vault_unlock (f->vault, wrong, &error));
      g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_WRONG);
      g_clear_error (&error);
    }
  /* Not even the right one, at once, and not after a restart either. */
  again = rounds_vault_open (f->folder, NULL);
  start_us = g_get_monotonic_time ();
  g_assert_null (rounds_vault_unlock (again, f->passphrase, &error));
  g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_THROTTLED);
  g_clear_error (&error);
  g_assert_cmpint (g_get_monotonic_time () - start_us, <, 100000);
  g_assert_null (rounds_vault_unlock_with_recovery (again, f->recovery, &error));
  g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_THROTTLED);
  g_clear_error (&error);
  /* A clock set to the future and back does not lock for ever: the wait is from now at most. */
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpuint (g_strrstr (text, "w ") != NULL, ==, TRUE);
  for (guint i = 0; i < 5; i++)
    g_string_append_printf (old, "w %" G_GINT64_FORMAT "\n", rounds_instant_now_us () - 10 * G_USEC_PER_SEC);
  g_assert_true (g_file_set_contents (path, old->str, -1, NULL));
  key = rounds_vault_unlock (again, f->passphrase, &error);
  g_assert_no_error (error);
  assert_same_key (key, f->key);
  /* The failures wait for the audit trail, over restarts, until they stand there. */
  failed = rounds_vault_take_failed_unlocks (again);
  g_assert_cmpuint (failed->len, ==, 5);
  g_clear_pointer (&failed, g_array_unref);
  failed = rounds_vault_take_failed_unlocks (again);
  g_assert_cmpuint (failed->len, ==, 5);
  rounds_vault_forget_failed_unlocks (again);
  g_clear_pointer (&failed, g_array_unref);
  failed = rounds_vault_take_failed_unlocks (again);
  g_assert_cmpuint (failed->len, ==, 0);
}

/* The wait goes on whatever the clock says: only time itself ends it. */
static void
test_throttle_clock (Fixture *f, gconstpointer data)
{
  g_autoptr (RoundsSecret) wrong = secret_of ("wrong");
  g_autofree char *path = g_build_filename (f->folder, "unlocks", NULL);
  g_autofree char *text = NULL, *forward = NULL, *back = NULL, *past = NULL;
  g_auto (GStrv) fields = NULL, lines = NULL;
  g_autoptr (RoundsSecret) key = NULL;
  g_autoptr (GError) error = NULL;
  gint64 day_us = (gint64) 86400 * G_USEC_PER_SEC, boot_us;

  for (guint i = 0; i < 9; i++)
    {
      g_assert_null (rounds_vault_unlock (f->vault, wrong, NULL));
      if (i < 4)
        continue;
      /* As if the wait were over, to get on: time since boot is the last but one field. */
      g_clear_pointer (&text, g_free);
      g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
      g_clear_pointer (&lines, g_strfreev);
      lines = g_strsplit (g_strstrip (text), "\n", -1);
      g_clear_pointer (&fields, g_strfreev);
      fields = g_strsplit (lines[g_strv_length (lines) - 1], " ", -1);
      g_assert_cmpuint (g_strv_length (fields), ==, 4);
      if (i < 8)
        {
          g_autoptr (GString) changed = g_string_new (NULL);

          for (guint k = 0; k + 1 < g_strv_length (lines); k++)
            g_string_append_printf (changed, "%s\n", lines[k]);
          g_string_append_printf (changed, "w %s 0 %s\n", fields[1], fields[3]);
          g_assert_true (g_file_set_contents (path, changed->str, -1, NULL));
        }
    }
  boot_us = g_ascii_strtoll (fields[2], NULL, 10);
  /* Set forward by a day: to the file it looks as if the guesses were yesterday's. */
  forward = g_strdup_printf ("w 1\nw 1\nw 1\nw 1\nw 1\nw 1\nw 1\nw 1\nw %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %s\n",
                             rounds_instant_now_us () - day_us, boot_us, fields[3]);
  g_assert_true (g_file_set_contents (path, forward, -1, NULL));
  g_assert_null (rounds_vault_unlock (f->vault, f->passphrase, &error));
  g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_THROTTLED);
  g_clear_error (&error);
  /* Set back by a day, and the time is over: it opens. */
  back = g_strdup_printf ("w 1\nw 1\nw 1\nw 1\nw 1\nw %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %s\n",
                          rounds_instant_now_us () + day_us, MAX (boot_us - 400 * G_USEC_PER_SEC, 0), fields[3]);
  g_assert_true (g_file_set_contents (path, back, -1, NULL));
  if (boot_us > 400 * G_USEC_PER_SEC)
    {
      key = rounds_vault_unlock (f->vault, f->passphrase, &error);
      g_assert_no_error (error);
      assert_same_key (key, f->key);
    }
  /* Another boot, a moment ago by the clock: that is believed as far as it goes. */
  past = g_strdup_printf ("w 1\nw 1\nw 1\nw 1\nw 1\nw 1\nw %" G_GINT64_FORMAT " 5 00000000-0000-0000-0000-000000000000\n",
                          rounds_instant_now_us ());
  g_assert_true (g_file_set_contents (path, past, -1, NULL));
  g_assert_null (rounds_vault_unlock (f->vault, f->passphrase, &error));
  g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_THROTTLED);
}

/* A guess that is killed before it ends has been counted all the same. */
static void
test_killed_guess (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 5; i++)
    {
      RoundsThrottle *throttle;
      pid_t child = fork ();
      int status;

      if (child == 0)
        {
          throttle = rounds_throttle_begin (f->folder, NULL);
          if (throttle == NULL)
            _exit (1);
          raise (SIGKILL);
        }
      waitpid (child, &status, 0);
      g_assert_true (WIFSIGNALED (status));
    }
  {
    g_autoptr (GError) error = NULL;

    g_assert_null (rounds_vault_unlock (f->vault, f->passphrase, &error));
    g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_THROTTLED);
  }
}

static void
test_secrets (Fixture *f, gconstpointer data)
{
  g_autoptr (RoundsSecret) token = secret_of ("token-canary-7391");
  g_autoptr (RoundsSecret) read = NULL, other = rounds_secret_new_random (32);
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (f->folder, "secrets", "ward.token", NULL);
  g_autofree char *renamed = g_build_filename (f->folder, "secrets", "lab.token", NULL);
  g_autofree char *bytes = NULL;
  gsize size;

  g_assert_true (rounds_vault_store_secret (f->vault, f->key, "ward.token", token, &error));
  g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  g_assert_null (memmem (bytes, size, "canary", 6));
  read = rounds_vault_load_secret (f->vault, f->key, "ward.token", NULL);
  g_assert_cmpstr ((char *) rounds_secret_get (read, NULL), ==, "token-canary-7391");
  g_assert_null (rounds_vault_load_secret (f->vault, other, "ward.token", &error));
  g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_DAMAGED);
  g_clear_error (&error);
  /* One connection's secret does not pass as another's. */
  g_assert_true (g_file_set_contents (renamed, bytes, size, NULL));
  g_assert_null (rounds_vault_load_secret (f->vault, f->key, "lab.token", &error));
  g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_DAMAGED);
  g_clear_error (&error);
  g_assert_null (rounds_vault_load_secret (f->vault, f->key, "absent", &error));
  g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_MISSING);
  g_clear_error (&error);
  g_assert_false (rounds_vault_store_secret (f->vault, f->key, "../escape", token, &error));
  g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_FAILED);
  g_clear_error (&error);
  g_assert_true (rounds_vault_remove_secret (f->vault, "ward.token", NULL));
  g_assert_null (rounds_vault_load_secret (f->vault, f->key, "ward.token", NULL));
}

static void
test_roles (void)
{
  static const struct { RoundsRole role; RoundsAct act; const char *type; gboolean may; } cases[] = {
    { ROUNDS_ROLE_PHYSICIAN, ROUNDS_ACT_WRITE, "MedicationRequest", TRUE },
    { ROUNDS_ROLE_PHYSICIAN, ROUNDS_ACT_DELETE, "AllergyIntolerance", TRUE },
    { ROUNDS_ROLE_RADIOLOGIST, ROUNDS_ACT_WRITE, "DiagnosticReport", TRUE },
    { ROUNDS_ROLE_RADIOLOGIST, ROUNDS_ACT_WRITE, "ImagingStudy", TRUE },
    { ROUNDS_ROLE_RADIOLOGIST, ROUNDS_ACT_WRITE, "MedicationRequest", FALSE },
    { ROUNDS_ROLE_NURSE, ROUNDS_ACT_WRITE, "Observation", TRUE },
    { ROUNDS_ROLE_NURSE, ROUNDS_ACT_WRITE, "MedicationRequest", FALSE },
    { ROUNDS_ROLE_NURSE, ROUNDS_ACT_DELETE, "AllergyIntolerance", FALSE },
    { ROUNDS_ROLE_NURSE, ROUNDS_ACT_IMPORT, "MedicationRequest", FALSE },
    { ROUNDS_ROLE_READ_ONLY, ROUNDS_ACT_READ, "Patient", TRUE },
    { ROUNDS_ROLE_READ_ONLY, ROUNDS_ACT_WRITE, "Observation", FALSE },
    { ROUNDS_ROLE_READ_ONLY, ROUNDS_ACT_WRITE, NULL, FALSE },
    { ROUNDS_ROLE_READ_ONLY, ROUNDS_ACT_IMPORT, "Patient", FALSE },
    { ROUNDS_ROLE_READ_ONLY, ROUNDS_ACT_EXPORT, NULL, FALSE },
    { ROUNDS_ROLE_READ_ONLY, ROUNDS_ACT_SYNC, NULL, TRUE },
    { ROUNDS_ROLE_ADMINISTRATOR, ROUNDS_ACT_WRITE, "Patient", FALSE },
    { ROUNDS_ROLE_ADMINISTRATOR, ROUNDS_ACT_IMPORT, "Patient", TRUE },
    { ROUNDS_ROLE_ADMINISTRATOR, ROUNDS_ACT_CONFIGURE, NULL, TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (rounds_role_may (cases[i].role, cases[i].act, cases[i].type), ==, cases[i].may);
  for (RoundsRole role = 0; role <= ROUNDS_ROLE_ADMINISTRATOR; role++)
    {
      RoundsRole back;

      g_assert_true (rounds_role_from_string (rounds_role_to_string (role), &back));
      g_assert_cmpint (back, ==, role);
    }
  g_assert_false (rounds_role_from_string ("root", &(RoundsRole){ 0 }));
}

int
main (int argc, char **argv)
{
  g_setenv ("ROUNDS_KDF_FLOOR", "1", TRUE);
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/vault/create", test_create);
  ADD ("/vault/floor", test_floor);
  ADD ("/vault/unlock", test_unlock);
  ADD ("/vault/recovery", test_recovery);
  ADD ("/vault/role-sealed", test_role_sealed);
  ADD ("/vault/every-byte", test_every_byte);
  ADD ("/vault/not-ours", test_not_ours);
  ADD ("/vault/missing", test_missing);
  ADD ("/vault/rewrap", test_rewrap);
  ADD ("/vault/rewrap-killed", test_rewrap_killed);
  ADD ("/vault/throttle", test_throttle);
  ADD ("/vault/throttle-clock", test_throttle_clock);
  ADD ("/vault/killed-guess", test_killed_guess);
  ADD ("/vault/secrets", test_secrets);
  g_test_add_func ("/vault/roles", test_roles);
  return g_test_run ();
}
