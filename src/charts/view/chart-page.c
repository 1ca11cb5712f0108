/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The chart page: descriptors in, widgets out. It knows no section by name; a new descriptor appears here
 * without a line of this file. Saving is immediate, and Undo is offered for every change. */

#include "charts/view/chart-page.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "charts/edit.h"
#include "charts/list-model.h"
#include "charts/notes.h"
#include "charts/summary.h"
#include "charts/view/ask.h"
#include "charts/view/details.h"
#include "charts/view/form-panel.h"
#include "charts/view/section-table.h"
#include "kit/kit.h"

#define MAX_SECTIONS 32

struct _RoundsChartPage
{
  AdwBin parent_instance;

  GtkListBox *sections;
  GtkWidget *sections_side;
  GtkDropDown *section_choice;
  GtkLabel *section_title;
  AdwToggleGroup *which;
  AdwToggle *active_toggle;
  AdwToggle *all_toggle;
  GtkWidget *add;
  GtkLabel *add_label;
  GtkWidget *edit;
  GtkButton *stop;
  GtkWidget *addendum;
  GtkWidget *remove;
  GtkBox *drafts;
  GtkStack *stack;
  GtkColumnView *table;
  AdwStatusPage *empty;
  GtkBox *details;
  AdwOverlaySplitView *split;
  RoundsFormPanel *form;

  RoundsStore *store;
  char *patient_id;
  GCancellable *ticket;          /* of the patient */
  GCancellable *details_ticket;  /* of the selected row */
  const RoundsSection *section;
  RoundsListModel *models[MAX_SECTIONS];
  GtkFilterListModel *filtered;
  GtkSingleSelection *selection;
  char *wanted_id;               /* select this one when it appears */
  guint drafts_timeout;
  RoundsEdited *last_edit;       /* for Ctrl+Z, of this patient */
  gboolean narrow;
  gboolean switching;
};

enum {
  PROP_SECTION = 1,
  N_PROPS,
};
static GParamSpec *props[N_PROPS];

enum {
  SIGNAL_DECIDE,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RoundsChartPage, rounds_chart_page, ADW_TYPE_BIN)

static guint
section_index (const RoundsSection *section)
{
  const RoundsSection *const *all = rounds_sections ();
  guint i = 0;

  while (all[i] != NULL && all[i] != section)
    i++;
  return i;
}

static RoundsListModel *
current_model (RoundsChartPage *self)
{
  return self->section != NULL ? self->models[section_index (self->section)] : NULL;
}

static RoundsRow *
selected_row (RoundsChartPage *self)
{
  return self->selection != NULL ? gtk_single_selection_get_selected_item (self->selection) : NULL;
}

/* --- what is shown -------------------------------------------------------------------------------- */

static void
update_verbs (RoundsChartPage *self)
{
  RoundsRow *row = selected_row (self);
  const RoundsSection *section = self->section;
  const RoundsRole role = self->store != NULL ? rounds_store_get_role (self->store) : ROUNDS_ROLE_READ_ONLY;
  const gboolean may = self->store != NULL && self->patient_id != NULL && section != NULL
                       && rounds_role_may (role, ROUNDS_ACT_WRITE, section->types[0]);
  const gboolean signed_note = row != NULL && section->sign != NULL && !rounds_row_can_edit (row)
                               && !rounds_row_is_error (row)
                               && g_strcmp0 (rounds_row_get_record (row)->type, section->types[0]) == 0;

  gtk_widget_action_set_enabled (GTK_WIDGET (self), "chart.add", may && section->add != NULL);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "chart.edit", may && row != NULL && rounds_row_can_edit (row));
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "chart.stop",
                                 may && row != NULL && section->stop != NULL && rounds_row_is_active (row)
                                   && g_strcmp0 (rounds_row_get_record (row)->type, section->types[0]) == 0);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "chart.addendum", may && signed_note);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "chart.remove",
                                 may && row != NULL && !rounds_row_is_error (row)
                                   && rounds_role_may (role, ROUNDS_ACT_DELETE, section->types[0]));
  if (section == NULL)
    return;
  gtk_widget_set_visible (self->add, section->add != NULL);
  gtk_widget_set_visible (self->edit, section->n_fields > 0);
  gtk_widget_set_visible (GTK_WIDGET (self->stop), section->stop != NULL);
  gtk_widget_set_visible (self->addendum, section->sign != NULL);
  gtk_label_set_label (self->add_label, section->add != NULL ? _(section->add) : "");
  if (section->stop != NULL)
    gtk_button_set_label (self->stop, _(section->stop));
}

