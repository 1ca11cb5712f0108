/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The first thing that is seen, and what is left to see after a lock: who, a passphrase, a button. Nothing
 * of a patient is shown here. The key derivation takes about a second and runs in a worker; the field is
 * emptied as soon as its text is taken over into locked memory.
 */

#include "app/unlock-page.h"

#include "app/set-aside.h"
#include "import/demo.h"

#include <glib/gi18n-lib.h>

struct _RoundsUnlockPage {
  AdwBin parent_instance;

  GtkStack *forms;
  AdwActionRow *who_row;
  AdwPasswordEntryRow *passphrase_row;
  GtkLabel *error_label;
  GtkButton *unlock_button;
  GtkButton *keyring_button;
  GtkToggleButton *recovery_button;
  GtkWidget *aside_box;
  GtkLabel *aside_label;
  AdwEntryRow *name_row;
  AdwComboRow *role_row;
  AdwPasswordEntryRow *new_row;
  AdwPasswordEntryRow *again_row;
  GtkLabel *create_error_label;
  GtkButton *create_button;
  GtkLabel *key_label;
  GtkLabel *busy_label;
  GtkProgressBar *progress_bar;
  GtkLabel *state_label;
  GtkWidget *links;

  char *folder;
  RoundsSession *session;    /* waits for the recovery key to be noted */
  GCancellable *cancellable;
  const char *form;          /* where to go back to after a failure */
  gboolean by_keyring;       /* what is being tried */
  guint pulse;
};

enum {
  UNLOCKED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RoundsUnlockPage, rounds_unlock_page, ADW_TYPE_BIN)

static const RoundsRole offered_roles[] = {
  ROUNDS_ROLE_PHYSICIAN, ROUNDS_ROLE_RADIOLOGIST, ROUNDS_ROLE_NURSE, ROUNDS_ROLE_READ_ONLY,
  ROUNDS_ROLE_ADMINISTRATOR,
};

static const char *
role_label (RoundsRole role)
{
  switch (role)
    {
    case ROUNDS_ROLE_PHYSICIAN:
      return _("Physician");
    case ROUNDS_ROLE_RADIOLOGIST:
      return _("Radiologist");
    case ROUNDS_ROLE_NURSE:
      return _("Nurse");
    case ROUNDS_ROLE_READ_ONLY:
      return _("Read only");
    case ROUNDS_ROLE_ADMINISTRATOR:
      return _("Administrator");
    default:
      return "";
    }
}

static void
show_error (GtkLabel *label, const char *text)
{
  gtk_label_set_label (label, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (label), text != NULL);
  if (text != NULL)
    gtk_accessible_announce (GTK_ACCESSIBLE (label), text, GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_HIGH);
}

static RoundsSecret *
take_text (AdwPasswordEntryRow *row)
{
  char *text = g_strdup (gtk_editable_get_text (GTK_EDITABLE (row)));

  gtk_editable_set_text (GTK_EDITABLE (row), "");
  return rounds_secret_new_take_text (text);
}

static void
set_busy (RoundsUnlockPage *self, const char *text)
{
  self->form = gtk_stack_get_visible_child_name (self->forms);
  if (g_strcmp0 (self->form, "busy") == 0)
    self->form = "unlock";
  gtk_label_set_label (self->busy_label, text);
  gtk_progress_bar_set_fraction (self->progress_bar, 0);
  gtk_stack_set_visible_child_name (self->forms, "busy");
  gtk_widget_set_sensitive (self->links, FALSE);
}

static gboolean
pulse_cb (gpointer user_data)
{
  gtk_progress_bar_pulse (ROUNDS_UNLOCK_PAGE (user_data)->progress_bar);
  return G_SOURCE_CONTINUE;
}

/* How long is not known. */
static void
set_busy_for_long (RoundsUnlockPage *self, const char *text)
{
  set_busy (self, text);
  if (self->pulse == 0)
    self->pulse = g_timeout_add (250, pulse_cb, self);
}

static void
finish (RoundsUnlockPage *self, RoundsSession *session)
{
  gtk_widget_set_sensitive (self->links, TRUE);
  gtk_label_set_label (self->key_label, "");
  gtk_label_set_label (self->aside_label, "");
  g_signal_emit (self, signals[UNLOCKED], 0, session);
  rounds_unlock_page_set_folder (self, self->folder);
}

