/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/store.h"

G_BEGIN_DECLS

/* What sync needs of the store. States and transactions are those of the design of sync: pending →
 * inflight → acked | unknown → verify | conflict | quarantined | blocked. On open every inflight becomes
 * unknown. All block; called by the sync worker. */

typedef struct {
  gint64 seq;              /* of the newest squashed change */
  char *op_uuid;
  char *type, *id;
  char *verb;              /* "create", "update", "delete" */
  char *json;              /* text to send; NULL for delete */
  char *base_json;         /* what the server had, or NULL */
  char *base_version;
  char *state;
  char *request_id;        /* of inflight and unknown */
  guint attempts;          /* of any change that waits: more than 0 = something of it may be there */
  gint64 next_at_us;
  int last_status;         /* HTTP, 0 = none yet */
  char *reason;            /* for people: last outcome, or what it waits for */
  char **depends_on;       /* "TYPE/ID" that must be there first */
  gint64 rid;              /* the resource's number in this cache; it stays when the id changes */
  char *first_uuid;        /* op_uuid of the oldest change that waits: the mark of a create, whatever was edited
                            * between two attempts */
  gint64 *depends_rids;    /* numbers of depends_on, in its order */
} RoundsOutboxItem;
void rounds_outbox_item_free (RoundsOutboxItem *self);

/* One row a resource (squashed by seq), in order of each resource's oldest waiting seq, so that what others
 * refer to comes before them. While changes are under way the row is what was sent; later ones wait. states NULL = all, else NULL-terminated list. */
GPtrArray *rounds_store_outbox_list (RoundsStore *self, const char *const *states, guint limit,
                                     GError **error);
guint rounds_store_outbox_count (RoundsStore *self, GError **error);

/* The same without texts: what 100,000 changes that wait need to be put in order. */
typedef struct {
  gint64 rid;
  gint64 next_at_us;
  gsize n_bytes;           /* of the text */
  const char *state;       /* static */
  gboolean is_delete;
} RoundsOutboxEntry;
typedef struct {
  GArray *entries;         /* RoundsOutboxEntry, in the order of rounds_store_outbox_list() */
  GArray *first_dep;       /* guint per entry and one more: its part of deps */
  GArray *deps;            /* gint64 rid of what the server must have first */
} RoundsOutboxIndex;
RoundsOutboxIndex *rounds_store_outbox_index (RoundsStore *self, GError **error);
void rounds_outbox_index_free (RoundsOutboxIndex *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsOutboxIndex, rounds_outbox_index_free)
/* The items of these resources as they wait now, in this order; what does not wait any more is left out. */
GPtrArray *rounds_store_outbox_load (RoundsStore *self, const gint64 *rids, guint n, GError **error);
/* Resources by what they wait for. */
typedef struct {
  guint pending;           /* the cloud: also those under way and those blocked */
  guint conflicts, quarantined;   /* a person */
} RoundsOutboxTally;
gboolean rounds_store_outbox_tally (RoundsStore *self, RoundsOutboxTally *out, GError **error);

/* Marks items of these resources up to these seqs as sent under request_id. */
gboolean rounds_store_outbox_begin (RoundsStore *self, RoundsOutboxItem *const *items, guint n,
                                    const char *request_id, GError **error);
/* Server answered 2xx: base becomes server_json (what the server now has; NULL after delete), receipts are
 * written, changes made meanwhile stay pending on the new base. */
gboolean rounds_store_outbox_ack (RoundsStore *self, const RoundsOutboxItem *item, const char *server_version,
                                  const char *server_json, int status, GError **error);
/* The same for many in one transaction: all or none. */
typedef struct {
  const RoundsOutboxItem *item;   /* borrowed for the call, as are the texts */
  const char *server_version, *server_json;
  int status;
} RoundsOutboxAck;
gboolean rounds_store_outbox_ack_many (RoundsStore *self, const RoundsOutboxAck *acks, guint n,
                                       GError **error);
