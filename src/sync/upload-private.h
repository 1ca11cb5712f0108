/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "sync/pass.h"

G_BEGIN_DECLS

/* What the files of sending share: uploader.c (what goes when), upload-bundle.c (many at once), upload-one.c (one
 * record), upload-create.c (creates to which the server gives the id), upload-unknown.c (nobody knows whether it
 * arrived). */

#define ROUNDS_MAX_FAILURES_IN_A_ROW 4   /* 5xx of single records: the server is ill, not the records */

typedef struct {
  RoundsPass *pass;
  GHashTable *failed;      /* rid of what the server does not have and will not get in this round */
  guint failures;
  guint done, total;
  gboolean again;          /* something is pending on a new base */
  gboolean trying;         /* it may be that the server chooses ids */
  gboolean posts;          /* it does: creates are posted */
} RoundsUpload;

/* A run of items that may be sent together. */
typedef struct {
  GPtrArray *items;        /* RoundsOutboxItem, borrowed */
  GArray *component;       /* guint beside it: equal for items that point at each other */
} RoundsChunk;

gboolean rounds_upload_is_create (const RoundsOutboxItem *item);
gboolean rounds_upload_is_delete (const RoundsOutboxItem *item);
void rounds_upload_step (RoundsUpload *self, guint n);
void rounds_upload_remember_failed (RoundsUpload *self, const RoundsOutboxItem *item);
gboolean rounds_upload_refuse (RoundsUpload *self, const RoundsOutboxItem *item, int status, const char *outcome,
                               GError **error);
gboolean rounds_upload_set_all (RoundsUpload *self, RoundsOutboxItem *const *items, guint n, const char *state,
                                int status, const char *reason, GError **error);
/* The server asks for patience, or does not know us: everything stays, and the pass ends. Always FALSE. */
gboolean rounds_upload_stop (RoundsUpload *self, RoundsOutboxItem *const *items, guint n,
                             const RoundsExchange *exchange, GError **error);
/* What it waits for and will not get in this round: then it stays pending, with that as the reason. */
gboolean rounds_upload_hold_back (RoundsUpload *self, RoundsOutboxItem *item, gboolean *held, GError **error);

/* Nobody knows whether these arrived: look, before anything is sent again. *n_left = those that did not. */
gboolean rounds_upload_verify (RoundsUpload *self, RoundsOutboxItem *const *items, guint n, guint *n_left,
                               GError **error);
/* The same after an answer that says so (5xx). */
gboolean rounds_upload_recover (RoundsUpload *self, RoundsOutboxItem *const *items, guint n, int status,
                                const char *reason, guint *n_left, GError **error);
/* After a transport error (taken): FALSE with the error, the items in a state that says what is known of them. */
gboolean rounds_upload_transport_failed (RoundsUpload *self, RoundsOutboxItem *const *items, guint n, GError *local,
                                         guint *n_left, GError **error);

/* Creates may be there already; where a stale If-Match is not refused, updates are looked at too. What is to be
 * sent after that is left in the chunk. */
gboolean rounds_upload_look_first (RoundsUpload *self, RoundsChunk *chunk, GError **error);
gboolean rounds_upload_send_single (RoundsUpload *self, RoundsOutboxItem *item, GError **error);
gboolean rounds_upload_after_error (RoundsUpload *self, RoundsOutboxItem *item, const RoundsExchange *exchange,
                                    GError **error);
gboolean rounds_upload_send_range (RoundsUpload *self, RoundsChunk *chunk, guint first, guint n, GError **error);

/* Whether this refusal of a PUT means that the server wants to choose the id. *always: of every record. */
gboolean rounds_upload_wants_post (const RoundsOutboxItem *item, int status, const char *outcome, gboolean *always);
gboolean rounds_upload_post_one (RoundsUpload *self, RoundsOutboxItem *item, GError **error);
/* These one after the other, read anew before each, since each may change what the next refers to. */
gboolean rounds_upload_post_chunk (RoundsUpload *self, RoundsChunk *chunk, GError **error);

G_END_DECLS
