/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/series-store.h"

G_BEGIN_DECLS

/* What a vitals file holds, whatever its format. Times are µs since the epoch, or, when `relative`, µs since
 * 00:00 of the record. */

#define ROUNDS_VITALS_MAX_SIGNALS 512
#define ROUNDS_VITALS_MAX_BYTES (512 * 1024 * 1024)

typedef struct {
  char *name;            /* as the file calls it */
  const char *code;      /* LOINC, or the name itself when nobody knows it; borrowed */
  char *unit;            /* UCUM where the file's text is known, else the text; "" = none given */
  GArray *samples;       /* RoundsSample in file order, in `unit` */
} RoundsVitalsSignal;

typedef struct {
  guint64 line;          /* from 1; 0 = the whole file */
  char *reason;
} RoundsVitalsRefusal;

typedef struct {
  gboolean relative;
  GPtrArray *signals;    /* RoundsVitalsSignal, in order of appearance */
  GPtrArray *refused;    /* RoundsVitalsRefusal, the first 1,000 */
  guint64 n_refused;     /* all of them */
  guint64 n_values;      /* samples in all signals */
  char *summary;         /* what was detected, for people: delimiter, form, times */
} RoundsVitalsFile;

RoundsVitalsFile *rounds_vitals_file_new (void);
void rounds_vitals_file_free (RoundsVitalsFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsVitalsFile, rounds_vitals_file_free)

/* By name as the file has it, else by code. Borrowed; NULL when it is not there. */
RoundsVitalsSignal *rounds_vitals_file_find (RoundsVitalsFile *self, const char *name);
/* For readers. Borrowed; NULL when there are too many. */
RoundsVitalsSignal *rounds_vitals_file_add (RoundsVitalsFile *self, const char *name, const char *unit);
void rounds_vitals_file_refuse (RoundsVitalsFile *self, guint64 line, const char *format, ...) G_GNUC_PRINTF (3, 4);
/* "line 7: empty value; line 9: …", the first few and how many more. NULL when nothing was refused. Caller
 * frees. */
char *rounds_vitals_file_dup_refusals (RoundsVitalsFile *self);

/* Puts every signal into the store's series of this patient. start_us is the instant of 00:00 of relative
 * times. *n_new counts samples that were not there. Blocks. FALSE with error leaves what was already stored by
 * earlier signals; doing it again changes nothing twice. */
gboolean rounds_vitals_file_store (RoundsVitalsFile *self, RoundsStore *store, const char *patient_id,
                                   gint64 start_us, const char *source, guint64 *n_new, GError **error);

G_END_DECLS
