/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Below the table. The text of a note and the values of a result come first because they are what was looked
 * for; the history says who changed what. */

#include "charts/view/details.h"

#include <adwaita.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/instant.h"
#include "charts/history.h"
#include "charts/notes.h"
#include "kit/kit.h"

#define MAX_HISTORY 60
#define MAX_POINTS 200

typedef struct {
  RoundsRow *row;
  char *text;
  char *appended_to;
  GPtrArray *history;
} Details;

void
rounds_details_free (gpointer data)
{
  Details *details = data;

  g_object_unref (details->row);
  g_free (details->text);
  g_free (details->appended_to);
  g_clear_pointer (&details->history, g_ptr_array_unref);
  g_free (details);
}

gpointer
rounds_details_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  RoundsRow *row = data;
  const RoundsRecord *record = rounds_row_get_record (row);
  Details *details = g_new0 (Details, 1);

  details->row = g_object_ref (row);
  details->history = rounds_history_load (store, rounds_row_get_section (row), record->type, record->id, error);
  if (details->history == NULL)
    {
      rounds_details_free (details);
      return NULL;
    }
  if (rounds_row_get_section (row)->sign != NULL)
    {
      g_autoptr (json_object) resource = rounds_record_parse (record);
      const char *original = rounds_note_appends_to (resource);

      details->text = rounds_note_text (resource);
      if (original != NULL)
        {
          g_autoptr (RoundsRecord) to = rounds_store_get (store, "DocumentReference", original, NULL);
          g_autoptr (json_object) note = to != NULL && to->json != NULL ? rounds_record_parse (to) : NULL;

          details->appended_to = note != NULL ? rounds_note_title (note) : g_strdup (_("a note that is not here"));
        }
    }
  return details;
}

void
rounds_details_clear (GtkBox *box)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (box))) != NULL)
    gtk_box_remove (box, child);
}

static GtkWidget *
heading (const char *text)
{
  GtkWidget *label = rounds_label_new (text, "dimmed caption-heading");

  gtk_widget_set_margin_start (label, 4);
  return label;
}

static GtkWidget *
card_list (void)
{
  GtkWidget *list = gtk_list_box_new ();

  gtk_list_box_set_selection_mode (GTK_LIST_BOX (list), GTK_SELECTION_NONE);
  gtk_widget_add_css_class (list, "boxed-list");
  return list;
}

static void
append_line (GtkWidget *list, GtkWidget *line)
{
  gtk_widget_add_css_class (line, "history-row");
  gtk_widget_set_margin_start (line, 10);
  gtk_widget_set_margin_end (line, 10);
  gtk_list_box_append (GTK_LIST_BOX (list), line);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (gtk_widget_get_parent (line)), FALSE);
}

static GtkWidget *
fixed_label (const char *text, const char *css, int chars)
{
  GtkWidget *label = rounds_label_new (text, css);

  gtk_label_set_width_chars (GTK_LABEL (label), chars);
  gtk_label_set_max_width_chars (GTK_LABEL (label), chars);
  return label;
}

static void
show_points (GtkBox *box, RoundsRow *row)
{
  GPtrArray *points = rounds_row_get_points (row);
  g_autofree char *title = g_strdup_printf (_("%s over time"), rounds_row_get_name (row));
  GtkWidget *list = card_list ();

  gtk_box_append (box, heading (title));
  for (guint i = 0; i < points->len && i < MAX_POINTS; i++)
    {
      const RoundsPoint *point = g_ptr_array_index (points, points->len - 1 - i);
      GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
      GtkWidget *value = rounds_label_new (point->text != NULL ? point->text : _("no value"), "strong numeric");
      const RoundsTone tone = point->mark == ROUNDS_MARK_ACT ? ROUNDS_TONE_ACT
                              : point->mark == ROUNDS_MARK_LOOK ? ROUNDS_TONE_LOOK : ROUNDS_TONE_PLAIN;

      gtk_box_append (GTK_BOX (line), fixed_label (point->when, "dimmed numeric", 17));
      rounds_tone_apply (value, tone);
      gtk_widget_set_hexpand (value, TRUE);
      gtk_label_set_wrap (GTK_LABEL (value), points->len == 1);
      gtk_box_append (GTK_BOX (line), value);
      if (point->flag != NULL)
        gtk_box_append (GTK_BOX (line), rounds_pill_new (tone, point->flag));
      if (point->range != NULL)
        gtk_box_append (GTK_BOX (line), rounds_label_new (point->range, "dimmed caption numeric"));
      append_line (list, line);
    }
  gtk_box_append (box, list);
  if (points->len > MAX_POINTS)
    {
      g_autofree char *more = g_strdup_printf (_("and %u older values"), points->len - MAX_POINTS);

      gtk_box_append (box, heading (more));
    }
}