static void
show_failure (RoundsUnlockPage *self, const GError *error)
{
  g_autofree char *words = NULL;
  gboolean asks_again = g_error_matches (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_WRONG) ||
                        g_error_matches (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_THROTTLED);

  if (self->by_keyring && error->domain == ROUNDS_VAULT_ERROR)
    words = g_strdup_printf (_("%s. The passphrase and the recovery key open your records as before."), error->message);
  if (g_error_matches (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DAMAGED))
    gtk_widget_set_visible (self->aside_box, TRUE);
  else if (!asks_again)
    gtk_widget_set_visible (self->aside_box, FALSE);
  show_error (g_strcmp0 (self->form, "create") == 0 ? self->create_error_label : self->error_label,
              words != NULL ? words : error->message);
  gtk_widget_grab_focus (GTK_WIDGET (self->passphrase_row));
}

static void
opened_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsUnlockPage) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsSession) session = rounds_session_open_finish (result, &error);
  g_autoptr (RoundsSecret) recovery = NULL;

  g_clear_handle_id (&self->pulse, g_source_remove);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  gtk_widget_set_sensitive (self->links, TRUE);
  if (session == NULL)
    {
      gtk_stack_set_visible_child_name (self->forms, self->form);
      show_failure (self, error);
      return;
    }

  recovery = rounds_session_take_recovery_key (session);
  if (recovery == NULL && rounds_session_get_set_aside (session) == NULL)
    {
      finish (self, session);
      return;
    }
  if (recovery != NULL)
    gtk_label_set_label (self->key_label, (const char *) rounds_secret_get (recovery, NULL));
  else
    gtk_label_set_label (self->aside_label, rounds_session_get_set_aside (session));
  gtk_stack_set_visible_child_name (self->forms, recovery != NULL ? "recovery" : "aside");
  gtk_widget_set_sensitive (self->links, FALSE);
  g_set_object (&self->session, session);
}

static void
unlock_activated_cb (RoundsUnlockPage *self)
{
  g_autoptr (RoundsSecret) secret = NULL;
  gsize size = 0;

  secret = take_text (self->passphrase_row);
  rounds_secret_get (secret, &size);
  if (size == 0)
    {
      gtk_widget_grab_focus (GTK_WIDGET (self->passphrase_row));
      return;
    }
  show_error (self->error_label, NULL);
  self->by_keyring = FALSE;
  set_busy (self, _("Opening…"));
  rounds_session_open_async (self->folder, secret, gtk_toggle_button_get_active (self->recovery_button),
                             self->cancellable, opened_cb, g_object_ref (self));
}

static void
keyring_clicked_cb (RoundsUnlockPage *self)
{
  show_error (self->error_label, NULL);
  self->by_keyring = TRUE;
  set_busy_for_long (self, _("Asking the desktop’s keyring…"));
  rounds_session_open_with_keyring_async (self->folder, self->cancellable, opened_cb, g_object_ref (self));
}

static void
set_aside_agreed_cb (RoundsSecret *secret, gboolean is_recovery, gpointer user_data)
{
  RoundsUnlockPage *self = user_data;

  show_error (self->error_label, NULL);
  self->by_keyring = FALSE;
  set_busy_for_long (self, _("Saving what can be read of the damaged cache…"));
  rounds_session_set_aside_async (self->folder, secret, is_recovery, self->cancellable, opened_cb, g_object_ref (self));
}

static void
aside_clicked_cb (RoundsUnlockPage *self)
{
  rounds_set_aside_ask (GTK_WIDGET (self), self->folder, gtk_toggle_button_get_active (self->recovery_button),
                        set_aside_agreed_cb, g_object_ref (self), g_object_unref);
}

static void
recovery_toggled_cb (RoundsUnlockPage *self)
{
  gboolean recovery = gtk_toggle_button_get_active (self->recovery_button);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->passphrase_row),
                                 recovery ? _("Recovery key") : _("Passphrase"));
  gtk_widget_grab_focus (GTK_WIDGET (self->passphrase_row));
}

