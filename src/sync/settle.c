/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an answer of the server means for a change that waited.
 *
 * Merging is the store's: what the server has goes in as a download, so that it meets the text as it is at that
 * moment, also when a person typed while the request was under way. What a server left out of a record is no
 * success: the record keeps what was written here, and the change waits, shown, for a person. */

#include "sync/pass.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/instant.h"
#include "fhir/digits.h"
#include "fhir/merge.h"
#include "sync/compare.h"

#define FIRST_WAIT_US (5 * G_USEC_PER_SEC)
#define MAX_BEHIND 3               /* attempts at which a server that shows the old version is thought behind */
#define LONGEST_WAIT_US (15 * 60 * G_USEC_PER_SEC)

gint64
rounds_backoff_us (guint attempts, gint64 base_us, gint64 cap_us)
{
  gint64 most = base_us;

  while (attempts-- > 0 && most < cap_us)
    most *= 2;
  return (gint64) (g_random_double () * (double) MIN (most, cap_us));
}

/* The same number with fewer digits is no other finding; ours say how finely it was measured, and stay. lost: not
 * all of it came back, so that places may have moved. */
static void
keep_our_digits (RoundsPass *self, json_object *mine, json_object *theirs, gboolean lost)
{
  if (rounds_json_keep_digits (mine, theirs, !lost) > 0)
    self->n_shortened++;
}

gboolean
rounds_pass_settle_refused (RoundsPass *self, const RoundsOutboxItem *item, int status, const char *outcome,
                            GError **error)
{
  return rounds_store_outbox_quarantine (self->store, item, status, outcome, error);
}

static gboolean
wait_for_later (RoundsPass *self, const RoundsOutboxItem *item, int status, const char *reason, RoundsSettled *out,
                GError **error)
{
  gint64 next = rounds_instant_now_us () + rounds_backoff_us (item->attempts, FIRST_WAIT_US, LONGEST_WAIT_US);

  *out = ROUNDS_SETTLED_LATER;
  rounds_pass_trouble (self, reason);
  return rounds_store_outbox_set_state (self->store, item, "pending", status, reason, next, error);
}

/* --- acknowledgements ------------------------------------------------------------------------------ */

typedef struct {
  const RoundsOutboxItem *item;
  char *version, *text;
  int status;
} Ack;

static void
ack_free (gpointer data)
{
  Ack *self = data;

  g_free (self->version);
  g_free (self->text);
  g_free (self);
}

void
rounds_pass_collect (RoundsPass *self)
{
  g_return_if_fail (self->acks == NULL);

  self->acks = g_ptr_array_new_with_free_func (ack_free);
}

static gboolean
acknowledge_each (RoundsPass *self, GPtrArray *acks, GError **error)
{
  guint i;

  for (i = 0; i < acks->len; i++)
    {
      Ack *ack = acks->pdata[i];

      if (!rounds_store_outbox_ack (self->store, ack->item, ack->version, ack->text, ack->status, error))
        return FALSE;
      self->report->pushed++;
    }
  return TRUE;
}

gboolean
rounds_pass_flush (RoundsPass *self, GError **error)
{
  g_autoptr (GPtrArray) acks = g_steal_pointer (&self->acks);
  g_autofree RoundsOutboxAck *list = g_new0 (RoundsOutboxAck, acks->len + 1);
  guint i;

  for (i = 0; i < acks->len; i++)
    {
      Ack *ack = acks->pdata[i];

      list[i] = (RoundsOutboxAck){ ack->item, ack->version, ack->text, ack->status };
    }
  /* One that the store cannot take must not hold up the others. */
  if (!rounds_store_outbox_ack_many (self->store, list, acks->len, NULL))
    return acknowledge_each (self, acks, error);
  self->report->pushed += acks->len;
  return TRUE;
}

