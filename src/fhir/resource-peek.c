/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The same question to resources of any type: whose, when, about what, in which state.
 *
 * Lists of element names, tried in order. They serve all types alike because R4 names alike what means
 * alike; where it does not, the order says which wins. */

#include "fhir/resource.h"

#include <string.h>

/* The id in "Patient/1", "https://h/fhir/Patient/1" and "…/_history/2" points into the text; a version cannot
 * be cut off without a copy, and is left to rounds_reference_parse(). */
static const char *
patient_id_of (const char *reference)
{
  const char *found;

  if (reference == NULL)
    return NULL;
  if (g_str_has_prefix (reference, "Patient/"))
    found = reference + strlen ("Patient/");
  else
    {
      found = strstr (reference, "/Patient/");
      if (found == NULL)
        return NULL;
      found += strlen ("/Patient/");
    }
  return rounds_fhir_is_id (found) ? found : NULL;
}

const char *
rounds_resource_peek_patient_id (json_object *resource)
{
  static const char *const paths[] = {
    "subject.reference", "patient.reference", "beneficiary.reference", "individual.reference",
    "for.reference", "candidate.reference", "subject.0.reference", NULL,
  };
  json_object *list;

  if (g_strcmp0 (rounds_json_peek_string (resource, "resourceType"), "Patient") == 0)
    return rounds_json_peek_string (resource, "id");

  for (guint i = 0; paths[i] != NULL; i++)
    {
      const char *id = patient_id_of (rounds_json_peek_string (resource, paths[i]));

      if (id != NULL)
        return id;
    }

  /* Appointments and the like name the patient among others. */
  list = rounds_json_peek (resource, "participant");
  for (gsize i = 0; json_object_is_type (list, json_type_array) && i < json_object_array_length (list); i++)
    {
      const char *id =
        patient_id_of (rounds_json_peek_string (json_object_array_get_idx (list, i), "actor.reference"));

      if (id != NULL)
        return id;
    }
  /* So do Provenance (target) and AuditEvent (entity.what). */
  list = rounds_json_peek (resource, "target");
  for (gsize i = 0; json_object_is_type (list, json_type_array) && i < json_object_array_length (list); i++)
    {
      const char *id = patient_id_of (rounds_json_peek_string (json_object_array_get_idx (list, i), "reference"));

      if (id != NULL)
        return id;
    }
  list = rounds_json_peek (resource, "entity");
  for (gsize i = 0; json_object_is_type (list, json_type_array) && i < json_object_array_length (list); i++)
    {
      const char *id =
        patient_id_of (rounds_json_peek_string (json_object_array_get_idx (list, i), "what.reference"));

      if (id != NULL)
        return id;
    }
  return NULL;
}

const char *
rounds_resource_peek_time (json_object *resource)
{
  static const char *const paths[] = {
    "effectiveDateTime", "effectivePeriod.start", "effectiveInstant", "effectivePeriod.end",
    "onsetDateTime", "onsetPeriod.start", "occurrenceDateTime", "occurrencePeriod.start",
    "performedDateTime", "performedPeriod.start", "started", "period.start",
    "billablePeriod.start", "servicedDate", "start", "authoredOn", "recordedDate", "recorded",
    "whenHandedOver", "whenPrepared", "dateAsserted", "assertedDate", "dateTime", "startDate", "authored", "sent",
    "received", "createdDateTime", "created", "date", "issued", "statusDate", "collection.collectedDateTime",
    "collection.collectedPeriod.start", "receivedTime", "executionPeriod.start", "context.period.start",
    "birthDate", "meta.lastUpdated", NULL,
  };

  for (guint i = 0; paths[i] != NULL; i++)
    {
      const char *text = rounds_json_peek_filled (resource, paths[i]);

      if (text != NULL)
        return text;
    }
  return NULL;
}

json_object *
rounds_resource_peek_concept (json_object *resource)
{
  static const char *const paths[] = {
    "code", "medicationCodeableConcept", "medicationReference", "vaccineCode", "type.0", "type", "description",
    "category.0", "class", "serviceType.0", "procedureCode.0", "relationship", "name", "title", NULL,
  };
  static const char *const goals[] = { "description", NULL };
  const char *type = rounds_json_peek_string (resource, "resourceType");
  const char *const *tried = g_strcmp0 (type, "Goal") == 0 ? goals : paths;

  for (guint i = 0; tried[i] != NULL; i++)
    {
      json_object *found = rounds_json_peek (resource, tried[i]);

      /* An array as such, or an empty object, is about nothing. */
      if (rounds_concept_display (found) != NULL)
        return found;
    }
  return NULL;
}

static const char *
concept_or_code (json_object *value)
{
  if (json_object_is_type (value, json_type_string))
    return rounds_json_peek_filled (value, "");
  return rounds_concept_code (value, NULL);
}

const char *
rounds_resource_peek_status (json_object *resource)
{
  const char *verification = concept_or_code (rounds_json_peek (resource, "verificationStatus"));
  const char *status;

  if (g_strcmp0 (verification, "entered-in-error") == 0)
    return verification;
  if ((status = concept_or_code (rounds_json_peek (resource, "clinicalStatus"))) != NULL)
    return status;
  if ((status = concept_or_code (rounds_json_peek (resource, "status"))) != NULL)
    return status;
  if ((status = rounds_json_peek_filled (resource, "lifecycleStatus")) != NULL)
    return status;
  return verification;
}

gboolean
rounds_resource_is_entered_in_error (json_object *resource)
{
  return g_strcmp0 (rounds_resource_peek_status (resource), "entered-in-error") == 0 ||
         g_strcmp0 (rounds_json_peek_filled (resource, "status"), "entered-in-error") == 0 ||
         g_strcmp0 (rounds_json_peek_filled (resource, "docStatus"), "entered-in-error") == 0;
}
