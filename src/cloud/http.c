/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HTTP over libcurl.
 *
 * A multi handle with one transfer in it: that costs nothing over an easy handle, keeps connections alive
 * between requests, and lets a cancellation end a transfer at once instead of at the next byte. What decides
 * between "did not arrive" and "may have arrived" is whether curl had a connection to write to: everything
 * after that is INTERRUPTED, and the caller reads back. */

#include "cloud/http.h"

#include <curl/curl.h>
#include <glib/gi18n-lib.h>
#include <sodium.h>
#include <string.h>

#include "base/instant.h"
#include "cloud/url.h"

#define CONNECT_SECONDS 15
#define MAX_ERROR_BODY (1024 * 1024)
#define MAX_RETRY_AFTER_US ((gint64) 24 * 3600 * G_USEC_PER_SEC)
#define MAX_HEADER_LINES 256

struct _RoundsHttp {
  char *base;
  RoundsAuth *auth;
  char *ca_file;
  char *ca_pem;
  char *pins;
  char *cert_pem;
  RoundsSecret *key_pem;
  guint patience_s;

  GMutex lock;   /* held during a transfer; guards what follows */
  CURLM *multi;
  CURL *easy;
};

/* One transfer. */
typedef struct {
  const RoundsHttpRequest *request;
  RoundsHttpAnswer answer;
  GByteArray *body;
  gsize max_bytes;
  gsize received;          /* unpacked */
  guint header_lines;
  char *retry_after;
  gboolean too_large;
  gsize sent;              /* bytes of the request's body given to curl */
  GCancellable *cancellable;
  GError *error;           /* of the sink */
} Transfer;

static void
ensure_curl (void)
{
  static gsize ready = 0;

  if (g_once_init_enter (&ready))
    {
      curl_global_init (CURL_GLOBAL_DEFAULT);
      g_once_init_leave (&ready, 1);
    }
}

RoundsHttp *
rounds_http_new (const char *base, RoundsAuth *auth)
{
  RoundsHttp *self;

  g_return_val_if_fail (base != NULL && auth != NULL, NULL);

  ensure_curl ();
  self = g_new0 (RoundsHttp, 1);
  self->base = g_strdup (base);
  self->auth = rounds_auth_ref (auth);
  self->patience_s = 60;
  g_mutex_init (&self->lock);
  self->multi = curl_multi_init ();
  self->easy = curl_easy_init ();
  if (self->multi == NULL || self->easy == NULL)
    g_error ("libcurl cannot be started");
  return self;
}

void
rounds_http_free (RoundsHttp *self)
{
  if (self == NULL)
    return;
  curl_easy_cleanup (self->easy);
  curl_multi_cleanup (self->multi);
  g_mutex_clear (&self->lock);
  rounds_auth_unref (self->auth);
  g_free (self->base);
  g_free (self->ca_file);
  g_free (self->ca_pem);
  g_free (self->pins);
  g_free (self->cert_pem);
  g_clear_pointer (&self->key_pem, rounds_secret_unref);
  g_free (self);
}

const char *
rounds_http_get_base (RoundsHttp *self)
{
  return self->base;
}

void
rounds_http_set_ca_file (RoundsHttp *self, const char *path)
{
  g_free (self->ca_file);
  self->ca_file = g_strdup (path);
}

/* "Further" authorities: where libcurl was built with one file of the system's instead of a folder, an own list
 * would take its place, so that file is put before it. */
void
rounds_http_set_ca_pem (RoundsHttp *self, const char *pem)
{
  const curl_version_info_data *info = curl_version_info (CURLVERSION_NOW);
  g_autofree char *system = NULL;

  g_clear_pointer (&self->ca_pem, g_free);
  if (pem == NULL)
    return;
  if (info->capath == NULL && info->cainfo != NULL)
    g_file_get_contents (info->cainfo, &system, NULL, NULL);
  self->ca_pem = g_strconcat (system != NULL ? system : "", system != NULL ? "\n" : "", pem, NULL);
}

void
rounds_http_set_client (RoundsHttp *self, const char *cert_pem, RoundsSecret *key_pem)
{
  g_return_if_fail ((cert_pem == NULL) == (key_pem == NULL));

  g_free (self->cert_pem);
  g_clear_pointer (&self->key_pem, rounds_secret_unref);
  self->cert_pem = g_strdup (cert_pem);
  self->key_pem = key_pem != NULL ? rounds_secret_ref (key_pem) : NULL;
}

