/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CSV of vital signs, as hospitals, PhysioNet and spreadsheets write it.
 *
 * A record is split without building more than one row at a time, so memory follows the values and not the
 * text. A quote may span lines, but only up to a limit: one forgotten quote in a large file costs its rows,
 * by number, and not the whole import. */
#include "vitals/csv.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "base/quantity.h"
#include "vitals/codes.h"

#define MAX_RECORD_BYTES (64 * 1024)
#define MAX_SECONDS 1e11

/* --- records -------------------------------------------------------------------------------------- */

static void
skip_bom (RoundsCsvReader *self)
{
  if (self->end - self->next >= 3 && memcmp (self->next, "\xEF\xBB\xBF", 3) == 0)
    self->next += 3;
}

static char
find_delimiter (const char *text, const char *end)
{
  guint commas = 0, semicolons = 0, tabs = 0;
  gboolean quoted = FALSE;

  for (const char *p = text; p < end && (quoted || (*p != '\n' && *p != '\r')) && p - text < MAX_RECORD_BYTES; p++)
    {
      if (*p == '"')
        quoted = !quoted;
      else if (!quoted)
        {
          commas += *p == ',';
          semicolons += *p == ';';
          tabs += *p == '\t';
        }
    }
  if (tabs > commas && tabs >= semicolons)
    return '\t';
  return semicolons > commas ? ';' : ',';
}

void
rounds_csv_reader_init (RoundsCsvReader *self, const char *bytes, gsize length)
{
  memset (self, 0, sizeof *self);
  self->next = bytes;
  self->end = bytes + length;
  skip_bom (self);
  self->delimiter = find_delimiter (self->next, self->end);
  self->next_line = 1;
  self->cells = g_ptr_array_new_with_free_func (g_free);
}

void
rounds_csv_reader_clear (RoundsCsvReader *self)
{
  g_clear_pointer (&self->cells, g_ptr_array_unref);
}

static void
skip_line (RoundsCsvReader *self, const char *from)
{
  const char *p = from;

  while (p < self->end && *p != '\n' && *p != '\r')
    p++;
  self->next = p;
}

static void
take_line_end (RoundsCsvReader *self)
{
  if (self->next < self->end && *self->next == '\r')
    {
      self->next++;
      if (self->next < self->end && *self->next == '\n')
        self->next++;
      self->next_line++;
    }
  else if (self->next < self->end && *self->next == '\n')
    {
      self->next++;
      self->next_line++;
    }
}

/* Reads a quoted cell from the quote on; returns where it ends, or NULL when it does not. */
static const char *
take_quoted (RoundsCsvReader *self, const char *p, GString *cell, guint64 *n_lines)
{
  const char *limit = self->end - p > MAX_RECORD_BYTES ? p + MAX_RECORD_BYTES : self->end;

  for (p++; p < limit; p++)
    {
      if (*p != '"')
        {
          if (*p == '\n' || (*p == '\r' && !(p + 1 < limit && p[1] == '\n')))
            (*n_lines)++;
          g_string_append_c (cell, *p);
          continue;
        }
      if (p + 1 < limit && p[1] == '"')
        g_string_append_c (cell, *p++);
      else
        return p + 1;
    }
  return NULL;
}

