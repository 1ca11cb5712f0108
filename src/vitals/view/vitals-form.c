/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The entry form. It knows nothing of FHIR: it reads numbers, lets entry.h judge them, and hands one entry to the
 * store. A field that is asked about remembers the text it was asked for, so that "Enter again" keeps exactly
 * that and nothing typed since. */
#include "vitals/view/vitals-form.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "base/quantity.h"
#include "kit/kit.h"
#include "vitals/csv.h"
#include "vitals/entry.h"
#include "vitals/view/vitals-scale.h"

typedef enum {
  FIELD_RATE,
  FIELD_SPO2,
  FIELD_FLOW,
  FIELD_PRESSURE,
  FIELD_PULSE,
  FIELD_TEMPERATURE,
  N_FIELDS,
} FieldId;

typedef struct {
  GtkWidget *entry, *message;
  char *kept;          /* text that was confirmed as unusual, or is being asked about */
  gboolean confirmed;
} Field;

struct _RoundsVitalsForm
{
  AdwBin parent_instance;

  Field fields[N_FIELDS];
  GtkWidget *air, *oxygen, *flow_row;
  GtkWidget *letters[5];
  GtkWidget *unit_button;
  GtkWidget *score, *score_words, *scale_button, *save, *problem;
  gboolean fahrenheit;

  RoundsStore *store;
  char *patient_id;
  RoundsVitalsChart *chart;
  gboolean saving;
  char *saving_for;    /* patient of what is being saved */
};

enum {
  SIGNAL_SAVED,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RoundsVitalsForm, rounds_vitals_form, ADW_TYPE_BIN)

static const char *const letters = "ACVPU";

static const char *
field_code (FieldId id)
{
  static const char *const codes[] = { ROUNDS_CODE_RESPIRATORY_RATE, ROUNDS_CODE_SPO2, ROUNDS_CODE_OXYGEN_FLOW,
                                       ROUNDS_CODE_SYSTOLIC, ROUNDS_CODE_HEART_RATE, ROUNDS_CODE_TEMPERATURE };
  return codes[id];
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

static char *
field_text (RoundsVitalsForm *self, FieldId id)
{
  return g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->fields[id].entry))));
}

/* FALSE when there is text that is no number; an empty field is NaN. */
static gboolean
read_number (const char *text, double *out)
{
  *out = NAN;
  return *text == '\0' || rounds_vitals_parse_number (text, TRUE, out);
}

/* "104/62", "104 / 62", "104 62" or the systolic alone. */
static gboolean
read_pressure (const char *text, double *systolic, double *diastolic)
{
  g_auto (GStrv) parts = g_strsplit_set (text, "/ -", -1);
  guint n = 0;
  double values[2] = { NAN, NAN };

  for (guint i = 0; parts[i] != NULL; i++)
    {
      if (*parts[i] == '\0')
        continue;
      if (n == 2 || !read_number (parts[i], &values[n]))
        return FALSE;
      n++;
    }
  *systolic = values[0];
  *diastolic = values[1];
  return TRUE;
}

static char
chosen_letter (RoundsVitalsForm *self)
{
  for (guint i = 0; i < 5; i++)
    if (gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (self->letters[i])))
      return letters[i];
  return 0;
}

static void
read_form (RoundsVitalsForm *self, RoundsVitalsEntry *out)
{
  g_autofree char *rate = field_text (self, FIELD_RATE), *spo2 = field_text (self, FIELD_SPO2);
  g_autofree char *flow = field_text (self, FIELD_FLOW), *pressure = field_text (self, FIELD_PRESSURE);
  g_autofree char *pulse = field_text (self, FIELD_PULSE), *temperature = field_text (self, FIELD_TEMPERATURE);

  rounds_vitals_entry_init (out);
  out->time_us = rounds_instant_now_us ();
  read_number (rate, &out->respiratory_rate_per_min);
  read_number (spo2, &out->spo2_percent);
  if (gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (self->air)))
    out->oxygen = ROUNDS_OXYGEN_AIR;
  else if (gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (self->oxygen)))
    {
      out->oxygen = ROUNDS_OXYGEN_GIVEN;
      read_number (flow, &out->oxygen_flow_l_min);
    }
  read_pressure (pressure, &out->systolic_mmhg, &out->diastolic_mmhg);
  read_number (pulse, &out->pulse_per_min);
  read_number (temperature, &out->temperature);
  out->temperature_unit = self->fahrenheit ? "[degF]" : "Cel";
  out->consciousness = chosen_letter (self);
}

