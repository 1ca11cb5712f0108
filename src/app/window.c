/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The window holds one session and one patient, and hands both to the pages. Pages never speak to each
 * other: they activate the window's actions. Switching the patient is one function, so that no page can be
 * left behind with somebody else's data.
 */

#include "app/window.h"

#include <glib/gi18n-lib.h>

#include "app/palette.h"
#include "app/shortcuts.h"
#include "app/summary-page.h"
#include "app/sync-page.h"
#include "app/unlock-page.h"
#include "charts/view/chart-page.h"
#include "charts/view/patient-banner.h"
#include "charts/view/patient-dialog.h"
#include "charts/view/patient-list.h"
#include "import/import.h"
#include "scans/view/scans-page.h"
#include "store/outbox.h"
#include "vitals/view/vitals-page.h"

struct _RoundsWindow {
  AdwApplicationWindow parent_instance;

  /* template children */
  AdwToastOverlay *toasts;
  GtkStack *root;
  RoundsUnlockPage *unlock_page;
  AdwOverlaySplitView *split;
  RoundsPatientList *patient_list;
  AdwButtonContent *sync_content;
  GtkWidget *sync_button;
  RoundsPatientBanner *banner;
  GtkStack *body;
  AdwViewStack *pages;
  RoundsSummaryPage *summary;
  RoundsChartPage *chart_page;
  RoundsScansPage *scans_page;
  RoundsVitalsPage *vitals_page;
  RoundsSyncPage *sync_page;

  /* owned */
  GSettings *settings;
  RoundsSession *session;
  char *patient_id;
  GCancellable *cancellable;   /* of what runs for this session */
  guint idle_id;
  gulong outbox_handler;
  gint64 last_input_us;
  gboolean reading;            /* the scans page is shown */
  gboolean had_sidebar;        /* before it was */
};

G_DEFINE_FINAL_TYPE (RoundsWindow, rounds_window, ADW_TYPE_APPLICATION_WINDOW)

static void
toast (RoundsWindow *self, const char *text)
{
  AdwToast *item = adw_toast_new (text);

  adw_toast_set_use_markup (item, FALSE);
  adw_toast_overlay_add_toast (self->toasts, item);
}

/* --- patient ----------------------------------------------------------------------------------- */

static gpointer
audit_view (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  return GINT_TO_POINTER (rounds_store_audit (store, "view", "Patient", data, NULL, error));
}

static void
audited_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (rounds_store_run_finish (ROUNDS_STORE (source), result, &error) == NULL && error != NULL &&
      !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_warning ("a view could not be written into the audit trail: %s", error->message);
}

static void
show_body (RoundsWindow *self)
{
  gboolean scans = FALSE;

  if (g_strcmp0 (gtk_stack_get_visible_child_name (self->body), "sync") != 0)
    gtk_stack_set_visible_child_name (self->body, self->patient_id != NULL ? "patient" : "empty");
  scans = self->patient_id != NULL &&
          g_strcmp0 (adw_view_stack_get_visible_child_name (self->pages), "scans") == 0 &&
          g_strcmp0 (gtk_stack_get_visible_child_name (self->body), "patient") == 0;
  if (scans == self->reading)
    return;
  self->reading = scans;
  /* Scans are read in the dark, whatever the theme of the desktop, and with the list out of the way. */
  adw_style_manager_set_color_scheme (adw_style_manager_get_default (),
                                      scans ? ADW_COLOR_SCHEME_FORCE_DARK : ADW_COLOR_SCHEME_DEFAULT);
  if (adw_overlay_split_view_get_collapsed (self->split))
    return;
  if (scans)
    self->had_sidebar = adw_overlay_split_view_get_show_sidebar (self->split);
  adw_overlay_split_view_set_show_sidebar (self->split, !scans && self->had_sidebar);
}

