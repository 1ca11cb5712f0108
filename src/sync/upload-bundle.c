/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Many records in one transaction.
 *
 * A transaction that fails does not say which entry was wrong; it is cut in halves until the one is found, and all
 * others go through. Records that refer to each other in a circle are not cut: they are right only together. When
 * such a circle is larger than what the server takes at once, together is not to be had, and it must not wait for
 * ever either: its records go one by one, and that is told. Where the server wants references to lead somewhere the
 * first one is refused, so nothing has happened yet, and the whole circle waits for a person, with the limit as the
 * reason. */

#include "sync/upload-private.h"

#include <glib/gi18n-lib.h>

/* No published limit is lower: a smaller circle was not refused for its size. */
#define SMALLEST_LIMIT 100

/* Where to cut: the boundary of circles nearest to the middle, 0 when it is one circle. */
static guint
find_cut (RoundsChunk *chunk, guint first, guint n)
{
  guint d;

  for (d = 0; d < n; d++)
    {
      guint below = n / 2 >= d ? n / 2 - d : 0, above = n / 2 + d;

      if (above > 0 && above < n &&
          g_array_index (chunk->component, guint, first + above) !=
            g_array_index (chunk->component, guint, first + above - 1))
        return above;
      if (below > 0 && g_array_index (chunk->component, guint, first + below) !=
                         g_array_index (chunk->component, guint, first + below - 1))
        return below;
    }
  return 0;
}

static gboolean
refuse_all (RoundsUpload *self, RoundsOutboxItem *const *items, guint n, int status, const char *outcome,
            GError **error)
{
  guint i;

  for (i = 0; i < n; i++)
    if (!rounds_upload_refuse (self, items[i], status, outcome, error))
      return FALSE;
  rounds_upload_step (self, n);
  return TRUE;
}

/* The first by itself; *taken = the server took it. */
static gboolean
try_first (RoundsUpload *self, RoundsOutboxItem *item, gboolean *taken, char **why, GError **error)
{
  g_autoptr (GPtrArray) now = NULL;

  *taken = FALSE;
  if (!rounds_upload_send_single (self, item, error))
    return FALSE;
  now = rounds_store_outbox_load (self->pass->store, &item->rid, 1, error);
  if (now == NULL)
    return FALSE;
  *taken = now->len == 0;
  if (!*taken)
    *why = g_strdup (((RoundsOutboxItem *) now->pdata[0])->reason);
  return TRUE;
}

