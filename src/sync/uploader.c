/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sending what waits.
 *
 * Changes go in the order of their references, many in one transaction where the server has those, and never
 * without looking first: a create may be there already (two workstations read the same file), a lost answer may
 * have been a success. The order is found from numbers; texts are read for the bundle that is next, so that a
 * hundred thousand changes need no more memory than a hundred. */

#include "sync/upload-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/instant.h"
#include "fhir/reference.h"
#include "sync/graph.h"

#define MAX_ROUNDS 4
#define SLICE 100
#define LIMITS_LAST_US ((gint64) 7 * 24 * 3600 * G_USEC_PER_SEC)

gboolean
rounds_upload_is_create (const RoundsOutboxItem *item)
{
  return g_strcmp0 (item->verb, "create") == 0;
}

gboolean
rounds_upload_is_delete (const RoundsOutboxItem *item)
{
  return g_strcmp0 (item->verb, "delete") == 0;
}

void
rounds_upload_step (RoundsUpload *self, guint n)
{
  self->done += n;
  if (self->pass->progress != NULL)
    self->pass->progress ("upload", MIN (self->done, self->total), self->total, self->pass->progress_data);
}

void
rounds_upload_remember_failed (RoundsUpload *self, const RoundsOutboxItem *item)
{
  if (rounds_upload_is_create (item))
    g_hash_table_add (self->failed, GSIZE_TO_POINTER ((gsize) item->rid));
}

gboolean
rounds_upload_refuse (RoundsUpload *self, const RoundsOutboxItem *item, int status, const char *outcome,
                      GError **error)
{
  rounds_upload_remember_failed (self, item);
  return rounds_pass_settle_refused (self->pass, item, status, outcome, error);
}

/* --- bundle limits that a server told by refusing ------------------------------------------------------- */

static void
load_limits (RoundsPass *pass)
{
  g_autofree char *scope = rounds_connection_scope_of (pass, "limits");
  g_autofree char *text = rounds_store_dup_cursor (pass->store, scope, NULL);
  g_autoptr (json_object) json = text != NULL ? rounds_json_parse (text, -1, NULL) : NULL;
  gint64 at = json_object_get_int64 (rounds_json_peek (json, "at_us"));
  int entries = json_object_get_int (rounds_json_peek (json, "entries"));
  gint64 bytes = json_object_get_int64 (rounds_json_peek (json, "bytes"));
  gint64 age = rounds_instant_now_us () - at;

  /* A server may be set up anew: it is tried again after a while, also when the clock was put back. */
  if (json == NULL || entries < 1 || bytes < 1 || age < 0 || age > LIMITS_LAST_US)
    return;
  pass->max_entries = MIN (pass->max_entries, (guint) entries);
  pass->max_bytes = MIN (pass->max_bytes, (gsize) bytes);
}

static void
save_limits (RoundsPass *pass)
{
  g_autofree char *scope = rounds_connection_scope_of (pass, "limits");
  g_autofree char *text = NULL;

  if (!pass->learned_limits)
    return;
  text = g_strdup_printf ("{\"entries\":%u,\"bytes\":%" G_GSIZE_FORMAT ",\"at_us\":%" G_GINT64_FORMAT "}",
                          pass->max_entries, pass->max_bytes, rounds_instant_now_us ());
  pass->learned_limits = FALSE;
  rounds_store_set_cursor (pass->store, scope, text, NULL);
}

/* --- creates and updates --------------------------------------------------------------------------------- */

static const RoundsOutboxEntry *
entry_at (RoundsOutboxIndex *index, GArray *nodes, guint node)
{
  return &g_array_index (index->entries, RoundsOutboxEntry, g_array_index (nodes, guint, node));
}

