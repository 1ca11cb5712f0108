/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of signing in: what a browser's answer must be, the port it comes to, and what servers say. */

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>

#include "cloud/jwt.h"
#include "cloud/loopback-listener.h"
#include "cloud/oauth.h"
#include "cloud/token-auth.h"

/* --- the port ------------------------------------------------------------------------------------------- */

typedef struct {
  RoundsLoopbackListener *listener;
  guint port;
  gint64 timeout_us;
  GCancellable *cancellable;
  GThread *thread;
  char *query;
  GError *error;
} Wait;

static gpointer
wait_thread (gpointer data)
{
  Wait *self = data;

  self->query = rounds_loopback_listener_wait (self->listener, self->timeout_us, self->cancellable, &self->error);
  return NULL;
}

static void
wait_start (Wait *self, gint64 timeout_us)
{
  memset (self, 0, sizeof *self);
  self->listener = rounds_loopback_listener_new (&self->error);
  g_assert_no_error (self->error);
  self->port = rounds_loopback_listener_get_port (self->listener);
  self->timeout_us = timeout_us;
  self->cancellable = g_cancellable_new ();
  self->thread = g_thread_new ("wait", wait_thread, self);
}

static void
wait_clear (Wait *self)
{
  rounds_loopback_listener_free (self->listener);
  g_object_unref (self->cancellable);
  g_free (self->query);
  g_clear_error (&self->error);
}

/* Local addresses of listening sockets with that port, as the kernel writes them; NULL = none. */
static char *
bound_to (guint port)
{
  static const char *const files[] = { "/proc/net/tcp", "/proc/net/tcp6" };
  g_autoptr (GString) found = g_string_new (NULL);
  guint i, j;

  for (i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *text = NULL;
      g_auto (GStrv) lines = NULL;

      if (!g_file_get_contents (files[i], &text, NULL, NULL))
        continue;
      lines = g_strsplit (text, "\n", -1);
      for (j = 1; lines[j] != NULL; j++)
        {
          char address[64];
          unsigned found_port, state;

          if (sscanf (lines[j], " %*u: %63[0-9A-F]:%X %*[0-9A-F]:%*X %X", address, &found_port, &state) == 3 &&
              found_port == port && state == 0x0a)
            g_string_append_printf (found, "%s%s", found->len > 0 ? " " : "", address);
        }
    }
  return found->len > 0 ? g_string_free (g_steal_pointer (&found), FALSE) : NULL;
}

static GSocketConnection *
call_at (const char *host, guint port)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();

  g_socket_client_set_proxy_resolver (client, NULL);
  g_socket_client_set_enable_proxy (client, FALSE);
  return g_socket_client_connect_to_host (client, host, (guint16) port, NULL, NULL);
}

/* What comes back, or NULL when nobody is there. */
static char *
ask (guint port, const char *text)
{
  g_autoptr (GSocketConnection) connection = call_at ("127.0.0.1", port);
  char buffer[4096] = "";
  gsize n = 0;

  if (connection == NULL)
    return NULL;
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), text, strlen (text), NULL, NULL,
                             NULL);
  g_input_stream_read_all (g_io_stream_get_input_stream (G_IO_STREAM (connection)), buffer, sizeof buffer - 1, &n, NULL,
                           NULL);
  return g_strndup (buffer, n);
}

static char *
ask_for (guint port, const char *target)
{
  g_autofree char *text = g_strdup_printf ("GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", target, port);

  return ask (port, text);
}

static void
assert_closed (guint port)
{
  g_autofree char *bound = bound_to (port);
  g_autoptr (GSocketConnection) connection = call_at ("127.0.0.1", port);

  g_assert_null (bound);
  g_assert_null (connection);
}

