/* SPDX-License-Identifier: GPL-3.0-or-later */

/* roundsctl profile: accounts and their keys. The recovery key is printed once, or written to a file that only
 * its owner reads; a passphrase never passes through the arguments.
 */

#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h>

#include "base/instant.h"
#include "store/damage.h"

/* The file for the recovery key, made before the key is: a place that cannot be written must not cost an account
 * its only recovery key. Only its owner may read it, and a file that is there is not overwritten: it may hold
 * the only copy of another key. −1: complained about. */
static int
open_recovery_file (const char *path)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

  if (fd < 0)
    rounds_cli_complain ("%s: %s", path, g_strerror (errno));
  return fd;
}

/* Takes fd. */
static gboolean
write_private (int fd, RoundsSecret *secret)
{
  gsize size = 0, done = 0;
  const guint8 *bytes = rounds_secret_get (secret, &size);
  gboolean ok = TRUE;

  while (ok && done < size)
    {
      gssize n = write (fd, bytes + done, size - done);

      ok = n > 0 || (n < 0 && errno == EINTR);
      done += MAX (n, 0);
    }
  ok = ok && write (fd, "\n", 1) == 1 && fsync (fd) == 0;
  return close (fd) == 0 && ok;
}

/* Takes fd, which is −1 without a file. */
static RoundsExit
give_recovery_key (RoundsSecret *recovery, const char *path, int fd, json_object *answer)
{
  gboolean written = fd >= 0 && write_private (fd, recovery);

  if (written)
    {
      rounds_cli_add_text (answer, "recovery_file", path);
      return ROUNDS_EXIT_DONE;
    }
  if (fd >= 0)
    rounds_cli_complain (_("%s: the recovery key could not be written"), path);
  /* This is the only time that it can be read. */
  fprintf (stderr, _("Recovery key, shown only now: %s\n"), (const char *) rounds_secret_get (recovery, NULL));
  return fd >= 0 ? ROUNDS_EXIT_REJECTED : ROUNDS_EXIT_DONE;
}

/* Nothing came of it: the empty file goes again. */
static void
drop_recovery_file (const char *path, int fd)
{
  if (fd < 0)
    return;
  close (fd);
  (void) g_unlink (path);
}

/* What a new seal needs before anything is made: a passphrase that is not empty, and the place for the recovery key
 * (*fd; −1 without a path). missing: what to end with when there is no passphrase. */
static RoundsExit
prepare (RoundsCli *cli, RoundsExit missing, const char *recovery_path, RoundsSecret **passphrase, int *fd)
{
  gsize size = 0;

  *passphrase = rounds_cli_read_passphrase (cli);
  if (*passphrase == NULL)
    return missing;
  rounds_secret_get (*passphrase, &size);
  if (size == 0)
    return rounds_cli_usage (&rounds_command_profile, _("the passphrase is empty"));
  if (recovery_path != NULL && (*fd = open_recovery_file (recovery_path)) < 0)
    return ROUNDS_EXIT_REJECTED;
  return ROUNDS_EXIT_DONE;
}

