/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Images that a server did not take, by what it said: ten thousand slices refused for one reason are one line. */
#include "store/store-private.h"

void
rounds_scan_refusal_free (RoundsScanRefusal *self)
{
  if (self == NULL)
    return;
  g_free (self->reason);
  g_free (self);
}

GPtrArray *
rounds_store_scan_outbox_refusals (RoundsStore *self, guint limit, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_scan_refusal_free);
  g_autoptr (RoundsReader) reader = NULL;
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row = TRUE;

  g_return_val_if_fail (ROUNDS_IS_STORE (self), NULL);

  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL)
    return NULL;
  rows = rounds_database_query (reader->db, error,
                                "SELECT reason, last_status, count(*) FROM scan_outbox WHERE reason IS NOT NULL "
                                "GROUP BY 1, 2 ORDER BY 3 DESC LIMIT ?", "i", (gint64) MAX (limit, 1));
  while (row)
    {
      RoundsScanRefusal *one;

      if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
        return NULL;
      if (!row)
        break;
      one = g_new0 (RoundsScanRefusal, 1);
      one->reason = rounds_rows_dup (rows, 0);
      one->status = (int) rounds_rows_int (rows, 1);
      one->n = (guint) rounds_rows_int (rows, 2);
      g_ptr_array_add (list, one);
    }
  return g_steal_pointer (&list);
}
