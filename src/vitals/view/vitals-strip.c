/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The latest values, each with unit, age and sub-score, in the order in which they are asked for at the bedside. */
#include "vitals/view/vitals-strip.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "base/quantity.h"

void
rounds_vital_shown_clear (RoundsVitalShown *self)
{
  g_clear_pointer (&self->value, g_free);
  g_clear_pointer (&self->age, g_free);
}

/* Observations are due every twelve hours at the least: what is older scores nothing, and after a week it calls
 * for no look either. */
#define SCORES_US (12 * G_TIME_SPAN_HOUR)
#define LOOKS_US (7 * G_TIME_SPAN_DAY)

static RoundsTone
tone_of (int sub_score, gboolean out_of_band, gint64 age_us)
{
  if (age_us > LOOKS_US)
    return ROUNDS_TONE_PLAIN;
  if (age_us > SCORES_US)
    return sub_score >= 1 || out_of_band ? ROUNDS_TONE_LOOK : ROUNDS_TONE_PLAIN;
  return sub_score >= 3 ? ROUNDS_TONE_ACT : sub_score >= 1 || (sub_score < 0 && out_of_band) ? ROUNDS_TONE_LOOK : ROUNDS_TONE_PLAIN;
}

/* The newer of two codes for one thing. */
static gboolean
newer_of (const RoundsVitalsChart *chart, const char *a, const char *b, RoundsVitalLatest *out)
{
  RoundsVitalLatest other;
  gboolean have = rounds_vitals_chart_latest (chart, a, out);

  if (b != NULL && rounds_vitals_chart_latest (chart, b, &other) &&
      (!have || other.sample.time_us > out->sample.time_us))
    {
      *out = other;
      return TRUE;
    }
  return have;
}

void
rounds_vital_shown_fill (const RoundsVitalsChart *chart, RoundsVitalShown out[ROUNDS_N_SHOWN])
{
  static const struct { const char *label, *first, *second; } kinds[ROUNDS_N_SHOWN] = {
    { N_ ("Resp. rate"), ROUNDS_CODE_RESPIRATORY_RATE, NULL },
    { N_ ("SpO₂"), ROUNDS_CODE_SPO2, ROUNDS_CODE_SAO2 },
    { N_ ("Blood pressure"), ROUNDS_CODE_SYSTOLIC, ROUNDS_CODE_ARTERIAL_SYSTOLIC },
    { N_ ("Heart rate"), ROUNDS_CODE_HEART_RATE, ROUNDS_CODE_PULSE_OXIMETER_RATE },
    { N_ ("Temperature"), ROUNDS_CODE_TEMPERATURE, "8331-1" },
  };
  gint64 now = rounds_instant_now_us ();
  const gboolean bands = rounds_vitals_chart_bands_apply (chart);

  for (guint i = 0; i < ROUNDS_N_SHOWN; i++)
    {
      RoundsVitalLatest latest;

      out[i] = (RoundsVitalShown) { .label = _(kinds[i].label), .sub_score = -1, .unit = "" };
      if (!newer_of (chart, kinds[i].first, kinds[i].second, &latest))
        continue;
      out[i].series = latest.series;
      out[i].value = rounds_vital_format (latest.series->vital, latest.sample.value);
      out[i].unit = rounds_unit_display (latest.series->unit);
      out[i].age = rounds_instant_age (latest.sample.time_us, now);
      out[i].sub_score = now - latest.sample.time_us > SCORES_US ? -1 : latest.sub_score;
      out[i].tone = tone_of (latest.sub_score, latest.out_of_band && bands, now - latest.sample.time_us);
      if (i == 2)
        {
          gboolean arterial = strcmp (latest.series->vital->code, ROUNDS_CODE_ARTERIAL_SYSTOLIC) == 0;
          RoundsVitalSeries *diastolic =
            rounds_vitals_chart_find (chart, arterial ? ROUNDS_CODE_ARTERIAL_DIASTOLIC : ROUNDS_CODE_DIASTOLIC);
          const RoundsSample *sample = diastolic != NULL ? rounds_vital_series_nearest (diastolic, latest.sample.time_us) : NULL;

          if (sample != NULL && ABS (sample->time_us - latest.sample.time_us) <= 5 * G_TIME_SPAN_MINUTE)
            {
              g_autofree char *second = rounds_vital_format (diastolic->vital, sample->value);
              char *both = g_strdup_printf ("%s/%s", out[i].value, second);

              g_free (out[i].value);
              out[i].value = both;
            }
        }
    }
}

