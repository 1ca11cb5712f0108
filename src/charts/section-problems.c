/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Problems: Condition. A problem without a clinicalStatus counts as active: hiding one that nobody has
 * resolved is the worse mistake. */

#include <glib/gi18n-lib.h>

#include "charts/sections.h"
#include "charts/words.h"
#include "fhir/resource.h"

#define SYSTEM_CLINICAL "http://terminology.hl7.org/CodeSystem/condition-clinical"
#define SYSTEM_VERIFICATION "http://terminology.hl7.org/CodeSystem/condition-ver-status"

static const RoundsChoice clinical_choices[] = {
  { "active", N_("active") }, { "recurrence", N_("recurred") }, { "relapse", N_("relapsed") },
  { "inactive", N_("inactive") }, { "remission", N_("in remission") }, { "resolved", N_("resolved") }, { NULL },
};
static const RoundsChoice verification_choices[] = {
  { "confirmed", N_("confirmed") }, { "provisional", N_("provisional") }, { "differential", N_("differential") },
  { "unconfirmed", N_("unconfirmed") }, { "refuted", N_("refuted") }, { NULL },
};

static gboolean
is_active (json_object *resource)
{
  const char *status = rounds_json_peek_string (resource, "clinicalStatus.coding.0.code");
  const char *verification = rounds_json_peek_string (resource, "verificationStatus.coding.0.code");

  if (g_strcmp0 (verification, "refuted") == 0)
    return FALSE;
  if (status == NULL)
    return rounds_json_peek (resource, "abatementDateTime") == NULL;
  return g_str_equal (status, "active") || g_str_equal (status, "recurrence") || g_str_equal (status, "relapse");
}

static char *
column_name (json_object *resource, gint64 now_us)
{
  return rounds_section_name (&rounds_section_problems, resource);
}

static char *
column_since (json_object *resource, gint64 now_us)
{
  g_autoptr (json_object) onset = rounds_field_get (rounds_section_field (&rounds_section_problems, "onset"), resource);

  if (onset != NULL)
    return rounds_words_day (json_object_get_string (onset), now_us);
  return g_strdup (rounds_json_peek_string (resource, "onsetString"));
}

static char *
column_until (json_object *resource, gint64 now_us)
{
  return rounds_words_day (rounds_json_peek_string (resource, "abatementDateTime"), now_us);
}

static char *
column_status (json_object *resource, gint64 now_us)
{
  return g_strdup (rounds_words_code (rounds_resource_peek_status (resource)));
}

static char *
pill (json_object *resource, RoundsMark *mark)
{
  const char *verification = rounds_json_peek_string (resource, "verificationStatus.coding.0.code");

  if (verification != NULL && !g_str_equal (verification, "confirmed"))
    return g_strdup (rounds_words_code (verification));
  if (!is_active (resource))
    return g_strdup (rounds_words_code (rounds_resource_peek_status (resource)));
  return NULL;
}

static char *
when (json_object *resource, gint64 now_us)
{
  char *since = column_since (resource, now_us);

  return since != NULL ? since : rounds_words_day (rounds_json_peek_string (resource, "recordedDate"), now_us);
}

static void
fill (json_object *resource, const char *who, gint64 now_us)
{
  g_autofree char *now = rounds_date_from_typed ("now", now_us, NULL);

  rounds_json_set (resource, "category.0",
                   rounds_concept_new ("http://terminology.hl7.org/CodeSystem/condition-category", "problem-list-item",
                                       "Problem List Item", NULL));
  rounds_json_set_string (resource, "recordedDate", now);
  rounds_json_set_string (resource, "recorder.display", who);
}

static gboolean
stop_resource (json_object *resource, gint64 now_us)
{
  if (!is_active (resource))
    return FALSE;
  rounds_json_set (resource, "clinicalStatus", rounds_concept_new (SYSTEM_CLINICAL, "resolved", "Resolved", NULL));
  if (rounds_json_peek (resource, "abatementDateTime") == NULL && rounds_json_peek (resource, "abatementPeriod") == NULL
      && rounds_json_peek (resource, "abatementString") == NULL)
    {
      g_autofree char *today = rounds_date_from_typed ("today", now_us, NULL);

      rounds_json_set_string (resource, "abatementDateTime", today);
    }
  return TRUE;
}

static void
mark_error (json_object *resource)
{
  rounds_json_set (resource, "verificationStatus",
                   rounds_concept_new (SYSTEM_VERIFICATION, "entered-in-error", "Entered in Error", NULL));
  /* R4 con-5: there is no clinical status then. */
  rounds_json_set (resource, "clinicalStatus", NULL);
}

/* R4 con-4: what has ended is not active. */
static gboolean
finish (json_object *resource, json_object *before, json_object *after, const char *who, gint64 now_us, GError **error)
{
  if (is_active (resource) && rounds_json_peek (resource, "abatementDateTime") != NULL)
    {
      g_set_error (error, ROUNDS_CHARTS_ERROR, ROUNDS_CHARTS_ERROR_INVALID,
                   _("A problem with an end is not active: empty “Until” or choose “resolved”"));
      return FALSE;
    }
  return TRUE;
}

static const RoundsColumn columns[] = {
  { "problem", N_("Problem"), column_name, .wide = TRUE, .strong = TRUE },
  { "since", N_("Since"), column_since },
  { "until", N_("Until"), column_until },
  { "status", N_("Status"), column_status },
};

static const RoundsField fields[] = {
  { "code", N_("Problem"), ROUNDS_FIELD_CONCEPT, "code", .terms = ROUNDS_TERMS_PROBLEMS, .required = TRUE,
    .hint = N_("Type a few letters of each word, or an ICD-10 code") },
  { "clinical", N_("Status"), ROUNDS_FIELD_CHOICE, "clinicalStatus", .choices = clinical_choices,
    .system = SYSTEM_CLINICAL, .initial = "active", .half = TRUE, .required = TRUE },
  { "verification", N_("Certainty"), ROUNDS_FIELD_CHOICE, "verificationStatus", .choices = verification_choices,
    .system = SYSTEM_VERIFICATION, .initial = "confirmed", .half = TRUE },
  { "onset", N_("Since"), ROUNDS_FIELD_DATE, "onset[x]", .half = TRUE, .hint = N_("2016, 2021-05, today") },
  { "abatement", N_("Until"), ROUNDS_FIELD_DATE, "abatement[x]", .half = TRUE },
  { "note", N_("Remark"), ROUNDS_FIELD_MULTILINE, "note.0.text" },
};

static const char *const types[] = { "Condition", NULL };

const RoundsSection rounds_section_problems = {
  .id = "problems", .title = N_("Problems"), .one = N_("problem"), .add = N_("Add problem"), .save = N_("Add"),
  .empty = N_("No problems are recorded."), .types = types, .is_active = is_active,
  .columns = columns, .n_columns = G_N_ELEMENTS (columns), .fields = fields, .n_fields = G_N_ELEMENTS (fields),
  .fill = fill, .finish = finish, .check = rounds_check_duplicate, .stop = N_("Resolve"),
  .stop_resource = stop_resource, .mark_error = mark_error, .pill = pill, .when = when,
};
