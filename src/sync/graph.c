/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ordering changes by their references.
 *
 * Tarjan's components come out in reverse topological order of "points at", which is just the order to send
 * in. It is written with a stack of its own: a chain of references is as long as somebody makes it. */

#include "sync/graph.h"

#include <string.h>

#include "fhir/json.h"
#include "fhir/reference.h"

typedef struct {
  guint n;
  GArray **edges;        /* guint per node */
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
  Call call = { node, 0 };

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

      if (call->edge < self->edges[node]->len)
        {
          guint target = g_array_index (self->edges[node], guint, call->edge++);

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

static char *
make_key (const RoundsOutboxItem *item)
{
  return g_strconcat (item->type, "/", item->id, NULL);
}

/* Runs over the graph and leaves order and component; edges are taken. */
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
  for (i = 0; i < self->n; i++)
    g_array_unref (self->edges[i]);
  g_free (self->edges);
  g_free (self->index);
  g_free (self->low);
  g_free (self->on_stack);
  g_array_unref (self->stack);
  g_array_unref (self->calls);
}

static void
add_edges (GArray *edges, GHashTable *nodes, char **keys, guint self_node)
{
  guint i;

  for (i = 0; keys != NULL && keys[i] != NULL; i++)
    {
      guint target = GPOINTER_TO_UINT (g_hash_table_lookup (nodes, keys[i]));

      if (target-- > 0 && target != self_node)
        g_array_append_val (edges, target);
    }
}

RoundsSendOrder *
rounds_send_order_new (GPtrArray *items)
{
  RoundsSendOrder *self = g_new0 (RoundsSendOrder, 1);
  g_autoptr (GHashTable) nodes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Tarjan tarjan = { .n = items->len };
  guint i;

  tarjan.edges = g_new0 (GArray *, items->len + 1);
  for (i = 0; i < items->len; i++)
    {
      RoundsOutboxItem *item = items->pdata[i];

      if (g_strcmp0 (item->verb, "create") == 0)
        g_hash_table_insert (nodes, make_key (item), GUINT_TO_POINTER (i + 1));
    }
  for (i = 0; i < items->len; i++)
    {
      tarjan.edges[i] = g_array_new (FALSE, FALSE, sizeof (guint));
      add_edges (tarjan.edges[i], nodes, ((RoundsOutboxItem *) items->pdata[i])->depends_on, i);
    }
  run (&tarjan);
  self->items = g_ptr_array_new ();
  for (i = 0; i < tarjan.order->len; i++)
    g_ptr_array_add (self->items, items->pdata[g_array_index (tarjan.order, guint, i)]);
  self->component = tarjan.component;
  g_array_unref (tarjan.order);
  return self;
}

void
rounds_send_order_free (RoundsSendOrder *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->items);
  g_array_unref (self->component);
  g_free (self);
}

GPtrArray *
rounds_send_order_deletes (GPtrArray *items)
{
  g_autoptr (GHashTable) nodes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GPtrArray *order = g_ptr_array_new ();
  Tarjan tarjan = { .n = items->len };
  guint i;

  tarjan.edges = g_new0 (GArray *, items->len + 1);
  for (i = 0; i < items->len; i++)
    g_hash_table_insert (nodes, make_key (items->pdata[i]), GUINT_TO_POINTER (i + 1));
  for (i = 0; i < items->len; i++)
    {
      RoundsOutboxItem *item = items->pdata[i];
      g_autoptr (json_object) base = item->base_json != NULL ? rounds_json_parse (item->base_json, -1, NULL) : NULL;
      g_auto (GStrv) keys = base != NULL ? rounds_reference_list (base) : NULL;

      tarjan.edges[i] = g_array_new (FALSE, FALSE, sizeof (guint));
      add_edges (tarjan.edges[i], nodes, keys, i);
    }
  run (&tarjan);
  for (i = tarjan.order->len; i > 0; i--)
    g_ptr_array_add (order, items->pdata[g_array_index (tarjan.order, guint, i - 1)]);
  g_array_unref (tarjan.order);
  g_array_unref (tarjan.component);
  return order;
}
