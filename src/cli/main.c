/* SPDX-License-Identifier: GPL-3.0-or-later */

/* roundsctl: the whole library without a screen. This file reads the global options, which may stand before or
 * after the command, and hands the rest to one command.
 */

#include <errno.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <locale.h>
#include <stdio.h>

#include "base/log.h"
#include "base/quantity.h"
#include "cli/cli.h"

static const RoundsCommand *const commands[] = {
  &rounds_command_profile, &rounds_command_import, &rounds_command_export, &rounds_command_patients,
  &rounds_command_search, &rounds_command_chart, &rounds_command_resource, &rounds_command_scans, &rounds_command_models,
  &rounds_command_enhance, &rounds_command_vitals, &rounds_command_cloud, &rounds_command_sync,
  &rounds_command_outbox, &rounds_command_conflicts, &rounds_command_quarantine, &rounds_command_audit, &rounds_command_break_glass,
};

static void
print_help (void)
{
  printf (_("Usage: roundsctl [OPTION…] COMMAND [ARGUMENT…]\n\n"));
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    printf ("  %-11s %s\n", commands[i]->name, _(commands[i]->summary));
  printf (_("\nOptions, before or after the command:\n"
            "  --profile DIR           the account’s folder (default: the XDG data folder)\n"
            "  --passphrase-file FILE  read the passphrase from a file\n"
            "  --passphrase-fd N       read the passphrase from a file descriptor\n"
            "  --json                  one JSON object a line on stdout\n"
            "  --version, --help\n\n"
            "roundsctl COMMAND --help says more; so does the man page.\n"
            "Exit codes: 0 done, 1 some inputs were rejected, 2 usage, 3 locked or wrong passphrase, 4 cache\n"
            "damaged or newer than the program, 5 cloud unreachable, 6 conflicts or quarantined changes remain.\n"));
}

/* "--name VALUE" or "--name=VALUE" at argv[*i]. */
static gboolean
take_value (const char *name, int argc, char **argv, int *i, const char **value)
{
  gsize length = strlen (name);

  if (strncmp (argv[*i], name, length) != 0)
    return FALSE;
  if (argv[*i][length] == '=')
    {
      *value = argv[*i] + length + 1;
      return TRUE;
    }
  if (argv[*i][length] != '\0')
    return FALSE;
  *value = *i + 1 < argc ? argv[++*i] : NULL;
  return TRUE;
}

/* Takes the global options out of argv; what is left goes to rest. FALSE: complained. */
static gboolean
take_globals (RoundsCli *cli, int argc, char **argv, GPtrArray *rest)
{
  gboolean ended = FALSE;

  for (int i = 1; i < argc; i++)
    {
      const char *value = NULL;
      double fd = -1;

      if (ended)
        g_ptr_array_add (rest, argv[i]);
      else if (g_str_equal (argv[i], "--"))
        {
          ended = TRUE;
          /* Before the command it has done its work; after it, the command's own options end too. */
          if (rest->len > 0)
            g_ptr_array_add (rest, argv[i]);
        }
      else if (g_str_equal (argv[i], "--json"))
        cli->json = TRUE;
      else if (take_value ("--profile", argc, argv, &i, &value))
        {
          if (value == NULL || *value == '\0')
            {
              rounds_cli_complain (_("--profile wants a folder"));
              return FALSE;
            }
          g_free (cli->profile);
          cli->profile = g_canonicalize_filename (value, NULL);
        }
      else if (take_value ("--passphrase-file", argc, argv, &i, &value))
        {
          if (value == NULL)
            {
              rounds_cli_complain (_("--passphrase-file wants a file"));
              return FALSE;
            }
          g_free (cli->passphrase_file);
          cli->passphrase_file = g_strdup (value);
        }
      else if (take_value ("--passphrase-fd", argc, argv, &i, &value))
        {
          if (value == NULL || !rounds_decimal_parse (value, &fd) || fd < 0 || fd > 65535 || fd != (int) fd)
            {
              rounds_cli_complain (_("--passphrase-fd wants the number of a file descriptor"));
              return FALSE;
            }
          cli->passphrase_fd = (int) fd;
        }
      else
        g_ptr_array_add (rest, argv[i]);
    }
  g_ptr_array_add (rest, NULL);
  return TRUE;
}

static gboolean
interrupted_cb (gpointer data)
{
  g_cancellable_cancel (data);
  return G_SOURCE_CONTINUE;
}

/* Signals cancel long work; the commands run on the main thread, so the watch has a loop of its own. */
static gpointer
watch_signals (gpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (context, FALSE);
  static const int signals[] = { SIGINT, SIGTERM };

  g_main_context_push_thread_default (context);
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      g_autoptr (GSource) source = g_unix_signal_source_new (signals[i]);

      g_source_set_callback (source, interrupted_cb, data, NULL);
      g_source_attach (source, context);
    }
  g_main_loop_run (loop);
  return NULL;
}

static RoundsExit
dispatch (RoundsCli *cli, GPtrArray *rest)
{
  const char *name = rest->pdata[0];

  if (name == NULL || g_str_equal (name, "help") || g_str_equal (name, "--help") || g_str_equal (name, "-h"))
    {
      print_help ();
      return name == NULL ? ROUNDS_EXIT_USAGE : ROUNDS_EXIT_DONE;
    }
  if (g_str_equal (name, "--version"))
    {
      printf ("roundsctl %s\n", ROUNDS_VERSION);
      return ROUNDS_EXIT_DONE;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (name, commands[i]->name))
      return commands[i]->run (cli, rest->len - 1, (char **) rest->pdata);
  rounds_cli_complain (_("there is no command “%s”; roundsctl --help lists them"), name);
  return ROUNDS_EXIT_USAGE;
}

int
main (int argc, char **argv)
{
  const char *locale_folder = g_getenv ("ROUNDS_LOCALE_DIR");
  RoundsCli cli = { .passphrase_fd = -1 };
  g_autoptr (GPtrArray) rest = g_ptr_array_new ();
  RoundsExit code = ROUNDS_EXIT_USAGE;

  g_set_prgname ("roundsctl");
  setlocale (LC_ALL, "");
  setlocale (LC_NUMERIC, "C");
  bindtextdomain (GETTEXT_PACKAGE, locale_folder != NULL ? locale_folder : ROUNDS_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  /* A reader that went away is an error of write(), not the end of us. */
  signal (SIGPIPE, SIG_IGN);

  rounds_log_init ();
  rounds_secret_harden_process ();
  cli.profile = rounds_vault_default_folder ();
  cli.cancellable = g_cancellable_new ();
  g_thread_unref (g_thread_new ("signals", watch_signals, cli.cancellable));

  if (take_globals (&cli, argc, argv, rest))
    code = dispatch (&cli, rest);
  /* An answer that nobody got is no answer. */
  if ((fflush (stdout) != 0 || ferror (stdout)) && code == ROUNDS_EXIT_DONE)
    {
      rounds_cli_complain (_("standard output: %s"), g_strerror (errno));
      code = ROUNDS_EXIT_REJECTED;
    }

  if (cli.store != NULL)
    rounds_store_close (cli.store);
  g_clear_object (&cli.store);
  g_clear_object (&cli.vault);
  g_free (cli.profile);
  g_free (cli.passphrase_file);
  return code;
}
