/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One entry of a searchset or a history: a record as it is, or the news that it was deleted. Whatever else a
 * server puts beside (outcomes, included records, trials of our own) is passed over. A record is kept as the text
 * that came, which was parsed once to see what it is. */

#include "sync/listing.h"

#include <string.h>

#include "fhir/reference.h"
#include "fhir/resource.h"

void
rounds_listing_entry_clear (RoundsListingEntry *self)
{
  g_free (self->type);
  g_free (self->id);
  g_free (self->version);
  g_free (self->json);
  g_clear_pointer (&self->tree, json_object_put);
  memset (self, 0, sizeof *self);
}

/* What a deletion in a history is about. */
static gboolean
read_deletion (json_object *entry, RoundsListingEntry *out)
{
  const char *url = rounds_json_peek_string (entry, "request.url");
  g_auto (RoundsReference) reference = { 0 };

  if (!rounds_reference_parse (url, &reference) || reference.type == NULL)
    {
      url = rounds_json_peek_string (entry, "fullUrl");
      rounds_reference_clear (&reference);
      if (!rounds_reference_parse (url, &reference) || reference.type == NULL)
        return FALSE;
    }
  out->type = g_steal_pointer (&reference.type);
  out->id = g_steal_pointer (&reference.id);
  out->version = rounds_fhir_parse_etag (rounds_json_peek_string (entry, "response.etag"));
  out->download.last_updated_us =
    rounds_pass_read_instant (rounds_json_peek_string (entry, "response.lastModified"));
  return TRUE;
}

gboolean
rounds_listing_is_wanted (const char *type, const char *id)
{
  return type != NULL && id != NULL && rounds_fhir_is_type (type) && rounds_fhir_is_id (id) &&
         strcmp (type, "Bundle") != 0 && strcmp (type, "Parameters") != 0 && strcmp (type, "OperationOutcome") != 0 &&
         !rounds_server_profile_is_probe (type, id);
}

/* FALSE when it is nothing to keep. The text stays the caller's to give. */
static gboolean
read_entry (json_object *entry, RoundsListingEntry *out)
{
  json_object *resource = rounds_json_peek (entry, "resource");
  const char *method = rounds_json_peek_string (entry, "request.method");
  const char *mode = rounds_json_peek_string (entry, "search.mode");
  const char *status = rounds_json_peek_string (entry, "response.status");

  if (resource == NULL || g_strcmp0 (method, "DELETE") == 0)
    {
      gboolean deletion = g_strcmp0 (method, "DELETE") == 0 || (status != NULL && g_str_has_prefix (status, "410"));

      return deletion && read_deletion (entry, out) && rounds_listing_is_wanted (out->type, out->id);
    }
  out->type = g_strdup (rounds_json_peek_string (resource, "resourceType"));
  out->id = g_strdup (rounds_json_peek_string (resource, "id"));
  if (!rounds_listing_is_wanted (out->type, out->id) || (mode != NULL && strcmp (mode, "match") != 0))
    return FALSE;
  out->version = rounds_fhir_parse_etag (rounds_json_peek_string (resource, "meta.versionId"));
  if (out->version == NULL)
    out->version = rounds_fhir_parse_etag (rounds_json_peek_string (entry, "response.etag"));
  out->download.last_updated_us = rounds_pass_read_instant (rounds_json_peek_string (resource, "meta.lastUpdated"));
  out->download.resource = resource;
  return TRUE;
}

gsize
rounds_listing_page_length (const RoundsFhirAnswer *page)
{
  json_object *list = rounds_json_peek (page->resource, "entry");

  if (page->entries != NULL)
    return page->entries->len;
  return json_object_is_type (list, json_type_array) ? json_object_array_length (list) : 0;
}

RoundsEntry
rounds_listing_page_read (const RoundsFhirAnswer *page, gsize i, RoundsListingEntry *out)
{
  const char *text = NULL;
  gsize length = 0;
  RoundsJsonSlice resource;

  if (page->entries != NULL)
    {
      const RoundsJsonSlice *slice = &g_array_index (page->entries, RoundsJsonSlice, i);
      g_autoptr (GError) local = NULL;

      text = (const char *) g_bytes_get_data (page->body, NULL) + slice->offset;
      length = slice->length;
      out->tree = rounds_json_parse (text, length, &local);
      if (out->tree == NULL)
        return g_error_matches (local, ROUNDS_FHIR_ERROR, ROUNDS_FHIR_ERROR_NOT_FHIR) ? ROUNDS_ENTRY_PASS
                                                                                      : ROUNDS_ENTRY_BROKEN;
    }
  else
    out->tree = json_object_get (json_object_array_get_idx (rounds_json_peek (page->resource, "entry"), i));
  if (!read_entry (out->tree, out))
    {
      rounds_listing_entry_clear (out);
      return ROUNDS_ENTRY_PASS;
    }
  if (out->download.resource != NULL)
    out->json = text != NULL && rounds_json_find_member (text, length, "resource", &resource)
                  ? g_strndup (text + resource.offset, resource.length) : rounds_json_print (out->download.resource);
  out->download.type = out->type;
  out->download.id = out->id;
  out->download.version = out->version;
  out->download.json = out->json;
  return ROUNDS_ENTRY_KEEP;
}
