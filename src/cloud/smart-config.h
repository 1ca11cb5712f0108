/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cloud/http.h"

G_BEGIN_DECLS

/* What a FHIR server says of how to sign in: SMART App Launch 2.2 §2.5.1, {base}/.well-known/smart-configuration. */
typedef struct {
  char *issuer;                   /* or NULL */
  char *authorization_endpoint;   /* or NULL: no people there */
  char *token_endpoint;
  char *revocation_endpoint;      /* or NULL */
  gboolean v1_scopes;             /* it knows words like ".read" but not ".rs" */
  gboolean iss_promised;          /* its answers name the issuer (RFC 9207) */
  char **scopes;                  /* scopes_supported, or NULL */
  gint64 clock_ahead_us;          /* the server's clock minus ours when it answered; 0 = it did not say */
} RoundsSmartConfig;

void rounds_smart_config_clear (RoundsSmartConfig *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RoundsSmartConfig, rounds_smart_config_clear)

/* base: of the FHIR server that it came from. FALSE with PROTOCOL (not such a document) or REFUSED (an endpoint in the
 * clear, one on this computer from a server elsewhere, no PKCE S256); out untouched then. Caller clears. */
gboolean rounds_smart_config_parse (const char *text, gsize size, const char *base, RoundsSmartConfig *out,
                                    GError **error);
/* Asks the server at http's base; blocks. PROTOCOL when it has none. */
gboolean rounds_smart_config_fetch (RoundsHttp *http, RoundsSmartConfig *out, GCancellable *cancellable,
                                    GError **error);

/* What to ask for: wanted as it is, or what Rounds needs in the words that the server knows. person: SMART App
 * Launch; else backend services. Caller frees. */
char *rounds_smart_config_dup_scope (const RoundsSmartConfig *self, const char *wanted, gboolean person);

G_END_DECLS
