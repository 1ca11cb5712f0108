/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pick lists and drug knowledge out of data/terminology. A list is one block of text that is scanned for
 * every query: 98,000 lines take some 20 ms, less than keeping an index in step would cost in code and memory.
 * Drug names are hashed, because the allergy check must find them inside free text. */

#include "charts/terminology.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_FILE_BYTES (64 * 1024 * 1024)

typedef struct {
  const char *file;
  const char *system;
  int code_column;      /* −1 = none */
  int display_column;
  int words_column;     /* more words to find it by, −1 = none */
} Source;

static const Source source_icd = { "icd10cm.tsv.gz", ROUNDS_SYSTEM_ICD10CM, 0, 1, -1 };
static const Source source_drugs = { "rx-drugs.tsv.gz", ROUNDS_SYSTEM_RXNORM, 0, 1, -1 };
static const Source source_ingredients = { "rx-ingredients.tsv.gz", ROUNDS_SYSTEM_RXNORM, 0, 1, -1 };
static const Source source_brands = { "rx-brands.tsv.gz", ROUNDS_SYSTEM_RXNORM, 0, 1, -1 };
static const Source source_classes = { "drug-classes.tsv", NULL, 0, 2, -1 };
static const Source source_allergens = { "allergens.tsv", ROUNDS_SYSTEM_RXNORM, 3, 0, 2 };
static const Source source_reactions = { "reactions.tsv", NULL, -1, 0, 1 };
static const Source source_cvx = { "cvx.tsv", ROUNDS_SYSTEM_CVX, 0, 2, 1 };

/* A loaded file: cells end with NUL in `text`, a row has n_columns of them. */
typedef struct {
  char *text;
  guint n_columns;
  guint n_rows;
  guint32 *cells;       /* offsets, n_rows × n_columns */
} Table;

static Table *
table_parse (char *text)
{
  Table *table = g_new0 (Table, 1);
  g_autoptr (GArray) cells = g_array_new (FALSE, FALSE, sizeof (guint32));
  char *p = text;
  gboolean header = TRUE;

  table->text = text;
  while (*p != '\0')
    {
      char *end = strchrnul (p, '\n');
      gboolean last = *end == '\0';
      guint n = 0;

      *end = '\0';
      if (header)
        {
          for (const char *c = p; *c != '\0'; c++)
            n += *c == '\t';
          table->n_columns = n + 1;
          header = FALSE;
        }
      else
        {
          char *cell = p;

          while (n < table->n_columns)
            {
              guint32 offset = (guint32) (cell - text);
              char *tab = strchrnul (cell, '\t');
              gboolean at_end = *tab == '\0';

              *tab = '\0';
              g_array_append_val (cells, offset);
              n++;
              cell = at_end ? tab : tab + 1;
            }
          table->n_rows++;
        }
      if (last)
        break;
      p = end + 1;
    }
  table->cells = (guint32 *) (void *) g_array_steal (cells, NULL);
  return table;
}

static char *
read_file (const char *name, GError **error)
{
  const char *folder = g_getenv ("ROUNDS_TERMINOLOGY_DIR");
  g_autofree char *path = g_build_filename (folder != NULL && *folder != '\0'
                                              ? folder : ROUNDS_PKGDATADIR "/terminology", name, NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GInputStream) stream = G_INPUT_STREAM (g_file_read (file, NULL, error));
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint8 buffer[64 * 1024];
  gssize n;

  if (stream == NULL)
    return NULL;
  if (g_str_has_suffix (name, ".gz"))
    {
      g_autoptr (GConverter) unpack = G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP));
      GInputStream *packed = stream;

      stream = g_converter_input_stream_new (packed, unpack);
      g_object_unref (packed);
    }
  while ((n = g_input_stream_read (stream, buffer, sizeof buffer, NULL, error)) > 0)
    {
      if (bytes->len + (gsize) n > MAX_FILE_BYTES)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, _("%s is too large"), name);
          return NULL;
        }
      g_byte_array_append (bytes, buffer, (guint) n);
    }
  if (n < 0)
    return NULL;
  g_byte_array_append (bytes, (const guint8 *) "", 1);
  if (!g_utf8_validate ((const char *) bytes->data, (gssize) bytes->len - 1, NULL))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _("%s is not UTF-8"), name);
      return NULL;
    }
  return (char *) g_byte_array_steal (bytes, NULL);
}

