/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A conflict as rows of words. Elements are called as the forms call them where a form has them, else by their
 * spaced FHIR name; what merged by itself is told too, because a decision about a dose is made looking at the
 * whole prescription and not at the dose alone. */

#include "app/conflict-rows.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/instant.h"
#include "charts/notes.h"
#include "charts/section.h"
#include "charts/words.h"

#define MAX_SAME 6
#define MAX_SHOWN 4000   /* characters of one value: two long texts must not look the same because both were cut */

void
rounds_conflict_row_free (RoundsConflictRow *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  g_free (self->element);
  g_free (self->field);
  g_free (self->element_field);
  g_free (self->base);
  g_free (self->mine);
  g_free (self->theirs);
  g_free (self);
}

static char *
cut (char *text_taken)
{
  g_autofree char *text = text_taken;
  g_autofree char *head = NULL;

  if (text == NULL || g_utf8_strlen (text, -1) <= MAX_SHOWN)
    return g_steal_pointer (&text);
  head = g_utf8_substring (text, 0, MAX_SHOWN);
  return g_strdup_printf ("%s…", head);
}

static gboolean
is_text_of_note (json_object *resource, const char *path)
{
  const char *type = rounds_json_peek_string (resource, "resourceType");
  const char *part = g_strcmp0 (type, "DocumentReference") == 0  ? "content"
                     : g_strcmp0 (type, "DiagnosticReport") == 0 ? "presentedForm"
                     : g_strcmp0 (type, "Composition") == 0      ? "section"
                                                                 : NULL;
  gsize n = part != NULL ? strlen (part) : 0;

  return n > 0 && strncmp (path, part, n) == 0 && (path[n] == '\0' || path[n] == '.');
}

/* What a note says, not the letters in which it travels. NULL when it is no text. */
static char *
note_words (json_object *resource)
{
  g_autofree char *text = rounds_note_text (resource);
  const char *title = rounds_json_peek_string (resource, "content.0.attachment.title");

  if (text == NULL)
    return title != NULL ? g_strdup (title)
                         : g_strdup (rounds_json_peek_string (resource, "content.0.attachment.contentType"));
  return title != NULL ? g_strdup_printf ("%s\n%s", title, text) : g_steal_pointer (&text);
}

char *
rounds_conflict_words (json_object *resource, const char *path)
{
  json_object *value = resource != NULL ? rounds_json_peek (resource, path) : NULL;
  const char *text = json_object_is_type (value, json_type_string) ? json_object_get_string (value) : NULL;
  char *words = NULL;

  if (value == NULL)
    return g_strdup ("—");
  if (is_text_of_note (resource, path))
    words = cut (note_words (resource));
  else if (g_str_equal (path, "docStatus") && g_strcmp0 (text, "final") == 0)
    words = g_strdup (_("signed"));
  else if (text != NULL && g_utf8_strlen (text, -1) > 100)
    words = cut (g_strdup (text));
  if (words == NULL)
    words = rounds_words_any (value);
  if (words != NULL && *words == '\0')
    g_clear_pointer (&words, g_free);
  return words != NULL ? words : g_strdup ("—");
}

static json_object *
peek (json_object *resource, const char *path)
{
  return resource != NULL ? rounds_json_peek (resource, path) : NULL;
}

/* "medication.text" is the form's "Drug"; a path above several fields has no name there. */
static char *
field_name (const RoundsSection *section, const char *path, json_object *any)
{
  gsize length = strlen (path);
  const char *found = NULL;

  if (is_text_of_note (any, path))
    return g_strdup (_("Text"));
  if (g_str_equal (path, "docStatus"))
    return g_strdup (_("Signature"));
  for (guint i = 0; section != NULL && i < section->n_fields; i++)
    {
      const RoundsField *field = &section->fields[i];
      gsize n = field->path != NULL ? strlen (field->path) : 0;
      gboolean choice = n > 3 && strcmp (field->path + n - 3, "[x]") == 0;

      if (n == 0 || field->title == NULL)
        continue;
      if (choice ? strncmp (path, field->path, n - 3) == 0 && g_ascii_isupper (path[n - 3])
                 : strncmp (path, field->path, n) == 0 && (path[n] == '\0' || path[n] == '.'))
        return g_strdup (_(field->title));
      if (strncmp (field->path, path, length) != 0 || field->path[length] != '.')
        continue;
      if (found != NULL)
        return rounds_words_path (path);
      found = field->title;
    }
  return found != NULL ? g_strdup (_(found)) : rounds_words_path (path);
}

static RoundsConflictRow *
row_new (RoundsConflictKind kind, const RoundsSection *section, const char *path, json_object *base,
         json_object *mine, json_object *theirs)
{
  RoundsConflictRow *row = g_new0 (RoundsConflictRow, 1);
  const char *dot = strchr (path, '.');
  json_object *any = mine != NULL ? mine : theirs != NULL ? theirs : base;

  row->kind = kind;
  row->path = g_strdup (path);
  row->element = dot != NULL ? g_strndup (path, dot - path) : g_strdup (path);
  row->field = field_name (section, path, any);
  row->element_field = field_name (section, row->element, any);
  row->base = rounds_conflict_words (base, path);
  row->mine = rounds_conflict_words (mine, path);
  row->theirs = rounds_conflict_words (theirs, path);
  /* What differs must be seen to differ, in whatever form. */
  if (kind == ROUNDS_CONFLICT_CHOOSE && strcmp (row->mine, row->theirs) == 0)
    {
      json_object *m = peek (mine, path), *t = peek (theirs, path);

      g_free (row->mine);
      g_free (row->theirs);
      row->mine = m != NULL ? rounds_json_print (m) : g_strdup ("—");
      row->theirs = t != NULL ? rounds_json_print (t) : g_strdup ("—");
    }
  return row;
}

