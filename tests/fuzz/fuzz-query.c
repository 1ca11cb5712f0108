/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A search address is either refused with a word or becomes SQL that SQLite can prepare, with as many values bound as
 * it asks for; no text of the address ever stands in that SQL. */

#include "fuzz.h"

#include <string.h>

#include "store/search-private.h"

static sqlite3 *
schema (void)
{
  static sqlite3 *db;

  if (db == NULL)
    {
      static const char tables[] =
        "CREATE TABLE name (nid INTEGER PRIMARY KEY, text TEXT); CREATE TABLE resource (rid INTEGER PRIMARY KEY, type, id, "
        "tombstone, sync_state, last_updated, changed_us); CREATE TABLE patient (rid INTEGER PRIMARY KEY, gone, id, sort_key, "
        "birth_date); CREATE TABLE outbox (rid, patient, state); CREATE TABLE search_string (param, text, exact, rid); "
        "CREATE TABLE search_token (param, code, system, rid); CREATE TABLE search_date (param, floating, start_us, end_us, rid);"
        "CREATE TABLE search_quantity (param, unit, low, high, rid); CREATE TABLE search_reference (param, id, type, rid);";

      g_assert_cmpint (sqlite3_open (":memory:", &db), ==, SQLITE_OK);
      g_assert_cmpint (sqlite3_exec (db, tables, NULL, NULL, NULL), ==, SQLITE_OK);
    }
  return db;
}

static void
check (RoundsQuery *query, gboolean count)
{
  g_auto (RoundsStatement) made = { 0 };
  sqlite3_stmt *statement = NULL;

  rounds_statement_init (&made);
  rounds_query_write_sql (query, count, TRUE, TRUE, &made);
  g_assert_null (strchr (made.sql->str, '\''));
  g_assert_null (strchr (made.sql->str, '"'));
  g_assert_null (strchr (made.sql->str, ';'));
  g_assert_cmpint (sqlite3_prepare_v2 (schema (), made.sql->str, -1, &statement, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_bind_parameter_count (statement), ==, made.bindings->len);
  sqlite3_finalize (statement);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsQuery) query = rounds_query_parse (text, &error);

  g_assert_true ((query == NULL) == (error != NULL));
  if (query == NULL)
    return 0;
  check (query, TRUE);
  check (query, FALSE);
  return 0;
}
