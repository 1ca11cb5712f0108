/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists in pieces: what the pieces say together is what the strict parser says of the whole. */

#include <string.h>

#include "fhir/json-split.h"

/* The whole put together again from its pieces, or NULL when a piece is wrong or it cannot be cut. */
static char *
by_pieces (const char *text, gsize length, guint *n)
{
  g_autofree char *rest = NULL;
  gsize rest_length = 0;
  g_autoptr (GArray) slices = rounds_json_split_array (text, length, "entry", 1000, &rest, &rest_length);
  g_autoptr (json_object) whole = NULL;
  json_object *list;

  if (slices == NULL)
    return NULL;
  *n = slices->len;
  whole = rounds_json_parse (rest, (gssize) rest_length, NULL);
  list = rounds_json_peek (whole, "entry");
  if (whole == NULL || !json_object_is_type (list, json_type_array) || json_object_array_length (list) != 0)
    return NULL;
  for (guint i = 0; i < slices->len; i++)
    {
      const RoundsJsonSlice *slice = &g_array_index (slices, RoundsJsonSlice, i);
      json_object *one;

      g_assert_cmpuint ((gsize) slice->offset + slice->length, <=, length);
      one = rounds_json_parse (text + slice->offset, slice->length, NULL);
      if (one == NULL)
        return NULL;
      json_object_array_add (list, one);
    }
  return rounds_json_print (whole);
}

static void
check (const char *text, gsize length)
{
  g_autoptr (json_object) whole = rounds_json_parse (text, (gssize) length, NULL);
  guint n = 0;
  g_autofree char *pieces = by_pieces (text, length, &n);
  g_autofree char *straight = whole != NULL ? rounds_json_print (whole) : NULL;

  /* What cannot be cut is parsed as a whole; but pieces that all pass say what the whole says. */
  if (pieces != NULL)
    g_assert_cmpstr (pieces, ==, straight);
}

static void
test_whole (void)
{
  static const char text[] = " { \"resourceType\" : \"Bundle\", \"link\":[{\"relation\":\"next\",\"entry\":[1]}],\n"
                             "\"entry\" : [ {\"a\":\"]},{\"} ,{\"b\":[{},[\"\\\"\\\\\"]]}, \"x\", 1.50 ,true,{} ] , \"total\":3 } ";
  guint n = 0;
  g_autofree char *pieces = by_pieces (text, strlen (text), &n);
  g_autoptr (json_object) whole = rounds_json_parse (text, -1, NULL);
  g_autofree char *straight = rounds_json_print (whole);
  RoundsJsonSlice slice;

  g_assert_cmpuint (n, ==, 6);
  g_assert_cmpstr (pieces, ==, straight);
  g_assert_true (rounds_json_find_member (text, strlen (text), "total", &slice));
  g_assert_cmpuint (slice.length, ==, 1);
  g_assert_cmpint (text[slice.offset], ==, '3');
  g_assert_false (rounds_json_find_member (text, strlen (text), "relation", &slice));
  g_assert_false (rounds_json_find_member ("[1]", 3, "a", &slice));
}

static void
test_broken (void)
{
  static const char *const texts[] = {
    "", "{", "[]", "{\"entry\":", "{\"entry\":[", "{\"entry\":[}", "{\"entry\":[1}", "{\"entry\":[1,]}", "{\"entry\":[,1]}",
    "{\"entry\":[1 2]}", "{\"entry\":[{]]}", "{\"entry\":[[}]}", "{\"entry\":[\"a]}", "{\"entry\":[1]]}", "{\"entry\":[1]}}",
    "{\"entry\":[1],\"entry\":[2]}", "{\"entry\":[1],\"\\u0065ntry\":[2]}", "{\"entry\":{}}", "{\"entry\" [1]}",
    "{\"entry\":[{\"a\":1,\"a\":2}]}", "{\"entry\":[1]} x", "{\"a\":1 \"entry\":[1]}", "{\"a\":,\"entry\":[1]}",
    "{\"entry\":[01]}", "{\"entry\":[{\"a\":\"\xff\"}]}", "{\"entry\":[1],\"a\":\"\xff\"}", "{entry:[1]}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      gboolean is_json = strcmp (texts[i], "[]") == 0 || strcmp (texts[i], "{\"entry\":{}}") == 0;
      g_autoptr (json_object) whole = rounds_json_parse (texts[i], -1, NULL);
      guint n;

      g_assert_cmpint (whole != NULL, ==, is_json);
      g_assert_null (by_pieces (texts[i], strlen (texts[i]), &n));
    }
  /* Behind a NUL there may be anything. */
  check ("{\"entry\":[1]}\0{{{", 17);
  g_assert_null (by_pieces ("{\"entry\":[1]}\0{{{", 17, &(guint){ 0 }));
}

/* Every single byte of a list changed, and every end cut off. */
static void
test_changed (void)
{
  static const char text[] = "{\"a\":[{}],\"entry\":[{\"resource\":{\"id\":\"1\"}},{\"x\":[\"\\\"]\"]},null,-0],\"b\":\"c\"}";
  static const char with[] = "{}[],:\"\\ 0n\x80";
  gsize length = strlen (text);

  for (gsize at = 0; at < length; at++)
    {
      check (text, at);
      for (gsize k = 0; k < sizeof with; k++)
        {
          g_autofree char *changed = g_strdup (text);

          changed[at] = with[k];
          check (changed, length);
        }
    }
}

static void
test_max (void)
{
  g_autofree char *rest = NULL;
  gsize length;
  g_autoptr (GArray) slices = rounds_json_split_array ("{\"entry\":[1,2,3,4]}", 19, "entry", 3, &rest, &length);

  g_assert_cmpuint (slices->len, ==, 3);
  g_assert_cmpstr (rest, ==, "{\"entry\":[]}");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/split/whole", test_whole);
  g_test_add_func ("/split/broken", test_broken);
  g_test_add_func ("/split/changed", test_changed);
  g_test_add_func ("/split/max", test_max);
  return g_test_run ();
}
