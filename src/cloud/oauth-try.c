/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The browser's part of signing in.
 *
 * Anybody on this computer can send a request to the listener, so the answer counts only with the state that
 * nobody but the browser and the server has seen; and a stolen code is worth nothing without the verifier, which
 * never leaves this process but for the token endpoint. */

#include "cloud/oauth.h"

#include <glib/gi18n-lib.h>
#include <sodium.h>
#include <string.h>

#include "cloud/jwt.h"
#include "cloud/url.h"

#define RANDOM_BYTES 32
#define MAX_VALUE 8192
#define MAX_PARAMETERS 32

gboolean
rounds_oauth_is_client_id (const char *text)
{
  gsize i;

  for (i = 0; text != NULL && text[i] >= 0x20 && text[i] < 0x7f; i++)
    ;
  return text != NULL && i > 0 && i <= 512 && text[i] == '\0';
}

gboolean
rounds_oauth_is_scope (const char *text)
{
  char last = ' ';
  gsize i;

  for (i = 0; text != NULL && text[i] != '\0' && i <= 2048; i++)
    {
      if (text[i] < 0x20 || text[i] > 0x7e || text[i] == '"' || text[i] == '\\' || (text[i] == ' ' && last == ' '))
        return FALSE;
      last = text[i];
    }
  return text != NULL && i <= 2048 && last != ' ';
}

static char *
random_text (void)
{
  guint8 bytes[RANDOM_BYTES];
  char *text;

  randombytes_buf (bytes, sizeof bytes);
  text = rounds_base64url (bytes, sizeof bytes);
  sodium_memzero (bytes, sizeof bytes);
  return text;
}

static char *
challenge (RoundsSecret *verifier)
{
  guint8 hash[crypto_hash_sha256_BYTES];
  gsize size;
  const guint8 *bytes = rounds_secret_get (verifier, &size);

  crypto_hash_sha256 (hash, bytes, size);
  return rounds_base64url (hash, sizeof hash);
}

static void
add (GString *url, const char *name, const char *value)
{
  g_autofree char *escaped = rounds_url_escape (value);

  g_string_append_printf (url, "%c%s=%s", strchr (url->str, '?') != NULL ? '&' : '?', name, escaped);
}

RoundsOauthTry *
rounds_oauth_try_new (const RoundsSmartConfig *config, const char *client_id, const char *scope, const char *audience,
                      const char *redirect_uri)
{
  RoundsOauthTry *self = g_new0 (RoundsOauthTry, 1);
  g_autoptr (GString) url = g_string_new (config->authorization_endpoint);
  g_autofree char *hash = NULL;

  self->redirect_uri = g_strdup (redirect_uri);
  self->client_id = g_strdup (client_id);
  self->issuer = g_strdup (config->issuer);
  self->iss_promised = config->iss_promised;
  self->state = random_text ();
  self->nonce = random_text ();
  self->verifier = rounds_secret_new_take_text (random_text ());
  hash = challenge (self->verifier);
  add (url, "response_type", "code");
  add (url, "client_id", client_id);
  add (url, "redirect_uri", redirect_uri);
  add (url, "scope", scope);
  add (url, "state", self->state);
  add (url, "aud", audience);
  add (url, "nonce", self->nonce);
  add (url, "code_challenge", hash);
  add (url, "code_challenge_method", "S256");
  /* Without it, OpenID servers leave out the refresh token (OpenID Connect Core §11). */
  if (strstr (scope, "offline_access") != NULL)
    add (url, "prompt", "consent");
  self->url = g_string_free (g_steal_pointer (&url), FALSE);
  return self;
}

void
rounds_oauth_try_free (RoundsOauthTry *self)
{
  if (self == NULL)
    return;
  g_free (self->url);
  g_free (self->redirect_uri);
  g_free (self->client_id);
  g_free (self->issuer);
  g_free (self->state);
  g_free (self->nonce);
  g_clear_pointer (&self->verifier, rounds_secret_unref);
  g_free (self);
}

/* --- the answer -------------------------------------------------------------------------------------------- */

/* As forms are: "+" is a blank. NULL when it is no UTF-8 without control characters. */
static char *
decode (const char *text, gsize size)
{
  g_autofree char *copy = size <= MAX_VALUE ? g_strndup (text, size) : NULL;
  g_autofree char *plain = NULL;
  const char *at;

  if (copy == NULL)
    return NULL;
  plain = g_uri_unescape_string (g_strdelimit (copy, "+", ' '), NULL);   /* NULL for %00 */
  if (plain == NULL || !g_utf8_validate (plain, -1, NULL))
    return NULL;
  for (at = plain; *at != '\0'; at++)
    if (g_ascii_iscntrl (*at))
      return NULL;
  return g_steal_pointer (&plain);
}

/* name → value, or NULL when the query cannot be read or says a thing twice. */
static GHashTable *
read_query (const char *query)
{
  g_autoptr (GHashTable) table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  const char *at = query;

  while (*at != '\0')
    {
      gsize size = strcspn (at, "&");
      const char *equals = memchr (at, '=', size);
      gsize n_name = equals != NULL ? (gsize) (equals - at) : size;
      g_autofree char *name = decode (at, n_name);
      g_autofree char *value = equals != NULL ? decode (equals + 1, size - n_name - 1) : g_strdup ("");

      if (name == NULL || value == NULL || g_hash_table_size (table) >= MAX_PARAMETERS ||
          (*name != '\0' && !g_hash_table_insert (table, g_steal_pointer (&name), g_steal_pointer (&value))))
        return NULL;
      at += size + (at[size] == '&');
    }
  return g_steal_pointer (&table);
}

static gboolean
refuse (GError **error, const char *words)
{
  g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_REFUSED, words);
  return FALSE;
}

static gboolean
check_ours (const RoundsOauthTry *self, GHashTable *answer, GError **error)
{
  const char *state = answer != NULL ? g_hash_table_lookup (answer, "state") : NULL;
  const char *issuer = answer != NULL ? g_hash_table_lookup (answer, "iss") : NULL;

  if (state == NULL || strlen (state) != strlen (self->state) ||
      sodium_memcmp (state, self->state, strlen (self->state)) != 0)
    return refuse (error, _("An answer came that does not belong to this sign-in; it was not used"));
  if (issuer == NULL && self->iss_promised)
    return refuse (error, _("The answer does not say which server it is from; it was not used"));
  if (issuer != NULL && (self->issuer != NULL ? strcmp (issuer, self->issuer) != 0 : self->iss_promised))
    return refuse (error, _("The answer is from another sign-in server; it was not used"));
  return TRUE;
}

RoundsSecret *
rounds_oauth_try_judge (const RoundsOauthTry *self, const char *query, GError **error)
{
  g_autoptr (GHashTable) answer = read_query (query);
  const char *code, *word;

  if (!check_ours (self, answer, error))
    return NULL;
  code = g_hash_table_lookup (answer, "code");
  word = g_hash_table_lookup (answer, "error");
  if (word != NULL)
    {
      if (strcmp (word, "access_denied") == 0)
        g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_SIGN_IN,
                             _("The sign-in was declined in the browser"));
      else
        {
          g_autofree char *brief = g_utf8_substring (word, 0, MIN (g_utf8_strlen (word, -1), 100));

          g_set_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_SIGN_IN, _("The cloud refused the sign-in: %s"),
                       brief);
        }
      return NULL;
    }
  if (code == NULL || *code == '\0')
    {
      refuse (error, _("The answer holds no code; it was not used"));
      return NULL;
    }
  return rounds_secret_new_copy (code, strlen (code));
}
