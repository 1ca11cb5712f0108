/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A WFDB record: the header up to the first NUL, the bytes of every signal file after it. Samples stay within what the
 * bytes can hold, and a name that is asked for is never a path. */

#include "fuzz.h"

#include <math.h>
#include <string.h>

#include "vitals/wfdb.h"

typedef struct {
  const uint8_t *data;
  size_t size;
  guint n_opened;
} Rest;

static GBytes *
open_rest (const char *name, gpointer data, GError **error)
{
  Rest *rest = data;

  g_assert_null (strchr (name, '/'));
  g_assert_null (strstr (name, ".."));
  g_assert_cmpint (name[0], !=, '.');
  rest->n_opened++;
  return g_bytes_new (rest->data, rest->size);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const uint8_t *end = size > 0 ? memchr (data, 0, size) : NULL;
  size_t length = end != NULL ? (size_t) (end - data) : size;
  Rest rest = { end != NULL ? end + 1 : (const uint8_t *) "", end != NULL ? size - length - 1 : 0, 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsVitalsFile) file = rounds_wfdb_read ((const char *) data, length, open_rest, &rest, &error);
  guint64 total = 0;

  g_assert_true ((file == NULL) == (error != NULL));
  rounds_wfdb_sniff ((const char *) data, length);
  g_strfreev (rounds_wfdb_list_files ((const char *) data, length, NULL));
  if (file == NULL)
    return 0;
  for (guint i = 0; i < file->signals->len; i++)
    {
      const RoundsVitalsSignal *signal = g_ptr_array_index (file->signals, i);

      total += signal->samples->len;
      for (guint k = 0; k < signal->samples->len; k++)
        g_assert_true (isfinite (g_array_index (signal->samples, RoundsSample, k).value));
    }
  g_assert_cmpuint (total, ==, file->n_values);
  /* No format packs a sample into less than a byte. */
  g_assert_cmpuint (total, <=, (guint64) rest.n_opened * rest.size);
  return 0;
}
