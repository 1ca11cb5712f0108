/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How much of a FHIR date is given. "2019" is a whole year, and stays one. */
typedef enum {
  ROUNDS_PRECISION_YEAR,
  ROUNDS_PRECISION_MONTH,
  ROUNDS_PRECISION_DAY,
  ROUNDS_PRECISION_MINUTE,
  ROUNDS_PRECISION_SECOND,
  ROUNDS_PRECISION_SUBSECOND,
} RoundsPrecision;

/* A point in time as FHIR writes it (R4 datatypes: date, dateTime, instant). */
typedef struct {
  gint64 us;                 /* start of the period, microseconds since 1970-01-01T00:00:00Z */
  RoundsPrecision precision;
  gboolean has_offset;       /* FALSE for dates: us is then midnight in local time */
  int offset_minutes;        /* as written, −840…840 */
} RoundsInstant;

#define ROUNDS_BASE_ERROR (rounds_base_error_quark ())
GQuark rounds_base_error_quark (void);

typedef enum {
  ROUNDS_BASE_ERROR_INVALID,   /* the text is not what it should be: show it to the user */
} RoundsBaseError;

/* Reads a FHIR date, dateTime or instant. out is untouched on failure. Any thread. */
gboolean rounds_instant_parse (const char *text, RoundsInstant *out, GError **error);

/* RFC 3339 with the local offset, milliseconds only when they are not zero. Caller frees. */
char *rounds_instant_format_us (gint64 us);

/* RFC 3339 in UTC with milliseconds ("2026-11-24T08:15:30.250Z"). Caller frees. */
char *rounds_instant_format_utc (gint64 us);

/* For people, by locale and by precision: "today 08:52", "20 Nov", "2021-05", "2016". Caller frees.
 * now_us decides what is today; the local time zone is used. */
char *rounds_instant_display (const RoundsInstant *instant, gint64 now_us);

/* "14 min", "3 h", "2 d": the age of something, for people. Caller frees. */
char *rounds_instant_age (gint64 us, gint64 now_us);

/* Whole years between a FHIR birth date and now_us; −1 when birth_date cannot be read. */
int rounds_instant_years (const char *birth_date, gint64 now_us);

gint64 rounds_instant_now_us (void);

G_END_DECLS
