/* SPDX-License-Identifier: GPL-3.0-or-later */

/* roundsctl scans list and info: what there is and what a file says. Raw values and pictures are in
 * scans-pixels.c.
 */

#include "cli/scans.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>

#include "base/quantity.h"
#include "cli/image-source.h"
#include "scans/study-list.h"

static void
add_spacing (json_object *line, const double *spacing_mm, const char *kind)
{
  json_object *pair = NULL;

  if (spacing_mm[0] > 0 && spacing_mm[1] > 0)
    {
      pair = json_object_new_array ();
      for (int i = 0; i < 2; i++)
        {
          g_autofree char *digits = rounds_decimal_format (spacing_mm[i], 0);

          json_object_array_add (pair, rounds_json_new_decimal (digits));
        }
    }
  json_object_object_add (line, "spacing_mm", pair);
  rounds_cli_add_text (line, "spacing_kind", kind);
}

static void
add_warnings (json_object *line, const char *const *warnings)
{
  json_object *array = json_object_new_array ();

  for (guint i = 0; warnings != NULL && warnings[i] != NULL; i++)
    if (*warnings[i] != '\0')
      json_object_array_add (array, json_object_new_string (warnings[i]));
  json_object_object_add (line, "warnings", array);
}

static gboolean
read_image (RoundsCli *cli, const RoundsScanInstance *instance, RoundsDicomImage *image)
{
  g_autoptr (GBytes) bytes = instance->on_device ? rounds_store_scan_get (cli->store, instance->sop_uid, NULL) : NULL;
  g_autoptr (RoundsDicomFile) file = bytes != NULL ? rounds_dicom_file_new (bytes, NULL) : NULL;

  return file != NULL && rounds_dicom_file_get_image (file, 0, image, NULL);
}

static void
print_series (RoundsCli *cli, const RoundsScanStudy *study, RoundsScanSeries *series)
{
  GPtrArray *instances = rounds_scan_series_get_instances (series);
  const RoundsScanInstance *first = instances->len > 0 ? instances->pdata[0] : NULL;
  g_auto (GStrv) warnings = g_strsplit (first != NULL && first->warnings != NULL ? first->warnings : "", "\n", -1);
  RoundsDicomImage image = { 0 };

  if (!cli->json)
    {
      rounds_cli_print_line ("%s  %-3s %4u  %s · %s", study->date, rounds_scan_series_get_modality (series),
                             rounds_scan_series_get_n_slices (series), rounds_scan_series_get_description (series),
                             rounds_scan_series_get_uid (series));
      return;
    }
  json_object *line = json_object_new_object ();

  rounds_cli_add_text (line, "study", study->uid);
  rounds_cli_add_text (line, "series", rounds_scan_series_get_uid (series));
  rounds_cli_add_int (line, "instances", instances->len);
  rounds_cli_add_text (line, "modality", rounds_scan_series_get_modality (series));
  rounds_cli_add_int (line, "rows", first != NULL ? first->rows : 0);
  rounds_cli_add_int (line, "columns", first != NULL ? first->columns : 0);
  rounds_cli_add_int (line, "frames", rounds_scan_series_get_n_slices (series));
  rounds_cli_add_text (line, "transfer_syntax", first != NULL ? first->transfer_syntax : NULL);
  /* What the millimetres mean is only told by the file. */
  if (first != NULL && read_image (cli, first, &image))
    add_spacing (line, image.spacing_mm, image.spacing_kind);
  else
    add_spacing (line, first != NULL ? first->spacing_mm : (double[2]) { 0, 0 }, NULL);
  add_warnings (line, (const char *const *) warnings);
  rounds_cli_add_text (line, "description", rounds_scan_series_get_description (series));
  rounds_cli_add_text (line, "date", study->date);
  rounds_cli_add_bool (line, "derived_here", rounds_scan_series_is_derived_here (series));
  json_object *uids = json_object_new_array ();
  for (guint i = 0; i < instances->len; i++)
    json_object_array_add (uids, json_object_new_string (((RoundsScanInstance *) instances->pdata[i])->sop_uid));
  json_object_object_add (line, "sop_uids", uids);
  rounds_cli_print_json (line);
}

static void
print_studies (RoundsCli *cli, GPtrArray *studies)
{
  for (guint i = 0; i < studies->len; i++)
    {
      const RoundsScanStudy *study = studies->pdata[i];

      for (guint k = 0; k < study->series->len; k++)
        print_series (cli, study, study->series->pdata[k]);
    }
}

