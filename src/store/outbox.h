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
  guint attempts;
  gint64 next_at_us;
  int last_status;         /* HTTP, 0 = none yet */
  char *reason;            /* for people: last outcome, or what it waits for */
  char **depends_on;       /* "TYPE/ID" that must be there first */
} RoundsOutboxItem;
void rounds_outbox_item_free (RoundsOutboxItem *self);

/* One row a resource (squashed by seq), in order of each resource's oldest waiting seq, so that what others
 * refer to comes before them. While changes are under way the row is what was sent; later ones wait. states NULL = all, else NULL-terminated list. */
GPtrArray *rounds_store_outbox_list (RoundsStore *self, const char *const *states, guint limit,
                                     GError **error);
guint rounds_store_outbox_count (RoundsStore *self, GError **error);

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
/* json = the text decided on (NULL = deleted); it becomes a pending change on top of theirs. */
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
} RoundsDownload;
/* One downloaded page and its cursor in one transaction. Resources without local changes take the new
 * version; those with are merged or become conflicts; a version already held is skipped. *n_new = versions
 * new to this cache. cursor NULL = leave it. */
gboolean rounds_store_download_page (RoundsStore *self, const RoundsDownload *items, guint n,
                                     const char *scope,
                                     const char *cursor_json, guint *n_new, guint *n_conflicts,
                                     GError **error);
char *rounds_store_dup_cursor (RoundsStore *self, const char *scope, GError **error);
gboolean rounds_store_set_cursor (RoundsStore *self, const char *scope, const char *cursor_json,
                                  GError **error);

/* The server gave another id (POST): resource and all references to it are rewritten in one transaction. */
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

G_END_DECLS
