/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Warnings stand in the form above what is decided next, and a grave one asks for a reason before it can be saved.
 * They follow what is typed; boxes that still say the same are left, so the focus stays in the reason. */

#include "charts/view/form-panel-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "charts/sections.h"
#include "charts/view/ask.h"
#include "charts/view/concept-entry.h"
#include "kit/kit.h"

/* A reason belongs to the decision for this drug, not to every later change of its dose. */
static gboolean
reason_applies (RoundsFormPanel *self)
{
  g_autoptr (json_object) drug = NULL;

  if (self->section->check != rounds_check_drug || self->controls->len == 0)
    return FALSE;
  drug = rounds_form_control_get (&g_array_index (self->controls, RoundsFormControl, 0));
  return self->record == NULL || g_strcmp0 (rounds_json_peek_string (drug, "text"), self->original_name) != 0;
}

gboolean
rounds_form_panel_reason_missing (RoundsFormPanel *self)
{
  g_autofree char *reason = NULL;

  if (self->check_level < (int) ROUNDS_CHECK_REASON || !reason_applies (self))
    return FALSE;
  reason = self->reason != NULL ? g_strstrip (rounds_form_panel_text_of (self->reason)) : NULL;
  return reason == NULL || *reason == '\0';
}

static void
changed_cb (GtkWidget *widget, RoundsFormPanel *self)
{
  rounds_form_panel_changed (self);
}

static gpointer
check_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  RoundsFormJob *job = data;

  return rounds_form_check (store, job->section, job->patient_id, job->record != NULL ? job->record->type : NULL,
                            job->record != NULL ? job->record->id : NULL, job->values, error);
}

static GtkWidget *
check_box_new (RoundsFormPanel *self, const RoundsCheck *check, const char *reason, gboolean ask)
{
  static const char *const css[] = { "plain", "look", "act" };
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 4);
  g_autofree char *shown = check->level == ROUNDS_CHECK_NOTE ? g_strdup (check->title)
                                                            : g_strdup_printf ("⚠ %s", check->title);
  GtkWidget *label = gtk_label_new (shown);

  gtk_widget_add_css_class (box, "check-box");
  gtk_widget_add_css_class (box, css[check->level]);
  gtk_widget_add_css_class (label, "check-title");
  if (check->level != ROUNDS_CHECK_NOTE)
    gtk_widget_add_css_class (label, css[check->level]);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_box_append (GTK_BOX (box), label);
  if (check->detail != NULL)
    {
      label = gtk_label_new (check->detail);
      gtk_widget_add_css_class (label, "check-detail");
      gtk_label_set_wrap (GTK_LABEL (label), TRUE);
      gtk_label_set_xalign (GTK_LABEL (label), 0);
      gtk_box_append (GTK_BOX (box), label);
    }
  if (ask)
    {
      label = gtk_label_new (_("Reason to prescribe all the same"));
      gtk_widget_add_css_class (label, "field-label");
      gtk_label_set_xalign (GTK_LABEL (label), 0);
      gtk_box_append (GTK_BOX (box), label);
      self->reason = gtk_entry_new ();
      gtk_editable_set_text (GTK_EDITABLE (self->reason), reason != NULL ? reason : "");
      rounds_accessible_name (self->reason, _("Reason to prescribe all the same"));
      g_signal_connect (self->reason, "changed", G_CALLBACK (changed_cb), self);
      gtk_box_append (GTK_BOX (box), self->reason);
      label = gtk_label_new (_("Required to go on; it is written to the record."));
      gtk_widget_add_css_class (label, "caption");
      gtk_widget_add_css_class (label, "act");
      gtk_label_set_xalign (GTK_LABEL (label), 0);
      gtk_label_set_wrap (GTK_LABEL (label), TRUE);
      gtk_box_append (GTK_BOX (box), label);
    }
  return box;
}

