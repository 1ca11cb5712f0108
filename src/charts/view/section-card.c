/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cards of the Summary. One type serves every section: what differs between problems and results is said by
 * their descriptors, and only two shapes (notes with their first lines, results with a trend) are drawn
 * differently here. */

#include "charts/view/section-card.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "charts/list-model.h"
#include "charts/sections.h"
#include "charts/summary.h"
#include "kit/card.h"
#include "kit/sparkline.h"

struct _RoundsSectionCard
{
  AdwBin parent_instance;

  RoundsCard *card;
  const RoundsSection *section;
  RoundsListModel *model;
  guint limit;
};

enum {
  SIGNAL_OPEN,
  SIGNAL_ADD,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RoundsSectionCard, rounds_section_card, ADW_TYPE_BIN)

static RoundsTone
tone_of (RoundsMark mark)
{
  return mark == ROUNDS_MARK_ACT ? ROUNDS_TONE_ACT : mark == ROUNDS_MARK_LOOK ? ROUNDS_TONE_LOOK : ROUNDS_TONE_PLAIN;
}

static void
add_pills (GtkBox *row, RoundsRow *item, gboolean flag)
{
  RoundsMark mark;
  const char *words = rounds_row_get_pill (item, &mark);

  if (words != NULL && flag)
    gtk_box_append (row, rounds_pill_new (tone_of (mark), words));
  words = rounds_row_get_sync_words (item, &mark);
  if (words != NULL)
    gtk_box_append (row, rounds_pill_new (mark == ROUNDS_MARK_NONE ? ROUNDS_TONE_UNSYNCED : tone_of (mark), words));
}

static GtkWidget *
end_label (const char *text)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_widget_add_css_class (label, "dimmed");
  gtk_widget_add_css_class (label, "caption");
  gtk_widget_add_css_class (label, "numeric");
  gtk_widget_set_halign (label, GTK_ALIGN_END);
  return label;
}

static void
wrap (GtkWidget *label)
{
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_NONE);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
}

static GtkWidget *
plain_row (RoundsSectionCard *self, RoundsRow *item)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  const char *line = rounds_row_get_line (item), *when = rounds_row_get_when (item);
  const gboolean allergy = self->section == &rounds_section_allergies;
  GtkWidget *words = adw_wrap_box_new ();
  GtkWidget *name = rounds_label_new (rounds_row_get_name (item), allergy || line != NULL ? "strong" : NULL);

  /* A name or a dose that is cut is a dose that is guessed: what is too long goes on below. */
  adw_wrap_box_set_child_spacing (ADW_WRAP_BOX (words), 6);
  gtk_widget_set_hexpand (words, TRUE);
  gtk_widget_set_valign (words, GTK_ALIGN_CENTER);
  gtk_widget_set_margin_top (words, 3);
  gtk_widget_set_margin_bottom (words, 3);
  wrap (name);
  if (allergy)
    rounds_tone_apply (name, tone_of (rounds_row_get_mark (item)));
  adw_wrap_box_append (ADW_WRAP_BOX (words), name);
  if (line != NULL)
    {
      g_autofree char *text = allergy ? g_strdup_printf ("· %s", line) : g_strdup (line);
      GtkWidget *label = rounds_label_new (text, NULL);

      wrap (label);
      adw_wrap_box_append (ADW_WRAP_BOX (words), label);
    }
  gtk_box_append (GTK_BOX (row), words);
  add_pills (GTK_BOX (row), item, TRUE);
  if (when != NULL)
    gtk_box_append (GTK_BOX (row), end_label (when));
  return row;
}

static GtkWidget *
note_row (RoundsRow *item)
{
  GtkWidget *column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 2);
  GtkWidget *head = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  const char *line = rounds_row_get_line (item), *when = rounds_row_get_when (item);

  gtk_widget_add_css_class (column, "note-row");
  gtk_box_append (GTK_BOX (head), rounds_label_new (rounds_row_get_name (item), "strong"));
  if (when != NULL)
    {
      g_autofree char *text = g_strdup_printf ("· %s", when);

      gtk_box_append (GTK_BOX (head), rounds_label_new (text, "dimmed caption numeric"));
    }
  add_pills (GTK_BOX (head), item, FALSE);
  gtk_box_append (GTK_BOX (column), head);
  if (line != NULL)
    {
      GtkWidget *text = rounds_label_new (line, "caption");

      gtk_label_set_wrap (GTK_LABEL (text), TRUE);
      gtk_label_set_wrap_mode (GTK_LABEL (text), PANGO_WRAP_WORD_CHAR);
      gtk_label_set_lines (GTK_LABEL (text), 3);
      gtk_box_append (GTK_BOX (column), text);
    }
  return column;
}

