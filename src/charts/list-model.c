/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One reader for every widget that shows a section. Reads are not queued: while one runs, further changes
 * only mark it as out of date, and one more read follows. A ticket tells the newest read from late ones. */

#include "charts/list-model.h"

#include <string.h>

struct _RoundsListModel
{
  GObject parent_instance;

  RoundsStore *store;
  const RoundsSection *section;
  char *patient_id;
  char *key;

  GPtrArray *rows;
  guint n_active;
  gboolean loaded;
  gboolean reading;
  gboolean stale;
  char *problem;
  GCancellable *cancellable;
};

enum {
  PROP_LOADING = 1,
  PROP_N_ACTIVE,
  N_PROPS,
};
static GParamSpec *props[N_PROPS];

enum {
  SIGNAL_LOADED,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

static void list_model_iface_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RoundsListModel, rounds_list_model, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_iface_init))

static GType
get_item_type (GListModel *model)
{
  return ROUNDS_TYPE_ROW;
}

static guint
get_n_items (GListModel *model)
{
  return ROUNDS_LIST_MODEL (model)->rows->len;
}

static gpointer
get_item (GListModel *model, guint position)
{
  RoundsListModel *self = ROUNDS_LIST_MODEL (model);

  return position < self->rows->len ? g_object_ref (g_ptr_array_index (self->rows, position)) : NULL;
}

static void
list_model_iface_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

/* Puts the new rows in; only the span that differs is told, so that selection and scrolling stay. */
static void
take_rows (RoundsListModel *self, GPtrArray *fresh)
{
  g_autoptr (GPtrArray) old = g_steal_pointer (&self->rows);
  guint head = 0, tail = 0, n_active = 0;

  while (head < old->len && head < fresh->len
         && rounds_row_equal (g_ptr_array_index (old, head), g_ptr_array_index (fresh, head)))
    head++;
  while (tail < old->len - head && tail < fresh->len - head
         && rounds_row_equal (g_ptr_array_index (old, old->len - 1 - tail), g_ptr_array_index (fresh, fresh->len - 1 - tail)))
    tail++;

  self->rows = g_ptr_array_new_full (fresh->len, g_object_unref);
  for (guint i = 0; i < fresh->len; i++)
    {
      gpointer row = i < head                  ? g_ptr_array_index (old, i)
                     : i >= fresh->len - tail ? g_ptr_array_index (old, old->len - (fresh->len - i))
                                              : g_ptr_array_index (fresh, i);

      n_active += rounds_row_is_active (row);
      g_ptr_array_add (self->rows, g_object_ref (row));
    }
  if (head + tail < old->len || head + tail < fresh->len)
    g_list_model_items_changed (G_LIST_MODEL (self), head, old->len - head - tail, fresh->len - head - tail);
  if (n_active != self->n_active)
    {
      self->n_active = n_active;
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_N_ACTIVE]);
    }
}

typedef struct {
  const RoundsSection *section;
  char *patient_id;
} Question;

static void
question_free (gpointer data)
{
  Question *question = data;

  g_free (question->patient_id);
  g_free (question);
}

static gpointer
read_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  Question *question = data;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  return rounds_section_load (question->section, store, question->patient_id, error);
}

static void start_reading (RoundsListModel *self);

static void
read_done_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rows = rounds_store_run_finish (ROUNDS_STORE (source), result, &error);
  g_autoptr (RoundsListModel) self = NULL;

  /* The model may be gone: then its cancellable was cancelled and data must not be looked at. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_weak_ref_clear (data);
      g_free (data);
      return;
    }
  self = g_weak_ref_get (data);
  g_weak_ref_clear (data);
  g_free (data);
  if (self == NULL)
    return;
  self->reading = FALSE;
  g_clear_pointer (&self->problem, g_free);
  if (rows != NULL)
    take_rows (self, rows);
  else
    self->problem = g_strdup (error->message);
  self->loaded = TRUE;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LOADING]);
  g_signal_emit (self, signals[SIGNAL_LOADED], 0);
  if (self->stale)
    start_reading (self);
}

static void
start_reading (RoundsListModel *self)
{
  Question *question;
  GWeakRef *weak;

  if (self->reading)
    {
      self->stale = TRUE;
      return;
    }
  self->stale = FALSE;
  self->reading = TRUE;
  question = g_new0 (Question, 1);
  question->section = self->section;
  question->patient_id = g_strdup (self->patient_id);
  weak = g_new0 (GWeakRef, 1);
  g_weak_ref_init (weak, self);
  rounds_store_run_async (self->store, read_work, question, question_free, (GDestroyNotify) g_ptr_array_unref,
                          self->cancellable, read_done_cb, weak);
}

static void
store_changed_cb (RoundsStore *store, const char *type, const char *id, const char *patient_id, RoundsListModel *self)
{
  if (type != NULL && (!rounds_section_has_type (self->section, type)
                       || (patient_id != NULL && strcmp (patient_id, self->patient_id) != 0)))
    return;
  start_reading (self);
}

static void
outbox_changed_cb (RoundsStore *store, RoundsListModel *self)
{
  /* Sync takes "unsynced" off rows without changing them. */
  for (guint i = 0; i < self->rows->len; i++)
    {
      const RoundsRecord *record = rounds_row_get_record (g_ptr_array_index (self->rows, i));

      if (record->unsynced || record->sync_state != NULL)
        {
          start_reading (self);
          return;
        }
    }
}

