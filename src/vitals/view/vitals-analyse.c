/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Questions about the series shown, answered in words. The numbers come from the same functions as the command
 * line's; the work is done in a worker over series cut to the window, and an answer that is no longer asked for is
 * dropped. */
#include "vitals/view/vitals-analyse.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "base/quantity.h"
#include "kit/kit.h"
#include "vitals/answer.h"

#define MAX_LISTED 12

enum { METHOD_SUMMARY, METHOD_STANDARDISE, METHOD_REGRESS, METHOD_DIFFERENCE, METHOD_HAMPEL, METHOD_EWMA, METHOD_CUSUM,
       N_METHODS };

#define ROUNDS_TYPE_VITALS_ANALYSE (rounds_vitals_analyse_get_type ())
G_DECLARE_FINAL_TYPE (RoundsVitalsAnalyse, rounds_vitals_analyse, ROUNDS, VITALS_ANALYSE, AdwDialog)

struct _RoundsVitalsAnalyse
{
  AdwDialog parent_instance;

  AdwComboRow *method, *code, *x1, *x2;
  GtkWidget *p1, *p2, *within;
  GtkLabel *result;
  RoundsVitalsChart *chart;
  GPtrArray *series;       /* cut to the window */
  GCancellable *ticket;
};

G_DEFINE_FINAL_TYPE (RoundsVitalsAnalyse, rounds_vitals_analyse, ADW_TYPE_DIALOG)

/* --- words -------------------------------------------------------------------------------------------------------- */

static double
number_at (json_object *object, const char *path)
{
  const char *digits = rounds_json_peek_digits (object, path);

  return digits != NULL ? g_ascii_strtod (digits, NULL) : NAN;
}

static char *
shown (double value)
{
  return isfinite (value) ? rounds_decimal_format (value, 4) : g_strdup ("–");
}

static void
append_number (GString *text, const char *label, double value, const char *unit)
{
  g_autofree char *number = shown (value);

  g_string_append_printf (text, "%s  %s%s%s\n", label, number, *unit != '\0' ? " " : "", unit);
}

static void
say_summary (GString *text, json_object *result)
{
  const char *ucum = rounds_json_peek_string (result, "unit");
  const char *unit = ucum != NULL ? rounds_unit_display (ucum) : "";

  append_number (text, _("Values"), number_at (result, "n"), "");
  append_number (text, _("Mean"), number_at (result, "mean"), unit);
  append_number (text, _("Standard deviation"), number_at (result, "sd"), unit);
  append_number (text, _("Median"), number_at (result, "median"), unit);
  append_number (text, _("Median absolute deviation"), number_at (result, "mad"), unit);
  append_number (text, _("Lowest"), number_at (result, "min"), unit);
  append_number (text, _("Lower quartile"), number_at (result, "q1"), unit);
  append_number (text, _("Upper quartile"), number_at (result, "q3"), unit);
  append_number (text, _("Highest"), number_at (result, "max"), unit);
}

static const char *
label_of (RoundsVitalsAnalyse *self, const char *code)
{
  RoundsVitalSeries *series = rounds_vitals_pick (self->series, code);

  return series != NULL ? series->label : code;
}

static void
say_regression (RoundsVitalsAnalyse *self, GString *text, json_object *answer)
{
  json_object *result = rounds_json_peek (answer, "result");
  json_object *rows = rounds_json_peek (result, "coefficients");
  const char *y = rounds_json_peek_string (answer, "parameters.y");
  g_autofree char *r2 = shown (number_at (result, "r2")), *sigma = shown (number_at (result, "sigma"));
  g_autofree char *n = shown (number_at (result, "n"));

  g_string_append_printf (text, _("%s explained by the others, at %s common times: R² %s, residual deviation %s.\n\n"),
                          label_of (self, y), n, r2, sigma);
  for (size_t i = 0; i < json_object_array_length (rows); i++)
    {
      json_object *row = json_object_array_get_idx (rows, i);
      const char *name = rounds_json_peek_string (row, "name");
      g_autofree char *estimate = shown (number_at (row, "estimate")), *se = shown (number_at (row, "se"));
      g_autofree char *low = shown (number_at (row, "lo95")), *high = shown (number_at (row, "hi95"));
      double p = number_at (row, "p");
      g_autofree char *chance = isfinite (p) ? (p < 0.001 ? g_strdup ("< 0.001") : g_strdup_printf ("%.3f", p)) : g_strdup ("–");

      /* Translators: name, coefficient, standard error, 95 % interval, p */
      g_string_append_printf (text, _("%s: %s ± %s (95 %% from %s to %s), p %s\n"),
                              i == 0 ? _("Intercept") : label_of (self, name), estimate, se, low, high, chance);
    }
  if (rounds_json_peek (result, "prediction") != NULL)
    {
      g_autofree char *mean = shown (number_at (result, "prediction.mean"));
      g_autofree char *low = shown (number_at (result, "prediction.lo95")), *high = shown (number_at (result, "prediction.hi95"));

      g_string_append_printf (text, _("\nPredicted %s: %s, a new value lies between %s and %s with 95 %%.\n"),
                              label_of (self, y), mean, low, high);
    }
  g_string_append (text, _("\nAn association in this record, no cause; values that follow each other in time make the "
                           "intervals look narrower than they are."));
}

