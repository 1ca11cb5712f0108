/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fhir/json.h"

G_BEGIN_DECLS

/* The National Early Warning Score 2.
 *
 * Reproduced from: Royal College of Physicians. National Early Warning Score (NEWS) 2: Standardising the
 * assessment of acute-illness severity in the NHS. Updated report of a working party. London: RCP, 2017. The
 * same acknowledgement is shown with the score (rounds_news2_acknowledgement()). For people of 16 and more, not
 * in pregnancy. */

typedef enum {
  ROUNDS_NEWS2_RESPIRATORY_RATE,
  ROUNDS_NEWS2_SPO2,
  ROUNDS_NEWS2_OXYGEN,
  ROUNDS_NEWS2_SYSTOLIC,
  ROUNDS_NEWS2_PULSE,
  ROUNDS_NEWS2_CONSCIOUSNESS,
  ROUNDS_NEWS2_TEMPERATURE,
  ROUNDS_N_NEWS2_PARTS,
} RoundsNews2Part;

typedef enum { ROUNDS_OXYGEN_UNKNOWN, ROUNDS_OXYGEN_AIR, ROUNDS_OXYGEN_GIVEN } RoundsOxygen;

/* NaN, UNKNOWN and 0 mean: not measured. */
typedef struct {
  double respiratory_rate_per_min;
  double spo2_percent;
  int scale;                    /* 1, or 2 after a clinician's recorded decision */
  RoundsOxygen oxygen;
  double systolic_mmhg;
  double pulse_per_min;
  char consciousness;           /* 'A', 'C', 'V', 'P', 'U' */
  double temperature_celsius;
} RoundsNews2Input;

#define ROUNDS_NEWS2_INPUT_NONE ((RoundsNews2Input) { NAN, NAN, 1, ROUNDS_OXYGEN_UNKNOWN, NAN, NAN, 0, NAN })

typedef enum {
  ROUNDS_NEWS2_UNKNOWN,         /* incomplete, and what is there reaches nothing yet */
  ROUNDS_NEWS2_ROUTINE,         /* 0 */
  ROUNDS_NEWS2_LOW,             /* 1–4 */
  ROUNDS_NEWS2_SINGLE,          /* a 3 in one parameter, total below 5 */
  ROUNDS_NEWS2_URGENT,          /* 5–6 */
  ROUNDS_NEWS2_EMERGENCY,       /* 7 and more */
} RoundsNews2Response;

typedef struct {
  gboolean complete;
  int total;                              /* −1 when not complete */
  int at_least;                           /* sum of what is there */
  int parts[ROUNDS_N_NEWS2_PARTS];        /* 0…3, −1 = missing */
  RoundsNews2Response response;
} RoundsNews2;

/* Scores; values are first rounded half up to the table's step. A missing input makes it incomplete, never 0.
 * On scale 2 a saturation of 93 and more cannot be scored without knowing about oxygen. Pure. */
void rounds_news2_score (const RoundsNews2Input *input, RoundsNews2 *out);
/* FALSE with error when a value is outside its absolute limits: then nothing may be scored. */
gboolean rounds_news2_check (const RoundsNews2Input *input, GError **error);

/* "respiratory_rate", "spo2", "oxygen", … Static. */
const char *rounds_news2_part_name (RoundsNews2Part part);
/* For people, translated. */
const char *rounds_news2_part_label (RoundsNews2Part part);
/* "routine", "low", "single", "urgent", "emergency"; NULL for UNKNOWN. */
const char *rounds_news2_response_name (RoundsNews2Response response);
/* What is to be done, translated: "at least every 12 h", "continuous watch". */
const char *rounds_news2_response_text (RoundsNews2Response response);
/* Longest time to the next set of observations; 0 = continuous or not known. */
gint64 rounds_news2_response_interval_us (RoundsNews2Response response);
const char *rounds_news2_acknowledgement (void);

/* The CLI's answer: total, complete, missing, parts, response, due, and at_least when incomplete. time_us
 * G_MININT64 = not known: due is null. Caller owns. */
json_object *rounds_news2_to_json (const RoundsNews2 *self, gint64 time_us);

typedef struct {
  guint64 line;
  RoundsNews2Input input;
  char *refused;        /* why the row is not scored, or NULL */
} RoundsNews2Row;
void rounds_news2_row_free (RoundsNews2Row *self);
/* CSV with the columns respiratory_rate,spo2,scale,oxygen,systolic,pulse,consciousness,temperature (any order,
 * any may be absent). Array of RoundsNews2Row; NULL with error when there is no such header. */
GPtrArray *rounds_news2_read_csv (const char *bytes, gsize length, GError **error);

G_END_DECLS
