/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Lays out the cards that the domains make: the Summary itself knows nothing of problems or pixels. A column
 * takes the cards that belong together, so that with two columns or one the order of urgency stays.
 */

#include "app/summary-page.h"

#include "charts/view/section-card.h"
#include "scans/view/scans-card.h"
#include "vitals/view/vitals-card.h"

#define THREE_COLUMNS_SP 900
#define TWO_COLUMNS_SP 600

struct _RoundsSummaryPage {
  AdwBin parent_instance;

  GtkWidget *box;               /* of the columns */
  GtkWidget *columns[3];
  RoundsSectionCard *cards[5];
  RoundsVitalsCard *vitals;
  RoundsScansCard *scans;
  RoundsToSendCard *to_send;
  guint n_columns;
};

enum {
  SIGNAL_SCORE,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RoundsSummaryPage, rounds_summary_page, ADW_TYPE_BIN)

static const struct {
  const char *section;
  guint column;
  guint limit;                  /* 0 = the card's own */
} sections[] = {
  { "problems", 0, 0 }, { "allergies", 0, 0 }, { "notes", 0, 0 }, { "medications", 1, 0 }, { "results", 2, 0 },
};

static void
section_opened_cb (RoundsSummaryPage *self, const char *section, const char *resource_id)
{
  gtk_widget_activate_action (GTK_WIDGET (self), "win.show-section", "s", section);
}

static void
section_add_cb (RoundsSummaryPage *self, const char *section)
{
  gtk_widget_activate_action (GTK_WIDGET (self), "win.add", "s", section);
}

static void
score_cb (RoundsSummaryPage *self, const char *text, int tone, const char *words)
{
  g_signal_emit (self, signals[SIGNAL_SCORE], 0, text, tone, words);
}

static void
sync_opened_cb (RoundsSummaryPage *self)
{
  gtk_widget_activate_action (GTK_WIDGET (self), "win.show-sync", NULL);
}

/* Three columns side by side; with two, the third goes below the second; with one, all below each other. */
static void
lay_out (RoundsSummaryPage *self, guint n_columns)
{
  if (n_columns == self->n_columns)
    return;
  self->n_columns = n_columns;
  for (guint i = 0; i < 3; i++)
    {
      g_object_ref (self->columns[i]);
      if (gtk_widget_get_parent (self->columns[i]) != NULL)
        gtk_box_remove (GTK_BOX (gtk_widget_get_parent (self->columns[i])), self->columns[i]);
    }
  gtk_orientable_set_orientation (GTK_ORIENTABLE (self->box),
                                  n_columns == 1 ? GTK_ORIENTATION_VERTICAL : GTK_ORIENTATION_HORIZONTAL);
  gtk_box_set_homogeneous (GTK_BOX (self->box), n_columns > 1);
  gtk_box_append (GTK_BOX (self->box), self->columns[0]);
  gtk_box_append (GTK_BOX (self->box), self->columns[1]);
  gtk_box_append (GTK_BOX (n_columns == 2 ? self->columns[1] : self->box), self->columns[2]);
  for (guint i = 0; i < 3; i++)
    g_object_unref (self->columns[i]);
}

static void
breakpoint_changed_cb (RoundsSummaryPage *self)
{
  AdwBreakpointBin *bin = ADW_BREAKPOINT_BIN (adw_bin_get_child (ADW_BIN (self)));
  AdwBreakpoint *current = adw_breakpoint_bin_get_current_breakpoint (bin);
  guint n_columns = 3;

  if (current != NULL)
    n_columns = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (current), "columns"));
  lay_out (self, n_columns);
}

static void
add_breakpoint (AdwBreakpointBin *bin, double max_width_sp, guint n_columns)
{
  AdwBreakpoint *breakpoint = adw_breakpoint_new (
      adw_breakpoint_condition_new_length (ADW_BREAKPOINT_CONDITION_MAX_WIDTH, max_width_sp, ADW_LENGTH_UNIT_SP));

  g_object_set_data (G_OBJECT (breakpoint), "columns", GUINT_TO_POINTER (n_columns));
  adw_breakpoint_bin_add_breakpoint (bin, breakpoint);
}

