/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A query, built by functions or read from a search address. All of it is checked and made comparable here (folded,
 * spans of dates, units), so that what runs later can neither fail on content nor hold text in its SQL. The builder
 * functions write FHIR's own syntax and take the one way in: what a person types and what the window asks are read
 * by the same code. */
#include "store/search-private.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "base/quantity.h"
#include "fhir/reference.h"
#include "fhir/resource.h"

#define MAX_CLAUSES 64
#define MAX_OPERANDS 200
#define MAX_DEPTH 4
#define MAX_SORTS 8
#define MAX_ADDRESS (256 * 1024)

static const RoundsSearchParameter last_updated = { "", "_lastUpdated", ROUNDS_SEARCH_DATE, "" };

static gboolean
invalid (GError **error, const char *name, const char *what)
{
  g_autofree char *shown = g_utf8_make_valid (name, MIN (strlen (name), 80));

  g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID, _("Search by “%s”: %s"), shown, what);
  return FALSE;
}

static void
operand_free (RoundsOperand *self)
{
  g_free (self->system);
  g_free (self->text);
  g_free (self->exact);
  g_free (self);
}

static void
clause_free (RoundsClause *self)
{
  g_ptr_array_unref (self->operands);
  rounds_query_free (self->other);
  g_free (self);
}

RoundsQuery *
rounds_query_new (const char *type, GError **error)
{
  RoundsQuery *self;

  if (type == NULL || !rounds_fhir_is_type (type))
    {
      invalid (error, type != NULL ? type : "", _("not a resource type of FHIR R4"));
      return NULL;
    }
  self = g_new0 (RoundsQuery, 1);
  self->type = g_strdup (type);
  self->clauses = g_ptr_array_new_with_free_func ((GDestroyNotify) clause_free);
  self->sorts = g_array_new (FALSE, FALSE, sizeof (RoundsSort));
  return self;
}

void
rounds_query_free (RoundsQuery *self)
{
  if (self == NULL)
    return;
  g_free (self->type);
  g_ptr_array_unref (self->clauses);
  g_array_unref (self->sorts);
  g_free (self);
}

const char *
rounds_query_get_type (const RoundsQuery *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->type;
}

void
rounds_query_set_page (RoundsQuery *self, guint count, guint offset)
{
  g_return_if_fail (self != NULL);

  self->count = count;
  self->offset = offset;
}

gboolean
rounds_query_is_count_only (const RoundsQuery *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->count_only;
}

/* --- escapes ---------------------------------------------------------------------------------------- */

/* Parts between unescaped separators, escapes still in them. */
static GPtrArray *
split (const char *text, char separator)
{
  GPtrArray *parts = g_ptr_array_new_with_free_func (g_free);
  const char *start = text, *at = text;

  for (; *at != '\0'; at++)
    {
      if (*at == '\\' && at[1] != '\0')
        at++;
      else if (*at == separator)
        {
          g_ptr_array_add (parts, g_strndup (start, at - start));
          start = at + 1;
        }
    }
  g_ptr_array_add (parts, g_strdup (start));
  return parts;
}

static char *
unescape (const char *text)
{
  GString *out = g_string_new (NULL);

  for (; *text != '\0'; text++)
    {
      if (*text == '\\' && text[1] != '\0' && strchr (",|$\\", text[1]) != NULL)
        text++;
      g_string_append_c (out, *text);
    }
  return g_string_free (out, FALSE);
}

static char *
escape (const char *text)
{
  GString *out = g_string_new (NULL);

  for (; text != NULL && *text != '\0'; text++)
    {
      if (strchr (",|$\\", *text) != NULL)
        g_string_append_c (out, '\\');
      g_string_append_c (out, *text);
    }
  return g_string_free (out, FALSE);
}

/* --- operands --------------------------------------------------------------------------------------- */

static const char *
take_prefix (const char *text, RoundsPrefix *prefix)
{
  static const char names[][3] = { "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap" };

  *prefix = ROUNDS_PREFIX_EQ;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_has_prefix (text, names[i]))
      {
        *prefix = i;
        return text + 2;
      }
  return text;
}

