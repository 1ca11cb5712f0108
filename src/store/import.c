/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What files hold, some thousand resources a transaction: ids of servers are random, so every transaction
 * rewrites most pages of their index, and few large ones cost much less than many small ones. The caller's
 * thread reads and indexes the next piece while the writer writes the last. A file of thousands is one row of the audit trail a transaction, with a
 * digest of what it was about: a row a resource would cost more than the resource. */
#include "store/version.h"

#include <glib/gi18n-lib.h>
#include <sodium.h>
#include <string.h>

#include "fhir/resource.h"

#define BATCH 5000
/* A piece of large resources is smaller: two of them are in memory at a time. */
#define BATCH_BYTES (8 * 1024 * 1024)

typedef struct {
  RoundsImportItem *items;
  GPtrArray *facts;
  guint n;
  gboolean as_known;
  const char *source;
  guint n_new, n_updated;
} RoundsBatch;

static RoundsBatch *
batch_new (RoundsImportItem *items, guint n, gboolean as_known, const char *source, GError **error)
{
  RoundsBatch *batch = g_new0 (RoundsBatch, 1);

  batch->items = items;
  batch->n = n;
  batch->as_known = as_known;
  batch->source = source;
  batch->facts = g_ptr_array_new_full (n, (GDestroyNotify) rounds_facts_free);
  for (guint i = 0; i < n; i++)
    {
      RoundsFacts *facts = rounds_facts_new (items[i].type, items[i].id, items[i].json, error);

      if (facts == NULL)
        {
          g_ptr_array_unref (batch->facts);
          g_free (batch);
          return NULL;
        }
      g_ptr_array_add (batch->facts, facts);
    }
  return batch;
}

static void
batch_free (RoundsBatch *batch)
{
  g_ptr_array_unref (batch->facts);
  g_free (batch);
}

/* RFC 4122 version 5 of "BASE TYPE/ID": the same resource of the same server always gets the same id. */
static char *
id_under_base (const char *base, const char *type, const char *id)
{
  static const guint8 space[16] = { 0x1f, 0x0e, 0x6f, 0x2a, 0x55, 0xc1, 0x4c, 0x52,
                                    0x8b, 0x9d, 0x3e, 0x61, 0x07, 0xd2, 0x5a, 0x90 };
  g_autofree char *name = g_strdup_printf ("%s %s/%s", base, type, id);
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA1);
  guint8 d[20];
  gsize size = sizeof d;

  g_checksum_update (sum, space, sizeof space);
  g_checksum_update (sum, (const guchar *) name, strlen (name));
  g_checksum_get_digest (sum, d, &size);
  d[6] = (d[6] & 0x0f) | 0x50;
  d[8] = (d[8] & 0x3f) | 0x80;
  return g_strdup_printf ("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", d[0], d[1],
                          d[2], d[3],
                          d[4], d[5], d[6], d[7], d[8], d[9], d[10], d[11], d[12], d[13], d[14], d[15]);
}

/* The row an item belongs to: its own id, unless another server's resource has it already. */
static gboolean
find_row (RoundsWriter *writer, RoundsImportItem *item, gboolean as_known, RoundsFacts **facts, RoundsRow *row,
          GError **error)
{
  g_autofree char *other = NULL;
  RoundsFacts *renamed;
  gint64 origin;

  /* A file that is read again speaks of ids that the server has replaced; what the cloud has does not. */
  if ((!as_known && !rounds_facts_follow (writer, facts, error)) ||
      !rounds_row_load (writer, (*facts)->type, (*facts)->id, row, error))
    return FALSE;
  if (item->server_base == NULL)
    return TRUE;
  if (!rounds_writer_name (writer, item->server_base, &origin, error))
    return FALSE;
  if (row->rid == 0 || row->origin_nid == 0 || row->origin_nid == origin)
    {
      row->origin_nid = origin;
      return TRUE;
    }
  other = id_under_base (item->server_base, (*facts)->type, (*facts)->id);
  renamed = rounds_facts_new_renamed ((*facts)->type, other, (*facts)->text, error);
  if (renamed == NULL)
    return FALSE;
  rounds_facts_free (*facts);
  *facts = renamed;
  rounds_row_clear (row);
  if (!rounds_row_load (writer, renamed->type, renamed->id, row, error))
    return FALSE;
  row->origin_nid = origin;
  return TRUE;
}

static gboolean
import_known (RoundsWriter *writer, RoundsRow *row, const RoundsFacts *facts, RoundsImportItem *item,
              GError **error)
{
  RoundsReceive outcome;

  if (row->state == ROUNDS_STATE_NONE && row->local != NULL && rounds_text_same (row->local, facts->text))
    {
      item->outcome = ROUNDS_IMPORT_UNCHANGED;
      if (row->base_state == ROUNDS_BASE_THERE)
        return TRUE;
      rounds_row_set_base (row, ROUNDS_BASE_THERE, row->local, facts->version_id, facts->last_updated_us);
      return rounds_row_save_base (writer, row, error);
    }
  if (!rounds_row_receive (writer, row, facts, facts->version_id, facts->last_updated_us, &outcome, error))
    return FALSE;
  item->outcome = outcome == ROUNDS_RECEIVE_HELD  ? ROUNDS_IMPORT_UNCHANGED
                  : outcome == ROUNDS_RECEIVE_NEW ? ROUNDS_IMPORT_NEW
                                                  : ROUNDS_IMPORT_UPDATED;
  return TRUE;
}

