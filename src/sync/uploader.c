/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sending what waits.
 *
 * Changes go in the order of their references, many in one transaction where the server has those, and never
 * without looking first: a create may be there already (two workstations read the same file), a lost answer may
 * have been a success. A transaction that fails does not say which entry was wrong; it is cut in halves until
 * the one is found, and all others go through. Circles of references are never cut. */

#include "sync/pass.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/instant.h"
#include "sync/graph.h"

#define MAX_ROUNDS 4
#define MAX_FAILURES_IN_A_ROW 4   /* 5xx of single records: the server is ill, not the records */

typedef struct {
  RoundsPass *pass;
  GHashTable *failed;      /* "TYPE/ID" of creates that did not get there */
  guint failures;
  guint done, total;
  gboolean again;          /* something is pending on a new base */
} Upload;

/* A run of items that may be sent together: items[first … first+n). */
typedef struct {
  GPtrArray *items;        /* RoundsOutboxItem, borrowed */
  GArray *component;
} Chunk;

static gboolean send_range (Upload *self, Chunk *chunk, guint first, guint n, GError **error);

static gboolean
is_create (const RoundsOutboxItem *item)
{
  return g_strcmp0 (item->verb, "create") == 0;
}

static gboolean
is_delete (const RoundsOutboxItem *item)
{
  return g_strcmp0 (item->verb, "delete") == 0;
}

static void
step (Upload *self, guint n)
{
  self->done += n;
  if (self->pass->progress != NULL)
    self->pass->progress ("upload", MIN (self->done, self->total), self->total, self->pass->progress_data);
}

static void
remember_failed (Upload *self, const RoundsOutboxItem *item)
{
  if (is_create (item))
    g_hash_table_add (self->failed, g_strconcat (item->type, "/", item->id, NULL));
}

static gboolean
refuse (Upload *self, const RoundsOutboxItem *item, int status, const char *outcome, GError **error)
{
  remember_failed (self, item);
  return rounds_pass_settle_refused (self->pass, item, status, outcome, error);
}

static gboolean
set_all (Upload *self, RoundsOutboxItem *const *items, guint n, const char *state, int status, const char *reason,
         GError **error)
{
  guint i;

  for (i = 0; i < n; i++)
    if (!rounds_store_outbox_set_state (self->pass->store, items[i], state, status, reason, 0, error))
      return FALSE;
  return TRUE;
}

/* The server asks for patience, or does not know us: everything stays, and the pass ends. */
static gboolean
stop (Upload *self, RoundsOutboxItem *const *items, guint n, const RoundsExchange *exchange, GError **error)
{
  gboolean sign_in = exchange->status == 401;

  if (!set_all (self, items, n, "pending", exchange->status, exchange->outcome, error))
    return FALSE;
  if (!sign_in)
    self->pass->retry_after_us = MAX (exchange->retry_after_us, 0);
  g_set_error (error, ROUNDS_CLOUD_ERROR, sign_in ? ROUNDS_CLOUD_ERROR_SIGN_IN : ROUNDS_CLOUD_ERROR_THROTTLED, "%s",
               exchange->outcome);
  return FALSE;
}

/* Nobody knows whether these arrived: look, before anything is sent again. *n_left = those that did not. */
static gboolean
verify (Upload *self, RoundsOutboxItem *const *items, guint n, guint *n_left, GError **error)
{
  g_autoptr (GPtrArray) remotes = rounds_pass_read_many (self->pass, items, n, error);
  gboolean ok = remotes != NULL;
  guint i;

  *n_left = 0;
  if (!ok)
    return FALSE;
  rounds_pass_collect (self->pass);
  for (i = 0; ok && i < n; i++)
    {
      RoundsSettled settled = ROUNDS_SETTLED;

      ok = rounds_pass_settle_read (self->pass, items[i], remotes->pdata[i], TRUE, &settled, error);
      if (settled == ROUNDS_SETTLED_AGAIN)
        (*n_left)++;
      else
        step (self, 1);
    }
  self->again |= *n_left > 0;
  return rounds_pass_flush (self->pass, ok ? error : NULL) && ok;
}

