/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When to lock. Time is that since boot, which goes on while the computer sleeps and which no clock setting moves.
 * Four voices are heard beside time, because no one of them is there on every desktop: logind on the system bus
 * (lock, sleep), the session portal (the only one inside Flatpak), and the two screen saver names. Sleep is held up
 * by a delay lock until the window is blank. */
#include "app/lock-watch.h"

#include <gio/gunixfdlist.h>
#include <time.h>
#include <unistd.h>

#define LOGIND "org.freedesktop.login1"
#define LOGIND_PATH "/org/freedesktop/login1"
#define PORTAL "org.freedesktop.portal.Desktop"
#define PORTAL_PATH "/org/freedesktop/portal/desktop"
#define PORTAL_INHIBIT "org.freedesktop.portal.Inhibit"
#define SESSION_STATE_QUERY_END 2

struct _RoundsLockWatch {
  GObject parent_instance;

  GDBusConnection *session, *system;
  GCancellable *cancellable;
  GArray *session_ids, *system_ids;   /* of signal subscriptions */
  char *own_session;                  /* object path of the login session */
  char *monitor;                      /* the portal's */
  int sleep_fd;                       /* held: sleep waits */

  gboolean running;
  gint64 idle_us, long_us;
  gint64 started_us, touched_us;      /* since boot */
  guint timer;
};

enum { LOCK, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RoundsLockWatch, rounds_lock_watch, G_TYPE_OBJECT)

static gint64
boot_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_BOOTTIME, &now);
  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static void
lock (RoundsLockWatch *self, RoundsLockReason reason)
{
  if (!self->running)
    return;
  rounds_lock_watch_stop (self);
  g_signal_emit (self, signals[LOCK], 0, reason);
}

/* --- time ------------------------------------------------------------------------------------------- */

static void arm (RoundsLockWatch *self);

static gboolean
timer_cb (gpointer data)
{
  RoundsLockWatch *self = data;
  gint64 now = boot_us ();

  self->timer = 0;
  if (now - self->started_us >= self->long_us)
    lock (self, ROUNDS_LOCK_LONG);
  else if (now - self->touched_us >= self->idle_us)
    lock (self, ROUNDS_LOCK_IDLE);
  else
    arm (self);
  return G_SOURCE_REMOVE;
}

/* The main loop's timers stand still while the computer sleeps; so none is longer than ten seconds. */
static void
arm (RoundsLockWatch *self)
{
  gint64 left_us = MIN (self->touched_us + self->idle_us, self->started_us + self->long_us) - boot_us ();

  self->timer = g_timeout_add (CLAMP (left_us / 1000 + 1, 1, 10000), timer_cb, self);
}

void
rounds_lock_watch_touch (RoundsLockWatch *self)
{
  g_return_if_fail (ROUNDS_IS_LOCK_WATCH (self));

  if (!self->running)
    return;
  /* Waking the computer is input too: what slept too long is locked, not touched. */
  if (boot_us () - self->touched_us >= self->idle_us)
    lock (self, ROUNDS_LOCK_IDLE);
  else
    self->touched_us = boot_us ();
}

/* --- logind ----------------------------------------------------------------------------------------- */

static void
inhibited_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GVariant) answer =
    g_dbus_connection_call_with_unix_fd_list_finish (G_DBUS_CONNECTION (source), &fds, result, NULL);
  RoundsLockWatch *self = data;
  int index;

  if (answer == NULL)
    return;   /* cancelled, or no logind: the lock then races with sleep, and wins mostly */
  g_variant_get (answer, "(h)", &index);
  if (self->sleep_fd < 0)
    self->sleep_fd = g_unix_fd_list_get (fds, index, NULL);
}

