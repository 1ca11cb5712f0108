/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Medications: MedicationRequest is prescribed here; MedicationStatement is shown beside it. A dosage is kept
 * twice in FHIR, structured and in words; both must say the same, so the words are made again whenever the
 * structure changes, and words that say more are asked about rather than dropped. */

#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>

#include "charts/sections.h"
#include "charts/words.h"
#include "fhir/resource.h"

#define DOSE "dosageInstruction.0.doseAndRate.0.doseQuantity"
#define REPEAT "dosageInstruction.0.timing.repeat"

/* The dosage of either type. */
static json_object *
dosage_of (json_object *resource)
{
  json_object *dosage = rounds_json_peek (resource, "dosageInstruction.0");

  return dosage != NULL ? dosage : rounds_json_peek (resource, "dosage.0");
}

/* "3" per "1" "d" → the words of the pick list, else "3 × per 2 days". */
static char *
timing_words (json_object *dosage)
{
  const char *text = rounds_json_peek_string (dosage, "timing.code.text");
  const char *frequency = rounds_json_peek_digits (dosage, "timing.repeat.frequency");
  const char *period = rounds_json_peek_digits (dosage, "timing.repeat.period");
  const char *unit = rounds_json_peek_string (dosage, "timing.repeat.periodUnit");
  json_object *needed = rounds_json_peek (dosage, "asNeededBoolean");
  const gboolean as_needed = needed != NULL && json_object_get_boolean (needed);
  g_autofree char *words = NULL;

  if (text == NULL)
    text = rounds_concept_display (rounds_json_peek (dosage, "timing.code"));
  if (text != NULL)
    words = g_strdup (text);
  else if (period != NULL && unit != NULL)
    {
      if (frequency == NULL)
        frequency = "1";
      if (strcmp (unit, "d") == 0 && strcmp (period, "1") == 0)
        words = strcmp (frequency, "1") == 0   ? g_strdup (_("once a day"))
                : strcmp (frequency, "2") == 0 ? g_strdup (_("twice a day"))
                                               : g_strdup_printf (_("%s times a day"), frequency);
      else if (strcmp (frequency, "1") == 0)
        words = g_strdup_printf (_("every %s %s"), period, unit);
      else
        words = g_strdup_printf (_("%s × per %s %s"), frequency, period, unit);
    }
  if (as_needed && words == NULL)
    return g_strdup (_("as needed"));
  if (as_needed && strcmp (words, _("as needed")) != 0)
    return g_strdup_printf (_("%s as needed"), words);
  return g_steal_pointer (&words);
}

static char *
dose_words (json_object *dosage)
{
  json_object *quantity = rounds_json_peek (dosage, "doseAndRate.0.doseQuantity");
  json_object *range = rounds_json_peek (dosage, "doseAndRate.0.doseRange");

  if (quantity != NULL)
    return rounds_words_quantity (quantity);
  if (range != NULL)
    {
      g_autofree char *low = rounds_words_quantity (rounds_json_peek (range, "low"));
      g_autofree char *high = rounds_words_quantity (rounds_json_peek (range, "high"));

      return g_strdup_printf ("%s – %s", low != NULL ? low : "", high != NULL ? high : "");
    }
  return NULL;
}

/* "500 mg by mouth, three times a day for 7 d". NULL when nothing is structured. */
static char *
dosage_compose (json_object *dosage)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *dose = dose_words (dosage), *timing = timing_words (dosage);
  g_autofree char *length = rounds_words_quantity (rounds_json_peek (dosage, "timing.repeat.boundsDuration"));
  const char *route = rounds_concept_display (rounds_json_peek (dosage, "route"));

  if (dose != NULL)
    g_string_append (out, dose);
  if (route != NULL)
    g_string_append_printf (out, "%s%s", out->len > 0 ? " " : "", route);
  if (timing != NULL)
    g_string_append_printf (out, "%s%s", out->len > 0 ? ", " : "", timing);
  if (length != NULL)
    g_string_append_printf (out, out->len > 0 ? " %s %s" : "%s %s", _("for"), length);
  return out->len > 0 ? g_strdup (out->str) : NULL;
}

static char *
column_how (json_object *resource, gint64 now_us)
{
  json_object *dosage = dosage_of (resource);
  const char *text = rounds_json_peek_string (dosage, "text");

  return text != NULL ? g_strdup (text) : dosage_compose (dosage);
}

static char *
column_name (json_object *resource, gint64 now_us)
{
  return rounds_section_name (&rounds_section_medications, resource);
}

