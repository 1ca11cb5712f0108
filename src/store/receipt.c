/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a server has acknowledged, and which server that was.
 *
 * A version is worth something only to the server that gave it, and only as long as that server has not been put
 * back to an earlier day. When either changes, the versions that this cache builds on are forgotten: every change
 * is then compared with what is there before it is sent, and everything is read again. Receipts stay: they tell
 * what was confirmed and must not be lost. */
#include "store/version.h"

#include <string.h>

#include "fhir/resource.h"

void
rounds_receipt_free (RoundsReceipt *self)
{
  if (self == NULL)
    return;
  g_free (self->type);
  g_free (self->id);
  g_free (self->version);
  g_free (self);
}

/* --- server and epoch -------------------------------------------------------------------------------- */

static gboolean
set_setting (RoundsWriter *writer, const char *key, const char *value, GError **error)
{
  return rounds_database_run (writer->db, error, "INSERT OR REPLACE INTO setting (key, value) VALUES (?, ?)", "ss", key,
                              value);
}

static gboolean
start_epoch (RoundsWriter *writer, GError **error)
{
  g_autofree char *epoch = rounds_fhir_new_id ();

  return set_setting (writer, "sync.epoch", epoch, error);
}

/* Texts stay, also as bases: what was changed here since is still known. */
static gboolean
forget_versions (RoundsWriter *writer, const char *server, GError **error)
{
  return rounds_database_run (writer->db, error,
                              "UPDATE resource SET base_version = NULL, last_updated = 0 "
                              "WHERE base_version IS NOT NULL OR last_updated != 0", "") &&
         rounds_database_run (writer->db, error, "UPDATE conflict SET theirs_version = NULL WHERE status != 'resolved'",
                              "") &&
         rounds_database_run (writer->db, error,
                              "DELETE FROM cursor WHERE substr (scope, 1, length (?1) + 1) = ?1 || '/' AND scope NOT IN "
                              "(?1 || '/profile', ?1 || '/patience', ?1 || '/limits')", "s", server);
}

typedef struct {
  const char *server;
  gboolean changed;
  const gint64 *rids;
  guint n;
} RoundsBind;

static gboolean
read_server (RoundsWriter *writer, char **server, GError **error)
{
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row;

  *server = NULL;
  rows = rounds_database_query (writer->db, error, "SELECT value FROM setting WHERE key = 'sync.server'", "");
  if (rows == NULL || !rounds_database_next (writer->db, rows, &row, error))
    return FALSE;
  *server = row ? rounds_rows_dup (rows, 0) : NULL;
  return TRUE;
}

static gboolean
bind_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsBind *call = data;
  g_autofree char *before = NULL;

  if (!rounds_writer_allow (writer, ROUNDS_ACT_SYNC, NULL, NULL, error) || !read_server (writer, &before, error))
    return FALSE;
  call->changed = before != NULL && !g_str_equal (before, call->server);
  if (g_strcmp0 (before, call->server) == 0)
    return TRUE;
  if (!set_setting (writer, "sync.server", call->server, error) || !start_epoch (writer, error))
    return FALSE;
  /* A cache from before servers were told apart: what it holds is of the one that it syncs with. */
  if (before == NULL)
    return rounds_database_run (writer->db, error,
                                "UPDATE outbox_receipt SET server = ?, server_epoch = (SELECT value FROM setting WHERE "
                                "key = 'sync.epoch') WHERE server IS NULL", "s", call->server);
  return forget_versions (writer, call->server, error) &&
         rounds_audit_append (writer, "sync", NULL, NULL, "another server", error);
}

gboolean
rounds_store_bind_server (RoundsStore *self, const char *server, gboolean *changed, GError **error)
{
  RoundsBind call = { .server = server };
  g_autofree char *now = NULL;

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && server != NULL, FALSE);

  /* Every pass asks; almost none has anything to write. */
  now = rounds_store_dup_setting (self, "sync.server", NULL);
  if (g_strcmp0 (now, server) != 0 && !rounds_store_write (self, bind_cb, &call, error))
    return FALSE;
  if (changed != NULL)
    *changed = call.changed;
  return TRUE;
}