/* Tables live as long as the process: they are the program's dictionary. */
static const Table *
table_get (const Source *source)
{
  static GMutex lock;
  static GHashTable *tables;
  const Table *table;

  g_mutex_lock (&lock);
  if (tables == NULL)
    tables = g_hash_table_new (g_str_hash, g_str_equal);
  table = g_hash_table_lookup (tables, source->file);
  if (table == NULL)
    {
      g_autoptr (GError) error = NULL;
      char *text = read_file (source->file, &error);

      if (text == NULL)
        {
          g_warning ("pick list: %s", error->message);
          text = g_strdup ("");
        }
      table = table_parse (text);
      g_hash_table_insert (tables, (gpointer) source->file, (gpointer) table);
    }
  g_mutex_unlock (&lock);
  return table;
}

static const char *
cell (const Table *table, guint row, int column)
{
  if (column < 0 || (guint) column >= table->n_columns)
    return "";
  return table->text + table->cells[row * table->n_columns + (guint) column];
}

/* --- typing ahead --------------------------------------------------------------------------------- */

void
rounds_term_free (RoundsTerm *self)
{
  if (self == NULL)
    return;
  g_free (self->code);
  g_free (self->display);
  g_free (self->reference);
  g_free (self);
}

/* Where a word (lower case ASCII) begins a word of the text; −1 = nowhere. */
static int
find_word (const char *text, const char *word)
{
  const gsize length = strlen (word);
  gboolean boundary = TRUE;

  for (const char *p = text; *p != '\0'; p++)
    {
      gboolean inside = g_ascii_isalnum (*p) || (guchar) *p >= 0x80;

      if (boundary && inside && g_ascii_strncasecmp (p, word, length) == 0)
        return (int) (p - text);
      boundary = !inside;
    }
  return -1;
}

typedef struct {
  guint score;
  guint row;
} Hit;

static void
hits_add (GArray *hits, guint limit, guint score, guint row)
{
  Hit hit = { score, row };
  guint i = hits->len;

  while (i > 0 && g_array_index (hits, Hit, i - 1).score > score)
    i--;
  if (i >= limit)
    return;
  g_array_insert_val (hits, i, hit);
  if (hits->len > limit)
    g_array_set_size (hits, limit);
}

static void
search_source (const Source *source, char **words, guint limit, GPtrArray *out)
{
  const Table *table = table_get (source);
  g_autoptr (GArray) hits = g_array_new (FALSE, FALSE, sizeof (Hit));

  if (out->len >= limit)
    return;
  for (guint row = 0; row < table->n_rows; row++)
    {
      const char *display = cell (table, row, source->display_column);
      const char *code = cell (table, row, source->code_column);
      guint score = (guint) MIN (strlen (display), 500);
      gboolean all = TRUE;

      for (guint i = 0; words[i] != NULL && all; i++)
        {
          int at = find_word (display, words[i]);

          if (at >= 0)
            score += at == 0 ? 0 : 200 + (guint) MIN (at, 100);
          else if (source->words_column >= 0 && find_word (cell (table, row, source->words_column), words[i]) >= 0)
            score += 150;
          else if (g_ascii_isdigit (words[i][strlen (words[i]) - 1])
                   && g_ascii_strncasecmp (code, words[i], strlen (words[i])) == 0)
            score += 50;
          else
            all = FALSE;
        }
      if (all)
        hits_add (hits, limit - out->len, score, row);
    }
  for (guint i = 0; i < hits->len; i++)
    {
      guint row = g_array_index (hits, Hit, i).row;
      const char *code = cell (table, row, source->code_column);
      RoundsTerm *term = g_new0 (RoundsTerm, 1);

      term->system = *code != '\0' ? source->system : NULL;
      term->code = *code != '\0' ? g_strdup (code) : NULL;
      term->display = g_strdup (cell (table, row, source->display_column));
      g_ptr_array_add (out, term);
    }
}

typedef struct {
  const char *system, *code, *display;
} ShortTerm;

#define SYSTEM_ROUTE "http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration"

