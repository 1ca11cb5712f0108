/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One SQLCipher connection: raw key, pragmas in the only order that is safe, schema, statement cache, and
 * SQLite's result codes turned into the few that a caller can act on. HMAC is SHA-256: on CPUs with SHA
 * extensions it costs a seventh, SHA-512 almost half. Memory security stays off: it makes bulk work many
 * times slower and the pages' plain text is in our own heap anyway. */
#include "store/database.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "rounds-schema.h"
#include "store/store-private.h"

#define BUSY_MS 5000
/* Bulk work goes through the log some megabytes at a time, and the log does not stay larger than the second. */
#define LOG_BYTES 33554432
#define LOG_KEPT "67108864"
#define SCHEMA_FOLDER ROUNDS_RESOURCE_BASE "/schema/"

struct _RoundsDatabase {
  sqlite3 *handle;
  GHashTable *statements;   /* literal SQL (by address) → sqlite3_stmt */
};

/* In order; the place in the list is the schema's version. */
static const char *const record_steps[] = {
  "001-records.sql", "002-sync.sql", "003-search.sql", "004-people.sql",
};
static const char *const pixel_steps[] = { "101-pixels.sql" };

/* Large pages: what SQLCipher spends on a page beside its bytes is as much as it spends on 16,384 of them, and rows
 * of a kilobyte leave less of a page empty. An edit writes more bytes for it, which the sync after it outweighs. */
static const struct {
  const char *const *steps;
  int n_steps;
  int page_bytes;
  int old_page_bytes;        /* of files that older versions made, 0 = the same */
  int application_id;
} kinds[] = {
  [ROUNDS_DATABASE_RECORDS] = { record_steps, G_N_ELEMENTS (record_steps), 16384, 4096, 0x526e6452 },
  [ROUNDS_DATABASE_PIXELS] = { pixel_steps, G_N_ELEMENTS (pixel_steps), 65536, 0, 0x526e6450 },
};

G_DEFINE_QUARK (rounds-store-error-quark, rounds_store_error)

sqlite3 *
rounds_database_get_handle (RoundsDatabase *self)
{
  return self->handle;
}

void
rounds_database_free (RoundsDatabase *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->statements, g_hash_table_unref);
  sqlite3_close_v2 (self->handle);
  g_free (self);
}

void
rounds_database_set_error (RoundsDatabase *self, int code, GError **error)
{
  int store_code = ROUNDS_STORE_ERROR_FAILED;
  const char *text;

  switch (code & 0xff)
    {
    case SQLITE_FULL:
      store_code = ROUNDS_STORE_ERROR_FULL;
      text = _("The disk is full; nothing was changed");
      break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      store_code = ROUNDS_STORE_ERROR_BUSY;
      text = _("Another program is using this profile");
      break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      store_code = ROUNDS_STORE_ERROR_DAMAGED;
      text = _("The cache is damaged; it was left as it is");
      break;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      text = _("The cache cannot be written or opened: check the folder's permissions");
      break;
    case SQLITE_IOERR:
      /* A full quota or disk can also show as a failed write, sync or truncate. */
      if (self != NULL && (sqlite3_system_errno (self->handle) == ENOSPC ||
                           sqlite3_system_errno (self->handle) == EDQUOT))
        {
          store_code = ROUNDS_STORE_ERROR_FULL;
          text = _("The disk is full; nothing was changed");
        }
      else
        text = _("The disk reported an error while the cache was read or written; nothing was changed");
      break;
    case SQLITE_NOMEM:
      text = _("Not enough memory");
      break;
    case SQLITE_ERROR:
      /* SQLCipher stays in this after a page whose seal is wrong; an error in a statement has words of its own. */
      if (self != NULL && g_strcmp0 (sqlite3_errmsg (self->handle), sqlite3_errstr (SQLITE_ERROR)) == 0)
        {
          store_code = ROUNDS_STORE_ERROR_DAMAGED;
          text = _("The cache is damaged; it was left as it is");
        }
      else
        text = NULL;
      break;
    case SQLITE_TOOBIG:
      store_code = ROUNDS_STORE_ERROR_INVALID;
      text = _("Too large to be stored");
      break;
    default:
      text = NULL;
      break;
    }
  /* SQLite's own words hold table and column names, never values. */
  if (text != NULL)
    g_set_error_literal (error, ROUNDS_STORE_ERROR, store_code, text);
  else
    g_set_error (error, ROUNDS_STORE_ERROR, store_code, _("The cache refused: %s"),
                 self != NULL ? sqlite3_errmsg (self->handle) : sqlite3_errstr (code));
}

