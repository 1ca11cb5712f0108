/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/store.h"

G_BEGIN_DECLS

/* What a waiting change is about, for people: never the name of a resource type without whose it is. */
typedef struct {
  char *title;     /* "Medication: Ramipril 5 mg" */
  char *patient;   /* "HICKLE, Alfonzo · Male · 61 y (1965-03-14) · MRN 4471-0093", or NULL when it is nobody's */
} RoundsChangeWords;

void rounds_change_words_free (RoundsChangeWords *self);
/* Of the first text that can be read. Reads the patient: blocks. Caller owns. */
RoundsChangeWords *rounds_change_words_new (RoundsStore *store, const char *type, const char *id, const char *text,
                                            const char *other_text);

/* "just now", "14 min ago". Caller frees; pure. */
char *rounds_words_ago (gint64 us);

G_END_DECLS
