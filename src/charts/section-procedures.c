/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Procedures that were done, are going on or are planned. */

#include <glib/gi18n-lib.h>

#include "charts/sections.h"
#include "charts/words.h"
#include "fhir/resource.h"

static const RoundsChoice status_choices[] = {
  { "preparation", N_("in preparation") }, { "in-progress", N_("in progress") }, { "on-hold", N_("on hold") },
  { "stopped", N_("stopped") }, { "completed", N_("completed") }, { "not-done", N_("not done") }, { NULL },
};

static gboolean
is_open (json_object *resource)
{
  const char *status = rounds_json_peek_string (resource, "status");

  return g_strcmp0 (status, "in-progress") == 0 || g_strcmp0 (status, "preparation") == 0
         || g_strcmp0 (status, "on-hold") == 0;
}

static char *
column_name (json_object *resource, gint64 now_us)
{
  return rounds_section_name (&rounds_section_procedures, resource);
}

static char *
column_when (json_object *resource, gint64 now_us)
{
  return rounds_words_day (rounds_resource_peek_time (resource), now_us);
}

static char *
column_status (json_object *resource, gint64 now_us)
{
  return g_strdup (rounds_words_code (rounds_json_peek_string (resource, "status")));
}

static char *
pill (json_object *resource, RoundsMark *mark)
{
  const char *status = rounds_json_peek_string (resource, "status");

  return g_strcmp0 (status, "completed") == 0 ? NULL : g_strdup (rounds_words_code (status));
}

static void
fill (json_object *resource, const char *who, gint64 now_us)
{
  rounds_json_set_string (resource, "recorder.display", who);
}

static gboolean
stop_resource (json_object *resource, gint64 now_us)
{
  if (!is_open (resource))
    return FALSE;
  rounds_json_set_string (resource, "status", "completed");
  return TRUE;
}

static void
mark_error (json_object *resource)
{
  rounds_json_set_string (resource, "status", "entered-in-error");
}

static const RoundsColumn columns[] = {
  { "procedure", N_("Procedure"), column_name, .wide = TRUE, .strong = TRUE },
  { "when", N_("When"), column_when },
  { "reason", N_("Reason"), rounds_column_reason, .wide = TRUE },
  { "status", N_("Status"), column_status },
};

static const RoundsField fields[] = {
  { "code", N_("Procedure"), ROUNDS_FIELD_CONCEPT, "code", .required = TRUE },
  { "when", N_("When"), ROUNDS_FIELD_DATE, "performed[x]", .initial = "today", .half = TRUE },
  { "status", N_("Status"), ROUNDS_FIELD_CHOICE, "status", .choices = status_choices, .initial = "completed",
    .required = TRUE, .half = TRUE },
  { "site", N_("Where on the body"), ROUNDS_FIELD_CONCEPT, "bodySite.0" },
  { "reason", N_("Reason"), ROUNDS_FIELD_CONCEPT, "reasonCode.0", .terms = ROUNDS_TERMS_PROBLEMS },
  { "outcome", N_("Outcome"), ROUNDS_FIELD_CONCEPT, "outcome" },
  { "note", N_("Remark"), ROUNDS_FIELD_MULTILINE, "note.0.text" },
};

static const char *const types[] = { "Procedure", NULL };

const RoundsSection rounds_section_procedures = {
  .id = "procedures", .title = N_("Procedures"), .one = N_("procedure"), .add = N_("Add procedure"), .save = N_("Add"),
  .empty = N_("No procedures are recorded."), .types = types,
  .columns = columns, .n_columns = G_N_ELEMENTS (columns), .fields = fields, .n_fields = G_N_ELEMENTS (fields),
  .fill = fill, .stop = N_("Complete"), .stop_resource = stop_resource, .mark_error = mark_error, .pill = pill,
};
