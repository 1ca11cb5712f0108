/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking for damage before it is needed. A page's seal is only tried when the page is read, so a flipped bit in a
 * record of last year would stay hidden. Records are read through the ordinary pager in one read transaction: what
 * is being written meanwhile cannot look like damage. Images are compared one by one, so that no long transaction
 * keeps the log of the large file from being written back. */
#include "store/damage.h"

#include <glib/gi18n-lib.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "base/instant.h"
#include "store/store-object.h"

#define MAX_PROBLEMS 20
#define DAY_US (G_GINT64_CONSTANT (24) * 3600 * G_USEC_PER_SEC)
#define DAILY_IMAGE_BYTES (G_GUINT64_CONSTANT (2) << 30)
#define IMAGE_BATCH 64
#define LAST_SETTING "check.last"
#define AFTER_SETTING "check.after"

void
rounds_check_report_clear (RoundsCheckReport *self)
{
  g_clear_pointer (&self->problems, g_ptr_array_unref);
  memset (self, 0, sizeof *self);
}

static void
problem (RoundsCheckReport *self, char *text_taken)
{
  self->ok = FALSE;
  if (self->problems->len < MAX_PROBLEMS)
    g_ptr_array_add (self->problems, text_taken);
  else
    g_free (text_taken);
}

static void
interrupt_cb (GCancellable *cancellable, gpointer handle)
{
  sqlite3_interrupt (handle);
}

/* Each row of a PRAGMA that tells what is wrong. n = rows that were not "ok". */
static gboolean
run_pragma (RoundsStore *self, RoundsDatabaseKind kind, const char *sql, GCancellable *cancellable, GPtrArray *lines,
            GError **error)
{
  g_autoptr (RoundsReader) reader = NULL;
  g_autoptr (GError) local = NULL;
  sqlite3 *handle;
  gulong id;

  reader = rounds_reader_new_whole (self, kind, error);
  if (reader == NULL)
    return FALSE;
  handle = rounds_database_get_handle (reader->db);
  id = cancellable != NULL ? g_cancellable_connect (cancellable, G_CALLBACK (interrupt_cb), handle, NULL) : 0;
  {
    g_autoptr (RoundsRows) rows = rounds_database_query (reader->db, &local, sql, "");
    gboolean row = rows != NULL;

    while (row && rounds_database_next (reader->db, rows, &row, &local) && row)
      if (lines->len < MAX_PROBLEMS && g_strcmp0 (rounds_rows_text (rows, 0), "ok") != 0)
        g_ptr_array_add (lines, rounds_rows_dup (rows, 0));
  }
  if (id != 0)
    g_cancellable_disconnect (cancellable, id);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (g_error_matches (local, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DAMAGED))
    g_ptr_array_add (lines, g_strdup (local->message));
  else if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  return TRUE;
}

static void
add_size (RoundsStore *self, RoundsDatabaseKind kind, RoundsCheckReport *out)
{
  struct stat st;

  if (stat (self->paths[kind], &st) == 0)
    out->n_bytes += (guint64) st.st_size;
}

/* SQLite tells all it meets in one text under a heading, and after the first bad page every other looks bad to it. */
static char *
first_line (const char *text)
{
  const char *start = text;

  if (g_str_has_prefix (start, "***") && strchr (start, '\n') != NULL)
    start = strchr (start, '\n') + 1;
  return g_strndup (start, strcspn (start, "\r\n"));
}

static gboolean
check_pages (RoundsStore *self, RoundsDatabaseKind kind, const char *sql, guint tries, GCancellable *cancellable,
             RoundsCheckReport *out, GError **error)
{
  g_autoptr (GPtrArray) lines = NULL;

  /* What reads the raw file may meet a page just while it is written: only what stays is damage. */
  for (guint i = 0; i < tries && (lines == NULL || lines->len > 0); i++)
    {
      g_clear_pointer (&lines, g_ptr_array_unref);
      lines = g_ptr_array_new_with_free_func (g_free);
      if (!run_pragma (self, kind, sql, cancellable, lines, error))
        return FALSE;
    }
  for (guint i = 0; i < lines->len; i++)
    {
      g_autofree char *line = first_line (lines->pdata[i]);

      problem (out, g_strdup_printf (kind == ROUNDS_DATABASE_RECORDS ? _("The file of records is damaged: %s")
                                                                     : _("The file of images is damaged: %s"),
                                     line));
    }
  return TRUE;
}

