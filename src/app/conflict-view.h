/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>
#include "app/change-words.h"
#include "store/outbox.h"

G_BEGIN_DECLS

/* What a person is asked: the conflict, whose it is, and when and by whom mine was made. */
typedef struct {
  RoundsConflict *conflict;
  RoundsChangeWords *words;
  gint64 mine_us;      /* 0 = not known */
  char *mine_who;      /* or NULL */
} RoundsQuestion;
void rounds_question_free (RoundsQuestion *self);
/* Blocks. NULL with error when there is no such conflict. */
RoundsQuestion *rounds_question_load (RoundsStore *store, const char *type, const char *id, GError **error);

/* Base, mine and theirs of one resource, field by field. What differs on both sides must be chosen; nothing is
 * chosen beforehand. Keys: M and T take mine or theirs of the field that has the focus, Alt+M and Alt+T of all,
 * Ctrl+Return saves, Escape puts the decision off.
 *
 * Signals: "decided" (const char *type, const char *id, gint64 revision, const char *status): it is in the store,
 * and can be taken back with these; "deciding" (): it is about to be; "later" (): put off. */
#define ROUNDS_TYPE_CONFLICT_VIEW (rounds_conflict_view_get_type ())
G_DECLARE_FINAL_TYPE (RoundsConflictView, rounds_conflict_view, ROUNDS, CONFLICT_VIEW, AdwBin)

/* Takes question. All NULL empties the view (the store is locked). */
void rounds_conflict_view_set_question (RoundsConflictView *self, RoundsStore *store, RoundsQuestion *question);

G_END_DECLS