static const ShortTerm routes[] = {
  { SYSTEM_ROUTE, "PO", N_("by mouth") }, { SYSTEM_ROUTE, "IVINJ", N_("intravenous") },
  { SYSTEM_ROUTE, "IVPB", N_("intravenous infusion") }, { SYSTEM_ROUTE, "SQ", N_("subcutaneous") },
  { SYSTEM_ROUTE, "IM", N_("intramuscular") }, { SYSTEM_ROUTE, "IPINHL", N_("inhaled") },
  { SYSTEM_ROUTE, "SL", N_("under the tongue") }, { SYSTEM_ROUTE, "PR", N_("rectal") },
  { SYSTEM_ROUTE, "TOPICAL", N_("on the skin") }, { SYSTEM_ROUTE, "TRNSDERM", N_("transdermal patch") },
  { SYSTEM_ROUTE, "NASINHLC", N_("nasal") }, { SYSTEM_ROUTE, "OPTHALTA", N_("in the eye") },
  { SYSTEM_ROUTE, "OTIC", N_("in the ear") }, { SYSTEM_ROUTE, "GT", N_("by gastric tube") },
};
/* Codes are ours only inside this program: section-medications turns them into Timing.repeat. */
static const ShortTerm frequencies[] = {
  { NULL, "1/1d", N_("once a day") }, { NULL, "2/1d", N_("twice a day") }, { NULL, "3/1d", N_("three times a day") },
  { NULL, "4/1d", N_("four times a day") }, { NULL, "1/1d MORN", N_("in the morning") },
  { NULL, "1/1d EVE", N_("in the evening") }, { NULL, "1/1d HS", N_("at bedtime") }, { NULL, "1/4h", N_("every 4 h") },
  { NULL, "1/6h", N_("every 6 h") }, { NULL, "1/8h", N_("every 8 h") }, { NULL, "1/12h", N_("every 12 h") },
  { NULL, "1/24h", N_("every 24 h") }, { NULL, "1/1wk", N_("once a week") }, { NULL, "PRN", N_("as needed") },
  { NULL, "ONCE", N_("once") },
};
static const ShortTerm note_types[] = {
  { ROUNDS_SYSTEM_LOINC, "11506-3", "Progress note" }, { ROUNDS_SYSTEM_LOINC, "34117-2", "History and physical note" },
  { ROUNDS_SYSTEM_LOINC, "18842-5", "Discharge summary" }, { ROUNDS_SYSTEM_LOINC, "11488-4", "Consult note" },
  { ROUNDS_SYSTEM_LOINC, "28570-0", "Procedure note" }, { ROUNDS_SYSTEM_LOINC, "34746-8", "Nurse Note" },
};

static void
search_short (const ShortTerm *terms, guint n, char **words, guint limit, GPtrArray *out)
{
  for (guint i = 0; i < n && out->len < limit; i++)
    {
      const char *display = _(terms[i].display);
      gboolean all = TRUE;

      for (guint w = 0; words[w] != NULL && all; w++)
        all = find_word (display, words[w]) >= 0 || find_word (terms[i].display, words[w]) >= 0;
      if (all)
        {
          RoundsTerm *term = g_new0 (RoundsTerm, 1);

          term->system = terms[i].system;
          term->code = g_strdup (terms[i].code);
          term->display = g_strdup (display);
          g_ptr_array_add (out, term);
        }
    }
}

static char **
query_words (const char *query)
{
  g_autofree char *ascii = g_str_to_ascii (query != NULL ? query : "", NULL);
  g_autofree char *lower = g_ascii_strdown (ascii, -1);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) parts = g_strsplit_set (lower, " ,;/()[]", -1);

  for (guint i = 0, n = 0; parts[i] != NULL && n < 8; i++)
    if (parts[i][0] != '\0')
      {
        g_strv_builder_add (builder, parts[i]);
        n++;
      }
  return g_strv_builder_end (builder);
}

GPtrArray *
rounds_terms_search (RoundsTermList list, const char *query, guint limit)
{
  GPtrArray *out = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_term_free);
  g_auto (GStrv) words = query_words (query);
  const gboolean none = words[0] == NULL;

  switch (list)
    {
    case ROUNDS_TERMS_ROUTES:
      search_short (routes, G_N_ELEMENTS (routes), words, limit, out);
      break;
    case ROUNDS_TERMS_FREQUENCIES:
      search_short (frequencies, G_N_ELEMENTS (frequencies), words, limit, out);
      break;
    case ROUNDS_TERMS_NOTE_TYPES:
      search_short (note_types, G_N_ELEMENTS (note_types), words, limit, out);
      break;
    case ROUNDS_TERMS_PROBLEMS:
      if (!none)
        search_source (&source_icd, words, limit, out);
      break;
    case ROUNDS_TERMS_DRUGS:
      if (!none)
        {
          search_source (&source_drugs, words, limit, out);
          search_source (&source_ingredients, words, limit, out);
        }
      break;
    case ROUNDS_TERMS_ALLERGENS:
      if (!none)
        {
          search_source (&source_allergens, words, MAX (limit / 2, 1), out);
          search_source (&source_ingredients, words, limit, out);
        }
      break;
    case ROUNDS_TERMS_REACTIONS:
      if (!none)
        search_source (&source_reactions, words, limit, out);
      break;
    case ROUNDS_TERMS_VACCINES:
      if (!none)
        search_source (&source_cvx, words, limit, out);
      break;
    case ROUNDS_TERMS_NONE:
    case ROUNDS_N_TERM_LISTS:
    default:
      break;
    }
  return out;
}