static void
show_counts (RoundsChartPage *self)
{
  const RoundsSection *const *all = rounds_sections ();
  RoundsListModel *model = current_model (self);
  g_autofree char *active = NULL, *every = NULL;

  for (guint i = 0; all[i] != NULL; i++)
    {
      GtkListBoxRow *row = gtk_list_box_get_row_at_index (self->sections, (int) i);
      GtkWidget *box = gtk_list_box_row_get_child (row);
      GtkLabel *count = GTK_LABEL (gtk_widget_get_last_child (box));
      g_autofree char *text = NULL;

      if (self->models[i] != NULL && rounds_list_model_is_loaded (self->models[i]))
        {
          /* Of results the number of tests; of the rest what is active. */
          guint n = all[i]->group != NULL ? g_list_model_get_n_items (G_LIST_MODEL (self->models[i]))
                                          : rounds_list_model_get_n_active (self->models[i]);

          text = g_strdup_printf ("%u", n);
        }
      gtk_label_set_label (count, text != NULL ? text : "");
    }
  if (model == NULL)
    return;
  active = g_strdup_printf (self->section->group != NULL ? _("Flagged %u") : _("Active %u"),
                            rounds_list_model_get_n_active (model));
  every = g_strdup_printf (_("All %u"), g_list_model_get_n_items (G_LIST_MODEL (model)));
  adw_toggle_set_label (self->active_toggle, active);
  adw_toggle_set_label (self->all_toggle, every);
}

static void
show_stack (RoundsChartPage *self)
{
  RoundsListModel *model = current_model (self);
  guint n = self->filtered != NULL ? g_list_model_get_n_items (G_LIST_MODEL (self->filtered)) : 0;
  guint n_all = model != NULL ? g_list_model_get_n_items (G_LIST_MODEL (model)) : 0;
  g_autofree char *markup = NULL;
  const char *problem = model != NULL ? rounds_list_model_get_problem (model) : NULL;

  if (self->section == NULL)
    return;
  if (model != NULL && !rounds_list_model_is_loaded (model))
    {
      gtk_stack_set_visible_child_name (self->stack, "wait");
      return;
    }
  if (n > 0)
    {
      gtk_stack_set_visible_child_name (self->stack, "table");
      return;
    }
  if (problem != NULL)
    markup = g_markup_escape_text (problem, -1);
  else if (n_all > 0)
    markup = g_markup_printf_escaped (self->section->group != NULL ? _("None is flagged; %u under “All”.")
                                                                   : _("Nothing is active; %u under “All”."), n_all);
  else
    markup = g_markup_escape_text (_(self->section->empty), -1);
  adw_status_page_set_title (self->empty, problem != NULL ? _("This cannot be read") : _(self->section->title));
  adw_status_page_set_description (self->empty, markup);
  gtk_stack_set_visible_child_name (self->stack, "empty");
}

/* --- details of the selected row ------------------------------------------------------------------ */

static void
details_answer (gpointer widget, gpointer result, const GError *error, gpointer data)
{
  RoundsChartPage *self = widget;

  rounds_details_show (self->details, result, error);
}

static void
show_details (RoundsChartPage *self)
{
  RoundsRow *row = selected_row (self);

  rounds_ticket_renew (&self->details_ticket);
  update_verbs (self);
  if (row == NULL)
    {
      rounds_details_clear (self->details);
      return;
    }
  rounds_details_begin (self->details, row);
  rounds_ask (self, self->store, self->details_ticket, rounds_details_work, g_object_ref (row), g_object_unref,
              rounds_details_free, details_answer);
}

static void
selected_cb (GtkSingleSelection *selection, GParamSpec *pspec, RoundsChartPage *self)
{
  show_details (self);
}

static void
select_wanted (RoundsChartPage *self)
{
  guint n = self->filtered != NULL ? g_list_model_get_n_items (G_LIST_MODEL (self->filtered)) : 0;

  for (guint i = 0; i < n && self->wanted_id != NULL; i++)
    {
      g_autoptr (RoundsRow) row = g_list_model_get_item (G_LIST_MODEL (self->filtered), i);

      if (strcmp (rounds_row_get_id (row), self->wanted_id) == 0)
        {
          gtk_single_selection_set_selected (self->selection, i);
          gtk_column_view_scroll_to (self->table, i, NULL, GTK_LIST_SCROLL_NONE, NULL);
          g_clear_pointer (&self->wanted_id, g_free);
        }
    }
}