/* The order of these entries of the index, by their references. */
static RoundsSendOrder *
order_puts (RoundsOutboxIndex *index, GArray *puts)
{
  g_autoptr (GHashTable) node_of = g_hash_table_new (NULL, NULL);
  g_autoptr (GArray) first = g_array_sized_new (FALSE, FALSE, sizeof (guint), puts->len + 1);
  g_autoptr (GArray) edges = g_array_new (FALSE, FALSE, sizeof (guint));
  guint i, d;

  for (i = 0; i < puts->len; i++)
    g_hash_table_insert (node_of, GSIZE_TO_POINTER ((gsize) entry_at (index, puts, i)->rid), GUINT_TO_POINTER (i + 1));
  for (i = 0; i < puts->len; i++)
    {
      guint at = g_array_index (puts, guint, i);

      g_array_append_val (first, edges->len);
      for (d = g_array_index (index->first_dep, guint, at); d < g_array_index (index->first_dep, guint, at + 1); d++)
        {
          gsize rid = (gsize) g_array_index (index->deps, gint64, d);
          guint target = GPOINTER_TO_UINT (g_hash_table_lookup (node_of, GSIZE_TO_POINTER (rid)));

          if (target-- > 0)
            g_array_append_val (edges, target);
        }
    }
  g_array_append_val (first, edges->len);
  return rounds_send_order_new (puts->len, (const guint *) first->data, (const guint *) edges->data);
}

/* As many from `first` as fit into one bundle, circles whole. */
static guint
take_chunk (RoundsUpload *self, RoundsOutboxIndex *index, GArray *puts, RoundsSendOrder *order, guint first)
{
  guint i, end = first;
  gsize bytes = 0;

  for (i = first; i < order->nodes->len; i++)
    {
      bytes += entry_at (index, puts, g_array_index (order->nodes, guint, i))->n_bytes + 256;
      if (i > first && g_array_index (order->component, guint, i) != g_array_index (order->component, guint, i - 1))
        {
          end = i;
          if (i - first >= self->pass->max_entries || bytes > self->pass->max_bytes)
            return end - first;
        }
    }
  return order->nodes->len - first;
}

/* Reads the texts of a run. What somebody settled meanwhile is left out. */
static GPtrArray *
load_chunk (RoundsUpload *self, RoundsOutboxIndex *index, GArray *puts, RoundsSendOrder *order, guint first, guint n,
            RoundsChunk *chunk, GError **error)
{
  g_autofree gint64 *rids = g_new (gint64, n);
  GPtrArray *loaded;
  guint i, at = 0;

  for (i = 0; i < n; i++)
    rids[i] = entry_at (index, puts, g_array_index (order->nodes, guint, first + i))->rid;
  loaded = rounds_store_outbox_load (self->pass->store, rids, n, error);
  for (i = 0; loaded != NULL && i < n; i++)
    {
      RoundsOutboxItem *item = at < loaded->len ? loaded->pdata[at] : NULL;

      if (item == NULL || item->rid != rids[i])
        continue;
      at++;
      if (g_strcmp0 (item->state, "pending") == 0 && !rounds_upload_is_delete (item))
        {
          g_ptr_array_add (chunk->items, item);
          g_array_append_val (chunk->component, g_array_index (order->component, guint, first + i));
        }
      else
        rounds_upload_remember_failed (self, item);
    }
  return loaded;
}

/* The trial of a connection was refused, which may have been for its type alone: one create tells for all. */
static gboolean
try_one (RoundsUpload *self, RoundsChunk *chunk, GError **error)
{
  guint i;

  for (i = 0; self->trying && i < chunk->items->len; i++)
    if (rounds_upload_is_create (chunk->items->pdata[i]))
      {
        self->trying = FALSE;
        if (!rounds_upload_send_range (self, chunk, i, 1, error))
          return FALSE;
        g_ptr_array_remove_index (chunk->items, i);
        g_array_remove_index (chunk->component, i);
      }
  return TRUE;
}

static gboolean
send_chunk (RoundsUpload *self, RoundsChunk *chunk, GError **error)
{
  guint i;

  /* A FHIR id, but in an address it would walk up the path. */
  for (i = 0; i < chunk->items->len;)
    {
      RoundsOutboxItem *item = chunk->items->pdata[i];

      if (strspn (item->id, ".") < strlen (item->id))
        {
          i++;
          continue;
        }
      if (!rounds_upload_refuse (self, item, 0, _("An id of dots alone cannot be sent to any server"), error))
        return FALSE;
      g_ptr_array_remove_index (chunk->items, i);
      g_array_remove_index (chunk->component, i);
    }
  if (!rounds_upload_look_first (self, chunk, error) || !try_one (self, chunk, error))
    return FALSE;
  if (self->pass->profile->has_transaction && chunk->items->len > 1)
    return rounds_upload_send_range (self, chunk, 0, chunk->items->len, error);
  if (self->posts)
    return rounds_upload_post_chunk (self, chunk, error);
  for (i = 0; i < chunk->items->len; i++)
    if (!rounds_upload_send_range (self, chunk, i, 1, error))
      return FALSE;
  return TRUE;
}

