/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A patient as banners and lists speak of one. Everything is read at once so that a banner never shows the
 * name of one patient beside the age of another. */

#include "charts/patient.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/instant.h"
#include "charts/sections.h"
#include "charts/words.h"
#include "fhir/resource.h"

void
rounds_patient_free (RoundsPatient *self)
{
  if (self == NULL)
    return;
  g_free (self->id);
  g_free (self->name);
  g_free (self->sex);
  g_free (self->birth_date);
  g_free (self->age);
  g_free (self->mrn);
  g_free (self->deceased_when);
  g_free (self->phone);
  g_free (self->address);
  g_strfreev (self->alerts);
  g_free (self->sync_state);
  g_free (self);
}

RoundsPatient *
rounds_patient_copy (const RoundsPatient *self)
{
  RoundsPatient *copy = g_memdup2 (self, sizeof *self);

  copy->id = g_strdup (self->id);
  copy->name = g_strdup (self->name);
  copy->sex = g_strdup (self->sex);
  copy->birth_date = g_strdup (self->birth_date);
  copy->age = g_strdup (self->age);
  copy->mrn = g_strdup (self->mrn);
  copy->deceased_when = g_strdup (self->deceased_when);
  copy->phone = g_strdup (self->phone);
  copy->address = g_strdup (self->address);
  copy->alerts = g_strdupv (self->alerts);
  copy->sync_state = g_strdup (self->sync_state);
  return copy;
}

char *
rounds_patient_age_words (const char *birth_date, gint64 now_us)
{
  RoundsInstant born;
  int years = birth_date != NULL ? rounds_instant_years (birth_date, now_us) : -1;
  gint64 days;

  if (years < 0)
    return NULL;
  if (years >= 2)
    /* Translators: the age of a person, in years. */
    return g_strdup_printf (C_("age", "%d y"), years);
  /* "0 y" says nothing of a newborn; a birth date known only by its year says no more than that. */
  if (!rounds_instant_parse (birth_date, &born, NULL) || born.precision < ROUNDS_PRECISION_DAY)
    return g_strdup_printf (C_("age", "%d y"), years);
  days = (now_us - born.us) / G_TIME_SPAN_DAY;
  if (days < 60)
    return g_strdup_printf (_("%d d"), (int) days);
  return g_strdup_printf (_("%d months"), (int) (days * 12 / 365.25));
}

static char *
address_of (json_object *resource)
{
  static const char *const parts[] = { "address.0.line.0", "address.0.postalCode", "address.0.city", "address.0.country" };
  const char *text = rounds_json_peek_string (resource, "address.0.text");
  g_autoptr (GString) all = g_string_new (NULL);

  if (text != NULL)
    return g_strdup (text);
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    if ((text = rounds_json_peek_string (resource, parts[i])) != NULL)
      g_string_append_printf (all, "%s%s", all->len > 0 ? ", " : "", text);
  return all->len > 0 ? g_strdup (all->str) : NULL;
}

RoundsPatient *
rounds_patient_from_json (json_object *resource, gint64 now_us)
{
  RoundsPatient *self = g_new0 (RoundsPatient, 1);
  const char *died = rounds_json_peek_string (resource, "deceasedDateTime");
  json_object *flag = rounds_json_peek (resource, "deceasedBoolean");
  g_autoptr (json_object) phone = rounds_field_get (rounds_section_field (&rounds_section_patient, "phone"), resource);
  gint64 age_at_us = now_us;

  self->id = g_strdup (rounds_json_peek_string (resource, "id"));
  self->name = rounds_patient_display_name (resource);
  self->sex = g_strdup (rounds_json_peek_string (resource, "gender"));
  self->birth_date = g_strdup (rounds_json_peek_string (resource, "birthDate"));
  self->mrn = g_strdup (rounds_patient_mrn (resource));
  self->deceased = died != NULL || (flag != NULL && json_object_get_boolean (flag));
  self->deceased_when = rounds_words_when (died, now_us);
  if (died != NULL && rounds_words_us (died) != G_MININT64)
    age_at_us = rounds_words_us (died);
  self->age_years = self->birth_date != NULL ? rounds_instant_years (self->birth_date, age_at_us) : -1;
  self->age = rounds_patient_age_words (self->birth_date, age_at_us);
  self->phone = phone != NULL ? g_strdup (json_object_get_string (phone)) : NULL;
  self->address = address_of (resource);
  self->alerts = g_new0 (char *, 1);
  return self;
}

