/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DICOMweb over the bounded HTTP of this folder.
 *
 * A study is never held whole: the multipart reader runs inside the transfer, and each instance leaves as soon
 * as its part has ended. Instances are asked for in the syntax they are stored in, so that what was compressed
 * stays so and no pixel is coded twice; servers that cannot say "*" (or fail at it) are asked again plainly. */

#include "cloud/dicomweb-client.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "cloud/multipart.h"
#include "cloud/url.h"
#include "dicom/writer.h"
#include "fhir/json.h"

#define PAGE 500
#define MAX_MATCHES 100000
#define MAX_TRANSFER ((gsize) 256 * 1024 * 1024 * 1024)

struct _RoundsDicomwebClient {
  RoundsHttp *http;
};

RoundsDicomwebClient *
rounds_dicomweb_client_new (const char *address, RoundsAuth *auth, GError **error)
{
  g_autofree char *base = rounds_url_normalise_base (address, error);
  RoundsDicomwebClient *self;

  if (base == NULL)
    return NULL;
  self = g_new0 (RoundsDicomwebClient, 1);
  self->http = rounds_http_new (base, auth);
  return self;
}

void
rounds_dicomweb_client_free (RoundsDicomwebClient *self)
{
  if (self == NULL)
    return;
  rounds_http_free (self->http);
  g_free (self);
}

RoundsHttp *
rounds_dicomweb_client_get_http (RoundsDicomwebClient *self)
{
  return self->http;
}

static gboolean
status_error (const RoundsHttpAnswer *answer, GError **error)
{
  RoundsCloudError code = ROUNDS_CLOUD_ERROR_STATUS;

  if (answer->status == 401 || answer->status == 403)
    code = ROUNDS_CLOUD_ERROR_SIGN_IN;
  else if (answer->status == 429 || (answer->status == 503 && answer->retry_after_us >= 0))
    code = ROUNDS_CLOUD_ERROR_THROTTLED;
  g_set_error (error, ROUNDS_CLOUD_ERROR, code, _("The image server answered with HTTP status %d"), answer->status);
  return FALSE;
}

/* --- QIDO-RS ------------------------------------------------------------------------------------- */

void
rounds_dicomweb_match_free (RoundsDicomwebMatch *self)
{
  if (self == NULL)
    return;
  g_free (self->study_uid);
  g_free (self->series_uid);
  g_free (self->sop_uid);
  g_free (self->sop_class_uid);
  g_free (self->patient_id);
  g_free (self->patient_name);
  g_free (self->birth_date);
  g_free (self->study_date);
  g_free (self->study_time);
  g_free (self->study_description);
  g_free (self->accession);
  g_free (self->modality);
  g_free (self->series_description);
  g_free (self->body_part);
  g_free (self);
}

/* All values of an attribute (PS3.18 F.2), backslash-separated. */
static char *
dup_values (json_object *item, const char *tag)
{
  g_autoptr (GString) text = NULL;
  g_autofree char *path = g_strconcat (tag, ".Value", NULL);
  json_object *values = rounds_json_peek (item, path);
  gsize i, n = json_object_is_type (values, json_type_array) ? MIN (json_object_array_length (values), 64) : 0;

  for (i = 0; i < n; i++)
    {
      json_object *value = json_object_array_get_idx (values, i);
      const char *words = json_object_is_type (value, json_type_object)
                            ? rounds_json_peek_string (value, "Alphabetic")
                            : json_object_is_type (value, json_type_string) ? json_object_get_string (value) : NULL;

      if (words == NULL || strlen (words) > 1024)
        continue;
      if (text == NULL)
        text = g_string_new (words);
      else
        g_string_append_printf (text, "\\%s", words);
    }
  return text != NULL && text->len > 0 ? g_string_free (g_steal_pointer (&text), FALSE) : NULL;
}

static char *
dup_uid (json_object *item, const char *tag)
{
  g_autofree char *uid = dup_values (item, tag);

  return uid != NULL && rounds_dicom_is_uid (uid) ? g_steal_pointer (&uid) : NULL;
}

