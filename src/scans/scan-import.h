/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dicom/file.h"
#include "store/scan-store.h"

G_BEGIN_DECLS

/* Fills OUT (a new instance, whose fields are replaced) with what the header says. BYTES only gives the size;
 * may be NULL. patient_id stays as it is: only the store can match. An object without pixels is described with
 * rows 0. Errors: INVALID when it is no instance (DICOMDIR, UIDs missing or not UIDs). Any thread. */
gboolean rounds_scan_describe (RoundsDicomFile *file, GBytes *bytes, RoundsScanInstance *out, GError **error);

/* Takes one DICOM object into the store: parses, checks, matches the patient by identifier, keeps the bytes
 * (a preamble that is not empty is zeroed), and makes the thumbnail of a series that has none yet. as_known:
 * the cloud has it already, nothing waits in the outbox. detail (nullable, caller frees) is set to one line
 * when something about it is odd, also on success. Blocks: worker thread. */
gboolean rounds_scans_import_bytes (RoundsStore *store, GBytes *bytes, gboolean as_known,
                                    RoundsImportOutcome *outcome, char **detail, GError **error);

/* The same for many in one transaction. errors[i] is set where bytes[i] was refused (the others go on);
 * FALSE only when the store failed as a whole. Each array has n elements; details may be NULL. */
gboolean rounds_scans_import_many (RoundsStore *store, GBytes *const *bytes, guint n, gboolean as_known,
                                   RoundsImportOutcome *outcomes, char **details, GError **errors,
                                   GError **error);

G_END_DECLS
