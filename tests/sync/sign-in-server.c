/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sign-in server in one file. It answers what RFC 6749, 7636, 7009 and SMART App Launch say, no more. */

#include "sign-in-server.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/jwt.h"

char *
sign_in_parameter (const char *url, const char *name)
{
  const char *question = strchr (url, '?');
  g_autoptr (GHashTable) table =
    g_uri_parse_params (question != NULL ? question + 1 : url, -1, "&", G_URI_PARAMS_WWW_FORM, NULL);

  return table != NULL ? g_strdup (g_hash_table_lookup (table, name)) : NULL;
}

static void
set_error (FaultAnswer *answer, int status, const char *word)
{
  answer->status = status;
  g_string_append (answer->headers, "Content-Type: application/json\r\n");
  g_string_printf (answer->body, "{\"error\":\"%s\",\"error_description\":\"for the test\"}", word);
}

static void
rotate (SignInServer *self)
{
  g_free (self->access);
  g_free (self->refresh_before);
  self->refresh_before = self->refresh;
  self->n_tokens++;
  self->access = g_strdup_printf ("access-%u", self->n_tokens);
  self->refresh = g_strdup_printf ("refresh-%u", self->n_tokens);
}

static void
give (SignInServer *self, FaultAnswer *answer, gboolean with_id)
{
  rotate (self);
  g_string_append (answer->headers, "Content-Type: application/json\r\nCache-Control: no-store\r\n");
  g_string_printf (answer->body,
                   "{\"access_token\":\"%s\",\"token_type\":\"Bearer\",\"expires_in\":%d,\"refresh_token\":\"%s\"",
                   self->access, (int) self->life_s, self->refresh);
  if (with_id)
    {
      g_autofree char *claims = g_strdup_printf (
        "{\"iss\":\"%s\",\"aud\":\"%s\",\"nonce\":\"%s\",\"fhirUser\":\"Practitioner/12\"}",
        self->issuer != NULL ? self->issuer : self->fhir->url, self->client_id,
        self->nonce != NULL ? self->nonce : self->asked_nonce);
      g_autofree char *middle = rounds_base64url ((const guint8 *) claims, strlen (claims));

      g_string_append_printf (answer->body, ",\"id_token\":\"e30.%s.c2ln\"", middle);
    }
  g_string_append (answer->body, "}");
}

static char *
hash_of (const char *verifier)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 bytes[32];
  gsize size = sizeof bytes;

  g_checksum_update (sum, (const guchar *) verifier, -1);
  g_checksum_get_digest (sum, bytes, &size);
  return rounds_base64url (bytes, size);
}

static void
trade_code (SignInServer *self, const char *form, FaultAnswer *answer)
{
  g_autofree char *code = sign_in_parameter (form, "code"), *verifier = sign_in_parameter (form, "code_verifier"),
                  *client = sign_in_parameter (form, "client_id"), *uri = sign_in_parameter (form, "redirect_uri"),
                  *hash = hash_of (verifier != NULL ? verifier : "");
  gboolean ok = self->code != NULL && g_strcmp0 (code, self->code) == 0 && g_strcmp0 (client, self->client_id) == 0 &&
                g_strcmp0 (uri, self->redirect_uri) == 0 && g_strcmp0 (hash, self->challenge) == 0;

  self->n_codes++;
  g_clear_pointer (&self->code, g_free);
  if (!ok)
    {
      set_error (answer, 400, "invalid_grant");
      return;
    }
  self->over = FALSE;
  give (self, answer, TRUE);
}

static void
trade_refresh (SignInServer *self, const char *form, FaultAnswer *answer)
{
  g_autofree char *token = sign_in_parameter (form, "refresh_token"), *client = sign_in_parameter (form, "client_id");
  gboolean now = g_strcmp0 (token, self->refresh) == 0;
  gboolean before = self->refresh_before != NULL && g_strcmp0 (token, self->refresh_before) == 0;

  self->n_refreshes++;
  if (!now && !(before && self->grace))
    self->over = TRUE;
  if (self->over || g_strcmp0 (client, self->client_id) != 0)
    {
      set_error (answer, 400, "invalid_grant");
      return;
    }
  give (self, answer, FALSE);
  if (self->kill_at_refresh > 0)
    {
      kill (self->kill_at_refresh, SIGKILL);
      self->kill_at_refresh = 0;
      answer->drop = TRUE;
    }
}

static void
handle_tokens (const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  SignInServer *self = data;
  g_autofree char *kind = sign_in_parameter (request->body, "grant_type");
  g_autofree char *token = sign_in_parameter (request->body, "token");

  g_mutex_lock (&self->lock);
  answer->delay_ms = self->token_delay_ms;
  if (fault_request_header (request, "authorization") != NULL)
    self->n_leaks++;
  if (self->redirect != NULL)
    {
      answer->status = 307;
      g_string_append_printf (answer->headers, "Location: %s\r\n", self->redirect);
    }
  else if (!g_str_equal (request->method, "POST"))
    set_error (answer, 405, "invalid_request");
  else if (g_str_equal (request->path, "/revoke"))
    {
      self->n_revoked += g_strcmp0 (token, self->refresh) == 0;
      self->over = TRUE;
    }
  else if (g_strcmp0 (kind, "authorization_code") == 0)
    trade_code (self, request->body, answer);
  else if (g_strcmp0 (kind, "refresh_token") == 0)
    trade_refresh (self, request->body, answer);
  else
    set_error (answer, 400, "unsupported_grant_type");
  g_mutex_unlock (&self->lock);
}

