/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scans: an index row in records.db, the bytes in pixels.db. Two files cannot commit as one, so the bytes go
 * first: when the power goes between the two, bytes without a row are left, which nobody sees and the next
 * import of the same object takes over. A row never points to bytes that are not there. Other bytes of an object that
 * is here stand beside the old ones, under its UID and their digest, until the row says which of the two it means;
 * then the old ones are deleted. */
#include "store/scan-store.h"

#include <glib/gi18n-lib.h>
#include <sodium.h>
#include <string.h>

#include "fhir/resource.h"
#include "store/store-private.h"

#define DIGEST_BYTES 32

RoundsScanInstance *
rounds_scan_instance_new (void)
{
  return g_new0 (RoundsScanInstance, 1);
}

void
rounds_scan_instance_free (RoundsScanInstance *self)
{
  if (self == NULL)
    return;
  g_free (self->sop_uid);
  g_free (self->series_uid);
  g_free (self->study_uid);
  g_free (self->sop_class_uid);
  g_free (self->transfer_syntax);
  g_free (self->patient_id);
  g_free (self->dicom_patient_id);
  g_free (self->dicom_patient_name);
  g_free (self->dicom_birth_date);
  g_free (self->modality);
  g_free (self->study_date);
  g_free (self->study_time);
  g_free (self->study_description);
  g_free (self->series_description);
  g_free (self->body_part);
  g_free (self->image_type);
  g_free (self->accession);
  g_free (self->warnings);
  g_free (self);
}

/* A UID of the standard: digits and points, 64 at most. It is a key here, never a file name. */
static gboolean
is_uid (const char *text)
{
  gsize length = text != NULL ? strlen (text) : 0;

  return length > 0 && length <= 64 && strspn (text, "0123456789.") == length;
}

/* With 17 digits the same bits come back, whatever the locale. */
static char *
print_numbers (const double *numbers, guint n)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    {
      char text[G_ASCII_DTOSTR_BUF_SIZE];

      g_string_append_printf (out, "%s%s", i > 0 ? " " : "", g_ascii_dtostr (text, sizeof text, numbers[i]));
    }
  return g_string_free (out, FALSE);
}

static char *
print_geometry (const RoundsScanInstance *self)
{
  double numbers[9];

  if (!self->has_geometry)
    return NULL;
  memcpy (numbers, self->position_mm, sizeof self->position_mm);
  memcpy (numbers + 3, self->orientation, sizeof self->orientation);
  return print_numbers (numbers, 9);
}

static void
read_numbers (const char *text, double *out, guint n)
{
  char *at = (char *) text;

  for (guint i = 0; at != NULL && i < n; i++)
    out[i] = g_ascii_strtod (at, &at);
}

/* --- writing ---------------------------------------------------------------------------------------- */

typedef struct {
  RoundsScanInstance *const *instances;
  GBytes *const *bytes;
  guint n;
  gboolean to_cloud;
  RoundsImportOutcome *outcomes;
  guint8 (*digests)[DIGEST_BYTES];
  gboolean *has_bytes;
  gboolean *replaces;        /* other bytes under the same UID */
} RoundsScanPut;

static gboolean
allow_put (RoundsWriter *writer, const RoundsScanPut *call, guint i, gboolean known, GError **error)
{
  /* What the cloud says is there, and its bytes when they are fetched, come by the right to sync; anything
   * else is an import. */
  if (!call->to_cloud && (known || call->bytes == NULL || call->bytes[i] == NULL))
    return rounds_writer_allow (writer, ROUNDS_ACT_SYNC, NULL, NULL, error);
  return rounds_writer_allow (writer, ROUNDS_ACT_IMPORT, "ImagingStudy", NULL, error);
}

