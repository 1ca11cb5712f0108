/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FHIR in memory: read, vread, create, update, delete, backups, faults. Bundles are in fhir-bundle.c, searches
 * and histories in fhir-search.c, what is refused in fhir-rules.c. One request at a time; nothing is kept on disk. */

#include "fhir-server-private.h"

#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "fhir/reference.h"
#include "fhir/resource.h"

/* --- what it holds ------------------------------------------------------------------------------------ */

void
mini_resource_free (gpointer data)
{
  MiniResource *self = data;

  g_clear_pointer (&self->json, json_object_put);
  g_clear_pointer (&self->past, g_ptr_array_unref);
  g_free (self->key);
  g_free (self);
}

MiniResource *
mini_get (MiniFhir *self, const char *type, const char *id)
{
  g_autofree char *key = g_strconcat (type, "/", id, NULL);

  return g_hash_table_lookup (self->resources, key);
}

char *
mini_version_text (MiniFhir *self, const MiniResource *resource)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  return g_strdup_printf (self->version_form, resource->version);
}

char *
mini_etag (MiniFhir *self, const MiniResource *resource)
{
  return self->etag_form != NULL ? g_strdup_printf (self->etag_form, resource->version) : NULL;
#pragma GCC diagnostic pop
}

/* meta.versionId and lastUpdated are the server's; what else is in meta stays. */
static void
stamp (MiniFhir *self, MiniResource *resource)
{
  g_autofree char *version = mini_version_text (self, resource);
  g_autofree char *when = rounds_instant_format_utc (resource->updated_us);
  json_object *meta = rounds_json_peek (resource->json, "meta");

  if (!json_object_is_type (meta, json_type_object))
    {
      meta = json_object_new_object ();
      json_object_object_add (resource->json, "meta", meta);
    }
  json_object_object_add (meta, "versionId", json_object_new_string (version));
  json_object_object_add (meta, "lastUpdated", json_object_new_string (when));
}

MiniResource *
mini_copy_version (const MiniResource *from)
{
  MiniResource *self = g_new0 (MiniResource, 1);

  *self = *from;
  self->json = json_object_get (from->json);   /* never changed once it is stamped */
  self->key = g_strdup (from->key);
  self->past = NULL;
  return self;
}

MiniResource *
mini_copy_resource (const MiniResource *from)
{
  MiniResource *self = mini_copy_version (from);
  guint i;

  self->past = g_ptr_array_new_with_free_func (mini_resource_free);
  for (i = 0; i < from->past->len; i++)
    g_ptr_array_add (self->past, mini_copy_version (from->past->pdata[i]));
  return self;
}

/* A new version. Takes json (NULL = deleted). */
static MiniResource *
put_version (MiniFhir *self, const char *type, const char *id, json_object *json, gint64 late_us)
{
  g_autofree char *key = g_strconcat (type, "/", id, NULL);
  MiniResource *resource = g_hash_table_lookup (self->resources, key);

  if (resource == NULL)
    {
      resource = g_new0 (MiniResource, 1);
      resource->key = g_strdup (key);
      resource->past = g_ptr_array_new_with_free_func (mini_resource_free);
      g_hash_table_insert (self->resources, g_steal_pointer (&key), resource);
    }
  else
    g_ptr_array_add (resource->past, mini_copy_version (resource));
  g_clear_pointer (&resource->json, json_object_put);
  resource->version++;
  resource->stored_us = self->now_us;
  resource->updated_us = self->now_us - late_us;
  resource->json = json;
  if (json != NULL)
    stamp (self, resource);
  return resource;
}

void
mini_put_late (MiniFhir *self, const char *type, const char *id, const char *json, gint64 late_us)
{
  json_object *parsed = json != NULL ? rounds_json_parse (json, -1, NULL) : NULL;

  g_assert_true (json == NULL || parsed != NULL);
  put_version (self, type, id, parsed, late_us);
}

