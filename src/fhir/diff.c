/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What changed between two versions: for people (paths with old and new) and for machines (JSON Patch).
 *
 * Both walk the two documents alike; lists are aligned, so that one item taken out of the front is one
 * difference and not one for every item behind it. Members are compared without regard to their order.
 * Source: RFC 6902. */

#include <string.h>

#include "fhir/json-align.h"
#include "fhir/patch.h"

void
rounds_difference_free (RoundsDifference *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  json_object_put (self->old);
  json_object_put (self->new_);
  g_free (self);
}

static char *
child_path (const char *path, const char *name)
{
  return *path != '\0' ? g_strconcat (path, ".", name, NULL) : g_strdup (name);
}

static char *
item_path (const char *path, int index)
{
  char text[16];

  g_snprintf (text, sizeof text, "%d", index);
  return child_path (path, text);
}

static gboolean
both_are (json_object *a, json_object *b, json_type type)
{
  return json_object_is_type (a, type) && json_object_is_type (b, type);
}

static void
add_difference (GPtrArray *out, const char *path, json_object *old, json_object *new_)
{
  RoundsDifference *difference;

  /* Times and numbers of versions change with every version and say nothing. */
  if (strcmp (path, "meta.versionId") == 0 || strcmp (path, "meta.lastUpdated") == 0)
    return;
  difference = g_new0 (RoundsDifference, 1);
  difference->path = g_strdup (path);
  difference->old = rounds_json_copy (old);
  difference->new_ = rounds_json_copy (new_);
  g_ptr_array_add (out, difference);
}

static void diff_values (GPtrArray *out, const char *path, json_object *old, json_object *new_);

static void
diff_member (GPtrArray *out, const char *path, const char *name, json_object *old_object, json_object *new_object)
{
  json_object *old = NULL, *new_ = NULL;
  g_autofree char *inner = child_path (path, name);

  json_object_object_get_ex (old_object, name, &old);
  json_object_object_get_ex (new_object, name, &new_);
  /* A meta that comes or goes is taken apart, or its version number would count. */
  if (strcmp (inner, "meta") == 0 && (old == NULL || new_ == NULL))
    {
      g_autoptr (json_object) empty = json_object_new_object ();

      diff_values (out, inner, old != NULL ? old : empty, new_ != NULL ? new_ : empty);
    }
  else
    diff_values (out, inner, old, new_);
}

static void
diff_values (GPtrArray *out, const char *path, json_object *old, json_object *new_)
{
  if (both_are (old, new_, json_type_object))
    {
      json_object_object_foreach (old, name, old_member)
        {
          (void) old_member;
          diff_member (out, path, name, old, new_);
        }
      json_object_object_foreach (new_, added, new_member)
        {
          (void) new_member;
          if (!json_object_object_get_ex (old, added, NULL))
            diff_member (out, path, added, old, new_);
        }
    }
  else if (both_are (old, new_, json_type_array))
    {
      g_autoptr (GArray) pairs = rounds_json_align (old, new_);

      for (guint i = 0; i < pairs->len; i++)
        {
          RoundsJsonPair pair = g_array_index (pairs, RoundsJsonPair, i);
          g_autofree char *inner = item_path (path, pair.new_index >= 0 ? pair.new_index : pair.old_index);

          diff_values (out, inner,
                       pair.old_index >= 0 ? json_object_array_get_idx (old, (gsize) pair.old_index) : NULL,
                       pair.new_index >= 0 ? json_object_array_get_idx (new_, (gsize) pair.new_index) : NULL);
        }
    }
  else if (!rounds_json_equal (old, new_))
    add_difference (out, path, old, new_);
}

GPtrArray *
rounds_patch_diff (json_object *old, json_object *new_)
{
  GPtrArray *out = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_difference_free);
  g_autoptr (json_object) empty = json_object_new_object ();

  /* A created or deleted resource is shown member by member. */
  diff_values (out, "", old == NULL && json_object_is_type (new_, json_type_object) ? empty : old,
               new_ == NULL && json_object_is_type (old, json_type_object) ? empty : new_);
  return out;
}

/* ---- JSON Patch ---- */

static char *
child_pointer (const char *pointer, const char *name)
{
  GString *out = g_string_new (pointer);

  g_string_append_c (out, '/');
  for (const char *p = name; *p != '\0'; p++)
    {
      if (*p == '~')
        g_string_append (out, "~0");
      else if (*p == '/')
        g_string_append (out, "~1");
      else
        g_string_append_c (out, *p);
    }
  return g_string_free (out, FALSE);
}

static void
add_operation (json_object *patch, const char *op, const char *pointer, gboolean with_value, json_object *value)
{
  json_object *operation = json_object_new_object ();

  json_object_object_add (operation, "op", json_object_new_string (op));
  json_object_object_add (operation, "path", json_object_new_string (pointer));
  if (with_value)
    json_object_object_add (operation, "value", rounds_json_copy (value));
  json_object_array_add (patch, operation);
}

static void
patch_values (json_object *patch, const char *pointer, json_object *old, json_object *new_)
{
  if (both_are (old, new_, json_type_object))
    {
      json_object_object_foreach (old, name, old_member)
        {
          g_autofree char *inner = child_pointer (pointer, name);
          json_object *new_member = NULL;

          if (json_object_object_get_ex (new_, name, &new_member))
            patch_values (patch, inner, old_member, new_member);
          else
            add_operation (patch, "remove", inner, FALSE, NULL);
        }
      json_object_object_foreach (new_, added, value)
        {
          g_autofree char *inner = child_pointer (pointer, added);

          if (!json_object_object_get_ex (old, added, NULL))
            add_operation (patch, "add", inner, TRUE, value);
        }
    }
  else if (both_are (old, new_, json_type_array))
    {
      g_autoptr (GArray) pairs = rounds_json_align (old, new_);
      int at = 0; /* in the list as it is when the operation comes */

      for (guint i = 0; i < pairs->len; i++)
        {
          RoundsJsonPair pair = g_array_index (pairs, RoundsJsonPair, i);
          char text[16];
          g_autofree char *inner = NULL;

          g_snprintf (text, sizeof text, "%d", at);
          inner = child_pointer (pointer, text);
          if (pair.new_index < 0)
            {
              add_operation (patch, "remove", inner, FALSE, NULL);
              continue;
            }
          if (pair.old_index < 0)
            add_operation (patch, "add", inner, TRUE, json_object_array_get_idx (new_, (gsize) pair.new_index));
          else
            patch_values (patch, inner, json_object_array_get_idx (old, (gsize) pair.old_index),
                          json_object_array_get_idx (new_, (gsize) pair.new_index));
          at++;
        }
    }
  else if (!rounds_json_equal (old, new_))
    add_operation (patch, "replace", pointer, TRUE, new_);
}

json_object *
rounds_patch_make (json_object *old, json_object *new_)
{
  json_object *patch = json_object_new_array ();

  patch_values (patch, "", old, new_);
  return patch;
}
