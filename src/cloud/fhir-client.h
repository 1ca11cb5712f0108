/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cloud/http.h"
#include "fhir/json-split.h"

G_BEGIN_DECLS

/* The FHIR R4 REST interface (https://hl7.org/fhir/R4/http.html) of one server. Blocking; worker threads. */
typedef struct _RoundsFhirClient RoundsFhirClient;

/* address: as the user gave it. Takes a reference to auth. NULL with ADDRESS. */
RoundsFhirClient *rounds_fhir_client_new (const char *address, RoundsAuth *auth, GError **error);
void rounds_fhir_client_free (RoundsFhirClient *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsFhirClient, rounds_fhir_client_free)
RoundsHttp *rounds_fhir_client_get_http (RoundsFhirClient *self);

/* What a server said to one request. */
typedef struct {
  int status;
  json_object *resource;       /* the body when it is JSON, owned; NULL else */
  char *version;               /* of the resource: ETag in any of its forms, else meta.versionId; NULL */
  char *location_id;           /* id in the Location header, or NULL */
  char *outcome;               /* an error in words (OperationOutcome, or the status); NULL on 2xx */
  gint64 date_us;              /* the server's clock; 0 = not said */
  gint64 retry_after_us;       /* −1 = not said */
  /* Of rounds_fhir_client_list() alone, else NULL: resource is then a Bundle without its entries, and these are they,
   * as places in body. */
  GBytes *body;
  GArray *entries;             /* RoundsJsonSlice */
} RoundsFhirAnswer;
void rounds_fhir_answer_clear (RoundsFhirAnswer *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RoundsFhirAnswer, rounds_fhir_answer_clear)

/* All of these: TRUE when an answer came, whatever its status; FALSE as rounds_http_send() says, or PROTOCOL
 * when a 2xx answer with a body is no JSON. Ids must be FHIR ids. */

gboolean rounds_fhir_client_capabilities (RoundsFhirClient *self, RoundsFhirAnswer *out, GCancellable *cancellable,
                                          GError **error);
gboolean rounds_fhir_client_read (RoundsFhirClient *self, const char *type, const char *id, RoundsFhirAnswer *out,
                                  GCancellable *cancellable, GError **error);
gboolean rounds_fhir_client_vread (RoundsFhirClient *self, const char *type, const char *id, const char *version,
                                   RoundsFhirAnswer *out, GCancellable *cancellable, GError **error);
/* PUT. if_match: version, or NULL for none. The answer holds what the server keeps, when it says so. */
gboolean rounds_fhir_client_update (RoundsFhirClient *self, const char *type, const char *id, const char *json,
                                    const char *if_match, RoundsFhirAnswer *out, GCancellable *cancellable,
                                    GError **error);
/* POST. if_none_exist: query of the conditional create, or NULL. Never repeated by curl itself. */
gboolean rounds_fhir_client_create (RoundsFhirClient *self, const char *type, const char *json,
                                    const char *if_none_exist, RoundsFhirAnswer *out, GCancellable *cancellable,
                                    GError **error);
gboolean rounds_fhir_client_delete (RoundsFhirClient *self, const char *type, const char *id, const char *if_match,
                                    RoundsFhirAnswer *out, GCancellable *cancellable, GError **error);
/* POST of a batch or transaction Bundle to the base. */
gboolean rounds_fhir_client_bundle (RoundsFhirClient *self, const char *json, RoundsFhirAnswer *out,
                                    GCancellable *cancellable, GError **error);
/* One page of a search or a history: "Observation?_lastUpdated=ge…", "_history?_since=…", or what
 * rounds_fhir_bundle_next() gave. Always with Cache-Control: no-cache. */
gboolean rounds_fhir_client_page (RoundsFhirClient *self, const char *url, RoundsFhirAnswer *out,
                                  GCancellable *cancellable, GError **error);
/* The same, but the entries of the Bundle are left as text, to be parsed one by one: a page may be 64 MiB. LIMIT when
 * there are more than ROUNDS_FHIR_MAX_ENTRIES. */
#define ROUNDS_FHIR_MAX_ENTRIES 2000000
gboolean rounds_fhir_client_list (RoundsFhirClient *self, const char *url, RoundsFhirAnswer *out,
                                  GCancellable *cancellable, GError **error);
/* Address of the page after this one, NULL without error at the last; NULL with REFUSED when it lies on
 * another origin. Caller frees. */
char *rounds_fhir_bundle_next (RoundsFhirClient *self, json_object *bundle, GError **error);

/* An OperationOutcome as one line for people: up to 5 issues, 1,000 bytes. NULL when it is none. */
char *rounds_fhir_outcome_text (json_object *resource);
/* The version in an ETag: W/"1", "1", 1, W/"uuid"; NULL when it has none. Caller frees. */
char *rounds_fhir_parse_etag (const char *etag);
/* Turns an answer that is no success into an error: SIGN_IN, THROTTLED or STATUS. TRUE on 2xx. */
gboolean rounds_fhir_answer_check (const RoundsFhirAnswer *answer, GError **error);

G_END_DECLS