static void
hold_sleep (RoundsLockWatch *self)
{
  if (self->system == NULL || self->sleep_fd >= 0)
    return;
  g_dbus_connection_call_with_unix_fd_list (self->system, LOGIND, LOGIND_PATH, LOGIND ".Manager", "Inhibit",
                                            g_variant_new ("(ssss)", "sleep", "Rounds", "Blank before sleep", "delay"),
                                            G_VARIANT_TYPE ("(h)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, self->cancellable,
                                            inhibited_cb, self);
}

void
rounds_lock_watch_let_sleep (RoundsLockWatch *self)
{
  g_return_if_fail (ROUNDS_IS_LOCK_WATCH (self));

  if (self->sleep_fd >= 0)
    close (self->sleep_fd);
  self->sleep_fd = -1;
}

static void
sleep_cb (GDBusConnection *connection, const char *sender, const char *path, const char *interface, const char *signal,
          GVariant *parameters, gpointer data)
{
  RoundsLockWatch *self = data;
  gboolean going;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(b)")))
    return;
  g_variant_get (parameters, "(b)", &going);
  if (!going)
    hold_sleep (self);
  else if (self->running)
    lock (self, ROUNDS_LOCK_SLEEP);
  else
    rounds_lock_watch_let_sleep (self);
}

static void
session_lock_cb (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                 const char *signal, GVariant *parameters, gpointer data)
{
  lock (data, ROUNDS_LOCK_SCREEN);
}

static void
session_changed_cb (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                    const char *signal, GVariant *parameters, gpointer data)
{
  g_autoptr (GVariant) changed = NULL;
  gboolean locked = FALSE;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sa{sv}as)")))
    return;
  changed = g_variant_get_child_value (parameters, 1);
  if (g_variant_lookup (changed, "LockedHint", "b", &locked) && locked)
    lock (data, ROUNDS_LOCK_SCREEN);
}

static void
subscribe (RoundsLockWatch *self, GDBusConnection *bus, const char *sender, const char *interface, const char *signal,
           const char *path, GDBusSignalCallback callback)
{
  guint id = g_dbus_connection_signal_subscribe (bus, sender, interface, signal, path, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
                                                 callback, self, NULL);

  g_array_append_val (bus == self->session ? self->session_ids : self->system_ids, id);
}

static void
own_session_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GVariant) answer = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  RoundsLockWatch *self = data;

  if (answer == NULL)
    return;
  g_variant_get (answer, "(o)", &self->own_session);
  subscribe (self, self->system, LOGIND, LOGIND ".Session", "Lock", self->own_session, session_lock_cb);
  subscribe (self, self->system, LOGIND, "org.freedesktop.DBus.Properties", "PropertiesChanged", self->own_session,
             session_changed_cb);
}

/* --- the session -------------------------------------------------------------------------------------- */

