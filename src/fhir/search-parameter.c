/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can be searched by, as a table out of R4's own definitions with their FHIRPath written as plain element
 * paths. The kind of an element is seen from its shape (a CodeableConcept has codings, a Period a start), as one
 * path may end in several kinds. Days, months and years have no time zone in FHIR: they are kept apart from
 * instants ("floating"), so that a birth date is found in every time zone that the machine travels to. */
#include "fhir/search-parameter.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/instant.h"
#include "base/quantity.h"
#include "fhir/reference.h"

#define MAX_VALUES 1000
#define DAY_US (24 * 3600 * (gint64) G_USEC_PER_SEC)

#define S ROUNDS_SEARCH_STRING
#define T ROUNDS_SEARCH_TOKEN
#define D ROUNDS_SEARCH_DATE
#define Q ROUNDS_SEARCH_QUANTITY
#define R ROUNDS_SEARCH_REFERENCE

static const RoundsSearchParameter parameters[] = {
  { "Patient", "name", S, "name" },
  { "Patient", "family", S, "name.family" },
  { "Patient", "given", S, "name.given" },
  { "Patient", "address", S, "address" },
  { "Patient", "address-city", S, "address.city" },
  { "Patient", "address-country", S, "address.country" },
  { "Patient", "address-postalcode", S, "address.postalCode" },
  { "Patient", "address-state", S, "address.state" },
  { "Patient", "identifier", T, "identifier" },
  { "Patient", "gender", T, "gender" },
  { "Patient", "active", T, "active" },
  { "Patient", "telecom", T, "telecom" },
  { "Patient", "phone", T, "telecom[system=phone]" },
  { "Patient", "email", T, "telecom[system=email]" },
  { "Patient", "language", T, "communication.language" },
  { "Patient", "deceased", T, "deceasedBoolean|deceasedDateTime" },
  { "Patient", "birthdate", D, "birthDate" },
  { "Patient", "death-date", D, "deceasedDateTime" },
  { "Patient", "general-practitioner", R, "generalPractitioner" },
  { "Patient", "organization", R, "managingOrganization" },

  { "Practitioner", "name", S, "name" },
  { "Practitioner", "family", S, "name.family" },
  { "Practitioner", "given", S, "name.given" },
  { "Practitioner", "identifier", T, "identifier" },
  { "Practitioner", "active", T, "active" },
  { "Practitioner", "gender", T, "gender" },
  { "Organization", "name", S, "name|alias" },
  { "Organization", "identifier", T, "identifier" },
  { "Organization", "active", T, "active" },
  { "Organization", "type", T, "type" },
  { "Location", "name", S, "name|alias" },
  { "Location", "identifier", T, "identifier" },
  { "Location", "status", T, "status" },

  { "Encounter", "status", T, "status" },
  { "Encounter", "class", T, "class" },
  { "Encounter", "type", T, "type" },
  { "Encounter", "identifier", T, "identifier" },
  { "Encounter", "reason-code", T, "reasonCode" },
  { "Encounter", "date", D, "period" },
  { "Encounter", "length", Q, "length" },
  { "Encounter", "subject", R, "subject" },
  { "Encounter", "patient", R, "subject" },
  { "Encounter", "location", R, "location.location" },
  { "Encounter", "participant", R, "participant.individual" },
  { "Encounter", "service-provider", R, "serviceProvider" },

  { "Observation", "code", T, "code" },
  { "Observation", "combo-code", T, "code|component.code" },
  { "Observation", "component-code", T, "component.code" },
  { "Observation", "category", T, "category" },
  { "Observation", "status", T, "status" },
  { "Observation", "identifier", T, "identifier" },
  { "Observation", "value-concept", T, "valueCodeableConcept" },
  { "Observation", "value-string", S, "valueString|valueCodeableConcept.text" },
  { "Observation", "date", D, "effectiveDateTime|effectivePeriod|effectiveInstant|effectiveTiming" },
  { "Observation", "value-date", D, "valueDateTime|valuePeriod" },
  { "Observation", "value-quantity", Q, "valueQuantity|valueSampledData" },
  { "Observation", "component-value-quantity", Q, "component.valueQuantity|component.valueSampledData" },
  { "Observation", "combo-value-quantity", Q, "valueQuantity|valueSampledData|component.valueQuantity|"
                                              "component.valueSampledData" },
  { "Observation", "subject", R, "subject" },
  { "Observation", "patient", R, "subject" },
  { "Observation", "encounter", R, "encounter" },
  { "Observation", "performer", R, "performer" },
  { "Observation", "derived-from", R, "derivedFrom" },

  { "Condition", "code", T, "code" },
  { "Condition", "category", T, "category" },
  { "Condition", "clinical-status", T, "clinicalStatus" },
  { "Condition", "verification-status", T, "verificationStatus" },
  { "Condition", "severity", T, "severity" },
  { "Condition", "identifier", T, "identifier" },
  { "Condition", "onset-date", D, "onsetDateTime|onsetPeriod" },
  { "Condition", "abatement-date", D, "abatementDateTime|abatementPeriod" },
  { "Condition", "recorded-date", D, "recordedDate" },
  { "Condition", "onset-age", Q, "onsetAge" },
  { "Condition", "subject", R, "subject" },
  { "Condition", "patient", R, "subject" },
  { "Condition", "encounter", R, "encounter" },

  { "AllergyIntolerance", "code", T, "code|reaction.substance" },
  { "AllergyIntolerance", "category", T, "category" },
  { "AllergyIntolerance", "criticality", T, "criticality" },
  { "AllergyIntolerance", "clinical-status", T, "clinicalStatus" },
  { "AllergyIntolerance", "verification-status", T, "verificationStatus" },
  { "AllergyIntolerance", "identifier", T, "identifier" },
  { "AllergyIntolerance", "date", D, "recordedDate" },
  { "AllergyIntolerance", "patient", R, "patient" },

  { "MedicationRequest", "code", T, "medicationCodeableConcept" },
  { "MedicationRequest", "status", T, "status" },
  { "MedicationRequest", "intent", T, "intent" },
  { "MedicationRequest", "category", T, "category" },
  { "MedicationRequest", "priority", T, "priority" },
  { "MedicationRequest", "identifier", T, "identifier" },
  { "MedicationRequest", "authoredon", D, "authoredOn" },
  { "MedicationRequest", "date", D, "dosageInstruction.timing" },
  { "MedicationRequest", "subject", R, "subject" },
  { "MedicationRequest", "patient", R, "subject" },
  { "MedicationRequest", "encounter", R, "encounter" },
  { "MedicationRequest", "requester", R, "requester" },
  { "MedicationStatement", "code", T, "medicationCodeableConcept" },
  { "MedicationStatement", "status", T, "status" },
  { "MedicationStatement", "identifier", T, "identifier" },
  { "MedicationStatement", "effective", D, "effectiveDateTime|effectivePeriod" },
  { "MedicationStatement", "subject", R, "subject" },
  { "MedicationStatement", "patient", R, "subject" },
  { "MedicationAdministration", "code", T, "medicationCodeableConcept" },
  { "MedicationAdministration", "status", T, "status" },
  { "MedicationAdministration", "identifier", T, "identifier" },
  { "MedicationAdministration", "effective-time", D, "effectiveDateTime|effectivePeriod" },
  { "MedicationAdministration", "subject", R, "subject" },
  { "MedicationAdministration", "patient", R, "subject" },

  { "Immunization", "vaccine-code", T, "vaccineCode" },
  { "Immunization", "status", T, "status" },
  { "Immunization", "identifier", T, "identifier" },
  { "Immunization", "lot-number", S, "lotNumber" },
  { "Immunization", "date", D, "occurrenceDateTime" },
  { "Immunization", "patient", R, "patient" },
  { "Procedure", "code", T, "code" },
  { "Procedure", "status", T, "status" },
  { "Procedure", "category", T, "category" },
  { "Procedure", "identifier", T, "identifier" },
  { "Procedure", "date", D, "performedDateTime|performedPeriod" },
  { "Procedure", "subject", R, "subject" },
  { "Procedure", "patient", R, "subject" },
  { "Procedure", "encounter", R, "encounter" },
  { "DiagnosticReport", "code", T, "code" },
  { "DiagnosticReport", "status", T, "status" },
  { "DiagnosticReport", "category", T, "category" },
  { "DiagnosticReport", "identifier", T, "identifier" },
  { "DiagnosticReport", "date", D, "effectiveDateTime|effectivePeriod" },
  { "DiagnosticReport", "issued", D, "issued" },
  { "DiagnosticReport", "subject", R, "subject" },
  { "DiagnosticReport", "patient", R, "subject" },
  { "DiagnosticReport", "encounter", R, "encounter" },
  { "DiagnosticReport", "result", R, "result" },
  { "DocumentReference", "type", T, "type" },
  { "DocumentReference", "status", T, "status" },
  { "DocumentReference", "category", T, "category" },
  { "DocumentReference", "identifier", T, "masterIdentifier|identifier" },
  { "DocumentReference", "description", S, "description" },
  { "DocumentReference", "date", D, "date" },
  { "DocumentReference", "subject", R, "subject" },
  { "DocumentReference", "patient", R, "subject" },
  { "DocumentReference", "encounter", R, "context.encounter" },
  { "ImagingStudy", "status", T, "status" },
  { "ImagingStudy", "modality", T, "series.modality" },
  { "ImagingStudy", "bodysite", T, "series.bodySite" },
  { "ImagingStudy", "identifier", T, "identifier" },
  { "ImagingStudy", "started", D, "started" },
  { "ImagingStudy", "subject", R, "subject" },
  { "ImagingStudy", "patient", R, "subject" },
  { "ImagingStudy", "encounter", R, "encounter" },
  { "ServiceRequest", "code", T, "code" },
  { "ServiceRequest", "status", T, "status" },
  { "ServiceRequest", "intent", T, "intent" },
  { "ServiceRequest", "priority", T, "priority" },
  { "ServiceRequest", "identifier", T, "identifier" },
  { "ServiceRequest", "authored", D, "authoredOn" },
  { "ServiceRequest", "occurrence", D, "occurrenceDateTime|occurrencePeriod|occurrenceTiming" },
  { "ServiceRequest", "subject", R, "subject" },
  { "ServiceRequest", "patient", R, "subject" },
  { "ServiceRequest", "encounter", R, "encounter" },
  { "CarePlan", "status", T, "status" },
  { "CarePlan", "category", T, "category" },
  { "CarePlan", "date", D, "period" },
  { "CarePlan", "subject", R, "subject" },
  { "CarePlan", "patient", R, "subject" },
};

