/* SPDX-License-Identifier: GPL-3.0-or-later */

/* roundsctl export: one patient's record as FHIR, a Bundle or one NDJSON file a type. The texts are as they are
 * in the cache, digit for digit.
 */

#include "cli/cli.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <stdio.h>

#include "cli/image-source.h"
#include "store/glass.h"

static void
tell (RoundsCli *cli, const char *path, const char *type, guint count)
{
  if (!cli->json)
    {
      rounds_cli_print_line ("%6u  %-24s %s", count, type, path);
      return;
    }
  json_object *line = json_object_new_object ();

  rounds_cli_add_text (line, "path", path);
  rounds_cli_add_text (line, "type", type);
  rounds_cli_add_int (line, "count", count);
  rounds_cli_print_json (line);
}

static RoundsExit
write_bundle (RoundsCli *cli, const char *folder, const char *patient, GPtrArray *records)
{
  g_autofree char *name = g_strdup_printf ("%s.json", patient);
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GString) text = g_string_new ("{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[");
  guint n = 0;

  for (guint i = 0; i < records->len; i++)
    {
      const RoundsRecord *record = records->pdata[i];

      if (record->json == NULL)
        continue;
      g_string_append_printf (text, "%s{\"resource\":%s}", n++ > 0 ? "," : "", record->json);
    }
  g_string_append (text, "]}\n");
  if (!rounds_cli_write_file (path, text->str, text->len))
    return ROUNDS_EXIT_REJECTED;
  tell (cli, path, "Bundle", n);
  return ROUNDS_EXIT_DONE;
}

static RoundsExit
write_ndjson (RoundsCli *cli, const char *folder, GPtrArray *records)
{
  g_autoptr (GHashTable) texts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) counts = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) types = g_ptr_array_new ();
  RoundsExit code = ROUNDS_EXIT_DONE;

  for (guint i = 0; i < records->len; i++)
    {
      const RoundsRecord *record = records->pdata[i];
      GString *text = g_hash_table_lookup (texts, record->type);

      if (record->json == NULL)
        continue;
      if (text == NULL)
        {
          text = g_string_new (NULL);
          g_hash_table_insert (texts, g_strdup (record->type), text);
          g_ptr_array_add (types, record->type);
        }
      g_string_append (text, record->json);
      g_string_append_c (text, '\n');
      g_hash_table_insert (counts, record->type,
                           GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (counts, record->type)) + 1));
    }
  g_ptr_array_sort_values (types, (GCompareFunc) strcmp);
  for (guint i = 0; i < types->len; i++)
    {
      GString *text = g_hash_table_lookup (texts, types->pdata[i]);
      g_autofree char *name = g_strdup_printf ("%s.ndjson", (char *) types->pdata[i]);
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (!rounds_cli_write_file (path, text->str, text->len))
        code = ROUNDS_EXIT_REJECTED;
      else
        tell (cli, path, types->pdata[i], GPOINTER_TO_UINT (g_hash_table_lookup (counts, types->pdata[i])));
      g_string_free (text, TRUE);
    }
  return code;
}

static RoundsExit
run (RoundsCli *cli, int argc, char **argv)
{
  g_autofree char *out = NULL, *format = NULL, *patient = NULL;
  const GOptionEntry entries[] = {
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, N_("Folder to write into"), "DIR" },
    { "format", 0, 0, G_OPTION_ARG_STRING, &format, N_("bundle or ndjson"), "FORMAT" },
    { NULL },
  };
  g_auto (GStrv) rest = NULL;
  gboolean helped = FALSE;
  g_autoptr (GPtrArray) records = NULL;
  g_autoptr (RoundsRecord) self = NULL;
  g_autoptr (GError) error = NULL;
  gboolean has_self = FALSE;
  guint hidden = 0;
  RoundsExit code;

  if (!rounds_cli_parse (&rounds_command_export, NULL, argc, argv, entries, &rest, &helped))
    return helped ? ROUNDS_EXIT_DONE : ROUNDS_EXIT_USAGE;
  if (g_strv_length (rest) != 1 || out == NULL)
    return rounds_cli_usage (&rounds_command_export, _("export wants a patient and --out"));
  if (g_strcmp0 (format, "ips") == 0)
    return rounds_cli_not_yet ("--format ips");
  if (format != NULL && !g_str_equal (format, "bundle") && !g_str_equal (format, "ndjson"))
    return rounds_cli_usage (&rounds_command_export, _("--format bundle or ndjson?"));
  code = rounds_cli_open (cli);
  if (code != ROUNDS_EXIT_DONE)
    return code;
  if (!rounds_cli_may_export (cli))
    return ROUNDS_EXIT_REJECTED;
  patient = rounds_cli_find_patient (cli, rest[0], &code);
  if (patient == NULL)
    return code;
  /* What is left out is said: a record that is not whole must not look so. */
  if (!rounds_store_count_hidden (cli->store, patient, &hidden, &error))
    return rounds_cli_fail (error);
  if (hidden > 0)
    rounds_cli_complain (ngettext ("%u restricted record is left out: see roundsctl break-glass",
                                   "%u restricted records are left out: see roundsctl break-glass", hidden), hidden);
  records = rounds_store_list (cli->store, NULL, patient, 0, &error);
  if (records == NULL || !rounds_store_audit (cli->store, "export", "Patient", patient, NULL, &error))
    return rounds_cli_fail (error);
  for (guint i = 0; i < records->len; i++)
    has_self = has_self || g_str_equal (((RoundsRecord *) records->pdata[i])->type, "Patient");
  self = rounds_store_get (cli->store, "Patient", patient, NULL);
  if (!has_self && self != NULL)
    g_ptr_array_insert (records, 0, g_steal_pointer (&self));
  if (g_mkdir_with_parents (out, 0700) != 0)
    {
      rounds_cli_complain ("%s: %s", out, g_strerror (errno));
      return ROUNDS_EXIT_REJECTED;
    }
  return g_strcmp0 (format, "ndjson") == 0 ? write_ndjson (cli, out, records)
                                           : write_bundle (cli, out, patient, records);
}

const RoundsCommand rounds_command_export = {
  "export", "PATIENT --out DIR [--format bundle|ndjson]", N_("One patient’s record as FHIR"), run,
};
