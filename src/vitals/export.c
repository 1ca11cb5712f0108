/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Vitals for other programs: one flat CSV, or FHIR.
 *
 * SampledData wants equal distances, and real feeds have holes: each unbroken stretch becomes one Observation, so
 * that a gap stays a gap for whoever reads it. */
#include "vitals/export.h"

#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "base/quantity.h"
#include "vitals/answer.h"

#define MIN_STRETCH 8
#define MAX_STRETCH 100000

static void
append_cell (GString *out, const char *text)
{
  if (strpbrk (text, ",\"\r\n") == NULL)
    {
      g_string_append (out, text);
      return;
    }
  g_string_append_c (out, '"');
  for (const char *p = text; *p != '\0'; p++)
    {
      if (*p == '"')
        g_string_append_c (out, '"');
      g_string_append_c (out, *p);
    }
  g_string_append_c (out, '"');
}

char *
rounds_vitals_export_csv (const RoundsVitalsChart *chart)
{
  GString *out = g_string_new ("time,parameter,value,unit\n");
  g_autofree gsize *next = g_new0 (gsize, chart->series->len + 1);

  for (;;)
    {
      RoundsVitalSeries *best = NULL;
      guint best_index = 0;

      for (guint i = 0; i < chart->series->len; i++)
        {
          RoundsVitalSeries *series = g_ptr_array_index (chart->series, i);

          if (next[i] < series->samples->len &&
              (best == NULL || g_array_index (series->samples, RoundsSample, next[i]).time_us <
                                 g_array_index (best->samples, RoundsSample, next[best_index]).time_us))
            {
              best = series;
              best_index = i;
            }
        }
      if (best == NULL)
        break;
      {
        const RoundsSample *sample = &g_array_index (best->samples, RoundsSample, next[best_index]++);
        g_autofree char *time = rounds_instant_format_us (sample->time_us);
        g_autofree char *value = rounds_decimal_format (sample->value, 0);

        g_string_append_printf (out, "%s,", time);
        append_cell (out, best->code);
        g_string_append_printf (out, ",%s,", value);
        append_cell (out, best->unit);
        g_string_append_c (out, '\n');
      }
    }
  return g_string_free (out, FALSE);
}

static json_object *
observation_new (const char *patient_id, const char *code, const char *label, gint64 time_us, guint place)
{
  const RoundsVital *vital = rounds_vital_find (code);
  json_object *self = json_object_new_object ();
  json_object *categories = json_object_new_array (), *category = json_object_new_object ();
  json_object *category_codings = json_object_new_array (), *category_coding = json_object_new_object ();
  json_object *concept = json_object_new_object (), *subject = json_object_new_object ();
  g_autofree char *reference = g_strconcat ("Patient/", patient_id, NULL);
  g_autofree char *time = rounds_instant_format_us (time_us);
  g_autofree char *seed = g_strdup_printf ("%s\n%s\n%s\n%" G_GINT64_FORMAT "\n%u", patient_id, code, label, time_us, place);
  g_autofree char *id = g_compute_checksum_for_string (G_CHECKSUM_SHA256, seed, -1);

  id[40] = '\0';
  rounds_json_add_string (self, "resourceType", "Observation");
  rounds_json_add_string (self, "id", id);
  rounds_json_add_string (self, "status", "final");
  rounds_json_add_string (category_coding, "system", "http://terminology.hl7.org/CodeSystem/observation-category");
  rounds_json_add_string (category_coding, "code", vital != NULL && vital->laboratory ? "laboratory" : "vital-signs");
  json_object_array_add (category_codings, category_coding);
  json_object_object_add (category, "coding", category_codings);
  json_object_array_add (categories, category);
  json_object_object_add (self, "category", categories);
  if (vital != NULL)
    {
      json_object *codings = json_object_new_array (), *coding = json_object_new_object ();

      rounds_json_add_string (coding, "system", ROUNDS_LOINC);
      rounds_json_add_string (coding, "code", vital->code);
      rounds_json_add_string (coding, "display", vital->display);
      json_object_array_add (codings, coding);
      json_object_object_add (concept, "coding", codings);
    }
  rounds_json_add_string (concept, "text", label != NULL && *label != '\0' ? label : code);
  json_object_object_add (self, "code", concept);
  rounds_json_add_string (subject, "reference", reference);
  json_object_object_add (self, "subject", subject);
  rounds_json_add_string (self, "effectiveDateTime", time);
  return self;
}

