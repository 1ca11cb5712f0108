/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cloud/dicomweb-client.h"
#include "cloud/fhir-client.h"
#include "cloud/server-profile.h"
#include "store/outbox.h"

G_BEGIN_DECLS

/* A cloud that this profile syncs with. The secret (password or token) lies sealed in the vault, apart from
 * these settings. */
typedef struct {
  char *name;           /* [A-Za-z0-9._-]{1,64} */
  char *fhir_url;       /* or NULL */
  char *dicomweb_url;   /* or NULL; one of the two is there */
  char *auth;           /* "none", "basic" or "bearer" */
  char *user;           /* of basic */
  char *ca_file;        /* a private certificate authority, or NULL */
  char *pins;           /* "sha256//…;sha256//…", or NULL */
} RoundsConnection;

RoundsConnection *rounds_connection_new (const char *name);
void rounds_connection_free (RoundsConnection *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsConnection, rounds_connection_free)

/* All block. Adds or replaces; contacts nobody. secret is needed unless auth is none. Errors: ADDRESS, SIGN_IN
 * (ROUNDS_CLOUD_ERROR) when the settings cannot be used, and those of store and vault. */
gboolean rounds_connection_save (RoundsStore *store, const RoundsConnection *connection, RoundsSecret *secret,
                                 GError **error);
RoundsConnection *rounds_connection_load (RoundsStore *store, const char *name, GError **error);
/* Array of RoundsConnection in order of name. */
GPtrArray *rounds_connection_list (RoundsStore *store, GError **error);
/* The connection and its secret; what was synced stays. */
gboolean rounds_connection_remove (RoundsStore *store, const char *name, GError **error);

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
