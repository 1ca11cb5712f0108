/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What waits to be sent. One row a local change; a resource is sent once for all of them, in the order of seq,
 * never of a clock. Rows under way (inflight, unknown, verify) form a group of their own in front: what is
 * changed meanwhile waits behind it, so that an acknowledgement never swallows a later edit. What is sent and
 * with which verb is read off the resource and its base, not off the rows: a create that was deleted again is
 * nothing to send, and so is an edit taken back. */
#include "store/version.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "fhir/merge.h"
#include "fhir/reference.h"
#include "fhir/resource.h"

void
rounds_outbox_item_free (RoundsOutboxItem *self)
{
  if (self == NULL)
    return;
  g_free (self->op_uuid);
  g_free (self->type);
  g_free (self->id);
  g_free (self->verb);
  g_free (self->json);
  g_free (self->base_json);
  g_free (self->base_version);
  g_free (self->state);
  g_free (self->request_id);
  g_free (self->reason);
  g_strfreev (self->depends_on);
  g_free (self->first_uuid);
  g_free (self->depends_rids);
  g_free (self);
}

/* Whether nothing of the resource's present state is news to the server. */
static gboolean
nothing_to_send (const RoundsRow *row)
{
  if (row->base_state == ROUNDS_BASE_THERE)
    return row->local != NULL && rounds_text_same (row->local, row->base);
  return row->local == NULL;
}

static const char *
verb_of (RoundsBase base, const char *text)
{
  if (text == NULL)
    return "delete";
  return base == ROUNDS_BASE_THERE ? "update" : "create";
}

static gboolean
read_states (RoundsWriter *writer, gint64 rid, gboolean *head, gboolean *held, RoundsState *last,
             GError **error)
{
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row = TRUE;

  *head = *held = FALSE;
  *last = ROUNDS_STATE_NONE;
  rows = rounds_database_query (writer->db, error, "SELECT state FROM outbox WHERE rid = ? ORDER BY seq",
                                "i", rid);
  while (row)
    {
      if (rows == NULL || !rounds_database_next (writer->db, rows, &row, error))
        return FALSE;
      if (!row)
        break;
      *last = rounds_rows_int (rows, 0);
      if (*last == ROUNDS_STATE_INFLIGHT || *last == ROUNDS_STATE_UNKNOWN || *last == ROUNDS_STATE_VERIFY)
        *head = TRUE;
      if (*last == ROUNDS_STATE_QUARANTINED || *last == ROUNDS_STATE_BLOCKED)
        *held = TRUE;
    }
  return TRUE;
}

gboolean
rounds_outbox_refresh (RoundsWriter *writer, RoundsRow *row, GError **error)
{
  gint64 head, last;

  if (!rounds_database_int (writer->db, 0, &head, error,
                            "SELECT state FROM outbox WHERE rid = ? AND state IN (2, 3, 4) ORDER BY seq "
                            "LIMIT 1", "i", row->rid) ||
      !rounds_database_int (writer->db, 0, &last, error,
                            "SELECT state FROM outbox WHERE rid = ? ORDER BY seq DESC LIMIT 1", "i",
                            row->rid))
    return FALSE;
  row->state = head != 0 ? head : last;
  writer->outbox_changed = TRUE;
  return rounds_database_run (writer->db, error, "UPDATE resource SET sync_state = ? WHERE rid = ?", "ii",
                              (gint64) row->state, row->rid);
}

static gboolean
add_row (RoundsWriter *writer, RoundsRow *row, const char *refs, RoundsState state, GError **error)
{
  g_autofree char *uuid = rounds_fhir_new_id ();

  return rounds_database_run (writer->db, error,
                              "INSERT INTO outbox (op_uuid, rid, patient, verb, revision, base_version, "
                              "refs, state, created_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                              "siisissii", uuid, row->rid, row->patient_nid,
                              verb_of (row->base_state, row->local),
                              row->revision, row->base_version, refs, (gint64) state, writer->now_us);
}

