/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counts and state for widgets to bind to. Counting reads the store in a worker; while one count runs, further
 * changes ask for one more, not for one each. */

#include "sync/status.h"

#include <string.h>

#include "store/glass.h"
#include "sync/sign-in.h"

typedef struct {
  guint n_pending, n_conflicts, n_quarantined;
  gint64 last_success_us;
  gboolean first_sync;
  char *sign_in;
} Counts;

struct _RoundsSyncStatus {
  GObject parent_instance;
  RoundsStore *store;
  Counts counts;
  RoundsSyncStatusState state;
  char *message;
  char *phase;
  char **notes;
  guint done, total;
  gboolean counting, again;
  GCancellable *cancellable;
};

enum { PROP_0, PROP_N_PENDING, PROP_N_CONFLICTS, PROP_N_QUARANTINED, PROP_LAST_SUCCESS_US, PROP_STATE, PROP_MESSAGE,
       PROP_PHASE, PROP_DONE, PROP_TOTAL, PROP_FIRST_SYNC, PROP_SIGN_IN, PROP_NOTES,
       N_PROPS };
static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (RoundsSyncStatus, rounds_sync_status, G_TYPE_OBJECT)

/* --- counting, in a worker --------------------------------------------------------------------------- */

static void
counts_free (Counts *self)
{
  g_free (self->sign_in);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Counts, counts_free)

/* Whether the first fetching of everything has begun and is not through. */
static gboolean
is_first_sync (RoundsStore *store, const RoundsConnection *connection)
{
  g_autofree char *scope = connection->fhir_url != NULL ? rounds_connection_scope (connection->fhir_url, "first") : NULL;
  g_autofree char *text = scope != NULL ? rounds_store_dup_cursor (store, scope, NULL) : NULL;
  g_autoptr (json_object) json = text != NULL ? rounds_json_parse (text, -1, NULL) : NULL;

  return json != NULL && !json_object_get_boolean (rounds_json_peek (json, "complete"));
}

static void
look_at_connections (RoundsStore *store, Counts *counts)
{
  g_autoptr (GPtrArray) connections = rounds_connection_list (store, NULL);
  guint i;

  for (i = 0; connections != NULL && i < connections->len; i++)
    {
      const RoundsConnection *connection = connections->pdata[i];

      counts->first_sync = counts->first_sync || is_first_sync (store, connection);
      if (counts->sign_in == NULL && g_strcmp0 (connection->auth, "smart") == 0 &&
          rounds_sign_in_get_state (store, connection, NULL) == ROUNDS_SIGN_IN_NEEDED)
        counts->sign_in = g_strdup (connection->name);
    }
}

static gpointer
count_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  g_autoptr (Counts) counts = g_new0 (Counts, 1);
  g_autoptr (GPtrArray) conflicts = rounds_store_conflict_list (store, error);
  RoundsOutboxTally tally;
  g_autofree char *last = NULL;
  guint hidden = 0;

  if (conflicts == NULL || !rounds_store_outbox_tally (store, &tally, error) ||
      !rounds_store_count_hidden_waiting (store, &hidden, error))
    return NULL;
  counts->n_conflicts = conflicts->len;
  counts->n_quarantined = tally.quarantined;
  /* What may not be seen waits all the same: the page says which part of the number it is. */
  counts->n_pending = tally.pending + hidden + rounds_store_scan_outbox_count (store, NULL);
  last = rounds_store_dup_setting (store, "sync.last-success-us", NULL);
  counts->last_success_us = last != NULL ? g_ascii_strtoll (last, NULL, 10) : 0;
  look_at_connections (store, counts);
  return g_steal_pointer (&counts);
}

static void
take_counts (RoundsSyncStatus *self, Counts *counts)
{
  Counts old = self->counts;
  g_autofree char *old_sign_in = old.sign_in;

  self->counts = *counts;
  counts->sign_in = NULL;
  if (g_strcmp0 (old_sign_in, self->counts.sign_in) != 0)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SIGN_IN]);
  if (old.n_pending != counts->n_pending)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_N_PENDING]);
  if (old.n_conflicts != counts->n_conflicts)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_N_CONFLICTS]);
  if (old.n_quarantined != counts->n_quarantined)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_N_QUARANTINED]);
  if (old.last_success_us != counts->last_success_us)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LAST_SUCCESS_US]);
  if (old.first_sync != counts->first_sync)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_FIRST_SYNC]);
}