static gboolean
write_index (RoundsWriter *writer, const RoundsScanInstance *it, const guint8 *digest, gsize digest_size,
             gint64 patient, GError **error)
{
  g_autofree char *geometry = print_geometry (it);
  g_autofree char *spacing = print_numbers (it->spacing_mm, 2);

  return rounds_database_run (
    writer->db, error,
    "INSERT OR REPLACE INTO scan (sop_uid, series_uid, study_uid, patient, digest, sop_class_uid, "
    "transfer_syntax, dicom_patient_id, dicom_patient_name, dicom_birth_date, modality, study_date, "
    "study_time, study_description, series_description, body_part, image_type, accession, series_number, "
    "instance_number, rows, columns, frames, bits_stored, samples, geometry, spacing, size_bytes, "
    "derived_here, warnings) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
    "?, ?, ?, ?, ?, ?)",
    "sssibsssssssssssssiiiiiiissiis", it->sop_uid, it->series_uid, it->study_uid, patient, digest,
    digest_size, it->sop_class_uid, it->transfer_syntax, it->dicom_patient_id, it->dicom_patient_name,
    it->dicom_birth_date, it->modality, it->study_date, it->study_time, it->study_description,
    it->series_description, it->body_part, it->image_type, it->accession, (gint64) it->series_number,
    (gint64) it->instance_number, (gint64) it->rows, (gint64) it->columns, (gint64) it->frames,
    (gint64) it->bits_stored, (gint64) it->samples, geometry, spacing, it->size_bytes,
    (gint64) it->derived_here, it->warnings);
}

static gboolean
match_patient (RoundsDatabase *db, const char *dicom_patient_id, char **out, GError **error)
{
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row;

  *out = NULL;
  if (dicom_patient_id == NULL || *dicom_patient_id == '\0')
    return TRUE;
  rows = rounds_database_query (db, error,
                                "SELECT p.id FROM identifier i JOIN patient p ON p.rid = i.rid WHERE i.value "
                                "= ? AND p.gone = 0 LIMIT 2",
                                "s", dicom_patient_id);
  if (rows == NULL || !rounds_database_next (db, rows, &row, error))
    return FALSE;
  if (!row)
    return TRUE;
  *out = rounds_rows_dup (rows, 0);
  if (!rounds_database_next (db, rows, &row, error))
    {
      g_clear_pointer (out, g_free);
      return FALSE;
    }
  /* Two patients with one number: a person must say which. */
  if (row)
    g_clear_pointer (out, g_free);
  return TRUE;
}

static gboolean
put_one (RoundsWriter *writer, RoundsScanPut *call, guint i, GError **error)
{
  RoundsScanInstance *it = call->instances[i];
  g_autoptr (RoundsRows) rows = NULL;
  g_autofree char *matched = NULL;
  gboolean row, had_bytes = FALSE, same = FALSE, with_bytes = call->has_bytes[i];
  guint8 digest[DIGEST_BYTES];
  gint64 patient = 0;

  rows = rounds_database_query (writer->db, error, "SELECT digest, patient FROM scan WHERE sop_uid = ?", "s",
                                it->sop_uid);
  if (rows == NULL || !rounds_database_next (writer->db, rows, &row, error))
    return FALSE;
  if (row)
    {
      patient = rounds_rows_int (rows, 1);
      had_bytes = sqlite3_column_bytes (rows, 0) == DIGEST_BYTES;
      if (had_bytes)
        {
          memcpy (digest, sqlite3_column_blob (rows, 0), DIGEST_BYTES);
          same = with_bytes && memcmp (digest, call->digests[i], DIGEST_BYTES) == 0;
        }
    }
  sqlite3_reset (rows);
  if (!allow_put (writer, call, i, row, error))
    return FALSE;
  /* The index alone never replaces what was read from the object itself, nor the index before. */
  if (same || (row && !with_bytes))
    {
      call->outcomes[i] = ROUNDS_IMPORT_UNCHANGED;
      return TRUE;
    }
  if (it->patient_id == NULL && patient == 0 && !match_patient (writer->db, it->dicom_patient_id, &matched,
                                                                error))
    return FALSE;
  if (it->patient_id != NULL || matched != NULL)
    if (!rounds_writer_patient (writer, it->patient_id != NULL ? it->patient_id : matched, &patient, error))
      return FALSE;
  {
    RoundsScanInstance copy = *it;

    if (with_bytes)
      copy.size_bytes = g_bytes_get_size (call->bytes[i]);
    if (!write_index (writer, &copy, with_bytes ? call->digests[i] : NULL, with_bytes ? DIGEST_BYTES : 0,
                      patient, error))
      return FALSE;
  }
  call->replaces[i] = had_bytes;
  call->outcomes[i] = row ? ROUNDS_IMPORT_UPDATED : ROUNDS_IMPORT_NEW;
  if (call->to_cloud &&
      !rounds_database_run (writer->db, error, "INSERT OR REPLACE INTO scan_outbox (sop_uid) VALUES (?)", "s",
                            it->sop_uid))
    return FALSE;
  g_ptr_array_add (writer->scans_changed,
                   g_strdup (it->patient_id != NULL ? it->patient_id : matched != NULL ? matched : ""));
  return TRUE;
}

