/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A switch with a sentence under it, because what it gives away is not seen otherwise: whoever is logged in to the
 * desktop opens the records. Turning it on wants the passphrase, so that nobody does it at a window left open; turning
 * it off wants nothing. */

#include "app/keyring-dialog.h"

#include <adwaita.h>
#include <glib/gi18n-lib.h>

typedef struct {
  AdwDialog *dialog;         /* borrowed; it owns this */
  AdwSwitchRow *wanted;
  AdwPasswordEntryRow *passphrase;
  GtkWidget *button, *spinner;
  GtkLabel *answer;
  RoundsStore *store;
  GCancellable *cancellable;
  gboolean is_on;
} KeyringDialog;

typedef struct {
  RoundsSecret *passphrase;  /* NULL: off */
} Change;

static void
keyring_dialog_free (gpointer data)
{
  KeyringDialog *self = data;

  g_clear_object (&self->store);
  g_clear_object (&self->cancellable);
  g_free (self);
}

static void
change_free (gpointer data)
{
  Change *self = data;

  g_clear_pointer (&self->passphrase, rounds_secret_unref);
  g_free (self);
}

static void
say (KeyringDialog *self, const char *text, gboolean is_error)
{
  gtk_label_set_label (self->answer, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->answer), text != NULL);
  if (is_error)
    gtk_widget_add_css_class (GTK_WIDGET (self->answer), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->answer), "error");
  if (text != NULL)
    gtk_accessible_announce (GTK_ACCESSIBLE (self->answer), text, GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_HIGH);
}

/* The passphrase is asked for only while there is something to turn on. */
static void
show_fields (KeyringDialog *self, gboolean busy)
{
  gboolean asks = adw_switch_row_get_active (self->wanted) && !self->is_on;

  gtk_widget_set_visible (GTK_WIDGET (self->passphrase), asks);
  gtk_widget_set_visible (self->button, asks);
  gtk_widget_set_visible (self->spinner, busy);
  gtk_widget_set_sensitive (GTK_WIDGET (self->wanted), !busy);
  gtk_widget_set_sensitive (GTK_WIDGET (self->passphrase), !busy);
  gtk_widget_set_sensitive (self->button, !busy);
}

static gpointer
change_keyring (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  Change *change = data;
  RoundsVault *vault = rounds_store_get_vault (store);
  g_autoptr (RoundsSecret) key = NULL;

  if (change->passphrase == NULL)
    {
      if (!rounds_vault_disable_keyring (vault, error))
        return NULL;
    }
  else
    {
      key = rounds_vault_unlock (vault, change->passphrase, error);
      if (key == NULL || !rounds_vault_enable_keyring (vault, key, cancellable, error))
        return NULL;
    }
  return GINT_TO_POINTER (
    rounds_store_audit (store, "keyring", NULL, NULL, change->passphrase != NULL ? "on" : "off", error));
}

static void
changed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (AdwDialog) dialog = user_data;
  KeyringDialog *self = g_object_get_data (G_OBJECT (dialog), "keyring");
  g_autoptr (GError) error = NULL;

  (void) rounds_store_run_finish (ROUNDS_STORE (source), result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  self->is_on = rounds_vault_get_keyring (rounds_store_get_vault (self->store));
  if (error == NULL)
    {
      adw_switch_row_set_active (self->wanted, self->is_on);
      say (self, self->is_on ? _("On. From the next login to this desktop its keyring opens Rounds once.")
                             : _("Off. Only the passphrase and the recovery key open Rounds."), FALSE);
    }
  else
    say (self, error->message, TRUE);
  show_fields (self, FALSE);
}

static void
start (KeyringDialog *self, RoundsSecret *passphrase)
{
  Change *change = g_new0 (Change, 1);

  change->passphrase = passphrase != NULL ? rounds_secret_ref (passphrase) : NULL;
  say (self, NULL, FALSE);
  show_fields (self, TRUE);
  rounds_store_run_async (self->store, change_keyring, change, change_free, NULL, self->cancellable, changed_cb,
                          g_object_ref (self->dialog));
}

static void
turn_on_cb (KeyringDialog *self)
{
  g_autoptr (RoundsSecret) passphrase = NULL;
  GtkEditable *entry = GTK_EDITABLE (self->passphrase);

  if (*gtk_editable_get_text (entry) == '\0')
    {
      gtk_widget_grab_focus (GTK_WIDGET (self->passphrase));
      return;
    }
  passphrase = rounds_secret_new_take_text (g_strdup (gtk_editable_get_text (entry)));
  gtk_editable_set_text (entry, "");
  start (self, passphrase);
}

