/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening a cache, and making one where none ever was. What was made once is never made again: a file that is
 * missing or cannot be read is damage, and is left as it is. Files are made beside and renamed, so that a
 * creation that is cut off can be begun anew. */
#include "store/store-object.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/instant.h"

static gboolean
make_file (RoundsStore *self, RoundsDatabaseKind kind, GError **error)
{
  static const char *const tails[] = { "", "-wal", "-shm", "-journal" };
  g_autofree char *beside = g_strconcat (self->paths[kind], ".new", NULL);
  RoundsDatabase *db;

  /* What is left of a creation that was cut off holds nothing. */
  for (guint i = 0; i < G_N_ELEMENTS (tails); i++)
    {
      g_autofree char *path = g_strconcat (beside, tails[i], NULL);
      g_unlink (path);
    }
  db = rounds_database_open (beside, kind, ROUNDS_DATABASE_CREATE, self->key, error);
  if (db == NULL)
    {
      g_unlink (beside);
      return FALSE;
    }
  /* Closing writes the log back and removes it, so that the one file is whole. */
  rounds_database_free (db);
  (void) g_chmod (beside, 0600);
  if (g_rename (beside, self->paths[kind]) != 0)
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_FAILED, _("Cannot make the cache: %s"),
                   g_strerror (errno));
      return FALSE;
    }
  return TRUE;
}

static gboolean
make_files (RoundsStore *self, GError **error)
{
  if (!self->fresh && rounds_vault_get_made (self->vault))
    return TRUE;   /* made once: whatever is missing now is damage */
  for (int kind = 0; kind < 2; kind++)
    if (!g_file_test (self->paths[kind], G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK) &&
        !make_file (self, kind, error))
      return FALSE;
  return TRUE;
}

static gboolean
write_first (RoundsWriter *writer, gpointer data, GError **error)
{
  gint64 rows;

  if (!rounds_database_int (writer->db, 0, &rows, error, "SELECT count(*) FROM audit", ""))
    return FALSE;
  return rows > 0 || rounds_audit_append (writer, "create", NULL, NULL, "cache", error);
}

