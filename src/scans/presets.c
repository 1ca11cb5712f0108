/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Windows by name, by file and by image. Automatic windows cut half a percent at both ends: metal and air then
 * do not decide how tissue looks, at the price of clipping them. */
#include "scans/presets.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

static const RoundsPreset ct_presets[] = {
  { "soft-tissue", N_("Soft tissue"), 400, 40 },
  { "mediastinum", N_("Mediastinum"), 400, 80 },
  { "lung", N_("Lung"), 1500, -600 },
  { "bone", N_("Bone"), 2000, 500 },
  { "brain", N_("Brain"), 80, 40 },
  { "liver", N_("Liver"), 150, 90 },
  { "angio", N_("Angio"), 600, 200 },
  { "spine", N_("Spine"), 300, 40 },
};

const RoundsPreset *
rounds_presets_for_modality (const char *modality, guint *n)
{
  gboolean ct = g_strcmp0 (modality, "CT") == 0;

  *n = ct ? G_N_ELEMENTS (ct_presets) : 0;
  return ct ? ct_presets : NULL;
}

const RoundsPreset *
rounds_preset_find (const char *id)
{
  g_autofree char *wanted = NULL;

  if (id == NULL)
    return NULL;
  wanted = g_ascii_strdown (id, -1);
  g_strdelimit (wanted, " _", '-');
  for (guint i = 0; i < G_N_ELEMENTS (ct_presets); i++)
    if (g_str_equal (ct_presets[i].id, wanted))
      return &ct_presets[i];
  return NULL;
}

gboolean
rounds_window_of_file (const RoundsScanFrame *frame, guint n, RoundsDisplay *out)
{
  guint windows = (guint) MAX (frame->image.n_windows, 0);
  gboolean invert = out->invert;

  if (n < windows)
    {
      RoundsDisplay d = { .function = rounds_voi_function_from_string (frame->image.voi_function),
                          .center = frame->image.window_center[n], .width = frame->image.window_width[n],
                          .invert = invert };

      /* What the standard forbids is shown as the image itself asks, not as a black picture. */
      if (!isfinite (d.center) || !isfinite (d.width) || d.width <= 0
          || (d.function == ROUNDS_VOI_LINEAR && d.width < 1))
        return FALSE;
      *out = d;
      return TRUE;
    }
  if (n - windows < frame->n_voi_tables)
    {
      *out = (RoundsDisplay) { .function = ROUNDS_VOI_TABLE, .table = n - windows, .invert = invert,
                               .center = (frame->min + frame->max) / 2, .width = frame->max - frame->min };
      return TRUE;
    }
  return FALSE;
}

static void
set_range (double low, double high, RoundsDisplay *out)
{
  gboolean invert = out->invert;

  /* LINEAR maps (c − 0.5 − (w − 1) / 2, c − 0.5 + (w − 1) / 2]. */
  *out = (RoundsDisplay) { .function = ROUNDS_VOI_LINEAR, .invert = invert };
  out->width = MAX (high - low + 1, 1);
  out->center = (low + high) / 2 + 0.5;
  if (high > low && high - low < 64 && high - low != floor (high - low))
    {
      /* Values in a small range of fractions: the one-unit offset of LINEAR would be seen. */
      out->function = ROUNDS_VOI_LINEAR_EXACT;
      out->width = high - low;
      out->center = (low + high) / 2;
    }
}

#define BINS 4096

void
rounds_window_auto (const RoundsScanFrame *frame, RoundsDisplay *out)
{
  const RoundsFrame *f = frame->pixels;
  double low = frame->min, high = frame->max;
  g_autofree guint32 *bins = NULL;
  gsize n = 0, seen = 0;
  int step;

  if (!rounds_scan_frame_is_grey (frame) || !(low <= high))
    {
      set_range (0, 255, out);
      return;
    }
  if (frame->image.bits_stored <= 8 || high == low)
    {
      set_range (low, high, out);
      return;
    }
  bins = g_new0 (guint32, BINS);
  /* Every second row and column of a large image tells the same. */
  step = (gsize) f->rows * f->columns > 1024 * 1024 ? 2 : 1;
  for (int r = 0; r < f->rows; r += step)
    for (int c = 0; c < f->columns; c += step)
      {
        double v = rounds_scan_frame_value_at (frame, c, r);

        if (!isfinite (v))
          continue;
        bins[(int) ((v - low) / (high - low) * (BINS - 1))]++;
        n++;
      }
  {
    double from = low, to = high, width = (high - low) / (BINS - 1);
    gboolean begun = FALSE;

    for (int i = 0; i < BINS; i++)
      {
        seen += bins[i];
        if (!begun && seen > n * 0.005)
          {
            from = low + i * width;
            begun = TRUE;
          }
        if (seen >= n * 0.995)
          {
            to = MIN (high, low + (i + 1) * width);
            break;
          }
      }
    if (to > from)
      set_range (floor (from), ceil (to), out);
    else
      set_range (low, high, out);
  }
}

void
rounds_window_default (const RoundsScanFrame *frame, RoundsDisplay *out)
{
  memset (out, 0, sizeof *out);
  /* A VOI LUT is more precise than a window, but the window is what a reader can read and move. */
  if (rounds_scan_frame_is_grey (frame) && rounds_window_of_file (frame, 0, out))
    return;
  rounds_window_auto (frame, out);
}

void
rounds_window_drag (const RoundsScanFrame *frame, double dx, double dy, double boost, RoundsDisplay *display)
{
  double range = frame->max > frame->min ? frame->max - frame->min : 1;
  double gain = range / 1024 * boost;

  if (display->function == ROUNDS_VOI_TABLE)
    {
      /* A table has no width: dragging starts from the window that covers the image. */
      display->function = ROUNDS_VOI_LINEAR;
      display->width = range;
      display->center = frame->min + range / 2;
    }
  display->width += dx * gain;
  display->center -= dy * gain;
  display->width = CLAMP (display->width, display->function == ROUNDS_VOI_LINEAR ? 1 : range / 65536, range * 4 + 1);
  display->center = CLAMP (display->center, frame->min - range, frame->min + 2 * range);
}
