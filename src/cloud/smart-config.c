/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Discovery of the sign-in server.
 *
 * The document comes over the same trusted connection as the records, so it may name another server for signing
 * in; what it names must be https too. Nothing of it is kept between passes: it is small, and servers move. */

#include "cloud/smart-config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/instant.h"
#include "cloud/url.h"
#include "fhir/json.h"

#define MAX_DOCUMENT (256 * 1024)
#define MAX_SCOPES 2000
#define MAX_SECONDS 45

void
rounds_smart_config_clear (RoundsSmartConfig *self)
{
  g_clear_pointer (&self->issuer, g_free);
  g_clear_pointer (&self->authorization_endpoint, g_free);
  g_clear_pointer (&self->token_endpoint, g_free);
  g_clear_pointer (&self->revocation_endpoint, g_free);
  g_clear_pointer (&self->scopes, g_strfreev);
}

static gboolean
holds (json_object *list, const char *word)
{
  gsize i, n = json_object_is_type (list, json_type_array) ? json_object_array_length (list) : 0;

  for (i = 0; i < n; i++)
    {
      json_object *item = json_object_array_get_idx (list, i);

      if (json_object_is_type (item, json_type_string) && strcmp (json_object_get_string (item), word) == 0)
        return TRUE;
    }
  return FALSE;
}

static char **
dup_words (json_object *list)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  gsize i, n = json_object_is_type (list, json_type_array) ? json_object_array_length (list) : 0;

  if (!json_object_is_type (list, json_type_array))
    return NULL;
  for (i = 0; i < MIN (n, MAX_SCOPES); i++)
    if (json_object_is_type (json_object_array_get_idx (list, i), json_type_string))
      g_strv_builder_add (builder, json_object_get_string (json_object_array_get_idx (list, i)));
  return g_strv_builder_end (builder);
}

static gboolean
take_endpoint (json_object *json, const char *name, const char *base, char **out, GError **error)
{
  const char *url = rounds_json_peek_filled (json, name);

  if (url == NULL)
    return TRUE;
  if (!rounds_url_check_endpoint (url, error))
    return FALSE;
  /* A server elsewhere has no business with the programs of this computer. */
  if (rounds_url_is_loopback (url) && !rounds_url_is_loopback (base))
    {
      g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_REFUSED,
                           _("The cloud names an address for signing in that is not safe to use"));
      return FALSE;
    }
  *out = g_strdup (url);
  return TRUE;
}

gboolean
rounds_smart_config_parse (const char *text, gsize size, const char *base, RoundsSmartConfig *out, GError **error)
{
  g_autoptr (json_object) json = size <= MAX_DOCUMENT ? rounds_json_parse (text, (gssize) size, NULL) : NULL;
  g_auto (RoundsSmartConfig) config = { 0 };
  json_object *methods, *abilities;

  if (!json_object_is_type (json, json_type_object) || rounds_json_peek_filled (json, "token_endpoint") == NULL)
    {
      g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_PROTOCOL,
                           _("The cloud does not say how to sign in there (no SMART configuration)"));
      return FALSE;
    }
  if (!take_endpoint (json, "authorization_endpoint", base, &config.authorization_endpoint, error) ||
      !take_endpoint (json, "token_endpoint", base, &config.token_endpoint, error) ||
      !take_endpoint (json, "revocation_endpoint", base, &config.revocation_endpoint, error))
    return FALSE;
  /* Servers from before PKCE say nothing; one that lists methods without S256 cannot guard the code. */
  methods = rounds_json_peek (json, "code_challenge_methods_supported");
  if (config.authorization_endpoint != NULL && methods != NULL && !holds (methods, "S256"))
    {
      g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_REFUSED,
                           _("The cloud’s sign-in lacks PKCE with S256; without it the answer could be stolen"));
      return FALSE;
    }
  abilities = rounds_json_peek (json, "capabilities");
  config.v1_scopes = holds (abilities, "permission-v1") && !holds (abilities, "permission-v2");
  config.iss_promised = json_object_get_boolean (
    rounds_json_peek (json, "authorization_response_iss_parameter_supported"));
  config.issuer = g_strdup (rounds_json_peek_filled (json, "issuer"));
  config.scopes = dup_words (rounds_json_peek (json, "scopes_supported"));
  *out = config;
  memset (&config, 0, sizeof config);
  return TRUE;
}

gboolean
rounds_smart_config_fetch (RoundsHttp *http, RoundsSmartConfig *out, GCancellable *cancellable, GError **error)
{
  static const char *const headers[] = { "Accept: application/json", "Cache-Control: no-cache", NULL };
  RoundsHttpRequest request = { .method = "GET", .url = ".well-known/smart-configuration", .headers = headers,
                                .max_bytes = MAX_DOCUMENT, .max_seconds = MAX_SECONDS };
  g_auto (RoundsHttpAnswer) answer = { 0 };
  const char *text;
  gsize size;

  if (!rounds_http_send (http, &request, &answer, cancellable, error))
    return FALSE;
  if (answer.status == 429 || answer.status >= 500)
    {
      g_set_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_UNREACHABLE,
                   _("The cloud answered with HTTP status %d"), answer.status);
      return FALSE;
    }
  text = g_bytes_get_data (answer.body, &size);
  if (answer.status != 200)
    size = 0;
  if (!rounds_smart_config_parse (text, size, rounds_http_get_base (http), out, error))
    return FALSE;
  out->clock_ahead_us = answer.date_us > 0 ? answer.date_us - rounds_instant_now_us () : 0;
  return TRUE;
}

char *
rounds_smart_config_dup_scope (const RoundsSmartConfig *self, const char *wanted, gboolean person)
{
  gboolean offline = self->scopes == NULL || g_strv_contains ((const char *const *) self->scopes, "offline_access");

  if (wanted != NULL)
    return g_strdup (wanted);
  if (!person)
    return g_strdup (self->v1_scopes ? "system/*.read system/*.write" : "system/*.cruds");
  return g_strconcat ("openid fhirUser", offline ? " offline_access" : "",
                      self->v1_scopes ? " user/*.read user/*.write" : " user/*.cruds", NULL);
}
