/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>
#define SQLITE_HAS_CODEC 1
#include <sqlite3.h>
#include "base/secret.h"
#include "store/store.h"

G_BEGIN_DECLS

/* One connection to one encrypted file. Belongs to one thread at a time. */
typedef struct _RoundsDatabase RoundsDatabase;

typedef enum {
  ROUNDS_DATABASE_RECORDS,   /* 4,096-byte pages */
  ROUNDS_DATABASE_PIXELS,    /* 65,536 */
} RoundsDatabaseKind;

typedef enum {
  ROUNDS_DATABASE_READER,
  ROUNDS_DATABASE_WRITER,
  ROUNDS_DATABASE_CREATE,    /* the file must not be there */
  ROUNDS_DATABASE_RESCUE,    /* reads what a damaged file still gives; changes nothing in it */
} RoundsDatabaseMode;

/* Opens with the raw key, checks that it is what it should be, and (writer) brings the schema up to date.
 * Nothing is written to a file that is damaged or newer. */
RoundsDatabase *rounds_database_open (const char *path, RoundsDatabaseKind kind, RoundsDatabaseMode mode,
                                      RoundsSecret *key, GError **error);
void rounds_database_free (RoundsDatabase *self);
sqlite3 *rounds_database_get_handle (RoundsDatabase *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsDatabase, rounds_database_free)

/* A prepared statement from this connection's cache, bound and ready; freeing it resets it. sql must be a
 * literal. format: s = const char * or NULL, i = gint64, d = double, b = const void *, gsize (NULL = NULL).
 * What is bound must live until the statement is reset. */
typedef sqlite3_stmt RoundsRows;
static inline void
rounds_rows_reset (RoundsRows *self)
{
  sqlite3_reset (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsRows, rounds_rows_reset)

RoundsRows *rounds_database_query (RoundsDatabase *self, GError **error, const char *sql, const char *format,
                                   ...);
/* TRUE with *row = whether there is one. */
gboolean rounds_database_next (RoundsDatabase *self, RoundsRows *rows, gboolean *row, GError **error);
/* query + run to its end. */
gboolean rounds_database_run (RoundsDatabase *self, GError **error, const char *sql, const char *format, ...);
/* One integer of the first row; `none` when there is no row or it is NULL. */
gboolean rounds_database_int (RoundsDatabase *self, gint64 none, gint64 *out, GError **error, const char *sql,
                              const char *format, ...);
/* The first column of every row: array of gint64, NULL on error. */
GArray *rounds_database_ints (RoundsDatabase *self, GError **error, const char *sql, const char *format, ...);
/* Text without parameters, not cached. */
gboolean rounds_database_exec (RoundsDatabase *self, const char *sql, GError **error);

/* Maps SQLite's result to the store's errors: what the caller should do. */
void rounds_database_set_error (RoundsDatabase *self, int code, GError **error);

#define rounds_rows_int(rows, column) sqlite3_column_int64 ((rows), (column))
#define rounds_rows_text(rows, column) ((const char *) sqlite3_column_text ((rows), (column)))
#define rounds_rows_dup(rows, column) g_strdup (rounds_rows_text ((rows), (column)))

G_END_DECLS