/* Whether the boxes that stand there already say this: rebuilding would take the focus out of "Reason". */
static gboolean
same_checks (RoundsFormPanel *self, GPtrArray *checks, char **signature)
{
  GString *text = g_string_new (reason_applies (self) ? "asks\n" : "");
  gboolean same;

  for (guint i = 0; i < checks->len; i++)
    {
      const RoundsCheck *check = g_ptr_array_index (checks, i);

      g_string_append_printf (text, "%d %s %s\n", check->level, check->id, check->title);
    }
  same = g_strcmp0 (g_object_get_data (G_OBJECT (self->checks), "signature"), text->str) == 0;
  *signature = g_string_free (text, FALSE);
  return same;
}

/* The pick list of the first field opens over the warnings: the gravest stands in it too. */
static void
warn_in_list (RoundsFormPanel *self, GPtrArray *checks)
{
  GtkWidget *first = self->controls->len > 0 ? g_array_index (self->controls, RoundsFormControl, 0).widget : NULL;
  const RoundsCheck *gravest = NULL;
  g_autofree char *text = NULL;

  for (guint i = 0; i < checks->len; i++)
    {
      const RoundsCheck *check = g_ptr_array_index (checks, i);

      if (check->level != ROUNDS_CHECK_NOTE && (gravest == NULL || check->level > gravest->level))
        gravest = check;
    }
  if (!ROUNDS_IS_CONCEPT_ENTRY (first))
    return;
  text = gravest != NULL ? g_strdup_printf ("⚠ %s", gravest->title) : NULL;
  rounds_concept_entry_set_warning (ROUNDS_CONCEPT_ENTRY (first), text,
                                    gravest != NULL && gravest->level == ROUNDS_CHECK_REASON ? ROUNDS_TONE_ACT
                                                                                             : ROUNDS_TONE_LOOK);
}

static void
checks_answer (gpointer widget, gpointer result, const GError *error, gpointer data)
{
  RoundsFormPanel *self = widget;
  GPtrArray *checks = result;
  g_autofree char *reason = NULL;
  char *signature = NULL;
  gboolean asked = FALSE;
  GtkWidget *child;

  if (self->checks == NULL)
    return;
  if (checks == NULL)
    {
      rounds_form_panel_say (self, _("The check against allergies could not be made: compare yourself."));
      return;
    }
  if (same_checks (self, checks, &signature))
    {
      g_free (signature);
      return;
    }
  reason = self->reason != NULL ? rounds_form_panel_text_of (self->reason)
                                : g_strdup (rounds_json_peek_string (self->hidden, "reason-in-spite"));
  self->reason = NULL;
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->checks))) != NULL)
    gtk_box_remove (self->checks, child);
  g_object_set_data_full (G_OBJECT (self->checks), "signature", signature, g_free);
  for (guint i = 0; i < checks->len && i < 6; i++)
    {
      const RoundsCheck *check = g_ptr_array_index (checks, i);
      gboolean ask = check->level == ROUNDS_CHECK_REASON && !asked && reason_applies (self);

      gtk_box_append (self->checks, check_box_new (self, check, reason, ask));
      asked = asked || ask;
    }
  self->check_level = rounds_checks_level (checks);
  warn_in_list (self, checks);
  gtk_widget_set_visible (GTK_WIDGET (self->checks), checks->len > 0);
  rounds_form_panel_update_verbs (self);
}

void
rounds_form_panel_check (RoundsFormPanel *self)
{
  if (self->section == NULL || (self->section->check == NULL && self->section != &rounds_section_patient))
    return;
  rounds_ticket_renew (&self->check_ticket);
  rounds_ask (self, self->store, self->check_ticket, check_work, rounds_form_job_new (self), rounds_form_job_free,
              (GDestroyNotify) g_ptr_array_unref, checks_answer);
}

static gboolean
check_timeout_cb (gpointer data)
{
  RoundsFormPanel *self = data;

  self->check_timeout = 0;
  rounds_form_panel_check (self);
  return G_SOURCE_REMOVE;
}

void
rounds_form_panel_check_soon (RoundsFormPanel *self)
{
  if (self->check_timeout == 0)
    self->check_timeout = g_timeout_add (150, check_timeout_cb, self);
}
