/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One patient's vitals out of the store: FHIR Observations and dense series become one list of series by code.
 *
 * Everything is read once into an immutable chart that views, plots and the command line share: a chart can be
 * handed between threads without a lock, and a late one is dropped whole. */
#include "vitals/collect.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "base/quantity.h"
#include "fhir/resource.h"
#include "vitals/collect-private.h"

#define MAX_SAMPLED_DATA 10000000u

static void
event_free (gpointer data)
{
  RoundsVitalsEvent *event = data;

  g_free (event->label);
  g_free (event);
}

static void
row_free (gpointer data)
{
  RoundsVitalsEntryRow *row = data;

  g_free (row->code);
  g_free (row->unit);
  g_free (row->text);
  g_free (row->observation_id);
  g_free (row);
}

RoundsVitalsChart *
rounds_vitals_chart_new_for_series (GPtrArray *series)
{
  RoundsVitalsChart *self = g_atomic_rc_box_new0 (RoundsVitalsChart);

  self->series = series;
  self->consciousness = g_array_new (FALSE, FALSE, sizeof (RoundsConsciousness));
  self->news2 = g_array_new (FALSE, FALSE, sizeof (RoundsNews2Point));
  self->events = g_ptr_array_new_with_free_func (event_free);
  self->rows = g_ptr_array_new_with_free_func (row_free);
  self->spo2_scale = 1;
  self->scale_decided_us = G_MININT64;
  self->first_us = G_MAXINT64;
  self->last_us = G_MININT64;
  return self;
}

RoundsVitalsChart *
rounds_vitals_chart_ref (RoundsVitalsChart *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
chart_clear (gpointer data)
{
  RoundsVitalsChart *self = data;

  g_free (self->patient_id);
  g_free (self->birth_date);
  g_ptr_array_unref (self->series);
  g_array_unref (self->consciousness);
  g_array_unref (self->news2);
  g_ptr_array_unref (self->events);
  g_ptr_array_unref (self->rows);
}

void
rounds_vitals_chart_unref (RoundsVitalsChart *self)
{
  if (self != NULL)
    g_atomic_rc_box_release_full (self, chart_clear);
}

RoundsVitalSeries *
rounds_vitals_chart_find (const RoundsVitalsChart *self, const char *code)
{
  const RoundsVital *vital;

  for (guint i = 0; i < self->series->len; i++)
    {
      RoundsVitalSeries *series = g_ptr_array_index (self->series, i);
      if (strcmp (series->code, code) == 0)
        return series;
    }
  vital = rounds_vital_find_name (code);
  for (guint i = 0; vital != NULL && i < self->series->len; i++)
    {
      RoundsVitalSeries *series = g_ptr_array_index (self->series, i);
      if (series->vital == vital)
        return series;
    }
  return NULL;
}

/* A series of this code that can hold this unit; made when there is none. */
RoundsVitalSeries *
rounds_vitals_chart_take_series (RoundsVitalsChart *self, const char *code, const char *label, const char *unit)
{
  RoundsVitalSeries *series;

  for (guint i = 0; i < self->series->len; i++)
    {
      series = g_ptr_array_index (self->series, i);
      if (strcmp (series->code, code) == 0)
        return series;
    }
  if (self->series->len >= ROUNDS_VITALS_MAX_SIGNALS)
    return NULL;
  series = rounds_vital_series_new (code, label, unit);
  g_ptr_array_add (self->series, series);
  return series;
}

/* --- Observations ---------------------------------------------------------------------------------------- */

static gboolean
has_category (json_object *observation, const char *wanted)
{
  json_object *categories = rounds_json_peek (observation, "category");
  size_t n = json_object_is_type (categories, json_type_array) ? json_object_array_length (categories) : 0;

  for (size_t i = 0; i < n; i++)
    {
      json_object *codings = rounds_json_peek (json_object_array_get_idx (categories, i), "coding");
      size_t m = json_object_is_type (codings, json_type_array) ? json_object_array_length (codings) : 0;

      for (size_t k = 0; k < m; k++)
        {
          const char *code = rounds_json_peek_string (json_object_array_get_idx (codings, k), "code");
          if (g_strcmp0 (code, wanted) == 0)
            return TRUE;
        }
    }
  return FALSE;
}

static gboolean
observation_time (json_object *observation, gint64 *out)
{
  static const char *const paths[] = { "effectiveDateTime", "effectiveInstant", "effectivePeriod.start", "issued" };
  RoundsInstant instant;

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      const char *text = rounds_json_peek_string (observation, paths[i]);
      if (text != NULL && rounds_instant_parse (text, &instant, NULL))
        {
          *out = instant.us;
          return TRUE;
        }
    }
  return FALSE;
}

