/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Type-ahead over patients, answered from memory: each word with the places (in order of name) of the patients
 * that have it. A query word takes all words that it begins (binary search), or contains when it is CJK, or
 * misses by one letter when nothing else fits; words of a query are bit sets that are cut with each other, so
 * the first hits come out in order of name. Built at the first search; what changed since is kept beside it
 * (table patient counts a stamp, so other processes' changes are seen too) until there is enough to rebuild. */
#include "store/store-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* Rebuild when more patients than this changed since. */
#define MAX_DELTA 300
#define MIN_TYPO_LETTERS 5
#define MAX_QUERY_WORDS 12

typedef struct {
  guint32 text;       /* offset into the arena */
  guint32 first, n;   /* in places */
} RoundsWord;

typedef struct {
  gint64 rid;
  gboolean gone;
  char *sort_key, *words;
} RoundsDelta;

struct _RoundsPatientIndex {
  gboolean asked;        /* atomic: it is being built ahead */
  GMutex mutex;
  gboolean built;
  gint64 stamp;
  char *arena;           /* all words, NUL-terminated */
  gsize arena_size;
  RoundsWord *words;     /* sorted bytewise */
  guint n_words;
  guint32 *letters;      /* indexes of the words without digits: names, few beside the numbers */
  guint n_letters;
  guint32 *places;
  gint64 *rids;          /* by place, in order of name */
  guint n_rids;
  guint64 *dead;         /* bit set of places that the delta replaces */
  GHashTable *delta;     /* rid → RoundsDelta */
};

static void
delta_free (RoundsDelta *self)
{
  g_free (self->sort_key);
  g_free (self->words);
  g_free (self);
}

static void
index_clear (RoundsPatientIndex *self)
{
  /* Names of people: not left lying in freed memory. */
  if (self->arena != NULL)
    explicit_bzero (self->arena, self->arena_size);
  g_clear_pointer (&self->arena, g_free);
  g_clear_pointer (&self->words, g_free);
  g_clear_pointer (&self->letters, g_free);
  g_clear_pointer (&self->places, g_free);
  g_clear_pointer (&self->rids, g_free);
  g_clear_pointer (&self->dead, g_free);
  self->n_words = self->n_letters = self->n_rids = 0;
  self->arena_size = 0;
  self->built = FALSE;
  self->stamp = 0;
  g_hash_table_remove_all (self->delta);
}

RoundsPatientIndex *
rounds_patient_index_new (void)
{
  RoundsPatientIndex *self = g_new0 (RoundsPatientIndex, 1);

  g_mutex_init (&self->mutex);
  self->delta = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, (GDestroyNotify) delta_free);
  return self;
}

void
rounds_patient_index_free (RoundsPatientIndex *self)
{
  index_clear (self);
  g_hash_table_unref (self->delta);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/* --- building --------------------------------------------------------------------------------------- */

typedef struct {
  GArray *places;     /* guint32, per word, chained through next */
  GHashTable *heads;  /* word (in chunk) → index of its newest place + 1 */
  GArray *next;       /* guint32 */
} RoundsBuild;

typedef struct {
  const char *word;
  guint32 newest;
} RoundsBuiltWord;

static int
compare_built (gconstpointer a, gconstpointer b)
{
  return strcmp (((const RoundsBuiltWord *) a)->word, ((const RoundsBuiltWord *) b)->word);
}

static void
build_add (RoundsBuild *build, char *words, guint32 place)
{
  char *save = NULL;

  for (char *word = strtok_r (words, " ", &save); word != NULL; word = strtok_r (NULL, " ", &save))
    {
      guint32 before = GPOINTER_TO_UINT (g_hash_table_lookup (build->heads, word));

      g_array_append_val (build->places, place);
      g_array_append_val (build->next, before);
      g_hash_table_insert (build->heads, word, GUINT_TO_POINTER (build->places->len));
    }
}

static void
build_finish (RoundsPatientIndex *self, RoundsBuild *build)
{
  g_autoptr (GArray) list = g_array_new (FALSE, FALSE, sizeof (RoundsBuiltWord));
  GHashTableIter iter;
  gpointer key, value;
  guint32 at = 0;
  gsize text = 0;

  g_hash_table_iter_init (&iter, build->heads);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      RoundsBuiltWord word = { key, GPOINTER_TO_UINT (value) };

      g_array_append_val (list, word);
      self->arena_size += strlen (key) + 1;
    }
  g_array_sort (list, compare_built);
  self->n_words = list->len;
  self->words = g_new (RoundsWord, MAX (list->len, 1));
  self->letters = g_new (guint32, MAX (list->len, 1));
  self->places = g_new (guint32, MAX (build->places->len, 1));
  self->arena = g_malloc (MAX (self->arena_size, 1));
  for (guint i = 0; i < list->len; i++)
    {
      const RoundsBuiltWord *word = &g_array_index (list, RoundsBuiltWord, i);
      gsize size = strlen (word->word) + 1;

      memcpy (self->arena + text, word->word, size);
      if (strpbrk (word->word, "0123456789") == NULL)
        self->letters[self->n_letters++] = i;
      self->words[i] = (RoundsWord){ .text = text, .first = at };
      text += size;
      for (guint32 link = word->newest; link != 0; link = g_array_index (build->next, guint32, link - 1))
        self->places[at++] = g_array_index (build->places, guint32, link - 1);
      self->words[i].n = at - self->words[i].first;
    }
}

