/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fhir/json.h"

G_BEGIN_DECLS

/* One difference between two versions. */
typedef struct {
  char *path;          /* "name.0.family" */
  json_object *old;    /* owned; NULL = was not there */
  json_object *new_;   /* owned; NULL = is gone */
} RoundsDifference;

void rounds_difference_free (RoundsDifference *self);

/* Differences in document order, meta.versionId and meta.lastUpdated left out. Either may be NULL (created,
 * deleted). Array of RoundsDifference; caller owns. */
GPtrArray *rounds_patch_diff (json_object *old, json_object *new_);

/* JSON Patch (RFC 6902) from old to new, order kept. Caller owns. */
json_object *rounds_patch_make (json_object *old, json_object *new_);
/* Applies one to a copy; NULL with error when an operation does not fit. Caller owns. */
json_object *rounds_patch_apply (json_object *document, json_object *patch, GError **error);

G_END_DECLS
