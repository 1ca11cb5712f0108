/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The form of a connection. What most people need stands on top; certificates, pins and scopes are folded away.
 * It contacts nobody: the page tries the connection once it is saved. */

#include "app/connection-form.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "kit/kit.h"

#define MAX_PEM_BYTES (64 * 1024)

/* In the order of the list. */
static const char *const ways[] = { "none", "basic", "bearer", "smart", "backend" };

struct _RoundsConnectionForm {
  AdwBin parent_instance;

  GtkLabel *title_label, *error_label, *way_label;
  AdwEntryRow *name_row, *fhir_row, *dicomweb_row;
  AdwComboRow *way_row;
  AdwEntryRow *user_row, *client_row, *scope_row, *pins_row;
  AdwPasswordEntryRow *password_row;
  AdwActionRow *certificate_row, *key_row, *ca_row;
  AdwExpanderRow *more_row;
  GtkWidget *save_button;

  RoundsStore *store;
  GCancellable *cancellable;
  char *old_name;           /* of the one that is edited, or NULL */
  char *client_cert;        /* PEM */
  RoundsSecret *client_key;
  char *ca_pem, *ca_file;
};

enum {
  SAVED,
  CANCELLED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RoundsConnectionForm, rounds_connection_form, ADW_TYPE_BIN)

static void
show_error (RoundsConnectionForm *self, const char *text)
{
  gtk_label_set_label (self->error_label, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->error_label), text != NULL);
}

/* --- files -------------------------------------------------------------------------------------------- */

static void
show_files (RoundsConnectionForm *self)
{
  g_autofree char *ca = self->ca_file != NULL ? g_path_get_basename (self->ca_file) : NULL;

  adw_action_row_set_subtitle (self->certificate_row, self->client_cert != NULL ? _("given") : _("none"));
  adw_action_row_set_subtitle (self->key_row, self->client_key != NULL    ? _("given")
                                              : self->client_cert != NULL && self->old_name != NULL
                                                  ? _("the one that was given before")
                                                  : _("none"));
  adw_action_row_set_subtitle (self->ca_row, ca != NULL ? ca : self->ca_pem != NULL ? _("given") : _("those of the system"));
}

typedef struct {
  RoundsConnectionForm *form;
  AdwActionRow *row;    /* borrowed from the form */
} Choosing;

static void
take_file (RoundsConnectionForm *self, AdwActionRow *row, GFile *file, char *text)
{
  g_autofree char *owned = text;

  if (row == self->ca_row)
    {
      g_free (self->ca_file);
      self->ca_file = g_file_get_path (file);
    }
  else if (row == self->certificate_row)
    {
      g_free (self->client_cert);
      self->client_cert = g_steal_pointer (&owned);
    }
  else
    {
      g_clear_pointer (&self->client_key, rounds_secret_unref);
      self->client_key = rounds_secret_new_take_text (g_steal_pointer (&owned));
    }
  show_files (self);
}

static void
file_read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Choosing *choosing = user_data;
  g_autoptr (RoundsConnectionForm) self = choosing->form;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);
  GFile *file = g_object_get_data (source, "file");
  gsize size = 0;
  const char *text = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;

  if (self->store == NULL)
    return;
  if (bytes == NULL)
    show_error (self, error->message);
  else if (size >= MAX_PEM_BYTES || g_strstr_len (text, (gssize) size, "-----BEGIN ") == NULL)
    show_error (self, _("This is no PEM file: it does not hold “-----BEGIN”."));
  else
    {
      show_error (self, NULL);
      take_file (self, choosing->row, file, g_strndup (text, size));
    }
}

static void
file_opened_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Choosing *choosing = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GFileInputStream) stream = g_file_read_finish (G_FILE (source), result, &error);

  if (stream == NULL)
    {
      show_error (choosing->form, error->message);
      g_object_unref (choosing->form);
      g_free (choosing);
      return;
    }
  g_object_set_data_full (G_OBJECT (stream), "file", g_object_ref (source), g_object_unref);
  g_input_stream_read_bytes_async (G_INPUT_STREAM (stream), MAX_PEM_BYTES, G_PRIORITY_DEFAULT,
                                   choosing->form->cancellable, file_read_cb, choosing);
}

static void
file_chosen_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Choosing *choosing = user_data;
  g_autoptr (GFile) file = gtk_file_dialog_open_finish (GTK_FILE_DIALOG (source), result, NULL);

  if (file == NULL)
    {
      g_object_unref (choosing->form);
      g_free (choosing);
      return;
    }
  g_file_read_async (file, G_PRIORITY_DEFAULT, choosing->form->cancellable, file_opened_cb, choosing);
}

