/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the reader is told and may choose about enhancement. The words are as plain as the label on the picture:
 * what runs, how strongly, on what measured noise, and that it is not for primary diagnosis. */
#include "scans/view/enhance-panel.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#define CARD_MAX_BYTES (256 * 1024)

struct _RoundsEnhancePanel
{
  AdwBin parent_instance;

  GtkLabel *model_title, *model_detail, *strength_value, *noise_value, *problem, *progress_text, *result;
  GtkScale *strength;
  GtkAdjustment *strength_adjustment;
  GtkProgressBar *progress;
  GtkWidget *progress_box, *start_button, *save_button;

  RoundsStack *stack;
  RoundsModel *model;
  gboolean updating;
  gint64 started_us;
};

G_DEFINE_FINAL_TYPE (RoundsEnhancePanel, rounds_enhance_panel, ADW_TYPE_BIN)

static void
show_model (RoundsEnhancePanel *self)
{
  g_autofree char *title = NULL, *modalities = NULL, *detail = NULL;

  if (self->model == NULL)
    return;
  title = g_strdup_printf ("%s %s", rounds_model_get_title (self->model), rounds_model_get_version (self->model));
  modalities = g_strjoinv (", ", (char **) rounds_model_get_modalities (self->model));
  detail = g_strdup_printf (_("%s · checked %.8s"), modalities, rounds_model_get_sha256 (self->model));
  gtk_label_set_text (self->model_title, title);
  gtk_label_set_text (self->model_detail, detail);
}

void
rounds_enhance_panel_refresh (RoundsEnhancePanel *self)
{
  RoundsPicture *picture = rounds_stack_get_picture (self->stack);
  double strength = rounds_stack_get_strength (self->stack);
  g_autofree char *percent = g_strdup_printf (_("%.0f %%"), strength * 100);
  g_autofree char *noise = NULL;

  self->updating = TRUE;
  gtk_adjustment_set_value (self->strength_adjustment, strength * 100);
  self->updating = FALSE;
  gtk_label_set_text (self->strength_value, percent);
  if (picture != NULL && picture->enhanced)
    noise = g_strdup_printf ("%.3g %s", picture->report.sigma_measured, picture->frame->units);
  gtk_label_set_text (self->noise_value, noise != NULL ? g_strchomp (noise) : "–");
  gtk_widget_set_sensitive (self->start_button, rounds_stack_get_n (self->stack) > 0
                                                  && !rounds_enhancer_is_busy (rounds_stack_get_enhancer (self->stack)));
  gtk_widget_set_sensitive (self->save_button, gtk_widget_get_sensitive (self->start_button));
}

void
rounds_enhance_panel_set_problem (RoundsEnhancePanel *self, const char *text)
{
  gtk_label_set_text (self->problem, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->problem), text != NULL);
}

void
rounds_enhance_panel_set_progress (RoundsEnhancePanel *self, guint done, guint total, gboolean saving)
{
  g_autofree char *text = NULL;
  gint64 now = g_get_monotonic_time ();

  gtk_widget_set_visible (self->progress_box, total > 0);
  gtk_widget_set_visible (self->start_button, total == 0);
  gtk_widget_set_visible (self->save_button, total == 0);
  if (total == 0)
    {
      self->started_us = 0;
      rounds_enhance_panel_refresh (self);
      return;
    }
  if (self->started_us == 0)
    self->started_us = now;
  if (done > 1 && done < total)
    {
      gint64 left = (now - self->started_us) / done * (total - done) / G_USEC_PER_SEC;
      text = g_strdup_printf (_("%u of %u · %d s left"), done, total, (int) left + 1);
    }
  else
    text = g_strdup_printf (_("%u of %u"), done, total);
  gtk_label_set_text (self->progress_text, text);
  gtk_progress_bar_set_fraction (self->progress, (double) done / total);
  gtk_widget_set_visible (GTK_WIDGET (self->result), FALSE);
}

void
rounds_enhance_panel_set_result (RoundsEnhancePanel *self, const char *text)
{
  gtk_label_set_text (self->result, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->result), text != NULL);
}

static void
strength_changed_cb (RoundsEnhancePanel *self)
{
  if (self->updating || self->stack == NULL)
    return;
  rounds_stack_set_strength (self->stack, gtk_adjustment_get_value (self->strength_adjustment) / 100);
  rounds_enhance_panel_refresh (self);
}

/* --- model card ---------------------------------------------------------------------------------- */