gboolean
rounds_csv_reader_next (RoundsCsvReader *self)
{
  const char *start, *p;
  guint64 n_lines = 0;

  while (self->next < self->end && (*self->next == '\n' || *self->next == '\r'))
    take_line_end (self);
  if (self->next >= self->end)
    return FALSE;

  g_ptr_array_set_size (self->cells, 0);
  self->broken = FALSE;
  self->line = self->next_line;
  start = p = self->next;
  for (;;)
    {
      g_autoptr (GString) cell = g_string_new (NULL);
      gboolean quoted = FALSE;

      while (p < self->end && (*p == ' ' || (*p == '\t' && self->delimiter != '\t')))
        p++;
      if (p < self->end && *p == '"')
        {
          const char *after = take_quoted (self, p, cell, &n_lines);

          quoted = TRUE;
          while (after != NULL && after < self->end && *after == ' ')
            after++;
          if (after == NULL || (after < self->end && *after != self->delimiter && *after != '\n' && *after != '\r'))
            {
              self->broken = TRUE;
              skip_line (self, start);
              break;
            }
          p = after;
        }
      else
        while (p < self->end && *p != self->delimiter && *p != '\n' && *p != '\r')
          {
            /* A NUL would hide what follows it from every reader of C strings. */
            g_string_append_c (cell, *p == '\0' ? '\x01' : *p);
            p++;
          }
      if (!quoted)
        while (cell->len > 0 && (cell->str[cell->len - 1] == ' ' || cell->str[cell->len - 1] == '\t'))
          g_string_truncate (cell, cell->len - 1);
      if (p - start > MAX_RECORD_BYTES || self->cells->len > ROUNDS_VITALS_MAX_SIGNALS)
        {
          self->broken = TRUE;
          n_lines = 0;
          skip_line (self, start);
          break;
        }
      g_ptr_array_add (self->cells, g_strdup (cell->str));
      self->next = p;
      if (p >= self->end || *p != self->delimiter)
        break;
      p++;
    }
  if (!self->broken)
    self->next_line += n_lines;
  take_line_end (self);
  return TRUE;
}

/* --- numbers and times ------------------------------------------------------------------------------ */

gboolean
rounds_vitals_parse_number (const char *text, gboolean decimal_comma, double *out)
{
  char copy[64];
  char *end = NULL;
  gsize n = strlen (text);
  gboolean digit = FALSE;
  double value;

  if (n == 0 || n >= sizeof copy)
    return FALSE;
  for (gsize i = 0; i <= n; i++)
    {
      char c = text[i];

      if (c == ',' && decimal_comma && strchr (text, '.') == NULL)
        c = '.';
      copy[i] = c;
      if (g_ascii_isdigit (c))
        digit = TRUE;
      else if (c != '\0' && strchr ("+-.eE", c) == NULL)
        return FALSE;
    }
  if (!digit || copy[0] == 'e' || copy[0] == 'E')
    return FALSE;
  value = g_ascii_strtod (copy, &end);
  if (end == copy || *end != '\0' || !isfinite (value))
    return FALSE;
  *out = value;
  return TRUE;
}

/* "HH:MM" or "HH:MM:SS[.fff]" since admission. */
static gboolean
parse_clock (const char *text, gint64 *out)
{
  const char *p = text;
  gint64 hours = 0, minutes = 0;
  double seconds = 0;
  guint n = 0;
  gboolean negative = FALSE;

  if (*p == '-')
    {
      negative = TRUE;
      p++;
    }
  for (; g_ascii_isdigit (*p) && n < 7; p++, n++)
    hours = hours * 10 + (*p - '0');
  if (n == 0 || *p != ':' || !g_ascii_isdigit (p[1]) || !g_ascii_isdigit (p[2]))
    return FALSE;
  minutes = (p[1] - '0') * 10 + (p[2] - '0');
  p += 3;
  if (*p == ':')
    {
      if (!g_ascii_isdigit (p[1]) || !g_ascii_isdigit (p[2]) || !rounds_vitals_parse_number (p + 1, FALSE, &seconds))
        return FALSE;
      p += strlen (p);
    }
  if (*p != '\0' || minutes > 59 || seconds < 0 || seconds >= 60)
    return FALSE;
  *out = (hours * 3600 + minutes * 60) * G_USEC_PER_SEC + llround (seconds * 1e6);
  if (negative)
    *out = -*out;
  return TRUE;
}

