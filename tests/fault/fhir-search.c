/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Searches and histories of the small server, and the ways in which real ones page: live offsets or the state
 * of the first page, pages that expire, answers that are reused for a minute, records that are found late. A
 * parameter that it does not know is refused: a client that relied on it would get everything. */

#include "fhir-server-private.h"

#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "fhir/resource.h"

typedef struct {
  GPtrArray *items;     /* MiniResource copies */
  gint64 made_us;
} Found;

void
mini_found_free (gpointer data)
{
  Found *self = data;

  g_ptr_array_unref (self->items);
  g_free (self);
}

typedef struct {
  char *name, *value;
} Parameter;

static void
parameter_free (gpointer data)
{
  Parameter *self = data;

  g_free (self->name);
  g_free (self->value);
  g_free (self);
}

static GPtrArray *
read_query (const char *query)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (parameter_free);
  g_auto (GStrv) parts = g_strsplit (query, "&", -1);
  guint i;

  for (i = 0; parts[i] != NULL; i++)
    {
      char *equals = strchr (parts[i], '=');
      Parameter *parameter;

      if (*parts[i] == '\0')
        continue;
      parameter = g_new0 (Parameter, 1);
      parameter->name = g_strndup (parts[i], equals != NULL ? (gsize) (equals - parts[i]) : strlen (parts[i]));
      parameter->value = g_uri_unescape_string (equals != NULL ? equals + 1 : "", NULL);
      g_ptr_array_add (list, parameter);
    }
  return list;
}

static const char *
get (GPtrArray *query, const char *name)
{
  guint i;

  for (i = 0; i < query->len; i++)
    if (g_str_equal (((Parameter *) query->pdata[i])->name, name))
      return ((Parameter *) query->pdata[i])->value;
  return NULL;
}

/* --- what a record is found by --------------------------------------------------------------------------- */

/* "system|value", "|value", "value" against one of a list of objects. */
static gboolean
has_token (json_object *list, const char *value_name, const char *token)
{
  const char *bar = strchr (token, '|');
  g_autofree char *system = bar != NULL ? g_strndup (token, bar - token) : NULL;
  const char *value = bar != NULL ? bar + 1 : token;
  gsize i, n = json_object_is_type (list, json_type_array) ? json_object_array_length (list) : 0;

  for (i = 0; i < n; i++)
    {
      json_object *item = json_object_array_get_idx (list, i);
      const char *its_system = rounds_json_peek_string (item, "system");

      if (g_strcmp0 (rounds_json_peek_string (item, value_name), value) == 0 &&
          (system == NULL || g_str_equal (system, its_system != NULL ? its_system : "")))
        return TRUE;
    }
  return FALSE;
}

static gboolean
is_in (const char *list, const char *id)
{
  g_auto (GStrv) ids = g_strsplit (list, ",", -1);

  return g_strv_contains ((const char *const *) ids, id);
}

/* TRUE with *bad when the value is none. */
static gboolean
check_date (const MiniResource *resource, const char *value, gboolean *bad)
{
  RoundsInstant instant = { 0 };
  const char *digits = value + strcspn (value, "0123456789");
  g_autofree char *prefix = g_strndup (value, digits - value);

  if (!rounds_instant_parse (digits, &instant, NULL))
    *bad = TRUE;
  else if (g_str_equal (prefix, "ge"))
    return resource->updated_us >= instant.us;
  else if (g_str_equal (prefix, "gt"))
    return resource->updated_us > instant.us;
  else if (g_str_equal (prefix, "le"))
    return resource->updated_us <= instant.us;
  else if (g_str_equal (prefix, "lt"))
    return resource->updated_us < instant.us;
  else
    *bad = TRUE;
  return TRUE;
}

