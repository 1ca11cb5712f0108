/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fhir/json.h"

G_BEGIN_DECLS

/* What a server did not keep of a resource as it was sent: paths (char *) of elements that are gone or say
 * something else, 20 at most; empty when all is there. meta, the wording of the narrative and ways of writing
 * the same (exponents, absolute or versioned references, blanks in base64) do not count; what the server added
 * does not either. Caller owns. Pure; any thread. */
GPtrArray *rounds_compare_kept (json_object *sent, json_object *got);

/* Whether two versions are the same to a reader: meta apart. NULL is a deleted one. */
gboolean rounds_compare_same_content (json_object *a, json_object *b);

/* "name.0.given, note.1": for messages, at most max paths. NULL when there are none. Caller frees. */
char *rounds_compare_describe (GPtrArray *paths, guint max);

G_END_DECLS
