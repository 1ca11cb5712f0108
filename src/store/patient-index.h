/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/store-private.h"

G_BEGIN_DECLS

/* Longer words are cut, in the index as in what is asked. In bytes. */
#define ROUNDS_WORD_BYTES 200

/* --- packing (patient-pack.c) ----------------------------------------------------------------------- */

/* Words in order of bytes, each with the places of the patients that have it; freed with its names wiped. */
typedef struct {
  gsize size;
  guint8 data[];
} RoundsSection;
RoundsSection *rounds_section_new (const void *data, gsize size);
void rounds_section_free (RoundsSection *self);

typedef struct {
  const guint8 *at, *end;
  char word[ROUNDS_WORD_BYTES + 1];
  gsize length;
  const guint8 *places, *places_end;
} RoundsWordCursor;
void rounds_word_cursor_init (RoundsWordCursor *self, const RoundsSection *section);
/* FALSE at the end, and where the bytes make no sense. */
gboolean rounds_word_cursor_next (RoundsWordCursor *self);
/* Sets the bits of the word's places below n. */
void rounds_word_cursor_take (const RoundsWordCursor *self, guint64 *bits, guint n);

/* The section that a word belongs to: "letters" without digits, else "#" and its first two letters. Caller frees. */
char *rounds_section_key (const char *word);
#define ROUNDS_SECTION_LETTERS "letters"

typedef struct _RoundsPacker RoundsPacker;
RoundsPacker *rounds_packer_new (void);
/* Places come in ascending order; words is changed. */
void rounds_packer_add (RoundsPacker *self, char *words, guint32 place);
/* Key → RoundsSection. Frees the packer. */
GHashTable *rounds_packer_finish (RoundsPacker *self);

RoundsSection *rounds_pack_numbers (const gint64 *numbers, guint n);
/* Array of gint64; NULL when the bytes make no sense. */
GArray *rounds_unpack_numbers (const RoundsSection *section);

/* --- searching (patient-index.c) -------------------------------------------------------------------- */

/* Rows that fit: with a limit the first by name, and all that changed lately; one letter may be wrong when nothing
 * fits exactly. Reads in the reader's transaction. */
gboolean rounds_patient_index_search (RoundsPatientIndex *self, RoundsReader *reader, char **words, guint limit, GArray *out,
                                      GError **error);
/* Brings it up to date, in a worker: by the time of the first letter it is there. */
void rounds_patient_index_prepare (RoundsPatientIndex *self, RoundsStore *store);

G_END_DECLS
