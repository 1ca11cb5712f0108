/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Studies that an image server has, known here before a single pixel is fetched (QIDO-RS), and their fetching on
 * demand (WADO-RS). An instance that is on the device is never replaced by what a query says of it. */

#include "sync/images-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

static char *
first_of (const char *a, const char *b)
{
  return g_strdup (a != NULL ? a : b);
}

static RoundsScanInstance *
make_instance (RoundsStore *store, const RoundsDicomwebMatch *study, const RoundsDicomwebMatch *series,
               const RoundsDicomwebMatch *match)
{
  RoundsScanInstance *self = rounds_scan_instance_new ();

  self->sop_uid = g_strdup (match->sop_uid);
  self->series_uid = g_strdup (series->series_uid);
  self->study_uid = g_strdup (study->study_uid);
  self->sop_class_uid = g_strdup (match->sop_class_uid != NULL ? match->sop_class_uid : "");
  self->transfer_syntax = g_strdup ("");
  self->dicom_patient_id = first_of (study->patient_id, match->patient_id);
  self->dicom_patient_name = first_of (study->patient_name, match->patient_name);
  self->dicom_birth_date = first_of (study->birth_date, match->birth_date);
  if (self->dicom_patient_id != NULL)
    self->patient_id = rounds_store_scan_match_patient (store, self->dicom_patient_id, NULL);
  self->modality = first_of (series->modality, match->modality);
  self->study_date = g_strdup (study->study_date);
  self->study_time = g_strdup (study->study_time);
  self->study_description = g_strdup (study->study_description);
  self->accession = g_strdup (study->accession);
  self->series_description = first_of (series->series_description, match->series_description);
  self->body_part = first_of (series->body_part, match->body_part);
  self->series_number = series->series_number;
  self->instance_number = match->instance_number;
  self->rows = match->rows;
  self->columns = match->columns;
  self->frames = MAX (match->frames, 1);
  self->on_device = FALSE;
  return self;
}

static GHashTable *
known_instances (RoundsStore *store, const char *study_uid)
{
  GHashTable *known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) list = rounds_store_scan_list (store, NULL, study_uid, NULL, NULL);
  guint i;

  for (i = 0; list != NULL && i < list->len; i++)
    g_hash_table_add (known, g_strdup (((RoundsScanInstance *) list->pdata[i])->sop_uid));
  return known;
}

static gboolean
index_series (RoundsStore *store, RoundsDicomwebClient *client, const RoundsDicomwebMatch *study,
              const RoundsDicomwebMatch *series, GHashTable *known, guint *n_new, GCancellable *cancellable,
              GError **error)
{
  g_autoptr (GPtrArray) matches =
    rounds_dicomweb_find_instances (client, study->study_uid, series->series_uid, cancellable, error);
  g_autoptr (GPtrArray) added = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_scan_instance_free);
  g_autofree GBytes **bytes = NULL;
  g_autofree RoundsImportOutcome *outcomes = NULL;
  guint i;

  if (matches == NULL)
    return FALSE;
  for (i = 0; i < matches->len; i++)
    if (!g_hash_table_contains (known, ((RoundsDicomwebMatch *) matches->pdata[i])->sop_uid))
      g_ptr_array_add (added, make_instance (store, study, series, matches->pdata[i]));
  if (added->len == 0)
    return TRUE;
  bytes = g_new0 (GBytes *, added->len);
  outcomes = g_new0 (RoundsImportOutcome, added->len);
  if (!rounds_store_scan_put_many (store, (RoundsScanInstance *const *) added->pdata, bytes, added->len, FALSE,
                                   outcomes, error))
    return FALSE;
  *n_new += added->len;
  return TRUE;
}

gboolean
rounds_images_index_study (RoundsStore *store, RoundsDicomwebClient *client, const RoundsDicomwebMatch *study,
                           guint *n_new, GCancellable *cancellable, GError **error)
{
  g_autoptr (GHashTable) known = known_instances (store, study->study_uid);
  g_autoptr (GPtrArray) series = NULL;
  guint i;

  if (study->n_instances > 0 && g_hash_table_size (known) >= (guint) study->n_instances)
    return TRUE;
  series = rounds_dicomweb_find_series (client, study->study_uid, cancellable, error);
  if (series == NULL)
    return FALSE;
  for (i = 0; i < series->len; i++)
    if (!index_series (store, client, study, series->pdata[i], known, n_new, cancellable, error))
      return FALSE;
  return TRUE;
}

/* --- on demand --------------------------------------------------------------------------------------- */

typedef gboolean (*WithClient) (RoundsStore *store, RoundsDicomwebClient *client, gpointer data,
                                GCancellable *cancellable, GError **error);

/* Tries each image server until one succeeds; the last one's error tells why none did. */
static gboolean
with_each (RoundsStore *store, WithClient func, gpointer data, gboolean all, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) connections = rounds_connection_list (store, error);
  g_autoptr (GError) local = NULL;
  guint i, asked = 0;
  gboolean done = FALSE;

  if (connections == NULL)
    return FALSE;
  for (i = 0; i < connections->len && (all || !done); i++)
    {
      RoundsConnection *connection = connections->pdata[i];
      g_autoptr (RoundsDicomwebClient) client = NULL;

      if (connection->dicomweb_url == NULL)
        continue;
      asked++;
      g_clear_error (&local);
      client = rounds_connection_open_dicomweb (store, connection, &local);
      if (client != NULL && func (store, client, data, cancellable, &local))
        done = TRUE;
      if (g_cancellable_is_cancelled (cancellable))
        break;
    }
  if (done)
    return TRUE;
  if (local != NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  else if (asked == 0)
    g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_ADDRESS,
                         _("No connection to an image server is set up"));
  return FALSE;
}