gboolean
rounds_outbox_enqueue (RoundsWriter *writer, RoundsRow *row, const char *refs, GError **error)
{
  gboolean head = FALSE, held = FALSE;
  RoundsState last = ROUNDS_STATE_NONE;

  writer->outbox_changed = TRUE;
  if (row->state == ROUNDS_STATE_NONE)
    {
      /* The bulk of an import comes this way: one insert and no look back. */
      if (nothing_to_send (row))
        return TRUE;
      if (!add_row (writer, row, refs, ROUNDS_STATE_PENDING, error))
        return FALSE;
      row->state = ROUNDS_STATE_PENDING;
      return rounds_database_run (writer->db, error, "UPDATE resource SET sync_state = 1 WHERE rid = ?", "i",
                                  row->rid);
    }
  if (!read_states (writer, row->rid, &head, &held, &last, error))
    return FALSE;
  if (!head && last != ROUNDS_STATE_CONFLICT && nothing_to_send (row))
    {
      if (!rounds_database_run (writer->db, error, "DELETE FROM outbox WHERE rid = ?", "i", row->rid))
        return FALSE;
    }
  else
    {
      /* An edit of something refused is the attempt to mend it. */
      if (held && !rounds_database_run (writer->db, error,
                                        "UPDATE outbox SET state = 1, attempts = min (attempts, 1), next_at_us = 0 "
                                        "WHERE rid = ? AND state IN (6, 7)",
                                        "i", row->rid))
        return FALSE;
      if (!add_row (writer, row, refs, last == ROUNDS_STATE_CONFLICT ? last : ROUNDS_STATE_PENDING, error))
        return FALSE;
    }
  return rounds_outbox_refresh (writer, row, error) && (!held || rounds_outbox_unblock (writer, error));
}

/* --- reading ---------------------------------------------------------------------------------------- */

/* "TYPE/ID" → the number of what is here, alive, and unknown to the server; 0 else. */
static gboolean
find_unsent_create (RoundsDatabase *db, GHashTable *known, const char *ref, gint64 *rid, GError **error)
{
  const char *slash = strchr (ref, '/');
  g_autofree char *type = NULL;
  gpointer value;

  *rid = 0;
  if (slash == NULL)
    return TRUE;
  if (g_hash_table_lookup_extended (known, ref, NULL, &value))
    {
      *rid = (gint64) GPOINTER_TO_SIZE (value);
      return TRUE;
    }
  type = g_strndup (ref, slash - ref);
  if (!rounds_database_int (db, 0, rid, error,
                            "SELECT rid FROM resource WHERE id = ? AND type = (SELECT nid FROM name "
                            "WHERE text = ?) AND tombstone = 0 AND base_state IN (0, 3) AND sync_state != 0",
                            "ss", slash + 1, type))
    return FALSE;
  g_hash_table_insert (known, g_strdup (ref), GSIZE_TO_POINTER ((gsize) *rid));
  return TRUE;
}

static gboolean
fill_depends (RoundsDatabase *db, GHashTable *known, const char *refs, RoundsOutboxItem *item, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) rids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_auto (GStrv) lines = g_strsplit (refs != NULL && item->json != NULL ? refs : "", "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      gint64 rid;

      if (!find_unsent_create (db, known, lines[i], &rid, error))
        return FALSE;
      if (rid == 0 || rid == item->rid)
        continue;
      g_ptr_array_add (list, g_strdup (lines[i]));
      g_array_append_val (rids, rid);
    }
  g_ptr_array_add (list, NULL);
  item->depends_on = (char **) g_ptr_array_steal (list, NULL);
  item->depends_rids = (gint64 *) g_array_steal (rids, NULL);
  return TRUE;
}

/* The newest row of the group that is next: the head when there is one, else all. */
#define ITEM_SQL \
  "SELECT o.seq, o.op_uuid, n.text, r.id, o.verb, CASE WHEN o.revision = r.revision THEN r.local_json ELSE " \
  "(SELECT h.json FROM history h WHERE h.rid = o.rid AND h.revision = o.revision) END, " \
  "CASE r.base_state WHEN 1 THEN r.local_json WHEN 2 THEN r.base_json END, r.base_version, o.state, o.request_id, " \
  "(SELECT max(p.attempts) FROM outbox p WHERE p.rid = r.rid), o.next_at_us, o.last_status, o.reason, o.refs, r.base_state, r.rid, " \
  "(SELECT p.op_uuid FROM outbox p WHERE p.rid = r.rid ORDER BY p.seq LIMIT 1) "

