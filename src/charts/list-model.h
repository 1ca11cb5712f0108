/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "charts/row.h"

G_BEGIN_DECLS

/* The rows of one section of one patient as a GListModel of RoundsRow, read in a worker and read again when
 * the store says that one of them changed. Rows that stay the same stay the same objects. Main thread.
 * Properties: "loading" (gboolean), "n-active" (guint). Signal "loaded" () after every read. */
#define ROUNDS_TYPE_LIST_MODEL (rounds_list_model_get_type ())
G_DECLARE_FINAL_TYPE (RoundsListModel, rounds_list_model, ROUNDS, LIST_MODEL, GObject)

/* The model that all widgets share for this store, section and patient; made when nobody holds one. New
 * reference. */
RoundsListModel *rounds_list_model_get_shared (RoundsStore *store, const RoundsSection *section,
                                               const char *patient_id);

guint rounds_list_model_get_n_active (RoundsListModel *self);
/* FALSE before the first answer has come. */
gboolean rounds_list_model_is_loaded (RoundsListModel *self);
/* Why it could not be read, or NULL. Borrowed. */
const char *rounds_list_model_get_problem (RoundsListModel *self);

G_END_DECLS
