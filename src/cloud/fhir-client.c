/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FHIR R4 REST.
 *
 * The client knows requests and answers, not what to do about them: statuses come back as they are, since a
 * 409 or 410 is no failure to the one who syncs. Versions are opaque text taken from whatever form of ETag a
 * server uses; nobody counts on. */

#include "cloud/fhir-client.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "cloud/url.h"
#include "fhir/reference.h"
#include "fhir/resource.h"

#define FHIR_JSON "application/fhir+json"

struct _RoundsFhirClient {
  RoundsHttp *http;
  char *base;        /* without the slash at its end: that is where bundles go */
};

RoundsFhirClient *
rounds_fhir_client_new (const char *address, RoundsAuth *auth, GError **error)
{
  g_autofree char *base = rounds_url_normalise_base (address, error);
  RoundsFhirClient *self;

  if (base == NULL)
    return NULL;
  self = g_new0 (RoundsFhirClient, 1);
  self->http = rounds_http_new (base, auth);
  self->base = g_strndup (base, strlen (base) - 1);
  return self;
}

void
rounds_fhir_client_free (RoundsFhirClient *self)
{
  if (self == NULL)
    return;
  rounds_http_free (self->http);
  g_free (self->base);
  g_free (self);
}

RoundsHttp *
rounds_fhir_client_get_http (RoundsFhirClient *self)
{
  return self->http;
}

void
rounds_fhir_answer_clear (RoundsFhirAnswer *self)
{
  g_clear_pointer (&self->resource, json_object_put);
  g_clear_pointer (&self->version, g_free);
  g_clear_pointer (&self->location_id, g_free);
  g_clear_pointer (&self->outcome, g_free);
  g_clear_pointer (&self->entries, g_array_unref);
  g_clear_pointer (&self->body, g_bytes_unref);
}

/* --- reading answers ----------------------------------------------------------------------------- */

char *
rounds_fhir_parse_etag (const char *etag)
{
  g_autofree char *text = NULL;
  char *start;
  gsize n;

  if (etag == NULL)
    return NULL;
  text = g_strstrip (g_strdup (etag));
  start = text;
  if (g_ascii_strncasecmp (start, "W/", 2) == 0)
    start += 2;
  n = strlen (start);
  if (n >= 2 && start[0] == '"' && start[n - 1] == '"')
    {
      start[n - 1] = '\0';
      start++;
    }
  /* A version is an id (R4 §2.14); anything else would not come back in a header unharmed. */
  return rounds_fhir_is_id (start) ? g_strdup (start) : NULL;
}

