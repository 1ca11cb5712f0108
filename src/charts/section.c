/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of chart sections, and how a field of a form reads and writes its element. A write happens only
 * when the value differs from what is there, so an edit touches what the clinician touched, and the rest of
 * the resource, known to Rounds or not, stays byte for byte. */

#include "charts/section.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>

#include "base/instant.h"
#include "base/quantity.h"
#include "charts/sections.h"
#include "charts/words.h"
#include "fhir/resource.h"

G_DEFINE_QUARK (rounds-charts-error-quark, rounds_charts_error)

static const RoundsSection *const all_sections[] = {
  &rounds_section_problems, &rounds_section_allergies, &rounds_section_medications, &rounds_section_encounters,
  &rounds_section_notes, &rounds_section_results, &rounds_section_immunizations, &rounds_section_procedures, NULL,
};

const RoundsSection *const *
rounds_sections (void)
{
  return all_sections;
}

const RoundsSection *
rounds_section_find (const char *id)
{
  for (guint i = 0; all_sections[i] != NULL; i++)
    if (g_strcmp0 (all_sections[i]->id, id) == 0)
      return all_sections[i];
  return NULL;
}

gboolean
rounds_section_has_type (const RoundsSection *self, const char *type)
{
  for (guint i = 0; self->types[i] != NULL; i++)
    if (g_strcmp0 (self->types[i], type) == 0)
      return TRUE;
  return FALSE;
}

const RoundsSection *
rounds_section_of (const char *type, json_object *resource)
{
  for (guint i = 0; all_sections[i] != NULL; i++)
    if (rounds_section_has_type (all_sections[i], type)
        && (all_sections[i]->accepts == NULL || all_sections[i]->accepts (resource)))
      return all_sections[i];
  return g_strcmp0 (type, "Patient") == 0 ? &rounds_section_patient : NULL;
}

gboolean
rounds_section_can_edit (const RoundsSection *self, json_object *resource)
{
  if (self->n_fields == 0)
    return FALSE;
  if (self->can_edit != NULL)
    return self->can_edit (resource);
  return g_strcmp0 (rounds_json_peek_string (resource, "resourceType"), self->types[0]) == 0;
}

char *
rounds_section_name (const RoundsSection *self, json_object *resource)
{
  char *name = self->name != NULL ? self->name (resource) : NULL;

  if (name == NULL)
    name = g_strdup (rounds_concept_display (rounds_resource_peek_concept (resource)));
  return name != NULL ? name : g_strdup (_("(without a name)"));
}

const RoundsField *
rounds_section_field (const RoundsSection *self, const char *id)
{
  for (guint i = 0; i < self->n_fields; i++)
    if (strcmp (self->fields[i].id, id) == 0)
      return &self->fields[i];
  return NULL;
}

/* --- values of fields ----------------------------------------------------------------------------- */

json_object *
rounds_concept_new (const char *system, const char *code, const char *display, const char *text)
{
  json_object *concept = json_object_new_object ();

  if (code != NULL && system != NULL)
    {
      json_object *codings = json_object_new_array ();
      json_object *coding = json_object_new_object ();

      rounds_json_add_string (coding, "system", system);
      rounds_json_add_string (coding, "code", code);
      rounds_json_add_string (coding, "display", display);
      json_object_array_add (codings, coding);
      json_object_object_add (concept, "coding", codings);
    }
  rounds_json_add_string (concept, "text", text);
  return concept;
}

gboolean
rounds_concept_has (json_object *concepts, const char *code)
{
  json_object *codings;

  if (json_object_is_type (concepts, json_type_array))
    {
      for (gsize i = 0; i < json_object_array_length (concepts); i++)
        if (rounds_concept_has (json_object_array_get_idx (concepts, i), code))
          return TRUE;
      return FALSE;
    }
  codings = rounds_json_peek (concepts, "coding");
  if (!json_object_is_type (codings, json_type_array))
    return FALSE;
  for (gsize i = 0; i < json_object_array_length (codings); i++)
    if (g_strcmp0 (rounds_json_peek_string (json_object_array_get_idx (codings, i), "code"), code) == 0)
      return TRUE;
  return FALSE;
}

