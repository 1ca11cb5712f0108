/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FHIR in memory: read, update, delete, search by _lastUpdated, history since, batch and transaction. What it
 * does not need to know (parameters, validation) it does not. */

#include "fhir-server.h"

#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "fhir/resource.h"

static void
resource_free (gpointer data)
{
  MiniResource *self = data;

  g_clear_pointer (&self->json, json_object_put);
  g_free (self);
}

MiniResource *
mini_get (MiniFhir *self, const char *type, const char *id)
{
  g_autofree char *key = g_strconcat (type, "/", id, NULL);

  return g_hash_table_lookup (self->resources, key);
}

static void
stamp (MiniResource *resource)
{
  g_autofree char *version = g_strdup_printf ("%d", resource->version);
  g_autofree char *when = rounds_instant_format_utc (resource->updated_us);
  json_object *meta = json_object_new_object ();

  json_object_object_add (meta, "versionId", json_object_new_string (version));
  json_object_object_add (meta, "lastUpdated", json_object_new_string (when));
  json_object_object_add (resource->json, "meta", meta);
}

void
mini_put (MiniFhir *self, const char *type, const char *id, const char *json)
{
  g_autofree char *key = g_strconcat (type, "/", id, NULL);
  MiniResource *resource = g_hash_table_lookup (self->resources, key);

  if (resource == NULL)
    {
      resource = g_new0 (MiniResource, 1);
      g_hash_table_insert (self->resources, g_steal_pointer (&key), resource);
    }
  g_clear_pointer (&resource->json, json_object_put);
  resource->version++;
  resource->updated_us = self->now_us;
  if (json != NULL)
    {
      resource->json = rounds_json_parse (json, -1, NULL);
      g_assert_nonnull (resource->json);
      stamp (resource);
    }
}

guint
mini_count (MiniFhir *self, const char *type)
{
  GHashTableIter iter;
  gpointer key, value;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->resources);
  while (g_hash_table_iter_next (&iter, &key, &value))
    n += g_str_has_prefix (key, type) && ((char *) key)[strlen (type)] == '/' && ((MiniResource *) value)->json != NULL;
  return n;
}

void
mini_outcome (FaultAnswer *answer, int status, const char *text)
{
  answer->status = status;
  g_string_printf (answer->body,
                   "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"error\",\"code\":\"invalid\","
                   "\"diagnostics\":\"%s\"}]}",
                   text);
}

/* --- one interaction -------------------------------------------------------------------------------- */

static void
give (MiniFhir *self, MiniResource *resource, FaultAnswer *answer)
{
  g_autofree char *text = rounds_json_print (resource->json);

  g_string_assign (answer->body, text);
  if (self->etag_form != NULL)
    {
      g_string_append (answer->headers, "ETag: ");
      g_string_append_printf (answer->headers, self->etag_form, resource->version);
      g_string_append (answer->headers, "\r\n");
    }
}

static int
match_version (const char *condition)
{
  return condition != NULL && strchr (condition, '"') != NULL ? atoi (strchr (condition, '"') + 1) : 0;
}

/* Whether a PUT may be done: HTTP status, 0 = yes. */
static int
check_put (MiniFhir *self, const char *type, const char *id, int if_match)
{
  MiniResource *resource = mini_get (self, type, id);

  if (if_match > 0 && !self->ignores_if_match && (resource == NULL || resource->version != if_match))
    return 412;
  return 0;
}

static void
interact (MiniFhir *self, const char *method, const char *type, const char *id, const char *body, int if_match,
          FaultAnswer *answer)
{
  MiniResource *resource = mini_get (self, type, id);
  int refused;

  if (g_str_equal (method, "GET"))
    {
      if (resource == NULL)
        mini_outcome (answer, 404, "not known");
      else if (resource->json == NULL)
        mini_outcome (answer, 410, "deleted");
      else
        give (self, resource, answer);
    }
  else if (g_str_equal (method, "DELETE"))
    {
      if (resource != NULL && resource->json != NULL)
        mini_put (self, type, id, NULL);
      answer->status = 204;
    }
  else if ((refused = check_put (self, type, id, if_match)) != 0)
    mini_outcome (answer, refused, "version conflict");
  else
    {
      answer->status = resource != NULL && resource->json != NULL ? 200 : 201;
      self->n_puts++;
      mini_put (self, type, id, body);
      give (self, mini_get (self, type, id), answer);
    }
}

/* --- lists -------------------------------------------------------------------------------------------- */