static char *
time_words (json_object *point)
{
  const char *t = rounds_json_peek_string (point, "t");
  RoundsInstant instant;

  if (t == NULL || !rounds_instant_parse (t, &instant, NULL))
    return g_strdup ("");
  instant.precision = ROUNDS_PRECISION_MINUTE;
  return rounds_instant_display (&instant, rounds_instant_now_us ());
}

static void
say_points (GString *text, json_object *result, gboolean anomalies)
{
  json_object *points = rounds_json_peek (result, "points");
  size_t n = json_object_is_type (points, json_type_array) ? json_object_array_length (points) : 0;
  size_t first = n > MAX_LISTED ? n - MAX_LISTED : 0;

  if (anomalies)
    g_string_append_printf (text, g_dngettext (GETTEXT_PACKAGE, "%zu value stands out.\n\n", "%zu values stand out.\n\n", n), n);
  else
    g_string_append_printf (text, g_dngettext (GETTEXT_PACKAGE, "%zu value.\n\n", "%zu values, the last:\n\n", n), n);
  for (size_t i = first; i < n; i++)
    {
      json_object *point = json_object_array_get_idx (points, i);
      g_autofree char *when = time_words (point), *value = shown (number_at (point, "value"));

      if (anomalies)
        {
          g_autofree char *score = shown (number_at (point, "score"));
          g_string_append_printf (text, _("%s: %s, score %s\n"), when, value, score);
        }
      else
        g_string_append_printf (text, "%s: %s\n", when, value);
    }
}

static char *
say (RoundsVitalsAnalyse *self, json_object *answer)
{
  GString *text = g_string_new (NULL);
  json_object *result = rounds_json_peek (answer, "result");
  const char *method = rounds_json_peek_string (answer, "method");
  const char *withheld = rounds_json_peek_string (result, "withheld");

  if (withheld != NULL)
    g_string_append (text, withheld);
  else if (strcmp (method, "summary") == 0)
    say_summary (text, result);
  else if (strcmp (method, "regress") == 0)
    say_regression (self, text, answer);
  else
    say_points (text, result, strcmp (method, "anomalies") == 0);
  return g_string_free (text, FALSE);
}

/* --- asking --------------------------------------------------------------------------------------------------------- */

typedef struct {
  RoundsVitalsQuestion question;
  GPtrArray *series;
  char *method, *code, *y;
  char **x, **predict;
} Job;

static void
job_free (gpointer data)
{
  Job *job = data;

  g_ptr_array_unref (job->series);
  g_free (job->method);
  g_free (job->code);
  g_free (job->y);
  g_strfreev (job->x);
  g_strfreev (job->predict);
  g_free (job);
}

static void
ask_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Job *job = data;
  GError *error = NULL;
  json_object *answer = rounds_vitals_analyse (job->series, FALSE, &job->question, &error);

  if (answer != NULL)
    g_task_return_pointer (task, answer, (GDestroyNotify) json_object_put);
  else
    g_task_return_error (task, error);
}

static void
answered_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  RoundsVitalsAnalyse *self = ROUNDS_VITALS_ANALYSE (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (json_object) answer = g_task_propagate_pointer (G_TASK (result), &error);
  g_autofree char *words = NULL;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) || self->series == NULL)
    return;
  words = answer != NULL ? say (self, answer) : g_strdup (error->message);
  gtk_label_set_text (self->result, words);
}

static RoundsVitalSeries *
picked (RoundsVitalsAnalyse *self, AdwComboRow *row, guint offset)
{
  guint at = adw_combo_row_get_selected (row);

  if (at == GTK_INVALID_LIST_POSITION || at < offset || at - offset >= self->series->len)
    return NULL;
  return g_ptr_array_index (self->series, at - offset);
}

