/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/store.h"

G_BEGIN_DECLS

/* What a file turned out to be; told by its content, never by its name. */
typedef enum {
  ROUNDS_KIND_UNKNOWN,
  ROUNDS_KIND_FHIR,
  ROUNDS_KIND_NDJSON,
  ROUNDS_KIND_DICOM,
  ROUNDS_KIND_DICOMDIR,
  ROUNDS_KIND_HL7V2,
  ROUNDS_KIND_VITALS_CSV,
  ROUNDS_KIND_WFDB,
  ROUNDS_N_KINDS,
} RoundsImportKind;

typedef enum {
  ROUNDS_STATUS_IMPORTED,
  ROUNDS_STATUS_UPDATED,
  ROUNDS_STATUS_UNCHANGED,
  ROUNDS_STATUS_REJECTED,
  ROUNDS_N_STATUSES,
} RoundsImportStatus;

const char *rounds_import_kind_to_string (RoundsImportKind kind);        /* "fhir", "vitals-csv" … */
const char *rounds_import_status_to_string (RoundsImportStatus status);  /* "imported" … */

/* The answer for one file. */
typedef struct {
  char *path;
  RoundsImportKind kind;
  RoundsImportStatus status;
  char *detail;          /* what was refused or why, one line; NULL when all is well */
  gboolean refused_some; /* something of it was not taken, though the rest was */
  guint count;           /* resources, instances or values taken from it */
} RoundsImportReport;

typedef struct {
  guint files;
  guint by_status[ROUNDS_N_STATUSES];
  guint by_kind[ROUNDS_N_KINDS];
  gboolean refused_any;  /* some input, or a part of one, was rejected */
} RoundsImportSummary;

typedef struct {
  gboolean as_known;       /* the cloud has these already: no outbox rows */
  const char *patient_id;  /* whom vitals files belong to; NULL = a patient made for the record */
  gint64 start_us;         /* instant of 00:00 of relative times; used when has_start */
  gboolean has_start;
  gboolean vitals_only;    /* refuse everything but vitals CSV and WFDB */
} RoundsImportOptions;

/* Called in the importing thread after each file. total is the number of files found. */
typedef void (*RoundsImportFunc) (const RoundsImportReport *report, guint done, guint total, gpointer data);

/* Imports files and folders (bytewise order of path, regular files only, no symbolic link followed), each in
 * transactions of its own: a bad one is reported and the rest goes on. Importing the same again changes
 * nothing. Blocks: call it in a worker. FALSE only when the import as a whole could not go on (role, disk,
 * cancelled); what was taken before stays. */
gboolean rounds_import_paths (RoundsStore *store, const char *const *paths, const RoundsImportOptions *options,
                              RoundsImportFunc func, gpointer data, RoundsImportSummary *summary,
                              GCancellable *cancellable, GError **error);

/* What the bytes of a file are; name is only used to tell a WFDB header from other text. */
RoundsImportKind rounds_import_sniff (const char *name, const guint8 *data, gsize size);

G_END_DECLS