/* Bytes of what is new or changed. Inside a transaction of pixels.db. */
static gboolean
put_bytes (RoundsWriter *writer, RoundsScanPut *call, GError **error)
{
  for (guint i = 0; i < call->n; i++)
    if (call->has_bytes[i] && call->outcomes[i] != ROUNDS_IMPORT_UNCHANGED &&
        !rounds_database_run (writer->pixels, error,
                              "INSERT OR REPLACE INTO pixel (sop_uid, bytes) VALUES (CASE WHEN ?3 THEN " ROUNDS_PIXEL_OTHER
                              " ELSE ?1 END, ?4)", "sbib",
                              call->instances[i]->sop_uid, call->digests[i], (gsize) DIGEST_BYTES,
                              (gint64) call->replaces[i], g_bytes_get_data (call->bytes[i], NULL),
                              g_bytes_get_size (call->bytes[i])))
      return FALSE;
  return TRUE;
}

/* What the rows do not mean any more. Inside a transaction of records.db, so that no other program changes them. */
static gboolean
drop_replaced_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  const RoundsScanPut *call = data;

  for (guint i = 0; i < call->n; i++)
    {
      g_autoptr (RoundsRows) rows = NULL;
      gboolean row;

      if (!call->replaces[i])
        continue;
      rows = rounds_database_query (writer->db, error, "SELECT digest FROM scan WHERE sop_uid = ?", "s",
                                    call->instances[i]->sop_uid);
      if (rows == NULL || !rounds_database_next (writer->db, rows, &row, error))
        return FALSE;
      if (row &&
          !rounds_database_run (writer->pixels, error,
                                "DELETE FROM pixel WHERE (sop_uid = ?1 OR (sop_uid > ?1 || '#' AND sop_uid < ?1 || '$')) AND "
                                "sop_uid <> " ROUNDS_PIXEL_OTHER " AND EXISTS (SELECT 1 FROM pixel p WHERE p.sop_uid = "
                                ROUNDS_PIXEL_OTHER ")", "sb",
                                call->instances[i]->sop_uid, sqlite3_column_blob (rows, 0),
                                (gsize) sqlite3_column_bytes (rows, 0)))
        return FALSE;
    }
  return TRUE;
}

static gboolean
put_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsScanPut *call = data;
  g_autofree char *detail = NULL;
  guint n_new = 0;

  for (guint i = 0; i < call->n; i++)
    {
      if (!put_one (writer, call, i, error))
        return FALSE;
      n_new += call->outcomes[i] != ROUNDS_IMPORT_UNCHANGED;
    }
  if (n_new == 0)
    return TRUE;
  writer->outbox_changed |= call->to_cloud;
  detail = g_strdup_printf ("%u scans", n_new);
  if (!rounds_audit_append (writer, call->to_cloud ? "import" : "sync", "ImagingStudy", NULL, detail, error))
    return FALSE;
  /* Committed before the index is: see the top of this file. */
  if (!rounds_database_exec (writer->pixels, "BEGIN IMMEDIATE", error))
    return FALSE;
  if (!put_bytes (writer, call, error) || !rounds_database_exec (writer->pixels, "COMMIT", error))
    {
      sqlite3_exec (rounds_database_get_handle (writer->pixels), "ROLLBACK", NULL, NULL, NULL);
      return FALSE;
    }
  return TRUE;
}