static gboolean
send_puts (RoundsUpload *self, RoundsOutboxIndex *index, GArray *puts, GError **error)
{
  g_autoptr (RoundsSendOrder) order = order_puts (index, puts);
  guint first, n;

  for (first = 0; first < order->nodes->len; first += n)
    {
      RoundsChunk chunk = { g_ptr_array_new (), g_array_new (FALSE, FALSE, sizeof (guint)) };
      g_autoptr (GPtrArray) items = chunk.items;
      g_autoptr (GArray) component = chunk.component;
      g_autoptr (GPtrArray) loaded = NULL;

      n = take_chunk (self, index, puts, order, first);
      loaded = load_chunk (self, index, puts, order, first, n, &chunk, error);
      if (loaded == NULL || !send_chunk (self, &chunk, error))
        return FALSE;
    }
  return TRUE;
}

/* --- deletions ------------------------------------------------------------------------------------------- */

static GPtrArray *
load_slice (RoundsUpload *self, GArray *rids, guint first, GError **error)
{
  return rounds_store_outbox_load (self->pass->store, &g_array_index (rids, gint64, first),
                                   MIN (SLICE, rids->len - first), error);
}

/* What the server's versions of these refer to: key → node + 1, and refs by node (char **). */
static gboolean
read_delete_refs (RoundsUpload *self, GArray *rids, GHashTable *node_of, GPtrArray *refs, GArray *alive, GError **error)
{
  guint first, i;

  for (first = 0; first < rids->len; first += SLICE)
    {
      g_autoptr (GPtrArray) items = load_slice (self, rids, first, error);

      for (i = 0; items != NULL && i < items->len; i++)
        {
          RoundsOutboxItem *item = items->pdata[i];
          g_autoptr (json_object) base = item->base_json != NULL ? rounds_json_parse (item->base_json, -1, NULL) : NULL;

          g_array_append_val (alive, item->rid);
          g_hash_table_insert (node_of, g_strconcat (item->type, "/", item->id, NULL), GUINT_TO_POINTER (alive->len));
          g_ptr_array_add (refs, base != NULL ? rounds_reference_list (base) : g_new0 (char *, 1));
        }
      if (items == NULL)
        return FALSE;
    }
  return TRUE;
}

/* What points goes before what is pointed at. Array of gint64 rid. */
static GArray *
order_deletes (RoundsUpload *self, GArray *rids, GError **error)
{
  g_autoptr (GHashTable) node_of = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) refs = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  g_autoptr (GArray) alive = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) first = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (GArray) edges = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (RoundsSendOrder) order = NULL;
  GArray *sorted;
  guint i, r;

  if (!read_delete_refs (self, rids, node_of, refs, alive, error))
    return NULL;
  for (i = 0; i < alive->len; i++)
    {
      char **list = refs->pdata[i];

      g_array_append_val (first, edges->len);
      for (r = 0; list[r] != NULL; r++)
        {
          guint target = GPOINTER_TO_UINT (g_hash_table_lookup (node_of, list[r]));

          if (target-- > 0)
            g_array_append_val (edges, target);
        }
    }
  g_array_append_val (first, edges->len);
  order = rounds_send_order_new (alive->len, (const guint *) first->data, (const guint *) edges->data);
  sorted = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (i = order->nodes->len; i > 0; i--)
    g_array_append_val (sorted, g_array_index (alive, gint64, g_array_index (order->nodes, guint, i - 1)));
  return sorted;
}

