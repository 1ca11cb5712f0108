/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How FHIR values read for a clinician, and how one element of a resource is changed without touching its
 * neighbours. Numbers are printed with the digits that were received: a potassium of 3.50 is not 3.5. */

#include "charts/words.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/instant.h"
#include "base/quantity.h"
#include "fhir/resource.h"

char *
rounds_words_when (const char *fhir_time, gint64 now_us)
{
  RoundsInstant instant;

  if (fhir_time == NULL)
    return NULL;
  if (!rounds_instant_parse (fhir_time, &instant, NULL))
    return g_strdup (fhir_time);
  return rounds_instant_display (&instant, now_us);
}

char *
rounds_words_day (const char *fhir_time, gint64 now_us)
{
  RoundsInstant instant;
  g_autoptr (GDateTime) then = NULL, now = NULL;

  if (fhir_time == NULL)
    return NULL;
  if (!rounds_instant_parse (fhir_time, &instant, NULL))
    return g_strdup (fhir_time);
  then = g_date_time_new_from_unix_local (instant.us / G_USEC_PER_SEC);
  now = g_date_time_new_from_unix_local (now_us / G_USEC_PER_SEC);
  if (instant.precision > ROUNDS_PRECISION_DAY && then != NULL && now != NULL
      && (g_date_time_get_year (then) != g_date_time_get_year (now)
          || g_date_time_get_day_of_year (then) != g_date_time_get_day_of_year (now)))
    {
      /* Midnight of the local day: a date has no zone of its own. */
      g_autofree char *day = g_date_time_format (then, "%Y-%m-%d");

      return rounds_instant_parse (day, &instant, NULL) ? rounds_instant_display (&instant, now_us) : g_steal_pointer (&day);
    }
  return rounds_instant_display (&instant, now_us);
}

gint64
rounds_words_us (const char *fhir_time)
{
  RoundsInstant instant;

  if (fhir_time == NULL || !rounds_instant_parse (fhir_time, &instant, NULL))
    return G_MININT64;
  return instant.us;
}

char *
rounds_words_quantity (json_object *quantity)
{
  const char *digits = rounds_json_peek_digits (quantity, "value");
  const char *comparator = rounds_json_peek_string (quantity, "comparator");
  const char *unit = rounds_json_peek_string (quantity, "unit");
  g_autofree char *shortened = NULL;

  if (digits == NULL)
    return NULL;
  if (unit == NULL)
    unit = rounds_json_peek_string (quantity, "code");
  /* A machine's sixteen digits hide the number from the reader; what is stored keeps them. */
  if (strlen (digits) > 9)
    {
      double value;

      if (rounds_decimal_parse (digits, &value))
        digits = shortened = rounds_decimal_format (value, 5);
    }
  return g_strdup_printf ("%s%s%s%s%s", comparator != NULL ? comparator : "", comparator != NULL ? " " : "", digits,
                          unit != NULL ? " " : "", unit != NULL ? rounds_unit_display (unit) : "");
}

static char *
words_of_components (json_object *components)
{
  g_autofree char *first = NULL, *second = NULL;
  const char *unit;

  if (json_object_array_length (components) != 2)
    return NULL;
  const char *a = rounds_json_peek_digits (components, "0.valueQuantity.value");
  const char *b = rounds_json_peek_digits (components, "1.valueQuantity.value");
  const char *code = rounds_json_peek_string (components, "0.code.coding.0.code");

  /* 8480-6 systolic stands first in words; some write diastolic first. */
  if (a == NULL || b == NULL)
    return NULL;
  if (g_strcmp0 (code, "8462-4") == 0)
    {
      const char *swap = a;

      a = b;
      b = swap;
    }
  unit = rounds_json_peek_string (components, "0.valueQuantity.unit");
  first = g_strdup (a);
  second = g_strdup (b);
  if (strlen (first) > 6)
    {
      double value;

      if (rounds_decimal_parse (a, &value))
        {
          g_free (first);
          first = rounds_decimal_format (value, 4);
        }
    }
  if (strlen (second) > 6)
    {
      double value;

      if (rounds_decimal_parse (b, &value))
        {
          g_free (second);
          second = rounds_decimal_format (value, 4);
        }
    }
  return g_strdup_printf ("%s/%s%s%s", first, second, unit != NULL ? " " : "",
                          unit != NULL ? rounds_unit_display (unit) : "");
}

