/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dense vitals in chunks of about 4,096 samples. A chunk row has the chunk's own extremes (the coarsest level
 * of the pyramid), a blob of buckets of 256 samples, and the packed samples. The finest level is not stored:
 * a window narrow enough to need it is unpacked faster than its buckets would be read. Samples may come in any
 * order; a chunk that they fall into is merged and cut anew, never between two samples of one time. */
#include "store/series-store.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "fhir/resource.h"
#include "store/series-chunk.h"
#include "store/store-private.h"

void
rounds_series_info_free (RoundsSeriesInfo *self)
{
  if (self == NULL)
    return;
  g_free (self->patient_id);
  g_free (self->code);
  g_free (self->unit);
  g_free (self->label);
  g_free (self->source);
  g_free (self);
}

/* --- writing ---------------------------------------------------------------------------------------- */

typedef struct {
  const char *patient_id, *code, *unit, *label, *source;
  GArray *samples;     /* sorted by time, then value */
  gsize n_new;
  gint64 sid;
} RoundsAppend;

static int
compare_samples (gconstpointer a, gconstpointer b)
{
  const RoundsSample *x = a, *y = b;

  if (x->time_us != y->time_us)
    return x->time_us < y->time_us ? -1 : 1;
  return x->value < y->value ? -1 : x->value > y->value;
}

static gboolean
same_sample (const RoundsSample *a, const RoundsSample *b)
{
  return a->time_us == b->time_us && a->value == b->value;
}

static gboolean
set_damaged (GError **error)
{
  g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_DAMAGED, _("A stored series cannot be read"));
  return FALSE;
}

static gboolean
find_series (RoundsWriter *writer, RoundsAppend *call, gint64 patient, GError **error)
{
  if (!rounds_database_int (writer->db, 0, &call->sid, error,
                            "SELECT sid FROM series WHERE patient = ? AND code = ? AND unit = ?", "iss",
                            patient, call->code, call->unit))
    return FALSE;
  if (call->sid != 0)
    return TRUE;
  if (!rounds_database_run (writer->db, error,
                            "INSERT INTO series (patient, code, unit, label, source, n, first_us, last_us, "
                            "last_value, interval_us) VALUES (?, ?, ?, ?, ?, 0, 0, 0, 0, 0)",
                            "issss", patient, call->code, call->unit, call->label, call->source))
    return FALSE;
  call->sid = sqlite3_last_insert_rowid (rounds_database_get_handle (writer->db));
  return TRUE;
}

static gboolean
write_chunk (RoundsWriter *writer, gint64 sid, const RoundsSample *samples, gsize n, GError **error)
{
  g_autoptr (GBytes) packed = rounds_chunk_pack (samples, n);
  g_autoptr (GArray) level = g_array_new (FALSE, FALSE, sizeof (RoundsBucket));
  g_autoptr (GArray) whole = g_array_new (FALSE, FALSE, sizeof (RoundsBucket));
  const RoundsBucket *all;

  rounds_buckets_add (whole, samples, n, G_MAXSIZE, 0);
  rounds_buckets_add (level, samples, n, ROUNDS_CHUNK_LEVEL, rounds_chunk_gap_us (samples, n));
  all = &g_array_index (whole, RoundsBucket, 0);
  return rounds_database_run (writer->db, error,
                              "INSERT INTO chunk (sid, start_us, end_us, n, low, high, first, last, sum, "
                              "pyramid, samples) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                              "iiiidddddbb", sid, all->start_us, all->end_us, (gint64) n, all->min, all->max,
                              all->first,
                              all->last, all->sum, level->data, (gsize) level->len * sizeof (RoundsBucket),
                              g_bytes_get_data (packed, NULL), g_bytes_get_size (packed));
}

/* Cuts sorted samples into chunks; a time that two samples share stays in one of them. */
static gboolean
write_chunks (RoundsWriter *writer, gint64 sid, GArray *samples, GError **error)
{
  const RoundsSample *all = (const RoundsSample *) samples->data;

  for (gsize at = 0; at < samples->len;)
    {
      gsize end = MIN (at + ROUNDS_CHUNK_SAMPLES, samples->len);

      while (end < samples->len && all[end].time_us == all[end - 1].time_us)
        end++;
      if (!write_chunk (writer, sid, all + at, end - at, error))
        return FALSE;
      at = end;
    }
  return TRUE;
}

