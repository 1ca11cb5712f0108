/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/outbox.h"

G_BEGIN_DECLS

/* The order in which changes may be sent: what is pointed at goes before what points at it. */
typedef struct {
  GPtrArray *items;      /* RoundsOutboxItem, borrowed, in order of sending */
  GArray *component;     /* guint per item: equal for items that point at each other; ascending */
} RoundsSendOrder;

/* Creates and updates by their depends_on (only creates in the list are waited for), in the given order where
 * it does not matter. Items that point at each other in a circle stay side by side. Pure; any thread. */
RoundsSendOrder *rounds_send_order_new (GPtrArray *items);
void rounds_send_order_free (RoundsSendOrder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsSendOrder, rounds_send_order_free)

/* Deletions the other way round: what points goes before what is pointed at, by the references in base_json. */
GPtrArray *rounds_send_order_deletes (GPtrArray *items);

G_END_DECLS
