/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What the commands share: the profile, errors as exit codes, arguments. Answers go to stdout, one JSON
 * object a line when asked; everything else goes to stderr, so that a pipe never has to guess.
 */

#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <unistd.h>

#include "cloud/error.h"

void
rounds_cli_complain (const char *format, ...)
{
  g_autofree char *text = NULL, *clean = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  clean = rounds_cli_clean (text);
  fprintf (stderr, "roundsctl: %s\n", clean);
}

RoundsExit
rounds_cli_usage (const RoundsCommand *command, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  rounds_cli_complain ("%s", text);
  fprintf (stderr, _("Usage: roundsctl %s %s\n"), command->name, command->arguments);
  return ROUNDS_EXIT_USAGE;
}

RoundsExit
rounds_cli_fail (const GError *error)
{
  rounds_cli_complain ("%s", error->message);
  if (error->domain == ROUNDS_VAULT_ERROR)
    switch (error->code)
      {
      case ROUNDS_VAULT_ERROR_WRONG:
      case ROUNDS_VAULT_ERROR_THROTTLED:
      case ROUNDS_VAULT_ERROR_MISSING:
        return ROUNDS_EXIT_LOCKED;
      case ROUNDS_VAULT_ERROR_DAMAGED:
      case ROUNDS_VAULT_ERROR_NEWER:
        return ROUNDS_EXIT_DAMAGED;
      default:
        return ROUNDS_EXIT_REJECTED;
      }
  if (error->domain == ROUNDS_STORE_ERROR &&
      (error->code == ROUNDS_STORE_ERROR_DAMAGED || error->code == ROUNDS_STORE_ERROR_NEWER))
    return ROUNDS_EXIT_DAMAGED;
  if (error->domain == ROUNDS_CLOUD_ERROR)
    return ROUNDS_EXIT_CLOUD;
  return ROUNDS_EXIT_REJECTED;
}

RoundsExit
rounds_cli_not_yet (const char *what)
{
  rounds_cli_complain (_("%s is not there yet"), what);
  return ROUNDS_EXIT_USAGE;
}

gboolean
rounds_cli_may_export (RoundsCli *cli)
{
  if (rounds_role_may (rounds_store_get_role (cli->store), ROUNDS_ACT_EXPORT, NULL))
    return TRUE;
  (void) rounds_store_audit (cli->store, "denied", NULL, NULL, "export", NULL);
  rounds_cli_complain (_("The role of this account may not export"));
  return FALSE;
}

RoundsExit
rounds_cli_help (const RoundsCommand *command)
{
  printf (_("Usage: roundsctl %s %s\n\n%s\n"), command->name, command->arguments, _(command->summary));
  return ROUNDS_EXIT_DONE;
}

RoundsSecret *
rounds_cli_read_passphrase (RoundsCli *cli)
{
  g_autoptr (GError) error = NULL;
  RoundsSecret *secret = NULL;
  int fd = cli->passphrase_fd;

  if (cli->passphrase_file != NULL)
    {
      fd = open (cli->passphrase_file, O_RDONLY | O_CLOEXEC);
      if (fd < 0)
        {
          rounds_cli_complain (_("%s: %s"), cli->passphrase_file, g_strerror (errno));
          return NULL;
        }
    }
  if (fd < 0)
    {
      rounds_cli_complain (_("the profile is locked: give --passphrase-file or --passphrase-fd"));
      return NULL;
    }
  secret = rounds_secret_new_from_fd (fd, &error);
  if (cli->passphrase_file != NULL)
    close (fd);
  if (secret == NULL)
    rounds_cli_complain ("%s", error->message);
  return secret;
}

RoundsExit
rounds_cli_unlock (RoundsCli *cli, RoundsSecret **key)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsSecret) passphrase = NULL;

  g_clear_object (&cli->vault);
  cli->vault = rounds_vault_open (cli->profile, &error);
  if (cli->vault == NULL)
    return rounds_cli_fail (error);
  passphrase = rounds_cli_read_passphrase (cli);
  if (passphrase == NULL)
    return ROUNDS_EXIT_LOCKED;
  *key = rounds_vault_unlock (cli->vault, passphrase, &error);
  return *key != NULL ? ROUNDS_EXIT_DONE : rounds_cli_fail (error);
}

RoundsExit
rounds_cli_open (RoundsCli *cli)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsSecret) key = NULL;
  RoundsExit code;

  if (cli->store != NULL)
    return ROUNDS_EXIT_DONE;
  code = rounds_cli_unlock (cli, &key);
  if (code != ROUNDS_EXIT_DONE)
    return code;
  cli->store = rounds_store_open (cli->vault, key, FALSE, &error);
  if (cli->store == NULL)
    return rounds_cli_fail (error);
  return ROUNDS_EXIT_DONE;
}

gboolean
rounds_cli_parse (const RoundsCommand *command, const char *subcommand, int argc, char **argv,
                  const GOptionEntry *entries, char ***rest, gboolean *helped)
{
  g_autofree char *title = g_strdup_printf ("%s%s%s", command->name, subcommand != NULL ? " " : "",
                                            subcommand != NULL ? subcommand : "");
  g_autofree char *arguments = g_strdup_printf ("%s %s", command->name, command->arguments);
  g_autoptr (GOptionContext) context = g_option_context_new (arguments);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) copy = g_new0 (char *, argc + 1);
  gboolean help = FALSE;
  const GOptionEntry help_entry[] = {
    { "help", 'h', 0, G_OPTION_ARG_NONE, &help, N_("Print this help"), NULL },
    { NULL },
  };

  for (int i = 0; i < argc; i++)
    copy[i] = g_strdup (argv[i]);
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_summary (context, _(command->summary));
  if (entries != NULL)
    g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_add_main_entries (context, help_entry, GETTEXT_PACKAGE);
  *helped = FALSE;
  if (!g_option_context_parse_strv (context, &copy, &error))
    {
      rounds_cli_usage (command, "%s: %s", title, error->message);
      return FALSE;
    }
  if (help)
    {
      g_autofree char *text = g_option_context_get_help (context, TRUE, NULL);

      fputs (text, stdout);
      *helped = TRUE;
      return FALSE;
    }
  *rest = g_strdupv (copy[0] != NULL ? copy + 1 : copy);
  /* "--" only ends the options; GLib leaves it where words that look like options follow. */
  if ((*rest)[0] != NULL && g_str_equal ((*rest)[0], "--"))
    {
      g_free ((*rest)[0]);
      memmove (*rest, *rest + 1, g_strv_length (*rest + 1) * sizeof (char *) + sizeof (char *));
    }
  return TRUE;
}

char *
rounds_cli_find_patient (RoundsCli *cli, const char *argument, RoundsExit *code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsRecord) record = NULL;
  g_autoptr (GPtrArray) hits = NULL;
  const char *id = g_str_has_prefix (argument, "Patient/") ? argument + strlen ("Patient/") : argument;

  record = rounds_store_get (cli->store, "Patient", id, NULL);
  if (record != NULL)
    return g_strdup (id);
  hits = rounds_store_find_patients (cli->store, argument, 2, &error);
  if (hits == NULL)
    {
      *code = rounds_cli_fail (error);
      return NULL;
    }
  if (hits->len == 1)
    return g_strdup (((RoundsPatientHit *) hits->pdata[0])->id);
  *code = ROUNDS_EXIT_REJECTED;
  if (hits->len == 0)
    rounds_cli_complain (_("no patient is “%s”"), argument);
  else
    rounds_cli_complain (_("“%s” fits several patients: give the id"), argument);
  return NULL;
}
