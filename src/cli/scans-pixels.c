/* SPDX-License-Identifier: GPL-3.0-or-later */

/* roundsctl scans pixels and render: the raw values of a file, and what the viewport shows of it. */

#include "cli/scans.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <stdio.h>

#include "base/quantity.h"
#include "cli/image-source.h"
#include "dicom/frame.h"
#include "dicom/writer.h"
#include "scans/presets.h"
#include "scans/render.h"

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

RoundsExit
rounds_cli_scans_pixels (RoundsCli *cli, int argc, char **argv)
{
  int frame_number = G_MININT;   /* = not given */
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
  if (g_strv_length (rest) != 1 || out == NULL || (frame_number != G_MININT && frame_number < 1) ||
      (stage != NULL && !modality && !g_str_equal (stage, "stored")))
    return rounds_cli_usage (&rounds_command_scans, _("scans pixels wants FILE|UID and --out"));
  file = rounds_cli_open_image (cli, rest[0], NULL, &code);
  if (file == NULL)
    return code;
  if (!rounds_cli_may_take_out (cli))
    return ROUNDS_EXIT_REJECTED;
  if (!rounds_dicom_file_get_image (file, 0, &image, &error))
    {
      rounds_cli_complain ("%s: %s", rest[0], error->message);
      return ROUNDS_EXIT_REJECTED;
    }
  if (frame_number > image.frames)
    {
      rounds_cli_complain (ngettext ("%s has %d frame", "%s has %d frames", image.frames), rest[0], image.frames);
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
    rounds_cli_print_pretty (line);
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

RoundsExit
rounds_cli_scans_render (RoundsCli *cli, int argc, char **argv)
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
  if (!rounds_cli_may_take_out (cli))
    return ROUNDS_EXIT_REJECTED;
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
