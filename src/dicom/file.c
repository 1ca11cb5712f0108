/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One opened DICOM object: an index over bytes that others own, and the questions asked of it. Opening reads no
 * pixel and copies nothing, so a folder of slices can be opened to be sorted; what is odd is noticed here, once,
 * and never again. Afterwards nothing changes, so all workers may ask at the same time. */
#include "dicom/file.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "dicom/file-private.h"
#include "dicom/writer.h"

G_DEFINE_QUARK (rounds-dicom-error-quark, rounds_dicom_error)

static void
add_warning (RoundsDicomFile *self, char *text)
{
  g_ptr_array_add (self->set->warnings, text);
}

/* Text that is shown with U+FFFD must be known to be wrong; only files with other than ASCII pay for this. */
static void
check_texts (RoundsDicomFile *self)
{
  guint found = 0;

  for (const RoundsElement *e = rounds_dataset_first (self->set, NULL); e != NULL && found < 8;
       e = rounds_dataset_next (self->set, NULL, e))
    {
      const guint8 *p;
      gboolean other = FALSE, doubtful = FALSE;

      if ((e->flags & ROUNDS_ELEMENT_SEQUENCE) != 0 || e->length > 1 << 16 ||
          (e->vr != ROUNDS_VR_UNKNOWN && !rounds_vr_is_text (e->vr)) || (e->tag >> 16) % 2 != 0)
        continue;
      p = rounds_dataset_value (self->set, e);
      for (guint32 i = 0; i < e->length && !other; i++)
        other = p[i] >= 0x80 || p[i] == 0x1B;
      if (other && rounds_vr_is_text (rounds_dataset_vr (self->set, e)))
        {
          g_autofree char *text = rounds_dataset_dup_text (self->set, NULL, e, &doubtful);
          if (doubtful)
            {
              found++;
              add_warning (self, g_strdup_printf (_("The text of (%04X,%04X) is not in the character set that the "
                                                    "file names."), e->tag >> 16, e->tag & 0xFFFF));
            }
        }
    }
}

static void
check_uids (RoundsDicomFile *self)
{
  static const guint32 tags[] = { 0x00080018u, 0x0020000Du, 0x0020000Eu };

  for (guint i = 0; i < G_N_ELEMENTS (tags); i++)
    {
      g_autofree char *uid = rounds_dicom_file_dup_string (self, tags[i]);
      if (uid != NULL && !rounds_dicom_is_uid (uid))
        add_warning (self, g_strdup_printf (_("(%04X,%04X) is no valid UID."), tags[i] >> 16, tags[i] & 0xFFFF));
    }
}

static void
check_spacing (RoundsDicomFile *self)
{
  double patient, detector;

  if (rounds_dataset_get_double (self->set, rounds_dataset_find (self->set, NULL, 0x00280030u), 0, &patient) &&
      rounds_dataset_get_double (self->set, rounds_dataset_find (self->set, NULL, 0x00181164u), 0, &detector) &&
      patient == detector && rounds_dataset_find (self->set, NULL, 0x00280A02u) == NULL)
    add_warning (self, g_strdup (_("Pixel Spacing equals that of the detector: distances may be magnified.")));
}

static void
check_pixels (RoundsDicomFile *self)
{
  g_autoptr (GError) error = NULL;

  if (self->set->pixels == NULL)
    return;
  if (self->coding == ROUNDS_CODING_UNSUPPORTED)
    {
      const RoundsTransferSyntax *syntax = rounds_transfer_syntax_find (self->set->transfer_syntax);
      add_warning (self, g_strdup_printf (_("Its pixels are coded in a way that cannot be shown (%s)."),
                                          syntax != NULL ? syntax->name : _("unknown transfer syntax")));
    }
  if (!rounds_dicom_file_check_pixels (self, &error))
    add_warning (self, g_strdup (error->message));
}

