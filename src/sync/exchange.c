/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests about many records in one go.
 *
 * Texts are put into bundles as they are: parsing and printing them again would cost time and could only harm.
 * What a server answers per entry is told by position, as the specification says; an answer with another number
 * of entries counts as none. */

#include "sync/pass.h"

#include <glib/gi18n-lib.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "fhir/resource.h"
#include "sync/connection.h"

#define READ_BATCH 100

void
rounds_remote_free (RoundsRemote *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->resource, json_object_put);
  g_free (self->version);
  g_free (self->outcome);
  g_free (self);
}

void
rounds_exchange_clear (RoundsExchange *self)
{
  g_clear_pointer (&self->outcome, g_free);
  g_clear_pointer (&self->entries, g_ptr_array_unref);
}

void
rounds_pass_note (RoundsPass *self, char *text)
{
  if (g_ptr_array_find_with_equal_func (self->notes, text, g_str_equal, NULL))
    g_free (text);
  else
    g_ptr_array_add (self->notes, text);
}

char *
rounds_connection_scope_of (RoundsPass *self, const char *what)
{
  return rounds_connection_scope (self->fhir_url, what);
}

void
rounds_pass_trouble (RoundsPass *self, const char *text)
{
  self->incomplete = TRUE;
  if (self->trouble == NULL)
    self->trouble = g_strdup (text != NULL ? text : _("The cloud failed"));
}

gint64
rounds_pass_read_instant (const char *text)
{
  RoundsInstant instant;

  return text != NULL && rounds_instant_parse (text, &instant, NULL) ? instant.us : 0;
}

/* Keeps a resource only when it is the one asked for: another id must never land under this one. */
static void
take_resource (RoundsRemote *remote, json_object *resource, const RoundsOutboxItem *item)
{
  if (resource == NULL || g_strcmp0 (rounds_json_peek_string (resource, "resourceType"), item->type) != 0 ||
      g_strcmp0 (rounds_json_peek_string (resource, "id"), item->id) != 0)
    return;
  remote->resource = json_object_get (resource);
  remote->last_updated_us = rounds_pass_read_instant (rounds_json_peek_string (resource, "meta.lastUpdated"));
  if (remote->version == NULL)
    remote->version = rounds_fhir_parse_etag (rounds_json_peek_string (resource, "meta.versionId"));
}

static RoundsRemote *
remote_from_answer (const RoundsFhirAnswer *answer, const RoundsOutboxItem *item)
{
  RoundsRemote *remote = g_new0 (RoundsRemote, 1);

  remote->status = answer->status;
  remote->version = g_strdup (answer->version);
  remote->outcome = g_strdup (answer->outcome);
  if (answer->status >= 200 && answer->status < 300)
    take_resource (remote, answer->resource, item);
  return remote;
}

static RoundsRemote *
remote_from_entry (json_object *entry, const RoundsOutboxItem *item)
{
  RoundsRemote *remote = g_new0 (RoundsRemote, 1);
  const char *status = rounds_json_peek_string (entry, "response.status");

  remote->status = status != NULL ? atoi (status) : 0;
  remote->version = rounds_fhir_parse_etag (rounds_json_peek_string (entry, "response.etag"));
  if (remote->status >= 200 && remote->status < 300)
    take_resource (remote, rounds_json_peek (entry, "resource"), item);
  else
    remote->outcome = rounds_fhir_outcome_text (rounds_json_peek (entry, "response.outcome"));
  return remote;
}

/* One RoundsRemote per item, or NULL when the bundle is not an answer to n requests. */
static GPtrArray *
read_entries (json_object *bundle, RoundsOutboxItem *const *items, guint n)
{
  json_object *entries = rounds_json_peek (bundle, "entry");
  GPtrArray *list;
  guint i;

  if (!json_object_is_type (entries, json_type_array) || json_object_array_length (entries) != n)
    return NULL;
  list = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_remote_free);
  for (i = 0; i < n; i++)
    g_ptr_array_add (list, remote_from_entry (json_object_array_get_idx (entries, i), items[i]));
  return list;
}

/* --- reading -------------------------------------------------------------------------------------- */

static gboolean
check_whole (RoundsPass *self, const RoundsFhirAnswer *answer, GError **error)
{
  if (answer->status == 429 || answer->status == 503)
    self->retry_after_us = answer->retry_after_us;
  return rounds_fhir_answer_check (answer, error);
}

