/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A damaged cache is moved aside, never deleted, and a new one takes its place. The new one is made whole in a folder
 * of its own first; a small file there then says that it is ready and where the old files go, and only after that is
 * anything moved. Killed before, the old cache is untouched; killed after, doing it again ends the moving. */
#include "store/damage.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/rescue.h"
#include "store/store-object.h"

#define FRESH "fresh"
#define READY "ready"
#define MAX_READY 100

/* Logs first: none of them may meet a new file. records.db last: without it nothing opens. */
static const char *const old_files[] = {
  "records.db-wal", "records.db-shm", "records.db-journal", "pixels.db-wal", "pixels.db-shm", "pixels.db-journal",
};
static const char *const base_files[] = { "audit.head", "pixels.db", "records.db" };

void
rounds_set_aside_clear (RoundsSetAside *self)
{
  g_free (self->folder);
  memset (self, 0, sizeof *self);
}

char *
rounds_set_aside_describe (const RoundsSetAside *self)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, ngettext ("%u change that was not sent yet was saved and waits to be sent.",
                                          "%u changes that were not sent yet were saved and wait to be sent.",
                                          self->n_changes), self->n_changes);
  g_string_append_c (text, ' ');
  g_string_append_printf (text, _("Also saved: %u other records, %u drafts, %u pieces of vitals, %u images not sent yet."),
                          self->n_records, self->n_drafts, self->n_series, self->n_images);
  g_string_append_c (text, ' ');
  g_string_append (text, self->complete
                           ? _("Everything in the old files could be read.")
                           : _("Not everything in the old files could be read: changes that were not sent may still be "
                               "in them."));
  g_string_append_c (text, ' ');
  g_string_append (text, _("Sync now to fetch the rest from the cloud."));
  g_string_append_c (text, ' ');
  g_string_append_printf (text, _("The old files were kept in %s."), self->folder);
  return g_string_free (text, FALSE);
}

static gboolean
set_errno (GError **error, const char *what)
{
  int code = errno;

  g_set_error (error, ROUNDS_STORE_ERROR, code == ENOSPC || code == EDQUOT ? ROUNDS_STORE_ERROR_FULL
                                                                          : ROUNDS_STORE_ERROR_FAILED,
               _("The damaged cache cannot be set aside: %s: %s"), what, g_strerror (code));
  return FALSE;
}

static void
sync_folder (const char *path)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd >= 0)
    {
      (void) fsync (fd);
      close (fd);
    }
}

static gboolean
is_there (const char *path)
{
  struct stat st;

  return lstat (path, &st) == 0;
}

static gboolean
move (const char *from_folder, const char *to_folder, const char *name, GError **error)
{
  g_autofree char *from = g_build_filename (from_folder, name, NULL), *to = g_build_filename (to_folder, name, NULL);

  if (!is_there (from) || (!is_there (to) && g_rename (from, to) == 0))
    return TRUE;
  if (is_there (to))
    errno = EEXIST;
  return set_errno (error, name);
}

static gboolean
is_folder (const char *path)
{
  struct stat st;

  return lstat (path, &st) == 0 && S_ISDIR (st.st_mode);
}

/* A link in its place leads to files that are none of this: only the link goes. */
static void
remove_fresh (const char *fresh)
{
  g_autoptr (GDir) dir = is_folder (fresh) ? g_dir_open (fresh, 0, NULL) : NULL;
  const char *name;

  if (dir == NULL)
    (void) g_unlink (fresh);

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (fresh, name, NULL);
      (void) g_unlink (path);
    }
  (void) g_rmdir (fresh);
}

/* Everything old away, everything new in its place; may be begun anew at any point. */
static gboolean
swap (const char *folder, const char *fresh, const char *name, GError **error)
{
  g_autofree char *aside = g_build_filename (folder, name, NULL);
  g_autofree char *ready = g_build_filename (fresh, READY, NULL);
  g_autofree char *last = g_build_filename (fresh, "records.db", NULL);

  if (g_mkdir (aside, 0700) != 0 && errno != EEXIST)
    return set_errno (error, name);
  if (!is_folder (aside))
    {
      errno = ENOTDIR;
      return set_errno (error, name);
    }
  /* Once records.db is the new one, a log beside it is its own. */
  for (guint i = 0; i < G_N_ELEMENTS (old_files) && is_there (last); i++)
    if (!move (folder, aside, old_files[i], error))
      return FALSE;
  sync_folder (aside);
  sync_folder (folder);
  for (guint i = 0; i < G_N_ELEMENTS (base_files); i++)
    {
      g_autofree char *new_path = g_build_filename (fresh, base_files[i], NULL);

      if (is_there (new_path) &&
          (!move (folder, aside, base_files[i], error) || !move (fresh, folder, base_files[i], error)))
        return FALSE;
      sync_folder (aside);
      sync_folder (folder);
    }
  (void) g_unlink (ready);
  remove_fresh (fresh);
  sync_folder (folder);
  return TRUE;
}