/* --- judging ---------------------------------------------------------------------------------------------------- */

static double
last_value (RoundsVitalsForm *self, const char *code)
{
  RoundsVitalLatest latest;

  /* A value of last year says nothing about what is unusual today. */
  if (self->chart == NULL || !rounds_vitals_chart_latest (self->chart, code, &latest) ||
      rounds_instant_now_us () - latest.sample.time_us > 2 * G_TIME_SPAN_DAY)
    return NAN;
  return latest.sample.value;
}

static RoundsEntryVerdict
judge (RoundsVitalsForm *self, FieldId id, char **message)
{
  g_autofree char *text = field_text (self, id);
  double value, second;
  RoundsEntryVerdict verdict;

  *message = NULL;
  if (id == FIELD_FLOW && !gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (self->oxygen)))
    return ROUNDS_ENTRY_OK;
  if (id == FIELD_PRESSURE)
    {
      if (!read_pressure (text, &value, &second))
        {
          *message = g_strdup (_("Write systolic / diastolic, as 120 / 80."));
          return ROUNDS_ENTRY_REFUSE;
        }
      verdict = rounds_vitals_entry_check_pressure (value, second, message);
      if (verdict != ROUNDS_ENTRY_OK)
        return verdict;
      verdict = rounds_vitals_entry_check (ROUNDS_CODE_DIASTOLIC, second, NULL,
                                           last_value (self, ROUNDS_CODE_DIASTOLIC), message);
      if (verdict == ROUNDS_ENTRY_REFUSE)
        return verdict;
      {
        char *other = NULL;
        RoundsEntryVerdict first = rounds_vitals_entry_check (ROUNDS_CODE_SYSTOLIC, value, NULL,
                                                              last_value (self, ROUNDS_CODE_SYSTOLIC), &other);
        if (first == ROUNDS_ENTRY_OK)
          return verdict;
        g_free (*message);
        *message = other;
        return first;
      }
    }
  if (!read_number (text, &value))
    {
      *message = g_strdup (_("This is not a number."));
      return ROUNDS_ENTRY_REFUSE;
    }
  if (id == FIELD_FLOW && isnan (value))
    {
      *message = g_strdup (_("How many litres a minute?"));
      return ROUNDS_ENTRY_REFUSE;
    }
  return rounds_vitals_entry_check (field_code (id), value,
                                    id == FIELD_TEMPERATURE && self->fahrenheit ? "[degF]" : NULL,
                                    last_value (self, field_code (id)), message);
}

static void
show_message (Field *field, RoundsTone tone, const char *text)
{
  gtk_label_set_text (GTK_LABEL (field->message), text != NULL ? text : "");
  gtk_widget_set_visible (field->message, text != NULL && *text != '\0');
  rounds_tone_apply (field->message, tone);
  gtk_widget_remove_css_class (field->entry, "warning");
  gtk_widget_remove_css_class (field->entry, "error");
  if (text != NULL)
    {
      gtk_widget_add_css_class (field->entry, tone == ROUNDS_TONE_ACT ? "error" : "warning");
      gtk_accessible_announce (GTK_ACCESSIBLE (field->entry), text, GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_HIGH);
    }
}

