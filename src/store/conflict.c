/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the server has and what was changed here meet: taken, merged element by element, or kept apart as a
 * conflict until a person decides. Clinical content is never overwritten without one. */
#include "store/version.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/instant.h"
#include "fhir/digits.h"
#include "fhir/merge.h"
#include "fhir/resource.h"

void
rounds_conflict_free (RoundsConflict *self)
{
  if (self == NULL)
    return;
  g_free (self->type);
  g_free (self->id);
  g_free (self->base);
  g_free (self->mine);
  g_free (self->theirs);
  g_free (self->theirs_version);
  g_strfreev (self->paths);
  g_free (self->status);
  g_free (self);
}

/* The base is then what the server has now: else there would be nothing to send. */
static gboolean
wait_again (RoundsWriter *writer, RoundsRow *row, const RoundsConflict *conflict, GError **error)
{
  g_autoptr (RoundsFacts) facts = NULL;

  if (row->local != NULL && (facts = rounds_facts_new (row->type, row->id, row->local, error)) == NULL)
    return FALSE;
  if (g_strcmp0 (conflict->status, "restored") == 0)
    {
      rounds_row_set_base (row, conflict->theirs != NULL ? ROUNDS_BASE_THERE : ROUNDS_BASE_NONE, conflict->theirs,
                           conflict->theirs != NULL ? conflict->theirs_version : NULL, 0);
      if (!rounds_row_save_base (writer, row, error))
        return FALSE;
    }
  return rounds_outbox_enqueue (writer, row, facts != NULL ? facts->refs : NULL, error);
}

gboolean
rounds_conflict_write (RoundsWriter *writer, RoundsRow *row, const RoundsConflict *conflict, GError **error)
{
  g_autofree char *paths = conflict->paths != NULL ? g_strjoinv ("\n", conflict->paths) : g_strdup ("");
  const char *status = g_strcmp0 (conflict->status, "restored") == 0 ? "restored" : "open";
  gint64 n;

  if (!rounds_database_run (writer->db, error,
                            "INSERT OR REPLACE INTO conflict (rid, base, mine, theirs, theirs_version, "
                            "paths, status, created_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                            "issssssi", row->rid, conflict->base, row->local, conflict->theirs,
                            conflict->theirs_version, paths, status, writer->now_us) ||
      !rounds_database_int (writer->db, 0, &n, error, "SELECT count(*) FROM outbox WHERE rid = ?", "i",
                            row->rid))
    return FALSE;
  /* What is in conflict waits in the outbox, also when it had been acknowledged and was lost at the server. */
  if (n == 0 && !wait_again (writer, row, conflict, error))
    return FALSE;
  if (!rounds_database_run (writer->db, error, "UPDATE outbox SET state = 5, request_id = NULL WHERE rid = "
                                               "?", "i",
                            row->rid) ||
      !rounds_outbox_refresh (writer, row, error))
    return FALSE;
  rounds_writer_changed (writer, row->type, row->id, row->patient_id);
  return rounds_audit_append (writer, "conflict", row->type, row->id, NULL, error);
}

/* An edit of something in conflict is a new "mine". */
gboolean
rounds_conflict_follow (RoundsWriter *writer, RoundsRow *row, GError **error)
{
  if (row->state != ROUNDS_STATE_CONFLICT)
    return TRUE;
  return rounds_database_run (writer->db, error, "UPDATE conflict SET mine = ? WHERE rid = ? AND status != "
                                                 "'resolved'",
                              "si", row->local, row->rid);
}

/* --- what the server has ---------------------------------------------------------------------------- */

