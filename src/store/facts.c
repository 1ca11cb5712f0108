/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads out of a resource what the tables are indexed by: patient, time, codes, references, and of a Patient
 * the words that type-ahead looks through. Pure and free of the database, so that an import does it on the
 * caller's thread while the writer writes the piece before. */
#include "store/facts.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>

#include "base/instant.h"
#include "fhir/reference.h"
#include "fhir/resource.h"

/* A resource with more codes or words than this is not indexed further. */
#define MAX_CODES 64
#define MAX_WORDS 256

char *
rounds_json_squeeze (const char *text, gsize length)
{
  char *out = g_malloc (length + 1);
  char *to = out;
  gboolean in_string = FALSE;

  for (gsize i = 0; i < length; i++)
    {
      char c = text[i];

      if (in_string)
        {
          *to++ = c;
          if (c == '\\' && i + 1 < length)
            *to++ = text[++i];
          else if (c == '"')
            in_string = FALSE;
          continue;
        }
      if (c == ' ' || c == '\n' || c == '\r' || c == '\t')
        continue;
      in_string = c == '"';
      *to++ = c;
    }
  *to = '\0';
  return out;
}

/* --- words ------------------------------------------------------------------------------------------ */

/* Letters that no decomposition turns into plain ones. */
static const char *
plain_letter (gunichar c)
{
  switch (c)
    {
    case 0xf8: return "o";
    case 0x142: return "l";
    case 0x111: case 0xf0: return "d";
    case 0xe6: return "ae";
    case 0x153: return "oe";
    case 0xfe: return "th";
    case 0x131: return "i";
    case 0x127: return "h";
    default: return NULL;
    }
}

/* Folds one piece without blanks: joined gets its letters and digits; parts (or NULL) the runs of them. */
static void
fold_piece (const char *piece, gssize length, GString *joined, GPtrArray *parts)
{
  g_autofree char *folded = g_utf8_casefold (piece, length);
  g_autofree char *normal = g_utf8_normalize (folded, -1, G_NORMALIZE_NFKD);
  g_autoptr (GString) part = g_string_new (NULL);

  for (const char *at = normal != NULL ? normal : ""; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);
      const char *plain;

      if (g_unichar_ismark (c))
        continue;
      if (!g_unichar_isalnum (c))
        {
          if (parts != NULL && part->len > 0)
            g_ptr_array_add (parts, g_strdup (part->str));
          g_string_truncate (part, 0);
          continue;
        }
      plain = plain_letter (c);
      if (plain != NULL)
        g_string_append (part, plain), g_string_append (joined, plain);
      else
        g_string_append_unichar (part, c), g_string_append_unichar (joined, c);
    }
  if (parts != NULL && part->len > 0)
    g_ptr_array_add (parts, g_strdup (part->str));
}

char *
rounds_fold_words (const char *text)
{
  GString *out = g_string_new (NULL);
  g_auto (GStrv) pieces = NULL;
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  /* An ideographic space parts words too. */
  for (char *at = valid; *at != '\0'; at = g_utf8_next_char (at))
    if (g_utf8_get_char (at) == 0x3000)
      memset (at, ' ', 3);
  pieces = g_strsplit_set (valid, " \t\r\n", -1);
  for (guint i = 0; pieces[i] != NULL; i++)
    {
      gsize before = out->len;

      if (before > 0)
        g_string_append_c (out, ' ');
      fold_piece (pieces[i], -1, out, NULL);
      if (out->len == before + 1 && before > 0)
        g_string_truncate (out, before);
    }
  return g_string_free (out, FALSE);
}

static void
add_word (GHashTable *words, const char *word)
{
  if (*word != '\0' && g_hash_table_size (words) < MAX_WORDS)
    g_hash_table_add (words, g_strdup (word));
}