static RoundsOutboxItem *
take_item (RoundsRows *rows)
{
  RoundsOutboxItem *item = g_new0 (RoundsOutboxItem, 1);
  int base = rounds_rows_int (rows, 15);

  item->seq = rounds_rows_int (rows, 0);
  item->op_uuid = rounds_rows_dup (rows, 1);
  item->type = rounds_rows_dup (rows, 2);
  item->id = rounds_rows_dup (rows, 3);
  item->json = rounds_rows_dup (rows, 5);
  item->verb = g_strdup (verb_of (base == 1 || base == 2 ? ROUNDS_BASE_THERE : ROUNDS_BASE_NONE, item->json));
  item->base_json = rounds_rows_dup (rows, 6);
  item->base_version = rounds_rows_dup (rows, 7);
  item->state = g_strdup (rounds_state_to_string (rounds_rows_int (rows, 8)));
  item->request_id = rounds_rows_dup (rows, 9);
  item->attempts = rounds_rows_int (rows, 10);
  item->next_at_us = rounds_rows_int (rows, 11);
  item->last_status = rounds_rows_int (rows, 12);
  item->reason = rounds_rows_dup (rows, 13);
  item->rid = rounds_rows_int (rows, 16);
  item->first_uuid = rounds_rows_dup (rows, 17);
  return item;
}

GPtrArray *
rounds_store_outbox_list (RoundsStore *self, const char *const *states, guint limit, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_outbox_item_free);
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (RoundsReader) reader = NULL;
  g_autoptr (RoundsRows) rows = NULL;
  gint64 mask = 0;
  gboolean row = TRUE;

  g_return_val_if_fail (ROUNDS_IS_STORE (self), NULL);

  for (guint i = 0; states != NULL && states[i] != NULL; i++)
    {
      RoundsState state;

      if (rounds_state_from_string (states[i], &state))
        mask |= 1 << state;
    }
  if (states == NULL)
    mask = -1;
  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL)
    return NULL;
  /* Walked in order of the resources' oldest rows, so that a limit ends the walk: with 100,000 waiting, the
   * first hundred cost what a hundred cost. */
  rows = rounds_database_query (reader->db, error,
                                ITEM_SQL
                                "FROM outbox f CROSS JOIN outbox o ON o.seq = coalesce ("
                                "(SELECT max(seq) FROM outbox p WHERE p.rid = f.rid AND p.state IN (2, 3, "
                                "4)), (SELECT max(seq) FROM outbox p WHERE p.rid = f.rid)) "
                                "CROSS JOIN resource r ON r.rid = o.rid CROSS JOIN name n ON n.nid = r.type "
                                "WHERE f.seq = (SELECT min(seq) FROM outbox p WHERE p.rid = f.rid) "
                                "AND (? >> o.state) & 1 ORDER BY f.seq LIMIT ?",
                                "ii", mask, limit > 0 ? (gint64) limit : (gint64) -1);
  while (row)
    {
      if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
        return NULL;
      if (row)
        {
          RoundsOutboxItem *item = take_item (rows);

          g_ptr_array_add (list, item);
          if (!fill_depends (reader->db, known, rounds_rows_text (rows, 14), item, error))
            return NULL;
        }
    }
  return g_steal_pointer (&list);
}

GPtrArray *
rounds_store_outbox_load (RoundsStore *self, const gint64 *rids, guint n, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_outbox_item_free);
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (RoundsReader) reader = NULL;

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && (rids != NULL || n == 0), NULL);

  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL)
    return NULL;
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (RoundsRows) rows = NULL;
      gboolean row;

      rows = rounds_database_query (reader->db, error,
                                    ITEM_SQL
                                    "FROM outbox o JOIN resource r ON r.rid = o.rid JOIN name n ON n.nid = r.type "
                                    "WHERE o.seq = coalesce ((SELECT max(seq) FROM outbox p WHERE p.rid = ?1 AND "
                                    "p.state IN (2, 3, 4)), (SELECT max(seq) FROM outbox p WHERE p.rid = ?1))",
                                    "i", rids[i]);
      if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
        return NULL;
      if (!row)
        continue;
      g_ptr_array_add (list, take_item (rows));
      if (!fill_depends (reader->db, known, rounds_rows_text (rows, 14), list->pdata[list->len - 1], error))
        return NULL;
    }
  return g_steal_pointer (&list);
}