/* "YYYY-MM-DD HH:MM[:SS]" and the same with T: local time; with an offset: an instant. */
static gboolean
parse_date_time (const char *text, gint64 *out)
{
  RoundsInstant instant;
  g_autoptr (GDateTime) parsed = NULL;
  g_autofree char *full = NULL;
  gsize n = strlen (text);

  if (n < 10 || n > 40 || !g_ascii_isdigit (text[0]) || text[4] != '-' || text[7] != '-')
    return FALSE;
  for (gsize i = 0; i < 10; i++)
    if (i != 4 && i != 7 && !g_ascii_isdigit (text[i]))
      return FALSE;
  full = g_strdup (text);
  if (n > 10)
    {
      const char *zone;

      if (full[10] != ' ' && full[10] != 'T' && full[10] != 't')
        return FALSE;
      full[10] = 'T';
      if (n < 16 || full[13] != ':')
        return FALSE;
      zone = full + 16;
      if (*zone != ':')
        {
          char *with_seconds = g_strdup_printf ("%.16s:00%s", full, zone);
          g_free (full);
          full = with_seconds;
        }
    }
  if (strlen (full) > 19 && rounds_instant_parse (full, &instant, NULL))
    {
      *out = instant.us;
      return TRUE;
    }
  {
    g_autoptr (GTimeZone) local = g_time_zone_new_local ();
    g_autofree char *midnight = n == 10 ? g_strconcat (full, "T00:00:00", NULL) : g_strdup (full);

    parsed = g_date_time_new_from_iso8601 (midnight, local);
  }
  if (parsed == NULL)
    return FALSE;
  *out = g_date_time_to_unix_usec (parsed);
  return TRUE;
}

gboolean
rounds_vitals_parse_time (const char *text, gboolean decimal_comma, gint64 *time_us, gboolean *relative)
{
  double seconds;

  if (parse_date_time (text, time_us))
    {
      *relative = FALSE;
      return TRUE;
    }
  *relative = TRUE;
  if (parse_clock (text, time_us))
    return TRUE;
  if (!rounds_vitals_parse_number (text, decimal_comma, &seconds) || fabs (seconds) > MAX_SECONDS)
    return FALSE;
  *time_us = llround (seconds * 1e6);
  return TRUE;
}

/* --- the file --------------------------------------------------------------------------------------- */

typedef struct {
  RoundsCsvReader reader;
  RoundsVitalsFile *file;
  GHashTable *by_name;      /* "name\x1funit" → RoundsVitalsSignal, borrowed */
  gboolean wide, decimal_comma, has_kind;
  int time_column, parameter_column, value_column, unit_column;
  GPtrArray *columns;       /* wide: signal of each column, NULL for the time; borrowed */
} Reading;

static int
find_column (GPtrArray *cells, const char *const *wanted)
{
  for (guint i = 0; i < cells->len; i++)
    for (guint k = 0; wanted[k] != NULL; k++)
      if (g_ascii_strcasecmp (g_ptr_array_index (cells, i), wanted[k]) == 0)
        return (int) i;
  return -1;
}

static const char *const time_names[] = { "time", "timestamp", "datetime", "date_time", "t", NULL };
static const char *const parameter_names[] = { "parameter", "signal", "code", NULL };
static const char *const value_names[] = { "value", NULL };
static const char *const unit_names[] = { "unit", "units", NULL };

/* "Temp (°F)" or "Temp [degF]": the unit in brackets, as UCUM. */
static const char *
unit_of_header (const char *header)
{
  const char *open = strpbrk (header, "([");
  gsize n;
  g_autofree char *inner = NULL;

  if (open == NULL || open == header)
    return NULL;
  n = strlen (open);
  if (n < 3 || (open[n - 1] != ')' && open[n - 1] != ']'))
    return NULL;
  inner = g_strndup (open + 1, n - 2);
  return rounds_vital_unit_from_text (inner);
}

static RoundsVitalsSignal *
take_signal (Reading *self, const char *name, const char *unit)
{
  const RoundsVital *vital = rounds_vital_find_name (name);
  const char *ucum = unit != NULL && *unit != '\0' ? rounds_vital_unit_from_text (unit) : NULL;
  g_autofree char *key = NULL;
  RoundsVitalsSignal *signal;

  if (ucum == NULL)
    ucum = unit != NULL && *unit != '\0' ? unit : vital != NULL ? vital->unit : "";
  key = g_strconcat (name, "\x1f", ucum, NULL);
  signal = g_hash_table_lookup (self->by_name, key);
  if (signal == NULL)
    {
      signal = rounds_vitals_file_add (self->file, name, ucum);
      if (signal != NULL)
        g_hash_table_insert (self->by_name, g_steal_pointer (&key), signal);
    }
  return signal;
}

