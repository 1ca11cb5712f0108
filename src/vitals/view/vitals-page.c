/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Vitals page puts the parts together: one watch loads the chart, every part shows the same one. The range
 * buttons end at the last value, not now: a record of last year is a record, and its ages say so. */
#include "vitals/view/vitals-page.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/instant.h"
#include "kit/kit.h"
#include "vitals-view-resources.h"
#include "vitals/export.h"
#include "vitals/view/vitals-analyse.h"
#include "vitals/view/vitals-form.h"
#include "vitals/view/vitals-plot.h"
#include "vitals/view/vitals-strip.h"
#include "vitals/view/vitals-table.h"
#include "vitals/view/vitals-watch.h"

struct _RoundsVitalsPage
{
  AdwBin parent_instance;

  /* template children */
  AdwOverlaySplitView *split;
  AdwBin *strip_bin, *form_bin, *plot_bin, *table_bin;
  GtkStack *body, *kind;
  AdwStatusPage *error_page;
  GtkLabel *window_label, *selection_label;
  GtkMenuButton *signals_button;
  GtkBox *signals_box;
  GtkToggleButton *table_button;
  GtkWidget *six_hours, *day, *week, *month, *all;

  /* borrowed: children of the bins */
  GtkWidget *strip;
  RoundsVitalsForm *form;
  RoundsVitalsPlot *plot;
  RoundsVitalsTable *table;

  /* owned */
  RoundsVitalsWatch *watch;
  RoundsVitalsChart *chart;
  RoundsStore *store;
  char *patient_id;
  GHashTable *hidden;        /* codes that the user switched off */
  GHashTable *extra;         /* codes that are not shown by themselves and were switched on */
  gint64 span_us;            /* of the range button; 0 = all */
  gboolean fresh;            /* no chart of this patient was shown yet */
  guint tick_id;
};

G_DEFINE_FINAL_TYPE (RoundsVitalsPage, rounds_vitals_page, ADW_TYPE_BIN)

/* --- signals that are shown --------------------------------------------------------------------------------------- */

static gboolean
shown_by_itself (const RoundsVitalSeries *series)
{
  static const char *const usual[] = { ROUNDS_CODE_HEART_RATE, ROUNDS_CODE_SYSTOLIC, ROUNDS_CODE_DIASTOLIC,
                                       ROUNDS_CODE_ARTERIAL_SYSTOLIC, ROUNDS_CODE_ARTERIAL_DIASTOLIC, ROUNDS_CODE_SPO2,
                                       ROUNDS_CODE_RESPIRATORY_RATE, ROUNDS_CODE_TEMPERATURE, "8331-1", NULL };

  return g_strv_contains (usual, series->code);
}

static gboolean
is_shown (RoundsVitalsPage *self, const RoundsVitalSeries *series)
{
  if (g_hash_table_contains (self->hidden, series->code))
    return FALSE;
  return shown_by_itself (series) || g_hash_table_contains (self->extra, series->code);
}

/* The plot anew from the chart, with the window kept unless this is the patient's first. */
static void
show_plot (RoundsVitalsPage *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) codes = NULL;
  RoundsPlot *old = rounds_vitals_plot_get_plot (self->plot), *plot;
  gint64 from = 0, to = 0;
  gboolean keep = old != NULL && !self->fresh;

  if (keep)
    rounds_plot_get_window (old, &from, &to);
  for (guint i = 0; i < self->chart->series->len; i++)
    {
      const RoundsVitalSeries *series = g_ptr_array_index (self->chart->series, i);

      if (is_shown (self, series))
        g_strv_builder_add (builder, series->code);
    }
  codes = g_strv_builder_end (builder);
  plot = rounds_plot_new (self->chart, codes[0] != NULL || g_hash_table_size (self->hidden) > 0
                                         ? (const char *const *) codes : NULL);
  rounds_vitals_plot_set_plot (self->plot, plot);
  if (keep && self->span_us < 0)
    rounds_plot_set_window (plot, from, to);
  else
    rounds_vitals_plot_show_last (self->plot, MAX (self->span_us, 0));
  self->fresh = FALSE;
}

