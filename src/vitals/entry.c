/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the entry form to FHIR Observations.
 *
 * A value is written in the unit it was entered in and with the digits it was entered with. Absolute limits
 * refuse, unusual values ask once: a monitor's typing error is caught, a real extreme is never locked out. */
#include "vitals/entry.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "base/quantity.h"
#include "fhir/resource.h"

#define CATEGORY_SYSTEM "http://terminology.hl7.org/CodeSystem/observation-category"

void
rounds_vitals_entry_init (RoundsVitalsEntry *self)
{
  *self = (RoundsVitalsEntry) {
    .time_us = 0, .respiratory_rate_per_min = NAN, .spo2_percent = NAN, .oxygen = ROUNDS_OXYGEN_UNKNOWN,
    .oxygen_flow_l_min = NAN, .systolic_mmhg = NAN, .diastolic_mmhg = NAN, .pulse_per_min = NAN,
    .temperature = NAN, .temperature_unit = "Cel", .consciousness = 0, .weight_kg = NAN,
  };
}

gboolean
rounds_vitals_entry_is_empty (const RoundsVitalsEntry *self)
{
  return isnan (self->respiratory_rate_per_min) && isnan (self->spo2_percent) &&
         self->oxygen == ROUNDS_OXYGEN_UNKNOWN && isnan (self->systolic_mmhg) && isnan (self->diastolic_mmhg) &&
         isnan (self->pulse_per_min) && isnan (self->temperature) && self->consciousness == 0 &&
         isnan (self->weight_kg);
}

void
rounds_vitals_entry_news2 (const RoundsVitalsEntry *self, int scale, RoundsNews2Input *out)
{
  *out = ROUNDS_NEWS2_INPUT_NONE;
  out->respiratory_rate_per_min = self->respiratory_rate_per_min;
  out->spo2_percent = self->spo2_percent;
  out->scale = scale;
  out->oxygen = self->oxygen;
  out->systolic_mmhg = self->systolic_mmhg;
  out->pulse_per_min = self->pulse_per_min;
  out->consciousness = self->consciousness;
  if (!isnan (self->temperature) &&
      !rounds_quantity_convert (self->temperature, self->temperature_unit, "Cel", &out->temperature_celsius))
    out->temperature_celsius = NAN;
}

/* --- checks ---------------------------------------------------------------------------------------------- */

/* What is a jump from one set of observations to the next. */
static double
unusual_change (const RoundsVital *vital)
{
  if (strcmp (vital->unit, "/min") == 0)
    return strcmp (vital->code, ROUNDS_CODE_RESPIRATORY_RATE) == 0 ? 15 : 60;
  if (strcmp (vital->unit, "mm[Hg]") == 0)
    return 70;
  if (strcmp (vital->unit, "Cel") == 0)
    return 2.5;
  if (strcmp (vital->unit, "%") == 0)
    return 12;
  return strcmp (vital->code, ROUNDS_CODE_WEIGHT) == 0 ? 10 : INFINITY;
}

RoundsEntryVerdict
rounds_vitals_entry_check (const char *code, double value, const char *unit, double last, char **message)
{
  const RoundsVital *vital = rounds_vital_find (code);
  g_autoptr (GError) error = NULL;
  double canonical;

  if (message != NULL)
    *message = NULL;
  if (vital == NULL || isnan (value))
    return ROUNDS_ENTRY_OK;
  if (!rounds_vital_check (vital, value, unit, &canonical, &error))
    {
      if (message != NULL)
        *message = g_strdup (error->message);
      return ROUNDS_ENTRY_REFUSE;
    }
  if (canonical >= vital->unusual_low && canonical <= vital->unusual_high &&
      !(isfinite (last) && fabs (canonical - last) > unusual_change (vital)))
    return ROUNDS_ENTRY_OK;
  if (message != NULL)
    {
      if (isfinite (last))
        {
          g_autofree char *before = rounds_vital_format (vital, last);
          *message = g_strdup_printf (_("Unusual: last was %s. Press Enter again to keep."), before);
        }
      else
        *message = g_strdup (_("Unusual. Press Enter again to keep."));
    }
  return ROUNDS_ENTRY_ASK;
}

RoundsEntryVerdict
rounds_vitals_entry_check_pressure (double systolic, double diastolic, char **message)
{
  if (message != NULL)
    *message = NULL;
  if (isnan (systolic) || isnan (diastolic) || diastolic < systolic)
    return ROUNDS_ENTRY_OK;
  if (message != NULL)
    *message = g_strdup (_("The diastolic pressure must be below the systolic."));
  return ROUNDS_ENTRY_REFUSE;
}