/* The chunk that samples from time_us on belong into: the last that begins at or before it (else the first),
 * and where the next one begins. cid 0 = there is none to merge with. */
static gboolean
find_chunk (RoundsWriter *writer, gint64 sid, gint64 time_us, gint64 *cid, gint64 *next_us, GError **error)
{
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row;

  *cid = 0;
  rows = rounds_database_query (writer->db, error,
                                "SELECT cid, end_us, n FROM chunk WHERE sid = ? AND start_us <= ? "
                                "ORDER BY start_us DESC LIMIT 1",
                                "ii", sid, time_us);
  if (rows == NULL || !rounds_database_next (writer->db, rows, &row, error))
    return FALSE;
  /* A full chunk that ends before is left alone. */
  if (row && (rounds_rows_int (rows, 1) >= time_us || rounds_rows_int (rows, 2) < ROUNDS_CHUNK_SAMPLES))
    *cid = rounds_rows_int (rows, 0);
  return rounds_database_int (writer->db, G_MAXINT64, next_us, error,
                              "SELECT min(start_us) FROM chunk WHERE sid = ? AND start_us > ?", "ii", sid,
                              time_us);
}

static gboolean
read_chunk (RoundsDatabase *db, gint64 cid, GArray *out, GError **error)
{
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row;

  rows = rounds_database_query (db, error, "SELECT n, samples FROM chunk WHERE cid = ?", "i", cid);
  if (rows == NULL || !rounds_database_next (db, rows, &row, error))
    return FALSE;
  if (!row || !rounds_chunk_unpack (sqlite3_column_blob (rows, 1), sqlite3_column_bytes (rows, 1),
                                    rounds_rows_int (rows, 0), out))
    return set_damaged (error);
  return TRUE;
}

/* Merges two sorted runs, leaving out what is there already. */
static GArray *
merge_samples (const GArray *old, const RoundsSample *samples, gsize n, gsize *n_new)
{
  GArray *out = g_array_sized_new (FALSE, FALSE, sizeof (RoundsSample), old->len + n);
  gsize i = 0, k = 0;

  while (i < old->len || k < n)
    {
      const RoundsSample *a = i < old->len ? &g_array_index (old, RoundsSample, i) : NULL;
      const RoundsSample *b = k < n ? &samples[k] : NULL;
      const RoundsSample *last = out->len > 0 ? &g_array_index (out, RoundsSample, out->len - 1) : NULL;

      if (b == NULL || (a != NULL && compare_samples (a, b) <= 0))
        {
          g_array_append_val (out, *a);
          i++;
          continue;
        }
      if (last == NULL || !same_sample (last, b))
        {
          g_array_append_val (out, *b);
          (*n_new)++;
        }
      k++;
    }
  return out;
}

static gboolean
append_group (RoundsWriter *writer, RoundsAppend *call, gsize *at, GError **error)
{
  const RoundsSample *samples = (const RoundsSample *) call->samples->data;
  g_autoptr (GArray) old = g_array_new (FALSE, FALSE, sizeof (RoundsSample));
  g_autoptr (GArray) merged = NULL;
  gint64 cid, next_us;
  gsize end = *at, n_new = 0;

  if (!find_chunk (writer, call->sid, samples[*at].time_us, &cid, &next_us, error))
    return FALSE;
  while (end < call->samples->len && samples[end].time_us < next_us)
    end++;
  if (cid != 0 && !read_chunk (writer->db, cid, old, error))
    return FALSE;
  merged = merge_samples (old, samples + *at, end - *at, &n_new);
  *at = end;
  call->n_new += n_new;
  if (n_new == 0)
    return TRUE;
  if (cid != 0 && !rounds_database_run (writer->db, error, "DELETE FROM chunk WHERE cid = ?", "i", cid))
    return FALSE;
  return write_chunks (writer, call->sid, merged, error);
}