/* The connection broke, or the server did (5xx), after the request went out. */
static gboolean
recover (Upload *self, RoundsOutboxItem *const *items, guint n, int status, const char *reason, guint *n_left,
         GError **error)
{
  *n_left = 0;
  return set_all (self, items, n, "unknown", status, reason, error) && verify (self, items, n, n_left, error);
}

/* After a transport error: FALSE with the error, the items in a state that says what is known of them. */
static gboolean
transport_failed (Upload *self, RoundsOutboxItem *const *items, guint n, GError *local, guint *n_left, GError **error)
{
  gboolean unknown = g_error_matches (local, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_INTERRUPTED) ||
                     g_error_matches (local, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_PROTOCOL) ||
                     g_error_matches (local, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_LIMIT) ||
                     g_error_matches (local, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  GError *second = NULL;

  *n_left = 0;
  if (!unknown)
    {
      if (!set_all (self, items, n, "pending", 0, NULL, &second))
        g_clear_error (&second);
    }
  else if (g_error_matches (local, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      if (!set_all (self, items, n, "unknown", 0, NULL, &second))
        g_clear_error (&second);
    }
  else if (recover (self, items, n, 0, local->message, n_left, &second))
    {
      /* What got lost is known again; what did not arrive goes once more, in smaller pieces. */
      self->pass->max_entries = MAX (self->pass->max_entries / 2, 1);
      if (++self->failures < MAX_FAILURES_IN_A_ROW)
        {
          g_error_free (local);
          return TRUE;
        }
    }
  else
    g_clear_error (&second);
  g_propagate_error (error, local);
  return FALSE;
}

/* --- one record ------------------------------------------------------------------------------------- */

static gboolean
answer_one (Upload *self, RoundsOutboxItem *item, RoundsExchange *exchange, GError **error)
{
  RoundsOutboxItem *items[] = { item };
  g_autoptr (GPtrArray) remotes = NULL;
  RoundsRemote *remote;
  RoundsSettled settled;
  guint n_left;
  int status = exchange->status;

  if (status >= 200 && status < 300)
    return rounds_pass_settle_accepted (self->pass, item, status, exchange->entries->pdata[0], error);
  if (status == 401 || status == 429 || status == 503)
    return stop (self, items, 1, exchange, error);
  if (status >= 500 && status != 501)
    {
      gboolean again = self->again;

      if (!recover (self, items, 1, status, exchange->outcome, &n_left, error))
        return FALSE;
      self->again = again;
      if (n_left == 0)
        return TRUE;
      /* Not there: it waits, alone; many of them in a row are the server's trouble. */
      rounds_pass_trouble (self->pass, exchange->outcome);
      if (!rounds_store_outbox_set_state (self->pass->store, item, "pending", status, exchange->outcome,
                                          rounds_instant_now_us () +
                                            rounds_backoff_us (item->attempts, 5 * G_USEC_PER_SEC,
                                                               900 * G_USEC_PER_SEC),
                                          error))
        return FALSE;
      remember_failed (self, item);
      if (++self->failures < MAX_FAILURES_IN_A_ROW)
        return TRUE;
      g_set_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_STATUS, "%s", exchange->outcome);
      return FALSE;
    }
  if (status != 409 && status != 412 && status != 404 && status != 410)
    return refuse (self, item, status, exchange->outcome, error);

  remotes = rounds_pass_read_many (self->pass, items, 1, error);
  if (remotes == NULL)
    return FALSE;
  remote = remotes->pdata[0];
  if (!rounds_pass_settle_read (self->pass, item, remote, FALSE, &settled, error))
    return FALSE;
  if (settled != ROUNDS_SETTLED_AGAIN)
    return TRUE;
  /* Refused although nothing newer is there: the reason is another one. */
  if (is_create (item) || is_delete (item) || g_strcmp0 (remote->version, item->base_version) == 0)
    return refuse (self, item, status, exchange->outcome, error);
  self->again = TRUE;
  return TRUE;
}

static gboolean
send_single (Upload *self, RoundsOutboxItem *item, GError **error)
{
  RoundsOutboxItem *items[] = { item };
  g_auto (RoundsExchange) exchange = { 0 };
  g_autofree char *request = g_uuid_string_random ();
  GError *local = NULL;
  guint n_left;

  if (!rounds_store_outbox_begin (self->pass->store, items, 1, request, error))
    return FALSE;
  if (!rounds_pass_send_one (self->pass, item, &exchange, &local))
    return transport_failed (self, items, 1, local, &n_left, error);
  if (!answer_one (self, item, &exchange, error))
    return FALSE;
  if (exchange.status < 500)
    self->failures = 0;
  step (self, 1);
  return TRUE;
}

/* --- many -------------------------------------------------------------------------------------------- */

/* Where to cut: the boundary of circles nearest to the middle, 0 when it is one circle. */
static guint
find_cut (Chunk *chunk, guint first, guint n)
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
send_halves (Upload *self, Chunk *chunk, guint first, guint n, const RoundsExchange *exchange, GError **error)
{
  guint cut = find_cut (chunk, first, n), i;

  if (cut > 0)
    return send_range (self, chunk, first, cut, error) && send_range (self, chunk, first + cut, n - cut, error);
  for (i = 0; i < n; i++)
    if (!refuse (self, chunk->items->pdata[first + i], exchange->status, exchange->outcome, error))
      return FALSE;
  step (self, n);
  return TRUE;
}

static gboolean
accept_all (Upload *self, RoundsOutboxItem *const *items, guint n, RoundsExchange *exchange, GError **error)
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
      step (self, 1);
    }
  self->failures = 0;
  return rounds_pass_flush (self->pass, ok ? error : NULL) && ok;
}