static gboolean
send_deletes (RoundsUpload *self, GArray *rids, GError **error)
{
  g_autoptr (GArray) sorted = order_deletes (self, rids, error);
  guint first, i;

  for (first = 0; sorted != NULL && first < sorted->len; first += SLICE)
    {
      g_autoptr (GPtrArray) items = load_slice (self, sorted, first, error);
      RoundsChunk chunk = { g_ptr_array_new (), g_array_new (FALSE, TRUE, sizeof (guint)) };
      g_autoptr (GPtrArray) chunk_items = chunk.items;
      g_autoptr (GArray) component = chunk.component;

      for (i = 0; items != NULL && i < items->len; i++)
        {
          RoundsOutboxItem *item = items->pdata[i];

          if (g_strcmp0 (item->state, "pending") == 0 && rounds_upload_is_delete (item))
            g_ptr_array_add (chunk_items, item);
        }
      g_array_set_size (component, chunk_items->len);
      if (items == NULL || !rounds_upload_look_first (self, &chunk, error))
        return FALSE;
      for (i = 0; i < chunk_items->len; i++)
        if (!rounds_upload_send_single (self, chunk_items->pdata[i], error))
          return FALSE;
    }
  return sorted != NULL;
}

/* --- one round over all that waits ---------------------------------------------------------------------- */

static gboolean
is_due (RoundsPass *pass, const RoundsOutboxEntry *entry)
{
  gint64 wait = entry->next_at_us - rounds_instant_now_us ();

  /* A clock that was put back must not keep a change for years. */
  return pass->once || wait <= 0 || wait > (gint64) 3600 * G_USEC_PER_SEC;
}

static gboolean
verify_unknown (RoundsUpload *self, GArray *rids, GError **error)
{
  guint first, n_left;

  for (first = 0; first < rids->len; first += SLICE)
    {
      g_autoptr (GPtrArray) items = load_slice (self, rids, first, error);

      if (items == NULL ||
          !rounds_upload_verify (self, (RoundsOutboxItem **) items->pdata, items->len, &n_left, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
run_round (RoundsUpload *self, GError **error)
{
  g_autoptr (RoundsOutboxIndex) index = rounds_store_outbox_index (self->pass->store, error);
  g_autoptr (GArray) puts = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (GArray) deletes = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) unknown = g_array_new (FALSE, FALSE, sizeof (gint64));
  guint i;

  if (index == NULL)
    return FALSE;
  self->again = FALSE;
  self->done = 0;
  for (i = 0; i < index->entries->len; i++)
    {
      const RoundsOutboxEntry *entry = &g_array_index (index->entries, RoundsOutboxEntry, i);
      gboolean pending = g_strcmp0 (entry->state, "pending") == 0;

      if (pending && is_due (self->pass, entry))
        {
          if (entry->is_delete)
            g_array_append_val (deletes, entry->rid);
          else
            g_array_append_val (puts, i);
          continue;
        }
      if (g_strcmp0 (entry->state, "inflight") == 0 || g_strcmp0 (entry->state, "unknown") == 0 ||
          g_strcmp0 (entry->state, "verify") == 0)
        g_array_append_val (unknown, entry->rid);
      else
        {
          self->pass->incomplete |= pending;
          g_hash_table_add (self->failed, GSIZE_TO_POINTER ((gsize) entry->rid));
        }
    }
  self->total = unknown->len + puts->len + deletes->len;
  return verify_unknown (self, unknown, error) && send_puts (self, index, puts, error) &&
         send_deletes (self, deletes, error);
}

gboolean
rounds_pass_upload (RoundsPass *pass, GError **error)
{
  RoundsUpload self = { .pass = pass, .trying = !pass->profile->update_create };
  gboolean ok;
  guint round;

  load_limits (pass);
  ok = rounds_pass_check_server (pass, error);
  for (round = 0; ok && round < MAX_ROUNDS && (round == 0 || self.again); round++)
    {
      self.failed = g_hash_table_new (NULL, NULL);
      ok = run_round (&self, error);
      g_hash_table_unref (self.failed);
    }
  pass->incomplete |= self.again;
  if (pass->n_shortened > 0)
    rounds_pass_note (pass,
                      g_strdup_printf (ngettext ("The cloud keeps numbers of %u record with fewer digits than were written "
                                                 "(37 for 37.0); here they stay as they were written",
                                                 "The cloud keeps numbers of %u records with fewer digits than were written "
                                                 "(37 for 37.0); here they stay as they were written",
                                                 pass->n_shortened), pass->n_shortened));
  save_limits (pass);
  return ok;
}