static void
add_cards (RoundsSummaryPage *self)
{
  self->vitals = ROUNDS_VITALS_CARD (rounds_vitals_card_new ());
  g_signal_connect_swapped (self->vitals, "score", G_CALLBACK (score_cb), self);
  gtk_box_append (GTK_BOX (self->columns[1]), GTK_WIDGET (self->vitals));
  for (gsize i = 0; i < G_N_ELEMENTS (sections); i++)
    {
      self->cards[i] = ROUNDS_SECTION_CARD (rounds_section_card_new (sections[i].section));
      if (sections[i].limit > 0)
        rounds_section_card_set_limit (self->cards[i], sections[i].limit);
      g_signal_connect_swapped (self->cards[i], "open", G_CALLBACK (section_opened_cb), self);
      g_signal_connect_swapped (self->cards[i], "add", G_CALLBACK (section_add_cb), self);
      gtk_box_append (GTK_BOX (self->columns[sections[i].column]), GTK_WIDGET (self->cards[i]));
    }
  self->scans = ROUNDS_SCANS_CARD (rounds_scans_card_new ());
  gtk_box_append (GTK_BOX (self->columns[2]), GTK_WIDGET (self->scans));
  self->to_send = ROUNDS_TO_SEND_CARD (rounds_to_send_card_new ());
  g_signal_connect_swapped (self->to_send, "open-sync", G_CALLBACK (sync_opened_cb), self);
  gtk_box_append (GTK_BOX (self->columns[2]), GTK_WIDGET (self->to_send));
}

static void
rounds_summary_page_class_init (RoundsSummaryPageClass *klass)
{
  signals[SIGNAL_SCORE] = g_signal_new ("score", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_INT, G_TYPE_STRING);
}

static void
rounds_summary_page_init (RoundsSummaryPage *self)
{
  AdwBreakpointBin *bin = ADW_BREAKPOINT_BIN (adw_breakpoint_bin_new ());
  GtkWidget *scroller = gtk_scrolled_window_new ();

  self->box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  gtk_widget_set_margin_start (self->box, 14);
  gtk_widget_set_margin_end (self->box, 14);
  gtk_widget_set_margin_top (self->box, 14);
  gtk_widget_set_margin_bottom (self->box, 18);
  for (guint i = 0; i < 3; i++)
    {
      self->columns[i] = gtk_box_new (GTK_ORIENTATION_VERTICAL, 12);
      gtk_widget_set_valign (self->columns[i], GTK_ALIGN_START);
    }
  add_cards (self);
  lay_out (self, 3);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), self->box);
  gtk_widget_set_size_request (GTK_WIDGET (bin), 300, 200);
  adw_breakpoint_bin_set_child (bin, scroller);
  /* The last one that fits wins. */
  add_breakpoint (bin, THREE_COLUMNS_SP, 2);
  add_breakpoint (bin, TWO_COLUMNS_SP, 1);
  g_signal_connect_swapped (bin, "notify::current-breakpoint", G_CALLBACK (breakpoint_changed_cb), self);
  adw_bin_set_child (ADW_BIN (self), GTK_WIDGET (bin));
}

void
rounds_summary_page_set_patient (RoundsSummaryPage *self, RoundsStore *store, const char *patient_id)
{
  g_return_if_fail (ROUNDS_IS_SUMMARY_PAGE (self));

  for (gsize i = 0; i < G_N_ELEMENTS (sections); i++)
    rounds_section_card_set_patient (self->cards[i], store, patient_id);
  rounds_vitals_card_set_patient (self->vitals, store, patient_id);
  rounds_scans_card_set_patient (self->scans, store, patient_id);
  rounds_to_send_card_set_patient (self->to_send, store, patient_id);
}
