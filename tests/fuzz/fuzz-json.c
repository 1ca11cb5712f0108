/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whatever is read as JSON is written the same, read again the same, and within its limits. */

#include "fuzz.h"

#include <string.h>

#include "fhir/json.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_object) value = rounds_json_parse ((const char *) data, (gssize) size, &error);
  g_autoptr (json_object) again = NULL;
  g_autoptr (json_object) from_pretty = NULL;
  g_autoptr (json_object) copy = NULL;
  g_autofree char *text = NULL;
  g_autofree char *text_again = NULL;
  g_autofree char *pretty = NULL;

  g_assert_true ((value == NULL) == (error != NULL));
  if (value == NULL)
    return 0;

  text = rounds_json_print (value);
  again = rounds_json_parse (text, -1, NULL);
  g_assert_nonnull (again);
  text_again = rounds_json_print (again);
  g_assert_cmpstr (text, ==, text_again);
  g_assert_true (rounds_json_equal (value, again));

  pretty = rounds_json_print_pretty (value);
  from_pretty = rounds_json_parse (pretty, -1, NULL);
  g_assert_true (rounds_json_equal (value, from_pretty));
  copy = rounds_json_copy (value);
  g_assert_true (rounds_json_equal (value, copy));
  rounds_json_peek_string (value, "a.0.b");
  rounds_json_peek_digits (value, "0");
  return 0;
}
