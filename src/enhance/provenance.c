/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is said about an enhanced image, in the file and on the screen. The words are English and ASCII,
 * because Derivation Description must be readable whatever character set the source uses.
 */

#include "enhance/provenance.h"

#include <string.h>

/* Four significant digits, a point whatever the locale. */
static char *
number (double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  return g_strdup (g_ascii_formatd (text, sizeof text, "%.4g", value));
}

void
rounds_enhance_provenance_init (RoundsEnhanceProvenance *self,
                                RoundsModel *model,
                                const char *modality,
                                const RoundsDenoiseReport *report)
{
  g_return_if_fail (self != NULL && ROUNDS_IS_MODEL (model) && modality != NULL && report != NULL);

  *self = (RoundsEnhanceProvenance){
    .model_name = g_strdup (rounds_model_get_name (model)),
    .model_version = g_strdup (rounds_model_get_version (model)),
    .model_sha256 = g_strdup (rounds_model_get_sha256 (model)),
    .program = g_strdup ("Rounds " ROUNDS_VERSION),
    .sigma = report->sigma,
    .sigma_units = g_strdup (g_str_equal (modality, "CT") ? "HU" : ""),
    .strength = report->strength,
    .clamped_fraction = report->clamped_fraction,
  };
  g_autofree char *sigma = number (report->sigma);
  g_autofree char *strength = number (report->strength);
  g_autofree char *clamped = number (100 * report->clamped_fraction);
  g_autofree char *text
      = g_strdup_printf ("Noise reduced by neural network '%s' version %s (ONNX SHA-256 %s), %s. Strength %s "
                         "of 1, noise level %s%s%s, "
                         "change per pixel limited to 3 x the measured noise (%s %% of pixels met the "
                         "limit). Not for primary diagnosis; "
                         "compare with the original.",
                         self->model_name, self->model_version, self->model_sha256, self->program, strength,
                         sigma, *self->sigma_units != '\0' ? " " : "", self->sigma_units, clamped);
  self->description = g_str_to_ascii (text, "C");
  if (strlen (self->description) > 1024)
    self->description[1024] = '\0';
}

void
rounds_enhance_provenance_clear (RoundsEnhanceProvenance *self)
{
  if (self == NULL)
    return;
  g_free (self->model_name);
  g_free (self->model_version);
  g_free (self->model_sha256);
  g_free (self->program);
  g_free (self->description);
  g_free (self->sigma_units);
  *self = (RoundsEnhanceProvenance){ 0 };
}

char *
rounds_enhance_provenance_label (const RoundsEnhanceProvenance *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_autofree char *sigma = number (self->sigma);
  return g_strdup_printf ("ENHANCED %s %s · strength %.0f %% · noise %s%s%s", self->model_name,
                          self->model_version, 100 * self->strength, sigma,
                          *self->sigma_units != '\0' ? " " : "", self->sigma_units);
}
