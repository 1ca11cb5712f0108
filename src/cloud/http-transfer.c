/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One request on its way: pieces of the body out, head and pieces of the answer in, everything counted.
 *
 * What decides between "did not arrive" and "may have arrived" is whether curl had a connection to the server to
 * write to: everything after that is INTERRUPTED, and the caller reads back. A proxy that refuses is no such
 * connection. */

#include "cloud/http-transfer.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/instant.h"
#include "cloud/url.h"

#define MAX_ERROR_BODY (1024 * 1024)
#define MAX_RETRY_AFTER_US ((gint64) 24 * 3600 * G_USEC_PER_SEC)
#define MAX_HEADER_LINES 256

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
  RoundsTransfer *transfer = user_data;
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
  RoundsTransfer *transfer = user_data;
  gsize length = size * n, limit;
  gboolean to_sink;
  long status = 0;

  curl_easy_getinfo (transfer->easy, CURLINFO_RESPONSE_CODE, &status);
  transfer->answer.status = (int) status;
  to_sink = transfer->request->sink != NULL && status >= 200 && status < 300;
  limit = to_sink || status < 400 ? transfer->max_bytes : MIN (transfer->max_bytes, MAX_ERROR_BODY);
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

/* The body is given piece by piece and cannot be rewound, on purpose: on a connection that was used before, curl
 * would send a request again by itself when the answer got lost, and nobody would have looked whether the first
 * one had arrived. */
static size_t
read_cb (char *buffer, size_t size, size_t n, void *user_data)
{
  RoundsTransfer *transfer = user_data;
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
  RoundsTransfer *transfer = user_data;

  /* What comes over the wire, still packed. */
  if ((guint64) now > transfer->max_bytes + MAX_ERROR_BODY)
    {
      transfer->too_large = TRUE;
      return 1;
    }
  return g_cancellable_is_cancelled (transfer->cancellable);
}

void
rounds_transfer_begin (RoundsTransfer *self, CURL *easy, const RoundsHttpRequest *request, GCancellable *cancellable)
{
  *self = (RoundsTransfer) { .request = request, .easy = easy, .cancellable = cancellable };
  self->max_bytes = request->max_bytes > 0 ? request->max_bytes : ROUNDS_HTTP_MAX_BYTES;
  self->body = g_byte_array_new ();
  if (request->body != NULL || g_strcmp0 (request->method, "PUT") == 0 || g_strcmp0 (request->method, "POST") == 0)
    {
      curl_easy_setopt (easy, CURLOPT_POST, 1L);
      curl_easy_setopt (easy, CURLOPT_POSTFIELDSIZE_LARGE,
                        (curl_off_t) (request->body != NULL ? g_bytes_get_size (request->body) : 0));
      curl_easy_setopt (easy, CURLOPT_READFUNCTION, read_cb);
      curl_easy_setopt (easy, CURLOPT_READDATA, self);
    }
  curl_easy_setopt (easy, CURLOPT_CUSTOMREQUEST, request->method);
  curl_easy_setopt (easy, CURLOPT_TIMEOUT, (long) request->max_seconds);
  curl_easy_setopt (easy, CURLOPT_FRESH_CONNECT, request->fresh ? 1L : 0L);
  curl_easy_setopt (easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt (easy, CURLOPT_HEADERFUNCTION, header_cb);
  curl_easy_setopt (easy, CURLOPT_HEADERDATA, self);
  curl_easy_setopt (easy, CURLOPT_WRITEFUNCTION, write_cb);
  curl_easy_setopt (easy, CURLOPT_WRITEDATA, self);
  curl_easy_setopt (easy, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt (easy, CURLOPT_XFERINFOFUNCTION, progress_cb);
  curl_easy_setopt (easy, CURLOPT_XFERINFODATA, self);
}

/* --- what became of it ----------------------------------------------------------------------------- */

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
    case CURLE_SSL_CLIENTCERT:
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

gboolean
rounds_transfer_end (RoundsTransfer *self, const char *url, CURLcode code, RoundsHttpAnswer *out, GError **error)
{
  long status = 0, request_size = 0;
  gboolean ok = FALSE;

  curl_easy_getinfo (self->easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo (self->easy, CURLINFO_REQUEST_SIZE, &request_size);   /* not counting what a proxy is told */
  if (self->error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->error));
  else if (code != CURLE_OK && self->too_large)
    {
      g_autofree char *host = rounds_url_display (url);

      g_set_error (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_LIMIT, _("The answer of %s is too large"), host);
    }
  else if (code != CURLE_OK && g_cancellable_set_error_if_cancelled (self->cancellable, error))
    ;
  else if (code != CURLE_OK)
    set_transfer_error (url, code, request_size > 0 || status > 0, error);
  else if (status >= 300 && status < 400)
    g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_REFUSED,
                         _("The cloud wants to send us to another address; that is not followed"));
  else
    {
      self->answer.status = (int) status;
      self->answer.retry_after_us = read_retry_after (self->retry_after, self->answer.date_us);
      self->answer.body = g_byte_array_free_to_bytes (g_steal_pointer (&self->body));
      *out = self->answer;
      memset (&self->answer, 0, sizeof self->answer);
      ok = TRUE;
    }
  g_clear_pointer (&self->body, g_byte_array_unref);
  g_clear_pointer (&self->retry_after, g_free);
  rounds_http_answer_clear (&self->answer);
  return ok;
}
