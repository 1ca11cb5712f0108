/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What waits to be sent. One row a local change; a resource is sent once for all of them, in the order of seq,
 * never of a clock. Rows under way (inflight, unknown, verify) form a group of their own in front: what is
 * changed meanwhile waits behind it, so that an acknowledgement never swallows a later edit. What is sent and
 * with which verb is read off the resource and its base, not off the rows: a create that was deleted again is
 * nothing to send, and so is an edit taken back. */
#include "store/version.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "fhir/resource.h"

/* Whether nothing of the resource's present state is news to the server. */
static gboolean
nothing_to_send (const RoundsRow *row)
{
  if (row->base_state == ROUNDS_BASE_THERE)
    return row->local != NULL && rounds_text_same (row->local, row->base);
  return row->local == NULL;
}

const char *
rounds_outbox_verb (RoundsBase base, const char *text)
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
                              rounds_outbox_verb (row->base_state, row->local),
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

/* --- under way -------------------------------------------------------------------------------------- */

typedef struct {
  const RoundsOutboxItem *item;
  RoundsOutboxItem *const *items;
  guint n;
  const char *request_id;
  const char *reason;
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

/* Rows that went back to pending may have lost their purpose meanwhile: a create that was deleted again. */
gboolean
rounds_outbox_drop_if_nothing (RoundsWriter *writer, RoundsRow *row, GError **error)
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
  if (call->state == ROUNDS_STATE_PENDING && !rounds_outbox_drop_if_nothing (writer, &row, error))
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
  g_autoptr (GArray) rids = NULL;
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);

  if (!rounds_database_run (writer->db, error,
                            "UPDATE resource SET sync_state = 1 WHERE sync_state = 7 AND rid IN "
                            "(SELECT rid FROM outbox WHERE state = 7)", "") ||
      !rounds_database_run (writer->db, error, "UPDATE outbox SET state = 1, reason = NULL WHERE state = 7",
                            ""))
    return FALSE;
  rids = rounds_database_ints (writer->db, error, "SELECT DISTINCT rid FROM outbox WHERE state = 6", "");
  if (rids == NULL)
    return FALSE;
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
      !rounds_outbox_drop_if_nothing (writer, &row, error) || !rounds_outbox_refresh (writer, &row, error) ||
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
