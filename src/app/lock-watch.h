/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Says when an unlocked window has to lock: nobody there, too long unlocked, screen locked, computer going to
 * sleep. Main thread only. */
#define ROUNDS_TYPE_LOCK_WATCH (rounds_lock_watch_get_type ())
G_DECLARE_FINAL_TYPE (RoundsLockWatch, rounds_lock_watch, ROUNDS, LOCK_WATCH, GObject)

typedef enum {
  ROUNDS_LOCK_IDLE,      /* no input for as long as the setting says */
  ROUNDS_LOCK_LONG,      /* unlocked for twelve hours */
  ROUNDS_LOCK_SCREEN,    /* the desktop locked its screen */
  ROUNDS_LOCK_SLEEP,     /* the computer goes to sleep */
} RoundsLockReason;

#define ROUNDS_LOCK_LONG_US ((gint64) 12 * 3600 * G_USEC_PER_SEC)

/* Signal "lock" (RoundsLockReason reason): once for each time between start and stop. */

/* Listens on these buses; either may be NULL (there is none): then only time counts. */
RoundsLockWatch *rounds_lock_watch_new (GDBusConnection *session, GDBusConnection *system);

/* From now on it watches: idle_us without input, long_us at most in all. Times count on while the computer sleeps. */
void rounds_lock_watch_start (RoundsLockWatch *self, gint64 idle_us, gint64 long_us);
void rounds_lock_watch_stop (RoundsLockWatch *self);
/* Somebody touched a key or the mouse. Cheap. */
void rounds_lock_watch_touch (RoundsLockWatch *self);
/* Lets the computer sleep that was asked to wait for the lock. */
void rounds_lock_watch_let_sleep (RoundsLockWatch *self);

G_END_DECLS
