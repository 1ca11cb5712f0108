/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules of HTTP: what is refused, bounded and told apart. */

#include <string.h>
#include <zlib.h>

#include "../fault/server.h"
#include "cloud/fhir-client.h"
#include "cloud/http.h"
#include "cloud/url.h"

typedef struct {
  FaultServer *server;
  RoundsHttp *http;
  const char *mode;
  char *location;
  char *authorization;   /* as it came */
} Case;

static void
add_gzip (GString *out, gsize zeros)
{
  z_stream stream = { 0 };
  guint8 *zero = g_malloc0 (1 << 16), buffer[1 << 14];

  g_assert_cmpint (deflateInit2 (&stream, 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY), ==, Z_OK);
  while (zeros > 0 || stream.avail_out == 0)
    {
      gsize n = MIN (zeros, 1 << 16);

      stream.next_in = zero;
      stream.avail_in = n;
      zeros -= n;
      do
        {
          stream.next_out = buffer;
          stream.avail_out = sizeof buffer;
          deflate (&stream, zeros == 0 ? Z_FINISH : Z_NO_FLUSH);
          g_string_append_len (out, (char *) buffer, sizeof buffer - stream.avail_out);
        }
      while (stream.avail_out == 0);
    }
  deflateEnd (&stream);
  g_free (zero);
}

static void
handle (const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  Case *self = data;

  g_free (self->authorization);
  self->authorization = g_strdup (fault_request_header (request, "authorization"));
  if (g_str_equal (self->mode, "redirect"))
    {
      answer->status = 302;
      g_string_append_printf (answer->headers, "Location: %s\r\n", self->location);
    }
  else if (g_str_equal (self->mode, "large"))
    g_string_set_size (answer->body, 3 * 1024 * 1024);
  else if (g_str_equal (self->mode, "bomb"))
    {
      g_string_append (answer->headers, "Content-Encoding: gzip\r\n");
      add_gzip (answer->body, 500 * 1024 * 1024);
    }
  else if (g_str_equal (self->mode, "cut"))
    {
      g_string_set_size (answer->body, 5000);
      answer->cut = 100;
    }
  else if (g_str_equal (self->mode, "drop"))
    answer->drop = TRUE;
  else if (g_str_equal (self->mode, "headers"))
    {
      guint i;

      for (i = 0; i < 2000; i++)
        g_string_append_printf (answer->headers, "X-%u: y\r\n", i);
    }
  else
    g_string_assign (answer->body, "{\"resourceType\":\"Patient\",\"id\":\"x\"}");
}

static void
case_new (Case *self, const char *mode, RoundsAuth *auth)
{
  g_autoptr (RoundsAuth) none = rounds_auth_new_none ();
  g_autofree char *base = NULL;

  memset (self, 0, sizeof *self);
  self->mode = mode;
  self->server = fault_server_new (handle, self);
  base = g_strconcat (fault_server_get_origin (self->server), "/fhir/", NULL);
  self->http = rounds_http_new (base, auth != NULL ? auth : none);
}

static void
case_clear (Case *self)
{
  rounds_http_free (self->http);
  fault_server_free (self->server);
  g_free (self->location);
  g_free (self->authorization);
}

static int
get (Case *self, const char *url, gsize max_bytes, GError **error)
{
  RoundsHttpRequest request = { .method = "GET", .url = url, .max_bytes = max_bytes };
  g_auto (RoundsHttpAnswer) answer = { 0 };

  return rounds_http_send (self->http, &request, &answer, NULL, error) ? answer.status : 0;
}

static void
expect (const char *mode, gsize max_bytes, int code)
{
  Case self;
  g_autoptr (GError) error = NULL;

  case_new (&self, mode, NULL);
  g_assert_cmpint (get (&self, "x", max_bytes, &error), ==, 0);
  g_assert_error (error, ROUNDS_CLOUD_ERROR, code);
  case_clear (&self);
}

