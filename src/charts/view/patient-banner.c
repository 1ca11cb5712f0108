/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The banner. It is emptied at once when the patient changes and filled when the new one's data are here:
 * nothing of the patient before may stand beside a chart that is no longer theirs. Allergies come from the
 * same model as the allergy list, so that both never disagree. */

#include "charts/view/patient-banner.h"

#include <glib/gi18n-lib.h>

#include "charts/checks.h"
#include "charts/list-model.h"
#include "charts/patient.h"
#include "charts/sections.h"
#include "charts/summary.h"
#include "charts/view/ask.h"
#include "charts/view/patient-dialog.h"
#include "kit/kit.h"

struct _RoundsPatientBanner
{
  AdwBin parent_instance;

  GtkLabel *name;
  GtkLabel *deceased;
  GtkLabel *words;
  AdwWrapBox *pills;
  GtkBox *end;
  GtkLabel *sync_words;

  GtkWidget *end_widget;
  RoundsStore *store;
  char *patient_id;
  GCancellable *ticket;
  RoundsListModel *allergies;
  RoundsPatient *patient;
};

enum {
  SIGNAL_PATIENT_SHOWN,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RoundsPatientBanner, rounds_patient_banner, ADW_TYPE_BIN)

static void
show_pills (RoundsPatientBanner *self)
{
  g_autoptr (GPtrArray) active = NULL;
  GtkWidget *child;
  guint n = 0;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->pills))) != NULL)
    adw_wrap_box_remove (self->pills, child);
  if (self->allergies != NULL && rounds_list_model_is_loaded (self->allergies))
    {
      active = rounds_summary_pick (&rounds_section_allergies, G_LIST_MODEL (self->allergies), 8);
      if (rounds_list_model_get_problem (self->allergies) != NULL)
        adw_wrap_box_append (self->pills, rounds_pill_new (ROUNDS_TONE_ACT, _("⚠ Allergies cannot be read")));
      else if (active->len == 0)
        adw_wrap_box_append (self->pills, rounds_pill_new (ROUNDS_TONE_PLAIN, _("No allergies recorded")));
    }
  for (guint i = 0; active != NULL && i < active->len; i++)
    {
      RoundsRow *row = g_ptr_array_index (active, i);
      const char *line = rounds_row_get_line (row);
      const gboolean real = rounds_row_get_mark (row) == ROUNDS_MARK_ACT;
      g_autofree char *text = g_strdup_printf ("%s%s%s%s", real ? "⚠ " : "", rounds_row_get_name (row),
                                               line != NULL ? " · " : "", line != NULL ? line : "");

      adw_wrap_box_append (self->pills, rounds_pill_new (real ? ROUNDS_TONE_ACT : ROUNDS_TONE_PLAIN, text));
      n++;
    }
  if (self->allergies != NULL && rounds_list_model_get_n_active (self->allergies) > n && n > 0)
    {
      g_autofree char *more = g_strdup_printf (_("⚠ %u more allergies"), rounds_list_model_get_n_active (self->allergies) - n);

      adw_wrap_box_append (self->pills, rounds_pill_new (ROUNDS_TONE_ACT, more));
    }
  for (guint i = 0; self->patient != NULL && self->patient->alerts[i] != NULL; i++)
    adw_wrap_box_append (self->pills, rounds_pill_new (ROUNDS_TONE_LOOK, self->patient->alerts[i]));
  if (self->patient != NULL && g_strcmp0 (self->patient->sync_state, "conflict") == 0)
    adw_wrap_box_append (self->pills, rounds_pill_new (ROUNDS_TONE_LOOK, _("Patient data changed there too · decide")));
  else if (self->patient != NULL && self->patient->unsynced)
    adw_wrap_box_append (self->pills, rounds_pill_new (ROUNDS_TONE_UNSYNCED, _("unsynced")));
}

static void
show_patient (RoundsPatientBanner *self)
{
  g_autofree char *words = NULL, *deceased = NULL;

  gtk_widget_set_visible (adw_bin_get_child (ADW_BIN (self)), self->patient != NULL);
  g_signal_emit (self, signals[SIGNAL_PATIENT_SHOWN], 0, self->patient != NULL ? self->patient->name : NULL);
  if (self->patient == NULL)
    {
      rounds_label_set (self->name, "");
      rounds_label_set (self->words, "");
      gtk_widget_set_visible (GTK_WIDGET (self->deceased), FALSE);
      return;
    }
  words = rounds_patient_words (self->patient);
  rounds_label_set (self->name, self->patient->name);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->name), self->patient->name);
  rounds_label_set (self->words, words);
  gtk_widget_set_visible (GTK_WIDGET (self->deceased), self->patient->deceased);
  deceased = self->patient->deceased_when != NULL ? g_strdup_printf (_("✝ deceased %s"), self->patient->deceased_when)
                                                  : g_strdup (_("✝ deceased"));
  rounds_label_set (self->deceased, deceased);
}

static gpointer
load_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  return rounds_patient_load (store, data, error);
}

static void
load_answer (gpointer widget, gpointer result, const GError *error, gpointer data)
{
  RoundsPatientBanner *self = widget;

  g_clear_pointer (&self->patient, rounds_patient_free);
  if (result != NULL)
    self->patient = rounds_patient_copy (result);
  show_patient (self);
  show_pills (self);
}

