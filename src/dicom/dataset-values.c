/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads values out of the index that dataset.c made: numbers in any VR, text in any character set. Everything is
 * read from the bytes each time; nothing is cached, so nothing needs a lock. */
#include "dicom/dataset.h"

#include <math.h>
#include <string.h>

#include "dicom/dcmtk.h"

/* Elements that are read on every open, so that an implicit VR file needs no dictionary for them. */
static const struct { guint32 tag; char vr[3]; } common[] = {
  { 0x00080005u, "CS" }, { 0x00080008u, "CS" }, { 0x00080016u, "UI" }, { 0x00080018u, "UI" },
  { 0x00080060u, "CS" }, { 0x00180050u, "DS" }, { 0x00181063u, "DS" }, { 0x00181114u, "DS" },
  { 0x00181120u, "DS" }, { 0x00181164u, "DS" }, { 0x00200032u, "DS" }, { 0x00200037u, "DS" },
  { 0x00280002u, "US" }, { 0x00280004u, "CS" }, { 0x00280006u, "US" }, { 0x00280008u, "IS" },
  { 0x00280010u, "US" }, { 0x00280011u, "US" }, { 0x00280030u, "DS" }, { 0x00280034u, "IS" },
  { 0x00280100u, "US" }, { 0x00280101u, "US" }, { 0x00280102u, "US" }, { 0x00280103u, "US" },
  { 0x00280106u, "US" }, { 0x00280107u, "US" }, { 0x00280120u, "US" }, { 0x00280121u, "US" },
  { 0x00281050u, "DS" }, { 0x00281051u, "DS" }, { 0x00281052u, "DS" }, { 0x00281053u, "DS" },
  { 0x00281054u, "LO" }, { 0x00281056u, "CS" }, { 0x00281101u, "US" }, { 0x00281102u, "US" },
  { 0x00281103u, "US" }, { 0x00281201u, "OW" }, { 0x00281202u, "OW" }, { 0x00281203u, "OW" },
  { 0x00281221u, "OW" }, { 0x00281222u, "OW" }, { 0x00281223u, "OW" }, { 0x00282110u, "CS" },
  { 0x00283002u, "US" }, { 0x00283006u, "OW" }, { 0x7FE00008u, "OF" }, { 0x7FE00009u, "OD" },
  { 0x7FE00010u, "OW" },
};

guint16
rounds_dictionary_vr (guint32 tag)
{
  char text[3] = "UN";

  if ((tag & 0xFFFF) == 0)
    return ROUNDS_VR ('U', 'L');
  for (guint i = 0; i < G_N_ELEMENTS (common); i++)
    if (common[i].tag == tag)
      return ROUNDS_VR (common[i].vr[0], common[i].vr[1]);
  rounds_dcmtk_dictionary_vr (tag, text);
  return ROUNDS_VR (text[0], text[1]);
}

gboolean
rounds_vr_is_text (guint16 vr)
{
  switch (vr)
    {
    case ROUNDS_VR ('L', 'O'): case ROUNDS_VR ('L', 'T'): case ROUNDS_VR ('P', 'N'): case ROUNDS_VR ('S', 'H'):
    case ROUNDS_VR ('S', 'T'): case ROUNDS_VR ('U', 'C'): case ROUNDS_VR ('U', 'T'):
      return TRUE;
    default:
      return FALSE;
    }
}

static gboolean
is_plain_text (guint16 vr)
{
  switch (vr)
    {
    case ROUNDS_VR ('A', 'E'): case ROUNDS_VR ('A', 'S'): case ROUNDS_VR ('C', 'S'): case ROUNDS_VR ('D', 'A'):
    case ROUNDS_VR ('D', 'S'): case ROUNDS_VR ('D', 'T'): case ROUNDS_VR ('I', 'S'): case ROUNDS_VR ('T', 'M'):
    case ROUNDS_VR ('U', 'I'): case ROUNDS_VR ('U', 'R'):
      return TRUE;
    default:
      return FALSE;
    }
}

/* One long text without values: leading blanks belong to it. */
static gboolean
is_long_text (guint16 vr)
{
  return vr == ROUNDS_VR ('L', 'T') || vr == ROUNDS_VR ('S', 'T') || vr == ROUNDS_VR ('U', 'T') ||
         vr == ROUNDS_VR ('U', 'R');
}

