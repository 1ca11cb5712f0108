/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small things kept by name: drafts, settings, connections and cursors. Four tables of the same shape; a draft
 * is one row without history, because it is written at every keystroke. */
#include "store/bases.h"
#include "store/store-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

typedef struct {
  const char *set, *remove, *key, *value;
  gboolean configures;
} RoundsKeep;

static gboolean
keep_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsKeep *keep = data;

  if (keep->configures && (!rounds_writer_allow (writer, ROUNDS_ACT_CONFIGURE, NULL, NULL, error) ||
                           !rounds_audit_append (writer, "configure", NULL, NULL,
                                                 keep->value != NULL ? "connection set"
                                                   : "connection removed", error)))
    return FALSE;
  if (keep->value == NULL)
    return rounds_database_run (writer->db, error, keep->remove, "s", keep->key);
  return rounds_database_run (writer->db, error, keep->set, "ss", keep->key, keep->value);
}

static gboolean
keep (RoundsStore *self, const char *set, const char *remove, const char *key, const char *value,
      gboolean configures, GError **error)
{
  RoundsKeep call = { set, remove, key, value, configures };

  if (value != NULL && !g_utf8_validate (value, -1, NULL))
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID, _("Not UTF-8 text"));
      return FALSE;
    }
  return rounds_store_write (self, keep_cb, &call, error);
}

static char *
dup_text (RoundsStore *self, const char *sql, const char *key, const char *missing, GError **error)
{
  g_autoptr (RoundsReader) reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row;

  if (reader == NULL)
    return NULL;
  rows = rounds_database_query (reader->db, error, sql, "s", key);
  if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
    return NULL;
  if (row)
    return rounds_rows_dup (rows, 0);
  if (missing != NULL)
    g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NOT_FOUND, missing, key);
  return NULL;
}

static char **
list_texts (RoundsStore *self, const char *sql, const char *low, const char *high, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (RoundsReader) reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row = TRUE;

  if (reader == NULL)
    return NULL;
  rows = rounds_database_query (reader->db, error, sql, "ss", low, high);
  if (rows == NULL)
    return NULL;
  while (row)
    {
      if (!rounds_database_next (reader->db, rows, &row, error))
        return NULL;
      if (row)
        g_ptr_array_add (list, rounds_rows_dup (rows, 0));
    }
  g_ptr_array_add (list, NULL);
  return (char **) g_ptr_array_steal (list, NULL);
}

gboolean
rounds_store_set_draft (RoundsStore *self, const char *key, const char *text, GError **error)
{
  g_return_val_if_fail (ROUNDS_IS_STORE (self) && key != NULL, FALSE);

  return keep (self, "INSERT OR REPLACE INTO draft (key, text) VALUES (?, ?)",
               "DELETE FROM draft WHERE key = ?", key, text, FALSE, error);
}

char *
rounds_store_dup_draft (RoundsStore *self, const char *key, GError **error)
{
  g_return_val_if_fail (ROUNDS_IS_STORE (self) && key != NULL, NULL);

  return dup_text (self, "SELECT text FROM draft WHERE key = ?", key, NULL, error);
}

char **
rounds_store_list_drafts (RoundsStore *self, const char *prefix, GError **error)
{
  g_autofree char *high = NULL;

  g_return_val_if_fail (ROUNDS_IS_STORE (self), NULL);

  high = g_strconcat (prefix != NULL ? prefix : "", "\xf4\x8f\xbf\xbf", NULL);
  return list_texts (self, "SELECT key FROM draft WHERE key >= ? AND key <= ? ORDER BY key",
                     prefix != NULL ? prefix : "", high, error);
}

gboolean
rounds_store_set_setting (RoundsStore *self, const char *key, const char *value, GError **error)
{
  g_return_val_if_fail (ROUNDS_IS_STORE (self) && key != NULL, FALSE);

  return keep (self, "INSERT OR REPLACE INTO setting (key, value) VALUES (?, ?)",
               "DELETE FROM setting WHERE key = ?", key, value, FALSE, error);
}

char *
rounds_store_dup_setting (RoundsStore *self, const char *key, GError **error)
{
  g_return_val_if_fail (ROUNDS_IS_STORE (self) && key != NULL, NULL);

  return dup_text (self, "SELECT value FROM setting WHERE key = ?", key, NULL, error);
}

gboolean
rounds_store_connection_set (RoundsStore *self, const char *name, const char *json, GError **error)
{
  g_return_val_if_fail (ROUNDS_IS_STORE (self) && name != NULL, FALSE);

  return keep (self, "INSERT OR REPLACE INTO connection (name, json) VALUES (?, ?)",
               "DELETE FROM connection WHERE name = ?", name, json, TRUE, error);
}

char *
rounds_store_connection_dup (RoundsStore *self, const char *name, GError **error)
{
  g_return_val_if_fail (ROUNDS_IS_STORE (self) && name != NULL, NULL);

  return dup_text (self, "SELECT json FROM connection WHERE name = ?", name,
                   _("There is no connection “%s”"), error);
}

char **
rounds_store_connection_list (RoundsStore *self, GError **error)
{
  g_return_val_if_fail (ROUNDS_IS_STORE (self), NULL);

  return list_texts (self, "SELECT name FROM connection WHERE name >= ? AND name <= ? ORDER BY name", "",
                     "\xf4\x8f\xbf\xbf", error);
}

gboolean
rounds_store_set_cursor (RoundsStore *self, const char *scope, const char *cursor_json, GError **error)
{
  g_return_val_if_fail (ROUNDS_IS_STORE (self) && scope != NULL, FALSE);

  return keep (self, "INSERT OR REPLACE INTO cursor (scope, json) VALUES (?, ?)",
               "DELETE FROM cursor WHERE scope = ?", scope, cursor_json, FALSE, error);
}

char *
rounds_store_dup_cursor (RoundsStore *self, const char *scope, GError **error)
{
  g_return_val_if_fail (ROUNDS_IS_STORE (self) && scope != NULL, NULL);

  return dup_text (self, "SELECT json FROM cursor WHERE scope = ?", scope, NULL, error);
}

/* --- what the server has --------------------------------------------------------------------------------- */

GHashTable *
rounds_store_list_bases (RoundsStore *self, const char *type, GError **error)
{
  g_autoptr (GHashTable) bases = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (RoundsReader) reader = NULL;
  g_autoptr (RoundsRows) rows = NULL;
  gint64 nid = 0;
  gboolean row = TRUE;

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && type != NULL, NULL);

  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL || !rounds_database_find_name (reader->db, type, &nid, error))
    return NULL;
  rows = rounds_database_query (reader->db, error,
                                "SELECT id, base_version FROM resource WHERE type = ? AND tombstone = 0 "
                                "AND base_version IS NOT NULL", "i", nid);
  while (row)
    {
      if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
        return NULL;
      if (row)
        g_hash_table_insert (bases, rounds_rows_dup (rows, 0), rounds_rows_dup (rows, 1));
    }
  return g_steal_pointer (&bases);
}
