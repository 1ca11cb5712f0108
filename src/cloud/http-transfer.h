/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <curl/curl.h>

#include "cloud/http.h"

G_BEGIN_DECLS

/* One request on its way, for http.c alone: what curl calls while it runs, and what became of it. Lives from begin to
 * end; worker threads. */
typedef struct {
  const RoundsHttpRequest *request;
  CURL *easy;
  GCancellable *cancellable;
  RoundsHttpAnswer answer;
  GByteArray *body;
  gsize max_bytes;
  gsize received;          /* unpacked */
  guint header_lines;
  char *retry_after;
  gboolean too_large;
  gsize sent;              /* bytes of the request's body given to curl */
  GError *error;           /* of the sink */
} RoundsTransfer;

/* Sets easy up to give the request's body and to bring the answer here, under the bounds of request. */
void rounds_transfer_begin (RoundsTransfer *self, CURL *easy, const RoundsHttpRequest *request,
                            GCancellable *cancellable);
/* What curl_easy_perform() gave as code becomes an answer or an error, as rounds_http_send() has them. */
gboolean rounds_transfer_end (RoundsTransfer *self, const char *url, CURLcode code, RoundsHttpAnswer *out,
                              GError **error);

G_END_DECLS
