/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The row of a resource and its versions. Whoever changes a resource (an edit, an import, the cloud) loads the
 * row, decides, and saves it here, so that history, indexes and search never drift from the text. The base is
 * stored once: as long as nothing was changed here it is the local text itself. */
#include "store/version.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "store/search-index.h"

/* In table resource. */
enum { BASE_NONE, BASE_SAME, BASE_OWN, BASE_GONE };

void
rounds_row_clear (RoundsRow *self)
{
  g_free (self->type);
  g_free (self->id);
  g_free (self->patient_id);
  g_free (self->local);
  g_free (self->changed_by);
  g_free (self->base);
  g_free (self->base_version);
  g_free (self->codes);
  memset (self, 0, sizeof *self);
}

#define ROW_COLUMNS \
  "r.rid, r.id, r.type, r.patient, r.origin, r.time_us, r.revision, r.local_json, r.changed_us, r.changed_by, " \
  "r.sync_state, r.base_state, r.base_json, r.base_version, r.last_updated, r.codes, " \
  "(SELECT text FROM name WHERE nid = r.type), (SELECT text FROM name WHERE nid = r.patient)"

static void
take_row (RoundsRows *rows, RoundsRow *out)
{
  int base = rounds_rows_int (rows, 11);

  out->rid = rounds_rows_int (rows, 0);
  out->id = rounds_rows_dup (rows, 1);
  out->type_nid = rounds_rows_int (rows, 2);
  out->patient_nid = rounds_rows_int (rows, 3);
  out->origin_nid = rounds_rows_int (rows, 4);
  out->has_time = sqlite3_column_type (rows, 5) != SQLITE_NULL;
  out->time_us = rounds_rows_int (rows, 5);
  out->revision = rounds_rows_int (rows, 6);
  out->local = rounds_rows_dup (rows, 7);
  out->changed_us = rounds_rows_int (rows, 8);
  out->changed_by = rounds_rows_dup (rows, 9);
  out->state = rounds_rows_int (rows, 10);
  out->base_state = base == BASE_NONE ? ROUNDS_BASE_NONE : base == BASE_GONE ? ROUNDS_BASE_GONE
    : ROUNDS_BASE_THERE;
  out->base = base == BASE_SAME ? g_strdup (out->local) : rounds_rows_dup (rows, 12);
  out->base_version = rounds_rows_dup (rows, 13);
  out->last_updated_us = rounds_rows_int (rows, 14);
  out->codes = rounds_rows_dup (rows, 15);
  out->type = rounds_rows_dup (rows, 16);
  out->patient_id = rounds_rows_dup (rows, 17);
}

gboolean
rounds_row_load (RoundsWriter *writer, const char *type, const char *id, RoundsRow *out, GError **error)
{
  g_autoptr (RoundsRows) rows = NULL;
  gint64 nid;
  gboolean row;

  memset (out, 0, sizeof *out);
  if (!rounds_writer_name (writer, type, &nid, error))
    return FALSE;
  rows = rounds_database_query (writer->db, error,
                                "SELECT " ROW_COLUMNS " FROM resource r WHERE r.id = ? AND r.type = ?", "si",
                                id, nid);
  if (rows == NULL || !rounds_database_next (writer->db, rows, &row, error))
    return FALSE;
  if (row)
    take_row (rows, out);
  else
    {
      out->type = g_strdup (type);
      out->id = g_strdup (id);
      out->type_nid = nid;
    }
  return TRUE;
}

gboolean
rounds_row_load_mapped (RoundsWriter *writer, const char *type, const char *id, RoundsRow *out, GError **error)
{
  g_autoptr (RoundsRows) rows = NULL;
  g_autofree char *mapped = NULL;
  gboolean row;

  if (!rounds_row_load (writer, type, id, out, error) || out->rid != 0)
    return out->rid != 0;
  rows = rounds_database_query (writer->db, error, "SELECT server_id FROM id_map WHERE type = ? AND local_id = ?",
                                "is", out->type_nid, id);
  if (rows == NULL || !rounds_database_next (writer->db, rows, &row, error))
    return FALSE;
  if (!row)
    return TRUE;
  mapped = rounds_rows_dup (rows, 0);
  sqlite3_reset (rows);
  rounds_row_clear (out);
  return rounds_row_load (writer, type, mapped, out, error);
}