static RoundsExit
create (RoundsCli *cli, int argc, char **argv)
{
  g_autofree char *name = NULL, *role_text = NULL, *recovery_path = NULL;
  const GOptionEntry entries[] = {
    { "name", 0, 0, G_OPTION_ARG_STRING, &name, N_("Who the account belongs to"), "N" },
    { "role", 0, 0, G_OPTION_ARG_STRING, &role_text,
      N_("physician, radiologist, nurse, read-only or administrator"), "R" },
    { "recovery-file", 0, 0, G_OPTION_ARG_FILENAME, &recovery_path, N_("Write the recovery key here"), "F" },
    { NULL },
  };
  g_auto (GStrv) rest = NULL;
  g_autoptr (RoundsSecret) passphrase = NULL, recovery = NULL, key = NULL;
  g_autoptr (GError) error = NULL;
  json_object *answer = NULL;
  RoundsRole role;
  RoundsExit code;
  gboolean helped = FALSE;
  int recovery_fd = -1;

  if (!rounds_cli_parse (&rounds_command_profile, "create", argc, argv, entries, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  if (name == NULL || role_text == NULL || rest[0] != NULL)
    return rounds_cli_usage (&rounds_command_profile, _("profile create wants --name and --role"));
  if (!rounds_role_from_string (role_text, &role))
    return rounds_cli_usage (&rounds_command_profile, _("“%s” is no role"), role_text);
  code = prepare (cli, ROUNDS_EXIT_LOCKED, recovery_path, &passphrase, &recovery_fd);
  if (code != ROUNDS_EXIT_DONE)
    return code;
  cli->vault = rounds_vault_create (cli->profile, name, role, passphrase, &recovery, &error);
  if (cli->vault == NULL)
    {
      drop_recovery_file (recovery_path, recovery_fd);
      return rounds_cli_fail (error);
    }
  key = rounds_vault_unlock (cli->vault, passphrase, &error);
  if (key != NULL)
    cli->store = rounds_store_open (cli->vault, key, TRUE, &error);
  /* The key is the vault's, and that is made: it is given whatever becomes of the cache. */
  answer = json_object_new_object ();
  code = give_recovery_key (recovery, recovery_path, recovery_fd, answer);
  if (cli->store == NULL)
    {
      json_object_put (answer);
      return rounds_cli_fail (error);
    }
  rounds_cli_add_text (answer, "profile", cli->profile);
  rounds_cli_add_text (answer, "name", name);
  rounds_cli_add_text (answer, "role", rounds_role_to_string (role));
  if (cli->json)
    rounds_cli_print_json (answer);
  else
    {
      json_object_put (answer);
      printf (_("Account of %s in %s\n"), name, cli->profile);
    }
  return code;
}

static RoundsExit
info (RoundsCli *cli)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsVault) vault = rounds_vault_open (cli->profile, &error);
  json_object *answer = NULL;

  if (vault == NULL)
    return rounds_cli_fail (error);
  if (!cli->json)
    {
      g_autofree char *created = rounds_instant_format_us (rounds_vault_get_created_us (vault));

      printf (_("Folder   %s\nAccount  %s\nRole     %s\nCreated  %s\n"), cli->profile, rounds_vault_get_name (vault),
              rounds_role_to_string (rounds_vault_get_role (vault)), created);
      return ROUNDS_EXIT_DONE;
    }
  answer = json_object_new_object ();
  rounds_cli_add_text (answer, "profile", cli->profile);
  rounds_cli_add_text (answer, "name", rounds_vault_get_name (vault));
  rounds_cli_add_text (answer, "role", rounds_role_to_string (rounds_vault_get_role (vault)));
  rounds_cli_add_instant (answer, "created", rounds_vault_get_created_us (vault));
  rounds_cli_print_json (answer);
  return ROUNDS_EXIT_DONE;
}