void
rounds_window_set_patient (RoundsWindow *self, const char *patient_id)
{
  RoundsStore *store = rounds_window_get_store (self);

  g_return_if_fail (ROUNDS_IS_WINDOW (self));

  if (store == NULL)
    patient_id = NULL;
  if (g_strcmp0 (gtk_stack_get_visible_child_name (self->body), "sync") == 0 && patient_id != NULL)
    gtk_stack_set_visible_child_name (self->body, "patient");
  if (g_strcmp0 (patient_id, self->patient_id) == 0 && patient_id != NULL)
    {
      show_body (self);
      return;
    }

  g_free (self->patient_id);
  self->patient_id = g_strdup (patient_id);
  gtk_widget_set_visible (GTK_WIDGET (self->banner), patient_id != NULL);
  rounds_patient_banner_set_patient (self->banner, store, self->patient_id);
  rounds_patient_list_set_selected (self->patient_list, self->patient_id);
  rounds_summary_page_set_patient (self->summary, store, self->patient_id);
  rounds_chart_page_set_patient (self->chart_page, store, self->patient_id);
  rounds_scans_page_set_patient (self->scans_page, store, self->patient_id);
  rounds_vitals_page_set_patient (self->vitals_page, store, self->patient_id);
  if (patient_id != NULL)
    {
      rounds_store_run_async (store, audit_view, g_strdup (patient_id), g_free, NULL, self->cancellable, audited_cb,
                              NULL);
      if (adw_overlay_split_view_get_collapsed (self->split))
        adw_overlay_split_view_set_show_sidebar (self->split, FALSE);
    }
  show_body (self);
}

static void
patient_selected_cb (RoundsWindow *self, const char *patient_id)
{
  rounds_window_set_patient (self, patient_id);
}

/* --- the outbox indicator ------------------------------------------------------------------------ */

static gpointer
count_outbox (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  static const char *const waiting_for_people[] = { "conflict", "quarantined", NULL };
  g_autoptr (GPtrArray) stuck = NULL;
  guint *counts = g_new0 (guint, 2);

  counts[0] = rounds_store_outbox_count (store, NULL) + rounds_store_scan_outbox_count (store, NULL);
  stuck = rounds_store_outbox_list (store, waiting_for_people, 0, NULL);
  counts[1] = stuck != NULL ? stuck->len : 0;
  return counts;
}

static void
outbox_counted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsWindow) self = user_data;
  g_autofree guint *counts = rounds_store_run_finish (ROUNDS_STORE (source), result, NULL);
  g_autofree char *label = NULL;

  if (counts == NULL || rounds_window_get_store (self) != (RoundsStore *) source)
    return;
  if (counts[1] > 0)
    label = g_strdup_printf (ngettext ("%u to decide", "%u to decide", counts[1]), counts[1]);
  else if (counts[0] > 0)
    label = g_strdup_printf (ngettext ("%u to send", "%u to send", counts[0]), counts[0]);
  else
    label = g_strdup (_("Nothing to send"));
  adw_button_content_set_label (self->sync_content, label);
  adw_button_content_set_icon_name (self->sync_content,
                                    counts[1] > 0 ? "dialog-warning-symbolic" : "emblem-synchronizing-symbolic");
  gtk_widget_remove_css_class (self->sync_button, "unsynced");
  gtk_widget_remove_css_class (self->sync_button, "look");
  if (counts[1] > 0)
    gtk_widget_add_css_class (self->sync_button, "look");
  else if (counts[0] > 0)
    gtk_widget_add_css_class (self->sync_button, "unsynced");
}

static void
outbox_changed_cb (RoundsWindow *self)
{
  RoundsStore *store = rounds_window_get_store (self);

  if (store != NULL)
    rounds_store_run_async (store, count_outbox, NULL, NULL, g_free, self->cancellable, outbox_counted_cb,
                            g_object_ref (self));
}

/* --- session ------------------------------------------------------------------------------------- */