void
mini_put (MiniFhir *self, const char *type, const char *id, const char *json)
{
  mini_put_late (self, type, id, json, 0);
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

gboolean
mini_has_type (MiniFhir *self, const char *type)
{
  g_auto (GStrv) types = g_strsplit (self->types, " ", -1);

  return g_strv_contains ((const char *const *) types, type);
}

void
mini_outcome (FaultAnswer *answer, int status, const char *text)
{
  g_autoptr (json_object) words = json_object_new_string (text);

  answer->status = status;
  g_string_printf (answer->body,
                   "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"error\",\"code\":\"invalid\","
                   "\"diagnostics\":%s}]}",
                   json_object_to_json_string (words));
}

/* --- backups -------------------------------------------------------------------------------------------- */

struct _MiniBackup {
  GPtrArray *resources;
};

MiniBackup *
mini_backup (MiniFhir *self)
{
  MiniBackup *backup = g_new0 (MiniBackup, 1);
  GHashTableIter iter;
  gpointer value;

  backup->resources = g_ptr_array_new_with_free_func (mini_resource_free);
  g_hash_table_iter_init (&iter, self->resources);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_ptr_array_add (backup->resources, mini_copy_resource (value));
  return backup;
}

void
mini_restore (MiniFhir *self, const MiniBackup *backup)
{
  guint i;

  g_hash_table_remove_all (self->resources);
  for (i = 0; i < backup->resources->len; i++)
    {
      MiniResource *resource = mini_copy_resource (backup->resources->pdata[i]);

      g_hash_table_insert (self->resources, g_strdup (resource->key), resource);
    }
  g_hash_table_remove_all (self->searches);
}

void
mini_backup_free (MiniBackup *self)
{
  g_ptr_array_unref (self->resources);
  g_free (self);
}

/* --- one interaction -------------------------------------------------------------------------------------- */

static void
add_header (FaultAnswer *answer, const char *name, const char *value)
{
  g_string_append_printf (answer->headers, "%s: %s\r\n", name, value);
}

static void
give (MiniFhir *self, MiniResource *resource, gboolean with_body, FaultAnswer *answer)
{
  g_autofree char *etag = mini_etag (self, resource);
  g_autoptr (GDateTime) when = g_date_time_new_from_unix_utc (resource->updated_us / G_USEC_PER_SEC);
  g_autofree char *modified = g_date_time_format (when, "%a, %d %b %Y %H:%M:%S GMT");

  if (with_body)
    {
      g_autofree char *text = rounds_json_print (resource->json);

      g_string_assign (answer->body, text);
    }
  if (etag != NULL)
    add_header (answer, "ETag", etag);
  add_header (answer, "Last-Modified", modified);
}

static void
give_location (MiniFhir *self, MiniResource *resource, FaultAnswer *answer)
{
  g_autofree char *version = mini_version_text (self, resource);
  g_autofree char *location = NULL;

  switch (self->location)
    {
    case MINI_LOCATION_ABSOLUTE:
      location = g_strconcat (self->url, resource->key, "/_history/", version, NULL);
      break;
    case MINI_LOCATION_RELATIVE:
      location = g_strconcat (resource->key, "/_history/", version, NULL);
      break;
    case MINI_LOCATION_SHORT:
      location = g_strconcat (self->url, resource->key, NULL);
      break;
    default: return;
    }
  add_header (answer, "Location", location);
}

static char *
dup_opaque (const char *etag)
{
  const char *start = etag != NULL ? strchr (etag, '"') : NULL;
  const char *end = start != NULL ? strchr (start + 1, '"') : NULL;

  return end != NULL ? g_strndup (start + 1, end - start - 1) : g_strdup (etag);
}

static gboolean
matches (MiniFhir *self, const MiniResource *resource, const char *if_match)
{
  g_autofree char *wanted = dup_opaque (if_match);
  g_autofree char *etag = resource != NULL ? mini_etag (self, resource) : NULL;
  g_autofree char *opaque = dup_opaque (etag);
  g_autofree char *version = resource != NULL ? mini_version_text (self, resource) : NULL;

  return resource != NULL && (g_strcmp0 (wanted, opaque) == 0 || g_strcmp0 (wanted, version) == 0);
}

static void
read_one (MiniFhir *self, const MiniInteraction *it, FaultAnswer *answer)
{
  MiniResource *resource = mini_get (self, it->type, it->id);
  guint i;

  if (resource != NULL && it->version != NULL)
    {
      g_autofree char *newest = mini_version_text (self, resource);
      MiniResource *found = g_str_equal (newest, it->version) ? resource : NULL;

      for (i = 0; i < resource->past->len && found == NULL; i++)
        {
          g_autofree char *version = mini_version_text (self, resource->past->pdata[i]);

          found = g_str_equal (version, it->version) ? resource->past->pdata[i] : NULL;
        }
      resource = found;
    }
  if (resource == NULL)
    mini_outcome (answer, 404, "not known");
  else if (resource->json == NULL)
    mini_outcome (answer, 410, "deleted");
  else
    give (self, resource, TRUE, answer);
}

static void
delete_one (MiniFhir *self, const MiniInteraction *it, FaultAnswer *answer)
{
  MiniResource *resource = mini_get (self, it->type, it->id);

  if (self->integrity && resource != NULL && mini_is_referred_to (self, resource->key))
    {
      mini_outcome (answer, 409, "others refer to it");
      return;
    }
  if (resource != NULL && resource->json != NULL)
    put_version (self, it->type, it->id, NULL, 0);
  answer->status = 204;
}

/* Whether what is written may be. FALSE = answered. */
static gboolean
check_body (MiniFhir *self, const MiniInteraction *it, FaultAnswer *answer)
{
  g_autofree char *bad = mini_check_resource (it->body, it->type, it->id);
  g_autofree char *broken = bad == NULL && self->integrity
                              ? mini_find_broken_reference (self, it->body, it->together) : NULL;

  if (bad != NULL)
    mini_outcome (answer, strstr (bad, "mustBeRefused") != NULL || strstr (bad, "Observation.") != NULL ? 422 : 400, bad);
  else if (broken != NULL)
    mini_outcome (answer, 422, broken);
  return bad == NULL && broken == NULL;
}

static void
create_one (MiniFhir *self, const MiniInteraction *it, const char *new_id, FaultAnswer *answer)
{
  g_autofree char *id = new_id != NULL ? g_strdup (new_id) : g_strdup_printf ("s%u", ++self->next_id);
  MiniResource *resource;
  json_object *copy;

  self->n_posts++;
  if (!check_body (self, it, answer))
    return;
  if (it->if_none_exist != NULL && self->conditional_create)
    {
      g_autoptr (GPtrArray) found = mini_find (self, it->type, it->if_none_exist);

      if (found == NULL || found->len > 1)
        {
          mini_outcome (answer, 412, "the condition is none, or finds several");
          return;
        }
      if (found->len == 1)
        {
          give (self, found->pdata[0], !self->says_nothing && !it->minimal, answer);
          give_location (self, found->pdata[0], answer);
          return;
        }
    }
  copy = rounds_json_copy (it->body);
  json_object_object_add (copy, "id", json_object_new_string (id));
  resource = put_version (self, it->type, id, copy, 0);
  answer->status = 201;
  give (self, resource, !self->says_nothing && !it->minimal, answer);
  give_location (self, resource, answer);
}

static void
update_one (MiniFhir *self, const MiniInteraction *it, FaultAnswer *answer)
{
  MiniResource *resource = mini_get (self, it->type, it->id);

  if (it->if_match != NULL && !self->ignores_if_match && !matches (self, resource, it->if_match))
    {
      mini_outcome (answer, self->stale_status, "version conflict");
      return;
    }
  if (resource == NULL && !self->put_creates)
    {
      mini_outcome (answer, 405, "ids are given by the server");
      return;
    }
  if (!check_body (self, it, answer))
    return;
  answer->status = resource != NULL && resource->json != NULL ? 200 : 201;
  self->n_puts++;
  resource = put_version (self, it->type, it->id, rounds_json_copy (it->body), 0);
  give (self, resource, !self->says_nothing && !it->minimal, answer);
  if (answer->status == 201)
    give_location (self, resource, answer);
}

void
mini_interact (MiniFhir *self, const MiniInteraction *it, const char *new_id, FaultAnswer *answer)
{
  if (!mini_has_type (self, it->type))
    mini_outcome (answer, 404, "this type is not known here");
  else if (it->id != NULL && !rounds_fhir_is_id (it->id))
    mini_outcome (answer, 400, "the id is no FHIR id");
  else if (g_str_equal (it->method, "GET") && it->id != NULL)
    read_one (self, it, answer);
  else if (g_str_equal (it->method, "DELETE") && it->id != NULL)
    delete_one (self, it, answer);
  else if (g_str_equal (it->method, "PUT") && it->id != NULL)
    update_one (self, it, answer);
  else if (g_str_equal (it->method, "POST") && it->id == NULL)
    create_one (self, it, new_id, answer);
  else
    mini_outcome (answer, 405, "not possible here");
}

/* --- requests --------------------------------------------------------------------------------------------- */

static void
metadata (MiniFhir *self, FaultAnswer *answer)
{
  g_auto (GStrv) types = g_strsplit (self->types, " ", -1);
  guint i;

  g_string_printf (answer->body, "{\"resourceType\":\"CapabilityStatement\",\"status\":\"active\",\"kind\":\"instance\","
                                 "\"fhirVersion\":\"4.0.1\",\"format\":[\"json\"],\"software\":{\"name\":\"Mini\"%s%s%s},"
                                 "\"rest\":[{\"mode\":\"server\",\"interaction\":[",
                   self->software_version != NULL ? ",\"version\":\"" : "",
                   self->software_version != NULL ? self->software_version : "", self->software_version != NULL ? "\"" : "");
  g_string_append (answer->body, self->transactions ? "{\"code\":\"transaction\"},{\"code\":\"batch\"}" : "");
  g_string_append (answer->body, self->transactions && self->history ? "," : "");
  g_string_append (answer->body, self->history ? "{\"code\":\"history-system\"}" : "");
  g_string_append (answer->body, "],\"resource\":[");
  for (i = 0; types[i] != NULL; i++)
    g_string_append_printf (answer->body,
                            "%s{\"type\":\"%s\",\"versioning\":\"versioned\",\"updateCreate\":%s,\"conditionalCreate\":%s,"
                            "\"interaction\":[{\"code\":\"read\"},{\"code\":\"update\"},{\"code\":\"create\"},"
                            "{\"code\":\"delete\"},{\"code\":\"search-type\"}%s]}",
                            i > 0 ? "," : "", types[i], self->put_creates ? "true" : "false",
                            self->conditional_create ? "true" : "false",
                            self->type_history ? ",{\"code\":\"history-type\"}" : "");
  g_string_append (answer->body, "]}]}");
}

/* A body that is JSON as FHIR has it; NULL = answered. */
static json_object *
read_body (MiniFhir *self, const FaultRequest *request, FaultAnswer *answer)
{
  const char *type = fault_request_header (request, "content-type");
  json_object *body;

  if (self->max_bytes > 0 && request->body_size > self->max_bytes)
    {
      mini_outcome (answer, 413, "too large");
      return NULL;
    }
  if (type == NULL || (!g_str_has_prefix (type, "application/fhir+json") && !g_str_has_prefix (type, "application/json")))
    {
      mini_outcome (answer, 415, "the body is no FHIR JSON");
      return NULL;
    }
  body = rounds_json_parse (request->body, request->body_size, NULL);
  if (body == NULL)
    mini_outcome (answer, 400, "the body is no JSON");
  return body;
}

static void
work (MiniFhir *self, const FaultRequest *request, const char *path, FaultAnswer *answer)
{
  g_autofree char *name = g_strndup (path, strcspn (path, "?"));
  g_auto (GStrv) parts = g_strsplit (name, "/", 5);
  guint n = g_strv_length (parts);
  gboolean get = g_str_equal (request->method, "GET");
  gboolean write = g_str_equal (request->method, "PUT") || g_str_equal (request->method, "POST");
  const char *prefer = fault_request_header (request, "prefer");
  gboolean minimal = prefer != NULL && strstr (prefer, "return=minimal") != NULL;
  g_autoptr (json_object) body = NULL;
  MiniInteraction it = { .method = request->method, .type = parts[0], .minimal = minimal };

  if (write && (body = read_body (self, request, answer)) == NULL)
    return;
  if (get && n == 1 && g_str_equal (parts[0], "metadata"))
    metadata (self, answer);
  else if (g_str_equal (request->method, "POST") && *name == '\0')
    mini_bundle (self, body, minimal, answer);
  else if (n >= 1 && n <= 3 && get && g_str_equal (parts[n - 1], "_history"))
    mini_history (self, path, n > 1 ? parts[0] : NULL, n > 2 ? parts[1] : NULL, answer);
  else if (n == 1 && get && mini_has_type (self, parts[0]))
    mini_search (self, request, path, parts[0], answer);
  else if (n >= 1 && n <= 4 && *name != '\0' && (n < 3 || (n == 4 && g_str_equal (parts[2], "_history"))))
    {
      it.id = n > 1 ? parts[1] : NULL;
      it.version = n == 4 ? parts[3] : NULL;
      it.body = body;
      it.if_match = fault_request_header (request, "if-match");
      it.if_none_exist = fault_request_header (request, "if-none-exist");
      mini_interact (self, &it, NULL, answer);
    }
  else
    mini_outcome (answer, 404, "no such address");
}

/* The first fault that fits, taken off its count; NULL = none. */
static gboolean
take_fault (MiniFhir *self, const FaultRequest *request, const char *path, MiniFault *out)
{
  GList *l;

  for (l = self->faults.head; l != NULL; l = l->next)
    {
      MiniFault *fault = l->data;

      if ((fault->method != NULL && !g_str_equal (fault->method, request->method)) ||
          (fault->prefix != NULL && !g_str_has_prefix (path, fault->prefix)))
        continue;
      if (fault->skip > 0)
        {
          fault->skip--;
          continue;
        }
      *out = *fault;
      if (--fault->times == 0)
        {
          g_free (fault);
          g_queue_delete_link (&self->faults, l);
        }
      return TRUE;
    }
  return FALSE;
}

void
mini_fault (MiniFhir *self, MiniFault fault)
{
  fault.times = MAX (fault.times, 1);
  g_queue_push_tail (&self->faults, g_memdup2 (&fault, sizeof fault));
}

static void
apply_fault (const MiniFault *fault, FaultAnswer *answer)
{
  if (fault->status != 0)
    {
      g_string_truncate (answer->body, 0);
      mini_outcome (answer, fault->status, "as scripted");
    }
  g_string_append (answer->headers, fault->headers != NULL ? fault->headers : "");
  answer->drop = fault->drop;
  answer->hold = fault->hold;
  if (fault->cut > 0)
    answer->cut = fault->cut;
}

static void
handle (const FaultRequest *request, FaultAnswer *answer, gpointer data)
{
  MiniFhir *self = data;
  const char *path = request->path;
  gint64 told;
  MiniFault fault = { 0 };
  gboolean is_fault;

  self->now_us += self->tick_us;
  told = self->now_us + self->date_skew_us;
  if (self->log->len < 10000)
    g_ptr_array_add (self->log, g_strconcat (request->method, " ", path, NULL));
  if (!self->no_date)
    {
      g_autoptr (GDateTime) when = g_date_time_new_from_unix_utc (told / G_USEC_PER_SEC);
      g_autofree char *date = g_date_time_format (when, "%a, %d %b %Y %H:%M:%S GMT");

      add_header (answer, "Date", date);
    }
  add_header (answer, "Content-Type", "application/fhir+json");
  path = g_str_has_prefix (path, "/fhir/") ? path + 6 : g_str_equal (path, "/fhir") ? path + 5 : NULL;
  if (self->before != NULL && self->before (self, request, answer, self->data))
    return;
  if (path == NULL)
    {
      mini_outcome (answer, 404, "no such address");
      return;
    }
  is_fault = take_fault (self, request, path, &fault);
  if (!is_fault || fault.commit || (fault.status == 0 && !fault.drop))
    work (self, request, path, answer);
  if (is_fault)
    apply_fault (&fault, answer);
  if (self->after != NULL)
    self->after (self, request, answer, self->data);
}

guint
mini_count_requests (MiniFhir *self, const char *text)
{
  guint i, n = 0;

  for (i = 0; i < self->log->len; i++)
    n += strstr (self->log->pdata[i], text) != NULL;
  return n;
}

void
mini_forget_requests (MiniFhir *self)
{
  g_ptr_array_set_size (self->log, 0);
}

MiniFhir *
mini_fhir_new (void)
{
  MiniFhir *self = g_new0 (MiniFhir, 1);

  self->resources = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, mini_resource_free);
  self->searches = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, mini_found_free);
  self->log = g_ptr_array_new_with_free_func (g_free);
  g_queue_init (&self->faults);
  self->now_us = g_get_real_time () / G_USEC_PER_SEC * G_USEC_PER_SEC;
  self->tick_us = G_USEC_PER_SEC;
  self->types = "Patient Observation Condition Basic";
  self->transactions = self->history = self->put_creates = self->conditional_create = TRUE;
  self->stale_status = 412;
  self->page = 50;
  self->etag_form = "W/\"%d\"";
  self->version_form = "%d";
  self->server = fault_server_new (handle, self);
  self->url = g_strconcat (fault_server_get_origin (self->server), "/fhir/", NULL);
  return self;
}

void
mini_fhir_free (MiniFhir *self)
{
  fault_server_free (self->server);
  g_hash_table_unref (self->resources);
  g_hash_table_unref (self->searches);
  g_queue_clear_full (&self->faults, g_free);
  g_ptr_array_unref (self->log);
  g_free (self->url);
  g_free (self);
}
