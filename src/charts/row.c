/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows are finished strings. Parsing 3,000 observations on the main thread would freeze the window for a
 * second; here it happens once, in the worker that has read them, and scrolling costs nothing. */

#include "charts/row.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "charts/words.h"
#include "fhir/resource.h"

struct _RoundsRow
{
  GObject parent_instance;

  const RoundsSection *section;
  RoundsRecord *record;
  char **cells;
  char *name;
  char *line;
  char *when;
  char *pill;
  char *group;
  RoundsMark pill_mark;
  RoundsMark mark;
  gboolean active;
  gboolean error;
  gboolean can_edit;
  gint64 us;
  gint64 rank;
  GPtrArray *points;
};

G_DEFINE_FINAL_TYPE (RoundsRow, rounds_row, G_TYPE_OBJECT)

void
rounds_point_free (RoundsPoint *self)
{
  if (self == NULL)
    return;
  g_free (self->when);
  g_free (self->text);
  g_free (self->range);
  g_free (self->flag);
  g_free (self->id);
  g_free (self);
}

static void
rounds_row_finalize (GObject *object)
{
  RoundsRow *self = ROUNDS_ROW (object);

  g_clear_pointer (&self->record, rounds_record_free);
  if (self->cells != NULL)
    for (guint i = 0; i < self->section->n_columns; i++)
      g_free (self->cells[i]);
  g_free (self->cells);
  g_free (self->name);
  g_free (self->line);
  g_free (self->when);
  g_free (self->pill);
  g_free (self->group);
  g_clear_pointer (&self->points, g_ptr_array_unref);
  G_OBJECT_CLASS (rounds_row_parent_class)->finalize (object);
}

static void
rounds_row_class_init (RoundsRowClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rounds_row_finalize;
}

static void
rounds_row_init (RoundsRow *self)
{
}

RoundsRow *
rounds_row_new (const RoundsSection *section, RoundsRecord *record, json_object *resource, gint64 now_us)
{
  RoundsRow *self = g_object_new (ROUNDS_TYPE_ROW, NULL);
  const char *time = rounds_resource_peek_time (resource);

  self->section = section;
  self->record = record;
  self->cells = g_new0 (char *, section->n_columns + 1);
  for (guint i = 0; i < section->n_columns; i++)
    self->cells[i] = section->columns[i].get (resource, now_us);
  self->name = rounds_section_name (section, resource);
  self->line = section->line != NULL ? section->line (resource, now_us) : NULL;
  self->when = section->when != NULL ? section->when (resource, now_us) : rounds_words_day (time, now_us);
  self->error = rounds_resource_is_entered_in_error (resource);
  if (self->error)
    self->pill = g_strdup (_("entered in error"));
  else if (section->pill != NULL)
    self->pill = section->pill (resource, &self->pill_mark);
  self->mark = !self->error && section->mark != NULL ? section->mark (resource) : ROUNDS_MARK_NONE;
  self->active = !self->error && (section->is_active == NULL || section->is_active (resource));
  self->can_edit = !self->error && rounds_section_can_edit (section, resource);
  self->us = rounds_words_us (time);
  self->rank = section->rank != NULL ? section->rank (resource) : 0;
  return self;
}

RoundsRow *
rounds_row_new_group (const RoundsSection *section, RoundsRecord *newest, char **cells, char *name, char *group,
                      GPtrArray *points, gboolean active)
{
  RoundsRow *self = g_object_new (ROUNDS_TYPE_ROW, NULL);
  const RoundsPoint *last = points->len > 0 ? g_ptr_array_index (points, points->len - 1) : NULL;

  self->section = section;
  self->record = newest;
  self->cells = cells;
  self->name = name;
  self->group = group;
  self->points = points;
  self->active = active;
  if (last != NULL)
    {
      self->mark = last->mark;
      self->us = last->us;
      self->when = g_strdup (last->when);
      self->line = g_strdup (last->text);
      self->pill = g_strdup (last->flag);
      self->pill_mark = last->mark;
    }
  return self;
}

