/* SPDX-License-Identifier: GPL-3.0-or-later */

/* roundsctl scans: what there is, what a file says, its raw values, and what the viewport shows. */

#include "cli/cli.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <stdio.h>

#include "base/quantity.h"
#include "cli/image-source.h"
#include "dicom/frame.h"
#include "dicom/writer.h"
#include "scans/presets.h"
#include "scans/render.h"
#include "scans/study-list.h"

/* --- list and info -------------------------------------------------------------------------------- */

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

static void
print_series (RoundsCli *cli, const RoundsScanStudy *study, RoundsScanSeries *series)
{
  GPtrArray *instances = rounds_scan_series_get_instances (series);
  const RoundsScanInstance *first = instances->len > 0 ? instances->pdata[0] : NULL;
  g_auto (GStrv) warnings = g_strsplit (first != NULL && first->warnings != NULL ? first->warnings : "", "\n", -1);

  if (!cli->json)
    {
      printf ("%s  %-3s %4u  %s · %s\n", study->date, rounds_scan_series_get_modality (series),
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

static RoundsExit
list (RoundsCli *cli, const char *argument)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) studies = NULL;
  g_autofree char *patient = NULL;
  RoundsExit code = rounds_cli_open (cli);

  if (code != ROUNDS_EXIT_DONE)
    return code;
  patient = rounds_cli_find_patient (cli, argument, &code);
  if (patient == NULL)
    return code;
  studies = rounds_study_list_load (cli->store, patient, &error);
  if (studies == NULL || !rounds_store_audit (cli->store, "view", "Patient", patient, "scans", &error))
    return rounds_cli_fail (error);
  for (guint i = 0; i < studies->len; i++)
    {
      const RoundsScanStudy *study = studies->pdata[i];

      for (guint k = 0; k < study->series->len; k++)
        print_series (cli, study, study->series->pdata[k]);
    }
  return ROUNDS_EXIT_DONE;
}

static RoundsExit
info (RoundsCli *cli, const char *argument)
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
    {
      g_autofree char *text = rounds_json_print_pretty (line);

      puts (text);
      json_object_put (line);
    }
  return ROUNDS_EXIT_DONE;
}

/* --- pixels ----------------------------------------------------------------------------------------- */

/* Frames first to last of file appended to data. FALSE: complained about. */
static gboolean
collect (RoundsDicomFile *file, int first, int last, gboolean modality, GByteArray *data, RoundsFrame **shape)
{
  for (int i = first; i <= last; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RoundsFrame) frame = rounds_dicom_file_decode (file, i, &error);
      g_autofree float *values = NULL;
      gsize n = frame != NULL ? (gsize) frame->rows * frame->columns : 0;

      if (frame != NULL && modality)
        values = rounds_frame_to_modality (frame, file, i, &error);
      if (frame == NULL || (modality && values == NULL))
        {
          rounds_cli_complain (_("frame %d: %s"), i + 1, error->message);
          return FALSE;
        }
      if ((modality ? n * sizeof (float) : frame->size) > G_MAXUINT - data->len)
        {
          rounds_cli_complain (_("the frames together are larger than 4 GiB: take them one by one with --frame"));
          return FALSE;
        }
      if (modality)
        g_byte_array_append (data, (const guint8 *) values, n * sizeof (float));
      else
        g_byte_array_append (data, frame->data, frame->size);
      if (*shape == NULL)
        *shape = rounds_frame_ref (frame);
    }
  return TRUE;
}

