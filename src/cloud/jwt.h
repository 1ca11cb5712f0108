/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/secret.h"
#include "fhir/json.h"

G_BEGIN_DECLS

/* JSON Web Tokens as far as signing in needs them (RFC 7515, 7517, 7518, 7523, 7638). Any thread. */

/* Unpadded base64url. Caller frees. */
char *rounds_base64url (const guint8 *bytes, gsize size);

/* A new P-384 key (ES384) as PKCS #8 DER. NULL with PROTOCOL when the library cannot. */
RoundsSecret *rounds_jwt_key_new (GError **error);
/* Its public half as {"keys":[…]} with kid = the RFC 7638 thumbprint. Caller frees; NULL when key is no such key. */
char *rounds_jwt_key_dup_jwks (RoundsSecret *key, GError **error);

/* A client assertion (RFC 7523 §3, SMART Backend Services): iss = sub = client_id, aud = audience, a random jti,
 * iat = now_us, exp four minutes later, signed ES384. */
RoundsSecret *rounds_jwt_assertion (RoundsSecret *key, const char *client_id, const char *audience, gint64 now_us,
                                    GError **error);

/* The claims of a compact JWT, its signature NOT checked. NULL with PROTOCOL when it cannot be read. Caller owns. */
json_object *rounds_jwt_peek_claims (const char *jwt, gsize size, GError **error);

/* An id_token that came straight from the token endpoint over TLS: OpenID Connect Core 3.1.3.7 (6) then lets TLS
 * stand for the signature. Checked: issuer (when known), audience, authorised party, nonce. Not checked:
 * signature and times, since nothing rests on it but the name shown (*who = fhirUser as "Type/id", or NULL; caller
 * frees). FALSE with REFUSED. */
gboolean rounds_jwt_check_id_token (const char *jwt, gsize size, const char *issuer, const char *client_id,
                                    const char *nonce, char **who, GError **error);

G_END_DECLS
