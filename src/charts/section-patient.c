/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Demographics as a descriptor, so that a patient is edited by the same form as everything else. A name is
 * changed where it stands (the official one, else the first); other names, identifiers and telecoms stay. */

#include <glib/gi18n-lib.h>
#include <string.h>

#include "charts/sections.h"
#include "charts/words.h"
#include "fhir/resource.h"

static const RoundsChoice gender_choices[] = {
  { "female", N_("female") }, { "male", N_("male") }, { "other", N_("other") }, { "unknown", N_("unknown") }, { NULL },
};

/* Index of the item of an array for which `member` is one of two codes; 0 or the length when there is none. */
static gsize
index_of (json_object *array, const char *member, const char *first, const char *second, gboolean append)
{
  const gsize n = json_object_is_type (array, json_type_array) ? json_object_array_length (array) : 0;
  const char *const wanted[] = { first, second };

  for (gsize w = 0; w < 2; w++)
    for (gsize i = 0; wanted[w] != NULL && i < n; i++)
      if (g_strcmp0 (rounds_json_peek_string (json_object_array_get_idx (array, i), member), wanted[w]) == 0)
        return i;
  return append ? n : 0;
}

static gsize
name_index (json_object *resource)
{
  return index_of (rounds_json_peek (resource, "name"), "use", "official", "usual", FALSE);
}

static json_object *
string_or_null (const char *text)
{
  return text != NULL && *text != '\0' ? json_object_new_string (text) : NULL;
}

static json_object *
family_get (json_object *resource)
{
  g_autofree char *path = g_strdup_printf ("name.%zu.family", name_index (resource));
  const char *family = rounds_json_peek_string (resource, path);

  if (family == NULL)
    {
      /* A name given only as text is shown whole rather than guessed apart. */
      g_autofree char *text = g_strdup_printf ("name.%zu.text", name_index (resource));
      g_autofree char *given = g_strdup_printf ("name.%zu.given", name_index (resource));

      if (rounds_json_peek (resource, given) == NULL)
        family = rounds_json_peek_string (resource, text);
    }
  return string_or_null (family);
}

static gboolean
name_part_set (json_object *resource, const char *part, json_object *value)
{
  const gsize index = name_index (resource);
  g_autofree char *path = g_strdup_printf ("name.%zu.%s", index, part);
  g_autofree char *text = g_strdup_printf ("name.%zu.text", index);

  if (rounds_json_peek (resource, "name") == NULL)
    rounds_json_set_string (resource, "name.0.use", "official");
  /* The full text was written for the old parts. */
  rounds_json_set (resource, text, NULL);
  return rounds_json_set (resource, path, value);
}

static gboolean
family_set (json_object *resource, json_object *value, GError **error)
{
  return name_part_set (resource, "family", value != NULL ? json_object_get (value) : NULL);
}

static json_object *
given_get (json_object *resource)
{
  g_autofree char *path = g_strdup_printf ("name.%zu.given", name_index (resource));
  json_object *given = rounds_json_peek (resource, path);
  g_autoptr (GString) all = g_string_new (NULL);

  for (gsize i = 0; json_object_is_type (given, json_type_array) && i < json_object_array_length (given); i++)
    {
      const char *one = json_object_get_string (json_object_array_get_idx (given, i));

      if (one != NULL)
        g_string_append_printf (all, "%s%s", all->len > 0 ? " " : "", one);
    }
  return string_or_null (all->str);
}

static gboolean
given_set (json_object *resource, json_object *value, GError **error)
{
  json_object *given = NULL;

  if (value != NULL)
    {
      g_auto (GStrv) parts = g_strsplit (json_object_get_string (value), " ", -1);

      given = json_object_new_array ();
      for (guint i = 0; parts[i] != NULL; i++)
        if (parts[i][0] != '\0')
          json_object_array_add (given, json_object_new_string (parts[i]));
    }
  return name_part_set (resource, "given", given);
}

static gsize
mrn_index (json_object *resource, gboolean append)
{
  json_object *identifiers = rounds_json_peek (resource, "identifier");
  const gsize n = json_object_is_type (identifiers, json_type_array) ? json_object_array_length (identifiers) : 0;

  for (gsize i = 0; i < n; i++)
    if (rounds_concept_has (rounds_json_peek (json_object_array_get_idx (identifiers, i), "type"), "MR"))
      return i;
  return append ? n : G_MAXSIZE;
}

static json_object *
mrn_get (json_object *resource)
{
  gsize index = mrn_index (resource, FALSE);
  g_autofree char *path = NULL;

  if (index == G_MAXSIZE)
    return NULL;
  path = g_strdup_printf ("identifier.%zu.value", index);
  return string_or_null (rounds_json_peek_string (resource, path));
}

static gboolean
mrn_set (json_object *resource, json_object *value, GError **error)
{
  gsize index = mrn_index (resource, TRUE);
  g_autofree char *path = g_strdup_printf ("identifier.%zu.value", index);
  g_autofree char *type = g_strdup_printf ("identifier.%zu.type", index);

  if (value == NULL)
    {
      g_autofree char *whole = g_strdup_printf ("identifier.%zu", index);

      return rounds_json_set (resource, whole, NULL);
    }
  if (!rounds_json_set_string (resource, path, json_object_get_string (value)))
    return FALSE;
  if (rounds_json_peek (resource, type) == NULL)
    return rounds_json_set (resource, type,
                            rounds_concept_new ("http://terminology.hl7.org/CodeSystem/v2-0203", "MR",
                                                "Medical record number", NULL));
  return TRUE;
}

