/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define ROUNDS_DICOM_ERROR (rounds_dicom_error_quark ())
GQuark rounds_dicom_error_quark (void);

typedef enum {
  ROUNDS_DICOM_ERROR_NOT_DICOM,    /* no DICOM at all */
  ROUNDS_DICOM_ERROR_TRUNCATED,
  ROUNDS_DICOM_ERROR_MALFORMED,
  ROUNDS_DICOM_ERROR_LIMIT,        /* larger than memory allows; refused before allocation */
  ROUNDS_DICOM_ERROR_UNSUPPORTED,  /* a syntax or photometric interpretation we cannot decode */
  ROUNDS_DICOM_ERROR_NO_PIXELS,
} RoundsDicomError;

/* One parsed DICOM object. Immutable after opening; may be used by several workers. Parsing and decoding
 * are bounded and never run on the main thread. */
typedef struct _RoundsDicomFile RoundsDicomFile;

/* Parses bytes of a Part 10 file or a bare dataset (guessed). The bytes are kept by reference. */
RoundsDicomFile *rounds_dicom_file_new (GBytes *bytes, GError **error);
RoundsDicomFile *rounds_dicom_file_ref (RoundsDicomFile *self);
void rounds_dicom_file_unref (RoundsDicomFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoundsDicomFile, rounds_dicom_file_unref)

/* Whether bytes look like DICOM (DICM at 128, or a plausible first element). Cheap. */
gboolean rounds_dicom_looks_like (const guint8 *data, gsize size);

/* Elements: tag = group << 16 | element; strings in UTF-8 by Specific Character Set, backslash-separated,
 * trimmed of padding. Caller frees; NULL = absent or empty. */
char *rounds_dicom_file_dup_string (RoundsDicomFile *self, guint32 tag);
gboolean rounds_dicom_file_get_double (RoundsDicomFile *self, guint32 tag, guint index, double *out);
gboolean rounds_dicom_file_get_int (RoundsDicomFile *self, guint32 tag, guint index, gint64 *out);
/* A string in an item (from 0) of a sequence of the root, by the character set that holds there. */
char *rounds_dicom_file_dup_item_string (RoundsDicomFile *self, guint32 sequence, guint item, guint32 tag);
guint rounds_dicom_file_get_n_items (RoundsDicomFile *self, guint32 sequence);
const char *rounds_dicom_file_get_transfer_syntax (RoundsDicomFile *self);   /* UID, borrowed */
GBytes *rounds_dicom_file_get_bytes (RoundsDicomFile *self);                 /* as opened, borrowed */
/* What is odd about it, for people: NULL-terminated, borrowed; may be empty. */
const char *const *rounds_dicom_file_get_warnings (RoundsDicomFile *self);

/* What the image is, from the header alone. Lengths in mm; unknown = 0. */
typedef struct {
  int rows, columns, frames, samples;      /* samples 1 or 3 as delivered */
  int bits_allocated, bits_stored, high_bit;
  gboolean is_signed, is_float;
  char photometric[17];                    /* as stored in the file: "MONOCHROME2"… */
  gboolean lossy;                          /* pixels were ever compressed with loss */
  double slope, intercept;                 /* Rescale; 1, 0 when absent */
  gboolean has_modality_lut;
  gboolean has_padding;
  double padding_low, padding_high;        /* stored values that are no image */
  char rescale_type[17];                   /* "HU", "US", "" … */
  int n_windows;                           /* windows of the file, 8 at most */
  double window_center[8], window_width[8];
  char voi_function[17];                   /* "LINEAR", "LINEAR_EXACT", "SIGMOID" */
  gboolean has_position;
  double position_mm[3], orientation[6];
  double spacing_mm[2];                    /* row spacing (down), column spacing (across) */
  char spacing_kind[16];                   /* "patient", "detector", "calibrated", "us-region" or "none" */
  double slice_thickness_mm, gantry_tilt_deg;
  double pixel_aspect[2];                  /* Pixel Aspect Ratio, 1:1 when absent */
  double frame_time_ms;                    /* cine; 0 = not given */
} RoundsDicomImage;
/* FALSE with NO_PIXELS when the object holds no image. frame from 0 (functional groups per frame). */
gboolean rounds_dicom_file_get_image (RoundsDicomFile *self, int frame, RoundsDicomImage *out, GError **error);

/* Whether the bytes of every frame are there, without decoding any: FALSE with TRUNCATED, MALFORMED or
 * UNSUPPORTED. TRUE for an object without pixels. An import asks this before it takes a file. */
gboolean rounds_dicom_file_check_pixels (RoundsDicomFile *self, GError **error);

/* A calibrated part of an ultrasound picture (PS3.3 C.8.5.5): columns x0…x1, rows y0…y1, mm for each pixel. */
typedef struct {
  int x0, y0, x1, y1;
  double spacing_mm[2];    /* down, across */
} RoundsUsRegion;
/* Copies at most max regions that are calibrated in cm; returns how many there are. */
guint rounds_dicom_file_get_us_regions (RoundsDicomFile *self, RoundsUsRegion *out, guint max);

G_END_DECLS
