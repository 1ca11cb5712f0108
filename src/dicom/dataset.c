/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads the structure of a DICOM object: where every element begins and ends, and nothing else. The bytes stay
 * where they are, nesting is a stack of fixed depth and not recursion, and every length is held against what is
 * really there, so that a hostile file costs an error and no memory. The same walk finds pixel data and its
 * fragments; values are read out of the bytes when somebody asks (dataset-values.c). A parser of our own, and not
 * the toolkit's, because one bounded walk is needed before the toolkit may see the bytes anyway, because an
 * immutable index needs no lock between workers, and because a 512 × 512 slice opens in microseconds. */
#include "dicom/dataset.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <zlib.h>

#include "dicom/uids.h"

typedef struct {
  guint32 element;    /* index of the container; G_MAXUINT32 = the root */
  gsize end;          /* where its bytes end; G_MAXSIZE = at a delimiter */
  gsize limit;        /* where they end at the latest */
  gboolean items;     /* holds items, not elements */
  gboolean explicit_vr;
} Level;

typedef struct {
  RoundsDataset *set;
  const guint8 *data;
  gsize size, pos;
  guint8 base_flags;
  Level levels[ROUNDS_DATASET_MAX_DEPTH + 1];
  guint depth;
} Walk;

static void
warn (RoundsDataset *self, char *text)
{
  if (self->warnings->len < 64)
    g_ptr_array_add (self->warnings, text);
  else
    g_free (text);
}

static gboolean
fail (GError **error, RoundsDicomError code, const char *what, gsize offset)
{
  /* Translators: what is a sentence without its point, then the place in the file. */
  g_set_error (error, ROUNDS_DICOM_ERROR, code, _("%s (at byte %zu)"), what, offset);
  return FALSE;
}

gboolean
rounds_vr_is_known (guint16 vr)
{
  static const char known[] = "AEASATCSDADSDTFDFLISLOLTOBODOFOLOVOWPNSHSLSQSSSTSVTMUCUIULUNURUSUTUV";

  for (const char *p = known; *p != '\0'; p += 2)
    if (ROUNDS_VR (p[0], p[1]) == vr)
      return TRUE;
  return FALSE;
}

gboolean
rounds_vr_is_long (guint16 vr)
{
  switch (vr)
    {
    case ROUNDS_VR ('O', 'B'): case ROUNDS_VR ('O', 'D'): case ROUNDS_VR ('O', 'F'): case ROUNDS_VR ('O', 'L'):
    case ROUNDS_VR ('O', 'V'): case ROUNDS_VR ('O', 'W'): case ROUNDS_VR ('S', 'Q'): case ROUNDS_VR ('S', 'V'):
    case ROUNDS_VR ('U', 'C'): case ROUNDS_VR ('U', 'N'): case ROUNDS_VR ('U', 'R'): case ROUNDS_VR ('U', 'T'):
    case ROUNDS_VR ('U', 'V'):
      return TRUE;
    default:
      return FALSE;
    }
}

static gboolean
is_letters (const guint8 *p)
{
  return g_ascii_isupper (p[0]) && g_ascii_isupper (p[1]);
}

static RoundsElement *
element_at (RoundsDataset *self, guint32 index)
{
  return &g_array_index (self->elements, RoundsElement, index);
}

static gboolean
add_element (Walk *walk, const RoundsElement *element, GError **error)
{
  if (walk->set->elements->len >= ROUNDS_DATASET_MAX_ELEMENTS)
    return fail (error, ROUNDS_DICOM_ERROR_LIMIT, _("too many elements"), walk->pos);
  g_array_append_vals (walk->set->elements, element, 1);
  return TRUE;
}

static gboolean
push_level (Walk *walk, guint32 element, gsize end, gboolean items, gboolean explicit_vr, GError **error)
{
  Level *level;

  if (walk->depth + 1 > ROUNDS_DATASET_MAX_DEPTH)
    return fail (error, ROUNDS_DICOM_ERROR_LIMIT, _("sequences are nested too deeply"), walk->pos);
  level = &walk->levels[++walk->depth];
  level->element = element;
  level->end = end;
  level->limit = MIN (end, walk->levels[walk->depth - 1].limit);
  level->items = items;
  level->explicit_vr = explicit_vr;
  return TRUE;
}