static void
add_words (GHashTable *words, const char *text)
{
  g_auto (GStrv) pieces = NULL;

  if (text == NULL)
    return;
  pieces = g_strsplit_set (text, " \t\r\n", -1);
  for (guint i = 0; pieces[i] != NULL; i++)
    {
      g_autoptr (GString) joined = g_string_new (NULL);
      g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (g_free);

      fold_piece (pieces[i], -1, joined, parts);
      add_word (words, joined->str);
      for (guint k = 0; parts->len > 1 && k < parts->len; k++)
        add_word (words, parts->pdata[k]);
    }
}

/* A phone number begins where its groups begin: "+1 555-1234" is found by 1555, 5551 and 1234. */
static void
add_phone (GHashTable *words, const char *text)
{
  g_autoptr (GString) digits = g_string_new (NULL);
  g_autoptr (GArray) starts = g_array_new (FALSE, FALSE, sizeof (gsize));
  gboolean inside = FALSE;

  if (text == NULL)
    return;
  for (const char *at = text; *at != '\0'; at++)
    {
      if (!g_ascii_isdigit (*at))
        {
          inside = FALSE;
          continue;
        }
      if (!inside)
        g_array_append_val (starts, digits->len);
      inside = TRUE;
      g_string_append_c (digits, *at);
    }
  for (guint i = 0; i < starts->len; i++)
    add_word (words, digits->str + g_array_index (starts, gsize, i));
}

static void
add_date (GHashTable *words, const char *date)
{
  int year, month, day;
  char text[16];

  add_words (words, date);
  if (date == NULL || sscanf (date, "%4d-%2d-%2d", &year, &month, &day) != 3)
    return;
  g_snprintf (text, sizeof text, "%02d%02d%04d", day % 100, month % 100, year % 10000);
  add_word (words, text);
  g_snprintf (text, sizeof text, "%02d%02d%04d", month % 100, day % 100, year % 10000);
  add_word (words, text);
}

static void
add_name_words (GHashTable *words, json_object *name)
{
  static const char *const lists[] = { "given", "prefix", "suffix" };

  add_words (words, rounds_json_peek_string (name, "text"));
  add_words (words, rounds_json_peek_string (name, "family"));
  for (guint k = 0; k < G_N_ELEMENTS (lists); k++)
    {
      json_object *list = rounds_json_peek (name, lists[k]);

      for (gsize i = 0; json_object_is_type (list, json_type_array) &&
           i < json_object_array_length (list); i++)
        if (json_object_is_type (json_object_array_get_idx (list, i), json_type_string))
          add_words (words, json_object_get_string (json_object_array_get_idx (list, i)));
    }
}

static json_object *
peek_array (json_object *resource, const char *name, gsize *n)
{
  json_object *array = rounds_json_peek (resource, name);

  *n = json_object_is_type (array, json_type_array) ? MIN (json_object_array_length (array), 200) : 0;
  return array;
}

static int
compare_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

static char *
join_words (GHashTable *words)
{
  guint n;
  g_autofree char **list = (char **) g_hash_table_get_keys_as_array (words, &n);

  qsort (list, n, sizeof *list, compare_text);
  return g_strjoinv (" ", list);
}

