/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The desktop's keyring as a third way in: what a real one with a missing, a changed, a locked or no key does, one that
 * never answers, and a kill in the middle. Each case runs in a process of its own, with its own bus and keyring: what a
 * client remembers of one bus must not help with the next. */
#include <glib/gstdio.h>
#include <libsecret/secret.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vault/keyring.h"
#include "vault/vault-private.h"

/* libsecret leaks a few arrays of names; they are known to be its own only when the whole stack is seen. */
const char *__asan_default_options (void);

const char *
__asan_default_options (void)
{
  return "fast_unwind_on_malloc=0";
}

static GTestDBus *bus;

typedef struct {
  char *top, *folder;
  GPid daemon;
  RoundsVault *vault;
  RoundsSecret *passphrase, *recovery, *key;
} World;

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      remove_tree (child);
    }
  g_remove (path);
}

static void
own_folder (World *w, const char *variable, const char *name)
{
  g_autofree char *path = g_build_filename (w->top, name, NULL);

  g_assert_cmpint (g_mkdir_with_parents (path, 0700), ==, 0);
  g_setenv (variable, path, TRUE);
}

static void
wait_for_service (void)
{
  g_autoptr (GDBusConnection) connection = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, NULL);

  for (guint i = 0;; i++)
    {
      g_autoptr (GVariant) answer =
        g_dbus_connection_call_sync (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                     "NameHasOwner", g_variant_new ("(s)", "org.freedesktop.secrets"), NULL, 0, -1, NULL,
                                     NULL);
      gboolean there = FALSE;

      g_variant_get (answer, "(b)", &there);
      if (there)
        return;
      g_assert_cmpuint (i, <, 1000);
      g_usleep (10000);
    }
}

/* A keyring whose login collection is open, as after a login at the desktop. What kills this program at a critical
 * of its own is not for the daemon: it has some, and would die in the middle of an answer. */
