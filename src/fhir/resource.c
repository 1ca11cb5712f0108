/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every part of Rounds asks of any resource: its type and id, whose it is, when, what and in which state.
 *
 * Answers are borrowed strings out of the resource, in the order of elements that a clinician would choose;
 * an element of the wrong JSON type is the same as none. What belongs to one resource type alone stays
 * with those who show it. Source: FHIR R4 4.0.1, resource list and the pages of the types. */

#include "fhir/resource.h"

#include <glib/gi18n-lib.h>
#include <stdlib.h>
#include <string.h>

/* FHIR R4 4.0.1, code system http://hl7.org/fhir/resource-types without the two abstract ones; sorted for
 * bsearch. */
static const char *const resource_types[] = {
  "Account", "ActivityDefinition", "AdverseEvent", "AllergyIntolerance", "Appointment", "AppointmentResponse",
  "AuditEvent", "Basic", "Binary", "BiologicallyDerivedProduct", "BodyStructure", "Bundle", "CapabilityStatement",
  "CarePlan", "CareTeam", "CatalogEntry", "ChargeItem", "ChargeItemDefinition", "Claim", "ClaimResponse",
  "ClinicalImpression", "CodeSystem", "Communication", "CommunicationRequest", "CompartmentDefinition",
  "Composition", "ConceptMap", "Condition", "Consent", "Contract", "Coverage", "CoverageEligibilityRequest",
  "CoverageEligibilityResponse", "DetectedIssue", "Device", "DeviceDefinition", "DeviceMetric", "DeviceRequest",
  "DeviceUseStatement", "DiagnosticReport", "DocumentManifest", "DocumentReference", "EffectEvidenceSynthesis",
  "Encounter", "Endpoint", "EnrollmentRequest", "EnrollmentResponse", "EpisodeOfCare", "EventDefinition",
  "Evidence", "EvidenceVariable", "ExampleScenario", "ExplanationOfBenefit", "FamilyMemberHistory", "Flag",
  "Goal", "GraphDefinition", "Group", "GuidanceResponse", "HealthcareService", "ImagingStudy", "Immunization",
  "ImmunizationEvaluation", "ImmunizationRecommendation", "ImplementationGuide", "InsurancePlan", "Invoice",
  "Library", "Linkage", "List", "Location", "Measure", "MeasureReport", "Media", "Medication",
  "MedicationAdministration", "MedicationDispense", "MedicationKnowledge", "MedicationRequest",
  "MedicationStatement", "MedicinalProduct", "MedicinalProductAuthorization",
  "MedicinalProductContraindication", "MedicinalProductIndication", "MedicinalProductIngredient",
  "MedicinalProductInteraction", "MedicinalProductManufactured", "MedicinalProductPackaged",
  "MedicinalProductPharmaceutical", "MedicinalProductUndesirableEffect", "MessageDefinition", "MessageHeader",
  "MolecularSequence", "NamingSystem", "NutritionOrder", "Observation", "ObservationDefinition",
  "OperationDefinition", "OperationOutcome", "Organization", "OrganizationAffiliation", "Parameters", "Patient",
  "PaymentNotice", "PaymentReconciliation", "Person", "PlanDefinition", "Practitioner", "PractitionerRole",
  "Procedure", "Provenance", "Questionnaire", "QuestionnaireResponse", "RelatedPerson", "RequestGroup",
  "ResearchDefinition", "ResearchElementDefinition", "ResearchStudy", "ResearchSubject", "RiskAssessment",
  "RiskEvidenceSynthesis", "Schedule", "SearchParameter", "ServiceRequest", "Slot", "Specimen",
  "SpecimenDefinition", "StructureDefinition", "StructureMap", "Subscription", "Substance", "SubstanceNucleicAcid",
  "SubstancePolymer", "SubstanceProtein", "SubstanceReferenceInformation", "SubstanceSourceMaterial",
  "SubstanceSpecification", "SupplyDelivery", "SupplyRequest", "Task", "TerminologyCapabilities", "TestReport",
  "TestScript", "ValueSet", "VerificationResult", "VisionPrescription",
};

static int
compare_names (const void *a, const void *b)
{
  return strcmp (a, *(const char *const *) b);
}

gboolean
rounds_fhir_is_type (const char *type)
{
  return type != NULL && bsearch (type, resource_types, G_N_ELEMENTS (resource_types), sizeof resource_types[0],
                                  compare_names) != NULL;
}

gboolean
rounds_fhir_is_id (const char *id)
{
  gsize length = 0;

  if (id == NULL)
    return FALSE;
  for (; id[length] != '\0'; length++)
    if (length >= 64 || !(g_ascii_isalnum (id[length]) || id[length] == '-' || id[length] == '.'))
      return FALSE;
  return length > 0;
}

