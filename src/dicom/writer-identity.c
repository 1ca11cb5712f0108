/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gives a scan the identity of somebody else, for the demo ward. What may stay is named, and everything that is not
 * named goes: numbers, codes and the geometry of the standard's own groups stay, free text only where it cannot name
 * anybody, every name, date, place, device and private element goes, and UIDs are mapped by a keyed hash so that
 * slices of one series stay together (after PS3.15 annex E, basic profile). */
#include "dicom/writer.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "dicom/codec.h"
#include "dicom/writer-tree.h"

/* Groups of the standard that describe how a picture was made and what it is. */
static const guint16 kept_groups[] = { 0x0008, 0x0018, 0x0020, 0x0022, 0x0028, 0x0054, 0x0062, 0x2050, 0x5200 };

/* Text that says how, not who. */
static const guint32 kept_texts[] = {
  0x00080070u, /* Manufacturer */
  0x00081090u, /* Manufacturer's Model Name */
  0x00080100u, 0x00080102u, 0x00080103u, 0x00080104u, /* codes */
  0x00181210u, /* Convolution Kernel */
  0x00181250u, /* Receive Coil Name */
  0x00180024u, /* Sequence Name */
  0x00181020u, /* Software Versions */
  0x00180010u, /* Contrast/Bolus Agent */
  0x00281054u, /* Rescale Type */
  0x00281055u, /* Window Center & Width Explanation */
  0x00283003u, 0x00283004u, /* LUT Explanation, Modality LUT Type */
};

/* Sequences and elements of kept groups that name people or places whatever their VR is. */
static const guint32 dropped[] = {
  0x00080082u, 0x00080096u, 0x0008009Du, 0x00081032u, 0x00081049u, 0x00081052u, 0x00081062u, 0x00081072u,
  0x00081084u, 0x00081110u, 0x00081111u, 0x00081120u, 0x00080201u, 0x00080300u, 0x0018A001u, 0x00181400u,
  0x00184000u, 0x00204000u, 0x00880200u, 0x00080005u, 0x00080054u, 0x00080055u,
};

/* Must be there, and may be empty (type 2). */
static const struct { guint32 tag; char vr[3]; } emptied[] = {
  { 0x00080050u, "SH" }, { 0x00080090u, "PN" }, { 0x00200010u, "SH" }, { 0x00201040u, "LO" },
};

static gboolean
listed (const guint32 *list, gsize n, guint32 tag)
{
  for (gsize i = 0; i < n; i++)
    if (list[i] == tag)
      return TRUE;
  return FALSE;
}

static gboolean
group_is_kept (guint32 tag)
{
  for (guint i = 0; i < G_N_ELEMENTS (kept_groups); i++)
    if (kept_groups[i] == tag >> 16)
      return TRUE;
  return FALSE;
}

static char *
map_uid (const char *uid, const char *salt)
{
  g_autoptr (GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA256, (const guchar *) salt, strlen (salt));
  guint8 digest[32];
  gsize length = sizeof digest;

  g_hmac_update (hmac, (const guchar *) uid, (gssize) strlen (uid));
  g_hmac_get_digest (hmac, digest, &length);
  /* A UUID of version 8: made of what its maker likes (RFC 9562 5.8). */
  digest[6] = (guint8) ((digest[6] & 0x0F) | 0x80);
  digest[8] = (guint8) ((digest[8] & 0x3F) | 0x80);
  return rounds_dicom_uid_from_bytes (digest);
}

/* UIDs of the standard name kinds of things; all others name things. */
static void
map_uids (RoundsNode *node, const char *salt)
{
  gsize size;
  const char *p = g_bytes_get_data (node->value, &size);
  g_autofree char *text = g_strndup (p != NULL ? p : "", size);
  g_auto (GStrv) parts = g_strsplit (text, "\\", -1);
  g_autoptr (GString) out = g_string_new (NULL);

  for (guint i = 0; parts[i] != NULL; i++)
    {
      char *uid = g_strstrip (parts[i]);
      if (i > 0)
        g_string_append_c (out, '\\');
      if (uid[0] == '\0' || g_str_has_prefix (uid, "1.2.840.10008."))
        g_string_append (out, uid);
      else
        {
          g_autofree char *mapped = map_uid (uid, salt);
          g_string_append (out, mapped);
        }
    }
  g_bytes_unref (node->value);
  node->value = g_string_free_to_bytes (g_steal_pointer (&out));
}

static void scrub (RoundsNodes *nodes, const char *salt);

/* Whether the node stays; its inside is cleaned. */
static gboolean
scrub_node (RoundsNode *node, const char *salt)
{
  guint16 vr = node->vr;

  if ((node->tag >> 16) % 2 != 0 || listed (dropped, G_N_ELEMENTS (dropped), node->tag))
    return FALSE;
  /* Of group 0040 (requests, procedure steps and who did them) only purposes and real-world units. */
  if (!group_is_kept (node->tag) && node->tag != 0x0040A170u && node->tag != 0x00409096u &&
      (node->tag < 0x00409210u || node->tag > 0x00409225u))
    return FALSE;
  if (node->items != NULL)
    {
      for (guint i = 0; i < node->items->len; i++)
        scrub (node->items->pdata[i], salt);
      return TRUE;
    }
  if (vr == ROUNDS_VR ('U', 'I'))
    {
      map_uids (node, salt);
      return TRUE;
    }
  if (rounds_vr_is_text (vr))
    return vr != ROUNDS_VR ('P', 'N') && listed (kept_texts, G_N_ELEMENTS (kept_texts), node->tag);
  switch (vr)
    {
    case ROUNDS_VR ('A', 'E'): case ROUNDS_VR ('A', 'S'): case ROUNDS_VR ('D', 'A'): case ROUNDS_VR ('D', 'T'):
    case ROUNDS_VR ('T', 'M'): case ROUNDS_VR ('U', 'N'): case ROUNDS_VR ('U', 'R'):
      return FALSE;
    case ROUNDS_VR ('O', 'B'):
      return (node->tag >> 16) == 0x0028;
    default:
      return TRUE;
    }
}

