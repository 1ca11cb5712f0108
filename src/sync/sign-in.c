/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signing in by the browser, step by step: ask the FHIR server who signs people in, listen, let the browser be
 * opened, judge the one answer, trade the code for tokens, keep them.
 *
 * Blocking and in one piece, because each step rests on the one before; a window runs it in a worker. The port is
 * closed before the code is traded, so a second answer finds nobody. */

#include "sync/sign-in.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/instant.h"
#include "cloud/jwt.h"
#include "cloud/loopback-listener.h"
#include "cloud/url.h"
#include "sync/credentials.h"

#define DEFAULT_TIMEOUT_S 300

static gboolean
fail (GError **error, RoundsCloudError code, const char *words)
{
  g_set_error_literal (error, ROUNDS_CLOUD_ERROR, code, words);
  return FALSE;
}

static RoundsConnection *
load (RoundsStore *store, const char *name, GError **error)
{
  g_autoptr (RoundsConnection) connection = rounds_connection_load (store, name, error);
  RoundsRole role = rounds_store_get_role (store);

  if (connection == NULL)
    return NULL;
  if (strcmp (connection->auth, "smart") != 0)
    fail (error, ROUNDS_CLOUD_ERROR_SIGN_IN, _("At this connection nobody signs in with a browser"));
  else if (!rounds_role_may (role, ROUNDS_ACT_SYNC, NULL) && !rounds_role_may (role, ROUNDS_ACT_CONFIGURE, NULL))
    {
      (void) rounds_store_audit (store, "denied", NULL, NULL, "sign-in", NULL);
      g_set_error_literal (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DENIED,
                           _("The role of this account may not sync"));
    }
  else
    return g_steal_pointer (&connection);
  return NULL;
}

static gboolean
discover (RoundsTrust *trust, const RoundsConnection *connection, RoundsSmartConfig *out, GCancellable *cancellable,
          GError **error)
{
  g_autofree char *base = rounds_url_normalise_base (connection->fhir_url, error);
  g_autoptr (RoundsAuth) none = rounds_auth_new_none ();
  g_autoptr (RoundsHttp) http = NULL;

  if (base == NULL)
    return FALSE;
  http = rounds_http_new (base, none);
  rounds_trust_apply (trust, http);
  if (!rounds_smart_config_fetch (http, out, cancellable, error))
    return FALSE;
  return out->authorization_endpoint != NULL ||
         fail (error, ROUNDS_CLOUD_ERROR_PROTOCOL, _("This cloud has no sign-in for people"));
}

/* As people write it and servers compare it: without the slash at the end. */
static char *
dup_audience (const RoundsConnection *connection)
{
  char *text = g_strdup (connection->fhir_url);
  gsize n = strlen (text);

  while (n > 0 && text[n - 1] == '/')
    text[--n] = '\0';
  return text;
}

static RoundsToken *
trade (RoundsTrust *trust, const RoundsSmartConfig *config, const RoundsOauthTry *attempt, RoundsSecret *code,
       const char *scope, GCancellable *cancellable, GError **error)
{
  g_autoptr (RoundsForm) form = rounds_form_new ();
  g_auto (RoundsOauthGrant) grant = { 0 };
  g_autoptr (RoundsToken) frame = rounds_token_new ();
  gsize size;

  rounds_form_add (form, "grant_type", "authorization_code");
  rounds_form_add_secret (form, "code", code);
  rounds_form_add (form, "redirect_uri", attempt->redirect_uri);
  rounds_form_add (form, "client_id", attempt->client_id);
  rounds_form_add_secret (form, "code_verifier", attempt->verifier);
  if (!rounds_oauth_ask (trust, config->token_endpoint, form, &grant, NULL, cancellable, error))
    return NULL;
  frame->token_endpoint = g_strdup (config->token_endpoint);
  frame->revocation_endpoint = g_strdup (config->revocation_endpoint);
  frame->client_id = g_strdup (attempt->client_id);
  frame->scope = g_strdup (scope);
  if (grant.id_token != NULL)
    {
      const guint8 *bytes = rounds_secret_get (grant.id_token, &size);

      if (!rounds_jwt_check_id_token ((const char *) bytes, size, config->issuer, attempt->client_id, attempt->nonce,
                                      &frame->who, error))
        return NULL;
    }
  return rounds_token_from_grant (&grant, frame, rounds_instant_now_us ());
}

