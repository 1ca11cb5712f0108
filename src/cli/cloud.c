/* SPDX-License-Identifier: GPL-3.0-or-later */

/* roundsctl cloud: connections. Adding one contacts nobody; a password comes from a file, never from argv. */

#include "cli/cli.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>

#include "sync/sign-in.h"

/* Options of add. */
typedef struct {
  char *fhir, *dicomweb, *auth, *user, *password_file, *token_file, *client_id, *scope, *client_cert, *client_key_file,
    *ca_file;
  char **pins;
} Add;

static void
add_clear (Add *self)
{
  char **all[] = { &self->fhir, &self->dicomweb, &self->auth, &self->user, &self->password_file, &self->token_file,
                   &self->client_id, &self->scope, &self->client_cert, &self->client_key_file, &self->ca_file };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    g_clear_pointer (all[i], g_free);
  g_clear_pointer (&self->pins, g_strfreev);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Add, add_clear)

static gboolean
is_auth (const Add *options, const char *kind)
{
  return g_strcmp0 (options->auth, kind) == 0;
}

/* What is wrong with the options, or NULL. */
static const char *
find_fault (const Add *options)
{
  if (options->fhir == NULL && options->dicomweb == NULL)
    return _("cloud add wants a name and --fhir or --dicomweb");
  if (is_auth (options, "basic") && (options->user == NULL || options->password_file == NULL))
    return _("--auth basic wants --user and --password-file");
  if (is_auth (options, "bearer") && options->token_file == NULL)
    return _("--auth bearer wants --token-file");
  if ((is_auth (options, "smart") || is_auth (options, "backend")) &&
      (options->fhir == NULL || options->client_id == NULL))
    return _("--auth smart and --auth backend want --fhir and --client-id");
  if ((options->client_cert == NULL) != (options->client_key_file == NULL))
    return _("--client-cert and --client-key-file go together");
  return NULL;
}

static RoundsSecret *
read_secret (const char *path)
{
  RoundsCli from = { .passphrase_fd = -1, .passphrase_file = (char *) path };

  return rounds_cli_read_passphrase (&from);
}

/* FALSE: it was complained about. */
static gboolean
fill (RoundsConnection *connection, Add *options, RoundsSecret **secret)
{
  g_autoptr (GError) error = NULL;

  g_free (connection->auth);
  connection->auth = g_strdup (options->auth != NULL ? options->auth : "none");
  connection->fhir_url = g_steal_pointer (&options->fhir);
  connection->dicomweb_url = g_steal_pointer (&options->dicomweb);
  connection->ca_file = g_steal_pointer (&options->ca_file);
  connection->user = is_auth (options, "basic") ? g_steal_pointer (&options->user) : NULL;
  connection->client_id = g_steal_pointer (&options->client_id);
  connection->scope = g_steal_pointer (&options->scope);
  connection->pins = options->pins != NULL ? g_strjoinv (";", options->pins) : NULL;
  if ((is_auth (options, "basic") && (*secret = read_secret (options->password_file)) == NULL) ||
      (is_auth (options, "bearer") && (*secret = read_secret (options->token_file)) == NULL))
    return FALSE;
  if (options->client_cert == NULL)
    return TRUE;
  connection->client_cert = rounds_connection_read_pem (options->client_cert, &error);
  if (connection->client_cert == NULL)
    {
      rounds_cli_complain ("%s", error->message);
      return FALSE;
    }
  return (connection->client_key = read_secret (options->client_key_file)) != NULL;
}

static RoundsExit
save (RoundsCli *cli, const char *name, Add *options)
{
  g_autoptr (RoundsConnection) connection = rounds_connection_new (name);
  g_autoptr (RoundsSecret) secret = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) warnings = NULL;

  if (!fill (connection, options, &secret))
    return ROUNDS_EXIT_REJECTED;
  if (!rounds_connection_save (cli->store, connection, secret, &error))
    {
      /* Nobody was contacted: settings that cannot be used are the caller's. */
      rounds_cli_complain ("%s", error->message);
      return ROUNDS_EXIT_REJECTED;
    }
  warnings = rounds_connection_warnings (connection);
  for (guint i = 0; warnings != NULL && warnings[i] != NULL; i++)
    rounds_cli_complain ("%s", warnings[i]);
  return ROUNDS_EXIT_DONE;
}

