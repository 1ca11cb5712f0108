/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Versions as a clinician would tell them: the fields of the section's form by their titles, everything else
 * by its path. A field that is spread over several elements (a status with its code and display) is one
 * row. */

#include "charts/history.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/instant.h"
#include "charts/words.h"
#include "fhir/patch.h"

void
rounds_history_row_free (RoundsHistoryRow *self)
{
  if (self == NULL)
    return;
  g_free (self->when);
  g_free (self->who);
  g_free (self->field);
  g_free (self->old);
  g_free (self->new_);
  g_free (self->what);
  g_free (self);
}

/* Whether a difference lies in what a field shows. */
static gboolean
covers (const RoundsField *field, const char *path)
{
  gsize length;

  if (field->path == NULL)
    return FALSE;
  length = strlen (field->path);
  if (g_str_has_suffix (field->path, "[x]"))
    return strncmp (path, field->path, length - 3) == 0 && g_ascii_isupper (path[length - 3]);
  return strncmp (path, field->path, length) == 0 && (path[length] == '\0' || path[length] == '.');
}

static RoundsHistoryRow *
row_new (const char *field, char *old_taken, char *new_taken)
{
  RoundsHistoryRow *row = g_new0 (RoundsHistoryRow, 1);

  row->field = g_strdup (field);
  row->old = old_taken;
  row->new_ = new_taken;
  return row;
}

GPtrArray *
rounds_history_compare (const RoundsSection *section, json_object *old, json_object *new_)
{
  GPtrArray *rows = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_history_row_free);
  g_autoptr (GPtrArray) differences = rounds_patch_diff (old, new_);
  g_autofree gboolean *told = g_new0 (gboolean, section != NULL ? section->n_fields + 1 : 1);

  for (guint f = 0; section != NULL && f < section->n_fields; f++)
    {
      const RoundsField *field = &section->fields[f];
      g_autoptr (json_object) a = old != NULL ? rounds_field_get (field, old) : NULL;
      g_autoptr (json_object) b = new_ != NULL ? rounds_field_get (field, new_) : NULL;

      if (field->title == NULL || (a == NULL && b == NULL) || (a != NULL && b != NULL && rounds_json_equal (a, b)))
        continue;
      told[f] = TRUE;
      g_ptr_array_add (rows, row_new (_(field->title), rounds_field_words (field, a), rounds_field_words (field, b)));
    }
  for (guint i = 0; i < differences->len; i++)
    {
      const RoundsDifference *difference = g_ptr_array_index (differences, i);
      gboolean known = FALSE;

      if (g_str_has_prefix (difference->path, "text.") || g_str_equal (difference->path, "text")
          || g_str_has_prefix (difference->path, "meta"))
        continue;
      for (guint f = 0; section != NULL && f < section->n_fields && !known; f++)
        {
          /* Fields with own functions have no path: their elements are these. */
          const char *whole = section->fields[f].path;

          known = covers (&section->fields[f], difference->path)
                  || (told[f] && whole != NULL && g_str_has_prefix (whole, difference->path)
                      && whole[strlen (difference->path)] == '.')
                  || (section->fields[f].get != NULL && told[f]
                      && (g_str_has_prefix (difference->path, "dosageInstruction")
                          || g_str_has_prefix (difference->path, "reason")
                          || g_str_has_prefix (difference->path, "content.0.attachment")
                          || g_str_has_prefix (difference->path, "name.") || g_str_has_prefix (difference->path, "telecom")
                          || g_str_has_prefix (difference->path, "identifier")
                          || g_str_has_prefix (difference->path, "class") || g_str_has_prefix (difference->path, "deceased")));
        }
      if (known)
        continue;
      g_autofree char *label = rounds_words_path (difference->path);

      g_ptr_array_add (rows, row_new (label, rounds_words_any (difference->old), rounds_words_any (difference->new_)));
    }
  return rows;
}

static void
finish_row (RoundsHistoryRow *row, const RoundsRecord *record, gint64 now_us)
{
  RoundsInstant instant = { .us = record->changed_us, .precision = ROUNDS_PRECISION_SECOND };

  row->changed_us = record->changed_us;
  row->when = rounds_instant_display (&instant, now_us);
  row->who = g_strdup (g_strcmp0 (record->changed_by, "cloud") == 0 ? _("the server") : record->changed_by);
  row->revision = record->revision;
}

/* Signing is not taken back: the store refuses it, so it is not offered. */
static gboolean
is_signing (json_object *old, json_object *new_)
{
  return g_strcmp0 (rounds_json_peek_string (old, "docStatus"), "preliminary") == 0
         && g_strcmp0 (rounds_json_peek_string (new_, "docStatus"), "final") == 0;
}

GPtrArray *
rounds_history_load (RoundsStore *store, const RoundsSection *section, const char *type, const char *id, GError **error)
{
  const gint64 now_us = rounds_instant_now_us ();
  g_autoptr (GPtrArray) versions = rounds_store_history (store, type, id, error);
  g_autoptr (GPtrArray) rows = NULL;

  if (versions == NULL)
    return NULL;
  rows = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_history_row_free);
  for (guint i = 0; i < versions->len; i++)
    {
      const RoundsRecord *record = g_ptr_array_index (versions, i);
      const RoundsRecord *before = i + 1 < versions->len ? g_ptr_array_index (versions, i + 1) : NULL;
      g_autoptr (json_object) new_ = record->json != NULL ? rounds_record_parse (record) : NULL;
      g_autoptr (json_object) old = before != NULL && before->json != NULL ? rounds_record_parse (before) : NULL;
      guint first = rows->len;

      if (new_ == NULL || old == NULL)
        {
          RoundsHistoryRow *row = g_new0 (RoundsHistoryRow, 1);

          row->what = g_strdup (new_ == NULL ? _("deleted") : before != NULL ? _("restored") : _("recorded"));
          if (new_ != NULL && section != NULL && section->line != NULL)
            row->new_ = section->line (new_, now_us);
          g_ptr_array_add (rows, row);
        }
      else
        {
          g_autoptr (GPtrArray) changes = rounds_history_compare (section, old, new_);

          if (changes->len == 0)
            {
              RoundsHistoryRow *row = g_new0 (RoundsHistoryRow, 1);

              row->what = g_strdup (_("stored without a visible change"));
              g_ptr_array_add (rows, row);
            }
          g_ptr_array_extend_and_steal (rows, g_steal_pointer (&changes));
        }
      for (guint r = first; r < rows->len; r++)
        {
          RoundsHistoryRow *row = g_ptr_array_index (rows, r);

          finish_row (row, record, now_us);
          row->first = r == first;
          row->unsynced = i == 0 && record->unsynced;
          row->last_edit = i == 0 && r == first && before != NULL && g_strcmp0 (record->changed_by, "cloud") != 0
                           && !is_signing (old, new_);
        }
    }
  return g_steal_pointer (&rows);
}