/* Only this computer can reach it, and only one answer is taken. */
static void
test_listener_one (void)
{
  Wait wait;
  g_autofree char *bound = NULL, *first = NULL, *second = NULL;
  g_autoptr (GSocketConnection) elsewhere = NULL;

  wait_start (&wait, 60 * G_USEC_PER_SEC);
  bound = bound_to (wait.port);
  g_assert_cmpstr (bound, ==, "0100007F");
  elsewhere = call_at ("127.0.0.2", wait.port);
  g_assert_null (elsewhere);
  first = ask_for (wait.port, "/callback?code=a&state=b");
  g_assert_nonnull (first);
  g_assert_true (g_str_has_prefix (first, "HTTP/1.1 200 "));
  g_assert_nonnull (strstr (first, "no-store"));
  g_thread_join (wait.thread);
  g_assert_cmpstr (wait.query, ==, "code=a&state=b");
  second = ask_for (wait.port, "/callback?code=c&state=d");
  g_assert_null (second);
  assert_closed (wait.port);
  wait_clear (&wait);
}

static void
test_listener_timeout (void)
{
  Wait wait;

  wait_start (&wait, 50 * 1000);
  g_thread_join (wait.thread);
  g_assert_null (wait.query);
  g_assert_error (wait.error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_SIGN_IN);
  assert_closed (wait.port);
  wait_clear (&wait);
}

static void
test_listener_cancel (void)
{
  Wait wait;
  gint64 start = g_get_monotonic_time ();

  wait_start (&wait, 60 * G_USEC_PER_SEC);
  g_cancellable_cancel (wait.cancellable);
  g_thread_join (wait.thread);
  g_assert_error (wait.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 30 * G_USEC_PER_SEC);
  assert_closed (wait.port);
  wait_clear (&wait);
}

/* Whatever else is said to the port is no answer and ends nothing. */
static void
test_listener_noise (void)
{
  static const struct { const char *text, *begins; } noise[] = {
    { "GET /favicon.ico HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", "HTTP/1.1 404 " },
    { "GET /callback HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", "HTTP/1.1 404 " },
    { "GET /callbackx?code=a HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", "HTTP/1.1 404 " },
    { "POST /callback?code=a HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", "HTTP/1.1 404 " },
    { "GET /callback?code=a HTTP/1.1\r\nHost: evil.example:%u\r\n\r\n", "HTTP/1.1 404 " },
    { "GET /callback?code=a HTTP/1.1\r\nX: %u\r\n\r\n", "HTTP/1.1 404 " },
    { "GET /callback?code=a HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nHost: x\r\n\r\n", "HTTP/1.1 404 " },
    { "GET /callback?code=a HTTP/9.9.9\r\nHost: 127.0.0.1:%u\r\n\r\n", "" },
    { "\x16\x03\x01%u\r\n\r\n", "" },
    { "\r\n\r\n%u", "" },
  };
  Wait wait;
  g_autofree char *large = NULL, *got = NULL;
  guint i;

  wait_start (&wait, 60 * G_USEC_PER_SEC);
  for (i = 0; i < G_N_ELEMENTS (noise); i++)
    {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
      g_autofree char *text = g_strdup_printf (noise[i].text, wait.port);
#pragma GCC diagnostic pop
      g_autofree char *back = ask (wait.port, text);

      g_assert_nonnull (back);
      g_assert_true (*noise[i].begins != '\0' ? g_str_has_prefix (back, noise[i].begins) : *back == '\0');
    }
  large = g_strnfill (20000, 'x');
  g_free (ask (wait.port, large));
  got = ask_for (wait.port, "/callback?code=a");
  g_assert_nonnull (got);
  g_thread_join (wait.thread);
  g_assert_cmpstr (wait.query, ==, "code=a");
  wait_clear (&wait);
}

/* Guests who say nothing keep nobody out. */
static void
test_listener_crowd (void)
{
  Wait wait;
  g_autoptr (GPtrArray) crowd = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree char *got = NULL;
  guint i;

  wait_start (&wait, 60 * G_USEC_PER_SEC);
  for (i = 0; i < 40; i++)
    {
      GSocketConnection *guest = call_at ("127.0.0.1", wait.port);

      g_assert_nonnull (guest);
      g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (guest)), "GET ", 4, NULL, NULL, NULL);
      g_ptr_array_add (crowd, guest);
    }
  got = ask_for (wait.port, "/callback?code=a");
  g_assert_nonnull (got);
  g_assert_true (g_str_has_prefix (got, "HTTP/1.1 200 "));
  g_thread_join (wait.thread);
  g_assert_cmpstr (wait.query, ==, "code=a");
  wait_clear (&wait);
}