static gboolean
quantity_number (json_object *parent, const char *path, double *out)
{
  const char *digits = rounds_json_peek_digits (parent, path);

  return digits != NULL && rounds_vitals_parse_number_loose (digits, out);
}

/* JSON numbers may carry an exponent, which rounds_decimal_parse() need not take. */
gboolean
rounds_vitals_parse_number_loose (const char *digits, double *out)
{
  char *end = NULL;
  double value = g_ascii_strtod (digits, &end);

  if (end == digits || *end != '\0' || !isfinite (value))
    return FALSE;
  *out = value;
  return TRUE;
}

static const char *
quantity_unit (json_object *quantity)
{
  const char *code = rounds_json_peek_string (quantity, "code");
  const char *system = rounds_json_peek_string (quantity, "system");
  const char *text = rounds_json_peek_string (quantity, "unit");
  const char *ucum = text != NULL ? rounds_vital_unit_from_text (text) : NULL;

  if (code != NULL && (system == NULL || strcmp (system, ROUNDS_UCUM) == 0))
    return code;
  return ucum != NULL ? ucum : text != NULL ? text : "";
}

static void
add_row (RoundsVitalsChart *self, json_object *observation, gint64 time_us, const RoundsVitalSeries *series,
         const char *code, double value, const char *text)
{
  RoundsVitalsEntryRow *row = g_new0 (RoundsVitalsEntryRow, 1);

  row->time_us = time_us;
  row->code = g_strdup (code);
  row->value = value;
  row->unit = g_strdup (series != NULL ? series->unit : "");
  row->text = text != NULL ? g_strdup (text) : rounds_vital_format (series != NULL ? series->vital : NULL, value);
  row->observation_id = g_strdup (rounds_json_peek_string (observation, "id"));
  g_ptr_array_add (self->rows, row);
}

/* SampledData: origin + factor × number every period milliseconds; E, U and L are no values. */
static void
add_sampled_data (RoundsVitalsChart *self, const char *code, const char *label, json_object *data, gint64 time_us)
{
  json_object *origin = rounds_json_peek (data, "origin");
  const char *text = rounds_json_peek_string (data, "data");
  double base, period_ms, factor = 1, dimensions = 1;
  g_autoptr (GArray) samples = NULL;
  RoundsVitalSeries *series;
  guint64 index = 0;

  if (text == NULL || !quantity_number (data, "origin.value", &base) || !quantity_number (data, "period", &period_ms) ||
      period_ms <= 0 || period_ms > 1e12)
    return;
  quantity_number (data, "factor", &factor);
  if (quantity_number (data, "dimensions", &dimensions) && dimensions != 1)
    return;
  samples = g_array_new (FALSE, FALSE, sizeof (RoundsSample));
  for (const char *p = text; *p != '\0' && index < MAX_SAMPLED_DATA;)
    {
      char word[40];
      gsize n = 0;
      RoundsSample sample;

      while (*p == ' ')
        p++;
      while (*p != '\0' && *p != ' ')
        {
          if (n < sizeof word - 1)
            word[n++] = *p;
          p++;
        }
      word[n] = '\0';
      if (n == 0)
        break;
      sample.time_us = time_us + llround ((double) index * period_ms * 1000);
      index++;
      if (!rounds_vitals_parse_number_loose (word, &sample.value))
        continue;
      sample.value = base + factor * sample.value;
      g_array_append_val (samples, sample);
    }
  series = rounds_vitals_chart_take_series (self, code, label, quantity_unit (origin));
  if (series != NULL)
    rounds_vital_series_add (series, (const RoundsSample *) samples->data, samples->len, quantity_unit (origin));
}