#undef S
#undef T
#undef D
#undef Q
#undef R

const RoundsSearchParameter *
rounds_search_parameter_find (const char *type, const char *code)
{
  for (guint i = 0; i < G_N_ELEMENTS (parameters); i++)
    if (g_str_equal (parameters[i].code, code) && g_str_equal (parameters[i].type, type))
      return &parameters[i];
  return NULL;
}

void
rounds_search_value_free (RoundsSearchValue *self)
{
  if (self == NULL)
    return;
  g_free (self->system);
  g_free (self->text);
  g_free (self);
}

/* --- dates ------------------------------------------------------------------------------------------ */

static gint64
utc_us (int year, int month, int day)
{
  g_autoptr (GDateTime) time = NULL;

  if (month > 12)
    {
      year++;
      month = 1;
    }
  if (year > 9999)
    return G_MAXINT64;
  time = g_date_time_new_utc (year, month, day, 0, 0, 0);
  return time != NULL ? g_date_time_to_unix (time) * G_USEC_PER_SEC : G_MAXINT64;
}

static gint64
instant_width_us (const char *text, RoundsPrecision precision)
{
  const char *point = strchr (text, '.');
  gint64 width = G_USEC_PER_SEC;

  if (precision == ROUNDS_PRECISION_MINUTE)
    return 60 * G_USEC_PER_SEC;
  if (precision == ROUNDS_PRECISION_SUBSECOND && point != NULL)
    for (point++; g_ascii_isdigit (*point) && width > 1; point++)
      width /= 10;
  return width;
}

