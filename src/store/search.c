/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs queries: first the indexes that they need, then one statement for the rows in order, then each row's text
 * (so that no sorting ever carries texts about). Everything of one answer is read in one transaction. */
#include "store/search-private.h"

#include <glib/gi18n-lib.h>

/* How often a long statement looks whether it was cancelled, in SQLite's instructions. */
#define LOOK_EVERY 20000

static void
add_parameter (GPtrArray *out, const RoundsSearchParameter *parameter)
{
  if (parameter != NULL && *parameter->type != '\0' && !g_ptr_array_find (out, parameter, NULL))
    g_ptr_array_add (out, (gpointer) parameter);
}

void
rounds_query_list_parameters (RoundsQuery *self, GPtrArray *out)
{
  for (guint i = 0; i < self->clauses->len; i++)
    {
      const RoundsClause *clause = self->clauses->pdata[i];

      add_parameter (out, clause->parameter);
      if (clause->other != NULL)
        rounds_query_list_parameters (clause->other, out);
    }
  for (guint i = 0; i < self->sorts->len; i++)
    add_parameter (out, g_array_index (self->sorts, RoundsSort, i).parameter);
}

/* --- running ---------------------------------------------------------------------------------------- */

static int
bind_one (sqlite3_stmt *statement, int place, const RoundsBinding *binding)
{
  switch (binding->kind)
    {
    case 's':
      return sqlite3_bind_text (statement, place, binding->text, -1, SQLITE_STATIC);
    case 'i':
      return sqlite3_bind_int64 (statement, place, binding->integer);
    default:
      return sqlite3_bind_double (statement, place, binding->real);
    }
}

static int
look (gpointer cancellable)
{
  return g_cancellable_is_cancelled (cancellable);
}

/* The first column of every row. */
static gboolean
run (RoundsReader *reader, const RoundsStatement *made, GArray *out, GCancellable *cancellable, GError **error)
{
  sqlite3 *handle = rounds_database_get_handle (reader->db);
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_prepare_v2 (handle, made->sql->str, -1, &statement, NULL);

  for (guint i = 0; code == SQLITE_OK && i < made->bindings->len; i++)
    code = bind_one (statement, i + 1, &g_array_index (made->bindings, RoundsBinding, i));
  if (cancellable != NULL)
    sqlite3_progress_handler (handle, LOOK_EVERY, look, cancellable);
  if (code == SQLITE_OK)
    while ((code = sqlite3_step (statement)) == SQLITE_ROW)
      {
        gint64 value = sqlite3_column_int64 (statement, 0);

        g_array_append_val (out, value);
      }
  if (cancellable != NULL)
    sqlite3_progress_handler (handle, 0, NULL, NULL);
  if (code != SQLITE_DONE && !g_cancellable_set_error_if_cancelled (cancellable, error))
    rounds_database_set_error (reader->db, code, error);
  sqlite3_finalize (statement);
  return code == SQLITE_DONE;
}

static gboolean
prepare (RoundsStore *self, RoundsQuery *query, RoundsSearchProgress progress, gpointer data, GCancellable *cancellable,
         GError **error)
{
  g_autoptr (GPtrArray) parameters = g_ptr_array_new ();

  rounds_query_list_parameters (query, parameters);
  return parameters->len == 0 || rounds_search_index_ensure (self, parameters, progress, data, cancellable, error);
}

GPtrArray *
rounds_store_search (RoundsStore *self, RoundsQuery *query, RoundsSearchProgress progress, gpointer data,
                     GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_record_free);
  g_autoptr (GArray) rids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (RoundsReader) reader = NULL;
  g_auto (RoundsStatement) made = { 0 };

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && query != NULL, NULL);

  if (!prepare (self, query, progress, data, cancellable, error))
    return NULL;
  rounds_statement_init (&made);
  rounds_query_write_sql (query, FALSE, TRUE, FALSE, &made);
  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL || !run (reader, &made, rids, cancellable, error))
    return NULL;
  for (guint i = 0; i < rids->len; i++)
    {
      RoundsRecord *record;

      if (i % 256 == 0 && g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      if (!rounds_record_read (reader, g_array_index (rids, gint64, i), &record, error))
        return NULL;
      if (record != NULL)
        g_ptr_array_add (list, record);
    }
  return g_steal_pointer (&list);
}

gboolean
rounds_store_search_count (RoundsStore *self, RoundsQuery *query, RoundsSearchProgress progress, gpointer data,
                           GCancellable *cancellable, guint64 *n, GError **error)
{
  g_autoptr (GArray) numbers = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (RoundsReader) reader = NULL;
  g_auto (RoundsStatement) made = { 0 };

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && query != NULL && n != NULL, FALSE);

  if (!prepare (self, query, progress, data, cancellable, error))
    return FALSE;
  rounds_statement_init (&made);
  rounds_query_write_sql (query, TRUE, FALSE, FALSE, &made);
  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL || !run (reader, &made, numbers, cancellable, error))
    return FALSE;
  *n = numbers->len > 0 ? (guint64) g_array_index (numbers, gint64, 0) : 0;
  return TRUE;
}

/* --- the patient list ------------------------------------------------------------------------------- */

GPtrArray *
rounds_store_list_patients (RoundsStore *self, const char *text, RoundsQuery *query, guint limit,
                            GCancellable *cancellable, GError **error)
{
  g_autoptr (GArray) rids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GHashTable) fitting = NULL;
  g_autoptr (RoundsReader) reader = NULL;
  g_auto (RoundsStatement) made = { 0 };
  guint n = 0;

  g_return_val_if_fail (ROUNDS_IS_STORE (self), NULL);
  g_return_val_if_fail (query == NULL || g_str_equal (query->type, "Patient"), NULL);

  if (query == NULL || (query->clauses->len == 0 && query->sorts->len == 0))
    return rounds_store_find_patients (self, text, limit, error);
  if (!prepare (self, query, NULL, NULL, cancellable, error))
    return NULL;
  rounds_statement_init (&made);
  rounds_query_write_sql (query, FALSE, FALSE, TRUE, &made);
  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL || !rounds_patients_match (reader, text, &fitting, error) ||
      !run (reader, &made, rids, cancellable, error))
    return NULL;
  for (guint i = 0; i < rids->len && (limit == 0 || n < limit); i++)
    {
      gint64 rid = g_array_index (rids, gint64, i);

      if (fitting == NULL || g_hash_table_contains (fitting, &rid))
        g_array_index (rids, gint64, n++) = rid;
    }
  g_array_set_size (rids, n);
  return rounds_patients_read (reader, rids, error);
}