static gboolean
fits (const MiniResource *resource, GPtrArray *query, gboolean *bad)
{
  static const char *const others[] = { "_sort", "_count", "_offset", "_summary", "_total", "_elements", "_format",
                                        "_getpages", NULL };
  gboolean ok = TRUE;
  guint i;

  for (i = 0; i < query->len; i++)
    {
      Parameter *parameter = query->pdata[i];
      const char *value = parameter->value;

      if (value == NULL)
        *bad = TRUE;
      else if (g_str_equal (parameter->name, "_lastUpdated"))
        ok &= check_date (resource, value, bad);
      else if (g_str_equal (parameter->name, "_id"))
        ok &= is_in (value, strchr (resource->key, '/') + 1);
      else if (g_str_equal (parameter->name, "identifier"))
        ok &= has_token (rounds_json_peek (resource->json, "identifier"), "value", value);
      else if (g_str_equal (parameter->name, "_tag"))
        ok &= has_token (rounds_json_peek (resource->json, "meta.tag"), "code", value);
      else if (g_str_equal (parameter->name, "patient") || g_str_equal (parameter->name, "subject"))
        ok &= g_strcmp0 (rounds_resource_peek_patient_id (resource->json),
                         g_str_has_prefix (value, "Patient/") ? value + 8 : value) == 0;
      else if (!g_strv_contains (others, parameter->name))
        *bad = TRUE;
    }
  return ok;
}

static int
compare_ascending (gconstpointer a, gconstpointer b)
{
  const MiniResource *x = *(MiniResource *const *) a, *y = *(MiniResource *const *) b;

  if (x->updated_us != y->updated_us)
    return x->updated_us < y->updated_us ? -1 : 1;
  return strcmp (x->key, y->key);
}

static int
compare_descending (gconstpointer a, gconstpointer b)
{
  return -compare_ascending (a, b);
}

static int
compare_keys (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(MiniResource *const *) a)->key, (*(MiniResource *const *) b)->key);
}

/* Borrowed MiniResources; NULL when the query is none. */
static GPtrArray *
evaluate (MiniFhir *self, const char *type, GPtrArray *query)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new ();
  g_autofree char *prefix = g_strconcat (type, "/", NULL);
  const char *sort = get (query, "_sort");
  MiniResource nothing = { .key = (char *) "X/x" };
  gboolean bad = FALSE;
  GHashTableIter iter;
  gpointer value;

  fits (&nothing, query, &bad);
  if (bad || (sort != NULL && strcmp (sort, "_lastUpdated") != 0 && strcmp (sort, "-_lastUpdated") != 0))
    return NULL;
  g_hash_table_iter_init (&iter, self->resources);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      MiniResource *resource = value;

      if (resource->json == NULL || resource->hidden || !g_str_has_prefix (resource->key, prefix) ||
          resource->stored_us + self->index_delay_us > self->now_us)
        continue;
      if (fits (resource, query, &bad))
        g_ptr_array_add (found, resource);
    }
  g_ptr_array_sort (found, sort == NULL || self->no_sort ? compare_keys
                           : *sort == '-'                ? compare_descending
                                                         : compare_ascending);
  return g_steal_pointer (&found);
}

GPtrArray *
mini_find (MiniFhir *self, const char *type, const char *query)
{
  g_autoptr (GPtrArray) parameters = read_query (query[0] == '?' ? query + 1 : query);

  return parameters->len > 0 ? evaluate (self, type, parameters) : NULL;
}

/* --- pages -------------------------------------------------------------------------------------------------- */

static void
print_match (MiniFhir *self, MiniResource *resource, GString *out)
{
  g_autofree char *text = rounds_json_print (resource->json);

  g_string_append_printf (out, "{\"fullUrl\":\"%s%s\",\"resource\":%s,\"search\":{\"mode\":\"match\"}}", self->url,
                          resource->key, text);
}

