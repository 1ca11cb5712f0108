/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "server.h"
#include "fhir/json.h"

/* A small, strict FHIR R4 server in memory whose behaviour a test bends: what R4 forbids is refused with an
 * OperationOutcome, what servers differ in is a field here, and what breaks is scripted. Fields are changed
 * between requests, or within a hook. */
typedef struct _MiniFhir MiniFhir;

/* Called before a request is worked on: TRUE = the test has answered. */
typedef gboolean (*MiniBefore) (MiniFhir *self, const FaultRequest *request, FaultAnswer *answer, gpointer data);
/* Called after: may change or drop the answer of what is done already. */
typedef void (*MiniAfter) (MiniFhir *self, const FaultRequest *request, FaultAnswer *answer, gpointer data);

typedef enum {
  MINI_LOCATION_ABSOLUTE,   /* …/TYPE/ID/_history/VERSION */
  MINI_LOCATION_RELATIVE,   /* TYPE/ID/_history/VERSION */
  MINI_LOCATION_SHORT,      /* …/TYPE/ID */
  MINI_LOCATION_NONE,
} MiniLocation;

/* One fault, given to the first requests that fit; more than one wait in order. */
typedef struct {
  const char *method;       /* NULL = any; all texts are static */
  const char *prefix;       /* of the path after the base; NULL = any */
  guint skip;               /* so many that fit pass unharmed first */
  guint times;              /* 0 = once */
  gboolean commit;          /* the request is done all the same, and then answered so */
  int status;               /* 0 = as it would be */
  const char *headers;      /* "Retry-After: 3\r\n" */
  gboolean drop;
  gssize cut;               /* > 0: so many bytes of the body, then the connection closes */
  gboolean hold;
} MiniFault;

struct _MiniFhir {
  FaultServer *server;
  char *url;                 /* of the base */
  GHashTable *resources;     /* "TYPE/ID" → MiniResource */
  MiniBefore before;
  MiniAfter after;
  gpointer data;
  GQueue faults;             /* MiniFault, owned; see mini_fault() */

  /* Its clock: moves by tick_us a request. Date is told with date_skew_us more; no_date: not at all. */
  gint64 now_us, tick_us, date_skew_us;
  gboolean no_date;

  /* What it can; the CapabilityStatement says the same. */
  const char *types;         /* blank-separated; any other is 404 */
  const char *software_version;
  gboolean transactions;     /* transaction and batch */
  gboolean history;          /* of the system, of types and instances */
  gboolean type_history;     /* of types and instances even without that of the system */
  gboolean put_creates;      /* PUT of a new id makes it; else 405 and ids are the server's own */
  gboolean conditional_create;

  /* How it does it. */
  gboolean not_atomic;       /* a transaction that fails leaves what came before */
  gboolean ignores_if_match;
  int stale_status;          /* of a stale If-Match: 412, or 409 */
  gboolean integrity;        /* references must lead somewhere; what is referred to cannot be deleted */
  gboolean says_nothing;     /* no body after a write */
  MiniLocation location;
  const char *etag_form;     /* printf form with one %d; NULL = none is sent */
  const char *version_form;  /* of meta.versionId, the same */
  guint max_entries;         /* of a bundle; 0 = any; more is 413 */
  gsize max_bytes;           /* of a body */

  /* Searches and histories. */
  guint page;                /* entries of a page, whatever _count says */
  gboolean no_total;         /* a Bundle.total is not told */
  gboolean no_sort;          /* _sort is taken and not followed */
  gboolean snapshots;        /* pages are those of the time of the first one */
  gint64 page_life_us;       /* after which a page is 410; 0 = lives for ever */
  gboolean keeps_no_cache;   /* gives the old answer even then */
  gint64 search_cache_us;    /* the same search within this gets the old answer, unless no-cache is said */
  gint64 index_delay_us;     /* searches find what is this old */
  enum {
    MINI_END,                /* the last page has no next link */
    MINI_END_EMPTY,          /* it leads to one empty page */
    MINI_END_EMPTY_EVER,     /* to empty pages, each with a next link to one more */
    MINI_END_EMPTY_SELF,     /* to an empty page that leads to itself */
  } end_of_list;

  /* What it saw. */
  guint n_puts, n_transactions, n_posts, n_history_without_since, n_cached;
  GPtrArray *log;            /* "METHOD path", oldest first, 10,000 at most */

  /* private */
  GHashTable *searches;      /* of snapshots and the search cache */
  guint next_id;
};

typedef struct {
  int version;
  gint64 updated_us;         /* as it says in meta.lastUpdated */
  gint64 stored_us;          /* when it really came */
  json_object *json;         /* NULL = deleted */
  gboolean hidden;           /* from searches: the server is reindexing */
  char *key;                 /* "TYPE/ID" */
  GPtrArray *past;           /* MiniResource without past, oldest first */
} MiniResource;

MiniFhir *mini_fhir_new (void);
void mini_fhir_free (MiniFhir *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MiniFhir, mini_fhir_free)

MiniResource *mini_get (MiniFhir *self, const char *type, const char *id);
/* As another client would. json NULL deletes. */
void mini_put (MiniFhir *self, const char *type, const char *id, const char *json);
/* The same with a lastUpdated that lies so far back: a transaction that was committed late. */
void mini_put_late (MiniFhir *self, const char *type, const char *id, const char *json, gint64 late_us);
guint mini_count (MiniFhir *self, const char *type);
void mini_outcome (FaultAnswer *answer, int status, const char *text);
/* Requests in the log whose "METHOD path" holds text. */
guint mini_count_requests (MiniFhir *self, const char *text);
void mini_forget_requests (MiniFhir *self);

void mini_fault (MiniFhir *self, MiniFault fault);

/* Everything it has, to be put back later: a restore from backup. restore takes nothing. */
typedef struct _MiniBackup MiniBackup;
MiniBackup *mini_backup (MiniFhir *self);
void mini_restore (MiniFhir *self, const MiniBackup *backup);
void mini_backup_free (MiniBackup *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MiniBackup, mini_backup_free)
