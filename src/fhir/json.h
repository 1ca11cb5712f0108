/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <json.h>

G_BEGIN_DECLS

#define ROUNDS_FHIR_ERROR (rounds_fhir_error_quark ())
GQuark rounds_fhir_error_quark (void);

typedef enum {
  ROUNDS_FHIR_ERROR_SYNTAX,     /* not JSON as RFC 8259 has it; the message says line and column */
  ROUNDS_FHIR_ERROR_LIMIT,      /* too deep or too large */
  ROUNDS_FHIR_ERROR_NOT_FHIR,   /* JSON, but no R4 resource */
  ROUNDS_FHIR_ERROR_REFUSED,    /* a resource that cannot be taken (invalid id, wrong type) */
} RoundsFhirError;

#define ROUNDS_JSON_MAX_DEPTH 64
#define ROUNDS_JSON_MAX_BYTES (64 * 1024 * 1024)

G_DEFINE_AUTOPTR_CLEANUP_FUNC (json_object, json_object_put)

/* Parses strict JSON: RFC 8259 grammar, UTF-8, depth 64, 64 MiB, no name twice, no lone surrogate, no
 * NaN. A byte order mark is allowed. Numbers keep their digits: what is printed again is what was read,
 * also -0, 1E3 and whole numbers beyond 64 bit. length −1: NUL-terminated. Caller owns. Any thread; the
 * result belongs to one thread at a time. */
json_object *rounds_json_parse (const char *text, gssize length, GError **error);

/* One line, no blanks, slashes not escaped, order of members and digits of numbers kept. Caller frees. */
char *rounds_json_print (json_object *value);
/* Two blanks of indentation. Caller frees. */
char *rounds_json_print_pretty (json_object *value);

/* TRUE when both are the same value; numbers by their digits, members in any order. */
gboolean rounds_json_equal (json_object *a, json_object *b);

/* A deep copy that keeps the digits of numbers. Caller owns. */
json_object *rounds_json_copy (json_object *value);

/* A number with exactly these digits (a JSON number); NULL when digits is none. Caller owns. */
json_object *rounds_json_new_decimal (const char *digits);

/* Walks "name.0.given.1": member names and array indexes. Borrowed, NULL when absent. */
json_object *rounds_json_peek (json_object *value, const char *path);
/* The string there, borrowed; NULL when absent or no string. */
const char *rounds_json_peek_string (json_object *value, const char *path);
/* The same, and NULL for an empty one too. */
const char *rounds_json_peek_filled (json_object *value, const char *path);
/* The digits of the number there, borrowed; NULL when absent or no number. */
const char *rounds_json_peek_digits (json_object *value, const char *path);

/* Text members of a flat answer: adds "name": text, or nothing when text is NULL. */
void rounds_json_add_string (json_object *object, const char *name, const char *text);

G_END_DECLS
