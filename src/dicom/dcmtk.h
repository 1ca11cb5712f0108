/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The face of DCMTK: the C++ behind it throws nothing through it and logs nothing to the terminal. Any thread. */

/* VR of a tag in the public dictionary, two letters and NUL; "UN" when it is not there. */
void rounds_dcmtk_dictionary_vr (guint32 tag, char vr[3]);

/* Bytes in a DICOM character set (the value of Specific Character Set) to UTF-8; NULL when they do not convert.
 * Code extensions are reset at each of delimiters (PS3.5 6.1.2.5.3). Caller frees. */
char *rounds_dcmtk_to_utf8 (const char *charset, const char *bytes, gsize length, const char *delimiters);

/* Decodes one JPEG image of known precision (8, 12 or 16 bits, lossy or lossless). out takes samples together,
 * 1 byte each for precisions to 8 and 2 bytes (native) above. ybr: the components are Y, Cb, Cr and are wanted as
 * R, G, B. Returns NULL, or what is wrong (caller frees). */
char *rounds_dcmtk_decode_jpeg (const guint8 *data, gsize size, guint precision, gboolean lossless, gboolean ybr,
                                guint8 *out, gsize out_size);

/* The same for JPEG-LS. */
char *rounds_dcmtk_decode_jpeg_ls (const guint8 *data, gsize size, guint rows, guint columns, guint samples,
                                   guint precision, guint8 *out, gsize out_size);

G_END_DECLS
