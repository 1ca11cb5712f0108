/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whatever is read as vitals CSV is counted right: every value finite, inside its limits and in its own signal, every
 * refusal counted, and no row lost silently. */

#include "fuzz.h"

#include <math.h>

#include "vitals/codes.h"
#include "vitals/csv.h"
#include "vitals/news2.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoundsVitalsFile) file = rounds_vitals_csv_read ((const char *) data, size, &error);
  g_autoptr (GPtrArray) rows = rounds_news2_read_csv ((const char *) data, size, NULL);
  guint64 total = 0;

  g_assert_true ((file == NULL) == (error != NULL));
  rounds_vitals_csv_sniff ((const char *) data, size);
  for (guint i = 0; rows != NULL && i < rows->len; i++)
    {
      const RoundsNews2Row *row = g_ptr_array_index (rows, i);
      RoundsNews2 score;

      if (row->refused != NULL)
        continue;
      rounds_news2_score (&row->input, &score);
      g_assert_cmpint (score.at_least, >=, 0);
      g_assert_cmpint (score.at_least, <=, 20);
    }
  if (file == NULL)
    return 0;
  g_assert_cmpuint (file->signals->len, <=, ROUNDS_VITALS_MAX_SIGNALS);
  g_assert_cmpuint (file->refused->len, <=, file->n_refused);
  for (guint i = 0; i < file->signals->len; i++)
    {
      const RoundsVitalsSignal *signal = g_ptr_array_index (file->signals, i);
      const RoundsVital *vital = rounds_vital_find (signal->code);

      g_assert_true (g_utf8_validate (signal->name, -1, NULL));
      g_assert_true (g_utf8_validate (signal->unit, -1, NULL));
      total += signal->samples->len;
      for (guint k = 0; k < signal->samples->len; k++)
        {
          double value = g_array_index (signal->samples, RoundsSample, k).value;

          g_assert_true (isfinite (value));
          if (vital != NULL)
            g_assert_true (rounds_vital_check (vital, value, signal->unit, NULL, NULL));
        }
    }
  g_assert_cmpuint (total, ==, file->n_values);
  g_free (rounds_vitals_file_dup_refusals (file));
  return 0;
}
