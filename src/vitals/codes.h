/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define ROUNDS_VITALS_ERROR (rounds_vitals_error_quark ())
GQuark rounds_vitals_error_quark (void);

typedef enum {
  ROUNDS_VITALS_ERROR_INVALID,   /* the text or value is not what it should be: show it to the user */
  ROUNDS_VITALS_ERROR_RANGE,     /* a number outside what a living person can have: refused */
  ROUNDS_VITALS_ERROR_FILE,      /* a file of no use as a whole: report it and go on with the next */
} RoundsVitalsError;

#define ROUNDS_LOINC "http://loinc.org"
#define ROUNDS_UCUM "http://unitsofmeasure.org"
#define ROUNDS_SNOMED "http://snomed.info/sct"

#define ROUNDS_CODE_HEART_RATE "8867-4"
#define ROUNDS_CODE_PULSE_OXIMETER_RATE "8889-8"
#define ROUNDS_CODE_RESPIRATORY_RATE "9279-1"
#define ROUNDS_CODE_TEMPERATURE "8310-5"
#define ROUNDS_CODE_SPO2 "59408-5"
#define ROUNDS_CODE_SAO2 "2708-6"
#define ROUNDS_CODE_BP_PANEL "85354-9"
#define ROUNDS_CODE_SYSTOLIC "8480-6"
#define ROUNDS_CODE_DIASTOLIC "8462-4"
#define ROUNDS_CODE_MEAN_PRESSURE "8478-0"
#define ROUNDS_CODE_ARTERIAL_SYSTOLIC "76215-3"
#define ROUNDS_CODE_ARTERIAL_DIASTOLIC "76213-8"
#define ROUNDS_CODE_ARTERIAL_MEAN "76214-6"
#define ROUNDS_CODE_OXYGEN_FLOW "3151-8"
#define ROUNDS_CODE_OXYGEN_CONCENTRATION "3150-0"
#define ROUNDS_CODE_CONSCIOUSNESS "80288-4"
#define ROUNDS_CODE_GCS "9269-2"
#define ROUNDS_CODE_WEIGHT "29463-7"
#define ROUNDS_CODE_HEIGHT "8302-2"

/* One kind of vital sign. Limits and bands are in `unit`; NaN where there is none. */
typedef struct {
  const char *code;         /* LOINC */
  const char *display;      /* English, as written into FHIR */
  const char *label;        /* untranslated: rounds_vital_get_label() */
  const char *unit;         /* UCUM; values are compared in it */
  guint decimals;           /* shown */
  double band_low, band_high;           /* reference band, drawn and used for flags */
  double absolute_low, absolute_high;   /* outside: refused */
  double unusual_low, unusual_high;     /* outside: asked once more */
  guint32 light_rgb, dark_rgb;          /* colour of its curve */
  gint64 gap_us;            /* no line over a longer silence, however far apart values usually are */
  gboolean laboratory;      /* category `laboratory` instead of `vital-signs` */
} RoundsVital;

/* By LOINC code; NULL when it is not in the table. Static. Any thread. */
const RoundsVital *rounds_vital_find (const char *code);
/* By what files call it: LOINC code, PhysioNet or MIMIC parameter, or a plain English word; case, blanks,
 * '_' and '-' do not matter and a unit in brackets at the end is left out. NULL when unknown. Static. */
const RoundsVital *rounds_vital_find_name (const char *name);

/* Translated name for people. Static. */
const char *rounds_vital_get_label (const RoundsVital *self);
/* Place in the order of lanes; unknown codes come last. */
guint rounds_vital_get_rank (const char *code);

/* FALSE with error (RANGE) when value (in unit; NULL = the vital's own) cannot be: the message says why.
 * *canonical (may be NULL) is the value in the vital's own unit. Fails with INVALID for a unit that cannot be
 * brought to it. */
gboolean rounds_vital_check (const RoundsVital *self, double value, const char *unit, double *canonical,
                             GError **error);

/* A value as it is shown, by the locale ("38.6"). Caller frees. */
char *rounds_vital_format (const RoundsVital *self, double value);

/* The UCUM unit that people mean by "mmHg", "bpm", "°C", "pm"…; NULL when unknown. Static or same string. */
const char *rounds_vital_unit_from_text (const char *text);

G_END_DECLS
