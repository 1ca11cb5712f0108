/* SPDX-License-Identifier: GPL-3.0-or-later */

/* roundsctl vitals: series in, series out, the window's plot, NEWS2. The analyses have a file of their own. */

#include "cli/vitals.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/instant.h"
#include "base/quantity.h"
#include "cli/image-source.h"
#include "cli/import-report.h"
#include "import/walk.h"
#include "vitals/answer.h"
#include "vitals/export.h"
#include "vitals/plot.h"

/* The patient's chart, with the view in the audit trail. NULL: complained about, *code set. */
RoundsVitalsChart *
rounds_cli_load_vitals (RoundsCli *cli, const char *argument, const char *action, char **patient_out, RoundsExit *code)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *patient = NULL;
  RoundsVitalsChart *chart = NULL;

  *code = rounds_cli_open (cli);
  if (*code != ROUNDS_EXIT_DONE)
    return NULL;
  patient = rounds_cli_find_patient (cli, argument, code);
  if (patient == NULL)
    return NULL;
  if (rounds_store_audit (cli->store, action, "Patient", patient, "vitals", &error))
    chart = rounds_vitals_chart_load (cli->store, patient, cli->cancellable, &error);
  if (chart == NULL)
    *code = rounds_cli_fail (error);
  else if (patient_out != NULL)
    *patient_out = g_steal_pointer (&patient);
  return chart;
}

gboolean
rounds_cli_parse_instant (const RoundsCommand *command, const char *option, const char *text, gint64 *us)
{
  RoundsInstant instant;
  g_autoptr (GError) error = NULL;

  if (text == NULL)
    return TRUE;
  if (!rounds_instant_parse (text, &instant, &error))
    {
      rounds_cli_usage (command, "%s: %s", option, error->message);
      return FALSE;
    }
  *us = instant.us;
  return TRUE;
}

/* --- import and list -------------------------------------------------------------------------------- */