/* --- the answer ------------------------------------------------------------------------------------------- */

static RoundsOauthTry *
new_try (gboolean iss_promised)
{
  RoundsSmartConfig config = { .issuer = (char *) "https://sign.example", .iss_promised = iss_promised,
                               .authorization_endpoint = (char *) "https://sign.example/auth?tenant=1",
                               .token_endpoint = (char *) "https://sign.example/token" };

  return rounds_oauth_try_new (&config, "rounds&x=1\"", "openid user/*.cruds", "https://h.example/fhir",
                               "http://127.0.0.1:1/callback");
}

static void
judge (gboolean promised, const char *format, const char *code, int error_code)
{
  g_autoptr (RoundsOauthTry) attempt = new_try (promised);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) parts = g_strsplit (format, "STATE", -1);
  g_autofree char *query = g_strjoinv (attempt->state, parts);
  g_autoptr (RoundsSecret) got = rounds_oauth_try_judge (attempt, query, &error);

  if (code != NULL)
    {
      g_assert_no_error (error);
      g_assert_cmpstr ((const char *) rounds_secret_get (got, NULL), ==, code);
      return;
    }
  g_assert_null (got);
  g_assert_error (error, ROUNDS_CLOUD_ERROR, error_code);
}

static void
test_answers (void)
{
  const int refused = ROUNDS_CLOUD_ERROR_REFUSED, sign_in = ROUNDS_CLOUD_ERROR_SIGN_IN;

  judge (FALSE, "code=a%2Bb&state=STATE", "a+b", 0);
  judge (FALSE, "state=STATE&session_state=x&code=a", "a", 0);
  judge (TRUE, "state=STATE&code=a&iss=https%3A%2F%2Fsign.example", "a", 0);
  judge (FALSE, "state=STATE&code=a&iss=https%3A%2F%2Fsign.example", "a", 0);
  /* not ours */
  judge (FALSE, "code=a", NULL, refused);
  judge (FALSE, "code=a&state=", NULL, refused);
  judge (FALSE, "code=a&state=STATEx", NULL, refused);
  judge (FALSE, "code=a&state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", NULL, refused);
  judge (FALSE, "error=access_denied&state=wrong", NULL, refused);
  /* another server's */
  judge (TRUE, "code=a&state=STATE", NULL, refused);
  judge (TRUE, "code=a&state=STATE&iss=https%3A%2F%2Fevil.example", NULL, refused);
  judge (FALSE, "code=a&state=STATE&iss=https%3A%2F%2Fevil.example", NULL, refused);
  judge (FALSE, "code=a&state=STATE&iss=https%3A%2F%2Fsign.example%2F", NULL, refused);
  /* said twice, or not readable */
  judge (FALSE, "code=a&code=b&state=STATE", NULL, refused);
  judge (FALSE, "code=a&state=STATE&state=STATE", NULL, refused);
  judge (FALSE, "code=a%00b&state=STATE", NULL, refused);
  judge (FALSE, "code=a%0D%0Ab&state=STATE", NULL, refused);
  judge (FALSE, "code=%FF&state=STATE", NULL, refused);
  judge (FALSE, "code=&state=STATE", NULL, refused);
  judge (FALSE, "state=STATE", NULL, refused);
  /* refused by person or server */
  judge (FALSE, "error=access_denied&state=STATE", NULL, sign_in);
  judge (FALSE, "error=server_error&error_description=x&state=STATE&code=a", NULL, sign_in);
}