guint
rounds_store_outbox_count (RoundsStore *self, GError **error)
{
  g_autoptr (RoundsReader) reader = NULL;
  gint64 n = 0;

  g_return_val_if_fail (ROUNDS_IS_STORE (self), 0);

  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL ||
      !rounds_database_int (reader->db, 0, &n, error, "SELECT count(DISTINCT rid) FROM outbox", ""))
    return 0;
  return n;
}

/* --- under way -------------------------------------------------------------------------------------- */

typedef struct {
  const RoundsOutboxItem *item;
  RoundsOutboxItem *const *items;
  guint n;
  const char *request_id;
  const char *version, *json, *reason;
  int status;
  RoundsState state;
  gint64 next_at_us;
  const char *type, *id;
} RoundsOutboxCall;

static gboolean
begin_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsOutboxCall *call = data;

  if (!rounds_writer_allow (writer, ROUNDS_ACT_SYNC, NULL, NULL, error))
    return FALSE;
  for (guint i = 0; i < call->n; i++)
    {
      g_auto (RoundsRow) row = { 0 };

      if (!rounds_row_load_there (writer, call->items[i]->type, call->items[i]->id, &row, error) ||
          !rounds_database_run (writer->db, error,
                                "UPDATE outbox SET state = 2, request_id = ?, attempts = attempts + 1 "
                                "WHERE rid = ? AND seq <= ?",
                                "sii", call->request_id, row.rid, call->items[i]->seq) ||
          !rounds_outbox_refresh (writer, &row, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
rounds_store_outbox_begin (RoundsStore *self, RoundsOutboxItem *const *items, guint n, const char *request_id,
                           GError **error)
{
  RoundsOutboxCall call = { .items = items, .n = n, .request_id = request_id };

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && (items != NULL || n == 0), FALSE);

  return rounds_store_write (self, begin_cb, &call, error);
}

/* last_updated of a deletion, and its version where the server gave none, are those of the version which was
 * deleted: should it come back, it is known. */
static gboolean
write_receipts (RoundsWriter *writer, const RoundsRow *row, const RoundsOutboxCall *call, const RoundsFacts *facts,
                GError **error)
{
  const char *version = call->version != NULL ? call->version : facts != NULL ? facts->version_id : row->base_version;

  return rounds_database_run (writer->db, error,
                              "INSERT OR IGNORE INTO outbox_receipt (op_uuid, rid, server_version, "
                              "server_epoch, acked_at_us, server, last_updated) SELECT op_uuid, rid, ?, "
                              "(SELECT value FROM setting WHERE key = 'sync.epoch'), ?, "
                              "(SELECT value FROM setting WHERE key = 'sync.server'), ? FROM outbox WHERE "
                              "rid = ? AND seq <= ?",
                              "siiii", version, writer->now_us,
                              facts != NULL ? facts->last_updated_us : row->last_updated_us, row->rid,
                              call->item->seq) &&
         rounds_database_run (writer->db, error, "DELETE FROM outbox WHERE rid = ? AND seq <= ?", "ii",
                              row->rid, call->item->seq);
}

/* Rows that went back to pending may have lost their purpose meanwhile: a create that was deleted again. */
static gboolean
drop_if_nothing (RoundsWriter *writer, RoundsRow *row, GError **error)
{
  gint64 busy;

  if (!nothing_to_send (row))
    return TRUE;
  if (!rounds_database_int (writer->db, 0, &busy, error,
                            "SELECT count(*) FROM outbox WHERE rid = ? AND state IN (2, 3, 4, 5)", "i",
                            row->rid))
    return FALSE;
  return busy > 0 || rounds_database_run (writer->db, error, "DELETE FROM outbox WHERE rid = ?", "i",
                                          row->rid);
}

/* The items of the list that bear the mark of an operation go away. */
static void
drop_marks (json_object *holder, const char *name)
{
  json_object *list = holder != NULL ? rounds_json_peek (holder, name) : NULL;
  gsize i = json_object_is_type (list, json_type_array) ? json_object_array_length (list) : 0;

  while (i-- > 0)
    if (g_strcmp0 (rounds_json_peek_string (json_object_array_get_idx (list, i), "system"),
                   ROUNDS_FHIR_CHANGE_SYSTEM) == 0)
      json_object_array_del_idx (list, i, 1);
  if (json_object_is_type (list, json_type_array) && json_object_array_length (list) == 0)
    json_object_object_del (holder, name);
}

static char *
without_marks (const char *text)
{
  g_autoptr (json_object) value = rounds_json_parse (text, -1, NULL);

  if (value == NULL)
    return NULL;
  drop_marks (value, "identifier");
  drop_marks (rounds_json_peek (value, "meta"), "tag");
  return rounds_json_print (value);
}

/* Nothing in it has changed for a person: a form that is open may still be saved. */
static gboolean
same_but_marks (const char *local, const char *server)
{
  g_autofree char *a = NULL, *b = NULL;

  if (strstr (server, ROUNDS_FHIR_CHANGE_SYSTEM) == NULL)
    return FALSE;
  a = without_marks (local);
  b = without_marks (server);
  return a != NULL && b != NULL && rounds_text_same (a, b);
}

static gboolean
ack_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsOutboxCall *call = data;
  g_auto (RoundsRow) row = { 0 };
  g_autoptr (RoundsFacts) facts = NULL;
  g_autofree char *detail = NULL;
  gboolean is_delete = g_str_equal (call->item->verb, "delete");
  gint64 later;
  const char *server = is_delete ? NULL : call->json != NULL ? call->json : call->item->json;

  if (!rounds_writer_allow (writer, ROUNDS_ACT_SYNC, NULL, NULL, error) ||
      !rounds_row_load_there (writer, call->item->type, call->item->id, &row, error))
    return FALSE;
  if (server != NULL)
    {
      facts = rounds_facts_new (row.type, row.id, server, error);
      if (facts == NULL)
        return FALSE;
    }
  if (!write_receipts (writer, &row, call, facts, error) ||
      !rounds_database_int (writer->db, 0, &later, error, "SELECT count(*) FROM outbox WHERE rid = ?", "i",
                            row.rid))
    return FALSE;
  rounds_row_set_base (&row, facts != NULL ? ROUNDS_BASE_THERE : ROUNDS_BASE_GONE, facts != NULL
                       ? facts->text : NULL,
                       call->version != NULL || facts == NULL ? call->version : facts->version_id,
                       facts != NULL ? facts->last_updated_us : 0);
  row.state = later > 0 ? row.state : ROUNDS_STATE_NONE;
  /* The server's own words become the text when nothing was changed since. A revision counts contents, so that
   * a form that is open stays valid when only meta moved. */
  if (later == 0 && facts != NULL && row.local != NULL && rounds_text_same (row.local, facts->text))
    {
      g_free (row.local);
      row.local = g_strdup (facts->text);
      if (!rounds_database_run (writer->db, error, "UPDATE resource SET local_json = ? WHERE rid = ?", "si",
                                row.local, row.rid) ||
          !rounds_row_save_base (writer, &row, error))
        return FALSE;
    }
  else if (later == 0 && facts != NULL && row.local != NULL && same_but_marks (row.local, facts->text))
    {
      if (!rounds_row_save_reworded (writer, &row, facts, error))
        return FALSE;
    }
  else if (later == 0 && facts != NULL)
    {
      if (!rounds_row_save_version (writer, &row, facts, "cloud", error))
        return FALSE;
    }
  else if (!rounds_row_save_base (writer, &row, error))
    return FALSE;
  if ((later > 0 && !drop_if_nothing (writer, &row, error)) || !rounds_outbox_refresh (writer, &row, error))
    return FALSE;
  rounds_writer_changed (writer, row.type, row.id, row.patient_id);
  detail = g_strdup_printf ("acknowledged, status %d", call->status);
  return rounds_audit_append (writer, "sync", row.type, row.id, detail, error);
}

gboolean
rounds_outbox_acknowledge (RoundsWriter *writer, const RoundsOutboxItem *item, const char *version, const char *json,
                           int status, GError **error)
{
  RoundsOutboxCall call = { .item = item, .version = version, .json = json, .status = status };

  return ack_cb (writer, &call, error);
}

gboolean
rounds_store_outbox_ack (RoundsStore *self, const RoundsOutboxItem *item, const char *server_version,
                         const char *server_json, int status, GError **error)
{
  RoundsOutboxCall call = { .item = item, .version = server_version, .json = server_json, .status = status };

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && item != NULL, FALSE);

  return rounds_store_write (self, ack_cb, &call, error);
}

