/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Edits are made from the text that the editor saw, on its revision: if anything changed meanwhile the store
 * says STALE and nothing is overwritten. A reason given in spite of a warning becomes part of the record, so
 * that the next reader sees it without an audit trail. */

#include "charts/edit.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/instant.h"
#include "charts/sections.h"
#include "charts/words.h"
#include "charts/patient.h"
#include "fhir/resource.h"

void
rounds_edited_free (RoundsEdited *self)
{
  if (self == NULL)
    return;
  g_free (self->type);
  g_free (self->id);
  g_free (self);
}

json_object *
rounds_form_values (const RoundsSection *section, json_object *resource, gint64 now_us)
{
  json_object *values = json_object_new_object ();

  for (guint i = 0; i < section->n_fields; i++)
    {
      const RoundsField *field = &section->fields[i];
      json_object *value = NULL;

      if (resource != NULL)
        value = rounds_field_get (field, resource);
      else if (field->initial != NULL && field->kind == ROUNDS_FIELD_DATE)
        {
          g_autofree char *date = rounds_date_from_typed (field->initial, now_us, NULL);

          value = date != NULL ? json_object_new_string (date) : NULL;
        }
      else if (field->initial != NULL)
        value = json_object_new_string (field->kind == ROUNDS_FIELD_CHOICE ? field->initial : _(field->initial));
      if (value != NULL)
        json_object_object_add (values, field->id, value);
    }
  return values;
}

static json_object *
new_resource (const RoundsSection *section, const char *patient_id, const char *who, gint64 now_us)
{
  json_object *resource = json_object_new_object ();
  g_autofree char *id = rounds_fhir_new_id ();
  const char *type = section->types[0];

  rounds_json_add_string (resource, "resourceType", type);
  rounds_json_add_string (resource, "id", id);
  if (patient_id != NULL && strcmp (type, "Patient") != 0)
    {
      g_autofree char *reference = g_strconcat ("Patient/", patient_id, NULL);
      const gboolean patient = strcmp (type, "AllergyIntolerance") == 0 || strcmp (type, "Immunization") == 0;

      rounds_json_set_string (resource, patient ? "patient.reference" : "subject.reference", reference);
    }
  if (section->fill != NULL)
    section->fill (resource, who, now_us);
  return resource;
}

json_object *
rounds_form_apply (const RoundsSection *section, json_object *resource, const char *patient_id, json_object *values,
                   const char *who, gint64 now_us, GError **error)
{
  g_autoptr (json_object) out = resource != NULL ? rounds_json_copy (resource)
                                                 : new_resource (section, patient_id, who, now_us);
  g_autoptr (json_object) before = rounds_form_values (section, resource, now_us);

  if (resource == NULL)
    {
      json_object_put (before);
      before = json_object_new_object ();
    }
  for (guint i = 0; i < section->n_fields; i++)
    {
      const RoundsField *field = &section->fields[i];
      json_object *value = NULL;

      json_object_object_get_ex (values, field->id, &value);
      if (json_object_is_type (value, json_type_string) && json_object_get_string_len (value) == 0)
        value = NULL;
      if (value == NULL && field->required && resource == NULL)
        {
          g_set_error (error, ROUNDS_CHARTS_ERROR, ROUNDS_CHARTS_ERROR_INVALID, _("“%s” is needed"), _(field->title));
          return NULL;
        }
      if (!rounds_field_set (field, out, value, error))
        return NULL;
    }
  if (section->finish != NULL && !section->finish (out, before, values, who, now_us, error))
    return NULL;
  return g_steal_pointer (&out);
}

/* --- checks --------------------------------------------------------------------------------------- */

static GPtrArray *
parsed_list (RoundsStore *store, const char *const *types, const char *patient_id, GError **error)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify) json_object_put);

  for (guint t = 0; types[t] != NULL; t++)
    {
      g_autoptr (GPtrArray) records = rounds_store_list (store, types[t], patient_id, 0, error);

      if (records == NULL)
        return NULL;
      for (guint i = 0; i < records->len; i++)
        {
          json_object *resource = rounds_record_parse (g_ptr_array_index (records, i));

          if (resource != NULL)
            g_ptr_array_add (all, resource);
        }
    }
  return g_steal_pointer (&all);
}

