/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A scripted HTTP server. It knows just enough of HTTP/1.1 to be talked to by a client that behaves: heads of
 * 64 KiB, bodies with a Content-Length, connections kept alive. */

#include "server.h"

#include <stdlib.h>
#include <string.h>

struct _FaultServer {
  GSocketService *service;
  GMainContext *context;
  GMainLoop *loop;
  GThread *thread;
  char *origin;
  FaultHandler handler;
  gpointer data;
  GMutex lock;           /* held while the handler runs */
  gint n_requests;

  GMutex hold_lock;      /* guards what follows */
  GCond held_changed;
  guint n_held;          /* that wait now */
  guint generation;      /* of those that are let go */
  gboolean ending;
};

const char *
fault_request_header (const FaultRequest *request, const char *name)
{
  return g_hash_table_lookup (request->headers, name);
}

static void
request_clear (FaultRequest *self)
{
  g_free (self->method);
  g_free (self->path);
  g_free (self->body);
  g_hash_table_unref (self->headers);
}

static gboolean
read_request (GDataInputStream *input, FaultRequest *out)
{
  g_autofree char *first = g_data_input_stream_read_line (input, NULL, NULL, NULL);
  g_auto (GStrv) words = g_strsplit (first != NULL ? first : "", " ", 3);
  const char *length;
  char *line;

  if (g_strv_length (words) != 3)
    return FALSE;
  memset (out, 0, sizeof *out);
  out->method = g_strdup (words[0]);
  out->path = g_strdup (words[1]);
  out->headers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  while ((line = g_data_input_stream_read_line (input, NULL, NULL, NULL)) != NULL)
    {
      char *colon = strchr (g_strchomp (line), ':');

      if (*line == '\0')
        {
          g_free (line);
          break;
        }
      if (colon != NULL)
        g_hash_table_replace (out->headers, g_ascii_strdown (line, colon - line), g_strdup (g_strchug (colon + 1)));
      g_free (line);
    }
  length = fault_request_header (out, "content-length");
  out->body_size = length != NULL ? strtoul (length, NULL, 10) : 0;
  out->body = g_malloc0 (out->body_size + 1);
  if (g_input_stream_read_all (G_INPUT_STREAM (input), out->body, out->body_size, NULL, NULL, NULL))
    return TRUE;
  request_clear (out);
  return FALSE;
}

/* FALSE when the connection is to be closed. */
static gboolean
write_answer (GOutputStream *output, const FaultRequest *request, const FaultAnswer *answer)
{
  g_autofree char *head = NULL;
  gsize size = answer->body->len;
  gboolean ok;

  if (answer->drop)
    return FALSE;
  head = g_strdup_printf ("HTTP/1.1 %d Scripted\r\n%sContent-Length: %" G_GSIZE_FORMAT "\r\n\r\n", answer->status,
                          answer->headers->str, size);
  if (answer->cut >= 0)
    size = MIN (size, (gsize) answer->cut);
  ok = g_output_stream_write_all (output, head, strlen (head), NULL, NULL, NULL) &&
       g_output_stream_write_all (output, answer->body->str, size, NULL, NULL, NULL);
  return ok && answer->cut < 0;
}

/* Keeps an answer back as it asks for; the other connections go on. */
static void
keep_back (FaultServer *self, const FaultAnswer *answer)
{
  gint64 until = g_get_monotonic_time () + (gint64) answer->delay_ms * 1000;
  guint generation;

  g_mutex_lock (&self->hold_lock);
  generation = self->generation;
  self->n_held += answer->hold;
  g_cond_broadcast (&self->held_changed);
  while (answer->hold && generation == self->generation && !self->ending)
    g_cond_wait (&self->held_changed, &self->hold_lock);
  self->n_held -= answer->hold;
  while (answer->delay_ms > 0 && !self->ending && g_cond_wait_until (&self->held_changed, &self->hold_lock, until))
    ;
  g_mutex_unlock (&self->hold_lock);
}

void
fault_server_wait_held (FaultServer *self, guint n)
{
  g_mutex_lock (&self->hold_lock);
  while (self->n_held < n)
    g_cond_wait (&self->held_changed, &self->hold_lock);
  g_mutex_unlock (&self->hold_lock);
}