static void
print_version (MiniFhir *self, MiniResource *resource, GString *out)
{
  g_autofree char *etag = mini_etag (self, resource);
  g_autofree char *escaped = etag != NULL ? g_strescape (etag, NULL) : NULL;
  g_autofree char *when = rounds_instant_format_utc (resource->updated_us);

  g_string_append_printf (out, "{\"fullUrl\":\"%s%s\",", self->url, resource->key);
  if (resource->json != NULL)
    {
      g_autofree char *text = rounds_json_print (resource->json);

      g_string_append_printf (out, "\"resource\":%s,", text);
    }
  g_string_append_printf (out, "\"request\":{\"method\":\"%s\",\"url\":\"%s\"},\"response\":{\"status\":\"%s\"",
                          resource->json != NULL ? "PUT" : "DELETE", resource->key,
                          resource->json == NULL ? "204" : resource->version == 1 ? "201" : "200");
  if (escaped != NULL)
    g_string_append_printf (out, ",\"etag\":\"%s\"", escaped);
  g_string_append_printf (out, ",\"lastModified\":\"%s\"}}", when);
}

/* Where the next page is, as text after the base; NULL = this is the last. */
static char *
next_of (MiniFhir *self, const char *path, const char *token, guint offset, guint size, guint n)
{
  g_autofree char *query = NULL;
  char *old;

  if (offset + size >= n && (self->end_of_list == MINI_END || n == 0 ||
                             (offset >= n && self->end_of_list == MINI_END_EMPTY)))
    return NULL;
  if (offset >= n && self->end_of_list == MINI_END_EMPTY_SELF)
    return g_strdup (path);
  if (token != NULL)
    query = g_strdup_printf ("%.*s?_getpages=%s", (int) strcspn (path, "?"), path, token);
  else
    query = g_strdup (path);
  if (token == NULL && ((old = strstr (query, "&_offset=")) != NULL || (old = strstr (query, "?_offset=")) != NULL))
    *old = '\0';
  return g_strdup_printf ("%s%s_offset=%u", query, strchr (query, '?') != NULL ? "&" : "?", offset + size);
}

static void
print_page (MiniFhir *self, const char *path, GPtrArray *items, const char *token, guint offset, gboolean is_history,
            FaultAnswer *answer)
{
  g_autofree char *next = next_of (self, path, token, offset, self->page, items->len);
  guint i;

  g_string_printf (answer->body, "{\"resourceType\":\"Bundle\",\"type\":\"%s\",", is_history ? "history" : "searchset");
  if (!self->no_total)
    g_string_append_printf (answer->body, "\"total\":%u,", items->len);
  g_string_append_printf (answer->body, "\"link\":[{\"relation\":\"self\",\"url\":\"%s%s\"}", self->url, path);
  if (next != NULL)
    g_string_append_printf (answer->body, ",{\"relation\":\"next\",\"url\":\"%s%s\"}", self->url, next);
  g_string_append (answer->body, "]");
  if (offset < items->len)
    g_string_append (answer->body, ",\"entry\":[");
  for (i = offset; i < MIN (offset + self->page, items->len); i++)
    {
      if (i > offset)
        g_string_append_c (answer->body, ',');
      if (is_history)
        print_version (self, items->pdata[i], answer->body);
      else
        print_match (self, items->pdata[i], answer->body);
    }
  g_string_append (answer->body, offset < items->len ? "]}" : "}");
}

static Found *
keep (MiniFhir *self, const char *name, GPtrArray *items)
{
  Found *found = g_new0 (Found, 1);
  guint i;

  found->made_us = self->now_us;
  found->items = g_ptr_array_new_with_free_func (mini_resource_free);
  for (i = 0; i < items->len; i++)
    g_ptr_array_add (found->items, mini_copy_version (items->pdata[i]));
  g_hash_table_insert (self->searches, g_strdup (name), found);
  return found;
}

static void
go_on (MiniFhir *self, const char *path, const char *token, guint offset, FaultAnswer *answer)
{
  Found *found = g_hash_table_lookup (self->searches, token);

  if (found == NULL || (self->page_life_us > 0 && self->now_us - found->made_us > self->page_life_us))
    mini_outcome (answer, 410, "this page has expired");
  else
    print_page (self, path, found->items, token, offset, FALSE, answer);
}

