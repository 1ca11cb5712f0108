/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Questions to the store from widgets. The one place that decides whether an answer still has someone to go
 * to; every widget of a patient uses it. */

#include "charts/view/ask.h"

typedef struct {
  GWeakRef widget;
  GCancellable *ticket;
  RoundsStoreWork work;
  gpointer data;
  GDestroyNotify free_data;
  GDestroyNotify free_result;
  RoundsAnswer answer;
} Ask;

static void
ask_free (Ask *ask)
{
  g_weak_ref_clear (&ask->widget);
  g_clear_object (&ask->ticket);
  if (ask->free_data != NULL)
    ask->free_data (ask->data);
  g_free (ask);
}

static gpointer
ask_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  Ask *ask = data;

  if (g_cancellable_set_error_if_cancelled (ask->ticket, error))
    return NULL;
  return ask->work (store, ask->data, cancellable, error);
}

static void
answered_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Ask *ask = data;
  g_autoptr (GError) error = NULL;
  gpointer value = rounds_store_run_finish (ROUNDS_STORE (source), result, &error);
  g_autoptr (GObject) widget = g_weak_ref_get (&ask->widget);

  if (widget != NULL && !(ask->ticket != NULL && g_cancellable_is_cancelled (ask->ticket)))
    ask->answer (widget, value, error, ask->data);
  if (value != NULL && ask->free_result != NULL)
    ask->free_result (value);
  ask_free (ask);
}

void
rounds_ask (gpointer widget, RoundsStore *store, GCancellable *ticket, RoundsStoreWork work, gpointer data,
            GDestroyNotify free_data, GDestroyNotify free_result, RoundsAnswer answer)
{
  Ask *ask = g_new0 (Ask, 1);

  g_weak_ref_init (&ask->widget, widget);
  ask->ticket = ticket != NULL ? g_object_ref (ticket) : NULL;
  ask->work = work;
  ask->data = data;
  ask->free_data = free_data;
  ask->free_result = free_result;
  ask->answer = answer;
  /* The callback frees the ask, after the store is done with it; the worker must not. */
  rounds_store_run_async (store, ask_work, ask, NULL, free_result, ticket, answered_cb, ask);
}

void
rounds_ticket_renew (GCancellable **ticket)
{
  if (*ticket != NULL)
    g_cancellable_cancel (*ticket);
  g_clear_object (ticket);
  *ticket = g_cancellable_new ();
}

/* --- drafts --------------------------------------------------------------------------------------- */

typedef struct {
  char *key;
  char *text;
} Draft;

typedef struct {
  gboolean running;
  gboolean waiting;
  char *text;      /* the newest that waits; NULL = remove */
} Slot;

static void
slot_free (Slot *slot)
{
  g_free (slot->text);
  g_free (slot);
}

static void
draft_free (gpointer data)
{
  Draft *draft = data;

  g_free (draft->key);
  g_free (draft->text);
  g_free (draft);
}

static gpointer
draft_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  Draft *draft = data;

  return GINT_TO_POINTER (rounds_store_set_draft (store, draft->key, draft->text, error));
}

static void draft_start (RoundsStore *store, const char *key, Slot *slot);

static GHashTable *
slots_of (RoundsStore *store)
{
  GHashTable *slots = g_object_get_data (G_OBJECT (store), "rounds-draft-slots");

  if (slots == NULL)
    {
      slots = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) slot_free);
      g_object_set_data_full (G_OBJECT (store), "rounds-draft-slots", slots, (GDestroyNotify) g_hash_table_unref);
    }
  return slots;
}

static void
draft_done_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  RoundsStore *store = ROUNDS_STORE (source);
  g_autofree char *key = data;
  g_autoptr (GError) error = NULL;
  Slot *slot = g_hash_table_lookup (slots_of (store), key);

  rounds_store_run_finish (store, result, &error);
  if (error != NULL)
    g_warning ("a draft could not be kept: %s", error->message);
  if (slot == NULL)
    return;
  slot->running = FALSE;
  if (slot->waiting)
    draft_start (store, key, slot);
  else
    g_hash_table_remove (slots_of (store), key);
}

static void
draft_start (RoundsStore *store, const char *key, Slot *slot)
{
  Draft *draft = g_new0 (Draft, 1);

  draft->key = g_strdup (key);
  draft->text = g_steal_pointer (&slot->text);
  slot->waiting = FALSE;
  slot->running = TRUE;
  rounds_store_run_async (store, draft_work, draft, draft_free, NULL, NULL, draft_done_cb, g_strdup (key));
}

gboolean
rounds_drafts_busy (RoundsStore *store)
{
  return g_hash_table_size (slots_of (store)) > 0;
}

void
rounds_draft_keep (RoundsStore *store, const char *key, char *text_taken)
{
  Slot *slot = g_hash_table_lookup (slots_of (store), key);

  if (slot == NULL)
    {
      slot = g_new0 (Slot, 1);
      g_hash_table_insert (slots_of (store), g_strdup (key), slot);
    }
  g_free (slot->text);
  slot->text = text_taken;
  slot->waiting = TRUE;
  if (!slot->running)
    draft_start (store, key, slot);
}
