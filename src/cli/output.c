/* SPDX-License-Identifier: GPL-3.0-or-later */

/* How answers look: JSON for scripts, tables for people. Numbers that came as decimals keep their digits. */

#include "cli/cli.h"

#include <math.h>
#include <stdio.h>

#include "base/instant.h"
#include "base/quantity.h"

void
rounds_cli_print_json (json_object *object)
{
  g_autofree char *text = rounds_json_print (object);

  fputs (text, stdout);
  fputc ('\n', stdout);
  fflush (stdout);
  json_object_put (object);
}

/* Cells of a terminal that a text takes: wide characters two, combining ones none. */
static guint
display_width (const char *text)
{
  guint width = 0;

  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      width += g_unichar_iszerowidth (c) ? 0 : g_unichar_iswide (c) ? 2 : 1;
    }
  return width;
}

static void
print_row (const char *const *cells, const guint *widths, guint n_columns)
{
  g_autoptr (GString) line = g_string_new (NULL);

  for (guint i = 0; i < n_columns; i++)
    {
      const char *cell = cells[i] != NULL ? cells[i] : "";

      g_string_append (line, cell);
      if (i + 1 < n_columns)
        for (guint k = display_width (cell); k < widths[i] + 2; k++)
          g_string_append_c (line, ' ');
    }
  while (line->len > 0 && line->str[line->len - 1] == ' ')
    g_string_truncate (line, line->len - 1);
  puts (line->str);
}

void
rounds_cli_print_table (const char *const *headers, GPtrArray *rows)
{
  guint n_columns = g_strv_length ((char **) headers);
  g_autofree guint *widths = g_new0 (guint, n_columns);

  for (guint i = 0; i < n_columns; i++)
    widths[i] = display_width (headers[i]);
  for (guint r = 0; r < rows->len; r++)
    {
      const char *const *cells = rows->pdata[r];

      for (guint i = 0; i < n_columns && cells[i] != NULL; i++)
        widths[i] = MAX (widths[i], display_width (cells[i]));
    }
  print_row (headers, widths, n_columns);
  for (guint r = 0; r < rows->len; r++)
    print_row (rows->pdata[r], widths, n_columns);
  fflush (stdout);
}

void
rounds_cli_add_int (json_object *object, const char *name, gint64 value)
{
  json_object_object_add (object, name, json_object_new_int64 (value));
}

void
rounds_cli_add_double (json_object *object, const char *name, double value)
{
  g_autofree char *digits = isfinite (value) ? rounds_decimal_format (value, 0) : NULL;

  json_object_object_add (object, name, digits != NULL ? rounds_json_new_decimal (digits) : NULL);
}

void
rounds_cli_add_bool (json_object *object, const char *name, gboolean value)
{
  json_object_object_add (object, name, json_object_new_boolean (value));
}

void
rounds_cli_add_text (json_object *object, const char *name, const char *text)
{
  json_object_object_add (object, name, text != NULL ? json_object_new_string (text) : NULL);
}

void
rounds_cli_add_instant (json_object *object, const char *name, gint64 us)
{
  g_autofree char *text = us != G_MININT64 ? rounds_instant_format_us (us) : NULL;

  rounds_cli_add_text (object, name, text);
}