/* --- drugs ---------------------------------------------------------------------------------------- */

typedef struct {
  GHashTable *by_code;      /* rxcui → "723;48203" (borrowed cell) */
  GHashTable *incomplete;   /* rxcui set: not every ingredient is known */
  GHashTable *by_name;      /* "penicillin v" → cell */
  GHashTable *names;        /* IN rxcui → name cell */
  GHashTable *classes;      /* IN rxcui → GPtrArray of class name cells */
  GHashTable *form_words;   /* words of dose forms, units and salts: never a drug by themselves */
} Drugs;

/* Lower case, one blank between words of letters and digits. */
static char *
normalise (const char *text)
{
  g_autofree char *ascii = g_str_to_ascii (text, NULL);
  GString *out = g_string_sized_new (strlen (ascii));

  for (const char *p = ascii; *p != '\0'; p++)
    {
      if (g_ascii_isalnum (*p))
        g_string_append_c (out, g_ascii_tolower (*p));
      else if (out->len > 0 && out->str[out->len - 1] != ' ')
        g_string_append_c (out, ' ');
    }
  if (out->len > 0 && out->str[out->len - 1] == ' ')
    g_string_truncate (out, out->len - 1);
  return g_string_free (out, FALSE);
}

/* Names that the United States and the rest of the world write differently. */
static const char *const other_names[][2] = {
  { "paracetamol", "acetaminophen" }, { "salbutamol", "albuterol" }, { "adrenaline", "epinephrine" },
  { "noradrenaline", "norepinephrine" }, { "acetylsalicylic acid", "aspirin" }, { "asa", "aspirin" },
  { "pethidine", "meperidine" }, { "glibenclamide", "glyburide" }, { "frusemide", "furosemide" },
  { "furosemid", "furosemide" }, { "lignocaine", "lidocaine" }, { "ciclosporin", "cyclosporine" },
  { "rifampicin", "rifampin" }, { "amoxycillin", "amoxicillin" }, { "phenoxymethylpenicillin", "penicillin v" },
  { "benzylpenicillin", "penicillin g" }, { "aciclovir", "acyclovir" }, { "cefalexin", "cephalexin" },
  { "co amoxiclav", "augmentin" }, { "co trimoxazole", "bactrim" }, { "cotrimoxazole", "bactrim" },
  { "metamizole", "dipyrone" }, { "suxamethonium", "succinylcholine" }, { "isoprenaline", "isoproterenol" },
  { "dexamfetamine", "dextroamphetamine" }, { "heparin sodium", "heparin" },
};

static void
add_form_words (GHashTable *set, const char *text)
{
  g_autofree char *plain = normalise (text);
  g_auto (GStrv) words = g_strsplit (plain, " ", -1);

  for (guint i = 0; words[i] != NULL; i++)
    if (words[i][0] != '\0')
      g_hash_table_add (set, g_strdup (words[i]));
}

