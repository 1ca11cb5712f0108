/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/scan-store.h"
#include "sync/connection.h"

G_BEGIN_DECLS

/* How a fetched object gets into the store: rounds_scans_import_bytes() has this shape. Sync cannot see that
 * folder, so its caller hands it in. */
typedef gboolean (*RoundsTakeScan) (RoundsStore *store, GBytes *bytes, gboolean as_known, RoundsImportOutcome *outcome,
                                    char **detail, GError **error);

/* Fetches one instance that the store knows from a query and does not hold, from whichever connection has it.
 * TRUE at once when it is on the device. Blocks; a worker thread. ROUNDS_STORE_ERROR_NOT_FOUND when the store
 * does not know it, ROUNDS_CLOUD_ERROR when it cannot be had. */
gboolean rounds_sync_fetch_instance (RoundsStore *store, const char *sop_uid, RoundsTakeScan take,
                                     GCancellable *cancellable, GError **error);
/* All instances of a study that are not here yet; what came before an error stays, so that asking again goes on
 * where it ended. *n_fetched (nullable) counts also then. */
gboolean rounds_sync_fetch_study (RoundsStore *store, const char *study_uid, RoundsTakeScan take, guint *n_fetched,
                                  GCancellable *cancellable, GError **error);
/* Asks the image servers for studies of a patient (by Patient ID as in DICOM) and puts their instances into the
 * index. *n_new (nullable) = instances not known before. */
gboolean rounds_sync_find_studies (RoundsStore *store, const char *dicom_patient_id, guint *n_new,
                                   GCancellable *cancellable, GError **error);

G_END_DECLS
