/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Is this scan of the patient in the chart? Any part that disagrees is said; an empty part cannot disagree.
 * Comparing only letters forgives spelling habits (case, accents, hyphens, order of given names) and nothing
 * else: a wrong alarm costs a click, a missed one may cost a patient. */
#include "scans/scan-mismatch.h"

#include <glib/gi18n-lib.h>
#include <json-c/json.h>
#include <string.h>

#include "scans/error.h"

static const char *
text_of (json_object *object, const char *name)
{
  json_object *value;

  if (!json_object_is_type (object, json_type_object) || !json_object_object_get_ex (object, name, &value)
      || !json_object_is_type (value, json_type_string))
    return NULL;
  return json_object_get_string (value);
}

static json_object *
array_of (json_object *object, const char *name)
{
  json_object *value;

  if (!json_object_is_type (object, json_type_object) || !json_object_object_get_ex (object, name, &value)
      || !json_object_is_type (value, json_type_array))
    return NULL;
  return value;
}

static void
read_name (json_object *name, GStrvBuilder *names, char **display)
{
  const char *family = text_of (name, "family");
  json_object *given = array_of (name, "given");
  g_autoptr (GString) all = g_string_new (NULL);

  for (gsize i = 0; given != NULL && i < json_object_array_length (given); i++)
    {
      json_object *part = json_object_array_get_idx (given, i);
      if (json_object_is_type (part, json_type_string))
        g_string_append_printf (all, "%s%s", all->len > 0 ? " " : "", json_object_get_string (part));
    }
  if (family == NULL && all->len == 0)
    {
      const char *text = text_of (name, "text");
      if (text == NULL)
        return;
      g_string_assign (all, text);
    }
  g_strv_builder_take (names, g_strdup_printf ("%s\n%s", family != NULL ? family : "", all->str));
  if (*display == NULL)
    {
      g_autofree char *upper = family != NULL ? g_utf8_strup (family, -1) : NULL;
      *display = upper == NULL ? g_strdup (all->str)
                 : all->len == 0 ? g_strdup (upper) : g_strdup_printf ("%s, %s", upper, all->str);
    }
}

RoundsChartIdentity *
rounds_chart_identity_new (const char *patient_json, GError **error)
{
  json_object *root = patient_json != NULL ? json_tokener_parse (patient_json) : NULL;
  RoundsChartIdentity *self;
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new (), names = g_strv_builder_new ();
  json_object *list;

  if (!json_object_is_type (root, json_type_object))
    {
      json_object_put (root);
      g_set_error_literal (error, ROUNDS_SCANS_ERROR, ROUNDS_SCANS_ERROR_INVALID, _("the patient cannot be read"));
      return NULL;
    }
  self = g_new0 (RoundsChartIdentity, 1);
  list = array_of (root, "identifier");
  for (gsize i = 0; list != NULL && i < json_object_array_length (list); i++)
    {
      const char *value = text_of (json_object_array_get_idx (list, i), "value");
      if (value != NULL)
        g_strv_builder_add (ids, value);
    }
  list = array_of (root, "name");
  for (gsize i = 0; list != NULL && i < json_object_array_length (list); i++)
    read_name (json_object_array_get_idx (list, i), names, &self->display_name);
  self->identifiers = g_strv_builder_end (ids);
  self->names = g_strv_builder_end (names);
  self->birth_date = g_strdup (text_of (root, "birthDate"));
  self->sex = g_strdup (text_of (root, "gender"));
  if (self->display_name == NULL)
    self->display_name = g_strdup (_("Unnamed patient"));
  json_object_put (root);
  return self;
}

void
rounds_chart_identity_free (RoundsChartIdentity *self)
{
  g_strfreev (self->identifiers);
  g_strfreev (self->names);
  g_free (self->birth_date);
  g_free (self->display_name);
  g_free (self->sex);
  g_free (self);
}

/* Words of letters only, case and accents gone. */
static char **
words_of (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autofree char *plain = g_utf8_normalize (valid, -1, G_NORMALIZE_ALL);
  g_autofree char *folded = g_utf8_casefold (plain, -1);
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();

  for (const char *p = folded;; p = g_utf8_next_char (p))
    {
      gunichar c = *p != '\0' ? g_utf8_get_char (p) : ' ';

      if (g_unichar_isalpha (c))
        g_string_append_unichar (out, c);
      else if (g_unichar_isspace (c) && out->len > 0)
        {
          g_strv_builder_add (words, out->str);
          g_string_truncate (out, 0);
        }
      if (*p == '\0')
        break;
    }
  return g_strv_builder_end (words);
}

/* All words of the shorter list are in the longer one. */
static gboolean
contained (char **a, char **b)
{
  char **fewer = g_strv_length (a) <= g_strv_length (b) ? a : b, **more = fewer == a ? b : a;

  for (guint i = 0; fewer[i] != NULL; i++)
    if (!g_strv_contains ((const char *const *) more, fewer[i]))
      return FALSE;
  return TRUE;
}

/* Family names equal as a whole; one's given names are all among the other's. */
static gboolean
same_name (const char *family, const char *given, const char *chart_name)
{
  g_auto (GStrv) parts = g_strsplit (chart_name, "\n", 2);
  g_auto (GStrv) f1 = words_of (family), f2 = words_of (parts[0]), g1 = words_of (given);
  g_auto (GStrv) g2 = words_of (parts[1] != NULL ? parts[1] : "");
  g_autofree char *family1 = g_strjoinv ("", f1), *family2 = g_strjoinv ("", f2);

  if (*family2 == '\0' || *family1 == '\0')
    {
      /* One side does not tell the parts apart: all words of the shorter must be in the longer. */
      g_autofree char *all1 = g_strjoin (" ", family, given, NULL), *all2 = g_strdelimit (g_strdup (chart_name), "\n", ' ');
      g_auto (GStrv) w1 = words_of (all1), w2 = words_of (all2);

      return w1[0] != NULL && w2[0] != NULL && contained (w1, w2);
    }
  if (!g_str_equal (family1, family2))
    return FALSE;
  return contained (g1, g2);
}