static RoundsExit
rewrap (RoundsCli *cli, int argc, char **argv)
{
  g_autofree char *new_path = NULL, *recovery_path = NULL;
  gboolean new_recovery = FALSE;
  const GOptionEntry entries[] = {
    { "new-passphrase-file", 0, 0, G_OPTION_ARG_FILENAME, &new_path, N_("The new passphrase"), "F" },
    { "new-recovery-key", 0, 0, G_OPTION_ARG_NONE, &new_recovery, N_("Make a new recovery key too"), NULL },
    { "recovery-file", 0, 0, G_OPTION_ARG_FILENAME, &recovery_path, N_("Write the recovery key here"), "F" },
    { NULL },
  };
  RoundsCli fresh = { .passphrase_fd = -1 };
  g_auto (GStrv) rest = NULL;
  g_autoptr (RoundsSecret) passphrase = NULL, recovery = NULL, key = NULL;
  g_autoptr (GError) error = NULL;
  json_object *answer = NULL;
  gboolean helped = FALSE;
  int recovery_fd = -1;
  RoundsExit code;

  if (!rounds_cli_parse (&rounds_command_profile, "rewrap", argc, argv, entries, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  if (new_path == NULL || rest[0] != NULL)
    return rounds_cli_usage (&rounds_command_profile, _("profile rewrap wants --new-passphrase-file"));
  if (recovery_path != NULL && !new_recovery)
    return rounds_cli_usage (&rounds_command_profile, _("--recovery-file wants --new-recovery-key"));
  code = rounds_cli_open (cli);
  if (code != ROUNDS_EXIT_DONE)
    return code;
  fresh.passphrase_file = new_path;
  code = prepare (&fresh, ROUNDS_EXIT_REJECTED, recovery_path, &passphrase, &recovery_fd);
  if (code != ROUNDS_EXIT_DONE)
    return code;
  key = rounds_store_dup_key (cli->store);
  if (!rounds_vault_rewrap (cli->vault, key, passphrase, new_recovery ? &recovery : NULL, &error))
    {
      drop_recovery_file (recovery_path, recovery_fd);
      return rounds_cli_fail (error);
    }
  answer = json_object_new_object ();
  rounds_cli_add_text (answer, "profile", cli->profile);
  rounds_cli_add_bool (answer, "ok", TRUE);
  code = recovery != NULL ? give_recovery_key (recovery, recovery_path, recovery_fd, answer) : ROUNDS_EXIT_DONE;
  if (!rounds_store_audit (cli->store, "rewrap", NULL, NULL, NULL, &error))
    code = rounds_cli_fail (error);
  if (cli->json)
    rounds_cli_print_json (answer);
  else
    json_object_put (answer);
  return code;
}

static RoundsExit
unlock_test (RoundsCli *cli)
{
  RoundsExit code = rounds_cli_open (cli);

  if (code != ROUNDS_EXIT_DONE)
    return code;
  if (cli->json)
    {
      json_object *answer = json_object_new_object ();

      rounds_cli_add_bool (answer, "ok", TRUE);
      rounds_cli_print_json (answer);
    }
  else
    puts (_("The passphrase opens this profile."));
  return ROUNDS_EXIT_DONE;
}

static void
print_check (RoundsCli *cli, const RoundsCheckReport *report)
{
  if (cli->json)
    {
      json_object *answer = json_object_new_object (), *problems = json_object_new_array ();

      for (guint i = 0; i < report->problems->len; i++)
        json_object_array_add (problems, json_object_new_string (report->problems->pdata[i]));
      rounds_cli_add_bool (answer, "ok", report->ok);
      rounds_cli_add_int (answer, "bytes", (gint64) report->n_bytes);
      rounds_cli_add_int (answer, "images", report->n_images);
      json_object_object_add (answer, "problems", problems);
      rounds_cli_print_json (answer);
      return;
    }
  for (guint i = 0; i < report->problems->len; i++)
    rounds_cli_print_line ("%s", (const char *) report->problems->pdata[i]);
  if (report->ok)
    rounds_cli_print_line (ngettext ("In order; %u image compared", "In order; %u images compared", report->n_images),
                           report->n_images);
}

/* From end to end; what is found is DAMAGED, as an opening that fails is. */
static RoundsExit
check (RoundsCli *cli)
{
  RoundsCheckReport report = { 0 };
  g_autoptr (GError) error = NULL;
  RoundsExit code = rounds_cli_open (cli);

  if (code != ROUNDS_EXIT_DONE)
    return code;
  if (!rounds_store_check (cli->store, TRUE, 0, cli->cancellable, &report, &error))
    return rounds_cli_fail (error);
  code = report.ok ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_DAMAGED;
  print_check (cli, &report);
  /* Nothing is written into a damaged file. */
  if (report.ok)
    (void) rounds_store_audit (cli->store, "check", NULL, NULL, "in order", NULL);
  rounds_check_report_clear (&report);
  return code;
}

/* Whether there is a reason: a cache that opens and is in order stays where it is. *fail: why it cannot be told. */
static gboolean
is_damaged (RoundsCli *cli, RoundsSecret *key, GError **fail)
{
  g_autoptr (GError) error = NULL;
  RoundsStore *store = rounds_store_open (cli->vault, key, FALSE, &error);
  RoundsCheckReport report = { 0 };
  gboolean damaged;

  if (store == NULL)
    {
      damaged = g_error_matches (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DAMAGED);
      if (!damaged)
        g_propagate_error (fail, g_steal_pointer (&error));
      return damaged;
    }
  damaged = rounds_store_check (store, TRUE, 0, cli->cancellable, &report, fail) && !report.ok;
  if (damaged)
    print_check (cli, &report);
  rounds_check_report_clear (&report);
  rounds_store_close (store);
  g_object_unref (store);
  return damaged;
}

static RoundsExit
set_aside (RoundsCli *cli)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsSecret) key = NULL;
  g_autofree char *words = NULL;
  RoundsSetAside done = { 0 };
  RoundsExit code = rounds_cli_unlock (cli, &key);

  if (code != ROUNDS_EXIT_DONE)
    return code;
  if (!is_damaged (cli, key, &error))
    {
      if (error != NULL)
        return rounds_cli_fail (error);
      rounds_cli_complain (_("The cache is in order: it stays where it is"));
      return ROUNDS_EXIT_REJECTED;
    }
  if (!rounds_store_set_aside (cli->vault, key, &done, &error))
    return rounds_cli_fail (error);
  if (cli->json)
    {
      json_object *answer = json_object_new_object ();

      rounds_cli_add_text (answer, "folder", done.folder);
      rounds_cli_add_int (answer, "changes", done.n_changes);
      rounds_cli_add_int (answer, "records", done.n_records);
      rounds_cli_add_int (answer, "drafts", done.n_drafts);
      rounds_cli_add_int (answer, "vitals", done.n_series);
      rounds_cli_add_int (answer, "images", done.n_images);
      rounds_cli_add_int (answer, "unreadable", done.n_unreadable);
      rounds_cli_add_bool (answer, "complete", done.complete);
      rounds_cli_print_json (answer);
    }
  else
    {
      words = rounds_set_aside_describe (&done);
      rounds_cli_print_line ("%s", words);
    }
  rounds_set_aside_clear (&done);
  return ROUNDS_EXIT_DONE;
}

