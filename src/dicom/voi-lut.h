/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dicom/file.h"

G_BEGIN_DECLS

/* One item of the VOI LUT Sequence (PS3.3 C.11.2.1.1). Plain struct; rounds_dicom_voi_lut_clear() frees it. */
typedef struct {
  int first;           /* modality value of the first entry */
  guint n;             /* entries, 65,536 at most */
  int bits;            /* of an entry, 8 to 16 */
  guint16 *entries;
  char *explanation;   /* UTF-8, or NULL */
} RoundsDicomVoiLut;

/* The n-th table of a frame (both from 0). FALSE when there is none or it is damaged; out is untouched then. */
gboolean rounds_dicom_file_read_voi_lut (RoundsDicomFile *self, int frame, guint n, RoundsDicomVoiLut *out);
void rounds_dicom_voi_lut_clear (RoundsDicomVoiLut *self);

G_END_DECLS