static gboolean
update_series (RoundsWriter *writer, RoundsAppend *call, GError **error)
{
  g_autoptr (GArray) last = g_array_new (FALSE, FALSE, sizeof (RoundsSample));
  gint64 cid;

  if (!rounds_database_int (writer->db, 0, &cid, error,
                            "SELECT cid FROM chunk WHERE sid = ? ORDER BY start_us DESC LIMIT 1", "i",
                            call->sid) ||
      !read_chunk (writer->db, cid, last, error))
    return FALSE;
  return rounds_database_run (writer->db, error,
                              "UPDATE series SET n = n + ?, source = ?, interval_us = ?, "
                              "first_us = (SELECT min(start_us) FROM chunk c WHERE c.sid = series.sid), "
                              "last_us = (SELECT end_us FROM chunk c WHERE c.cid = ?), "
                              "last_value = (SELECT last FROM chunk c WHERE c.cid = ?) WHERE sid = ?",
                              "isiiii", (gint64) call->n_new, call->source,
                              rounds_chunk_interval_us ((RoundsSample *) last->data, last->len), cid, cid,
                              call->sid);
}

static gboolean
append_cb (RoundsWriter *writer, gpointer data, GError **error)
{
  RoundsAppend *call = data;
  g_autofree char *detail = NULL;
  gint64 patient;
  gsize at = 0;

  call->n_new = 0;
  /* An administrator may bring files in, but enters nothing. */
  if (!rounds_role_may (writer->role, ROUNDS_ACT_IMPORT, "Observation") &&
      !rounds_writer_allow (writer, ROUNDS_ACT_WRITE, "Observation", call->patient_id, error))
    return FALSE;
  /* Who may break the glass would not see again what they take in. An administrator never does. */
  if (rounds_role_may (writer->role, ROUNDS_ACT_BREAK_GLASS, NULL) &&
      !rounds_writer_allow_about (writer, "Observation", NULL, call->patient_id, error))
    return FALSE;
  if (call->samples->len == 0)
    return TRUE;
  if (!rounds_writer_patient (writer, call->patient_id, &patient, error) ||
      !find_series (writer, call, patient, error))
    return FALSE;
  while (at < call->samples->len)
    if (!append_group (writer, call, &at, error))
      return FALSE;
  if (call->n_new == 0)
    return TRUE;
  detail = g_strdup_printf ("%" G_GSIZE_FORMAT " samples of %s", call->n_new, call->code);
  g_ptr_array_add (writer->series_changed, g_strdup (call->patient_id));
  return update_series (writer, call, error) &&
         rounds_audit_append (writer, "vitals", "Patient", call->patient_id, detail, error);
}

gboolean
rounds_store_series_append (RoundsStore *self, const char *patient_id, const char *code, const char *unit,
                            const char *label, const char *source, const RoundsSample *samples, gsize n,
                            gsize *n_new, GError **error)
{
  g_autoptr (GArray) sorted = NULL;
  RoundsAppend call = { patient_id, code, unit != NULL ? unit : "", label != NULL ? label : code,
                        source != NULL ? source : "" };
  gboolean in_order = TRUE;

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && patient_id != NULL && code != NULL, FALSE);
  g_return_val_if_fail (samples != NULL || n == 0, FALSE);

  if (!rounds_fhir_is_id (patient_id) || n > G_MAXUINT / sizeof (RoundsSample))
    {
      g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID,
                   _("No patient, or too many samples at once"));
      return FALSE;
    }
  for (gsize i = 0; i < n; i++)
    {
      if (!isfinite (samples[i].value))
        {
          g_set_error (error, ROUNDS_STORE_ERROR, ROUNDS_STORE_ERROR_INVALID,
                       _("Sample %zu is not a number"), i + 1);
          return FALSE;
        }
      in_order = in_order && (i == 0 || compare_samples (&samples[i - 1], &samples[i]) <= 0);
    }
  sorted = g_array_sized_new (FALSE, FALSE, sizeof (RoundsSample), n);
  g_array_append_vals (sorted, samples, n);
  if (!in_order)
    g_array_sort (sorted, compare_samples);
  call.samples = sorted;
  if (!rounds_store_write (self, append_cb, &call, error))
    return FALSE;
  if (n_new != NULL)
    *n_new = call.n_new;
  return TRUE;
}

/* --- reading ---------------------------------------------------------------------------------------- */