static char
acvpu_of (json_object *concept)
{
  static const struct { const char *code; char letter; } known[] = {
    { "LA9340-6", 'A' }, { "LA6560-2", 'C' }, { "LA17108-4", 'V' }, { "LA17107-6", 'P' }, { "LA9343-0", 'U' },
    { "248234008", 'A' }, { "130987000", 'C' }, { "300202002", 'V' }, { "450847001", 'P' }, { "422768004", 'U' },
    { "A", 'A' }, { "C", 'C' }, { "V", 'V' }, { "P", 'P' }, { "U", 'U' },
  };
  json_object *codings = rounds_json_peek (concept, "coding");
  size_t n = json_object_is_type (codings, json_type_array) ? json_object_array_length (codings) : 0;

  /* By code only: a word may mean anything ("Confused?", "not alert"). */
  for (size_t i = 0; i < n; i++)
    for (guint k = 0; k < G_N_ELEMENTS (known); k++)
      if (g_strcmp0 (rounds_json_peek_string (json_object_array_get_idx (codings, i), "code"), known[k].code) == 0)
        return known[k].letter;
  return 0;
}

/* The code to file a value under: a LOINC code of the table wins, else LOINC, else the first. */
static const char *
pick_code (json_object *concept)
{
  json_object *codings = rounds_json_peek (concept, "coding");
  size_t n = json_object_is_type (codings, json_type_array) ? json_object_array_length (codings) : 0;
  const char *loinc, *known = NULL;

  for (size_t i = 0; i < n; i++)
    {
      json_object *coding = json_object_array_get_idx (codings, i);
      const char *system = rounds_json_peek_string (coding, "system");
      const char *code = rounds_json_peek_string (coding, "code");

      if (g_strcmp0 (system, ROUNDS_LOINC) != 0 || rounds_vital_find (code) == NULL)
        continue;
      /* FHIR's saturation profile writes the arterial code beside the oximeter's: the method is the truth. */
      if (strcmp (code, ROUNDS_CODE_SPO2) == 0)
        return code;
      if (known == NULL)
        known = code;
    }
  if (known != NULL)
    return known;
  loinc = rounds_concept_code (concept, ROUNDS_LOINC);
  return loinc != NULL ? loinc : rounds_concept_code (concept, NULL);
}

/* One value: of the Observation itself or of a component. */
static void
add_value (RoundsVitalsChart *self, json_object *observation, json_object *holder, gint64 time_us, gboolean is_vital)
{
  json_object *concept = rounds_json_peek (holder, "code");
  const char *code = pick_code (concept);
  json_object *quantity = rounds_json_peek (holder, "valueQuantity");
  json_object *sampled = rounds_json_peek (holder, "valueSampledData");
  RoundsSample sample = { .time_us = time_us };

  if (code == NULL)
    return;
  if (strcmp (code, ROUNDS_CODE_CONSCIOUSNESS) == 0)
    {
      json_object *value = rounds_json_peek (holder, "valueCodeableConcept");
      RoundsConsciousness level = { time_us, acvpu_of (value) };

      if (level.letter != 0)
        {
          const char *text = rounds_concept_display (value);

          g_array_append_val (self->consciousness, level);
          add_row (self, observation, time_us, NULL, code, NAN, text);
        }
      return;
    }
  if (!is_vital && rounds_vital_find (code) == NULL)
    return;
  if (sampled != NULL)
    {
      add_sampled_data (self, code, rounds_concept_display (concept), sampled, time_us);
      return;
    }
  if (quantity == NULL)
    return;
  /* "<5" is no value that a line could be drawn through. */
  if (rounds_json_peek (quantity, "comparator") != NULL || !quantity_number (quantity, "value", &sample.value))
    return;
  {
    const char *unit = quantity_unit (quantity);
    RoundsVitalSeries *series = rounds_vitals_chart_take_series (self, code, rounds_concept_display (concept), unit);
    guint before;

    if (series == NULL)
      return;
    before = series->samples->len;
    rounds_vital_series_add (series, &sample, 1, unit);
    if (series->samples->len > before)
      add_row (self, observation, time_us, series, code,
               g_array_index (series->samples, RoundsSample, before).value, NULL);
  }
}

