/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/outbox.h"

G_BEGIN_DECLS

/* What became of an element that is not in conflict. */
typedef enum {
  ROUNDS_CONFLICT_CHOOSE,      /* changed on both sides: a person decides */
  ROUNDS_CONFLICT_FROM_MINE,   /* changed here only: it is taken */
  ROUNDS_CONFLICT_FROM_THEIRS, /* changed there only: it is taken */
  ROUNDS_CONFLICT_JOINED,      /* changed on both sides, in parts that do not touch, or alike */
  ROUNDS_CONFLICT_SAME,        /* changed nowhere: for orientation */
} RoundsConflictKind;

typedef struct {
  RoundsConflictKind kind;
  char *path;     /* of the conflict, or the element's name */
  char *element;  /* first part of the path */
  char *field;    /* what people call it */
  char *element_field;
  char *base, *mine, *theirs;   /* in words, "—" when absent */
} RoundsConflictRow;
void rounds_conflict_row_free (RoundsConflictRow *self);

/* One row a path in conflict (or one with the path "" where it is all or nothing), then what was merged, then a few elements that are the same, in words. Any of the
 * three may be NULL. Array of RoundsConflictRow, caller owns. Pure; any thread. */
GPtrArray *rounds_conflict_rows_new (const RoundsConflict *conflict, json_object *base, json_object *mine,
                                     json_object *theirs);

/* One value in words for who compares: a note's text readable and whole, long texts not cut where they still may
 * differ; "—" for none. resource may be NULL. Caller frees. */
char *rounds_conflict_words (json_object *resource, const char *path);

/* "version 4 · today 08:11" of a text's meta, NULL when it says neither. Caller frees. */
char *rounds_conflict_version_words (json_object *resource);

G_END_DECLS
