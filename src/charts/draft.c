/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Drafts live in the encrypted cache under a key that names patient, section and resource, so that text can
 * come back only where it was written. */

#include <string.h>

#include "charts/edit.h"
#include "fhir/resource.h"

void
rounds_draft_free (RoundsDraft *self)
{
  if (self == NULL)
    return;
  g_free (self->key);
  g_free (self->section);
  g_free (self->patient_id);
  g_free (self->type);
  g_free (self->id);
  json_object_put (self->values);
  g_free (self);
}

char *
rounds_draft_key (const char *patient_id, const char *section_id, const char *id)
{
  return g_strdup_printf ("form/%s/%s/%s", patient_id != NULL ? patient_id : "", section_id, id != NULL ? id : "new");
}

char *
rounds_draft_print (const char *type, const char *id, gint64 revision, json_object *values, gint64 now_us)
{
  g_autoptr (json_object) draft = json_object_new_object ();

  rounds_json_add_string (draft, "type", type);
  rounds_json_add_string (draft, "id", id);
  json_object_object_add (draft, "revision", json_object_new_int64 (revision));
  json_object_object_add (draft, "changed", json_object_new_int64 (now_us));
  json_object_object_add (draft, "values", json_object_get (values));
  return rounds_json_print (draft);
}

static gint64
number (json_object *object, const char *name)
{
  const char *digits = rounds_json_peek_digits (object, name);

  return digits != NULL ? g_ascii_strtoll (digits, NULL, 10) : 0;
}

RoundsDraft *
rounds_draft_parse (const char *key, const char *text)
{
  g_auto (GStrv) parts = g_strsplit (key, "/", 4);
  g_autoptr (json_object) object = NULL;
  json_object *values = NULL;
  RoundsDraft *draft;

  if (g_strv_length (parts) != 4 || strcmp (parts[0], "form") != 0)
    return NULL;
  object = rounds_json_parse (text, -1, NULL);
  if (!json_object_object_get_ex (object, "values", &values) || !json_object_is_type (values, json_type_object))
    return NULL;
  draft = g_new0 (RoundsDraft, 1);
  draft->key = g_strdup (key);
  draft->patient_id = g_strdup (parts[1]);
  draft->section = g_strdup (parts[2]);
  draft->type = g_strdup (rounds_json_peek_string (object, "type"));
  draft->id = g_strdup (rounds_json_peek_string (object, "id"));
  draft->revision = number (object, "revision");
  draft->changed_us = number (object, "changed");
  draft->values = json_object_get (values);
  return draft;
}

static gint
newest_first (gconstpointer left, gconstpointer right)
{
  const RoundsDraft *a = *(RoundsDraft *const *) left, *b = *(RoundsDraft *const *) right;

  return a->changed_us > b->changed_us ? -1 : a->changed_us < b->changed_us ? 1 : 0;
}

GPtrArray *
rounds_draft_list (RoundsStore *store, const char *patient_id, GError **error)
{
  g_autofree char *prefix = g_strdup_printf ("form/%s/", patient_id != NULL ? patient_id : "");
  g_auto (GStrv) keys = rounds_store_list_drafts (store, prefix, error);
  g_autoptr (GPtrArray) drafts = NULL;

  if (keys == NULL)
    return NULL;
  drafts = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_draft_free);
  for (guint i = 0; keys[i] != NULL; i++)
    {
      g_autofree char *text = rounds_store_dup_draft (store, keys[i], NULL);
      RoundsDraft *draft = text != NULL ? rounds_draft_parse (keys[i], text) : NULL;

      if (draft != NULL)
        g_ptr_array_add (drafts, draft);
    }
  g_ptr_array_sort (drafts, newest_first);
  return g_steal_pointer (&drafts);
}