GPtrArray *
rounds_store_series_list (RoundsStore *self, const char *patient_id, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) rounds_series_info_free);
  g_autoptr (RoundsReader) reader = NULL;
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row = TRUE;

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && patient_id != NULL, NULL);

  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL)
    return NULL;
  rows = rounds_database_query (reader->db, error,
                                "SELECT sid, code, unit, label, source, n, first_us, last_us, last_value, "
                                "interval_us FROM series WHERE patient = (SELECT nid FROM name WHERE text = "
                                ROUNDS_PATIENT_TEXT ") AND n > 0 ORDER BY code, unit",
                                "s", patient_id);
  while (row)
    {
      RoundsSeriesInfo *info;

      if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
        return NULL;
      if (!row)
        break;
      info = g_new0 (RoundsSeriesInfo, 1);
      info->id = rounds_rows_int (rows, 0);
      info->patient_id = g_strdup (patient_id);
      info->code = rounds_rows_dup (rows, 1);
      info->unit = rounds_rows_dup (rows, 2);
      info->label = rounds_rows_dup (rows, 3);
      info->source = rounds_rows_dup (rows, 4);
      info->n = rounds_rows_int (rows, 5);
      info->first_us = rounds_rows_int (rows, 6);
      info->last_us = rounds_rows_int (rows, 7);
      info->last_value = sqlite3_column_double (rows, 8);
      info->interval_us = rounds_rows_int (rows, 9);
      g_ptr_array_add (list, info);
    }
  return g_steal_pointer (&list);
}

/* By way of table series: chunks of one that is hidden (glass.h) are not read either. */
static const char window_sql[] =
  "SELECT cid, start_us, end_us, n, low, high, first, last, sum FROM chunk "
  "WHERE sid = ?1 AND start_us < ?3 AND start_us >= coalesce ((SELECT max(start_us) FROM chunk WHERE sid = "
  "?1 AND start_us <= ?2), ?2) AND end_us >= ?2 AND EXISTS (SELECT 1 FROM series WHERE sid = ?1) ORDER BY start_us";

static void
cut (GArray *samples, guint from, gint64 from_us, gint64 to_us)
{
  guint keep = from;

  for (guint i = from; i < samples->len; i++)
    {
      RoundsSample sample = g_array_index (samples, RoundsSample, i);

      /* The largest instant there is means: to the end. */
      if (sample.time_us >= from_us && (sample.time_us < to_us || to_us == G_MAXINT64))
        g_array_index (samples, RoundsSample, keep++) = sample;
    }
  g_array_set_size (samples, keep);
}

GArray *
rounds_store_series_read (RoundsStore *self, gint64 series_id, gint64 from_us, gint64 to_us, GError **error)
{
  g_autoptr (GArray) out = g_array_new (FALSE, FALSE, sizeof (RoundsSample));
  g_autoptr (RoundsReader) reader = NULL;
  g_autoptr (RoundsRows) rows = NULL;
  gboolean row = TRUE;

  g_return_val_if_fail (ROUNDS_IS_STORE (self), NULL);

  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL)
    return NULL;
  rows = rounds_database_query (reader->db, error, window_sql, "iii", series_id, from_us, to_us);
  while (row)
    {
      guint before = out->len;

      if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
        return NULL;
      if (!row)
        break;
      if (!read_chunk (reader->db, rounds_rows_int (rows, 0), out, error))
        return NULL;
      if (rounds_rows_int (rows, 1) < from_us || rounds_rows_int (rows, 2) >= to_us)
        cut (out, before, from_us, to_us);
    }
  return g_steal_pointer (&out);
}

/* What a chunk gives at a level: itself, its stored buckets, or its samples. Chunks at the window's ends are
 * always cut to the sample. */