static gboolean
epoch_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  g_autofree char *server = NULL;

  return rounds_writer_allow (writer, ROUNDS_ACT_SYNC, NULL, NULL, error) && read_server (writer, &server, error) &&
         start_epoch (writer, error) && forget_versions (writer, server != NULL ? server : "", error) &&
         rounds_audit_append (writer, "sync", NULL, NULL, "the server is in an earlier state", error);
}

gboolean
rounds_store_new_epoch (RoundsStore *self, GError **error)
{
  g_return_val_if_fail (ROUNDS_IS_STORE (self), FALSE);

  return rounds_store_write (self, epoch_cb, NULL, error);
}

/* --- receipts ------------------------------------------------------------------------------------------ */

GPtrArray *
rounds_store_receipt_list (RoundsStore *self, gint64 before_us, gboolean earlier, guint limit, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_receipt_free);
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  g_autoptr (RoundsReader) reader = NULL;
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row = TRUE;

  g_return_val_if_fail (ROUNDS_IS_STORE (self), NULL);

  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL)
    return NULL;
  rows = rounds_database_query (reader->db, error,
                                "SELECT p.rid, n.text, r.id, p.server_version, p.last_updated, p.acked_at_us, "
                                "r.base_state = 3 FROM outbox_receipt p CROSS JOIN resource r ON r.rid = p.rid "
                                "CROSS JOIN name n ON n.nid = r.type "
                                "WHERE p.acked_at_us < ? AND p.server = (SELECT value FROM setting WHERE key = "
                                "'sync.server') AND CASE WHEN ? THEN p.server_epoch IS NOT (SELECT value FROM setting "
                                "WHERE key = 'sync.epoch') ELSE r.sync_state = 0 OR (r.sync_state = 1 AND "
                                "r.base_state IN (1, 2) AND r.base_version = p.server_version AND r.last_updated = "
                                "p.last_updated) END "
                                "AND p.acked_at_us = (SELECT max(q.acked_at_us) FROM outbox_receipt q WHERE q.rid = "
                                "p.rid) ORDER BY p.acked_at_us DESC, p.rid DESC", "ii",
                                before_us > 0 ? before_us : G_MAXINT64, (gint64) earlier);
  while (row && (limit == 0 || list->len < limit))
    {
      RoundsReceipt *receipt;

      if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
        return NULL;
      /* Several changes that were acknowledged together are one. */
      if (!row || !g_hash_table_add (seen, GSIZE_TO_POINTER ((gsize) rounds_rows_int (rows, 0))))
        continue;
      receipt = g_new0 (RoundsReceipt, 1);
      receipt->rid = rounds_rows_int (rows, 0);
      receipt->type = rounds_rows_dup (rows, 1);
      receipt->id = rounds_rows_dup (rows, 2);
      receipt->version = rounds_rows_dup (rows, 3);
      receipt->last_updated_us = rounds_rows_int (rows, 4);
      receipt->acked_at_us = rounds_rows_int (rows, 5);
      receipt->is_delete = rounds_rows_int (rows, 6) != 0;
      g_ptr_array_add (list, receipt);
    }
  return g_steal_pointer (&list);
}

static gboolean
confirm_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsBind *call = data;

  if (!rounds_writer_allow (writer, ROUNDS_ACT_SYNC, NULL, NULL, error))
    return FALSE;
  for (guint i = 0; i < call->n; i++)
    if (!rounds_database_run (writer->db, error,
                              "UPDATE outbox_receipt SET server_epoch = (SELECT value FROM setting WHERE key = "
                              "'sync.epoch') WHERE rid = ?", "i", call->rids[i]))
      return FALSE;
  return TRUE;
}

gboolean
rounds_store_receipt_confirm (RoundsStore *self, const gint64 *rids, guint n, GError **error)
{
  RoundsBind call = { .rids = rids, .n = n };

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && (rids != NULL || n == 0), FALSE);

  return n == 0 || rounds_store_write (self, confirm_cb, &call, error);
}
