/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One form for every section. It keeps what is typed in the encrypted cache at every keystroke, so closing
 * the lid, kill −9 or another patient never costs a word; it is told the patient once and saves only there.
 * Warnings stand in the form, above what is decided next. */

#include "charts/view/form-panel-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/instant.h"
#include "charts/notes.h"
#include "charts/sections.h"
#include "charts/view/ask.h"
#include "kit/kit.h"

enum {
  SIGNAL_SAVED,
  SIGNAL_CLOSED,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RoundsFormPanel, rounds_form_panel, ADW_TYPE_BIN)

void
rounds_form_panel_update_verbs (RoundsFormPanel *self)
{
  const gboolean able = self->section != NULL && !self->saving && !rounds_form_panel_reason_missing (self);

  gtk_widget_action_set_enabled (GTK_WIDGET (self), "form.save", able);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "form.sign", able && self->section->sign != NULL);
}

void
rounds_form_panel_say (RoundsFormPanel *self, const char *text)
{
  gtk_label_set_label (self->problem, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->problem), text != NULL);
}

void
rounds_form_panel_changed (RoundsFormPanel *self)
{
  g_autoptr (json_object) values = NULL;

  if (self->filling || self->section == NULL)
    return;
  self->changed = TRUE;
  rounds_form_panel_say (self, NULL);
  values = rounds_form_panel_collect (self);
  if (self->reason != NULL)
    {
      g_autofree char *reason = rounds_form_panel_text_of (self->reason);

      rounds_json_add_string (values, "reason-in-spite", *reason != '\0' ? reason : NULL);
    }
  rounds_draft_keep (self->store, self->draft_key,
                     rounds_draft_print (self->record != NULL ? self->record->type : self->section->types[0],
                                         self->record != NULL ? self->record->id : NULL,
                                         self->record != NULL ? self->record->revision : 0, values,
                                         rounds_instant_now_us ()));
  gtk_label_set_label (self->draft_state, _("Draft kept"));
  rounds_form_panel_check_soon (self);
  rounds_form_panel_update_verbs (self);
}

/* --- opening and leaving ---------------------------------------------------------------------------- */

static void
clear (RoundsFormPanel *self)
{
  GtkWidget *child;

  g_clear_handle_id (&self->check_timeout, g_source_remove);
  if (self->check_ticket != NULL)
    g_cancellable_cancel (self->check_ticket);
  g_clear_object (&self->check_ticket);
  self->checks = NULL;
  self->reason = NULL;
  self->check_level = -1;
  if (self->fields != NULL)
    while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->fields))) != NULL)
      gtk_box_remove (self->fields, child);
  for (guint i = 0; i < self->controls->len; i++)
    g_free (g_array_index (self->controls, RoundsFormControl, i).original);
  g_array_set_size (self->controls, 0);
  g_clear_pointer (&self->hidden, json_object_put);
  g_clear_pointer (&self->patient_id, g_free);
  g_clear_pointer (&self->record, rounds_record_free);
  g_clear_pointer (&self->draft_key, g_free);
  g_clear_pointer (&self->original_name, g_free);
  g_clear_object (&self->store);
  self->section = NULL;
  self->changed = FALSE;
  self->saving = FALSE;
}

void
rounds_form_panel_open (RoundsFormPanel *self, RoundsStore *store, const RoundsSection *section, const char *patient_id,
                        const RoundsRecord *record, json_object *values)
{
  g_autoptr (json_object) own = NULL;
  g_autoptr (json_object) resource = NULL;
  g_autofree char *title = NULL;

  g_return_if_fail (ROUNDS_IS_FORM_PANEL (self));
  g_return_if_fail (patient_id != NULL || section == &rounds_section_patient);

  /* values may belong to the form that is being replaced. */
  own = values != NULL ? rounds_json_copy (values) : NULL;
  clear (self);
  self->store = g_object_ref (store);
  self->section = section;
  self->patient_id = g_strdup (patient_id);
  self->record = record != NULL ? rounds_record_copy (record) : NULL;
  self->draft_key = rounds_draft_key (patient_id, section->id, record != NULL ? record->id : NULL);
  self->hidden = json_object_new_object ();
  resource = record != NULL ? rounds_record_parse (record) : NULL;
  if (own == NULL)
    {
      own = rounds_form_values (section, resource, rounds_instant_now_us ());
      if (section->sign != NULL && record == NULL)
        rounds_json_add_string (own, "text", rounds_note_soap_template ());
    }
  else
    rounds_json_add_string (self->hidden, "reason-in-spite", rounds_json_peek_string (own, "reason-in-spite"));
  if (resource != NULL)
    {
      g_autofree char *name = rounds_section_name (section, resource);

      title = g_strdup_printf (_("Edit %s"), name);
      self->original_name = g_steal_pointer (&name);
    }
  else if (rounds_json_peek_string (own, "appends") != NULL)
    title = g_strdup (_("Addendum"));
  else
    title = g_strdup (_(section->add));
  rounds_label_set (self->title, title);
  rounds_form_panel_build (self, own);
  gtk_label_set_label (self->draft_state, values != NULL ? _("Draft kept") : "");
  self->changed = values != NULL;
  gtk_button_set_label (self->save, section->sign != NULL ? _(section->save) : record != NULL ? _("Save") : _(section->save));
  gtk_widget_set_visible (GTK_WIDGET (self->sign), section->sign != NULL);
  if (section->sign != NULL)
    {
      gtk_button_set_label (self->sign, _(section->sign));
      gtk_widget_remove_css_class (GTK_WIDGET (self->save), "suggested-action");
    }
  else
    gtk_widget_add_css_class (GTK_WIDGET (self->save), "suggested-action");
  rounds_form_panel_say (self, NULL);
  rounds_form_panel_update_verbs (self);
  rounds_form_panel_check (self);
  if (self->controls->len > 0)
    {
      GtkWidget *first = g_array_index (self->controls, RoundsFormControl, 0).widget;

      for (guint i = 0; i < self->controls->len && section->sign != NULL; i++)
        if (g_array_index (self->controls, RoundsFormControl, i).field->kind == ROUNDS_FIELD_MULTILINE)
          first = g_array_index (self->controls, RoundsFormControl, i).widget;
      gtk_widget_grab_focus (first);
      if (GTK_IS_TEXT_VIEW (first) && record == NULL && values == NULL)
        {
          GtkTextBuffer *buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (first));
          GtkTextIter line;

          /* Under the first heading of the template. */
          gtk_text_buffer_get_iter_at_line (buffer, &line, 1);
          gtk_text_buffer_place_cursor (buffer, &line);
        }
    }
}