static json_object *
phone_get (json_object *resource)
{
  json_object *telecom = rounds_json_peek (resource, "telecom");
  gsize index = index_of (telecom, "system", "phone", NULL, TRUE);
  g_autofree char *path = g_strdup_printf ("telecom.%zu.value", index);

  return string_or_null (rounds_json_peek_string (resource, path));
}

static gboolean
phone_set (json_object *resource, json_object *value, GError **error)
{
  gsize index = index_of (rounds_json_peek (resource, "telecom"), "system", "phone", NULL, TRUE);
  g_autofree char *item = g_strdup_printf ("telecom.%zu", index);
  g_autofree char *path = g_strdup_printf ("telecom.%zu.value", index);
  g_autofree char *system = g_strdup_printf ("telecom.%zu.system", index);

  if (value == NULL)
    return rounds_json_set (resource, item, NULL);
  return rounds_json_set_string (resource, system, "phone")
         && rounds_json_set_string (resource, path, json_object_get_string (value));
}

static json_object *
deceased_get (json_object *resource)
{
  const char *when = rounds_json_peek_string (resource, "deceasedDateTime");
  json_object *flag = rounds_json_peek (resource, "deceasedBoolean");

  if (when != NULL)
    return json_object_new_string (when);
  return flag != NULL && json_object_get_boolean (flag) ? json_object_new_string (_("yes")) : NULL;
}

static gboolean
deceased_set (json_object *resource, json_object *value, GError **error)
{
  const char *typed = value != NULL ? json_object_get_string (value) : "";
  g_autofree char *fhir = NULL;

  if (*typed == '\0')
    {
      rounds_json_set (resource, "deceasedBoolean", NULL);
      return rounds_json_set (resource, "deceasedDateTime", NULL);
    }
  if (g_strcmp0 (typed, _("yes")) == 0)
    {
      rounds_json_set (resource, "deceasedDateTime", NULL);
      return rounds_json_set (resource, "deceasedBoolean", json_object_new_boolean (TRUE));
    }
  fhir = rounds_date_from_typed (typed, g_get_real_time (), error);
  if (fhir == NULL)
    return FALSE;
  rounds_json_set (resource, "deceasedBoolean", NULL);
  return rounds_json_set_string (resource, "deceasedDateTime", fhir);
}

static gboolean
finish (json_object *resource, json_object *before, json_object *after, const char *who, gint64 now_us, GError **error)
{
  const char *born = rounds_json_peek_string (resource, "birthDate");

  if (born != NULL && strlen (born) > 10)
    {
      g_set_error (error, ROUNDS_CHARTS_ERROR, ROUNDS_CHARTS_ERROR_INVALID, _("A birth date has no time of day"));
      return FALSE;
    }
  if (born != NULL && rounds_words_us (born) > now_us)
    {
      g_set_error (error, ROUNDS_CHARTS_ERROR, ROUNDS_CHARTS_ERROR_INVALID, _("The birth date lies in the future"));
      return FALSE;
    }
  return TRUE;
}

static char *
name (json_object *resource)
{
  return rounds_patient_display_name (resource);
}

static void
fill (json_object *resource, const char *who, gint64 now_us)
{
  rounds_json_set (resource, "active", json_object_new_boolean (TRUE));
}

static const RoundsField fields[] = {
  { "family", N_("Family name"), ROUNDS_FIELD_TEXT, NULL, .required = TRUE, .half = TRUE, .get = family_get, .set = family_set },
  { "given", N_("Given names"), ROUNDS_FIELD_TEXT, NULL, .half = TRUE, .get = given_get, .set = given_set },
  { "birth", N_("Birth date"), ROUNDS_FIELD_DATE, "birthDate", .half = TRUE, .hint = N_("1965-03-14") },
  { "gender", N_("Sex"), ROUNDS_FIELD_CHOICE, "gender", .choices = gender_choices, .half = TRUE },
  { "mrn", N_("Medical record number"), ROUNDS_FIELD_TEXT, NULL, .half = TRUE, .get = mrn_get, .set = mrn_set },
  { "phone", N_("Telephone"), ROUNDS_FIELD_TEXT, NULL, .half = TRUE, .get = phone_get, .set = phone_set },
  { "line", N_("Street"), ROUNDS_FIELD_TEXT, "address.0.line.0" },
  { "postcode", N_("Postal code"), ROUNDS_FIELD_TEXT, "address.0.postalCode", .half = TRUE },
  { "city", N_("City"), ROUNDS_FIELD_TEXT, "address.0.city", .half = TRUE },
  { "country", N_("Country"), ROUNDS_FIELD_TEXT, "address.0.country", .half = TRUE },
  { "deceased", N_("Deceased"), ROUNDS_FIELD_TEXT, NULL, .half = TRUE, .hint = N_("empty, a date, or yes"),
    .get = deceased_get, .set = deceased_set },
};

static const char *const types[] = { "Patient", NULL };

const RoundsSection rounds_section_patient = {
  .id = "patient", .title = N_("Patient"), .one = N_("patient"), .add = N_("New patient"), .save = N_("Create"),
  .empty = N_("No patients are here."), .types = types, .fields = fields, .n_fields = G_N_ELEMENTS (fields),
  .fill = fill, .finish = finish, .name = name,
};