static gboolean
take_version (RoundsWriter *writer, RoundsRow *row, const RoundsFacts *facts, const char *version,
              gint64 last_updated_us, GError **error)
{
  rounds_row_set_base (row, facts != NULL ? ROUNDS_BASE_THERE : ROUNDS_BASE_GONE, facts != NULL ? facts->text
                       : NULL, version, last_updated_us);
  if (facts == NULL && row->local == NULL)
    return row->rid == 0 || rounds_row_save_base (writer, row, error);
  /* Only meta moved: no version that anybody would want to see. */
  if (row->rid != 0 && facts != NULL && row->local != NULL && rounds_text_same (row->local, facts->text))
    {
      g_free (row->local);
      row->local = g_strdup (facts->text);
      return rounds_database_run (writer->db, error, "UPDATE resource SET local_json = ? WHERE rid = ?", "si",
                                  row->local, row->rid) &&
             rounds_row_save_base (writer, row, error);
    }
  return rounds_row_save_version (writer, row, facts, "cloud", error);
}

static gboolean
close_conflict (RoundsWriter *writer, const RoundsRow *row, GError **error)
{
  return rounds_database_run (writer->db, error, "UPDATE conflict SET status = 'resolved' WHERE rid = ?", "i",
                              row->rid);
}

/* base := theirs, local := merged; what is left to send stays in the outbox. */
static gboolean
rebase (RoundsWriter *writer, RoundsRow *row, const RoundsFacts *theirs, const char *version,
        gint64 last_updated_us, const RoundsFacts *merged, const char *who, GError **error)
{
  gboolean was_conflict = row->state == ROUNDS_STATE_CONFLICT;
  gint64 busy;

  rounds_row_set_base (row, theirs != NULL ? ROUNDS_BASE_THERE : ROUNDS_BASE_GONE, theirs != NULL
                       ? theirs->text : NULL, version, last_updated_us);
  if (rounds_text_same (row->local, merged != NULL ? merged->text : NULL)
        ? !rounds_row_save_base (writer, row, error)
        : !rounds_row_save_version (writer, row, merged, who, error))
    return FALSE;
  if (!rounds_database_int (writer->db, 0, &busy, error,
                            "SELECT count(*) FROM outbox WHERE rid = ? AND state IN (2, 3, 4)", "i",
                            row->rid))
    return FALSE;
  /* The rows speak of versions before the merge: one row of the merged text takes their place. */
  if (busy == 0)
    {
      if (!rounds_database_run (writer->db, error, "DELETE FROM outbox WHERE rid = ?", "i", row->rid))
        return FALSE;
      row->state = ROUNDS_STATE_NONE;
    }
  if (was_conflict && !close_conflict (writer, row, error))
    return FALSE;
  return rounds_outbox_enqueue (writer, row, merged != NULL ? merged->refs : NULL, error) &&
         rounds_outbox_refresh (writer, row, error);
}

/* Where the server keeps fewer digits than were written, those that were written stay: *own = what it has with
 * them, NULL when there are none to keep. */
static gboolean
keep_digits (const RoundsRow *row, const RoundsFacts *facts, RoundsFacts **own, GError **error)
{
  g_autoptr (json_object) base = NULL, theirs = NULL;

  *own = NULL;
  if (facts == NULL || row->base_state != ROUNDS_BASE_THERE || row->base == NULL)
    return TRUE;
  base = rounds_json_parse (row->base, -1, NULL);
  theirs = rounds_json_parse (facts->text, -1, NULL);
  if (base == NULL || theirs == NULL || rounds_json_keep_digits (base, theirs, FALSE) == 0)
    return TRUE;
  *own = rounds_facts_new_from_json (row->type, row->id, theirs, error);
  return *own != NULL;
}

/* Once more, where all that differs may be digits of the same new number. */
static gboolean
merge_with_my_digits (json_object *base, json_object *mine, json_object *theirs, json_object **merged)
{
  g_autoptr (json_object) own = mine != NULL && theirs != NULL ? rounds_json_copy (theirs) : NULL;
  json_object *again = NULL;

  if (own == NULL || rounds_json_keep_digits (mine, own, FALSE) == 0)
    return FALSE;
  if (rounds_merge_three_way (base, mine, own, &again, NULL))
    {
      json_object_put (*merged);
      *merged = again;
      return TRUE;
    }
  json_object_put (again);
  return FALSE;
}

