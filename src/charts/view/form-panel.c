/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One form for every section. It keeps what is typed in the encrypted cache at every keystroke, so closing
 * the lid, kill −9 or another patient never costs a word; it is told the patient once and saves only there.
 * Warnings stand in the form, above what is decided next. */

#include "charts/view/form-panel.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/instant.h"
#include "charts/notes.h"
#include "charts/sections.h"
#include "charts/view/ask.h"
#include "charts/view/concept-entry.h"
#include "kit/kit.h"

typedef struct {
  const RoundsField *field;
  GtkWidget *widget;
  char *original;      /* FHIR text of a date as it was */
} Control;

struct _RoundsFormPanel
{
  AdwBin parent_instance;

  GtkLabel *title;
  GtkBox *fields;
  GtkLabel *problem;
  GtkLabel *draft_state;
  GtkButton *cancel;
  GtkButton *save;
  GtkButton *sign;

  RoundsStore *store;
  const RoundsSection *section;
  char *patient_id;
  RoundsRecord *record;
  char *draft_key;
  char *original_name;      /* of the record's main concept */
  GArray *controls;
  json_object *hidden;      /* values of fields that are not shown */
  GtkBox *checks;
  GtkWidget *reason;
  GCancellable *check_ticket;
  guint check_timeout;
  int check_level;
  gboolean changed;
  gboolean saving;
  gboolean filling;
};

enum {
  SIGNAL_SAVED,
  SIGNAL_CLOSED,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RoundsFormPanel, rounds_form_panel, ADW_TYPE_BIN)

static void run_checks (RoundsFormPanel *self);

/* --- values --------------------------------------------------------------------------------------- */

static char *
text_of (GtkWidget *widget)
{
  GtkTextBuffer *buffer;
  GtkTextIter start, end;

  if (GTK_IS_EDITABLE (widget))
    return g_strdup (gtk_editable_get_text (GTK_EDITABLE (widget)));
  buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (widget));
  gtk_text_buffer_get_bounds (buffer, &start, &end);
  return gtk_text_buffer_get_text (buffer, &start, &end, FALSE);
}

static json_object *
control_get (const Control *control)
{
  const RoundsField *field = control->field;
  g_autofree char *text = NULL;

  if (field->kind == ROUNDS_FIELD_CONCEPT)
    return rounds_concept_entry_get_value (ROUNDS_CONCEPT_ENTRY (control->widget));
  if (field->kind == ROUNDS_FIELD_CHOICE)
    {
      guint index = gtk_drop_down_get_selected (GTK_DROP_DOWN (control->widget));
      const char *const *codes = g_object_get_data (G_OBJECT (control->widget), "codes");

      return index != GTK_INVALID_LIST_POSITION && *codes[index] != '\0' ? json_object_new_string (codes[index]) : NULL;
    }
  text = text_of (control->widget);
  if (field->kind == ROUNDS_FIELD_DATE && control->original != NULL)
    {
      g_autofree char *shown = rounds_date_to_typed (control->original);

      /* Untouched: the exact text that was received, with its seconds and zone. */
      if (strcmp (shown, text) == 0)
        return json_object_new_string (control->original);
    }
  if (field->kind != ROUNDS_FIELD_MULTILINE)
    g_strstrip (text);
  return *text != '\0' ? json_object_new_string (text) : NULL;
}

static json_object *
collect (RoundsFormPanel *self)
{
  json_object *values = self->hidden != NULL ? rounds_json_copy (self->hidden) : json_object_new_object ();

  for (guint i = 0; i < self->controls->len; i++)
    {
      const Control *control = &g_array_index (self->controls, Control, i);
      json_object *value = control_get (control);

      if (value != NULL)
        json_object_object_add (values, control->field->id, value);
    }
  return values;
}

/* A reason belongs to the decision for this drug, not to every later change of its dose. */
static gboolean
reason_applies (RoundsFormPanel *self)
{
  g_autoptr (json_object) drug = NULL;

  if (self->section->check != rounds_check_drug || self->controls->len == 0)
    return FALSE;
  drug = control_get (&g_array_index (self->controls, Control, 0));
  return self->record == NULL || g_strcmp0 (rounds_json_peek_string (drug, "text"), self->original_name) != 0;
}

static gboolean
reason_missing (RoundsFormPanel *self)
{
  g_autofree char *reason = NULL;

  if (self->check_level < (int) ROUNDS_CHECK_REASON || !reason_applies (self))
    return FALSE;
  reason = self->reason != NULL ? g_strstrip (text_of (self->reason)) : NULL;
  return reason == NULL || *reason == '\0';
}