/* A create that the server took under an id of its own: renamed as rounds_store_rename() says and acknowledged, in
 * one transaction. server_json has the new id. INVALID when another record has that id here. */
gboolean rounds_store_outbox_ack_created (RoundsStore *self, const RoundsOutboxItem *item, const char *new_id,
                                          const char *server_version, const char *server_json, int status,
                                          GError **error);
gboolean rounds_store_outbox_set_state (RoundsStore *self, const RoundsOutboxItem *item, const char *state,
                                        int status, const char *reason, gint64 next_at_us, GError **error);
/* Refused for good: this and what depends on it wait for a person. */
gboolean rounds_store_outbox_quarantine (RoundsStore *self, const RoundsOutboxItem *item, int status,
                                         const char *reason, GError **error);
gboolean rounds_store_outbox_retry (RoundsStore *self, const char *type, const char *id, GError **error);
/* Gives the local change up: the resource goes back to its base (or away). Stays in history. */
gboolean rounds_store_outbox_discard (RoundsStore *self, const char *type, const char *id, GError **error);

typedef struct {
  char *type, *id;
  char *base, *mine, *theirs;   /* texts; NULL = deleted or not there */
  char *theirs_version;
  char **paths;                 /* elements in conflict */
  char *status;                 /* "open", "restored", "resolved" */
} RoundsConflict;
void rounds_conflict_free (RoundsConflict *self);
gboolean rounds_store_conflict_record (RoundsStore *self, const RoundsConflict *conflict, GError **error);
GPtrArray *rounds_store_conflict_list (RoundsStore *self, GError **error);
RoundsConflict *rounds_store_conflict_get (RoundsStore *self, const char *type, const char *id,
                                           GError **error);
/* json = the text decided on (NULL = deleted); it becomes a pending change on top of theirs. The side that was not
 * taken stays in the history. INVALID when it would change a signed note. */
gboolean rounds_store_conflict_resolve (RoundsStore *self, const char *type, const char *id, const char *json,
                                        GError **error);
/* Takes the last decision back: the conflict is open again with the same three versions, mine is what stands here.
 * revision = that of the resource after the decision; status = what the conflict's was ("open", "restored").
 * STALE when it was changed or sent since, BUSY while it is being sent. */
gboolean rounds_store_conflict_reopen (RoundsStore *self, const char *type, const char *id, gint64 revision,
                                       const char *status, GError **error);
/* Merge without a conflict: base := theirs, local := merged (stays pending when it differs from theirs). */
gboolean rounds_store_rebase (RoundsStore *self, const char *type, const char *id, const char *theirs_json,
                              const char *theirs_version, const char *merged_json, GError **error);

typedef struct {
  const char *type, *id;     /* borrowed for the call */
  const char *version;
  const char *json;          /* NULL = deleted on the server */
  gint64 last_updated_us;
  json_object *resource;     /* json parsed, when the caller has it; else NULL */
} RoundsDownload;
/* One downloaded page and its cursor in one transaction. Resources without local changes take the new
 * version; those with are merged or become conflicts; a version already held is skipped. *n_new = versions
 * new to this cache. cursor NULL = leave it. */
gboolean rounds_store_download_page (RoundsStore *self, const RoundsDownload *items, guint n,
                                     const char *scope,
                                     const char *cursor_json, guint *n_new, guint *n_conflicts,
                                     GError **error);
/* The same in steps, so that a page is read while the one before is written: add what came (which reads it, on this
 * thread), begin, and finish, which waits for it, tells what it did and frees the job; finish alone throws away what
 * was not begun. Whoever begins a page with a cursor must have seen the one before it finish well. begin and finish on
 * one thread; add leaves the job as it was when it fails. */