RoundsDicomFile *
rounds_dicom_file_new (GBytes *bytes, GError **error)
{
  g_autoptr (RoundsDicomFile) self = NULL;
  RoundsDataset *set;
  const RoundsTransferSyntax *syntax;

  g_return_val_if_fail (bytes != NULL, NULL);

  set = rounds_dataset_parse (bytes, error);
  if (set == NULL)
    return NULL;
  self = g_new0 (RoundsDicomFile, 1);
  self->ref_count = 1;
  self->set = set;
  syntax = rounds_transfer_syntax_find (set->transfer_syntax);
  self->coding = syntax != NULL ? syntax->coding
                                : set->encapsulated ? ROUNDS_CODING_UNSUPPORTED : ROUNDS_CODING_NATIVE;
  if (!set->encapsulated && self->coding != ROUNDS_CODING_NATIVE && set->pixels != NULL)
    {
      add_warning (self, g_strdup (_("The pixels are not compressed although the file header says so.")));
      self->coding = ROUNDS_CODING_NATIVE;
    }
  else if (set->encapsulated && self->coding == ROUNDS_CODING_NATIVE)
    {
      add_warning (self, g_strdup (_("The pixels are compressed although the file header says that they are not.")));
      self->coding = ROUNDS_CODING_UNSUPPORTED;
    }
  rounds_dicom_file_map_fragments (self);
  check_texts (self);
  check_uids (self);
  check_spacing (self);
  check_pixels (self);
  g_ptr_array_add (set->warnings, NULL);
  return g_steal_pointer (&self);
}

RoundsDicomFile *
rounds_dicom_file_ref (RoundsDicomFile *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
rounds_dicom_file_unref (RoundsDicomFile *self)
{
  g_return_if_fail (self != NULL);
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;
  rounds_dataset_free (self->set);
  g_free (self->frame_fragments);
  g_free (self);
}

char *
rounds_dicom_file_dup_string (RoundsDicomFile *self, guint32 tag)
{
  g_return_val_if_fail (self != NULL, NULL);
  return rounds_dataset_dup_text (self->set, NULL, rounds_dataset_find (self->set, NULL, tag), NULL);
}

char *
rounds_dicom_file_dup_item_string (RoundsDicomFile *self, guint32 sequence, guint item, guint32 tag)
{
  const RoundsElement *parent;

  g_return_val_if_fail (self != NULL, NULL);
  parent = rounds_dataset_item (self->set, rounds_dataset_find (self->set, NULL, sequence), item);
  if (parent == NULL)
    return NULL;
  return rounds_dataset_dup_text (self->set, parent, rounds_dataset_find (self->set, parent, tag), NULL);
}

guint
rounds_dicom_file_get_n_items (RoundsDicomFile *self, guint32 sequence)
{
  g_return_val_if_fail (self != NULL, 0);
  return rounds_dataset_n_items (self->set, rounds_dataset_find (self->set, NULL, sequence));
}

gboolean
rounds_dicom_file_get_double (RoundsDicomFile *self, guint32 tag, guint index, double *out)
{
  g_return_val_if_fail (self != NULL && out != NULL, FALSE);
  return rounds_dataset_get_double (self->set, rounds_dataset_find (self->set, NULL, tag), index, out);
}

gboolean
rounds_dicom_file_get_int (RoundsDicomFile *self, guint32 tag, guint index, gint64 *out)
{
  g_return_val_if_fail (self != NULL && out != NULL, FALSE);
  return rounds_dataset_get_int (self->set, rounds_dataset_find (self->set, NULL, tag), index, out);
}

const char *
rounds_dicom_file_get_transfer_syntax (RoundsDicomFile *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->set->transfer_syntax;
}

const char *const *
rounds_dicom_file_get_warnings (RoundsDicomFile *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return (const char *const *) self->set->warnings->pdata;
}

GBytes *
rounds_dicom_file_get_bytes (RoundsDicomFile *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->set->bytes;
}