gboolean
rounds_resource_identify (json_object *resource, const char **type, const char **id, GError **error)
{
  const char *found_type;
  const char *found_id = NULL;
  json_object *id_value = NULL;

  if (!json_object_is_type (resource, json_type_object))
    {
      g_set_error_literal (error, ROUNDS_FHIR_ERROR, ROUNDS_FHIR_ERROR_NOT_FHIR, _ ("not a FHIR resource"));
      return FALSE;
    }
  found_type = rounds_json_peek_string (resource, "resourceType");
  if (found_type == NULL)
    {
      g_set_error_literal (error, ROUNDS_FHIR_ERROR, ROUNDS_FHIR_ERROR_NOT_FHIR,
                           _ ("not a FHIR resource: no resourceType"));
      return FALSE;
    }
  if (!rounds_fhir_is_type (found_type))
    {
      g_set_error_literal (error, ROUNDS_FHIR_ERROR, ROUNDS_FHIR_ERROR_REFUSED,
                           _ ("its resourceType is not one of FHIR R4"));
      return FALSE;
    }
  if (json_object_object_get_ex (resource, "id", &id_value))
    {
      found_id = rounds_json_peek_string (resource, "id");
      if (!rounds_fhir_is_id (found_id))
        {
          g_set_error_literal (error, ROUNDS_FHIR_ERROR, ROUNDS_FHIR_ERROR_REFUSED, _ ("its id is not a FHIR id"));
          return FALSE;
        }
    }

  if (type != NULL)
    *type = found_type;
  if (id != NULL)
    *id = found_id;
  return TRUE;
}

char *
rounds_fhir_new_id (void)
{
  return g_uuid_string_random ();
}

