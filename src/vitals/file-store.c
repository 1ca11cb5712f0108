/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A vitals file into the store: apart from file.c, so that readers are tested and fuzzed without a database. */
#include "vitals/file.h"

gboolean
rounds_vitals_file_store (RoundsVitalsFile *self, RoundsStore *store, const char *patient_id, gint64 start_us,
                          const char *source, guint64 *n_new, GError **error)
{
  guint64 total = 0;

  for (guint i = 0; i < self->signals->len; i++)
    {
      RoundsVitalsSignal *signal = g_ptr_array_index (self->signals, i);
      g_autoptr (GArray) shifted = NULL;
      GArray *samples = signal->samples;
      gsize fresh = 0;

      if (samples->len == 0)
        continue;
      if (self->relative && start_us != 0)
        {
          shifted = g_array_copy (samples);
          samples = shifted;
          for (guint k = 0; k < samples->len; k++)
            g_array_index (samples, RoundsSample, k).time_us += start_us;
        }
      if (!rounds_store_series_append (store, patient_id, signal->code, signal->unit, signal->name, source,
                                       (const RoundsSample *) samples->data, samples->len, &fresh, error))
        return FALSE;
      total += fresh;
    }
  if (n_new != NULL)
    *n_new = total;
  return TRUE;
}