void
rounds_form_panel_leave (RoundsFormPanel *self)
{
  if (self->section == NULL)
    return;
  clear (self);
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0);
}

gboolean
rounds_form_panel_is_open (RoundsFormPanel *self)
{
  return self->section != NULL;
}

const RoundsSection *
rounds_form_panel_get_section (RoundsFormPanel *self)
{
  return self->section;
}

/* --- verbs ---------------------------------------------------------------------------------------- */

RoundsFormJob *
rounds_form_job_new (RoundsFormPanel *self)
{
  RoundsFormJob *job = g_new0 (RoundsFormJob, 1);

  job->section = self->section;
  job->patient_id = g_strdup (self->patient_id);
  job->record = self->record != NULL ? rounds_record_copy (self->record) : NULL;
  /* json-c counts references without locks: the worker gets a tree of its own. */
  job->values = rounds_form_panel_collect (self);
  job->draft_key = g_strdup (self->draft_key);
  job->reason = self->reason != NULL ? rounds_form_panel_text_of (self->reason) : NULL;
  return job;
}

void
rounds_form_job_free (gpointer data)
{
  RoundsFormJob *job = data;

  g_free (job->patient_id);
  g_free (job->reason);
  g_clear_pointer (&job->record, rounds_record_free);
  json_object_put (job->values);
  g_free (job->draft_key);
  g_free (job);
}

static gpointer
save_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  RoundsFormJob *job = data;

  RoundsEdited *edited;

  json_object_object_del (job->values, "reason-in-spite");
  edited = rounds_form_save (store, job->section, job->patient_id, job->record, job->values, job->reason, job->sign, error);
  /* Here and not only on the main thread: killed in between, what is saved must not look unfinished. */
  if (edited != NULL)
    rounds_store_set_draft (store, job->draft_key, NULL, NULL);
  return edited;
}

static void
save_answer (gpointer widget, gpointer result, const GError *error, gpointer data)
{
  RoundsFormPanel *self = widget;
  RoundsEdited *edited = result;
  RoundsFormJob *job = data;
  g_autofree char *title = NULL;

  if (g_strcmp0 (self->draft_key, job->draft_key) != 0)
    {
      /* Another form is open here by now; the draft of this one stays when it could not be saved. */
      if (edited != NULL && self->store != NULL)
        rounds_draft_keep (self->store, job->draft_key, NULL);
      return;
    }
  self->saving = FALSE;
  rounds_form_panel_update_verbs (self);
  if (edited == NULL)
    {
      rounds_form_panel_say (self, g_error_matches (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_STALE)
                                     ? _("It was changed meanwhile. What you typed is kept: close this, look at the new version and edit again.")
                                     : error->message);
      return;
    }
  rounds_draft_keep (self->store, self->draft_key, NULL);
  if (job->sign)
    title = g_strdup (_("Signed"));
  else if (edited->revision == 0)
    title = g_strdup (_("Nothing was changed"));
  else
    title = g_strdup_printf (job->record != NULL ? _("Saved: %s") : _("Added: %s"), _(job->section->one));
  /* A signature stays; revision 0 = there is nothing to take back. */
  g_signal_emit (self, signals[SIGNAL_SAVED], 0, title, edited->type, edited->id, job->sign ? 0 : edited->revision);
  rounds_form_panel_leave (self);
}

