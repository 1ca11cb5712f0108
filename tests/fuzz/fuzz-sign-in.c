/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What comes from outside while somebody signs in: the first byte says which reader gets the rest. No text of an
 * enemy's is ever taken for the answer to our own try. */

#include "fuzz.h"

#include <string.h>

#include "cloud/jwt.h"
#include "cloud/loopback-listener.h"
#include "cloud/oauth.h"
#include "cloud/token-auth.h"

static void
read_request (const char *text, gsize size)
{
  g_autofree char *query = NULL;
  RoundsCallback what = rounds_callback_read (text, size, 4711, &query);

  g_assert_cmpint (what == ROUNDS_CALLBACK_ANSWER, ==, query != NULL);
  g_assert_true (query == NULL || strpbrk (query, " \r\n#") == NULL);
}

static void
judge (const char *text)
{
  RoundsSmartConfig config = { .issuer = (char *) "https://sign.example", .iss_promised = TRUE,
                               .authorization_endpoint = (char *) "https://sign.example/auth",
                               .token_endpoint = (char *) "https://sign.example/token" };
  g_autoptr (RoundsOauthTry) attempt =
    rounds_oauth_try_new (&config, "c", "s", "https://h.example", "http://127.0.0.1:1/callback");
  g_autoptr (RoundsSecret) code = rounds_oauth_try_judge (attempt, text, NULL);

  g_assert_null (code);
}

static void
configure (const char *text, gsize size)
{
  g_auto (RoundsSmartConfig) config = { 0 };
  g_autofree char *scope = NULL;

  if (!rounds_smart_config_parse (text, size, "https://h.example/fhir/", &config, NULL))
    return;
  g_assert_cmpint (g_ascii_strncasecmp (config.token_endpoint, "https", 5), ==, 0);
  scope = rounds_smart_config_dup_scope (&config, NULL, TRUE);
  g_assert_true (rounds_oauth_is_scope (scope));
}

static void
grant (const char *text, gsize size)
{
  g_auto (RoundsOauthGrant) out = { 0 };
  g_autoptr (RoundsSecret) header = NULL;

  if (!rounds_oauth_grant_parse (text, size, &out, NULL))
    return;
  header = rounds_auth_bearer_header (out.access, NULL);
  g_assert_nonnull (header);
  g_assert_null (strpbrk ((const char *) rounds_secret_get (header, NULL), "\r\n"));
}

static void
keep (const char *text, gsize size)
{
  g_autoptr (RoundsSecret) secret = rounds_secret_new_copy (text, size), again = NULL;
  g_autoptr (RoundsToken) token = rounds_token_from_secret (secret), same = NULL;

  if (token == NULL)
    return;
  again = rounds_token_to_secret (token);
  same = rounds_token_from_secret (again);
  g_assert_nonnull (same);
  g_assert_cmpstr (token->token_endpoint, ==, same->token_endpoint);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = size > 0 ? g_strndup ((const char *) data + 1, size - 1) : NULL;
  g_autofree char *who = NULL;

  if (size < 2)
    return 0;
  switch (data[0])
    {
    case 'r':
      read_request (text, size - 1);
      break;
    case 'q':
      judge (text);
      break;
    case 'c':
      configure (text, size - 1);
      break;
    case 'g':
      grant (text, size - 1);
      break;
    case 'k':
      keep (text, size - 1);
      break;
    default:
      rounds_jwt_check_id_token (text, size - 1, "I", "C", "N", &who, NULL);
    }
  return 0;
}