static void
loaded_cb (RoundsListModel *model, RoundsChartPage *self)
{
  show_counts (self);
  if (model != current_model (self))
    return;
  select_wanted (self);
  show_stack (self);
  show_details (self);
}

/* --- sections ------------------------------------------------------------------------------------- */

static gboolean
row_matches (gpointer item, gpointer data)
{
  RoundsChartPage *self = data;

  return g_strcmp0 (adw_toggle_group_get_active_name (self->which), "all") == 0 || rounds_row_is_active (item);
}

static void
bind_model (RoundsChartPage *self)
{
  RoundsListModel *model = current_model (self);

  if (self->selection != NULL)
    g_signal_handlers_disconnect_by_data (self->selection, self);
  gtk_column_view_set_model (self->table, NULL);
  g_clear_object (&self->selection);
  g_clear_object (&self->filtered);
  rounds_details_clear (self->details);
  if (model == NULL)
    return;
  self->filtered = gtk_filter_list_model_new (G_LIST_MODEL (g_object_ref (model)),
                                              GTK_FILTER (gtk_custom_filter_new (row_matches, self, NULL)));
  self->selection = gtk_single_selection_new (rounds_section_table_sections (self->section, G_LIST_MODEL (self->filtered)));
  gtk_single_selection_set_autoselect (self->selection, TRUE);
  rounds_section_table_build (self->table, self->section, self->narrow);
  gtk_column_view_set_model (self->table, GTK_SELECTION_MODEL (self->selection));
  g_signal_connect (self->selection, "notify::selected-item", G_CALLBACK (selected_cb), self);
}

static void
show_section (RoundsChartPage *self, const RoundsSection *section)
{
  guint index = section_index (section);

  if (self->section == section)
    return;
  self->section = section;
  self->switching = TRUE;
  gtk_list_box_select_row (self->sections, gtk_list_box_get_row_at_index (self->sections, (int) index));
  gtk_drop_down_set_selected (self->section_choice, index);
  /* Results are read as a whole; of everything else what is active comes first. */
  adw_toggle_group_set_active_name (self->which, section->group != NULL || section->is_active == NULL ? "all" : "active");
  gtk_widget_set_visible (GTK_WIDGET (self->which), section->group != NULL || section->is_active != NULL);
  self->switching = FALSE;
  gtk_label_set_label (self->section_title, _(section->title));
  rounds_accessible_name (GTK_WIDGET (self->table), _(section->title));
  bind_model (self);
  show_counts (self);
  select_wanted (self);
  show_stack (self);
  show_details (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SECTION]);
}

static void
section_row_selected_cb (GtkListBox *list, GtkListBoxRow *row, RoundsChartPage *self)
{
  if (!self->switching && row != NULL)
    show_section (self, rounds_sections ()[gtk_list_box_row_get_index (row)]);
}

static void
section_choice_cb (GtkDropDown *choice, GParamSpec *pspec, RoundsChartPage *self)
{
  guint index = gtk_drop_down_get_selected (choice);

  if (!self->switching && index != GTK_INVALID_LIST_POSITION && self->section != NULL)
    show_section (self, rounds_sections ()[index]);
}

static void
which_cb (AdwToggleGroup *group, GParamSpec *pspec, RoundsChartPage *self)
{
  if (self->filtered == NULL)
    return;
  gtk_filter_changed (gtk_filter_list_model_get_filter (self->filtered), GTK_FILTER_CHANGE_DIFFERENT);
  show_stack (self);
}

static void
set_narrow (RoundsChartPage *self, gboolean narrow)
{
  self->narrow = narrow;
  if (self->section != NULL && self->selection != NULL)
    rounds_section_table_build (self->table, self->section, narrow);
}

static void
narrow_cb (AdwBreakpoint *breakpoint, RoundsChartPage *self)
{
  set_narrow (self, TRUE);
}

static void
wide_cb (AdwBreakpoint *breakpoint, RoundsChartPage *self)
{
  set_narrow (self, FALSE);
}

/* --- drafts --------------------------------------------------------------------------------------- */

