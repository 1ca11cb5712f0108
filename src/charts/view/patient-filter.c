/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Order and filter of the patient list, as a query. While anything is chosen the button is coloured and says so: a
 * list that leaves patients out must not look like the whole one. Ages are counted from today at each query, so that
 * a window that stays open over midnight is right the next day. */
#include "charts/view/patient-filter.h"

#include <glib/gi18n-lib.h>

#include "kit/kit.h"

#define MAX_AGE 130

struct _RoundsPatientFilter
{
  AdwBin parent_instance;

  GtkMenuButton *button;
  AdwComboRow *order_row, *sex_row, *seen_row;
  AdwSpinRow *from_row, *to_row;
  AdwSwitchRow *open_row, *unsynced_row, *conflict_row;
  GtkWidget *clear;

  gboolean clearing;
};

enum {
  SIGNAL_CHANGED,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RoundsPatientFilter, rounds_patient_filter, ADW_TYPE_BIN)

/* The day so long ago, as FHIR writes it. */
static char *
day_before (int years, int days)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autoptr (GDateTime) then = g_date_time_add_full (now, -years, 0, -days, 0, 0, 0);

  return g_date_time_format (then, "%Y-%m-%d");
}

static void
add_ages (RoundsPatientFilter *self, RoundsQuery *query)
{
  int from = (int) adw_spin_row_get_value (self->from_row), to = (int) adw_spin_row_get_value (self->to_row);

  if (from > 0)
    {
      g_autofree char *day = day_before (from, 0);

      rounds_query_add_date (query, "birthdate", "le", day, NULL);
    }
  if (to < MAX_AGE)
    {
      /* Whoever is 70 turns 71 tomorrow at the earliest. */
      g_autofree char *day = day_before (to + 1, 0);

      rounds_query_add_date (query, "birthdate", "gt", day, NULL);
    }
}

static void
add_encounters (RoundsPatientFilter *self, RoundsQuery *query)
{
  static const int days[] = { 0, 1, 7, 30, 365 };
  guint seen = adw_combo_row_get_selected (self->seen_row);

  if (adw_switch_row_get_active (self->open_row))
    rounds_query_add (query, "_has:Encounter:subject:status", "arrived,triaged,in-progress,onleave", NULL);
  if (seen > 0 && seen < G_N_ELEMENTS (days))
    {
      g_autofree char *day = day_before (0, days[seen]);
      g_autofree char *value = g_strconcat ("ge", day, NULL);

      rounds_query_add (query, "_has:Encounter:subject:date", value, NULL);
    }
}

gboolean
rounds_patient_filter_leaves_out (RoundsPatientFilter *self)
{
  g_return_val_if_fail (ROUNDS_IS_PATIENT_FILTER (self), FALSE);

  return adw_combo_row_get_selected (self->sex_row) != 0 || adw_combo_row_get_selected (self->seen_row) != 0 ||
         adw_spin_row_get_value (self->from_row) > 0 || adw_spin_row_get_value (self->to_row) < MAX_AGE ||
         adw_switch_row_get_active (self->open_row) || adw_switch_row_get_active (self->unsynced_row) ||
         adw_switch_row_get_active (self->conflict_row);
}

RoundsQuery *
rounds_patient_filter_make_query (RoundsPatientFilter *self)
{
  static const char *const sexes[] = { NULL, "female", "male", "other" };
  static const struct { const char *name; gboolean descending; } orders[] = {
    { NULL, FALSE }, { "birthdate", FALSE }, { "birthdate", TRUE }, { "_lastUpdated", TRUE },
  };
  RoundsQuery *query;
  guint order, sex;

  g_return_val_if_fail (ROUNDS_IS_PATIENT_FILTER (self), NULL);

  order = adw_combo_row_get_selected (self->order_row);
  sex = adw_combo_row_get_selected (self->sex_row);
  if (order == 0 && !rounds_patient_filter_leaves_out (self))
    return NULL;
  query = rounds_query_new ("Patient", NULL);
  if (sex > 0 && sex < G_N_ELEMENTS (sexes))
    rounds_query_add_token (query, "gender", NULL, sexes[sex], NULL);
  add_ages (self, query);
  add_encounters (self, query);
  if (adw_switch_row_get_active (self->unsynced_row))
    rounds_query_add (query, "_unsynced", "true", NULL);
  if (adw_switch_row_get_active (self->conflict_row))
    rounds_query_add (query, "_conflict", "true", NULL);
  if (order > 0 && order < G_N_ELEMENTS (orders))
    rounds_query_add_sort (query, orders[order].name, orders[order].descending, NULL);
  return query;
}

