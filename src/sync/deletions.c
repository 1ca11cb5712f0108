/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was deleted at the server, where it keeps no history of the whole: out of the histories of types, or by
 * comparing lists. A list is compared when the numbers of either side have changed, and once an hour. Absence
 * alone is no deletion: each record that is missing is asked for, and only 404 or 410 counts. The same lists show
 * what searches by time passed by (committed very late, or hidden while the server built its index). */

#include "sync/listing.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "store/bases.h"

#define LIST_EVERY_US ((gint64) 3600 * G_USEC_PER_SEC)
#define MAX_IDS 2000000
#define MAX_PAGES 20000
#define MAX_EMPTY_PAGES 20
#define MAX_READS 2000        /* of one type in one pass; what is left comes with the next */
#define READ_AT_ONCE 50

/* --- lists of ids ------------------------------------------------------------------------------------- */

static gboolean
take_ids (GHashTable *ids, json_object *bundle, guint *n_empty, GError **error)
{
  json_object *list = rounds_json_peek (bundle, "entry");
  gsize i, n = json_object_is_type (list, json_type_array) ? json_object_array_length (list) : 0;

  for (i = 0; i < n; i++)
    {
      json_object *entry = json_object_array_get_idx (list, i);
      const char *id = rounds_json_peek_string (entry, "resource.id");
      const char *version = rounds_json_peek_string (entry, "resource.meta.versionId");

      if (id != NULL)
        g_hash_table_replace (ids, g_strdup (id), g_strdup (version != NULL ? version : ""));
    }
  *n_empty = n == 0 ? *n_empty + 1 : 0;
  if (g_hash_table_size (ids) <= MAX_IDS)
    return TRUE;
  g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_LIMIT,
                       _("The cloud’s list is longer than Rounds can read at once"));
  return FALSE;
}

/* Ids of a type that the server lists → their versions ("" = not said). NULL with error when the list could not
 * be read. A list that goes in a circle or on for ever is cut: what it lacks is only asked for. */
static GHashTable *
list_ids (RoundsPass *pass, const char *type, GError **error)
{
  g_autoptr (GHashTable) ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GHashTable) visited = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *url = g_strdup_printf ("%s?_elements=id,meta&_count=500", type);
  guint n_empty = 0;

  while (url != NULL && n_empty <= MAX_EMPTY_PAGES && g_hash_table_size (visited) < MAX_PAGES &&
         g_hash_table_add (visited, g_strdup (url)))
    {
      g_auto (RoundsFhirAnswer) answer = { 0 };
      GError *local = NULL;

      if (!rounds_fhir_client_page (pass->fhir, url, &answer, pass->cancellable, error) ||
          !rounds_fhir_answer_check (&answer, error) || !take_ids (ids, answer.resource, &n_empty, error))
        return NULL;
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

/* --- what differs is read ------------------------------------------------------------------------------ */

/* Reads up to READ_AT_ONCE records and takes what they are now. */
static gboolean
read_some (RoundsPass *pass, const char *type, GPtrArray *ids, guint from, GHashTable *bases, GError **error)
{
  guint n = MIN (ids->len - from, READ_AT_ONCE), i, n_downloads = 0, n_new = 0;
  g_autofree RoundsOutboxItem *items = g_new0 (RoundsOutboxItem, n);
  g_autofree RoundsOutboxItem **pointers = g_new (RoundsOutboxItem *, n);
  g_autofree RoundsDownload *downloads = g_new0 (RoundsDownload, n);
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) remotes = NULL;

  for (i = 0; i < n; i++)
    {
      items[i].type = (char *) type;
      items[i].id = ids->pdata[from + i];
      pointers[i] = &items[i];
    }
  remotes = rounds_pass_read_many (pass, pointers, n, error);
  if (remotes == NULL)
    return FALSE;
  for (i = 0; i < n; i++)
    {
      RoundsRemote *remote = remotes->pdata[i];
      gboolean gone = (remote->status == 404 || remote->status == 410) && g_hash_table_contains (bases, items[i].id);
      char *text;

      if (!gone && (remote->status != 200 || remote->resource == NULL))
        continue;
      text = gone ? NULL : rounds_json_print (remote->resource);
      g_ptr_array_add (texts, text);
      downloads[n_downloads++] =
        (RoundsDownload){ type, items[i].id, remote->version, text, gone ? 0 : remote->last_updated_us };
    }
  if (!rounds_store_download_page (pass->store, downloads, n_downloads, NULL, NULL, &n_new, NULL, error))
    return FALSE;
  pass->report->pulled += n_new;
  return TRUE;
}