static void
set_work_actions_enabled (RoundsWindow *self, gboolean enabled)
{
  static const char *const names[] = {
    "win.new-patient", "win.edit-patient", "win.find-patient", "win.page", "win.show-scan", "win.enter-vitals",
    "win.show-section", "win.add", "win.show-sync", "win.sync", "win.import", "win.import-folder", "win.palette",
    "win.verify-audit", "win.lock", "win.toggle-sidebar",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    gtk_widget_action_set_enabled (GTK_WIDGET (self), names[i], enabled);
}

static void
unlocked_cb (RoundsWindow *self, RoundsSession *session)
{
  RoundsStore *store = rounds_session_get_store (session);

  g_set_object (&self->session, session);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  self->last_input_us = g_get_monotonic_time ();
  rounds_patient_list_set_store (self->patient_list, store);
  rounds_sync_page_set_store (self->sync_page, store);
  rounds_patient_list_set_footer (self->patient_list, rounds_session_is_demo (session)
                                                          ? _("Demo ward · synthetic patients")
                                                          : NULL);
  self->outbox_handler =
      g_signal_connect_object (store, "outbox-changed", G_CALLBACK (outbox_changed_cb), self, G_CONNECT_SWAPPED);
  outbox_changed_cb (self);
  set_work_actions_enabled (self, TRUE);
  gtk_stack_set_visible_child_name (self->root, "work");
  gtk_stack_set_visible_child_name (self->body, "empty");
  show_body (self);
  gtk_widget_activate_action (GTK_WIDGET (self), "win.find-patient", NULL);
}

void
rounds_window_lock (RoundsWindow *self, const char *reason)
{
  g_autoptr (RoundsSession) session = NULL;

  g_return_if_fail (ROUNDS_IS_WINDOW (self));

  if (self->session == NULL)
    return;
  /* Blank first, then close: nothing of the patient may be seen while the disk is slow. */
  gtk_stack_set_visible_child_name (self->root, "unlock");
  set_work_actions_enabled (self, FALSE);
  session = g_steal_pointer (&self->session);
  g_clear_signal_handler (&self->outbox_handler, rounds_session_get_store (session));
  g_cancellable_cancel (self->cancellable);
  rounds_window_set_patient (self, NULL);
  rounds_patient_list_set_store (self->patient_list, NULL);
  rounds_sync_page_set_store (self->sync_page, NULL);
  adw_toast_overlay_dismiss_all (self->toasts);
  gtk_window_set_title (GTK_WINDOW (self), _("Rounds"));
  rounds_unlock_page_set_state (self->unlock_page, reason);
  rounds_session_close_async (session, NULL, NULL);
}

static gboolean
idle_tick_cb (gpointer user_data)
{
  RoundsWindow *self = user_data;

  guint minutes = g_settings_get_uint (self->settings, "idle-lock-minutes");

  if (self->session != NULL && g_get_monotonic_time () - self->last_input_us > minutes * 60 * G_USEC_PER_SEC)
    {
      g_autofree char *reason = g_strdup_printf (
          ngettext ("Locked after %u minute without input", "Locked after %u minutes without input", minutes), minutes);

      rounds_window_lock (self, reason);
    }
  return G_SOURCE_CONTINUE;
}

static gboolean
input_seen_cb (RoundsWindow *self, GdkEvent *event)
{
  self->last_input_us = g_get_monotonic_time ();
  return GDK_EVENT_PROPAGATE;
}

static void
screensaver_changed_cb (GtkApplication *application, GParamSpec *pspec, RoundsWindow *self)
{
  gboolean active = FALSE;

  g_object_get (application, "screensaver-active", &active, NULL);
  if (active)
    rounds_window_lock (self, _("Locked with the screen"));
}

/* --- import --------------------------------------------------------------------------------------- */

typedef struct {
  char **paths;
  RoundsWindow *window;        /* only for progress, on the main thread */
  RoundsImportSummary summary;
  GString *problems;
  guint n_problems;
} ImportJob;

static void
import_job_free (ImportJob *job)
{
  g_strfreev (job->paths);
  g_string_free (job->problems, TRUE);
  g_free (job);
}

static void
import_reported (const RoundsImportReport *report, guint done, guint total, gpointer data)
{
  ImportJob *job = data;

  if (report->status != ROUNDS_STATUS_REJECTED && !report->refused_some)
    return;
  if (job->n_problems++ < 20)
    {
      g_autofree char *name = g_path_get_basename (report->path);

      g_string_append_printf (job->problems, "%s: %s\n", name, report->detail != NULL ? report->detail : "");
    }
}

static gpointer
import_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  ImportJob *job = data;
  RoundsImportOptions options = { 0 };

  if (!rounds_import_paths (store, (const char *const *) job->paths, &options, import_reported, job, &job->summary,
                            cancellable, error))
    return NULL;
  return job;
}

