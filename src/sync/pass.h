/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cloud/dicomweb-client.h"
#include "cloud/fhir-client.h"
#include "cloud/server-profile.h"
#include "store/outbox.h"
#include "sync/session.h"

G_BEGIN_DECLS

/* What the steps of one pass share. Inside src/sync only; one thread. */
typedef struct {
  RoundsStore *store;              /* borrowed, as are the clients */
  const char *fhir_url;            /* as in the connection: what cursors are bound to */
  RoundsFhirClient *fhir;
  RoundsDicomwebClient *dicomweb;  /* or NULL */
  gboolean takes_images;           /* images that wait are sent there, not only indexed from there */
  const RoundsServerProfile *profile;
  GCancellable *cancellable;
  gboolean once;                   /* asked for by a person: waiting times of single records do not count */
  RoundsSyncReport *report;
  GPtrArray *notes;                /* char * */
  gboolean incomplete;             /* something was left for a later pass without being an error */

  char *trouble;                   /* the first thing that the cloud failed at without ending the pass; or NULL */

  guint n_shortened;               /* records whose numbers the cloud keeps with fewer digits */

  GPtrArray *acks;                 /* of settle.c: acknowledgements that wait to be written together; or NULL */

  gboolean server_checked;         /* of restore.c */
  guint max_entries;               /* of a bundle, as learned in this pass */
  gsize max_bytes;
  gboolean learned_limits;         /* the server refused a bundle for its size */
  gint64 retry_after_us;           /* asked for by the server; −1 = nothing */

  void (*progress) (const char *phase, guint done, guint total, gpointer data);
  gpointer progress_data;
} RoundsPass;

void rounds_pass_note (RoundsPass *self, char *text_taken);
void rounds_pass_trouble (RoundsPass *self, const char *text);

/* Scope of a cursor of this pass's server. Caller frees. */
char *rounds_connection_scope_of (RoundsPass *self, const char *what);

/* --- exchange.c: requests about many records at once --- */

/* µs of a FHIR instant that a server gave; 0 when it is NULL or none. */
gint64 rounds_pass_read_instant (const char *text);

/* What the server has of one record now. */
typedef struct {
  int status;              /* 200, 404, 410 …; 0 = not answered */
  json_object *resource;   /* owned, on 200 */
  char *version;
  gint64 last_updated_us;
  char *outcome;
} RoundsRemote;
void rounds_remote_free (RoundsRemote *self);

/* Reads n records (a batch where the server has one). FALSE when the asking failed as a whole. Array of
 * RoundsRemote in the order of items. */
GPtrArray *rounds_pass_read_many (RoundsPass *self, RoundsOutboxItem *const *items, guint n, GError **error);
/* A transaction of PUTs. *out = answers per item when the status is 200, else NULL, and status, outcome,
 * retry_after_us of the whole are set. FALSE when no answer came. */
typedef struct {
  int status;
  char *outcome;
  gint64 retry_after_us;
  GPtrArray *entries;      /* RoundsRemote, or NULL */
} RoundsExchange;
void rounds_exchange_clear (RoundsExchange *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RoundsExchange, rounds_exchange_clear)
gboolean rounds_pass_transact (RoundsPass *self, RoundsOutboxItem *const *items, guint n, RoundsExchange *out,
                               GError **error);
/* The same for one record as a plain PUT or DELETE. */
gboolean rounds_pass_send_one (RoundsPass *self, const RoundsOutboxItem *item, RoundsExchange *out, GError **error);
/* POST of a create with the mark of its operation, unless the server has it already. *id_out = the id that it told,
 * or NULL; out->entries[0] has what it gave back, under whatever id. */
gboolean rounds_pass_post (RoundsPass *self, const RoundsOutboxItem *item, RoundsExchange *out, char **id_out,
                           GError **error);
/* Records with the mark of this create, in order of their ids: array of RoundsRemote with a resource, of which the
 * mark was seen; empty also when the server cannot search for it. */
GPtrArray *rounds_pass_find_marked (RoundsPass *self, const RoundsOutboxItem *item, GError **error);
RoundsRemote *rounds_pass_read_id (RoundsPass *self, const char *type, const char *id, GError **error);

/* --- settle.c: what an answer means for the store --- */

typedef enum {
  ROUNDS_SETTLED,          /* acknowledged, refused or in conflict: done in this pass */
  ROUNDS_SETTLED_AGAIN,    /* pending on a new base: may be sent again in this pass */
  ROUNDS_SETTLED_LATER,    /* pending, for a later pass */
} RoundsSettled;

/* Between these two, acknowledgements of the items (which must live as long) are collected and then written in
 * one transaction. flush also when the step between failed: what is known is kept. */
void rounds_pass_collect (RoundsPass *self);
gboolean rounds_pass_flush (RoundsPass *self, GError **error);
/* The server answered 2xx and has this now (resource NULL = read it back first). */
gboolean rounds_pass_settle_accepted (RoundsPass *self, const RoundsOutboxItem *item, int status, RoundsRemote *remote,
                                      GError **error);
/* What the server has now was read, after a refusal or because nobody knows whether the change arrived. */
gboolean rounds_pass_settle_read (RoundsPass *self, const RoundsOutboxItem *item, const RoundsRemote *remote,
                                  gboolean was_unknown, RoundsSettled *out, GError **error);
/* The server took a create under this id, which it chose: everything follows, or the change waits for a person when
 * what the server shows there is not what was sent. *again = TRUE when it was edited since an earlier attempt, and
 * that waits on top of it. */
gboolean rounds_pass_settle_created (RoundsPass *self, const RoundsOutboxItem *item, int status, const char *id,
                                     const RoundsRemote *remote, gboolean *again, GError **error);
gboolean rounds_pass_settle_refused (RoundsPass *self, const RoundsOutboxItem *item, int status, const char *outcome,
                                     GError **error);

/* --- mark.c: how a create is known again under an id that we do not know --- */

/* Puts the mark of this operation in: as a further identifier, or as a tag where the type has none. */
void rounds_mark_add (json_object *resource, const char *uuid);
gboolean rounds_mark_is_in (json_object *resource, const char *uuid);
/* The search that finds it: "identifier=…%7C…". Caller frees. */
char *rounds_mark_query (const char *type, const char *uuid);

/* --- restore.c: whether the server still has what it confirmed --- */

/* Once a pass, before anything is sent. */
gboolean rounds_pass_check_server (RoundsPass *self, GError **error);

/* --- the steps --- */
gboolean rounds_pass_upload (RoundsPass *self, GError **error);
gboolean rounds_pass_download (RoundsPass *self, GError **error);
gboolean rounds_pass_images (RoundsPass *self, GError **error);

/* Next waiting time for the n-th failure in a row: full jitter up to base·2^n, capped. Pure but for chance. */
gint64 rounds_backoff_us (guint attempts, gint64 base_us, gint64 cap_us);

G_END_DECLS