static GHashTable *
shared_table (RoundsStore *store)
{
  GHashTable *table = g_object_get_data (G_OBJECT (store), "rounds-list-models");

  if (table == NULL)
    {
      table = g_hash_table_new (g_str_hash, g_str_equal);
      g_object_set_data_full (G_OBJECT (store), "rounds-list-models", table, (GDestroyNotify) g_hash_table_unref);
    }
  return table;
}

static void
rounds_list_model_dispose (GObject *object)
{
  RoundsListModel *self = ROUNDS_LIST_MODEL (object);

  g_cancellable_cancel (self->cancellable);
  if (self->store != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->store, self);
      if (self->key != NULL && g_hash_table_lookup (shared_table (self->store), self->key) == self)
        g_hash_table_remove (shared_table (self->store), self->key);
    }
  g_clear_object (&self->store);
  G_OBJECT_CLASS (rounds_list_model_parent_class)->dispose (object);
}

static void
rounds_list_model_finalize (GObject *object)
{
  RoundsListModel *self = ROUNDS_LIST_MODEL (object);

  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  g_free (self->patient_id);
  g_free (self->problem);
  g_free (self->key);
  G_OBJECT_CLASS (rounds_list_model_parent_class)->finalize (object);
}

static void
rounds_list_model_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  RoundsListModel *self = ROUNDS_LIST_MODEL (object);

  switch (id)
    {
    case PROP_LOADING:
      g_value_set_boolean (value, self->reading);
      break;
    case PROP_N_ACTIVE:
      g_value_set_uint (value, self->n_active);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
rounds_list_model_class_init (RoundsListModelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rounds_list_model_dispose;
  object_class->finalize = rounds_list_model_finalize;
  object_class->get_property = rounds_list_model_get_property;
  props[PROP_LOADING] = g_param_spec_boolean ("loading", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  props[PROP_N_ACTIVE] = g_param_spec_uint ("n-active", NULL, NULL, 0, G_MAXUINT, 0,
                                            G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
  signals[SIGNAL_LOADED] = g_signal_new ("loaded", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 0);
}

static void
rounds_list_model_init (RoundsListModel *self)
{
  self->rows = g_ptr_array_new_with_free_func (g_object_unref);
  self->cancellable = g_cancellable_new ();
}

RoundsListModel *
rounds_list_model_get_shared (RoundsStore *store, const RoundsSection *section, const char *patient_id)
{
  g_autofree char *key = NULL;
  RoundsListModel *self;

  g_return_val_if_fail (ROUNDS_IS_STORE (store), NULL);
  g_return_val_if_fail (section != NULL && patient_id != NULL, NULL);

  key = g_strdup_printf ("%s/%s", patient_id, section->id);
  self = g_hash_table_lookup (shared_table (store), key);
  if (self != NULL)
    return g_object_ref (self);

  self = g_object_new (ROUNDS_TYPE_LIST_MODEL, NULL);
  self->store = g_object_ref (store);
  self->section = section;
  self->patient_id = g_strdup (patient_id);
  self->key = g_steal_pointer (&key);
  g_hash_table_insert (shared_table (store), self->key, self);
  g_signal_connect (store, "changed", G_CALLBACK (store_changed_cb), self);
  g_signal_connect (store, "outbox-changed", G_CALLBACK (outbox_changed_cb), self);
  start_reading (self);
  return self;
}

guint
rounds_list_model_get_n_active (RoundsListModel *self)
{
  return self->n_active;
}

gboolean
rounds_list_model_is_loaded (RoundsListModel *self)
{
  return self->loaded;
}

const char *
rounds_list_model_get_problem (RoundsListModel *self)
{
  return self->problem;
}
