/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Search parameters as index rows. A parameter is indexed from its first use on: bulk work pays for no index that
 * nobody asks, and an older cache needs no other way than a new one. While an index is built (some thousand
 * resources a transaction, so that edits pass between) the writer already indexes all that it saves; the builder takes
 * what was there before and notes up to which row it is, so that it goes on where it was cut off. A row that both of
 * them index is the same row. */
#include "store/search-index.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "store/search-private.h"

/* Counted up when values are read differently: older indexes are then built anew. */
#define FORM 1
#define SLICE 1000
#define ALL G_MAXINT64
#define UCUM "http://unitsofmeasure.org"

/* What the writer knows of one index. */
typedef struct {
  gint64 param, type, upto;
  const RoundsSearchParameter *parameter;
} RoundsBuilt;

char *
rounds_search_parameter_key (const RoundsSearchParameter *self)
{
  return g_strconcat (self->type, "?", self->code, NULL);
}

char *
rounds_search_comparable_unit (const char *system, const char *unit, double value, double *out)
{
  *out = value;
  if (unit == NULL || *unit == '\0')
    return NULL;
  if (system == NULL || *system == '\0' || g_str_equal (system, UCUM))
    {
      g_autofree char *name = rounds_search_unit (unit, value, out);

      return g_strconcat ("unit:", name, NULL);
    }
  return g_strconcat ("unit:", system, "|", unit, NULL);
}

/* --- rows ------------------------------------------------------------------------------------------- */

/* Cut at a letter's start. */
static char *
cut (const char *text)
{
  gsize length = strlen (text);

  if (length <= ROUNDS_SEARCH_MAX_TEXT)
    return g_strdup (text);
  length = ROUNDS_SEARCH_MAX_TEXT;
  while (length > 0 && ((guchar) text[length] & 0xc0) == 0x80)
    length--;
  return g_strndup (text, length);
}

static gboolean
add_string (RoundsWriter *writer, gint64 param, gint64 rid, const RoundsSearchValue *value, GError **error)
{
  g_autofree char *exact = cut (value->text);
  g_autofree char *folded = rounds_fold_words (exact);
  g_autofree char *text = cut (folded);

  return rounds_database_run (writer->db, error, "INSERT OR IGNORE INTO search_string (param, text, exact, rid) "
                                                 "VALUES (?, ?, ?, ?)", "issi", param, text, exact, rid);
}

static gboolean
add_token (RoundsWriter *writer, gint64 param, gint64 rid, const RoundsSearchValue *value, GError **error)
{
  g_autofree char *exact = cut (value->text);
  g_autofree char *code = g_utf8_casefold (exact, -1);
  gint64 system = 0;

  return (value->system == NULL || rounds_writer_name (writer, value->system, &system, error)) &&
         rounds_database_run (writer->db, error, "INSERT OR IGNORE INTO search_token (param, code, system, rid) "
                                                 "VALUES (?, ?, ?, ?)", "isii", param, code, system, rid);
}

static gboolean
add_date (RoundsWriter *writer, gint64 param, gint64 rid, const RoundsSearchValue *value, GError **error)
{
  return rounds_database_run (writer->db, error, "INSERT OR IGNORE INTO search_date (param, floating, start_us, end_us, "
                                                 "rid) VALUES (?, ?, ?, ?, ?)", "iiiii", param,
                              (gint64) (value->floating != 0), value->start_us, value->end_us, rid);
}

static gboolean
add_bounds (RoundsWriter *writer, gint64 param, gint64 unit, const RoundsSearchValue *value, double low, double high,
            gint64 rid, GError **error)
{
  /* "<5" does not hold 5 itself. */
  if (value->low_open)
    low = nextafter (low, INFINITY);
  if (value->high_open)
    high = nextafter (high, -INFINITY);
  return rounds_database_run (writer->db, error, "INSERT OR IGNORE INTO search_quantity (param, unit, low, high, rid) "
                                                 "VALUES (?, ?, ?, ?, ?)", "iiddi", param, unit, low, high, rid);
}