gboolean
rounds_store_scan_put_many (RoundsStore *self, RoundsScanInstance *const *instances, GBytes *const *bytes,
                            guint n, gboolean to_cloud, RoundsImportOutcome *outcomes, GError **error)
{
  g_autofree guint8 *digests = g_malloc0 ((gsize) MAX (n, 1) * DIGEST_BYTES);
  g_autofree gboolean *has_bytes = g_new0 (gboolean, MAX (n, 1)), *replaces = g_new0 (gboolean, MAX (n, 1));
  g_autofree RoundsImportOutcome *own = outcomes == NULL ? g_new0 (RoundsImportOutcome, MAX (n, 1)) : NULL;
  RoundsScanPut call = { instances, bytes, n, to_cloud, outcomes != NULL ? outcomes : own,
                         (gpointer) digests, has_bytes, replaces };
  gboolean any = FALSE;

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && (instances != NULL || n == 0), FALSE);

  for (guint i = 0; i < n; i++)
    {
      if (!is_uid (instances[i]->sop_uid) || !is_uid (instances[i]->series_uid) ||
          !is_uid (instances[i]->study_uid))
        {
          g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID,
                       _("Scan %u has no valid UID of study, series or instance"), i + 1);
          return FALSE;
        }
      has_bytes[i] = bytes != NULL && bytes[i] != NULL;
      if (has_bytes[i])
        crypto_generichash (digests + (gsize) i * DIGEST_BYTES, DIGEST_BYTES,
                            g_bytes_get_data (bytes[i], NULL), g_bytes_get_size (bytes[i]), NULL, 0);
    }
  if (!rounds_store_write (self, put_cb, &call, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    any |= replaces[i];
  /* Only room is lost where this fails: the next one deletes them too. */
  if (any)
    (void) rounds_store_write (self, drop_replaced_cb, &call, NULL);
  return TRUE;
}

gboolean
rounds_store_scan_put (RoundsStore *self, const RoundsScanInstance *instance, GBytes *bytes,
                       gboolean to_cloud, RoundsImportOutcome *outcome, GError **error)
{
  RoundsScanInstance *instances[1] = { (RoundsScanInstance *) instance };
  GBytes *all[1] = { bytes };
  RoundsImportOutcome own;

  return rounds_store_scan_put_many (self, instances, all, 1, to_cloud, outcome != NULL ? outcome : &own,
                                     error);
}

/* --- reading ---------------------------------------------------------------------------------------- */

/* Which bytes the index means; NULL: none are on the device, or an error. */
static GBytes *
dup_digest (RoundsStore *self, const char *sop_uid, GError **error)
{
  g_autoptr (RoundsReader) reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row;

  if (reader == NULL)
    return NULL;
  rows = rounds_database_query (reader->db, error,
                                "SELECT m.digest, NOT EXISTS (SELECT 1 FROM scan s WHERE s.sop_uid = ?1) FROM main.scan m "
                                "WHERE m.sop_uid = ?1", "s", sop_uid);
  if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
    return NULL;
  if (row && rounds_rows_int (rows, 1))
    g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DENIED,
                 _("%s/%s is restricted: break the glass first, with a reason"), "ImagingStudy", sop_uid);
  else if (row && sqlite3_column_bytes (rows, 0) == DIGEST_BYTES)
    return g_bytes_new (sqlite3_column_blob (rows, 0), DIGEST_BYTES);
  return NULL;
}