static void
save (RoundsFormPanel *self, gboolean sign)
{
  RoundsFormJob *job;

  if (self->section == NULL || self->saving || rounds_form_panel_reason_missing (self))
    return;
  self->saving = TRUE;
  rounds_form_panel_update_verbs (self);
  job = rounds_form_job_new (self);
  job->sign = sign;
  rounds_ask (self, self->store, NULL, save_work, job, rounds_form_job_free, (GDestroyNotify) rounds_edited_free, save_answer);
}

static void
save_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  save (ROUNDS_FORM_PANEL (widget), FALSE);
}

static void
sign_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  save (ROUNDS_FORM_PANEL (widget), TRUE);
}

static void
leave_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  rounds_form_panel_leave (ROUNDS_FORM_PANEL (widget));
}

typedef struct {
  RoundsStore *store;
  char *key;
  char *text;
  GWeakRef panel;
} Thrown;

static void
thrown_free (gpointer data)
{
  Thrown *thrown = data;

  g_object_unref (thrown->store);
  g_free (thrown->key);
  g_free (thrown->text);
  g_weak_ref_clear (&thrown->panel);
  g_free (thrown);
}

static void
draft_back_cb (gpointer data)
{
  Thrown *thrown = data;
  g_autoptr (RoundsFormPanel) panel = g_weak_ref_get (&thrown->panel);

  rounds_draft_keep (thrown->store, thrown->key, g_strdup (thrown->text));
  if (panel != NULL)
    gtk_widget_activate_action (GTK_WIDGET (panel), "chart.reload-drafts", NULL);
}

static void
cancel_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsFormPanel *self = ROUNDS_FORM_PANEL (widget);

  if (self->section == NULL)
    return;
  if (self->changed)
    {
      Thrown *thrown = g_new0 (Thrown, 1);
      g_autoptr (json_object) values = rounds_form_panel_collect (self);

      thrown->store = g_object_ref (self->store);
      thrown->key = g_strdup (self->draft_key);
      thrown->text = rounds_draft_print (self->record != NULL ? self->record->type : self->section->types[0],
                                         self->record != NULL ? self->record->id : NULL,
                                         self->record != NULL ? self->record->revision : 0, values,
                                         rounds_instant_now_us ());
      g_weak_ref_init (&thrown->panel, self);
      rounds_draft_keep (self->store, self->draft_key, NULL);
      rounds_toast (widget, _("Draft thrown away"), _("Undo"), draft_back_cb, thrown, thrown_free);
    }
  rounds_form_panel_leave (self);
}

static void
rounds_form_panel_dispose (GObject *object)
{
  RoundsFormPanel *self = ROUNDS_FORM_PANEL (object);

  if (self->controls != NULL)
    {
      clear (self);
      g_clear_pointer (&self->controls, g_array_unref);
    }
  gtk_widget_dispose_template (GTK_WIDGET (self), ROUNDS_TYPE_FORM_PANEL);
  G_OBJECT_CLASS (rounds_form_panel_parent_class)->dispose (object);
}

static void
rounds_form_panel_class_init (RoundsFormPanelClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rounds_form_panel_dispose;
  signals[SIGNAL_SAVED] = g_signal_new ("saved", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 4, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_INT64);
  signals[SIGNAL_CLOSED] = g_signal_new ("closed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 0);
  gtk_widget_class_set_template_from_resource (widget_class, ROUNDS_RESOURCE_BASE "/ui/charts/form-panel.ui");
  gtk_widget_class_bind_template_child (widget_class, RoundsFormPanel, title);
  gtk_widget_class_bind_template_child (widget_class, RoundsFormPanel, fields);
  gtk_widget_class_bind_template_child (widget_class, RoundsFormPanel, problem);
  gtk_widget_class_bind_template_child (widget_class, RoundsFormPanel, draft_state);
  gtk_widget_class_bind_template_child (widget_class, RoundsFormPanel, cancel);
  gtk_widget_class_bind_template_child (widget_class, RoundsFormPanel, save);
  gtk_widget_class_bind_template_child (widget_class, RoundsFormPanel, sign);
  gtk_widget_class_install_action (widget_class, "form.save", NULL, save_action);
  gtk_widget_class_install_action (widget_class, "form.sign", NULL, sign_action);
  gtk_widget_class_install_action (widget_class, "form.cancel", NULL, cancel_action);
  gtk_widget_class_install_action (widget_class, "form.leave", NULL, leave_action);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Return, GDK_CONTROL_MASK, "form.save", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_s, GDK_CONTROL_MASK, "form.save", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Return, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "form.sign", NULL);
  /* A slip of a finger loses no word: only the button throws the draft away. */
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "form.leave", NULL);
}

static void
rounds_form_panel_init (RoundsFormPanel *self)
{
  self->controls = g_array_new (FALSE, TRUE, sizeof (RoundsFormControl));
  self->check_level = -1;
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
rounds_form_panel_new (void)
{
  return g_object_new (ROUNDS_TYPE_FORM_PANEL, NULL);
}
