/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/facts.h"

G_BEGIN_DECLS

/* A resource's row in the writer's hands: load, change the fields, save. */

typedef enum {
  ROUNDS_BASE_NONE,    /* the server never had it, as far as this cache knows */
  ROUNDS_BASE_THERE,
  ROUNDS_BASE_GONE,    /* the server has deleted it */
} RoundsBase;

typedef struct {
  gint64 rid;            /* 0 = not in the cache yet */
  char *type, *id;
  gint64 type_nid, patient_nid, origin_nid;
  char *patient_id;
  gboolean has_time;
  gint64 time_us;
  gint64 revision;       /* 0 = not in the cache yet */
  char *local;           /* NULL = deleted (or not there) */
  gint64 changed_us;
  char *changed_by;
  RoundsState state;
  RoundsBase base_state;
  char *base;            /* text when THERE */
  char *base_version;
  gint64 last_updated_us;
  char *codes;           /* as stored */
} RoundsRow;

void rounds_row_clear (RoundsRow *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RoundsRow, rounds_row_clear)

/* An absent resource is a row with rid 0 and revision 0. */
gboolean rounds_row_load (RoundsWriter *writer, const char *type, const char *id, RoundsRow *out,
                          GError **error);
/* The same, but what the server gave another id is found under the old one too. Not for what a server says: there
 * the old id may be another record's. */
gboolean rounds_row_load_mapped (RoundsWriter *writer, const char *type, const char *id, RoundsRow *out,
                                 GError **error);
/* As mapped, but an absent one is NOT_FOUND. */
gboolean rounds_row_load_there (RoundsWriter *writer, const char *type, const char *id, RoundsRow *out,
                                GError **error);
gboolean rounds_row_load_rid (RoundsWriter *writer, gint64 rid, RoundsRow *out, GError **error);

/* A new version: what stands there goes into the history, local becomes facts' text (NULL = deleted), indexes
 * follow. base fields and state are saved as they are in the row. */
gboolean rounds_row_save_version (RoundsWriter *writer, RoundsRow *self, const RoundsFacts *facts,
                                  const char *who, GError **error);
/* The same version with other ids in it: no history, and whoever has it open may still save. */
gboolean rounds_row_save_reworded (RoundsWriter *writer, RoundsRow *self, const RoundsFacts *facts, GError **error);
/* Only base_*, state and origin. */
gboolean rounds_row_save_base (RoundsWriter *writer, RoundsRow *self, GError **error);
void rounds_row_set_base (RoundsRow *self, RoundsBase state, const char *text, const char *version,
                          gint64 last_updated_us);
/* Text of an earlier or the present revision; NULL = deleted. FALSE also when there is none. */
gboolean rounds_row_text_of (RoundsWriter *writer, const RoundsRow *self, gint64 revision, char **text,
                             GError **error);

/* Same content, meta.versionId and meta.lastUpdated apart. NULL = deleted. */
gboolean rounds_text_same (const char *a, const char *b);

/* After a local change was saved: adds the outbox row, or takes all away when nothing is left to send. */
gboolean rounds_outbox_enqueue (RoundsWriter *writer, RoundsRow *row, const char *refs, GError **error);
/* Recomputes the resource's state from its outbox rows and saves it. */
gboolean rounds_outbox_refresh (RoundsWriter *writer, RoundsRow *row, GError **error);
/* Blocked rows whose reasons are gone become pending again. */
gboolean rounds_outbox_unblock (RoundsWriter *writer, GError **error);

/* Ids that the server replaced by its own (rename.c). The row of the new id takes all that hangs on the old one;
 * a copy of it that was downloaded meanwhile and is unchanged goes away. INVALID when the new id is another
 * record's. */
gboolean rounds_row_rename (RoundsWriter *writer, const char *type, const char *old_id, const char *new_id,
                            GError **error);
/* Puts the new ids into what still speaks of the old ones: a form that was open, a file read again. */
gboolean rounds_facts_follow (RoundsWriter *writer, RoundsFacts **facts, GError **error);
/* "create", "update" or "delete", static: what would be sent for this text (NULL = deleted) on this base. */
const char *rounds_outbox_verb (RoundsBase base, const char *text);
/* Rows that went back to pending may have lost their purpose meanwhile: a create that was deleted again. */
gboolean rounds_outbox_drop_if_nothing (RoundsWriter *writer, RoundsRow *row, GError **error);
/* Resources that wait and may have a reference to "TYPE/ID", ascending: array of gint64 rid. */
GArray *rounds_outbox_find_referrers (RoundsWriter *writer, const char *ref, GError **error);

/* What was sent up to item->seq is acknowledged as rounds_store_outbox_ack() says. */
gboolean rounds_outbox_acknowledge (RoundsWriter *writer, const RoundsOutboxItem *item, const char *version,
                                    const char *json, int status, GError **error);

/* A signed note stays word for word: an edit may only say that it was entered in error; what is entered in error
 * comes back by undo alone. was = the text before (NULL = none), next NULL = deleted. */
gboolean rounds_note_stays (const char *type, const char *was, const char *next, gboolean undo, GError **error);

/* What the server has now arrives: takes it, merges it or records a conflict. facts NULL = deleted there. */
typedef enum {
  ROUNDS_RECEIVE_HELD,       /* nothing new */
  ROUNDS_RECEIVE_NEW,        /* taken, was not in the cache */
  ROUNDS_RECEIVE_TAKEN,      /* taken or merged */
  ROUNDS_RECEIVE_CONFLICT,
} RoundsReceive;
gboolean rounds_row_receive (RoundsWriter *writer, RoundsRow *row, const RoundsFacts *facts,
                             const char *version,
                             gint64 last_updated_us, RoundsReceive *outcome, GError **error);
gboolean rounds_conflict_write (RoundsWriter *writer, RoundsRow *row, const RoundsConflict *conflict,
                                GError **error);
gboolean rounds_conflict_follow (RoundsWriter *writer, RoundsRow *row, GError **error);

G_END_DECLS