static gboolean
send_large_circle (RoundsUpload *self, RoundsOutboxItem *const *items, guint n, const RoundsExchange *exchange,
                   GError **error)
{
  g_autofree char *why = NULL, *reason = NULL;
  gboolean taken;
  guint i;

  if (!rounds_upload_set_all (self, items, n, "pending", exchange->status, NULL, error) ||
      !try_first (self, items[0], &taken, &why, error))
    return FALSE;
  if (!taken)
    {
      reason = g_strdup_printf (_("%u records refer to each other, more than the cloud takes at once (%u), and one by one "
                                  "it refuses them: %s"), n, self->pass->max_entries, why != NULL ? why : "");
      return refuse_all (self, items, n, exchange->status, reason, error);
    }
  rounds_pass_note (self->pass,
                    g_strdup_printf (_("%u records refer to each other, more than the cloud takes at once: they were sent "
                                       "one by one"), n));
  for (i = 1; i < n; i++)
    if (!rounds_upload_send_single (self, items[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
send_halves (RoundsUpload *self, RoundsChunk *chunk, guint first, guint n, const RoundsExchange *exchange,
             GError **error)
{
  RoundsOutboxItem **items = (RoundsOutboxItem **) chunk->items->pdata + first;
  guint cut = find_cut (chunk, first, n);
  gboolean always;

  /* A circle that is to be posted: each of it says why it cannot. */
  if (cut == 0 && rounds_upload_wants_post (items[0], exchange->status, exchange->outcome, &always))
    {
      self->posts = TRUE;
      return rounds_upload_send_range (self, chunk, first, n, error);
    }
  if (cut > 0)
    return rounds_upload_send_range (self, chunk, first, cut, error) &&
           rounds_upload_send_range (self, chunk, first + cut, n - cut, error);
  if (n > 1 && (exchange->status == 413 || n > SMALLEST_LIMIT))
    return send_large_circle (self, items, n, exchange, error);
  return refuse_all (self, items, n, exchange->status, exchange->outcome, error);
}

static gboolean
accept_all (RoundsUpload *self, RoundsOutboxItem *const *items, guint n, RoundsExchange *exchange, GError **error)
{
  g_autoptr (GPtrArray) read = NULL;
  guint i;
  gboolean complete = exchange->entries != NULL, ok = TRUE;

  for (i = 0; complete && i < n; i++)
    {
      RoundsRemote *remote = exchange->entries->pdata[i];

      complete = remote->resource != NULL && remote->version != NULL;
    }
  /* An answer without the records: read them back together. */
  if (!complete && (read = rounds_pass_read_many (self->pass, items, n, error)) == NULL)
    return FALSE;
  rounds_pass_collect (self->pass);
  for (i = 0; ok && i < n; i++)
    {
      ok = rounds_pass_settle_accepted (self->pass, items[i], 200,
                                        complete ? exchange->entries->pdata[i] : read->pdata[i], error);
      rounds_upload_step (self, 1);
    }
  self->failures = 0;
  return rounds_pass_flush (self->pass, ok ? error : NULL) && ok;
}

/* Somebody changed some of these since: settle those, send the others. TRUE in *found when there were any. */
static gboolean
settle_stale (RoundsUpload *self, RoundsOutboxItem *const *items, guint n, gboolean *found, GError **error)
{
  g_autoptr (GPtrArray) remotes = rounds_pass_read_many (self->pass, items, n, error);
  guint i;

  *found = FALSE;
  if (remotes == NULL)
    return FALSE;
  for (i = 0; i < n; i++)
    {
      RoundsRemote *remote = remotes->pdata[i];
      gboolean gone = remote->status == 404 || remote->status == 410;
      RoundsSettled settled;

      if (rounds_upload_is_create (items[i]) ? gone : g_strcmp0 (remote->version, items[i]->base_version) == 0)
        continue;
      *found = TRUE;
      if (!rounds_pass_settle_read (self->pass, items[i], remote, FALSE, &settled, error))
        return FALSE;
      self->again |= settled == ROUNDS_SETTLED_AGAIN;
    }
  return TRUE;
}

static gboolean
answer_many (RoundsUpload *self, RoundsChunk *chunk, RoundsExchange *exchange, GError **error)
{
  RoundsOutboxItem **items = (RoundsOutboxItem **) chunk->items->pdata;
  guint n = chunk->items->len, n_left;
  int status = exchange->status;
  gboolean stale;

  if (status == 200)
    return accept_all (self, items, n, exchange, error);
  if (status == 401 || status == 429 || status == 503)
    return rounds_upload_stop (self, items, n, exchange, error);
  if (status >= 500 && status != 501)
    {
      gboolean again = self->again;

      if (!rounds_upload_recover (self, items, n, status, exchange->outcome, &n_left, error))
        return FALSE;
      if (n_left < n)
        return TRUE;
      self->again = again;
      return send_halves (self, chunk, 0, n, exchange, error);
    }
  if (!rounds_upload_set_all (self, items, n, "pending", status, NULL, error))
    return FALSE;
  if (status == 413)
    {
      self->pass->max_entries = MAX (n / 2, 1);
      self->pass->max_bytes = MAX (self->pass->max_bytes / 2, 1024 * 1024);
      self->pass->learned_limits = TRUE;
    }
  else if (status == 409 || status == 412)
    {
      if (!settle_stale (self, items, n, &stale, error))
        return FALSE;
      self->again |= stale;   /* the others are pending still and go in the next round */
      if (stale)
        return TRUE;
    }
  else
    {
      /* Not every server takes back what it did before the entry that it refused: what has landed is not sent
       * again, or it would overwrite what somebody else made of it since. */
      if (!rounds_upload_look_first (self, chunk, error))
        return FALSE;
      if (chunk->items->len < n)
        return chunk->items->len == 0 || rounds_upload_send_range (self, chunk, 0, chunk->items->len, error);
    }
  return send_halves (self, chunk, 0, n, exchange, error);
}

gboolean
rounds_upload_hold_back (RoundsUpload *self, RoundsOutboxItem *item, gboolean *held, GError **error)
{
  const char *missing = NULL;
  g_autofree char *reason = NULL;
  guint d;

  for (d = 0; item->depends_on != NULL && item->depends_on[d] != NULL && missing == NULL; d++)
    if (g_hash_table_contains (self->failed, GSIZE_TO_POINTER ((gsize) item->depends_rids[d])))
      missing = item->depends_on[d];
  *held = missing != NULL;
  if (missing == NULL)
    return TRUE;
  /* Still pending: it goes as soon as the other one is there. (What a refused record blocks is blocked by the
   * store.) */
  reason = g_strdup_printf (_("waits for %s"), missing);
  rounds_upload_remember_failed (self, item);
  self->pass->incomplete = TRUE;
  rounds_upload_step (self, 1);
  return g_strcmp0 (item->reason, reason) == 0 ||
         rounds_store_outbox_set_state (self->pass->store, item, "pending", 0, reason, 0, error);
}

/* Those that wait for something which did not get there stay behind, and in a circle what refers to them; the
 * others are closed up. */
static gboolean
drop_held (RoundsUpload *self, RoundsChunk *chunk, GError **error)
{
  guint i = 0;

  while (i < chunk->items->len)
    {
      gboolean held;

      if (!rounds_upload_hold_back (self, chunk->items->pdata[i], &held, error))
        return FALSE;
      if (!held)
        {
          i++;
          continue;
        }
      g_ptr_array_remove_index (chunk->items, i);
      g_array_remove_index (chunk->component, i);
      i = 0;
    }
  return TRUE;
}

gboolean
rounds_upload_send_range (RoundsUpload *self, RoundsChunk *parent, guint first, guint n, GError **error)
{
  RoundsChunk chunk = { g_ptr_array_new (), g_array_new (FALSE, FALSE, sizeof (guint)) };
  g_autoptr (GPtrArray) items = chunk.items;
  g_autoptr (GArray) component = chunk.component;
  g_auto (RoundsExchange) exchange = { 0 };
  g_autofree char *request = g_uuid_string_random ();
  GError *local = NULL;
  guint i, n_left;

  for (i = 0; i < n; i++)
    g_ptr_array_add (items, parent->items->pdata[first + i]);
  g_array_append_vals (component, &g_array_index (parent->component, guint, first), n);
  if (self->posts)
    return rounds_upload_post_chunk (self, &chunk, error);
  if (!drop_held (self, &chunk, error))
    return FALSE;
  if (items->len == 0)
    return TRUE;
  if (items->len == 1)
    return rounds_upload_send_single (self, items->pdata[0], error);
  if (!rounds_store_outbox_begin (self->pass->store, (RoundsOutboxItem **) items->pdata, items->len, request, error))
    return FALSE;
  if (!rounds_pass_transact (self->pass, (RoundsOutboxItem **) items->pdata, items->len, &exchange, &local))
    return rounds_upload_transport_failed (self, (RoundsOutboxItem **) items->pdata, items->len, local, &n_left, error);
  return answer_many (self, &chunk, &exchange, error);
}
