/* SPDX-License-Identifier: GPL-3.0-or-later */

/* roundsctl search: FHIR's search syntax over the cache. One resource a line, or their number. */

#include "cli/cli.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <unistd.h>

#include "store/search.h"

/* The first search by a parameter builds its index: whoever sits there sees how far it is. */
static void
progress_cb (guint64 done, guint64 total, gpointer data)
{
  g_autofree char *so_far = g_strdup_printf ("%" G_GUINT64_FORMAT, done);
  g_autofree char *all = g_strdup_printf ("%" G_GUINT64_FORMAT, total);

  fprintf (stderr, "\r");
  fprintf (stderr, _("Indexing: %s of %s"), so_far, all);
  fprintf (stderr, done >= total ? "\n" : " ");
  fflush (stderr);
}

static RoundsExit
print_count (RoundsCli *cli, RoundsQuery *query, RoundsSearchProgress progress)
{
  g_autoptr (GError) error = NULL;
  json_object *line;
  guint64 n;

  if (!rounds_store_search_count (cli->store, query, progress, NULL, cli->cancellable, &n, &error))
    return rounds_cli_fail (error);
  if (!cli->json)
    {
      rounds_cli_print_line ("%" G_GUINT64_FORMAT, n);
      return ROUNDS_EXIT_DONE;
    }
  line = json_object_new_object ();
  rounds_cli_add_text (line, "type", rounds_query_get_type (query));
  rounds_cli_add_int (line, "count", (gint64) n);
  rounds_cli_print_json (line);
  return ROUNDS_EXIT_DONE;
}

static RoundsExit
run (RoundsCli *cli, int argc, char **argv)
{
  gboolean count = FALSE, helped = FALSE;
  const GOptionEntry entries[] = {
    { "count", 0, 0, G_OPTION_ARG_NONE, &count, N_("Say only how many there are"), NULL },
    { NULL },
  };
  g_auto (GStrv) rest = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsQuery) query = NULL;
  g_autoptr (GPtrArray) records = NULL;
  g_autofree char *detail = NULL;
  RoundsSearchProgress progress = isatty (STDERR_FILENO) ? progress_cb : NULL;
  RoundsExit code;

  if (!rounds_cli_parse (&rounds_command_search, NULL, argc, argv, entries, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  if (g_strv_length (rest) != 1)
    return rounds_cli_usage (&rounds_command_search, _("give one search, for example 'Patient?name=mar'"));
  query = rounds_query_parse (rest[0], &error);
  if (query == NULL)
    return rounds_cli_usage (&rounds_command_search, "%s", error->message);
  code = rounds_cli_open (cli);
  if (code != ROUNDS_EXIT_DONE)
    return code;
  if (count || rounds_query_is_count_only (query))
    return print_count (cli, query, progress);
  records = rounds_store_search (cli->store, query, progress, NULL, cli->cancellable, &error);
  if (records == NULL)
    return rounds_cli_fail (error);
  /* Ids and values that were asked for stay out of the trail: the type and how many were shown. */
  detail = g_strdup_printf ("search, %u shown", records->len);
  if (!rounds_store_audit (cli->store, "view", rounds_query_get_type (query), NULL, detail, &error))
    return rounds_cli_fail (error);
  for (guint i = 0; i < records->len; i++)
    rounds_cli_print_json_text (((const RoundsRecord *) records->pdata[i])->json);
  fflush (stdout);
  return ROUNDS_EXIT_DONE;
}

const RoundsCommand rounds_command_search = {
  "search", "'TYPE?PARAMETER=VALUE&…' [--count]", N_("Find records by FHIR's search parameters"), run,
};