static RoundsRows *
bind_all (RoundsDatabase *self, GError **error, const char *sql, const char *format, va_list arguments)
{
  sqlite3_stmt *statement = g_hash_table_lookup (self->statements, sql);
  int code = SQLITE_OK;

  if (statement == NULL)
    {
      code = sqlite3_prepare_v3 (self->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
      if (code != SQLITE_OK)
        {
          rounds_database_set_error (self, code, error);
          return NULL;
        }
      g_hash_table_insert (self->statements, (gpointer) sql, statement);
    }
  else if (sqlite3_stmt_busy (statement))
    sqlite3_reset (statement);
  g_assert (sqlite3_bind_parameter_count (statement) == (int) strlen (format));
  for (int i = 1; *format != '\0' && code == SQLITE_OK; format++, i++)
    switch (*format)
      {
      case 's':
        code = sqlite3_bind_text (statement, i, va_arg (arguments, const char *), -1, SQLITE_STATIC);
        break;
      case 'i':
        code = sqlite3_bind_int64 (statement, i, va_arg (arguments, gint64));
        break;
      case 'd':
        code = sqlite3_bind_double (statement, i, va_arg (arguments, double));
        break;
      case 'b':
        {
          const void *bytes = va_arg (arguments, const void *);
          gsize size = va_arg (arguments, gsize);

          code = sqlite3_bind_blob64 (statement, i, bytes, size, SQLITE_STATIC);
        }
        break;
      default:
        g_assert_not_reached ();
      }
  if (code != SQLITE_OK)
    {
      rounds_database_set_error (self, code, error);
      return NULL;
    }
  return statement;
}

RoundsRows *
rounds_database_query (RoundsDatabase *self, GError **error, const char *sql, const char *format, ...)
{
  RoundsRows *rows;
  va_list arguments;

  va_start (arguments, format);
  rows = bind_all (self, error, sql, format, arguments);
  va_end (arguments);
  return rows;
}

gboolean
rounds_database_next (RoundsDatabase *self, RoundsRows *rows, gboolean *row, GError **error)
{
  int code = sqlite3_step (rows);

  if (code != SQLITE_ROW && code != SQLITE_DONE)
    {
      rounds_database_set_error (self, code, error);
      return FALSE;
    }
  *row = code == SQLITE_ROW;
  return TRUE;
}

gboolean
rounds_database_run (RoundsDatabase *self, GError **error, const char *sql, const char *format, ...)
{
  RoundsRows *rows;
  va_list arguments;
  int code;

  va_start (arguments, format);
  rows = bind_all (self, error, sql, format, arguments);
  va_end (arguments);
  if (rows == NULL)
    return FALSE;
  while ((code = sqlite3_step (rows)) == SQLITE_ROW)
    ;
  if (code != SQLITE_DONE)
    rounds_database_set_error (self, code, error);
  sqlite3_reset (rows);
  return code == SQLITE_DONE;
}

gboolean
rounds_database_int (RoundsDatabase *self, gint64 none, gint64 *out, GError **error, const char *sql,
                     const char *format, ...)
{
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row;
  va_list arguments;

  va_start (arguments, format);
  rows = bind_all (self, error, sql, format, arguments);
  va_end (arguments);
  if (rows == NULL || !rounds_database_next (self, rows, &row, error))
    return FALSE;
  *out = row && sqlite3_column_type (rows, 0) != SQLITE_NULL ? sqlite3_column_int64 (rows, 0) : none;
  return TRUE;
}

GArray *
rounds_database_ints (RoundsDatabase *self, GError **error, const char *sql, const char *format, ...)
{
  g_autoptr (GArray) list = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row = TRUE;
  va_list arguments;

  va_start (arguments, format);
  rows = bind_all (self, error, sql, format, arguments);
  va_end (arguments);
  while (row)
    {
      gint64 value;

      if (rows == NULL || !rounds_database_next (self, rows, &row, error))
        return NULL;
      if (!row)
        break;
      value = rounds_rows_int (rows, 0);
      g_array_append_val (list, value);
    }
  return g_steal_pointer (&list);
}

gboolean
rounds_database_exec (RoundsDatabase *self, const char *sql, GError **error)
{
  int code = sqlite3_exec (self->handle, sql, NULL, NULL, NULL);

  if (code != SQLITE_OK)
    rounds_database_set_error (self, code, error);
  return code == SQLITE_OK;
}

/* --- opening ---------------------------------------------------------------------------------------- */

static gboolean
damaged (const char *path, const char *what, GError **error)
{
  g_autofree char *base = g_path_get_basename (path);

  g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DAMAGED,
               _("The cache file “%s” %s; it was left as it is"), base, what);
  return FALSE;
}

