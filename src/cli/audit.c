/* SPDX-License-Identifier: GPL-3.0-or-later */

/* roundsctl audit: proves or disproves the trail, and prints it. */

#include "cli/cli.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/instant.h"
#include "sync/anchor.h"

#define PAGE 1000

static RoundsExit
verify (RoundsCli *cli)
{
  RoundsAuditState state = { 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *trouble = rounds_anchor_dup_trouble (cli->store);
  gboolean ok = FALSE;

  if (!rounds_store_audit_verify (cli->store, &state, &error))
    return rounds_cli_fail (error);
  ok = state.ok;
  if (cli->json)
    {
      json_object *line = json_object_new_object ();

      rounds_cli_add_int (line, "rows", state.rows);
      rounds_cli_add_text (line, "head", state.head);
      rounds_cli_add_bool (line, "ok", state.ok);
      if (state.ok)
        rounds_cli_add_text (line, "first_bad", NULL);
      else
        rounds_cli_add_int (line, "first_bad", state.first_bad);
      rounds_cli_add_text (line, "anchor", trouble != NULL ? "differs" : NULL);
      rounds_cli_print_json (line);
    }
  else if (ok)
    printf (_("%" PRIu64 " entries, intact\n"), state.rows);
  else
    printf (_("Tampered with: entry %" PRIu64 " is the first that does not fit\n"), state.first_bad);
  rounds_audit_state_clear (&state);
  if (trouble != NULL)
    rounds_cli_complain ("%s", trouble);
  return ok && trouble == NULL ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_DAMAGED;
}

static void
print_row (RoundsCli *cli, const RoundsAuditRow *row)
{
  if (!cli->json)
    {
      g_autofree char *when = rounds_instant_format_us (row->when_us);

      rounds_cli_print_line ("%6" G_GUINT64_FORMAT "  %s  %-20s %-10s %s%s%s %s", row->seq, when, row->who, row->action,
                             row->type != NULL ? row->type : "", row->id != NULL ? "/" : "", row->id != NULL ? row->id : "",
                             row->detail != NULL ? row->detail : "");
      return;
    }
  json_object *line = json_object_new_object ();

  rounds_cli_add_int (line, "seq", row->seq);
  rounds_cli_add_instant (line, "when", row->when_us);
  rounds_cli_add_text (line, "who", row->who);
  rounds_cli_add_text (line, "action", row->action);
  rounds_cli_add_text (line, "type", row->type);
  rounds_cli_add_text (line, "id", row->id);
  rounds_cli_add_text (line, "detail", row->detail);
  rounds_cli_add_text (line, "hash", row->hash);
  rounds_cli_print_json (line);
}

static RoundsExit
export_rows (RoundsCli *cli)
{
  guint64 after = 0;

  while (TRUE)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GPtrArray) rows = rounds_store_audit_list (cli->store, after, PAGE, &error);

      if (rows == NULL)
        return rounds_cli_fail (error);
      for (guint i = 0; i < rows->len; i++)
        {
          const RoundsAuditRow *row = rows->pdata[i];

          print_row (cli, row);
          after = row->seq;
        }
      if (rows->len < PAGE)
        return ROUNDS_EXIT_DONE;
    }
}

/* The cache was put back on purpose, from a backup: the cloud's longer trail is overruled, and that is on record. */
static RoundsExit
accept (RoundsCli *cli)
{
  g_autoptr (GError) error = NULL;

  return rounds_anchor_accept (cli->store, &error) ? ROUNDS_EXIT_DONE : rounds_cli_fail (error);
}

static RoundsExit
run (RoundsCli *cli, int argc, char **argv)
{
  g_auto (GStrv) rest = NULL;
  gboolean helped = FALSE;
  RoundsExit code;

  if (!rounds_cli_parse (&rounds_command_audit, NULL, argc, argv, NULL, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  if (g_strv_length (rest) != 1 || (!g_str_equal (rest[0], "verify") && !g_str_equal (rest[0], "export") &&
                                    !g_str_equal (rest[0], "accept")))
    return rounds_cli_usage (&rounds_command_audit, _("audit verify, export or accept?"));
  code = rounds_cli_open (cli);
  if (code != ROUNDS_EXIT_DONE)
    return code;
  if (g_str_equal (rest[0], "accept"))
    return accept (cli);
  return g_str_equal (rest[0], "verify") ? verify (cli) : export_rows (cli);
}

const RoundsCommand rounds_command_audit = {
  "audit", "verify | export | accept", N_("The trail of who saw and changed what"), run,
};