static json_object *
quantity_new (double value, const char *unit)
{
  json_object *quantity = json_object_new_object ();

  json_object_object_add (quantity, "value", rounds_vitals_number (value));
  if (unit != NULL && *unit != '\0')
    {
      rounds_json_add_string (quantity, "unit", rounds_unit_display (unit));
      rounds_json_add_string (quantity, "system", ROUNDS_UCUM);
      rounds_json_add_string (quantity, "code", unit);
    }
  return quantity;
}

static void
add_entry (json_object *entries, json_object *resource)
{
  json_object *entry = json_object_new_object ();

  json_object_object_add (entry, "resource", resource);
  json_object_array_add (entries, entry);
}

/* How many samples from here on stand at equal distances. */
static gsize
stretch_length (const RoundsSample *samples, gsize n)
{
  gint64 period;
  gsize length = 2;

  if (n < 2)
    return n;
  period = samples[1].time_us - samples[0].time_us;
  if (period <= 0)
    return 1;
  while (length < n && length < MAX_STRETCH && samples[length].time_us - samples[length - 1].time_us == period)
    length++;
  return length;
}

void
rounds_vitals_series_to_fhir (const char *patient_id, const char *code, const char *label, const char *unit,
                              const RoundsSample *samples, gsize n, json_object *entries)
{
  gsize first = 0;   /* of the values at one time: their ids must differ, and be the same next time */

  for (gsize i = 0; i < n;)
    {
      gsize length = stretch_length (samples + i, n - i);
      json_object *observation = observation_new (patient_id, code, label, samples[i].time_us, (guint) (i - first));

      if (length >= MIN_STRETCH)
        {
          json_object *data = json_object_new_object ();
          g_autoptr (GString) text = g_string_new (NULL);

          json_object_object_add (data, "origin", quantity_new (0, unit));
          json_object_object_add (data, "period",
                                  rounds_vitals_number ((double) (samples[i + 1].time_us - samples[i].time_us) / 1000));
          json_object_object_add (data, "dimensions", json_object_new_int (1));
          for (gsize k = 0; k < length; k++)
            {
              g_autofree char *digits = rounds_decimal_format (samples[i + k].value, 0);

              g_string_append_printf (text, k == 0 ? "%s" : " %s", digits);
            }
          rounds_json_add_string (data, "data", text->str);
          json_object_object_add (observation, "valueSampledData", data);
        }
      else
        {
          json_object_object_add (observation, "valueQuantity", quantity_new (samples[i].value, unit));
          length = 1;
        }
      add_entry (entries, observation);
      if (i + length < n && samples[i + length].time_us != samples[first].time_us)
        first = i + length;
      i += length;
    }
}

json_object *
rounds_vitals_export_fhir (RoundsStore *store, const char *patient_id, GError **error)
{
  g_autoptr (GPtrArray) infos = rounds_store_series_list (store, patient_id, error);
  g_autoptr (json_object) bundle = NULL;
  json_object *entries;

  if (infos == NULL)
    return NULL;
  bundle = json_object_new_object ();
  entries = json_object_new_array ();
  rounds_json_add_string (bundle, "resourceType", "Bundle");
  rounds_json_add_string (bundle, "type", "collection");
  json_object_object_add (bundle, "entry", entries);
  for (guint i = 0; i < infos->len; i++)
    {
      const RoundsSeriesInfo *info = g_ptr_array_index (infos, i);
      g_autoptr (GArray) samples = rounds_store_series_read (store, info->id, G_MININT64, G_MAXINT64, error);

      if (samples == NULL)
        return NULL;
      rounds_vitals_series_to_fhir (patient_id, info->code, info->label, info->unit,
                                    (const RoundsSample *) samples->data, samples->len, entries);
    }
  return g_steal_pointer (&bundle);
}