const RoundsSection *
rounds_row_get_section (RoundsRow *self)
{
  return self->section;
}

const RoundsRecord *
rounds_row_get_record (RoundsRow *self)
{
  return self->record;
}

const char *
rounds_row_get_id (RoundsRow *self)
{
  return self->record->id;
}

const char *
rounds_row_get_name (RoundsRow *self)
{
  return self->name;
}

const char *
rounds_row_get_line (RoundsRow *self)
{
  return self->line;
}

const char *
rounds_row_get_when (RoundsRow *self)
{
  return self->when;
}

const char *
rounds_row_get_cell (RoundsRow *self, guint column)
{
  g_return_val_if_fail (column < self->section->n_columns, NULL);
  return self->cells[column];
}

const char *
rounds_row_get_pill (RoundsRow *self, RoundsMark *mark)
{
  if (mark != NULL)
    *mark = self->pill_mark;
  return self->pill;
}

const char *
rounds_row_get_group (RoundsRow *self)
{
  return self->group;
}

RoundsMark
rounds_row_get_mark (RoundsRow *self)
{
  return self->mark;
}

gboolean
rounds_row_is_active (RoundsRow *self)
{
  return self->active;
}

gboolean
rounds_row_is_error (RoundsRow *self)
{
  return self->error;
}

gboolean
rounds_row_can_edit (RoundsRow *self)
{
  return self->can_edit;
}

const char *
rounds_row_get_sync_words (RoundsRow *self, RoundsMark *mark)
{
  const char *state = self->record->sync_state;

  *mark = ROUNDS_MARK_NONE;
  if (g_strcmp0 (state, "conflict") == 0)
    {
      *mark = ROUNDS_MARK_LOOK;
      return _("decide");
    }
  if (g_strcmp0 (state, "quarantined") == 0)
    {
      *mark = ROUNDS_MARK_ACT;
      return _("refused by the server");
    }
  return self->record->unsynced ? _("unsynced") : NULL;
}

gint64
rounds_row_get_us (RoundsRow *self)
{
  return self->us;
}

GPtrArray *
rounds_row_get_points (RoundsRow *self)
{
  return self->points;
}

static const char *
mark_name (RoundsMark mark)
{
  return mark == ROUNDS_MARK_ACT ? "act" : mark == ROUNDS_MARK_LOOK ? "look" : NULL;
}

json_object *
rounds_row_to_json (RoundsRow *self)
{
  json_object *object = json_object_new_object ();
  json_object *columns = json_object_new_object ();

  rounds_json_add_string (object, "type", self->record->type);
  rounds_json_add_string (object, "id", self->record->id);
  rounds_json_add_string (object, "name", self->name);
  rounds_json_add_string (object, "text", self->line);
  rounds_json_add_string (object, "when", self->when);
  rounds_json_add_string (object, "status", self->pill);
  rounds_json_add_string (object, "mark", mark_name (self->mark));
  json_object_object_add (object, "active", json_object_new_boolean (self->active));
  json_object_object_add (object, "unsynced", json_object_new_boolean (self->record->unsynced));
  for (guint i = 0; i < self->section->n_columns; i++)
    rounds_json_add_string (columns, self->section->columns[i].id, self->cells[i]);
  json_object_object_add (object, "columns", columns);
  if (self->points != NULL)
    {
      json_object *points = json_object_new_array ();

      for (guint i = 0; i < self->points->len; i++)
        {
          const RoundsPoint *point = g_ptr_array_index (self->points, i);
          json_object *one = json_object_new_object ();

          rounds_json_add_string (one, "id", point->id);
          rounds_json_add_string (one, "when", point->when);
          rounds_json_add_string (one, "value", point->text);
          rounds_json_add_string (one, "flag", point->flag);
          json_object_array_add (points, one);
        }
      json_object_object_add (object, "values", points);
    }
  return object;
}

