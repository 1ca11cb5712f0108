/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ids that a server gave in place of ours.
 *
 * Everything here hangs on the id: references of other records, what waits, scans, series, drafts. All of it
 * follows in the transaction that renames, and id_map keeps the old id, so that an open window or a file that is
 * read again still finds the record. Who refers to it is found in an index of what waits: a record that the
 * server has cannot point to an id which that server never saw, and thousands of new records must not each look
 * through all others. */
#include "store/version.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "fhir/reference.h"
#include "fhir/resource.h"

typedef struct {
  const char *type, *old_id, *new_id;
  char *old_ref, *new_ref;
} RoundsRename;

/* --- who refers to what -------------------------------------------------------------------------------- */

static gboolean
add_refs (RoundsWriter *writer, const char *refs, gint64 rid, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (refs, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    if (!rounds_database_run (writer->db, error, "INSERT OR IGNORE INTO outbox_ref (ref, rid) VALUES (?, ?)", "si",
                              lines[i], rid))
      return FALSE;
  return TRUE;
}

/* Takes in what came to wait since. Stale entries go when nothing waits any more. */
static gboolean
bring_up (RoundsWriter *writer, GError **error)
{
  g_autoptr (RoundsRows) rows = NULL;
  gint64 from, newest;
  gboolean row = TRUE;

  if (!rounds_database_int (writer->db, 0, &from, error, "SELECT seq FROM outbox_ref_upto", "") ||
      !rounds_database_int (writer->db, 0, &newest, error, "SELECT max(seq) FROM outbox", ""))
    return FALSE;
  if (newest == 0)
    return rounds_database_run (writer->db, error, "DELETE FROM outbox_ref", "");
  if (newest <= from)
    return TRUE;
  rows = rounds_database_query (writer->db, error,
                                "SELECT rid, refs FROM outbox WHERE seq > ? AND refs IS NOT NULL ORDER BY seq", "i",
                                from);
  while (row)
    {
      if (rows == NULL || !rounds_database_next (writer->db, rows, &row, error) ||
          (row && !add_refs (writer, rounds_rows_text (rows, 1), rounds_rows_int (rows, 0), error)))
        return FALSE;
    }
  sqlite3_reset (rows);
  return rounds_database_run (writer->db, error, "UPDATE outbox_ref_upto SET seq = ?", "i", newest);
}

GArray *
rounds_outbox_find_referrers (RoundsWriter *writer, const char *ref, GError **error)
{
  if (!bring_up (writer, error))
    return NULL;
  return rounds_database_ints (writer->db, error, "SELECT rid FROM outbox_ref WHERE ref = ? ORDER BY rid", "s", ref);
}

/* --- rewriting ------------------------------------------------------------------------------------------ */

static char *
rename_reference (const char *reference, gpointer data)
{
  RoundsRename *rename = data;

  return g_strcmp0 (reference, rename->old_ref) == 0 ? g_strdup (rename->new_ref) : NULL;
}

/* References of one text; NULL when it has none of them. */
static char *
rewrite_text (const char *text, RoundsRename *rename, json_object **out)
{
  g_autoptr (json_object) value = NULL;

  /* Texts of others may have escaped the slash, or any letter. */
  if (text == NULL || (strstr (text, rename->old_id) == NULL && strstr (text, "\\u") == NULL))
    return NULL;
  value = rounds_json_parse (text, -1, NULL);
  if (value == NULL || rounds_reference_rewrite (value, rename_reference, rename) == 0)
    return NULL;
  if (out != NULL)
    *out = json_object_get (value);
  return rounds_json_print (value);
}

/* What waits is the rewritten text; a conflict's own side follows it. */
static gboolean
follow_waiting (RoundsWriter *writer, const RoundsRow *row, const RoundsFacts *facts, GError **error)
{
  if (!rounds_database_run (writer->db, error,
                            "UPDATE outbox SET revision = ?, refs = ?, patient = ? WHERE rid = ? AND "
                            "state NOT IN (2, 3, 4)",
                            "isii", row->revision, facts != NULL ? facts->refs : NULL, row->patient_nid, row->rid))
    return FALSE;
  if (facts != NULL && facts->refs != NULL && row->state != ROUNDS_STATE_NONE &&
      !add_refs (writer, facts->refs, row->rid, error))
    return FALSE;
  return row->state != ROUNDS_STATE_CONFLICT ||
         rounds_database_run (writer->db, error, "UPDATE conflict SET mine = ?, base = coalesce (?, base) WHERE rid = ?",
                              "ssi", row->local, row->base, row->rid);
}

static gboolean
rename_in (RoundsWriter *writer, gint64 rid, RoundsRename *rename, GError **error)
{
  g_auto (RoundsRow) row = { 0 };
  g_autoptr (json_object) value = NULL;
  g_autoptr (RoundsFacts) facts = NULL;
  g_autofree char *text = NULL, *base = NULL;

  if (!rounds_row_load_rid (writer, rid, &row, error))
    return FALSE;
  base = rewrite_text (row.base, rename, NULL);
  if (base != NULL)
    rounds_row_set_base (&row, row.base_state, base, row.base_version, row.last_updated_us);
  text = rewrite_text (row.local, rename, &value);
  if (text == NULL)
    return base == NULL || rounds_row_save_base (writer, &row, error);
  facts = rounds_facts_new_from_json (row.type, row.id, value, error);
  return facts != NULL && rounds_row_save_reworded (writer, &row, facts, error) &&
         follow_waiting (writer, &row, facts, error);
}

static gboolean
rename_referrers (RoundsWriter *writer, RoundsRename *rename, GError **error)
{
  g_autoptr (GArray) rids = rounds_outbox_find_referrers (writer, rename->old_ref, error);

  for (guint i = 0; rids != NULL && i < rids->len; i++)
    {
      gint64 rid = g_array_index (rids, gint64, i), there;

      /* An entry may be older than the row. */
      if (!rounds_database_int (writer->db, 0, &there, error, "SELECT count(*) FROM resource WHERE rid = ?", "i", rid) ||
          (there != 0 && !rename_in (writer, rid, rename, error)))
        return FALSE;
    }
  return rids != NULL &&
         rounds_database_run (writer->db, error, "DELETE FROM outbox_ref WHERE ref = ?", "s", rename->old_ref);
}

/* --- a patient ------------------------------------------------------------------------------------------- */

/* The records of its compartment that do not wait, too: once a patient, so the cost stays that of the records. */
static gboolean
rename_compartment (RoundsWriter *writer, gint64 old_nid, gint64 own_rid, RoundsRename *rename, GError **error)
{
  g_autoptr (GArray) rids = rounds_database_ints (writer->db, error,
                                                  "SELECT rid FROM resource WHERE patient = ? AND rid != ?", "ii",
                                                  old_nid, own_rid);

  if (rids == NULL)
    return FALSE;
  for (guint i = 0; i < rids->len; i++)
    if (!rename_in (writer, g_array_index (rids, gint64, i), rename, error))
      return FALSE;
  return TRUE;
}

/* Scans, series, deleted records and drafts hang on the patient by name. */
static gboolean
move_patient (RoundsWriter *writer, RoundsRename *rename, gint64 old_nid, gint64 own_rid, GError **error)
{
  g_autofree char *from = g_strconcat ("form/", rename->old_id, "/", NULL);
  g_autofree char *to = g_strconcat ("form/", rename->new_id, "/", NULL);
  gint64 new_nid, twice;

  if (!rounds_writer_name (writer, rename->new_id, &new_nid, error) ||
      !rename_compartment (writer, old_nid, own_rid, rename, error) ||
      !rounds_database_int (writer->db, 0, &twice, error,
                            "SELECT count(*) FROM series a JOIN series b ON b.code = a.code AND b.unit = a.unit "
                            "WHERE a.patient = ? AND b.patient = ?", "ii", old_nid, new_nid))
    return FALSE;
  if (twice > 0)
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID, _("There is another %s/%s already"),
                   rename->type, rename->new_id);
      return FALSE;
    }
  g_ptr_array_add (writer->series_changed, g_strdup (rename->new_id));
  g_ptr_array_add (writer->series_changed, g_strdup (rename->old_id));
  g_ptr_array_add (writer->scans_changed, g_strdup (rename->new_id));
  g_ptr_array_add (writer->scans_changed, g_strdup (rename->old_id));
  return rounds_database_run (writer->db, error, "UPDATE scan SET patient = ? WHERE patient = ?", "ii", new_nid,
                              old_nid) &&
         rounds_database_run (writer->db, error, "UPDATE series SET patient = ? WHERE patient = ?", "ii", new_nid,
                              old_nid) &&
         rounds_database_run (writer->db, error, "UPDATE resource SET patient = ? WHERE patient = ?", "ii", new_nid,
                              old_nid) &&
         rounds_database_run (writer->db, error, "UPDATE outbox SET patient = ? WHERE patient = ?", "ii", new_nid,
                              old_nid) &&
         rounds_database_run (writer->db, error,
                              "UPDATE OR REPLACE draft SET key = ?2 || substr (key, length (?1) + 1) "
                              "WHERE substr (key, 1, length (?1)) = ?1", "ss", from, to);
}

