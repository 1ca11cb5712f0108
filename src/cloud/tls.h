/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cloud/http.h"

G_BEGIN_DECLS

/* Whom a connection trusts and how this installation proves itself, for the several servers that one connection
 * may ask: its own, and the one that signs people in. Immutable once shared; any thread. */
typedef struct _RoundsTrust RoundsTrust;

/* homes: the addresses that the user named, NULL-terminated. Pins and the client certificate are for those
 * origins alone; further authorities hold everywhere. Every other argument may be NULL. */
RoundsTrust *rounds_trust_new (const char *const *homes, const char *ca_file, const char *ca_pem, const char *pins,
                               const char *cert_pem, RoundsSecret *key_pem);
RoundsTrust *rounds_trust_ref (RoundsTrust *self);
void rounds_trust_unref (RoundsTrust *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsTrust, rounds_trust_unref)

/* Sets http up for its base. */
void rounds_trust_apply (RoundsTrust *self, RoundsHttp *http);

/* Checks of what a user gives; TLS with a sentence that says what is wrong. */
/* At least one certificate, 1 MiB at most. What comes back has the certificates and nothing else of the text (no
 * private key, no block with a passphrase). Caller frees. */
char *rounds_tls_dup_authorities (const char *pem, GError **error);
/* The same of a chain whose first certificate belongs to the key; the key without a passphrase. */
char *rounds_tls_dup_client (const char *cert_pem, RoundsSecret *key_pem, GError **error);
/* "sha256//BASE64[;…]", each of 32 bytes. *n = how many different ones. */
gboolean rounds_tls_check_pins (const char *pins, guint *n, GError **error);

G_END_DECLS
