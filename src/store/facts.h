/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/store-private.h"

G_BEGIN_DECLS

/* What the list shows of a patient, and what type-ahead looks through. */
typedef struct {
  char *name, *birth_date, *sex, *identifiers, *words;
  char **identifier_values;
  gboolean deceased;
} RoundsPatientFacts;

/* What the cache's tables need to know of one version of a resource, read out of its text once. Made by any
 * thread, before the writer is asked. */
typedef struct {
  char *type, *id;
  char *text;            /* squeezed */
  char *patient_id;      /* or NULL */
  gboolean has_time;
  gint64 time_us;
  char **codes;          /* "code|system", once each */
  char *refs;            /* "TYPE/ID" a line, or NULL */
  char *version_id;      /* meta.versionId or NULL */
  gint64 last_updated_us;
  RoundsPatientFacts *patient;   /* of a Patient */
} RoundsFacts;

/* INVALID with what and where when text is no such resource. A text without id gets this one; id NULL takes
 * the text's. */
RoundsFacts *rounds_facts_new (const char *type, const char *id, const char *text, GError **error);
/* The same for a text that was parsed already: resource is what it says. */
RoundsFacts *rounds_facts_new_of (const char *type, const char *id, const char *text, json_object *resource,
                                  GError **error);
/* The same for a resource under a new id. */
RoundsFacts *rounds_facts_new_renamed (const char *type, const char *new_id, const char *text,
                                       GError **error);
RoundsFacts *rounds_facts_new_from_json (const char *type, const char *id, json_object *resource,
                                         GError **error);
void rounds_facts_free (RoundsFacts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsFacts, rounds_facts_free)

G_END_DECLS
