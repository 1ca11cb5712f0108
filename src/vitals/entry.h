/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vitals/collect.h"

G_BEGIN_DECLS

/* One set of observations as entered. NaN, UNKNOWN and 0 mean: not entered. */
typedef struct {
  gint64 time_us;
  double respiratory_rate_per_min;
  double spo2_percent;
  RoundsOxygen oxygen;
  double oxygen_flow_l_min;     /* with oxygen GIVEN; NaN = flow not told */
  double systolic_mmhg, diastolic_mmhg;
  double pulse_per_min;
  double temperature;           /* in temperature_unit */
  const char *temperature_unit; /* UCUM, static: "Cel" or "[degF]"; kept as entered */
  char consciousness;           /* A, C, V, P, U */
  double weight_kg;
} RoundsVitalsEntry;

void rounds_vitals_entry_init (RoundsVitalsEntry *self);
gboolean rounds_vitals_entry_is_empty (const RoundsVitalsEntry *self);
/* The entry as NEWS2 sees it. */
void rounds_vitals_entry_news2 (const RoundsVitalsEntry *self, int scale, RoundsNews2Input *out);

typedef enum {
  ROUNDS_ENTRY_OK,
  ROUNDS_ENTRY_ASK,      /* unusual: keep only when the user says so again */
  ROUNDS_ENTRY_REFUSE,   /* cannot be */
} RoundsEntryVerdict;

/* Judges one value in unit (NULL = the vital's own). last is the value before it in the vital's own unit, NaN
 * for none. *message (may be NULL; caller frees) is NULL or a sentence for people. */
RoundsEntryVerdict rounds_vitals_entry_check (const char *code, double value, const char *unit, double last,
                                              char **message);
/* Diastolic at or above systolic cannot be. */
RoundsEntryVerdict rounds_vitals_entry_check_pressure (double systolic, double diastolic, char **message);

/* FHIR Observations of the entry: pressures as one panel, and, when NEWS2 is complete and score is TRUE, its
 * score (category survey) derivedFrom the others. Array of json_object *; caller owns. performer: display name,
 * may be NULL. */
GPtrArray *rounds_vitals_entry_make (const RoundsVitalsEntry *self, const char *patient_id, const char *performer,
                                     int scale, gboolean score);

/* What an edit wrote, so that it can be taken back. */
typedef struct {
  char *type, *id;
  gint64 revision;
} RoundsVitalsReceipt;
void rounds_vitals_receipt_free (RoundsVitalsReceipt *self);

/* Writes resources of rounds_vitals_entry_make() in one edit. Array of RoundsVitalsReceipt. Blocks. */
GPtrArray *rounds_vitals_save (RoundsStore *store, GPtrArray *resources, const char *reason, GError **error);
/* Takes them back. Blocks. */
gboolean rounds_vitals_undo (RoundsStore *store, GPtrArray *receipts, GError **error);

/* Marks one Observation as entered in error (it stays in the record); receipts to take that back. Blocks. */
GPtrArray *rounds_vitals_retract (RoundsStore *store, const char *observation_id, GError **error);

/* The clinician's decision for SpO₂ scale 1 or 2, as an Observation. Caller owns. */
json_object *rounds_vitals_scale_decision (const char *patient_id, int scale, gint64 time_us, const char *performer);

G_END_DECLS
