/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a damaged cache row by row: a page that cannot be read costs the rows on it, and no others. Rows are asked
 * for one number after the other, because a list ends at the first bad page. What the cloud has too is taken where it
 * can be read, so that work goes on before the next sync; what exists only here is why this is done. A change that
 * was on its way counts as not sent: the server is read before anything is sent again. */
#include "store/rescue.h"

#include <glib/gi18n-lib.h>
#include <sodium.h>
#include <string.h>

#include "store/series-chunk.h"
#include "store/store-object.h"
#include "store/version.h"

#define MAX_ERRORS 5000       /* each costs an opening */
#define MAX_MISSES 20000      /* rows in a row that are not there, where the last one is not known */
#define BATCH 500
#define BATCH_BYTES (8 * 1024 * 1024)

/* --- a file that may break at any row ------------------------------------------------------------------ */

typedef struct {
  char *path;
  RoundsDatabaseKind kind;
  RoundsSecret *key;
  RoundsDatabase *db;
  guint n_errors;
} Source;

static void
source_init (Source *self, const char *folder, RoundsDatabaseKind kind, RoundsSecret *key, GError **error)
{
  self->path = g_build_filename (folder, kind == ROUNDS_DATABASE_RECORDS ? "records.db" : "pixels.db", NULL);
  self->kind = kind;
  self->key = key;
  self->db = rounds_database_open (self->path, kind, ROUNDS_DATABASE_RESCUE, key, error);
}

static void
source_clear (Source *self)
{
  g_clear_pointer (&self->db, rounds_database_free);
  g_free (self->path);
}

/* After an error the connection may be stuck in it. */
static void
source_reopen (Source *self)
{
  self->n_errors++;
  g_clear_pointer (&self->db, rounds_database_free);
  if (self->n_errors < MAX_ERRORS)
    self->db = rounds_database_open (self->path, self->kind, ROUNDS_DATABASE_RESCUE, self->key, NULL);
}

/* The first row, or NULL: none, or (broken) unreadable. */
static RoundsRows *
source_row (Source *self, gboolean *broken, const char *sql, gint64 number, const char *text)
{
  RoundsRows *rows = NULL;
  gboolean row = FALSE;

  *broken = self->db == NULL;
  if (self->db == NULL)
    return NULL;
  rows = text != NULL ? rounds_database_query (self->db, NULL, sql, "s", text)
                      : rounds_database_query (self->db, NULL, sql, "i", number);
  if (rows != NULL && rounds_database_next (self->db, rows, &row, NULL))
    {
      if (row)
        return rows;
      sqlite3_reset (rows);
      return NULL;
    }
  *broken = TRUE;
  source_reopen (self);
  return NULL;
}

typedef struct {
  Source records, pixels;
  RoundsStore *into;
  RoundsSetAside *out;
  GHashTable *names;     /* nid → text */
  GPtrArray *items;      /* Item */
  gsize items_bytes;
} Rescue;

/* FALSE ends it with error: the new cache cannot be written. */
typedef gboolean (*TakeRow) (Rescue *self, RoundsRows *rows, GError **error);

static gboolean
each_row (Rescue *self, const char *max_sql, const char *sql, TakeRow take, GError **error)
{
  gint64 max = G_MAXINT64;
  guint misses = 0;
  gboolean broken;
  RoundsRows *rows;

  if (self->records.db == NULL)
    return TRUE;
  if (!rounds_database_int (self->records.db, 0, &max, NULL, max_sql, ""))
    {
      max = G_MAXINT64;
      self->out->complete = FALSE;
      source_reopen (&self->records);
    }
  for (gint64 number = 1; number <= max && self->records.db != NULL; number++)
    {
      rows = source_row (&self->records, &broken, sql, number, NULL);
      if (rows != NULL)
        {
          gboolean ok = take (self, rows, error);

          /* The take may have found another page broken, and the connection is another one then. */
          misses = 0;
          if (!ok)
            return FALSE;
          continue;
        }
      self->out->n_unreadable += broken;
      if (broken)
        self->out->complete = FALSE;
      if (max == G_MAXINT64 && ++misses > MAX_MISSES)
        break;
    }
  if (self->records.db == NULL)
    self->out->complete = FALSE;
  return TRUE;
}

/* --- records ------------------------------------------------------------------------------------------- */

typedef struct {
  char *type, *id, *base, *version, *local, *who;
  gint64 last_updated_us;
  gboolean pending;
} Item;

static void
item_free (gpointer data)
{
  Item *self = data;

  g_free (self->type);
  g_free (self->id);
  g_free (self->base);
  g_free (self->version);
  g_free (self->local);
  g_free (self->who);
  g_free (self);
}