/* NULL without an error: they are not there. */
static GBytes *
dup_pixels (RoundsStore *self, const char *sop_uid, GBytes *digest, GError **error)
{
  g_autoptr (RoundsReader) reader = rounds_reader_new (self, ROUNDS_DATABASE_PIXELS, error);
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row;

  if (reader == NULL)
    return NULL;
  rows = rounds_database_query (reader->db, error, ROUNDS_PIXEL_BYTES, "sb", sop_uid, g_bytes_get_data (digest, NULL),
                                g_bytes_get_size (digest));
  if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error) || !row)
    return NULL;
  return g_bytes_new (sqlite3_column_blob (rows, 0), sqlite3_column_bytes (rows, 0));
}

GBytes *
rounds_store_scan_get (RoundsStore *self, const char *sop_uid, GError **error)
{
  g_autoptr (GBytes) last = NULL;

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && sop_uid != NULL, NULL);

  for (;;)
    {
      g_autoptr (GError) local = NULL;
      g_autoptr (GBytes) digest = dup_digest (self, sop_uid, &local);
      GBytes *bytes = NULL;

      /* Replaced between the two readings: once more, as long as it is another one. */
      if (digest != NULL && (last == NULL || !g_bytes_equal (last, digest)))
        bytes = dup_pixels (self, sop_uid, digest, &local);
      else if (local == NULL)
        g_set_error (&local, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NOT_FOUND, _("The scan is not on this device"));
      if (bytes != NULL)
        return bytes;
      if (local != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return NULL;
        }
      g_clear_pointer (&last, g_bytes_unref);
      last = g_steal_pointer (&digest);
    }
}

RoundsScanInstance *
rounds_scan_take (RoundsRows *rows)
{
  RoundsScanInstance *it = rounds_scan_instance_new ();
  const char *geometry = rounds_rows_text (rows, 25);
  double numbers[9] = { 0 };

  it->sop_uid = rounds_rows_dup (rows, 0);
  it->series_uid = rounds_rows_dup (rows, 1);
  it->study_uid = rounds_rows_dup (rows, 2);
  it->patient_id = rounds_rows_dup (rows, 3);
  it->on_device = rounds_rows_int (rows, 4) != 0;
  it->sop_class_uid = rounds_rows_dup (rows, 5);
  it->transfer_syntax = rounds_rows_dup (rows, 6);
  it->dicom_patient_id = rounds_rows_dup (rows, 7);
  it->dicom_patient_name = rounds_rows_dup (rows, 8);
  it->dicom_birth_date = rounds_rows_dup (rows, 9);
  it->modality = rounds_rows_dup (rows, 10);
  it->study_date = rounds_rows_dup (rows, 11);
  it->study_time = rounds_rows_dup (rows, 12);
  it->study_description = rounds_rows_dup (rows, 13);
  it->series_description = rounds_rows_dup (rows, 14);
  it->body_part = rounds_rows_dup (rows, 15);
  it->image_type = rounds_rows_dup (rows, 16);
  it->accession = rounds_rows_dup (rows, 17);
  it->series_number = rounds_rows_int (rows, 18);
  it->instance_number = rounds_rows_int (rows, 19);
  it->rows = rounds_rows_int (rows, 20);
  it->columns = rounds_rows_int (rows, 21);
  it->frames = rounds_rows_int (rows, 22);
  it->bits_stored = rounds_rows_int (rows, 23);
  it->samples = rounds_rows_int (rows, 24);
  it->has_geometry = geometry != NULL;
  read_numbers (geometry, numbers, 9);
  memcpy (it->position_mm, numbers, sizeof it->position_mm);
  memcpy (it->orientation, numbers + 3, sizeof it->orientation);
  read_numbers (rounds_rows_text (rows, 26), it->spacing_mm, 2);
  it->size_bytes = rounds_rows_int (rows, 27);
  it->derived_here = rounds_rows_int (rows, 28) != 0;
  it->warnings = rounds_rows_dup (rows, 29);
  return it;
}

