/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fhir/json.h"

G_BEGIN_DECLS

/* A piece of a document of at most ROUNDS_JSON_MAX_BYTES: a list of a million is 8 MB. */
typedef struct {
  guint32 offset, length;
} RoundsJsonSlice;

/* Where the elements of the array lie that is member name of the object in text, in order (GArray of
 * RoundsJsonSlice); *rest, of *rest_length bytes, is the same document with that array empty (caller frees). Nothing is checked but where things end: both
 * rest and elements have still to be parsed, and what is wrong with the document is wrong with one of them. NULL when
 * text is no object with such a member, or it is no array; of more than max elements the first max. Any thread. */
GArray *rounds_json_split_array (const char *text, gsize length, const char *name, guint max, char **rest,
                                gsize *rest_length);

/* The text of the member of that name; FALSE when text is no object or has none that is spelt so. */
gboolean rounds_json_find_member (const char *text, gsize length, const char *name, RoundsJsonSlice *out);

G_END_DECLS
