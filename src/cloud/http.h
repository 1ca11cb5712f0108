/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>
#include "cloud/auth.h"
#include "cloud/error.h"

G_BEGIN_DECLS

#define ROUNDS_HTTP_MAX_BYTES (64 * 1024 * 1024)

/* Requests to one origin under the rules of the design of safety: https (http to loopback alone), TLS ≥ 1.2
 * with peer and host verified, no redirect followed, every answer bounded both as it comes and unpacked, slow
 * peers given up, credentials sent to that origin only. Nothing of a body is ever logged.
 *
 * Every call blocks: worker threads only. One request at a time per object; a second thread waits. */
typedef struct _RoundsHttp RoundsHttp;

/* base as from rounds_url_normalise_base. Takes a reference to auth. */
RoundsHttp *rounds_http_new (const char *base, RoundsAuth *auth);
void rounds_http_free (RoundsHttp *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsHttp, rounds_http_free)

const char *rounds_http_get_base (RoundsHttp *self);
/* A file with further certificate authorities, or NULL for the system's alone. */
void rounds_http_set_ca_file (RoundsHttp *self, const char *path);
/* The same as PEM text. NULL = none. */
void rounds_http_set_ca_pem (RoundsHttp *self, const char *pem);
/* Proves this installation (mutual TLS): a PEM chain and its private key, which never lies on disk in the clear.
 * NULL = none. Takes a reference to the key. */
void rounds_http_set_client (RoundsHttp *self, const char *cert_pem, RoundsSecret *key_pem);
/* "sha256//BASE64;sha256//BASE64" (RFC 7469 form): the server's key must be one of them. NULL = none. */
void rounds_http_set_pins (RoundsHttp *self, const char *pins);
/* How long a connection may stand still, 60 s unless told. */
void rounds_http_set_patience (RoundsHttp *self, guint seconds);

typedef struct {
  int status;
  GBytes *body;               /* never NULL; empty when it went to a sink */
  char *content_type;         /* or NULL */
  char *etag;                 /* as it came, or NULL */
  char *location;             /* as it came, or NULL */
  gint64 date_us;             /* the server's clock; 0 = not said */
  gint64 retry_after_us;      /* how long to wait from now; −1 = not said */
} RoundsHttpAnswer;
void rounds_http_answer_clear (RoundsHttpAnswer *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RoundsHttpAnswer, rounds_http_answer_clear)

/* Takes a piece of the body of a 2xx answer; head has all but the body. FALSE with error ends the transfer. */
typedef gboolean (*RoundsHttpSink) (const RoundsHttpAnswer *head, const guint8 *data, gsize size, gpointer user_data,
                                    GError **error);

typedef struct {
  const char *method;             /* "GET", "PUT", "POST", "DELETE" */
  const char *url;                /* relative to the base, or absolute on the same origin */
  const char *const *headers;     /* "Name: value", NULL-terminated, or NULL */
  GBytes *body;                   /* or NULL */
  gsize max_bytes;                /* of the unpacked answer; 0 = ROUNDS_HTTP_MAX_BYTES */
  guint max_seconds;              /* for all of it, however lively the server; 0 = no such bound */
  gboolean fresh;                 /* on a new connection: curl must not repeat it by itself */
  RoundsHttpSink sink;            /* or NULL */
  gpointer sink_data;
} RoundsHttpRequest;

/* TRUE when an answer came, whatever its status; out is then filled (clear it). FALSE with UNREACHABLE,
 * INTERRUPTED, TLS, LIMIT, REFUSED (also for 3xx), or G_IO_ERROR_CANCELLED, or the sink's or the auth's error. 401
 * asks the auth for something new once. */
gboolean rounds_http_send (RoundsHttp *self, const RoundsHttpRequest *request, RoundsHttpAnswer *out,
                           GCancellable *cancellable, GError **error);

G_END_DECLS