RoundsScanInstance *
rounds_store_scan_info (RoundsStore *self, const char *sop_uid, GError **error)
{
  g_autoptr (RoundsReader) reader = NULL;
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row;

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && sop_uid != NULL, NULL);

  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL)
    return NULL;
  rows = rounds_database_query (reader->db, error, "SELECT " ROUNDS_SCAN_COLUMNS "FROM scan s WHERE s.sop_uid = ?",
                                "s", sop_uid);
  if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
    return NULL;
  if (row)
    return rounds_scan_take (rows);
  g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NOT_FOUND, _("There is no such scan"));
  return NULL;
}

GPtrArray *
rounds_store_scan_list (RoundsStore *self, const char *patient_id, const char *study_uid,
                        const char *series_uid, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_scan_instance_free);
  g_autoptr (RoundsReader) reader = NULL;
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row = TRUE;

  g_return_val_if_fail (ROUNDS_IS_STORE (self), NULL);
  g_return_val_if_fail ((patient_id != NULL) + (study_uid != NULL) + (series_uid != NULL) == 1, NULL);

  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL)
    return NULL;
  if (patient_id != NULL)
    rows = rounds_database_query (reader->db, error,
                                  "SELECT " ROUNDS_SCAN_COLUMNS "FROM scan s WHERE s.patient = (SELECT nid FROM "
                                                         "name WHERE "
                                  "text = " ROUNDS_PATIENT_TEXT ") ORDER BY s.study_uid, s.series_uid, s.instance_number, "
                                  "s.sop_uid",
                                  "s", patient_id);
  else if (study_uid != NULL)
    rows = rounds_database_query (reader->db, error,
                                  "SELECT " ROUNDS_SCAN_COLUMNS "FROM scan s WHERE s.study_uid = ? "
                                  "ORDER BY s.series_uid, s.instance_number, s.sop_uid",
                                  "s", study_uid);
  else
    rows = rounds_database_query (reader->db, error,
                                  "SELECT " ROUNDS_SCAN_COLUMNS "FROM scan s WHERE s.series_uid = ? "
                                  "ORDER BY s.instance_number, s.sop_uid",
                                  "s", series_uid);
  while (row)
    {
      if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
        return NULL;
      if (row)
        g_ptr_array_add (list, rounds_scan_take (rows));
    }
  return g_steal_pointer (&list);
}

char *
rounds_store_scan_match_patient (RoundsStore *self, const char *dicom_patient_id, GError **error)
{
  g_autoptr (RoundsReader) reader = NULL;
  char *id = NULL;

  g_return_val_if_fail (ROUNDS_IS_STORE (self), NULL);

  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL || !match_patient (reader->db, dicom_patient_id, &id, error))
    return NULL;
  return id;
}

/* --- assigning, thumbnails, measurements ------------------------------------------------------------ */

typedef struct {
  const char *study_uid, *series_uid, *patient_id, *uuid, *json;
  GBytes *png;
} RoundsScanCall;

static gboolean
assign_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsScanCall *call = data;
  gint64 patient, n;

  if (!rounds_writer_allow (writer, ROUNDS_ACT_IMPORT, "ImagingStudy", NULL, error) ||
      !rounds_writer_patient (writer, call->patient_id, &patient, error) ||
      !rounds_database_int (writer->db, 0, &n, error, "SELECT count(*) FROM scan WHERE study_uid = ?", "s",
                            call->study_uid))
    return FALSE;
  if (n == 0)
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NOT_FOUND, _("There is no such study"));
      return FALSE;
    }
  g_ptr_array_add (writer->scans_changed, g_strdup (""));
  return rounds_database_run (writer->db, error, "UPDATE scan SET patient = ? WHERE study_uid = ?", "is",
                              patient, call->study_uid) &&
         rounds_audit_append (writer, "assign", "Patient", call->patient_id, call->study_uid, error);
}