char *
rounds_column_reason (json_object *resource, gint64 now_us)
{
  const char *text = rounds_concept_display (rounds_json_peek (resource, "reasonCode.0"));

  return g_strdup (text != NULL ? text : rounds_concept_display (rounds_json_peek (resource, "reasonReference.0")));
}

static json_object *
concept_get (json_object *concept)
{
  const char *text = rounds_concept_display (concept);
  json_object *value;

  if (text == NULL)
    return NULL;
  value = json_object_new_object ();
  rounds_json_add_string (value, "text", text);
  rounds_json_add_string (value, "system", rounds_json_peek_string (concept, "coding.0.system"));
  rounds_json_add_string (value, "code", rounds_json_peek_string (concept, "coding.0.code"));
  return value;
}

/* The element behind "onset[x]": its name and the text that is its date. */
static const char *
polymorph_get (json_object *resource, const char *stem, char **name)
{
  static const char *const kinds[] = { "DateTime", "Date", "Period", "Instant", "String", "Age", "Range" };

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *member = g_strconcat (stem, kinds[i], NULL);
      json_object *value = rounds_json_peek (resource, member);

      if (value == NULL)
        continue;
      if (name != NULL)
        *name = g_strdup (member);
      if (json_object_is_type (value, json_type_string))
        return json_object_get_string (value);
      return rounds_json_peek_string (value, "start");
    }
  return NULL;
}

static char *
polymorph_stem (const char *path)
{
  return g_str_has_suffix (path, "[x]") ? g_strndup (path, strlen (path) - 3) : NULL;
}

json_object *
rounds_field_get (const RoundsField *self, json_object *resource)
{
  g_autofree char *stem = NULL;
  const char *text = NULL;

  if (self->get != NULL)
    return self->get (resource);
  switch (self->kind)
    {
    case ROUNDS_FIELD_CONCEPT:
      return concept_get (rounds_json_peek (resource, self->path));
    case ROUNDS_FIELD_CHOICE:
      if (self->system == NULL)
        text = rounds_json_peek_string (resource, self->path);
      else
        {
          g_autofree char *path = g_strconcat (self->path, ".coding.0.code", NULL);

          text = rounds_json_peek_string (resource, path);
        }
      break;
    case ROUNDS_FIELD_DATE:
      stem = polymorph_stem (self->path);
      text = stem != NULL ? polymorph_get (resource, stem, NULL) : rounds_json_peek_string (resource, self->path);
      break;
    case ROUNDS_FIELD_QUANTITY:
      {
        json_object *quantity = rounds_json_peek (resource, self->path);
        const char *digits = rounds_json_peek_digits (quantity, "value");
        const char *unit = rounds_json_peek_string (quantity, "unit");

        if (digits == NULL)
          return NULL;
        if (unit == NULL)
          unit = rounds_json_peek_string (quantity, "code");
        g_autofree char *typed = g_strdup_printf ("%s%s%s", digits, unit != NULL ? " " : "", unit != NULL ? unit : "");

        return json_object_new_string (typed);
      }
    case ROUNDS_FIELD_TEXT:
    case ROUNDS_FIELD_MULTILINE:
    default:
      text = rounds_json_peek_string (resource, self->path);
      break;
    }
  return text != NULL && *text != '\0' ? json_object_new_string (text) : NULL;
}

static gboolean
concept_set (const RoundsField *self, json_object *resource, json_object *value)
{
  const char *text = rounds_json_peek_string (value, "text");
  const char *system = rounds_json_peek_string (value, "system");
  const char *code = rounds_json_peek_string (value, "code");

  if (text == NULL || *text == '\0')
    return rounds_json_set (resource, self->path, NULL);
  /* A new meaning: the old codes do not describe it and go. */
  return rounds_json_set (resource, self->path, rounds_concept_new (system, code, text, text));
}

