/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes what was made from a scan as an object of its own: new instance and series, same study, and in it how it was
 * made and from what (PS3.3 C.7.6.1.1.3, C.12.1.1.5). What described the old pixels alone (extremes, icon, overlays
 * inside their bits, signatures) is left out rather than kept wrong. */
#include "dicom/writer.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "dicom/codec.h"
#include "dicom/writer-tree.h"

static char *
dup_now (const char *format)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  return g_date_time_format (now, format);
}

/* "DERIVED\SECONDARY" and what the source says from the third value on. */
static char *
derived_image_type (const char *type, const char *second)
{
  g_auto (GStrv) parts = g_strsplit (type != NULL ? type : "", "\\", -1);
  GString *out = g_string_new ("DERIVED\\");

  g_string_append (out, second != NULL ? second : g_strv_length (parts) > 1 ? parts[1] : "SECONDARY");
  for (guint i = 2; i < g_strv_length (parts); i++)
    g_string_append_printf (out, "\\%s", parts[i]);
  return g_string_free (out, FALSE);
}

/* Frame Type in the functional groups says DERIVED too. */
static void
mark_frame_types (RoundsNodes *nodes)
{
  for (guint i = 0; i < nodes->len; i++)
    {
      RoundsNode *node = nodes->pdata[i];

      if (node->items != NULL)
        for (guint j = 0; j < node->items->len; j++)
          mark_frame_types (node->items->pdata[j]);
      else if (node->tag == 0x00089007u)
        {
          gsize size;
          const char *p = g_bytes_get_data (node->value, &size);
          g_autofree char *old = g_strchomp (g_strndup (p != NULL ? p : "", size));
          char *type = derived_image_type (old, NULL);

          g_bytes_unref (node->value);
          node->value = g_bytes_new_take (type, strlen (type));
        }
    }
}

/* Overlays whose bits stood in the unused bits of the old pixels (PS3.5 8.1.2, retired). */
static void
drop_stale (RoundsNodes *nodes)
{
  static const guint32 stale[] = { 0x00280106u, 0x00280107u, 0x00880200u, 0x00280006u };

  for (guint i = 0; i < G_N_ELEMENTS (stale); i++)
    rounds_nodes_remove (nodes, stale[i]);
  for (guint32 group = 0x6000; group <= 0x601E; group += 2)
    if (rounds_nodes_find (nodes, group << 16 | 0x0010) != NULL &&
        rounds_nodes_find (nodes, group << 16 | 0x3000) == NULL)
      for (guint i = nodes->len; i-- > 0;)
        if (((RoundsNode *) nodes->pdata[i])->tag >> 16 == group)
          g_ptr_array_remove_index (nodes, i);
}

/* Whether every value fits bits_stored: if not, all bits are needed. */
static gboolean
values_fit (const guint8 *data, gsize n, RoundsPixelType type, int bits)
{
  gint64 low = 0, high = ((gint64) 1 << bits) - 1;

  if (type == ROUNDS_PIXEL_INT8 || type == ROUNDS_PIXEL_INT16 || type == ROUNDS_PIXEL_INT32)
    {
      low = -((gint64) 1 << (bits - 1));
      high = ((gint64) 1 << (bits - 1)) - 1;
    }
#define CHECK(Type)                                                \
  do                                                               \
    for (gsize i = 0; i < n; i++)                                  \
      {                                                            \
        Type value;                                                \
        memcpy (&value, data + i * sizeof value, sizeof value);    \
        if ((gint64) value < low || (gint64) value > high)         \
          return FALSE;                                            \
      }                                                            \
  while (0)
  switch (type)
    {
    case ROUNDS_PIXEL_UINT8: CHECK (guint8); break;
    case ROUNDS_PIXEL_INT8: CHECK (gint8); break;
    case ROUNDS_PIXEL_UINT16: CHECK (guint16); break;
    case ROUNDS_PIXEL_INT16: CHECK (gint16); break;
    case ROUNDS_PIXEL_UINT32: CHECK (guint32); break;
    case ROUNDS_PIXEL_INT32: CHECK (gint32); break;
    default: break;
    }
#undef CHECK
  return TRUE;
}

static void
set_pixels (RoundsNodes *nodes, const RoundsDicomImage *image, const RoundsFrame *first, const void *pixels, gsize size)
{
  g_autoptr (GBytes) data = g_bytes_new (pixels, size);
  gsize width = rounds_pixel_type_size (first->type);
  int allocated = (int) width * 8;
  int stored = MIN (image->bits_stored, allocated);

  if (first->type == ROUNDS_PIXEL_FLOAT32)
    {
      rounds_nodes_set_bytes (nodes, 0x7FE00008u, "OF", data);
      return;
    }
  if (first->type == ROUNDS_PIXEL_FLOAT64)
    {
      rounds_nodes_set_bytes (nodes, 0x7FE00009u, "OD", data);
      return;
    }
  if (!values_fit (pixels, size / width, first->type, stored))
    stored = allocated;
  rounds_nodes_set_u16 (nodes, 0x00280002u, (guint16) first->samples);
  rounds_nodes_set_text (nodes, 0x00280004u, "CS", first->photometric);
  if (first->samples == 3)
    rounds_nodes_set_u16 (nodes, 0x00280006u, 0);
  rounds_nodes_set_u16 (nodes, 0x00280100u, (guint16) allocated);
  rounds_nodes_set_u16 (nodes, 0x00280101u, (guint16) stored);
  rounds_nodes_set_u16 (nodes, 0x00280102u, (guint16) (stored - 1));
  rounds_nodes_set_u16 (nodes, 0x00280103u, image->is_signed ? 1 : 0);
  rounds_nodes_set_bytes (nodes, 0x7FE00010u, allocated == 8 ? "OB" : "OW", data);
}

