/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fhir/json.h"

G_BEGIN_DECLS

/* Checks warn; they never block. All of this works without a network, from this cache and the pick lists.
 * What is not known is said: silence would read as "safe". */

typedef enum {
  ROUNDS_CHECK_NOTE,     /* worth knowing ("cannot be compared") */
  ROUNDS_CHECK_INFORM,   /* amber */
  ROUNDS_CHECK_REASON,   /* red: a reason is asked for and kept in the record */
} RoundsCheckLevel;

typedef struct {
  RoundsCheckLevel level;
  char *id;       /* "allergy:TYPE/ID", "duplicate:TYPE/ID", "unknown": stable while it is the same warning */
  char *title;    /* "Allergic to penicillin V — anaphylaxis, 1998, confirmed" */
  char *detail;   /* "Amoxicillin is in the same class (Penicillins)." */
} RoundsCheck;
void rounds_check_free (RoundsCheck *self);
RoundsCheck *rounds_check_new (RoundsCheckLevel level, const char *id, char *title_taken, char *detail_taken);

/* What else the patient has: arrays of borrowed json_object, any may be NULL (= not known). */
typedef struct {
  GPtrArray *allergies;    /* AllergyIntolerance */
  GPtrArray *medications;  /* MedicationRequest and MedicationStatement */
  GPtrArray *same;         /* resources of the section itself, without the one that is edited */
  gint64 now_us;
} RoundsCheckContext;

/* A drug (MedicationRequest) against allergies and current drugs: array of RoundsCheck, gravest first. */
GPtrArray *rounds_check_drug (json_object *request, const RoundsCheckContext *context);

/* The same concept (code or text) already active in `same`. */
GPtrArray *rounds_check_duplicate (json_object *resource, const RoundsCheckContext *context);

/* An allergy that is confirmed and was, or may be, anaphylaxis. */
gboolean rounds_allergy_is_anaphylaxis (json_object *allergy);
/* "No known allergy" and its like. */
gboolean rounds_allergy_is_none_known (json_object *allergy);

/* The highest level of an array of checks, −1 when it is empty. */
int rounds_checks_level (GPtrArray *checks);

G_END_DECLS