typedef struct {
  const RoundsOutboxAck *acks;
  guint n;
} RoundsAckMany;

static gboolean
ack_many_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsAckMany *many = data;

  for (guint i = 0; i < many->n; i++)
    {
      const RoundsOutboxAck *ack = &many->acks[i];
      RoundsOutboxCall call = { .item = ack->item, .version = ack->server_version, .json = ack->server_json,
                                .status = ack->status };

      if (!ack_cb (writer, &call, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
rounds_store_outbox_ack_many (RoundsStore *self, const RoundsOutboxAck *acks, guint n, GError **error)
{
  RoundsAckMany many = { acks, n };

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && (acks != NULL || n == 0), FALSE);

  return n == 0 || rounds_store_write (self, ack_many_cb, &many, error);
}

static gboolean
set_state_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsOutboxCall *call = data;
  g_auto (RoundsRow) row = { 0 };

  if (!rounds_writer_allow (writer, ROUNDS_ACT_SYNC, NULL, NULL, error) ||
      !rounds_row_load_there (writer, call->item->type, call->item->id, &row, error) ||
      !rounds_database_run (writer->db, error,
                            "UPDATE outbox SET state = ?, last_status = ?, reason = ?, next_at_us = ?, "
                            "request_id = CASE WHEN ? THEN request_id END WHERE rid = ? AND seq <= ?",
                            "iisiiii", (gint64) call->state, (gint64) call->status, call->reason,
                            call->next_at_us,
                            (gint64) (call->state != ROUNDS_STATE_PENDING), row.rid, call->item->seq))
    return FALSE;
  if (call->state == ROUNDS_STATE_PENDING && !drop_if_nothing (writer, &row, error))
    return FALSE;
  rounds_writer_changed (writer, row.type, row.id, row.patient_id);
  return rounds_outbox_refresh (writer, &row, error);
}

gboolean
rounds_store_outbox_set_state (RoundsStore *self, const RoundsOutboxItem *item, const char *state, int status,
                               const char *reason, gint64 next_at_us, GError **error)
{
  RoundsOutboxCall call = { .item = item, .status = status, .reason = reason, .next_at_us = next_at_us };

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && item != NULL, FALSE);
  g_return_val_if_fail (rounds_state_from_string (state, &call.state), FALSE);

  return rounds_store_write (self, set_state_cb, &call, error);
}

