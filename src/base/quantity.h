/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Brings a value from one UCUM unit to another for the units that vital signs and common results come
 * in (Cel [degF] K; mm[Hg] kPa; kg g [lb_av]; cm m [in_i]; mmol/L mg/dL of glucose only by code; /min
 * {beats}/min, 1/min, Hz; %, 1). FALSE when the pair is not known; out is untouched then. Any thread. */
gboolean rounds_quantity_convert (double value, const char *from_unit, const char *to_unit, double *out);

/* The same, and mass and molar concentrations of a substance that its LOINC code names (glucose, creatinine,
 * cholesterol): 5.5 mmol/L of 2345-7 → 99.1 mg/dL. loinc may be NULL. Any thread. */
gboolean rounds_quantity_convert_for_code (const char *loinc, double value, const char *from_unit,
                                           const char *to_unit, double *out);

/* The unit as people write it: "mmHg" for "mm[Hg]", "°C" for "Cel". Borrowed, static or same string. */
const char *rounds_unit_display (const char *ucum);

/* A decimal number, and nothing else: no hex, no NaN, no Inf, no blanks, a point as separator. */
gboolean rounds_decimal_parse (const char *text, double *out);

/* The shortest text that gives the same double again, with at most `digits` significant digits when
 * digits > 0. Never an exponent between 1e-6 and 1e15, never NaN. Caller frees. */
char *rounds_decimal_format (double value, int digits);

/* Rounds half away from zero to a number of decimals as people do it: 2.675 → 2.68, 38.05 → 38.1. */
double rounds_round_half_up (double value, int decimals);

G_END_DECLS