static void
counted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsSyncStatus) self = user_data;
  g_autoptr (Counts) counts = rounds_store_run_finish (ROUNDS_STORE (source), result, NULL);

  self->counting = FALSE;
  if (counts != NULL)
    take_counts (self, counts);
  if (self->again && !g_cancellable_is_cancelled (self->cancellable))
    rounds_sync_status_refresh (self);
}

void
rounds_sync_status_refresh (RoundsSyncStatus *self)
{
  g_return_if_fail (ROUNDS_IS_SYNC_STATUS (self));

  self->again = self->counting;
  if (self->counting)
    return;
  self->counting = TRUE;
  rounds_store_run_async (self->store, count_work, NULL, NULL, (GDestroyNotify) counts_free, self->cancellable, counted_cb,
                          g_object_ref (self));
}

static void
scans_changed_cb (RoundsStore *store, const char *patient_id, RoundsSyncStatus *self)
{
  rounds_sync_status_refresh (self);
}

/* --- state ---------------------------------------------------------------------------------------------- */

void
rounds_sync_status_set_state (RoundsSyncStatus *self, RoundsSyncStatusState state, const char *message)
{
  g_return_if_fail (ROUNDS_IS_SYNC_STATUS (self));

  if (g_set_str (&self->message, message))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MESSAGE]);
  if (self->state != state)
    {
      self->state = state;
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
    }
  if (state != ROUNDS_SYNC_STATUS_SYNCING)
    rounds_sync_status_set_progress (self, NULL, 0, 0);
}

void
rounds_sync_status_set_progress (RoundsSyncStatus *self, const char *phase, guint done, guint total)
{
  g_return_if_fail (ROUNDS_IS_SYNC_STATUS (self));

  if (g_set_str (&self->phase, phase))
    {
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PHASE]);
      /* A first sync is known to be one from its beginning. */
      if (phase != NULL)
        rounds_sync_status_refresh (self);
    }
  if (self->done != done)
    {
      self->done = done;
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_DONE]);
    }
  if (self->total != total)
    {
      self->total = total;
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_TOTAL]);
    }
}

void
rounds_sync_status_set_notes (RoundsSyncStatus *self, const char *const *notes)
{
  g_return_if_fail (ROUNDS_IS_SYNC_STATUS (self));

  if (notes != NULL && notes[0] == NULL)
    notes = NULL;
  if (notes == (const char *const *) self->notes ||
      (notes != NULL && self->notes != NULL && g_strv_equal (notes, (const char *const *) self->notes)))
    return;
  g_strfreev (self->notes);
  self->notes = g_strdupv ((char **) notes);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_NOTES]);
}

guint
rounds_sync_status_get_n_pending (RoundsSyncStatus *self)
{
  return self->counts.n_pending;
}

guint
rounds_sync_status_get_n_conflicts (RoundsSyncStatus *self)
{
  return self->counts.n_conflicts;
}

guint
rounds_sync_status_get_n_quarantined (RoundsSyncStatus *self)
{
  return self->counts.n_quarantined;
}

gint64
rounds_sync_status_get_last_success_us (RoundsSyncStatus *self)
{
  return self->counts.last_success_us;
}

RoundsSyncStatusState
rounds_sync_status_get_state (RoundsSyncStatus *self)
{
  return self->state;
}

const char *
rounds_sync_status_get_message (RoundsSyncStatus *self)
{
  return self->message;
}

const char *
rounds_sync_status_get_sign_in (RoundsSyncStatus *self)
{
  return self->counts.sign_in;
}

const char *const *
rounds_sync_status_get_notes (RoundsSyncStatus *self)
{
  return (const char *const *) self->notes;
}

