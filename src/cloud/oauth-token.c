/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The token endpoint.
 *
 * Codes and tokens are sent from, and received into, wiped memory. What libcurl and json-c hold in between is
 * out of reach but for the strings that json-c gives, which are wiped in place. */

#include "cloud/oauth.h"

#include <glib/gi18n-lib.h>
#include <sodium.h>
#include <string.h>

#include "cloud/url.h"
#include "fhir/json.h"

#define MAX_FORM (128 * 1024)
#define MAX_ANSWER (192 * 1024)
#define MAX_TOKEN 16384
#define MAX_ID_TOKEN (64 * 1024)
#define MAX_LIFE_S (366 * 24 * 3600)
#define MAX_SECONDS 45   /* others wait for the lock under which tokens are renewed */

/* --- forms ----------------------------------------------------------------------------------------------- */

struct _RoundsForm {
  RoundsSecret *text;
  gsize used;
  gboolean full;
};

RoundsForm *
rounds_form_new (void)
{
  RoundsForm *self = g_new0 (RoundsForm, 1);

  self->text = rounds_secret_new (MAX_FORM);
  return self;
}

void
rounds_form_free (RoundsForm *self)
{
  if (self == NULL)
    return;
  rounds_secret_unref (self->text);
  g_free (self);
}

static void
put (RoundsForm *self, guint8 byte)
{
  if (self->used < MAX_FORM)
    rounds_secret_get (self->text, NULL)[self->used++] = byte;
  else
    self->full = TRUE;
}

static void
put_escaped (RoundsForm *self, const guint8 *bytes, gsize size)
{
  static const char hex[] = "0123456789ABCDEF";
  gsize i;

  for (i = 0; i < size; i++)
    {
      if (g_ascii_isalnum (bytes[i]) || (bytes[i] != 0 && strchr ("-._~", bytes[i]) != NULL))
        {
          put (self, bytes[i]);
          continue;
        }
      put (self, '%');
      put (self, (guint8) hex[bytes[i] >> 4]);
      put (self, (guint8) hex[bytes[i] & 15]);
    }
}

static void
add (RoundsForm *self, const char *name, const guint8 *bytes, gsize size)
{
  if (self->used > 0)
    put (self, '&');
  put_escaped (self, (const guint8 *) name, strlen (name));
  put (self, '=');
  put_escaped (self, bytes, size);
}

void
rounds_form_add (RoundsForm *self, const char *name, const char *value)
{
  add (self, name, (const guint8 *) value, strlen (value));
}

void
rounds_form_add_secret (RoundsForm *self, const char *name, RoundsSecret *value)
{
  gsize size;
  const guint8 *bytes = rounds_secret_get (value, &size);

  add (self, name, bytes, size);
}

/* --- answers --------------------------------------------------------------------------------------------- */

void
rounds_oauth_grant_clear (RoundsOauthGrant *self)
{
  g_clear_pointer (&self->access, rounds_secret_unref);
  g_clear_pointer (&self->refresh, rounds_secret_unref);
  g_clear_pointer (&self->id_token, rounds_secret_unref);
  g_clear_pointer (&self->scope, g_free);
}

/* TRUE with *out NULL when there is none. The text in json is wiped. */
static gboolean
take_token (json_object *json, const char *name, gsize max, RoundsSecret **out)
{
  json_object *value = rounds_json_peek (json, name);
  const char *text;
  gsize size, i;

  *out = NULL;
  if (value == NULL || json_object_is_type (value, json_type_null))
    return TRUE;
  if (!json_object_is_type (value, json_type_string))
    return FALSE;
  text = json_object_get_string (value);
  size = (gsize) json_object_get_string_len (value);
  for (i = 0; i < size && text[i] > 0x20 && text[i] < 0x7f; i++)
    ;
  if (size > 0 && size <= max && i == size)
    *out = rounds_secret_new_copy (text, size);
  sodium_memzero ((char *) text, size);
  return *out != NULL;
}

static gint64
read_life (json_object *json)
{
  json_object *value = rounds_json_peek (json, "expires_in");
  const char *digits = json_object_is_type (value, json_type_string) ? json_object_get_string (value)
                                                                     : rounds_json_peek_digits (json, "expires_in");
  double seconds = digits != NULL && g_ascii_isdigit (*digits) ? g_ascii_strtod (digits, NULL) : -1;

  return seconds >= 0 ? (gint64) MIN (seconds, (double) MAX_LIFE_S) : -1;
}

gboolean
rounds_oauth_grant_parse (const char *text, gsize size, RoundsOauthGrant *out, GError **error)
{
  g_autoptr (json_object) json = size <= MAX_ANSWER ? rounds_json_parse (text, (gssize) size, NULL) : NULL;
  g_auto (RoundsOauthGrant) grant = { 0 };
  const char *type, *scope;
  gboolean ok = json_object_is_type (json, json_type_object);

  if (ok)
    {
      type = rounds_json_peek_string (json, "token_type");
      scope = rounds_json_peek_string (json, "scope");
      /* All three, so that all are wiped. */
      ok = take_token (json, "access_token", MAX_TOKEN, &grant.access);
      ok = take_token (json, "refresh_token", MAX_TOKEN, &grant.refresh) && ok;
      ok = take_token (json, "id_token", MAX_ID_TOKEN, &grant.id_token) && ok;
      ok = ok && grant.access != NULL && type != NULL && g_ascii_strcasecmp (type, "bearer") == 0;
      grant.expires_in_s = read_life (json);
      grant.scope = rounds_oauth_is_scope (scope) ? g_strdup (scope) : NULL;
    }
  if (!ok)
    {
      g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_PROTOCOL,
                           _("The sign-in server’s answer holds no token that can be used"));
      return FALSE;
    }
  *out = grant;
  memset (&grant, 0, sizeof grant);
  return TRUE;
}

