/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading records: one, a compartment, by code, the versions, the counts. */
#include "store/store-private.h"

#include <glib/gi18n-lib.h>

static const char *const state_names[ROUNDS_N_STATES] = {
  NULL, "pending", "inflight", "unknown", "verify", "conflict", "quarantined", "blocked",
};

const char *
rounds_state_to_string (RoundsState state)
{
  return (guint) state < ROUNDS_N_STATES ? state_names[state] : NULL;
}

gboolean
rounds_state_from_string (const char *text, RoundsState *out)
{
  for (int i = 1; text != NULL && i < ROUNDS_N_STATES; i++)
    if (g_str_equal (text, state_names[i]))
      {
        *out = i;
        return TRUE;
      }
  return FALSE;
}

RoundsRecord *
rounds_record_copy (const RoundsRecord *self)
{
  RoundsRecord *copy = g_new (RoundsRecord, 1);

  *copy = *self;
  copy->type = g_strdup (self->type);
  copy->id = g_strdup (self->id);
  copy->json = g_strdup (self->json);
  copy->base_version = g_strdup (self->base_version);
  copy->sync_state = g_strdup (self->sync_state);
  copy->changed_by = g_strdup (self->changed_by);
  return copy;
}

void
rounds_record_free (RoundsRecord *self)
{
  if (self == NULL)
    return;
  g_free (self->type);
  g_free (self->id);
  g_free (self->json);
  g_free (self->base_version);
  g_free (self->sync_state);
  g_free (self->changed_by);
  g_free (self);
}

json_object *
rounds_record_parse (const RoundsRecord *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->json != NULL ? rounds_json_parse (self->json, -1, NULL) : NULL;
}

#define RECORD_COLUMNS \
  "r.id, r.local_json, r.revision, r.base_version, r.sync_state, r.changed_us, r.changed_by, " \
  "(SELECT text FROM name WHERE nid = r.type)"

static RoundsRecord *
take_record (RoundsRows *rows)
{
  RoundsRecord *record = g_new0 (RoundsRecord, 1);

  record->id = rounds_rows_dup (rows, 0);
  record->json = rounds_rows_dup (rows, 1);
  record->revision = rounds_rows_int (rows, 2);
  record->base_version = rounds_rows_dup (rows, 3);
  record->sync_state = g_strdup (rounds_state_to_string (rounds_rows_int (rows, 4)));
  record->unsynced = record->sync_state != NULL;
  record->deleted = record->json == NULL;
  record->changed_us = rounds_rows_int (rows, 5);
  record->changed_by = rounds_rows_dup (rows, 6);
  record->type = rounds_rows_dup (rows, 7);
  return record;
}

gboolean
rounds_record_read (RoundsReader *reader, gint64 rid, RoundsRecord **out, GError **error)
{
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row;

  *out = NULL;
  rows = rounds_database_query (reader->db, error,
                                "SELECT " RECORD_COLUMNS " FROM resource r WHERE r.rid = ? AND r.tombstone = 0", "i",
                                rid);
  if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
    return FALSE;
  if (row)
    *out = take_record (rows);
  return TRUE;
}

static GPtrArray *
take_records (RoundsReader *reader, RoundsRows *rows, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_record_free);
  gboolean row;

  if (rows == NULL)
    return NULL;
  for (;;)
    {
      if (!rounds_database_next (reader->db, rows, &row, error))
        return NULL;
      if (!row)
        return g_steal_pointer (&list);
      g_ptr_array_add (list, take_record (rows));
    }
}

static gboolean
not_found (const char *type, const char *id, GError **error)
{
  g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NOT_FOUND, _("There is no %s/%s"), type, id);
  return FALSE;
}

/* The id under which a record stands now: its own, or the one that the server gave it since. */
static gboolean
find_id (RoundsReader *reader, gint64 type_nid, const char *id, char **present, GError **error)
{
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row;

  rows = rounds_database_query (reader->db, error,
                                "SELECT server_id FROM id_map WHERE type = ?2 AND local_id = ?1 AND NOT EXISTS "
                                "(SELECT 1 FROM resource r WHERE r.id = ?1 AND r.type = ?2)", "si", id, type_nid);
  if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
    return FALSE;
  *present = row ? rounds_rows_dup (rows, 0) : g_strdup (id);
  return TRUE;
}

