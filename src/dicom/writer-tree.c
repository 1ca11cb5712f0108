/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes DICOM from a small tree. It is built from the bounded index and not by a second parser, so a file that
 * could be opened can be written, whatever it was encoded as; everything leaves in explicit VR little endian (or in
 * the source's own compressed syntax) with one character set. */
#include "dicom/writer-tree.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "dicom/uids.h"

/* Fixed: says that Rounds wrote the file (PS3.7 D.3.3.2). */
#define IMPLEMENTATION_CLASS_UID "2.25.292346716270945239873408712405129671243"
#define IMPLEMENTATION_VERSION "ROUNDS_0_1"

static void
node_free (gpointer data)
{
  RoundsNode *node = data;

  g_clear_pointer (&node->value, g_bytes_unref);
  g_clear_pointer (&node->items, g_ptr_array_unref);
  g_free (node);
}

RoundsNodes *
rounds_nodes_new (void)
{
  return g_ptr_array_new_with_free_func (node_free);
}

static RoundsNode *
add_node (RoundsNodes *self, guint32 tag, guint16 vr)
{
  RoundsNode *node = g_new0 (RoundsNode, 1);

  node->tag = tag;
  node->vr = vr;
  g_ptr_array_add (self, node);
  return node;
}

RoundsNode *
rounds_nodes_find (RoundsNodes *self, guint32 tag)
{
  for (guint i = 0; i < self->len; i++)
    if (((RoundsNode *) self->pdata[i])->tag == tag)
      return self->pdata[i];
  return NULL;
}

void
rounds_nodes_remove (RoundsNodes *self, guint32 tag)
{
  for (guint i = self->len; i-- > 0;)
    if (((RoundsNode *) self->pdata[i])->tag == tag)
      g_ptr_array_remove_index (self, i);
}

/* --- from a parsed file -------------------------------------------------------------- */

static GBytes *
little_endian (const RoundsDataset *set, const RoundsElement *element, guint16 vr)
{
  const guint8 *p = rounds_dataset_value (set, element);
  guint word = rounds_vr_word (vr);

  if ((element->flags & ROUNDS_ELEMENT_BIG) == 0 || word == 1)
    {
      GBytes *owner = set->inflated != NULL && (element->flags & ROUNDS_ELEMENT_META) == 0 ? set->inflated : set->bytes;
      return g_bytes_new_from_bytes (owner, element->offset, element->length);
    }
  {
    gsize length = element->length - element->length % word;
    guint8 *swapped = g_malloc (MAX (length, 1));

    for (gsize i = 0; i < length; i += word)
      for (guint j = 0; j < word; j++)
        swapped[i + j] = p[i + word - 1 - j];
    return g_bytes_new_take (swapped, length);
  }
}

static guint16
written_vr (const RoundsDataset *set, const RoundsElement *element, gboolean is_signed)
{
  guint16 vr = rounds_dataset_vr (set, element);

  if (element->vr == ROUNDS_VR_UNKNOWN && is_signed &&
      (element->tag == 0x00280106u || element->tag == 0x00280107u || element->tag == 0x00280120u ||
       element->tag == 0x00280121u))
    return ROUNDS_VR ('S', 'S');
  return rounds_vr_is_known (vr) ? vr : ROUNDS_VR ('U', 'N');
}

static gboolean
has_other_than_ascii (GBytes *value)
{
  gsize size;
  const guint8 *p = g_bytes_get_data (value, &size);

  for (gsize i = 0; i < size; i++)
    if (p[i] >= 0x80 || p[i] == 0x1B)
      return TRUE;
  return FALSE;
}

static void
copy_elements (const RoundsDataset *set, const RoundsElement *parent, gboolean is_signed, RoundsNodes *to,
               gboolean *unicode)
{
  for (const RoundsElement *e = rounds_dataset_first (set, parent); e != NULL; e = rounds_dataset_next (set, parent, e))
    {
      RoundsNode *node;

      if ((e->tag >> 16) == 0x0002 || (e->tag & 0xFFFF) == 0 || e->tag == 0x00080005u ||
          (parent == NULL && (e->tag >> 16) >= 0x7FE0) || rounds_nodes_find (to, e->tag) != NULL)
        continue;
      /* Pictures inside sequences (icons) that are compressed would need their own syntax. */
      if ((e->tag >> 16) == 0x7FE0)
        continue;
      node = add_node (to, e->tag, written_vr (set, e, is_signed));
      if ((e->flags & ROUNDS_ELEMENT_SEQUENCE) != 0)
        {
          node->vr = ROUNDS_VR ('S', 'Q');
          node->items = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
          for (const RoundsElement *item = rounds_dataset_first (set, e); item != NULL;
               item = rounds_dataset_next (set, e, item))
            {
              RoundsNodes *inner = rounds_nodes_new ();
              g_ptr_array_add (node->items, inner);
              copy_elements (set, item, is_signed, inner, unicode);
            }
          continue;
        }
      node->value = little_endian (set, e, node->vr);
      if (rounds_vr_is_text (node->vr) && has_other_than_ascii (node->value))
        {
          g_autofree char *text = rounds_dataset_dup_text (set, parent, e, NULL);
          g_bytes_unref (node->value);
          node->value = g_bytes_new (text != NULL ? text : "", text != NULL ? strlen (text) : 0);
          *unicode = TRUE;
        }
    }
}

RoundsNodes *
rounds_nodes_from_dataset (const RoundsDataset *set, gboolean is_signed)
{
  RoundsNodes *self = rounds_nodes_new ();
  gboolean unicode = FALSE;

  copy_elements (set, NULL, is_signed, self, &unicode);
  if (unicode)
    rounds_nodes_set_text (self, 0x00080005u, "CS", "ISO_IR 192");
  return self;
}

/* --- changes ----------------------------------------------------------------------------- */

/* Characters that a value of this VR may have (PS3.5 6.2). */
static glong
text_limit (const char *vr)
{
  static const struct { char vr[3]; glong limit; } limits[] = {
    { "LO", 64 }, { "SH", 16 }, { "CS", 16 }, { "PN", 64 }, { "ST", 1024 }, { "LT", 10240 }, { "UI", 64 },
    { "DA", 8 }, { "TM", 14 }, { "DT", 26 }, { "IS", 12 }, { "DS", 16 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    if (strcmp (limits[i].vr, vr) == 0)
      return limits[i].limit;
  return G_MAXINT;
}

void
rounds_nodes_set_bytes (RoundsNodes *self, guint32 tag, const char *vr, GBytes *value)
{
  rounds_nodes_remove (self, tag);
  add_node (self, tag, ROUNDS_VR (vr[0], vr[1]))->value = g_bytes_ref (value);
}

void
rounds_nodes_set_text (RoundsNodes *self, guint32 tag, const char *vr, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);
  glong limit = text_limit (vr);
  g_autoptr (GBytes) value = NULL;

  /* Values of several are written by callers that know their lengths. */
  if (strchr (valid, '\\') == NULL && g_utf8_strlen (valid, -1) > limit)
    *g_utf8_offset_to_pointer (valid, limit) = '\0';
  value = g_bytes_new (valid, strlen (valid));
  rounds_nodes_set_bytes (self, tag, vr, value);
  if (tag != 0x00080005u && has_other_than_ascii (value))
    {
      g_autoptr (GBytes) charset = g_bytes_new_static ("ISO_IR 192", 10);
      rounds_nodes_set_bytes (self, 0x00080005u, "CS", charset);
    }
}

void
rounds_nodes_set_u16 (RoundsNodes *self, guint32 tag, guint16 value)
{
  guint8 bytes[2] = { (guint8) (value & 0xFF), (guint8) (value >> 8) };
  g_autoptr (GBytes) data = g_bytes_new (bytes, 2);

  rounds_nodes_set_bytes (self, tag, "US", data);
}

RoundsNodes *
rounds_nodes_add_item (RoundsNodes *self, guint32 tag)
{
  RoundsNode *node = rounds_nodes_find (self, tag);
  RoundsNodes *item = rounds_nodes_new ();

  if (node != NULL && node->items == NULL)
    {
      rounds_nodes_remove (self, tag);
      node = NULL;
    }
  if (node == NULL)
    {
      node = add_node (self, tag, ROUNDS_VR ('S', 'Q'));
      node->items = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
    }
  g_ptr_array_add (node->items, item);
  return item;
}

void
rounds_nodes_set_code (RoundsNodes *self, guint32 tag, const char *value, const char *scheme, const char *meaning)
{
  RoundsNodes *item;

  rounds_nodes_remove (self, tag);
  item = rounds_nodes_add_item (self, tag);
  rounds_nodes_set_text (item, 0x00080100u, "SH", value);
  rounds_nodes_set_text (item, 0x00080102u, "SH", scheme);
  rounds_nodes_set_text (item, 0x00080104u, "LO", meaning);
}

/* --- writing ------------------------------------------------------------------------------ */

static void
put_u16 (GByteArray *out, guint16 value)
{
  guint8 bytes[2] = { (guint8) (value & 0xFF), (guint8) (value >> 8) };
  g_byte_array_append (out, bytes, 2);
}

static void
put_u32 (GByteArray *out, guint32 value)
{
  put_u16 (out, (guint16) (value & 0xFFFF));
  put_u16 (out, (guint16) (value >> 16));
}

static void
put_tag (GByteArray *out, guint32 tag)
{
  put_u16 (out, (guint16) (tag >> 16));
  put_u16 (out, (guint16) (tag & 0xFFFF));
}

static void
put_header (GByteArray *out, guint32 tag, guint16 vr, guint32 length)
{
  guint8 letters[2] = { (guint8) (vr >> 8), (guint8) (vr & 0xFF) };

  put_tag (out, tag);
  g_byte_array_append (out, letters, 2);
  if (rounds_vr_is_long (vr))
    {
      put_u16 (out, 0);
      put_u32 (out, length);
    }
  else
    put_u16 (out, (guint16) length);
}

static guint8
padding (guint16 vr)
{
  return rounds_vr_word (vr) > 1 || (vr >> 8) == 'O' || vr == ROUNDS_VR ('U', 'N') || vr == ROUNDS_VR ('U', 'I') ? 0
                                                                                                                 : ' ';
}

static gint
by_tag (gconstpointer a, gconstpointer b)
{
  guint32 left = (*(RoundsNode *const *) a)->tag, right = (*(RoundsNode *const *) b)->tag;
  return left < right ? -1 : left > right;
}

static gboolean
write_nodes (RoundsNodes *self, GByteArray *out, GError **error)
{
  g_ptr_array_sort (self, by_tag);
  for (guint i = 0; i < self->len; i++)
    {
      const RoundsNode *node = self->pdata[i];
      const guint8 *data;
      guint16 vr = node->vr;
      gsize size;

      if (node->items != NULL)
        {
          put_header (out, node->tag, ROUNDS_VR ('S', 'Q'), ROUNDS_UNDEFINED_LENGTH);
          for (guint j = 0; j < node->items->len; j++)
            {
              put_tag (out, ROUNDS_TAG_ITEM);
              put_u32 (out, ROUNDS_UNDEFINED_LENGTH);
              if (!write_nodes (node->items->pdata[j], out, error))
                return FALSE;
              put_tag (out, ROUNDS_TAG_ITEM_END);
              put_u32 (out, 0);
            }
          put_tag (out, ROUNDS_TAG_SEQUENCE_END);
          put_u32 (out, 0);
          continue;
        }
      data = g_bytes_get_data (node->value, &size);
      if (size + 1 >= G_MAXUINT32 - 64 - out->len)
        {
          g_set_error_literal (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_LIMIT, _("the object is too large"));
          return FALSE;
        }
      if (node->encapsulated)
        {
          put_header (out, node->tag, ROUNDS_VR ('O', 'B'), ROUNDS_UNDEFINED_LENGTH);
          g_byte_array_append (out, data, (guint) size);
          continue;
        }
      /* A value that outgrew its 16-bit length field may be UN (PS3.5 6.2.2, note on CP-1066). */
      if (!rounds_vr_is_long (vr) && size > 0xFFFE)
        vr = ROUNDS_VR ('U', 'N');
      put_header (out, node->tag, vr, (guint32) (size + size % 2));
      g_byte_array_append (out, data, (guint) size);
      if (size % 2 == 1)
        {
          guint8 pad = padding (vr);
          g_byte_array_append (out, &pad, 1);
        }
    }
  return TRUE;
}

static void
put_text (GByteArray *out, guint32 tag, const char *vr, const char *text)
{
  gsize length = strlen (text);

  put_header (out, tag, ROUNDS_VR (vr[0], vr[1]), (guint32) (length + length % 2));
  g_byte_array_append (out, (const guint8 *) text, (guint) length);
  if (length % 2 == 1)
    g_byte_array_append (out, (const guint8 *) (strcmp (vr, "UI") == 0 ? "" : " "), 1);
}

static char *
dup_uid (RoundsNodes *self, guint32 tag)
{
  RoundsNode *node = rounds_nodes_find (self, tag);
  gsize size;
  const char *p;

  if (node == NULL || node->value == NULL)
    return g_strdup ("");
  p = g_bytes_get_data (node->value, &size);
  return g_strchomp (g_strndup (p != NULL ? p : "", size));
}

GBytes *
rounds_nodes_write (RoundsNodes *self, const char *transfer_syntax, GError **error)
{
  g_autofree char *class_uid = dup_uid (self, 0x00080016u), *instance_uid = dup_uid (self, 0x00080018u);
  g_autoptr (GByteArray) meta = g_byte_array_new ();
  RoundsNode *pixels = rounds_nodes_find (self, 0x7FE00010u);
  gsize pixel_size = pixels != NULL && pixels->value != NULL ? g_bytes_get_size (pixels->value) : 0;
  g_autoptr (GByteArray) out = g_byte_array_sized_new ((guint) MIN (pixel_size + 65536, G_MAXINT32));
  static const guint8 version[2] = { 0, 1 };

  put_header (meta, 0x00020001u, ROUNDS_VR ('O', 'B'), 2);
  g_byte_array_append (meta, version, 2);
  put_text (meta, 0x00020002u, "UI", class_uid);
  put_text (meta, 0x00020003u, "UI", instance_uid);
  put_text (meta, 0x00020010u, "UI", transfer_syntax);
  put_text (meta, 0x00020012u, "UI", IMPLEMENTATION_CLASS_UID);
  put_text (meta, 0x00020013u, "SH", IMPLEMENTATION_VERSION);

  g_byte_array_set_size (out, 128);
  memset (out->data, 0, 128);
  g_byte_array_append (out, (const guint8 *) "DICM", 4);
  put_header (out, 0x00020000u, ROUNDS_VR ('U', 'L'), 4);
  put_u32 (out, meta->len);
  g_byte_array_append (out, meta->data, meta->len);
  if (!write_nodes (self, out, error))
    return NULL;
  return g_byte_array_free_to_bytes (g_steal_pointer (&out));
}