char *
rounds_fhir_name_id (const char *name)
{
  /* The namespace of Rounds; made once, never to change: ids in caches and clouds come from it. */
  static const guint8 name_space[16] = {
    0x6d, 0x1f, 0x0c, 0x5e, 0x3b, 0x92, 0x4a, 0x7d, 0x9e, 0x48, 0x21, 0xc7, 0xd8, 0x5a, 0xe4, 0x13,
  };
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  guint8 b[20];
  gsize size = sizeof b;

  g_return_val_if_fail (name != NULL, NULL);

  g_checksum_update (checksum, name_space, sizeof name_space);
  g_checksum_update (checksum, (const guchar *) name, (gssize) strlen (name));
  g_checksum_get_digest (checksum, b, &size);
  b[6] = (guint8) ((b[6] & 0x0f) | 0x50);
  b[8] = (guint8) ((b[8] & 0x3f) | 0x80);
  return g_strdup_printf ("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
                          b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

const char *
rounds_concept_display (json_object *value)
{
  static const char *const members[] = { "text", "display", "code", NULL };
  json_object *codings;
  const char *text;

  if (json_object_is_type (value, json_type_string))
    return rounds_json_peek_filled (value, "");
  if (!json_object_is_type (value, json_type_object))
    return NULL;

  if ((text = rounds_json_peek_filled (value, "text")) != NULL ||
      (text = rounds_json_peek_filled (value, "display")) != NULL)
    return text;

  codings = rounds_json_peek (value, "coding");
  for (guint m = 1; json_object_is_type (codings, json_type_array) && members[m] != NULL; m++)
    for (gsize i = 0; i < json_object_array_length (codings); i++)
      if ((text = rounds_json_peek_filled (json_object_array_get_idx (codings, i), members[m])) != NULL)
        return text;

  if ((text = rounds_json_peek_filled (value, "code")) != NULL ||
      (text = rounds_json_peek_filled (value, "reference")) != NULL ||
      (text = rounds_json_peek_filled (value, "concept.text")) != NULL)
    return text;
  return rounds_json_peek_filled (value, "identifier.value");
}

const char *
rounds_concept_code (json_object *concept, const char *system)
{
  json_object *codings = rounds_json_peek (concept, "coding");

  if (!json_object_is_type (codings, json_type_array))
    {
      /* A Coding of its own. */
      if (system != NULL && g_strcmp0 (rounds_json_peek_string (concept, "system"), system) != 0)
        return NULL;
      return rounds_json_peek_filled (concept, "code");
    }
  for (gsize i = 0; i < json_object_array_length (codings); i++)
    {
      json_object *coding = json_object_array_get_idx (codings, i);
      const char *code = rounds_json_peek_filled (coding, "code");

      if (code != NULL && (system == NULL || g_strcmp0 (rounds_json_peek_string (coding, "system"), system) == 0))
        return code;
    }
  return NULL;
}

/* official before usual before anything that is in use; old and anonymous names last. */
static json_object *
best_name (json_object *patient)
{
  static const char *const order[] = { "official", "usual", NULL, "temp", "nickname", "anonymous", "maiden", "old" };
  json_object *names = rounds_json_peek (patient, "name");
  json_object *best = NULL;
  guint best_rank = G_MAXUINT;

  if (!json_object_is_type (names, json_type_array))
    return NULL;
  for (gsize i = 0; i < json_object_array_length (names); i++)
    {
      json_object *name = json_object_array_get_idx (names, i);
      const char *use = rounds_json_peek_string (name, "use");
      guint rank = 2;

      if (rounds_json_peek_filled (name, "family") == NULL && rounds_json_peek_filled (name, "text") == NULL &&
          rounds_json_peek_filled (name, "given.0") == NULL)
        continue;
      for (guint r = 0; use != NULL && r < G_N_ELEMENTS (order); r++)
        if (g_strcmp0 (order[r], use) == 0)
          rank = r;
      if (rank < best_rank)
        {
          best = name;
          best_rank = rank;
        }
    }
  return best;
}

/* Han, kana, bopomofo or Hangul. Source: Blocks-16.0.0.txt of Unicode. */
static gboolean
has_cjk (const char *text)
{
  static const gunichar blocks[][2] = {
    { 0x2E80, 0x2FDF }, { 0x3005, 0x3007 }, { 0x3040, 0x318F }, { 0x31A0, 0x31BF }, { 0x31F0, 0x31FF },
    { 0x3400, 0x4DBF }, { 0x4E00, 0x9FFF }, { 0xAC00, 0xD7AF }, { 0xF900, 0xFAFF }, { 0x20000, 0x3FFFF },
  };

  for (const char *at = text; at != NULL && *at != '\0'; at = g_utf8_next_char (at))
    for (gsize i = 0; i < G_N_ELEMENTS (blocks); i++)
      if (g_utf8_get_char (at) >= blocks[i][0] && g_utf8_get_char (at) <= blocks[i][1])
        return TRUE;
  return FALSE;
}

/* Such a name is written family first, without comma or blank, and as its owner writes it where that is said.
 * NULL for any other; for a mixed one too ("王, David"), which nobody could read joined. */
static char *
cjk_name (json_object *name, const char *family, json_object *given)
{
  const char *text = rounds_json_peek_filled (name, "text");
  g_autoptr (GString) joined = g_string_new (family);
  gboolean some = has_cjk (family), all = some || family == NULL;

  for (gsize i = 0; json_object_is_type (given, json_type_array) && i < json_object_array_length (given); i++)
    {
      const char *part = rounds_json_peek_filled (json_object_array_get_idx (given, i), "");

      if (part == NULL)
        continue;
      some = some || has_cjk (part);
      all = all && has_cjk (part);
      g_string_append (joined, part);
    }
  if (!some)
    return NULL;
  return text != NULL ? g_strdup (text) : all ? g_strdup (joined->str) : NULL;
}

char *
rounds_patient_display_name (json_object *patient)
{
  json_object *name = best_name (patient);
  const char *family = rounds_json_peek_filled (name, "family");
  json_object *given = rounds_json_peek (name, "given");
  g_autoptr (GString) out = g_string_new (NULL);
  char *cjk;

  if (family == NULL && rounds_json_peek_filled (name, "given.0") == NULL)
    {
      const char *text = rounds_json_peek_filled (name, "text");

      return g_strdup (text != NULL ? text : _ ("(no name)"));
    }
  cjk = cjk_name (name, family, given);
  if (cjk != NULL)
    return cjk;

  if (family != NULL)
    {
      g_autofree char *upper = g_utf8_strup (family, -1);

      g_string_append (out, upper);
    }
  for (gsize i = 0; json_object_is_type (given, json_type_array) && i < json_object_array_length (given); i++)
    {
      const char *part = rounds_json_peek_filled (json_object_array_get_idx (given, i), "");

      if (part == NULL)
        continue;
      if (out->len > 0)
        g_string_append (out, i == 0 ? ", " : " ");
      g_string_append (out, part);
    }
  return g_strdup (out->str);
}

const char *
rounds_patient_mrn (json_object *patient)
{
  static const char *const v2_0203 = "http://terminology.hl7.org/CodeSystem/v2-0203";
  json_object *identifiers = rounds_json_peek (patient, "identifier");
  const char *first = NULL;
  const char *found = NULL;

  if (!json_object_is_type (identifiers, json_type_array))
    return NULL;
  for (gsize i = 0; i < json_object_array_length (identifiers); i++)
    {
      json_object *identifier = json_object_array_get_idx (identifiers, i);
      const char *value = rounds_json_peek_filled (identifier, "value");
      const char *use = rounds_json_peek_string (identifier, "use");
      json_object *type = rounds_json_peek (identifier, "type");
      const char *code = rounds_concept_code (type, v2_0203);

      if (value == NULL ||
          g_strcmp0 (rounds_json_peek_string (identifier, "system"), ROUNDS_FHIR_CHANGE_SYSTEM) == 0)
        continue;
      if (g_strcmp0 (code != NULL ? code : rounds_concept_code (type, NULL), "MR") == 0 &&
          g_strcmp0 (use, "old") != 0 && g_strcmp0 (use, "temp") != 0 && found == NULL)
        found = value;
      if (first == NULL && g_strcmp0 (use, "old") != 0)
        first = value;
    }
  return found != NULL ? found : first;
}
