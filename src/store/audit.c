/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The audit trail: rows that each hold a BLAKE2b hash over the row before and their own fields, and a head
 * (length, last hash) sealed under a subkey in a file of its own. The chain finds edited, removed and
 * reordered rows; the head finds what a chain cannot: a cut end, a chain computed anew, yesterday's database.
 *
 * The head is written after each commit without a sync of its own: after a power cut it may be a few rows
 * behind, never ahead, and a trail that goes on beyond its head is in order. */
#include "store/store-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "base/instant.h"

#define HEAD_MAGIC "RNDHEAD1"
#define SLOT_DISTANCE 512
#define MAC_BYTES 32

static void
hash_field (crypto_generichash_state *state, const char *text)
{
  guint64 length = GUINT64_TO_LE (text != NULL ? strlen (text) : G_MAXUINT64);

  crypto_generichash_update (state, (const guint8 *) &length, sizeof length);
  if (text != NULL)
    crypto_generichash_update (state, (const guint8 *) text, strlen (text));
}

static void
hash_row (const guint8 *previous, gint64 seq, gint64 when_us, const char *who, const char *action,
          const char *type, const char *id, const char *detail, guint8 *out)
{
  crypto_generichash_state state;
  gint64 numbers[2] = { GINT64_TO_LE (seq), GINT64_TO_LE (when_us) };

  crypto_generichash_init (&state, NULL, 0, ROUNDS_AUDIT_HASH_BYTES);
  crypto_generichash_update (&state, previous, ROUNDS_AUDIT_HASH_BYTES);
  crypto_generichash_update (&state, (const guint8 *) numbers, sizeof numbers);
  hash_field (&state, who);
  hash_field (&state, action);
  hash_field (&state, type);
  hash_field (&state, id);
  hash_field (&state, detail);
  crypto_generichash_final (&state, out, ROUNDS_AUDIT_HASH_BYTES);
}

gboolean
rounds_audit_append (RoundsWriter *writer, const char *action, const char *type, const char *id,
                     const char *detail, GError **error)
{
  guint8 previous[ROUNDS_AUDIT_HASH_BYTES] = { 0 }, hash[ROUNDS_AUDIT_HASH_BYTES];
  gint64 seq = 1;

  if (writer->audit_seq > 0)
    {
      seq = writer->audit_seq + 1;
      memcpy (previous, writer->audit_hash, sizeof previous);
    }
  else
    {
      g_autoptr (RoundsRows) rows = NULL;
      gboolean row;

      rows = rounds_database_query (writer->db, error,
                                    "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", "");
      if (rows == NULL || !rounds_database_next (writer->db, rows, &row, error))
        return FALSE;
      if (row)
        {
          seq = rounds_rows_int (rows, 0) + 1;
          if (sqlite3_column_bytes (rows, 1) == sizeof previous)
            memcpy (previous, sqlite3_column_blob (rows, 1), sizeof previous);
        }
    }
  hash_row (previous, seq, writer->now_us, writer->who, action, type, id, detail, hash);
  if (!rounds_database_run (writer->db, error,
                            "INSERT INTO audit (seq, when_us, who, action, type, id, detail, hash) "
                            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                            "iisssssb", seq, writer->now_us, writer->who, action, type, id, detail, hash,
                            sizeof hash))
    return FALSE;
  writer->audit_seq = seq;
  memcpy (writer->audit_hash, hash, sizeof hash);
  return TRUE;
}

/* --- the head --------------------------------------------------------------------------------------- */

typedef struct {
  char magic[8];
  guint64 seq_le;
  guint8 hash[ROUNDS_AUDIT_HASH_BYTES];
  guint8 mac[MAC_BYTES];
} RoundsHeadSlot;
G_STATIC_ASSERT (sizeof (RoundsHeadSlot) == 80);

struct _RoundsAuditHead {
  int fd;
  RoundsSecret *key;
  gboolean frozen;
};

static void
seal (RoundsAuditHead *self, const RoundsHeadSlot *slot, guint8 *mac)
{
  crypto_generichash (mac, MAC_BYTES, (const guint8 *) slot, sizeof *slot - MAC_BYTES,
                      rounds_secret_get (self->key, NULL), 32);
}

static gboolean
read_slot (RoundsAuditHead *self, int index, RoundsHeadSlot *out)
{
  guint8 mac[MAC_BYTES];

  if (self->fd < 0 || pread (self->fd, out, sizeof *out, index * SLOT_DISTANCE) != sizeof *out)
    return FALSE;
  seal (self, out, mac);
  return memcmp (out->magic, HEAD_MAGIC, 8) == 0 && sodium_memcmp (mac, out->mac, sizeof mac) == 0;
}

