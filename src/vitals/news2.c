/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NEWS2, table by table (Royal College of Physicians, 2017; reproduced with acknowledgement).
 *
 * Each parameter has a function of its own that reads like its row of the chart, rather than one clever
 * interval table: the row can be checked against the printed chart with a finger. */
#include "vitals/news2.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "base/quantity.h"
#include "vitals/codes.h"
#include "vitals/csv.h"

static int
score_respiratory_rate (double value)
{
  double rate = rounds_round_half_up (value, 0);

  return rate <= 8 ? 3 : rate <= 11 ? 1 : rate <= 20 ? 0 : rate <= 24 ? 2 : 3;
}

static int
score_spo2 (double value, int scale, RoundsOxygen oxygen)
{
  double percent = rounds_round_half_up (value, 0);

  if (scale != 2)
    return percent <= 91 ? 3 : percent <= 93 ? 2 : percent <= 95 ? 1 : 0;
  if (percent <= 92)
    return percent <= 83 ? 3 : percent <= 85 ? 2 : percent <= 87 ? 1 : 0;
  if (oxygen == ROUNDS_OXYGEN_UNKNOWN)
    return -1;
  if (oxygen == ROUNDS_OXYGEN_AIR)
    return 0;
  return percent <= 94 ? 1 : percent <= 96 ? 2 : 3;
}

static int
score_systolic (double value)
{
  double pressure = rounds_round_half_up (value, 0);

  return pressure <= 90 ? 3 : pressure <= 100 ? 2 : pressure <= 110 ? 1 : pressure <= 219 ? 0 : 3;
}

static int
score_pulse (double value)
{
  double rate = rounds_round_half_up (value, 0);

  return rate <= 40 ? 3 : rate <= 50 ? 1 : rate <= 90 ? 0 : rate <= 110 ? 1 : rate <= 130 ? 2 : 3;
}

static int
score_temperature (double value)
{
  /* Tenths as a whole number: 38.05 must not depend on how a double writes 38.1. */
  long tenths = lround (rounds_round_half_up (value, 1) * 10);

  return tenths <= 350 ? 3 : tenths <= 360 ? 1 : tenths <= 380 ? 0 : tenths <= 390 ? 1 : 2;
}

static RoundsNews2Response
response_of (int total, gboolean any_three, gboolean complete)
{
  if (total >= 7)
    return ROUNDS_NEWS2_EMERGENCY;
  if (total >= 5)
    return ROUNDS_NEWS2_URGENT;
  if (any_three)
    return ROUNDS_NEWS2_SINGLE;
  if (total >= 1)
    return ROUNDS_NEWS2_LOW;
  return complete ? ROUNDS_NEWS2_ROUTINE : ROUNDS_NEWS2_UNKNOWN;
}

void
rounds_news2_score (const RoundsNews2Input *input, RoundsNews2 *out)
{
  gboolean any_three = FALSE;
  int *parts = out->parts;

  for (guint i = 0; i < ROUNDS_N_NEWS2_PARTS; i++)
    parts[i] = -1;
  if (isfinite (input->respiratory_rate_per_min))
    parts[ROUNDS_NEWS2_RESPIRATORY_RATE] = score_respiratory_rate (input->respiratory_rate_per_min);
  if (isfinite (input->spo2_percent))
    parts[ROUNDS_NEWS2_SPO2] = score_spo2 (input->spo2_percent, input->scale, input->oxygen);
  if (input->oxygen != ROUNDS_OXYGEN_UNKNOWN)
    parts[ROUNDS_NEWS2_OXYGEN] = input->oxygen == ROUNDS_OXYGEN_GIVEN ? 2 : 0;
  if (isfinite (input->systolic_mmhg))
    parts[ROUNDS_NEWS2_SYSTOLIC] = score_systolic (input->systolic_mmhg);
  if (isfinite (input->pulse_per_min))
    parts[ROUNDS_NEWS2_PULSE] = score_pulse (input->pulse_per_min);
  if (input->consciousness != 0 && strchr ("ACVPU", input->consciousness) != NULL)
    parts[ROUNDS_NEWS2_CONSCIOUSNESS] = input->consciousness == 'A' ? 0 : 3;
  if (isfinite (input->temperature_celsius))
    parts[ROUNDS_NEWS2_TEMPERATURE] = score_temperature (input->temperature_celsius);

  out->complete = TRUE;
  out->at_least = 0;
  for (guint i = 0; i < ROUNDS_N_NEWS2_PARTS; i++)
    {
      if (parts[i] < 0)
        out->complete = FALSE;
      else
        out->at_least += parts[i];
      any_three = any_three || parts[i] == 3;
    }
  out->total = out->complete ? out->at_least : -1;
  out->response = response_of (out->at_least, any_three, out->complete);
}