gboolean
rounds_search_date_span (const char *text, gboolean *floating, gint64 *start_us, gint64 *end_us)
{
  RoundsInstant instant;
  int year = 0, month = 1, day = 1;

  if (text == NULL || strlen (text) > 64 || !rounds_instant_parse (text, &instant, NULL))
    return FALSE;
  *floating = instant.precision <= ROUNDS_PRECISION_DAY;
  if (!*floating)
    {
      *start_us = instant.us;
      *end_us = instant.us + instant_width_us (text, instant.precision);
      return TRUE;
    }
  if (sscanf (text, "%4d-%2d-%2d", &year, &month, &day) < 1)
    return FALSE;
  *start_us = utc_us (year, month, day);
  *end_us = instant.precision == ROUNDS_PRECISION_YEAR    ? utc_us (year + 1, 1, 1)
            : instant.precision == ROUNDS_PRECISION_MONTH ? utc_us (year, month + 1, 1)
                                                          : *start_us + DAY_US;
  return *start_us != G_MAXINT64;
}

/* --- quantities ------------------------------------------------------------------------------------- */

char *
rounds_search_unit (const char *unit, double value, double *out)
{
  static const char *const firsts[] = {
    "mm[Hg]", "Cel", "/min", "kg", "cm", "%", "mmol/L", "g/L", "L", "s", "L/min", "U/L", "[IU]/L", "10*9/L",
    "mV", "kg/m2", "m2",
  };
  double other;

  *out = value;
  for (guint i = 0; i < G_N_ELEMENTS (firsts); i++)
    if (isfinite (value) ? rounds_quantity_convert (value, unit, firsts[i], &other)
                         : rounds_quantity_convert (1, unit, firsts[i], &other))
      {
        char text[40];

        /* 101.3 °F is 38.5 °C: what the factor adds in the last digits is cut off. */
        g_ascii_formatd (text, sizeof text, "%.12g", other);
        if (isfinite (value))
          *out = g_ascii_strtod (text, NULL);
        return g_strdup (firsts[i]);
      }
  return g_strdup (unit);
}