static gboolean
acknowledge (RoundsPass *self, const RoundsOutboxItem *item, const char *version, json_object *resource, int status,
             GError **error)
{
  g_autofree char *text = resource != NULL ? rounds_json_print (resource) : NULL;

  if (self->acks != NULL)
    {
      Ack *ack = g_new (Ack, 1);

      *ack = (Ack){ item, g_strdup (version), g_steal_pointer (&text), status };
      g_ptr_array_add (self->acks, ack);
      return TRUE;
    }
  if (!rounds_store_outbox_ack (self->store, item, version, text, status, error))
    return FALSE;
  self->report->pushed++;
  return TRUE;
}

/* --- answers ------------------------------------------------------------------------------------------ */

/* The server took the record but not all of it: its version is the new base, ours stays, and waits shown. */
static gboolean
keep_what_was_dropped (RoundsPass *self, const RoundsOutboxItem *item, int status, const RoundsRemote *remote,
                       GPtrArray *lost, GError **error)
{
  g_autofree char *paths = rounds_compare_describe (lost, 5);
  g_autofree char *reason = g_strdup_printf (_("The cloud did not keep: %s"), paths);
  g_autofree char *theirs = rounds_json_print (remote->resource);
  g_autoptr (RoundsRecord) now = rounds_store_get (self->store, item->type, item->id, error);
  RoundsOutboxItem all = *item;

  if (now == NULL || !rounds_store_rebase (self->store, item->type, item->id, theirs, remote->version, now->json, error))
    return FALSE;
  all.seq = G_MAXINT64;   /* the row that the rebase made */
  return rounds_store_outbox_quarantine (self->store, &all, status, reason, error);
}

gboolean
rounds_pass_settle_accepted (RoundsPass *self, const RoundsOutboxItem *item, int status, RoundsRemote *remote,
                             GError **error)
{
  g_autoptr (GPtrArray) read = NULL;
  g_autoptr (GPtrArray) lost = NULL;
  g_autoptr (json_object) mine = NULL;
  RoundsSettled ignored;

  if (g_strcmp0 (item->verb, "delete") == 0)
    return acknowledge (self, item, remote != NULL ? remote->version : NULL, NULL, status, error);
  if (remote == NULL || remote->resource == NULL || remote->version == NULL)
    {
      RoundsOutboxItem *items[] = { (RoundsOutboxItem *) item };

      read = rounds_pass_read_many (self, items, 1, error);
      if (read == NULL)
        return FALSE;
      remote = read->pdata[0];
      if (remote->status != 200 || remote->resource == NULL)
        return wait_for_later (self, item, remote->status, _("The cloud said it took this, but does not show it"),
                               &ignored, error);
    }
  mine = rounds_json_parse (item->json, -1, error);
  if (mine == NULL)
    return FALSE;
  lost = rounds_compare_kept (mine, remote->resource);
  /* It is still what was there before: a copy of the server that is behind, rather than a loss. */
  if (lost->len > 0 && item->attempts < MAX_BEHIND && item->base_version != NULL &&
      g_strcmp0 (remote->version, item->base_version) == 0)
    return wait_for_later (self, item, status, _("The cloud said it took this, but does not show it"), &ignored, error);
  keep_our_digits (self, mine, remote->resource, lost->len > 0);
  if (lost->len > 0)
    return keep_what_was_dropped (self, item, status, remote, lost, error);
  return acknowledge (self, item, remote->version, remote->resource, status, error);
}

/* An earlier attempt did arrive, and the record was edited here since. *merged = what is to be on top of it now;
 * NULL when no version of ours is what stands there. */
static json_object *
merge_later_edits (RoundsPass *self, const char *type, const char *id, json_object *theirs)
{
  g_autoptr (GPtrArray) versions = rounds_store_history (self->store, type, id, NULL);
  g_autoptr (RoundsRecord) now = rounds_store_get (self->store, type, id, NULL);
  g_autoptr (json_object) mine = now != NULL ? rounds_record_parse (now) : NULL;
  json_object *merged = NULL;
  guint i;

  for (i = 0; mine != NULL && versions != NULL && i < versions->len; i++)
    {
      g_autoptr (json_object) sent = rounds_record_parse (versions->pdata[i]);
      g_autoptr (GPtrArray) lost = NULL;

      if (sent == NULL)
        continue;
      json_object_object_add (sent, "id", json_object_new_string (id));
      lost = rounds_compare_kept (sent, theirs);
      if (lost->len > 0)
        continue;
      rounds_json_keep_digits (sent, theirs, TRUE);
      if (rounds_merge_three_way (sent, mine, theirs, &merged, NULL))
        return merged;
      g_clear_pointer (&merged, json_object_put);
    }
  return NULL;
}