static void
import_done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  ImportJob *job = rounds_store_run_finish (ROUNDS_STORE (source), result, &error);
  g_autofree char *text = NULL;

  if (job == NULL)
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        toast (self, error->message);
      return;
    }
  text = g_strdup_printf (_("%u files: %u imported, %u updated, %u unchanged, %u rejected"), job->summary.files,
                          job->summary.by_status[ROUNDS_STATUS_IMPORTED],
                          job->summary.by_status[ROUNDS_STATUS_UPDATED],
                          job->summary.by_status[ROUNDS_STATUS_UNCHANGED],
                          job->summary.by_status[ROUNDS_STATUS_REJECTED]);
  toast (self, text);
  if (job->n_problems > 0)
    {
      AdwAlertDialog *dialog = ADW_ALERT_DIALOG (adw_alert_dialog_new (_("Not everything could be taken"), NULL));

      if (job->n_problems > 20)
        g_string_append_printf (job->problems, _("… and %u more"), job->n_problems - 20);
      adw_alert_dialog_set_body (dialog, job->problems->str);
      adw_alert_dialog_add_response (dialog, "close", _("_Close"));
      adw_dialog_present (ADW_DIALOG (dialog), GTK_WIDGET (self));
    }
}

void
rounds_window_import (RoundsWindow *self, const char *const *paths)
{
  RoundsStore *store = rounds_window_get_store (self);
  ImportJob *job = NULL;

  g_return_if_fail (ROUNDS_IS_WINDOW (self));

  if (store == NULL || paths == NULL || paths[0] == NULL)
    return;
  job = g_new0 (ImportJob, 1);
  job->paths = g_strdupv ((char **) paths);
  job->problems = g_string_new (NULL);
  toast (self, _("Importing…"));
  /* The job is its own result; it is freed with the task. */
  rounds_store_run_async (store, import_work, job, (GDestroyNotify) import_job_free, NULL, self->cancellable,
                          import_done_cb, g_object_ref (self));
}

static void
import_list (RoundsWindow *self, GListModel *files)
{
  g_autoptr (GStrvBuilder) paths = g_strv_builder_new ();
  g_auto (GStrv) list = NULL;

  for (guint i = 0; i < g_list_model_get_n_items (files); i++)
    {
      g_autoptr (GFile) file = g_list_model_get_item (files, i);

      if (g_file_peek_path (file) != NULL)
        g_strv_builder_add (paths, g_file_peek_path (file));
    }
  list = g_strv_builder_end (paths);
  rounds_window_import (self, (const char *const *) list);
}

static void
files_chosen_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsWindow) self = user_data;
  g_autoptr (GListModel) files = gtk_file_dialog_open_multiple_finish (GTK_FILE_DIALOG (source), result, NULL);

  if (files != NULL)
    import_list (self, files);
}

static void
folder_chosen_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsWindow) self = user_data;
  g_autoptr (GListModel) files =
      gtk_file_dialog_select_multiple_folders_finish (GTK_FILE_DIALOG (source), result, NULL);

  if (files != NULL)
    import_list (self, files);
}

static void
import_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();

  if (g_strcmp0 (name, "win.import-folder") == 0)
    {
      gtk_file_dialog_set_title (dialog, _("Import a Folder"));
      gtk_file_dialog_select_multiple_folders (dialog, GTK_WINDOW (widget), NULL, folder_chosen_cb,
                                               g_object_ref (widget));
      return;
    }
  gtk_file_dialog_set_title (dialog, _("Import Records, Scans or Vitals"));
  gtk_file_dialog_open_multiple (dialog, GTK_WINDOW (widget), NULL, files_chosen_cb, g_object_ref (widget));
}

static gboolean
dropped_cb (RoundsWindow *self, const GValue *value)
{
  GSList *files = g_value_get_boxed (value);
  g_autoptr (GListStore) list = g_list_store_new (G_TYPE_FILE);

  for (GSList *item = files; item != NULL; item = item->next)
    g_list_store_append (list, item->data);
  import_list (self, G_LIST_MODEL (list));
  return TRUE;
}

