/* SPDX-License-Identifier: GPL-3.0-or-later */

/* roundsctl sync: passes over one connection, or over all of them. */

#include "cli/cli.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>

#include "cloud/error.h"
#include "sync/connection.h"
#include "sync/session.h"

static void
print_report (RoundsCli *cli, const char *name, const RoundsSyncReport *report)
{
  for (guint i = 0; report->notes != NULL && report->notes[i] != NULL; i++)
    rounds_cli_complain ("%s: %s", name, report->notes[i]);
  if (report->first_sync && report->first_total > 0)
    rounds_cli_complain (_("%s: the first sync is not through yet: %u of %u records are here; the next sync goes on there"),
                         name, (guint) MIN (report->first_done, G_MAXUINT), (guint) MIN (report->first_total, G_MAXUINT));
  else if (report->first_sync)
    rounds_cli_complain (_("%s: the first sync is not through yet; the next sync goes on where it is"), name);
  if (!cli->json)
    {
      printf (_("%s: %u sent, %u received, %u to decide, %u refused, %u waiting, %.1f s%s\n"), name, report->pushed,
              report->pulled, report->conflicts, report->quarantined, report->pending, report->seconds,
              report->complete ? "" : _(", not complete"));
      return;
    }
  json_object *line = json_object_new_object ();

  rounds_cli_add_text (line, "name", name);
  rounds_cli_add_int (line, "pushed", report->pushed);
  rounds_cli_add_int (line, "pulled", report->pulled);
  rounds_cli_add_int (line, "conflicts", report->conflicts);
  rounds_cli_add_int (line, "quarantined", report->quarantined);
  rounds_cli_add_int (line, "pending", report->pending);
  rounds_cli_add_bool (line, "complete", report->complete);
  rounds_cli_add_bool (line, "first_sync", report->first_sync);
  if (report->first_sync)
    {
      rounds_cli_add_int (line, "first_done", (gint64) report->first_done);
      rounds_cli_add_int (line, "first_total", (gint64) report->first_total);
    }
  rounds_cli_add_double (line, "seconds", (double) (gint64) (report->seconds * 1000) / 1000);
  rounds_cli_print_json (line);
}

static RoundsExit
sync_one (RoundsCli *cli, const char *name, gboolean once)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsConnection) connection = rounds_connection_load (cli->store, name, &error);
  g_autoptr (RoundsSync) sync = NULL;
  RoundsSyncReport report = { 0 };
  gboolean ok = FALSE, left = FALSE;

  if (connection == NULL)
    return rounds_cli_fail (error);
  sync = rounds_sync_new (cli->store, name);
  ok = rounds_sync_run (sync, once, cli->cancellable, &report, &error);
  left = report.conflicts > 0 || report.quarantined > 0;
  print_report (cli, name, &report);
  rounds_sync_report_clear (&report);
  if (!ok)
    return rounds_cli_fail (error);
  return left ? ROUNDS_EXIT_CONFLICTS : ROUNDS_EXIT_DONE;
}

static RoundsExit
run (RoundsCli *cli, int argc, char **argv)
{
  gboolean once = FALSE, helped = FALSE;
  const GOptionEntry entries[] = {
    { "once", 0, 0, G_OPTION_ARG_NONE, &once, N_("One pass, without waiting"), NULL },
    { NULL },
  };
  g_auto (GStrv) rest = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) connections = NULL;
  RoundsExit code, worst = ROUNDS_EXIT_DONE;

  if (!rounds_cli_parse (&rounds_command_sync, NULL, argc, argv, entries, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  if (g_strv_length (rest) > 1)
    return rounds_cli_usage (&rounds_command_sync, _("sync with one connection at a time"));
  code = rounds_cli_open (cli);
  if (code != ROUNDS_EXIT_DONE)
    return code;
  if (rest[0] != NULL)
    return sync_one (cli, rest[0], once);
  connections = rounds_connection_list (cli->store, &error);
  if (connections == NULL)
    return rounds_cli_fail (error);
  if (connections->len == 0)
    {
      rounds_cli_complain (_("there is no connection: roundsctl cloud add"));
      return ROUNDS_EXIT_REJECTED;
    }
  if (connections->len > 1 && !once)
    return rounds_cli_usage (&rounds_command_sync, _("there are several connections: name one, or give --once"));
  for (guint i = 0; i < connections->len; i++)
    {
      code = sync_one (cli, ((RoundsConnection *) connections->pdata[i])->name, once);
      /* A cloud that cannot be reached wins over what waits for a person. */
      if (code == ROUNDS_EXIT_CLOUD || (worst != ROUNDS_EXIT_CLOUD && code != ROUNDS_EXIT_DONE))
        worst = code;
    }
  return worst;
}

const RoundsCommand rounds_command_sync = {
  "sync", "[NAME] [--once]", N_("Send and fetch changes"), run,
};