/* Numbers come as numbers, or as text from servers that do not know better. */
static int
get_number (json_object *item, const char *tag)
{
  g_autofree char *path = g_strconcat (tag, ".Value.0", NULL);
  json_object *value = rounds_json_peek (item, path);
  gint64 number = 0;

  if (json_object_is_type (value, json_type_int) || json_object_is_type (value, json_type_double))
    number = json_object_get_int64 (value);
  else if (json_object_is_type (value, json_type_string))
    number = g_ascii_strtoll (json_object_get_string (value), NULL, 10);
  return number > G_MININT && number < G_MAXINT ? (int) number : 0;
}

static RoundsDicomwebMatch *
read_match (json_object *item)
{
  RoundsDicomwebMatch *match = g_new0 (RoundsDicomwebMatch, 1);
  g_autofree char *modalities = dup_values (item, "00080061");

  match->study_uid = dup_uid (item, "0020000D");
  match->series_uid = dup_uid (item, "0020000E");
  match->sop_uid = dup_uid (item, "00080018");
  match->sop_class_uid = dup_uid (item, "00080016");
  match->patient_id = dup_values (item, "00100020");
  match->patient_name = dup_values (item, "00100010");
  match->birth_date = dup_values (item, "00100030");
  match->study_date = dup_values (item, "00080020");
  match->study_time = dup_values (item, "00080030");
  match->study_description = dup_values (item, "00081030");
  match->accession = dup_values (item, "00080050");
  match->modality = dup_values (item, "00080060");
  if (match->modality == NULL)
    match->modality = g_steal_pointer (&modalities);
  match->series_description = dup_values (item, "0008103E");
  match->body_part = dup_values (item, "00180015");
  match->series_number = get_number (item, "00200011");
  match->instance_number = get_number (item, "00200013");
  match->rows = get_number (item, "00280010");
  match->columns = get_number (item, "00280011");
  match->frames = get_number (item, "00280008");
  match->n_instances = get_number (item, "00201208");
  if (match->n_instances == 0)
    match->n_instances = get_number (item, "00201209");
  return match;
}

/* One page: its matches are added. *n_read = how many there were, usable or not. */
static gboolean
find_page (RoundsDicomwebClient *self, const char *url, GPtrArray *matches, gsize *n_read,
           GCancellable *cancellable, GError **error)
{
  const char *headers[] = { "Accept: application/dicom+json", "Cache-Control: no-cache", NULL };
  RoundsHttpRequest request = { .method = "GET", .url = url, .headers = headers };
  g_auto (RoundsHttpAnswer) answer = { 0 };
  g_autoptr (json_object) list = NULL;
  gconstpointer text;
  gsize size, i;

  *n_read = 0;
  if (!rounds_http_send (self->http, &request, &answer, cancellable, error))
    return FALSE;
  text = g_bytes_get_data (answer.body, &size);
  if (answer.status == 404 || answer.status == 204 || (answer.status == 200 && size == 0))
    return TRUE;
  if (answer.status != 200)
    return status_error (&answer, error);
  list = rounds_json_parse (text, size, NULL);
  if (!json_object_is_type (list, json_type_array))
    {
      g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_PROTOCOL,
                           _("The image server’s answer to a query cannot be read"));
      return FALSE;
    }
  *n_read = json_object_array_length (list);
  for (i = 0; i < *n_read; i++)
    {
      json_object *item = json_object_array_get_idx (list, i);

      if (json_object_is_type (item, json_type_object))
        g_ptr_array_add (matches, read_match (item));
    }
  return TRUE;
}

/* key: what a usable match has at this level. */
typedef enum { STUDY, SERIES, INSTANCE } Level;

static const char *
match_key (const RoundsDicomwebMatch *match, Level level)
{
  return level == STUDY ? match->study_uid : level == SERIES ? match->series_uid : match->sop_uid;
}

