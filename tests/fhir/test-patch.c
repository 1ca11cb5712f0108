/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Differences and patches: worked examples, RFC 6902's own cases, and random pairs of documents. */

#include <glib.h>
#include <string.h>

#include "fhir/patch.h"

static json_object *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  json_object *value = rounds_json_parse (text, -1, &error);

  g_assert_no_error (error);
  return value;
}

static void
assert_diff (const char *old_text, const char *new_text, const char *expected)
{
  g_autoptr (json_object) old = old_text != NULL ? parse (old_text) : NULL;
  g_autoptr (json_object) new_ = new_text != NULL ? parse (new_text) : NULL;
  g_autoptr (GPtrArray) differences = rounds_patch_diff (old, new_);
  g_autoptr (GString) got = g_string_new (NULL);

  for (guint i = 0; i < differences->len; i++)
    {
      RoundsDifference *d = differences->pdata[i];
      g_autofree char *a = d->old != NULL ? rounds_json_print (d->old) : g_strdup ("·");
      g_autofree char *b = d->new_ != NULL ? rounds_json_print (d->new_) : g_strdup ("·");

      g_string_append_printf (got, "%s%s %s→%s", i > 0 ? " | " : "", d->path, a, b);
    }
  g_assert_cmpstr (got->str, ==, expected);
}

static void
test_diff (void)
{
  assert_diff ("{\"a\":1.10}", "{\"a\":1.1}", "a 1.10→1.1");
  assert_diff ("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", "");
  assert_diff ("{\"name\":[{\"family\":\"A\",\"given\":[\"x\"]}]}", "{\"name\":[{\"family\":\"B\",\"given\":[\"x\",\"y\"]}]}",
               "name.0.family \"A\"→\"B\" | name.0.given.1 ·→\"y\"");
  assert_diff ("{\"l\":[1,2,3,4]}", "{\"l\":[2,3,4]}", "l.0 1→·");
  assert_diff ("{\"l\":[2,4]}", "{\"l\":[1,2,3,4]}", "l.0 ·→1 | l.2 ·→3");
  assert_diff ("{\"l\":[{\"id\":\"a\",\"v\":1},{\"id\":\"b\",\"v\":2}]}", "{\"l\":[{\"id\":\"b\",\"v\":3}]}",
               "l.0 {\"id\":\"a\",\"v\":1}→· | l.0.v 2→3");
  assert_diff ("{\"a\":{\"b\":1}}", "{\"a\":[1]}", "a {\"b\":1}→[1]");
  assert_diff ("{\"a\":1}", "{\"b\":1}", "a 1→· | b ·→1");
  assert_diff ("{\"meta\":{\"versionId\":\"1\",\"lastUpdated\":\"x\",\"source\":\"s\"}}", "{\"meta\":{\"versionId\":\"2\",\"source\":\"t\"}}",
               "meta.source \"s\"→\"t\"");
  assert_diff ("{}", "{\"meta\":{\"versionId\":\"2\"}}", "");
  assert_diff (NULL, "{\"a\":1,\"b\":[2]}", "a ·→1 | b ·→[2]");
  assert_diff ("{\"a\":1}", NULL, "a 1→·");
}

static void
assert_apply (const char *document, const char *patch, const char *expected)
{
  g_autoptr (json_object) d = parse (document);
  g_autoptr (json_object) p = parse (patch);
  g_autoptr (GError) error = NULL;
  g_autoptr (json_object) result = rounds_patch_apply (d, p, &error);
  g_autofree char *untouched = rounds_json_print (d);
  g_autofree char *before = NULL;

  g_test_message ("%s %s", document, patch);
  {
    g_autoptr (json_object) again = parse (document);
    before = rounds_json_print (again);
  }
  g_assert_cmpstr (untouched, ==, before);
  if (expected == NULL)
    {
      g_assert_error (error, ROUNDS_FHIR_ERROR, ROUNDS_FHIR_ERROR_REFUSED);
      g_assert_null (result);
      return;
    }
  g_assert_no_error (error);
  g_autofree char *printed = rounds_json_print (result);
  g_assert_cmpstr (printed, ==, expected);
}

#define OP(op, path, rest) "[{\"op\":\"" op "\",\"path\":\"" path "\"" rest "}]"

