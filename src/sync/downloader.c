/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fetching what is new.
 *
 * The first time, and on servers without a history of the whole, each type is searched by _lastUpdated; after
 * that one request for the history since the watermark brings changes and deletions of all types at once. A page
 * and the cursor that covers it go into the store together. A watermark is the server's own Date less 122 s:
 * commits may become visible late, and no clock of ours is in it. What comes twice because of that overlap is
 * known by its version and costs nothing. */

#include "sync/pass.h"

#include <glib/gi18n-lib.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "cloud/url.h"
#include "fhir/reference.h"
#include "fhir/resource.h"

#define OVERLAP_US (122 * G_USEC_PER_SEC)
#define PAGE 250
#define MAX_EMPTY_PAGES 20
#define MAX_PAGES 1000000

/* One listing: a search of one type, or a history. */
typedef struct {
  RoundsPass *pass;
  const char *scope;
  gboolean is_history;
  gint64 watermark_us;     /* where it began; 0 = from the start */
  gint64 server_us;        /* Date of the first page; 0 = not said */
  gint64 newest_us;        /* largest lastUpdated seen */
  gboolean ascending;      /* so far every record was at least as new as the one before */
  GHashTable *seen;        /* "TYPE/ID" → the version taken (Taken *) */
  guint done;
  char **types;            /* types of a search; NULL = all */
} Listing;

/* --- cursors --------------------------------------------------------------------------------------- */

static gint64
load_watermark (RoundsPass *pass, const char *scope, gboolean *complete)
{
  g_autofree char *text = rounds_store_dup_cursor (pass->store, scope, NULL);
  g_autoptr (json_object) json = text != NULL ? rounds_json_parse (text, -1, NULL) : NULL;

  *complete = json_object_get_boolean (rounds_json_peek (json, "complete"));
  return json != NULL ? json_object_get_int64 (rounds_json_peek (json, "watermark_us")) : 0;
}

static char *
make_cursor (gint64 watermark_us, gboolean complete)
{
  return g_strdup_printf ("{\"watermark_us\":%" G_GINT64_FORMAT ",\"complete\":%s}", watermark_us,
                          complete ? "true" : "false");
}

/* How far a listing that was read to its end reaches. */
static gint64
final_watermark (const Listing *self)
{
  gint64 reach = self->server_us > 0 ? self->server_us : self->newest_us;

  return MAX (self->watermark_us, reach > OVERLAP_US ? reach - OVERLAP_US : 0);
}

/* The cursor that may stand beside a page in the middle: only when the order is that of time. */
static char *
middle_cursor (const Listing *self)
{
  gint64 reach = self->newest_us;

  if (self->is_history || !self->ascending || self->server_us == 0)
    return NULL;
  reach = MIN (reach, self->server_us - OVERLAP_US);
  return reach > self->watermark_us ? make_cursor (reach, FALSE) : NULL;
}

/* --- one page --------------------------------------------------------------------------------------- */

typedef struct {
  RoundsDownload download;
  char *type, *id, *version, *json;
} Entry;

static void
entry_free (gpointer data)
{
  Entry *self = data;

  g_free (self->type);
  g_free (self->id);
  g_free (self->version);
  g_free (self->json);
  g_free (self);
}

/* What a deletion in a history is about. */
static gboolean
read_deletion (json_object *entry, Entry *out)
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

static gboolean
is_wanted (const char *type, const char *id)
{
  return type != NULL && id != NULL && rounds_fhir_is_type (type) && rounds_fhir_is_id (id) &&
         strcmp (type, "Bundle") != 0 && strcmp (type, "Parameters") != 0 && strcmp (type, "OperationOutcome") != 0 &&
         !rounds_server_profile_is_probe (type, id);
}

