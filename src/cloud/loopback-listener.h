/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Where the browser brings the answer of a sign-in server: a port of chance on 127.0.0.1 (RFC 8252 §7.3), open
 * for one answer. One thread at a time. */
typedef struct _RoundsLoopbackListener RoundsLoopbackListener;

/* Listens from here on. NULL with the errors of GIO. */
RoundsLoopbackListener *rounds_loopback_listener_new (GError **error);
/* Closes the port, if it is still open. */
void rounds_loopback_listener_free (RoundsLoopbackListener *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsLoopbackListener, rounds_loopback_listener_free)

guint rounds_loopback_listener_get_port (RoundsLoopbackListener *self);
/* "http://127.0.0.1:PORT/callback" */
const char *rounds_loopback_listener_get_uri (RoundsLoopbackListener *self);

/* Blocks until an answer came, and gives its query (without "?"; caller frees). The port is closed when this
 * returns, whatever it returns. NULL with SIGN_IN (ROUNDS_CLOUD_ERROR) when the time is over,
 * G_IO_ERROR_CANCELLED, or an error of GIO. */
char *rounds_loopback_listener_wait (RoundsLoopbackListener *self, gint64 timeout_us, GCancellable *cancellable,
                                     GError **error);

typedef enum {
  ROUNDS_CALLBACK_MORE,      /* the head is not complete yet */
  ROUNDS_CALLBACK_ANSWER,    /* *query is set */
  ROUNDS_CALLBACK_OTHER,     /* HTTP, but not what we wait for: 404 */
  ROUNDS_CALLBACK_BROKEN,    /* no HTTP: hang up */
} RoundsCallback;

/* Reads the head of a request as far as it came. Caller frees *query. */
RoundsCallback rounds_callback_read (const char *bytes, gsize size, guint port, char **query);

G_END_DECLS