/* TRUE when the field may be saved; again = the user pressed Enter here, which keeps what was asked about. */
static gboolean
settle_field (RoundsVitalsForm *self, FieldId id, gboolean again)
{
  Field *field = &self->fields[id];
  g_autofree char *text = field_text (self, id);
  g_autofree char *message = NULL;
  RoundsEntryVerdict verdict = judge (self, id, &message);

  if (verdict == ROUNDS_ENTRY_OK || (field->confirmed && g_strcmp0 (field->kept, text) == 0))
    {
      show_message (field, ROUNDS_TONE_PLAIN, NULL);
      return TRUE;
    }
  if (verdict == ROUNDS_ENTRY_ASK && again && g_strcmp0 (field->kept, text) == 0)
    {
      field->confirmed = TRUE;
      show_message (field, ROUNDS_TONE_PLAIN, NULL);
      return TRUE;
    }
  g_set_str (&field->kept, verdict == ROUNDS_ENTRY_ASK ? text : NULL);
  field->confirmed = FALSE;
  show_message (field, verdict == ROUNDS_ENTRY_ASK ? ROUNDS_TONE_LOOK : ROUNDS_TONE_ACT, message);
  return FALSE;
}

static void
update_score (RoundsVitalsForm *self)
{
  RoundsVitalsEntry entry;
  RoundsNews2Input input;
  RoundsNews2 score;
  int scale = self->chart != NULL ? self->chart->spo2_scale : 1;
  g_autofree char *text = NULL, *why = NULL;
  RoundsTone tone;
  gboolean empty;

  read_form (self, &entry);
  empty = rounds_vitals_entry_is_empty (&entry);
  gtk_widget_set_sensitive (self->save, !empty && !self->saving && self->store != NULL);
  if (self->chart != NULL && !rounds_vitals_chart_news2 (self->chart, entry.time_us, &score, NULL, &why))
    {
      gtk_label_set_text (GTK_LABEL (self->score), "–");
      gtk_label_set_text (GTK_LABEL (self->score_words), why);
      rounds_tone_apply (self->score, ROUNDS_TONE_PLAIN);
      return;
    }
  rounds_vitals_entry_news2 (&entry, scale, &input);
  if (!rounds_news2_check (&input, NULL))
    {
      gtk_label_set_text (GTK_LABEL (self->score), "–");
      gtk_label_set_text (GTK_LABEL (self->score_words), _("a value is out of range"));
      rounds_tone_apply (self->score, ROUNDS_TONE_PLAIN);
      return;
    }
  rounds_news2_score (&input, &score);
  text = score.complete ? g_strdup_printf ("%d", score.total)
         : empty ? g_strdup ("–") : g_strdup_printf ("≥ %d", score.at_least);
  tone = score.response >= ROUNDS_NEWS2_URGENT || score.response == ROUNDS_NEWS2_SINGLE
           ? ROUNDS_TONE_ACT : score.at_least > 0 ? ROUNDS_TONE_LOOK : ROUNDS_TONE_PLAIN;
  gtk_label_set_text (GTK_LABEL (self->score), text);
  rounds_tone_apply (self->score, tone);
  if (score.complete)
    gtk_label_set_text (GTK_LABEL (self->score_words), rounds_news2_response_text (score.response));
  else
    {
      guint missing = 0;

      for (guint i = 0; i < ROUNDS_N_NEWS2_PARTS; i++)
        missing += score.parts[i] < 0;
      g_free (text);
      text = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "incomplete: %u missing", "incomplete: %u missing", missing),
                              missing);
      gtk_label_set_text (GTK_LABEL (self->score_words), text);
    }
}

/* --- saving ------------------------------------------------------------------------------------------------------ */

typedef struct {
  RoundsVitalsEntry entry;
  GPtrArray *resources;
  GPtrArray *receipts;
  int scale;
} Saving;

static void
saving_free (gpointer data)
{
  Saving *saving = data;

  g_clear_pointer (&saving->resources, g_ptr_array_unref);
  g_clear_pointer (&saving->receipts, g_ptr_array_unref);
  g_free (saving);
}