/* Ends the innermost container. at is where its value ended. */
static void
pop_level (Walk *walk, gsize at)
{
  Level *level = &walk->levels[walk->depth--];
  RoundsElement *element = element_at (walk->set, level->element);

  element->end = walk->set->elements->len;
  if (level->end == G_MAXSIZE)
    element->length = (guint32) MIN (at - element->offset, G_MAXUINT32 - 1);
}

/* Whether a value of unknown VR is a sequence: a chain of items that fills it to the byte. */
static gboolean
looks_like_items (const guint8 *p, gsize length, gboolean big)
{
  gsize at = 0;

  if (length < 8)
    return FALSE;
  while (at + 8 <= length)
    {
      guint32 item_length;
      guint32 tag = (guint32) rounds_read_u16 (p + at, big) << 16 | rounds_read_u16 (p + at + 2, big);

      if (tag != ROUNDS_TAG_ITEM)
        return FALSE;
      item_length = rounds_read_u32 (p + at + 4, big);
      if (item_length == ROUNDS_UNDEFINED_LENGTH)
        return TRUE;
      if (item_length > length - at - 8)
        return FALSE;
      at += 8 + (gsize) item_length;
    }
  return at == length;
}

/* Fragments of encapsulated pixel data, from the first item on; walk->pos ends behind the delimiter. */
static gboolean
walk_fragments (Walk *walk, gboolean keep, GError **error)
{
  RoundsDataset *self = walk->set;
  gsize limit = walk->levels[walk->depth].limit;
  gboolean first = TRUE;

  for (;;)
    {
      guint32 tag, length;

      if (limit - walk->pos < 8)
        {
          if (!keep)
            return fail (error, ROUNDS_DICOM_ERROR_TRUNCATED, _("the file ends inside an element"), walk->pos);
          /* Fewer bytes than a delimiter has belong to nothing. */
          self->pixels_open = TRUE;
          return TRUE;
        }
      tag = (guint32) rounds_read_u16 (walk->data + walk->pos, FALSE) << 16 |
            rounds_read_u16 (walk->data + walk->pos + 2, FALSE);
      length = rounds_read_u32 (walk->data + walk->pos + 4, FALSE);
      if (tag == ROUNDS_TAG_SEQUENCE_END)
        {
          walk->pos += 8;
          return TRUE;
        }
      if (tag != ROUNDS_TAG_ITEM || length == ROUNDS_UNDEFINED_LENGTH)
        return fail (error, ROUNDS_DICOM_ERROR_MALFORMED, _("the fragments of the pixel data are damaged"), walk->pos);
      walk->pos += 8;
      if (length > limit - walk->pos)
        {
          if (!keep)
            return fail (error, ROUNDS_DICOM_ERROR_TRUNCATED, _("the file ends inside an element"), walk->pos);
          self->pixels_open = TRUE;
          self->pixels_cut = TRUE;
          length = (guint32) (limit - walk->pos);
        }
      if (keep)
        {
          RoundsFragment fragment = { walk->pos, length };

          if (first)
            self->offset_table = fragment;
          else if (self->fragments->len >= ROUNDS_DATASET_MAX_ELEMENTS)
            return fail (error, ROUNDS_DICOM_ERROR_LIMIT, _("too many fragments"), walk->pos);
          else
            g_array_append_val (self->fragments, fragment);
        }
      first = FALSE;
      walk->pos += length;
    }
}

