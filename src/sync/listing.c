/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a long list that goes on changing while it is read.
 *
 * A page and the cursor that covers it go into the store in one transaction, while the next page is already on
 * its way. Where a server pages by counting, a record that changes meanwhile moves to the end and another slips
 * past the edge of a page: such a search goes on by time instead, from the newest that was seen. What was seen is
 * counted against what the server counts, and read again when something is missing.
 *
 * A watermark is the server's own Date less 122 s. A Date that is a day away from this computer's clock may be
 * wrong, and so may be the clock: then the newest lastUpdated that was seen limits it, so that no wrong clock can
 * carry it past changes. This computer's clock never moves it up. */

#include "sync/listing.h"

#include <glib/gi18n-lib.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"

#define OVERLAP_US ROUNDS_LISTING_OVERLAP_US
#define PAGE ROUNDS_LISTING_PAGE
#define DAY_US ((gint64) 24 * 3600 * G_USEC_PER_SEC)
#define MAX_EMPTY_PAGES 20
#define MAX_PAGES 200000
#define MAX_SEEN 2000000      /* 20 bytes each */
#define SLICE 1000            /* records of one transaction */
#define SLICE_BYTES (8 * 1024 * 1024)

typedef struct {
  RoundsDownloader *downloader;
  RoundsPass *pass;
  const RoundsListingRequest *request;
  gint64 watermark_us;     /* where it began; 0 = from the start */
  gint64 server_us;
  gint64 newest_us;        /* largest lastUpdated seen that can be true */
  gboolean ascending;      /* so far every record was at least as new as the one before */
  GHashTable *seen;        /* hash of "TYPE/ID" → the version taken */
  GHashTable *visited;     /* hashes of addresses */
  guint passed_over;       /* entries that are not kept */
  gint64 total;            /* as the server says on the first page; −1 = it does not */
  int status;
  gboolean second;         /* read once more, because something was missing */
  RoundsDownloadJob *reading, *writing;   /* what is being collected, and what is on its way to the disk; or NULL */
} Listing;

static gboolean
protocol_error (const char *text, GError **error)
{
  g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_PROTOCOL, text);
  return FALSE;
}

/* FNV-1a: sets of millions without their texts. */
static gpointer
hash_of (const char *a, const char *b)
{
  guint64 hash = G_GUINT64_CONSTANT (14695981039346656037);
  const char *parts[] = { a, "/", b };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (parts); i++)
    for (const char *p = parts[i]; p != NULL && *p != '\0'; p++)
      hash = (hash ^ (guint8) *p) * G_GUINT64_CONSTANT (1099511628211);
  return GSIZE_TO_POINTER (hash | 1);
}

/* --- cursors --------------------------------------------------------------------------------------- */

gint64
rounds_listing_load (RoundsPass *pass, const char *scope, gboolean *complete)
{
  g_autofree char *text = rounds_store_dup_cursor (pass->store, scope, NULL);
  g_autoptr (json_object) json = text != NULL ? rounds_json_parse (text, -1, NULL) : NULL;

  if (complete != NULL)
    *complete = json_object_get_boolean (rounds_json_peek (json, "complete"));
  return json != NULL ? MAX (json_object_get_int64 (rounds_json_peek (json, "watermark_us")), 0) : 0;
}

static char *
make_cursor (gint64 watermark_us, gboolean complete)
{
  return g_strdup_printf ("{\"watermark_us\":%" G_GINT64_FORMAT ",\"complete\":%s}", watermark_us,
                          complete ? "true" : "false");
}

gboolean
rounds_listing_save (RoundsPass *pass, const char *scope, gint64 watermark_us, gboolean complete, GError **error)
{
  g_autofree char *cursor = make_cursor (watermark_us, complete);

  return rounds_store_set_cursor (pass->store, scope, cursor, error);
}

gint64
rounds_listing_reach (gint64 server_us, gint64 newest_us)
{
  gint64 off = server_us - rounds_instant_now_us ();
  /* What the server's clock says, as far as it can be believed. */
  gint64 reach = server_us <= 0 ? newest_us : ABS (off) <= DAY_US ? server_us : MIN (server_us, newest_us);

  return reach > OVERLAP_US ? reach - OVERLAP_US : 0;
}

/* How far a listing that was read to its end reaches. */
static gint64
final_watermark (const Listing *self)
{
  return MAX (self->watermark_us, rounds_listing_reach (self->server_us, self->newest_us));
}

