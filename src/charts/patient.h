/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "charts/section.h"
#include "store/store.h"

G_BEGIN_DECLS

/* What is said of a patient in a banner or a list, read once out of the resource. */
typedef struct {
  char *id;
  char *name;           /* "HICKLE, Alfonzo" */
  char *sex;            /* "male", or NULL */
  char *birth_date;     /* as written, or NULL */
  int age_years;        /* −1 = unknown; at death when deceased */
  char *age;            /* "61 y", "14 months", "6 d"; NULL = unknown */
  char *mrn;            /* or NULL */
  gboolean deceased;
  char *deceased_when;  /* for people, or NULL */
  char *phone, *address;
  char **alerts;        /* titles of active Flags, never NULL */
  gboolean unsynced;
  char *sync_state;     /* as in RoundsRecord */
} RoundsPatient;

void rounds_patient_free (RoundsPatient *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsPatient, rounds_patient_free)
RoundsPatient *rounds_patient_copy (const RoundsPatient *self);

/* Pure. Caller owns. */
RoundsPatient *rounds_patient_from_json (json_object *resource, gint64 now_us);
/* Reads patient and active Flags. Blocks. NULL with the store's error. Caller owns. */
RoundsPatient *rounds_patient_load (RoundsStore *store, const char *patient_id, GError **error);
/* "Male · 61 y (1965-03-14) · MRN 4471-0093". Caller frees. */
char *rounds_patient_words (const RoundsPatient *self);
/* The word with its first letter as a capital. Caller frees. */
char *rounds_words_capital (const char *word);
/* "61 y", "14 months", "6 d" of a birth date; NULL when it cannot be read. Caller frees. */
char *rounds_patient_age_words (const char *birth_date, gint64 now_us);

/* Patients with the same birth date and a name in common: array of RoundsCheck for the form. values are form
 * values of rounds_section_patient; exclude_id may be NULL. Blocks. */
GPtrArray *rounds_patient_find_duplicates (RoundsStore *store, json_object *values, const char *exclude_id,
                                           GError **error);

G_END_DECLS