/* --- actions -------------------------------------------------------------------------------------- */

static void
page_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsWindow *self = ROUNDS_WINDOW (widget);

  if (self->patient_id == NULL)
    return;
  gtk_stack_set_visible_child_name (self->body, "patient");
  adw_view_stack_set_visible_child_name (self->pages, g_variant_get_string (parameter, NULL));
  show_body (self);
}

static void
show_page (RoundsWindow *self, const char *page)
{
  gtk_widget_activate_action (GTK_WIDGET (self), "win.page", "s", page);
}

static void
show_scan_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsWindow *self = ROUNDS_WINDOW (widget);

  show_page (self, "scans");
  rounds_scans_page_open_series (self->scans_page, g_variant_get_string (parameter, NULL));
}

static void
show_section_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsWindow *self = ROUNDS_WINDOW (widget);

  show_page (self, "chart");
  rounds_chart_page_show_section (self->chart_page, g_variant_get_string (parameter, NULL), NULL);
}

static void
add_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsWindow *self = ROUNDS_WINDOW (widget);

  show_page (self, "chart");
  rounds_chart_page_add (self->chart_page, g_variant_get_string (parameter, NULL));
}

static void
conflict_chosen_cb (RoundsWindow *self, const char *type, const char *id)
{
  g_autofree char *reference = g_strdup_printf ("%s/%s", type, id);

  gtk_widget_activate_action (GTK_WIDGET (self), "win.resolve", "s", reference);
}

static void
enter_vitals_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsWindow *self = ROUNDS_WINDOW (widget);

  show_page (self, "vitals");
  rounds_vitals_page_focus_entry (self->vitals_page);
}

static void
patient_saved_cb (const char *patient_id, gpointer widget)
{
  rounds_window_set_patient (ROUNDS_WINDOW (widget), patient_id);
}

static void
patient_form_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsWindow *self = ROUNDS_WINDOW (widget);
  RoundsStore *store = rounds_window_get_store (self);

  if (store == NULL)
    return;
  if (g_strcmp0 (name, "win.edit-patient") == 0 && self->patient_id == NULL)
    return;
  if (g_strcmp0 (name, "win.edit-patient") == 0)
    rounds_patient_dialog_edit (widget, store, self->patient_id);
  else
    rounds_patient_dialog_present (widget, store, NULL, patient_saved_cb, NULL);
}

static void
find_patient_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsWindow *self = ROUNDS_WINDOW (widget);

  adw_overlay_split_view_set_show_sidebar (self->split, TRUE);
  rounds_patient_list_focus_search (self->patient_list);
}

static void
toggle_sidebar_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsWindow *self = ROUNDS_WINDOW (widget);

  adw_overlay_split_view_set_show_sidebar (self->split, !adw_overlay_split_view_get_show_sidebar (self->split));
}

static void
fullscreen_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  if (gtk_window_is_fullscreen (GTK_WINDOW (widget)))
    gtk_window_unfullscreen (GTK_WINDOW (widget));
  else
    gtk_window_fullscreen (GTK_WINDOW (widget));
}

static void
show_sync_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsWindow *self = ROUNDS_WINDOW (widget);

  if (g_strcmp0 (gtk_stack_get_visible_child_name (self->body), "sync") == 0)
    gtk_stack_set_visible_child_name (self->body, self->patient_id != NULL ? "patient" : "empty");
  else
    gtk_stack_set_visible_child_name (self->body, "sync");
  show_body (self);
}

static void
sync_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsWindow *self = ROUNDS_WINDOW (widget);

  gtk_stack_set_visible_child_name (self->body, "sync");
  show_body (self);
  rounds_sync_page_start (self->sync_page);
}

static void
resolve_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsWindow *self = ROUNDS_WINDOW (widget);

  gtk_stack_set_visible_child_name (self->body, "sync");
  show_body (self);
  rounds_sync_page_show_conflict (self->sync_page, g_variant_get_string (parameter, NULL));
}