static gboolean
read_header (Reading *self, GError **error)
{
  GPtrArray *cells;

  if (!rounds_csv_reader_next (&self->reader) || self->reader.broken)
    goto none;
  cells = self->reader.cells;
  self->time_column = find_column (cells, time_names);
  if (self->time_column < 0 || cells->len < 2)
    goto none;
  self->parameter_column = find_column (cells, parameter_names);
  self->value_column = find_column (cells, value_names);
  self->unit_column = find_column (cells, unit_names);
  self->wide = self->parameter_column < 0 || self->value_column < 0;
  self->decimal_comma = self->reader.delimiter != ',';
  if (!self->wide)
    return TRUE;

  self->columns = g_ptr_array_new ();
  for (guint i = 0; i < cells->len; i++)
    {
      const char *name = g_ptr_array_index (cells, i);
      RoundsVitalsSignal *signal = NULL;

      if ((int) i != self->time_column && *name != '\0')
        {
          if (!g_utf8_validate (name, -1, NULL))
            goto none;
          signal = take_signal (self, name, unit_of_header (name));
        }
      g_ptr_array_add (self->columns, signal);
    }
  return TRUE;

none:
  g_set_error_literal (error, ROUNDS_VITALS_ERROR, ROUNDS_VITALS_ERROR_FILE,
                       _("no header “time,parameter,value” or “time” with a column a parameter"));
  return FALSE;
}

static void
take_value (Reading *self, RoundsVitalsSignal *signal, const char *text, gint64 time_us)
{
  const RoundsVital *vital = rounds_vital_find (signal->code);
  g_autoptr (GError) error = NULL;
  RoundsSample sample = { .time_us = time_us };

  if (!rounds_vitals_parse_number (text, self->decimal_comma, &sample.value))
    {
      rounds_vitals_file_refuse (self->file, self->reader.line,
                                 *text == '\0' ? _("no value") : _("the value is not a decimal number"));
      return;
    }
  if (vital != NULL && !rounds_vital_check (vital, sample.value, signal->unit, NULL, &error))
    {
      rounds_vitals_file_refuse (self->file, self->reader.line, "%s", error->message);
      return;
    }
  g_array_append_val (signal->samples, sample);
  self->file->n_values++;
}

static const char *
cell_at (Reading *self, int column)
{
  if (column < 0 || (guint) column >= self->reader.cells->len)
    return NULL;
  return g_ptr_array_index (self->reader.cells, column);
}