static void
choose_clicked_cb (GtkWidget *button, RoundsConnectionForm *self)
{
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();
  Choosing *choosing = g_new0 (Choosing, 1);

  choosing->form = g_object_ref (self);
  choosing->row = ADW_ACTION_ROW (gtk_widget_get_ancestor (button, ADW_TYPE_ACTION_ROW));
  gtk_file_dialog_set_title (dialog, adw_preferences_row_get_title (ADW_PREFERENCES_ROW (choosing->row)));
  gtk_file_dialog_open (dialog, GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), self->cancellable, file_chosen_cb,
                        choosing);
}

static void
forget_clicked_cb (GtkWidget *button, RoundsConnectionForm *self)
{
  AdwActionRow *row = ADW_ACTION_ROW (gtk_widget_get_ancestor (button, ADW_TYPE_ACTION_ROW));

  if (row == self->ca_row)
    {
      g_clear_pointer (&self->ca_file, g_free);
      g_clear_pointer (&self->ca_pem, g_free);
    }
  else
    {
      /* A certificate is nothing without its key, and the other way round. */
      g_clear_pointer (&self->client_cert, g_free);
      g_clear_pointer (&self->client_key, rounds_secret_unref);
    }
  show_files (self);
}

/* --- saving ------------------------------------------------------------------------------------------- */

typedef struct {
  RoundsConnection *connection;
  RoundsSecret *secret;
  char *old_name;
} Saving;

static void
saving_free (Saving *self)
{
  rounds_connection_free (self->connection);
  g_clear_pointer (&self->secret, rounds_secret_unref);
  g_free (self->old_name);
  g_free (self);
}

static gpointer
save_work (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  Saving *saving = data;

  if (saving->old_name != NULL && strcmp (saving->old_name, saving->connection->name) != 0 &&
      !rounds_connection_rename (store, saving->old_name, saving->connection->name, error))
    return NULL;
  if (!rounds_connection_save (store, saving->connection, saving->secret, error))
    {
      /* The old name comes back with the old settings. */
      if (saving->old_name != NULL && strcmp (saving->old_name, saving->connection->name) != 0)
        rounds_connection_rename (store, saving->connection->name, saving->old_name, NULL);
      return NULL;
    }
  return g_strdup (saving->connection->name);
}

static void
saved_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsConnectionForm) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *name = rounds_store_run_finish (ROUNDS_STORE (source), result, &error);

  if (self->store != (RoundsStore *) source)
    return;
  gtk_widget_set_sensitive (self->save_button, TRUE);
  if (name == NULL)
    show_error (self, error->message);
  else
    g_signal_emit (self, signals[SAVED], 0, name);
}

static char *
text_of (gpointer row)
{
  char *text = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (row))));

  if (*text == '\0')
    g_clear_pointer (&text, g_free);
  return text;
}

static const char *
way_of (RoundsConnectionForm *self)
{
  return ways[MIN (adw_combo_row_get_selected (self->way_row), G_N_ELEMENTS (ways) - 1)];
}

static gboolean
is_complete (RoundsConnectionForm *self, const RoundsConnection *connection)
{
  const char *what = NULL;
  gpointer row = NULL;

  if (connection->name == NULL)
    what = _("The connection needs a name."), row = self->name_row;
  else if (connection->fhir_url == NULL && connection->dicomweb_url == NULL)
    what = _("The connection needs an address for records or for images."), row = self->fhir_row;
  else if (strcmp (connection->auth, "basic") == 0 && connection->user == NULL)
    what = _("Signing in with a password needs a user."), row = self->user_row;
  else if ((strcmp (connection->auth, "smart") == 0 || strcmp (connection->auth, "backend") == 0) &&
           connection->client_id == NULL)
    what = _("The server’s administrator gives you a client id; it is needed here."), row = self->client_row;
  show_error (self, what);
  if (what != NULL)
    gtk_widget_grab_focus (GTK_WIDGET (row));
  return what == NULL;
}

