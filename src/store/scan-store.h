/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/store.h"

G_BEGIN_DECLS

/* DICOM instances as they came (the compressed file, unchanged, preamble apart) in pixels.db with 65,536
 * byte pages, and an index of what the viewer asks for in records.db. All block. */

typedef struct {
  char *sop_uid, *series_uid, *study_uid, *sop_class_uid, *transfer_syntax;
  char *patient_id;            /* FHIR id in this cache, or NULL when no patient matches */
  char *dicom_patient_id, *dicom_patient_name, *dicom_birth_date;   /* as in the file, UTF-8 */
  char *modality, *study_date, *study_time, *study_description, *series_description, *body_part;
  char *image_type, *accession;
  int series_number, instance_number;
  int rows, columns, frames, bits_stored, samples;
  gboolean has_geometry;
  double position_mm[3], orientation[6];   /* Image Position / Orientation (Patient) */
  double spacing_mm[2];                    /* row, column; 0 = none */
  gint64 size_bytes;
  gboolean on_device;          /* FALSE = known from QIDO, fetched on demand */
  gboolean derived_here;       /* made by Rounds */
  char *warnings;              /* newline-separated, or NULL */
} RoundsScanInstance;
RoundsScanInstance *rounds_scan_instance_new (void);
void rounds_scan_instance_free (RoundsScanInstance *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsScanInstance, rounds_scan_instance_free)

/* Adds or replaces one instance with its bytes in one transaction (bytes NULL = index only). NEW, UNCHANGED
 * (same bytes), or UPDATED. to_cloud: puts it into the scan outbox. */
gboolean rounds_store_scan_put (RoundsStore *self, const RoundsScanInstance *instance, GBytes *bytes,
                                gboolean to_cloud, RoundsImportOutcome *outcome, GError **error);
/* Many at once (one transaction). outcomes has n elements. */
gboolean rounds_store_scan_put_many (RoundsStore *self, RoundsScanInstance *const *instances,
                                     GBytes *const *bytes,
                                     guint n, gboolean to_cloud, RoundsImportOutcome *outcomes,
                                     GError **error);
GBytes *rounds_store_scan_get (RoundsStore *self, const char *sop_uid, GError **error);
RoundsScanInstance *rounds_store_scan_info (RoundsStore *self, const char *sop_uid, GError **error);
/* Instances of a series (any order: geometry decides later), or all of a patient or study. Exactly one of
 * the three is not NULL. */
GPtrArray *rounds_store_scan_list (RoundsStore *self, const char *patient_id, const char *study_uid,
                                   const char *series_uid, GError **error);
/* The patient a scan belongs to by the rules of the chart: identifier equals PatientID, else NULL. Caller
 * frees. */
char *rounds_store_scan_match_patient (RoundsStore *self, const char *dicom_patient_id, GError **error);
gboolean rounds_store_scan_assign (RoundsStore *self, const char *study_uid, const char *patient_id,
                                   GError **error);

/* Thumbnails and measurements: small texts and images kept with a study, audited when measured. */
gboolean rounds_store_scan_set_thumbnail (RoundsStore *self, const char *series_uid, GBytes *png,
                                          GError **error);
GBytes *rounds_store_scan_get_thumbnail (RoundsStore *self, const char *series_uid, GError **error);
/* A measurement is a JSON text of scans/measurement.h under an own UUID; json NULL deletes it. */
gboolean rounds_store_scan_set_measurement (RoundsStore *self, const char *series_uid, const char *uuid,
                                            const char *json, GError **error);
/* Array of char * (JSON texts). */
GPtrArray *rounds_store_scan_list_measurements (RoundsStore *self, const char *series_uid, GError **error);

G_END_DECLS