/* Nothing in a client id or scope adds a parameter, and each try has chance of its own. */
static void
test_address (void)
{
  g_autoptr (RoundsOauthTry) one = new_try (FALSE), two = new_try (FALSE);
  g_autoptr (GHashTable) table = NULL;
  const char *question = strchr (one->url, '?');

  g_assert_true (g_str_has_prefix (one->url, "https://sign.example/auth?tenant=1&response_type=code&"));
  table = g_uri_parse_params (question + 1, -1, "&", G_URI_PARAMS_NONE, NULL);
  g_assert_nonnull (table);
  g_assert_cmpuint (g_hash_table_size (table), ==, 10);
  g_assert_cmpstr (g_hash_table_lookup (table, "client_id"), ==, "rounds&x=1\"");
  g_assert_cmpstr (g_hash_table_lookup (table, "aud"), ==, "https://h.example/fhir");
  g_assert_cmpstr (g_hash_table_lookup (table, "code_challenge_method"), ==, "S256");
  g_assert_cmpstr (g_hash_table_lookup (table, "state"), ==, one->state);
  g_assert_cmpuint (strlen (one->state), ==, 43);
  g_assert_cmpstr (one->state, !=, two->state);
  g_assert_cmpstr (one->nonce, !=, two->nonce);
  g_assert_cmpstr (one->nonce, !=, one->state);
  /* The verifier itself never goes through the browser. */
  g_assert_null (strstr (one->url, (const char *) rounds_secret_get (one->verifier, NULL)));
}

static void
test_words (void)
{
  g_autofree char *long_id = g_strnfill (513, 'x');

  g_assert_true (rounds_oauth_is_client_id ("rounds-ward"));
  g_assert_false (rounds_oauth_is_client_id (""));
  g_assert_false (rounds_oauth_is_client_id (NULL));
  g_assert_false (rounds_oauth_is_client_id ("a\r\nHost: x"));
  g_assert_false (rounds_oauth_is_client_id ("wörd"));
  g_assert_false (rounds_oauth_is_client_id (long_id));
  g_assert_true (rounds_oauth_is_scope ("openid user/*.cruds patient/Observation.rs?category=laboratory"));
  g_assert_false (rounds_oauth_is_scope (""));
  g_assert_false (rounds_oauth_is_scope (NULL));
  g_assert_false (rounds_oauth_is_scope ("a  b"));
  g_assert_false (rounds_oauth_is_scope (" a"));
  g_assert_false (rounds_oauth_is_scope ("a "));
  g_assert_false (rounds_oauth_is_scope ("a\nb"));
  g_assert_false (rounds_oauth_is_scope ("a\"b"));
}

/* --- what servers say --------------------------------------------------------------------------------------- */

#define BASE "https://h.example/fhir/"
#define ENDPOINTS "\"authorization_endpoint\":\"https://a.example/auth\",\"token_endpoint\":\"https://b.example/token\""

static void
configure_from (const char *base, const char *text, int error_code)
{
  g_auto (RoundsSmartConfig) config = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean ok = rounds_smart_config_parse (text, strlen (text), base, &config, &error);

  g_assert_cmpint (ok, ==, error_code < 0);
  if (!ok)
    g_assert_error (error, ROUNDS_CLOUD_ERROR, error_code);
}

static void
configure (const char *text, int error_code)
{
  configure_from (BASE, text, error_code);
}

