/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The patient list. Every change of the search text asks the store anew and drops the answer before it; a list
 * is never longer than can be read, because with 100,000 patients it is the search that finds, not scrolling. */

#include "charts/view/patient-list.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/instant.h"
#include "charts/patient.h"
#include "charts/view/ask.h"
#include "charts/view/patient-dialog.h"
#include "charts/view/patient-filter.h"
#include "charts/words.h"
#include "kit/kit.h"

#define MAX_PATIENTS 200
/* A search that takes longer than this shows that it is at work: the first by a filter builds an index. */
#define BUSY_MS 150

#define ROUNDS_TYPE_PATIENT_ITEM (rounds_patient_item_get_type ())
G_DECLARE_FINAL_TYPE (RoundsPatientItem, rounds_patient_item, ROUNDS, PATIENT_ITEM, GObject)

struct _RoundsPatientItem
{
  GObject parent_instance;

  char *id;
  char *name;
  char *words;
  guint n_unsynced;
  gboolean deceased;
  gboolean more;       /* not a patient: says that there are more */
};

G_DEFINE_FINAL_TYPE (RoundsPatientItem, rounds_patient_item, G_TYPE_OBJECT)

static void
rounds_patient_item_finalize (GObject *object)
{
  RoundsPatientItem *self = ROUNDS_PATIENT_ITEM (object);

  g_free (self->id);
  g_free (self->name);
  g_free (self->words);
  G_OBJECT_CLASS (rounds_patient_item_parent_class)->finalize (object);
}

static void
rounds_patient_item_class_init (RoundsPatientItemClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rounds_patient_item_finalize;
}

static void
rounds_patient_item_init (RoundsPatientItem *self)
{
}

/* "61 y · m · 4471-0093" */
static RoundsPatientItem *
item_new (const RoundsPatientHit *hit, gint64 now_us)
{
  RoundsPatientItem *item = g_object_new (ROUNDS_TYPE_PATIENT_ITEM, NULL);
  g_autofree char *age = hit->birth_date != NULL ? rounds_patient_age_words (hit->birth_date, now_us) : NULL;
  g_autoptr (GString) words = g_string_new (NULL);
  const char *sex = rounds_words_code (hit->sex);

  if (hit->deceased)
    g_string_append (words, _("deceased"));
  else if (age != NULL)
    g_string_append (words, age);
  if (sex != NULL)
    g_string_append_printf (words, "%s%s", words->len > 0 ? " · " : "", sex);
  if (hit->identifiers != NULL)
    {
      const gsize length = (gsize) (strchrnul (hit->identifiers, ' ') - hit->identifiers);

      /* Half a UUID tells nobody from anybody: the birth date does. */
      if (length <= 16)
        g_string_append_printf (words, "%s%.*s", words->len > 0 ? " · " : "", (int) length, hit->identifiers);
      else if (hit->birth_date != NULL)
        g_string_append_printf (words, "%s%s", words->len > 0 ? " · " : "", hit->birth_date);
    }
  item->id = g_strdup (hit->id);
  item->name = g_strdup (hit->name);
  item->words = g_strdup (words->str);
  item->n_unsynced = hit->n_unsynced;
  item->deceased = hit->deceased;
  return item;
}

struct _RoundsPatientList
{
  AdwBin parent_instance;

  GtkSearchEntry *search;
  RoundsPatientFilter *filter;
  GtkProgressBar *busy;
  GtkStack *stack;
  GtkListView *list;
  GtkLabel *footer;
  char *footer_text;      /* or NULL */
  gboolean footer_look;

  RoundsStore *store;
  GListStore *items;
  GtkSingleSelection *selection;
  GCancellable *ticket;
  char *selected_id;
  guint refresh_timeout;
  guint busy_timeout;
};

enum {
  SIGNAL_PATIENT_SELECTED,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RoundsPatientList, rounds_patient_list, ADW_TYPE_BIN)

/* What is asked. */
typedef struct {
  char *text;
  RoundsQuery *query;   /* or NULL */
  gboolean leaves_out;
} RoundsAsked;

static void
asked_free (RoundsAsked *self)
{
  g_free (self->text);
  rounds_query_free (self->query);
  g_free (self);
}

static gpointer
find_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  RoundsAsked *asked = data;

  return rounds_store_list_patients (store, asked->text, asked->query, MAX_PATIENTS + 1, cancellable, error);
}

static gboolean
busy_cb (gpointer data)
{
  RoundsPatientList *self = data;

  gtk_widget_set_visible (GTK_WIDGET (self->busy), TRUE);
  gtk_progress_bar_pulse (self->busy);
  return G_SOURCE_CONTINUE;
}

