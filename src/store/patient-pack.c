/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The packed words of the type-ahead: each word as what it shares with the one before and the rest, each list of
 * places as differences, all numbers in 7 bits a byte. Some megabytes for 100,000 patients, read at the speed of
 * memory; a search goes through a section from its start, which costs less than finding a place in it. */
#include "store/patient-index.h"

#include <string.h>

RoundsSection *
rounds_section_new (const void *data, gsize size)
{
  RoundsSection *self = g_malloc (sizeof *self + size);

  self->size = size;
  if (size > 0)
    memcpy (self->data, data, size);
  return self;
}

void
rounds_section_free (RoundsSection *self)
{
  if (self == NULL)
    return;
  /* Names of people: not left lying in freed memory. */
  explicit_bzero (self->data, self->size);
  g_free (self);
}

/* --- numbers ---------------------------------------------------------------------------------------- */

static void
put (GByteArray *out, guint64 value)
{
  guint8 bytes[10];
  guint n = 0;

  do
    {
      bytes[n] = value & 0x7f;
      value >>= 7;
      bytes[n++] |= value != 0 ? 0x80 : 0;
    }
  while (value != 0);
  g_byte_array_append (out, bytes, n);
}

static gboolean
take (const guint8 **at, const guint8 *end, guint64 *out)
{
  guint64 value = 0;

  for (guint shift = 0; *at < end && shift < 64; shift += 7)
    {
      guint8 byte = *(*at)++;

      value |= (guint64) (byte & 0x7f) << shift;
      if ((byte & 0x80) == 0)
        {
          *out = value;
          return TRUE;
        }
    }
  return FALSE;
}

RoundsSection *
rounds_pack_numbers (const gint64 *numbers, guint n)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  gint64 before = 0;

  put (bytes, n);
  for (guint i = 0; i < n; before = numbers[i++])
    {
      gint64 step = numbers[i] - before;

      put (bytes, ((guint64) step << 1) ^ (guint64) (step >> 63));
    }
  return rounds_section_new (bytes->data, bytes->len);
}

GArray *
rounds_unpack_numbers (const RoundsSection *section)
{
  const guint8 *at = section->data, *end = at + section->size;
  g_autoptr (GArray) numbers = NULL;
  guint64 n, step;
  gint64 value = 0;

  if (!take (&at, end, &n) || n > section->size)
    return NULL;
  numbers = g_array_sized_new (FALSE, FALSE, sizeof (gint64), n);
  for (guint64 i = 0; i < n; i++)
    {
      if (!take (&at, end, &step))
        return NULL;
      value += (gint64) (step >> 1) ^ -(gint64) (step & 1);
      g_array_append_val (numbers, value);
    }
  return g_steal_pointer (&numbers);
}

/* --- reading ---------------------------------------------------------------------------------------- */

void
rounds_word_cursor_init (RoundsWordCursor *self, const RoundsSection *section)
{
  self->at = section->data;
  self->end = section->data + section->size;
  self->length = 0;
  self->word[0] = '\0';
}

gboolean
rounds_word_cursor_next (RoundsWordCursor *self)
{
  guint64 shared, rest, size;

  if (!take (&self->at, self->end, &shared) || !take (&self->at, self->end, &rest) || shared > self->length ||
      rest > ROUNDS_WORD_BYTES - shared || rest > (guint64) (self->end - self->at))
    return FALSE;
  memcpy (self->word + shared, self->at, rest);
  self->at += rest;
  self->length = shared + rest;
  self->word[self->length] = '\0';
  if (!take (&self->at, self->end, &size) || size > (guint64) (self->end - self->at))
    return FALSE;
  self->places = self->at;
  self->places_end = self->at = self->at + size;
  return TRUE;
}

void
rounds_word_cursor_take (const RoundsWordCursor *self, guint64 *bits, guint n)
{
  const guint8 *at = self->places;
  guint64 place = 0, step;

  while (take (&at, self->places_end, &step))
    {
      place += step;
      if (place < n)
        bits[place / 64] |= (guint64) 1 << (place % 64);
    }
}

/* --- packing ---------------------------------------------------------------------------------------- */

char *
rounds_section_key (const char *word)
{
  if (strpbrk (word, "0123456789") == NULL)
    return g_strdup (ROUNDS_SECTION_LETTERS);
  return g_strdup_printf ("#%c%c", g_ascii_isalnum (word[0]) ? word[0] : '_', g_ascii_isalnum (word[1]) ? word[1] : '_');
}

