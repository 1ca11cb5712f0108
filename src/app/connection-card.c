/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One connection in words. It is made anew whenever something changes, so it holds no state. */

#include "app/connection-card.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "app/profile-words.h"
#include "kit/kit.h"

void
rounds_connection_facts_free (RoundsConnectionFacts *self)
{
  if (self == NULL)
    return;
  rounds_connection_free (self->connection);
  g_clear_pointer (&self->profile, rounds_server_profile_free);
  g_free (self->who);
  g_strfreev (self->warnings);
  g_free (self);
}

RoundsConnectionFacts *
rounds_connection_facts_load (RoundsStore *store, RoundsConnection *connection_taken)
{
  RoundsConnectionFacts *self = g_new0 (RoundsConnectionFacts, 1);

  self->connection = connection_taken;
  self->profile = rounds_connection_dup_profile (store, connection_taken);
  self->sign_in = rounds_sign_in_get_state (store, connection_taken, &self->who);
  self->warnings = rounds_connection_warnings (connection_taken);
  return self;
}

static AdwActionRow *
add_row (GtkWidget *group, const char *title, const char *subtitle, const char *icon, RoundsTone tone)
{
  AdwActionRow *row = ADW_ACTION_ROW (adw_action_row_new ());

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (row, subtitle != NULL ? subtitle : "");
  adw_action_row_set_subtitle_lines (row, 0);
  adw_action_row_set_title_lines (row, 0);
  if (icon != NULL)
    {
      GtkWidget *image = gtk_image_new_from_icon_name (icon);

      rounds_tone_apply (image, tone);
      adw_action_row_add_prefix (row, image);
    }
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), GTK_WIDGET (row));
  return row;
}

static GtkWidget *
button_new (const char *label, const char *action, const RoundsConnection *connection)
{
  GtkWidget *button = gtk_button_new_with_label (label);
  g_autofree char *name = g_strdup_printf ("%s: %s", label, connection->name);

  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), action);
  gtk_actionable_set_action_target (GTK_ACTIONABLE (button), "s", connection->name);
  rounds_accessible_name (button, name);
  return button;
}

static void
add_sign_in (GtkWidget *group, const RoundsConnectionFacts *facts)
{
  const RoundsConnection *connection = facts->connection;
  g_autofree char *way = rounds_profile_words_sign_in (connection), *text = NULL;
  gboolean smart = g_strcmp0 (connection->auth, "smart") == 0;
  gboolean needed = smart && facts->sign_in == ROUNDS_SIGN_IN_NEEDED;
  AdwActionRow *row = NULL;

  if (needed)
    text = g_strdup_printf (_("%s\nNobody is signed in: nothing is sent or received until you sign in."), way);
  else if (smart && facts->who != NULL)
    text = g_strdup_printf (_("%s\nSigned in as %s"), way, facts->who);
  else if (smart)
    text = g_strdup_printf (_("%s\nSigned in"), way);
  row = add_row (group, _("Sign-in"), text != NULL ? text : way, needed ? "dialog-password-symbolic" : NULL,
                 ROUNDS_TONE_LOOK);
  if (smart)
    {
      GtkWidget *button = button_new (needed ? _("Sign In…") : _("Sign In Again…"), "connection.sign-in", connection);

      if (needed)
        gtk_widget_add_css_class (button, "suggested-action");
      adw_action_row_add_suffix (row, button);
    }
  if (g_strcmp0 (connection->auth, "backend") == 0)
    adw_action_row_add_suffix (row, button_new (_("Copy Public Key"), "connection.copy-key", connection));
}

static void
add_server (GtkWidget *group, const RoundsConnectionFacts *facts)
{
  g_autofree char *server = NULL, *all = NULL;
  g_auto (GStrv) abilities = NULL;

  if (facts->connection->fhir_url == NULL)
    return;
  if (facts->profile == NULL)
    {
      add_row (group, _("Server"), _("Not tried yet"), NULL, ROUNDS_TONE_PLAIN);
      return;
    }
  server = rounds_profile_words_server (facts->profile);
  abilities = rounds_profile_words_abilities (facts->profile);
  all = g_strjoinv ("\n", abilities);
  add_row (group, server, all, "object-select-symbolic", ROUNDS_TONE_PLAIN);
  for (guint i = 0; facts->profile->warnings != NULL && facts->profile->warnings[i] != NULL; i++)
    add_row (group, facts->profile->warnings[i], NULL, "dialog-warning-symbolic", ROUNDS_TONE_LOOK);
}

