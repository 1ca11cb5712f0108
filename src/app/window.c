/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The window holds one session and one patient, and hands both to the pages. Pages never speak to each
 * other: they activate the window's actions. Switching the patient is one function, so that no page can be
 * left behind with somebody else's data.
 */

#include "app/window-private.h"

#include "app/application.h"
#include "app/fetch-scans.h"
#include "app/health.h"

#include <glib/gi18n-lib.h>

#include "kit/kit.h"

G_DEFINE_FINAL_TYPE (RoundsWindow, rounds_window, ADW_TYPE_APPLICATION_WINDOW)

void
rounds_window_toast (RoundsWindow *self, const char *text)
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

void
rounds_window_focus_page (RoundsWindow *self)
{
  GtkWidget *page = self->patient_id != NULL ? adw_view_stack_get_visible_child (self->pages) : NULL;
  GtkWidget *focus = gtk_window_get_focus (GTK_WINDOW (self));

  if (page == NULL || !gtk_widget_get_mapped (page) || (focus != NULL && gtk_widget_is_ancestor (focus, page)))
    return;
  /* Pages with keys of their own know who takes them. Elsewhere nothing has the focus rather than the first button:
   * but the search entry must not go on taking letters that are meant for the patient. */
  if (!gtk_widget_grab_focus (page))
    gtk_window_set_focus (GTK_WINDOW (self), NULL);
}

/* Images that only the cloud has come down when somebody looks at this patient's scans, and stop coming when they
 * look at somebody else's. */
static void
fetch_scans (RoundsWindow *self)
{
  g_cancellable_cancel (self->fetching);
  g_clear_object (&self->fetching);
  if (!self->reading || self->patient_id == NULL || self->session == NULL)
    return;
  self->fetching = g_cancellable_new ();
  rounds_fetch_scans (rounds_session_get_store (self->session), self->patient_id, GTK_WIDGET (self->scans_page),
                      self->fetching);
}

/* Not only folded away elsewhere: a screen reader would go on reading it. */
static void
show_incomplete (RoundsWindow *self)
{
  const char *shown = gtk_stack_get_visible_child_name (self->body);

  gtk_widget_set_visible (GTK_WIDGET (self->incomplete),
                          self->first_sync && self->patient_id != NULL && g_strcmp0 (shown, "patient") == 0);
}

void
rounds_window_show_body (RoundsWindow *self)
{
  const char *shown = gtk_stack_get_visible_child_name (self->body);
  gboolean scans = FALSE, sync = g_strcmp0 (shown, "sync") == 0, connections = g_strcmp0 (shown, "connections") == 0;
  gboolean of_many = sync || connections;

  if (!sync && !connections)
    gtk_stack_set_visible_child_name (self->body, self->patient_id != NULL ? "patient" : "empty");
  /* What waits to be sent is of many patients: the name of one of them may not stand above it. */
  gtk_widget_set_visible (GTK_WIDGET (self->banner), self->patient_id != NULL && !of_many);
  show_incomplete (self);
  gtk_widget_set_visible (self->switcher, !of_many);
  gtk_widget_set_visible (self->switcher_bar, !of_many);
  /* A list that lies over a page that was asked for would take its keys, too. */
  if (of_many && adw_overlay_split_view_get_collapsed (self->split))
    adw_overlay_split_view_set_show_sidebar (self->split, FALSE);
  scans = self->patient_id != NULL &&
          g_strcmp0 (adw_view_stack_get_visible_child_name (self->pages), "scans") == 0 &&
          g_strcmp0 (gtk_stack_get_visible_child_name (self->body), "patient") == 0;
  if (scans == self->reading)
    return;
  self->reading = scans;
  fetch_scans (self);
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
  if (patient_id != NULL)
    gtk_stack_set_visible_child_name (self->body, "patient");
  if (g_strcmp0 (patient_id, self->patient_id) == 0 && patient_id != NULL)
    {
      rounds_window_show_body (self);
      return;
    }

  g_free (self->patient_id);
  self->patient_id = g_strdup (patient_id);
  rounds_patient_banner_set_patient (self->banner, store, self->patient_id);
  rounds_break_glass_set_patient (self->break_glass, store, self->patient_id);
  rounds_patient_list_set_selected (self->patient_list, self->patient_id);
  rounds_summary_page_set_patient (self->summary, store, self->patient_id);
  rounds_chart_page_set_patient (self->chart_page, store, self->patient_id);
  rounds_scans_page_set_patient (self->scans_page, store, self->patient_id);
  fetch_scans (self);
  rounds_vitals_page_set_patient (self->vitals_page, store, self->patient_id);
  if (patient_id != NULL)
    {
      rounds_store_run_async (store, audit_view, g_strdup (patient_id), g_free, NULL, self->cancellable, audited_cb,
                              NULL);
      if (adw_overlay_split_view_get_collapsed (self->split))
        adw_overlay_split_view_set_show_sidebar (self->split, FALSE);
    }
  rounds_window_show_body (self);
}

