/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cache keeps to its budget, drops the oldest, and holds one reference to each value. */

#include <gio/gio.h>

#include "base/byte-cache.h"

static RoundsByteCache *
cache_new (gsize budget)
{
  return rounds_byte_cache_new (budget, (gpointer (*) (gpointer)) g_object_ref, g_object_unref);
}

static void
put_new (RoundsByteCache *cache, const char *key, gsize size)
{
  g_autoptr (GObject) value = g_object_new (G_TYPE_OBJECT, NULL);

  rounds_byte_cache_put (cache, key, value, size);
}

static gboolean
has (RoundsByteCache *cache, const char *key)
{
  g_autoptr (GObject) value = rounds_byte_cache_get (cache, key);

  return value != NULL;
}

static void
test_oldest_leaves (void)
{
  g_autoptr (RoundsByteCache) cache = cache_new (100);

  put_new (cache, "a", 40);
  put_new (cache, "b", 40);
  g_assert_true (has (cache, "a")); /* now b is the oldest */
  put_new (cache, "c", 40);
  g_assert_cmpuint (rounds_byte_cache_get_used (cache), ==, 80);
  g_assert_true (has (cache, "a"));
  g_assert_false (has (cache, "b"));
  g_assert_true (has (cache, "c"));

  put_new (cache, "d", 100);
  g_assert_cmpuint (rounds_byte_cache_get_used (cache), ==, 100);
  g_assert_false (has (cache, "a"));
  put_new (cache, "huge", 101);
  g_assert_false (has (cache, "huge"));
  g_assert_true (has (cache, "d"));
  put_new (cache, "d", G_MAXSIZE); /* replaced by what cannot be kept */
  g_assert_false (has (cache, "d"));
  g_assert_cmpuint (rounds_byte_cache_get_used (cache), ==, 0);
  put_new (cache, "empty", 0);
  g_assert_true (has (cache, "empty"));
}

static void
test_references (void)
{
  RoundsByteCache *cache = cache_new (10);
  GObject *first = g_object_new (G_TYPE_OBJECT, NULL);
  GObject *second = g_object_new (G_TYPE_OBJECT, NULL);

  g_object_add_weak_pointer (first, (gpointer *) &first);
  rounds_byte_cache_put (cache, "k", first, 5);
  g_assert_cmpuint (first->ref_count, ==, 2);
  rounds_byte_cache_put (cache, "k", first, 6); /* the same value again, in place of itself */
  g_assert_cmpuint (first->ref_count, ==, 2);
  g_assert_cmpuint (rounds_byte_cache_get_used (cache), ==, 6);
  g_object_unref (first);
  g_assert_nonnull (first);
  rounds_byte_cache_put (cache, "k", second, 5);
  g_assert_null (first);
  rounds_byte_cache_remove (cache, "k");
  rounds_byte_cache_remove (cache, "absent");
  g_assert_cmpuint (second->ref_count, ==, 1);
  rounds_byte_cache_put (cache, "k", second, 5);
  rounds_byte_cache_clear (cache);
  g_assert_cmpuint (second->ref_count, ==, 1);
  g_assert_cmpuint (rounds_byte_cache_get_used (cache), ==, 0);
  rounds_byte_cache_put (cache, "k", second, 5);
  rounds_byte_cache_free (cache);
  g_assert_cmpuint (second->ref_count, ==, 1);
  g_object_unref (second);
}

static gpointer
hammer (gpointer data)
{
  RoundsByteCache *cache = data;
  g_autoptr (GRand) rand = g_rand_new ();

  for (int i = 0; i < 20000; i++)
    {
      char key[8];

      g_snprintf (key, sizeof key, "%d", g_rand_int_range (rand, 0, 50));
      if (i % 3 == 0)
        put_new (cache, key, (gsize) g_rand_int_range (rand, 0, 40));
      else if (i % 31 == 0)
        rounds_byte_cache_remove (cache, key);
      else
        has (cache, key);
    }
  return NULL;
}

static void
test_threads (void)
{
  g_autoptr (RoundsByteCache) cache = cache_new (300);
  GThread *threads[4];

  for (int i = 0; i < 4; i++)
    threads[i] = g_thread_new ("hammer", hammer, cache);
  for (int i = 0; i < 4; i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (rounds_byte_cache_get_used (cache), <=, 300);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/byte-cache/oldest-leaves", test_oldest_leaves);
  g_test_add_func ("/byte-cache/references", test_references);
  g_test_add_func ("/byte-cache/threads", test_threads);
  return g_test_run ();
}