static gpointer
drafts_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  GPtrArray *drafts = rounds_draft_list (store, data, error);

  /* The record that a draft edits is read with it, on the revision it has now. */
  for (guint i = 0; drafts != NULL && i < drafts->len; i++)
    {
      RoundsDraft *draft = g_ptr_array_index (drafts, i);

      if (draft->id != NULL && draft->type != NULL)
        {
          g_autoptr (RoundsRecord) record = rounds_store_get (store, draft->type, draft->id, NULL);

          /* It was changed or went away since: what was typed is kept, but as text for a new one. */
          if (record == NULL || record->deleted)
            g_clear_pointer (&draft->id, g_free);
        }
    }
  return drafts;
}

typedef struct {
  RoundsChartPage *page;   /* borrowed: the bar is its child */
  RoundsDraft *draft;
  RoundsRecord *record;
} Bar;

static void
bar_free (gpointer data, GClosure *closure)
{
  Bar *bar = data;

  rounds_draft_free (bar->draft);
  g_free (bar);
}

static void open_form (RoundsChartPage *self, const RoundsSection *section, const RoundsRecord *record,
                       json_object *values);

typedef struct {
  RoundsDraft *draft;
} Reopen;

static void
reopen_free (gpointer data)
{
  Reopen *reopen = data;

  rounds_draft_free (reopen->draft);
  g_free (reopen);
}

static gpointer
reopen_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  Reopen *reopen = data;
  RoundsRecord *record = rounds_store_get (store, reopen->draft->type, reopen->draft->id, error);

  /* The editor goes on from what it had seen: if it changed since, saving says so. */
  if (record != NULL && reopen->draft->revision != 0 && record->revision != reopen->draft->revision)
    record->revision = reopen->draft->revision;
  return record;
}

static void
reopen_answer (gpointer widget, gpointer result, const GError *error, gpointer data)
{
  Reopen *reopen = data;
  RoundsChartPage *self = widget;

  if (result != NULL && g_strcmp0 (reopen->draft->patient_id, self->patient_id) == 0)
    open_form (self, rounds_section_find (reopen->draft->section), result, reopen->draft->values);
}

static void
draft_open_cb (GtkButton *button, Bar *bar)
{
  RoundsChartPage *self = bar->page;
  const RoundsDraft *draft = bar->draft;
  const RoundsSection *section = rounds_section_find (draft->section);

  if (g_strcmp0 (draft->patient_id, self->patient_id) != 0)
    return;
  show_section (self, section);
  if (draft->id != NULL)
    {
      Reopen *reopen = g_new0 (Reopen, 1);
      g_autofree char *text = rounds_draft_print (draft->type, draft->id, draft->revision, draft->values, draft->changed_us);

      reopen->draft = rounds_draft_parse (draft->key, text);
      rounds_ask (self, self->store, self->ticket, reopen_work, reopen, reopen_free, (GDestroyNotify) rounds_record_free,
                  reopen_answer);
    }
  else
    open_form (self, section, NULL, draft->values);
}

static void load_drafts (RoundsChartPage *self);

static void
drafts_answer (gpointer widget, gpointer result, const GError *error, gpointer data)
{
  RoundsChartPage *self = widget;
  GPtrArray *drafts = result;
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->drafts))) != NULL)
    gtk_box_remove (self->drafts, child);
  for (guint i = 0; drafts != NULL && i < drafts->len && i < 5; i++)
    {
      RoundsDraft *draft = g_ptr_array_index (drafts, i);
      const RoundsSection *section = rounds_section_find (draft->section);
      g_autofree char *text = NULL;
      GtkWidget *row, *button, *label;
      Bar *bar;

      if (section == NULL || (rounds_form_panel_is_open (self->form) && rounds_form_panel_get_section (self->form) == section))
        continue;
      text = rounds_details_draft_words (draft);
      row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
      gtk_widget_add_css_class (row, "draft-bar");
      label = rounds_label_new (text, NULL);
      gtk_widget_set_hexpand (label, TRUE);
      gtk_box_append (GTK_BOX (row), label);
      button = gtk_button_new_with_label (_("Go on"));
      gtk_widget_add_css_class (button, "flat");
      bar = g_new0 (Bar, 1);
      bar->page = self;
      bar->draft = draft;
      g_ptr_array_index (drafts, i) = NULL;   /* taken; the array skips NULL when it is freed */
      g_signal_connect_data (button, "clicked", G_CALLBACK (draft_open_cb), bar, bar_free, 0);
      gtk_box_append (GTK_BOX (row), button);
      gtk_box_append (self->drafts, row);
    }
}

static gboolean
load_drafts_cb (gpointer data)
{
  RoundsChartPage *self = data;

  self->drafts_timeout = 0;
  load_drafts (self);
  return G_SOURCE_REMOVE;
}