static gpointer
save_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  return rounds_vitals_save (store, ((Saving *) data)->resources, "vitals entered", error);
}

static gpointer
undo_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  return rounds_vitals_undo (store, ((Saving *) data)->receipts, error) ? GINT_TO_POINTER (1) : NULL;
}

typedef struct {
  GWeakRef form;
  RoundsStore *store;
  GPtrArray *receipts;
} Undo;

static void
undo_free (gpointer data)
{
  Undo *undo = data;

  g_weak_ref_clear (&undo->form);
  g_object_unref (undo->store);
  g_ptr_array_unref (undo->receipts);
  g_free (undo);
}

static void
undone_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GtkWidget) form = data;
  g_autoptr (GError) error = NULL;

  rounds_store_run_finish (ROUNDS_STORE (source), result, &error);
  rounds_toast (form, error != NULL ? error->message : _("Taken back"), NULL, NULL, NULL, NULL);
  if (error == NULL)
    g_signal_emit (form, signals[SIGNAL_SAVED], 0);
}

static void
undo_pressed_cb (gpointer data)
{
  Undo *undo = data;
  Saving *work;
  GtkWidget *form = g_weak_ref_get (&undo->form);

  if (form == NULL)
    return;
  work = g_new0 (Saving, 1);
  work->receipts = g_ptr_array_ref (undo->receipts);
  rounds_store_run_async (undo->store, undo_work, work, saving_free, NULL, NULL, undone_cb, form);
}

static void
empty_fields (RoundsVitalsForm *self)
{
  for (guint i = 0; i < N_FIELDS; i++)
    {
      gtk_editable_set_text (GTK_EDITABLE (self->fields[i].entry), "");
      g_clear_pointer (&self->fields[i].kept, g_free);
      self->fields[i].confirmed = FALSE;
      show_message (&self->fields[i], ROUNDS_TONE_PLAIN, NULL);
    }
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->air), FALSE);
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->oxygen), FALSE);
  for (guint i = 0; i < 5; i++)
    gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->letters[i]), FALSE);
  gtk_widget_set_visible (self->problem, FALSE);
  update_score (self);
}

static void
saved_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RoundsVitalsForm) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) receipts = rounds_store_run_finish (ROUNDS_STORE (source), result, &error);
  Undo *undo;
  gboolean current;   /* still the patient for whom it was saved */

  self->saving = FALSE;
  current = self->store == ROUNDS_STORE (source) && g_strcmp0 (self->saving_for, self->patient_id) == 0;
  if (receipts == NULL)
    {
      /* What was typed stays. */
      if (current && error != NULL)
        {
          gtk_label_set_text (GTK_LABEL (self->problem), error->message);
          gtk_widget_set_visible (self->problem, TRUE);
        }
      update_score (self);
      return;
    }
  if (current)
    empty_fields (self);
  undo = g_new0 (Undo, 1);
  g_weak_ref_init (&undo->form, self);
  undo->store = ROUNDS_STORE (g_object_ref (source));
  undo->receipts = g_ptr_array_ref (receipts);
  rounds_toast (GTK_WIDGET (self), _("Vitals saved"), _("Undo"), undo_pressed_cb, undo, undo_free);
  g_signal_emit (self, signals[SIGNAL_SAVED], 0);
}

static const char *
performer_name (RoundsVitalsForm *self)
{
  RoundsVault *vault = rounds_store_get_vault (self->store);

  return vault != NULL ? rounds_vault_get_name (vault) : NULL;
}

