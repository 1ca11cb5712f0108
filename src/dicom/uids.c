/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The names of transfer syntaxes and storage classes that Rounds meets. A table of its own, and not the
 * toolkit's, because it says what Rounds can decode, and is searched without loading a dictionary. */
#include "dicom/uids.h"

#include <string.h>

#include "dicom/writer.h"

static const RoundsTransferSyntax syntaxes[] = {
  { ROUNDS_UID_IMPLICIT_LITTLE, "Implicit VR Little Endian", ROUNDS_CODING_NATIVE, FALSE, FALSE },
  { ROUNDS_UID_EXPLICIT_LITTLE, "Explicit VR Little Endian", ROUNDS_CODING_NATIVE, FALSE, FALSE },
  { ROUNDS_UID_ENCAPSULATED_UNCOMPRESSED, "Encapsulated Uncompressed", ROUNDS_CODING_FRAGMENTS, FALSE, FALSE },
  { ROUNDS_UID_DEFLATED, "Deflated Explicit VR Little Endian", ROUNDS_CODING_NATIVE, FALSE, FALSE },
  { ROUNDS_UID_EXPLICIT_BIG, "Explicit VR Big Endian", ROUNDS_CODING_NATIVE, FALSE, FALSE },
  { ROUNDS_UID_JPEG_BASELINE, "JPEG Baseline", ROUNDS_CODING_JPEG, TRUE, TRUE },
  { ROUNDS_UID_JPEG_EXTENDED, "JPEG Extended", ROUNDS_CODING_JPEG, TRUE, TRUE },
  { ROUNDS_UID_JPEG_SPECTRAL, "JPEG Spectral Selection", ROUNDS_CODING_JPEG, TRUE, TRUE },
  { ROUNDS_UID_JPEG_PROGRESSIVE, "JPEG Full Progression", ROUNDS_CODING_JPEG, TRUE, TRUE },
  { ROUNDS_UID_JPEG_LOSSLESS, "JPEG Lossless", ROUNDS_CODING_JPEG, FALSE, FALSE },
  { ROUNDS_UID_JPEG_LOSSLESS_SV1, "JPEG Lossless, First-Order Prediction", ROUNDS_CODING_JPEG, FALSE, FALSE },
  { ROUNDS_UID_JPEG_LS, "JPEG-LS Lossless", ROUNDS_CODING_JPEG_LS, FALSE, FALSE },
  { ROUNDS_UID_JPEG_LS_NEAR, "JPEG-LS Near-Lossless", ROUNDS_CODING_JPEG_LS, FALSE, TRUE },
  { ROUNDS_UID_JPEG_2000_LOSSLESS, "JPEG 2000 Lossless", ROUNDS_CODING_JPEG_2000, FALSE, FALSE },
  { ROUNDS_UID_JPEG_2000, "JPEG 2000", ROUNDS_CODING_JPEG_2000, FALSE, TRUE },
  { ROUNDS_UID_JPEG_2000_PART2_LOSSLESS, "JPEG 2000 Part 2 Lossless", ROUNDS_CODING_UNSUPPORTED, FALSE, FALSE },
  { ROUNDS_UID_JPEG_2000_PART2, "JPEG 2000 Part 2", ROUNDS_CODING_UNSUPPORTED, FALSE, TRUE },
  { "1.2.840.10008.1.2.4.94", "JPIP Referenced", ROUNDS_CODING_UNSUPPORTED, FALSE, TRUE },
  { "1.2.840.10008.1.2.4.95", "JPIP Referenced Deflate", ROUNDS_CODING_UNSUPPORTED, FALSE, TRUE },
  { "1.2.840.10008.1.2.4.100", "MPEG2 Main Profile / Main Level", ROUNDS_CODING_UNSUPPORTED, TRUE, TRUE },
  { "1.2.840.10008.1.2.4.101", "MPEG2 Main Profile / High Level", ROUNDS_CODING_UNSUPPORTED, TRUE, TRUE },
  { "1.2.840.10008.1.2.4.102", "MPEG-4 AVC/H.264 High Profile", ROUNDS_CODING_UNSUPPORTED, TRUE, TRUE },
  { "1.2.840.10008.1.2.4.103", "MPEG-4 AVC/H.264 BD-compatible", ROUNDS_CODING_UNSUPPORTED, TRUE, TRUE },
  { "1.2.840.10008.1.2.4.104", "MPEG-4 AVC/H.264 High Profile 4.2 2D", ROUNDS_CODING_UNSUPPORTED, TRUE, TRUE },
  { "1.2.840.10008.1.2.4.105", "MPEG-4 AVC/H.264 High Profile 4.2 3D", ROUNDS_CODING_UNSUPPORTED, TRUE, TRUE },
  { "1.2.840.10008.1.2.4.106", "MPEG-4 AVC/H.264 Stereo", ROUNDS_CODING_UNSUPPORTED, TRUE, TRUE },
  { "1.2.840.10008.1.2.4.107", "HEVC/H.265 Main Profile", ROUNDS_CODING_UNSUPPORTED, TRUE, TRUE },
  { "1.2.840.10008.1.2.4.108", "HEVC/H.265 Main 10 Profile", ROUNDS_CODING_UNSUPPORTED, TRUE, TRUE },
  { "1.2.840.10008.1.2.4.110", "JPEG XL Lossless", ROUNDS_CODING_UNSUPPORTED, FALSE, FALSE },
  { "1.2.840.10008.1.2.4.111", "JPEG XL JPEG Recompression", ROUNDS_CODING_UNSUPPORTED, TRUE, TRUE },
  { "1.2.840.10008.1.2.4.112", "JPEG XL", ROUNDS_CODING_UNSUPPORTED, FALSE, TRUE },
  { ROUNDS_UID_HTJ2K_LOSSLESS, "High-Throughput JPEG 2000 Lossless", ROUNDS_CODING_JPEG_2000, FALSE, FALSE },
  { ROUNDS_UID_HTJ2K_LOSSLESS_RPCL, "High-Throughput JPEG 2000 Lossless RPCL", ROUNDS_CODING_JPEG_2000, FALSE, FALSE },
  { ROUNDS_UID_HTJ2K, "High-Throughput JPEG 2000", ROUNDS_CODING_JPEG_2000, FALSE, TRUE },
  { ROUNDS_UID_DEFLATED_FRAMES, "Deflated Image Frame Compression", ROUNDS_CODING_DEFLATED, FALSE, FALSE },
  { ROUNDS_UID_RLE, "RLE Lossless", ROUNDS_CODING_RLE, FALSE, FALSE },
};

