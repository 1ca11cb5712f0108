/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Notes: DocumentReference written here; DiagnosticReport and Composition shown when they carry text. Text is
 * kept as an inline attachment in UTF-8 so that any FHIR server and any program can read it. */

#include <glib/gi18n-lib.h>
#include <string.h>

#include "charts/notes.h"
#include "charts/sections.h"
#include "charts/words.h"
#include "fhir/resource.h"

#define ATTACHMENT "content.0.attachment"
#define MAX_NOTE_BYTES (4 * 1024 * 1024)

/* Inline data of an attachment as text; NULL when it is none. */
static char *
attachment_text (json_object *attachment)
{
  const char *data = rounds_json_peek_string (attachment, "data");
  const char *type = rounds_json_peek_string (attachment, "contentType");
  g_autofree guchar *bytes = NULL;
  g_autofree char *text = NULL;
  gsize length = 0;

  if (data == NULL || strlen (data) > MAX_NOTE_BYTES * 2)
    return NULL;
  if (type != NULL && !g_str_has_prefix (type, "text/") && !g_str_has_prefix (type, "application/xhtml"))
    return NULL;
  bytes = g_base64_decode (data, &length);
  if (length == 0 || length > MAX_NOTE_BYTES)
    return NULL;
  if (g_utf8_validate ((const char *) bytes, (gssize) length, NULL) && memchr (bytes, 0, length) == NULL)
    text = g_strndup ((const char *) bytes, length);
  else
    text = g_convert ((const char *) bytes, (gssize) length, "UTF-8", "WINDOWS-1252", NULL, NULL, NULL);
  if (text == NULL)
    return NULL;
  if (type != NULL && strstr (type, "html") != NULL)
    return rounds_words_strip_html (text);
  return g_steal_pointer (&text);
}

static char *
composition_text (json_object *resource)
{
  json_object *sections = rounds_json_peek (resource, "section");
  g_autoptr (GString) all = g_string_new (NULL);

  for (gsize i = 0; json_object_is_type (sections, json_type_array) && i < json_object_array_length (sections); i++)
    {
      json_object *section = json_object_array_get_idx (sections, i);
      const char *title = rounds_json_peek_string (section, "title");
      g_autofree char *text = rounds_words_strip_html (rounds_json_peek_string (section, "text.div"));

      if (all->len > 0)
        g_string_append (all, "\n\n");
      g_string_append_printf (all, "%s%s%s", title != NULL ? title : "", title != NULL ? "\n" : "",
                              text != NULL ? text : "");
    }
  if (all->len == 0)
    return rounds_words_strip_html (rounds_json_peek_string (resource, "text.div"));
  return g_strdup (all->str);
}

/* The first attachment in an array of contents that is text. */
static char *
first_text (json_object *array, const char *member)
{
  for (gsize i = 0; json_object_is_type (array, json_type_array) && i < json_object_array_length (array); i++)
    {
      json_object *item = json_object_array_get_idx (array, i);
      char *text = attachment_text (member != NULL ? rounds_json_peek (item, member) : item);

      if (text != NULL)
        return text;
    }
  return NULL;
}

char *
rounds_note_text (json_object *resource)
{
  const char *type = rounds_json_peek_string (resource, "resourceType");
  char *text;

  if (g_strcmp0 (type, "Composition") == 0)
    return composition_text (resource);
  if (g_strcmp0 (type, "DiagnosticReport") == 0)
    {
      text = first_text (rounds_json_peek (resource, "presentedForm"), NULL);
      return text != NULL ? text : g_strdup (rounds_json_peek_string (resource, "conclusion"));
    }
  return first_text (rounds_json_peek (resource, "content"), "attachment");
}

char *
rounds_note_title (json_object *resource)
{
  const char *title = rounds_json_peek_string (resource, ATTACHMENT ".title");

  if (title == NULL)
    title = rounds_json_peek_string (resource, "title");
  if (title == NULL)
    title = rounds_json_peek_string (resource, "description");
  if (title == NULL)
    title = rounds_concept_display (rounds_json_peek (resource, "type"));
  if (title == NULL)
    title = rounds_concept_display (rounds_json_peek (resource, "code"));
  return g_strdup (title != NULL ? title : _("Note"));
}

gboolean
rounds_note_is_signed (json_object *resource)
{
  const char *status = rounds_json_peek_string (resource, "docStatus");

  if (g_strcmp0 (rounds_json_peek_string (resource, "resourceType"), "DocumentReference") != 0)
    return TRUE;
  /* Without a docStatus nobody said that it is a draft: an imported document is not ours to change. */
  return g_strcmp0 (status, "preliminary") != 0;
}