char *
rounds_fhir_outcome_text (json_object *resource)
{
  g_autoptr (GString) text = g_string_new (NULL);
  json_object *issues;
  gsize i, n;

  if (g_strcmp0 (rounds_json_peek_string (resource, "resourceType"), "OperationOutcome") != 0)
    return NULL;
  issues = rounds_json_peek (resource, "issue");
  n = json_object_is_type (issues, json_type_array) ? json_object_array_length (issues) : 0;
  for (i = 0; i < MIN (n, 5); i++)
    {
      json_object *issue = json_object_array_get_idx (issues, i);
      const char *words = rounds_json_peek_string (issue, "diagnostics");

      if (words == NULL)
        words = rounds_concept_display (rounds_json_peek (issue, "details"));
      if (words == NULL)
        words = rounds_json_peek_string (issue, "code");
      if (words != NULL)
        g_string_append_printf (text, "%s%s", text->len > 0 ? "; " : "", words);
    }
  if (text->len == 0)
    return NULL;
  g_strdelimit (text->str, "\r\n\t", ' ');
  if (text->len > 1000)
    {
      char *end = g_utf8_find_prev_char (text->str, text->str + 998);

      g_string_truncate (text, end != NULL ? end - text->str : 0);
      g_string_append (text, "…");
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static char *
read_location (const char *location)
{
  g_auto (RoundsReference) reference = { 0 };

  if (location == NULL || !rounds_reference_parse (location, &reference) || reference.id == NULL)
    return NULL;
  return g_steal_pointer (&reference.id);
}

/* The body as a tree; of a list that is wanted in pieces, all but its entries. */
static json_object *
parse_body (GBytes *body, GArray **entries)
{
  gsize size, rest_size;
  const char *text = g_bytes_get_data (body, &size);
  g_autofree char *rest = NULL;
  g_autoptr (GArray) found = NULL;
  g_autoptr (json_object) resource = NULL;

  if (size == 0)
    return NULL;
  if (entries == NULL)
    return rounds_json_parse (text, size, NULL);
  found = rounds_json_split_array (text, size, "entry", ROUNDS_FHIR_MAX_ENTRIES + 1, &rest, &rest_size);
  if (found == NULL)
    return rounds_json_parse (text, size, NULL);
  resource = rounds_json_parse (rest, rest_size, NULL);
  if (resource != NULL)
    *entries = g_steal_pointer (&found);
  return g_steal_pointer (&resource);
}

static gboolean
take_answer (RoundsHttpAnswer *http, gboolean in_pieces, RoundsFhirAnswer *out, GError **error)
{
  gsize size = g_bytes_get_size (http->body);
  gboolean ok = http->status >= 200 && http->status < 300;
  g_autoptr (GArray) entries = NULL;
  json_object *resource = parse_body (http->body, in_pieces && ok ? &entries : NULL);

  if (resource == NULL && size > 0 && ok)
    {
      g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_PROTOCOL,
                           _("The cloud’s answer is not FHIR in JSON"));
      return FALSE;
    }
  if (entries != NULL && entries->len > ROUNDS_FHIR_MAX_ENTRIES)
    {
      json_object_put (resource);
      g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_LIMIT,
                           _("The cloud’s list is longer than Rounds can read at once"));
      return FALSE;
    }
  memset (out, 0, sizeof *out);
  out->status = http->status;
  out->resource = resource;
  if (entries != NULL)
    {
      out->entries = g_steal_pointer (&entries);
      out->body = g_bytes_ref (http->body);
    }
  out->date_us = http->date_us;
  out->retry_after_us = http->retry_after_us;
  out->version = rounds_fhir_parse_etag (http->etag);
  if (out->version == NULL && resource != NULL)
    out->version = rounds_fhir_parse_etag (rounds_json_peek_string (resource, "meta.versionId"));
  out->location_id = read_location (http->location);
  if (!ok)
    {
      out->outcome = resource != NULL ? rounds_fhir_outcome_text (resource) : NULL;
      if (out->outcome == NULL)
        out->outcome = g_strdup_printf (_("The cloud answered with HTTP status %d"), out->status);
    }
  return TRUE;
}

gboolean
rounds_fhir_answer_check (const RoundsFhirAnswer *answer, GError **error)
{
  RoundsCloudError code = ROUNDS_CLOUD_ERROR_STATUS;

  if (answer->status >= 200 && answer->status < 300)
    return TRUE;
  if (answer->status == 401 || answer->status == 403 || answer->status == 407)
    code = ROUNDS_CLOUD_ERROR_SIGN_IN;
  else if (answer->status == 429 || (answer->status == 503 && answer->retry_after_us >= 0))
    code = ROUNDS_CLOUD_ERROR_THROTTLED;
  g_set_error (error, ROUNDS_CLOUD_ERROR, code, "%s", answer->outcome);
  return FALSE;
}

/* --- requests ------------------------------------------------------------------------------------ */

static gboolean
send_to (RoundsFhirClient *self, const char *method, const char *url, const char *json, const char *extra,
         gboolean fresh, gboolean in_pieces, RoundsFhirAnswer *out, GCancellable *cancellable, GError **error)
{
  const char *headers[6];
  guint n = 0;
  g_autoptr (GBytes) body = json != NULL ? g_bytes_new_static (json, strlen (json)) : NULL;
  RoundsHttpRequest request = { .method = method, .url = url, .headers = headers, .body = body, .fresh = fresh };
  g_auto (RoundsHttpAnswer) answer = { 0 };

  headers[n++] = "Accept: " FHIR_JSON;
  /* Of a bundle too: what it asks is otherwise answered from an older search. */
  headers[n++] = "Cache-Control: no-cache";
  if (json != NULL)
    {
      headers[n++] = "Content-Type: " FHIR_JSON "; charset=utf-8";
      headers[n++] = "Prefer: return=representation";
    }
  if (extra != NULL)
    headers[n++] = extra;
  headers[n] = NULL;
  if (!rounds_http_send (self->http, &request, &answer, cancellable, error))
    return FALSE;
  return take_answer (&answer, in_pieces, out, error);
}

static gboolean
send (RoundsFhirClient *self, const char *method, const char *url, const char *json, const char *extra,
      gboolean fresh, RoundsFhirAnswer *out, GCancellable *cancellable, GError **error)
{
  return send_to (self, method, url, json, extra, fresh, FALSE, out, cancellable, error);
}