RoundsAuditHead *
rounds_audit_head_open (const char *folder, RoundsSecret *key, gboolean create, GError **error)
{
  static const char purpose[] = "rounds audit head";
  g_autofree char *path = g_build_filename (folder, "audit.head", NULL);
  RoundsAuditHead *self = g_new0 (RoundsAuditHead, 1);
  gsize size;
  const guint8 *bytes = rounds_secret_get (key, &size);

  self->key = rounds_secret_new (32);
  crypto_generichash (rounds_secret_get (self->key, NULL), 32, (const guint8 *) purpose, sizeof purpose - 1,
                      bytes, MIN (size, 64));
  self->fd = open (path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0), 0600);
  if (self->fd < 0 && create)
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_FAILED, _("Cannot make the audit head: %s"),
                   g_strerror (errno));
      rounds_audit_head_free (self);
      return NULL;
    }
  if (create)
    {
      static const char blank[SLOT_DISTANCE * 2];

      if (lseek (self->fd, 0, SEEK_END) == 0 && pwrite (self->fd, blank, sizeof blank, 0) != sizeof blank)
        {
          g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_FULL, _("The disk is full"));
          rounds_audit_head_free (self);
          return NULL;
        }
    }
  return self;
}

void
rounds_audit_head_free (RoundsAuditHead *self)
{
  if (self->fd >= 0)
    {
      (void) fdatasync (self->fd);
      close (self->fd);
    }
  rounds_secret_unref (self->key);
  g_free (self);
}

gboolean
rounds_audit_head_get (RoundsAuditHead *self, gint64 *seq, guint8 *hash)
{
  RoundsHeadSlot slot;
  gboolean found = FALSE;

  for (int i = 0; i < 2; i++)
    if (read_slot (self, i, &slot) && (!found || (gint64) GUINT64_FROM_LE (slot.seq_le) > *seq))
      {
        *seq = GUINT64_FROM_LE (slot.seq_le);
        memcpy (hash, slot.hash, sizeof slot.hash);
        found = TRUE;
      }
  return found;
}

void
rounds_audit_head_set (RoundsAuditHead *self, gint64 seq, const guint8 *hash)
{
  RoundsHeadSlot slot = { 0 }, old[2];
  gint64 have[2] = { -1, -1 };
  int into;

  if (self->frozen || self->fd < 0)
    return;
  for (int i = 0; i < 2; i++)
    if (read_slot (self, i, &old[i]))
      have[i] = GUINT64_FROM_LE (old[i].seq_le);
  /* Another process may be ahead by now; the older slot is the one to lose when power goes. */
  if (MAX (have[0], have[1]) >= seq)
    return;
  into = have[0] <= have[1] ? 0 : 1;
  memcpy (slot.magic, HEAD_MAGIC, 8);
  slot.seq_le = GUINT64_TO_LE (seq);
  memcpy (slot.hash, hash, sizeof slot.hash);
  seal (self, &slot, slot.mac);
  if (pwrite (self->fd, &slot, sizeof slot, into * SLOT_DISTANCE) != sizeof slot)
    g_warning ("the head of the audit trail could not be written: %s", g_strerror (errno));
}

void
rounds_audit_head_freeze (RoundsAuditHead *self)
{
  self->frozen = TRUE;
}

/* --- public ----------------------------------------------------------------------------------------- */

typedef struct {
  const char *action, *type, *id, *detail;
} RoundsAuditCall;

static gboolean
audit_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsAuditCall *call = data;

  if (g_str_equal (call->action, "export") || g_str_equal (call->action, "print"))
    if (!rounds_writer_allow (writer, ROUNDS_ACT_EXPORT, call->type, call->id, error))
      return FALSE;
  return rounds_audit_append (writer, call->action, call->type, call->id, call->detail, error);
}

gboolean
rounds_store_audit (RoundsStore *self, const char *action, const char *type, const char *id,
                    const char *detail, GError **error)
{
  RoundsAuditCall call = { action, type, id, detail };

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && action != NULL, FALSE);

  return rounds_store_write (self, audit_cb, &call, error);
}

void
rounds_audit_state_clear (RoundsAuditState *self)
{
  g_clear_pointer (&self->head, g_free);
}