static RoundsPatientFacts *
patient_facts (json_object *resource)
{
  RoundsPatientFacts *self = g_new0 (RoundsPatientFacts, 1);
  g_autoptr (GHashTable) words = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) values = g_ptr_array_new ();
  const char *mrn = rounds_patient_mrn (resource);
  json_object *array, *deceased;
  gsize n;

  self->name = rounds_patient_display_name (resource);
  self->birth_date = g_strdup (rounds_json_peek_string (resource, "birthDate"));
  self->sex = g_strdup (rounds_json_peek_string (resource, "gender"));
  deceased = rounds_json_peek (resource, "deceasedBoolean");
  self->deceased = json_object_is_type (deceased, json_type_boolean)
                     ? json_object_get_boolean (deceased)
                     : rounds_json_peek (resource, "deceasedDateTime") != NULL;
  array = peek_array (resource, "name", &n);
  for (gsize i = 0; i < n; i++)
    add_name_words (words, json_object_array_get_idx (array, i));
  /* As the list shows it: "王秀英" finds 王 and 秀英. */
  add_words (words, self->name);
  add_date (words, self->birth_date);
  array = peek_array (resource, "telecom", &n);
  for (gsize i = 0; i < n; i++)
    add_phone (words, rounds_json_peek_string (json_object_array_get_idx (array, i), "value"));
  if (mrn != NULL)
    g_ptr_array_add (values, g_strdup (mrn));
  array = peek_array (resource, "identifier", &n);
  for (gsize i = 0; i < n; i++)
    {
      json_object *identifier = json_object_array_get_idx (array, i);
      const char *value = rounds_json_peek_string (identifier, "value");

      if (g_strcmp0 (rounds_json_peek_string (identifier, "system"), ROUNDS_FHIR_CHANGE_SYSTEM) == 0)
        continue;
      add_words (words, value);
      if (value != NULL && *value != '\0' && g_strcmp0 (value, mrn) != 0)
        g_ptr_array_add (values, g_strdup (value));
    }
  g_ptr_array_add (values, NULL);
  self->identifier_values = (char **) g_ptr_array_free (g_steal_pointer (&values), FALSE);
  if (self->identifier_values[0] != NULL)
    self->identifiers = g_strjoinv (" ", self->identifier_values);
  self->words = join_words (words);
  return self;
}

static void
patient_facts_free (RoundsPatientFacts *self)
{
  g_free (self->name);
  g_free (self->birth_date);
  g_free (self->sex);
  g_free (self->identifiers);
  g_free (self->words);
  g_strfreev (self->identifier_values);
  g_free (self);
}

/* --- codes ------------------------------------------------------------------------------------------ */

static void
add_coding (GPtrArray *codes, const char *system, const char *code)
{
  g_autofree char *text = NULL;

  if (code == NULL || *code == '\0' || codes->len >= MAX_CODES || strlen (code) > 200)
    return;
  text = g_strconcat (code, "|", system != NULL ? system : "", NULL);
  for (guint i = 0; i < codes->len; i++)
    if (g_str_equal (codes->pdata[i], text))
      return;
  g_ptr_array_add (codes, g_steal_pointer (&text));
}

static void
add_concept (GPtrArray *codes, json_object *concept)
{
  gsize n;
  json_object *coding = peek_array (concept, "coding", &n);

  for (gsize i = 0; i < n; i++)
    {
      json_object *entry = json_object_array_get_idx (coding, i);

      add_coding (codes, rounds_json_peek_string (entry, "system"), rounds_json_peek_string (entry, "code"));
    }
}

static char **
list_codes (json_object *resource)
{
  GPtrArray *codes = g_ptr_array_new ();
  json_object *concept = rounds_resource_peek_concept (resource);
  json_object *components;
  gsize n;

  if (json_object_is_type (concept, json_type_object))
    add_concept (codes, concept);
  components = peek_array (resource, "component", &n);
  for (gsize i = 0; i < n; i++)
    add_concept (codes, rounds_json_peek (json_object_array_get_idx (components, i), "code"));
  g_ptr_array_add (codes, NULL);
  return (char **) g_ptr_array_free (codes, FALSE);
}

/* --- all -------------------------------------------------------------------------------------------- */

static gboolean
invalid (GError **error, const char *type, const char *id, const char *what)
{
  g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID, "%s/%s: %s", type != NULL ? type : "?",
               id != NULL ? id : "?", what);
  return FALSE;
}

static gboolean
check_identity (json_object *resource, const char *type, const char *id, const char **found_id,
                GError **error)
{
  const char *found_type = NULL;
  g_autoptr (GError) local = NULL;

  *found_id = NULL;
  if (type == NULL || !rounds_fhir_is_type (type))
    return invalid (error, type, id, _("not a resource type of FHIR R4"));
  if (id != NULL && !rounds_fhir_is_id (id))
    return invalid (error, type, id, _("not a FHIR id"));
  if (!rounds_resource_identify (resource, &found_type, found_id, &local))
    return invalid (error, type, id, local->message);
  if (!g_str_equal (found_type, type))
    return invalid (error, type, id, _("resourceType is another"));
  if (id == NULL && *found_id == NULL)
    return invalid (error, type, id, _("no id"));
  if (id != NULL && *found_id != NULL && !g_str_equal (*found_id, id))
    return invalid (error, type, id, _("the id inside is another"));
  return TRUE;
}

