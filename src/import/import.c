/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Takes files of any kind into the store: tells them apart by content, hands each to the domain that knows
 * it, and reports one line a file. Scans are taken in batches, since one transaction a slice would cost more
 * than the slice; everything else is one transaction a file.
 */

#include "import/import.h"

#include <glib/gi18n-lib.h>
#include <stdlib.h>

#include "dicom/dicomdir.h"
#include "dicom/file.h"
#include "fhir/bundle.h"
#include "import/import-private.h"
#include "import/walk.h"
#include "scans/scan-import.h"

#define MAX_RECORD_BYTES ((gint64) 64 * 1024 * 1024)
#define MAX_SCAN_BYTES ((gint64) 2048 * 1024 * 1024)
#define BATCH_FILES 64
#define BATCH_BYTES ((gint64) 96 * 1024 * 1024)
#define MAX_NAMED_REFUSALS 5

const char *
rounds_import_kind_to_string (RoundsImportKind kind)
{
  static const char *const names[] = {
    "unknown", "fhir", "ndjson", "dicom", "dicomdir", "hl7v2", "vitals-csv", "wfdb",
  };

  g_return_val_if_fail (kind < ROUNDS_N_KINDS, "unknown");

  return names[kind];
}

const char *
rounds_import_status_to_string (RoundsImportStatus status)
{
  static const char *const names[] = { "imported", "updated", "unchanged", "rejected" };

  g_return_val_if_fail (status < ROUNDS_N_STATUSES, "rejected");

  return names[status];
}

void
rounds_import_reject (RoundsImportReport *report, const char *detail)
{
  report->status = ROUNDS_STATUS_REJECTED;
  g_free (report->detail);
  report->detail = g_strdup (detail);
}

/* "a; b; and 3 more", with the breaks of each taken out. Caller frees. */
char *
rounds_import_join (GPtrArray *lines)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < lines->len && i < MAX_NAMED_REFUSALS; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? "; " : "", (const char *) lines->pdata[i]);
  if (lines->len > MAX_NAMED_REFUSALS)
    g_string_append_printf (text, _("; and %u more"), lines->len - MAX_NAMED_REFUSALS);
  g_strdelimit (text->str, "\r\n", ' ');
  return g_string_free (text, FALSE);
}

static RoundsImportStatus
status_of (guint n_new, guint n_updated)
{
  if (n_new > 0)
    return ROUNDS_STATUS_IMPORTED;
  return n_updated > 0 ? ROUNDS_STATUS_UPDATED : ROUNDS_STATUS_UNCHANGED;
}

/* --- records ------------------------------------------------------------------------------------- */

static gboolean
import_records (RoundsStore *store, GBytes *bytes, gboolean ndjson, const RoundsImportOptions *options,
                RoundsImportReport *report, GCancellable *cancellable, GError **error)
{
  gsize size = 0;
  const char *text = g_bytes_get_data (bytes, &size);
  g_autoptr (GPtrArray) refused = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) taken = NULL;
  g_autoptr (GError) local_error = NULL;
  g_autofree RoundsImportItem *items = NULL;
  g_autofree char *source = g_path_get_basename (report->path);
  guint outcomes[3] = { 0 };
  gboolean ok = FALSE;

  if (ndjson)
    taken = rounds_bundle_take_ndjson (text, size, refused, &local_error);
  else
    {
      g_autoptr (json_object) document = rounds_json_parse (text, size, &local_error);

      if (document != NULL)
        taken = rounds_bundle_take (document, refused, &local_error);
    }
  if (taken == NULL || taken->len == 0)
    {
      g_autofree char *why = refused->len > 0 ? rounds_import_join (refused) : NULL;

      rounds_import_reject (report, why != NULL            ? why
                                    : local_error != NULL  ? local_error->message
                                                           : _("there is no resource in it"));
      return TRUE;
    }

  items = g_new0 (RoundsImportItem, taken->len);
  for (guint i = 0; i < taken->len; i++)
    {
      RoundsBundleItem *item = taken->pdata[i];

      items[i].type = item->type;
      items[i].id = item->id;
      items[i].server_base = item->server_base;
      items[i].json = rounds_json_print (item->resource);
    }
  ok = rounds_store_import (store, items, taken->len, options->as_known, source, cancellable, error);
  for (guint i = 0; i < taken->len; i++)
    {
      if (ok)
        outcomes[items[i].outcome]++;
      g_free ((char *) items[i].json);
      g_free (items[i].stored_id);
    }
  if (!ok)
    return FALSE;
  report->count = taken->len;
  report->status = status_of (outcomes[ROUNDS_IMPORT_NEW], outcomes[ROUNDS_IMPORT_UPDATED]);
  if (refused->len > 0)
    {
      report->refused_some = TRUE;
      report->detail = rounds_import_join (refused);
    }
  return TRUE;
}

