/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Starts windows and holds what is the same in all of them. An application of its own folder per profile is
 * not unique on the bus: two clinicians on one workstation are two processes.
 */

#include "app/application.h"

#include "app/window.h"
#include "kit/kit.h"

#include <glib/gi18n-lib.h>

struct _RoundsApplication {
  AdwApplication parent_instance;

  char *folder;
  char *demo_folder;
  gboolean demo;
};

G_DEFINE_FINAL_TYPE (RoundsApplication, rounds_application, ADW_TYPE_APPLICATION)

static void
about_activated_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  static const char *developers[] = { "The Rounds developers", NULL };
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (user_data));

  adw_show_about_dialog (GTK_WIDGET (window),
                         "application-name", _("Rounds"),
                         "application-icon", ROUNDS_APP_ID,
                         "version", ROUNDS_VERSION,
                         "developers", developers,
                         "license-type", GTK_LICENSE_GPL_3_0,
                         "comments", _("Charts, scans and vitals of one patient in one window. "
                                       "Enhanced images are not for primary diagnosis."),
                         "translator-credits", _("translator-credits"),
                         NULL);
}

static char *
help_path (void)
{
  const char *override = g_getenv ("ROUNDS_HELP_DIR");

  return g_build_filename (override != NULL ? override : ROUNDS_PKGDATADIR "/help", "index.html", NULL);
}

static void
help_launched_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!gtk_file_launcher_launch_finish (GTK_FILE_LAUNCHER (source), result, &error) &&
      !g_error_matches (error, GTK_DIALOG_ERROR, GTK_DIALOG_ERROR_DISMISSED))
    g_warning ("the help could not be opened: %s", error->message);
}

static void
help_activated_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  g_autofree char *path = help_path ();
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GtkFileLauncher) launcher = gtk_file_launcher_new (file);

  gtk_file_launcher_launch (launcher, gtk_application_get_active_window (GTK_APPLICATION (user_data)), NULL,
                            help_launched_cb, NULL);
}

static void
quit_activated_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  GList *windows = gtk_application_get_windows (GTK_APPLICATION (user_data));

  while (windows != NULL)
    {
      GList *next = windows->next;

      gtk_window_close (windows->data);
      windows = next;
    }
}

static const GActionEntry app_actions[] = {
  { .name = "about", .activate = about_activated_cb },
  { .name = "help", .activate = help_activated_cb },
  { .name = "quit", .activate = quit_activated_cb },
};

static const struct {
  const char *action;
  const char *accels[3];
} keys[] = {
  { "app.quit", { "<Control>q" } },
  { "app.help", { "F1" } },
  { "win.find-patient", { "<Control>f" } },
  { "win.new-patient", { "<Control><Shift>n" } },
  { "win.palette", { "<Control>k" } },
  { "win.page::summary", { "<Control>1" } },
  { "win.page::chart", { "<Control>2" } },
  { "win.page::scans", { "<Control>3" } },
  { "win.page::vitals", { "<Control>4" } },
  { "win.show-sync", { "<Control><Shift>s" } },
  { "win.show-connections", { "<Control><Shift>c" } },
  { "win.sync", { "<Control>r" } },
  { "win.import", { "<Control>o" } },
  { "win.lock", { "<Control>l" } },
  { "win.toggle-sidebar", { "F9" } },
  { "win.fullscreen", { "F11" } },
  { "win.show-shortcuts", { "<Control>question" } },
  { "window.close", { "<Control>w" } },
};

static void
rounds_application_startup (GApplication *application)
{
  G_APPLICATION_CLASS (rounds_application_parent_class)->startup (application);
  rounds_kit_init ();

  g_action_map_add_action_entries (G_ACTION_MAP (application), app_actions, G_N_ELEMENTS (app_actions), application);
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    gtk_application_set_accels_for_action (GTK_APPLICATION (application), keys[i].action, keys[i].accels);
  gtk_window_set_default_icon_name (ROUNDS_APP_ID);
}

static RoundsWindow *
ensure_window (RoundsApplication *self)
{
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (self));

  if (window != NULL)
    return ROUNDS_WINDOW (window);
  window = GTK_WINDOW (rounds_window_new (GTK_APPLICATION (self), self->folder));
  if (self->demo)
    rounds_window_open_demo (ROUNDS_WINDOW (window), self->demo_folder);
  return ROUNDS_WINDOW (window);
}

static void
rounds_application_activate (GApplication *application)
{
  gtk_window_present (GTK_WINDOW (ensure_window (ROUNDS_APPLICATION (application))));
}

static void
rounds_application_open (GApplication *application, GFile **files, int n_files, const char *hint)
{
  RoundsWindow *window = ensure_window (ROUNDS_APPLICATION (application));
  g_autoptr (GStrvBuilder) paths = g_strv_builder_new ();
  g_auto (GStrv) list = NULL;

  for (int i = 0; i < n_files; i++)
    if (g_file_peek_path (files[i]) != NULL)
      g_strv_builder_add (paths, g_file_peek_path (files[i]));
  list = g_strv_builder_end (paths);
  gtk_window_present (GTK_WINDOW (window));
  rounds_window_import (window, (const char *const *) list);
}

static int
rounds_application_handle_local_options (GApplication *application, GVariantDict *options)
{
  RoundsApplication *self = ROUNDS_APPLICATION (application);
  g_autofree char *profile = NULL;

  if (g_variant_dict_contains (options, "version"))
    {
      g_print ("rounds %s\n", ROUNDS_VERSION);
      return 0;
    }
  g_variant_dict_lookup (options, "demo", "b", &self->demo);
  if (g_variant_dict_lookup (options, "profile", "^ay", &profile))
    {
      g_autoptr (GFile) file = g_file_new_for_commandline_arg (profile);

      g_free (self->folder);
      self->folder = g_file_get_path (file);
      if (self->demo)
        self->demo_folder = g_strdup (self->folder);
    }
  return -1;
}

static void
rounds_application_finalize (GObject *object)
{
  RoundsApplication *self = ROUNDS_APPLICATION (object);

  g_free (self->folder);
  g_free (self->demo_folder);
  G_OBJECT_CLASS (rounds_application_parent_class)->finalize (object);
}

static void
rounds_application_class_init (RoundsApplicationClass *klass)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = rounds_application_finalize;
  application_class->startup = rounds_application_startup;
  application_class->activate = rounds_application_activate;
  application_class->open = rounds_application_open;
  application_class->handle_local_options = rounds_application_handle_local_options;
}

static const GOptionEntry option_entries[] = {
  { "demo", 0, 0, G_OPTION_ARG_NONE, NULL, N_("Open the demo ward (synthetic patients)"), NULL },
  { "profile", 0, 0, G_OPTION_ARG_FILENAME, NULL, N_("The account’s folder"), N_("DIR") },
  { "version", 0, 0, G_OPTION_ARG_NONE, NULL, N_("Print the version"), NULL },
  { NULL },
};

static void
rounds_application_init (RoundsApplication *self)
{
  self->folder = rounds_vault_default_folder ();
  g_application_add_main_option_entries (G_APPLICATION (self), option_entries);
}

RoundsApplication *
rounds_application_new (void)
{
  return g_object_new (ROUNDS_TYPE_APPLICATION,
                       "application-id", ROUNDS_APP_ID,
                       "resource-base-path", ROUNDS_RESOURCE_BASE,
                       "flags", G_APPLICATION_HANDLES_OPEN | G_APPLICATION_NON_UNIQUE,
                       NULL);
}