static char *
words_of_period (json_object *period)
{
  gint64 now_us = rounds_instant_now_us ();
  g_autofree char *start = rounds_words_when (rounds_json_peek_string (period, "start"), now_us);
  g_autofree char *end = rounds_words_when (rounds_json_peek_string (period, "end"), now_us);

  if (start == NULL && end == NULL)
    return NULL;
  return g_strdup_printf ("%s – %s", start != NULL ? start : "", end != NULL ? end : "");
}

char *
rounds_words_value (json_object *observation)
{
  json_object *value;
  const char *text;

  if ((value = rounds_json_peek (observation, "valueQuantity")) != NULL)
    return rounds_words_quantity (value);
  if ((value = rounds_json_peek (observation, "valueCodeableConcept")) != NULL)
    return g_strdup (rounds_concept_display (value));
  if ((text = rounds_json_peek_string (observation, "valueString")) != NULL)
    return g_strdup (text);
  if ((value = rounds_json_peek (observation, "valueInteger")) != NULL)
    return g_strdup (json_object_to_json_string (value));
  if ((value = rounds_json_peek (observation, "valueBoolean")) != NULL)
    return g_strdup (json_object_get_boolean (value) ? _("yes") : _("no"));
  if ((value = rounds_json_peek (observation, "valueRange")) != NULL)
    {
      g_autofree char *low = rounds_words_quantity (rounds_json_peek (value, "low"));
      g_autofree char *high = rounds_words_quantity (rounds_json_peek (value, "high"));

      return g_strdup_printf ("%s – %s", low != NULL ? low : "", high != NULL ? high : "");
    }
  if ((value = rounds_json_peek (observation, "valueRatio")) != NULL)
    {
      g_autofree char *over = rounds_words_quantity (rounds_json_peek (value, "numerator"));
      g_autofree char *under = rounds_words_quantity (rounds_json_peek (value, "denominator"));

      return g_strdup_printf ("%s : %s", over != NULL ? over : "", under != NULL ? under : "");
    }
  if ((text = rounds_json_peek_string (observation, "valueDateTime")) != NULL
      || (text = rounds_json_peek_string (observation, "valueTime")) != NULL)
    return rounds_words_when (text, rounds_instant_now_us ());
  if ((value = rounds_json_peek (observation, "valuePeriod")) != NULL)
    return words_of_period (value);
  if ((value = rounds_json_peek (observation, "component")) != NULL && json_object_is_type (value, json_type_array))
    {
      char *words = words_of_components (value);

      if (words != NULL)
        return words;
    }
  if ((value = rounds_json_peek (observation, "dataAbsentReason")) != NULL)
    {
      const char *why = rounds_concept_display (value);

      return g_strdup_printf (_("no value: %s"), why != NULL ? why : "");
    }
  return NULL;
}

char *
rounds_words_range (json_object *ranges)
{
  const char *text = rounds_json_peek_string (ranges, "0.text");
  g_autofree char *low = NULL, *high = NULL;

  if (text != NULL)
    return g_strdup (text);
  low = rounds_words_quantity (rounds_json_peek (ranges, "0.low"));
  high = rounds_words_quantity (rounds_json_peek (ranges, "0.high"));
  if (low != NULL && high != NULL)
    {
      const char *digits = rounds_json_peek_digits (ranges, "0.low.value");

      return g_strdup_printf ("%s – %s", digits, high);
    }
  if (low != NULL)
    return g_strdup_printf ("≥ %s", low);
  if (high != NULL)
    return g_strdup_printf ("≤ %s", high);
  return NULL;
}

