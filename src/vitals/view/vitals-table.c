/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table beside the curves: what the plot shows as a shape stands here as words. Observations come one by one;
 * of dense series the last values follow, up to a limit that a person could read. */
#include "vitals/view/vitals-table.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "base/instant.h"
#include "base/quantity.h"
#include "kit/kit.h"
#include "vitals/entry.h"

#define MAX_DENSE_ROWS 2000

#define ROUNDS_TYPE_VITALS_ROW (rounds_vitals_row_get_type ())
G_DECLARE_FINAL_TYPE (RoundsVitalsRow, rounds_vitals_row, ROUNDS, VITALS_ROW, GObject)

struct _RoundsVitalsRow
{
  GObject parent_instance;
  gint64 time_us;
  char *what, *value, *observation_id;
};

G_DEFINE_FINAL_TYPE (RoundsVitalsRow, rounds_vitals_row, G_TYPE_OBJECT)

static void
rounds_vitals_row_finalize (GObject *object)
{
  RoundsVitalsRow *self = (RoundsVitalsRow *) object;

  g_free (self->what);
  g_free (self->value);
  g_free (self->observation_id);
  G_OBJECT_CLASS (rounds_vitals_row_parent_class)->finalize (object);
}

static void
rounds_vitals_row_class_init (RoundsVitalsRowClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rounds_vitals_row_finalize;
}

static void
rounds_vitals_row_init (RoundsVitalsRow *self)
{
}

struct _RoundsVitalsTable
{
  AdwBin parent_instance;

  GListStore *rows;
  RoundsStore *store;
  GtkWidget *stack;
};

enum {
  SIGNAL_CHANGED,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RoundsVitalsTable, rounds_vitals_table, ADW_TYPE_BIN)

static void
add_row (GPtrArray *out, gint64 time_us, const char *what, const char *value, const char *unit, const char *id)
{
  RoundsVitalsRow *row = g_object_new (ROUNDS_TYPE_VITALS_ROW, NULL);

  row->time_us = time_us;
  row->what = g_strdup (what);
  row->value = *unit != '\0' ? g_strdup_printf ("%s %s", value, unit) : g_strdup (value);
  row->observation_id = g_strdup (id);
  g_ptr_array_add (out, row);
}

static int
compare_rows (gconstpointer a, gconstpointer b)
{
  const RoundsVitalsRow *x = *(RoundsVitalsRow *const *) a, *y = *(RoundsVitalsRow *const *) b;

  return x->time_us > y->time_us ? -1 : x->time_us < y->time_us;
}

static void
add_dense (GPtrArray *out, const RoundsVitalSeries *series, gsize limit, GHashTable *seen)
{
  gsize n = series->samples->len;

  for (gsize i = n > limit ? n - limit : 0; i < n; i++)
    {
      const RoundsSample *sample = &g_array_index (series->samples, RoundsSample, i);
      g_autofree char *key = g_strdup_printf ("%s %" G_GINT64_FORMAT " %.12g", series->code, sample->time_us, sample->value);
      g_autofree char *value = NULL;

      if (g_hash_table_contains (seen, key))
        continue;
      value = rounds_vital_format (series->vital, sample->value);
      add_row (out, sample->time_us, series->label, value, rounds_unit_display (series->unit), NULL);
    }
}

