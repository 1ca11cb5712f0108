/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fhir/json.h"

G_BEGIN_DECLS

/* Three-way merge per element (sync.md). mine or theirs NULL = deleted there. Returns TRUE when all merged:
 * *merged is then the result (owned by the caller; NULL = deleted). FALSE: *merged holds what could be merged
 * with mine where they conflict, and conflicts gets the paths (char *). Arrays merge when both appended or
 * changed different items (items are told apart by id, system|value, or place); clinical content on the same
 * element never merges; meta is always theirs (tags united). Pure; any thread. */
gboolean rounds_merge_three_way (json_object *base, json_object *mine, json_object *theirs,
                                 json_object **merged, GPtrArray *conflicts);

G_END_DECLS