const char *
rounds_note_appends_to (json_object *resource)
{
  const char *reference;

  if (g_strcmp0 (rounds_json_peek_string (resource, "relatesTo.0.code"), "appends") != 0)
    return NULL;
  reference = rounds_json_peek_string (resource, "relatesTo.0.target.reference");
  if (reference == NULL || !g_str_has_prefix (reference, "DocumentReference/"))
    return NULL;
  return reference + strlen ("DocumentReference/");
}

json_object *
rounds_note_addendum_values (json_object *original)
{
  json_object *values = json_object_new_object ();
  g_autofree char *title = rounds_note_title (original);
  g_autofree char *addendum = g_strdup_printf (_("Addendum to %s"), title);
  json_object *type = rounds_field_get (rounds_section_field (&rounds_section_notes, "type"), original);

  rounds_json_add_string (values, "title", addendum);
  if (type != NULL)
    json_object_object_add (values, "type", type);
  rounds_json_add_string (values, "appends", rounds_json_peek_string (original, "id"));
  return values;
}

const char *
rounds_note_soap_template (void)
{
  return _("Subjective\n\n\nObjective\n\n\nAssessment\n\n\nPlan\n\n");
}

static gboolean
accepts (json_object *resource)
{
  if (g_strcmp0 (rounds_json_peek_string (resource, "resourceType"), "DiagnosticReport") == 0)
    return rounds_json_peek (resource, "presentedForm.0") != NULL;
  return TRUE;
}

static gboolean
is_active (json_object *resource)
{
  return g_strcmp0 (rounds_json_peek_string (resource, "status"), "superseded") != 0;
}

static gboolean
can_edit (json_object *resource)
{
  return !rounds_note_is_signed (resource);
}

static const char *
author_of (json_object *resource)
{
  const char *name = rounds_concept_display (rounds_json_peek (resource, "author.0"));

  if (name == NULL)
    name = rounds_concept_display (rounds_json_peek (resource, "authenticator"));
  if (name == NULL)
    name = rounds_concept_display (rounds_json_peek (resource, "performer.0"));
  return name;
}

static char *
column_title (json_object *resource, gint64 now_us)
{
  return rounds_note_title (resource);
}

static char *
column_when (json_object *resource, gint64 now_us)
{
  return rounds_words_when (rounds_resource_peek_time (resource), now_us);
}

static char *
column_author (json_object *resource, gint64 now_us)
{
  return g_strdup (author_of (resource));
}

static char *
column_excerpt (json_object *resource, gint64 now_us)
{
  g_autofree char *text = rounds_note_text (resource);
  g_autofree char *head = NULL;
  gboolean blank = FALSE;
  char *to;

  if (text == NULL)
    return rounds_json_peek (resource, ATTACHMENT) != NULL
             ? g_strdup (rounds_json_peek_string (resource, ATTACHMENT ".contentType")) : NULL;
  head = g_utf8_substring (text, 0, MIN (g_utf8_strlen (text, -1), 400));
  to = head;
  for (const char *from = head; *from != '\0'; from++)
    {
      gboolean space = *from == '\n' || *from == '\r' || *from == ' ' || *from == '\t';

      if (!space || !blank)
        *to++ = space ? ' ' : *from;
      blank = space;
    }
  *to = '\0';
  return g_strdup (g_strstrip (head));
}

static char *
pill (json_object *resource, RoundsMark *mark)
{
  if (!rounds_note_is_signed (resource))
    {
      *mark = ROUNDS_MARK_LOOK;
      return g_strdup (_("unsigned"));
    }
  if (rounds_note_appends_to (resource) != NULL)
    return g_strdup (_("addendum"));
  return NULL;
}

static char *
column_status (json_object *resource, gint64 now_us)
{
  if (g_strcmp0 (rounds_json_peek_string (resource, "resourceType"), "DocumentReference") != 0)
    return g_strdup (rounds_words_code (rounds_json_peek_string (resource, "status")));
  if (!rounds_note_is_signed (resource))
    return g_strdup (_("unsigned"));
  if (g_strcmp0 (rounds_json_peek_string (resource, "docStatus"), "final") == 0)
    return g_strdup (_("signed"));
  return g_strdup (rounds_words_code (rounds_json_peek_string (resource, "status")));
}

/* "Dr Osei · signed": what stands under the title in the summary. */
static char *
when (json_object *resource, gint64 now_us)
{
  g_autofree char *time = column_when (resource, now_us);
  g_autofree char *status = column_status (resource, now_us);
  const char *author = author_of (resource);
  GString *out = g_string_new (time != NULL ? time : "");

  if (author != NULL)
    g_string_append_printf (out, "%s%s", out->len > 0 ? " · " : "", author);
  if (status != NULL)
    g_string_append_printf (out, "%s%s", out->len > 0 ? " · " : "", status);
  return g_string_free (out, FALSE);
}