static void
lock_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  rounds_window_lock (ROUNDS_WINDOW (widget), NULL);
}

static void
palette_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  rounds_palette_present (ROUNDS_WINDOW (widget));
}

static void
shortcuts_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  rounds_shortcuts_present (widget);
}

static gpointer
verify_audit (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  RoundsAuditState state = { 0 };
  char *text = NULL;

  if (!rounds_store_audit_verify (store, &state, error))
    return NULL;
  text = state.ok ? g_strdup_printf (_("Audit trail intact: %" G_GUINT64_FORMAT " entries"), state.rows)
                  : g_strdup_printf (_("Audit trail was tampered with: entry %" G_GUINT64_FORMAT
                                       " is the first that does not fit"), state.first_bad);
  rounds_audit_state_clear (&state);
  return text;
}

static void
audit_verified_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = rounds_store_run_finish (ROUNDS_STORE (source), result, &error);

  if (text != NULL)
    toast (self, text);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    toast (self, error->message);
}

static void
verify_audit_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsWindow *self = ROUNDS_WINDOW (widget);

  rounds_store_run_async (rounds_window_get_store (self), verify_audit, NULL, NULL, g_free, self->cancellable,
                          audit_verified_cb, g_object_ref (self));
}

static void
visible_page_changed_cb (RoundsWindow *self)
{
  show_body (self);
}

/* --- type ----------------------------------------------------------------------------------------- */

static gboolean
rounds_window_close_request (GtkWindow *window)
{
  rounds_window_lock (ROUNDS_WINDOW (window), NULL);
  return GTK_WINDOW_CLASS (rounds_window_parent_class)->close_request (window);
}

static void
rounds_window_dispose (GObject *object)
{
  RoundsWindow *self = ROUNDS_WINDOW (object);

  g_clear_handle_id (&self->idle_id, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->session);
  gtk_widget_dispose_template (GTK_WIDGET (self), ROUNDS_TYPE_WINDOW);
  G_OBJECT_CLASS (rounds_window_parent_class)->dispose (object);
}

static void
rounds_window_finalize (GObject *object)
{
  RoundsWindow *self = ROUNDS_WINDOW (object);

  g_clear_object (&self->cancellable);
  g_clear_object (&self->settings);
  g_free (self->patient_id);
  G_OBJECT_CLASS (rounds_window_parent_class)->finalize (object);
}

static void
install_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "win.new-patient", NULL, patient_form_activated);
  gtk_widget_class_install_action (widget_class, "win.edit-patient", NULL, patient_form_activated);
  gtk_widget_class_install_action (widget_class, "win.find-patient", NULL, find_patient_activated);
  gtk_widget_class_install_action (widget_class, "win.page", "s", page_activated);
  gtk_widget_class_install_action (widget_class, "win.show-scan", "s", show_scan_activated);
  gtk_widget_class_install_action (widget_class, "win.show-section", "s", show_section_activated);
  gtk_widget_class_install_action (widget_class, "win.add", "s", add_activated);
  gtk_widget_class_install_action (widget_class, "win.enter-vitals", NULL, enter_vitals_activated);
  gtk_widget_class_install_action (widget_class, "win.show-sync", NULL, show_sync_activated);
  gtk_widget_class_install_action (widget_class, "win.sync", NULL, sync_activated);
  gtk_widget_class_install_action (widget_class, "win.resolve", "s", resolve_activated);
  gtk_widget_class_install_action (widget_class, "win.import", NULL, import_activated);
  gtk_widget_class_install_action (widget_class, "win.import-folder", NULL, import_activated);
  gtk_widget_class_install_action (widget_class, "win.palette", NULL, palette_activated);
  gtk_widget_class_install_action (widget_class, "win.verify-audit", NULL, verify_audit_activated);
  gtk_widget_class_install_action (widget_class, "win.lock", NULL, lock_activated);
  gtk_widget_class_install_action (widget_class, "win.toggle-sidebar", NULL, toggle_sidebar_activated);
  gtk_widget_class_install_action (widget_class, "win.fullscreen", NULL, fullscreen_activated);
  gtk_widget_class_install_action (widget_class, "win.show-shortcuts", NULL, shortcuts_activated);
}

