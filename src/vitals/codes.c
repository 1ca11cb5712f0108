/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one table of vital signs: codes, units, limits, colours and the names that files use for them.
 *
 * Arterial-line pressures have LOINC codes of their own here, so that a cuff and a line in one patient stay
 * two curves. Absolute limits are wide on purpose: a monitor's 0 of an asystole is a value, a −1 is not. */
#include "vitals/codes.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "base/quantity.h"

G_DEFINE_QUARK (rounds-vitals-error-quark, rounds_vitals_error)

#define HOURS(n) ((gint64) (n) * G_TIME_SPAN_HOUR)

static const RoundsVital vitals[] = {
  { ROUNDS_CODE_HEART_RATE, "Heart rate", N_ ("Heart rate"), "/min", 0, 60, 100, 0, 400, 30, 200,
    0xc01c28, 0xf66151, HOURS (26), FALSE },
  { ROUNDS_CODE_PULSE_OXIMETER_RATE, "Heart rate by Pulse oximetry", N_ ("Pulse (oximeter)"), "/min", 0, 60, 100,
    0, 400, 30, 200, 0xa51d2d, 0xf8a5a0, HOURS (26), FALSE },
  { ROUNDS_CODE_SYSTOLIC, "Systolic blood pressure", N_ ("Systolic pressure"), "mm[Hg]", 0, 100, 140, 0, 400,
    60, 230, 0x813d9c, 0xdc8add, HOURS (26), FALSE },
  { ROUNDS_CODE_DIASTOLIC, "Diastolic blood pressure", N_ ("Diastolic pressure"), "mm[Hg]", 0, 60, 90, 0, 300,
    30, 140, 0x813d9c, 0xdc8add, HOURS (26), FALSE },
  { ROUNDS_CODE_MEAN_PRESSURE, "Mean blood pressure", N_ ("Mean pressure"), "mm[Hg]", 0, 65, 105, 0, 350, 40,
    160, 0x613583, 0xc79bd8, HOURS (26), FALSE },
  { ROUNDS_CODE_ARTERIAL_SYSTOLIC, "Invasive Systolic blood pressure", N_ ("Arterial systolic"), "mm[Hg]", 0, 100,
    140, -100, 400, 60, 230, 0x813d9c, 0xdc8add, HOURS (26), FALSE },
  { ROUNDS_CODE_ARTERIAL_DIASTOLIC, "Invasive Diastolic blood pressure", N_ ("Arterial diastolic"), "mm[Hg]", 0,
    60, 90, -100, 300, 30, 140, 0x813d9c, 0xdc8add, HOURS (26), FALSE },
  { ROUNDS_CODE_ARTERIAL_MEAN, "Invasive Mean blood pressure", N_ ("Arterial mean"), "mm[Hg]", 0, 65, 105, -100,
    350, 40, 160, 0x613583, 0xc79bd8, HOURS (26), FALSE },
  { ROUNDS_CODE_SPO2, "Oxygen saturation in Arterial blood by Pulse oximetry", N_ ("SpO₂"), "%", 0, 94, 98, 0, 100,
    70, 100, 0x1a5fb4, 0x78aeed, HOURS (26), FALSE },
  { ROUNDS_CODE_SAO2, "Oxygen saturation in Arterial blood", N_ ("SaO₂ (arterial)"), "%", 0, 94, 98, 0, 100, 70,
    100, 0x1c71d8, 0x99c1f1, HOURS (26), FALSE },
  { ROUNDS_CODE_RESPIRATORY_RATE, "Respiratory rate", N_ ("Respiratory rate"), "/min", 0, 12, 20, 0, 150, 6, 45,
    0x26a269, 0x57e389, HOURS (26), FALSE },
  { ROUNDS_CODE_TEMPERATURE, "Body temperature", N_ ("Temperature"), "Cel", 1, 36.1, 38.0, 10, 47, 34, 41,
    0xe66100, 0xffa348, HOURS (26), FALSE },
  { "8331-1", "Oral temperature", N_ ("Oral temperature"), "Cel", 1, 36.1, 38.0, 10, 47, 34, 41, 0xc64600,
    0xffbe6f, HOURS (26), FALSE },
  { ROUNDS_CODE_OXYGEN_FLOW, "Inhaled oxygen flow rate", N_ ("Oxygen flow"), "L/min", 1, NAN, NAN, 0, 100, 0, 60,
    0x1c71d8, 0x99c1f1, HOURS (26), FALSE },
  { ROUNDS_CODE_OXYGEN_CONCENTRATION, "Inhaled oxygen concentration", N_ ("Oxygen concentration"), "%", 0, NAN, NAN,
    0, 100, 21, 100, 0x1c71d8, 0x99c1f1, HOURS (26), FALSE },
  { ROUNDS_CODE_GCS, "Glasgow coma score total", N_ ("Glasgow coma scale"), "{score}", 0, 15, 15, 3, 15, 3, 15,
    0x5e5c64, 0xc0bfbc, HOURS (26), FALSE },
  { "2339-0", "Glucose [Mass/volume] in Blood", N_ ("Glucose"), "mg/dL", 0, 70, 140, 0, 3000, 40, 500, 0x986a44,
    0xcdab8f, HOURS (26), TRUE },
  { "41653-7", "Glucose [Mass/volume] in Capillary blood by Glucometer", N_ ("Glucose (capillary)"), "mg/dL", 0, 70,
    140, 0, 3000, 40, 500, 0x986a44, 0xcdab8f, HOURS (26), TRUE },
  { "15074-8", "Glucose [Moles/volume] in Blood", N_ ("Glucose (mmol/L)"), "mmol/L", 1, 3.9, 7.8, 0, 170, 2.2, 28,
    0x986a44, 0xcdab8f, HOURS (26), TRUE },
  { ROUNDS_CODE_WEIGHT, "Body weight", N_ ("Weight"), "kg", 1, NAN, NAN, 0.2, 650, 2, 250, 0x63452c, 0xb5835a,
    HOURS (24 * 400), FALSE },
  { ROUNDS_CODE_HEIGHT, "Body height", N_ ("Height"), "cm", 1, NAN, NAN, 10, 280, 40, 220, 0x63452c, 0xb5835a,
    HOURS (24 * 400), FALSE },
  { "39156-5", "Body mass index (BMI) [Ratio]", N_ ("Body mass index"), "kg/m2", 1, 18.5, 25, 3, 200, 12, 60,
    0x63452c, 0xb5835a, HOURS (24 * 400), FALSE },
};