static RoundsFacts *
facts_of (const char *type, const char *id, json_object *resource)
{
  RoundsFacts *self = g_new0 (RoundsFacts, 1);
  const char *time = rounds_resource_peek_time (resource);
  const char *updated = rounds_json_peek_string (resource, "meta.lastUpdated");
  g_auto (GStrv) refs = rounds_reference_list (resource);
  RoundsInstant instant;

  self->type = g_strdup (type);
  self->id = g_strdup (id);
  self->patient_id = g_strdup (g_str_equal (type, "Patient") ? id
                               : rounds_resource_peek_patient_id (resource));
  if (self->patient_id != NULL && !rounds_fhir_is_id (self->patient_id))
    g_clear_pointer (&self->patient_id, g_free);
  if (time != NULL && rounds_instant_parse (time, &instant, NULL))
    {
      self->has_time = TRUE;
      self->time_us = instant.us;
    }
  if (updated != NULL && rounds_instant_parse (updated, &instant, NULL))
    self->last_updated_us = instant.us;
  self->version_id = g_strdup (rounds_json_peek_string (resource, "meta.versionId"));
  self->codes = list_codes (resource);
  if (refs != NULL && refs[0] != NULL)
    self->refs = g_strjoinv ("\n", refs);
  if (g_str_equal (type, "Patient"))
    self->patient = patient_facts (resource);
  return self;
}

RoundsFacts *
rounds_facts_new_from_json (const char *type, const char *id, json_object *resource, GError **error)
{
  RoundsFacts *self;
  const char *found;

  if (!check_identity (resource, type, id, &found, error))
    return NULL;
  if (found == NULL)
    json_object_object_add (resource, "id", json_object_new_string (id));
  self = facts_of (type, id != NULL ? id : found, resource);
  self->text = rounds_json_print (resource);
  return self;
}

RoundsFacts *
rounds_facts_new (const char *type, const char *id, const char *text, GError **error)
{
  g_autoptr (json_object) resource = NULL;
  g_autoptr (GError) local = NULL;

  if (text == NULL)
    {
      invalid (error, type, id, _("no content"));
      return NULL;
    }
  resource = rounds_json_parse (text, -1, &local);
  if (resource == NULL)
    {
      invalid (error, type, id, local->message);
      return NULL;
    }
  return rounds_facts_new_of (type, id, text, resource, error);
}

RoundsFacts *
rounds_facts_new_of (const char *type, const char *id, const char *text, json_object *resource, GError **error)
{
  RoundsFacts *self;
  const char *found;

  if (!check_identity (resource, type, id, &found, error))
    return NULL;
  if (found == NULL)
    return rounds_facts_new_from_json (type, id, resource, error);
  self = facts_of (type, found, resource);
  if (g_str_has_prefix (text, "\xef\xbb\xbf"))
    text += 3;
  self->text = rounds_json_squeeze (text, strlen (text));
  return self;
}

RoundsFacts *
rounds_facts_new_renamed (const char *type, const char *new_id, const char *text, GError **error)
{
  g_autoptr (json_object) resource = NULL;
  g_autoptr (GError) local = NULL;

  resource = rounds_json_parse (text, -1, &local);
  if (!json_object_is_type (resource, json_type_object))
    {
      invalid (error, type, new_id, local != NULL ? local->message : _("no resource"));
      return NULL;
    }
  json_object_object_add (resource, "id", json_object_new_string (new_id));
  return rounds_facts_new_from_json (type, new_id, resource, error);
}

void
rounds_facts_free (RoundsFacts *self)
{
  if (self == NULL)
    return;
  g_free (self->type);
  g_free (self->id);
  g_free (self->text);
  g_free (self->patient_id);
  g_strfreev (self->codes);
  g_free (self->refs);
  g_free (self->version_id);
  g_clear_pointer (&self->patient, patient_facts_free);
  g_free (self);
}
