/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers with their digits, comparison, copies and paths over json-c's values.
 *
 * A whole number that 64 bits give back letter by letter is json-c's int; every other number is a double
 * with its text beside it (json_object_new_double_s), so that json_object_get_double() works everywhere and
 * nothing is lost when it is written again. */

#include "fhir/json-private.h"

#include <stdlib.h>
#include <string.h>

#include "base/quantity.h"

const char *
rounds_json_scan_number (const char *p, const char *end)
{
  if (p < end && *p == '-')
    p++;
  if (p >= end || !g_ascii_isdigit (*p))
    return NULL;
  if (*p == '0')
    p++;
  else
    while (p < end && g_ascii_isdigit (*p))
      p++;

  if (p < end && *p == '.')
    {
      p++;
      if (p >= end || !g_ascii_isdigit (*p))
        return NULL;
      while (p < end && g_ascii_isdigit (*p))
        p++;
    }
  if (p < end && (*p == 'e' || *p == 'E'))
    {
      p++;
      if (p < end && (*p == '+' || *p == '-'))
        p++;
      if (p >= end || !g_ascii_isdigit (*p))
        return NULL;
      while (p < end && g_ascii_isdigit (*p))
        p++;
    }
  return p;
}

json_object *
rounds_json_build_number (const char *digits, gsize length)
{
  gboolean negative = digits[0] == '-';
  gsize start = negative ? 1 : 0;
  g_autofree char *text = NULL;

  /* At most 18 digits always fit; "-0" has no int. */
  if (length - start <= 18 && !(negative && digits[1] == '0'))
    {
      gint64 value = 0;
      gsize i = start;

      while (i < length && g_ascii_isdigit (digits[i]))
        value = value * 10 + (digits[i++] - '0');
      if (i == length)
        return json_object_new_int64 (negative ? -value : value);
    }

  text = g_strndup (digits, length);
  return json_object_new_double_s (g_ascii_strtod (text, NULL), text);
}

json_object *
rounds_json_new_decimal (const char *digits)
{
  gsize length;

  if (digits == NULL)
    return NULL;
  length = strlen (digits);
  if (length == 0 || rounds_json_scan_number (digits, digits + length) != digits + length)
    return NULL;
  return rounds_json_build_number (digits, length);
}

const char *
rounds_json_get_digits (json_object *number)
{
  switch (json_object_get_type (number))
    {
    case json_type_int:
      return json_object_to_json_string_ext (number, JSON_C_TO_STRING_PLAIN);
    case json_type_double:
      if (json_object_get_userdata (number) == NULL)
        {
          /* Made by json_object_new_double(): the shortest digits, once. What is not finite has none. */
          g_autofree char *text = rounds_decimal_format (json_object_get_double (number), 0);

          json_object_set_serializer (number, json_object_userdata_to_json_string,
                                      strdup (*text != '\0' ? text : "null"), json_object_free_userdata);
        }
      return json_object_get_userdata (number);
    default:
      return NULL;
    }
}

const char *
rounds_json_digits (json_object *number, char buffer[ROUNDS_JSON_INT_BUFFER])
{
  /* An int is written here and not by json-c, which would keep a buffer with every number. */
  if (json_object_is_type (number, json_type_int) && json_object_get_int64 (number) < G_MAXINT64)
    {
      g_snprintf (buffer, ROUNDS_JSON_INT_BUFFER, "%" G_GINT64_FORMAT, json_object_get_int64 (number));
      return buffer;
    }
  return rounds_json_get_digits (number);
}

static gboolean
equal_objects (json_object *a, json_object *b)
{
  if (json_object_object_length (a) != json_object_object_length (b))
    return FALSE;

  json_object_object_foreach (a, name, value)
    {
      json_object *other = NULL;

      if (!json_object_object_get_ex (b, name, &other) || !rounds_json_equal (value, other))
        return FALSE;
    }
  return TRUE;
}

static gboolean
equal_arrays (json_object *a, json_object *b)
{
  gsize n = json_object_array_length (a);

  if (n != json_object_array_length (b))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    if (!rounds_json_equal (json_object_array_get_idx (a, i), json_object_array_get_idx (b, i)))
      return FALSE;
  return TRUE;
}

gboolean
rounds_json_equal (json_object *a, json_object *b)
{
  json_type type;

  if (a == b)
    return TRUE;
  if (a == NULL || b == NULL)
    return FALSE;

  type = json_object_get_type (a);
  if (type == json_type_int || type == json_type_double)
    {
      char buffer_a[ROUNDS_JSON_INT_BUFFER], buffer_b[ROUNDS_JSON_INT_BUFFER];
      const char *digits = rounds_json_digits (b, buffer_b);

      return digits != NULL && strcmp (rounds_json_digits (a, buffer_a), digits) == 0;
    }
  if (type != json_object_get_type (b))
    return FALSE;
  switch (type)
    {
    case json_type_object:
      return equal_objects (a, b);
    case json_type_array:
      return equal_arrays (a, b);
    case json_type_string:
      return json_object_get_string_len (a) == json_object_get_string_len (b) &&
             memcmp (json_object_get_string (a), json_object_get_string (b),
                     (gsize) json_object_get_string_len (a)) == 0;
    case json_type_boolean:
      return json_object_get_boolean (a) == json_object_get_boolean (b);
    default:
      return FALSE;
    }
}

