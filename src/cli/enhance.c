/* SPDX-License-Identifier: GPL-3.0-or-later */

/* roundsctl enhance: DERIVED objects of files, folders, or an instance, series or study of the cache. The originals are only read. One new
 * series stands for each series that goes in.
 */

#include "cli/cli.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>

#include "base/quantity.h"
#include "cli/image-source.h"
#include "dicom/writer.h"
#include "import/walk.h"
#include "scans/enhancer.h"

typedef struct {
  RoundsCli *cli;
  RoundsEnhanceSession *session;
  RoundsModel *model;
  const char *out;
  double strength, sigma;
  GHashTable *series;   /* old series UID → new one */
} Run;

static const char *
new_series_uid (Run *self, RoundsDicomFile *file)
{
  char *old = rounds_dicom_file_dup_string (file, 0x0020000e);
  const char *uid = NULL;

  if (old == NULL)
    old = g_strdup ("");
  uid = g_hash_table_lookup (self->series, old);
  if (uid != NULL)
    {
      g_free (old);
      return uid;
    }
  g_hash_table_insert (self->series, old, rounds_dicom_new_uid ());
  return g_hash_table_lookup (self->series, old);
}

static void
tell (Run *self, const char *input, const char *output, const RoundsDenoiseReport *report)
{
  if (!self->cli->json)
    {
      printf (_("%s → %s  noise %.3g, strength %.0f %%, %.0f ms\n"), input, output, report->sigma,
              report->strength * 100, report->ms);
      return;
    }
  json_object *line = json_object_new_object ();

  rounds_cli_add_text (line, "input", input);
  rounds_cli_add_text (line, "output", output);
  rounds_cli_add_text (line, "model", rounds_model_get_name (self->model));
  rounds_cli_add_text (line, "version", rounds_model_get_version (self->model));
  rounds_cli_add_double (line, "sigma", report->sigma);
  rounds_cli_add_double (line, "strength", report->strength);
  rounds_cli_add_double (line, "clamped_fraction", report->clamped_fraction);
  rounds_cli_add_double (line, "ms", round (report->ms * 10) / 10);
  rounds_cli_print_json (line);
}

static RoundsExit
enhance_one (Run *self, const char *input)
{
  RoundsExit code = ROUNDS_EXIT_DONE;
  g_autoptr (RoundsDicomFile) file = rounds_cli_open_image (self->cli, input, NULL, &code);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *sop_uid = NULL, *name = NULL, *output = NULL;
  RoundsDenoiseReport report = { 0 };

  if (file == NULL)
    return code;
  if (!rounds_cli_may_take_out (self->cli))
    return ROUNDS_EXIT_REJECTED;
  bytes = rounds_enhance_derive (self->session, file, self->strength, self->sigma, new_series_uid (self, file),
                                 &sop_uid, &report, self->cli->cancellable, &error);
  if (bytes == NULL)
    {
      rounds_cli_complain ("%s: %s", input, error->message);
      return ROUNDS_EXIT_REJECTED;
    }
  /* Our own UID, not theirs: nothing of the input names a file. */
  name = g_strconcat (sop_uid, ".dcm", NULL);
  output = g_build_filename (self->out, name, NULL);
  if (!rounds_cli_write_file (output, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes)))
    return ROUNDS_EXIT_REJECTED;
  tell (self, input, output, &report);
  return ROUNDS_EXIT_DONE;
}

static RoundsExit
enhance_instances (Run *self, GPtrArray *instances)
{
  RoundsExit worst = ROUNDS_EXIT_DONE;

  for (guint i = 0; i < instances->len; i++)
    {
      RoundsExit code = ROUNDS_EXIT_DONE;

      if (g_cancellable_is_cancelled (self->cli->cancellable))
        return ROUNDS_EXIT_REJECTED;
      code = enhance_one (self, ((RoundsScanInstance *) instances->pdata[i])->sop_uid);
      worst = MAX (worst, code);
    }
  return worst;
}

