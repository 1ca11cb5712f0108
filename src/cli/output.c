/* SPDX-License-Identifier: GPL-3.0-or-later */

/* How answers look: JSON for scripts, tables for people. Numbers that came as decimals keep their digits. */

#include "cli/cli.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/instant.h"
#include "base/quantity.h"

/* A terminal obeys these, or shows a text in another order than it was written in. */
static gboolean
is_unprintable (gunichar c)
{
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069);
}

char *
rounds_cli_clean (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *out = g_string_sized_new (strlen (valid));

  for (const char *at = valid; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      if (c == '\t' || c == '\n' || c == '\r')
        g_string_append_c (out, ' ');
      else
        g_string_append_unichar (out, is_unprintable (c) ? 0xfffd : c);
    }
  return g_string_free (out, FALSE);
}

void
rounds_cli_print_line (const char *format, ...)
{
  g_autofree char *text = NULL, *clean = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  clean = rounds_cli_clean (text);
  puts (clean);
}

/* In JSON they can only stand within strings, where an escape means the same. */
void
rounds_cli_print_json_text (const char *json)
{
  g_autoptr (GString) out = g_string_sized_new (strlen (json));

  for (const char *at = json; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      if (is_unprintable (c) && c != '\n')
        g_string_append_printf (out, "\\u%04x", c);
      else
        g_string_append_unichar (out, c);
    }
  puts (out->str);
}

void
rounds_cli_print_json (json_object *object)
{
  g_autofree char *text = rounds_json_print (object);

  rounds_cli_print_json_text (text);
  fflush (stdout);
  json_object_put (object);
}

void
rounds_cli_print_pretty (json_object *object)
{
  g_autofree char *text = rounds_json_print_pretty (object);

  rounds_cli_print_json_text (text);
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
      g_autofree char *cell = rounds_cli_clean (cells[i] != NULL ? cells[i] : "");

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
        {
          g_autofree char *cell = rounds_cli_clean (cells[i]);

          widths[i] = MAX (widths[i], display_width (cell));
        }
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