static void
test_configuration (void)
{
  const int protocol = ROUNDS_CLOUD_ERROR_PROTOCOL, refused = ROUNDS_CLOUD_ERROR_REFUSED;

  configure ("{" ENDPOINTS "}", -1);
  configure ("{" ENDPOINTS ",\"code_challenge_methods_supported\":[\"S256\"]}", -1);
  configure_from ("http://localhost:8/", "{\"token_endpoint\":\"http://127.0.0.1:9/token?x=1\"}", -1);
  configure_from ("http://localhost:8/", "{" ENDPOINTS "}", -1);
  /* A server elsewhere does not make Rounds or the browser talk to programs of this computer. */
  configure ("{\"token_endpoint\":\"http://127.0.0.1:9/token\"}", refused);
  configure ("{\"token_endpoint\":\"https://[::1]:9/token\"}", refused);
  configure ("{" ENDPOINTS ",\"revocation_endpoint\":\"http://localhost:9/x\"}", refused);
  configure ("{\"authorization_endpoint\":\"http://localhost:9/x\",\"token_endpoint\":\"https://b.example/t\"}", refused);
  configure ("{" ENDPOINTS ",\"code_challenge_methods_supported\":[\"plain\"]}", refused);
  configure ("{" ENDPOINTS ",\"code_challenge_methods_supported\":[]}", refused);
  configure ("{\"token_endpoint\":\"http://b.example/token\"}", refused);
  configure ("{\"token_endpoint\":\"https://u:p@b.example/token\"}", refused);
  configure ("{\"token_endpoint\":\"https://b.example/token#x\"}", refused);
  configure ("{\"token_endpoint\":\"https://b.example/t\\nX: y\"}", refused);
  configure ("{\"token_endpoint\":\"javascript:alert(1)\"}", refused);
  configure ("{\"authorization_endpoint\":\"file:///etc/passwd\",\"token_endpoint\":\"https://b.example/t\"}", refused);
  configure ("{\"token_endpoint\":7}", protocol);
  configure ("{}", protocol);
  configure ("[]", protocol);
  configure ("", protocol);
}

static void
test_scopes (void)
{
  static const struct { const char *text; gboolean person; const char *scope; } cases[] = {
    { "{" ENDPOINTS "}", TRUE, "openid fhirUser offline_access user/*.cruds" },
    { "{" ENDPOINTS ",\"capabilities\":[\"permission-v1\",\"permission-v2\"]}", TRUE,
      "openid fhirUser offline_access user/*.cruds" },
    { "{" ENDPOINTS ",\"capabilities\":[\"permission-v1\"]}", TRUE,
      "openid fhirUser offline_access user/*.read user/*.write" },
    { "{" ENDPOINTS ",\"scopes_supported\":[\"openid\",\"fhirUser\"]}", TRUE, "openid fhirUser user/*.cruds" },
    { "{" ENDPOINTS "}", FALSE, "system/*.cruds" },
    { "{" ENDPOINTS ",\"capabilities\":[\"permission-v1\"]}", FALSE, "system/*.read system/*.write" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (RoundsSmartConfig) config = { 0 };
      g_autofree char *scope = NULL, *wanted = NULL;

      g_assert_true (rounds_smart_config_parse (cases[i].text, strlen (cases[i].text), BASE, &config, NULL));
      scope = rounds_smart_config_dup_scope (&config, NULL, cases[i].person);
      wanted = rounds_smart_config_dup_scope (&config, "user/Patient.rs", cases[i].person);
      g_assert_cmpstr (scope, ==, cases[i].scope);
      g_assert_cmpstr (wanted, ==, "user/Patient.rs");
    }
}

static void
test_grants (void)
{
  static const struct { const char *text; gint64 life; } cases[] = {
    { "{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"expires_in\":300}", 300 },
    { "{\"access_token\":\"a\",\"token_type\":\"bearer\",\"expires_in\":\"300\"}", 300 },
    { "{\"access_token\":\"a\",\"token_type\":\"bearer\",\"expires_in\":1e300}", 366 * 24 * 3600 },
    { "{\"access_token\":\"a\",\"token_type\":\"bearer\",\"expires_in\":-5}", -1 },
    { "{\"access_token\":\"a\",\"token_type\":\"bearer\",\"refresh_token\":null}", -1 },
    { "{\"access_token\":\"a\",\"token_type\":\"mac\"}", -2 },
    { "{\"access_token\":\"a\"}", -2 },
    { "{\"access_token\":\"a\\r\\nX: y\",\"token_type\":\"bearer\"}", -2 },
    { "{\"access_token\":\"\",\"token_type\":\"bearer\"}", -2 },
    { "{\"access_token\":{},\"token_type\":\"bearer\"}", -2 },
    { "{\"access_token\":\"a\",\"token_type\":\"bearer\",\"refresh_token\":\"b c\"}", -2 },
    { "{\"access_token\":\"a\",\"access_token\":\"b\",\"token_type\":\"bearer\"}", -2 },
    { "[]", -2 },
    { "", -2 },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (RoundsOauthGrant) grant = { 0 };
      g_autoptr (GError) error = NULL;
      gboolean ok = rounds_oauth_grant_parse (cases[i].text, strlen (cases[i].text), &grant, &error);

      g_assert_cmpint (ok, ==, cases[i].life > -2);
      if (ok)
        g_assert_cmpint (grant.expires_in_s, ==, cases[i].life);
      else
        g_assert_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_PROTOCOL);
    }
}

