/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When the window has to lock: a bus of its own with names that speak as the desktop does. */
#include "app/lock-watch.h"

#include <gio/gunixfdlist.h>
#include <unistd.h>

#define LONG_US ((gint64) 60 * G_USEC_PER_SEC)
#define OWN_SESSION "/org/freedesktop/login1/session/own"

typedef struct {
  GTestDBus *bus;
  GDBusConnection *desktop, *client;
  RoundsLockWatch *watch;
  int locked;          /* reason, −1 = not */
  guint n_locked;
  gboolean held, asked, monitored;
  int pipe[2];         /* its write end is what sleep waits for */
} Fixture;

static void
lock_cb (RoundsLockWatch *watch, int reason, Fixture *f)
{
  f->locked = reason;
  f->n_locked++;
}

static void
call_cb (GDBusConnection *connection, const char *sender, const char *path, const char *interface, const char *method,
         GVariant *parameters, GDBusMethodInvocation *invocation, gpointer data)
{
  Fixture *f = data;

  if (g_str_equal (method, "GetSessionByPID"))
    {
      f->asked = TRUE;
      g_dbus_method_invocation_return_value (invocation, g_variant_new ("(o)", OWN_SESSION));
    }
  else if (g_str_equal (method, "Inhibit"))
    {
      g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();

      g_assert_cmpint (g_unix_fd_list_append (fds, f->pipe[1], NULL), ==, 0);
      close (f->pipe[1]);
      f->held = TRUE;
      g_dbus_method_invocation_return_value_with_unix_fd_list (invocation, g_variant_new ("(h)", 0), fds);
    }
  else
    {
      f->monitored = TRUE;
      g_dbus_method_invocation_return_value (invocation, g_variant_new ("(o)", "/a/b"));
    }
}

static const char manager_xml[] =
  "<node><interface name='org.freedesktop.login1.Manager'>"
  "<method name='GetSessionByPID'><arg type='u' direction='in'/><arg type='o' direction='out'/></method>"
  "<method name='Inhibit'><arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='s' direction='in'/>"
  "<arg type='s' direction='in'/><arg type='h' direction='out'/></method>"
  "</interface></node>";
static const char portal_xml[] =
  "<node><interface name='org.freedesktop.portal.Inhibit'>"
  "<method name='CreateMonitor'><arg type='s' direction='in'/><arg type='a{sv}' direction='in'/>"
  "<arg type='o' direction='out'/></method></interface></node>";

static void
serve (Fixture *f, const char *name, const char *path, const char *xml)
{
  static const GDBusInterfaceVTable table = { call_cb, NULL, NULL, { NULL } };
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GError) error = NULL;

  if (xml != NULL)
    {
      g_autoptr (GDBusNodeInfo) info = g_dbus_node_info_new_for_xml (xml, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (g_dbus_connection_register_object (f->desktop, path, info->interfaces[0], &table, f, NULL, NULL),
                        >, 0);
    }
  answer = g_dbus_connection_call_sync (f->desktop, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                        "org.freedesktop.DBus", "RequestName", g_variant_new ("(su)", name, 0), NULL, 0,
                                        -1, NULL, &error);
  g_assert_no_error (error);
}

static GDBusConnection *
connect_to (GTestDBus *bus)
{
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_for_address_sync (
    g_test_dbus_get_bus_address (bus),
    G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL, NULL, &error);

  g_assert_no_error (error);
  return connection;
}

/* All that was sent to the client before is handled after it. */
static void
settle (Fixture *f)
{
  g_autoptr (GVariant) a = g_dbus_connection_call_sync (f->desktop, "org.freedesktop.DBus", "/", "org.freedesktop.DBus",
                                                        "GetId", NULL, NULL, 0, -1, NULL, NULL);
  g_autoptr (GVariant) b = g_dbus_connection_call_sync (f->client, "org.freedesktop.DBus", "/", "org.freedesktop.DBus",
                                                        "GetId", NULL, NULL, 0, -1, NULL, NULL);

  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (f->bus);
  f->desktop = connect_to (f->bus);
  f->client = connect_to (f->bus);
  f->locked = -1;
  g_assert_cmpint (pipe (f->pipe), ==, 0);
  serve (f, "org.freedesktop.login1", "/org/freedesktop/login1", manager_xml);
  serve (f, "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop", portal_xml);
  serve (f, "org.gnome.ScreenSaver", NULL, NULL);
  serve (f, "org.freedesktop.ScreenSaver", NULL, NULL);
  f->watch = rounds_lock_watch_new (f->client, f->client);
  g_signal_connect (f->watch, "lock", G_CALLBACK (lock_cb), f);
  while (!f->held || !f->asked || !f->monitored)
    g_main_context_iteration (NULL, TRUE);
  settle (f);
  settle (f);
  rounds_lock_watch_start (f->watch, LONG_US, LONG_US);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->watch);
  close (f->pipe[0]);
  g_clear_object (&f->client);
  g_clear_object (&f->desktop);
  g_test_dbus_down (f->bus);
  g_clear_object (&f->bus);
}

static void
say (Fixture *f, const char *path, const char *interface, const char *signal, GVariant *parameters)
{
  g_assert_true (g_dbus_connection_emit_signal (f->desktop, NULL, path, interface, signal, parameters, NULL));
  g_assert_true (g_dbus_connection_flush_sync (f->desktop, NULL, NULL));
  settle (f);
}