static gboolean
build (RoundsPatientIndex *self, RoundsDatabase *db, GError **error)
{
  RoundsBuild state = { g_array_new (FALSE, FALSE, 4), g_hash_table_new (g_str_hash, g_str_equal),
                        g_array_new (FALSE, FALSE, 4) };
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) rids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (RoundsRows) rows = NULL;
  gint64 stamp;
  gboolean row = TRUE, ok;

  index_clear (self);
  ok = rounds_database_int (db, 0, &stamp, error, "SELECT max(stamp) FROM patient", "");
  if (ok)
    rows = rounds_database_query (db, error, "SELECT rid, words FROM patient WHERE gone = 0 ORDER BY "
                                             "sort_key, rid", "");
  ok = rows != NULL;
  while (ok && row)
    {
      ok = rounds_database_next (db, rows, &row, error);
      if (ok && row)
        {
          gint64 rid = rounds_rows_int (rows, 0);
          char *words = rounds_rows_dup (rows, 1);

          g_ptr_array_add (texts, words);
          build_add (&state, words, rids->len);
          g_array_append_val (rids, rid);
        }
    }
  if (ok)
    {
      build_finish (self, &state);
      self->n_rids = rids->len;
      self->rids = g_array_steal (rids, NULL);
      self->dead = g_new0 (guint64, self->n_rids / 64 + 1);
      self->stamp = stamp;
      self->built = TRUE;
    }
  g_array_unref (state.places);
  g_array_unref (state.next);
  g_hash_table_unref (state.heads);
  return ok;
}

static void
add_delta (RoundsPatientIndex *self, RoundsRows *rows)
{
  RoundsDelta *delta = g_new0 (RoundsDelta, 1);

  delta->rid = rounds_rows_int (rows, 0);
  self->stamp = MAX (self->stamp, rounds_rows_int (rows, 1));
  delta->gone = rounds_rows_int (rows, 2) != 0;
  delta->sort_key = rounds_rows_dup (rows, 3);
  delta->words = rounds_rows_dup (rows, 4);
  g_hash_table_replace (self->delta, &delta->rid, delta);
  for (guint i = 0; i < self->n_rids; i++)
    if (self->rids[i] == delta->rid)
      self->dead[i / 64] |= (guint64) 1 << (i % 64);
}

/* With the mutex held. */
static gboolean
catch_up (RoundsPatientIndex *self, RoundsDatabase *db, GError **error)
{
  g_autoptr (RoundsRows) rows = NULL;
  gint64 newer;
  gboolean row = TRUE;

  if (!self->built)
    return build (self, db, error);
  if (!rounds_database_int (db, 0, &newer, error, "SELECT count(*) FROM patient WHERE stamp > ?", "i",
                            self->stamp))
    return FALSE;
  if (newer == 0)
    return TRUE;
  if (newer + g_hash_table_size (self->delta) > MAX_DELTA)
    return build (self, db, error);
  rows = rounds_database_query (db, error, "SELECT rid, stamp, gone, sort_key, words FROM patient WHERE "
                                           "stamp > ?", "i",
                                self->stamp);
  while (row)
    {
      if (rows == NULL || !rounds_database_next (db, rows, &row, error))
        return FALSE;
      if (row)
        add_delta (self, rows);
    }
  return TRUE;
}

