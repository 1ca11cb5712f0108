/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fhir/json.h"

G_BEGIN_DECLS

/* The digits of a number as they are printed; borrowed, valid until the number changes. NULL for anything
 * else. */
const char *rounds_json_get_digits (json_object *number);

/* The same without leaving anything in the number: the result may lie in buffer. */
#define ROUNDS_JSON_INT_BUFFER 24
const char *rounds_json_digits (json_object *number, char buffer[ROUNDS_JSON_INT_BUFFER]);

/* The end of the JSON number that starts at p, or NULL when there is none. Never reads past end. */
const char *rounds_json_scan_number (const char *p, const char *end);

/* The number with these digits, which were scanned before. */
json_object *rounds_json_build_number (const char *digits, gsize length);

/* How many levels of arrays and objects value has; stops counting at limit + 1. */
guint rounds_json_depth (json_object *value, guint limit);

/* Member or item of that name; borrowed. found tells null from absent. */
json_object *rounds_json_step (json_object *value, const char *name, gboolean *found);

G_END_DECLS