/* Somebody changed some of these since: settle those, send the others. TRUE in *found when there were any. */
static gboolean
settle_stale (Upload *self, RoundsOutboxItem *const *items, guint n, gboolean *found, GError **error)
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

      if (is_create (items[i]) ? gone : g_strcmp0 (remote->version, items[i]->base_version) == 0)
        continue;
      *found = TRUE;
      if (!rounds_pass_settle_read (self->pass, items[i], remote, FALSE, &settled, error))
        return FALSE;
      self->again |= settled == ROUNDS_SETTLED_AGAIN;
    }
  return TRUE;
}

static gboolean
answer_many (Upload *self, Chunk *chunk, guint first, guint n, RoundsExchange *exchange, GError **error)
{
  RoundsOutboxItem **items = (RoundsOutboxItem **) chunk->items->pdata + first;
  int status = exchange->status;
  gboolean stale;
  guint n_left;

  if (status == 200)
    return accept_all (self, items, n, exchange, error);
  if (status == 401 || status == 429 || status == 503)
    return stop (self, items, n, exchange, error);
  if (status >= 500 && status != 501)
    {
      gboolean again = self->again;

      if (!recover (self, items, n, status, exchange->outcome, &n_left, error))
        return FALSE;
      if (n_left < n)
        return TRUE;
      self->again = again;
      return send_halves (self, chunk, first, n, exchange, error);
    }
  if (!set_all (self, items, n, "pending", status, NULL, error))
    return FALSE;
  if (status == 413)
    {
      self->pass->max_entries = MAX (n / 2, 1);
      self->pass->max_bytes = MAX (self->pass->max_bytes / 2, 1024 * 1024);
    }
  else if (status == 409 || status == 412)
    {
      if (!settle_stale (self, items, n, &stale, error))
        return FALSE;
      self->again |= stale;   /* the others are pending still and go in the next round */
      if (stale)
        return TRUE;
    }
  return send_halves (self, chunk, first, n, exchange, error);
}

/* Those that wait for something which did not get there stay behind; the others are closed up. */
static gboolean
drop_blocked (Upload *self, Chunk *chunk, guint first, guint *n, GError **error)
{
  guint i;

  for (i = 0; i < *n;)
    {
      RoundsOutboxItem *item = chunk->items->pdata[first + i];
      const char *missing = NULL;
      g_autofree char *reason = NULL;
      guint d;

      for (d = 0; item->depends_on != NULL && item->depends_on[d] != NULL && missing == NULL; d++)
        if (g_hash_table_contains (self->failed, item->depends_on[d]))
          missing = item->depends_on[d];
      if (missing == NULL)
        {
          i++;
          continue;
        }
      /* Still pending: it goes as soon as the other one is there. (What a refused record blocks is blocked by
       * the store.) */
      reason = g_strdup_printf (_("waits for %s"), missing);
      remember_failed (self, item);
      self->pass->incomplete = TRUE;
      if (g_strcmp0 (item->reason, reason) != 0 &&
          !rounds_store_outbox_set_state (self->pass->store, item, "pending", 0, reason, 0, error))
        return FALSE;
      g_ptr_array_remove_index (chunk->items, first + i);
      g_array_remove_index (chunk->component, first + i);
      (*n)--;
      step (self, 1);
    }
  return TRUE;
}

