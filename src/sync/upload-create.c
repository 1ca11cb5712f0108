/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Creates to which the server gives the id.
 *
 * A conditional create is no protection against two requests at once on any server, and some do not know it: a
 * create that was tried before is searched for first, and after each one it is looked whether there are two. Then
 * the one that comes first by id is ours and the other is told, never deleted. A record that refers to one without
 * its final id is not sent. */

#include "sync/upload-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

gboolean
rounds_upload_wants_post (const RoundsOutboxItem *item, int status, const char *outcome, gboolean *always)
{
  /* What HAPI, Medplum, Google and Azure say, in small letters. */
  static const char *const words[] = { "client-assigned", "client assigned", "may only assign", "update-as-create",
                                       "updatecreate", "update_create", "upsert", "can not create resource with id" };
  g_autofree char *low = outcome != NULL ? g_ascii_strdown (outcome, -1) : NULL;
  guint i;

  *always = status == 404 || status == 405;
  if (!rounds_upload_is_create (item))
    return FALSE;
  if (*always)
    return TRUE;
  for (i = 0; (status == 400 || status == 403 || status == 422) && low != NULL && i < G_N_ELEMENTS (words); i++)
    if (strstr (low, words[i]) != NULL)
      return TRUE;
  return FALSE;
}

static const char *
id_of (const RoundsRemote *remote)
{
  return rounds_json_peek_string (remote->resource, "id");
}

/* Found by its mark: the first is the one. */
static gboolean
settle_found (RoundsUpload *self, RoundsOutboxItem *item, GPtrArray *found, GError **error)
{
  RoundsRemote *first = found->pdata[0];

  if (found->len > 1)
    rounds_pass_note (self->pass,
                      g_strdup_printf (_("The cloud has made %s/%s more than once (also as %s); the others are there still"),
                                       item->type, id_of (first), id_of (found->pdata[1])));
  return rounds_pass_settle_created (self->pass, item, 200, id_of (first), first, &self->again, error);
}

/* What stands there under the id that was told. Waits when it is not shown. */
static gboolean
settle_told (RoundsUpload *self, RoundsOutboxItem *item, const char *id, int status, RoundsRemote *remote,
             GError **error)
{
  RoundsRemote *read = NULL;
  gboolean ok;

  if (id != NULL && remote->resource == NULL)
    {
      read = rounds_pass_read_id (self->pass, item->type, id, error);
      if (read == NULL)
        return FALSE;
      remote = read;
    }
  if (id != NULL && remote->resource != NULL)
    ok = rounds_pass_settle_created (self->pass, item, status, id, remote, &self->again, error);
  else
    {
      const char *reason = _("The cloud said it took this, but does not show it");

      rounds_pass_trouble (self->pass, reason);
      rounds_upload_remember_failed (self, item);
      ok = rounds_store_outbox_set_state (self->pass->store, item, "pending", status, reason, 0, error);
    }
  rounds_remote_free (read);
  return ok;
}

static gboolean
answer_post (RoundsUpload *self, RoundsOutboxItem *item, RoundsExchange *exchange, const char *id, GError **error)
{
  RoundsOutboxItem *items[] = { item };
  g_autoptr (GPtrArray) found = NULL;
  int status = exchange->status;

  if (status == 401 || status == 429 || status == 503)
    return rounds_upload_stop (self, items, 1, exchange, error);
  if (status >= 500 && status != 501)
    return rounds_upload_after_error (self, item, exchange, error);
  if ((status < 200 || status >= 300) && status != 412 && status != 409)
    return rounds_upload_refuse (self, item, status, exchange->outcome, error);
  found = rounds_pass_find_marked (self->pass, item, error);
  if (found == NULL)
    return FALSE;
  /* A search may be behind; what the answer says is then all there is. */
  if (found->len > 0)
    return settle_found (self, item, found, error);
  if (status == 412 || status == 409)
    return rounds_upload_refuse (self, item, status, exchange->outcome, error);
  return settle_told (self, item, id, status, exchange->entries->pdata[0], error);
}