static void
add_scale_decision (RoundsVitalsChart *self, json_object *observation, gint64 time_us, gint64 *newest_us)
{
  json_object *value = rounds_json_peek (observation, "valueInteger");
  int scale = json_object_get_int (value);

  if (time_us < *newest_us || (scale != 1 && scale != 2))
    return;
  *newest_us = time_us;
  self->spo2_scale = scale;
}

void
rounds_vitals_chart_add_observation (RoundsVitalsChart *self, json_object *observation)
{
  const char *status = rounds_json_peek_string (observation, "status");
  json_object *components = rounds_json_peek (observation, "component");
  json_object *concept = rounds_json_peek (observation, "code");
  const char *own = rounds_concept_code (concept, ROUNDS_CODE_SYSTEM_NEWS2);
  gboolean is_vital;
  gint64 time_us;

  if (rounds_resource_is_entered_in_error (observation) || g_strcmp0 (status, "cancelled") == 0 ||
      !observation_time (observation, &time_us))
    return;
  if (own != NULL)
    {
      if (strcmp (own, "spo2-scale") == 0)
        add_scale_decision (self, observation, time_us, &self->scale_decided_us);
      return;
    }
  is_vital = has_category (observation, "vital-signs");
  add_value (self, observation, observation, time_us, is_vital);
  if (json_object_is_type (components, json_type_array))
    for (size_t i = 0; i < json_object_array_length (components); i++)
      add_value (self, observation, json_object_array_get_idx (components, i), time_us, is_vital);
}

/* --- what follows from the series --------------------------------------------------------------------------- */

static int
compare_series (gconstpointer a, gconstpointer b)
{
  const RoundsVitalSeries *x = *(RoundsVitalSeries *const *) a, *y = *(RoundsVitalSeries *const *) b;
  guint rank_x = rounds_vital_get_rank (x->code), rank_y = rounds_vital_get_rank (y->code);

  return rank_x != rank_y ? (rank_x < rank_y ? -1 : 1) : strcmp (x->code, y->code);
}

static int
compare_events (gconstpointer a, gconstpointer b)
{
  const RoundsVitalsEvent *x = *(RoundsVitalsEvent *const *) a, *y = *(RoundsVitalsEvent *const *) b;

  return x->time_us < y->time_us ? -1 : x->time_us > y->time_us;
}

static int
compare_rows (gconstpointer a, gconstpointer b)
{
  const RoundsVitalsEntryRow *x = *(RoundsVitalsEntryRow *const *) a, *y = *(RoundsVitalsEntryRow *const *) b;

  if (x->time_us != y->time_us)
    return x->time_us > y->time_us ? -1 : 1;
  return (int) rounds_vital_get_rank (x->code) - (int) rounds_vital_get_rank (y->code);
}

static int
compare_consciousness (gconstpointer a, gconstpointer b)
{
  const RoundsConsciousness *x = a, *y = b;

  return x->time_us < y->time_us ? -1 : x->time_us > y->time_us;
}

/* Every change of oxygen is a mark: without it a rising saturation cannot be read. */
static void
add_oxygen_events (RoundsVitalsChart *self)
{
  RoundsVitalSeries *flow = rounds_vitals_chart_find (self, ROUNDS_CODE_OXYGEN_FLOW);
  double before = 0;

  if (flow == NULL)
    return;
  for (guint i = 0; i < flow->samples->len && self->events->len < 5000; i++)
    {
      const RoundsSample *sample = &g_array_index (flow->samples, RoundsSample, i);
      RoundsVitalsEvent *event;

      if (sample->value == before)
        continue;
      before = sample->value;
      event = g_new0 (RoundsVitalsEvent, 1);
      event->kind = ROUNDS_VITALS_EVENT_OXYGEN;
      event->time_us = sample->time_us;
      event->label = sample->value > 0 ? g_strdup_printf (_("O₂ %g L"), sample->value) : g_strdup (_("Air"));
      g_ptr_array_add (self->events, event);
    }
}