/* --- images ------------------------------------------------------------------------------------------- */

typedef struct {
  char *sop_uid;
  guint8 digest[ROUNDS_SCAN_DIGEST_BYTES];
} ImageDigest;

static void
image_digest_free (gpointer data)
{
  ImageDigest *self = data;

  g_free (self->sop_uid);
  g_free (self);
}

static GPtrArray *
list_images (RoundsStore *self, const char *after, guint limit, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (image_digest_free);
  g_autoptr (RoundsReader) reader = rounds_reader_new_whole (self, ROUNDS_DATABASE_RECORDS, error);
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row = TRUE;

  if (reader == NULL)
    return NULL;
  rows = rounds_database_query (reader->db, error,
                                "SELECT sop_uid, digest FROM scan WHERE sop_uid > ? AND length (digest) = 32 "
                                "ORDER BY sop_uid LIMIT ?",
                                "si", after, (gint64) limit);
  while (rows != NULL && rounds_database_next (reader->db, rows, &row, error))
    {
      ImageDigest *one;

      if (!row)
        return g_steal_pointer (&list);
      one = g_new0 (ImageDigest, 1);
      one->sop_uid = rounds_rows_dup (rows, 0);
      memcpy (one->digest, sqlite3_column_blob (rows, 1), sizeof one->digest);
      g_ptr_array_add (list, one);
    }
  return NULL;
}

/* TRUE with *same; FALSE when it could not be read for another reason than damage. */
static gboolean
compare_image (RoundsStore *self, const ImageDigest *image, gboolean *same, guint64 *n_bytes, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GBytes) bytes = rounds_store_scan_get (self, image->sop_uid, &local);
  guint8 digest[ROUNDS_SCAN_DIGEST_BYTES];

  *same = FALSE;
  if (bytes == NULL)
    {
      if (g_error_matches (local, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DAMAGED) ||
          g_error_matches (local, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NOT_FOUND))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  crypto_generichash (digest, sizeof digest, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), NULL, 0);
  *same = memcmp (digest, image->digest, sizeof digest) == 0;
  *n_bytes += g_bytes_get_size (bytes);
  return TRUE;
}

/* It may have been replaced between the reading of its digest and of its bytes. */
static gboolean
compare_again (RoundsStore *self, const ImageDigest *image, gboolean *same, guint64 *n_bytes, GError **error)
{
  g_autoptr (RoundsReader) reader = rounds_reader_new_whole (self, ROUNDS_DATABASE_RECORDS, error);
  ImageDigest now = { .sop_uid = image->sop_uid };
  gboolean row = FALSE;

  if (reader == NULL)
    return FALSE;
  {
    g_autoptr (RoundsRows) rows = rounds_database_query (reader->db, error, "SELECT digest FROM scan WHERE sop_uid = ? "
                                                         "AND length (digest) = 32", "s", image->sop_uid);

    if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
      return FALSE;
    if (row)
      memcpy (now.digest, sqlite3_column_blob (rows, 0), sizeof now.digest);
  }
  g_clear_pointer (&reader, rounds_reader_free);
  *same = !row;
  return !row || compare_image (self, &now, same, n_bytes, error);
}

static gboolean
check_images (RoundsStore *self, guint64 max_bytes, GCancellable *cancellable, RoundsCheckReport *out, GError **error)
{
  g_autofree char *after = max_bytes > 0 ? rounds_store_dup_setting (self, AFTER_SETTING, NULL) : NULL;
  guint64 n_bytes = 0;
  guint n_broken = 0;

  for (;;)
    {
      g_autoptr (GPtrArray) list = list_images (self, after != NULL ? after : "", IMAGE_BATCH, error);

      if (list == NULL)
        return FALSE;
      out->complete = list->len == 0;
      if (list->len == 0)
        break;
      for (guint i = 0; i < list->len; i++)
        {
          ImageDigest *image = list->pdata[i];
          gboolean same;

          if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
              !compare_image (self, image, &same, &n_bytes, error) ||
              (!same && !compare_again (self, image, &same, &n_bytes, error)))
            return FALSE;
          n_broken += !same;
          out->n_images++;
          g_set_str (&after, image->sop_uid);
          if (max_bytes > 0 && n_bytes >= max_bytes)
            goto enough;
        }
    }