/* SQLite follows a link in the place of a log, and would write over whatever it leads to. */
static gboolean
check_logs (const char *path, GError **error)
{
  static const char *const tails[] = { "-wal", "-shm", "-journal" };

  for (guint i = 0; i < G_N_ELEMENTS (tails); i++)
    {
      g_autofree char *log = g_strconcat (path, tails[i], NULL);
      struct stat st;

      if (lstat (log, &st) == 0 && !S_ISREG (st.st_mode))
        return damaged (log, _("is not a file"), error);
    }
  return TRUE;
}

static gboolean
check_file (const char *path, int page_bytes, RoundsDatabaseMode mode, GError **error)
{
  g_autofree char *log_path = g_strconcat (path, "-wal", NULL);
  struct stat st, log_st;
  gboolean there = lstat (path, &st) == 0;

  if (!check_logs (path, error))
    return FALSE;
  if (mode == ROUNDS_DATABASE_CREATE)
    {
      if (there)
        return damaged (path, _("is there already"), error);
      return TRUE;
    }
  if (!there)
    return damaged (path, _("is missing beside its key"), error);
  if (!S_ISREG (st.st_mode))
    return damaged (path, _("is not a file"), error);
  if (st.st_size == 0)
    return damaged (path, _("is empty"), error);
  /* SQLite takes a part of a page at the end for a whole one and misses it only when it reads that page. Where
   * a log is still there, a copy into the file may have been cut off: the log mends that. */
  if (mode != ROUNDS_DATABASE_RESCUE && st.st_size % page_bytes != 0 &&
      (lstat (log_path, &log_st) != 0 || log_st.st_size == 0))
    return damaged (path, _("is cut short"), error);
  return TRUE;
}

/* The key goes in as bytes, not as SQL text, so that no statement ever holds it. */
static int
give_key (sqlite3 *handle, RoundsSecret *key)
{
  static const char hex[] = "0123456789abcdef";
  g_autoptr (RoundsSecret) text = NULL;
  gsize size;
  const guint8 *bytes = rounds_secret_get (key, &size);
  char *at;

  text = rounds_secret_new (2 * size + 3);
  at = (char *) rounds_secret_get (text, NULL);
  *at++ = 'x';
  *at++ = '\'';
  for (gsize i = 0; i < size; i++)
    {
      *at++ = hex[bytes[i] >> 4];
      *at++ = hex[bytes[i] & 15];
    }
  *at++ = '\'';
  return sqlite3_key_v2 (handle, "main", rounds_secret_get (text, NULL), 2 * size + 3);
}

static char *
one_text (RoundsDatabase *self, const char *sql)
{
  sqlite3_stmt *statement;
  char *text = NULL;

  if (sqlite3_prepare_v2 (self->handle, sql, -1, &statement, NULL) != SQLITE_OK)
    return NULL;
  if (sqlite3_step (statement) == SQLITE_ROW)
    text = g_strdup ((const char *) sqlite3_column_text (statement, 0));
  sqlite3_finalize (statement);
  return text;
}

