/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cloud/oauth.h"

G_BEGIN_DECLS

/* --- what a sign-in leaves ---------------------------------------------------------------------------------- */

/* Immutable once shared; reference counted. */
typedef struct {
  char *token_endpoint;        /* where it came from, and the only place that it is sent back to */
  char *revocation_endpoint;   /* or NULL */
  char *client_id;
  char *scope;                 /* granted, or NULL */
  char *who;                   /* "Practitioner/12", or NULL */
  RoundsSecret *access;        /* NULL = over */
  RoundsSecret *refresh;       /* or NULL */
  gint64 since_us;             /* our clock when it came */
  gint64 until_us;             /* our clock when access ends; G_MAXINT64 = not said */
} RoundsToken;

RoundsToken *rounds_token_new (void);
RoundsToken *rounds_token_ref (RoundsToken *self);
void rounds_token_unref (RoundsToken *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsToken, rounds_token_unref)

/* As text in wiped memory, for the vault, and back (NULL when it is no such text). */
RoundsSecret *rounds_token_to_secret (const RoundsToken *self);
RoundsToken *rounds_token_from_secret (RoundsSecret *secret);

/* Takes what a grant holds; of before (may be NULL) what the grant does not say again. Caller owns. */
RoundsToken *rounds_token_from_grant (RoundsOauthGrant *grant, const RoundsToken *before, gint64 now_us);

/* --- keeping it alive ---------------------------------------------------------------------------------------- */

/* Where tokens are kept, for all programs that use the profile. lock: of everybody; the others are called under
 * it but for load. All may block. */
typedef struct {
  gboolean (*lock) (gpointer data, GCancellable *cancellable, GError **error);
  void (*unlock) (gpointer data);
  RoundsToken *(*load) (gpointer data, GError **error);   /* NULL without error: none */
  gboolean (*save) (gpointer data, RoundsToken *token, GError **error);   /* on disk, synced, when TRUE */
  void (*free) (gpointer data);
} RoundsTokenKeep;

/* A person's tokens (SMART App Launch): refreshed a minute before they end and once after a 401, by one program
 * at a time, and a new refresh token is saved before the access token beside it is used. Takes keep_data. */
RoundsAuth *rounds_token_auth_new (const RoundsTokenKeep *keep, gpointer keep_data, RoundsTrust *trust);

/* Tokens of this installation (SMART Backend Services): client_credentials with a client assertion signed by
 * key. base: of the FHIR server, which is asked where to. scope NULL: what Rounds needs. */
RoundsAuth *rounds_token_auth_new_backend (const RoundsTokenKeep *keep, gpointer keep_data, RoundsTrust *trust,
                                           const char *base, const char *client_id, const char *scope,
                                           RoundsSecret *key);

G_END_DECLS