static gboolean
post (RoundsUpload *self, RoundsOutboxItem *item, GError **error)
{
  RoundsOutboxItem *items[] = { item };
  g_auto (RoundsExchange) exchange = { 0 };
  g_autofree char *request = g_uuid_string_random ();
  g_autofree char *id = NULL;
  GError *local = NULL;
  guint n_left;

  if (item->attempts > 0)
    {
      g_autoptr (GPtrArray) found = rounds_pass_find_marked (self->pass, item, error);

      if (found == NULL)
        return FALSE;
      if (found->len > 0)
        return settle_found (self, item, found, error);
    }
  if (!rounds_store_outbox_begin (self->pass->store, items, 1, request, error))
    return FALSE;
  if (!rounds_pass_post (self->pass, item, &exchange, &id, &local))
    {
      rounds_upload_remember_failed (self, item);
      return rounds_upload_transport_failed (self, items, 1, local, &n_left, error);
    }
  if (!answer_post (self, item, &exchange, id, error))
    return FALSE;
  if (exchange.status < 500)
    self->failures = 0;
  return TRUE;
}

/* Each points at the other's id, and neither has one yet. */
static gboolean
refuse_circle (RoundsUpload *self, RoundsOutboxItem *item, GError **error)
{
  return rounds_upload_refuse (self, item, 0,
                               _("This record and others refer to each other, and the cloud gives new records ids of its "
                                 "own: none of them can be the first"), error);
}

gboolean
rounds_upload_post_chunk (RoundsUpload *self, RoundsChunk *chunk, GError **error)
{
  guint i;

  for (i = 0; i < chunk->items->len; i++)
    {
      const RoundsOutboxItem *stale = chunk->items->pdata[i];
      guint component = g_array_index (chunk->component, guint, i);
      gboolean circle = (i > 0 && g_array_index (chunk->component, guint, i - 1) == component) ||
                        (i + 1 < chunk->items->len && g_array_index (chunk->component, guint, i + 1) == component);
      g_autoptr (GPtrArray) fresh = rounds_store_outbox_load (self->pass->store, &stale->rid, 1, error);
      RoundsOutboxItem *item;
      gboolean held, ok;

      if (fresh == NULL)
        return FALSE;
      item = fresh->len > 0 ? fresh->pdata[0] : NULL;
      if (item == NULL || g_strcmp0 (item->state, "pending") != 0)
        {
          rounds_upload_step (self, 1);
          continue;
        }
      if (!rounds_upload_hold_back (self, item, &held, error))
        return FALSE;
      if (held)
        continue;
      if (item->depends_on != NULL && item->depends_on[0] != NULL && circle)
        ok = refuse_circle (self, item, error);
      else if (item->depends_on != NULL && item->depends_on[0] != NULL)
        {
          /* Made while this went on: it goes in the next round. */
          rounds_upload_remember_failed (self, item);
          self->again = ok = TRUE;
        }
      else if (rounds_upload_is_create (item))
        ok = post (self, item, error);
      else
        {
          ok = rounds_upload_send_single (self, item, error);
          self->done--;
        }
      if (!ok)
        return FALSE;
      rounds_upload_step (self, 1);
    }
  return TRUE;
}

gboolean
rounds_upload_post_one (RoundsUpload *self, RoundsOutboxItem *item, GError **error)
{
  RoundsChunk chunk = { g_ptr_array_new (), g_array_new (FALSE, TRUE, sizeof (guint)) };
  g_autoptr (GPtrArray) items = chunk.items;
  g_autoptr (GArray) component = chunk.component;

  g_ptr_array_add (items, item);
  g_array_set_size (component, 1);
  self->done--;   /* counted by who sends it alone */
  return rounds_upload_post_chunk (self, &chunk, error);
}