/* --- walking ---------------------------------------------------------------------------------------- */

typedef struct {
  RoundsSearchKind kind;
  GPtrArray *out;
} RoundsWalk;

static RoundsSearchValue *
add_value (RoundsWalk *walk, const char *system, const char *text)
{
  RoundsSearchValue *value;

  if (walk->out->len >= MAX_VALUES)
    return NULL;
  value = g_new0 (RoundsSearchValue, 1);
  value->system = g_strdup (system != NULL && *system != '\0' ? system : NULL);
  value->text = g_strdup (text);
  g_ptr_array_add (walk->out, value);
  return value;
}

static void
take_texts (RoundsWalk *walk, json_object *value, const char *const *names)
{
  for (guint i = 0; names[i] != NULL; i++)
    {
      json_object *member = rounds_json_peek (value, names[i]);
      gsize n = json_object_is_type (member, json_type_array) ? json_object_array_length (member) : 0;

      if (json_object_is_type (member, json_type_string))
        add_value (walk, NULL, json_object_get_string (member));
      for (gsize k = 0; k < n; k++)
        if (json_object_is_type (json_object_array_get_idx (member, k), json_type_string))
          add_value (walk, NULL, json_object_get_string (json_object_array_get_idx (member, k)));
    }
}

static void
take_string (RoundsWalk *walk, json_object *value)
{
  /* HumanName and Address. */
  static const char *const parts[] = {
    "family", "given", "prefix", "suffix", "text", "line", "city", "district", "state", "country", "postalCode", NULL,
  };

  if (json_object_is_type (value, json_type_string))
    add_value (walk, NULL, json_object_get_string (value));
  else if (json_object_is_type (value, json_type_object))
    take_texts (walk, value, parts);
}

