/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Transfer syntaxes (PS3.6 A-1). */
#define ROUNDS_UID_IMPLICIT_LITTLE "1.2.840.10008.1.2"
#define ROUNDS_UID_EXPLICIT_LITTLE "1.2.840.10008.1.2.1"
#define ROUNDS_UID_ENCAPSULATED_UNCOMPRESSED "1.2.840.10008.1.2.1.98"
#define ROUNDS_UID_DEFLATED "1.2.840.10008.1.2.1.99"
#define ROUNDS_UID_EXPLICIT_BIG "1.2.840.10008.1.2.2"
#define ROUNDS_UID_JPEG_BASELINE "1.2.840.10008.1.2.4.50"
#define ROUNDS_UID_JPEG_EXTENDED "1.2.840.10008.1.2.4.51"
#define ROUNDS_UID_JPEG_SPECTRAL "1.2.840.10008.1.2.4.53"
#define ROUNDS_UID_JPEG_PROGRESSIVE "1.2.840.10008.1.2.4.55"
#define ROUNDS_UID_JPEG_LOSSLESS "1.2.840.10008.1.2.4.57"
#define ROUNDS_UID_JPEG_LOSSLESS_SV1 "1.2.840.10008.1.2.4.70"
#define ROUNDS_UID_JPEG_LS "1.2.840.10008.1.2.4.80"
#define ROUNDS_UID_JPEG_LS_NEAR "1.2.840.10008.1.2.4.81"
#define ROUNDS_UID_JPEG_2000_LOSSLESS "1.2.840.10008.1.2.4.90"
#define ROUNDS_UID_JPEG_2000 "1.2.840.10008.1.2.4.91"
#define ROUNDS_UID_JPEG_2000_PART2_LOSSLESS "1.2.840.10008.1.2.4.92"
#define ROUNDS_UID_JPEG_2000_PART2 "1.2.840.10008.1.2.4.93"
#define ROUNDS_UID_HTJ2K_LOSSLESS "1.2.840.10008.1.2.4.201"
#define ROUNDS_UID_HTJ2K_LOSSLESS_RPCL "1.2.840.10008.1.2.4.202"
#define ROUNDS_UID_HTJ2K "1.2.840.10008.1.2.4.203"
#define ROUNDS_UID_RLE "1.2.840.10008.1.2.5"
#define ROUNDS_UID_DEFLATED_FRAMES "1.2.840.10008.1.2.8.1"

/* SOP classes that Rounds treats specially (PS3.4 B.5). */
#define ROUNDS_UID_DICOMDIR "1.2.840.10008.1.3.10"
#define ROUNDS_UID_CT_IMAGE "1.2.840.10008.5.1.4.1.1.2"
#define ROUNDS_UID_MR_IMAGE "1.2.840.10008.5.1.4.1.1.4"
#define ROUNDS_UID_SECONDARY_CAPTURE "1.2.840.10008.5.1.4.1.1.7"

/* How the pixels of a transfer syntax are coded. */
typedef enum {
  ROUNDS_CODING_NATIVE,
  ROUNDS_CODING_FRAGMENTS,   /* uncompressed, one fragment or more a frame */
  ROUNDS_CODING_DEFLATED,    /* each frame */
  ROUNDS_CODING_RLE,
  ROUNDS_CODING_JPEG,
  ROUNDS_CODING_JPEG_LS,
  ROUNDS_CODING_JPEG_2000,   /* and HTJ2K */
  ROUNDS_CODING_UNSUPPORTED, /* known or unknown, but nothing here decodes it */
} RoundsCoding;

typedef struct {
  const char *uid, *name;    /* name for people, not translated: it is the standard's */
  RoundsCoding coding;
  gboolean always_lossy;     /* the process cannot keep pixels */
  gboolean may_be_lossy;
} RoundsTransferSyntax;

/* NULL when the UID is no transfer syntax known here. Borrowed. Any thread. */
const RoundsTransferSyntax *rounds_transfer_syntax_find (const char *uid);
/* "CT Image" for a storage SOP class, NULL when not known. Borrowed. Any thread. */
const char *rounds_sop_class_name (const char *uid);

/* "2.25." and 16 bytes (a UUID) as a decimal number. Caller frees. */
char *rounds_dicom_uid_from_bytes (const guint8 bytes[16]);

G_END_DECLS
