/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Starts windows and holds what is the same in all of them. An application of its own folder per profile is
 * not unique on the bus: two clinicians on one workstation are two processes.
 *
 * It also ends sessions. Freed memory still holds what was shown: names, notes, pixels, in GTK's, Cairo's and the
 * allocator's hands. So after a lock the program puts itself in its own place (execv): a new process image has
 * none of the old pages. Everything typed is in the cache by then.
 */

#include "app/application.h"

#include "app/lock-watch.h"
#include "app/window-private.h"
#include "kit/kit.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Says to the new image that it comes from a lock, and why. */
#define RELOCKED "ROUNDS_RELOCKED"

struct _RoundsApplication {
  AdwApplication parent_instance;

  char *folder;
  char *demo_folder;
  gboolean demo;
  char *profile;          /* as it was asked for, or NULL */
  char *program;          /* argv[0] */
  char *relocked;         /* why it was locked, when this image comes from a lock */
  RoundsLockWatch *watch;
  GSettings *settings;
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

/* --- lock ------------------------------------------------------------------------------------------- */

static char *
lock_words (RoundsLockReason reason, guint minutes)
{
  switch (reason)
    {
    case ROUNDS_LOCK_IDLE:
      return g_strdup_printf (
        ngettext ("Locked after %u minute without input", "Locked after %u minutes without input", minutes), minutes);
    case ROUNDS_LOCK_LONG:
      return g_strdup (_("Locked after 12 hours: unlock again to go on"));
    case ROUNDS_LOCK_SLEEP:
      return g_strdup (_("Locked before the computer went to sleep"));
    case ROUNDS_LOCK_SCREEN:
    default:
      return g_strdup (_("Locked with the screen"));
    }
}

static void
lock_cb (RoundsApplication *self, int reason)
{
  g_autofree char *words = lock_words (reason, g_settings_get_uint (self->settings, "idle-lock-minutes"));
  GList *windows = gtk_application_get_windows (GTK_APPLICATION (self));

  for (GList *at = windows; at != NULL; at = at->next)
    if (ROUNDS_IS_WINDOW (at->data))
      rounds_window_lock (at->data, words);
}

static void
watch_from_now (RoundsApplication *self)
{
  gint64 idle_us = (gint64) g_settings_get_uint (self->settings, "idle-lock-minutes") * 60 * G_USEC_PER_SEC;
  const char *sooner = g_getenv ("ROUNDS_IDLE_SECONDS");
  gint64 sooner_us = sooner != NULL ? g_ascii_strtoll (sooner, NULL, 10) * G_USEC_PER_SEC : 0;

  /* For tests; it can only make it sooner. */
  if (sooner_us > 0)
    idle_us = MIN (idle_us, sooner_us);
  if (self->watch != NULL)
    rounds_lock_watch_start (self->watch, idle_us, ROUNDS_LOCK_LONG_US);
}

static gboolean
is_anyone_in (RoundsApplication *self)
{
  for (GList *at = gtk_application_get_windows (GTK_APPLICATION (self)); at != NULL; at = at->next)
    if (ROUNDS_IS_WINDOW (at->data) && rounds_window_get_store (at->data) != NULL)
      return TRUE;
  return FALSE;
}

static void
system_bus_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RoundsApplication) self = user_data;
  g_autoptr (GDBusConnection) system = g_bus_get_finish (result, NULL);

  if (system != NULL)
    g_dbus_connection_set_exit_on_close (system, FALSE);
  self->watch = rounds_lock_watch_new (g_application_get_dbus_connection (G_APPLICATION (self)), system);
  g_signal_connect_object (self->watch, "lock", G_CALLBACK (lock_cb), self, G_CONNECT_SWAPPED);
  if (is_anyone_in (self))
    watch_from_now (self);
}

/* Does not come back when it works. */
static void
become_anew (RoundsApplication *self, const char *reason)
{
  const char *argv[] = { self->program != NULL ? self->program : "rounds", NULL, NULL, NULL, NULL };
  int n = 1;

  if (self->profile != NULL)
    {
      argv[n++] = "--profile";
      argv[n++] = self->profile;
    }
  if (self->demo)
    argv[n++] = "--demo";
  g_setenv (RELOCKED, reason != NULL ? reason : "", TRUE);
  /* The screen, the buses and the cache are opened anew; nothing of the old ones is left to inherit. */
  (void) syscall (SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC);
  execv ("/proc/self/exe", (char *const *) argv);
  g_unsetenv (RELOCKED);
}

typedef struct {
  RoundsApplication *application;
  GtkWindow *window;       /* only compared */
  char *reason;
} Ending;