static void
end_busy (RoundsPatientList *self)
{
  g_clear_handle_id (&self->busy_timeout, g_source_remove);
  if (self->busy != NULL)
    gtk_widget_set_visible (GTK_WIDGET (self->busy), FALSE);
}

static void
mark_selected (RoundsPatientList *self)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->items)), found = GTK_INVALID_LIST_POSITION;

  for (guint i = 0; i < n && self->selected_id != NULL; i++)
    {
      g_autoptr (RoundsPatientItem) item = g_list_model_get_item (G_LIST_MODEL (self->items), i);

      if (g_strcmp0 (item->id, self->selected_id) == 0)
        found = i;
    }
  gtk_single_selection_set_selected (self->selection, found);
}

static void
find_answer (gpointer widget, gpointer result, const GError *error, gpointer data)
{
  RoundsPatientList *self = widget;
  GPtrArray *hits = result;
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);
  const RoundsAsked *asked = data;
  const gint64 now_us = rounds_instant_now_us ();

  end_busy (self);
  if (hits == NULL)
    {
      g_warning ("patients cannot be listed: %s", error != NULL ? error->message : "");
      rounds_toast (GTK_WIDGET (self), _("The patients cannot be read"), NULL, NULL, NULL, NULL);
      return;
    }
  for (guint i = 0; i < MIN (hits->len, MAX_PATIENTS); i++)
    g_ptr_array_add (items, item_new (g_ptr_array_index (hits, i), now_us));
  if (hits->len > MAX_PATIENTS)
    {
      RoundsPatientItem *more = g_object_new (ROUNDS_TYPE_PATIENT_ITEM, NULL);

      more->more = TRUE;
      more->name = g_strdup (_("More patients"));
      more->words = g_strdup (_("Type to find the one you look for"));
      g_ptr_array_add (items, more);
    }
  g_list_store_splice (self->items, 0, g_list_model_get_n_items (G_LIST_MODEL (self->items)), items->pdata, items->len);
  mark_selected (self);
  gtk_stack_set_visible_child_name (self->stack, items->len > 0        ? "list"
                                                 : asked->leaves_out   ? "filtered"
                                                 : *asked->text != '\0' ? "none"
                                                                       : "empty");
}

/* A patient who is left out must not be taken for one who is not there. */
static void
show_footer (RoundsPatientList *self)
{
  gboolean filtered = self->store != NULL && rounds_patient_filter_leaves_out (self->filter);
  gboolean look = filtered || self->footer_look;
  g_autoptr (GString) text = g_string_new (filtered ? _("Filtered: not all patients are shown (Ctrl+Shift+F)") : NULL);

  if (self->footer_text != NULL)
    g_string_append_printf (text, "%s%s", text->len > 0 ? "\n" : "", self->footer_text);
  rounds_tone_apply (GTK_WIDGET (self->footer), look ? ROUNDS_TONE_LOOK : ROUNDS_TONE_PLAIN);
  if (look)
    gtk_widget_remove_css_class (GTK_WIDGET (self->footer), "dimmed");
  else
    gtk_widget_add_css_class (GTK_WIDGET (self->footer), "dimmed");
  gtk_label_set_label (self->footer, text->str);
  gtk_widget_set_visible (GTK_WIDGET (self->footer), text->len > 0);
}

static void
refresh (RoundsPatientList *self)
{
  RoundsAsked *asked;

  g_clear_handle_id (&self->refresh_timeout, g_source_remove);
  rounds_ticket_renew (&self->ticket);
  show_footer (self);
  if (self->store == NULL)
    {
      end_busy (self);
      g_list_store_remove_all (self->items);
      return;
    }
  asked = g_new0 (RoundsAsked, 1);
  asked->text = g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->search)));
  asked->query = rounds_patient_filter_make_query (self->filter);
  asked->leaves_out = rounds_patient_filter_leaves_out (self->filter);
  if (self->busy_timeout == 0)
    self->busy_timeout = g_timeout_add (BUSY_MS, busy_cb, self);
  rounds_ask (self, self->store, self->ticket, find_work, asked, (GDestroyNotify) asked_free,
              (GDestroyNotify) g_ptr_array_unref, find_answer);
}

static gboolean
refresh_timeout_cb (gpointer data)
{
  RoundsPatientList *self = data;

  self->refresh_timeout = 0;
  refresh (self);
  return G_SOURCE_REMOVE;
}

/* Many changes come while an import or a sync runs. */
static void
refresh_soon (RoundsPatientList *self)
{
  if (self->refresh_timeout == 0)
    self->refresh_timeout = g_timeout_add (200, refresh_timeout_cb, self);
}

static void
store_changed_cb (RoundsStore *store, const char *type, const char *id, const char *patient_id, RoundsPatientList *self)
{
  refresh_soon (self);
}

static void
outbox_changed_cb (RoundsStore *store, RoundsPatientList *self)
{
  refresh_soon (self);
}