/* The word of RFC 6749 §5.2, or NULL. Borrowed from json. */
static const char *
error_word (json_object *json)
{
  const char *word = rounds_json_peek_filled (json, "error");
  gsize i;

  for (i = 0; word != NULL && word[i] != '\0'; i++)
    if (i >= 100 || word[i] < 0x20 || word[i] > 0x7e)
      return NULL;
  return word;
}

static void
set_refused (const RoundsHttpAnswer *answer, gboolean *over, GError **error)
{
  gsize size;
  const char *text = g_bytes_get_data (answer->body, &size);
  g_autoptr (json_object) json = size > 0 && size <= MAX_ANSWER ? rounds_json_parse (text, (gssize) size, NULL) : NULL;
  const char *word = error_word (json);

  if (answer->status == 429 || answer->status >= 500)
    {
      g_set_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_UNREACHABLE,
                   _("The sign-in server answered with HTTP status %d"), answer->status);
      return;
    }
  if (over != NULL)
    *over = g_strcmp0 (word, "invalid_grant") == 0;
  if (g_strcmp0 (word, "invalid_grant") == 0)
    g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_SIGN_IN,
                         _("The sign-in is over; sign in again"));
  else if (g_strcmp0 (word, "invalid_client") == 0 || g_strcmp0 (word, "unauthorized_client") == 0)
    g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_SIGN_IN,
                         _("The sign-in server does not know Rounds under this client id, or not with this key"));
  else if (word != NULL)
    g_set_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_SIGN_IN, _("The sign-in server refused: %s"), word);
  else
    g_set_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_SIGN_IN,
                 _("The sign-in server answered with HTTP status %d"), answer->status);
}

/* --- requests -------------------------------------------------------------------------------------------- */

typedef struct {
  RoundsSecret *text;
  gsize used;
} Inbox;

static gboolean
take_piece (const RoundsHttpAnswer *head, const guint8 *data, gsize size, gpointer user_data, GError **error)
{
  Inbox *inbox = user_data;

  if (size > MAX_ANSWER - inbox->used)
    {
      g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_LIMIT,
                           _("The sign-in server’s answer is too large"));
      return FALSE;
    }
  memcpy (rounds_secret_get (inbox->text, NULL) + inbox->used, data, size);
  inbox->used += size;
  return TRUE;
}

static void
unref_secret (gpointer data)
{
  rounds_secret_unref (data);
}

static gboolean
post (RoundsTrust *trust, const char *endpoint, RoundsForm *form, Inbox *inbox, RoundsHttpAnswer *answer,
      GCancellable *cancellable, GError **error)
{
  static const char *const headers[] = { "Accept: application/json",
                                         "Content-Type: application/x-www-form-urlencoded", "Cache-Control: no-store",
                                         NULL };
  g_autoptr (RoundsAuth) none = rounds_auth_new_none ();
  g_autofree char *origin = rounds_url_origin (endpoint, error);
  g_autoptr (RoundsHttp) http = NULL;
  g_autoptr (GBytes) body = NULL;
  RoundsHttpRequest request = { .method = "POST", .url = endpoint, .headers = headers, .max_bytes = MAX_ANSWER,
                                .max_seconds = MAX_SECONDS, .sink = take_piece, .sink_data = inbox };

  if (origin == NULL)
    return FALSE;
  if (form->full)
    {
      g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_LIMIT,
                           _("The sign-in server’s token is too large to be sent back"));
      return FALSE;
    }
  http = rounds_http_new (origin, none);
  rounds_trust_apply (trust, http);
  body = g_bytes_new_with_free_func (rounds_secret_get (form->text, NULL), form->used, unref_secret,
                                     rounds_secret_ref (form->text));
  request.body = body;
  return rounds_http_send (http, &request, answer, cancellable, error);
}

gboolean
rounds_oauth_ask (RoundsTrust *trust, const char *endpoint, RoundsForm *form, RoundsOauthGrant *out, gboolean *over,
                  GCancellable *cancellable, GError **error)
{
  g_autoptr (RoundsSecret) text = rounds_secret_new (MAX_ANSWER);
  Inbox inbox = { text, 0 };
  g_auto (RoundsHttpAnswer) answer = { 0 };

  if (over != NULL)
    *over = FALSE;
  if (!post (trust, endpoint, form, &inbox, &answer, cancellable, error))
    return FALSE;
  if (answer.status < 200 || answer.status >= 300)
    {
      set_refused (&answer, over, error);
      return FALSE;
    }
  return rounds_oauth_grant_parse ((const char *) rounds_secret_get (text, NULL), inbox.used, out, error);
}

gboolean
rounds_oauth_revoke (RoundsTrust *trust, const char *endpoint, const char *client_id, const char *kind,
                     RoundsSecret *token, GCancellable *cancellable, GError **error)
{
  g_autoptr (RoundsSecret) text = rounds_secret_new (MAX_ANSWER);
  g_autoptr (RoundsForm) form = rounds_form_new ();
  Inbox inbox = { text, 0 };
  g_auto (RoundsHttpAnswer) answer = { 0 };

  rounds_form_add_secret (form, "token", token);
  rounds_form_add (form, "token_type_hint", kind);
  rounds_form_add (form, "client_id", client_id);
  if (!post (trust, endpoint, form, &inbox, &answer, cancellable, error))
    return FALSE;
  if (answer.status >= 200 && answer.status < 300)
    return TRUE;
  set_refused (&answer, NULL, error);
  return FALSE;
}