void
rounds_vital_shown_fill_rest (const RoundsVitalsChart *chart, RoundsVitalShown out[ROUNDS_N_SHOWN_REST])
{
  static const struct { char letter; const char *words; } levels[] = {
    { 'A', N_ ("Alert") }, { 'C', N_ ("New confusion") }, { 'V', N_ ("Responds to voice") },
    { 'P', N_ ("Responds to pain") }, { 'U', N_ ("Unresponsive") },
  };
  gint64 now = rounds_instant_now_us ();
  RoundsVitalLatest latest;

  out[0] = (RoundsVitalShown) { .label = _("Oxygen"), .sub_score = -1, .unit = "" };
  out[1] = (RoundsVitalShown) { .label = _("Consciousness"), .sub_score = -1, .unit = "" };
  if (newer_of (chart, ROUNDS_CODE_OXYGEN_FLOW, ROUNDS_CODE_OXYGEN_CONCENTRATION, &latest))
    {
      gint64 age_us = now - latest.sample.time_us;
      gboolean air = latest.sample.value == 0 && strcmp (latest.series->vital->code, ROUNDS_CODE_OXYGEN_FLOW) == 0;

      out[0].series = latest.series;
      out[0].value = air ? g_strdup (_("air")) : rounds_vital_format (latest.series->vital, latest.sample.value);
      out[0].unit = air ? "" : rounds_unit_display (latest.series->unit);
      out[0].age = rounds_instant_age (latest.sample.time_us, now);
      out[0].sub_score = age_us > SCORES_US ? -1 : latest.sub_score;
      out[0].tone = tone_of (latest.sub_score, FALSE, age_us);
    }
  if (chart->consciousness->len > 0)
    {
      const RoundsConsciousness *level =
        &g_array_index (chart->consciousness, RoundsConsciousness, chart->consciousness->len - 1);
      gint64 age_us = now - level->time_us;
      RoundsNews2 score;
      int sub_score = rounds_vitals_chart_news2 (chart, level->time_us, &score, NULL, NULL)
                          ? score.parts[ROUNDS_NEWS2_CONSCIOUSNESS] : -1;

      for (guint i = 0; i < G_N_ELEMENTS (levels); i++)
        if (levels[i].letter == level->letter)
          out[1].value = g_strdup (_(levels[i].words));
      if (out[1].value == NULL)
        return;
      out[1].age = rounds_instant_age (level->time_us, now);
      out[1].sub_score = age_us > SCORES_US ? -1 : sub_score;
      out[1].tone = tone_of (sub_score, level->letter != 'A', age_us);
    }
}

