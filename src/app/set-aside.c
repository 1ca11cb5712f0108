/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The question before a damaged cache is moved aside. It says where everything goes and what comes back from where, and
 * wants the passphrase: what exists only here is moved by its owner, not by who finds the window. */

#include "app/set-aside.h"

#include <glib/gi18n-lib.h>

typedef struct {
  AdwAlertDialog *dialog;    /* borrowed; it owns this */
  GtkEditable *row;
  gboolean is_recovery;
  RoundsSetAsideFunc func;
  gpointer data;
  GDestroyNotify destroy;
} Question;

static void
question_free (gpointer data)
{
  Question *self = data;

  if (self->destroy != NULL)
    self->destroy (self->data);
  g_free (self);
}

static void
changed_cb (Question *self)
{
  adw_alert_dialog_set_response_enabled (self->dialog, "go", *gtk_editable_get_text (self->row) != '\0');
}

static void
responded_cb (Question *self, const char *response)
{
  g_autoptr (RoundsSecret) secret = rounds_secret_new_take_text (g_strdup (gtk_editable_get_text (self->row)));

  gtk_editable_set_text (self->row, "");
  if (g_str_equal (response, "go"))
    self->func (secret, self->is_recovery, self->data);
}

void
rounds_set_aside_ask (GtkWidget *parent, const char *folder, gboolean is_recovery, RoundsSetAsideFunc func,
                      gpointer data, GDestroyNotify destroy)
{
  Question *self = g_new0 (Question, 1);
  GtkWidget *group = adw_preferences_group_new (), *row = adw_password_entry_row_new ();
  g_autofree char *body = NULL;

  g_return_if_fail (GTK_IS_WIDGET (parent) && folder != NULL && func != NULL);

  body = g_strdup_printf (
    _("Nothing is deleted: the damaged files move into a dated folder inside “%s”, where they can still be examined.\n\n"
      "A new cache takes what can still be read and exists only here: changes not yet sent, drafts, vitals, "
      "measurements, and images not yet sent. The next sync brings everything else back from the cloud.\n\n"
      "Close Rounds in every other window first."),
    folder);
  self->dialog = ADW_ALERT_DIALOG (adw_alert_dialog_new (_("Set the damaged cache aside?"), body));
  self->row = GTK_EDITABLE (row);
  self->is_recovery = is_recovery;
  self->func = func;
  self->data = data;
  self->destroy = destroy;
  adw_alert_dialog_set_body_use_markup (self->dialog, FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), is_recovery ? _("Recovery key") : _("Passphrase"));
  adw_entry_row_set_activates_default (ADW_ENTRY_ROW (row), TRUE);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), row);
  adw_alert_dialog_set_extra_child (self->dialog, group);
  adw_alert_dialog_add_responses (self->dialog, "cancel", _("_Cancel"), "go", _("_Set Aside"), NULL);
  adw_alert_dialog_set_response_appearance (self->dialog, "go", ADW_RESPONSE_SUGGESTED);
  adw_alert_dialog_set_response_enabled (self->dialog, "go", FALSE);
  adw_alert_dialog_set_default_response (self->dialog, "go");
  adw_alert_dialog_set_close_response (self->dialog, "cancel");
  g_object_set_data_full (G_OBJECT (self->dialog), "question", self, question_free);
  g_signal_connect_swapped (row, "changed", G_CALLBACK (changed_cb), self);
  g_signal_connect_swapped (self->dialog, "response", G_CALLBACK (responded_cb), self);
  adw_dialog_set_focus (ADW_DIALOG (self->dialog), row);
  adw_dialog_present (ADW_DIALOG (self->dialog), parent);
}