/* What PhysioNet, MIMIC, monitors and people call them, folded by fold_name(). */
static const struct { const char *name; const char *code; } names[] = {
  { "hr", ROUNDS_CODE_HEART_RATE }, { "heartrate", ROUNDS_CODE_HEART_RATE },
  { "puls", ROUNDS_CODE_HEART_RATE },
  { "pulse", ROUNDS_CODE_PULSE_OXIMETER_RATE }, { "pulserate", ROUNDS_CODE_PULSE_OXIMETER_RATE },
  { "pr", ROUNDS_CODE_PULSE_OXIMETER_RATE },
  { "nisysabp", ROUNDS_CODE_SYSTOLIC }, { "nbpsys", ROUNDS_CODE_SYSTOLIC }, { "sbp", ROUNDS_CODE_SYSTOLIC },
  { "systolic", ROUNDS_CODE_SYSTOLIC }, { "systolicbloodpressure", ROUNDS_CODE_SYSTOLIC },
  { "systolicpressure", ROUNDS_CODE_SYSTOLIC }, { "nbpsyst", ROUNDS_CODE_SYSTOLIC }, { "nibpsys", ROUNDS_CODE_SYSTOLIC },
  { "nidiasabp", ROUNDS_CODE_DIASTOLIC }, { "nbpdias", ROUNDS_CODE_DIASTOLIC }, { "dbp", ROUNDS_CODE_DIASTOLIC },
  { "diastolic", ROUNDS_CODE_DIASTOLIC }, { "diastolicbloodpressure", ROUNDS_CODE_DIASTOLIC },
  { "diastolicpressure", ROUNDS_CODE_DIASTOLIC }, { "nibpdia", ROUNDS_CODE_DIASTOLIC },
  { "nimap", ROUNDS_CODE_MEAN_PRESSURE }, { "nbpmean", ROUNDS_CODE_MEAN_PRESSURE },
  { "meanpressure", ROUNDS_CODE_MEAN_PRESSURE }, { "nibpmean", ROUNDS_CODE_MEAN_PRESSURE },
  { "sysabp", ROUNDS_CODE_ARTERIAL_SYSTOLIC }, { "abpsys", ROUNDS_CODE_ARTERIAL_SYSTOLIC },
  { "abpsyst", ROUNDS_CODE_ARTERIAL_SYSTOLIC },
  { "diasabp", ROUNDS_CODE_ARTERIAL_DIASTOLIC }, { "abpdias", ROUNDS_CODE_ARTERIAL_DIASTOLIC },
  { "map", ROUNDS_CODE_ARTERIAL_MEAN }, { "abpmean", ROUNDS_CODE_ARTERIAL_MEAN },
  { "spo2", ROUNDS_CODE_SPO2 }, { "oxygensaturation", ROUNDS_CODE_SPO2 }, { "sao2", ROUNDS_CODE_SAO2 },
  { "resp", ROUNDS_CODE_RESPIRATORY_RATE }, { "resprate", ROUNDS_CODE_RESPIRATORY_RATE },
  { "rr", ROUNDS_CODE_RESPIRATORY_RATE }, { "respiratoryrate", ROUNDS_CODE_RESPIRATORY_RATE },
  { "respirationrate", ROUNDS_CODE_RESPIRATORY_RATE },
  { "temp", ROUNDS_CODE_TEMPERATURE }, { "temperature", ROUNDS_CODE_TEMPERATURE },
  { "bodytemperature", ROUNDS_CODE_TEMPERATURE },
  { "fio2", ROUNDS_CODE_OXYGEN_CONCENTRATION }, { "o2flow", ROUNDS_CODE_OXYGEN_FLOW },
  { "oxygenflow", ROUNDS_CODE_OXYGEN_FLOW },
  { "gcs", ROUNDS_CODE_GCS }, { "glasgowcomascale", ROUNDS_CODE_GCS }, { "glucose", "2339-0" },
  { "weight", ROUNDS_CODE_WEIGHT }, { "bodyweight", ROUNDS_CODE_WEIGHT }, { "height", ROUNDS_CODE_HEIGHT },
  { "bodyheight", ROUNDS_CODE_HEIGHT }, { "bmi", "39156-5" },
};