static void
rounds_window_class_init (RoundsWindowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = rounds_window_dispose;
  object_class->finalize = rounds_window_finalize;
  GTK_WINDOW_CLASS (klass)->close_request = rounds_window_close_request;

  g_type_ensure (ROUNDS_TYPE_UNLOCK_PAGE);
  g_type_ensure (ROUNDS_TYPE_PATIENT_LIST);
  g_type_ensure (ROUNDS_TYPE_PATIENT_BANNER);
  g_type_ensure (ROUNDS_TYPE_CHART_PAGE);
  g_type_ensure (ROUNDS_TYPE_SCANS_PAGE);
  g_type_ensure (ROUNDS_TYPE_VITALS_PAGE);
  g_type_ensure (ROUNDS_TYPE_SYNC_PAGE);
  g_type_ensure (ROUNDS_TYPE_SUMMARY_PAGE);

  install_actions (widget_class);
  gtk_widget_class_set_template_from_resource (widget_class, ROUNDS_RESOURCE_BASE "/ui/app/window.ui");
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, root);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, unlock_page);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, split);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, patient_list);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, sync_content);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, sync_button);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, banner);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, body);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, pages);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, summary);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, chart_page);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, scans_page);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, vitals_page);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, sync_page);
}

static void
rounds_window_init (RoundsWindow *self)
{
  GtkEventController *input = gtk_event_controller_legacy_new ();
  GtkDropTarget *drop = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);

  gtk_widget_init_template (GTK_WIDGET (self));
  self->settings = g_settings_new (ROUNDS_APP_ID);
  g_settings_bind (self->settings, "window-width", self, "default-width", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (self->settings, "window-height", self, "default-height", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (self->settings, "window-maximized", self, "maximized", G_SETTINGS_BIND_DEFAULT);
  self->cancellable = g_cancellable_new ();

  gtk_event_controller_set_propagation_phase (input, GTK_PHASE_CAPTURE);
  g_signal_connect_swapped (input, "event", G_CALLBACK (input_seen_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), input);
  g_signal_connect_swapped (drop, "drop", G_CALLBACK (dropped_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drop));

  g_signal_connect_swapped (self->unlock_page, "unlocked", G_CALLBACK (unlocked_cb), self);
  g_signal_connect_swapped (self->patient_list, "patient-selected", G_CALLBACK (patient_selected_cb), self);
  g_signal_connect_swapped (self->chart_page, "decide", G_CALLBACK (conflict_chosen_cb), self);
  g_signal_connect_swapped (self->pages, "notify::visible-child", G_CALLBACK (visible_page_changed_cb), self);
  set_work_actions_enabled (self, FALSE);
  self->idle_id = g_timeout_add_seconds (10, idle_tick_cb, self);
}

RoundsWindow *
rounds_window_new (GtkApplication *application, const char *folder)
{
  RoundsWindow *self = g_object_new (ROUNDS_TYPE_WINDOW, "application", application, NULL);

  rounds_unlock_page_set_folder (self->unlock_page, folder);
  g_signal_connect_object (application, "notify::screensaver-active", G_CALLBACK (screensaver_changed_cb), self,
                           G_CONNECT_DEFAULT);
  return self;
}

void
rounds_window_open_demo (RoundsWindow *self, const char *folder)
{
  g_return_if_fail (ROUNDS_IS_WINDOW (self));

  rounds_unlock_page_open_demo (self->unlock_page, folder);
}

RoundsStore *
rounds_window_get_store (RoundsWindow *self)
{
  g_return_val_if_fail (ROUNDS_IS_WINDOW (self), NULL);

  return self->session != NULL ? rounds_session_get_store (self->session) : NULL;
}

const char *
rounds_window_get_patient_id (RoundsWindow *self)
{
  g_return_val_if_fail (ROUNDS_IS_WINDOW (self), NULL);

  return self->patient_id;
}

AdwToastOverlay *
rounds_window_get_toasts (RoundsWindow *self)
{
  g_return_val_if_fail (ROUNDS_IS_WINDOW (self), NULL);

  return self->toasts;
}