/* The cursor that may stand beside a page in the middle: only when the order is that of time. */
static char *
middle_cursor (const Listing *self)
{
  gint64 reach = self->newest_us;

  if (self->request->is_history || !self->ascending || self->server_us == 0)
    return NULL;
  reach = MIN (reach, self->server_us - OVERLAP_US);
  return reach > self->watermark_us ? make_cursor (reach, FALSE) : NULL;
}

/* --- which records of a page count ------------------------------------------------------------------- */

/* Whether this version of a record is newer than what this listing gave before: by number where versions are
 * numbers, else by time. Where neither tells, the first counts, for histories begin with the newest. What is
 * kept: number·2 + 1, or µs·2, or 0. */
static gboolean
is_newest (Listing *self, const RoundsListingEntry *entry)
{
  gpointer key = hash_of (entry->type, entry->id), value;
  gint64 now = MAX (entry->download.last_updated_us, 0) * 2, before;
  guint64 number;

  if (entry->version != NULL && g_ascii_string_to_unsigned (entry->version, 10, 0, G_MAXINT64 / 4, &number, NULL))
    now = (gint64) number * 2 + 1;
  if (g_hash_table_lookup_extended (self->seen, key, NULL, &value))
    {
      before = (gint64) GPOINTER_TO_SIZE (value);
      if ((now & 1) != (before & 1) || now == 0 || before == 0 || now <= before)
        return FALSE;
    }
  g_hash_table_replace (self->seen, key, GSIZE_TO_POINTER ((gsize) now));
  return TRUE;
}

/* A conflict that waits for a person is not recorded again for the version that it holds already. */
static gboolean
is_held_conflict (Listing *self, const RoundsListingEntry *entry)
{
  g_autofree char *key = NULL;
  RoundsConflict *conflict;
  gboolean held = FALSE;

  if (self->downloader->conflicts == NULL)
    return FALSE;
  key = g_strconcat (entry->type, "/", entry->id, NULL);
  if (!g_hash_table_contains (self->downloader->conflicts, key))
    return FALSE;
  conflict = rounds_store_conflict_get (self->pass->store, entry->type, entry->id, NULL);
  if (conflict != NULL)
    {
      held = entry->version != NULL ? g_strcmp0 (conflict->theirs_version, entry->version) == 0
                                    : (conflict->theirs == NULL) == (entry->json == NULL);
      rounds_conflict_free (conflict);
    }
  return held;
}

/* A lastUpdated that lies a day ahead of the server's clock is none: it would hide every later change. */
static void
bound_time (const Listing *self, RoundsListingEntry *entry)
{
  gint64 limit = (self->server_us > 0 ? self->server_us : rounds_instant_now_us ()) + DAY_US;

  if (entry->download.last_updated_us > limit)
    entry->download.last_updated_us = 0;
}

/* --- keeping them ------------------------------------------------------------------------------------- */

/* Waits for what is being written. */
static gboolean
finish_writing (Listing *self, GError **error)
{
  RoundsDownloadJob *job = g_steal_pointer (&self->writing);
  guint n_new = 0;

  if (job == NULL)
    return TRUE;
  if (!rounds_store_download_finish (job, &n_new, NULL, error))
    return FALSE;
  self->pass->report->pulled += n_new;
  return TRUE;
}

/* Has what was read so far written, once what came before is on disk: a cursor never covers what is not there. */
static gboolean
begin_writing (Listing *self, const char *cursor, GError **error)
{
  if (!finish_writing (self, error))
    return FALSE;
  self->writing = g_steal_pointer (&self->reading);
  rounds_store_download_begin (self->pass->store, self->writing, self->request->scope, cursor);
  return TRUE;
}

static gboolean
keep_entry (Listing *self, const RoundsListingEntry *entry, GError **error)
{
  gsize bytes;

  if (!rounds_store_download_add (self->reading, &entry->download, error))
    return FALSE;
  /* The cursor comes with the last of them. */
  if (rounds_store_download_get_n (self->reading, &bytes) < SLICE && bytes < SLICE_BYTES)
    return TRUE;
  if (!begin_writing (self, NULL, error))
    return FALSE;
  self->reading = rounds_store_download_new ();
  return TRUE;
}