static GPtrArray *
check_resource (RoundsStore *store, const RoundsSection *section, const char *patient_id, json_object *resource,
                GError **error)
{
  RoundsCheckContext context = { .now_us = rounds_instant_now_us () };
  g_autoptr (GPtrArray) allergies = NULL, medications = NULL, same = NULL;

  if (section->check == rounds_check_drug)
    {
      allergies = parsed_list (store, rounds_section_allergies.types, patient_id, error);
      medications = allergies != NULL ? parsed_list (store, section->types, patient_id, error) : NULL;
      if (medications == NULL)
        return NULL;
    }
  else
    {
      same = parsed_list (store, section->types, patient_id, error);
      if (same == NULL)
        return NULL;
    }
  context.allergies = allergies;
  context.medications = medications;
  context.same = same;
  return section->check (resource, &context);
}

GPtrArray *
rounds_form_check (RoundsStore *store, const RoundsSection *section, const char *patient_id, const char *type,
                   const char *id, json_object *values, GError **error)
{
  g_autoptr (json_object) resource = NULL;

  if (section == &rounds_section_patient)
    return rounds_patient_find_duplicates (store, values, id, error);
  if (section->check == NULL)
    return g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_check_free);
  resource = json_object_new_object ();
  rounds_json_add_string (resource, "resourceType", type != NULL ? type : section->types[0]);
  rounds_json_add_string (resource, "id", id);
  /* Half-filled is normal here: what cannot be taken yet is simply not checked yet. */
  for (guint i = 0; i < section->n_fields; i++)
    {
      json_object *value = NULL;

      json_object_object_get_ex (values, section->fields[i].id, &value);
      if (value != NULL)
        rounds_field_set (&section->fields[i], resource, value, NULL);
    }
  return check_resource (store, section, patient_id, resource, error);
}

/* --- verbs ---------------------------------------------------------------------------------------- */

static RoundsEdited *
commit (RoundsStore *store, const char *type, const char *id, json_object *resource, gint64 revision,
        const char *reason, GError **error)
{
  g_autoptr (RoundsEdit) edit = rounds_edit_new (reason);
  g_autoptr (RoundsEdited) edited = g_new0 (RoundsEdited, 1);
  g_autoptr (RoundsRecord) now = NULL;

  edited->type = g_strdup (type);
  edited->id = g_strdup (id);
  if (resource != NULL)
    {
      g_autofree char *json = rounds_json_print (resource);

      rounds_edit_put (edit, type, id, json, revision);
    }
  else
    rounds_edit_delete (edit, type, id, revision);
  if (!rounds_store_apply (store, edit, error))
    return NULL;
  /* The store answers NOT_FOUND for what is deleted; its history still knows the revision. */
  now = rounds_store_get (store, type, id, NULL);
  if (now == NULL || now->deleted)
    {
      g_autoptr (GPtrArray) history = rounds_store_history (store, type, id, NULL);

      if (history != NULL && history->len > 0)
        edited->revision = ((RoundsRecord *) g_ptr_array_index (history, 0))->revision;
    }
  else
    edited->revision = now->revision == revision ? 0 : now->revision;
  return g_steal_pointer (&edited);
}

static const char *
account_name (RoundsStore *store)
{
  return rounds_vault_get_name (rounds_store_get_vault (store));
}

static void
add_note (json_object *resource, const char *text, const char *who, gint64 now_us)
{
  json_object *notes = rounds_json_peek (resource, "note");
  json_object *note = json_object_new_object ();
  g_autofree char *now = rounds_instant_format_us (now_us);

  rounds_json_add_string (note, "authorString", who);
  rounds_json_add_string (note, "time", now);
  rounds_json_add_string (note, "text", text);
  if (!json_object_is_type (notes, json_type_array))
    {
      notes = json_object_new_array ();
      json_object_object_add (resource, "note", notes);
    }
  json_object_array_add (notes, note);
}

