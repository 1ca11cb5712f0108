/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Aligns two lists, so that a difference, a patch and a merge agree on which item is which.
 *
 * The longest common subsequence over item classes, after equal ends were cut off; a class is an item's key
 * or its whole text. Quadratic in what is left, so above a million cells the middle is paired by place,
 * which is still right, only wordier. */

#include "fhir/json-align.h"

#define MAX_CELLS 1000000

char *
rounds_json_item_key (json_object *item)
{
  const char *id = rounds_json_peek_string (item, "id");
  const char *system = rounds_json_peek_string (item, "system");
  const char *text;

  if (!json_object_is_type (item, json_type_object))
    return NULL;
  if (id != NULL)
    return g_strconcat ("id:", id, NULL);
  if (system != NULL && (text = rounds_json_peek_string (item, "value")) != NULL)
    return g_strconcat ("value:", system, "|", text, NULL);
  if (system != NULL && (text = rounds_json_peek_string (item, "code")) != NULL)
    return g_strconcat ("code:", system, "|", text, NULL);
  if ((text = rounds_json_peek_string (item, "url")) != NULL)
    return g_strconcat ("url:", text, NULL);
  if ((text = rounds_json_peek_string (item, "linkId")) != NULL)
    return g_strconcat ("link:", text, NULL);
  return NULL;
}

static void
count_keys (json_object *list, GHashTable *counts)
{
  for (gsize i = 0; list != NULL && i < json_object_array_length (list); i++)
    {
      char *key = rounds_json_item_key (json_object_array_get_idx (list, i));

      if (key != NULL)
        {
          guint n = GPOINTER_TO_UINT (g_hash_table_lookup (counts, key));

          g_hash_table_insert (counts, key, GUINT_TO_POINTER (n + 1));
        }
    }
}

static int *
classify (json_object *list, int n, GHashTable *classes, GHashTable *counts_a, GHashTable *counts_b)
{
  int *out = g_new (int, n + 1);

  for (int i = 0; i < n; i++)
    {
      json_object *item = json_object_array_get_idx (list, (gsize) i);
      char *name = rounds_json_item_key (item);
      gpointer known;

      if (name == NULL || GPOINTER_TO_UINT (g_hash_table_lookup (counts_a, name)) > 1 ||
          GPOINTER_TO_UINT (g_hash_table_lookup (counts_b, name)) > 1)
        {
          g_autofree char *text = rounds_json_print (item);

          g_free (name);
          name = g_strconcat ("text:", text, NULL);
        }
      known = g_hash_table_lookup (classes, name);
      if (known == NULL)
        {
          known = GINT_TO_POINTER ((int) g_hash_table_size (classes) + 1);
          g_hash_table_insert (classes, name, known);
        }
      else
        g_free (name);
      out[i] = GPOINTER_TO_INT (known);
    }
  return out;
}

static void
add_pair (GArray *pairs, int old_index, int new_index)
{
  RoundsJsonPair pair = { old_index, new_index };

  g_array_append_val (pairs, pair);
}

/* What lies between two matches: by place, then the rest of the longer one. */
static void
add_gap (GArray *pairs, int *a, int a_end, int *b, int b_end)
{
  while (*a < a_end || *b < b_end)
    add_pair (pairs, *a < a_end ? (*a)++ : -1, *b < b_end ? (*b)++ : -1);
}

static void
align_middle (GArray *pairs, const int *old, const int *new_, int start, int a_end, int b_end)
{
  gint64 rows = a_end - start + 1;
  gint64 columns = b_end - start + 1;
  g_autofree guint32 *length = NULL;
  int a = start, b = start, gap_a = start, gap_b = start;

  if (rows * columns <= MAX_CELLS)
    {
      length = g_new0 (guint32, (gsize) (rows * columns));
      for (gint64 i = rows - 2; i >= 0; i--)
        for (gint64 j = columns - 2; j >= 0; j--)
          length[i * columns + j] = old[start + i] == new_[start + j]
                                      ? length[(i + 1) * columns + j + 1] + 1
                                      : MAX (length[(i + 1) * columns + j], length[i * columns + j + 1]);

      while (a < a_end && b < b_end)
        {
          gint64 i = a - start, j = b - start;

          if (old[a] == new_[b])
            {
              add_gap (pairs, &gap_a, a, &gap_b, b);
              add_pair (pairs, a++, b++);
              gap_a = a;
              gap_b = b;
            }
          else if (length[(i + 1) * columns + j] >= length[i * columns + j + 1])
            a++;
          else
            b++;
        }
    }
  add_gap (pairs, &gap_a, a_end, &gap_b, b_end);
}

GArray *
rounds_json_align (json_object *old, json_object *new_)
{
  g_autoptr (GHashTable) classes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) old_keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) new_keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  int n = old != NULL ? (int) json_object_array_length (old) : 0;
  int m = new_ != NULL ? (int) json_object_array_length (new_) : 0;
  GArray *pairs = g_array_sized_new (FALSE, FALSE, sizeof (RoundsJsonPair), (guint) MAX (n, m));
  g_autofree int *a = NULL;
  g_autofree int *b = NULL;
  int start = 0, a_end = n, b_end = m;

  count_keys (old, old_keys);
  count_keys (new_, new_keys);
  a = classify (old, n, classes, old_keys, new_keys);
  b = classify (new_, m, classes, old_keys, new_keys);

  for (; start < n && start < m && a[start] == b[start]; start++)
    add_pair (pairs, start, start);
  while (a_end > start && b_end > start && a[a_end - 1] == b[b_end - 1])
    {
      a_end--;
      b_end--;
    }
  align_middle (pairs, a, b, start, a_end, b_end);
  for (int i = 0; a_end + i < n; i++)
    add_pair (pairs, a_end + i, b_end + i);
  return pairs;
}
