/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Type-ahead over patients. All words are kept packed in table patient_words, in sections that are read when a word
 * needs them: the first search after opening reads one or two. A query word takes all words that it begins, or
 * contains when it is CJK, or misses by one letter when nothing else fits; the patients of a word are bits in order
 * of name, and the bits of the words are cut with each other, so that the first hits come out in order. What changed
 * since the packing is kept beside it (table patient counts a stamp, so other processes' changes are seen too) until
 * there is enough to pack anew; a small cache is all such changes and is never packed. */
#include "store/patient-index.h"

#include <string.h>

/* Pack anew when more patients than this changed since, or a twentieth of them. */
#define MAX_DELTA 2000
#define MIN_TYPO_LETTERS 5
/* What may stay in memory of the sections. */
#define MAX_LOADED_BYTES (24 * 1024 * 1024)
/* Keys in patient_words beside the sections: what it was made from, and the rows in order of name. */
#define KEY_STAMP "!"
#define KEY_ORDER "!order"

typedef struct {
  gint64 rid;
  gboolean gone;
  char *sort_key;
  char *words;        /* each with its NUL, and one more at the end */
  gsize size;
} RoundsDelta;

struct _RoundsPatientIndex {
  GMutex mutex;          /* guards all */
  gboolean preparing;
  gint64 packed;         /* the stamp that the sections were made from, 0 = never */
  gboolean complete;     /* all sections are in memory: packed here */
  gboolean unkept;       /* … and nowhere else */
  GHashTable *sections;  /* key → RoundsSection */
  gsize loaded;          /* their bytes */
  gint64 *rids;          /* by place, in order of name */
  guint n_rids;
  guint64 *dead;         /* bit set of places that the delta replaces */
  gint64 seen;           /* the newest stamp in the delta */
  GHashTable *delta;     /* rid → RoundsDelta */
};

static void
delta_free (RoundsDelta *self)
{
  explicit_bzero (self->words, self->size);
  g_free (self->sort_key);
  g_free (self->words);
  g_free (self);
}

RoundsPatientIndex *
rounds_patient_index_new (void)
{
  RoundsPatientIndex *self = g_new0 (RoundsPatientIndex, 1);

  g_mutex_init (&self->mutex);
  self->sections = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) rounds_section_free);
  self->delta = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, (GDestroyNotify) delta_free);
  return self;
}

static void
clear (RoundsPatientIndex *self)
{
  g_hash_table_remove_all (self->sections);
  g_hash_table_remove_all (self->delta);
  g_clear_pointer (&self->rids, g_free);
  g_clear_pointer (&self->dead, g_free);
  self->loaded = 0;
  self->n_rids = 0;
  self->packed = self->seen = 0;
  self->complete = self->unkept = FALSE;
}