static void
load_drafts (RoundsChartPage *self)
{
  g_clear_handle_id (&self->drafts_timeout, g_source_remove);
  /* A draft that was just thrown away or saved must not come back as unfinished. */
  if (self->patient_id != NULL && rounds_drafts_busy (self->store))
    self->drafts_timeout = g_timeout_add (40, load_drafts_cb, self);
  else if (self->patient_id != NULL)
    rounds_ask (self, self->store, self->ticket, drafts_work, g_strdup (self->patient_id), g_free,
                (GDestroyNotify) g_ptr_array_unref, drafts_answer);
}

static void
reload_drafts_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  load_drafts (ROUNDS_CHART_PAGE (widget));
}

/* --- verbs ---------------------------------------------------------------------------------------- */

typedef struct {
  GWeakRef page;
  RoundsStore *store;
  RoundsEdited edited;
  RoundsRecord *record;
  const RoundsSection *section;
  RoundsEdited *(*verb) (RoundsStore *, const RoundsSection *, const RoundsRecord *, GError **);
  char *title;
} Deed;

static void
deed_free (gpointer data)
{
  Deed *deed = data;

  g_weak_ref_clear (&deed->page);
  g_clear_object (&deed->store);
  g_clear_pointer (&deed->record, rounds_record_free);
  g_free (deed->edited.type);
  g_free (deed->edited.id);
  g_free (deed->title);
  g_free (deed);
}

static Deed *
deed_new (RoundsChartPage *self, const char *type, const char *id, gint64 revision)
{
  Deed *deed = g_new0 (Deed, 1);

  g_weak_ref_init (&deed->page, self);
  deed->store = g_object_ref (self->store);
  deed->edited.type = g_strdup (type);
  deed->edited.id = g_strdup (id);
  deed->edited.revision = revision;
  return deed;
}

static gpointer
undo_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  Deed *deed = data;

  return GINT_TO_POINTER (rounds_edit_undo (store, &deed->edited, error));
}

static void
undo_answer (gpointer widget, gpointer result, const GError *error, gpointer data)
{
  rounds_toast (widget, error == NULL ? _("Taken back")
                        : g_error_matches (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_STALE)
                          ? _("It was changed again since: not taken back") : error->message,
                NULL, NULL, NULL, NULL);
}

static void
undo (RoundsChartPage *self, RoundsStore *store, const RoundsEdited *edited)
{
  Deed *deed = deed_new (self, edited->type, edited->id, edited->revision);

  g_set_object (&deed->store, store);
  rounds_ask (self, store, NULL, undo_work, deed, deed_free, NULL, undo_answer);
}

/* The toast's undo acts on the store and resource of its own edit, whatever patient is shown by then. */
static void
undo_cb (gpointer data)
{
  Deed *deed = data;
  g_autoptr (RoundsChartPage) page = g_weak_ref_get (&deed->page);

  if (page != NULL)
    undo (page, deed->store, &deed->edited);
}

static void
offer_undo (RoundsChartPage *self, RoundsStore *store, const char *title, const char *type, const char *id, gint64 revision)
{
  Deed *deed;

  g_clear_pointer (&self->last_edit, rounds_edited_free);
  if (revision != 0 && store == self->store)
    {
      self->last_edit = g_new0 (RoundsEdited, 1);
      self->last_edit->type = g_strdup (type);
      self->last_edit->id = g_strdup (id);
      self->last_edit->revision = revision;
    }
  if (revision == 0)
    {
      rounds_toast (GTK_WIDGET (self), title, NULL, NULL, NULL, NULL);
      return;
    }
  deed = g_new0 (Deed, 1);
  g_weak_ref_init (&deed->page, self);
  deed->store = g_object_ref (store);
  deed->edited.type = g_strdup (type);
  deed->edited.id = g_strdup (id);
  deed->edited.revision = revision;
  rounds_toast (GTK_WIDGET (self), title, _("Undo"), undo_cb, deed, deed_free);
}

static gpointer
verb_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  Deed *deed = data;

  return deed->verb (store, deed->section, deed->record, error);
}

static void
verb_answer (gpointer widget, gpointer result, const GError *error, gpointer data)
{
  RoundsChartPage *self = widget;
  RoundsEdited *edited = result;
  Deed *deed = data;

  if (edited == NULL)
    rounds_toast (widget, g_error_matches (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_STALE)
                            ? _("It was changed meanwhile: look at it again") : error->message, NULL, NULL, NULL, NULL);
  else
    offer_undo (self, deed->store, deed->title, edited->type, edited->id, edited->revision);
}

