/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Multipart bodies as servers send them, and as they should not. */

#include <string.h>

#include "cloud/error.h"
#include "cloud/multipart.h"

typedef struct {
  GPtrArray *parts;      /* GString */
  GPtrArray *types;
} Parts;

static gboolean
begin (GHashTable *headers, gpointer data, GError **error)
{
  Parts *parts = data;

  g_ptr_array_add (parts->parts, g_string_new (NULL));
  g_ptr_array_add (parts->types, g_strdup (g_hash_table_lookup (headers, "content-type")));
  return TRUE;
}

static gboolean
more (const guint8 *bytes, gsize size, gpointer data, GError **error)
{
  Parts *parts = data;

  g_string_append_len (parts->parts->pdata[parts->parts->len - 1], (const char *) bytes, size);
  return TRUE;
}

static gboolean
end (gpointer data, GError **error)
{
  return TRUE;
}

static void
free_string (gpointer data)
{
  g_string_free (data, TRUE);
}

static void
parts_init (Parts *parts)
{
  parts->parts = g_ptr_array_new_with_free_func (free_string);
  parts->types = g_ptr_array_new_with_free_func (g_free);
}

static void
parts_clear (Parts *parts)
{
  g_ptr_array_unref (parts->parts);
  g_ptr_array_unref (parts->types);
}

static gboolean
parse (Parts *parts, const char *type, const char *body, gsize size, gsize step, GError **error)
{
  g_autoptr (RoundsMultipart) reader = rounds_multipart_new (type, begin, more, end, parts, error);
  gsize at;

  if (reader == NULL)
    return FALSE;
  for (at = 0; at < size; at += step)
    if (!rounds_multipart_feed (reader, (const guint8 *) body + at, MIN (step, size - at), error))
      return FALSE;
  return rounds_multipart_finish (reader, error);
}

#define TYPE "multipart/related; type=\"application/dicom\"; boundary=\"b-1 x\""

/* The boundary stands in the data without its tail, at the end of a part, cut by every size of piece. */
static void
test_pieces (void)
{
  static const char body[] = "preamble\r\n--b-1 x\r\nContent-Type: application/dicom\r\nX: y\r\n\r\n"
                             "AA\r\n--b-1 xZ\r\n\r\n--b-1\r\n\r\r\n--b-1 x-\0BB"
                             "\r\n--b-1 x  \r\ncontent-type:application/dicom\r\n\r\n\r\n--b-1 x\r\n\r\nlast\r"
                             "\r\n--b-1 x--\r\nepilogue --b-1 x";
  static const char first[] = "AA\r\n--b-1 xZ\r\n\r\n--b-1\r\n\r\r\n--b-1 x-\0BB";
  gsize step;

  for (step = 1; step < sizeof body; step++)
    {
      Parts parts;
      g_autoptr (GError) error = NULL;
      GString *part;

      parts_init (&parts);
      parse (&parts, TYPE, body, sizeof body - 1, step, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (parts.parts->len, ==, 3);
      part = parts.parts->pdata[0];
      g_assert_cmpmem (part->str, part->len, first, sizeof first - 1);
      g_assert_cmpuint (((GString *) parts.parts->pdata[1])->len, ==, 0);
      part = parts.parts->pdata[2];
      g_assert_cmpmem (part->str, part->len, "last\r", 5);
      g_assert_cmpstr (parts.types->pdata[0], ==, "application/dicom");
      g_assert_cmpstr (parts.types->pdata[1], ==, "application/dicom");
      parts_clear (&parts);
    }
}

static void
test_no_preamble_lf_headers (void)
{
  static const char body[] = "--q\r\nContent-Type: a/b\n\ndata\r\n--q--";
  Parts parts;
  g_autoptr (GError) error = NULL;

  parts_init (&parts);
  parse (&parts, "Multipart/Related; Boundary=q", body, sizeof body - 1, 3, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (parts.parts->len, ==, 1);
  g_assert_cmpstr (((GString *) parts.parts->pdata[0])->str, ==, "data");
  parts_clear (&parts);
}

static void
refuse (const char *type, const char *body, int code)
{
  Parts parts;
  g_autoptr (GError) error = NULL;

  parts_init (&parts);
  g_assert_false (parse (&parts, type, body, strlen (body), 7, &error));
  g_assert_error (error, ROUNDS_CLOUD_ERROR, code);
  parts_clear (&parts);
}

static void
test_hostile (void)
{
  g_autofree char *long_header = g_strnfill (20000, 'h');
  g_autofree char *body = g_strconcat ("--q\r\n", long_header, NULL);
  g_autofree char *flood = g_strnfill (100000, 'p');
  g_autofree char *long_boundary = g_strconcat ("multipart/related; boundary=", long_header, NULL);

  refuse ("multipart/related", "--q\r\n", ROUNDS_CLOUD_ERROR_PROTOCOL);
  refuse ("multipart/related; boundary=\"\"", "", ROUNDS_CLOUD_ERROR_PROTOCOL);
  refuse ("multipart/related; boundary=\"q", "", ROUNDS_CLOUD_ERROR_PROTOCOL);
  refuse ("multipart/related; boundary=\"q\r\nz\"", "", ROUNDS_CLOUD_ERROR_PROTOCOL);
  refuse (long_boundary, "", ROUNDS_CLOUD_ERROR_PROTOCOL);
  refuse ("application/dicom; boundary=q", "", ROUNDS_CLOUD_ERROR_PROTOCOL);
  refuse ("multipart/related; boundary=q", body, ROUNDS_CLOUD_ERROR_LIMIT);
  refuse ("multipart/related; boundary=q", flood, ROUNDS_CLOUD_ERROR_PROTOCOL);
  refuse ("multipart/related; boundary=q", "--q\r\nno colon\r\n\r\n", ROUNDS_CLOUD_ERROR_PROTOCOL);
  /* Ends before its end mark: what came may be half a study. */
  refuse ("multipart/related; boundary=q", "", ROUNDS_CLOUD_ERROR_INTERRUPTED);
  refuse ("multipart/related; boundary=q", "--q\r\n\r\ndata", ROUNDS_CLOUD_ERROR_INTERRUPTED);
  refuse ("multipart/related; boundary=q", "--q\r\n\r\ndata\r\n--q", ROUNDS_CLOUD_ERROR_INTERRUPTED);
  refuse ("multipart/related; boundary=q", "--q\r\n\r\ndata\r\n--q\r\n", ROUNDS_CLOUD_ERROR_INTERRUPTED);
}

static void
test_parameters (void)
{
  g_autofree char *quoted = rounds_header_parameter ("a/b; x=\"1;\\\"2\\\\\"; boundary = zz", "x");
  g_autofree char *plain = rounds_header_parameter ("a/b; x=\"1;\\\"2\\\\\"; boundary = zz", "boundary");
  g_autofree char *absent = rounds_header_parameter ("a/b; xboundary=1", "boundary");

  g_assert_cmpstr (quoted, ==, "1;\"2\\");
  g_assert_cmpstr (plain, ==, "zz");
  g_assert_null (absent);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/multipart/pieces", test_pieces);
  g_test_add_func ("/multipart/no-preamble-lf-headers", test_no_preamble_lf_headers);
  g_test_add_func ("/multipart/hostile", test_hostile);
  g_test_add_func ("/multipart/parameters", test_parameters);
  return g_test_run ();
}
