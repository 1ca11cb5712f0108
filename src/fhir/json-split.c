/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A long list without the tree of all of it.
 *
 * A page of a search may be 64 MiB, and its tree thirty times that. Here only brackets and quotes are looked at, to
 * find where each element begins and ends; the strict parser then takes them one by one, and each comes as the text
 * that was received. A malformed document is cut somewhere, but never passes: every byte of it goes through the
 * strict parser in one of the pieces, or lies between two of them where only a comma and blanks may. */

#include "fhir/json-split.h"

#include <string.h>

static const char *
skip_blanks (const char *p, const char *end)
{
  while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
    p++;
  return p;
}

/* Behind the string whose quote is at p; NULL when it has no end. */
static const char *
skip_string (const char *p, const char *end)
{
  for (p++; p < end; p++)
    if (*p == '\\')
      p++;
    else if (*p == '"')
      return p + 1;
  return NULL;
}

/* Behind the value at p; NULL when it has no end or there is none. */
static const char *
skip_value (const char *p, const char *end)
{
  const char *start = p;
  gsize depth = 0;

  if (p < end && *p == '"')
    return skip_string (p, end);
  while (p != NULL && p < end)
    {
      char c = *p;

      if (c == '"')
        {
          p = skip_string (p, end);
          continue;
        }
      if (c == '{' || c == '[')
        depth++;
      else if (c == '}' || c == ']')
        {
          if (depth == 0)
            break;
          if (--depth == 0)
            return p + 1;
        }
      else if (depth == 0 && (c == ',' || c == ' ' || c == '\n' || c == '\r' || c == '\t'))
        break;
      p++;
    }
  return depth == 0 && p != start ? p : NULL;
}

/* Of the member of that name, where its value begins; *behind = where it ends. */
static const char *
find_value (const char *text, gsize length, const char *name, const char **behind)
{
  const char *end = text + length, *p = skip_blanks (text, end);
  gsize n = strlen (name);

  if (p == end || *p != '{')
    return NULL;
  p = skip_blanks (p + 1, end);
  while (p < end && *p == '"')
    {
      const char *key = p + 1, *key_end = skip_string (p, end), *value;

      if (key_end == NULL)
        return NULL;
      p = skip_blanks (key_end, end);
      if (p == end || *p != ':')
        return NULL;
      value = skip_blanks (p + 1, end);
      p = skip_value (value, end);
      if (p == NULL)
        return NULL;
      if ((gsize) (key_end - 1 - key) == n && memcmp (key, name, n) == 0)
        {
          *behind = p;
          return value;
        }
      p = skip_blanks (p, end);
      if (p == end || *p != ',')
        return NULL;
      p = skip_blanks (p + 1, end);
    }
  return NULL;
}

gboolean
rounds_json_find_member (const char *text, gsize length, const char *name, RoundsJsonSlice *out)
{
  const char *behind, *value;

  g_return_val_if_fail (length <= ROUNDS_JSON_MAX_BYTES, FALSE);

  value = find_value (text, length, name, &behind);
  if (value == NULL)
    return FALSE;
  *out = (RoundsJsonSlice){ (guint32) (value - text), (guint32) (behind - value) };
  return TRUE;
}

GArray *
rounds_json_split_array (const char *text, gsize length, const char *name, guint max, char **rest,
                         gsize *rest_length)
{
  g_autoptr (GArray) slices = g_array_new (FALSE, FALSE, sizeof (RoundsJsonSlice));
  const char *behind, *value, *p, *end;
  gsize before;

  if (length > ROUNDS_JSON_MAX_BYTES)
    return NULL;
  value = find_value (text, length, name, &behind);
  if (value == NULL || *value != '[' || behind[-1] != ']')
    return NULL;
  end = behind - 1;
  p = skip_blanks (value + 1, end);
  while (p < end)
    {
      const char *next = skip_value (p, end);
      RoundsJsonSlice slice;

      if (next == NULL || next == p)
        return NULL;
      if (slices->len == max)
        break;
      slice = (RoundsJsonSlice){ (guint32) (p - text), (guint32) (next - p) };
      g_array_append_val (slices, slice);
      p = skip_blanks (next, end);
      if (p == end)
        break;
      if (*p != ',')
        return NULL;
      p = skip_blanks (p + 1, end);
      /* A comma with nothing behind it. */
      if (p == end)
        return NULL;
    }
  before = (gsize) (value - text) + 1;
  *rest_length = before + (gsize) (text + length - end);
  *rest = g_malloc (*rest_length + 1);
  memcpy (*rest, text, before);
  memcpy (*rest + before, end, *rest_length - before);
  (*rest)[*rest_length] = '\0';
  return g_steal_pointer (&slices);
}
