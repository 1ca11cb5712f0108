/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one table of rights. The store asks it before every act; widgets ask it only to grey something out.
 * Types are FHIR types; scans, their measurements and their labels go under "ImagingStudy", dense vitals under
 * "Observation". An account always configures and syncs its own cache: what it may do at the cloud is the
 * cloud's to say, and without a connection a reader would have nothing to read. */
#include "vault/role.h"

#include <glib/gi18n-lib.h>

/* What is written to files and the CLI's JSON; sentences for people translate it. */
static const char *const role_names[] = { N_("physician"), N_("radiologist"), N_("nurse"), N_("read-only"), N_("administrator") };

/* What each role may write beside reading. NULL-terminated. */
static const char *const radiologist_types[] = {
  "DiagnosticReport", "DocumentReference", "ImagingStudy", "Media", "Observation", "Provenance", NULL,
};
static const char *const nurse_types[] = {
  "CarePlan", "Communication", "DocumentReference", "Encounter", "Immunization", "MedicationAdministration",
  "NutritionOrder", "Observation", "Procedure", "Provenance", "QuestionnaireResponse", NULL,
};
/* What a nurse may enter may also be taken back as an error, except what another signs for. */
static const char *const nurse_deletes[] = {
  "Communication", "DocumentReference", "Immunization", "MedicationAdministration", "Observation", NULL,
};

const char *
rounds_role_to_string (RoundsRole role)
{
  g_return_val_if_fail ((guint) role < G_N_ELEMENTS (role_names), NULL);

  return role_names[role];
}

gboolean
rounds_role_from_string (const char *text, RoundsRole *out)
{
  if (text == NULL)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (role_names); i++)
    if (g_str_equal (text, role_names[i]))
      {
        *out = i;
        return TRUE;
      }
  return FALSE;
}

static gboolean
may_change (RoundsRole role, gboolean is_delete, const char *type)
{
  switch (role)
    {
    case ROUNDS_ROLE_PHYSICIAN:
      return TRUE;
    case ROUNDS_ROLE_RADIOLOGIST:
      return type == NULL || g_strv_contains (radiologist_types, type);
    case ROUNDS_ROLE_NURSE:
      return type == NULL || g_strv_contains (is_delete ? nurse_deletes : nurse_types, type);
    case ROUNDS_ROLE_READ_ONLY:
    case ROUNDS_ROLE_ADMINISTRATOR:
    default:
      return FALSE;
    }
}

gboolean
rounds_role_may (RoundsRole role, RoundsAct act, const char *type)
{
  if ((guint) role >= G_N_ELEMENTS (role_names))
    return FALSE;

  switch (act)
    {
    case ROUNDS_ACT_READ:
    case ROUNDS_ACT_SYNC:
    case ROUNDS_ACT_CONFIGURE:
      return TRUE;
    case ROUNDS_ACT_WRITE:
      return may_change (role, FALSE, type);
    case ROUNDS_ACT_DELETE:
      return may_change (role, TRUE, type);
    case ROUNDS_ACT_IMPORT:
      return role == ROUNDS_ROLE_ADMINISTRATOR || may_change (role, FALSE, type);
    case ROUNDS_ACT_EXPORT:
      return role != ROUNDS_ROLE_READ_ONLY;
    case ROUNDS_ACT_BREAK_GLASS:
      /* Who treats; not who only looks or looks after the computer. */
      return role == ROUNDS_ROLE_PHYSICIAN || role == ROUNDS_ROLE_RADIOLOGIST || role == ROUNDS_ROLE_NURSE;
    default:
      return FALSE;
    }
}
