/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vitals/collect.h"

G_BEGIN_DECLS

/* All series of a chart as `time,parameter,value,unit`, times RFC 3339, in time order. Caller frees. */
char *rounds_vitals_export_csv (const RoundsVitalsChart *chart);
/* The dense series of a patient as a FHIR Bundle of type collection: regular stretches as valueSampledData, single
 * values as Observations; Observations of the record itself are left to the record's export. Blocks. Caller owns. */
json_object *rounds_vitals_export_fhir (RoundsStore *store, const char *patient_id, GError **error);
/* One series as Observations (pure): regular stretches of 8 and more values as SampledData. */
void rounds_vitals_series_to_fhir (const char *patient_id, const char *code, const char *label, const char *unit,
                                   const RoundsSample *samples, gsize n, json_object *entries);

G_END_DECLS