typedef struct {
  RoundsStore *store;
  RoundsTakeScan take;
  const char *study_uid, *series_uid, *sop_uid;   /* sop_uid NULL = all missing of the study */
  guint n_fetched;
} FetchCall;

static gboolean
take_instance (GBytes *bytes, gpointer user_data, GError **error)
{
  FetchCall *call = user_data;
  RoundsImportOutcome outcome;

  if (!call->take (call->store, bytes, TRUE, &outcome, NULL, error))
    return FALSE;
  call->n_fetched++;
  return TRUE;
}

static gboolean
is_here (RoundsStore *store, const char *sop_uid)
{
  g_autoptr (RoundsScanInstance) info = rounds_store_scan_info (store, sop_uid, NULL);

  return info != NULL && info->on_device;
}

static gboolean
fetch_one (RoundsStore *store, RoundsDicomwebClient *client, gpointer data, GCancellable *cancellable, GError **error)
{
  FetchCall *call = data;

  if (!rounds_dicomweb_fetch (client, call->study_uid, call->series_uid, call->sop_uid, take_instance, call,
                              cancellable, error))
    return FALSE;
  /* A server may answer with another instance; then this one is still missing. */
  if (is_here (store, call->sop_uid))
    return TRUE;
  g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_PROTOCOL,
                       _("The image server sent another image than the one asked for"));
  return FALSE;
}

static gboolean
fetch_missing (RoundsStore *store, RoundsDicomwebClient *client, gpointer data, GCancellable *cancellable,
               GError **error)
{
  FetchCall *call = data;
  g_autoptr (GPtrArray) list = rounds_store_scan_list (store, NULL, call->study_uid, NULL, error);
  g_autoptr (GError) local = NULL;
  guint i, n_missing = 0;

  if (list == NULL)
    return FALSE;
  for (i = 0; i < list->len; i++)
    n_missing += !((RoundsScanInstance *) list->pdata[i])->on_device;
  if (n_missing == 0 && list->len > 0)
    return TRUE;
  /* None is here: the whole study in one stream. Else one after the other, so that nothing comes twice; so also
   * where the server fails at one of them and therefore at the whole. */
  if (n_missing == list->len)
    {
      if (rounds_dicomweb_fetch (client, call->study_uid, NULL, NULL, take_instance, call, cancellable, &local))
        return TRUE;
      if (!g_error_matches (local, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_STATUS) || list->len == 0)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      g_clear_error (&local);
    }
  for (i = 0; i < list->len; i++)
    {
      RoundsScanInstance *instance = list->pdata[i];
      g_autoptr (GError) one = NULL;

      if (instance->on_device || rounds_dicomweb_fetch (client, instance->study_uid, instance->series_uid, instance->sop_uid,
                                                        take_instance, call, cancellable, &one))
        continue;
      /* What fails for one image does not keep the others back; what fails for the server does. */
      if (local == NULL)
        local = g_error_copy (one);
      if (!g_error_matches (one, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_STATUS) &&
          !g_error_matches (one, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_PROTOCOL))
        break;
    }
  if (local == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

gboolean
rounds_sync_fetch_instance (RoundsStore *store, const char *sop_uid, RoundsTakeScan take, GCancellable *cancellable,
                            GError **error)
{
  g_autoptr (RoundsScanInstance) info = NULL;
  FetchCall call = { .store = store, .take = take, .sop_uid = sop_uid };

  g_return_val_if_fail (ROUNDS_IS_STORE (store) && sop_uid != NULL && take != NULL, FALSE);

  info = rounds_store_scan_info (store, sop_uid, error);
  if (info == NULL)
    return FALSE;
  if (info->on_device)
    return TRUE;
  call.study_uid = info->study_uid;
  call.series_uid = info->series_uid;
  return with_each (store, fetch_one, &call, FALSE, cancellable, error);
}

gboolean
rounds_sync_fetch_study (RoundsStore *store, const char *study_uid, RoundsTakeScan take, guint *n_fetched,
                         GCancellable *cancellable, GError **error)
{
  FetchCall call = { .store = store, .take = take, .study_uid = study_uid };
  gboolean ok;

  g_return_val_if_fail (ROUNDS_IS_STORE (store) && study_uid != NULL && take != NULL, FALSE);

  ok = with_each (store, fetch_missing, &call, FALSE, cancellable, error);
  if (n_fetched != NULL)
    *n_fetched = call.n_fetched;
  return ok;
}

typedef struct {
  const char *patient_id;
  guint n_new;
} FindCall;

static gboolean
find_for_patient (RoundsStore *store, RoundsDicomwebClient *client, gpointer data, GCancellable *cancellable,
                  GError **error)
{
  FindCall *call = data;
  g_autoptr (GPtrArray) studies =
    rounds_dicomweb_find_studies (client, call->patient_id, 1000, cancellable, error);
  guint i;

  if (studies == NULL)
    return FALSE;
  for (i = 0; i < studies->len; i++)
    if (!rounds_images_index_study (store, client, studies->pdata[i], &call->n_new, cancellable, error))
      return FALSE;
  return TRUE;
}

gboolean
rounds_sync_find_studies (RoundsStore *store, const char *dicom_patient_id, guint *n_new, GCancellable *cancellable,
                          GError **error)
{
  FindCall call = { dicom_patient_id, 0 };
  gboolean ok;

  g_return_val_if_fail (ROUNDS_IS_STORE (store) && dicom_patient_id != NULL, FALSE);

  ok = with_each (store, find_for_patient, &call, TRUE, cancellable, error);
  if (n_new != NULL)
    *n_new = call.n_new;
  return ok;
}
