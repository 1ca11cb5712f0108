/* SPDX-License-Identifier: GPL-3.0-or-later */

/* roundsctl import: one line a file as it is done, then the summary. */

#include "cli/cli.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>

#include "cli/import-report.h"

void
rounds_cli_report_import (const RoundsImportReport *report, guint done, guint total, gpointer data)
{
  RoundsCli *cli = data;

  if (cli->json)
    {
      json_object *line = json_object_new_object ();

      rounds_cli_add_text (line, "path", report->path);
      rounds_cli_add_text (line, "kind", rounds_import_kind_to_string (report->kind));
      rounds_cli_add_text (line, "status", rounds_import_status_to_string (report->status));
      rounds_cli_add_text (line, "detail", report->detail);
      rounds_cli_add_int (line, "count", report->count);
      rounds_cli_print_json (line);
      return;
    }
  rounds_cli_print_line ("%-10s %-10s %6u  %s%s%s", rounds_import_status_to_string (report->status),
                         rounds_import_kind_to_string (report->kind), report->count, report->path,
                         report->detail != NULL ? ": " : "", report->detail != NULL ? report->detail : "");
  fflush (stdout);
}

static void
report_summary (RoundsCli *cli, const RoundsImportSummary *summary)
{
  json_object *line = NULL, *inner = NULL, *statuses = NULL, *kinds = NULL;

  if (!cli->json)
    {
      printf (_("%u files: %u imported, %u updated, %u unchanged, %u rejected\n"), summary->files,
              summary->by_status[ROUNDS_STATUS_IMPORTED], summary->by_status[ROUNDS_STATUS_UPDATED],
              summary->by_status[ROUNDS_STATUS_UNCHANGED], summary->by_status[ROUNDS_STATUS_REJECTED]);
      return;
    }
  line = json_object_new_object ();
  inner = json_object_new_object ();
  statuses = json_object_new_object ();
  kinds = json_object_new_object ();
  for (int i = 0; i < ROUNDS_N_STATUSES; i++)
    rounds_cli_add_int (statuses, rounds_import_status_to_string (i), summary->by_status[i]);
  for (int i = 0; i < ROUNDS_N_KINDS; i++)
    if (summary->by_kind[i] > 0)
      rounds_cli_add_int (kinds, rounds_import_kind_to_string (i), summary->by_kind[i]);
  rounds_cli_add_int (inner, "files", summary->files);
  json_object_object_add (inner, "status", statuses);
  json_object_object_add (inner, "kind", kinds);
  json_object_object_add (line, "summary", inner);
  rounds_cli_print_json (line);
}

static RoundsExit
run (RoundsCli *cli, int argc, char **argv)
{
  gboolean as_known = FALSE, helped = FALSE;
  const GOptionEntry entries[] = {
    { "as-known", 0, 0, G_OPTION_ARG_NONE, &as_known, N_("The cloud has these already: nothing waits to be sent"),
      NULL },
    { NULL },
  };
  g_auto (GStrv) rest = NULL;
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  RoundsImportOptions options = { 0 };
  RoundsImportSummary summary = { 0 };
  RoundsExit code;

  if (!rounds_cli_parse (&rounds_command_import, NULL, argc, argv, entries, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  if (rest[0] == NULL)
    return rounds_cli_usage (&rounds_command_import, _("import what?"));
  code = rounds_cli_open (cli);
  if (code != ROUNDS_EXIT_DONE)
    return code;
  for (guint i = 0; rest[i] != NULL; i++)
    g_ptr_array_add (paths, g_strdup (rest[i]));
  g_ptr_array_add (paths, NULL);
  options.as_known = as_known;
  if (!rounds_import_paths (cli->store, (const char *const *) paths->pdata, &options, rounds_cli_report_import, cli,
                            &summary, cli->cancellable, &error))
    {
      report_summary (cli, &summary);
      return rounds_cli_fail (error);
    }
  report_summary (cli, &summary);
  return summary.refused_any ? ROUNDS_EXIT_REJECTED : ROUNDS_EXIT_DONE;
}

const RoundsCommand rounds_command_import = {
  "import", "[--as-known] PATH…", N_("Take FHIR, DICOM, vitals CSV and WFDB files"), run,
};