static gboolean
choice_set (const RoundsField *self, json_object *resource, const char *code)
{
  const char *title = NULL;

  if (self->system == NULL)
    return rounds_json_set_string (resource, self->path, code);
  if (code == NULL || *code == '\0')
    return rounds_json_set (resource, self->path, NULL);
  for (const RoundsChoice *choice = self->choices; choice->code != NULL; choice++)
    if (strcmp (choice->code, code) == 0)
      title = choice->title;
  return rounds_json_set (resource, self->path, rounds_concept_new (self->system, code, title, NULL));
}

static gboolean
date_set (const RoundsField *self, json_object *resource, const char *fhir)
{
  g_autofree char *stem = polymorph_stem (self->path);
  g_autofree char *member = NULL, *existing = NULL;

  if (stem == NULL)
    return rounds_json_set_string (resource, self->path, fhir);
  polymorph_get (resource, stem, &existing);
  if (existing != NULL && g_str_has_suffix (existing, "Period"))
    {
      g_autofree char *start = g_strconcat (existing, ".start", NULL);

      return rounds_json_set_string (resource, start, fhir);
    }
  member = g_strconcat (stem, "DateTime", NULL);
  if (existing != NULL && strcmp (existing, member) != 0)
    rounds_json_set (resource, existing, NULL);
  return rounds_json_set_string (resource, member, fhir);
}

static gboolean
quantity_set (const RoundsField *self, json_object *resource, const char *text, GError **error)
{
  g_autofree char *digits = NULL, *unit = NULL;
  json_object *quantity;

  if (text == NULL || *text == '\0')
    return rounds_json_set (resource, self->path, NULL);
  if (!rounds_quantity_from_typed (text, &digits, &unit, error))
    return FALSE;
  quantity = rounds_json_peek (resource, self->path);
  if (!json_object_is_type (quantity, json_type_object))
    {
      if (!rounds_json_set (resource, self->path, json_object_new_object ()))
        return FALSE;
      quantity = rounds_json_peek (resource, self->path);
    }
  json_object_object_add (quantity, "value", rounds_json_new_decimal (digits));
  if (g_strcmp0 (rounds_json_peek_string (quantity, "unit"), unit) != 0
      && g_strcmp0 (rounds_json_peek_string (quantity, "code"), unit) != 0)
    {
      /* The code belonged to the old unit. */
      json_object_object_del (quantity, "system");
      json_object_object_del (quantity, "code");
      json_object_object_del (quantity, "unit");
      rounds_json_add_string (quantity, "unit", *unit != '\0' ? unit : NULL);
    }
  return TRUE;
}

gboolean
rounds_field_set (const RoundsField *self, json_object *resource, json_object *value, GError **error)
{
  g_autoptr (json_object) before = rounds_field_get (self, resource);
  g_autofree char *date = NULL;
  const char *text = json_object_is_type (value, json_type_string) ? json_object_get_string (value) : NULL;
  gboolean done;

  if (value != NULL && before != NULL && rounds_json_equal (before, value))
    return TRUE;
  if (value == NULL && before == NULL)
    return TRUE;
  if (self->required && (value == NULL || (text != NULL && *text == '\0')))
    {
      g_set_error (error, ROUNDS_CHARTS_ERROR, ROUNDS_CHARTS_ERROR_INVALID, _("“%s” is needed"), _(self->title));
      return FALSE;
    }
  if (self->set != NULL)
    return self->set (resource, value, error);
  switch (self->kind)
    {
    case ROUNDS_FIELD_CONCEPT:
      done = concept_set (self, resource, value);
      break;
    case ROUNDS_FIELD_CHOICE:
      done = choice_set (self, resource, text);
      break;
    case ROUNDS_FIELD_DATE:
      if (text != NULL && *text != '\0')
        {
          date = rounds_date_from_typed (text, rounds_instant_now_us (), error);
          if (date == NULL)
            {
              g_prefix_error (error, "%s: ", _(self->title));
              return FALSE;
            }
        }
      done = date_set (self, resource, date);
      break;
    case ROUNDS_FIELD_QUANTITY:
      if (!quantity_set (self, resource, text, error))
        {
          g_prefix_error (error, "%s: ", _(self->title));
          return FALSE;
        }
      done = TRUE;
      break;
    case ROUNDS_FIELD_TEXT:
    case ROUNDS_FIELD_MULTILINE:
    default:
      done = rounds_json_set_string (resource, self->path, text);
      break;
    }
  if (!done)
    g_set_error (error, ROUNDS_CHARTS_ERROR, ROUNDS_CHARTS_ERROR_INVALID,
                 _("“%s” cannot be written: the record has something else there"), _(self->title));
  return done;
}