void
rounds_patient_index_free (RoundsPatientIndex *self)
{
  clear (self);
  g_hash_table_unref (self->sections);
  g_hash_table_unref (self->delta);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static void
take_order (RoundsPatientIndex *self, GArray *rids, gint64 stamp)
{
  self->n_rids = rids->len;
  self->rids = (gint64 *) g_array_free (rids, FALSE);
  self->dead = g_new0 (guint64, self->n_rids / 64 + 1);
  self->packed = self->seen = stamp;
}

/* --- packing anew ----------------------------------------------------------------------------------- */

typedef struct {
  GHashTable *sections;
  RoundsSection *order;
  gint64 stamp;
} RoundsPacked;

static gboolean
save_one (RoundsWriter *writer, const char *key, const void *data, gsize size, GError **error)
{
  return rounds_database_run (writer->db, error, "INSERT OR REPLACE INTO patient_words (key, data) VALUES (?, ?)", "sb", key,
                              data, size);
}

static gboolean
save (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsPacked *packed = data;
  GHashTableIter iter;
  gpointer key, value;
  gint64 there;

  if (!rounds_database_int (writer->db, 0, &there, error, "SELECT CAST(CAST(data AS TEXT) AS INTEGER) FROM patient_words "
                                                          "WHERE key = ?", "s", KEY_STAMP))
    return FALSE;
  if (there > packed->stamp)
    return TRUE;   /* another process was quicker */
  if (!rounds_database_run (writer->db, error, "DELETE FROM patient_words", ""))
    return FALSE;
  g_hash_table_iter_init (&iter, packed->sections);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (!save_one (writer, key, ((RoundsSection *) value)->data, ((RoundsSection *) value)->size, error))
      return FALSE;
  {
    g_autofree char *stamp = g_strdup_printf ("%" G_GINT64_FORMAT, packed->stamp);

    return save_one (writer, KEY_ORDER, packed->order->data, packed->order->size, error) &&
           save_one (writer, KEY_STAMP, stamp, strlen (stamp), error);
  }
}

static gboolean
read_all (RoundsReader *reader, RoundsPacker *packer, GArray *rids, GError **error)
{
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row = TRUE;

  rows = rounds_database_query (reader->db, error, "SELECT rid, words FROM patient WHERE gone = 0 ORDER BY sort_key, rid", "");
  while (row)
    {
      if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
        return FALSE;
      if (row)
        {
          gint64 rid = rounds_rows_int (rows, 0);
          g_autofree char *words = rounds_rows_dup (rows, 1);

          rounds_packer_add (packer, words, rids->len);
          g_array_append_val (rids, rid);
        }
    }
  return TRUE;
}

static gboolean
pack (RoundsPatientIndex *self, RoundsReader *reader, gint64 stamp, GError **error)
{
  RoundsPacker *packer = rounds_packer_new ();
  g_autoptr (GArray) rids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GError) local = NULL;
  gboolean ok = read_all (reader, packer, rids, error), kept;
  RoundsPacked packed = { rounds_packer_finish (packer), NULL, stamp };
  GHashTableIter iter;
  gpointer value;

  if (!ok)
    {
      g_hash_table_unref (packed.sections);
      return FALSE;
    }
  packed.order = rounds_pack_numbers ((const gint64 *) rids->data, rids->len);
  /* Only the next opening gains by it: a full disk does not stop the search. */
  kept = rounds_store_write (reader->store, save, &packed, &local);
  if (!kept)
    g_message ("the words of the patients could not be kept: %s", local->message);
  rounds_section_free (packed.order);
  clear (self);
  g_hash_table_unref (self->sections);
  self->sections = packed.sections;
  g_hash_table_iter_init (&iter, self->sections);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    self->loaded += ((RoundsSection *) value)->size;
  take_order (self, g_steal_pointer (&rids), stamp);
  self->complete = TRUE;
  self->unkept = !kept;
  return TRUE;
}

/* --- reading ---------------------------------------------------------------------------------------- */

static RoundsSection *
read_one (RoundsReader *reader, const char *key, GError **error)
{
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row;

  rows = rounds_database_query (reader->db, error, "SELECT data FROM patient_words WHERE key = ?", "s", key);
  if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
    return NULL;
  return row ? rounds_section_new (sqlite3_column_blob (rows, 0), sqlite3_column_bytes (rows, 0)) : rounds_section_new ("", 0);
}

static gboolean
read_order (RoundsPatientIndex *self, RoundsReader *reader, gint64 stamp, GError **error)
{
  RoundsSection *order = read_one (reader, KEY_ORDER, error);
  GArray *rids = order != NULL ? rounds_unpack_numbers (order) : NULL;

  clear (self);
  if (order == NULL)
    return FALSE;
  rounds_section_free (order);
  take_order (self, rids != NULL ? rids : g_array_new (FALSE, FALSE, sizeof (gint64)), rids != NULL ? stamp : 0);
  return TRUE;
}

/* Rows of the delta are no longer where the packing has them. */
static void
mark_dead (RoundsPatientIndex *self)
{
  for (guint i = 0; i < self->n_rids; i++)
    if (g_hash_table_contains (self->delta, &self->rids[i]))
      self->dead[i / 64] |= (guint64) 1 << (i % 64);
}

static gboolean
read_delta (RoundsPatientIndex *self, RoundsReader *reader, GError **error)
{
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row = TRUE, any = FALSE;

  rows = rounds_database_query (reader->db, error, "SELECT rid, stamp, gone, sort_key, words FROM patient WHERE stamp > ?",
                                "i", self->seen);
  while (row)
    {
      RoundsDelta *delta;

      if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
        return FALSE;
      if (!row)
        break;
      delta = g_new0 (RoundsDelta, 1);
      delta->rid = rounds_rows_int (rows, 0);
      self->seen = MAX (self->seen, rounds_rows_int (rows, 1));
      delta->gone = rounds_rows_int (rows, 2) != 0;
      delta->sort_key = rounds_rows_dup (rows, 3);
      delta->words = g_strconcat (rounds_rows_text (rows, 4), " ", NULL);
      delta->size = strlen (delta->words) + 1;
      g_strdelimit (delta->words, " ", '\0');
      g_hash_table_replace (self->delta, &delta->rid, delta);
      any = TRUE;
    }
  if (any)
    mark_dead (self);
  return TRUE;
}

