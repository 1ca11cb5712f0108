/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dicom/file.h"

G_BEGIN_DECLS

/* What is written into a DERIVED object about how it was made (scans.md; PS3.3 C.7.6.1, C.12.1). */
typedef struct {
  const char *description;          /* Derivation Description */
  const char *derivation_code;      /* DCM code value, for example "113087" */
  const char *derivation_meaning;
  const char *series_description;   /* "ENHANCED " is put before it */
  const char *series_uid;           /* new; one for all instances of the run */
  const char *manufacturer, *model_name, *model_version, *model_sha256;
} RoundsDerivation;

/* Makes a new DERIVED\SECONDARY image from source and new stored values of its own type, shape and frame
 * count (explicit VR little endian, preamble zeroed). New SOP Instance UID (2.25…) given back; Study kept;
 * Source Image Sequence, Contributing Equipment Sequence, lossy flags kept. Never changes source. */
GBytes *rounds_dicom_write_derived (RoundsDicomFile *source, const void *pixels, gsize size,
                                    const RoundsDerivation *derivation, char **sop_uid, GError **error);

/* A copy with the identity of another patient and new UIDs by a keyed map (same in → same out for one
 * salt), for the demo ward. Everything else that names people or places is emptied. */
typedef struct {
  const char *patient_id, *patient_name, *birth_date, *sex;   /* DICOM formats */
  const char *salt;
  const char *study_description, *series_description, *derivation_description;
  const char *study_date, *study_time;
} RoundsIdentity;
GBytes *rounds_dicom_write_with_identity (RoundsDicomFile *source, const RoundsIdentity *identity, GError **error);

/* "2.25." and a random UUID as a decimal number (PS3.5 B.2). Caller frees. */
char *rounds_dicom_new_uid (void);
gboolean rounds_dicom_is_uid (const char *text);

G_END_DECLS
