/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Applies a JSON Patch (RFC 6902) to a copy.
 *
 * All or nothing: the first operation that does not fit ends it, and the document is as it was. A patch may
 * come from elsewhere, so what it can grow to is bounded: "copy" doubles a document in a dozen bytes.
 * "test" compares numbers by their digits, as FHIR decimals want. */

#include <glib/gi18n-lib.h>
#include <string.h>

#include "fhir/json-private.h"
#include "fhir/patch.h"

/* Values that operations may add in all. */
#define MAX_NODES 4000000

typedef struct {
  json_object *root; /* owned */
  gint64 nodes;
} Target;

/* Where an operation acts: a member or item of holder, or the root (holder NULL). */
typedef struct {
  json_object *holder; /* borrowed */
  char *name;          /* member, or index as text, or "-" */
} Place;

static void
place_clear (Place *place)
{
  g_clear_pointer (&place->name, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Place, place_clear)

static gint64
count_nodes (json_object *value)
{
  gint64 n = 1;

  if (json_object_is_type (value, json_type_object))
    {
      json_object_object_foreach (value, name, member)
        {
          (void) name;
          n += count_nodes (member);
        }
    }
  else if (json_object_is_type (value, json_type_array))
    for (gsize i = 0; i < json_object_array_length (value); i++)
      n += count_nodes (json_object_array_get_idx (value, i));
  return n;
}

/* One step of a JSON Pointer (RFC 6901), from after its slash; NULL when a ~ stands alone. */
static char *
read_token (const char **cursor)
{
  GString *out = g_string_new (NULL);
  const char *p = *cursor;

  for (; *p != '\0' && *p != '/'; p++)
    {
      if (*p == '~' && (p[1] == '0' || p[1] == '1'))
        g_string_append_c (out, *++p == '0' ? '~' : '/');
      else if (*p == '~')
        {
          g_string_free (out, TRUE);
          return NULL;
        }
      else
        g_string_append_c (out, *p);
    }
  *cursor = p;
  return g_string_free (out, FALSE);
}

static const char *
find_place (Target *target, const char *pointer, Place *out)
{
  json_object *value = target->root;
  const char *p = pointer;

  if (pointer == NULL)
    return _ ("a path is missing");
  while (*p != '\0')
    {
      if (*p++ != '/')
        return _ ("a path does not start with a slash");
      g_free (out->name);
      out->holder = value;
      out->name = read_token (&p);
      if (out->name == NULL)
        return _ ("a path has a wrong escape");
      if (*p != '\0')
        {
          gboolean found;

          value = rounds_json_step (value, out->name, &found);
          if (!found)
            return _ ("a path leads nowhere");
        }
    }
  return NULL;
}

/* How many levels a pointer goes down. */
static guint
count_slashes (const char *pointer)
{
  guint n = 0;

  for (; *pointer != '\0'; pointer++)
    n += *pointer == '/';
  return n;
}

static const char *
get_value (Target *target, const char *pointer, json_object **out)
{
  g_auto (Place) place = { 0 };
  const char *wrong = find_place (target, pointer, &place);
  gboolean found = TRUE;

  if (wrong != NULL)
    return wrong;
  *out = place.holder == NULL ? target->root : rounds_json_step (place.holder, place.name, &found);
  return found ? NULL : _ ("a path leads nowhere");
}

static const char *
remove_value (Target *target, const char *pointer)
{
  g_auto (Place) place = { 0 };
  const char *wrong = find_place (target, pointer, &place);
  gboolean found;

  if (wrong != NULL)
    return wrong;
  if (place.holder == NULL)
    return _ ("the whole document cannot be removed");
  rounds_json_step (place.holder, place.name, &found);
  if (!found)
    return _ ("a path leads nowhere");
  if (json_object_is_type (place.holder, json_type_object))
    json_object_object_del (place.holder, place.name);
  else
    json_object_array_del_idx (place.holder, (size_t) g_ascii_strtoull (place.name, NULL, 10), 1);
  return NULL;
}

/* Takes value when it succeeds. */
static const char *
add_value (Target *target, const char *pointer, json_object *value, gboolean replace)
{
  g_auto (Place) place = { 0 };
  const char *wrong = find_place (target, pointer, &place);
  gboolean found;
  gsize length;

  if (wrong != NULL)
    return wrong;
  target->nodes += count_nodes (value);
  if (target->nodes > MAX_NODES)
    return _ ("the document grows too large");
  if (count_slashes (pointer) + rounds_json_depth (value, ROUNDS_JSON_MAX_DEPTH) > ROUNDS_JSON_MAX_DEPTH)
    return _ ("the document grows too deep");
  if (place.holder == NULL)
    {
      json_object_put (target->root);
      target->root = value;
      return NULL;
    }

  rounds_json_step (place.holder, place.name, &found);
  if (replace && !found)
    return _ ("a path leads nowhere");
  if (json_object_is_type (place.holder, json_type_object))
    {
      json_object_object_add (place.holder, place.name, value);
      return NULL;
    }
  if (!json_object_is_type (place.holder, json_type_array))
    return _ ("a path leads nowhere");

  length = json_object_array_length (place.holder);
  if (found && replace)
    json_object_array_put_idx (place.holder, (size_t) g_ascii_strtoull (place.name, NULL, 10), value);
  else if (found)
    json_object_array_insert_idx (place.holder, (size_t) g_ascii_strtoull (place.name, NULL, 10), value);
  else
    {
      g_autofree char *end = g_strdup_printf ("%" G_GSIZE_FORMAT, length);

      if (strcmp (place.name, "-") != 0 && strcmp (place.name, end) != 0)
        return _ ("a path leads nowhere");
      json_object_array_add (place.holder, value);
    }
  return NULL;
}

static const char *
add_copy (Target *target, const char *pointer, json_object *value, gboolean replace)
{
  json_object *copy;
  const char *wrong;

  if (target->nodes + count_nodes (value) > MAX_NODES)
    return _ ("the document grows too large");
  copy = rounds_json_copy (value);
  wrong = add_value (target, pointer, copy, replace);
  if (wrong != NULL)
    json_object_put (copy);
  return wrong;
}

static const char *
move_value (Target *target, const char *from, const char *pointer)
{
  json_object *value = NULL;
  const char *wrong = get_value (target, from, &value);
  gsize length;

  if (wrong != NULL)
    return wrong;
  length = strlen (from);
  if (pointer != NULL && strcmp (from, pointer) == 0)
    return NULL;
  if (pointer != NULL && strncmp (pointer, from, length) == 0 && pointer[length] == '/')
    return _ ("a value cannot be moved into itself");

  json_object_get (value);
  wrong = remove_value (target, from);
  if (wrong == NULL)
    wrong = add_value (target, pointer, value, FALSE);
  if (wrong != NULL)
    json_object_put (value);
  return wrong;
}

static const char *
apply_operation (Target *target, json_object *operation)
{
  const char *op = rounds_json_peek_string (operation, "op");
  const char *pointer = rounds_json_peek_string (operation, "path");
  const char *from = rounds_json_peek_string (operation, "from");
  json_object *value = NULL, *there = NULL;
  gboolean has_value = json_object_is_type (operation, json_type_object) &&
                       json_object_object_get_ex (operation, "value", &value);
  const char *wrong;

  if (op == NULL)
    return _ ("an operation has no op");
  if ((strcmp (op, "add") == 0 || strcmp (op, "replace") == 0 || strcmp (op, "test") == 0) && !has_value)
    return _ ("a value is missing");

  if (strcmp (op, "add") == 0)
    return add_copy (target, pointer, value, FALSE);
  if (strcmp (op, "replace") == 0)
    return add_copy (target, pointer, value, TRUE);
  if (strcmp (op, "remove") == 0)
    return remove_value (target, pointer);
  if (strcmp (op, "move") == 0)
    return move_value (target, from, pointer);
  if (strcmp (op, "copy") == 0)
    {
      wrong = get_value (target, from, &there);
      return wrong != NULL ? wrong : add_copy (target, pointer, there, FALSE);
    }
  if (strcmp (op, "test") == 0)
    {
      wrong = get_value (target, pointer, &there);
      return wrong != NULL ? wrong : rounds_json_equal (there, value) ? NULL : _ ("a test fails");
    }
  return _ ("an operation is unknown");
}

json_object *
rounds_patch_apply (json_object *document, json_object *patch, GError **error)
{
  Target target = { 0 };
  const char *wrong = NULL;
  gsize i = 0;

  if (!json_object_is_type (patch, json_type_array))
    {
      g_set_error_literal (error, ROUNDS_FHIR_ERROR, ROUNDS_FHIR_ERROR_REFUSED, _ ("The patch is not a list"));
      return NULL;
    }

  target.root = rounds_json_copy (document);
  for (; i < json_object_array_length (patch) && wrong == NULL; i++)
    wrong = apply_operation (&target, json_object_array_get_idx (patch, i));
  if (wrong == NULL && target.root == NULL)
    wrong = _ ("nothing is left");
  if (wrong != NULL)
    {
      g_set_error (error, ROUNDS_FHIR_ERROR, ROUNDS_FHIR_ERROR_REFUSED, _ ("Operation %u of the patch: %s"), (guint) i,
                   wrong);
      json_object_put (target.root);
      return NULL;
    }
  return target.root;
}
