/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A multipart body gives the same parts whatever the pieces are that it comes in, and never more than it holds.
 * The first byte is the size of the pieces; then comes the Content-Type, up to the first LF; then the body. */

#include "fuzz.h"

#include <string.h>

#include "cloud/multipart.h"

typedef struct {
  GByteArray *all;     /* every part's bytes, a mark before each part */
  gsize n_bytes;
  gboolean open;
} Parts;

static gboolean
begin (GHashTable *headers, gpointer data, GError **error)
{
  Parts *parts = data;

  g_assert_false (parts->open);
  parts->open = TRUE;
  g_byte_array_append (parts->all, (const guint8 *) "\xff<part>", 7);
  return TRUE;
}

static gboolean
more (const guint8 *bytes, gsize size, gpointer data, GError **error)
{
  Parts *parts = data;

  g_assert_true (parts->open);
  g_assert_cmpuint (size, >, 0);
  parts->n_bytes += size;
  g_byte_array_append (parts->all, bytes, size);
  return TRUE;
}

static gboolean
end (gpointer data, GError **error)
{
  Parts *parts = data;

  g_assert_true (parts->open);
  parts->open = FALSE;
  return TRUE;
}

static gboolean
read_all (const char *type, const uint8_t *body, size_t size, size_t step, Parts *parts)
{
  g_autoptr (RoundsMultipart) reader = rounds_multipart_new (type, begin, more, end, parts, NULL);
  size_t at;

  if (reader == NULL)
    return FALSE;
  for (at = 0; at < size; at += step)
    if (!rounds_multipart_feed (reader, body + at, MIN (step, size - at), NULL))
      return FALSE;
  return rounds_multipart_finish (reader, NULL);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const uint8_t *lf = size > 1 ? memchr (data + 1, '\n', size - 1) : NULL;
  g_autofree char *type = NULL;
  g_autofree char *parameter = NULL;
  Parts whole = { g_byte_array_new (), 0, FALSE }, pieces = { g_byte_array_new (), 0, FALSE };
  gboolean ok, ok_pieces;

  if (lf != NULL)
    {
      size_t rest = size - (size_t) (lf + 1 - data);

      type = g_strndup ((const char *) data + 1, (size_t) (lf - data) - 1);
      parameter = rounds_header_parameter (type, "type");
      ok = read_all (type, lf + 1, rest, MAX (rest, 1), &whole);
      ok_pieces = read_all (type, lf + 1, rest, data[0] % 64 + 1, &pieces);
      g_assert_cmpint (ok, ==, ok_pieces);
      g_assert_cmpuint (whole.n_bytes, <=, rest);
      if (ok)
        {
          g_assert_false (whole.open);
          g_assert_cmpmem (whole.all->data, whole.all->len, pieces.all->data, pieces.all->len);
        }
    }
  g_byte_array_unref (whole.all);
  g_byte_array_unref (pieces.all);
  return 0;
}