/* The record has its new id; what stands there is not all that was sent. */
static gboolean
settle_difference (RoundsPass *self, const RoundsOutboxItem *renamed, int status, const RoundsRemote *remote,
                   GPtrArray *lost, gboolean *again, GError **error)
{
  g_autoptr (json_object) merged = merge_later_edits (self, renamed->type, renamed->id, remote->resource);
  g_autofree char *theirs = NULL, *text = NULL;

  if (merged == NULL)
    return keep_what_was_dropped (self, renamed, status, remote, lost, error);
  theirs = rounds_json_print (remote->resource);
  text = rounds_json_print (merged);
  *again = TRUE;
  self->report->pushed++;
  return rounds_store_rebase (self->store, renamed->type, renamed->id, theirs, remote->version, text, error);
}

gboolean
rounds_pass_settle_created (RoundsPass *self, const RoundsOutboxItem *item, int status, const char *id,
                            const RoundsRemote *remote, gboolean *again, GError **error)
{
  g_autoptr (json_object) mine = rounds_json_parse (item->json, -1, error);
  g_autoptr (GPtrArray) lost = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) local = NULL;
  RoundsOutboxItem renamed = *item;

  if (mine == NULL)
    return FALSE;
  json_object_object_add (mine, "id", json_object_new_string (id));
  lost = rounds_compare_kept (mine, remote->resource);
  /* Whose record is it? An id out of the air must never put our change into somebody else's. */
  if (lost->len > 0 && !rounds_mark_is_in (remote->resource, item->first_uuid))
    return rounds_pass_settle_refused (self, item, status, _("The cloud answered with another record than was sent"),
                                       error);
  keep_our_digits (self, mine, remote->resource, lost->len > 0);
  text = rounds_json_print (remote->resource);
  renamed.id = (char *) id;
  if (lost->len > 0)
    {
      if (rounds_store_rename (self->store, item->type, item->id, id, &local))
        return settle_difference (self, &renamed, status, remote, lost, again, error);
    }
  else if (rounds_store_outbox_ack_created (self->store, item, id, remote->version, text, status, &local))
    {
      self->report->pushed++;
      return TRUE;
    }
  if (g_error_matches (local, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID))
    return rounds_pass_settle_refused (self, item, status, local->message, error);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* Gives the store what the server has; it merges, or keeps both as a conflict. */
static gboolean
meet (RoundsPass *self, const RoundsOutboxItem *item, const RoundsRemote *remote, RoundsSettled *out, GError **error)
{
  g_autofree char *text = remote->resource != NULL ? rounds_json_print (remote->resource) : NULL;
  RoundsDownload download = { item->type, item->id, remote->version, text, remote->last_updated_us };
  guint n_new = 0, n_conflicts = 0;

  if (!rounds_store_outbox_set_state (self->store, item, "pending", remote->status, NULL, 0, error) ||
      !rounds_store_download_page (self->store, &download, 1, NULL, NULL, &n_new, &n_conflicts, error))
    return FALSE;
  self->report->pulled += text != NULL ? n_new : 0;
  if (n_conflicts > 0)
    *out = ROUNDS_SETTLED;
  else if (n_new > 0)
    *out = ROUNDS_SETTLED_AGAIN;
  else
    {
      /* Neither new nor the same: its clock or its versions went back. Nothing is decided without a person. */
      RoundsConflict conflict = { .type = item->type, .id = item->id, .base = item->base_json, .mine = item->json,
                                  .theirs = text, .theirs_version = remote->version, .status = (char *) "restored" };

      *out = ROUNDS_SETTLED;
      return rounds_store_conflict_record (self->store, &conflict, error);
    }
  return TRUE;
}

