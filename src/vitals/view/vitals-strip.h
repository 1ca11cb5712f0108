/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vitals/collect.h"

#include <adwaita.h>

#include "kit/kit.h"

G_BEGIN_DECLS

/* What the strip of latest values and the Summary's card both show. */
typedef struct {
  const char *label;
  char *value;          /* "104/62", NULL = none recorded */
  const char *unit;     /* for people */
  char *age;            /* "14 min" */
  int sub_score;        /* of NEWS2, −1 = none */
  RoundsTone tone;
  const RoundsVitalSeries *series;
} RoundsVitalShown;
void rounds_vital_shown_clear (RoundsVitalShown *self);

/* How often ages are said anew. */
#define ROUNDS_AGE_TICK_S 20

#define ROUNDS_N_SHOWN 5
/* Respiratory rate, SpO₂, pressure, heart rate, temperature. */
void rounds_vital_shown_fill (const RoundsVitalsChart *chart, RoundsVitalShown out[ROUNDS_N_SHOWN]);
#define ROUNDS_N_SHOWN_REST 2
/* What else scores: oxygen, consciousness. series may be NULL with a value. */
void rounds_vital_shown_fill_rest (const RoundsVitalsChart *chart, RoundsVitalShown out[ROUNDS_N_SHOWN_REST]);

/* NEWS2 for the same chart: text ("12", "≥ 5", "–"), words below it, tone. Strings are the caller's. */
void rounds_vital_shown_news2 (const RoundsVitalsChart *chart, char **text, char **words, RoundsTone *tone);
/* Why a score is what it is: a line a part. Caller frees. */
char *rounds_vital_shown_news2_details (const RoundsVitalsChart *chart);

/* Cards of the latest values. Floating reference. */
GtkWidget *rounds_vitals_strip_new (void);
/* NULL empties it. */
void rounds_vitals_strip_set_chart (GtkWidget *strip, const RoundsVitalsChart *chart);

G_END_DECLS
