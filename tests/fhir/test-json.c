/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Strict JSON: what is taken, what is refused, and that nothing read is changed when it is written. */

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "fhir/json.h"

static json_object *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  json_object *value = rounds_json_parse (text, -1, &error);

  g_assert_no_error (error);
  g_assert_nonnull (value);
  return value;
}

static void
assert_printed (const char *text, const char *expected)
{
  g_autoptr (json_object) value = parse (text);
  g_autofree char *printed = rounds_json_print (value);

  g_assert_cmpstr (printed, ==, expected);
}

static void
test_accept (void)
{
  static const char *const same[] = {
    "{}", "[]", "0", "-0", "1", "-1", "true", "false", "\"\"", "[null]", "{\"a\":null}", "1.10", "1E3", "1e-5", "1e+05",
    "0.0", "-0.0", "1.0E-22", "123456789012345678901234567890", "-123456789012345678901234567890",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
    "18446744073709551615", "18446744073709551616", "999999999999999999", "1000000000000000000",
    "0.123456789012345678901234", "1e999", "1e-999", "[0,-0,[],{},\"x\"]", "{\"b\":1,\"a\":2,\"\":3}",
    "\"é日本\xf0\x9f\x98\x80\"", "\"a/b\"", "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u0000\"", "{\"a.b\":{\"c\":[1.50]}}",
    "\"\x7f\"", "\"\xef\xbf\xbf\"",
  };

  for (guint i = 0; i < G_N_ELEMENTS (same); i++)
    assert_printed (same[i], same[i]);

  assert_printed (" \t\r\n{ \"a\" : [ 1 , 2 ] } \n", "{\"a\":[1,2]}");
  assert_printed ("\xef\xbb\xbf{}", "{}");
  assert_printed ("\"\\u00e9\\/\\ud83d\\ude00\\u2028\"", "\"é/😀\xe2\x80\xa8\"");
  assert_printed ("{\"\\u0061\":1}", "{\"a\":1}");
}

static void
test_refuse (void)
{
  static const char *const bad[] = {
    "", " ", "\xef\xbb\xbf", "{", "}", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
    "{,}", "{a:1}", "{'a':1}", "'a'", "{\"a\":1 \"b\":2}", "{\"a\" 1}", "{1:2}", "{null:1}", "tru", "True", "nul", "nan",
    "NaN", "Infinity", "-Infinity", "-", "+1", "01", "-01", "00", "1.", ".1", "1.e3", "1e", "1e+", "0x10", "1_000",
    "1 2", "{} {}", "[]]", "\"", "\"\\\"", "\"\\", "\"\\x41\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\u\"", "\"\n\"", "\"\t\"",
    "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\ud800\"", "\"\\ud800x\"", "\"\\ud800\\n\"", "\"\\ud800\\u0041\"",
    "\"\\udc00\\ud800\"", "\"\\ud83d\\u\"", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "{\"a\\u0000b\":1}",
    "[\"\xff\"]", "[\"\xc0\xaf\"]", "[\"\xed\xa0\x80\"]", "[\"\xf4\x90\x80\x80\"]", "[\"\xe2\x82\"]", "/* c */ 1", "1 // c",
    "\xef\xbb\xbf\xef\xbb\xbf{}", "[\x0c" "1]", "\xc2\xa0" "1", "{\"a\":1}x", "[1}", "{\"a\":1]", "truefalse", "--1",
    "1e1.5", "\"\\U0041\"", "[\"\\u0000\\ud800\"]",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (json_object) value = rounds_json_parse (bad[i], -1, &error);

      g_autofree char *shown = g_strescape (bad[i], NULL);

      g_test_message ("%u: %s", i, shown);
      g_assert_error (error, ROUNDS_FHIR_ERROR, ROUNDS_FHIR_ERROR_SYNTAX);
      g_assert_null (value);
    }
}

static void
test_nul_bytes (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_object) value = NULL;

  g_assert_null (rounds_json_parse ("[1]\0", 4, &error));
  g_assert_error (error, ROUNDS_FHIR_ERROR, ROUNDS_FHIR_ERROR_SYNTAX);
  g_clear_error (&error);
  g_assert_null (rounds_json_parse ("\"a\0b\"", 5, &error));
  g_assert_error (error, ROUNDS_FHIR_ERROR, ROUNDS_FHIR_ERROR_SYNTAX);
  g_clear_error (&error);
  g_assert_null (rounds_json_parse (NULL, 0, &error));
  g_assert_error (error, ROUNDS_FHIR_ERROR, ROUNDS_FHIR_ERROR_SYNTAX);

  /* Escaped in a value it is kept, and never read as a shorter text. */
  value = parse ("{\"a\":\"no\\u0000yes\"}");
  g_assert_null (rounds_json_peek_string (value, "a"));
  g_assert_cmpint (json_object_get_string_len (rounds_json_peek (value, "a")), ==, 6);
}