static const struct { const char *text; const char *ucum; } units[] = {
  { "mmhg", "mm[Hg]" }, { "mm[hg]", "mm[Hg]" }, { "bpm", "/min" }, { "pm", "/min" }, { "/min", "/min" },
  { "1/min", "/min" }, { "min-1", "/min" }, { "{beats}/min", "/min" }, { "{breaths}/min", "/min" },
  { "beats/min", "/min" }, { "breaths/min", "/min" },
  { "°c", "Cel" }, { "degc", "Cel" }, { "cel", "Cel" }, { "c", "Cel" }, { "celsius", "Cel" },
  { "°f", "[degF]" }, { "degf", "[degF]" }, { "[degf]", "[degF]" }, { "f", "[degF]" }, { "fahrenheit", "[degF]" },
  { "k", "K" }, { "kelvin", "K" }, { "%", "%" }, { "kg", "kg" }, { "g", "g" }, { "lb", "[lb_av]" },
  { "lbs", "[lb_av]" }, { "[lb_av]", "[lb_av]" }, { "cm", "cm" }, { "m", "m" }, { "in", "[in_i]" },
  { "[in_i]", "[in_i]" }, { "kpa", "kPa" }, { "l/min", "L/min" }, { "mg/dl", "mg/dL" }, { "mmol/l", "mmol/L" },
  { "kg/m2", "kg/m2" }, { "{score}", "{score}" }, { "1", "1" }, { "hz", "Hz" },
};

