/* SPDX-License-Identifier: GPL-3.0-or-later */

/* roundsctl patients: the window's type-ahead search. */

#include "cli/cli.h"

#include <glib/gi18n-lib.h>

static RoundsExit
run (RoundsCli *cli, int argc, char **argv)
{
  int limit = 0;
  gboolean helped = FALSE;
  const GOptionEntry entries[] = {
    { "limit", 0, 0, G_OPTION_ARG_INT, &limit, N_("At most this many"), "N" },
    { NULL },
  };
  g_auto (GStrv) rest = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) hits = NULL;
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  g_autofree char *query = NULL;
  RoundsExit code;

  if (!rounds_cli_parse (&rounds_command_patients, NULL, argc, argv, entries, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  if (limit < 0)
    return rounds_cli_usage (&rounds_command_patients, _("--limit is below zero"));
  code = rounds_cli_open (cli);
  if (code != ROUNDS_EXIT_DONE)
    return code;
  query = g_strjoinv (" ", rest);
  hits = rounds_store_find_patients (cli->store, query, limit, &error);
  if (hits == NULL)
    return rounds_cli_fail (error);
  for (guint i = 0; i < hits->len; i++)
    {
      const RoundsPatientHit *hit = hits->pdata[i];
      const char *cells[] = { hit->name, hit->birth_date != NULL ? hit->birth_date : "",
                              hit->sex != NULL ? hit->sex : "", hit->id, NULL };

      if (!cli->json)
        g_ptr_array_add (rows, g_strdupv ((char **) cells));
      else
        {
          json_object *line = json_object_new_object (), *identifiers = json_object_new_array ();
          g_auto (GStrv) parts = g_strsplit (hit->identifiers != NULL ? hit->identifiers : "", " ", -1);

          for (guint k = 0; parts[k] != NULL; k++)
            if (*parts[k] != '\0')
              json_object_array_add (identifiers, json_object_new_string (parts[k]));
          rounds_cli_add_text (line, "id", hit->id);
          rounds_cli_add_text (line, "name", hit->name);
          rounds_cli_add_text (line, "birth_date", hit->birth_date);
          rounds_cli_add_text (line, "sex", hit->sex);
          json_object_object_add (line, "identifiers", identifiers);
          rounds_cli_print_json (line);
        }
    }
  if (!cli->json)
    rounds_cli_print_table ((const char *const[]) { _("NAME"), _("BORN"), _("SEX"), _("ID"), NULL }, rows);
  return ROUNDS_EXIT_DONE;
}

const RoundsCommand rounds_command_patients = {
  "patients", "[QUERY] [--limit N]", N_("Find patients by name, number, birth date or phone"), run,
};
