/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fetching what is new.
 *
 * The first time, and on servers without a history of the whole, each type is searched by _lastUpdated; after
 * that one request for the history since the watermark brings changes and deletions of all types at once. The
 * history begins where the very first search did, also when the first sync took several passes: what was deleted
 * in between would else stay here for ever. How far a first sync is, is counted and kept. */

#include "sync/pass.h"

#include <glib/gi18n-lib.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "sync/listing.h"

#define OVERLAP_US ROUNDS_LISTING_OVERLAP_US
#define DAY_US ((gint64) 24 * 3600 * G_USEC_PER_SEC)
#define MAX_CLOCK_OFF_US ((gint64) 600 * G_USEC_PER_SEC)
#define MAX_EXPIRED 8         /* of one listing's pages in one pass */

/* --- the first sync ------------------------------------------------------------------------------------- */

typedef struct {
  char *scope;
  gint64 begin_us;         /* the server's time at its beginning; 0 = not known yet */
  gboolean complete;
  gboolean changed;
} First;

static void
first_load (RoundsPass *pass, First *self)
{
  g_autofree char *text = NULL;
  g_autoptr (json_object) json = NULL;

  self->scope = rounds_connection_scope_of (pass, "first");
  text = rounds_store_dup_cursor (pass->store, self->scope, NULL);
  json = text != NULL ? rounds_json_parse (text, -1, NULL) : NULL;
  self->begin_us = json_object_get_int64 (rounds_json_peek (json, "begin_us"));
  self->complete = json_object_get_boolean (rounds_json_peek (json, "complete"));
}

static gboolean
first_save (RoundsDownloader *self, const First *first, GError **error)
{
  g_autofree char *text =
    g_strdup_printf ("{\"begin_us\":%" G_GINT64_FORMAT ",\"complete\":%s,\"done\":%" G_GUINT64_FORMAT
                     ",\"total\":%" G_GUINT64_FORMAT "}",
                     first->begin_us, first->complete ? "true" : "false",
                     self->total > 0 ? MIN (self->done, self->total) : self->done, self->total);

  return rounds_store_set_cursor (self->pass->store, first->scope, text, error);
}

