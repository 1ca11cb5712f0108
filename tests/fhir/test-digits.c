/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The same number with fewer digits keeps those that were written, and nothing else does. */

#include <glib.h>

#include "fhir/digits.h"

static void
test_equal (void)
{
  static const struct {
    const char *a, *b;
    gboolean equal;
  } rows[] = {
    { "37.0", "37", TRUE },
    { "37.0", "3.7e1", TRUE },
    { "37.0", "370E-1", TRUE },
    { "1.50e-7", "1.5e-7", TRUE },
    { "1E3", "1000", TRUE },
    { "100", "1e+2", TRUE },
    { "0.00", "0", TRUE },
    { "-0", "0", TRUE },
    { "0.10", "0.1", TRUE },
    { "37.0", "37.1", FALSE },
    { "37", "-37", FALSE },
    { "37", "370", FALSE },
    { "37", "3.7", FALSE },
    { "0.1", "0.10000000000000000001", FALSE },
    { "9007199254740993", "9007199254740992", FALSE },
    { "1e99999999999999999999", "1e99999999999999999998", FALSE },
    { "1e200001", "1e200002", FALSE },
    { "1e-99999999999999999999", "0", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_test_message ("%s %s", rows[i].a, rows[i].b);
      g_assert_cmpint (rounds_decimal_equal (rows[i].a, rows[i].b), ==, rows[i].equal);
      g_assert_cmpint (rounds_decimal_equal (rows[i].b, rows[i].a), ==, rows[i].equal);
    }
}

static void
assert_keep (const char *ours, const char *theirs, gboolean in_place, const char *expected)
{
  g_autoptr (json_object) a = rounds_json_parse (ours, -1, NULL);
  g_autoptr (json_object) b = rounds_json_parse (theirs, -1, NULL);
  g_autofree char *text = NULL;
  guint n;

  g_assert_nonnull (a);
  g_assert_nonnull (b);
  n = rounds_json_keep_digits (a, b, in_place);
  text = rounds_json_print (b);
  g_assert_cmpstr (text, ==, expected);
  g_assert_cmpint (n > 0, ==, !g_str_equal (theirs, expected));
}

static void
test_keep (void)
{
  int place;

  for (place = 0; place < 2; place++)
    {
      assert_keep ("{\"q\":{\"value\":37.0,\"unit\":\"C\"}}", "{\"q\":{\"value\":37,\"unit\":\"C\"},\"x\":1}", place,
                   "{\"q\":{\"value\":37.0,\"unit\":\"C\"},\"x\":1}");
      assert_keep ("{\"q\":{\"value\":37.0}}", "{\"q\":{\"value\":37.1}}", place, "{\"q\":{\"value\":37.1}}");
      assert_keep ("{\"q\":{\"value\":37.0}}", "{\"q\":{\"value\":\"37\"}}", place, "{\"q\":{\"value\":\"37\"}}");
      assert_keep ("{\"c\":[{\"v\":1.0},{\"v\":2.0}]}", "{\"c\":[{\"v\":1},{\"v\":2}]}", place,
                   "{\"c\":[{\"v\":1.0},{\"v\":2.0}]}");
      assert_keep ("{\"v\":1E3}", "{\"v\":1000}", place, "{\"v\":1E3}");
    }
  /* A list that moved, another unit, a finer value: only where the places are the same. */
  assert_keep ("{\"c\":[{\"k\":\"a\",\"v\":37.0},{\"k\":\"b\",\"v\":37}]}", "{\"c\":[{\"k\":\"b\",\"v\":37}]}", FALSE,
               "{\"c\":[{\"k\":\"b\",\"v\":37}]}");
  assert_keep ("{\"c\":[{\"k\":\"a\",\"v\":1},{\"k\":\"b\",\"v\":37.0}]}", "{\"c\":[{\"k\":\"b\",\"v\":37}]}", FALSE,
               "{\"c\":[{\"k\":\"b\",\"v\":37.0}]}");
  assert_keep ("{\"q\":{\"value\":37.0,\"unit\":\"mg\"}}", "{\"q\":{\"value\":37,\"unit\":\"g\"}}", FALSE,
               "{\"q\":{\"value\":37,\"unit\":\"g\"}}");
  assert_keep ("{\"q\":{\"value\":37.0,\"unit\":\"mg\"}}", "{\"q\":{\"value\":37}}", FALSE, "{\"q\":{\"value\":37}}");
  assert_keep ("{\"q\":{\"value\":37}}", "{\"q\":{\"value\":37.0}}", FALSE, "{\"q\":{\"value\":37.0}}");
  assert_keep ("{\"q\":{\"value\":37}}", "{\"q\":{\"value\":37.0}}", TRUE, "{\"q\":{\"value\":37}}");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/digits/equal", test_equal);
  g_test_add_func ("/digits/keep", test_keep);
  return g_test_run ();
}