static void
start_daemon (World *w)
{
  g_auto (GStrv) envp = g_environ_unsetenv (g_get_environ (), "G_DEBUG");
  const char *argv[] = { "gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets", NULL };
  g_autoptr (GError) error = NULL;
  int in;

  g_spawn_async_with_pipes (NULL, (char **) argv, envp,
                            G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL |
                              G_SPAWN_STDERR_TO_DEV_NULL,
                            NULL, NULL, &w->daemon, &in, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (write (in, "login password", 14), ==, 14);
  close (in);
  wait_for_service ();
}

static void
make_world (World *w, gboolean daemon)
{
  g_autoptr (GError) error = NULL;

  w->top = g_dir_make_tmp ("rounds-keyring-XXXXXX", NULL);
  own_folder (w, "HOME", "home");
  own_folder (w, "XDG_DATA_HOME", "data");
  own_folder (w, "XDG_CONFIG_HOME", "config");
  own_folder (w, "XDG_CACHE_HOME", "cache");
  bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (bus);
  own_folder (w, "XDG_RUNTIME_DIR", "run");   /* the bus unsets it */
  if (daemon)
    start_daemon (w);
  w->folder = g_build_filename (w->top, "profile", NULL);
  w->passphrase = rounds_secret_new_take_text (g_strdup ("correct horse"));
  w->vault = rounds_vault_create (w->folder, "Dr Example", ROUNDS_ROLE_NURSE, w->passphrase, &w->recovery, &error);
  g_assert_no_error (error);
  w->key = rounds_vault_unlock (w->vault, w->passphrase, &error);
  g_assert_no_error (error);
}

static void
end_world (World *w)
{
  g_clear_object (&w->vault);
  g_clear_pointer (&w->passphrase, rounds_secret_unref);
  g_clear_pointer (&w->recovery, rounds_secret_unref);
  g_clear_pointer (&w->key, rounds_secret_unref);
  secret_service_disconnect ();
  if (w->daemon != 0)
    {
      kill (w->daemon, SIGTERM);
      waitpid (w->daemon, NULL, 0);
      g_spawn_close_pid (w->daemon);
    }
  /* The bus ends with this process: stopping it would wait for a client that the library keeps. */
  remove_tree (w->top);
  g_free (w->top);
  g_free (w->folder);
}

/* Runs the rest of a test in a process of its own; TRUE there, with a world. */
static gboolean
in_own_process (World *w, gboolean daemon)
{
  if (!g_test_subprocess ())
    {
      g_autofree char *dbus = g_find_program_in_path ("dbus-daemon");
      g_autofree char *keyring = g_find_program_in_path ("gnome-keyring-daemon");

      if (dbus == NULL || keyring == NULL)
        {
          g_test_skip ("dbus-daemon or gnome-keyring-daemon is not installed");
          return FALSE;
        }
      g_test_trap_subprocess (NULL, 60 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return FALSE;
    }
  make_world (w, daemon);
  return TRUE;
}

static void
enable (World *w)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (rounds_vault_enable_keyring (w->vault, w->key, NULL, &error));
  g_assert_no_error (error);
}

/* As after the next login at the desktop. */
static void
login_again (void)
{
  g_autofree char *marks = g_build_filename (g_getenv ("XDG_RUNTIME_DIR"), "rounds-opened", NULL);

  remove_tree (marks);
}

static void
assert_key (World *w, RoundsSecret *key)
{
  g_assert_nonnull (key);
  g_assert_cmpmem (rounds_secret_get (key, NULL), 32, rounds_secret_get (w->key, NULL), 32);
}

static void
assert_opens (World *w)
{
  g_autoptr (RoundsVault) vault = rounds_vault_open (w->folder, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsSecret) key = NULL;

  login_again ();
  g_assert_true (rounds_vault_may_unlock_with_keyring (vault));
  key = rounds_vault_unlock_with_keyring (vault, NULL, &error);
  g_assert_no_error (error);
  assert_key (w, key);
}

static char *
read_key_file (World *w)
{
  g_autofree char *path = g_build_filename (w->folder, "vault.json", NULL);
  char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

/* However the keyring fails: one clear line in time, nothing is changed or made, and both other ways open. */
static void
assert_falls_back (World *w, const char *words)
{
  g_autofree char *before = read_key_file (w), *after = NULL;
  g_autofree char *records = g_build_filename (w->folder, "records.db", NULL);
  g_autoptr (RoundsVault) vault = rounds_vault_open (w->folder, NULL);
  g_autoptr (RoundsSecret) none = NULL, by_passphrase = NULL, by_recovery = NULL;
  g_autoptr (GArray) failed = NULL;
  g_autoptr (GError) error = NULL;
  gint64 start_us = g_get_monotonic_time ();

  login_again ();
  none = rounds_vault_unlock_with_keyring (vault, NULL, &error);
  g_assert_null (none);
  g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_KEYRING);
  g_assert_cmpint (g_get_monotonic_time () - start_us, <, (ROUNDS_KEYRING_READ_S + 1) * G_USEC_PER_SEC);
  g_assert_nonnull (strstr (error->message, words));
  g_assert_null (strchr (error->message, '\n'));
  after = read_key_file (w);
  g_assert_cmpstr (before, ==, after);
  g_assert_false (g_file_test (records, G_FILE_TEST_EXISTS));
  /* A keyring that fails is no wrong guess of a person, and does not use up the one time. */
  failed = rounds_vault_take_failed_unlocks (vault);
  g_assert_cmpuint (failed->len, ==, 0);
  g_assert_true (rounds_vault_may_unlock_with_keyring (vault));
  by_passphrase = rounds_vault_unlock (vault, w->passphrase, NULL);
  assert_key (w, by_passphrase);
  by_recovery = rounds_vault_unlock_with_recovery (vault, w->recovery, NULL);
  assert_key (w, by_recovery);
}

/* The account's items in the keyring: how many; *seal: of one of them. */
static guint
count_items (World *w, char **seal)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) attributes = g_hash_table_new (g_str_hash, g_str_equal);
  GList *items = NULL;
  guint n;

  g_hash_table_insert (attributes, (char *) "account", (char *) rounds_vault_get_id (w->vault));
  items = secret_service_search_sync (NULL, NULL, attributes, SECRET_SEARCH_ALL, NULL, &error);
  g_assert_no_error (error);
  n = g_list_length (items);
  if (seal != NULL && items != NULL)
    {
      g_autoptr (GHashTable) found = secret_item_get_attributes (items->data);
      *seal = g_strdup (g_hash_table_lookup (found, "seal"));
    }
  g_list_free_full (items, g_object_unref);
  return n;
}