static void
create_activated_cb (RoundsUnlockPage *self)
{
  g_autofree char *name = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->name_row))));
  const char *first = gtk_editable_get_text (GTK_EDITABLE (self->new_row));
  const char *again = gtk_editable_get_text (GTK_EDITABLE (self->again_row));
  g_autoptr (RoundsSecret) secret = NULL;
  RoundsRole role = offered_roles[MIN (adw_combo_row_get_selected (self->role_row),
                                       G_N_ELEMENTS (offered_roles) - 1)];

  if (*name == '\0')
    {
      show_error (self->create_error_label, _("Your name is missing: it stands beside every change you make."));
      gtk_widget_grab_focus (GTK_WIDGET (self->name_row));
      return;
    }
  if (g_utf8_strlen (first, -1) < 8)
    {
      show_error (self->create_error_label, _("The passphrase is shorter than 8 characters."));
      gtk_widget_grab_focus (GTK_WIDGET (self->new_row));
      return;
    }
  if (strcmp (first, again) != 0)
    {
      show_error (self->create_error_label, _("The two passphrases differ."));
      gtk_widget_grab_focus (GTK_WIDGET (self->again_row));
      return;
    }
  secret = take_text (self->new_row);
  gtk_editable_set_text (GTK_EDITABLE (self->again_row), "");
  show_error (self->create_error_label, NULL);
  self->by_keyring = FALSE;
  set_busy (self, _("Making the encrypted cache…"));
  rounds_session_create_async (self->folder, name, role, secret, self->cancellable, opened_cb,
                               g_object_ref (self));
}

/* The recovery key was noted, or what was saved was read. */
static void
recovery_noted_cb (RoundsUnlockPage *self)
{
  g_autoptr (RoundsSession) session = g_steal_pointer (&self->session);

  if (session != NULL)
    finish (self, session);
}

static void
demo_progressed_cb (double fraction, gpointer user_data)
{
  RoundsUnlockPage *self = user_data;

  gtk_progress_bar_set_fraction (self->progress_bar, fraction);
}

static void
demo_clicked_cb (RoundsUnlockPage *self)
{
  rounds_unlock_page_open_demo (self, NULL);
}

static void
rounds_unlock_page_map (GtkWidget *widget)
{
  RoundsUnlockPage *self = ROUNDS_UNLOCK_PAGE (widget);

  GTK_WIDGET_CLASS (rounds_unlock_page_parent_class)->map (widget);
  if (g_strcmp0 (gtk_stack_get_visible_child_name (self->forms), "create") == 0)
    gtk_widget_grab_focus (GTK_WIDGET (self->name_row));
  else
    gtk_widget_grab_focus (GTK_WIDGET (self->passphrase_row));
}

static void
rounds_unlock_page_dispose (GObject *object)
{
  RoundsUnlockPage *self = ROUNDS_UNLOCK_PAGE (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->pulse, g_source_remove);
  g_clear_object (&self->session);
  gtk_widget_dispose_template (GTK_WIDGET (self), ROUNDS_TYPE_UNLOCK_PAGE);
  G_OBJECT_CLASS (rounds_unlock_page_parent_class)->dispose (object);
}

static void
rounds_unlock_page_finalize (GObject *object)
{
  RoundsUnlockPage *self = ROUNDS_UNLOCK_PAGE (object);

  g_clear_object (&self->cancellable);
  g_free (self->folder);
  G_OBJECT_CLASS (rounds_unlock_page_parent_class)->finalize (object);
}