static gboolean
check_cipher (RoundsDatabase *self, GError **error)
{
  g_autofree char *version = one_text (self, "PRAGMA cipher_version");
  g_autofree char *temp = one_text (self, "PRAGMA temp_store");
  int major = 0, minor = 0;

  if (version != NULL)
    (void) sscanf (version, "%d.%d", &major, &minor);
  if (major < 4 || (major == 4 && minor < 6))
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_FAILED,
                   _("This program needs SQLCipher 4.6 or newer; there is %s"),
                   version != NULL ? version : _("none"));
      return FALSE;
    }
  if (g_strcmp0 (temp, "2") != 0)
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_FAILED,
                   _("Temporary tables would not stay in memory"));
      return FALSE;
    }
  return TRUE;
}

static gboolean
set_up (RoundsDatabase *self, int page_bytes, RoundsDatabaseMode mode, RoundsSecret *key, GError **error)
{
  g_autofree char *pages = g_strdup_printf ("PRAGMA cipher_page_size = %d", page_bytes);
  int code = give_key (self->handle, key);

  if (code != SQLITE_OK)
    {
      rounds_database_set_error (self, code, error);
      return FALSE;
    }
  /* Distributors build SQLCipher so that temporary tables spill in plain text: memory, before anything. */
  return rounds_database_exec (self, "PRAGMA temp_store = MEMORY", error) &&
         rounds_database_exec (self, "PRAGMA cipher_log_level = NONE", error) &&
         rounds_database_exec (self, pages, error) &&
         rounds_database_exec (self, "PRAGMA cipher_use_hmac = ON", error) &&
         rounds_database_exec (self, "PRAGMA cipher_hmac_algorithm = HMAC_SHA256", error) &&
         rounds_database_exec (self, "PRAGMA foreign_keys = ON", error) &&
         rounds_database_exec (self, "PRAGMA trusted_schema = OFF", error) &&
         rounds_database_exec (self, "PRAGMA secure_delete = OFF", error) &&
         rounds_database_exec (self, mode == ROUNDS_DATABASE_READER ? "PRAGMA cache_size = -16384"
                                                                    : "PRAGMA cache_size = -65536", error) &&
         check_cipher (self, error);
}

static gboolean
run_steps (RoundsDatabase *self, RoundsDatabaseKind kind, gint64 from, GError **error)
{
  g_autofree char *stamp = g_strdup_printf ("PRAGMA application_id = %d; PRAGMA user_version = %d",
                                            kinds[kind].application_id, kinds[kind].n_steps);

  for (int i = from; i < kinds[kind].n_steps; i++)
    {
      g_autofree char *path = g_strconcat (SCHEMA_FOLDER, kinds[kind].steps[i], NULL);
      g_autoptr (GBytes) text = g_resource_lookup_data (rounds_schema_get_resource (), path, 0, error);

      if (text == NULL || !rounds_database_exec (self, g_bytes_get_data (text, NULL), error))
        return FALSE;
    }
  return rounds_database_exec (self, stamp, error);
}

static gboolean
migrate (RoundsDatabase *self, RoundsDatabaseKind kind, GError **error)
{
  gint64 version = 0;

  /* Another process may have done it while this one waited for the lock. */
  if (!rounds_database_exec (self, "BEGIN EXCLUSIVE", error))
    return FALSE;
  if (rounds_database_int (self, 0, &version, error, "PRAGMA user_version", "") &&
      run_steps (self, kind, version, error) && rounds_database_exec (self, "COMMIT", error))
    return TRUE;
  sqlite3_exec (self->handle, "ROLLBACK", NULL, NULL, NULL);
  return FALSE;
}