gboolean
rounds_store_scan_assign (RoundsStore *self, const char *study_uid, const char *patient_id, GError **error)
{
  RoundsScanCall call = { .study_uid = study_uid, .patient_id = patient_id };

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && study_uid != NULL, FALSE);

  return rounds_store_write (self, assign_cb, &call, error);
}

/* Made from what is here already: no right of its own, no row in the trail. */
static gboolean
thumbnail_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsScanCall *call = data;

  if (call->png == NULL)
    return rounds_database_run (writer->db, error, "DELETE FROM thumbnail WHERE series_uid = ?", "s",
                                call->series_uid);
  return rounds_database_run (writer->db, error, "INSERT OR REPLACE INTO thumbnail (series_uid, png) VALUES "
                                                 "(?, ?)", "sb",
                              call->series_uid, g_bytes_get_data (call->png, NULL),
                              g_bytes_get_size (call->png));
}

gboolean
rounds_store_scan_set_thumbnail (RoundsStore *self, const char *series_uid, GBytes *png, GError **error)
{
  RoundsScanCall call = { .series_uid = series_uid, .png = png };

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && series_uid != NULL, FALSE);

  return rounds_store_write (self, thumbnail_cb, &call, error);
}

/* What belongs to a series (?1) is hidden with its images (glass.h). */
#define IF_SEEN " AND (EXISTS (SELECT 1 FROM scan s WHERE s.series_uid = ?1) OR NOT EXISTS (SELECT 1 FROM main.scan m WHERE " \
  "m.series_uid = ?1))"

GBytes *
rounds_store_scan_get_thumbnail (RoundsStore *self, const char *series_uid, GError **error)
{
  g_autoptr (RoundsReader) reader = NULL;
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row;

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && series_uid != NULL, NULL);

  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL)
    return NULL;
  rows = rounds_database_query (reader->db, error, "SELECT png FROM thumbnail WHERE series_uid = ?1" IF_SEEN, "s",
                                series_uid);
  if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
    return NULL;
  if (row)
    return g_bytes_new (sqlite3_column_blob (rows, 0), sqlite3_column_bytes (rows, 0));
  g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NOT_FOUND, _("No thumbnail yet"));
  return NULL;
}

static gboolean
measurement_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsScanCall *call = data;
  g_autofree char *detail = g_strdup_printf ("measurement %s in series %s", call->uuid, call->series_uid);

  if (!rounds_writer_allow (writer, call->json != NULL ? ROUNDS_ACT_WRITE : ROUNDS_ACT_DELETE,
                            "ImagingStudy", NULL, error))
    return FALSE;
  if (call->json == NULL
        ? !rounds_database_run (writer->db, error,
                                "DELETE FROM measurement WHERE uuid = ? AND series_uid = ?", "ss",
                                call->uuid, call->series_uid)
        : !rounds_database_run (writer->db, error,
                                "INSERT OR REPLACE INTO measurement (uuid, series_uid, json, changed_us, "
                                "changed_by) VALUES (?, ?, ?, ?, ?)",
                                "sssis", call->uuid, call->series_uid, call->json, writer->now_us,
                                writer->who))
    return FALSE;
  g_ptr_array_add (writer->scans_changed, g_strdup (""));
  return rounds_audit_append (writer, call->json != NULL ? "measure" : "delete", "ImagingStudy", NULL,
                              detail, error);
}

gboolean
rounds_store_scan_set_measurement (RoundsStore *self, const char *series_uid, const char *uuid,
                                   const char *json, GError **error)
{
  RoundsScanCall call = { .series_uid = series_uid, .uuid = uuid, .json = json };
  g_autoptr (json_object) parsed = NULL;

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && series_uid != NULL && uuid != NULL, FALSE);

  if (json != NULL && (parsed = rounds_json_parse (json, -1, NULL)) == NULL)
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID,
                   _("A measurement that is not JSON"));
      return FALSE;
    }
  return rounds_store_write (self, measurement_cb, &call, error);
}