static void
take_token (RoundsWalk *walk, json_object *value)
{
  json_object *coding;
  const char *code;

  if (json_object_is_type (value, json_type_string))
    add_value (walk, NULL, json_object_get_string (value));
  else if (json_object_is_type (value, json_type_boolean))
    add_value (walk, NULL, json_object_get_boolean (value) ? "true" : "false");
  if (!json_object_is_type (value, json_type_object))
    return;
  coding = rounds_json_peek (value, "coding");
  if (json_object_is_type (coding, json_type_array))
    {
      for (gsize i = 0; i < json_object_array_length (coding); i++)
        take_token (walk, json_object_array_get_idx (coding, i));
      return;
    }
  code = rounds_json_peek_string (value, "code");
  if (code == NULL)
    code = rounds_json_peek_string (value, "value");
  if (code != NULL && *code != '\0')
    add_value (walk, rounds_json_peek_string (value, "system"), code);
}

static void
add_span (RoundsWalk *walk, gboolean floating, gint64 start_us, gint64 end_us)
{
  RoundsSearchValue *out = start_us < end_us ? add_value (walk, NULL, NULL) : NULL;

  if (out == NULL)
    return;
  out->floating = floating;
  out->start_us = start_us;
  out->end_us = end_us;
}

static gint64
wall_us (const char *text, gint64 us)
{
  RoundsInstant instant;

  return rounds_instant_parse (text, &instant, NULL) && instant.has_offset ? us + (gint64) instant.offset_minutes * 60 *
                                                                             G_USEC_PER_SEC : us;
}

static void
take_period (RoundsWalk *walk, json_object *value)
{
  const char *start = rounds_json_peek_string (value, "start");
  const char *end = rounds_json_peek_string (value, "end");
  gboolean start_floats = FALSE, end_floats = FALSE;
  gint64 from = G_MININT64, to = G_MAXINT64, other;
  gboolean has_start = rounds_search_date_span (start, &start_floats, &from, &other);
  gboolean has_end = rounds_search_date_span (end, &end_floats, &other, &to);

  if (!has_start && !has_end)
    return;
  /* One of them a day, the other an instant: the instant counts as its clock on the wall showed it. */
  if (has_start && has_end && start_floats != end_floats)
    {
      if (!start_floats)
        from = wall_us (start, from);
      else
        to = wall_us (end, to);
      start_floats = TRUE;
    }
  add_span (walk, has_start ? start_floats : end_floats, from, to);
}

static void
take_date (RoundsWalk *walk, json_object *value)
{
  gboolean floating;
  gint64 start, end;
  json_object *events;

  if (json_object_is_type (value, json_type_string))
    {
      if (rounds_search_date_span (json_object_get_string (value), &floating, &start, &end))
        add_span (walk, floating, start, end);
      return;
    }
  if (!json_object_is_type (value, json_type_object))
    return;
  events = rounds_json_peek (value, "event");
  for (gsize i = 0; json_object_is_type (events, json_type_array) && i < json_object_array_length (events); i++)
    take_date (walk, json_object_array_get_idx (events, i));
  take_period (walk, events == NULL && rounds_json_peek (value, "repeat.boundsPeriod") != NULL
                       ? rounds_json_peek (value, "repeat.boundsPeriod") : value);
}

static void
take_quantity (RoundsWalk *walk, json_object *value)
{
  const char *digits = rounds_json_peek_digits (value, "value");
  const char *comparator = rounds_json_peek_string (value, "comparator");
  const char *unit = rounds_json_peek_string (value, "code");
  RoundsSearchValue *out;
  double number;

  if (json_object_is_type (rounds_json_peek (value, "origin"), json_type_object))
    {
      take_quantity (walk, rounds_json_peek (value, "origin"));   /* SampledData */
      return;
    }
  if (digits == NULL || !isfinite (number = g_ascii_strtod (digits, NULL)))
    return;
  if (unit == NULL || *unit == '\0')
    unit = rounds_json_peek_filled (value, "unit");
  out = add_value (walk, rounds_json_peek_string (value, "system"), unit);
  if (out == NULL)
    return;
  out->low = out->high = number;
  if (comparator != NULL && *comparator == '<')
    {
      out->low = -INFINITY;
      out->high_open = comparator[1] != '=';
    }
  else if (comparator != NULL && *comparator == '>')
    {
      out->low_open = comparator[1] != '=';
      out->high = INFINITY;
    }
}