static RoundsExit
add (RoundsCli *cli, int argc, char **argv)
{
  g_auto (Add) o = { NULL };
  const GOptionEntry entries[] = {
    { "fhir", 0, 0, G_OPTION_ARG_STRING, &o.fhir, N_("FHIR R4 base address"), "URL" },
    { "dicomweb", 0, 0, G_OPTION_ARG_STRING, &o.dicomweb, N_("DICOMweb base address"), "URL" },
    { "auth", 0, 0, G_OPTION_ARG_STRING, &o.auth, N_("none, basic, bearer, smart or backend"), "KIND" },
    { "user", 0, 0, G_OPTION_ARG_STRING, &o.user, N_("User of basic"), "U" },
    { "password-file", 0, 0, G_OPTION_ARG_FILENAME, &o.password_file, N_("Password of basic"), "F" },
    { "token-file", 0, 0, G_OPTION_ARG_FILENAME, &o.token_file, N_("Token of bearer"), "F" },
    { "client-id", 0, 0, G_OPTION_ARG_STRING, &o.client_id, N_("Name of Rounds at the server, for smart and backend"),
      "ID" },
    { "scope", 0, 0, G_OPTION_ARG_STRING, &o.scope, N_("What to ask for, instead of what Rounds needs"), "WORDS" },
    { "client-cert", 0, 0, G_OPTION_ARG_FILENAME, &o.client_cert, N_("Certificate of this installation (PEM)"), "F" },
    { "client-key-file", 0, 0, G_OPTION_ARG_FILENAME, &o.client_key_file, N_("Its private key (PEM); kept in the vault"),
      "F" },
    { "ca-file", 0, 0, G_OPTION_ARG_FILENAME, &o.ca_file, N_("Further certificate authorities (PEM)"), "F" },
    { "pin", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o.pins, N_("A key that the server may have, sha256//BASE64; give two"),
      "P" },
    { NULL },
  };
  g_auto (GStrv) rest = NULL;
  gboolean helped = FALSE;
  const char *fault;
  RoundsExit code;

  if (!rounds_cli_parse (&rounds_command_cloud, "add", argc, argv, entries, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  if (g_strv_length (rest) != 1)
    return rounds_cli_usage (&rounds_command_cloud, _("cloud add wants a name and --fhir or --dicomweb"));
  if (o.auth != NULL && !is_auth (&o, "basic") && !is_auth (&o, "bearer") && !is_auth (&o, "smart") &&
      !is_auth (&o, "backend") && !is_auth (&o, "none"))
    return rounds_cli_usage (&rounds_command_cloud, _("“%s” is no way to sign in"), o.auth);
  fault = find_fault (&o);
  if (fault != NULL)
    return rounds_cli_usage (&rounds_command_cloud, "%s", fault);
  code = rounds_cli_open (cli);
  return code == ROUNDS_EXIT_DONE ? save (cli, rest[0], &o) : code;
}

/* --- signing in -------------------------------------------------------------------------------------------- */

static void
print_url (const char *url, gpointer user_data)
{
  RoundsCli *cli = user_data;
  json_object *line;

  if (!cli->json)
    {
      rounds_cli_complain (_("open this address in a browser on this computer:"));
      rounds_cli_print_line ("%s", url);
      fflush (stdout);
      return;
    }
  line = json_object_new_object ();
  rounds_cli_add_text (line, "url", url);
  rounds_cli_print_json (line);
}

static RoundsExit
sign_in (RoundsCli *cli, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsConnection) connection = NULL;
  g_autofree char *who = NULL;
  json_object *line;

  if (!rounds_sign_in (cli->store, name, 0, print_url, cli, cli->cancellable, &error))
    return rounds_cli_fail (error);
  connection = rounds_connection_load (cli->store, name, NULL);
  if (connection != NULL)
    rounds_sign_in_get_state (cli->store, connection, &who);
  if (!cli->json)
    {
      rounds_cli_complain (who != NULL ? _("signed in as %s") : _("signed in"), who);
      return ROUNDS_EXIT_DONE;
    }
  line = json_object_new_object ();
  rounds_cli_add_text (line, "name", name);
  rounds_cli_add_bool (line, "signed_in", TRUE);
  rounds_cli_add_text (line, "who", who);
  rounds_cli_print_json (line);
  return ROUNDS_EXIT_DONE;
}

static RoundsExit
sign_out (RoundsCli *cli, const char *name)
{
  g_autoptr (GError) error = NULL;
  gboolean told = FALSE;

  if (!rounds_sign_out (cli->store, name, &told, cli->cancellable, &error))
    return rounds_cli_fail (error);
  if (!told)
    rounds_cli_complain (_("signed out here; the server was not told and ends the sign-in by its own clock"));
  return ROUNDS_EXIT_DONE;
}

static RoundsExit
print_key (RoundsCli *cli, const char *name, gboolean anew)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *jwks = rounds_connection_dup_jwks (cli->store, name, anew, &error);

  if (jwks == NULL)
    {
      /* Nobody was contacted. */
      rounds_cli_complain ("%s", error->message);
      return ROUNDS_EXIT_REJECTED;
    }
  rounds_cli_print_json_text (jwks);
  return ROUNDS_EXIT_DONE;
}