static gboolean
read_one (RoundsPass *self, const RoundsOutboxItem *item, GPtrArray *list, GError **error)
{
  g_auto (RoundsFhirAnswer) answer = { 0 };

  if (!rounds_fhir_client_read (self->fhir, item->type, item->id, &answer, self->cancellable, error))
    return FALSE;
  if ((answer.status == 401 || answer.status == 429 || answer.status >= 500) && !check_whole (self, &answer, error))
    return FALSE;
  g_ptr_array_add (list, remote_from_answer (&answer, item));
  return TRUE;
}

/* TRUE with nothing added when the server cannot do it this way. */
static gboolean
read_batch (RoundsPass *self, RoundsOutboxItem *const *items, guint n, GPtrArray *list, GError **error)
{
  g_autoptr (GString) bundle = g_string_new ("{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[");
  g_auto (RoundsFhirAnswer) answer = { 0 };
  g_autoptr (GPtrArray) entries = NULL;
  guint i;

  for (i = 0; i < n; i++)
    g_string_append_printf (bundle, "%s{\"request\":{\"method\":\"GET\",\"url\":\"%s/%s\"}}", i > 0 ? "," : "",
                            items[i]->type, items[i]->id);
  g_string_append (bundle, "]}");
  if (!rounds_fhir_client_bundle (self->fhir, bundle->str, &answer, self->cancellable, error))
    return FALSE;
  if ((answer.status == 401 || answer.status == 429 || answer.status == 503) && !check_whole (self, &answer, error))
    return FALSE;
  entries = answer.status == 200 ? read_entries (answer.resource, items, n) : NULL;
  for (i = 0; entries != NULL && i < n; i++)
    {
      RoundsRemote *remote = entries->pdata[i];

      /* What is neither there nor gone is asked for alone. */
      if (remote->status != 404 && remote->status != 410 && (remote->status != 200 || remote->resource == NULL))
        return TRUE;
    }
  if (entries != NULL)
    g_ptr_array_extend_and_steal (list, g_steal_pointer (&entries));
  return TRUE;
}

GPtrArray *
rounds_pass_read_many (RoundsPass *self, RoundsOutboxItem *const *items, guint n, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_remote_free);

  while (list->len < n)
    {
      guint at = list->len, i, count = MIN (n - at, READ_BATCH);

      if (self->profile->has_batch && count > 1 && !read_batch (self, items + at, count, list, error))
        return NULL;
      if (list->len > at)
        continue;
      for (i = 0; i < count; i++)
        if (!read_one (self, items[at + i], list, error))
          return NULL;
    }
  return g_steal_pointer (&list);
}

RoundsRemote *
rounds_pass_read_id (RoundsPass *self, const char *type, const char *id, GError **error)
{
  RoundsOutboxItem item = { .type = (char *) type, .id = (char *) id };
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_remote_free);

  return read_one (self, &item, list, error) ? g_ptr_array_steal_index (list, 0) : NULL;
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  const RoundsRemote *x = *(RoundsRemote *const *) a, *y = *(RoundsRemote *const *) b;

  return g_strcmp0 (rounds_json_peek_string (x->resource, "id"), rounds_json_peek_string (y->resource, "id"));
}

/* A server that does not know the parameter gives back everything: only what bears the mark counts. */
GPtrArray *
rounds_pass_find_marked (RoundsPass *self, const RoundsOutboxItem *item, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_remote_free);
  g_autofree char *query = rounds_mark_query (item->type, item->first_uuid);
  g_autofree char *url = g_strdup_printf ("%s?%s&_count=10", item->type, query);
  g_auto (RoundsFhirAnswer) answer = { 0 };
  json_object *entries;
  gsize i, n;

  if (!rounds_fhir_client_page (self->fhir, url, &answer, self->cancellable, error))
    return NULL;
  if ((answer.status == 401 || answer.status == 429 || answer.status >= 500) && !check_whole (self, &answer, error))
    return NULL;
  entries = answer.status == 200 ? rounds_json_peek (answer.resource, "entry") : NULL;
  n = json_object_is_type (entries, json_type_array) ? MIN (json_object_array_length (entries), 1000) : 0;
  for (i = 0; i < n; i++)
    {
      json_object *resource = rounds_json_peek (json_object_array_get_idx (entries, i), "resource");
      const char *id = rounds_json_peek_string (resource, "id");
      RoundsOutboxItem found = { .type = item->type, .id = (char *) id };
      RoundsRemote *remote;

      if (id == NULL || !rounds_fhir_is_id (id) || !rounds_mark_is_in (resource, item->first_uuid))
        continue;
      remote = g_new0 (RoundsRemote, 1);
      remote->status = 200;
      take_resource (remote, resource, &found);
      if (remote->resource != NULL)
        g_ptr_array_add (list, remote);
      else
        rounds_remote_free (remote);
    }
  g_ptr_array_sort (list, compare_ids);
  return g_steal_pointer (&list);
}

