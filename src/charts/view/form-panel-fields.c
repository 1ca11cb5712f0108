/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One control for each field of a section, and its value in the form's terms. A date that was not touched gives
 * back the exact text that was received; a code that Rounds does not offer is kept and shown. */

#include "charts/view/form-panel-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "charts/row.h"
#include "charts/view/ask.h"
#include "charts/view/concept-entry.h"
#include "kit/kit.h"

char *
rounds_form_panel_text_of (GtkWidget *widget)
{
  GtkTextBuffer *buffer;
  GtkTextIter start, end;

  if (GTK_IS_EDITABLE (widget))
    return g_strdup (gtk_editable_get_text (GTK_EDITABLE (widget)));
  buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (widget));
  gtk_text_buffer_get_bounds (buffer, &start, &end);
  return gtk_text_buffer_get_text (buffer, &start, &end, FALSE);
}

json_object *
rounds_form_control_get (const RoundsFormControl *control)
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
  text = rounds_form_panel_text_of (control->widget);
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

json_object *
rounds_form_panel_collect (RoundsFormPanel *self)
{
  json_object *values = self->hidden != NULL ? rounds_json_copy (self->hidden) : json_object_new_object ();

  for (guint i = 0; i < self->controls->len; i++)
    {
      const RoundsFormControl *control = &g_array_index (self->controls, RoundsFormControl, i);
      json_object *value = rounds_form_control_get (control);

      if (value != NULL)
        json_object_object_add (values, control->field->id, value);
    }
  return values;
}

static void
changed_cb (GtkWidget *widget, RoundsFormPanel *self)
{
  rounds_form_panel_changed (self);
}

static void
selected_cb (GObject *object, GParamSpec *pspec, RoundsFormPanel *self)
{
  rounds_form_panel_changed (self);
}

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

typedef struct {
  const RoundsSection *section;
  char *patient_id, *current;
} Own;

static void
own_free (gpointer data)
{
  Own *own = data;

  g_free (own->patient_id);
  g_free (own->current);
  g_free (own);
}

static gpointer
own_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  Own *own = data;

  return rounds_section_own_terms (own->section, store, own->patient_id, own->current, error);
}

/* The entry belongs to this form of this patient: an answer that comes after it finds no entry. */
static void
own_answer (gpointer widget, gpointer result, const GError *error, gpointer data)
{
  if (result != NULL)
    rounds_concept_entry_take_own (ROUNDS_CONCEPT_ENTRY (widget), g_ptr_array_ref (result));
}

static GtkWidget *
concept_new (RoundsFormPanel *self, const RoundsField *field, json_object *value)
{
  GtkWidget *widget = rounds_concept_entry_new (field->terms, _(field->title),
                                                field->hint != NULL ? _(field->hint) : NULL);

  rounds_concept_entry_set_value (ROUNDS_CONCEPT_ENTRY (widget), value);
  g_signal_connect (widget, "changed", G_CALLBACK (changed_cb), self);
  if (field->own != NULL && self->patient_id != NULL)
    {
      Own *own = g_new0 (Own, 1);

      own->section = field->own;
      own->patient_id = g_strdup (self->patient_id);
      own->current = g_strdup (rounds_json_peek_string (value, "reference"));
      rounds_ask (widget, self->store, NULL, own_work, own, own_free, (GDestroyNotify) g_ptr_array_unref, own_answer);
    }
  return widget;
}

static void
add_field (RoundsFormPanel *self, const RoundsField *field, json_object *value, GtkBox *row)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3);
  g_autofree char *shown = field->required ? g_strdup_printf ("%s *", _(field->title)) : g_strdup (_(field->title));
  GtkWidget *label = gtk_label_new (shown);
  RoundsFormControl control = { .field = field };
  GtkWidget *widget;

  gtk_widget_add_css_class (label, "field-label");
  gtk_widget_add_css_class (label, "dimmed");
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_box_append (GTK_BOX (box), label);
  switch (field->kind)
    {
    case ROUNDS_FIELD_CONCEPT:
      widget = control.widget = concept_new (self, field, value);
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

void
rounds_form_panel_build (RoundsFormPanel *self, json_object *values)
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