/* The examples of RFC 6902, appendix A. */
static void
test_rfc (void)
{
  assert_apply ("{\"foo\":\"bar\"}", OP ("add", "/baz", ",\"value\":\"qux\""), "{\"foo\":\"bar\",\"baz\":\"qux\"}");
  assert_apply ("{\"foo\":[\"bar\",\"baz\"]}", OP ("add", "/foo/1", ",\"value\":\"qux\""), "{\"foo\":[\"bar\",\"qux\",\"baz\"]}");
  assert_apply ("{\"baz\":\"qux\",\"foo\":\"bar\"}", OP ("remove", "/baz", ""), "{\"foo\":\"bar\"}");
  assert_apply ("{\"foo\":[\"bar\",\"qux\",\"baz\"]}", OP ("remove", "/foo/1", ""), "{\"foo\":[\"bar\",\"baz\"]}");
  assert_apply ("{\"baz\":\"qux\",\"foo\":\"bar\"}", OP ("replace", "/baz", ",\"value\":\"boo\""), "{\"baz\":\"boo\",\"foo\":\"bar\"}");
  assert_apply ("{\"foo\":{\"bar\":\"baz\",\"waldo\":\"fred\"},\"qux\":{\"corge\":\"grault\"}}",
                OP ("move", "/qux/thud", ",\"from\":\"/foo/waldo\""),
                "{\"foo\":{\"bar\":\"baz\"},\"qux\":{\"corge\":\"grault\",\"thud\":\"fred\"}}");
  assert_apply ("{\"foo\":[\"all\",\"grass\",\"cows\",\"eat\"]}", OP ("move", "/foo/3", ",\"from\":\"/foo/1\""),
                "{\"foo\":[\"all\",\"cows\",\"eat\",\"grass\"]}");
  assert_apply ("{\"baz\":\"qux\",\"foo\":[\"a\",2,\"c\"]}", "[{\"op\":\"test\",\"path\":\"/baz\",\"value\":\"qux\"},{\"op\":\"test\",\"path\":\"/foo/1\",\"value\":2}]",
                "{\"baz\":\"qux\",\"foo\":[\"a\",2,\"c\"]}");
  assert_apply ("{\"baz\":\"qux\"}", OP ("test", "/baz", ",\"value\":\"bar\""), NULL);
  assert_apply ("{\"foo\":\"bar\"}", OP ("add", "/child", ",\"value\":{\"grandchild\":{}}"), "{\"foo\":\"bar\",\"child\":{\"grandchild\":{}}}");
  assert_apply ("{\"foo\":\"bar\"}", OP ("add", "/baz", ",\"value\":\"qux\",\"xyz\":123"), "{\"foo\":\"bar\",\"baz\":\"qux\"}");
  assert_apply ("{\"foo\":\"bar\"}", OP ("add", "/baz/bat", ",\"value\":\"qux\""), NULL);
  assert_apply ("{\"/\":9,\"~1\":10}", OP ("test", "/~01", ",\"value\":10"), "{\"/\":9,\"~1\":10}");
  assert_apply ("{\"/\":9,\"~1\":10}", OP ("test", "/~01", ",\"value\":\"10\""), NULL);
  assert_apply ("{\"foo\":[\"bar\"]}", OP ("add", "/foo/-", ",\"value\":[\"abc\",\"def\"]"), "{\"foo\":[\"bar\",[\"abc\",\"def\"]]}");
}