static gboolean
write_failed_unlocks (RoundsWriter *writer, gpointer data, GError **error)
{
  GArray *times = data;

  for (guint i = 0; i < times->len; i++)
    {
      g_autofree char *when = rounds_instant_format_utc (g_array_index (times, gint64, i));

      if (!rounds_audit_append (writer, "unlock-failed", NULL, NULL, when, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
write_unknown (RoundsWriter *writer, gpointer data, GError **error)
{
  gint64 n;

  if (!rounds_database_int (writer->db, 0, &n, error, "SELECT count(*) FROM outbox WHERE state = 2", ""))
    return FALSE;
  if (n == 0)
    return TRUE;
  return rounds_database_run (writer->db, error,
                              "UPDATE resource SET sync_state = 3 WHERE rid IN "
                              "(SELECT rid FROM outbox WHERE state = 2)", "") &&
         rounds_database_run (writer->db, error, "UPDATE outbox SET state = 3 WHERE state = 2", "");
}

/* The trail as it is now against what was sealed when it was last written. */
static gboolean
check_head (RoundsStore *self, GError **error)
{
  g_autoptr (RoundsRows) rows = NULL;
  guint8 hash[ROUNDS_AUDIT_HASH_BYTES];
  gint64 seq;
  gboolean row = FALSE, same = FALSE;

  if (rounds_audit_head_get (self->head, &seq, hash))
    {
      rows = rounds_database_query (self->writer.db, error, "SELECT hash FROM audit WHERE seq = ?", "i", seq);
      if (rows == NULL || !rounds_database_next (self->writer.db, rows, &row, error))
        return FALSE;
      same = row && sqlite3_column_bytes (rows, 0) == sizeof hash &&
             memcmp (sqlite3_column_blob (rows, 0), hash, sizeof hash) == 0;
    }
  if (!same)
    {
      g_warning ("the audit trail is not the one that was sealed: the cache was changed or put back from "
                 "outside");
      g_set_str (&self->trouble, _("This cache is not the one that was last used here: it was changed, cut short or put "
                                   "back from outside. Changes made since may be missing; the audit trail says so too."));
      rounds_audit_head_freeze (self->head);
    }
  return TRUE;
}

static gboolean
take_in_unlocks (RoundsStore *self, GError **error)
{
  g_autoptr (GArray) times = rounds_vault_take_failed_unlocks (self->vault);

  if (times->len == 0)
    return TRUE;
  if (!rounds_writer_run (&self->writer, write_failed_unlocks, times, error))
    return FALSE;
  rounds_vault_forget_failed_unlocks (self->vault);
  return TRUE;
}

static gboolean
open_files (RoundsStore *self, gboolean create, GError **error)
{
  RoundsWriter *writer = &self->writer;
  gboolean made = rounds_vault_get_made (self->vault) && !self->fresh;
  gint64 waiting;

  if (create && !make_files (self, error))
    return FALSE;
  writer->db = rounds_database_open (self->paths[0], ROUNDS_DATABASE_RECORDS, ROUNDS_DATABASE_WRITER,
                                     self->key, error);
  if (writer->db == NULL)
    return FALSE;
  writer->pixels = rounds_database_open (self->paths[1], ROUNDS_DATABASE_PIXELS, ROUNDS_DATABASE_WRITER,
                                         self->key, error);
  if (writer->pixels == NULL)
    return FALSE;
  self->head = rounds_audit_head_open (self->folder, self->key, !made, error);
  if (self->head == NULL)
    return FALSE;
  if (!made)
    {
      if (!rounds_writer_run (writer, write_first, NULL, error))
        return FALSE;
      if (!self->fresh && !rounds_vault_set_made (self->vault, error))
        return FALSE;
    }
  if (self->fresh)
    return TRUE;
  if (!check_head (self, error) || !take_in_unlocks (self, error))
    return FALSE;
  /* Only when nobody is sending right now does "inflight" mean that somebody died while sending. */
  if (!rounds_database_int (writer->db, 0, &waiting, error, "SELECT count(*) FROM outbox WHERE state = 2",
                            ""))
    return FALSE;
  if (waiting > 0 && rounds_store_sync_lock (self, NULL))
    {
      gboolean ok = rounds_writer_run (writer, write_unknown, NULL, error);

      rounds_store_sync_unlock (self);
      if (!ok)
        return FALSE;
    }
  return rounds_database_int (writer->db, 0, &self->data_version, error, "PRAGMA data_version", "");
}

int
rounds_store_lock_use (const char *folder, gboolean alone, GError **error)
{
  g_autofree char *path = g_build_filename (folder, "use.lock", NULL);
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

  /* A disk without such locks, or one that is full: only setting aside insists. */
  if (fd >= 0 && flock (fd, (alone ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0)
    return fd;
  if (fd >= 0 && errno == EWOULDBLOCK)
    g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_BUSY, _("Another program is using this profile"));
  else if (alone && (errno == ENOSPC || errno == EDQUOT))
    g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_FULL, _("The disk is full; nothing was changed"));
  else if (alone)
    g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_FAILED,
                 _("The cache cannot be written or opened: check the folder's permissions"));
  if (fd >= 0)
    close (fd);
  return -1;
}

static RoundsStore *
open_in (RoundsVault *vault, RoundsSecret *key, const char *folder, gboolean create, gboolean fresh, GError **error)
{
  g_autoptr (RoundsStore) self = g_object_new (ROUNDS_TYPE_STORE, NULL);
  g_autoptr (GError) busy = NULL;

  self->vault = g_object_ref (vault);
  self->key = rounds_secret_ref (key);
  self->context = g_main_context_ref_thread_default ();
  self->folder = g_strdup (folder);
  self->fresh = fresh;
  self->paths[ROUNDS_DATABASE_RECORDS] = g_build_filename (folder, "records.db", NULL);
  self->paths[ROUNDS_DATABASE_PIXELS] = g_build_filename (folder, "pixels.db", NULL);
  self->writer.store = self;
  /* What is moved into a new cache was allowed when it came into the old one. */
  self->writer.role = fresh ? ROUNDS_ROLE_PHYSICIAN : rounds_vault_get_role (vault);
  self->writer.who = rounds_vault_get_name (vault);
  if (!fresh)
    {
      self->use_fd = rounds_store_lock_use (folder, FALSE, &busy);
      if (busy != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&busy));
          return NULL;
        }
    }
  if (!open_files (self, create, error))
    return NULL;
  self->thread = g_thread_new ("rounds-writer", rounds_writer_thread, self);
  return g_steal_pointer (&self);
}

RoundsStore *
rounds_store_open_fresh (RoundsVault *vault, RoundsSecret *key, const char *folder, GError **error)
{
  return open_in (vault, key, folder, TRUE, TRUE, error);
}

RoundsStore *
rounds_store_open (RoundsVault *vault, RoundsSecret *key, gboolean create, GError **error)
{
  g_return_val_if_fail (ROUNDS_IS_VAULT (vault) && key != NULL, NULL);

  return open_in (vault, key, rounds_vault_get_folder (vault), create, FALSE, error);
}