static void
update_verbs (RoundsFormPanel *self)
{
  const gboolean able = self->section != NULL && !self->saving && !reason_missing (self);

  gtk_widget_action_set_enabled (GTK_WIDGET (self), "form.save", able);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "form.sign", able && self->section->sign != NULL);
}

static void
say_problem (RoundsFormPanel *self, const char *text)
{
  gtk_label_set_label (self->problem, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->problem), text != NULL);
}

static gboolean
check_timeout_cb (gpointer data)
{
  RoundsFormPanel *self = data;

  self->check_timeout = 0;
  run_checks (self);
  return G_SOURCE_REMOVE;
}

static void
something_changed (RoundsFormPanel *self)
{
  g_autoptr (json_object) values = NULL;

  if (self->filling || self->section == NULL)
    return;
  self->changed = TRUE;
  say_problem (self, NULL);
  values = collect (self);
  if (self->reason != NULL)
    {
      g_autofree char *reason = text_of (self->reason);

      rounds_json_add_string (values, "reason-in-spite", *reason != '\0' ? reason : NULL);
    }
  rounds_draft_keep (self->store, self->draft_key,
                     rounds_draft_print (self->record != NULL ? self->record->type : self->section->types[0],
                                         self->record != NULL ? self->record->id : NULL,
                                         self->record != NULL ? self->record->revision : 0, values,
                                         rounds_instant_now_us ()));
  gtk_label_set_label (self->draft_state, _("Draft kept"));
  if (self->check_timeout == 0)
    self->check_timeout = g_timeout_add (150, check_timeout_cb, self);
  update_verbs (self);
}

static void
changed_cb (GtkWidget *widget, RoundsFormPanel *self)
{
  something_changed (self);
}

static void
selected_cb (GObject *object, GParamSpec *pspec, RoundsFormPanel *self)
{
  something_changed (self);
}

/* --- checks --------------------------------------------------------------------------------------- */

typedef struct {
  const RoundsSection *section;
  char *patient_id, *type, *id, *reason;
  RoundsRecord *record;
  json_object *values;
  char *draft_key;
  gboolean sign;
} Job;

static Job *
job_new (RoundsFormPanel *self)
{
  Job *job = g_new0 (Job, 1);

  job->section = self->section;
  job->patient_id = g_strdup (self->patient_id);
  job->record = self->record != NULL ? rounds_record_copy (self->record) : NULL;
  /* json-c counts references without locks: the worker gets a tree of its own. */
  job->values = collect (self);
  job->draft_key = g_strdup (self->draft_key);
  job->reason = self->reason != NULL ? text_of (self->reason) : NULL;
  return job;
}

static void
job_free (gpointer data)
{
  Job *job = data;

  g_free (job->patient_id);
  g_free (job->reason);
  g_clear_pointer (&job->record, rounds_record_free);
  json_object_put (job->values);
  g_free (job->draft_key);
  g_free (job);
}

static gpointer
check_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  Job *job = data;

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
      say_problem (self, _("The check against allergies could not be made: compare yourself."));
      return;
    }
  if (same_checks (self, checks, &signature))
    {
      g_free (signature);
      return;
    }
  reason = self->reason != NULL ? text_of (self->reason)
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
  gtk_widget_set_visible (GTK_WIDGET (self->checks), checks->len > 0);
  update_verbs (self);
}

static void
run_checks (RoundsFormPanel *self)
{
  if (self->section == NULL || (self->section->check == NULL && self->section != &rounds_section_patient))
    return;
  rounds_ticket_renew (&self->check_ticket);
  rounds_ask (self, self->store, self->check_ticket, check_work, job_new (self), job_free,
              (GDestroyNotify) g_ptr_array_unref, checks_answer);
}

/* --- building ------------------------------------------------------------------------------------- */

