/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which members of a resource are one element, so that no merge mixes them.
 *
 * Two doctors change one prescription, one the drug and one the dose: both changes are right alone and the
 * sum is neither's order. Such members stand in one row here, and a change on both sides of a row is shown
 * to a person. The rows are few and on the careful side; what is not in one merges by itself.
 * Source: FHIR R4, choice elements (formats.html#choice) and invariants obs-6, obs-7, con-4, ait-1. */

#include "fhir/merge-group.h"

#include <string.h>

/* First the types, then the members, then what they are called together. */
static const struct {
  const char *types[6];
  const char *members[8];
  const char *group;
} rows[] = {
  { { "Observation" }, { "value[x]", "code", "component", "interpretation", "dataAbsentReason", "method" }, "=value" },
  { { "MedicationRequest", "MedicationStatement", "MedicationDispense", "MedicationAdministration" },
    { "medication[x]", "dosageInstruction", "dosage", "quantity", "daysSupply", "dispenseRequest", "doNotPerform" },
    "=medication" },
  { { "Immunization" },
    { "vaccineCode", "doseQuantity", "lotNumber", "manufacturer", "expirationDate", "route", "site" }, "=vaccine" },
  { { "AllergyIntolerance" }, { "clinicalStatus", "verificationStatus" }, "=status" },
  { { "Condition" }, { "clinicalStatus", "verificationStatus", "abatement[x]" }, "=status" },
  { { "Condition", "Procedure" }, { "code", "bodySite" }, "=code" },
  { { "ServiceRequest" }, { "code", "orderDetail", "quantity[x]", "bodySite", "doNotPerform" }, "=code" },
  { { "NutritionOrder" },
    { "oralDiet", "supplement", "enteralFormula", "foodPreferenceModifier", "excludeFoodModifier" }, "=diet" },
};

static const char *const choice_stems[] = {
  "abatement", "additive", "age", "allowed", "asNeeded", "author", "born", "content", "deceased", "defaultValue",
  "definition", "detail", "diagnosis", "dose", "due", "effective", "entity", "event", "fixed", "indication", "item",
  "location", "medication", "multipleBirth", "occurrence", "onset", "pattern", "performed", "procedure", "product",
  "quantity", "rate", "reported", "schedule", "scheduled", "serviced", "source", "start", "statusReason", "subject",
  "substance", "target", "time", "timing", "topic", "used", "value",
};

static const char *const choice_types[] = {
  "Address", "Age", "Annotation", "Attachment", "Base64Binary", "Boolean", "Canonical", "Code", "CodeableConcept",
  "Coding", "ContactDetail", "ContactPoint", "Contributor", "Count", "DataRequirement", "Date", "DateTime",
  "Decimal", "Distance", "Dosage", "Duration", "Expression", "HumanName", "Id", "Identifier", "Instant", "Integer",
  "Markdown", "Meta", "Money", "Oid", "ParameterDefinition", "Period", "PositiveInt", "Quantity", "Range", "Ratio",
  "Reference", "RelatedArtifact", "SampledData", "Signature", "String", "Time", "Timing", "TriggerDefinition",
  "UnsignedInt", "Uri", "Url", "UsageContext", "Uuid",
};

static char *
choice_of (const char *member)
{
  for (guint s = 0; s < G_N_ELEMENTS (choice_stems); s++)
    {
      gsize length = strlen (choice_stems[s]);

      if (strncmp (member, choice_stems[s], length) != 0)
        continue;
      for (guint t = 0; t < G_N_ELEMENTS (choice_types); t++)
        if (strcmp (member + length, choice_types[t]) == 0)
          return g_strconcat (choice_stems[s], "[x]", NULL);
    }
  return g_strdup (member);
}

char *
rounds_merge_group (const char *type, const char *member)
{
  g_autofree char *element = choice_of (*member == '_' ? member + 1 : member);

  for (guint r = 0; type != NULL && r < G_N_ELEMENTS (rows); r++)
    for (guint t = 0; t < G_N_ELEMENTS (rows[r].types) && rows[r].types[t] != NULL; t++)
      {
        if (strcmp (rows[r].types[t], type) != 0)
          continue;
        for (guint m = 0; m < G_N_ELEMENTS (rows[r].members) && rows[r].members[m] != NULL; m++)
          if (strcmp (rows[r].members[m], element) == 0)
            return g_strdup (rows[r].group);
      }
  return g_steal_pointer (&element);
}

gboolean
rounds_merge_is_whole (const char *group)
{
  return group[0] == '=';
}

gboolean
rounds_merge_is_backbone (const char *member)
{
  static const char *const names[] = {
    "contact", "communication", "hospitalization", "location", "link", "section", "item", NULL,
  };

  return g_strv_contains (names, member);
}