guint
rounds_vr_word (guint16 vr)
{
  switch (vr)
    {
    case ROUNDS_VR ('A', 'T'): case ROUNDS_VR ('O', 'W'): case ROUNDS_VR ('S', 'S'): case ROUNDS_VR ('U', 'S'):
      return 2;
    case ROUNDS_VR ('F', 'L'): case ROUNDS_VR ('O', 'F'): case ROUNDS_VR ('O', 'L'): case ROUNDS_VR ('S', 'L'):
    case ROUNDS_VR ('U', 'L'):
      return 4;
    case ROUNDS_VR ('F', 'D'): case ROUNDS_VR ('O', 'D'): case ROUNDS_VR ('O', 'V'): case ROUNDS_VR ('S', 'V'):
    case ROUNDS_VR ('U', 'V'):
      return 8;
    default:
      return 1;
    }
}

const RoundsElement *
rounds_dataset_first (const RoundsDataset *self, const RoundsElement *parent)
{
  const RoundsElement *all = (const RoundsElement *) (void *) self->elements->data;
  gsize index = parent == NULL ? 0 : (gsize) (parent - all) + 1;
  gsize end = parent == NULL ? self->elements->len : parent->end;

  return index < end ? &all[index] : NULL;
}

const RoundsElement *
rounds_dataset_next (const RoundsDataset *self, const RoundsElement *parent, const RoundsElement *element)
{
  const RoundsElement *all = (const RoundsElement *) (void *) self->elements->data;
  gsize end = parent == NULL ? self->elements->len : parent->end;

  return element->end < end ? &all[element->end] : NULL;
}

const RoundsElement *
rounds_dataset_find (const RoundsDataset *self, const RoundsElement *parent, guint32 tag)
{
  for (const RoundsElement *e = rounds_dataset_first (self, parent); e != NULL;
       e = rounds_dataset_next (self, parent, e))
    if (e->tag == tag)
      return e;
  return NULL;
}

const RoundsElement *
rounds_dataset_item (const RoundsDataset *self, const RoundsElement *sequence, guint index)
{
  if (sequence == NULL || (sequence->flags & ROUNDS_ELEMENT_SEQUENCE) == 0)
    return NULL;
  for (const RoundsElement *e = rounds_dataset_first (self, sequence); e != NULL;
       e = rounds_dataset_next (self, sequence, e))
    if (index-- == 0)
      return e;
  return NULL;
}

guint
rounds_dataset_n_items (const RoundsDataset *self, const RoundsElement *sequence)
{
  guint n = 0;

  if (sequence == NULL || (sequence->flags & ROUNDS_ELEMENT_SEQUENCE) == 0)
    return 0;
  for (const RoundsElement *e = rounds_dataset_first (self, sequence); e != NULL;
       e = rounds_dataset_next (self, sequence, e))
    n++;
  return n;
}

const guint8 *
rounds_dataset_value (const RoundsDataset *self, const RoundsElement *element)
{
  return ((element->flags & ROUNDS_ELEMENT_META) != 0 ? self->file_data : self->data) + element->offset;
}

guint16
rounds_dataset_vr (const RoundsDataset *self, const RoundsElement *element)
{
  return element->vr != ROUNDS_VR_UNKNOWN ? element->vr : rounds_dictionary_vr (element->tag);
}

/* The index-th value of a text, without the blanks around it. */
static gboolean
text_value (const RoundsDataset *self, const RoundsElement *element, guint index, const char **start, gsize *length)
{
  const char *p = (const char *) rounds_dataset_value (self, element);
  const char *end = p + element->length;

  for (;;)
    {
      const char *stop = memchr (p, '\\', (gsize) (end - p));
      const char *last = stop != NULL ? stop : end;

      if (index-- == 0)
        {
          while (p < last && (*p == ' ' || *p == '\0'))
            p++;
          while (last > p && (last[-1] == ' ' || last[-1] == '\0'))
            last--;
          *start = p;
          *length = (gsize) (last - p);
          return *length > 0;
        }
      if (stop == NULL)
        return FALSE;
      p = stop + 1;
    }
}