static const char *
read_string (RoundsOperand *out, RoundsMatch match, const char *value)
{
  out->exact = unescape (value);
  out->text = rounds_fold_words (out->exact);
  if (*out->exact == '\0')
    return _("no text");
  if (match != ROUNDS_MATCH_EXACT && *out->text == '\0')
    return _("no letter or digit");
  return NULL;
}

static const char *
read_token (RoundsOperand *out, const char *value)
{
  g_autoptr (GPtrArray) parts = split (value, '|');
  g_autofree char *code = NULL;

  if (parts->len > 2)
    return _("more than one | that is not escaped");
  code = unescape (parts->pdata[parts->len - 1]);
  if (parts->len == 2)
    out->system = unescape (parts->pdata[0]);
  if (*code != '\0')
    out->text = g_utf8_casefold (code, -1);
  else if (out->system == NULL || *out->system == '\0')
    return _("no code");
  return NULL;
}

/* Midnight in this time zone of a day that is given as if in UTC. */
static gint64
to_local (gint64 us)
{
  g_autoptr (GDateTime) utc = NULL;
  g_autoptr (GDateTime) local = NULL;

  if (us == G_MAXINT64)
    return us;
  utc = g_date_time_new_from_unix_utc (us / G_USEC_PER_SEC);
  local = utc != NULL ? g_date_time_new_local (g_date_time_get_year (utc), g_date_time_get_month (utc),
                                               g_date_time_get_day_of_month (utc), 0, 0, 0) : NULL;
  return local != NULL ? g_date_time_to_unix (local) * G_USEC_PER_SEC : us;
}

static void
widen (gint64 *start, gint64 *end, gint64 now_us)
{
  gint64 margin = ABS (now_us - *start) / 10;

  *start -= margin;
  *end = *end > G_MAXINT64 - margin ? G_MAXINT64 : *end + margin;
}

static const char *
read_date (RoundsOperand *out, const char *value)
{
  g_autofree char *text = unescape (value);
  const char *date = take_prefix (text, &out->prefix);
  gboolean floating;
  gint64 start, end;
  RoundsInstant instant;

  if (!rounds_search_date_span (date, &floating, &start, &end) || !rounds_instant_parse (date, &instant, NULL))
    return _("not a date (2024, 2024-05, 2024-05-31, 2024-05-31T10:00:00+02:00)");
  out->start_us[!floating ? 0 : 1] = start;
  out->end_us[!floating ? 0 : 1] = end;
  if (floating)
    {
      out->start_us[0] = to_local (start);
      out->end_us[0] = to_local (end);
    }
  else
    {
      gint64 offset = (gint64) instant.offset_minutes * 60 * G_USEC_PER_SEC;

      out->start_us[1] = start + offset;
      out->end_us[1] = end + offset;
    }
  if (out->prefix == ROUNDS_PREFIX_AP)
    for (int i = 0; i < 2; i++)
      widen (&out->start_us[i], &out->end_us[i], rounds_instant_now_us ());
  return NULL;
}

static double
tidy (double value)
{
  char text[40];

  return g_ascii_strtod (g_ascii_formatd (text, sizeof text, "%.12g", value), NULL);
}

/* Half of the last digit that was written: 5.4 means 5.35 to 5.45. R4 takes 1e2 as 95 to 105. */
static double
half_digit (const char *digits)
{
  const char *point = strchr (digits, '.'), *e = strpbrk (digits, "eE");
  int exponent = e != NULL ? atoi (e + 1) : 0, decimals = 0;

  for (const char *at = point != NULL ? point + 1 : ""; g_ascii_isdigit (*at); at++)
    decimals++;
  if (e != NULL && exponent > 0 && decimals == 0)
    exponent--;
  return 0.5 * pow (10, exponent - decimals);
}

