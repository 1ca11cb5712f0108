/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cloud/http.h"

G_BEGIN_DECLS

/* DICOMweb (PS3.18) of one server: QIDO-RS, WADO-RS, STOW-RS. Blocking; worker threads. */
typedef struct _RoundsDicomwebClient RoundsDicomwebClient;

#define ROUNDS_DICOMWEB_MAX_INSTANCE ((gsize) 1024 * 1024 * 1024)

RoundsDicomwebClient *rounds_dicomweb_client_new (const char *address, RoundsAuth *auth, GError **error);
void rounds_dicomweb_client_free (RoundsDicomwebClient *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsDicomwebClient, rounds_dicomweb_client_free)
RoundsHttp *rounds_dicomweb_client_get_http (RoundsDicomwebClient *self);

/* One match of a query; what its level does not have is NULL or 0. Strings are UTF-8 as in DICOM. */
typedef struct {
  char *study_uid, *series_uid, *sop_uid, *sop_class_uid;
  char *patient_id, *patient_name, *birth_date;
  char *study_date, *study_time, *study_description, *accession;
  char *modality;              /* of a series; of a study all, backslash-separated */
  char *series_description, *body_part;
  int series_number, instance_number, rows, columns, frames;
  int n_instances;             /* of a study or series; 0 = not said */
} RoundsDicomwebMatch;
void rounds_dicomweb_match_free (RoundsDicomwebMatch *self);

/* Studies of a patient (exact Patient ID), or all when NULL, up to limit. Array of RoundsDicomwebMatch, owned.
 * Pages until the server has no more. Matches without a usable UID are left out. */
GPtrArray *rounds_dicomweb_find_studies (RoundsDicomwebClient *self, const char *patient_id, guint limit,
                                         GCancellable *cancellable, GError **error);
GPtrArray *rounds_dicomweb_find_series (RoundsDicomwebClient *self, const char *study_uid,
                                        GCancellable *cancellable, GError **error);
/* series_uid NULL = all of the study. */
GPtrArray *rounds_dicomweb_find_instances (RoundsDicomwebClient *self, const char *study_uid, const char *series_uid,
                                           GCancellable *cancellable, GError **error);

/* Called in the fetching thread with each whole instance, a Part 10 file as the server keeps it. FALSE with
 * error ends the transfer. */
typedef gboolean (*RoundsDicomwebTake) (GBytes *instance, gpointer user_data, GError **error);

/* WADO-RS of a study, a series (series_uid) or one instance (series_uid and sop_uid), as stored
 * (transfer-syntax=*), else in the server's default syntax. Only whole instances are given; FALSE with
 * INTERRUPTED when the end did not come (what was given stays good), STATUS with 404 in words when absent. */
gboolean rounds_dicomweb_fetch (RoundsDicomwebClient *self, const char *study_uid, const char *series_uid,
                                const char *sop_uid, RoundsDicomwebTake take, gpointer user_data,
                                GCancellable *cancellable, GError **error);

/* What became of one instance in a STOW-RS request. */
typedef struct {
  gboolean stored;
  int reason;        /* 0008,1197 Failure Reason; 0 = not said */
} RoundsStowResult;

/* Sends instances in one request; uids are their SOP Instance UIDs in the same order. results has n elements
 * and is filled whenever TRUE: the answer was read, whatever its status. status = HTTP. An instance that the
 * server names in neither list has failed. */
gboolean rounds_dicomweb_store (RoundsDicomwebClient *self, GBytes *const *instances, const char *const *uids,
                                guint n, RoundsStowResult *results, int *status, gint64 *retry_after_us,
                                GCancellable *cancellable, GError **error);

/* Whether two Part 10 files hold the same data set, byte for byte: preamble and file meta apart. */
gboolean rounds_dicomweb_same_dataset (GBytes *a, GBytes *b);

G_END_DECLS
