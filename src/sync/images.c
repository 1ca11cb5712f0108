/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Images in a pass: what was made or imported here is sent (STOW-RS), what the server has is indexed.
 *
 * A server that already has an object under the same UID answers 200 and keeps its own, so an object that is
 * there before is fetched and compared instead of sent. An instance that the answer names in neither list has
 * failed. Repeating is harmless. */

#include "sync/pass.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/instant.h"
#include "sync/connection.h"
#include "sync/images-private.h"

#define BATCH_INSTANCES 25
#define BATCH_BYTES (24 * 1024 * 1024)
#define COMPARE_EVERY_US ((gint64) 24 * 3600 * G_USEC_PER_SEC)
#define MAX_STUDIES 1000
#define MAX_PATIENTS 500

typedef struct {
  GPtrArray *uids;      /* char *, owned */
  GPtrArray *bytes;     /* GBytes */
  gsize size;
} Batch;

static void
batch_clear (Batch *self)
{
  g_clear_pointer (&self->uids, g_ptr_array_unref);
  g_clear_pointer (&self->bytes, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Batch, batch_clear)

static gboolean
acknowledge (RoundsPass *self, const char *sop_uid, GError **error)
{
  const char *uids[] = { sop_uid, NULL };

  self->report->images_pushed++;
  return rounds_store_scan_outbox_ack (self->store, uids, error);
}

/* --- what is there before ---------------------------------------------------------------------------- */

static gboolean
keep_bytes (GBytes *bytes, gpointer user_data, GError **error)
{
  GBytes **out = user_data;

  g_clear_pointer (out, g_bytes_unref);
  *out = g_bytes_ref (bytes);
  return TRUE;
}

/* That the server has another image is kept by the UID and the size of ours, for a day of this computer's clock
 * whichever way that goes: comparing costs a transfer. */
static char *
other_scope (RoundsPass *self, const char *sop_uid)
{
  g_autofree char *what = g_strconcat ("other-image/", sop_uid, NULL);

  return rounds_connection_scope (rounds_http_get_base (rounds_dicomweb_client_get_http (self->dicomweb)), what);
}

static gboolean
is_known_other (RoundsPass *self, const RoundsScanInstance *info)
{
  g_autofree char *scope = other_scope (self, info->sop_uid);
  g_autofree char *text = rounds_store_dup_cursor (self->store, scope, NULL);
  g_autoptr (json_object) json = text != NULL ? rounds_json_parse (text, -1, NULL) : NULL;
  gint64 age = rounds_instant_now_us () - json_object_get_int64 (rounds_json_peek (json, "at_us"));

  return json != NULL && json_object_get_int64 (rounds_json_peek (json, "size")) == info->size_bytes && age >= 0 &&
         age < COMPARE_EVERY_US;
}

static gboolean
keep_other (RoundsPass *self, const RoundsScanInstance *info, GError **error)
{
  g_autofree char *scope = other_scope (self, info->sop_uid);
  g_autofree char *text = g_strdup_printf ("{\"size\":%" G_GINT64_FORMAT ",\"at_us\":%" G_GINT64_FORMAT "}",
                                           info->size_bytes, rounds_instant_now_us ());

  return rounds_store_set_cursor (self->store, scope, text, error);
}

static gboolean
compare_with_server (RoundsPass *self, const RoundsScanInstance *info, GBytes *mine, GError **error)
{
  g_autoptr (GBytes) theirs = NULL;

  if (!rounds_dicomweb_fetch (self->dicomweb, info->study_uid, info->series_uid, info->sop_uid, keep_bytes, &theirs,
                              self->cancellable, error))
    return FALSE;
  if (rounds_dicomweb_same_dataset (mine, theirs))
    return acknowledge (self, info->sop_uid, error);
  self->incomplete = TRUE;
  return rounds_store_scan_outbox_fail (self->store, info->sop_uid, 409,
                                        _("The image server has another image under the same UID"), error) &&
         keep_other (self, info, error);
}

/* UIDs of a study's instances at the server, asked once a study. */
static GHashTable *
remote_uids (RoundsPass *self, GHashTable *studies, const char *study_uid, GError **error)
{
  GHashTable *uids = g_hash_table_lookup (studies, study_uid);
  g_autoptr (GPtrArray) matches = NULL;
  guint i;

  if (uids != NULL)
    return uids;
  matches = rounds_dicomweb_find_instances (self->dicomweb, study_uid, NULL, self->cancellable, error);
  if (matches == NULL)
    return NULL;
  uids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (i = 0; i < matches->len; i++)
    g_hash_table_add (uids, g_strdup (((RoundsDicomwebMatch *) matches->pdata[i])->sop_uid));
  g_hash_table_insert (studies, g_strdup (study_uid), uids);
  return uids;
}

/* --- sending ------------------------------------------------------------------------------------------ */

static gboolean
send_batch (RoundsPass *self, Batch *batch, GError **error)
{
  g_autofree RoundsStowResult *results = g_new0 (RoundsStowResult, batch->uids->len + 1);
  gint64 retry_after_us = -1;
  int status = 0;
  guint i;

  if (batch->uids->len == 0)
    return TRUE;
  if (!rounds_dicomweb_store (self->dicomweb, (GBytes *const *) batch->bytes->pdata,
                              (const char *const *) batch->uids->pdata, batch->uids->len, results, &status,
                              &retry_after_us, self->cancellable, error))
    return FALSE;
  if (status == 503)
    self->retry_after_us = retry_after_us;
  for (i = 0; i < batch->uids->len; i++)
    {
      g_autofree char *reason = NULL;

      if (results[i].stored)
        {
          if (!acknowledge (self, batch->uids->pdata[i], error))
            return FALSE;
          continue;
        }
      reason = results[i].reason != 0
                 ? g_strdup_printf (_("The image server refused it (status %d, reason %04X)"), status, results[i].reason)
                 : g_strdup_printf (_("The image server did not say that it kept it (status %d)"), status);
      rounds_pass_trouble (self, reason);
      if (!rounds_store_scan_outbox_fail (self->store, batch->uids->pdata[i], status, reason, error))
        return FALSE;
    }
  if (self->progress != NULL)
    self->progress ("images", self->report->images_pushed, 0, self->progress_data);
  g_ptr_array_set_size (batch->uids, 0);
  g_ptr_array_set_size (batch->bytes, 0);
  batch->size = 0;
  return TRUE;
}

static gboolean
send_scans (RoundsPass *self, GError **error)
{
  g_auto (GStrv) waiting = rounds_store_scan_outbox_list (self->store, 0, error);
  g_autoptr (GHashTable) studies =
    g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_hash_table_unref);
  g_auto (Batch) batch = { g_ptr_array_new_with_free_func (g_free),
                           g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref), 0 };
  guint i;

  if (waiting == NULL)
    return FALSE;
  for (i = 0; waiting[i] != NULL; i++)
    {
      g_autoptr (RoundsScanInstance) info = rounds_store_scan_info (self->store, waiting[i], error);
      g_autoptr (GBytes) bytes = NULL;
      GHashTable *there;

      if (info == NULL || (there = remote_uids (self, studies, info->study_uid, error)) == NULL)
        return FALSE;
      if (g_hash_table_contains (there, waiting[i]) && is_known_other (self, info))
        {
          self->incomplete = TRUE;   /* it waits for a person */
          continue;
        }
      bytes = rounds_store_scan_get (self->store, waiting[i], error);
      if (bytes == NULL)
        return FALSE;
      if (g_hash_table_contains (there, waiting[i]))
        {
          if (!compare_with_server (self, info, bytes, error))
            return FALSE;
          continue;
        }
      if (batch.uids->len >= BATCH_INSTANCES || (batch.size > 0 && batch.size + g_bytes_get_size (bytes) > BATCH_BYTES))
        if (!send_batch (self, &batch, error))
          return FALSE;
      g_ptr_array_add (batch.uids, g_strdup (waiting[i]));
      batch.size += g_bytes_get_size (bytes);
      g_ptr_array_add (batch.bytes, g_steal_pointer (&bytes));
    }
  return send_batch (self, &batch, error);
}