static gboolean
send_range (Upload *self, Chunk *parent, guint first, guint n, GError **error)
{
  Chunk chunk = { g_ptr_array_new (), g_array_new (FALSE, FALSE, sizeof (guint)) };
  g_autoptr (GPtrArray) items = chunk.items;
  g_autoptr (GArray) component = chunk.component;
  g_auto (RoundsExchange) exchange = { 0 };
  g_autofree char *request = g_uuid_string_random ();
  GError *local = NULL;
  guint i, n_left;

  for (i = 0; i < n; i++)
    g_ptr_array_add (items, parent->items->pdata[first + i]);
  g_array_append_vals (component, &g_array_index (parent->component, guint, first), n);
  if (!drop_blocked (self, &chunk, 0, &n, error))
    return FALSE;
  if (n == 0)
    return TRUE;
  if (n == 1)
    return send_single (self, items->pdata[0], error);
  if (!rounds_store_outbox_begin (self->pass->store, (RoundsOutboxItem **) items->pdata, n, request, error))
    return FALSE;
  if (!rounds_pass_transact (self->pass, (RoundsOutboxItem **) items->pdata, n, &exchange, &local))
    return transport_failed (self, (RoundsOutboxItem **) items->pdata, n, local, &n_left, error);
  return answer_many (self, &chunk, 0, n, &exchange, error);
}

/* --- looking first ------------------------------------------------------------------------------------ */

/* *send = nothing is in its way. */
static gboolean
look_at (Upload *self, RoundsOutboxItem *item, const RoundsRemote *remote, gboolean *send, GError **error)
{
  RoundsSettled settled;
  gboolean rebased;

  if (!rounds_pass_settle_read (self->pass, item, remote, FALSE, &settled, error))
    return FALSE;
  /* Pending on a new base is another thing than "there is nothing in the way". */
  rebased = settled == ROUNDS_SETTLED_AGAIN && remote->status == 200 && !is_delete (item) &&
            g_strcmp0 (remote->version, item->base_version) != 0;
  self->again |= rebased;
  *send = settled == ROUNDS_SETTLED_AGAIN && !rebased;
  if (settled == ROUNDS_SETTLED_LATER || (settled == ROUNDS_SETTLED && remote->status == 410))
    remember_failed (self, item);
  return TRUE;
}

/* Creates may be there already; where a stale If-Match is not refused, updates are looked at too. What is to be
 * sent after that is left in the chunk. */
static gboolean
look_first (Upload *self, Chunk *chunk, GError **error)
{
  g_autoptr (GPtrArray) asked = g_ptr_array_new ();
  g_autoptr (GPtrArray) remotes = NULL;
  gboolean ok = TRUE;
  guint i, at;

  for (i = 0; i < chunk->items->len; i++)
    {
      RoundsOutboxItem *item = chunk->items->pdata[i];

      if (is_create (item) || is_delete (item) || !self->pass->profile->if_match || item->base_version == NULL)
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
      step (self, 1);
    }
  return rounds_pass_flush (self->pass, ok ? error : NULL) && ok;
}

/* As many from `first` as fit into one bundle, circles whole. */
static guint
take_chunk (Upload *self, RoundsSendOrder *order, guint first)
{
  guint i, end = first;
  gsize bytes = 0;

  for (i = first; i < order->items->len; i++)
    {
      RoundsOutboxItem *item = order->items->pdata[i];

      bytes += item->json != NULL ? strlen (item->json) + 256 : 256;
      if (i > first && g_array_index (order->component, guint, i) != g_array_index (order->component, guint, i - 1))
        {
          end = i;
          if (i - first >= self->pass->max_entries || bytes > self->pass->max_bytes)
            return end - first;
        }
    }
  return order->items->len - first;
}