static void
test_refused (void)
{
  static const char *const bad[] = {
    "{}", "[1]", "[{}]", "[{\"op\":\"add\"}]", OP ("jump", "/a", ""), OP ("add", "/a", ""), OP ("add", "a", ",\"value\":1"),
    OP ("add", "/l/3", ",\"value\":1"), OP ("add", "/l/01", ",\"value\":1"), OP ("add", "/l/-1", ",\"value\":1"),
    OP ("add", "/l/x", ",\"value\":1"), OP ("add", "/l/99999999999999999999", ",\"value\":1"), OP ("add", "/~2", ",\"value\":1"),
    OP ("add", "/~", ",\"value\":1"), OP ("add", "/s/x", ",\"value\":1"), OP ("remove", "/x", ""), OP ("remove", "/l/-", ""),
    OP ("remove", "", ""), OP ("replace", "/x", ",\"value\":1"), OP ("replace", "/l/2", ",\"value\":1"), OP ("replace", "/l/-", ",\"value\":1"),
    OP ("replace", "", ",\"value\":null"), OP ("move", "/x", ""), OP ("move", "/o/p/q", ",\"from\":\"/o\""), OP ("move", "/y", ",\"from\":\"/x\""),
    OP ("copy", "/y", ",\"from\":\"/x\""), OP ("test", "/x", ",\"value\":1"), OP ("test", "/s", ""), OP ("test", "/n", ",\"value\":1.0"),
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_apply ("{\"l\":[1,2],\"s\":\"x\",\"o\":{\"p\":{}},\"n\":1}", bad[i], NULL);
  assert_apply ("{\"l\":[1,2]}", OP ("add", "/l/2", ",\"value\":3"), "{\"l\":[1,2,3]}");
  assert_apply ("{\"o\":{\"p\":1}}", OP ("move", "/o", ",\"from\":\"/o\""), "{\"o\":{\"p\":1}}");
  assert_apply ("{\"o\":1,\"op\":2}", OP ("move", "/opq", ",\"from\":\"/op\""), "{\"o\":1,\"opq\":2}");
  assert_apply ("{\"a\":1}", OP ("replace", "", ",\"value\":[1.50]"), "[1.50]");
  assert_apply ("{\"\":{\"\":1}}", OP ("replace", "//", ",\"value\":2"), "{\"\":{\"\":2}}");
}

/* A dozen bytes that double the document, again and again; and one that deepens it. */
static void
test_bombs (void)
{
  g_autoptr (GString) wide = g_string_new ("[");
  g_autoptr (GString) deep = g_string_new ("[");

  for (int i = 0; i < 60; i++)
    g_string_append_printf (wide, "%s{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/a/-\"}", i > 0 ? "," : "");
  g_string_append_c (wide, ']');
  assert_apply ("{\"a\":[[1,2,3]]}", wide->str, NULL);

  for (int i = 0; i < 80; i++)
    g_string_append_printf (deep, "%s{\"op\":\"add\",\"path\":\"/b\",\"value\":[]},{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/b/0\"},"
                                  "{\"op\":\"move\",\"from\":\"/b\",\"path\":\"/a\"}", i > 0 ? "," : "");
  g_string_append_c (deep, ']');
  assert_apply ("{\"a\":1}", deep->str, NULL);
}

static json_object *
random_value (GRand *rand, int depth)
{
  static const char *const numbers[] = { "1.10", "1.1", "-0", "7", "1E3" };
  json_object *value;
  int n = g_rand_int_range (rand, 0, 6);

  switch (g_rand_int_range (rand, depth > 0 ? 0 : 2, 6))
    {
    case 0:
      value = json_object_new_object ();
      for (int i = 0; i < n; i++)
        {
          char name[8];

          g_snprintf (name, sizeof name, "%c%s", 'a' + g_rand_int_range (rand, 0, 6), i % 3 == 0 ? "/~" : "");
          json_object_object_add (value, name, random_value (rand, depth - 1));
        }
      if (g_rand_int_range (rand, 0, 3) == 0)
        {
          char id[4];

          g_snprintf (id, sizeof id, "%d", g_rand_int_range (rand, 0, 4));
          json_object_object_add (value, "id", json_object_new_string (id));
        }
      return value;
    case 1:
      value = json_object_new_array ();
      for (int i = 0; i < n; i++)
        json_object_array_add (value, random_value (rand, depth - 1));
      return value;
    case 2:
      return json_object_new_string (g_rand_boolean (rand) ? "x" : "y");
    case 3:
      return depth > 2 ? json_object_new_object () : g_rand_boolean (rand) ? NULL : json_object_new_boolean (1);
    default:
      return rounds_json_new_decimal (numbers[g_rand_int_range (rand, 0, G_N_ELEMENTS (numbers))]);
    }
}

/* Changes a few things somewhere within. */
static void
mutate (GRand *rand, json_object *value, int depth)
{
  if (json_object_is_type (value, json_type_object))
    {
      char name[2] = { (char) ('a' + g_rand_int_range (rand, 0, 6)), '\0' };
      json_object *member = NULL;

      if (json_object_object_get_ex (value, name, &member) && g_rand_boolean (rand))
        mutate (rand, member, depth - 1);
      else if (g_rand_int_range (rand, 0, 3) == 0)
        json_object_object_del (value, name);
      else
        json_object_object_add (value, name, random_value (rand, depth - 1));
    }
  else if (json_object_is_type (value, json_type_array))
    {
      gsize n = json_object_array_length (value);
      gsize at = n > 0 ? (gsize) g_rand_int_range (rand, 0, (int) n) : 0;

      switch (g_rand_int_range (rand, 0, 3))
        {
        case 0:
          json_object_array_insert_idx (value, at, random_value (rand, depth - 1));
          break;
        case 1:
          if (n > 0)
            json_object_array_del_idx (value, at, 1);
          break;
        default:
          if (n > 0)
            mutate (rand, json_object_array_get_idx (value, at), depth - 1);
          break;
        }
    }
}

static void
test_property (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (23);

  for (int i = 0; i < 20000; i++)
    {
      g_autoptr (json_object) old = json_object_new_object ();
      g_autoptr (json_object) new_ = NULL;
      g_autoptr (json_object) patch = NULL;
      g_autoptr (json_object) result = NULL;
      g_autoptr (GPtrArray) differences = NULL;
      g_autoptr (GError) error = NULL;

      json_object_object_add (old, "a", random_value (rand, 4));
      json_object_object_add (old, "b", random_value (rand, 4));
      if (i % 3 == 0)
        {
          new_ = json_object_new_object ();
          json_object_object_add (new_, "a", random_value (rand, 4));
        }
      else
        {
          new_ = rounds_json_copy (old);
          for (int m = g_rand_int_range (rand, 0, 5); m > 0; m--)
            mutate (rand, new_, 4);
        }

      patch = rounds_patch_make (old, new_);
      result = rounds_patch_apply (old, patch, &error);
      g_assert_no_error (error);
      g_assert_true (rounds_json_equal (result, new_));
      if (rounds_json_equal (old, new_))
        g_assert_cmpuint (json_object_array_length (patch), ==, 0);

      /* Nothing differs that is the same; what differs is named. null and absent are one to diff. */
      differences = rounds_patch_diff (old, old);
      g_assert_cmpuint (differences->len, ==, 0);
    }
}

int
main (int argc, char *argv[])
{
  g_setenv ("LC_ALL", "C", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/patch/diff", test_diff);
  g_test_add_func ("/patch/rfc", test_rfc);
  g_test_add_func ("/patch/refused", test_refused);
  g_test_add_func ("/patch/bombs", test_bombs);
  g_test_add_func ("/patch/property", test_property);
  return g_test_run ();
}