/* What is kept is read back as it was; what was changed is not. */
static void
test_token_text (void)
{
  g_autoptr (RoundsToken) token = rounds_token_new (), again = NULL;
  g_autoptr (RoundsSecret) text = NULL, cut = NULL;
  gsize size, i;
  const guint8 *bytes;

  token->token_endpoint = g_strdup ("https://b.example/token");
  token->client_id = g_strdup ("rounds ward");
  token->who = g_strdup ("Practitioner/12");
  token->access = rounds_secret_new_take_text (g_strdup ("aaa"));
  token->refresh = rounds_secret_new_take_text (g_strdup ("rrr"));
  token->since_us = 5;
  text = rounds_token_to_secret (token);
  again = rounds_token_from_secret (text);
  g_assert_nonnull (again);
  g_assert_cmpstr (again->token_endpoint, ==, token->token_endpoint);
  g_assert_null (again->revocation_endpoint);
  g_assert_cmpstr (again->client_id, ==, "rounds ward");
  g_assert_cmpstr (again->who, ==, "Practitioner/12");
  g_assert_cmpstr ((const char *) rounds_secret_get (again->access, NULL), ==, "aaa");
  g_assert_cmpstr ((const char *) rounds_secret_get (again->refresh, NULL), ==, "rrr");
  g_assert_cmpint (again->since_us, ==, 5);
  g_assert_cmpint (again->until_us, ==, G_MAXINT64);
  bytes = rounds_secret_get (text, &size);
  for (i = 0; i < size; i++)
    {
      g_clear_pointer (&cut, rounds_secret_unref);
      cut = rounds_secret_new_copy (bytes, i);
      g_clear_pointer (&again, rounds_token_unref);
      again = rounds_token_from_secret (cut);   /* whole lines alone, or nothing */
      g_assert_true (again == NULL || bytes[i - 1] == '\n');
    }
}

/* --- JWT ------------------------------------------------------------------------------------------------------ */

static char *
id_token (const char *claims)
{
  g_autofree char *middle = rounds_base64url ((const guint8 *) claims, strlen (claims));

  return g_strconcat ("e30.", middle, ".c2ln", NULL);
}

static void
test_id_token (void)
{
  static const struct { const char *claims, *who; } cases[] = {
    { "{\"iss\":\"I\",\"aud\":\"C\",\"nonce\":\"N\",\"fhirUser\":\"https://h/fhir/Practitioner/12\"}", "Practitioner/12" },
    { "{\"iss\":\"I\",\"aud\":[\"C\"],\"nonce\":\"N\",\"fhirUser\":\"Practitioner/1\"}", "Practitioner/1" },
    { "{\"iss\":\"I\",\"aud\":[\"C\",\"D\"],\"azp\":\"C\",\"nonce\":\"N\"}", "" },
    { "{\"iss\":\"I\",\"aud\":[\"C\",\"D\"],\"nonce\":\"N\"}", NULL },
    { "{\"iss\":\"I\",\"aud\":\"C\",\"azp\":\"D\",\"nonce\":\"N\"}", NULL },
    { "{\"iss\":\"J\",\"aud\":\"C\",\"nonce\":\"N\"}", NULL },
    { "{\"iss\":\"I\",\"aud\":\"D\",\"nonce\":\"N\"}", NULL },
    { "{\"iss\":\"I\",\"aud\":\"C\",\"nonce\":\"M\"}", NULL },
    { "{\"iss\":\"I\",\"aud\":\"C\"}", NULL },
    { "[]", NULL },
    { "", NULL },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *token = id_token (cases[i].claims), *who = NULL;
      gboolean ok = rounds_jwt_check_id_token (token, strlen (token), "I", "C", "N", &who, NULL);

      g_assert_cmpint (ok, ==, cases[i].who != NULL);
      if (ok)
        g_assert_cmpstr (who, ==, *cases[i].who != '\0' ? cases[i].who : NULL);
    }
}