/* --- resources ---------------------------------------------------------------------------------------------- */

static json_object *
coding_new (const char *system, const char *code, const char *display)
{
  json_object *coding = json_object_new_object ();

  rounds_json_add_string (coding, "system", system);
  rounds_json_add_string (coding, "code", code);
  rounds_json_add_string (coding, "display", display);
  return coding;
}

static json_object *
concept_new (json_object *coding, const char *text)
{
  json_object *concept = json_object_new_object ();
  json_object *codings = json_object_new_array ();

  json_object_array_add (codings, coding);
  json_object_object_add (concept, "coding", codings);
  rounds_json_add_string (concept, "text", text);
  return concept;
}

static json_object *
quantity_new (double value, const char *ucum)
{
  json_object *quantity = json_object_new_object ();
  g_autofree char *digits = rounds_decimal_format (value, 0);

  json_object_object_add (quantity, "value", rounds_json_new_decimal (digits));
  rounds_json_add_string (quantity, "unit", rounds_unit_display (ucum));
  rounds_json_add_string (quantity, "system", ROUNDS_UCUM);
  rounds_json_add_string (quantity, "code", ucum);
  return quantity;
}

static json_object *
observation_new (const char *patient_id, const char *performer, gint64 time_us, const char *category,
                 json_object *code)
{
  json_object *self = json_object_new_object ();
  json_object *categories = json_object_new_array ();
  json_object *subject = json_object_new_object ();
  g_autofree char *id = rounds_fhir_new_id ();
  g_autofree char *reference = g_strconcat ("Patient/", patient_id, NULL);
  g_autofree char *time = rounds_instant_format_us (time_us);

  rounds_json_add_string (self, "resourceType", "Observation");
  rounds_json_add_string (self, "id", id);
  rounds_json_add_string (self, "status", "final");
  json_object_array_add (categories, concept_new (coding_new (CATEGORY_SYSTEM, category, NULL), NULL));
  json_object_object_add (self, "category", categories);
  json_object_object_add (self, "code", code);
  rounds_json_add_string (subject, "reference", reference);
  json_object_object_add (self, "subject", subject);
  rounds_json_add_string (self, "effectiveDateTime", time);
  if (performer != NULL)
    {
      json_object *performers = json_object_new_array ();
      json_object *who = json_object_new_object ();

      rounds_json_add_string (who, "display", performer);
      json_object_array_add (performers, who);
      json_object_object_add (self, "performer", performers);
    }
  return self;
}

static json_object *
vital_code (const char *code)
{
  const RoundsVital *vital = rounds_vital_find (code);

  return concept_new (coding_new (ROUNDS_LOINC, code, vital->display), vital->display);
}

typedef struct {
  const RoundsVitalsEntry *entry;
  const char *patient_id, *performer;
  GPtrArray *out;
} Making;

static void
add_quantity (Making *self, const char *code, double value, const char *unit)
{
  json_object *observation;

  if (isnan (value))
    return;
  observation = observation_new (self->patient_id, self->performer, self->entry->time_us, "vital-signs",
                                 vital_code (code));
  json_object_object_add (observation, "valueQuantity", quantity_new (value, unit));
  g_ptr_array_add (self->out, observation);
}

static void
add_component (json_object *components, const char *code, double value)
{
  json_object *component;

  if (isnan (value))
    return;
  component = json_object_new_object ();
  json_object_object_add (component, "code", vital_code (code));
  json_object_object_add (component, "valueQuantity", quantity_new (value, "mm[Hg]"));
  json_object_array_add (components, component);
}

static void
add_pressure (Making *self)
{
  json_object *observation, *components;

  if (isnan (self->entry->systolic_mmhg) && isnan (self->entry->diastolic_mmhg))
    return;
  observation = observation_new (self->patient_id, self->performer, self->entry->time_us, "vital-signs",
                                 concept_new (coding_new (ROUNDS_LOINC, ROUNDS_CODE_BP_PANEL,
                                                          "Blood pressure panel with all children optional"),
                                              "Blood pressure"));
  components = json_object_new_array ();
  add_component (components, ROUNDS_CODE_SYSTOLIC, self->entry->systolic_mmhg);
  add_component (components, ROUNDS_CODE_DIASTOLIC, self->entry->diastolic_mmhg);
  json_object_object_add (observation, "component", components);
  g_ptr_array_add (self->out, observation);
}