void
rounds_vital_shown_news2 (const RoundsVitalsChart *chart, char **text, char **words, RoundsTone *tone)
{
  RoundsNews2 score;
  gint64 at = G_MININT64, now = rounds_instant_now_us (), due;
  g_autofree char *age = NULL;

  *tone = ROUNDS_TONE_PLAIN;
  *words = NULL;
  if (!rounds_vitals_chart_news2 (chart, G_MAXINT64, &score, &at, words))
    {
      *text = g_strdup ("–");
      return;
    }
  if (at == G_MININT64)
    {
      *text = g_strdup ("–");
      *words = g_strdup (_("nothing measured"));
      return;
    }
  age = rounds_instant_age (at, now);
  if (now - at > SCORES_US && (!score.complete || now - at > LOOKS_US))
    {
      *text = g_strdup ("–");
      /* Translators: %s is an age: "5 y" */
      *words = g_strdup_printf (_("last measured %s ago"), age);
      return;
    }
  *text = score.complete ? g_strdup_printf ("%d", score.total)
          : score.at_least > 0 ? g_strdup_printf ("≥ %d", score.at_least) : g_strdup ("–");
  *tone = score.response >= ROUNDS_NEWS2_URGENT || score.response == ROUNDS_NEWS2_SINGLE ? ROUNDS_TONE_ACT
          : score.at_least > 0 ? ROUNDS_TONE_LOOK : ROUNDS_TONE_PLAIN;
  if (!score.complete)
    {
      *words = g_strdup (_("incomplete"));
      return;
    }
  due = at + rounds_news2_response_interval_us (score.response);
  if (now - at > SCORES_US)
    {
      /* It once was so; that nobody looked since is what there is to act on. */
      *words = g_strdup_printf (_("%s old, overdue"), age);
      *tone = ROUNDS_TONE_LOOK;
    }
  else if (score.response == ROUNDS_NEWS2_EMERGENCY && now - at > G_TIME_SPAN_HOUR)
    *words = g_strdup_printf (_("%s · %s old"), rounds_news2_response_text (score.response), age);
  else if (score.response == ROUNDS_NEWS2_EMERGENCY)
    *words = g_strdup (rounds_news2_response_text (score.response));
  else if (due <= now)
    {
      g_autofree char *late = rounds_instant_age (due, now);
      *words = g_strdup_printf (_("overdue by %s"), late);
      if (*tone == ROUNDS_TONE_PLAIN)
        *tone = ROUNDS_TONE_LOOK;
    }
  else
    {
      g_autofree char *left = rounds_instant_age (now - (due - now), now);
      *words = g_strdup_printf (_("due in %s"), left);
    }
}

char *
rounds_vital_shown_news2_details (const RoundsVitalsChart *chart)
{
  GString *text = g_string_new (NULL);
  RoundsNews2 score;
  char *why = NULL;

  if (!rounds_vitals_chart_news2 (chart, G_MAXINT64, &score, NULL, &why))
    {
      g_string_append (text, why != NULL ? why : "");
      g_free (why);
    }
  else
    for (guint i = 0; i < ROUNDS_N_NEWS2_PARTS; i++)
      {
        if (score.parts[i] >= 0)
          g_string_append_printf (text, "%s: %d\n", rounds_news2_part_label (i), score.parts[i]);
        else
          g_string_append_printf (text, _("%s: missing\n"), rounds_news2_part_label (i));
      }
  g_string_append_printf (text, "%s%s", text->len > 0 ? "\n" : "", rounds_news2_acknowledgement ());
  return g_string_free (text, FALSE);
}

static GtkWidget *
card_new (const char *label, const char *value, const char *unit, const char *below, RoundsTone tone)
{
  GtkWidget *card = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 5);
  GtkWidget *number = gtk_label_new (value != NULL ? value : "–");
  GtkWidget *unit_label = gtk_label_new (value != NULL ? unit : "");
  GtkWidget *last = rounds_label_new (below, "caption dimmed numeric");
  g_autofree char *name = g_strdup_printf ("%s %s %s, %s", label, value != NULL ? value : _("none recorded"),
                                           value != NULL ? unit : "", below);

  gtk_widget_add_css_class (card, "card");
  gtk_widget_add_css_class (card, "vital-card");
  gtk_widget_add_css_class (number, "vital-value");
  gtk_widget_add_css_class (number, "numeric");
  rounds_tone_apply (number, tone);
  gtk_widget_add_css_class (unit_label, "caption");
  gtk_widget_set_valign (unit_label, GTK_ALIGN_BASELINE_FILL);
  gtk_widget_set_valign (number, GTK_ALIGN_BASELINE_FILL);
  gtk_box_append (GTK_BOX (line), number);
  gtk_box_append (GTK_BOX (line), unit_label);
  gtk_label_set_xalign (GTK_LABEL (last), 0);
  gtk_label_set_max_width_chars (GTK_LABEL (last), 16);   /* a long reason must not make every card wide */
  {
    GtkWidget *head = rounds_label_new (label, "caption");
    gtk_label_set_xalign (GTK_LABEL (head), 0);
    gtk_box_append (GTK_BOX (card), head);
  }
  gtk_box_append (GTK_BOX (card), line);
  gtk_box_append (GTK_BOX (card), last);
  rounds_accessible_name (card, name);
  return card;
}

