/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../store/store-fixture.h"

/* What a clinician's and a syncing program do to a store, one small thing at a time, and what must be there
 * afterwards. A step says what it is going to do and, once the store has acknowledged it, that it is done. */

#define WORK_RECORDS 20
#define WORK_IMPORT 40
#define WORK_SAMPLES 100
#define WORK_PAGE 30

typedef enum {
  WORK_RECORD,     /* an edit */
  WORK_FILE,       /* an import */
  WORK_SERIES,
  WORK_BLOB,       /* an image */
  WORK_DRAFT,
  WORK_DOWNLOAD,   /* a page and its cursor */
  WORK_ACK,        /* an edit that is sent and acknowledged */
  WORK_N_KINDS,
} WorkKind;
extern const char *const work_names[WORK_N_KINDS];

typedef struct {
  gint32 kind;
  gint32 done;
  gint32 number;  /* which record */
  gint64 value;   /* grows with each step, never twice */
} WorkWord;

typedef void (*WorkSay) (const WorkWord *word, gpointer data);

/* FALSE when the store refused. */
gboolean work_step (RoundsStore *store, WorkKind kind, gint32 number, gint64 value, WorkSay say, gpointer data,
                    GError **error);
/* A kind and a record by chance. */
gboolean work_any (RoundsStore *store, GRand *rand, gint64 value, WorkSay say, gpointer data, GError **error);

typedef struct {
  gint64 acked, tried;   /* newest value; −1 = none */
} WorkKnown;

typedef struct {
  WorkKnown records[WORK_RECORDS];
  WorkKnown draft;
  GArray *lists[WORK_N_KINDS];       /* gint64 acknowledged */
  gint64 maybe[WORK_N_KINDS];        /* tried and not acknowledged; −1 = none */
  gint64 next_value;
  guint n_acked[WORK_N_KINDS];
} WorkTruth;

void work_truth_init (WorkTruth *self);
void work_truth_clear (WorkTruth *self);
void work_truth_hear (const WorkWord *word, gpointer truth);
/* Everything that was acknowledged is there, once; what was only tried is there whole or not at all; the trail
 * verifies; nothing is taken for being under way. Adopts what turned out to be there. */
void work_truth_check (WorkTruth *self, RoundsStore *store);
guint work_truth_count (const WorkTruth *self);
