/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Comparing what was sent with what a server says it keeps.
 *
 * Servers answer 201 and leave out what they do not know. That must be seen, and harmless rewriting must not
 * be taken for it, or every upload would end in a warning; when in doubt, it is shown. */

#include "sync/compare.h"

#include <string.h>

#include "fhir/digits.h"
#include "fhir/reference.h"

#define MAX_PATHS 20

static void
add_path (GPtrArray *paths, const char *path)
{
  if (paths->len < MAX_PATHS)
    g_ptr_array_add (paths, g_strdup (path));
}

static gboolean
same_reference (const char *a, const char *b)
{
  g_auto (RoundsReference) ra = { 0 };
  g_auto (RoundsReference) rb = { 0 };

  return rounds_reference_parse (a, &ra) && rounds_reference_parse (b, &rb) && ra.type != NULL && rb.type != NULL &&
         strcmp (ra.type, rb.type) == 0 && g_strcmp0 (ra.id, rb.id) == 0 &&
         (ra.base == NULL || rb.base == NULL || strcmp (ra.base, rb.base) == 0);
}

static gboolean
same_but_blanks (const char *a, const char *b)
{
  while (TRUE)
    {
      while (g_ascii_isspace (*a))
        a++;
      while (g_ascii_isspace (*b))
        b++;
      if (*a != *b)
        return FALSE;
      if (*a == '\0')
        return TRUE;
      a++;
      b++;
    }
}

static gboolean
same_string (const char *path, const char *a, const char *b)
{
  const char *name = strrchr (path, '.');

  name = name != NULL ? name + 1 : path;
  if (strcmp (a, b) == 0)
    return TRUE;
  if (strcmp (name, "div") == 0)
    return *b != '\0';
  if (strcmp (name, "reference") == 0)
    return same_reference (a, b);
  if (strcmp (name, "data") == 0)
    return same_but_blanks (a, b);
  return FALSE;
}

/* "1E3" may come back as "1000", and "37.0" as "37": the server has the number. That the second says less about
 * how it was measured is for who keeps the text (rounds_json_keep_digits()). */
static gboolean
same_number (json_object *a, json_object *b)
{
  g_autofree char *da = g_strdup (rounds_json_peek_digits (a, ""));
  const char *db = rounds_json_peek_digits (b, "");

  if (da == NULL || db == NULL)
    return rounds_json_equal (a, b);
  return rounds_decimal_equal (da, db);
}

static void compare (const char *path, json_object *sent, json_object *got, GPtrArray *paths);

static void
compare_objects (const char *path, json_object *sent, json_object *got, GPtrArray *paths)
{
  json_object_object_foreach (sent, name, value)
    {
      g_autofree char *inner = *path != '\0' ? g_strconcat (path, ".", name, NULL) : g_strdup (name);
      json_object *there = NULL;

      if (*path == '\0' && (strcmp (name, "meta") == 0 || strcmp (name, "resourceType") == 0))
        continue;
      if (!json_object_object_get_ex (got, name, &there))
        add_path (paths, inner);
      else
        compare (inner, value, there, paths);
    }
}

static void
compare (const char *path, json_object *sent, json_object *got, GPtrArray *paths)
{
  enum json_type type = json_object_get_type (sent);
  enum json_type other = json_object_get_type (got);
  gboolean numbers = (type == json_type_int || type == json_type_double) &&
                     (other == json_type_int || other == json_type_double);

  if (paths->len >= MAX_PATHS)
    return;
  if (numbers)
    {
      if (!same_number (sent, got))
        add_path (paths, path);
    }
  else if (type != other)
    add_path (paths, path);
  else if (type == json_type_object)
    compare_objects (path, sent, got, paths);
  else if (type == json_type_array)
    {
      gsize i, n = json_object_array_length (sent), n_got = json_object_array_length (got);

      for (i = 0; i < n; i++)
        {
          g_autofree char *inner = g_strdup_printf ("%s.%" G_GSIZE_FORMAT, path, i);

          if (i >= n_got)
            add_path (paths, inner);
          else
            compare (inner, json_object_array_get_idx (sent, i), json_object_array_get_idx (got, i), paths);
        }
    }
  else if (type == json_type_string)
    {
      if (!same_string (path, json_object_get_string (sent), json_object_get_string (got)))
        add_path (paths, path);
    }
  else if (!rounds_json_equal (sent, got))
    add_path (paths, path);
}

/* Of meta, which is mostly the server's own, a confidentiality label must not get lost: it hides the record. */
static gboolean
has_code (json_object *labels, const char *code)
{
  for (gsize i = 0; json_object_is_type (labels, json_type_array) && i < json_object_array_length (labels); i++)
    if (g_strcmp0 (rounds_json_peek_string (json_object_array_get_idx (labels, i), "code"), code) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
lost_label (json_object *sent, json_object *got)
{
  json_object *before = rounds_json_peek (sent, "meta.security"), *after = rounds_json_peek (got, "meta.security");

  return (has_code (before, "R") || has_code (before, "V")) && !has_code (after, "R") && !has_code (after, "V");
}

GPtrArray *
rounds_compare_kept (json_object *sent, json_object *got)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);

  if (lost_label (sent, got))
    add_path (paths, "meta.security");
  compare ("", sent, got, paths);
  return paths;
}

gboolean
rounds_compare_same_content (json_object *a, json_object *b)
{
  g_autoptr (GPtrArray) one = NULL;
  g_autoptr (GPtrArray) other = NULL;

  if (a == NULL || b == NULL)
    return a == b;
  one = rounds_compare_kept (a, b);
  if (one->len > 0)
    return FALSE;
  other = rounds_compare_kept (b, a);
  return other->len == 0;
}

char *
rounds_compare_describe (GPtrArray *paths, guint max)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint i;

  for (i = 0; i < MIN (paths->len, max); i++)
    g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", (const char *) paths->pdata[i]);
  if (paths->len > max)
    g_string_append (text, ", …");
  return text->len > 0 ? g_string_free (g_steal_pointer (&text), FALSE) : NULL;
}