static void
changed (RoundsPatientFilter *self)
{
  gboolean leaves_out = rounds_patient_filter_leaves_out (self);
  gboolean other = leaves_out || adw_combo_row_get_selected (self->order_row) != 0;

  if (self->clearing)
    return;
  gtk_widget_set_sensitive (self->clear, other);
  if (leaves_out)
    gtk_widget_add_css_class (GTK_WIDGET (self->button), "accent");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->button), "accent");
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->button), leaves_out ? _("Filtered: not all patients are shown (Ctrl+Shift+F)")
                                                                     : _("Order and filter (Ctrl+Shift+F)"));
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

static void
changed_cb (GObject *object, GParamSpec *property, RoundsPatientFilter *self)
{
  changed (self);
}

static void
clear_cb (GtkButton *button, RoundsPatientFilter *self)
{
  rounds_patient_filter_clear (self);
}

void
rounds_patient_filter_clear (RoundsPatientFilter *self)
{
  g_return_if_fail (ROUNDS_IS_PATIENT_FILTER (self));

  self->clearing = TRUE;
  adw_combo_row_set_selected (self->order_row, 0);
  adw_combo_row_set_selected (self->sex_row, 0);
  adw_combo_row_set_selected (self->seen_row, 0);
  adw_spin_row_set_value (self->from_row, 0);
  adw_spin_row_set_value (self->to_row, MAX_AGE);
  adw_switch_row_set_active (self->open_row, FALSE);
  adw_switch_row_set_active (self->unsynced_row, FALSE);
  adw_switch_row_set_active (self->conflict_row, FALSE);
  self->clearing = FALSE;
  changed (self);
}

void
rounds_patient_filter_popup (RoundsPatientFilter *self)
{
  g_return_if_fail (ROUNDS_IS_PATIENT_FILTER (self));

  gtk_menu_button_popup (self->button);
}

static void
rounds_patient_filter_dispose (GObject *object)
{
  /* The rows say "changed" while they go. */
  ROUNDS_PATIENT_FILTER (object)->clearing = TRUE;
  gtk_widget_dispose_template (GTK_WIDGET (object), ROUNDS_TYPE_PATIENT_FILTER);
  G_OBJECT_CLASS (rounds_patient_filter_parent_class)->dispose (object);
}

static void
rounds_patient_filter_class_init (RoundsPatientFilterClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rounds_patient_filter_dispose;
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 0);
  gtk_widget_class_set_template_from_resource (widget_class, ROUNDS_RESOURCE_BASE "/ui/charts/patient-filter.ui");
  gtk_widget_class_bind_template_child (widget_class, RoundsPatientFilter, button);
  gtk_widget_class_bind_template_child (widget_class, RoundsPatientFilter, order_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsPatientFilter, sex_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsPatientFilter, seen_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsPatientFilter, from_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsPatientFilter, to_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsPatientFilter, open_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsPatientFilter, unsynced_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsPatientFilter, conflict_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsPatientFilter, clear);
  gtk_widget_class_bind_template_callback (widget_class, changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, clear_cb);
}

static gboolean
shortcut_cb (GtkWidget *widget, GVariant *arguments, gpointer data)
{
  if (!gtk_widget_get_mapped (widget))
    return FALSE;
  rounds_patient_filter_popup (ROUNDS_PATIENT_FILTER (widget));
  return TRUE;
}

static void
rounds_patient_filter_init (RoundsPatientFilter *self)
{
  GtkEventController *keys = gtk_shortcut_controller_new ();

  self->clearing = TRUE;
  gtk_widget_init_template (GTK_WIDGET (self));
  self->clearing = FALSE;
  rounds_accessible_name (GTK_WIDGET (self->button), _("Order and filter"));
  /* From wherever in the window the focus is. */
  gtk_shortcut_controller_set_scope (GTK_SHORTCUT_CONTROLLER (keys), GTK_SHORTCUT_SCOPE_GLOBAL);
  gtk_shortcut_controller_add_shortcut (GTK_SHORTCUT_CONTROLLER (keys),
                                        gtk_shortcut_new (gtk_keyval_trigger_new (GDK_KEY_f, GDK_CONTROL_MASK | GDK_SHIFT_MASK),
                                                          gtk_callback_action_new (shortcut_cb, NULL, NULL)));
  gtk_widget_add_controller (GTK_WIDGET (self), keys);
}
