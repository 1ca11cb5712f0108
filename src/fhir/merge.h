/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fhir/json.h"

G_BEGIN_DECLS

/* Three-way merge per element. mine or theirs NULL = deleted there. Returns TRUE when all merged:
 * *merged is then the result (owned by the caller; NULL = deleted). FALSE: *merged holds what could be merged
 * with mine where they conflict, and conflicts gets the paths (char *; "" is the whole resource, an index is
 * that of the item in base, or in mine when it is new). Arrays merge when both appended or
 * changed different items (items are told apart by id, system|value, or place); clinical content on the same
 * element never merges; meta is always theirs (tags and security labels united). A data type (Quantity,
 * CodeableConcept, Dosage, HumanName…) is one element and never mixed; so are the elements that only mean
 * something together: value[x] with code, unit and interpretation, a medication with its dosage. base NULL =
 * created on both sides: whatever differs is in conflict. conflicts may be NULL. Pure; any thread. */
gboolean rounds_merge_three_way (json_object *base, json_object *mine, json_object *theirs,
                                 json_object **merged, GPtrArray *conflicts);

/* Which side stands where both changed the same. */
typedef enum {
  ROUNDS_MERGE_KEEP_MINE,
  ROUNDS_MERGE_KEEP_THEIRS,
  ROUNDS_MERGE_KEEP_BASE,   /* neither: the old value back */
} RoundsMergeKeep;

/* The same merge with a decision: elements in conflict are taken from that side, all others merge. The way to
 * resolve a conflict (the paths are for people). Owned by the caller; NULL = deleted. Pure; any thread. */
json_object *rounds_merge_resolve (json_object *base, json_object *mine, json_object *theirs,
                                   RoundsMergeKeep keep);

/* The same with a decision for each path in conflict. *mixed: elements that only mean something together (a drug
 * and its dosage, a value and its unit) were given to different sides; the result is then NULL. */
typedef RoundsMergeKeep (*RoundsMergeChoose) (const char *path, gpointer data);
json_object *rounds_merge_resolve_each (json_object *base, json_object *mine, json_object *theirs,
                                        RoundsMergeChoose choose, gpointer data, gboolean *mixed);

G_END_DECLS