static void
add_prediction (GStrvBuilder *builder, RoundsVitalSeries *series, GtkWidget *row, guint *n)
{
  g_autofree char *text = g_strstrip (g_strdelimit (g_strdup (gtk_editable_get_text (GTK_EDITABLE (row))), ",", '.'));
  double ignored;

  if (!rounds_decimal_parse (text, &ignored))
    return;
  g_strv_builder_take (builder, g_strdup_printf ("%s=%s", series->code, text));
  (*n)++;
}

static void
ask (RoundsVitalsAnalyse *self)
{
  static const char *const methods[N_METHODS] = { "summary", "standardise", "regress", "difference", "anomalies",
                                                  "anomalies", "anomalies" };
  static const char *const detectors[N_METHODS] = { NULL, NULL, NULL, NULL, "hampel", "ewma", "cusum" };
  guint method = adw_combo_row_get_selected (self->method);
  RoundsVitalSeries *code = picked (self, self->code, 0);
  gboolean regress = method == METHOD_REGRESS;
  g_autoptr (GTask) task = NULL;
  Job *job;

  gtk_widget_set_visible (GTK_WIDGET (self->x1), regress);
  gtk_widget_set_visible (GTK_WIDGET (self->x2), regress);
  gtk_widget_set_visible (self->p1, regress);
  gtk_widget_set_visible (self->p2, regress && picked (self, self->x2, 1) != NULL);
  gtk_widget_set_visible (self->within, regress);
  if (method >= N_METHODS || code == NULL)
    return;
  g_cancellable_cancel (self->ticket);
  g_clear_object (&self->ticket);
  self->ticket = g_cancellable_new ();
  job = g_new0 (Job, 1);
  job->series = g_ptr_array_ref (self->series);
  job->question.method = job->method = g_strdup (methods[method]);
  job->question.code = job->code = g_strdup (code->code);
  job->question.detector = detectors[method];
  job->question.order = 1;
  if (regress)
    {
      g_autoptr (GStrvBuilder) x = g_strv_builder_new (), predict = g_strv_builder_new ();
      RoundsVitalSeries *first = picked (self, self->x1, 0), *second = picked (self, self->x2, 1);
      guint n_x = 0, n_predict = 0;

      if (first != NULL)
        {
          g_strv_builder_add (x, first->code);
          n_x++;
          add_prediction (predict, first, self->p1, &n_predict);
        }
      if (second != NULL)
        {
          g_strv_builder_add (x, second->code);
          n_x++;
          add_prediction (predict, second, self->p2, &n_predict);
        }
      job->x = g_strv_builder_end (x);
      job->predict = g_strv_builder_end (predict);
      job->question.y = job->y = g_strdup (code->code);
      job->question.x = (const char *const *) job->x;
      job->question.within_s = adw_spin_row_get_value (ADW_SPIN_ROW (self->within)) * 60;
      job->question.predict = n_predict == n_x ? (const char *const *) job->predict : NULL;
    }
  task = g_task_new (self, self->ticket, answered_cb, NULL);
  g_task_set_task_data (task, job, job_free);
  g_task_set_return_on_cancel (task, FALSE);
  g_task_run_in_thread (task, ask_thread);
}

/* --- type ------------------------------------------------------------------------------------------------------------- */

static AdwComboRow *
combo_new (RoundsVitalsAnalyse *self, GtkWidget *group, const char *title, GtkStringList *items)
{
  AdwComboRow *row = ADW_COMBO_ROW (adw_combo_row_new ());

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_combo_row_set_model (row, G_LIST_MODEL (items));
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), GTK_WIDGET (row));
  g_signal_connect_swapped (row, "notify::selected", G_CALLBACK (ask), self);
  return row;
}

static GtkWidget *
entry_new (RoundsVitalsAnalyse *self, GtkWidget *group, const char *title)
{
  GtkWidget *row = adw_entry_row_new ();

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), row);
  g_signal_connect_swapped (row, "changed", G_CALLBACK (ask), self);
  return row;
}

static void
rounds_vitals_analyse_dispose (GObject *object)
{
  RoundsVitalsAnalyse *self = ROUNDS_VITALS_ANALYSE (object);

  g_cancellable_cancel (self->ticket);
  g_clear_object (&self->ticket);
  g_clear_pointer (&self->series, g_ptr_array_unref);
  g_clear_pointer (&self->chart, rounds_vitals_chart_unref);
  G_OBJECT_CLASS (rounds_vitals_analyse_parent_class)->dispose (object);
}

static void
rounds_vitals_analyse_class_init (RoundsVitalsAnalyseClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = rounds_vitals_analyse_dispose;
}

static void
rounds_vitals_analyse_init (RoundsVitalsAnalyse *self)
{
}