/* Reads tag, VR and length at walk->pos; moves behind them. FALSE without error when too few bytes are left. */
static gboolean
read_header (Walk *walk, gboolean explicit_vr, gsize limit, RoundsElement *out)
{
  const guint8 *p = walk->data + walk->pos;
  gboolean big = (walk->base_flags & ROUNDS_ELEMENT_BIG) != 0;

  if (limit - walk->pos < 8)
    return FALSE;
  memset (out, 0, sizeof *out);
  out->tag = (guint32) rounds_read_u16 (p, big) << 16 | rounds_read_u16 (p + 2, big);
  out->flags = walk->base_flags;
  out->depth = (guint8) walk->depth;
  if (explicit_vr && is_letters (p + 4))
    {
      guint16 vr = ROUNDS_VR (p[4], p[5]);

      out->vr = vr;
      if (rounds_vr_is_long (vr))
        {
          if (limit - walk->pos < 12)
            return FALSE;
          out->length = rounds_read_u32 (p + 8, big);
          walk->pos += 12;
        }
      else
        {
          out->length = rounds_read_u16 (p + 6, big);
          walk->pos += 8;
          if (!rounds_vr_is_known (vr))
            out->vr = ROUNDS_VR ('U', 'N');
        }
    }
  else
    {
      out->vr = ROUNDS_VR_UNKNOWN;
      out->length = rounds_read_u32 (p + 4, big);
      walk->pos += 8;
    }
  out->offset = walk->pos;
  return TRUE;
}

/* Whether the first element of an item at p is written with its VR: some writers do so inside UN. */
static gboolean
item_is_explicit (const guint8 *p, gsize length)
{
  return length >= 16 && rounds_read_u16 (p, FALSE) == 0xFFFE && is_letters (p + 12) &&
         rounds_vr_is_known (ROUNDS_VR (p[12], p[13]));
}

static gboolean
is_pixel_tag (guint32 tag)
{
  return tag == 0x7FE00010u || tag == 0x7FE00008u || tag == 0x7FE00009u;
}

static gboolean
take_undefined (Walk *walk, RoundsElement *element, gboolean explicit_vr, GError **error)
{
  RoundsDataset *self = walk->set;
  guint32 index = self->elements->len;

  if (element->tag == 0x7FE00010u)
    {
      gboolean keep = walk->depth == 0 && self->pixels == NULL;

      if ((walk->base_flags & ROUNDS_ELEMENT_BIG) != 0)
        return fail (error, ROUNDS_DICOM_ERROR_MALFORMED, _("encapsulated pixel data in a big endian file"), walk->pos);
      if (!add_element (walk, element, error) || !walk_fragments (walk, keep, error))
        return FALSE;
      element = element_at (self, index);
      element->end = index + 1;
      element->length = (guint32) MIN (walk->pos - element->offset, G_MAXUINT32 - 1);
      if (keep)
        self->encapsulated = TRUE;
      return TRUE;
    }
  if (element->vr != ROUNDS_VR ('S', 'Q') && element->vr != ROUNDS_VR ('U', 'N') &&
      element->vr != ROUNDS_VR_UNKNOWN)
    return fail (error, ROUNDS_DICOM_ERROR_MALFORMED, _("an element that is no sequence has no length"), walk->pos);
  if (element->vr == ROUNDS_VR ('U', 'N'))
    explicit_vr = item_is_explicit (walk->data + walk->pos, walk->levels[walk->depth].limit - walk->pos);
  element->flags |= ROUNDS_ELEMENT_SEQUENCE;
  element->vr = ROUNDS_VR ('S', 'Q');
  return add_element (walk, element, error) &&
         push_level (walk, index, G_MAXSIZE, TRUE, explicit_vr, error);
}

