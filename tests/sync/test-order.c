/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pure parts: order of sending, what a server kept, waiting times. */

#include "sync/compare.h"
#include "sync/graph.h"
#include "sync/pass.h"

/* Edges as text: "1 3;3;;0" = node 0 points at 1 and 3, node 1 at 3, … */
static RoundsSendOrder *
order_of (const char *text)
{
  g_auto (GStrv) nodes = g_strsplit (text, ";", -1);
  g_autoptr (GArray) first = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (GArray) edges = g_array_new (FALSE, FALSE, sizeof (guint));
  guint i, e, n = g_strv_length (nodes);

  for (i = 0; i < n; i++)
    {
      g_auto (GStrv) targets = g_strsplit (nodes[i], " ", -1);

      g_array_append_val (first, edges->len);
      for (e = 0; targets[e] != NULL; e++)
        if (*targets[e] != '\0')
          {
            guint target = (guint) g_ascii_strtoull (targets[e], NULL, 10);

            g_array_append_val (edges, target);
          }
    }
  g_array_append_val (first, edges->len);
  return rounds_send_order_new (n, (const guint *) first->data, (const guint *) edges->data);
}

static void
test_order (void)
{
  /* 0 observation, 1 encounter, 2 condition, 3 patient, 4 observation, 5 another patient */
  g_autoptr (RoundsSendOrder) order = order_of ("1 3;3;4;;2 3;");
  static const guint expected[] = { 3, 1, 0, 2, 4, 5 };
  guint *component = (guint *) order->component->data, i;

  g_assert_cmpuint (order->nodes->len, ==, G_N_ELEMENTS (expected));
  for (i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmpuint (g_array_index (order->nodes, guint, i), ==, expected[i]);
  g_assert_cmpuint (component[3], ==, component[4]);   /* the circle */
  g_assert_cmpuint (component[0], !=, component[1]);
  g_assert_cmpuint (component[4], <, component[5]);
}

/* A chain as long as somebody makes it must not end on the stack. */
static void
test_long_chain (void)
{
  guint i, n = 200000;
  g_autofree guint *first = g_new (guint, n + 1);
  g_autofree guint *edges = g_new (guint, n);
  g_autoptr (RoundsSendOrder) order = NULL;

  for (i = 0; i <= n; i++)
    first[i] = MIN (i, n - 1);
  for (i = 0; i + 1 < n; i++)
    edges[i] = i + 1;
  order = rounds_send_order_new (n, first, edges);
  g_assert_cmpuint (order->nodes->len, ==, n);
  g_assert_cmpuint (g_array_index (order->nodes, guint, 0), ==, n - 1);
  g_assert_cmpuint (g_array_index (order->nodes, guint, n - 1), ==, 0);
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
    { "{\"value\":1.10}", "{\"value\":1.1}", "" },   /* the digits are kept by who keeps the text */
    { "{\"value\":1.10}", "{\"value\":1.11}", "value" },
    { "{\"value\":0.1}", "{\"value\":0.10000000000000000001}", "value" },
    { "{\"value\":1E3}", "{\"value\":1000}", "" },
    { "{\"value\":1000}", "{\"value\":1001}", "value" },
    { "{\"value\":true}", "{\"value\":\"true\"}", "value" },
    { "{\"text\":{\"div\":\"<div>a</div>\"}}", "{\"text\":{\"div\":\"<div xmlns=\\\"x\\\">a</div>\"}}", "" },
    { "{\"s\":{\"reference\":\"https://h/fhir/Patient/1/_history/2\"}}", "{\"s\":{\"reference\":\"Patient/1\"}}", "" },
    { "{\"s\":{\"reference\":\"Patient/1\"}}", "{\"s\":{\"reference\":\"Patient/2\"}}", "s.reference" },
    { "{\"data\":\"QUJD\"}", "{\"data\":\"QU JD\"}", "" },
    { "{\"x\":\"a\"}", "{\"x\":\"b\"}", "x" },
    /* Whoever loses the label shows the record to everybody. */
    { "{\"meta\":{\"security\":[{\"code\":\"R\"}]}}", "{\"meta\":{\"versionId\":\"2\"}}", "meta.security" },
    { "{\"meta\":{\"security\":[{\"code\":\"R\"}]}}", "{\"meta\":{\"security\":[{\"code\":\"N\"},{\"code\":\"V\"}]}}", "" },
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
  g_test_add_func ("/compare/kept", test_kept);
  g_test_add_func ("/backoff", test_backoff);
  return g_test_run ();
}
