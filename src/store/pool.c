/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Readers beside the writer: connections that are lent for one read transaction each, six a file at most. One
 * that met an error is closed, not lent again. */
#include "store/store-object.h"

#define MAX_READERS 6

static RoundsReader *
reader_new (RoundsStore *store, RoundsDatabaseKind kind, gboolean whole, GError **error)
{
  RoundsDatabase *db = NULL;
  RoundsReader *self;

  g_mutex_lock (&store->mutex);
  while (!store->closed && store->idle[kind].length == 0 && store->n_readers[kind] >= MAX_READERS)
    g_cond_wait (&store->cond, &store->mutex);
  if (store->closed)
    {
      g_mutex_unlock (&store->mutex);
      rounds_store_set_closed (error);
      return NULL;
    }
  db = g_queue_pop_head (&store->idle[kind]);
  if (db == NULL)
    store->n_readers[kind]++;
  g_mutex_unlock (&store->mutex);

  if (db == NULL)
    db = rounds_database_open (store->paths[kind], kind, ROUNDS_DATABASE_READER, store->key, error);
  if (db == NULL || !rounds_database_exec (db, "BEGIN", error) ||
      (kind == ROUNDS_DATABASE_RECORDS && !rounds_glass_prepare (db, whole, error)))
    {
      rounds_database_free (db);
      g_mutex_lock (&store->mutex);
      store->n_readers[kind]--;
      g_cond_broadcast (&store->cond);
      g_mutex_unlock (&store->mutex);
      return NULL;
    }
  self = g_new0 (RoundsReader, 1);
  self->store = store;
  self->db = db;
  self->kind = kind;
  return self;
}

RoundsReader *
rounds_reader_new (RoundsStore *store, RoundsDatabaseKind kind, GError **error)
{
  return reader_new (store, kind, rounds_glass_is_own_business (), error);
}

RoundsReader *
rounds_reader_new_whole (RoundsStore *store, RoundsDatabaseKind kind, GError **error)
{
  return reader_new (store, kind, TRUE, error);
}

void
rounds_reader_free (RoundsReader *self)
{
  RoundsStore *store = self->store;
  int code = sqlite3_errcode (rounds_database_get_handle (self->db)) & 0xff;
  gboolean good = code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE;

  good = sqlite3_exec (rounds_database_get_handle (self->db), "COMMIT", NULL, NULL, NULL) == SQLITE_OK &&
    good;
  g_mutex_lock (&store->mutex);
  /* One that met an error may be stuck in it: the next reader gets a fresh one. */
  if (good && !store->closed)
    g_queue_push_head (&store->idle[self->kind], g_steal_pointer (&self->db));
  else
    store->n_readers[self->kind]--;
  g_cond_broadcast (&store->cond);
  g_mutex_unlock (&store->mutex);
  rounds_database_free (self->db);
  g_free (self);
}