char *
rounds_field_words (const RoundsField *self, json_object *value)
{
  const char *text;

  if (value == NULL)
    return NULL;
  if (self->kind == ROUNDS_FIELD_CONCEPT)
    return g_strdup (rounds_json_peek_string (value, "text"));
  text = json_object_get_string (value);
  if (self->kind == ROUNDS_FIELD_CHOICE)
    {
      for (const RoundsChoice *choice = self->choices; choice->code != NULL; choice++)
        if (strcmp (choice->code, text) == 0)
          return g_strdup (_(choice->title));
      return g_strdup (rounds_words_code (text));
    }
  if (self->kind == ROUNDS_FIELD_DATE)
    return rounds_words_when (text, rounds_instant_now_us ());
  return g_strdup (text);
}

/* --- what people type ----------------------------------------------------------------------------- */

static char *
local_instant (GDateTime *time)
{
  return rounds_instant_format_us (g_date_time_to_unix (time) * G_USEC_PER_SEC);
}

char *
rounds_date_from_typed (const char *text, gint64 now_us, GError **error)
{
  g_autofree char *typed = g_strstrip (g_strdup (text));
  g_autoptr (GDateTime) now = g_date_time_new_from_unix_local (now_us / G_USEC_PER_SEC);
  int year, month, day, hour, minute;
  char rest;
  RoundsInstant instant;

  if (g_ascii_strcasecmp (typed, "now") == 0 || g_utf8_collate (typed, _("now")) == 0)
    return local_instant (now);
  if (g_ascii_strcasecmp (typed, "today") == 0 || g_utf8_collate (typed, _("today")) == 0)
    return g_date_time_format (now, "%Y-%m-%d");
  if (sscanf (typed, "%4d-%2d-%2d%*[ ,T]%2d:%2d%c", &year, &month, &day, &hour, &minute, &rest) == 5)
    {
      g_autoptr (GDateTime) time = g_date_time_new_local (year, month, day, hour, minute, 0);

      if (time != NULL)
        return local_instant (time);
    }
  if (rounds_instant_parse (typed, &instant, NULL))
    return g_steal_pointer (&typed);
  g_set_error (error, ROUNDS_CHARTS_ERROR, ROUNDS_CHARTS_ERROR_INVALID,
               _("write a date as 2026-11-22, 2021-05, 2016 or 2026-11-22 12:00"));
  return NULL;
}

char *
rounds_date_to_typed (const char *fhir)
{
  RoundsInstant instant;

  if (fhir == NULL)
    return g_strdup ("");
  if (rounds_instant_parse (fhir, &instant, NULL) && instant.precision >= ROUNDS_PRECISION_MINUTE)
    {
      g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (instant.us / G_USEC_PER_SEC);

      if (time != NULL)
        return g_date_time_format (time, "%Y-%m-%d %H:%M");
    }
  return g_strdup (fhir);
}

gboolean
rounds_quantity_from_typed (const char *text, char **digits, char **unit, GError **error)
{
  g_autofree char *typed = g_strstrip (g_strdup (text));
  gsize length = strspn (typed, "0123456789.,");
  g_autofree char *number = g_strndup (typed, length);
  double value;

  /* A comma is a decimal sign in half the world and a thousands sign in the other: 1,500 could be either, so
   * it is asked again rather than guessed. */
  if (length == 0 || strchr (number, ',') != NULL || !rounds_decimal_parse (number, &value))
    {
      g_set_error (error, ROUNDS_CHARTS_ERROR, ROUNDS_CHARTS_ERROR_INVALID,
                   _("write a number with a point and a unit, like 2.5 mg"));
      return FALSE;
    }
  *digits = g_steal_pointer (&number);
  *unit = g_strstrip (g_strdup (typed + length));
  return TRUE;
}