static void
do_verb (RoundsChartPage *self, RoundsEdited *(*verb) (RoundsStore *, const RoundsSection *, const RoundsRecord *, GError **),
         const char *format)
{
  RoundsRow *row = selected_row (self);
  Deed *deed;

  if (row == NULL || self->store == NULL)
    return;
  deed = deed_new (self, NULL, NULL, 0);
  deed->section = self->section;
  deed->record = rounds_record_copy (rounds_row_get_record (row));
  deed->verb = verb;
  /* A test has many values; what is done is done to the newest, so it is named. */
  deed->title = self->section->group != NULL && rounds_row_get_line (row) != NULL
                  ? g_strdup_printf ("%s: %s %s", format, rounds_row_get_name (row), rounds_row_get_line (row))
                  : g_strdup_printf ("%s: %s", format, rounds_row_get_name (row));
  rounds_ask (self, self->store, NULL, verb_work, deed, deed_free, (GDestroyNotify) rounds_edited_free, verb_answer);
}

static void
open_form (RoundsChartPage *self, const RoundsSection *section, const RoundsRecord *record, json_object *values)
{
  rounds_form_panel_open (self->form, self->store, section, self->patient_id, record, values);
  adw_overlay_split_view_set_show_sidebar (self->split, TRUE);
  load_drafts (self);
}

static void
add_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsChartPage *self = ROUNDS_CHART_PAGE (widget);

  rounds_chart_page_add (self, self->section->id);
}

static void
edit_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsChartPage *self = ROUNDS_CHART_PAGE (widget);
  RoundsRow *row = selected_row (self);

  if (row != NULL && rounds_row_can_edit (row))
    open_form (self, self->section, rounds_row_get_record (row), NULL);
}

static void
stop_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsChartPage *self = ROUNDS_CHART_PAGE (widget);

  do_verb (self, rounds_edit_stop, _(self->section->stop));
}

static void
remove_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  do_verb (ROUNDS_CHART_PAGE (widget), rounds_edit_remove, _("Entered in error"));
}

static void
addendum_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsChartPage *self = ROUNDS_CHART_PAGE (widget);
  RoundsRow *row = selected_row (self);
  g_autoptr (json_object) original = row != NULL ? rounds_record_parse (rounds_row_get_record (row)) : NULL;
  g_autoptr (json_object) values = original != NULL ? rounds_note_addendum_values (original) : NULL;

  if (values != NULL)
    open_form (self, self->section, NULL, values);
}

static void
undo_version_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsChartPage *self = ROUNDS_CHART_PAGE (widget);
  RoundsEdited edited;
  const char *type, *id;

  g_variant_get (parameter, "(&s&sx)", &type, &id, &edited.revision);
  edited.type = (char *) type;
  edited.id = (char *) id;
  if (self->store != NULL)
    undo (self, self->store, &edited);
}

static void
undo_last_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsChartPage *self = ROUNDS_CHART_PAGE (widget);
  g_autoptr (RoundsEdited) edited = g_steal_pointer (&self->last_edit);

  if (edited == NULL || self->store == NULL)
    rounds_toast (widget, _("There is nothing to take back"), NULL, NULL, NULL, NULL);
  else
    undo (self, self->store, edited);
}

static void
decide_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsChartPage *self = ROUNDS_CHART_PAGE (widget);
  RoundsRow *row = selected_row (self);

  if (row != NULL)
    g_signal_emit (self, signals[SIGNAL_DECIDE], 0, rounds_row_get_record (row)->type, rounds_row_get_id (row));
}

static void
go_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  const RoundsSection *const *all = rounds_sections ();
  guint wanted = (guint) g_variant_get_int32 (parameter);

  for (guint i = 0; all[i] != NULL; i++)
    if (i == wanted)
      show_section (ROUNDS_CHART_PAGE (widget), all[i]);
}

static void
row_activated_cb (GtkColumnView *table, guint position, RoundsChartPage *self)
{
  gtk_widget_activate_action (GTK_WIDGET (self), "chart.edit", NULL);
}

static void
form_saved_cb (RoundsFormPanel *form, const char *title, const char *type, const char *id, gint64 revision,
               RoundsChartPage *self)
{
  g_free (self->wanted_id);
  self->wanted_id = g_strdup (id);
  offer_undo (self, self->store, title, type, id, revision);
}

