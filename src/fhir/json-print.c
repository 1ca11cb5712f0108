/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON text from json-c's values.
 *
 * json-c's own printer writes a double by its bits unless it has text, and escapes slashes; here digits,
 * order and text stay as they were read, so that what was received, stored and sent can be compared. */

#include "fhir/json-private.h"

#include <string.h>

static void
print_string (GString *out, const char *text, gsize length)
{
  const char *end = text + length;
  const char *run = text;

  g_string_append_c (out, '"');
  for (const char *p = text; p < end; p++)
    {
      guchar c = (guchar) *p;
      const char *escape = NULL;

      if (c >= 0x20 && c != '"' && c != '\\')
        continue;
      g_string_append_len (out, run, p - run);
      run = p + 1;
      switch (c)
        {
        case '"': escape = "\\\""; break;
        case '\\': escape = "\\\\"; break;
        case '\b': escape = "\\b"; break;
        case '\f': escape = "\\f"; break;
        case '\n': escape = "\\n"; break;
        case '\r': escape = "\\r"; break;
        case '\t': escape = "\\t"; break;
        default: break;
        }
      if (escape != NULL)
        g_string_append (out, escape);
      else
        g_string_append_printf (out, "\\u%04x", c);
    }
  g_string_append_len (out, run, end - run);
  g_string_append_c (out, '"');
}

static void
print_break (GString *out, int indent)
{
  if (indent < 0)
    return;
  g_string_append_c (out, '\n');
  for (int i = 0; i < indent; i++)
    g_string_append (out, "  ");
}

/* indent < 0: all in one line. */
static void
print_value (GString *out, json_object *value, int indent)
{
  int inner = indent < 0 ? -1 : indent + 1;
  gboolean first = TRUE;
  char buffer[ROUNDS_JSON_INT_BUFFER];

  switch (json_object_get_type (value))
    {
    case json_type_object:
      g_string_append_c (out, '{');
      json_object_object_foreach (value, name, member)
        {
          if (!first)
            g_string_append_c (out, ',');
          first = FALSE;
          print_break (out, inner);
          print_string (out, name, strlen (name));
          g_string_append (out, inner < 0 ? ":" : ": ");
          print_value (out, member, inner);
        }
      if (!first)
        print_break (out, indent);
      g_string_append_c (out, '}');
      break;
    case json_type_array:
      g_string_append_c (out, '[');
      for (gsize i = 0; i < json_object_array_length (value); i++)
        {
          if (i > 0)
            g_string_append_c (out, ',');
          print_break (out, inner);
          print_value (out, json_object_array_get_idx (value, i), inner);
        }
      if (json_object_array_length (value) > 0)
        print_break (out, indent);
      g_string_append_c (out, ']');
      break;
    case json_type_string:
      print_string (out, json_object_get_string (value), (gsize) json_object_get_string_len (value));
      break;
    case json_type_int:
    case json_type_double:
      g_string_append (out, rounds_json_digits (value, buffer));
      break;
    case json_type_boolean:
      g_string_append (out, json_object_get_boolean (value) ? "true" : "false");
      break;
    case json_type_null:
    default:
      g_string_append (out, "null");
      break;
    }
}

char *
rounds_json_print (json_object *value)
{
  GString *out = g_string_sized_new (256);

  print_value (out, value, -1);
  return g_string_free (out, FALSE);
}

char *
rounds_json_print_pretty (json_object *value)
{
  GString *out = g_string_sized_new (256);

  print_value (out, value, 0);
  return g_string_free (out, FALSE);
}