/* --- refused ---------------------------------------------------------------------------------------- */

static gboolean
has_line (const char *lines, const char *line)
{
  gsize length = strlen (line);

  for (const char *at = lines; at != NULL && (at = strstr (at, line)) != NULL; at += length)
    if ((at == lines || at[-1] == '\n') && (at[length] == '\n' || at[length] == '\0'))
      return TRUE;
  return FALSE;
}

/* Resources with waiting rows that name this one. Array of gint64 rid. */
static GArray *
find_dependents (RoundsWriter *writer, const char *type, const char *id, GError **error)
{
  g_autoptr (GArray) list = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autofree char *ref = g_strconcat (type, "/", id, NULL);
  g_autoptr (GArray) candidates = rounds_outbox_find_referrers (writer, ref, error);

  for (guint i = 0; candidates != NULL && i < candidates->len; i++)
    {
      gint64 rid = g_array_index (candidates, gint64, i);
      g_autoptr (RoundsRows) rows = NULL;
      gboolean row = TRUE, names = FALSE;

      rows = rounds_database_query (writer->db, error, "SELECT refs FROM outbox WHERE rid = ? AND state IN (1, 7)",
                                    "i", rid);
      while (row)
        {
          if (rows == NULL || !rounds_database_next (writer->db, rows, &row, error))
            return NULL;
          names |= row && has_line (rounds_rows_text (rows, 0), ref);
        }
      if (names)
        g_array_append_val (list, rid);
    }
  return candidates != NULL ? g_steal_pointer (&list) : NULL;
}

