/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../fault/fhir-server.h"

/* A sign-in server beside the small FHIR server, strict as the texts have it: a code is for one use, with its
 * verifier, client and redirect address; refresh tokens rotate, and using an old one ends the sign-in. Tokens
 * are traded on another origin than the records lie on. */
typedef struct {
  MiniFhir *fhir;            /* guarded: 401 without the access token of now */
  FaultServer *tokens;       /* POST /token, POST /revoke */
  GMutex lock;               /* guards what follows against both servers' threads */

  /* What a test bends. */
  gint64 life_s;             /* told as expires_in */
  gboolean grace;            /* the refresh token before the last one is still taken */
  gboolean swap_challenge;   /* the code was asked for by somebody else */
  const char *nonce;         /* in the id_token, instead of the right one */
  const char *issuer;        /* told in smart-configuration; NULL = its own */
  guint token_delay_ms;
  const char *redirect;      /* the token endpoint answers 307 with this place */
  const char *token_origin;  /* told instead of its own */
  int n_before_expiry;       /* requests for records until the access token ends; −1 = never */
  int n_401;                 /* so many requests for records are refused whatever they bring */
  pid_t kill_at_refresh;     /* this process dies when the tokens have been rotated, before it hears of it */
  pid_t kill_at_use;         /* or when it first uses what it got by refreshing */

  /* What it saw. */
  guint n_codes, n_refreshes, n_revoked;
  guint n_known;             /* requests for records with the right token */
  guint n_leaks;             /* credentials where they do not belong */
  gboolean over;             /* an old refresh token came: all are worth nothing */

  char *challenge, *redirect_uri, *client_id, *asked_nonce, *code;
  char *access, *refresh, *refresh_before;
  guint n_tokens;
} SignInServer;

SignInServer *sign_in_server_new (void);
void sign_in_server_free (SignInServer *self);
/* Trades tokens again, on that port (0 = any). */
void sign_in_server_listen (SignInServer *self, guint16 port);

/* What the person's browser does with the address: the query of the answer, which signs Dr Example in. Caller
 * frees. */
char *sign_in_server_authorize (SignInServer *self, const char *url);
/* Sends an answer to the redirect address in url. status 0 = nobody there. */
int sign_in_bring (const char *url, const char *query);
/* One parameter of the address. Caller frees. */
char *sign_in_parameter (const char *url, const char *name);
