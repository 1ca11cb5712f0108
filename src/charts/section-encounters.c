/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encounters: visits and stays. */

#include <glib/gi18n-lib.h>
#include <string.h>

#include "charts/sections.h"
#include "charts/words.h"
#include "fhir/resource.h"

static const RoundsChoice class_choices[] = {
  { "AMB", N_("outpatient") }, { "IMP", N_("inpatient") }, { "EMER", N_("emergency") }, { "HH", N_("home") },
  { "VR", N_("remote") }, { NULL },
};
static const RoundsChoice status_choices[] = {
  { "planned", N_("planned") }, { "arrived", N_("arrived") }, { "in-progress", N_("in progress") },
  { "onleave", N_("on leave") }, { "finished", N_("finished") }, { "cancelled", N_("cancelled") }, { NULL },
};

static gboolean
is_active (json_object *resource)
{
  const char *status = rounds_json_peek_string (resource, "status");

  return status == NULL || g_str_equal (status, "planned") || g_str_equal (status, "arrived")
         || g_str_equal (status, "triaged") || g_str_equal (status, "in-progress") || g_str_equal (status, "onleave")
         || g_str_equal (status, "unknown");
}

static const char *
class_words (json_object *resource)
{
  const char *words = rounds_json_peek_string (resource, "class.display");

  return words != NULL ? words : rounds_words_code (rounds_json_peek_string (resource, "class.code"));
}

static char *
name (json_object *resource)
{
  const char *text = rounds_concept_display (rounds_json_peek (resource, "type.0"));

  return g_strdup (text != NULL ? text : class_words (resource));
}

static char *
column_name (json_object *resource, gint64 now_us)
{
  return rounds_section_name (&rounds_section_encounters, resource);
}

static char *
column_class (json_object *resource, gint64 now_us)
{
  return g_strdup (class_words (resource));
}

static char *
column_from (json_object *resource, gint64 now_us)
{
  return rounds_words_when (rounds_json_peek_string (resource, "period.start"), now_us);
}

static char *
column_to (json_object *resource, gint64 now_us)
{
  return rounds_words_when (rounds_json_peek_string (resource, "period.end"), now_us);
}

static char *
column_status (json_object *resource, gint64 now_us)
{
  return g_strdup (rounds_words_code (rounds_json_peek_string (resource, "status")));
}

static gboolean
stop_resource (json_object *resource, gint64 now_us)
{
  g_autofree char *now = rounds_date_from_typed ("now", now_us, NULL);

  if (!is_active (resource))
    return FALSE;
  rounds_json_set_string (resource, "status", "finished");
  if (rounds_json_peek (resource, "period.end") == NULL)
    rounds_json_set_string (resource, "period.end", now);
  return TRUE;
}

static void
mark_error (json_object *resource)
{
  rounds_json_set_string (resource, "status", "entered-in-error");
}

static json_object *
class_get (json_object *resource)
{
  const char *code = rounds_json_peek_string (resource, "class.code");

  return code != NULL ? json_object_new_string (code) : NULL;
}

/* Encounter.class is a Coding, not a CodeableConcept. */
static gboolean
class_set (json_object *resource, json_object *value, GError **error)
{
  json_object *coding = json_object_new_object ();

  if (value != NULL)
    {
      rounds_json_add_string (coding, "system", "http://terminology.hl7.org/CodeSystem/v3-ActCode");
      rounds_json_add_string (coding, "code", json_object_get_string (value));
    }
  else
    g_clear_pointer (&coding, json_object_put);
  return rounds_json_set (resource, "class", coding);
}

static const RoundsColumn columns[] = {
  { "type", N_("Encounter"), column_name, .wide = TRUE, .strong = TRUE },
  { "class", N_("Kind"), column_class },
  { "from", N_("From"), column_from },
  { "to", N_("To"), column_to },
  { "reason", N_("Reason"), rounds_column_reason, .wide = TRUE },
  { "status", N_("Status"), column_status },
};

static const RoundsField fields[] = {
  { "type", N_("What for"), ROUNDS_FIELD_CONCEPT, "type.0", .required = TRUE },
  { "class", N_("Kind"), ROUNDS_FIELD_CHOICE, "class", .choices = class_choices, .initial = "IMP", .half = TRUE,
    .required = TRUE, .get = class_get, .set = class_set },
  { "status", N_("Status"), ROUNDS_FIELD_CHOICE, "status", .choices = status_choices, .initial = "in-progress",
    .half = TRUE, .required = TRUE },
  { "from", N_("From"), ROUNDS_FIELD_DATE, "period.start", .initial = "now", .half = TRUE },
  { "to", N_("To"), ROUNDS_FIELD_DATE, "period.end", .half = TRUE },
  { "reason", N_("Reason"), ROUNDS_FIELD_CONCEPT, "reasonCode.0", .terms = ROUNDS_TERMS_PROBLEMS },
};

static const char *const types[] = { "Encounter", NULL };

const RoundsSection rounds_section_encounters = {
  .id = "encounters", .title = N_("Encounters"), .one = N_("encounter"), .add = N_("Add encounter"), .save = N_("Add"),
  .empty = N_("No encounters are recorded."), .types = types, .is_active = is_active,
  .columns = columns, .n_columns = G_N_ELEMENTS (columns), .fields = fields, .n_fields = G_N_ELEMENTS (fields),
  .stop = N_("Finish"), .stop_resource = stop_resource, .mark_error = mark_error, .name = name, .line = rounds_column_reason,
};
