/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One record: sent alone, and looked at before it is sent. */

#include "sync/upload-private.h"

#include "base/instant.h"

gboolean
rounds_upload_after_error (RoundsUpload *self, RoundsOutboxItem *item, const RoundsExchange *exchange, GError **error)
{
  RoundsOutboxItem *items[] = { item };
  gboolean again = self->again;
  guint n_left;

  if (!rounds_upload_recover (self, items, 1, exchange->status, exchange->outcome, &n_left, error))
    return FALSE;
  self->again = again;
  if (n_left == 0)
    return TRUE;
  /* Not there: it waits, alone; many of them in a row are the server's trouble. */
  rounds_pass_trouble (self->pass, exchange->outcome);
  if (!rounds_store_outbox_set_state (self->pass->store, item, "pending", exchange->status, exchange->outcome,
                                      rounds_instant_now_us () + rounds_backoff_us (item->attempts, 5 * G_USEC_PER_SEC,
                                                                                    900 * G_USEC_PER_SEC),
                                      error))
    return FALSE;
  rounds_upload_remember_failed (self, item);
  if (++self->failures < ROUNDS_MAX_FAILURES_IN_A_ROW)
    return TRUE;
  g_set_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_STATUS, "%s", exchange->outcome);
  return FALSE;
}

/* Refused because of what the server has: that is read, and either settled or the reason is another one. */
static gboolean
answer_stale (RoundsUpload *self, RoundsOutboxItem *item, const RoundsExchange *exchange, GError **error)
{
  RoundsOutboxItem *items[] = { item };
  g_autoptr (GPtrArray) remotes = rounds_pass_read_many (self->pass, items, 1, error);
  RoundsRemote *remote;
  RoundsSettled settled;

  if (remotes == NULL)
    return FALSE;
  remote = remotes->pdata[0];
  if (!rounds_pass_settle_read (self->pass, item, remote, FALSE, &settled, error))
    return FALSE;
  if (settled != ROUNDS_SETTLED_AGAIN)
    return TRUE;
  /* Refused although nothing newer is there: the reason is another one. */
  if (rounds_upload_is_create (item) || rounds_upload_is_delete (item) ||
      g_strcmp0 (remote->version, item->base_version) == 0)
    return rounds_upload_refuse (self, item, exchange->status, exchange->outcome, error);
  self->again = TRUE;
  return TRUE;
}

static gboolean
answer_one (RoundsUpload *self, RoundsOutboxItem *item, RoundsExchange *exchange, GError **error)
{
  RoundsOutboxItem *items[] = { item };
  int status = exchange->status;
  gboolean always;

  if (status >= 200 && status < 300)
    return rounds_pass_settle_accepted (self->pass, item, status, exchange->entries->pdata[0], error);
  if (status == 401 || status == 429 || status == 503)
    return rounds_upload_stop (self, items, 1, exchange, error);
  if (status >= 500 && status != 501)
    return rounds_upload_after_error (self, item, exchange, error);
  if (rounds_upload_wants_post (item, status, exchange->outcome, &always))
    {
      self->posts |= always;
      return rounds_upload_set_all (self, items, 1, "pending", status, NULL, error) &&
             rounds_upload_post_one (self, item, error);
    }
  if (status == 409 || status == 412 || status == 404 || status == 410)
    return answer_stale (self, item, exchange, error);
  return rounds_upload_refuse (self, item, status, exchange->outcome, error);
}

gboolean
rounds_upload_send_single (RoundsUpload *self, RoundsOutboxItem *item, GError **error)
{
  RoundsOutboxItem *items[] = { item };
  g_auto (RoundsExchange) exchange = { 0 };
  g_autofree char *request = g_uuid_string_random ();
  GError *local = NULL;
  guint n_left;

  if (!rounds_store_outbox_begin (self->pass->store, items, 1, request, error))
    return FALSE;
  if (!rounds_pass_send_one (self->pass, item, &exchange, &local))
    return rounds_upload_transport_failed (self, items, 1, local, &n_left, error);
  if (!answer_one (self, item, &exchange, error))
    return FALSE;
  if (exchange.status < 500)
    self->failures = 0;
  rounds_upload_step (self, 1);
  return TRUE;
}

/* --- looking first ------------------------------------------------------------------------------------ */

/* *send = nothing is in its way. */
static gboolean
look_at (RoundsUpload *self, RoundsOutboxItem *item, const RoundsRemote *remote, gboolean *send, GError **error)
{
  RoundsSettled settled;
  gboolean rebased;

  if (!rounds_pass_settle_read (self->pass, item, remote, FALSE, &settled, error))
    return FALSE;
  /* Pending on a new base is another thing than "there is nothing in the way". */
  rebased = settled == ROUNDS_SETTLED_AGAIN && remote->status == 200 && !rounds_upload_is_delete (item) &&
            g_strcmp0 (remote->version, item->base_version) != 0;
  self->again |= rebased;
  *send = settled == ROUNDS_SETTLED_AGAIN && !rebased;
  if (settled == ROUNDS_SETTLED_LATER || (settled == ROUNDS_SETTLED && remote->status == 410))
    rounds_upload_remember_failed (self, item);
  return TRUE;
}

gboolean
rounds_upload_look_first (RoundsUpload *self, RoundsChunk *chunk, GError **error)
{
  g_autoptr (GPtrArray) asked = g_ptr_array_new ();
  g_autoptr (GPtrArray) remotes = NULL;
  gboolean ok = TRUE;
  guint i, at;

  for (i = 0; i < chunk->items->len; i++)
    {
      RoundsOutboxItem *item = chunk->items->pdata[i];

      if (rounds_upload_is_create (item) || rounds_upload_is_delete (item) || !self->pass->profile->if_match ||
          item->base_version == NULL)
        g_ptr_array_add (asked, item);
    }
  if (asked->len == 0)
    return TRUE;
  remotes = rounds_pass_read_many (self->pass, (RoundsOutboxItem **) asked->pdata, asked->len, error);
  if (remotes == NULL)
    return FALSE;
  rounds_pass_collect (self->pass);
  for (i = 0; ok && i < asked->len; i++)
    {
      gboolean send = FALSE;

      ok = look_at (self, asked->pdata[i], remotes->pdata[i], &send, error);
      if (send || !g_ptr_array_find (chunk->items, asked->pdata[i], &at))
        continue;
      g_ptr_array_remove_index (chunk->items, at);
      g_array_remove_index (chunk->component, at);
      rounds_upload_step (self, 1);
    }
  return rounds_pass_flush (self->pass, ok ? error : NULL) && ok;
}
