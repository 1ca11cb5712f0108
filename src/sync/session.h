/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/outbox.h"

G_BEGIN_DECLS

/* What one pass (or all passes of a run) did. */
typedef struct {
  guint pushed;           /* resources that the cloud acknowledged */
  guint pulled;           /* versions new to this cache */
  guint conflicts;        /* open now */
  guint quarantined;      /* refused and waiting for a person now */
  guint pending;          /* changes and images still to send now */
  guint images_pushed;
  guint images_indexed;   /* instances known from queries that were not known before */
  gboolean complete;      /* everything that could be sent and fetched was */
  gboolean first_sync;    /* the first fetching of everything is not through yet; it goes on where it is */
  guint64 first_done;     /* records of it that are here … */
  guint64 first_total;    /* … of so many; 0 = the cloud does not say */
  double seconds;
  char **notes;           /* for people, NULL-terminated or NULL: kinds of record that the cloud keeps back … */
} RoundsSyncReport;
void rounds_sync_report_clear (RoundsSyncReport *self);

typedef enum {
  ROUNDS_SYNC_IDLE,
  ROUNDS_SYNC_RUNNING,
  ROUNDS_SYNC_WAITING,    /* between two passes of a run, or for another program to end its own */
} RoundsSyncState;

/* One connection's worker. Signals, on the main context that was the default when it was made:
 *   "progress" (const char *phase: "upload", "download", "images"; guint done; guint total (0 = not known)),
 *   "finished" (gboolean ok): after each pass. */
#define ROUNDS_TYPE_SYNC (rounds_sync_get_type ())
G_DECLARE_FINAL_TYPE (RoundsSync, rounds_sync, ROUNDS, SYNC, GObject)

RoundsSync *rounds_sync_new (RoundsStore *store, const char *connection);
/* Any thread. */
RoundsSyncState rounds_sync_get_state (RoundsSync *self);

/* Blocks; a worker thread. once: one pass. Else passes until cancelled: after each change, at most five minutes
 * apart, later and later while the cloud cannot be reached; being cancelled is then a good end.
 *
 * FALSE: the pass could not be finished, and out says how far it came. ROUNDS_CLOUD_ERROR: the cloud is the
 * reason (UNREACHABLE, INTERRUPTED, TLS, SIGN_IN, THROTTLED, PROTOCOL, LIMIT, REFUSED, STATUS);
 * ROUNDS_STORE_ERROR_BUSY: another program syncs this profile; NOT_FOUND: no such connection; other store
 * errors; G_IO_ERROR_CANCELLED. out is always filled; clear it. */
gboolean rounds_sync_run (RoundsSync *self, gboolean once, GCancellable *cancellable, RoundsSyncReport *out,
                          GError **error);
void rounds_sync_run_async (RoundsSync *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                            gpointer user_data);
/* One pass. out (nullable) is filled as above. */
gboolean rounds_sync_run_finish (RoundsSync *self, GAsyncResult *result, RoundsSyncReport *out, GError **error);

G_END_DECLS