static void
save_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RoundsConnectionForm *self = ROUNDS_CONNECTION_FORM (widget);
  g_autofree char *given = text_of (self->name_row);
  Saving *saving = NULL;
  RoundsConnection *connection = NULL;
  const char *way = way_of (self), *secret = gtk_editable_get_text (GTK_EDITABLE (self->password_row));

  if (self->store == NULL || !gtk_widget_get_sensitive (self->save_button))
    return;
  saving = g_new0 (Saving, 1);
  saving->old_name = g_strdup (self->old_name);
  saving->connection = connection = rounds_connection_new (given);
  connection->fhir_url = text_of (self->fhir_row);
  connection->dicomweb_url = text_of (self->dicomweb_row);
  g_free (connection->auth);
  connection->auth = g_strdup (way);
  connection->user = strcmp (way, "basic") == 0 ? text_of (self->user_row) : NULL;
  if (strcmp (way, "smart") == 0 || strcmp (way, "backend") == 0)
    {
      connection->client_id = text_of (self->client_row);
      connection->scope = text_of (self->scope_row);
    }
  connection->pins = text_of (self->pins_row);
  connection->ca_file = g_strdup (self->ca_file);
  connection->ca_pem = self->ca_file == NULL ? g_strdup (self->ca_pem) : NULL;
  connection->client_cert = g_strdup (self->client_cert);
  connection->client_key = self->client_key != NULL ? rounds_secret_ref (self->client_key) : NULL;
  if (!is_complete (self, connection))
    {
      saving_free (saving);
      return;
    }
  if (*secret != '\0' && (strcmp (way, "basic") == 0 || strcmp (way, "bearer") == 0))
    saving->secret = rounds_secret_new_take_text (g_strdup (secret));
  gtk_widget_set_sensitive (self->save_button, FALSE);
  rounds_store_run_async (self->store, save_work, saving, (GDestroyNotify) saving_free, g_free, self->cancellable,
                          saved_cb, g_object_ref (self));
}

static void
cancel_activated (GtkWidget *widget, const char *name, GVariant *parameter)
{
  g_signal_emit (widget, signals[CANCELLED], 0);
}

/* --- what is shown -------------------------------------------------------------------------------------- */

static void
way_changed_cb (RoundsConnectionForm *self)
{
  static const char *const words[] = {
    N_("The server asks for nothing: only for tests, or behind a certificate of this computer."),
    N_("A user and a password that the server’s administrator gave you. Kept in this account’s vault."),
    N_("A token that the server’s administrator gave you. Kept in this account’s vault."),
    N_("You sign in at the server’s own page, in your browser. Rounds never sees your password."),
    N_("This installation signs in by a key of its own, without a person. Its public half is registered at the server; "
       "copy it from the list once the connection is saved."),
  };
  const char *way = way_of (self);
  gboolean basic = strcmp (way, "basic") == 0, bearer = strcmp (way, "bearer") == 0;
  gboolean oauth = strcmp (way, "smart") == 0 || strcmp (way, "backend") == 0;

  gtk_label_set_label (self->way_label, _(words[MIN (adw_combo_row_get_selected (self->way_row), G_N_ELEMENTS (words) - 1)]));
  gtk_widget_set_visible (GTK_WIDGET (self->user_row), basic);
  gtk_widget_set_visible (GTK_WIDGET (self->password_row), basic || bearer);
  gtk_widget_set_visible (GTK_WIDGET (self->client_row), oauth);
  gtk_widget_set_visible (GTK_WIDGET (self->scope_row), oauth);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->password_row),
                                 self->old_name != NULL ? (bearer ? _("Token (empty: as before)")
                                                                  : _("Password (empty: as before)"))
                                                        : (bearer ? _("Token") : _("Password")));
}

static void
set_text (gpointer row, const char *text)
{
  gtk_editable_set_text (GTK_EDITABLE (row), text != NULL ? text : "");
}

