/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HTTP over libcurl.
 *
 * A multi handle with one transfer in it: that costs nothing over an easy handle, keeps connections alive
 * between requests, and lets a cancellation end a transfer at once instead of at the next byte. Here is whom it
 * talks to and under which rules; what goes over the wire is http-transfer.c's. */

#include "cloud/http.h"

#include <glib/gi18n-lib.h>
#include <sodium.h>
#include <string.h>

#include "cloud/http-transfer.h"
#include "cloud/url.h"

#define CONNECT_SECONDS 15

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
set_up (RoundsHttp *self, const char *url, struct curl_slist *headers)
{
  CURL *easy = self->easy;

  curl_easy_reset (easy);
  curl_easy_setopt (easy, CURLOPT_URL, url);
  curl_easy_setopt (easy, CURLOPT_PROTOCOLS_STR, g_ascii_strncasecmp (url, "http://", 7) == 0 ? "http" : "https");
  curl_easy_setopt (easy, CURLOPT_FOLLOWLOCATION, 0L);
  set_up_trust (self);
  /* A proxy that the environment names carries TLS and sees the name of the host, no more; what is for this
   * computer never leaves it. */
  if (rounds_url_is_loopback (url))
    curl_easy_setopt (easy, CURLOPT_NOPROXY, "*");
  curl_easy_setopt (easy, CURLOPT_HEADEROPT, (long) CURLHEADER_SEPARATE);
  curl_easy_setopt (easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt (easy, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt (easy, CURLOPT_USERAGENT, "Rounds/" ROUNDS_VERSION);
  curl_easy_setopt (easy, CURLOPT_CONNECTTIMEOUT, (long) MIN (CONNECT_SECONDS, self->patience_s));
  curl_easy_setopt (easy, CURLOPT_LOW_SPEED_LIMIT, 64L);
  curl_easy_setopt (easy, CURLOPT_LOW_SPEED_TIME, (long) self->patience_s);
  curl_easy_setopt (easy, CURLOPT_HTTPHEADER, headers);
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

static gboolean
send_once (RoundsHttp *self, const char *url, const RoundsHttpRequest *request, RoundsHttpAnswer *out,
           GCancellable *cancellable, GError **error)
{
  g_autoptr (RoundsSecret) authorization = NULL;
  RoundsTransfer transfer;
  struct curl_slist *headers;
  GError *auth_error = NULL;
  CURLcode code;
  gboolean ok;

  authorization = rounds_auth_dup_header (self->auth, cancellable, &auth_error);
  if (auth_error != NULL)
    {
      g_propagate_error (error, auth_error);
      return FALSE;
    }
  headers = make_headers (request, authorization);
  set_up (self, url, headers);
  rounds_transfer_begin (&transfer, self->easy, request, cancellable);
  code = drive (self, cancellable);
  ok = rounds_transfer_end (&transfer, url, code, out, error);
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
