/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tokens that end and are renewed.
 *
 * A refresh token may be good for one use alone, and using it twice makes many servers end the whole sign-in. So
 * renewing happens under a lock of the profile: whoever comes second finds the first one's tokens and asks
 * nobody. And since only the newest refresh token counts, it is on disk before anything is done with the access
 * token beside it; if it cannot be saved, it is held back and saved first next time. What cannot be helped: a
 * crash between the server's answer and the save loses it, and the person signs in again. */

#include "cloud/token-auth.h"

#include <glib/gi18n-lib.h>
#include <sodium.h>
#include <string.h>

#include "base/instant.h"
#include "cloud/jwt.h"

#define EARLY_US (60 * G_USEC_PER_SEC)

typedef struct {
  const RoundsTokenKeep *keep;
  gpointer keep_data;
  RoundsTrust *trust;
  /* Of backend services alone; base NULL = a person's. */
  char *base;
  char *client_id;
  char *scope;
  RoundsSecret *key;

  GMutex lock;             /* guards what follows, and is held while renewing */
  RoundsToken *token;      /* in use, or NULL */
  RoundsToken *unsaved;    /* came from the server and could not be saved yet */
} TokenAuth;

static gboolean
is_fresh (const RoundsToken *token)
{
  gint64 now = rounds_instant_now_us (), life;

  if (token == NULL || token->access == NULL)
    return FALSE;
  if (token->until_us == G_MAXINT64)
    return TRUE;
  /* Short lives are used to their last third. A clock that was set back says nothing: renew. */
  life = token->until_us - token->since_us;
  return now >= token->since_us && now < token->until_us - MIN (EARLY_US, life / 3);
}

static gboolean
same_access (const RoundsToken *a, const RoundsToken *b)
{
  gsize na, nb;
  const guint8 *ba, *bb;

  if (a == NULL || b == NULL || a->access == NULL || b->access == NULL)
    return FALSE;
  ba = rounds_secret_get (a->access, &na);
  bb = rounds_secret_get (b->access, &nb);
  return na == nb && sodium_memcmp (ba, bb, na) == 0;
}

static void
adopt (TokenAuth *self, RoundsToken *token)
{
  g_clear_pointer (&self->token, rounds_token_unref);
  self->token = token;
}

/* --- asking the server --------------------------------------------------------------------------------------- */

/* The server no longer takes it: nobody need try again. */
static void
mark_over (TokenAuth *self, const RoundsToken *before)
{
  g_autoptr (RoundsToken) over = rounds_token_new ();

  over->token_endpoint = g_strdup (before->token_endpoint);
  over->client_id = g_strdup (before->client_id);
  over->who = g_strdup (before->who);
  self->keep->save (self->keep_data, over, NULL);
}

static RoundsToken *
ask_again (TokenAuth *self, const RoundsToken *before, GCancellable *cancellable, GError **error)
{
  g_autoptr (RoundsForm) form = NULL;
  g_auto (RoundsOauthGrant) grant = { 0 };
  gboolean over = FALSE;

  if (before == NULL || before->refresh == NULL)
    {
      g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_SIGN_IN,
                           before == NULL ? _("Nobody has signed in at this cloud yet")
                                          : _("The sign-in is over; sign in again"));
      return NULL;
    }
  form = rounds_form_new ();
  rounds_form_add (form, "grant_type", "refresh_token");
  rounds_form_add_secret (form, "refresh_token", before->refresh);
  rounds_form_add (form, "client_id", before->client_id);
  if (!rounds_oauth_ask (self->trust, before->token_endpoint, form, &grant, &over, cancellable, error))
    {
      if (over)
        mark_over (self, before);
      return NULL;
    }
  return rounds_token_from_grant (&grant, before, rounds_instant_now_us ());
}

