/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The address of a service in the one form that the rest works with: "https://host[:port]/path/" with a slash
 * at its end. Only https, or http to a loopback address; no user name, query or fragment. Caller frees; NULL
 * with ADDRESS. Any thread. */
char *rounds_url_normalise_base (const char *text, GError **error);

/* Whether an address that a server gave may be asked or opened: https, or http to a loopback address; no user
 * name, no fragment; a query is allowed (RFC 6749 §3.1). FALSE with REFUSED. */
gboolean rounds_url_check_endpoint (const char *url, GError **error);
/* "https://host[:port]/" of such an address. Caller frees; NULL with REFUSED. */
char *rounds_url_origin (const char *url, GError **error);

/* TRUE for an address on this computer: localhost, 127.0.0.0/8, ::1. */
gboolean rounds_url_is_loopback (const char *url);

/* TRUE when both have the same scheme, host and port (RFC 6454). FALSE when either cannot be read. */
gboolean rounds_url_same_origin (const char *a, const char *b);

/* reference (absolute, or relative to a normalised base) as an absolute address, or NULL with REFUSED when it
 * lies on another origin. Caller frees. */
char *rounds_url_resolve (const char *base, const char *reference, GError **error);

/* "host:port" for messages: no path, which may hold ids. Caller frees; never NULL. */
char *rounds_url_display (const char *url);

/* One value of a query, escaped. Caller frees. */
char *rounds_url_escape (const char *value);

G_END_DECLS