static RoundsExit
pixels (RoundsCli *cli, int argc, char **argv)
{
  int frame_number = 0;
  g_autofree char *stage = NULL, *out = NULL, *digest = NULL;
  const GOptionEntry entries[] = {
    { "frame", 0, 0, G_OPTION_ARG_INT, &frame_number, N_("From 1; default all"), "N" },
    { "stage", 0, 0, G_OPTION_ARG_STRING, &stage, N_("stored or modality"), "S" },
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, N_("Write the values here"), "F" },
    { NULL },
  };
  g_auto (GStrv) rest = NULL;
  gboolean helped = FALSE, modality = FALSE;
  g_autoptr (RoundsDicomFile) file = NULL;
  g_autoptr (RoundsFrame) shape = NULL;
  g_autoptr (GByteArray) data = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  RoundsDicomImage image;
  RoundsExit code = ROUNDS_EXIT_DONE;

  if (!rounds_cli_parse (&rounds_command_scans, "pixels", argc, argv, entries, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  modality = g_strcmp0 (stage, "modality") == 0;
  if (g_strv_length (rest) != 1 || out == NULL || frame_number < 0 ||
      (stage != NULL && !modality && !g_str_equal (stage, "stored")))
    return rounds_cli_usage (&rounds_command_scans, _("scans pixels wants FILE|UID and --out"));
  file = rounds_cli_open_image (cli, rest[0], NULL, &code);
  if (file == NULL)
    return code;
  if (!rounds_dicom_file_get_image (file, 0, &image, &error))
    {
      rounds_cli_complain ("%s: %s", rest[0], error->message);
      return ROUNDS_EXIT_REJECTED;
    }
  if (frame_number > image.frames)
    {
      rounds_cli_complain (_("%s has %d frames"), rest[0], image.frames);
      return ROUNDS_EXIT_REJECTED;
    }
  if (!collect (file, frame_number > 0 ? frame_number - 1 : 0, frame_number > 0 ? frame_number - 1 : image.frames - 1,
                modality, data, &shape))
    return ROUNDS_EXIT_REJECTED;
  if (!rounds_cli_write_file (out, data->data, data->len))
    return ROUNDS_EXIT_REJECTED;
  digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, data->data, data->len);
  json_object *line = json_object_new_object ();

  rounds_cli_add_int (line, "rows", shape->rows);
  rounds_cli_add_int (line, "columns", shape->columns);
  rounds_cli_add_int (line, "frames", frame_number > 0 ? 1 : image.frames);
  rounds_cli_add_int (line, "samples", shape->samples);
  rounds_cli_add_text (line, "dtype", modality ? "float32" : rounds_pixel_type_to_string (shape->type));
  rounds_cli_add_text (line, "photometric", shape->photometric);
  rounds_cli_add_bool (line, "lossy", shape->lossy);
  rounds_cli_add_text (line, "sha256", digest);
  if (cli->json)
    rounds_cli_print_json (line);
  else
    {
      g_autofree char *text = rounds_json_print_pretty (line);

      puts (text);
      json_object_put (line);
    }
  return ROUNDS_EXIT_DONE;
}

/* --- render ------------------------------------------------------------------------------------------ */

static gboolean
parse_window (const char *text, RoundsDisplay *display)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", 2);
  double center = 0, width = 0;

  if (parts[0] == NULL || parts[1] == NULL || !rounds_decimal_parse (parts[0], &center) ||
      !rounds_decimal_parse (parts[1], &width) || !(width > 0))
    return FALSE;
  display->center = center;
  display->width = width;
  display->function = ROUNDS_VOI_LINEAR;
  return TRUE;
}