/* Nothing past the given length is read: the buffer ends there. */
static void
test_exact_length (void)
{
  static const char *const texts[] = { "1", "12", "-", "tru", "true", "\"a", "\"\\u00", "{\"a\":1", "[1,2", "1.", "1e", "\xe2\x82" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      gsize length = strlen (texts[i]);
      char *exact = malloc (length);
      json_object *value;

      memcpy (exact, texts[i], length);
      value = rounds_json_parse (exact, (gssize) length, NULL);
      if (value != NULL)
        json_object_put (value);
      free (exact);
    }
}

static void
test_depth (void)
{
  g_autoptr (GError) error = NULL;

  for (int kind = 0; kind < 2; kind++)
    for (int depth = 63; depth <= 66; depth++)
      {
        g_autoptr (GString) text = g_string_new (NULL);
        g_autoptr (json_object) value = NULL;

        for (int i = 0; i < depth; i++)
          g_string_append (text, kind == 0 ? "[" : i == depth - 1 ? "{" : "{\"a\":");
        for (int i = 0; i < depth; i++)
          g_string_append (text, kind == 0 ? "]" : "}");
        value = rounds_json_parse (text->str, (gssize) text->len, &error);
        if (depth <= 64)
          g_assert_no_error (error);
        else
          g_assert_error (error, ROUNDS_FHIR_ERROR, ROUNDS_FHIR_ERROR_LIMIT);
        g_clear_error (&error);
      }

  g_autofree char *deep = g_strnfill (10 * 1000 * 1000, '[');
  g_assert_null (rounds_json_parse (deep, -1, &error));
  g_assert_error (error, ROUNDS_FHIR_ERROR, ROUNDS_FHIR_ERROR_LIMIT);
}

static void
test_bombs (void)
{
  g_autoptr (GError) error = NULL;
  gsize size = ROUNDS_JSON_MAX_BYTES;
  char *text = g_malloc (size + 1);
  json_object *value;

  /* Exactly the limit, one byte more. */
  memset (text, ' ', size + 1);
  text[0] = '1';
  value = rounds_json_parse (text, (gssize) size, &error);
  g_assert_no_error (error);
  g_assert_nonnull (value);
  json_object_put (value);
  g_assert_null (rounds_json_parse (text, (gssize) size + 1, &error));
  g_assert_error (error, ROUNDS_FHIR_ERROR, ROUNDS_FHIR_ERROR_LIMIT);
  g_clear_error (&error);

  /* A number without end. */
  memset (text, '7', size);
  g_assert_null (rounds_json_parse (text, (gssize) size, &error));
  g_assert_error (error, ROUNDS_FHIR_ERROR, ROUNDS_FHIR_ERROR_LIMIT);
  g_clear_error (&error);

  /* Objects of three bytes each that would weigh 17 GB. */
  text[0] = '[';
  for (gsize i = 1; i + 3 <= size; i += 3)
    memcpy (text + i, "{},", 3);
  g_assert_null (rounds_json_parse (text, (gssize) size, &error));
  g_assert_error (error, ROUNDS_FHIR_ERROR, ROUNDS_FHIR_ERROR_LIMIT);
  g_free (text);
}

static void
test_null_document (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (rounds_json_parse ("null", -1, &error));
  g_assert_error (error, ROUNDS_FHIR_ERROR, ROUNDS_FHIR_ERROR_NOT_FHIR);
}

static void
test_position (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (rounds_json_parse ("{\n  \"é\": tru\n}", -1, &error));
  g_assert_nonnull (strstr (error->message, "Line 2, column 8"));
  g_assert_null (strstr (error->message, "é"));
  g_clear_error (&error);
  g_assert_null (rounds_json_parse ("{\"a\":1,\n\"a\":2}", -1, &error));
  g_assert_nonnull (strstr (error->message, "Line 2, column 1"));
}