static char *
name (json_object *resource)
{
  const char *text = rounds_concept_display (rounds_json_peek (resource, "medicationCodeableConcept"));

  if (text == NULL)
    text = rounds_concept_display (rounds_json_peek (resource, "medicationReference"));
  return g_strdup (text);
}

static char *
column_since (json_object *resource, gint64 now_us)
{
  const char *start = rounds_json_peek_string (resource, "dispenseRequest.validityPeriod.start");

  return rounds_words_day (start != NULL ? start : rounds_resource_peek_time (resource), now_us);
}

static char *
column_status (json_object *resource, gint64 now_us)
{
  const char *status = rounds_json_peek_string (resource, "status");
  const gboolean stated = g_strcmp0 (rounds_json_peek_string (resource, "resourceType"), "MedicationStatement") == 0;

  if (stated)
    return g_strdup_printf (_("reported, %s"), rounds_words_code (status != NULL ? status : "unknown"));
  return g_strdup (rounds_words_code (status));
}

static gboolean
is_active (json_object *resource)
{
  const char *status = rounds_json_peek_string (resource, "status");

  /* What is on hold is still meant to be taken again; what nobody knows must be looked at. */
  return status == NULL || g_str_equal (status, "active") || g_str_equal (status, "on-hold")
         || g_str_equal (status, "unknown") || g_str_equal (status, "draft") || g_str_equal (status, "intended");
}

static char *
pill (json_object *resource, RoundsMark *mark)
{
  const char *status = rounds_json_peek_string (resource, "status");

  if (status == NULL || g_str_equal (status, "active"))
    return NULL;
  *mark = is_active (resource) ? ROUNDS_MARK_LOOK : ROUNDS_MARK_NONE;
  return g_strdup (rounds_words_code (status));
}

static void
fill (json_object *resource, const char *who, gint64 now_us)
{
  g_autofree char *now = rounds_date_from_typed ("now", now_us, NULL);

  rounds_json_set_string (resource, "status", "active");
  rounds_json_set_string (resource, "intent", "order");
  rounds_json_set_string (resource, "authoredOn", now);
  rounds_json_set_string (resource, "requester.display", who);
}

static gboolean
stop_resource (json_object *resource, gint64 now_us)
{
  if (!is_active (resource))
    return FALSE;
  rounds_json_set_string (resource, "status", "stopped");
  return TRUE;
}

static void
mark_error (json_object *resource)
{
  rounds_json_set_string (resource, "status", "entered-in-error");
}

/* --- how often, and the words ---------------------------------------------------------------------- */

static json_object *
how_often_get (json_object *resource)
{
  g_autofree char *words = timing_words (rounds_json_peek (resource, "dosageInstruction.0"));
  json_object *value;

  if (words == NULL)
    return NULL;
  value = json_object_new_object ();
  rounds_json_add_string (value, "text", words);
  return value;
}

static gboolean
how_often_set (json_object *resource, json_object *value, GError **error)
{
  const char *text = rounds_json_peek_string (value, "text");
  const char *code = rounds_json_peek_string (value, "code");
  g_autoptr (json_object) bounds = json_object_get (rounds_json_peek (resource, REPEAT ".boundsDuration"));
  int frequency, period;
  char unit[4] = "", when[8] = "";
  gboolean done;

  rounds_json_set (resource, "dosageInstruction.0.timing.code", NULL);
  rounds_json_set (resource, "dosageInstruction.0.asNeededBoolean", NULL);
  for (guint i = 0; i < 6; i++)
    {
      static const char *const parts[] = { "frequency", "period", "periodUnit", "when", "count", "dayOfWeek" };
      g_autofree char *path = g_strconcat (REPEAT ".", parts[i], NULL);

      rounds_json_set (resource, path, NULL);
    }
  if (text == NULL || *text == '\0')
    return TRUE;
  if (code != NULL && strcmp (code, "PRN") == 0)
    return rounds_json_set (resource, "dosageInstruction.0.asNeededBoolean", json_object_new_boolean (TRUE));
  done = rounds_json_set_string (resource, "dosageInstruction.0.timing.code.text", text);
  if (code != NULL && strcmp (code, "ONCE") == 0)
    return done && rounds_json_set (resource, REPEAT ".count", json_object_new_int (1));
  if (code != NULL && sscanf (code, "%d/%d%3[a-z] %7[A-Z]", &frequency, &period, unit, when) >= 3)
    {
      done = done && rounds_json_set (resource, REPEAT ".frequency", json_object_new_int (frequency));
      done = done && rounds_json_set (resource, REPEAT ".period", json_object_new_int (period));
      done = done && rounds_json_set_string (resource, REPEAT ".periodUnit", unit);
      if (*when != '\0')
        done = done && rounds_json_set_string (resource, REPEAT ".when.0", when);
    }
  return done;
}

