/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One waiting change as the list holds it: cheap to make, its words read on demand in a worker. */

#include "app/sync-item.h"

#include <glib/gi18n-lib.h>

#include "base/instant.h"
#include "charts/words.h"
#include "fhir/resource.h"
#include "store/glass.h"

struct _RoundsSyncItem {
  GObject parent_instance;

  /* constant after it was made, read by workers too */
  RoundsSyncKind kind;
  char *type, *id, *key;
  char *json, *other_json;
  char *verb, *state, *reason;
  char **paths;
  gint64 next_at_us;
  guint attempts;
  gboolean restored;

  /* main thread */
  RoundsSyncWords *words;
};

enum {
  WORDS_CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RoundsSyncItem, rounds_sync_item, G_TYPE_OBJECT)

void
rounds_sync_words_free (RoundsSyncWords *self)
{
  if (self == NULL)
    return;
  rounds_change_words_free (self->words);
  g_free (self->patient_id);
  g_free (self);
}

static void
rounds_sync_item_finalize (GObject *object)
{
  RoundsSyncItem *self = ROUNDS_SYNC_ITEM (object);

  g_free (self->type);
  g_free (self->id);
  g_free (self->key);
  g_free (self->json);
  g_free (self->other_json);
  g_free (self->verb);
  g_free (self->state);
  g_free (self->reason);
  g_strfreev (self->paths);
  rounds_sync_words_free (self->words);
  G_OBJECT_CLASS (rounds_sync_item_parent_class)->finalize (object);
}

static void
rounds_sync_item_class_init (RoundsSyncItemClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rounds_sync_item_finalize;
  signals[WORDS_CHANGED] = g_signal_new ("words-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                         NULL, G_TYPE_NONE, 0);
}

static void
rounds_sync_item_init (RoundsSyncItem *self)
{
}

RoundsSyncItem *
rounds_sync_item_new_change (const RoundsOutboxItem *item)
{
  RoundsSyncItem *self = g_object_new (ROUNDS_TYPE_SYNC_ITEM, NULL);

  self->kind = g_strcmp0 (item->state, "quarantined") == 0 ? ROUNDS_SYNC_ITEM_REFUSED : ROUNDS_SYNC_ITEM_WAITING;
  self->type = g_strdup (item->type);
  self->id = g_strdup (item->id);
  self->json = g_strdup (item->json);
  self->other_json = item->json == NULL ? g_strdup (item->base_json) : NULL;
  self->verb = g_strdup (item->verb);
  self->state = g_strdup (item->state);
  self->reason = g_strdup (item->reason);
  self->next_at_us = item->next_at_us;
  self->attempts = item->attempts;
  self->key = g_strdup_printf ("%s/%s %" G_GINT64_FORMAT " %s %s %" G_GINT64_FORMAT " %s", item->type, item->id,
                               item->seq, item->verb, item->state, item->next_at_us,
                               item->reason != NULL ? item->reason : "");
  return self;
}

RoundsSyncItem *
rounds_sync_item_new_conflict (const RoundsConflict *conflict)
{
  RoundsSyncItem *self = g_object_new (ROUNDS_TYPE_SYNC_ITEM, NULL);
  g_autofree char *paths = conflict->paths != NULL ? g_strjoinv ("\n", conflict->paths) : g_strdup ("");

  self->kind = ROUNDS_SYNC_ITEM_CONFLICT;
  self->type = g_strdup (conflict->type);
  self->id = g_strdup (conflict->id);
  self->json = g_strdup (conflict->mine);
  self->other_json = g_strdup (conflict->theirs);
  self->paths = g_strdupv (conflict->paths);
  self->restored = g_strcmp0 (conflict->status, "restored") == 0;
  self->key = g_strdup_printf ("%s/%s conflict %s %s %d%d\n%s", conflict->type, conflict->id, conflict->status,
                               conflict->theirs_version != NULL ? conflict->theirs_version : "",
                               conflict->mine != NULL, conflict->theirs != NULL, paths);
  return self;
}

RoundsSyncItem *
rounds_sync_item_new_plain (RoundsSyncKind kind, const char *title, const char *detail)
{
  RoundsSyncItem *self = g_object_new (ROUNDS_TYPE_SYNC_ITEM, NULL);
  RoundsSyncWords *words = g_new0 (RoundsSyncWords, 1);

  words->words = g_new0 (RoundsChangeWords, 1);
  words->words->title = g_strdup (title);
  self->kind = kind;
  self->reason = g_strdup (detail);
  self->words = words;
  self->key = g_strdup_printf ("%d %s\n%s", kind, title, detail != NULL ? detail : "");
  return self;
}

RoundsSyncKind
rounds_sync_item_get_kind (RoundsSyncItem *self)
{
  return self->kind;
}

const char *
rounds_sync_item_get_type_name (RoundsSyncItem *self)
{
  return self->type;
}

const char *
rounds_sync_item_get_id (RoundsSyncItem *self)
{
  return self->id;
}

const char *
rounds_sync_item_get_key (RoundsSyncItem *self)
{
  return self->key;
}

const char *
rounds_sync_item_get_title (RoundsSyncItem *self)
{
  return self->words != NULL ? self->words->words->title : NULL;
}

const char *
rounds_sync_item_get_patient (RoundsSyncItem *self)
{
  return self->words != NULL ? self->words->words->patient : NULL;
}

const char *
rounds_sync_item_get_patient_id (RoundsSyncItem *self)
{
  return self->words != NULL ? self->words->patient_id : NULL;
}

char *
rounds_sync_item_dup_age (RoundsSyncItem *self)
{
  return self->words != NULL && self->words->changed_us > 0 ? rounds_words_ago (self->words->changed_us) : NULL;
}

gboolean
rounds_sync_item_has_words (RoundsSyncItem *self)
{
  return self->words != NULL;
}

/* --- words ---------------------------------------------------------------------------------------------- */

static const char *
state_words (RoundsSyncItem *self)
{
  if (g_strcmp0 (self->state, "inflight") == 0)
    return _("being sent");
  if (g_strcmp0 (self->state, "unknown") == 0 || g_strcmp0 (self->state, "verify") == 0)
    return _("sent, answer not known: will be checked");
  if (g_strcmp0 (self->state, "blocked") == 0)
    return _("waits for what it refers to");
  if (g_strcmp0 (self->verb, "delete") == 0)
    return _("to be deleted there");
  return g_strcmp0 (self->verb, "create") == 0 ? _("new") : _("changed");
}

/* "Dose, Reason": elements as people call them. NULL for none. */
static char *
field_words (RoundsSyncItem *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) words = NULL;

  for (guint i = 0; self->paths != NULL && self->paths[i] != NULL && i < 6; i++)
    if (self->paths[i][0] != '\0')
      g_strv_builder_take (builder, rounds_words_path (self->paths[i]));
  words = g_strv_builder_end (builder);
  return words[0] != NULL ? g_strjoinv (", ", words) : NULL;
}

