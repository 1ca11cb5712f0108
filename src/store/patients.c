/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Patients as the list shows them: all by name, those that fit what was typed (patient-index.c finds their rows), or
 * given rows. */
#include "store/patient-index.h"

#include <string.h>

#define MAX_QUERY_WORDS 12

void
rounds_patient_hit_free (RoundsPatientHit *self)
{
  if (self == NULL)
    return;
  g_free (self->id);
  g_free (self->name);
  g_free (self->birth_date);
  g_free (self->sex);
  g_free (self->identifiers);
  g_free (self);
}

#define HIT_COLUMNS \
  "p.id, p.name, p.birth_date, p.sex, p.identifiers, p.deceased, " \
  "(SELECT count(DISTINCT o.rid) FROM outbox o WHERE o.patient = (SELECT nid FROM name WHERE text = p.id)), " \
  "p.sort_key"

typedef struct {
  RoundsPatientHit *hit;
  char *sort_key;
} RoundsSorted;

static RoundsPatientHit *
take_hit (RoundsRows *rows)
{
  RoundsPatientHit *hit = g_new0 (RoundsPatientHit, 1);

  hit->id = rounds_rows_dup (rows, 0);
  hit->name = rounds_rows_dup (rows, 1);
  hit->birth_date = rounds_rows_dup (rows, 2);
  hit->sex = rounds_rows_dup (rows, 3);
  hit->identifiers = rounds_rows_dup (rows, 4);
  hit->deceased = rounds_rows_int (rows, 5) != 0;
  hit->n_unsynced = rounds_rows_int (rows, 6);
  return hit;
}

static int
compare_sorted (gconstpointer a, gconstpointer b)
{
  const RoundsSorted *x = a, *y = b;
  int order = strcmp (x->sort_key, y->sort_key);

  return order != 0 ? order : strcmp (x->hit->id, y->hit->id);
}

static gboolean
list_all (RoundsReader *reader, guint limit, GPtrArray *out, GError **error)
{
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row = TRUE;

  rows = rounds_database_query (reader->db, error,
                                "SELECT " HIT_COLUMNS " FROM patient p WHERE p.gone = 0 ORDER BY p.sort_key, "
                                                      "p.rid "
                                "LIMIT ?",
                                "i", limit > 0 ? (gint64) limit : (gint64) -1);
  while (row)
    {
      if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
        return FALSE;
      if (row)
        g_ptr_array_add (out, take_hit (rows));
    }
  return TRUE;
}

static gboolean
fetch (RoundsReader *reader, GArray *rids, guint limit, GPtrArray *out, GError **error)
{
  g_autoptr (GArray) sorted = g_array_new (FALSE, FALSE, sizeof (RoundsSorted));
  gboolean ok = TRUE;

  for (guint i = 0; ok && i < rids->len; i++)
    {
      g_autoptr (RoundsRows) rows = NULL;
      gboolean row = FALSE;

      rows = rounds_database_query (reader->db, error,
                                    "SELECT " HIT_COLUMNS " FROM patient p WHERE p.rid = ?", "i",
                                    g_array_index (rids, gint64, i));
      ok = rows != NULL && rounds_database_next (reader->db, rows, &row, error);
      if (ok && row)
        {
          RoundsSorted entry = { take_hit (rows), rounds_rows_dup (rows, 7) };
          g_array_append_val (sorted, entry);
        }
    }
  g_array_sort (sorted, compare_sorted);
  for (guint i = 0; i < sorted->len; i++)
    {
      RoundsSorted *entry = &g_array_index (sorted, RoundsSorted, i);

      if (ok && (limit == 0 || out->len < limit))
        g_ptr_array_add (out, entry->hit);
      else
        rounds_patient_hit_free (entry->hit);
      g_free (entry->sort_key);
    }
  return ok;
}

gboolean
rounds_patients_match (RoundsReader *reader, const char *text, GHashTable **out, GError **error)
{
  g_autofree char *folded = rounds_fold_words (text != NULL ? text : "");
  g_autoptr (GArray) rids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_auto (GStrv) words = NULL;

  *out = NULL;
  if (*folded == '\0')
    return TRUE;
  words = g_strsplit (folded, " ", MAX_QUERY_WORDS);
  if (!rounds_patient_index_search (rounds_store_get_patient_index (reader->store), reader, words, 0, rids, error))
    return FALSE;
  *out = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  for (guint i = 0; i < rids->len; i++)
    g_hash_table_add (*out, g_memdup2 (&g_array_index (rids, gint64, i), sizeof (gint64)));
  return TRUE;
}

GPtrArray *
rounds_patients_read (RoundsReader *reader, GArray *rids, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_patient_hit_free);

  for (guint i = 0; i < rids->len; i++)
    {
      g_autoptr (RoundsRows) rows = NULL;
      gboolean row = FALSE;

      rows = rounds_database_query (reader->db, error, "SELECT " HIT_COLUMNS " FROM patient p WHERE p.rid = ? AND "
                                                       "p.gone = 0", "i", g_array_index (rids, gint64, i));
      if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
        return NULL;
      if (row)
        g_ptr_array_add (list, take_hit (rows));
    }
  return g_steal_pointer (&list);
}

GPtrArray *
rounds_store_find_patients (RoundsStore *self, const char *query, guint limit, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_patient_hit_free);
  g_autoptr (GArray) rids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (RoundsReader) reader = NULL;
  g_autofree char *folded = NULL;
  g_auto (GStrv) words = NULL;

  g_return_val_if_fail (ROUNDS_IS_STORE (self), NULL);

  folded = rounds_fold_words (query != NULL ? query : "");
  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL)
    return NULL;
  if (*folded == '\0')
    {
      /* The whole list is what a window asks for first. */
      rounds_patient_index_prepare (rounds_store_get_patient_index (self), self);
      return list_all (reader, limit, list, error) ? g_steal_pointer (&list) : NULL;
    }
  words = g_strsplit (folded, " ", MAX_QUERY_WORDS);
  if (!rounds_patient_index_search (rounds_store_get_patient_index (self), reader, words, limit, rids, error) ||
      !fetch (reader, rids, limit, list, error))
    return NULL;
  return g_steal_pointer (&list);
}
