/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The clinician's edit: a set of changes that are made together or not at all, and taking one back. */
#include "store/version.h"

#include <glib/gi18n-lib.h>

#include "fhir/resource.h"

typedef struct {
  char *type, *id, *json;   /* json NULL = delete */
  gint64 revision;
  RoundsFacts *facts;
} RoundsChangeItem;

struct _RoundsEdit {
  char *reason;
  GPtrArray *items;
};

static void
item_free (RoundsChangeItem *self)
{
  g_free (self->type);
  g_free (self->id);
  g_free (self->json);
  rounds_facts_free (self->facts);
  g_free (self);
}

RoundsEdit *
rounds_edit_new (const char *reason)
{
  RoundsEdit *self = g_new0 (RoundsEdit, 1);

  self->reason = g_strdup (reason);
  self->items = g_ptr_array_new_with_free_func ((GDestroyNotify) item_free);
  return self;
}

void
rounds_edit_free (RoundsEdit *self)
{
  if (self == NULL)
    return;
  g_free (self->reason);
  g_ptr_array_unref (self->items);
  g_free (self);
}

static void
add_item (RoundsEdit *self, const char *type, const char *id, const char *json, gint64 revision)
{
  RoundsChangeItem *item = g_new0 (RoundsChangeItem, 1);

  item->type = g_strdup (type);
  item->id = g_strdup (id);
  item->json = g_strdup (json);
  item->revision = revision;
  g_ptr_array_add (self->items, item);
}

void
rounds_edit_put (RoundsEdit *self, const char *type, const char *id, const char *json, gint64 revision)
{
  g_return_if_fail (self != NULL && type != NULL && id != NULL && json != NULL);

  add_item (self, type, id, json, revision);
}

void
rounds_edit_delete (RoundsEdit *self, const char *type, const char *id, gint64 revision)
{
  g_return_if_fail (self != NULL && type != NULL && id != NULL);

  add_item (self, type, id, NULL, revision);
}

static gboolean
set_stale (const RoundsRow *row, GError **error)
{
  g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_STALE,
               _("%s/%s was changed in the meantime; read it again"), row->type, row->id);
  return FALSE;
}

static json_object *
without_status (json_object *resource)
{
  json_object *copy = rounds_json_copy (resource);

  json_object_object_del (copy, "status");
  json_object_object_del (copy, "docStatus");
  json_object_object_del (copy, "meta");
  return copy;
}

/* An edit may change the status of a signed note; what is entered in error comes back by undo alone, else it
 * would be the way round. What arrives by import or sync does not come this way. */
gboolean
rounds_note_stays (const char *type, const char *before, const char *next, gboolean undo, GError **error)
{
  g_autoptr (json_object) old = NULL, new = NULL, old_rest = NULL, new_rest = NULL;
  const char *was, *becomes;
  gboolean wrong;

  if (before == NULL || g_strcmp0 (type, "DocumentReference") != 0)
    return TRUE;
  old = rounds_json_parse (before, -1, error);
  if (old == NULL)
    return FALSE;
  was = rounds_json_peek_string (old, "docStatus");
  wrong = g_strcmp0 (was, "entered-in-error") == 0;
  if (!wrong && g_strcmp0 (was, "final") != 0 && g_strcmp0 (was, "amended") != 0)
    return TRUE;
  if (next != NULL)
    {
      new = rounds_json_parse (next, -1, error);
      if (new == NULL)
        return FALSE;
      becomes = rounds_json_peek_string (new, "docStatus");
      old_rest = without_status (old);
      new_rest = without_status (new);
      if (rounds_json_equal (old_rest, new_rest)
          && (g_strcmp0 (becomes, was) == 0 || g_strcmp0 (becomes, "entered-in-error") == 0 || (wrong && undo)))
        return TRUE;
    }
  g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID,
               _("Signed notes cannot be changed; add an addendum"));
  return FALSE;
}

/* A local version with all that hangs on it. */
static gboolean
save_local (RoundsWriter *writer, RoundsRow *row, const RoundsFacts *facts, const char *reason, GError **error)
{
  const char *action = facts == NULL ? "delete" : row->revision == 0 ? "create" : "update";
  g_autofree char *detail = NULL;

  if (!rounds_row_save_version (writer, row, facts, writer->who, error) ||
      !rounds_outbox_enqueue (writer, row, facts != NULL ? facts->refs : NULL, error) ||
      !rounds_conflict_follow (writer, row, error))
    return FALSE;
  detail = g_strdup_printf ("revision %" G_GINT64_FORMAT "%s%s", row->revision, reason != NULL ? ": " : "",
                            reason != NULL ? reason : "");
  return rounds_audit_append (writer, action, row->type, row->id, detail, error);
}