static void
form_closed_cb (RoundsFormPanel *form, RoundsChartPage *self)
{
  adw_overlay_split_view_set_show_sidebar (self->split, FALSE);
  if (self->patient_id != NULL)
    {
      load_drafts (self);
      gtk_widget_grab_focus (GTK_WIDGET (self->table));
    }
}

/* --- type ----------------------------------------------------------------------------------------- */

static void
forget (RoundsChartPage *self)
{
  if (self->ticket != NULL)
    g_cancellable_cancel (self->ticket);
  g_clear_object (&self->ticket);
  g_clear_handle_id (&self->drafts_timeout, g_source_remove);
  if (self->details_ticket != NULL)
    g_cancellable_cancel (self->details_ticket);
  g_clear_object (&self->details_ticket);
  for (guint i = 0; i < MAX_SECTIONS; i++)
    {
      if (self->models[i] != NULL)
        g_signal_handlers_disconnect_by_data (self->models[i], self);
      g_clear_object (&self->models[i]);
    }
  g_clear_object (&self->store);
  g_clear_pointer (&self->patient_id, g_free);
  g_clear_pointer (&self->wanted_id, g_free);
  g_clear_pointer (&self->last_edit, rounds_edited_free);
}

static void
rounds_chart_page_dispose (GObject *object)
{
  RoundsChartPage *self = ROUNDS_CHART_PAGE (object);

  if (self->selection != NULL)
    g_signal_handlers_disconnect_by_data (self->selection, self);
  forget (self);
  gtk_widget_dispose_template (GTK_WIDGET (self), ROUNDS_TYPE_CHART_PAGE);
  g_clear_object (&self->selection);
  g_clear_object (&self->filtered);
  G_OBJECT_CLASS (rounds_chart_page_parent_class)->dispose (object);
}

static void
rounds_chart_page_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  RoundsChartPage *self = ROUNDS_CHART_PAGE (object);

  if (id == PROP_SECTION)
    g_value_set_string (value, self->section != NULL ? self->section->id : NULL);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
rounds_chart_page_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_SECTION)
    rounds_chart_page_show_section (ROUNDS_CHART_PAGE (object), g_value_get_string (value), NULL);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

#define BIND(name) gtk_widget_class_bind_template_child (widget_class, RoundsChartPage, name)

static void
rounds_chart_page_class_init (RoundsChartPageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  g_type_ensure (ROUNDS_TYPE_FORM_PANEL);
  object_class->dispose = rounds_chart_page_dispose;
  object_class->get_property = rounds_chart_page_get_property;
  object_class->set_property = rounds_chart_page_set_property;
  props[PROP_SECTION] = g_param_spec_string ("section", NULL, NULL, NULL, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
  signals[SIGNAL_DECIDE] = g_signal_new ("decide", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);

  gtk_widget_class_set_template_from_resource (widget_class, ROUNDS_RESOURCE_BASE "/ui/charts/chart-page.ui");
  BIND (sections);
  BIND (sections_side);
  BIND (section_choice);
  BIND (section_title);
  BIND (which);
  BIND (active_toggle);
  BIND (all_toggle);
  BIND (add);
  BIND (add_label);
  BIND (edit);
  BIND (stop);
  BIND (addendum);
  BIND (remove);
  BIND (drafts);
  BIND (stack);
  BIND (table);
  BIND (empty);
  BIND (details);
  BIND (split);
  BIND (form);
  gtk_widget_class_bind_template_callback (widget_class, section_row_selected_cb);
  gtk_widget_class_bind_template_callback (widget_class, section_choice_cb);
  gtk_widget_class_bind_template_callback (widget_class, which_cb);
  gtk_widget_class_bind_template_callback (widget_class, row_activated_cb);
  gtk_widget_class_bind_template_callback (widget_class, form_saved_cb);
  gtk_widget_class_bind_template_callback (widget_class, form_closed_cb);
  gtk_widget_class_bind_template_callback (widget_class, narrow_cb);
  gtk_widget_class_bind_template_callback (widget_class, wide_cb);

  gtk_widget_class_install_action (widget_class, "chart.add", NULL, add_action);
  gtk_widget_class_install_action (widget_class, "chart.edit", NULL, edit_action);
  gtk_widget_class_install_action (widget_class, "chart.stop", NULL, stop_action);
  gtk_widget_class_install_action (widget_class, "chart.addendum", NULL, addendum_action);
  gtk_widget_class_install_action (widget_class, "chart.remove", NULL, remove_action);
  gtk_widget_class_install_action (widget_class, "chart.undo-version", "(ssx)", undo_version_action);
  gtk_widget_class_install_action (widget_class, "chart.undo", NULL, undo_last_action);
  gtk_widget_class_install_action (widget_class, "chart.decide", NULL, decide_action);
  gtk_widget_class_install_action (widget_class, "chart.reload-drafts", NULL, reload_drafts_action);
  gtk_widget_class_install_action (widget_class, "chart.go", "i", go_action);
  /* Bubbling from the focus: a letter typed into a field never comes this far. */
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_n, 0, "chart.add", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_z, GDK_CONTROL_MASK, "chart.undo", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_F2, 0, "chart.edit", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Delete, 0, "chart.remove", NULL);
  for (guint i = 0; i < 9; i++)
    gtk_widget_class_add_binding_action (widget_class, GDK_KEY_1 + i, GDK_ALT_MASK, "chart.go", "i", (int) i);
}