static gboolean
add_quantity (RoundsWriter *writer, gint64 param, gint64 rid, const RoundsSearchValue *value, GError **error)
{
  double low, high;
  g_autofree char *unit = rounds_search_comparable_unit (value->system, value->text, value->low, &low);
  gint64 nid;

  if (!add_bounds (writer, param, 0, value, value->low, value->high, rid, error))
    return FALSE;
  if (unit == NULL)
    return TRUE;
  g_free (rounds_search_comparable_unit (value->system, value->text, value->high, &high));
  return rounds_writer_name (writer, unit, &nid, error) &&
         add_bounds (writer, param, nid, value, low, high, rid, error);
}

static gboolean
add_reference (RoundsWriter *writer, gint64 param, gint64 rid, const RoundsSearchValue *value, GError **error)
{
  gint64 type;

  return rounds_writer_name (writer, value->system, &type, error) &&
         rounds_database_run (writer->db, error, "INSERT OR IGNORE INTO search_reference (param, id, type, rid) "
                                                 "VALUES (?, ?, ?, ?)", "isii", param, value->text, type, rid);
}

static gboolean
add_values (RoundsWriter *writer, const RoundsBuilt *built, gint64 rid, json_object *resource, GError **error)
{
  static gboolean (*const adders[]) (RoundsWriter *, gint64, gint64, const RoundsSearchValue *, GError **) = {
    [ROUNDS_SEARCH_STRING] = add_string,     [ROUNDS_SEARCH_TOKEN] = add_token,
    [ROUNDS_SEARCH_DATE] = add_date,         [ROUNDS_SEARCH_QUANTITY] = add_quantity,
    [ROUNDS_SEARCH_REFERENCE] = add_reference,
  };
  g_autoptr (GPtrArray) values = rounds_search_parameter_values (built->parameter, resource);

  for (guint i = 0; i < values->len; i++)
    if (!adders[built->parameter->kind](writer, built->param, rid, values->pdata[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
drop_rows (RoundsWriter *writer, gint64 rid, GError **error)
{
  return rounds_database_run (writer->db, error, "DELETE FROM search_string WHERE rid = ?", "i", rid) &&
         rounds_database_run (writer->db, error, "DELETE FROM search_token WHERE rid = ?", "i", rid) &&
         rounds_database_run (writer->db, error, "DELETE FROM search_date WHERE rid = ?", "i", rid) &&
         rounds_database_run (writer->db, error, "DELETE FROM search_quantity WHERE rid = ?", "i", rid) &&
         rounds_database_run (writer->db, error, "DELETE FROM search_reference WHERE rid = ?", "i", rid);
}

static gboolean
drop_parameter (RoundsWriter *writer, gint64 param, GError **error)
{
  return rounds_database_run (writer->db, error, "DELETE FROM search_string WHERE param = ?", "i", param) &&
         rounds_database_run (writer->db, error, "DELETE FROM search_token WHERE param = ?", "i", param) &&
         rounds_database_run (writer->db, error, "DELETE FROM search_date WHERE param = ?", "i", param) &&
         rounds_database_run (writer->db, error, "DELETE FROM search_quantity WHERE param = ?", "i", param) &&
         rounds_database_run (writer->db, error, "DELETE FROM search_reference WHERE param = ?", "i", param);
}

/* --- the writer's side ------------------------------------------------------------------------------ */

/* Another process may have begun an index since the last transaction. */
static gboolean
know (RoundsWriter *writer, GError **error)
{
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row = TRUE;

  if (writer->search_known)
    return TRUE;
  if (writer->search == NULL)
    writer->search = g_array_new (FALSE, FALSE, sizeof (RoundsBuilt));
  g_array_set_size (writer->search, 0);
  rows = rounds_database_query (writer->db, error, "SELECT p.param, p.type, p.upto, n.text FROM search_param p "
                                                   "JOIN name n ON n.nid = p.param WHERE p.form = ?", "i",
                                (gint64) FORM);
  while (row)
    {
      if (rows == NULL || !rounds_database_next (writer->db, rows, &row, error))
        return FALSE;
      if (row)
        {
          g_auto (GStrv) parts = g_strsplit (rounds_rows_text (rows, 3), "?", 2);
          RoundsBuilt built = { rounds_rows_int (rows, 0), rounds_rows_int (rows, 1), rounds_rows_int (rows, 2), NULL };

          if (g_strv_length (parts) == 2)
            built.parameter = rounds_search_parameter_find (parts[0], parts[1]);
          if (built.parameter != NULL)
            g_array_append_val (writer->search, built);
        }
    }
  writer->search_known = TRUE;
  return TRUE;
}

gboolean
rounds_search_index_save (RoundsWriter *writer, const char *type, gint64 type_nid, gint64 rid, const char *text,
                          gboolean new_row, GError **error)
{
  g_autoptr (json_object) resource = NULL;
  gboolean dropped = new_row;

  if (!know (writer, error))
    return FALSE;
  for (guint i = 0; i < writer->search->len; i++)
    {
      const RoundsBuilt *built = &g_array_index (writer->search, RoundsBuilt, i);

      if (built->type != type_nid)
        continue;
      if (!dropped && !drop_rows (writer, rid, error))
        return FALSE;
      dropped = TRUE;
      if (text == NULL)
        break;
      if (resource == NULL)
        resource = rounds_json_parse (text, -1, NULL);
      if (resource != NULL && !add_values (writer, built, rid, resource, error))
        return FALSE;
    }
  return TRUE;
}

/* --- building --------------------------------------------------------------------------------------- */

typedef struct {
  GPtrArray *parameters;   /* RoundsSearchParameter, of one type */
  GArray *rids;            /* of that type, in order, listed after the index was begun */
  guint from;
  gboolean last;
} RoundsSlice;

static gboolean
begin (RoundsWriter *writer, gpointer data, GError **error)
{
  GPtrArray *parameters = data;

  for (guint i = 0; i < parameters->len; i++)
    {
      const RoundsSearchParameter *parameter = parameters->pdata[i];
      g_autofree char *key = rounds_search_parameter_key (parameter);
      gint64 param, type, form;

      if (!rounds_writer_name (writer, key, &param, error) || !rounds_writer_name (writer, parameter->type, &type, error) ||
          !rounds_database_int (writer->db, 0, &form, error, "SELECT form FROM search_param WHERE param = ?", "i", param))
        return FALSE;
      if (form == FORM)
        continue;
      if ((form != 0 && !drop_parameter (writer, param, error)) ||
          !rounds_database_run (writer->db, error, "INSERT OR REPLACE INTO search_param (param, type, form, upto) "
                                                   "VALUES (?, ?, ?, 0)", "iii", param, type, (gint64) FORM))
        return FALSE;
    }
  writer->search_known = FALSE;
  return TRUE;
}

static gboolean
build_row (RoundsWriter *writer, GArray *wanted, gint64 rid, const char *text, GError **error)
{
  g_autoptr (json_object) resource = rounds_json_parse (text, -1, NULL);

  for (guint i = 0; resource != NULL && i < wanted->len; i++)
    {
      const RoundsBuilt *built = &g_array_index (wanted, RoundsBuilt, i);

      if (rid > built->upto && !add_values (writer, built, rid, resource, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
list_wanted (RoundsWriter *writer, GPtrArray *parameters, GArray *out, GError **error)
{
  if (!know (writer, error))
    return FALSE;
  for (guint i = 0; i < writer->search->len; i++)
    {
      const RoundsBuilt *built = &g_array_index (writer->search, RoundsBuilt, i);

      if (built->upto != ALL && g_ptr_array_find (parameters, built->parameter, NULL))
        g_array_append_val (out, *built);
    }
  return TRUE;
}

static gboolean
build_slice (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsSlice *slice = data;
  g_autoptr (GArray) wanted = g_array_new (FALSE, FALSE, sizeof (RoundsBuilt));
  guint end = MIN (slice->from + SLICE, slice->rids->len);
  gint64 upto = slice->last ? ALL : g_array_index (slice->rids, gint64, end - 1);

  if (!list_wanted (writer, slice->parameters, wanted, error))
    return FALSE;
  for (guint i = slice->from; wanted->len > 0 && i < end; i++)
    {
      g_autoptr (RoundsRows) rows = NULL;
      gint64 rid = g_array_index (slice->rids, gint64, i);
      gboolean row;

      rows = rounds_database_query (writer->db, error, "SELECT local_json FROM resource WHERE rid = ? AND tombstone = 0",
                                    "i", rid);
      if (rows == NULL || !rounds_database_next (writer->db, rows, &row, error) ||
          (row && !build_row (writer, wanted, rid, rounds_rows_text (rows, 0), error)))
        return FALSE;
    }
  for (guint i = 0; i < wanted->len; i++)
    if (!rounds_database_run (writer->db, error, "UPDATE search_param SET upto = max(upto, ?) WHERE param = ?", "ii", upto,
                              g_array_index (wanted, RoundsBuilt, i).param))
      return FALSE;
  writer->search_known = FALSE;
  return TRUE;
}

static int
compare_rids (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

static gboolean
list_rids (RoundsStore *store, const char *type, GArray *out, GError **error)
{
  g_autoptr (RoundsReader) reader = rounds_reader_new_whole (store, ROUNDS_DATABASE_RECORDS, error);
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row = TRUE;

  if (reader == NULL)
    return FALSE;
  /* main: also what this reader may not see, for whoever may. */
  rows = rounds_database_query (reader->db, error, "SELECT rid FROM main.resource WHERE type = (SELECT nid FROM name WHERE "
                                                   "text = ?) AND tombstone = 0", "s", type);
  while (row)
    {
      if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
        return FALSE;
      if (row)
        {
          gint64 rid = rounds_rows_int (rows, 0);

          g_array_append_val (out, rid);
        }
    }
  g_array_sort (out, compare_rids);
  return TRUE;
}

static gboolean
build_type (RoundsStore *store, GPtrArray *parameters, RoundsSearchProgress progress, gpointer data,
            GCancellable *cancellable, GError **error)
{
  g_autoptr (GArray) rids = g_array_new (FALSE, FALSE, sizeof (gint64));
  RoundsSlice slice = { parameters, rids, 0, FALSE };

  if (!rounds_store_write (store, begin, parameters, error) ||
      !list_rids (store, ((const RoundsSearchParameter *) parameters->pdata[0])->type, rids, error))
    return FALSE;
  for (guint at = 0; !slice.last; at += SLICE)
    {
      slice.from = MIN (at, rids->len);
      slice.last = at + SLICE >= rids->len;
      if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
          !rounds_store_write (store, build_slice, &slice, error))
        return FALSE;
      if (progress != NULL)
        progress (MIN (at + SLICE, rids->len), rids->len, data);
    }
  return TRUE;
}

static gboolean
is_built (RoundsReader *reader, const RoundsSearchParameter *parameter, gboolean *built, GError **error)
{
  g_autofree char *key = rounds_search_parameter_key (parameter);
  gint64 upto;

  if (!rounds_database_int (reader->db, 0, &upto, error, "SELECT p.upto FROM name n JOIN search_param p ON p.param = n.nid "
                                                         "WHERE n.text = ? AND p.form = ?", "si", key, (gint64) FORM))
    return FALSE;
  *built = upto == ALL;
  return TRUE;
}

gboolean
rounds_search_index_ensure (RoundsStore *store, GPtrArray *parameters, RoundsSearchProgress progress, gpointer data,
                            GCancellable *cancellable, GError **error)
{
  g_autoptr (GHashTable) by_type = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_ptr_array_unref);
  g_autoptr (RoundsReader) reader = rounds_reader_new_whole (store, ROUNDS_DATABASE_RECORDS, error);
  GHashTableIter iter;
  gpointer list;

  if (reader == NULL)
    return FALSE;
  for (guint i = 0; i < parameters->len; i++)
    {
      const RoundsSearchParameter *parameter = parameters->pdata[i];
      gboolean built;

      if (!is_built (reader, parameter, &built, error))
        return FALSE;
      if (built)
        continue;
      list = g_hash_table_lookup (by_type, parameter->type);
      if (list == NULL)
        g_hash_table_insert (by_type, (gpointer) parameter->type, list = g_ptr_array_new ());
      g_ptr_array_add (list, (gpointer) parameter);
    }
  g_clear_pointer (&reader, rounds_reader_free);
  g_hash_table_iter_init (&iter, by_type);
  while (g_hash_table_iter_next (&iter, NULL, &list))
    if (!build_type (store, list, progress, data, cancellable, error))
      return FALSE;
  return TRUE;
}