/* "TYPE/ID", or NULL with error. An id of dots alone is a FHIR id and would walk up the path. */
static char *
make_path (const char *type, const char *id, GError **error)
{
  if (rounds_fhir_is_type (type) && rounds_fhir_is_id (id) && strspn (id, ".") < strlen (id))
    return g_strconcat (type, "/", id, NULL);
  g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_REFUSED,
                       _("A record has an id that no address can hold"));
  return NULL;
}

static char *
make_if_match (const char *version)
{
  if (version == NULL)
    return NULL;
  /* What is no version could break out of the header; one that matches nothing leads to a read. */
  return g_strdup_printf ("If-Match: W/\"%s\"", rounds_fhir_is_id (version) ? version : "0");
}

gboolean
rounds_fhir_client_capabilities (RoundsFhirClient *self, RoundsFhirAnswer *out, GCancellable *cancellable,
                                 GError **error)
{
  return send (self, "GET", "metadata", NULL, NULL, FALSE, out, cancellable, error);
}

gboolean
rounds_fhir_client_read (RoundsFhirClient *self, const char *type, const char *id, RoundsFhirAnswer *out,
                         GCancellable *cancellable, GError **error)
{
  g_autofree char *path = make_path (type, id, error);

  return path != NULL && send (self, "GET", path, NULL, NULL, FALSE, out, cancellable, error);
}

gboolean
rounds_fhir_client_vread (RoundsFhirClient *self, const char *type, const char *id, const char *version,
                          RoundsFhirAnswer *out, GCancellable *cancellable, GError **error)
{
  g_autofree char *path = make_path (type, id, error);
  g_autofree char *escaped = rounds_url_escape (version);
  g_autofree char *full = path != NULL ? g_strconcat (path, "/_history/", escaped, NULL) : NULL;

  return full != NULL && send (self, "GET", full, NULL, NULL, FALSE, out, cancellable, error);
}

gboolean
rounds_fhir_client_update (RoundsFhirClient *self, const char *type, const char *id, const char *json,
                           const char *if_match, RoundsFhirAnswer *out, GCancellable *cancellable,
                           GError **error)
{
  g_autofree char *path = make_path (type, id, error);
  g_autofree char *condition = make_if_match (if_match);

  return path != NULL && send (self, "PUT", path, json, condition, FALSE, out, cancellable, error);
}

gboolean
rounds_fhir_client_create (RoundsFhirClient *self, const char *type, const char *json,
                           const char *if_none_exist, RoundsFhirAnswer *out, GCancellable *cancellable,
                           GError **error)
{
  g_autofree char *condition =
    if_none_exist != NULL ? g_strdup_printf ("If-None-Exist: %s", if_none_exist) : NULL;

  g_return_val_if_fail (rounds_fhir_is_type (type), FALSE);
  return send (self, "POST", type, json, condition, TRUE, out, cancellable, error);
}

gboolean
rounds_fhir_client_delete (RoundsFhirClient *self, const char *type, const char *id, const char *if_match,
                           RoundsFhirAnswer *out, GCancellable *cancellable, GError **error)
{
  g_autofree char *path = make_path (type, id, error);
  g_autofree char *condition = make_if_match (if_match);

  return path != NULL && send (self, "DELETE", path, NULL, condition, FALSE, out, cancellable, error);
}

gboolean
rounds_fhir_client_bundle (RoundsFhirClient *self, const char *json, RoundsFhirAnswer *out,
                           GCancellable *cancellable, GError **error)
{
  return send (self, "POST", self->base, json, NULL, FALSE, out, cancellable, error);
}

gboolean
rounds_fhir_client_page (RoundsFhirClient *self, const char *url, RoundsFhirAnswer *out,
                         GCancellable *cancellable, GError **error)
{
  return send (self, "GET", url, NULL, NULL, FALSE, out, cancellable, error);
}

gboolean
rounds_fhir_client_list (RoundsFhirClient *self, const char *url, RoundsFhirAnswer *out, GCancellable *cancellable,
                         GError **error)
{
  return send_to (self, "GET", url, NULL, NULL, FALSE, TRUE, out, cancellable, error);
}

char *
rounds_fhir_bundle_next (RoundsFhirClient *self, json_object *bundle, GError **error)
{
  json_object *links = rounds_json_peek (bundle, "link");
  gsize i, n = json_object_is_type (links, json_type_array) ? json_object_array_length (links) : 0;

  for (i = 0; i < n; i++)
    {
      json_object *link = json_object_array_get_idx (links, i);
      const char *url = rounds_json_peek_string (link, "url");

      if (g_strcmp0 (rounds_json_peek_string (link, "relation"), "next") == 0 && url != NULL)
        return rounds_url_resolve (rounds_http_get_base (self->http), url, error);
    }
  return NULL;
}