static void
add_busy (GtkWidget *group, const RoundsConnection *connection, RoundsConnectionBusy busy)
{
  gboolean browser = busy == ROUNDS_CONNECTION_SIGNING_IN;
  AdwActionRow *row = add_row (group, browser ? _("Waiting for the browser…") : _("Asking the server…"),
                               browser ? _("Sign in at the server’s page; come back here when it says so.")
                                       : _("It is asked what it can do, and one test record is written and deleted."),
                               NULL, ROUNDS_TONE_PLAIN);

  adw_action_row_add_prefix (row, adw_spinner_new ());
  if (browser)
    {
      GtkWidget *copy = gtk_button_new_from_icon_name ("edit-copy-symbolic");

      gtk_widget_set_valign (copy, GTK_ALIGN_CENTER);
      gtk_widget_add_css_class (copy, "flat");
      gtk_widget_set_tooltip_text (copy, _("Copy the address, if no browser opened"));
      gtk_actionable_set_action_name (GTK_ACTIONABLE (copy), "connection.copy-address");
      gtk_actionable_set_action_target (GTK_ACTIONABLE (copy), "s", connection->name);
      adw_action_row_add_suffix (row, copy);
    }
  adw_action_row_add_suffix (row, button_new (_("Cancel"), "connection.cancel", connection));
}

static void
add_buttons (GtkWidget *group, const RoundsConnectionFacts *facts, RoundsConnectionBusy busy, gboolean may_configure)
{
  const RoundsConnection *connection = facts->connection;
  GtkWidget *row = adw_preferences_row_new (), *wrap = adw_wrap_box_new ();

  adw_wrap_box_set_child_spacing (ADW_WRAP_BOX (wrap), 8);
  adw_wrap_box_set_line_spacing (ADW_WRAP_BOX (wrap), 8);
  gtk_widget_set_margin_top (wrap, 8);
  gtk_widget_set_margin_bottom (wrap, 8);
  gtk_widget_set_margin_start (wrap, 12);
  gtk_widget_set_margin_end (wrap, 12);
  if (connection->fhir_url != NULL && busy == ROUNDS_CONNECTION_AT_REST)
    adw_wrap_box_append (ADW_WRAP_BOX (wrap), button_new (_("Try Connection"), "connection.try", connection));
  if (may_configure)
    {
      adw_wrap_box_append (ADW_WRAP_BOX (wrap), button_new (_("Edit…"), "connection.edit", connection));
      if (g_strcmp0 (connection->auth, "backend") == 0)
        adw_wrap_box_append (ADW_WRAP_BOX (wrap), button_new (_("New Key…"), "connection.new-key", connection));
      if (g_strcmp0 (connection->auth, "smart") == 0 && facts->sign_in == ROUNDS_SIGN_IN_DONE)
        adw_wrap_box_append (ADW_WRAP_BOX (wrap), button_new (_("Sign Out"), "connection.sign-out", connection));
      adw_wrap_box_append (ADW_WRAP_BOX (wrap), button_new (_("Remove…"), "connection.remove", connection));
    }
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), connection->name);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), FALSE);
  gtk_widget_set_focusable (row, FALSE);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), wrap);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), row);
}

GtkWidget *
rounds_connection_card_new (const RoundsConnectionFacts *facts, RoundsConnectionBusy busy, const char *error,
                            gboolean may_configure)
{
  const RoundsConnection *connection = facts->connection;
  GtkWidget *group = adw_preferences_group_new ();
  g_autofree char *title = g_markup_escape_text (connection->name, -1);

  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (group), title);
  if (connection->fhir_url != NULL)
    add_row (group, _("Records (FHIR)"), connection->fhir_url, NULL, ROUNDS_TONE_PLAIN);
  if (connection->dicomweb_url != NULL)
    add_row (group, _("Images (DICOMweb)"), connection->dicomweb_url, NULL, ROUNDS_TONE_PLAIN);
  add_sign_in (group, facts);
  for (guint i = 0; facts->warnings != NULL && facts->warnings[i] != NULL; i++)
    add_row (group, facts->warnings[i], NULL, "dialog-warning-symbolic", ROUNDS_TONE_LOOK);
  if (error != NULL)
    add_row (group, error, _("Nothing was changed. What waits to be sent goes on waiting."), "dialog-error-symbolic",
             ROUNDS_TONE_ACT);
  else if (busy == ROUNDS_CONNECTION_AT_REST)
    add_server (group, facts);
  if (busy != ROUNDS_CONNECTION_AT_REST)
    add_busy (group, connection, busy);
  add_buttons (group, facts, busy, may_configure);
  return group;
}