RoundsRecord *
rounds_store_get (RoundsStore *self, const char *type, const char *id, GError **error)
{
  g_autoptr (RoundsReader) reader = NULL;
  g_autoptr (RoundsRows) rows = NULL;
  g_autofree char *present = NULL;
  gint64 nid;
  gboolean row;

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && type != NULL && id != NULL, NULL);

  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL || !rounds_database_find_name (reader->db, type, &nid, error))
    return NULL;
  if (!find_id (reader, nid, id, &present, error))
    return NULL;
  rows = rounds_database_query (reader->db, error,
                                "SELECT " RECORD_COLUMNS " FROM resource r WHERE r.id = ? AND r.type = ? "
                                "AND r.tombstone = 0",
                                "si", present, nid);
  if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
    return NULL;
  if (!row)
    {
      not_found (type, id, error);
      return NULL;
    }
  return take_record (rows);
}

static GPtrArray *
list_of_type (RoundsReader *reader, gint64 type, gint64 limit, GError **error)
{
  g_autoptr (RoundsRows) rows = NULL;

  rows = rounds_database_query (reader->db, error,
                                "SELECT " RECORD_COLUMNS " FROM resource r WHERE r.type = ? AND r.tombstone "
                                                         "= 0 "
                                "ORDER BY r.time_us DESC, r.rid DESC LIMIT ?",
                                "ii", type, limit);
  return take_records (reader, rows, error);
}

GPtrArray *
rounds_store_list (RoundsStore *self, const char *type, const char *patient_id, guint limit, GError **error)
{
  g_autoptr (RoundsReader) reader = NULL;
  g_autoptr (RoundsRows) rows = NULL;
  gint64 type_nid = 0, patient = 0, n = limit > 0 ? (gint64) limit : -1;

  g_return_val_if_fail (ROUNDS_IS_STORE (self), NULL);
  g_return_val_if_fail (type != NULL || patient_id != NULL, NULL);

  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL || (type != NULL && !rounds_database_find_name (reader->db, type, &type_nid, error)) ||
      (patient_id != NULL && !rounds_database_find_patient (reader->db, patient_id, &patient, error)))
    return NULL;
  if ((type != NULL && type_nid == 0) || (patient_id != NULL && patient == 0))
    return g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_record_free);
  if (patient_id == NULL)
    return list_of_type (reader, type_nid, n, error);
  if (type != NULL)
    rows = rounds_database_query (reader->db, error,
                                  "SELECT " RECORD_COLUMNS " FROM resource r WHERE r.patient = ? AND r.type "
                                                           "= ? "
                                  "AND r.tombstone = 0 ORDER BY r.time_us DESC, r.rid DESC LIMIT ?",
                                  "iii", patient, type_nid, n);
  else
    rows = rounds_database_query (reader->db, error,
                                  "SELECT " RECORD_COLUMNS " FROM resource r WHERE r.patient = ? "
                                  "AND r.tombstone = 0 ORDER BY r.time_us DESC, r.rid DESC LIMIT ?",
                                  "ii", patient, n);
  return take_records (reader, rows, error);
}

/* Names of a code under any system: they stand together in the index of names. */
static gboolean
find_codes (RoundsReader *reader, const char *system, const char *code, GArray *out, GError **error)
{
  g_autofree char *low = g_strconcat (code, "|", system, NULL);
  g_autofree char *high = g_strconcat (code, "}", NULL);
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row;

  if (system != NULL)
    rows = rounds_database_query (reader->db, error, "SELECT nid FROM name WHERE text = ?", "s", low);
  else
    rows = rounds_database_query (reader->db, error, "SELECT nid FROM name WHERE text >= ? AND text < ?",
                                  "ss", low, high);
  for (;;)
    {
      gint64 nid;

      if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
        return FALSE;
      if (!row)
        return TRUE;
      nid = rounds_rows_int (rows, 0);
      g_array_append_val (out, nid);
    }
}

typedef struct {
  gint64 time_us, rid;
} RoundsHit;

static int
newest_first (gconstpointer a, gconstpointer b)
{
  const RoundsHit *x = a, *y = b;

  if (x->time_us != y->time_us)
    return x->time_us < y->time_us ? 1 : -1;
  return x->rid < y->rid ? 1 : x->rid > y->rid ? -1 : 0;
}

