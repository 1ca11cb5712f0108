/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/outbox.h"

G_BEGIN_DECLS

typedef enum {
  ROUNDS_SYNC_STATUS_NONE,      /* no connection is set up */
  ROUNDS_SYNC_STATUS_OFFLINE,   /* no network, or the cloud did not answer the last time */
  ROUNDS_SYNC_STATUS_SYNCING,
  ROUNDS_SYNC_STATUS_IDLE,
  ROUNDS_SYNC_STATUS_TROUBLE,   /* sign-in, trust, or an answer that a person should know of */
} RoundsSyncStatusState;

/* What the window shows of sync. A GObject of the main thread with properties that notify:
 *   "n-pending", "n-conflicts", "n-quarantined" (uint): changes and images that wait · conflicts · refused;
 *   "last-success-us" (int64, 0 = never); "state" (int, RoundsSyncStatusState); "message" (string or NULL): what
 *   is wrong, for people; "phase" (string or NULL), "done", "total" (uint, 0 = not known): while syncing;
 *   "first-sync" (boolean): the first fetching of everything has begun and is not through;
 *   "sign-in" (string or NULL): the first connection that waits for a person to sign in; "notes" (strv or NULL): what
 *   the last pass has to say to people. */
#define ROUNDS_TYPE_SYNC_STATUS (rounds_sync_status_get_type ())
G_DECLARE_FINAL_TYPE (RoundsSyncStatus, rounds_sync_status, ROUNDS, SYNC_STATUS, GObject)

/* Follows the store's "outbox-changed" and "scans-changed"; the counts come a moment later. */
RoundsSyncStatus *rounds_sync_status_new (RoundsStore *store);

guint rounds_sync_status_get_n_pending (RoundsSyncStatus *self);
guint rounds_sync_status_get_n_conflicts (RoundsSyncStatus *self);
guint rounds_sync_status_get_n_quarantined (RoundsSyncStatus *self);
gint64 rounds_sync_status_get_last_success_us (RoundsSyncStatus *self);
gboolean rounds_sync_status_get_first_sync (RoundsSyncStatus *self);
RoundsSyncStatusState rounds_sync_status_get_state (RoundsSyncStatus *self);
const char *rounds_sync_status_get_message (RoundsSyncStatus *self);
const char *rounds_sync_status_get_sign_in (RoundsSyncStatus *self);
const char *const *rounds_sync_status_get_notes (RoundsSyncStatus *self);

/* Counts again now. */
void rounds_sync_status_refresh (RoundsSyncStatus *self);

/* For the schedule. message may be NULL. */
void rounds_sync_status_set_state (RoundsSyncStatus *self, RoundsSyncStatusState state, const char *message);
void rounds_sync_status_set_progress (RoundsSyncStatus *self, const char *phase, guint done, guint total);
/* Copies; NULL or empty = nothing to say. */
void rounds_sync_status_set_notes (RoundsSyncStatus *self, const char *const *notes);

G_END_DECLS