static GtkWidget *
choice_new (RoundsFormPanel *self, const RoundsField *field, json_object *value)
{
  const char *current = value != NULL ? json_object_get_string (value) : NULL;
  GtkStringList *titles = gtk_string_list_new (NULL);
  GPtrArray *codes = g_ptr_array_new_with_free_func (g_free);
  guint selected = 0;
  gboolean known = current == NULL;
  GtkWidget *widget;

  if (!field->required || current == NULL)
    {
      gtk_string_list_append (titles, "—");
      g_ptr_array_add (codes, g_strdup (""));
    }
  for (const RoundsChoice *choice = field->choices; choice->code != NULL; choice++)
    {
      if (g_strcmp0 (choice->code, current) == 0)
        {
          selected = codes->len;
          known = TRUE;
        }
      gtk_string_list_append (titles, _(choice->title));
      g_ptr_array_add (codes, g_strdup (choice->code));
    }
  /* A code that Rounds does not offer is kept and shown as it is. */
  if (!known)
    {
      selected = codes->len;
      gtk_string_list_append (titles, current);
      g_ptr_array_add (codes, g_strdup (current));
    }
  widget = gtk_drop_down_new (G_LIST_MODEL (titles), NULL);
  gtk_drop_down_set_selected (GTK_DROP_DOWN (widget), selected);
  g_object_set_data_full (G_OBJECT (widget), "codes-array", codes, (GDestroyNotify) g_ptr_array_unref);
  g_object_set_data (G_OBJECT (widget), "codes", codes->pdata);
  g_signal_connect (widget, "notify::selected", G_CALLBACK (selected_cb), self);
  return widget;
}

static GtkWidget *
text_view_new (RoundsFormPanel *self, const RoundsField *field, json_object *value, GtkWidget **out)
{
  GtkWidget *scroller = gtk_scrolled_window_new ();
  GtkWidget *view = gtk_text_view_new ();
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (view));
  const gboolean big = self->section->sign != NULL;

  gtk_text_view_set_wrap_mode (GTK_TEXT_VIEW (view), GTK_WRAP_WORD_CHAR);
  gtk_text_view_set_accepts_tab (GTK_TEXT_VIEW (view), FALSE);
  gtk_text_buffer_set_enable_undo (buffer, FALSE);
  gtk_text_buffer_set_text (buffer, value != NULL ? json_object_get_string (value) : "", -1);
  gtk_text_buffer_set_enable_undo (buffer, TRUE);
  gtk_widget_add_css_class (view, "note-text");
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), view);
  gtk_scrolled_window_set_min_content_height (GTK_SCROLLED_WINDOW (scroller), big ? 320 : 72);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_widget_add_css_class (scroller, "card");
  gtk_widget_set_vexpand (scroller, big);
  g_signal_connect (buffer, "changed", G_CALLBACK (changed_cb), self);
  *out = view;
  return scroller;
}

static void
add_field (RoundsFormPanel *self, const RoundsField *field, json_object *value, GtkBox *row)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3);
  g_autofree char *shown = field->required ? g_strdup_printf ("%s *", _(field->title)) : g_strdup (_(field->title));
  GtkWidget *label = gtk_label_new (shown);
  Control control = { .field = field };
  GtkWidget *widget;

  gtk_widget_add_css_class (label, "field-label");
  gtk_widget_add_css_class (label, "dimmed");
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_box_append (GTK_BOX (box), label);
  switch (field->kind)
    {
    case ROUNDS_FIELD_CONCEPT:
      widget = control.widget = rounds_concept_entry_new (field->terms, _(field->title),
                                                          field->hint != NULL ? _(field->hint) : NULL);
      rounds_concept_entry_set_value (ROUNDS_CONCEPT_ENTRY (widget), value);
      g_signal_connect (widget, "changed", G_CALLBACK (changed_cb), self);
      break;
    case ROUNDS_FIELD_CHOICE:
      widget = control.widget = choice_new (self, field, value);
      break;
    case ROUNDS_FIELD_MULTILINE:
      widget = text_view_new (self, field, value, &control.widget);
      gtk_widget_set_vexpand (box, self->section->sign != NULL);
      break;
    case ROUNDS_FIELD_DATE:
    case ROUNDS_FIELD_QUANTITY:
    case ROUNDS_FIELD_TEXT:
    default:
      widget = control.widget = gtk_entry_new ();
      gtk_editable_set_width_chars (GTK_EDITABLE (widget), 4);
      gtk_entry_set_placeholder_text (GTK_ENTRY (widget), field->hint != NULL ? _(field->hint) : NULL);
      gtk_entry_set_activates_default (GTK_ENTRY (widget), FALSE);
      if (field->kind == ROUNDS_FIELD_DATE && value != NULL)
        {
          g_autofree char *typed = rounds_date_to_typed (json_object_get_string (value));

          control.original = g_strdup (json_object_get_string (value));
          gtk_editable_set_text (GTK_EDITABLE (widget), typed);
        }
      else
        gtk_editable_set_text (GTK_EDITABLE (widget), value != NULL ? json_object_get_string (value) : "");
      g_signal_connect (widget, "changed", G_CALLBACK (changed_cb), self);
      break;
    }
  /* A concept entry names the entry inside it itself. */
  if (field->kind != ROUNDS_FIELD_CONCEPT)
    {
      rounds_accessible_name (control.widget, _(field->title));
      gtk_label_set_mnemonic_widget (GTK_LABEL (label), control.widget);
    }
  gtk_box_append (GTK_BOX (box), widget);
  gtk_widget_set_hexpand (box, TRUE);
  gtk_box_append (row, box);
  g_array_append_val (self->controls, control);
}