static void
signal_toggled_cb (GtkCheckButton *button, RoundsVitalsPage *self)
{
  const char *code = g_object_get_data (G_OBJECT (button), "code");

  if (gtk_check_button_get_active (button))
    {
      g_hash_table_remove (self->hidden, code);
      g_hash_table_add (self->extra, g_strdup (code));
    }
  else
    {
      g_hash_table_add (self->hidden, g_strdup (code));
      g_hash_table_remove (self->extra, code);
    }
  if (self->chart != NULL)
    show_plot (self);
}

static void
fill_signals (RoundsVitalsPage *self)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->signals_box))) != NULL)
    gtk_box_remove (self->signals_box, child);
  for (guint i = 0; i < self->chart->series->len; i++)
    {
      const RoundsVitalSeries *series = g_ptr_array_index (self->chart->series, i);
      GtkWidget *button = gtk_check_button_new_with_label (series->label);

      g_object_set_data_full (G_OBJECT (button), "code", g_strdup (series->code), g_free);
      gtk_check_button_set_active (GTK_CHECK_BUTTON (button), is_shown (self, series));
      g_signal_connect (button, "toggled", G_CALLBACK (signal_toggled_cb), self);
      gtk_box_append (self->signals_box, button);
    }
}

/* --- chart ------------------------------------------------------------------------------------------------------------ */

static void
chart_cb (RoundsVitalsChart *chart, const GError *error, gpointer data)
{
  RoundsVitalsPage *self = data;

  g_clear_pointer (&self->chart, rounds_vitals_chart_unref);
  if (chart == NULL)
    {
      rounds_vitals_strip_set_chart (self->strip, NULL);
      rounds_vitals_plot_set_plot (self->plot, NULL);
      rounds_vitals_table_set_chart (self->table, NULL, NULL);
      rounds_vitals_form_set_chart (self->form, NULL);
      if (error != NULL)
        adw_status_page_set_description (self->error_page, error->message);
      gtk_stack_set_visible_child_name (self->body, error != NULL ? "error" : "loading");
      return;
    }
  self->chart = rounds_vitals_chart_ref (chart);
  rounds_vitals_strip_set_chart (self->strip, chart);
  rounds_vitals_form_set_chart (self->form, chart);
  rounds_vitals_table_set_chart (self->table, self->store, chart);
  fill_signals (self);
  show_plot (self);
  gtk_stack_set_visible_child_name (self->body, chart->series->len > 0 || chart->rows->len > 0 ? "vitals" : "empty");
}

static char *
interval_words (RoundsVitalsPage *self)
{
  const RoundsVitalSeries *densest = NULL;

  for (guint i = 0; i < self->chart->series->len; i++)
    {
      const RoundsVitalSeries *series = g_ptr_array_index (self->chart->series, i);
      if (densest == NULL || series->gap_us < densest->gap_us)
        densest = series;
    }
  /* gap_us is five usual distances. */
  if (densest == NULL || densest->gap_us >= 10 * G_TIME_SPAN_HOUR)
    return NULL;
  if (densest->gap_us < 5 * G_TIME_SPAN_MINUTE)
    return g_strdup_printf (_("%d-second data"), (int) (densest->gap_us / 5 / G_TIME_SPAN_SECOND));
  return g_strdup_printf (_("%d-minute data"), (int) (densest->gap_us / 5 / G_TIME_SPAN_MINUTE));
}

static void
window_changed_cb (RoundsVitalsPage *self)
{
  RoundsPlot *plot = rounds_vitals_plot_get_plot (self->plot);
  g_autofree char *window = NULL, *interval = NULL, *text = NULL;
  gint64 from, to;

  if (plot == NULL || self->chart == NULL)
    {
      gtk_label_set_text (self->window_label, "");
      gtk_widget_set_visible (GTK_WIDGET (self->selection_label), FALSE);
      return;
    }
  window = rounds_time_scale_describe (rounds_plot_get_time_scale (plot));
  interval = interval_words (self);
  text = interval != NULL ? g_strdup_printf ("%s · %s", window, interval) : g_strdup (window);
  rounds_label_set (self->window_label, text);
  if (rounds_vitals_plot_get_selection (self->plot, &from, &to))
    {
      g_autofree char *words = rounds_plot_describe_selection (plot, from, to);
      gtk_label_set_text (self->selection_label, words);
    }
  gtk_widget_set_visible (GTK_WIDGET (self->selection_label), rounds_vitals_plot_get_selection (self->plot, &from, &to));
}

