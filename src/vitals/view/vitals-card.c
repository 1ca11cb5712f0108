/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Vitals on the Summary: a row a sign, nothing that needs a click to be understood. */
#include "vitals/view/vitals-card.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "kit/card.h"
#include "kit/kit.h"
#include "kit/sparkline.h"
#include "vitals/view/vitals-strip.h"
#include "vitals/view/vitals-watch.h"

#define MAX_SPARK 120

struct _RoundsVitalsCard
{
  AdwBin parent_instance;

  RoundsCard *card;
  GtkWidget *score;
  RoundsVitalsWatch *watch;
  RoundsVitalsChart *chart;   /* what is shown, to say its age anew */
  guint tick_id;
};

enum { SIGNAL_SCORE, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RoundsVitalsCard, rounds_vitals_card, ADW_TYPE_BIN)

/* The last day (or the last values, when they lie further apart) of a series, thinned. */
static GtkWidget *
spark_of (const RoundsVitalSeries *series)
{
  GtkWidget *spark = rounds_sparkline_new ();
  const RoundsSample *samples = (const RoundsSample *) series->samples->data;
  gsize n = series->samples->len;
  gsize from = rounds_vital_series_lower (series, samples[n - 1].time_us - G_TIME_SPAN_DAY);
  double times[MAX_SPARK], values[MAX_SPARK];
  gsize count, step;
  guint filled = 0;

  if (n - from < 8)
    from = n > 24 ? n - 24 : 0;
  count = n - from;
  step = (count + MAX_SPARK - 1) / MAX_SPARK;
  for (gsize i = from + (count - 1) % step; i < n && filled < MAX_SPARK; i += step)
    {
      times[filled] = (double) (samples[i].time_us - samples[from].time_us);
      values[filled++] = samples[i].value;
    }
  rounds_sparkline_set_points (ROUNDS_SPARKLINE (spark), times, values, filled);
  gtk_widget_set_size_request (spark, 72, 18);
  gtk_widget_set_valign (spark, GTK_ALIGN_CENTER);
  return spark;
}

static GtkWidget *
row_new (const RoundsVitalShown *shown)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);
  GtkWidget *label = rounds_label_new (shown->label, NULL);
  GtkWidget *value = gtk_label_new (shown->value);
  GtkWidget *unit = rounds_label_new (shown->unit, "caption dimmed");
  GtkWidget *spark = shown->series != NULL ? spark_of (shown->series) : NULL;
  GtkWidget *end;
  g_autofree char *text = shown->sub_score >= 0 ? g_strdup_printf (_("%s · %d"), shown->age, shown->sub_score)
                                                : g_strdup (shown->age);

  gtk_widget_set_hexpand (label, TRUE);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_add_css_class (value, "strong");
  gtk_widget_add_css_class (value, "numeric");
  gtk_label_set_width_chars (GTK_LABEL (value), 6);
  gtk_label_set_xalign (GTK_LABEL (value), 1);
  rounds_tone_apply (value, shown->tone);
  gtk_label_set_width_chars (GTK_LABEL (unit), 5);
  gtk_label_set_xalign (GTK_LABEL (unit), 0);
  end = rounds_label_new (text, "caption dimmed numeric");
  gtk_label_set_width_chars (GTK_LABEL (end), 9);
  gtk_label_set_xalign (GTK_LABEL (end), 1);
  gtk_box_append (GTK_BOX (row), label);
  if (spark != NULL)
    {
      rounds_tone_apply (spark, shown->tone);
      gtk_box_append (GTK_BOX (row), spark);
    }
  gtk_box_append (GTK_BOX (row), value);
  gtk_box_append (GTK_BOX (row), unit);
  gtk_box_append (GTK_BOX (row), end);
  return row;
}

