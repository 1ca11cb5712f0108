/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What waits, without its texts. With a hundred thousand changes waiting, their order is found out from numbers
 * alone, and texts are in memory only for the bundle that is being sent. */
#include "store/version.h"

#include <string.h>

void
rounds_outbox_index_free (RoundsOutboxIndex *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->entries);
  g_array_unref (self->first_dep);
  g_array_unref (self->deps);
  g_free (self);
}

/* rid of what is here, alive, and unknown to the server; 0 else. */
static gboolean
find_unsent (RoundsDatabase *db, const char *ref, gint64 *rid, GError **error)
{
  const char *slash = strchr (ref, '/');
  g_autofree char *type = NULL;

  *rid = 0;
  if (slash == NULL)
    return TRUE;
  type = g_strndup (ref, slash - ref);
  return rounds_database_int (db, 0, rid, error,
                              "SELECT rid FROM resource WHERE id = ? AND type = (SELECT nid FROM name "
                              "WHERE text = ?) AND tombstone = 0 AND base_state IN (0, 3) AND sync_state != 0",
                              "ss", slash + 1, type);
}

static gboolean
add_deps (RoundsDatabase *db, RoundsOutboxIndex *self, gint64 own, const char *refs, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (refs != NULL ? refs : "", "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      gint64 rid;

      if (!find_unsent (db, lines[i], &rid, error))
        return FALSE;
      if (rid != 0 && rid != own)
        g_array_append_val (self->deps, rid);
    }
  return TRUE;
}

RoundsOutboxIndex *
rounds_store_outbox_index (RoundsStore *self, GError **error)
{
  RoundsOutboxIndex *index;
  g_autoptr (RoundsReader) reader = NULL;
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row = TRUE, ok = TRUE;

  g_return_val_if_fail (ROUNDS_IS_STORE (self), NULL);

  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL)
    return NULL;
  index = g_new0 (RoundsOutboxIndex, 1);
  index->entries = g_array_new (FALSE, FALSE, sizeof (RoundsOutboxEntry));
  index->first_dep = g_array_new (FALSE, FALSE, sizeof (guint));
  index->deps = g_array_new (FALSE, FALSE, sizeof (gint64));
  /* octet_length() of a column is known without reading it. */
  rows = rounds_database_query (reader->db, error,
                                "SELECT r.rid, o.next_at_us, octet_length (r.local_json), o.state, r.tombstone, o.refs "
                                "FROM outbox f CROSS JOIN outbox o ON o.seq = coalesce ("
                                "(SELECT max(seq) FROM outbox p WHERE p.rid = f.rid AND p.state IN (2, 3, "
                                "4)), (SELECT max(seq) FROM outbox p WHERE p.rid = f.rid)) "
                                "CROSS JOIN resource r ON r.rid = o.rid "
                                "WHERE f.seq = (SELECT min(seq) FROM outbox p WHERE p.rid = f.rid) "
                                "ORDER BY f.seq", "");
  while (ok && row)
    {
      RoundsOutboxEntry entry;

      ok = rows != NULL && rounds_database_next (reader->db, rows, &row, error);
      if (!ok || !row)
        break;
      entry.rid = rounds_rows_int (rows, 0);
      entry.next_at_us = rounds_rows_int (rows, 1);
      entry.n_bytes = rounds_rows_int (rows, 2);
      entry.state = rounds_state_to_string (rounds_rows_int (rows, 3));
      entry.is_delete = rounds_rows_int (rows, 4) != 0;
      g_array_append_val (index->entries, entry);
      g_array_append_val (index->first_dep, index->deps->len);
      ok = entry.is_delete || add_deps (reader->db, index, entry.rid, rounds_rows_text (rows, 5), error);
    }
  g_array_append_val (index->first_dep, index->deps->len);
  if (!ok)
    g_clear_pointer (&index, rounds_outbox_index_free);
  return index;
}

gboolean
rounds_store_outbox_tally (RoundsStore *self, RoundsOutboxTally *out, GError **error)
{
  g_autoptr (RoundsReader) reader = NULL;
  g_autoptr (RoundsRows) rows = NULL;
  RoundsOutboxTally tally = { 0 };
  gboolean row = TRUE;

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && out != NULL, FALSE);

  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL)
    return FALSE;
  rows = rounds_database_query (reader->db, error,
                                "SELECT sync_state, count(*) FROM resource WHERE rid IN (SELECT rid FROM outbox) "
                                "GROUP BY 1", "");
  while (row)
    {
      guint n;

      if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
        return FALSE;
      if (!row)
        break;
      n = rounds_rows_int (rows, 1);
      switch (rounds_rows_int (rows, 0))
        {
        case ROUNDS_STATE_CONFLICT: tally.conflicts += n; break;
        case ROUNDS_STATE_QUARANTINED: tally.quarantined += n; break;
        default: tally.pending += n; break;
        }
    }
  *out = tally;
  return TRUE;
}