/* --- actions ------------------------------------------------------------------------------------------------------------ */

static void
range_toggled_cb (RoundsVitalsPage *self, GtkToggleButton *button)
{
  if (!gtk_toggle_button_get_active (button))
    return;
  self->span_us = GTK_WIDGET (button) == self->six_hours ? 6 * G_TIME_SPAN_HOUR
                  : GTK_WIDGET (button) == self->day     ? G_TIME_SPAN_DAY
                  : GTK_WIDGET (button) == self->week    ? 7 * G_TIME_SPAN_DAY
                  : GTK_WIDGET (button) == self->month   ? 30 * G_TIME_SPAN_DAY : 0;
  rounds_vitals_plot_show_last (self->plot, self->span_us);
}

/* The same button once more goes back to its range after zooming. */
static void
range_clicked_cb (RoundsVitalsPage *self, GtkButton *button)
{
  if (gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (button)))
    rounds_vitals_plot_show_last (self->plot, self->span_us);
}

static void
table_toggled_cb (RoundsVitalsPage *self, GtkToggleButton *button)
{
  gtk_stack_set_visible_child_name (self->kind, gtk_toggle_button_get_active (button) ? "table" : "plot");
}

static void
analyse_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsVitalsPage *self = ROUNDS_VITALS_PAGE (widget);
  RoundsPlot *plot = rounds_vitals_plot_get_plot (self->plot);
  gint64 from, to;

  if (plot == NULL || self->chart == NULL || self->chart->series->len == 0)
    return;
  if (!rounds_vitals_plot_get_selection (self->plot, &from, &to))
    rounds_plot_get_window (plot, &from, &to);
  adw_dialog_present (rounds_vitals_analyse_dialog_new (self->chart, from, to), widget);
}

typedef struct {
  RoundsVitalsChart *chart;
  char **codes;
  gint64 from_us, to_us;
  char *path;
  char *patient_id;
} Export;

static void
export_free (gpointer data)
{
  Export *export = data;

  rounds_vitals_chart_unref (export->chart);
  g_strfreev (export->codes);
  g_free (export->path);
  g_free (export->patient_id);
  g_free (export);
}

static gpointer
export_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  Export *export = data;
  gboolean ok;

  if (!rounds_store_audit (store, "export", "Patient", export->patient_id, "vitals", error))
    return NULL;
  if (g_str_has_suffix (export->path, ".csv"))
    {
      g_autofree char *text = rounds_vitals_export_csv (export->chart);

      ok = g_file_set_contents_full (export->path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                     0600, error);
    }
  else
    {
      g_autoptr (RoundsPlot) plot = rounds_plot_new (export->chart, (const char *const *) export->codes);
      int height = (int) rounds_plot_get_natural_height (plot);

      rounds_plot_set_window (plot, export->from_us, export->to_us);
      ok = rounds_plot_save (plot, export->path, 1200, MAX (height, 400), &rounds_plot_light, error);
    }
  return ok ? GINT_TO_POINTER (1) : NULL;
}

static void
exported_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GtkWidget) page = data;
  g_autoptr (GError) error = NULL;

  rounds_store_run_finish (ROUNDS_STORE (source), result, &error);
  rounds_toast (page, error != NULL ? error->message : _("Exported"), NULL, NULL, NULL, NULL);
}