static void
session_ended_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Ending *ending = user_data;
  g_autoptr (RoundsApplication) self = ending->application;
  g_autofree char *reason = ending->reason;
  GtkWindow *window = ending->window;
  gboolean stays = g_list_find (gtk_application_get_windows (GTK_APPLICATION (self)), window) != NULL;

  g_free (ending);
  /* A window that closes ends the program; and a second one goes on with its own session. */
  if (stays && !is_anyone_in (self))
    {
      become_anew (self, reason);
      g_warning ("the locked window could not start anew: %s", g_strerror (errno));
      rounds_unlock_page_set_state (ROUNDS_WINDOW (window)->unlock_page,
                                    _("Locked, but what was shown may still be in this computer’s memory: close Rounds "
                                      "before you leave."));
    }
  if (self->watch != NULL)
    rounds_lock_watch_let_sleep (self->watch);
  g_application_release (G_APPLICATION (self));
}

void
rounds_application_end_session (GtkApplication *application, GtkWindow *window, RoundsSession *session,
                                const char *reason)
{
  RoundsApplication *self = ROUNDS_APPLICATION (application);
  Ending *ending = g_new0 (Ending, 1);

  if (self->watch != NULL)
    rounds_lock_watch_stop (self->watch);
  ending->application = g_object_ref (self);
  ending->window = window;
  ending->reason = g_strdup (reason);
  g_application_hold (G_APPLICATION (self));
  rounds_session_close_async (session, session_ended_cb, ending);
}

static gboolean
touched_cb (RoundsApplication *self)
{
  if (self->watch != NULL)
    rounds_lock_watch_touch (self->watch);
  return GDK_EVENT_PROPAGATE;
}

/* --- type ------------------------------------------------------------------------------------------- */

static void
rounds_application_startup (GApplication *application)
{
  G_APPLICATION_CLASS (rounds_application_parent_class)->startup (application);
  rounds_kit_init ();
  ROUNDS_APPLICATION (application)->settings = g_settings_new (ROUNDS_APP_ID);
  g_bus_get (G_BUS_TYPE_SYSTEM, NULL, system_bus_cb, g_object_ref (application));

  g_action_map_add_action_entries (G_ACTION_MAP (application), app_actions, G_N_ELEMENTS (app_actions), application);
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    gtk_application_set_accels_for_action (GTK_APPLICATION (application), keys[i].action, keys[i].accels);
  gtk_window_set_default_icon_name (ROUNDS_APP_ID);
}

static RoundsWindow *
ensure_window (RoundsApplication *self)
{
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (self));
  GtkEventController *input = NULL;

  if (window != NULL)
    return ROUNDS_WINDOW (window);
  window = GTK_WINDOW (rounds_window_new (GTK_APPLICATION (self), self->folder));
  input = gtk_event_controller_legacy_new ();
  gtk_event_controller_set_propagation_phase (input, GTK_PHASE_CAPTURE);
  g_signal_connect_object (input, "event", G_CALLBACK (touched_cb), self, G_CONNECT_SWAPPED);
  gtk_widget_add_controller (GTK_WIDGET (window), input);
  g_signal_connect_object (ROUNDS_WINDOW (window)->unlock_page, "unlocked", G_CALLBACK (watch_from_now), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  if (self->relocked != NULL)
    rounds_unlock_page_set_state (ROUNDS_WINDOW (window)->unlock_page, self->relocked);
  else if (self->demo)
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
      self->profile = g_strdup (self->folder);
      if (self->demo)
        self->demo_folder = g_strdup (self->folder);
    }
  return -1;
}

static gboolean
rounds_application_local_command_line (GApplication *application, char ***arguments, int *status)
{
  RoundsApplication *self = ROUNDS_APPLICATION (application);

  self->program = g_strdup ((*arguments)[0]);
  return G_APPLICATION_CLASS (rounds_application_parent_class)->local_command_line (application, arguments, status);
}

static void
rounds_application_finalize (GObject *object)
{
  RoundsApplication *self = ROUNDS_APPLICATION (object);

  g_clear_object (&self->watch);
  g_clear_object (&self->settings);
  g_free (self->profile);
  g_free (self->program);
  g_free (self->relocked);

  g_free (self->folder);
  g_free (self->demo_folder);
  G_OBJECT_CLASS (rounds_application_parent_class)->finalize (object);
}

static void
rounds_application_class_init (RoundsApplicationClass *klass)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = rounds_application_finalize;
  application_class->local_command_line = rounds_application_local_command_line;
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
  self->relocked = g_strdup (g_getenv (RELOCKED));
  g_unsetenv (RELOCKED);
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