static RoundsExit
import (RoundsCli *cli, int argc, char **argv)
{
  g_autofree char *patient_text = NULL, *start_text = NULL, *patient = NULL;
  const GOptionEntry entries[] = {
    { "patient", 0, 0, G_OPTION_ARG_STRING, &patient_text, N_("Whose they are"), "PATIENT" },
    { "start", 0, 0, G_OPTION_ARG_STRING, &start_text, N_("Instant of 00:00 of relative times"), "T" },
    { NULL },
  };
  g_auto (GStrv) rest = NULL;
  gboolean helped = FALSE;
  RoundsImportOptions options = { 0 };
  RoundsImportSummary summary = { 0 };
  g_autoptr (GError) error = NULL;
  RoundsExit code;

  if (!rounds_cli_parse (&rounds_command_vitals, "import", argc, argv, entries, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  if (g_strv_length (rest) != 1 || patient_text == NULL)
    return rounds_cli_usage (&rounds_command_vitals, _("vitals import wants a file and --patient"));
  if (!rounds_cli_parse_instant (&rounds_command_vitals, "--start", start_text, &options.start_us))
    return ROUNDS_EXIT_USAGE;
  options.has_start = start_text != NULL;
  code = rounds_cli_open (cli);
  if (code != ROUNDS_EXIT_DONE)
    return code;
  patient = rounds_cli_find_patient (cli, patient_text, &code);
  if (patient == NULL)
    return code;
  options.patient_id = patient;
  options.vitals_only = TRUE;
  if (!rounds_import_paths (cli->store, (const char *const *) rest, &options, rounds_cli_report_import, cli, &summary,
                            cli->cancellable, &error))
    return rounds_cli_fail (error);
  return summary.refused_any ? ROUNDS_EXIT_REJECTED : ROUNDS_EXIT_DONE;
}

static RoundsExit
list (RoundsCli *cli, int argc, char **argv)
{
  g_auto (GStrv) rest = NULL;
  g_autoptr (RoundsVitalsChart) chart = NULL;
  g_autoptr (json_object) array = NULL;
  gboolean helped = FALSE;
  RoundsExit code = ROUNDS_EXIT_DONE;

  if (!rounds_cli_parse (&rounds_command_vitals, "list", argc, argv, NULL, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  if (g_strv_length (rest) != 1)
    return rounds_cli_usage (&rounds_command_vitals, _("vitals list wants a patient"));
  chart = rounds_cli_load_vitals (cli, rest[0], "view", NULL, &code);
  if (chart == NULL)
    return code;
  array = rounds_vitals_list (chart->series, FALSE);
  for (gsize i = 0; i < json_object_array_length (array); i++)
    {
      json_object *line = json_object_array_get_idx (array, i);

      if (cli->json)
        rounds_cli_print_json (json_object_get (line));
      else
        rounds_cli_print_line ("%-10s %-10s %8s  %s – %s  %s", rounds_json_peek_string (line, "code"),
                               rounds_json_peek_string (line, "unit"), rounds_json_peek_digits (line, "n"),
                               rounds_json_peek_string (line, "first"), rounds_json_peek_string (line, "last"),
                               rounds_json_peek_string (line, "label"));
    }
  return ROUNDS_EXIT_DONE;
}

static RoundsExit
export (RoundsCli *cli, int argc, char **argv)
{
  g_autofree char *format = NULL, *patient = NULL, *text = NULL;
  const GOptionEntry entries[] = {
    { "format", 0, 0, G_OPTION_ARG_STRING, &format, N_("csv or fhir"), "FORMAT" },
    { NULL },
  };
  g_auto (GStrv) rest = NULL;
  gboolean helped = FALSE, fhir = FALSE;
  g_autoptr (RoundsVitalsChart) chart = NULL;
  g_autoptr (json_object) bundle = NULL;
  g_autoptr (GError) error = NULL;
  RoundsExit code;

  if (!rounds_cli_parse (&rounds_command_vitals, "export", argc, argv, entries, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  fhir = g_strcmp0 (format, "fhir") == 0;
  if (g_strv_length (rest) != 1 || (!fhir && g_strcmp0 (format, "csv") != 0))
    return rounds_cli_usage (&rounds_command_vitals, _("vitals export wants a patient and --format csv or fhir"));
  code = rounds_cli_open (cli);
  if (code != ROUNDS_EXIT_DONE)
    return code;
  if (!rounds_cli_may_export (cli))
    return ROUNDS_EXIT_REJECTED;
  chart = rounds_cli_load_vitals (cli, rest[0], "export", &patient, &code);
  if (chart == NULL)
    return code;
  if (fhir)
    {
      bundle = rounds_vitals_export_fhir (cli->store, patient, &error);
      if (bundle == NULL)
        return rounds_cli_fail (error);
      text = rounds_json_print (bundle);
      rounds_cli_print_json_text (text);
    }
  else
    {
      text = rounds_vitals_export_csv (chart);
      fputs (text, stdout);
    }
  return ROUNDS_EXIT_DONE;
}

/* --- plot -------------------------------------------------------------------------------------------- */

static RoundsExit
plot (RoundsCli *cli, int argc, char **argv)
{
  g_autofree char *out = NULL, *codes_text = NULL, *from_text = NULL, *to_text = NULL, *size_text = NULL;
  const GOptionEntry entries[] = {
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, N_("png, svg or pdf, by its ending"), "F" },
    { "codes", 0, 0, G_OPTION_ARG_STRING, &codes_text, N_("Only these"), "A,B" },
    { "from", 0, 0, G_OPTION_ARG_STRING, &from_text, N_("Begin of the time axis"), "T" },
    { "to", 0, 0, G_OPTION_ARG_STRING, &to_text, N_("End of the time axis"), "T" },
    { "size", 0, 0, G_OPTION_ARG_STRING, &size_text, N_("Pixels; default 1200x800"), "WxH" },
    { NULL },
  };
  g_auto (GStrv) rest = NULL, codes = NULL;
  gboolean helped = FALSE;
  int width = 1200, height = 800;
  char tail = 0;
  gint64 from_us = 0, to_us = 0;
  g_autoptr (RoundsVitalsChart) chart = NULL;
  g_autoptr (RoundsPlot) picture = NULL;
  g_autoptr (GError) error = NULL;
  RoundsExit code;

  if (!rounds_cli_parse (&rounds_command_vitals, "plot", argc, argv, entries, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  if (g_strv_length (rest) != 1 || out == NULL)
    return rounds_cli_usage (&rounds_command_vitals, _("vitals plot wants a patient and --out"));
  if (!g_str_has_suffix (out, ".png") && !g_str_has_suffix (out, ".svg") && !g_str_has_suffix (out, ".pdf"))
    return rounds_cli_usage (&rounds_command_vitals, _("the name of a picture ends in .png, .svg or .pdf"));
  if (size_text != NULL && (sscanf (size_text, "%dx%d%c", &width, &height, &tail) != 2 || width < 100 || height < 100 ||
                            width > 16384 || height > 16384))
    return rounds_cli_usage (&rounds_command_vitals, _("--size wants WxH, 100 to 16384 each"));
  chart = rounds_cli_load_vitals (cli, rest[0], "export", NULL, &code);
  if (chart == NULL)
    return code;
  codes = codes_text != NULL ? g_strsplit (codes_text, ",", -1) : NULL;
  picture = rounds_plot_new (chart, (const char *const *) codes);
  rounds_plot_set_size (picture, width, height);
  if (!rounds_plot_get_extent (picture, &from_us, &to_us))
    {
      rounds_cli_complain (_("there are no such values"));
      return ROUNDS_EXIT_REJECTED;
    }
  if (!rounds_cli_parse_instant (&rounds_command_vitals, "--from", from_text, &from_us) ||
      !rounds_cli_parse_instant (&rounds_command_vitals, "--to", to_text, &to_us))
    return ROUNDS_EXIT_USAGE;
  if (from_us >= to_us)
    return rounds_cli_usage (&rounds_command_vitals, _("--from is not before --to"));
  rounds_plot_set_window (picture, from_us, to_us);
  if (!rounds_plot_save (picture, out, width, height, &rounds_plot_light, &error))
    {
      rounds_cli_complain ("%s", error->message);
      return ROUNDS_EXIT_REJECTED;
    }
  return ROUNDS_EXIT_DONE;
}

/* --- NEWS2 --------------------------------------------------------------------------------------------- */

static void
print_score (RoundsCli *cli, json_object *line)
{
  if (cli->json)
    {
      rounds_cli_print_json (line);
      return;
    }
  const char *total = rounds_json_peek_digits (line, "total");
  const char *response = rounds_json_peek_string (line, "response");

  rounds_cli_print_line ("NEWS2 %s  %s", total != NULL ? total : _("incomplete"), response != NULL ? response : "");
  json_object_put (line);
}

static RoundsExit
score_file (RoundsCli *cli, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = rounds_import_read (path, 64 * 1024 * 1024, &error);
  g_autoptr (GPtrArray) rows = NULL;
  RoundsExit code = ROUNDS_EXIT_DONE;

  if (bytes != NULL)
    rows = rounds_news2_read_csv (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &error);
  if (rows == NULL)
    {
      rounds_cli_complain ("%s: %s", path, error->message);
      return ROUNDS_EXIT_REJECTED;
    }
  for (guint i = 0; i < rows->len; i++)
    {
      const RoundsNews2Row *row = rows->pdata[i];
      RoundsNews2 score;

      if (row->refused != NULL)
        {
          rounds_cli_complain (_("%s: line %" PRIu64 ": %s"), path, row->line, row->refused);
          code = ROUNDS_EXIT_REJECTED;
          continue;
        }
      rounds_news2_score (&row->input, &score);
      print_score (cli, rounds_news2_to_json (&score, G_MININT64));
    }
  return code;
}

static RoundsExit
news2 (RoundsCli *cli, int argc, char **argv)
{
  g_autofree char *at_text = NULL, *values = NULL, *why = NULL;
  const GOptionEntry entries[] = {
    { "at", 0, 0, G_OPTION_ARG_STRING, &at_text, N_("As known at this time"), "T" },
    { "values", 0, 0, G_OPTION_ARG_FILENAME, &values, N_("Score the rows of a CSV file"), "F.csv" },
    { NULL },
  };
  g_auto (GStrv) rest = NULL;
  gboolean helped = FALSE;
  gint64 at_us = G_MAXINT64, newest_us = G_MININT64;
  g_autoptr (RoundsVitalsChart) chart = NULL;
  RoundsNews2 score;
  RoundsExit code;

  if (!rounds_cli_parse (&rounds_command_vitals, "news2", argc, argv, entries, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  if (values != NULL ? rest[0] != NULL || at_text != NULL : g_strv_length (rest) != 1)
    return rounds_cli_usage (&rounds_command_vitals, _("vitals news2 wants a patient, or --values"));
  if (values != NULL)
    return score_file (cli, values);
  if (!rounds_cli_parse_instant (&rounds_command_vitals, "--at", at_text, &at_us))
    return ROUNDS_EXIT_USAGE;
  chart = rounds_cli_load_vitals (cli, rest[0], "view", NULL, &code);
  if (chart == NULL)
    return code;
  if (!rounds_vitals_chart_news2 (chart, at_us, &score, &newest_us, &why))
    {
      rounds_cli_complain ("%s", why);
      return ROUNDS_EXIT_REJECTED;
    }
  print_score (cli, rounds_news2_to_json (&score, newest_us));
  return ROUNDS_EXIT_DONE;
}

static RoundsExit
run (RoundsCli *cli, int argc, char **argv)
{
  const char *what = argc > 1 ? argv[1] : "";

  if (g_str_equal (what, "import"))
    return import (cli, argc - 1, argv + 1);
  if (g_str_equal (what, "list"))
    return list (cli, argc - 1, argv + 1);
  if (g_str_equal (what, "export"))
    return export (cli, argc - 1, argv + 1);
  if (g_str_equal (what, "plot"))
    return plot (cli, argc - 1, argv + 1);
  if (g_str_equal (what, "analyse"))
    return rounds_cli_analyse (cli, argc - 1, argv + 1);
  if (g_str_equal (what, "news2"))
    return news2 (cli, argc - 1, argv + 1);
  if (g_str_equal (what, "--help") || g_str_equal (what, "-h"))
    return rounds_cli_help (&rounds_command_vitals);
  return rounds_cli_usage (&rounds_command_vitals, _("vitals import, list, export, plot, analyse or news2?"));
}

const RoundsCommand rounds_command_vitals = {
  "vitals",
  "import F --patient PATIENT [--start T] | list PATIENT | export PATIENT --format csv|fhir | "
  "plot PATIENT --out F [--codes A,B] [--from T] [--to T] [--size WxH] | "
  "analyse PATIENT|FILE --method M … | news2 PATIENT [--at T] | news2 --values F.csv",
  N_("Vital signs: series, plots, analyses, NEWS2"), run,
};
