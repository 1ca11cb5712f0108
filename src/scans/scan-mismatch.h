/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/scan-store.h"

G_BEGIN_DECLS

/* Whether a scan is of the patient whose chart is open. */
typedef enum {
  ROUNDS_MISMATCH_NONE = 0,
  ROUNDS_MISMATCH_ID = 1 << 0,          /* PatientID is none of the chart's identifiers */
  ROUNDS_MISMATCH_NAME = 1 << 1,
  ROUNDS_MISMATCH_BIRTH_DATE = 1 << 2,
  ROUNDS_MISMATCH_UNNAMED = 1 << 3,     /* the file does not say whose it is */
} RoundsMismatch;

/* What the chart says. */
typedef struct {
  char **identifiers;   /* values, NULL-terminated */
  char **names;         /* each "family\ngiven given", every name of the patient */
  char *birth_date;     /* FHIR date or NULL */
  char *display_name;   /* "HICKLE, Alfonzo" */
  char *sex;            /* FHIR gender or NULL */
} RoundsChartIdentity;
RoundsChartIdentity *rounds_chart_identity_new (const char *patient_json, GError **error);
void rounds_chart_identity_free (RoundsChartIdentity *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsChartIdentity, rounds_chart_identity_free)

/* A part that the file leaves empty cannot disagree. Names are compared by letters, without case, accents and
 * order of given names; ideographic and phonetic groups of the DICOM name count too. */
RoundsMismatch rounds_scan_mismatch (const RoundsChartIdentity *chart, const RoundsScanInstance *scan);
/* The same for plain strings (DICOM formats, NULL allowed). */
RoundsMismatch rounds_scan_mismatch_fields (const RoundsChartIdentity *chart, const char *patient_id,
                                            const char *patient_name, const char *birth_date);
/* What the banner says, translated; NULL when there is nothing to say. Caller frees. */
char *rounds_scan_mismatch_text (RoundsMismatch mismatch, const RoundsChartIdentity *chart,
                                 const RoundsScanInstance *scan);
/* "DOE^JANE^^DR" → "DOE, Jane"-like text for people: family, given. Caller frees. */
char *rounds_dicom_name_display (const char *name);

G_END_DECLS