static void
first_clear (First *self)
{
  g_clear_pointer (&self->scope, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (First, first_clear)

/* Where a history has to begin so that nothing between is lost: at the server's time, or, when that is not to be
 * believed, at the beginning of time. */
static gint64
begin_of (gint64 server_us)
{
  if (server_us <= OVERLAP_US || ABS (server_us - rounds_instant_now_us ()) > DAY_US)
    return OVERLAP_US + G_USEC_PER_SEC;
  return server_us;
}

/* --- searches ----------------------------------------------------------------------------------------- */

static char *
search_scope (RoundsPass *pass, const char *type)
{
  g_autofree char *what = g_strconcat ("search/", type, NULL);

  return rounds_connection_scope_of (pass, what);
}

static gboolean
search_type (RoundsDownloader *self, const char *type, gint64 expected, gint64 *server_us, GError **error)
{
  RoundsPass *pass = self->pass;
  g_autofree char *scope = search_scope (pass, type);
  RoundsListingRequest request = { .scope = scope, .type = type, .expected = expected };
  RoundsListingResult result;
  g_autoptr (GError) local = NULL;
  guint expired = 0;
  gboolean ok;

  /* A page that has expired: on from where the cursor is. A question that the server does not take: less of it, for
   * some refuse a page of that size, or the order. */
  while (!(ok = rounds_listing_run (self, &request, &result, &local)) &&
         ((result.status == 410 && expired++ < MAX_EXPIRED) ||
          (result.status == 400 && request.plain++ < ROUNDS_LISTING_PLAINEST)))
    g_clear_error (&local);
  *server_us = result.server_us;
  if (ok && result.n_missing > 0)
    rounds_pass_note (pass, g_strdup_printf (ngettext ("The cloud counts %u record of type %s that it does not show",
                                                       "The cloud counts %u records of type %s that it does not show",
                                                       result.n_missing),
                                             result.n_missing, type));
  if (ok)
    return TRUE;
  if (result.status == 403 || result.status == 400 || result.status == 404 || result.status == 405 ||
      result.status == 501)
    {
      /* Not ours to see (any more), or not to be searched: nothing is deleted for it, and nothing waits for it. */
      rounds_pass_note (pass, g_strdup_printf (result.status == 403 ? _("The cloud does not show records of type %s")
                                                                    : _("The cloud cannot search records of type %s"),
                                               type));
      return rounds_listing_load (pass, scope, NULL) > 0 || rounds_listing_save (pass, scope, 0, TRUE, error);
    }
  if (result.status >= 500 && result.status != 503)
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
is_incomplete (RoundsPass *pass, const char *type)
{
  g_autofree char *scope = search_scope (pass, type);
  gboolean complete;

  rounds_listing_load (pass, scope, &complete);
  return !complete;
}

/* How many records of each type there are in all, for those whose first listing is not through: a table of them by
 * type, empty when there is none. What they are together is not known when it is not known of one. */
static GHashTable *
count_ahead (RoundsDownloader *self, char **types, guint n)
{
  GHashTable *table = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  g_autofree RoundsTypeCount *counts = g_new0 (RoundsTypeCount, n + 1);
  gboolean known = TRUE;
  guint n_counts = 0, i;

  self->total = 0;
  for (i = 0; i < n; i++)
    if (rounds_listing_is_wanted (types[i], "x") && is_incomplete (self->pass, types[i]))
      counts[n_counts++].type = types[i];
  rounds_listing_count_types (self->pass, counts, n_counts);
  for (i = 0; i < n_counts; i++)
    {
      known &= counts[i].total >= 0 || counts[i].refused;
      self->total += MAX (counts[i].total, 0);
      /* An empty server is not asked for more, and its clock counts all the same. */
      if (counts[i].server_us > 0)
        self->clock_ahead_us = rounds_instant_now_us () - counts[i].server_us;
      g_hash_table_insert (table, (gpointer) counts[i].type, g_memdup2 (&counts[i], sizeof counts[i]));
    }
  if (!known)
    self->total = 0;
  return table;
}

/* A type of which there is nothing, says the server: its listing is through. *skip FALSE = it has to be searched. */
static gboolean
take_none (RoundsDownloader *self, const RoundsTypeCount *count, gboolean *skip, GError **error)
{
  g_autofree char *scope = NULL;

  *skip = count != NULL && count->total == 0 && count->server_us > 0;
  if (!*skip)
    return TRUE;
  scope = search_scope (self->pass, count->type);
  /* One that was cut had some: they may be deleted by now, and they may be hidden. */
  *skip = rounds_listing_load (self->pass, scope, NULL) == 0;
  return !*skip || rounds_listing_save (self->pass, scope, rounds_listing_reach (count->server_us, 0), TRUE, error);
}

/* *first_server_us: the server's time when this began. */
static gboolean
search_all (RoundsDownloader *self, First *first, gint64 *first_server_us, GError **error)
{
  guint n, i;
  g_autofree char **types = (char **) g_hash_table_get_keys_as_array (self->pass->profile->search_types, &n);
  g_autoptr (GHashTable) counts = NULL;
  gboolean any, left = FALSE;

  *first_server_us = 0;
  qsort (types, n, sizeof (char *), compare_types);
  counts = count_ahead (self, types, n);
  any = g_hash_table_size (counts) > 0;
  if (any)
    first->complete = FALSE;
  first->changed = any;
  for (i = 0; i < n; i++)
    {
      const RoundsTypeCount *count = g_hash_table_lookup (counts, types[i]);
      gint64 server_us = count != NULL ? count->server_us : 0;
      gboolean skip;

      if (!rounds_listing_is_wanted (types[i], "x"))
        continue;
      if (!take_none (self, count, &skip, error) ||
          (!skip && !search_type (self, types[i], count != NULL ? count->total : -1, &server_us, error)))
        return FALSE;
      if (*first_server_us == 0)
        *first_server_us = server_us;
      left |= any && is_incomplete (self->pass, types[i]);
    }
  first->complete = !left;
  return TRUE;
}

/* The server's time is wanted before the first record is: a request that costs nothing tells it. */
static gboolean
mark_beginning (RoundsDownloader *self, First *first, GError **error)
{
  g_auto (RoundsFhirAnswer) answer = { 0 };

  if (first->begin_us > 0 || first->complete)
    return TRUE;
  if (!rounds_fhir_client_page (self->pass->fhir, "Patient?_summary=count", &answer, self->pass->cancellable, error))
    return FALSE;
  if (answer.status == 429 || answer.status == 503)
    self->pass->retry_after_us = answer.retry_after_us;
  if (answer.status == 401 || answer.status == 429 || answer.status == 503)
    return rounds_fhir_answer_check (&answer, error);
  first->begin_us = begin_of (answer.date_us);
  return first_save (self, first, error);
}

/* --- the step --------------------------------------------------------------------------------------------- */

/* Conflicts that wait for a person; NULL without error when there are none. */
static GHashTable *
list_conflicts (RoundsPass *pass, GError **error)
{
  g_autoptr (GPtrArray) list = rounds_store_conflict_list (pass->store, error);
  GHashTable *set;
  guint i;

  if (list == NULL || list->len == 0)
    return NULL;
  set = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (i = 0; i < list->len; i++)
    {
      RoundsConflict *conflict = list->pdata[i];

      g_hash_table_add (set, g_strconcat (conflict->type, "/", conflict->id, NULL));
    }
  return set;
}

/* TRUE with *searched FALSE: the history brought everything. */
static gboolean
follow_history (RoundsDownloader *self, const char *scope, gboolean *search, GError **error)
{
  RoundsListingRequest request = { .scope = scope, .is_history = TRUE, .expected = -1 };
  RoundsListingResult result;
  g_autoptr (GError) local = NULL;

  *search = FALSE;
  if (rounds_listing_run (self, &request, &result, &local))
    return TRUE;
  if (result.status == 410 && rounds_listing_run (self, &request, &result, NULL))
    return TRUE;
  /* It says it can and cannot, or there is more than can be sorted: back to searching. */
  *search = result.status == 400 || result.status == 403 || result.status == 404 || result.status == 405 ||
            result.status == 501 || g_error_matches (local, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_LIMIT);
  if (*search)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static gboolean
download (RoundsDownloader *self, First *first, GError **error)
{
  RoundsPass *pass = self->pass;
  g_autofree char *scope = rounds_connection_scope_of (pass, "history");
  gboolean complete, search = TRUE, has_history = pass->profile->has_system_history;
  gint64 watermark = rounds_listing_load (pass, scope, &complete);
  gint64 server_us = 0;

  if (has_history && complete && watermark > 0)
    {
      if (!follow_history (self, scope, &search, error))
        return FALSE;
      if (!search)
        return TRUE;
      has_history = FALSE;
    }
  if (!mark_beginning (self, first, error) || !search_all (self, first, &server_us, error))
    return FALSE;
  if (!has_history)
    return rounds_pass_find_deletions (self, first->begin_us > 0 ? first->begin_us : begin_of (server_us), server_us,
                                       error);
  if (pass->trouble != NULL || !first->complete)
    return TRUE;
  /* From here on the history tells; it begins before the first search did. */
  if (watermark == 0)
    watermark = MAX (first->begin_us > 0 ? first->begin_us : begin_of (server_us), OVERLAP_US + 1) - OVERLAP_US;
  return rounds_listing_save (pass, scope, watermark, TRUE, error);
}

/* A wrong clock puts wrong times on what is written here. It harms no sync, but a person has to know, and the
 * audit trail too, from when until when. */
static void
tell_clock (RoundsDownloader *self)
{
  g_autofree char *scope = rounds_connection_scope_of (self->pass, "clock");
  g_autofree char *before = rounds_store_dup_cursor (self->pass->store, scope, NULL);
  gint64 off_us = ABS (self->clock_ahead_us);
  g_autofree char *detail = NULL;

  if (off_us > MAX_CLOCK_OFF_US)
    {
      g_autofree char *age = rounds_instant_age (0, off_us);

      rounds_pass_note (self->pass,
                        g_strdup_printf (self->clock_ahead_us > 0 ? _("The clock of this computer is %s ahead of the cloud’s")
                                                                  : _("The clock of this computer is %s behind the cloud’s"),
                                         age));
    }
  if ((off_us > MAX_CLOCK_OFF_US) == (before != NULL))
    return;
  detail = g_strdup_printf ("clock: %" G_GINT64_FORMAT " s ahead of the cloud", self->clock_ahead_us / G_USEC_PER_SEC);
  if (rounds_store_audit (self->pass->store, "sync", NULL, NULL, detail, NULL))
    rounds_store_set_cursor (self->pass->store, scope, before == NULL ? "{\"off\":true}" : NULL, NULL);
}

gboolean
rounds_pass_download (RoundsPass *pass, GError **error)
{
  RoundsDownloader self = { .pass = pass };
  g_auto (First) first = { 0 };
  g_autoptr (GError) local = NULL;
  gboolean ok;

  self.conflicts = list_conflicts (pass, &local);
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  first_load (pass, &first);
  ok = download (&self, &first, error);
  tell_clock (&self);
  if (first.changed)
    {
      if (!first_save (&self, &first, ok ? error : NULL))
        ok = FALSE;
      pass->report->first_sync = !first.complete;
      pass->report->first_done = self.total > 0 ? MIN (self.done, self.total) : self.done;
      pass->report->first_total = self.total;
    }
  g_clear_pointer (&self.conflicts, g_hash_table_unref);
  return ok;
}