static gboolean
read_page (Listing *self, const RoundsFhirAnswer *page, gsize n_entries, GError **error)
{
  gsize i;

  if (self->reading == NULL)
    self->reading = rounds_store_download_new ();
  for (i = 0; i < n_entries; i++)
    {
      g_auto (RoundsListingEntry) entry = { 0 };
      RoundsEntry found = rounds_listing_page_read (page, i, &entry);

      if (found == ROUNDS_ENTRY_BROKEN)
        return protocol_error (_("The cloud’s answer is not FHIR in JSON"), error);
      if (found == ROUNDS_ENTRY_PASS)
        {
          self->passed_over++;
          continue;
        }
      bound_time (self, &entry);
      if (entry.download.last_updated_us > 0)
        {
          self->ascending &= entry.download.last_updated_us >= self->newest_us;
          self->newest_us = MAX (self->newest_us, entry.download.last_updated_us);
        }
      else
        self->ascending = FALSE;
      if (is_newest (self, &entry) && !is_held_conflict (self, &entry) && !keep_entry (self, &entry, error))
        return FALSE;
    }
  if (g_hash_table_size (self->seen) > MAX_SEEN)
    {
      g_set_error_literal (error, ROUNDS_CLOUD_ERROR, ROUNDS_CLOUD_ERROR_LIMIT,
                           _("The cloud’s list is longer than Rounds can read at once"));
      return FALSE;
    }
  return TRUE;
}

static gboolean
keep_page (Listing *self, gboolean last, GError **error)
{
  g_autofree char *cursor = last ? make_cursor (final_watermark (self), TRUE) : middle_cursor (self);

  return begin_writing (self, cursor, error);
}

static void
tell_progress (Listing *self, gsize n_entries)
{
  RoundsDownloader *all = self->downloader;

  all->done += n_entries;
  if (self->pass->progress != NULL && n_entries > 0)
    self->pass->progress ("download", (guint) MIN (all->total > 0 ? MIN (all->done, all->total) : all->done, G_MAXUINT),
                          (guint) MIN (all->total, G_MAXUINT), self->pass->progress_data);
}

/* --- fetching ahead ------------------------------------------------------------------------------------ */

typedef struct {
  RoundsPass *pass;
  char *url;
  RoundsFhirAnswer answer;
  GError *error;
  gboolean ok;
  GThread *thread;     /* NULL = the answer is here */
} Fetch;

static gpointer
fetch_thread (gpointer data)
{
  Fetch *self = data;

  self->ok = rounds_fhir_client_list (self->pass->fhir, self->url, &self->answer, self->pass->cancellable, &self->error);
  return NULL;
}

static Fetch *
fetch_start (RoundsPass *pass, const char *url)
{
  Fetch *self = g_new0 (Fetch, 1);

  self->pass = pass;
  self->url = g_strdup (url);
  self->thread = g_thread_new ("rounds-page", fetch_thread, self);
  return self;
}

static void
fetch_wait (Fetch *self)
{
  g_clear_pointer (&self->thread, g_thread_join);
}

static void
fetch_free (Fetch *self)
{
  if (self == NULL)
    return;
  fetch_wait (self);
  rounds_fhir_answer_clear (&self->answer);
  g_clear_error (&self->error);
  g_free (self->url);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fetch, fetch_free)

/* --- addresses -------------------------------------------------------------------------------------------- */

static char *
make_url (const RoundsListingRequest *request, gint64 since_us)
{
  static const char *const how[] = { ("&_sort=_lastUpdated&_count=" G_STRINGIFY (PAGE)), "&_sort=_lastUpdated&_count=100", "" };
  g_autofree char *since = since_us > 0 ? rounds_instant_format_utc (since_us) : NULL;
  const char *rest = how[MIN (request->plain, ROUNDS_LISTING_PLAINEST)];

  /* Never a history without _since: some servers cut that list to a total that they remember. */
  if (request->is_history)
    return g_strdup_printf ("%s%s_history?_since=%s&_count=%d", request->type != NULL ? request->type : "",
                            request->type != NULL ? "/" : "", since != NULL ? since : "1970-01-01T00:00:00Z", PAGE);
  return since != NULL ? g_strdup_printf ("%s?_lastUpdated=ge%s%s", request->type, since, rest)
                       : g_strdup_printf ("%s%s%s", request->type, *rest != '\0' ? "?" : "", *rest != '\0' ? rest + 1 : "");
}

/* Whether an address names the page by counting through a list that may have changed. */
static gboolean
is_counting (const char *url)
{
  static const char *const names[] = { "_offset=", "offset=", "_page=", "page=", "_skip=", "skip=" };
  const char *query = strchr (url, '?');
  guint i;

  if (query == NULL || strstr (query, "_getpages=") != NULL)
    return FALSE;
  for (i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const char *found = strstr (query, names[i]);

      if (found != NULL && (found[-1] == '?' || found[-1] == '&'))
        return TRUE;
    }
  return FALSE;
}

