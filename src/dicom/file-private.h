/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dicom/dataset.h"
#include "dicom/file.h"
#include "dicom/uids.h"

G_BEGIN_DECLS

struct _RoundsDicomFile {
  gint ref_count;
  RoundsDataset *set;
  RoundsCoding coding;
  gsize *frame_fragments;   /* index of each frame's first fragment, and one past the last; or NULL */
  int n_frames;             /* frames that frame_fragments speaks of */
};

/* The element of tag for a frame: in the functional group macro of that frame, in the shared one, or (when macro
 * is 0 or has none) in the root (PS3.3 C.7.6.16). Borrowed. */
const RoundsElement *rounds_dicom_file_find (RoundsDicomFile *self, int frame, guint32 macro, guint32 tag);

/* The bytes of one encapsulated frame: one run, copied to *joined only when it stands in several fragments. NULL
 * with TRUNCATED or MALFORMED when the frame is not there. */
const guint8 *rounds_dicom_file_frame_bytes (RoundsDicomFile *self, int frame, gsize *size, guint8 **joined,
                                             GError **error);

/* Bits, samples and so on, checked as far as decoding depends on them. */
gboolean rounds_dicom_file_read_shape (RoundsDicomFile *self, RoundsDicomImage *out, GError **error);

/* Finds in which fragments each frame stands; once, when the file is opened. */
void rounds_dicom_file_map_fragments (RoundsDicomFile *self);

G_END_DECLS