static void
saver_cb (GDBusConnection *connection, const char *sender, const char *path, const char *interface, const char *signal,
          GVariant *parameters, gpointer data)
{
  gboolean active = FALSE;

  if (g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(b)")))
    g_variant_get (parameters, "(b)", &active);
  if (active)
    lock (data, ROUNDS_LOCK_SCREEN);
}

static void
portal_state_cb (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                 const char *signal, GVariant *parameters, gpointer data)
{
  RoundsLockWatch *self = data;
  g_autoptr (GVariant) state = NULL;
  gboolean active = FALSE;
  guint32 session_state = 0;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(oa{sv})")))
    return;
  state = g_variant_get_child_value (parameters, 1);
  /* Who is asked whether the session may end has a second to answer. */
  if (self->monitor != NULL && g_variant_lookup (state, "session-state", "u", &session_state) &&
      session_state == SESSION_STATE_QUERY_END)
    g_dbus_connection_call (self->session, PORTAL, PORTAL_PATH, PORTAL_INHIBIT, "QueryEndResponse",
                            g_variant_new ("(o)", self->monitor), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
  if (g_variant_lookup (state, "screensaver-active", "b", &active) && active)
    lock (self, ROUNDS_LOCK_SCREEN);
}

static void
watch_portal (RoundsLockWatch *self)
{
  g_autofree char *name = g_strdup (g_dbus_connection_get_unique_name (self->session));
  GVariantBuilder options;

  if (name == NULL)
    return;
  g_strdelimit (name, ".", '_');
  self->monitor = g_strdup_printf ("%s/session/%s/rounds", PORTAL_PATH, name + 1);
  subscribe (self, self->session, PORTAL, PORTAL_INHIBIT, "StateChanged", PORTAL_PATH, portal_state_cb);
  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&options, "{sv}", "handle_token", g_variant_new_string ("rounds"));
  g_variant_builder_add (&options, "{sv}", "session_handle_token", g_variant_new_string ("rounds"));
  g_dbus_connection_call (self->session, PORTAL, PORTAL_PATH, PORTAL_INHIBIT, "CreateMonitor",
                          g_variant_new ("(sa{sv})", "", &options), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
}

/* --- the object --------------------------------------------------------------------------------------- */

static void
unsubscribe (GDBusConnection *bus, GArray *ids)
{
  for (guint i = 0; i < ids->len; i++)
    g_dbus_connection_signal_unsubscribe (bus, g_array_index (ids, guint, i));
  g_array_set_size (ids, 0);
}

static void
rounds_lock_watch_dispose (GObject *object)
{
  RoundsLockWatch *self = ROUNDS_LOCK_WATCH (object);

  rounds_lock_watch_stop (self);
  rounds_lock_watch_let_sleep (self);
  g_cancellable_cancel (self->cancellable);
  if (self->session != NULL)
    unsubscribe (self->session, self->session_ids);
  if (self->system != NULL)
    unsubscribe (self->system, self->system_ids);
  g_clear_object (&self->session);
  g_clear_object (&self->system);
  G_OBJECT_CLASS (rounds_lock_watch_parent_class)->dispose (object);
}

static void
rounds_lock_watch_finalize (GObject *object)
{
  RoundsLockWatch *self = ROUNDS_LOCK_WATCH (object);

  g_clear_object (&self->cancellable);
  g_array_unref (self->session_ids);
  g_array_unref (self->system_ids);
  g_free (self->own_session);
  g_free (self->monitor);
  G_OBJECT_CLASS (rounds_lock_watch_parent_class)->finalize (object);
}

static void
rounds_lock_watch_class_init (RoundsLockWatchClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = rounds_lock_watch_dispose;
  G_OBJECT_CLASS (klass)->finalize = rounds_lock_watch_finalize;
  signals[LOCK] = g_signal_new ("lock", ROUNDS_TYPE_LOCK_WATCH, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                                G_TYPE_INT);
}

static void
rounds_lock_watch_init (RoundsLockWatch *self)
{
  self->cancellable = g_cancellable_new ();
  self->session_ids = g_array_new (FALSE, FALSE, sizeof (guint));
  self->system_ids = g_array_new (FALSE, FALSE, sizeof (guint));
  self->sleep_fd = -1;
}

RoundsLockWatch *
rounds_lock_watch_new (GDBusConnection *session, GDBusConnection *system)
{
  RoundsLockWatch *self = g_object_new (ROUNDS_TYPE_LOCK_WATCH, NULL);

  g_set_object (&self->session, session);
  g_set_object (&self->system, system);
  if (session != NULL)
    {
      subscribe (self, session, "org.gnome.ScreenSaver", "org.gnome.ScreenSaver", "ActiveChanged", NULL, saver_cb);
      subscribe (self, session, "org.freedesktop.ScreenSaver", "org.freedesktop.ScreenSaver", "ActiveChanged", NULL,
                 saver_cb);
      watch_portal (self);
    }
  if (system != NULL)
    {
      subscribe (self, system, LOGIND, LOGIND ".Manager", "PrepareForSleep", LOGIND_PATH, sleep_cb);
      g_dbus_connection_call (system, LOGIND, LOGIND_PATH, LOGIND ".Manager", "GetSessionByPID",
                              g_variant_new ("(u)", (guint32) getpid ()), G_VARIANT_TYPE ("(o)"), G_DBUS_CALL_FLAGS_NONE,
                              -1, self->cancellable, own_session_cb, self);
      hold_sleep (self);
    }
  return self;
}

void
rounds_lock_watch_start (RoundsLockWatch *self, gint64 idle_us, gint64 long_us)
{
  g_return_if_fail (ROUNDS_IS_LOCK_WATCH (self) && idle_us > 0 && long_us > 0);

  rounds_lock_watch_stop (self);
  self->running = TRUE;
  self->idle_us = idle_us;
  self->long_us = long_us;
  self->started_us = self->touched_us = boot_us ();
  arm (self);
}

void
rounds_lock_watch_stop (RoundsLockWatch *self)
{
  g_return_if_fail (ROUNDS_IS_LOCK_WATCH (self));

  self->running = FALSE;
  g_clear_handle_id (&self->timer, g_source_remove);
}