/* --- scans --------------------------------------------------------------------------------------- */

typedef struct {
  GPtrArray *reports;   /* RoundsImportReport, in order; told when the batch is in */
  GPtrArray *bytes;     /* GBytes */
  gint64 size;
} Batch;

/* State of one import. */
typedef struct {
  RoundsStore *store;
  const RoundsImportOptions *options;
  RoundsImportFunc func;
  gpointer data;
  RoundsImportSummary *summary;
  guint total;
  Batch batch;
  GHashTable *wfdb;     /* path of a header or signal file → path of its header */
} Import;

void
rounds_import_report_free (RoundsImportReport *self)
{
  g_free (self->path);
  g_free (self->detail);
  g_free (self);
}

static void
tell (Import *self, RoundsImportReport *report)
{
  self->summary->files++;
  self->summary->by_status[report->status]++;
  self->summary->by_kind[report->kind]++;
  if (report->status == ROUNDS_STATUS_REJECTED || report->refused_some)
    self->summary->refused_any = TRUE;
  if (self->func != NULL)
    self->func (report, self->summary->files, self->total, self->data);
}

static gboolean
flush_scans (Import *self, GError **error)
{
  guint n = self->batch.bytes->len;
  g_autofree RoundsImportOutcome *outcomes = g_new0 (RoundsImportOutcome, n);
  g_autofree char **details = g_new0 (char *, n);
  g_autofree GError **errors = g_new0 (GError *, n);
  gboolean ok = n == 0 || rounds_scans_import_many (self->store, (GBytes *const *) self->batch.bytes->pdata, n,
                                                    self->options->as_known, outcomes, details, errors, error);

  for (guint i = 0; i < n; i++)
    {
      RoundsImportReport *report = self->batch.reports->pdata[i];

      if (errors[i] != NULL)
        rounds_import_reject (report, errors[i]->message);
      else
        {
          report->status = status_of (outcomes[i] == ROUNDS_IMPORT_NEW, outcomes[i] == ROUNDS_IMPORT_UPDATED);
          report->count = 1;
          report->detail = g_steal_pointer (&details[i]);
        }
      if (ok)
        tell (self, report);
      g_clear_error (&errors[i]);
      g_free (details[i]);
    }
  g_ptr_array_set_size (self->batch.reports, 0);
  g_ptr_array_set_size (self->batch.bytes, 0);
  self->batch.size = 0;
  return ok;
}

/* Whether path, with every link resolved, still lies under folder. */
static gboolean
lies_under (const char *folder, const char *path)
{
  g_autofree char *real_folder = realpath (folder, NULL);
  g_autofree char *real_path = realpath (path, NULL);
  g_autofree char *prefix = real_folder != NULL ? g_strconcat (real_folder, "/", NULL) : NULL;

  return prefix != NULL && real_path != NULL && g_str_has_prefix (real_path, prefix);
}

/* A DICOMDIR only names files; those that lie under it are imported with their folder or here. */
static void
import_dicomdir (Import *self, GBytes *bytes, RoundsImportReport *report)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_path_get_dirname (report->path);
  g_autoptr (GPtrArray) refused = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (RoundsDicomFile) directory = rounds_dicom_file_new (bytes, &error);
  g_autoptr (GPtrArray) files = NULL;
  guint n_new = 0, n_updated = 0, n_unsafe = 0;

  if (directory != NULL)
    files = rounds_dicomdir_list (directory, &n_unsafe, &error);
  if (files == NULL)
    {
      rounds_import_reject (report, error->message);
      return;
    }
  if (n_unsafe > 0)
    g_ptr_array_add (refused, g_strdup_printf (ngettext ("%u entry leads out of the folder",
                                                         "%u entries lead out of the folder", n_unsafe), n_unsafe));
  for (guint i = 0; i < files->len; i++)
    {
      const RoundsDicomdirEntry *entry = files->pdata[i];
      g_autofree char *path = g_build_filename (folder, entry->path, NULL);
      g_autoptr (GError) local_error = NULL;
      g_autoptr (GBytes) content = NULL;
      RoundsImportOutcome outcome = ROUNDS_IMPORT_UNCHANGED;

      if (!lies_under (folder, path))
        {
          g_ptr_array_add (refused, g_strdup_printf (_("%s: is not there"), entry->path));
          continue;
        }
      content = rounds_import_read (path, MAX_SCAN_BYTES, &local_error);
      if (content == NULL || !rounds_scans_import_bytes (self->store, content, self->options->as_known, &outcome,
                                                         NULL, &local_error))
        {
          g_ptr_array_add (refused, g_strdup_printf ("%s: %s", entry->path, local_error->message));
          continue;
        }
      report->count++;
      n_new += outcome == ROUNDS_IMPORT_NEW;
      n_updated += outcome == ROUNDS_IMPORT_UPDATED;
    }
  report->status = status_of (n_new, n_updated);
  if (refused->len > 0)
    {
      report->refused_some = TRUE;
      report->detail = rounds_import_join (refused);
      if (report->count == 0)
        report->status = ROUNDS_STATUS_REJECTED;
    }
}

