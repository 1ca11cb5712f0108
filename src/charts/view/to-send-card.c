/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What of this patient is not on the server yet. It asks the store what is unsynced and never the sync: the
 * card is right with no server at all. */

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/instant.h"
#include "charts/patient.h"
#include "charts/section.h"
#include "charts/view/ask.h"
#include "charts/view/section-card.h"
#include "charts/words.h"
#include "fhir/resource.h"
#include "kit/card.h"
#include "store/outbox.h"

#define MAX_ROWS 6

struct _RoundsToSendCard
{
  AdwBin parent_instance;

  RoundsCard *card;
  RoundsStore *store;
  char *patient_id;
  GCancellable *ticket;
};

enum {
  SIGNAL_OPEN_SYNC,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RoundsToSendCard, rounds_to_send_card, ADW_TYPE_BIN)

typedef struct {
  char *title;
  char *words;       /* what it waits for, or when it was changed */
  RoundsTone tone;
} Waiting;

static void
waiting_free (Waiting *waiting)
{
  g_free (waiting->title);
  g_free (waiting->words);
  g_free (waiting);
}

static gboolean
is_of_patient (json_object *resource, const char *type, const char *id, const char *patient_id)
{
  if (g_strcmp0 (type, "Patient") == 0)
    return g_strcmp0 (id, patient_id) == 0;
  return g_strcmp0 (rounds_resource_peek_patient_id (resource), patient_id) == 0;
}

static char *
title_of (const RoundsOutboxItem *item, json_object *resource)
{
  const RoundsSection *section = rounds_section_of (item->type, resource);
  g_autofree char *name = section != NULL ? rounds_section_name (section, resource)
                                          : g_strdup (rounds_concept_display (rounds_resource_peek_concept (resource)));
  g_autofree char *kind = rounds_words_capital (section != NULL ? _(section->one) : item->type);

  if (strcmp (item->verb, "delete") == 0)
    return g_strdup_printf (_("%s: %s (deleted)"), kind, name != NULL ? name : item->id);
  return g_strdup_printf ("%s: %s", kind, name != NULL ? name : item->id);
}

static gpointer
load_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  const char *patient_id = data;
  g_autoptr (GPtrArray) items = rounds_store_outbox_list (store, NULL, 0, error);
  g_autoptr (GPtrArray) waiting = NULL;
  const gint64 now_us = rounds_instant_now_us ();

  if (items == NULL)
    return NULL;
  waiting = g_ptr_array_new_with_free_func ((GDestroyNotify) waiting_free);
  for (guint i = 0; i < items->len && !g_cancellable_is_cancelled (cancellable); i++)
    {
      const RoundsOutboxItem *item = g_ptr_array_index (items, i);
      const char *text = item->json != NULL ? item->json : item->base_json;
      g_autoptr (json_object) resource = text != NULL ? rounds_json_parse (text, -1, NULL) : NULL;
      g_autoptr (RoundsRecord) record = NULL;
      Waiting *one;

      if (resource == NULL || !is_of_patient (resource, item->type, item->id, patient_id))
        continue;
      one = g_new0 (Waiting, 1);
      one->title = title_of (item, resource);
      one->tone = ROUNDS_TONE_UNSYNCED;
      if (strcmp (item->state, "conflict") == 0)
        {
          one->tone = ROUNDS_TONE_LOOK;
          one->words = g_strdup (_("changed there too · decide"));
        }
      else if (strcmp (item->state, "quarantined") == 0)
        {
          one->tone = ROUNDS_TONE_ACT;
          one->words = g_strdup (item->reason != NULL ? item->reason : _("refused by the server"));
        }
      else if (strcmp (item->state, "blocked") == 0)
        one->words = g_strdup (item->reason != NULL ? item->reason : _("waits for another change"));
      else if ((record = rounds_store_get (store, item->type, item->id, NULL)) != NULL)
        {
          RoundsInstant instant = { .us = record->changed_us, .precision = ROUNDS_PRECISION_MINUTE };

          one->words = rounds_instant_display (&instant, now_us);
        }
      g_ptr_array_add (waiting, one);
    }
  return g_steal_pointer (&waiting);
}

static void
clicked_cb (GtkButton *button, RoundsToSendCard *self)
{
  g_signal_emit (self, signals[SIGNAL_OPEN_SYNC], 0);
}