/* Ids that one side has and the other has not, or in another version. */
static GPtrArray *
find_differences (const char *type, GHashTable *bases, GHashTable *ids)
{
  GPtrArray *list = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer id, version;

  g_hash_table_iter_init (&iter, bases);
  while (g_hash_table_iter_next (&iter, &id, &version))
    {
      const char *theirs = g_hash_table_lookup (ids, id);

      if (theirs == NULL || (*theirs != '\0' && strcmp (theirs, version) != 0))
        g_ptr_array_add (list, id);
    }
  g_hash_table_iter_init (&iter, ids);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    if (!g_hash_table_contains (bases, id) && rounds_listing_is_wanted (type, id))
      g_ptr_array_add (list, id);
  if (list->len > MAX_READS)
    g_ptr_array_set_size (list, MAX_READS);
  return list;
}

/* --- when ------------------------------------------------------------------------------------------------ */

static gboolean
is_due (RoundsPass *pass, const char *scope, const char *pair, gint64 server_us)
{
  g_autofree char *text = rounds_store_dup_cursor (pass->store, scope, NULL);
  g_autoptr (json_object) json = text != NULL ? rounds_json_parse (text, -1, NULL) : NULL;
  gint64 age = server_us - json_object_get_int64 (rounds_json_peek (json, "at_us"));

  return pair == NULL || g_strcmp0 (rounds_json_peek_string (json, "numbers"), pair) != 0 || server_us == 0 || age < 0 ||
         age > LIST_EVERY_US;
}

static char *
count_both (RoundsPass *pass, const char *type, guint64 here)
{
  gint64 there = rounds_listing_count (pass, type, 0);

  return there >= 0 ? g_strdup_printf ("%" G_GINT64_FORMAT "/%" G_GUINT64_FORMAT, there, here) : NULL;
}

static gboolean
reconcile_type (RoundsPass *pass, const char *type, guint64 here, gint64 server_us, GError **error)
{
  g_autofree char *what = g_strconcat ("ids/", type, NULL);
  g_autofree char *scope = rounds_connection_scope_of (pass, what);
  g_autofree char *pair = count_both (pass, type, here);
  g_autofree char *cursor = NULL;
  g_autoptr (GHashTable) bases = NULL;
  g_autoptr (GHashTable) ids = NULL;
  g_autoptr (GPtrArray) differences = NULL;
  g_autoptr (GError) local = NULL;
  guint i;

  if (!is_due (pass, scope, pair, server_us))
    return TRUE;
  bases = rounds_store_list_bases (pass->store, type, error);
  if (bases == NULL)
    return FALSE;
  ids = list_ids (pass, type, &local);
  if (ids == NULL)
    {
      if (!g_error_matches (local, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return TRUE;   /* not this time */
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  differences = find_differences (type, bases, ids);
  for (i = 0; i < differences->len; i += READ_AT_ONCE)
    if (!read_some (pass, type, differences, i, bases, error))
      return FALSE;
  if (pair == NULL || differences->len > 0)
    return TRUE;       /* the numbers are others now; looked at again in the next pass */
  cursor = g_strdup_printf ("{\"numbers\":\"%s\",\"at_us\":%" G_GINT64_FORMAT "}", pair, server_us);
  return rounds_store_set_cursor (pass->store, scope, cursor, error);
}

/* Deletions of one type out of its own history. The first time only its beginning is marked. */
static gboolean
history_of_type (RoundsDownloader *self, const char *type, gint64 begin_us, GError **error)
{
  RoundsPass *pass = self->pass;
  g_autofree char *what = g_strconcat ("history/", type, NULL);
  g_autofree char *scope = rounds_connection_scope_of (pass, what);
  RoundsListingRequest request = { .scope = scope, .type = type, .is_history = TRUE, .expected = -1 };
  RoundsListingResult result;
  g_autoptr (GError) local = NULL;

  if (rounds_listing_load (pass, scope, NULL) == 0)
    return begin_us <= ROUNDS_LISTING_OVERLAP_US ||
           rounds_listing_save (pass, scope, begin_us - ROUNDS_LISTING_OVERLAP_US, TRUE, error);
  if (rounds_listing_run (self, &request, &result, &local))
    return TRUE;
  if (result.status == 0 || result.status == 429 || result.status == 503 || result.status == 401)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  rounds_pass_trouble (pass, local->message);
  return TRUE;
}

gboolean
rounds_pass_find_deletions (RoundsDownloader *self, gint64 begin_us, gint64 server_us, GError **error)
{
  RoundsPass *pass = self->pass;
  g_autoptr (GPtrArray) counts = rounds_store_count (pass->store, NULL, error);
  guint i;

  if (counts == NULL)
    return FALSE;
  for (i = 0; i < counts->len; i++)
    {
      const RoundsCount *count = counts->pdata[i];

      if (g_hash_table_contains (pass->profile->history_types, count->type))
        {
          if (!history_of_type (self, count->type, begin_us, error))
            return FALSE;
        }
      else if (g_hash_table_contains (pass->profile->search_types, count->type) &&
               !reconcile_type (pass, count->type, count->count, server_us, error))
        return FALSE;
    }
  return TRUE;
}