static gboolean
check_schema (RoundsDatabase *self, RoundsDatabaseKind kind, int page_bytes, RoundsDatabaseMode mode,
              const char *path, GError **error)
{
  g_autofree char *log = g_strdup_printf ("PRAGMA wal_autocheckpoint = %d; PRAGMA journal_size_limit = " LOG_KEPT,
                                          LOG_BYTES / page_bytes);
  gint64 version, id;

  if (mode == ROUNDS_DATABASE_CREATE)
    return rounds_database_exec (self, "PRAGMA journal_mode = WAL", error) && migrate (self, kind, error) &&
           rounds_database_exec (self, "PRAGMA synchronous = FULL", error);
  /* First read: the wrong key, a changed byte or a cut file show here. */
  if (!rounds_database_int (self, 0, &version, error, "PRAGMA user_version", "") ||
      !rounds_database_int (self, 0, &id, error, "PRAGMA application_id", ""))
    return FALSE;
  if (id != kinds[kind].application_id || version < 1)
    return damaged (path, _("is not a cache of Rounds"), error);
  if (version > kinds[kind].n_steps)
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NEWER,
                   _("This profile was used by a newer Rounds; it was left untouched"));
      return FALSE;
    }
  if (mode == ROUNDS_DATABASE_RESCUE)
    return rounds_database_exec (self, "PRAGMA query_only = ON", error);
  if (!rounds_database_exec (self, "PRAGMA journal_mode = WAL", error) ||
      !rounds_database_exec (self, "PRAGMA synchronous = FULL", error))
    return FALSE;
  if (mode == ROUNDS_DATABASE_READER)
    return rounds_database_exec (self, "PRAGMA query_only = ON", error);
  if (!rounds_database_exec (self, log, error))
    return FALSE;
  return version == kinds[kind].n_steps || migrate (self, kind, error);
}

static RoundsDatabase *
open_with (const char *path, RoundsDatabaseKind kind, int page_bytes, RoundsDatabaseMode mode, RoundsSecret *key,
           GError **error)
{
  g_autoptr (RoundsDatabase) self = NULL;
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
  int code;

  if (!check_file (path, page_bytes, mode, error))
    return NULL;
  if (mode == ROUNDS_DATABASE_CREATE)
    flags |= SQLITE_OPEN_CREATE;
  self = g_new0 (RoundsDatabase, 1);
  self->statements = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) sqlite3_finalize);
  code = sqlite3_open_v2 (path, &self->handle, flags, NULL);
  if (code != SQLITE_OK)
    {
      rounds_database_set_error (self->handle != NULL ? self : NULL, code, error);
      return NULL;
    }
  sqlite3_busy_timeout (self->handle, BUSY_MS);
  code = rounds_glass_register (self->handle);
  if (code != SQLITE_OK)
    {
      rounds_database_set_error (self, code, error);
      return NULL;
    }
  /* A file that turns out to be damaged, or of other pages, is evidence: not even its log is written back. */
  sqlite3_db_config (self->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  if (!set_up (self, page_bytes, mode, key, error) || !check_schema (self, kind, page_bytes, mode, path, error))
    return NULL;
  if (mode != ROUNDS_DATABASE_RESCUE)
    sqlite3_db_config (self->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
  return g_steal_pointer (&self);
}

RoundsDatabase *
rounds_database_open (const char *path, RoundsDatabaseKind kind, RoundsDatabaseMode mode, RoundsSecret *key,
                      GError **error)
{
  g_autoptr (GError) first = NULL, second = NULL;
  RoundsDatabase *self = open_with (path, kind, kinds[kind].page_bytes, mode, key, &first);

  if (self == NULL && mode != ROUNDS_DATABASE_CREATE && kinds[kind].old_page_bytes != 0 &&
      g_error_matches (first, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DAMAGED))
    self = open_with (path, kind, kinds[kind].old_page_bytes, mode, key, &second);
  if (self != NULL)
    return self;
  /* Of a damaged file the size of its pages is not known; it is cut short only if it is by both sizes. */
  if (second != NULL)
    g_propagate_error (error, g_steal_pointer (&second));
  else
    g_propagate_error (error, g_steal_pointer (&first));
  return NULL;
}
