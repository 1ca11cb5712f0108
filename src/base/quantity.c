/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values from one unit to another, for the units that vital signs and common results come in.
 *
 * A table, not a UCUM parser: a unit that is not in it is not converted, and the caller shows the value in
 * its own unit. Factors are kept as a ratio of whole numbers where there is one, so that 98.6 °F is
 * 37 °C and not 36.99999. Moles and grams meet only in rounds_quantity_convert_for_code(), because the
 * factor belongs to the substance and not to the unit. UCUM annotations ({…}) mean nothing and are
 * skipped. Source: UCUM 2.1; NIST SP 811 for the customary units. */

#include "base/quantity.h"

#include <math.h>
#include <string.h>

typedef enum {
  KIND_TEMPERATURE,
  KIND_PRESSURE,
  KIND_MASS,
  KIND_LENGTH,
  KIND_RATE,
  KIND_RATIO,
  KIND_TIME,
  KIND_VOLUME,
  KIND_FLOW,
  KIND_MASS_CONCENTRATION,
  KIND_MOLAR_CONCENTRATION,
  KIND_CATALYTIC,
  KIND_INTERNATIONAL,
  KIND_COUNT_CONCENTRATION,
  KIND_VOLTAGE,
  KIND_BODY_INDEX,
  KIND_AREA,
} Kind;

typedef struct {
  const char *name;
  Kind kind;
  double numerator; /* value × numerator ÷ denominator + offset = value in the kind's first unit */
  double denominator;
  double offset;
} Unit;