RoundsEdited *
rounds_form_save (RoundsStore *store, const RoundsSection *section, const char *patient_id, const RoundsRecord *seen,
                  json_object *values, const char *reason, gboolean sign, GError **error)
{
  const gint64 now_us = rounds_instant_now_us ();
  const char *who = account_name (store);
  g_autoptr (json_object) resource = seen != NULL ? rounds_record_parse (seen) : NULL;
  g_autoptr (json_object) made = NULL;
  g_autofree char *why = reason != NULL ? g_strstrip (g_strdup (reason)) : NULL;

  if (seen != NULL && (resource == NULL || !rounds_section_can_edit (section, resource)))
    {
      g_set_error (error, ROUNDS_CHARTS_ERROR, ROUNDS_CHARTS_ERROR_SIGNED,
                   section->sign != NULL ? _("A signed note is not changed: write an addendum")
                                         : _("This is only shown here and cannot be changed"));
      return NULL;
    }
  made = rounds_form_apply (section, resource, patient_id, values, who, now_us, error);
  if (made == NULL)
    return NULL;
  if (section->check == rounds_check_drug
      && (resource == NULL || g_strcmp0 (rounds_concept_display (rounds_resource_peek_concept (resource)),
                                         rounds_concept_display (rounds_resource_peek_concept (made))) != 0))
    {
      g_autoptr (GPtrArray) checks = check_resource (store, section, patient_id, made, error);

      if (checks == NULL)
        return NULL;
      if (rounds_checks_level (checks) == ROUNDS_CHECK_REASON)
        {
          g_autofree char *text = NULL;

          if (why == NULL || *why == '\0')
            {
              g_set_error (error, ROUNDS_CHARTS_ERROR, ROUNDS_CHARTS_ERROR_REASON,
                           _("Give a reason: %s"), ((RoundsCheck *) g_ptr_array_index (checks, 0))->title);
              return NULL;
            }
          text = g_strdup_printf (_("Prescribed in spite of “%s”. Reason: %s"),
                                  ((RoundsCheck *) g_ptr_array_index (checks, 0))->title, why);
          add_note (made, text, who, now_us);
        }
    }
  if (sign && section->sign_resource != NULL)
    section->sign_resource (made, who, now_us);
  if (resource != NULL && rounds_json_equal (resource, made))
    {
      RoundsEdited *same = g_new0 (RoundsEdited, 1);

      same->type = g_strdup (seen->type);
      same->id = g_strdup (seen->id);
      return same;
    }
  return commit (store, section->types[0], rounds_json_peek_string (made, "id"), made,
                 seen != NULL ? seen->revision : 0, why != NULL && *why != '\0' ? why : NULL, error);
}

RoundsEdited *
rounds_edit_stop (RoundsStore *store, const RoundsSection *section, const RoundsRecord *seen, GError **error)
{
  g_autoptr (json_object) resource = rounds_record_parse (seen);

  if (resource == NULL || section->stop_resource == NULL || g_strcmp0 (seen->type, section->types[0]) != 0
      || !section->stop_resource (resource, rounds_instant_now_us ()))
    {
      g_set_error (error, ROUNDS_CHARTS_ERROR, ROUNDS_CHARTS_ERROR_UNSUPPORTED, _("There is nothing to end here"));
      return NULL;
    }
  return commit (store, seen->type, seen->id, resource, seen->revision, NULL, error);
}

RoundsEdited *
rounds_edit_remove (RoundsStore *store, const RoundsSection *section, const RoundsRecord *seen, GError **error)
{
  g_autoptr (json_object) resource = rounds_record_parse (seen);

  if (resource == NULL)
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NOT_FOUND, _("It is not here any more"));
      return NULL;
    }
  if (section->group != NULL)
    {
      /* Grouped rows stand for several resources; Observations and reports both have the status. */
      rounds_json_set_string (resource, "status", "entered-in-error");
      return commit (store, seen->type, seen->id, resource, seen->revision, NULL, error);
    }
  if (section->mark_error == NULL)
    return commit (store, seen->type, seen->id, NULL, seen->revision, NULL, error);
  section->mark_error (resource);
  return commit (store, seen->type, seen->id, resource, seen->revision, NULL, error);
}

RoundsEdited *
rounds_edit_sign (RoundsStore *store, const RoundsSection *section, const RoundsRecord *seen, GError **error)
{
  g_autoptr (json_object) resource = rounds_record_parse (seen);

  if (resource == NULL || section->sign_resource == NULL || !rounds_section_can_edit (section, resource))
    {
      g_set_error (error, ROUNDS_CHARTS_ERROR, ROUNDS_CHARTS_ERROR_UNSUPPORTED, _("It is signed already"));
      return NULL;
    }
  section->sign_resource (resource, account_name (store), rounds_instant_now_us ());
  return commit (store, seen->type, seen->id, resource, seen->revision, NULL, error);
}

gboolean
rounds_edit_undo (RoundsStore *store, const RoundsEdited *edited, GError **error)
{
  return rounds_store_undo (store, edited->type, edited->id, edited->revision, error);
}