void
rounds_vitals_chart_finish (RoundsVitalsChart *self)
{
  for (guint i = 0; i < self->series->len;)
    {
      RoundsVitalSeries *series = g_ptr_array_index (self->series, i);

      if (series->samples->len == 0)
        {
          g_ptr_array_remove_index (self->series, i);
          continue;
        }
      rounds_vital_series_finish (series);
      self->first_us = MIN (self->first_us, g_array_index (series->samples, RoundsSample, 0).time_us);
      self->last_us = MAX (self->last_us,
                           g_array_index (series->samples, RoundsSample, series->samples->len - 1).time_us);
      i++;
    }
  g_ptr_array_sort (self->series, compare_series);
  g_array_sort (self->consciousness, compare_consciousness);
  add_oxygen_events (self);
  g_ptr_array_sort (self->events, compare_events);
  g_ptr_array_sort (self->rows, compare_rows);
  rounds_vitals_chart_track_news2 (self);
}

RoundsNews2Part
rounds_news2_part_of_code (const char *code)
{
  static const struct { const char *code; RoundsNews2Part part; } parts[] = {
    { ROUNDS_CODE_RESPIRATORY_RATE, ROUNDS_NEWS2_RESPIRATORY_RATE }, { ROUNDS_CODE_SPO2, ROUNDS_NEWS2_SPO2 },
    { ROUNDS_CODE_SYSTOLIC, ROUNDS_NEWS2_SYSTOLIC }, { ROUNDS_CODE_ARTERIAL_SYSTOLIC, ROUNDS_NEWS2_SYSTOLIC },
    { ROUNDS_CODE_HEART_RATE, ROUNDS_NEWS2_PULSE }, { ROUNDS_CODE_PULSE_OXIMETER_RATE, ROUNDS_NEWS2_PULSE },
    { ROUNDS_CODE_TEMPERATURE, ROUNDS_NEWS2_TEMPERATURE }, { "8331-1", ROUNDS_NEWS2_TEMPERATURE },
    { ROUNDS_CODE_CONSCIOUSNESS, ROUNDS_NEWS2_CONSCIOUSNESS },
    { ROUNDS_CODE_OXYGEN_FLOW, ROUNDS_NEWS2_OXYGEN }, { ROUNDS_CODE_OXYGEN_CONCENTRATION, ROUNDS_NEWS2_OXYGEN },
  };

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    if (g_strcmp0 (parts[i].code, code) == 0)
      return parts[i].part;
  return ROUNDS_N_NEWS2_PARTS;
}

gboolean
rounds_vitals_chart_bands_apply (const RoundsVitalsChart *self)
{
  int years = self->birth_date != NULL ? rounds_instant_years (self->birth_date, rounds_instant_now_us ()) : -1;

  return years < 0 || years >= 16;
}

gboolean
rounds_vitals_chart_latest (const RoundsVitalsChart *self, const char *code, RoundsVitalLatest *out)
{
  RoundsVitalSeries *series = rounds_vitals_chart_find (self, code);
  RoundsNews2Part part = rounds_news2_part_of_code (code);
  RoundsNews2Input input;
  RoundsNews2 score;

  if (series == NULL || series->samples->len == 0)
    return FALSE;
  out->series = series;
  out->sample = g_array_index (series->samples, RoundsSample, series->samples->len - 1);
  out->sub_score = -1;
  out->out_of_band = series->vital != NULL && isfinite (series->vital->band_low) &&
                     (out->sample.value < series->vital->band_low || out->sample.value > series->vital->band_high);
  if (part != ROUNDS_N_NEWS2_PARTS && rounds_vitals_chart_news2_applies (self, out->sample.time_us, NULL))
    {
      rounds_vitals_chart_news2_input (self, out->sample.time_us, &input, NULL);
      switch (part)
        {
        case ROUNDS_NEWS2_RESPIRATORY_RATE:
          input.respiratory_rate_per_min = out->sample.value;
          break;
        case ROUNDS_NEWS2_SPO2:
          input.spo2_percent = out->sample.value;
          break;
        case ROUNDS_NEWS2_SYSTOLIC:
          input.systolic_mmhg = out->sample.value;
          break;
        case ROUNDS_NEWS2_PULSE:
          input.pulse_per_min = out->sample.value;
          break;
        case ROUNDS_NEWS2_TEMPERATURE:
          input.temperature_celsius = out->sample.value;
          break;
        default:
          break;
        }
      rounds_news2_score (&input, &score);
      out->sub_score = score.parts[part];
    }
  return TRUE;
}
