/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fhir/json.h"

G_BEGIN_DECLS

/* Which item of one list became which of another; −1 on one side: gone, or new. */
typedef struct {
  int old_index;
  int new_index;
} RoundsJsonPair;

/* Pairs in order: both indexes only rise. Items are the same by their key (below), where it is unique in both
 * lists, or by their content; what is left between two matches is paired by place. Either may be NULL (empty).
 * Array of RoundsJsonPair; caller owns. */
GArray *rounds_json_align (json_object *old, json_object *new_);

/* By what an item is told apart: id, system|value, system|code, url, linkId. NULL: by its place only. Caller
 * frees. */
char *rounds_json_item_key (json_object *item);

G_END_DECLS