gboolean
rounds_sync_status_get_first_sync (RoundsSyncStatus *self)
{
  return self->counts.first_sync;
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  RoundsSyncStatus *self = ROUNDS_SYNC_STATUS (object);

  switch (id)
    {
    case PROP_N_PENDING: g_value_set_uint (value, self->counts.n_pending); break;
    case PROP_N_CONFLICTS: g_value_set_uint (value, self->counts.n_conflicts); break;
    case PROP_N_QUARANTINED: g_value_set_uint (value, self->counts.n_quarantined); break;
    case PROP_LAST_SUCCESS_US: g_value_set_int64 (value, self->counts.last_success_us); break;
    case PROP_STATE: g_value_set_int (value, self->state); break;
    case PROP_MESSAGE: g_value_set_string (value, self->message); break;
    case PROP_PHASE: g_value_set_string (value, self->phase); break;
    case PROP_DONE: g_value_set_uint (value, self->done); break;
    case PROP_TOTAL: g_value_set_uint (value, self->total); break;
    case PROP_FIRST_SYNC: g_value_set_boolean (value, self->counts.first_sync); break;
    case PROP_SIGN_IN: g_value_set_string (value, self->counts.sign_in); break;
    case PROP_NOTES: g_value_set_boxed (value, self->notes); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
rounds_sync_status_dispose (GObject *object)
{
  RoundsSyncStatus *self = ROUNDS_SYNC_STATUS (object);

  g_cancellable_cancel (self->cancellable);
  if (self->store != NULL)
    g_signal_handlers_disconnect_by_data (self->store, self);
  g_clear_object (&self->store);
  G_OBJECT_CLASS (rounds_sync_status_parent_class)->dispose (object);
}

static void
rounds_sync_status_finalize (GObject *object)
{
  RoundsSyncStatus *self = ROUNDS_SYNC_STATUS (object);

  g_clear_object (&self->cancellable);
  g_free (self->message);
  g_free (self->phase);
  g_free (self->counts.sign_in);
  g_strfreev (self->notes);
  G_OBJECT_CLASS (rounds_sync_status_parent_class)->finalize (object);
}

static void
rounds_sync_status_class_init (RoundsSyncStatusClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = get_property;
  object_class->dispose = rounds_sync_status_dispose;
  object_class->finalize = rounds_sync_status_finalize;
  props[PROP_N_PENDING] = g_param_spec_uint ("n-pending", NULL, NULL, 0, G_MAXUINT, 0, flags);
  props[PROP_N_CONFLICTS] = g_param_spec_uint ("n-conflicts", NULL, NULL, 0, G_MAXUINT, 0, flags);
  props[PROP_N_QUARANTINED] = g_param_spec_uint ("n-quarantined", NULL, NULL, 0, G_MAXUINT, 0, flags);
  props[PROP_LAST_SUCCESS_US] = g_param_spec_int64 ("last-success-us", NULL, NULL, 0, G_MAXINT64, 0, flags);
  props[PROP_STATE] = g_param_spec_int ("state", NULL, NULL, 0, ROUNDS_SYNC_STATUS_TROUBLE, 0, flags);
  props[PROP_MESSAGE] = g_param_spec_string ("message", NULL, NULL, NULL, flags);
  props[PROP_PHASE] = g_param_spec_string ("phase", NULL, NULL, NULL, flags);
  props[PROP_DONE] = g_param_spec_uint ("done", NULL, NULL, 0, G_MAXUINT, 0, flags);
  props[PROP_TOTAL] = g_param_spec_uint ("total", NULL, NULL, 0, G_MAXUINT, 0, flags);
  props[PROP_FIRST_SYNC] = g_param_spec_boolean ("first-sync", NULL, NULL, FALSE, flags);
  props[PROP_SIGN_IN] = g_param_spec_string ("sign-in", NULL, NULL, NULL, flags);
  props[PROP_NOTES] = g_param_spec_boxed ("notes", NULL, NULL, G_TYPE_STRV, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
rounds_sync_status_init (RoundsSyncStatus *self)
{
  self->cancellable = g_cancellable_new ();
}

RoundsSyncStatus *
rounds_sync_status_new (RoundsStore *store)
{
  RoundsSyncStatus *self = g_object_new (ROUNDS_TYPE_SYNC_STATUS, NULL);

  self->store = g_object_ref (store);
  g_signal_connect_swapped (store, "outbox-changed", G_CALLBACK (rounds_sync_status_refresh), self);
  g_signal_connect (store, "scans-changed", G_CALLBACK (scans_changed_cb), self);
  rounds_sync_status_refresh (self);
  return self;
}