/* --- the record itself ------------------------------------------------------------------------------------ */

/* Whether what stands under the new id is ours, downloaded before its answer was seen: it bears the mark of the
 * create, or says the same. Whatever a server answers, another record must not give way. */
static gboolean
is_copy (RoundsWriter *writer, const RoundsRow *row, const RoundsRow *copy, gboolean *same, GError **error)
{
  g_autoptr (RoundsRows) rows = NULL;
  g_autoptr (RoundsFacts) renamed = NULL;
  gboolean there = TRUE;

  *same = FALSE;
  if (copy->local == NULL)
    return TRUE;
  rows = rounds_database_query (writer->db, error, "SELECT op_uuid FROM outbox WHERE rid = ?", "i", row->rid);
  while (there && !*same)
    {
      if (rows == NULL || !rounds_database_next (writer->db, rows, &there, error))
        return FALSE;
      *same = there && strstr (copy->local, rounds_rows_text (rows, 0)) != NULL;
    }
  if (*same || row->local == NULL)
    return TRUE;
  renamed = rounds_facts_new_renamed (row->type, copy->id, row->local, error);
  *same = renamed != NULL && rounds_text_same (renamed->text, copy->local);
  return renamed != NULL;
}

static gboolean
drop_copy (RoundsWriter *writer, const RoundsRow *row, RoundsRow *copy, GError **error)
{
  gboolean same;

  if (!is_copy (writer, row, copy, &same, error))
    return FALSE;
  if (copy->state != ROUNDS_STATE_NONE || !same)
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID, _("There is another %s/%s already"),
                   copy->type, copy->id);
      return FALSE;
    }
  /* As a deletion first, so that every index lets go of it. */
  return (copy->local == NULL || rounds_row_save_version (writer, copy, NULL, "cloud", error)) &&
         rounds_database_run (writer->db, error, "DELETE FROM history WHERE rid = ?", "i", copy->rid) &&
         rounds_database_run (writer->db, error, "DELETE FROM outbox_receipt WHERE rid = ?", "i", copy->rid) &&
         rounds_database_run (writer->db, error, "DELETE FROM conflict WHERE rid = ?", "i", copy->rid) &&
         rounds_database_run (writer->db, error, "DELETE FROM resource WHERE rid = ?", "i", copy->rid);
}

