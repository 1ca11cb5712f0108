/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bars above the list that offer what was typed and neither saved nor thrown away. A draft of a record goes
 * on from the revision that its writer had seen; if that is no longer the latest, saving says so. */

#include "charts/view/chart-page-private.h"

#include <glib/gi18n-lib.h>

#include "charts/view/ask.h"
#include "charts/view/details.h"
#include "kit/kit.h"

static gpointer
drafts_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  GPtrArray *drafts = rounds_draft_list (store, data, error);

  /* The record that a draft edits is read with it, on the revision it has now. */
  for (guint i = 0; drafts != NULL && i < drafts->len; i++)
    {
      RoundsDraft *draft = g_ptr_array_index (drafts, i);

      if (draft->id != NULL && draft->type != NULL)
        {
          g_autoptr (RoundsRecord) record = rounds_store_get (store, draft->type, draft->id, NULL);

          /* It was changed or went away since: what was typed is kept, but as text for a new one. */
          if (record == NULL || record->deleted)
            g_clear_pointer (&draft->id, g_free);
        }
    }
  return drafts;
}

typedef struct {
  RoundsChartPage *page;   /* borrowed: the bar is its child */
  RoundsDraft *draft;
} Bar;

static void
bar_free (gpointer data, GClosure *closure)
{
  Bar *bar = data;

  rounds_draft_free (bar->draft);
  g_free (bar);
}

typedef struct {
  RoundsDraft *draft;
} Reopen;

static void
reopen_free (gpointer data)
{
  Reopen *reopen = data;

  rounds_draft_free (reopen->draft);
  g_free (reopen);
}

static gpointer
reopen_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  Reopen *reopen = data;
  RoundsRecord *record = rounds_store_get (store, reopen->draft->type, reopen->draft->id, error);

  /* The editor goes on from what it had seen: if it changed since, saving says so. */
  if (record != NULL && reopen->draft->revision != 0 && record->revision != reopen->draft->revision)
    record->revision = reopen->draft->revision;
  return record;
}

static void
reopen_answer (gpointer widget, gpointer result, const GError *error, gpointer data)
{
  Reopen *reopen = data;
  RoundsChartPage *self = widget;

  if (result != NULL && g_strcmp0 (reopen->draft->patient_id, self->patient_id) == 0)
    rounds_chart_page_open_form (self, rounds_section_find (reopen->draft->section), result, reopen->draft->values);
}

static void
draft_open_cb (GtkButton *button, Bar *bar)
{
  RoundsChartPage *self = bar->page;
  const RoundsDraft *draft = bar->draft;
  const RoundsSection *section = rounds_section_find (draft->section);

  if (g_strcmp0 (draft->patient_id, self->patient_id) != 0)
    return;
  rounds_chart_page_go (self, section);
  if (draft->id != NULL)
    {
      Reopen *reopen = g_new0 (Reopen, 1);
      g_autofree char *text = rounds_draft_print (draft->type, draft->id, draft->revision, draft->values, draft->changed_us);

      reopen->draft = rounds_draft_parse (draft->key, text);
      rounds_ask (self, self->store, self->ticket, reopen_work, reopen, reopen_free, (GDestroyNotify) rounds_record_free,
                  reopen_answer);
    }
  else
    rounds_chart_page_open_form (self, section, NULL, draft->values);
}

static void
drafts_answer (gpointer widget, gpointer result, const GError *error, gpointer data)
{
  RoundsChartPage *self = widget;
  GPtrArray *drafts = result;
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->drafts))) != NULL)
    gtk_box_remove (self->drafts, child);
  for (guint i = 0; drafts != NULL && i < drafts->len && i < 5; i++)
    {
      RoundsDraft *draft = g_ptr_array_index (drafts, i);
      const RoundsSection *section = rounds_section_find (draft->section);
      g_autofree char *text = NULL;
      GtkWidget *row, *button, *label;
      Bar *bar;

      if (section == NULL || (rounds_form_panel_is_open (self->form) && rounds_form_panel_get_section (self->form) == section))
        continue;
      text = rounds_details_draft_words (draft);
      row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
      gtk_widget_add_css_class (row, "draft-bar");
      label = rounds_label_new (text, NULL);
      gtk_widget_set_hexpand (label, TRUE);
      gtk_box_append (GTK_BOX (row), label);
      button = gtk_button_new_with_label (_("Go on"));
      gtk_widget_add_css_class (button, "flat");
      bar = g_new0 (Bar, 1);
      bar->page = self;
      bar->draft = draft;
      g_ptr_array_index (drafts, i) = NULL;   /* taken; the array skips NULL when it is freed */
      g_signal_connect_data (button, "clicked", G_CALLBACK (draft_open_cb), bar, bar_free, 0);
      gtk_box_append (GTK_BOX (row), button);
      gtk_box_append (self->drafts, row);
    }
}

static gboolean
load_drafts_cb (gpointer data)
{
  RoundsChartPage *self = data;

  self->drafts_timeout = 0;
  rounds_chart_page_load_drafts (self);
  return G_SOURCE_REMOVE;
}

void
rounds_chart_page_load_drafts (RoundsChartPage *self)
{
  g_clear_handle_id (&self->drafts_timeout, g_source_remove);
  /* A draft that was just thrown away or saved must not come back as unfinished. */
  if (self->patient_id != NULL && rounds_drafts_busy (self->store))
    self->drafts_timeout = g_timeout_add (40, load_drafts_cb, self);
  else if (self->patient_id != NULL)
    rounds_ask (self, self->store, self->ticket, drafts_work, g_strdup (self->patient_id), g_free,
                (GDestroyNotify) g_ptr_array_unref, drafts_answer);
}
