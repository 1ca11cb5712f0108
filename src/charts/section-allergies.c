/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Allergies: AllergyIntolerance. What is confirmed or grave is red wherever it is named; "no known allergy" is
 * a finding of its own and never looks like one. */

#include <glib/gi18n-lib.h>

#include "charts/sections.h"
#include "charts/words.h"
#include "fhir/resource.h"

#define SYSTEM_CLINICAL "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
#define SYSTEM_VERIFICATION "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"

static const RoundsChoice clinical_choices[] = {
  { "active", N_("active") }, { "inactive", N_("inactive") }, { "resolved", N_("resolved") }, { NULL },
};
static const RoundsChoice verification_choices[] = {
  { "confirmed", N_("confirmed") }, { "unconfirmed", N_("reported, unconfirmed") }, { "refuted", N_("refuted") }, { NULL },
};
static const RoundsChoice criticality_choices[] = {
  { "high", N_("high") }, { "low", N_("low") }, { "unable-to-assess", N_("unable to assess") }, { NULL },
};
static const RoundsChoice category_choices[] = {
  { "medication", N_("medication") }, { "food", N_("food") }, { "environment", N_("environment") },
  { "biologic", N_("biologic") }, { NULL },
};
static const RoundsChoice severity_choices[] = {
  { "mild", N_("mild") }, { "moderate", N_("moderate") }, { "severe", N_("severe") }, { NULL },
};

static gboolean
is_active (json_object *resource)
{
  const char *status = rounds_json_peek_string (resource, "clinicalStatus.coding.0.code");

  if (g_strcmp0 (rounds_json_peek_string (resource, "verificationStatus.coding.0.code"), "refuted") == 0)
    return FALSE;
  return status == NULL || g_str_equal (status, "active");
}

static char *
column_name (json_object *resource, gint64 now_us)
{
  return rounds_section_name (&rounds_section_allergies, resource);
}

static char *
column_reaction (json_object *resource, gint64 now_us)
{
  json_object *reactions = rounds_json_peek (resource, "reaction");
  g_autoptr (GString) all = g_string_new (NULL);

  for (gsize i = 0; json_object_is_type (reactions, json_type_array) && i < json_object_array_length (reactions); i++)
    {
      json_object *shown = rounds_json_peek (json_object_array_get_idx (reactions, i), "manifestation");

      for (gsize m = 0; json_object_is_type (shown, json_type_array) && m < json_object_array_length (shown); m++)
        {
          const char *text = rounds_concept_display (json_object_array_get_idx (shown, m));

          if (text != NULL)
            g_string_append_printf (all, "%s%s", all->len > 0 ? ", " : "", text);
        }
    }
  return all->len > 0 ? g_strdup (all->str) : NULL;
}

static char *
column_criticality (json_object *resource, gint64 now_us)
{
  return g_strdup (rounds_words_code (rounds_json_peek_string (resource, "criticality")));
}

static char *
column_since (json_object *resource, gint64 now_us)
{
  g_autoptr (json_object) onset = rounds_field_get (rounds_section_field (&rounds_section_allergies, "onset"), resource);

  return onset != NULL ? rounds_words_day (json_object_get_string (onset), now_us)
                       : rounds_words_day (rounds_json_peek_string (resource, "recordedDate"), now_us);
}

static char *
column_certainty (json_object *resource, gint64 now_us)
{
  return g_strdup (rounds_words_code (rounds_json_peek_string (resource, "verificationStatus.coding.0.code")));
}

static char *
pill (json_object *resource, RoundsMark *mark)
{
  const char *status = rounds_json_peek_string (resource, "clinicalStatus.coding.0.code");

  if (status != NULL && !g_str_equal (status, "active"))
    return g_strdup (rounds_words_code (status));
  return NULL;
}

static RoundsMark
mark (json_object *resource)
{
  if (!is_active (resource) || rounds_allergy_is_none_known (resource))
    return ROUNDS_MARK_NONE;
  return ROUNDS_MARK_ACT;
}

static char *
when (json_object *resource, gint64 now_us)
{
  g_autofree char *since = column_since (resource, now_us);
  g_autofree char *certainty = column_certainty (resource, now_us);

  if (since != NULL && certainty != NULL)
    return g_strdup_printf ("%s · %s", since, certainty);
  return since != NULL ? g_steal_pointer (&since) : g_steal_pointer (&certainty);
}