static gboolean
rename_row (RoundsWriter *writer, RoundsRow *row, RoundsRename *rename, GError **error)
{
  g_autoptr (RoundsFacts) facts = NULL, base = NULL;

  g_free (row->id);
  row->id = g_strdup (rename->new_id);
  if (row->base != NULL)
    {
      base = rounds_facts_new_renamed (row->type, rename->new_id, row->base, error);
      if (base == NULL)
        return FALSE;
      rounds_row_set_base (row, row->base_state, base->text, row->base_version, row->last_updated_us);
    }
  if (row->local != NULL &&
      (facts = rounds_facts_new_renamed (row->type, rename->new_id, row->local, error)) == NULL)
    return FALSE;
  return rounds_row_save_reworded (writer, row, facts, error) && follow_waiting (writer, row, facts, error);
}

static gboolean
rename_one (RoundsWriter *writer, RoundsRename *rename, GError **error)
{
  g_auto (RoundsRow) row = { 0 }, taken = { 0 };
  g_autofree char *old_patient = NULL, *suffix = g_strconcat ("/", rename->old_id, NULL);
  gint64 old_nid;

  if (!rounds_row_load (writer, rename->type, rename->old_id, &row, error) ||
      !rounds_row_load (writer, rename->type, rename->new_id, &taken, error))
    return FALSE;
  if (row.rid == 0 || !rounds_fhir_is_id (rename->new_id))
    {
      g_set_error (error, ROUNDS_STORE_ERROR, row.rid == 0 ? ROUNDS_STORE_ERROR_NOT_FOUND : ROUNDS_STORE_ERROR_INVALID,
                   _("There is no %s/%s"), rename->type, rename->old_id);
      return FALSE;
    }
  old_nid = row.patient_nid;
  old_patient = g_strdup (row.patient_id);
  if ((taken.rid != 0 && !drop_copy (writer, &row, &taken, error)) || !rename_row (writer, &row, rename, error) ||
      !rounds_database_run (writer->db, error, "UPDATE id_map SET server_id = ? WHERE type = ? AND server_id = ?",
                            "sis", rename->new_id, row.type_nid, rename->old_id) ||
      !rounds_database_run (writer->db, error,
                            "INSERT OR REPLACE INTO id_map (type, local_id, server_id) VALUES (?, ?, ?)",
                            "iss", row.type_nid, rename->old_id, rename->new_id) ||
      !rounds_database_run (writer->db, error, "DELETE FROM id_map WHERE type = ? AND local_id = server_id", "i",
                            row.type_nid) ||
      !rename_referrers (writer, rename, error) ||
      (g_str_equal (rename->type, "Patient") && !move_patient (writer, rename, old_nid, row.rid, error)) ||
      !rounds_database_run (writer->db, error,
                            "UPDATE OR REPLACE draft SET key = substr (key, 1, length (key) - length (?1) + 1) || ?2 "
                            "WHERE substr (key, 1, 5) = 'form/' AND substr (key, -length (?1)) = ?1",
                            "ss", suffix, rename->new_id))
    return FALSE;
  rounds_writer_changed (writer, rename->type, rename->old_id, old_patient);
  writer->outbox_changed = TRUE;
  return rounds_audit_append (writer, "rename", rename->type, rename->old_id, rename->new_id, error);
}