static RoundsToken *
ask_as_backend (TokenAuth *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (RoundsAuth) none = rounds_auth_new_none ();
  g_autoptr (RoundsHttp) http = rounds_http_new (self->base, none);
  g_auto (RoundsSmartConfig) config = { 0 };
  g_auto (RoundsOauthGrant) grant = { 0 };
  g_autoptr (RoundsForm) form = NULL;
  g_autoptr (RoundsSecret) assertion = NULL;
  g_autoptr (RoundsToken) frame = NULL;
  g_autofree char *scope = NULL;

  rounds_trust_apply (self->trust, http);
  if (!rounds_smart_config_fetch (http, &config, cancellable, error))
    return NULL;
  /* By the server's clock: ours may be years off. */
  assertion = rounds_jwt_assertion (self->key, self->client_id, config.token_endpoint,
                                    rounds_instant_now_us () + config.clock_ahead_us, error);
  if (assertion == NULL)
    return NULL;
  scope = rounds_smart_config_dup_scope (&config, self->scope, FALSE);
  form = rounds_form_new ();
  rounds_form_add (form, "grant_type", "client_credentials");
  rounds_form_add (form, "scope", scope);
  rounds_form_add (form, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
  rounds_form_add_secret (form, "client_assertion", assertion);
  if (!rounds_oauth_ask (self->trust, config.token_endpoint, form, &grant, NULL, cancellable, error))
    return NULL;
  frame = rounds_token_new ();
  frame->token_endpoint = g_strdup (config.token_endpoint);
  frame->revocation_endpoint = g_strdup (config.revocation_endpoint);
  frame->client_id = g_strdup (self->client_id);
  frame->scope = g_steal_pointer (&scope);
  return rounds_token_from_grant (&grant, frame, rounds_instant_now_us ());
}

/* --- renewing ------------------------------------------------------------------------------------------------ */

static gboolean
save_unsaved (TokenAuth *self, GError **error)
{
  if (!self->keep->save (self->keep_data, self->unsaved, error))
    return FALSE;
  adopt (self, g_steal_pointer (&self->unsaved));
  return TRUE;
}

/* refused: the token that the server would not take, or NULL. */
static gboolean
renew_locked (TokenAuth *self, const RoundsToken *refused, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (RoundsToken) kept = NULL;

  if (self->unsaved != NULL)
    return save_unsaved (self, error);
  kept = self->keep->load (self->keep_data, &local);
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (is_fresh (kept) && !same_access (kept, refused))
    {
      adopt (self, g_steal_pointer (&kept));   /* another program was first */
      return TRUE;
    }
  self->unsaved = self->base != NULL ? ask_as_backend (self, cancellable, error)
                                     : ask_again (self, kept, cancellable, error);
  return self->unsaved != NULL && save_unsaved (self, error);
}

static gboolean
renew (TokenAuth *self, const RoundsToken *refused, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local = NULL;
  gboolean ok;

  if (!self->keep->lock (self->keep_data, cancellable, error))
    return FALSE;
  ok = renew_locked (self, refused, cancellable, &local);
  self->keep->unlock (self->keep_data);
  if (ok)
    return TRUE;
  /* For who asks, his own request never went out, whatever became of ours. */
  if (local->domain == ROUNDS_CLOUD_ERROR &&
      (local->code == ROUNDS_CLOUD_ERROR_INTERRUPTED || local->code == ROUNDS_CLOUD_ERROR_STATUS))
    local->code = ROUNDS_CLOUD_ERROR_UNREACHABLE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static RoundsSecret *
dup_header (gpointer data, GCancellable *cancellable, GError **error)
{
  TokenAuth *self = data;
  RoundsSecret *header = NULL;

  g_mutex_lock (&self->lock);
  if (self->unsaved == NULL && self->token == NULL)
    self->token = self->keep->load (self->keep_data, NULL);
  if ((self->unsaved == NULL && is_fresh (self->token)) || renew (self, NULL, cancellable, error))
    header = rounds_auth_bearer_header (self->token->access, error);
  g_mutex_unlock (&self->lock);
  return header;
}

static gboolean
refresh (gpointer data, GCancellable *cancellable, GError **error)
{
  TokenAuth *self = data;
  g_autoptr (RoundsToken) refused = NULL;
  gboolean ok;

  g_mutex_lock (&self->lock);
  refused = self->token != NULL ? rounds_token_ref (self->token) : NULL;
  ok = renew (self, refused, cancellable, error);
  g_mutex_unlock (&self->lock);
  return ok;
}

static void
token_auth_free (gpointer data)
{
  TokenAuth *self = data;

  if (self->keep->free != NULL)
    self->keep->free (self->keep_data);
  rounds_trust_unref (self->trust);
  g_free (self->base);
  g_free (self->client_id);
  g_free (self->scope);
  g_clear_pointer (&self->key, rounds_secret_unref);
  g_clear_pointer (&self->token, rounds_token_unref);
  g_clear_pointer (&self->unsaved, rounds_token_unref);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static const RoundsAuthKind token_kind = { dup_header, refresh, token_auth_free };

static TokenAuth *
new_auth (const RoundsTokenKeep *keep, gpointer keep_data, RoundsTrust *trust)
{
  TokenAuth *self = g_new0 (TokenAuth, 1);

  self->keep = keep;
  self->keep_data = keep_data;
  self->trust = rounds_trust_ref (trust);
  g_mutex_init (&self->lock);
  return self;
}

RoundsAuth *
rounds_token_auth_new (const RoundsTokenKeep *keep, gpointer keep_data, RoundsTrust *trust)
{
  return rounds_auth_new (&token_kind, new_auth (keep, keep_data, trust));
}

RoundsAuth *
rounds_token_auth_new_backend (const RoundsTokenKeep *keep, gpointer keep_data, RoundsTrust *trust, const char *base,
                               const char *client_id, const char *scope, RoundsSecret *key)
{
  TokenAuth *self = new_auth (keep, keep_data, trust);

  self->base = g_strdup (base);
  self->client_id = g_strdup (client_id);
  self->scope = g_strdup (scope);
  self->key = rounds_secret_ref (key);
  return rounds_auth_new (&token_kind, self);
}
