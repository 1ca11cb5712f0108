/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "enhance/denoise.h"

G_BEGIN_DECLS

/* What a saved derived image must say about how it was made. The writer of the DICOM object is src/dicom's;
 * it takes these strings and fields. Plain struct; rounds_enhance_provenance_clear() frees what it holds. */
typedef struct
{
  char *model_name;    /* Contributing Equipment: Manufacturer's Model Name */
  char *model_version; /* Contributing Equipment: Software Versions, first value */
  char *model_sha256;  /* Contributing Equipment: Software Versions, second value is these 64 digits */
  char *program;       /* "Rounds 0.1.0" */
  char *description;   /* Derivation Description (0008,2111), ASCII, at most 1,024 characters */
  double sigma;        /* noise level removed, modality units */
  char *sigma_units;   /* "HU" for CT, else "" */
  double strength;     /* 0 to 1 */
  double clamped_fraction;
} RoundsEnhanceProvenance;

/* DICOM CID 7203: the code of this kind of derivation. */
#define ROUNDS_ENHANCE_DERIVATION_CODE "113087"
#define ROUNDS_ENHANCE_DERIVATION_SCHEME "DCM"
#define ROUNDS_ENHANCE_DERIVATION_MEANING "Smoothing"

/* Fills SELF (which must be zeroed or cleared) for a report of MODEL on an image of MODALITY. */
void rounds_enhance_provenance_init (RoundsEnhanceProvenance *self,
                                     RoundsModel *model,
                                     const char *modality,
                                     const RoundsDenoiseReport *report);
void rounds_enhance_provenance_clear (RoundsEnhanceProvenance *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RoundsEnhanceProvenance, rounds_enhance_provenance_clear)

/* One line for the label that an enhanced view always wears, in English:
 * "ENHANCED denoise 1.0.0 · strength 60 % · noise 14.2 HU". Caller frees. */
char *rounds_enhance_provenance_label (const RoundsEnhanceProvenance *self);

G_END_DECLS
