/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fhir/json.h"

G_BEGIN_DECLS

/* Notes are DocumentReferences with inline text/plain. docStatus "preliminary" is unsigned and can be changed;
 * "final" is signed and never changes again: what comes later is an addendum, a note of its own that appends
 * to it. Pure; any thread. */

/* The whole text: of a DocumentReference its inline plain text or HTML, of a DiagnosticReport its presentedForm
 * or conclusion, of a Composition its sections. Caller frees; NULL when there is none here (a PDF, a link). */
char *rounds_note_text (json_object *resource);
/* Title without the text: "Ward round". Caller frees. */
char *rounds_note_title (json_object *resource);
gboolean rounds_note_is_signed (json_object *resource);
/* The id of the note that this one appends to, or NULL. Borrowed. */
const char *rounds_note_appends_to (json_object *resource);
/* Form values of an addendum to a signed note. Caller owns. */
json_object *rounds_note_addendum_values (json_object *original);

/* Subjective, objective, assessment, plan: what an empty note begins with. Static, translated. */
const char *rounds_note_soap_template (void);

G_END_DECLS