static gboolean
merge_in (RoundsWriter *writer, RoundsRow *row, const RoundsFacts *theirs, const char *version,
          gint64 last_updated_us, RoundsReceive *outcome, GError **error)
{
  g_autoptr (json_object) base = row->base != NULL ? rounds_json_parse (row->base, -1, NULL) : NULL;
  g_autoptr (json_object) mine = row->local != NULL ? rounds_json_parse (row->local, -1, NULL) : NULL;
  g_autoptr (json_object) other = theirs != NULL ? rounds_json_parse (theirs->text, -1, NULL) : NULL;
  g_autoptr (json_object) merged = NULL;
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (RoundsFacts) facts = NULL;

  if (rounds_merge_three_way (base, mine, other, &merged, paths) ||
      merge_with_my_digits (base, mine, other, &merged))
    {
      if (merged != NULL && (facts = rounds_facts_new_from_json (row->type, row->id, merged, error)) == NULL)
        return FALSE;
      *outcome = ROUNDS_RECEIVE_TAKEN;
      return rebase (writer, row, theirs, version, last_updated_us, facts, "cloud", error);
    }
  *outcome = ROUNDS_RECEIVE_CONFLICT;
  g_ptr_array_add (paths, NULL);
  row->last_updated_us = last_updated_us;
  if (!rounds_row_save_base (writer, row, error))
    return FALSE;
  return rounds_conflict_write (writer, row,
                                &(RoundsConflict){ .base = row->base, .theirs = theirs != NULL ? theirs->text
                                                   : NULL, .theirs_version = (char *) version,
                                                   .paths = (char **) paths->pdata },
                                error);
}

/* Versions that are numbers tell which is older whatever a server's clock did; else its times do. A time that lies
 * a day ahead was never true and may not hide every change that follows. */
static gboolean
is_older (const RoundsRow *row, const char *version, gint64 last_updated_us)
{
  guint64 number, held;

  if (version != NULL && row->base_version != NULL &&
      g_ascii_string_to_unsigned (version, 10, 0, G_MAXUINT64, &number, NULL) &&
      g_ascii_string_to_unsigned (row->base_version, 10, 0, G_MAXUINT64, &held, NULL))
    return number < held;
  return row->last_updated_us > 0 && last_updated_us > 0 && last_updated_us < row->last_updated_us &&
         row->last_updated_us < rounds_instant_now_us () + (gint64) 24 * 3600 * G_USEC_PER_SEC;
}

gboolean
rounds_row_receive (RoundsWriter *writer, RoundsRow *row, const RoundsFacts *facts, const char *version,
                    gint64 last_updated_us, RoundsReceive *outcome, GError **error)
{
  g_autoptr (RoundsFacts) own = NULL;

  *outcome = ROUNDS_RECEIVE_HELD;
  if (row->rid == 0 && facts == NULL)
    return TRUE;
  if (row->base_state == ROUNDS_BASE_THERE && facts != NULL && version != NULL &&
      g_strcmp0 (version, row->base_version) == 0)
    return TRUE;
  if (row->base_state == ROUNDS_BASE_GONE && facts == NULL)
    return TRUE;
  /* An answer out of an older search must not undo what the server has acknowledged since. */
  if (is_older (row, version, last_updated_us))
    return TRUE;
  if (!keep_digits (row, facts, &own, error))
    return FALSE;
  facts = own != NULL ? own : facts;
  switch (row->state)
    {
    case ROUNDS_STATE_NONE:
      *outcome = row->rid == 0 ? ROUNDS_RECEIVE_NEW : ROUNDS_RECEIVE_TAKEN;
      return take_version (writer, row, facts, version, last_updated_us, error);
    case ROUNDS_STATE_INFLIGHT:
    case ROUNDS_STATE_UNKNOWN:
    case ROUNDS_STATE_VERIFY:
      /* May be our own write coming back; it is read again when that is settled. */
      return TRUE;
    default:
      return merge_in (writer, row, facts, version, last_updated_us, outcome, error);
    }
}

/* --- conflicts -------------------------------------------------------------------------------------- */

typedef struct {
  const char *type, *id;
  const RoundsConflict *conflict;
  const RoundsFacts *facts;      /* what was decided or merged; NULL = deleted */
  const RoundsFacts *theirs;
  const char *theirs_version;
} RoundsConflictCall;