static void
save (RoundsVitalsForm *self)
{
  Saving *saving;
  gboolean applies;
  int scale = self->chart != NULL ? self->chart->spo2_scale : 1;

  if (self->store == NULL || self->patient_id == NULL || self->saving)
    return;
  for (guint i = 0; i < N_FIELDS; i++)
    if (!settle_field (self, i, FALSE))
      {
        gtk_widget_grab_focus (self->fields[i].entry);
        return;
      }
  saving = g_new0 (Saving, 1);
  read_form (self, &saving->entry);
  if (rounds_vitals_entry_is_empty (&saving->entry))
    {
      saving_free (saving);
      return;
    }
  {
    RoundsNews2 ignored;
    applies = self->chart != NULL && rounds_vitals_chart_news2 (self->chart, saving->entry.time_us, &ignored, NULL, NULL);
  }
  saving->resources = rounds_vitals_entry_make (&saving->entry, self->patient_id, performer_name (self), scale, applies);
  self->saving = TRUE;
  g_set_str (&self->saving_for, self->patient_id);
  update_score (self);
  rounds_store_run_async (self->store, save_work, saving, saving_free, (GDestroyNotify) g_ptr_array_unref, NULL,
                          saved_cb, g_object_ref (self));
}

static void
scale_clicked_cb (RoundsVitalsForm *self)
{
  if (self->chart != NULL && self->store != NULL)
    adw_dialog_present (rounds_vitals_scale_dialog_new (self->store, self->patient_id, performer_name (self),
                                                        self->chart->spo2_scale, GTK_WIDGET (self)),
                        GTK_WIDGET (self));
}

/* --- callbacks --------------------------------------------------------------------------------------------------------- */

static FieldId
field_of (RoundsVitalsForm *self, gpointer widget)
{
  for (guint i = 0; i < N_FIELDS; i++)
    if (self->fields[i].entry == widget)
      return i;
  return N_FIELDS;
}

static void
changed_cb (RoundsVitalsForm *self, GtkEditable *editable)
{
  FieldId id = field_of (self, editable);

  if (id != N_FIELDS)
    show_message (&self->fields[id], ROUNDS_TONE_PLAIN, NULL);
  update_score (self);
}

static void
activated_cb (RoundsVitalsForm *self, GtkWidget *entry)
{
  FieldId id = field_of (self, entry);

  if (id != N_FIELDS && settle_field (self, id, TRUE))
    gtk_widget_child_focus (GTK_WIDGET (self), GTK_DIR_TAB_FORWARD);
}

static void
focus_left_cb (RoundsVitalsForm *self, GtkEventController *controller)
{
  FieldId id = field_of (self, gtk_event_controller_get_widget (controller));

  if (id != N_FIELDS)
    settle_field (self, id, FALSE);
}

static void
oxygen_toggled_cb (RoundsVitalsForm *self, GtkToggleButton *button)
{
  if (gtk_toggle_button_get_active (button))
    gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (GTK_WIDGET (button) == self->air ? self->oxygen : self->air), FALSE);
  gtk_widget_set_visible (self->flow_row, gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (self->oxygen)));
  update_score (self);
}

static void
letter_toggled_cb (RoundsVitalsForm *self, GtkToggleButton *button)
{
  if (gtk_toggle_button_get_active (button))
    for (guint i = 0; i < 5; i++)
      if (self->letters[i] != GTK_WIDGET (button))
        gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->letters[i]), FALSE);
  update_score (self);
}

static void
unit_clicked_cb (RoundsVitalsForm *self)
{
  self->fahrenheit = !self->fahrenheit;
  gtk_button_set_label (GTK_BUTTON (self->unit_button), self->fahrenheit ? "°F" : "°C");
  changed_cb (self, GTK_EDITABLE (self->fields[FIELD_TEMPERATURE].entry));
}

/* --- building ------------------------------------------------------------------------------------------------------------ */