/* Where to go on. before_us: the newest before this page. */
static char *
choose_next (Listing *self, char *next_taken, gint64 before_us)
{
  g_autofree char *next = next_taken;
  g_autofree char *by_time = NULL;

  if (next == NULL || self->request->is_history || !self->ascending || self->newest_us <= MAX (before_us, self->watermark_us) ||
      !is_counting (next))
    return g_steal_pointer (&next);
  by_time = make_url (self->request, self->newest_us);
  if (g_hash_table_contains (self->visited, hash_of (by_time, NULL)))
    return g_steal_pointer (&next);
  return g_steal_pointer (&by_time);
}

/* Whether the next page can be asked for before this one is read: where its address is already known to be followed,
 * and two pages in memory are not too much. */
static gboolean
may_go_early (Listing *self, const char *next, guint n_empty, const Fetch *page)
{
  return (self->request->is_history || !is_counting (next)) && n_empty <= MAX_EMPTY_PAGES &&
         !g_hash_table_contains (self->visited, hash_of (next, NULL)) &&
         (page->answer.body == NULL || g_bytes_get_size (page->answer.body) <= SLICE_BYTES);
}

gint64
rounds_listing_count (RoundsPass *pass, const char *type, gint64 watermark_us)
{
  g_auto (RoundsFhirAnswer) answer = { 0 };
  g_autofree char *since = watermark_us > 0 ? rounds_instant_format_utc (watermark_us) : NULL;
  g_autofree char *url = since != NULL ? g_strdup_printf ("%s?_lastUpdated=ge%s&_summary=count", type, since)
                                       : g_strdup_printf ("%s?_summary=count", type);

  if (!rounds_fhir_client_page (pass->fhir, url, &answer, pass->cancellable, NULL) || answer.status != 200)
    return -1;
  return rounds_listing_read_total (answer.resource);
}

static guint
count_seen (Listing *self)
{
  return g_hash_table_size (self->seen) + self->passed_over;
}

static guint
count_missing (Listing *self)
{
  return self->total > count_seen (self) ? (guint) MIN (self->total - count_seen (self), G_MAXUINT) : 0;
}

/* A list of pages that does not end is at its end when everything that the server counts was seen. */
static gboolean
has_everything (Listing *self)
{
  if (self->request->is_history)
    return FALSE;
  if (self->total < 0)
    self->total = rounds_listing_count (self->pass, self->request->type, self->watermark_us);
  return self->total >= 0 && count_seen (self) >= self->total;
}

/* --- reading to the end ------------------------------------------------------------------------------------ */

static void
begin (Listing *self, const RoundsFhirAnswer *answer)
{
  json_object *total = rounds_json_peek (answer->resource, "total");
  gint64 expected = self->request->expected;

  self->server_us = answer->date_us;
  if (self->server_us > 0)
    self->downloader->clock_ahead_us = rounds_instant_now_us () - self->server_us;
  self->total = !self->request->is_history && json_object_is_type (total, json_type_int)
                  ? MAX (json_object_get_int64 (total), -1) : -1;
  /* Of what is expected in all, this much is here since an earlier pass. */
  if (expected > self->total && self->total >= 0)
    self->downloader->done += expected - self->total;
}

static gboolean
check_page (Listing *self, Fetch *fetch, GError **error)
{
  if (!fetch->ok)
    {
      g_propagate_error (error, g_steal_pointer (&fetch->error));
      return FALSE;
    }
  if (fetch->answer.status != 200)
    {
      self->status = fetch->answer.status;
      if (self->status == 429 || self->status == 503)
        self->pass->retry_after_us = fetch->answer.retry_after_us;
      return rounds_fhir_answer_check (&fetch->answer, error) &&
             protocol_error (_("The cloud’s answer to a search cannot be read"), error);
    }
  if (g_strcmp0 (rounds_json_peek_string (fetch->answer.resource, "resourceType"), "Bundle") != 0)
    return protocol_error (_("The cloud’s answer to a search is no list"), error);
  return TRUE;
}

/* The server's clock was put back behind the watermark: what is written now has times before it. */
static gboolean
is_clock_back (const Listing *self)
{
  return self->server_us > 0 && self->watermark_us > 0 && self->server_us < self->watermark_us;
}

typedef enum { DONE, GO_ON, AGAIN, FAILED } Step;