static void
test_bounds (void)
{
  expect ("large", 1024 * 1024, ROUNDS_CLOUD_ERROR_LIMIT);
  expect ("bomb", 0, ROUNDS_CLOUD_ERROR_LIMIT);
  expect ("headers", 0, ROUNDS_CLOUD_ERROR_LIMIT);
  expect ("cut", 0, ROUNDS_CLOUD_ERROR_INTERRUPTED);
  expect ("drop", 0, ROUNDS_CLOUD_ERROR_INTERRUPTED);
}

static void
test_redirect (void)
{
  Case self, other;
  g_autoptr (GError) error = NULL;

  case_new (&other, "", NULL);
  case_new (&self, "redirect", NULL);
  self.location = g_strconcat (fault_server_get_origin (other.server), "/fhir/x", NULL);
  g_assert_cmpint (get (&self, "x", 0, &error), ==, 0);
  g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_REFUSED);
  g_assert_cmpuint (fault_server_get_n_requests (other.server), ==, 0);
  case_clear (&self);
  case_clear (&other);
}

/* Credentials go to the origin of the base and nowhere else. */
static void
test_credentials (void)
{
  Case self, other;
  g_autoptr (RoundsSecret) password = rounds_secret_new_take_text (g_strdup ("p:ss wörd"));
  g_autoptr (RoundsAuth) auth = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *url = NULL;

  auth = rounds_auth_new_basic ("ward", password, &error);
  g_assert_no_error (error);
  case_new (&self, "", auth);
  case_new (&other, "", NULL);
  g_assert_cmpint (get (&self, "x", 0, &error), ==, 200);
  g_assert_cmpstr (self.authorization, ==, "Basic d2FyZDpwOnNzIHfDtnJk");
  url = g_strconcat (fault_server_get_origin (other.server), "/fhir/x", NULL);
  g_assert_cmpint (get (&self, url, 0, &error), ==, 0);
  g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_REFUSED);
  g_assert_cmpuint (fault_server_get_n_requests (other.server), ==, 0);
  case_clear (&self);
  case_clear (&other);
}

static void
test_bad_credentials (void)
{
  static const char *const tokens[] = { "", "a b", "a\nb", "a\r\nHost: x" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (tokens); i++)
    {
      g_autoptr (RoundsSecret) token = rounds_secret_new_take_text (g_strdup (tokens[i]));
      g_autoptr (GError) error = NULL;

      g_assert_null (rounds_auth_new_bearer (token, &error));
      g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_SIGN_IN);
    }
}

static void
test_addresses (void)
{
  static const struct { const char *text, *base; } cases[] = {
    { "https://h.example/fhir", "https://h.example/fhir/" },
    { "https://h.example:8443/a/b/", "https://h.example:8443/a/b/" },
    { "http://127.0.0.1:80/fhir", "http://127.0.0.1:80/fhir/" },
    { "http://localhost/fhir", "http://localhost/fhir/" },
    { "http://[::1]:8080/fhir", "http://[::1]:8080/fhir/" },
    { "http://h.example/fhir", NULL },
    { "http://127.0.0.1.example/fhir", NULL },
    { "http://10.0.0.1/fhir", NULL },
    { "ftp://h.example/", NULL },
    { "file:///etc/passwd", NULL },
    { "https://user:secret@h.example/fhir", NULL },
    { "https://h.example/fhir?x=1", NULL },
    { "https:///fhir", NULL },
    { "h.example/fhir", NULL },
    { "", NULL },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *base = rounds_url_normalise_base (cases[i].text, &error);

      g_assert_cmpstr (base, ==, cases[i].base);
      if (cases[i].base == NULL)
        g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_ADDRESS);
    }
  g_assert_true (rounds_url_same_origin ("https://h/a", "https://H:443/b"));
  g_assert_false (rounds_url_same_origin ("https://h/a", "http://h/a"));
  g_assert_false (rounds_url_same_origin ("https://h/a", "https://h:8443/a"));
  g_assert_false (rounds_url_same_origin ("https://h/a", "https://h.evil/a"));
  g_assert_false (rounds_url_same_origin ("https://h/a", "https://h@evil/a"));
}

