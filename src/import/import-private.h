/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "import/import.h"

G_BEGIN_DECLS

/* Between the files of src/import only. */

void rounds_import_report_free (RoundsImportReport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsImportReport, rounds_import_report_free)

void rounds_import_reject (RoundsImportReport *report, const char *detail);
char *rounds_import_join (GPtrArray *lines);

/* Headers of WFDB records among found (RoundsFoundFile), and the signal files that they name: path → path of
 * the header (owned strings). */
GHashTable *rounds_import_find_wfdb (GPtrArray *found);

/* Both fill report; FALSE only when the store as a whole failed. */
gboolean rounds_import_vitals_csv (RoundsStore *store, GBytes *bytes, const RoundsImportOptions *options,
                                   RoundsImportReport *report, GError **error);
gboolean rounds_import_wfdb (RoundsStore *store, GHashTable *wfdb, const RoundsImportOptions *options,
                             RoundsImportReport *report, GError **error);

G_END_DECLS