gboolean
rounds_store_audit_verify (RoundsStore *self, RoundsAuditState *out, GError **error)
{
  g_autoptr (RoundsReader) reader = NULL;
  g_autoptr (RoundsRows) rows = NULL;
  guint8 previous[ROUNDS_AUDIT_HASH_BYTES] = { 0 }, hash[ROUNDS_AUDIT_HASH_BYTES];
  guint8 sealed[ROUNDS_AUDIT_HASH_BYTES];
  char hex[2 * ROUNDS_AUDIT_HASH_BYTES + 1];
  gint64 sealed_seq = 0, expected = 1;
  gboolean row, has_head;
  RoundsAuditState state = { .ok = TRUE };

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && out != NULL, FALSE);

  /* The head first: rows written from now on only make the trail longer. */
  has_head = self != NULL && rounds_store_get_audit_head (self) != NULL &&
             rounds_audit_head_get (rounds_store_get_audit_head (self), &sealed_seq, sealed);
  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL)
    return FALSE;
  rows = rounds_database_query (reader->db, error,
                                "SELECT seq, when_us, who, action, type, id, detail, hash FROM audit ORDER "
                                "BY seq",
                                "");
  if (rows == NULL)
    return FALSE;
  for (;;)
    {
      gint64 seq;

      if (!rounds_database_next (reader->db, rows, &row, error))
        return FALSE;
      if (!row)
        break;
      seq = rounds_rows_int (rows, 0);
      hash_row (previous, expected, rounds_rows_int (rows, 1), rounds_rows_text (rows, 2),
                rounds_rows_text (rows, 3), rounds_rows_text (rows, 4), rounds_rows_text (rows, 5),
                rounds_rows_text (rows, 6), hash);
      if (state.ok && (seq != expected || sqlite3_column_bytes (rows, 7) != sizeof hash ||
                       memcmp (sqlite3_column_blob (rows, 7), hash, sizeof hash) != 0 ||
                       (has_head && seq == sealed_seq && memcmp (sealed, hash, sizeof hash) != 0)))
        {
          state.ok = FALSE;
          state.first_bad = expected;
        }
      memcpy (previous, hash, sizeof previous);
      expected++;
      state.rows++;
    }
  if (state.ok && (!has_head || sealed_seq >= expected))
    {
      state.ok = FALSE;
      state.first_bad = expected;
    }
  sodium_bin2hex (hex, sizeof hex, previous, sizeof previous);
  state.head = g_strdup (hex);
  *out = state;
  return TRUE;
}

void
rounds_audit_row_free (RoundsAuditRow *self)
{
  if (self == NULL)
    return;
  g_free (self->who);
  g_free (self->action);
  g_free (self->type);
  g_free (self->id);
  g_free (self->detail);
  g_free (self->hash);
  g_free (self);
}

static GPtrArray *
list_rows (RoundsStore *self, const char *sql, gint64 after_seq, gint64 limit, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_audit_row_free);
  g_autoptr (RoundsReader) reader = NULL;
  g_autoptr (RoundsRows) rows = NULL;

  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL)
    return NULL;
  rows = rounds_database_query (reader->db, error, sql, "ii", after_seq, limit);
  for (;;)
    {
      RoundsAuditRow *entry;
      gboolean row;

      if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
        return NULL;
      if (!row)
        return g_steal_pointer (&list);
      entry = g_new0 (RoundsAuditRow, 1);
      entry->seq = rounds_rows_int (rows, 0);
      entry->when_us = rounds_rows_int (rows, 1);
      entry->who = rounds_rows_dup (rows, 2);
      entry->action = rounds_rows_dup (rows, 3);
      entry->type = rounds_rows_dup (rows, 4);
      entry->id = rounds_rows_dup (rows, 5);
      entry->detail = rounds_rows_dup (rows, 6);
      entry->hash = g_ascii_strdown (rounds_rows_text (rows, 7), -1);
      g_ptr_array_add (list, entry);
    }
}

GPtrArray *
rounds_store_audit_list (RoundsStore *self, guint64 after_seq, guint limit, GError **error)
{
  g_return_val_if_fail (ROUNDS_IS_STORE (self), NULL);

  return list_rows (self,
                    "SELECT seq, when_us, who, action, type, id, detail, hex(hash) FROM audit "
                    "WHERE seq > ? ORDER BY seq LIMIT ?",
                    (gint64) after_seq, limit > 0 ? (gint64) limit : (gint64) -1, error);
}

GPtrArray *
rounds_store_audit_last (RoundsStore *self, GError **error)
{
  g_return_val_if_fail (ROUNDS_IS_STORE (self), NULL);

  return list_rows (self,
                    "SELECT seq, when_us, who, action, type, id, detail, hex(hash) FROM audit "
                    "WHERE seq > ? ORDER BY seq DESC LIMIT ?",
                    -1, 1, error);
}