void
rounds_http_set_pins (RoundsHttp *self, const char *pins)
{
  g_free (self->pins);
  self->pins = g_strdup (pins);
}

void
rounds_http_set_patience (RoundsHttp *self, guint seconds)
{
  self->patience_s = MAX (seconds, 1);
}

void
rounds_http_answer_clear (RoundsHttpAnswer *self)
{
  g_clear_pointer (&self->body, g_bytes_unref);
  g_clear_pointer (&self->content_type, g_free);
  g_clear_pointer (&self->etag, g_free);
  g_clear_pointer (&self->location, g_free);
}

/* --- what curl calls ---------------------------------------------------------------------------- */

static void
take_header (char **field, const char *value)
{
  g_free (*field);
  *field = g_strdup (value);
}

static size_t
header_cb (char *data, size_t size, size_t n, void *user_data)
{
  Transfer *transfer = user_data;
  gsize length = size * n;
  g_autofree char *line = g_strstrip (g_strndup (data, length));
  char *value;

  if (++transfer->header_lines > MAX_HEADER_LINES)
    {
      transfer->too_large = TRUE;
      return 0;
    }
  if (g_str_has_prefix (line, "HTTP/"))
    {
      /* A new head: that of 100 Continue is not the answer's. */
      rounds_http_answer_clear (&transfer->answer);
      transfer->answer.date_us = 0;
      g_clear_pointer (&transfer->retry_after, g_free);
      return length;
    }
  value = strchr (line, ':');
  if (value == NULL || !g_utf8_validate (line, -1, NULL))
    return length;
  *value++ = '\0';
  value = g_strstrip (value);
  if (g_ascii_strcasecmp (line, "etag") == 0)
    take_header (&transfer->answer.etag, value);
  else if (g_ascii_strcasecmp (line, "location") == 0)
    take_header (&transfer->answer.location, value);
  else if (g_ascii_strcasecmp (line, "content-type") == 0)
    take_header (&transfer->answer.content_type, value);
  else if (g_ascii_strcasecmp (line, "retry-after") == 0)
    take_header (&transfer->retry_after, value);
  else if (g_ascii_strcasecmp (line, "date") == 0)
    {
      time_t when = curl_getdate (value, NULL);

      transfer->answer.date_us = when > 0 ? (gint64) when * G_USEC_PER_SEC : 0;
    }
  return length;
}

static size_t
write_cb (char *data, size_t size, size_t n, void *user_data)
{
  Transfer *transfer = user_data;
  gsize length = size * n;
  long status = transfer->answer.status;
  gboolean to_sink = transfer->request->sink != NULL && status >= 200 && status < 300;
  gsize limit = to_sink || status < 400 ? transfer->max_bytes : MIN (transfer->max_bytes, MAX_ERROR_BODY);

  if (length > limit - MIN (limit, transfer->received))
    {
      transfer->too_large = TRUE;
      return CURL_WRITEFUNC_ERROR;
    }
  transfer->received += length;
  if (!to_sink)
    g_byte_array_append (transfer->body, (const guint8 *) data, length);
  else if (!transfer->request->sink (&transfer->answer, (const guint8 *) data, length,
                                     transfer->request->sink_data, &transfer->error))
    return CURL_WRITEFUNC_ERROR;
  return length;
}

/* curl's own write callback does not know the status; this keeps it beside. */
typedef struct {
  Transfer *transfer;
  CURL *easy;
} WriteContext;

static size_t
write_with_status_cb (char *data, size_t size, size_t n, void *user_data)
{
  WriteContext *context = user_data;
  long status = 0;

  curl_easy_getinfo (context->easy, CURLINFO_RESPONSE_CODE, &status);
  context->transfer->answer.status = (int) status;
  return write_cb (data, size, n, context->transfer);
}

/* The body is given piece by piece and cannot be rewound, on purpose: on a connection that was used before, curl
 * would send a request again by itself when the answer got lost, and nobody would have looked whether the first
 * one had arrived. */
static size_t
read_cb (char *buffer, size_t size, size_t n, void *user_data)
{
  Transfer *transfer = user_data;
  gsize total = 0;
  const guint8 *data = transfer->request->body != NULL ? g_bytes_get_data (transfer->request->body, &total) : NULL;
  gsize length = MIN (size * n, total - transfer->sent);

  if (length > 0)
    memcpy (buffer, data + transfer->sent, length);
  transfer->sent += length;
  return length;
}