static const Unit units[] = {
  { "Cel", KIND_TEMPERATURE, 1, 1, 0 },
  { "K", KIND_TEMPERATURE, 1, 1, -273.15 },
  { "[degF]", KIND_TEMPERATURE, 5, 9, 0 }, /* its offset is taken before the factor, see to_first() */

  { "mm[Hg]", KIND_PRESSURE, 1, 1, 0 },
  { "m[Hg]", KIND_PRESSURE, 1000, 1, 0 },
  { "kPa", KIND_PRESSURE, 1000000, 133322, 0 },
  { "Pa", KIND_PRESSURE, 1000, 133322, 0 },
  { "hPa", KIND_PRESSURE, 100000, 133322, 0 },
  { "mbar", KIND_PRESSURE, 100000, 133322, 0 },
  { "bar", KIND_PRESSURE, 100000000, 133322, 0 },
  { "cm[H2O]", KIND_PRESSURE, 98066.5, 133322, 0 },

  { "kg", KIND_MASS, 1000, 1, 0 },
  { "g", KIND_MASS, 1, 1, 0 },
  { "mg", KIND_MASS, 1, 1000, 0 },
  { "ug", KIND_MASS, 1, 1000000, 0 },
  { "ng", KIND_MASS, 1, 1000000000, 0 },
  { "[lb_av]", KIND_MASS, 453.59237, 1, 0 },
  { "[oz_av]", KIND_MASS, 28.349523125, 1, 0 },
  { "[stone_av]", KIND_MASS, 6350.29318, 1, 0 },

  { "m", KIND_LENGTH, 100, 1, 0 },
  { "cm", KIND_LENGTH, 1, 1, 0 },
  { "mm", KIND_LENGTH, 1, 10, 0 },
  { "um", KIND_LENGTH, 1, 10000, 0 },
  { "[in_i]", KIND_LENGTH, 254, 100, 0 },
  { "[ft_i]", KIND_LENGTH, 3048, 100, 0 },

  { "/min", KIND_RATE, 1, 1, 0 },
  { "/s", KIND_RATE, 60, 1, 0 },
  { "Hz", KIND_RATE, 60, 1, 0 },
  { "/h", KIND_RATE, 1, 60, 0 },

  { "1", KIND_RATIO, 1, 1, 0 },
  { "%", KIND_RATIO, 1, 100, 0 },
  { "[ppth]", KIND_RATIO, 1, 1000, 0 },

  { "s", KIND_TIME, 1, 1, 0 },
  { "ms", KIND_TIME, 1, 1000, 0 },
  { "us", KIND_TIME, 1, 1000000, 0 },
  { "min", KIND_TIME, 60, 1, 0 },
  { "h", KIND_TIME, 3600, 1, 0 },
  { "d", KIND_TIME, 86400, 1, 0 },
  { "wk", KIND_TIME, 604800, 1, 0 },
  { "mo", KIND_TIME, 2629800, 1, 0 },
  { "a", KIND_TIME, 31557600, 1, 0 },

  { "L", KIND_VOLUME, 1, 1, 0 },
  { "dL", KIND_VOLUME, 1, 10, 0 },
  { "cL", KIND_VOLUME, 1, 100, 0 },
  { "mL", KIND_VOLUME, 1, 1000, 0 },
  { "uL", KIND_VOLUME, 1, 1000000, 0 },
  { "fL", KIND_VOLUME, 1, 1e15, 0 },
  { "cm3", KIND_VOLUME, 1, 1000, 0 },

  { "L/min", KIND_FLOW, 1, 1, 0 },
  { "mL/min", KIND_FLOW, 1, 1000, 0 },
  { "L/s", KIND_FLOW, 60, 1, 0 },
  { "mL/h", KIND_FLOW, 1, 60000, 0 },
  { "L/h", KIND_FLOW, 1, 60, 0 },

  { "g/L", KIND_MASS_CONCENTRATION, 1, 1, 0 },
  { "g/dL", KIND_MASS_CONCENTRATION, 10, 1, 0 },
  { "g/mL", KIND_MASS_CONCENTRATION, 1000, 1, 0 },
  { "mg/L", KIND_MASS_CONCENTRATION, 1, 1000, 0 },
  { "mg/dL", KIND_MASS_CONCENTRATION, 1, 100, 0 },
  { "mg/mL", KIND_MASS_CONCENTRATION, 1, 1, 0 },
  { "ug/L", KIND_MASS_CONCENTRATION, 1, 1e6, 0 },
  { "ug/dL", KIND_MASS_CONCENTRATION, 1, 1e5, 0 },
  { "ug/mL", KIND_MASS_CONCENTRATION, 1, 1000, 0 },
  { "ng/L", KIND_MASS_CONCENTRATION, 1, 1e9, 0 },
  { "ng/dL", KIND_MASS_CONCENTRATION, 1, 1e8, 0 },
  { "ng/mL", KIND_MASS_CONCENTRATION, 1, 1e6, 0 },
  { "pg/mL", KIND_MASS_CONCENTRATION, 1, 1e9, 0 },

  { "mol/L", KIND_MOLAR_CONCENTRATION, 1000, 1, 0 },
  { "mmol/L", KIND_MOLAR_CONCENTRATION, 1, 1, 0 },
  { "mmol/dL", KIND_MOLAR_CONCENTRATION, 10, 1, 0 },
  { "umol/L", KIND_MOLAR_CONCENTRATION, 1, 1e3, 0 },
  { "umol/dL", KIND_MOLAR_CONCENTRATION, 1, 1e2, 0 },
  { "nmol/L", KIND_MOLAR_CONCENTRATION, 1, 1e6, 0 },
  { "pmol/L", KIND_MOLAR_CONCENTRATION, 1, 1e9, 0 },

  { "U/L", KIND_CATALYTIC, 1, 1, 0 },
  { "kU/L", KIND_CATALYTIC, 1000, 1, 0 },
  { "U/mL", KIND_CATALYTIC, 1000, 1, 0 },
  { "mU/L", KIND_CATALYTIC, 1, 1000, 0 },
  { "ukat/L", KIND_CATALYTIC, 60, 1, 0 },

  { "[IU]/L", KIND_INTERNATIONAL, 1, 1, 0 },
  { "k[IU]/L", KIND_INTERNATIONAL, 1000, 1, 0 },
  { "[IU]/mL", KIND_INTERNATIONAL, 1000, 1, 0 },
  { "m[IU]/L", KIND_INTERNATIONAL, 1, 1000, 0 },
  { "m[IU]/mL", KIND_INTERNATIONAL, 1, 1, 0 },
  { "u[IU]/mL", KIND_INTERNATIONAL, 1, 1000, 0 },

  { "10*9/L", KIND_COUNT_CONCENTRATION, 1, 1, 0 },
  { "10*3/uL", KIND_COUNT_CONCENTRATION, 1, 1, 0 },
  { "10*6/L", KIND_COUNT_CONCENTRATION, 1, 1000, 0 },
  { "10*6/mL", KIND_COUNT_CONCENTRATION, 1, 1, 0 },
  { "10*6/uL", KIND_COUNT_CONCENTRATION, 1000, 1, 0 },
  { "10*12/L", KIND_COUNT_CONCENTRATION, 1000, 1, 0 },
  { "/uL", KIND_COUNT_CONCENTRATION, 1, 1000, 0 },
  { "/mm3", KIND_COUNT_CONCENTRATION, 1, 1000, 0 },

  { "V", KIND_VOLTAGE, 1000, 1, 0 },
  { "mV", KIND_VOLTAGE, 1, 1, 0 },
  { "uV", KIND_VOLTAGE, 1, 1000, 0 },

  { "kg/m2", KIND_BODY_INDEX, 1, 1, 0 },
  { "m2", KIND_AREA, 1, 1, 0 },
  { "cm2", KIND_AREA, 1, 10000, 0 },
};

