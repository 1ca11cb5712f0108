/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Vitals files name no patient as FHIR does. Without one given, the record becomes a patient of its own, under
 * its own name as identifier, so that nothing lands in somebody's chart by guess; a clinician can see whose it
 * is and import again for the right one. Relative times without a start are refused rather than invented.
 */

#include "import/import-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "fhir/json.h"
#include "import/walk.h"
#include "vitals/csv.h"
#include "vitals/wfdb.h"

#define RECORD_SYSTEM "urn:rounds:vitals-record"

/* The id of the patient that stands for a record; made when it is not there. Caller frees. */
static char *
ensure_record_patient (RoundsStore *store, const char *record, gboolean as_known, GError **error)
{
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, record, -1);
  g_autofree char *id = g_strdup_printf ("record-%.40s", digest);
  g_autofree char *name = g_strdup_printf (_("Record %s"), record);
  g_autoptr (json_object) patient = json_object_new_object ();
  g_autofree char *text = NULL;
  json_object *identifiers = json_object_new_array (), *identifier = json_object_new_object ();
  json_object *names = json_object_new_array (), *human = json_object_new_object ();
  RoundsImportItem item = { .type = "Patient", .id = id };
  g_autoptr (RoundsRecord) there = rounds_store_get (store, "Patient", id, NULL);

  rounds_json_add_string (patient, "resourceType", "Patient");
  rounds_json_add_string (patient, "id", id);
  rounds_json_add_string (identifier, "system", RECORD_SYSTEM);
  rounds_json_add_string (identifier, "value", record);
  json_object_array_add (identifiers, identifier);
  json_object_object_add (patient, "identifier", identifiers);
  rounds_json_add_string (human, "text", name);
  json_object_array_add (names, human);
  json_object_object_add (patient, "name", names);
  /* A patient that somebody has named since stays as it is. */
  if (there != NULL)
    return g_steal_pointer (&id);
  text = rounds_json_print (patient);
  item.json = text;
  if (!rounds_store_import (store, &item, 1, as_known, record, NULL, error))
    return NULL;
  g_free (item.stored_id);
  return g_steal_pointer (&id);
}

static char *
record_name (const char *path)
{
  char *name = g_path_get_basename (path);
  char *dot = strrchr (name, '.');

  if (dot != NULL && dot != name)
    *dot = '\0';
  return name;
}

static gboolean
store_file (RoundsStore *store, RoundsVitalsFile *file, const RoundsImportOptions *options, RoundsImportReport *report,
            GError **error)
{
  g_autofree char *record = record_name (report->path);
  g_autofree char *source = g_path_get_basename (report->path);
  g_autofree char *patient = NULL;
  guint64 n_new = 0;

  if (file->n_values == 0)
    {
      g_autofree char *why = rounds_vitals_file_dup_refusals (file);

      rounds_import_reject (report, why != NULL ? why : _("there is no value in it"));
      return TRUE;
    }
  if (file->relative && !options->has_start)
    {
      rounds_import_reject (report, _("its times count from an admission: say when that was "
                                      "(roundsctl vitals import --start)"));
      return TRUE;
    }
  patient = options->patient_id != NULL ? g_strdup (options->patient_id)
                                        : ensure_record_patient (store, record, options->as_known, error);
  if (patient == NULL ||
      !rounds_vitals_file_store (file, store, patient, options->start_us, source, &n_new, error))
    return FALSE;
  report->count = MIN (file->n_values, G_MAXUINT);
  report->status = n_new > 0 ? ROUNDS_STATUS_IMPORTED : ROUNDS_STATUS_UNCHANGED;
  if (file->n_refused > 0)
    {
      report->refused_some = TRUE;
      report->detail = rounds_vitals_file_dup_refusals (file);
    }
  return TRUE;
}

gboolean
rounds_import_vitals_csv (RoundsStore *store, GBytes *bytes, const RoundsImportOptions *options,
                          RoundsImportReport *report, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (RoundsVitalsFile) file =
      rounds_vitals_csv_read (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &local_error);

  if (file == NULL)
    {
      rounds_import_reject (report, local_error->message);
      return TRUE;
    }
  return store_file (store, file, options, report, error);
}

GHashTable *
rounds_import_find_wfdb (GPtrArray *found)
{
  g_autoptr (GHashTable) table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (guint i = 0; i < found->len; i++)
    {
      RoundsFoundFile *file = found->pdata[i];
      g_autoptr (GBytes) bytes = NULL;
      g_autofree char *folder = NULL;
      g_auto (GStrv) names = NULL;
      const char *text = NULL;
      gsize size = 0;

      /* A header is a page of text; only small files are worth a look. */
      if (file->problem != NULL || file->size == 0 || file->size > 64 * 1024)
        continue;
      bytes = rounds_import_read (file->path, 64 * 1024, NULL);
      if (bytes == NULL)
        continue;
      text = g_bytes_get_data (bytes, &size);
      if (!rounds_wfdb_sniff (text, size))
        continue;
      names = rounds_wfdb_list_files (text, size, NULL);
      if (names == NULL)
        continue;
      g_hash_table_replace (table, g_strdup (file->path), g_strdup (file->path));
      folder = g_path_get_dirname (file->path);
      for (guint k = 0; names[k] != NULL; k++)
        g_hash_table_replace (table, g_build_filename (folder, names[k], NULL), g_strdup (file->path));
    }
  return g_steal_pointer (&table);
}

/* A record is several files and is taken once: the first of them that is met does it, the others answer the same.
 * Kept in the table under a key that is no path. */
static char *
answer_key (const char *header)
{
  return g_strconcat ("answer:", header, NULL);
}

gboolean
rounds_import_wfdb (RoundsStore *store, GHashTable *wfdb, const RoundsImportOptions *options,
                    RoundsImportReport *report, GError **error)
{
  const char *header = g_hash_table_lookup (wfdb, report->path);
  g_autofree char *path = g_strdup (header != NULL ? header : report->path);
  g_autofree char *key = answer_key (path);
  g_autofree char *own_path = g_strdup (report->path);
  gboolean is_header = strcmp (path, report->path) == 0;
  const char *answer = g_hash_table_lookup (wfdb, key);
  g_autoptr (GError) local_error = NULL;
  g_autoptr (RoundsVitalsFile) file = rounds_wfdb_read_path (path, &local_error);
  gboolean ok = TRUE;

  if (file == NULL)
    {
      rounds_import_reject (report, local_error->message);
      return TRUE;
    }
  /* The record goes by the header's name, and its values count there. */
  g_free (report->path);
  report->path = g_strdup (path);
  ok = store_file (store, file, options, report, error);
  g_free (report->path);
  report->path = g_steal_pointer (&own_path);
  if (ok && answer != NULL && report->status == ROUNDS_STATUS_UNCHANGED)
    report->status = (RoundsImportStatus) (answer[0] - '0');
  if (ok && answer == NULL)
    g_hash_table_insert (wfdb, g_steal_pointer (&key), g_strdup_printf ("%d", (int) report->status));
  if (ok && !is_header)
    report->count = 0;
  return ok;
}