static void
wanted_cb (KeyringDialog *self)
{
  gboolean wanted = adw_switch_row_get_active (self->wanted);

  if (!wanted && self->is_on)
    {
      start (self, NULL);
      return;
    }
  show_fields (self, FALSE);
  if (wanted && !self->is_on)
    gtk_widget_grab_focus (GTK_WIDGET (self->passphrase));
}

static GtkWidget *
build_body (KeyringDialog *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 12), *group = adw_preferences_group_new ();

  self->wanted = ADW_SWITCH_ROW (adw_switch_row_new ());
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->wanted), _("Unlock with this desktop session"));
  self->passphrase = ADW_PASSWORD_ENTRY_ROW (adw_password_entry_row_new ());
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->passphrase), _("Passphrase"));
  adw_preferences_group_set_description (
    ADW_PREFERENCES_GROUP (group),
    _("Whoever is logged in to this desktop account then opens your records, without your passphrase: once after each "
      "login to the desktop. After Rounds has locked, the passphrase is needed as before. Leave this off where several "
      "people share a desktop account."));
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), GTK_WIDGET (self->wanted));
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), GTK_WIDGET (self->passphrase));
  self->answer = GTK_LABEL (gtk_label_new (NULL));
  gtk_label_set_wrap (self->answer, TRUE);
  gtk_label_set_xalign (self->answer, 0);
  self->spinner = adw_spinner_new ();
  self->button = gtk_button_new_with_mnemonic (_("_Turn On"));
  gtk_widget_add_css_class (self->button, "suggested-action");
  gtk_widget_add_css_class (self->button, "pill");
  gtk_widget_set_halign (self->button, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (box), group);
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->answer));
  gtk_box_append (GTK_BOX (box), self->spinner);
  gtk_box_append (GTK_BOX (box), self->button);
  gtk_widget_set_margin_top (box, 12);
  gtk_widget_set_margin_bottom (box, 24);
  gtk_widget_set_margin_start (box, 18);
  gtk_widget_set_margin_end (box, 18);
  return box;
}

void
rounds_keyring_dialog_present (GtkWidget *parent, RoundsStore *store, GCancellable *cancellable)
{
  KeyringDialog *self = NULL;
  GtkWidget *view = adw_toolbar_view_new (), *scrolled = gtk_scrolled_window_new (), *clamp = adw_clamp_new ();

  g_return_if_fail (GTK_IS_WIDGET (parent) && ROUNDS_IS_STORE (store));

  self = g_new0 (KeyringDialog, 1);
  self->dialog = adw_dialog_new ();
  self->store = g_object_ref (store);
  self->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  self->is_on = rounds_vault_get_keyring (rounds_store_get_vault (store));
  g_object_set_data_full (G_OBJECT (self->dialog), "keyring", self, keyring_dialog_free);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_propagate_natural_height (GTK_SCROLLED_WINDOW (scrolled), TRUE);
  adw_clamp_set_maximum_size (ADW_CLAMP (clamp), 460);
  adw_clamp_set_child (ADW_CLAMP (clamp), build_body (self));
  gtk_scrolled_window_set_propagate_natural_width (GTK_SCROLLED_WINDOW (scrolled), TRUE);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), clamp);
  adw_toolbar_view_add_top_bar (ADW_TOOLBAR_VIEW (view), adw_header_bar_new ());
  adw_toolbar_view_set_content (ADW_TOOLBAR_VIEW (view), scrolled);
  adw_dialog_set_title (self->dialog, _("Desktop Keyring"));
  /* It grows when the passphrase is asked for. */
  adw_dialog_set_follows_content_size (self->dialog, TRUE);
  adw_dialog_set_child (self->dialog, view);
  adw_switch_row_set_active (self->wanted, self->is_on);
  say (self, NULL, FALSE);
  show_fields (self, FALSE);
  g_signal_connect_swapped (self->wanted, "notify::active", G_CALLBACK (wanted_cb), self);
  g_signal_connect_swapped (self->button, "clicked", G_CALLBACK (turn_on_cb), self);
  g_signal_connect_swapped (self->passphrase, "entry-activated", G_CALLBACK (turn_on_cb), self);
  adw_dialog_set_focus (self->dialog, GTK_WIDGET (self->wanted));
  adw_dialog_present (self->dialog, parent);
}