static void
export_named_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RoundsVitalsPage) self = data;
  g_autoptr (GFile) file = gtk_file_dialog_save_finish (GTK_FILE_DIALOG (source), result, NULL);
  RoundsPlot *plot = rounds_vitals_plot_get_plot (self->plot);
  const char *wanted_for = g_object_get_data (source, "patient");
  g_autoptr (GStrvBuilder) codes = NULL;
  Export *export;

  /* The patient may have changed while the dialog was open. */
  if (file == NULL || self->chart == NULL || self->store == NULL || plot == NULL ||
      g_strcmp0 (wanted_for, self->patient_id) != 0)
    return;
  codes = g_strv_builder_new ();
  for (guint i = 0; i < self->chart->series->len; i++)
    if (is_shown (self, g_ptr_array_index (self->chart->series, i)))
      g_strv_builder_add (codes, ((RoundsVitalSeries *) g_ptr_array_index (self->chart->series, i))->code);
  export = g_new0 (Export, 1);
  export->chart = rounds_vitals_chart_ref (self->chart);
  export->codes = g_strv_builder_end (codes);
  if (export->codes[0] == NULL)
    g_clear_pointer (&export->codes, g_strfreev);
  export->path = g_file_get_path (file);
  export->patient_id = g_strdup (self->patient_id);
  rounds_plot_get_window (plot, &export->from_us, &export->to_us);
  if (export->path == NULL)
    {
      export_free (export);
      return;
    }
  rounds_store_run_async (self->store, export_work, export, export_free, NULL, NULL, exported_cb, g_object_ref (self));
}

static void
export_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsVitalsPage *self = ROUNDS_VITALS_PAGE (widget);
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();
  g_autofree char *file_name = g_strdup_printf ("%s.%s", _("vitals"), g_variant_get_string (parameter, NULL));

  if (self->chart == NULL)
    return;
  gtk_file_dialog_set_initial_name (dialog, file_name);
  g_object_set_data_full (G_OBJECT (dialog), "patient", g_strdup (self->patient_id), g_free);
  gtk_file_dialog_save (dialog, GTK_WINDOW (gtk_widget_get_root (widget)), NULL, export_named_cb, g_object_ref (self));
}

static void
enter_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  rounds_vitals_page_focus_entry (ROUNDS_VITALS_PAGE (widget));
}

static void
reload_cb (RoundsVitalsPage *self)
{
  rounds_vitals_watch_reload (self->watch);
}

static void
form_saved_cb (RoundsVitalsPage *self)
{
  if (adw_overlay_split_view_get_collapsed (self->split))
    adw_overlay_split_view_set_show_sidebar (self->split, FALSE);
  reload_cb (self);
}

/* Ages go on while nothing new comes. */
static gboolean
tick_cb (gpointer data)
{
  RoundsVitalsPage *self = data;

  if (self->chart != NULL)
    rounds_vitals_strip_set_chart (self->strip, self->chart);
  return G_SOURCE_CONTINUE;
}

/* The plot, so that the arrows move its crosshair. */
static gboolean
rounds_vitals_page_grab_focus (GtkWidget *widget)
{
  RoundsVitalsPage *self = ROUNDS_VITALS_PAGE (widget);

  return gtk_widget_get_mapped (GTK_WIDGET (self->plot)) && gtk_widget_grab_focus (GTK_WIDGET (self->plot));
}

/* --- type ------------------------------------------------------------------------------------------------------------------ */

static void
rounds_vitals_page_dispose (GObject *object)
{
  RoundsVitalsPage *self = ROUNDS_VITALS_PAGE (object);

  g_clear_handle_id (&self->tick_id, g_source_remove);
  g_clear_pointer (&self->watch, rounds_vitals_watch_free);
  g_clear_pointer (&self->chart, rounds_vitals_chart_unref);
  g_clear_pointer (&self->hidden, g_hash_table_unref);
  g_clear_pointer (&self->extra, g_hash_table_unref);
  g_clear_object (&self->store);
  g_clear_pointer (&self->patient_id, g_free);
  gtk_widget_dispose_template (GTK_WIDGET (self), ROUNDS_TYPE_VITALS_PAGE);
  G_OBJECT_CLASS (rounds_vitals_page_parent_class)->dispose (object);
}