static void
take_reference (RoundsWalk *walk, json_object *value)
{
  g_auto (RoundsReference) reference = { 0 };
  const char *text = json_object_is_type (value, json_type_object) ? rounds_json_peek_string (value, "reference") : NULL;

  if (rounds_reference_parse (text, &reference) && reference.type != NULL)
    add_value (walk, reference.type, reference.id);
}

static void
take (RoundsWalk *walk, json_object *value)
{
  static void (*const takers[]) (RoundsWalk *, json_object *) = {
    [ROUNDS_SEARCH_STRING] = take_string,     [ROUNDS_SEARCH_TOKEN] = take_token,
    [ROUNDS_SEARCH_DATE] = take_date,         [ROUNDS_SEARCH_QUANTITY] = take_quantity,
    [ROUNDS_SEARCH_REFERENCE] = take_reference,
  };

  takers[walk->kind](walk, value);
}

/* path up to end; "[key=text]" keeps only list entries where key is text. */
static void
walk_path (RoundsWalk *walk, json_object *value, const char *path, const char *end)
{
  const char *dot = path < end ? memchr (path, '.', end - path) : NULL;
  const char *stop = dot != NULL ? dot : end;
  const char *bracket;
  char name[64], filter[64] = "";
  json_object *member;
  char *equals;

  if (json_object_is_type (value, json_type_array))
    {
      for (gsize i = 0; i < json_object_array_length (value) && walk->out->len < MAX_VALUES; i++)
        walk_path (walk, json_object_array_get_idx (value, i), path, end);
      return;
    }
  if (path == end)
    {
      take (walk, value);
      return;
    }
  if (!json_object_is_type (value, json_type_object))
    return;
  bracket = memchr (path, '[', stop - path);
  g_strlcpy (name, path, MIN (sizeof name, (gsize) ((bracket != NULL ? bracket : stop) - path) + 1));
  if (!json_object_object_get_ex (value, name, &member))
    return;
  path = dot != NULL ? dot + 1 : end;
  if (bracket == NULL)
    {
      walk_path (walk, member, path, end);
      return;
    }
  g_strlcpy (filter, bracket + 1, MIN (sizeof filter, (gsize) (stop - bracket) - 1));
  equals = strchr (filter, '=');
  *equals = '\0';
  for (gsize i = 0; json_object_is_type (member, json_type_array) && i < json_object_array_length (member); i++)
    if (g_strcmp0 (rounds_json_peek_string (json_object_array_get_idx (member, i), filter), equals + 1) == 0)
      walk_path (walk, json_object_array_get_idx (member, i), path, end);
}

static int
compare_values (gconstpointer a, gconstpointer b)
{
  const RoundsSearchValue *x = a, *y = b;

  return g_strcmp0 (x->system, y->system) != 0 || g_strcmp0 (x->text, y->text) != 0;
}

GPtrArray *
rounds_search_parameter_values (const RoundsSearchParameter *self, json_object *resource)
{
  RoundsWalk walk = { self->kind, g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_search_value_free) };

  for (const char *path = self->paths, *end; *path != '\0'; path = *end == '|' ? end + 1 : end)
    {
      end = strchrnul (path, '|');
      walk_path (&walk, resource, path, end);
    }
  /* Patient.deceased = "has died", whichever of the two elements says so. */
  if (g_str_equal (self->code, "deceased") && walk.out->len > 0)
    {
      RoundsSearchValue *first = walk.out->pdata[0];
      gboolean dead = !g_str_equal (first->text, "false");

      g_ptr_array_set_size (walk.out, 0);
      add_value (&walk, NULL, dead ? "true" : "false");
    }
  else if (g_str_equal (self->code, "deceased"))
    add_value (&walk, NULL, "false");
  for (guint i = 1; self->kind == ROUNDS_SEARCH_TOKEN && i < walk.out->len && i < 64; i++)
    for (guint k = 0; k < i; k++)
      if (compare_values (walk.out->pdata[i], walk.out->pdata[k]) == 0)
        {
          g_ptr_array_remove_index (walk.out, i--);
          break;
        }
  return walk.out;
}
