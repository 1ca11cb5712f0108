/* SPDX-License-Identifier: GPL-3.0-or-later */

/* roundsctl models: the networks on this device and whether their files are what their manifests say. */

#include "cli/cli.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>

#include "enhance/model.h"

static json_object *
model_json (RoundsModel *model)
{
  json_object *line = json_object_new_object (), *modalities = json_object_new_array ();
  const char *const *terms = rounds_model_get_modalities (model);

  for (guint i = 0; terms[i] != NULL; i++)
    json_object_array_add (modalities, json_object_new_string (terms[i]));
  rounds_cli_add_text (line, "name", rounds_model_get_name (model));
  rounds_cli_add_text (line, "version", rounds_model_get_version (model));
  rounds_cli_add_text (line, "task", rounds_model_get_task (model));
  json_object_object_add (line, "modalities", modalities);
  rounds_cli_add_text (line, "sha256", rounds_model_get_sha256 (model));
  rounds_cli_add_bool (line, "ok", TRUE);
  return line;
}

/* A folder that does not load is told by name: list passes it over in the window, here it counts. */
static RoundsExit
show_all (RoundsCli *cli)
{
  g_autofree char *folder = rounds_models_dir ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name = NULL;
  RoundsExit code = ROUNDS_EXIT_DONE;

  if (dir == NULL)
    return rounds_cli_fail (error);
  while ((name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort_values (names, (GCompareFunc) strcmp);
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (folder, names->pdata[i], NULL);
      g_autofree char *manifest = g_build_filename (path, "manifest.json", NULL);
      g_autoptr (GError) local_error = NULL;
      g_autoptr (RoundsModel) model = NULL;

      if (!g_file_test (manifest, G_FILE_TEST_IS_REGULAR))
        continue;
      model = rounds_model_load (path, &local_error);
      if (model == NULL)
        {
          code = ROUNDS_EXIT_REJECTED;
          rounds_cli_complain ("%s: %s", (char *) names->pdata[i], local_error->message);
        }
      if (cli->json && model != NULL)
        rounds_cli_print_json (model_json (model));
      else if (cli->json)
        {
          json_object *line = json_object_new_object ();

          rounds_cli_add_text (line, "name", names->pdata[i]);
          rounds_cli_add_bool (line, "ok", FALSE);
          rounds_cli_print_json (line);
        }
      else if (model != NULL)
        rounds_cli_print_line ("%s %s  %s  %s", rounds_model_get_name (model), rounds_model_get_version (model),
                               rounds_model_get_task (model), rounds_model_get_sha256 (model));
    }
  return code;
}

static RoundsExit
run (RoundsCli *cli, int argc, char **argv)
{
  g_auto (GStrv) rest = NULL;
  gboolean helped = FALSE;

  if (!rounds_cli_parse (&rounds_command_models, NULL, argc, argv, NULL, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  if (g_strv_length (rest) != 1 || (!g_str_equal (rest[0], "list") && !g_str_equal (rest[0], "check")))
    return rounds_cli_usage (&rounds_command_models, _("models list or check?"));
  return show_all (cli);
}

const RoundsCommand rounds_command_models = {
  "models", "list | check", N_("Networks on this device and their hashes"), run,
};