json_object *
rounds_json_copy (json_object *value)
{
  json_object *copy;
  char buffer[ROUNDS_JSON_INT_BUFFER];
  const char *digits;

  switch (json_object_get_type (value))
    {
    case json_type_object:
      copy = json_object_new_object ();
      json_object_object_foreach (value, name, member)
        json_object_object_add_ex (copy, name, rounds_json_copy (member), JSON_C_OBJECT_ADD_KEY_IS_NEW);
      return copy;
    case json_type_array:
      {
        gsize n = json_object_array_length (value);

        copy = json_object_new_array_ext ((int) MAX (n, 1));
        for (gsize i = 0; i < n; i++)
          json_object_array_add (copy, rounds_json_copy (json_object_array_get_idx (value, i)));
        return copy;
      }
    case json_type_string:
      return json_object_new_string_len (json_object_get_string (value), json_object_get_string_len (value));
    case json_type_boolean:
      return json_object_new_boolean (json_object_get_boolean (value));
    case json_type_int:
    case json_type_double:
      digits = rounds_json_digits (value, buffer);
      return rounds_json_build_number (digits, strlen (digits));
    case json_type_null:
    default:
      return NULL;
    }
}

guint
rounds_json_depth (json_object *value, guint limit)
{
  guint deepest = 0;

  if (!json_object_is_type (value, json_type_object) && !json_object_is_type (value, json_type_array))
    return 0;
  if (limit == 0)
    return 1;
  if (json_object_is_type (value, json_type_object))
    {
      json_object_object_foreach (value, name, member)
        {
          guint depth = rounds_json_depth (member, limit - 1);

          (void) name;
          deepest = MAX (deepest, depth);
        }
    }
  else
    {
      for (gsize i = 0; i < json_object_array_length (value); i++)
        {
          guint depth = rounds_json_depth (json_object_array_get_idx (value, i), limit - 1);

          deepest = MAX (deepest, depth);
        }
    }
  return deepest + 1;
}

json_object *
rounds_json_step (json_object *value, const char *name, gboolean *found)
{
  json_object *next = NULL;
  gboolean there = FALSE;

  if (json_object_is_type (value, json_type_object))
    there = json_object_object_get_ex (value, name, &next);
  else if (json_object_is_type (value, json_type_array))
    {
      gsize length = strlen (name);
      gsize index;

      if (length > 0 && length <= 9 && strspn (name, "0123456789") == length && (length == 1 || name[0] != '0'))
        {
          index = (gsize) g_ascii_strtoull (name, NULL, 10);
          there = index < json_object_array_length (value);
          if (there)
            next = json_object_array_get_idx (value, index);
        }
    }
  if (found != NULL)
    *found = there;
  return next;
}

json_object *
rounds_json_peek (json_object *value, const char *path)
{
  g_return_val_if_fail (path != NULL, NULL);

  while (value != NULL && *path != '\0')
    {
      const char *dot = strchrnul (path, '.');
      gsize length = (gsize) (dot - path);
      char buffer[64];

      if (length < sizeof buffer)
        {
          memcpy (buffer, path, length);
          buffer[length] = '\0';
          value = rounds_json_step (value, buffer, NULL);
        }
      else
        {
          g_autofree char *name = g_strndup (path, length);

          value = rounds_json_step (value, name, NULL);
        }
      path = *dot == '.' ? dot + 1 : dot;
    }
  return value;
}

const char *
rounds_json_peek_string (json_object *value, const char *path)
{
  json_object *found = rounds_json_peek (value, path);
  const char *text;

  if (!json_object_is_type (found, json_type_string))
    return NULL;
  text = json_object_get_string (found);
  /* A text that goes on after NUL is shown not at all rather than cut. */
  return strlen (text) == (gsize) json_object_get_string_len (found) ? text : NULL;
}

const char *
rounds_json_peek_filled (json_object *value, const char *path)
{
  const char *text = rounds_json_peek_string (value, path);

  return text != NULL && *text != '\0' ? text : NULL;
}

const char *
rounds_json_peek_digits (json_object *value, const char *path)
{
  return rounds_json_get_digits (rounds_json_peek (value, path));
}

void
rounds_json_add_string (json_object *object, const char *name, const char *text)
{
  g_return_if_fail (json_object_is_type (object, json_type_object) && name != NULL);

  if (text != NULL)
    json_object_object_add (object, name, json_object_new_string (text));
}