static gint64
rank (json_object *resource)
{
  if (!is_active (resource))
    return 0;
  if (rounds_allergy_is_anaphylaxis (resource))
    return 3;
  return g_strcmp0 (rounds_json_peek_string (resource, "criticality"), "high") == 0 ? 2 : 1;
}

static void
fill (json_object *resource, const char *who, gint64 now_us)
{
  g_autofree char *now = rounds_date_from_typed ("now", now_us, NULL);

  rounds_json_set_string (resource, "type", "allergy");
  rounds_json_set_string (resource, "recordedDate", now);
  rounds_json_set_string (resource, "recorder.display", who);
}

static gboolean
stop_resource (json_object *resource, gint64 now_us)
{
  if (!is_active (resource))
    return FALSE;
  rounds_json_set (resource, "clinicalStatus", rounds_concept_new (SYSTEM_CLINICAL, "inactive", "Inactive", NULL));
  return TRUE;
}

static void
mark_error (json_object *resource)
{
  rounds_json_set (resource, "verificationStatus",
                   rounds_concept_new (SYSTEM_VERIFICATION, "entered-in-error", "Entered in Error", NULL));
  rounds_json_set (resource, "clinicalStatus", NULL);   /* R4 ait-2 */
}

/* A reaction that has no manifestation is not valid: its severity goes with it. */
static gboolean
finish (json_object *resource, json_object *before, json_object *after, const char *who, gint64 now_us, GError **error)
{
  if (rounds_json_peek (resource, "reaction.0") != NULL
      && rounds_json_peek (resource, "reaction.0.manifestation.0") == NULL)
    {
      g_set_error (error, ROUNDS_CHARTS_ERROR, ROUNDS_CHARTS_ERROR_INVALID, _("Say how it shows: “Reaction” is empty"));
      return FALSE;
    }
  return TRUE;
}

static const RoundsColumn columns[] = {
  { "substance", N_("Substance"), column_name, .wide = TRUE, .strong = TRUE },
  { "reaction", N_("Reaction"), column_reaction, .wide = TRUE },
  { "criticality", N_("Risk"), column_criticality },
  { "since", N_("Since"), column_since },
  { "certainty", N_("Certainty"), column_certainty },
};

static const RoundsField fields[] = {
  { "code", N_("Substance"), ROUNDS_FIELD_CONCEPT, "code", .terms = ROUNDS_TERMS_ALLERGENS, .required = TRUE },
  { "manifestation", N_("Reaction"), ROUNDS_FIELD_CONCEPT, "reaction.0.manifestation.0", .terms = ROUNDS_TERMS_REACTIONS },
  { "severity", N_("Severity"), ROUNDS_FIELD_CHOICE, "reaction.0.severity", .choices = severity_choices, .half = TRUE },
  { "criticality", N_("Risk"), ROUNDS_FIELD_CHOICE, "criticality", .choices = criticality_choices, .half = TRUE },
  { "verification", N_("Certainty"), ROUNDS_FIELD_CHOICE, "verificationStatus", .choices = verification_choices,
    .system = SYSTEM_VERIFICATION, .initial = "confirmed", .half = TRUE },
  { "clinical", N_("Status"), ROUNDS_FIELD_CHOICE, "clinicalStatus", .choices = clinical_choices,
    .system = SYSTEM_CLINICAL, .initial = "active", .half = TRUE, .required = TRUE },
  { "category", N_("Kind"), ROUNDS_FIELD_CHOICE, "category.0", .choices = category_choices, .half = TRUE },
  { "onset", N_("Since"), ROUNDS_FIELD_DATE, "onset[x]", .half = TRUE, .hint = N_("1998, 2021-05, today") },
  { "note", N_("Remark"), ROUNDS_FIELD_MULTILINE, "note.0.text" },
};

static const char *const types[] = { "AllergyIntolerance", NULL };

const RoundsSection rounds_section_allergies = {
  .id = "allergies", .title = N_("Allergies"), .one = N_("allergy"), .add = N_("Add allergy"), .save = N_("Add"),
  .empty = N_("Nothing is recorded: this does not say that there are none."), .types = types, .is_active = is_active,
  .columns = columns, .n_columns = G_N_ELEMENTS (columns), .fields = fields, .n_fields = G_N_ELEMENTS (fields),
  .fill = fill, .finish = finish, .check = rounds_check_duplicate, .stop = N_("Set inactive"),
  .stop_resource = stop_resource, .mark_error = mark_error, .pill = pill, .mark = mark, .when = when,
  .line = column_reaction, .rank = rank,
};