gboolean
rounds_row_load_there (RoundsWriter *writer, const char *type, const char *id, RoundsRow *out, GError **error)
{
  if (!rounds_row_load_mapped (writer, type, id, out, error))
    return FALSE;
  if (out->rid == 0)
    g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NOT_FOUND, _("There is no %s/%s"), type, id);
  return out->rid != 0;
}

gboolean
rounds_row_load_rid (RoundsWriter *writer, gint64 rid, RoundsRow *out, GError **error)
{
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row;

  memset (out, 0, sizeof *out);
  rows = rounds_database_query (writer->db, error, "SELECT " ROW_COLUMNS " FROM resource r WHERE r.rid = ?",
                                "i", rid);
  if (rows == NULL || !rounds_database_next (writer->db, rows, &row, error))
    return FALSE;
  if (row)
    take_row (rows, out);
  else
    g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NOT_FOUND, _("No such record"));
  return row;
}

void
rounds_row_set_base (RoundsRow *self, RoundsBase state, const char *text, const char *version,
                     gint64 last_updated_us)
{
  char *copy = g_strdup (text), *version_copy = g_strdup (version);

  g_free (self->base);
  g_free (self->base_version);
  self->base = copy;
  self->base_version = version_copy;
  self->base_state = state;
  self->last_updated_us = last_updated_us;
}

gboolean
rounds_row_text_of (RoundsWriter *writer, const RoundsRow *self, gint64 revision, char **text, GError **error)
{
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row;

  if (revision == self->revision)
    {
      *text = g_strdup (self->local);
      return TRUE;
    }
  rows = rounds_database_query (writer->db, error, "SELECT json FROM history WHERE rid = ? AND revision = ?",
                                "ii", self->rid, revision);
  if (rows == NULL || !rounds_database_next (writer->db, rows, &row, error))
    return FALSE;
  if (!row)
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NOT_FOUND, _("No such version"));
      return FALSE;
    }
  *text = rounds_rows_dup (rows, 0);
  return TRUE;
}

/* --- comparing -------------------------------------------------------------------------------------- */

static json_object *
without_version (const char *text)
{
  json_object *value = rounds_json_parse (text, -1, NULL);
  json_object *meta = value != NULL ? rounds_json_peek (value, "meta") : NULL;

  if (json_object_is_type (meta, json_type_object))
    {
      json_object_object_del (meta, "versionId");
      json_object_object_del (meta, "lastUpdated");
      if (json_object_object_length (meta) == 0)
        json_object_object_del (value, "meta");
    }
  return value;
}

gboolean
rounds_text_same (const char *a, const char *b)
{
  g_autoptr (json_object) x = NULL;
  g_autoptr (json_object) y = NULL;

  if (a == NULL || b == NULL)
    return a == b;
  if (g_str_equal (a, b))
    return TRUE;
  x = without_version (a);
  y = without_version (b);
  return x != NULL && y != NULL && rounds_json_equal (x, y);
}

/* --- indexes ---------------------------------------------------------------------------------------- */

static gboolean
drop_tokens (RoundsWriter *writer, RoundsRow *self, GError **error)
{
  g_auto (GStrv) codes = NULL;

  if (self->codes == NULL)
    return TRUE;
  codes = g_strsplit (self->codes, ",", -1);
  for (guint i = 0; codes[i] != NULL; i++)
    if (!rounds_database_run (writer->db, error,
                              "DELETE FROM token WHERE patient = ? AND code = ? AND time_us = ? AND rid = ?",
                              "iiii", self->patient_nid, (gint64) g_ascii_strtoll (codes[i], NULL, 10),
                              self->has_time ? self->time_us : 0, self->rid))
      return FALSE;
  g_clear_pointer (&self->codes, g_free);
  return TRUE;
}

static gboolean
name_codes (RoundsWriter *writer, const RoundsFacts *facts, GArray *nids, GError **error)
{
  for (guint i = 0; facts != NULL && facts->codes[i] != NULL; i++)
    {
      gint64 nid;

      if (!rounds_writer_name (writer, facts->codes[i], &nid, error))
        return FALSE;
      g_array_append_val (nids, nid);
    }
  return TRUE;
}