void
rounds_vitals_table_set_chart (RoundsVitalsTable *self, RoundsStore *store, RoundsVitalsChart *chart)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  g_set_object (&self->store, store);
  if (chart != NULL)
    {
      for (guint i = 0; i < chart->rows->len; i++)
        {
          const RoundsVitalsEntryRow *row = g_ptr_array_index (chart->rows, i);
          RoundsVitalSeries *series = rounds_vitals_chart_find (chart, row->code);

          add_row (rows, row->time_us, series != NULL ? series->label : _("Consciousness"), row->text,
                   rounds_unit_display (row->unit), row->observation_id);
          g_hash_table_add (seen, g_strdup_printf ("%s %" G_GINT64_FORMAT " %.12g", row->code, row->time_us, row->value));
        }
      for (guint i = 0; i < chart->series->len; i++)
        add_dense (rows, g_ptr_array_index (chart->series, i), MAX_DENSE_ROWS / chart->series->len, seen);
      g_ptr_array_sort (rows, compare_rows);
    }
  g_list_store_splice (self->rows, 0, g_list_model_get_n_items (G_LIST_MODEL (self->rows)), rows->pdata, rows->len);
  gtk_stack_set_visible_child_name (GTK_STACK (self->stack), rows->len > 0 ? "table" : "empty");
}

/* --- entered in error -------------------------------------------------------------------------------------------- */

typedef struct {
  GtkWidget *table;          /* reference */
  RoundsStore *store;
  GPtrArray *receipts;
  char *id;
} Retract;

static void
retract_free (gpointer data)
{
  Retract *self = data;

  g_clear_object (&self->table);
  g_clear_object (&self->store);
  g_clear_pointer (&self->receipts, g_ptr_array_unref);
  g_free (self->id);
  g_free (self);
}

static gpointer
retract_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  return rounds_vitals_retract (store, data, error);
}

static gpointer
undo_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  return rounds_vitals_undo (store, data, error) ? GINT_TO_POINTER (1) : NULL;
}

static void
undone_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GtkWidget) table = data;
  g_autoptr (GError) error = NULL;

  rounds_store_run_finish (ROUNDS_STORE (source), result, &error);
  if (error != NULL)
    rounds_toast (table, error->message, NULL, NULL, NULL, NULL);
  g_signal_emit (table, signals[SIGNAL_CHANGED], 0);
}

static void
undo_cb (gpointer data)
{
  Retract *self = data;

  rounds_store_run_async (self->store, undo_work, g_ptr_array_ref (self->receipts), (GDestroyNotify) g_ptr_array_unref,
                          NULL, NULL, undone_cb, g_object_ref (self->table));
}

static void
retracted_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GtkWidget) table = data;
  g_autoptr (GError) error = NULL;
  GPtrArray *receipts = rounds_store_run_finish (ROUNDS_STORE (source), result, &error);
  Retract *undo;

  if (receipts == NULL)
    {
      rounds_toast (table, error->message, NULL, NULL, NULL, NULL);
      return;
    }
  undo = g_new0 (Retract, 1);
  undo->table = g_object_ref (table);
  undo->store = ROUNDS_STORE (g_object_ref (source));
  undo->receipts = receipts;
  rounds_toast (table, _("Marked as entered in error"), _("Undo"), undo_cb, undo, retract_free);
  g_signal_emit (table, signals[SIGNAL_CHANGED], 0);
}

static void
retract_clicked_cb (GtkWidget *button, gpointer data)
{
  RoundsVitalsTable *self = ROUNDS_VITALS_TABLE (gtk_widget_get_ancestor (button, ROUNDS_TYPE_VITALS_TABLE));
  RoundsVitalsRow *row = gtk_list_item_get_item (GTK_LIST_ITEM (data));

  if (self == NULL || self->store == NULL || row == NULL || row->observation_id == NULL)
    return;
  rounds_store_run_async (self->store, retract_work, g_strdup (row->observation_id), g_free,
                          (GDestroyNotify) g_ptr_array_unref, NULL, retracted_cb, g_object_ref (self));
}

/* --- columns -------------------------------------------------------------------------------------------------------- */

static void
setup_label_cb (GtkListItemFactory *factory, GtkListItem *item)
{
  GtkWidget *label = rounds_label_new ("", "numeric");

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_list_item_set_child (item, label);
}