static GPtrArray *
find (RoundsDicomwebClient *self, Level level, const char *path, const char *query, guint limit,
      GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_dicomweb_match_free);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  guint offset = 0;

  while (all->len < limit)
    {
      g_autofree char *url = g_strdup_printf ("%s?%s%slimit=%u&offset=%u", path, query, *query ? "&" : "", PAGE, offset);
      guint before = all->len, i;
      gsize n;

      if (!find_page (self, url, all, &n, cancellable, error))
        return NULL;
      for (i = before; i < all->len;)
        {
          const char *key = match_key (all->pdata[i], level);

          if (key == NULL || !g_hash_table_add (seen, (gpointer) key))
            g_ptr_array_remove_index (all, i);
          else
            i++;
        }
      /* A server that ignores limit and offset gives the same again: nothing new ends it too. */
      if (n < PAGE || all->len == before)
        break;
      offset += PAGE;
    }
  if (all->len > limit)
    g_ptr_array_set_size (all, limit);
  return g_steal_pointer (&all);
}

GPtrArray *
rounds_dicomweb_find_studies (RoundsDicomwebClient *self, const char *patient_id, guint limit,
                              GCancellable *cancellable, GError **error)
{
  g_autofree char *escaped = patient_id != NULL ? rounds_url_escape (patient_id) : NULL;
  g_autofree char *query = escaped != NULL ? g_strconcat ("PatientID=", escaped, NULL) : g_strdup ("");
  GPtrArray *all = find (self, STUDY, "studies", query, MIN (limit, MAX_MATCHES), cancellable, error);
  guint i;

  /* "*" and "?" are wild cards of the query; another patient's study must not pass for this one's. */
  for (i = 0; all != NULL && patient_id != NULL && i < all->len;)
    {
      RoundsDicomwebMatch *match = all->pdata[i];

      if (g_strcmp0 (match->patient_id, patient_id) != 0)
        g_ptr_array_remove_index (all, i);
      else
        i++;
    }
  return all;
}

GPtrArray *
rounds_dicomweb_find_series (RoundsDicomwebClient *self, const char *study_uid, GCancellable *cancellable,
                             GError **error)
{
  g_autofree char *path = g_strdup_printf ("studies/%s/series", study_uid);

  g_return_val_if_fail (rounds_dicom_is_uid (study_uid), NULL);
  return find (self, SERIES, path, "", MAX_MATCHES, cancellable, error);
}

GPtrArray *
rounds_dicomweb_find_instances (RoundsDicomwebClient *self, const char *study_uid, const char *series_uid,
                                GCancellable *cancellable, GError **error)
{
  g_autofree char *path = series_uid != NULL
                            ? g_strdup_printf ("studies/%s/series/%s/instances", study_uid, series_uid)
                            : g_strdup_printf ("studies/%s/instances", study_uid);

  g_return_val_if_fail (rounds_dicom_is_uid (study_uid), NULL);
  g_return_val_if_fail (series_uid == NULL || rounds_dicom_is_uid (series_uid), NULL);
  return find (self, INSTANCE, path, "includefield=00280008", MAX_MATCHES, cancellable, error);
}

/* --- WADO-RS ------------------------------------------------------------------------------------- */

typedef struct {
  RoundsDicomwebTake take;
  gpointer user_data;
  RoundsMultipart *parts;    /* made at the first bytes */
  gboolean single;           /* the body is one instance, not parts */
  gboolean wanted;           /* the current part is an instance */
  GByteArray *instance;
  guint n_given;
} Fetch;

static gboolean
fetch_begin (GHashTable *headers, gpointer user_data, GError **error)
{
  Fetch *fetch = user_data;
  const char *type = g_hash_table_lookup (headers, "content-type");

  fetch->wanted = type == NULL || g_ascii_strncasecmp (type, "application/dicom", 17) == 0;
  g_byte_array_set_size (fetch->instance, 0);
  return TRUE;
}

static gboolean
fetch_data (const guint8 *data, gsize size, gpointer user_data, GError **error)
{
  Fetch *fetch = user_data;

  if (!fetch->wanted)
    return TRUE;
  if (size > ROUNDS_DICOMWEB_MAX_INSTANCE - fetch->instance->len)
    {
      g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_LIMIT,
                           _("An image of the image server is larger than 1 GiB"));
      return FALSE;
    }
  g_byte_array_append (fetch->instance, data, size);
  return TRUE;
}

