/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Changes of many patients stand in one list on the Sync page. Each says what it is in the words of its section
 * and whose it is, because a decision in the wrong chart is the one mistake that list must not invite. */

#include "app/change-words.h"

#include <glib/gi18n-lib.h>

#include "base/instant.h"
#include "charts/patient.h"
#include "charts/section.h"
#include "fhir/resource.h"

void
rounds_change_words_free (RoundsChangeWords *self)
{
  if (self == NULL)
    return;
  g_free (self->title);
  g_free (self->patient);
  g_free (self);
}

static char *
title_of (const char *type, json_object *resource)
{
  const RoundsSection *section = resource != NULL ? rounds_section_of (type, resource) : NULL;
  g_autofree char *name = NULL, *kind = NULL;

  if (section == NULL)
    {
      const char *what = resource != NULL ? rounds_concept_display (rounds_resource_peek_concept (resource)) : NULL;

      return what != NULL ? g_strdup_printf ("%s · %s", what, type) : g_strdup (type);
    }
  name = rounds_section_name (section, resource);
  kind = rounds_words_capital (_(section->one));
  return g_strdup_printf ("%s: %s", kind, name);
}

RoundsChangeWords *
rounds_change_words_new (RoundsStore *store, const char *type, const char *id, const char *text, const char *other_text)
{
  RoundsChangeWords *self = g_new0 (RoundsChangeWords, 1);
  g_autoptr (json_object) resource = NULL;
  g_autoptr (RoundsPatient) patient = NULL;
  const char *patient_id = g_str_equal (type, "Patient") ? id : NULL;

  if (text != NULL)
    resource = rounds_json_parse (text, -1, NULL);
  if (resource == NULL && other_text != NULL)
    resource = rounds_json_parse (other_text, -1, NULL);
  if (patient_id == NULL && resource != NULL)
    patient_id = rounds_resource_peek_patient_id (resource);
  if (patient_id != NULL)
    patient = rounds_patient_load (store, patient_id, NULL);
  if (patient != NULL)
    {
      g_autofree char *words = rounds_patient_words (patient);

      self->patient = g_strdup_printf ("%s · %s", patient->name, words);
    }
  self->title = patient != NULL && g_str_equal (type, "Patient") ? g_strdup (_("Patient data")) : title_of (type, resource);
  return self;
}

char *
rounds_words_ago (gint64 us)
{
  gint64 now_us = rounds_instant_now_us ();
  g_autofree char *age = rounds_instant_age (us, now_us);

  /* A clock that was put back says "in 3 min": that is as good as now. */
  return now_us - us < 60 * G_USEC_PER_SEC ? g_strdup (_("just now")) : g_strdup_printf (_("%s ago"), age);
}
