/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ordering changes by their references.
 *
 * Tarjan's components come out in reverse topological order of "points at", which is just the order to send
 * in. It is written with a stack of its own: a chain of references is as long as somebody makes it. */

#include "sync/graph.h"

#include <stdlib.h>

typedef struct {
  guint n;
  const guint *first, *edges;   /* those of node i: edges[first[i] … first[i + 1]) */
  guint *index, *low;    /* 0 = not seen */
  gboolean *on_stack;
  GArray *stack;
  GArray *calls;         /* Call */
  guint next_index;
  GArray *order;         /* node numbers, components one after the other */
  GArray *component;     /* beside order */
  guint n_components;
} Tarjan;

typedef struct {
  guint node;
  guint edge;
} Call;

static void
enter (Tarjan *self, guint node)
{
  Call call = { node, self->first[node] };

  self->index[node] = self->low[node] = ++self->next_index;
  self->on_stack[node] = TRUE;
  g_array_append_val (self->stack, node);
  g_array_append_val (self->calls, call);
}

static int
compare_guint (gconstpointer a, gconstpointer b)
{
  guint x = *(const guint *) a, y = *(const guint *) b;

  return x < y ? -1 : x > y;
}

static void
leave (Tarjan *self, guint node)
{
  guint first = self->order->len, member;

  if (self->low[node] != self->index[node])
    return;
  do
    {
      member = g_array_index (self->stack, guint, self->stack->len - 1);
      g_array_set_size (self->stack, self->stack->len - 1);
      self->on_stack[member] = FALSE;
      g_array_append_val (self->order, member);
      g_array_append_val (self->component, self->n_components);
    }
  while (member != node);
  qsort (&g_array_index (self->order, guint, first), self->order->len - first, sizeof (guint), compare_guint);
  self->n_components++;
}

static void
visit (Tarjan *self, guint root)
{
  enter (self, root);
  while (self->calls->len > 0)
    {
      Call *call = &g_array_index (self->calls, Call, self->calls->len - 1);
      guint node = call->node;

      if (call->edge < self->first[node + 1])
        {
          guint target = self->edges[call->edge++];

          if (self->index[target] == 0)
            enter (self, target);
          else if (self->on_stack[target])
            self->low[node] = MIN (self->low[node], self->index[target]);
          continue;
        }
      g_array_set_size (self->calls, self->calls->len - 1);
      leave (self, node);
      if (self->calls->len > 0)
        {
          guint parent = g_array_index (self->calls, Call, self->calls->len - 1).node;

          self->low[parent] = MIN (self->low[parent], self->low[node]);
        }
    }
}

/* Runs over the graph and leaves order and component. */
static void
run (Tarjan *self)
{
  guint i;

  self->index = g_new0 (guint, self->n + 1);
  self->low = g_new0 (guint, self->n + 1);
  self->on_stack = g_new0 (gboolean, self->n + 1);
  self->stack = g_array_new (FALSE, FALSE, sizeof (guint));
  self->calls = g_array_new (FALSE, FALSE, sizeof (Call));
  self->order = g_array_new (FALSE, FALSE, sizeof (guint));
  self->component = g_array_new (FALSE, FALSE, sizeof (guint));
  for (i = 0; i < self->n; i++)
    if (self->index[i] == 0)
      visit (self, i);
  g_free (self->index);
  g_free (self->low);
  g_free (self->on_stack);
  g_array_unref (self->stack);
  g_array_unref (self->calls);
}

RoundsSendOrder *
rounds_send_order_new (guint n, const guint *first, const guint *edges)
{
  RoundsSendOrder *self = g_new0 (RoundsSendOrder, 1);
  Tarjan tarjan = { .n = n, .first = first, .edges = edges };

  run (&tarjan);
  self->nodes = tarjan.order;
  self->component = tarjan.component;
  return self;
}

void
rounds_send_order_free (RoundsSendOrder *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->nodes);
  g_array_unref (self->component);
  g_free (self);
}