static int
progress_cb (void *user_data, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
  Transfer *transfer = user_data;

  /* What comes over the wire, still packed. */
  if ((guint64) now > transfer->max_bytes + MAX_ERROR_BODY)
    {
      transfer->too_large = TRUE;
      return 1;
    }
  return g_cancellable_is_cancelled (transfer->cancellable);
}

/* --- one transfer -------------------------------------------------------------------------------- */

static struct curl_slist *
make_headers (const RoundsHttpRequest *request, RoundsSecret *authorization)
{
  struct curl_slist *list = NULL;
  guint i;

  for (i = 0; request->headers != NULL && request->headers[i] != NULL; i++)
    list = curl_slist_append (list, request->headers[i]);
  list = curl_slist_append (list, "Expect:");
  if (authorization != NULL)
    list = curl_slist_append (list, (const char *) rounds_secret_get (authorization, NULL));
  return list;
}

static void
free_headers (struct curl_slist *list)
{
  struct curl_slist *item;

  for (item = list; item != NULL; item = item->next)
    sodium_memzero (item->data, strlen (item->data));
  curl_slist_free_all (list);
}

static void
set_blob (CURL *easy, CURLoption option, const void *bytes, gsize size)
{
  struct curl_blob blob = { .data = (void *) bytes, .len = size, .flags = CURL_BLOB_NOCOPY };

  curl_easy_setopt (easy, option, &blob);
}

