/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cloud/dicomweb-client.h"
#include "cloud/fhir-client.h"
#include "cloud/server-profile.h"
#include "store/outbox.h"

G_BEGIN_DECLS

/* A cloud that this profile syncs with. What is secret (password, token, private keys) lies sealed in the vault,
 * apart from these settings. A profile has one connection with an address for records, since what waits to be
 * sent belongs to one cloud; further ones may hold images alone. */
typedef struct {
  char *name;           /* [A-Za-z0-9._-]{1,64} */
  char *fhir_url;       /* or NULL */
  char *dicomweb_url;   /* or NULL; one of the two is there */
  char *auth;           /* "none", "basic", "bearer", "smart" (a person, by the browser) or "backend" (this
                         * installation, by a key of its own); the last two need fhir_url */
  char *user;           /* of basic */
  char *client_id;      /* of smart and backend: as what Rounds is registered there */
  char *scope;          /* of smart and backend; NULL = what Rounds needs, as the server words it */
  char *ca_file;        /* to save: a PEM file with further certificate authorities, read into ca_pem; NULL
                         * after a load, except of settings made before authorities were kept */
  char *ca_pem;         /* further certificate authorities, or NULL */
  char *pins;           /* "sha256//…;sha256//…", or NULL; of the servers at the addresses above */
  char *client_cert;    /* PEM chain that proves this installation to the server (mutual TLS), or NULL */
  RoundsSecret *client_key;   /* to save: its private key (PEM, not encrypted), or NULL for the one in the
                               * vault; NULL after a load */
} RoundsConnection;

RoundsConnection *rounds_connection_new (const char *name);
void rounds_connection_free (RoundsConnection *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsConnection, rounds_connection_free)

/* All block. Adds or replaces; contacts nobody. secret is the password of basic or the token of bearer; NULL
 * keeps the one in the vault, if the way to sign in and the user stay and no address names a server that it was not
 * given for. Of smart and backend it is NULL: see rounds_sign_in() and rounds_connection_dup_jwks(). A change of address, client id or way to sign in forgets
 * the tokens; what waits to be sent stays. Errors: ADDRESS (also for a second address for records), SIGN_IN,
 * TLS (a certificate or key that cannot be used) (ROUNDS_CLOUD_ERROR), and those of store and vault. */
gboolean rounds_connection_save (RoundsStore *store, const RoundsConnection *connection, RoundsSecret *secret,
                                 GError **error);
RoundsConnection *rounds_connection_load (RoundsStore *store, const char *name, GError **error);
/* Array of RoundsConnection in order of name. */
GPtrArray *rounds_connection_list (RoundsStore *store, GError **error);
/* The connection and its secrets; what was synced, and what waits to be sent, stays. */
gboolean rounds_connection_remove (RoundsStore *store, const char *name, GError **error);
/* Another name for it; secrets and what waits to be sent stay with it. ADDRESS when the new name is taken
 * or is none. */
gboolean rounds_connection_rename (RoundsStore *store, const char *from, const char *to, GError **error);

/* What deserves a word beside settings that can be used: one pin without a backup. NULL-terminated, sentences
 * for the user; NULL = nothing. Caller frees. */
char **rounds_connection_warnings (const RoundsConnection *connection);

/* Whether images that wait are sent there: of several connections only one, the one with the address for
 * records, else the first with an address for images. */
gboolean rounds_connection_takes_images (RoundsStore *store, const RoundsConnection *connection);

/* Of backend: the public half of its key as a JWK Set (RFC 7517) to register at the server. The key is made
 * when there is none yet, or anew. Caller frees. */
char *rounds_connection_dup_jwks (RoundsStore *store, const char *name, gboolean anew, GError **error);

/* Text of a certificate file of 1 MiB at most, for client_cert. Caller frees; NULL with TLS. */
char *rounds_connection_read_pem (const char *path, GError **error);

/* Clients with credentials, ready to ask. NULL with ADDRESS when there is no such address. */
RoundsFhirClient *rounds_connection_open_fhir (RoundsStore *store, const RoundsConnection *connection,
                                               GError **error);
RoundsDicomwebClient *rounds_connection_open_dicomweb (RoundsStore *store, const RoundsConnection *connection,
                                                       GError **error);

/* Contacts the server, tries what it can do and remembers it. */
RoundsServerProfile *rounds_connection_probe (RoundsStore *store, const char *name, GCancellable *cancellable,
                                              GError **error);
/* What the last probe found, or NULL without error. */
RoundsServerProfile *rounds_connection_dup_profile (RoundsStore *store, const RoundsConnection *connection);

/* Scope of a cursor: bound to the server's address, so that another server never inherits a watermark. Caller
 * frees. */
char *rounds_connection_scope (const char *url, const char *what);

G_END_DECLS