/* --- sending --------------------------------------------------------------------------------------- */

gboolean
rounds_pass_transact (RoundsPass *self, RoundsOutboxItem *const *items, guint n, RoundsExchange *out, GError **error)
{
  g_autoptr (GString) bundle = g_string_new ("{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[");
  const char *base = rounds_http_get_base (rounds_fhir_client_get_http (self->fhir));
  g_auto (RoundsFhirAnswer) answer = { 0 };
  guint i;

  for (i = 0; i < n; i++)
    {
      const RoundsOutboxItem *item = items[i];

      g_string_append_printf (bundle, "%s{\"fullUrl\":\"%s%s/%s\",\"resource\":", i > 0 ? "," : "", base, item->type,
                              item->id);
      g_string_append (bundle, item->json);
      g_string_append_printf (bundle, ",\"request\":{\"method\":\"PUT\",\"url\":\"%s/%s\"", item->type, item->id);
      if (item->base_version != NULL && g_strcmp0 (item->verb, "update") == 0)
        g_string_append_printf (bundle, ",\"ifMatch\":\"W/\\\"%s\\\"\"",
                                rounds_fhir_is_id (item->base_version) ? item->base_version : "0");
      g_string_append (bundle, "}}");
    }
  g_string_append (bundle, "]}");
  if (!rounds_fhir_client_bundle (self->fhir, bundle->str, &answer, self->cancellable, error))
    return FALSE;
  memset (out, 0, sizeof *out);
  out->status = answer.status;
  out->outcome = g_steal_pointer (&answer.outcome);
  out->retry_after_us = answer.retry_after_us;
  if (answer.status == 200)
    out->entries = read_entries (answer.resource, items, n);
  return TRUE;
}

gboolean
rounds_pass_send_one (RoundsPass *self, const RoundsOutboxItem *item, RoundsExchange *out, GError **error)
{
  g_auto (RoundsFhirAnswer) answer = { 0 };
  gboolean ok;

  if (g_strcmp0 (item->verb, "delete") == 0)
    ok = rounds_fhir_client_delete (self->fhir, item->type, item->id, item->base_version, &answer, self->cancellable,
                                    error);
  else
    ok = rounds_fhir_client_update (self->fhir, item->type, item->id, item->json,
                                    g_strcmp0 (item->verb, "update") == 0 ? item->base_version : NULL, &answer,
                                    self->cancellable, error);
  if (!ok)
    return FALSE;
  memset (out, 0, sizeof *out);
  out->status = answer.status;
  out->retry_after_us = answer.retry_after_us;
  out->outcome = g_strdup (answer.outcome);
  out->entries = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_remote_free);
  g_ptr_array_add (out->entries, remote_from_answer (&answer, item));
  return TRUE;
}

gboolean
rounds_pass_post (RoundsPass *self, const RoundsOutboxItem *item, RoundsExchange *out, char **id_out, GError **error)
{
  g_autoptr (json_object) resource = rounds_json_parse (item->json, -1, error);
  g_autofree char *query = rounds_mark_query (item->type, item->first_uuid);
  g_autofree char *text = NULL;
  g_auto (RoundsFhirAnswer) answer = { 0 };
  RoundsOutboxItem told = { .type = item->type };

  if (resource == NULL)
    return FALSE;
  json_object_object_del (resource, "id");
  rounds_mark_add (resource, item->first_uuid);
  text = rounds_json_print (resource);
  if (!rounds_fhir_client_create (self->fhir, item->type, text, query, &answer, self->cancellable, error))
    return FALSE;
  memset (out, 0, sizeof *out);
  out->status = answer.status;
  out->retry_after_us = answer.retry_after_us;
  out->outcome = g_strdup (answer.outcome);
  told.id = (char *) rounds_json_peek_string (answer.resource, "id");
  /* An address of another type, or two that differ, say nothing. */
  *id_out = g_strdup (answer.location_id);
  if (*id_out == NULL && told.id != NULL && rounds_fhir_is_id (told.id))
    *id_out = g_strdup (told.id);
  else if (*id_out != NULL && told.id != NULL && g_strcmp0 (*id_out, told.id) != 0)
    g_clear_pointer (id_out, g_free);
  told.id = *id_out;
  out->entries = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_remote_free);
  g_ptr_array_add (out->entries, remote_from_answer (&answer, &told));
  return TRUE;
}
