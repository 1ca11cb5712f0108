/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One entry of a searchset or a history: a record as it is, or the news that it was deleted. Whatever else a
 * server puts beside (outcomes, included records, trials of our own) is passed over. */

#include "sync/listing.h"

#include <string.h>

#include "fhir/reference.h"
#include "fhir/resource.h"

void
rounds_listing_entry_free (gpointer data)
{
  RoundsListingEntry *self = data;

  g_free (self->type);
  g_free (self->id);
  g_free (self->version);
  g_free (self->json);
  g_free (self);
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

RoundsListingEntry *
rounds_listing_entry_read (json_object *entry)
{
  json_object *resource = rounds_json_peek (entry, "resource");
  const char *method = rounds_json_peek_string (entry, "request.method");
  const char *mode = rounds_json_peek_string (entry, "search.mode");
  const char *status = rounds_json_peek_string (entry, "response.status");
  RoundsListingEntry *out = g_new0 (RoundsListingEntry, 1);

  if (resource == NULL || g_strcmp0 (method, "DELETE") == 0)
    {
      gboolean deletion = g_strcmp0 (method, "DELETE") == 0 || (status != NULL && g_str_has_prefix (status, "410"));

      if (!deletion || !read_deletion (entry, out) || !rounds_listing_is_wanted (out->type, out->id))
        {
          rounds_listing_entry_free (out);
          return NULL;
        }
    }
  else
    {
      out->type = g_strdup (rounds_json_peek_string (resource, "resourceType"));
      out->id = g_strdup (rounds_json_peek_string (resource, "id"));
      if (!rounds_listing_is_wanted (out->type, out->id) || (mode != NULL && strcmp (mode, "match") != 0))
        {
          rounds_listing_entry_free (out);
          return NULL;
        }
      out->version = rounds_fhir_parse_etag (rounds_json_peek_string (resource, "meta.versionId"));
      if (out->version == NULL)
        out->version = rounds_fhir_parse_etag (rounds_json_peek_string (entry, "response.etag"));
      out->download.last_updated_us =
        rounds_pass_read_instant (rounds_json_peek_string (resource, "meta.lastUpdated"));
      out->json = rounds_json_print (resource);
    }
  out->download.type = out->type;
  out->download.id = out->id;
  out->download.version = out->version;
  out->download.json = out->json;
  return out;
}
