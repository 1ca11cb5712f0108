/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/store.h"

G_BEGIN_DECLS

/* Search over the cache as FHIR R4 has it: string, token, date, quantity, reference, reverse chaining (_has),
 * order, pages, count only. A query is built by functions or read from a search address; both check everything at
 * once, so that a query that exists can be run. Source: hl7.org/fhir/R4/search.html.
 *
 * Parameters beside those of the type: _id, _lastUpdated, _has:TYPE:REFERENCE:PARAMETER[:MODIFIER], _sort, _count,
 * _offset, _summary=count; Rounds' own are _unsynced=true|false and _conflict=true|false (of a Patient: anything of
 * that patient). Modifiers: :exact and :contains (string), :not (token), :missing (all), a type (reference).
 * Prefixes of dates and quantities: eq ne gt lt ge le sa eb ap. Commas are "or", a parameter again is "and"; "\,",
 * "\|", "\$" and "\\" are these letters themselves. An unknown parameter, modifier or prefix is an error
 * (ROUNDS_STORE_ERROR_INVALID), never ignored.
 *
 * Letters: strings without case and accents, tokens without case, :exact as written. A day, month or year without
 * time zone is the same day wherever the machine is; against instants it is that day in the local time zone.
 * Quantities are compared in one unit of their kind and never across kinds; without a unit, as written. */
typedef struct _RoundsQuery RoundsQuery;

RoundsQuery *rounds_query_new (const char *type, GError **error);
/* "Patient?name=mar&birthdate=ge1950&_has:Encounter:subject:status=in-progress&_sort=-_lastUpdated"; %XX and + as in
 * addresses. */
RoundsQuery *rounds_query_parse (const char *text, GError **error);
void rounds_query_free (RoundsQuery *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsQuery, rounds_query_free)
const char *rounds_query_get_type (const RoundsQuery *self);

/* One parameter as in an address, name with its modifier, value with its escapes but not percent-coded. */
gboolean rounds_query_add (RoundsQuery *self, const char *name, const char *value, GError **error);
/* The same by class; the texts are taken as they are. Any but name may be NULL where FHIR lets it be empty. */
typedef enum { ROUNDS_STRING_STARTS, ROUNDS_STRING_CONTAINS, ROUNDS_STRING_EXACT } RoundsStringMatch;
gboolean rounds_query_add_string (RoundsQuery *self, const char *name, RoundsStringMatch match, const char *text,
                                  GError **error);
gboolean rounds_query_add_token (RoundsQuery *self, const char *name, const char *system, const char *code,
                                 GError **error);
gboolean rounds_query_add_date (RoundsQuery *self, const char *name, const char *prefix, const char *date, GError **error);
gboolean rounds_query_add_quantity (RoundsQuery *self, const char *name, const char *prefix, const char *digits,
                                    const char *system, const char *unit, GError **error);
gboolean rounds_query_add_reference (RoundsQuery *self, const char *name, const char *type, const char *id,
                                     GError **error);
gboolean rounds_query_add_missing (RoundsQuery *self, const char *name, gboolean missing, GError **error);
/* Those that are referred to by resources that other finds; takes other. */
gboolean rounds_query_add_has (RoundsQuery *self, const char *reference, RoundsQuery *other, GError **error);
/* After what was said before: name, birthdate, _lastUpdated, _id or any string or date parameter. What has no value
 * comes last. */
gboolean rounds_query_add_sort (RoundsQuery *self, const char *name, gboolean descending, GError **error);
/* count 0 = all. */
void rounds_query_set_page (RoundsQuery *self, guint count, guint offset);
/* Whether the address asked for the number only. */
gboolean rounds_query_is_count_only (const RoundsQuery *self);

/* The first search by a parameter builds its index, some thousand resources a transaction; this tells how far it
 * is, on the calling thread. */
typedef void (*RoundsSearchProgress) (guint64 done, guint64 total, gpointer data);

/* Blocking, any thread but the main one, like the rest of the store. Array of RoundsRecord. */
GPtrArray *rounds_store_search (RoundsStore *self, RoundsQuery *query, RoundsSearchProgress progress, gpointer data,
                                GCancellable *cancellable, GError **error);
/* How many there are, pages apart. */
gboolean rounds_store_search_count (RoundsStore *self, RoundsQuery *query, RoundsSearchProgress progress, gpointer data,
                                    GCancellable *cancellable, guint64 *n, GError **error);

/* The patient list: type-ahead text (or NULL) among what a Patient query (or NULL) finds, in the query's order or, if
 * it has none, by name. The query's page is not used. Array of RoundsPatientHit. */
GPtrArray *rounds_store_list_patients (RoundsStore *self, const char *text, RoundsQuery *query, guint limit,
                                       GCancellable *cancellable, GError **error);

G_END_DECLS