static RoundsExit
keyring_status (RoundsCli *cli)
{
  g_autoptr (GError) error = NULL, why = NULL;
  g_autoptr (RoundsVault) vault = rounds_vault_open (cli->profile, &error);
  gboolean enabled, opens;

  if (vault == NULL)
    return rounds_cli_fail (error);
  enabled = rounds_vault_get_keyring (vault);
  opens = enabled && rounds_vault_check_keyring (vault, cli->cancellable, &why);
  if (cli->json)
    {
      json_object *answer = json_object_new_object ();

      rounds_cli_add_bool (answer, "enabled", enabled);
      rounds_cli_add_bool (answer, "opens", opens);
      rounds_cli_add_text (answer, "why", why != NULL ? why->message : NULL);
      rounds_cli_print_json (answer);
    }
  else if (!enabled)
    rounds_cli_print_line ("%s", _("Off: only the passphrase and the recovery key open this profile."));
  else
    rounds_cli_print_line ("%s", opens ? _("On: the desktop's keyring opens this profile, once after each login to the desktop.")
                                       : why->message);
  return ROUNDS_EXIT_DONE;
}

/* What opens the records is changed by somebody who could open them. */
static RoundsExit
keyring (RoundsCli *cli, int argc, char **argv)
{
  const char *what = argc > 1 ? argv[1] : "";
  gboolean enable = g_str_equal (what, "enable"), ok, helped = FALSE;
  g_autoptr (RoundsSecret) key = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) rest = NULL;
  RoundsExit code;

  if (g_str_equal (what, "--help") || g_str_equal (what, "-h"))
    return rounds_cli_help (&rounds_command_profile);
  if (!enable && !g_str_equal (what, "disable") && !g_str_equal (what, "status"))
    return rounds_cli_usage (&rounds_command_profile, _("profile keyring enable, disable or status?"));
  if (!rounds_cli_parse (&rounds_command_profile, "keyring", argc - 1, argv + 1, NULL, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  if (rest[0] != NULL)
    return rounds_cli_usage (&rounds_command_profile, _("profile %s wants no argument"), "keyring");
  if (*what == 's')
    return keyring_status (cli);
  code = rounds_cli_open (cli);
  if (code != ROUNDS_EXIT_DONE)
    return code;
  key = rounds_store_dup_key (cli->store);
  ok = enable ? rounds_vault_enable_keyring (cli->vault, key, cli->cancellable, &error)
              : rounds_vault_disable_keyring (cli->vault, &error);
  if (!ok)
    return rounds_cli_fail (error);
  if (!rounds_store_audit (cli->store, "keyring", NULL, NULL, enable ? "on" : "off", &error))
    code = rounds_cli_fail (error);
  if (cli->json)
    {
      json_object *answer = json_object_new_object ();

      rounds_cli_add_bool (answer, "enabled", enable);
      rounds_cli_print_json (answer);
    }
  return code;
}

static RoundsExit
run (RoundsCli *cli, int argc, char **argv)
{
  const char *what = argc > 1 ? argv[1] : "";
  g_auto (GStrv) rest = NULL;
  gboolean helped = FALSE;

  if (g_str_equal (what, "create"))
    return create (cli, argc - 1, argv + 1);
  if (g_str_equal (what, "rewrap"))
    return rewrap (cli, argc - 1, argv + 1);
  if (g_str_equal (what, "keyring"))
    return keyring (cli, argc - 1, argv + 1);
  if (g_str_equal (what, "info") || g_str_equal (what, "unlock-test") || g_str_equal (what, "check") ||
      g_str_equal (what, "set-aside"))
    {
      if (!rounds_cli_parse (&rounds_command_profile, what, argc - 1, argv + 1, NULL, &rest, &helped))
        return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
      if (rest[0] != NULL)
        return rounds_cli_usage (&rounds_command_profile, _("profile %s wants no argument"), what);
      if (*what == 'c' || *what == 's')
        return *what == 'c' ? check (cli) : set_aside (cli);
      return *what == 'i' ? info (cli) : unlock_test (cli);
    }
  if (g_str_equal (what, "--help") || g_str_equal (what, "-h"))
    return rounds_cli_help (&rounds_command_profile);
  return rounds_cli_usage (&rounds_command_profile, _("profile create, info, rewrap, keyring, unlock-test, check or set-aside?"));
}

const RoundsCommand rounds_command_profile = {
  "profile", "create --name N --role R [--recovery-file F] | info | rewrap --new-passphrase-file F "
  "[--new-recovery-key [--recovery-file F]] | keyring enable|disable|status | unlock-test | check | set-aside",
  N_("Accounts and their keys"), run,
};