static gboolean
take_element (Walk *walk, GError **error)
{
  RoundsDataset *self = walk->set;
  Level *level = &walk->levels[walk->depth];
  gsize start = walk->pos;
  RoundsElement element;
  guint32 index;
  gboolean big = (walk->base_flags & ROUNDS_ELEMENT_BIG) != 0;

  if (!read_header (walk, level->explicit_vr, level->limit, &element))
    return fail (error, level->limit == walk->size ? ROUNDS_DICOM_ERROR_TRUNCATED : ROUNDS_DICOM_ERROR_MALFORMED,
                 _("the file ends inside an element"), start);
  if (element.tag == ROUNDS_TAG_ITEM_END && level->end == G_MAXSIZE && walk->depth > 0)
    {
      walk->pos = start + 8;
      pop_level (walk, start);
      return TRUE;
    }
  if (element.tag == ROUNDS_TAG_SEQUENCE_END && level->end == G_MAXSIZE && walk->depth > 1)
    {
      /* The delimiter of the item was forgotten. */
      pop_level (walk, start);
      walk->pos = start + 8;
      pop_level (walk, start);
      return TRUE;
    }
  if ((element.tag >> 16) == 0xFFFE)
    return fail (error, ROUNDS_DICOM_ERROR_MALFORMED, _("a delimiter stands where an element should"), start);
  if (element.length == ROUNDS_UNDEFINED_LENGTH)
    return take_undefined (walk, &element, level->explicit_vr, error);

  index = self->elements->len;
  if (element.length > level->limit - walk->pos)
    {
      /* A slice whose last rows are missing is still worth its header; decoding says what is missing. */
      if (walk->depth > 0 || !is_pixel_tag (element.tag))
        return fail (error, level->limit == walk->size ? ROUNDS_DICOM_ERROR_TRUNCATED : ROUNDS_DICOM_ERROR_MALFORMED,
                     _("an element is longer than the bytes that are left"), start);
      element.length = (guint32) (level->limit - walk->pos);
      element.flags |= ROUNDS_ELEMENT_TRUNCATED;
    }
  element.end = index + 1;
  if (element.vr == ROUNDS_VR ('S', 'Q') ||
      (element.vr == ROUNDS_VR_UNKNOWN && !is_pixel_tag (element.tag) &&
       looks_like_items (walk->data + walk->pos, element.length, big)))
    {
      element.flags |= ROUNDS_ELEMENT_SEQUENCE;
      element.vr = ROUNDS_VR ('S', 'Q');
      return add_element (walk, &element, error) &&
             push_level (walk, index, walk->pos + element.length, TRUE, level->explicit_vr, error);
    }
  walk->pos += element.length;
  return add_element (walk, &element, error);
}

static gboolean
take_item (Walk *walk, GError **error)
{
  RoundsDataset *self = walk->set;
  Level *level = &walk->levels[walk->depth];
  gboolean explicit_vr = level->explicit_vr;
  gsize start = walk->pos;
  RoundsElement item;
  guint32 index = self->elements->len;

  if (!read_header (walk, FALSE, level->limit, &item))
    return fail (error, level->limit == walk->size ? ROUNDS_DICOM_ERROR_TRUNCATED : ROUNDS_DICOM_ERROR_MALFORMED,
                 _("the file ends inside a sequence"), start);
  if (item.tag == ROUNDS_TAG_SEQUENCE_END)
    {
      if (level->end == G_MAXSIZE)
        pop_level (walk, start);
      return TRUE;
    }
  if (item.tag != ROUNDS_TAG_ITEM)
    return fail (error, ROUNDS_DICOM_ERROR_MALFORMED, _("a sequence holds something that is no item"), start);
  item.flags |= ROUNDS_ELEMENT_ITEM;
  if (item.length != ROUNDS_UNDEFINED_LENGTH && item.length > level->limit - walk->pos && walk->depth == 1 &&
      item.length <= walk->size - walk->pos)
    {
      /* A sequence of the root whose length was not mended when its items grew: the items tell the truth. */
      level->end = level->limit = walk->pos + item.length;
      element_at (self, level->element)->length = (guint32) MIN (level->end - element_at (self, level->element)->offset,
                                                                 G_MAXUINT32 - 1);
      warn (self, g_strdup (_("A sequence is longer than it says.")));
    }
  else if (item.length != ROUNDS_UNDEFINED_LENGTH && item.length > level->limit - walk->pos && walk->depth == 1 &&
           element_at (self, level->element)->tag == 0x00041220u)
    {
      /* The last record of an edited directory; its elements must still end where the bytes do. */
      item.length = (guint32) (level->limit - walk->pos);
      warn (self, g_strdup (_("The last record of the directory is shorter than it says.")));
    }
  if (item.length != ROUNDS_UNDEFINED_LENGTH && item.length > level->limit - walk->pos)
    return fail (error, level->limit == walk->size ? ROUNDS_DICOM_ERROR_TRUNCATED : ROUNDS_DICOM_ERROR_MALFORMED,
                 _("an item is longer than its sequence"), start);
  return add_element (walk, &item, error) &&
         push_level (walk, index, item.length == ROUNDS_UNDEFINED_LENGTH ? G_MAXSIZE : walk->pos + item.length,
                     FALSE, explicit_vr, error);
}

