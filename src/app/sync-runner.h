/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/store.h"

G_BEGIN_DECLS

/* Runs passes of sync over every connection of a store, at a person's word and every few minutes by itself,
 * never two at once. Signal "changed" (): any of the getters' values. Main thread. */
#define ROUNDS_TYPE_SYNC_RUNNER (rounds_sync_runner_get_type ())
G_DECLARE_FINAL_TYPE (RoundsSyncRunner, rounds_sync_runner, ROUNDS, SYNC_RUNNER, GObject)

RoundsSyncRunner *rounds_sync_runner_new (void);
/* NULL cancels what runs and forgets the store. */
void rounds_sync_runner_set_store (RoundsSyncRunner *self, RoundsStore *store);
void rounds_sync_runner_start (RoundsSyncRunner *self);
void rounds_sync_runner_cancel (RoundsSyncRunner *self);

gboolean rounds_sync_runner_is_running (RoundsSyncRunner *self);
double rounds_sync_runner_get_fraction (RoundsSyncRunner *self);      /* 0…1; −1 = not known */
const char *rounds_sync_runner_get_status (RoundsSyncRunner *self);   /* for people; never NULL */

G_END_DECLS