/* --- matching --------------------------------------------------------------------------------------- */

static gboolean
is_cjk (const char *word)
{
  for (const char *at = word; *at != '\0'; at = g_utf8_next_char (at))
    if (g_utf8_get_char (at) >= 0x2e80)
      return TRUE;
  return FALSE;
}

static gboolean
may_have_typo (const char *word)
{
  glong n = 0;

  for (const char *at = word; *at != '\0'; at = g_utf8_next_char (at), n++)
    if (!g_unichar_isalpha (g_utf8_get_char (at)))
      return FALSE;
  return n >= MIN_TYPO_LETTERS && !is_cjk (word);
}

static gboolean
starts (const char *word, const char *query)
{
  return strncmp (word, query, strlen (query)) == 0;
}

/* Whether word begins with query but for one letter: another, one too many, one missing, two swapped. */
static gboolean
starts_nearly (const char *word, const char *query)
{
  const char *w = word, *q = query;
  const char *w1, *q1;

  while (*q != '\0' && *w != '\0' && g_utf8_get_char (w) == g_utf8_get_char (q))
    {
      w = g_utf8_next_char (w);
      q = g_utf8_next_char (q);
    }
  if (*q == '\0')
    return TRUE;
  q1 = g_utf8_next_char (q);
  if (starts (w, q1))          /* one too many in the query */
    return TRUE;
  if (*w == '\0')
    return *q1 == '\0';
  w1 = g_utf8_next_char (w);
  if (starts (w1, q1) || starts (w1, q))
    return TRUE;
  return *q1 != '\0' && *w1 != '\0' && g_utf8_get_char (q) == g_utf8_get_char (w1) &&
         g_utf8_get_char (q1) == g_utf8_get_char (w) && starts (g_utf8_next_char (w1), g_utf8_next_char (q1));
}

static gboolean
word_fits (const char *word, const char *query, gboolean cjk, gboolean typo)
{
  return cjk ? strstr (word, query) != NULL : starts (word, query) || (typo && starts_nearly (word, query));
}