static void
test_opens (void)
{
  World w = { 0 };
  g_autofree char *before = NULL, *text = NULL, *beside = NULL;
  g_autoptr (RoundsSecret) none = NULL;
  g_autoptr (GError) error = NULL;

  if (!in_own_process (&w, TRUE))
    return;
  /* Off until somebody wants it, and then nothing is in the keyring. */
  g_assert_false (rounds_vault_get_keyring (w.vault));
  g_assert_false (rounds_vault_may_unlock_with_keyring (w.vault));
  none = rounds_vault_unlock_with_keyring (w.vault, NULL, &error);
  g_assert_null (none);
  g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_KEYRING);
  g_assert_cmpuint (count_items (&w, NULL), ==, 0);
  enable (&w);
  g_assert_true (rounds_vault_get_keyring (w.vault));
  g_assert_cmpuint (count_items (&w, NULL), ==, 1);
  g_assert_true (rounds_vault_check_keyring (w.vault, NULL, NULL));
  assert_opens (&w);
  /* Renewed: the old key goes, the new one opens. */
  before = read_key_file (&w);
  enable (&w);
  text = read_key_file (&w);
  g_assert_cmpstr (before, !=, text);
  g_assert_cmpuint (count_items (&w, NULL), ==, 1);
  assert_opens (&w);
  /* Renewing fails: the key of the seal that stays is kept, and only that. */
  beside = g_strdup_printf ("%s/vault.json.new", w.folder);
  g_assert_cmpint (g_mkdir (beside, 0700), ==, 0);
  g_clear_error (&error);
  g_assert_false (rounds_vault_enable_keyring (w.vault, w.key, NULL, &error));
  g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_FAILED);
  g_assert_cmpint (g_rmdir (beside), ==, 0);
  g_assert_cmpuint (count_items (&w, NULL), ==, 1);
  assert_opens (&w);
  end_world (&w);
}

/* The database key is not in the keyring: what is there is good for one key file only. */
static void
test_no_database_key (void)
{
  World w = { 0 };
  g_autofree char *seal = NULL;
  g_autoptr (RoundsSecret) kept = NULL;

  if (!in_own_process (&w, TRUE))
    return;
  enable (&w);
  g_assert_cmpuint (count_items (&w, &seal), ==, 1);
  kept = rounds_keyring_read (rounds_vault_get_id (w.vault), seal, NULL, NULL);
  g_assert_nonnull (kept);
  g_assert_cmpint (memcmp (rounds_secret_get (kept, NULL), rounds_secret_get (w.key, NULL), 32), !=, 0);
  end_world (&w);
}

static void
test_missing (void)
{
  World w = { 0 };

  if (!in_own_process (&w, TRUE))
    return;
  enable (&w);
  g_assert_true (rounds_keyring_remove (rounds_vault_get_id (w.vault), NULL, NULL, NULL));
  g_assert_cmpuint (count_items (&w, NULL), ==, 0);
  g_assert_false (rounds_vault_check_keyring (w.vault, NULL, NULL));
  assert_falls_back (&w, "no key for this account");
  /* Turned on again, it opens again. */
  enable (&w);
  assert_opens (&w);
  end_world (&w);
}

static void
test_changed (void)
{
  World w = { 0 };
  g_autofree char *seal = NULL;
  g_autoptr (RoundsSecret) other = rounds_secret_new_random (ROUNDS_VAULT_KEY_BYTES);
  g_autoptr (GError) error = NULL;

  if (!in_own_process (&w, TRUE))
    return;
  enable (&w);
  g_assert_cmpuint (count_items (&w, &seal), ==, 1);
  g_assert_true (rounds_keyring_write (rounds_vault_get_id (w.vault), seal, "other", other, NULL, &error));
  g_assert_no_error (error);
  assert_falls_back (&w, "another key");
  enable (&w);
  assert_opens (&w);
  end_world (&w);
}

static void
test_locked (void)
{
  World w = { 0 };
  g_autoptr (SecretService) service = NULL;
  g_autoptr (GError) error = NULL;
  GList *collections = NULL;
  int n_locked;

  if (!in_own_process (&w, TRUE))
    return;
  enable (&w);
  service = secret_service_get_sync (SECRET_SERVICE_LOAD_COLLECTIONS, NULL, &error);
  g_assert_no_error (error);
  collections = secret_service_get_collections (service);
  n_locked = secret_service_lock_sync (service, collections, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (n_locked, >, 0);
  g_list_free_full (collections, g_object_unref);
  assert_falls_back (&w, "is locked");
  /* It cannot be cleaned out either; that is no reason to keep the way in. */
  g_test_expect_message (NULL, G_LOG_LEVEL_MESSAGE, "*left in the keyring*");
  g_assert_true (rounds_vault_disable_keyring (w.vault, &error));
  g_test_assert_expected_messages ();
  g_assert_false (rounds_vault_get_keyring (w.vault));
  g_clear_object (&service);
  end_world (&w);
}

/* The bus has nobody who keeps secrets. */
static void
test_absent (void)
{
  World w = { 0 };
  g_autofree char *before = NULL, *after = NULL;
  g_autoptr (GError) error = NULL;
  RoundsVaultFile file = { 0 };
  g_autoptr (RoundsSecret) wrapping = rounds_secret_new_random (ROUNDS_VAULT_KEY_BYTES);

  if (!in_own_process (&w, FALSE))
    return;
  before = read_key_file (&w);
  g_assert_false (rounds_vault_enable_keyring (w.vault, w.key, NULL, &error));
  g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_KEYRING);
  after = read_key_file (&w);
  g_assert_cmpstr (before, ==, after);
  /* A profile that was brought here from a desktop that has one. */
  g_assert_true (rounds_vault_file_load (rounds_vault_peek_path (w.vault), &file, NULL));
  g_assert_true (rounds_vault_file_wrap (&file, ROUNDS_WRAP_KEYRING, wrapping, w.key, NULL));
  g_assert_true (rounds_vault_file_save (&file, rounds_vault_peek_path (w.vault), (RoundsSecret *[3]){ NULL }, NULL, NULL));
  rounds_vault_file_clear (&file);
  assert_falls_back (&w, "has no keyring");
  end_world (&w);
}

