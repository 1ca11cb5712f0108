/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "sync/session.h"
#include "sync/status.h"

G_BEGIN_DECLS

/* Syncing in the background of the window: at start, soon after each change, when the network comes back, and
 * every five minutes (thirty on a metered network); after failures later and later. All connections, one after
 * the other. Main thread; the work is done in workers. */
#define ROUNDS_TYPE_SYNC_SCHEDULE (rounds_sync_schedule_get_type ())
G_DECLARE_FINAL_TYPE (RoundsSyncSchedule, rounds_sync_schedule, ROUNDS, SYNC_SCHEDULE, GObject)

/* Takes references. The status is kept up to date. Starts at once when there is a connection. */
RoundsSyncSchedule *rounds_sync_schedule_new (RoundsStore *store, RoundsSyncStatus *status);
/* A pass now (the button); one that runs already is enough. Also after a connection was added or removed. */
void rounds_sync_schedule_run_now (RoundsSyncSchedule *self);
/* Nothing is sent for so long unless a person asks for it, also by a pass that runs: what was just decided can be
 * taken back until then. */
void rounds_sync_schedule_hold (RoundsSyncSchedule *self, guint seconds);
/* Ends the pass that runs; what it sent and received stays, and the next one comes at its time. */
void rounds_sync_schedule_cancel_pass (RoundsSyncSchedule *self);
/* Ends what runs and starts nothing more (locking, closing). dispose does it too. */
void rounds_sync_schedule_stop (RoundsSyncSchedule *self);

/* How long to wait after a pass: the interval after a good one (failures 0), else four seconds and a full-jitter
 * back-off up to that interval, a quarter of an hour at most. Pure but for chance. */
gint64 rounds_sync_wait_us (guint failures, gboolean metered);

G_END_DECLS