gboolean
rounds_row_rename (RoundsWriter *writer, const char *type, const char *old_id, const char *new_id, GError **error)
{
  RoundsRename rename = { type, old_id, new_id, NULL, NULL };
  gboolean ok;

  if (g_str_equal (old_id, new_id))
    return TRUE;
  rename.old_ref = g_strconcat (type, "/", old_id, NULL);
  rename.new_ref = g_strconcat (type, "/", new_id, NULL);
  ok = rename_one (writer, &rename, error);
  g_free (rename.old_ref);
  g_free (rename.new_ref);
  return ok;
}

/* --- from outside ----------------------------------------------------------------------------------------- */

typedef struct {
  const char *type, *old_id, *new_id;
  const RoundsOutboxItem *item;
  const char *version, *json;
  int status;
} RoundsRenameCall;

static gboolean
rename_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsRenameCall *call = data;

  return rounds_writer_allow (writer, ROUNDS_ACT_SYNC, NULL, NULL, error) &&
         rounds_row_rename (writer, call->type, call->old_id, call->new_id, error);
}

gboolean
rounds_store_rename (RoundsStore *self, const char *type, const char *old_id, const char *new_id, GError **error)
{
  RoundsRenameCall call = { .type = type, .old_id = old_id, .new_id = new_id };

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && type != NULL && old_id != NULL && new_id != NULL, FALSE);

  return rounds_store_write (self, rename_cb, &call, error);
}

