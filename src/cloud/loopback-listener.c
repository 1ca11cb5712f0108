/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One answer from the browser.
 *
 * Every program on this computer, and any web page through the browser, can send something to this port. So it
 * reads little (8 KiB a head, a few seconds, a few connections, the oldest gives way), says little, takes only a
 * GET of /callback that names this address as its host, and is gone after one. Whether the answer is ours is
 * judged by who asked for it (oauth-try.c). Sockets and poll() instead of a GSocketService: there is no main loop
 * in a worker, and a deadline for each connection comes for free. */

#include "cloud/loopback-listener.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "cloud/error.h"

#define MAX_HEAD 8192
#define MAX_GUESTS 8
#define BACKLOG 128
#define GUEST_US (5 * G_USEC_PER_SEC)
#define PATH "/callback"

typedef struct {
  GSocket *socket;   /* NULL = free */
  gint64 since_us;
  gsize used;
  char head[MAX_HEAD];
} Guest;

struct _RoundsLoopbackListener {
  GSocket *socket;   /* NULL = closed */
  guint port;
  char *uri;
  Guest guests[MAX_GUESTS];
};

RoundsLoopbackListener *
rounds_loopback_listener_new (GError **error)
{
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) got = NULL;
  RoundsLoopbackListener *self;

  if (socket == NULL)
    return NULL;
  g_socket_set_blocking (socket, FALSE);
  g_socket_set_listen_backlog (socket, BACKLOG);
  /* Not to be shared: nobody else may bind the same port beside us. */
  if (!g_socket_bind (socket, wanted, FALSE, error) || !g_socket_listen (socket, error) ||
      (got = g_socket_get_local_address (socket, error)) == NULL)
    return NULL;
  self = g_new0 (RoundsLoopbackListener, 1);
  self->socket = g_steal_pointer (&socket);
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (got));
  self->uri = g_strdup_printf ("http://127.0.0.1:%u" PATH, self->port);
  return self;
}

static void
leave (Guest *guest)
{
  if (guest->socket != NULL)
    g_socket_close (guest->socket, NULL);
  g_clear_object (&guest->socket);
  /* A code may stand there. */
  explicit_bzero (guest->head, sizeof guest->head);
  guest->used = 0;
}

static void
close_all (RoundsLoopbackListener *self)
{
  guint i;

  if (self->socket != NULL)
    g_socket_close (self->socket, NULL);
  g_clear_object (&self->socket);
  for (i = 0; i < MAX_GUESTS; i++)
    leave (&self->guests[i]);
}

void
rounds_loopback_listener_free (RoundsLoopbackListener *self)
{
  if (self == NULL)
    return;
  close_all (self);
  g_free (self->uri);
  g_free (self);
}

guint
rounds_loopback_listener_get_port (RoundsLoopbackListener *self)
{
  return self->port;
}

const char *
rounds_loopback_listener_get_uri (RoundsLoopbackListener *self)
{
  return self->uri;
}

/* --- reading ---------------------------------------------------------------------------------------------- */

static gboolean
names_us (const char *head, const char *end, guint port)
{
  g_autofree char *want = g_strdup_printf ("127.0.0.1:%u", port);
  const char *line = head;
  guint n = 0;

  while (line < end)
    {
      const char *stop = memchr (line, '\n', (gsize) (end - line));
      gsize size = stop != NULL ? (gsize) (stop - line) : (gsize) (end - line);

      if (size > 5 && g_ascii_strncasecmp (line, "host:", 5) == 0)
        {
          g_autofree char *host = g_strstrip (g_strndup (line + 5, size - 5));

          if (!g_str_equal (host, want))
            return FALSE;
          n++;
        }
      line += size + 1;
    }
  return n == 1;
}

RoundsCallback
rounds_callback_read (const char *bytes, gsize size, guint port, char **query)
{
  const char *end = g_strstr_len (bytes, (gssize) size, "\r\n\r\n");
  const char *line_end, *target, *target_end, *at;

  *query = NULL;
  if (memchr (bytes, '\0', size) != NULL)
    return ROUNDS_CALLBACK_BROKEN;
  if (end == NULL)
    return size < MAX_HEAD ? ROUNDS_CALLBACK_MORE : ROUNDS_CALLBACK_BROKEN;
  line_end = memchr (bytes, '\r', size);
  target = memchr (bytes, ' ', (gsize) (line_end - bytes));
  target_end = target != NULL ? memchr (target + 1, ' ', (gsize) (line_end - target - 1)) : NULL;
  if (target_end == NULL || (gsize) (line_end - target_end) != strlen (" HTTP/1.1") ||
      strncmp (target_end, " HTTP/1.", 8) != 0)
    return ROUNDS_CALLBACK_BROKEN;
  target++;
  for (at = target; at < target_end; at++)
    if (*at <= 0x20 || *at >= 0x7f || *at == '#')
      return ROUNDS_CALLBACK_BROKEN;
  if (strncmp (bytes, "GET ", 4) != 0 || !names_us (line_end + 2, end, port) ||
      (gsize) (target_end - target) < strlen (PATH "?") || strncmp (target, PATH "?", strlen (PATH "?")) != 0)
    return ROUNDS_CALLBACK_OTHER;
  target += strlen (PATH "?");
  *query = g_strndup (target, (gsize) (target_end - target));
  return ROUNDS_CALLBACK_ANSWER;
}

