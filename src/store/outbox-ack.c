/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the cloud has taken: its version is the new base, its words become the text when nothing was changed
 * since, and a receipt remembers it. What was changed meanwhile stays on top and waits. */
#include "store/version.h"

#include <string.h>

#include "fhir/resource.h"

typedef struct {
  const RoundsOutboxItem *item;
  const char *version, *json;
  int status;
} RoundsAckCall;

/* last_updated of a deletion, and its version where the server gave none, are those of the version which was
 * deleted: should it come back, it is known. */
static gboolean
write_receipts (RoundsWriter *writer, const RoundsRow *row, const RoundsAckCall *call, const RoundsFacts *facts,
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
  RoundsAckCall *call = data;
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
  if ((later > 0 && !rounds_outbox_drop_if_nothing (writer, &row, error)) || !rounds_outbox_refresh (writer, &row, error))
    return FALSE;
  rounds_writer_changed (writer, row.type, row.id, row.patient_id);
  detail = g_strdup_printf ("acknowledged, status %d", call->status);
  return rounds_audit_append (writer, "sync", row.type, row.id, detail, error);
}

gboolean
rounds_outbox_acknowledge (RoundsWriter *writer, const RoundsOutboxItem *item, const char *version, const char *json,
                           int status, GError **error)
{
  RoundsAckCall call = { .item = item, .version = version, .json = json, .status = status };

  return ack_cb (writer, &call, error);
}

gboolean
rounds_store_outbox_ack (RoundsStore *self, const RoundsOutboxItem *item, const char *server_version,
                         const char *server_json, int status, GError **error)
{
  RoundsAckCall call = { .item = item, .version = server_version, .json = server_json, .status = status };

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
      RoundsAckCall call = { .item = ack->item, .version = ack->server_version, .json = ack->server_json,
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