static int
compare_updated (gconstpointer a, gconstpointer b)
{
  const MiniResource *x = *(MiniResource *const *) a, *y = *(MiniResource *const *) b;

  return x->updated_us < y->updated_us ? -1 : x->updated_us > y->updated_us;
}

static char *
parameter (const char *path, const char *name)
{
  g_autofree char *pattern = g_strconcat (name, "=", NULL);
  const char *at = strstr (path, pattern);

  if (at == NULL)
    return NULL;
  at += strlen (pattern);
  return g_strndup (at, strcspn (at, "&"));
}

static gint64
instant_of (const char *text)
{
  RoundsInstant instant = { 0 };

  if (text != NULL)
    g_assert_true (rounds_instant_parse (g_str_has_prefix (text, "ge") ? text + 2 : text, &instant, NULL));
  return instant.us;
}

static void
list (MiniFhir *self, const char *path, const char *type, gboolean history, FaultAnswer *answer)
{
  g_autofree char *since = parameter (path, history ? "_since" : "_lastUpdated");
  g_autofree char *offset_text = parameter (path, "_offset");
  gint64 from = instant_of (since);
  guint offset = offset_text != NULL ? (guint) atoi (offset_text) : 0, i;
  g_autoptr (GPtrArray) found = g_ptr_array_new ();
  g_autoptr (GHashTable) keys = g_hash_table_new (NULL, NULL);
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, self->resources);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      MiniResource *resource = value;

      if (type != NULL && !(g_str_has_prefix (key, type) && ((char *) key)[strlen (type)] == '/'))
        continue;
      if (resource->updated_us < from || (!history && resource->json == NULL))
        continue;
      g_ptr_array_add (found, resource);
      g_hash_table_insert (keys, resource, key);
    }
  g_ptr_array_sort (found, compare_updated);
  g_string_printf (answer->body, "{\"resourceType\":\"Bundle\",\"type\":\"%s\",\"link\":[", history ? "history" : "searchset");
  if (offset + self->page < found->len)
    {
      const char *query = path + strlen ("/fhir/");
      const char *old = strstr (query, "&_offset=");
      int length = old != NULL ? (int) (old - query) : (int) strlen (query);

      g_string_append_printf (answer->body, "{\"relation\":\"next\",\"url\":\"%s%.*s&_offset=%u\"}", self->url, length,
                              query, offset + self->page);
    }
  g_string_append (answer->body, "],\"entry\":[");
  for (i = offset; i < MIN (offset + self->page, found->len); i++)
    {
      MiniResource *resource = found->pdata[i];
      const char *name = g_hash_table_lookup (keys, resource);

      g_string_append_printf (answer->body, "%s{\"fullUrl\":\"%s%s\",", i > offset ? "," : "", self->url, name);
      if (resource->json != NULL)
        {
          g_autofree char *text = rounds_json_print (resource->json);

          g_string_append_printf (answer->body, "\"resource\":%s}", text);
        }
      else
        g_string_append_printf (answer->body,
                                "\"request\":{\"method\":\"DELETE\",\"url\":\"%s\"},\"response\":{\"status\":\"204\","
                                "\"etag\":\"W/\\\"%d\\\"\"}}",
                                name, resource->version);
    }
  g_string_append (answer->body, "]}");
}

/* --- bundles ------------------------------------------------------------------------------------------- */

static void
bundle (MiniFhir *self, const FaultRequest *request, FaultAnswer *answer)
{
  g_autoptr (json_object) in = rounds_json_parse (request->body, request->body_size, NULL);
  json_object *entries = rounds_json_peek (in, "entry");
  gboolean transaction = g_strcmp0 (rounds_json_peek_string (in, "type"), "transaction") == 0;
  gsize i, n = json_object_array_length (entries);
  g_autoptr (GString) out = g_string_new ("{\"resourceType\":\"Bundle\",\"entry\":[");

  self->n_transactions += transaction;
  for (i = 0; transaction && i < n; i++)
    {
      json_object *entry = json_object_array_get_idx (entries, i);
      g_auto (GStrv) parts = g_strsplit (rounds_json_peek_string (entry, "request.url"), "/", 2);
      int refused = check_put (self, parts[0], parts[1],
                               match_version (rounds_json_peek_string (entry, "request.ifMatch")));

      if (rounds_json_peek (entry, "resource.mustBeRefused") != NULL)
        refused = 422;
      if (refused != 0)
        {
          mini_outcome (answer, refused, "one of the entries is wrong");
          return;
        }
    }
  for (i = 0; i < n; i++)
    {
      json_object *entry = json_object_array_get_idx (entries, i);
      g_auto (GStrv) parts = g_strsplit (rounds_json_peek_string (entry, "request.url"), "/", 2);
      json_object *resource = rounds_json_peek (entry, "resource");
      g_autofree char *text = resource != NULL ? rounds_json_print (resource) : NULL;
      FaultAnswer one = { .status = 200, .headers = g_string_new (NULL), .body = g_string_new (NULL) };

      interact (self, rounds_json_peek_string (entry, "request.method"), parts[0], parts[1], text, 0, &one);
      g_string_append_printf (out, "%s{\"response\":{\"status\":\"%d\"}%s%s}", i > 0 ? "," : "", one.status,
                              one.status < 300 ? ",\"resource\":" : "", one.status < 300 ? one.body->str : "");
      g_string_free (one.headers, TRUE);
      g_string_free (one.body, TRUE);
    }
  g_string_append (out, "]}");
  g_string_assign (answer->body, out->str);
}

