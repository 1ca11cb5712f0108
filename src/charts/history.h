/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "charts/section.h"
#include "store/store.h"

G_BEGIN_DECLS

/* One field that one version changed. */
typedef struct {
  gint64 changed_us;
  char *when;        /* for people */
  char *who;
  char *field;       /* "Status", or NULL when the row speaks of the whole resource ("recorded") */
  char *old;         /* in words, or NULL */
  char *new_;        /* in words, or NULL */
  char *what;        /* for whole rows: "recorded", "deleted", "downloaded" */
  gint64 revision;
  gboolean first;    /* the first row of its version */
  gboolean last_edit;/* the newest version, made here: it can be taken back */
  gboolean unsynced;
} RoundsHistoryRow;
void rounds_history_row_free (RoundsHistoryRow *self);

/* Newest first: array of RoundsHistoryRow. section may be NULL. Blocks. */
GPtrArray *rounds_history_load (RoundsStore *store, const RoundsSection *section, const char *type, const char *id,
                                GError **error);
/* The same from two texts, for a test or a dialog: only the fields. Pure. */
GPtrArray *rounds_history_compare (const RoundsSection *section, json_object *old, json_object *new_);

G_END_DECLS
