/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cloud/smart-config.h"
#include "cloud/tls.h"

G_BEGIN_DECLS

/* OAuth 2 as SMART uses it: the address for the browser, its answer, and the token endpoint (RFC 6749, 7636,
 * 7009, 9207). */

/* Printable ASCII, 1…512 characters. */
gboolean rounds_oauth_is_client_id (const char *text);
/* Words of RFC 6749 §3.3 with single blanks between, 2048 characters at most. */
gboolean rounds_oauth_is_scope (const char *text);

/* --- the browser's part ---------------------------------------------------------------------------------- */

/* One try: what the answer is held against. */
typedef struct {
  char *url;                /* for the browser */
  char *redirect_uri;
  char *client_id;
  char *issuer;             /* or NULL */
  gboolean iss_promised;
  char *state;              /* 256 bits of chance, base64url; so are the next two */
  char *nonce;
  RoundsSecret *verifier;   /* of PKCE */
} RoundsOauthTry;

/* audience: the FHIR base. Caller frees. */
RoundsOauthTry *rounds_oauth_try_new (const RoundsSmartConfig *config, const char *client_id, const char *scope,
                                      const char *audience, const char *redirect_uri);
void rounds_oauth_try_free (RoundsOauthTry *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsOauthTry, rounds_oauth_try_free)

/* The query that came back, without "?". The code, or NULL with SIGN_IN (refused by person or server) or REFUSED
 * (not the answer to this try: state, issuer, a name twice …). Caller owns. */
RoundsSecret *rounds_oauth_try_judge (const RoundsOauthTry *self, const char *query, GError **error);

/* --- the token endpoint ------------------------------------------------------------------------------------ */

/* application/x-www-form-urlencoded in wiped memory. */
typedef struct _RoundsForm RoundsForm;
RoundsForm *rounds_form_new (void);
void rounds_form_free (RoundsForm *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsForm, rounds_form_free)
void rounds_form_add (RoundsForm *self, const char *name, const char *value);
void rounds_form_add_secret (RoundsForm *self, const char *name, RoundsSecret *value);

typedef struct {
  RoundsSecret *access;
  RoundsSecret *refresh;     /* or NULL */
  RoundsSecret *id_token;    /* or NULL */
  gint64 expires_in_s;       /* −1 = not said */
  char *scope;               /* what was granted, or NULL = what was asked for */
} RoundsOauthGrant;
void rounds_oauth_grant_clear (RoundsOauthGrant *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RoundsOauthGrant, rounds_oauth_grant_clear)

/* FALSE with PROTOCOL; out untouched then. Caller clears. */
gboolean rounds_oauth_grant_parse (const char *text, gsize size, RoundsOauthGrant *out, GError **error);

/* Blocks; no redirect is followed, no credentials but the form's are sent. FALSE with SIGN_IN (the server
 * refused; *over, may be NULL, when it said invalid_grant: what we hold is worth nothing), UNREACHABLE (5xx,
 * 429), or http's errors. */
gboolean rounds_oauth_ask (RoundsTrust *trust, const char *endpoint, RoundsForm *form, RoundsOauthGrant *out,
                           gboolean *over, GCancellable *cancellable, GError **error);
/* Tells the revocation endpoint that a token is over. */
gboolean rounds_oauth_revoke (RoundsTrust *trust, const char *endpoint, const char *client_id, const char *kind,
                              RoundsSecret *token, GCancellable *cancellable, GError **error);

G_END_DECLS