static GDBusMessage *
swallow (GDBusConnection *connection, GDBusMessage *message, gboolean incoming, gpointer data)
{
  if (!incoming || g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    return message;
  g_object_unref (message);
  return NULL;
}

/* Somebody has the name and never says a word: the wait ends by itself, and by whoever cancels it. */
static void
test_silent (void)
{
  World w = { 0 };
  g_autoptr (GDBusConnection) connection = NULL;
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_autoptr (RoundsSecret) wrapping = rounds_secret_new_random (ROUNDS_VAULT_KEY_BYTES);
  g_autoptr (GError) error = NULL;
  RoundsVaultFile file = { 0 };
  gint64 start_us;

  if (!in_own_process (&w, FALSE))
    return;
  connection = g_dbus_connection_new_for_address_sync (
    g_test_dbus_get_bus_address (bus),
    G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL, NULL, &error);
  g_assert_no_error (error);
  answer = g_dbus_connection_call_sync (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                        "RequestName", g_variant_new ("(su)", "org.freedesktop.secrets", 0), NULL, 0, -1,
                                        NULL, &error);
  g_assert_no_error (error);
  g_dbus_connection_add_filter (connection, swallow, NULL, NULL);
  g_assert_true (rounds_vault_file_load (rounds_vault_peek_path (w.vault), &file, NULL));
  g_assert_true (rounds_vault_file_wrap (&file, ROUNDS_WRAP_KEYRING, wrapping, w.key, NULL));
  g_assert_true (rounds_vault_file_save (&file, rounds_vault_peek_path (w.vault), (RoundsSecret *[3]){ NULL }, NULL, NULL));
  rounds_vault_file_clear (&file);
  start_us = g_get_monotonic_time ();
  assert_falls_back (&w, "did not answer");
  g_assert_cmpint (g_get_monotonic_time () - start_us, >=, ROUNDS_KEYRING_READ_S * G_USEC_PER_SEC);
  g_cancellable_cancel (cancelled);
  start_us = g_get_monotonic_time ();
  g_assert_false (rounds_vault_check_keyring (w.vault, cancelled, NULL));
  g_assert_cmpint (g_get_monotonic_time () - start_us, <, G_USEC_PER_SEC);
  g_object_unref (connection);
  connection = NULL;
  end_world (&w);
}

/* After one unlock at this desktop a lock asks for the passphrase, whatever program opens it next. */
static void
test_once (void)
{
  World w = { 0 };
  g_autoptr (RoundsVault) again = NULL;
  g_autoptr (RoundsSecret) none = NULL, key = NULL;
  g_autoptr (GError) error = NULL;

  if (!in_own_process (&w, TRUE))
    return;
  enable (&w);
  assert_opens (&w);
  again = rounds_vault_open (w.folder, NULL);
  g_assert_false (rounds_vault_may_unlock_with_keyring (again));
  none = rounds_vault_unlock_with_keyring (again, NULL, &error);
  g_assert_null (none);
  g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_KEYRING);
  key = rounds_vault_unlock (again, w.passphrase, NULL);
  assert_key (&w, key);
  /* The same when the first unlock was by passphrase. */
  login_again ();
  g_assert_true (rounds_vault_may_unlock_with_keyring (again));
  g_assert_true (rounds_vault_note_opened (again, NULL));
  g_assert_false (rounds_vault_may_unlock_with_keyring (again));
  end_world (&w);
}