/* A decimal string of PS3.5: no blanks inside, no hex, no infinity. */
static gboolean
parse_decimal (const char *start, gsize length, double *out)
{
  char buffer[65], *end = NULL;
  double value;

  if (length == 0 || length >= sizeof buffer)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isdigit (start[i]) && strchr ("+-.eE", start[i]) == NULL)
      return FALSE;
  memcpy (buffer, start, length);
  buffer[length] = '\0';
  value = g_ascii_strtod (buffer, &end);
  if (end != buffer + length || !isfinite (value))
    return FALSE;
  *out = value;
  return TRUE;
}

static gboolean
binary_value (const RoundsDataset *self, const RoundsElement *element, guint16 vr, guint index, double *real,
              gint64 *whole)
{
  gboolean big = (element->flags & ROUNDS_ELEMENT_BIG) != 0;
  guint word = vr == ROUNDS_VR ('A', 'T') ? 4 : rounds_vr_word (vr);
  const guint8 *p;
  gint64 value;

  if (index >= element->length / word)
    return FALSE;
  p = rounds_dataset_value (self, element) + (gsize) index * word;
  switch (vr)
    {
    case ROUNDS_VR ('U', 'S'): case ROUNDS_VR ('O', 'W'): value = rounds_read_u16 (p, big); break;
    case ROUNDS_VR ('S', 'S'): value = (gint16) rounds_read_u16 (p, big); break;
    case ROUNDS_VR ('U', 'L'): case ROUNDS_VR ('O', 'L'): value = rounds_read_u32 (p, big); break;
    case ROUNDS_VR ('S', 'L'): value = (gint32) rounds_read_u32 (p, big); break;
    case ROUNDS_VR ('S', 'V'): value = (gint64) rounds_read_u64 (p, big); break;
    case ROUNDS_VR ('U', 'V'): case ROUNDS_VR ('O', 'V'):
      {
        guint64 wide = rounds_read_u64 (p, big);
        if (wide > G_MAXINT64)
          return FALSE;
        value = (gint64) wide;
        break;
      }
    case ROUNDS_VR ('A', 'T'):
      value = (gint64) rounds_read_u16 (p, big) << 16 | rounds_read_u16 (p + 2, big);
      break;
    case ROUNDS_VR ('F', 'L'): case ROUNDS_VR ('O', 'F'):
      {
        guint32 bits = rounds_read_u32 (p, big);
        float f;
        memcpy (&f, &bits, 4);
        if (!isfinite (f))
          return FALSE;
        *real = f;
        *whole = fabs ((double) f) < 9e18 ? (gint64) f : 0;
        return TRUE;
      }
    case ROUNDS_VR ('F', 'D'): case ROUNDS_VR ('O', 'D'):
      {
        guint64 bits = rounds_read_u64 (p, big);
        double d;
        memcpy (&d, &bits, 8);
        if (!isfinite (d))
          return FALSE;
        *real = d;
        *whole = fabs (d) < 9e18 ? (gint64) d : 0;
        return TRUE;
      }
    default:
      return FALSE;
    }
  *real = (double) value;
  *whole = value;
  return TRUE;
}

gboolean
rounds_dataset_get_double (const RoundsDataset *self, const RoundsElement *element, guint index, double *out)
{
  const char *start;
  gsize length;
  gint64 whole;
  double real;
  guint16 vr;

  if (element == NULL)
    return FALSE;
  vr = rounds_dataset_vr (self, element);
  if (is_plain_text (vr) || rounds_vr_is_text (vr))
    return text_value (self, element, index, &start, &length) && parse_decimal (start, length, out);
  if (!binary_value (self, element, vr, index, &real, &whole))
    return FALSE;
  *out = real;
  return TRUE;
}

gboolean
rounds_dataset_get_int (const RoundsDataset *self, const RoundsElement *element, guint index, gint64 *out)
{
  const char *start;
  gsize length;
  gint64 whole;
  double real;
  guint16 vr;

  if (element == NULL)
    return FALSE;
  vr = rounds_dataset_vr (self, element);
  if (is_plain_text (vr) || rounds_vr_is_text (vr))
    {
      if (!text_value (self, element, index, &start, &length) || !parse_decimal (start, length, &real) ||
          real != floor (real) || fabs (real) > 9e15)
        return FALSE;
      *out = (gint64) real;
      return TRUE;
    }
  if (!binary_value (self, element, vr, index, &real, &whole) || (double) whole != real)
    return FALSE;
  *out = whole;
  return TRUE;
}