static char *
join_nids (GArray *nids)
{
  GString *text;

  if (nids->len == 0)
    return NULL;
  text = g_string_new (NULL);
  for (guint i = 0; i < nids->len; i++)
    g_string_append_printf (text, "%s%" G_GINT64_FORMAT, i > 0 ? "," : "", g_array_index (nids, gint64, i));
  return g_string_free (text, FALSE);
}

static gboolean
add_tokens (RoundsWriter *writer, RoundsRow *self, GArray *nids, GError **error)
{
  for (guint i = 0; i < nids->len; i++)
    if (!rounds_database_run (writer->db, error,
                              "INSERT OR IGNORE INTO token (patient, code, time_us, rid) VALUES (?, ?, ?, "
                              "?)", "iiii",
                              self->patient_nid, g_array_index (nids, gint64, i), self->has_time
                                ? self->time_us : 0,
                              self->rid))
      return FALSE;
  return TRUE;
}

static gboolean
index_patient (RoundsWriter *writer, RoundsRow *self, const RoundsFacts *facts, GError **error)
{
  const RoundsPatientFacts *patient = facts != NULL ? facts->patient : NULL;
  g_autofree char *key = patient != NULL ? rounds_fold_words (patient->name) : NULL;
  gint64 stamp;

  if (!rounds_database_int (writer->db, 0, &stamp, error, "SELECT max(stamp) FROM patient", "") ||
      !rounds_database_run (writer->db, error, "DELETE FROM identifier WHERE rid = ?", "i", self->rid))
    return FALSE;
  if (patient == NULL)
    return rounds_database_run (writer->db, error, "UPDATE patient SET gone = 1, stamp = ? WHERE rid = ?",
                                "ii", stamp + 1, self->rid);
  for (guint i = 0; patient->identifier_values[i] != NULL; i++)
    if (!rounds_database_run (writer->db, error, "INSERT OR IGNORE INTO identifier (value, rid) VALUES (?, "
                                                 "?)", "si",
                              patient->identifier_values[i], self->rid))
      return FALSE;
  return rounds_database_run (writer->db, error,
                              "INSERT OR REPLACE INTO patient (rid, stamp, gone, id, name, sort_key, "
                              "birth_date, sex, identifiers, deceased, words) VALUES (?, ?, 0, ?, ?, ?, ?, "
                              "?, ?, ?, ?)",
                              "iissssssis", self->rid, stamp + 1, self->id, patient->name, key,
                              patient->birth_date,
                              patient->sex, patient->identifiers, (gint64) patient->deceased, patient->words);
}

/* --- saving ----------------------------------------------------------------------------------------- */

static int
stored_base (const RoundsRow *self, const char **text)
{
  *text = NULL;
  if (self->base_state == ROUNDS_BASE_NONE)
    return BASE_NONE;
  if (self->base_state == ROUNDS_BASE_GONE)
    return BASE_GONE;
  if (g_strcmp0 (self->base, self->local) == 0)
    return BASE_SAME;
  *text = self->base;
  return BASE_OWN;
}

static gboolean
insert_row (RoundsWriter *writer, RoundsRow *self, GError **error)
{
  const char *base;
  gint64 base_state = stored_base (self, &base);

  if (!rounds_database_run (writer->db, error,
                            "INSERT INTO resource (type, id, patient, time_us, revision, tombstone, "
                            "changed_us, changed_by, origin, sync_state, base_state, base_version, "
                            "last_updated, codes, base_json, local_json) VALUES (?, ?, ?, CASE WHEN ? THEN ? "
                            "END, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                            "isiiiiiisiiisisss", self->type_nid, self->id, self->patient_nid,
                            (gint64) self->has_time,
                            self->time_us, self->revision, (gint64) (self->local == NULL), self->changed_us,
                            self->changed_by, self->origin_nid, (gint64) self->state, base_state,
                            self->base_version, self->last_updated_us, self->codes, base, self->local))
    return FALSE;
  self->rid = sqlite3_last_insert_rowid (rounds_database_get_handle (writer->db));
  return TRUE;
}