static gboolean
put_item (RoundsWriter *writer, const Item *item, RoundsSetAside *out, GError **error)
{
  g_autoptr (RoundsFacts) base = NULL, local = NULL;
  g_auto (RoundsRow) row = { 0 };
  RoundsReceive outcome;

  if (item->base != NULL)
    base = rounds_facts_new (item->type, item->id, item->base, NULL);
  if (item->local != NULL)
    local = rounds_facts_new (item->type, item->id, item->local, NULL);
  if ((item->local != NULL && local == NULL) || (base == NULL && local == NULL))
    {
      out->n_unreadable += item->local != NULL;
      return TRUE;
    }
  if (!rounds_row_load (writer, item->type, item->id, &row, error))
    return FALSE;
  if (row.rid != 0)
    return TRUE;
  if (base != NULL)
    {
      if (!rounds_row_receive (writer, &row, base, item->version, item->last_updated_us, &outcome, error))
        return FALSE;
      rounds_row_clear (&row);
      memset (&row, 0, sizeof row);
      if (!rounds_row_load (writer, item->type, item->id, &row, error))
        return FALSE;
    }
  if (base != NULL && (!item->pending || rounds_text_same (item->base, item->local)))
    {
      out->n_records++;
      return TRUE;
    }
  out->n_changes++;
  return rounds_row_save_version (writer, &row, local, item->who, error) &&
         rounds_outbox_enqueue (writer, &row, local != NULL ? local->refs : NULL, error);
}

static gboolean
put_items (RoundsWriter *writer, gpointer data, GError **error)
{
  Rescue *self = data;

  for (guint i = 0; i < self->items->len; i++)
    if (!put_item (writer, self->items->pdata[i], self->out, error))
      return FALSE;
  return TRUE;
}

static gboolean
flush_items (Rescue *self, GError **error)
{
  gboolean ok = self->items->len == 0 || rounds_store_write (self->into, put_items, self, error);

  g_ptr_array_set_size (self->items, 0);
  self->items_bytes = 0;
  return ok;
}

static char *
dup_name (Rescue *self, gint64 nid)
{
  char *known = g_hash_table_lookup (self->names, GSIZE_TO_POINTER ((gsize) nid));
  gboolean broken;
  RoundsRows *rows;

  if (known != NULL || nid <= 0)
    return g_strdup (known);
  rows = source_row (&self->records, &broken, "SELECT text FROM name WHERE nid = ?", nid, NULL);
  if (rows == NULL)
    return NULL;
  known = rounds_rows_dup (rows, 0);
  sqlite3_reset (rows);
  g_hash_table_insert (self->names, GSIZE_TO_POINTER ((gsize) nid), known);
  return g_strdup (known);
}

static char *
type_in (const char *json)
{
  g_autoptr (json_object) value = json != NULL ? rounds_json_parse (json, -1, NULL) : NULL;

  return value != NULL ? g_strdup (rounds_json_peek_string (value, "resourceType")) : NULL;
}

static gboolean
take_resource (Rescue *self, RoundsRows *rows, GError **error)
{
  Item *item = g_new0 (Item, 1);
  gint64 type = rounds_rows_int (rows, 0), base_state = rounds_rows_int (rows, 5);
  gboolean tombstone = rounds_rows_int (rows, 2) != 0;

  item->id = rounds_rows_dup (rows, 1);
  item->who = rounds_rows_dup (rows, 3);
  item->pending = rounds_rows_int (rows, 4) != ROUNDS_STATE_NONE;
  item->version = rounds_rows_dup (rows, 6);
  item->last_updated_us = rounds_rows_int (rows, 7);
  item->local = tombstone ? NULL : rounds_rows_dup (rows, 9);
  /* 1: the server has the same text (see 001-records.sql). */
  item->base = base_state == 1 ? rounds_rows_dup (rows, 9) : base_state == 2 ? rounds_rows_dup (rows, 8) : NULL;
  sqlite3_reset (rows);
  item->type = dup_name (self, type);
  if (item->type == NULL)
    item->type = type_in (item->local != NULL ? item->local : item->base);
  if (item->type == NULL || item->id == NULL)
    {
      self->out->n_unreadable++;
      item_free (item);
      return TRUE;
    }
  self->items_bytes += (item->local != NULL ? strlen (item->local) : 0) + (item->base != NULL ? strlen (item->base) : 0);
  g_ptr_array_add (self->items, item);
  return (self->items->len < BATCH && self->items_bytes < BATCH_BYTES) || flush_items (self, error);
}

/* --- small tables ---------------------------------------------------------------------------------------- */