guint
rounds_dataset_count (const RoundsDataset *self, const RoundsElement *element)
{
  guint16 vr;
  guint n = 1;
  const guint8 *p;

  if (element == NULL || element->length == 0)
    return 0;
  vr = rounds_dataset_vr (self, element);
  if (!is_plain_text (vr) && !rounds_vr_is_text (vr))
    return element->length / (vr == ROUNDS_VR ('A', 'T') ? 4 : rounds_vr_word (vr));
  if (is_long_text (vr))
    return 1;
  p = rounds_dataset_value (self, element);
  for (guint32 i = 0; i < element->length; i++)
    n += p[i] == '\\';
  return n;
}

void
rounds_dataset_copy_code (const RoundsDataset *self, const RoundsElement *element, char *buffer, gsize size)
{
  const char *start;
  gsize length;

  buffer[0] = '\0';
  if (element == NULL || !text_value (self, element, 0, &start, &length) || length >= size)
    return;
  for (gsize i = 0; i < length; i++)
    if (start[i] < 0x20 || start[i] > 0x7E)
      return;
  memcpy (buffer, start, length);
  buffer[length] = '\0';
}

/* --- text ------------------------------------------------------------------------ */

/* Specific Character Set of an item is that of the nearest container that has one (PS3.5 6.1.2.3). */
static char *
character_set (const RoundsDataset *self, const RoundsElement *parent)
{
  const RoundsElement *all = (const RoundsElement *) (void *) self->elements->data;
  const RoundsElement *element = NULL;
  const char *p;
  gsize length;

  for (;;)
    {
      element = rounds_dataset_find (self, parent, 0x00080005u);
      if (element != NULL || parent == NULL)
        break;
      /* The item around it: the last one before it that still contains it. */
      {
        gsize index = (gsize) (parent - all), own = index;
        parent = NULL;
        while (index-- > 0)
          if (all[index].end > own && (all[index].flags & ROUNDS_ELEMENT_ITEM) != 0)
            {
              parent = &all[index];
              break;
            }
      }
    }
  if (element == NULL || element->length == 0 || element->length > 1024)
    return g_strdup ("");
  p = (const char *) rounds_dataset_value (self, element);
  length = element->length;
  while (length > 0 && (p[length - 1] == ' ' || p[length - 1] == '\0'))
    length--;
  return g_strndup (p, length);
}

static gboolean
is_ascii (const guint8 *p, gsize length, gboolean japanese_roman)
{
  for (gsize i = 0; i < length; i++)
    if (p[i] >= 0x80 || p[i] == 0x1B || (japanese_roman && p[i] == '~'))
      return FALSE;
  return TRUE;
}

/* What is certain stays, every other byte becomes U+FFFD. */
static char *
replace_unknown (const guint8 *p, gsize length)
{
  GString *out = g_string_sized_new (length);

  for (gsize i = 0; i < length; i++)
    if (p[i] < 0x80 && p[i] != 0x1B)
      g_string_append_c (out, (char) p[i]);
    else
      g_string_append (out, "\357\277\275");
  return g_string_free (out, FALSE);
}

static char *
to_utf8 (const char *charset, const guint8 *p, gsize length, guint16 vr, gboolean *doubtful)
{
  const char *delimiters = vr == ROUNDS_VR ('P', 'N') ? "\\^=" : is_long_text (vr) ? "" : "\\";
  gboolean japanese_roman = strstr (charset, "IR 13") != NULL;
  char *text;

  if (is_ascii (p, length, japanese_roman))
    return g_strndup ((const char *) p, length);
  if (strcmp (charset, "ISO_IR 192") == 0 && g_utf8_validate_len ((const char *) p, length, NULL))
    return g_strndup ((const char *) p, length);
  text = rounds_dcmtk_to_utf8 (charset, (const char *) p, length, delimiters);
  if (text == NULL && strstr (charset, "ISO 2022 IR") != NULL && strstr (charset, "IR 6") == NULL)
    {
      /* Writers go back to ASCII without having named it; every reader lets them. */
      g_autofree char *with_ascii = g_strconcat (charset, "\\ISO 2022 IR 6", NULL);
      text = rounds_dcmtk_to_utf8 (with_ascii, (const char *) p, length, delimiters);
    }
  if (text != NULL && g_utf8_validate (text, -1, NULL))
    return text;
  g_free (text);
  *doubtful = TRUE;
  /* Many writers put UTF-8 without saying so; nothing else is valid UTF-8 by accident. */
  if (charset[0] == '\0' && g_utf8_validate_len ((const char *) p, length, NULL))
    return g_strndup ((const char *) p, length);
  return replace_unknown (p, length);
}