GPtrArray *
rounds_store_list_code (RoundsStore *self, const char *type, const char *patient_id, const char *system,
                        const char *code, guint limit, GError **error)
{
  g_autoptr (RoundsReader) reader = NULL;
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_record_free);
  g_autoptr (GArray) codes = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) hits = g_array_new (FALSE, FALSE, sizeof (RoundsHit));
  gint64 type_nid, patient = 0;
  gint64 last_rid = 0;
  gboolean row;

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && type != NULL && code != NULL, NULL);

  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL || !rounds_database_find_name (reader->db, type, &type_nid, error) ||
      (patient_id != NULL && !rounds_database_find_patient (reader->db, patient_id, &patient, error)) ||
      !find_codes (reader, system, code, codes, error))
    return NULL;
  if (patient_id != NULL && patient == 0)
    return g_steal_pointer (&list);
  for (guint i = 0; i < codes->len; i++)
    {
      g_autoptr (RoundsRows) rows = NULL;

      rows = rounds_database_query (reader->db, error,
                                    "SELECT time_us, rid FROM token WHERE patient = ? AND code = ? "
                                    "ORDER BY time_us DESC, rid DESC",
                                    "ii", patient, g_array_index (codes, gint64, i));
      for (;;)
        {
          RoundsHit hit;

          if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
            return NULL;
          if (!row)
            break;
          hit.time_us = rounds_rows_int (rows, 0);
          hit.rid = rounds_rows_int (rows, 1);
          g_array_append_val (hits, hit);
        }
    }
  if (codes->len > 1)
    g_array_sort (hits, newest_first);
  for (guint i = 0; i < hits->len && (limit == 0 || list->len < limit); i++)
    {
      g_autoptr (RoundsRows) rows = NULL;
      gint64 rid = g_array_index (hits, RoundsHit, i).rid;

      if (rid == last_rid)
        continue;   /* the same code under two systems */
      last_rid = rid;
      rows = rounds_database_query (reader->db, error,
                                    "SELECT " RECORD_COLUMNS " FROM resource r WHERE r.rid = ? AND r.type = "
                                                             "? "
                                    "AND r.tombstone = 0",
                                    "ii", rid, type_nid);
      if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
        return NULL;
      if (row)
        g_ptr_array_add (list, take_record (rows));
    }
  return g_steal_pointer (&list);
}

GPtrArray *
rounds_store_history (RoundsStore *self, const char *type, const char *id, GError **error)
{
  g_autoptr (RoundsReader) reader = NULL;
  g_autoptr (RoundsRows) rows = NULL;
  g_autoptr (GPtrArray) list = NULL;
  g_autofree char *present = NULL;
  gint64 nid;

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && type != NULL && id != NULL, NULL);

  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL || !rounds_database_find_name (reader->db, type, &nid, error) ||
      !find_id (reader, nid, id, &present, error))
    return NULL;
  rows = rounds_database_query (reader->db, error,
                                "SELECT " RECORD_COLUMNS " FROM resource r WHERE r.id = ?1 AND r.type = ?2 "
                                                         "UNION ALL "
                                "SELECT r.id, h.json, h.revision, h.base_version, 0, h.changed_us, "
                                "h.changed_by, (SELECT text FROM name WHERE nid = r.type) "
                                "FROM resource r JOIN history h ON h.rid = r.rid WHERE r.id = ?1 AND r.type "
                                "= ?2 ORDER BY 3 DESC",
                                "si", present, nid);
  list = take_records (reader, rows, error);
  if (list != NULL && list->len == 0)
    {
      not_found (type, id, error);
      return NULL;
    }
  return g_steal_pointer (&list);
}

static void
count_free (RoundsCount *self)
{
  g_free (self->type);
  g_free (self);
}

GPtrArray *
rounds_store_count (RoundsStore *self, const char *patient_id, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) count_free);
  g_autoptr (RoundsReader) reader = NULL;
  g_autoptr (RoundsRows) rows = NULL;
  gint64 patient = 0;
  gboolean row;

  g_return_val_if_fail (ROUNDS_IS_STORE (self), NULL);

  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL || (patient_id != NULL && !rounds_database_find_patient (reader->db, patient_id, &patient,
                                                                              error)))
    return NULL;
  if (patient_id != NULL)
    rows = rounds_database_query (reader->db, error,
                                  "SELECT n.text, count(*) FROM resource r JOIN name n ON n.nid = r.type "
                                  "WHERE r.patient = ? AND r.tombstone = 0 GROUP BY r.type ORDER BY n.text",
                                  "i", patient_id != NULL && patient == 0 ? (gint64) -1 : patient);
  else
    rows = rounds_database_query (reader->db, error,
                                  "SELECT n.text, count(*) FROM resource r JOIN name n ON n.nid = r.type "
                                  "WHERE r.tombstone = 0 GROUP BY r.type ORDER BY n.text",
                                  "");
  for (;;)
    {
      RoundsCount *count;

      if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
        return NULL;
      if (!row)
        return g_steal_pointer (&list);
      count = g_new0 (RoundsCount, 1);
      count->type = rounds_rows_dup (rows, 0);
      count->count = rounds_rows_int (rows, 1);
      g_ptr_array_add (list, count);
    }
}
