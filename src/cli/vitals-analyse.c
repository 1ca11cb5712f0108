/* SPDX-License-Identifier: GPL-3.0-or-later */

/* roundsctl vitals analyse: a file told by its content, or a patient's chart; the answer is one JSON object. */

#include "cli/vitals.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>

#include "base/quantity.h"
#include "import/walk.h"
#include "vitals/answer.h"
#include "vitals/csv.h"
#include "vitals/wfdb.h"

static RoundsVitalsFile *
read_file (const char *path, GError **error)
{
  g_autofree char *real = g_canonicalize_filename (path, NULL);
  g_autoptr (GBytes) bytes = rounds_import_read (real, ROUNDS_VITALS_MAX_BYTES, error);
  const char *text = NULL;
  gsize size = 0;

  if (bytes == NULL)
    return NULL;
  text = g_bytes_get_data (bytes, &size);
  if (size > 0 && rounds_wfdb_sniff (text, MIN (size, (gsize) 65536)))
    return rounds_wfdb_read_path (real, error);
  return rounds_vitals_csv_read (text, size, error);
}

static gboolean
parse_count (const RoundsCommand *command, const char *option, int value, guint *out)
{
  if (value < 0 || value > 10 * 1000 * 1000)
    {
      rounds_cli_usage (command, _("%s is out of range"), option);
      return FALSE;
    }
  *out = value;
  return TRUE;
}

RoundsExit
rounds_cli_analyse (RoundsCli *cli, int argc, char **argv)
{
  const RoundsCommand *command = &rounds_command_vitals;
  g_autofree char *method = NULL, *code_name = NULL, *y = NULL, *x_text = NULL, *within_text = NULL,
                  *predict_text = NULL, *detector = NULL, *threshold_text = NULL;
  gboolean robust = FALSE, helped = FALSE, relative = FALSE;
  int order = 1, lag = 1, lags = 20, window = 0;
  const GOptionEntry entries[] = {
    { "method", 0, 0, G_OPTION_ARG_STRING, &method,
      N_("summary, standardise, regress, difference, acf or anomalies"), "M" },
    { "code", 0, 0, G_OPTION_ARG_STRING, &code_name, N_("The series"), "C" },
    { "robust", 0, 0, G_OPTION_ARG_NONE, &robust, N_("Median and MAD instead of mean and SD"), NULL },
    { "y", 0, 0, G_OPTION_ARG_STRING, &y, N_("regress: what is explained"), "C" },
    { "x", 0, 0, G_OPTION_ARG_STRING, &x_text, N_("regress: by what"), "A,B" },
    { "within", 0, 0, G_OPTION_ARG_STRING, &within_text, N_("regress: how far an x may be from y"), "SECONDS" },
    { "predict", 0, 0, G_OPTION_ARG_STRING, &predict_text, N_("regress: at these values"), "A=1,B=2" },
    { "order", 0, 0, G_OPTION_ARG_INT, &order, N_("difference"), "D" },
    { "lag", 0, 0, G_OPTION_ARG_INT, &lag, N_("difference"), "L" },
    { "lags", 0, 0, G_OPTION_ARG_INT, &lags, N_("acf"), "N" },
    { "detector", 0, 0, G_OPTION_ARG_STRING, &detector, N_("hampel, ewma or cusum"), "D" },
    { "window", 0, 0, G_OPTION_ARG_INT, &window, N_("hampel: full width"), "N" },
    { "threshold", 0, 0, G_OPTION_ARG_STRING, &threshold_text, N_("anomalies"), "K" },
    { NULL },
  };
  g_auto (GStrv) rest = NULL, x = NULL, predict = NULL;
  RoundsVitalsQuestion question = { 0 };
  g_autoptr (RoundsVitalsChart) chart = NULL;
  g_autoptr (RoundsVitalsFile) file = NULL;
  g_autoptr (GPtrArray) own_series = NULL;
  g_autoptr (GError) error = NULL;
  GPtrArray *series = NULL;
  json_object *answer = NULL;
  RoundsExit code = ROUNDS_EXIT_DONE;

  /* Their options are not known here: answer before those are looked at. */
  for (int i = 1; i < argc; i++)
    {
      const char *value = g_str_has_prefix (argv[i], "--method=") ? argv[i] + strlen ("--method=")
                          : g_str_equal (argv[i], "--method")     ? argv[i + 1]
                                                                  : NULL;

      if (g_strcmp0 (value, "stl") == 0 || g_strcmp0 (value, "forecast") == 0)
        {
          g_autofree char *what = g_strconcat ("--method ", value, NULL);

          return rounds_cli_not_yet (what);
        }
    }
  if (!rounds_cli_parse (command, "analyse", argc, argv, entries, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  if (g_strv_length (rest) != 1 || method == NULL)
    return rounds_cli_usage (command, _("vitals analyse wants PATIENT or FILE, and --method"));
  if (!parse_count (command, "--order", order, &question.order) || !parse_count (command, "--lag", lag, &question.lag) ||
      !parse_count (command, "--lags", lags, &question.lags) ||
      !parse_count (command, "--window", window, &question.window))
    return ROUNDS_EXIT_USAGE;
  if ((within_text != NULL && (!rounds_decimal_parse (within_text, &question.within_s) || question.within_s < 0)) ||
      (threshold_text != NULL && !rounds_decimal_parse (threshold_text, &question.threshold)))
    return rounds_cli_usage (command, _("--within and --threshold want numbers"));
  x = x_text != NULL ? g_strsplit (x_text, ",", -1) : NULL;
  predict = predict_text != NULL ? g_strsplit (predict_text, ",", -1) : NULL;
  question.method = method;
  question.code = code_name;
  question.robust = robust;
  question.y = y;
  question.x = (const char *const *) x;
  question.predict = (const char *const *) predict;
  question.detector = detector;

  if (g_file_test (rest[0], G_FILE_TEST_EXISTS))
    {
      file = read_file (rest[0], &error);
      if (file == NULL)
        {
          rounds_cli_complain ("%s: %s", rest[0], error->message);
          return ROUNDS_EXIT_REJECTED;
        }
      if (file->n_refused > 0)
        {
          g_autofree char *refusals = rounds_vitals_file_dup_refusals (file);

          rounds_cli_complain ("%s: %s", rest[0], refusals);
          code = ROUNDS_EXIT_REJECTED;
        }
      series = own_series = rounds_vital_series_from_file (file);
      relative = file->relative;
    }
  else
    {
      chart = rounds_cli_load_vitals (cli, rest[0], "view", NULL, &code);
      if (chart == NULL)
        return code;
      series = chart->series;
    }
  answer = rounds_vitals_analyse (series, relative, &question, &error);
  if (answer == NULL)
    {
      rounds_cli_complain ("%s", error->message);
      return ROUNDS_EXIT_USAGE;
    }
  if (cli->json)
    rounds_cli_print_json (answer);
  else
    rounds_cli_print_pretty (answer);
  return code;
}