gboolean
rounds_row_equal (RoundsRow *a, RoundsRow *b)
{
  const guint n_a = a->points != NULL ? a->points->len : 0, n_b = b->points != NULL ? b->points->len : 0;

  return a->section == b->section && n_a == n_b && a->record->revision == b->record->revision
         && strcmp (a->record->id, b->record->id) == 0 && strcmp (a->record->type, b->record->type) == 0
         && a->record->unsynced == b->record->unsynced
         && g_strcmp0 (a->record->sync_state, b->record->sync_state) == 0;
}

static gint
row_compare (gconstpointer left, gconstpointer right)
{
  const RoundsRow *a = *(RoundsRow *const *) left, *b = *(RoundsRow *const *) right;

  if (a->error != b->error)
    return a->error ? 1 : -1;
  if (g_strcmp0 (a->group, b->group) != 0)
    return a->group == NULL ? 1 : b->group == NULL ? -1 : g_utf8_collate (a->group, b->group);
  if (a->group != NULL)
    return g_utf8_collate (a->name, b->name);
  if (a->active != b->active)
    return a->active ? -1 : 1;
  if (a->rank != b->rank)
    return a->rank > b->rank ? -1 : 1;
  if (a->us != b->us)
    return a->us > b->us ? -1 : 1;
  return strcmp (a->record->id, b->record->id);
}

GPtrArray *
rounds_section_load (const RoundsSection *section, RoundsStore *store, const char *patient_id, GError **error)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_record_free);
  g_autoptr (GPtrArray) parsed = g_ptr_array_new_with_free_func ((GDestroyNotify) json_object_put);
  const gint64 now_us = rounds_instant_now_us ();

  for (guint t = 0; section->types[t] != NULL; t++)
    {
      g_autoptr (GPtrArray) records = rounds_store_list (store, section->types[t], patient_id, 0, error);

      if (records == NULL)
        return NULL;
      for (guint i = 0; i < records->len; i++)
        {
          RoundsRecord *record = g_ptr_array_index (records, i);
          json_object *resource = record->json != NULL ? rounds_record_parse (record) : NULL;

          if (resource == NULL || (section->accepts != NULL && !section->accepts (resource)))
            {
              json_object_put (resource);
              continue;
            }
          g_ptr_array_add (kept, rounds_record_copy (record));
          g_ptr_array_add (parsed, resource);
        }
    }
  if (section->group != NULL)
    {
      g_autoptr (GPtrArray) grouped = section->group (kept, parsed, now_us);

      g_ptr_array_extend_and_steal (rows, g_steal_pointer (&grouped));
    }
  else
    for (guint i = 0; i < kept->len; i++)
      g_ptr_array_add (rows, rounds_row_new (section, rounds_record_copy (g_ptr_array_index (kept, i)),
                                             g_ptr_array_index (parsed, i), now_us));
  g_ptr_array_sort (rows, row_compare);
  return g_steal_pointer (&rows);
}

GPtrArray *
rounds_section_own_terms (const RoundsSection *section, RoundsStore *store, const char *patient_id,
                          const char *current, GError **error)
{
  g_autoptr (GPtrArray) rows = rounds_section_load (section, store, patient_id, error);
  GPtrArray *terms;

  if (rows == NULL)
    return NULL;
  terms = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_term_free);
  for (guint i = 0; i < rows->len; i++)
    {
      RoundsRow *row = g_ptr_array_index (rows, i);
      const RoundsRecord *record = rounds_row_get_record (row);
      g_autofree char *reference = g_strdup_printf ("%s/%s", record->type, record->id);
      RoundsTerm *term;

      if ((!rounds_row_is_active (row) || rounds_row_is_error (row)) && g_strcmp0 (reference, current) != 0)
        continue;
      term = g_new0 (RoundsTerm, 1);
      term->display = g_strdup (rounds_row_get_name (row));
      term->reference = g_steal_pointer (&reference);
      g_ptr_array_add (terms, term);
    }
  return terms;
}
