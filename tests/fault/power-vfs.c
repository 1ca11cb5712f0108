/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every write goes to the real file at once, so that all connections see it, and is kept in a list until the next
 * sync of that file; what a power cut leaves is the content at the last sync and a choice of that list. The shared
 * memory of the log's index does not outlive a cut. */
#include "power-vfs.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>

#define SECTOR 512

typedef enum { CHANGE_WRITE, CHANGE_TRUNCATE, CHANGE_DELETE } ChangeKind;

typedef struct {
  ChangeKind kind;
  gint64 at;
  GBytes *bytes;
} Change;

typedef struct {
  GByteArray *durable;
  gboolean durable_exists;
  GPtrArray *changes;
} Node;

typedef struct {
  sqlite3_file base;
  Node *node;            /* NULL = a file without a name */
  sqlite3_file *real;    /* behind this struct */
} PowerFile;

static struct {
  sqlite3_vfs vfs;
  sqlite3_vfs *real;
  GMutex lock;
  GHashTable *nodes;     /* path → Node */
  guint counts[POWER_N_OPS];
  guint fail_at[POWER_N_OPS];
  int fail_errno;
  int last_errno;
  gboolean failed;
  guint cut_at;
  gboolean cut;
  gboolean lying;
  guint n_temporary;
} power;

static void
change_free (gpointer data)
{
  Change *self = data;

  if (self->bytes != NULL)
    g_bytes_unref (self->bytes);
  g_free (self);
}

static void
node_free (gpointer data)
{
  Node *self = data;

  g_byte_array_unref (self->durable);
  g_ptr_array_unref (self->changes);
  g_free (self);
}

static void
change_add (Node *node, ChangeKind kind, gint64 at, const void *bytes, gsize size)
{
  Change *change = g_new0 (Change, 1);

  change->kind = kind;
  change->at = at;
  change->bytes = bytes != NULL ? g_bytes_new (bytes, size) : NULL;
  g_ptr_array_add (node->changes, change);
}

static void
put_bytes (GByteArray *into, gint64 at, const guint8 *bytes, gsize size)
{
  if (into->len < at + size)
    {
      guint before = into->len;

      g_byte_array_set_size (into, at + size);
      if (at > before)
        memset (into->data + before, 0, at - before);
    }
  memcpy (into->data + at, bytes, size);
}

static void
apply (GByteArray *into, const Change *change, GRand *torn)
{
  gsize size;
  const guint8 *bytes;

  if (change->kind == CHANGE_TRUNCATE)
    {
      if (into->len > change->at)
        g_byte_array_set_size (into, change->at);
      return;
    }
  if (change->kind != CHANGE_WRITE)
    return;
  bytes = g_bytes_get_data (change->bytes, &size);
  for (gsize done = 0; done < size;)
    {
      gsize piece = torn != NULL ? MIN (size - done, SECTOR - (gsize) (change->at + done) % SECTOR) : size;

      if (torn == NULL || g_rand_boolean (torn))
        put_bytes (into, change->at + done, bytes + done, piece);
      done += piece;
    }
}

/* 0 = go on. With the lock held. */
static int
gate (PowerOp op, int code)
{
  if (power.cut)
    {
      power.last_errno = EIO;
      return code;
    }
  power.counts[op]++;
  if (op != POWER_READ)
    {
      power.counts[POWER_ANY]++;
      if (power.cut_at > 0 && --power.cut_at == 0)
        {
          power.cut = TRUE;
          power.last_errno = EIO;
          return code;
        }
    }
  if (power.fail_at[op] > 0 && --power.fail_at[op] == 0)
    {
      power.failed = TRUE;
      power.last_errno = power.fail_errno;
      return power.fail_errno == ENOSPC && op != POWER_SYNC && op != POWER_READ ? SQLITE_FULL : code;
    }
  return 0;
}

/* --- a file ------------------------------------------------------------------------------------------ */

#define REAL(file) (((PowerFile *) (file))->real)

static int
file_close (sqlite3_file *file)
{
  return REAL (file)->pMethods->xClose (REAL (file));
}

static int
file_read (sqlite3_file *file, void *into, int size, sqlite3_int64 at)
{
  int code;

  g_mutex_lock (&power.lock);
  code = gate (POWER_READ, SQLITE_IOERR_READ);
  g_mutex_unlock (&power.lock);
  return code != 0 ? code : REAL (file)->pMethods->xRead (REAL (file), into, size, at);
}

static int
file_write (sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at)
{
  PowerFile *self = (PowerFile *) file;
  int code;

  g_mutex_lock (&power.lock);
  code = gate (POWER_WRITE, SQLITE_IOERR_WRITE);
  /* The write that the power goes at, or that there is no room for, may have got on its way. */
  if (self->node != NULL && (code == 0 || power.cut_at == 0))
    change_add (self->node, CHANGE_WRITE, at, bytes, size);
  g_mutex_unlock (&power.lock);
  return code != 0 ? code : self->real->pMethods->xWrite (self->real, bytes, size, at);
}