RoundsPatient *
rounds_patient_load (RoundsStore *store, const char *patient_id, GError **error)
{
  g_autoptr (RoundsRecord) record = rounds_store_get (store, "Patient", patient_id, error);
  g_autoptr (json_object) resource = NULL;
  g_autoptr (GPtrArray) flags = NULL;
  g_autoptr (GStrvBuilder) alerts = g_strv_builder_new ();
  RoundsPatient *self;

  if (record == NULL)
    return NULL;
  resource = rounds_record_parse (record);
  if (resource == NULL)
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_NOT_FOUND, _("This patient is not here any more"));
      return NULL;
    }
  flags = rounds_store_list (store, "Flag", patient_id, 50, error);
  if (flags == NULL)
    return NULL;
  for (guint i = 0; i < flags->len; i++)
    {
      g_autoptr (json_object) one = rounds_record_parse (g_ptr_array_index (flags, i));
      const char *text = rounds_concept_display (rounds_json_peek (one, "code"));

      if (text != NULL && g_strcmp0 (rounds_json_peek_string (one, "status"), "active") == 0)
        g_strv_builder_add (alerts, text);
    }
  self = rounds_patient_from_json (resource, rounds_instant_now_us ());
  g_strfreev (self->alerts);
  self->alerts = g_strv_builder_end (alerts);
  self->unsynced = record->unsynced;
  self->sync_state = g_strdup (record->sync_state);
  return self;
}

char *
rounds_words_capital (const char *word)
{
  g_autofree char *first = g_utf8_substring (word, 0, 1);
  g_autofree char *upper = g_utf8_strup (first, -1);

  return g_strconcat (upper, g_utf8_next_char (word), NULL);
}

char *
rounds_patient_words (const RoundsPatient *self)
{
  GString *out = g_string_new (NULL);

  if (self->sex != NULL && *self->sex != '\0')
    {
      g_autofree char *word = rounds_words_capital (rounds_words_code (self->sex));

      g_string_append (out, word);
    }
  if (self->age != NULL)
    g_string_append_printf (out, "%s%s", out->len > 0 ? " · " : "", self->age);
  if (self->birth_date != NULL)
    g_string_append_printf (out, self->age != NULL ? " (%s)" : out->len > 0 ? " · %s" : "%s", self->birth_date);
  else
    g_string_append_printf (out, "%s%s", out->len > 0 ? " · " : "", _("birth date unknown"));
  if (self->mrn != NULL)
    g_string_append_printf (out, " · %s %s", _("MRN"), self->mrn);
  return g_string_free (out, FALSE);
}

/* Whether two names share a word of the family and one of the given name. */
static gboolean
names_alike (const char *a, const char *b)
{
  g_auto (GStrv) left = g_str_tokenize_and_fold (a, NULL, NULL);
  g_auto (GStrv) right = g_str_tokenize_and_fold (b, NULL, NULL);
  guint same = 0;

  for (guint i = 0; left[i] != NULL; i++)
    if (g_strv_contains ((const char *const *) right, left[i]))
      same++;
  return same >= 2 || (same >= 1 && MIN (g_strv_length (left), g_strv_length (right)) == 1);
}

GPtrArray *
rounds_patient_find_duplicates (RoundsStore *store, json_object *values, const char *exclude_id, GError **error)
{
  g_autoptr (GPtrArray) checks = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_check_free);
  const char *family = rounds_json_peek_string (values, "family");
  const char *given = rounds_json_peek_string (values, "given");
  const char *born = rounds_json_peek_string (values, "birth");
  const char *mrn = rounds_json_peek_string (values, "mrn");
  g_autofree char *name = g_strdup_printf ("%s %s", family != NULL ? family : "", given != NULL ? given : "");
  const char *const queries[] = { family, born, mrn };

  for (gsize q = 0; q < G_N_ELEMENTS (queries); q++)
    {
      g_autoptr (GPtrArray) hits = NULL;

      if (queries[q] == NULL || *queries[q] == '\0')
        continue;
      hits = rounds_store_find_patients (store, queries[q], 200, error);
      if (hits == NULL)
        return NULL;
      for (guint i = 0; i < hits->len; i++)
        {
          const RoundsPatientHit *hit = g_ptr_array_index (hits, i);
          g_autofree char *id = g_strdup_printf ("duplicate:Patient/%s", hit->id);
          g_auto (GStrv) identifiers = g_strsplit (hit->identifiers != NULL ? hit->identifiers : "", " ", -1);
          const gboolean same_mrn = mrn != NULL && *mrn != '\0'
                                    && g_strv_contains ((const char *const *) identifiers, mrn);
          gboolean known = g_strcmp0 (hit->id, exclude_id) == 0;

          for (guint c = 0; c < checks->len && !known; c++)
            known = strcmp (((RoundsCheck *) g_ptr_array_index (checks, c))->id, id) == 0;
          if (known)
            continue;
          if (same_mrn)
            g_ptr_array_add (checks, rounds_check_new (ROUNDS_CHECK_INFORM, id,
                                                       g_strdup_printf (_("%s has this record number"), hit->name),
                                                       g_strdup (hit->birth_date)));
          else if (born != NULL && g_strcmp0 (born, hit->birth_date) == 0 && names_alike (name, hit->name))
            {
              g_autoptr (RoundsPatient) other = rounds_patient_load (store, hit->id, NULL);

              g_ptr_array_add (checks, rounds_check_new (ROUNDS_CHECK_INFORM, id,
                                                         g_strdup_printf (_("%s, born the same day, is here already"), hit->name),
                                                         other != NULL ? rounds_patient_words (other)
                                                                       : g_strdup (hit->birth_date)));
            }
        }
    }
  return g_steal_pointer (&checks);
}