static void
append (RoundsToSendCard *self, const Waiting *waiting)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *sign = gtk_label_new (waiting->tone == ROUNDS_TONE_UNSYNCED ? "●" : "▲");
  GtkWidget *words = rounds_label_new (waiting->words, "caption numeric");
  GtkWidget *button = gtk_button_new ();
  g_autofree char *spoken = g_strdup_printf ("%s, %s", waiting->title, waiting->words != NULL ? waiting->words : "");

  rounds_tone_apply (sign, waiting->tone);
  gtk_box_append (GTK_BOX (row), sign);
  gtk_box_append (GTK_BOX (row), rounds_label_new (waiting->title, NULL));
  gtk_widget_set_hexpand (words, TRUE);
  gtk_label_set_xalign (GTK_LABEL (words), 1);
  if (waiting->tone == ROUNDS_TONE_UNSYNCED)
    gtk_widget_add_css_class (words, "dimmed");
  else
    rounds_tone_apply (words, waiting->tone);
  gtk_box_append (GTK_BOX (row), words);
  gtk_button_set_child (GTK_BUTTON (button), row);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_add_css_class (button, "card-link");
  rounds_accessible_name (button, spoken);
  g_signal_connect (button, "clicked", G_CALLBACK (clicked_cb), self);
  rounds_card_append (self->card, button);
}

static void
load_answer (gpointer widget, gpointer result, const GError *error, gpointer data)
{
  RoundsToSendCard *self = widget;
  GPtrArray *waiting = result;
  g_autofree char *suffix = NULL;

  rounds_card_clear (self->card);
  if (waiting == NULL)
    {
      rounds_card_set_note (self->card, _("What waits to be sent cannot be read."));
      return;
    }
  suffix = g_strdup_printf (ngettext ("%u change", "%u changes", waiting->len), waiting->len);
  rounds_card_set_suffix (self->card, waiting->len > 0 ? suffix : NULL);
  if (waiting->len == 0)
    rounds_card_set_note (self->card, _("Nothing waits to be sent."));
  /* What a person must decide comes first. */
  for (guint pass = 0, n = 0; pass < 2; pass++)
    for (guint i = 0; i < waiting->len && n < MAX_ROWS; i++)
      {
        const Waiting *one = g_ptr_array_index (waiting, i);

        if ((one->tone != ROUNDS_TONE_UNSYNCED) == (pass == 0))
          {
            append (self, one);
            n++;
          }
      }
  if (waiting->len > MAX_ROWS)
    {
      g_autofree char *text = g_strdup_printf (_("%u more"), waiting->len - MAX_ROWS);
      GtkWidget *button = gtk_button_new_with_label (text);

      gtk_widget_add_css_class (button, "flat");
      gtk_widget_add_css_class (button, "card-link");
      gtk_widget_add_css_class (button, "dimmed");
      g_signal_connect (button, "clicked", G_CALLBACK (clicked_cb), self);
      rounds_card_append (self->card, button);
    }
}

static void
load (RoundsToSendCard *self)
{
  rounds_ticket_renew (&self->ticket);
  rounds_ask (self, self->store, self->ticket, load_work, g_strdup (self->patient_id), g_free,
              (GDestroyNotify) g_ptr_array_unref, load_answer);
}

static void
outbox_changed_cb (RoundsStore *store, RoundsToSendCard *self)
{
  load (self);
}

static void
forget (RoundsToSendCard *self)
{
  if (self->ticket != NULL)
    g_cancellable_cancel (self->ticket);
  g_clear_object (&self->ticket);
  if (self->store != NULL)
    g_signal_handlers_disconnect_by_data (self->store, self);
  g_clear_object (&self->store);
  g_clear_pointer (&self->patient_id, g_free);
}

static void
rounds_to_send_card_dispose (GObject *object)
{
  forget (ROUNDS_TO_SEND_CARD (object));
  G_OBJECT_CLASS (rounds_to_send_card_parent_class)->dispose (object);
}

static void
rounds_to_send_card_class_init (RoundsToSendCardClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = rounds_to_send_card_dispose;
  signals[SIGNAL_OPEN_SYNC] = g_signal_new ("open-sync", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                            NULL, G_TYPE_NONE, 0);
}

static void
rounds_to_send_card_init (RoundsToSendCard *self)
{
  self->card = ROUNDS_CARD (rounds_card_new (_("To send")));
  adw_bin_set_child (ADW_BIN (self), GTK_WIDGET (self->card));
}

GtkWidget *
rounds_to_send_card_new (void)
{
  return g_object_new (ROUNDS_TYPE_TO_SEND_CARD, NULL);
}

void
rounds_to_send_card_set_patient (RoundsToSendCard *self, RoundsStore *store, const char *patient_id)
{
  g_return_if_fail (ROUNDS_IS_TO_SEND_CARD (self));

  forget (self);
  rounds_card_clear (self->card);
  rounds_card_set_suffix (self->card, NULL);
  if (store == NULL || patient_id == NULL)
    return;
  self->store = g_object_ref (store);
  self->patient_id = g_strdup (patient_id);
  g_signal_connect (store, "outbox-changed", G_CALLBACK (outbox_changed_cb), self);
  load (self);
}