typedef struct _RoundsDownloadJob RoundsDownloadJob;
RoundsDownloadJob *rounds_store_download_new (void);
gboolean rounds_store_download_add (RoundsDownloadJob *self, const RoundsDownload *item, GError **error);
/* How many were added; *bytes (nullable) = what they weigh. */
guint rounds_store_download_get_n (const RoundsDownloadJob *self, gsize *bytes);
void rounds_store_download_begin (RoundsStore *store, RoundsDownloadJob *self, const char *scope,
                                  const char *cursor_json);
gboolean rounds_store_download_finish (RoundsDownloadJob *self, guint *n_new, guint *n_conflicts, GError **error);
char *rounds_store_dup_cursor (RoundsStore *self, const char *scope, GError **error);
gboolean rounds_store_set_cursor (RoundsStore *self, const char *scope, const char *cursor_json,
                                  GError **error);

/* Which server versions, cursors and receipts belong to. Another one than before: versions that this cache builds
 * on are forgotten (texts stay), so that no If-Match of the one is ever sent to the other, and cursors of it begin
 * anew. server = prefix of its cursors' scopes. *changed (nullable) = it was another before. */
gboolean rounds_store_bind_server (RoundsStore *self, const char *server, gboolean *changed, GError **error);
/* The server was put back to an earlier state: versions and cursors are forgotten as above, and every receipt is of
 * an earlier epoch until it was looked at. */
gboolean rounds_store_new_epoch (RoundsStore *self, GError **error);

/* What the bound server acknowledged last of a resource that has nothing waiting. */
typedef struct {
  gint64 rid;
  char *type, *id;
  char *version;           /* or NULL */
  gint64 last_updated_us;  /* 0 = it did not say; of a deletion: of the version that was deleted */
  gint64 acked_at_us;
  gboolean is_delete;
} RoundsReceipt;
void rounds_receipt_free (RoundsReceipt *self);
/* Newest first, one a resource, acknowledged before before_us (0 = now). earlier: only those of earlier epochs,
 * also of resources that wait. Array of RoundsReceipt. */
GPtrArray *rounds_store_receipt_list (RoundsStore *self, gint64 before_us, gboolean earlier, guint limit,
                                      GError **error);
/* These were looked at in this epoch. */
gboolean rounds_store_receipt_confirm (RoundsStore *self, const gint64 *rids, guint n, GError **error);

/* The server gave another id (POST): resource and all references to it are rewritten in one transaction, and the
 * old id is kept as another way to it. */
gboolean rounds_store_rename (RoundsStore *self, const char *type, const char *old_id, const char *new_id,
                              GError **error);

/* Only one process syncs a profile at a time. FALSE with BUSY when another does. */
gboolean rounds_store_sync_lock (RoundsStore *self, GError **error);
void rounds_store_sync_unlock (RoundsStore *self);

/* Connections of this profile: name → JSON text of settings without secrets. */
gboolean rounds_store_connection_set (RoundsStore *self, const char *name, const char *json, GError **error);
char *rounds_store_connection_dup (RoundsStore *self, const char *name, GError **error);
char **rounds_store_connection_list (RoundsStore *self, GError **error);

/* Scans that wait to be sent: SOP Instance UIDs made or imported here and not yet acknowledged by STOW. */
char **rounds_store_scan_outbox_list (RoundsStore *self, guint limit, GError **error);
guint rounds_store_scan_outbox_count (RoundsStore *self, GError **error);
gboolean rounds_store_scan_outbox_ack (RoundsStore *self, const char *const *sop_uids, GError **error);
gboolean rounds_store_scan_outbox_fail (RoundsStore *self, const char *sop_uid, int status,
                                        const char *reason, GError **error);
/* What the server said of those that it did not take: most frequent first, at most limit reasons. Array of
 * RoundsScanRefusal. */
typedef struct {
  char *reason;
  int status;   /* HTTP, or the DICOM failure reason as it was told */
  guint n;      /* images */
} RoundsScanRefusal;
void rounds_scan_refusal_free (RoundsScanRefusal *self);
GPtrArray *rounds_store_scan_outbox_refusals (RoundsStore *self, guint limit, GError **error);

G_END_DECLS