void
mini_search (MiniFhir *self, const FaultRequest *request, const char *path, const char *type, FaultAnswer *answer)
{
  const char *mark = strchr (path, '?'), *token, *offset, *summary;
  const char *cache = fault_request_header (request, "cache-control");
  gboolean fresh = cache != NULL && strstr (cache, "no-cache") != NULL && !self->keeps_no_cache;
  g_autoptr (GPtrArray) query = read_query (mark != NULL ? mark + 1 : "");
  g_autoptr (GPtrArray) items = NULL;
  g_autofree char *name = g_strconcat ("cache ", path, NULL);
  g_autofree char *page_token = NULL;
  Found *old = g_hash_table_lookup (self->searches, name);
  guint at;

  token = get (query, "_getpages");
  offset = get (query, "_offset");
  summary = get (query, "_summary");
  at = offset != NULL ? (guint) atoi (offset) : 0;
  if (token != NULL)
    {
      go_on (self, path, token, at, answer);
      return;
    }
  if (old != NULL && !fresh && self->now_us - old->made_us < self->search_cache_us)
    {
      self->n_cached++;
      print_page (self, path, old->items, NULL, at, FALSE, answer);
      return;
    }
  items = evaluate (self, type, query);
  if (items == NULL)
    {
      mini_outcome (answer, 400, "a parameter of the search is not known");
      return;
    }
  if (g_strcmp0 (summary, "count") == 0)
    {
      g_string_printf (answer->body, "{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"total\":%u}", items->len);
      return;
    }
  if (self->search_cache_us > 0)
    keep (self, name, items);
  if (self->snapshots || self->page_life_us > 0)
    {
      page_token = g_strdup_printf ("t%u", ++self->next_id);
      keep (self, page_token, items);
    }
  print_page (self, path, items, page_token, at, FALSE, answer);
}

/* --- histories ---------------------------------------------------------------------------------------------- */

static void
add_versions (GPtrArray *list, MiniResource *resource, gint64 since_us)
{
  guint i;

  if (resource->updated_us >= since_us)
    g_ptr_array_add (list, resource);
  for (i = 0; i < resource->past->len; i++)
    if (((MiniResource *) resource->past->pdata[i])->updated_us >= since_us)
      g_ptr_array_add (list, resource->past->pdata[i]);
}

static int
compare_versions (gconstpointer a, gconstpointer b)
{
  const MiniResource *x = *(MiniResource *const *) a, *y = *(MiniResource *const *) b;

  if (x->updated_us != y->updated_us)
    return x->updated_us > y->updated_us ? -1 : 1;
  return strcmp (x->key, y->key) != 0 ? strcmp (x->key, y->key) : y->version - x->version;
}

void
mini_history (MiniFhir *self, const char *path, const char *type, const char *id, FaultAnswer *answer)
{
  const char *mark = strchr (path, '?'), *since, *offset;
  g_autoptr (GPtrArray) query = read_query (mark != NULL ? mark + 1 : "");
  g_autoptr (GPtrArray) list = g_ptr_array_new ();
  g_autofree char *prefix = type != NULL ? g_strconcat (type, "/", id, NULL) : g_strdup ("");
  RoundsInstant instant = { 0 };
  GHashTableIter iter;
  gpointer key, value;

  if (!self->history && !(type != NULL && self->type_history))
    {
      mini_outcome (answer, 405, "there is no history");
      return;
    }
  since = get (query, "_since");
  offset = get (query, "_offset");
  self->n_history_without_since += since == NULL && id == NULL;
  if (since != NULL && !rounds_instant_parse (since, &instant, NULL))
    {
      mini_outcome (answer, 400, "_since is no instant");
      return;
    }
  g_hash_table_iter_init (&iter, self->resources);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (id != NULL ? g_str_equal (key, prefix) : g_str_has_prefix (key, prefix))
      add_versions (list, value, instant.us);
  if (id != NULL && list->len == 0)
    {
      mini_outcome (answer, 404, "not known");
      return;
    }
  g_ptr_array_sort (list, compare_versions);
  print_page (self, path, list, NULL, offset != NULL ? (guint) atoi (offset) : 0, TRUE, answer);
}
