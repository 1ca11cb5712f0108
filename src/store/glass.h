/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/store.h"

G_BEGIN_DECLS

/* Break-glass: restricted records, opened for a reason and a time.
 *
 * Restricted is what carries meta.security R or V of HL7's v3-Confidentiality. A Patient so labelled restricts
 * everything of that patient but the Patient record itself, so that it can still be found by name. Allergies are never
 * hidden. What is restricted
 * is hidden from every reader and refused to every edit until somebody whose role may breaks the glass; sync goes on
 * beneath. Works offline; start and stop stand in the audit trail. */
#define ROUNDS_GLASS_US ((gint64) 4 * 3600 * G_USEC_PER_SEC)

typedef struct {
  char *patient_id;      /* NULL = of all patients */
  char *reason;
  gint64 started_us, until_us;
} RoundsGlass;
void rounds_glass_clear (RoundsGlass *self);

/* At least two words and 10 letters on one line; a wide letter counts for three and as a word. */
gboolean rounds_glass_is_reason (const char *text);
/* patient_id NULL = of all patients. A reason that is none: INVALID; DENIED to a role that may not. Breaking it again while it is open starts the four hours anew. */
gboolean rounds_store_break_glass (RoundsStore *self, const char *patient_id, const char *reason, GError **error);
/* Ends all that is open. */
gboolean rounds_store_end_glass (RoundsStore *self, GError **error);
/* TRUE: open now for this patient (or, NULL, for anybody); out is filled when it is not NULL. Writes the end of what
 * ran out into the audit trail. */
gboolean rounds_store_get_glass (RoundsStore *self, const char *patient_id, RoundsGlass *out);
/* How many records are hidden from this account now, of a patient or (NULL) of all. */
gboolean rounds_store_count_hidden (RoundsStore *self, const char *patient_id, guint *n, GError **error);
/* How many of those that rounds_store_outbox_count() counts are hidden now. */
gboolean rounds_store_count_hidden_waiting (RoundsStore *self, guint *n, GError **error);
/* Whether all of a patient's records are hidden now because the patient is restricted; nothing can be written for
 * them either, because whoever wrote it would not see it again. */
gboolean rounds_store_is_shut (RoundsStore *self, const char *patient_id);

/* What this thread reads and writes from now on is the program's own business, not that of who sits there: nothing is
 * hidden. For sync; ends with FALSE. */
void rounds_store_set_own_business (gboolean own);

G_END_DECLS