static void
test_values (void)
{
  g_autoptr (json_object) value =
    parse ("{\"name\":[{\"given\":[\"Ada\",\"May\"]}],\"n\":1.10,\"i\":-42,\"big\":12345678901234567890123,"
           "\"s\":\"7\",\"z\":null,\"12\":true}");

  g_assert_cmpstr (rounds_json_peek_string (value, "name.0.given.1"), ==, "May");
  g_assert_null (rounds_json_peek (value, "name.1"));
  g_assert_null (rounds_json_peek (value, "name.-1"));
  g_assert_null (rounds_json_peek (value, "name.00"));
  g_assert_null (rounds_json_peek (value, "name.99999999999999999999"));
  g_assert_null (rounds_json_peek (value, "name.given"));
  g_assert_null (rounds_json_peek (value, "n.0"));
  g_assert_null (rounds_json_peek (NULL, "n"));
  g_assert_null (rounds_json_peek (value, "z.y"));
  g_assert_true (rounds_json_peek (value, "") == value);
  g_assert_true (json_object_get_boolean (rounds_json_peek (value, "12")));
  g_assert_null (rounds_json_peek_string (value, "n"));
  g_assert_cmpstr (rounds_json_peek_digits (value, "n"), ==, "1.10");
  g_assert_cmpstr (rounds_json_peek_digits (value, "i"), ==, "-42");
  g_assert_cmpstr (rounds_json_peek_digits (value, "big"), ==, "12345678901234567890123");
  g_assert_null (rounds_json_peek_digits (value, "s"));
  g_assert_cmpfloat (json_object_get_double (rounds_json_peek (value, "n")), ==, 1.1);
  g_assert_cmpint (json_object_get_int64 (rounds_json_peek (value, "i")), ==, -42);

  rounds_json_add_string (value, "new", "x");
  rounds_json_add_string (value, "none", NULL);
  g_assert_cmpstr (rounds_json_peek_string (value, "new"), ==, "x");
  g_assert_false (json_object_object_get_ex (value, "none", NULL));
}

