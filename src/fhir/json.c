/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Strict JSON from bytes that may be hostile.
 *
 * One pass checks the grammar of RFC 8259 and builds json-c's tree itself, because json-c's own parser takes
 * too much (NaN, single quotes, a name twice, lone surrogates) and loses too much (-0, whole numbers beyond
 * 64 bit). Everything is bounded before it is allocated: bytes, depth, and what the tree would weigh, for
 * "{}" costs json-c two hundred times its three bytes. Numbers that do not come back from 64 bits letter by
 * letter keep their text. Recursion is as deep as the document, which is 64 at most. */

#include "fhir/json-private.h"

#include <glib/gi18n-lib.h>
#include <stdlib.h>
#include <string.h>

/* What a tree may weigh, estimated. A dense FHIR document of 64 MiB stays below. */
#define MAX_TREE_BYTES (G_GINT64_CONSTANT (2048) * 1024 * 1024)
#define OBJECT_BYTES 800
#define ARRAY_BYTES 136
#define SCALAR_BYTES 64
#define MEMBER_BYTES 32

/* FHIR asks for 18 significant digits; this leaves room for anything sane. */
#define MAX_NUMBER_BYTES 4096

G_DEFINE_QUARK (rounds-fhir-error-quark, rounds_fhir_error)

typedef struct {
  const char *start;
  const char *p;
  const char *end;
  guint depth;
  gint64 weight;
  GString *unescaped; /* scratch for strings with escapes */

  /* the first thing that was wrong */
  const char *where;
  const char *what; /* translated, static */
  gboolean is_limit;
} Parser;

static gboolean parse_value (Parser *self, json_object **out);

static gboolean
fail (Parser *self, const char *where, const char *what)
{
  self->where = where;
  self->what = what;
  return FALSE;
}

static gboolean
fail_limit (Parser *self, const char *what)
{
  self->is_limit = TRUE;
  return fail (self, self->p, what);
}

static gboolean
add_weight (Parser *self, gint64 bytes)
{
  self->weight += bytes;
  return self->weight <= MAX_TREE_BYTES || fail_limit (self, _ ("too large in memory"));
}

