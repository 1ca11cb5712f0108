/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Results: laboratory Observations, one row a test with its values over time, under the panel they came in.
 * A test is its code and its unit: two units of one test are two rows, because a trend through both lies.
 * Flags come from the interpretation or the range that the laboratory sent, and from nowhere else. */

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "base/quantity.h"
#include "charts/results.h"
#include "charts/row.h"
#include "charts/sections.h"
#include "charts/words.h"
#include "fhir/resource.h"

RoundsMark
rounds_result_mark_of_code (const char *code)
{
  static const char *const act[] = { "HH", "LL", "AA", "HU", "LU", "<", ">" };
  static const char *const look[] = { "H", "L", "A", "POS", "R", "D", "U", "W", "IND" };

  for (gsize i = 0; i < G_N_ELEMENTS (act); i++)
    if (g_strcmp0 (act[i], code) == 0)
      return ROUNDS_MARK_ACT;
  for (gsize i = 0; i < G_N_ELEMENTS (look); i++)
    if (g_strcmp0 (look[i], code) == 0)
      return ROUNDS_MARK_LOOK;
  return ROUNDS_MARK_NONE;
}

/* The range for the value: the first that is not said to be another kind than normal. */
static json_object *
normal_range (json_object *observation)
{
  json_object *ranges = rounds_json_peek (observation, "referenceRange");

  for (gsize i = 0; json_object_is_type (ranges, json_type_array) && i < json_object_array_length (ranges); i++)
    {
      json_object *range = json_object_array_get_idx (ranges, i);
      json_object *type = rounds_json_peek (range, "type");

      if (type == NULL || rounds_concept_has (type, "normal"))
        return range;
    }
  return NULL;
}

/* A bound of the range in the value's own unit; FALSE when it cannot be compared. */
static gboolean
bound (json_object *range, const char *side, json_object *quantity, double *out)
{
  json_object *limit = rounds_json_peek (range, side);
  const char *digits = rounds_json_peek_digits (limit, "value");
  const char *unit = rounds_json_peek_string (limit, "code"), *mine = rounds_json_peek_string (quantity, "code");

  if (unit == NULL)
    unit = rounds_json_peek_string (limit, "unit");
  if (mine == NULL)
    mine = rounds_json_peek_string (quantity, "unit");
  if (digits == NULL || !rounds_decimal_parse (digits, out))
    return FALSE;
  if (unit == NULL || g_strcmp0 (unit, mine) == 0
      || g_strcmp0 (rounds_json_peek_string (limit, "unit"), rounds_json_peek_string (quantity, "unit")) == 0)
    return TRUE;
  return mine != NULL && rounds_quantity_convert (*out, unit, mine, out);
}

RoundsMark
rounds_result_flag (json_object *observation, char **flag)
{
  json_object *codings = rounds_json_peek (observation, "interpretation");
  json_object *quantity = rounds_json_peek (observation, "valueQuantity");
  json_object *range = normal_range (observation);
  const char *digits = rounds_json_peek_digits (quantity, "value");
  const char *comparator = rounds_json_peek_string (quantity, "comparator");
  RoundsMark worst = ROUNDS_MARK_NONE;
  double value, low, high;

  *flag = NULL;
  for (gsize i = 0; json_object_is_type (codings, json_type_array) && i < json_object_array_length (codings); i++)
    {
      const char *code = rounds_concept_code (json_object_array_get_idx (codings, i), NULL);
      RoundsMark mark = rounds_result_mark_of_code (code);

      if (code != NULL && (mark > worst || *flag == NULL) && strcmp (code, "N") != 0)
        {
          g_free (*flag);
          *flag = g_strdup (code);
        }
      worst = MAX (worst, mark);
    }
  if (json_object_is_type (codings, json_type_array) && json_object_array_length (codings) > 0)
    return worst;
  if (digits == NULL || range == NULL || !rounds_decimal_parse (digits, &value))
    return ROUNDS_MARK_NONE;
  /* "< 5" against a lower bound of 5 says nothing unless it is under it for certain. */
  if (bound (range, "low", quantity, &low) && (value < low || (value <= low && g_strcmp0 (comparator, "<") == 0))
      && (comparator == NULL || comparator[0] == '<'))
    {
      *flag = g_strdup ("L");
      return ROUNDS_MARK_LOOK;
    }
  if (bound (range, "high", quantity, &high) && (value > high || (value >= high && g_strcmp0 (comparator, ">") == 0))
      && (comparator == NULL || comparator[0] == '>'))
    {
      *flag = g_strdup ("H");
      return ROUNDS_MARK_LOOK;
    }
  return ROUNDS_MARK_NONE;
}

