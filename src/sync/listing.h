/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "sync/connection.h"
#include "sync/pass.h"

G_BEGIN_DECLS

/* Commits may become visible late: no watermark is nearer to the server's clock. */
#define ROUNDS_LISTING_OVERLAP_US (122 * G_USEC_PER_SEC)
#define ROUNDS_LISTING_PAGE 250

/* What the listings of one pass share. Inside src/sync only. */
typedef struct {
  RoundsPass *pass;
  GHashTable *conflicts;   /* set of "TYPE/ID" that wait for a person, or NULL when none does */
  guint64 done, total;     /* entries of this pass; total 0 = not known */
  gint64 clock_ahead_us;   /* how much this computer's clock is before the server's */
} RoundsDownloader;

typedef struct {
  const char *scope;       /* of the cursor */
  const char *type;        /* NULL = the history of all types */
  gboolean is_history;
  gint64 expected;         /* records in all, also those that an earlier pass fetched; −1 = not known */
  guint plain;             /* how much less is asked of a search: 0 = order and pages as we want them, 1 = pages that
                              every server known gives, 2 = neither order nor size */
} RoundsListingRequest;
#define ROUNDS_LISTING_PLAINEST 2

typedef struct {
  int status;              /* of the page that failed; 0 = none did */
  gint64 server_us;        /* Date of the first page; 0 = not said */
  guint n_missing;         /* fewer came than the server counts, also the second time */
} RoundsListingResult;

/* Fetches everything since the scope's watermark, page by page, each with the cursor that covers it. Goes on
 * where an earlier one was cut. TRUE when the end was reached; the cursor is then complete. */
gboolean rounds_listing_run (RoundsDownloader *self, const RoundsListingRequest *request, RoundsListingResult *result,
                             GError **error);

/* Watermark of a scope, 0 = none yet. *complete (nullable): its first listing was read to the end. */
gint64 rounds_listing_load (RoundsPass *pass, const char *scope, gboolean *complete);
gboolean rounds_listing_save (RoundsPass *pass, const char *scope, gint64 watermark_us, gboolean complete,
                              GError **error);
/* How many a search would find; −1 when the server does not say. watermark 0 = of all time. */
gint64 rounds_listing_count (RoundsPass *pass, const char *type, gint64 watermark_us);

/* Where a listing that was read to its end reaches, by the server's clock and the newest it showed (0 = none). */
gint64 rounds_listing_reach (gint64 server_us, gint64 newest_us);

/* count.c: how many records of several types there are, with few requests. */
typedef struct {
  const char *type;        /* in */
  gint64 total;            /* −1 = not known */
  gint64 server_us;        /* Date of the answer; 0 = not said */
  gboolean refused;        /* not to be seen or searched */
} RoundsTypeCount;
void rounds_listing_count_types (RoundsPass *pass, RoundsTypeCount *counts, guint n);
/* Bundle.total; −1 = none. */
gint64 rounds_listing_read_total (json_object *bundle);

/* page.c: what stands in one entry of a Bundle. */
typedef struct {
  RoundsDownload download;     /* of the members below */
  char *type, *id, *version, *json;
  json_object *tree;
} RoundsListingEntry;
void rounds_listing_entry_clear (RoundsListingEntry *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RoundsListingEntry, rounds_listing_entry_clear)

typedef enum { ROUNDS_ENTRY_KEEP, ROUNDS_ENTRY_PASS, ROUNDS_ENTRY_BROKEN } RoundsEntry;
/* How many entries a page has, and entry i of it: PASS when it is nothing to keep, BROKEN when it is no JSON. *out is
 * cleared or empty before. */
gsize rounds_listing_page_length (const RoundsFhirAnswer *page);
RoundsEntry rounds_listing_page_read (const RoundsFhirAnswer *page, gsize i, RoundsListingEntry *out);
/* Whether records of this type and id are fetched at all. */
gboolean rounds_listing_is_wanted (const char *type, const char *id);

/* deletions.c. begin_us: the server's time when the first fetching began. */
gboolean rounds_pass_find_deletions (RoundsDownloader *self, gint64 begin_us, gint64 server_us, GError **error);

/* profile.c: what the server can do, asked again when that is old or the server has become another. */
RoundsServerProfile *rounds_pass_get_profile (RoundsStore *store, const RoundsConnection *connection,
                                              RoundsFhirClient *client, GCancellable *cancellable, GError **error);

G_END_DECLS