static void
test_screen (Fixture *f, gconstpointer data)
{
  static const char *const savers[] = { "org.gnome.ScreenSaver", "org.freedesktop.ScreenSaver" };

  for (guint i = 0; i < G_N_ELEMENTS (savers); i++)
    {
      f->locked = -1;
      rounds_lock_watch_start (f->watch, LONG_US, LONG_US);
      say (f, "/org/x/ScreenSaver", savers[i], "ActiveChanged", g_variant_new ("(b)", FALSE));
      say (f, "/org/x/ScreenSaver", savers[i], "ActiveChanged", g_variant_new ("(s)", "true"));
      g_assert_cmpint (f->locked, ==, -1);
      say (f, "/org/x/ScreenSaver", savers[i], "ActiveChanged", g_variant_new ("(b)", TRUE));
      g_assert_cmpint (f->locked, ==, ROUNDS_LOCK_SCREEN);
    }
  /* Locked is locked: not once more. */
  g_assert_cmpuint (f->n_locked, ==, 2);
  say (f, "/org/x/ScreenSaver", savers[0], "ActiveChanged", g_variant_new ("(b)", TRUE));
  g_assert_cmpuint (f->n_locked, ==, 2);
}

static void
test_session (Fixture *f, gconstpointer data)
{
  say (f, "/org/freedesktop/login1/session/other", "org.freedesktop.login1.Session", "Lock", NULL);
  g_assert_cmpint (f->locked, ==, -1);
  say (f, OWN_SESSION, "org.freedesktop.login1.Session", "Lock", NULL);
  g_assert_cmpint (f->locked, ==, ROUNDS_LOCK_SCREEN);
  f->locked = -1;
  rounds_lock_watch_start (f->watch, LONG_US, LONG_US);
  say (f, OWN_SESSION, "org.freedesktop.DBus.Properties", "PropertiesChanged",
       g_variant_new_parsed ("('org.freedesktop.login1.Session', {'LockedHint': <true>}, @as [])"));
  g_assert_cmpint (f->locked, ==, ROUNDS_LOCK_SCREEN);
}

static void
test_portal (Fixture *f, gconstpointer data)
{
  say (f, "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Inhibit", "StateChanged",
       g_variant_new_parsed ("(objectpath '/a/b', {'screensaver-active': <false>, 'session-state': <uint32 1>})"));
  g_assert_cmpint (f->locked, ==, -1);
  say (f, "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Inhibit", "StateChanged",
       g_variant_new_parsed ("(objectpath '/a/b', {'screensaver-active': <true>, 'session-state': <uint32 1>})"));
  g_assert_cmpint (f->locked, ==, ROUNDS_LOCK_SCREEN);
}

/* Sleep waits until the window says that it is blank. */
static void
test_sleep (Fixture *f, gconstpointer data)
{
  GPollFD fd = { f->pipe[0], G_IO_IN | G_IO_HUP, 0 };

  say (f, "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "PrepareForSleep", g_variant_new ("(b)", TRUE));
  g_assert_cmpint (f->locked, ==, ROUNDS_LOCK_SLEEP);
  g_assert_cmpint (g_poll (&fd, 1, 0), ==, 0);
  rounds_lock_watch_let_sleep (f->watch);
  settle (f);
  g_assert_cmpint (g_poll (&fd, 1, 5000), ==, 1);
}

static gboolean
late_cb (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
test_idle (Fixture *f, gconstpointer data)
{
  gboolean late = FALSE;

  rounds_lock_watch_start (f->watch, 30 * 1000, LONG_US);
  g_timeout_add_seconds (20, late_cb, &late);
  while (f->locked < 0 && !late)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (f->locked, ==, ROUNDS_LOCK_IDLE);
}

/* Input keeps it open, but not for ever. */
static void
test_long (Fixture *f, gconstpointer data)
{
  gint64 deadline = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  rounds_lock_watch_start (f->watch, 10 * G_USEC_PER_SEC, 100 * 1000);
  while (f->locked < 0 && g_get_monotonic_time () < deadline)
    {
      rounds_lock_watch_touch (f->watch);
      g_main_context_iteration (NULL, FALSE);
    }
  g_assert_cmpint (f->locked, ==, ROUNDS_LOCK_LONG);
  /* What woke the computer after too long is no input. */
  f->locked = -1;
  rounds_lock_watch_start (f->watch, 1000, LONG_US);
  g_usleep (2000);
  rounds_lock_watch_touch (f->watch);
  g_assert_cmpint (f->locked, ==, ROUNDS_LOCK_IDLE);
}

static void
test_no_bus (Fixture *f, gconstpointer data)
{
  g_autoptr (RoundsLockWatch) watch = rounds_lock_watch_new (NULL, NULL);

  rounds_lock_watch_start (watch, 1, 1);
  rounds_lock_watch_let_sleep (watch);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_autofree char *daemon = g_find_program_in_path ("dbus-daemon");

  g_test_init (&argc, &argv, NULL);
  if (daemon == NULL)
    {
      g_print ("1..0 # SKIP dbus-daemon is not installed\n");
      return 0;
    }
  ADD ("/lock/screen", test_screen);
  ADD ("/lock/session", test_session);
  ADD ("/lock/portal", test_portal);
  ADD ("/lock/sleep", test_sleep);
  ADD ("/lock/idle", test_idle);
  ADD ("/lock/long", test_long);
  ADD ("/lock/no-bus", test_no_bus);
  return g_test_run ();
}
