/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A decision about a conflict taken back. It is not an edit like others: the text before it may not go out on top
 * of the server's version, as an undone edit would. So the question itself comes back, with all three versions,
 * in one transaction, and only as long as nothing of the decision has been sent. */
#include "store/version.h"

#include <glib/gi18n-lib.h>

typedef struct {
  const char *type, *id, *status;
  gint64 revision;
} Reopen;

/* What was asked, as it stands behind the decision. */
static gboolean
load_question (RoundsWriter *writer, const RoundsRow *row, RoundsConflict *out, GError **error)
{
  g_autoptr (RoundsRows) rows =
      rounds_database_query (writer->db, error, "SELECT base, mine, theirs, theirs_version, paths FROM conflict "
                                                "WHERE rid = ? AND status = 'resolved'", "i", row->rid);
  gboolean there = FALSE;

  if (rows == NULL || !rounds_database_next (writer->db, rows, &there, error))
    return FALSE;
  if (!there)
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NOT_FOUND, _("%s/%s has no decision to take back"),
                   row->type, row->id);
      return FALSE;
    }
  out->base = rounds_rows_dup (rows, 0);
  out->mine = rounds_rows_dup (rows, 1);
  out->theirs = rounds_rows_dup (rows, 2);
  out->theirs_version = rounds_rows_dup (rows, 3);
  out->paths = g_strsplit (rounds_rows_text (rows, 4) != NULL ? rounds_rows_text (rows, 4) : "", "\n", -1);
  sqlite3_reset (rows);
  return TRUE;
}

/* The decision must be the last word here and unknown to the server. */
static gboolean
can_take_back (const RoundsRow *row, const Reopen *call, const RoundsConflict *question, GError **error)
{
  if (row->revision != call->revision)
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_STALE, _("%s/%s was changed after the decision"),
                   row->type, row->id);
      return FALSE;
    }
  if (row->state == ROUNDS_STATE_INFLIGHT || row->state == ROUNDS_STATE_UNKNOWN || row->state == ROUNDS_STATE_VERIFY)
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_BUSY, _("The decision about %s/%s is being sent"),
                   row->type, row->id);
      return FALSE;
    }
  if (question->theirs != NULL ? g_strcmp0 (row->base_version, question->theirs_version) != 0
                               : row->base_state != ROUNDS_BASE_GONE)
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_STALE,
                   _("The decision about %s/%s has been sent; change it again instead"), row->type, row->id);
      return FALSE;
    }
  return TRUE;
}

static gboolean
put_back (RoundsWriter *writer, RoundsRow *row, RoundsConflict *question, GError **error)
{
  g_autoptr (RoundsFacts) mine = NULL, base = NULL;
  gboolean same = rounds_text_same (row->local, question->mine);

  if (question->mine != NULL && (mine = rounds_facts_new (row->type, row->id, question->mine, error)) == NULL)
    return FALSE;
  if (question->base != NULL && (base = rounds_facts_new (row->type, row->id, question->base, error)) == NULL)
    return FALSE;
  rounds_row_set_base (row, base != NULL ? ROUNDS_BASE_THERE : ROUNDS_BASE_NONE, question->base,
                       base != NULL ? base->version_id : NULL, row->last_updated_us);
  row->state = ROUNDS_STATE_NONE;
  return rounds_database_run (writer->db, error, "DELETE FROM outbox WHERE rid = ?", "i", row->rid) &&
         (same ? rounds_row_save_base (writer, row, error)
               : rounds_row_save_version (writer, row, mine, writer->who, error)) &&
         rounds_conflict_write (writer, row, question, error) &&
         rounds_audit_append (writer, "undo", row->type, row->id, "decision about a conflict", error);
}

static gboolean
reopen_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  Reopen *call = data;
  g_auto (RoundsRow) row = { 0 };
  RoundsConflict *question = g_new0 (RoundsConflict, 1);
  gboolean ok;

  question->status = g_strdup (call->status);
  ok = rounds_writer_allow (writer, ROUNDS_ACT_WRITE, call->type, call->id, error) &&
       rounds_row_load_there (writer, call->type, call->id, &row, error) &&
       load_question (writer, &row, question, error) && can_take_back (&row, call, question, error) &&
       put_back (writer, &row, question, error);
  rounds_conflict_free (question);
  return ok;
}

gboolean
rounds_store_conflict_reopen (RoundsStore *self, const char *type, const char *id, gint64 revision,
                              const char *status, GError **error)
{
  Reopen call = { type, id, status, revision };

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && type != NULL && id != NULL, FALSE);

  return rounds_store_write (self, reopen_cb, &call, error);
}