/* Places of a word as a chain through one array, newest first. */
struct _RoundsPacker {
  GHashTable *newest;   /* word → index of its newest place + 1 */
  GArray *places;       /* guint32 */
  GArray *before;       /* guint32, index + 1 */
};

RoundsPacker *
rounds_packer_new (void)
{
  RoundsPacker *self = g_new (RoundsPacker, 1);

  self->newest = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->places = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->before = g_array_new (FALSE, FALSE, sizeof (guint32));
  return self;
}

void
rounds_packer_add (RoundsPacker *self, char *words, guint32 place)
{
  char *save = NULL;

  for (char *word = strtok_r (words, " ", &save); word != NULL; word = strtok_r (NULL, " ", &save))
    {
      guint32 before;
      gpointer own, value = NULL;

      if (strlen (word) > ROUNDS_WORD_BYTES)
        {
          gsize length = ROUNDS_WORD_BYTES;

          while (length > 0 && ((guchar) word[length] & 0xc0) == 0x80)
            length--;
          word[length] = '\0';
        }
      if (!g_hash_table_lookup_extended (self->newest, word, &own, &value))
        own = g_strdup (word);
      before = GPOINTER_TO_UINT (value);
      if (before != 0 && g_array_index (self->places, guint32, before - 1) == place)
        continue;
      g_array_append_val (self->places, place);
      g_array_append_val (self->before, before);
      /* The key that is there stays, the new one would be freed: so it is stolen back first. */
      if (before != 0)
        g_hash_table_steal (self->newest, own);
      g_hash_table_insert (self->newest, own, GUINT_TO_POINTER (self->places->len));
    }
}

static int
compare_words (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

static void
pack_places (RoundsPacker *self, guint32 newest, GArray *scratch, GByteArray *bytes)
{
  guint32 before = 0;

  g_array_set_size (scratch, 0);
  for (guint32 link = newest; link != 0; link = g_array_index (self->before, guint32, link - 1))
    g_array_append_val (scratch, g_array_index (self->places, guint32, link - 1));
  g_byte_array_set_size (bytes, 0);
  for (guint i = scratch->len; i-- > 0;)
    {
      put (bytes, g_array_index (scratch, guint32, i) - before);
      before = g_array_index (scratch, guint32, i);
    }
}

typedef struct {
  GByteArray *bytes;
  const char *before;
} RoundsOpenSection;

static void
open_section_free (RoundsOpenSection *self)
{
  explicit_bzero (self->bytes->data, self->bytes->len);
  g_byte_array_unref (self->bytes);
  g_free (self);
}

static void
pack_word (RoundsOpenSection *section, const char *word, const GByteArray *places)
{
  gsize shared = 0, length = strlen (word);

  while (shared < length && section->before[shared] == word[shared])
    shared++;
  put (section->bytes, shared);
  put (section->bytes, length - shared);
  g_byte_array_append (section->bytes, (const guint8 *) word + shared, length - shared);
  put (section->bytes, places->len);
  g_byte_array_append (section->bytes, places->data, places->len);
  section->before = word;
}

GHashTable *
rounds_packer_finish (RoundsPacker *self)
{
  GHashTable *out = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) rounds_section_free);
  g_autoptr (GHashTable) open = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) open_section_free);
  g_autoptr (GArray) scratch = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_autoptr (GByteArray) places = g_byte_array_new ();
  GHashTableIter iter;
  gpointer key, value;
  guint n;
  g_autofree char **words = (char **) g_hash_table_get_keys_as_array (self->newest, &n);

  qsort (words, n, sizeof *words, compare_words);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = rounds_section_key (words[i]);
      RoundsOpenSection *section = g_hash_table_lookup (open, name);

      if (section == NULL)
        {
          section = g_new0 (RoundsOpenSection, 1);
          section->bytes = g_byte_array_new ();
          section->before = "";
          g_hash_table_insert (open, g_steal_pointer (&name), section);
        }
      pack_places (self, GPOINTER_TO_UINT (g_hash_table_lookup (self->newest, words[i])), scratch, places);
      pack_word (section, words[i], places);
    }
  g_hash_table_iter_init (&iter, open);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      const GByteArray *bytes = ((RoundsOpenSection *) value)->bytes;

      g_hash_table_insert (out, g_strdup (key), rounds_section_new (bytes->data, bytes->len));
    }
  g_hash_table_unref (self->newest);
  g_array_unref (self->places);
  g_array_unref (self->before);
  g_free (self);
  return out;
}