void
rounds_details_begin (GtkBox *box, RoundsRow *row)
{
  rounds_details_clear (box);
  if (rounds_row_get_points (row) != NULL)
    show_points (box, row);
}

static GtkWidget *
history_line (const RoundsRecord *record, const RoundsHistoryRow *row)
{
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);
  GtkWidget *words = adw_wrap_box_new ();
  g_autofree char *what = row->what != NULL ? g_strdup (row->what) : g_strdup_printf ("%s:", row->field);
  const char *now = row->new_ != NULL ? row->new_ : row->what == NULL ? _("(empty)") : NULL;

  adw_wrap_box_set_child_spacing (ADW_WRAP_BOX (words), 8);
  adw_wrap_box_set_align (ADW_WRAP_BOX (words), 0);
  gtk_widget_set_hexpand (words, TRUE);
  gtk_widget_set_valign (words, GTK_ALIGN_CENTER);
  adw_wrap_box_append (ADW_WRAP_BOX (words), fixed_label (row->first ? row->when : "", "dimmed caption numeric", 15));
  if (row->first)
    adw_wrap_box_append (ADW_WRAP_BOX (words), rounds_label_new (row->who, "strong caption"));
  adw_wrap_box_append (ADW_WRAP_BOX (words), rounds_label_new (what, "caption"));
  if (row->old != NULL)
    adw_wrap_box_append (ADW_WRAP_BOX (words), rounds_label_new (row->old, "was caption"));
  if (row->what == NULL)
    adw_wrap_box_append (ADW_WRAP_BOX (words), rounds_label_new ("→", "caption"));
  if (now != NULL)
    adw_wrap_box_append (ADW_WRAP_BOX (words), rounds_label_new (now, "caption"));
  gtk_box_append (GTK_BOX (line), words);
  if (row->unsynced && row->first)
    gtk_box_append (GTK_BOX (line), rounds_pill_new (ROUNDS_TONE_UNSYNCED, _("not sent yet")));
  if (row->last_edit)
    {
      GtkWidget *button = gtk_button_new_with_label (_("Undo"));

      gtk_widget_add_css_class (button, "flat");
      gtk_widget_add_css_class (button, "link-suffix");
      gtk_actionable_set_action_target (GTK_ACTIONABLE (button), "(ssx)", record->type, record->id, row->revision);
      gtk_actionable_set_action_name (GTK_ACTIONABLE (button), "chart.undo-version");
      gtk_box_append (GTK_BOX (line), button);
    }
  return line;
}

void
rounds_details_show (GtkBox *box, gpointer data, const GError *error)
{
  Details *details = data;
  g_autofree char *title = NULL;
  GtkWidget *list;

  if (details == NULL)
    {
      gtk_box_append (box, heading (_("The history cannot be read")));
      return;
    }
  rounds_details_begin (box, details->row);
  if (details->appended_to != NULL)
    {
      g_autofree char *text = g_strdup_printf (_("Appends to “%s”"), details->appended_to);

      gtk_box_append (box, heading (text));
    }
  if (details->text != NULL)
    {
      GtkWidget *text = gtk_label_new (details->text);
      GtkWidget *frame = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

      gtk_label_set_wrap (GTK_LABEL (text), TRUE);
      gtk_label_set_wrap_mode (GTK_LABEL (text), PANGO_WRAP_WORD_CHAR);
      gtk_label_set_selectable (GTK_LABEL (text), TRUE);
      gtk_label_set_xalign (GTK_LABEL (text), 0);
      gtk_widget_add_css_class (frame, "card");
      gtk_widget_add_css_class (text, "note-text");
      gtk_box_append (GTK_BOX (frame), text);
      gtk_box_append (box, frame);
    }
  title = g_strdup_printf (_("History of %s"), rounds_row_get_name (details->row));
  gtk_box_append (box, heading (title));
  list = card_list ();
  for (guint i = 0; i < details->history->len && i < MAX_HISTORY; i++)
    append_line (list, history_line (rounds_row_get_record (details->row), g_ptr_array_index (details->history, i)));
  gtk_box_append (box, list);
}

char *
rounds_details_draft_words (const RoundsDraft *draft)
{
  const RoundsSection *section = rounds_section_find (draft->section);
  RoundsInstant instant = { .us = draft->changed_us, .precision = ROUNDS_PRECISION_MINUTE };
  g_autofree char *when = rounds_instant_display (&instant, rounds_instant_now_us ());
  g_autofree char *words = NULL;

  if (section != NULL && section->n_fields > 0)
    {
      json_object *value = NULL;

      json_object_object_get_ex (draft->values, section->fields[0].id, &value);
      words = rounds_field_words (&section->fields[0], value);
    }
  return g_strdup_printf (_("Unfinished %s, %s%s%s"), section != NULL ? _(section->one) : draft->section, when,
                          words != NULL ? " · " : "", words != NULL ? words : "");
}