static int
file_truncate (sqlite3_file *file, sqlite3_int64 size)
{
  PowerFile *self = (PowerFile *) file;
  int code;

  g_mutex_lock (&power.lock);
  code = gate (POWER_TRUNCATE, SQLITE_IOERR_TRUNCATE);
  if (self->node != NULL && code == 0)
    change_add (self->node, CHANGE_TRUNCATE, size, NULL, 0);
  g_mutex_unlock (&power.lock);
  return code != 0 ? code : self->real->pMethods->xTruncate (self->real, size);
}

static int
file_sync (sqlite3_file *file, int flags)
{
  PowerFile *self = (PowerFile *) file;
  int code;

  g_mutex_lock (&power.lock);
  code = gate (POWER_SYNC, SQLITE_IOERR_FSYNC);
  if (self->node != NULL && !power.cut && !power.lying)
    {
      for (guint i = 0; code == 0 && i < self->node->changes->len; i++)
        apply (self->node->durable, self->node->changes->pdata[i], NULL);
      if (code == 0)
        self->node->durable_exists = TRUE;
      g_ptr_array_set_size (self->node->changes, 0);
    }
  g_mutex_unlock (&power.lock);
  return code;
}

static int
file_size (sqlite3_file *file, sqlite3_int64 *size)
{
  return REAL (file)->pMethods->xFileSize (REAL (file), size);
}

static int
file_lock (sqlite3_file *file, int how)
{
  return REAL (file)->pMethods->xLock (REAL (file), how);
}

static int
file_unlock (sqlite3_file *file, int how)
{
  return REAL (file)->pMethods->xUnlock (REAL (file), how);
}

static int
file_check_lock (sqlite3_file *file, int *out)
{
  return REAL (file)->pMethods->xCheckReservedLock (REAL (file), out);
}

static int
file_control (sqlite3_file *file, int what, void *data)
{
  return REAL (file)->pMethods->xFileControl (REAL (file), what, data);
}

static int
file_sector (sqlite3_file *file)
{
  return REAL (file)->pMethods->xSectorSize (REAL (file));
}

static int
file_device (sqlite3_file *file)
{
  return REAL (file)->pMethods->xDeviceCharacteristics (REAL (file));
}

static int
file_shm_map (sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
  return REAL (file)->pMethods->xShmMap (REAL (file), page, size, extend, out);
}

static int
file_shm_lock (sqlite3_file *file, int offset, int n, int flags)
{
  return REAL (file)->pMethods->xShmLock (REAL (file), offset, n, flags);
}

static void
file_shm_barrier (sqlite3_file *file)
{
  REAL (file)->pMethods->xShmBarrier (REAL (file));
}

static int
file_shm_unmap (sqlite3_file *file, int remove)
{
  return REAL (file)->pMethods->xShmUnmap (REAL (file), remove);
}

/* --- the disk ---------------------------------------------------------------------------------------- */

static const sqlite3_io_methods methods = {
  .iVersion = 2,
  .xClose = file_close,
  .xRead = file_read,
  .xWrite = file_write,
  .xTruncate = file_truncate,
  .xSync = file_sync,
  .xFileSize = file_size,
  .xLock = file_lock,
  .xUnlock = file_unlock,
  .xCheckReservedLock = file_check_lock,
  .xFileControl = file_control,
  .xSectorSize = file_sector,
  .xDeviceCharacteristics = file_device,
  .xShmMap = file_shm_map,
  .xShmLock = file_shm_lock,
  .xShmBarrier = file_shm_barrier,
  .xShmUnmap = file_shm_unmap,
};

static Node *
node_of (const char *path)
{
  Node *node = g_hash_table_lookup (power.nodes, path);
  g_autofree char *bytes = NULL;
  gsize size = 0;

  if (node != NULL)
    {
      /* A new file in the place of one that is gone: nothing of the old one comes back. */
      if (!g_file_test (path, G_FILE_TEST_EXISTS))
        {
          g_byte_array_set_size (node->durable, 0);
          node->durable_exists = FALSE;
          g_ptr_array_set_size (node->changes, 0);
        }
      return node;
    }
  node = g_new0 (Node, 1);
  node->durable = g_byte_array_new ();
  node->changes = g_ptr_array_new_with_free_func (change_free);
  node->durable_exists = g_file_get_contents (path, &bytes, &size, NULL);
  if (node->durable_exists)
    g_byte_array_append (node->durable, (guint8 *) bytes, size);
  g_hash_table_insert (power.nodes, g_strdup (path), node);
  return node;
}

static int
disk_open (sqlite3_vfs *vfs, sqlite3_filename path, sqlite3_file *file, int flags, int *out_flags)
{
  PowerFile *self = (PowerFile *) file;
  int code;

  memset (self, 0, sizeof *self);
  self->real = (sqlite3_file *) (self + 1);
  g_mutex_lock (&power.lock);
  power.n_temporary += path == NULL || (flags & (SQLITE_OPEN_TEMP_DB | SQLITE_OPEN_TEMP_JOURNAL | SQLITE_OPEN_SUBJOURNAL |
                                                 SQLITE_OPEN_TRANSIENT_DB)) != 0;
  if (path != NULL)
    self->node = node_of (path);
  g_mutex_unlock (&power.lock);
  code = power.real->xOpen (power.real, path, self->real, flags, out_flags);
  if (code == SQLITE_OK)
    self->base.pMethods = &methods;
  return code;
}

