/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fhir/search-parameter.h"
#include "store/search.h"
#include "store/store-private.h"

G_BEGIN_DECLS

/* What search-query.c makes, search-sql.c turns into SQL and search.c runs. */

/* Longer texts are indexed, and asked for, up to here. */
#define ROUNDS_SEARCH_MAX_TEXT 16384

typedef enum {
  ROUNDS_MATCH_PLAIN,
  ROUNDS_MATCH_EXACT,
  ROUNDS_MATCH_CONTAINS,
  ROUNDS_MATCH_NOT,
  ROUNDS_MATCH_MISSING,
} RoundsMatch;

typedef enum {
  ROUNDS_PREFIX_EQ, ROUNDS_PREFIX_NE, ROUNDS_PREFIX_GT, ROUNDS_PREFIX_LT, ROUNDS_PREFIX_GE, ROUNDS_PREFIX_LE,
  ROUNDS_PREFIX_SA, ROUNDS_PREFIX_EB, ROUNDS_PREFIX_AP,
} RoundsPrefix;

/* One of the values between commas. */
typedef struct {
  RoundsPrefix prefix;
  char *system;        /* token: system (NULL = any, "" = none); reference: type or NULL; quantity: the comparable unit
                          or NULL */
  char *text;          /* string: folded; token: folded code or NULL; reference: id */
  char *exact;         /* string as written */
  gint64 start_us[2], end_us[2];   /* date: against instants, against floating ones */
  double value, low, high;         /* quantity: the number, and the span that its digits mean */
} RoundsOperand;

typedef enum {
  ROUNDS_CLAUSE_PARAMETER,
  ROUNDS_CLAUSE_ID,
  ROUNDS_CLAUSE_LAST_UPDATED,
  ROUNDS_CLAUSE_UNSYNCED,
  ROUNDS_CLAUSE_CONFLICT,
  ROUNDS_CLAUSE_HAS,
} RoundsClauseKind;

typedef struct {
  RoundsClauseKind kind;
  const RoundsSearchParameter *parameter;   /* HAS: the reference of the other type */
  RoundsMatch match;
  gboolean wanted;          /* MISSING, UNSYNCED, CONFLICT */
  GPtrArray *operands;      /* RoundsOperand */
  RoundsQuery *other;       /* HAS */
} RoundsClause;

typedef enum {
  ROUNDS_SORT_PARAMETER,
  ROUNDS_SORT_ID,
  ROUNDS_SORT_LAST_UPDATED,
  ROUNDS_SORT_PATIENT_NAME,
  ROUNDS_SORT_PATIENT_BIRTH,
} RoundsSortKind;

typedef struct {
  RoundsSortKind kind;
  const RoundsSearchParameter *parameter;
  gboolean descending;
} RoundsSort;

struct _RoundsQuery {
  char *type;
  GPtrArray *clauses;   /* RoundsClause */
  GArray *sorts;        /* RoundsSort */
  guint count, offset;
  gboolean count_only;
  guint depth;          /* of _has */
};

/* --- SQL -------------------------------------------------------------------------------------------- */

/* Which resources may be found at all. Restricted ones are hidden below this, by the reader's own view of table
 * resource (glass.h); table patient is open to all. %s: the table's alias. */
#define ROUNDS_SEARCH_VISIBLE_RESOURCE "%s.tombstone = 0"
#define ROUNDS_SEARCH_VISIBLE_PATIENT "%s.gone = 0"

typedef struct {
  char kind;            /* 's', 'i', 'd' */
  char *text;
  gint64 integer;
  double real;
} RoundsBinding;

/* A statement that gives rids in order (or their number), values only ever bound. */
typedef struct {
  GString *sql;
  GArray *bindings;     /* RoundsBinding */
} RoundsStatement;
void rounds_statement_init (RoundsStatement *self);
void rounds_statement_clear (RoundsStatement *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RoundsStatement, rounds_statement_clear)
/* paged: with the query's page; by_name: ordered by name when the query has no order. */
void rounds_query_write_sql (RoundsQuery *self, gboolean count, gboolean paged, gboolean by_name, RoundsStatement *out);

/* --- the index -------------------------------------------------------------------------------------- */

/* Every parameter whose index a query needs, once each; added to the array. */
void rounds_query_list_parameters (RoundsQuery *self, GPtrArray *out);
/* Builds what is not there yet. */
gboolean rounds_search_index_ensure (RoundsStore *store, GPtrArray *parameters, RoundsSearchProgress progress,
                                     gpointer data, GCancellable *cancellable, GError **error);
/* "Patient?name"; caller frees. */
char *rounds_search_parameter_key (const RoundsSearchParameter *self);
/* The name of the unit that values are compared in. NULL = no unit. Caller frees. */
char *rounds_search_comparable_unit (const char *system, const char *unit, double value, double *out);

G_END_DECLS