static RoundsExit
list (RoundsCli *cli, int argc, char **argv)
{
  g_auto (GStrv) rest = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) studies = NULL;
  g_autofree char *patient = NULL;
  gboolean helped = FALSE;
  RoundsExit code;

  if (!rounds_cli_parse (&rounds_command_scans, "list", argc, argv, NULL, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  if (g_strv_length (rest) != 1)
    return rounds_cli_usage (&rounds_command_scans, _("scans list wants a patient"));
  code = rounds_cli_open (cli);
  if (code != ROUNDS_EXIT_DONE)
    return code;
  patient = rounds_cli_find_patient (cli, rest[0], &code);
  if (patient == NULL)
    return code;
  studies = rounds_study_list_load (cli->store, patient, &error);
  if (studies == NULL || !rounds_store_audit (cli->store, "view", "Patient", patient, "scans", &error))
    return rounds_cli_fail (error);
  print_studies (cli, studies);
  return ROUNDS_EXIT_DONE;
}

static RoundsExit
info_file (RoundsCli *cli, const char *argument)
{
  RoundsExit code = ROUNDS_EXIT_DONE;
  g_autoptr (RoundsDicomFile) file = rounds_cli_open_image (cli, argument, NULL, &code);
  g_autofree char *study = NULL, *series = NULL, *sop = NULL, *modality = NULL;
  RoundsDicomImage image = { 0 };
  gboolean has_image = FALSE;

  if (file == NULL)
    return code;
  study = rounds_dicom_file_dup_string (file, 0x0020000d);
  series = rounds_dicom_file_dup_string (file, 0x0020000e);
  sop = rounds_dicom_file_dup_string (file, 0x00080018);
  modality = rounds_dicom_file_dup_string (file, 0x00080060);
  has_image = rounds_dicom_file_get_image (file, 0, &image, NULL);
  json_object *line = json_object_new_object ();

  rounds_cli_add_text (line, "study", study);
  rounds_cli_add_text (line, "series", series);
  rounds_cli_add_text (line, "sop", sop);
  rounds_cli_add_int (line, "instances", 1);
  rounds_cli_add_text (line, "modality", modality);
  rounds_cli_add_int (line, "rows", image.rows);
  rounds_cli_add_int (line, "columns", image.columns);
  rounds_cli_add_int (line, "frames", image.frames);
  rounds_cli_add_text (line, "transfer_syntax", rounds_dicom_file_get_transfer_syntax (file));
  add_spacing (line, image.spacing_mm, has_image ? image.spacing_kind : NULL);
  add_warnings (line, rounds_dicom_file_get_warnings (file));
  if (cli->json)
    rounds_cli_print_json (line);
  else
    rounds_cli_print_pretty (line);
  return ROUNDS_EXIT_DONE;
}

/* A UID may name an instance, a series or a study; the last two answer as the list does. */
static RoundsExit
info (RoundsCli *cli, int argc, char **argv)
{
  g_auto (GStrv) rest = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) instances = NULL, studies = NULL;
  gboolean helped = FALSE;
  RoundsExit code = ROUNDS_EXIT_DONE;

  if (!rounds_cli_parse (&rounds_command_scans, "info", argc, argv, NULL, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  if (g_strv_length (rest) != 1)
    return rounds_cli_usage (&rounds_command_scans, _("scans info wants FILE or UID"));
  instances = rounds_cli_list_instances (cli, rest[0], &code);
  if (code != ROUNDS_EXIT_DONE)
    return code;
  if (instances == NULL)
    return info_file (cli, rest[0]);
  studies = rounds_study_list_from_instances (g_steal_pointer (&instances));
  print_studies (cli, studies);
  return ROUNDS_EXIT_DONE;
}

static RoundsExit
run (RoundsCli *cli, int argc, char **argv)
{
  const char *what = argc > 1 ? argv[1] : "";

  if (g_str_equal (what, "pixels"))
    return rounds_cli_scans_pixels (cli, argc - 1, argv + 1);
  if (g_str_equal (what, "render"))
    return rounds_cli_scans_render (cli, argc - 1, argv + 1);
  if (g_str_equal (what, "list"))
    return list (cli, argc - 1, argv + 1);
  if (g_str_equal (what, "info"))
    return info (cli, argc - 1, argv + 1);
  if (g_str_equal (what, "--help") || g_str_equal (what, "-h"))
    return rounds_cli_help (&rounds_command_scans);
  return rounds_cli_usage (&rounds_command_scans, _("scans list, info, pixels or render?"));
}

const RoundsCommand rounds_command_scans = {
  "scans",
  "list PATIENT | info FILE|UID | pixels FILE|UID [--frame N] [--stage stored|modality] --out F | "
  "render FILE|UID [--frame N] [--window CENTER,WIDTH | --preset NAME] --out PNG",
  N_("List, describe, read and render scans"), run,
};