static void
metadata (MiniFhir *self, FaultAnswer *answer)
{
  static const char *const types[] = { "Patient", "Observation", "Condition", "Basic" };
  guint i;

  g_string_assign (answer->body, "{\"resourceType\":\"CapabilityStatement\",\"fhirVersion\":\"4.0.1\",\"software\":"
                                 "{\"name\":\"Mini\"},\"rest\":[{\"mode\":\"server\",\"interaction\":[");
  g_string_append (answer->body, self->transactions ? "{\"code\":\"transaction\"},{\"code\":\"batch\"}" : "");
  g_string_append (answer->body, self->transactions && self->history ? "," : "");
  g_string_append (answer->body, self->history ? "{\"code\":\"history-system\"}" : "");
  g_string_append (answer->body, "],\"resource\":[");
  for (i = 0; i < G_N_ELEMENTS (types); i++)
    g_string_append_printf (answer->body, "%s{\"type\":\"%s\",\"interaction\":[{\"code\":\"search-type\"}]}",
                            i > 0 ? "," : "", types[i]);
  g_string_append (answer->body, "]}]}");
}

static void
handle (const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  MiniFhir *self = data;
  const char *path = request->path;
  g_autofree char *name = NULL;
  g_auto (GStrv) parts = NULL;
  g_autofree char *date = NULL;
  g_autoptr (GDateTime) when = NULL;

  self->now_us += G_USEC_PER_SEC;
  when = g_date_time_new_from_unix_utc (self->now_us / G_USEC_PER_SEC);
  date = g_date_time_format (when, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n");
  g_string_append (answer->headers, date);
  g_string_append (answer->headers, "Content-Type: application/fhir+json\r\n");
  if (self->before != NULL && self->before (self, request, answer, self->data))
    return;
  name = g_str_has_prefix (path, "/fhir/") ? g_strndup (path + 6, strcspn (path + 6, "?")) : g_strdup ("");
  parts = g_strsplit (name, "/", 3);
  if (g_str_equal (name, "metadata"))
    metadata (self, answer);
  else if (g_str_equal (request->method, "POST") && *name == '\0')
    bundle (self, request, answer);
  else if (g_str_equal (name, "_history"))
    list (self, path, NULL, TRUE, answer);
  else if (parts[0] != NULL && parts[1] == NULL)
    list (self, path, parts[0], FALSE, answer);
  else if (parts[0] != NULL && strstr (request->body, "mustBeRefused") != NULL)
    mini_outcome (answer, 422, "mustBeRefused is not allowed");
  else if (parts[0] != NULL)
    interact (self, request->method, parts[0], parts[1], request->body,
              match_version (fault_request_header (request, "if-match")), answer);
  if (self->after != NULL)
    self->after (self, request, answer, self->data);
}

MiniFhir *
mini_fhir_new (void)
{
  MiniFhir *self = g_new0 (MiniFhir, 1);

  self->resources = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, resource_free);
  self->now_us = G_GINT64_CONSTANT (1767225600) * G_USEC_PER_SEC;   /* 2026-01-01 */
  self->transactions = self->history = TRUE;
  self->page = 50;
  self->etag_form = "W/\"%d\"";
  self->server = fault_server_new (handle, self);
  self->url = g_strconcat (fault_server_get_origin (self->server), "/fhir/", NULL);
  return self;
}

void
mini_fhir_free (MiniFhir *self)
{
  fault_server_free (self->server);
  g_hash_table_unref (self->resources);
  g_free (self->url);
  g_free (self);
}
