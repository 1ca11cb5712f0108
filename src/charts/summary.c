/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is worth saying first about each section. The window's cards and the command line ask the same
 * functions, so that both always say the same. */

#include "charts/summary.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "charts/sections.h"

static void
summary_section_free (RoundsSummarySection *self)
{
  g_ptr_array_unref (self->rows);
  g_free (self);
}

void
rounds_summary_free (RoundsSummary *self)
{
  if (self == NULL)
    return;
  rounds_patient_free (self->patient);
  g_ptr_array_unref (self->sections);
  g_free (self);
}

RoundsSummary *
rounds_summary_load (RoundsStore *store, const char *patient_id, GError **error)
{
  g_autoptr (RoundsSummary) self = g_new0 (RoundsSummary, 1);
  const RoundsSection *const *sections = rounds_sections ();

  self->sections = g_ptr_array_new_with_free_func ((GDestroyNotify) summary_section_free);
  self->patient = rounds_patient_load (store, patient_id, error);
  if (self->patient == NULL)
    return NULL;
  for (guint i = 0; sections[i] != NULL; i++)
    {
      RoundsSummarySection *section;
      GPtrArray *rows = rounds_section_load (sections[i], store, patient_id, error);

      if (rows == NULL)
        return NULL;
      section = g_new0 (RoundsSummarySection, 1);
      section->section = sections[i];
      section->rows = rows;
      for (guint r = 0; r < rows->len; r++)
        {
          section->n_active += rounds_row_is_active (g_ptr_array_index (rows, r));
          section->n_all += !rounds_row_is_error (g_ptr_array_index (rows, r));
        }
      g_ptr_array_add (self->sections, section);
    }
  return g_steal_pointer (&self);
}

RoundsSummarySection *
rounds_summary_get (RoundsSummary *self, const char *section_id)
{
  for (guint i = 0; i < self->sections->len; i++)
    {
      RoundsSummarySection *section = g_ptr_array_index (self->sections, i);

      if (strcmp (section->section->id, section_id) == 0)
        return section;
    }
  return NULL;
}

static gint
gravest_first (gconstpointer left, gconstpointer right)
{
  RoundsRow *a = *(RoundsRow *const *) left, *b = *(RoundsRow *const *) right;
  RoundsMark mark_a = rounds_row_get_mark (a), mark_b = rounds_row_get_mark (b);
  gint64 us_a = rounds_row_get_us (a), us_b = rounds_row_get_us (b);

  if (mark_a != mark_b)
    return mark_a > mark_b ? -1 : 1;
  return us_a > us_b ? -1 : us_a < us_b ? 1 : strcmp (rounds_row_get_id (a), rounds_row_get_id (b));
}

GPtrArray *
rounds_summary_pick (const RoundsSection *section, GListModel *rows, guint limit)
{
  GPtrArray *picked = g_ptr_array_new_with_free_func (g_object_unref);
  const guint n = g_list_model_get_n_items (rows);

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (RoundsRow) row = g_list_model_get_item (rows, i);

      if (rounds_row_is_active (row))
        g_ptr_array_add (picked, g_steal_pointer (&row));
    }
  if (section->group != NULL)
    g_ptr_array_sort (picked, gravest_first);
  if (limit > 0 && picked->len > limit)
    g_ptr_array_set_size (picked, (int) limit);
  return picked;
}

char *
rounds_summary_words (const RoundsSection *section, guint n_active, guint n_all)
{
  const guint rest = n_all - MIN (n_active, n_all);

  if (n_all == 0)
    return NULL;
  if (section->group != NULL)
    return g_strdup_printf (_("all %u"), n_all);
  if (section->is_active == NULL || section == &rounds_section_notes)
    return g_strdup_printf (_("all %u"), n_all);
  if (rest == 0)
    return g_strdup_printf (_("%u active"), n_active);
  if (section == &rounds_section_problems)
    return g_strdup_printf (_("%u active · %u resolved"), n_active, rest);
  return g_strdup_printf (_("%u active · %u ended"), n_active, rest);
}

json_object *
rounds_summary_to_json (RoundsSummary *self)
{
  json_object *out = json_object_new_object (), *patient = json_object_new_object ();
  json_object *sections = json_object_new_array ();

  rounds_json_add_string (patient, "id", self->patient->id);
  rounds_json_add_string (patient, "name", self->patient->name);
  rounds_json_add_string (patient, "sex", self->patient->sex);
  rounds_json_add_string (patient, "birthDate", self->patient->birth_date);
  rounds_json_add_string (patient, "age", self->patient->age);
  rounds_json_add_string (patient, "mrn", self->patient->mrn);
  json_object_object_add (patient, "deceased", json_object_new_boolean (self->patient->deceased));
  json_object_object_add (out, "patient", patient);
  for (guint i = 0; i < self->sections->len; i++)
    {
      RoundsSummarySection *section = g_ptr_array_index (self->sections, i);
      json_object *one = json_object_new_object (), *rows = json_object_new_array ();

      rounds_json_add_string (one, "id", section->section->id);
      rounds_json_add_string (one, "title", _(section->section->title));
      json_object_object_add (one, "active", json_object_new_int64 (section->n_active));
      json_object_object_add (one, "all", json_object_new_int64 (section->n_all));
      for (guint r = 0; r < section->rows->len; r++)
        json_object_array_add (rows, rounds_row_to_json (g_ptr_array_index (section->rows, r)));
      json_object_object_add (one, "rows", rows);
      json_object_array_add (sections, one);
    }
  json_object_object_add (out, "sections", sections);
  return out;
}