const char *
rounds_words_code (const char *code)
{
  static const struct { const char *code, *words; } known[] = {
    { "active", N_("active") }, { "inactive", N_("inactive") }, { "resolved", N_("resolved") },
    { "remission", N_("in remission") }, { "recurrence", N_("recurred") }, { "relapse", N_("relapsed") },
    { "confirmed", N_("confirmed") }, { "unconfirmed", N_("unconfirmed") }, { "refuted", N_("refuted") },
    { "provisional", N_("provisional") }, { "differential", N_("differential") },
    { "entered-in-error", N_("entered in error") }, { "on-hold", N_("on hold") }, { "stopped", N_("stopped") },
    { "completed", N_("completed") }, { "cancelled", N_("cancelled") }, { "draft", N_("draft") },
    { "unknown", N_("unknown") }, { "intended", N_("intended") }, { "not-taken", N_("not taken") },
    { "planned", N_("planned") }, { "arrived", N_("arrived") }, { "triaged", N_("triaged") },
    { "in-progress", N_("in progress") }, { "onleave", N_("on leave") }, { "finished", N_("finished") },
    { "preliminary", N_("unsigned") }, { "final", N_("final") }, { "amended", N_("amended") },
    { "corrected", N_("corrected") }, { "appended", N_("appended") }, { "registered", N_("registered") },
    { "partial", N_("partial") }, { "current", N_("current") }, { "superseded", N_("superseded") },
    { "not-done", N_("not done") }, { "preparation", N_("in preparation") }, { "high", N_("high") },
    { "low", N_("low") }, { "unable-to-assess", N_("unable to assess") }, { "mild", N_("mild") },
    { "moderate", N_("moderate") }, { "severe", N_("severe") }, { "male", N_("male") }, { "female", N_("female") },
    { "other", N_("other") }, { "AMB", N_("outpatient") }, { "IMP", N_("inpatient") }, { "EMER", N_("emergency") },
    { "HH", N_("home") }, { "VR", N_("remote") }, { "ACUTE", N_("inpatient") }, { "OBSENC", N_("observation") },
    { "SS", N_("short stay") }, { "food", N_("food") }, { "medication", N_("medication") },
    { "environment", N_("environment") }, { "biologic", N_("biologic") }, { "allergy", N_("allergy") },
    { "intolerance", N_("intolerance") },
  };

  if (code == NULL)
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (strcmp (known[i].code, code) == 0)
      return _(known[i].words);
  return code;
}

static char *
shorten (char *text)
{
  if (text != NULL && g_utf8_strlen (text, -1) > 160)
    {
      g_autofree char *whole = text;
      g_autofree char *head = g_utf8_substring (whole, 0, 159);

      return g_strconcat (head, "…", NULL);
    }
  return text;
}

static char *
words_of_object (json_object *value)
{
  const char *text;
  char *words;

  if ((words = rounds_words_quantity (value)) != NULL)
    return words;
  if (json_object_object_get_ex (value, "start", NULL) || json_object_object_get_ex (value, "end", NULL))
    if ((words = words_of_period (value)) != NULL)
      return words;
  if ((text = rounds_concept_display (value)) != NULL)
    return g_strdup (rounds_words_code (text));
  if (rounds_json_peek_string (value, "family") != NULL)
    return g_strdup_printf ("%s %s", rounds_json_peek_string (value, "family"),
                            rounds_json_peek_string (value, "given.0") != NULL
                              ? rounds_json_peek_string (value, "given.0") : "");
  if ((text = rounds_json_peek_string (value, "value")) != NULL)
    return g_strdup (text);
  if ((text = rounds_json_peek_string (value, "reference")) != NULL)
    return g_strdup (text);
  return rounds_json_print (value);
}

char *
rounds_words_any (json_object *value)
{
  if (value == NULL)
    return NULL;
  switch (json_object_get_type (value))
    {
    case json_type_string:
      {
        const char *text = json_object_get_string (value);
        RoundsInstant instant;

        if (strlen (text) >= 10 && rounds_instant_parse (text, &instant, NULL))
          return rounds_instant_display (&instant, rounds_instant_now_us ());
        return shorten (g_strdup (rounds_words_code (text)));
      }
    case json_type_boolean:
      return g_strdup (json_object_get_boolean (value) ? _("yes") : _("no"));
    case json_type_object:
      return shorten (words_of_object (value));
    case json_type_array:
      {
        g_autoptr (GString) all = g_string_new (NULL);

        for (gsize i = 0; i < json_object_array_length (value) && i < 8; i++)
          {
            g_autofree char *one = rounds_words_any (json_object_array_get_idx (value, i));

            if (one != NULL)
              g_string_append_printf (all, "%s%s", all->len > 0 ? ", " : "", one);
          }
        return shorten (g_strdup (all->str));
      }
    case json_type_null:
    case json_type_double:
    case json_type_int:
    default:
      return rounds_json_print (value);
    }
}

