/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/store.h"

G_BEGIN_DECLS

/* One clinician at work: the unlocked store of a profile, from unlock to lock. */
#define ROUNDS_TYPE_SESSION (rounds_session_get_type ())
G_DECLARE_FINAL_TYPE (RoundsSession, rounds_session, ROUNDS, SESSION, GObject)

/* Opens the profile in folder with a passphrase or, when is_recovery, a recovery key. Takes about a second;
 * works in a worker. The callback takes the session with rounds_session_open_finish(). */
void rounds_session_open_async (const char *folder, RoundsSecret *secret, gboolean is_recovery,
                                GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
RoundsSession *rounds_session_open_finish (GAsyncResult *result, GError **error);

/* The same with what the desktop's keyring has, within some seconds: see rounds_vault_unlock_with_keyring(). */
void rounds_session_open_with_keyring_async (const char *folder, GCancellable *cancellable,
                                             GAsyncReadyCallback callback, gpointer user_data);
/* Opens a profile whose cache is damaged: the damaged files are moved aside and a new cache takes what can be read of
 * them (see rounds_store_set_aside()). A cache that opens after all stays where it is. May take minutes. */
void rounds_session_set_aside_async (const char *folder, RoundsSecret *secret, gboolean is_recovery,
                                     GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);

/* Makes a profile and opens it. The recovery key is given once, by rounds_session_take_recovery_key(). */
void rounds_session_create_async (const char *folder, const char *name, RoundsRole role, RoundsSecret *passphrase,
                                  GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);

/* Opens the demo ward, made from the files that come with Rounds when it is not there yet. progress is
 * called on the main context with a fraction 0…1. */
typedef void (*RoundsSessionProgress) (double fraction, gpointer data);
void rounds_session_open_demo_async (const char *folder, RoundsSessionProgress progress, gpointer progress_data,
                                     GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);

RoundsStore *rounds_session_get_store (RoundsSession *self);
gboolean rounds_session_is_demo (RoundsSession *self);
RoundsSecret *rounds_session_take_recovery_key (RoundsSession *self);   /* NULL when none was made */
/* What was saved when the cache was set aside, for people; NULL when it was not. Borrowed. */
const char *rounds_session_get_set_aside (RoundsSession *self);

/* Writes the lock into the audit trail, closes the store and forgets the key; in a worker. */
void rounds_session_close_async (RoundsSession *self, GAsyncReadyCallback callback, gpointer user_data);

G_END_DECLS