static GtkWidget *
add_field (RoundsVitalsForm *self, GtkWidget *box, FieldId id, const char *label, GtkWidget *unit)
{
  Field *field = &self->fields[id];
  GtkWidget *column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3);
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);
  GtkWidget *name = rounds_label_new (label, "field-label");
  GtkEventController *focus = gtk_event_controller_focus_new ();

  field->entry = gtk_entry_new ();
  field->message = gtk_label_new (NULL);
  gtk_widget_set_hexpand (field->entry, TRUE);
  gtk_editable_set_width_chars (GTK_EDITABLE (field->entry), 6);
  gtk_entry_set_input_purpose (GTK_ENTRY (field->entry),
                               id == FIELD_PRESSURE ? GTK_INPUT_PURPOSE_FREE_FORM : GTK_INPUT_PURPOSE_NUMBER);
  gtk_widget_add_css_class (field->entry, "numeric");
  gtk_label_set_xalign (GTK_LABEL (field->message), 0);
  gtk_label_set_wrap (GTK_LABEL (field->message), TRUE);
  gtk_widget_add_css_class (field->message, "caption");
  gtk_widget_set_visible (field->message, FALSE);
  rounds_accessible_name (field->entry, label);
  gtk_widget_set_size_request (unit, 46, -1);
  gtk_box_append (GTK_BOX (row), field->entry);
  gtk_box_append (GTK_BOX (row), unit);
  gtk_box_append (GTK_BOX (column), name);
  gtk_box_append (GTK_BOX (column), row);
  gtk_box_append (GTK_BOX (column), field->message);
  gtk_box_append (GTK_BOX (box), column);
  g_signal_connect_swapped (field->entry, "changed", G_CALLBACK (changed_cb), self);
  g_signal_connect_swapped (field->entry, "activate", G_CALLBACK (activated_cb), self);
  g_signal_connect_swapped (focus, "leave", G_CALLBACK (focus_left_cb), self);
  gtk_widget_add_controller (field->entry, focus);
  return column;
}

static GtkWidget *
unit_label (const char *text)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_add_css_class (label, "dimmed");
  return label;
}

static GtkWidget *
toggle_new (const char *label, const char *accessible)
{
  GtkWidget *button = gtk_toggle_button_new_with_label (label);

  gtk_widget_set_tooltip_text (button, accessible);
  rounds_accessible_name (button, accessible);
  gtk_widget_set_hexpand (button, TRUE);
  return button;
}

static void
add_oxygen (RoundsVitalsForm *self, GtkWidget *box)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);

  self->air = toggle_new (_("Air"), _("Breathing air"));
  self->oxygen = toggle_new (_("Oxygen"), _("Given oxygen"));
  gtk_widget_add_css_class (row, "linked");
  gtk_box_append (GTK_BOX (row), self->air);
  gtk_box_append (GTK_BOX (row), self->oxygen);
  gtk_box_append (GTK_BOX (box), row);
  self->flow_row = add_field (self, box, FIELD_FLOW, _("Oxygen flow"), unit_label ("L/min"));
  gtk_widget_set_visible (self->flow_row, FALSE);
  g_signal_connect_swapped (self->air, "toggled", G_CALLBACK (oxygen_toggled_cb), self);
  g_signal_connect_swapped (self->oxygen, "toggled", G_CALLBACK (oxygen_toggled_cb), self);
}

static void
add_consciousness (RoundsVitalsForm *self, GtkWidget *box)
{
  static const char *const names[] = { N_ ("Alert"), N_ ("New confusion"), N_ ("Responds to voice"),
                                       N_ ("Responds to pain"), N_ ("Unresponsive") };
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);

  gtk_box_append (GTK_BOX (box), rounds_label_new (_("Consciousness"), "field-label"));
  gtk_widget_add_css_class (row, "linked");
  for (guint i = 0; i < 5; i++)
    {
      const char text[2] = { letters[i], '\0' };

      self->letters[i] = toggle_new (text, _(names[i]));
      g_signal_connect_swapped (self->letters[i], "toggled", G_CALLBACK (letter_toggled_cb), self);
      gtk_box_append (GTK_BOX (row), self->letters[i]);
    }
  gtk_box_append (GTK_BOX (box), row);
}

