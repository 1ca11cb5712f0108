/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads the list of files out of a DICOMDIR. Records are taken one after the other and the offsets between them are
 * ignored: they are wrong as soon as anybody edits the directory, and following them invites loops. */
#include "dicom/dicomdir.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "dicom/file-private.h"

void
rounds_dicomdir_entry_free (RoundsDicomdirEntry *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  g_free (self->record_type);
  g_free (self->sop_class_uid);
  g_free (self->sop_instance_uid);
  g_free (self->transfer_syntax_uid);
  g_free (self);
}

gboolean
rounds_dicom_file_is_dicomdir (RoundsDicomFile *self)
{
  g_autofree char *class_uid = NULL;

  g_return_val_if_fail (self != NULL, FALSE);
  class_uid = rounds_dicom_file_dup_string (self, 0x00020002u);
  return g_strcmp0 (class_uid, ROUNDS_UID_DICOMDIR) == 0 || rounds_dataset_find (self->set, NULL, 0x00041220u) != NULL;
}

/* File IDs are up to eight plain names (PS3.10 8.2, 8.5); small letters and dots are seen in the wild. */
static char *
checked_path (const char *file_id)
{
  g_auto (GStrv) parts = g_strsplit (file_id, "\\", -1);
  guint n = g_strv_length (parts);

  if (n == 0 || n > 16)
    return NULL;
  for (guint i = 0; i < n; i++)
    {
      gsize length = strlen (parts[i]);

      if (length == 0 || length > 64 || parts[i][0] == '.')
        return NULL;
      for (gsize j = 0; j < length; j++)
        if (!g_ascii_isalnum (parts[i][j]) && strchr ("_-. +", parts[i][j]) == NULL)
          return NULL;
    }
  return g_strjoinv ("/", parts);
}

GPtrArray *
rounds_dicomdir_list (RoundsDicomFile *self, guint *n_refused, GError **error)
{
  const RoundsDataset *set;
  const RoundsElement *records;
  g_autoptr (GPtrArray) out = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_dicomdir_entry_free);
  guint refused = 0;

  g_return_val_if_fail (self != NULL, NULL);

  set = self->set;
  records = rounds_dataset_find (set, NULL, 0x00041220u);
  if (!rounds_dicom_file_is_dicomdir (self))
    {
      g_set_error_literal (error, ROUNDS_DICOM_ERROR, ROUNDS_DICOM_ERROR_NOT_DICOM, _("this is no DICOMDIR"));
      return NULL;
    }
  if (records != NULL && (records->flags & ROUNDS_ELEMENT_SEQUENCE) != 0)
    for (const RoundsElement *item = rounds_dataset_first (set, records); item != NULL;
         item = rounds_dataset_next (set, records, item))
      {
        g_autofree char *id = rounds_dataset_dup_text (set, item, rounds_dataset_find (set, item, 0x00041500u), NULL);
        RoundsDicomdirEntry *entry;
        char *path;

        if (id == NULL)
          continue;
        path = checked_path (id);
        if (path == NULL)
          {
            refused++;
            continue;
          }
        entry = g_new0 (RoundsDicomdirEntry, 1);
        entry->path = path;
        entry->record_type = rounds_dataset_dup_text (set, item, rounds_dataset_find (set, item, 0x00041430u), NULL);
        entry->sop_class_uid = rounds_dataset_dup_text (set, item, rounds_dataset_find (set, item, 0x00041510u), NULL);
        entry->sop_instance_uid = rounds_dataset_dup_text (set, item, rounds_dataset_find (set, item, 0x00041511u),
                                                           NULL);
        entry->transfer_syntax_uid = rounds_dataset_dup_text (set, item,
                                                              rounds_dataset_find (set, item, 0x00041512u), NULL);
        g_ptr_array_add (out, entry);
      }
  if (n_refused != NULL)
    *n_refused = refused;
  return g_steal_pointer (&out);
}
