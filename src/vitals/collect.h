/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fhir/json.h"
#include "vitals/news2.h"
#include "vitals/series.h"

G_BEGIN_DECLS

/* A mark on the time axis. */
typedef enum {
  ROUNDS_VITALS_EVENT_MEDICATION,
  ROUNDS_VITALS_EVENT_MEDICATION_ENDED,
  ROUNDS_VITALS_EVENT_OXYGEN,
  ROUNDS_VITALS_EVENT_NOTE,
  ROUNDS_VITALS_EVENT_SCAN,
} RoundsVitalsEventKind;

typedef struct {
  gint64 time_us;
  RoundsVitalsEventKind kind;
  char *label;
} RoundsVitalsEvent;

typedef struct {
  gint64 time_us;
  char letter;             /* A, C, V, P, U */
} RoundsConsciousness;

typedef struct {
  gint64 time_us;
  RoundsNews2 score;       /* complete ones only */
} RoundsNews2Point;

/* A single Observation behind a value, for the table: who can be corrected. */
typedef struct {
  gint64 time_us;
  double value;            /* in the series' unit; NaN when it is a word */
  char *code, *unit, *text;/* text: the value as people read it */
  char *observation_id;
} RoundsVitalsEntryRow;

/* Everything that the vitals of one patient show and compute, read once. Immutable after that. */
typedef struct {
  char *patient_id;
  GPtrArray *series;            /* RoundsVitalSeries in order of lanes, none empty */
  GArray *consciousness;        /* RoundsConsciousness, ascending */
  GArray *news2;                /* RoundsNews2Point, ascending: every time at which a complete score follows */
  GPtrArray *events;            /* RoundsVitalsEvent, ascending */
  GPtrArray *rows;              /* RoundsVitalsEntryRow of Observations, newest first */
  int spo2_scale;               /* 2 after a recorded decision, else 1 */
  char *birth_date;             /* or NULL */
  gboolean pregnant;            /* an active Condition says so */
  gint64 scale_decided_us;      /* of the decision behind spo2_scale */
  gint64 first_us, last_us;     /* of all samples; G_MAXINT64/G_MININT64 when there are none */
} RoundsVitalsChart;

/* Reads Observations (panels and components, single values, SampledData), dense series and events of a
 * patient. Blocks: call it in a worker. */
RoundsVitalsChart *rounds_vitals_chart_load (RoundsStore *store, const char *patient_id, GCancellable *cancellable,
                                             GError **error);
RoundsVitalsChart *rounds_vitals_chart_ref (RoundsVitalsChart *self);
void rounds_vitals_chart_unref (RoundsVitalsChart *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsVitalsChart, rounds_vitals_chart_unref)

/* For tests and files: a chart of these series alone. Takes the array. */
RoundsVitalsChart *rounds_vitals_chart_new_for_series (GPtrArray *series);
/* Reads one Observation into the chart being made; call rounds_vitals_chart_finish() after the last. */
void rounds_vitals_chart_add_observation (RoundsVitalsChart *self, json_object *observation);
void rounds_vitals_chart_finish (RoundsVitalsChart *self);

/* By code, or by any name that files use. Borrowed or NULL. */
RoundsVitalSeries *rounds_vitals_chart_find (const RoundsVitalsChart *self, const char *code);

/* The inputs of NEWS2 as they were known at this time: of each the newest value that is not older than 12 hours
 * (the longest interval that NEWS2 allows between observations). time_us G_MAXINT64 = at the newest input;
 * *at_us (may be NULL) is the time of the newest input used, G_MININT64 when there is none. */
void rounds_vitals_chart_news2_input (const RoundsVitalsChart *self, gint64 time_us, RoundsNews2Input *out,
                                      gint64 *at_us);
/* Scores them. FALSE with a sentence in *why (caller frees) when NEWS2 does not apply to this person. */
gboolean rounds_vitals_chart_news2 (const RoundsVitalsChart *self, gint64 time_us, RoundsNews2 *out, gint64 *at_us,
                                    char **why);

/* The newest value of a code, how it scores in NEWS2 (−1 = it does not), and whether it is out of its band. */
typedef struct {
  const RoundsVitalSeries *series;
  RoundsSample sample;
  int sub_score;
  gboolean out_of_band;
} RoundsVitalLatest;
/* The reference bands are an adult's: FALSE for a child, where they would call a healthy value unusual. Pure. */
gboolean rounds_vitals_chart_bands_apply (const RoundsVitalsChart *self);
gboolean rounds_vitals_chart_latest (const RoundsVitalsChart *self, const char *code, RoundsVitalLatest *out);
/* The NEWS2 part that a code feeds, ROUNDS_N_NEWS2_PARTS when none. */
RoundsNews2Part rounds_news2_part_of_code (const char *code);

#define ROUNDS_CODE_SYSTEM_NEWS2 "https://rounds-project.github.io/fhir/CodeSystem/news2"

G_END_DECLS