static void
set_origin (RoundsNodes *nodes, RoundsDicomFile *source, const RoundsDerivation *derivation)
{
  g_autofree char *class_uid = rounds_dicom_file_dup_string (source, 0x00080016u);
  g_autofree char *instance_uid = rounds_dicom_file_dup_string (source, 0x00080018u);
  g_autofree char *when = dup_now ("%Y%m%d%H%M%S");
  g_autofree char *contribution = NULL;
  RoundsNodes *item;

  rounds_nodes_set_text (nodes, 0x00082111u, "ST", derivation->description);
  if (derivation->derivation_code != NULL)
    rounds_nodes_set_code (nodes, 0x00089215u, derivation->derivation_code, "DCM", derivation->derivation_meaning);

  rounds_nodes_remove (nodes, 0x00082112u);
  item = rounds_nodes_add_item (nodes, 0x00082112u);
  rounds_nodes_set_text (item, 0x00081150u, "UI", class_uid);
  rounds_nodes_set_text (item, 0x00081155u, "UI", instance_uid);
  rounds_nodes_set_code (item, 0x0040A170u, "121322", "DCM", "Source image for image processing operation");

  item = rounds_nodes_add_item (nodes, 0x0018A001u);
  rounds_nodes_set_text (item, 0x00080070u, "LO", derivation->manufacturer);
  if (derivation->model_name != NULL)
    rounds_nodes_set_text (item, 0x00081090u, "LO", derivation->model_name);
  if (derivation->model_version != NULL)
    rounds_nodes_set_text (item, 0x00181020u, "LO", derivation->model_version);
  rounds_nodes_set_text (item, 0x0018A002u, "DT", when);
  contribution = g_strdup_printf ("Model SHA-256 %s", derivation->model_sha256 != NULL ? derivation->model_sha256 : "");
  if (derivation->model_sha256 != NULL)
    rounds_nodes_set_text (item, 0x0018A003u, "ST", contribution);
  rounds_nodes_set_code (item, 0x0040A170u, "109102", "DCM", "Processing Equipment");
}

static void
set_series (RoundsNodes *nodes, RoundsDicomFile *source, const RoundsDerivation *derivation)
{
  g_autofree char *old = rounds_dicom_file_dup_string (source, 0x0008103Eu);
  g_autofree char *description = NULL, *number = NULL, *date = dup_now ("%Y%m%d"), *time = dup_now ("%H%M%S");
  gint64 n = 0;

  description = g_strconcat ("ENHANCED ", derivation->series_description != NULL ? derivation->series_description
                                          : old != NULL ? old : "", NULL);
  rounds_nodes_set_text (nodes, 0x0008103Eu, "LO", g_strchomp (description));
  rounds_nodes_set_text (nodes, 0x0020000Eu, "UI", derivation->series_uid);
  rounds_dicom_file_get_int (source, 0x00200011u, 0, &n);
  number = g_strdup_printf ("%" G_GINT64_FORMAT, 1000 + CLAMP (n, 0, 100000));
  rounds_nodes_set_text (nodes, 0x00200011u, "IS", number);
  rounds_nodes_set_text (nodes, 0x00080012u, "DA", date);
  rounds_nodes_set_text (nodes, 0x00080013u, "TM", time);
  rounds_nodes_set_text (nodes, 0x00080021u, "DA", date);
  rounds_nodes_set_text (nodes, 0x00080031u, "TM", time);
  rounds_nodes_set_text (nodes, 0x00080023u, "DA", date);
  rounds_nodes_set_text (nodes, 0x00080033u, "TM", time);
}

GBytes *
rounds_dicom_write_derived (RoundsDicomFile *source, const void *pixels, gsize size,
                            const RoundsDerivation *derivation, char **sop_uid, GError **error)
{
  g_autoptr (RoundsNodes) nodes = NULL;
  g_autoptr (RoundsFrame) first = NULL;
  g_autoptr (GBytes) written = NULL;
  g_autofree char *type = NULL, *old_type = NULL, *uid = NULL;
  RoundsDicomImage image;

  g_return_val_if_fail (source != NULL && pixels != NULL && derivation != NULL, NULL);
  g_return_val_if_fail (rounds_dicom_is_uid (derivation->series_uid), NULL);

  if (!rounds_dicom_file_get_image (source, 0, &image, error))
    return NULL;
  /* The first frame says what the pixels are as delivered; that is what the caller computed with. */
  first = rounds_dicom_file_decode (source, 0, error);
  if (first == NULL)
    return NULL;
  if (size / first->size != (gsize) image.frames || size % first->size != 0)
    {
      g_set_error_literal (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_MALFORMED,
                           _("the new pixels do not have the shape of the source"));
      return NULL;
    }
  nodes = rounds_nodes_from_dataset (source->set, image.is_signed);
  drop_stale (nodes);
  mark_frame_types (nodes);
  old_type = rounds_dicom_file_dup_string (source, 0x00080008u);
  type = derived_image_type (old_type, "SECONDARY");
  rounds_nodes_set_text (nodes, 0x00080008u, "CS", type);
  uid = rounds_dicom_new_uid ();
  rounds_nodes_set_text (nodes, 0x00080018u, "UI", uid);
  set_series (nodes, source, derivation);
  set_origin (nodes, source, derivation);
  set_pixels (nodes, &image, first, pixels, size);
  if (image.lossy)
    rounds_nodes_set_text (nodes, 0x00282110u, "CS", "01");
  written = rounds_nodes_write (nodes, ROUNDS_UID_EXPLICIT_LITTLE, error);
  if (written == NULL)
    return NULL;
  if (sop_uid != NULL)
    *sop_uid = g_steal_pointer (&uid);
  return g_steal_pointer (&written);
}