static void
build (RoundsFormPanel *self, json_object *values)
{
  GtkBox *pair = NULL;
  guint in_pair = 0;
  guint shown = 0;

  self->filling = TRUE;
  for (guint i = 0; i < self->section->n_fields; i++)
    {
      const RoundsField *field = &self->section->fields[i];
      json_object *value = NULL;

      json_object_object_get_ex (values, field->id, &value);
      if (field->title == NULL)
        {
          if (value != NULL)
            json_object_object_add (self->hidden, field->id, json_object_get (value));
          continue;
        }
      if (!field->half || pair == NULL || in_pair == 2)
        {
          pair = GTK_BOX (gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8));
          gtk_box_set_homogeneous (pair, TRUE);
          gtk_box_append (self->fields, GTK_WIDGET (pair));
          in_pair = 0;
        }
      add_field (self, field, value, pair);
      in_pair = field->half ? in_pair + 1 : 2;
      /* A half beside the warnings would look as if it belonged to them. */
      if (++shown == 1 && !field->half)
        {
          self->checks = GTK_BOX (gtk_box_new (GTK_ORIENTATION_VERTICAL, 6));
          gtk_widget_set_visible (GTK_WIDGET (self->checks), FALSE);
          gtk_box_append (self->fields, GTK_WIDGET (self->checks));
        }
    }
  if (self->checks == NULL)
    {
      self->checks = GTK_BOX (gtk_box_new (GTK_ORIENTATION_VERTICAL, 6));
      gtk_widget_set_visible (GTK_WIDGET (self->checks), FALSE);
      gtk_box_append (self->fields, GTK_WIDGET (self->checks));
    }
  self->filling = FALSE;
}

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
    g_free (g_array_index (self->controls, Control, i).original);
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
  build (self, own);
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
  say_problem (self, NULL);
  update_verbs (self);
  run_checks (self);
  if (self->controls->len > 0)
    {
      GtkWidget *first = g_array_index (self->controls, Control, 0).widget;

      for (guint i = 0; i < self->controls->len && section->sign != NULL; i++)
        if (g_array_index (self->controls, Control, i).field->kind == ROUNDS_FIELD_MULTILINE)
          first = g_array_index (self->controls, Control, i).widget;
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

static gpointer
save_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  Job *job = data;

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
  Job *job = data;
  g_autofree char *title = NULL;

  if (g_strcmp0 (self->draft_key, job->draft_key) != 0)
    {
      /* Another form is open here by now; the draft of this one stays when it could not be saved. */
      if (edited != NULL && self->store != NULL)
        rounds_draft_keep (self->store, job->draft_key, NULL);
      return;
    }
  self->saving = FALSE;
  update_verbs (self);
  if (edited == NULL)
    {
      say_problem (self, g_error_matches (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_STALE)
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
  g_signal_emit (self, signals[SIGNAL_SAVED], 0, title, edited->type, edited->id, edited->revision);
  rounds_form_panel_leave (self);
}

static void
save (RoundsFormPanel *self, gboolean sign)
{
  Job *job;

  if (self->section == NULL || self->saving || reason_missing (self))
    return;
  self->saving = TRUE;
  update_verbs (self);
  job = job_new (self);
  job->sign = sign;
  rounds_ask (self, self->store, NULL, save_work, job, job_free, (GDestroyNotify) rounds_edited_free, save_answer);
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
      g_autoptr (json_object) values = collect (self);

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
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "form.cancel", NULL);
}

static void
rounds_form_panel_init (RoundsFormPanel *self)
{
  self->controls = g_array_new (FALSE, TRUE, sizeof (Control));
  self->check_level = -1;
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
rounds_form_panel_new (void)
{
  return g_object_new (ROUNDS_TYPE_FORM_PANEL, NULL);
}
