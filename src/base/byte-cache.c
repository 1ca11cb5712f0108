/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A least-recently-used cache under a byte budget.
 *
 * One lock guards everything; references are taken under it (they are cheap), and given back outside it,
 * because the last one may free megabytes or call back into the cache. */

#include "base/byte-cache.h"

typedef struct {
  char *key;
  gpointer value;
  gsize size_bytes;
  GList link; /* in order; data is the entry itself */
} Entry;

struct _RoundsByteCache {
  gsize budget_bytes;
  gpointer (*ref) (gpointer);
  GDestroyNotify unref;

  /* guarded by lock */
  GMutex lock;
  GHashTable *entries; /* key (the entry's own) → Entry */
  GQueue order;        /* head = used last */
  gsize used_bytes;
};

RoundsByteCache *
rounds_byte_cache_new (gsize budget_bytes, gpointer (*ref) (gpointer), GDestroyNotify unref)
{
  RoundsByteCache *self;

  g_return_val_if_fail (ref != NULL && unref != NULL, NULL);

  self = g_new0 (RoundsByteCache, 1);
  self->budget_bytes = budget_bytes;
  self->ref = ref;
  self->unref = unref;
  g_mutex_init (&self->lock);
  g_queue_init (&self->order);
  self->entries = g_hash_table_new (g_str_hash, g_str_equal);
  return self;
}

/* Takes the entry out; its value goes to dropped, to be released outside the lock. */
static void
detach (RoundsByteCache *self, Entry *entry, GSList **dropped)
{
  g_hash_table_remove (self->entries, entry->key);
  g_queue_unlink (&self->order, &entry->link);
  self->used_bytes -= entry->size_bytes;
  *dropped = g_slist_prepend (*dropped, entry->value);
  g_free (entry->key);
  g_free (entry);
}

static void
detach_all (RoundsByteCache *self, GSList **dropped)
{
  while (self->order.tail != NULL)
    detach (self, self->order.tail->data, dropped);
}

void
rounds_byte_cache_free (RoundsByteCache *self)
{
  GSList *dropped = NULL;

  if (self == NULL)
    return;
  detach_all (self, &dropped);
  g_slist_free_full (dropped, self->unref);
  g_hash_table_unref (self->entries);
  g_mutex_clear (&self->lock);
  g_free (self);
}

gpointer
rounds_byte_cache_get (RoundsByteCache *self, const char *key)
{
  gpointer value = NULL;
  Entry *entry;

  g_return_val_if_fail (self != NULL && key != NULL, NULL);

  g_mutex_lock (&self->lock);
  entry = g_hash_table_lookup (self->entries, key);
  if (entry != NULL)
    {
      g_queue_unlink (&self->order, &entry->link);
      g_queue_push_head_link (&self->order, &entry->link);
      value = self->ref (entry->value);
    }
  g_mutex_unlock (&self->lock);
  return value;
}

void
rounds_byte_cache_put (RoundsByteCache *self, const char *key, gpointer value, gsize size_bytes)
{
  GSList *dropped = NULL;
  Entry *entry;

  g_return_if_fail (self != NULL && key != NULL && value != NULL);

  g_mutex_lock (&self->lock);
  entry = g_hash_table_lookup (self->entries, key);
  if (entry != NULL)
    detach (self, entry, &dropped);
  if (size_bytes <= self->budget_bytes)
    {
      while (self->used_bytes > self->budget_bytes - size_bytes)
        detach (self, self->order.tail->data, &dropped);

      entry = g_new0 (Entry, 1);
      entry->key = g_strdup (key);
      entry->value = self->ref (value);
      entry->size_bytes = size_bytes;
      entry->link.data = entry;
      g_queue_push_head_link (&self->order, &entry->link);
      g_hash_table_insert (self->entries, entry->key, entry);
      self->used_bytes += size_bytes;
    }
  g_mutex_unlock (&self->lock);
  g_slist_free_full (dropped, self->unref);
}

void
rounds_byte_cache_remove (RoundsByteCache *self, const char *key)
{
  GSList *dropped = NULL;
  Entry *entry;

  g_return_if_fail (self != NULL && key != NULL);

  g_mutex_lock (&self->lock);
  entry = g_hash_table_lookup (self->entries, key);
  if (entry != NULL)
    detach (self, entry, &dropped);
  g_mutex_unlock (&self->lock);
  g_slist_free_full (dropped, self->unref);
}

void
rounds_byte_cache_clear (RoundsByteCache *self)
{
  GSList *dropped = NULL;

  g_return_if_fail (self != NULL);

  g_mutex_lock (&self->lock);
  detach_all (self, &dropped);
  g_mutex_unlock (&self->lock);
  g_slist_free_full (dropped, self->unref);
}

gsize
rounds_byte_cache_get_used (RoundsByteCache *self)
{
  gsize used;

  g_return_val_if_fail (self != NULL, 0);

  g_mutex_lock (&self->lock);
  used = self->used_bytes;
  g_mutex_unlock (&self->lock);
  return used;
}