/* The same unit in other words; what stands on the left of a monitor's export as well as older UCUM. */
static const char *const aliases[][2] = {
  { "1/min", "/min" }, { "min-1", "/min" }, { "bpm", "/min" }, { "1/s", "/s" }, { "s-1", "/s" }, { "1/h", "/h" },
  { "°C", "Cel" }, { "degC", "Cel" }, { "°F", "[degF]" }, { "degF", "[degF]" },
  { "mmHg", "mm[Hg]" }, { "cmH2O", "cm[H2O]" },
  { "lb", "[lb_av]" }, { "lbs", "[lb_av]" }, { "oz", "[oz_av]" }, { "in", "[in_i]" }, { "ft", "[ft_i]" },
  { "10*0", "1" }, { "10*-2", "%" }, { "10*-3", "[ppth]" },
  { "l", "L" }, { "dl", "dL" }, { "ml", "mL" }, { "ul", "uL" }, { "µL", "uL" }, { "l/min", "L/min" },
  { "ml/min", "mL/min" }, { "ml/h", "mL/h" }, { "mL/hr", "mL/h" }, { "cc", "mL" },
  { "µg", "ug" }, { "mcg", "ug" }, { "mg/dl", "mg/dL" }, { "g/dl", "g/dL" }, { "g/l", "g/L" }, { "mg/l", "mg/L" },
  { "mmol/l", "mmol/L" }, { "umol/l", "umol/L" }, { "µmol/L", "umol/L" }, { "nmol/l", "nmol/L" },
  { "U/l", "U/L" }, { "[iU]/L", "[IU]/L" }, { "m[iU]/L", "m[IU]/L" }, { "IU/L", "[IU]/L" },
  { "10^9/L", "10*9/L" }, { "10^3/uL", "10*3/uL" }, { "10^6/uL", "10*6/uL" }, { "10^12/L", "10*12/L" },
  { "K/uL", "10*3/uL" }, { "mcL", "uL" },
};

static const char *const displays[][2] = {
  { "Cel", "°C" }, { "[degF]", "°F" }, { "mm[Hg]", "mmHg" }, { "m[Hg]", "mHg" }, { "cm[H2O]", "cmH₂O" },
  { "{beats}/min", "/min" }, { "{breaths}/min", "/min" }, { "1/min", "/min" }, { "{Beats}/min", "/min" },
  { "[lb_av]", "lb" }, { "[oz_av]", "oz" }, { "[stone_av]", "st" }, { "[in_i]", "in" }, { "[ft_i]", "ft" },
  { "kg/m2", "kg/m²" }, { "m2", "m²" }, { "cm2", "cm²" }, { "cm3", "cm³" }, { "mm3", "mm³" },
  { "mL/min/{1.73_m2}", "mL/min/1.73 m²" }, { "mL/min/1.73.m2", "mL/min/1.73 m²" },
  { "ug", "µg" }, { "ug/L", "µg/L" }, { "ug/dL", "µg/dL" }, { "ug/mL", "µg/mL" }, { "uL", "µL" }, { "us", "µs" },
  { "um", "µm" }, { "uV", "µV" }, { "umol/L", "µmol/L" }, { "umol/dL", "µmol/dL" }, { "ukat/L", "µkat/L" },
  { "10*3/uL", "10³/µL" }, { "10*6/uL", "10⁶/µL" }, { "10*9/L", "10⁹/L" }, { "10*12/L", "10¹²/L" },
  { "10*6/L", "10⁶/L" }, { "10*6/mL", "10⁶/mL" }, { "/uL", "/µL" }, { "/mm3", "/mm³" },
  { "[IU]", "IU" }, { "[iU]", "IU" }, { "[IU]/L", "IU/L" }, { "k[IU]/L", "kIU/L" }, { "[IU]/mL", "IU/mL" },
  { "m[IU]/L", "mIU/L" }, { "m[IU]/mL", "mIU/mL" }, { "u[IU]/mL", "µIU/mL" }, { "m[iU]/L", "mIU/L" },
  { "[pH]", "pH" }, { "1", "" }, { "{score}", "" }, { "{nominal}", "" }, { "{ratio}", "" }, { "{INR}", "" },
  { "{count}", "" }, { "{#}", "" }, { "mo", "months" }, { "a", "years" }, { "wk", "weeks" }, { "[ppth]", "‰" },
};

/* Molar masses, g/mol, of what is asked for in both worlds, by LOINC code. */
static const struct {
  const char *loinc;
  double molar_mass;
} molar_masses[] = {
  /* glucose */
  { "2345-7", 180.156 }, { "2339-0", 180.156 }, { "2340-8", 180.156 }, { "41653-7", 180.156 },
  { "15074-8", 180.156 }, { "14749-6", 180.156 }, { "14743-9", 180.156 }, { "1558-6", 180.156 },
  { "1521-4", 180.156 }, { "2341-6", 180.156 }, { "99504-3", 180.156 }, { "14745-4", 180.156 },
  /* creatinine */
  { "2160-0", 113.118 }, { "38483-4", 113.118 }, { "14682-9", 113.118 },
  /* cholesterol, total, HDL, LDL */
  { "2093-3", 386.654 }, { "14647-2", 386.654 }, { "2085-9", 386.654 }, { "14646-4", 386.654 },
  { "2089-1", 386.654 }, { "13457-7", 386.654 }, { "18262-6", 386.654 }, { "22748-8", 386.654 },
};