static Drugs *
drugs_load (void)
{
  Drugs *drugs = g_new0 (Drugs, 1);
  const Table *table;

  drugs->by_code = g_hash_table_new (g_str_hash, g_str_equal);
  drugs->incomplete = g_hash_table_new (g_str_hash, g_str_equal);
  drugs->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  drugs->names = g_hash_table_new (g_str_hash, g_str_equal);
  drugs->classes = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_ptr_array_unref);
  drugs->form_words = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  table = table_get (&source_drugs);
  for (guint i = 0; i < table->n_rows; i++)
    {
      const char *parts = cell (table, i, 2);

      if (*parts != '\0')
        g_hash_table_insert (drugs->by_code, (gpointer) cell (table, i, 0), (gpointer) parts);
      if (strcmp (cell (table, i, 3), "1") != 0 || *parts == '\0')
        g_hash_table_add (drugs->incomplete, (gpointer) cell (table, i, 0));
      add_form_words (drugs->form_words, cell (table, i, 5));
    }
  add_form_words (drugs->form_words,
                  "mg ml mcg g kg ug iu unit units hr h actuat percent meq mmol % of and with in per a the for "
                  "day daily sodium potassium hydrochloride calcium sulfate acetate tartrate maleate citrate mesylate "
                  "phosphate fumarate succinate besylate bromide chloride magnesium hcl dose allergy allergic to po iv "
                  "sc im allergies reaction preservative free adult child drug drugs once twice");
  table = table_get (&source_brands);
  for (guint i = 0; i < table->n_rows; i++)
    {
      if (*cell (table, i, 2) == '\0')
        continue;
      g_hash_table_insert (drugs->by_code, (gpointer) cell (table, i, 0), (gpointer) cell (table, i, 2));
      g_hash_table_insert (drugs->by_name, normalise (cell (table, i, 1)), (gpointer) cell (table, i, 2));
    }
  table = table_get (&source_ingredients);
  for (guint i = 0; i < table->n_rows; i++)
    {
      const char *code = cell (table, i, 0), *name = cell (table, i, 1), *parts = cell (table, i, 2);

      if (*parts == '\0')
        continue;
      g_hash_table_insert (drugs->by_code, (gpointer) code, (gpointer) parts);
      g_hash_table_insert (drugs->by_name, normalise (name), (gpointer) parts);
      if (strcmp (code, parts) == 0)
        g_hash_table_insert (drugs->names, (gpointer) code, (gpointer) name);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (other_names); i++)
    {
      const char *parts = g_hash_table_lookup (drugs->by_name, other_names[i][1]);

      if (parts != NULL && !g_hash_table_contains (drugs->by_name, other_names[i][0]))
        g_hash_table_insert (drugs->by_name, g_strdup (other_names[i][0]), (gpointer) parts);
    }
  table = table_get (&source_classes);
  for (guint i = 0; i < table->n_rows; i++)
    {
      const char *code = cell (table, i, 0);
      GPtrArray *names = g_hash_table_lookup (drugs->classes, code);

      if (names == NULL)
        {
          names = g_ptr_array_new ();
          g_hash_table_insert (drugs->classes, (gpointer) code, names);
        }
      g_ptr_array_add (names, (gpointer) cell (table, i, 2));
    }
  return drugs;
}

static const Drugs *
drugs_get (void)
{
  static gsize once;

  if (g_once_init_enter (&once))
    g_once_init_leave (&once, (gsize) drugs_load ());
  return (const Drugs *) once;
}

void
rounds_drug_free (RoundsDrug *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->ingredients);
  g_free (self);
}

static void
add_parts (GPtrArray *ingredients, const char *parts)
{
  g_auto (GStrv) codes = g_strsplit (parts, ";", -1);

  for (guint i = 0; codes[i] != NULL; i++)
    if (codes[i][0] != '\0' && !g_ptr_array_find_with_equal_func (ingredients, codes[i], g_str_equal, NULL))
      g_ptr_array_add (ingredients, g_strdup (codes[i]));
}

static gboolean
has_letter (const char *word)
{
  for (; *word != '\0'; word++)
    if (g_ascii_isalpha (*word))
      return TRUE;
  return FALSE;
}

/* The longest run of words from `first` that names a drug: how many words, 0 = none. */
static guint
match_words (const Drugs *drugs, char **words, guint first, guint n_words, const char **parts)
{
  for (guint length = MIN (6, n_words - first); length >= 1; length--)
    {
      g_autoptr (GString) name = g_string_new (words[first]);

      for (guint i = 1; i < length; i++)
        g_string_append_printf (name, " %s", words[first + i]);
      *parts = g_hash_table_lookup (drugs->by_name, name->str);
      /* "penicillins", "sulfonamides": allergies are often written in the plural. */
      if (*parts == NULL && length == 1 && name->len > 5 && name->str[name->len - 1] == 's')
        {
          g_string_truncate (name, name->len - 1);
          *parts = g_hash_table_lookup (drugs->by_name, name->str);
        }
      if (*parts != NULL
          && (length > 1 || (name->len >= 3 && has_letter (name->str)
                             && !g_hash_table_contains (drugs->form_words, name->str))))
        return length;
    }
  return 0;
}

