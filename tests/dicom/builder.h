/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Makes small DICOM files byte by byte, right and wrong ones. Explicit VR little endian. */
#include <glib.h>
#include <string.h>

#include "dicom/frame.h"

static inline void
put16 (GByteArray *out, guint value)
{
  guint8 bytes[2] = { (guint8) (value & 0xFF), (guint8) (value >> 8 & 0xFF) };
  g_byte_array_append (out, bytes, 2);
}

static inline void
put32 (GByteArray *out, guint32 value)
{
  put16 (out, value & 0xFFFF);
  put16 (out, value >> 16);
}

static inline void
put_header (GByteArray *out, guint32 tag, const char *vr, guint32 length)
{
  put16 (out, tag >> 16);
  put16 (out, tag & 0xFFFF);
  g_byte_array_append (out, (const guint8 *) vr, 2);
  if (strstr ("OB OD OF OL OV OW SQ SV UC UN UR UT UV", vr) != NULL)
    {
      put16 (out, 0);
      put32 (out, length);
    }
  else
    put16 (out, length);
}

static inline void
put_bytes (GByteArray *out, guint32 tag, const char *vr, const void *data, gsize size)
{
  put_header (out, tag, vr, (guint32) (size + size % 2));
  g_byte_array_append (out, data, (guint) size);
  if (size % 2 == 1)
    g_byte_array_append (out, (const guint8 *) "", 1);
}

static inline void
put_text (GByteArray *out, guint32 tag, const char *vr, const char *text)
{
  put_bytes (out, tag, vr, text, strlen (text));
}

static inline void
put_word (GByteArray *out, guint32 tag, guint value)
{
  put_header (out, tag, "US", 2);
  put16 (out, value);
}

static inline void
put_item (GByteArray *out, guint element, guint32 length)
{
  put16 (out, 0xFFFE);
  put16 (out, element);
  put32 (out, length);
}

static inline GByteArray *
begin_file (const char *transfer_syntax)
{
  GByteArray *out = g_byte_array_new ();

  g_byte_array_set_size (out, 128);
  memset (out->data, 0, 128);
  g_byte_array_append (out, (const guint8 *) "DICM", 4);
  put_text (out, 0x00020002, "UI", "1.2.840.10008.5.1.4.1.1.7");
  put_text (out, 0x00020003, "UI", "2.25.1");
  put_text (out, 0x00020010, "UI", transfer_syntax);
  put_text (out, 0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.7");
  put_text (out, 0x00080018, "UI", "2.25.1");
  return out;
}

typedef struct {
  int rows, columns, samples, allocated, stored, high, is_signed, planar;
  const char *photometric, *frames;
} Shape;

static inline void
put_shape (GByteArray *out, const Shape *shape)
{
  put_word (out, 0x00280002, (guint) shape->samples);
  put_text (out, 0x00280004, "CS", shape->photometric);
  if (shape->samples > 1)
    put_word (out, 0x00280006, (guint) shape->planar);
  if (shape->frames != NULL)
    put_text (out, 0x00280008, "IS", shape->frames);
  put_word (out, 0x00280010, (guint) shape->rows);
  put_word (out, 0x00280011, (guint) shape->columns);
  put_word (out, 0x00280100, (guint) shape->allocated);
  put_word (out, 0x00280101, (guint) shape->stored);
  put_word (out, 0x00280102, (guint) shape->high);
  put_word (out, 0x00280103, (guint) shape->is_signed);
}

static inline RoundsDicomFile *
open_array (GByteArray *array, GError **error)
{
  g_autoptr (GBytes) bytes = g_byte_array_free_to_bytes (array);
  return rounds_dicom_file_new (bytes, error);
}

static inline GBytes *
read_bytes (const char *path)
{
  g_autoptr (GError) error = NULL;
  char *data;
  gsize size;

  if (!g_file_get_contents (path, &data, &size, &error))
    {
      g_test_message ("%s", error->message);
      return NULL;
    }
  return g_bytes_new_take (data, size);
}

/* Path below the shared data, or NULL (the test is then skipped with a word). */
static inline char *
shared_path (const char *name)
{
  const char *root = g_getenv ("ROUNDS_SHARED_DATA");
  g_autofree char *path = root != NULL ? g_build_filename (root, name, NULL) : NULL;

  if (path == NULL || !g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_test_skip ("the shared data are not there (ROUNDS_SHARED_DATA)");
      return NULL;
    }
  return g_steal_pointer (&path);
}