static GPtrArray *
list_texts (RoundsStore *self, const char *sql, const char *key, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (RoundsReader) reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row = TRUE;

  if (reader == NULL)
    return NULL;
  rows = rounds_database_query (reader->db, error, sql, "s", key);
  while (row)
    {
      if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
        return NULL;
      if (row)
        g_ptr_array_add (list, rounds_rows_dup (rows, 0));
    }
  return g_steal_pointer (&list);
}

GPtrArray *
rounds_store_scan_list_measurements (RoundsStore *self, const char *series_uid, GError **error)
{
  g_return_val_if_fail (ROUNDS_IS_STORE (self) && series_uid != NULL, NULL);

  return list_texts (self, "SELECT json FROM measurement WHERE series_uid = ?1" IF_SEEN " ORDER BY changed_us, uuid",
                     series_uid, error);
}

/* --- waiting to be sent ----------------------------------------------------------------------------- */

char **
rounds_store_scan_outbox_list (RoundsStore *self, guint limit, GError **error)
{
  g_autofree char *text = g_strdup_printf ("%d", limit > 0 ? (int) MIN (limit, G_MAXINT) : -1);
  GPtrArray *list;

  g_return_val_if_fail (ROUNDS_IS_STORE (self), NULL);

  list = list_texts (self, "SELECT sop_uid FROM scan_outbox ORDER BY seq LIMIT CAST (? AS INTEGER)", text,
                     error);
  if (list == NULL)
    return NULL;
  g_ptr_array_set_free_func (list, NULL);
  g_ptr_array_add (list, NULL);
  return (char **) g_ptr_array_free (list, FALSE);
}

guint
rounds_store_scan_outbox_count (RoundsStore *self, GError **error)
{
  g_autoptr (RoundsReader) reader = NULL;
  gint64 n = 0;

  g_return_val_if_fail (ROUNDS_IS_STORE (self), 0);

  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL || !rounds_database_int (reader->db, 0, &n, error, "SELECT count(*) FROM scan_outbox",
                                              ""))
    return 0;
  return n;
}

typedef struct {
  const char *const *uids;
  const char *uid, *reason;
  int status;
} RoundsScanSent;

static gboolean
scan_ack_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsScanSent *call = data;
  g_autofree char *detail = NULL;
  guint n = 0;

  if (!rounds_writer_allow (writer, ROUNDS_ACT_SYNC, NULL, NULL, error))
    return FALSE;
  for (; call->uids[n] != NULL; n++)
    if (!rounds_database_run (writer->db, error, "DELETE FROM scan_outbox WHERE sop_uid = ?", "s",
                              call->uids[n]))
      return FALSE;
  detail = g_strdup_printf ("%u scans acknowledged", n);
  writer->outbox_changed = TRUE;
  return n == 0 || rounds_audit_append (writer, "sync", "ImagingStudy", NULL, detail, error);
}

gboolean
rounds_store_scan_outbox_ack (RoundsStore *self, const char *const *sop_uids, GError **error)
{
  RoundsScanSent call = { .uids = sop_uids };

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && sop_uids != NULL, FALSE);

  return rounds_store_write (self, scan_ack_cb, &call, error);
}

static gboolean
scan_fail_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsScanSent *call = data;

  writer->outbox_changed = TRUE;
  return rounds_writer_allow (writer, ROUNDS_ACT_SYNC, NULL, NULL, error) &&
         rounds_database_run (writer->db, error,
                              "UPDATE scan_outbox SET attempts = attempts + 1, last_status = ?, reason = ? "
                              "WHERE sop_uid = ?",
                              "iss", (gint64) call->status, call->reason, call->uid);
}

gboolean
rounds_store_scan_outbox_fail (RoundsStore *self, const char *sop_uid, int status, const char *reason,
                               GError **error)
{
  RoundsScanSent call = { .uid = sop_uid, .status = status, .reason = reason };

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && sop_uid != NULL, FALSE);

  return rounds_store_write (self, scan_fail_cb, &call, error);
}