static void
patient_selected_cb (RoundsWindow *self, const char *patient_id)
{
  rounds_window_set_patient (self, patient_id);
  rounds_window_focus_page (self);
}

/* The window says whose it is in the task switcher too. */
static void
patient_shown_cb (RoundsWindow *self, const char *name)
{
  g_autofree char *title = name != NULL ? g_strdup_printf (_("%s – Rounds"), name) : NULL;

  gtk_window_set_title (GTK_WINDOW (self), title != NULL ? title : _("Rounds"));
}

/* --- the sync indicator ---------------------------------------------------------------------------- */

static const char *
sync_icon (RoundsSyncStatusState state, gboolean to_decide)
{
  if (to_decide || state == ROUNDS_SYNC_STATUS_TROUBLE)
    return "dialog-warning-symbolic";
  return state == ROUNDS_SYNC_STATUS_OFFLINE ? "network-offline-symbolic" : "network-transmit-receive-symbolic";
}

/* Half a ward must not look like a whole one: nobody may take what is not here yet for what is not so. */
static void
show_completeness (RoundsWindow *self, RoundsSyncStatus *status)
{
  gboolean first = rounds_sync_status_get_first_sync (status);
  gboolean demo = self->session != NULL && rounds_session_is_demo (self->session);

  rounds_patient_list_set_footer (self->patient_list, first  ? _("Not complete: the first sync is not through yet")
                                                      : demo ? _("Demo ward · synthetic patients")
                                                             : NULL, first);
  self->first_sync = first;
  show_incomplete (self);
}

/* What a person must know without going there: what waits, whether it goes, when it last went well. */
static void
sync_status_cb (RoundsWindow *self)
{
  RoundsSyncStatus *status = rounds_sync_page_get_status (self->sync_page);
  g_autofree char *label = NULL, *words = rounds_sync_page_dup_words (self->sync_page);
  const char *sign_in;
  RoundsSyncStatusState state;
  guint n_send, n_conflicts, n_refused;
  g_autoptr (GString) tip = NULL;

  if (status == NULL)
    return;
  state = rounds_sync_status_get_state (status);
  n_send = rounds_sync_status_get_n_pending (status);
  n_conflicts = rounds_sync_status_get_n_conflicts (status);
  n_refused = rounds_sync_status_get_n_quarantined (status);
  sign_in = rounds_sync_status_get_sign_in (status);
  if (sign_in != NULL)
    label = g_strdup (_("Sign in…"));
  else if (n_conflicts + n_refused > 0)
    label = g_strdup_printf (ngettext ("%u to decide", "%u to decide", n_conflicts + n_refused), n_conflicts + n_refused);
  else if (n_send > 0)
    label = g_strdup_printf (ngettext ("%u to send", "%u to send", n_send), n_send);
  else
    label = g_strdup (rounds_sync_status_get_first_sync (status) ? _("First sync…") : _("Nothing to send"));
  tip = g_string_new (NULL);
  if (sign_in != NULL)
    g_string_append_printf (tip, _("“%s” waits for you to sign in"), sign_in);
  else
    g_string_append (tip, words);
  if (n_conflicts > 0)
    g_string_append_printf (tip, ngettext ("\n%u changed in two places", "\n%u changed in two places", n_conflicts),
                            n_conflicts);
  if (n_refused > 0)
    g_string_append_printf (tip, ngettext ("\n%u refused by the server", "\n%u refused by the server", n_refused),
                            n_refused);
  if (n_send > 0)
    g_string_append_printf (tip, ngettext ("\n%u to send", "\n%u to send", n_send), n_send);
  g_string_append_printf (tip, "\n%s", _("Sync and Outbox (Ctrl+Shift+S)"));
  rounds_action_set (GTK_ACTIONABLE (self->sync_button), sign_in != NULL ? "win.sign-in" : "win.show-sync", sign_in);
  adw_button_content_set_label (self->sync_content, label);
  adw_button_content_set_icon_name (self->sync_content, sign_in != NULL ? "dialog-password-symbolic"
                                                                        : sync_icon (state, n_conflicts + n_refused > 0));
  gtk_widget_set_tooltip_text (self->sync_button, tip->str);
  show_completeness (self, status);
  rounds_tone_apply (self->sync_button, sign_in != NULL || n_conflicts + n_refused > 0 || state == ROUNDS_SYNC_STATUS_TROUBLE
                                            ? ROUNDS_TONE_LOOK
                                        : n_send > 0 ? ROUNDS_TONE_UNSYNCED
                                                     : ROUNDS_TONE_PLAIN);
}