static gboolean
record_deleted (RoundsPass *self, const RoundsOutboxItem *item, const RoundsRemote *remote, GError **error)
{
  RoundsConflict conflict = { .type = item->type, .id = item->id, .mine = item->json, .status = (char *) "open",
                              .theirs_version = remote->version != NULL ? remote->version : (char *) "deleted" };

  return rounds_store_conflict_record (self->store, &conflict, error);
}

static gboolean
settle_delete (RoundsPass *self, const RoundsOutboxItem *item, const RoundsRemote *remote, RoundsSettled *out,
               GError **error)
{
  g_autoptr (json_object) base = NULL;

  *out = ROUNDS_SETTLED;
  if (remote->status == 404 || remote->status == 410)
    return acknowledge (self, item, remote->version, NULL, remote->status, error);
  base = item->base_json != NULL ? rounds_json_parse (item->base_json, -1, NULL) : NULL;
  if (g_strcmp0 (remote->version, item->base_version) != 0 && !rounds_compare_same_content (base, remote->resource))
    return meet (self, item, remote, out, error);
  *out = ROUNDS_SETTLED_AGAIN;
  return TRUE;
}

/* Whether what would be sent is what stands there. On the version that it was written on top of, digits count too:
 * they may be all that was changed. */
static gboolean
is_there (RoundsPass *self, const RoundsOutboxItem *item, const RoundsRemote *remote, gboolean untouched)
{
  g_autoptr (json_object) mine = rounds_json_parse (item->json, -1, NULL);
  g_autoptr (json_object) base = untouched && item->base_json != NULL ? rounds_json_parse (item->base_json, -1, NULL)
                                                                      : NULL;

  if (mine == NULL || !rounds_compare_same_content (mine, remote->resource))
    return FALSE;
  if (base != NULL && rounds_json_keep_digits (base, mine, TRUE) > 0)
    return FALSE;
  keep_our_digits (self, mine, remote->resource, FALSE);
  return TRUE;
}

gboolean
rounds_pass_settle_read (RoundsPass *self, const RoundsOutboxItem *item, const RoundsRemote *remote,
                         gboolean was_unknown, RoundsSettled *out, GError **error)
{
  gboolean gone = remote->status == 404 || remote->status == 410;
  gboolean is_create = g_strcmp0 (item->verb, "create") == 0;
  gboolean untouched;

  *out = ROUNDS_SETTLED;
  if (!gone && (remote->status != 200 || remote->resource == NULL))
    {
      if (remote->status == 403)
        return rounds_pass_settle_refused (self, item, 403, remote->outcome, error);
      return wait_for_later (self, item, remote->status, remote->outcome, out, error);
    }
  if (g_strcmp0 (item->verb, "delete") == 0)
    {
      if (!settle_delete (self, item, remote, out, error))
        return FALSE;
      /* Not there yet what was asked for: the deletion never arrived, or is still to be sent. */
      if (*out == ROUNDS_SETTLED_AGAIN && was_unknown)
        return rounds_store_outbox_set_state (self->store, item, "pending", 0, NULL, 0, error);
      return TRUE;
    }
  if (gone && is_create)
    {
      /* 410 on what we never had there: somebody deleted it, and it does not come back unasked. Our own deletion
       * that was taken back has a version and goes. */
      if (remote->status == 410 && item->base_version == NULL)
        return record_deleted (self, item, remote, error);
      *out = ROUNDS_SETTLED_AGAIN;
      return !was_unknown || rounds_store_outbox_set_state (self->store, item, "pending", 0, NULL, 0, error);
    }
  if (gone)
    return meet (self, item, remote, out, error);
  untouched = !is_create && item->base_version != NULL && g_strcmp0 (remote->version, item->base_version) == 0;
  if (is_there (self, item, remote, untouched))
    return acknowledge (self, item, remote->version, remote->resource, 200, error);
  if (untouched)
    {
      *out = ROUNDS_SETTLED_AGAIN;
      return !was_unknown || rounds_store_outbox_set_state (self->store, item, "pending", 0, NULL, 0, error);
    }
  return meet (self, item, remote, out, error);
}
