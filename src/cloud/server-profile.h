/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cloud/fhir-client.h"

G_BEGIN_DECLS

/* What one FHIR server can do, found out by asking and by trying. Immutable after probing. */
typedef struct {
  char *software;              /* "HAPI FHIR Server 8.6.0", or NULL */
  char *fhir_version;          /* "4.0.1", or NULL */
  gboolean has_transaction, has_batch;
  gboolean has_system_history; /* GET _history?_since=… */
  GHashTable *search_types;    /* set of resource types with search (char *) */
  GHashTable *history_types;   /* set of resource types with history-type */
  gboolean tried;              /* the four below were tried by writing; else they are only hoped for */
  gboolean update_create;      /* PUT of a new id makes it */
  gboolean if_match;           /* a stale If-Match is refused */
  gboolean keeps_unknown;      /* an element that it does not know came back */
  guint max_entries;           /* of a bundle */
  gsize max_bundle_bytes;
  char **warnings;             /* for people, NULL-terminated */
} RoundsServerProfile;

/* Reads the CapabilityStatement and, when try_writes, makes, changes and deletes one Basic resource whose id
 * begins with "rounds-probe-" (a server that refuses it is reported, not failed). NULL with error when there
 * is no R4 server to talk to. Blocking; worker threads. */
RoundsServerProfile *rounds_server_profile_probe (RoundsFhirClient *client, gboolean try_writes,
                                                  GCancellable *cancellable, GError **error);
void rounds_server_profile_free (RoundsServerProfile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsServerProfile, rounds_server_profile_free)

/* To keep a profile between two starts. to_json: caller owns. from_json: NULL when it cannot be read. */
json_object *rounds_server_profile_to_json (const RoundsServerProfile *self);
RoundsServerProfile *rounds_server_profile_from_json (json_object *json);

/* "transaction, batch, history, …": what it can, in words. Caller frees. */
char *rounds_server_profile_describe (const RoundsServerProfile *self);

/* Whether a resource is one of a probe, of this or another workstation: sync passes it over. */
gboolean rounds_server_profile_is_probe (const char *type, const char *id);

G_END_DECLS
