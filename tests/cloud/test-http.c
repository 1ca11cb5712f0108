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

static gpointer
answer_in_the_clear (gpointer data)
{
  g_autoptr (GSocketConnection) connection = g_socket_listener_accept (data, NULL, NULL, NULL);
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  static const char words[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

  g_output_stream_write_all (output, words, sizeof words - 1, NULL, NULL, NULL);
  return NULL;
}

/* Speaking TLS to something that does not is no trust, not a success. */
static void
test_no_tls (void)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsAuth) none = rounds_auth_new_none ();
  g_autoptr (RoundsHttp) http = NULL;
  g_autofree char *base = NULL;
  RoundsHttpRequest request = { .method = "GET", .url = "x" };
  g_auto (RoundsHttpAnswer) answer = { 0 };
  GThread *thread;

  g_socket_listener_add_address (listener, address, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL, &bound, &error);
  g_assert_no_error (error);
  base = g_strdup_printf ("https://127.0.0.1:%u/fhir/",
                          g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound)));
  thread = g_thread_new ("plain", answer_in_the_clear, listener);
  http = rounds_http_new (base, none);
  g_assert_false (rounds_http_send (http, &request, &answer, NULL, &error));
  g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_TLS);
  g_thread_join (thread);
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
  g_test_add_func ("/http/cancel", test_cancel);
  g_test_add_func ("/http/etag", test_etag);
  g_test_add_func ("/http/dots", test_dots);
  return g_test_run ();
}