enough:
  if (n_broken > 0)
    problem (out, g_strdup_printf (ngettext ("%u image is not what it was when it came",
                                             "%u images are not what they were when they came", n_broken), n_broken));
  out->n_bytes += n_bytes;
  return max_bytes == 0 || !out->ok || rounds_store_set_setting (self, AFTER_SETTING, out->complete ? NULL : after, error);
}

/* --- all ----------------------------------------------------------------------------------------------- */

gboolean
rounds_store_check (RoundsStore *self, gboolean thorough, guint64 max_image_bytes, GCancellable *cancellable,
                    RoundsCheckReport *out, GError **error)
{
  RoundsCheckReport report = { .ok = TRUE, .complete = TRUE };
  RoundsAuditState audit = { 0 };
  g_autoptr (GError) local = NULL;

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && out != NULL, FALSE);

  report.problems = g_ptr_array_new_with_free_func (g_free);
  if (!check_pages (self, ROUNDS_DATABASE_RECORDS, "PRAGMA quick_check(20)", 1, cancellable, &report, error))
    goto failed;
  add_size (self, ROUNDS_DATABASE_RECORDS, &report);
  if (rounds_store_audit_verify (self, &audit, &local))
    {
      g_autofree char *row = g_strdup_printf ("%" G_GUINT64_FORMAT, audit.first_bad);

      if (!audit.ok)
        problem (&report, g_strdup_printf (_("The audit trail is not the one that was sealed, from row %s on: the cache "
                                             "was changed, cut short or put back from outside"), row));
      rounds_audit_state_clear (&audit);
    }
  else if (!g_error_matches (local, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DAMAGED))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      goto failed;
    }
  if (thorough &&
      (!check_pages (self, ROUNDS_DATABASE_RECORDS, "PRAGMA cipher_integrity_check", 3, cancellable, &report, error) ||
       !check_pages (self, ROUNDS_DATABASE_PIXELS, "PRAGMA cipher_integrity_check", 3, cancellable, &report, error)))
    goto failed;
  g_clear_error (&local);
  /* Where the index cannot be read this is told already. */
  if (!check_images (self, max_image_bytes, cancellable, &report, &local) &&
      !g_error_matches (local, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DAMAGED))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      goto failed;
    }
  if (local != NULL && report.ok)
    problem (&report, g_strdup (local->message));
  *out = report;
  return TRUE;

failed:
  rounds_check_report_clear (&report);
  return FALSE;
}

gboolean
rounds_store_check_if_due (RoundsStore *self, GCancellable *cancellable, RoundsCheckReport *out, GError **error)
{
  g_autofree char *last = NULL, *now_text = NULL;
  gint64 now_us = rounds_instant_now_us (), last_us;

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && out != NULL, FALSE);

  last = rounds_store_dup_setting (self, LAST_SETTING, NULL);
  last_us = last != NULL ? g_ascii_strtoll (last, NULL, 10) : 0;
  if (last_us > 0 && last_us <= now_us && now_us - last_us < DAY_US)
    {
      *out = (RoundsCheckReport){ .ok = TRUE, .complete = TRUE, .problems = g_ptr_array_new_with_free_func (g_free) };
      return TRUE;
    }
  if (!rounds_store_check (self, FALSE, DAILY_IMAGE_BYTES, cancellable, out, error))
    return FALSE;
  /* Nothing is written into a damaged file, and what was found is told at the next opening again. */
  if (!out->ok)
    return TRUE;
  now_text = g_strdup_printf ("%" G_GINT64_FORMAT, now_us);
  return rounds_store_audit (self, "check", NULL, NULL, "in order", error) &&
         rounds_store_set_setting (self, LAST_SETTING, now_text, error);
}