/* As RFC 7523 and SMART have it; that the signature holds is for a real server to say (test-oidc.c). */
static void
test_assertion (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsSecret) key = rounds_jwt_key_new (&error), one = NULL, two = NULL;
  g_autofree char *jwks = rounds_jwt_key_dup_jwks (key, &error);
  g_autoptr (json_object) json = rounds_json_parse (jwks, -1, NULL), claims = NULL, other = NULL;
  const gint64 now = G_GINT64_CONSTANT (1700000000) * G_USEC_PER_SEC;
  gsize size;

  g_assert_no_error (error);
  g_assert_cmpstr (rounds_json_peek_string (json, "keys.0.alg"), ==, "ES384");
  g_assert_cmpuint (strlen (rounds_json_peek_string (json, "keys.0.x")), ==, 64);
  g_assert_null (rounds_json_peek (json, "keys.0.d"));
  one = rounds_jwt_assertion (key, "ward", "https://b.example/token", now, &error);
  two = rounds_jwt_assertion (key, "ward", "https://b.example/token", now, &error);
  g_assert_no_error (error);
  rounds_secret_get (one, &size);
  claims = rounds_jwt_peek_claims ((const char *) rounds_secret_get (one, NULL), size, NULL);
  rounds_secret_get (two, &size);
  other = rounds_jwt_peek_claims ((const char *) rounds_secret_get (two, NULL), size, NULL);
  g_assert_cmpstr (rounds_json_peek_string (claims, "iss"), ==, "ward");
  g_assert_cmpstr (rounds_json_peek_string (claims, "sub"), ==, "ward");
  g_assert_cmpstr (rounds_json_peek_string (claims, "aud"), ==, "https://b.example/token");
  g_assert_cmpstr (rounds_json_peek_digits (claims, "iat"), ==, "1700000000");
  g_assert_cmpint (g_ascii_strtoll (rounds_json_peek_digits (claims, "exp"), NULL, 10), <=, 1700000300);
  g_assert_cmpint (g_ascii_strtoll (rounds_json_peek_digits (claims, "exp"), NULL, 10), >, 1700000000);
  g_assert_cmpstr (rounds_json_peek_string (claims, "jti"), !=, rounds_json_peek_string (other, "jti"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sign-in/listener/one-answer", test_listener_one);
  g_test_add_func ("/sign-in/listener/timeout", test_listener_timeout);
  g_test_add_func ("/sign-in/listener/cancel", test_listener_cancel);
  g_test_add_func ("/sign-in/listener/noise", test_listener_noise);
  g_test_add_func ("/sign-in/listener/crowd", test_listener_crowd);
  g_test_add_func ("/sign-in/answers", test_answers);
  g_test_add_func ("/sign-in/address", test_address);
  g_test_add_func ("/sign-in/words", test_words);
  g_test_add_func ("/sign-in/configuration", test_configuration);
  g_test_add_func ("/sign-in/scopes", test_scopes);
  g_test_add_func ("/sign-in/grants", test_grants);
  g_test_add_func ("/sign-in/token-text", test_token_text);
  g_test_add_func ("/sign-in/id-token", test_id_token);
  g_test_add_func ("/sign-in/assertion", test_assertion);
  return g_test_run ();
}
