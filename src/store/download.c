/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A downloaded page and its cursor, in one transaction. What is read out of a record is read when it is added, on the
 * caller's thread, while the writer writes the page before: that and the network are then what takes the time, not
 * their sum. A page is begun only when the one before it is on disk, so that no cursor covers what is not there. */
#include "store/version.h"

#include <string.h>

typedef struct {
  char *type, *id, *version;
  gint64 last_updated_us;
  RoundsFacts *facts;      /* NULL = deleted on the server */
} RoundsPageItem;

struct _RoundsDownloadJob {
  GArray *items;           /* RoundsPageItem */
  gsize bytes;
  char *scope, *cursor;
  RoundsWriteJob *write;   /* NULL = not begun */
  guint n_new, n_conflicts;
};

static void
item_clear (gpointer data)
{
  RoundsPageItem *self = data;

  g_free (self->type);
  g_free (self->id);
  g_free (self->version);
  rounds_facts_free (self->facts);
}

RoundsDownloadJob *
rounds_store_download_new (void)
{
  RoundsDownloadJob *self = g_new0 (RoundsDownloadJob, 1);

  self->items = g_array_new (FALSE, FALSE, sizeof (RoundsPageItem));
  g_array_set_clear_func (self->items, item_clear);
  return self;
}

static void
job_free (RoundsDownloadJob *self)
{
  g_array_unref (self->items);
  g_free (self->scope);
  g_free (self->cursor);
  g_free (self);
}

gboolean
rounds_store_download_add (RoundsDownloadJob *self, const RoundsDownload *item, GError **error)
{
  RoundsPageItem one = { .last_updated_us = item->last_updated_us };

  g_return_val_if_fail (self->write == NULL, FALSE);

  if (item->json != NULL)
    {
      one.facts = item->resource != NULL
                    ? rounds_facts_new_of (item->type, item->id, item->json, item->resource, error)
                    : rounds_facts_new (item->type, item->id, item->json, error);
      if (one.facts == NULL)
        return FALSE;
      self->bytes += strlen (one.facts->text);
      if (one.last_updated_us == 0)
        one.last_updated_us = one.facts->last_updated_us;
    }
  one.type = g_strdup (item->type);
  one.id = g_strdup (item->id);
  one.version = g_strdup (item->version != NULL || one.facts == NULL ? item->version : one.facts->version_id);
  g_array_append_val (self->items, one);
  return TRUE;
}

guint
rounds_store_download_get_n (const RoundsDownloadJob *self, gsize *bytes)
{
  if (bytes != NULL)
    *bytes = self->bytes;
  return self->items->len;
}

static gboolean
page_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsDownloadJob *page = data;
  g_autofree char *detail = NULL;

  if (!rounds_writer_allow (writer, ROUNDS_ACT_SYNC, NULL, NULL, error))
    return FALSE;
  page->n_new = page->n_conflicts = 0;
  for (guint i = 0; i < page->items->len; i++)
    {
      const RoundsPageItem *item = &g_array_index (page->items, RoundsPageItem, i);
      g_auto (RoundsRow) row = { 0 };
      RoundsReceive outcome;

      if (!rounds_row_load (writer, item->type, item->id, &row, error) ||
          !rounds_row_receive (writer, &row, item->facts, item->version, item->last_updated_us, &outcome, error))
        return FALSE;
      page->n_new += outcome != ROUNDS_RECEIVE_HELD;
      page->n_conflicts += outcome == ROUNDS_RECEIVE_CONFLICT;
    }
  if (page->cursor != NULL &&
      !rounds_database_run (writer->db, error, "INSERT OR REPLACE INTO cursor (scope, json) VALUES (?, ?)",
                            "ss", page->scope, page->cursor))
    return FALSE;
  if (page->n_new == 0)
    return TRUE;
  detail = g_strdup_printf ("download: %u versions, %u conflicts", page->n_new, page->n_conflicts);
  return rounds_audit_append (writer, "sync", NULL, NULL, detail, error);
}

void
rounds_store_download_begin (RoundsStore *store, RoundsDownloadJob *self, const char *scope, const char *cursor_json)
{
  g_return_if_fail (ROUNDS_IS_STORE (store) && self->write == NULL && (cursor_json == NULL || scope != NULL));

  self->scope = g_strdup (scope);
  self->cursor = g_strdup (cursor_json);
  self->write = rounds_store_write_begin (store, page_cb, self);
}

gboolean
rounds_store_download_finish (RoundsDownloadJob *self, guint *n_new, guint *n_conflicts, GError **error)
{
  gboolean ok = self->write == NULL || rounds_store_write_wait (self->write, error);

  if (ok && n_new != NULL)
    *n_new = self->n_new;
  if (ok && n_conflicts != NULL)
    *n_conflicts = self->n_conflicts;
  job_free (self);
  return ok;
}

gboolean
rounds_store_download_page (RoundsStore *self, const RoundsDownload *items, guint n, const char *scope,
                            const char *cursor_json, guint *n_new, guint *n_conflicts, GError **error)
{
  RoundsDownloadJob *job;

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && (items != NULL || n == 0), FALSE);
  g_return_val_if_fail (cursor_json == NULL || scope != NULL, FALSE);

  job = rounds_store_download_new ();
  for (guint i = 0; i < n; i++)
    if (!rounds_store_download_add (job, &items[i], error))
      {
        job_free (job);
        return FALSE;
      }
  rounds_store_download_begin (self, job, scope, cursor_json);
  return rounds_store_download_finish (job, n_new, n_conflicts, error);
}