/* A new passphrase leaves the way through the keyring as it is; off leaves nothing behind. */
static void
test_rewrap_and_off (void)
{
  World w = { 0 };
  g_autoptr (RoundsSecret) fresh = rounds_secret_new_take_text (g_strdup ("battery staple"));
  g_autoptr (RoundsSecret) recovery = NULL, by_recovery = NULL, none = NULL;
  g_autoptr (GError) error = NULL;

  if (!in_own_process (&w, TRUE))
    return;
  enable (&w);
  g_assert_true (rounds_vault_rewrap (w.vault, w.key, fresh, &recovery, &error));
  g_assert_no_error (error);
  assert_opens (&w);
  by_recovery = rounds_vault_unlock_with_recovery (w.vault, recovery, NULL);
  assert_key (&w, by_recovery);
  g_assert_true (rounds_vault_disable_keyring (w.vault, &error));
  g_assert_no_error (error);
  g_assert_false (rounds_vault_get_keyring (w.vault));
  g_assert_cmpuint (count_items (&w, NULL), ==, 0);
  login_again ();
  none = rounds_vault_unlock_with_keyring (w.vault, NULL, &error);
  g_assert_null (none);
  g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_KEYRING);
  end_world (&w);
}

/* Who guessed passphrases waits at this door, too. */
static void
test_throttled (void)
{
  World w = { 0 };
  g_autoptr (RoundsSecret) wrong = rounds_secret_new_take_text (g_strdup ("wrong"));
  g_autoptr (RoundsSecret) none = NULL;
  g_autoptr (GError) error = NULL;

  if (!in_own_process (&w, TRUE))
    return;
  enable (&w);
  for (guint i = 0; i < 5; i++)
    g_assert_null (rounds_vault_unlock (w.vault, wrong, NULL));
  none = rounds_vault_unlock_with_keyring (w.vault, NULL, &error);
  g_assert_null (none);
  g_assert_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_THROTTLED);
  end_world (&w);
}

static const char *die_at;

static void
die_cb (const char *point)
{
  if (g_str_equal (point, die_at))
    raise (SIGKILL);
}

/* A renewal killed at every point: the key file's seal still has its key in the keyring. */
static void
test_killed (void)
{
  static const char *const points[] = { "keyring-written", "before-write", "written", "verified", "renamed" };
  World w = { 0 };

  if (!in_own_process (&w, TRUE))
    return;
  enable (&w);
  for (guint i = 0; i < G_N_ELEMENTS (points); i++)
    {
      int status;
      pid_t child;

      /* Where a child would inherit the client's threads and sockets it would not get far. */
      secret_service_disconnect ();
      child = fork ();
      if (child == 0)
        {
          execl ("/proc/self/exe", "test-keyring", "--renew", w.folder, points[i], NULL);
          _exit (1);
        }
      g_assert_cmpint (waitpid (child, &status, 0), ==, child);
      g_assert_true (WIFSIGNALED (status));
      assert_opens (&w);
    }
  /* What the killed ones left behind goes with the next. */
  g_assert_cmpuint (count_items (&w, NULL), >, 1);
  enable (&w);
  g_assert_cmpuint (count_items (&w, NULL), ==, 1);
  assert_opens (&w);
  end_world (&w);
}

static int
renew (const char *folder, const char *point)
{
  g_autoptr (RoundsVault) vault = rounds_vault_open (folder, NULL);
  g_autoptr (RoundsSecret) passphrase = rounds_secret_new_take_text (g_strdup ("correct horse"));
  g_autoptr (RoundsSecret) key = rounds_vault_unlock (vault, passphrase, NULL);

  die_at = point;
  rounds_vault_test_point = die_cb;
  return key != NULL && rounds_vault_enable_keyring (vault, key, NULL, NULL) ? 0 : 1;
}

int
main (int argc, char **argv)
{
  g_setenv ("ROUNDS_KDF_FLOOR", "1", TRUE);
  g_setenv ("SECRET_BACKEND", "service", TRUE);
  if (argc == 4 && g_str_equal (argv[1], "--renew"))
    return renew (argv[2], argv[3]);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/keyring/opens", test_opens);
  g_test_add_func ("/keyring/no-database-key", test_no_database_key);
  g_test_add_func ("/keyring/missing", test_missing);
  g_test_add_func ("/keyring/changed", test_changed);
  g_test_add_func ("/keyring/locked", test_locked);
  g_test_add_func ("/keyring/absent", test_absent);
  g_test_add_func ("/keyring/silent", test_silent);
  g_test_add_func ("/keyring/once", test_once);
  g_test_add_func ("/keyring/rewrap-and-off", test_rewrap_and_off);
  g_test_add_func ("/keyring/throttled", test_throttled);
  g_test_add_func ("/keyring/killed", test_killed);
  return g_test_run ();
}