static void
choose (RoundsPatientList *self, RoundsPatientItem *item)
{
  if (item == NULL || item->more)
    return;
  g_free (self->selected_id);
  self->selected_id = g_strdup (item->id);
  mark_selected (self);
  g_signal_emit (self, signals[SIGNAL_PATIENT_SELECTED], 0, self->selected_id);
}

static void
row_activated_cb (GtkListView *list, guint position, RoundsPatientList *self)
{
  g_autoptr (RoundsPatientItem) item = g_list_model_get_item (G_LIST_MODEL (self->items), position);

  choose (self, item);
}

static void
search_changed_cb (GtkSearchEntry *entry, RoundsPatientList *self)
{
  refresh (self);
}

static void
filter_changed_cb (RoundsPatientFilter *filter, RoundsPatientList *self)
{
  refresh (self);
}

/* Enter in the search opens the only hit, and otherwise goes into the list: never the first of several. */
static void
search_activated_cb (GtkSearchEntry *entry, RoundsPatientList *self)
{
  if (g_list_model_get_n_items (G_LIST_MODEL (self->items)) == 1)
    {
      g_autoptr (RoundsPatientItem) item = g_list_model_get_item (G_LIST_MODEL (self->items), 0);

      choose (self, item);
    }
  else
    gtk_widget_grab_focus (GTK_WIDGET (self->list));
}

static void
search_stopped_cb (GtkSearchEntry *entry, RoundsPatientList *self)
{
  gtk_editable_set_text (GTK_EDITABLE (entry), "");
}

static void
row_setup_cb (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer data)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 1);
  GtkWidget *first = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 4);
  GtkWidget *dot = gtk_label_new ("●");

  gtk_box_append (GTK_BOX (first), rounds_label_new (NULL, "name"));
  gtk_widget_add_css_class (dot, "unsynced");
  gtk_box_append (GTK_BOX (first), dot);
  gtk_box_append (GTK_BOX (column), first);
  gtk_box_append (GTK_BOX (column), rounds_label_new (NULL, "dimmed caption numeric"));
  gtk_widget_set_hexpand (column, TRUE);
  gtk_box_append (GTK_BOX (row), column);
  gtk_list_item_set_child (item, row);
}

static void
row_bind_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item, gpointer data)
{
  RoundsPatientItem *item = gtk_list_item_get_item (list_item);
  GtkWidget *column = gtk_widget_get_first_child (gtk_list_item_get_child (list_item));
  GtkWidget *first = gtk_widget_get_first_child (column);
  GtkWidget *dot = gtk_widget_get_last_child (first);
  g_autofree char *unsynced = NULL, *spoken = NULL;

  rounds_label_set (GTK_LABEL (gtk_widget_get_first_child (first)), item->name);
  rounds_label_set (GTK_LABEL (gtk_widget_get_last_child (column)), item->words);
  unsynced = g_strdup_printf (ngettext ("%u change not sent yet", "%u changes not sent yet", item->n_unsynced),
                              item->n_unsynced);
  gtk_widget_set_visible (dot, item->n_unsynced > 0);
  gtk_widget_set_tooltip_text (dot, unsynced);
  spoken = g_strdup_printf ("%s, %s%s%s", item->name, item->words, item->n_unsynced > 0 ? ", " : "",
                            item->n_unsynced > 0 ? unsynced : "");
  gtk_list_item_set_accessible_label (list_item, spoken);
}

static void
created_cb (const char *patient_id, gpointer data)
{
  RoundsPatientList *self = data;

  gtk_editable_set_text (GTK_EDITABLE (self->search), "");
  g_free (self->selected_id);
  self->selected_id = g_strdup (patient_id);
  refresh (self);
  g_signal_emit (self, signals[SIGNAL_PATIENT_SELECTED], 0, patient_id);
}

static void
new_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsPatientList *self = ROUNDS_PATIENT_LIST (widget);

  if (self->store != NULL)
    rounds_patient_dialog_present (widget, self->store, NULL, created_cb, self);
}

static void
search_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  rounds_patient_list_focus_search (ROUNDS_PATIENT_LIST (widget));
}

static void
show_all_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  rounds_patient_filter_clear (ROUNDS_PATIENT_LIST (widget)->filter);
}

static void
rounds_patient_list_dispose (GObject *object)
{
  RoundsPatientList *self = ROUNDS_PATIENT_LIST (object);

  g_clear_handle_id (&self->busy_timeout, g_source_remove);
  g_clear_handle_id (&self->refresh_timeout, g_source_remove);
  g_clear_pointer (&self->footer_text, g_free);
  if (self->ticket != NULL)
    g_cancellable_cancel (self->ticket);
  g_clear_object (&self->ticket);
  if (self->store != NULL)
    g_signal_handlers_disconnect_by_data (self->store, self);
  g_clear_object (&self->store);
  gtk_widget_dispose_template (GTK_WIDGET (self), ROUNDS_TYPE_PATIENT_LIST);
  g_clear_object (&self->selection);
  g_clear_object (&self->items);
  g_clear_pointer (&self->selected_id, g_free);
  G_OBJECT_CLASS (rounds_patient_list_parent_class)->dispose (object);
}