/* --- a patient whose id the server changed ------------------------------------------------------------ */

static gpointer
find_patient (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  g_autoptr (RoundsRecord) record = rounds_store_get (store, "Patient", data, error);

  return record != NULL ? g_strdup (record->id) : NULL;
}

typedef struct {
  RoundsWindow *window;
  char *patient_id;     /* that was shown when it was asked */
} Renamed;

static void
patient_found_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Renamed *renamed = user_data;
  g_autoptr (RoundsWindow) self = renamed->window;
  g_autofree char *asked = renamed->patient_id;
  g_autofree char *id = rounds_store_run_finish (ROUNDS_STORE (source), result, NULL);

  g_free (renamed);
  if (rounds_window_get_store (self) != (RoundsStore *) source)
    return;
  self->following = FALSE;
  /* Somebody else may be shown by now: then there is nothing to follow. */
  if (id != NULL && g_strcmp0 (asked, self->patient_id) == 0 && g_strcmp0 (id, asked) != 0)
    {
      g_autofree char *shown = g_strdup (gtk_stack_get_visible_child_name (self->body));

      rounds_window_set_patient (self, id);
      /* Who reads the Sync page meanwhile goes on reading it. */
      gtk_stack_set_visible_child_name (self->body, shown);
      rounds_window_show_body (self);
    }
}

static void
changed_cb (RoundsWindow *self, const char *type, const char *id, const char *patient_id)
{
  RoundsStore *store = rounds_window_get_store (self);
  Renamed *renamed = NULL;

  if (store == NULL || self->patient_id == NULL || self->following || (type != NULL && !g_str_equal (type, "Patient")))
    return;
  renamed = g_new0 (Renamed, 1);
  renamed->window = g_object_ref (self);
  renamed->patient_id = g_strdup (self->patient_id);
  self->following = TRUE;
  rounds_store_run_async (store, find_patient, g_strdup (self->patient_id), g_free, g_free, self->cancellable,
                          patient_found_cb, renamed);
}

/* --- session ------------------------------------------------------------------------------------- */