static void
test_decimals (void)
{
  static const char *const good[] = { "0", "-0", "1.10", "1E3", "99999999999999999999", "0.5e-7" };
  static const char *const bad[] = { "", "1.", ".5", "+1", "01", "NaN", "1 ", " 1", "0x1", "1,5", "-" };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (json_object) value = rounds_json_new_decimal (good[i]);
      g_autofree char *printed = rounds_json_print (value);

      g_assert_cmpstr (printed, ==, good[i]);
      g_assert_cmpstr (rounds_json_peek_digits (value, ""), ==, good[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_null (rounds_json_new_decimal (bad[i]));
  g_assert_null (rounds_json_new_decimal (NULL));

  /* Numbers that json-c makes are printed shortest, and never as NaN. */
  g_autoptr (json_object) made = json_object_new_double (0.1);
  g_autoptr (json_object) nan = json_object_new_double (strtod ("nan", NULL));
  g_autoptr (json_object) unsigned_int = json_object_new_uint64 (G_MAXUINT64);
  g_autofree char *made_text = rounds_json_print (made);
  g_autofree char *nan_text = rounds_json_print (nan);
  g_autofree char *unsigned_text = rounds_json_print (unsigned_int);
  g_assert_cmpstr (made_text, ==, "0.1");
  g_assert_cmpstr (nan_text, ==, "null");
  g_assert_cmpstr (unsigned_text, ==, "18446744073709551615");
}

static void
assert_equal (const char *a, const char *b, gboolean expected)
{
  g_autoptr (json_object) x = parse (a);
  g_autoptr (json_object) y = parse (b);
  g_autoptr (json_object) copy = rounds_json_copy (x);

  g_assert_cmpint (rounds_json_equal (x, y), ==, expected);
  g_assert_cmpint (rounds_json_equal (y, x), ==, expected);
  g_assert_true (rounds_json_equal (x, copy));
}

static void
test_equal (void)
{
  assert_equal ("{\"a\":1,\"b\":[1,2]}", "{\"b\":[1,2],\"a\":1}", TRUE);
  assert_equal ("[1,2]", "[2,1]", FALSE);
  assert_equal ("1.0", "1.00", FALSE);
  assert_equal ("1", "1.0", FALSE);
  assert_equal ("-0", "0", FALSE);
  assert_equal ("1e3", "1E3", FALSE);
  assert_equal ("\"1\"", "1", FALSE);
  assert_equal ("{\"a\":null}", "{}", FALSE);
  assert_equal ("{\"a\":null}", "{\"b\":null}", FALSE);
  assert_equal ("[null]", "[false]", FALSE);
  assert_equal ("\"a\\u0000b\"", "\"a\\u0000c\"", FALSE);
  assert_equal ("true", "false", FALSE);
  g_assert_true (rounds_json_equal (NULL, NULL));
}

static void
test_pretty (void)
{
  g_autoptr (json_object) value = parse ("{\"a\":[1.10,{}],\"b\":[],\"c\":{\"d\":null}}");
  g_autofree char *text = rounds_json_print_pretty (value);
  g_autoptr (json_object) again = parse (text);

  g_assert_cmpstr (text, ==,
                   "{\n  \"a\": [\n    1.10,\n    {}\n  ],\n  \"b\": [],\n  \"c\": {\n    \"d\": null\n  }\n}");
  g_assert_true (rounds_json_equal (value, again));
}

/* Random documents, written with random blanks and escapes. */
static void
generate (GString *out, GString *canonical, GRand *rand, int depth)
{
  static const char *const numbers[] = { "0", "-0", "1.10", "-7", "1E3", "123456789012345678901234567890", "0.000", "5e-7" };
  int kind = g_rand_int_range (rand, depth > 0 ? 0 : 2, 6);
  int n = g_rand_int_range (rand, 0, 5);

  if (g_rand_boolean (rand))
    g_string_append (out, " \n");
  switch (kind)
    {
    case 0:
    case 1:
      g_string_append_c (out, kind == 0 ? '{' : '[');
      g_string_append_c (canonical, kind == 0 ? '{' : '[');
      for (int i = 0; i < n; i++)
        {
          if (i > 0)
            {
              g_string_append (out, "\t,");
              g_string_append_c (canonical, ',');
            }
          if (kind == 0)
            {
              g_string_append_printf (out, " \"k\\u003%d\" :", i);
              g_string_append_printf (canonical, "\"k%d\":", i);
            }
          generate (out, canonical, rand, depth - 1);
        }
      g_string_append_c (out, kind == 0 ? '}' : ']');
      g_string_append_c (canonical, kind == 0 ? '}' : ']');
      break;
    case 2:
      g_string_append (out, "\"\\u00fc\\/ \\n\"");
      g_string_append (canonical, "\"ü/ \\n\"");
      break;
    case 3:
      g_string_append (out, depth > 0 ? "null" : "true");
      g_string_append (canonical, depth > 0 ? "null" : "true");
      break;
    default:
      {
        const char *number = numbers[g_rand_int_range (rand, 0, G_N_ELEMENTS (numbers))];

        g_string_append (out, number);
        g_string_append (canonical, number);
      }
    }
}

static void
test_round_trip (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (11);

  for (int i = 0; i < 3000; i++)
    {
      g_autoptr (GString) text = g_string_new ("[");
      g_autoptr (GString) canonical = g_string_new ("[");

      generate (text, canonical, rand, 5);
      g_string_append (text, "] ");
      g_string_append_c (canonical, ']');

      g_autoptr (json_object) value = parse (text->str);
      g_autoptr (json_object) copy = rounds_json_copy (value);
      g_autofree char *printed = rounds_json_print (value);
      g_autofree char *copied = rounds_json_print (copy);
      g_autofree char *pretty = rounds_json_print_pretty (value);
      g_autoptr (json_object) from_pretty = parse (pretty);

      g_assert_cmpstr (printed, ==, canonical->str);
      g_assert_cmpstr (copied, ==, canonical->str);
      g_assert_true (rounds_json_equal (value, copy));
      g_assert_true (rounds_json_equal (value, from_pretty));
    }
}

static void
test_speed (void)
{
  const char *shared = g_getenv ("ROUNDS_SHARED_DATA");
  g_autofree char *folder = g_build_filename (shared != NULL ? shared : "", "fhir-synthea-smart", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  gsize total = 0;
  double seconds = 0, print_seconds = 0;

  if (dir == NULL)
    {
      g_test_skip ("the shared data is not here");
      return;
    }
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *text = NULL;
      gsize length;

      g_assert_true (g_file_get_contents (path, &text, &length, NULL));
      for (int i = 0; i < 3; i++)
        {
          g_autoptr (GTimer) timer = g_timer_new ();
          g_autoptr (json_object) value = rounds_json_parse (text, (gssize) length, NULL);
          g_autofree char *printed = NULL;
          g_autoptr (json_object) again = NULL;

          seconds += g_timer_elapsed (timer, NULL);
          g_assert_nonnull (value);
          g_timer_start (timer);
          printed = rounds_json_print (value);
          print_seconds += g_timer_elapsed (timer, NULL);
          again = parse (printed);
          g_assert_true (rounds_json_equal (value, again));
          total += length;
        }
    }
  g_test_maximized_result (total / seconds / 1e6, "parse %.0f MB/s", total / seconds / 1e6);
  g_test_message ("parse %.0f MB/s, print %.0f MB/s", total / seconds / 1e6, total / print_seconds / 1e6);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json/accept", test_accept);
  g_test_add_func ("/json/refuse", test_refuse);
  g_test_add_func ("/json/nul-bytes", test_nul_bytes);
  g_test_add_func ("/json/exact-length", test_exact_length);
  g_test_add_func ("/json/depth", test_depth);
  g_test_add_func ("/json/bombs", test_bombs);
  g_test_add_func ("/json/null-document", test_null_document);
  g_test_add_func ("/json/position", test_position);
  g_test_add_func ("/json/values", test_values);
  g_test_add_func ("/json/decimals", test_decimals);
  g_test_add_func ("/json/equal", test_equal);
  g_test_add_func ("/json/pretty", test_pretty);
  g_test_add_func ("/json/round-trip", test_round_trip);
  g_test_add_func ("/json/real-documents", test_speed);
  return g_test_run ();
}