/* Nobody listens there: surely nothing arrived. */
static void
test_unreachable (void)
{
  Case self;
  g_autoptr (GError) error = NULL;

  case_new (&self, "", NULL);
  fault_server_free (self.server);
  g_assert_cmpint (get (&self, "x", 0, &error), ==, 0);
  g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_UNREACHABLE);
  self.server = NULL;
  case_clear (&self);
}

/* --- somebody who does not speak as a server should -------------------------------------------------------- */

typedef struct {
  GSocketListener *listener;
  guint port;
  const char *words;
  guint drip_ms;        /* > 0: letter by letter */
  GThread *thread;
  char *heard;          /* the head that came */
} Stranger;

static gpointer
talk (gpointer data)
{
  Stranger *self = data;
  g_autoptr (GSocketConnection) connection = g_socket_listener_accept (self->listener, NULL, NULL, NULL);
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  g_autoptr (GString) heard = g_string_new (NULL);
  char letter;
  gsize i;

  while (strstr (heard->str, "\r\n\r\n") == NULL && heard->str[0] != 22 /* a TLS hello */ &&
         g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (connection)), &letter, 1, NULL, NULL) == 1)
    g_string_append_c (heard, letter);
  self->heard = g_string_free (g_steal_pointer (&heard), FALSE);
  if (self->drip_ms == 0)
    g_output_stream_write_all (output, self->words, strlen (self->words), NULL, NULL, NULL);
  for (i = 0; self->drip_ms > 0 && self->words[i] != '\0'; i++)
    {
      g_usleep (self->drip_ms * 1000);
      if (!g_output_stream_write_all (output, self->words + i, 1, NULL, NULL, NULL))
        break;
    }
  return NULL;
}

static void
stranger_start (Stranger *self, const char *words, guint drip_ms)
{
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, 0), bound = NULL;
  g_autoptr (GError) error = NULL;

  *self = (Stranger) { .listener = g_socket_listener_new (), .words = words, .drip_ms = drip_ms };
  g_socket_listener_add_address (self->listener, address, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL, &bound,
                                 &error);
  g_assert_no_error (error);
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  self->thread = g_thread_new ("stranger", talk, self);
}

static void
stranger_end (Stranger *self)
{
  g_thread_join (self->thread);
  g_object_unref (self->listener);
  g_free (self->heard);
}

static gboolean
ask_at (const char *base, guint max_seconds, GError **error)
{
  g_autoptr (RoundsSecret) token = rounds_secret_new_take_text (g_strdup ("canary"));
  g_autoptr (RoundsAuth) auth = rounds_auth_new_bearer (token, NULL);
  g_autoptr (RoundsHttp) http = rounds_http_new (base, auth);
  RoundsHttpRequest request = { .method = "POST", .url = "x", .max_seconds = max_seconds };
  g_auto (RoundsHttpAnswer) answer = { 0 };

  return rounds_http_send (http, &request, &answer, NULL, error);
}

#define GOOD_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

/* Speaking TLS to something that does not is no trust, not a success. */
static void
test_no_tls (void)
{
  Stranger stranger;
  g_autofree char *base = NULL;
  g_autoptr (GError) error = NULL;

  stranger_start (&stranger, GOOD_ANSWER, 0);
  base = g_strdup_printf ("https://127.0.0.1:%u/fhir/", stranger.port);
  g_assert_false (ask_at (base, 0, &error));
  g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_TLS);
  stranger_end (&stranger);
}

/* A server that always says a little is not slow; a bound on the whole ends it. */
static void
test_dripping (void)
{
  Stranger stranger;
  g_autofree char *base = NULL;
  g_autoptr (GError) error = NULL;

  stranger_start (&stranger, GOOD_ANSWER, 50);
  base = g_strdup_printf ("http://127.0.0.1:%u/fhir/", stranger.port);
  g_assert_false (ask_at (base, 1, &error));
  g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_INTERRUPTED);
  stranger_end (&stranger);
}

/* A proxy that the environment names carries what goes out, knows the host alone, and when it refuses, surely nothing
 * arrived. What is for this computer never goes there. */