static gboolean
fetch_end (gpointer user_data, GError **error)
{
  Fetch *fetch = user_data;
  g_autoptr (GBytes) bytes = NULL;

  if (!fetch->wanted || fetch->instance->len == 0)
    return TRUE;
  bytes = g_byte_array_free_to_bytes (fetch->instance);
  fetch->instance = g_byte_array_new ();
  fetch->n_given++;
  return fetch->take (bytes, fetch->user_data, error);
}

static gboolean
fetch_sink (const RoundsHttpAnswer *head, const guint8 *data, gsize size, gpointer user_data, GError **error)
{
  Fetch *fetch = user_data;

  if (fetch->parts == NULL && !fetch->single)
    {
      if (head->content_type != NULL && g_ascii_strncasecmp (head->content_type, "application/dicom", 17) == 0)
        fetch->single = fetch->wanted = TRUE;
      else if ((fetch->parts = rounds_multipart_new (head->content_type, fetch_begin, fetch_data, fetch_end, fetch,
                                                     error)) == NULL)
        return FALSE;
    }
  return fetch->single ? fetch_data (data, size, fetch, error)
                       : rounds_multipart_feed (fetch->parts, data, size, error);
}

/* TRUE with *again when the server could not do it this way and may be asked in another. */
static gboolean
fetch_once (RoundsDicomwebClient *self, const char *url, const char *accept, gboolean *again,
            RoundsDicomwebTake take, gpointer user_data, GCancellable *cancellable, GError **error)
{
  const char *headers[] = { accept, NULL };
  Fetch fetch = { .take = take, .user_data = user_data, .instance = g_byte_array_new () };
  RoundsHttpRequest request = { .method = "GET", .url = url, .headers = headers, .max_bytes = MAX_TRANSFER,
                                .sink = fetch_sink, .sink_data = &fetch };
  g_auto (RoundsHttpAnswer) answer = { 0 };
  gboolean may_repeat = *again;
  gboolean ok = rounds_http_send (self->http, &request, &answer, cancellable, error);

  *again = FALSE;
  if (ok && answer.status == 200)
    {
      if (fetch.parts != NULL)
        ok = rounds_multipart_finish (fetch.parts, error);
      else if (fetch.single)
        ok = fetch_end (&fetch, error);
      if (ok && fetch.n_given == 0)
        {
          g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_PROTOCOL,
                               _("The image server’s answer holds no image"));
          ok = FALSE;
        }
    }
  else if (ok && may_repeat && (answer.status == 400 || answer.status == 406 || answer.status == 500))
    *again = TRUE;
  else if (ok)
    ok = status_error (&answer, error);
  g_clear_pointer (&fetch.parts, rounds_multipart_free);
  g_byte_array_unref (fetch.instance);
  return ok;
}

gboolean
rounds_dicomweb_fetch (RoundsDicomwebClient *self, const char *study_uid, const char *series_uid, const char *sop_uid,
                       RoundsDicomwebTake take, gpointer user_data, GCancellable *cancellable, GError **error)
{
  g_autoptr (GString) url = g_string_new (NULL);
  gboolean again = TRUE;

  g_return_val_if_fail (rounds_dicom_is_uid (study_uid), FALSE);
  g_return_val_if_fail (series_uid == NULL || rounds_dicom_is_uid (series_uid), FALSE);
  g_return_val_if_fail (sop_uid == NULL || (series_uid != NULL && rounds_dicom_is_uid (sop_uid)), FALSE);

  g_string_append_printf (url, "studies/%s", study_uid);
  if (series_uid != NULL)
    g_string_append_printf (url, "/series/%s", series_uid);
  if (sop_uid != NULL)
    g_string_append_printf (url, "/instances/%s", sop_uid);
  if (!fetch_once (self, url->str, "Accept: multipart/related; type=\"application/dicom\"; transfer-syntax=*", &again,
                   take, user_data, cancellable, error))
    return FALSE;
  if (!again)
    return TRUE;
  again = FALSE;
  return fetch_once (self, url->str, "Accept: multipart/related; type=\"application/dicom\"", &again, take, user_data,
                     cancellable, error);
}

/* --- STOW-RS ------------------------------------------------------------------------------------- */