static int
disk_delete (sqlite3_vfs *vfs, const char *path, int sync)
{
  Node *node;
  int code;

  g_mutex_lock (&power.lock);
  code = gate (POWER_ANY, SQLITE_IOERR_DELETE);
  node = g_hash_table_lookup (power.nodes, path);
  if (code == 0 && node != NULL)
    {
      change_add (node, CHANGE_DELETE, 0, NULL, 0);
      if (sync && !power.lying)
        {
          node->durable_exists = FALSE;
          g_byte_array_set_size (node->durable, 0);
          g_ptr_array_set_size (node->changes, 0);
        }
    }
  g_mutex_unlock (&power.lock);
  return code != 0 ? code : power.real->xDelete (power.real, path, sync);
}

static int
disk_access (sqlite3_vfs *vfs, const char *path, int flags, int *out)
{
  return power.real->xAccess (power.real, path, flags, out);
}

static int
disk_last_error (sqlite3_vfs *vfs, int size, char *text)
{
  return power.last_errno;
}

void
power_vfs_install (void)
{
  power.real = sqlite3_vfs_find (NULL);
  g_assert_nonnull (power.real);
  power.vfs = *power.real;
  power.vfs.zName = "power";
  power.vfs.szOsFile = sizeof (PowerFile) + power.real->szOsFile;
  power.vfs.xOpen = disk_open;
  power.vfs.xDelete = disk_delete;
  power.vfs.xAccess = disk_access;
  power.vfs.xGetLastError = disk_last_error;
  power.nodes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, node_free);
  g_assert_cmpint (sqlite3_vfs_register (&power.vfs, 1), ==, SQLITE_OK);
}

static void
forget_faults (void)
{
  memset (power.counts, 0, sizeof power.counts);
  memset (power.fail_at, 0, sizeof power.fail_at);
  power.cut_at = 0;
  power.cut = power.failed = power.lying = FALSE;
  power.last_errno = 0;
  power.n_temporary = 0;
}

void
power_vfs_reset (void)
{
  g_mutex_lock (&power.lock);
  g_hash_table_remove_all (power.nodes);
  forget_faults ();
  g_mutex_unlock (&power.lock);
}

guint
power_vfs_count (PowerOp op)
{
  return power.counts[op];
}

void
power_vfs_fail_at (PowerOp op, guint n, int code)
{
  g_mutex_lock (&power.lock);
  forget_faults ();
  power.fail_at[op] = n;
  power.fail_errno = code;
  g_mutex_unlock (&power.lock);
}

guint
power_vfs_count_temporary (void)
{
  return power.n_temporary;
}

gboolean
power_vfs_failed (void)
{
  return power.failed;
}

void
power_vfs_cut_at (guint n)
{
  g_mutex_lock (&power.lock);
  power.cut_at = n;
  g_mutex_unlock (&power.lock);
}

gboolean
power_vfs_is_cut (void)
{
  return power.cut;
}

void
power_vfs_set_lying (gboolean lying)
{
  g_mutex_lock (&power.lock);
  power.lying = lying;
  g_mutex_unlock (&power.lock);
}

static void
crash_one (const char *path, Node *node, GRand *rand, PowerMode mode)
{
  g_autoptr (GByteArray) left = g_byte_array_new ();
  g_autofree char *shm = g_strconcat (path, "-shm", NULL);
  gboolean exists = node->durable_exists || g_rand_boolean (rand);
  guint n = mode == POWER_PREFIX ? (guint) g_rand_int_range (rand, 0, node->changes->len + 1) : node->changes->len;

  g_byte_array_append (left, node->durable->data, node->durable->len);
  for (guint i = 0; mode != POWER_LOSE_ALL && i < n; i++)
    {
      Change *change = node->changes->pdata[i];

      if (mode != POWER_PREFIX && g_rand_boolean (rand))
        continue;
      exists = change->kind != CHANGE_DELETE;
      apply (left, change, mode == POWER_TEAR ? rand : NULL);
    }
  (void) g_unlink (shm);
  if (!exists)
    (void) g_unlink (path);
  else
    g_assert_true (g_file_set_contents (path, (char *) left->data, left->len, NULL));
}

void
power_vfs_crash (GRand *rand, PowerMode mode)
{
  GHashTableIter iter;
  gpointer path, node;

  g_mutex_lock (&power.lock);
  g_hash_table_iter_init (&iter, power.nodes);
  while (g_hash_table_iter_next (&iter, &path, &node))
    if (!g_str_has_suffix (path, ".new") && strstr (path, ".new-") == NULL)
      crash_one (path, node, rand, mode);
  g_hash_table_remove_all (power.nodes);
  forget_faults ();
  g_mutex_unlock (&power.lock);
}
