/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Immunizations. All of them are shown as active: what was given stays given. */

#include <glib/gi18n-lib.h>

#include "charts/sections.h"
#include "charts/words.h"
#include "fhir/resource.h"

static const RoundsChoice status_choices[] = {
  { "completed", N_("given") }, { "not-done", N_("not done") }, { NULL },
};

static char *
column_name (json_object *resource, gint64 now_us)
{
  return rounds_section_name (&rounds_section_immunizations, resource);
}

static char *
column_when (json_object *resource, gint64 now_us)
{
  const char *text = rounds_json_peek_string (resource, "occurrenceString");

  return text != NULL ? g_strdup (text) : rounds_words_day (rounds_json_peek_string (resource, "occurrenceDateTime"), now_us);
}

static char *
column_dose (json_object *resource, gint64 now_us)
{
  json_object *number = rounds_json_peek (resource, "protocolApplied.0.doseNumberPositiveInt");

  if (number != NULL)
    return g_strdup (json_object_to_json_string (number));
  return g_strdup (rounds_json_peek_string (resource, "protocolApplied.0.doseNumberString"));
}

static char *
column_lot (json_object *resource, gint64 now_us)
{
  return g_strdup (rounds_json_peek_string (resource, "lotNumber"));
}

static char *
column_status (json_object *resource, gint64 now_us)
{
  const char *status = rounds_json_peek_string (resource, "status");

  return g_strdup (g_strcmp0 (status, "completed") == 0 ? _("given") : rounds_words_code (status));
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
  g_autofree char *now = rounds_date_from_typed ("now", now_us, NULL);

  rounds_json_set_string (resource, "recorded", now);
  rounds_json_set (resource, "primarySource", json_object_new_boolean (TRUE));
}

static void
mark_error (json_object *resource)
{
  rounds_json_set_string (resource, "status", "entered-in-error");
}

static const RoundsColumn columns[] = {
  { "vaccine", N_("Vaccine"), column_name, .wide = TRUE, .strong = TRUE },
  { "when", N_("When"), column_when },
  { "dose", N_("Dose no."), column_dose },
  { "lot", N_("Lot"), column_lot },
  { "status", N_("Status"), column_status },
};

static const RoundsField fields[] = {
  { "vaccine", N_("Vaccine"), ROUNDS_FIELD_CONCEPT, "vaccineCode", .terms = ROUNDS_TERMS_VACCINES, .required = TRUE },
  { "when", N_("When"), ROUNDS_FIELD_DATE, "occurrence[x]", .initial = "today", .required = TRUE, .half = TRUE },
  { "status", N_("Status"), ROUNDS_FIELD_CHOICE, "status", .choices = status_choices, .initial = "completed",
    .required = TRUE, .half = TRUE },
  { "lot", N_("Lot"), ROUNDS_FIELD_TEXT, "lotNumber", .half = TRUE },
  { "dose", N_("Amount"), ROUNDS_FIELD_QUANTITY, "doseQuantity", .half = TRUE, .hint = N_("0.5 mL") },
  { "site", N_("Site"), ROUNDS_FIELD_CONCEPT, "site", .half = TRUE },
  { "route", N_("Route"), ROUNDS_FIELD_CONCEPT, "route", .terms = ROUNDS_TERMS_ROUTES, .half = TRUE },
  { "note", N_("Remark"), ROUNDS_FIELD_MULTILINE, "note.0.text" },
};

static const char *const types[] = { "Immunization", NULL };

const RoundsSection rounds_section_immunizations = {
  .id = "immunizations", .title = N_("Immunizations"), .one = N_("immunization"), .add = N_("Add immunization"),
  .save = N_("Add"), .empty = N_("No immunizations are recorded."), .types = types,
  .columns = columns, .n_columns = G_N_ELEMENTS (columns), .fields = fields, .n_fields = G_N_ELEMENTS (fields),
  .fill = fill, .mark_error = mark_error, .pill = pill, .when = column_when,
};