void
rounds_connection_form_set_connection (RoundsConnectionForm *self, RoundsStore *store,
                                       const RoundsConnection *connection)
{
  guint way = 0;

  g_return_if_fail (ROUNDS_IS_CONNECTION_FORM (self));

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  g_set_object (&self->store, store);
  set_text (self->password_row, NULL);
  g_clear_pointer (&self->client_key, rounds_secret_unref);
  g_free (self->old_name);
  self->old_name = connection != NULL ? g_strdup (connection->name) : NULL;
  g_free (self->client_cert);
  self->client_cert = connection != NULL ? g_strdup (connection->client_cert) : NULL;
  g_free (self->ca_pem);
  self->ca_pem = connection != NULL ? g_strdup (connection->ca_pem) : NULL;
  g_free (self->ca_file);
  self->ca_file = connection != NULL ? g_strdup (connection->ca_file) : NULL;
  set_text (self->name_row, connection != NULL ? connection->name : NULL);
  set_text (self->fhir_row, connection != NULL ? connection->fhir_url : NULL);
  set_text (self->dicomweb_row, connection != NULL ? connection->dicomweb_url : NULL);
  set_text (self->user_row, connection != NULL ? connection->user : NULL);
  set_text (self->client_row, connection != NULL ? connection->client_id : NULL);
  set_text (self->scope_row, connection != NULL ? connection->scope : NULL);
  set_text (self->pins_row, connection != NULL ? connection->pins : NULL);
  for (guint i = 0; connection != NULL && i < G_N_ELEMENTS (ways); i++)
    if (g_strcmp0 (connection->auth, ways[i]) == 0)
      way = i;
  adw_combo_row_set_selected (self->way_row, way);
  adw_expander_row_set_expanded (self->more_row, self->client_cert != NULL || self->ca_pem != NULL ||
                                                     (connection != NULL && connection->pins != NULL));
  gtk_label_set_label (self->title_label, connection != NULL ? _("Edit Connection") : _("New Connection"));
  gtk_widget_set_sensitive (self->save_button, TRUE);
  show_error (self, NULL);
  way_changed_cb (self);
  show_files (self);
}

/* --- type ----------------------------------------------------------------------------------------------- */

static gboolean
rounds_connection_form_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (GTK_WIDGET (ROUNDS_CONNECTION_FORM (widget)->name_row));
}

static void
rounds_connection_form_dispose (GObject *object)
{
  RoundsConnectionForm *self = ROUNDS_CONNECTION_FORM (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->store);
  gtk_widget_dispose_template (GTK_WIDGET (self), ROUNDS_TYPE_CONNECTION_FORM);
  G_OBJECT_CLASS (rounds_connection_form_parent_class)->dispose (object);
}

static void
rounds_connection_form_finalize (GObject *object)
{
  RoundsConnectionForm *self = ROUNDS_CONNECTION_FORM (object);

  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->client_key, rounds_secret_unref);
  g_free (self->old_name);
  g_free (self->client_cert);
  g_free (self->ca_pem);
  g_free (self->ca_file);
  G_OBJECT_CLASS (rounds_connection_form_parent_class)->finalize (object);
}

static void
rounds_connection_form_class_init (RoundsConnectionFormClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = rounds_connection_form_dispose;
  G_OBJECT_CLASS (klass)->finalize = rounds_connection_form_finalize;
  widget_class->grab_focus = rounds_connection_form_grab_focus;
  signals[SAVED] = g_signal_new ("saved", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                 1, G_TYPE_STRING);
  signals[CANCELLED] = g_signal_new ("cancelled", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                     G_TYPE_NONE, 0);
  gtk_widget_class_install_action (widget_class, "form.save", NULL, save_activated);
  gtk_widget_class_install_action (widget_class, "form.cancel", NULL, cancel_activated);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Return, GDK_CONTROL_MASK, "form.save", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "form.cancel", NULL);

  gtk_widget_class_set_template_from_resource (widget_class, ROUNDS_RESOURCE_BASE "/ui/app/connection-form.ui");
  gtk_widget_class_bind_template_child (widget_class, RoundsConnectionForm, title_label);
  gtk_widget_class_bind_template_child (widget_class, RoundsConnectionForm, error_label);
  gtk_widget_class_bind_template_child (widget_class, RoundsConnectionForm, way_label);
  gtk_widget_class_bind_template_child (widget_class, RoundsConnectionForm, name_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsConnectionForm, fhir_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsConnectionForm, dicomweb_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsConnectionForm, way_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsConnectionForm, user_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsConnectionForm, client_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsConnectionForm, scope_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsConnectionForm, pins_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsConnectionForm, password_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsConnectionForm, certificate_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsConnectionForm, key_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsConnectionForm, ca_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsConnectionForm, more_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsConnectionForm, save_button);
  gtk_widget_class_bind_template_callback (widget_class, way_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, choose_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, forget_clicked_cb);
}

static void
rounds_connection_form_init (RoundsConnectionForm *self)
{
  static const char *const titles[] = { N_("No sign-in"), N_("User and password"), N_("Token"),
                                        N_("In the browser (SMART)"), N_("By this installation’s key (backend)") };
  g_autoptr (GtkStringList) list = gtk_string_list_new (NULL);

  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  for (gsize i = 0; i < G_N_ELEMENTS (titles); i++)
    gtk_string_list_append (list, _(titles[i]));
  adw_combo_row_set_model (self->way_row, G_LIST_MODEL (list));
  way_changed_cb (self);
}