static void
add_footer (RoundsVitalsForm *self, GtkWidget *box)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);
  GtkWidget *column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *content = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);
  GtkWidget *keycap = gtk_label_new ("Ctrl ⏎");

  self->score = gtk_label_new ("–");
  self->score_words = rounds_label_new ("", "caption dimmed");
  gtk_label_set_xalign (GTK_LABEL (self->score), 0);
  gtk_widget_add_css_class (self->score, "title-2");
  gtk_widget_add_css_class (self->score, "numeric");
  gtk_label_set_wrap (GTK_LABEL (self->score_words), TRUE);
  gtk_label_set_xalign (GTK_LABEL (self->score_words), 0);
  gtk_box_append (GTK_BOX (column), rounds_label_new (_("NEWS2 so far"), "field-label"));
  gtk_box_append (GTK_BOX (column), self->score);
  gtk_box_append (GTK_BOX (column), self->score_words);
  gtk_widget_set_hexpand (column, TRUE);
  gtk_widget_set_tooltip_text (column, rounds_news2_acknowledgement ());
  gtk_box_append (GTK_BOX (row), column);

  self->save = gtk_button_new ();
  gtk_widget_add_css_class (keycap, "keycap");
  gtk_box_append (GTK_BOX (content), gtk_label_new (_("Save")));
  gtk_box_append (GTK_BOX (content), keycap);
  gtk_button_set_child (GTK_BUTTON (self->save), content);
  rounds_accessible_name (self->save, _("Save vitals"));
  gtk_widget_add_css_class (self->save, "suggested-action");
  gtk_widget_set_valign (self->save, GTK_ALIGN_CENTER);
  g_signal_connect_swapped (self->save, "clicked", G_CALLBACK (save), self);
  gtk_box_append (GTK_BOX (row), self->save);

  self->scale_button = gtk_button_new_with_label (_("SpO₂ scale 1"));
  gtk_widget_add_css_class (self->scale_button, "flat");
  gtk_widget_add_css_class (self->scale_button, "caption");
  gtk_widget_set_halign (self->scale_button, GTK_ALIGN_START);
  gtk_widget_set_tooltip_text (self->scale_button, _("Record a decision on the SpO₂ scale"));
  g_signal_connect_swapped (self->scale_button, "clicked", G_CALLBACK (scale_clicked_cb), self);

  self->problem = gtk_label_new (NULL);
  gtk_label_set_wrap (GTK_LABEL (self->problem), TRUE);
  gtk_label_set_xalign (GTK_LABEL (self->problem), 0);
  rounds_tone_apply (self->problem, ROUNDS_TONE_ACT);
  gtk_widget_set_visible (self->problem, FALSE);
  gtk_box_append (GTK_BOX (box), gtk_separator_new (GTK_ORIENTATION_HORIZONTAL));
  gtk_box_append (GTK_BOX (box), row);
  gtk_box_append (GTK_BOX (box), self->scale_button);
  gtk_box_append (GTK_BOX (box), self->problem);
  {
    GtkWidget *words = gtk_label_new (rounds_news2_acknowledgement ());

    gtk_label_set_wrap (GTK_LABEL (words), TRUE);
    gtk_label_set_xalign (GTK_LABEL (words), 0);
    gtk_widget_add_css_class (words, "caption");
    gtk_widget_add_css_class (words, "dimmed");
    gtk_box_append (GTK_BOX (box), words);
  }
}

static gboolean
save_shortcut_cb (GtkWidget *widget, GVariant *args, gpointer data)
{
  save (ROUNDS_VITALS_FORM (widget));
  return TRUE;
}