static void
add_oxygen (Making *self)
{
  const RoundsVitalsEntry *entry = self->entry;

  if (entry->oxygen == ROUNDS_OXYGEN_AIR)
    add_quantity (self, ROUNDS_CODE_OXYGEN_FLOW, 0, "L/min");
  else if (entry->oxygen == ROUNDS_OXYGEN_GIVEN)
    add_quantity (self, ROUNDS_CODE_OXYGEN_FLOW, entry->oxygen_flow_l_min, "L/min");
}

static void
add_consciousness (Making *self)
{
  static const struct { char letter; const char *code, *display; } levels[] = {
    { 'A', "LA9340-6", "Alert" }, { 'C', "LA6560-2", "Confused" }, { 'V', "LA17108-4", "Responds to voice" },
    { 'P', "LA17107-6", "Responds to pain" }, { 'U', "LA9343-0", "Unresponsive" },
  };
  json_object *observation;

  for (guint i = 0; i < G_N_ELEMENTS (levels); i++)
    {
      if (levels[i].letter != self->entry->consciousness)
        continue;
      observation = observation_new (self->patient_id, self->performer, self->entry->time_us, "vital-signs",
                                     concept_new (coding_new (ROUNDS_LOINC, ROUNDS_CODE_CONSCIOUSNESS,
                                                              "Level of consciousness"),
                                                  "Level of consciousness (ACVPU)"));
      json_object_object_add (observation, "valueCodeableConcept",
                              concept_new (coding_new (ROUNDS_LOINC, levels[i].code, levels[i].display),
                                           levels[i].display));
      g_ptr_array_add (self->out, observation);
    }
}

static void
add_score (Making *self, int scale)
{
  static const char *const part_displays[] = { "Respiratory rate", "Oxygen saturation", "Air or oxygen",
                                               "Systolic blood pressure", "Pulse", "Consciousness", "Temperature" };
  RoundsNews2Input input;
  RoundsNews2 score;
  json_object *observation, *components, *derived;
  json_object *code;

  rounds_vitals_entry_news2 (self->entry, scale, &input);
  rounds_news2_score (&input, &score);
  if (!score.complete || !rounds_news2_check (&input, NULL))
    return;
  code = concept_new (coding_new (ROUNDS_CODE_SYSTEM_NEWS2, "total", "NEWS2 total score"), "NEWS2");
  observation = observation_new (self->patient_id, self->performer, self->entry->time_us, "survey", code);
  json_object_object_add (observation, "valueInteger", json_object_new_int (score.total));
  derived = json_object_new_array ();
  for (guint i = 0; i < self->out->len; i++)
    {
      json_object *reference = json_object_new_object ();
      g_autofree char *text =
        g_strconcat ("Observation/", rounds_json_peek_string (g_ptr_array_index (self->out, i), "id"), NULL);

      rounds_json_add_string (reference, "reference", text);
      json_object_array_add (derived, reference);
    }
  json_object_object_add (observation, "derivedFrom", derived);
  components = json_object_new_array ();
  for (guint i = 0; i < ROUNDS_N_NEWS2_PARTS; i++)
    {
      json_object *component = json_object_new_object ();

      json_object_object_add (component, "code",
                              concept_new (coding_new (ROUNDS_CODE_SYSTEM_NEWS2, rounds_news2_part_name (i),
                                                       part_displays[i]), part_displays[i]));
      json_object_object_add (component, "valueInteger", json_object_new_int (score.parts[i]));
      json_object_array_add (components, component);
    }
  json_object_object_add (observation, "component", components);
  g_ptr_array_add (self->out, observation);
}

GPtrArray *
rounds_vitals_entry_make (const RoundsVitalsEntry *entry, const char *patient_id, const char *performer, int scale,
                          gboolean score)
{
  GPtrArray *out = g_ptr_array_new_with_free_func ((GDestroyNotify) json_object_put);
  Making self = { entry, patient_id, performer, out };

  add_quantity (&self, ROUNDS_CODE_RESPIRATORY_RATE, entry->respiratory_rate_per_min, "/min");
  add_quantity (&self, ROUNDS_CODE_SPO2, entry->spo2_percent, "%");
  add_oxygen (&self);
  add_pressure (&self);
  add_quantity (&self, ROUNDS_CODE_HEART_RATE, entry->pulse_per_min, "/min");
  add_quantity (&self, ROUNDS_CODE_TEMPERATURE, entry->temperature, entry->temperature_unit);
  add_consciousness (&self);
  add_quantity (&self, ROUNDS_CODE_WEIGHT, entry->weight_kg, "kg");
  if (score)
    add_score (&self, scale);
  return out;
}

