/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pure parts: order of sending, what a server kept, waiting times. */

#include "sync/compare.h"
#include "sync/graph.h"
#include "sync/pass.h"

static RoundsOutboxItem *
item (const char *verb, const char *type, const char *id, const char *depends)
{
  RoundsOutboxItem *self = g_new0 (RoundsOutboxItem, 1);

  self->verb = g_strdup (verb);
  self->type = g_strdup (type);
  self->id = g_strdup (id);
  self->depends_on = depends != NULL ? g_strsplit (depends, " ", -1) : NULL;
  return self;
}

static GPtrArray *
items_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_outbox_item_free);
}

static char *
order_text (GPtrArray *items)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint i;

  for (i = 0; i < items->len; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? " " : "", ((RoundsOutboxItem *) items->pdata[i])->id);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
test_order (void)
{
  g_autoptr (GPtrArray) items = items_new ();
  g_autoptr (RoundsSendOrder) order = NULL;
  g_autofree char *text = NULL;
  guint *component;

  g_ptr_array_add (items, item ("create", "Observation", "o", "Encounter/e Patient/p"));
  g_ptr_array_add (items, item ("create", "Encounter", "e", "Patient/p"));
  g_ptr_array_add (items, item ("create", "Condition", "x", "Observation/y"));
  g_ptr_array_add (items, item ("create", "Patient", "p", NULL));
  g_ptr_array_add (items, item ("create", "Observation", "y", "Condition/x Patient/p"));
  g_ptr_array_add (items, item ("update", "Patient", "q", "Patient/elsewhere"));
  order = rounds_send_order_new (items);
  text = order_text (order->items);
  g_assert_cmpstr (text, ==, "p e o x y q");
  component = (guint *) order->component->data;
  g_assert_cmpuint (component[3], ==, component[4]);   /* the circle */
  g_assert_cmpuint (component[0], !=, component[1]);
}

/* A chain as long as somebody makes it must not end on the stack. */
static void
test_long_chain (void)
{
  g_autoptr (GPtrArray) items = items_new ();
  g_autoptr (RoundsSendOrder) order = NULL;
  guint i, n = 200000;

  for (i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("%u", i);
      g_autofree char *next = g_strdup_printf ("Basic/%u", i + 1);

      g_ptr_array_add (items, item ("create", "Basic", id, i + 1 < n ? next : NULL));
    }
  order = rounds_send_order_new (items);
  g_assert_cmpuint (order->items->len, ==, n);
  g_assert_cmpstr (((RoundsOutboxItem *) order->items->pdata[0])->id, ==, "199999");
  g_assert_cmpstr (((RoundsOutboxItem *) order->items->pdata[n - 1])->id, ==, "0");
}

static void
test_deletes (void)
{
  g_autoptr (GPtrArray) items = items_new ();
  g_autoptr (GPtrArray) order = NULL;
  g_autofree char *text = NULL;

  g_ptr_array_add (items, item ("delete", "Patient", "p", NULL));
  g_ptr_array_add (items, item ("delete", "Observation", "o", NULL));
  ((RoundsOutboxItem *) items->pdata[1])->base_json =
    g_strdup ("{\"resourceType\":\"Observation\",\"id\":\"o\",\"subject\":{\"reference\":\"Patient/p\"}}");
  order = rounds_send_order_deletes (items);
  text = order_text (order);
  g_assert_cmpstr (text, ==, "o p");
}

static char *
lost (const char *sent_text, const char *got_text)
{
  g_autoptr (json_object) sent = rounds_json_parse (sent_text, -1, NULL);
  g_autoptr (json_object) got = rounds_json_parse (got_text, -1, NULL);
  g_autoptr (GPtrArray) paths = rounds_compare_kept (sent, got);
  char *text = rounds_compare_describe (paths, 5);

  return text != NULL ? text : g_strdup ("");
}

static void
test_kept (void)
{
  static const struct { const char *sent, *got, *lost; } cases[] = {
    { "{\"a\":1,\"meta\":{\"versionId\":\"1\"}}", "{\"meta\":{\"versionId\":\"9\"},\"b\":2,\"a\":1}", "" },
    { "{\"a\":{\"b\":[1,2]}}", "{\"a\":{\"b\":[1]}}", "a.b.1" },
    { "{\"value\":1.10}", "{\"value\":1.1}", "value" },
    { "{\"value\":1E3}", "{\"value\":1000}", "" },
    { "{\"value\":1000}", "{\"value\":1001}", "value" },
    { "{\"value\":true}", "{\"value\":\"true\"}", "value" },
    { "{\"text\":{\"div\":\"<div>a</div>\"}}", "{\"text\":{\"div\":\"<div xmlns=\\\"x\\\">a</div>\"}}", "" },
    { "{\"s\":{\"reference\":\"https://h/fhir/Patient/1/_history/2\"}}", "{\"s\":{\"reference\":\"Patient/1\"}}", "" },
    { "{\"s\":{\"reference\":\"Patient/1\"}}", "{\"s\":{\"reference\":\"Patient/2\"}}", "s.reference" },
    { "{\"data\":\"QUJD\"}", "{\"data\":\"QU JD\"}", "" },
    { "{\"x\":\"a\"}", "{\"x\":\"b\"}", "x" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = lost (cases[i].sent, cases[i].got);

      g_assert_cmpstr (text, ==, cases[i].lost);
    }
}

static void
test_backoff (void)
{
  guint i, low = 0;

  for (i = 0; i < 1000; i++)
    {
      gint64 wait = rounds_backoff_us (i % 40, 1000, 60000);

      g_assert_cmpint (wait, >=, 0);
      g_assert_cmpint (wait, <=, MIN ((gint64) 1000 << MIN (i % 40, 6), 60000));
      low += rounds_backoff_us (10, 1000, 60000) < 30000;
    }
  g_assert_cmpuint (low, >, 350);   /* the jitter is a full one: half of the waits are in the lower half */
  g_assert_cmpuint (low, <, 650);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/order/references", test_order);
  g_test_add_func ("/order/long-chain", test_long_chain);
  g_test_add_func ("/order/deletes", test_deletes);
  g_test_add_func ("/compare/kept", test_kept);
  g_test_add_func ("/backoff", test_backoff);
  return g_test_run ();
}