static const struct {
  const char *up, *down, *insert;
  int n_columns;
  gboolean draft;
} small_tables[] = {
  { "SELECT key, text FROM draft ORDER BY key", "SELECT key, text FROM draft ORDER BY key DESC",
    "INSERT OR IGNORE INTO draft (key, text) VALUES (?, ?)", 2, TRUE },
  { "SELECT key, value FROM setting WHERE key NOT LIKE 'check.%' ORDER BY key",
    "SELECT key, value FROM setting WHERE key NOT LIKE 'check.%' ORDER BY key DESC",
    "INSERT OR IGNORE INTO setting (key, value) VALUES (?, ?)", 2, FALSE },
  { "SELECT name, json FROM connection ORDER BY name", "SELECT name, json FROM connection ORDER BY name DESC",
    "INSERT OR IGNORE INTO connection (name, json) VALUES (?, ?)", 2, FALSE },
  { "SELECT uuid, series_uid, json, changed_us, changed_by FROM measurement ORDER BY uuid",
    "SELECT uuid, series_uid, json, changed_us, changed_by FROM measurement ORDER BY uuid DESC",
    "INSERT OR IGNORE INTO measurement (uuid, series_uid, json, changed_us, changed_by) VALUES (?, ?, ?, ?, ?)", 5,
    FALSE },
};

typedef struct {
  guint table;
  GPtrArray *values;     /* sqlite3_value, a row after the other */
  guint n_new;
} SmallRows;

static gboolean
put_small (RoundsWriter *writer, gpointer data, GError **error)
{
  SmallRows *self = data;
  sqlite3 *handle = rounds_database_get_handle (writer->db);
  int n = small_tables[self->table].n_columns, code;
  sqlite3_stmt *insert;

  code = sqlite3_prepare_v2 (handle, small_tables[self->table].insert, -1, &insert, NULL);
  for (guint i = 0; code == SQLITE_OK && i < self->values->len; i += n)
    {
      for (int k = 0; k < n; k++)
        sqlite3_bind_value (insert, k + 1, self->values->pdata[i + k]);
      sqlite3_step (insert);
      code = sqlite3_reset (insert);
      self->n_new += sqlite3_changes (handle);
    }
  sqlite3_finalize (insert);
  if (code != SQLITE_OK)
    rounds_database_set_error (writer->db, code, error);
  return code == SQLITE_OK;
}

static gboolean
take_small (Rescue *self, guint table, GError **error)
{
  g_autoptr (GPtrArray) values = g_ptr_array_new_with_free_func ((GDestroyNotify) sqlite3_value_free);
  SmallRows call = { table, values, 0 };
  gboolean broken = FALSE;

  /* From both ends to what cannot be read. */
  for (int pass = 0; pass < 2 && self->records.db != NULL && (pass == 0 || broken); pass++)
    {
      RoundsRows *rows =
        rounds_database_query (self->records.db, NULL, pass == 0 ? small_tables[table].up : small_tables[table].down, "");
      gboolean row = TRUE, ok = rows != NULL;

      while (ok && row)
        {
          ok = rounds_database_next (self->records.db, rows, &row, NULL);
          for (int k = 0; ok && row && k < small_tables[table].n_columns; k++)
            g_ptr_array_add (values, sqlite3_value_dup (sqlite3_column_value (rows, k)));
        }
      if (ok)
        continue;
      broken = TRUE;
      self->out->complete = FALSE;
      self->out->n_unreadable += pass == 0;
      source_reopen (&self->records);
    }
  if (values->len > 0 && !rounds_store_write (self->into, put_small, &call, error))
    return FALSE;
  if (small_tables[table].draft)
    self->out->n_drafts = call.n_new;
  return TRUE;
}

/* --- vitals ------------------------------------------------------------------------------------------------ */

static gboolean
take_chunk (Rescue *self, RoundsRows *rows, GError **error)
{
  g_autoptr (GArray) samples = g_array_new (FALSE, FALSE, sizeof (RoundsSample));
  gint64 sid = rounds_rows_int (rows, 0), patient;
  g_autofree char *patient_id = NULL, *code = NULL, *unit = NULL, *label = NULL, *source = NULL;
  gboolean good = rounds_chunk_unpack (sqlite3_column_blob (rows, 2), sqlite3_column_bytes (rows, 2),
                                       (gsize) rounds_rows_int (rows, 1), samples);
  gboolean broken;

  sqlite3_reset (rows);
  rows = source_row (&self->records, &broken, "SELECT patient, code, unit, label, source FROM series WHERE sid = ?", sid,
                     NULL);
  if (rows != NULL)
    {
      patient = rounds_rows_int (rows, 0);
      code = rounds_rows_dup (rows, 1);
      unit = rounds_rows_dup (rows, 2);
      label = rounds_rows_dup (rows, 3);
      source = rounds_rows_dup (rows, 4);
      sqlite3_reset (rows);
      patient_id = dup_name (self, patient);
    }
  if (!good || patient_id == NULL)
    {
      self->out->complete = FALSE;
      self->out->n_unreadable++;
      return TRUE;
    }
  self->out->n_series++;
  return rounds_store_series_append (self->into, patient_id, code, unit, label, source, (RoundsSample *) samples->data,
                                     samples->len, NULL, error);
}