static void
cut_series (RoundsVitalsAnalyse *self, gint64 from_us, gint64 to_us)
{
  self->series = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_vital_series_free);
  for (guint i = 0; i < self->chart->series->len; i++)
    {
      const RoundsVitalSeries *series = g_ptr_array_index (self->chart->series, i);
      gsize from = rounds_vital_series_lower (series, from_us), to = rounds_vital_series_lower (series, to_us);
      RoundsVitalSeries *cut;

      if (from >= to)
        continue;
      cut = rounds_vital_series_new (series->code, series->label, series->unit);
      rounds_vital_series_add (cut, &g_array_index (series->samples, RoundsSample, from), to - from, NULL);
      cut->gap_us = series->gap_us;
      g_ptr_array_add (self->series, cut);
    }
}

static guint
place_of (RoundsVitalsAnalyse *self, const char *code, guint otherwise)
{
  for (guint i = 0; i < self->series->len; i++)
    if (strcmp (((RoundsVitalSeries *) g_ptr_array_index (self->series, i))->code, code) == 0)
      return i;
  return otherwise;
}

static void
build (RoundsVitalsAnalyse *self)
{
  const char *const methods[] = { C_("analysis", "Summary"), _("Standardise"), _("Linear regression"),
                                  C_("analysis", "Difference"), _("Spikes (Hampel)"), _("Drift (EWMA)"),
                                  _("Shift (CUSUM)"), NULL };
  GtkWidget *view = adw_toolbar_view_new (), *page = adw_preferences_page_new ();
  GtkWidget *group = adw_preferences_group_new (), *answer = adw_preferences_group_new ();
  GtkStringList *codes = gtk_string_list_new (NULL), *others = gtk_string_list_new (NULL);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

  gtk_string_list_append (others, _("none"));
  for (guint i = 0; i < self->series->len; i++)
    {
      const RoundsVitalSeries *series = g_ptr_array_index (self->series, i);

      gtk_string_list_append (codes, series->label);
      gtk_string_list_append (others, series->label);
    }
  self->result = GTK_LABEL (gtk_label_new (NULL));
  gtk_label_set_wrap (self->result, TRUE);
  gtk_label_set_xalign (self->result, 0);
  gtk_label_set_selectable (self->result, TRUE);
  gtk_widget_add_css_class (GTK_WIDGET (self->result), "numeric");
  rounds_accessible_name (GTK_WIDGET (self->result), _("Answer"));
  self->method = combo_new (self, group, _("Question"), gtk_string_list_new (methods));
  self->code = combo_new (self, group, _("About"), codes);
  self->x1 = combo_new (self, group, _("Explained by"), g_object_ref (codes));
  self->x2 = combo_new (self, group, _("And by"), others);
  self->p1 = entry_new (self, group, _("Predict at (first)"));
  self->p2 = entry_new (self, group, _("Predict at (second)"));
  self->within = adw_spin_row_new_with_range (0, 720, 5);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->within), _("Values within (min)"));
  adw_spin_row_set_value (ADW_SPIN_ROW (self->within), 30);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), self->within);
  g_signal_connect_swapped (self->within, "notify::value", G_CALLBACK (ask), self);
  adw_combo_row_set_selected (self->code, place_of (self, ROUNDS_CODE_SYSTOLIC,
                                                    place_of (self, ROUNDS_CODE_ARTERIAL_SYSTOLIC, 0)));
  adw_combo_row_set_selected (self->x1, place_of (self, ROUNDS_CODE_TEMPERATURE, 0));
  adw_combo_row_set_selected (self->x2, place_of (self, ROUNDS_CODE_HEART_RATE, 0) + 1);
  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (answer), _("Answer"));
  gtk_widget_add_css_class (box, "card");
  gtk_widget_add_css_class (box, "analyse-answer");
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->result));
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (answer), box);
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (group));
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (answer));
  adw_toolbar_view_add_top_bar (ADW_TOOLBAR_VIEW (view), adw_header_bar_new ());
  adw_toolbar_view_set_content (ADW_TOOLBAR_VIEW (view), page);
  adw_dialog_set_child (ADW_DIALOG (self), view);
}

AdwDialog *
rounds_vitals_analyse_dialog_new (RoundsVitalsChart *chart, gint64 from_us, gint64 to_us)
{
  RoundsVitalsAnalyse *self = g_object_new (ROUNDS_TYPE_VITALS_ANALYSE, "title", _("Analyse"), "content-width", 520,
                                            "content-height", 680, NULL);

  self->chart = rounds_vitals_chart_ref (chart);
  cut_series (self, from_us, to_us);
  build (self);
  ask (self);
  return ADW_DIALOG (self);
}