static void
read_row (Reading *self)
{
  RoundsVitalsFile *file = self->file;
  guint64 line = self->reader.line;
  const char *text = cell_at (self, self->time_column);
  gint64 time_us;
  gboolean relative;

  if (self->reader.broken)
    {
      rounds_vitals_file_refuse (file, line, _("a quote that does not close, or a row that is too long"));
      return;
    }
  if (text == NULL || !rounds_vitals_parse_time (text, self->decimal_comma, &time_us, &relative))
    {
      rounds_vitals_file_refuse (file, line, _("the time cannot be read"));
      return;
    }
  if (self->has_kind && relative != file->relative)
    {
      rounds_vitals_file_refuse (file, line, _("a time of another kind than the rows before"));
      return;
    }

  if (!self->wide)
    {
      const char *name = cell_at (self, self->parameter_column);
      const char *value = cell_at (self, self->value_column);
      RoundsVitalsSignal *signal;

      if (name == NULL || *name == '\0' || !g_utf8_validate (name, -1, NULL))
        {
          rounds_vitals_file_refuse (file, line, _("no parameter"));
          return;
        }
      if (self->reader.cells->len > (guint) MAX (MAX (self->time_column, self->parameter_column),
                                                MAX (self->value_column, self->unit_column)) + 1)
        {
          rounds_vitals_file_refuse (file, line, _("more cells than the header has"));
          return;
        }
      if (cell_at (self, self->unit_column) != NULL &&
          !g_utf8_validate (cell_at (self, self->unit_column), -1, NULL))
        {
          rounds_vitals_file_refuse (file, line, _("the unit is not text"));
          return;
        }
      signal = take_signal (self, name, cell_at (self, self->unit_column));
      if (signal == NULL)
        rounds_vitals_file_refuse (file, line, _("too many different parameters"));
      else
        take_value (self, signal, value != NULL ? value : "", time_us);
    }
  else
    {
      gboolean any = FALSE;

      if (self->reader.cells->len > self->columns->len)
        {
          rounds_vitals_file_refuse (file, line, _("more cells than the header has"));
          return;
        }
      for (guint i = 0; i < self->reader.cells->len; i++)
        {
          RoundsVitalsSignal *signal = g_ptr_array_index (self->columns, i);
          const char *value = g_ptr_array_index (self->reader.cells, i);

          /* In a wide table an empty cell only says that this parameter was not taken then. */
          if (signal == NULL || *value == '\0')
            continue;
          any = TRUE;
          take_value (self, signal, value, time_us);
        }
      if (!any)
        rounds_vitals_file_refuse (file, line, _("no value"));
    }
  file->relative = relative;
  self->has_kind = TRUE;
}

/* PhysioNet writes inspired oxygen as a fraction; 0.5 is 50 %, not half a percent. */
static void
settle_fractions (RoundsVitalsFile *file)
{
  for (guint i = 0; i < file->signals->len; i++)
    {
      RoundsVitalsSignal *signal = g_ptr_array_index (file->signals, i);
      gboolean fraction = signal->samples->len > 0;

      if (strcmp (signal->code, ROUNDS_CODE_OXYGEN_CONCENTRATION) != 0 || strcmp (signal->unit, "%") != 0)
        continue;
      for (guint k = 0; k < signal->samples->len && fraction; k++)
        fraction = g_array_index (signal->samples, RoundsSample, k).value <= 1.0;
      if (fraction)
        {
          g_free (signal->unit);
          signal->unit = g_strdup ("1");
        }
    }
}

RoundsVitalsFile *
rounds_vitals_csv_read (const char *bytes, gsize length, GError **error)
{
  g_autoptr (RoundsVitalsFile) file = NULL;
  g_autoptr (GHashTable) by_name = NULL;
  Reading self = { 0 };
  gboolean ok;

  if (length > ROUNDS_VITALS_MAX_BYTES)
    {
      g_set_error_literal (error, ROUNDS_VITALS_ERROR, ROUNDS_VITALS_ERROR_FILE, _("the file is too large"));
      return NULL;
    }
  file = rounds_vitals_file_new ();
  by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self.file = file;
  self.by_name = by_name;
  rounds_csv_reader_init (&self.reader, bytes, length);
  ok = read_header (&self, error);
  if (ok)
    {
      const char *delimiter = self.reader.delimiter == '\t' ? _("tab")
                              : self.reader.delimiter == ';' ? _("semicolon") : _("comma");

      while (rounds_csv_reader_next (&self.reader))
        read_row (&self);
      settle_fractions (file);
      file->summary = g_strdup_printf ("%s · %s · %s", delimiter, self.wide ? _("a column a parameter") : _("a row a value"),
                                       file->relative ? _("times since admission") : _("dates and times"));
    }
  rounds_csv_reader_clear (&self.reader);
  g_clear_pointer (&self.columns, g_ptr_array_unref);
  return ok ? g_steal_pointer (&file) : NULL;
}

gboolean
rounds_vitals_csv_sniff (const char *bytes, gsize length)
{
  g_auto (RoundsCsvReader) reader = { 0 };

  rounds_csv_reader_init (&reader, bytes, MIN (length, MAX_RECORD_BYTES));
  if (!rounds_csv_reader_next (&reader) || reader.broken || reader.cells->len < 2)
    return FALSE;
  return find_column (reader.cells, time_names) >= 0;
}
