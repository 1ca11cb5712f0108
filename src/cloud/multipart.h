/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Reads a multipart body (RFC 2046 §5.1) as it comes, in pieces of any size. Nothing of a part is kept: its
 * bytes go to the caller. Bounded: header block 16 KiB, boundary 70 characters, 100,000 parts. One thread. */
typedef struct _RoundsMultipart RoundsMultipart;

/* headers of the part that begins: names in lower case → values, borrowed for the call. */
typedef gboolean (*RoundsMultipartBegin) (GHashTable *headers, gpointer user_data, GError **error);
typedef gboolean (*RoundsMultipartData) (const guint8 *data, gsize size, gpointer user_data, GError **error);
typedef gboolean (*RoundsMultipartEnd) (gpointer user_data, GError **error);

/* content_type: of the whole ("multipart/related; type=…; boundary=…", the boundary quoted or not). NULL with
 * PROTOCOL when it is no multipart type or has no usable boundary. */
RoundsMultipart *rounds_multipart_new (const char *content_type, RoundsMultipartBegin begin,
                                       RoundsMultipartData data, RoundsMultipartEnd end, gpointer user_data,
                                       GError **error);
void rounds_multipart_free (RoundsMultipart *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsMultipart, rounds_multipart_free)

/* FALSE with PROTOCOL, LIMIT or the callback's error; the parser is of no more use then. */
gboolean rounds_multipart_feed (RoundsMultipart *self, const guint8 *data, gsize size, GError **error);
/* The end of the body: FALSE with INTERRUPTED when the closing boundary has not come. */
gboolean rounds_multipart_finish (RoundsMultipart *self, GError **error);

/* The parameter of a header value: "type" in 'multipart/related; type="a/b"'. Caller frees; NULL = absent. */
char *rounds_header_parameter (const char *value, const char *name);

/* A boundary that is in none of the blobs. Caller frees. */
char *rounds_multipart_make_boundary (GBytes *const *blobs, guint n);

G_END_DECLS