static const char *
read_quantity (RoundsOperand *out, const char *value)
{
  g_autoptr (GPtrArray) parts = split (value, '|');
  g_autofree char *number = unescape (parts->pdata[0]);
  g_autofree char *system = NULL;
  g_autofree char *unit = NULL;
  const char *digits = take_prefix (number, &out->prefix);
  double half;

  if (strlen (digits) > 60 || !rounds_decimal_parse (digits, &out->value))
    return _("not a number");
  if (parts->len != 1 && parts->len != 3)
    return _("not NUMBER or NUMBER|SYSTEM|UNIT");
  half = out->prefix == ROUNDS_PREFIX_AP ? fabs (out->value) / 10 : half_digit (digits);
  out->low = tidy (out->value - half);
  out->high = tidy (out->value + half);
  if (parts->len == 1)
    return NULL;
  system = unescape (parts->pdata[1]);
  unit = unescape (parts->pdata[2]);
  if (*unit == '\0')
    return _("a system without a unit");
  out->system = rounds_search_comparable_unit (system, unit, out->value, &out->value);
  g_free (rounds_search_comparable_unit (system, unit, out->low, &out->low));
  g_free (rounds_search_comparable_unit (system, unit, out->high, &out->high));
  return NULL;
}

static const char *
read_reference (RoundsOperand *out, const char *type, const char *value)
{
  g_autofree char *text = unescape (value);
  g_auto (RoundsReference) reference = { 0 };

  if (rounds_reference_parse (text, &reference) && reference.type != NULL)
    {
      if (type != NULL && !g_str_equal (type, reference.type))
        return _("the reference is of another type");
      out->system = g_steal_pointer (&reference.type);
      out->text = g_steal_pointer (&reference.id);
      return NULL;
    }
  if (!rounds_fhir_is_id (text))
    return _("neither TYPE/ID nor an id");
  out->system = g_strdup (type);
  out->text = g_steal_pointer (&text);
  return NULL;
}

static const char *
read_operand (RoundsClause *clause, const char *type, const char *value)
{
  RoundsOperand *out = g_new0 (RoundsOperand, 1);

  g_ptr_array_add (clause->operands, out);
  if (clause->kind == ROUNDS_CLAUSE_ID)
    {
      out->text = unescape (value);
      return rounds_fhir_is_id (out->text) ? NULL : _("not a FHIR id");
    }
  switch (clause->parameter->kind)
    {
    case ROUNDS_SEARCH_STRING:
      return read_string (out, clause->match, value);
    case ROUNDS_SEARCH_TOKEN:
      return read_token (out, value);
    case ROUNDS_SEARCH_DATE:
      return read_date (out, value);
    case ROUNDS_SEARCH_QUANTITY:
      return read_quantity (out, value);
    case ROUNDS_SEARCH_REFERENCE:
      return read_reference (out, type, value);
    default:
      g_assert_not_reached ();
    }
}

/* --- clauses ---------------------------------------------------------------------------------------- */

static const char *
read_boolean (const char *value, gboolean *out)
{
  *out = g_str_equal (value, "true");
  return *out || g_str_equal (value, "false") ? NULL : _("neither true nor false");
}

/* type: the modifier of a reference, or NULL. */
static const char *
read_modifier (RoundsClause *clause, const char *modifier, const char **type)
{
  RoundsSearchKind kind = clause->parameter != NULL ? clause->parameter->kind : ROUNDS_SEARCH_TOKEN;

  *type = NULL;
  if (modifier == NULL)
    return NULL;
  if (clause->kind == ROUNDS_CLAUSE_PARAMETER && g_str_equal (modifier, "missing"))
    clause->match = ROUNDS_MATCH_MISSING;
  else if (kind == ROUNDS_SEARCH_STRING && g_str_equal (modifier, "exact"))
    clause->match = ROUNDS_MATCH_EXACT;
  else if (kind == ROUNDS_SEARCH_STRING && g_str_equal (modifier, "contains"))
    clause->match = ROUNDS_MATCH_CONTAINS;
  else if (clause->kind == ROUNDS_CLAUSE_PARAMETER && kind == ROUNDS_SEARCH_TOKEN && g_str_equal (modifier, "not"))
    clause->match = ROUNDS_MATCH_NOT;
  else if (kind == ROUNDS_SEARCH_REFERENCE && rounds_fhir_is_type (modifier))
    *type = modifier;
  else
    return _("this modifier is not known here");
  return NULL;
}