static Entry *
read_entry (json_object *entry)
{
  json_object *resource = rounds_json_peek (entry, "resource");
  const char *method = rounds_json_peek_string (entry, "request.method");
  const char *mode = rounds_json_peek_string (entry, "search.mode");
  const char *status = rounds_json_peek_string (entry, "response.status");
  Entry *out = g_new0 (Entry, 1);

  if (resource == NULL || g_strcmp0 (method, "DELETE") == 0)
    {
      gboolean deletion = g_strcmp0 (method, "DELETE") == 0 || (status != NULL && g_str_has_prefix (status, "410"));

      if (!deletion || !read_deletion (entry, out) || !is_wanted (out->type, out->id))
        {
          entry_free (out);
          return NULL;
        }
    }
  else
    {
      out->type = g_strdup (rounds_json_peek_string (resource, "resourceType"));
      out->id = g_strdup (rounds_json_peek_string (resource, "id"));
      if (!is_wanted (out->type, out->id) || (mode != NULL && strcmp (mode, "match") != 0))
        {
          entry_free (out);
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

typedef struct {
  gint64 last_updated_us;   /* 0 = not said: some servers say it of no deletion */
  gint64 number;            /* of the version, −1 when it is no number */
} Taken;

/* Whether this version of a record is newer than what this listing gave before: by number where versions are
 * numbers, else by time. Where neither tells, the first counts, for histories begin with the newest. */
static gboolean
is_newest (Listing *self, const Entry *entry)
{
  g_autofree char *key = g_strconcat (entry->type, "/", entry->id, NULL);
  Taken *before = g_hash_table_lookup (self->seen, key);
  Taken now = { entry->download.last_updated_us, -1 };
  guint64 number;

  if (entry->version != NULL && g_ascii_string_to_unsigned (entry->version, 10, 0, G_MAXINT64, &number, NULL))
    now.number = (gint64) number;
  if (before != NULL)
    {
      if (before->number >= 0 && now.number >= 0 ? now.number <= before->number
                                                 : now.last_updated_us == 0 || before->last_updated_us == 0 ||
                                                     now.last_updated_us <= before->last_updated_us)
        return FALSE;
    }
  g_hash_table_replace (self->seen, g_steal_pointer (&key), g_memdup2 (&now, sizeof now));
  return TRUE;
}

/* A conflict that waits for a person is not recorded again for the version that it holds already. */
static gboolean
is_held_conflict (RoundsPass *pass, const Entry *entry)
{
  g_autoptr (RoundsRecord) record = rounds_store_get (pass->store, entry->type, entry->id, NULL);
  RoundsConflict *conflict;
  gboolean held = FALSE;

  if (record == NULL || g_strcmp0 (record->sync_state, "conflict") != 0)
    return FALSE;
  conflict = rounds_store_conflict_get (pass->store, entry->type, entry->id, NULL);
  if (conflict != NULL)
    {
      held = entry->version != NULL ? g_strcmp0 (conflict->theirs_version, entry->version) == 0
                                    : (conflict->theirs == NULL) == (entry->json == NULL);
      rounds_conflict_free (conflict);
    }
  return held;
}

static gboolean
take_page (Listing *self, json_object *bundle, gboolean last, gsize *n_entries, GError **error)
{
  json_object *list = rounds_json_peek (bundle, "entry");
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func (entry_free);
  g_autofree RoundsDownload *downloads = NULL;
  g_autofree char *cursor = NULL;
  guint i, n = 0, n_new = 0, n_conflicts = 0;
  gsize count = json_object_is_type (list, json_type_array) ? json_object_array_length (list) : 0;

  *n_entries = count;
  for (i = 0; i < count; i++)
    {
      Entry *entry = read_entry (json_object_array_get_idx (list, i));

      if (entry == NULL)
        continue;
      self->ascending &= entry->download.last_updated_us >= self->newest_us;
      self->newest_us = MAX (self->newest_us, entry->download.last_updated_us);
      if (is_newest (self, entry) && !is_held_conflict (self->pass, entry))
        g_ptr_array_add (entries, entry);
      else
        entry_free (entry);
    }
  downloads = g_new (RoundsDownload, entries->len + 1);
  for (i = 0; i < entries->len; i++)
    downloads[n++] = ((Entry *) entries->pdata[i])->download;
  cursor = last ? make_cursor (final_watermark (self), TRUE) : middle_cursor (self);
  if (!rounds_store_download_page (self->pass->store, downloads, n, self->scope, cursor, &n_new, &n_conflicts, error))
    return FALSE;
  self->pass->report->pulled += n_new;
  self->done += n;
  if (self->pass->progress != NULL && n > 0)
    self->pass->progress ("download", self->done, 0, self->pass->progress_data);
  return TRUE;
}

static gboolean
protocol_error (const char *text, GError **error)
{
  g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_PROTOCOL, text);
  return FALSE;
}

/* Reads a listing to its end. *status = of the page that failed, 0 when none did. */
static gboolean
read_listing (Listing *self, const char *first, int *status, GError **error)
{
  g_autofree char *url = g_strdup (first);
  g_autoptr (GHashTable) visited = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint pages, empty = 0;

  *status = 0;
  for (pages = 0; url != NULL && pages < MAX_PAGES; pages++)
    {
      g_auto (RoundsFhirAnswer) answer = { 0 };
      g_autofree char *next = NULL;
      GError *link_error = NULL;
      gsize n_entries;
      gboolean loop;

      g_hash_table_add (visited, g_strdup (url));
      if (!rounds_fhir_client_page (self->pass->fhir, url, &answer, self->pass->cancellable, error))
        return FALSE;
      if (answer.status != 200)
        {
          *status = answer.status;
          if (answer.status == 429 || answer.status == 503)
            self->pass->retry_after_us = answer.retry_after_us;
          return rounds_fhir_answer_check (&answer, error) &&
                 protocol_error (_("The cloud’s answer to a search cannot be read"), error);
        }
      if (g_strcmp0 (rounds_json_peek_string (answer.resource, "resourceType"), "Bundle") != 0)
        return protocol_error (_("The cloud’s answer to a search is no list"), error);
      if (pages == 0)
        self->server_us = answer.date_us;
      next = rounds_fhir_bundle_next (self->pass->fhir, answer.resource, &link_error);
      loop = next != NULL && g_hash_table_contains (visited, next);
      /* The cursor moves to the end only with a page that is known to be the last. */
      if (!take_page (self, answer.resource, next == NULL && link_error == NULL, &n_entries, error))
        {
          g_clear_error (&link_error);
          return FALSE;
        }
      if (link_error != NULL)
        {
          g_propagate_error (error, link_error);
          return FALSE;
        }
      empty = n_entries == 0 ? empty + 1 : 0;
      if (loop || empty > MAX_EMPTY_PAGES)
        return protocol_error (_("The cloud’s list of pages goes in a circle"), error);
      g_free (url);
      url = g_steal_pointer (&next);
    }
  return TRUE;
}

static gboolean
run_listing (RoundsPass *pass, const char *scope, gboolean is_history, gint64 watermark_us, const char *url,
             gint64 *server_us, int *status, GError **error)
{
  Listing self = { .pass = pass, .scope = scope, .is_history = is_history, .watermark_us = watermark_us,
                   .ascending = TRUE };
  gboolean ok;

  self.seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  ok = read_listing (&self, url, status, error);
  if (server_us != NULL)
    *server_us = self.server_us;
  g_hash_table_unref (self.seen);
  return ok;
}

/* --- searches ----------------------------------------------------------------------------------------- */

static gboolean
search_type (RoundsPass *pass, const char *type, gint64 *server_us, GError **error)
{
  g_autofree char *what = g_strconcat ("search/", type, NULL);
  g_autofree char *scope = rounds_connection_scope_of (pass, what);
  gboolean complete;
  gint64 watermark = load_watermark (pass, scope, &complete);
  g_autofree char *since = watermark > 0 ? rounds_instant_format_utc (watermark) : NULL;
  g_autofree char *url = since != NULL
                           ? g_strdup_printf ("%s?_lastUpdated=ge%s&_sort=_lastUpdated&_count=%d", type, since, PAGE)
                           : g_strdup_printf ("%s?_sort=_lastUpdated&_count=%d", type, PAGE);
  g_autoptr (GError) local = NULL;
  int status = 0;

  if (run_listing (pass, scope, FALSE, watermark, url, server_us, &status, &local))
    return TRUE;
  if (status == 410 && run_listing (pass, scope, FALSE, watermark, url, server_us, &status, NULL))
    return TRUE;   /* the page had expired: from the start, once */
  if (status == 403)
    {
      /* Not ours to see (any more): nothing is deleted for it. */
      rounds_pass_note (pass, g_strdup_printf (_("The cloud does not show records of type %s"), type));
      return TRUE;
    }
  if (status == 400 || status == 404 || status == 405 || status == 501)
    {
      rounds_pass_note (pass, g_strdup_printf (_("The cloud cannot search records of type %s"), type));
      return TRUE;
    }
  if (status >= 500 && status != 503)
    {
      /* This type fails; the others may not. Its watermark stays where it was. */
      rounds_pass_trouble (pass, local->message);
      return TRUE;
    }
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static int
compare_types (gconstpointer a, gconstpointer b)
{
  /* Patients first: with them the list fills, and references have their target. */
  const char *first = *(const char *const *) a, *second = *(const char *const *) b;
  gboolean pa = strcmp (first, "Patient") == 0, pb = strcmp (second, "Patient") == 0;

  return pa != pb ? pb - pa : strcmp (first, second);
}

static gboolean
search_all (RoundsPass *pass, gint64 *first_server_us, GError **error)
{
  guint n, i;
  g_autofree char **types = (char **) g_hash_table_get_keys_as_array (pass->profile->search_types, &n);

  *first_server_us = 0;
  qsort (types, n, sizeof (char *), compare_types);
  for (i = 0; i < n; i++)
    {
      gint64 server_us = 0;

      if (!is_wanted (types[i], "x"))
        continue;
      if (!search_type (pass, types[i], &server_us, error))
        return FALSE;
      if (*first_server_us == 0)
        *first_server_us = server_us;
    }
  return TRUE;
}

/* --- deletions where there is no history ---------------------------------------------------------------- */

/* Ids of a type that the server lists. NULL with error when the list could not be read to its end. */
static GHashTable *
list_ids (RoundsPass *pass, const char *type, GError **error)
{
  g_autoptr (GHashTable) ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) visited = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *url = g_strdup_printf ("%s?_elements=id&_count=500", type);

  while (url != NULL)
    {
      g_auto (RoundsFhirAnswer) answer = { 0 };
      json_object *list;
      gsize i, n;
      GError *local = NULL;

      if (!g_hash_table_add (visited, g_strdup (url)))
        return protocol_error (_("The cloud’s list of pages goes in a circle"), error), NULL;
      if (!rounds_fhir_client_page (pass->fhir, url, &answer, pass->cancellable, error) ||
          !rounds_fhir_answer_check (&answer, error))
        return NULL;
      list = rounds_json_peek (answer.resource, "entry");
      n = json_object_is_type (list, json_type_array) ? json_object_array_length (list) : 0;
      for (i = 0; i < n; i++)
        {
          const char *id = rounds_json_peek_string (json_object_array_get_idx (list, i), "resource.id");

          if (id != NULL)
            g_hash_table_add (ids, g_strdup (id));
        }
      g_free (url);
      url = rounds_fhir_bundle_next (pass->fhir, answer.resource, &local);
      if (local != NULL)
        {
          g_propagate_error (error, local);
          return NULL;
        }
    }
  return g_steal_pointer (&ids);
}

/* Absence alone is no deletion: each one that is missing is asked for, and only 404 or 410 counts. */
static gboolean
reconcile_type (RoundsPass *pass, const char *type, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GHashTable) ids = NULL;
  g_autoptr (GPtrArray) records = rounds_store_list (pass->store, type, NULL, 0, error);
  guint i;

  if (records == NULL)
    return FALSE;
  if (records->len == 0 || (ids = list_ids (pass, type, &local)) == NULL)
    return local == NULL || !g_error_matches (local, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  for (i = 0; i < records->len; i++)
    {
      RoundsRecord *record = records->pdata[i];
      RoundsOutboxItem item = { .type = record->type, .id = record->id };
      RoundsOutboxItem *items[] = { &item };
      g_autoptr (GPtrArray) remotes = NULL;
      RoundsRemote *remote;

      if (record->deleted || record->base_version == NULL || g_hash_table_contains (ids, record->id))
        continue;
      remotes = rounds_pass_read_many (pass, items, 1, error);
      if (remotes == NULL)
        return FALSE;
      remote = remotes->pdata[0];
      if (remote->status == 404 || remote->status == 410)
        {
          RoundsDownload download = { record->type, record->id, remote->version, NULL, 0 };
          guint n_new = 0;

          if (!rounds_store_download_page (pass->store, &download, 1, NULL, NULL, &n_new, NULL, error))
            return FALSE;
          pass->report->pulled += n_new;
        }
    }
  return TRUE;
}

/* Deletions of one type out of its own history. The first time only its beginning is marked. */
static gboolean
history_of_type (RoundsPass *pass, const char *type, gint64 server_us, GError **error)
{
  g_autofree char *what = g_strconcat ("history/", type, NULL);
  g_autofree char *scope = rounds_connection_scope_of (pass, what);
  g_autofree char *since = NULL;
  g_autofree char *url = NULL;
  g_autoptr (GError) local = NULL;
  gboolean complete;
  gint64 watermark = load_watermark (pass, scope, &complete);
  int status = 0;

  if (watermark == 0)
    {
      g_autofree char *cursor = NULL;

      if (server_us <= OVERLAP_US)
        return TRUE;
      cursor = make_cursor (server_us - OVERLAP_US, TRUE);
      return rounds_store_set_cursor (pass->store, scope, cursor, error);
    }
  since = rounds_instant_format_utc (watermark);
  url = g_strdup_printf ("%s/_history?_since=%s&_count=%d", type, since, PAGE);
  if (run_listing (pass, scope, TRUE, watermark, url, NULL, &status, &local))
    return TRUE;
  if (status == 0 || status == 429 || status == 503 || status == 401)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  rounds_pass_trouble (pass, local->message);
  return TRUE;
}

static gboolean
find_deletions (RoundsPass *pass, gint64 server_us, GError **error)
{
  g_autoptr (GPtrArray) counts = rounds_store_count (pass->store, NULL, error);
  guint i;

  if (counts == NULL)
    return FALSE;
  for (i = 0; i < counts->len; i++)
    {
      const char *type = ((RoundsCount *) counts->pdata[i])->type;

      if (g_hash_table_contains (pass->profile->history_types, type))
        {
          if (!history_of_type (pass, type, server_us, error))
            return FALSE;
        }
      else if (g_hash_table_contains (pass->profile->search_types, type) && !reconcile_type (pass, type, error))
        return FALSE;
    }
  return TRUE;
}

/* --- the step --------------------------------------------------------------------------------------------- */

gboolean
rounds_pass_download (RoundsPass *pass, GError **error)
{
  g_autofree char *scope = rounds_connection_scope_of (pass, "history");
  gboolean complete;
  gint64 watermark = load_watermark (pass, scope, &complete);
  gint64 server_us = 0;
  int status = 0;

  if (pass->profile->has_system_history && complete && watermark > 0)
    {
      g_autofree char *since = rounds_instant_format_utc (watermark);
      g_autofree char *url = g_strdup_printf ("_history?_since=%s&_count=%d", since, PAGE);
      g_autoptr (GError) local = NULL;

      if (run_listing (pass, scope, TRUE, watermark, url, NULL, &status, &local))
        return TRUE;
      if (status == 410 && run_listing (pass, scope, TRUE, watermark, url, NULL, &status, NULL))
        return TRUE;
      if (status != 400 && status != 403 && status != 404 && status != 405 && status != 501)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      /* It says it can and cannot: back to searching. */
    }
  if (!search_all (pass, &server_us, error))
    return FALSE;
  if (pass->profile->has_system_history && status == 0)
    {
      g_autofree char *cursor = NULL;

      /* From here on the history tells; it begins before the first search did. */
      if (server_us <= OVERLAP_US || pass->trouble != NULL)
        return TRUE;
      cursor = make_cursor (server_us - OVERLAP_US, TRUE);
      return rounds_store_set_cursor (pass->store, scope, cursor, error);
    }
  return find_deletions (pass, server_us, error);
}