static void
rounds_patient_list_class_init (RoundsPatientListClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rounds_patient_list_dispose;
  signals[SIGNAL_PATIENT_SELECTED] = g_signal_new ("patient-selected", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                                   NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  g_type_ensure (ROUNDS_TYPE_PATIENT_FILTER);
  gtk_widget_class_set_template_from_resource (widget_class, ROUNDS_RESOURCE_BASE "/ui/charts/patient-list.ui");
  gtk_widget_class_bind_template_child (widget_class, RoundsPatientList, search);
  gtk_widget_class_bind_template_child (widget_class, RoundsPatientList, filter);
  gtk_widget_class_bind_template_child (widget_class, RoundsPatientList, busy);
  gtk_widget_class_bind_template_child (widget_class, RoundsPatientList, stack);
  gtk_widget_class_bind_template_child (widget_class, RoundsPatientList, list);
  gtk_widget_class_bind_template_child (widget_class, RoundsPatientList, footer);
  gtk_widget_class_bind_template_callback (widget_class, search_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, filter_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, search_activated_cb);
  gtk_widget_class_bind_template_callback (widget_class, search_stopped_cb);
  gtk_widget_class_bind_template_callback (widget_class, row_activated_cb);
  gtk_widget_class_install_action (widget_class, "patients.new", NULL, new_action);
  gtk_widget_class_install_action (widget_class, "patients.search", NULL, search_action);
  gtk_widget_class_install_action (widget_class, "patients.show-all", NULL, show_all_action);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_f, GDK_CONTROL_MASK, "patients.search", NULL);
}

static void
rounds_patient_list_init (RoundsPatientList *self)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();

  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect (factory, "setup", G_CALLBACK (row_setup_cb), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (row_bind_cb), NULL);
  gtk_list_view_set_factory (self->list, factory);
  g_object_unref (factory);
  self->items = g_list_store_new (ROUNDS_TYPE_PATIENT_ITEM);
  self->selection = gtk_single_selection_new (G_LIST_MODEL (g_object_ref (self->items)));
  gtk_single_selection_set_autoselect (self->selection, FALSE);
  gtk_single_selection_set_can_unselect (self->selection, TRUE);
  gtk_list_view_set_model (self->list, GTK_SELECTION_MODEL (self->selection));
  /* Letters typed in the list begin a search. */
  gtk_search_entry_set_key_capture_widget (self->search, GTK_WIDGET (self->list));
  rounds_accessible_name (GTK_WIDGET (self->search), _("Search patients"));
  rounds_accessible_name (GTK_WIDGET (self->list), _("Patients"));
}

GtkWidget *
rounds_patient_list_new (void)
{
  return g_object_new (ROUNDS_TYPE_PATIENT_LIST, NULL);
}

void
rounds_patient_list_set_store (RoundsPatientList *self, RoundsStore *store)
{
  g_return_if_fail (ROUNDS_IS_PATIENT_LIST (self));

  if (self->store == store)
    return;
  if (self->store != NULL)
    g_signal_handlers_disconnect_by_data (self->store, self);
  g_set_object (&self->store, store);
  gtk_editable_set_text (GTK_EDITABLE (self->search), "");
  g_clear_pointer (&self->selected_id, g_free);
  /* The next account begins with everybody. */
  rounds_patient_filter_clear (self->filter);
  if (store != NULL)
    {
      g_signal_connect (store, "changed", G_CALLBACK (store_changed_cb), self);
      g_signal_connect (store, "outbox-changed", G_CALLBACK (outbox_changed_cb), self);
    }
  refresh (self);
}

void
rounds_patient_list_set_selected (RoundsPatientList *self, const char *patient_id)
{
  g_return_if_fail (ROUNDS_IS_PATIENT_LIST (self));

  if (g_strcmp0 (self->selected_id, patient_id) == 0)
    return;
  g_free (self->selected_id);
  self->selected_id = g_strdup (patient_id);
  mark_selected (self);
}

void
rounds_patient_list_focus_search (RoundsPatientList *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->search));
  gtk_editable_select_region (GTK_EDITABLE (self->search), 0, -1);
}

void
rounds_patient_list_set_footer (RoundsPatientList *self, const char *text, gboolean look)
{
  g_set_str (&self->footer_text, text);
  self->footer_look = look;
  show_footer (self);
}