/* For what: a problem of the patient's own list by reference, else in words. A reference without a display is a
 * value without text; the form looks its name up, and that is no change. */
static const RoundsField reason_code = { "reason", N_("For problem"), ROUNDS_FIELD_CONCEPT, "reasonCode.0" };

static json_object *
reason_get (json_object *resource)
{
  const char *reference = rounds_json_peek_string (resource, "reasonReference.0.reference");
  const char *text = rounds_json_peek_string (resource, "reasonReference.0.display");
  json_object *value;

  if (reference == NULL)
    return rounds_field_get (&reason_code, resource);
  if (text == NULL)
    text = rounds_concept_display (rounds_json_peek (resource, "reasonCode.0"));
  value = json_object_new_object ();
  rounds_json_add_string (value, "text", text);
  rounds_json_add_string (value, "reference", reference);
  return value;
}

static gboolean
reason_set (json_object *resource, json_object *value, GError **error)
{
  const char *reference = rounds_json_peek_string (value, "reference");
  const char *there = rounds_json_peek_string (resource, "reasonReference.0.reference");
  json_object *chosen;

  if (reference == NULL)
    return (there == NULL || rounds_json_set (resource, "reasonReference.0", NULL))
           && rounds_field_set (&reason_code, resource, value, error);
  if (g_strcmp0 (reference, there) == 0)
    return TRUE;
  chosen = json_object_new_object ();
  rounds_json_add_string (chosen, "reference", reference);
  rounds_json_add_string (chosen, "display", rounds_json_peek_string (value, "text"));
  return rounds_json_set (resource, "reasonCode.0", NULL) && rounds_json_set (resource, "reasonReference.0", chosen);
}

static json_object *
duration_get (json_object *resource)
{
  g_autofree char *words = rounds_words_quantity (rounds_json_peek (resource, REPEAT ".boundsDuration"));

  return words != NULL ? json_object_new_string (words) : NULL;
}

static gboolean
duration_set (json_object *resource, json_object *value, GError **error)
{
  static const struct { const char *word, *unit, *code; } units[] = {
    { "d", "d", "d" }, { "day", "d", "d" }, { "w", "wk", "wk" }, { "mo", "mo", "mo" }, { "h", "h", "h" }, { "y", "a", "a" },
  };
  const char *text = value != NULL ? json_object_get_string (value) : "";
  g_autofree char *digits = NULL, *unit = NULL;

  if (*text == '\0')
    return rounds_json_set (resource, REPEAT ".boundsDuration", NULL);
  if (rounds_quantity_from_typed (text, &digits, &unit, NULL))
    for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
      if (*unit == '\0' || g_str_has_prefix (unit, units[i].word) || g_str_has_prefix (unit, _("days")))
        {
          json_object *quantity = json_object_new_object ();

          json_object_object_add (quantity, "value", rounds_json_new_decimal (digits));
          rounds_json_add_string (quantity, "unit", units[i].unit);
          rounds_json_add_string (quantity, "system", "http://unitsofmeasure.org");
          rounds_json_add_string (quantity, "code", units[i].code);
          rounds_json_set (resource, REPEAT ".boundsPeriod", NULL);
          rounds_json_set (resource, REPEAT ".boundsRange", NULL);
          return rounds_json_set (resource, REPEAT ".boundsDuration", quantity);
        }
  g_set_error (error, ROUNDS_CHARTS_ERROR, ROUNDS_CHARTS_ERROR_INVALID, _("For: write 7 days, 2 weeks or 3 months"));
  return FALSE;
}

/* Words only where they say something else than the structure. */
static json_object *
words_get (json_object *resource)
{
  json_object *dosage = rounds_json_peek (resource, "dosageInstruction.0");
  const char *text = rounds_json_peek_string (dosage, "text");
  g_autofree char *composed = dosage_compose (dosage);

  return text != NULL && g_strcmp0 (text, composed) != 0 ? json_object_new_string (text) : NULL;
}

static gboolean
words_set (json_object *resource, json_object *value, GError **error)
{
  return rounds_json_set_string (resource, "dosageInstruction.0.text", value != NULL ? json_object_get_string (value) : NULL);
}

