/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mark of an operation inside a record.
 *
 * Where the server chooses ids, a create whose answer was lost can only be found again by something inside it. It
 * is a further identifier, which every server can search for; where a type has none, or one only, a tag. The mark
 * stays with the record: it says which change made it. */

#include "sync/pass.h"

#include "cloud/url.h"
#include "fhir/resource.h"

/* Types of R4 with Type.identifier 0..* and the search parameter of that name. */
static gboolean
has_identifiers (const char *type)
{
  static const char *const types[] = {
    "Account", "ActivityDefinition", "AllergyIntolerance", "Appointment", "AppointmentResponse", "Basic", "BodyStructure",
    "CarePlan", "CareTeam", "ChargeItem", "Claim", "ClaimResponse", "ClinicalImpression", "CodeSystem", "Communication",
    "CommunicationRequest", "Condition", "Consent", "Contract", "Coverage", "CoverageEligibilityRequest",
    "CoverageEligibilityResponse", "DetectedIssue", "Device", "DeviceMetric", "DeviceRequest", "DeviceUseStatement",
    "DiagnosticReport", "DocumentManifest", "DocumentReference", "Encounter", "Endpoint", "EnrollmentRequest",
    "EnrollmentResponse", "EpisodeOfCare", "ExplanationOfBenefit", "FamilyMemberHistory", "Flag", "Goal", "Group",
    "GuidanceResponse", "HealthcareService", "ImagingStudy", "Immunization", "ImmunizationEvaluation",
    "ImmunizationRecommendation", "InsurancePlan", "Invoice", "Library", "List", "Location", "Measure", "MeasureReport",
    "Media", "Medication", "MedicationAdministration", "MedicationDispense", "MedicationRequest", "MedicationStatement",
    "MolecularSequence", "NutritionOrder", "Observation", "Organization", "OrganizationAffiliation", "Patient",
    "PaymentNotice", "PaymentReconciliation", "Person", "PlanDefinition", "Practitioner", "PractitionerRole", "Procedure",
    "Questionnaire", "RelatedPerson", "RequestGroup", "ResearchStudy", "ResearchSubject", "RiskAssessment", "Schedule",
    "ServiceRequest", "Slot", "Specimen", "Substance", "SupplyDelivery", "SupplyRequest", "Task", "ValueSet",
    "VisionPrescription", NULL,
  };

  return g_strv_contains (types, type);
}

static json_object *
get_list (json_object *holder, const char *name)
{
  json_object *list = NULL;

  if (!json_object_object_get_ex (holder, name, &list) || !json_object_is_type (list, json_type_array))
    {
      list = json_object_new_array ();
      json_object_object_add (holder, name, list);
    }
  return list;
}

void
rounds_mark_add (json_object *resource, const char *uuid)
{
  const char *type = rounds_json_peek_string (resource, "resourceType");
  gboolean identifier = type != NULL && has_identifiers (type);
  json_object *mark = json_object_new_object ();
  json_object *meta = NULL;

  if (identifier)
    rounds_json_add_string (mark, "use", "secondary");
  rounds_json_add_string (mark, "system", ROUNDS_FHIR_CHANGE_SYSTEM);
  rounds_json_add_string (mark, identifier ? "value" : "code", uuid);
  if (identifier)
    {
      json_object_array_add (get_list (resource, "identifier"), mark);
      return;
    }
  if (!json_object_object_get_ex (resource, "meta", &meta) || !json_object_is_type (meta, json_type_object))
    {
      meta = json_object_new_object ();
      json_object_object_add (resource, "meta", meta);
    }
  json_object_array_add (get_list (meta, "tag"), mark);
}

static gboolean
is_in (json_object *list, const char *member, const char *uuid)
{
  gsize i, n = json_object_is_type (list, json_type_array) ? json_object_array_length (list) : 0;

  for (i = 0; i < n; i++)
    {
      json_object *mark = json_object_array_get_idx (list, i);

      if (g_strcmp0 (rounds_json_peek_string (mark, "system"), ROUNDS_FHIR_CHANGE_SYSTEM) == 0 &&
          g_strcmp0 (rounds_json_peek_string (mark, member), uuid) == 0)
        return TRUE;
    }
  return FALSE;
}

gboolean
rounds_mark_is_in (json_object *resource, const char *uuid)
{
  return uuid != NULL && (is_in (rounds_json_peek (resource, "identifier"), "value", uuid) ||
                          is_in (rounds_json_peek (resource, "meta.tag"), "code", uuid));
}

char *
rounds_mark_query (const char *type, const char *uuid)
{
  g_autofree char *token = g_strconcat (ROUNDS_FHIR_CHANGE_SYSTEM, "|", uuid, NULL);
  g_autofree char *escaped = rounds_url_escape (token);

  return g_strconcat (has_identifiers (type) ? "identifier=" : "_tag=", escaped, NULL);
}