/* Drops annotations in braces; the buffer is large enough for every unit in the table. */
static gboolean
strip_annotations (const char *unit, char *buffer, gsize size)
{
  gsize n = 0;
  gboolean inside = FALSE;

  for (const char *p = unit; *p != '\0'; p++)
    {
      if (*p == '{')
        inside = TRUE;
      else if (*p == '}' && inside)
        inside = FALSE;
      else if (!inside)
        {
          if (n + 1 >= size)
            return FALSE;
          buffer[n++] = *p;
        }
    }
  buffer[n] = '\0';
  return !inside;
}

static const Unit *
find_unit (const char *name)
{
  char buffer[32];
  const char *plain = buffer;

  /* No unit, or an annotation alone, says nothing of the scale: 97 without a unit is not 9700 %. */
  if (name == NULL || !strip_annotations (name, buffer, sizeof buffer) || buffer[0] == '\0')
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (aliases); i++)
    if (strcmp (aliases[i][0], plain) == 0)
      {
        plain = aliases[i][1];
        break;
      }
  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    if (strcmp (units[i].name, plain) == 0)
      return &units[i];
  return NULL;
}

static gboolean
is_fahrenheit (const Unit *unit)
{
  return unit->name[0] == '[' && unit->kind == KIND_TEMPERATURE;
}

static double
convert (double value, const Unit *from, const Unit *to)
{
  if (from->kind == KIND_TEMPERATURE)
    {
      double celsius = is_fahrenheit (from) ? (value - 32.0) * 5.0 / 9.0 : value + from->offset;

      return is_fahrenheit (to) ? celsius * 9.0 / 5.0 + 32.0 : celsius - to->offset;
    }
  return value * (from->numerator * to->denominator) / (from->denominator * to->numerator);
}

gboolean
rounds_quantity_convert (double value, const char *from_unit, const char *to_unit, double *out)
{
  const Unit *from, *to;
  double result;

  g_return_val_if_fail (out != NULL, FALSE);

  if (from_unit == NULL || to_unit == NULL || !isfinite (value))
    return FALSE;
  if (strcmp (from_unit, to_unit) == 0)
    {
      *out = value;
      return TRUE;
    }
  from = find_unit (from_unit);
  to = find_unit (to_unit);
  if (from == NULL || to == NULL || from->kind != to->kind)
    return FALSE;

  result = from == to ? value : convert (value, from, to);
  if (!isfinite (result))
    return FALSE;
  *out = result;
  return TRUE;
}

gboolean
rounds_quantity_convert_for_code (const char *loinc, double value, const char *from_unit, const char *to_unit,
                                  double *out)
{
  const Unit *from, *to;
  double molar_mass = 0;
  double g_per_l, mmol_per_l;

  g_return_val_if_fail (out != NULL, FALSE);

  if (rounds_quantity_convert (value, from_unit, to_unit, out))
    return TRUE;
  if (loinc == NULL || !isfinite (value))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (molar_masses); i++)
    if (strcmp (molar_masses[i].loinc, loinc) == 0)
      molar_mass = molar_masses[i].molar_mass;
  from = find_unit (from_unit);
  to = find_unit (to_unit);
  if (molar_mass <= 0 || from == NULL || to == NULL)
    return FALSE;

  if (from->kind == KIND_MASS_CONCENTRATION && to->kind == KIND_MOLAR_CONCENTRATION)
    {
      g_per_l = value * from->numerator / from->denominator;
      mmol_per_l = g_per_l * 1000.0 / molar_mass;
      *out = mmol_per_l * to->denominator / to->numerator;
      return TRUE;
    }
  if (from->kind == KIND_MOLAR_CONCENTRATION && to->kind == KIND_MASS_CONCENTRATION)
    {
      mmol_per_l = value * from->numerator / from->denominator;
      g_per_l = mmol_per_l * molar_mass / 1000.0;
      *out = g_per_l * to->denominator / to->numerator;
      return TRUE;
    }
  return FALSE;
}

const char *
rounds_unit_display (const char *ucum)
{
  if (ucum == NULL)
    return "";
  for (guint i = 0; i < G_N_ELEMENTS (displays); i++)
    if (strcmp (displays[i][0], ucum) == 0)
      return displays[i][1];
  return ucum;
}