static void
configuration (SignInServer *self, FaultAnswer *answer)
{
  const char *origin = self->token_origin != NULL ? self->token_origin : fault_server_get_origin (self->tokens);

  g_string_append (answer->headers, "Content-Type: application/json\r\n");
  g_string_printf (answer->body,
                   "{\"issuer\":\"%s\",\"authorization_endpoint\":\"%sauth\",\"token_endpoint\":\"%s/token\","
                   "\"revocation_endpoint\":\"%s/revoke\",\"code_challenge_methods_supported\":[\"S256\"],"
                   "\"authorization_response_iss_parameter_supported\":true,\"capabilities\":[\"permission-v2\"]}",
                   self->issuer != NULL ? self->issuer : self->fhir->url, self->fhir->url, origin, origin);
}

static gboolean
guard (MiniFhir *fhir, const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  SignInServer *self = data;
  const char *header = fault_request_header (request, "authorization");
  g_autofree char *want = NULL;
  gboolean known;

  if (g_str_has_suffix (request->path, "/.well-known/smart-configuration"))
    {
      if (header != NULL)
        self->n_leaks++;
      configuration (self, answer);
      return TRUE;
    }
  g_mutex_lock (&self->lock);
  if (self->n_before_expiry == 0)
    g_clear_pointer (&self->access, g_free);
  if (self->n_before_expiry >= 0)
    self->n_before_expiry--;
  want = self->access != NULL && !self->over ? g_strconcat ("Bearer ", self->access, NULL) : NULL;
  known = want != NULL && g_strcmp0 (header, want) == 0;
  if (self->n_401 > 0)
    {
      self->n_401--;
      known = FALSE;
    }
  self->n_known += known;
  if (known && self->kill_at_use > 0 && self->n_refreshes > 0)
    {
      kill (self->kill_at_use, SIGKILL);
      self->kill_at_use = 0;
      answer->drop = TRUE;
      g_mutex_unlock (&self->lock);
      return TRUE;
    }
  g_mutex_unlock (&self->lock);
  if (known)
    return FALSE;
  g_string_append (answer->headers, "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n");
  mini_outcome (answer, 401, "the token is not known or has ended");
  return TRUE;
}

SignInServer *
sign_in_server_new (void)
{
  SignInServer *self = g_new0 (SignInServer, 1);

  g_mutex_init (&self->lock);
  self->life_s = 3600;
  self->n_before_expiry = -1;
  self->fhir = mini_fhir_new ();
  self->fhir->before = guard;
  self->fhir->data = self;
  sign_in_server_listen (self, 0);
  return self;
}

void
sign_in_server_listen (SignInServer *self, guint16 port)
{
  self->tokens = fault_server_new_at (port, handle_tokens, self);
}

void
sign_in_server_free (SignInServer *self)
{
  mini_fhir_free (self->fhir);
  fault_server_free (self->tokens);
  g_free (self->challenge);
  g_free (self->redirect_uri);
  g_free (self->client_id);
  g_free (self->asked_nonce);
  g_free (self->code);
  g_free (self->access);
  g_free (self->refresh);
  g_free (self->refresh_before);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* --- the browser ------------------------------------------------------------------------------------------- */

char *
sign_in_server_authorize (SignInServer *self, const char *url)
{
  g_autofree char *state = sign_in_parameter (url, "state");
  g_autofree char *issuer =
    g_uri_escape_string (self->issuer != NULL ? self->issuer : self->fhir->url, NULL, FALSE);
  g_autofree char *method = sign_in_parameter (url, "code_challenge_method");
  char *query;

  g_assert_cmpstr (method, ==, "S256");
  g_mutex_lock (&self->lock);
  g_free (self->challenge);
  g_free (self->redirect_uri);
  g_free (self->client_id);
  g_free (self->asked_nonce);
  g_free (self->code);
  self->challenge = self->swap_challenge ? hash_of ("somebody else's") : sign_in_parameter (url, "code_challenge");
  self->redirect_uri = sign_in_parameter (url, "redirect_uri");
  self->client_id = sign_in_parameter (url, "client_id");
  self->asked_nonce = sign_in_parameter (url, "nonce");
  self->code = g_strdup_printf ("code-%u", g_random_int ());
  query = g_strdup_printf ("code=%s&state=%s&iss=%s", self->code, state, issuer);
  g_mutex_unlock (&self->lock);
  return query;
}

int
sign_in_bring (const char *url, const char *query)
{
  g_autofree char *uri = sign_in_parameter (url, "redirect_uri");
  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_NONE, NULL);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  g_autofree char *text = NULL;
  char buffer[4096] = "";
  gsize n = 0;

  g_socket_client_set_enable_proxy (client, FALSE);
  connection = g_socket_client_connect_to_host (client, g_uri_get_host (parsed), (guint16) g_uri_get_port (parsed), NULL,
                                                NULL);
  if (connection == NULL)
    return 0;
  text = g_strdup_printf ("GET %s?%s HTTP/1.1\r\nHost: %s:%d\r\n\r\n", g_uri_get_path (parsed), query,
                          g_uri_get_host (parsed), g_uri_get_port (parsed));
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), text, strlen (text), NULL, NULL,
                             NULL);
  g_input_stream_read_all (g_io_stream_get_input_stream (G_IO_STREAM (connection)), buffer, sizeof buffer - 1, &n, NULL,
                           NULL);
  return n > 12 ? atoi (buffer + strlen ("HTTP/1.1 ")) : -1;
}
