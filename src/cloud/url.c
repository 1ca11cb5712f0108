/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses of services and the rule that guards credentials: nothing is ever asked of an origin other than
 * the one that the user named, and nothing crosses a network in the clear. GUri does the parsing. */

#include "cloud/url.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "cloud/error.h"

#define MAX_URL 8192

static GUri *
parse (const char *text)
{
  if (text == NULL || strlen (text) > MAX_URL)
    return NULL;
  return g_uri_parse (text, G_URI_FLAGS_ENCODED | G_URI_FLAGS_PARSE_RELAXED, NULL);
}

static gboolean
is_loopback (const char *host)
{
  g_autoptr (GInetAddress) address = NULL;

  if (g_ascii_strcasecmp (host, "localhost") == 0)
    return TRUE;
  address = g_inet_address_new_from_string (host);
  return address != NULL && g_inet_address_get_is_loopback (address);
}

static int
port_of (GUri *uri)
{
  int port = g_uri_get_port (uri);

  if (port > 0)
    return port;
  return g_strcmp0 (g_uri_get_scheme (uri), "https") == 0 ? 443 : 80;
}

char *
rounds_url_normalise_base (const char *text, GError **error)
{
  g_autoptr (GUri) uri = parse (text);
  g_autofree char *plain = NULL;
  const char *scheme, *host;

  if (uri == NULL || (host = g_uri_get_host (uri)) == NULL || *host == '\0')
    {
      g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_ADDRESS,
                           _("That is no address of a cloud: it must be like https://host/path"));
      return NULL;
    }
  scheme = g_uri_get_scheme (uri);
  if (g_strcmp0 (scheme, "https") != 0 && !(g_strcmp0 (scheme, "http") == 0 && is_loopback (host)))
    {
      g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_ADDRESS,
                           _("The address must begin with https:// (http:// only for this computer itself)"));
      return NULL;
    }
  if (g_uri_get_userinfo (uri) != NULL || g_uri_get_query (uri) != NULL || g_uri_get_fragment (uri) != NULL)
    {
      g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_ADDRESS,
                           _("The address must hold no user name, no “?” and no “#”"));
      return NULL;
    }
  plain = g_uri_to_string (uri);
  return g_str_has_suffix (plain, "/") ? g_steal_pointer (&plain) : g_strconcat (plain, "/", NULL);
}

static GUri *
parse_endpoint (const char *url, GError **error)
{
  g_autoptr (GUri) uri = parse (url);
  const char *host = uri != NULL ? g_uri_get_host (uri) : NULL;
  const char *scheme = uri != NULL ? g_uri_get_scheme (uri) : NULL;
  const char *at;

  for (at = url != NULL ? url : ""; *at > 0x20 && *at < 0x7f; at++)
    ;
  if (host == NULL || *host == '\0' || *at != '\0' || g_uri_get_userinfo (uri) != NULL ||
      g_uri_get_fragment (uri) != NULL ||
      (g_strcmp0 (scheme, "https") != 0 && !(g_strcmp0 (scheme, "http") == 0 && is_loopback (host))))
    {
      g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_REFUSED,
                           _("The cloud names an address for signing in that is not safe to use"));
      return NULL;
    }
  return g_steal_pointer (&uri);
}

gboolean
rounds_url_check_endpoint (const char *url, GError **error)
{
  g_autoptr (GUri) uri = parse_endpoint (url, error);

  return uri != NULL;
}

char *
rounds_url_origin (const char *url, GError **error)
{
  g_autoptr (GUri) uri = parse_endpoint (url, error);

  if (uri == NULL)
    return NULL;
  return g_uri_join (G_URI_FLAGS_ENCODED, g_uri_get_scheme (uri), NULL, g_uri_get_host (uri), g_uri_get_port (uri),
                     "/", NULL, NULL);
}

gboolean
rounds_url_is_loopback (const char *url)
{
  g_autoptr (GUri) uri = parse (url);

  return uri != NULL && g_uri_get_host (uri) != NULL && is_loopback (g_uri_get_host (uri));
}

gboolean
rounds_url_same_origin (const char *a, const char *b)
{
  g_autoptr (GUri) ua = parse (a);
  g_autoptr (GUri) ub = parse (b);

  if (ua == NULL || ub == NULL || g_uri_get_host (ua) == NULL || g_uri_get_host (ub) == NULL)
    return FALSE;
  return g_strcmp0 (g_uri_get_scheme (ua), g_uri_get_scheme (ub)) == 0 &&
         g_ascii_strcasecmp (g_uri_get_host (ua), g_uri_get_host (ub)) == 0 && port_of (ua) == port_of (ub) &&
         g_uri_get_userinfo (ub) == NULL;
}

char *
rounds_url_resolve (const char *base, const char *reference, GError **error)
{
  g_autofree char *url = NULL;

  if (reference != NULL && strlen (reference) <= MAX_URL)
    url = g_uri_resolve_relative (base, reference, G_URI_FLAGS_ENCODED | G_URI_FLAGS_PARSE_RELAXED, NULL);
  if (url == NULL)
    {
      g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_PROTOCOL,
                           _("The cloud gave an address that cannot be read"));
      return NULL;
    }
  if (!rounds_url_same_origin (base, url))
    {
      g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_REFUSED,
                           _("The cloud points to another server; that is not followed"));
      return NULL;
    }
  return g_steal_pointer (&url);
}

char *
rounds_url_display (const char *url)
{
  g_autoptr (GUri) uri = parse (url);

  if (uri == NULL || g_uri_get_host (uri) == NULL)
    return g_strdup ("?");
  if (g_uri_get_port (uri) <= 0)
    return g_strdup (g_uri_get_host (uri));
  return g_strdup_printf ("%s:%d", g_uri_get_host (uri), g_uri_get_port (uri));
}

char *
rounds_url_escape (const char *value)
{
  return g_uri_escape_string (value, NULL, FALSE);
}
