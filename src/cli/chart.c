/* SPDX-License-Identifier: GPL-3.0-or-later */

/* roundsctl chart: what the Summary shows, section by section. */

#include "cli/cli.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>

#include "charts/summary.h"
#include "scans/study-list.h"
#include "vitals/answer.h"

static json_object *
patient_json (RoundsStore *store, const char *id)
{
  g_autoptr (RoundsRecord) record = rounds_store_get (store, "Patient", id, NULL);

  return record != NULL ? rounds_record_parse (record) : NULL;
}

static json_object *
section_json (RoundsSummary *summary, const char *id)
{
  RoundsSummarySection *section = rounds_summary_get (summary, id);
  json_object *rows = json_object_new_array ();

  for (guint i = 0; section != NULL && i < section->rows->len; i++)
    json_object_array_add (rows, rounds_row_to_json (section->rows->pdata[i]));
  return rows;
}

static json_object *
studies_json (GPtrArray *studies)
{
  json_object *array = json_object_new_array ();

  for (guint i = 0; i < studies->len; i++)
    {
      const RoundsScanStudy *study = studies->pdata[i];
      json_object *item = json_object_new_object ();

      rounds_cli_add_text (item, "study", study->uid);
      rounds_cli_add_text (item, "description", study->description);
      rounds_cli_add_text (item, "date", study->date);
      rounds_cli_add_text (item, "modalities", study->modalities);
      rounds_cli_add_int (item, "series", study->series->len);
      json_object_array_add (array, item);
    }
  return array;
}

static guint
count_unsynced (RoundsStore *store, const char *patient, GError **error)
{
  g_autoptr (GPtrArray) records = rounds_store_list (store, NULL, patient, 0, error);
  g_autoptr (RoundsRecord) self = rounds_store_get (store, "Patient", patient, NULL);
  guint n = 0;

  for (guint i = 0; records != NULL && i < records->len; i++)
    {
      const RoundsRecord *record = records->pdata[i];

      n += record->unsynced && !g_str_equal (record->type, "Patient");
    }
  return n + (self != NULL && self->unsynced);
}

static void
print_people (RoundsSummary *summary, GPtrArray *studies, guint n_unsynced)
{
  g_autofree char *who = rounds_patient_words (summary->patient);

  rounds_cli_print_line ("%s", summary->patient->name);
  rounds_cli_print_line ("%s", who);
  for (guint i = 0; i < summary->sections->len; i++)
    {
      const RoundsSummarySection *section = summary->sections->pdata[i];
      g_autofree char *words = rounds_summary_words (section->section, section->n_active, section->n_all);

      printf ("\n%s (%s)\n", _(section->section->title), words != NULL ? words : _("none"));
      for (guint k = 0; k < section->rows->len; k++)
        {
          RoundsRow *row = section->rows->pdata[k];
          const char *line = rounds_row_get_line (row), *when = rounds_row_get_when (row);

          if (rounds_row_is_active (row))
            rounds_cli_print_line ("  %s%s%s%s%s", rounds_row_get_name (row), line != NULL ? " · " : "",
                                   line != NULL ? line : "",
                                   when != NULL ? " · " : "", when != NULL ? when : "");
        }
    }
  printf (_("\nStudies: %u\nNot sent yet: %u\n"), studies->len, n_unsynced);
}

static RoundsExit
run (RoundsCli *cli, int argc, char **argv)
{
  static const char *const ids[] = {
    "problems", "allergies", "medications", "encounters", "notes", "results", "immunizations", "procedures",
  };
  g_auto (GStrv) rest = NULL;
  gboolean helped = FALSE;
  g_autofree char *patient = NULL;
  g_autoptr (RoundsSummary) summary = NULL;
  g_autoptr (RoundsVitalsChart) vitals = NULL;
  g_autoptr (GPtrArray) studies = NULL;
  g_autoptr (GError) error = NULL;
  guint n_unsynced = 0;
  RoundsExit code;

  if (!rounds_cli_parse (&rounds_command_chart, NULL, argc, argv, NULL, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  if (g_strv_length (rest) != 1)
    return rounds_cli_usage (&rounds_command_chart, _("whose chart?"));
  code = rounds_cli_open (cli);
  if (code != ROUNDS_EXIT_DONE)
    return code;
  patient = rounds_cli_find_patient (cli, rest[0], &code);
  if (patient == NULL)
    return code;
  summary = rounds_summary_load (cli->store, patient, &error);
  if (summary != NULL)
    vitals = rounds_vitals_chart_load (cli->store, patient, cli->cancellable, &error);
  if (vitals != NULL)
    studies = rounds_study_list_load (cli->store, patient, &error);
  if (studies == NULL || !rounds_store_audit (cli->store, "view", "Patient", patient, NULL, &error))
    return rounds_cli_fail (error);
  n_unsynced = count_unsynced (cli->store, patient, &error);
  if (error != NULL)
    return rounds_cli_fail (error);
  if (!cli->json)
    {
      print_people (summary, studies, n_unsynced);
      return ROUNDS_EXIT_DONE;
    }
  json_object *answer = json_object_new_object ();

  json_object_object_add (answer, "patient", patient_json (cli->store, patient));
  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    json_object_object_add (answer, ids[i], section_json (summary, ids[i]));
  json_object_object_add (answer, "vitals", rounds_vitals_list (vitals->series, FALSE));
  json_object_object_add (answer, "studies", studies_json (studies));
  rounds_cli_add_int (answer, "unsynced", n_unsynced);
  rounds_cli_print_json (answer);
  return ROUNDS_EXIT_DONE;
}

const RoundsCommand rounds_command_chart = {
  "chart", "PATIENT", N_("A patient’s chart by section"), run,
};