static gboolean
name_agrees (const RoundsChartIdentity *chart, const char *dicom_name)
{
  g_auto (GStrv) groups = g_strsplit (dicom_name, "=", 3);

  for (guint i = 0; groups[i] != NULL; i++)
    {
      g_auto (GStrv) parts = g_strsplit (groups[i], "^", 5);
      g_autofree char *given = NULL;

      if (parts[0] == NULL)
        continue;
      given = g_strjoin (" ", parts[1] != NULL ? parts[1] : "", parts[1] != NULL && parts[2] != NULL ? parts[2] : "",
                         NULL);
      for (guint k = 0; chart->names[k] != NULL; k++)
        if (same_name (parts[0], given, chart->names[k]))
          return TRUE;
    }
  return FALSE;
}

static gboolean
is_empty (const char *text)
{
  for (; text != NULL && *text != '\0'; text++)
    if (g_ascii_isalnum (*text) || (guchar) *text >= 0x80)
      return FALSE;
  return TRUE;
}

RoundsMismatch
rounds_scan_mismatch_fields (const RoundsChartIdentity *chart, const char *patient_id, const char *patient_name,
                             const char *birth_date)
{
  RoundsMismatch found = ROUNDS_MISMATCH_NONE;

  if (is_empty (patient_id) && is_empty (patient_name))
    found |= ROUNDS_MISMATCH_UNNAMED;
  if (!is_empty (patient_id))
    {
      g_autofree char *trimmed = g_strstrip (g_strdup (patient_id));
      gboolean known = FALSE;

      for (guint i = 0; chart->identifiers[i] != NULL; i++)
        {
          g_autofree char *value = g_strstrip (g_strdup (chart->identifiers[i]));
          known = known || g_str_equal (value, trimmed);
        }
      if (!known)
        found |= ROUNDS_MISMATCH_ID;
    }
  if (!is_empty (patient_name) && chart->names[0] != NULL && !name_agrees (chart, patient_name))
    found |= ROUNDS_MISMATCH_NAME;
  if (!is_empty (birth_date) && chart->birth_date != NULL)
    {
      g_autoptr (GString) digits = g_string_new (NULL), theirs = g_string_new (NULL);
      gsize n;

      for (const char *p = chart->birth_date; *p != '\0' && *p != 'T'; p++)
        if (g_ascii_isdigit (*p))
          g_string_append_c (digits, *p);
      /* Also the old form 1965.03.14 (ACR-NEMA). */
      for (const char *p = birth_date; *p != '\0'; p++)
        if (g_ascii_isdigit (*p))
          g_string_append_c (theirs, *p);
      n = MIN (digits->len, theirs->len);
      if (n < 4 || strncmp (digits->str, theirs->str, n) != 0)
        found |= ROUNDS_MISMATCH_BIRTH_DATE;
    }
  return found;
}

RoundsMismatch
rounds_scan_mismatch (const RoundsChartIdentity *chart, const RoundsScanInstance *scan)
{
  return rounds_scan_mismatch_fields (chart, scan->dicom_patient_id, scan->dicom_patient_name, scan->dicom_birth_date);
}

char *
rounds_dicom_name_display (const char *name)
{
  g_auto (GStrv) groups = g_strsplit (name != NULL ? name : "", "=", 3);
  g_auto (GStrv) parts = NULL;
  g_autofree char *upper = NULL;

  if (groups[0] == NULL)
    return g_strdup ("");
  parts = g_strsplit (*groups[0] != '\0' || groups[1] == NULL ? groups[0] : groups[1], "^", 5);
  if (parts[0] == NULL)
    return g_strdup ("");
  upper = g_utf8_strup (g_strstrip (parts[0]), -1);
  if (parts[1] == NULL || *g_strstrip (parts[1]) == '\0')
    return g_steal_pointer (&upper);
  return g_strdup_printf ("%s, %s", upper, parts[1]);
}

char *
rounds_scan_mismatch_text (RoundsMismatch mismatch, const RoundsChartIdentity *chart, const RoundsScanInstance *scan)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *name = NULL;

  if (mismatch == ROUNDS_MISMATCH_NONE)
    return NULL;
  if (mismatch & ROUNDS_MISMATCH_UNNAMED)
    g_string_append (out, _("This scan does not say whose it is."));
  name = rounds_dicom_name_display (scan->dicom_patient_name);
  if (mismatch & ROUNDS_MISMATCH_NAME)
    g_string_append_printf (out, _("The scan says “%s”, the chart “%s”."), name, chart->display_name);
  if (mismatch & ROUNDS_MISMATCH_BIRTH_DATE)
    {
      g_string_append (out, out->len > 0 ? " " : "");
      g_string_append_printf (out, _("The birth date is %s in the scan, %s in the chart."), scan->dicom_birth_date,
                              chart->birth_date);
    }
  if (mismatch & ROUNDS_MISMATCH_ID)
    {
      g_string_append (out, out->len > 0 ? " " : "");
      g_string_append_printf (out, _("The scan's patient number %s is not in this chart."), scan->dicom_patient_id);
    }
  return g_string_free (g_steal_pointer (&out), FALSE);
}