const RoundsVital *
rounds_vital_find (const char *code)
{
  if (code == NULL)
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (vitals); i++)
    if (strcmp (vitals[i].code, code) == 0)
      return &vitals[i];
  return NULL;
}

/* Letters and digits in lower case, without a unit in brackets at the end. */
static void
fold_name (const char *name, char *out, gsize size)
{
  gsize n = 0;

  for (const char *p = name; *p != '\0' && n + 1 < size; p++)
    {
      if ((*p == '(' || *p == '[') && n > 0)
        break;
      if (g_ascii_isalnum (*p))
        out[n++] = g_ascii_tolower (*p);
      else if (g_str_has_prefix (p, "₂"))
        out[n++] = '2';
    }
  out[n] = '\0';
}

const RoundsVital *
rounds_vital_find_name (const char *name)
{
  char folded[64];
  const RoundsVital *vital = rounds_vital_find (name);

  if (vital != NULL || name == NULL)
    return vital;
  fold_name (name, folded, sizeof folded);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (strcmp (names[i].name, folded) == 0)
      return rounds_vital_find (names[i].code);
  return NULL;
}

const char *
rounds_vital_get_label (const RoundsVital *self)
{
  return _ (self->label);
}

guint
rounds_vital_get_rank (const char *code)
{
  const RoundsVital *vital = rounds_vital_find (code);

  return vital == NULL ? G_N_ELEMENTS (vitals) : (guint) (vital - vitals);
}

const char *
rounds_vital_unit_from_text (const char *text)
{
  g_autofree char *folded = NULL;

  if (text == NULL)
    return NULL;
  folded = g_utf8_validate (text, -1, NULL) ? g_utf8_strdown (text, -1) : g_ascii_strdown (text, -1);
  g_strstrip (folded);
  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    if (strcmp (units[i].text, folded) == 0)
      return units[i].ucum;
  return NULL;
}

char *
rounds_vital_format (const RoundsVital *self, double value)
{
  guint decimals = self != NULL ? self->decimals : 2;

  if (!isfinite (value))
    return g_strdup ("–");
  if (self == NULL)
    return rounds_decimal_format (value, 4);
  return g_strdup_printf ("%.*f", (int) decimals, rounds_round_half_up (value, (int) decimals));
}

gboolean
rounds_vital_check (const RoundsVital *self, double value, const char *unit, double *canonical, GError **error)
{
  double in_unit = value;

  if (!isfinite (value))
    {
      g_set_error_literal (error, ROUNDS_VITALS_ERROR, ROUNDS_VITALS_ERROR_INVALID, _("not a number"));
      return FALSE;
    }
  if (unit != NULL && *unit != '\0' && strcmp (unit, self->unit) != 0 &&
      !rounds_quantity_convert (value, unit, self->unit, &in_unit))
    {
      g_set_error (error, ROUNDS_VITALS_ERROR, ROUNDS_VITALS_ERROR_INVALID,
                   _("the unit “%s” is none of %s"), unit, rounds_vital_get_label (self));
      return FALSE;
    }
  /* A hair of tolerance, so that a limit written in another unit is still inside. */
  if (in_unit < self->absolute_low - 1e-9 || in_unit > self->absolute_high + 1e-9)
    {
      g_autofree char *low = rounds_decimal_format (self->absolute_low, 6);
      g_autofree char *high = rounds_decimal_format (self->absolute_high, 6);
      g_autofree char *shown = rounds_decimal_format (in_unit, 6);

      g_set_error (error, ROUNDS_VITALS_ERROR, ROUNDS_VITALS_ERROR_RANGE,
                   /* Translators: name, value, lowest, highest, unit */
                   _("%s %s is outside %s to %s %s"), rounds_vital_get_label (self), shown, low, high,
                   rounds_unit_display (self->unit));
      return FALSE;
    }
  if (canonical != NULL)
    *canonical = in_unit;
  return TRUE;
}