static gboolean
accepts (json_object *resource)
{
  json_object *category = rounds_json_peek (resource, "category");

  if (g_strcmp0 (rounds_json_peek_string (resource, "resourceType"), "DiagnosticReport") == 0)
    return TRUE;
  /* Without a category it is shown here rather than nowhere. */
  return category == NULL || rounds_concept_has (category, "laboratory");
}

static gboolean
is_report (json_object *resource)
{
  return g_strcmp0 (rounds_json_peek_string (resource, "resourceType"), "DiagnosticReport") == 0;
}

static char *
column_none (json_object *resource, gint64 now_us)
{
  return NULL;
}

/* --- grouping by test ----------------------------------------------------------------------------- */

typedef struct {
  char *key;
  GPtrArray *records;   /* borrowed RoundsRecord */
  GPtrArray *parsed;    /* borrowed json_object */
} Test;

static void
test_free (Test *test)
{
  g_free (test->key);
  g_ptr_array_unref (test->records);
  g_ptr_array_unref (test->parsed);
  g_free (test);
}

static char *
test_key (json_object *observation)
{
  json_object *code = rounds_json_peek (observation, "code");
  const char *system = rounds_json_peek_string (code, "coding.0.system");
  const char *value = rounds_json_peek_string (code, "coding.0.code");
  const char *unit = rounds_json_peek_string (observation, "valueQuantity.code");
  const char *text = rounds_concept_display (code);

  if (unit == NULL)
    unit = rounds_json_peek_string (observation, "valueQuantity.unit");
  return g_strdup_printf ("%s|%s|%s", value != NULL && system != NULL ? system : "",
                          value != NULL ? value : text != NULL ? text : "", unit != NULL ? unit : "");
}

static RoundsPoint *
point_new (const RoundsRecord *record, json_object *observation, gint64 now_us)
{
  RoundsPoint *point = g_new0 (RoundsPoint, 1);
  const char *time = rounds_resource_peek_time (observation);
  const char *digits = rounds_json_peek_digits (observation, "valueQuantity.value");

  point->us = rounds_words_us (time);
  point->when = rounds_words_when (time, now_us);
  point->text = rounds_words_value (observation);
  point->range = rounds_words_range (rounds_json_peek (observation, "referenceRange"));
  point->mark = rounds_result_flag (observation, &point->flag);
  point->id = g_strdup (record->id);
  if (digits == NULL || !rounds_decimal_parse (digits, &point->value))
    point->value = NAN;
  return point;
}

static gint
point_compare (gconstpointer left, gconstpointer right)
{
  const RoundsPoint *a = *(RoundsPoint *const *) left, *b = *(RoundsPoint *const *) right;

  return a->us < b->us ? -1 : a->us > b->us ? 1 : strcmp (a->id, b->id);
}

/* Observation id → title of the newest report that names it. */
static GHashTable *
panels (GPtrArray *parsed)
{
  GHashTable *panel = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (guint i = 0; i < parsed->len; i++)
    {
      json_object *report = g_ptr_array_index (parsed, i);
      json_object *results = is_report (report) ? rounds_json_peek (report, "result") : NULL;
      const char *title = rounds_concept_display (rounds_json_peek (report, "code"));

      for (gsize r = 0; title != NULL && json_object_is_type (results, json_type_array)
                        && r < json_object_array_length (results); r++)
        {
          const char *reference = rounds_json_peek_string (json_object_array_get_idx (results, r), "reference");

          if (reference != NULL && g_str_has_prefix (reference, "Observation/"))
            g_hash_table_insert (panel, g_strdup (reference + strlen ("Observation/")), g_strdup (title));
        }
    }
  return panel;
}

