/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dicom/file.h"

G_BEGIN_DECLS

/* What a DICOMDIR points to (PS3.3 F, PS3.10 8). */
typedef struct {
  char *path;                /* relative to the DICOMDIR's folder, parts joined by "/" */
  char *record_type;         /* "IMAGE", "SR DOCUMENT", … */
  char *sop_class_uid, *sop_instance_uid, *transfer_syntax_uid;   /* NULL when not given */
} RoundsDicomdirEntry;
void rounds_dicomdir_entry_free (RoundsDicomdirEntry *self);

gboolean rounds_dicom_file_is_dicomdir (RoundsDicomFile *self);

/* Files that the directory names, in its order (RoundsDicomdirEntry; transfer full). A path that is absolute, leaves
 * the folder or holds other than plain names is left out and counted in n_refused (nullable). Whether a
 * file is there is for the caller to see, who opens it below the folder and follows no link. NULL with NOT_DICOM
 * when this is no DICOMDIR. Any thread. */
GPtrArray *rounds_dicomdir_list (RoundsDicomFile *self, guint *n_refused, GError **error);

G_END_DECLS