gboolean
rounds_news2_check (const RoundsNews2Input *input, GError **error)
{
  const struct { double value; const char *code; } checks[] = {
    { input->respiratory_rate_per_min, ROUNDS_CODE_RESPIRATORY_RATE },
    { input->spo2_percent, ROUNDS_CODE_SPO2 },
    { input->systolic_mmhg, ROUNDS_CODE_SYSTOLIC },
    { input->pulse_per_min, ROUNDS_CODE_HEART_RATE },
    { input->temperature_celsius, ROUNDS_CODE_TEMPERATURE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (checks); i++)
    if (!isnan (checks[i].value) &&
        !rounds_vital_check (rounds_vital_find (checks[i].code), checks[i].value, NULL, NULL, error))
      return FALSE;
  return TRUE;
}

const char *
rounds_news2_part_name (RoundsNews2Part part)
{
  static const char *const names[] = { "respiratory_rate", "spo2", "oxygen", "systolic", "pulse", "consciousness",
                                       "temperature" };
  return names[part];
}

const char *
rounds_news2_part_label (RoundsNews2Part part)
{
  static const char *const labels[] = { N_ ("Respiratory rate"), N_ ("SpO₂"), N_ ("Air or oxygen"),
                                        N_ ("Systolic pressure"), N_ ("Pulse"), N_ ("Consciousness"),
                                        N_ ("Temperature") };
  return _ (labels[part]);
}

const char *
rounds_news2_response_name (RoundsNews2Response response)
{
  static const char *const names[] = { NULL, "routine", "low", "single", "urgent", "emergency" };
  return names[response];
}

const char *
rounds_news2_response_text (RoundsNews2Response response)
{
  switch (response)
    {
    case ROUNDS_NEWS2_ROUTINE:
      return _("at least every 12 h");
    case ROUNDS_NEWS2_LOW:
      return _("every 4–6 h");
    case ROUNDS_NEWS2_SINGLE:
      return _("every hour: 3 in one");
    case ROUNDS_NEWS2_URGENT:
      return _("urgent, every hour");
    case ROUNDS_NEWS2_EMERGENCY:
      return _("continuous watch");
    default:
      return _("incomplete");
    }
}

gint64
rounds_news2_response_interval_us (RoundsNews2Response response)
{
  switch (response)
    {
    case ROUNDS_NEWS2_ROUTINE:
      return 12 * G_TIME_SPAN_HOUR;
    case ROUNDS_NEWS2_LOW:
      return 6 * G_TIME_SPAN_HOUR;
    case ROUNDS_NEWS2_SINGLE:
    case ROUNDS_NEWS2_URGENT:
      return G_TIME_SPAN_HOUR;
    default:
      return 0;
    }
}

const char *
rounds_news2_acknowledgement (void)
{
  return _("NEWS2: Royal College of Physicians. National Early Warning Score (NEWS) 2. London: RCP, 2017. "
           "For people of 16 and more, not in pregnancy.");
}

json_object *
rounds_news2_to_json (const RoundsNews2 *self, gint64 time_us)
{
  json_object *out = json_object_new_object ();
  json_object *missing = json_object_new_array ();
  json_object *parts = json_object_new_object ();
  const char *response = rounds_news2_response_name (self->response);

  for (guint i = 0; i < ROUNDS_N_NEWS2_PARTS; i++)
    {
      if (self->parts[i] < 0)
        json_object_array_add (missing, json_object_new_string (rounds_news2_part_name (i)));
      json_object_object_add (parts, rounds_news2_part_name (i),
                              self->parts[i] < 0 ? NULL : json_object_new_int (self->parts[i]));
    }
  json_object_object_add (out, "total", self->complete ? json_object_new_int (self->total) : NULL);
  json_object_object_add (out, "complete", json_object_new_boolean (self->complete));
  json_object_object_add (out, "missing", missing);
  json_object_object_add (out, "parts", parts);
  if (!self->complete)
    json_object_object_add (out, "at_least", json_object_new_int (self->at_least));
  json_object_object_add (out, "response", response != NULL ? json_object_new_string (response) : NULL);
  if (time_us != G_MININT64 && self->response != ROUNDS_NEWS2_UNKNOWN)
    {
      g_autofree char *due = rounds_instant_format_us (time_us + rounds_news2_response_interval_us (self->response));
      json_object_object_add (out, "due", json_object_new_string (due));
    }
  else
    json_object_object_add (out, "due", NULL);
  return out;
}

/* --- CSV ---------------------------------------------------------------------------------------------- */

void
rounds_news2_row_free (RoundsNews2Row *self)
{
  if (self == NULL)
    return;
  g_free (self->refused);
  g_free (self);
}

enum { COLUMN_RATE, COLUMN_SPO2, COLUMN_SCALE, COLUMN_OXYGEN, COLUMN_SYSTOLIC, COLUMN_PULSE, COLUMN_CONSCIOUSNESS,
       COLUMN_TEMPERATURE, N_COLUMNS };
static const char *const columns[N_COLUMNS] = { "respiratory_rate", "spo2", "scale", "oxygen", "systolic", "pulse",
                                                "consciousness", "temperature" };

static char *
read_cell (RoundsNews2Input *input, guint column, const char *text, gboolean decimal_comma)
{
  double value = NAN;

  if (*text == '\0')
    return NULL;
  switch (column)
    {
    case COLUMN_SCALE:
      if (strcmp (text, "1") != 0 && strcmp (text, "2") != 0)
        return g_strdup (_("scale is neither 1 nor 2"));
      input->scale = text[0] - '0';
      return NULL;
    case COLUMN_OXYGEN:
      if (g_ascii_strcasecmp (text, "air") == 0)
        input->oxygen = ROUNDS_OXYGEN_AIR;
      else if (g_ascii_strcasecmp (text, "oxygen") == 0)
        input->oxygen = ROUNDS_OXYGEN_GIVEN;
      else
        return g_strdup (_("oxygen is neither air nor oxygen"));
      return NULL;
    case COLUMN_CONSCIOUSNESS:
      if (text[1] != '\0' || strchr ("ACVPUacvpu", text[0]) == NULL)
        return g_strdup (_("consciousness is none of A, C, V, P and U"));
      input->consciousness = g_ascii_toupper (text[0]);
      return NULL;
    default:
      break;
    }
  if (!rounds_vitals_parse_number (text, decimal_comma, &value))
    return g_strdup_printf (_("%s is not a decimal number"), columns[column]);
  switch (column)
    {
    case COLUMN_RATE:
      input->respiratory_rate_per_min = value;
      break;
    case COLUMN_SPO2:
      input->spo2_percent = value;
      break;
    case COLUMN_SYSTOLIC:
      input->systolic_mmhg = value;
      break;
    case COLUMN_PULSE:
      input->pulse_per_min = value;
      break;
    default:
      input->temperature_celsius = value;
      break;
    }
  return NULL;
}

GPtrArray *
rounds_news2_read_csv (const char *bytes, gsize length, GError **error)
{
  g_auto (RoundsCsvReader) reader = { 0 };
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_news2_row_free);
  int places[N_COLUMNS];
  guint found = 0, width;

  rounds_csv_reader_init (&reader, bytes, MIN (length, ROUNDS_VITALS_MAX_BYTES));
  for (guint c = 0; c < N_COLUMNS; c++)
    places[c] = -1;
  if (rounds_csv_reader_next (&reader) && !reader.broken)
    for (guint i = 0; i < reader.cells->len; i++)
      for (guint c = 0; c < N_COLUMNS; c++)
        if (places[c] < 0 && g_ascii_strcasecmp (g_ptr_array_index (reader.cells, i), columns[c]) == 0)
          {
            places[c] = (int) i;
            found++;
          }
  if (found == 0)
    {
      g_set_error (error, ROUNDS_VITALS_ERROR, ROUNDS_VITALS_ERROR_FILE, _("no header with the columns of NEWS2"));
      return NULL;
    }
  width = reader.cells->len;
  while (rounds_csv_reader_next (&reader))
    {
      RoundsNews2Row *row = g_new0 (RoundsNews2Row, 1);
      g_autoptr (GError) why = NULL;

      row->line = reader.line;
      row->input = ROUNDS_NEWS2_INPUT_NONE;
      if (reader.broken || reader.cells->len > width)
        row->refused = g_strdup (_("the row cannot be read"));
      for (guint c = 0; c < N_COLUMNS && row->refused == NULL; c++)
        if (places[c] >= 0 && (guint) places[c] < reader.cells->len)
          row->refused = read_cell (&row->input, c, g_ptr_array_index (reader.cells, places[c]),
                                    reader.delimiter != ',');
      if (row->refused == NULL && !rounds_news2_check (&row->input, &why))
        row->refused = g_strdup (why->message);
      g_ptr_array_add (rows, row);
    }
  return g_steal_pointer (&rows);
}