static void
let_go (FaultServer *self, gboolean ending)
{
  g_mutex_lock (&self->hold_lock);
  self->generation++;
  self->ending |= ending;
  g_cond_broadcast (&self->held_changed);
  g_mutex_unlock (&self->hold_lock);
}

void
fault_server_release (FaultServer *self)
{
  let_go (self, FALSE);
}

static gboolean
run_cb (GThreadedSocketService *service, GSocketConnection *connection, GObject *source, gpointer user_data)
{
  FaultServer *self = user_data;
  g_autoptr (GDataInputStream) input =
    g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (connection)));
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  gboolean more = TRUE;
  FaultRequest request;

  g_data_input_stream_set_newline_type (input, G_DATA_STREAM_NEWLINE_TYPE_LF);
  while (more && read_request (input, &request))
    {
      FaultAnswer answer = { .status = 200, .headers = g_string_new (NULL), .body = g_string_new (NULL), .cut = -1 };

      g_mutex_lock (&self->lock);
      g_atomic_int_inc (&self->n_requests);
      self->handler (&request, &answer, self->data);
      g_mutex_unlock (&self->lock);
      if (answer.hold || answer.delay_ms > 0)
        keep_back (self, &answer);
      more = write_answer (output, &request, &answer);
      g_string_free (answer.headers, TRUE);
      g_string_free (answer.body, TRUE);
      request_clear (&request);
    }
  g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
  return TRUE;
}

static gpointer
loop_thread (gpointer data)
{
  FaultServer *self = data;

  g_main_context_push_thread_default (self->context);
  g_main_loop_run (self->loop);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

static void
clear (gpointer data)
{
  FaultServer *self = data;

  g_free (self->origin);
  g_mutex_clear (&self->lock);
  g_mutex_clear (&self->hold_lock);
  g_cond_clear (&self->held_changed);
}

static void
release (gpointer data, GClosure *closure)
{
  g_atomic_rc_box_release_full (data, clear);
}

FaultServer *
fault_server_new (FaultHandler handler, gpointer data)
{
  return fault_server_new_at (0, handler, data);
}

FaultServer *
fault_server_new_at (guint16 port, FaultHandler handler, gpointer data)
{
  FaultServer *self = g_atomic_rc_box_new0 (FaultServer);
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new (loopback, port);
  g_autoptr (GSocketAddress) got = NULL;
  g_autoptr (GError) error = NULL;

  self->handler = handler;
  self->data = data;
  g_mutex_init (&self->lock);
  g_mutex_init (&self->hold_lock);
  g_cond_init (&self->held_changed);
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  g_main_context_push_thread_default (self->context);
  self->service = g_threaded_socket_service_new (16);
  g_socket_listener_add_address (G_SOCKET_LISTENER (self->service), wanted, G_SOCKET_TYPE_STREAM,
                                 G_SOCKET_PROTOCOL_TCP, NULL, &got, &error);
  g_assert_no_error (error);
  /* Threads of kept-alive connections hold the service, and it holds this. */
  g_signal_connect_data (self->service, "run", G_CALLBACK (run_cb), g_atomic_rc_box_acquire (self), release, 0);
  g_socket_service_start (self->service);
  g_main_context_pop_thread_default (self->context);
  self->origin =
    g_strdup_printf ("http://127.0.0.1:%u", g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (got)));
  self->thread = g_thread_new ("fault-server", loop_thread, self);
  return self;
}

static gboolean
quit_cb (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

void
fault_server_free (FaultServer *self)
{
  g_autoptr (GSource) quit = g_idle_source_new ();

  if (self == NULL)
    return;
  let_go (self, TRUE);
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  /* Inside the loop: a quit before it runs would be lost. */
  g_source_set_callback (quit, quit_cb, self->loop, NULL);
  g_source_attach (quit, self->context);
  g_thread_join (self->thread);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_object_unref (self->service);
  release (self, NULL);
}

const char *
fault_server_get_origin (FaultServer *self)
{
  return self->origin;
}

guint
fault_server_get_n_requests (FaultServer *self)
{
  return (guint) g_atomic_int_get (&self->n_requests);
}