/* --- one file ------------------------------------------------------------------------------------- */

static gboolean
import_file (Import *self, const RoundsFoundFile *file, GCancellable *cancellable, GError **error)
{
  RoundsImportReport *report = g_new0 (RoundsImportReport, 1);
  g_autoptr (RoundsImportReport) owned = report;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) local_error = NULL;
  gboolean ok = TRUE;

  report->path = g_strdup (file->path);
  if (file->problem == NULL)
    bytes = rounds_import_read (file->path, MAX_SCAN_BYTES, &local_error);
  if (bytes == NULL)
    {
      rounds_import_reject (report, file->problem != NULL ? file->problem : local_error->message);
      if (!flush_scans (self, error))
        return FALSE;
      tell (self, report);
      return TRUE;
    }

  if (g_hash_table_contains (self->wfdb, file->path))
    report->kind = ROUNDS_KIND_WFDB;
  else
    report->kind = rounds_import_sniff (file->path, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  if (self->options->vitals_only && report->kind != ROUNDS_KIND_VITALS_CSV && report->kind != ROUNDS_KIND_WFDB)
    {
      rounds_import_reject (report, _("neither vitals CSV nor WFDB"));
      tell (self, report);
      return TRUE;
    }
  if (report->kind == ROUNDS_KIND_DICOM)
    {
      g_ptr_array_add (self->batch.reports, g_steal_pointer (&owned));
      g_ptr_array_add (self->batch.bytes, g_steal_pointer (&bytes));
      self->batch.size += file->size;
      if (self->batch.bytes->len >= BATCH_FILES || self->batch.size >= BATCH_BYTES)
        return flush_scans (self, error);
      return TRUE;
    }
  if (!flush_scans (self, error))
    return FALSE;

  switch (report->kind)
    {
    case ROUNDS_KIND_FHIR:
    case ROUNDS_KIND_NDJSON:
      ok = import_records (self->store, bytes, report->kind == ROUNDS_KIND_NDJSON, self->options, report, cancellable,
                           error);
      break;
    case ROUNDS_KIND_DICOMDIR:
      import_dicomdir (self, bytes, report);
      break;
    case ROUNDS_KIND_VITALS_CSV:
      ok = rounds_import_vitals_csv (self->store, bytes, self->options, report, error);
      break;
    case ROUNDS_KIND_WFDB:
      ok = rounds_import_wfdb (self->store, self->wfdb, self->options, report, error);
      break;
    case ROUNDS_KIND_HL7V2:
      rounds_import_reject (report, _("HL7 v2 messages are not read yet"));
      break;
    default:
      rounds_import_reject (report, _("neither FHIR, DICOM, vitals CSV nor WFDB"));
      break;
    }
  if (ok)
    tell (self, report);
  return ok;
}

gboolean
rounds_import_paths (RoundsStore *store, const char *const *paths, const RoundsImportOptions *options,
                     RoundsImportFunc func, gpointer data, RoundsImportSummary *summary,
                     GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) found = NULL;
  g_autoptr (GHashTable) wfdb = NULL;
  Import self = { .store = store, .options = options, .func = func, .data = data, .summary = summary };
  gboolean ok = TRUE;

  g_return_val_if_fail (ROUNDS_IS_STORE (store), FALSE);
  g_return_val_if_fail (paths != NULL && options != NULL && summary != NULL, FALSE);

  *summary = (RoundsImportSummary) { 0 };
  found = rounds_import_walk (paths, cancellable);
  wfdb = rounds_import_find_wfdb (found);
  self.total = found->len;
  self.wfdb = wfdb;
  self.batch.reports = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_import_report_free);
  self.batch.bytes = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  for (guint i = 0; ok && i < found->len; i++)
    {
      ok = !g_cancellable_set_error_if_cancelled (cancellable, error) &&
           import_file (&self, found->pdata[i], cancellable, error);
    }
  if (ok)
    ok = flush_scans (&self, error);
  g_ptr_array_unref (self.batch.reports);
  g_ptr_array_unref (self.batch.bytes);
  return ok;
}
