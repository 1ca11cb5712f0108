/* SPDX-License-Identifier: GPL-3.0-or-later */

/* roundsctl cloud: connections. Adding one contacts nobody; a password comes from a file, never from argv. */

#include "cli/cli.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>

#include "sync/connection.h"

static RoundsExit
add (RoundsCli *cli, int argc, char **argv)
{
  g_autofree char *fhir = NULL, *dicomweb = NULL, *auth = NULL, *user = NULL, *password_file = NULL,
                  *token_file = NULL, *ca_file = NULL;
  const GOptionEntry entries[] = {
    { "fhir", 0, 0, G_OPTION_ARG_STRING, &fhir, N_("FHIR R4 base address"), "URL" },
    { "dicomweb", 0, 0, G_OPTION_ARG_STRING, &dicomweb, N_("DICOMweb base address"), "URL" },
    { "auth", 0, 0, G_OPTION_ARG_STRING, &auth, N_("none, basic or bearer"), "KIND" },
    { "user", 0, 0, G_OPTION_ARG_STRING, &user, N_("User of basic"), "U" },
    { "password-file", 0, 0, G_OPTION_ARG_FILENAME, &password_file, N_("Password of basic"), "F" },
    { "token-file", 0, 0, G_OPTION_ARG_FILENAME, &token_file, N_("Token of bearer"), "F" },
    { "ca-file", 0, 0, G_OPTION_ARG_FILENAME, &ca_file, N_("A private certificate authority"), "F" },
    { NULL },
  };
  RoundsCli secret_from = { .passphrase_fd = -1 };
  g_autoptr (RoundsConnection) connection = NULL;
  g_autoptr (RoundsSecret) secret = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) rest = NULL;
  gboolean helped = FALSE, basic = FALSE, bearer = FALSE;
  RoundsExit code;

  if (!rounds_cli_parse (&rounds_command_cloud, "add", argc, argv, entries, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  if (g_strv_length (rest) != 1 || (fhir == NULL && dicomweb == NULL))
    return rounds_cli_usage (&rounds_command_cloud, _("cloud add wants a name and --fhir or --dicomweb"));
  basic = g_strcmp0 (auth, "basic") == 0;
  bearer = g_strcmp0 (auth, "bearer") == 0;
  if (g_strcmp0 (auth, "smart") == 0 || g_strcmp0 (auth, "backend") == 0)
    {
      g_autofree char *what = g_strconcat ("--auth ", auth, NULL);

      return rounds_cli_not_yet (what);
    }
  if (auth != NULL && !basic && !bearer && !g_str_equal (auth, "none"))
    return rounds_cli_usage (&rounds_command_cloud, _("“%s” is no way to sign in"), auth);
  if (basic && (user == NULL || password_file == NULL))
    return rounds_cli_usage (&rounds_command_cloud, _("--auth basic wants --user and --password-file"));
  if (bearer && token_file == NULL)
    return rounds_cli_usage (&rounds_command_cloud, _("--auth bearer wants --token-file"));
  code = rounds_cli_open (cli);
  if (code != ROUNDS_EXIT_DONE)
    return code;
  if (basic || bearer)
    {
      secret_from.passphrase_file = basic ? password_file : token_file;
      secret = rounds_cli_read_passphrase (&secret_from);
      if (secret == NULL)
        return ROUNDS_EXIT_REJECTED;
    }
  connection = rounds_connection_new (rest[0]);
  connection->fhir_url = g_steal_pointer (&fhir);
  connection->dicomweb_url = g_steal_pointer (&dicomweb);
  connection->ca_file = g_steal_pointer (&ca_file);
  g_free (connection->auth);
  connection->auth = g_strdup (auth != NULL ? auth : "none");
  connection->user = basic ? g_steal_pointer (&user) : NULL;
  if (!rounds_connection_save (cli->store, connection, secret, &error))
    {
      /* Nobody was contacted: settings that cannot be used are the caller's. */
      rounds_cli_complain ("%s", error->message);
      return ROUNDS_EXIT_REJECTED;
    }
  return ROUNDS_EXIT_DONE;
}

static void
print_connection (RoundsCli *cli, const RoundsConnection *connection, const RoundsServerProfile *profile)
{
  g_autofree char *words = profile != NULL ? rounds_server_profile_describe (profile) : NULL;

  if (!cli->json)
    {
      rounds_cli_print_line ("%s  %s%s%s%s%s", connection->name, connection->fhir_url != NULL ? connection->fhir_url : "",
                             connection->dicomweb_url != NULL ? "  " : "",
                             connection->dicomweb_url != NULL ? connection->dicomweb_url : "", words != NULL ? "  " : "",
                             words != NULL ? words : "");
      for (guint i = 0; profile != NULL && profile->warnings != NULL && profile->warnings[i] != NULL; i++)
        rounds_cli_print_line ("  %s", profile->warnings[i]);
      return;
    }
  json_object *line = json_object_new_object (), *warnings = json_object_new_array ();

  for (guint i = 0; profile != NULL && profile->warnings != NULL && profile->warnings[i] != NULL; i++)
    json_object_array_add (warnings, json_object_new_string (profile->warnings[i]));
  rounds_cli_add_text (line, "name", connection->name);
  rounds_cli_add_text (line, "fhir", connection->fhir_url);
  rounds_cli_add_text (line, "dicomweb", connection->dicomweb_url);
  rounds_cli_add_text (line, "auth", connection->auth);
  json_object_object_add (line, "capabilities", profile != NULL ? rounds_server_profile_to_json (profile) : NULL);
  json_object_object_add (line, "warnings", warnings);
  rounds_cli_print_json (line);
}

static RoundsExit
list (RoundsCli *cli)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) connections = rounds_connection_list (cli->store, &error);

  if (connections == NULL)
    return rounds_cli_fail (error);
  for (guint i = 0; i < connections->len; i++)
    {
      const RoundsConnection *connection = connections->pdata[i];
      g_autoptr (RoundsServerProfile) profile = rounds_connection_dup_profile (cli->store, connection);

      print_connection (cli, connection, profile);
    }
  return ROUNDS_EXIT_DONE;
}