static const char *
state_word (RoundsSignInState state)
{
  return state == ROUNDS_SIGN_IN_DONE ? "done" : state == ROUNDS_SIGN_IN_NEEDED ? "needed" : NULL;
}

static void
print_connection (RoundsCli *cli, const RoundsConnection *connection, const RoundsServerProfile *profile)
{
  g_autofree char *words = profile != NULL ? rounds_server_profile_describe (profile) : NULL;
  RoundsSignInState state = rounds_sign_in_get_state (cli->store, connection, NULL);

  if (!cli->json)
    {
      rounds_cli_print_line ("%s  %s%s%s%s%s", connection->name, connection->fhir_url != NULL ? connection->fhir_url : "",
                             connection->dicomweb_url != NULL ? "  " : "",
                             connection->dicomweb_url != NULL ? connection->dicomweb_url : "", words != NULL ? "  " : "",
                             words != NULL ? words : "");
      for (guint i = 0; profile != NULL && profile->warnings != NULL && profile->warnings[i] != NULL; i++)
        rounds_cli_print_line ("  %s", profile->warnings[i]);
      if (state == ROUNDS_SIGN_IN_NEEDED)
        rounds_cli_print_line ("  %s", _("Nobody is signed in: roundsctl cloud sign-in"));
      return;
    }
  json_object *line = json_object_new_object (), *warnings = json_object_new_array ();

  for (guint i = 0; profile != NULL && profile->warnings != NULL && profile->warnings[i] != NULL; i++)
    json_object_array_add (warnings, json_object_new_string (profile->warnings[i]));
  rounds_cli_add_text (line, "name", connection->name);
  rounds_cli_add_text (line, "fhir", connection->fhir_url);
  rounds_cli_add_text (line, "dicomweb", connection->dicomweb_url);
  rounds_cli_add_text (line, "auth", connection->auth);
  rounds_cli_add_text (line, "sign_in", state_word (state));
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
  static const char *const verbs[] = { "list", "probe", "remove", "sign-in", "sign-out", "key", NULL };
  const char *what = argc > 1 ? argv[1] : "";
  gboolean helped = FALSE, anew = FALSE, is_key = g_str_equal (what, "key");
  const GOptionEntry key_entries[] = {
    { "new", 0, 0, G_OPTION_ARG_NONE, &anew, N_("Make a new key; the old one is worth nothing then"), NULL },
    { NULL },
  };
  g_auto (GStrv) rest = NULL;
  g_autoptr (GError) error = NULL;
  RoundsExit code;

  if (g_str_equal (what, "add"))
    return add (cli, argc - 1, argv + 1);
  if (g_str_equal (what, "--help") || g_str_equal (what, "-h"))
    return rounds_cli_help (&rounds_command_cloud);
  if (!g_strv_contains (verbs, what))
    return rounds_cli_usage (&rounds_command_cloud, _("cloud add, list, probe, sign-in, sign-out, key or remove?"));
  if (!rounds_cli_parse (&rounds_command_cloud, what, argc - 1, argv + 1, is_key ? key_entries : NULL, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  if (g_strv_length (rest) != (g_str_equal (what, "list") ? 0 : 1))
    return rounds_cli_usage (&rounds_command_cloud, _("cloud add, list, probe, sign-in, sign-out, key or remove?"));
  code = rounds_cli_open (cli);
  if (code != ROUNDS_EXIT_DONE)
    return code;
  if (g_str_equal (what, "list"))
    return list (cli);
  if (g_str_equal (what, "probe"))
    return probe (cli, rest[0]);
  if (g_str_equal (what, "sign-in"))
    return sign_in (cli, rest[0]);
  if (g_str_equal (what, "sign-out"))
    return sign_out (cli, rest[0]);
  if (is_key)
    return print_key (cli, rest[0], anew);
  if (!rounds_connection_remove (cli->store, rest[0], &error))
    return rounds_cli_fail (error);
  return ROUNDS_EXIT_DONE;
}

const RoundsCommand rounds_command_cloud = {
  "cloud",
  "add NAME --fhir URL [--dicomweb URL] [--auth none | basic --user U --password-file F | bearer --token-file F | "
  "smart --client-id ID [--scope S] | backend --client-id ID [--scope S]] [--client-cert F --client-key-file F] "
  "[--ca-file F] [--pin P …] | list | probe NAME | sign-in NAME | sign-out NAME | key NAME [--new] | remove NAME",
  N_("Connections to FHIR and DICOMweb servers"), run,
};