static GtkWidget *
result_row (RoundsRow *item)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);
  GPtrArray *points = rounds_row_get_points (item);
  const RoundsTone tone = tone_of (rounds_row_get_mark (item));
  const char *line = rounds_row_get_line (item);
  GtkWidget *name = rounds_label_new (rounds_row_get_name (item), NULL);
  GtkWidget *value = rounds_label_new (line, "strong numeric");
  GtkWidget *trend = rounds_sparkline_new ();
  g_autofree double *times = g_new (double, points->len + 1), *values = g_new (double, points->len + 1);
  RoundsMark mark;

  gtk_widget_set_hexpand (name, TRUE);
  wrap (name);
  gtk_box_append (GTK_BOX (row), name);
  if (rounds_row_get_sync_words (item, &mark) != NULL)
    {
      GtkWidget *dot = gtk_label_new ("●");

      gtk_widget_set_tooltip_text (dot, rounds_row_get_sync_words (item, &mark));
      rounds_tone_apply (dot, mark == ROUNDS_MARK_NONE ? ROUNDS_TONE_UNSYNCED : tone_of (mark));
      gtk_box_append (GTK_BOX (row), dot);
    }
  rounds_tone_apply (value, tone);
  gtk_label_set_ellipsize (GTK_LABEL (value), line != NULL && strlen (line) > 18 ? PANGO_ELLIPSIZE_END : PANGO_ELLIPSIZE_NONE);
  gtk_box_append (GTK_BOX (row), value);
  /* The colour alone would be lost on one reader in twelve. */
  if (rounds_row_get_pill (item, &mark) != NULL)
    {
      GtkWidget *flag = gtk_label_new (rounds_row_get_pill (item, &mark));

      gtk_widget_add_css_class (flag, "caption-heading");
      rounds_tone_apply (flag, tone);
      gtk_box_append (GTK_BOX (row), flag);
    }
  for (guint i = 0; i < points->len; i++)
    {
      const RoundsPoint *point = g_ptr_array_index (points, i);

      times[i] = (double) point->us;
      values[i] = point->value;
    }
  rounds_sparkline_set_points (ROUNDS_SPARKLINE (trend), times, values, points->len);
  rounds_tone_apply (trend, tone);
  gtk_box_append (GTK_BOX (row), trend);
  if (rounds_row_get_when (item) != NULL)
    {
      GtkWidget *when = gtk_label_new (rounds_row_get_when (item));

      gtk_widget_add_css_class (when, "dimmed");
      gtk_widget_add_css_class (when, "caption");
      gtk_widget_add_css_class (when, "numeric");
      gtk_box_append (GTK_BOX (row), when);
    }
  return row;
}

static void
row_clicked_cb (GtkButton *button, RoundsSectionCard *self)
{
  g_signal_emit (self, signals[SIGNAL_OPEN], 0, self->section->id, g_object_get_data (G_OBJECT (button), "id"));
}

static void
append (RoundsSectionCard *self, RoundsRow *item)
{
  GtkWidget *row = self->section->sign != NULL    ? note_row (item)
                   : self->section->group != NULL ? result_row (item)
                                                  : plain_row (self, item);
  GtkWidget *button = gtk_button_new ();
  const char *line = rounds_row_get_line (item), *when = rounds_row_get_when (item);
  g_autofree char *spoken = g_strdup_printf ("%s, %s, %s", rounds_row_get_name (item), line != NULL ? line : "",
                                             when != NULL ? when : "");

  gtk_button_set_child (GTK_BUTTON (button), row);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_add_css_class (button, "card-link");
  rounds_accessible_name (button, spoken);
  g_object_set_data_full (G_OBJECT (button), "id", g_strdup (rounds_row_get_id (item)), g_free);
  g_signal_connect (button, "clicked", G_CALLBACK (row_clicked_cb), self);
  rounds_card_append (self->card, button);
}

static void
more_clicked_cb (GtkButton *button, RoundsSectionCard *self)
{
  g_signal_emit (self, signals[SIGNAL_OPEN], 0, self->section->id, NULL);
}