static RoundsExit
enhance_folder (Run *self, const char *folder)
{
  g_autoptr (GPtrArray) found =
      rounds_import_walk ((const char *const[]) { folder, NULL }, self->cli->cancellable);
  RoundsExit worst = ROUNDS_EXIT_DONE;

  for (guint i = 0; i < found->len; i++)
    {
      const RoundsFoundFile *file = found->pdata[i];
      RoundsExit code = ROUNDS_EXIT_REJECTED;

      if (g_cancellable_is_cancelled (self->cli->cancellable))
        return ROUNDS_EXIT_REJECTED;
      if (file->problem != NULL)
        rounds_cli_complain ("%s: %s", file->path, file->problem);
      else
        code = enhance_one (self, file->path);
      worst = MAX (worst, code);
    }
  return worst;
}

static RoundsExit
run (RoundsCli *cli, int argc, char **argv)
{
  g_autofree char *out = NULL, *model_name = NULL, *strength_text = NULL, *sigma_text = NULL;
  const GOptionEntry entries[] = {
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, N_("Folder for the DERIVED objects"), "DIR" },
    { "model", 0, 0, G_OPTION_ARG_STRING, &model_name, N_("Default: denoise"), "M" },
    { "strength", 0, 0, G_OPTION_ARG_STRING, &strength_text, N_("0 to 1; default 1"), "S" },
    { "force-level", 0, 0, G_OPTION_ARG_STRING, &sigma_text, N_("Noise in modality units instead of measured"),
      "SIGMA" },
    { NULL },
  };
  g_auto (GStrv) rest = NULL;
  gboolean helped = FALSE;
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsModel) model = NULL;
  g_autoptr (RoundsEnhanceSession) session = NULL;
  g_autoptr (GHashTable) series = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GPtrArray) instances = NULL;
  RoundsExit code = ROUNDS_EXIT_DONE;
  Run self = { .cli = cli, .strength = 1, .sigma = NAN };

  if (!rounds_cli_parse (&rounds_command_enhance, NULL, argc, argv, entries, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  if (g_strv_length (rest) != 1 || out == NULL)
    return rounds_cli_usage (&rounds_command_enhance, _("enhance wants FILE, FOLDER or UID, and --out"));
  if (strength_text != NULL &&
      (!rounds_decimal_parse (strength_text, &self.strength) || self.strength < 0 || self.strength > 1))
    return rounds_cli_usage (&rounds_command_enhance, _("--strength wants a number from 0 to 1"));
  if (sigma_text != NULL && (!rounds_decimal_parse (sigma_text, &self.sigma) || !(self.sigma >= 0)))
    return rounds_cli_usage (&rounds_command_enhance, _("--force-level wants a number from 0 up"));
  model = rounds_model_load_named (model_name != NULL ? model_name : "denoise", &error);
  if (model != NULL)
    session = rounds_enhance_session_shared (model, 0, &error);
  if (session == NULL)
    return rounds_cli_fail (error);
  if (g_mkdir_with_parents (out, 0700) != 0)
    {
      rounds_cli_complain ("%s: %s", out, g_strerror (errno));
      return ROUNDS_EXIT_REJECTED;
    }
  self.session = session;
  self.model = model;
  self.out = out;
  self.series = series;
  if (g_file_test (rest[0], G_FILE_TEST_IS_DIR))
    return enhance_folder (&self, rest[0]);
  instances = rounds_cli_list_instances (cli, rest[0], &code);
  if (code != ROUNDS_EXIT_DONE)
    return code;
  if (instances != NULL)
    return enhance_instances (&self, instances);
  return enhance_one (&self, rest[0]);
}

const RoundsCommand rounds_command_enhance = {
  "enhance", "FILE|FOLDER|UID --out DIR [--model M] [--strength 0…1] [--force-level SIGMA]",
  N_("Take noise out of scans by a network on this device"), run,
};