static const char *
read_operands (RoundsClause *clause, const char *modifier, const char *value)
{
  g_autoptr (GPtrArray) parts = NULL;
  const char *type;
  const char *what = read_modifier (clause, modifier, &type);

  if (what != NULL)
    return what;
  if (clause->match == ROUNDS_MATCH_MISSING)
    return read_boolean (value, &clause->wanted);
  parts = split (value, ',');
  if (parts->len > MAX_OPERANDS)
    return _("too many values");
  for (guint i = 0; i < parts->len && what == NULL; i++)
    what = read_operand (clause, type, parts->pdata[i]);
  return what;
}

static RoundsClause *
clause_new (RoundsClauseKind kind)
{
  RoundsClause *clause = g_new0 (RoundsClause, 1);

  clause->kind = kind;
  clause->operands = g_ptr_array_new_with_free_func ((GDestroyNotify) operand_free);
  return clause;
}

static gboolean
add_has (RoundsQuery *self, const char *reference, RoundsQuery *other, const char *name, GError **error)
{
  const RoundsSearchParameter *parameter = rounds_search_parameter_find (other->type, reference);
  RoundsClause *clause;

  if (parameter == NULL || parameter->kind != ROUNDS_SEARCH_REFERENCE || other->depth + 1 > MAX_DEPTH ||
      self->clauses->len >= MAX_CLAUSES)
    {
      rounds_query_free (other);
      return invalid (error, name, _("not a reference of that type, or too deep"));
    }
  clause = clause_new (ROUNDS_CLAUSE_HAS);
  clause->parameter = parameter;
  clause->other = other;
  self->depth = MAX (self->depth, other->depth + 1);
  g_ptr_array_add (self->clauses, clause);
  return TRUE;
}

gboolean
rounds_query_add_has (RoundsQuery *self, const char *reference, RoundsQuery *other, GError **error)
{
  g_return_val_if_fail (self != NULL && reference != NULL && other != NULL, FALSE);

  return add_has (self, reference, other, reference, error);
}

/* "_has:Encounter:subject:status:not"; the last part may be another _has. */
static gboolean
read_has (RoundsQuery *self, const char *name, const char *value, guint depth, GError **error);

static gboolean
add_any (RoundsQuery *self, const char *name, const char *value, guint depth, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (name, ":", 2);
  const char *code = parts[0] != NULL ? parts[0] : "";
  g_autofree char *what_name = g_strdup (code);
  RoundsClause *clause;
  const char *what;

  if (self->clauses->len >= MAX_CLAUSES)
    return invalid (error, code, _("too many parameters"));
  if (strlen (value) > ROUNDS_SEARCH_MAX_TEXT)
    return invalid (error, code, _("the value is too long"));
  if (!g_utf8_validate (value, -1, NULL))
    return invalid (error, code, _("not valid UTF-8"));
  if (g_str_equal (code, "_has"))
    return read_has (self, name, value, depth, error);
  clause = clause_new (ROUNDS_CLAUSE_PARAMETER);
  g_ptr_array_add (self->clauses, clause);
  if (g_str_equal (code, "_unsynced") || g_str_equal (code, "_conflict"))
    {
      clause->kind = code[1] == 'u' ? ROUNDS_CLAUSE_UNSYNCED : ROUNDS_CLAUSE_CONFLICT;
      what = parts[1] != NULL ? _("this modifier is not known here") : read_boolean (value, &clause->wanted);
    }
  else
    {
      clause->kind = g_str_equal (code, "_id")            ? ROUNDS_CLAUSE_ID
                     : g_str_equal (code, "_lastUpdated") ? ROUNDS_CLAUSE_LAST_UPDATED
                                                          : ROUNDS_CLAUSE_PARAMETER;
      if (clause->kind == ROUNDS_CLAUSE_LAST_UPDATED)
        clause->parameter = &last_updated;
      else if (clause->kind == ROUNDS_CLAUSE_PARAMETER)
        clause->parameter = rounds_search_parameter_find (self->type, code);
      if (clause->kind == ROUNDS_CLAUSE_PARAMETER && clause->parameter == NULL)
        what = _("not a parameter that Rounds knows of this type");
      else
        what = read_operands (clause, parts[1], value);
    }
  if (what == NULL)
    return TRUE;
  g_ptr_array_remove_index (self->clauses, self->clauses->len - 1);
  return invalid (error, what_name, what);
}