static gboolean
keep (RoundsStore *store, const RoundsConnection *connection, RoundsToken *token, GCancellable *cancellable,
      GError **error)
{
  gpointer data = rounds_credential_keep_new (store, connection);
  gboolean ok = rounds_credential_keep.lock (data, cancellable, error);

  if (ok)
    {
      ok = rounds_credential_keep.save (data, token, error);
      rounds_credential_keep.unlock (data);
    }
  rounds_credential_keep.free (data);
  return ok;
}

gboolean
rounds_sign_in (RoundsStore *store, const char *name, guint timeout_s, RoundsSignInOpen open, gpointer user_data,
                GCancellable *cancellable, GError **error)
{
  g_autoptr (RoundsConnection) connection = load (store, name, error);
  g_autoptr (RoundsTrust) trust = NULL;
  g_auto (RoundsSmartConfig) config = { 0 };
  g_autoptr (RoundsLoopbackListener) listener = NULL;
  g_autoptr (RoundsOauthTry) attempt = NULL;
  g_autoptr (RoundsSecret) code = NULL;
  g_autoptr (RoundsToken) token = NULL;
  g_autofree char *scope = NULL, *audience = NULL, *query = NULL;

  if (connection == NULL || (trust = rounds_credential_trust (store, connection, error)) == NULL ||
      !discover (trust, connection, &config, cancellable, error) ||
      (listener = rounds_loopback_listener_new (error)) == NULL)
    return FALSE;
  scope = rounds_smart_config_dup_scope (&config, connection->scope, TRUE);
  audience = dup_audience (connection);
  attempt = rounds_oauth_try_new (&config, connection->client_id, scope, audience,
                                  rounds_loopback_listener_get_uri (listener));
  open (attempt->url, user_data);
  query = rounds_loopback_listener_wait (listener, (gint64) (timeout_s > 0 ? timeout_s : DEFAULT_TIMEOUT_S) *
                                         G_USEC_PER_SEC, cancellable, error);
  if (query == NULL)
    return FALSE;
  code = rounds_oauth_try_judge (attempt, query, error);
  explicit_bzero (query, strlen (query));
  if (code == NULL)
    return FALSE;
  token = trade (trust, &config, attempt, code, scope, cancellable, error);
  if (token == NULL || !keep (store, connection, token, cancellable, error))
    return FALSE;
  (void) rounds_store_audit (store, "sign-in", NULL, NULL, name, NULL);
  return TRUE;
}

/* --- for a window ------------------------------------------------------------------------------------------ */

typedef struct {
  char *name;
  guint timeout_s;
  RoundsSignInOpen open;
  gpointer open_data;
} Call;

static void
call_free (gpointer data)
{
  Call *self = data;

  g_free (self->name);
  g_free (self);
}

typedef struct {
  GTask *task;
  char *url;
} Opening;

static void
opening_free (gpointer data)
{
  Opening *self = data;

  g_object_unref (self->task);
  g_free (self->url);
  g_free (self);
}

static gboolean
open_cb (gpointer data)
{
  Opening *self = data;
  const Call *call = g_task_get_task_data (self->task);

  if (!g_cancellable_is_cancelled (g_task_get_cancellable (self->task)))
    call->open (self->url, call->open_data);
  return G_SOURCE_REMOVE;
}