static void
rounds_chart_page_init (RoundsChartPage *self)
{
  const RoundsSection *const *all = rounds_sections ();
  g_autoptr (GtkStringList) titles = gtk_string_list_new (NULL);

  gtk_widget_init_template (GTK_WIDGET (self));
  self->switching = TRUE;
  for (guint i = 0; all[i] != NULL; i++)
    {
      GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
      GtkWidget *title = rounds_label_new (_(all[i]->title), NULL);

      g_assert (i < MAX_SECTIONS);
      gtk_widget_set_hexpand (title, TRUE);
      gtk_box_append (GTK_BOX (box), title);
      gtk_box_append (GTK_BOX (box), rounds_label_new (NULL, "dimmed caption numeric"));
      gtk_list_box_append (self->sections, box);
      gtk_string_list_append (titles, _(all[i]->title));
    }
  gtk_drop_down_set_model (self->section_choice, G_LIST_MODEL (titles));
  self->switching = FALSE;
  rounds_accessible_name (GTK_WIDGET (self->sections), _("Sections"));
  rounds_accessible_name (GTK_WIDGET (self->section_choice), _("Section"));
  rounds_accessible_name (self->edit, _("Edit"));
  rounds_accessible_name (self->remove, _("Entered in error"));
  show_section (self, all[0]);
}

GtkWidget *
rounds_chart_page_new (void)
{
  return g_object_new (ROUNDS_TYPE_CHART_PAGE, NULL);
}

void
rounds_chart_page_set_patient (RoundsChartPage *self, RoundsStore *store, const char *patient_id)
{
  const RoundsSection *const *all = rounds_sections ();
  GtkWidget *child;

  g_return_if_fail (ROUNDS_IS_CHART_PAGE (self));

  if (self->store == store && g_strcmp0 (self->patient_id, patient_id) == 0)
    return;
  forget (self);
  rounds_form_panel_leave (self->form);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->drafts))) != NULL)
    gtk_box_remove (self->drafts, child);
  if (store != NULL && patient_id != NULL)
    {
      self->store = g_object_ref (store);
      self->patient_id = g_strdup (patient_id);
      rounds_ticket_renew (&self->ticket);
      for (guint i = 0; all[i] != NULL; i++)
        {
          self->models[i] = rounds_list_model_get_shared (store, all[i], patient_id);
          g_signal_connect (self->models[i], "loaded", G_CALLBACK (loaded_cb), self);
        }
    }
  bind_model (self);
  show_counts (self);
  show_stack (self);
  show_details (self);
  load_drafts (self);
}

gboolean
rounds_chart_page_show_section (RoundsChartPage *self, const char *section_id, const char *resource_id)
{
  const RoundsSection *section = rounds_section_find (section_id);

  if (section == NULL)
    return FALSE;
  g_free (self->wanted_id);
  self->wanted_id = g_strdup (resource_id);
  show_section (self, section);
  select_wanted (self);
  return TRUE;
}

void
rounds_chart_page_add (RoundsChartPage *self, const char *section_id)
{
  const RoundsSection *section = rounds_section_find (section_id);

  if (section == NULL || section->add == NULL || self->patient_id == NULL)
    return;
  show_section (self, section);
  if (!rounds_role_may (rounds_store_get_role (self->store), ROUNDS_ACT_WRITE, section->types[0]))
    {
      rounds_toast (GTK_WIDGET (self), _("Your role may read this, not write it"), NULL, NULL, NULL, NULL);
      return;
    }
  open_form (self, section, NULL, NULL);
}