static void
add_style (void)
{
  static gboolean done;
  GdkDisplay *display = gdk_display_get_default ();
  g_autoptr (GtkCssProvider) provider = NULL;

  if (done || display == NULL)
    return;
  done = TRUE;
  provider = gtk_css_provider_new ();
  gtk_css_provider_load_from_resource (provider, ROUNDS_RESOURCE_BASE "/ui/vitals/vitals.css");
  gtk_style_context_add_provider_for_display (display, GTK_STYLE_PROVIDER (provider),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
}

static void
rounds_vitals_page_class_init (RoundsVitalsPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rounds_vitals_page_dispose;
  GTK_WIDGET_CLASS (klass)->grab_focus = rounds_vitals_page_grab_focus;
  g_resources_register (rounds_vitals_view_get_resource ());
  gtk_widget_class_set_template_from_resource (widget_class, ROUNDS_RESOURCE_BASE "/ui/vitals/vitals-page.ui");
#define BIND(name) gtk_widget_class_bind_template_child (widget_class, RoundsVitalsPage, name)
  BIND (split);
  BIND (strip_bin);
  BIND (form_bin);
  BIND (plot_bin);
  BIND (table_bin);
  BIND (body);
  BIND (kind);
  BIND (error_page);
  BIND (window_label);
  BIND (selection_label);
  BIND (signals_button);
  BIND (signals_box);
  BIND (table_button);
  BIND (six_hours);
  BIND (day);
  BIND (week);
  BIND (month);
  BIND (all);
#undef BIND
  gtk_widget_class_bind_template_callback (widget_class, range_toggled_cb);
  gtk_widget_class_bind_template_callback (widget_class, range_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, table_toggled_cb);
  gtk_widget_class_install_action (widget_class, "vitals.analyse", NULL, analyse_activated);
  gtk_widget_class_install_action (widget_class, "vitals.export", "s", export_activated);
  gtk_widget_class_install_action (widget_class, "vitals.enter", NULL, enter_activated);
}

static void
rounds_vitals_page_init (RoundsVitalsPage *self)
{
  add_style ();
  self->hidden = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->extra = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->span_us = G_TIME_SPAN_DAY;
  gtk_widget_init_template (GTK_WIDGET (self));
  self->strip = rounds_vitals_strip_new ();
  self->form = ROUNDS_VITALS_FORM (rounds_vitals_form_new ());
  self->plot = ROUNDS_VITALS_PLOT (rounds_vitals_plot_new ());
  self->table = ROUNDS_VITALS_TABLE (rounds_vitals_table_new ());
  adw_bin_set_child (self->strip_bin, self->strip);
  adw_bin_set_child (self->form_bin, GTK_WIDGET (self->form));
  adw_bin_set_child (self->plot_bin, GTK_WIDGET (self->plot));
  adw_bin_set_child (self->table_bin, GTK_WIDGET (self->table));
  g_signal_connect_swapped (self->plot, "window-changed", G_CALLBACK (window_changed_cb), self);
  g_signal_connect_swapped (self->form, "saved", G_CALLBACK (form_saved_cb), self);
  g_signal_connect_swapped (self->table, "changed", G_CALLBACK (reload_cb), self);
  self->watch = rounds_vitals_watch_new (chart_cb, self);
  self->tick_id = g_timeout_add_seconds (ROUNDS_AGE_TICK_S, tick_cb, self);
}

GtkWidget *
rounds_vitals_page_new (void)
{
  return g_object_new (ROUNDS_TYPE_VITALS_PAGE, NULL);
}

void
rounds_vitals_page_set_patient (RoundsVitalsPage *self, RoundsStore *store, const char *patient_id)
{
  g_return_if_fail (ROUNDS_IS_VITALS_PAGE (self));

  if (store == NULL || patient_id == NULL)
    store = NULL, patient_id = NULL;
  if (g_strcmp0 (self->patient_id, patient_id) != 0)
    {
      self->fresh = TRUE;
      g_hash_table_remove_all (self->hidden);
      g_hash_table_remove_all (self->extra);
    }
  g_set_object (&self->store, store);
  g_set_str (&self->patient_id, patient_id);
  rounds_vitals_form_set_patient (self->form, store, patient_id);
  rounds_vitals_watch_set_patient (self->watch, store, patient_id);
}

void
rounds_vitals_page_focus_entry (RoundsVitalsPage *self)
{
  g_return_if_fail (ROUNDS_IS_VITALS_PAGE (self));

  adw_overlay_split_view_set_show_sidebar (self->split, TRUE);
  rounds_vitals_form_focus (self->form);
}