/* In the worker. The task's result is handed over the same way, later, so this cannot come after it. */
static void
open_there (const char *url, gpointer user_data)
{
  Opening *opening = g_new0 (Opening, 1);
  g_autoptr (GSource) source = g_idle_source_new ();

  opening->task = g_object_ref (user_data);
  opening->url = g_strdup (url);
  g_source_set_priority (source, g_task_get_priority (user_data));
  g_source_set_callback (source, open_cb, opening, opening_free);
  g_source_attach (source, g_task_get_context (user_data));
}

static void
sign_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Call *call = data;
  GError *error = NULL;

  if (rounds_sign_in (source, call->name, call->timeout_s, open_there, task, cancellable, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
rounds_sign_in_async (RoundsStore *store, const char *name, guint timeout_s, RoundsSignInOpen open, gpointer open_data,
                      GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (store, cancellable, callback, user_data);
  Call *call = g_new0 (Call, 1);

  call->name = g_strdup (name);
  call->timeout_s = timeout_s;
  call->open = open;
  call->open_data = open_data;
  g_task_set_source_tag (task, rounds_sign_in_async);
  g_task_set_task_data (task, call, call_free);
  g_task_run_in_thread (task, sign_in_thread);
}

gboolean
rounds_sign_in_finish (RoundsStore *store, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, store), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- and out ------------------------------------------------------------------------------------------------ */

static gboolean
tell_server (RoundsStore *store, const RoundsConnection *connection, const RoundsToken *token,
             GCancellable *cancellable)
{
  g_autoptr (RoundsTrust) trust = NULL;
  RoundsSecret *last = token->refresh != NULL ? token->refresh : token->access;

  if (token->revocation_endpoint == NULL || last == NULL ||
      (trust = rounds_credential_trust (store, connection, NULL)) == NULL)
    return FALSE;
  return rounds_oauth_revoke (trust, token->revocation_endpoint, token->client_id,
                              token->refresh != NULL ? "refresh_token" : "access_token", last, cancellable, NULL);
}

gboolean
rounds_sign_out (RoundsStore *store, const char *name, gboolean *told, GCancellable *cancellable, GError **error)
{
  g_autoptr (RoundsConnection) connection = load (store, name, error);
  g_autoptr (RoundsToken) token = NULL;
  gpointer data;
  gboolean ok, knows = FALSE;

  if (connection == NULL)
    return FALSE;
  data = rounds_credential_keep_new (store, connection);
  ok = rounds_credential_keep.lock (data, cancellable, error);
  if (ok)
    {
      token = rounds_credential_keep.load (data, NULL);
      /* Forgotten first: whatever the server says, nobody here uses it again. */
      ok = rounds_credential_remove (store, name, ROUNDS_CREDENTIAL_TOKEN, error);
      rounds_credential_keep.unlock (data);
      knows = token == NULL || tell_server (store, connection, token, cancellable);
      if (ok)
        (void) rounds_store_audit (store, "sign-out", NULL, NULL, name, NULL);
    }
  rounds_credential_keep.free (data);
  if (told != NULL)
    *told = knows;
  return ok;
}

RoundsSignInState
rounds_sign_in_get_state (RoundsStore *store, const RoundsConnection *connection, char **who)
{
  g_autoptr (RoundsSecret) secret = NULL;
  g_autoptr (RoundsToken) token = NULL;

  if (who != NULL)
    *who = NULL;
  if (strcmp (connection->auth, "smart") != 0)
    return ROUNDS_SIGN_IN_NOT_NEEDED;
  secret = rounds_credential_load (store, connection->name, ROUNDS_CREDENTIAL_TOKEN, NULL);
  token = secret != NULL ? rounds_token_from_secret (secret) : NULL;
  if (token == NULL)
    return ROUNDS_SIGN_IN_NEEDED;
  if (who != NULL)
    *who = g_strdup (token->who);
  if (token->refresh != NULL || (token->access != NULL && token->until_us > rounds_instant_now_us ()))
    return ROUNDS_SIGN_IN_DONE;
  return ROUNDS_SIGN_IN_NEEDED;
}