/* The elements that a doctor meets in histories and conflicts; others are shown by their FHIR names, spaced. */
static const char *
element_words (const char *name)
{
  static const char *const known[] = {
    NC_("element", "abatement"), NC_("element", "abatement date time"), NC_("element", "active"),
    NC_("element", "address"), NC_("element", "as needed boolean"), NC_("element", "attachment"),
    NC_("element", "author"), NC_("element", "authored on"), NC_("element", "birth date"),
    NC_("element", "body site"), NC_("element", "bounds duration"), NC_("element", "category"),
    NC_("element", "city"), NC_("element", "class"), NC_("element", "clinical status"),
    NC_("element", "code"), NC_("element", "component"), NC_("element", "content"), NC_("element", "context"),
    NC_("element", "country"), NC_("element", "criticality"), NC_("element", "data"),
    NC_("element", "data absent reason"), NC_("element", "date"), NC_("element", "deceased"),
    NC_("element", "deceased boolean"), NC_("element", "deceased date time"), NC_("element", "description"),
    NC_("element", "doc status"), NC_("element", "dosage"), NC_("element", "dosage instruction"),
    NC_("element", "dose and rate"), NC_("element", "dose number"), NC_("element", "dose quantity"),
    NC_("element", "effective date time"), NC_("element", "encounter"), NC_("element", "end"),
    NC_("element", "expiration date"), NC_("element", "family"), NC_("element", "frequency"),
    NC_("element", "gender"), NC_("element", "given"), NC_("element", "identifier"), NC_("element", "intent"),
    NC_("element", "interpretation"), NC_("element", "issued"), NC_("element", "line"),
    NC_("element", "location"), NC_("element", "lot number"), NC_("element", "manifestation"),
    NC_("element", "manufacturer"), NC_("element", "marital status"), NC_("element", "medication"),
    NC_("element", "medication codeable concept"), NC_("element", "medication reference"),
    NC_("element", "method"), NC_("element", "name"), NC_("element", "note"),
    NC_("element", "occurrence date time"), NC_("element", "onset"), NC_("element", "onset date time"),
    NC_("element", "outcome"), NC_("element", "performed date time"), NC_("element", "performed period"),
    NC_("element", "performer"), NC_("element", "period"), NC_("element", "period unit"),
    NC_("element", "postal code"), NC_("element", "protocol applied"), NC_("element", "reaction"),
    NC_("element", "reason code"), NC_("element", "recorded date"), NC_("element", "recorder"),
    NC_("element", "reference range"), NC_("element", "relates to"), NC_("element", "repeat"),
    NC_("element", "requester"), NC_("element", "route"), NC_("element", "severity"), NC_("element", "site"),
    NC_("element", "start"), NC_("element", "status"), NC_("element", "status reason"),
    NC_("element", "subject"), NC_("element", "substance"), NC_("element", "telecom"), NC_("element", "text"),
    NC_("element", "timing"), NC_("element", "title"), NC_("element", "type"), NC_("element", "unit"),
    NC_("element", "vaccine code"), NC_("element", "value"), NC_("element", "value codeable concept"),
    NC_("element", "value quantity"), NC_("element", "value string"), NC_("element", "verification status"),
  };

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (strcmp (name, known[i]) == 0)
      return g_dpgettext2 (GETTEXT_PACKAGE, "element", known[i]);
  return name;
}

char *
rounds_words_path (const char *path)
{
  g_auto (GStrv) parts = g_strsplit (path, ".", -1);
  g_autoptr (GString) words = g_string_new (NULL), name = g_string_new (NULL);

  for (guint i = 0; parts[i] != NULL; i++)
    {
      if (parts[i][0] == '\0' || g_ascii_isdigit (parts[i][0]))
        continue;
      g_string_truncate (name, 0);
      for (const char *p = parts[i]; *p != '\0'; p++)
        {
          if (g_ascii_isupper (*p) && p != parts[i])
            g_string_append_c (name, ' ');
          g_string_append_c (name, g_ascii_tolower (*p));
        }
      if (words->len > 0)
        /* Translators: between the parts of a place in a record: "Dosage instruction, text". */
        g_string_append (words, C_("path", ", "));
      g_string_append (words, element_words (name->str));
    }
  words->str[0] = g_ascii_toupper (words->str[0]);
  return g_string_free (g_steal_pointer (&words), FALSE);
}

