/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fhir/json.h"

G_BEGIN_DECLS

/* FHIR values as people read them. All are pure and may be called from any thread; results belong to the
 * caller unless they are const. */

/* "today 08:52", "20 Nov", "2016" of a FHIR date, dateTime or instant; the text itself when it is none; NULL
 * of NULL. */
char *rounds_words_when (const char *fhir_time, gint64 now_us);
/* The same without a time of day, unless it is today: for lists where the day is what counts. */
char *rounds_words_day (const char *fhir_time, gint64 now_us);
/* Microseconds of it for sorting; G_MININT64 when there is none. */
gint64 rounds_words_us (const char *fhir_time);

/* "500 mg", "< 0.01 µg/L" of a Quantity; digits as written. NULL when it has no value. */
char *rounds_words_quantity (json_object *quantity);
/* The value[x] of an Observation or component: quantity, concept, text, range, ratio, yes or no; "104/62
 * mmHg" of two components; why it is absent. NULL when there is none. */
char *rounds_words_value (json_object *observation);
/* "3.5 – 5.0 mmol/L" of a referenceRange array, NULL when it says nothing. */
char *rounds_words_range (json_object *ranges);

/* A status or other code in words ("entered-in-error" → "entered in error"), translated. Borrowed; the code
 * itself when it is not known. */
const char *rounds_words_code (const char *code);

/* Any element on one line of at most 160 characters, for a history. NULL of NULL. */
char *rounds_words_any (json_object *value);
/* An element's path for people: "name.0.family" → "Name, family". */
char *rounds_words_path (const char *path);

/* Plain text of an XHTML narrative: tags dropped, entities resolved, blocks on lines. */
char *rounds_words_strip_html (const char *html);

/* --- changing JSON -------------------------------------------------------------------------------- */

/* Puts value (taken; NULL removes it) at "name.0.given.1", making objects and arrays on the way. What a
 * removal leaves empty is removed too. Returns FALSE when something of another shape is in the way. */
gboolean rounds_json_set (json_object *root, const char *path, json_object *value);
/* The same with a string; NULL or "" removes it. An equal text stays as it is. */
gboolean rounds_json_set_string (json_object *root, const char *path, const char *text);

G_END_DECLS