static const struct {
  const char *suffix;   /* after 1.2.840.10008.5.1.4.1.1. */
  const char *name;
} classes[] = {
  { "1", "Computed Radiography Image" },
  { "1.1", "Digital X-Ray Image" },
  { "1.1.1", "Digital X-Ray Image, for Processing" },
  { "1.2", "Digital Mammography Image" },
  { "1.2.1", "Digital Mammography Image, for Processing" },
  { "1.3", "Digital Intra-Oral X-Ray Image" },
  { "2", "CT Image" },
  { "2.1", "Enhanced CT Image" },
  { "2.2", "Legacy Converted Enhanced CT Image" },
  { "3.1", "Ultrasound Multi-frame Image" },
  { "4", "MR Image" },
  { "4.1", "Enhanced MR Image" },
  { "4.2", "MR Spectroscopy" },
  { "4.3", "Enhanced MR Color Image" },
  { "6.1", "Ultrasound Image" },
  { "6.2", "Enhanced US Volume" },
  { "7", "Secondary Capture Image" },
  { "7.1", "Multi-frame Single Bit Secondary Capture Image" },
  { "7.2", "Multi-frame Grayscale Byte Secondary Capture Image" },
  { "7.3", "Multi-frame Grayscale Word Secondary Capture Image" },
  { "7.4", "Multi-frame True Color Secondary Capture Image" },
  { "9.1.1", "12-lead ECG Waveform" },
  { "9.1.2", "General ECG Waveform" },
  { "11.1", "Grayscale Softcopy Presentation State" },
  { "12.1", "X-Ray Angiographic Image" },
  { "12.1.1", "Enhanced XA Image" },
  { "12.2", "X-Ray Radiofluoroscopic Image" },
  { "12.2.1", "Enhanced XRF Image" },
  { "13.1.3", "Breast Tomosynthesis Image" },
  { "20", "Nuclear Medicine Image" },
  { "30", "Parametric Map" },
  { "66.4", "Segmentation" },
  { "77.1.1", "VL Endoscopic Image" },
  { "77.1.4", "VL Photographic Image" },
  { "77.1.6", "VL Whole Slide Microscopy Image" },
  { "88.11", "Basic Text SR" },
  { "88.22", "Enhanced SR" },
  { "88.33", "Comprehensive SR" },
  { "88.59", "Key Object Selection" },
  { "104.1", "Encapsulated PDF" },
  { "128", "Positron Emission Tomography Image" },
  { "130", "Enhanced PET Image" },
  { "481.1", "RT Image" },
  { "481.2", "RT Dose" },
  { "481.3", "RT Structure Set" },
  { "481.5", "RT Plan" },
};