static void
rounds_vitals_form_dispose (GObject *object)
{
  RoundsVitalsForm *self = ROUNDS_VITALS_FORM (object);

  g_clear_object (&self->store);
  g_clear_pointer (&self->patient_id, g_free);
  g_clear_pointer (&self->saving_for, g_free);
  g_clear_pointer (&self->chart, rounds_vitals_chart_unref);
  for (guint i = 0; i < N_FIELDS; i++)
    g_clear_pointer (&self->fields[i].kept, g_free);
  G_OBJECT_CLASS (rounds_vitals_form_parent_class)->dispose (object);
}

static void
rounds_vitals_form_class_init (RoundsVitalsFormClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rounds_vitals_form_dispose;
  signals[SIGNAL_SAVED] = g_signal_new ("saved", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 0);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Return, GDK_CONTROL_MASK, save_shortcut_cb, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_KP_Enter, GDK_CONTROL_MASK, save_shortcut_cb, NULL);
}

static void
rounds_vitals_form_init (RoundsVitalsForm *self)
{
  GtkWidget *scroller = gtk_scrolled_window_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 10);
  GtkWidget *title = rounds_label_new (_("Enter vitals"), "heading");

  gtk_widget_set_margin_start (box, 16);
  gtk_widget_set_margin_end (box, 16);
  gtk_widget_set_margin_top (box, 14);
  gtk_widget_set_margin_bottom (box, 16);
  gtk_box_append (GTK_BOX (box), title);
  add_field (self, box, FIELD_RATE, _("Respiratory rate"), unit_label ("/min"));
  add_field (self, box, FIELD_SPO2, _("SpO₂"), unit_label ("%"));
  add_oxygen (self, box);
  add_field (self, box, FIELD_PRESSURE, _("Blood pressure"), unit_label ("mmHg"));
  add_field (self, box, FIELD_PULSE, _("Heart rate"), unit_label ("/min"));
  self->unit_button = gtk_button_new_with_label ("°C");
  gtk_widget_add_css_class (self->unit_button, "flat");
  gtk_widget_set_tooltip_text (self->unit_button, _("Change between °C and °F"));
  g_signal_connect_swapped (self->unit_button, "clicked", G_CALLBACK (unit_clicked_cb), self);
  add_field (self, box, FIELD_TEMPERATURE, _("Temperature"), self->unit_button);
  add_consciousness (self, box);
  add_footer (self, box);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), box);
  adw_bin_set_child (ADW_BIN (self), scroller);
  gtk_widget_add_css_class (GTK_WIDGET (self), "form-panel");
  update_score (self);
}

GtkWidget *
rounds_vitals_form_new (void)
{
  return g_object_new (ROUNDS_TYPE_VITALS_FORM, NULL);
}

void
rounds_vitals_form_set_patient (RoundsVitalsForm *self, RoundsStore *store, const char *patient_id)
{
  gboolean same = self->store == store && g_strcmp0 (self->patient_id, patient_id) == 0;

  if (patient_id == NULL)
    store = NULL;
  g_set_object (&self->store, store);
  g_set_str (&self->patient_id, patient_id);
  gtk_widget_set_sensitive (GTK_WIDGET (self), patient_id != NULL);
  if (same)
    return;
  g_clear_pointer (&self->chart, rounds_vitals_chart_unref);
  /* Numbers typed for one patient must never be saved for another. */
  empty_fields (self);
}

void
rounds_vitals_form_set_chart (RoundsVitalsForm *self, RoundsVitalsChart *chart)
{
  g_clear_pointer (&self->chart, rounds_vitals_chart_unref);
  self->chart = chart != NULL ? rounds_vitals_chart_ref (chart) : NULL;
  gtk_button_set_label (GTK_BUTTON (self->scale_button), chart != NULL && chart->spo2_scale == 2
                                                           ? _("SpO₂ scale 2 (88–92 %)") : _("SpO₂ scale 1"));
  update_score (self);
}

void
rounds_vitals_form_focus (RoundsVitalsForm *self)
{
  gtk_widget_grab_focus (self->fields[FIELD_RATE].entry);
}