static gboolean
value_changed (json_object *before, json_object *after, const char *id)
{
  json_object *a = NULL, *b = NULL;

  json_object_object_get_ex (before, id, &a);
  json_object_object_get_ex (after, id, &b);
  return a == NULL || b == NULL ? a != b : !rounds_json_equal (a, b);
}

static gboolean
finish (json_object *resource, json_object *before, json_object *after, const char *who, gint64 now_us, GError **error)
{
  const gboolean structure = value_changed (before, after, "dose") || value_changed (before, after, "route")
                             || value_changed (before, after, "often") || value_changed (before, after, "for");
  json_object *words = NULL;

  json_object_object_get_ex (after, "words", &words);
  if (!structure && !value_changed (before, after, "words"))
    return TRUE;
  if (words != NULL && json_object_get_string_len (words) > 0)
    {
      if (structure && !value_changed (before, after, "words"))
        {
          g_set_error (error, ROUNDS_CHARTS_ERROR, ROUNDS_CHARTS_ERROR_INVALID,
                       _("“In other words” was written for another dose: change it too, or empty it"));
          return FALSE;
        }
      return TRUE;
    }
  g_autofree char *composed = dosage_compose (rounds_json_peek (resource, "dosageInstruction.0"));

  return rounds_json_set_string (resource, "dosageInstruction.0.text", composed);
}

static const RoundsChoice status_choices[] = {
  { "active", N_("active") }, { "on-hold", N_("on hold") }, { "completed", N_("completed") },
  { "stopped", N_("stopped") }, { "cancelled", N_("cancelled") }, { "draft", N_("draft") }, { NULL },
};

static const RoundsColumn columns[] = {
  { "drug", N_("Drug"), column_name, .wide = TRUE, .strong = TRUE },
  { "how", N_("How"), column_how, .wide = TRUE },
  { "since", N_("Since"), column_since },
  { "status", N_("Status"), column_status },
};

static const RoundsField fields[] = {
  { "drug", N_("Drug"), ROUNDS_FIELD_CONCEPT, "medicationCodeableConcept", .terms = ROUNDS_TERMS_DRUGS, .required = TRUE,
    .hint = N_("Name and strength; any words will do") },
  { "dose", N_("Dose"), ROUNDS_FIELD_QUANTITY, DOSE, .half = TRUE, .hint = N_("500 mg") },
  { "route", N_("Route"), ROUNDS_FIELD_CONCEPT, "dosageInstruction.0.route", .terms = ROUNDS_TERMS_ROUTES, .half = TRUE },
  { "often", N_("How often"), ROUNDS_FIELD_CONCEPT, NULL, .terms = ROUNDS_TERMS_FREQUENCIES, .half = TRUE,
    .get = how_often_get, .set = how_often_set },
  { "for", N_("For"), ROUNDS_FIELD_TEXT, NULL, .half = TRUE, .hint = N_("7 days"), .get = duration_get, .set = duration_set },
  { "words", N_("In other words"), ROUNDS_FIELD_TEXT, NULL, .hint = N_("Empty = made from the above"), .get = words_get,
    .set = words_set },
  { "reason", N_("For problem"), ROUNDS_FIELD_CONCEPT, NULL, .terms = ROUNDS_TERMS_PROBLEMS,
    .own = &rounds_section_problems, .get = reason_get, .set = reason_set },
  { "from", N_("From"), ROUNDS_FIELD_DATE, "dispenseRequest.validityPeriod.start", .initial = "now", .half = TRUE },
  { "status", N_("Status"), ROUNDS_FIELD_CHOICE, "status", .choices = status_choices, .initial = "active", .half = TRUE,
    .required = TRUE },
  { "note", N_("Remark"), ROUNDS_FIELD_MULTILINE, "note.0.text" },
};

static const char *const types[] = { "MedicationRequest", "MedicationStatement", NULL };

const RoundsSection rounds_section_medications = {
  .id = "medications", .title = N_("Medications"), .one = N_("medication"), .add = N_("Prescribe"),
  .save = N_("Prescribe"), .empty = N_("No medications are recorded."), .types = types, .is_active = is_active,
  .columns = columns, .n_columns = G_N_ELEMENTS (columns), .fields = fields, .n_fields = G_N_ELEMENTS (fields),
  .fill = fill, .finish = finish, .check = rounds_check_drug, .stop = N_("Stop"), .stop_resource = stop_resource,
  .mark_error = mark_error, .pill = pill, .when = column_since, .line = column_how, .name = name,
};