static gboolean
only_zeros (const guint8 *p, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (p[i] != 0)
      return FALSE;
  return TRUE;
}

/* Walks one encoding from walk->pos to its end, or (only_meta) to the first element outside group 0002. */
static gboolean
walk_elements (Walk *walk, gboolean only_meta, GError **error)
{
  RoundsDataset *self = walk->set;

  for (;;)
    {
      Level *level = &walk->levels[walk->depth];
      g_autoptr (GError) local = NULL;
      guint32 before = self->elements->len;
      gsize start = walk->pos;
      gboolean ok;

      if (walk->depth > 0 && level->end != G_MAXSIZE && walk->pos >= level->end)
        {
          pop_level (walk, walk->pos);
          continue;
        }
      if (walk->depth == 0)
        {
          if (walk->pos >= walk->size)
            return TRUE;
          if (only_meta && (walk->size - walk->pos < 8 ||
                            rounds_read_u16 (walk->data + walk->pos, FALSE) != 0x0002))
            return TRUE;
          if (walk->size - walk->pos <= 4096 && only_zeros (walk->data + walk->pos, walk->size - walk->pos))
            {
              warn (self, g_strdup (_("The file is padded with zeros behind its last element.")));
              return TRUE;
            }
        }
      ok = level->items ? take_item (walk, &local) : take_element (walk, &local);
      if (ok)
        {
          if (walk->depth == 0 && self->pixels == NULL && !only_meta && self->elements->len > before)
            {
              RoundsElement *added = element_at (self, before);
              if (is_pixel_tag (added->tag))
                self->pixels = GUINT_TO_POINTER (before + 1);   /* an index until the array is final */
            }
          continue;
        }
      if (self->pixels != NULL && local->code != ROUNDS_DICOM_ERROR_LIMIT)
        {
          /* What stands behind the pixel data is never needed to read them. */
          while (walk->depth > 0)
            pop_level (walk, start);
          g_array_set_size (self->elements, MAX (GPOINTER_TO_UINT (self->pixels), 1));
          warn (self, g_strdup_printf (_("What follows the pixel data cannot be read: %s."), local->message));
          return TRUE;
        }
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
}

/* --- what encoding it is ------------------------------------------------------- */

static gboolean
plausible_tag (const guint8 *p, gboolean big)
{
  guint16 group = rounds_read_u16 (p, big), number = rounds_read_u16 (p + 2, big);
  return (group == 0x0002 && number <= 0x0102) || (group == 0x0004 && number <= 0x1600) ||
         (group == 0x0008 && number <= 0x0301 + 0x2000);
}

gboolean
rounds_dicom_looks_like (const guint8 *data, gsize size)
{
  g_return_val_if_fail (data != NULL || size == 0, FALSE);

  if (size >= 132 && memcmp (data + 128, "DICM", 4) == 0)
    return TRUE;
  if (size < 16)
    return FALSE;
  for (int big = 0; big < 2; big++)
    {
      if (!plausible_tag (data, big))
        continue;
      if (is_letters (data + 4) && rounds_vr_is_known (ROUNDS_VR (data[4], data[5])) &&
          (rounds_vr_is_long (ROUNDS_VR (data[4], data[5])) || rounds_read_u16 (data + 6, big) <= size))
        return TRUE;
      /* Implicit VR starts with a group length or a short value of an even length. */
      if (!big && rounds_read_u32 (data + 4, FALSE) <= MIN (size - 8, 1024) &&
          rounds_read_u32 (data + 4, FALSE) % 2 == 0 && rounds_read_u16 (data, FALSE) != 0x0004)
        return TRUE;
    }
  return FALSE;
}

static gboolean
guess_encoding (const guint8 *p, gsize size, gboolean *explicit_vr, gboolean *big)
{
  if (size < 8)
    return FALSE;
  if (is_letters (p + 4) && rounds_vr_is_known (ROUNDS_VR (p[4], p[5])))
    {
      *explicit_vr = TRUE;
      *big = rounds_read_u16 (p, FALSE) > 0x00FF && rounds_read_u16 (p, TRUE) <= 0x00FF;
      return TRUE;
    }
  *explicit_vr = FALSE;
  *big = FALSE;
  return TRUE;
}

static GBytes *
inflate_rest (const guint8 *data, gsize size, GError **error)
{
  z_stream stream = { 0 };
  gsize capacity = CLAMP (size * 4, 4096, (gsize) 1 << 20), used = 0;
  guint8 *out = g_malloc (capacity);
  gboolean wrapped = size > 2 && (data[0] & 0x0F) == 8 && ((guint) data[0] * 256 + data[1]) % 31 == 0 &&
                     (data[0] >> 4) <= 7;
  int status;

  if (size > G_MAXUINT || inflateInit2 (&stream, wrapped ? MAX_WBITS : -MAX_WBITS) != Z_OK)
    {
      g_free (out);
      g_set_error (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_LIMIT, _("the deflated data set is too large"));
      return NULL;
    }
  stream.next_in = (guint8 *) data;
  stream.avail_in = (guint) size;
  do
    {
      guint step;

      if (used == capacity)
        {
          if (capacity >= ROUNDS_DATASET_MAX_INFLATED)
            {
              inflateEnd (&stream);
              g_free (out);
              g_set_error (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_LIMIT,
                           _("the deflated data set is too large"));
              return NULL;
            }
          capacity = MIN (capacity * 2, ROUNDS_DATASET_MAX_INFLATED);
          out = g_realloc (out, capacity);
        }
      step = (guint) (capacity - used);
      stream.next_out = out + used;
      stream.avail_out = step;
      status = inflate (&stream, Z_NO_FLUSH);
      used += step - stream.avail_out;
    }
  while (status == Z_OK && (stream.avail_in > 0 || used == capacity));
  inflateEnd (&stream);
  if (status != Z_STREAM_END)
    {
      g_free (out);
      g_set_error (error, ROUNDS_DICOM_ERROR,
                   status == Z_OK || status == Z_BUF_ERROR ? ROUNDS_DICOM_ERROR_TRUNCATED
                                                           : ROUNDS_DICOM_ERROR_MALFORMED,
                   _("the deflated data set is damaged or incomplete"));
      return NULL;
    }
  return g_bytes_new_take (g_realloc (out, MAX (used, 1)), used);
}

static void
start_walk (Walk *walk, RoundsDataset *self, const guint8 *data, gsize size, gsize pos, gboolean explicit_vr,
            guint8 flags)
{
  memset (walk, 0, sizeof *walk);
  walk->set = self;
  walk->data = data;
  walk->size = size;
  walk->pos = pos;
  walk->base_flags = flags;
  walk->levels[0] = (Level) { .element = G_MAXUINT32, .end = G_MAXSIZE, .limit = size, .explicit_vr = explicit_vr };
}

/* Reads preamble and file meta group; pos is where the data set begins. */
static gboolean
parse_meta (RoundsDataset *self, gsize *pos, GError **error)
{
  Walk walk;
  const RoundsElement *syntax;
  char uid[65];
  gboolean part10 = self->file_size >= 132 && memcmp (self->file_data + 128, "DICM", 4) == 0;

  *pos = part10 ? 132 : 0;
  if (part10)
    self->has_preamble_code = !only_zeros (self->file_data, 128);
  if (self->file_size - *pos >= 8 && rounds_read_u16 (self->file_data + *pos, FALSE) == 0x0002)
    {
      gboolean explicit_vr = is_letters (self->file_data + *pos + 4);

      start_walk (&walk, self, self->file_data, self->file_size, *pos, explicit_vr, ROUNDS_ELEMENT_META);
      if (!walk_elements (&walk, TRUE, error))
        return FALSE;
      *pos = walk.pos;
    }
  syntax = rounds_dataset_find (self, NULL, 0x00020010u);
  rounds_dataset_copy_code (self, syntax, uid, sizeof uid);
  if (uid[0] != '\0')
    self->transfer_syntax = g_strdup (uid);
  if (!part10)
    warn (self, g_strdup (_("There is no file header: the encoding is guessed.")));
  else if (self->transfer_syntax == NULL)
    warn (self, g_strdup (_("The file header names no transfer syntax: the encoding is guessed.")));
  if (self->has_preamble_code)
    warn (self, g_strdup (memcmp (self->file_data, "MZ", 2) == 0 || memcmp (self->file_data, "\177ELF", 4) == 0
                            ? _("The preamble holds an executable program; it is never written again.")
                            : _("The preamble is not empty.")));
  return TRUE;
}

static gboolean
choose_encoding (RoundsDataset *self, gsize *pos, GError **error)
{
  const char *uid = self->transfer_syntax;
  gboolean guessed_explicit = FALSE, guessed_big = FALSE;
  const guint8 *p;

  self->data = self->file_data;
  self->size = self->file_size;
  if (g_strcmp0 (uid, ROUNDS_UID_DEFLATED) == 0)
    {
      self->inflated = inflate_rest (self->file_data + *pos, self->file_size - *pos, error);
      if (self->inflated == NULL)
        return FALSE;
      self->data = g_bytes_get_data (self->inflated, &self->size);
      *pos = 0;
    }
  self->big_endian = g_strcmp0 (uid, ROUNDS_UID_EXPLICIT_BIG) == 0;
  self->explicit_vr = uid != NULL && strcmp (uid, ROUNDS_UID_IMPLICIT_LITTLE) != 0;
  p = self->data + *pos;
  if (!guess_encoding (p, self->size - *pos, &guessed_explicit, &guessed_big))
    return TRUE;
  if (uid == NULL)
    {
      self->explicit_vr = guessed_explicit;
      self->big_endian = guessed_big;
      self->transfer_syntax = g_strdup (guessed_big ? ROUNDS_UID_EXPLICIT_BIG
                                                    : guessed_explicit ? ROUNDS_UID_EXPLICIT_LITTLE
                                                                       : ROUNDS_UID_IMPLICIT_LITTLE);
    }
  else if (guessed_explicit != self->explicit_vr || (guessed_explicit && guessed_big != self->big_endian))
    {
      /* A header that lies about the encoding is common; the bytes do not lie. */
      warn (self, g_strdup (_("The data set is not encoded as the file header says.")));
      self->explicit_vr = guessed_explicit;
      self->big_endian = guessed_explicit && guessed_big;
    }
  return TRUE;
}

RoundsDataset *
rounds_dataset_parse (GBytes *bytes, GError **error)
{
  g_autoptr (RoundsDataset) self = g_new0 (RoundsDataset, 1);
  gsize pos = 0;
  Walk walk;

  self->bytes = g_bytes_ref (bytes);
  self->file_data = g_bytes_get_data (bytes, &self->file_size);
  self->elements = g_array_sized_new (FALSE, FALSE, sizeof (RoundsElement), 160);
  self->fragments = g_array_new (FALSE, FALSE, sizeof (RoundsFragment));
  self->warnings = g_ptr_array_new_with_free_func (g_free);
  self->data = self->file_data;
  self->size = self->file_size;

  if (!rounds_dicom_looks_like (self->file_data, self->file_size))
    {
      g_set_error (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_NOT_DICOM, _("this is no DICOM file"));
      return NULL;
    }
  if (!parse_meta (self, &pos, error) || !choose_encoding (self, &pos, error))
    return NULL;
  start_walk (&walk, self, self->data, self->size, pos, self->explicit_vr,
              self->big_endian ? ROUNDS_ELEMENT_BIG : 0);
  if (!walk_elements (&walk, FALSE, error))
    return NULL;
  if (self->elements->len == 0)
    {
      g_set_error (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_TRUNCATED, _("the file holds no element"));
      return NULL;
    }
  if (self->pixels != NULL)
    self->pixels = element_at (self, GPOINTER_TO_UINT (self->pixels) - 1);
  return g_steal_pointer (&self);
}

void
rounds_dataset_free (RoundsDataset *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->elements, g_array_unref);
  g_clear_pointer (&self->fragments, g_array_unref);
  g_clear_pointer (&self->warnings, g_ptr_array_unref);
  g_clear_pointer (&self->inflated, g_bytes_unref);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_free (self->transfer_syntax);
  g_free (self);
}
