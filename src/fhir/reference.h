/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fhir/json.h"

G_BEGIN_DECLS

/* Parts of a literal reference: "Patient/1", "https://h/fhir/Patient/1/_history/2", "urn:uuid:…", "#c". */
typedef struct {
  char *base;     /* up to and with the slash before the type, or NULL */
  char *type;     /* NULL when not TYPE/ID */
  char *id;
  char *version;  /* or NULL */
} RoundsReference;

/* FALSE when text is NULL or empty; out is untouched then. Any other text is taken, and type is NULL (like all
 * else) when it has no TYPE/ID: urn:, "#c", "Patient?…", an unknown type, an invalid id. Caller clears. */
gboolean rounds_reference_parse (const char *text, RoundsReference *out);
void rounds_reference_clear (RoundsReference *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RoundsReference, rounds_reference_clear)

/* Called for every Reference.reference in a resource, contained ones too. Returns the new text (taken), or
 * NULL to leave it. */
typedef char *(*RoundsReferenceFunc) (const char *reference, gpointer data);
/* Number of references changed. */
guint rounds_reference_rewrite (json_object *resource, RoundsReferenceFunc func, gpointer data);

/* Every "TYPE/ID" this resource points to, once each, in document order; references that name a server are
 * not among them, versions are cut off. Caller frees with g_strfreev. */
char **rounds_reference_list (json_object *resource);

G_END_DECLS