static guint
lower_bound (RoundsPatientIndex *self, const char *query)
{
  guint low = 0, high = self->n_words;

  while (low < high)
    {
      guint middle = (low + high) / 2;

      if (strcmp (self->arena + self->words[middle].text, query) < 0)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

static void
take_places (RoundsPatientIndex *self, guint word, guint64 *bits)
{
  const RoundsWord *entry = &self->words[word];

  for (guint i = 0; i < entry->n; i++)
    {
      guint32 place = self->places[entry->first + i];

      bits[place / 64] |= (guint64) 1 << (place % 64);
    }
}

/* Whether anything fits. */
static gboolean
find_word (RoundsPatientIndex *self, const char *query, gboolean typo, guint64 *bits)
{
  gboolean any = FALSE, cjk = is_cjk (query);

  if (!cjk)
    for (guint i = lower_bound (self, query); i < self->n_words; i++)
      {
        if (!starts (self->arena + self->words[i].text, query))
          break;
        take_places (self, i, bits);
        any = TRUE;
      }
  if (cjk || (typo && may_have_typo (query)))
    for (guint i = 0; i < self->n_letters; i++)
      if (word_fits (self->arena + self->words[self->letters[i]].text, query, cjk, typo))
        {
          take_places (self, self->letters[i], bits);
          any = TRUE;
        }
  return any;
}

static gboolean
delta_fits (const RoundsDelta *delta, char **words, gboolean typo)
{
  g_auto (GStrv) own = NULL;

  if (delta->gone)
    return FALSE;
  own = g_strsplit (delta->words, " ", -1);
  for (guint i = 0; words[i] != NULL; i++)
    {
      gboolean fits = FALSE, cjk = is_cjk (words[i]);

      for (guint k = 0; !fits && own[k] != NULL; k++)
        fits = word_fits (own[k], words[i], cjk, typo && may_have_typo (words[i]));
      if (!fits)
        return FALSE;
    }
  return TRUE;
}

/* rids that fit: the first `limit` (0 = all) by name, then those of the delta. */
static void
search (RoundsPatientIndex *self, char **words, gboolean typo, guint limit, GArray *out)
{
  gsize n = self->n_rids / 64 + 1;
  g_autofree guint64 *all = g_new (guint64, n);
  g_autofree guint64 *one = g_new (guint64, n);
  GHashTableIter iter;
  gpointer value;

  for (gsize i = 0; i < n; i++)
    all[i] = ~self->dead[i];
  for (guint i = 0; words[i] != NULL; i++)
    {
      memset (one, 0, n * sizeof *one);
      find_word (self, words[i], typo, one);
      for (gsize k = 0; k < n; k++)
        all[k] &= one[k];
    }
  for (gsize k = 0; k < n && (limit == 0 || out->len < limit); k++)
    for (guint64 bits = all[k]; bits != 0 && (limit == 0 || out->len < limit); bits &= bits - 1)
      {
        gsize place = k * 64 + __builtin_ctzll (bits);

        if (place < self->n_rids)
          g_array_append_val (out, self->rids[place]);
      }
  g_hash_table_iter_init (&iter, self->delta);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (delta_fits (value, words, typo))
      g_array_append_val (out, ((RoundsDelta *) value)->rid);
}

/* --- public ----------------------------------------------------------------------------------------- */

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
  RoundsPatientIndex *index = rounds_store_get_patient_index (reader->store);
  g_autofree char *folded = rounds_fold_words (text != NULL ? text : "");
  g_autoptr (GArray) rids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_auto (GStrv) words = NULL;
  gboolean ok;

  *out = NULL;
  if (*folded == '\0')
    return TRUE;
  words = g_strsplit (folded, " ", MAX_QUERY_WORDS);
  g_mutex_lock (&index->mutex);
  ok = catch_up (index, reader->db, error);
  if (ok)
    {
      search (index, words, FALSE, 0, rids);
      if (rids->len == 0)
        search (index, words, TRUE, 0, rids);
    }
  g_mutex_unlock (&index->mutex);
  if (!ok)
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

static gpointer
build_work (RoundsStore *self, gpointer data, GCancellable *cancellable, GError **error)
{
  RoundsPatientIndex *index = rounds_store_get_patient_index (self);
  g_autoptr (RoundsReader) reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, NULL);

  if (reader != NULL)
    {
      g_mutex_lock (&index->mutex);
      (void) catch_up (index, reader->db, NULL);
      g_mutex_unlock (&index->mutex);
    }
  return NULL;
}

/* The whole list is what a window asks for first: by the time of the first letter the index is there. */
static void
build_ahead (RoundsStore *self)
{
  RoundsPatientIndex *index = rounds_store_get_patient_index (self);

  if (g_atomic_int_compare_and_exchange (&index->asked, FALSE, TRUE))
    rounds_store_run_async (self, build_work, NULL, NULL, NULL, NULL, NULL, NULL);
}

GPtrArray *
rounds_store_find_patients (RoundsStore *self, const char *query, guint limit, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_patient_hit_free);
  g_autoptr (GArray) rids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (RoundsReader) reader = NULL;
  g_autofree char *folded = NULL;
  g_auto (GStrv) words = NULL;
  RoundsPatientIndex *index;
  gboolean ok;

  g_return_val_if_fail (ROUNDS_IS_STORE (self), NULL);

  folded = rounds_fold_words (query != NULL ? query : "");
  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL)
    return NULL;
  if (*folded == '\0')
    {
      build_ahead (self);
      return list_all (reader, limit, list, error) ? g_steal_pointer (&list) : NULL;
    }
  words = g_strsplit (folded, " ", MAX_QUERY_WORDS);
  index = rounds_store_get_patient_index (self);
  g_mutex_lock (&index->mutex);
  ok = catch_up (index, reader->db, error);
  if (ok)
    {
      search (index, words, FALSE, limit, rids);
      if (rids->len == 0)
        search (index, words, TRUE, limit, rids);
    }
  g_mutex_unlock (&index->mutex);
  if (!ok || !fetch (reader, rids, limit, list, error))
    return NULL;
  return g_steal_pointer (&list);
}
