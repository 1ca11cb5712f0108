/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/store.h"

G_BEGIN_DECLS

/* What becomes of a cache whose files are damaged. Everything here blocks; worker threads. */

/* --- looking for damage --- */

typedef struct {
  gboolean ok;             /* nothing was found */
  gboolean complete;       /* FALSE: more images are left for the next time */
  guint64 n_bytes;         /* read */
  guint n_images;          /* compared with what they were when they came */
  GPtrArray *problems;     /* char *, a line each for people, without patient data; 20 at most */
} RoundsCheckReport;
void rounds_check_report_clear (RoundsCheckReport *self);

/* Reads both files from end to end: every page in use against its seal, every index against its table, the audit
 * trail against its head, every image against its digest. thorough: pages not in use too. max_image_bytes: 0 = all;
 * else about so much, and the next such check goes on where this ended. One page that was changed is otherwise found
 * only when it is read. FALSE when it could not be done (also cancelled); what was found is no error. */
gboolean rounds_store_check (RoundsStore *self, gboolean thorough, guint64 max_image_bytes, GCancellable *cancellable,
                             RoundsCheckReport *out, GError **error);
/* The same, 2 GiB of images, when the last one is over a day ago; else *out is empty and ok. That all is in order is audited; damage is found again the next time. */
gboolean rounds_store_check_if_due (RoundsStore *self, GCancellable *cancellable, RoundsCheckReport *out,
                                    GError **error);

/* --- going on without the damaged files --- */

typedef struct {
  char *folder;            /* where the old files lie now, inside the profile */
  guint n_changes;         /* changes not yet sent that were saved: they wait to be sent again */
  guint n_records;         /* other records that were saved; a sync brings the rest */
  guint n_drafts, n_series, n_images;   /* images: those not yet sent */
  guint n_unreadable;      /* rows that were there and could not be read, as far as can be told */
  gboolean complete;       /* everything in the old files could be read */
} RoundsSetAside;
void rounds_set_aside_clear (RoundsSetAside *self);

/* Moves the files of a damaged cache into a dated folder inside the profile (never deletes them), and makes a new
 * cache under the same key with all that could still be read of what exists only here: changes not yet sent, drafts,
 * vitals, measurements, images not yet sent, connections. Killed half-way, the old cache is still in place, or doing
 * it again ends it. Errors: BUSY while any program has the profile open; NEWER when the files are not damaged but
 * newer; FULL, FAILED: nothing was moved. */
gboolean rounds_store_set_aside (RoundsVault *vault, RoundsSecret *key, RoundsSetAside *out, GError **error);
/* For people: what was saved, what may still be in the old files, what a sync will do. Caller frees. */
char *rounds_set_aside_describe (const RoundsSetAside *self);

G_END_DECLS
