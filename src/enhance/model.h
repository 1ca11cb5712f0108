/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "enhance/error.h"

G_BEGIN_DECLS

/* What one model is and what it may be used on: a folder with manifest.json, the ONNX file it names and
 * a model card. Immutable once loaded, so it may be used from any thread. `data/models/denoise/manifest.json`
 * is the example of the format. */
#define ROUNDS_TYPE_MODEL (rounds_model_get_type ())
G_DECLARE_FINAL_TYPE (RoundsModel, rounds_model, ROUNDS, MODEL, GObject)

/* How values of one modality become the model's range: value = low + span * model value. */
typedef struct
{
  gboolean fixed;        /* TRUE: low and span as given; FALSE: from each image's 0.5 and 99.5 percentiles */
  double low;            /* in modality units */
  double span;           /* in modality units, > 0 */
  double padding_below;  /* an image's lowest value, when it is below this and in 1 of 200 pixels, is padding
                            and never changed; -INFINITY when there is none */
  double flat_tolerance; /* wanted bound of a flat region's mean: units when fixed, else part of span */
  gboolean noise_correlated; /* how noise is measured: see noise-estimate.h */
  double noise_floor;        /* modality units, when fixed */
  double noise_min_snr;
} RoundsModelScale;

/* The folder that holds one folder per model: $ROUNDS_MODELS_DIR, else the installed one. Caller frees. */
char *rounds_models_dir (void);

/* Loads DIR/manifest.json (at most 256 KiB) and checks that the ONNX file beside it (at most 512 MiB, no
 * path) has the SHA-256 the manifest states. Reads the whole model file: worker thread when it is large.
 * Errors: NO_MODEL, MANIFEST, HASH. */
RoundsModel *rounds_model_load (const char *dir, GError **error);

/* Loads the model called NAME below rounds_models_dir(). NAME holds letters, digits, '-' and '_' only. */
RoundsModel *rounds_model_load_named (const char *name, GError **error);

/* Every usable model below DIR (NULL: rounds_models_dir()), by name. A folder without a manifest is passed
 * over; one that cannot be used is named in a warning and passed over. Transfer full, element RoundsModel. */
GPtrArray *rounds_model_list (const char *dir);

const char *rounds_model_get_name (RoundsModel *self);              /* "denoise" */
const char *rounds_model_get_title (RoundsModel *self);             /* for people, English */
const char *rounds_model_get_version (RoundsModel *self);           /* "1.0.0" */
const char *rounds_model_get_task (RoundsModel *self);              /* "denoise" */
const char *const *rounds_model_get_modalities (RoundsModel *self); /* DICOM (0008,0060) terms, NULL-ended */
const char *rounds_model_get_units (RoundsModel *self);        /* of the input: "modality" = after rescale */
const char *rounds_model_get_sha256 (RoundsModel *self);       /* of the ONNX file, 64 hex digits */
const char *rounds_model_get_licence (RoundsModel *self);      /* SPDX */
const char *rounds_model_get_intended_use (RoundsModel *self); /* one sentence */
const char *rounds_model_get_path (RoundsModel *self);         /* of the ONNX file */
const char *rounds_model_get_card_path (RoundsModel *self); /* of the model card; NULL when there is none */
GBytes *rounds_model_get_bytes (RoundsModel *self); /* the checked file: what runs is what was hashed */

int rounds_model_get_min_size (RoundsModel *self);     /* rows and columns, pixels */
int rounds_model_get_max_size (RoundsModel *self);     /* rows and columns, pixels */
int rounds_model_get_max_bits (RoundsModel *self);     /* Bits Stored */
int rounds_model_get_align (RoundsModel *self);        /* network input is a multiple of this, pixels */
int rounds_model_get_reach (RoundsModel *self);        /* farthest input pixel that counts, pixels */
int rounds_model_get_whole_max (RoundsModel *self);    /* larger images are done in tiles of this size */
double rounds_model_get_sigma_max (RoundsModel *self); /* largest noise level it was taught, model range */

/* The scale for MODALITY; FALSE when the model does not accept it. */
gboolean rounds_model_get_scale (RoundsModel *self, const char *modality, RoundsModelScale *scale);

/* Whether an image may be given to the model. MODALITY is the DICOM term, BITS is Bits Stored (0 when the
 * values are floating point), SAMPLES is Samples per Pixel. On FALSE the error (REFUSED) says why in plain
 * words. */
gboolean rounds_model_accepts (
    RoundsModel *self, const char *modality, int bits, int rows, int columns, int samples, GError **error);

G_END_DECLS