static void
rounds_unlock_page_class_init (RoundsUnlockPageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = rounds_unlock_page_dispose;
  object_class->finalize = rounds_unlock_page_finalize;
  widget_class->map = rounds_unlock_page_map;

  signals[UNLOCKED] = g_signal_new ("unlocked", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                    G_TYPE_NONE, 1, ROUNDS_TYPE_SESSION);

  gtk_widget_class_set_template_from_resource (widget_class, ROUNDS_RESOURCE_BASE "/ui/app/unlock-page.ui");
  gtk_widget_class_bind_template_child (widget_class, RoundsUnlockPage, forms);
  gtk_widget_class_bind_template_child (widget_class, RoundsUnlockPage, who_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsUnlockPage, passphrase_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsUnlockPage, error_label);
  gtk_widget_class_bind_template_child (widget_class, RoundsUnlockPage, unlock_button);
  gtk_widget_class_bind_template_child (widget_class, RoundsUnlockPage, recovery_button);
  gtk_widget_class_bind_template_child (widget_class, RoundsUnlockPage, aside_label);
  gtk_widget_class_bind_template_child (widget_class, RoundsUnlockPage, aside_box);
  gtk_widget_class_bind_template_child (widget_class, RoundsUnlockPage, keyring_button);
  gtk_widget_class_bind_template_child (widget_class, RoundsUnlockPage, name_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsUnlockPage, role_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsUnlockPage, new_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsUnlockPage, again_row);
  gtk_widget_class_bind_template_child (widget_class, RoundsUnlockPage, create_error_label);
  gtk_widget_class_bind_template_child (widget_class, RoundsUnlockPage, create_button);
  gtk_widget_class_bind_template_child (widget_class, RoundsUnlockPage, key_label);
  gtk_widget_class_bind_template_child (widget_class, RoundsUnlockPage, busy_label);
  gtk_widget_class_bind_template_child (widget_class, RoundsUnlockPage, progress_bar);
  gtk_widget_class_bind_template_child (widget_class, RoundsUnlockPage, state_label);
  gtk_widget_class_bind_template_child (widget_class, RoundsUnlockPage, links);
  gtk_widget_class_bind_template_callback (widget_class, unlock_activated_cb);
  gtk_widget_class_bind_template_callback (widget_class, keyring_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, aside_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, recovery_toggled_cb);
  gtk_widget_class_bind_template_callback (widget_class, create_activated_cb);
  gtk_widget_class_bind_template_callback (widget_class, recovery_noted_cb);
  gtk_widget_class_bind_template_callback (widget_class, demo_clicked_cb);
}

static void
rounds_unlock_page_init (RoundsUnlockPage *self)
{
  g_autoptr (GtkStringList) roles = gtk_string_list_new (NULL);

  gtk_widget_init_template (GTK_WIDGET (self));
  self->cancellable = g_cancellable_new ();
  self->form = "unlock";
  for (gsize i = 0; i < G_N_ELEMENTS (offered_roles); i++)
    gtk_string_list_append (roles, role_label (offered_roles[i]));
  adw_combo_row_set_model (self->role_row, G_LIST_MODEL (roles));
}

void
rounds_unlock_page_set_folder (RoundsUnlockPage *self, const char *folder)
{
  g_autoptr (RoundsVault) vault = NULL;
  g_autoptr (GError) error = NULL;

  g_return_if_fail (ROUNDS_IS_UNLOCK_PAGE (self));
  g_return_if_fail (folder != NULL);

  if (folder != self->folder)
    {
      g_free (self->folder);
      self->folder = g_strdup (folder);
    }
  show_error (self->error_label, NULL);
  show_error (self->create_error_label, NULL);
  gtk_widget_set_visible (self->aside_box, FALSE);
  gtk_widget_set_visible (GTK_WIDGET (self->keyring_button), FALSE);

  vault = rounds_vault_open (self->folder, &error);
  if (vault != NULL)
    {
      adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->who_row), rounds_vault_get_name (vault));
      adw_action_row_set_subtitle (self->who_row, role_label (rounds_vault_get_role (vault)));
      gtk_widget_set_visible (GTK_WIDGET (self->keyring_button), rounds_vault_may_unlock_with_keyring (vault));
      gtk_stack_set_visible_child_name (self->forms, "unlock");
    }
  else if (g_error_matches (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_MISSING))
    gtk_stack_set_visible_child_name (self->forms, "create");
  else
    {
      gtk_stack_set_visible_child_name (self->forms, "unlock");
      show_error (self->error_label, error->message);
    }
}

void
rounds_unlock_page_open_demo (RoundsUnlockPage *self, const char *folder)
{
  g_autofree char *fallback = NULL;

  g_return_if_fail (ROUNDS_IS_UNLOCK_PAGE (self));

  if (folder == NULL)
    folder = fallback = rounds_demo_default_folder ();
  set_busy (self, _("Preparing the demo ward…"));
  rounds_session_open_demo_async (folder, demo_progressed_cb, self, self->cancellable, opened_cb,
                                  g_object_ref (self));
}

void
rounds_unlock_page_set_state (RoundsUnlockPage *self, const char *text)
{
  g_return_if_fail (ROUNDS_IS_UNLOCK_PAGE (self));

  gtk_label_set_label (self->state_label, text != NULL ? text : "");
}
