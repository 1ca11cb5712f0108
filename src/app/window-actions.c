/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The window's actions: the only way in which pages, menus, keys and the palette reach one another. */

#include "app/window-private.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>

#include "app/keyring-dialog.h"
#include "app/palette.h"
#include "app/shortcuts.h"
#include "charts/view/patient-dialog.h"
#include "sync/anchor.h"

static void
page_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsWindow *self = ROUNDS_WINDOW (widget);

  if (self->patient_id == NULL)
    return;
  gtk_stack_set_visible_child_name (self->body, "patient");
  adw_view_stack_set_visible_child_name (self->pages, g_variant_get_string (parameter, NULL));
  rounds_window_show_body (self);
  rounds_window_focus_page (self);
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

void
rounds_window_conflict_chosen_cb (RoundsWindow *self, const char *type, const char *id)
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
  rounds_window_show_body (self);
  if (g_strcmp0 (gtk_stack_get_visible_child_name (self->body), "sync") == 0)
    gtk_widget_grab_focus (GTK_WIDGET (self->sync_page));
  else
    rounds_window_focus_page (self);
}

static void
show_connections_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsWindow *self = ROUNDS_WINDOW (widget);
  const char *shown = gtk_stack_get_visible_child_name (self->body);

  if (g_strcmp0 (shown, "connections") == 0)
    {
      gtk_stack_set_visible_child_name (self->body, self->back_to_sync ? "sync" : "empty");
      if (!self->back_to_sync && self->patient_id != NULL)
        gtk_stack_set_visible_child_name (self->body, "patient");
    }
  else
    {
      self->back_to_sync = g_strcmp0 (shown, "sync") == 0;
      gtk_stack_set_visible_child_name (self->body, "connections");
    }
  rounds_window_show_body (self);
  gtk_widget_grab_focus (gtk_stack_get_visible_child (self->body));
}

/* From the banner and the header: at once in the browser, with the page behind it that says how it stands. */
static void
sign_in_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsWindow *self = ROUNDS_WINDOW (widget);

  if (g_strcmp0 (gtk_stack_get_visible_child_name (self->body), "connections") != 0)
    show_connections_activated (widget, NULL, NULL);
  rounds_connection_page_sign_in (self->connection_page, g_variant_get_string (parameter, NULL));
}

static void
open_patient_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  rounds_window_set_patient (ROUNDS_WINDOW (widget), g_variant_get_string (parameter, NULL));
  rounds_window_focus_page (ROUNDS_WINDOW (widget));
}

static void
sync_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsWindow *self = ROUNDS_WINDOW (widget);

  gtk_stack_set_visible_child_name (self->body, "sync");
  rounds_window_show_body (self);
  rounds_sync_page_start (self->sync_page);
}

static void
resolve_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsWindow *self = ROUNDS_WINDOW (widget);

  gtk_stack_set_visible_child_name (self->body, "sync");
  rounds_window_show_body (self);
  rounds_sync_page_show_conflict (self->sync_page, g_variant_get_string (parameter, NULL));
}

static void
lock_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  rounds_window_lock (ROUNDS_WINDOW (widget), NULL);
}

static void
keyring_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsWindow *self = ROUNDS_WINDOW (widget);

  if (rounds_window_get_store (self) != NULL)
    rounds_keyring_dialog_present (widget, rounds_window_get_store (self), self->cancellable);
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

static void
break_glass_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  rounds_break_glass_activate (ROUNDS_WINDOW (widget)->break_glass);
}

static gpointer
verify_audit (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  RoundsAuditState state = { 0 };
  char *text = NULL;

  if (!rounds_store_audit_verify (store, &state, error))
    return NULL;
  if (state.ok && (text = rounds_anchor_dup_trouble (store)) != NULL)
    {
      rounds_audit_state_clear (&state);
      return text;
    }
  text = state.ok ? g_strdup_printf (_("Audit trail intact: %" PRIu64 " entries"), state.rows)
                  : g_strdup_printf (_("Audit trail was tampered with: entry %" PRIu64
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
    rounds_window_toast (self, text);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    rounds_window_toast (self, error->message);
}

static void
verify_audit_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsWindow *self = ROUNDS_WINDOW (widget);

  rounds_store_run_async (rounds_window_get_store (self), verify_audit, NULL, NULL, g_free, self->cancellable,
                          audit_verified_cb, g_object_ref (self));
}

void
rounds_window_install_actions (GtkWidgetClass *widget_class)
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
  gtk_widget_class_install_action (widget_class, "win.show-connections", NULL, show_connections_activated);
  gtk_widget_class_install_action (widget_class, "win.sign-in", "s", sign_in_activated);
  gtk_widget_class_install_action (widget_class, "win.open-patient", "s", open_patient_activated);
  gtk_widget_class_install_action (widget_class, "win.sync", NULL, sync_activated);
  gtk_widget_class_install_action (widget_class, "win.resolve", "s", resolve_activated);
  gtk_widget_class_install_action (widget_class, "win.import", NULL, rounds_window_import_activated);
  gtk_widget_class_install_action (widget_class, "win.import-folder", NULL, rounds_window_import_activated);
  gtk_widget_class_install_action (widget_class, "win.palette", NULL, palette_activated);
  gtk_widget_class_install_action (widget_class, "win.verify-audit", NULL, verify_audit_activated);
  gtk_widget_class_install_action (widget_class, "win.break-glass", NULL, break_glass_activated);
  gtk_widget_class_install_action (widget_class, "win.lock", NULL, lock_activated);
  gtk_widget_class_install_action (widget_class, "win.keyring", NULL, keyring_activated);
  gtk_widget_class_install_action (widget_class, "win.toggle-sidebar", NULL, toggle_sidebar_activated);
  gtk_widget_class_install_action (widget_class, "win.fullscreen", NULL, fullscreen_activated);
  gtk_widget_class_install_action (widget_class, "win.show-shortcuts", NULL, shortcuts_activated);
}