json_object *
rounds_vitals_scale_decision (const char *patient_id, int scale, gint64 time_us, const char *performer)
{
  json_object *self = observation_new (patient_id, performer, time_us, "survey",
                                       concept_new (coding_new (ROUNDS_CODE_SYSTEM_NEWS2, "spo2-scale",
                                                                "NEWS2 SpO2 scale in use"), "NEWS2 SpO₂ scale"));

  json_object_object_add (self, "valueInteger", json_object_new_int (scale));
  return self;
}

/* --- store ----------------------------------------------------------------------------------------------------- */

void
rounds_vitals_receipt_free (RoundsVitalsReceipt *self)
{
  if (self == NULL)
    return;
  g_free (self->type);
  g_free (self->id);
  g_free (self);
}

static gboolean
add_receipt (RoundsStore *store, GPtrArray *receipts, const char *type, const char *id, GError **error)
{
  g_autoptr (RoundsRecord) record = rounds_store_get (store, type, id, error);
  RoundsVitalsReceipt *receipt;

  if (record == NULL)
    return FALSE;
  receipt = g_new0 (RoundsVitalsReceipt, 1);
  receipt->type = g_strdup (type);
  receipt->id = g_strdup (id);
  receipt->revision = record->revision;
  g_ptr_array_add (receipts, receipt);
  return TRUE;
}

GPtrArray *
rounds_vitals_save (RoundsStore *store, GPtrArray *resources, const char *reason, GError **error)
{
  g_autoptr (RoundsEdit) edit = rounds_edit_new (reason);
  g_autoptr (GPtrArray) receipts = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_vitals_receipt_free);

  for (guint i = 0; i < resources->len; i++)
    {
      json_object *resource = g_ptr_array_index (resources, i);
      g_autofree char *text = rounds_json_print (resource);

      rounds_edit_put (edit, rounds_json_peek_string (resource, "resourceType"),
                       rounds_json_peek_string (resource, "id"), text, 0);
    }
  if (!rounds_store_apply (store, edit, error))
    return NULL;
  for (guint i = 0; i < resources->len; i++)
    {
      json_object *resource = g_ptr_array_index (resources, i);

      /* Saved is saved: without its revision a resource merely cannot be taken back by a button. */
      add_receipt (store, receipts, rounds_json_peek_string (resource, "resourceType"),
                   rounds_json_peek_string (resource, "id"), NULL);
    }
  return g_steal_pointer (&receipts);
}

gboolean
rounds_vitals_undo (RoundsStore *store, GPtrArray *receipts, GError **error)
{
  for (guint i = receipts->len; i > 0; i--)
    {
      const RoundsVitalsReceipt *receipt = g_ptr_array_index (receipts, i - 1);

      if (!rounds_store_undo (store, receipt->type, receipt->id, receipt->revision, error))
        return FALSE;
    }
  return TRUE;
}

GPtrArray *
rounds_vitals_retract (RoundsStore *store, const char *observation_id, GError **error)
{
  g_autoptr (RoundsRecord) record = rounds_store_get (store, "Observation", observation_id, error);
  g_autoptr (json_object) observation = NULL;
  g_autoptr (RoundsEdit) edit = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GPtrArray) receipts = NULL;

  if (record == NULL)
    return NULL;
  observation = rounds_record_parse (record);
  if (observation == NULL)
    {
      g_set_error_literal (error, ROUNDS_VITALS_ERROR, ROUNDS_VITALS_ERROR_INVALID, _("The value cannot be read."));
      return NULL;
    }
  json_object_object_add (observation, "status", json_object_new_string ("entered-in-error"));
  text = rounds_json_print (observation);
  edit = rounds_edit_new ("entered in error");
  rounds_edit_put (edit, "Observation", observation_id, text, record->revision);
  if (!rounds_store_apply (store, edit, error))
    return NULL;
  receipts = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_vitals_receipt_free);
  add_receipt (store, receipts, "Observation", observation_id, NULL);
  return g_steal_pointer (&receipts);
}