RoundsDrug *
rounds_drug_lookup (const char *rxcui, const char *text)
{
  const Drugs *drugs = drugs_get ();
  RoundsDrug *drug = g_new0 (RoundsDrug, 1);
  const char *parts = rxcui != NULL ? g_hash_table_lookup (drugs->by_code, rxcui) : NULL;
  const gboolean by_code = parts != NULL;
  gboolean unknown_words = FALSE;

  drug->ingredients = g_ptr_array_new_with_free_func (g_free);
  if (parts != NULL)
    {
      add_parts (drug->ingredients, parts);
      drug->complete = !g_hash_table_contains (drugs->incomplete, rxcui);
      if (drug->complete)
        return drug;
    }
  if (text != NULL)
    {
      g_autofree char *plain = normalise (text);
      g_auto (GStrv) words = g_strsplit (plain, " ", -1);
      guint n_words = g_strv_length (words);

      for (guint i = 0; i < n_words;)
        {
          guint length = match_words (drugs, words, i, n_words, &parts);

          if (length > 0)
            add_parts (drug->ingredients, parts);
          else if (has_letter (words[i]) && !g_ascii_isdigit (words[i][0])
                   && !g_hash_table_contains (drugs->form_words, words[i]))
            unknown_words = TRUE;
          i += MAX (length, 1);
        }
      drug->complete = !by_code && drug->ingredients->len > 0 && !unknown_words;
    }
  if (rxcui != NULL && g_hash_table_contains (drugs->incomplete, rxcui))
    drug->complete = FALSE;
  return drug;
}

const char *
rounds_ingredient_name (const char *in_rxcui)
{
  return g_hash_table_lookup (drugs_get ()->names, in_rxcui);
}

GPtrArray *
rounds_ingredient_classes (const char *in_rxcui)
{
  return g_hash_table_lookup (drugs_get ()->classes, in_rxcui);
}

/* What people write for a class, and words of the class names that it means. */
static const char *const class_words[][2] = {
  { "penicillin", "penicillin" }, { "cephalosporin", "cephalosporin" }, { "cefalosporin", "cephalosporin" },
  { "sulfa", "sulfonamide" }, { "sulpha", "sulfonamide" }, { "sulfonamide", "sulfonamide" },
  { "sulphonamide", "sulfonamide" }, { "nsaid", "nonsteroidal anti inflammatory" },
  { "nonsteroidal anti inflammatory", "nonsteroidal anti inflammatory" },
  { "non steroidal anti inflammatory", "nonsteroidal anti inflammatory" },
  { "statin", "hmg coa reductase" }, { "ace inhibitor", "angiotensin converting enzyme" },
  { "opioid", "opioid" }, { "opiate", "opioid" }, { "macrolide", "macrolide" }, { "quinolone", "quinolone" },
  { "fluoroquinolone", "quinolone" }, { "tetracycline", "tetracycline" }, { "aminoglycoside", "aminoglycoside" },
  { "carbapenem", "carbapenem" }, { "barbiturate", "barbiturate" }, { "benzodiazepine", "benzodiazepine" },
  { "contrast", "contrast agent" }, { "beta blocker", "beta adrenergic blocker" }, { "thiazide", "thiazide" },
  { "phenothiazine", "phenothiazine" }, { "sulfonylurea", "sulfonylurea" }, { "local anesthetic", "local anesthetic" },
  { "local anaesthetic", "local anesthetic" }, { "corticosteroid", "corticosteroid" },
};

static gboolean
contains_words (const char *text, const char *words)
{
  const gsize length = strlen (words);

  for (const char *p = strstr (text, words); p != NULL; p = strstr (p + 1, words))
    {
      const char after = p[length];

      /* At a word's beginning; plural allowed. */
      if ((p == text || p[-1] == ' ') && (after == '\0' || after == ' ' || after == 's'))
        return TRUE;
    }
  return FALSE;
}

gboolean
rounds_text_names_class (const char *text, const char *class_name)
{
  g_autofree char *plain = normalise (text);
  g_autofree char *name = normalise (class_name);

  if (*plain == '\0')
    return FALSE;
  if (contains_words (plain, name))
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (class_words); i++)
    if (contains_words (plain, class_words[i][0]) && contains_words (name, class_words[i][1]))
      return TRUE;
  return FALSE;
}