/* With the mutex held: as of the reader's moment. */
static gboolean
catch_up (RoundsPatientIndex *self, RoundsReader *reader, GError **error)
{
  gint64 packed, newer, stamp;

  if (!rounds_database_int (reader->db, 0, &packed, error, "SELECT CAST(CAST(data AS TEXT) AS INTEGER) FROM patient_words "
                                                           "WHERE key = ?", "s", KEY_STAMP))
    return FALSE;
  /* Sections and places belong together: memory follows the packing that this reader sees. */
  if (packed != self->packed && !self->unkept && !read_order (self, reader, packed, error))
    return FALSE;
  if (self->complete && !self->unkept && self->loaded > MAX_LOADED_BYTES)
    self->complete = FALSE;
  if (!rounds_database_int (reader->db, 0, &newer, error, "SELECT count(*) FROM patient WHERE stamp > ?", "i", self->seen) ||
      !rounds_database_int (reader->db, 0, &stamp, error, "SELECT max(stamp) FROM patient", ""))
    return FALSE;
  if (newer == 0)
    return TRUE;
  if (newer + g_hash_table_size (self->delta) > MAX (MAX_DELTA, self->n_rids / 20))
    return pack (self, reader, stamp, error);
  return read_delta (self, reader, error);
}

static gboolean
load (RoundsPatientIndex *self, RoundsReader *reader, const char *key, RoundsSection **out, GError **error)
{
  *out = g_hash_table_lookup (self->sections, key);
  if (*out != NULL)
    return TRUE;
  *out = self->complete ? rounds_section_new ("", 0) : read_one (reader, key, error);
  if (*out == NULL)
    return FALSE;
  if (!self->complete && self->loaded + (*out)->size > MAX_LOADED_BYTES)
    {
      g_hash_table_remove_all (self->sections);
      self->loaded = 0;
    }
  self->loaded += (*out)->size;
  g_hash_table_insert (self->sections, g_strdup (key), *out);
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

/* A section has its words in order: behind those that begin with the query there are no more. */
static void
scan (const RoundsSection *section, const char *query, gboolean cjk, gboolean typo, guint64 *bits, guint n)
{
  RoundsWordCursor cursor;
  gsize length = strlen (query);

  rounds_word_cursor_init (&cursor, section);
  while (rounds_word_cursor_next (&cursor))
    {
      if (!cjk && !typo)
        {
          int order = strncmp (cursor.word, query, length);

          if (order > 0)
            break;
          if (order < 0)
            continue;
        }
      else if (!word_fits (cursor.word, query, cjk, typo))
        continue;
      rounds_word_cursor_take (&cursor, bits, n);
    }
}

static gboolean
find_word (RoundsPatientIndex *self, RoundsReader *reader, const char *query, gboolean typo, guint64 *bits, GError **error)
{
  static const char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyz_";
  gboolean cjk = is_cjk (query), digits = strpbrk (query, "0123456789") != NULL;
  const char first = g_ascii_isalnum (*query) ? *query : '_', second = query[1];
  RoundsSection *section;

  if (!digits || cjk)
    {
      if (!load (self, reader, ROUNDS_SECTION_LETTERS, &section, error))
        return FALSE;
      scan (section, query, cjk, typo && may_have_typo (query), bits, self->n_rids);
    }
  if (cjk)
    return TRUE;
  for (guint i = 0; i < sizeof alphabet - 1; i++)
    {
      char key[] = { '#', first, alphabet[i], '\0' };

      if (second != '\0' && alphabet[i] != (g_ascii_isalnum (second) ? second : '_'))
        continue;
      if (!load (self, reader, key, &section, error))
        return FALSE;
      scan (section, query, FALSE, FALSE, bits, self->n_rids);
    }
  return TRUE;
}

static gboolean
delta_fits (const RoundsDelta *delta, char **words, gboolean typo)
{
  if (delta->gone)
    return FALSE;
  for (guint i = 0; words[i] != NULL; i++)
    {
      gboolean fits = FALSE, cjk = is_cjk (words[i]), near = typo && may_have_typo (words[i]);

      for (const char *own = delta->words; !fits && *own != '\0'; own += strlen (own) + 1)
        fits = word_fits (own, words[i], cjk, near);
      if (!fits)
        return FALSE;
    }
  return TRUE;
}

static int
compare_deltas (gconstpointer a, gconstpointer b)
{
  const RoundsDelta *x = *(RoundsDelta *const *) a, *y = *(RoundsDelta *const *) b;
  int order = strcmp (x->sort_key, y->sort_key);

  return order != 0 ? order : (x->rid > y->rid) - (x->rid < y->rid);
}

/* The first of each: who asks sorts both together. */
static gboolean
search (RoundsPatientIndex *self, RoundsReader *reader, char **words, gboolean typo, guint limit, GArray *out, GError **error)
{
  gsize n = self->n_rids / 64 + 1;
  g_autofree guint64 *all = g_new (guint64, n);
  g_autofree guint64 *one = g_new (guint64, n);
  g_autoptr (GPtrArray) changed = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer value;
  guint end;

  for (gsize i = 0; i < n; i++)
    all[i] = self->dead != NULL ? ~self->dead[i] : 0;
  for (guint i = 0; words[i] != NULL && self->n_rids > 0; i++)
    {
      memset (one, 0, n * sizeof *one);
      if (!find_word (self, reader, words[i], typo, one, error))
        return FALSE;
      for (gsize k = 0; k < n; k++)
        all[k] &= one[k];
    }
  for (gsize k = 0; k < n && self->n_rids > 0 && (limit == 0 || out->len < limit); k++)
    for (guint64 bits = all[k]; bits != 0 && (limit == 0 || out->len < limit); bits &= bits - 1)
      {
        gsize place = k * 64 + __builtin_ctzll (bits);

        if (place < self->n_rids)
          g_array_append_val (out, self->rids[place]);
      }
  g_hash_table_iter_init (&iter, self->delta);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (delta_fits (value, words, typo))
      g_ptr_array_add (changed, value);
  g_ptr_array_sort (changed, compare_deltas);
  end = limit > 0 ? MIN (limit, changed->len) : changed->len;
  for (guint i = 0; i < end; i++)
    g_array_append_val (out, ((RoundsDelta *) changed->pdata[i])->rid);
  return TRUE;
}

gboolean
rounds_patient_index_search (RoundsPatientIndex *self, RoundsReader *reader, char **words, guint limit, GArray *out,
                             GError **error)
{
  gboolean ok;

  for (guint i = 0; words[i] != NULL; i++)
    if (strlen (words[i]) > ROUNDS_WORD_BYTES)
      {
        char *end = words[i] + ROUNDS_WORD_BYTES;

        while (end > words[i] && ((guchar) *end & 0xc0) == 0x80)
          end--;
        *end = '\0';
      }
  g_mutex_lock (&self->mutex);
  ok = catch_up (self, reader, error) && search (self, reader, words, FALSE, limit, out, error);
  if (ok && out->len == 0)
    ok = search (self, reader, words, TRUE, limit, out, error);
  g_mutex_unlock (&self->mutex);
  return ok;
}

/* --- ahead ------------------------------------------------------------------------------------------ */

static gpointer
prepare_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  RoundsPatientIndex *self = rounds_store_get_patient_index (store);
  g_autoptr (RoundsReader) reader = rounds_reader_new (store, ROUNDS_DATABASE_RECORDS, NULL);
  RoundsSection *section;

  g_mutex_lock (&self->mutex);
  if (reader != NULL && catch_up (self, reader, NULL) && self->n_rids > 0)
    (void) load (self, reader, ROUNDS_SECTION_LETTERS, &section, NULL);
  self->preparing = FALSE;
  g_mutex_unlock (&self->mutex);
  return NULL;
}

void
rounds_patient_index_prepare (RoundsPatientIndex *self, RoundsStore *store)
{
  /* Held by a worker: it is being brought up to date as it is. */
  if (!g_mutex_trylock (&self->mutex))
    return;
  if (!self->preparing)
    {
      self->preparing = TRUE;
      rounds_store_run_async (store, prepare_work, NULL, NULL, NULL, NULL, NULL, NULL);
    }
  g_mutex_unlock (&self->mutex);
}