static RoundsExit
render (RoundsCli *cli, int argc, char **argv)
{
  int frame_number = 1;
  g_autofree char *window = NULL, *preset_name = NULL, *out = NULL;
  const GOptionEntry entries[] = {
    { "frame", 0, 0, G_OPTION_ARG_INT, &frame_number, N_("From 1"), "N" },
    { "window", 0, 0, G_OPTION_ARG_STRING, &window, N_("Modality units"), "CENTER,WIDTH" },
    { "preset", 0, 0, G_OPTION_ARG_STRING, &preset_name, N_("lung, bone, … or auto"), "NAME" },
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, N_("PNG to write"), "PNG" },
    { NULL },
  };
  g_auto (GStrv) rest = NULL;
  gboolean helped = FALSE;
  g_autoptr (RoundsDicomFile) file = NULL;
  g_autoptr (RoundsScanFrame) frame = NULL;
  g_autoptr (GBytes) png = NULL;
  g_autoptr (GError) error = NULL;
  const RoundsPreset *preset = NULL;
  RoundsDisplay display;
  RoundsExit code = ROUNDS_EXIT_DONE;

  if (!rounds_cli_parse (&rounds_command_scans, "render", argc, argv, entries, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  if (g_strv_length (rest) != 1 || out == NULL || frame_number < 1 || (window != NULL && preset_name != NULL))
    return rounds_cli_usage (&rounds_command_scans, _("scans render wants FILE|UID and --out"));
  if (preset_name != NULL && !g_str_equal (preset_name, "auto"))
    {
      preset = rounds_preset_find (preset_name);
      if (preset == NULL)
        return rounds_cli_usage (&rounds_command_scans, _("there is no preset “%s”"), preset_name);
    }
  file = rounds_cli_open_image (cli, rest[0], NULL, &code);
  if (file == NULL)
    return code;
  frame = rounds_scan_frame_load (file, frame_number - 1, &error);
  if (frame == NULL)
    {
      rounds_cli_complain ("%s: %s", rest[0], error->message);
      return ROUNDS_EXIT_REJECTED;
    }
  rounds_window_default (frame, &display);
  if (g_strcmp0 (preset_name, "auto") == 0)
    rounds_window_auto (frame, &display);
  if (preset != NULL)
    {
      display.center = preset->center;
      display.width = preset->width;
      display.function = ROUNDS_VOI_LINEAR;
    }
  if (window != NULL && !parse_window (window, &display))
    return rounds_cli_usage (&rounds_command_scans, _("--window wants CENTER,WIDTH"));
  png = rounds_render_png (frame, &display, &error);
  if (png == NULL)
    {
      rounds_cli_complain ("%s: %s", rest[0], error->message);
      return ROUNDS_EXIT_REJECTED;
    }
  if (!rounds_cli_write_file (out, g_bytes_get_data (png, NULL), g_bytes_get_size (png)))
    return ROUNDS_EXIT_REJECTED;
  if (cli->json)
    {
      json_object *line = json_object_new_object ();

      rounds_cli_add_int (line, "rows", frame->image.rows);
      rounds_cli_add_int (line, "columns", frame->image.columns);
      rounds_cli_add_double (line, "window_center", display.center);
      rounds_cli_add_double (line, "window_width", display.width);
      rounds_cli_print_json (line);
    }
  return ROUNDS_EXIT_DONE;
}

static RoundsExit
run (RoundsCli *cli, int argc, char **argv)
{
  const char *what = argc > 1 ? argv[1] : "";

  if (g_str_equal (what, "pixels"))
    return pixels (cli, argc - 1, argv + 1);
  if (g_str_equal (what, "render"))
    return render (cli, argc - 1, argv + 1);
  if (g_str_equal (what, "list") && argc == 3)
    return list (cli, argv[2]);
  if (g_str_equal (what, "info") && argc == 3)
    return info (cli, argv[2]);
  if (g_str_equal (what, "--help") || g_str_equal (what, "-h"))
    {
      printf (_("Usage: roundsctl %s %s\n"), rounds_command_scans.name, rounds_command_scans.arguments);
      return ROUNDS_EXIT_DONE;
    }
  return rounds_cli_usage (&rounds_command_scans, _("scans list, info, pixels or render?"));
}

const RoundsCommand rounds_command_scans = {
  "scans",
  "list PATIENT | info FILE|UID | pixels FILE|UID [--frame N] [--stage stored|modality] --out F | "
  "render FILE|UID [--frame N] [--window CENTER,WIDTH | --preset NAME] --out PNG",
  N_("List, describe, read and render scans"), run,
};
