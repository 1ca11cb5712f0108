/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "charts/section.h"
#include "store/store.h"

G_BEGIN_DECLS

/* What an edit did, for the toast and its undo. */
typedef struct {
  char *type;
  char *id;
  gint64 revision;     /* the version that the edit made; 0 when nothing changed */
} RoundsEdited;
void rounds_edited_free (RoundsEdited *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsEdited, rounds_edited_free)

/* --- forms: pure ---------------------------------------------------------------------------------- */

/* Values of a form for a resource, or of an empty form (resource NULL: the fields' initial values). An object
 * by field id. Caller owns. */
json_object *rounds_form_values (const RoundsSection *section, json_object *resource, gint64 now_us);

/* The resource as the form would have it: a copy of `resource` (NULL = a new one of this patient) with only
 * those fields changed whose value differs from what is there. NULL with ROUNDS_CHARTS_ERROR. Caller owns. */
json_object *rounds_form_apply (const RoundsSection *section, json_object *resource, const char *patient_id,
                                json_object *values, const char *who, gint64 now_us, GError **error);

/* --- verbs: block; call in a worker ---------------------------------------------------------------- */

/* Checks for a form that is being filled in; never fails for a half-filled one (the array is empty then). */
GPtrArray *rounds_form_check (RoundsStore *store, const RoundsSection *section, const char *patient_id,
                              const char *type, const char *id, json_object *values, GError **error);

/* Saves a form. seen: what the editor started from (NULL = new); STALE when it changed meanwhile. reason: why
 * it is done in spite of a warning; required (REASON otherwise) when a check asks for one; it is written into
 * the record's notes and the audit trail. sign: sign it at once (sections with a sign verb). */
RoundsEdited *rounds_form_save (RoundsStore *store, const RoundsSection *section, const char *patient_id,
                                const RoundsRecord *seen, json_object *values, const char *reason, gboolean sign,
                                GError **error);

/* Resolve, stop, finish … as the section says. UNSUPPORTED when it does not apply (already resolved). */
RoundsEdited *rounds_edit_stop (RoundsStore *store, const RoundsSection *section, const RoundsRecord *seen,
                                GError **error);
/* Entered in error; a real deletion for types that have no such status. */
RoundsEdited *rounds_edit_remove (RoundsStore *store, const RoundsSection *section, const RoundsRecord *seen,
                                  GError **error);
/* Signs an unsigned note without changing its text. */
RoundsEdited *rounds_edit_sign (RoundsStore *store, const RoundsSection *section, const RoundsRecord *seen,
                                GError **error);
/* Takes an edit back (rounds_store_undo). STALE when something came after it. */
gboolean rounds_edit_undo (RoundsStore *store, const RoundsEdited *edited, GError **error);

/* --- drafts: block --------------------------------------------------------------------------------- */

/* What someone was typing: kept at every keystroke, found again after a crash. */
typedef struct {
  char *key;
  char *section;       /* id */
  char *patient_id;    /* "" for a new patient */
  char *type, *id;     /* resource that is edited; id NULL = a new one */
  gint64 revision;     /* that the editor had seen */
  gint64 changed_us;
  json_object *values;
} RoundsDraft;
void rounds_draft_free (RoundsDraft *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsDraft, rounds_draft_free)

/* "form/PATIENT/SECTION/ID" ("new" without an id). Caller frees. */
char *rounds_draft_key (const char *patient_id, const char *section_id, const char *id);
/* Text for rounds_store_set_draft(). Caller frees. */
char *rounds_draft_print (const char *type, const char *id, gint64 revision, json_object *values, gint64 now_us);
/* All drafts of a patient (NULL = of new patients), newest first: array of RoundsDraft. */
GPtrArray *rounds_draft_list (RoundsStore *store, const char *patient_id, GError **error);
RoundsDraft *rounds_draft_parse (const char *key, const char *text);

G_END_DECLS
