/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "charts/patient.h"
#include "charts/row.h"

G_BEGIN_DECLS

/* What the Summary and `roundsctl chart` say of a patient. */
typedef struct {
  const RoundsSection *section;
  guint n_active;
  guint n_all;           /* without what was entered in error */
  GPtrArray *rows;       /* RoundsRow, in the section's order, all of them */
} RoundsSummarySection;

typedef struct {
  RoundsPatient *patient;
  GPtrArray *sections;   /* RoundsSummarySection, in rounds_sections() order */
} RoundsSummary;
void rounds_summary_free (RoundsSummary *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsSummary, rounds_summary_free)

/* Blocks. NULL with the store's error (NOT_FOUND: no such patient). */
RoundsSummary *rounds_summary_load (RoundsStore *store, const char *patient_id, GError **error);
RoundsSummarySection *rounds_summary_get (RoundsSummary *self, const char *section_id);

/* The rows that a summary shows of a section: active ones; of notes the newest; of results those out of range,
 * gravest and newest first. At most `limit` (0 = all). Pure; works on any list of RoundsRow. Array of RoundsRow
 * (new references). */
GPtrArray *rounds_summary_pick (const RoundsSection *section, GListModel *rows, guint limit);
/* "5 active · 8 resolved" */
char *rounds_summary_words (const RoundsSection *section, guint n_active, guint n_all);

/* {"patient": …, "sections": [{"id", "title", "active", "all", "rows": […]}]}. Caller owns. */
json_object *rounds_summary_to_json (RoundsSummary *self);

G_END_DECLS