static void
set_work_actions_enabled (RoundsWindow *self, gboolean enabled)
{
  static const char *const names[] = {
    "win.new-patient", "win.edit-patient", "win.find-patient", "win.page", "win.show-scan", "win.enter-vitals",
    "win.show-section", "win.add", "win.show-sync", "win.show-connections", "win.sign-in", "win.open-patient",
    "win.sync", "win.import", "win.import-folder", "win.palette",
    "win.verify-audit", "win.break-glass", "win.lock", "win.keyring", "win.toggle-sidebar",
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
  rounds_patient_list_set_store (self->patient_list, store);
  rounds_sync_page_set_store (self->sync_page, store);
  rounds_connection_page_set_store (self->connection_page, store);
  sync_status_cb (self);
  self->following = FALSE;
  self->changed_handler =
      g_signal_connect_object (store, "changed", G_CALLBACK (changed_cb), self, G_CONNECT_SWAPPED);
  set_work_actions_enabled (self, TRUE);
  /* The demo has no passphrase to do without. */
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.keyring", !rounds_session_is_demo (session));
  gtk_stack_set_visible_child_name (self->root, "work");
  gtk_stack_set_visible_child_name (self->body, "empty");
  rounds_window_show_body (self);
  gtk_widget_activate_action (GTK_WIDGET (self), "win.find-patient", NULL);
  /* Also before a patient is chosen: what is open, and whether this cache was put back. */
  rounds_break_glass_set_patient (self->break_glass, store, self->patient_id);
  rounds_health_watch (GTK_WIDGET (self), store, self->cancellable);
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
  g_clear_signal_handler (&self->changed_handler, rounds_session_get_store (session));
  g_cancellable_cancel (self->cancellable);
  rounds_window_set_patient (self, NULL);
  rounds_patient_list_set_store (self->patient_list, NULL);
  rounds_sync_page_set_store (self->sync_page, NULL);
  self->first_sync = FALSE;
  rounds_connection_page_set_store (self->connection_page, NULL);
  adw_toast_overlay_dismiss_all (self->toasts);
  gtk_window_set_title (GTK_WINDOW (self), _("Rounds"));
  rounds_unlock_page_set_state (self->unlock_page, reason);
  rounds_application_end_session (gtk_window_get_application (GTK_WINDOW (self)), GTK_WINDOW (self), session, reason);
}

static void
score_cb (RoundsWindow *self, const char *text, int tone, const char *words)
{
  g_autofree char *pill = text != NULL ? g_strdup_printf ("NEWS2 %s", text) : NULL;

  rounds_pill_set (self->score, tone, pill);
  rounds_patient_banner_set_sync_words (self->banner, text != NULL ? words : NULL);
}

static void
visible_page_changed_cb (RoundsWindow *self)
{
  rounds_window_show_body (self);
  /* A reader's keys work without a click into the picture. */
  if (self->reading)
    rounds_window_focus_page (self);
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
  g_clear_object (&self->fetching);
  g_clear_object (&self->settings);
  g_free (self->patient_id);
  G_OBJECT_CLASS (rounds_window_parent_class)->finalize (object);
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
  g_type_ensure (ROUNDS_TYPE_BREAK_GLASS);
  g_type_ensure (ROUNDS_TYPE_CHART_PAGE);
  g_type_ensure (ROUNDS_TYPE_SCANS_PAGE);
  g_type_ensure (ROUNDS_TYPE_VITALS_PAGE);
  g_type_ensure (ROUNDS_TYPE_SYNC_PAGE);
  g_type_ensure (ROUNDS_TYPE_CONNECTION_PAGE);
  g_type_ensure (ROUNDS_TYPE_SUMMARY_PAGE);

  rounds_window_install_actions (widget_class);
  gtk_widget_class_set_template_from_resource (widget_class, ROUNDS_RESOURCE_BASE "/ui/app/window.ui");
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, root);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, unlock_page);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, split);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, patient_list);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, sync_content);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, sync_button);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, banner);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, break_glass);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, incomplete);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, switcher);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, switcher_bar);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, body);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, pages);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, summary);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, chart_page);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, scans_page);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, vitals_page);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, sync_page);
  gtk_widget_class_bind_template_child (widget_class, RoundsWindow, connection_page);
}

static void
rounds_window_init (RoundsWindow *self)
{
  GtkDropTarget *drop = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);

  gtk_widget_init_template (GTK_WIDGET (self));
  self->settings = g_settings_new (ROUNDS_APP_ID);
  g_settings_bind (self->settings, "window-width", self, "default-width", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (self->settings, "window-height", self, "default-height", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (self->settings, "window-maximized", self, "maximized", G_SETTINGS_BIND_DEFAULT);
  self->cancellable = g_cancellable_new ();

  g_signal_connect_swapped (drop, "drop", G_CALLBACK (rounds_window_dropped_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drop));

  g_signal_connect_swapped (self->unlock_page, "unlocked", G_CALLBACK (unlocked_cb), self);
  g_signal_connect_swapped (self->patient_list, "patient-selected", G_CALLBACK (patient_selected_cb), self);
  self->score = rounds_pill_new (ROUNDS_TONE_PLAIN, NULL);
  rounds_patient_banner_set_end_widget (self->banner, self->score);
  g_signal_connect_swapped (self->summary, "score", G_CALLBACK (score_cb), self);
  g_signal_connect_swapped (self->banner, "patient-shown", G_CALLBACK (patient_shown_cb), self);
  g_signal_connect_swapped (self->chart_page, "decide", G_CALLBACK (rounds_window_conflict_chosen_cb), self);
  g_signal_connect_swapped (self->sync_page, "status", G_CALLBACK (sync_status_cb), self);
  g_signal_connect_swapped (self->connection_page, "changed", G_CALLBACK (rounds_sync_page_start), self->sync_page);
  g_signal_connect_swapped (self->pages, "notify::visible-child", G_CALLBACK (visible_page_changed_cb), self);
  set_work_actions_enabled (self, FALSE);
}

RoundsWindow *
rounds_window_new (GtkApplication *application, const char *folder)
{
  RoundsWindow *self = g_object_new (ROUNDS_TYPE_WINDOW, "application", application, NULL);

  rounds_unlock_page_set_folder (self->unlock_page, folder);
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