static void
load (RoundsPatientBanner *self)
{
  rounds_ticket_renew (&self->ticket);
  rounds_ask (self, self->store, self->ticket, load_work, g_strdup (self->patient_id), g_free,
              (GDestroyNotify) rounds_patient_free, load_answer);
}

static void
store_changed_cb (RoundsStore *store, const char *type, const char *id, const char *patient_id, RoundsPatientBanner *self)
{
  if (type == NULL || (g_str_equal (type, "Patient") && g_strcmp0 (id, self->patient_id) == 0)
      || (g_str_equal (type, "Flag") && g_strcmp0 (patient_id, self->patient_id) == 0))
    load (self);
}

static void
outbox_changed_cb (RoundsStore *store, RoundsPatientBanner *self)
{
  if (self->patient != NULL && (self->patient->unsynced || self->patient->sync_state != NULL))
    load (self);
}

static void
allergies_loaded_cb (RoundsListModel *model, RoundsPatientBanner *self)
{
  show_pills (self);
}

static void
edit_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsPatientBanner *self = ROUNDS_PATIENT_BANNER (widget);

  if (self->patient_id != NULL)
    rounds_patient_dialog_edit (widget, self->store, self->patient_id);
}

static void
forget (RoundsPatientBanner *self)
{
  if (self->ticket != NULL)
    g_cancellable_cancel (self->ticket);
  g_clear_object (&self->ticket);
  if (self->store != NULL)
    g_signal_handlers_disconnect_by_data (self->store, self);
  if (self->allergies != NULL)
    g_signal_handlers_disconnect_by_data (self->allergies, self);
  g_clear_object (&self->allergies);
  g_clear_object (&self->store);
  g_clear_pointer (&self->patient_id, g_free);
  g_clear_pointer (&self->patient, rounds_patient_free);
}

static void
rounds_patient_banner_dispose (GObject *object)
{
  forget (ROUNDS_PATIENT_BANNER (object));
  gtk_widget_dispose_template (GTK_WIDGET (object), ROUNDS_TYPE_PATIENT_BANNER);
  G_OBJECT_CLASS (rounds_patient_banner_parent_class)->dispose (object);
}

static void
rounds_patient_banner_class_init (RoundsPatientBannerClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rounds_patient_banner_dispose;
  signals[SIGNAL_PATIENT_SHOWN] = g_signal_new ("patient-shown", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                                NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  gtk_widget_class_set_template_from_resource (widget_class, ROUNDS_RESOURCE_BASE "/ui/charts/patient-banner.ui");
  gtk_widget_class_bind_template_child (widget_class, RoundsPatientBanner, name);
  gtk_widget_class_bind_template_child (widget_class, RoundsPatientBanner, deceased);
  gtk_widget_class_bind_template_child (widget_class, RoundsPatientBanner, words);
  gtk_widget_class_bind_template_child (widget_class, RoundsPatientBanner, pills);
  gtk_widget_class_bind_template_child (widget_class, RoundsPatientBanner, end);
  gtk_widget_class_bind_template_child (widget_class, RoundsPatientBanner, sync_words);
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
  gtk_widget_class_install_action (widget_class, "banner.edit", NULL, edit_action);
}

static void
rounds_patient_banner_init (RoundsPatientBanner *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  rounds_accessible_name (GTK_WIDGET (self), _("Patient"));
}

GtkWidget *
rounds_patient_banner_new (void)
{
  return g_object_new (ROUNDS_TYPE_PATIENT_BANNER, NULL);
}

void
rounds_patient_banner_set_patient (RoundsPatientBanner *self, RoundsStore *store, const char *patient_id)
{
  g_return_if_fail (ROUNDS_IS_PATIENT_BANNER (self));

  if (self->store == store && g_strcmp0 (self->patient_id, patient_id) == 0)
    return;
  forget (self);
  show_patient (self);
  show_pills (self);
  if (store == NULL || patient_id == NULL)
    return;
  self->store = g_object_ref (store);
  self->patient_id = g_strdup (patient_id);
  g_signal_connect (store, "changed", G_CALLBACK (store_changed_cb), self);
  g_signal_connect (store, "outbox-changed", G_CALLBACK (outbox_changed_cb), self);
  self->allergies = rounds_list_model_get_shared (store, &rounds_section_allergies, patient_id);
  g_signal_connect (self->allergies, "loaded", G_CALLBACK (allergies_loaded_cb), self);
  load (self);
}

void
rounds_patient_banner_set_sync_words (RoundsPatientBanner *self, const char *text)
{
  rounds_label_set (self->sync_words, text);
  gtk_widget_set_visible (GTK_WIDGET (self->sync_words), text != NULL && *text != '\0');
}

void
rounds_patient_banner_set_end_widget (RoundsPatientBanner *self, GtkWidget *widget)
{
  if (self->end_widget != NULL)
    gtk_box_remove (self->end, self->end_widget);
  self->end_widget = widget;
  if (widget != NULL)
    {
      gtk_widget_set_halign (widget, GTK_ALIGN_END);
      gtk_box_prepend (self->end, widget);
    }
}