static void
fill (json_object *resource, const char *who, gint64 now_us)
{
  g_autofree char *now = rounds_date_from_typed ("now", now_us, NULL);

  rounds_json_set_string (resource, "status", "current");
  rounds_json_set_string (resource, "docStatus", "preliminary");
  rounds_json_set_string (resource, "date", now);
  rounds_json_set_string (resource, "author.0.display", who);
  rounds_json_set_string (resource, ATTACHMENT ".contentType", "text/plain; charset=utf-8");
}

static void
sign_resource (json_object *resource, const char *who, gint64 now_us)
{
  g_autofree char *now = rounds_date_from_typed ("now", now_us, NULL);

  rounds_json_set_string (resource, "docStatus", "final");
  rounds_json_set_string (resource, "date", now);
  rounds_json_set_string (resource, "authenticator.display", who);
}

static void
mark_error (json_object *resource)
{
  rounds_json_set_string (resource, "status", "entered-in-error");
  if (rounds_json_peek (resource, "docStatus") != NULL)
    rounds_json_set_string (resource, "docStatus", "entered-in-error");
}

static json_object *
text_get (json_object *resource)
{
  g_autofree char *text = rounds_note_text (resource);

  return text != NULL ? json_object_new_string (text) : NULL;
}

static gboolean
text_set (json_object *resource, json_object *value, GError **error)
{
  const char *text = value != NULL ? json_object_get_string (value) : "";
  gsize length = strlen (text);
  g_autofree char *data = NULL;

  if (length > MAX_NOTE_BYTES)
    {
      g_set_error (error, ROUNDS_CHARTS_ERROR, ROUNDS_CHARTS_ERROR_INVALID, _("A note holds at most 4 MB of text"));
      return FALSE;
    }
  data = g_base64_encode ((const guchar *) text, length);
  /* A digest of the old text would call the new one damaged. */
  rounds_json_set (resource, ATTACHMENT ".hash", NULL);
  rounds_json_set (resource, ATTACHMENT ".size", NULL);
  rounds_json_set_string (resource, ATTACHMENT ".contentType", "text/plain; charset=utf-8");
  return rounds_json_set_string (resource, ATTACHMENT ".data", length > 0 ? data : NULL);
}

static json_object *
appends_get (json_object *resource)
{
  const char *id = rounds_note_appends_to (resource);

  return id != NULL ? json_object_new_string (id) : NULL;
}

static gboolean
appends_set (json_object *resource, json_object *value, GError **error)
{
  g_autofree char *reference = NULL;

  if (value == NULL)
    return rounds_json_set (resource, "relatesTo", NULL);
  reference = g_strconcat ("DocumentReference/", json_object_get_string (value), NULL);
  return rounds_json_set_string (resource, "relatesTo.0.code", "appends")
         && rounds_json_set_string (resource, "relatesTo.0.target.reference", reference);
}

static const RoundsColumn columns[] = {
  { "title", N_("Note"), column_title, .strong = TRUE },
  { "when", N_("When"), column_when },
  { "author", N_("By"), column_author },
  { "text", N_("Begins"), column_excerpt, .wide = TRUE },
  { "status", N_("Status"), column_status },
};

static const RoundsField fields[] = {
  { "title", N_("Title"), ROUNDS_FIELD_TEXT, ATTACHMENT ".title", .initial = N_("Ward round"), .required = TRUE, .half = TRUE },
  { "type", N_("Kind"), ROUNDS_FIELD_CONCEPT, "type", .terms = ROUNDS_TERMS_NOTE_TYPES, .half = TRUE },
  { "text", N_("Text"), ROUNDS_FIELD_MULTILINE, NULL, .required = TRUE, .get = text_get, .set = text_set },
  /* Not shown: which note this one appends to. */
  { "appends", NULL, ROUNDS_FIELD_TEXT, NULL, .get = appends_get, .set = appends_set },
};

static const char *const types[] = { "DocumentReference", "DiagnosticReport", "Composition", NULL };

const RoundsSection rounds_section_notes = {
  .id = "notes", .title = N_("Notes"), .one = N_("note"), .add = N_("Write note"), .save = N_("Keep unsigned"),
  .empty = N_("No notes are written."), .types = types, .accepts = accepts, .is_active = is_active,
  .can_edit = can_edit, .columns = columns, .n_columns = G_N_ELEMENTS (columns), .fields = fields,
  .n_fields = G_N_ELEMENTS (fields), .fill = fill, .mark_error = mark_error, .sign = N_("Sign"),
  .sign_resource = sign_resource, .pill = pill, .when = when, .line = column_excerpt, .name = rounds_note_title,
};
