/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fhir/json.h"

G_BEGIN_DECLS

/* Whether type is one of the 146 resource types of R4 4.0.1. */
gboolean rounds_fhir_is_type (const char *type);
/* Whether id is a FHIR id: [A-Za-z0-9.-]{1,64}. */
gboolean rounds_fhir_is_id (const char *id);

/* Checks resourceType and, when there, id. Borrowed results; id may be NULL. */
gboolean rounds_resource_identify (json_object *resource, const char **type, const char **id, GError **error);

/* System of the identifiers and tags by which Rounds knows a record again that it has sent. They are no numbers of
 * a patient and are not shown as such. */
#define ROUNDS_FHIR_CHANGE_SYSTEM "https://rounds-project.github.io/fhir/change"

/* A new random UUID as a FHIR id. Caller frees. */
char *rounds_fhir_new_id (void);

/* The UUID (version 5, SHA-1) of a name, as a FHIR id: the same name gives the same id on every machine.
 * Names of different kinds should start differently ("hl7v2:…"). Caller frees. */
char *rounds_fhir_name_id (const char *name);

/* What is shown for a CodeableConcept, Coding, Reference or string: text, then display, then code.
 * Borrowed; NULL when there is nothing. */
const char *rounds_concept_display (json_object *value);
/* The code of a system in a CodeableConcept (system NULL = first). Borrowed or NULL. */
const char *rounds_concept_code (json_object *concept, const char *system);

/* "HICKLE, Alfonzo" for lists and banners, "王秀英" for a CJK name; trailing digits that Synthea adds to names are
 * kept as they are. Caller frees; never NULL ("(no name)" translated). */
char *rounds_patient_display_name (json_object *patient);
/* Official or usual identifier of type MR, else the first. Borrowed or NULL. */
const char *rounds_patient_mrn (json_object *patient);

/* The id of the patient that a resource speaks of ("subject", "patient", "beneficiary", the Patient
 * itself); NULL when none. Borrowed. */
const char *rounds_resource_peek_patient_id (json_object *resource);

/* The time that a clinician would sort this resource by (effective, onset, recorded, authored, period
 * start, issued, date…), as written. Borrowed or NULL. */
const char *rounds_resource_peek_time (json_object *resource);

/* The main concept: what the resource is about (code, medication, vaccineCode, type…). Borrowed or NULL. */
json_object *rounds_resource_peek_concept (json_object *resource);

/* "active", "stopped", "final"…: clinicalStatus, verificationStatus "entered-in-error" wins, else status.
 * Borrowed or NULL. */
const char *rounds_resource_peek_status (json_object *resource);
gboolean rounds_resource_is_entered_in_error (json_object *resource);

G_END_DECLS