static RoundsRow *
row_of_test (Test *test, GHashTable *panel, gint64 now_us)
{
  GPtrArray *points = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_point_free);
  char **cells = g_new0 (char *, rounds_section_results.n_columns + 1);
  const RoundsRecord *newest = NULL;
  json_object *newest_parsed = NULL;
  const char *group = NULL;
  const RoundsPoint *last;

  for (guint i = 0; i < test->records->len; i++)
    g_ptr_array_add (points, point_new (g_ptr_array_index (test->records, i), g_ptr_array_index (test->parsed, i), now_us));
  g_ptr_array_sort (points, point_compare);
  last = g_ptr_array_index (points, points->len - 1);
  for (guint i = 0; i < test->records->len; i++)
    {
      const RoundsRecord *record = g_ptr_array_index (test->records, i);

      if (strcmp (record->id, last->id) == 0)
        {
          newest = record;
          newest_parsed = g_ptr_array_index (test->parsed, i);
        }
      if (group == NULL)
        group = g_hash_table_lookup (panel, record->id);
    }
  cells[0] = g_strdup (rounds_concept_display (rounds_json_peek (newest_parsed, "code")));
  cells[1] = g_strdup (last->text);
  cells[2] = g_strdup (last->flag);
  cells[3] = g_strdup (last->range);
  cells[4] = g_strdup (last->when);
  cells[5] = g_strdup_printf ("%u", points->len);
  return rounds_row_new_group (&rounds_section_results, rounds_record_copy (newest), cells,
                               g_strdup (cells[0] != NULL ? cells[0] : _("(without a name)")),
                               g_strdup (group != NULL ? group : _("Other tests")), points,
                               last->mark != ROUNDS_MARK_NONE);
}

/* A report without single results: its conclusion is the value. */
static RoundsRow *
row_of_report (const RoundsRecord *record, json_object *report, gint64 now_us)
{
  GPtrArray *points = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_point_free);
  char **cells = g_new0 (char *, rounds_section_results.n_columns + 1);
  RoundsPoint *point = point_new (record, report, now_us);

  g_free (point->text);
  point->text = g_strdup (rounds_json_peek_string (report, "conclusion"));
  if (point->text == NULL)
    point->text = g_strdup (rounds_concept_display (rounds_json_peek (report, "conclusionCode.0")));
  g_ptr_array_add (points, point);
  cells[0] = g_strdup (rounds_concept_display (rounds_json_peek (report, "code")));
  cells[1] = g_strdup (point->text != NULL ? point->text : rounds_words_code (rounds_json_peek_string (report, "status")));
  cells[4] = g_strdup (point->when);
  cells[5] = g_strdup ("1");
  return rounds_row_new_group (&rounds_section_results, rounds_record_copy (record), cells,
                               g_strdup (cells[0] != NULL ? cells[0] : _("Report")), g_strdup (_("Reports")), points, FALSE);
}

static GPtrArray *
group (GPtrArray *records, GPtrArray *parsed, gint64 now_us)
{
  GPtrArray *rows = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) tests = g_ptr_array_new_with_free_func ((GDestroyNotify) test_free);
  g_autoptr (GHashTable) by_key = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) panel = panels (parsed);

  for (guint i = 0; i < records->len; i++)
    {
      RoundsRecord *record = g_ptr_array_index (records, i);
      json_object *resource = g_ptr_array_index (parsed, i);
      g_autofree char *key = NULL;
      Test *test;

      if (rounds_resource_is_entered_in_error (resource))
        continue;   /* a wrong value must not stand in a trend; its history still has it */
      if (is_report (resource))
        {
          if (rounds_json_peek (resource, "result.0") == NULL && rounds_json_peek (resource, "presentedForm.0") == NULL)
            g_ptr_array_add (rows, row_of_report (record, resource, now_us));
          continue;
        }
      key = test_key (resource);
      test = g_hash_table_lookup (by_key, key);
      if (test == NULL)
        {
          test = g_new0 (Test, 1);
          test->key = g_steal_pointer (&key);
          test->records = g_ptr_array_new ();
          test->parsed = g_ptr_array_new ();
          g_ptr_array_add (tests, test);
          g_hash_table_insert (by_key, test->key, test);
        }
      g_ptr_array_add (test->records, record);
      g_ptr_array_add (test->parsed, resource);
    }
  for (guint i = 0; i < tests->len; i++)
    g_ptr_array_add (rows, row_of_test (g_ptr_array_index (tests, i), panel, now_us));
  return rows;
}

static const RoundsColumn columns[] = {
  { "test", N_("Test"), column_none, .wide = TRUE, .strong = TRUE },
  { "value", N_("Latest"), column_none, .wide = TRUE },
  { "flag", N_("Flag"), column_none },
  { "range", N_("Range"), column_none },
  { "when", N_("When"), column_none },
  { "n", N_("Values"), column_none },
};

static const char *const types[] = { "Observation", "DiagnosticReport", NULL };

const RoundsSection rounds_section_results = {
  .id = "results", .title = N_("Results"), .one = N_("result"),
  .empty = N_("No laboratory results are here."), .types = types, .accepts = accepts,
  .columns = columns, .n_columns = G_N_ELEMENTS (columns), .group = group,
};