static gboolean
record_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsConflictCall *call = data;
  g_auto (RoundsRow) row = { 0 };

  return rounds_writer_allow (writer, ROUNDS_ACT_SYNC, NULL, NULL, error) &&
         rounds_row_load_there (writer, call->conflict->type, call->conflict->id, &row, error) &&
         rounds_conflict_write (writer, &row, call->conflict, error);
}

gboolean
rounds_store_conflict_record (RoundsStore *self, const RoundsConflict *conflict, GError **error)
{
  RoundsConflictCall call = { .conflict = conflict };

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && conflict != NULL, FALSE);

  return rounds_store_write (self, record_cb, &call, error);
}

#define CONFLICT_SQL \
  "SELECT n.text, r.id, c.base, c.mine, c.theirs, c.theirs_version, c.paths, c.status FROM conflict c " \
  "JOIN resource r ON r.rid = c.rid JOIN name n ON n.nid = r.type "

static RoundsConflict *
take_conflict (RoundsRows *rows)
{
  RoundsConflict *self = g_new0 (RoundsConflict, 1);
  const char *paths = rounds_rows_text (rows, 6);

  self->type = rounds_rows_dup (rows, 0);
  self->id = rounds_rows_dup (rows, 1);
  self->base = rounds_rows_dup (rows, 2);
  self->mine = rounds_rows_dup (rows, 3);
  self->theirs = rounds_rows_dup (rows, 4);
  self->theirs_version = rounds_rows_dup (rows, 5);
  self->paths = *paths != '\0' ? g_strsplit (paths, "\n", -1) : g_new0 (char *, 1);
  self->status = rounds_rows_dup (rows, 7);
  return self;
}

GPtrArray *
rounds_store_conflict_list (RoundsStore *self, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_conflict_free);
  g_autoptr (RoundsReader) reader = NULL;
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row = TRUE;

  g_return_val_if_fail (ROUNDS_IS_STORE (self), NULL);

  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL)
    return NULL;
  rows = rounds_database_query (reader->db, error,
                                CONFLICT_SQL "WHERE c.status != 'resolved' ORDER BY c.created_us", "");
  while (row)
    {
      if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
        return NULL;
      if (row)
        g_ptr_array_add (list, take_conflict (rows));
    }
  return g_steal_pointer (&list);
}

RoundsConflict *
rounds_store_conflict_get (RoundsStore *self, const char *type, const char *id, GError **error)
{
  g_autoptr (RoundsReader) reader = NULL;
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row;

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && type != NULL && id != NULL, NULL);

  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL)
    return NULL;
  rows = rounds_database_query (reader->db, error, CONFLICT_SQL "WHERE r.id = ? AND n.text = ?", "ss", id,
                                type);
  if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
    return NULL;
  if (row)
    return take_conflict (rows);
  g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NOT_FOUND, _("%s/%s has no conflict"), type, id);
  return NULL;
}

/* The cloud's version may be taken whatever it is, as any download. Anything else is an edit: of the note that is
 * signed here, and of the one that is signed there. */
static gboolean
may_decide (const RoundsRow *row, const char *theirs, const char *decided, GError **error)
{
  return rounds_text_same (theirs, decided) ||
         (rounds_note_stays (row->type, row->local, decided, FALSE, error) &&
          rounds_note_stays (row->type, theirs, decided, FALSE, error));
}

/* What stood here goes into the history by itself; what stood there was never here. */
static gboolean
keep_loser (RoundsWriter *writer, RoundsRow *row, const RoundsFacts *theirs, const RoundsFacts *decided,
            GError **error)
{
  if (theirs == NULL || rounds_text_same (theirs->text, decided != NULL ? decided->text : NULL) ||
      rounds_text_same (theirs->text, row->local))
    return TRUE;
  return rounds_row_save_version (writer, row, theirs, "cloud", error);
}