/* One page: keeps it, and has the next one under way in *fetch. */
static Step
read_one (Listing *self, Fetch **fetch_in_out, guint *n_empty, gboolean first, GError **error)
{
  g_autoptr (Fetch) page = g_steal_pointer (fetch_in_out);
  g_autofree char *next = NULL;
  GError *link_error = NULL;
  gint64 before_us = self->newest_us;
  gsize n_entries;
  gboolean circle, early;

  fetch_wait (page);
  if (!check_page (self, page, error))
    return FAILED;
  if (first)
    {
      begin (self, &page->answer);
      if (is_clock_back (self))
        return AGAIN;
    }
  n_entries = rounds_listing_page_length (&page->answer);
  *n_empty = n_entries == 0 ? *n_empty + 1 : 0;
  next = rounds_fhir_bundle_next (self->pass->fhir, page->answer.resource, &link_error);
  early = next != NULL && may_go_early (self, next, *n_empty, page);
  if (early)
    *fetch_in_out = fetch_start (self->pass, next);
  if (!read_page (self, &page->answer, n_entries, error))
    {
      g_clear_error (&link_error);
      return FAILED;
    }
  if (!early)
    next = choose_next (self, g_steal_pointer (&next), before_us);
  circle = next != NULL && (!g_hash_table_add (self->visited, hash_of (next, NULL)) || *n_empty > MAX_EMPTY_PAGES);
  if (circle && has_everything (self))
    {
      circle = FALSE;
      g_clear_pointer (&next, g_free);
    }
  rounds_fhir_answer_clear (&page->answer);
  memset (&page->answer, 0, sizeof page->answer);
  if (next != NULL && !circle && !early)
    *fetch_in_out = fetch_start (self->pass, next);
  /* The cursor moves to the end only with a page that is known to be the last, and when nothing is missing. */
  if (!keep_page (self, next == NULL && link_error == NULL && (self->second || count_missing (self) == 0), error))
    {
      g_clear_error (&link_error);
      return FAILED;
    }
  tell_progress (self, n_entries);
  if (link_error != NULL)
    {
      g_propagate_error (error, link_error);
      return FAILED;
    }
  if (circle)
    {
      protocol_error (_("The cloud’s list of pages goes in a circle"), error);
      return FAILED;
    }
  return next != NULL ? GO_ON : DONE;
}

static Step
read_all (Listing *self, GError **error)
{
  g_autofree char *url = make_url (self->request, self->watermark_us);
  g_autoptr (Fetch) fetch = fetch_start (self->pass, url);
  guint pages, n_empty = 0;

  g_hash_table_add (self->visited, hash_of (url, NULL));
  for (pages = 0; pages < MAX_PAGES; pages++)
    {
      Step step = read_one (self, &fetch, &n_empty, pages == 0, error);

      if (step != GO_ON)
        return step;
    }
  protocol_error (_("The cloud’s list of pages does not end"), error);
  return FAILED;
}

static void
listing_reset (Listing *self, gint64 watermark_us)
{
  g_clear_pointer (&self->seen, g_hash_table_unref);
  g_clear_pointer (&self->visited, g_hash_table_unref);
  self->seen = g_hash_table_new (NULL, NULL);
  self->visited = g_hash_table_new (NULL, NULL);
  self->watermark_us = watermark_us;
  self->newest_us = self->server_us = 0;
  self->passed_over = 0;
  /* Only an order that was asked for says how far a cut listing came. */
  self->ascending = self->request->plain < ROUNDS_LISTING_PLAINEST;
  self->total = -1;
  self->status = 0;
}

/* What was read before something failed is whole pages, and stays; the page that failed is thrown away. */
static gboolean
end_writing (Listing *self, Step step, GError **error)
{
  if (self->reading != NULL)
    (void) rounds_store_download_finish (g_steal_pointer (&self->reading), NULL, NULL, NULL);
  return finish_writing (self, step == FAILED ? NULL : error);
}

gboolean
rounds_listing_run (RoundsDownloader *downloader, const RoundsListingRequest *request, RoundsListingResult *result,
                    GError **error)
{
  Listing self = { .downloader = downloader, .pass = downloader->pass, .request = request };
  gint64 watermark = rounds_listing_load (self.pass, request->scope, NULL);
  guint back = 0;
  Step step;

  *result = (RoundsListingResult){ 0 };
  while (TRUE)
    {
      listing_reset (&self, watermark);
      step = read_all (&self, error);
      if (!end_writing (&self, step, error))
        step = FAILED;
      if (step == AGAIN && back++ == 0)
        watermark = MAX (self.server_us - OVERLAP_US, 0);
      else if (step == DONE && count_missing (&self) > 0 && !self.second)
        self.second = TRUE;
      else
        break;
    }
  if (step == AGAIN)
    protocol_error (_("The cloud’s clock goes back all the time"), error);
  result->status = self.status;
  result->server_us = self.server_us;
  result->n_missing = step == DONE ? count_missing (&self) : 0;
  g_hash_table_unref (self.seen);
  g_hash_table_unref (self.visited);
  return step == DONE;
}
