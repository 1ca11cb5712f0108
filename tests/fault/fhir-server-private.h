/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fhir-server.h"

/* fhir-search.c: path is what follows the base. type NULL = all. */
void mini_search (MiniFhir *self, const FaultRequest *request, const char *path, const char *type,
                  FaultAnswer *answer);
void mini_history (MiniFhir *self, const char *path, const char *type, const char *id, FaultAnswer *answer);
/* Keys that a condition ("identifier=system|value") finds. Array of MiniResource; NULL when it is no condition. */
GPtrArray *mini_find (MiniFhir *self, const char *type, const char *query);

void mini_found_free (gpointer data);

/* fhir-rules.c: what R4 forbids, in words; NULL = allowed. Caller frees. */
char *mini_check_resource (json_object *resource, const char *type, const char *id);
/* A reference that leads nowhere; NULL when all lead somewhere, or lie in more ("TYPE/ID" set, nullable). */
char *mini_find_broken_reference (MiniFhir *self, json_object *resource, GHashTable *more);
gboolean mini_is_referred_to (MiniFhir *self, const char *key);

gboolean mini_has_type (MiniFhir *self, const char *type);
char *mini_version_text (MiniFhir *self, const MiniResource *resource);
char *mini_etag (MiniFhir *self, const MiniResource *resource);
void mini_resource_free (gpointer data);
/* Without its past; and with it. */
MiniResource *mini_copy_version (const MiniResource *from);
MiniResource *mini_copy_resource (const MiniResource *from);


/* fhir-server.c */
typedef struct {
  const char *method;
  const char *type, *id, *version;   /* id, version NULL = none */
  json_object *body;                 /* borrowed */
  const char *if_match, *if_none_exist;
  gboolean minimal;
  GHashTable *together;              /* keys that come in the same transaction; NULL = alone */
} MiniInteraction;
/* new_id: what a create shall have, NULL = the next. */
void mini_interact (MiniFhir *self, const MiniInteraction *it, const char *new_id, FaultAnswer *answer);

/* fhir-bundle.c */
void mini_bundle (MiniFhir *self, json_object *in, gboolean minimal, FaultAnswer *answer);