static gboolean
resolve_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsConflictCall *call = data;
  g_auto (RoundsRow) row = { 0 };
  g_autoptr (RoundsRows) rows = NULL;
  g_autoptr (RoundsFacts) theirs = NULL;
  g_autofree char *text = NULL, *version = NULL;
  gboolean there;

  if (!rounds_writer_allow (writer, call->facts != NULL ? ROUNDS_ACT_WRITE : ROUNDS_ACT_DELETE, call->type,
                            call->id, error) ||
      !rounds_row_load_there (writer, call->type, call->id, &row, error))
    return FALSE;
  rows = rounds_database_query (writer->db, error,
                                "SELECT theirs, theirs_version FROM conflict WHERE rid = ? AND status != "
                                "'resolved'",
                                "i", row.rid);
  if (rows == NULL || !rounds_database_next (writer->db, rows, &there, error))
    return FALSE;
  if (!there)
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NOT_FOUND, _("%s/%s has no conflict"),
                   call->type, call->id);
      return FALSE;
    }
  text = rounds_rows_dup (rows, 0);
  version = rounds_rows_dup (rows, 1);
  sqlite3_reset (rows);
  /* A deletion without a version: the one that was deleted stands for it, else what a person decided to keep would be
   * taken for something new that somebody else deleted, and be asked about again. */
  if (text == NULL && version == NULL)
    version = g_strdup (row.base_version);
  if (text != NULL && (theirs = rounds_facts_new (row.type, row.id, text, error)) == NULL)
    return FALSE;
  if (!may_decide (&row, text, call->facts != NULL ? call->facts->text : NULL, error) ||
      !keep_loser (writer, &row, theirs, call->facts, error) ||
      !rebase (writer, &row, theirs, version, row.last_updated_us, call->facts, writer->who, error))
    return FALSE;
  return close_conflict (writer, &row, error) &&
         rounds_audit_append (writer, "resolve", row.type, row.id, NULL, error);
}

gboolean
rounds_store_conflict_resolve (RoundsStore *self, const char *type, const char *id, const char *json,
                               GError **error)
{
  g_autoptr (RoundsFacts) facts = NULL;
  RoundsConflictCall call = { .type = type, .id = id };

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && type != NULL && id != NULL, FALSE);

  if (json != NULL && (facts = rounds_facts_new (type, id, json, error)) == NULL)
    return FALSE;
  call.facts = facts;
  return rounds_store_write (self, resolve_cb, &call, error);
}

static gboolean
rebase_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsConflictCall *call = data;
  g_auto (RoundsRow) row = { 0 };

  if (!rounds_writer_allow (writer, ROUNDS_ACT_SYNC, NULL, NULL, error) ||
      !rounds_row_load_there (writer, call->type, call->id, &row, error))
    return FALSE;
  /* What was under way has been answered by the very version it is rebased on. */
  if (!rounds_database_run (writer->db, error,
                            "UPDATE outbox SET state = 1, request_id = NULL WHERE rid = ? AND state IN (2, "
                            "3, 4)", "i", row.rid) ||
      !rebase (writer, &row, call->theirs, call->theirs_version,
               call->theirs != NULL ? call->theirs->last_updated_us : row.last_updated_us, call->facts,
               "cloud", error))
    return FALSE;
  return rounds_audit_append (writer, "sync", row.type, row.id, "merged", error);
}

gboolean
rounds_store_rebase (RoundsStore *self, const char *type, const char *id, const char *theirs_json,
                     const char *theirs_version, const char *merged_json, GError **error)
{
  g_autoptr (RoundsFacts) theirs = NULL;
  g_autoptr (RoundsFacts) merged = NULL;
  RoundsConflictCall call = { .type = type, .id = id, .theirs_version = theirs_version };

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && type != NULL && id != NULL, FALSE);

  if ((theirs_json != NULL && (theirs = rounds_facts_new (type, id, theirs_json, error)) == NULL) ||
      (merged_json != NULL && (merged = rounds_facts_new (type, id, merged_json, error)) == NULL))
    return FALSE;
  call.theirs = theirs;
  call.facts = merged;
  return rounds_store_write (self, rebase_cb, &call, error);
}
