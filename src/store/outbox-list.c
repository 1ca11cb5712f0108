/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What waits, with its texts: an item a resource, of the group of its rows that is next (those under way when
 * there are any, else all). The verb is read off the resource and its base. Lists are for people and for the
 * bundle that is next; what only counts or orders uses outbox-index.c. */
#include "store/version.h"

#include <string.h>

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
  item->verb = g_strdup (rounds_outbox_verb (base == 1 || base == 2 ? ROUNDS_BASE_THERE : ROUNDS_BASE_NONE, item->json));
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
