/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fhir/json.h"

G_BEGIN_DECLS

/* One resource taken out of a document, ready for the store. */
typedef struct {
  char *type;
  char *id;
  json_object *resource;   /* owned; id and references are final */
  char *server_base;       /* "https://h/fhir/" of its fullUrl, or NULL */
} RoundsBundleItem;

void rounds_bundle_item_free (RoundsBundleItem *self);

/* Takes every resource out of a parsed Bundle (nested ones too), Parameters-free, or a single resource: ids
 * kept, or name-based UUIDs from fullUrl, else from the content; references to any fullUrl become TYPE/ID; the
 * same type and id under two bases become two. An entry that cannot be taken is left out and named in refused
 * ("entry 3: …"). Array of RoundsBundleItem, owned by the caller (freed with rounds_bundle_item_free); NULL with
 * error when nothing at all can be read. Any thread. */
GPtrArray *rounds_bundle_take (json_object *document, GPtrArray *refused, GError **error);

/* The same for newline-delimited JSON; bad lines are refused by number and the rest is taken. */
GPtrArray *rounds_bundle_take_ndjson (const char *text, gsize length, GPtrArray *refused, GError **error);

G_END_DECLS
