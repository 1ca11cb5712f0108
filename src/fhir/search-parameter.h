/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fhir/json.h"

G_BEGIN_DECLS

/* The search parameters of R4 (hl7.org/fhir/R4/searchparameter-registry.html) for the types that Rounds handles,
 * and the values that a resource has for one. Pure; any thread. */

typedef enum {
  ROUNDS_SEARCH_STRING,
  ROUNDS_SEARCH_TOKEN,
  ROUNDS_SEARCH_DATE,
  ROUNDS_SEARCH_QUANTITY,
  ROUNDS_SEARCH_REFERENCE,
} RoundsSearchKind;

typedef struct {
  const char *type;     /* resource type */
  const char *code;     /* as in the address: "birthdate" */
  RoundsSearchKind kind;
  const char *paths;    /* element paths with "|" between; lists are gone through; "telecom[system=phone]" */
} RoundsSearchParameter;

/* NULL when Rounds does not know this parameter of this type. Static. */
const RoundsSearchParameter *rounds_search_parameter_find (const char *type, const char *code);

typedef struct {
  char *system;         /* TOKEN, QUANTITY (NULL = none); the type of a REFERENCE */
  char *text;           /* STRING as written; TOKEN code; id of a REFERENCE; QUANTITY's unit (code, else unit) or NULL */
  gboolean floating;    /* DATE: of a day, month or year without time zone; the bounds are then as if it were UTC */
  gint64 start_us, end_us;   /* DATE: from start to just before end; G_MININT64 / G_MAXINT64 = open */
  double low, high;     /* QUANTITY: both bounds belong to it unless said so below; ±INFINITY = none ("<5") */
  gboolean low_open, high_open;
} RoundsSearchValue;
void rounds_search_value_free (RoundsSearchValue *self);

/* Array of RoundsSearchValue; empty when the resource has none. At most 1,000. */
GPtrArray *rounds_search_parameter_values (const RoundsSearchParameter *self, json_object *resource);

/* The span that a FHIR date, dateTime or instant covers by its precision. FALSE: no date. */
gboolean rounds_search_date_span (const char *text, gboolean *floating, gint64 *start_us, gint64 *end_us);

/* A unit as comparable values have it: the first of its kind in UCUM ("mm[Hg]" for "kPa"), value brought to it;
 * a unit that is not known stays itself, so that it only meets its like. Caller frees. */
char *rounds_search_unit (const char *unit, double value, double *out);

G_END_DECLS