static gboolean
same (json_object *a, json_object *b)
{
  return a == NULL || b == NULL ? a == b : rounds_json_equal (a, b);
}

static gboolean
is_told (GPtrArray *rows, const char *element)
{
  for (guint i = 0; i < rows->len; i++)
    if (strcmp (((RoundsConflictRow *) rows->pdata[i])->element, element) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
is_for_people (const char *element)
{
  static const char *const others[] = { "resourceType", "id", "meta", "text", "implicitRules", "language", "contained",
                                        "extension", "identifier", "subject", "patient" };

  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    if (strcmp (element, others[i]) == 0)
      return FALSE;
  return *element != '_';
}

static void
add_rest (GPtrArray *rows, const RoundsSection *section, json_object *base, json_object *mine, json_object *theirs)
{
  json_object *sides[] = { base, mine, theirs };
  g_autoptr (GPtrArray) unchanged = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_conflict_row_free);

  for (gsize s = 0; s < G_N_ELEMENTS (sides); s++)
    {
      if (!json_object_is_type (sides[s], json_type_object))
        continue;
      json_object_object_foreach (sides[s], element, value)
        {
          json_object *b = peek (base, element), *m = peek (mine, element), *t = peek (theirs, element);
          RoundsConflictKind kind = same (m, t)   ? (same (b, m) ? ROUNDS_CONFLICT_SAME : ROUNDS_CONFLICT_JOINED)
                                    : same (b, m) ? ROUNDS_CONFLICT_FROM_THEIRS
                                    : same (b, t) ? ROUNDS_CONFLICT_FROM_MINE
                                                  : ROUNDS_CONFLICT_JOINED;
          GPtrArray *where = kind == ROUNDS_CONFLICT_SAME ? unchanged : rows;

          (void) value;
          if (!is_for_people (element) || is_told (rows, element) || is_told (unchanged, element) ||
              (kind == ROUNDS_CONFLICT_SAME && unchanged->len >= MAX_SAME))
            continue;
          g_ptr_array_add (where, row_new (kind, section, element, base, mine, theirs));
        }
    }
  g_ptr_array_extend_and_steal (rows, g_steal_pointer (&unchanged));
}

GPtrArray *
rounds_conflict_rows_new (const RoundsConflict *conflict, json_object *base, json_object *mine, json_object *theirs)
{
  GPtrArray *rows = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_conflict_row_free);
  json_object *any = mine != NULL ? mine : theirs != NULL ? theirs : base;
  const RoundsSection *section = any != NULL ? rounds_section_of (conflict->type, any) : NULL;

  gboolean by_field = FALSE;

  for (guint i = 0; conflict->paths != NULL && conflict->paths[i] != NULL; i++)
    by_field |= conflict->paths[i][0] != '\0';
  /* Of a server that was put back no element is in conflict: the whole is. */
  if (mine == NULL || theirs == NULL || !by_field)
    {
      RoundsConflictRow *row = g_new0 (RoundsConflictRow, 1);

      row->kind = ROUNDS_CONFLICT_CHOOSE;
      row->path = g_strdup ("");
      row->element = g_strdup ("");
      row->field = g_strdup (_("The whole entry"));
      row->base = g_strdup (base != NULL ? _("was there") : "—");
      row->mine = g_strdup (mine != NULL ? _("keep it, as it is here") : _("deleted here"));
      row->theirs = g_strdup (theirs != NULL ? _("keep it, as it is there") : _("not there any more"));
      g_ptr_array_add (rows, row);
    }
  else
    for (guint i = 0; conflict->paths != NULL && conflict->paths[i] != NULL; i++)
      if (conflict->paths[i][0] != '\0')
        g_ptr_array_add (rows, row_new (ROUNDS_CONFLICT_CHOOSE, section, conflict->paths[i], base, mine, theirs));
  add_rest (rows, section, base, mine, theirs);
  return rows;
}

char *
rounds_conflict_version_words (json_object *resource)
{
  const char *version = resource != NULL ? rounds_json_peek_string (resource, "meta.versionId") : NULL;
  const char *updated = resource != NULL ? rounds_json_peek_string (resource, "meta.lastUpdated") : NULL;
  g_autofree char *when = rounds_words_when (updated, rounds_instant_now_us ());

  /* A server may call its versions by a UUID: that tells nobody anything. */
  if (version == NULL || strlen (version) > 8)
    return g_steal_pointer (&when);
  if (when == NULL)
    return g_strdup_printf (_("version %s"), version);
  return g_strdup_printf (_("version %s · %s"), version, when);
}