static void
show_rows (RoundsSectionCard *self)
{
  g_autoptr (GPtrArray) rows = NULL;
  g_autofree char *suffix = NULL;
  guint n_all = 0, n_active;

  rounds_card_clear (self->card);
  rounds_card_set_suffix (self->card, NULL);
  if (self->model == NULL || !rounds_list_model_is_loaded (self->model))
    return;
  if (rounds_list_model_get_problem (self->model) != NULL)
    {
      g_autofree char *text = g_strdup_printf (_("This cannot be read: %s"), rounds_list_model_get_problem (self->model));

      rounds_card_set_note (self->card, text);
      return;
    }
  for (guint i = 0, n = g_list_model_get_n_items (G_LIST_MODEL (self->model)); i < n; i++)
    {
      g_autoptr (RoundsRow) row = g_list_model_get_item (G_LIST_MODEL (self->model), i);

      n_all += !rounds_row_is_error (row);
    }
  n_active = rounds_list_model_get_n_active (self->model);
  suffix = rounds_summary_words (self->section, n_active, n_all);
  rounds_card_set_suffix (self->card, suffix);
  rows = rounds_summary_pick (self->section, G_LIST_MODEL (self->model), self->limit);
  for (guint i = 0; i < rows->len; i++)
    append (self, g_ptr_array_index (rows, i));
  if (rows->len == 0)
    {
      if (n_all == 0)
        rounds_card_set_note (self->card, _(self->section->empty));
      else if (self->section->group != NULL)
        rounds_card_set_note (self->card, _("None of the last values is flagged by its laboratory."));
      else
        rounds_card_set_note (self->card, _("Nothing active."));
    }
  else if (n_active > rows->len)
    {
      g_autofree char *text = g_strdup_printf (_("%u more"), n_active - rows->len);
      GtkWidget *button = gtk_button_new_with_label (text);

      gtk_widget_add_css_class (button, "flat");
      gtk_widget_add_css_class (button, "card-link");
      gtk_widget_add_css_class (button, "dimmed");
      g_signal_connect (button, "clicked", G_CALLBACK (more_clicked_cb), self);
      rounds_card_append (self->card, button);
    }
}

static void
loaded_cb (RoundsListModel *model, RoundsSectionCard *self)
{
  show_rows (self);
}

static void
add_clicked_cb (GtkButton *button, RoundsSectionCard *self)
{
  g_signal_emit (self, signals[SIGNAL_ADD], 0, self->section->id);
}

static void
forget (RoundsSectionCard *self)
{
  if (self->model != NULL)
    g_signal_handlers_disconnect_by_data (self->model, self);
  g_clear_object (&self->model);
}

static void
rounds_section_card_dispose (GObject *object)
{
  forget (ROUNDS_SECTION_CARD (object));
  G_OBJECT_CLASS (rounds_section_card_parent_class)->dispose (object);
}

static void
rounds_section_card_class_init (RoundsSectionCardClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = rounds_section_card_dispose;
  signals[SIGNAL_OPEN] = g_signal_new ("open", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
  signals[SIGNAL_ADD] = g_signal_new ("add", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                      G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
rounds_section_card_init (RoundsSectionCard *self)
{
  self->limit = 8;
}

GtkWidget *
rounds_section_card_new (const char *section_id)
{
  RoundsSectionCard *self = g_object_new (ROUNDS_TYPE_SECTION_CARD, NULL);

  self->section = rounds_section_find (section_id);
  g_return_val_if_fail (self->section != NULL, GTK_WIDGET (self));

  self->card = ROUNDS_CARD (rounds_card_new (self->section->group != NULL  ? _("Results out of range")
                                             : self->section->sign != NULL ? _("Last notes")
                                                                           : _(self->section->title)));
  if (self->section->sign != NULL)
    self->limit = 3;
  if (self->section->add != NULL)
    {
      GtkWidget *button = gtk_button_new_from_icon_name ("list-add-symbolic");

      gtk_widget_add_css_class (button, "flat");
      gtk_widget_add_css_class (button, "link-suffix");
      gtk_widget_set_tooltip_text (button, _(self->section->add));
      rounds_accessible_name (button, _(self->section->add));
      g_signal_connect (button, "clicked", G_CALLBACK (add_clicked_cb), self);
      rounds_card_add_header_widget (self->card, button);
    }
  adw_bin_set_child (ADW_BIN (self), GTK_WIDGET (self->card));
  return GTK_WIDGET (self);
}

void
rounds_section_card_set_limit (RoundsSectionCard *self, guint limit)
{
  self->limit = limit;
  show_rows (self);
}

void
rounds_section_card_set_patient (RoundsSectionCard *self, RoundsStore *store, const char *patient_id)
{
  g_return_if_fail (ROUNDS_IS_SECTION_CARD (self));

  forget (self);
  if (store != NULL && patient_id != NULL)
    {
      self->model = rounds_list_model_get_shared (store, self->section, patient_id);
      g_signal_connect (self->model, "loaded", G_CALLBACK (loaded_cb), self);
    }
  show_rows (self);
}