static RoundsExit
probe (RoundsCli *cli, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsConnection) connection = rounds_connection_load (cli->store, name, &error);
  g_autoptr (RoundsServerProfile) profile = NULL;

  if (connection == NULL)
    return rounds_cli_fail (error);
  profile = rounds_connection_probe (cli->store, name, cli->cancellable, &error);
  if (profile == NULL)
    return rounds_cli_fail (error);
  print_connection (cli, connection, profile);
  return ROUNDS_EXIT_DONE;
}

static RoundsExit
run (RoundsCli *cli, int argc, char **argv)
{
  const char *what = argc > 1 ? argv[1] : "";
  g_auto (GStrv) rest = NULL;
  g_autoptr (GError) error = NULL;
  gboolean helped = FALSE;
  RoundsExit code;

  if (g_str_equal (what, "add"))
    return add (cli, argc - 1, argv + 1);
  if (g_str_equal (what, "--help") || g_str_equal (what, "-h"))
    return rounds_cli_help (&rounds_command_cloud);
  if (!g_str_equal (what, "list") && !g_str_equal (what, "probe") && !g_str_equal (what, "remove"))
    return rounds_cli_usage (&rounds_command_cloud, _("cloud add, list, probe or remove?"));
  if (!rounds_cli_parse (&rounds_command_cloud, what, argc - 1, argv + 1, NULL, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  if (g_strv_length (rest) != (g_str_equal (what, "list") ? 0 : 1))
    return rounds_cli_usage (&rounds_command_cloud, _("cloud add, list, probe or remove?"));
  code = rounds_cli_open (cli);
  if (code != ROUNDS_EXIT_DONE)
    return code;
  if (g_str_equal (what, "list"))
    return list (cli);
  if (g_str_equal (what, "probe"))
    return probe (cli, rest[0]);
  if (!rounds_connection_remove (cli->store, rest[0], &error))
    return rounds_cli_fail (error);
  return ROUNDS_EXIT_DONE;
}

const RoundsCommand rounds_command_cloud = {
  "cloud",
  "add NAME --fhir URL [--dicomweb URL] [--auth none | basic --user U --password-file F | bearer --token-file F] "
  "[--ca-file F] | list | probe NAME | remove NAME",
  N_("Connections to FHIR and DICOMweb servers"), run,
};