const RoundsTransferSyntax *
rounds_transfer_syntax_find (const char *uid)
{
  if (uid == NULL)
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (syntaxes); i++)
    if (strcmp (syntaxes[i].uid, uid) == 0)
      return &syntaxes[i];
  return NULL;
}

const char *
rounds_sop_class_name (const char *uid)
{
  const char *root = "1.2.840.10008.5.1.4.1.1.";

  if (uid == NULL || !g_str_has_prefix (uid, root))
    return g_strcmp0 (uid, ROUNDS_UID_DICOMDIR) == 0 ? "Media Storage Directory" : NULL;
  for (guint i = 0; i < G_N_ELEMENTS (classes); i++)
    if (strcmp (classes[i].suffix, uid + strlen (root)) == 0)
      return classes[i].name;
  return NULL;
}

gboolean
rounds_dicom_is_uid (const char *text)
{
  gsize length, start = 0;

  if (text == NULL)
    return FALSE;
  length = strlen (text);
  if (length == 0 || length > 64)
    return FALSE;
  for (gsize i = 0; i <= length; i++)
    {
      if (i == length || text[i] == '.')
        {
          /* Components are not empty and have no leading zero. */
          if (i == start || (text[start] == '0' && i - start > 1))
            return FALSE;
          start = i + 1;
        }
      else if (!g_ascii_isdigit (text[i]))
        return FALSE;
    }
  return TRUE;
}

/* 16 bytes as a decimal number behind "2.25." (PS3.5 B.2). */
char *
rounds_dicom_uid_from_bytes (const guint8 bytes[16])
{
  guint8 number[16];
  char digits[40];
  gsize n = 0;

  memcpy (number, bytes, sizeof number);
  do
    {
      guint rest = 0;
      gboolean zero = TRUE;

      for (guint i = 0; i < 16; i++)
        {
          guint value = rest * 256 + number[i];
          number[i] = (guint8) (value / 10);
          rest = value % 10;
          zero = zero && number[i] == 0;
        }
      digits[n++] = (char) ('0' + rest);
      if (zero)
        break;
    }
  while (n < sizeof digits);
  {
    GString *out = g_string_new ("2.25.");
    while (n > 0)
      g_string_append_c (out, digits[--n]);
    return g_string_free (out, FALSE);
  }
}

char *
rounds_dicom_new_uid (void)
{
  g_autofree char *uuid = g_uuid_string_random ();
  guint8 bytes[16];
  gsize n = 0;

  for (const char *p = uuid; *p != '\0' && n < 16; p++)
    if (g_ascii_isxdigit (p[0]) && g_ascii_isxdigit (p[1]))
      {
        bytes[n++] = (guint8) (g_ascii_xdigit_value (p[0]) << 4 | g_ascii_xdigit_value (p[1]));
        p++;
      }
  return rounds_dicom_uid_from_bytes (bytes);
}