static void
bind_label_cb (GtkListItemFactory *factory, GtkListItem *item, gpointer column)
{
  RoundsVitalsRow *row = gtk_list_item_get_item (item);
  GtkLabel *label = GTK_LABEL (gtk_list_item_get_child (item));

  if (GPOINTER_TO_INT (column) == 0)
    {
      RoundsInstant instant = { row->time_us, ROUNDS_PRECISION_MINUTE, TRUE, 0 };
      g_autofree char *text = rounds_instant_display (&instant, rounds_instant_now_us ());

      rounds_label_set (label, text);
    }
  else
    rounds_label_set (label, GPOINTER_TO_INT (column) == 1 ? row->what : row->value);
}

static void
setup_button_cb (GtkListItemFactory *factory, GtkListItem *item)
{
  GtkWidget *button = gtk_button_new_from_icon_name ("edit-delete-symbolic");

  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_tooltip_text (button, _("Mark as entered in error"));
  rounds_accessible_name (button, _("Mark as entered in error"));
  g_signal_connect (button, "clicked", G_CALLBACK (retract_clicked_cb), item);
  gtk_list_item_set_child (item, button);
}

static void
bind_button_cb (GtkListItemFactory *factory, GtkListItem *item)
{
  RoundsVitalsRow *row = gtk_list_item_get_item (item);

  /* Values of a file or feed belong to their series; only what was charted can be taken out singly. */
  gtk_widget_set_visible (gtk_list_item_get_child (item), row->observation_id != NULL);
}

static void
add_column (GtkColumnView *view, const char *title, int column, gboolean expand)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  GtkColumnViewColumn *result;

  g_signal_connect (factory, "setup", column < 3 ? G_CALLBACK (setup_label_cb) : G_CALLBACK (setup_button_cb), NULL);
  g_signal_connect (factory, "bind", column < 3 ? G_CALLBACK (bind_label_cb) : G_CALLBACK (bind_button_cb),
                    GINT_TO_POINTER (column));
  result = gtk_column_view_column_new (title, factory);
  gtk_column_view_column_set_expand (result, expand);
  gtk_column_view_append_column (view, result);
  g_object_unref (result);
}

static void
rounds_vitals_table_dispose (GObject *object)
{
  RoundsVitalsTable *self = ROUNDS_VITALS_TABLE (object);

  g_clear_object (&self->store);
  g_clear_object (&self->rows);
  G_OBJECT_CLASS (rounds_vitals_table_parent_class)->dispose (object);
}

static void
rounds_vitals_table_class_init (RoundsVitalsTableClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = rounds_vitals_table_dispose;
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 0);
}

static void
rounds_vitals_table_init (RoundsVitalsTable *self)
{
  GtkWidget *scroller = gtk_scrolled_window_new ();
  GtkWidget *view;

  self->rows = g_list_store_new (ROUNDS_TYPE_VITALS_ROW);
  view = gtk_column_view_new (GTK_SELECTION_MODEL (gtk_no_selection_new (g_object_ref (G_LIST_MODEL (self->rows)))));
  add_column (GTK_COLUMN_VIEW (view), _("Time"), 0, FALSE);
  add_column (GTK_COLUMN_VIEW (view), _("What"), 1, TRUE);
  add_column (GTK_COLUMN_VIEW (view), _("Value"), 2, TRUE);
  add_column (GTK_COLUMN_VIEW (view), "", 3, FALSE);
  rounds_accessible_name (view, _("Values"));
  gtk_widget_add_css_class (view, "data-table");
  gtk_widget_add_css_class (view, "vitals-table");
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), view);
  self->stack = gtk_stack_new ();
  gtk_stack_add_named (GTK_STACK (self->stack), scroller, "table");
  gtk_stack_add_named (GTK_STACK (self->stack),
                       rounds_empty_new ("view-list-symbolic", _("No Vitals Recorded"),
                                         _("Enter them in the form, or import a file."), NULL, NULL), "empty");
  adw_bin_set_child (ADW_BIN (self), self->stack);
}

GtkWidget *
rounds_vitals_table_new (void)
{
  return g_object_new (ROUNDS_TYPE_VITALS_TABLE, NULL);
}