static inline void
skip_blanks (Parser *self)
{
  const char *p = self->p;

  while (p < self->end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
    p++;
  self->p = p;
}

static gboolean
read_hex4 (Parser *self, const char *p, guint *out)
{
  guint value = 0;

  if (self->end - p < 4)
    return FALSE;
  for (int i = 0; i < 4; i++)
    {
      int digit = g_ascii_xdigit_value (p[i]);

      if (digit < 0)
        return FALSE;
      value = value << 4 | (guint) digit;
    }
  *out = value;
  return TRUE;
}

/* \uXXXX, with its second half when it is a surrogate; p stands after the u. */
static gboolean
read_unicode_escape (Parser *self, const char **cursor)
{
  const char *p = *cursor;
  guint unit, low;

  if (!read_hex4 (self, p, &unit))
    return fail (self, p, _ ("four hexadecimal digits expected"));
  p += 4;
  if (unit >= 0xd800 && unit <= 0xdfff)
    {
      if (unit >= 0xdc00 || self->end - p < 6 || p[0] != '\\' || p[1] != 'u' ||
          !read_hex4 (self, p + 2, &low) || low < 0xdc00 || low > 0xdfff)
        return fail (self, p, _ ("half of a surrogate pair"));
      p += 6;
      unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    }
  if (unit == 0)
    g_string_append_c (self->unescaped, '\0');
  else
    g_string_append_unichar (self->unescaped, unit);
  *cursor = p;
  return TRUE;
}

static gboolean
read_escape (Parser *self, const char **cursor)
{
  const char *p = *cursor;
  char c;

  if (p >= self->end)
    return fail (self, p, _ ("string without an end"));
  switch (*p++)
    {
    case '"': c = '"'; break;
    case '\\': c = '\\'; break;
    case '/': c = '/'; break;
    case 'b': c = '\b'; break;
    case 'f': c = '\f'; break;
    case 'n': c = '\n'; break;
    case 'r': c = '\r'; break;
    case 't': c = '\t'; break;
    case 'u':
      *cursor = p;
      return read_unicode_escape (self, cursor);
    default:
      return fail (self, p - 1, _ ("unknown escape"));
    }
  g_string_append_c (self->unescaped, c);
  *cursor = p;
  return TRUE;
}

/* Reads a string whose opening quote is at p. The result lies in the document when it has no escapes, else
 * in the scratch buffer; either way until the next call. */
static gboolean
read_string (Parser *self, const char **text, gsize *length)
{
  const char *run = self->p + 1;
  const char *p = run;
  gboolean escaped = FALSE;

  for (;;)
    {
      while (p < self->end && (guchar) *p >= 0x20 && *p != '"' && *p != '\\')
        p++;
      if (p >= self->end)
        return fail (self, p, _ ("string without an end"));
      if ((guchar) *p < 0x20)
        return fail (self, p, _ ("control character in a string"));
      if (*p == '"')
        break;

      if (!escaped)
        g_string_truncate (self->unescaped, 0);
      escaped = TRUE;
      g_string_append_len (self->unescaped, run, p - run);
      p++;
      if (!read_escape (self, &p))
        return FALSE;
      run = p;
    }

  if (escaped)
    {
      g_string_append_len (self->unescaped, run, p - run);
      *text = self->unescaped->str;
      *length = self->unescaped->len;
    }
  else
    {
      *text = run;
      *length = (gsize) (p - run);
    }
  self->p = p + 1;
  return TRUE;
}

static gboolean
parse_member (Parser *self, struct lh_table *table)
{
  const char *name_at, *text;
  gsize length;
  json_object *value = NULL;
  unsigned long hash;
  char *name;

  skip_blanks (self);
  name_at = self->p;
  if (self->p >= self->end || *self->p != '"')
    return fail (self, self->p, _ ("member name expected"));
  if (!read_string (self, &text, &length))
    return FALSE;
  if (memchr (text, '\0', length) != NULL)
    return fail (self, name_at, _ ("NUL in a member name"));
  if (!add_weight (self, MEMBER_BYTES + (gint64) length))
    return FALSE;

  name = malloc (length + 1);
  if (name == NULL)
    g_error ("out of memory");
  memcpy (name, text, length);
  name[length] = '\0';
  hash = lh_get_hash (table, name);
  if (lh_table_lookup_entry_w_hash (table, name, hash) != NULL)
    {
      free (name);
      return fail (self, name_at, _ ("member name given twice"));
    }

  skip_blanks (self);
  if (self->p >= self->end || *self->p != ':')
    {
      free (name);
      return fail (self, self->p, _ ("colon expected"));
    }
  self->p++;
  if (!parse_value (self, &value))
    {
      free (name);
      return FALSE;
    }
  if (lh_table_insert_w_hash (table, name, value, hash, 0) != 0)
    g_error ("out of memory");
  return TRUE;
}

static gboolean
enter (Parser *self, gint64 weight)
{
  if (self->depth == ROUNDS_JSON_MAX_DEPTH)
    return fail_limit (self, _ ("nested more than 64 deep"));
  self->depth++;
  self->p++;
  skip_blanks (self);
  return add_weight (self, weight);
}

static gboolean
parse_object (Parser *self, json_object **out)
{
  g_autoptr (json_object) object = NULL;
  struct lh_table *table;

  if (!enter (self, OBJECT_BYTES))
    return FALSE;
  object = json_object_new_object ();
  table = json_object_get_object (object);
  if (self->p < self->end && *self->p == '}')
    self->p++;
  else
    for (;;)
      {
        if (!parse_member (self, table))
          return FALSE;
        skip_blanks (self);
        if (self->p < self->end && *self->p == ',')
          {
            self->p++;
            continue;
          }
        if (self->p >= self->end || *self->p != '}')
          return fail (self, self->p, _ ("comma or } expected"));
        self->p++;
        break;
      }
  self->depth--;
  *out = g_steal_pointer (&object);
  return TRUE;
}

static gboolean
parse_array (Parser *self, json_object **out)
{
  g_autoptr (json_object) array = NULL;

  if (!enter (self, ARRAY_BYTES))
    return FALSE;
  array = json_object_new_array_ext (2);
  if (self->p < self->end && *self->p == ']')
    self->p++;
  else
    for (;;)
      {
        json_object *item = NULL;

        if (!add_weight (self, 2 * (gint64) sizeof (gpointer)) || !parse_value (self, &item))
          return FALSE;
        json_object_array_add (array, item);
        skip_blanks (self);
        if (self->p < self->end && *self->p == ',')
          {
            self->p++;
            continue;
          }
        if (self->p >= self->end || *self->p != ']')
          return fail (self, self->p, _ ("comma or ] expected"));
        self->p++;
        break;
      }
  self->depth--;
  *out = g_steal_pointer (&array);
  return TRUE;
}

static gboolean
parse_number (Parser *self, json_object **out)
{
  const char *end = rounds_json_scan_number (self->p, self->end);

  if (end == NULL)
    return fail (self, self->p, _ ("value expected"));
  if (end - self->p > MAX_NUMBER_BYTES)
    return fail_limit (self, _ ("number with too many digits"));
  if (!add_weight (self, SCALAR_BYTES + (end - self->p)))
    return FALSE;
  *out = rounds_json_build_number (self->p, (gsize) (end - self->p));
  self->p = end;
  return TRUE;
}

static gboolean
parse_word (Parser *self, const char *word)
{
  gsize length = strlen (word);

  if ((gsize) (self->end - self->p) < length || memcmp (self->p, word, length) != 0)
    return fail (self, self->p, _ ("value expected"));
  self->p += length;
  return TRUE;
}

static gboolean
parse_value (Parser *self, json_object **out)
{
  const char *text;
  gsize length;

  skip_blanks (self);
  if (self->p >= self->end)
    return fail (self, self->p, _ ("value expected"));

  switch (*self->p)
    {
    case '{':
      return parse_object (self, out);
    case '[':
      return parse_array (self, out);
    case '"':
      if (!read_string (self, &text, &length) || !add_weight (self, SCALAR_BYTES + (gint64) length))
        return FALSE;
      *out = json_object_new_string_len (text, (int) length);
      return TRUE;
    case 't':
      if (!parse_word (self, "true") || !add_weight (self, SCALAR_BYTES))
        return FALSE;
      *out = json_object_new_boolean (1);
      return TRUE;
    case 'f':
      if (!parse_word (self, "false") || !add_weight (self, SCALAR_BYTES))
        return FALSE;
      *out = json_object_new_boolean (0);
      return TRUE;
    case 'n':
      *out = NULL;
      return parse_word (self, "null");
    default:
      return parse_number (self, out);
    }
}

static void
set_error (Parser *self, GError **error)
{
  guint line = 1, column = 1;

  for (const char *p = self->start; p < self->where; p++)
    {
      if (*p == '\n')
        {
          line++;
          column = 1;
        }
      else if (((guchar) *p & 0xc0) != 0x80)
        column++;
    }
  /* Translators: the place of a mistake in a JSON file and what it is. */
  g_set_error (error, ROUNDS_FHIR_ERROR, self->is_limit ? ROUNDS_FHIR_ERROR_LIMIT : ROUNDS_FHIR_ERROR_SYNTAX,
               _ ("Line %u, column %u: %s"), line, column, self->what);
}

json_object *
rounds_json_parse (const char *text, gssize length, GError **error)
{
  Parser parser = { 0 };
  g_autoptr (json_object) value = NULL;
  gboolean ok;

  g_return_val_if_fail (text != NULL || length == 0, NULL);

  if (text == NULL)
    text = "";
  if (length < 0)
    length = (gssize) strlen (text);
  if (length > ROUNDS_JSON_MAX_BYTES)
    {
      g_set_error_literal (error, ROUNDS_FHIR_ERROR, ROUNDS_FHIR_ERROR_LIMIT, _ ("The document is larger than 64 MiB"));
      return NULL;
    }
  if (length >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0)
    {
      text += 3;
      length -= 3;
    }

  parser.start = parser.p = text;
  parser.end = text + length;
  ok = length == 0 || g_utf8_validate_len (text, (gsize) length, &parser.where);
  if (!ok)
    parser.what = *parser.where == '\0' ? _ ("NUL byte") : _ ("not UTF-8");
  else
    {
      parser.unescaped = g_string_new (NULL);
      ok = parse_value (&parser, &value);
      if (ok)
        {
          skip_blanks (&parser);
          if (parser.p < parser.end)
            ok = fail (&parser, parser.p, _ ("something after the end of the document"));
        }
      g_string_free (parser.unescaped, TRUE);
    }
  if (!ok)
    {
      set_error (&parser, error);
      return NULL;
    }
  if (value == NULL)
    {
      /* json-c knows null only as NULL, which here means an error. */
      g_set_error_literal (error, ROUNDS_FHIR_ERROR, ROUNDS_FHIR_ERROR_NOT_FHIR, _ ("The document is null"));
      return NULL;
    }
  return g_steal_pointer (&value);
}