static void
scrub (RoundsNodes *nodes, const char *salt)
{
  for (guint i = nodes->len; i-- > 0;)
    if (!scrub_node (nodes->pdata[i], salt))
      g_ptr_array_remove_index (nodes, i);
}

static void
set_identity (RoundsNodes *nodes, const RoundsIdentity *identity, RoundsDicomFile *source)
{
  static const guint32 dates[] = { 0x00080020u, 0x00080021u, 0x00080022u, 0x00080023u };
  static const guint32 times[] = { 0x00080030u, 0x00080031u, 0x00080032u, 0x00080033u };

  rounds_nodes_set_text (nodes, 0x00100010u, "PN", identity->patient_name);
  rounds_nodes_set_text (nodes, 0x00100020u, "LO", identity->patient_id);
  rounds_nodes_set_text (nodes, 0x00100030u, "DA", identity->birth_date);
  rounds_nodes_set_text (nodes, 0x00100040u, "CS", identity->sex);
  rounds_nodes_set_text (nodes, 0x00120062u, "CS", "YES");
  rounds_nodes_set_text (nodes, 0x00120063u, "LO", "Identity of a demo patient given by Rounds");
  for (guint i = 0; i < G_N_ELEMENTS (dates); i++)
    if (i == 0 || rounds_dataset_find (source->set, NULL, dates[i]) != NULL)
      {
        rounds_nodes_set_text (nodes, dates[i], "DA", identity->study_date);
        rounds_nodes_set_text (nodes, times[i], "TM", identity->study_time);
      }
  for (guint i = 0; i < G_N_ELEMENTS (emptied); i++)
    rounds_nodes_set_text (nodes, emptied[i].tag, emptied[i].vr, "");
  if (identity->study_description != NULL)
    rounds_nodes_set_text (nodes, 0x00081030u, "LO", identity->study_description);
  if (identity->series_description != NULL)
    rounds_nodes_set_text (nodes, 0x0008103Eu, "LO", identity->series_description);
  if (identity->derivation_description != NULL)
    rounds_nodes_set_text (nodes, 0x00082111u, "ST", identity->derivation_description);
}

/* The pixel data as they are when they are compressed, in little endian when not. */
static gboolean
copy_pixels (RoundsNodes *nodes, RoundsDicomFile *source, GError **error)
{
  const RoundsDataset *set = source->set;
  const RoundsElement *pixels = set->pixels;
  g_autoptr (GBytes) data = NULL;
  RoundsDicomImage image;
  gsize word;

  if (pixels == NULL)
    return TRUE;
  if (!rounds_dicom_file_check_pixels (source, error) || !rounds_dicom_file_read_shape (source, &image, error))
    return FALSE;
  if (set->encapsulated)
    {
      GBytes *owner = set->inflated != NULL ? set->inflated : set->bytes;
      static const guint8 end[8] = { 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0 };

      data = g_bytes_new_from_bytes (owner, pixels->offset, pixels->length);
      if (set->pixels_open)
        {
          GByteArray *closed = g_bytes_unref_to_array (g_steal_pointer (&data));
          g_byte_array_append (closed, end, sizeof end);
          data = g_byte_array_free_to_bytes (closed);
        }
      rounds_nodes_set_bytes (nodes, pixels->tag, "OB", data);
      rounds_nodes_find (nodes, pixels->tag)->encapsulated = TRUE;
      return TRUE;
    }
  word = (pixels->flags & ROUNDS_ELEMENT_BIG) == 0 ? 1
         : image.bits_allocated > 8                ? (gsize) image.bits_allocated / 8
         : rounds_dataset_vr (set, pixels) == ROUNDS_VR ('O', 'W') && pixels->length % 2 == 0 ? 2 : 1;
  if (word == 1)
    data = g_bytes_new_from_bytes (set->inflated != NULL ? set->inflated : set->bytes, pixels->offset, pixels->length);
  else
    {
      gsize n = pixels->length / word * word;
      const guint8 *from = rounds_dataset_value (set, pixels);
      guint8 *to = g_malloc (MAX (n, 1));

      for (gsize i = 0; i < n; i += word)
        for (gsize j = 0; j < word; j++)
          to[i + j] = from[i + word - 1 - j];
      data = g_bytes_new_take (to, n);
    }
  rounds_nodes_set_bytes (nodes, pixels->tag,
                          pixels->tag == 0x7FE00008u   ? "OF"
                          : pixels->tag == 0x7FE00009u ? "OD"
                          : image.bits_allocated > 8   ? "OW"
                                                       : "OB", data);
  return TRUE;
}

GBytes *
rounds_dicom_write_with_identity (RoundsDicomFile *source, const RoundsIdentity *identity, GError **error)
{
  g_autoptr (RoundsNodes) nodes = NULL;
  gint64 representation = 0;

  g_return_val_if_fail (source != NULL && identity != NULL && identity->salt != NULL, NULL);

  rounds_dicom_file_get_int (source, 0x00280103u, 0, &representation);
  nodes = rounds_nodes_from_dataset (source->set, representation == 1);
  scrub (nodes, identity->salt);
  set_identity (nodes, identity, source);
  if (!copy_pixels (nodes, source, error))
    return NULL;
  return rounds_nodes_write (nodes, source->set->encapsulated ? source->set->transfer_syntax
                                                              : ROUNDS_UID_EXPLICIT_LITTLE, error);
}
