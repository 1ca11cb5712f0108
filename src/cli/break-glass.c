/* SPDX-License-Identifier: GPL-3.0-or-later */

/* roundsctl break-glass: opens restricted records for four hours, with a reason that stands in the audit trail. */

#include "cli/cli.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>

#include "base/instant.h"
#include "store/glass.h"

static RoundsExit
start (RoundsCli *cli, const char *name, const char *reason)
{
  g_autofree char *patient = NULL;
  g_autoptr (GError) error = NULL;
  RoundsExit code = ROUNDS_EXIT_DONE;

  if (name != NULL && (patient = rounds_cli_find_patient (cli, name, &code)) == NULL)
    return code;
  if (!rounds_store_break_glass (cli->store, patient, reason, &error))
    return rounds_cli_fail (error);
  return ROUNDS_EXIT_DONE;
}

static RoundsExit
status (RoundsCli *cli)
{
  RoundsGlass glass = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean open = rounds_store_get_glass (cli->store, NULL, &glass);
  guint hidden = 0;

  if (!rounds_store_count_hidden (cli->store, NULL, &hidden, &error))
    {
      rounds_glass_clear (&glass);
      return rounds_cli_fail (error);
    }
  if (cli->json)
    {
      json_object *line = json_object_new_object ();

      rounds_cli_add_bool (line, "open", open);
      rounds_cli_add_text (line, "patient", glass.patient_id);
      rounds_cli_add_text (line, "reason", glass.reason);
      if (open)
        rounds_cli_add_instant (line, "until", glass.until_us);
      else
        rounds_cli_add_text (line, "until", NULL);
      rounds_cli_add_int (line, "hidden", hidden);
      rounds_cli_print_json (line);
    }
  else
    {
      g_autofree char *until = open ? rounds_instant_format_us (glass.until_us) : NULL;

      if (open)
        printf (_("Open until %s: %s\n"), until, glass.reason);
      else
        puts (_("Closed"));
      printf (ngettext ("%u restricted record is hidden\n", "%u restricted records are hidden\n", hidden), hidden);
    }
  rounds_glass_clear (&glass);
  return ROUNDS_EXIT_DONE;
}

static RoundsExit
run (RoundsCli *cli, int argc, char **argv)
{
  g_autofree char *reason = NULL, *patient = NULL;
  const GOptionEntry entries[] = {
    { "reason", 0, 0, G_OPTION_ARG_STRING, &reason, N_("Why, in a few words"), "TEXT" },
    { "patient", 0, 0, G_OPTION_ARG_STRING, &patient, N_("Only this patient’s records"), "PATIENT" },
    { NULL },
  };
  g_auto (GStrv) rest = NULL;
  g_autoptr (GError) error = NULL;
  gboolean helped = FALSE;
  const char *what;
  RoundsExit code;

  if (!rounds_cli_parse (&rounds_command_break_glass, NULL, argc, argv, entries, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  what = g_strv_length (rest) == 1 ? rest[0] : "";
  if (!g_str_equal (what, "start") && !g_str_equal (what, "stop") && !g_str_equal (what, "status"))
    return rounds_cli_usage (&rounds_command_break_glass, _("break-glass start, stop or status?"));
  if (g_str_equal (what, "start") && reason == NULL)
    return rounds_cli_usage (&rounds_command_break_glass, _("break-glass start wants --reason"));
  code = rounds_cli_open (cli);
  if (code == ROUNDS_EXIT_DONE && g_str_equal (what, "start"))
    code = start (cli, patient, reason);
  else if (code == ROUNDS_EXIT_DONE && g_str_equal (what, "stop") && !rounds_store_end_glass (cli->store, &error))
    code = rounds_cli_fail (error);
  return code == ROUNDS_EXIT_DONE ? status (cli) : code;
}

void
rounds_cli_tell_hidden_waiting (RoundsCli *cli)
{
  guint n = 0;

  if (rounds_store_count_hidden_waiting (cli->store, &n, NULL) && n > 0)
    rounds_cli_complain (ngettext ("%u change that waits is restricted and not shown: see roundsctl break-glass",
                                   "%u changes that wait are restricted and not shown: see roundsctl break-glass", n), n);
}

const RoundsCommand rounds_command_break_glass = {
  "break-glass", "start --reason TEXT [--patient PATIENT] | stop | status",
  N_("Restricted records in an emergency"), run,
};