static gboolean
read_has (RoundsQuery *self, const char *name, const char *value, guint depth, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (name, ":", 4);
  RoundsQuery *other;

  if (g_strv_length (parts) != 4 || depth >= MAX_DEPTH)
    return invalid (error, name, _("not _has:TYPE:REFERENCE:PARAMETER"));
  other = rounds_query_new (parts[1], error);
  if (other == NULL)
    return FALSE;
  if (!add_any (other, parts[3], value, depth + 1, error))
    {
      rounds_query_free (other);
      return FALSE;
    }
  return add_has (self, parts[2], other, name, error);
}

/* --- order and pages -------------------------------------------------------------------------------- */

gboolean
rounds_query_add_sort (RoundsQuery *self, const char *name, gboolean descending, GError **error)
{
  RoundsSort sort = { ROUNDS_SORT_PARAMETER, NULL, descending };
  gboolean patient = g_str_equal (self->type, "Patient");

  g_return_val_if_fail (self != NULL && name != NULL, FALSE);

  if (g_str_equal (name, "_id"))
    sort.kind = ROUNDS_SORT_ID;
  else if (g_str_equal (name, "_lastUpdated"))
    sort.kind = ROUNDS_SORT_LAST_UPDATED;
  else if (patient && g_str_equal (name, "name"))
    sort.kind = ROUNDS_SORT_PATIENT_NAME;
  else if (patient && g_str_equal (name, "birthdate"))
    sort.kind = ROUNDS_SORT_PATIENT_BIRTH;
  else
    {
      sort.parameter = rounds_search_parameter_find (self->type, name);
      if (sort.parameter == NULL ||
          (sort.parameter->kind != ROUNDS_SEARCH_STRING && sort.parameter->kind != ROUNDS_SEARCH_DATE))
        return invalid (error, name, _("not a parameter to sort by"));
    }
  if (self->sorts->len >= MAX_SORTS)
    return invalid (error, name, _("too many parameters"));
  g_array_append_val (self->sorts, sort);
  return TRUE;
}

static gboolean
add_sorts (RoundsQuery *self, const char *value, GError **error)
{
  g_auto (GStrv) names = g_strsplit (value, ",", MAX_SORTS + 1);

  if (*value == '\0')
    return invalid (error, "_sort", _("not a parameter to sort by"));
  for (guint i = 0; names[i] != NULL; i++)
    if (!rounds_query_add_sort (self, names[i] + (*names[i] == '-'), *names[i] == '-', error))
      return FALSE;
  return TRUE;
}

static gboolean
read_number (const char *name, const char *value, guint *out, GError **error)
{
  guint64 number;

  if (!g_ascii_string_to_unsigned (value, 10, 0, G_MAXINT32, &number, NULL))
    return invalid (error, name, _("not a whole number"));
  *out = (guint) number;
  return TRUE;
}

gboolean
rounds_query_add (RoundsQuery *self, const char *name, const char *value, GError **error)
{
  g_return_val_if_fail (self != NULL && name != NULL && value != NULL, FALSE);

  if (g_str_equal (name, "_sort"))
    return add_sorts (self, value, error);
  if (g_str_equal (name, "_count"))
    return read_number (name, value, &self->count, error);
  if (g_str_equal (name, "_offset"))
    return read_number (name, value, &self->offset, error);
  if (g_str_equal (name, "_summary"))
    {
      self->count_only = g_str_equal (value, "count");
      return self->count_only || invalid (error, name, _("only “count” is known"));
    }
  return add_any (self, name, value, 0, error);
}

