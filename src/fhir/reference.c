/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Literal references: their parts, where they stand in a resource, and rewriting them.
 *
 * A Reference is known by its member "reference" that holds a string: R4 uses that name with a string
 * nowhere else, so that unknown elements and extensions are reached without a schema. Conditional ones
 * ("Patient?identifier=…"), logical ones and fragments have no TYPE/ID and are left alone.
 * Source: FHIR R4 references.html, 2.3.0.1. */

#include "fhir/reference.h"

#include <string.h>

#include "fhir/resource.h"

void
rounds_reference_clear (RoundsReference *self)
{
  g_clear_pointer (&self->base, g_free);
  g_clear_pointer (&self->type, g_free);
  g_clear_pointer (&self->id, g_free);
  g_clear_pointer (&self->version, g_free);
}

/* The last segment of text up to end, which is moved before its slash; NULL when there is none. */
static char *
pop_segment (const char *text, const char **end)
{
  const char *p = *end;
  char *segment;

  while (p > text && p[-1] != '/')
    p--;
  segment = g_strndup (p, (gsize) (*end - p));
  *end = p > text ? p - 1 : p;
  return segment;
}

/* Absolute by a scheme and an authority, and with a slash at its end. */
static gboolean
is_base (const char *text, const char *end)
{
  const char *colon = memchr (text, ':', (gsize) (end - text));

  if (colon == NULL || colon == text || end - colon < 5 || strncmp (colon, "://", 3) != 0 || colon[3] == '/')
    return FALSE;
  for (const char *p = text; p < colon; p++)
    if (!g_ascii_isalnum (*p) && *p != '+' && *p != '-' && *p != '.')
      return FALSE;
  return memchr (text, '?', (gsize) (end - text)) == NULL && memchr (text, '#', (gsize) (end - text)) == NULL;
}

gboolean
rounds_reference_parse (const char *text, RoundsReference *out)
{
  g_auto (RoundsReference) found = { 0 };
  g_autofree char *last = NULL;
  g_autofree char *before = NULL;
  const char *end;

  g_return_val_if_fail (out != NULL, FALSE);

  if (text == NULL || *text == '\0')
    return FALSE;

  end = text + strlen (text);
  last = pop_segment (text, &end);
  before = pop_segment (text, &end);
  if (strcmp (before, "_history") == 0 && rounds_fhir_is_id (last))
    {
      found.version = g_steal_pointer (&last);
      g_clear_pointer (&before, g_free);
      last = pop_segment (text, &end);
      before = pop_segment (text, &end);
    }

  if (!rounds_fhir_is_type (before) || !rounds_fhir_is_id (last) || (end > text && !is_base (text, end + 1)) ||
      (end == text && *text == '/'))
    {
      *out = (RoundsReference) { 0 };
      return TRUE;
    }
  found.type = g_steal_pointer (&before);
  found.id = g_steal_pointer (&last);
  if (end > text)
    found.base = g_strndup (text, (gsize) (end + 1 - text));

  *out = found;
  found = (RoundsReference) { 0 };
  return TRUE;
}

guint
rounds_reference_rewrite (json_object *resource, RoundsReferenceFunc func, gpointer data)
{
  guint changed = 0;

  g_return_val_if_fail (func != NULL, 0);

  if (json_object_is_type (resource, json_type_array))
    {
      for (gsize i = 0; i < json_object_array_length (resource); i++)
        changed += rounds_reference_rewrite (json_object_array_get_idx (resource, i), func, data);
    }
  else if (json_object_is_type (resource, json_type_object))
    {
      const char *reference = rounds_json_peek_string (resource, "reference");

      if (reference != NULL)
        {
          g_autofree char *text = func (reference, data);

          if (text != NULL && strcmp (text, reference) != 0)
            {
              json_object_object_add (resource, "reference", json_object_new_string (text));
              changed++;
            }
        }
      json_object_object_foreach (resource, name, member)
        {
          (void) name;
          changed += rounds_reference_rewrite (member, func, data);
        }
    }
  return changed;
}

typedef struct {
  GHashTable *seen; /* borrowed strings of list */
  GPtrArray *list;
} Collected;

static char *
collect (const char *text, gpointer data)
{
  Collected *collected = data;
  g_auto (RoundsReference) reference = { 0 };

  if (rounds_reference_parse (text, &reference) && reference.type != NULL && reference.base == NULL)
    {
      char *key = g_strconcat (reference.type, "/", reference.id, NULL);

      /* g_hash_table_add() would keep the new key even when there is one, and that is freed here. */
      if (g_hash_table_contains (collected->seen, key))
        g_free (key);
      else
        {
          g_hash_table_add (collected->seen, key);
          g_ptr_array_add (collected->list, key);
        }
    }
  return NULL;
}

char **
rounds_reference_list (json_object *resource)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  Collected collected = { seen, g_ptr_array_new () };

  rounds_reference_rewrite (resource, collect, &collected);
  g_ptr_array_add (collected.list, NULL);
  return (char **) g_ptr_array_free (collected.list, FALSE);
}
