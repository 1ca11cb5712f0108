/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fhir/json.h"

G_BEGIN_DECLS

/* TRUE when two JSON numbers are the same number: 37.0, 37 and 3.7E1 are, exactly and not as a double would have
 * it. Pure; any thread. */
gboolean rounds_decimal_equal (const char *a, const char *b);

/* Puts the digits of ours into theirs where both are the same number, so that 37.0 which came back as 37 is 37.0
 * again. in_place: both are the same record, member by member and item by item. Else only where it is sure that
 * the number is about the same thing (its neighbours are the same, an item of a list is the same but for digits)
 * and theirs does not say more digits. Changes theirs; returns how many numbers. One thread at a time. */
guint rounds_json_keep_digits (json_object *ours, json_object *theirs, gboolean in_place);

G_END_DECLS