static void
show (RoundsVitalsCard *self, RoundsVitalsChart *chart, const GError *error)
{
  RoundsVitalShown shown[ROUNDS_N_SHOWN + ROUNDS_N_SHOWN_REST];
  guint rows = 0;

  rounds_card_clear (self->card);
  gtk_widget_set_visible (self->score, FALSE);
  g_signal_emit (self, signals[SIGNAL_SCORE], 0, NULL, ROUNDS_TONE_PLAIN, NULL);
  if (error != NULL)
    {
      rounds_card_set_note (self->card, error->message);
      return;
    }
  if (chart == NULL)
    return;
  rounds_vital_shown_fill (chart, shown);
  rounds_vital_shown_fill_rest (chart, shown + ROUNDS_N_SHOWN);
  for (guint i = 0; i < G_N_ELEMENTS (shown); i++)
    {
      if (shown[i].value != NULL)
        {
          rounds_card_append (self->card, row_new (&shown[i]));
          rows++;
        }
      rounds_vital_shown_clear (&shown[i]);
    }
  if (rows == 0)
    rounds_card_set_note (self->card, _("None recorded"));
  else
    {
      g_autofree char *text = NULL, *words = NULL, *details = rounds_vital_shown_news2_details (chart);
      g_autofree char *pill = NULL;
      RoundsTone tone;

      rounds_vital_shown_news2 (chart, &text, &words, &tone);
      /* No score: the reason says what it is about. */
      pill = g_str_equal (text, "–") && words != NULL
                 ? g_strdup (words)
                 : g_strdup_printf ("NEWS2 %s%s%s", text, words != NULL ? " · " : "", words != NULL ? words : "");
      rounds_pill_set (self->score, tone, pill);
      gtk_widget_set_tooltip_text (self->score, details);
      gtk_widget_set_visible (self->score, TRUE);
      if (!g_str_equal (text, "–"))
        g_signal_emit (self, signals[SIGNAL_SCORE], 0, text, tone, words);
    }
}

static void
chart_cb (RoundsVitalsChart *chart, const GError *error, gpointer data)
{
  RoundsVitalsCard *self = data;

  g_clear_pointer (&self->chart, rounds_vitals_chart_unref);
  self->chart = chart != NULL ? rounds_vitals_chart_ref (chart) : NULL;
  show (self, chart, error);
}

/* Nothing new comes, yet "now" is not now for long, and what was due is overdue. */
static gboolean
tick_cb (gpointer data)
{
  RoundsVitalsCard *self = data;

  if (self->chart != NULL)
    show (self, self->chart, NULL);
  return G_SOURCE_CONTINUE;
}

static void
rounds_vitals_card_dispose (GObject *object)
{
  RoundsVitalsCard *self = ROUNDS_VITALS_CARD (object);

  g_clear_handle_id (&self->tick_id, g_source_remove);
  g_clear_pointer (&self->chart, rounds_vitals_chart_unref);
  g_clear_pointer (&self->watch, rounds_vitals_watch_free);
  G_OBJECT_CLASS (rounds_vitals_card_parent_class)->dispose (object);
}

static void
rounds_vitals_card_class_init (RoundsVitalsCardClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = rounds_vitals_card_dispose;
  signals[SIGNAL_SCORE] = g_signal_new ("score", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_INT, G_TYPE_STRING);
}

static void
rounds_vitals_card_init (RoundsVitalsCard *self)
{
  GtkWidget *enter = gtk_button_new_with_label (_("Enter vitals"));

  self->card = ROUNDS_CARD (rounds_card_new (_("Vitals")));
  self->score = rounds_pill_new (ROUNDS_TONE_PLAIN, "");
  gtk_widget_set_visible (self->score, FALSE);
  gtk_widget_add_css_class (enter, "flat");
  gtk_widget_add_css_class (enter, "link-suffix");
  gtk_actionable_set_action_name (GTK_ACTIONABLE (enter), "win.enter-vitals");
  rounds_card_add_header_widget (self->card, self->score);
  rounds_card_add_header_widget (self->card, enter);
  adw_bin_set_child (ADW_BIN (self), GTK_WIDGET (self->card));
  self->watch = rounds_vitals_watch_new (chart_cb, self);
  self->tick_id = g_timeout_add_seconds (ROUNDS_AGE_TICK_S, tick_cb, self);
}

GtkWidget *
rounds_vitals_card_new (void)
{
  return g_object_new (ROUNDS_TYPE_VITALS_CARD, NULL);
}

void
rounds_vitals_card_set_patient (RoundsVitalsCard *self, RoundsStore *store, const char *patient_id)
{
  g_return_if_fail (ROUNDS_IS_VITALS_CARD (self));

  if (self->watch != NULL)
    rounds_vitals_watch_set_patient (self->watch, store, patient_id);
}