static gboolean
ack_created_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsRenameCall *call = data;
  RoundsOutboxItem item = *call->item;

  item.id = (char *) call->new_id;
  return rounds_writer_allow (writer, ROUNDS_ACT_SYNC, NULL, NULL, error) &&
         rounds_row_rename (writer, item.type, call->item->id, call->new_id, error) &&
         rounds_outbox_acknowledge (writer, &item, call->version, call->json, call->status, error);
}

gboolean
rounds_store_outbox_ack_created (RoundsStore *self, const RoundsOutboxItem *item, const char *new_id,
                                 const char *server_version, const char *server_json, int status, GError **error)
{
  RoundsRenameCall call = { .item = item, .new_id = new_id, .version = server_version, .json = server_json,
                            .status = status };

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && item != NULL && new_id != NULL && server_json != NULL, FALSE);

  return rounds_store_write (self, ack_created_cb, &call, error);
}

/* --- what still speaks of old ids -------------------------------------------------------------------------- */

typedef struct {
  RoundsWriter *writer;
  gboolean failed;
  GError **error;
} RoundsFollow;

/* The new id of one that is not here any more; NULL when there is none. */
static char *
follow_id (RoundsFollow *self, const char *type, const char *id)
{
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row = FALSE;

  rows = rounds_database_query (self->writer->db, self->error,
                                "SELECT m.server_id FROM name n JOIN id_map m ON m.type = n.nid AND m.local_id = ?2 "
                                "WHERE n.text = ?1 AND NOT EXISTS (SELECT 1 FROM resource r WHERE r.id = ?2 AND "
                                "r.type = n.nid)", "ss", type, id);
  if (rows == NULL || !rounds_database_next (self->writer->db, rows, &row, self->error))
    self->failed = TRUE;
  return row ? rounds_rows_dup (rows, 0) : NULL;
}

static char *
follow_reference (const char *reference, gpointer data)
{
  RoundsFollow *self = data;
  g_auto (RoundsReference) parts = { 0 };
  g_autofree char *id = NULL;

  if (self->failed || !rounds_reference_parse (reference, &parts) || parts.type == NULL || parts.base != NULL)
    return NULL;
  id = follow_id (self, parts.type, parts.id);
  return id != NULL ? g_strconcat (parts.type, "/", id, NULL) : NULL;
}

gboolean
rounds_facts_follow (RoundsWriter *writer, RoundsFacts **facts, GError **error)
{
  RoundsFollow follow = { writer, FALSE, error };
  g_autoptr (json_object) value = NULL;
  g_autofree char *id = NULL;
  RoundsFacts *fresh;
  gint64 any;
  guint n;

  if (!rounds_database_int (writer->db, 0, &any, error, "SELECT EXISTS (SELECT 1 FROM id_map)", ""))
    return FALSE;
  if (any == 0)
    return TRUE;
  value = rounds_json_parse ((*facts)->text, -1, error);
  if (value == NULL)
    return FALSE;
  id = follow_id (&follow, (*facts)->type, (*facts)->id);
  n = rounds_reference_rewrite (value, follow_reference, &follow);
  if (follow.failed)
    return FALSE;
  if (id == NULL && n == 0)
    return TRUE;
  if (id != NULL)
    json_object_object_add (value, "id", json_object_new_string (id));
  fresh = rounds_facts_new_from_json ((*facts)->type, id != NULL ? id : (*facts)->id, value, error);
  if (fresh == NULL)
    return FALSE;
  rounds_facts_free (*facts);
  *facts = fresh;
  return TRUE;
}

gboolean
rounds_database_find_patient (RoundsDatabase *db, const char *id, gint64 *nid, GError **error)
{
  return rounds_database_int (db, 0, nid, error, "SELECT nid FROM name WHERE text = " ROUNDS_PATIENT_TEXT, "s", id);
}

gboolean
rounds_writer_patient (RoundsWriter *self, const char *id, gint64 *nid, GError **error)
{
  return rounds_database_find_patient (self->db, id, nid, error) &&
         (*nid != 0 || rounds_writer_name (self, id, nid, error));
}