static gboolean
add_chunk (RoundsReader *reader, RoundsRows *rows, gsize per_bucket, gint64 from_us, gint64 to_us,
           GArray *out, GError **error)
{
  gint64 cid = rounds_rows_int (rows, 0), start_us = rounds_rows_int (rows, 1),
  end_us = rounds_rows_int (rows, 2);
  gboolean inside = start_us >= from_us && (end_us < to_us || to_us == G_MAXINT64);

  if (inside && per_bucket >= ROUNDS_CHUNK_SAMPLES)
    {
      RoundsBucket bucket = { start_us, end_us, sqlite3_column_double (rows, 4),
                              sqlite3_column_double (rows, 5),
                              sqlite3_column_double (rows, 6), sqlite3_column_double (rows, 7),
                              sqlite3_column_double (rows, 8), rounds_rows_int (rows, 3) };

      g_array_append_val (out, bucket);
      return TRUE;
    }
  if (inside && per_bucket >= ROUNDS_CHUNK_LEVEL)
    {
      g_autoptr (RoundsRows) level = NULL;
      gboolean row;

      level = rounds_database_query (reader->db, error, "SELECT pyramid FROM chunk WHERE cid = ?", "i", cid);
      if (level == NULL || !rounds_database_next (reader->db, level, &row, error))
        return FALSE;
      if (!row || sqlite3_column_bytes (level, 0) % sizeof (RoundsBucket) != 0)
        return set_damaged (error);
      g_array_append_vals (out, sqlite3_column_blob (level, 0),
                           sqlite3_column_bytes (level, 0) / sizeof (RoundsBucket));
      return TRUE;
    }
  {
    g_autoptr (GArray) samples = g_array_new (FALSE, FALSE, sizeof (RoundsSample));
    gint64 gap_us;

    if (!read_chunk (reader->db, cid, samples, error))
      return FALSE;
    gap_us = rounds_chunk_gap_us ((RoundsSample *) samples->data, samples->len);
    cut (samples, 0, from_us, to_us);
    rounds_buckets_add (out, (RoundsSample *) samples->data, samples->len,
                        MIN (per_bucket, ROUNDS_CHUNK_LEVEL), gap_us);
  }
  return TRUE;
}

/* How many of a chunk's samples lie in the window, as if they were spread evenly; one at least. */
static gint64
samples_inside (RoundsRows *rows, gint64 from_us, gint64 to_us)
{
  gint64 start_us = rounds_rows_int (rows, 1), end_us = rounds_rows_int (rows, 2),
  n = rounds_rows_int (rows, 3);
  double part;

  if ((start_us >= from_us && end_us < to_us) || end_us <= start_us)
    return n;
  part = ((double) MIN (end_us, to_us) - (double) MAX (start_us,
                                                       from_us)) / ((double) end_us - (double) start_us);
  return MAX (1, (gint64) (n * CLAMP (part, 0, 1)));
}

GArray *
rounds_store_series_buckets (RoundsStore *self, gint64 series_id, gint64 from_us, gint64 to_us,
                             guint max_buckets, GError **error)
{
  g_autoptr (GArray) out = g_array_new (FALSE, FALSE, sizeof (RoundsBucket));
  g_autoptr (RoundsReader) reader = NULL;
  g_autoptr (RoundsRows) rows = NULL;
  gint64 n = 0, low_us = G_MAXINT64, high_us = G_MININT64;
  gsize per_bucket;
  gboolean row = TRUE;

  g_return_val_if_fail (ROUNDS_IS_STORE (self) && max_buckets > 0, NULL);

  reader = rounds_reader_new (self, ROUNDS_DATABASE_RECORDS, error);
  if (reader == NULL)
    return NULL;
  rows = rounds_database_query (reader->db, error, window_sql, "iii", series_id, from_us, to_us);
  while (row)
    {
      if (rows == NULL || !rounds_database_next (reader->db, rows, &row, error))
        return NULL;
      if (!row)
        break;
      n += samples_inside (rows, from_us, to_us);
      low_us = MIN (low_us, rounds_rows_int (rows, 1));
      high_us = MAX (high_us, rounds_rows_int (rows, 2));
    }
  if (n == 0)
    return g_steal_pointer (&out);
  low_us = MAX (low_us, from_us);
  high_us = MIN (high_us, to_us);
  /* Half of the buckets asked for is fine enough to take a level as it is. */
  per_bucket = n / ROUNDS_CHUNK_SAMPLES >= max_buckets / 2 ? ROUNDS_CHUNK_SAMPLES
               : n / ROUNDS_CHUNK_LEVEL >= max_buckets / 2 ? ROUNDS_CHUNK_LEVEL
                                                           : MAX (1, n / max_buckets);
  sqlite3_reset (rows);
  row = TRUE;
  while (row)
    {
      if (!rounds_database_next (reader->db, rows, &row, error))
        return NULL;
      if (row && !add_chunk (reader, rows, per_bucket, from_us, to_us, out, error))
        return NULL;
    }
  if (out->len > max_buckets)
    {
      GArray *joined = rounds_buckets_join (out, (gint64) ((high_us - (double) low_us) / max_buckets));

      g_array_unref (out);
      out = joined;
    }
  return g_steal_pointer (&out);
}