static gboolean
import_item (RoundsWriter *writer, RoundsBatch *batch, guint i, GError **error)
{
  RoundsImportItem *item = &batch->items[i];
  RoundsFacts **facts = (RoundsFacts **) &batch->facts->pdata[i];
  g_auto (RoundsRow) row = { 0 };

  if (!rounds_writer_allow (writer, ROUNDS_ACT_IMPORT, item->type, item->id, error) ||
      !find_row (writer, item, batch->as_known, facts, &row, error))
    return FALSE;
  g_clear_pointer (&item->stored_id, g_free);
  if (g_strcmp0 ((*facts)->id, item->id) != 0)
    item->stored_id = g_strdup ((*facts)->id);
  if (batch->as_known)
    return import_known (writer, &row, *facts, item, error);
  if (row.local != NULL && rounds_text_same (row.local, (*facts)->text))
    {
      item->outcome = ROUNDS_IMPORT_UNCHANGED;
      return TRUE;
    }
  item->outcome = row.rid == 0 ? ROUNDS_IMPORT_NEW : ROUNDS_IMPORT_UPDATED;
  return rounds_row_save_version (writer, &row, *facts, writer->who, error) &&
         rounds_outbox_enqueue (writer, &row, (*facts)->refs, error) &&
           rounds_conflict_follow (writer, &row, error);
}

static gboolean
import_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsBatch *batch = data;
  g_autofree char *detail = NULL;
  crypto_generichash_state state;
  guint8 digest[16];
  char hex[2 * sizeof digest + 1];

  crypto_generichash_init (&state, NULL, 0, sizeof digest);
  for (guint i = 0; i < batch->n; i++)
    {
      RoundsFacts *facts;

      if (!import_item (writer, batch, i, error))
        return FALSE;
      facts = batch->facts->pdata[i];
      batch->n_new += batch->items[i].outcome == ROUNDS_IMPORT_NEW;
      batch->n_updated += batch->items[i].outcome == ROUNDS_IMPORT_UPDATED;
      if (batch->items[i].outcome != ROUNDS_IMPORT_UNCHANGED)
        {
          crypto_generichash_update (&state, (const guint8 *) facts->type, strlen (facts->type) + 1);
          crypto_generichash_update (&state, (const guint8 *) facts->id, strlen (facts->id) + 1);
          crypto_generichash_update (&state, (const guint8 *) facts->text, strlen (facts->text) + 1);
        }
    }
  crypto_generichash_final (&state, digest, sizeof digest);
  sodium_bin2hex (hex, sizeof hex, digest, sizeof digest);
  detail = g_strdup_printf ("%u new, %u updated, digest %s", batch->n_new, batch->n_updated, hex);
  return rounds_audit_append (writer, "import", NULL, NULL, detail, error);
}

static guint
batch_size (const RoundsImportItem *items, guint n)
{
  gsize bytes = 0;
  guint size = 0;

  while (size < n && size < BATCH && bytes < BATCH_BYTES)
    bytes += strlen (items[size++].json);
  return size;
}

static gboolean
check_all (RoundsImportItem *items, guint n, GError **error)
{
  for (guint i = 0; i < n; i++)
    if (items[i].type == NULL || !rounds_fhir_is_type (items[i].type) || items[i].id == NULL ||
        !rounds_fhir_is_id (items[i].id) || items[i].json == NULL)
      {
        g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID,
                     _("Record %u: no type, id or content"), i + 1);
        return FALSE;
      }
  return TRUE;
}

gboolean
rounds_store_import (RoundsStore *self, RoundsImportItem *items, guint n_items, gboolean as_known,
                     const char *source, GCancellable *cancellable, GError **error)
{
  RoundsWriteJob *job = NULL;
  RoundsBatch *under_way = NULL;
  gboolean ok;

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && (items != NULL || n_items == 0), FALSE);

  ok = check_all (items, n_items, error);
  for (guint at = 0, size = 0; ok && at < n_items; at += size)
    {
      RoundsBatch *next;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        {
          ok = FALSE;
          break;
        }
      size = batch_size (items + at, n_items - at);
      next = batch_new (items + at, size, as_known, source, error);
      ok = next != NULL;
      if (job != NULL)
        {
          GError *local = NULL;
          gboolean written = rounds_store_write_wait (job, &local);

          g_clear_pointer (&under_way, batch_free);
          job = NULL;
          if (!written && ok)
            {
              g_propagate_error (error, local);
              batch_free (next);
              ok = FALSE;
            }
          else
            g_clear_error (&local);
        }
      if (ok)
        {
          under_way = next;
          job = rounds_store_write_begin (self, import_cb, next);
        }
    }
  if (job != NULL)
    {
      /* On the way out for another reason the last piece still counts. */
      ok = rounds_store_write_wait (job, ok ? error : NULL) && ok;
      batch_free (under_way);
    }
  return ok;
}
