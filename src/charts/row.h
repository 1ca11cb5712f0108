/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "charts/section.h"
#include "store/store.h"

G_BEGIN_DECLS

/* A row of a section's table, made whole in a worker so that the main thread only shows strings. Immutable
 * after that. */
#define ROUNDS_TYPE_ROW (rounds_row_get_type ())
G_DECLARE_FINAL_TYPE (RoundsRow, rounds_row, ROUNDS, ROW, GObject)

/* One value of a result over time. */
typedef struct {
  gint64 us;            /* G_MININT64 = no time */
  double value;         /* NaN when it is no number */
  char *when;
  char *text;           /* "3.2 mmol/L" */
  char *range;          /* "3.5 – 5.0 mmol/L", or NULL */
  RoundsMark mark;
  char *flag;           /* "L", "HH", or NULL */
  char *id;             /* of the Observation */
} RoundsPoint;
void rounds_point_free (RoundsPoint *self);

/* Reads everything that is shown out of the resource. Takes the record. */
RoundsRow *rounds_row_new (const RoundsSection *section, RoundsRecord *record, json_object *resource,
                           gint64 now_us);
/* For grouped sections: cells and points are taken. */
RoundsRow *rounds_row_new_group (const RoundsSection *section, RoundsRecord *newest, char **cells, char *name,
                                 char *group, GPtrArray *points, gboolean active);

const RoundsSection *rounds_row_get_section (RoundsRow *self);
const RoundsRecord *rounds_row_get_record (RoundsRow *self);
const char *rounds_row_get_id (RoundsRow *self);           /* of the resource; of a group, of its newest */
const char *rounds_row_get_name (RoundsRow *self);
const char *rounds_row_get_line (RoundsRow *self);         /* or NULL */
const char *rounds_row_get_when (RoundsRow *self);         /* or NULL */
const char *rounds_row_get_cell (RoundsRow *self, guint column);   /* or NULL */
const char *rounds_row_get_pill (RoundsRow *self, RoundsMark *mark);
const char *rounds_row_get_group (RoundsRow *self);        /* heading above it, or NULL */
RoundsMark rounds_row_get_mark (RoundsRow *self);
gboolean rounds_row_is_active (RoundsRow *self);
gboolean rounds_row_is_error (RoundsRow *self);            /* entered in error */
gboolean rounds_row_can_edit (RoundsRow *self);
/* "unsynced", "changed there too · decide", "refused by the server", or NULL. Borrowed. */
const char *rounds_row_get_sync_words (RoundsRow *self, RoundsMark *mark);
gint64 rounds_row_get_us (RoundsRow *self);
GPtrArray *rounds_row_get_points (RoundsRow *self);        /* oldest first; NULL = no group. Borrowed */
/* Cells, status, marks and points for --json. Caller owns. */
json_object *rounds_row_to_json (RoundsRow *self);

/* TRUE when both would be shown alike. */
gboolean rounds_row_equal (RoundsRow *a, RoundsRow *b);

/* Every row of a section, in order. Blocks. Array of RoundsRow, caller owns. */
GPtrArray *rounds_section_load (const RoundsSection *section, RoundsStore *store, const char *patient_id,
                                GError **error);
/* What is active in a section, in order, as terms to choose from; and the one that `current` ("Condition/ID", may
 * be NULL) names, whatever it is. Blocks. Array of RoundsTerm, caller owns. */
GPtrArray *rounds_section_own_terms (const RoundsSection *section, RoundsStore *store, const char *patient_id,
                                     const char *current, GError **error);

G_END_DECLS