static gboolean
send_puts (Upload *self, GPtrArray *items, GError **error)
{
  g_autoptr (RoundsSendOrder) order = rounds_send_order_new (items);
  guint first = 0, i;

  while (first < order->items->len)
    {
      guint n = take_chunk (self, order, first);
      Chunk chunk = { g_ptr_array_new (), g_array_new (FALSE, FALSE, sizeof (guint)) };
      g_autoptr (GPtrArray) chunk_items = chunk.items;
      g_autoptr (GArray) component = chunk.component;
      gboolean ok;

      for (i = 0; i < n; i++)
        g_ptr_array_add (chunk_items, order->items->pdata[first + i]);
      g_array_append_vals (component, &g_array_index (order->component, guint, first), n);
      ok = look_first (self, &chunk, error);
      if (ok && self->pass->profile->has_transaction && chunk_items->len > 1)
        ok = send_range (self, &chunk, 0, chunk_items->len, error);
      else
        for (i = 0; ok && i < chunk_items->len; i++)
          ok = send_range (self, &chunk, i, 1, error);
      if (!ok)
        return FALSE;
      first += n;
    }
  return TRUE;
}

static gboolean
send_deletes (Upload *self, GPtrArray *items, GError **error)
{
  g_autoptr (GPtrArray) order = rounds_send_order_deletes (items);
  Chunk chunk = { order, g_array_new (FALSE, TRUE, sizeof (guint)) };
  g_autoptr (GArray) component = chunk.component;
  guint i;

  g_array_set_size (component, order->len);
  if (order->len > 0 && !look_first (self, &chunk, error))
    return FALSE;
  for (i = 0; i < order->len; i++)
    if (!send_single (self, order->pdata[i], error))
      return FALSE;
  return TRUE;
}

/* --- one round over all that waits ---------------------------------------------------------------------- */

static gboolean
is_due (RoundsPass *pass, const RoundsOutboxItem *item)
{
  gint64 wait = item->next_at_us - rounds_instant_now_us ();

  /* A clock that was put back must not keep a change for years. */
  return pass->once || wait <= 0 || wait > (gint64) 3600 * G_USEC_PER_SEC;
}

static gboolean
run_round (Upload *self, GError **error)
{
  g_autoptr (GPtrArray) all = rounds_store_outbox_list (self->pass->store, NULL, 0, error);
  g_autoptr (GPtrArray) puts = g_ptr_array_new ();
  g_autoptr (GPtrArray) deletes = g_ptr_array_new ();
  g_autoptr (GPtrArray) unknown = g_ptr_array_new ();
  guint i, n_left;

  if (all == NULL)
    return FALSE;
  self->again = FALSE;
  self->done = 0;
  for (i = 0; i < all->len; i++)
    {
      RoundsOutboxItem *item = all->pdata[i];
      gboolean pending = g_strcmp0 (item->state, "pending") == 0;

      if (g_strcmp0 (item->state, "inflight") == 0 || g_strcmp0 (item->state, "unknown") == 0 ||
          g_strcmp0 (item->state, "verify") == 0)
        g_ptr_array_add (unknown, item);
      else if (pending && strspn (item->id, ".") == strlen (item->id))
        {
          /* A FHIR id, but in an address it would walk up the path. */
          if (!refuse (self, item, 0, _("An id of dots alone cannot be sent to any server"), error))
            return FALSE;
        }
      else if (!pending || !is_due (self->pass, item))
        {
          self->pass->incomplete |= pending;
          remember_failed (self, item);
        }
      else
        g_ptr_array_add (is_delete (item) ? deletes : puts, item);
    }
  self->total = unknown->len + puts->len + deletes->len;
  if (unknown->len > 0 && !verify (self, (RoundsOutboxItem **) unknown->pdata, unknown->len, &n_left, error))
    return FALSE;
  return send_puts (self, puts, error) && send_deletes (self, deletes, error);
}

gboolean
rounds_pass_upload (RoundsPass *pass, GError **error)
{
  Upload self = { .pass = pass };
  gboolean ok = TRUE;
  guint round;

  for (round = 0; ok && round < MAX_ROUNDS && (round == 0 || self.again); round++)
    {
      self.failed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      ok = run_round (&self, error);
      g_hash_table_unref (self.failed);
    }
  pass->incomplete |= self.again;
  return ok;
}