static void
test_proxy (void)
{
  Stranger proxy, here;
  g_autofree char *address = NULL, *base = NULL;
  g_autoptr (GError) error = NULL;

  stranger_start (&proxy, "HTTP/1.1 502 Bad Gateway\r\nETag: \"x\"\r\nContent-Length: 0\r\n\r\n", 0);
  stranger_start (&here, GOOD_ANSWER, 0);
  address = g_strdup_printf ("http://127.0.0.1:%u", proxy.port);
  base = g_strdup_printf ("https://127.0.0.1:%u/fhir/", here.port);
  g_setenv ("https_proxy", address, TRUE);
  g_assert_false (ask_at (base, 0, &error));
  g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_TLS);   /* it spoke to here, in the clear */
  g_clear_error (&error);
  g_assert_false (ask_at ("https://h.example/fhir/", 0, &error));
  g_unsetenv ("https_proxy");
  g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_UNREACHABLE);
  stranger_end (&here);
  g_thread_join (proxy.thread);
  g_assert_true (g_str_has_prefix (proxy.heard, "CONNECT h.example:443 HTTP/1.1\r\n"));
  g_assert_null (strstr (proxy.heard, "canary"));
  g_assert_null (strstr (proxy.heard, "Authorization"));
  g_object_unref (proxy.listener);
  g_free (proxy.heard);
}

static void
stall (const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  GCancellable *cancellable = data;

  /* The client gives up while it waits for the answer. */
  g_cancellable_cancel (cancellable);
  answer->drop = TRUE;
}

static void
test_cancel (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  FaultServer *server = fault_server_new (stall, cancellable);
  g_autoptr (RoundsAuth) none = rounds_auth_new_none ();
  g_autofree char *base = g_strconcat (fault_server_get_origin (server), "/", NULL);
  g_autoptr (RoundsHttp) http = rounds_http_new (base, none);
  RoundsHttpRequest request = { .method = "GET", .url = "x" };
  g_auto (RoundsHttpAnswer) answer = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_false (rounds_http_send (http, &request, &answer, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  fault_server_free (server);
}

static void
test_etag (void)
{
  static const struct { const char *etag, *version; } cases[] = {
    { "W/\"1\"", "1" }, { "\"1\"", "1" }, { "1", "1" }, { "W/\"3f0c-9\"", "3f0c-9" }, { " w/\"7\" ", "7" },
    { "W/\"\"", NULL }, { "W/\"a b\"", NULL }, { "\"x\r\ny\"", NULL }, { "", NULL }, { NULL, NULL },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *version = rounds_fhir_parse_etag (cases[i].etag);

      g_assert_cmpstr (version, ==, cases[i].version);
    }
}

/* An id of dots alone must not walk up the path. */
static void
test_dots (void)
{
  Case self;
  g_autoptr (RoundsAuth) none = rounds_auth_new_none ();
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsFhirClient) client = NULL;
  g_auto (RoundsFhirAnswer) answer = { 0 };

  case_new (&self, "", NULL);
  client = rounds_fhir_client_new (rounds_http_get_base (self.http), none, &error);
  g_assert_false (rounds_fhir_client_delete (client, "Patient", "..", NULL, &answer, NULL, &error));
  g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_REFUSED);
  g_assert_cmpuint (fault_server_get_n_requests (self.server), ==, 0);
  case_clear (&self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/addresses", test_addresses);
  g_test_add_func ("/http/bounds", test_bounds);
  g_test_add_func ("/http/redirect", test_redirect);
  g_test_add_func ("/http/credentials", test_credentials);
  g_test_add_func ("/http/bad-credentials", test_bad_credentials);
  g_test_add_func ("/http/unreachable", test_unreachable);
  g_test_add_func ("/http/no-tls", test_no_tls);
  g_test_add_func ("/http/dripping", test_dripping);
  g_test_add_func ("/http/proxy", test_proxy);
  g_test_add_func ("/http/cancel", test_cancel);
  g_test_add_func ("/http/etag", test_etag);
  g_test_add_func ("/http/dots", test_dots);
  return g_test_run ();
}