/* What was open while the server gave the record an id of its own. */
static gboolean
follow (RoundsWriter *writer, RoundsChangeItem *item, GError **error)
{
  g_auto (RoundsRow) row = { 0 };

  if (item->facts != NULL)
    {
      if (!rounds_facts_follow (writer, &item->facts, error))
        return FALSE;
      if (!g_str_equal (item->facts->id, item->id))
        {
          g_free (item->id);
          item->id = g_strdup (item->facts->id);
        }
      return TRUE;
    }
  if (!rounds_row_load_mapped (writer, item->type, item->id, &row, error))
    return FALSE;
  if (row.rid != 0 && !g_str_equal (row.id, item->id))
    {
      g_free (item->id);
      item->id = g_strdup (row.id);
    }
  return TRUE;
}

static gboolean
apply_item (RoundsWriter *writer, RoundsChangeItem *item, const char *reason, GError **error)
{
  g_auto (RoundsRow) row = { 0 };
  gboolean there;

  if (!rounds_writer_allow (writer, item->facts != NULL ? ROUNDS_ACT_WRITE : ROUNDS_ACT_DELETE, item->type, item->id,
                            error) ||
      !follow (writer, item, error) || !rounds_row_load (writer, item->type, item->id, &row, error) ||
      (item->facts != NULL &&
       !rounds_writer_allow_about (writer, item->type, item->id, item->facts->patient_id, error)))
    return FALSE;
  there = row.local != NULL;
  /* 0 = it did not exist: a deleted one does not either, and may be made again. */
  if (item->revision == 0 ? there : item->revision > 0 && item->revision != row.revision)
    return set_stale (&row, error);
  if (item->facts == NULL && !there)
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NOT_FOUND, _("There is no %s/%s"), item->type,
                   item->id);
      return FALSE;
    }
  if (item->facts != NULL && there && rounds_text_same (row.local, item->facts->text))
    return TRUE;
  return rounds_note_stays (row.type, row.local, item->facts != NULL ? item->facts->text : NULL, FALSE, error)
         && save_local (writer, &row, item->facts, reason, error);
}

static gboolean
apply_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsEdit *edit = data;

  for (guint i = 0; i < edit->items->len; i++)
    if (!apply_item (writer, edit->items->pdata[i], edit->reason, error))
      return FALSE;
  return TRUE;
}

gboolean
rounds_store_apply (RoundsStore *self, RoundsEdit *edit, GError **error)
{
  g_return_val_if_fail (ROUNDS_IS_STORE (self) && edit != NULL, FALSE);

  for (guint i = 0; i < edit->items->len; i++)
    {
      RoundsChangeItem *item = edit->items->pdata[i];

      if (item->json != NULL && item->facts == NULL)
        {
          item->facts = rounds_facts_new (item->type, item->id, item->json, error);
          if (item->facts == NULL)
            return FALSE;
        }
    }
  return rounds_store_write (self, apply_cb, edit, error);
}

typedef struct {
  const char *type, *id;
  gint64 revision;
} RoundsUndo;

static gboolean
undo_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsUndo *undo = data;
  g_auto (RoundsRow) row = { 0 };
  g_autofree char *before = NULL;
  g_autoptr (RoundsFacts) facts = NULL;

  if (!rounds_writer_allow (writer, ROUNDS_ACT_WRITE, undo->type, undo->id, error) ||
      !rounds_row_load_mapped (writer, undo->type, undo->id, &row, error))
    return FALSE;
  if (row.revision == 0)
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NOT_FOUND, _("There is no %s/%s"), undo->type,
                   undo->id);
      return FALSE;
    }
  if (row.revision != undo->revision)
    return set_stale (&row, error);
  if (g_strcmp0 (row.changed_by, "cloud") == 0)
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID,
                   _("The last version came from the cloud and is not an edit of yours"));
      return FALSE;
    }
  if (row.revision > 1 && !rounds_row_text_of (writer, &row, row.revision - 1, &before, error))
    return FALSE;
  if (before != NULL)
    {
      facts = rounds_facts_new (undo->type, NULL, before, error);
      if (facts == NULL || !rounds_facts_follow (writer, &facts, error))
        return FALSE;
    }
  return rounds_note_stays (row.type, row.local, facts != NULL ? facts->text : NULL, TRUE, error)
         && save_local (writer, &row, facts, "undo", error);
}

gboolean
rounds_store_undo (RoundsStore *self, const char *type, const char *id, gint64 revision, GError **error)
{
  RoundsUndo undo = { type, id, revision };

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && type != NULL && id != NULL, FALSE);

  return rounds_store_write (self, undo_cb, &undo, error);
}