/* --- answering ----------------------------------------------------------------------------------------------- */

static void
answer (GSocket *socket, gboolean taken)
{
  g_autofree char *title = g_markup_escape_text (_("Rounds"), -1);
  g_autofree char *words =
    g_markup_escape_text (taken ? _("Rounds has the answer. This page can be closed.") : _("There is nothing here."), -1);
  g_autofree char *page =
    g_strdup_printf ("<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>%s</title></head><body><p>%s</p></body>"
                     "</html>\n", title, words);
  g_autofree char *text =
    g_strdup_printf ("HTTP/1.1 %s\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n"
                     "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
                     "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
                     "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n%s",
                     taken ? "200 OK" : "404 Not Found", strlen (page), page);

  /* Fits any socket's buffer; a guest that does not read gets nothing more. */
  g_socket_send (socket, text, strlen (text), NULL, NULL);
  g_socket_shutdown (socket, FALSE, TRUE, NULL);
}

/* FALSE when nobody waits at the door. */
static gboolean
welcome (RoundsLoopbackListener *self)
{
  GSocket *socket = g_socket_accept (self->socket, NULL, NULL);
  Guest *place = &self->guests[0];
  guint i;

  if (socket == NULL)
    return FALSE;
  for (i = 1; i < MAX_GUESTS && place->socket != NULL; i++)
    if (self->guests[i].socket == NULL || self->guests[i].since_us < place->since_us)
      place = &self->guests[i];
  leave (place);
  g_socket_set_blocking (socket, FALSE);
  place->socket = socket;
  place->since_us = g_get_monotonic_time ();
  return TRUE;
}

/* The query, once an answer has come. */
static char *
serve (RoundsLoopbackListener *self, Guest *guest)
{
  gssize n = g_socket_receive (guest->socket, guest->head + guest->used, MAX_HEAD - guest->used, NULL, NULL);
  char *query = NULL;
  RoundsCallback what;

  if (n <= 0)
    {
      leave (guest);
      return NULL;
    }
  guest->used += (gsize) n;
  what = rounds_callback_read (guest->head, guest->used, self->port, &query);
  if (what == ROUNDS_CALLBACK_MORE)
    return NULL;
  if (what != ROUNDS_CALLBACK_BROKEN)
    answer (guest->socket, what == ROUNDS_CALLBACK_ANSWER);
  leave (guest);
  return query;
}

static GPollFD
poll_fd (GSocket *socket)
{
  return (GPollFD) { .fd = g_socket_get_fd (socket), .events = G_IO_IN };
}

/* One look at everything; the query, once an answer has come. */
static char *
turn (RoundsLoopbackListener *self, const GPollFD *cancel, gint64 deadline_us)
{
  GPollFD fds[2 + MAX_GUESTS];
  Guest *owners[2 + MAX_GUESTS] = { NULL };
  gint64 now = g_get_monotonic_time (), until = deadline_us;
  char *query = NULL;
  guint i, n = 0;

  fds[n++] = poll_fd (self->socket);
  for (i = 0; i < MAX_GUESTS; i++)
    {
      Guest *guest = &self->guests[i];

      if (guest->socket != NULL && now - guest->since_us > GUEST_US)
        leave (guest);
      if (guest->socket == NULL)
        continue;
      owners[n] = guest;
      fds[n++] = poll_fd (guest->socket);
      until = MIN (until, guest->since_us + GUEST_US);
    }
  if (cancel != NULL)
    fds[n++] = *cancel;
  g_poll (fds, n, (int) CLAMP ((until - now) / 1000 + 1, 1, G_MAXINT));
  /* Guests first: welcoming a new one may turn one of them out. */
  for (i = 1; query == NULL && i < n; i++)
    if (owners[i] != NULL && fds[i].revents != 0)
      query = serve (self, owners[i]);
  for (i = 0; query == NULL && fds[0].revents != 0 && i < MAX_GUESTS && welcome (self); i++)
    ;
  return query;
}

char *
rounds_loopback_listener_wait (RoundsLoopbackListener *self, gint64 timeout_us, GCancellable *cancellable,
                               GError **error)
{
  gint64 deadline = g_get_monotonic_time () + timeout_us;
  GPollFD cancel;
  gboolean pollable = cancellable != NULL && g_cancellable_make_pollfd (cancellable, &cancel);
  char *query = NULL;

  g_return_val_if_fail (self->socket != NULL, NULL);

  while (query == NULL)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        break;
      if (g_get_monotonic_time () >= deadline)
        {
          g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_SIGN_IN,
                               _("Nobody signed in in the browser; the sign-in has timed out"));
          break;
        }
      query = turn (self, pollable ? &cancel : NULL, deadline);
    }
  close_all (self);
  if (pollable)
    g_cancellable_release_fd (cancellable);
  return query;
}
