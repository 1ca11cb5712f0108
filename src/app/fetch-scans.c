/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Images come down on demand: a query only fills the index. The scans page cannot ask the cloud, and sync cannot
 * read pixels, so the window brings the two together when somebody looks at the scans of a patient. The page
 * sees new images by the store's signal, like any import.
 */

#include "app/fetch-scans.h"

#include <glib/gi18n-lib.h>

#include "kit/kit.h"
#include "scans/scan-import.h"
#include "sync/images.h"

typedef struct {
  char *patient_id;
  guint n_missing;   /* found by the first step */
  guint n_fetched;
} Fetch;

static void
fetch_free (Fetch *self)
{
  g_free (self->patient_id);
  g_free (self);
}

typedef struct {
  GWeakRef near;
  GCancellable *cancellable;
  char *patient_id;
} Context;

static void
context_free (Context *self)
{
  g_weak_ref_clear (&self->near);
  g_clear_object (&self->cancellable);
  g_free (self->patient_id);
  g_free (self);
}

/* Studies of which an image is not here, each once. */
static GHashTable *
missing_studies (RoundsStore *store, const char *patient_id, guint *n_missing, GError **error)
{
  g_autoptr (GPtrArray) instances = rounds_store_scan_list (store, patient_id, NULL, NULL, error);
  g_autoptr (GHashTable) studies = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  if (instances == NULL)
    return NULL;
  *n_missing = 0;
  for (guint i = 0; i < instances->len; i++)
    {
      const RoundsScanInstance *instance = instances->pdata[i];

      if (instance->on_device)
        continue;
      (*n_missing)++;
      g_hash_table_add (studies, g_strdup (instance->study_uid));
    }
  return g_steal_pointer (&studies);
}

static gpointer
count_missing (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  Fetch *self = g_new0 (Fetch, 1);
  g_autoptr (GHashTable) studies = missing_studies (store, data, &self->n_missing, error);

  if (studies == NULL)
    g_clear_pointer (&self, fetch_free);
  return self;
}

static gpointer
fetch_missing (RoundsStore *store, gpointer data, GCancellable *cancellable, GError **error)
{
  Fetch *self = g_new0 (Fetch, 1);
  g_autoptr (GHashTable) studies = missing_studies (store, data, &self->n_missing, error);
  GHashTableIter iter;
  gpointer uid = NULL;
  gboolean ok = studies != NULL;

  if (ok)
    g_hash_table_iter_init (&iter, studies);
  while (ok && g_hash_table_iter_next (&iter, &uid, NULL))
    {
      guint n = 0;

      ok = rounds_sync_fetch_study (store, uid, rounds_scans_import_bytes, &n, cancellable, error);
      self->n_fetched += n;
    }
  if (!ok)
    g_clear_pointer (&self, fetch_free);
  return self;
}

static void
fetched_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Context *context = user_data;
  g_autoptr (GtkWidget) near = g_weak_ref_get (&context->near);
  g_autoptr (GError) error = NULL;
  Fetch *fetch = rounds_store_run_finish (ROUNDS_STORE (source), result, &error);
  g_autofree char *text = NULL;

  if (fetch != NULL)
    text = g_strdup_printf (ngettext ("%u image is here now", "%u images are here now", fetch->n_fetched),
                            fetch->n_fetched);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    text = g_strdup_printf (_("Images could not be fetched: %s. What came is kept."), error->message);
  if (text != NULL && near != NULL)
    rounds_toast (near, text, NULL, NULL, NULL, NULL);
  g_clear_pointer (&fetch, fetch_free);
  context_free (context);
}

static void
counted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Context *context = user_data;
  g_autoptr (GtkWidget) near = g_weak_ref_get (&context->near);
  Fetch *fetch = rounds_store_run_finish (ROUNDS_STORE (source), result, NULL);
  guint n_missing = fetch != NULL ? fetch->n_missing : 0;
  g_autofree char *text = NULL;

  g_clear_pointer (&fetch, fetch_free);
  if (n_missing == 0 || near == NULL || g_cancellable_is_cancelled (context->cancellable))
    {
      context_free (context);
      return;
    }
  text = g_strdup_printf (ngettext ("Fetching %u image from the cloud…", "Fetching %u images from the cloud…", n_missing),
                          n_missing);
  rounds_toast (near, text, NULL, NULL, NULL, NULL);
  rounds_store_run_async (ROUNDS_STORE (source), fetch_missing, g_strdup (context->patient_id), g_free,
                          (GDestroyNotify) fetch_free, context->cancellable, fetched_cb, context);
}

void
rounds_fetch_scans (RoundsStore *store, const char *patient_id, GtkWidget *near, GCancellable *cancellable)
{
  Context *context = NULL;

  g_return_if_fail (ROUNDS_IS_STORE (store));
  g_return_if_fail (patient_id != NULL);
  g_return_if_fail (GTK_IS_WIDGET (near));

  context = g_new0 (Context, 1);
  g_weak_ref_init (&context->near, near);
  context->cancellable = cancellable != NULL ? g_object_ref (cancellable) : g_cancellable_new ();
  context->patient_id = g_strdup (patient_id);
  rounds_store_run_async (store, count_missing, g_strdup (patient_id), g_free, (GDestroyNotify) fetch_free,
                          context->cancellable, counted_cb, context);
}