static void
card_read_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RoundsEnhancePanel) self = data;
  g_autofree char *text = NULL;
  gsize size = 0;
  AdwDialog *dialog;
  GtkWidget *view, *scrolled, *label, *header;

  if (!g_file_load_contents_finish (G_FILE (source), result, &text, &size, NULL, NULL) || size > CARD_MAX_BYTES
      || !g_utf8_validate (text, (gssize) size, NULL) || gtk_widget_get_root (GTK_WIDGET (self)) == NULL)
    {
      rounds_enhance_panel_set_problem (self, _("This model comes without a card that can be shown."));
      return;
    }
  dialog = adw_dialog_new ();
  view = adw_toolbar_view_new ();
  header = adw_header_bar_new ();
  scrolled = gtk_scrolled_window_new ();
  label = gtk_label_new (text);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_selectable (GTK_LABEL (label), TRUE);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_yalign (GTK_LABEL (label), 0);
  gtk_widget_set_margin_start (label, 18);
  gtk_widget_set_margin_end (label, 18);
  gtk_widget_set_margin_bottom (label, 18);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), label);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  adw_toolbar_view_add_top_bar (ADW_TOOLBAR_VIEW (view), header);
  adw_toolbar_view_set_content (ADW_TOOLBAR_VIEW (view), scrolled);
  adw_dialog_set_title (dialog, _("Model Card"));
  adw_dialog_set_content_width (dialog, 640);
  adw_dialog_set_content_height (dialog, 720);
  adw_dialog_set_child (dialog, view);
  adw_dialog_present (dialog, GTK_WIDGET (self));
}

static void
card_clicked_cb (RoundsEnhancePanel *self)
{
  const char *path = self->model != NULL ? rounds_model_get_card_path (self->model) : NULL;
  g_autoptr (GFile) file = NULL;

  if (path == NULL)
    {
      rounds_enhance_panel_set_problem (self, _("No model is installed."));
      return;
    }
  file = g_file_new_for_path (path);
  g_file_load_contents_async (file, NULL, card_read_cb, g_object_ref (self));
}

/* --- the model, read once in a thread -------------------------------------------------------------- */

static void
load_model_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  RoundsModel *model = rounds_model_load_named ("denoise", &error);

  if (model != NULL)
    g_task_return_pointer (task, model, g_object_unref);
  else
    g_task_return_error (task, error);
}

static void
model_loaded_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  RoundsEnhancePanel *self = ROUNDS_ENHANCE_PANEL (source);
  g_autoptr (GError) error = NULL;
  RoundsModel *model = g_task_propagate_pointer (G_TASK (result), &error);

  g_clear_object (&self->model);
  self->model = model;
  if (model != NULL)
    show_model (self);
  else
    rounds_enhance_panel_set_problem (self, error->message);
}

void
rounds_enhance_panel_set_stack (RoundsEnhancePanel *self, RoundsStack *stack)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, model_loaded_cb, NULL);

  g_set_object (&self->stack, stack);
  rounds_enhance_panel_refresh (self);
  g_task_run_in_thread (task, load_model_thread);
}

static void
rounds_enhance_panel_dispose (GObject *object)
{
  RoundsEnhancePanel *self = ROUNDS_ENHANCE_PANEL (object);

  g_clear_object (&self->stack);
  g_clear_object (&self->model);
  gtk_widget_dispose_template (GTK_WIDGET (self), ROUNDS_TYPE_ENHANCE_PANEL);
  G_OBJECT_CLASS (rounds_enhance_panel_parent_class)->dispose (object);
}

static void
rounds_enhance_panel_class_init (RoundsEnhancePanelClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rounds_enhance_panel_dispose;
  gtk_widget_class_set_template_from_resource (widget_class, ROUNDS_RESOURCE_BASE "/ui/scans/enhance-panel.ui");
#define CHILD(name) gtk_widget_class_bind_template_child (widget_class, RoundsEnhancePanel, name)
  CHILD (model_title);
  CHILD (model_detail);
  CHILD (strength_value);
  CHILD (noise_value);
  CHILD (problem);
  CHILD (progress_text);
  CHILD (result);
  CHILD (strength);
  CHILD (strength_adjustment);
  CHILD (progress);
  CHILD (progress_box);
  CHILD (start_button);
  CHILD (save_button);
#undef CHILD
  gtk_widget_class_bind_template_callback (widget_class, strength_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, card_clicked_cb);
}

static void
rounds_enhance_panel_init (RoundsEnhancePanel *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