static void
set_up_trust (RoundsHttp *self)
{
  CURL *easy = self->easy;

  curl_easy_setopt (easy, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt (easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt (easy, CURLOPT_SSL_VERIFYHOST, 2L);
  if (self->ca_pem != NULL)
    set_blob (easy, CURLOPT_CAINFO_BLOB, self->ca_pem, strlen (self->ca_pem));
  else if (self->ca_file != NULL)
    curl_easy_setopt (easy, CURLOPT_CAINFO, self->ca_file);
  if (self->pins != NULL)
    curl_easy_setopt (easy, CURLOPT_PINNEDPUBLICKEY, self->pins);
  if (self->cert_pem != NULL)
    {
      gsize size;
      const guint8 *key = rounds_secret_get (self->key_pem, &size);

      set_blob (easy, CURLOPT_SSLCERT_BLOB, self->cert_pem, strlen (self->cert_pem));
      set_blob (easy, CURLOPT_SSLKEY_BLOB, key, size);
      curl_easy_setopt (easy, CURLOPT_SSLCERTTYPE, "PEM");
      curl_easy_setopt (easy, CURLOPT_SSLKEYTYPE, "PEM");
      /* Without one, OpenSSL would ask on the terminal for the passphrase of a key that has one. */
      curl_easy_setopt (easy, CURLOPT_KEYPASSWD, "");
    }
}

static void
set_up (RoundsHttp *self, const char *url, const RoundsHttpRequest *request, Transfer *transfer,
        WriteContext *context, struct curl_slist *headers)
{
  CURL *easy = self->easy;
  gboolean plain = g_ascii_strncasecmp (url, "http://", 7) == 0;

  curl_easy_reset (easy);
  curl_easy_setopt (easy, CURLOPT_URL, url);
  curl_easy_setopt (easy, CURLOPT_PROTOCOLS_STR, plain ? "http" : "https");
  curl_easy_setopt (easy, CURLOPT_FOLLOWLOCATION, 0L);
  set_up_trust (self);
  if (plain)
    curl_easy_setopt (easy, CURLOPT_NOPROXY, "*");   /* what is for this computer never leaves it */
  curl_easy_setopt (easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt (easy, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt (easy, CURLOPT_USERAGENT, "Rounds/" ROUNDS_VERSION);
  curl_easy_setopt (easy, CURLOPT_CONNECTTIMEOUT, (long) MIN (CONNECT_SECONDS, self->patience_s));
  curl_easy_setopt (easy, CURLOPT_LOW_SPEED_LIMIT, 64L);
  curl_easy_setopt (easy, CURLOPT_LOW_SPEED_TIME, (long) self->patience_s);
  curl_easy_setopt (easy, CURLOPT_FRESH_CONNECT, request->fresh ? 1L : 0L);
  if (request->body != NULL || g_strcmp0 (request->method, "PUT") == 0 || g_strcmp0 (request->method, "POST") == 0)
    {
      curl_easy_setopt (easy, CURLOPT_POST, 1L);
      curl_easy_setopt (easy, CURLOPT_POSTFIELDSIZE_LARGE,
                        (curl_off_t) (request->body != NULL ? g_bytes_get_size (request->body) : 0));
      curl_easy_setopt (easy, CURLOPT_READFUNCTION, read_cb);
      curl_easy_setopt (easy, CURLOPT_READDATA, transfer);
    }
  curl_easy_setopt (easy, CURLOPT_CUSTOMREQUEST, request->method);
  curl_easy_setopt (easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt (easy, CURLOPT_HEADERFUNCTION, header_cb);
  curl_easy_setopt (easy, CURLOPT_HEADERDATA, transfer);
  curl_easy_setopt (easy, CURLOPT_WRITEFUNCTION, write_with_status_cb);
  curl_easy_setopt (easy, CURLOPT_WRITEDATA, context);
  curl_easy_setopt (easy, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt (easy, CURLOPT_XFERINFOFUNCTION, progress_cb);
  curl_easy_setopt (easy, CURLOPT_XFERINFODATA, transfer);
}

static void
cancelled_cb (GCancellable *cancellable, gpointer user_data)
{
  curl_multi_wakeup (user_data);
}

static CURLcode
drive (RoundsHttp *self, GCancellable *cancellable)
{
  CURLcode result = CURLE_FAILED_INIT;
  int running = 1;
  gulong handler = 0;

  if (curl_multi_add_handle (self->multi, self->easy) != CURLM_OK)
    return result;
  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb), self->multi, NULL);
  result = CURLE_ABORTED_BY_CALLBACK;
  while (!g_cancellable_is_cancelled (cancellable))
    {
      CURLMsg *message;
      int left;

      if (curl_multi_perform (self->multi, &running) != CURLM_OK)
        {
          result = CURLE_FAILED_INIT;
          break;
        }
      message = curl_multi_info_read (self->multi, &left);
      if (message != NULL && message->msg == CURLMSG_DONE)
        {
          result = message->data.result;
          break;
        }
      curl_multi_poll (self->multi, NULL, 0, 1000, NULL);
    }
  if (cancellable != NULL)
    g_cancellable_disconnect (cancellable, handler);
  curl_multi_remove_handle (self->multi, self->easy);
  return result;
}

static void
set_transfer_error (const char *url, CURLcode code, gboolean sent, GError **error)
{
  g_autofree char *host = rounds_url_display (url);

  if (code == CURLE_SEND_FAIL_REWIND)
    {
      sent = TRUE;                 /* see read_cb */
      code = CURLE_GOT_NOTHING;
    }
  switch (code)
    {
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_USE_SSL_FAILED:
      g_set_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_TLS, _("%s cannot be trusted: %s"), host,
                   curl_easy_strerror (code));
      return;
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_HTTP2:
      g_set_error (error, ROUNDS_CLOUD_ERROR, sent ? ROUNDS_CLOUD_ERROR_INTERRUPTED : ROUNDS_CLOUD_ERROR_PROTOCOL,
                   _("%s answered in a way that cannot be read"), host);
      return;
    default:
      g_set_error (error, ROUNDS_CLOUD_ERROR,
                   sent ? ROUNDS_CLOUD_ERROR_INTERRUPTED : ROUNDS_CLOUD_ERROR_UNREACHABLE,
                   sent ? _("The connection to %s broke: %s") : _("%s cannot be reached: %s"), host,
                   curl_easy_strerror (code));
    }
}

static gint64
read_retry_after (const char *value, gint64 server_now_us)
{
  gint64 wait_us;
  char *end;

  if (value == NULL)
    return -1;
  if (g_ascii_isdigit (*value))
    {
      guint64 seconds = g_ascii_strtoull (value, &end, 10);

      if (*end != '\0')
        return -1;
      wait_us = (gint64) MIN (seconds, (guint64) 24 * 3600) * G_USEC_PER_SEC;
    }
  else
    {
      time_t when = curl_getdate (value, NULL);

      if (when <= 0)
        return -1;
      /* Against the server's own clock: ours may be years off. */
      wait_us = (gint64) when * G_USEC_PER_SEC - (server_now_us > 0 ? server_now_us : rounds_instant_now_us ());
    }
  return CLAMP (wait_us, 0, MAX_RETRY_AFTER_US);
}

static gboolean
send_once (RoundsHttp *self, const char *url, const RoundsHttpRequest *request, RoundsHttpAnswer *out,
           GCancellable *cancellable, GError **error)
{
  g_autoptr (RoundsSecret) authorization = NULL;
  Transfer transfer = { .request = request, .cancellable = cancellable };
  WriteContext context = { &transfer, self->easy };
  struct curl_slist *headers;
  GError *auth_error = NULL;
  CURLcode code;
  long status = 0, request_size = 0;
  gboolean ok = FALSE;

  authorization = rounds_auth_dup_header (self->auth, cancellable, &auth_error);
  if (auth_error != NULL)
    {
      g_propagate_error (error, auth_error);
      return FALSE;
    }
  transfer.max_bytes = request->max_bytes > 0 ? request->max_bytes : ROUNDS_HTTP_MAX_BYTES;
  transfer.body = g_byte_array_new ();
  headers = make_headers (request, authorization);
  set_up (self, url, request, &transfer, &context, headers);
  code = drive (self, cancellable);
  curl_easy_getinfo (self->easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo (self->easy, CURLINFO_REQUEST_SIZE, &request_size);
  curl_easy_setopt (self->easy, CURLOPT_HTTPHEADER, NULL);
  free_headers (headers);
  if (code != CURLE_OK)
    {
      /* A handle that failed to rewind goes on failing; connections are the multi handle's and stay. */
      curl_easy_cleanup (self->easy);
      self->easy = curl_easy_init ();
      if (self->easy == NULL)
        g_error ("libcurl cannot be started");
    }

  if (transfer.error != NULL)
    g_propagate_error (error, g_steal_pointer (&transfer.error));
  else if (code != CURLE_OK && transfer.too_large)
    {
      g_autofree char *host = rounds_url_display (url);

      g_set_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_LIMIT, _("The answer of %s is too large"), host);
    }
  else if (code != CURLE_OK && g_cancellable_set_error_if_cancelled (cancellable, error))
    ;
  else if (code != CURLE_OK)
    set_transfer_error (url, code, request_size > 0 || status > 0, error);
  else if (status >= 300 && status < 400)
    g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_REFUSED,
                         _("The cloud wants to send us to another address; that is not followed"));
  else
    {
      transfer.answer.status = (int) status;
      transfer.answer.retry_after_us = read_retry_after (transfer.retry_after, transfer.answer.date_us);
      transfer.answer.body = g_byte_array_free_to_bytes (g_steal_pointer (&transfer.body));
      *out = transfer.answer;
      memset (&transfer.answer, 0, sizeof transfer.answer);
      ok = TRUE;
    }
  g_clear_pointer (&transfer.body, g_byte_array_unref);
  g_clear_pointer (&transfer.retry_after, g_free);
  rounds_http_answer_clear (&transfer.answer);
  return ok;
}

/* nginx tells of a missing, expired or foreign client certificate by an HTML page with status 400, where 400 in
 * FHIR would mean that the record is bad. */
static gboolean
is_about_certificate (const char *url, const RoundsHttpAnswer *answer)
{
  gsize size;
  const char *text = g_bytes_get_data (answer->body, &size);

  if ((answer->status != 400 && answer->status != 495 && answer->status != 496) ||
      g_ascii_strncasecmp (url, "https:", 6) != 0 || answer->content_type == NULL ||
      g_ascii_strncasecmp (answer->content_type, "text/html", 9) != 0)
    return FALSE;
  return text != NULL && g_strstr_len (text, size, "SSL certificate") != NULL;
}

gboolean
rounds_http_send (RoundsHttp *self, const RoundsHttpRequest *request, RoundsHttpAnswer *out,
                  GCancellable *cancellable, GError **error)
{
  g_autofree char *url = NULL;
  RoundsHttpAnswer answer = { 0 };
  gboolean ok;

  g_return_val_if_fail (self != NULL && request != NULL && out != NULL, FALSE);

  url = rounds_url_resolve (self->base, request->url, error);
  if (url == NULL || g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  g_mutex_lock (&self->lock);
  ok = send_once (self, url, request, &answer, cancellable, error);
  if (ok && answer.status == 401)
    {
      g_autoptr (GError) local = NULL;
      gboolean again = rounds_auth_refresh (self->auth, cancellable, &local);

      if (again || local != NULL)
        {
          rounds_http_answer_clear (&answer);
          memset (&answer, 0, sizeof answer);
        }
      if (local != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          ok = FALSE;
        }
      else if (again)
        ok = send_once (self, url, request, &answer, cancellable, error);
    }
  g_mutex_unlock (&self->lock);
  if (ok && is_about_certificate (url, &answer))
    {
      g_autofree char *host = rounds_url_display (url);

      rounds_http_answer_clear (&answer);
      g_set_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_TLS,
                   _("%s does not take the certificate of this installation"), host);
      return FALSE;
    }
  if (ok)
    *out = answer;
  return ok;
}
