/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "store/store.h"

G_BEGIN_DECLS

/* result belongs to the caller of the answer, which frees it with free_result after the answer returns. */
typedef void (*RoundsAnswer) (gpointer widget, gpointer result, const GError *error, gpointer data);

/* Asks the store in a worker and gives the answer to a widget. The answer is dropped when the widget is gone or
 * when ticket was cancelled meanwhile: that is how a late answer of another patient is never shown. ticket NULL
 * = always answered while the widget lives (for writes). data is freed after the answer. Main thread. */
void rounds_ask (gpointer widget, RoundsStore *store, GCancellable *ticket, RoundsStoreWork work, gpointer data,
                 GDestroyNotify free_data, GDestroyNotify free_result, RoundsAnswer answer);

/* Cancels the old ticket and gives a new one. */
void rounds_ticket_renew (GCancellable **ticket);

/* Writes a draft (text taken; NULL removes it) without ever blocking and never out of order: one write of a key
 * runs at a time and the newest text follows it. */
void rounds_draft_keep (RoundsStore *store, const char *key, char *text_taken);
/* Whether a write of a draft is still on its way: a list of drafts read now would be out of date. */
gboolean rounds_drafts_busy (RoundsStore *store);

G_END_DECLS
