/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>
#include "app/change-words.h"
#include "store/outbox.h"

G_BEGIN_DECLS

typedef enum {
  ROUNDS_SYNC_ITEM_CONFLICT,   /* changed in two places */
  ROUNDS_SYNC_ITEM_REFUSED,    /* the server said no */
  ROUNDS_SYNC_ITEM_WAITING,
  ROUNDS_SYNC_N_KINDS,
} RoundsSyncKind;

/* One row of the Sync page. What it is called and whose it is are read only when the row is seen: three thousand
 * waiting changes are three thousand records to parse.
 *
 * Signal "words-changed" (). */
#define ROUNDS_TYPE_SYNC_ITEM (rounds_sync_item_get_type ())
G_DECLARE_FINAL_TYPE (RoundsSyncItem, rounds_sync_item, ROUNDS, SYNC_ITEM, GObject)

RoundsSyncItem *rounds_sync_item_new_change (const RoundsOutboxItem *item);
RoundsSyncItem *rounds_sync_item_new_conflict (const RoundsConflict *conflict);
/* A row that is no record: images. detail may be NULL. */
RoundsSyncItem *rounds_sync_item_new_plain (RoundsSyncKind kind, const char *title, const char *detail);

RoundsSyncKind rounds_sync_item_get_kind (RoundsSyncItem *self);
const char *rounds_sync_item_get_type_name (RoundsSyncItem *self);   /* FHIR type, NULL of a plain row */
const char *rounds_sync_item_get_id (RoundsSyncItem *self);
/* Two rows with one key show the same. */
const char *rounds_sync_item_get_key (RoundsSyncItem *self);
/* All NULL before they were read; patient may stay NULL. */
const char *rounds_sync_item_get_title (RoundsSyncItem *self);
const char *rounds_sync_item_get_patient (RoundsSyncItem *self);
const char *rounds_sync_item_get_patient_id (RoundsSyncItem *self);
char *rounds_sync_item_dup_age (RoundsSyncItem *self);   /* since when it waits; caller frees */
/* "changed · next try in 40 s", what the server answered, which fields differ. May be NULL. */
char *rounds_sync_item_dup_detail (RoundsSyncItem *self, gint64 now_us);

typedef struct {
  RoundsChangeWords *words;
  char *patient_id;
  gint64 changed_us;   /* 0 = not known */
} RoundsSyncWords;
void rounds_sync_words_free (RoundsSyncWords *self);
/* Blocks: in a worker. */
RoundsSyncWords *rounds_sync_item_read (RoundsSyncItem *self, RoundsStore *store);
/* Takes words; main thread. */
void rounds_sync_item_take_words (RoundsSyncItem *self, RoundsSyncWords *words);
gboolean rounds_sync_item_has_words (RoundsSyncItem *self);

/* All that waits, by kind. */
typedef struct {
  GPtrArray *items[ROUNDS_SYNC_N_KINDS];   /* RoundsSyncItem */
  guint n_connections;
} RoundsSyncOverview;
void rounds_sync_overview_free (RoundsSyncOverview *self);
/* Blocks: in a worker. */
RoundsSyncOverview *rounds_sync_overview_read (RoundsStore *store, GError **error);

G_END_DECLS
