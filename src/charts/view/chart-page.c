/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The chart page: descriptors in, widgets out. It knows no section by name; a new descriptor appears here
 * without a line of this file. Saving is immediate, and Undo is offered for every change. */

#include "charts/view/chart-page-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "charts/view/ask.h"
#include "charts/view/details.h"
#include "charts/view/section-table.h"
#include "kit/kit.h"

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

RoundsRow *
rounds_chart_page_selected (RoundsChartPage *self)
{
  return self->selection != NULL ? gtk_single_selection_get_selected_item (self->selection) : NULL;
}

/* --- what is shown -------------------------------------------------------------------------------- */

static void
update_verbs (RoundsChartPage *self)
{
  RoundsRow *row = rounds_chart_page_selected (self);
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
  RoundsRow *row = rounds_chart_page_selected (self);

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

void
rounds_chart_page_go (RoundsChartPage *self, const RoundsSection *section)
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
    rounds_chart_page_go (self, rounds_sections ()[gtk_list_box_row_get_index (row)]);
}

static void
section_choice_cb (GtkDropDown *choice, GParamSpec *pspec, RoundsChartPage *self)
{
  guint index = gtk_drop_down_get_selected (choice);

  if (!self->switching && index != GTK_INVALID_LIST_POSITION && self->section != NULL)
    rounds_chart_page_go (self, rounds_sections ()[index]);
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

/* --- forms ---------------------------------------------------------------------------------------- */

void
rounds_chart_page_open_form (RoundsChartPage *self, const RoundsSection *section, const RoundsRecord *record,
                             json_object *values)
{
  /* Shown first: what is not shown cannot take the focus. */
  adw_overlay_split_view_set_show_sidebar (self->split, TRUE);
  rounds_form_panel_open (self->form, self->store, section, self->patient_id, record, values);
  rounds_chart_page_load_drafts (self);
}

static void
reload_drafts_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  rounds_chart_page_load_drafts (ROUNDS_CHART_PAGE (widget));
}

static void
decide_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsChartPage *self = ROUNDS_CHART_PAGE (widget);
  RoundsRow *row = rounds_chart_page_selected (self);

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
      {
        rounds_chart_page_go (ROUNDS_CHART_PAGE (widget), all[i]);
        gtk_widget_grab_focus (widget);
      }
}

/* The table, where Enter and Delete mean the selected row; without one the section's name in the list. */
static gboolean
rounds_chart_page_grab_focus (GtkWidget *widget)
{
  RoundsChartPage *self = ROUNDS_CHART_PAGE (widget);
  GtkListBoxRow *row = gtk_list_box_get_selected_row (self->sections);

  if (gtk_widget_get_mapped (GTK_WIDGET (self->table)) && gtk_widget_grab_focus (GTK_WIDGET (self->table)))
    return TRUE;
  if (row != NULL && gtk_widget_get_mapped (GTK_WIDGET (row)))
    return gtk_widget_grab_focus (GTK_WIDGET (row));
  return gtk_widget_get_mapped (self->add) && gtk_widget_grab_focus (self->add);
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
  /* The list may have read it before the writer's answer came. */
  select_wanted (self);
  rounds_chart_page_offer_undo (self, self->store, title, type, id, revision);
}

static void
form_closed_cb (RoundsFormPanel *form, RoundsChartPage *self)
{
  adw_overlay_split_view_set_show_sidebar (self->split, FALSE);
  if (self->patient_id != NULL)
    {
      rounds_chart_page_load_drafts (self);
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
  for (guint i = 0; i < ROUNDS_CHART_PAGE_MAX_SECTIONS; i++)
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
  widget_class->grab_focus = rounds_chart_page_grab_focus;
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

  rounds_chart_page_install_verbs (widget_class);
  gtk_widget_class_install_action (widget_class, "chart.decide", NULL, decide_action);
  gtk_widget_class_install_action (widget_class, "chart.reload-drafts", NULL, reload_drafts_action);
  gtk_widget_class_install_action (widget_class, "chart.go", "i", go_action);
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

      g_assert (i < ROUNDS_CHART_PAGE_MAX_SECTIONS);
      gtk_widget_set_hexpand (title, TRUE);
      gtk_label_set_ellipsize (GTK_LABEL (title), PANGO_ELLIPSIZE_NONE);
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
  rounds_chart_page_go (self, all[0]);
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
  rounds_chart_page_load_drafts (self);
}

gboolean
rounds_chart_page_show_section (RoundsChartPage *self, const char *section_id, const char *resource_id)
{
  const RoundsSection *section = rounds_section_find (section_id);

  if (section == NULL)
    return FALSE;
  g_free (self->wanted_id);
  self->wanted_id = g_strdup (resource_id);
  rounds_chart_page_go (self, section);
  select_wanted (self);
  return TRUE;
}

void
rounds_chart_page_add (RoundsChartPage *self, const char *section_id)
{
  const RoundsSection *section = rounds_section_find (section_id);

  if (section == NULL || section->add == NULL || self->patient_id == NULL)
    return;
  rounds_chart_page_go (self, section);
  if (!rounds_role_may (rounds_store_get_role (self->store), ROUNDS_ACT_WRITE, section->types[0]))
    {
      rounds_toast (GTK_WIDGET (self), _("Your role may read this, not write it"), NULL, NULL, NULL, NULL);
      return;
    }
  rounds_chart_page_open_form (self, section, NULL, NULL);
}