static void
read_results (json_object *answer, const char *tag, gboolean stored, const char *const *uids, guint n,
              RoundsStowResult *results)
{
  g_autofree char *path = g_strconcat (tag, ".Value", NULL);
  json_object *list = rounds_json_peek (answer, path);
  gsize i, n_list = json_object_is_type (list, json_type_array) ? json_object_array_length (list) : 0;

  for (i = 0; i < n_list; i++)
    {
      json_object *item = json_object_array_get_idx (list, i);
      g_autofree char *uid = dup_uid (item, "00081155");
      guint j;

      for (j = 0; j < n && uid != NULL; j++)
        if (strcmp (uids[j], uid) == 0)
          {
            results[j].stored = stored;
            results[j].reason = stored ? 0 : get_number (item, "00081197");
          }
    }
}

static GBytes *
make_body (GBytes *const *instances, guint n, const char *boundary)
{
  GByteArray *body = g_byte_array_new ();
  guint i;

  for (i = 0; i < n; i++)
    {
      g_autofree char *head = g_strdup_printf ("--%s\r\nContent-Type: application/dicom\r\n\r\n", boundary);
      gsize size;
      gconstpointer data = g_bytes_get_data (instances[i], &size);

      g_byte_array_append (body, (const guint8 *) head, strlen (head));
      g_byte_array_append (body, data, size);
      g_byte_array_append (body, (const guint8 *) "\r\n", 2);
    }
  {
    g_autofree char *tail = g_strdup_printf ("--%s--\r\n", boundary);

    g_byte_array_append (body, (const guint8 *) tail, strlen (tail));
  }
  return g_byte_array_free_to_bytes (body);
}

gboolean
rounds_dicomweb_store (RoundsDicomwebClient *self, GBytes *const *instances, const char *const *uids, guint n,
                       RoundsStowResult *results, int *status, gint64 *retry_after_us, GCancellable *cancellable,
                       GError **error)
{
  g_autofree char *boundary = rounds_multipart_make_boundary (instances, n);
  g_autofree char *type =
    g_strdup_printf ("Content-Type: multipart/related; type=\"application/dicom\"; boundary=%s", boundary);
  const char *headers[] = { "Accept: application/dicom+json", type, NULL };
  g_autoptr (GBytes) body = make_body (instances, n, boundary);
  RoundsHttpRequest request = { .method = "POST", .url = "studies", .headers = headers, .body = body };
  g_auto (RoundsHttpAnswer) answer = { 0 };
  g_autoptr (json_object) json = NULL;
  gconstpointer text;
  gsize size;

  if (!rounds_http_send (self->http, &request, &answer, cancellable, error))
    return FALSE;
  if (answer.status == 401 || answer.status == 403 || answer.status == 429)
    return status_error (&answer, error);
  memset (results, 0, n * sizeof *results);
  *status = answer.status;
  *retry_after_us = answer.retry_after_us;
  text = g_bytes_get_data (answer.body, &size);
  /* Also a 400 or 409 may have stored some: its lists count, not its status. */
  json = size > 0 ? rounds_json_parse (text, size, NULL) : NULL;
  read_results (json, "00081199", TRUE, uids, n, results);
  read_results (json, "00081198", FALSE, uids, n, results);
  return TRUE;
}

/* --- comparing ------------------------------------------------------------------------------------ */

/* Where the data set begins: after the preamble and group 2, whose first element tells its length (PS3.10 7.1). */
static gsize
dataset_offset (const guint8 *data, gsize size)
{
  gsize length;

  if (size < 144 || memcmp (data + 128, "DICM", 4) != 0)
    return 0;
  if (memcmp (data + 132, "\x02\x00\x00\x00UL\x04\x00", 8) != 0)
    return 132;
  length = data[140] | data[141] << 8 | data[142] << 16 | (gsize) data[143] << 24;
  return length <= size - 144 ? 144 + length : 132;
}

gboolean
rounds_dicomweb_same_dataset (GBytes *a, GBytes *b)
{
  gsize na, nb, oa, ob;
  const guint8 *da = g_bytes_get_data (a, &na);
  const guint8 *db = g_bytes_get_data (b, &nb);

  oa = dataset_offset (da, na);
  ob = dataset_offset (db, nb);
  return na - oa == nb - ob && memcmp (da + oa, db + ob, na - oa) == 0;
}