static const char *
entity_of (const char *name, gsize length)
{
  static const struct { const char *name, *text; } known[] = {
    { "amp", "&" }, { "lt", "<" }, { "gt", ">" }, { "quot", "\"" }, { "apos", "'" }, { "nbsp", " " },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (strlen (known[i].name) == length && strncmp (known[i].name, name, length) == 0)
      return known[i].text;
  return NULL;
}

char *
rounds_words_strip_html (const char *html)
{
  static const char *const blocks[] = { "p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "table", "ul", "ol" };
  g_autoptr (GString) out = g_string_new (NULL);

  for (const char *p = html; p != NULL && *p != '\0'; p++)
    {
      if (*p == '<')
        {
          const char *end = strchr (p, '>');
          const char *name = p[1] == '/' ? p + 2 : p + 1;
          gsize length = strspn (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ123456");

          for (gsize i = 0; i < G_N_ELEMENTS (blocks); i++)
            if (strlen (blocks[i]) == length && g_ascii_strncasecmp (blocks[i], name, length) == 0 && out->len > 0
                && out->str[out->len - 1] != '\n')
              g_string_append_c (out, '\n');
          if (length == 2 && g_ascii_strncasecmp ("td", name, 2) == 0 && p[1] == '/')
            g_string_append_c (out, ' ');
          if (end == NULL)
            break;
          p = end;
        }
      else if (*p == '&')
        {
          const char *end = memchr (p, ';', strnlen (p, 12));
          const char *text = end != NULL ? entity_of (p + 1, (gsize) (end - p - 1)) : NULL;

          if (text != NULL)
            {
              g_string_append (out, text);
              p = end;
            }
          else if (end != NULL && p[1] == '#')
            {
              gunichar c = (gunichar) (p[2] == 'x' ? g_ascii_strtoull (p + 3, NULL, 16)
                                                  : g_ascii_strtoull (p + 2, NULL, 10));

              if (c > 8 && g_unichar_validate (c))
                g_string_append_unichar (out, c);
              p = end;
            }
          else
            g_string_append_c (out, '&');
        }
      else if (*p == '\n' || *p == '\r' || *p == '\t' || *p == ' ')
        {
          if (out->len > 0 && out->str[out->len - 1] != ' ' && out->str[out->len - 1] != '\n')
            g_string_append_c (out, ' ');
        }
      else
        g_string_append_c (out, *p);
    }
  return g_strstrip (g_string_free (g_steal_pointer (&out), FALSE));
}

/* --- changing JSON -------------------------------------------------------------------------------- */

static gboolean
is_index (const char *part, gsize *index)
{
  char *end;
  guint64 number;

  if (!g_ascii_isdigit (part[0]))
    return FALSE;
  number = g_ascii_strtoull (part, &end, 10);
  if (*end != '\0' || number > 10000)
    return FALSE;
  *index = (gsize) number;
  return TRUE;
}

static gboolean
is_hollow (json_object *value)
{
  return value == NULL || (json_object_is_type (value, json_type_object) && json_object_object_length (value) == 0)
         || (json_object_is_type (value, json_type_array) && json_object_array_length (value) == 0);
}

static gboolean
set_step (json_object *here, char **parts, json_object *value)
{
  gsize index = 0;
  gboolean numeric = is_index (parts[0], &index);
  json_object *next = NULL;

  if (numeric != json_object_is_type (here, json_type_array)
      || (!numeric && !json_object_is_type (here, json_type_object)))
    return FALSE;
  if (numeric && index > json_object_array_length (here))
    return FALSE;
  next = numeric ? json_object_array_get_idx (here, index) : NULL;
  if (!numeric)
    json_object_object_get_ex (here, parts[0], &next);

  if (parts[1] == NULL)
    {
      if (value == NULL && next == NULL)
        return TRUE;
      if (value == NULL)
        return numeric ? json_object_array_del_idx (here, index, 1) == 0
                       : (json_object_object_del (here, parts[0]), TRUE);
      /* json-c takes the reference only when it succeeds; the caller keeps its own until then. */
      if (numeric)
        return json_object_array_put_idx (here, index, json_object_get (value)) == 0;
      return json_object_object_add (here, parts[0], json_object_get (value)) == 0;
    }
  if (next == NULL)
    {
      gsize ignored;

      if (value == NULL)
        return TRUE;
      next = is_index (parts[1], &ignored) ? json_object_new_array () : json_object_new_object ();
      if (numeric)
        json_object_array_put_idx (here, index, next);
      else
        json_object_object_add (here, parts[0], next);
    }
  if (!set_step (next, parts + 1, value))
    return FALSE;
  if (value == NULL && is_hollow (next))
    {
      if (numeric)
        json_object_array_del_idx (here, index, 1);
      else
        json_object_object_del (here, parts[0]);
    }
  return TRUE;
}

gboolean
rounds_json_set (json_object *root, const char *path, json_object *value)
{
  g_auto (GStrv) parts = g_strsplit (path, ".", -1);
  g_autoptr (json_object) taken = value;

  g_return_val_if_fail (parts[0] != NULL, FALSE);

  return set_step (root, parts, taken);
}

gboolean
rounds_json_set_string (json_object *root, const char *path, const char *text)
{
  if (text != NULL && *text == '\0')
    text = NULL;
  if (g_strcmp0 (rounds_json_peek_string (root, path), text) == 0)
    return TRUE;
  return rounds_json_set (root, path, text != NULL ? json_object_new_string (text) : NULL);
}
