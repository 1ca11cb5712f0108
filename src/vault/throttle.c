/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Failed unlocks, kept in a small text file beside the key: one line an attempt, "w TIME" while it counts
 * (wrong, or killed before it ended) and "a TIME" once a good unlock came after it and it only waits to be
 * written into the audit trail. Five are free, then the wait doubles up to five minutes. A disk that is full
 * or read-only does not lock a clinician out: then the attempt is not counted.
 *
 * The wait is measured by the time since boot, which no setting of the clock moves: the newest attempt also says when
 * that was and in which boot ("w TIME BOOT-TIME BOOT-ID"). After a restart of the computer the wall clock counts, but
 * never more than the computer has been running: whoever sets it forward waits all the same. */
#include "vault/vault-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/instant.h"

#define FREE_TRIES 5
#define MAX_WAIT_S 300
/* Of more failures than this the oldest are dropped from the file. */
#define MAX_LINES 1000

struct _RoundsThrottle {
  char *path;
  int lock_fd;
  GArray *audited;   /* gint64 µs */
  GArray *wrong;     /* gint64 µs, the attempt under way is the last */
  gint64 boot_us;    /* of the newest wrong one: since boot, */
  char *boot_id;     /* of this boot; NULL = not known */
};

static gint64
now_since_boot_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_BOOTTIME, &now);
  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static char *
this_boot (void)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents ("/proc/sys/kernel/random/boot_id", &text, NULL, NULL))
    return NULL;
  g_strstrip (text);
  return strlen (text) == 36 ? g_steal_pointer (&text) : NULL;
}

/* Since the newest wrong attempt, as far as it can be believed. */
static gint64
elapsed_us (RoundsThrottle *self, gint64 now_us)
{
  g_autofree char *boot = this_boot ();
  gint64 since_boot_us = now_since_boot_us ();
  gint64 wall_us = now_us - g_array_index (self->wrong, gint64, self->wrong->len - 1);

  if (boot != NULL && g_strcmp0 (boot, self->boot_id) == 0 && self->boot_us <= since_boot_us)
    return since_boot_us - self->boot_us;
  /* A clock that was set back must not lock for ever. */
  return wall_us < 0 ? since_boot_us : MIN (wall_us, since_boot_us);
}

gint64
rounds_throttle_wait_s (guint n_failures)
{
  if (n_failures < FREE_TRIES)
    return 0;
  if (n_failures - FREE_TRIES > 8)
    return MAX_WAIT_S;
  return MIN (MAX_WAIT_S, 2 * (gint64) (1 << (n_failures - FREE_TRIES)));
}

static void
read_lines (RoundsThrottle *self)
{
  GArray *audited = self->audited, *wrong = self->wrong;
  g_autofree char *text = NULL;
  gsize size;
  g_auto (GStrv) lines = NULL;

  if (!rounds_vault_read_file (self->path, 64 * 1024, &text, &size, NULL))
    return;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      char *rest = NULL;
      gint64 when_us;

      if ((lines[i][0] != 'a' && lines[i][0] != 'w') || lines[i][1] != ' ')
        continue;
      when_us = g_ascii_strtoll (lines[i] + 2, &rest, 10);
      g_array_append_val (lines[i][0] == 'a' ? audited : wrong, when_us);
      if (lines[i][0] != 'w')
        continue;
      g_clear_pointer (&self->boot_id, g_free);
      if (*rest == ' ')
        {
          self->boot_us = g_ascii_strtoll (rest, &rest, 10);
          self->boot_id = g_strstrip (g_strdup (rest));
        }
    }
}

static gboolean
write_lines (RoundsThrottle *self, GError **error)
{
  GArray *audited = self->audited, *wrong = self->wrong;
  g_autoptr (GString) text = g_string_new (NULL);

  while (audited->len > MAX_LINES)
    g_array_remove_range (audited, 0, audited->len - MAX_LINES);
  while (wrong->len > MAX_LINES)
    g_array_remove_range (wrong, 0, wrong->len - MAX_LINES);
  for (guint i = 0; i < audited->len; i++)
    g_string_append_printf (text, "a %" G_GINT64_FORMAT "\n", g_array_index (audited, gint64, i));
  for (guint i = 0; i < wrong->len; i++)
    g_string_append_printf (text, "w %" G_GINT64_FORMAT "\n", g_array_index (wrong, gint64, i));
  if (wrong->len > 0 && self->boot_id != NULL)
    {
      g_string_truncate (text, text->len - 1);
      g_string_append_printf (text, " %" G_GINT64_FORMAT " %s\n", self->boot_us, self->boot_id);
    }
  return rounds_vault_write_file (self->path, text->str, text->len, error);
}

static RoundsThrottle *
throttle_lock (const char *folder)
{
  RoundsThrottle *self = g_new0 (RoundsThrottle, 1);
  g_autofree char *lock = g_build_filename (folder, "unlocks.lock", NULL);

  self->path = g_build_filename (folder, "unlocks", NULL);
  self->audited = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->wrong = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->lock_fd = open (lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (self->lock_fd >= 0)
    while (flock (self->lock_fd, LOCK_EX) != 0 && errno == EINTR)
      ;
  read_lines (self);
  return self;
}

static void
throttle_free (RoundsThrottle *self)
{
  if (self->lock_fd >= 0)
    close (self->lock_fd);
  g_array_unref (self->audited);
  g_array_unref (self->wrong);
  g_free (self->boot_id);
  g_free (self->path);
  g_free (self);
}

RoundsThrottle *
rounds_throttle_begin (const char *folder, GError **error)
{
  RoundsThrottle *self = throttle_lock (folder);
  gint64 now_us = rounds_instant_now_us ();
  g_autoptr (GError) local = NULL;

  if (self->wrong->len >= FREE_TRIES)
    {
      gint64 left_us = rounds_throttle_wait_s (self->wrong->len) * G_USEC_PER_SEC - elapsed_us (self, now_us);

      if (left_us > 0)
        {
          g_set_error (error, ROUNDS_VAULT_ERROR, ROUNDS_VAULT_ERROR_THROTTLED,
                       _("Too many wrong passphrases; wait %d s"),
                       (int) ((left_us + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC));
          throttle_free (self);
          return NULL;
        }
    }
  g_array_append_val (self->wrong, now_us);
  self->boot_us = now_since_boot_us ();
  g_free (self->boot_id);
  self->boot_id = this_boot ();
  if (!write_lines (self, &local))
    g_warning ("cannot count this unlock: %s", local->message);
  return self;
}

void
rounds_throttle_end (RoundsThrottle *self, gboolean good)
{
  g_autoptr (GError) local = NULL;

  if (good)
    {
      g_array_set_size (self->wrong, self->wrong->len - 1);
      g_array_append_vals (self->audited, self->wrong->data, self->wrong->len);
      g_array_set_size (self->wrong, 0);
      if (!write_lines (self, &local))
        g_warning ("cannot reset the count of unlocks: %s", local->message);
    }
  throttle_free (self);
}

GArray *
rounds_throttle_list (const char *folder)
{
  RoundsThrottle *self = throttle_lock (folder);
  GArray *audited = g_array_ref (self->audited);

  throttle_free (self);
  return audited;
}

void
rounds_throttle_forget (const char *folder, gsize n)
{
  RoundsThrottle *self = throttle_lock (folder);

  g_array_remove_range (self->audited, 0, MIN (n, self->audited->len));
  (void) write_lines (self, NULL);
  throttle_free (self);
}
