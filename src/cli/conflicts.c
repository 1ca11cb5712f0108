/* SPDX-License-Identifier: GPL-3.0-or-later */

/* roundsctl conflicts: what was changed in two places. A decision becomes a change on top of theirs; the loser
 * stays in the history.
 */

#include "cli/cli.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>

#include "fhir/merge.h"
#include "store/outbox.h"

static json_object *
conflict_json (const RoundsConflict *conflict, gboolean whole)
{
  json_object *line = json_object_new_object (), *paths = json_object_new_array ();

  for (guint i = 0; conflict->paths != NULL && conflict->paths[i] != NULL; i++)
    json_object_array_add (paths, json_object_new_string (conflict->paths[i]));
  rounds_cli_add_text (line, "type", conflict->type);
  rounds_cli_add_text (line, "id", conflict->id);
  json_object_object_add (line, "paths", paths);
  rounds_cli_add_text (line, "status", conflict->status);
  if (whole)
    {
      const char *texts[] = { conflict->base, conflict->mine, conflict->theirs };
      static const char *const names[] = { "base", "mine", "theirs" };

      for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
        json_object_object_add (line, names[i], texts[i] != NULL ? rounds_json_parse (texts[i], -1, NULL) : NULL);
    }
  return line;
}

static RoundsExit
list (RoundsCli *cli)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) conflicts = rounds_store_conflict_list (cli->store, &error);

  if (conflicts == NULL)
    return rounds_cli_fail (error);
  rounds_cli_tell_hidden_waiting (cli);
  for (guint i = 0; i < conflicts->len; i++)
    {
      const RoundsConflict *conflict = conflicts->pdata[i];
      g_autofree char *paths = conflict->paths != NULL ? g_strjoinv (", ", conflict->paths) : g_strdup ("");

      if (cli->json)
        rounds_cli_print_json (conflict_json (conflict, FALSE));
      else
        rounds_cli_print_line ("%s/%s  %s", conflict->type, conflict->id, paths);
    }
  return ROUNDS_EXIT_DONE;
}

static RoundsConflict *
get (RoundsCli *cli, const char *reference, RoundsExit *code)
{
  g_auto (GStrv) parts = g_strsplit (reference, "/", 2);
  g_autoptr (GPtrArray) conflicts = NULL;
  g_autoptr (GError) error = NULL;
  RoundsConflict *conflict = NULL;

  /* A bare id is enough where only one conflict has it. */
  if (parts[0] != NULL && parts[1] == NULL)
    {
      const RoundsConflict *found = NULL;
      guint n = 0;

      conflicts = rounds_store_conflict_list (cli->store, &error);
      for (guint i = 0; conflicts != NULL && i < conflicts->len; i++)
        {
          const RoundsConflict *one = conflicts->pdata[i];

          if (g_str_equal (one->id, parts[0]))
            {
              found = one;
              n++;
            }
        }
      if (n == 1)
        conflict = rounds_store_conflict_get (cli->store, found->type, found->id, &error);
    }
  else if (parts[0] != NULL)
    conflict = rounds_store_conflict_get (cli->store, parts[0], parts[1], &error);
  if (conflict == NULL)
    {
      *code = ROUNDS_EXIT_REJECTED;
      if (error != NULL)
        *code = rounds_cli_fail (error);
      else
        rounds_cli_complain (_("there is no conflict of %s"), reference);
    }
  return conflict;
}

static json_object *
parse_or_null (const char *text)
{
  return text != NULL ? rounds_json_parse (text, -1, NULL) : NULL;
}

static RoundsExit
resolve (RoundsCli *cli, const RoundsConflict *conflict, RoundsMergeKeep keep)
{
  g_autoptr (json_object) base = parse_or_null (conflict->base), mine = parse_or_null (conflict->mine);
  g_autoptr (json_object) theirs = parse_or_null (conflict->theirs);
  g_autoptr (json_object) merged = rounds_merge_resolve (base, mine, theirs, keep);
  g_autofree char *text = merged != NULL ? rounds_json_print (merged) : NULL;
  g_autoptr (GError) error = NULL;

  if (!rounds_store_conflict_resolve (cli->store, conflict->type, conflict->id, text, &error))
    return rounds_cli_fail (error);
  return ROUNDS_EXIT_DONE;
}

static RoundsExit
run (RoundsCli *cli, int argc, char **argv)
{
  g_autofree char *keep_text = NULL;
  const GOptionEntry entries[] = {
    { "keep", 0, 0, G_OPTION_ARG_STRING, &keep_text, N_("mine, theirs or base"), "SIDE" },
    { NULL },
  };
  g_auto (GStrv) rest = NULL;
  gboolean helped = FALSE;
  RoundsMergeKeep keep = ROUNDS_MERGE_KEEP_MINE;
  RoundsConflict *conflict = NULL;
  guint n = 0;
  RoundsExit code;

  if (!rounds_cli_parse (&rounds_command_conflicts, NULL, argc, argv, entries, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  n = g_strv_length (rest);
  if (n == 2 && g_str_equal (rest[0], "resolve"))
    {
      if (g_strcmp0 (keep_text, "mine") != 0 && g_strcmp0 (keep_text, "theirs") != 0 &&
          g_strcmp0 (keep_text, "base") != 0)
        return rounds_cli_usage (&rounds_command_conflicts, _("--keep mine, theirs or base?"));
      keep = g_str_equal (keep_text, "mine")     ? ROUNDS_MERGE_KEEP_MINE
             : g_str_equal (keep_text, "theirs") ? ROUNDS_MERGE_KEEP_THEIRS
                                                 : ROUNDS_MERGE_KEEP_BASE;
    }
  else if (keep_text != NULL || !((n == 1 && g_str_equal (rest[0], "list")) ||
                                  (n == 2 && g_str_equal (rest[0], "show"))))
    return rounds_cli_usage (&rounds_command_conflicts, _("conflicts list, show or resolve?"));
  code = rounds_cli_open (cli);
  if (code != ROUNDS_EXIT_DONE)
    return code;
  if (n == 1)
    return list (cli);
  conflict = get (cli, rest[1], &code);
  if (conflict == NULL)
    return code;
  if (g_str_equal (rest[0], "show"))
    {
      json_object *line = conflict_json (conflict, TRUE);

      if (cli->json)
        rounds_cli_print_json (line);
      else
        rounds_cli_print_pretty (line);
    }
  else
    code = resolve (cli, conflict, keep);
  rounds_conflict_free (conflict);
  return code;
}

const RoundsCommand rounds_command_conflicts = {
  "conflicts", "list | show ID | resolve ID --keep mine|theirs|base", N_("What was changed in two places"), run,
};