/* --- images ---------------------------------------------------------------------------------------------- */

static GBytes *
dup_image (Rescue *self, const char *sop_uid, const guint8 *want)
{
  RoundsRows *rows;
  g_autoptr (GBytes) bytes = NULL;
  guint8 digest[ROUNDS_SCAN_DIGEST_BYTES];
  gboolean row = FALSE;

  if (self->pixels.db == NULL)
    return NULL;
  rows = rounds_database_query (self->pixels.db, NULL, ROUNDS_PIXEL_BYTES, "sb", sop_uid, want, sizeof digest);
  if (rows == NULL || !rounds_database_next (self->pixels.db, rows, &row, NULL))
    {
      source_reopen (&self->pixels);
      return NULL;
    }
  if (row)
    bytes = g_bytes_new (sqlite3_column_blob (rows, 0), sqlite3_column_bytes (rows, 0));
  sqlite3_reset (rows);
  if (bytes == NULL)
    return NULL;
  crypto_generichash (digest, sizeof digest, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), NULL, 0);
  return memcmp (digest, want, sizeof digest) == 0 ? g_steal_pointer (&bytes) : NULL;
}

/* Of images that the cloud has, only what is known of them: it gives them again. */
static gboolean
take_scan (Rescue *self, RoundsRows *rows, GError **error)
{
  g_autoptr (RoundsScanInstance) it = rounds_scan_take (rows);
  guint8 digest[ROUNDS_SCAN_DIGEST_BYTES] = { 0 };
  g_autoptr (GBytes) bytes = NULL;
  gboolean waits, broken;

  if (sqlite3_column_bytes (rows, 30) == sizeof digest)
    memcpy (digest, sqlite3_column_blob (rows, 30), sizeof digest);
  sqlite3_reset (rows);
  rows = source_row (&self->records, &broken, "SELECT 1 FROM scan_outbox WHERE sop_uid = ?", 0, it->sop_uid);
  waits = it->on_device && (rows != NULL || broken);
  if (rows != NULL)
    sqlite3_reset (rows);
  if (waits)
    {
      bytes = dup_image (self, it->sop_uid, digest);
      self->out->n_images += bytes != NULL;
      self->out->n_unreadable += bytes == NULL;
      if (bytes == NULL)
        self->out->complete = FALSE;
    }
  it->on_device = bytes != NULL;
  return rounds_store_scan_put (self->into, it, bytes, bytes != NULL, NULL, error);
}

gboolean
rounds_rescue (const char *folder, RoundsSecret *key, RoundsStore *into, RoundsSetAside *out, GError **error)
{
  g_autoptr (GError) local = NULL;
  Rescue self = { .into = into, .out = out };
  gboolean ok = TRUE;

  source_init (&self.records, folder, ROUNDS_DATABASE_RECORDS, key, &local);
  if (g_error_matches (local, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NEWER))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      source_clear (&self.records);
      return FALSE;
    }
  source_init (&self.pixels, folder, ROUNDS_DATABASE_PIXELS, key, NULL);
  self.names = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self.items = g_ptr_array_new_with_free_func (item_free);
  out->complete = self.records.db != NULL;
  ok = each_row (&self, "SELECT max(rid) FROM resource",
                 "SELECT type, id, tombstone, changed_by, sync_state, base_state, base_version, last_updated, base_json, "
                 "local_json FROM resource WHERE rid = ?", take_resource, error) &&
       flush_items (&self, error);
  for (guint i = 0; ok && i < G_N_ELEMENTS (small_tables); i++)
    ok = take_small (&self, i, error);
  ok = ok && each_row (&self, "SELECT max(cid) FROM chunk", "SELECT sid, n, samples FROM chunk WHERE cid = ?", take_chunk,
                       error);
  ok = ok && each_row (&self, "SELECT max(rowid) FROM scan",
                       "SELECT " ROUNDS_SCAN_COLUMNS ", s.digest FROM scan s WHERE s.rowid = ?", take_scan, error);
  g_hash_table_unref (self.names);
  g_ptr_array_unref (self.items);
  source_clear (&self.records);
  source_clear (&self.pixels);
  return ok;
}
