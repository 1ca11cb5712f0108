/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "store/search.h"

G_BEGIN_DECLS

/* The button beside the search of the patient list: in which order, and which patients. Signal: "changed" () when
 * the query is another one. */
#define ROUNDS_TYPE_PATIENT_FILTER (rounds_patient_filter_get_type ())
G_DECLARE_FINAL_TYPE (RoundsPatientFilter, rounds_patient_filter, ROUNDS, PATIENT_FILTER, AdwBin)

/* What is chosen; NULL = everybody by name. Caller frees. */
RoundsQuery *rounds_patient_filter_make_query (RoundsPatientFilter *self);
/* Whether somebody is left out. */
gboolean rounds_patient_filter_leaves_out (RoundsPatientFilter *self);
/* Everybody by name. */
void rounds_patient_filter_clear (RoundsPatientFilter *self);
void rounds_patient_filter_popup (RoundsPatientFilter *self);

G_END_DECLS