static char *
next_try_words (RoundsSyncItem *self, gint64 now_us)
{
  gint64 seconds = (self->next_at_us - now_us + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC;

  if (self->next_at_us <= now_us)
    return NULL;
  if (seconds < 60)
    return g_strdup_printf (ngettext ("next try in %d second", "next try in %d seconds", (gulong) seconds), (int) seconds);
  return g_strdup_printf (ngettext ("next try in %d minute", "next try in %d minutes", (gulong) ((seconds + 59) / 60)),
                          (int) ((seconds + 59) / 60));
}

char *
rounds_sync_item_dup_detail (RoundsSyncItem *self, gint64 now_us)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *next = NULL;

  if (self->type == NULL)
    return g_strdup (self->reason);
  if (self->kind == ROUNDS_SYNC_ITEM_CONFLICT)
    {
      g_autofree char *fields = field_words (self);

      if (self->restored)
        return g_strdup (_("the server lost it: it was put back to an earlier day"));
      if (self->other_json == NULL)
        return g_strdup (_("deleted on the server, changed here"));
      if (self->json == NULL)
        return g_strdup (_("deleted here, changed on the server"));
      return fields != NULL ? g_strdup_printf (_("differs: %s"), fields) : NULL;
    }
  if (self->kind == ROUNDS_SYNC_ITEM_REFUSED)
    return g_strdup (self->reason);
  g_string_append (text, state_words (self));
  next = next_try_words (self, now_us);
  if (next != NULL)
    g_string_append_printf (text, " · %s", next);
  if (self->reason != NULL)
    g_string_append_printf (text, " · %s", self->reason);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

RoundsSyncWords *
rounds_sync_item_read (RoundsSyncItem *self, RoundsStore *store)
{
  RoundsSyncWords *words = g_new0 (RoundsSyncWords, 1);
  g_autoptr (GPtrArray) history = rounds_store_history (store, self->type, self->id, NULL);
  const char *text = self->json != NULL ? self->json : self->other_json;
  g_autoptr (json_object) resource = text != NULL ? rounds_json_parse (text, -1, NULL) : NULL;

  words->words = rounds_change_words_new (store, self->type, self->id, self->json, self->other_json);
  words->patient_id = g_strdup (g_str_equal (self->type, "Patient") ? self->id
                                : resource != NULL                  ? rounds_resource_peek_patient_id (resource)
                                                                    : NULL);
  if (history != NULL && history->len > 0)
    {
      const RoundsRecord *record = history->pdata[0];

      words->changed_us = record->changed_us;
    }
  return words;
}

void
rounds_sync_item_take_words (RoundsSyncItem *self, RoundsSyncWords *words)
{
  g_return_if_fail (ROUNDS_IS_SYNC_ITEM (self) && words != NULL);

  rounds_sync_words_free (self->words);
  self->words = words;
  g_signal_emit (self, signals[WORDS_CHANGED], 0);
}

/* --- all that the page shows --------------------------------------------------------------------------- */

void
rounds_sync_overview_free (RoundsSyncOverview *self)
{
  for (guint kind = 0; kind < ROUNDS_SYNC_N_KINDS; kind++)
    g_ptr_array_unref (self->items[kind]);
  g_free (self);
}

static void
add_images (RoundsStore *store, RoundsSyncOverview *self)
{
  g_autoptr (GPtrArray) refusals = rounds_store_scan_outbox_refusals (store, 20, NULL);
  guint n_scans = rounds_store_scan_outbox_count (store, NULL);

  for (guint i = 0; refusals != NULL && i < refusals->len; i++)
    {
      const RoundsScanRefusal *refusal = refusals->pdata[i];
      g_autofree char *title = g_strdup_printf (ngettext ("%u image not taken yet", "%u images not taken yet", refusal->n),
                                                refusal->n);
      g_autofree char *detail = g_strdup_printf (_("%s · sent again with the next sync"), refusal->reason);

      g_ptr_array_add (self->items[ROUNDS_SYNC_ITEM_REFUSED],
                       rounds_sync_item_new_plain (ROUNDS_SYNC_ITEM_REFUSED, title, detail));
      n_scans -= MIN (n_scans, refusal->n);
    }
  if (n_scans > 0)
    {
      g_autofree char *title = g_strdup_printf (ngettext ("%u image", "%u images", n_scans), n_scans);

      g_ptr_array_add (self->items[ROUNDS_SYNC_ITEM_WAITING],
                       rounds_sync_item_new_plain (ROUNDS_SYNC_ITEM_WAITING, title, _("for the DICOMweb server")));
    }
}

/* What waits and may not be seen is said to be there: the number in the header counts it, too. */
static void
add_hidden (RoundsStore *store, RoundsSyncOverview *self)
{
  g_autofree char *title = NULL;
  guint n = 0;

  if (!rounds_store_count_hidden_waiting (store, &n, NULL) || n == 0)
    return;
  title = g_strdup_printf (ngettext ("%u restricted change", "%u restricted changes", n), n);
  g_ptr_array_add (self->items[ROUNDS_SYNC_ITEM_WAITING],
                   rounds_sync_item_new_plain (ROUNDS_SYNC_ITEM_WAITING, title,
                                               _("not shown · break the glass at the patient to see it")));
}

RoundsSyncOverview *
rounds_sync_overview_read (RoundsStore *store, GError **error)
{
  g_autoptr (GPtrArray) changes = rounds_store_outbox_list (store, NULL, 0, error), conflicts = NULL;
  g_auto (GStrv) connections = NULL;
  RoundsSyncOverview *self = NULL;

  if (changes != NULL)
    conflicts = rounds_store_conflict_list (store, error);
  if (conflicts != NULL)
    connections = rounds_store_connection_list (store, error);
  if (connections == NULL)
    return NULL;
  self = g_new0 (RoundsSyncOverview, 1);
  self->n_connections = g_strv_length (connections);
  for (guint kind = 0; kind < ROUNDS_SYNC_N_KINDS; kind++)
    self->items[kind] = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < conflicts->len; i++)
    g_ptr_array_add (self->items[ROUNDS_SYNC_ITEM_CONFLICT], rounds_sync_item_new_conflict (conflicts->pdata[i]));
  for (guint i = 0; i < changes->len; i++)
    {
      const RoundsOutboxItem *change = changes->pdata[i];
      RoundsSyncItem *item = NULL;

      if (g_strcmp0 (change->state, "conflict") == 0)
        continue;
      item = rounds_sync_item_new_change (change);
      g_ptr_array_add (self->items[rounds_sync_item_get_kind (item)], item);
    }
  add_images (store, self);
  add_hidden (store, self);
  return self;
}
