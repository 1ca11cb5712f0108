/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The order in which changes may be sent: what is pointed at goes before what points at it. */
typedef struct {
  GArray *nodes;         /* guint, in order of sending */
  GArray *component;     /* guint beside it: equal for nodes that point at each other; ascending */
} RoundsSendOrder;

/* Node i of n points at edges[first[i] … first[i + 1]); first has n + 1 entries. In the given order where it does
 * not matter; nodes that point at each other in a circle stay side by side. Numbers alone, so that 100,000 changes
 * are put in order without their texts. Pure; any thread. */
RoundsSendOrder *rounds_send_order_new (guint n, const guint *first, const guint *edges);
void rounds_send_order_free (RoundsSendOrder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsSendOrder, rounds_send_order_free)

G_END_DECLS