static gboolean
block_dependents (RoundsWriter *writer, const RoundsRow *row, GHashTable *seen, GError **error)
{
  g_autoptr (GArray) list = find_dependents (writer, row->type, row->id, error);
  g_autofree char *reason = g_strdup_printf (_("waits for %s/%s"), row->type, row->id);

  if (list == NULL)
    return FALSE;
  for (guint i = 0; i < list->len; i++)
    {
      g_auto (RoundsRow) other = { 0 };
      gint64 rid = g_array_index (list, gint64, i);

      if (!g_hash_table_add (seen, GSIZE_TO_POINTER ((gsize) rid)))
        continue;
      if (!rounds_row_load_rid (writer, rid, &other, error) ||
          !rounds_database_run (writer->db, error,
                                "UPDATE outbox SET state = 7, reason = ? WHERE rid = ? AND state = 1",
                                "si", reason, rid) ||
          !rounds_outbox_refresh (writer, &other, error))
        return FALSE;
      rounds_writer_changed (writer, other.type, other.id, other.patient_id);
      if (other.base_state != ROUNDS_BASE_THERE && !block_dependents (writer, &other, seen, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
quarantine_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsOutboxCall *call = data;
  g_auto (RoundsRow) row = { 0 };
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  g_autofree char *detail = g_strdup_printf ("refused, status %d", call->status);

  if (!rounds_writer_allow (writer, ROUNDS_ACT_SYNC, NULL, NULL, error) ||
      !rounds_row_load_there (writer, call->item->type, call->item->id, &row, error) ||
      !rounds_database_run (writer->db, error,
                            "UPDATE outbox SET state = 6, last_status = ?, reason = ?, request_id = NULL "
                            "WHERE rid = ? AND seq <= ?",
                            "isii", (gint64) call->status, call->reason, row.rid, call->item->seq))
    return FALSE;
  g_hash_table_add (seen, GSIZE_TO_POINTER ((gsize) row.rid));
  if (!rounds_outbox_refresh (writer, &row, error) ||
      (row.base_state != ROUNDS_BASE_THERE && !block_dependents (writer, &row, seen, error)))
    return FALSE;
  rounds_writer_changed (writer, row.type, row.id, row.patient_id);
  return rounds_audit_append (writer, "quarantine", row.type, row.id, detail, error);
}

gboolean
rounds_store_outbox_quarantine (RoundsStore *self, const RoundsOutboxItem *item, int status,
                                const char *reason, GError **error)
{
  RoundsOutboxCall call = { .item = item, .status = status, .reason = reason };

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && item != NULL, FALSE);

  return rounds_store_write (self, quarantine_cb, &call, error);
}

/* All blocked rows become pending, then what is still refused blocks its own again: few rows, no bookkeeping. */
gboolean
rounds_outbox_unblock (RoundsWriter *writer, GError **error)
{
  g_autoptr (GArray) rids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row = TRUE;

  if (!rounds_database_run (writer->db, error,
                            "UPDATE resource SET sync_state = 1 WHERE sync_state = 7 AND rid IN "
                            "(SELECT rid FROM outbox WHERE state = 7)", "") ||
      !rounds_database_run (writer->db, error, "UPDATE outbox SET state = 1, reason = NULL WHERE state = 7",
                            ""))
    return FALSE;
  rows = rounds_database_query (writer->db, error, "SELECT DISTINCT rid FROM outbox WHERE state = 6", "");
  while (row)
    {
      if (rows == NULL || !rounds_database_next (writer->db, rows, &row, error))
        return FALSE;
      if (row)
        {
          gint64 rid = rounds_rows_int (rows, 0);
          g_array_append_val (rids, rid);
        }
    }
  sqlite3_reset (rows);
  for (guint i = 0; i < rids->len; i++)
    {
      g_auto (RoundsRow) refused = { 0 };

      if (!rounds_row_load_rid (writer, g_array_index (rids, gint64, i), &refused, error) ||
          (refused.base_state != ROUNDS_BASE_THERE && !block_dependents (writer, &refused, seen, error)))
        return FALSE;
    }
  writer->outbox_changed = TRUE;
  return TRUE;
}

static gboolean
retry_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsOutboxCall *call = data;
  g_auto (RoundsRow) row = { 0 };

  if (!rounds_writer_allow (writer, ROUNDS_ACT_SYNC, NULL, NULL, error) ||
      !rounds_row_load_there (writer, call->type, call->id, &row, error) ||
      !rounds_database_run (writer->db, error,
                            "UPDATE outbox SET state = 1, attempts = min (attempts, 1), next_at_us = 0 WHERE rid = ? "
                            "AND state IN (1, 6, 7)",
                            "i", row.rid) ||
      !drop_if_nothing (writer, &row, error) || !rounds_outbox_refresh (writer, &row, error) ||
      !rounds_outbox_unblock (writer, error))
    return FALSE;
  rounds_writer_changed (writer, row.type, row.id, row.patient_id);
  return rounds_audit_append (writer, "retry", row.type, row.id, NULL, error);
}

gboolean
rounds_store_outbox_retry (RoundsStore *self, const char *type, const char *id, GError **error)
{
  RoundsOutboxCall call = { .type = type, .id = id };

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && type != NULL && id != NULL, FALSE);

  return rounds_store_write (self, retry_cb, &call, error);
}

