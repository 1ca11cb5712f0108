/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Passes every request on to the server and its answer back, with the server's own address replaced by ours, so
 * that links stay on the way. */

#include "cloud-proxy.h"

#include <stdlib.h>
#include <string.h>

static gboolean
is_write (const FaultRequest *request)
{
  if (strstr (request->path, "rounds-probe") != NULL || strstr (request->body, "Connection test of Rounds") != NULL ||
      g_str_equal (request->method, "GET"))
    return FALSE;
  return !g_str_equal (request->method, "POST") || strstr (request->body, "\"type\":\"batch\"") == NULL;
}

static char *
replace (const char *text, const char *from, const char *to)
{
  g_auto (GStrv) parts = g_strsplit (text, from, -1);

  return g_strjoinv (to, parts);
}

static void
give_back (CloudProxy *self, const RoundsHttpAnswer *got, FaultAnswer *answer)
{
  gsize size = g_bytes_get_size (got->body);
  g_autofree char *text = size > 0 ? g_strndup (g_bytes_get_data (got->body, NULL), size) : g_strdup ("");
  g_autofree char *body = replace (text, self->cloud->fhir, self->url);

  answer->status = got->status;
  g_string_assign (answer->body, body);
  if (got->content_type != NULL)
    g_string_append_printf (answer->headers, "Content-Type: %s\r\n", got->content_type);
  if (got->etag != NULL)
    g_string_append_printf (answer->headers, "ETag: %s\r\n", got->etag);
  if (got->location != NULL)
    {
      g_autofree char *location = replace (got->location, self->cloud->fhir, self->url);

      g_string_append_printf (answer->headers, "Location: %s\r\n", location);
    }
  if (got->date_us != 0)
    {
      g_autoptr (GDateTime) when = g_date_time_new_from_unix_utc (got->date_us / G_USEC_PER_SEC);
      g_autofree char *date = g_date_time_format (when, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n");

      g_string_append (answer->headers, date);
    }
}

static void
pass_on (const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  static const char *const names[] = { "accept", "content-type", "if-match", "if-none-exist", "prefer",
                                       "cache-control" };
  CloudProxy *self = data;
  g_autoptr (RoundsFhirClient) client = cloud_open_client (self->cloud);
  g_autoptr (GPtrArray) headers = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GBytes) body = NULL;
  g_auto (RoundsHttpAnswer) got = { 0 };
  g_autofree char *url = NULL;
  RoundsHttpRequest out = { .method = request->method };
  guint i;

  g_assert_true (g_str_has_prefix (request->path, "/fhir"));
  url = g_strconcat (self->cloud->fhir, g_str_has_suffix (self->cloud->fhir, "/") ? "" : "/",
                     request->path + strlen ("/fhir") + (request->path[5] == '/'), NULL);
  out.url = url;
  for (i = 0; i < G_N_ELEMENTS (names); i++)
    if (fault_request_header (request, names[i]) != NULL)
      g_ptr_array_add (headers, g_strdup_printf ("%s: %s", names[i], fault_request_header (request, names[i])));
  g_ptr_array_add (headers, NULL);
  out.headers = (const char *const *) headers->pdata;
  if (request->body_size > 0)
    {
      /* fullUrl of a transaction is the address that the client knows. */
      g_autofree char *text = replace (request->body, self->url, self->cloud->fhir);
      gsize size = strlen (text);

      body = g_bytes_new_take (g_steal_pointer (&text), size);
      out.body = body;
    }
  if (self->other_json != NULL && is_write (request))
    {
      g_autofree char *json = g_steal_pointer (&self->other_json);

      cloud_put (self->cloud, "Patient", self->other_id, json);
    }
  if (!rounds_http_send (rounds_fhir_client_get_http (client), &out, &got, NULL, NULL))
    {
      answer->drop = TRUE;
      return;
    }
  if (is_write (request))
    {
      self->n_writes++;
      if (self->n_drop > 0 && got.status / 100 == 2 && g_strcmp0 (self->drop_method, request->method) == 0)
        {
          self->n_drop--;
          self->n_dropped++;
          answer->drop = TRUE;
          return;
        }
    }
  give_back (self, &got, answer);
}

void
cloud_proxy_start (CloudProxy *self)
{
  g_assert_null (self->server);
  self->server = fault_server_new_at (self->port, pass_on, self);
  if (self->port == 0)
    {
      self->port = (guint16) atoi (strrchr (fault_server_get_origin (self->server), ':') + 1);
      self->url = g_strconcat (fault_server_get_origin (self->server), "/fhir",
                               g_str_has_suffix (self->cloud->fhir, "/") ? "/" : "", NULL);
    }
}

void
cloud_proxy_stop (CloudProxy *self)
{
  g_clear_pointer (&self->server, fault_server_free);
}

void
cloud_proxy_init (CloudProxy *self, const Cloud *cloud)
{
  memset (self, 0, sizeof *self);
  self->cloud = cloud;
  cloud_proxy_start (self);
}

void
cloud_proxy_clear (CloudProxy *self)
{
  cloud_proxy_stop (self);
  g_free (self->other_json);
  g_free (self->url);
}