/* Takes off padding of every value and control characters that no text holds. */
static char *
tidy (char *text, guint16 vr)
{
  GString *out = g_string_sized_new (strlen (text));
  gboolean keep_leading = is_long_text (vr);
  const char *p = text;

  while (TRUE)
    {
      const char *stop = is_long_text (vr) ? NULL : strchr (p, '\\');
      const char *last = stop != NULL ? stop : p + strlen (p);

      while (!keep_leading && p < last && *p == ' ')
        p++;
      while (last > p && last[-1] == ' ')
        last--;
      for (; p < last; p++)
        if ((guchar) *p >= 0x20 ? *p != 0x7F : strchr ("\t\n\r\f", *p) != NULL)
          g_string_append_c (out, *p);
      if (stop == NULL)
        break;
      g_string_append_c (out, '\\');
      p = stop + 1;
    }
  g_free (text);
  return g_string_free (out, FALSE);
}

static char *
dup_numbers (const RoundsDataset *self, const RoundsElement *element, guint16 vr)
{
  guint n = rounds_dataset_count (self, element);
  GString *out;

  if (vr == ROUNDS_VR ('U', 'N') || vr == ROUNDS_VR ('S', 'Q') || (vr >> 8) == 'O' || n == 0 || n > 4096)
    return NULL;
  out = g_string_new (NULL);
  for (guint i = 0; i < n; i++)
    {
      char buffer[G_ASCII_DTOSTR_BUF_SIZE];
      double real = 0;
      gint64 whole = 0;

      if (i > 0)
        g_string_append_c (out, '\\');
      if (!binary_value (self, element, vr, i, &real, &whole))
        continue;
      if (vr == ROUNDS_VR ('A', 'T'))
        g_string_append_printf (out, "%08X", (guint) whole);
      else if (vr == ROUNDS_VR ('F', 'L'))
        g_string_append (out, g_ascii_formatd (buffer, sizeof buffer, "%.9g", real));
      else if (vr == ROUNDS_VR ('F', 'D'))
        g_string_append (out, g_ascii_dtostr (buffer, sizeof buffer, real));
      else
        g_string_append_printf (out, "%" G_GINT64_FORMAT, whole);
    }
  return g_string_free (out, FALSE);
}

char *
rounds_dataset_dup_text (const RoundsDataset *self, const RoundsElement *parent, const RoundsElement *element,
                         gboolean *doubtful)
{
  const guint8 *p;
  gsize length;
  char *text;
  guint16 vr;
  gboolean unsure = FALSE;

  if (element == NULL || (element->flags & (ROUNDS_ELEMENT_SEQUENCE | ROUNDS_ELEMENT_ITEM)) != 0)
    return NULL;
  vr = rounds_dataset_vr (self, element);
  if (!rounds_vr_is_text (vr) && !is_plain_text (vr))
    return dup_numbers (self, element, vr);
  p = rounds_dataset_value (self, element);
  length = element->length;
  while (length > 0 && (p[length - 1] == '\0' || p[length - 1] == ' '))
    length--;
  /* A NUL inside would end the text for everybody who reads it. */
  if (memchr (p, '\0', length) != NULL)
    {
      g_autofree guint8 *copy = g_memdup2 (p, length);
      g_autofree char *charset = rounds_vr_is_text (vr) ? character_set (self, parent) : g_strdup ("");
      for (gsize i = 0; i < length; i++)
        if (copy[i] == '\0')
          copy[i] = ' ';
      text = to_utf8 (charset, copy, length, vr, &unsure);
    }
  else if (is_ascii (p, length, TRUE))
    text = g_strndup ((const char *) p, length);
  else
    {
      g_autofree char *charset = rounds_vr_is_text (vr) ? character_set (self, parent) : g_strdup ("");
      text = to_utf8 (charset, p, length, vr, &unsure);
    }
  text = tidy (text, vr);
  if (doubtful != NULL)
    *doubtful = unsure;
  if (text[0] == '\0')
    g_clear_pointer (&text, g_free);
  return text;
}