/* --- the address ------------------------------------------------------------------------------------ */

static char *
decode (const char *text, gsize length)
{
  g_autofree char *copy = g_strndup (text, length);
  char *out;

  g_strdelimit (copy, "+", ' ');
  out = g_uri_unescape_string (copy, NULL);
  if (out != NULL && !g_utf8_validate (out, -1, NULL))
    g_clear_pointer (&out, g_free);
  return out;
}

RoundsQuery *
rounds_query_parse (const char *text, GError **error)
{
  g_autoptr (RoundsQuery) self = NULL;
  g_autofree char *type = NULL;
  const char *at;

  g_return_val_if_fail (text != NULL, NULL);

  if (strlen (text) > MAX_ADDRESS)
    {
      invalid (error, "", _("the value is too long"));
      return NULL;
    }
  at = strchrnul (text, '?');
  type = g_strndup (text, at - text);
  self = rounds_query_new (type, error);
  while (self != NULL && *at != '\0')
    {
      const char *start = at + 1, *end = strchrnul (start, '&'), *equals = memchr (start, '=', end - start);
      g_autofree char *name = decode (start, (equals != NULL ? equals : end) - start);
      g_autofree char *value = equals != NULL ? decode (equals + 1, end - equals - 1) : g_strdup ("");

      at = end;
      if (start == end)
        continue;
      if (name == NULL || value == NULL)
        {
          invalid (error, name != NULL ? name : "", _("not valid UTF-8"));
          return NULL;
        }
      if (!rounds_query_add (self, name, value, error))
        return NULL;
    }
  return g_steal_pointer (&self);
}

/* --- by class --------------------------------------------------------------------------------------- */

gboolean
rounds_query_add_string (RoundsQuery *self, const char *name, RoundsStringMatch match, const char *text, GError **error)
{
  static const char *const modifiers[] = { "", ":contains", ":exact" };
  g_autofree char *full = g_strconcat (name, modifiers[match], NULL);
  g_autofree char *value = escape (text);

  return rounds_query_add (self, full, value, error);
}

gboolean
rounds_query_add_token (RoundsQuery *self, const char *name, const char *system, const char *code, GError **error)
{
  g_autofree char *left = escape (system);
  g_autofree char *right = escape (code);
  g_autofree char *value = g_strconcat (left, system != NULL ? "|" : "", right, NULL);

  return rounds_query_add (self, name, value, error);
}

gboolean
rounds_query_add_date (RoundsQuery *self, const char *name, const char *prefix, const char *date, GError **error)
{
  g_autofree char *escaped = escape (date);
  g_autofree char *value = g_strconcat (prefix != NULL ? prefix : "", escaped, NULL);

  return rounds_query_add (self, name, value, error);
}

gboolean
rounds_query_add_quantity (RoundsQuery *self, const char *name, const char *prefix, const char *digits,
                           const char *system, const char *unit, GError **error)
{
  g_autofree char *number = escape (digits);
  g_autofree char *left = escape (system);
  g_autofree char *right = escape (unit);
  g_autofree char *value = unit != NULL ? g_strconcat (prefix != NULL ? prefix : "", number, "|", left, "|", right, NULL)
                                        : g_strconcat (prefix != NULL ? prefix : "", number, NULL);

  return rounds_query_add (self, name, value, error);
}

gboolean
rounds_query_add_reference (RoundsQuery *self, const char *name, const char *type, const char *id, GError **error)
{
  g_autofree char *right = escape (id);
  g_autofree char *value = g_strconcat (type != NULL ? type : "", type != NULL ? "/" : "", right, NULL);

  return rounds_query_add (self, name, value, error);
}

gboolean
rounds_query_add_missing (RoundsQuery *self, const char *name, gboolean missing, GError **error)
{
  g_autofree char *full = g_strconcat (name, ":missing", NULL);

  return rounds_query_add (self, full, missing ? "true" : "false", error);
}