/* --- making the new one ----------------------------------------------------------------------------------- */

typedef struct {
  const char *name;
  gint64 seq;
  char hash[2 * ROUNDS_AUDIT_HASH_BYTES + 1];
  const RoundsSetAside *out;
} FirstRow;

/* The new trail says which one it follows, as far as that was sealed. */
static gboolean
write_set_aside (RoundsWriter *writer, gpointer data, GError **error)
{
  FirstRow *self = data;
  g_autofree char *detail = g_strdup_printf ("old files in %s, trail of %" G_GINT64_FORMAT " rows ending %s; saved %u "
                                             "changes, %u records, %u images; unreadable %u", self->name, self->seq,
                                             self->hash, self->out->n_changes, self->out->n_records,
                                             self->out->n_images, self->out->n_unreadable);

  return rounds_audit_append (writer, "set-aside", NULL, NULL, detail, error);
}

static void
read_old_head (const char *folder, RoundsSecret *key, FirstRow *out)
{
  RoundsAuditHead *head = rounds_audit_head_open (folder, key, FALSE, NULL);
  guint8 hash[ROUNDS_AUDIT_HASH_BYTES];

  if (head == NULL)
    return;
  if (rounds_audit_head_get (head, &out->seq, hash))
    sodium_bin2hex (out->hash, sizeof out->hash, hash, sizeof hash);
  rounds_audit_head_free (head);
}

static gboolean
make_fresh (RoundsVault *vault, RoundsSecret *key, const char *fresh, const char *name, RoundsSetAside *out,
            GError **error)
{
  const char *folder = rounds_vault_get_folder (vault);
  g_autofree char *ready = g_build_filename (fresh, READY, NULL);
  g_autoptr (RoundsStore) store = NULL;
  FirstRow first = { .name = name, .out = out, .hash = "unknown" };
  g_autoptr (GError) local = NULL;
  gboolean ok;

  if (g_mkdir (fresh, 0700) != 0)
    return set_errno (error, FRESH);
  store = rounds_store_open_fresh (vault, key, fresh, error);
  if (store == NULL)
    return FALSE;
  read_old_head (folder, key, &first);
  ok = rounds_rescue (folder, key, store, out, error) && rounds_store_write (store, write_set_aside, &first, error);
  rounds_store_close (store);
  if (!ok)
    return FALSE;
  sync_folder (fresh);
  if (!g_file_set_contents_full (ready, name, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                 &local))
    {
      errno = g_error_matches (local, G_FILE_ERROR, G_FILE_ERROR_NOSPC) ? ENOSPC : EIO;
      return set_errno (error, READY);
    }
  sync_folder (fresh);
  return TRUE;
}

static char *
dated_name (const char *folder)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *base = g_date_time_format (now, "set-aside-%Y-%m-%d-%H%M%S");

  for (guint i = 2;; i++)
    {
      g_autofree char *name = i == 2 ? g_strdup (base) : g_strdup_printf ("%s-%u", base, i);
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (!is_there (path))
        return g_steal_pointer (&name);
    }
}

/* Where the old files of a swap that was cut off go, or NULL: there is none. */
static char *
read_ready (const char *fresh)
{
  g_autofree char *path = g_build_filename (fresh, READY, NULL), *name = NULL;
  struct stat st;

  if (!is_folder (fresh) || lstat (path, &st) != 0 || !S_ISREG (st.st_mode) || st.st_size > MAX_READY ||
      !g_file_get_contents (path, &name, NULL, NULL) || !g_str_has_prefix (name, "set-aside-") ||
      strchr (name, '/') != NULL)
    return NULL;
  return g_steal_pointer (&name);
}

gboolean
rounds_store_set_aside (RoundsVault *vault, RoundsSecret *key, RoundsSetAside *out, GError **error)
{
  const char *folder;
  g_autofree char *fresh = NULL, *name = NULL;
  RoundsSetAside result = { 0 };
  gboolean ok;
  int lock;

  g_return_val_if_fail (ROUNDS_IS_VAULT (vault) && key != NULL && out != NULL, FALSE);

  folder = rounds_vault_get_folder (vault);
  lock = rounds_store_lock_use (folder, TRUE, error);
  if (lock < 0)
    return FALSE;
  fresh = g_build_filename (folder, FRESH, NULL);
  name = read_ready (fresh);
  ok = name != NULL;
  if (!ok)
    {
      /* Nothing of a beginning that was cut off was ever in use. */
      remove_fresh (fresh);
      name = dated_name (folder);
      ok = make_fresh (vault, key, fresh, name, &result, error);
      if (!ok)
        remove_fresh (fresh);
    }
  ok = ok && swap (folder, fresh, name, error);
  close (lock);
  if (!ok)
    return FALSE;
  result.folder = g_build_filename (folder, name, NULL);
  *out = result;
  return TRUE;
}
