/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What R4 forbids whoever asks: a server that took anything would let anything pass in tests. */

#include "fhir-server-private.h"

#include <string.h>

#include "fhir/reference.h"
#include "fhir/resource.h"

/* JSON of FHIR (R4 §2.6.2) has no empty object, array or text, and null only in an array of primitives. */
static char *
check_value (json_object *value, const char *path, gboolean in_array)
{
  char *bad = NULL;

  if (value == NULL)
    return in_array ? NULL : g_strdup_printf ("%s is null", path);
  if (json_object_is_type (value, json_type_string) && json_object_get_string_len (value) == 0)
    return g_strdup_printf ("%s is empty", path);
  if (json_object_is_type (value, json_type_array))
    {
      gsize i, n = json_object_array_length (value);

      if (n == 0)
        return g_strdup_printf ("%s is an empty list", path);
      for (i = 0; i < n && bad == NULL; i++)
        bad = check_value (json_object_array_get_idx (value, i), path, TRUE);
      return bad;
    }
  if (json_object_is_type (value, json_type_object))
    {
      if (json_object_object_length (value) == 0)
        return g_strdup_printf ("%s is an empty object", path);
      json_object_object_foreach (value, name, member)
      {
        if (bad == NULL)
          bad = check_value (member, name, FALSE);
      }
    }
  return bad;
}

static gboolean
is_one_of (const char *text, const char *const *list)
{
  return text != NULL && g_strv_contains (list, text);
}

/* The elements with a minimum of one and a required binding, of the types that tests write most. */
static char *
check_elements (json_object *resource, const char *type)
{
  static const char *const genders[] = { "male", "female", "other", "unknown", NULL };
  static const char *const statuses[] = { "registered", "preliminary", "final", "amended", "corrected", "cancelled",
                                          "entered-in-error", "unknown", NULL };

  if (strcmp (type, "Patient") == 0 && rounds_json_peek (resource, "gender") != NULL &&
      !is_one_of (rounds_json_peek_string (resource, "gender"), genders))
    return g_strdup ("Patient.gender is no code of administrative-gender");
  if (strcmp (type, "Observation") == 0 && !is_one_of (rounds_json_peek_string (resource, "status"), statuses))
    return g_strdup ("Observation.status is missing or no code of observation-status");
  if (strcmp (type, "Observation") == 0 && rounds_json_peek (resource, "code") == NULL)
    return g_strdup ("Observation.code is missing");
  if (strcmp (type, "Condition") == 0 && rounds_json_peek (resource, "subject") == NULL)
    return g_strdup ("Condition.subject is missing");
  if (rounds_json_peek (resource, "mustBeRefused") != NULL)
    return g_strdup ("mustBeRefused is not allowed");
  return NULL;
}

char *
mini_check_resource (json_object *resource, const char *type, const char *id)
{
  const char *its_type = rounds_json_peek_string (resource, "resourceType");
  const char *its_id = rounds_json_peek_string (resource, "id");
  char *bad;

  if (!json_object_is_type (resource, json_type_object) || its_type == NULL)
    return g_strdup ("the body is no resource");
  if (strcmp (its_type, type) != 0)
    return g_strdup_printf ("a %s was sent to %s", its_type, type);
  if (id != NULL && g_strcmp0 (its_id, id) != 0)
    return g_strdup_printf ("the id of the resource (%s) is not that of the address", its_id != NULL ? its_id : "none");
  if (its_id != NULL && !rounds_fhir_is_id (its_id))
    return g_strdup ("the id is no FHIR id");
  bad = check_value (resource, type, FALSE);
  return bad != NULL ? bad : check_elements (resource, type);
}

char *
mini_find_broken_reference (MiniFhir *self, json_object *resource, GHashTable *more)
{
  g_auto (GStrv) list = rounds_reference_list (resource);
  guint i;

  for (i = 0; list[i] != NULL; i++)
    {
      MiniResource *target = g_hash_table_lookup (self->resources, list[i]);

      if ((target == NULL || target->json == NULL) && (more == NULL || !g_hash_table_contains (more, list[i])))
        return g_strdup_printf ("reference to %s, which is not known", list[i]);
    }
  return NULL;
}

gboolean
mini_is_referred_to (MiniFhir *self, const char *key)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->resources);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      MiniResource *resource = value;
      g_auto (GStrv) list = resource->json != NULL ? rounds_reference_list (resource->json) : NULL;

      if (list != NULL && g_strv_contains ((const char *const *) list, key) && strcmp (resource->key, key) != 0)
        return TRUE;
    }
  return FALSE;
}