static gboolean
update_row (RoundsWriter *writer, RoundsRow *self, GError **error)
{
  const char *base;
  gint64 base_state = stored_base (self, &base);

  return rounds_database_run (writer->db, error,
                              "UPDATE resource SET patient = ?, time_us = CASE WHEN ? THEN ? END, revision = "
                              "?, tombstone = ?, changed_us = ?, changed_by = ?, origin = ?, sync_state = ?, "
                              "base_state = ?, base_version = ?, last_updated = ?, codes = ?, base_json = ?, "
                              "local_json = ?, id = ? WHERE rid = ?",
                              "iiiiiisiiisissssi", self->patient_nid, (gint64) self->has_time, self->time_us,
                              self->revision, (gint64) (self->local == NULL), self->changed_us,
                              self->changed_by,
                              self->origin_nid, (gint64) self->state, base_state, self->base_version,
                              self->last_updated_us, self->codes, base, self->local, self->id, self->rid);
}

gboolean
rounds_row_save_base (RoundsWriter *writer, RoundsRow *self, GError **error)
{
  const char *base;
  gint64 base_state = stored_base (self, &base);

  return rounds_database_run (writer->db, error,
                              "UPDATE resource SET origin = ?, sync_state = ?, base_state = ?, base_version "
                              "= ?, last_updated = ?, base_json = ? WHERE rid = ?",
                              "iiisisi", self->origin_nid, (gint64) self->state, base_state,
                              self->base_version, self->last_updated_us, base, self->rid);
}

static gboolean
keep_old_version (RoundsWriter *writer, const RoundsRow *self, GError **error)
{
  return rounds_database_run (writer->db, error,
                              "INSERT INTO history (rid, revision, changed_us, changed_by, base_version, "
                              "json) VALUES (?, ?, ?, ?, ?, ?)",
                              "iiisss", self->rid, self->revision, self->changed_us, self->changed_by,
                              self->base_version, self->local);
}

/* The fields that come from the new text. A deleted resource stays in its patient's compartment. */
static gboolean
take_facts (RoundsWriter *writer, RoundsRow *self, const RoundsFacts *facts, GError **error)
{
  char *text = facts != NULL ? g_strdup (facts->text) : NULL;

  g_free (self->local);
  self->local = text;
  if (facts == NULL)
    return TRUE;
  if (g_strcmp0 (self->patient_id, facts->patient_id) != 0 || self->rid == 0)
    {
      g_free (self->patient_id);
      self->patient_id = g_strdup (facts->patient_id);
      if (!rounds_writer_name (writer, facts->patient_id, &self->patient_nid, error))
        return FALSE;
    }
  self->has_time = facts->has_time;
  self->time_us = facts->time_us;
  return TRUE;
}

static gboolean
save (RoundsWriter *writer, RoundsRow *self, const RoundsFacts *facts, GError **error)
{
  g_autoptr (GArray) nids = g_array_new (FALSE, FALSE, sizeof (gint64));
  gboolean new_row = self->rid == 0;

  if (self->rid != 0 && !drop_tokens (writer, self, error))
    return FALSE;
  if (!take_facts (writer, self, facts, error) || !name_codes (writer, facts, nids, error))
    return FALSE;
  self->codes = join_nids (nids);
  if (!(self->rid == 0 ? insert_row : update_row) (writer, self, error) ||
      !add_tokens (writer, self, nids, error))
    return FALSE;
  if (g_str_equal (self->type, "Patient") && !index_patient (writer, self, facts, error))
    return FALSE;
  if (!rounds_search_index_save (writer, self->type, self->type_nid, self->rid, self->local, new_row, error))
    return FALSE;
  rounds_writer_changed (writer, self->type, self->id, self->patient_id);
  return TRUE;
}

gboolean
rounds_row_save_version (RoundsWriter *writer, RoundsRow *self, const RoundsFacts *facts, const char *who,
                         GError **error)
{
  if (self->rid != 0 && !keep_old_version (writer, self, error))
    return FALSE;
  self->revision++;
  self->changed_us = writer->now_us;
  if (g_strcmp0 (self->changed_by, who) != 0)
    {
      g_free (self->changed_by);
      self->changed_by = g_strdup (who);
    }
  return save (writer, self, facts, error);
}

gboolean
rounds_row_save_reworded (RoundsWriter *writer, RoundsRow *self, const RoundsFacts *facts, GError **error)
{
  g_return_val_if_fail (self->rid != 0, FALSE);

  return save (writer, self, facts, error);
}