/* --- indexing ------------------------------------------------------------------------------------------ */

static gboolean
index_list (RoundsPass *self, GPtrArray *studies, GError **error)
{
  guint i;

  for (i = 0; i < studies->len; i++)
    {
      if (!rounds_images_index_study (self->store, self->dicomweb, studies->pdata[i], &self->report->images_indexed,
                                      self->cancellable, error))
        return FALSE;
      if (self->progress != NULL)
        self->progress ("images", i + 1, studies->len, self->progress_data);
    }
  return TRUE;
}

/* A small server is read whole; of a large one only the patients of this cache are asked for. */
static gboolean
index_studies (RoundsPass *self, GError **error)
{
  g_autoptr (GPtrArray) all =
    rounds_dicomweb_find_studies (self->dicomweb, NULL, MAX_STUDIES + 1, self->cancellable, error);
  g_autoptr (GPtrArray) patients = NULL;
  guint i;

  if (all == NULL)
    return FALSE;
  if (all->len <= MAX_STUDIES)
    return index_list (self, all, error);
  patients = rounds_store_find_patients (self->store, NULL, MAX_PATIENTS, error);
  if (patients == NULL)
    return FALSE;
  for (i = 0; i < patients->len; i++)
    {
      RoundsPatientHit *hit = patients->pdata[i];
      g_auto (GStrv) ids = g_strsplit (hit->identifiers != NULL ? hit->identifiers : "", " ", 2);
      g_autoptr (GPtrArray) studies = NULL;

      if (ids[0] == NULL || *ids[0] == '\0')
        continue;
      studies = rounds_dicomweb_find_studies (self->dicomweb, ids[0], MAX_STUDIES, self->cancellable, error);
      if (studies == NULL || !index_list (self, studies, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
rounds_pass_images (RoundsPass *self, GError **error)
{
  return (!self->takes_images || send_scans (self, error)) && index_studies (self, error);
}
