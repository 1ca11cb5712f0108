/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A query as one SQL statement that gives row numbers. Every value is bound, none is written into the text. Which
 * index leads is decided here and not by SQLite's planner, which has no statistics: the clauses when there are any
 * that find (the unary plus takes the type's index out of the choice), otherwise the order that is asked for. A
 * Patient query runs over the narrow table patient as long as it needs nothing of the resource's own row. */
#include "store/search-private.h"

#define CHANGE "CASE WHEN %1$s.sync_state = 0 AND %1$s.last_updated > 0 THEN %1$s.last_updated ELSE %1$s.changed_us END"

void
rounds_statement_init (RoundsStatement *self)
{
  self->sql = g_string_new (NULL);
  self->bindings = g_array_new (FALSE, TRUE, sizeof (RoundsBinding));
}

void
rounds_statement_clear (RoundsStatement *self)
{
  if (self->sql == NULL)
    return;
  for (guint i = 0; i < self->bindings->len; i++)
    g_free (g_array_index (self->bindings, RoundsBinding, i).text);
  g_string_free (g_steal_pointer (&self->sql), TRUE);
  g_clear_pointer (&self->bindings, g_array_unref);
}

static void
say (RoundsStatement *out, const char *sql)
{
  g_string_append (out->sql, sql);
}

static void
bind_text (RoundsStatement *out, const char *text)
{
  RoundsBinding binding = { 's', g_strdup (text), 0, 0 };

  g_array_append_val (out->bindings, binding);
}

static void
bind_int (RoundsStatement *out, gint64 value)
{
  RoundsBinding binding = { 'i', NULL, value, 0 };

  g_array_append_val (out->bindings, binding);
}

static void
bind_double (RoundsStatement *out, double value)
{
  RoundsBinding binding = { 'd', NULL, 0, value };

  g_array_append_val (out->bindings, binding);
}

#define NAME "(SELECT nid FROM name WHERE text = ?)"

static void
bind_parameter (RoundsStatement *out, const RoundsSearchParameter *parameter)
{
  g_autofree char *key = rounds_search_parameter_key (parameter);

  bind_text (out, key);
}

/* --- conditions on one index row -------------------------------------------------------------------- */

static void
write_string (RoundsStatement *out, RoundsMatch match, const RoundsOperand *operand)
{
  g_autofree char *above = g_strconcat (operand->text, "\xf4\x8f\xbf\xbf", NULL);

  if (match == ROUNDS_MATCH_CONTAINS)
    {
      say (out, "instr(text, ?) > 0");
      bind_text (out, operand->text);
      return;
    }
  bind_text (out, operand->text);
  if (match == ROUNDS_MATCH_EXACT)
    {
      say (out, "text = ? AND exact = ?");
      bind_text (out, operand->exact);
      return;
    }
  say (out, "text >= ? AND text < ?");
  bind_text (out, above);
}

static void
write_token (RoundsStatement *out, const RoundsOperand *operand)
{
  if (operand->text != NULL)
    {
      say (out, "code = ?");
      bind_text (out, operand->text);
    }
  if (operand->system == NULL)
    return;
  say (out, operand->text != NULL ? " AND " : "");
  if (*operand->system == '\0')
    {
      say (out, "system = 0");
      return;
    }
  say (out, "system = " NAME);
  bind_text (out, operand->system);
}

/* Prefixes as R4 has them, on a value's span [low, high) against [start, end); L and H in the forms are these. */
static void
write_span (RoundsStatement *out, RoundsPrefix prefix, const char *low, const char *high, gint64 start, gint64 end)
{
  static const char *const forms[] = {
    [ROUNDS_PREFIX_EQ] = "(L >= ? AND L < ? AND H <= ?)",
    [ROUNDS_PREFIX_NE] = "NOT (L >= ? AND L < ? AND H <= ?)",
    [ROUNDS_PREFIX_GT] = "H > ?",
    [ROUNDS_PREFIX_LT] = "L < ?",
    [ROUNDS_PREFIX_GE] = "(H > ? OR (L >= ? AND H <= ?))",
    [ROUNDS_PREFIX_LE] = "(L < ? OR (L >= ? AND H <= ?))",
    [ROUNDS_PREFIX_SA] = "L >= ?",
    [ROUNDS_PREFIX_EB] = "H <= ?",
    [ROUNDS_PREFIX_AP] = "(L < ? AND H > ?)",
  };

  for (const char *at = forms[prefix]; *at != '\0'; at++)
    if (*at == 'L' || *at == 'H')
      say (out, *at == 'L' ? low : high);
    else
      g_string_append_c (out->sql, *at);
  switch (prefix)
    {
    case ROUNDS_PREFIX_EQ:
    case ROUNDS_PREFIX_NE:
      bind_int (out, start);
      bind_int (out, end);
      bind_int (out, end);
      break;
    case ROUNDS_PREFIX_GE:
      bind_int (out, end);
      bind_int (out, start);
      bind_int (out, end);
      break;
    case ROUNDS_PREFIX_LE:
      bind_int (out, start);
      bind_int (out, start);
      bind_int (out, end);
      break;
    case ROUNDS_PREFIX_AP:
      bind_int (out, end);
      bind_int (out, start);
      break;
    default:
      bind_int (out, prefix == ROUNDS_PREFIX_GT || prefix == ROUNDS_PREFIX_SA ? end : start);
      break;
    }
}

static void
write_date (RoundsStatement *out, const RoundsOperand *operand, int floating)
{
  say (out, floating ? "floating = 1 AND " : "floating = 0 AND ");
  write_span (out, operand->prefix, "start_us", "end_us", operand->start_us[floating], operand->end_us[floating]);
}

static void
write_quantity (RoundsStatement *out, const RoundsOperand *operand)
{
  static const char *const forms[] = {
    [ROUNDS_PREFIX_EQ] = "low >= ? AND high < ?", [ROUNDS_PREFIX_NE] = "NOT (low >= ? AND high < ?)",
    [ROUNDS_PREFIX_GT] = "high > ?",              [ROUNDS_PREFIX_LT] = "low < ?",
    [ROUNDS_PREFIX_GE] = "high >= ?",             [ROUNDS_PREFIX_LE] = "low <= ?",
    [ROUNDS_PREFIX_SA] = "low > ?",               [ROUNDS_PREFIX_EB] = "high < ?",
    [ROUNDS_PREFIX_AP] = "high >= ? AND low <= ?",
  };

  if (operand->system == NULL)
    say (out, "unit = 0 AND ");
  else
    {
      say (out, "unit = " NAME " AND ");
      bind_text (out, operand->system);
    }
  say (out, forms[operand->prefix]);
  if (operand->prefix == ROUNDS_PREFIX_EQ || operand->prefix == ROUNDS_PREFIX_NE || operand->prefix == ROUNDS_PREFIX_AP)
    {
      bind_double (out, operand->low);
      bind_double (out, operand->high);
    }
  else
    bind_double (out, operand->value);
}

static void
write_reference (RoundsStatement *out, const RoundsOperand *operand)
{
  say (out, "id = ?");
  bind_text (out, operand->text);
  if (operand->system == NULL)
    return;
  say (out, " AND type = " NAME);
  bind_text (out, operand->system);
}

static const char *
table_of (const RoundsSearchParameter *parameter)
{
  static const char *const tables[] = {
    [ROUNDS_SEARCH_STRING] = "search_string",     [ROUNDS_SEARCH_TOKEN] = "search_token",
    [ROUNDS_SEARCH_DATE] = "search_date",         [ROUNDS_SEARCH_QUANTITY] = "search_quantity",
    [ROUNDS_SEARCH_REFERENCE] = "search_reference",
  };

  return tables[parameter->kind];
}

static void
write_operand (RoundsStatement *out, const RoundsClause *clause, const RoundsOperand *operand, int floating)
{
  switch (clause->parameter->kind)
    {
    case ROUNDS_SEARCH_STRING:
      write_string (out, clause->match, operand);
      break;
    case ROUNDS_SEARCH_TOKEN:
      write_token (out, operand);
      break;
    case ROUNDS_SEARCH_DATE:
      write_date (out, operand, floating);
      break;
    case ROUNDS_SEARCH_QUANTITY:
      write_quantity (out, operand);
      break;
    case ROUNDS_SEARCH_REFERENCE:
      write_reference (out, operand);
      break;
    default:
      g_assert_not_reached ();
    }
}

/* --- clauses ---------------------------------------------------------------------------------------- */

/* Whether a clause finds rows by an index, rather than ruling some out. */
static gboolean
leads (const RoundsClause *clause)
{
  switch (clause->kind)
    {
    case ROUNDS_CLAUSE_PARAMETER:
      return clause->match == ROUNDS_MATCH_MISSING ? !clause->wanted : clause->match != ROUNDS_MATCH_NOT;
    case ROUNDS_CLAUSE_ID:
    case ROUNDS_CLAUSE_HAS:
      return TRUE;
    case ROUNDS_CLAUSE_UNSYNCED:
    case ROUNDS_CLAUSE_CONFLICT:
      return clause->wanted;
    default:
      return FALSE;
    }
}

static void
begin_rows (RoundsStatement *out, const RoundsClause *clause)
{
  g_string_append_printf (out->sql, "SELECT rid FROM %s WHERE param = " NAME, table_of (clause->parameter));
  bind_parameter (out, clause->parameter);
}

/* Each "or" a SELECT of its own: so each goes to its place in the index. */
static void
write_parameter (RoundsStatement *out, const RoundsClause *clause, const char *alias)
{
  gboolean out_of = clause->match == ROUNDS_MATCH_NOT || (clause->match == ROUNDS_MATCH_MISSING && clause->wanted);
  int ways = clause->parameter->kind == ROUNDS_SEARCH_DATE ? 2 : 1;

  g_string_append_printf (out->sql, "%s.rid %sIN (", alias, out_of ? "NOT " : "");
  if (clause->operands->len == 0)
    begin_rows (out, clause);
  for (guint i = 0; i < clause->operands->len; i++)
    for (int floating = 0; floating < ways; floating++)
      {
        say (out, i > 0 || floating > 0 ? " UNION ALL " : "");
        begin_rows (out, clause);
        say (out, " AND ");
        write_operand (out, clause, clause->operands->pdata[i], floating);
      }
  say (out, ")");
}

/* What waits in the outbox: of this resource, or of anything of this patient. */
static void
write_waiting (RoundsStatement *out, const RoundsClause *clause, const char *alias, gboolean patient)
{
  const char *state = clause->kind == ROUNDS_CLAUSE_CONFLICT ? "o.state = 5" : "1";

  if (patient)
    g_string_append_printf (out->sql, "%s.id %sIN (SELECT n.text FROM outbox o CROSS JOIN name n ON n.nid = o.patient "
                                      "WHERE %s)", alias, clause->wanted ? "" : "NOT ", state);
  else
    g_string_append_printf (out->sql, "%s.rid %sIN (SELECT o.rid FROM outbox o WHERE %s)", alias,
                            clause->wanted ? "" : "NOT ", state);
}

static void
write_last_updated (RoundsStatement *out, const RoundsClause *clause, const char *alias)
{
  g_autoptr (GString) low = g_string_new (NULL);
  g_autofree char *high = NULL;

  g_string_printf (low, "(" CHANGE ")", alias);
  high = g_strconcat ("(", low->str, " + 1)", NULL);
  for (guint i = 0; i < clause->operands->len; i++)
    {
      const RoundsOperand *operand = clause->operands->pdata[i];

      say (out, i == 0 ? "((" : ") OR (");
      write_span (out, operand->prefix, low->str, high, operand->start_us[0], operand->end_us[0]);
    }
  say (out, "))");
}

static void write_where (RoundsQuery *self, RoundsStatement *out, const char *alias, gboolean narrow, guint level);

static void
write_has (RoundsQuery *self, RoundsStatement *out, const RoundsClause *clause, const char *alias, guint level)
{
  g_autofree char *inner = g_strdup_printf ("t%u", level);

  g_string_append_printf (out->sql, "%s.id IN (SELECT s%u.id FROM resource %s CROSS JOIN search_reference s%u ON "
                                    "s%u.rid = %s.rid AND +s%u.param = " NAME " AND s%u.type = " NAME " WHERE ",
                          alias, level, inner, level, level, inner, level, level);
  bind_parameter (out, clause->parameter);
  bind_text (out, self->type);
  write_where (clause->other, out, inner, FALSE, level + 1);
  say (out, ")");
}

static void
write_clause (RoundsQuery *self, RoundsStatement *out, const RoundsClause *clause, const char *alias, guint level)
{
  switch (clause->kind)
    {
    case ROUNDS_CLAUSE_PARAMETER:
      write_parameter (out, clause, alias);
      break;
    case ROUNDS_CLAUSE_ID:
      g_string_append_printf (out->sql, "%s.id IN (", alias);
      for (guint i = 0; i < clause->operands->len; i++)
        {
          say (out, i == 0 ? "?" : ", ?");
          bind_text (out, ((RoundsOperand *) clause->operands->pdata[i])->text);
        }
      say (out, ")");
      break;
    case ROUNDS_CLAUSE_LAST_UPDATED:
      write_last_updated (out, clause, alias);
      break;
    case ROUNDS_CLAUSE_UNSYNCED:
    case ROUNDS_CLAUSE_CONFLICT:
      write_waiting (out, clause, alias, g_str_equal (self->type, "Patient"));
      break;
    case ROUNDS_CLAUSE_HAS:
      write_has (self, out, clause, alias, level);
      break;
    default:
      g_assert_not_reached ();
    }
}

static gboolean
any_leads (RoundsQuery *self)
{
  for (guint i = 0; i < self->clauses->len; i++)
    if (leads (self->clauses->pdata[i]))
      return TRUE;
  return FALSE;
}

static void
write_where (RoundsQuery *self, RoundsStatement *out, const char *alias, gboolean narrow, guint level)
{
  if (narrow)
    g_string_append_printf (out->sql, ROUNDS_SEARCH_VISIBLE_PATIENT, alias);
  else
    {
      g_string_append_printf (out->sql, "%s%s.type = " NAME " AND ", any_leads (self) ? "+" : "", alias);
      bind_text (out, self->type);
      g_string_append_printf (out->sql, ROUNDS_SEARCH_VISIBLE_RESOURCE, alias);
    }
  for (guint i = 0; i < self->clauses->len; i++)
    {
      say (out, " AND ");
      write_clause (self, out, self->clauses->pdata[i], alias, level);
    }
}

/* --- order ------------------------------------------------------------------------------------------ */

static void
write_sort_value (RoundsStatement *out, const RoundsSort *sort, gboolean narrow)
{
  switch (sort->kind)
    {
    case ROUNDS_SORT_ID:
      say (out, "r.id");
      break;
    case ROUNDS_SORT_LAST_UPDATED:
      g_string_append_printf (out->sql, CHANGE, "r");   /* never narrow, see needs_row() */
      break;
    case ROUNDS_SORT_PATIENT_NAME:
      say (out, narrow ? "r.sort_key" : "(SELECT sort_key FROM patient p WHERE p.rid = r.rid)");
      break;
    case ROUNDS_SORT_PATIENT_BIRTH:
      say (out, narrow ? "r.birth_date" : "(SELECT birth_date FROM patient p WHERE p.rid = r.rid)");
      break;
    case ROUNDS_SORT_PARAMETER:
      g_string_append_printf (out->sql, "(SELECT %s(%s) FROM %s WHERE rid = r.rid AND +param = " NAME ")",
                              sort->descending ? "max" : "min",
                              sort->parameter->kind == ROUNDS_SEARCH_STRING ? "text" : "start_us",
                              table_of (sort->parameter));
      bind_parameter (out, sort->parameter);
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
write_order (RoundsQuery *self, RoundsStatement *out, gboolean narrow, gboolean by_name)
{
  static const RoundsSort name = { ROUNDS_SORT_PATIENT_NAME, NULL, FALSE };

  say (out, " ORDER BY ");
  for (guint i = 0; i < self->sorts->len; i++)
    {
      const RoundsSort *sort = &g_array_index (self->sorts, RoundsSort, i);

      write_sort_value (out, sort, narrow);
      /* Columns that are never NULL need no word about it, and an index can be followed. */
      say (out, sort->descending ? " DESC" : "");
      if (sort->kind == ROUNDS_SORT_PARAMETER || sort->kind == ROUNDS_SORT_PATIENT_BIRTH)
        say (out, " NULLS LAST");
      say (out, ", ");
    }
  if (self->sorts->len == 0 && by_name)
    {
      write_sort_value (out, &name, narrow);
      say (out, ", ");
    }
  say (out, "r.rid");
}

static gboolean
needs_row (RoundsQuery *self)
{
  for (guint i = 0; i < self->clauses->len; i++)
    if (((RoundsClause *) self->clauses->pdata[i])->kind == ROUNDS_CLAUSE_LAST_UPDATED)
      return TRUE;
  for (guint i = 0; i < self->sorts->len; i++)
    if (g_array_index (self->sorts, RoundsSort, i).kind == ROUNDS_SORT_LAST_UPDATED)
      return TRUE;
  return FALSE;
}

void
rounds_query_write_sql (RoundsQuery *self, gboolean count, gboolean paged, gboolean by_name, RoundsStatement *out)
{
  gboolean narrow = g_str_equal (self->type, "Patient") && !needs_row (self);

  say (out, count ? "SELECT count(*)" : "SELECT r.rid");
  say (out, narrow ? " FROM patient r WHERE " : " FROM resource r WHERE ");
  write_where (self, out, "r", narrow, 0);
  if (count)
    return;
  write_order (self, out, narrow, by_name);
  if (!paged || (self->count == 0 && self->offset == 0))
    return;
  say (out, " LIMIT ? OFFSET ?");
  bind_int (out, self->count > 0 ? (gint64) self->count : -1);
  bind_int (out, self->offset);
}