static gboolean
take_theirs (RoundsWriter *writer, RoundsRow *row, GError **error)
{
  g_autoptr (RoundsRows) rows = NULL;
  gboolean there;

  rows = rounds_database_query (writer->db, error,
                                "SELECT theirs, theirs_version FROM conflict WHERE rid = ? AND status != "
                                "'resolved'",
                                "i", row->rid);
  if (rows == NULL || !rounds_database_next (writer->db, rows, &there, error))
    return FALSE;
  if (there)
    rounds_row_set_base (row, rounds_rows_text (rows, 0) != NULL ? ROUNDS_BASE_THERE : ROUNDS_BASE_GONE,
                         rounds_rows_text (rows, 0), rounds_rows_text (rows, 1), row->last_updated_us);
  return TRUE;
}

static gboolean
discard_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsOutboxCall *call = data;
  g_auto (RoundsRow) row = { 0 };
  g_autoptr (RoundsFacts) facts = NULL;

  if (!rounds_writer_allow (writer, ROUNDS_ACT_WRITE, call->type, call->id, error) ||
      !rounds_row_load_there (writer, call->type, call->id, &row, error))
    return FALSE;
  if (row.state == ROUNDS_STATE_NONE)
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NOT_FOUND, _("%s/%s has nothing that waits"),
                   call->type, call->id);
      return FALSE;
    }
  if (row.state == ROUNDS_STATE_INFLIGHT || row.state == ROUNDS_STATE_UNKNOWN ||
      row.state == ROUNDS_STATE_VERIFY)
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_BUSY,
                   _("%s/%s was already sent and waits for the answer; sync first"), call->type, call->id);
      return FALSE;
    }
  /* With a conflict open, theirs is what the server has now. */
  if (row.state == ROUNDS_STATE_CONFLICT && !take_theirs (writer, &row, error))
    return FALSE;
  if (row.base_state == ROUNDS_BASE_THERE)
    {
      facts = rounds_facts_new (row.type, row.id, row.base, error);
      if (facts == NULL)
        return FALSE;
    }
  row.state = ROUNDS_STATE_NONE;
  if (!rounds_database_run (writer->db, error, "DELETE FROM outbox WHERE rid = ?", "i", row.rid) ||
      !rounds_database_run (writer->db, error, "UPDATE conflict SET status = 'resolved' WHERE rid = ?", "i",
                            row.rid) ||
      !rounds_row_save_version (writer, &row, facts, writer->who, error) ||
        !rounds_outbox_unblock (writer, error))
    return FALSE;
  return rounds_audit_append (writer, "discard", row.type, row.id, NULL, error);
}

gboolean
rounds_store_outbox_discard (RoundsStore *self, const char *type, const char *id, GError **error)
{
  RoundsOutboxCall call = { .type = type, .id = id };

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && type != NULL && id != NULL, FALSE);

  return rounds_store_write (self, discard_cb, &call, error);
}