GtkWidget *
rounds_vitals_strip_new (void)
{
  GtkWidget *flow = gtk_flow_box_new ();

  gtk_flow_box_set_selection_mode (GTK_FLOW_BOX (flow), GTK_SELECTION_NONE);
  gtk_flow_box_set_homogeneous (GTK_FLOW_BOX (flow), TRUE);
  gtk_flow_box_set_min_children_per_line (GTK_FLOW_BOX (flow), 2);
  gtk_flow_box_set_max_children_per_line (GTK_FLOW_BOX (flow), 6);
  gtk_flow_box_set_column_spacing (GTK_FLOW_BOX (flow), 6);
  gtk_flow_box_set_row_spacing (GTK_FLOW_BOX (flow), 6);
  rounds_accessible_name (flow, _("Latest values"));
  return flow;
}

static void
append_card (GtkWidget *strip, GtkWidget *card)
{
  GtkWidget *child = gtk_flow_box_child_new ();

  gtk_widget_set_focusable (child, FALSE);
  gtk_flow_box_child_set_child (GTK_FLOW_BOX_CHILD (child), card);
  gtk_flow_box_append (GTK_FLOW_BOX (strip), child);
}

void
rounds_vitals_strip_set_chart (GtkWidget *strip, const RoundsVitalsChart *chart)
{
  RoundsVitalShown shown[ROUNDS_N_SHOWN], rest[ROUNDS_N_SHOWN_REST];
  g_autofree char *text = NULL, *words = NULL, *details = NULL;
  RoundsTone tone;
  GtkWidget *card;

  gtk_flow_box_remove_all (GTK_FLOW_BOX (strip));
  if (chart == NULL)
    return;
  rounds_vital_shown_fill (chart, shown);
  rounds_vital_shown_fill_rest (chart, rest);
  for (guint i = 0; i < ROUNDS_N_SHOWN; i++)
    {
      g_autofree char *below = NULL;

      if (shown[i].age == NULL)
        below = g_strdup (_("none recorded"));
      else if (shown[i].sub_score >= 0)
        /* Translators: age of a value and its NEWS2 sub-score: "14 min · 3" */
        below = g_strdup_printf (_("%s · %d"), shown[i].age, shown[i].sub_score);
      else
        below = g_strdup (shown[i].age);
      append_card (strip, card_new (shown[i].label, shown[i].value, shown[i].unit, below, shown[i].tone));
      rounds_vital_shown_clear (&shown[i]);
    }
  rounds_vital_shown_news2 (chart, &text, &words, &tone);
  details = rounds_vital_shown_news2_details (chart);
  for (guint i = 0; i < ROUNDS_N_SHOWN_REST; i++)
    {
      /* What has no card of its own but scores must not be looked for. */
      if (rest[i].sub_score > 0)
        {
          g_autofree char *what = i == 0 ? g_strdup_printf (_("O₂ %s %s"), rest[i].value, rest[i].unit)
                                         : g_strdup (rest[i].value);
          char *more = g_strdup_printf ("%s: %d · %s", what, rest[i].sub_score, words != NULL ? words : "");

          g_free (words);
          words = more;
        }
      rounds_vital_shown_clear (&rest[i]);
    }
  card = card_new (_("NEWS2"), text, "", words != NULL ? words : "", tone);
  gtk_label_set_wrap (GTK_LABEL (gtk_widget_get_last_child (card)), TRUE);
  gtk_label_set_lines (GTK_LABEL (gtk_widget_get_last_child (card)), 2);
  gtk_widget_set_tooltip_text (card, details);
  gtk_accessible_update_property (GTK_ACCESSIBLE (card), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, details, -1);
  append_card (strip, card);
}
