/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a chart of vitals out of the store: Observations, dense series, the person, and the marks of events. */
#include "vitals/collect-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/instant.h"
#include "fhir/resource.h"

#define MAX_EVENTS_A_TYPE 400

static void
add_event (RoundsVitalsChart *self, RoundsVitalsEventKind kind, const char *time, const char *format,
           const char *label)
{
  RoundsInstant instant;
  RoundsVitalsEvent *event;

  if (time == NULL || label == NULL || !rounds_instant_parse (time, &instant, NULL))
    return;
  event = g_new0 (RoundsVitalsEvent, 1);
  event->kind = kind;
  event->time_us = instant.us;
  event->label = format != NULL ? g_strdup_printf (format, label) : g_strdup (label);
  g_ptr_array_add (self->events, event);
}

static void
add_resource_event (RoundsVitalsChart *self, const char *type, json_object *resource)
{
  const char *label = rounds_concept_display (rounds_resource_peek_concept (resource));
  const char *time = rounds_resource_peek_time (resource);

  if (rounds_resource_is_entered_in_error (resource))
    return;
  if (strcmp (type, "MedicationRequest") == 0)
    {
      const char *status = rounds_json_peek_string (resource, "status");
      const char *end = rounds_json_peek_string (resource, "dispenseRequest.validityPeriod.end");

      add_event (self, ROUNDS_VITALS_EVENT_MEDICATION, time, NULL, label);
      if (g_strcmp0 (status, "stopped") == 0 && end != NULL)
        add_event (self, ROUNDS_VITALS_EVENT_MEDICATION_ENDED, end, _("%s stopped"), label);
    }
  else if (strcmp (type, "MedicationAdministration") == 0)
    add_event (self, ROUNDS_VITALS_EVENT_MEDICATION, time, NULL, label);
  else if (strcmp (type, "ImagingStudy") == 0)
    {
      const char *text = rounds_json_peek_string (resource, "description");

      if (text == NULL)
        text = rounds_json_peek_string (resource, "modality.0.code");
      add_event (self, ROUNDS_VITALS_EVENT_SCAN, rounds_json_peek_string (resource, "started"), NULL,
                 text != NULL ? text : _("Scan"));
    }
  else
    add_event (self, ROUNDS_VITALS_EVENT_NOTE, time, NULL, _("Note"));
}

static gboolean
load_events (RoundsVitalsChart *self, RoundsStore *store, GCancellable *cancellable, GError **error)
{
  static const char *const types[] = { "MedicationRequest", "MedicationAdministration", "ImagingStudy",
                                       "DocumentReference", "Composition" };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autoptr (GPtrArray) records = rounds_store_list (store, types[i], self->patient_id, MAX_EVENTS_A_TYPE, error);

      if (records == NULL || g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      for (guint k = 0; k < records->len; k++)
        {
          g_autoptr (json_object) resource = rounds_record_parse (g_ptr_array_index (records, k));

          if (resource != NULL)
            add_resource_event (self, types[i], resource);
        }
    }
  return TRUE;
}

static gboolean
load_person (RoundsVitalsChart *self, RoundsStore *store, GError **error)
{
  static const char *const pregnant[] = { "72892002", "77386006", "47200007", NULL };
  g_autoptr (RoundsRecord) record = rounds_store_get (store, "Patient", self->patient_id, NULL);
  g_autoptr (GPtrArray) conditions = NULL;

  if (record != NULL)
    {
      g_autoptr (json_object) patient = rounds_record_parse (record);
      self->birth_date = g_strdup (rounds_json_peek_string (patient, "birthDate"));
    }
  conditions = rounds_store_list (store, "Condition", self->patient_id, 0, error);
  if (conditions == NULL)
    return FALSE;
  for (guint i = 0; i < conditions->len; i++)
    {
      g_autoptr (json_object) condition = rounds_record_parse (g_ptr_array_index (conditions, i));
      const char *code = condition != NULL
                           ? rounds_concept_code (rounds_json_peek (condition, "code"), ROUNDS_SNOMED) : NULL;

      if (code != NULL && g_strv_contains (pregnant, code) &&
          g_strcmp0 (rounds_resource_peek_status (condition), "active") == 0)
        self->pregnant = TRUE;
    }
  return TRUE;
}

static gboolean
load_series (RoundsVitalsChart *self, RoundsStore *store, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) infos = rounds_store_series_list (store, self->patient_id, error);

  if (infos == NULL)
    return FALSE;
  for (guint i = 0; i < infos->len; i++)
    {
      const RoundsSeriesInfo *info = g_ptr_array_index (infos, i);
      RoundsVitalSeries *series = rounds_vitals_chart_take_series (self, info->code, info->label, info->unit);
      g_autoptr (GArray) samples = NULL;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (series == NULL)
        continue;
      samples = rounds_store_series_read (store, info->id, G_MININT64, G_MAXINT64, error);
      if (samples == NULL)
        return FALSE;
      rounds_vital_series_add (series, (const RoundsSample *) samples->data, samples->len, info->unit);
    }
  return TRUE;
}

RoundsVitalsChart *
rounds_vitals_chart_load (RoundsStore *store, const char *patient_id, GCancellable *cancellable, GError **error)
{
  g_autoptr (RoundsVitalsChart) self =
    rounds_vitals_chart_new_for_series (g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_vital_series_free));
  g_autoptr (GPtrArray) records = NULL;

  self->patient_id = g_strdup (patient_id);
  if (!load_person (self, store, error))
    return NULL;
  records = rounds_store_list (store, "Observation", patient_id, 0, error);
  if (records == NULL)
    return NULL;
  for (guint i = 0; i < records->len; i++)
    {
      g_autoptr (json_object) observation = rounds_record_parse (g_ptr_array_index (records, i));

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      if (observation != NULL)
        rounds_vitals_chart_add_observation (self, observation);
    }
  if (!load_series (self, store, cancellable, error) || !load_events (self, store, cancellable, error))
    return NULL;
  rounds_vitals_chart_finish (self);
  return g_steal_pointer (&self);
}
